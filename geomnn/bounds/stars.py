"""Plans of stars: the correlation of a unit neuron is at most what the arrows of each sample together cost.

    Σ_i v_i (a_i)_+ ≤ max over l, ± of Σ_i (±q_il)_+,   q_i = Σ_j π_ij (x_i − x_j),   div π = v,   ‖w‖_1 = 1,

with another plan for −v. What is relaxed is that a unit is a ridge: its class holds every convex function with slopes
between −μ⁻ and μ⁺, which for one feature is a mixture of units, so that nothing is lost there. For p = 2 slopes are in
an ellipsoid, and the plan is measured in its metric; for p = ∞ Σ_l A_l is a bound, A_l the cost of a feature.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.bounds.convex import BoxRelaxation
from geomnn.bounds.ellipsoids import EllipsoidRelaxation
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import Plan
from geomnn.bounds.relaxation import Relaxation
from geomnn.norms import ball
from geomnn.programs.problem import Problem

__all__ = ["StarBound"]

# of a step with ellipsoids, some seconds, as for 500 samples of 35 features; beyond, slopes are in boxes for p = 2 too
MOST_PRODUCTS = 1e10


class StarBound(PlanBound):
    """The correlation of every unit neuron of a two-layer network, bounded by plans of stars.

    Parameters
    ----------
    problem : Problem

    Source: geomnn theory, section 9.
    """

    name = "stars"
    words = "plans of stars"
    moves = True
    rays = True
    relaxation: type[Relaxation] = BoxRelaxation

    def __init__(self, problem: Problem):
        super().__init__(problem)
        nodes, d = self.nodes.points.shape
        if problem.norm == 2 and EllipsoidRelaxation.size(nodes, d)[1] <= MOST_PRODUCTS:
            self.relaxation, self.ball = (
                EllipsoidRelaxation,
                ball(1),
            )  # one price, as the metric weighs features

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        return ""

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        return 1

    def lines(self, plan: Plan, points: np.ndarray) -> np.ndarray:
        return plan.stars(points)

    def signs(self) -> int:
        return 2
