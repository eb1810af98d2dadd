"""The fewest neurons of an optimal network: as few cells as have a point of Z* together.

    minimise Σ_C β_C   subject to  Σ_C z^C ∈ Z*,  0 ≤ z^C_u ≤ high_u β_C,  β_C ∈ {0, 1},

over the cells whose neurons may be one, or over the atoms. SciPy's branch and bound (HiGHS) proposes cells in float64,
a linear program over them has the last word, and where they have no point one of the others is asked for as well.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from geomnn.optima.polytope import ExactPolytope
from geomnn.optima.slots import Slots

__all__ = ["fewest_cells"]

MOST_SETS = 2000  # of cells that are looked at for a proof
ABOVE = 1.01  # the largest amount, times that, is what the program allows: above its rounding, and no question of size


def fewest_cells(slots: Slots, highs: np.ndarray) -> tuple[list[int], bool]:
    """The places of the cells, and whether it is proved in rational numbers that fewer have no point.

    Parameters
    ----------
    slots : Slots
    highs : ndarray, shape (k,)
        The largest amount of each atom.
    """
    found = _proposed(slots, highs)
    exact = isinstance(slots.polytope, ExactPolytope)
    while exact and found and comb(len(slots.cells), len(found) - 1) <= MOST_SETS:
        fewer = combinations(range(len(slots.cells)), len(found) - 1)
        better = next((list(cells) for cells in fewer if slots.holds(cells)), None)
        if better is None:
            return found, True
        found = better
    return found, exact and not found


def _proposed(slots: Slots, highs: np.ndarray) -> list[int]:
    """A choice of cells that has a point, the fewest as far as float64 sees."""
    cells, polytope = slots.cells, slots.polytope
    if not cells:
        return []
    parts = [(c, k) for c, cell in enumerate(cells) for k in sorted(cell)]
    columns = polytope.columns.astype(float) * (ABOVE * highs)
    right = polytope.right.astype(float)
    sizes = np.maximum(np.abs(columns).max(axis=1, initial=0.0), np.finfo(float).tiny)
    columns, right = columns / sizes[:, None], right / sizes
    n, count = len(parts), len(cells)
    equal = np.hstack([columns[:, [k for _, k in parts]], np.zeros((len(right), count))])
    below = np.hstack([np.eye(n), np.zeros((n, count))])
    below[np.arange(n), [n + c for c, _ in parts]] = -1.0
    limits = [LinearConstraint(equal, right, right), LinearConstraint(below, -np.inf, 0.0)]
    goal = np.append(np.zeros(n), np.ones(count))
    while True:
        answer = milp(goal, integrality=goal, bounds=Bounds(0.0, 1.0), constraints=limits)
        assert answer.x is not None, "all cells together have a point"
        found = np.flatnonzero(answer.x[n:] > 0.5).tolist()
        if slots.holds(found):
            return found
        others = np.append(np.zeros(n), ~np.isin(np.arange(count), found))
        limits.append(LinearConstraint(others[None], 1.0, np.inf))
