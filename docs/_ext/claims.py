"""The directive ``statuses``: of each section of its page the status, which is the value of its last example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from typeset import EXAMPLES, values


def statuses(text: str) -> Iterator[tuple[str, str]]:
    """Title and status of each claim of a page, all of whose examples are run for it."""
    titles = [
        (text.count("\n", 0, found.start()), found[1]) for found in re.finditer("^## (.*)$", text, re.M)
    ]
    for example, value in zip(EXAMPLES(text), values(text), strict=True):
        if example.source.startswith("status("):
            yield max((line, title) for line, title in titles if line < example.lineno)[1], value


class Statuses(Directive):
    """A table of claims and what became of each."""

    def run(self) -> list[nodes.Node]:
        page = self.state.document.current_source
        with open(page, encoding="utf-8") as stream:
            rows = [
                f"| [{title}](#{anchor(title)}) | {status} |" for title, status in statuses(stream.read())
            ]
        node = nodes.container()
        lines = ["| statement | status, computed when this page was built |", "| --- | --- |", *rows]
        self.state.nested_parse(StringList(lines, page), self.content_offset, node)
        return [node]


def anchor(title: str) -> str:
    """The place of a section as MyST names it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("statuses", Statuses)
    return {"parallel_read_safe": True}
