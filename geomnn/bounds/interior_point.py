"""An interior point method for convex programs whose normal equations have a structure of their own.

    minimise ½ x'Qx + c'x   subject to   A x + s = 0,  s ≥ 0, but s = 0 in tight rows

A `Program` gives products with A and A' and solves (Q + A'WA) x = r for diagonal W; nothing else is asked of it. Rows
may be convex functions of x, a(x) + s = 0, for which it takes at each iterate A = a'(x), and to Q the sum of z a''; and
the objective another convex function, of which Q is the second derivative there. The steps are those of Mehrotra with
up to three corrections of Gondzio, all by one factorisation. A tight row is one with a large fixed weight: its residual
shrinks to its multiplier's last change by that weight. Where a program gives products with Q, too, x and z of a step
are refined together, as solutions of

    Q dx + A'dz = r,   A dx − dz/W = q:

rounding in A dx, which large weights make large in W (A dx − q), then does not end up in the gradient.

Source: S. Mehrotra, SIAM Journal on Optimization 2, 1992; J. Gondzio, Computational Optimization and Applications 6,
1996.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geomnn.deadline import Deadline, Pace

__all__ = ["Iterate", "Program", "interior_point", "mean_product"]

MOST_STEPS = 80  # of a solve at most; 15 to 45 are usual
CORRECTIONS = 3  # of Gondzio a step
SHORTEST_STEP = 1e-4  # a step of this length comes of rounding: the end
BACK = 0.99  # of the way to the boundary
REFINEMENTS = 15  # of a solution at most, where there are any
SLOWEST = 0.7  # of the residual before, what is left of it by one that is worth another
ENOUGH = 1e-3  # of the gap, how much of the value the residual may be worth
BAND = 0.1  # products between this and its inverse, times the target, are not corrected
LAG = 3.0  # times the gap, in numbers of size 1: products of slacks wait for a gradient that is larger
FIRM = 1e6  # the weight of a tight row, of a program whose numbers are of size 1


@dataclass(frozen=True)
class Iterate:
    """Where the method is: x, the multipliers z, and the mean product of slacks and multipliers.

    Parameters
    ----------
    x, slacks, multipliers : ndarray
    product : float
    steps : int
    """

    x: np.ndarray
    slacks: np.ndarray
    multipliers: np.ndarray
    product: float
    steps: int = 0


class Program(ABC):
    """What the method asks of a program.

    Attributes
    ----------
    tight : ndarray of int
        The rows that hold with equality, whose multipliers have any sign.
    bends : bool
        Whether the objective is no quadratic, so that a whole step leaves some of the gradient.
    """

    tight: np.ndarray
    bends = False

    @abstractmethod
    def start(self) -> Iterate:
        """Where to begin: inside all rows that are not tight, products of slacks and multipliers of one size, 1 as
        the slack of a row that is tight."""

    @abstractmethod
    def value(self, x: np.ndarray) -> float:
        """½ x'Qx + c'x, up to a constant that makes it the value of the problem."""

    @abstractmethod
    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Q x + c, and the slope of a barrier where the rows have one."""

    @abstractmethod
    def rows(self, x: np.ndarray) -> np.ndarray:
        """A x, or a(x)."""

    def linearise(self, now: Iterate) -> None:
        """Take A and Q at an iterate: nothing to do where the rows are linear and the objective is quadratic."""
        return

    def along(self, step: np.ndarray) -> np.ndarray:
        """A dx."""
        return self.rows(step)

    def room(self, step: np.ndarray) -> float:
        """How much of a step can be taken at most, for the rows to be defined there."""
        return np.inf

    @abstractmethod
    def columns(self, z: np.ndarray) -> np.ndarray:
        """A'z."""

    def curved(self, step: np.ndarray) -> np.ndarray | None:
        """Q dx, as of the last `linearise`; None if steps are not to be refined."""
        return None

    @abstractmethod
    def factor(self, weights: np.ndarray) -> bool:
        """Prepare `solve` for the weights W > 0; False where rounding leaves no factorisation."""

    @abstractmethod
    def solve(self, right: np.ndarray) -> np.ndarray:
        """(Q + A'WA)⁻¹ r."""


class _Direction(NamedTuple):
    x: np.ndarray
    slacks: np.ndarray
    multipliers: np.ndarray
    length: float


def interior_point(program: Program, accuracy: float, deadline: Deadline) -> Iterate:
    """A minimiser, up to a duality gap of a part of its value.

    Parameters
    ----------
    program : Program
    accuracy : float
        The gap, relative to the value.
    deadline : Deadline
        After which no step begins.
    """
    now, pace = program.start(), Pace(deadline)
    bounded = len(now.slacks) - len(program.tight)
    for step in range(MOST_STEPS):
        if now.product * bounded < accuracy * abs(program.value(now.x)) or pace.over():
            break
        newton = _Newton(program, now)
        if not newton.ready:
            break
        hold = program.bends and float(np.abs(newton.slope).max()) > LAG * newton.gap
        move = newton.direction(hold)
        if not move.length > SHORTEST_STEP:
            break
        length = min(1.0, BACK * move.length)
        slacks, multipliers = (
            now.slacks + length * move.slacks,
            now.multipliers + length * move.multipliers,
        )
        product = mean_product(slacks, multipliers, program.tight)
        now = Iterate(now.x + length * move.x, slacks, multipliers, product, step + 1)
    return now


