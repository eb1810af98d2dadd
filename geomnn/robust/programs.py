"""The robust programs: which points are rows, and which neurons compete.

    exact    the worst points of the balls that are known so far, and wedges of them: a lower bound, which an upper one
             meets when no worse points are found
    sum      each neuron at its own worst point, (w·x + b ± ε)_+, and wedges of the corners of the boxes
    noflip   the corners of the boxes, and those of their wedges that cross no box: f is affine on each

The last two are for p = 1 and boxes, ‖δ‖_∞ ≤ ε: on each orthant of w a box has one corner that moves w·x most.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import comb
from typing import Any

import numpy as np

from geomnn.deadline import Deadline
from geomnn.dictionaries.base import refuse_if_too_large
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.norms import ball as unit_ball
from geomnn.programs.problem import Problem
from geomnn.robust.losses import WORST_LOSSES
from geomnn.robust.restricted import SOLVED, fewest, minimised
from geomnn.robust.rows import Rows, rows_of
from geomnn.samples import Samples

__all__ = [
    "LIMITS",
    "Found",
    "Program",
    "corners_of",
    "firsts",
    "no_flip",
    "rows_at",
    "scenarios",
    "sums",
    "vertex",
]

SHORTEST = 0.5  # seconds for a vertex, where time is over
AT_ONCE = 30  # atoms that are added to a program
NOTHING = 1e-9  # relative to the largest size or value, up to which the solver means none
TINY = NOTHING, 1e-7, 1e-5, 1e-3  # relative sizes of neurons that may be left out, if the value allows
SECONDS_PER_CORNER = 1e-5
SECONDS_PER_ATOM, BYTES_PER_ROW = 1e-5, 48  # what an atom takes, of the time, and of memory for each row
LIMITS = 900.0, 2.0**31
AS_GOOD = 1e-8  # relative to the value, what a vertex may cost
SAME = 1e-10  # relative to the size of x, up to which two units are one, and a box that is touched is not crossed


@dataclass(frozen=True, eq=False)
class Found:
    """The optimum of a robust program over its atoms.

    Parameters
    ----------
    units : ndarray, shape (k, D)
        In centred coordinates of the points.
    coefficients : ndarray, shape (k,)
    intercept : float
    dual : ndarray, shape (n,)
        −Σ σ_r λ_r of each sample.
    maximum : float
        The largest correlation of an atom with λ.
    value, bound : float
        Of the program, and what λ proves of all its atoms.
    worst : ndarray, shape (n,)
        ρ of each sample.
    """

    units: np.ndarray
    coefficients: np.ndarray
    intercept: float
    dual: np.ndarray
    maximum: float
    value: float
    bound: float
    worst: np.ndarray


@dataclass(frozen=True, eq=False)
class Program:
    """Rows and atoms.

    Parameters
    ----------
    points : Samples
        Of which the atoms are wedges.
    sample : ndarray of int, shape (m,)
        To which sample each point belongs.
    steps : ndarray, shape (m, d)
        By how much it was moved.
    rows : Rows
    units : ndarray, shape (N, D)
        The atoms, in both orientations.
    """

    points: Samples
    sample: np.ndarray
    steps: np.ndarray
    rows: Rows
    units: np.ndarray

    def optimum(self, reg: float, deadline: Deadline) -> Found:
        """The optimum over all atoms, a few of which are added at a time."""
        rows, bias, bound = self.rows, self.points.bias, -np.inf
        signs = np.repeat([1.0, -1.0], len(self.units))
        atoms = np.concatenate([self.units, self.units])
        columns, chosen = rows.columns(atoms, signs), np.zeros(len(atoms), dtype=bool)
        while True:
            sizes, t, multipliers = minimised(rows, columns[:, chosen], reg, bias, deadline.left())
            multipliers = rows.feasible(multipliers, bias)
            correlations = -(multipliers * rows.sign) @ columns
            maximum = float(correlations.max(initial=0.0))
            multipliers *= min(1.0, reg / maximum) if maximum > 0 else 1.0
            bound = max(bound, rows.dual(multipliers))
            new = np.flatnonzero((correlations > reg * (1 + SOLVED)) & ~chosen)
            if not len(new) or deadline.over():
                break
            chosen[new[np.argsort(-correlations[new], kind="stable")[:AT_ONCE]]] = True
        picked = np.flatnonzero(chosen)
        value, worst, sizes, t = vertex(rows, columns[:, picked], sizes, t, reg, bias, deadline)
        kept = sizes > NOTHING * sizes.max(initial=0.0)
        dual = np.bincount(rows.sample, -multipliers * rows.sign, len(rows.s))
        picked, sizes = picked[kept], sizes[kept]
        return Found(atoms[picked], signs[picked] * sizes, t, dual, min(maximum, reg), value, bound, worst)


def vertex(
    rows: Rows, columns: np.ndarray, sizes: np.ndarray, t: float, reg: float, bias: bool, deadline: Deadline
) -> tuple[Any, ...]:
    """The value, the worst values, sizes and intercept of a vertex, where it is as good up to rounding."""
    worst = rows.worst(columns @ sizes + t)
    found = fewest(rows, columns, worst, bias, max(deadline.left(), SHORTEST))
    tried = []
    for (a, shift), least in product([(sizes, t), *([] if found is None else [found])], TINY):
        kept = np.where(a > least * a.max(initial=0.0), a, 0.0)
        f = columns @ kept + shift
        if abs(shift) <= NOTHING * max(np.abs(f).max(), np.abs(rows.constant).max()):
            f, shift = f - shift, 0.0
        tried.append((rows.value(f) + reg * float(kept.sum()), rows.worst(f), kept, shift))
    good = min(value for value, *_ in tried)
    as_good = [each for each in tried if each[0] <= good + AS_GOOD * abs(good)]
    return min(as_good, key=lambda each: np.count_nonzero(each[2]))


def scenarios(problem: Problem, sample: np.ndarray, steps: np.ndarray) -> Program:
    """The program of the worst of these points, and of their wedges: S1.

    Parameters
    ----------
    problem : Problem
    sample : ndarray of int, shape (m,)
    steps : ndarray, shape (m, d)
    """
    points = Samples(problem.samples.X[sample] + steps, problem.samples.bias)
    rows = rows_at(problem, sample, points.homogeneous)
    return Program(points, sample, steps, rows, _atoms(points, problem.norm, rows))


def sums(problem: Problem, eps: float) -> Program:
    """The program of neurons that are each at their worst, and of wedges of the corners: S2 and S3."""
    sample, steps = corners_of(problem.samples.n, problem.samples.d, eps)
    points = Samples(problem.samples.X[sample] + steps, problem.samples.bias)
    middles = points.lift(problem.samples.X)
    rows = rows_at(problem, np.arange(len(middles)), middles, eps)
    return Program(points, sample, steps, rows, _atoms(points, problem.norm, rows))


def no_flip(problem: Problem, eps: float) -> Program:
    """The program of neurons that keep their signs on every box: S4."""
    program = scenarios(problem, *corners_of(problem.samples.n, problem.samples.d, eps))
    values = program.points.homogeneous @ program.units.T
    size, first = SAME * program.points.extent.max(), np.unique(program.sample, return_index=True)[1]
    above = np.minimum.reduceat(values, first) >= -size
    below = np.maximum.reduceat(values, first) <= size
    return replace(program, units=program.units[(above | below).all(axis=0)])


def rows_at(problem: Problem, sample: np.ndarray, points: np.ndarray, shift: float = 0.0) -> Rows:
    """The rows of points (m, D) of these samples (m,)."""
    s = np.broadcast_to(problem.loss.s, problem.targets.shape).ravel().astype(float)
    return rows_of(WORST_LOSSES[problem.loss.name], s, problem.targets.ravel(), sample, points, shift)


def _atoms(points: Samples, norm: float, rows: Rows) -> np.ndarray:
    """Every wedge of the points and the directions of the norm, once in both orientations, shape (N, D)."""
    size, directions = points.D - 1, unit_ball(norm).count_directions(points.d)
    sets = (
        comb(len(points.distinct), k) * comb(directions, size - k) for k in range(int(points.bias), size + 1)
    )
    refuse_if_too_large(
        f"atoms for {points.n} points that samples may move to", 2 * sum(sets), SECONDS_PER_ATOM,
        BYTES_PER_ROW * len(rows.sign), LIMITS, "fewer samples or features, or robust='exact', which forms few of them",
    )  # fmt: skip
    units = np.concatenate([np.zeros((0, points.D)), *WedgeDictionary(points, norm, True).units()])
    units = np.concatenate([units, -units])
    return units[firsts(units, points.extent)[0]]  # a box has many in one hyperplane


def firsts(table: np.ndarray, extent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first of each set of equal rows, in their order, and for each row which of them it is equal to.

    Parameters
    ----------
    table : ndarray, shape (n, m)
    extent : ndarray, shape (m,)
        How much each column counts.
    """
    scaled = np.round(table * extent / max(extent.max(), np.finfo(float).tiny) / SAME)
    _, first, same = np.unique(scaled, axis=0, return_index=True, return_inverse=True)
    place = np.argsort(first)
    return first[place], np.argsort(place)[same.ravel()]


def corners_of(n: int, d: int, eps: float, ball: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
    """To which sample each corner of the balls belongs, and the steps to them, shapes (m,) and (m, d).

    Of r = 2 they are those of the ball of r = 1 in it; for eps = 0 there is one of 0.
    """
    refuse_if_too_large(
        f"corners of {n} balls of {d} features", n * (2**d if ball == np.inf else 2 * d), SECONDS_PER_CORNER,
        16.0 * d, LIMITS, "fewer samples or features",
    )  # fmt: skip
    signs = (
        np.array([*product([1.0, -1.0], repeat=d)]) if ball == np.inf else np.vstack([np.eye(d), -np.eye(d)])
    )
    steps = np.unique(eps * signs + 0.0, axis=0)
    return np.repeat(np.arange(n), len(steps)), np.tile(steps, (n, 1))
