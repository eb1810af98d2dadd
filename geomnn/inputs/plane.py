"""A function of the plane over balls and boxes, and how far its zeros are: by its lines, its cells and their meets.

On a convex piece of the plane f is least at a meet of two lines, where a line meets the boundary, or on a stretch of
the boundary that no line cuts: at a corner of a polygon, on an arc of a circle where the gradient points at it. And f
is zero on at most one segment of a cell, or on all of it; the boundary of cells on which it is zero is made of such
segments of their neighbours. So the nearest zero of a point where f is not is on a segment.

Source: geomnn theory, section 11, (I1) and (I2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.errors import OptionError
from geomnn.inputs.cells import Cells, cells_of, meets_of
from geomnn.inputs.pieces import ALIKE, Pieces

__all__ = ["AFFORDABLE", "Plane", "Segments", "all_cells", "boxed", "boxed_cells"]

AFFORDABLE = 500  # lines, whose 125,000 cells take some seconds
AT_ONCE = 2**20  # numbers in a block of cells times lines
SQUARE, DIAMOND = ((1, 1), (-1, 1), (-1, -1), (1, -1)), ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass(frozen=True)
class Segments:
    """Segments start + s·along, low ≤ s ≤ high; shapes (m, 2), (m, 2), and (m,) for the others.

    Parameters
    ----------
    start, along, low, high : ndarray
    begins, ends : ndarray of bool
        Whether there is a low, and a high; else the number there means nothing.
    """

    start: np.ndarray
    along: np.ndarray
    low: np.ndarray
    high: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    def nearest(self, point: np.ndarray, r: float) -> tuple[Any, np.ndarray] | None:
        """The least ‖δ‖_r, for r = 2 its square, to a point δ of the segments from here, and δ; None without any.

        On a line ‖δ‖_r is convex, and for r = 1 and ∞ bends only where a coordinate is 0, or two have one size.
        """
        if not len(self.start):
            return None
        away, along = self.start - point, self.along
        if r == 2:
            pairs = [((away * along).sum(axis=1), (along * along).sum(axis=1))]
        else:
            pairs = [(away[:, 0], along[:, 0]), (away[:, 1], along[:, 1])]
        if r == np.inf:
            pairs = [(away[:, 0] + s * away[:, 1], along[:, 0] + s * along[:, 1]) for s in (1, -1)] + pairs
        found = []
        for level, rate in pairs:
            bends = rate != 0
            s = np.where(bends, -level / np.where(bends, rate, 1), 0)
            s = np.where(self.begins & (s < self.low), self.low, s)
            s = np.where(self.ends & (s > self.high), self.high, s)
            found.append(away + s[:, None] * along)
        steps = np.concatenate(found)
        sizes = _sizes(steps, r)
        best = int(np.argmin(sizes))
        return sizes[best], steps[best]


class Plane:
    """A function of one or two features with all that its lines make.

    Parameters
    ----------
    pieces : Pieces
        Of one or two features.
    """

    def __init__(self, pieces: Pieces):
        self.features, self.pieces = len(pieces.slope), pieces.in_the_plane()

    @cached_property
    def cells(self) -> Cells:
        """All cells."""
        return cells_of(self.pieces)

    @cached_property
    def meets(self) -> np.ndarray:
        """Where two lines meet, shape (m, 2)."""
        return meets_of(self.pieces)

    @cached_property
    def heights(self) -> np.ndarray:
        """f there."""
        return self.pieces(self.meets)

    def lifted(self, point: np.ndarray) -> np.ndarray:
        """A point of the line as one of the plane."""
        return np.append(point, 0 * point) if self.features == 1 else point

    def extremes(self, point: np.ndarray, eps: Any, r: float) -> list[tuple[Any, np.ndarray]]:
        """The least and the largest f over ‖x − point‖_r ≤ eps, each with where that is; r = 2 in float64.

        Parameters
        ----------
        point : ndarray, shape (2,)
        eps : float or fmpq
        r : {1, 2, inf}
        """
        points, values = self.candidates(point, eps, r)
        return [(values[best], points[best]) for best in (np.argmin(values), np.argmax(values))]

    def candidates(self, point: np.ndarray, eps: Any, r: float) -> tuple[np.ndarray, np.ndarray]:
        """Points of the ball, (m, 2), one of which has the least and one the largest f over it, and f there (m,)."""
        units = np.array(SQUARE if r == np.inf else DIAMOND, dtype=point.dtype)
        edge = self._on_circle(point, eps) if r == 2 else self._on_polygon(point + units * eps)
        inside = _sizes(self.meets - point, r) <= (eps * eps if r == 2 else eps)
        return self._with_meets(edge, inside)

    def extremes_in_box(self, low: np.ndarray, high: np.ndarray) -> list[tuple[Any, np.ndarray]]:
        """The least and the largest f over low ≤ x ≤ high, shapes (2,), each with where that is."""
        corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
        inside = ((self.meets >= low) & (self.meets <= high)).all(axis=1)
        points, values = self._with_meets(self._on_polygon(corners), inside)
        return [(values[best], points[best]) for best in (np.argmin(values), np.argmax(values))]

    def _with_meets(self, edge: np.ndarray, inside: Any) -> tuple[np.ndarray, np.ndarray]:
        points = np.concatenate([edge, self.meets[inside]])
        return points, np.concatenate([self.pieces(edge), self.heights[inside]])

    def _on_polygon(self, corners: np.ndarray) -> np.ndarray:
        """The corners of a convex polygon, and where lines meet its sides."""
        levels = corners @ self.pieces.normals.T + self.pieces.offsets
        after, next_levels = np.roll(corners, -1, axis=0), np.roll(levels, -1, axis=0)
        side, line = np.nonzero(levels * next_levels < 0)
        here, there = levels[side, line], next_levels[side, line]
        meets = corners[side] + (after - corners)[side] * (here / (here - there))[:, None]
        return np.concatenate([corners, meets])

    def _on_circle(self, centre: np.ndarray, radius: float) -> np.ndarray:
        """Where lines meet a circle, and on the arcs between where f is least or largest, if it is there."""
        pieces = self.pieces
        levels = pieces.normals @ centre + pieces.offsets
        cut = np.abs(levels) < radius
        towards = np.arctan2(pieces.normals[cut, 1], pieces.normals[cut, 0])
        spread = np.arccos(-levels[cut] / (radius or 1.0))
        angles = np.sort(np.mod(np.concatenate([towards - spread, towards + spread, [0.0]]), 2 * np.pi))
        middles = (angles + np.append(angles[1:], angles[0] + 2 * np.pi)) / 2
        # lines that touch the circle may do so in the middle of an arc
        sides = np.where(cut, pieces.sides(centre + radius * _turns(middles)), levels > 0)
        slopes = pieces.slopes(sides)
        peaks = np.arctan2(slopes[:, 1], slopes[:, 0])
        return centre + radius * _turns(np.concatenate([angles, peaks, peaks + np.pi]))

    @cached_property
    def zeros(self) -> Segments:
        """The segments on which f is 0, one for a cell at most; without cells that are zero all over."""
        cells, step = self.cells, max(AT_ONCE // max(len(self.pieces), 1), 1)
        blocks = [self._zeros(cells, slice(k, k + step)) for k in range(0, len(cells), step)]
        return Segments(*map(np.concatenate, zip(*blocks, strict=True)))

    def _zeros(self, cells: Cells, block: slice) -> tuple[np.ndarray, ...]:
        pieces, slopes, sides = self.pieces, cells.slopes[block], cells.sides[block]
        constants, near = cells.constants[block], 0 if pieces.exact else ALIKE
        sizes = np.abs(slopes).max(axis=1)
        steep = sizes > near * (np.abs(pieces.slope).max() + np.abs(pieces.jumps).sum())
        slopes, sides, unit = slopes[steep] / sizes[steep, None], sides[steep], sizes[steep]
        start = -(constants[steep] / unit / (slopes * slopes).sum(axis=1))[:, None] * slopes
        along = np.stack([-slopes[:, 1], slopes[:, 0]], axis=1)
        inwards = np.where(sides, 1, -1)
        rates = inwards * (along @ pieces.normals.T)
        levels = inwards * (start @ pieces.normals.T + pieces.offsets)
        slack = near * np.maximum(np.abs(start).max(axis=1, initial=0), pieces.extent) if near else 0 * unit
        low, begins = _furthest(levels, rates, near)
        high, ends = _furthest(levels, -rates, near)
        low, high = low, -high
        outside = (np.abs(rates) <= near) & (levels < -slack[:, None])
        kept = ~outside.any(axis=1) & ~(begins & ends & (low > high + slack))
        return start[kept], along[kept], low[kept], high[kept], begins[kept], ends[kept]


def all_cells(pieces: Pieces, box: np.ndarray | None) -> Cells:
    """The cells of one or two features, or those that a box (2, d) has a part of."""
    flat = pieces.in_the_plane()
    return cells_of(flat) if box is None else boxed_cells(flat, *boxed(box))


def boxed(box: np.ndarray) -> np.ndarray:
    """A box of one or two features in the plane, shape (2, 2)."""
    return box if box.shape[1] == 2 else np.hstack([box, 0 * box + [[-1], [1]]])


def boxed_cells(pieces: Pieces, low: np.ndarray, high: np.ndarray) -> Cells:
    """The cells that a box of the plane has a part of, low < x < high, shapes (2,)."""
    half, centre = (high - low) / 2, (high + low) / 2
    levels, reach = pieces.normals @ centre + pieces.offsets, np.abs(pieces.normals) @ half
    inner = pieces.folded(levels - reach, levels + reach)
    walls = np.array(DIAMOND, dtype=pieces.normals.dtype)
    framed = Pieces(
        inner.slope, inner.constant, np.append(inner.jumps, 0 * walls[:, 0]), np.vstack([inner.normals, walls]),
        np.concatenate([inner.offsets, -low, high]), (*inner.neurons, *[()] * 4),
    )  # fmt: skip
    cells = cells_of(framed)
    inside = cells.sides[:, len(inner) :].all(axis=1)
    if not inside.any():
        raise OptionError("box is thinner than rounding, to which its walls are one; give a wider one.")
    return Cells(cells.pieces, cells.sides[inside], cells.border[inside], cells.middle[inside])


def _furthest(levels: np.ndarray, rates: np.ndarray, near: Any) -> tuple[np.ndarray, np.ndarray]:
    """The largest s of each row with levels + s·rates = 0 where rates > 0, and whether there is one."""
    rising = rates > near
    places = -levels / np.where(rising, rates, 1)
    least = places[rising].min() if rising.any() else 0
    return np.where(rising, places, least).max(axis=1, initial=least), rising.any(axis=1)


def _sizes(steps: np.ndarray, r: float) -> np.ndarray:
    """‖δ‖_r of every row; for r = 2 its square, which is rational."""
    if r == 2:
        return (steps * steps).sum(axis=1)
    return np.abs(steps).sum(axis=1) if r == 1 else np.abs(steps).max(axis=1)


def _turns(angles: np.ndarray) -> np.ndarray:
    return np.column_stack([np.cos(angles), np.sin(angles)])
