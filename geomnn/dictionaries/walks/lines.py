"""The exact maximum of F/‖·‖_p along a line.

With a_i = y_i·w and b_i = y_i·d the numerator N(t) = Σ r_i (a_i + t b_i)_+ is piecewise linear, and steeper by
r_i |b_i| beyond the breakpoint −a_i/b_i.  So after sorting the breakpoints, N and the norm at all of them are
cumulative sums; between two of them N/‖·‖_2 has one stationary point, and for p = 1 and ∞ the ratio is monotone.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geomnn.machine import compiled
from geomnn.norms import Ball, Direction

__all__ = ["Step", "best_on_lines", "first_on_line"]

# absolute, of lengths of unit weights, and of their squares: what one counts as that is zero. Any number that can
# be divided by, and that is far below what rounding leaves
TINY = 1e-300


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
    walls_meet, walls_change, walls = ball.kinks(w, d)
    ww, wd, dd = np.sum(w * w, axis=0), np.sum(w * d, axis=0), np.sum(d * d, axis=0)
    there = np.isfinite(walls_meet)
    length, ratio, place = _best(
        *(a, b, r, np.where(there, walls_meet, 0.0), np.where(there, walls_change, 0.0)),
        *(np.array([ww, wd, dd]), ball.length(w, axis=0), ball.rise(w, d), not ball.polyhedral),
    )
    n = len(a)
    met = [None if p < 0 else p if p < n else walls[k][p - n] for k, p in enumerate(place.tolist())]
    return Step(np.where(length < 0, np.inf, length), ratio, met)


@compiled
def _best(a, b, r, walls_meet, walls_change, squares, lengths, growths, euclidean):  # type: ignore[no-untyped-def]
    """Of each line: t, −1 for far out, the ratio, and which sample or wall (n + its row) is met, −1 for none.

    ``squares``, shape (3, k): w·w, w·d, d·d.  ``lengths`` and ``growths``: ‖w‖ and its slope at t = 0+.  A wall
    with t = 0 is none.
    """
    (n, k), m = a.shape, len(walls_meet)
    ts, rises, growing, who = np.empty(n + m), np.empty(n + m), np.empty(n + m), np.empty(n + m, np.int64)
    best_t, best_ratio, best_place = np.empty(k), np.empty(k), np.empty(k, np.int64)
    for column in range(k):
        ww, wd, dd = squares[0, column], squares[1, column], max(squares[2, column], TINY)
        size, value, slope = 0, 0.0, 0.0
        for i in range(n):
            ai, bi, ri = a[i, column], b[i, column], r[i, column]
            if ai > 0.0 or (ai == 0.0 and bi > 0.0):
                value += ri * ai
                slope += ri * bi
            if ai * bi < 0.0:
                ts[size], rises[size], growing[size], who[size] = -ai / bi, ri * abs(bi), 0.0, i
                size += 1
        for wall in range(m):
            if walls_meet[wall, column] > 0.0:
                ts[size], rises[size] = walls_meet[wall, column], 0.0
                growing[size], who[size] = walls_change[wall, column], n + wall
                size += 1
        order = np.argsort(ts[:size])
        t, length, growth = 0.0, lengths[column], growths[column]
        top, top_t, top_place = value / max(length, TINY), 0.0, -1
        for piece in range(size + 1):
            last = piece == size
            following = 0.0 if last else ts[order[piece]]
            if euclidean:
                alpha = value - slope * t
                inner = _stationary(alpha, slope, ww, wd, dd)
                if inner > t and (last or inner < following):
                    ratio = (alpha + slope * inner) / np.sqrt(max(ww + (2 * wd + dd * inner) * inner, TINY))
                    if ratio > top:
                        top, top_t, top_place = ratio, inner, -1
            if last:
                break
            event = order[piece]
            value += slope * (following - t)
            length += growth * (following - t)
            t = following
            if euclidean:
                length = np.sqrt(max(ww + (2 * wd + dd * t) * t, TINY))
            ratio = value / max(length, TINY)
            if ratio > top:
                top, top_t, top_place = ratio, t, who[event]
            slope += rises[event]
            growth += growing[event]
        growth = np.sqrt(dd) if euclidean else growth
        if growth > 0.0 and slope > top * growth:
            top, top_t, top_place = slope / growth, -1.0, -1
        best_t[column], best_ratio[column], best_place[column] = top_t, top, top_place
    return best_t, best_ratio, best_place


@compiled
def _stationary(alpha, beta, ww, wd, dd):  # type: ignore[no-untyped-def]
    """Where (α + βt)/√(ww + 2wd t + dd t²) is stationary: t = (β ww − α wd)/(α dd − β wd); 0 for nowhere."""
    below = alpha * dd - beta * wd
    return (beta * ww - alpha * wd) / below if below != 0.0 else 0.0


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
    ratio = value / float(ball.length(w + t[first] * d, axis=0)[0])
    return float(t[first]), ratio, first if first < len(meets) else walls[0][first - len(meets)]
