"""Whether an optimal network is the only one.

The optimal (z, t) over the dictionary are a point exactly if no change of it is one within them: no d ≠ 0 with

    Σ_u d_u φ_u ⊗ o_u + 1 ⊗ e = 0  for some e,   d_u ≥ 0 on the active atoms that the network does not use.

The amounts of those in use do not matter: where the optimum is exact they are taken to be 1, and the simplex method
looks for a second point of that polytope. By Motzkin's theorem, as the columns in use are independent, there is no such
change exactly if some y has y·(φ_u ⊗ o_u) = 0 on those in use, > 0 on the others and y·(1 ⊗ e) = 0 for all e. In
float64 a linear program finds the one or the other, which is checked up to rounding.

Where all unit neurons compete, two neurons of the network with the same o_u and no sample between them, x̃·u > 0 > x̃·u',
merge to one neuron of the same outputs and cost, and with a bias one that is active on all samples trades b for t.

Source: geomnn theory, sections 0 and 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from geomnn.optima.active import ActiveAtoms
from geomnn.optima.polytope import APART, ExactPolytope

__all__ = [
    "ROUNDING",
    "far_side",
    "is_point",
    "is_unique",
    "is_unique_over_dictionary",
    "kinks_and_slopes",
    "may_merge",
]

# relative to columns, all of one size, up to which a combination of them is zero, and to the largest entry of a
# vector, up to which an entry is: columns are those of atoms in floats, whose rounding their inverse makes larger
ROUNDING = 1e-9


def is_unique_over_dictionary(found: Sequence[ActiveAtoms]) -> bool | None:
    """What all of several sets of active atoms say: whether there is one optimal (z, t), None where undecided.

    Parameters
    ----------
    found : sequence of ActiveAtoms
        One that is exact, or some of several tolerances.
    """
    points = {is_point(active) for active in found}
    return points.pop() if len(points) == 1 else None


def is_unique(
    found: Sequence[ActiveAtoms], one: bool | None, bias: bool, merging: bool, shallow: bool
) -> bool | None:
    """Whether the network is the only optimum, of all that compete; None where undecided.

    Parameters
    ----------
    found : sequence of ActiveAtoms
    one : bool or None
        What `is_unique_over_dictionary` says of them.
    bias : bool
    merging : bool
        Whether all unit neurons compete, so that neurons may merge.
    shallow : bool
        Whether there is one hidden layer; of more, features below may be made in other ways too.
    """
    if not one:
        return one
    if not shallow:
        return None
    if merging and any(may_merge(active, bias) for active in found):
        return False if found[0].exact else None  # in float64 a sample between them may hide
    return True


def is_point(active: ActiveAtoms) -> bool | None:
    """Whether there is one optimal (z, t) over the dictionary; None where that could not be decided.

    Parameters
    ----------
    active : ActiveAtoms
        With integers for an answer that is proved, with floats for one up to rounding.
    """
    table = np.hstack([active.constants, active.columns])
    free = np.append(np.ones(active.constants.shape[1], dtype=bool), active.used)
    if not table.shape[1] or free.all():
        return True  # the columns of a network are independent
    if active.exact:
        rows = active.columns[1:] - active.columns[:1] if active.constants.size else active.columns
        ones = active.used.astype(int).astype(object)
        return ExactPolytope(rows, rows @ ones, ones).is_point()
    sizes = np.linalg.norm(table, axis=0)
    scaled = table / np.where(sizes > 0, sizes, 1.0)
    change = _change(scaled, free)
    if change is not None:
        return False if _changes(scaled, free, change) else None
    return True if _separates(scaled, free) else None


def may_merge(active: ActiveAtoms, bias: bool) -> bool:
    """Whether two neurons of the network merge, or one is active on all samples where there is a bias."""
    sides, ways = active.sides[:, active.used], active.ways[active.used]
    if bias and (sides >= 0).all(axis=0).any():
        return True
    between = (sides > 0).T.astype(int) @ (sides < 0).astype(int)
    same = np.abs(ways[:, None] - ways[None]).max(axis=2, initial=0.0) <= APART
    return bool((same & (between + between.T == 0) & ~np.eye(len(ways), dtype=bool)).any())


def kinks_and_slopes(units: np.ndarray, ways: np.ndarray, d: int, tolerance: float) -> np.ndarray:
    """What amounts a_u make of a function, rows (…, k): as (u·x̃)_+ = (|u·x̃| + u·x̃)/2, the kinks of each hyperplane and
    the slopes.

    Parameters
    ----------
    units : ndarray, shape (k, d + 1)
    ways : ndarray, shape (k, c)
        o_u.
    d : int
    tolerance : float
        Relative, of the entries of two units of one hyperplane.
    """
    planes, (k, c) = _hyperplanes(units, tolerance), ways.shape
    kinks = np.zeros((max(planes, default=-1) + 1, c, k), dtype=units.dtype)
    kinks[planes, :, range(k)] = ways
    slopes = np.einsum("kc,kd->cdk", ways, units[:, :d])
    return np.vstack([kinks.reshape(-1, k), slopes.reshape(-1, k)])


def _hyperplanes(units: np.ndarray, tolerance: float) -> list[int]:
    """A number for each unit, the same for those of one hyperplane."""
    numbers: list[int] = []
    for k, unit in enumerate(units):
        size = tolerance * np.abs(unit).max()
        opposite = np.abs(units[:k] + unit).max(axis=1, initial=0) <= size
        known = np.flatnonzero(opposite)
        numbers.append(numbers[known[0]] if len(known) else max(numbers, default=-1) + 1)
    return numbers


def _change(columns: np.ndarray, free: np.ndarray) -> np.ndarray | None:
    """Some d with columns·d = 0, and Σ d = 1 and d ≥ 0 on those that are not free; None if there is none."""
    rows = np.vstack([columns, np.where(free, 0.0, 1.0)])
    right = np.append(np.zeros(len(columns)), 1.0)
    bounds = [(None, None) if each else (0.0, None) for each in free]
    found = linprog(np.zeros(len(free)), A_eq=rows, b_eq=right, bounds=bounds, method="highs-ds")
    return found.x if found.status == 0 else None


def _support(change: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.abs(change) > ROUNDING * np.abs(change).max())


def _changes(columns: np.ndarray, free: np.ndarray, change: np.ndarray) -> bool:
    """Whether the change is one up to rounding."""
    kept = _support(change)
    _, singular, right = np.linalg.svd(columns[:, kept], full_matrices=False)
    null = right[-1] * np.sign(right[-1] @ change[kept])
    positive = (null[~free[kept]] > 0).all()
    return bool(len(kept) > len(columns) or (singular[-1] <= ROUNDING and positive))


def _separates(columns: np.ndarray, free: np.ndarray) -> bool:
    """Whether some y is orthogonal to the free columns and clearly on one side of the others."""
    left, singular, _ = np.linalg.svd(columns[:, free])
    rank = np.count_nonzero(singular > APART * singular.max(initial=0.0))
    rest = left[:, rank:].T @ columns[:, ~free]
    return rank == np.count_nonzero(free) and far_side(rest) is not None


def far_side(rows: np.ndarray) -> np.ndarray | None:
    """y in the unit cube with y·column ≥ APART·‖column‖ for all, the farthest from them; None if there is none."""
    sizes = np.linalg.norm(rows, axis=0)
    if not len(rows) or (sizes == 0).any():
        return None
    cost = np.append(np.zeros(len(rows)), -1.0)
    table = np.column_stack([-(rows / sizes).T, np.ones(rows.shape[1])])
    bounds = [(-1.0, 1.0)] * len(rows) + [(None, 1.0)]
    found = linprog(cost, A_ub=table, b_ub=np.zeros(rows.shape[1]), bounds=bounds, method="highs-ds")
    return found.x[:-1] if found.status == 0 and -found.fun >= APART else None
