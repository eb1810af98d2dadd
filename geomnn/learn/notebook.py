"""A page of the tutorial as a Jupyter notebook: what it runs becomes cells, with the output that the page promises."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from doctest import DocTestParser
from textwrap import dedent
from typing import Any

__all__ = ["notebook"]

Cell = dict[str, Any]

BLOCK = re.compile(
    r"^(?P<fence>```|:::)\{?(?P<kind>[\w-]*)\}?(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)$\n?", re.M | re.S
)
PLOT = re.compile(r"\.\. plot::\n(?P<options>(?: {3}:[^\n]*\n(?: {6}[^\n]*\n)*)*)(?P<code>.*)", re.S)
OPTION = re.compile(r"^:[\w-]+:.*\n", re.M)
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
REFERENCE = re.compile(r"\s\(\[[^\]]*\]\(([^)]*)\)\)")  # a link that stands alone between brackets
TERM = re.compile(r"\{term\}`([^`<]*?)(?: <[^`]*>)?`")
SETTING = "import matplotlib.pyplot as plt\nimport numpy as np\n\nimport geomnn as gm"


def notebook(page: str, names: dict[str, str], solved: bool) -> dict[str, Any]:
    """A page as a notebook (nbformat 4.5).

    Text stays text; examples (``>>>``) and pictures become cells of code, with what the page says that they print.
    In the exercises a block of Python without prompts is a cell to complete and, below its first empty line, one that
    checks the answer.

    Parameters
    ----------
    page : str
        In Markdown.
    names : dict of str
        The file of each page that has a notebook.  Other links become plain text, and where one stands alone between
        brackets it is left out, as its words are the title of a page that is not there.
    solved : bool
        Whether the solutions stand in it.  Where they do not, a check that fails does not stop the notebook.

    Returns
    -------
    dict
    """
    cells = list(_cells(page, names, solved))
    title = next(k for k, cell in enumerate(cells) if cell["cell_type"] == "markdown") + 1
    cells.insert(title, _code(SETTING))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        for output in cell.get("outputs", []):
            if output["output_type"] == "execute_result":
                output["execution_count"] = cell["execution_count"] = number
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cells(page: str, names: dict[str, str], solved: bool) -> Iterator[Cell]:
    """The cells of a page, or of a part of it."""
    place = 0
    check: Cell | None = None
    for block in BLOCK.finditer(page):
        yield from _text(page[place : block.start()], names)
        place, kind, body = block.end(), block["kind"], block["body"]
        if kind == "python" and ">>>" in body:
            yield from _examples(body)
        elif kind == "python":
            answer, _, rest = body.partition("\n\n")
            check = _code(rest)
            if not solved:
                _may_fail(check)
                yield from (_code(answer), check)
        elif kind == "dropdown" and solved:
            yield from _text(f"**{block['title'].strip()}.**", names)
            yield from _cells(body, names, solved)
            if check:
                yield check
                check = None
        elif kind == "eval-rst" and (plot := PLOT.match(body)):
            yield from _picture(plot)
        elif kind == "playground":
            yield _code(_playground(body))
        elif kind == "admonition":
            yield from _text(f"**{block['title'].strip()}**\n\n{OPTION.sub('', body)}", names)
        elif not kind or kind in ("console", "text"):
            yield from _text(block[0], names)
    yield from _text(page[place:], names)


def _text(text: str, names: dict[str, str]) -> Iterator[Cell]:
    def file(target: str) -> str | None:
        return names.get(target.partition("#")[0])

    text = REFERENCE.sub(lambda link: link[0] if file(link[1]) else "", text)
    text = LINK.sub(lambda link: f"[{link[1]}]({file(link[2])})" if file(link[2]) else link[1], text)
    text = TERM.sub(r"\1", text).strip()
    if text:
        yield {"cell_type": "markdown", "metadata": {}, "source": text}


def _examples(body: str) -> Iterator[Cell]:
    """A cell for each output, which its last statement makes."""
    source = ""
    for example in DocTestParser().get_examples(body):
        source += example.source
        if example.want:
            yield _code(source, example.want.rstrip("\n"), example.exc_msg)
            source = ""
    if source:
        yield _code(source)


def _playground(body: str) -> str:
    """The code that shows samples to be moved: a line of the page for each, below the options of the problem."""
    options = "".join(f", {key}={value}" for key, value in re.findall(r"^:(reg|norm): (.*)$", body, re.M))
    rows = ", ".join(f"[{line}]" for line in OPTION.sub("", body).splitlines() if line.strip())
    return (
        "from IPython.display import HTML\n\nfrom geomnn.playground import embedded\n\n"
        f"rows = np.array([{rows}])\nHTML(embedded(rows[:, :-1], rows[:, -1]{options}))"
    )


def _picture(plot: re.Match[str]) -> Iterator[Cell]:
    """The code of a picture, and below it the words for those who do not see it."""
    yield _code(dedent(plot["code"]).strip())
    words = re.search(r":alt:(.*?)(?=^ {3}:|\Z)", plot["options"], re.S | re.M)
    if words:
        yield {"cell_type": "markdown", "metadata": {}, "source": f"*{' '.join(words[1].split())}*"}


def _code(source: str, text: str = "", raised: str | None = None) -> Cell:
    """A cell of code; what it shows is the value of its last line, what that prints, or what it raises."""
    cell: Cell = {
        "cell_type": "code",
        "metadata": {},
        "source": source.strip(),
        "outputs": [],
        "execution_count": None,
    }
    if raised:
        kind, _, words = raised.strip().partition(": ")
        name = kind.rpartition(".")[2]
        cell["outputs"] = [
            {"output_type": "error", "ename": name, "evalue": words, "traceback": [raised.strip()]}
        ]
        _may_fail(cell)
    elif text:
        last = ast.parse(cell["source"]).body[-1]
        if isinstance(last, ast.Expr) and not (
            isinstance(last.value, ast.Call) and _is_print(last.value.func)
        ):
            cell["outputs"] = [
                {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": text}}
            ]
        else:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"{text}\n"}]
    return cell


def _may_fail(cell: Cell) -> None:
    """An exception here does not stop the notebook."""
    cell["metadata"] = {"tags": ["raises-exception"]}


def _is_print(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == "print"
