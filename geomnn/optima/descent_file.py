"""A way down as a file: the networks at which its pieces begin and end, of which `geomnn.checker.descents` has proofs.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geomnn.checker.descents import DESCENT_FORMAT, DESCENT_VERSION, descent_claim
from geomnn.checker.digits import any_size
from geomnn.checker.statements import digest, seal
from geomnn.numbers.rationals import exact_reg, exact_targets
from geomnn.optima.downhill import Weights
from geomnn.programs.problem import Problem

__all__ = ["descent_document"]


@any_size()
def descent_document(problem: Problem, networks: Iterable[Weights]) -> dict[str, Any]:
    """What `geomnn.checker` checks of networks (W, b, alpha, t) along which (T) falls, as plain lists and numbers."""
    samples, reg = problem.samples, exact_reg(problem.written[1])
    rows, targets = samples.rows, exact_targets(np.reshape(problem.written[0], -1))
    asked = {"loss": problem.loss.name, "norm": f"{problem.norm:g}", "bias": samples.bias, "reg": str(reg),
             "program": "all", "features": None, "target": None, "classes": None, "samples": len(rows)}  # fmt: skip
    listed = []
    for W, b, alpha, t in networks:
        slots = np.column_stack([alpha, W, b] if samples.bias else [alpha, W]) + 0.0  # no zero has a sign
        listed.append({"slots": slots.tolist(), "t": float(t) + 0.0})
    claim, _ = descent_claim(asked, listed, rows, targets)
    document = {
        "format": DESCENT_FORMAT,
        "version": DESCENT_VERSION,
        "problem": asked | {"sha256": digest(asked, rows, targets)},
        "networks": listed,
        "claim": claim,
    }
    return document | {"seal": seal(document)}
