"""What bounds by plans share: from a residual to plans, and from the fit over relaxed units to better ones.

Each round poses the fit as a quadratic one about the predictions at hand, which for the squared loss is the fit itself,
solves it on a working set of pairs, and proves what the plans then say, whatever the solver did.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.columns import Column
from geomnn.bounds.metrics import metric_bound
from geomnn.bounds.nodes import Nodes
from geomnn.bounds.plans import EMPTY, Plan, costs
from geomnn.bounds.relaxation import Relaxation
from geomnn.deadline import Deadline, Pace
from geomnn.machine import one_blas_thread
from geomnn.norms import ball
from geomnn.programs.problem import Problem

__all__ = ["PlanBound"]

EPS = float(np.finfo(float).eps)
ACCURACIES = (1e-2, 1e-3, 1e-3)  # of the first rounds, relative to the value
# of further ones, and of those on a working set that has settled; relative to the value, as what is proven is computed
# anew: an interior point comes no nearer where multipliers differ much in size
ACCURACY, FINEST = 1e-4, 1e-8
FITS = 20
STALLED = 1e-2  # a round that brings less than this part of what is left to gain is the last
LEAST_CURVATURE = 1e-3  # of the mean curvature of a loss: the least that a sample counts with
CHEAPEST = 1e-3  # of the highest price: the least that another one is
WAITED = 4  # rounds without gain that are waited for where prices move
LARGEST = 12_000  # variables of a dense factorisation, for the sake of memory
RATE = 2e9  # products a second that it makes at least


class PlanBound(Bound):
    """A bound by plans: from the one along a line, which is there at once, to those of the best fit by relaxed units.

    Attributes
    ----------
    rays : bool
        Whether without a bias multiples of a sample are one node.
    relaxation : type
        The class of relaxed units.
    ball : Ball
        In whose dual norm the costs of all features have to be at most reg.

    Source: geomnn theory, section 9.
    """

    rays: ClassVar[bool]
    relaxation: type[Relaxation]

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.ball = ball(problem.norm)
        self.nodes = Nodes(problem.samples, self.rays)
        self.points = problem.samples.homogeneous[:, : problem.samples.d]

    @abstractmethod
    def lines(self, plan: Plan, points: np.ndarray) -> np.ndarray:
        """The q of a plan, for which no unit's correlation is above Σ (w·q)_+, shape (k, d)."""

    def length(self, plan: Plan, points: np.ndarray) -> float:
        """What the lines cost by prices."""
        return float(self.ball.dual_length(costs(self.lines(plan, points))))

    def most(self, plan: Plan, points: np.ndarray, slack: float) -> float:
        """What no unit's correlation is above by a plan, with a slack for each feature."""
        norm, lines = ball(self.problem.norm), self.lines(plan, points)
        most = float(norm.dual_length(costs(lines) + slack))
        if norm.p != 2:
            return most
        return min(most, metric_bound(lines, plan.metric) + slack * np.sqrt(points.shape[1]))

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
        problem, v = self.problem, self.problem.dual_point(v)
        columns = [Column(self.nodes, self.signs()) for _ in v.T]
        yield self.assembled([[EMPTY] * self.signs() for _ in columns], v)
        hoped, best, stalled = problem.loss.dual(v, problem.targets), -np.inf, 0
        prices, pace = self._prices(v), Pace(deadline)
        moving = not problem.is_projection or self.ball.q != np.inf  # the prices, or the fit
        for k in range(FITS):
            if not self._affordable(deadline) or not self.pose(columns, v, f) or pace.over():
                return
            rest = ACCURACY if moving or not all(column.settled for column in columns) else FINEST
            accuracy = ACCURACIES[k] if k < len(ACCURACIES) else rest
            parts = [self.fitted(*each, accuracy, deadline) for each in zip(columns, prices, strict=True)]
            if not all(
                np.isfinite(w).all() for _, w in parts
            ):  # features so different in size that the fit overflows
                return
            proof = self.assembled([part[0] for part in parts], np.column_stack([part[1] for part in parts]))
            settled = all(column.settled for column in columns)
            ended = settled and accuracy == FINEST
            yield replace(proof, ended=ended)
            value = proof.value(problem)
            enough = max(STALLED * (hoped - value), FINEST * abs(value))
            stalled = stalled + 1 if accuracy <= ACCURACY and value - best < enough else 0
            if ended or stalled > WAITED or (stalled and not moving and (not settled or accuracy == FINEST)):
                return
            best, v, f = max(best, value), proof.dual, np.column_stack([c.predictions() for c in columns])
            prices = self._moved(prices, np.array([column.slopes for column in columns]), k)

    def _prices(self, v: np.ndarray) -> np.ndarray:
        """ρ of each column and feature to begin with, (c, d), of length reg: as the plans along a line cost."""
        nodes = self.nodes
        lengths = [self.length(self._completed(EMPTY, nodes.merged(w)), nodes.points) for w in v.T]
        return self.priced(np.array(lengths), np.ones((len(lengths), self.points.shape[1])))

    def priced(self, shares: np.ndarray, profiles: np.ndarray) -> np.ndarray:
        """Prices of length reg: a row for each column with its share, none of them 0."""
        shares = np.maximum(shares, CHEAPEST * shares.max()) if shares.any() else np.ones(len(shares))
        profiles = np.maximum(profiles, CHEAPEST * profiles.max(axis=1, keepdims=True))
        lengths = self.ball.dual_length(profiles)
        return self.problem.reg / np.linalg.norm(shares) * (shares / lengths)[:, None] * profiles

    def _moved(self, prices: np.ndarray, slopes: np.ndarray, moves: int) -> np.ndarray:
        """Prices nearer to the best ones of their length: ρ_l^(q − 1) as μ_l, shares as Σ ρ μ / share."""
        slopes = np.maximum(slopes, 0.0)  # but for rounding they are not below
        shares, q = np.sqrt(np.sum(prices * slopes, axis=1)), self.ball.q
        if q == np.inf or not slopes.any(axis=1).all():
            return self.priced(shares, prices)
        largest = prices.max(axis=1, keepdims=True)
        wanted = slopes / slopes.max(axis=1, keepdims=True) / (prices / largest) ** (q - 1)
        return self.priced(shares, prices / largest * wanted ** (0.5 / (1 + np.sqrt(moves + 1))))

    def _affordable(self, deadline: Deadline) -> bool:
        """Whether there is memory and time for a step of a fit."""
        numbers, products = self.relaxation.size(len(self.nodes), self.points.shape[1])
        signs = self.signs()
        return signs**2 * numbers <= LARGEST**2 and signs**3 * products < RATE * deadline.left()

    def pose(self, columns: list[Column], v: np.ndarray, f: np.ndarray) -> bool:
        """Give each column its quadratic fit; whether there is anything to fit."""
        problem = self.problem
        if not len(self.nodes):
            return False
        targets, s = problem.targets, np.broadcast_to(problem.loss.s, v.shape)
        h = s
        if not problem.loss.is_quadratic:
            if not problem.loss.is_polyhedral:  # at least the Hessian, by Gershgorin
                h, v = np.abs(problem.loss.curvature(f, targets)).sum(axis=2), problem.residual(f)
            h = np.maximum(h, LEAST_CURVATURE * h.mean()) if h.any() else s
            targets = f + v / h
        for column, weights, wanted in zip(columns, h.T, targets.T, strict=True):
            column.pose(weights, wanted)
        return not all(column.constant for column in columns)

    def fitted(
        self, column: Column, prices: np.ndarray, accuracy: float, deadline: Deadline
    ) -> tuple[list[Plan], np.ndarray]:
        """Plans on the nodes and the residual of the samples that they are for."""
        if column.constant:
            column.predicted, column.settled = column.middle, True
            return [EMPTY] * self.signs(), column.residual(np.zeros(len(self.nodes)))
        plans = column.solve(self.relaxation, prices, accuracy, deadline)
        both = [plan.divergence(len(self.nodes)) for plan in plans]
        V = both[0] if len(both) == 1 else (both[0] - both[1]) / 2
        plans = [self._completed(plan, V * sign) for plan, sign in zip(plans, (1, -1), strict=False)]
        s = 1.0
        if self.problem.loss.is_quadratic:
            cost = max(self.most(plan, self.nodes.points, 0.0) for plan in plans)
            s = column.best(V, float(self.ball.dual_length(prices)) / cost if cost > 0 else np.inf)
        return [plan.times(s) for plan in plans], column.residual(s * V)

    def _completed(self, plan: Plan, V: np.ndarray) -> Plan:
        return plan.completed(V, self.nodes.places, self.nodes.bias)

    def assembled(self, plans: list[list[Plan]], v: np.ndarray) -> Proof:
        """What plans on the nodes, those of each column completed to v, prove.

        Parameters
        ----------
        plans : list of lists of Plan
            For each column one, or one for each sign.
        v : ndarray, shape (n, c)
        """
        v, evidence, maxima = self.problem.dual_point(v), [], []
        for column, w in zip(plans, v.T, strict=True):
            most = 0.0
            for plan, sign in zip(column, (1.0, -1.0), strict=False):
                target = sign * w
                whole = self.nodes.spread(self._completed(plan, self.nodes.merged(target)), target)
                most = max(most, self.most(whole, self.points, whole.rounding(target, self.points)))
                evidence.append(whole)
            maxima.append(most)
        steps = len(maxima) + self.points.shape[1] + 4
        maximum = float(np.linalg.norm(maxima)) * (1 + steps * EPS)
        return Proof(v, maximum, sum(map(len, evidence)), evidence=tuple(evidence))
