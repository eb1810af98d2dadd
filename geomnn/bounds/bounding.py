"""A bound of all unit neurons for a network that exists already, however it was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from geomnn.bounds.choice import choose_bounds
from geomnn.bounds.proving import Proven, prove
from geomnn.deadline import Deadline
from geomnn.errors import DataError, OptionError
from geomnn.norms import ball
from geomnn.programs.certificate import Certificate
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import Effort
from geomnn.programs.losses import Loss
from geomnn.programs.problem import Problem, pose
from geomnn.samples import finite_floats

__all__ = ["bound", "bounded", "globally", "with_end"]


def bound(
    network: Any,
    X: Any = None,
    y: Any = None,
    reg: Any = None,
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    sample_weight: Any = None,
    method: str = "auto",
    time_limit: float | None = 60.0,
) -> Certificate:
    """How far below a network the best one of any width can be, proved.

    D(s v) ≤ the value of (T) of every network,  s = reg/m,  m ≥ max over ‖w‖_p = 1 of ‖Σ_i v_i (x̃_i·u)_+‖_2.

    Parameters
    ----------
    network : Solution or AnalyticNetwork
        What `geomnn.derive` returned, or a network of one hidden layer from elsewhere, with weights as they are.
    X, y, reg, norm, bias, loss
        Of a network: what it was trained on, as in `geomnn.derive`. A `Solution` has its own.
    sample_weight : array_like, shape (n,), optional
        s_i > 0 of the loss.
    method : {"auto", "transport", "stars", "cells", "semidefinite", "milp"}
        As ``certify`` of `geomnn.derive`.
    time_limit : float or None
        Seconds.

    Returns
    -------
    Certificate
        Of the network; ``proven`` holds the proof, what other bounds came to, and the value of (T) of the network with
        balanced weights and the best intercept.

    Raises
    ------
    OptionError, DataError
        If there is no such bound, or the network does not fit the samples.
    UnsupportedProblem
        If the bound is not made for such a problem.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0], [1], [3]], [0, 1, 5]
    >>> solution = gm.derive(X, y, reg=0.1)
    >>> gm.bound(solution.network, X, y, reg=0.1, method="milp").coverage.method
    'milp'

    Source: geomnn theory, section 9.
    """
    effort = Effort(time_limit=time_limit)
    if method is None:
        raise OptionError("method=None; the name of a bound, or 'auto', was expected.")
    if hasattr(network, "problem"):
        if X is not None or y is not None or reg is not None:
            raise OptionError("A Solution has its own X, y and reg: leave them out.")
        with effort.begun() as effort:
            return bounded(network, network.problem, method, effort).certificate
    if X is None or y is None or reg is None:
        raise OptionError("Give X, y and reg beside the network: it does not hold what it was trained on.")
    weights = None if sample_weight is None else finite_floats(np.asarray(sample_weight), "sample_weight")
    problem = pose(X, y, reg, norm, bias, loss, weights)
    kinds = choose_bounds(method, problem)
    inner, biases, outer, t = _weights(network, problem)
    with effort.begun() as effort:
        hidden = problem.samples.features(problem.samples.units_of(inner, biases))
        f = hidden @ outer
        f = f + problem.shift(f)
        proven = prove(problem, problem.dual_point(problem.residual(f)), f, kinds, effort.deadline)
    sizes = ball(problem.norm).length(inner) * np.linalg.norm(outer, axis=1)
    balanced = problem.loss.value(f, problem.targets) + problem.reg * float(sizes.sum())
    given = problem.training_objective(inner, biases, outer, t)
    certificate = Certificate(given, 0.0, 0.0, Coverage("local", "all"), 0)
    return globally(certificate, replace(proven, balanced=balanced if balanced < given else None))


def _weights(network: Any, problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """w (k, d), b (k,), α (k, c) and t (c,) of a network that fits the samples."""
    if not hasattr(network, "arrays"):
        raise OptionError(
            f"{type(network).__name__}; a Solution or an AnalyticNetwork was expected: "
            "AnalyticNetwork.from_torch makes one of a PyTorch model."
        )
    if network.depth > 2:
        raise OptionError(
            f"The network has {network.depth} layers, and networks of 2 are bounded; of deeper ones take the Solution."
        )
    inner, biases, outer, t = network.arrays()
    shape, expected = (inner.shape[1], len(t)), (problem.samples.d, problem.outputs)
    if shape != expected:
        raise DataError(
            f"The network takes {shape[0]} features and has {shape[1]} outputs; X and y have {expected[0]} and "
            f"{expected[1]}: give the table that it was trained on."
        )
    return inner, biases, outer, t


def bounded(solution: Any, problem: Problem, certify: str | None, effort: Effort) -> Any:
    """The solution with what bounds of all unit neurons come to, if that is not known yet.

    Parameters
    ----------
    solution : Solution
    problem : Problem
        The one that was posed.
    certify : str or None
        "auto" leaves a certificate as it is that is global already; a bound that is named stands beside it.
    effort : Effort
    """
    certificate = solution.certificate
    known = certificate.coverage.scope == "global" and (certify == "auto" or certificate.proven is not None)
    depth = solution.network.depth
    kinds = [kind for kind in choose_bounds(certify, problem, depth) if depth == 2 or kind.any_depth]
    if not kinds or known:
        return solution
    f = np.reshape(solution.network(problem.samples.X), problem.targets.shape)
    v = problem.dual_point(problem.residual(f))
    proven = prove(problem, v, f, kinds, with_end(effort).deadline)
    if certificate.coverage.proves:
        return replace(solution, certificate=replace(certificate, proven=proven))
    return replace(solution, certificate=globally(certificate, proven))


def globally(certificate: Certificate, proven: Proven) -> Certificate:
    """The certificate of a search with a bound of all unit neurons as its lower bound.

    Parameters
    ----------
    certificate : Certificate
    proven : Proven
    """
    depth = "any" if proven.bound.any_depth else certificate.coverage.depth
    covered = Coverage("global", "all", depth, proven.bound.name)
    dual, count = max(proven.value, 0.0), proven.proof.count
    return replace(certificate, dual=dual, coverage=covered, count=count, proven=proven)


def with_end(effort: Effort) -> Effort:
    """The effort of a call that has no time limit, where bounds need one."""
    if effort.time_limit is not None:
        return effort
    return replace(effort, deadline=Deadline.after(effort.affordable))
