"""CONTRIBUTING: its additions work as they are written, and the parts of .ci/run that are spoken of are there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
PAGE = (TREE / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n# ([^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def apply(place, code, copy):
    """A block of the page where its first line says."""
    new = place.removeprefix("new file: ")
    if new != place:
        assert not (TREE / new).exists(), f"{new} is in the tree: the page has to add something else"
        (copy / new).write_text(code, encoding="utf-8")
        return
    path, side, line = re.fullmatch(r"(\S+), (after|before): (.*)", place).groups()
    lines = (copy / path).read_text(encoding="utf-8").splitlines(keepends=True)
    (position,) = (k for k, given in enumerate(lines) if given.strip() == line)
    lines.insert(position + (side == "after"), code)
    (copy / path).write_text("".join(lines), encoding="utf-8")


@pytest.mark.slow
def test_the_additions_of_the_page_pass_their_own_tests(tmp_path):
    shutil.copytree(TREE / "geomnn", tmp_path / "geomnn")  # with what numba has compiled
    shutil.copy2(TREE / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    for place, code in BLOCKS:
        apply(place, code, tmp_path)
    tests = sorted(path.name for path in (tmp_path / "tests").iterdir())
    assert len(tests) == 2
    arguments = ["-q", "-p", "no:cacheprovider", "-o", "pythonpath=.", *(f"tests/{name}" for name in tests)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) >= 11, run.stdout


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", ".github/workflows/ci.yml"])
def test_parts_that_are_spoken_of_are_there(name):
    script = (TREE / ".ci" / "run").read_text(encoding="utf-8")
    parts = set(re.findall(r"^(\w+)\(\) \{  # part", script, re.MULTILINE))
    assert parts == {"quick", *re.search(r'^everything="(.*)"$', script, re.MULTILINE)[1].split()}
    text = (TREE / name).read_text(encoding="utf-8")
    spoken = {word for words in re.findall(r"bash \.ci/run((?: [a-z]+)*)", text) for word in words.split()}
    spoken |= {word for words in re.findall(r"parts: \[(.*)\]", text) for word in re.split(r",? ", words)}
    assert spoken
    assert spoken <= parts
