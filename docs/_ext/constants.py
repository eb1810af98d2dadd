"""The directive ``tolerances``: every tolerance with its comment in the source and the tests that see it."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from theorems import plain

TREE = Path(__file__).resolve().parents[2]
sys.path.append(str(TREE / "tests"))

from tolerances import RECORD, Tolerance, tolerances  # noqa: E402


class TolerancePage(Directive):
    """A definition list for each file: name and value, relative to what and why, which tests fail."""

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        lines = []
        for path, constants in groupby(tolerances(), key=lambda constant: constant.path):
            env.note_dependency(str(TREE / path))
            lines += [f"[{path}](../{path})", ""]
            for constant in constants:
                lines += [
                    f"`{constant.name}` = {_short(constant.number.value)}",
                    *_definitions(constant, record[constant.key]),
                    "",
                ]
        env.note_dependency(str(RECORD))
        node = nodes.container(classes=["tolerances"])
        self.state.nested_parse(StringList(lines, str(RECORD)), self.content_offset, node)
        return [node]


def _short(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-")


def _definitions(constant: Tolerance, tests: dict[str, str | None]) -> list[str]:
    comment = constant.comment.removeprefix(f"{constant.name}: ")
    seen: dict[str, list[str]] = {}
    for change, test in tests.items():
        if test:
            seen.setdefault(test.partition("[")[0], []).append(change)
    lines = [f": {plain(comment[0].upper() + comment[1:])}."]
    for test, changes in seen.items():
        path, _, name = test.partition("::")
        lines.append(f": `{name}` of [{path}](../{path}) fails with it {' and with it '.join(changes)}.")
    return lines if seen else [*lines, ": No test sees it."]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("tolerances", TolerancePage)
    return {"parallel_read_safe": True}
