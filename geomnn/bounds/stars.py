"""Plans of stars: the correlation of a unit neuron is at most what the arrows of each sample together cost.

    Σ_i v_i (a_i)_+ ≤ max over l, ± of Σ_i (±q_il)_+,   q_i = Σ_j π_ij (x_i − x_j),   div π = v,   ‖w‖_1 = 1,

with another plan for −v. What is relaxed is that a unit is a ridge: its class holds every convex function with slopes
between −μ⁻ and μ⁺, which for one feature is a mixture of units, so that nothing is lost there.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.bounds import elimination
from geomnn.bounds.interior_point import Iterate
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import Plan
from geomnn.bounds.relaxation import Fit, Pairs, Relaxation
from geomnn.programs.problem import Problem

__all__ = ["StarBound", "StarRelaxation"]


class StarRelaxation(Relaxation):
    """Convex functions with slopes in a box: f_j ≥ f_i + g_i·(x_j − x_i) for all pairs.

    Without a bias they are homogeneous, f_i = g_i·x_i, and not below 0.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def __init__(self, fit: Fit, pairs: Pairs):
        super().__init__(fit, pairs)
        self._size = self.heights * self.d
        self._topology = pairs.start, pairs.column, pairs.differences
        self._factors = np.empty((self.heights, self.d, self.d))
        self._blocks = np.empty((self.signs, self.order, self.order))
        if fit.origin:
            self.tight = np.flatnonzero(pairs.column == self.n - 1)
            self._tied = (pairs.sign * self.n + pairs.row)[self.tight]

    def _split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """f (signs N,), g (signs N, d) and μ (signs, 2d)."""
        f, g, slopes = np.split(x, [self.heights, self.heights + self._size])
        return f, g.reshape(-1, self.d), slopes.reshape(self.signs, -1)

    def _boxes(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The parts of the boxes above and below, (signs N, d), and of −μ ≤ 0, (signs, 2d), of anything on rows."""
        first = len(self.pairs)
        above, below, rest = np.split(z[first:], [self._size, 2 * self._size])
        return above.reshape(-1, self.d), below.reshape(-1, self.d), rest.reshape(self.signs, -1)

    def start(self) -> Iterate:
        points, extent = self.fit.points, np.maximum(1.0, np.abs(self.fit.points).max(axis=0))
        slopes = self.cheap_slopes()
        if self.fit.origin:  # |K x|, which is homogeneous
            stretched = points * slopes / 2
            f = np.linalg.norm(stretched, axis=1)
            g = stretched * slopes / 2 / np.where(f > 0, f, 1.0)[:, None]
        else:  # x'K x/2
            g = points * slopes / extent / 2
            f = np.sum(g * points, axis=1) / 2
        x = np.concatenate(
            [np.tile(f, self.signs), np.tile(g.ravel(), self.signs), np.tile(slopes, 2 * self.signs)]
        )
        return self.begin(x, float(self.fit.prices @ slopes) / self.d / (2 * self.n))

    def rows(self, x: np.ndarray) -> np.ndarray:
        f, g, slopes = self._split(x)
        out = np.empty(len(self.pairs))
        elimination.stretched(*self._topology, self.n, f, g, out)
        up, down = (np.repeat(part, self.n, axis=0) for part in np.split(slopes, 2, axis=1))
        return np.concatenate([out, (g - up).ravel(), (-g - down).ravel(), -slopes.ravel()])

    def columns(self, z: np.ndarray) -> np.ndarray:
        above, below, rest = self._boxes(z)
        f, g = np.zeros(self.heights), above - below
        elimination.slopes_of(*self._topology, self.n, z, f, g)
        sums = [part.reshape(self.signs, self.n, self.d).sum(axis=1) for part in (above, below)]
        return np.concatenate([f, g.ravel(), (-np.hstack(sums) - rest).ravel()])

    def violations(self, x: np.ndarray, sign: int, rows: np.ndarray) -> np.ndarray:
        f, g, _ = self._split(x)
        f, g = f[sign * self.n : (sign + 1) * self.n], g[sign * self.n : (sign + 1) * self.n].copy()
        points = self.fit.points
        if self.fit.origin:
            g[-1] = 0.0
        excess = g[rows] @ points.T
        excess += (f[rows] - np.sum(g[rows] * points[rows], axis=1))[:, None]
        excess -= f
        if self.fit.origin:
            excess[:, -1] = 0.0  # there all are, and hold with equality
        return excess

    def condensed(self, weights: np.ndarray) -> np.ndarray:
        above, below, rest = self._boxes(weights)
        self._weights = weights[: len(self.pairs)], above, below
        elimination.condensed(*self._topology, *self._weights, self._blocks, self._factors)
        places = np.arange(self.n, self.order)
        self._blocks[:, places, places] += rest
        return self._blocks

    def condense(self, right: np.ndarray) -> np.ndarray:
        f, g, slopes = self._split(right)
        condensed = np.hstack([f.reshape(self.signs, -1), slopes])
        elimination.reduced(*self._topology, *self._weights, self._factors, g, condensed)
        return condensed

    def expand(self, right: np.ndarray, solution: np.ndarray) -> np.ndarray:
        g = self._split(right)[1].copy()
        elimination.expanded(*self._topology, *self._weights, self._factors, solution, g)
        return np.concatenate([solution[:, : self.n].ravel(), g.ravel(), solution[:, self.n :].ravel()])


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
    relaxation = StarRelaxation

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
