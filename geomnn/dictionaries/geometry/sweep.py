"""The rotational sweep: every hyperplane of every pencil priced in O(1) each.

While the line c(θ) of a pencil turns from 0 to π,

    P(θ) = Σ_{k: q_k·c > 0} v_k q_k

changes by h_k = ∓v_k q_k at the event of each sample.  There the line passes through the sample, and
F = Σ_k v_k (q_k·c)_+ is P·c for the one orientation and (P − G)·c, G = Σ_k v_k q_k, for the other.  Samples that pass
together (collinear, antipodal) do so in any order: each of them has q·c = 0 when it matters.

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

from geomnn.dictionaries.geometry.pencils import Pencils, power_of_two
from geomnn.machine import compiled

__all__ = ["Sweep", "price", "reach"]

CHUNK = 512  # samples placed at a time, so that what is computed for them stays in the first-level cache
PARALLEL = 100_000  # events below which a second thread costs more than it brings


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


def price(
    pencils: Pencils, residual: np.ndarray, norm: float, arcs: bool, threshold: float, stretches: int
) -> Sweep:
    """The largest ‖Σ_k v_k (q_k·c)_+‖_2 of each stretch of each pencil, ‖w‖_p = 1.

    Parameters
    ----------
    pencils : Pencils
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
    size = power_of_two(residual)
    v, level = _padded(pencils, residual / size), threshold / size / pencils.scale
    best = _swept(pencils, _price, norm, v, (arcs, level * abs(level)), stretches)
    return Sweep(np.sqrt(best.values) * size * pencils.scale, best.directions)


def reach(pencils: Pencils, pair: np.ndarray, reg: float, slack: float, norm: float) -> Sweep:
    """−δ of the first line of each pencil to reach reg; see `WedgeDictionary.reach`.

    Parameters
    ----------
    pencils : Pencils
    pair : ndarray, shape (n, 2)
        The residual and its slope.
    reg : float
    slack : float
        Lines with |1 + S| below it stay at reg.
    norm : float
        p.
    """
    v = _padded(pencils, pair * pencils.scale)
    return _swept(pencils, _reach, norm, v, (reg, slack), 1, float(np.finfo(float).min))


def _padded(pencils: Pencils, residual: np.ndarray) -> np.ndarray:
    """The residual at the samples, a row an output, and zero at the directions."""
    v = np.zeros((residual.shape[1], pencils.points.shape[1]))
    v[:, : pencils.samples] = residual.T
    return v


def _swept(
    pencils: Pencils,
    sweep: Callable[..., None],
    norm: float,
    v: np.ndarray,
    options: tuple[object, ...],
    stretches: int,
    least: float = 0.0,
) -> Sweep:
    """What a compiled sweep of all pencils comes to, on as many threads as numba may use."""
    count, threads = len(pencils.anchors), _threads() if pencils.order.size > PARALLEL else 1
    best = Sweep(np.full((count, stretches), least), np.zeros((count, stretches, 2)))
    cuts = [count * k // threads for k in range(threads + 1)]
    jobs = [
        (pencils, float(norm), v, part, *options, best.values, best.directions) for part in pairwise(cuts)
    ]
    others = [_pool(os.getpid()).submit(sweep, *job) for job in jobs[1:]]
    sweep(*jobs[0])
    for other in others:
        other.result()
    return best


def _threads() -> int:
    """As many as numba may use: NUMBA_NUM_THREADS, else the number of cores of this process."""
    return numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process (those of a parent do not live on in its child)."""
    return ThreadPoolExecutor(_threads(), thread_name_prefix="geomnn")


@compiled
def _place(pencils, f, norm, v, geometry, sums, work):  # type: ignore[no-untyped-def]
    """c and ±q of every event of pencil f, and P(0) and G of every output.

    geometry : (4, M), unit c of the event in the first two rows, side·q in the others.
    """
    points, samples, featured = pencils.points, pencils.samples, pencils.featured
    anchor, frame, sides = pencils.anchors[f], pencils.frames[f], pencils.sides[f]
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
def _take_event(geometry, order, count, e, out):  # type: ignore[no-untyped-def]
    """c of an event, for c and then for −c."""
    k, sign = order[e % count], -1.0 if e >= count else 1.0
    out[0], out[1] = sign * geometry[0, k], sign * geometry[1, k]


@compiled
def _take_arc(geometry, order, count, moments, e, out):  # type: ignore[no-untyped-def]
    """The best c of the arc that begins at an event, for c and then for −c: towards the inside."""
    _take_event(geometry, order, count, e, out)
    _, e0, e1 = _top(moments, e)
    sign = 1.0 if out[0] * e1 - out[1] * e0 > 0.0 else -1.0
    out[0], out[1] = sign * e0, sign * e1


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
def _price(pencils, norm, v, part, arcs, threshold, best, directions):  # type: ignore[no-untyped-def]
    """Squared correlations of a part of the pencils; see `price`."""
    total, stretches = pencils.points.shape[1], best.shape[1]
    geometry, work = np.empty((4, total)), np.empty((2, CHUNK))
    sums, values = np.empty((len(v), 4)), np.empty((len(v), 4 * total))
    moments = np.empty((3, 2 * total))
    for f in range(part[0], part[1]):
        count, order = pencils.counts[f, 0] + pencils.counts[f, 1], pencils.order[f]
        _place(pencils, f, norm, v, geometry, sums, work)
        for output in range(len(v)):
            _turn(geometry, v[output], order, count, sums[output], values[output])
        _fold(values, 2 * count)
        if arcs:
            moments[:] = 0.0
            for output in range(len(v)):
                _turn_arcs(geometry, v[output], order, count, sums[output], moments)
            _crown(geometry, order, count, moments, values[0, 2 * count :])
        length = (4 if arcs else 2) * count
        for stretch in range(stretches):
            low, high = length * stretch // stretches, length * (stretch + 1) // stretches
            largest, bits = _largest(values[0, low:high]), values[0, low:high].view(np.int64)
            best[f, stretch : stretch + 1].view(np.int64)[0] = largest
            if best[f, stretch] > threshold:
                e, chosen = low, directions[f, stretch]
                while bits[e - low] != largest:
                    e += 1
                if e < 2 * count:
                    _take_event(geometry, order, count, e, chosen)
                else:
                    _take_arc(geometry, order, count, moments, e - 2 * count, chosen)


@compiled
def _reach(pencils, norm, v, part, reg, slack, first, directions):  # type: ignore[no-untyped-def]
    """The largest −δ of a part of the pencils; see `reach`."""
    total = pencils.points.shape[1]
    geometry, work = np.empty((4, total)), np.empty((2, CHUNK))
    sums, values = np.empty((2, 4)), np.empty((2, 2 * total))
    for f in range(part[0], part[1]):
        count, order = pencils.counts[f, 0] + pencils.counts[f, 1], pencils.order[f]
        _place(pencils, f, norm, v, geometry, sums, work)
        for output in range(2):
            _turn(geometry, v[output], order, count, sums[output], values[output])
        for e in range(2 * count):
            for sign in (1.0, -1.0):
                closing = 1.0 + sign * values[1, e]
                ahead = -max(reg - sign * values[0, e], 0.0) / closing
                if closing > slack and ahead > first[f, 0]:
                    first[f, 0] = ahead
                    _take_event(geometry, order, count, e, directions[f, 0])
