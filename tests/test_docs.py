"""The documentation: its API page has every public name, and its front page is the one of the code."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import tolerances

import geomnn as gm

DOCS = Path(__file__).parents[1] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")


def documented(home):
    """Names that directives of the API page describe, of one module."""
    current, found = "geomnn", set()
    for line in API.splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            current = match[1]
        elif match := re.match(r"\.\. (?:auto(?:function|class|exception|data)|py:data):: (\S+)", line):
            found.add(match[1] if match[1].startswith("geomnn.") else f"{current}.{match[1]}")
    return {name.rpartition(".")[2] for name in found if name.rpartition(".")[0] == home}


def test_the_api_page_has_the_names_of_the_package():
    modules = {name for name in gm.__all__ if type(getattr(gm, name)).__name__ == "module"}
    assert documented("geomnn") == set(gm.__all__) - modules
    for name in modules:
        assert f"`geomnn.{name}`" in API


@pytest.mark.parametrize(
    "name", ["algebra", "datasets", "errors", "losses", "multivectors", "plotting", "testing"]
)
def test_whole_modules_are_on_it(name):
    assert re.search(rf"\.\. automodule:: {re.escape(getattr(gm, name).__name__)}\n   :members:", API)


@pytest.mark.parametrize("name", ["bounds", "dictionaries", "exact"])
def test_it_has_every_name_of_a_module(name):
    assert documented(f"geomnn.{name}") == set(import_module(f"geomnn.{name}").__all__)


def test_every_page_is_in_a_table_of_contents():
    """Sphinx warns too; this holds where it is not installed."""
    listed = set()
    for page in DOCS.rglob("*.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for entry in re.findall(r"^[\w/]+$", block, re.MULTILINE):
                listed.add((page.parent / entry).relative_to(DOCS).as_posix())
    made = ("gallery/", "proofs/", "source/", "_site/")
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")}
    assert {page for page in pages if not page.startswith(made)} - listed == {"index"}


WORD = re.compile(r"^(\S.*)\n  .+ \*\[.+\]\(\.\./(geomnn/.+\.py)\), section \[(\d+)\]\*$", re.MULTILINE)


def test_words_of_the_glossary_live_where_it_says():
    """Files are there, each section of the theory is a heading there, and a word that is a class is defined there."""
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = WORD.findall(page)
    assert len(words) == page.count("\n  ") > 40
    assert [word.lower() for word, *_ in words] == sorted(word.lower() for word, *_ in words)
    theory = (DOCS / "theory.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", theory, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    sections = dict(re.findall(r"^\[(\d+)\]: theory\.md#(.*)$", page, re.MULTILINE))
    assert {section for *_, section in words} == set(sections)
    assert set(sections.values()) <= slugs
    classes = set(re.findall(r"autoclass:: (?:\S+\.)?(\w+)", API))
    found = set()
    for word, path, _ in words:
        assert (DOCS.parent / path).is_file(), path
        name = "".join(part.capitalize() for part in word.split())
        if name in classes:
            module = path.removesuffix(".py").replace("/", ".")
            assert getattr(import_module(module), name).__module__ == module
            found.add(name)
    assert {"Atom", "Certificate", "Dictionary", "Path", "Pricing"} <= found


def test_tolerances_are_explained_and_tested():
    """Each says relative to what it is, and the tests that are said to see it are there."""
    record, texts = json.loads(tolerances.RECORD.read_text(encoding="utf-8")), {}
    constants = tolerances.tolerances()
    assert [constant.key for constant in constants] == list(record)
    for constant in constants:
        assert re.search(r"\b(relative|absolute)\b", constant.comment), constant.key
        assert list(record[constant.key]) == list(tolerances.CHANGES)
        for test in filter(None, record[constant.key].values()):
            path, function = re.fullmatch(r"(tests/test_\w+\.py)::(\w+)(?:\[.*\])?", test).groups()
            if path not in texts:
                texts[path] = (DOCS.parent / path).read_text(encoding="utf-8")
            assert f"\ndef {function}(" in texts[path], test


def test_every_page_of_the_gallery_has_its_place_and_begins_with_what_it_is_for():
    examples = sorted((DOCS.parent / "examples").glob("plot_*.py"))
    placed = re.findall(r'"(plot_\w+\.py)",', (DOCS / "conf.py").read_text(encoding="utf-8"))
    assert sorted(placed) == [path.name for path in examples]
    for path in examples:
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n\n")[1]
        assert re.match(r"This page (shows|answers|explains|sets|draws|derives|makes|goes) ", words), (
            path.name
        )
