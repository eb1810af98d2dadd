"""All atoms for p = 2: the best unit neuron of every face of every chamber.

An optimal u maximises g·u over its face, g = Σ_{i active} v_i x̃_i, so it is the normalised projection
of g on that face.  The atoms move with the residual, so what is stored is the faces.
"""

from __future__ import annotations

import numpy as np

from geomnn.atoms import Atom
from geomnn.dictionaries.base import Dictionary, Pricing, refuse_if_too_large
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.geometry.arrangement import central_faces, count_central_faces
from geomnn.samples import Samples

__all__ = ["FaceDictionary"]

SECONDS_PER_FACE = 3e-5  # to form it
SECONDS_PER_FACE_ENTRY = 5e-9  # one sample's part in pricing a face
FACE_SWEEPS = 30  # a solve prices the faces about this often


class FaceDictionary(Dictionary):
    """All partial wedges: for every face, w = reject(g, ∧_J)/‖·‖_2.

    Without bias, with J the samples that the face lies on,

        u ∝ reject(g, ∧_J x_j),   g = Σ_{i active} v_i x_i,                                     (2)

    and with a bias, for any anchor a ∈ J,

        w ∝ reject(g, ∧_{J∖a} (x_j − x_a)),   g = Σ_{i active} v_i (x_i − x_a),   b = −w·x_a.     (2b)

    For several outputs g is a matrix and w a top left singular vector of its rejection.

    Parameters
    ----------
    samples : Samples
    max_seconds, max_bytes : float
        What a solve over the faces may take before it is refused.

    Raises
    ------
    EnumerationTooLarge
        Before any face is formed, if they would take more.

    Source: geomnn theory, section 2, equations (2) and (2b).
    """

    scope = "global"
    program = "all"
    atoms_move = True

    def __init__(self, samples: Samples, max_seconds: float = 900.0, max_bytes: float = 2.0**31):
        super().__init__(samples, 2.0)
        m, d = len(samples.distinct), samples.d
        turns, others = (m, m - 1) if samples.bias else (1, m)  # about each sample, or about the origin
        refuse_if_too_large(
            f"faces, at most, of {samples.n} samples of {d} features",
            turns * count_central_faces(others, min(others, d)),
            SECONDS_PER_FACE + samples.n * SECONDS_PER_FACE_ENTRY * FACE_SWEEPS,
            samples.n * 2 + 8 * d * 2,
            (max_seconds, max_bytes),
        )
        self._positive, self._flat, self._anchors, self._spans = self._form_faces()
        self.count = len(self._flat)

    def _form_faces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Active samples (M, n) and flat (M,) of each face; anchor (K,) and span basis (K, d, k) of a flat."""
        n, d, X = self.samples.n, self.samples.d, self.samples.X
        turns = self.samples.distinct if self.samples.bias else [-1]
        active, spanning = [np.zeros((0, n), dtype=bool)], [np.zeros((0, d + 1), dtype=np.int64)]
        for anchor in turns:
            offsets = X - X[anchor] if self.samples.bias else X
            rows = np.flatnonzero(offsets.any(axis=1))
            faces = central_faces(offsets[rows])
            earliest = ~(faces.signs[:, rows < anchor] == 0).any(axis=1)
            positive = np.zeros((int(earliest.sum()), n), dtype=bool)
            positive[:, rows] = faces.signs[earliest] > 0
            members = np.full((len(positive), d + 1), -1)
            members[:, 0] = anchor
            members[:, 1 : 1 + faces.spanning.shape[1]] = np.append(rows, -1)[faces.spanning[earliest]]
            active.append(positive)
            spanning.append(members)
        flats, flat = np.unique(np.concatenate(spanning), axis=0, return_inverse=True)
        anchors = flats[:, 0]
        origins = X[anchors] if self.samples.bias else np.zeros((len(flats), d))
        members = flats[:, 1:]
        vectors = np.where((members >= 0)[..., None], X[members] - origins[:, None, :], 0.0)
        return np.concatenate(active), flat.ravel(), anchors, _orthonormal(vectors)

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        weights, bounds = self._best_weights(residual)
        order = np.argsort(-bounds, kind="stable")
        block = max(1, 2**20 // self.samples.n)
        units, values, on_face = [np.zeros((0, self.samples.D))], [np.zeros(0)], [np.zeros(0, dtype=bool)]
        maximum = 0.0
        # the bound of a face is its maximum if the best weight lies on it, so no later face can do better
        for start in range(0, len(order), block):
            chosen = order[start : start + block]
            if bounds[chosen[0]] <= maximum:
                break
            for sign in (1.0, -1.0):
                candidates = self._lift(sign * weights[chosen], self._flat[chosen])
                reached = np.linalg.norm(residual.T @ self.samples.activations(candidates), axis=0)
                maximum = max(maximum, float(reached.max()))
                units.append(candidates)
                values.append(reached)
                on_face.append(reached >= (1 - 1e-9) * bounds[chosen])
        found, reached = np.concatenate(units), np.concatenate(values)
        above = np.flatnonzero((reached > threshold) & (np.concatenate(on_face) | (reached == maximum)))
        above = above[np.argsort(-reached[above], kind="stable")][:limit]
        return Pricing(maximum, found[above])

    def _best_weights(self, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Top left singular vector and value of the rejection of g, for every face."""
        X, outputs = self.samples.X, residual.shape[1]
        moments = (residual[:, None, :] * X[:, :, None]).reshape(len(X), -1)
        weights = np.zeros((len(self._flat), self.samples.d))
        bounds = np.zeros(len(self._flat))
        block = max(1, 2**20 // len(X))
        for start in range(0, len(self._flat), block):
            stop = start + block
            active = self._positive[start:stop].astype(float)
            g = (active @ moments).reshape(len(active), -1, outputs)
            flat = self._flat[start:stop]
            if self.samples.bias:
                g -= X[self._anchors[flat]][:, :, None] * (active @ residual)[:, None, :]
            size = np.linalg.norm(g, axis=(1, 2))
            span = self._spans[flat]
            for _ in range(2):
                g -= span @ (np.swapaxes(span, 1, 2) @ g)
            weights[start:stop], bounds[start:stop] = _top_singular(g, size)
        return weights, bounds

    def _lift(self, weights: np.ndarray, flat: np.ndarray) -> np.ndarray:
        """Units u = (w, −w·x_a) in centred coordinates, shape (k, D)."""
        if not self.samples.bias:
            return weights
        anchors = self.samples.homogeneous[self._anchors[flat], :-1]
        return np.column_stack([weights, -np.sum(weights * anchors, axis=1)])

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, 2.0, residual=residual)


