"""Sliding: all active neurons improved together on (T), wherever they want to go (p = 2).

Column generation alone comes to an optimum by ever more atoms next to each other.  So between its rounds the
neurons slide, f = Σ_j α_j (x̃·u_j)_+ + t, by L-BFGS on

    L(f(X), y) + (reg/2) Σ_j (‖w_j‖_2² + ‖α_j‖_2²),

from the balanced network of (C), whose value there is the same: it never rises.

Source: geomnn theory, section 5; Q. Denoyelle et al., Inverse Problems 36, 2020 (sliding Frank–Wolfe).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.problem import Problem

__all__ = ["slide"]


def slide(
    problem: Problem,
    units: np.ndarray,
    z: np.ndarray,
    t: np.ndarray,
    steps: int = 100,
    deadline: Deadline = NEVER,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The network after L-BFGS on (T), as units and their coefficients.

    Parameters
    ----------
    units : ndarray, shape (k, D)
        In centred coordinates, ‖w‖_2 = 1.
    z : ndarray, shape (k, c)
    t : ndarray, shape (c,)
    steps : int
        The most L-BFGS iterations.
    deadline : Deadline
        After the first, no iteration begins that would end later.

    Returns
    -------
    units, z, t
        With no higher value of (C).
    """
    samples, reg, d = problem.samples, problem.reg, problem.samples.d
    size = np.linalg.norm(z, axis=1)
    alive = size > 0
    units, z, size = units[alive], z[alive], size[alive]
    k, c = z.shape
    if not k:
        return units, z, t
    root = np.sqrt(size)[:, None]
    begin = np.concatenate([(root * units).ravel(), (z / root).ravel(), t])
    x, penalised = samples.homogeneous, np.arange(samples.D) < d

    def parts(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inner, outer = theta[: k * samples.D], theta[k * samples.D : k * (samples.D + c)]
        return inner.reshape(k, samples.D), outer.reshape(k, c), theta[k * (samples.D + c) :]

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        u, alpha, shift = parts(theta)
        hidden = np.maximum(x @ u.T, 0.0)
        f = hidden @ alpha + shift
        v = problem.residual(f)
        weights = u * penalised
        value = problem.loss.value(f, problem.targets) + reg / 2 * float(
            np.sum(weights**2) + np.sum(alpha**2)
        )
        du = reg * weights - ((hidden > 0) * (v @ alpha.T)).T @ x
        dalpha = reg * alpha - hidden.T @ v
        dt = -v.sum(axis=0) if samples.bias else np.zeros(c)
        return value, np.concatenate([du.ravel(), dalpha.ravel(), dt])

    pace = Pace(deadline)

    def stop_in_time(_: np.ndarray) -> None:
        if pace.over():
            raise StopIteration

    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-15, "gtol": 1e-12}
    found = minimize(objective, begin, jac=True, method="L-BFGS-B", callback=stop_in_time, options=options)
    u, alpha, shift = parts(found.x)
    length = np.linalg.norm(u[:, :d], axis=1)
    kept = (length > 0) & alpha.any(axis=1)
    u, alpha, length = u[kept], alpha[kept], length[kept, None]
    return u / length, alpha * length, shift
