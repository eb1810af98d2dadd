"""Robust training: pose, solve the program that was asked for, and name what came out by samples that were moved.

    R(z, t) = Σ_i max_{‖δ‖_r ≤ ε} ℓ(f(x_i + δ), y_i) + reg Σ_j |z_j|

is convex in z over all units, as f is linear in it at every point.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geomnn.atoms import Atom, MovedWedge
from geomnn.deadline import Deadline
from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.inputs.asked import asked_ball, asked_radius
from geomnn.networks.network import AnalyticNetwork
from geomnn.norms import ball as unit_ball
from geomnn.programs.certificate import Certificate, warn_of_gap
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem
from geomnn.programs.solve import STOPPED
from geomnn.robust.losses import WORST_LOSSES
from geomnn.robust.programs import Found, Program, no_flip, sums
from geomnn.robust.saddle import KNOWN_ALL, Saddle, comes_to, objective, worst_points

__all__ = ["Moves", "Robust", "asked_moves", "robust_optimum"]


@dataclass(frozen=True)
class Moves:
    """What may happen to each sample, ‖δ‖_r ≤ ε, and the program against it.

    Parameters
    ----------
    program : {"exact", "sum", "noflip"}
    eps : float
    ball : float
        r.
    """

    program: str
    eps: float
    ball: float

    @property
    def sentence(self) -> str:
        """Where the training objective is taken."""
        what = "with each neuron at its own worst point" if self.program == "sum" else "at the worst points"
        where = "in each feature" if self.ball == np.inf else f"in the {self.ball:g}-norm"
        return f"{what} within {self.eps:g} of the samples {where}"


@dataclass(frozen=True, eq=False)
class Robust:
    """The optimum of a robust program by name.

    Parameters
    ----------
    network : AnalyticNetwork
    certificate : Certificate
    dual : ndarray, shape (n,)
    """

    network: AnalyticNetwork
    certificate: Certificate
    dual: np.ndarray


def asked_moves(
    problem: Problem, robust: Any, eps: Any, ball: Any, others: Mapping[str, Any]
) -> Moves | None:
    """The checked options of robust training; None where none was given.

    Parameters
    ----------
    problem : Problem
    robust : str, optional
        "exact" of one or two features if not given, else "sum".
    eps : float
    ball : float
    others : mapping of str to object
        Options that have no part in this, and whether they were given.

    Raises
    ------
    OptionError
        If they are none.
    UnsupportedProblem
        If no program is known for them.
    """
    if robust is None and eps is None and isinstance(ball, float) and ball == np.inf:
        return None
    if eps is None:
        raise OptionError("eps is missing: by how much may each sample move? Give eps=0.1, say.")
    for option, given in others.items():
        if given:
            raise UnsupportedProblem(
                f"{option} and eps exclude each other: robust programs have atoms and bounds of their own."
            )
    size, r = asked_radius(eps, exact=False), asked_ball(ball)
    if robust is None:
        robust = "exact" if problem.samples.d <= KNOWN_ALL else "sum"
    if not isinstance(robust, str) or robust not in ("exact", "sum", "noflip"):
        raise OptionError("{robust}; 'exact', 'sum' or 'noflip' was expected.", robust=robust)
    moves = Moves(robust, size, r)
    loss = problem.loss.name
    if loss not in WORST_LOSSES or problem.outputs > 1:
        what = f"{problem.outputs} outputs" if loss in WORST_LOSSES else f"loss={loss!r}"
        raise UnsupportedProblem(f"Robust training of {what} is not known: it is for one output and loss='squared', "
                                 "'logistic' or 'hinge'.")  # fmt: skip
    if robust == "exact" and problem.samples.d > KNOWN_ALL and r == 2:
        raise UnsupportedProblem(
            f"robust='exact' with ball=2 is for one or two features, and X has {problem.samples.d}: worst points of "
            "balls of the 2-norm are not found there; give ball=inf or ball=1."
        )
    if robust == "exact" and not unit_ball(problem.norm).polyhedral:
        raise UnsupportedProblem(
            "robust='exact' is for norm=1 and norm=inf, whose atoms are wedges; give norm=1."
        )
    if robust != "exact" and problem.norm != 1:
        exact = problem.norm == np.inf and (problem.samples.d <= KNOWN_ALL or r != 2)
        raise UnsupportedProblem(
            f"robust={robust!r} is for norm=1, whose atoms are wedges of corners, and norm={problem.norm:g} was asked "
            f"for; give norm=1{', or robust=' + repr('exact') if exact else ''}."
        )
    if robust != "exact" and r != np.inf:
        raise UnsupportedProblem(
            f"robust={robust!r} is for ball=inf, whose corners its atoms are wedges of; robust='exact' takes other "
            "balls."
        )
    return moves


def robust_optimum(problem: Problem, moves: Moves, effort: Effort) -> Robust:
    """The network of the robust program, in closed form and with its certificate.

    Parameters
    ----------
    problem : Problem
    moves : Moves
    effort : Effort
        Begun.
    """
    effort.deadline.say("forming the points that samples may move to")
    if moves.program == "exact":
        saddle = Saddle.of(problem, moves.eps, moves.ball, effort)
        return _named(
            problem, saddle.program, saddle.found, moves, None, effort, saddle.count, not saddle.closed
        )
    program = (sums if moves.program == "sum" else no_flip)(problem, moves.eps)
    found = program.optimum(problem.reg, effort.deadline)
    worst = _worst(problem, program, found, moves, effort.deadline) if moves.program == "sum" else None
    return _named(problem, program, found, moves, worst, effort, len(program.units), effort.deadline.over())


def _worst(problem: Problem, program: Program, found: Found, moves: Moves, deadline: Deadline) -> float:
    """The value of the robust training problem, or what it is proven to be at most."""
    weights, biases = found.units[:, : problem.samples.d], program.points.biases_of(found.units)
    neurons = weights, biases, found.coefficients, found.intercept
    worst = np.full(problem.samples.n, -np.inf)
    for i, *_, most in worst_points(problem, neurons, moves.eps, moves.ball, deadline):
        worst[i] = max(worst[i], most)
    return objective(problem, worst, found.coefficients)


def _named(
    problem: Problem, program: Program, found: Found, moves: Moves, worst: float | None, effort: Effort, count: int,
    stopped: bool,
) -> Robust:  # fmt: skip
    """The network by the names of the points, and what was shown of it."""
    samples, directions = problem.samples, unit_ball(problem.norm).directions(problem.samples.d)
    atoms = [
        _moved(name_atom(program.points, unit, problem.norm, directions), program) for unit in found.units
    ]
    order = sorted(range(len(atoms)), key=lambda j: (*atoms[j].place, *atoms[j].weight.tolist()))
    intercept = found.intercept if problem.one_column else np.array([found.intercept])
    coefficients = found.coefficients if problem.one_column else found.coefficients[:, None]
    network = AnalyticNetwork.from_atoms([atoms[j] for j in order], coefficients[order], intercept, samples.d,
                                         problem.norm, samples.bias, feature_names=samples.names)  # fmt: skip
    value, bound = found.value, found.bound
    rounding = 4 * np.finfo(float).eps * np.abs(problem.targets).max()
    least, more = WORST_LOSSES[problem.loss.name].value(np.array([0.0, rounding]))
    if value <= np.sum(problem.loss.s) * (more - least):  # rounding alone
        value = bound = 0.0
    atoms_of = "noflip" if moves.program == "noflip" else "all"
    certificate = Certificate(
        value, max(bound, 0.0), found.maximum / problem.reg, Coverage("global", atoms_of, at=moves.sentence),
        count, stopped=stopped, worst=worst,
    )  # fmt: skip
    warn_of_gap(
        certificate, STOPPED * stopped, replace(effort, tol=max(effort.tol, comes_to(problem.samples.d)))
    )
    dual = found.dual if problem.one_column else found.dual[:, None]
    return Robust(network, certificate, dual)


def _moved(atom: Atom, program: Program) -> Atom:
    """An atom over points under the names of the samples that they are moved from."""
    rows = [*atom.samples]
    steps, named = program.steps[rows], {**vars(atom), "samples": tuple(program.sample[rows].tolist())}
    return MovedWedge(**named, moves=tuple(map(tuple, steps.tolist()))) if steps.any() else Atom(**named)
