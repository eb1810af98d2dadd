"""Column generation: solve over a few atoms, price all of them, add the violated ones, repeat.

After each round the dual point v, scaled into the dual set by the largest correlation of the pricing,
proves a lower bound; the value of the program over the atoms in use is an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.dictionaries import Dictionary
from geomnn.errors import ConstantNetworkWarning, warn
from geomnn.machine import one_blas_thread
from geomnn.programs.effort import USUAL, Effort
from geomnn.programs.problem import Problem
from geomnn.programs.refine import refine
from geomnn.programs.restricted.solvers import restricted_solver
from geomnn.programs.sparsify import independent_neurons

__all__ = [
    "STOPPED",
    "SUGGESTED",
    "Optimum",
    "constant_correlation",
    "solve",
    "sparse",
    "warn_constant",
    "with_residual",
]

ROUNDS = 10_000
NEWTON = 1000  # unknowns up to which neurons are moved by Newton's method in the end
STOPPED = "its time or rounds were over"
AFTER = 2  # rounds whose time is kept, for the one that begins and for what comes after the last
SUGGESTED = 0.01  # of reg_max, where none or one too large is given
STALLED_ROUNDS = 20  # rounds without progress after which rounding is taken to be the reason


@dataclass(frozen=True)
class Optimum:
    """A solution of (C) and the best bound on it.

    Parameters
    ----------
    units : ndarray, shape (k, D)
    coefficients : ndarray, shape (k, c)
    intercept : ndarray, shape (c,)
    dual : ndarray, shape (n, c)
        The v that proves the bound.
    maximum : float
        Its largest correlation with an atom.
    primal, bound : float
    converged : bool
        Whether primal − bound ≤ tol·|primal|; of a search whether it knows of no atom above reg.
    ended : str
        Why the solve ended, if it did not converge.
    """

    units: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    dual: np.ndarray
    maximum: float
    primal: float
    bound: float
    converged: bool
    ended: str = ""


def solve(
    problem: Problem, dictionary: Dictionary, effort: Effort = USUAL, start: np.ndarray | None = None
) -> Optimum:
    """Minimise (C) over a dictionary to a relative duality gap.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
        Over the samples of the problem.
    effort : Effort
        Stop when primal − bound ≤ tol·|primal|; after the first, a round begins only if it and the work after the
        last one are expected to end before the deadline.
    start : ndarray, shape (k, D), optional
        Units to begin with, such as those of a solution at another reg.

    Source: geomnn theory, sections 0 and 4.
    """
    tol, deadline = float(effort.tol), effort.deadline
    restricted = restricted_solver(problem, tol / 10, deadline)
    moving = dictionary.atoms_move and not problem.loss.is_polyhedral
    if start is not None and len(start):
        restricted.add(start)
    threshold = problem.reg * (1 + 1e-12)
    limit = 6 * problem.samples.n + 50
    best = Optimum(restricted.units, restricted.coefficients, restricted.intercept, restricted.dual,
                   0.0, np.inf, -np.inf, False)  # fmt: skip
    stalled, lowest, refined, pace = 0, np.inf, False, Pace(deadline, AFTER)
    with one_blas_thread():
        for k in range(ROUNDS):
            previous = best.primal - best.bound
            v = problem.dual_point(restricted.dual)
            pricing = dictionary.price(v, threshold, limit)
            network = restricted.units, restricted.coefficients, restricted.intercept
            here = Optimum(*network, v, pricing.maximum, restricted.value, -np.inf, False)
            best = _better(problem, best, here, tol)
            found = [pricing.units]
            if refined and len(restricted.units) and not best.converged:
                moved = with_residual(problem, *refine(problem, *network, deadline=deadline))
                pricing = dictionary.price(moved.dual, threshold, limit)
                best = _better(problem, best, replace(moved, maximum=pricing.maximum), tol)
                found += [moved.units, pricing.units]
            # D(v) falls to the optimum as atoms come in: by more than rounding while this goes on
            gap, value = best.primal - best.bound, problem.loss.dual(v, problem.targets)
            share = gap / abs(best.primal) if best.primal else 0.0
            deadline.say(f"pricing all neurons: round {k + 1}, relative gap {share:.1e}")
            falls, lowest = value < lowest - 1e-2 * tol * abs(best.primal), min(lowest, value)
            stalled = 0 if falls or gap < 0.999 * previous else stalled + 1
            if best.converged:
                break
            if pace.over():
                best = replace(best, ended=STOPPED)
                break
            added = (
                stalled <= STALLED_ROUNDS and any(map(len, found)) and restricted.add(np.concatenate(found))
            )
            if not added and (refined or not moving):
                best = replace(best, ended="new atoms brought it no further, as rounding does")
                break
            # moving atoms: where the program over fixed ones is no polyhedral projection, tangents to its dual set
            # alone come to the optimum slowly
            near = gap <= 1e-2 * best.primal and not problem.is_projection
            refined = moving and (near or not added)
        else:
            best = replace(best, ended=f"it was not reached in {ROUNDS} rounds")
        best = sparse(problem, best, moving, tol, deadline)
        return _with_its_residual(problem, dictionary, best, tol, deadline)


def with_residual(problem: Problem, units: np.ndarray, z: np.ndarray, t: np.ndarray) -> Optimum:
    """A network with its best intercept and its residual as dual point; no correlation of an atom is known yet.

    Parameters
    ----------
    problem : Problem
    units, z, t : ndarray, shapes (k, D), (k, c) and (c,)
    """
    f = problem.samples.predict(units, z)
    t = t + problem.shift(f + t)
    v = problem.dual_point(problem.residual(f + t))
    value = problem.loss.value(f + t, problem.targets) + problem.reg * float(np.linalg.norm(z, axis=1).sum())
    return Optimum(units, z, t, v, 0.0, value, -np.inf, True)


def _better(problem: Problem, best: Optimum, found: Optimum, tol: float) -> Optimum:
    """The best network and the best bound so far."""
    found = replace(found, bound=problem.dual_bound(found.dual, found.maximum))
    network = found if found.primal <= best.primal else best
    proof = found if found.bound >= best.bound else best
    reached = network.primal - proof.bound <= tol * abs(network.primal)
    return replace(network, dual=proof.dual, maximum=proof.maximum, bound=proof.bound, converged=reached)


def sparse(
    problem: Problem, optimum: Optimum, moving: bool, tol: float, deadline: Deadline = NEVER
) -> Optimum:
    """The network without neurons that only the path to the optimum needed, its activations independent.

    An active neuron has correlation reg and a size, an inactive one has neither: as both are known to rounding
    only, the larger of size and slack decides, and less boldly if the gap does not survive it. Without time left the
    network stays as it is.
    """
    if deadline.over():
        return optimum
    activations = problem.samples.activations(optimum.units)
    size = np.linalg.norm(optimum.coefficients, axis=1)
    slack = 1 - np.linalg.norm(activations.T @ optimum.dual, axis=1) / max(problem.reg, optimum.maximum)
    allowed = max(optimum.primal * (1 + 1e-12), optimum.bound + tol * abs(optimum.primal))
    for boldness, tolerance in ((1.0, 1e-6), (1.0, 1e-10), (1e-2, 1e-10), (1e-4, 1e-10), (0.0, 1e-10)):
        used = size > boldness * slack * size.sum()
        units, z, t = optimum.units[used], optimum.coefficients[used], optimum.intercept
        if moving and 0 < units.size <= NEWTON:
            units, z, t = refine(problem, units, z, t, tolerance, allowed, deadline=deadline)
        activations = problem.samples.activations(units)
        z, shift = independent_neurons(activations, z, problem.samples.bias, deadline)
        primal = problem.convex_objective(activations, z, t + shift)
        if primal <= allowed:
            kept = z.any(axis=1)
            return replace(
                optimum, units=units[kept], coefficients=z[kept], intercept=t + shift, primal=primal
            )
        if deadline.over():
            break
    return optimum


def _with_its_residual(
    problem: Problem, dictionary: Dictionary, optimum: Optimum, tol: float, deadline: Deadline
) -> Optimum:
    """The optimum with the residual of its own network as dual point, if that proves optimality to ``tol``;
    otherwise, and without time left, with the point that proved the bound, scaled into the dual set."""
    if not deadline.over():
        predictions = problem.samples.activations(optimum.units) @ optimum.coefficients + optimum.intercept
        v = problem.dual_point(problem.residual(predictions))
        maximum = dictionary.price(v, np.inf, 1).maximum
        bound = problem.dual_bound(v, maximum)
        if optimum.primal - bound <= tol * abs(optimum.primal) or bound >= optimum.bound:
            return replace(optimum, dual=v, maximum=maximum, bound=bound)
    scale = min(1.0, problem.reg / optimum.maximum) if optimum.maximum > 0 else 1.0
    return replace(optimum, dual=scale * optimum.dual, maximum=scale * optimum.maximum)


def constant_correlation(problem: Problem, dictionary: Dictionary) -> float:
    """The largest correlation of an atom with the residual of the best constant network."""
    residual = problem.residual(np.broadcast_to(problem.constant(), problem.targets.shape))
    largest = dictionary.price(residual, np.inf, 1).maximum
    rounding = 1e-12 * np.abs(residual).sum() * np.abs(problem.samples.homogeneous).sum(axis=1).max()
    return largest if largest > rounding else 0.0


def warn_constant(problem: Problem, dictionary: Dictionary) -> None:
    """Warn that the best network is a constant, or the best that was found, and say why.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    """
    largest = constant_correlation(problem, dictionary)
    searched = dictionary.scope == "local"
    if searched and (problem.loss.is_polyhedral or 0.0 < largest <= problem.reg):
        found = f"no atom was found that is worth reg={problem.reg:g}; take a smaller one, or search longer"
        if not problem.loss.is_polyhedral:
            found = (
                f"no atom was found whose correlation is above reg={problem.reg:g}, and {largest:g} is the largest "
                f"that was, of which reg_max is no less; take a smaller reg, such as {SUGGESTED * largest:.2g}, or "
                "search longer"
            )
        warn(f"The network is a constant: {found}.", ConstantNetworkWarning)
        return
    if problem.loss.is_polyhedral:  # one of many residuals, of which the best one has a smaller correlation
        why = f"reg={problem.reg:g} is more than any atom is worth; take a smaller one"
    elif largest == 0.0:
        why = "no atom of the dictionary is correlated with the residual of a constant"
    elif largest > problem.reg:
        why = f"it is as near to the optimum as was asked for, though reg={problem.reg:g} is below reg_max={largest:g}"
        warn(f"The network is a constant: {why}; ask for a smaller tol.", ConstantNetworkWarning)
        return
    else:
        smaller = f"take a smaller one, such as {SUGGESTED * largest:.2g}"
        why = f"reg={problem.reg:g} is at least reg_max={largest:g}; {smaller}"
    warn(f"The optimal network is a constant: {why}.", ConstantNetworkWarning)
