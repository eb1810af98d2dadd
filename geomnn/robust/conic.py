"""A robust program over a few atoms, as a conic program.

    minimise Σ_i s_i h(ρ_i) + reg Σ_j a_j   subject to   ρ_i ≥ c_r + σ_r (Σ_j a_j ψ_rj + t) for its rows r,   a ≥ 0.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from geomnn.errors import package
from geomnn.robust.rows import Rows

__all__ = ["SOLVED", "fewest", "minimised"]

SOLVED = 1e-10  # relative gap and residuals that both solvers are asked for, in columns of size one
MORE_REGULAR = 1.0, 10.0  # of the solver's own: with less it stops short where many atoms are nearly the same
STOPPED_SHORT = 10.0  # of the accuracy that was asked for, from how far off on it has
SHORT = 0.01  # of a step of exponential cones, below which another scaling is tried; at the solver's own 0.1 it stops


def minimised(
    rows: Rows, columns: np.ndarray, reg: float, bias: bool, limit: float, accuracy: float = SOLVED
) -> tuple[np.ndarray, float, np.ndarray]:
    """Sizes a (k,), the intercept t and multipliers λ (R,) of the optimum, as the solver has them.

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
        Relative, of the gap, and of residuals beside reg.
    """
    clarabel = package("clarabel", "Robust training", "'geomnn[bounds]'")
    R, k = columns.shape
    scale = _scales(columns)
    size = max(rows.value(np.zeros(R)), np.finfo(float).tiny)  # of the objective, which the solver has as 1
    columns, costs = columns / scale, reg / scale / size
    loss = rows.loss.conic(rows.s, clarabel)
    owner = sparse.csr_array((-np.ones(R), (np.arange(R), rows.sample)), shape=(R, loss.A.shape[1]))
    inner = np.column_stack([rows.sign[:, None] * columns, *[rows.sign] * bias])
    A = sparse.block_array(
        [[sparse.csr_array(inner), owner], [-sparse.eye_array(k, k + bias), None], [None, loss.A]],
        format="csc",
    )
    b = np.concatenate([-rows.constant, np.zeros(k), loss.right])
    q = np.concatenate([costs, np.zeros(int(bias)), loss.linear / size])
    P = sparse.diags_array(np.concatenate([np.zeros(k + bias), loss.square / size]), format="csc")
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.time_limit, settings.direct_solve_method = False, limit, "qdldl"
    settings.min_switch_step_length = SHORT
    settings.tol_gap_abs, settings.tol_gap_rel = SOLVED, accuracy
    # residuals of correlations, which prove something only where they are small beside reg
    settings.tol_feas = max(SOLVED, accuracy * float(costs.min(initial=1.0)))
    cones, tried = [clarabel.NonnegativeConeT(R + k), *loss.cones], list[Any]()
    for factor in MORE_REGULAR:
        settings.static_regularization_constant *= factor
        tried.append(clarabel.DefaultSolver(P, q, A, b, cones, settings).solve())
        if tried[-1].status == clarabel.SolverStatus.MaxTime or _off(tried[-1]) <= STOPPED_SHORT * accuracy:
            break
    found = min(tried, key=_off)
    x, z = (np.nan_to_num(np.array(part), posinf=0.0, neginf=0.0) for part in (found.x, found.z))
    return np.maximum(x[:k], 0.0) / scale, float(x[k]) if bias else 0.0, size * z[:R]


def _off(found: Any) -> float:
    """How far an end of the solver is from an optimum: its gap and residuals."""
    off = np.array([found.obj_val - found.obj_val_dual, found.r_prim, found.r_dual])
    return float(np.nan_to_num(np.abs(off), nan=np.inf).max())


def fewest(
    rows: Rows, columns: np.ndarray, worst: np.ndarray, bias: bool, limit: float
) -> tuple[np.ndarray, float] | None:
    """Sizes (k,) and intercept at a vertex of the optima, where the solver of cones ends in the middle of them.

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
