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

import numpy as np
from scipy.linalg import qr_delete, solve_triangular

__all__ = ["DualActiveSet"]

DEPENDENT = 1e-11  # ‖a − QQᵀa‖/‖a‖ below which a counts as in the span of the active constraints
EPS = np.finfo(float).eps


class DualActiveSet:
    """Exact solution of the squared-loss program over a growing set of atoms.

    Parameters
    ----------
    targets : ndarray, shape (n, 1)
    homogeneous : ndarray, shape (n, D)
        Samples, from which features of units are made.
    reg : float
    bias : bool
    weights : ndarray, shape (n,), optional
        h_i > 0 in the loss ½ Σ h_i (f_i − y_i)²; ones if not given.

    Attributes
    ----------
    units : ndarray, shape (k, D)
        The active atoms, whose features are linearly independent.
    """

    def __init__(
        self,
        targets: np.ndarray,
        homogeneous: np.ndarray,
        reg: float,
        bias: bool,
        weights: np.ndarray | None = None,
    ):
        self._x, self._reg = homogeneous, reg
        # with s_i = √h_i all is as without weights for s∘y, s∘φ, s∘1, and v = s∘(what is projected)
        self._root = np.ones(len(targets)) if weights is None else np.sqrt(weights)
        self._shift = float(targets[0, 0]) if bias else 0.0  # exact for constant targets
        self._y = self._root * (targets[:, 0] - self._shift)
        self._fixed = int(bias)
        length = np.linalg.norm(self._root)
        self._q = np.tile(self._root[:, None] / length, (1, self._fixed))
        self._r = np.full((self._fixed, self._fixed), length)
        self._z = np.zeros(self._fixed)
        self._signs = np.zeros(self._fixed)
        self.units = np.zeros((0, homogeneous.shape[1]))
        self._v = self._y
        self._refresh()

    @property
    def coefficients(self) -> np.ndarray:
        """z of the active units, shape (k, 1)."""
        return (self._z * self._signs)[self._fixed :, None]

    @property
    def intercept(self) -> np.ndarray:
        """t, shape (1,)."""
        return np.array([self._z[0] + self._shift if self._fixed else 0.0])

    @property
    def dual(self) -> np.ndarray:
        """v, shape (n, 1)."""
        return (self._root * self._v)[:, None]

    def add(self, units: np.ndarray) -> None:
        """Make the solution optimal for the active atoms together with these ones, shape (k, D)."""
        pool = np.concatenate([self.units, units])
        features = np.asfortranarray(self._root[:, None] * np.maximum(self._x @ pool.T, 0.0))
        norms = np.linalg.norm(features, axis=0)
        for _ in range(50 * (len(pool) + len(self._y))):
            correlation = features.T @ self._v
            excess = np.abs(correlation) - self._reg
            floor = 1e-12 * self._reg + 8 * EPS * norms * np.linalg.norm(self._v)
            excess = np.where((excess > floor) & (norms > 0), excess / np.where(norms > 0, norms, 1.0), 0.0)
            worst = int(np.argmax(excess))
            if excess[worst] == 0.0:
                return
            sign = 1.0 if correlation[worst] > 0 else -1.0
            self._bring_in(pool[worst], sign, sign * features[:, worst])

    def _bring_in(self, unit: np.ndarray, sign: float, a: np.ndarray) -> None:
        """Raise the multiplier of the violated constraint a·v ≤ reg until it holds."""
        multiplier = 0.0
        size = np.linalg.norm(a)
        while True:
            coordinates = self._q.T @ a
            rest = a - self._q @ coordinates
            correction = self._q.T @ rest
            rest -= self._q @ correction
            coordinates += correction
            r = solve_triangular(self._r, coordinates) if len(coordinates) else coordinates
            length = np.linalg.norm(rest)
            independent = length > DEPENDENT * size
            full = (a @ self._v - self._reg) / length**2 if independent else np.inf
            falling = np.flatnonzero(r[self._fixed :] > 0) + self._fixed
            ratios = self._z[falling] / r[falling]
            partial = ratios.min(initial=np.inf)
            step = min(full, partial)
            if not np.isfinite(step):
                return  # in the span of constraints that hold with equality: violated by rounding alone
            self._z = self._z - step * r
            multiplier += step
            if independent:
                self._v = self._v - step * rest
            if full <= partial:
                self._append(unit, sign, multiplier, rest / length, coordinates, float(length))
                self._refresh()
                return
            self._drop(int(falling[np.argmin(ratios)]))

    def _append(
        self, unit: np.ndarray, sign: float, multiplier: float, q: np.ndarray, top: np.ndarray, corner: float
    ) -> None:
        k = len(top)
        r = np.zeros((k + 1, k + 1))
        r[:k, :k], r[:k, k], r[k, k] = self._r, top, corner
        self._r, self._q = r, np.column_stack([self._q, q])
        self._z = np.append(self._z, multiplier)
        self._signs = np.append(self._signs, sign)
        self.units = np.vstack([self.units, unit])

    def _drop(self, k: int) -> None:
        q, r = qr_delete(self._q, self._r, k, which="col", check_finite=False)
        self._z = np.delete(self._z, k)
        self._q, self._r = q[:, : len(self._z)], r[: len(self._z)]  # a square Q comes back whole
        self._signs = np.delete(self._signs, k)
        self.units = np.delete(self.units, k - self._fixed, axis=0)

    def _refresh(self) -> None:
        """v and z from the factors: v = (I − QQᵀ) y + Q R⁻ᵀ reg, R z = Qᵀ (y − v); drops z < 0."""
        while True:
            level = np.full(len(self._z), self._reg)
            level[: self._fixed] = 0.0
            inside = solve_triangular(self._r, level, trans="T") if len(level) else level
            rest = self._y - self._q @ (self._q.T @ self._y)
            rest -= self._q @ (self._q.T @ rest)
            self._v = rest + self._q @ inside
            z = solve_triangular(self._r, self._q.T @ self._y - inside) if len(level) else level
            negative = np.flatnonzero(z[self._fixed :] < 0) + self._fixed
            if not len(negative):
                self._z = z
                return
            self._drop(int(negative[np.argmin(z[negative])]))
