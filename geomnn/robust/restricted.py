"""A robust program over a few atoms, from the middle of its optima and from a vertex of them.

    minimise Σ_i s_i h(ρ_i) + reg Σ_j a_j   subject to   ρ_i ≥ c_r + σ_r (Σ_j a_j ψ_rj + t) for its rows r,   a ≥ 0.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from geomnn.bounds.interior_point import interior_point
from geomnn.deadline import Deadline
from geomnn.robust.equations import Equations
from geomnn.robust.rows import Rows

__all__ = ["SOLVED", "fewest", "minimised"]

SOLVED = 1e-10  # relative gap, and residuals of vertices, that are asked for in columns of size one


def minimised(
    rows: Rows, columns: np.ndarray, reg: float, bias: bool, limit: float, accuracy: float = SOLVED
) -> tuple[np.ndarray, float, np.ndarray]:
    """Sizes a (k,), the intercept t and multipliers λ (R,) of the optimum, or near it if time or rounding ends it.

    Parameters
    ----------
    rows : Rows
    columns : ndarray, shape (R, k)
        ψ, with signs.
    reg : float
    bias : bool
        Whether there is an intercept.
    limit : float
        Seconds.
    accuracy : float
        Relative, of the gap.
    """
    scale, size = _scales(columns), rows.value(np.zeros(len(columns)))
    if size == 0:  # and nothing is better than no neurons
        return np.zeros(columns.shape[1]), 0.0, np.zeros(len(columns))
    inner = np.column_stack([rows.sign[:, None] * columns / scale, *[rows.sign] * bias])
    program = Equations(rows, inner, reg / scale / size, size)
    end = interior_point(program, accuracy, Deadline.after(limit))
    sizes, shift, multipliers = program.found(end)
    return sizes / scale, shift, size * multipliers


def fewest(
    rows: Rows, columns: np.ndarray, worst: np.ndarray, bias: bool, limit: float
) -> tuple[np.ndarray, float] | None:
    """Sizes (k,) and intercept at a vertex of the optima, where `minimised` ends in the middle of them.

    Least Σ a with worst values of at most ρ (n,): of no more neurons than rows that reach ρ, up to the intercept. None
    if rounding or time leaves no such sizes.

    Parameters
    ----------
    rows : Rows
    columns : ndarray, shape (R, k)
    worst : ndarray, shape (n,)
    bias : bool
    limit : float
        Seconds.
    """
    if not columns.shape[1]:
        return None
    scale = _scales(columns)
    A = np.column_stack([rows.sign[:, None] * columns / scale, *[rows.sign] * bias])
    bounds = [(0, None)] * len(scale) + [(None, None)] * bias
    cost = np.append(1 / scale, np.zeros(int(bias)))
    options = {
        "primal_feasibility_tolerance": SOLVED,
        "dual_feasibility_tolerance": SOLVED,
        "time_limit": limit,
    }
    found = linprog(
        cost, A, worst[rows.sample] - rows.constant, bounds=bounds, method="highs-ds", options=options
    )
    return (found.x[: len(scale)] / scale, float(found.x[-1]) if bias else 0.0) if found.status == 0 else None


def _scales(columns: np.ndarray) -> np.ndarray:
    """The largest value of each column, which the solvers have as 1; that of all where a column is none but rounding.

    An atom has such a column where no point is left on its positive side, and there it costs what others do.
    """
    scale = np.abs(columns).max(axis=0, initial=0.0)
    largest = scale.max(initial=0.0)
    return np.where(scale > np.finfo(float).eps * largest, scale, largest if largest else 1.0)
