"""The exact robust program, S1: atoms and worst points are sought in turn, until what is proven and attained meet.

With λ ≥ 0 on finitely many points of the balls, and F its correlation with a unit,

    Σ c λ − Σ_i s_i h*(Λ_i/s_i)   of   λ·min(1, reg/max F)

is a lower bound of the program of *all* points and units, as F is largest at a wedge of these points; and any network
is an upper one at its worst points. So a program over few points and atoms need not be solved to its end: it is solved
about as closely as the bounds are apart, from the middle of its optima, where λ and z tell more of the points and atoms
that are missing than vertices do. The value of the program divides the gap: what the bound lacks is left to atoms, what
the network lacks to points, or to a closer solution. Atoms are sought until little is left to them, or none is found,
then points likewise. A point is asked of every sample whose ball holds it: where balls of different targets overlap,
what their multipliers say of the units then cancels at once, and not in the limit.

It is not proven that a network of finitely many neurons is best. Where f is nearly constant on an overlap of balls of
different targets, λ needs points all over it, a thousand and more.

Source: geomnn theory, section 12; J. Gondzio, P. González-Brevis, P. Munari, EJOR 224, 2013, for loose solves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geomnn.deadline import Deadline
from geomnn.dictionaries.base import refuse_if_too_large
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.errors import EnumerationTooLarge
from geomnn.inputs.pieces import Pieces
from geomnn.inputs.plane import Plane
from geomnn.inputs.sought import Sought
from geomnn.norms import ball as unit_ball
from geomnn.programs.certificate import BRANCHED
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem
from geomnn.robust.losses import WORST_LOSSES
from geomnn.robust.programs import LIMITS, Found, Program, corners_of, firsts, rows_at, vertex
from geomnn.robust.restricted import SOLVED, minimised
from geomnn.robust.rows import Rows
from geomnn.samples import Samples

__all__ = ["KNOWN_ALL", "Saddle", "comes_to", "objective", "worst_points"]

KNOWN_ALL = 2  # features up to which all worst points are known
TURNS = 200  # of programs; most problems take five to twenty
SETTLING = 40  # turns at the end, in which a network of few neurons is sought, a vertex
CLOSED = 1e-6  # relative gap that programs are solved to
MANY = 250  # neurons of a network from which on a vertex is judged before the end, too
LARGE = 10**6  # numbers of a program from which on no vertex is sought, which takes far longer then
MOST = 2500  # neurons of a network that is judged, whose lines have three million meets
LOOSE, LOOSEST = 0.2, 1e-2  # of the gap, how closely programs are solved; and at most of the value
FALLEN = 0.5  # of the gap before, to which it has to have fallen for atoms and points to be left out
LEFT = 0.4  # of the gap, what may be left to atoms from when on points are sought, and to points for atoms
LOADING = 0.5  # seconds that may be those of loading compiled functions
FAR_MORE = 100.0  # in powers of e: more would overflow
AT_ONCE = 150  # atoms that are added in a turn
PER_ATOM = 4.0  # or one for so many points in use
CUTS = 5  # worst points of a sample in a turn
PER_CUT = 2.0  # or one for so many of its points in use, as many are needed then
APART = 0.25  # relative to eps, how far apart five of them are
UNUSED = 1e-4  # relative to the largest multiplier of a point, below which it is left out
SMALL = 1e-4  # relative to the largest size, below which an atom is left out that is far below reg, too
WIDER, WIDEST = 10.0, 0.1  # of the gap, how far below reg an atom is that may still be one of the optimum
NEW = 1e-9  # relative to the size of targets and worst values, by how much a point is worse than those that are known
NEAR = 0.1  # relative to targets and worst values, how near rows are that a program begins with
NEARER = 20.0  # and relative to the gap
ROUNDING = 8  # units in the last place, by which a point may be outside of a ball
ROUGH, ROUGHEST = 1e-2, 1e-3  # of the gap, how small neurons are that a network is judged without
SECONDS_PER_CUBE, BYTES_PER_SQUARE = 1e-10, 10.0  # of a run, in the number of rows of its first program


@dataclass(frozen=True, eq=False)
class Saddle:
    """What the search for the saddle point came to.

    Parameters
    ----------
    program : Program
        Of all points that were met, by which atoms are named.
    found : Found
        The best network, with the multipliers of the best bound.
    count : int
        Atoms of the last program.
    rounds : int
        How often points were added: the corners of the balls first, then worst points, each time that atoms sufficed or
        were not found.
    closed : bool
        Whether the two meet.
    """

    program: Program
    found: Found
    count: int
    rounds: int
    closed: bool

    @classmethod
    def of(cls, problem: Problem, eps: float, ball: float, effort: Effort) -> Saddle:
        """The saddle point of max_λ min_z, to the gap that is asked for or until time is over."""
        return _Search(problem, eps, ball, effort).end()


class _Search:
    """Points and atoms so far, and the best bounds."""

    def __init__(self, problem: Problem, eps: float, ball: float, effort: Effort):
        self.problem, self.eps, self.r, self.effort = problem, eps, ball, effort
        samples = problem.samples
        self.wanted = max(effort.tol, comes_to(samples.d))
        self.corners = samples.X
        if samples.d <= KNOWN_ALL:
            corner, steps = corners_of(samples.n, samples.d, eps, ball)
            self.corners = samples.X[corner] + steps
        first = self._held(np.concatenate([samples.X, self.corners]))[0].size
        refuse_if_too_large(
            f"rows for {len(self.corners)} points that samples may move to", first, SECONDS_PER_CUBE * first**2,
            BYTES_PER_SQUARE * first, LIMITS, "fewer samples or features",
        )  # fmt: skip
        self.places, self.used = np.zeros((0, samples.d)), np.zeros(0, dtype=bool)
        # w, b and the sign of z, whatever the centre of the points is; the first program, of none, is solved to its end
        self.atoms, self.loose = np.zeros((0, samples.d + 2)), 0.0
        self.bound, self.maximum, self.dual, self.count = -np.inf, 0.0, np.zeros(samples.n), 0
        self.value, self.best, self.few = np.inf, (self.atoms, np.zeros(0), 0.0, np.zeros(samples.n)), False
        self.last = self.atoms, np.zeros(0), 0.0  # the network of the last program
        self.large = False  # the last program
        self.rounds, self.seeks_points = 1, False  # or atoms
        self.before = 1.0  # the gap when atoms and points were left out last
        self.forming = 0.0, 1  # seconds that wedges took, of how many points
        self._add(samples.X)
        self.own = len(self.places)

    def end(self) -> Saddle:
        """Turn after turn, to the end."""
        settling, deadline = 0, self.effort.deadline
        for turn in range(TURNS):
            if turn and deadline.over(self._forming_takes()):
                break
            try:
                self._turn(bool(settling))
            except EnumerationTooLarge as reason:
                if turn:
                    break  # with what is known by then
                raise EnumerationTooLarge(
                    f"{str(reason).partition(' Use ')[0]} Use fewer samples or features."
                ) from None
            deadline.say(f"round {self.rounds}, {self.used.sum()} worst points, relative gap {self.gap:.1g}")
            settling += self.gap <= self.wanted
            if self.few or settling > SETTLING or (settling and self.large) or deadline.over():
                break
            if not turn and not settling:
                self._add(self.corners)
        (atoms, sizes, shift, worst), (program, _) = self.best, self._program(self.places)
        found = Found(self._units(atoms, program.points), atoms[:, -1] * sizes, shift, self.dual, self.maximum,
                      self.value, self.bound, worst)  # fmt: skip
        return Saddle(program, found, self.count, self.rounds, self.gap <= self.wanted)

    @property
    def gap(self) -> float:
        """Relative, from 0, where rounding has the bound above, to 1."""
        if not self.value > 0:
            return 0.0
        gap = (self.value - self.bound) / self.value if np.isfinite(self.value) else 1.0
        return float(np.clip(gap, 0.0, 1.0))

    def _forming_takes(self) -> float:
        """Seconds for the wedges of the points in use, which are more by the d-th power than those formed last."""
        (seconds, points), d = self.forming, self.problem.samples.d
        if d <= KNOWN_ALL and seconds < LOADING:
            return 0.0
        return float(seconds * np.exp(min(d * np.log(self.used.sum() / points), FAR_MORE)))

    def _turn(self, settling: bool) -> None:
        """Solve, bound from both sides, and add what is missing."""
        program, place = self._program(self.places[self.used])
        points, rows, reg, bias = program.points, program.rows, self.problem.reg, self.problem.samples.bias
        units, signs = self._units(self.atoms, points), self.atoms[:, -1]
        columns = rows.columns(units, signs)
        accuracy = min(max(self.loose * self.gap, SOLVED), LOOSEST)
        sizes, shift, multipliers = self._solved(rows, columns, points, accuracy)
        multipliers = rows.feasible(multipliers, bias)
        pulls = np.bincount(np.arange(len(multipliers)) % points.n, -multipliers * rows.sign, points.n)
        left = self.effort.deadline.left()
        dictionary = WedgeDictionary(points, self.problem.norm, True)
        most = max(AT_ONCE, int(len(points.distinct) / PER_ATOM))
        priced, self.count = dictionary.price(pulls[:, None], reg, most), dictionary.count
        self.forming = left - self.effort.deadline.left(), max(len(points.distinct), 1)
        share = min(1.0, reg / priced.maximum) if priced.maximum > 0 else 1.0
        bound = rows.dual(share * multipliers)
        better = bound > self.bound
        if better:
            self.bound, self.maximum = bound, share * priced.maximum
            self.dual = np.asarray(np.bincount(rows.sample, -share * multipliers * rows.sign, len(rows.s)))
        to_atoms = rows.value(columns @ sizes + shift) + reg * float(sizes.sum()) - self.bound
        correlations = rows.correlations(multipliers, units, signs)
        self.large = columns.size > LARGE
        if not self.large and (settling or np.count_nonzero(sizes > self._least(sizes)) > MANY):
            *_, sizes, shift = vertex(rows, columns, sizes, shift, reg, bias, self.effort.deadline)
        worse = self._judged(rows, columns, sizes, shift, settling)
        to_all = self.value - self.bound
        suffice = better and not self.seeks_points and to_atoms <= LEFT * to_all
        # what is of no use is left out, and comes back if it is missed, which takes turns: so seldom
        if suffice and self.gap < FALLEN * self.before and not settling:
            self.before = self.gap
            total = np.bincount(np.tile(place, len(multipliers) // points.n), multipliers)
            self.used[self.used] = total > UNUSED * total.max(initial=0.0)
            self.used[: self.own] = True  # so that each sample has a row
            active = correlations > reg * (1 - min(WIDER * self.gap, WIDEST))
            self.atoms = self.atoms[active | (sizes > SMALL * sizes.max(initial=0.0))]
        size = len(self.places), len(self.atoms), self.used.sum()
        if settling or not self.seeks_points:
            self._include(priced.units, np.sign(pulls @ points.activations(priced.units)), points)
        if settling or self.seeks_points:
            self._add(worse)
        # where there is nothing new, it is the others that are missing, or the program is to be solved more closely
        new = (len(self.places), len(self.atoms), self.used.sum()) != size
        if self.seeks_points:
            self.seeks_points = new and to_atoms < (1 - LEFT) * to_all
        else:
            self.seeks_points = suffice or not new
            self.rounds += self.seeks_points
        self.loose = LOOSE if new else LOOSE * self.loose

    def _solved(
        self, rows: Rows, columns: np.ndarray, points: Samples, accuracy: float
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """The program, over the rows that the last network comes near to, and then those in which it is worse, too."""
        (atoms, sizes, shift), reg, bias = self.last, self.problem.reg, self.problem.samples.bias
        f = rows.columns(self._units(atoms, points), atoms[:, -1]) @ sizes + shift
        worst, near = rows.worst(f), np.zeros(len(f), dtype=bool)
        size = np.abs(self.problem.targets).max() + np.abs(worst).max()
        slack = max(NEAR, NEARER * self.gap) * size
        while True:
            missed = ~near & (rows.constant + rows.sign * f >= worst[rows.sample] - slack)
            if not missed.any():
                break
            near |= missed
            left, multipliers, some = self.effort.deadline.left(), np.zeros(len(f)), rows.some(near)
            sizes, shift, multipliers[near] = minimised(some, columns[near], reg, bias, left, accuracy)
            f, slack = columns @ sizes + shift, -max(accuracy, NEW) * size
            worst = some.worst(f[near])
        self.last = self.atoms, sizes, shift
        return sizes, shift, multipliers

    def _judged(
        self, rows: Rows, columns: np.ndarray, sizes: np.ndarray, shift: float, settling: bool
    ) -> np.ndarray:
        """Compare a network at its worst points with the best one; points that are worse than those that are known."""
        problem, d = self.problem, self.problem.samples.d
        kept = sizes > self._least(sizes)
        kept &= sizes >= np.sort(sizes)[-MOST:].min(initial=np.inf)
        atoms, sizes = self.atoms[kept], sizes[kept]
        known = rows.worst(columns[:, kept] @ sizes + shift)
        worst, worse = known.copy(), [np.zeros((0, d))]
        slack = NEW * (1.0 + np.abs(problem.targets).max())
        cuts = max(CUTS, int(self.used.sum() / (problem.samples.n * PER_CUT)))
        apart = self.eps * APART * CUTS / cuts
        neurons = atoms[:, :d], atoms[:, d], atoms[:, -1] * sizes, shift
        for i, points, values, most in worst_points(problem, neurons, self.eps, self.r, self.effort.deadline):
            worst[i] = max(worst[i], most)
            left = np.argsort(-values, kind="stable")
            left = left[values[left] > known[i] + slack]
            for _ in range(cuts):
                first = points[left[:1]]
                worse.append(first)
                left = left[(np.abs(points[left] - first) > apart).any(axis=1)] if len(left) else left
        value = objective(problem, worst, sizes)
        self.few = settling and value - self.bound <= self.wanted * value
        if value < self.value or self.few:
            self.value, self.best = value, (atoms, sizes, shift, worst)
        return np.concatenate(worse)

    def _least(self, sizes: np.ndarray) -> float:
        """The size of a neuron that a network is judged without: none, in the end, where nothing new is found."""
        return float(min(ROUGH * self.gap, ROUGHEST) * self.loose / LOOSE * sizes.max(initial=0.0))

    def _held(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of a sample and a place of its ball, those first of which the sample moves least."""
        X, length = self.problem.samples.X, unit_ball(self.r).length
        moves = np.array([length(places - x) for x in X])
        size = np.abs(X).max(axis=1) + self.eps
        pairs = np.nonzero(moves <= self.eps + ROUNDING * np.finfo(float).eps * size[:, None])
        order = np.argsort(moves[pairs], kind="stable")
        return pairs[0][order], pairs[1][order]

    def _program(self, places: np.ndarray) -> tuple[Program, np.ndarray]:
        """The program of these points, asked of all whose balls they are in; and which place each of its points is."""
        sample, place = self._held(places)
        points = Samples(places[place], self.problem.samples.bias)
        rows = rows_at(self.problem, sample, points.homogeneous)
        steps = places[place] - self.problem.samples.X[sample]
        return Program(points, sample, steps, rows, np.zeros((0, points.D))), place

    def _units(self, atoms: np.ndarray, points: Samples) -> np.ndarray:
        return points.units_of(atoms[:, :-2], atoms[:, -2])

    def _add(self, places: np.ndarray) -> None:
        """Use these points, too."""
        every, used = (
            np.concatenate([self.places, places]),
            np.append(self.used, np.ones(len(places), dtype=bool)),
        )
        first, same = firsts(every - every.mean(axis=0), np.abs(every - every.mean(axis=0)).max(axis=0))
        self.places, self.used = every[first], np.bincount(same, used) > 0

    def _include(self, units: np.ndarray, signs: np.ndarray, points: Samples) -> None:
        """Let these atoms compete, too."""
        added = np.column_stack([units[:, : points.d], points.biases_of(units), signs])
        every = np.concatenate([self.atoms, added])
        table = np.column_stack([self._units(every, points), every[:, -1]])
        self.atoms = every[firsts(table, np.append(points.extent, points.extent.max()))[0]]


