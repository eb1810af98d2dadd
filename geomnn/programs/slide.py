"""Sliding: all active neurons improved together on (T), wherever they want to go (p = 2).

Column generation alone comes to an optimum by ever more atoms next to each other.  So between its rounds the
neurons slide, f = Σ_j α_j (x̃·u_j)_+ + t, by L-BFGS on

    L(f(X), y) + (reg/2) Σ_j (‖w_j‖_2² + ‖α_j‖_2²),

from the balanced network of (C), whose value there is the same: it never rises.  On `Flats` each neuron keeps to the
samples that its hyperplane goes through.

Source: geomnn theory, section 5; Q. Denoyelle et al., Inverse Problems 36, 2020 (sliding Frank–Wolfe).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.optimize import minimize

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.problem import Problem
from geomnn.rows import Sums

__all__ = ["SLID_AWAY", "Kept", "slide"]

# relative to the largest neuron, up to which one has slid to nothing: slides end long before rounding
SLID_AWAY = 1e-6
# steps that L-BFGS goes by, one for so many rows, between the two numbers: with ten it takes twice as many, as
# directions differ in how curved they are; but where rows are few they cost more than a step
FEWEST_STEPS, MOST_STEPS, ROWS_A_STEP = 10, 30, 20


class Kept(Protocol):
    """Where neurons are kept while they slide: u = P θ for linear P."""

    def units(self, theta: np.ndarray) -> np.ndarray:
        """P θ, shape (k, D) → (k, D)."""

    def pulled_back(self, gradient: np.ndarray) -> np.ndarray:
        """Pᵀ of a gradient in u, shape (k, D) → (k, D)."""


def slide(
    problem: Problem,
    units: np.ndarray,
    z: np.ndarray,
    t: np.ndarray,
    steps: int = 100,
    deadline: Deadline = NEVER,
    sums: Sums | None = None,
    kept: Kept | None = None,
    memory: int | None = 10,
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
    sums : Sums, optional
        Over these samples, in the precision of the work; in float64 if not given.
    kept : Kept, optional
        Where the neurons stay, no z being zero; those that come to nothing are then kept, too, with z = 0.
    memory : int, optional
        How many of the last steps L-BFGS goes by; None for as many as suit the number of rows.

    Returns
    -------
    units, z, t
        With no higher value of (C), up to the rounding of the sums.
    """
    samples, reg, d = problem.samples, problem.reg, problem.samples.d
    sums = Sums(samples, "float64") if sums is None else sums
    size = np.linalg.norm(z, axis=1)
    alive = size > 0
    units, z, size = units[alive], z[alive], size[alive]
    k, c = z.shape
    if not k:
        return units, z, t
    root = np.sqrt(size)[:, None]
    begin = np.concatenate([(root * units).ravel(), (z / root).ravel(), t])
    penalised = np.arange(samples.D) < d

    def parts(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inner = theta[: k * samples.D].reshape(k, samples.D)
        outer = theta[k * samples.D : k * (samples.D + c)].reshape(k, c)
        return inner if kept is None else kept.units(inner), outer, theta[k * (samples.D + c) :]

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        u, alpha, shift = parts(theta)
        value, du, dalpha, dt = sums.value_gradient(problem.loss, problem.targets, u, alpha, shift)
        weights = u * penalised
        value += reg / 2 * float(np.sum(weights**2) + np.sum(alpha**2))
        du += reg * weights
        du = du if kept is None else kept.pulled_back(du)
        dt = dt if samples.bias else np.zeros(c)
        return value, np.concatenate([du.ravel(), (dalpha + reg * alpha).ravel(), dt])

    pace = Pace(deadline)

    def stop_in_time(_: np.ndarray) -> None:
        if pace.over():
            raise StopIteration

    options = {
        "maxiter": steps,
        "maxfun": 2 * steps,
        "ftol": 1e-15 if kept is None else 0.0,
        "gtol": 1e-12,
        "maxcor": memory or int(np.clip(sums.n // ROWS_A_STEP, FEWEST_STEPS, MOST_STEPS)),
    }
    found = minimize(objective, begin, jac=True, method="L-BFGS-B", callback=stop_in_time, options=options)
    u, alpha, shift = parts(found.x)
    length = np.linalg.norm(u[:, :d], axis=1)
    left = (length > 0) & alpha.any(axis=1) if kept is None else np.ones(k, dtype=bool)
    u, alpha, length = u[left], alpha[left], length[left, None]
    return u / np.where(length > 0, length, 1.0), alpha * length, shift
