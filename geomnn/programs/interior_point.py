"""A primal-dual interior-point method for the program over a few atoms: any loss, any number of outputs.

The dual of the (group) program over atoms with features φ_u is smooth and convex,

    maximise D(v)   subject to   s_u(v) = (reg² − ‖φ_uᵀv‖²)/(2 reg) ≥ 0   (and 1ᵀv = 0 with a bias),

and its multipliers η_u ≥ 0 are the sizes of the neurons: Z_u = η_u φ_uᵀv / reg, ‖Z_u‖ = η_u at the optimum.
Newton steps follow the central path η_u s_u = μ, μ → 0.

Source: geomnn theory, sections 0 and 4; S. Boyd, L. Vandenberghe, Convex Optimization, section 11.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from geomnn.programs.losses import Loss

__all__ = ["CentralPath"]


@dataclass
class CentralPath:
    """Newton's method on the central path of the program over fixed features.

    Parameters
    ----------
    loss : Loss
    targets : ndarray, shape (n, c)
    features : ndarray, shape (n, k)
        φ_u, none of them zero.
    reg : float
    bias : bool

    Source: geomnn theory, section 0.
    """

    loss: Loss
    targets: np.ndarray
    features: np.ndarray
    reg: float
    bias: bool

    def solve(
        self, dual: np.ndarray, intercept: np.ndarray, tol: float, max_steps: int = 200
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Follow the path from a dual point until the relative gap is at most ``tol`` or rounding stops it.

        Parameters
        ----------
        dual : ndarray, shape (n, c)
            v in the interior of the domain of D; it is scaled into the constraints.
        intercept : ndarray, shape (c,)
            t to start from.

        Returns
        -------
        coefficients (k, c), intercept (c,), dual (n, c) of the best point met.
        """
        largest = np.linalg.norm(self.features.T @ dual, axis=1).max(initial=0.0)
        v = dual * min(1.0, 0.9 * self.reg / largest if largest else 1.0)
        t = intercept.copy()
        eta = np.ones(self.features.shape[1])
        eta *= (self._primal(np.zeros((len(eta), v.shape[1])), t) + 1e-300) / (len(eta) * self.reg)
        best_gap, best, stalled = np.inf, (np.zeros((len(eta), v.shape[1])), t, v), 0
        for _ in range(max_steps):
            z = eta[:, None] * (self.features.T @ v) / self.reg
            primal = self._primal(z, t)
            gap = primal - self.loss.dual(v, self.targets)
            stalled = 0 if gap < 0.9 * best_gap else stalled + 1
            if gap < best_gap:
                best_gap, best = gap, (z, t, v)
            if gap <= tol * abs(primal) or stalled > 15:
                break
            try:
                v, eta, t = self._step(v, eta, t)
            except LinAlgError:
                break  # rounding level: the best point stands
        return best

    def _primal(self, z: np.ndarray, t: np.ndarray) -> float:
        cost = self.reg * np.linalg.norm(z, axis=1).sum()
        return self.loss.value(self.features @ z + t, self.targets) + cost

    def _slack(self, v: np.ndarray) -> np.ndarray:
        """s_u(v), but no less than the rounding of φ_uᵀv."""
        slack = (self.reg**2 - np.sum((self.features.T @ v) ** 2, axis=1)) / (2 * self.reg)
        return np.maximum(slack, np.finfo(float).eps * (self.features.T @ np.abs(v)).sum(axis=1))

    def _residuals(self, v: np.ndarray, eta: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Stationarity −D'(v) + Σ η_u φ_u (φ_uᵀv)/reg + 1tᵀ, and 1ᵀv."""
        weighted = self.features @ (eta[:, None] * (self.features.T @ v)) / self.reg
        return weighted + t - self.loss.dual_gradient(v, self.targets), v.sum(axis=0)

    def _step(
        self, v: np.ndarray, eta: np.ndarray, t: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        phi, reg = self.features, self.reg
        q, s = phi.T @ v, self._slack(v)
        stationarity, balance = self._residuals(v, eta, t)
        solve = self._newton_system(v, eta, s, q)

        def direction(centring: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            # η s + s Δη + η Δs = centring with Δs = −q·φᵀΔv/reg, put into the stationarity row
            forced = centring / s - eta
            dv, dt = solve(stationarity + phi @ (forced[:, None] * q) / reg, balance)
            return dv, forced + eta / s * np.sum(q * (phi.T @ dv), axis=1) / reg, dt

        mu = float(eta @ s) / len(s)
        dv, deta, _ = direction(np.zeros_like(s))
        ahead = self._longest(v, eta, s, q, dv, deta)
        mu_ahead = float((eta + ahead * deta) @ self._slack(v + ahead * dv)) / len(s)
        bend = deta * np.sum(q * (phi.T @ dv), axis=1) / reg + eta * np.sum((phi.T @ dv) ** 2, axis=1) / (
            2 * reg
        )
        target = max(min(mu_ahead / mu, 1.0) ** 3, 1e-3) * mu
        dv, deta, dt = direction(target + ahead**2 * bend)
        length = 0.99 * self._longest(v, eta, s, q, dv, deta)
        return v + length * dv, eta + length * deta, t + length * dt

    def _newton_system(self, v: np.ndarray, eta: np.ndarray, s: np.ndarray, q: np.ndarray):  # type: ignore[no-untyped-def]
        """Factor of −D'' + Σ η φφᵀ⊗I/reg + Σ (η/s) (φ⊗q)(φ⊗q)ᵀ/reg², bordered by 1ᵀ with a bias."""
        n, c = v.shape
        phi, reg = self.features, self.reg
        matrix = np.zeros((n, c, n, c))
        plain = (phi * (eta / reg)) @ phi.T
        for a in range(c):
            for b in range(a, c):
                block = (phi * (eta / s * q[:, a] * q[:, b] / reg**2)) @ phi.T
                matrix[:, a, :, b] = block
                matrix[:, b, :, a] = block
            matrix[:, a, :, a] += plain
        flat = matrix.reshape(n * c, n * c)
        flat[np.diag_indices(n * c)] += self.loss.dual_curvature(v, self.targets).ravel()
        factor = cho_factor(flat, lower=True, check_finite=False)
        border = np.tile(np.eye(c), (n, 1))
        lifted = cho_solve(factor, border, check_finite=False) if self.bias else np.zeros((n * c, 0))

        def solve(stationarity: np.ndarray, balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            dv = cho_solve(factor, -stationarity.ravel(), check_finite=False)
            dt = np.zeros(c)
            if self.bias:
                dt = np.linalg.solve(border.T @ lifted, border.T @ dv + balance)
                dv = dv - lifted @ dt
            return dv.reshape(n, c), dt

        return solve

    def _longest(
        self, v: np.ndarray, eta: np.ndarray, s: np.ndarray, q: np.ndarray, dv: np.ndarray, deta: np.ndarray
    ) -> float:
        """The step in [0, 1] to where a multiplier, a slack or the domain of D ends."""
        turn = self.features.T @ dv
        curve, slope = np.sum(turn**2, axis=1) / (2 * self.reg), np.sum(q * turn, axis=1) / self.reg
        root = slope + np.sqrt(slope**2 + 4 * curve * s)
        longest = min(1.0, (2 * s[root > 0] / root[root > 0]).min(initial=np.inf))
        falling = deta < 0
        longest = min(longest, (-eta[falling] / deta[falling]).min(initial=np.inf))
        return min(longest, self.loss.longest_step(v, dv, self.targets))
