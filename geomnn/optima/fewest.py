"""The fewest neurons of an optimal network: as few cells as have a point of Z* together.

    minimise Σ_C β_C   subject to  Σ_C z^C ∈ Z*,  0 ≤ z^C_u ≤ high_u β_C,  β_C ∈ {0, 1},

over the cells whose neurons may be one, or over the atoms. SciPy's branch and bound (HiGHS) proposes cells in float64,
a linear program over them has the last word, and where they have no point one of the others is asked for as well.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from geomnn.deadline import Deadline
from geomnn.machine import quiet_stdout
from geomnn.optima.polytope import ExactPolytope
from geomnn.optima.slots import Slots

__all__ = ["Proof", "fewest_cells"]

Proof = Literal["exact", "milp", "none"]

MOST_SETS = 2000  # of cells that are looked at for a proof
ABOVE = 1.01  # the largest amount, times that, is what the program allows: above its rounding, and no question of size


def fewest_cells(slots: Slots, highs: np.ndarray, deadline: Deadline) -> tuple[list[int], Proof]:
    """The places of the cells, and what says that fewer have no point: rational arithmetic, branch and bound, or
    nothing, where time was over before its end.

    Parameters
    ----------
    slots : Slots
    highs : ndarray, shape (k,)
        The largest amount of each atom.
    deadline : Deadline
    """
    found, proof = _proposed(slots, highs, deadline)
    exact = isinstance(slots.polytope, ExactPolytope)
    while exact and found and comb(len(slots.cells), len(found) - 1) <= MOST_SETS:
        fewer = combinations(range(len(slots.cells)), len(found) - 1)
        better = next((list(cells) for cells in fewer if slots.holds(cells)), None)
        if better is None:
            return found, "exact"
        found = better
    return found, proof if found or not exact else "exact"


def _proposed(slots: Slots, highs: np.ndarray, deadline: Deadline) -> tuple[list[int], Proof]:
    """A choice of cells that has a point, the fewest as far as float64 and the time see."""
    cells, polytope = slots.cells, slots.polytope
    if not cells:
        return [], "milp"
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
        options = {"time_limit": deadline.left()}
        with quiet_stdout():
            answer = milp(
                goal, integrality=goal, bounds=Bounds(0.0, 1.0), constraints=limits, options=options
            )
        if answer.x is None:
            return [*range(count)], "none"  # which have a point
        found = np.flatnonzero(answer.x[n:] > 0.5).tolist()
        if slots.holds(found):
            return found, "milp" if answer.status == 0 else "none"
        others = np.append(np.zeros(n), ~np.isin(np.arange(count), found))
        limits.append(LinearConstraint(others[None], 1.0, np.inf))
