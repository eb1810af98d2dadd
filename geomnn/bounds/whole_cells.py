"""Cells in whole numbers, as a proof file has them: v, the masses of its pairs, and a tree grown by the checker's rule.

The search keeps no tree, and works in float64; so one is grown anew, on which each cell that is not halved is closed as
`geomnn.checker.cones` decides it, for a T that is a little higher than the one that was proven.

Source: geomnn theory, section 9, L8 to L10.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import Any

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.closing import LEAST_SHARE
from geomnn.bounds.pairs import level
from geomnn.bounds.whole_plans import rounded_dual, whole_unit
from geomnn.checker.cells import fingerprint
from geomnn.checker.cones import Cell, Grid, closed, halves, roots
from geomnn.errors import OptionError

__all__ = ["whole_cells"]

DUAL_BITS = 24  # of the largest |v_i|
ROOM = Fraction(1, 1 << 18)  # part of T by which it is above what was proven, so that there is a finite tree
DEEPEST = 200  # exponent of a generator up to which cells are halved


def whole_cells(
    bound: Bound, proof: Proof, rows: Sequence[Sequence[Fraction]], primal: float
) -> tuple[dict[str, Any], list[int], Fraction, Fraction]:
    """Pairs and tree, a, what no unit's correlation with a is above, and the size of 1 in v.

    Parameters
    ----------
    bound : CellBound
    proof : Proof
        One of its own.
    rows : sequence of sequences of Fraction, shape (n, d)
        The samples as the checker has them.
    primal : float
        The value of the network, of which a tree takes no notice.

    Raises
    ------
    OptionError
        If no finite tree is found.
    """
    (cover,), problem = proof.evidence, bound.problem
    samples, norm, v = problem.samples, f"{problem.norm:g}", proof.dual[:, 0]
    unit = whole_unit(float(np.abs(v).max()), DUAL_BITS)
    whole = rounded_dual(problem, v, unit)
    if problem.loss.is_quadratic:
        whole = np.rint(v / unit)
        whole = level(whole, whole.sum()) if samples.bias else whole
    a = [int(k) for k in whole]
    ends = samples.distinct[cover.pairs.first], samples.distinct[cover.pairs.second]
    masses = np.rint(cover.pairs.masses / unit)
    pairs = sorted([int(i), int(j), int(m)] for i, j, m in zip(*ends, masses, strict=True) if m)
    grid = Grid.of(rows, samples.bias)
    slack = grid.slack(a, norm)
    # D(s v) is largest where the largest correlation of v counts as reg/s, which is no less than it is
    reached = Fraction(problem.reg / proof.scale(problem)) / Fraction(unit)
    most = ceil((1 + ROOM) * reached * grid.scale + slack)
    steps = [step for root in roots(grid, a, pairs, samples.bias) for step in _grown(root, most, norm)]
    tree = bytes(steps).hex()
    part = {"dual": a, "pairs": pairs, "most": most, "tree": tree, "sha256": fingerprint(pairs, most, tree)}
    return part, a, (most + slack) / grid.scale, Fraction(unit)


def _grown(root: Cell, most: int, norm: str) -> list[int]:
    """The cells of a root in the order of the checker, each by the number of the edge that is halved, or 0."""
    edges = list(combinations(range(len(root.linear)), 2))
    steps, stack = [], [root]
    while stack:
        cell = stack.pop()
        done, weights = closed(cell, most, norm)
        if done:
            steps.append(0)
            continue
        if max(cell.exponents) > DEEPEST:
            raise OptionError(
                "No finite tree of cells was found: the bound is too near to what neurons reach."
            )
        best = _longest(cell, weights, edges, most, norm)
        steps.append(best + 1)
        stack.extend(halves(cell, *edges[best]))
    return steps


def _longest(cell: Cell, weights: list[int], edges: list[tuple[int, int]], most: int, norm: str) -> int:
    """The edge along which most is lost, as `geomnn.bounds.closing.longest` has it, with a share for each generator."""
    unit = 2.0 ** -np.array(cell.exponents, dtype=float)
    columns = [row for pair in cell.pairs for row in pair] + cell.wanted + cell.unwanted
    values = np.reshape(np.array(columns, dtype=float), (-1, len(unit))) * unit
    axes = np.array(cell.axes, dtype=float) * unit
    order = {"1": 1, "2": 2, "inf": np.inf}[norm]
    p, q = np.transpose(edges)
    share = np.array(weights, dtype=float) / sum(weights) + LEAST_SHARE / len(weights)

    def lost(ends: np.ndarray, middle: np.ndarray) -> np.ndarray:
        return (ends[p] + ends[q] - middle) / 2

    terms = lost(np.abs(values).sum(axis=0), np.abs(values[:, p] + values[:, q]).sum(axis=0))
    sizes = lost(np.linalg.norm(axes, order, axis=0), np.linalg.norm(axes[:, p] + axes[:, q], order, axis=0))
    return int(np.argmax(np.sqrt(share[p] * share[q]) * (terms + most * np.maximum(sizes, 0.0))))
