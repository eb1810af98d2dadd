"""report.html: one page that explains the network and needs nothing outside of itself.

The words and the marks are in the templates beside this file; the numbers, and what the words depend on, are here.
Jinja2 escapes whatever a template is given; formulas alone are marks themselves.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from geomnn.checker.digits import printable
from geomnn.checker.unpack import name_of
from geomnn.report import listings, mathematics
from geomnn.report.pictures import Picture
from geomnn.report.study import HELD_OUT_FILE, Study
from geomnn.report.verification import check_lines, coverage

__all__ = ["page_text"]

LARGEST_SVG = 500_000  # bytes; above, the PNG goes into the page
MOST_NAMES = 8  # features in a line of text
VALUES_IN_PLACE = 4  # features; with more, the values of a sample are in a table of their own only
DISTANCES = {"1": "distance (in the ∞-norm)", "2": "distance", "inf": "distance (in the 1-norm)"}
# what a name in a table may hold and nobody sees: controls, and marks that turn the direction of text
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def page_text(study: Study, pictures: Sequence[Picture]) -> str:
    """The report as HTML, with its pictures inside.

    Parameters
    ----------
    study : Study
    pictures : sequence of Picture
    """
    environment = Environment(
        loader=PackageLoader("geomnn", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        {f.__name__: f for f in (listings.cell, listings.number, listings.numbers, listings.shortened)}
    )
    shown = [
        {"name": picture.name, "caption": picture.caption, "address": _address(picture)}
        for picture in pictures
    ]
    page = environment.get_template("page.html.jinja").render(
        m=mathematics.inline, display=mathematics.display, study=study, request=study.request, pictures=shown,
        **_asked(study), **_found(study), **_fit(study),
    )  # fmt: skip
    return INVISIBLE.sub(lambda found: printable(found[0]), page)


def _asked(study: Study) -> dict[str, Any]:
    """What the page says of the problem and its data."""
    request, d, file = study.request, len(study.features), Path(study.request.path).name
    reg = study.reg
    half_reg = f"½ · {reg}" if isinstance(reg, Fraction) else f"{Decimal(str(reg)):f}/2"
    penalty = "α_j^2" if study.y.ndim == 1 else "‖α_j‖^2"
    columns = ", ".join(map(repr, study.features[:6])) + ", …" * (d > 6)
    return {
        "file": name_of(Path(file)), "quoted_file": shlex.quote(study.data_file),
        "outer_square": penalty, "loss_name": study.loss,
        "piped": file == "-", "n": len(study.X), "d": d, "columns": columns,
        "most_names": MOST_NAMES, "wide": d > VALUES_IN_PLACE, "bias": request.bias, "half_reg": half_reg,
        "p": request.norm.replace("inf", "∞"), "distance": DISTANCES[request.norm],
    }  # fmt: skip


def _found(study: Study) -> dict[str, Any]:
    """What the page says of the network and its certificate."""
    certificate, atoms = study.solution.certificate, [neuron.atom for neuron in study.network.neurons]
    return {
        "atoms": atoms, "cut_short": any(len(atom.factors()) > mathematics.SHOWN_FACTORS for atom in atoms),
        "by_features": any(atom.factored(study.features) for atom in atoms),
        "formula": mathematics.closed_form(study.network), "spanned": listings.spanned(study),
        "dual": np.asarray(study.solution.dual).astype(float), "out_of_time": study.out_of_time,
        "statement": certificate.statement(),
        "scope": certificate.coverage.scope, "drawn": certificate.coverage.program == "sampled",
        # the bounds meet, to a millionth, so that there is nothing left to gain
        "exact": certificate.exact, "reached": certificate.exact or abs(certificate.relative_gap) <= 1e-6,
        "relative_gap": listings.above(float(certificate.relative_gap), 1), "facts": listings.facts(study),
        "left_open": listings.left_open(study),
        "checked": coverage(study), "check": "" if certificate.exact else check_lines(study),
    }  # fmt: skip


def _fit(study: Study) -> dict[str, Any]:
    """How well the network fits its own samples: of classes those that are right, of numbers the error and R²."""
    fit = study.fit
    return {
        "predictions": study.predictions,
        "right": fit.right,
        "error": fit.error,
        "explained": fit.explained,
        "held_fit": study.held_fit,
        "held_file": HELD_OUT_FILE,
    }


def _address(picture: Picture) -> str:
    """The picture as an address that holds it whole."""
    small = len(picture.svg) <= LARGEST_SVG
    kind, content = ("svg+xml", picture.svg) if small else ("png", picture.png)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
