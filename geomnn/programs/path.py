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
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from geomnn.dictionaries import WedgeDictionary
from geomnn.programs.active_set import DualActiveSet, Projection
from geomnn.programs.problem import Problem

__all__ = ["Piece", "follow"]

STILL = 1e-9  # a step of this part of reg is none: atoms that come together, by symmetry, come so close
ZERO = 1e-12  # share of the largest multiplier that is taken for rounding
MISSED = 1e-11  # relative excess over reg that is brought back
AT_ONCE = 100  # this many times n such steps at one kink would be a circle


@dataclass(frozen=True)
class Piece:
    """A piece of the path that begins at a reg and reaches down to the next piece, affine in reg.

    Parameters
    ----------
    reg : float
        Where it begins.
    units : ndarray, shape (k, D)
        The active atoms.
    coefficients, slopes : ndarray, shape (k,)
        z at reg, and how much z grows as reg falls by 1.
    intercept, intercept_slope : float
        The same of t.
    """

    reg: float
    units: np.ndarray
    coefficients: np.ndarray
    slopes: np.ndarray
    intercept: float
    intercept_slope: float

    def at(self, reg: float) -> tuple[np.ndarray, float]:
        """z (k,) and t at a reg of the piece."""
        below = self.reg - reg
        return self.coefficients + below * self.slopes, self.intercept + below * self.intercept_slope


def follow(
    problem: Problem, dictionary: WedgeDictionary, start: float, end: float, progress: bool = False
) -> list[Piece]:
    """The pieces of the path from reg = start, where the network is a constant, down to reg = end.

    Parameters
    ----------
    problem : Problem
        Squared loss, scalar output; its reg is not used.
    dictionary : WedgeDictionary
    start, end : float
        start is the largest correlation of an atom with the residual of the best constant network.
    progress : bool
        Whether to show how far reg has fallen.

    Raises
    ------
    ArithmeticError
        If rounding keeps the path from leaving a kink.

    Source: geomnn theory, section 4.
    """
    walk = _Walk(problem, start)
    pieces: list[Piece] = []
    still = 0
    with threadpool_limits(1, "blas"), tqdm(desc="path", unit="kink", disable=not progress, delay=2) as bar:
        while walk.reg > end:
            vanishing, until_vanishing = walk.first_to_vanish()
            reached, until_reached = dictionary.reach(walk.dual, walk.slope, walk.reg)
            step = min(until_vanishing, until_reached, walk.reg - end)
            if step > STILL * walk.reg:
                pieces.append(walk.piece())
                still = 0
            elif (still := still + 1) > AT_ONCE * len(problem.targets):
                raise ArithmeticError(f"rounding keeps the path at reg={walk.reg:g}")
            walk.fall(step)
            if until_vanishing <= until_reached and step == until_vanishing:
                walk.leave(vanishing)
            elif step == until_reached:
                walk.join(reached)
            bar.update()
            bar.set_postfix(reg=f"{walk.reg:.2e}")
    pieces.append(walk.piece())
    return pieces


class _Walk(DualActiveSet):
    """A dual active set that walks along the path, with the tangent u, ζ as a second projection."""

    def __init__(self, problem: Problem, start: float):
        samples = problem.samples
        super().__init__(problem.targets, samples.homogeneous, start, samples.bias)
        self._tangent = Projection(
            np.zeros_like(self._y), np.zeros(self._fixed), -1.0, np.ones(self._fixed, dtype=bool)
        )
        self._projections.append(self._tangent)

    @property
    def reg(self) -> float:
        """Where the walk is."""
        return self._main.level

    @property
    def slope(self) -> np.ndarray:
        """u, shape (n, 1)."""
        return self._tangent.point[:, None]

    def piece(self) -> Piece:
        """The piece that begins here."""
        free, slopes = self._fixed, self._tangent.multipliers
        return Piece(
            self.reg,
            self.units,
            self.coefficients[:, 0],
            slopes[free:] * self._signs[free:],
            float(self.intercept[0]),
            float(slopes[0]) if free else 0.0,
        )

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
        a = self._features(unit[None])[0]
        sign = 1.0 if a @ self._main.point > 0 else -1.0
        self._tangent.free = ~self._vanished(self._main.multipliers)
        beyond = abs(a @ self._main.point) > self.reg * (1 + MISSED)
        if beyond or not self._bring_in(self._tangent, unit, sign, sign * a):
            # in the span of atoms in use it takes the place of one of them, which changes z but not the network
            self._bring_in(self._main, unit, sign, sign * a)
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
        zero = multipliers <= ZERO * multipliers[self._fixed :].max(initial=0.0)
        zero[: self._fixed] = False
        return zero
