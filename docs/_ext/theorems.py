"""The pages of the theorems: `proofs` is run, and a table says how each step was established."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from formulas import display, typeset
from sphinx.application import Sphinx
from sphinx.util import logging

TREE = Path(__file__).resolve().parents[2]
LOG = logging.getLogger(__name__)


def write_pages(app: Sphinx) -> None:
    """`proofs/index.md` and a page for each theorem, in a folder that git ignores.

    They are made anew only where the theorems have changed since.
    """
    folder = Path(app.srcdir, "proofs")
    sources = [*(TREE / "proofs").glob("*.py"), Path(__file__), Path(__file__).with_name("formulas.py")]
    index = folder / "index.md"
    if index.exists() and index.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    import proofs

    folder.mkdir(exist_ok=True)
    rows = []
    for name, theorem in proofs.theorems().items():
        LOG.info("proving %s", name)
        records = list(theorem.prove())
        failed = [record for record in records if record.failed]
        if failed:
            LOG.warning("%s: %s does not hold", name, failed[0].step.claim)
        (folder / f"{name}.md").write_text(_page(name, theorem, records), encoding="utf-8")
        rows.append(_row(name, theorem, records))
    table = [
        "# Proofs and their status",
        "What `python -m proofs` says of each theorem of the [theory](../theory.md), run when this page was built. "
        "*Identity*: a polynomial identity in all entries; *decided*: for all reals, by an SMT solver; *exhaustive*: "
        "every case of a finite family, in exact arithmetic; *instance*: single examples. The argument that joins the "
        "steps of a theorem stands on its page in words.",
        "\n".join(
            ["| theorem | section | steps | status | time |", "| --- | --- | --- | --- | --- |", *rows]
        ),
        "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
    ]
    index.write_text("\n\n".join(table) + "\n", encoding="utf-8")


def _row(name: str, theorem: Any, records: list[Any]) -> str:
    kinds: dict[str, int] = {}
    for record in records:
        kinds[record.step.kind] = kinds.get(record.step.kind, 0) + 1
    steps = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    left_out = sum(bool(record.left_out) for record in records)
    status = "FAILED" if any(record.failed for record in records) else "all hold"
    if left_out:
        status += f", {left_out} left out"
    seconds = sum(record.seconds for record in records)
    where = _sections(theorem.section).partition(" ")[2]
    return f"| [{theorem.title}]({name}.md) | {where} | {steps} | {status} | {seconds:.1f}\u00a0s |"


def _sections(text: str) -> str:
    """Numbers of sections as links."""
    numbers, comma, rest = text.partition(",")
    return re.sub(r"(\d+)", r"[\1](#theory-\1)", numbers) + comma + rest


def _page(name: str, theorem: Any, records: list[Any]) -> str:
    steps = [
        f"1. {typeset(record.step.claim)}\n\n   *{record.step.kind}* for {typeset(record.step.scope)}: "
        f"{'FAILED' if record.failed else 'left out' if record.left_out else 'holds'}, {record.seconds:.2f}\u00a0s"
        for record in records
    ]
    parts = [
        f"# {theorem.title}",
        f"Theory, {_sections(theorem.section)}. [The code of the proof](../../proofs/{name}.py).",
        _statement(theorem.latex.strip()),
        _words(theorem.words),
        "## Why",
        _words(theorem.argument),
        "## What was checked",
        "\n\n".join(steps),
        "## Where it is used",
        _uses(name, theorem.section),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _uses(name: str, section: str) -> str:
    """Tests that name the proof, and code whose docstrings name its sections."""
    tests = _naming("tests", re.compile(rf"\b{name}\b"))
    numbers = "|".join(re.findall(r"\d+", section))
    code = (
        _naming("geomnn", re.compile(rf"theory, sections? (?:\d+(?:, | and ))*(?:{numbers})\b"))
        if numbers
        else []
    )
    return (
        f"Tests of the steps: {', '.join(tests) or '–'}; those of the code stand under the section of the "
        f"[theory](../theory.md).\n\n:::{{dropdown}} Code that cites this section: {len(code)} files\n"
        f"{', '.join(code) or '–'}\n:::"
    )


def _naming(folder: str, pattern: re.Pattern[str]) -> list[str]:
    paths = [
        path.relative_to(TREE)
        for path in sorted((TREE / folder).rglob("*.py"))
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    return [f"[`{path}`](../../{path})" for path in paths]


def _statement(latex: str) -> str:
    """The formula of a theorem, a line for each of its parts."""
    if not latex:
        return ""
    parts = [part.strip() for part in latex.split(r"\qquad")]
    if len(parts) > 1 and r"\begin" not in latex:
        latex = "\\begin{gathered}\n" + " \\\\[1ex]\n".join(parts) + "\n\\end{gathered}"
    return f"$$\n{latex}\n$$"


def _words(text: str) -> str:
    """Text of the proofs as Markdown: what is indented is a formula, and the subject before a paragraph is bold."""
    blocks = []
    for block in re.split(r"\n\s*\n", _itemised(text.strip("\n"))):
        lines = block.splitlines()
        if lines[0].startswith("    "):
            blocks.append(display(lines))
        else:
            label = re.match(r"((?:[A-Z][\w–-]*)(?: [\w–-]+){0,4}\.)\s", block)
            rest = block[label.end() :] if label else block
            blocks.append((f"**{label[1]}** " if label else "") + typeset(rest))
    return "\n\n".join(blocks)


def _itemised(text: str) -> str:
    """A block that goes through (a), (b) and so on is a paragraph for each of them."""
    blocks = re.split(r"(\n\s*\n)", text)
    blocks[::2] = [
        re.sub(r"(?<=[.:;])\s+(?=\([a-h]\)\s)", "\n\n", block)
        if re.search(r"(^|\s)\(b\)\s", block)
        else block
        for block in blocks[::2]
    ]
    return "".join(blocks)


def plain(text: str) -> str:
    return re.sub(r"([*`<$\[\]|~_])", r"\\\1", " ".join(text.split()))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages, priority=400)  # before the pages of sources are linked
    return {"parallel_read_safe": True}
