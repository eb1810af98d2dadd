"""Pictures of the gallery: matplotlib's, with pyplot or without, and Plotly's without anything from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import plotly.io
from matplotlib.figure import Figure
from plotly.io.base_renderers import MimetypeRenderer
from plotly.offline import get_plotlyjs
from sphinx.application import Sphinx
from sphinx_gallery.scrapers import figure_rst

SCRIPT = "plotly.min.js"


def figures(block: Any, block_vars: dict[str, Any], conf: dict[str, Any]) -> str:
    """Save the figures of pyplot, or what the last line of a block shows if it is one (for sphinx-gallery).  With
    each goes an SVG, of whose letters docs/check_pages.py asks how large they are."""
    shown = block_vars["example_globals"].get("___")
    found = [plt.figure(number) for number in plt.get_fignums()]
    if isinstance(shown, Figure) and shown not in found and not getattr(shown, "saved", False):
        found.append(shown)
    paths = []
    for figure in found:
        figure.saved = True  # the name of the last line lives on
        paths.append(next(block_vars["image_path_iterator"]))
        figure.savefig(paths[-1], dpi=150)
        figure.savefig(Path(paths[-1]).with_suffix(".svg"))
    plt.close("all")
    return figure_rst(paths, conf["src_dir"], "; ".join(map(words, found)))


def words(figure: Figure) -> str:
    """What a picture shows, for those who do not see it: the titles of its panes, or else what is over what."""
    panes = [pane for pane in figure.axes if pane.get_xlabel() or pane.get_title()]
    said = [
        pane.get_title() or f"{pane.get_ylabel()} over {pane.get_xlabel()}".removeprefix(" over ")
        for pane in panes
    ]
    return ", ".join(dict.fromkeys(" ".join(part.split()) for part in said))


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
