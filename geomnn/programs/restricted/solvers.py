"""Solvers of the program over a growing set of atoms, with the interface of `DualActiveSet`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.optimize import linprog

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.problem import Problem
from geomnn.programs.restricted.active_set import DualActiveSet
from geomnn.programs.restricted.balanced import BalancedNewton
from geomnn.programs.restricted.interior_point import CentralPath
from geomnn.programs.restricted.smoothed import SmoothedNorms
from geomnn.programs.sparsify import independent_neurons

__all__ = [
    "GroupNewton",
    "InteriorPoint",
    "LinearProgram",
    "ProximalNewton",
    "Restricted",
    "restricted_solver",
    "with_best_sizes",
]


FEW_COEFFICIENTS = 600  # coefficients up to which all of them are moved at each step
LARGE_SYSTEM = (
    4000  # targets beyond which a system of equations of their number is larger than that of the coefficients
)
ACCURATE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
ROOM = 2**22  # activations up to which sizes are solved for where the table may not be in memory
NEAR_REG = 0.9  # of reg: a correlation from which on an atom that is not in use may come to be


def restricted_solver(problem: Problem, tol: float, deadline: Deadline = NEVER) -> Restricted:
    """The solver for a problem, at the constant network; from the deadline on each solve ends after its first step."""
    if problem.is_projection:
        samples = problem.samples
        return DualActiveSet(
            problem.targets, samples.homogeneous, problem.reg, samples.bias, problem.loss.weights, deadline
        )
    if problem.loss.is_polyhedral:
        return LinearProgram(problem, tol, deadline)
    if problem.loss.is_quadratic and problem.targets.size <= LARGE_SYSTEM:
        return InteriorPoint(problem, tol, deadline)
    if problem.outputs == 1:
        return ProximalNewton(problem, tol, deadline)
    return GroupNewton(problem, tol, deadline)


def with_best_sizes(
    problem: Problem, units: np.ndarray, z: np.ndarray, t: np.ndarray, deadline: Deadline = NEVER
) -> tuple[np.ndarray, np.ndarray]:
    """z and t of the program over these units, where it is a projection of few activations: else as they are.

    Most neurons that slid to hardly anything, or next to each other, have z = 0 then; the value is not higher.

    Parameters
    ----------
    units, z, t : ndarray, shapes (k, D), (k, c) and (c,)
    """
    if (
        not problem.is_projection
        or not len(units)
        or problem.samples.n * len(units) > ROOM
        or deadline.over()
    ):
        return z, t
    features, found = problem.samples.activations(units), np.zeros_like(z)
    # activations are ≥ 0, so that they are those of unit vectors over themselves
    over = DualActiveSet(
        problem.targets, features, problem.reg, problem.samples.bias, problem.loss.weights, deadline
    )
    over.optimise(np.eye(len(units)))
    found[over.units.argmax(axis=1)] = over.coefficients
    lower = problem.convex_objective(features, found, over.intercept) < problem.convex_objective(
        features, z, t
    )
    return (found, over.intercept) if lower else (z, t)


class _AtConstant(ABC):
    """A solver that starts from the constant network.

    Parameters
    ----------
    problem : Problem
    tol : float
        Relative accuracy to which the program over the given atoms is solved.
    deadline : Deadline
        From which on it is solved as far as a first step gets.
    """

    def __init__(self, problem: Problem, tol: float, deadline: Deadline = NEVER):
        self._problem, self._tol, self._deadline = problem, tol, deadline
        self.units = np.zeros((0, problem.samples.D))
        self.coefficients = np.zeros((0, problem.outputs))
        self.intercept = problem.constant()
        self.dual = problem.residual(np.broadcast_to(self.intercept, problem.targets.shape))

    @property
    def value(self) -> float:
        """The value of (C) of the network."""
        activations = self._problem.samples.activations(self.units)
        return self._problem.convex_objective(activations, self.coefficients, self.intercept)

    def add(self, units: np.ndarray) -> bool:
        """Solve for the atoms in use together with these, shape (k, D)."""
        self._solve(np.concatenate([self.units, units]))
        return True

    def optimise(self, units: np.ndarray) -> None:
        """The same, which is the optimum already."""
        self.add(units)

    @abstractmethod
    def _solve(self, pool: np.ndarray) -> None:
        """Solve for the atoms of a pool, shape (k, D), starting from the network."""


Restricted = (
    DualActiveSet | _AtConstant
)  # both have units, coefficients, intercept, dual, value, add and optimise


class LinearProgram(_AtConstant):
    """Polyhedral losses ℓ_i = max_j (a_ji f_i + b_ji): minimise Σ s ξ + reg Σ |z| with a_ji (Φz + t)_i + b_ji ≤ ξ_i.

    The multipliers μ_ji ≥ 0 of these give v_i = −Σ_j μ_ji a_ji.

    Source: geomnn theory, section 4.
    """

    def optimise(self, units: np.ndarray) -> None:
        """The same, and of all atoms those that may be in use next."""
        self.add(units)
        pull = np.abs(self._problem.samples.activations(self.units).T @ self.dual)[:, 0]
        near = self.coefficients.any(axis=1) | (pull > NEAR_REG * self._problem.reg)
        self.units, self.coefficients = self.units[near], self.coefficients[near]

    def _solve(self, pool: np.ndarray) -> None:
        problem = self._problem
        activations, n = problem.samples.activations(pool), problem.samples.n
        slopes, offsets = problem.loss.pieces(problem.targets)
        ones = np.ones((n, int(problem.samples.bias)))
        outputs = np.hstack([activations, -activations, ones, -ones])
        rows = np.vstack([np.hstack([a[:, None] * outputs, -np.eye(n)]) for a in slopes])
        weights = np.ones(n) if problem.loss.weights is None else problem.loss.weights
        cost = np.concatenate([np.full(2 * len(pool), problem.reg), np.zeros(2 * ones.shape[1]), weights])
        bounds = [(0, None)] * outputs.shape[1] + [(None, None)] * n
        left = {"time_limit": self._deadline.left()} if self._deadline.left() < np.inf else {}
        found = linprog(
            cost, rows, -offsets.ravel(), bounds=bounds, method="highs-ds", options=ACCURATE | left
        )
        if found.x is None:
            return
        z, t = np.split(found.x[: outputs.shape[1]], [2 * len(pool)])
        self.dual = np.sum(found.ineqlin.marginals.reshape(slopes.shape) * slopes, axis=0)[:, None]
        # all atoms stay: v may be one of many, and one that is not in use may be what keeps it from another
        self.units, self.coefficients = pool, (z[: len(pool)] - z[len(pool) :])[:, None]
        self.intercept = t[:1] - t[1:] if len(t) else np.zeros(1)


class InteriorPoint(_AtConstant):
    """Squared loss with vector outputs: a central path, then as few neurons as its outputs need.

    Source: geomnn theory, section 4.
    """

    def _solve(self, pool: np.ndarray) -> None:
        problem = self._problem
        activations = problem.samples.activations(pool)
        useful = activations.any(axis=0)
        pool, activations = pool[useful], activations[:, useful]
        path = CentralPath(
            problem.targets, activations, problem.reg, problem.samples.bias, problem.loss.weights
        )
        z, t, self.dual = path.solve(self.dual, self.intercept, self._tol, deadline=self._deadline)
        z, shift = independent_neurons(activations, z, problem.samples.bias, self._deadline)
        used = z.any(axis=1)
        self.units, self.coefficients, self.intercept = pool[used], z[used], t + shift


class GroupNewton(_AtConstant):
    """Softmax, and squared loss with very many targets: a central path over a few neurons; over many, Newton's method
    on those in use where that suffices.

    Source: geomnn theory, sections 0 and 4.
    """

    def _solve(self, pool: np.ndarray) -> None:
        problem = self._problem
        z = np.zeros((len(pool), problem.outputs))
        z[: len(self.units)] = self.coefficients
        activations = problem.samples.activations(pool)
        t, done = self.intercept, False
        if z.size > FEW_COEFFICIENTS:
            z, t, self.dual, done = BalancedNewton(problem, activations).solve(
                z, t, self._tol, self._deadline
            )
            near = z.any(axis=1) | (
                np.linalg.norm(activations.T @ self.dual, axis=1) > NEAR_REG * problem.reg
            )
            pool, z, activations = pool[near], z[near], activations[:, near]  # pricing finds the others again
        if not done and not (z.any() and self._deadline.over()):
            path = SmoothedNorms(problem, activations)
            z, t, self.dual, done = path.solve(z, t, self._tol, self._deadline)
            if (
                not done and not self._deadline.over()
            ):  # the path is a longer one from the constant network, and at times the easier
                again = path.solve(np.zeros_like(z), problem.constant(), self._tol, self._deadline)
                if problem.convex_objective(activations, *again[:2]) < problem.convex_objective(
                    activations, z, t
                ):
                    z, t, self.dual, _ = again
            size = np.linalg.norm(z, axis=1, keepdims=True)
            z = np.where(size > self._tol * size.mean(), z, 0.0)
            z, shift = independent_neurons(activations, z, problem.samples.bias, self._deadline)
            t = t + shift
        used = z.any(axis=1)
        self.units, self.coefficients, self.intercept = pool[used], z[used], t


class ProximalNewton(_AtConstant):
    """Logistic loss: Newton's model of the loss, ½ Σ h_i (f_i − w_i)², solved by the dual active set.

    With v the residual and h the curvature at the predictions f, w = f + v/h; the step towards the solution of
    the model is shortened until the objective falls (Lee, Sun, Saunders, SIAM J. Optim. 24, 2014).

    Source: geomnn theory, section 4.
    """

    def _solve(self, pool: np.ndarray) -> None:
        problem = self._problem
        samples, reg = problem.samples, problem.reg
        activations = samples.activations(self.units)
        f = activations @ self.coefficients + self.intercept
        value, pace, floor = self.value, Pace(self._deadline), 1e-10
        for step in range(200):
            if step and pace.over():
                return
            v = problem.residual(f)
            h = np.maximum(problem.loss.curvature(f, problem.targets)[:, 0], floor)
            model = DualActiveSet(f + v / h, samples.homogeneous, reg, samples.bias, h[:, 0], self._deadline)
            model.optimise(pool)
            change = samples.activations(model.units) @ model.coefficients + model.intercept - f
            cost = np.abs(model.coefficients).sum() - np.abs(self.coefficients).sum()
            slope = float(-np.sum(v * change) + reg * cost)
            # v − h·change: in the dual set of these atoms, and next to the residual ahead
            self.dual = model.dual
            length = 1.0
            while self._value(f + length * change, length, cost) > value + 1e-4 * length * slope:
                length /= 2
                if length < 1e-8:
                    break
            if length < 1e-8:
                if slope >= -self._tol * value or floor > h.max():
                    return  # no fall above rounding: this is the minimum
                floor *= 1e3  # where the loss has next to no curvature, the step was far too long
                continue
            self._blend(model, length)
            f = f + length * change
            value = self._value(f, 0.0, 0.0)
            if slope >= -1e-3 * self._tol * value:
                return

    def _value(self, f: np.ndarray, length: float, cost: float) -> float:
        """Objective at f, with the cost bounded along the step by its chord."""
        size = np.abs(self.coefficients).sum() + length * cost
        return self._problem.loss.value(f, self._problem.targets) + self._problem.reg * float(size)

    def _blend(self, model: DualActiveSet, length: float) -> None:
        """(1 − length) of this network and length of the model's."""
        if length == 1.0:
            self.units, self.coefficients, self.intercept = model.units, model.coefficients, model.intercept
            return
        self.units = np.concatenate([self.units, model.units])
        self.coefficients = np.concatenate([(1 - length) * self.coefficients, length * model.coefficients])
        self.intercept = (1 - length) * self.intercept + length * model.intercept