def mean_product(slacks: np.ndarray, multipliers: np.ndarray, tight: np.ndarray) -> float:
    """The mean of s z over the rows that are not tight."""
    products = float(slacks @ multipliers) - float(multipliers[tight].sum())  # s = 1 there
    return products / max(len(slacks) - len(tight), 1)


class _Newton:
    """The linear equations of one step, factored once and solved for several right sides."""

    def __init__(self, program: Program, now: Iterate):
        self.program, self.now = program, now
        program.linearise(now)
        slacks, self.tight = now.slacks.copy(), program.tight
        slacks[self.tight] = 0.0
        self.infeasible = program.rows(now.x) + slacks
        self.gap = now.product * (len(slacks) - len(program.tight))
        self.slope = program.gradient(now.x) + program.columns(now.multipliers)
        self.weights = now.multipliers / now.slacks
        self.weights[self.tight] = FIRM
        self.ready = program.factor(self.weights)

    def direction(self, hold: bool) -> _Direction:
        """Predictor, corrector and further corrections for as long as they lengthen the step.

        Parameters
        ----------
        hold : bool
            Whether products stay what they are, until the gradient has come down to where they are.
        """
        now, tight = self.now, self.tight
        slacks, multipliers = now.slacks, now.multipliers
        move = self._solved(multipliers * slacks, 1.0)
        ahead_s, ahead_z = slacks + move.length * move.slacks, multipliers + move.length * move.multipliers
        target = now.product * (1.0 if hold else (mean_product(ahead_s, ahead_z, tight) / now.product) ** 3)
        move = self._solved(slacks * multipliers + move.slacks * move.multipliers - target, 1.0)
        for _ in range(CORRECTIONS):
            wanted = min(1.0, 1.3 * move.length + 0.1)
            products = (slacks + wanted * move.slacks) * (multipliers + wanted * move.multipliers)
            rest = np.clip(products, BAND * target, target / BAND) - products
            more = self._solved(-np.maximum(rest, -target / BAND), 0.0)
            longer = self._measured(
                move.x + more.x, move.slacks + more.slacks, move.multipliers + more.multipliers
            )
            if longer.length < 1.05 * move.length + 0.01:
                break
            move = longer
        return move

    def _solved(self, excess: np.ndarray, full: float) -> _Direction:
        """The step that takes the excess off the products of slacks and multipliers, and `full` of the residuals."""
        shift = excess / self.now.slacks
        shift[self.tight] = 0.0
        pull = self.weights * self.infeasible * full - shift
        x = self.program.solve(-full * self.slope - self.program.columns(pull))
        slacks = -full * self.infeasible - self.program.along(x)
        multipliers = -shift - self.weights * slacks
        if self.program.curved(x) is not None:
            level = shift / self.weights - full * self.infeasible
            x, multipliers = self._refined(-full * self.slope, level, x, multipliers)
            slacks = -(shift + multipliers) / self.weights
        slacks[self.tight] = 0.0
        return self._measured(x, slacks, multipliers)

    def _refined(
        self, slope: np.ndarray, level: np.ndarray, x: np.ndarray, z: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A better solution of Q x + A'z = slope, A x − z/W = level, for as long as it is one."""
        program, last, best = self.program, np.inf, (x, z)
        for _ in range(REFINEMENTS):
            off = slope - program.curved(x) - program.columns(z)
            size = float(np.abs(off).max())
            if not size < last:
                break
            best = x, z
            worth = float(np.abs(off) @ np.abs(self.now.x))
            if size > SLOWEST * last or worth < ENOUGH * self.gap:
                break
            missed, last = level - program.along(x) + z / self.weights, size
            more = program.solve(off + program.columns(self.weights * missed))
            x, z = x + more, z + self.weights * (program.along(more) - missed)
        return best

    def _measured(self, x: np.ndarray, slacks: np.ndarray, multipliers: np.ndarray) -> _Direction:
        """The step with its length up to the boundary, 1 at most."""
        now = self.now
        falls = slacks / now.slacks
        drops = np.divide(multipliers, now.multipliers, out=np.zeros_like(multipliers), where=self._positive)
        worst = max(-falls.min(initial=0.0), -drops.min(initial=0.0), 1 / self.program.room(x))
        return _Direction(x, slacks, multipliers, 1.0 if worst <= 1.0 else 1.0 / worst)

    @property
    def _positive(self) -> np.ndarray:
        """The multipliers that have to stay above 0."""
        mask = np.ones(len(self.weights), dtype=bool)
        mask[self.tight] = False
        return mask
