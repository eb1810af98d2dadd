"""What the tables of the page are made of: the samples that span neurons, the facts of the certificate, and numbers."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING
from typing import Any

import numpy as np

from geomnn.checker.digits import any_size, printable
from geomnn.numbers.rationals import SHORT, is_exact, short_number
from geomnn.programs.certificate import rounded
from geomnn.report.study import Study

__all__ = [
    "above",
    "cell",
    "facts",
    "hidden",
    "left_open",
    "number",
    "numbers",
    "shortened",
    "spanned",
    "whole",
]

SCOPES = {
    "global": "every two-layer network of every width",
    "dictionary": "networks of atoms of the dictionary",
    "local": "what a search came across",
}
PROGRAMS = {
    "all": "the training problem itself",
    "wedge": "wedges of samples alone",
    "sampled": "wedges drawn at random",
    "chains": "parallel chains of unit width",
    "columns": "sums of the columns",
}
OTHERS = {
    True: "this one alone, up to the order of its neurons",
    False: "one of many: others have the same value and the same fit, and may predict something else elsewhere",
    None: "whether it is the only one was not decided",
}


def spanned(study: Study) -> dict[int, list[int]]:
    """The samples in the names of the neurons, each with the neurons that it spans."""
    found: dict[int, list[int]] = {}
    for position, neuron in enumerate(study.network.neurons):
        for j in neuron.atom.samples:
            found.setdefault(j, []).append(position)
    return found


def above(gap: float, digits: int = 2) -> str:
    """So many digits of a gap, rounded up."""
    return rounded(gap, ROUND_CEILING, digits)


def facts(study: Study) -> dict[str, Any]:
    """The certificate as numbers: exact ones as they are, others as text."""
    c = study.solution.certificate
    bound = (
        "lower bound, from the dual" if c.coverage.scope != "local" else "estimate from the dual, no bound"
    )
    rows: dict[str, Any] = {
        "training objective of this network": c.primal if c.exact else short_number(c.primal, 12),
        bound: c.dual if c.exact else short_number(c.dual, 12),
        "gap": "0, exactly" if c.exact else f"{above(c.gap)} (relative {above(c.relative_gap)})",
        "largest |correlation| / reg": short_number(c.largest_correlation, 12),
        "scope": f"{c.coverage.scope}: {SCOPES[c.coverage.scope]}",
        "program": f"{c.coverage.program}: {PROGRAMS[c.coverage.program]}",
        "looked at": f"{c.count:,} {c.coverage.counted}",
        "arithmetic": "rational, exact" if c.exact else "float64",
    }
    if c.coverage.scope != "local":
        seen = study.spread is not None and study.spread.is_open  # that others predict something else
        rows["optimal networks"] = OTHERS[False if seen else study.solution.unique]
    if c.names_are_loose:
        rows["names of partial wedges"] = f"give their weights to {c.name_error:.1g} only: v had not settled"
    return {
        key: re.sub(r"(?<![a-z])-|(?<=e)-", "−", value) if isinstance(value, str) else value
        for key, value in rows.items()
    }


def left_open(study: Study) -> dict[str, Any] | None:
    """What the page says of the predictions of all optimal networks; nothing where they were not looked at."""
    spread = study.spread
    if spread is None:
        return None
    x, (low, high) = spread.points[spread.widest], spread.ends[spread.widest].tolist()
    columns = x if study.scaling is None else x * study.scaling.deviation + study.scaling.mean
    digits = {"low": number(low, 3), "high": number(high, 3)}
    return {
        "points": len(spread.points), "merged": spread.merged, "open": spread.is_open, "columns": columns.tolist(),
        "both": low < 0 < high, **digits,
    }  # fmt: skip


def shortened(name: str, most: int = 30) -> str:
    """A name in letters that a picture can show, a long one without its middle."""
    name = printable(name)
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def cell(value: float) -> str:
    """A number of the file: whole numbers in full, others to eight digits."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return (f"{value:.0f}" if whole else f"{value:.8g}").replace("-", "−")


def number(value: Any, digits: int = 5) -> str:
    """A computed number, an exact one in full where it is short, with a minus sign that is one."""
    text = f"{value + 0.0:.{digits}g}" if isinstance(value, float) else short_number(value)
    return text.replace("-", "−")


def numbers(value: Any, digits: int = 5) -> str:
    """A computed number, or those of a vector."""
    return ", ".join(number(each, digits) for each in value) if np.ndim(value) else number(value, digits)


def whole(value: Any) -> str:
    """An exact number in full; empty for a float, which has no more digits than are shown of it."""
    if not is_exact(value):
        return ""
    with any_size():
        return str(value).replace("-", "−")


def hidden(value: Any) -> str:
    """An exact number in full where it is too long to be shown in a line."""
    text = whole(value)
    return text if len(text) > SHORT else ""
