"""What bounds by plans share: from a residual to plans, and from the fit over relaxed units to better ones.

Each round poses the fit as a quadratic one about the predictions at hand, which for the squared loss is the fit itself,
solves it on a working set of pairs, and proves what the plans then say, whatever the solver did.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.interior_point import interior_point
from geomnn.bounds.nodes import Nodes
from geomnn.bounds.plans import EMPTY, Plan
from geomnn.bounds.relaxation import Fit, Pairs, Relaxation, nearest
from geomnn.deadline import Deadline, Pace
from geomnn.machine import one_blas_thread
from geomnn.programs.problem import Problem

__all__ = ["PlanBound"]

EPS = float(np.finfo(float).eps)
ACCURACIES = (1e-2, 1e-3, 1e-3, 1e-4)  # of the rounds, relative to the value; the last one for all further ones
ROUNDS = 20
STALLED = 1e-4  # a round that brings less than this part of the value is the last
NEAREST, ADDED = 12, 20  # pairs of each sample at the beginning, and in each round at most
FLAT = 1e-3  # of the mean curvature of a loss: the least that a sample counts with
LARGEST = 16_000  # variables of a dense factorisation


class _Column:
    """One output: the quadratic fit over relaxed units, its working set and its plans.

    Parameters
    ----------
    nodes : Nodes
    curvature, targets : ndarray, shape (n,)
        h and t of the samples, v = h (t − f).
    """

    def __init__(self, nodes: Nodes, signs: int):
        self.nodes, self.signs = nodes, signs
        self.pairs: Pairs | None = None
        self.settled, self.slopes = False, 0.0

    def pose(self, curvature: np.ndarray, targets: np.ndarray) -> None:
        """Take the fit of these samples, in units of its own size."""
        nodes = self.nodes
        self.curvature, self.targets = curvature, targets
        self.weights = nodes.merged(curvature, 2)
        self.middle = nodes.merged(curvature * targets) / self.weights
        self.offset = float(np.average(self.middle, weights=self.weights)) if nodes.bias else 0.0
        rest = self.middle - self.offset
        self.height = float(np.sqrt(np.average(rest**2, weights=self.weights)))
        self.width = float(np.sqrt(np.mean(nodes.points**2)))
        self.mass = float(self.weights.mean())

    @property
    def constant(self) -> bool:
        """Whether nothing is left to fit, or nothing to fit it by."""
        return self.height == 0 or self.width == 0

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

    def solve(self, relaxation: type[Relaxation], reg: float, accuracy: float, deadline: Deadline) -> list[Plan]:
        """Plans of the fit at the price reg, after which the working set is the next one."""
        nodes = self.nodes
        d, origin = nodes.points.shape[1], not nodes.bias
        points = nodes.points / self.width
        padded = [np.zeros((int(origin), d)), np.zeros(int(origin))]
        fit = Fit(
            np.vstack([points, padded[0]]),
            np.append(self.weights / self.mass, padded[1]),
            np.append((self.middle - self.offset) / self.height, padded[1]),
            np.full(d, reg / (self.mass * self.height * self.width)),
            origin,
        )
        near = nearest(points, NEAREST)
        if origin:  # there is one node more
            n = len(points)
            near = near // n * (n + 1) + near % n
        keys = [near] * self.signs if self.pairs is None else [np.union1d(near, key) for key in self.pairs.keys]
        program = relaxation(fit, Pairs(fit, keys))
        end = interior_point(program, accuracy, deadline)
        plans = [plan.times(self.mass * self.height) for plan in program.plans(end.multipliers)]
        self.pairs, violated = program.grown(end.x, end.multipliers, end.product, ADDED)
        self.settled = violated == 0
        self.slopes = float(program.slopes(end.x).sum())
        self.fitted = self.offset + self.height * program.fitted(end.x)[: len(nodes)]
        return plans


class PlanBound(Bound):
    """A bound by plans: from the one along a line, which is there at once, to those of the best fit by relaxed units.

    Attributes
    ----------
    rays : bool
        Whether without a bias multiples of a sample are one node.
    relaxation : type
        The class of relaxed units.

    Source: geomnn theory, section 9.
    """

    rays: ClassVar[bool]
    relaxation: ClassVar[type[Relaxation]]

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.nodes = Nodes(problem.samples, self.rays)
        self.points = problem.samples.homogeneous[:, : problem.samples.d]

    @abstractmethod
    def cost(self, plan: Plan, points: np.ndarray) -> np.ndarray:
        """A_l of each feature, shape (d,)."""

    @abstractmethod
    def length(self, costs: np.ndarray) -> float:
        """‖A‖_q."""

    @abstractmethod
    def signs(self) -> int:
        """How many plans there are for a column of the residual: 1 where the same one serves for −v."""

    def proofs(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        with one_blas_thread():
            best = -np.inf
            for proof in self._improving(v, f, deadline):
                value = proof.value(self.problem)
                if value > best:
                    best = value
                    yield proof

    def _improving(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        """The plan along a line, and one proof a round until they stall."""
        problem, c = self.problem, self.problem.outputs
        columns = [_Column(self.nodes, self.signs()) for _ in range(c)]
        v = problem.dual_point(v)
        plans = [[EMPTY] * self.signs() for _ in range(c)]
        costs = np.array([self._cost_of(self._completed(EMPTY, self.nodes.merged(w)), 0) for w in v.T])
        shares = problem.reg * (costs / np.linalg.norm(costs) if costs.any() else np.full(c, c**-0.5))
        yield self._proof(plans, v)
        if not len(self.nodes):
            return
        best, pace = -np.inf, Pace(deadline)
        if self.signs() * (len(self.nodes) + 2 * self.points.shape[1]) > LARGEST:
            return
        for accuracy in ACCURACIES + (ACCURACIES[-1],) * (ROUNDS - len(ACCURACIES)):
            if pace.over():
                return
            self._pose(columns, v, f)
            if all(column.constant for column in columns):
                return
            parts = [self._round(*each, accuracy, deadline) for each in zip(columns, shares, strict=True)]
            plans, v = [part[0] for part in parts], np.column_stack([part[1] for part in parts])
            proof = self._proof(plans, v)
            yield proof
            value = proof.value(problem)
            if accuracy == ACCURACIES[-1] and (
                value - best < STALLED * abs(value) or all(column.settled for column in columns)
            ):
                return
            best = max(best, value)
            v = proof.dual

    def _pose(self, columns: list[_Column], v: np.ndarray, f: np.ndarray) -> None:
        """Give each column its quadratic fit."""
        problem = self.problem
        if problem.loss.is_quadratic:
            s = np.broadcast_to(problem.loss.s, v.shape)
            for column, weights, targets in zip(columns, s.T, problem.targets.T, strict=True):
                column.pose(weights, targets)

    def _round(
        self, column: _Column, reg: float, accuracy: float, deadline: Deadline
    ) -> tuple[list[Plan], np.ndarray]:
        """Plans on the nodes and the residual of the samples that they are for."""
        plans = column.solve(self.relaxation, reg, accuracy, deadline)
        V = [plan.divergence(len(self.nodes)) for plan in plans]
        V = V[0] if len(V) == 1 else (V[0] - V[1]) / 2
        plans = [self._completed(plan, V * sign) for plan, sign in zip(plans, (1, -1), strict=False)]
        cost = max(self._cost_of(plan, k) for k, plan in enumerate(plans))
        s = column.best(V, reg / cost if cost > 0 else np.inf)
        return [plan.times(s) for plan in plans], column.residual(s * V)

    def _completed(self, plan: Plan, V: np.ndarray) -> Plan:
        return plan.completed(V, self.nodes.places, self.nodes.bias)

    def _cost_of(self, plan: Plan, _: int) -> float:
        return self.length(self.cost(plan, self.nodes.points))

    def _proof(self, plans: list[list[Plan]], v: np.ndarray) -> Proof:
        """What the plans on the nodes, completed to v, prove."""
        v, evidence, maxima = self.problem.dual_point(v), [], []
        for column, w in zip(plans, v.T, strict=True):
            most = 0.0
            for plan, sign in zip(column, (1.0, -1.0), strict=False):
                target = sign * w
                whole = self.nodes.spread(self._completed(plan, self.nodes.merged(target)), target)
                costs = self.cost(whole, self.points) + whole.rounding(target, self.points)
                most = max(most, self.length(costs))
                evidence.append(whole)
            maxima.append(most)
        steps = len(maxima) + self.points.shape[1] + 4
        maximum = float(np.linalg.norm(maxima)) * (1 + steps * EPS)
        return Proof(v, maximum, sum(map(len, evidence)), tuple(evidence))
