"""The rotational sweep: every hyperplane through a flat of codimension two, priced in O(1) each.

The hyperplanes through a flat B form a *pencil*, u = L c, whose basis L is two of the ⋆(B ∧ e_l): in its plane
they are the lines c(θ) = (cos θ, sin θ), and a sample is a point q_k = Lᵀ(x_k − x_a), two volumes.  While θ
turns from 0 to π each sample passes the line once: it leaves the positive side or it enters it, so that

    P(θ) = Σ_{k: q_k·c > 0} v_k q_k

changes by h_k = ∓v_k q_k.  At that event the line passes through the sample, and F = Σ_k v_k (q_k·c)_+ is P·c for
the one orientation and (P − G)·c, G = Σ_k v_k q_k, for the other.  The angular order of the events
does not depend on v: it is kept, as small integers, and no feature matrix exists.

In the plane, with a bias, the flats are the samples; without, there is one flat, the origin; in D homogeneous
coordinates they are spanned by D − 2 members.  Samples that pass together (collinear, antipodal) do so in any order:
each of them has q·c = 0 when it matters.

Source: geomnn theory, section 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt

import numba
import numpy as np

from geomnn.algebra import cross_product
from geomnn.machine import compiled
from geomnn.norms import ball

__all__ = ["Pencils", "Sweep", "form_pencils"]

CHUNK = 512  # samples placed at a time, so that what is computed for them stays in the first-level cache
PARALLEL = 100_000  # events below which a second thread costs more than it brings
ROUNDED = 1e-14  # share of the largest entry of a vector of a frame, by the sizes of columns, up to which one is zero
DEGENERATE = 1e-13  # |q_k| over its terms, below which a sample lies on the flat


@dataclass(frozen=True)
class Sweep:
    """What a sweep has come to: the best line of each stretch of the turn of each pencil.

    Parameters
    ----------
    values : ndarray, shape (F, s)
        The best value of each stretch.
    directions : ndarray, shape (F, s, 2)
        The c that has it, of any length; zero where the value is not good enough to ask.
    """

    values: np.ndarray
    directions: np.ndarray

    def best(self, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """Pencils (k,) and directions (k, 2) of the largest of at most ``limit`` groups of stretches, in order.

        The largest of each group, not the largest of all: atoms that differ, not one cluster.
        """
        directions = self.directions.reshape(-1, 2)
        values = np.where(directions.any(axis=1), self.values.ravel(), -np.inf)
        group = -(-max(len(values), 1) // limit)
        padded = np.pad(values, (0, -len(values) % group), constant_values=-np.inf).reshape(-1, group)
        best = padded.argmax(axis=1) + group * np.arange(len(padded))
        best = best[padded.max(axis=1, initial=-np.inf) > -np.inf]
        best = best[np.argsort(-values[best], kind="stable")]
        return best // max(self.values.shape[1], 1), directions[best]


@dataclass(frozen=True)
class Pencils:
    """F pencils over M points, in angular order.

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

    def __len__(self) -> int:
        return len(self.anchors)

    @property
    def nbytes(self) -> int:
        """What is kept, in bytes."""
        return (
            self.order.nbytes
            + self.sides.nbytes
            + self.frames.nbytes
            + self.anchors.nbytes
            + self.counts.nbytes
        )

    def price(self, residual: np.ndarray, norm: float, arcs: bool, threshold: float, stretches: int) -> Sweep:
        """The largest ‖Σ_k v_k (q_k·c)_+‖_2 of each stretch of each pencil, ‖w‖_p = 1.

        Parameters
        ----------
        residual : ndarray, shape (n, outputs)
        norm : float
            p.
        arcs : bool
            Whether the maximum inside of each arc between two events is looked at, too (in the plane, p = 2).
        threshold : float
            Directions are given for larger values only.
        stretches : int
            s.
        """
        values, directions = np.zeros((len(self), stretches)), np.zeros((len(self), stretches, 2))
        size = _power_of_two(residual)
        v, level = self._padded(residual / size), threshold / size / self.scale
        self._in_parallel(
            lambda start, stop: _price(
                *self._geometry(norm), v, arcs, level * abs(level), start, stop, values, directions
            )
        )
        return Sweep(np.sqrt(values) * size * self.scale, directions)

    def reach(self, pair: np.ndarray, reg: float, slack: float, norm: float) -> Sweep:
        """−δ of the first line of each pencil to reach reg; see `WedgeDictionary.reach`.

        Parameters
        ----------
        pair : ndarray, shape (n, 2)
            The residual and its slope.
        reg : float
        slack : float
            Lines with |1 + S| below it stay at reg.
        norm : float
        """
        first, directions = np.full((len(self), 1), np.finfo(float).min), np.zeros((len(self), 1, 2))
        v = self._padded(pair * self.scale)
        self._in_parallel(
            lambda start, stop: _reach(*self._geometry(norm), v, reg, slack, start, stop, first, directions)
        )
        return Sweep(first, directions)

    def lifted(self, flats: np.ndarray, directions: np.ndarray, norm: float) -> np.ndarray:
        """L c for directions c of pencils, ‖w‖_p = 1, shape (k, 2) → (k, d')."""
        lifted = np.einsum("kdr,kr->kd", self.frames[flats], directions)
        return lifted / ball(norm).length(lifted * self.featured)[:, None]

    def _padded(self, residual: np.ndarray) -> np.ndarray:
        v = np.zeros((residual.shape[1], self.points.shape[1]))
        v[:, : self.samples] = residual.T
        return v

    def _geometry(self, norm: float) -> tuple:
        return (
            self.points, self.samples, self.featured, float(norm),
            self.anchors, self.frames, self.order, self.sides, self.counts,
        )  # fmt: skip

    def _in_parallel(self, work: Callable[[int, int], None]) -> None:
        """Run work(start, stop) over all pencils, on as many threads as numba may use."""
        threads = _threads() if self.order.size > PARALLEL else 1
        cuts = np.linspace(0, len(self), threads + 1).astype(int).tolist()
        rest = [_pool(os.getpid()).submit(work, a, b) for a, b in pairwise(cuts[1:])]
        work(0, cuts[1])
        for part in rest:
            part.result()


