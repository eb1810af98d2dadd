"""Multipliers in whole numbers, as a proof file has them, with a factor of the matrix S that they make.

They are rounded to multiples of the largest one over a power of two, and S − LLᵀ has what that loses, with what L
loses, in its norm.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.multipliers import matrix
from geomnn.bounds.whole_plans import rounded_dual, whole_unit
from geomnn.checker.multipliers import SHIFT, proven, tables
from geomnn.machine import one_blas_thread

__all__ = ["whole_multipliers"]

BITS = 32  # of the largest multiplier


@one_blas_thread()
def whole_multipliers(
    bound: Bound, proof: Proof, rows: Sequence[Sequence[Fraction]], primal: float
) -> tuple[dict[str, Any], list[int], Fraction, Fraction]:
    """The multipliers, a, what no unit's correlation with a is above, and the size of 1 in v.

    Parameters
    ----------
    bound : SemidefiniteBound
    proof : Proof
        One of its own, with multipliers.
    rows : sequence of sequences of Fraction, shape (n, d)
        The samples as the checker has them.
    primal : float
        The value of the network, to which nothing is lost that counts.
    """
    held, length = proof.evidence, Fraction(proof.evidence.length)
    parts = {
        "P1": held.P1,
        "P2": held.P2,
        "P3": held.P3,
        "p4": held.p4,
        "p5": held.p5,
        "mu": held.mu,
        "lambda": held.lam,
    }
    unit = whole_unit(max(float(np.abs(part).max(initial=0.0)) for part in parts.values()), BITS)
    whole = {key: np.rint(part / unit) for key, part in parts.items()}
    a = [int(k) for k in rounded_dual(bound.problem, proof.dual[:, 0], held.size * unit)]
    found, largest = [], Fraction(0)
    for table in tables(rows, a, length, bound.problem.samples.bias):
        b, seen = 2 * max(table.anchor, 0) + (table.sign < 0), table.samples
        P1, P2, P3 = (whole[key][b][np.ix_(seen, seen)] for key in ("P1", "P2", "P3"))
        p4, p5, mu, lam = whole["p4"][b][seen], whole["p5"][b][seen], whole["mu"][b], whole["lambda"][b]
        Z = np.array(table.rows, dtype=object).reshape(len(seen), -1) / Fraction(table.scale)
        r = np.array(table.a, dtype=float)[:, None]
        S = matrix(Z.astype(float), r, P1, P2, P3, p4, p5, mu, lam)
        each = {
            "mu": int(mu),
            "lambda": int(lam),
            "P1": _triangle(P1),
            "P2": _listed(P2),
            "P3": _triangle(P3),
            "p4": _listed(p4),
            "p5": _listed(p5),
            "L": _triangle(_factor(S)),
        }
        most = proven(each, table) * length
        found.append(each | {"most": str(most)})
        largest = max(largest, most)
    part = {"dual": a, "length": str(length), "tables": found}
    return part, a, largest, Fraction(held.size) * Fraction(unit)


def _factor(S: np.ndarray) -> np.ndarray:
    """L, lower triangular and rounded, with LLᵀ/2^SHIFT next to S, and where S has negative eigenvalues to 0 there."""
    values, vectors = np.linalg.eigh(S)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    lower = np.asarray(np.linalg.qr(root.T, mode="r")).T
    return np.rint(lower * 2.0 ** (SHIFT / 2))


def _triangle(matrix: np.ndarray) -> list[list[int]]:
    """The rows up to the diagonal."""
    return [_listed(row[: i + 1]) for i, row in enumerate(matrix)]


def _listed(values: np.ndarray) -> Any:
    return values.astype(int).tolist()
