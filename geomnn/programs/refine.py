"""Newton's method on (T) with every neuron on its face: the last digits for p = 2.

For p = 2 the atoms move with the residual.  While each neuron stays on its face (the samples on its
hyperplane, the samples it is active on) the network is bilinear, u_j = B_j β_j with ‖w(B_j β)‖_2 = ‖β‖_2,

    f = Σ_j M_j β_j α_jᵀ + t,   M_j = D_j X̃ B_j,   cost (reg/2) Σ_j (‖β_j‖² + ‖α_j‖²),

and its exact Hessian is small.  At a stationary point w_j ∝ reject(g, ∧_J): the atoms (2) and (2b).

Steps are taken in the products β_j α_jᵀ, in which the network is linear: for one output (T) is convex there, the
program of a second-order cone for each face, and so is the Hessian.  A step ends where a neuron is the first to meet
a sample, which it then keeps, or where it has shrunk to nothing.

For one output and more unknowns than samples, the same step is found in v: where p_j = β_j α_j moves along itself by
δ_j and across itself by q_j,

    q_j = (‖p_j‖/reg) (I − u uᵀ) M_jᵀ v⁺,   u_jᵀ M_jᵀ v⁺ = ± reg,   v⁺ = v − L″(f) (Σ_j M_j (± δ_j u_j + q_j) + dt),

which is a system of n equations, one for each neuron, and one for t.

Source: geomnn theory, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.programs.linear import positive_factor
from geomnn.programs.problem import Problem
from geomnn.samples import Samples

__all__ = ["products", "refine"]

MEETINGS = 100  # more Newton steps, as many as end where a neuron meets a sample or nothing
# relative to the value, the fall that a Newton step promises from which on one more would end at rounding
LAST_FALL = 1e-15
SECONDS_PER_PRODUCT = 1.5e-10  # of two numbers, in the first step
# relative to the size of a neuron, what may be left of it where a step makes it vanish: the difference of two
# numbers of its size, in which rounding is the more the longer the step is
DEAD = 1e-9
# relative to the sum of all neurons, what may be left of one that Newton's method takes to nothing: it ends where the
# value has settled, long before such a neuron has, whose name would then be that of no direction in particular
NOTHING = 1e-10


@dataclass(frozen=True)
class _Face:
    """Where one neuron may move, and the signs of x̃_i·u that it must keep."""

    lift: np.ndarray  # B, (D, r)
    sign: np.ndarray  # (n,)
    linear: np.ndarray  # M, (n, r)

    @classmethod
    def of(cls, samples: Samples, sign: np.ndarray) -> _Face:
        lift = _span(samples, sign)
        return cls(lift, sign, (sign > 0)[:, None] * (samples.homogeneous @ lift))


def refine(
    problem: Problem,
    units: np.ndarray,
    z: np.ndarray,
    t: np.ndarray,
    tolerance: float = 1e-10,
    allowed: float | None = None,
    steps: int = 30,
    deadline: Deadline = NEVER,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One neuron for each face (p = 2), moved along it to a stationary point of (T).

    Parameters
    ----------
    units : ndarray, shape (k, D)
    z : ndarray, shape (k, c)
    t : ndarray, shape (c,)
    tolerance : float
        Samples that a unit passes this close, relative to its terms, are taken to lie on its hyperplane.
    allowed : float, optional
        A value of (C) that the result may have; the value that it has already if not given.
    steps : int
        The most Newton steps taken, but for those that end where a neuron meets a sample, which it then keeps.
    deadline : Deadline
        No step begins that would end later.

    Returns
    -------
    units, z, t
        With a value of (C) that is allowed: the arguments if no such value was reached.
    """
    if deadline.over(SECONDS_PER_PRODUCT * products(problem, units, z)):
        return units, z, t
    if allowed is None:
        allowed = problem.convex_objective(problem.samples.activations(units), z, t) * (1 + 1e-14)
    faces, theta = _merge(problem.samples, *_anchored(problem.samples, units, z, t, tolerance), tolerance)
    model = _Model(problem, faces)
    value, left, pace = model.value(theta), steps, Pace(deadline)
    for _ in range(steps + MEETINGS):
        if pace.over():
            break
        gradient, step = model.gradient(theta), model.step(theta)
        reach, met = model.first_met(theta, step)
        noise, height, last = (
            1e-13 * abs(value),
            np.linalg.norm(gradient),
            -gradient @ step < LAST_FALL * abs(value),
        )
        for halving in range(20):
            there, ahead = model.stepped(theta, reach * step / 2**halving, None if halving else met)
            value_ahead = there.value(ahead)
            # a sample met at once, or a neuron of nearly nothing left out, lowers the value by no more than rounding
            if value_ahead < value - noise or (there is not model and value_ahead <= value + noise):
                break
            if value_ahead <= value + noise and np.linalg.norm(there.gradient(ahead)) < 0.9 * height:
                break
        else:
            break
        left -= there is model
        model, theta, value = there, ahead, value_ahead
        if last or not left:
            break
    refined = model.neurons(theta)
    after = problem.convex_objective(problem.samples.activations(refined[0]), refined[1], refined[2])
    return refined if after <= allowed else (units, z, t)