def _threads() -> int:
    """As many as numba may use: NUMBA_NUM_THREADS, else the number of cores of this process."""
    return numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process (those of a parent do not live on in its child)."""
    return ThreadPoolExecutor(_threads(), thread_name_prefix="geomnn")


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
    scale = _power_of_two(points)
    everything[:n] /= scale
    transposed = np.ascontiguousarray(everything.T)
    return Pencils(transposed, scale, n, featured.astype(float), anchors, frames, order, sides, counts)


def _power_of_two(values: np.ndarray) -> float:
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


@compiled
def _place(points, samples, featured, norm, anchor, frame, sides, v, geometry, sums, work):  # type: ignore[no-untyped-def]
    """c and ±q of every event of one pencil, and P(0) and G of every output.

    geometry : (4, M), unit c of the event in the first two rows, side·q in the others.
    """
    d, total = points.shape
    sums[:] = 0.0
    for low in range(0, total, CHUNK):
        high = min(low + CHUNK, total)
        h0, h1, size, side = geometry[2, low:high], geometry[3, low:high], work[0], work[1]
        h0[:] = 0.0
        h1[:] = 0.0
        for axis in range(d):
            here = points[axis, anchor] if anchor >= 0 else 0.0
            finite = min(high, samples) - low
            if finite > 0:
                _project(points[axis, low : low + finite], here, frame[axis, 0], frame[axis, 1], h0, h1)
            finite = max(finite, 0)
            _project(
                points[axis, low + finite : high],
                0.0,
                frame[axis, 0],
                frame[axis, 1],
                h0[finite:],
                h1[finite:],
            )
        _take_sides(h0, h1, sides[low:high], side)
        for output in range(len(v)):
            _sum_up(h0, h1, side, v[output, low:high], sums[output])
        size[:] = 0.0
        for axis in range(d):
            _measure(h0, h1, frame[axis, 0] * featured[axis], frame[axis, 1] * featured[axis], norm, size)
        _normalise(h0, h1, norm, size, geometry[0, low:high], geometry[1, low:high])


@compiled
def _project(row, here, f0, f1, h0, h1):  # type: ignore[no-untyped-def]
    for k in range(len(row)):
        off = row[k] - here
        h0[k] += f0 * off
        h1[k] += f1 * off


@compiled
def _take_sides(h0, h1, sides, side):  # type: ignore[no-untyped-def]
    for k in range(len(h0)):
        side[k] = sides[k]
        h0[k] *= side[k]
        h1[k] *= side[k]


@compiled
def _sum_up(h0, h1, side, v, sums):  # type: ignore[no-untyped-def]
    """Add to P(0) = Σ of those that will leave, and to G."""
    leaving0 = leaving1 = all0 = all1 = 0.0
    for k in range(len(h0)):
        a, b = v[k] * h0[k], v[k] * h1[k]
        all0 += side[k] * a
        all1 += side[k] * b
        leaving0 -= a if side[k] < 0 else 0.0
        leaving1 -= b if side[k] < 0 else 0.0
    sums[0] += leaving0
    sums[1] += leaving1
    sums[2] += all0
    sums[3] += all1


@compiled
def _measure(h0, h1, f0, f1, norm, size):  # type: ignore[no-untyped-def]
    """Add one coordinate of L c, c = (h_1, −h_0), to its p-norm (for p = 2 to the square)."""
    if norm == 1.0:
        for k in range(len(h0)):
            size[k] += abs(f0 * h1[k] - f1 * h0[k])
    elif norm == 2.0:
        for k in range(len(h0)):
            size[k] += (f0 * h1[k] - f1 * h0[k]) ** 2
    else:
        for k in range(len(h0)):
            size[k] = max(size[k], abs(f0 * h1[k] - f1 * h0[k]))


@compiled
def _normalise(h0, h1, norm, size, c0, c1):  # type: ignore[no-untyped-def]
    for k in range(len(h0)):
        length = sqrt(size[k]) if norm == 2.0 else size[k]
        inverse = 1.0 / length if length > 0.0 else 0.0
        c0[k] = h1[k] * inverse
        c1[k] = -h0[k] * inverse


@compiled
def _turn(geometry, v, order, count, sums, values):  # type: ignore[no-untyped-def]
    """F at every event, for one output: first for c, then for −c."""
    c0, c1, h0, h1 = geometry
    p0, p1, g0, g1 = sums
    for e in range(count):
        k = order[e]
        x, y = c0[k], c1[k]
        value = p0 * x + p1 * y
        values[e] = value
        values[count + e] = value - (g0 * x + g1 * y)
        p0 += v[k] * h0[k]
        p1 += v[k] * h1[k]


@compiled
def _turn_arcs(geometry, v, order, count, sums, moments):  # type: ignore[no-untyped-def]
    """Add P Pᵀ of the arc that begins at each event, for one output: first for c, then for −c."""
    _, _, h0, h1 = geometry
    p0, p1, g0, g1 = sums
    for e in range(count):
        k = order[e]
        p0 += v[k] * h0[k]
        p1 += v[k] * h1[k]
        r0, r1 = p0 - g0, p1 - g1
        moments[0, e] += p0 * p0
        moments[1, e] += p0 * p1
        moments[2, e] += p1 * p1
        moments[0, count + e] += r0 * r0
        moments[1, count + e] += r0 * r1
        moments[2, count + e] += r1 * r1


@compiled
def _top(moments, e):  # type: ignore[no-untyped-def]
    """The largest eigenvalue of P Pᵀ and its eigenvector."""
    a, b, d = moments[0, e], moments[1, e], moments[2, e]
    half = (a - d) / 2
    root = sqrt(half * half + b * b)
    if half >= 0.0:
        return (a + d) / 2 + root, half + root, b
    return (a + d) / 2 + root, b, root - half


@compiled
def _crown(geometry, order, count, moments, values):  # type: ignore[no-untyped-def]
    """Largest cᵀ(P Pᵀ)c inside of each arc, 0 where it is at an end: the top eigenvector lies between both."""
    c0, c1 = geometry[0], geometry[1]
    for e in range(count):
        last = e + 1 == count
        ahead, sign = order[0 if last else e + 1], -1.0 if last else 1.0
        x, y, x2, y2 = c0[order[e]], c1[order[e]], sign * c0[ahead], sign * c1[ahead]
        # events at one angle bound no arc, whatever their rounding; half a turn is one
        empty = x * x2 + y * y2 > 0.0 and x * y2 - y * x2 <= 1e-15 * (x * x + y * y)
        for side in range(0, 2 * count, count):
            value, e0, e1 = _top(moments, side + e)
            inside = (x * e1 - y * e0) * (e0 * y2 - e1 * x2) > 0.0
            values[side + e] = value if inside and not empty else 0.0


@compiled
def _direction(geometry, order, count, moments, e, out):  # type: ignore[no-untyped-def]
    """c of the e-th value: of events for c and −c, then of arcs for c and −c."""
    turn, event = divmod(e, count)
    k = order[event]
    x, y = geometry[0, k], geometry[1, k]
    sign = -1.0 if turn % 2 else 1.0
    if turn >= 2:
        _, e0, e1 = _top(moments, e - 2 * count)
        sign *= 1.0 if x * e1 - y * e0 > 0.0 else -1.0
        x, y = e0, e1
    out[0], out[1] = sign * x, sign * y


@compiled
def _fold(values, length):  # type: ignore[no-untyped-def]
    """Squares, summed over the outputs, in the first row."""
    for e in range(length):
        values[0, e] *= values[0, e]
    for output in range(1, len(values)):
        for e in range(length):
            values[0, e] += values[output, e] ** 2


@compiled
def _largest(values):  # type: ignore[no-untyped-def]
    """The largest of values that are not negative: they are ordered as their bits are, and those vectorise."""
    bits = values.view(np.int64)
    largest = np.int64(0)
    for e in range(len(bits)):
        largest = max(largest, bits[e])
    return largest


@compiled
def _price(  # type: ignore[no-untyped-def]
    points,
    samples,
    featured,
    norm,
    anchors,
    frames,
    order,
    sides,
    counts,
    v,
    arcs,
    threshold,
    start,
    stop,
    best,
    directions,
):
    """Squared correlations of pencils start to stop; see `Pencils.price`."""
    total, stretches = points.shape[1], best.shape[1]
    geometry, work = np.empty((4, total)), np.empty((2, CHUNK))
    sums, values = np.empty((len(v), 4)), np.empty((len(v), 4 * total))
    moments = np.empty((3, 2 * total))
    for f in range(start, stop):
        count = counts[f, 0] + counts[f, 1]
        _place(points, samples, featured, norm, anchors[f], frames[f], sides[f], v, geometry, sums, work)
        for output in range(len(v)):
            _turn(geometry, v[output], order[f], count, sums[output], values[output])
        _fold(values, 2 * count)
        if arcs:
            moments[:] = 0.0
            for output in range(len(v)):
                _turn_arcs(geometry, v[output], order[f], count, sums[output], moments)
            _crown(geometry, order[f], count, moments, values[0, 2 * count :])
        length = (4 if arcs else 2) * count
        for stretch in range(stretches):
            low, high = length * stretch // stretches, length * (stretch + 1) // stretches
            largest, bits = _largest(values[0, low:high]), values[0, low:high].view(np.int64)
            best[f, stretch : stretch + 1].view(np.int64)[0] = largest
            if best[f, stretch] > threshold:
                for e in range(len(bits)):
                    if bits[e] == largest:
                        _direction(geometry, order[f], count, moments, low + e, directions[f, stretch])
                        break


@compiled
def _reach(  # type: ignore[no-untyped-def]
    points,
    samples,
    featured,
    norm,
    anchors,
    frames,
    order,
    sides,
    counts,
    v,
    reg,
    slack,
    start,
    stop,
    first,
    directions,
):
    """The largest −δ of pencils start to stop; see `Pencils.reach`."""
    total = points.shape[1]
    geometry, work = np.empty((4, total)), np.empty((2, CHUNK))
    sums, values = np.empty((2, 4)), np.empty((2, 2 * total))
    for f in range(start, stop):
        count, where = counts[f, 0] + counts[f, 1], -1
        _place(points, samples, featured, norm, anchors[f], frames[f], sides[f], v, geometry, sums, work)
        for output in range(2):
            _turn(geometry, v[output], order[f], count, sums[output], values[output])
        for e in range(2 * count):
            for sign in (1.0, -1.0):
                closing = 1.0 + sign * values[1, e]
                ahead = -max(reg - sign * values[0, e], 0.0) / closing
                if closing > slack and ahead > first[f, 0]:
                    first[f, 0], where = ahead, e
        if where >= 0:
            _direction(geometry, order[f], count, values, where, directions[f, 0])