def _orthonormal(vectors: np.ndarray) -> np.ndarray:
    """Orthonormal bases of the spans of (K, k, d) independent, zero-padded rows, shape (K, d, k)."""
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    rest = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    for k in range(rest.shape[1]):
        for _ in range(2):
            earlier = rest[:, :k]
            rest[:, k] -= np.einsum("fkd,fk->fd", earlier, np.einsum("fkd,fd->fk", earlier, rest[:, k]))
        size = np.linalg.norm(rest[:, k], axis=1, keepdims=True)
        rest[:, k] = np.divide(rest[:, k], size, out=np.zeros_like(rest[:, k]), where=size > 0)
    return np.swapaxes(rest, 1, 2)


def _top_singular(g: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Top left singular vectors and values of (M, d, c) matrices; zero where g is nothing but rounding."""
    if g.shape[2] == 1:
        value = np.linalg.norm(g[:, :, 0], axis=1)
        left = g[:, :, 0]
    else:
        u, singular, _ = np.linalg.svd(g, full_matrices=False)
        left, value = u[:, :, 0], singular[:, 0]
    value = np.where(value > 1e-13 * size, value, 0.0)
    length = np.linalg.norm(left, axis=1)
    ok = (value > 0) & (length > 0)
    return np.divide(left, length[:, None], out=np.zeros_like(left), where=ok[:, None]), np.where(
        ok, value, 0.0
    )
