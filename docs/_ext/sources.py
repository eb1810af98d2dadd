"""Files of the tree as pages: a link to ``../geomnn/atoms.py``, which works where the page is read as a file, opens the
page of that file on the site; and "theory, section N" in a docstring opens that section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

TREE = Path(__file__).resolve().parents[2]
FOLDERS = ("geomnn", "proofs", "tests", "examples")
SECTION = re.compile(r"(?<!`)(geomnn theory, sections? \d+(?:(?:, | and |, and )\d+)*)")

FORMULA = re.compile(r"\||(?<=\w)_(?!\w)")


def write_pages(app: Sphinx) -> None:
    """A page with numbered lines for each file, in a folder that git ignores."""
    for folder in FOLDERS:
        for path in sorted((TREE / folder).rglob("*.py")):
            place = path.relative_to(TREE)
            page = Path(app.srcdir, "source", place.with_suffix(".rst"))
            up = "../" * len(place.parts)
            text = (
                f":orphan:\n:nosearch:\n\n{place}\n{'=' * len(str(place))}\n\n"
                f".. literalinclude:: {up}../{place}\n   :language: python\n   :linenos:\n"
            )
            page.parent.mkdir(parents=True, exist_ok=True)
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                page.write_text(text, encoding="utf-8")


def page_of(target: str, page: Path) -> str | None:
    """The page of a file of the tree that is linked from a page, if it has one."""
    path = (page.parent / target.split("#")[0]).resolve()
    if path.suffix != ".py" or not path.is_file() or TREE not in path.parents:
        return None
    place = path.relative_to(TREE)
    if place.parts[0] == "proofs" and (TREE / "docs" / "proofs" / f"{place.stem}.md").is_file():
        return f"proofs/{place.stem}"
    return f"source/{place.with_suffix('')}" if place.parts[0] in FOLDERS else None


def link_pages(app: Sphinx, tree: nodes.document) -> None:
    """Files that a page offers for download become links to their pages."""
    page = Path(app.env.doc2path(app.env.docname))
    for node in list(tree.findall(addnodes.download_reference)):
        name = page_of(node["reftarget"], page)
        if name is not None:
            inside = node.children[0] if node.children else nodes.literal(text=node["reftarget"])
            node.replace_self(make_refnode(app.builder, app.env.docname, name, "", inside))


def plain_shapes(app: Sphinx, tree: nodes.document) -> None:
    """The letters of a shape, as in "shape (n, d)", are no links to properties of that name."""
    for node in list(tree.findall(addnodes.pending_xref)):
        if node["reftype"] == "class" and len(node["reftarget"]) == 1:
            node.replace_self(node.children)


def trim_blocks(app: Sphinx, tree: nodes.document) -> None:
    """The empty line that ends a doctest is not shown."""
    for node in tree.findall(nodes.literal_block):
        text = node.astext()
        if text.startswith(">>>") and text.endswith("\n"):
            node.rawsource = text.rstrip("\n")
            node.children = [nodes.Text(node.rawsource)]


def name_sections(app: Sphinx, tree: nodes.document) -> None:
    """The sections of the theory are targets ``theory-0``, ``theory-1`` and so on."""
    if app.env.docname != "theory":
        return
    domain = app.env.domains.standard_domain
    for section in tree.findall(nodes.section):
        title = section[0].astext()
        if number := re.match(r"\d+", title):
            label = f"theory-{number[0]}"
            section["ids"].append(label)
            domain.labels[label] = app.env.docname, label, title
            domain.anonlabels[label] = app.env.docname, label


def end_sections(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A paragraph behind the fields of a docstring is no field, even with a colon: two empty lines end a section."""
    inside, k = False, 0
    while k < len(lines):
        underlined = k + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[k + 1]) is not None
        inside = inside or underlined
        begins = k > 0 and not lines[k - 1] and lines[k] and not lines[k].startswith(" ")
        if inside and begins and not underlined and not re.match(r"[\w, *]+ : ", lines[k]):
            lines.insert(k, "")
            inside, k = False, k + 1
        k += 1


def link_sections(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """What a docstring says of its source opens that section of the theory; | and _ in its formulas are themselves."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(`+[^`]*`+)", line)
            parts[::2] = [SECTION.sub(_linked, FORMULA.sub(r"\\\g<0>", part)) for part in parts[::2]]
            lines[k] = "".join(parts)


def _linked(found: re.Match[str]) -> str:
    number = re.search(r"\d+", found[1])
    return f":ref:`{found[1]} <theory-{number[0] if number else 0}>`"


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    app.connect("doctree-read", link_pages)
    app.connect("doctree-read", name_sections)
    app.connect("doctree-read", plain_shapes)
    app.connect("doctree-read", trim_blocks)
    app.connect("autodoc-process-docstring", end_sections, priority=400)  # before napoleon reads them
    app.connect("autodoc-process-docstring", link_sections)
    return {"parallel_read_safe": True}
