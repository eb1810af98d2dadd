"""A way down as a file: the networks at which its pieces begin and end, number by number, and a dual point.

Source: geomnn theory, section 10; `geomnn.checker.descents` has what is proved by what.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.checker.descents import DESCENT_FORMAT, DESCENT_VERSION, descent_claim
from geomnn.checker.digits import any_size
from geomnn.checker.statements import digest, seal
from geomnn.numbers.rationals import exact_reg, exact_targets
from geomnn.optima.downhill import Weights
from geomnn.programs.problem import Problem

__all__ = ["descent_document"]

BITS = 64  # of the largest entry of the dual point


@any_size()
def descent_document(
    problem: Problem, networks: Iterable[Weights], dual: np.ndarray | None
) -> dict[str, Any]:
    """What `geomnn.checker` checks of a path along which (T) never rises, as plain lists, strings and numbers.

    Parameters
    ----------
    problem : Problem
    networks : iterable of (W, b, alpha, t)
        At which the pieces of the path begin and end.
    dual : ndarray, shape (n,), optional
        The residual of the end, where all atoms are compared with it.
    """
    samples, reg = problem.samples, exact_reg(problem.written[1])
    rows, targets = samples.rows, exact_targets(np.reshape(problem.written[0], -1))
    asked = {"loss": problem.loss.name, "norm": f"{problem.norm:g}", "bias": samples.bias, "reg": str(reg),
             "program": "all", "features": None, "target": None, "classes": None, "samples": len(rows)}  # fmt: skip
    document = {
        "format": DESCENT_FORMAT,
        "version": DESCENT_VERSION,
        "problem": asked | {"sha256": digest(asked, rows, targets)},
        "networks": [_listed(samples.bias, *network) for network in networks],
        "dual": None if dual is None else _integers(dual, samples.bias),
    }
    document["claim"], _ = descent_claim(document, rows, targets)
    return document | {"seal": seal(document)}


def _listed(bias: bool, W: np.ndarray, b: np.ndarray, alpha: np.ndarray, t: float) -> dict[str, Any]:
    """(α, w, b) of each slot, and t; 0.0 has no sign."""
    slots = np.column_stack([alpha, W, b] if bias else [alpha, W]) + 0.0
    return {"t": float(t) + 0.0, "slots": slots.tolist()}


def _integers(dual: np.ndarray, bias: bool) -> list[int]:
    """The dual point in units of its last digits; with a bias they sum to 0."""
    v = [Fraction(value) for value in dual.tolist()]
    largest = max(map(abs, v), default=Fraction(0)) or Fraction(1)
    a = [round(value / largest * 2**BITS) for value in v]
    k = max(range(len(a)), key=lambda i: abs(a[i]))
    a[k] -= sum(a) * bias
    return a
