"""Where to begin sliding from: a network of gates, whose program is convex and quickly solved.

With gates g fixed, hyperplanes through random samples, the model that is linear on one side of each,

    f(x) = Σ_g [x̃·g > 0] x̃·V_g + t,   L(f(X), y) + reg Σ_g ‖V_g‖   (the norm without biases),

is a group Lasso.  Its value is no bound of (T), neither from above nor from below; but ReLU networks with the neurons
±V_g slide to better values, and sooner, than those that begin at random.

Source: A. Mishkin, A. Sahiner, M. Pilanci, arXiv 2202.01331; geomnn theory, section 5.
"""

from __future__ import annotations

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.programs.losses import find_loss
from geomnn.programs.problem import Problem
from geomnn.rows import Sums
from geomnn.samples import Samples

__all__ = ["gated_network", "merged", "random_units"]

STEPS = 20  # of the proximal gradient: what comes after them slides from wherever they have come to
POWERS = 8  # products from which the largest eigenvalue is taken
SAFE = 1.1  # times that, as the power iteration is below it
# relative to the largest group or singular value, up to which one is none: far above rounding in float32
NONE = 1e-4
ALIKE = (
    1 - 1e-3
)  # cosine of the angle from which on two neurons are nearly the same: some hundredths of a radian


def random_units(samples: Samples, count: int, rng: np.random.Generator) -> np.ndarray:
    """Hyperplanes of random directions, each through a random sample, shape (count, D), ‖w‖_2 = 1."""
    spread = np.where(samples.spread > 0, samples.spread, np.inf)
    weights = rng.standard_normal((count, samples.d)) / spread
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-300)
    return samples.through(weights, rng.integers(samples.n, size=(count, 1)))


def gated_network(
    problem: Problem, sums: Sums, gates: np.ndarray, t: np.ndarray, deadline: Deadline
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ReLU network to slide from: the group Lasso over gates, of each group its neurons in both orientations.

    As [x̃·g > 0] x̃·V is V on one side of a hyperplane and 0 on the other, and (x̃·V)_+ − (−x̃·V)_+ is V on both, each
    neuron has half the size.

    Parameters
    ----------
    problem : Problem
    sums : Sums
    gates : ndarray, shape (P, D)
    t : ndarray, shape (c,)
        An intercept to begin with.
    deadline : Deadline

    Returns
    -------
    units, z, t
        ‖w‖_2 = 1, shapes (k, D), (k, c) and (c,).
    """
    d, c = problem.samples.d, problem.outputs
    groups, t = _group_lasso(problem, sums, gates, t, deadline)
    units, z = [np.zeros((0, problem.samples.D))], [np.zeros((0, c))]
    sizes = np.linalg.norm(groups[:, :, :d], axis=(1, 2))
    for group in groups[sizes > NONE * sizes.max(initial=0.0)]:
        left, singular, right = np.linalg.svd(group[:, :d], full_matrices=False)  # V = Σ σ out ⊗ w
        for out, size, weight in zip(left.T, singular, right, strict=True):
            if size <= NONE * singular[0]:
                break
            offsets = (out @ group[:, d:]) / size
            unit = np.concatenate([weight, offsets])
            units.append(np.stack([unit, -unit]))
            z.append(np.outer([size / 2, -size / 2], out))
    return np.concatenate(units), np.concatenate(z), t


def merged(samples: Samples, units: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neurons that are nearly the same as one, Σ_j ‖z_j‖ u_j in the direction of Σ_j z_j: the largest first.

    Where they are active on the same samples, and one output has them, that is the same network at no higher cost.

    Parameters
    ----------
    units : ndarray, shape (k, D)
        ‖w‖_2 = 1.
    z : ndarray, shape (k, c)
    """
    d, size = samples.d, np.linalg.norm(z, axis=1)
    lifted = units[:, :d] * np.maximum(samples.spread, 1e-300)  # a weight of a feature counts as it varies
    lifted = np.column_stack([lifted, units[:, d:]])
    lifted /= np.maximum(np.linalg.norm(lifted, axis=1, keepdims=True), 1e-300)
    outs, left, found = z / size[:, None], np.argsort(-size), []
    while len(left):
        first = left[0]
        alike = (lifted[left] @ lifted[first] > ALIKE) & (outs[left] @ outs[first] > ALIKE)
        alike[0] = True
        same, left = left[alike], left[~alike]
        unit, out = size[same] @ units[same], z[same].sum(axis=0)
        length = np.linalg.norm(unit[:d])
        found.append((unit / length, out * length / size[same].sum()))
    return np.array([unit for unit, _ in found]), np.array([out for _, out in found])


def _group_lasso(
    problem: Problem, sums: Sums, gates: np.ndarray, start: np.ndarray, deadline: Deadline
) -> tuple[np.ndarray, np.ndarray]:
    """V, shape (P, c, D), and t, shape (c,), after accelerated proximal steps, begun anew where they overshoot."""
    samples, c = problem.samples, problem.outputs
    shape, d = (len(gates), c, samples.D), samples.d
    sides, outer = sums.sides(gates), np.tile(np.eye(c), (len(gates), 1))
    pace = Pace(deadline)

    def slope(
        loss: object, y: np.ndarray, V: np.ndarray, t: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        value, inner, _, shift = sums.value_gradient(loss, y, V.reshape(-1, samples.D), outer, t, sides)
        return value, inner.reshape(shape), shift if samples.bias else 0.0 * shift

    # the largest eigenvalue of the squared loss, which other losses are not steeper than where they are of use
    V, t = np.random.default_rng(0).standard_normal(shape), np.zeros(c)
    for _ in range(POWERS):
        largest = np.sqrt(np.sum(V * V) + t @ t) or 1.0
        _, V, t = slope(find_loss("squared"), np.zeros_like(problem.targets), V / largest, t / largest)
    steep = SAFE * np.sqrt(np.sum(V * V) + t @ t) * float(np.max(problem.loss.s)) or 1.0
    V, t, momentum, last = np.zeros(shape), start, 1.0, np.inf
    ahead, shift = V, t
    for _ in range(STEPS):
        if pace.over():
            break
        value, inner, dt = slope(problem.loss, problem.targets, ahead, shift)
        if value > 2 * last:  # steeper than the squared loss
            steep, ahead, shift, momentum = 2 * steep, V, t, 1.0
            continue
        last = min(last, value)
        to, to_shift = ahead - inner / steep, shift - dt / steep
        size = np.linalg.norm(to[:, :, :d], axis=(1, 2), keepdims=True)
        to[:, :, :d] *= np.maximum(1 - problem.reg / steep / np.maximum(size, 1e-200), 0.0)
        overshot = np.sum((ahead - to) * (to - V)) + (shift - to_shift) @ (to_shift - t) > 0
        following = 1.0 if overshot else (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        weight = 0.0 if overshot else (momentum - 1) / following
        ahead, shift = to + weight * (to - V), to_shift + weight * (to_shift - t)
        V, t, momentum = to, to_shift, following
    return V, t
