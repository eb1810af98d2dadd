"""The exact maximum of F/‖·‖_p along a line.

With a_i = y_i·w and b_i = y_i·d the numerator N(t) = Σ r_i (a_i + t b_i)_+ is piecewise linear, and steeper by
r_i |b_i| beyond the breakpoint −a_i/b_i.  So after sorting the breakpoints, N and the norm at all of them are
cumulative sums; between two of them N/‖·‖_2 has one stationary point, and for p = 1 and ∞ the ratio is monotone.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomnn.atoms import Direction
from geomnn.dictionaries.balls import Ball

__all__ = ["Step", "best_on_lines", "first_on_line"]


@dataclass(frozen=True)
class Step:
    """The best point of each line.

    Parameters
    ----------
    length : ndarray, shape (k,)
        t; infinite if the ratio is largest far out, where it is that of the direction itself.
    ratio : ndarray, shape (k,)
        N/‖·‖_p there.
    met : list
        The row of the sample, or the direction, whose hyperplane is met there; None inside of a piece.
    """

    length: np.ndarray
    ratio: np.ndarray
    met: list[int | Direction | None]


def best_on_lines(
    ball: Ball, w: np.ndarray, d: np.ndarray, a: np.ndarray, b: np.ndarray, r: np.ndarray
) -> Step:
    """The best point w + t d, t ≥ 0, of every line.

    Parameters
    ----------
    w, d : ndarray, shape (dimension, k)
        Where each line starts, and its direction.
    a, b : ndarray, shape (n, k)
        y_i·w and y_i·d.
    r : ndarray, shape (n, k)
        Weights of the samples.
    """
    n, k = a.shape
    columns = np.arange(k)
    crossing = a * b < 0
    meets = np.divide(-a, b, out=np.full_like(a, np.inf), where=crossing)
    wall_meets, wall_changes, walls = ball.kinks(w, d)
    t = np.concatenate([meets, wall_meets])
    order = np.argsort(t, axis=0, kind="stable")
    t = np.take_along_axis(t, order, axis=0)
    there = np.isfinite(t)
    end = np.where(there, t, 0.0)
    gaps = np.where(there, np.diff(np.vstack([np.zeros(k), end]), axis=0), 0.0)

    def along(value: np.ndarray, rise: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values at the start and at all breakpoints, and the slopes behind them, shape (m + 1, k)."""
        changes = np.where(there, np.take_along_axis(changes, order, axis=0), 0.0)
        slopes = rise + np.vstack([np.zeros(k), np.cumsum(changes, axis=0)])
        return value + np.vstack([np.zeros(k), np.cumsum(slopes[:-1] * gaps, axis=0)]), slopes

    numerator = np.sum(r * np.maximum(a, 0.0), axis=0)
    rise = np.sum(r * np.where((a > 0) | (a == 0) & (b > 0), b, 0.0), axis=0)
    values, slopes = along(numerator, rise, np.concatenate([r * np.abs(b), np.zeros_like(wall_meets)]))
    starts = np.vstack([np.zeros(k), end])
    real = np.vstack([np.ones(k, dtype=bool), there])
    tiny = np.finfo(float).tiny
    if ball.norm == 2:
        ww, wd, dd = np.sum(w * w, axis=0), np.sum(w * d, axis=0), np.maximum(np.sum(d * d, axis=0), tiny)
        lengths = np.sqrt(np.maximum(ww + 2 * wd * starts + dd * starts**2, tiny))
        far = slopes[-1] / np.sqrt(dd)
    else:
        lengths, growth = along(
            ball.length(w), ball.rise(w, d), np.concatenate([np.zeros_like(a), wall_changes])
        )
        far = np.divide(slopes[-1], growth[-1], out=np.full(k, -np.inf), where=growth[-1] > 0)
    ratios = np.where(real, values / np.maximum(lengths, tiny), -np.inf)
    best = np.argmax(ratios, axis=0)
    ratio, length = ratios[best, columns], starts[best, columns]
    met: list[int | Direction | None] = []
    for column, place in enumerate(best.tolist()):
        row = int(order[place - 1, column]) if place else -1
        met.append(None if row < 0 else row if row < n else walls[column][row - n])
    if ball.norm == 2:
        # the piece α + βt over √(ww + 2wd t + dd t²) is stationary at t = (β ww − α wd)/(α dd − β wd)
        alpha = values - slopes * starts
        below = alpha * dd - slopes * wd
        inner = np.divide(slopes * ww - alpha * wd, below, out=np.zeros_like(below), where=below != 0)
        inside = real & (inner > starts) & (inner < np.vstack([t, np.full(k, np.inf)]))
        heights = (alpha + slopes * inner) / np.sqrt(np.maximum(ww + 2 * wd * inner + dd * inner**2, tiny))
        heights = np.where(inside, heights, -np.inf)
        piece = np.argmax(heights, axis=0)
        higher = heights[piece, columns] > ratio
        ratio = np.where(higher, heights[piece, columns], ratio)
        length = np.where(higher, inner[piece, columns], length)
        met = [None if up else wall for up, wall in zip(higher.tolist(), met, strict=True)]
    farther = far > ratio
    met = [None if up else wall for up, wall in zip(farther.tolist(), met, strict=True)]
    return Step(np.where(farther, np.inf, length), np.where(farther, far, ratio), met)


def first_on_line(
    ball: Ball, w: np.ndarray, d: np.ndarray, a: np.ndarray, b: np.ndarray, r: np.ndarray
) -> tuple[float, float, int | Direction | None]:
    """The first breakpoint of one line (columns of width 1): t, the ratio there and whose hyperplane is met."""
    meets = np.divide(-a, b, out=np.full_like(a, np.inf), where=a * b < 0)[:, 0]
    wall_meets, _, walls = ball.kinks(w, d)
    t = np.concatenate([meets, wall_meets[:, 0]])
    first = int(np.argmin(t))
    if not np.isfinite(t[first]):
        return np.inf, -np.inf, None
    value = float(np.sum(r * np.maximum(a + t[first] * b, 0.0)))
    ratio = value / float(ball.length(w + t[first] * d)[0])
    return float(t[first]), ratio, first if first < len(meets) else walls[0][first - len(meets)]
