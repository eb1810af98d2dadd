"""A central path for smooth losses and vector outputs over a few atoms, sure where activations are all but dependent.

With a barrier for ‖z_u‖ ≤ η_u, whose best η_u = (μ + R_u)/reg is put in, the group program becomes the smooth

    minimise  L(Σ_u φ_u z_uᵀ + t, y) + Σ_u R_u − μ log(μ + R_u),   R_u² = μ² + reg² ‖z_u‖²,   μ → 0.

Newton's method is for z and w together, Φᵀv = w and (μ + R_u) w_u = reg² z_u, in which the latter is nearly linear
(T. Chan, G. Golub, P. Mulet, SIAM J. Sci. Comput. 20, 1999).

Source: geomnn theory, sections 0 and 4.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.linear import gram_blocks, positive_factor
from geomnn.programs.problem import Problem

__all__ = ["SmoothedNorms"]

PATH_STEPS = 100
CENTRING = 0.1  # μ, as a part of the gap of each neuron
# relative to the value, the rise that rounding may make of a fall: some fifty roundings, of a sum over samples
NOISE = 1e-14
STALLED_PATH = 10  # steps without a smaller gap after which rounding is taken to be the reason


class SmoothedNorms:
    """The group program over fixed activations.

    Parameters
    ----------
    problem : Problem
        With a smooth loss.
    activations : ndarray, shape (n, k)

    Source: geomnn theory, section 0.
    """

    def __init__(self, problem: Problem, activations: np.ndarray):
        self._problem, self._activations = problem, activations
        self._columns = np.column_stack([activations, np.ones((len(activations), int(problem.samples.bias)))])
        every = np.eye(problem.outputs)
        self._unseen = every - np.array([problem.loss.canonical(t) for t in every])

    def solve(
        self, z: np.ndarray, t: np.ndarray, tol: float, deadline: Deadline = NEVER
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
        """From a network to a relative duality gap of ``tol``, or to where rounding stops it.

        Parameters
        ----------
        z : ndarray, shape (k, c)
        t : ndarray, shape (c,)
        tol : float
        deadline : Deadline
            After the first, no step begins that would end later.

        Returns
        -------
        coefficients (k, c), intercept (c,), dual (n, c) of the best point met, and whether the gap was reached.
        """
        problem, phi = self._problem, self._activations
        w, pace = np.zeros_like(z), Pace(deadline)
        smallest, best, stalled = np.inf, (z, t, problem.dual_point(problem.residual(phi @ z + t))), 0
        for step in range(PATH_STEPS):
            v, value = problem.residual(phi @ z + t), problem.convex_objective(phi, z, t)
            point = problem.dual_point(v)
            largest = np.linalg.norm(phi.T @ point, axis=1).max(initial=0.0)
            gap = value - problem.dual_bound(point, largest)
            stalled = 0 if gap < 0.99 * smallest else stalled + 1
            if gap < smallest:
                smallest, best = gap, (z, t, point)
            if gap <= tol * value:
                return *best, True
            if stalled > STALLED_PATH or (step and pace.over()):
                break
            z, t, w = self._step(z, t, w, v, CENTRING * min(smallest, value) / len(z))
        return *best, False

    def _step(
        self, z: np.ndarray, t: np.ndarray, w: np.ndarray, v: np.ndarray, mu: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        problem, (k, c), reg = self._problem, z.shape, self._problem.reg
        root = np.hypot(mu, reg * np.linalg.norm(z, axis=1, keepdims=True))  # R
        gradient = -self._columns.T @ v
        gradient[:k] += reg**2 * z / (mu + root)
        f = self._activations @ z + t
        hessian = gram_blocks(self._columns, problem.loss.curvature(f, problem.targets))
        # filled up in the intercepts that the loss does not see, along which rounding would make steps without end
        hessian[k:, :, k:, :] += np.trace(hessian[k:, :, k:, :].sum(axis=(0, 2))) / c * self._unseen[:, None]
        own, outer = np.arange(k), w[:, :, None] * z[:, None, :]
        turned = (outer + outer.swapaxes(1, 2)) / (2 * root[:, :, None])
        hessian[own, :, own, :] += (reg**2 / (mu + root))[:, :, None] * (np.eye(c) - turned)
        factor = positive_factor(hessian.reshape(gradient.size, gradient.size))
        step = -cho_solve(factor, gradient.ravel(), check_finite=False).reshape(gradient.shape)
        dz, dt = step[:k], step[k:].sum(axis=0)
        ahead = reg**2 * (z + dz - np.sum(z * dz, axis=1, keepdims=True) / root * w) / (mu + root)
        height, slope, length = self._height(z, t, mu), float(np.sum(gradient * step)), 1.0
        # next to the minimum a step falls by the square of what is left of the gradient: by less than rounding soon
        allowed = height + NOISE * abs(height)
        while (
            length > 1e-10
            and self._height(z + length * dz, t + length * dt, mu) > allowed + 1e-4 * length * slope
        ):
            length /= 2
        w = w + length * (ahead - w)
        size = np.linalg.norm(w, axis=1, keepdims=True)
        return z + length * dz, t + length * dt, w * np.minimum(1.0, reg / np.maximum(size, reg))

    def _height(self, z: np.ndarray, t: np.ndarray, mu: float) -> float:
        root = np.hypot(mu, self._problem.reg * np.linalg.norm(z, axis=1))
        loss = self._problem.loss.value(self._activations @ z + t, self._problem.targets)
        return loss + float(np.sum(root - mu * np.log(mu + root)))
