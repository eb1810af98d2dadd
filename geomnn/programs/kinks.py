"""The exact path in reg: squared loss, scalar output, a fixed dictionary.

While the active constraints A stay the same, v and z are affine in reg.  With reg falling by δ,

    v + δ u,   z + δ ζ,      u = −Q R⁻ᵀ e,   R ζ = R⁻ᵀ e,   A = QR,   e = 1 on the atoms, 0 on the intercept,

until a coefficient vanishes or an atom reaches reg: a kink.  There u becomes the projection of 0 on the
constraints a·u ≤ −1 of the atoms that have just been reached, with equality where z > 0: the same dual
active-set steps as for v, which end however many atoms come at once.

Source: geomnn theory, section 4; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries import WedgeDictionary
from geomnn.machine import one_blas_thread
from geomnn.programs.problem import Problem
from geomnn.programs.restricted.active_set import DualActiveSet, Projection

__all__ = ["Piece", "follow"]

# relative to reg, up to which a step is none: atoms that come together, by symmetry, come so close
NO_STEP = 1e-9
# relative to reg, the distance up to which kinks are one: where atoms come together steps of up to some NO_STEP come
# of rounding
APART = 1e-7
# relative to reg, the part that is stepped over where rounding hides which kink is next: a thousand times NO_STEP,
# so that it leads out of there, and shorter than what a picture shows
LEAP = 1e-6
# relative to reg, the excess at which an atom has been missed, and to ‖y‖, the z < 0 that is no rounding: above
# what refined solves leave, and below NO_STEP
OFF = 1e-10
SETTLING = 200  # rounds in which a solve anew has to end
# relative to the largest multiplier, up to which one is taken for zero: what refined solves leave of it
NO_MULTIPLIER = 1e-12
# relative to the slope of v, from which on a change of it is one: rounding leaves 1e-12, kinks above 1e-4
BEND = 1e-8


@dataclass(frozen=True)
class Piece:
    """A piece of the path, on which z is affine in reg, from where it begins down to where it ends.

    v, which is unique, bends at some of their ends only: at the others atoms in the span of the others take over.

    Parameters
    ----------
    reg, end : float
        Where it begins, and the smaller reg at which it ends.
    units : ndarray, shape (k, D)
        The active atoms.
    coefficients, last : ndarray, shape (k,)
        z at either.
    intercept, last_intercept : float
        t at either.
    bends : bool
        Whether v bends where the piece begins.
    """

    reg: float
    end: float
    units: np.ndarray
    coefficients: np.ndarray
    last: np.ndarray
    intercept: float
    last_intercept: float
    bends: bool

    def at(self, reg: float) -> tuple[np.ndarray, float]:
        """z (k,) and t at a reg of the piece."""
        share = (self.reg - reg) / (self.reg - self.end)
        z = (1 - share) * self.coefficients + share * self.last
        return z, (1 - share) * self.intercept + share * self.last_intercept


def follow(
    problem: Problem, dictionary: WedgeDictionary, start: float, end: float, deadline: Deadline = NEVER
) -> list[Piece]:
    """The pieces of the path from reg = start, where the network is a constant, down to reg = end.

    Parameters
    ----------
    problem : Problem
        Squared loss, scalar output; its reg is not used.
    dictionary : WedgeDictionary
    start, end : float
        start is the largest correlation of an atom with the residual of the best constant network.
    deadline : Deadline

    Raises
    ------
    OutOfTime
        If it is over before the end of the path.

    Source: geomnn theory, section 4.
    """
    tracer = _Tracer(problem, start)
    pieces: list[Piece] = []
    still, before = 0, np.zeros_like(tracer.slope)
    with one_blas_thread():
        while tracer.reg > end:
            deadline.check()
            deadline.say(f"following the path: {len(pieces)} pieces, down to reg = {tracer.reg:.2e}")
            vanishing, until_vanishing = tracer.first_to_vanish()
            reached, until_reached = dictionary.reach(tracer.dual, tracer.slope, tracer.reg)
            step = min(until_vanishing, until_reached, tracer.reg - end)
            still = still + 1 if step <= NO_STEP * tracer.reg else 0
            leaps = still > 2 * len(problem.targets) + 20
            if leaps:
                step, still = min(LEAP * tracer.reg, tracer.reg - end), 0
            top, units, (z, t), slope = tracer.reg, tracer.units, tracer.network, tracer.slope
            tracer.fall(step)
            if step > NO_STEP * top:
                # where rounding hides which kink is next, the slope is one of several, and no fact
                tells = step > APART * top and not leaps
                bends = tells and np.linalg.norm(slope - before) > BEND * np.linalg.norm(slope)
                pieces.append(
                    Piece(top, tracer.reg, units, z, tracer.network[0], t, tracer.network[1], bool(bends))
                )
                before = slope if tells else before
            if step == until_vanishing:
                tracer.leave(vanishing)
            elif step == until_reached:
                tracer.join(reached)
            tracer.settle(dictionary)
    return pieces


class _Tracer(DualActiveSet):
    """A dual active set that follows the path, with the tangent u, ζ as a second projection."""

    def __init__(self, problem: Problem, start: float):
        samples = problem.samples
        super().__init__(problem.targets, samples.homogeneous, start, samples.bias)
        self._tangent = Projection(
            np.zeros_like(self._y), np.zeros(self._fixed), -1.0, np.ones(self._fixed, dtype=bool)
        )
        self._projections.append(self._tangent)

    @property
    def reg(self) -> float:
        """Where it is."""
        return self._main.level

    @property
    def slope(self) -> np.ndarray:
        """u, shape (n, 1)."""
        return self._tangent.point[:, None]

    @property
    def network(self) -> tuple[np.ndarray, float]:
        """z (k,) and t here."""
        return self.coefficients[:, 0], float(self.intercept[0])

    def first_to_vanish(self) -> tuple[int, float]:
        """The constraint whose multiplier is the first to be zero, and by how much reg falls until then."""
        z, slopes = self._main.multipliers, self._tangent.multipliers
        falling = np.flatnonzero(slopes[self._fixed :] < 0) + self._fixed
        ratios = np.maximum(z[falling], 0.0) / -slopes[falling]
        first = int(np.argmin(ratios)) if len(ratios) else -1
        return (int(falling[first]), float(ratios[first])) if first >= 0 else (-1, np.inf)

    def fall(self, step: float) -> None:
        """Let reg fall."""
        self._main.level -= step
        self._main.point, self._main.multipliers = self._refined(self._y, self._levels(self.reg))

    def leave(self, position: int) -> None:
        """Let a constraint go whose multiplier has vanished."""
        self._drop(position, np.zeros(self._factors.size))
        self._straighten()

    def join(self, unit: np.ndarray) -> None:
        """Take an atom in that has reached reg."""
        a = self._activations(unit[None])[0]
        sign = 1.0 if a @ self._main.point > 0 else -1.0
        self._tangent.free = ~self._vanished(self._main.multipliers)
        if not self._bring_in(self._tangent, unit, sign, sign * a):
            # in the span of atoms in use it takes the place of one of them, which changes z but not the network
            self._bring_in(self._main, unit, sign, sign * a)
        self._straighten()

    def settle(self, dictionary: WedgeDictionary) -> None:
        """Where rounding has led astray, past a kink or to z < 0, solve anew from here."""
        z, recovering = (
            self._main.multipliers,
            NO_STEP * self.reg * np.maximum(self._tangent.multipliers, 0.0),
        )
        below = np.maximum(-z - recovering, 0.0) * self._factors.norms
        off = (below[self._fixed :] > OFF * np.linalg.norm(self._y)).any()
        for _ in range(SETTLING):
            units = dictionary.price(self.dual, self.reg * (1 + OFF), 10 + self._factors.size).units
            if not (off or len(units)) or not (self.add(units) or off):
                return
            off = False
            self._straighten()

    def _straighten(self) -> None:
        """v, z and u, ζ anew from the constraints that are now active, without those that are not needed."""
        while True:
            self.fall(0.0)
            tangent = self._tangent
            tangent.point, tangent.multipliers = self._refined(np.zeros_like(self._y), self._levels(-1.0))
            idle = self._vanished(self._main.multipliers) & self._vanished(np.abs(tangent.multipliers))
            if not idle.any():
                return
            self._drop(int(np.flatnonzero(idle)[0]), np.zeros(len(idle)))

    def _vanished(self, multipliers: np.ndarray) -> np.ndarray:
        """Which multipliers of atoms are zero but for rounding, shape (k,)."""
        size = multipliers * self._factors.norms
        zero = size <= NO_MULTIPLIER * size[self._fixed :].max(initial=0.0)
        zero[: self._fixed] = False
        return zero
