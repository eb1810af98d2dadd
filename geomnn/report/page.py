"""report.html: one page that explains the network and needs nothing outside of itself.

The words and the marks are in the templates beside this file; the numbers, and what the words depend on, are here.
Jinja2 escapes whatever a template is given; formulas alone are marks themselves.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from geomnn.checker.digits import printable
from geomnn.checker.unpack import name_of
from geomnn.machine import surroundings
from geomnn.numbers.rationals import SHORT
from geomnn.playground import script_source
from geomnn.report import listings, mathematics
from geomnn.report.between import between
from geomnn.report.embedded import Samples, kept_files, plain_network, used_features
from geomnn.report.folder import PAGE
from geomnn.report.lead import lead, reached
from geomnn.report.movable import playground_of
from geomnn.report.pictures import Picture
from geomnn.report.study import HELD_OUT_FILE, Study
from geomnn.report.verification import check_lines, coverage
from geomnn.words import listed

__all__ = ["page_text"]

SCRIPTS = ("predict.js", "table.js", "save.js")
SLICE = 100  # rows that table.js shows at a time
LARGEST_SVG = 500_000  # bytes; above, the PNG goes into the page
MOST_NAMES = 8  # features in a line of text
VALUES_IN_PLACE = 4  # features; with more, the values of a sample are in a table of their own only
DISTANCES = {"1": "distance (in the ∞-norm)", "2": "distance", "inf": "distance (in the 1-norm)"}
# what a name in a table may hold and nobody sees: controls, and marks that turn the direction of text
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def page_text(study: Study, pictures: Sequence[Picture], files: Mapping[str, str] | None = None) -> str:
    """The report as HTML, with its pictures inside.

    Parameters
    ----------
    study : Study
    pictures : sequence of Picture
    files : mapping of str to str, optional
        The texts of the other files of the folder by name, which the page saves where they are not too long.
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
        {
            f.__name__: f
            for f in (listings.cell, listings.hidden, listings.number, listings.numbers, listings.shortened)
        }
    )
    shown = [_shown(picture) for picture in pictures]
    names = [*(files or {}), *(f"{each.name}.{kind}" for each in pictures for kind in ("png", "svg")), PAGE]
    page = environment.get_template("page.html.jinja").render(
        m=mathematics.inline, display=mathematics.display, study=study, request=study.request, pictures=shown,
        files=json.dumps(sorted(names)), surroundings=surroundings(),
        between=between(study), playground=playground_of(study), scripts=Markup(script_source()),
        **_asked(study), **_found(study), **_fit(study), **_scripted(study, shown, kept_files(files or {})),
    )  # fmt: skip
    return INVISIBLE.sub(lambda found: printable(found[0]), page)


def _scripted(
    study: Study, pictures: Sequence[Mapping[str, Any]], files: Mapping[str, str]
) -> dict[str, Any]:
    """The scripts of the page, the numbers that they work with, and the parts of it that need them."""
    script = "\n".join(
        resources.files("geomnn").joinpath("report", name).read_text(encoding="utf-8") for name in SCRIPTS
    )
    network, used, samples = plain_network(study), used_features(study), Samples(study)
    rows = samples.shows_features and network is not None  # that fill the form
    unused = [name for k, name in enumerate(study.features) if k not in used]
    embedded = {
        "network": network, "columns": [column.plain() for column in samples.columns], "files": dict(files),
        "short": SHORT, "fills": [2 + k for k in used] if rows else None,
    }  # fmt: skip
    if study.classes is None or study.y.ndim == 1:
        outputs = ["f" if study.classes else study.request.target]
    else:
        outputs = [*study.classes]
    return {
        "script": Markup(script), "script_digest": base64.b64encode(sha256(script.encode()).digest()).decode("ascii"),
        "embedded": htmlsafe_json_dumps(embedded, separators=(",", ":"), allow_nan=False),
        "samples": samples, "fills": rows, "short": SHORT, "slice": SLICE,
        "saved": {*files, *(picture["file"] for picture in pictures)},
        "fields": [(study.features[k], _plain(study.X[0, k])) for k in used] if network else [],
        "unused": listed(unused, "columns") if unused else "", "outputs": outputs,
    }  # fmt: skip


def _plain(value: float) -> str:
    """All digits of a number of the file."""
    return repr(float(value)).removesuffix(".0")


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
    network = study.solution.network if certificate.exact else study.network
    return {
        "atoms": atoms, "cut_short": any(len(atom.factors()) > mathematics.SHOWN_FACTORS for atom in atoms),
        "by_features": any(atom.factored(study.features) for atom in atoms),
        "formula": mathematics.closed_form(network), "spanned": listings.spanned(study),
        "dual": np.asarray(study.solution.dual).astype(object if certificate.exact else float), "lead": lead(study),
        "out_of_time": study.out_of_time,
        "statement": certificate.statement(),
        "scope": certificate.coverage.scope, "drawn": certificate.coverage.program == "sampled",
        "exact": certificate.exact, "reached": reached(study),
        "relative_gap": listings.above(float(certificate.relative_gap), 1), "facts": listings.facts(study),
        "left_open": listings.left_open(study),
        "checked": coverage(study), "check": "" if certificate.exact else check_lines(study),
    }  # fmt: skip


def _fit(study: Study) -> dict[str, Any]:
    """How well the network fits its own samples: of classes those that are right, of numbers the error and R²."""
    fit, exact = study.fit, study.exact_predictions
    return {
        "predictions": study.predictions if exact is None else exact,
        "right": fit.right,
        "error": fit.error,
        "explained": fit.explained,
        "held_fit": study.held_fit,
        "held_file": HELD_OUT_FILE,
        "rows_in_all": len(study.X) + (0 if study.held is None else len(study.held.X)),
    }


def _shown(picture: Picture) -> dict[str, Any]:
    """What the page needs of a picture: its address holds it whole."""
    small = len(picture.svg) <= LARGEST_SVG
    kind, content = ("svg", picture.svg) if small else ("png", picture.png)
    return {
        "name": picture.name, "caption": picture.caption, "alt": picture.alt or picture.caption,
        "file": f"{picture.name}.{kind}", "wide": picture.wide,
        "address": f"data:image/{kind.replace('svg', 'svg+xml')};base64,{base64.b64encode(content).decode('ascii')}",
    }  # fmt: skip
