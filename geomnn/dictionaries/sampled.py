"""The sampled dictionary: wedges of random samples, with or without a sparse sketch.

    w = ± Sᵀ ⋆(S x_J)/‖·‖_p,   b = −w·x_a with a bias,   J drawn at random.

Without a sketch S = I.  A sketch of m rows adds each feature, with a random sign, to one row at random, so that the
wedge is one of m dimensions.  Nothing of w is left open by that: two features l, k of a row have w_l = ± w_k, so w is
orthogonal to e_l ∓ e_k, and S makes the wedge of few samples and d − m such directions, a name like any other.
Rows of S that the others determine on all samples (constant features, few samples) are left out, as the samples fix
no weight for them: there w is zero, and orthogonal to e_l.

Source: geomnn theory, section 5; M. Pilanci, arXiv 2309.16512.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from scipy.sparse import csc_array

from geomnn.atoms import Atom
from geomnn.dictionaries.base import Dictionary, Pricing
from geomnn.dictionaries.canonical import name_atom
from geomnn.norms import Direction, ball
from geomnn.samples import SPANNED, Samples
from geomnn.validation import check_integer

__all__ = ["SampledDictionary", "sketch_directions"]

SKETCHES = 64  # independent ones, for equal shares of the wedges
EQUAL_DIGITS = 8  # digits to which two units are compared
BLOCK_FLOATS = 2**23  # floats in a block, 64 MiB


class SampledDictionary(Dictionary):
    """Wedges of random subsets of samples, both orientations; nothing is known about all others.

    Parameters
    ----------
    samples : Samples
    norm : float
        1, 2 or inf.
    size : int
        Wedges that are drawn; those that come up again count once.
    sketch : int, optional
        m, the rows of the sketch, from 1 to d; without it wedges are of D − 1 samples.
    seed : int
        Of all that is drawn.

    Raises
    ------
    OptionError
        If one of these is not such a number.

    Source: geomnn theory, section 5; M. Pilanci, arXiv 2309.16512; Y. Wang et al., arXiv 2406.02806.
    """

    scope = "dictionary"
    program = "sampled"

    def __init__(
        self, samples: Samples, norm: float, size: int = 1000, sketch: int | None = None, seed: int = 0
    ):
        super().__init__(samples, norm)
        check_integer("size", size, 1)
        check_integer("seed", seed, 0)
        if sketch is not None:
            check_integer("sketch", sketch, 1, samples.d)
        self._sketch = sketch
        # as good as the samples to tell which features the others determine, and no more than d rows
        self._spread = np.linalg.qr(samples.X - samples.X[0] if samples.bias else samples.X, mode="r")
        self._extent = np.abs(samples.homogeneous[:, : samples.d]).max(axis=0)
        self._units = self._unrepeated(np.concatenate(self._draw(int(size), np.random.default_rng(seed))))
        self.count = 2 * len(self._units)

    def _draw(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Units of wedges of random samples, shape (k, D) each."""
        share, units, sketch = -(-size // SKETCHES), [], self._draw_sketch(rng)
        for start in range(0, size, share):
            if sketch.shape[1] < self.samples.d:  # else there is but one
                sketch = self._draw_sketch(rng)
            stop, block = min(start + share, size), max(1, BLOCK_FLOATS // (sketch.shape[1] + 1) ** 2)
            units += [self._draw_units(sketch, min(block, stop - k), rng) for k in range(start, stop, block)]
        return units

    def _draw_sketch(self, rng: np.random.Generator) -> csc_array:
        """Sᵀ, shape (d, r): random features and signs to each row, without rows that others determine."""
        d = self.samples.d
        place, signs, rows = np.arange(d), np.ones(d), d
        if self._sketch is not None:
            place, signs, rows = rng.permutation(d) % self._sketch, rng.choice([-1.0, 1.0], d), self._sketch
        sketch = csc_array((signs, (np.arange(d), place)), shape=(d, rows))
        length = np.linalg.norm(self._spread, axis=0) @ np.abs(sketch)
        chance = rng.uniform(0.1, 1.0, rows)  # which of several that determine each other are kept
        columns = (self._spread @ sketch) * (chance / np.where(length > 0, length, 1.0))
        upper, order = scipy.linalg.qr(columns, mode="r", pivoting=True)
        return sketch[:, np.sort(order[: np.count_nonzero(np.abs(np.diagonal(upper)) > SPANNED)])]

    def _draw_units(self, sketch: csc_array, count: int, rng: np.random.Generator) -> np.ndarray:
        """Units of so many wedges under one sketch, shape (k, D); fewer if samples are nearly dependent."""
        samples, rank = self.samples, sketch.shape[1]
        if not rank:
            return np.zeros((0, samples.D))
        size, available = rank + samples.bias - 1, len(samples.distinct)
        scale = self._extent @ np.abs(sketch)
        drawn = np.array([rng.choice(available, size, replace=False) for _ in range(count)], dtype=int)
        normals, sines = _normals(self._points(drawn, sketch, scale))
        dependent = np.flatnonzero((sines <= SPANNED).any(axis=1))
        if len(dependent):
            points = self._points(np.arange(available), sketch, scale)
            for k in dependent:
                drawn[k] = _completed(points, drawn[k], sines[k], rng)
            normals[dependent], sines[dependent] = _normals(points[drawn[dependent]])
        independent = (sines > SPANNED).all(axis=1)
        weights = (sketch @ (normals[independent, :rank] / scale).T).T
        weights /= ball(self.norm).length(weights)[:, None]
        return samples.through(weights, samples.distinct[drawn[independent]])

    def _points(self, drawn: np.ndarray, sketch: csc_array, scale: np.ndarray) -> np.ndarray:
        """S x̃ of distinct samples in scaled columns, of length 1, shape (…, r + bias)."""
        samples = self.samples
        given = samples.homogeneous[samples.distinct[drawn.ravel()], : samples.d]
        points = (given @ sketch) / scale
        if samples.bias:
            points = np.column_stack([points, np.ones(len(points))])
        length = np.linalg.norm(points, axis=1, keepdims=True)
        points /= np.where(length > 0, length, 1.0)
        return points.reshape(*drawn.shape, points.shape[1])

    def _unrepeated(self, units: np.ndarray) -> np.ndarray:
        """The first of each set of units that are equal up to their orientation."""
        scaled = units * np.abs(self.samples.homogeneous).max(axis=0)
        keys = np.round(scaled / np.linalg.norm(scaled, axis=1, keepdims=True), EQUAL_DIGITS) + 0.0
        leading = np.take_along_axis(keys, (keys != 0).argmax(axis=1)[:, None], axis=1)
        seen: dict[bytes, int] = {}
        for k, key in enumerate(keys * np.sign(leading) + 0.0):
            seen.setdefault(key.tobytes(), k)
        return units[list(seen.values())]

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        samples, block = self.samples, max(1, BLOCK_FLOATS // self.samples.n)
        sums = np.zeros((len(self._units), residual.shape[1]))
        for k in range(0, len(sums), block):
            sums[k : k + block] = samples.activations(self._units[k : k + block]).T @ residual
        # the other orientation: (−a)_+ = (a)_+ − a
        opposite = sums - self._units @ (samples.homogeneous.T @ residual)
        values = np.linalg.norm(np.concatenate([sums, opposite]), axis=1)
        order = np.argsort(-values, kind="stable")[:limit]
        order = order[values[order] > threshold]
        chosen = self._units[order % max(len(sums), 1)] * np.where(order < len(sums), 1.0, -1.0)[:, None]
        return Pricing(float(values.max(initial=0.0)), chosen)

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, self.norm, sketch_directions(unit[: self.samples.d]))


def _normals(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors orthogonal to (k, s, s + 1) rows, and the sine of each row to the span of those before, (k, s)."""
    # Q of Aᵀ = QR is a product of reflections, and its last column is orthogonal to all rows of A
    reflectors, factors = np.linalg.qr(np.swapaxes(points, 1, 2), mode="raw")
    normals = np.zeros((len(points), points.shape[2]))
    normals[:, -1] = 1.0
    for k in reversed(range(points.shape[1])):
        axis = np.column_stack([np.ones(len(points)), reflectors[:, k, k + 1 :]])
        along = factors[:, k] * np.einsum("kd,kd->k", axis, normals[:, k:])
        normals[:, k:] -= along[:, None] * axis
    return normals, np.abs(np.diagonal(reflectors, axis1=1, axis2=2))


def _completed(
    points: np.ndarray, drawn: np.ndarray, sines: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The independent ones of those drawn, completed by others at random; as they were if there are none."""
    kept = drawn[sines > SPANNED].tolist()
    basis = np.linalg.qr(points[kept].T)[0]
    rest = points - (points @ basis) @ basis.T
    while len(kept) < len(drawn):
        outside = np.flatnonzero(np.linalg.norm(rest, axis=1) > SPANNED)
        if not len(outside):
            return drawn
        kept.append(int(rng.choice(outside)))
        axis = rest[kept[-1]] / np.linalg.norm(rest[kept[-1]])
        rest = rest - np.outer(rest @ axis, axis)
    return np.array(kept)


def sketch_directions(weight: np.ndarray) -> list[Direction]:
    """e_l where w_l = 0, and e_l ± e_k for the first l with |w_l| = |w_k|, in order."""
    directions, first = [], {0.0: -1}
    for k, entry in enumerate(weight.tolist()):
        twin = first.setdefault(abs(entry), k)
        if entry == 0:
            directions.append(Direction(k))
        elif twin != k:
            directions.append(Direction(twin, k, -1 if entry == weight[twin] else 1))
    return sorted(directions)
