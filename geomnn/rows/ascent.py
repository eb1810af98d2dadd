"""Many walks at once to where |correlation| is largest (p = 2), by sums over rows.

A walk goes from w to the slope of F at w with its best bias, d ∝ ± Σ_{i active} v_i x_i, or part of the way there,
whichever is highest.  Where samples are on one side F(w) is linear, and d maximises it over ‖w‖_2 = 1.  The best bias
of a w is looked for among the edges of bins, on which F is known exactly from two sums a bin: so a step reads the rows
twice, and no n log n is paid for sorting.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.rows.sums import Sums

__all__ = ["ascend"]

BINS = (
    1024  # among whose edges the best bias is looked for: F is flat there, so that it loses some millionths
)
PARTS = (1.0, 0.6, 0.3, 0.1, 0.03, 0.01)  # of the way to d
HIGHER = 2e-5  # relative rise below which a walk has ended, above rounding in float32
BINNED = 2**18  # entries that are put into bins at a time


def ascend(sums: Sums, v: np.ndarray, weights: np.ndarray, steps: int, deadline: Deadline) -> np.ndarray:
    """Where walks from weights, shape (k, d), end after so many steps, as units with ‖w‖_2 = 1, shape (k, D).

    Parameters
    ----------
    sums : Sums
    v : ndarray, shape (n, c)
    weights : ndarray, shape (k, d)
        None of them zero.
    steps : int
    deadline : Deadline
        No step begins that would end later.
    """
    weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    walking, pace = np.arange(len(weights)), Pace(deadline)
    along = _projections(sums, weights)
    v = v.astype(along.dtype)
    offsets, outs = _best_offsets(along, v, sums.bias)
    for _ in range(steps):
        if pace.over() or not len(walking):
            break
        w, here = weights[walking], offsets[walking]
        value = np.linalg.norm(_heights(along, here, v), axis=1)
        pull = (v @ outs[walking].T.astype(v.dtype)) * (along > here)
        d = sums.pulled(pull)[:, : sums.d]
        length = np.linalg.norm(d, axis=1, keepdims=True)
        d /= np.where(length > 0, length, 1.0)
        ahead = _projections(sums, d)
        there, _ = _best_offsets(ahead, v, sums.bias)
        part, top = np.zeros(len(walking)), value * (1 + HIGHER)
        for share in PARTS:
            mixed = (1 - share) * along + share * ahead
            between = (1 - share) * here + share * there
            size = np.linalg.norm((1 - share) * w + share * d, axis=1)
            height = np.linalg.norm(_heights(mixed, between, v), axis=1) / np.where(size > 0, size, np.inf)
            part, top = np.where(height > top, share, part), np.maximum(height, top)
        goes = part > 0
        walking, part = walking[goes], part[goes]
        mixed_w = (1 - part)[:, None] * w[goes] + part[:, None] * d[goes]
        size = np.linalg.norm(mixed_w, axis=1)
        weights[walking] = mixed_w / size[:, None]
        shares = [each.astype(along.dtype) for each in ((1 - part) / size, part / size)]
        along = shares[0] * along[:, goes] + shares[1] * ahead[:, goes]
        offsets[walking], outs[walking] = _best_offsets(along, v, sums.bias)
    return np.column_stack([weights, -offsets]) if sums.bias else weights


def _projections(sums: Sums, weights: np.ndarray) -> np.ndarray:
    """x_i·w without biases, shape (n, k)."""
    return sums.projections(np.column_stack([weights, np.zeros(len(weights))]) if sums.bias else weights)


def _heights(along: np.ndarray, offsets: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Σ_i v_i (x_i·w − offset)_+, shape (k, c)."""
    hidden = along - offsets.astype(along.dtype)
    return np.asarray(np.maximum(hidden, 0, out=hidden).T @ v)


def _best_offsets(along: np.ndarray, v: np.ndarray, bias: bool) -> tuple[np.ndarray, np.ndarray]:
    """The edges of bins at which ‖Σ_i v_i (x_i·w − edge)_+‖ is largest, shape (k,), and directions of these sums."""
    (n, k), c = along.shape, v.shape[1]
    if not bias or not k:
        offsets = np.zeros(k)
        heights = _heights(along, offsets, v)
        return offsets, _directions(heights)
    low = along.min(axis=0)
    width = np.maximum(along.max(axis=0) - low, np.finfo(along.dtype).tiny) / BINS
    counts, moments = np.zeros((c, k * BINS)), np.zeros((c, k * BINS))
    size, starts = max(1, BINNED // k), BINS * np.arange(k)
    for first in range(0, n, size):
        part, weights = along[first : first + size], v[first : first + size]
        places = np.minimum(((part - low) / width).astype(np.intp), BINS - 1) + starts
        for output in range(c):
            each = np.broadcast_to(weights[:, output, None], part.shape)
            counts[output] += np.bincount(places.ravel(), each.ravel(), k * BINS)
            moments[output] += np.bincount(places.ravel(), (each * part).ravel(), k * BINS)
    above = [
        np.cumsum(each.reshape(c, k, BINS)[:, :, ::-1], axis=2)[:, :, ::-1] for each in (counts, moments)
    ]
    edges = low[:, None] + width[:, None] * np.arange(BINS)
    heights = above[1] - above[0] * edges
    best = np.argmax(np.linalg.norm(heights, axis=0), axis=1)
    found = heights[:, np.arange(k), best].T
    return edges[np.arange(k), best].astype(np.float64), _directions(found)


def _directions(heights: np.ndarray) -> np.ndarray:
    """Each row over its length, zero where that is nothing."""
    length = np.linalg.norm(heights, axis=1, keepdims=True)
    return heights / np.where(length > 0, length, 1)
