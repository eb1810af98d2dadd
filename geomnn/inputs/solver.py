"""HiGHS as a bound: what no point of a program is below, whether or not its search came to an end.

Tolerances let more points in than there are, which is on the safe side of a bound; what reduced costs and gaps leave is
relative to costs whose sizes sum to COST, and the bound is lowered by TRUST for it, as in `dictionaries.branching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from geomnn.deadline import Deadline
from geomnn.dictionaries.branching import COST, TRUST
from geomnn.machine import quiet_stdout

__all__ = ["Solved", "solved"]


@dataclass(frozen=True)
class Solved:
    """What a program says.

    Parameters
    ----------
    bound : float
        No point has a lower cost; infinite where there is no point.
    point : ndarray or None
        The best one that was found.
    stopped : bool
        Whether time was over before that was the best one there is.
    """

    bound: float
    point: np.ndarray | None
    stopped: bool = False


def solved(
    cost: np.ndarray,
    whole: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    rows: Any,
    right: np.ndarray,
    deadline: Deadline,
) -> Solved:
    """min cost·x over rows x ≤ right, low ≤ x ≤ high, with whole numbers where that is 1, until the deadline.

    Parameters
    ----------
    cost, whole, low, high : ndarray, shape (n,)
    rows : sparse array, shape (m, n)
    right : ndarray, shape (m,)
    deadline : Deadline
    """
    left, size = deadline.left(), float(np.abs(cost).sum()) or 1.0
    if left <= 0:
        return Solved(-np.inf, None, True)
    options = {"mip_rel_gap": 0.0}
    with quiet_stdout():
        result = milp(
            cost * (COST / size), integrality=whole, bounds=Bounds(low, high),
            constraints=LinearConstraint(rows, -np.inf, right),
            options={**options, "time_limit": left} if np.isfinite(left) else options,
        )  # fmt: skip
    if result.status == 2:
        return Solved(np.inf, None)
    bound = result.mip_dual_bound if whole.any() else result.fun if result.status == 0 else None
    if bound is None or not np.isfinite(bound):
        return Solved(-np.inf, result.x, result.status == 1)
    return Solved(float(bound) * size / COST - TRUST * size, result.x, result.status == 1)