def comes_to(d: int) -> float:
    """The relative gap that solvers leave: of convex programs, and of mixed-integer programs beyond two features."""
    return CLOSED if d <= KNOWN_ALL else BRANCHED


def objective(problem: Problem, worst: np.ndarray, coefficients: np.ndarray) -> float:
    """The value of the robust training problem, from ρ of each sample at all points, shape (n,)."""
    losses = WORST_LOSSES[problem.loss.name].value(worst)
    return float(np.sum(problem.loss.s * losses[:, None])) + problem.reg * float(np.abs(coefficients).sum())


def worst_points(
    problem: Problem,
    neurons: tuple[np.ndarray, np.ndarray, np.ndarray, float],
    eps: float,
    r: float,
    deadline: Deadline,
) -> Iterator[tuple[int, np.ndarray, np.ndarray, float]]:
    """For each sample and row of its loss points of the ball, c + σ f there, and what it is at most on all of the ball.

    Parameters
    ----------
    problem : Problem
    neurons : tuple
        Weights (k, d), biases (k,), coefficients (k,) and the intercept.
    eps, r : float
    deadline : Deadline
        Of mixed-integer programs, for more than two features.
    """
    (weights, biases, outer, shift), d = neurons, problem.samples.d
    pieces = Pieces.of(weights, biases, outer, np.zeros(d), shift)
    plane = Plane(pieces) if d <= 2 else None
    signs, constants = WORST_LOSSES[problem.loss.name].rows(problem.targets.ravel())
    for i, x in enumerate(problem.samples.X):
        points, values = (x[None], None) if plane is None else plane.candidates(plane.lifted(x), eps, r)
        for sign, constant in zip(signs[:, i], constants[:, i], strict=True):
            if values is None:
                low, attained, where = Sought(pieces, r, 0).margin(x, -int(sign), eps, deadline)
                yield i, where[None], np.array([constant - attained]), constant - low
            else:
                rises = constant + sign * values
                yield i, points[:, :d], rises, float(rises.max())
