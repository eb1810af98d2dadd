"""Plans of stars: the correlation of a unit neuron is at most what the arrows of each sample together cost.

    Σ_i v_i (a_i)_+ ≤ max over l, ± of Σ_i (±q_il)_+,   q_i = Σ_j π_ij (x_i − x_j),   div π = v,   ‖w‖_1 = 1,

with another plan for −v. What is relaxed is that a unit is a ridge: its class holds every convex function with slopes
between −μ⁻ and μ⁺, which for one feature is a mixture of units, so that nothing is lost there.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.bounds.convex import BoxRelaxation
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import Plan
from geomnn.programs.problem import Problem

__all__ = ["StarBound"]


class StarBound(PlanBound):
    """The correlation of every unit neuron of a two-layer network, bounded by plans of stars; p = 1.

    Parameters
    ----------
    problem : Problem

    Source: geomnn theory, section 9.
    """

    name = "stars"
    words = "plans of stars"
    moves = True
    rays = True
    relaxation = BoxRelaxation

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        return "" if problem.norm == 1 else f"norm={problem.norm:g}"

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        return 1

    def cost(self, plan: Plan, points: np.ndarray) -> np.ndarray:
        return plan.star_costs(points)

    def length(self, costs: np.ndarray) -> float:
        return float(costs.max(initial=0.0))

    def signs(self) -> int:
        return 2
