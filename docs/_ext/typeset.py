"""What a page writes in letters and signs is typeset: SymPy's values, in examples and in the gallery, and formulas in
prose, which are found as those of the proofs are."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from doctest import DocTestParser, Example
from pathlib import Path
from typing import Any

import sympy
from docutils import nodes
from formulas import parts, to_latex
from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sympy.core._print_helpers import Printable
from sympy.core.alphabets import greeks

LONG = 220  # letters of LaTeX, beyond which a sum has a line for each term
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
    # without the examples that no block shows
    text = re.sub("<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.S)
    if page.suffix != ".md" or "sympy" not in text or ">>>" not in text:
        return
    computed = values(text)
    for block in [node for node in tree.findall(nodes.literal_block) if node.astext().startswith(">>>")]:
        block.replace_self(list(_parts(block, computed)))


def _parts(block: nodes.literal_block, computed: Iterator[Any]) -> Iterator[nodes.Element]:
    """A block of examples, cut where a formula is shown."""
    lines, start = block.astext().splitlines(), 0
    for example, value in zip(EXAMPLES(block.astext() + "\n"), computed, strict=False):
        if isinstance(value, sympy.MatrixBase) or (isinstance(value, sympy.Expr) and value.free_symbols):
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
        if symbol.name[:3].isalpha() and symbol.name[2:] and symbol.name not in greeks
    ]
    names = {word: rf"\mathrm{{{word.name}}}" for word in words}
    line = sympy.latex(value, symbol_names=names)
    if len(line) < LONG or not isinstance(value, sympy.Add):
        return line
    terms = [sympy.latex(term, symbol_names=names) for term in value.as_ordered_terms()]
    lines = " \\\\ & ".join(
        f"{'' if k == 0 or term.startswith('-') else '+ '}{term}" for k, term in enumerate(terms)
    )
    return rf"\begin{{aligned}} & {lines} \end{{aligned}}"


def _ends(example: Example) -> tuple[int, int]:
    """The lines where the source of an example ends, and what it prints."""
    code = example.lineno + example.source.count("\n")
    return code, code + example.want.count("\n")


def _block(block: nodes.literal_block, lines: list[str]) -> nodes.literal_block:
    text = "\n".join(lines)
    return nodes.literal_block(text, text, **block.attributes)


PAGES = ("gallery/", "howto/", "glossary")  # others write their formulas in LaTeX, or come from docstrings
PROSE = nodes.paragraph | nodes.emphasis | nodes.strong | nodes.term | nodes.line
LEFT = (
    nodes.literal | nodes.math | nodes.raw | nodes.comment | nodes.title | pending_xref | download_reference
)


def prose(app: Sphinx, tree: nodes.document) -> None:
    """Formulas between words, but not in names of code, in headings and in references; letters alone stay letters."""
    if app.env.docname.startswith(PAGES):
        for text in list(tree.findall(nodes.Text)):
            if isinstance(text.parent, PROSE) and not _inside(text.parent, LEFT):
                text.parent.replace(text, list(_formulas(str(text))))


UNIT = re.compile(r"(?<=\d) (?=(?:[nµm]?s|min|h|%|px|[kMG]i?B|million)(?!\w))")
EXPONENT = re.compile(r"(?<=\de-)(?=\d)")


def units(app: Sphinx, tree: nodes.document) -> None:
    """In tables a number and its unit stay on one line, and so do 2e-13 and everywhere the name of an option."""
    for literal in tree.findall(nodes.literal):
        if re.fullmatch(r"-[\w-]+( \S+)?|geomnn .*", literal.astext()):
            literal["classes"].append("option")
    for entry in tree.findall(nodes.entry):
        for text in list(entry.findall(nodes.Text)):
            whole = EXPONENT.sub("\N{WORD JOINER}", UNIT.sub("\N{NO-BREAK SPACE}", text))
            if whole != text and not isinstance(text.parent, nodes.literal):
                text.parent.replace(text, nodes.Text(whole))


def _inside(node: nodes.Node | None, kinds: Any) -> bool:
    while node is not None and not isinstance(node, kinds):
        node = node.parent
    return node is not None


def _whole(part: str) -> bool:
    """Whether it is a formula from end to end, and not a name, a unit or a piece between words."""
    closed = all(part.count(opening) == part.count(closing) for opening, closing in ("()", "[]", "{}"))
    closed = closed and not any(part.count(bar) % 2 for bar in "‖|")
    bound = re.match(r"[=<>≤≥·+→×∧/]|− ", part) or re.search(r"(?<!_)[=<>≤≥·+−→×∧/Σ]$", part)
    return (
        closed
        and not bound
        and bool(re.search(r"[=≤≥<>·Σ‖∂∈√^²ᵀ∧]|\w_\w\b", part))
        and not re.search(r"\w\w_|\w_\w\w\w|x\d|^R²", part)
    )


def _formulas(text: str) -> Iterator[nodes.Node]:
    """The text again, with nodes for its formulas."""
    words = text[: len(text) - len(text.lstrip())]
    for k, (is_formula, before, part, after) in enumerate(parts(text)):
        words += " " * bool(k) + before
        if is_formula and _whole(part):
            if words:
                yield nodes.Text(words)
            formula = to_latex(part)
            yield nodes.math(formula, formula)
            words = after
        else:
            words += part + after
    words += text[len(text.rstrip()) :] if text.strip() else ""
    if words:
        yield nodes.Text(words)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", typeset)
    app.connect("doctree-read", prose)
    app.connect("doctree-read", units)
    # the gallery shows the HTML of a value, if it has any; Sphinx knows of no formula there
    app.set_html_assets_policy("always")
    Printable._repr_html_ = lambda self: f'<div class="math">\\[{latex(self)}\\]</div>'
    return {"parallel_read_safe": True}
