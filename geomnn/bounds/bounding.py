"""A bound of all unit neurons for a network that exists already, however it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from geomnn.bounds.choice import BOUNDS, choose_bounds
from geomnn.bounds.proving import Proven, prove
from geomnn.deadline import limited
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.networks.io.interchange import Layer, layers_of
from geomnn.norms import ball
from geomnn.programs.certificate import Certificate
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import Effort
from geomnn.programs.losses import Loss
from geomnn.programs.problem import Problem, pose
from geomnn.validation import finite_floats

__all__ = ["Model", "bound", "bounded", "globally", "with_end"]


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
    network : Solution, AnalyticNetwork, PyTorch or scikit-learn model, or list of (W, b)
        What `geomnn.derive` returned, or a ReLU network from elsewhere, with its weights as they are.
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
        balanced weights, ‖w‖_p = |α| in each neuron, and the best intercept.

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
    if hasattr(network, "certificate"):
        if any(each is not None for each in (X, y, reg, sample_weight)) or (norm, bias, loss) != (
            1,
            True,
            "squared",
        ):
            raise OptionError(
                "A Solution has its own X, y, reg, norm, bias, loss and weights: leave them out."
            )
        if network.moves is not None:
            raise UnsupportedProblem(
                "The solution is one of robust training, whose certificate is global already, and bounds are of the "
                "training objective at the samples: give its network, X, y and reg for that."
            )
        with effort.begun() as effort:
            posed = (
                network.problem if network.lifted is None else network.problem.over(network.lifted.samples)
            )
            anew = replace(network, certificate=replace(network.certificate, proven=None))
            return bounded(anew, posed, method, effort).certificate
    if X is None or y is None or reg is None:
        raise OptionError("Give X, y and reg beside the network: it does not hold what it was trained on.")
    problem = pose(X, y, reg, norm, bias, loss, _checked_weights(sample_weight, X))
    layers = layers_of(network)
    if len(layers) == 1:
        raise DataError("The network has one layer, and no neurons: at least two layers were expected.")
    if len(layers) > 2 and problem.norm != 1:
        raise UnsupportedProblem(
            f"norm={norm:g} and {len(layers)} layers: networks of more than two are bounded with the penalty of their "
            "paths, which is that of norm=1."
        )
    kinds = choose_bounds(method, problem, time_limit, _deeper(len(layers)))
    model = Model(layers, problem)
    with effort.begun() as effort:
        f = model.outputs
        f = f + problem.shift(f)
        proven = prove(problem, problem.dual_point(problem.residual(f)), f, kinds, effort.deadline)
    given, balanced = model.value(), problem.loss.value(f, problem.targets) + problem.reg * model.path_norm()
    certificate = Certificate(given, 0.0, 0.0, Coverage("local", "all"), 0)
    return globally(certificate, replace(proven, balanced=balanced if balanced < given else None))


def _checked_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Weights above 0 of the samples, shape (n,)."""
    if sample_weight is None:
        return None
    weights = finite_floats(sample_weight, "sample_weight")
    if weights.shape != (len(X),) or not (weights > 0).all():
        raise DataError(
            f"sample_weight has shape {weights.shape} and the least entry {weights.min(initial=np.inf):g}; a number "
            "above 0 for each sample was expected: leave samples without a weight out."
        )
    return weights


class Model:
    """The layers of a network that fits the samples of a problem.

    Parameters
    ----------
    layers : list of (W, b)
    problem : Problem

    Raises
    ------
    DataError, OptionError
        If features, outputs or biases are other ones.
    """

    def __init__(self, layers: list[Layer], problem: Problem):
        shape, expected = (layers[0][0].shape[1], len(layers[-1][0])), (problem.samples.d, problem.outputs)
        if shape != expected:
            raise DataError(
                f"The network takes {shape[0]} features and has {shape[1]} outputs; X and y have {expected[0]} and "
                f"{expected[1]}: give the table that it was trained on."
            )
        if not problem.samples.bias and any(b is not None and b.any() for _, b in layers):
            raise OptionError("bias=False, and the network has biases: leave bias=False out.")
        self._problem = problem
        self.layers: list[tuple[np.ndarray, np.ndarray]] = [
            (W, np.zeros(len(W)) if b is None else b) for W, b in layers
        ]
        hidden = problem.samples.X
        for W, b in self.layers[:-1]:
            hidden = np.maximum(hidden @ W.T + b, 0.0)
        self.outputs = hidden @ self.layers[-1][0].T  # without the intercept

    @property
    def depth(self) -> int:
        return len(self.layers)

    def path_norm(self) -> float:
        """Σ over the neurons of ‖w‖_p ‖α‖_2; of more layers the sum over all paths of the products of |weights|."""
        (first, _), *others = self.layers
        if self.depth == 2:
            sizes = ball(self._problem.norm).length(first)
            return float(np.sum(sizes * np.linalg.norm(others[0][0], axis=0)))
        paths = np.abs(first).sum(axis=1)
        for W, _ in others:
            paths = np.abs(W) @ paths
        return float(paths.sum())

    def value(self) -> float:
        """The value of (T) with the weights as they are; of more layers with the path penalty."""
        (W, b), (outer, t) = self.layers[0], self.layers[-1]
        if self.depth == 2:
            return self._problem.training_objective(W, b, outer.T, t)
        return (
            self._problem.loss.value(self.outputs + t, self._problem.targets)
            + self._problem.reg * self.path_norm()
        )


def _deeper(depth: int) -> str:
    return f"a network of {depth} layers" if depth > 2 else ""


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
    atoms = certificate.coverage.method not in BOUNDS
    known = certificate.proven is not None or (
        atoms and certificate.coverage.scope == "global" and certify == "auto"
    )
    kinds = (
        () if known else choose_bounds(certify, problem, effort.time_limit, _deeper(solution.network.depth))
    )
    if not kinds:
        return solution
    f = np.reshape(solution.network(problem.samples.X), problem.targets.shape)
    v = problem.dual_point(problem.residual(f))
    with with_end(effort) as effort:
        proven = prove(problem, v, f, kinds, effort.deadline)
    if certificate.coverage.proves and atoms:
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


@contextmanager
def with_end(effort: Effort) -> Iterator[Effort]:
    """The effort with a deadline, as bounds need one: what is affordable from now on, where there is no time limit.

    Parameters
    ----------
    effort : Effort
    """
    if effort.time_limit is not None:
        yield effort
        return
    with limited(effort.affordable, effort.progress) as deadline:
        yield replace(effort, deadline=deadline)
