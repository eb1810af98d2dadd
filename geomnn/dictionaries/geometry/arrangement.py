"""The faces of a central hyperplane arrangement, as sign vectors.

The hyperplanes {u : a_i·u = 0} cut R^r into faces; each is known by the signs of a_i·u on it.  A face
inside hyperplane i is a face of the arrangement that the others leave on it (one dimension less), and
every chamber borders on a facet, so faces are found by turning about each hyperplane in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

__all__ = ["Faces", "central_faces", "count_central_faces"]

# absolute, as vectors have length 1: the sine of the angle up to which two are parallel, or one lies on a flat.
# Above rounding, which grows with each restriction to a hyperplane, and below what data distinguish
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Faces:
    """Faces of an arrangement of m hyperplanes.

    Parameters
    ----------
    signs : ndarray of int8, shape (M, m)
        Sign of a_i·u on each face.
    spanning : ndarray of int, shape (M, k)
        For each face linearly independent vectors that span {a_i : sign 0}, padded with -1.
    """

    signs: np.ndarray
    spanning: np.ndarray

    def __len__(self) -> int:
        return len(self.signs)


def count_central_faces(m: int, rank: int) -> int:
    """Number of faces, but for the origin, of m hyperplanes in general position through 0 in R^rank.

    Σ_{k<rank} C(m, k) · 2 Σ_{i<rank−k} C(m−k−1, i): fewer if they are not in general
    position.  Where that is beyond counting, a number that there are more than.
    """
    if min(m, rank) > 30:
        return 3 ** min(m, rank)  # the faces that so many of them have alone: already beyond reach
    return sum(comb(m, k) * 2 * sum(comb(max(m - k - 1, 0), i) for i in range(rank - k)) for k in range(rank))


def central_faces(vectors: np.ndarray) -> Faces:
    """All faces, but for the origin (and what the vectors do not see), of the arrangement of the vectors.

    Parameters
    ----------
    vectors : ndarray, shape (m, d)
        Normals a_i, none of them zero; they may repeat, be parallel and span less than R^d.

    Returns
    -------
    Faces
        Each face once.

    Source: geomnn theory, section 2.
    """
    m = len(vectors)
    if m == 0:
        return Faces(np.zeros((0, 0), dtype=np.int8), np.zeros((0, 0), dtype=np.int64))
    scale = np.abs(vectors).max(axis=0)
    unit = _normalised(vectors[:, scale > 0] / scale[scale > 0])
    _, singular, basis = np.linalg.svd(unit, full_matrices=False)
    rank = int(np.count_nonzero(singular > 1e-10 * singular[0]))
    return _faces(_normalised(unit @ basis[:rank].T))


def _normalised(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _faces(a: np.ndarray) -> Faces:
    """Faces of unit vectors a, shape (m, r), that span R^r."""
    m, r = a.shape
    if r == 1:
        signs = np.sign(a[:, 0]).astype(np.int8)
        return Faces(np.stack([signs, -signs]), np.zeros((2, 0), dtype=np.int64))
    if r == 2:
        return _plane_faces(a)
    sign_pieces, spanning_pieces = [], []
    parallel = np.zeros(m, dtype=bool)
    for i in range(m):
        if parallel[i]:
            continue
        rest = a - np.outer(a @ a[i], a[i])
        length = np.linalg.norm(rest, axis=1)
        others = length > TOLERANCE
        parallel |= ~others
        # coordinates on the hyperplane: the rest in an orthonormal basis of a_i's complement
        complement = np.linalg.qr(a[i][:, None], mode="complete")[0][:, 1:]
        inside = _faces(_normalised((rest[others] / length[others, None]) @ complement))
        signs = np.zeros((len(inside), m), dtype=np.int8)
        signs[:, others] = inside.signs
        positions = np.append(np.flatnonzero(others), -1)
        spanning = np.column_stack([np.full(len(inside), i), positions[inside.spanning]])
        on_a_facet = (inside.signs != 0).all(axis=1)
        first = (signs[:, :i] != 0).all(axis=1)
        sign_pieces.append(signs[first])
        spanning_pieces.append(spanning[first])
        side = np.sign(a @ a[i]).astype(np.int8)
        for orientation in (1, -1):
            chambers = signs[on_a_facet].copy()
            chambers[:, ~others] = orientation * side[~others]
            sign_pieces.append(chambers)
            spanning_pieces.append(np.full((len(chambers), r - 1), -1))
    signs = np.concatenate(sign_pieces)
    _, first_of = np.unique(signs, axis=0, return_index=True)
    first_of.sort()
    return Faces(signs[first_of], np.concatenate(spanning_pieces)[first_of])


def _plane_faces(a: np.ndarray) -> Faces:
    """The rays of the plane, and counterclockwise of each ray the chamber that begins with it."""
    m = len(a)
    quarter_turn = np.column_stack([-a[:, 1], a[:, 0]])
    values = quarter_turn @ a.T
    values[np.abs(values) <= TOLERANCE] = 0.0
    first = np.flatnonzero(
        (values == 0).argmax(axis=1) == np.arange(m)
    )  # one of each set of parallel normals
    rays = np.sign(values[first]).astype(np.int8)
    ahead = -np.sign(a[first] @ a.T).astype(np.int8)
    chambers = [np.where(rays == 0, ahead, rays), np.where(rays == 0, -ahead, -rays)]
    spanning = np.tile(first[:, None], (2, 1))
    nothing = np.full((2 * len(first), 1), -1)
    return Faces(np.concatenate([rays, -rays, *chambers]), np.concatenate([spanning, nothing]))
