"""What notebooks show: tables and pictures in HTML, in which every text is escaped, and the one way to be shown."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from importlib import import_module

__all__ = ["Html", "Shown", "image", "paragraph", "table"]

LEFT = "style='text-align:left'"


class Html(str):
    """HTML that a notebook shows as it is, and that prints as its source."""

    def _repr_html_(self) -> str:
        return str(self)


class Shown:
    """What a notebook shows as `geomnn.display` says, which is only loaded when somebody looks."""

    def _repr_html_(self) -> str:
        return str(import_module("geomnn.display").page_of(self))


def paragraph(text: str, strong: bool = False) -> str:
    """A line of text, a strong one for what matters most."""
    escaped = _plain(text).replace("\n", "<br>")
    return f"<p><strong>{escaped}</strong></p>" if strong else f"<p>{escaped}</p>"


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), left: str = "") -> str:
    """A table of texts, nothing where there are no rows.

    Parameters
    ----------
    rows : iterable of sequences of str
        The first cell of each is its heading where the table has no head.
    head : sequence of str
    left : str
        What is not shown, as a last line.
    """
    texts = [*rows]
    if not texts:
        return ""
    body = "".join(f"<tr>{_cell(first, 'td' if head else 'th')}{''.join(map(_cell, others))}</tr>"
                   for first, *others in texts)  # fmt: skip
    first = f"<tr>{''.join(_cell(name, 'th') for name in head)}</tr>" if head else ""
    last = f"<tr><td colspan='{len(texts[0])}' {LEFT}>{_plain(left)}</td></tr>" if left else ""
    return f"<table>{first}{body}{last}</table>"


def _cell(text: str, kind: str = "td") -> str:
    return f"<{kind} {LEFT}>{_plain(text)}</{kind}>"


def _plain(text: str) -> str:
    """Text as it is: a dollar sign in a name, alone in its element, begins no formula of the notebook."""
    return html.escape(text).replace("$", "<span>$</span>")


def image(png: bytes, words: str) -> str:
    """A picture inside of the page, with words for those who do not see it."""
    encoded = base64.b64encode(png).decode("ascii")
    address = f"data:image/png;base64,{encoded}"
    return f'<img alt="{html.escape(words)}" style="max-width:100%" src="{address}">'
