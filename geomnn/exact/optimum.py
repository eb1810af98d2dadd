"""The exact optimum of (C): posed in Fractions, guessed in floats, finished and checked in integers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from geomnn.atoms import Atom
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries import Choice, Dictionary
from geomnn.errors import DataError, UnsupportedProblem
from geomnn.exact.lattice import ChainPlanes, IntegerSamples, Plane, Planes
from geomnn.exact.pivoting import ExactActiveSet
from geomnn.exact.projection import Projection, Target, independent
from geomnn.numbers.rationals import exact_reg, exact_targets, symbolic
from geomnn.numbers.roots import RootBasis, RootSum, RootVector, rational_matrix
from geomnn.programs.problem import Problem
from geomnn.programs.solve import Optimum

__all__ = [
    "ExactOptimum",
    "ExactProblem",
    "check_exact",
    "find_optimum",
    "named_plane",
    "pose_exactly",
    "price_exactly",
]


@dataclass(frozen=True, eq=False)
class ExactProblem:
    """A training problem in rational numbers, with the dictionary over which it is solved.

    Parameters
    ----------
    targets : list of Fraction
        y.
    reg : Fraction
    samples : IntegerSamples
    planes : Planes
        All atoms.
    program : str
        "all", "wedge", "chains" or "columns".
    """

    targets: list[Fraction]
    reg: Fraction
    samples: IntegerSamples
    planes: Planes
    program: str


@dataclass(frozen=True, eq=False)
class ExactOptimum:
    """The optimum of an exact problem, every number of it exact.

    Parameters
    ----------
    atoms : list of Atom
        With weights of Fractions or SymPy numbers, in the order of their names.
    coefficients : list
        z_u.
    intercept, primal, bound, largest_correlation : Fraction or SymPy number
        t, the value of (T), the dual value of v, and the largest |correlation|/reg.
    dual : ndarray of object, shape (n,)
        v.
    planes : list of Plane
        The atoms in integer coordinates.
    projection : Projection
        The KKT system that holds.
    """

    atoms: list[Atom]
    coefficients: list[Any]
    intercept: Any
    primal: Any
    bound: Any
    largest_correlation: Any
    dual: np.ndarray
    planes: list[Plane]
    signs: list[int]
    projection: Projection


def check_exact(problem: Problem, choice: Choice) -> None:
    """Refuse problems for which no finite exact method is known.

    Raises
    ------
    UnsupportedProblem
        For other losses than the squared one, vector outputs, and dictionaries that are not a finite list of wedges.
    """
    if not problem.loss.is_quadratic:
        raise UnsupportedProblem(
            f"{{exact}} is for the squared loss: the optimum for the {problem.loss.name} one is no closed form of the "
            "data. Take {loss}, or leave {exact} out and read the gap in the certificate.",
            exact=True,
            loss="squared",
        )
    if not problem.one_column:
        raise UnsupportedProblem(
            f"{{exact}} is for scalar outputs and y has shape {problem.targets.shape}: derive a network for each "
            "column, y[:, k], or leave {exact} out.",
            exact=True,
        )
    if not choice.fixed and choice.given is None and choice.name not in ("auto", "all"):
        raise UnsupportedProblem(
            "{exact} needs every atom, and {dictionary} has only some of them; take 'all' or 'wedge', on few samples "
            "and features, or leave {exact} out.",
            exact=True,
            dictionary=choice.name,
        )
    if not choice.fixed:
        raise UnsupportedProblem(
            "{exact} needs a finite dictionary of all wedges; for norm 2 all atoms move with the residual. "
            "Take {dictionary} (the paper's program) or norm 1 or inf, or leave {exact} out.",
            exact=True,
            dictionary="wedge",
        )


def pose_exactly(problem: Problem, program: str) -> ExactProblem:
    """The problem in rational numbers, floats as their shortest decimal.

    Parameters
    ----------
    problem : Problem
        The same, checked and rounded to floats, which passed `check_exact`.
    program : str
        The dictionary whose atoms compete.

    Raises
    ------
    EnumerationTooLarge
        Before any atom is formed, if there are more than can be checked in minutes.
    DataError, OptionError
        For numbers that are not rational.

    Source: geomnn theory, section 8.
    """
    y, reg = problem.written
    reg, targets = exact_reg(reg), exact_targets(y)
    samples = IntegerSamples(problem.samples.rows, problem.samples.bias)
    if program in ("chains", "columns"):
        planes: Planes = ChainPlanes(samples, program == "columns")
    else:
        planes = Planes(samples, problem.norm, program == "all")
    return ExactProblem(targets, reg, samples, planes, program)


def find_optimum(
    problem: ExactProblem, dictionary: Dictionary, guess: Optimum, deadline: Deadline = NEVER
) -> ExactOptimum:
    """The canonical exact optimum, from a floating-point one that tells which atoms are active, or from nothing.

    Of all optima over the dictionary it is the one with the lexicographically largest |z_u|, the atoms in the order of
    their names: a vertex, which neither the guess nor the order of the steps has a part in.

    Parameters
    ----------
    problem : ExactProblem
    dictionary : Dictionary
        Which names the units of the guess.
    guess : Optimum
    deadline : Deadline

    Raises
    ------
    OutOfTime
        If the deadline comes between two steps: there is no half of an exact optimum.

    Source: geomnn theory, sections 8 and 10.
    """
    basis, planes, signs = RootBasis(), [], []
    for j in np.argsort(-np.linalg.norm(guess.coefficients, axis=1)).tolist():
        plane = _guessed(problem, dictionary, guess, j)
        if plane is not None:
            planes.append(plane)
            signs.append(1 if guess.coefficients[j, 0] > 0 else -1)
    target = Target(problem.targets, problem.reg, problem.samples.bias, basis)
    active = ExactActiveSet(target, planes, signs)

    tight: list[tuple[Plane, int]] = []

    def violated_in_time(projection: Projection) -> tuple[Plane, int] | None:
        nonlocal tight
        deadline.check()
        violated, tight = price_exactly(problem, basis, problem.reg, projection.point)
        return violated

    active.optimise(violated_in_time)
    return _assembled(problem, basis, active, _go_to_canonical(problem, active, tight, deadline))


def _go_to_canonical(
    problem: ExactProblem, active: ExactActiveSet, tight: list[tuple[Plane, int]], deadline: Deadline
) -> list[Atom]:
    """From any optimum to the one that the names pick: as much as there can be of the first active atom, then of the
    second, …; the names of its atoms. Where the activations of all are independent there is no other optimum."""
    planes = [plane for plane, _ in tight]
    if len(independent(planes, problem.samples.bias)) == len(planes):
        return [named_plane(problem, plane) for plane in active.planes]
    named = {plane: named_plane(problem, plane) for plane in planes}
    tight = sorted(tight, key=lambda pair: named[pair[0]].place)
    active.go_to_first([plane for plane, _ in tight], [sign for _, sign in tight], deadline.check)
    return [named[plane] for plane in active.planes]


def _guessed(problem: ExactProblem, dictionary: Dictionary, guess: Optimum, j: int) -> Plane | None:
    """The wedge of integer points that a unit of the guess stands for, None where rounding hides it."""
    try:
        atom = dictionary.name(guess.units[j], guess.dual)
    except DataError:
        return None  # the exact steps will find it if it is needed
    return problem.planes.at(atom)


def price_exactly(
    problem: ExactProblem, basis: RootBasis, reg: Fraction, v: RootVector
) -> tuple[tuple[Plane, int] | None, list[tuple[Plane, int]]]:
    """An atom with |ρᵀv| > reg m, the most violated but for rounding, None if there is none, and then all atoms with
    |ρᵀv| = reg m; each with the sign of ρᵀv."""
    tight: list[tuple[Plane, int]] = []
    if not any(v.rows.entries()):
        return None, tight
    for _, plane in problem.planes.near(np.array(v.floats()), float(reg)):
        correlation = v.dot(plane.activations)
        sign = correlation.sign()
        excess = (correlation * sign - basis.root(plane.square) * reg).sign()
        if excess > 0:
            return (plane, sign), []
        if excess == 0:
            tight.append((plane, sign))
    return None, tight


def _assembled(
    problem: ExactProblem, basis: RootBasis, active: ExactActiveSet, named: list[Atom]
) -> ExactOptimum:
    """The network, its value through (T), the dual value and the largest correlation."""
    projection, reg, v = active.projection, problem.reg, active.projection.point
    sizes = [multiplier * basis.root(plane.square)
             for multiplier, plane in zip(projection.multipliers, active.planes, strict=True)]  # fmt: skip
    half = v.inner(v) * Fraction(1, 2)
    cost = sum(sizes, basis.sum([])) * reg
    along = v.inner(RootVector(basis, rational_matrix([[y] for y in problem.targets], 1)))
    largest = basis.sum([Fraction(1)]) if active.planes else _largest(problem, basis, v)
    plain = RootSum.to_fraction if len(basis) == 1 else RootSum.to_sympy
    order = sorted(range(len(named)), key=lambda j: named[j].place)
    dual = np.array([plain(v[i]) for i in range(len(v))], dtype=object)
    return ExactOptimum(
        [named[j] for j in order],
        [plain(sizes[j] * active.signs[j]) for j in order],
        plain(projection.intercept),
        plain(half + cost),
        plain(along - half),
        plain(largest),
        dual,
        [active.planes[j] for j in order],
        [active.signs[j] for j in order],
        projection,
    )


def _largest(problem: ExactProblem, basis: RootBasis, v: RootVector) -> RootSum:
    """The largest |correlation|/reg over all atoms."""
    largest = basis.sum([])
    dual = np.array(v.floats())
    for bound, plane in problem.planes.near(dual, 0.0):
        if bound < float(largest) * float(problem.reg) * (1 - 1e-9):
            break
        correlation = v.dot(plane.activations)
        # c/m = c m/m²
        ratio = correlation * basis.root(plane.square) * (correlation.sign() / problem.reg / plane.square)
        largest = ratio if largest < ratio else largest
    return largest


def named_plane(problem: ExactProblem, plane: Plane) -> Atom:
    """The named atom, its weight and bias as exact numbers."""
    samples, directions, orientation = problem.planes.name(plane)
    normal, offset = plane.coordinates[:-1], plane.coordinates[-1]
    q = problem.samples.scale
    size = Fraction(plane.square, q * q)  # ‖N‖²
    shifted = offset - sum(a * b for a, b in zip(normal, problem.samples.origin.tolist(), strict=True))
    entries = [*map(Fraction, normal), Fraction(shifted, q)]
    root = RootBasis().root(int(size))
    if root.is_rational:
        numbers: list[Any] = [entry / root.to_fraction() for entry in entries]
    else:
        length = sympy.sqrt(int(size))
        numbers = [symbolic(entry) / length for entry in entries]
    weight = np.array(numbers[:-1], dtype=object)
    bias: Any = numbers[-1] if problem.samples.bias else Fraction(0)
    return Atom(weight, bias, samples, directions, orientation, problem.samples.bias, problem.planes.norm)
