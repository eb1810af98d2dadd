"""One output of a bound by plans: the quadratic fit over relaxed units, and the pairs that it is solved on.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.bounds.interior_point import interior_point
from geomnn.bounds.nodes import Nodes
from geomnn.bounds.plans import Plan
from geomnn.bounds.relaxation import Fit, Pairs, Relaxation, nearest
from geomnn.deadline import Deadline

__all__ = ["Column"]

NEAREST, ADDED = 12, 20  # pairs of each sample at the beginning, and in each round at most


class Column:
    """One output: the quadratic fit over relaxed units, its working set and its plans.

    Parameters
    ----------
    nodes : Nodes
    signs : int
        How many plans there are.

    Attributes
    ----------
    keys : list of ndarray of int
        The working set, i N + j of the pairs of each sign.
    fixed : bool
        Whether it stays as it is.
    settled : bool
        Whether no pair outside of it was violated by the last fit.
    slopes : ndarray, shape (d,)
        Σ μ of the last fit.
    """

    def __init__(self, nodes: Nodes, signs: int):
        self.nodes = nodes
        self.keys = [np.zeros(0, dtype=int)] * signs
        self.settled = self.fixed = False
        self.slopes = np.zeros(nodes.points.shape[1])

    def pose(self, curvature: np.ndarray, targets: np.ndarray) -> None:
        """Take the fit of samples with h and t, shape (n,), so that v = h (t − f)."""
        nodes = self.nodes
        self.curvature, self.targets = curvature, targets
        self.weights = nodes.merged(curvature, 2)
        self.middle = nodes.merged(curvature * targets) / self.weights
        self.offset = float(np.average(self.middle, weights=self.weights)) if nodes.bias else 0.0
        rest = self.middle - self.offset
        self.height = float(np.sqrt(np.average(rest**2, weights=self.weights)))
        self.width = np.sqrt(np.mean(nodes.points**2, axis=0))
        self.width[self.width == 0] = 1.0
        self.mass = float(self.weights.mean())

    @property
    def constant(self) -> bool:
        """Whether nothing is left to fit, or nothing to fit it by."""
        return self.height == 0 or not self.nodes.points.any()

    def residual(self, V: np.ndarray) -> np.ndarray:
        """v of the samples at the f for which that of the nodes is V."""
        nodes = self.nodes
        if not len(nodes):
            return self.curvature * self.targets
        f = np.append(self.middle - V / self.weights, 0.0)
        return self.curvature * (self.targets - nodes.ratio * f[nodes.node])

    def best(self, V: np.ndarray, most: float) -> float:
        """The s ≤ most for which V·t s − ½ s² Σ V²/h is largest."""
        square = float(V @ (V / self.weights))
        return min(max(float(V @ (self.middle - self.offset)), 0.0) / square, most) if square > 0 else 0.0

    def solve(
        self, relaxation: type[Relaxation], prices: np.ndarray, accuracy: float, deadline: Deadline
    ) -> list[Plan]:
        """Plans of the fit at these prices, after which the working set is the next one."""
        nodes, keys = self.nodes, self.keys
        if not self.fixed:
            points = (
                nodes.points if nodes.bias else np.vstack([nodes.points, np.zeros(nodes.points.shape[1])])
            )
            near = nearest(points, NEAREST)
            keys = [np.union1d(near, key) for key in keys]
        fit = self._fit(prices)
        program = relaxation(fit, Pairs(fit, keys))
        end = interior_point(program, accuracy, deadline)
        if not self.fixed:
            self.keys, violated = program.grown(end.x, end.multipliers, end.product, ADDED)
            self.settled = violated == 0
        self.slopes = program.slopes(end.x) * (self.height / self.width)
        self.predicted = self.offset + self.height * program.fitted(end.x)[: len(nodes)]
        scale = np.outer(self.width, self.width)
        return [
            replace(plan.times(self.mass * self.height), metric=None if metric is None else metric / scale)
            for plan, metric in zip(program.plans(end.multipliers), program.metrics(end.x), strict=True)
        ]

    def _fit(self, prices: np.ndarray) -> Fit:
        """The fit in units in which its numbers are of size 1."""
        points, origin = self.nodes.points / self.width, np.zeros(int(not self.nodes.bias))
        return Fit(
            np.vstack([points, np.zeros((len(origin), points.shape[1]))]),
            np.append(self.weights / self.mass, origin),
            np.append((self.middle - self.offset) / self.height, origin),
            prices / (self.mass * self.height * self.width),
            len(origin) > 0,
        )

    def predictions(self) -> np.ndarray:
        """f of the samples after a fit."""
        return self.nodes.ratio * np.append(self.predicted, 0.0)[self.nodes.node]
