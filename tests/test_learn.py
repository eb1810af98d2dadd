"""The tutorial as notebooks: all that its pages run is in them, and every check holds with the solution.

`tests/notebooks.py` executes them as Jupyter does.
"""

import ast
import doctest
import json
from pathlib import Path

import matplotlib.figure
import pytest
from click.testing import CliRunner

from geomnn.cli import commands, main
from geomnn.errors import OutputExists
from geomnn.learn import notebook, pages, write_notebooks

PAGES = pages()
DOCS = Path(__file__).parents[1] / "docs"


def cells(name, solved, kind="code"):
    return [cell for cell in notebook(PAGES[name], {}, solved)["cells"] if cell["cell_type"] == kind]


def task(cell):
    return cell["metadata"] == {"tags": ["raises-exception"]}


@pytest.mark.parametrize("name", PAGES)
def test_every_example_is_there_in_order_with_what_it_prints(name):
    examples = doctest.DocTestParser().get_examples(PAGES[name])
    source = "\n".join(cell["source"] for cell in cells(name, solved=True))
    place = 0
    for example in examples:
        place = source.index(example.source.strip(), place)
    shown = [output for cell in cells(name, solved=True) for output in cell["outputs"]]
    assert len(shown) == sum(bool(example.want) for example in examples)
    assert {output["output_type"] for output in shown} <= {"stream", "execute_result", "error"}
    plots = PAGES[name].count(".. plot::")
    assert sum("plt.show()" in cell["source"] for cell in cells(name, solved=False)) == plots


@pytest.mark.parametrize("name", PAGES)
def test_each_exercise_has_an_answer_to_write_a_check_and_a_solution_that_is_apart(name):
    tasks, solved = cells(name, solved=False), cells(name, solved=True)
    checks = [cell["source"] for cell in tasks if task(cell) and "assert" in cell["source"]]
    assert len(checks) == PAGES[name].count("{dropdown} Solution") >= 3
    answers = [tasks[k - 1]["source"] for k, cell in enumerate(tasks) if cell["source"] in checks]
    assert all("..." in answer for answer in answers)
    sources = [cell["source"] for cell in solved]
    assert [source for source in sources if source in checks] == checks
    assert not set(answers) & set(sources)
    text = "".join(cell["source"] for cell in cells(name, False, "markdown"))
    assert "Solution" not in text
    for words in (":::", "```{", "{term}", ".md", "../"):
        assert words not in text


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.filterwarnings("ignore:.*non-interactive:UserWarning")
def test_with_the_solutions_every_cell_runs(name, monkeypatch):
    drawn = []
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: drawn.append(1))
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", lambda *_, **__: None)
    space = {"__name__": "__main__"}
    for cell in cells(name, solved=True):
        if not task(cell):
            exec(compile(cell["source"], name, "exec"), space)
    assert len(drawn) == PAGES[name].count(".. plot::")


@pytest.mark.parametrize("name", PAGES)
def test_without_an_answer_every_check_fails(name):
    space = {"__name__": "__main__"}
    for cell in cells(name, solved=False):
        if task(cell):
            with pytest.raises(Exception, match=r"(?s).*"):
                exec(compile(cell["source"], name, "exec"), space)
        elif "plt.show()" not in cell["source"]:
            exec(compile(cell["source"], name, "exec"), space)


def test_files_links_and_what_exists(tmp_path, capsys):
    assert main(["learn", str(tmp_path / "here")]) == 0
    assert "1-wedge.ipynb" in capsys.readouterr().out
    files = sorted(path.name for path in (tmp_path / "here").iterdir())
    assert len(files) == 2 * len(PAGES)
    for path in (tmp_path / "here").iterdir():
        document = json.loads(path.read_text(encoding="utf-8"))
        ids = [cell["id"] for cell in document["cells"]]
        assert len(set(ids)) == len(ids)
        text = "".join(cell["source"] for cell in document["cells"] if cell["cell_type"] == "markdown")
        for name in files:
            if f"]({name})" in text:
                assert name.endswith("-solutions.ipynb") == path.name.endswith("-solutions.ipynb")
    assert main(["learn", str(tmp_path / "here")]) == 2
    assert "choose another" in capsys.readouterr().err
    with pytest.raises(OutputExists):
        write_notebooks(tmp_path / "here")
    (tmp_path / "here" / "mine.txt").write_text("kept")
    assert main(["learn", str(tmp_path / "here"), "--force"]) == 0
    assert (tmp_path / "here" / "mine.txt").read_text() == "kept"
    assert CliRunner().invoke(commands, ["learn", "--help"]).exit_code == 0


def test_no_link_leaves_the_notebooks():
    """What stands alone between brackets is the title of a page, and goes with its link; other words stay."""
    page = (
        "# T\n\nIt is so\n([One of several](../howto/a.md#b)), see [B](b.md) ([B](b.md)) and [C](../c.md).\n"
    )
    (text,) = [
        cell["source"]
        for cell in notebook(page, {"b.md": "2-b.ipynb"}, False)["cells"]
        if cell["cell_type"] == "markdown"
    ]
    assert text == "# T\n\nIt is so, see [B](2-b.ipynb) ([B](2-b.ipynb)) and C."
    titles = {
        line.removeprefix("# ") for path in DOCS.rglob("*.md") for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("# ")
    }  # fmt: skip
    for name in PAGES:
        text = " ".join("".join(cell["source"] for cell in cells(name, True, "markdown")).split())
        assert not [title for title in titles if f"({title})" in text]
        assert "this site" not in text


def test_what_the_last_line_shows():
    """A value, what is printed, and an exception are outputs of three kinds."""
    raising = ">>> int('x')\nTraceback (most recent call last):\n    ...\nValueError: no\n"
    page = f"# T\n\n```python\n>>> 1 + 1\n2\n>>> print(3)\n3\n{raising}\n```\n"
    code = [cell for cell in notebook(page, {}, False)["cells"] if cell["cell_type"] == "code"][1:]
    kinds = [cell["outputs"][0]["output_type"] for cell in code]
    assert kinds == ["execute_result", "stream", "error"]
    assert code[2]["outputs"][0]["ename"] == "ValueError"
    for cell in code:
        ast.parse(cell["source"])
