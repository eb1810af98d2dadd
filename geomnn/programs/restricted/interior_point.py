"""A primal-dual interior-point method for squared loss and vector outputs over a few atoms.

The dual of the group program over atoms with activations φ_u is smooth and convex,

    maximise D(v) = Σ v∘y − ½ Σ v²   subject to   s_u(v) = (reg² − ‖φ_uᵀv‖²)/(2 reg) ≥ 0   (and 1ᵀv = 0),

and its multipliers η_u ≥ 0 are the sizes of the neurons: Z_u = η_u φ_uᵀv / reg, ‖Z_u‖ = η_u at the optimum.
Newton steps follow the central path η_u s_u = μ, μ → 0.

Source: geomnn theory, sections 0 and 4; S. Boyd, L. Vandenberghe, Convex Optimization, section 11.7.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import LinAlgError, cho_solve

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.linear import gram_blocks, positive_factor

__all__ = ["CentralPath"]

Point = tuple[np.ndarray, np.ndarray, np.ndarray]  # v, η, t


class CentralPath:
    """Newton's method on the central path of the program over fixed activations.

    Parameters
    ----------
    targets : ndarray, shape (n, c)
    activations : ndarray, shape (n, k)
        φ_u, none of them zero.
    reg : float
    bias : bool
    weights : ndarray, shape (n,), optional
        s_i > 0 in the loss ½ Σ s_i ‖f_i − y_i‖²; ones if not given.

    Source: geomnn theory, section 0.
    """

    def __init__(
        self,
        targets: np.ndarray,
        activations: np.ndarray,
        reg: float,
        bias: bool,
        weights: np.ndarray | None = None,
    ):
        # with √s all is as without weights for √s∘y, √s∘φ, √s∘1, and v = √s∘(the v of these)
        self.one = np.ones((len(targets), 1)) if weights is None else np.sqrt(weights)[:, None]
        self.targets, self.activations, self.reg, self.bias = (
            self.one * targets,
            self.one * activations,
            reg,
            bias,
        )

    def solve(
        self,
        dual: np.ndarray,
        intercept: np.ndarray,
        tol: float,
        max_steps: int = 200,
        deadline: Deadline = NEVER,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Follow the path from a dual point until the relative gap is at most ``tol`` or rounding stops it.

        Parameters
        ----------
        dual : ndarray, shape (n, c)
            v to start from, with 1ᵀv = 0 with a bias; it is scaled into the constraints.
        intercept : ndarray, shape (c,)
            t to start from.
        deadline : Deadline
            After the first, no step begins that would end later.

        Returns
        -------
        coefficients (k, c), intercept (c,), dual (n, c) of the best point met.
        """
        dual = dual / self.one
        largest = np.linalg.norm(self.activations.T @ dual, axis=1).max(initial=0.0)
        v, t = dual * min(1.0, 0.9 * self.reg / largest if largest else 1.0), intercept.copy()
        z = np.zeros((self.activations.shape[1], v.shape[1]))
        ceiling = self._primal(z, t)  # of the constant network; multipliers that cost as much are large
        eta = np.full(len(z), (ceiling + np.finfo(float).tiny) / self.reg / len(z))
        best_gap, best = ceiling - self._dual(v), (z, t, v)
        lowest, stalled, pace = np.inf, 0, Pace(deadline)
        away = 0  # steps since the path
        for step in range(max_steps):
            gap, z = self._gap(v, eta, t)
            lowest, stalled = (gap, 0) if gap < 0.99 * lowest else (lowest, stalled + 1)
            if gap < best_gap:
                best_gap, best = gap, (z, t, v)
            if gap <= tol * abs(gap + self._dual(v)) or stalled > 15 or (step and pace.over()):
                break
            try:
                ahead, away = self._step(v, eta, t), away + 1
                # far from the path: back to it by sure steps, but the later the more often that brought nothing, as
                # next to the optimum these end at the rounding of the barrier, and the others do not
                if self._gap(*ahead)[0] > 0.7 * gap and away > stalled:
                    ahead, away = self._centre(v, t, 0.3 * min(gap, best_gap) / len(eta)), 0
            except LinAlgError:
                break  # rounding level: the best point stands
            v, eta, t = ahead
        z, t, v = best
        return z, t, self.one * v

    def _primal(self, z: np.ndarray, t: np.ndarray) -> float:
        cost = self.reg * np.linalg.norm(z, axis=1).sum()
        return float(0.5 * np.sum((self.activations @ z + self.one * t - self.targets) ** 2) + cost)

    def _dual(self, v: np.ndarray) -> float:
        return float(np.sum(v * self.targets) - 0.5 * np.sum(v**2))

    def _gap(self, v: np.ndarray, eta: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        """Duality gap of the program over these activations, and z = η φᵀv/reg."""
        z = eta[:, None] * (self.activations.T @ v) / self.reg
        return self._primal(z, t) - self._dual(v), z

    def _centre(self, v: np.ndarray, t: np.ndarray, mu: float) -> Point:
        """Damped Newton steps that maximise D(v) + μ Σ log s_u(v), where η_u = μ/s_u."""
        for _ in range(30):
            q, s = self.activations.T @ v, self._slack(v)
            stationarity, balance = self._residuals(v, mu / s, t)
            dv, dt = self._newton_system(v, mu / s, s, q)(stationarity, balance)
            t = t + dt
            rise = -float(np.sum((stationarity + self.one * dt) * dv))
            length = 0.99 * self._longest(s, q, dv)
            height = self._barrier(v, mu)
            while length > 1e-12 and self._barrier(v + length * dv, mu) < height + 0.1 * length * rise:
                length /= 2
            v = v + length * dv
            if rise < 1e-3 * mu:
                break
        return v, mu / self._slack(v), t

    def _barrier(self, v: np.ndarray, mu: float) -> float:
        return self._dual(v) + mu * float(np.log(self._slack(v)).sum())

    def _slack(self, v: np.ndarray) -> np.ndarray:
        """s_u(v), but no less than the rounding of φ_uᵀv."""
        slack = (self.reg**2 - np.sum((self.activations.T @ v) ** 2, axis=1)) / (2 * self.reg)
        return np.maximum(slack, np.finfo(float).eps * (self.activations.T @ np.abs(v)).sum(axis=1))

    def _residuals(self, v: np.ndarray, eta: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Stationarity v − y + Σ η_u φ_u (φ_uᵀv)/reg + 1tᵀ, and 1ᵀv."""
        weighted = self.activations @ (eta[:, None] * (self.activations.T @ v)) / self.reg
        return weighted + self.one * t + v - self.targets, (self.one * v).sum(axis=0)

    def _step(self, v: np.ndarray, eta: np.ndarray, t: np.ndarray) -> Point:
        """Predictor and corrector of Mehrotra towards the central path."""
        phi, reg = self.activations, self.reg
        q, s = phi.T @ v, self._slack(v)
        stationarity, balance = self._residuals(v, eta, t)
        solve = self._newton_system(v, eta, s, q)

        def direction(centring: np.ndarray) -> Point:
            # η s + s Δη + η Δs = centring with Δs = −q·φᵀΔv/reg, put into the stationarity row
            forced = centring / s - eta
            dv, dt = solve(stationarity + phi @ (forced[:, None] * q) / reg, balance)
            return dv, forced + eta / s * np.sum(q * (phi.T @ dv), axis=1) / reg, dt

        mu = float(eta @ s) / len(s)
        dv, deta, _ = direction(np.zeros_like(s))
        ahead = min(self._longest(s, q, dv), _longest_fall(eta, deta))
        mu_ahead = float((eta + ahead * deta) @ self._slack(v + ahead * dv)) / len(s)
        turn = phi.T @ dv
        bend = (deta * np.sum(q * turn, axis=1) + eta * np.sum(turn**2, axis=1) / 2) / reg
        target = max(min(mu_ahead / mu, 1.0) ** 3, (1 - ahead) ** 3, 1e-3) * mu
        dv, deta, dt = direction(target + ahead**2 * bend)
        length = 0.99 * min(self._longest(s, q, dv), _longest_fall(eta, deta))
        return v + length * dv, eta + length * deta, t + length * dt

    def _newton_system(
        self, v: np.ndarray, eta: np.ndarray, s: np.ndarray, q: np.ndarray
    ) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Factor of I + Σ η φφᵀ⊗I/reg + Σ (η/s) (φ⊗q)(φ⊗q)ᵀ/reg², bordered by √sᵀ with a bias."""
        n, c = v.shape
        phi, reg = self.activations, self.reg
        matrix = gram_blocks(phi.T, (eta / s)[:, None, None] * q[:, :, None] * q[:, None, :] / reg**2)
        for o in range(c):
            matrix[:, o, :, o] += (phi * (eta / reg)) @ phi.T
        flat = matrix.reshape(n * c, n * c)
        flat[np.diag_indices(n * c)] += 1.0
        factor = positive_factor(flat)
        border = np.kron(self.one, np.eye(c))
        lifted = cho_solve(factor, border, check_finite=False) if self.bias else np.zeros((n * c, 0))

        def solve(stationarity: np.ndarray, balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            dv = cho_solve(factor, -stationarity.ravel(), check_finite=False)
            dt = np.zeros(c)
            if self.bias:
                dt = np.linalg.solve(border.T @ lifted, border.T @ dv + balance)
                dv = dv - lifted @ dt
            return dv.reshape(n, c), dt

        return solve

    def _longest(self, s: np.ndarray, q: np.ndarray, dv: np.ndarray) -> float:
        """The step in [0, 1] to where a slack ends."""
        turn = self.activations.T @ dv
        curve, slope = np.sum(turn**2, axis=1) / (2 * self.reg), np.sum(q * turn, axis=1) / self.reg
        root = slope + np.sqrt(slope**2 + 4 * curve * s)
        longest = (2 * s[root > 0] / root[root > 0]).min(initial=1.0)
        return float(longest)


def _longest_fall(eta: np.ndarray, deta: np.ndarray) -> float:
    """The step in [0, 1] to where a multiplier reaches zero."""
    falling = deta < 0
    return float((-eta[falling] / deta[falling]).min(initial=1.0))
