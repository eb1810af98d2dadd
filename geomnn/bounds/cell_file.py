"""Proofs by cells as files: v and the masses of its pairs in integers, and a tree that is grown by the checker's rule.

The search keeps no tree, and works in float64; so one is grown anew, on which each cell that is not halved is closed as
`geomnn.checker.cones` decides it, for a T that is a little higher than the one that was proven.

Source: geomnn theory, section 9, L8 to L10.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import Any

import numpy as np

from geomnn.bounds.closing import LEAST_SHARE
from geomnn.bounds.pairs import level
from geomnn.bounds.proving import Proven
from geomnn.checker.cells import cell_words, fingerprint
from geomnn.checker.cones import Cell, Grid, closed, halves, roots
from geomnn.checker.plans import PROOF_FORMAT, scaled
from geomnn.errors import OptionError

__all__ = ["cell_parts"]

DUAL_BITS = 24  # of the largest |v_i|
ROOM = Fraction(1, 1 << 18)  # part of T by which it is above what was proven, so that there is a finite tree
DEEPEST = 200  # exponent of a generator up to which cells are halved


def cell_parts(
    proven: Proven, asked: dict[str, Any], rows: list[list[Fraction]], targets: list[Fraction], reg: Fraction
) -> dict[str, Any]:
    """What a document has beside its problem and its seal.

    Parameters
    ----------
    proven : Proven
        By cells, of one output.
    asked : dict
        The problem.
    rows, targets, reg
        As the checker reads them.

    Raises
    ------
    OptionError
        If the bound is 0, or no finite tree is found.
    """
    (cover,), samples, bias = proven.proof.evidence, proven.bound.problem.samples, asked["bias"]
    scale = proven.proof.scale(proven.bound.problem)
    v = proven.proof.dual[:, 0]
    size = float(np.abs(v).max(initial=0.0))
    if not size or not scale:
        raise OptionError("The bound is 0, which needs no proof: nothing is written.")
    per = 2.0**DUAL_BITS / size
    whole = np.rint(v * per)
    dual = [int(a) for a in (level(whole, whole.sum()) if bias else whole)]
    ends = samples.distinct[cover.pairs.first], samples.distinct[cover.pairs.second]
    masses = np.rint(cover.pairs.masses * per)
    found = sorted((int(i), int(j), int(m)) for i, j, m in zip(*ends, masses, strict=True) if m)
    pairs = [list(each) for each in found]
    grid = Grid.of(scaled(rows, asked["scaling"]), bias)
    # D(s v) is largest where the largest correlation of v counts as reg/s, which is no less than it is
    most = ceil(
        (1 + ROOM) * (reg * Fraction(per) / Fraction(scale)) * grid.scale + grid.slack(dual, asked["norm"])
    )
    steps = [step for root in roots(grid, dual, pairs, bias) for step in _grown(root, most, asked["norm"])]
    unit, tree = reg * grid.scale / (most + grid.slack(dual, asked["norm"])), bytes(steps).hex()
    value = (
        unit * sum(a * y for a, y in zip(dual, targets, strict=True)) - unit**2 * sum(a * a for a in dual) / 2
    )
    return {
        "format": PROOF_FORMAT,
        "version": 1,
        "bound": "cells",
        "dual": dual,
        "pairs": pairs,
        "most": most,
        "tree": tree,
        "sha256": fingerprint(pairs, tree),
        "claim": {"dual": str(value), "cells": len(steps), "statement": cell_words(len(steps), value)},
    }


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
