"""Pictures of the gallery: matplotlib figures that pyplot does not know, and Plotly's without anything from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.io
from matplotlib.figure import Figure
from plotly.io.base_renderers import MimetypeRenderer
from plotly.offline import get_plotlyjs
from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst

SCRIPT = "plotly.min.js"


def figures(block: Any, block_vars: dict[str, Any], conf: dict[str, Any]) -> str:
    """Save what the last line of a block shows, if it is a figure: a scraper of sphinx-gallery."""
    shown = block_vars["example_globals"].get("___")
    if not isinstance(shown, Figure) or getattr(shown, "saved", False):
        return ""
    shown.saved = True  # the name of the last line lives on
    path = next(block_vars["image_path_iterator"])
    shown.savefig(path, dpi=150)
    shown.savefig(Path(path).with_suffix(".svg"))
    return figure_rst([path], conf["src_dir"])


class _Embedded(MimetypeRenderer):
    """A figure as HTML that finds Plotly on the site."""

    def to_mimebundle(self, figure: dict[str, Any]) -> dict[str, str]:
        text = plotly.io.to_html(
            figure, full_html=False, include_plotlyjs=False, auto_play=False, config={"displayModeBar": False}
        )
        return {"text/html": f'<div class="interactive">{text}</div>'}


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Pages that hold such a figure load it before them: scripts of the theme come last."""
    if 'class="interactive"' in context.get("body", ""):
        address = context["pathto"](f"_static/{SCRIPT}", 1)
        context["metatags"] = context.get("metatags", "") + f'<script src="{address}"></script>\n'


def write_script(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        Path(app.outdir, "_static", SCRIPT).write_text(get_plotlyjs(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    plotly.io.renderers["site"] = _Embedded()
    plotly.io.renderers.default = "site"
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_script)
    return {"parallel_read_safe": True}
