"""SymPy's expressions as formulas: a value that a page shows is typeset, in examples of pages and in the gallery."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from doctest import DocTestParser, Example
from pathlib import Path
from typing import Any

import sympy
from docutils import nodes
from sphinx.application import Sphinx
from sympy.core._print_helpers import Printable

EXAMPLES = DocTestParser().get_examples


def values(text: str) -> Iterator[Any]:
    """The value of each example of a page, run in order; None of what has none, or is to raise."""
    space: dict[str, Any] = {"__name__": "__main__"}
    shown: list[Any] = []
    before, sys.displayhook = sys.displayhook, shown.append
    try:
        for example in EXAMPLES(text):
            shown.clear()
            code = compile(example.source, "<page>", "single")
            raised = contextlib.suppress(Exception) if example.exc_msg else contextlib.nullcontext()
            with raised, contextlib.redirect_stdout(io.StringIO()):
                exec(code, space)
            yield shown[-1] if shown else None
    finally:
        sys.displayhook = before


def typeset(app: Sphinx, tree: nodes.document) -> None:
    """What examples print of expressions with symbols gives way to the formula."""
    page = Path(app.env.doc2path(app.env.docname))
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".md" or "sympy" not in text or ">>>" not in text:
        return
    computed = values(text)
    for block in [node for node in tree.findall(nodes.literal_block) if node.astext().startswith(">>>")]:
        block.replace_self(list(_parts(block, computed)))


def _parts(block: nodes.literal_block, computed: Iterator[Any]) -> Iterator[nodes.Element]:
    """A block of examples, cut where a formula is shown."""
    lines, start = block.astext().splitlines(), 0
    for example, value in zip(EXAMPLES(block.astext() + "\n"), computed, strict=False):
        if isinstance(value, sympy.Expr) and value.free_symbols:
            code, end = _ends(example)
            yield _block(block, lines[start:code])
            yield nodes.math_block("", latex(value), nowrap=False, number=None, label=None)
            start = end
    if start < len(lines):
        yield _block(block, lines[start:])


def latex(value: Any) -> str:
    """The formula; a name of several letters, like that of a column, stands upright."""
    words = [
        symbol
        for symbol in getattr(value, "free_symbols", ())
        if symbol.name[:3].isalpha() and symbol.name[2:]
    ]
    return sympy.latex(value, symbol_names={word: rf"\mathrm{{{word.name}}}" for word in words})


def _ends(example: Example) -> tuple[int, int]:
    """The lines where the source of an example ends, and what it prints."""
    code = example.lineno + example.source.count("\n")
    return code, code + example.want.count("\n")


def _block(block: nodes.literal_block, lines: list[str]) -> nodes.literal_block:
    text = "\n".join(lines)
    return nodes.literal_block(text, text, **block.attributes)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", typeset)
    # the gallery shows the HTML of a value, if it has any; Sphinx knows of no formula there
    app.set_html_assets_policy("always")
    Printable._repr_html_ = lambda self: f'<div class="math">\\[{latex(self)}\\]</div>'
    return {"parallel_read_safe": True}
