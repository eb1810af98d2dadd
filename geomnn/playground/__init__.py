"""The playground: a page on which samples are dragged and the optimal network follows, without a network connection.

At most 12 samples of one or two features, p = 1 or ∞. All atoms are formed and the program over them is solved in the
page itself, by the files beside this one, in their order: `atoms.js` has the dictionary and its names, `program.js` the
dual active set method and the bound that the residual proves, `uniqueness.js` says whether other networks are as good,
`drawing.js` draws, and `playground.js` has the state, its address, and what pointer and keys do to it.

Source: geomnn theory, sections 0, 1, 4 and 10.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geomnn.errors import UnsupportedProblem
from geomnn.norms import ball
from geomnn.programs.problem import pose
from geomnn.words import feature_words

__all__ = ["MOST", "embedded", "page", "script_source"]

MOST = 12  # samples
SCRIPTS = ("atoms", "program", "uniqueness", "drawing", "playground")
TITLE = "Playground: drag samples, and the optimal network follows"


def page(
    X: Any,
    y: Any,
    reg: float = 0.1,
    *,
    norm: float = 1,
    bias: bool = True,
    feature_names: Sequence[str] | None = None,
) -> str:
    """A playground as a page of its own, in HTML, that loads nothing.

    It begins with this table, or with the state in its address: ``#norm=1&bias=1&reg=0.1&samples=0,0,0;1,0,1`` has
    of each sample its features and its target.

    Parameters
    ----------
    X : array_like, shape (n, 1) or (n, 2)
        At most 12 samples.
    y : array_like, shape (n,)
    reg : float
        Above 0.
    norm : {1, numpy.inf}
    bias : bool
    feature_names : sequence of str, optional
        What the axes are called.

    Raises
    ------
    DataError, OptionError
        If the table or an option cannot be used.
    UnsupportedProblem
        If there are more samples or features, several outputs, or another norm.

    Examples
    --------
    >>> from geomnn.playground import page
    >>> text = page([[0, 0], [1, 0], [0, 1]], [0, 1, 1], reg=0.2)
    >>> text[:15], "samples=0.0,0.0,0.0;1.0,0.0,1.0;0.0,1.0,1.0" in text
    ('<!DOCTYPE html>', True)

    Source: geomnn theory, sections 0, 1 and 4.
    """
    part = embedded(X, y, reg, norm=norm, bias=bias, feature_names=feature_names)
    return _render("page.html.jinja", title=TITLE, playground=part, source=Markup(script_source()))


def embedded(
    X: Any,
    y: Any,
    reg: float = 0.1,
    *,
    norm: float = 1,
    bias: bool = True,
    feature_names: Sequence[str] | None = None,
    address: str = "",
) -> Markup:
    """A playground as a part of another page; arguments and errors are those of `page`.

    Where that page has a content security policy it allows this script by `script_source()`, and styles inside.

    Parameters
    ----------
    address : str
        The page that links to a state lead to; without one it is this page, whose address then follows the state.
    """
    problem = pose(X, y, reg, norm, bias, "squared")
    n, d = problem.samples.X.shape
    if n > MOST or d > 2 or not problem.one_column or not ball(problem.norm).polyhedral:
        raise UnsupportedProblem(
            f"{n} samples of {d} features, {problem.outputs} outputs and norm={problem.norm:g}; the playground is for "
            f"at most {MOST} samples of 1 or 2 features, y of shape (n,), and norm 1 or inf: choose some of them."
        )
    rows = zip(problem.samples.X.tolist(), problem.targets[:, 0].tolist(), strict=True)
    samples = ";".join(",".join(map(repr, [*x, target])) for x, target in rows)
    state = f"norm={problem.norm:g}&bias={problem.samples.bias:d}&reg={problem.reg!r}&samples={samples}"
    names = [] if feature_names is None else feature_words(d, feature_names)
    return Markup(
        _render(
            "playground.html.jinja",
            title=TITLE, state=state, names=json.dumps(names), address=address, script=Markup(_script()),
        )
    )  # fmt: skip


def script_source() -> str:
    """What a content security policy calls the script of the playground, so that it allows no other: 'sha256-…'."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode('ascii')}'"


@cache
def _script() -> str:
    """The files as one script that leaves no names behind."""
    folder = files("geomnn.playground")
    parts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return f'(() => {{\n"use strict";\n{"".join(parts)}}})();'


def _render(template: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("geomnn", "playground"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(**values)
