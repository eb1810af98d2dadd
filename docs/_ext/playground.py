"""The directive ``playground``: samples that can be dragged, in the page itself; and `playground/alone.html`, which has
nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx

from geomnn.playground import embedded, page

SOURCES = Path(__file__).resolve().parents[2] / "geomnn" / "playground"
HOME = "playground/index"  # whose address follows the state, and to which links from other pages lead


class Playground(Directive):
    """A line for each sample, its features and its target; options are those of the problem."""

    has_content = True
    option_spec = {  # noqa: RUF012
        "reg": float,
        "norm": float,
        "bias": lambda text: directives.choice(text, ("yes", "no")) == "yes",
        "features": lambda text: [name.strip() for name in text.split(",")],
    }

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        for path in SOURCES.iterdir():
            env.note_dependency(str(path))
        rows = [[float(number) for number in line.split(",")] for line in self.content if line.strip()]
        X, y = [row[:-1] for row in rows], [row[-1] for row in rows]
        options = dict(self.options)
        names = options.pop("features", None)
        here = env.docname
        address = "" if here == HOME else env.app.builder.get_relative_uri(here, HOME)
        text = embedded(X, y, feature_names=names, address=address, **options)
        return [nodes.raw("", text, format="html")]


def write_alone(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        text = page([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0], reg=0.15)
        Path(app.outdir, "playground", "alone.html").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("playground", Playground)
    app.connect("build-finished", write_alone)
    return {"parallel_read_safe": True}
