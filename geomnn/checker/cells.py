"""Proofs by cells, checked: a tree of cones that cover all unit neurons, on each of which F(u) ≤ T ‖w‖.

The file has a = v/unit and masses on pairs of samples in integers, and the tree; that each cone is closed is computed
here, as `geomnn.checker.cones` has it, without any rounding. (T + slack)/scale is no less than the largest correlation
of a.

Source: geomnn theory, section 9, L8 to L10.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from geomnn.checker.cones import Cell, Grid, closed, halves, roots
from geomnn.checker.statements import Falsehood, brief, require

__all__ = ["check_cells", "fingerprint"]

PART_KEYS = {"dual", "pairs", "most", "tree", "sha256"}


def fingerprint(pairs: Any, most: Any, tree: Any) -> str:
    """SHA-256 of pairs, T and tree: other ones may well prove the same, and are not those that were written."""
    return hashlib.sha256(json.dumps([pairs, most, tree]).encode()).hexdigest()


def check_cells(
    part: Any, rows: Sequence[Sequence[Fraction]], problem: dict[str, Any], most: Fraction
) -> tuple[list[int], str]:
    """a, of which cells show that no unit neuron is correlated with it by more than so much."""
    norm, bias, n = problem["norm"], problem["bias"], len(rows)
    require(isinstance(part, dict) and set(part) == PART_KEYS,
            f"The keys of cells are not {', '.join(sorted(PART_KEYS))}.")  # fmt: skip
    a, pairs, level = part["dual"], part["pairs"], part["most"]
    require(isinstance(a, list) and len(a) == n and all(type(k) is int for k in a),
            "dual is no list of an integer for each sample.")  # fmt: skip
    require(not bias or sum(a) == 0, "The entries of dual do not sum to 0.")
    require(type(level) is int and level > 0, f"most is {brief(level)}.")
    require(
        isinstance(pairs, list) and all(_is_pair(each, n) for each in pairs), "A pair is not of two samples."
    )
    require(part["sha256"] == fingerprint(pairs, level, part["tree"]),
            "The pairs, T or the tree are not those that were written (sha256).")  # fmt: skip
    grid = Grid.of(rows, bias)
    require((level + grid.slack(a, norm)) / grid.scale <= most, "A correlation may be above reg.")
    cells = _check_tree(part["tree"], roots(grid, a, pairs, bias), level, norm)
    return a, f"{cells:,} cells cover all neurons, and none in them is correlated with dual by more than reg."


def _is_pair(each: Any, n: int) -> bool:
    """Whether it is i, j and a mass above 0."""
    whole = isinstance(each, list) and len(each) == 3 and all(type(k) is int for k in each)
    return whole and 0 <= each[0] < n and 0 <= each[1] < n and each[2] > 0


def _check_tree(tree: Any, begin: Iterable[Cell], most: int, norm: str) -> int:
    """How many cells a tree has: for each, from the root to the left, 00, or the number of the edge that is halved."""
    try:
        steps = bytes.fromhex(tree) if isinstance(tree, str) and tree.lower() == tree else b""
    except ValueError as reason:
        raise Falsehood("The tree is not written in hexadecimal digits.") from reason
    left = iter(steps)
    for root in begin:
        stack, edges = [root], list(combinations(range(len(root.linear)), 2))
        while stack:
            cell, step = stack.pop(), next(left, -1)
            require(0 <= step <= len(edges), "A cell is missing, or has no such edge.")
            if step:
                stack.extend(halves(cell, *edges[step - 1]))
            else:
                require(closed(cell, most, norm)[0], "A cell is not closed.")
    require(
        next(left, None) is None and 2 * len(steps) == len(tree), "There are more cells than the tree has."
    )
    return len(steps)
