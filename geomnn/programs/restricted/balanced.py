"""Newton's method on the balanced network, for smooth losses and vector outputs over a few atoms.

With z_u = s_u a_u the group program over atoms with activations φ_u is smooth, also where a neuron dies:

    minimise G(s, a, t) = L(Σ_u φ_u s_u a_uᵀ + t, y) + (reg/2) Σ_u (s_u² + ‖a_u‖²),

G ≥ the value of (C), with equality where the network is balanced, s_u = ‖a_u‖.  With v the residual, g_u = φ_uᵀv and
J = ∂f/∂(s, a, t), its Hessian is Jᵀ L″ J plus, for each neuron,

    [ reg   −g_uᵀ ]
    [ −g_u  reg I ],   positive semidefinite where ‖g_u‖ ≤ reg, as at the optimum, where g_u = reg a_u/‖a_u‖.

Elsewhere the mean of the two stands for g_u, the former shortened to reg.  It ends quadratically, but is slow where
activations are all but dependent.

Source: geomnn theory, sections 0 and 4.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.linear import gram_blocks, positive_factor
from geomnn.programs.problem import Problem

__all__ = ["BalancedNewton"]

NEWTON_STEPS = 60
VIOLATED_PART = 0.1  # of the largest violation, from which on atoms come in
ATOMS_AT_A_TIME = 50  # atoms that come in at a time, at most
# relative to the sum of all sizes, up to which a neuron is dead: leaving it out changes the value by rounding
NEGLIGIBLE = 1e-13
DAMPING = 1e-3  # of the Hessian, as a part of reg, where neurons are as far from stationary as reg


class BalancedNewton:
    """The group program over fixed activations, solved over those in use and the ones that violate the dual.

    Parameters
    ----------
    problem : Problem
        With a smooth loss.
    activations : ndarray, shape (n, k)

    Source: geomnn theory, section 0.
    """

    def __init__(self, problem: Problem, activations: np.ndarray):
        self._problem, self._activations = problem, activations

    def solve(
        self, z: np.ndarray, t: np.ndarray, tol: float, deadline: Deadline = NEVER
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
        """From a network to a relative duality gap of ``tol``, if that takes few steps.

        Parameters
        ----------
        z : ndarray, shape (k, c)
        t : ndarray, shape (c,)
        tol : float
        deadline : Deadline
            After the first, no step begins that would end later.

        Returns
        -------
        coefficients (k, c), intercept (c,), dual (n, c), and whether the gap was reached.
        """
        problem, phi, reg = self._problem, self._activations, self._problem.reg
        damping, pace = 1.0, Pace(deadline)
        for step in range(NEWTON_STEPS):
            z = self._without_dying(z, t)
            size = np.linalg.norm(z, axis=1, keepdims=True)
            v, value = problem.residual(phi @ z + t), problem.convex_objective(phi, z, t)
            point = problem.dual_point(v)
            pull = phi.T @ v
            force = np.linalg.norm(pull, axis=1)
            if value - problem.dual_bound(point, force.max(initial=0.0)) <= tol * value:
                return z, t, point, True
            if step and pace.over():
                break
            used = z.any(axis=1)
            apart = pull - reg * z / np.where(size > 0, size, 1.0)  # zero where a neuron is stationary
            unrest = np.linalg.norm(apart[used], axis=1).max(initial=0.0)
            entering = np.flatnonzero(
                ~used & (force - reg > max(unrest, VIOLATED_PART * (force - reg).max()))
            )
            entering = entering[np.argsort(-force[entering])[:ATOMS_AT_A_TIME]]
            if len(entering):
                z = self._enter(z, t, entering, pull[entering], value)
                used = z.any(axis=1)
            ahead = self._newton(z[used], t, phi[:, used], damping * DAMPING * min(unrest, reg))
            if ahead is None and not len(entering):
                break
            if ahead is not None:
                z[used], t, length = ahead
                damping *= 0.25 if length == 1 else 4.0 if length < 0.6 else 1.0
        return z, t, point, False

    def _without_dying(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """z without the neurons that are better left out one by one, if it is better without all of them, too."""
        problem, phi = self._problem, self._activations
        size, used = np.linalg.norm(z, axis=1), np.flatnonzero(z.any(axis=1))
        f = phi @ z + t
        pull = phi[:, used].T @ problem.residual(f)
        loss = np.sum(pull * z[used], axis=1) + self._bend(used, z[used], f) / 2
        ahead = z.copy()
        ahead[used[loss < problem.reg * size[used]]] = 0.0
        if problem.convex_objective(phi, ahead, t) <= problem.convex_objective(phi, z, t):
            z = ahead
        return np.where(size[:, None] > NEGLIGIBLE * size.sum(), z, 0.0)

    def _bend(self, atoms: np.ndarray, ways: np.ndarray, f: np.ndarray) -> np.ndarray:
        """Second derivatives of the loss as the coefficients of some atoms move, each on its own."""
        curvature = self._problem.loss.curvature(f, self._problem.targets)
        between = np.tensordot(self._activations[:, atoms].T ** 2, curvature, 1)
        return np.einsum("kab,ka,kb->k", between, ways, ways)

    def _enter(
        self, z: np.ndarray, t: np.ndarray, entering: np.ndarray, pull: np.ndarray, value: float
    ) -> np.ndarray:
        """z with these neurons, each a part of what is best for it alone, so that the value falls."""
        problem, phi = self._problem, self._activations
        force = np.linalg.norm(pull, axis=1, keepdims=True)
        direction = pull / force
        bend = self._bend(entering, direction, phi @ z + t)
        step = (
            (force - problem.reg)
            / np.maximum(bend, np.finfo(float).tiny)[:, None]
            * direction
            / len(entering)
        )
        while True:
            ahead = z.copy()
            ahead[entering] = step
            if problem.convex_objective(phi, ahead, t) < value or not step.any():
                return ahead
            step = step / 4

    def _newton(
        self, z: np.ndarray, t: np.ndarray, phi: np.ndarray, damping: float
    ) -> tuple[np.ndarray, np.ndarray, float] | None:
        """A damped Newton step and its length; nothing if no step lowers the value above rounding."""
        problem, (k, c) = self._problem, z.shape
        f = phi @ z + t
        v, value = problem.residual(f), problem.convex_objective(phi, z, t)
        s = np.sqrt(np.linalg.norm(z, axis=1))[:, None]
        a = z / s
        pull = phi.T @ v
        gradient = np.concatenate(
            [problem.reg * s - np.sum(pull * a, axis=1, keepdims=True), problem.reg * a - s * pull], axis=1
        )
        free = c * problem.samples.bias
        gradient = np.append(gradient, -v.sum(axis=0)[:free])
        hessian = self._hessian(phi, s, a, pull, problem.loss.curvature(f, problem.targets))
        m = len(gradient)
        hessian = hessian[:m, :m]
        hessian[np.diag_indices(m)] += damping
        step = -cho_solve(positive_factor(hessian), gradient, check_finite=False)
        change = step[: k * (c + 1)].reshape(k, c + 1)
        ds, da, dt = change[:, :1], change[:, 1:], np.append(step[k * (c + 1) :], np.zeros(c - free))
        straight = ds * a + s * da
        grows = np.sum(straight * z, axis=1, keepdims=True) > 0
        slope, length = float(gradient @ step), 1.0
        while length > 1e-8:
            # what grows goes straight, what shrinks along the product, at most to zero
            less, turned = np.maximum(s + length * ds, 0.0), a + length * da
            less[np.sum(turned * a, axis=1) < 0] = 0.0
            ahead = np.where(grows, z + length * straight, less * turned), t + length * dt
            if problem.convex_objective(phi, *ahead) <= value + 1e-4 * length * slope:
                return *ahead, length
            length /= 2
        return None

    def _hessian(
        self, phi: np.ndarray, s: np.ndarray, a: np.ndarray, pull: np.ndarray, curvature: np.ndarray
    ) -> np.ndarray:
        """The positive semidefinite Hessian in (s_1, a_1, s_2, a_2, …, t)."""
        (k, c), reg = a.shape, self._problem.reg
        blocks = gram_blocks(np.column_stack([phi, np.ones(len(phi))]), curvature)  # in (z, t)
        # ∂(z_u, t)/∂(s_u, a_u, t), a row (a_u, s_u I) for each neuron
        turn = np.concatenate([a[:, None, :], s[:, :, None] * np.eye(c)], axis=1)  # (k, c + 1, c)
        inner = blocks[:k, :, :k].transpose(0, 2, 1, 3)
        hidden = turn[:, None] @ inner @ turn[None].swapaxes(2, 3)  # (k, k, c + 1, c + 1)
        shortened = pull * np.minimum(1.0, reg / np.linalg.norm(pull, axis=1, keepdims=True)) / 2
        shortened += reg / 2 * a / np.linalg.norm(a, axis=1, keepdims=True)
        own = np.arange(k)
        hidden[own, own] += reg * np.eye(c + 1)
        hidden[own, own, 0, 1:] -= shortened
        hidden[own, own, 1:, 0] -= shortened
        m = k * (c + 1)
        inside, beside = hidden.transpose(0, 2, 1, 3).reshape(m, m), (turn @ blocks[:k, :, k]).reshape(m, c)
        return np.block([[inside, beside], [beside.T, blocks[k, :, k]]])
