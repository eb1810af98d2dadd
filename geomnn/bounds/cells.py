"""Cells: branch and bound over simplicial cones of all unit neurons, whose terms are bounded in pairs.

The cones begin as the orthants of w, with a bias as simplices of the prisms over them outside of which all x_i·w + b
have one sign, so that F is constant in b, as 1ᵀv = 0. A target T is proven where every cone is closed, as
`geomnn.bounds.closing` has it; targets are closed one after the other, each lower than the one before.

**Targets.** A gap g of the program needs M(v) ≤ T(g): with V = ½ Σ v²/s, R = v·f, which is reg Σ ‖z_u‖ at an optimum,
and P = V + R,

    T(g) = reg/(1 − x),   V x² + R x = g P.

**Several outputs.** ‖F‖² = Σ_c F_c², so that M² ≤ Σ_c M_c², one bound of this kind for each column.

**Rounding.** v is a residual in multiples of a power of two, as are the masses of its pairs, so that they add up to it,
and with a bias its sum is 0, exactly. Each l_k is raised by 4 (M + D + depth) 2⁻⁵³ S with M the number of terms and
S = Σ_i |v_i| Σ_l |x̃_il| ρ_l, ρ_l the largest |r_kl| of all roots.

Source: geomnn theory, section 9, L8 to L11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.closing import DEEPEST, ROUNDOFF
from geomnn.bounds.cones import CLOSED, FULL, OPEN, Stack, Terms, close
from geomnn.bounds.pairs import Pairs, balanced, level, pair
from geomnn.deadline import Deadline
from geomnn.machine import streamed
from geomnn.norms import ball
from geomnn.programs.problem import Problem
from geomnn.samples import Samples

__all__ = ["CellBound", "Cover"]

MOST_ROOTS = 100_000  # cones to begin with, of which a first look takes about a minute for a thousand samples
GAPS = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # of the program, proven one after the other
RATIOS = (1.5, 1.2, 1.1, 1.05, 1.02, 1.01, 1.005, 1.002, 1.001)  # of target and reg, where no T(g) is known
SLICE = 10_000_000  # numbers of columns that are read between two looks at the clock: some forty milliseconds
DEARER = 4.0  # times the seconds of one target are those of the next, on most tables at most
JOBS = 64  # parts of all roots, so that none is long
ROOTS_OF_A_JOB = 64  # roots of a part, so that what is around it does not count
FEW_COORDINATES, MOST_COORDINATES = (
    7,
    10,
)  # coordinates of a unit up to which it is tried first, and at all, without being asked for
SMALL_COLUMN = 1e-3  # of reg: a column of the residual is not proven to have a smaller correlation than this


@dataclass(frozen=True)
class Cover:
    """What cells have proven of one column of a residual, and what stands in the way of more.

    Parameters
    ----------
    pairs : Pairs
        Of its terms, between rows of `Samples.distinct`.
    maximum : float
        No unit neuron's correlation is above it, for either sign.
    largest : float
        The largest correlation that was met.
    unit : ndarray, shape (D,)
        The unit neuron that has it; zero if none has any.

    Source: geomnn theory, section 9.
    """

    pairs: Pairs
    maximum: float
    largest: float
    unit: np.ndarray


class CellBound(Bound):
    """Branch and bound over all unit neurons at the residual as it is: for few features, and then nearly exact.

    Parameters
    ----------
    problem : Problem

    Source: geomnn theory, section 9, L8 to L11.
    """

    name = "cells"
    words = "branch and bound over cones"

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        D = problem.samples.D
        return None if D > MOST_COORDINATES else 0 if D <= FEW_COORDINATES else 2

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        d = problem.samples.d
        if _count(problem.samples) > MOST_ROOTS:
            return f"{d} features, and cells begin with 2^{d} cones: use certify='stars'"
        return ""

    def proofs(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        problem, floor = self.problem, self.problem.reg
        v = problem.dual_point(v)
        ratios = _ratios(problem, v, f)
        if v.shape[1] > 1:  # how much of M each column has is not known
            floor *= SMALL_COLUMN
        columns = [Cones(problem.samples, problem.norm, column, deadline) for column in v.T]
        nothing = not any(column.maximum for column in columns)
        best = self._proof(columns, nothing)
        yield best
        step, stopped = -1, nothing
        while step < len(ratios) and not stopped and not deadline.over():
            begun = deadline.left()
            if step < 0:
                stopped = not all(column.look(ratios[0] * floor, deadline) for column in columns)
            else:
                stopped = not all(column.reach(ratios[step], floor, deadline) for column in columns)
            last = stopped or step == len(ratios) - 1
            proof = self._proof(columns, last and not deadline.over())
            if proof.maximum < best.maximum or last:
                best = proof
                yield best
            step = min(step + _stride(begun, deadline.left()), max(len(ratios) - 1, step + 1))

    def _proof(self, columns: list[Cones], ended: bool) -> Proof:
        """What all columns have come to."""
        maximum = float(np.linalg.norm([column.maximum for column in columns])) * (1 + 8 * ROUNDOFF)
        covers = tuple(Cover(each.pairs, each.maximum, each.largest, each.unit) for each in columns)
        units = np.array([each.unit for each in covers if each.largest > self.problem.reg])
        return Proof(
            np.column_stack([column.v for column in columns]),
            maximum,
            sum(int(each.looked.sum()) for each in columns),
            units=units.reshape(-1, self.problem.samples.D),
            evidence=covers,
            ended=ended,
        )


def _stride(begun: float, left: float) -> int:
    """How many targets to go on, so that there is time for it if it takes as long as the last one did."""
    if left == inf:
        return len(GAPS) + len(RATIOS)
    spent = max(begun - left, 1e-3)
    return 1 + max(int(log(max(left / spent, 1.0), DEARER)), 0)


def _ratios(problem: Problem, v: np.ndarray, f: np.ndarray) -> list[float]:
    """Targets over reg, from above."""
    V, R = float(np.sum(v * v / problem.loss.s)) / 2, float(np.sum(v * f))
    if not problem.is_projection or not 0 < R < np.inf or V == 0:
        return list(RATIOS)
    shares = [2 * g * (V + R) / (R + np.sqrt(R * R + 4 * V * g * (V + R))) for g in GAPS]
    return [1 / (1 - x) for x in shares if x < 0.9]


def _count(samples: Samples) -> int:
    """How many cones there are to begin with, for both signs of the residual."""
    return 2 * 2**samples.d * (samples.d if samples.bias else 1)


class Cones:
    """All cones of one column of a residual, with the least T that each is proven to be closed for.

    Parameters
    ----------
    samples : Samples
    norm : float
    v : ndarray, shape (n,)
    deadline : Deadline
        Of the plan of the pairs.

    Attributes
    ----------
    v : ndarray, shape (n,)
        The residual that it is about, which is the given one up to rounding.
    maximum : float
        At least M(v).
    largest, unit
        The largest correlation that was met, and where.
    looked : ndarray of int, shape (number of roots,)
        How many cells close each of them.
    """

    def __init__(self, samples: Samples, norm: float, v: np.ndarray, deadline: Deadline):
        distinct = samples.distinct
        v = balanced(v, samples.bias)[0]
        merged = samples.merged(v[:, None])[:, 0]
        self.pairs = pair(samples.homogeneous[distinct, : samples.d], merged, samples.bias, deadline)
        self.v = _spread(samples, v, merged - self.pairs.v)
        self._signs = [_terms(samples, norm, self.pairs, sign) for sign in (1, -1)]
        self._least = np.full((2, _count(samples) // 2), _far(samples, norm, self.pairs))
        self.looked = np.zeros(self._least.shape, dtype=int)
        self.largest, self.unit = 0.0, np.zeros(samples.D)

    @property
    def maximum(self) -> float:
        """The least T for which all cones are closed."""
        return float(self._least.max())

    def reach(self, ratio: float, floor: float, deadline: Deadline) -> bool:
        """Close all cones for this ratio times a number or the largest correlation, which may grow on the way."""
        while self.maximum > ratio * max(floor, self.largest):
            before = self.largest
            closed = self.close(ratio * max(floor, before), deadline)
            if not closed and (self.largest == before or deadline.over()):
                return False
        return True

    def look(self, target: float, deadline: Deadline) -> bool:
        """Look at each root once; whether there was time for all."""
        return self._search(target, False, deadline)

    def close(self, target: float, deadline: Deadline) -> bool:
        """Close all cones for this T; False if there is no time, or where F is larger."""
        return self.largest <= target and self._search(target, True, deadline)

    def _search(self, target: float, branch: bool, deadline: Deadline) -> bool:
        """Search the cones that are not closed for this T, or look at all, side by side as `streamed` has it."""
        ended = True

        def jobs() -> Iterator[tuple[int, Terms, np.ndarray, float, bool, float, Deadline]]:
            for sign, terms in enumerate(self._signs):
                roots = np.flatnonzero((self._least[sign] > target) | (not branch))
                size = max(ROOTS_OF_A_JOB, len(roots) // JOBS)
                for k in range(0, len(roots), size):
                    if not ended:
                        return
                    yield sign, terms, roots[k : k + size], target, branch, self.largest, deadline

        for sign, roots, least, looked, largest, unit, status in streamed(_closed, jobs(), in_threads=True):
            self._least[sign, roots] = np.minimum(self._least[sign, roots], least)
            self.looked[sign, roots] = looked
            if largest > self.largest:
                self.largest, self.unit = largest, unit
            ended = ended and status == CLOSED
        return ended


def _closed(
    sign: int,
    terms: Terms,
    roots: np.ndarray,
    target: float,
    branch: bool,
    largest: float,
    deadline: Deadline,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, float, np.ndarray, int]:
    """Search some roots: which were closed, for which T, by how many cells; the largest correlation; how it ended."""
    stack = Stack.empty(*terms.rows.shape)
    least, looked = np.zeros(len(roots)), np.zeros(len(roots), dtype=int)
    stack.tally[1], stack.counts[2] = largest, SLICE
    first, status = 0, OPEN
    while status in (OPEN, FULL):
        first, status = close(stack, terms, roots, first, target, branch, least, looked)
        if status == FULL:
            stack = stack.larger()
        elif status == OPEN:
            if deadline.over():
                break
            stack.counts[2] = SLICE
    return sign, roots[:first], least[:first], looked[:first], float(stack.tally[1]), stack.unit, status


def _spread(samples: Samples, v: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """A residual without an excess over each set of equal samples, none of whose entries grows."""
    v = v.copy()
    order = np.argsort(samples.distinct_index, kind="stable")
    ends = np.searchsorted(samples.distinct_index[order], np.arange(len(excess) + 1))
    for k in np.flatnonzero(excess):
        equal = order[ends[k] : ends[k + 1]]
        v[equal] = level(v[equal], excess[k])
    return v


def _terms(samples: Samples, norm: float, pairs: Pairs, sign: int) -> Terms:
    """The terms of F for v or −v."""
    rows, bias, alone = samples.homogeneous[samples.distinct], samples.bias, np.abs(pairs.alone)
    first, second = (pairs.first, pairs.second)[::sign]
    wanted, unwanted = np.flatnonzero(sign * pairs.alone > 0), np.flatnonzero(sign * pairs.alone < 0)
    order = np.concatenate([first, second, wanted, unwanted])
    masses = np.concatenate([pairs.masses, pairs.masses, alone[wanted], alone[unwanted]])
    columns = np.ascontiguousarray((rows[order] * masses[:, None]).T)
    d, most = samples.d, np.ones(samples.D)
    low, high = np.zeros(0), np.zeros(0)
    if bias:
        x = rows[:, :d]
        wider = 4 * ROUNDOFF * np.abs(x).max()  # than −x_i·w can be, rounding included
        low, high = -x.max(axis=0) - wider, -x.min(axis=0) + wider
        most[d] = max(np.abs(low).max(), np.abs(high).max())
    size = float(np.sum(np.abs(columns) * most[:, None]))
    slack = 4 * (len(order) + samples.D + DEEPEST + 16) * ROUNDOFF * size
    return Terms(columns, len(first), len(wanted), low, high, {1.0: 1, 2.0: 2}.get(norm, 0), slack)


def _far(samples: Samples, norm: float, pairs: Pairs) -> float:
    """A bound at once: what F has less of at w = 0, Σ_i |v_i| (±x_i·w)_+ with the signs of v, by Σ_l |w_l| and Hölder.

    With a bias (x·w + b)_+ − (b)_+ ≤ (x·w)_+ and −(x·w + b)_+ + (b)_+ ≤ (−x·w)_+; without one only v_i > 0 count.
    """
    x, v = samples.homogeneous[samples.distinct, : samples.d], pairs.v[:, None]
    signed = v * x
    if samples.bias:
        along = np.maximum(np.maximum(signed, 0.0).sum(axis=0), np.maximum(-signed, 0.0).sum(axis=0))
    else:
        along = np.zeros(samples.d)
        for part in (np.maximum(v, 0.0) * x, np.maximum(-v, 0.0) * x):
            for side in (part, -part):
                along = np.maximum(along, np.maximum(side, 0.0).sum(axis=0))
    rounding = 1 + 4 * (len(v) + samples.D) * ROUNDOFF
    return float(ball(norm).dual_length(along)) * rounding
