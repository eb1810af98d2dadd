"""Column generation where atoms are searched, and not all looked at: solve, slide, search, repeat.

What a search does not find it says nothing about.  So the bound here is an estimate, the dual value of v scaled by
the largest correlation that was found, and the certificate calls it local.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tqdm import tqdm

from geomnn.dictionaries import Dictionary
from geomnn.programs.linear import one_blas_thread
from geomnn.programs.problem import Problem
from geomnn.programs.restricted import Restricted, restricted_solver
from geomnn.programs.slide import slide
from geomnn.programs.solve import Optimum, solve, sparse
from geomnn.samples import Samples

__all__ = ["optimise", "search"]

ROUNDS = 1000
STILL = 6  # rounds in which the value hardly falls
HARDLY = 1e-7  # relative
FOUND = 1e-7  # relative excess over reg above which an atom counts as violated


def search(
    problem: Problem,
    dictionary: Dictionary,
    tol: float,
    progress: bool = False,
    start: np.ndarray | None = None,
) -> Optimum:
    """Minimise (C) over the atoms that a dictionary finds.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
        Of scope "local".
    tol : float
        Relative accuracy of the program over the atoms in use.
    progress : bool
        Whether to show the value as it falls.
    start : ndarray, shape (k, D), optional
        Units to begin with.

    Source: geomnn theory, section 5.
    """
    restricted = restricted_solver(problem, tol / 10)
    if start is not None and len(start):
        restricted.add(start)
    limit, still = 6 * problem.samples.n + 50, 0
    threshold = problem.reg * (1 + FOUND)
    best = _network(problem, restricted, False)
    with one_blas_thread(), tqdm(desc="search", unit="round", disable=not progress, delay=2) as bar:
        for _ in range(ROUNDS):
            found = _network(problem, restricted, dictionary.atoms_move)
            still = still + 1 if found.primal > best.primal * (1 - HARDLY) else 0
            best = found if found.primal <= best.primal else best
            pricing = dictionary.price(found.dual, threshold, limit)
            bar.update()
            bar.set_postfix(value=f"{best.primal:.6g}", violation=f"{pricing.maximum / problem.reg:.6f}")
            if not len(pricing.units) or still > STILL:
                break
            if not restricted.add(np.concatenate([found.units, pricing.units])):
                break
        else:
            best = replace(best, ended=f"the search went on after {ROUNDS} rounds")
        if dictionary.atoms_move and problem.samples.bias and len(best.units):
            pool = _anchored(problem.samples, np.concatenate([best.units, restricted.units]))
            restricted, value = restricted_solver(problem, tol / 10), np.inf
            while restricted.add(pool) and restricted.value < value * (1 - tol):
                value = restricted.value
            best = replace(_network(problem, restricted, False), ended=best.ended)
        best = sparse(problem, best, dictionary.atoms_move, tol)
        return _with_estimate(problem, dictionary, best)


def optimise(
    problem: Problem,
    dictionary: Dictionary,
    tol: float,
    progress: bool = False,
    start: np.ndarray | None = None,
) -> Optimum:
    """`search` where the atoms are searched, `solve` where all of them are looked at."""
    find = search if dictionary.scope == "local" else solve
    return find(problem, dictionary, tol, progress, start)


def _anchored(samples: Samples, units: np.ndarray) -> np.ndarray:
    """Units through the sample that is next to their hyperplane, where those that have slid come to lie."""
    nearest = np.argmin(np.abs(samples.homogeneous @ units.T), axis=0)
    weights = units[:, :-1]
    return np.column_stack([weights, -np.sum(weights * samples.homogeneous[nearest, :-1], axis=1)])


def _network(problem: Problem, restricted: Restricted, slides: bool) -> Optimum:
    """The network of the atoms in use, after sliding where that lowers it, with its own residual."""
    units, z, t = restricted.units, restricted.coefficients, restricted.intercept
    if slides and len(units):
        units, z, t = slide(problem, units, z, t)
    features = problem.samples.features(units)
    t = t + problem.shift(features @ z + t)
    v = problem.dual_point(problem.residual(features @ z + t))
    return Optimum(units, z, t, v, 0.0, problem.convex_objective(features, z, t), -np.inf, False)


def _with_estimate(problem: Problem, dictionary: Dictionary, optimum: Optimum) -> Optimum:
    """The network with its residual, the largest correlation found with it and the bound that this would be."""
    features = problem.samples.features(optimum.units)
    v = problem.dual_point(problem.residual(features @ optimum.coefficients + optimum.intercept))
    own = np.linalg.norm(features.T @ v, axis=1).max(initial=0.0)
    maximum = max(dictionary.price(v, np.inf, 1).maximum, float(own))
    bound = problem.dual_bound(v, maximum)
    return replace(optimum, dual=v, maximum=maximum, bound=bound, converged=True)
