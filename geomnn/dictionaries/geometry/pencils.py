"""Pencils: the hyperplanes through a flat of codimension two, in the order in which they meet the samples.

The hyperplanes through a flat B form a *pencil*, u = L c, whose basis L is two of the ⋆(B ∧ e_l): in its plane
they are the lines c(θ) = (cos θ, sin θ), and a sample is a point q_k = Lᵀ(x_k − x_a), two volumes.  While θ
turns from 0 to π each sample passes the line once, its *event*: it leaves the positive side or it enters it. The
angular order of the events does not depend on the residual: it is kept, as small integers, and no activation matrix
exists.

In the plane, with a bias, the flats are the samples; without, there is one flat, the origin; in D homogeneous
coordinates they are spanned by D − 2 members.

Source: geomnn theory, section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geomnn.algebra import cross_product
from geomnn.norms import ball

__all__ = ["Pencils", "form_pencils", "power_of_two"]

# relative to the largest entry of a vector of a frame, by the sizes of columns, up to which an entry is zero: some
# fifty roundings, of minors whose terms cancel
ROUNDED = 1e-14
# |q_k| relative to the sizes of its terms, up to which a sample lies on the flat: what rounding of the frame leaves
# of zero, ten times ROUNDED
DEGENERATE = 1e-13


class Pencils(NamedTuple):
    """F pencils over M points, in angular order: a tuple, which compiled functions take as one argument.

    Parameters
    ----------
    points : ndarray, shape (d', M)
        Samples over the scale, then directions (points at infinity).
    scale : float
        A power of two, so that correlations can be squared twice.
    samples : int
        How many of them are samples.
    featured : ndarray, shape (d',)
        1 for the coordinates of L c that are of w, 0 for others.
    anchors : ndarray of int, shape (F,)
        The point that is the origin of each pencil, -1 for the origin itself.
    frames : ndarray, shape (F, d', 2)
        L, bases of the complements of the flats.
    order : ndarray of uint16 or uint32, shape (F, M)
        The points in the order of their events.
    sides : ndarray of int8, shape (F, M)
        Which side each point goes to there: −1 if it leaves, 1 if it enters. Told by the same numbers as the order, as
        at the ends of the turn a rounding of q_0 moves an event from one to the other.
    counts : ndarray of int, shape (F, 2)
        How many samples, and how many directions, have one: those that do not lie on the flat.
    """

    points: np.ndarray
    scale: float
    samples: int
    featured: np.ndarray
    anchors: np.ndarray
    frames: np.ndarray
    order: np.ndarray
    sides: np.ndarray
    counts: np.ndarray

    def lifted(self, flats: np.ndarray, directions: np.ndarray, norm: float) -> np.ndarray:
        """L c for directions c of some pencils, ‖w‖_p = 1, shape (k, 2) → (k, d')."""
        units = np.einsum("kdr,kr->kd", self.frames[flats], directions)
        return units / ball(norm).length(units * self.featured)[:, None]


def form_pencils(
    points: np.ndarray, directions: np.ndarray, featured: np.ndarray, anchors: np.ndarray, spans: np.ndarray
) -> Pencils:
    """The pencils about given flats.

    Parameters
    ----------
    points : ndarray, shape (n, d')
        Samples, no two of them equal.
    directions : ndarray, shape (E, d')
        Points at infinity.
    featured : ndarray of bool, shape (d',)
        Which coordinates ‖w‖_p is made of.
    anchors : ndarray of int, shape (F,)
        The sample that is the origin of each flat, -1 for the origin itself.
    spans : ndarray, shape (F, d' − 2, d')
        Vectors along each flat; where they are dependent the pencil has no events.
    """
    n = len(points)
    frames, independent = _frames(spans)
    everything = np.concatenate([points, directions])
    order = np.empty(
        (len(anchors), len(everything)), dtype=np.uint16 if len(everything) < 2**16 else np.uint32
    )
    sides = np.empty(order.shape, dtype=np.int8)
    counts = np.empty((len(anchors), 2), dtype=np.int64)
    block = max(1, 2**20 // max(1, len(everything)))
    for start in range(0, len(anchors), block):
        part = slice(start, start + block)
        off = np.repeat(everything[None], len(anchors[part]), axis=0)
        anchored = np.flatnonzero(anchors[part] >= 0)
        off[anchored, :n] -= points[anchors[part][anchored], None, :]
        q = off @ frames[part]
        on_flat = (np.abs(q) <= DEGENERATE * (np.abs(off) @ np.abs(frames[part]))).all(axis=2)
        on_flat |= ~independent[part, None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = np.where(q[..., 0] == 0, -np.inf, q[..., 1] / q[..., 0])
        slope[on_flat] = np.nan  # sorted last
        order[part] = np.argsort(slope, axis=1)
        # a point leaves if q_0 > 0, or q_0 = 0 and q_1 < 0
        sides[part] = np.where(np.where(q[..., 0] == 0, q[..., 1], -q[..., 0]) >= 0, 1, -1)
        counts[part, 0] = np.count_nonzero(~on_flat[:, :n], axis=1)
        counts[part, 1] = np.count_nonzero(~on_flat[:, n:], axis=1)
    scale = power_of_two(points)
    everything[:n] /= scale
    transposed = np.ascontiguousarray(everything.T)
    return Pencils(transposed, scale, n, featured.astype(float), anchors, frames, order, sides, counts)


def power_of_two(values: np.ndarray) -> float:
    """The first above all of the values."""
    return float(np.ldexp(1.0, np.frexp(np.abs(values).max(initial=0.0))[1]))


def _frames(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bases (F, d, 2) of the complements of (F, d − 2, d) vectors B, and which of these are independent.

    The vectors ⋆(B ∧ e_l) have the components ⋆B_lm, ± the minors of B: the two of the largest minor are taken, with
    columns scaled by the size of the others.
    """
    count, _, d = spans.shape
    rows = np.empty((d, count, d))
    for axis, unit in enumerate(np.eye(d)):
        rows[axis] = cross_product(np.concatenate([spans, np.tile(unit, (count, 1, 1))], axis=1), unit=True)
    size = np.abs(rows).max(axis=(0, 1), initial=0.0)
    scaled = np.abs(rows) / np.where(size > 0, size, 1.0)
    largest = scaled.max(axis=2, keepdims=True)
    share = np.divide(scaled, largest, out=np.zeros_like(scaled), where=largest > 0)
    rows[share <= ROUNDED] = 0.0
    both = np.minimum(share, np.transpose(share, (2, 1, 0))).transpose(1, 0, 2).reshape(count, d * d)
    first, second = np.divmod(both.argmax(axis=1), d)
    pencil = np.arange(count)
    return np.stack([rows[first, pencil], rows[second, pencil]], axis=2), both.max(axis=1, initial=0.0) > 0
