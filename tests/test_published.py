"""What is looked at before a release is seen: a file too many or too few, and a page that leads into the tree."""

import re
import runpy
import zipfile
from pathlib import Path

import published
import pytest

README = (published.TREE / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def tree(tmp_path):
    for name in (
        "geomnn/__init__.py",
        "geomnn/data/demo.csv",
        "geomnn/__pycache__/__init__.pyc",
        "tests/test_some.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def complaints(tree, names, page="A page.\n"):
    archive = tree / "geomnn-1-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in [*names, *(f"geomnn-1.dist-info/{name}" for name in published.METADATA)]:
            opened.writestr(name, page if name.endswith("METADATA") else "")
    return list(published.wheel(archive, tree))


PACKAGE = ["geomnn/__init__.py", "geomnn/data/demo.csv"]


def test_a_wheel_has_the_package_and_nothing_else(tree):
    assert complaints(tree, PACKAGE) == []
    assert complaints(tree, PACKAGE[:1]) == ["geomnn/data/demo.csv is missing"]
    for name in ("tests/test_some.py", "geomnn/__pycache__/__init__.pyc", "geomnn/notes.txt"):
        assert complaints(tree, [*PACKAGE, name]) == [f"{name} should not be there"]


@pytest.mark.parametrize(
    "part", ["[a](docs/a.md)", "![a](b.svg)", "<!-- tree -->", "pip install --editable .", "<img src='a'>"]
)
def test_a_page_leads_nowhere_into_the_tree(tree, part):
    (complaint,) = complaints(
        tree, PACKAGE, f"A page\n{part}\nwith [a link](https://example.org) and [a place](#here).\n"
    )
    assert complaint.startswith("the page says")


def test_the_page_of_an_index_is_the_readme_without_the_tree():
    pytest.importorskip("setuptools")
    page = runpy.run_path(str(published.TREE / "setup.py"))["index_page"](README)
    assert published.leads_into_the_tree(README)
    assert published.leads_into_the_tree(page) == []
    assert re.search(r"pip install --quiet geomnn\n", page)
    assert ">>> import geomnn as gm" in page
    kept = re.sub(r"<!-- tree -->.*?<!-- /tree -->", "", README, flags=re.DOTALL)
    words = re.findall(r"\[([^\]]+)\]\([^)]+\)", kept)
    assert len(words) > 10
    assert all(word in page for word in words)  # of a link its words stay


def test_every_file_of_the_package_is_of_a_kind_that_is_published():
    """What pyproject.toml lists as data of the package is all that is there beside modules."""
    import tomllib

    data = tomllib.loads((published.TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]["package-data"]
    listed = {path for pattern in data["geomnn"] for path in (published.TREE / "geomnn").glob(pattern)}
    there = {
        published.TREE / name
        for name in published.files(published.TREE, "geomnn")
        if Path(name).suffix != ".py"
    }
    assert there == listed
