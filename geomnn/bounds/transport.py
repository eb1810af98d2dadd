"""Transport plans: the correlation of a unit neuron is at most what it costs to move v⁺ to v⁻ along its slopes.

    |Σ_i v_i (a_i)_+| ≤ max over l, ± of Σ_ij π_ij (±(x_i − x_j)_l)_+,   div π = v,   ‖w‖_1 = 1,

and at most ‖A‖_q of these costs A_l for every p. Only slopes in [0, 1] are used, so that it holds for networks of any
depth and width, and for many activations, under the path penalty.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from geomnn.bounds.interior_point import Iterate, mean_product
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import Plan
from geomnn.bounds.relaxation import Fit, Pairs, Relaxation
from geomnn.machine import compiled
from geomnn.programs.problem import Problem

__all__ = ["TransportBound", "TransportRelaxation"]

# relative to the longest distance, the least at the start, as samples may differ by less than centring leaves
LEAST_DISTANCE = 1e-12


class TransportRelaxation(Relaxation):
    """Functions that rise from sample to sample by no more than their slopes allow.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def __init__(self, fit: Fit, pairs: Pairs):
        super().__init__(fit, pairs)
        self._parts = []
        for sign in range(self.signs):
            part = slice(*np.searchsorted(pairs.sign, [sign, sign + 1]))
            m = part.stop - part.start
            ends = np.column_stack([pairs.row[part], pairs.column[part]]).ravel()
            entries = np.tile([1.0, -1.0], m), ends, np.arange(0, 2 * m + 1, 2)
            steps = pairs.differences[part]
            allowed = np.hstack([np.maximum(steps, 0.0), np.maximum(-steps, 0.0)])
            self._parts.append((part, csr_array(entries, shape=(m, self.n)), allowed))

    def start(self) -> Iterate:
        slopes = self.cheap_slopes()
        f = np.abs(self.fit.points) @ slopes / 2 if self.fit.origin else np.zeros(self.n)
        x = np.concatenate([np.tile(f, self.signs), np.tile(slopes, 2 * self.signs)])
        distances = np.abs(self.fit.points[self.pairs.row] - self.fit.points[self.pairs.column]) @ slopes
        distances = np.maximum(distances, LEAST_DISTANCE * distances.max())
        unit = self.columns(np.concatenate([1 / distances, np.zeros(2 * self.signs * self.d)]))
        # so that what the pairs take of each price is at most a half, and −μ ≤ 0 takes the rest
        product = 0.5 / max(float((-self.last(unit) / self.costs).max()), 1 / float(slopes @ self.fit.prices))
        now = self.begin(x, product, distances)
        rest = self.last(self.gradient(x) + self.columns(now.multipliers)).ravel()
        multipliers = np.append(now.multipliers[: len(self.pairs)], now.multipliers[len(self.pairs) :] + rest)
        return replace(
            now, multipliers=multipliers, product=mean_product(now.slacks, multipliers, self.tight)
        )

    def rows(self, x: np.ndarray) -> np.ndarray:
        f, slopes = x[: self.heights].reshape(self.signs, -1), x[self.heights :].reshape(self.signs, -1)
        rises = [
            ends @ f[sign] - allowed @ slopes[sign] for sign, (_, ends, allowed) in enumerate(self._parts)
        ]
        return np.concatenate([*rises, -x[self.heights :]])

    def columns(self, z: np.ndarray) -> np.ndarray:
        f = [ends.T @ z[part] for part, ends, _ in self._parts]
        slopes = [-(z[part] @ allowed) for part, _, allowed in self._parts]
        return np.concatenate([*f, np.concatenate(slopes) - z[len(self.pairs) :]])

    def violations(self, x: np.ndarray, sign: int, rows: np.ndarray) -> np.ndarray:
        f, (up, down) = x[sign * self.n : (sign + 1) * self.n], np.split(self.last(x)[sign], 2)
        excess = f[rows, None] - f
        _allow(self.fit.points[rows], self.fit.points, up, down, excess)
        if self.fit.origin:
            excess[rows == self.n - 1] = -f  # from the origin, along which nothing is allowed
        return excess

    def condensed(self, weights: np.ndarray) -> np.ndarray:
        blocks = np.zeros((self.signs, self.order, self.order))
        bounds = weights[len(self.pairs) :].reshape(self.signs, -1)
        for sign, (part, ends, allowed) in enumerate(self._parts):
            w, block = weights[part], blocks[sign]
            weighed = w[:, None] * allowed
            block[: self.n, : self.n] = (ends.T @ (ends * w[:, None])).toarray()
            block[self.n :, : self.n] = -(ends.T @ weighed).T
            block[self.n :, self.n :] = allowed.T @ weighed + np.diag(bounds[sign])
        return blocks

    def condense(self, right: np.ndarray) -> np.ndarray:
        f, slopes = (
            right[: self.heights].reshape(self.signs, -1),
            right[self.heights :].reshape(self.signs, -1),
        )
        return np.hstack([f, slopes])

    def expand(self, right: np.ndarray, solution: np.ndarray) -> np.ndarray:
        return np.concatenate([solution[:, : self.n].ravel(), solution[:, self.n :].ravel()])


@compiled
def _allow(
    these: np.ndarray, points: np.ndarray, up: np.ndarray, down: np.ndarray, excess: np.ndarray
) -> None:
    """excess_ij −= Σ_l μ⁺_l (x_il − x_jl)_+ + μ⁻_l (x_jl − x_il)_+."""
    for i in range(len(these)):
        for j in range(len(points)):
            total = 0.0
            for p in range(len(up)):
                step = these[i, p] - points[j, p]
                total += max(step * up[p], -step * down[p])
            excess[i, j] -= total


class TransportBound(PlanBound):
    """The correlation of every unit neuron, bounded by plans of transport, for networks of any depth.

    Parameters
    ----------
    problem : Problem

    Source: geomnn theory, section 9.
    """

    name = "transport"
    words = "a plan of transport"
    moves = True
    any_depth = True
    rays = False
    relaxation = TransportRelaxation

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.any_depth = problem.norm == 1  # with which the penalty is one of paths

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        return ""

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        return None  # stars bound more, from their first plan on

    def lines(self, plan: Plan, points: np.ndarray) -> np.ndarray:
        return plan.edges(points)

    def signs(self) -> int:
        return 1 if self.problem.samples.bias else 2