def products(problem: Problem, units: np.ndarray, z: np.ndarray) -> float:
    """Of two numbers, at most, in a Newton step of a network: in its system, and in bases of the faces, D³ each."""
    rows, unknowns = problem.targets.size, units.size + z.size
    system = float(rows) * unknowns * (min(rows, unknowns) if problem.outputs == 1 else unknowns)
    return system + units.size * float(problem.samples.D) ** 2


def _anchored(
    samples: Samples, units: np.ndarray, z: np.ndarray, t: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same network on the samples, at the same cost, with neurons that pass through samples.

    Where no sample lies on its hyperplane, b can move until one does, down to −w·x_i or up to −w·x_k: between the two
    (w·x + b)_+ is affine in b, so a mean of both ends stands for it.  One that is active on all samples is its lower
    end and a constant, one that is active on none is nothing.
    """
    if not samples.bias or not len(units):
        return units, z, t
    incidence = np.array([samples.incidences(u, tolerance) for u in units])
    free, t = np.flatnonzero(incidence.all(axis=1)), t.copy()
    moved, sizes = [np.delete(units, free, axis=0)], [np.delete(z, free, axis=0)]
    for k in free:
        inside, outside = incidence[k][incidence[k] > 0], -incidence[k][incidence[k] < 0]
        if not len(inside):
            continue
        ends = [-inside.min()]
        if len(outside):
            ends.append(outside.min())
            shares = np.array([ends[1], inside.min()]) / (ends[1] + inside.min())
        else:
            shares, t = np.ones(1), t + inside.min() * z[k]
        moved.append(units[k] + np.outer(ends, np.eye(samples.D)[-1]))
        sizes.append(np.outer(shares, z[k]))
    return np.concatenate(moved), np.concatenate(sizes), t


def _merge(
    samples: Samples, units: np.ndarray, z: np.ndarray, t: np.ndarray, tolerance: float
) -> tuple[list[_Face], np.ndarray]:
    """The faces in use: on each, Σ u z is one matrix, and its top singular pair stands for it.

    For a scalar output the pair is the whole of it, so merging changes no output and raises no cost.
    """
    incidence = np.array([samples.incidences(u, tolerance) for u in units]).reshape(len(units), samples.n)
    signs, face_of = np.unique(np.sign(incidence), axis=0, return_inverse=True)
    faces, betas, alphas = [], [], []
    for index, sign in enumerate(signs):
        same = np.flatnonzero(face_of.ravel() == index)
        face = _Face.of(samples, sign)
        inner = units[same, : samples.d] @ face.lift[: samples.d]
        left, size, right = np.linalg.svd(inner.T @ z[same])
        if not len(size) or size[0] == 0.0:
            continue
        orientation = 1.0 if left[:, 0] @ inner.T @ np.linalg.norm(z[same], axis=1) >= 0 else -1.0
        faces.append(face)
        betas.append(orientation * np.sqrt(size[0]) * left[:, 0])
        alphas.append(orientation * np.sqrt(size[0]) * right[0])
    return faces, np.concatenate([*betas, *alphas, t])


def _span(samples: Samples, sign: np.ndarray) -> np.ndarray:
    """Orthonormal weights orthogonal to what lies on the face, lifted to pass through its anchor, (D, r)."""
    on = np.flatnonzero(sign == 0)
    touching = samples.X[on] - samples.X[on[:1]] if samples.bias else samples.X[on]
    touching = touching[touching.any(axis=1)]
    touching = touching / np.linalg.norm(touching, axis=1, keepdims=True)
    _, singular, right = np.linalg.svd(touching, full_matrices=True)
    basis = right[np.count_nonzero(singular > 1e-10) :].T
    if not samples.bias:
        return basis
    return np.vstack([basis, -samples.homogeneous[on[0], :-1] @ basis])


class _Model:
    """The bilinear network over fixed faces: value, gradient and Hessian of (T) in θ = (β, α, t)."""

    def __init__(self, problem: Problem, faces: list[_Face]):
        self.problem, self.faces = problem, faces
        self.maps = [face.linear for face in faces]
        self.ends = np.cumsum([0] + [f.lift.shape[1] for f in faces])

    def split(self, theta: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        c, k = self.problem.outputs, len(self.faces)
        inner = [theta[a:b] for a, b in zip(self.ends[:-1], self.ends[1:], strict=True)]
        rest = theta[self.ends[-1] :]
        return inner, rest[: k * c].reshape(k, c), rest[k * c :]

    def first_met(self, theta: np.ndarray, step: np.ndarray) -> tuple[float, tuple[int, int] | None]:
        """The part of a step, at most 1, after which a neuron is the first to meet a sample, and these two, or to
        shrink to nothing."""
        x, reach, met = self.problem.samples.homogeneous, 1.0, None
        size = np.abs(x)
        for j, (face, (u, a, root), turn, change) in enumerate(
            zip(self.faces, self._polar(theta), *self.split(step)[:2], strict=True)
        ):
            grows = (u @ turn + a @ change) / root
            unit = face.lift @ u
            above, falls = (
                face.sign * (x @ unit),
                -face.sign * (x @ (face.lift @ (turn + u * (a @ change)))) / root,
            )
            rounding = 1e-12 * (size @ np.abs(unit))
            part = np.divide(
                np.maximum(above, 0.0), falls, out=np.full(len(x), np.inf), where=falls > rounding
            )
            i = int(np.argmin(part))
            if part[i] < reach:
                reach, met = float(part[i]), (j, i)
            if -grows * reach >= 1.0 - DEAD:
                reach, met = -1.0 / grows, None
        return reach, met

    def stepped(
        self, theta: np.ndarray, step: np.ndarray, met: tuple[int, int] | None
    ) -> tuple[_Model, np.ndarray]:
        """Where a step in the products leads, β αᵀ + dβ αᵀ + β dαᵀ as far as it is of rank one, balanced: the model
        with the sample that is met on the hyperplane of its neuron, and without neurons of size 0."""
        faces, t, (turns, changes, shift) = [*self.faces], self.split(theta)[2], self.split(step)
        inner, outer = [], []
        for (u, a, root), turn, change in zip(self._polar(theta), turns, changes, strict=True):
            grown = root + u @ turn + a @ change
            left, right = grown * u + turn - u * (u @ turn), grown * a + change - a * (a @ change)
            sizes = np.linalg.norm(left), np.linalg.norm(right)
            root = np.sqrt(root * sizes[0] * sizes[1] / grown) if grown > DEAD * root else 0.0
            inner.append(left * (root / sizes[0]) if root else 0.0 * left)
            outer.append(right * (root / sizes[1]) if root else 0.0 * right)
        if met is not None:
            j, i = met
            sign, d = faces[j].sign.copy(), self.problem.samples.d
            sign[i] = 0.0
            before, faces[j] = faces[j], _Face.of(self.problem.samples, sign)
            inner[j] = faces[j].lift[:d].T @ (before.lift[:d] @ inner[j])
        alive = [
            j for j, (beta, alpha) in enumerate(zip(inner, outer, strict=True)) if beta.any() and alpha.any()
        ]
        ahead = np.concatenate([*(inner[j] for j in alive), *(outer[j] for j in alive), t + shift])
        same = met is None and len(alive) == len(faces)
        return self if same else _Model(self.problem, [faces[j] for j in alive]), ahead

    def _polar(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Of each neuron the directions of β and α, and the root of its size ‖β‖ ‖α‖."""
        parts = []
        for beta, alpha in zip(*self.split(theta)[:2], strict=True):
            sizes = np.linalg.norm(beta), np.linalg.norm(alpha)
            parts.append((beta / sizes[0], alpha / sizes[1], float(np.sqrt(sizes[0] * sizes[1]))))
        return parts

    def _hidden(self, inner: list[np.ndarray]) -> np.ndarray:
        n = len(self.problem.targets)
        return np.column_stack([np.zeros((n, 0))] + [m @ b for m, b in zip(self.maps, inner, strict=True)])

    def value(self, theta: np.ndarray) -> float:
        problem, (inner, outer, t) = self.problem, self.split(theta)
        penalised = theta[: len(theta) - len(t)]
        loss = problem.loss.value(self._hidden(inner) @ outer + t, problem.targets)
        return loss + problem.reg / 2 * float(penalised @ penalised)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Of (T), shape of θ."""
        problem, (inner, outer, t) = self.problem, self.split(theta)
        hidden = self._hidden(inner)
        v = problem.residual(hidden @ outer + t)
        pulls = [m.T @ (v @ a) for m, a in zip(self.maps, outer, strict=True)]
        ends = v.sum(axis=0) if problem.samples.bias else 0.0 * t
        gradient = -np.concatenate([*pulls, (hidden.T @ v).ravel(), ends])
        penalised = len(theta) - len(t)
        gradient[:penalised] += problem.reg * theta[:penalised]
        return gradient

    def step(self, theta: np.ndarray) -> np.ndarray:
        """Newton's, in the products: by the smaller of its two systems."""
        n, c = self.problem.targets.shape
        if c == 1 and n + len(self.faces) < self.ends[-1]:
            return self._step_in_residual(theta)
        return -cho_solve(positive_factor(self.hessian(theta)), self.gradient(theta), check_finite=False)

    def _step_in_residual(self, theta: np.ndarray) -> np.ndarray:
        """The step for one output, in y with v⁺ = v − √L″ y, the sizes, and t."""
        problem, (inner, outer, t) = self.problem, self.split(theta)
        hidden, reg, polar = self._hidden(inner), problem.reg, self._polar(theta)
        f = hidden @ outer + t
        v, root = problem.residual(f)[:, 0], np.sqrt(problem.loss.curvature(f, problem.targets)[:, 0, 0])
        along = hidden * np.array([a[0] / s for _, a, s in polar])
        across = np.column_stack([np.zeros((len(v), 0))] + [
            s / np.sqrt(reg) * (m - np.outer(m @ u, u)) for m, (u, _, s) in zip(self.maps, polar, strict=True)
        ])  # fmt: skip
        bias = problem.samples.bias
        ends = np.column_stack([along, *[np.ones(len(v))] * bias])
        right = root * (across @ (across.T @ v))
        scaled = root[:, None] * across
        factor = positive_factor(np.eye(len(v)) + scaled @ scaled.T)
        solved = cho_solve(factor, np.column_stack([right, root[:, None] * ends]), check_finite=False)
        left = (root[:, None] * ends).T @ solved
        wanted = ends.T @ v - np.append(np.full(len(polar), reg), [0.0] * bias)
        x = cho_solve(positive_factor(left[:, 1:]), wanted - left[:, 0], check_finite=False)
        ahead = across.T @ (v - root * (solved @ np.append(1.0, x)))
        turns = np.split(ahead, self.ends[1:-1])
        sizes = x[: len(polar)] / 2.0
        return np.concatenate([
            *(d / s * u + q / np.sqrt(reg) * a[0] for d, q, (u, a, s) in zip(sizes, turns, polar, strict=True)),
            *(d / s * a for d, (_, a, s) in zip(sizes, polar, strict=True)), x[len(polar) :] if bias else 0.0 * t,
        ])  # fmt: skip

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """Of (T) after `stepped`."""
        problem, (inner, outer, t) = self.problem, self.split(theta)
        n, c = problem.targets.shape
        hidden = self._hidden(inner)
        predictions = hidden @ outer + t
        v = problem.residual(predictions)
        penalised = self.ends[-1] + outer.size
        # columns of the Jacobian of f: M_j ⊗ α_j for β_j, hidden ⊗ e for α, 1 ⊗ e for t
        columns = [m[:, None, :] * a[None, :, None] for m, a in zip(self.maps, outer, strict=True)]
        columns += [np.einsum("nk,oc->nokc", hidden, np.eye(c)).reshape(n, c, -1)]
        columns += [np.broadcast_to(np.eye(c), (n, c, c))]
        jacobian = np.concatenate(columns, axis=2)
        curved = problem.loss.curvature(predictions, problem.targets) @ jacobian
        hessian = jacobian.reshape(n * c, -1).T @ curved.reshape(n * c, -1)
        hessian[np.arange(penalised), np.arange(penalised)] += problem.reg
        for j, (linear, (u, a, _)) in enumerate(zip(self.maps, self._polar(theta), strict=True)):
            rows = slice(self.ends[j], self.ends[j + 1])
            cols = slice(self.ends[-1] + j * c, self.ends[-1] + (j + 1) * c)
            # of M_jᵀ v the part across both β and α, and reg along both
            across = linear.T @ v
            across -= np.outer(u, u @ across)
            across += np.outer(problem.reg * u - across @ a, a)
            hessian[rows, cols] -= across
            hessian[cols, rows] -= across.T
        if not problem.samples.bias:
            hessian[penalised:] = hessian[:, penalised:] = 0.0
            hessian[np.arange(penalised, len(theta)), np.arange(penalised, len(theta))] = 1.0
        return np.asarray(hessian)

    def neurons(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Units, z and t; without neurons that have come to nothing."""
        samples = self.problem.samples
        inner, outer, t = self.split(theta)
        size = np.array([np.linalg.norm(beta) for beta in inner])
        sizes = size * np.linalg.norm(outer, axis=1)
        used = np.flatnonzero(sizes > NOTHING * sizes.sum())
        units = [self.faces[j].lift @ inner[j] / size[j] for j in used]
        return np.array(units).reshape(-1, samples.D), outer[used] * size[used, None], t
