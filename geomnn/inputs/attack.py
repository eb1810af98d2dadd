"""Points at which f is low, and near ones at which its sign is another one: from above, what proofs bound from below.

Nothing here proves anything: what is found is true because f is evaluated there.

Source: geomnn theory, section 11, (I3); F. Croce, M. Hein, arXiv 1907.02044, for steps to the hyperplanes on which
the linearisation is zero.
"""

from __future__ import annotations

import numpy as np

from geomnn import norms
from geomnn.inputs.pieces import Pieces

__all__ = ["first_zero", "lowest", "nearest_flip"]

STEPS = 12
STARTS = 6  # random ones
SHARES = np.array([1.0, 0.5, 0.2, 0.05])  # of the way to the point of the ball that the gradient asks for


def lowest(pieces: Pieces, r: float, seed: int = 0) -> np.ndarray:
    """A point of ‖δ‖_r ≤ 1 with a low f, shape (d,), by steps to where the linearisation is least on the ball."""
    ball, d = norms.ball(r), len(pieces.slope)
    points = np.vstack([np.zeros(d), _on_ball(np.random.default_rng(seed), STARTS, d, r)])
    values = pieces(points)
    for _ in range(STEPS):
        ends = -ball.corner(_none_flat(pieces.slopes(pieces.sides(points))).T).T
        ways = points + SHARES[:, None, None] * (ends - points)
        heights = pieces(ways.reshape(-1, d)).reshape(len(SHARES), -1)
        best = heights.argmin(axis=0)
        lower = heights.min(axis=0)
        better = lower < values
        points = np.where(better[:, None], ways[best, np.arange(len(points))], points)
        values = np.where(better, lower, values)
        if not better.any():
            break
    return points[np.argmin(values)]


def nearest_flip(pieces: Pieces, point: np.ndarray, r: float, seed: int = 0) -> np.ndarray | None:
    """A step δ, as short as was found, with f(point + δ) ≤ 0, where f(point) > 0; None if none was found."""
    ball, d, moved = norms.ball(r), len(point), pieces.about(point, 1.0)
    size = float(moved(np.zeros((1, d)))[0]) / (pieces.steepest(r) or 1.0)
    rng = np.random.default_rng(seed)
    starts = np.vstack([np.zeros(d), _on_ball(rng, STARTS, d, r) * size * 4.0 ** np.arange(STARTS)[:, None]])
    best, shortest = None, np.inf
    for _ in range(STEPS):
        slopes = _none_flat(moved.slopes(moved.sides(starts)))
        levels = moved(starts) - (slopes * starts).sum(axis=1)  # of the linearisation at 0
        towards = ball.corner(slopes.T).T
        steps = -(levels / ball.dual_length(slopes))[:, None] * towards
        rays = np.vstack([steps, starts[1:]]) if best is None else steps
        reached = first_zero(moved, rays)
        flips = rays[np.isfinite(reached)] * reached[np.isfinite(reached), None]
        lengths = ball.length(flips)
        if len(flips) and lengths.min() < shortest * (1 - 1e-9):
            best, shortest = flips[np.argmin(lengths)], float(lengths.min())
        elif best is not None and np.array_equal(starts[0], best):
            break
        starts = np.vstack([steps if best is None else best, *steps])
    return best


def first_zero(pieces: Pieces, rays: np.ndarray) -> np.ndarray:
    """The least s ≥ 0 with f(s δ) ≤ 0 on each ray δ from 0, shapes (m, d) → (m,); infinite without one.

    On a ray f is piecewise linear, with kinks of c_j |n_j·δ| at s_j = −o_j/(n_j·δ).
    """
    rates = rays @ pieces.normals.T
    met = (rates * pieces.offsets < 0) & (np.abs(rates) > 1e-300)
    kinks = np.where(met, -pieces.offsets / np.where(met, rates, 1.0), np.inf)
    order = np.argsort(kinks, axis=1)
    kinks = np.take_along_axis(kinks, order, axis=1)
    bends = np.take_along_axis(np.where(met, pieces.jumps * np.abs(rates), 0.0), order, axis=1)
    starting = np.where(pieces.offsets > 0, 1.0, 0.0) + np.where(pieces.offsets == 0, 1.0, 0.0) * (rates > 0)
    slope = rays @ pieces.slope + (starting * pieces.jumps * rates).sum(axis=1)
    slopes = np.column_stack([slope, slope[:, None] + np.cumsum(bends, axis=1)])
    begins = np.column_stack([np.zeros(len(rays)), kinks])
    with np.errstate(invalid="ignore"):  # of kinks that are not met, between which there is nothing
        lengths = np.diff(np.column_stack([begins, np.full(len(rays), np.inf)]), axis=1)
        rises = np.where(np.isfinite(lengths), slopes * lengths, 0.0)[:, :-1]
    height = float(pieces(np.zeros((1, rays.shape[1])))[0])
    heights = height + np.column_stack([np.zeros(len(rays)), np.cumsum(rises, axis=1)])
    # what rounding leaves of slopes that cancel would come to 0 far away
    size = np.abs(rays) @ np.abs(pieces.slope) + np.abs(rates) @ np.abs(pieces.jumps)
    falling = slopes < -(len(pieces) + 2) * np.finfo(float).eps * size[:, None]
    with np.errstate(invalid="ignore"):
        ways = np.where(falling, heights / np.where(falling, -slopes, 1.0), np.inf)
        there = falling & (heights > 0) & (ways <= lengths) & np.isfinite(begins)
    places = np.where(there, begins + np.where(there, ways, 0.0), np.inf).min(axis=1)
    return np.where(height <= 0, 0.0, places)


def _on_ball(rng: np.random.Generator, count: int, d: int, r: float) -> np.ndarray:
    """Random points with ‖δ‖_r = 1."""
    points = rng.normal(size=(count, d))
    if r == 1:
        points = points * (rng.random((count, d)) < 2.0 / d) + np.eye(d)[rng.integers(0, d, count)] * 1e-3
    if r == np.inf:
        points = np.sign(points)
    return np.asarray(points / norms.ball(r).length(points)[:, None])


def _none_flat(slopes: np.ndarray) -> np.ndarray:
    """Gradients with another direction in the place of 0, which has none."""
    return np.where(np.abs(slopes).max(axis=1, keepdims=True) > 0, slopes, 1.0)
