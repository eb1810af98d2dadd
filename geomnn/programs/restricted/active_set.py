"""The dual active-set method for squared loss and scalar output: the projection of y on a polyhedron.

    minimise ½‖v − y‖²   subject to   |φ_u·v| ≤ reg for all atoms u   (and 1·v = 0 with a bias).

Following Goldfarb and Idnani (Mathematical Programming 27, 1983): v is always the projection on the
constraints A = [1, s_1 φ_1, s_2 φ_2, …] that are active, A z = y − v with z ≥ 0, and a violated
constraint a is brought in by moving its multiplier up,

    v ← v − τ (a − A r),   z ← (z − τ r, z_a + τ),   r = A⁺ a,

until it holds with equality (a full step: it joins A) or a multiplier reaches zero (a partial step: that
constraint leaves A).  The dual value rises with each full step, so the method is finite; A = QR is kept
linearly independent and its factors are updated.

Source: geomnn theory, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomnn.deadline import NEVER, Deadline
from geomnn.programs.restricted.factors import Factors

__all__ = ["DualActiveSet", "Projection"]

# ‖a − QQᵀa‖ relative to ‖a‖, up to which a is in the span of the active constraints: above what rounding leaves of
# one that is, as v moves by the inverse of it
DEPENDENT = 1e-11
# relative to v, the correction of it above which the factors are made anew: what a refinement leaves is about the
# square of this part, so that up to here it ends at rounding
DRIFT = 1e-9
BATCH_PART = 0.2  # constraints are brought in while one is violated by this part of the first of a batch
EPS = np.finfo(float).eps


@dataclass
class Projection:
    """A projection on the constraints a·v = level that are active, and its multipliers.

    Parameters
    ----------
    point : ndarray, shape (n,)
        v.
    multipliers : ndarray, shape (k,)
        z, that of the intercept first where there is a bias.
    level : float
        The right-hand side of the atoms; that of the intercept is 0.
    free : ndarray of bool, shape (k,)
        The multipliers that may be negative.
    """

    point: np.ndarray
    multipliers: np.ndarray
    level: float
    free: np.ndarray


class DualActiveSet:
    """Exact solution of the squared-loss program over a growing set of atoms.

    Parameters
    ----------
    targets : ndarray, shape (n, 1)
    homogeneous : ndarray, shape (n, D)
        Samples, from which activations of units are made.
    reg : float
    bias : bool
    weights : ndarray, shape (n,), optional
        h_i > 0 in the loss ½ Σ h_i (f_i − y_i)²; ones if not given.
    deadline : Deadline
        No atom is brought in after it but one at a time.

    Attributes
    ----------
    units : ndarray, shape (k, D)
        The active atoms, whose activations are linearly independent.
    """

    def __init__(
        self,
        targets: np.ndarray,
        homogeneous: np.ndarray,
        reg: float,
        bias: bool,
        weights: np.ndarray | None = None,
        deadline: Deadline = NEVER,
    ):
        self._x, self._deadline = homogeneous, deadline
        # with s_i = √h_i all is as without weights for s∘y, s∘φ, s∘1, and v = s∘(what is projected)
        self._root = np.ones(len(targets)) if weights is None else np.sqrt(weights)
        self._shift = float(targets[0, 0]) if bias else 0.0  # exact for constant targets
        self._y = self._root * (targets[:, 0] - self._shift)
        self._fixed = int(bias)
        self._factors = Factors(len(targets))
        if bias:
            self._factors.append(np.zeros(0), self._root, float(np.linalg.norm(self._root)))
        self._signs = np.zeros(self._fixed)
        self.units = np.zeros((0, homogeneous.shape[1]))
        self._main = Projection(self._y, np.zeros(self._fixed), reg, np.ones(self._fixed, dtype=bool))
        self._projections = [self._main]  # all of which gain and lose constraints together
        self._refresh()

    @property
    def coefficients(self) -> np.ndarray:
        """z of the active units, shape (k, 1)."""
        return (self._main.multipliers * self._signs)[self._fixed :, None]

    @property
    def intercept(self) -> np.ndarray:
        """t, shape (1,)."""
        return np.array([self._main.multipliers[0] + self._shift if self._fixed else 0.0])

    @property
    def dual(self) -> np.ndarray:
        """v, shape (n, 1)."""
        return (self._root * self._main.point)[:, None]

    @property
    def value(self) -> float:
        """½‖v‖² + reg Σ|z|, which is the value of (C) of the network (without weights)."""
        v, z = self._main.point, self._main.multipliers[self._fixed :]
        return float(v @ v / 2 + self._main.level * z.sum())

    def optimise(self, units: np.ndarray) -> None:
        """Make the solution optimal for the active atoms together with these ones, shape (k, D)."""
        pool, value = np.concatenate([self.units, units]), np.inf
        while (
            self.add(pool) and self.value < value and not self._deadline.over()
        ):  # it falls, but for rounding
            value = self.value

    def add(self, units: np.ndarray) -> bool:
        """Bring in the most violated of these atoms, shape (k, D), until what is left is small beside the first.

        By then atoms that are not among these are violated more, and pricing anew pays off.

        Returns
        -------
        bool
            Whether any of them was brought in.
        """
        units, activations, norms = self._violated(units)
        open_, first, brought = np.ones(len(units), dtype=bool), 0.0, False
        for _ in range(50 * (len(units) + len(self._y))):
            excess, signs = self._excess(activations, norms)
            excess *= open_
            worst = int(np.argmax(excess)) if len(excess) else -1
            if worst < 0 or excess[worst] <= BATCH_PART * first:
                break
            first = first or excess[worst]
            a = signs[worst] * activations[worst]
            open_[worst] = self._bring_in(self._main, units[worst], signs[worst], a)
            brought |= bool(open_[worst])
            if self._deadline.over():
                break
        self._refresh()
        return brought

    def _violated(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Those of the units that are violated enough, their activations (k, n) and the norms of these."""
        activations = self._activations(units)
        norms = np.linalg.norm(activations, axis=1)
        excess, _ = self._excess(activations, norms)
        kept = excess > BATCH_PART * excess.max(initial=0.0)
        return units[kept], activations[kept], norms[kept]

    def _activations(self, units: np.ndarray) -> np.ndarray:
        """√h∘(x̃·u)_+, shape (k, n)."""
        activations = np.maximum(units @ self._x.T, 0.0)
        activations *= self._root
        return activations

    def _excess(self, activations: np.ndarray, norms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By how much each constraint is violated, over its norm (0 within rounding), and on which side."""
        v, reg = self._main.point, self._main.level
        correlation = activations @ v
        excess = np.abs(correlation) - reg
        floor = 1e-12 * reg + 8 * EPS * norms * np.sqrt(v @ v)
        violated = (excess > floor) & (norms > 0)
        return np.divide(excess, norms, out=np.zeros_like(excess), where=violated), np.sign(correlation)

    def _bring_in(self, on: Projection, unit: np.ndarray, sign: float, a: np.ndarray) -> bool:
        """Raise the multiplier of a violated constraint a·v ≤ level until it holds; whether that is possible."""
        factors, multiplier, size = self._factors, 0.0, float(np.sqrt(a @ a))
        coordinates, rest = factors.split(a)
        while True:
            r = factors.solve(coordinates)
            length = float(np.sqrt(rest @ rest))
            independent = length > DEPENDENT * size
            full = (a @ on.point - on.level) / length**2 if independent else np.inf
            falling = np.flatnonzero((r > 0) & ~on.free)
            ratios = on.multipliers[falling] / r[falling]
            partial = ratios.min(initial=np.inf)
            step = min(full, partial)
            if not np.isfinite(step):
                return False  # in the span of constraints that hold with equality: for z, violated by rounding alone
            on.multipliers = on.multipliers - step * r
            multiplier += step
            if independent:
                on.point = on.point - step * rest
            if full <= partial:
                factors.append(coordinates, rest, length)
                self._signs = np.append(self._signs, sign)
                self.units = np.vstack([self.units, unit])
                for each in self._projections:
                    each.multipliers = np.append(each.multipliers, multiplier if each is on else 0.0)
                    each.free = np.append(each.free, False)
                return True
            lost = self._drop(int(falling[np.argmin(ratios)]), coordinates)
            rest = rest + coordinates[-1] * lost
            coordinates = coordinates[:-1]

    def _drop(self, position: int, coordinates: np.ndarray) -> np.ndarray:
        """Leave a constraint out; the direction that the span of the others has lost."""
        lost = self._factors.drop(position, coordinates[None])
        self._signs = np.delete(self._signs, position)
        self.units = np.delete(self.units, position - self._fixed, axis=0)
        for each in self._projections:
            each.multipliers = np.delete(each.multipliers, position)
            each.free = np.delete(each.free, position)
        return lost

    def _refresh(self) -> None:
        """v and z from the factors; drops z < 0."""
        while True:
            v, z = self._refined(self._y, self._levels(self._main.level))
            negative = np.flatnonzero(z[self._fixed :] < 0) + self._fixed
            if not len(negative):
                self._main.point, self._main.multipliers = v, z
                return
            self._drop(int(negative[np.argmin(z[negative])]), np.zeros(len(z)))

    def _refined(self, y: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """v, z with v + A z = y and Aᵀv = level, refined once; the factors are made anew if they have drifted."""
        active = np.concatenate([np.tile(self._root, (self._fixed, 1)), self._activations(self.units)])
        active[self._fixed :] *= self._signs[self._fixed :, None]
        v, z = self._projected(y, level)
        for _ in range(2):
            more_v, more_z = self._projected(y - v - z @ active, level - active @ v)
            v, z = v + more_v, z + more_z
            if np.linalg.norm(more_v) <= DRIFT * np.linalg.norm(v):
                break
            self._factors.refactor(active)
        return v, z

    def _levels(self, level: float) -> np.ndarray:
        """The right-hand sides of the active constraints, shape (k,)."""
        levels = np.full(self._factors.size, level)
        levels[: self._fixed] = 0.0
        return levels

    def _projected(self, y: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """v, z with v + A z = y and Aᵀv = level."""
        factors = self._factors
        inside = factors.solve_transposed(level)
        coordinates, rest = factors.split(y)
        return rest + inside @ factors.q, factors.solve(coordinates - inside)
