"""All cells of the lines on which a function of the plane bends, and the points where these meet.

Each line is cut into segments by the others, and has one cell on each side of a segment; every cell of the plane
borders on a segment, unless there is no line at all. On which side of line j a segment of line i is follows from the
order of the points on line i, so that only points are computed, and no signs: k lines in general position have

    1 + k + k (k − 1)/2

cells. Points that rounding alone keeps apart are one: s_j and s_k, the meets of line i with lines j and k, differ by
det(l_i, l_j, l_k) / ((τ·n_j) (τ·n_k)), and the determinant is the same whichever of the three lines is walked along.

Source: geomnn theory, section 11, (I1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geomnn.inputs.pieces import ALIKE, Pieces

__all__ = ["Cells", "cells_of"]


@dataclass(frozen=True, eq=False)
class Line:
    """One line of an arrangement, and where the others meet it.

    Parameters
    ----------
    start, along : ndarray, shape (2,)
        The points start + s·along.
    crosses : ndarray of bool, shape (k,)
        Which lines do; the others are parallel.
    places : ndarray, shape (k,)
        s, for those.
    group : ndarray of int, shape (k,)
        Which of the points on the line, in their order.
    rising : ndarray of bool, shape (k,)
        Whether n_j·x + o_j grows with s; for a parallel one whether it is above 0.
    middles : ndarray, shape (m + 1,)
        s between its m points, and beyond the first and the last one.
    """

    start: np.ndarray
    along: np.ndarray
    crosses: np.ndarray
    places: np.ndarray
    group: np.ndarray
    rising: np.ndarray
    middles: np.ndarray

    @classmethod
    def of(cls, pieces: Pieces, position: int) -> Line:
        """That of a kink."""
        normal, near = pieces.normals[position], 0 if pieces.exact else ALIKE
        along = np.array([-normal[1], normal[0]], dtype=normal.dtype)
        start = -pieces.offsets[position] * normal / (normal @ normal)
        rates, levels = pieces.normals @ along, pieces.normals @ start + pieces.offsets
        crosses = np.abs(rates) > near
        crosses[position] = False
        rows = np.flatnonzero(crosses)
        places = -levels[rows] / rates[rows]
        order = np.argsort(places, kind="stable")
        rows, places = rows[order], places[order]
        steepness = np.abs(rates[rows])
        parted = (places[1:] - places[:-1]) * steepness[1:] * steepness[:-1] > near * pieces.extent
        whole = np.zeros(len(crosses), dtype=levels.dtype)
        group = np.zeros(len(crosses), dtype=int)
        whole[rows], group[rows] = places, np.concatenate([[0], np.cumsum(parted)])[: len(rows)]
        rising = np.where(crosses, rates > 0, levels > 0)
        return cls(start, along, crosses, whole, group, rising, _middles(places, parted))

    def sides(self) -> np.ndarray:
        """Whether each segment is on the side n_j·x + o_j > 0, shape (m + 1, k)."""
        beyond = np.arange(len(self.middles))[:, None] > self.group
        return np.where(self.crosses, beyond == self.rising, self.rising)


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of k lines.

    Parameters
    ----------
    pieces : Pieces
        Of two features.
    sides : ndarray of bool, shape (m, k)
        On which side of each line each cell is.
    border : ndarray of int, shape (m,)
        A line that it borders on.
    middle : ndarray, shape (m, 2)
        A point inside of a segment of that line that it borders on.
    """

    pieces: Pieces
    sides: np.ndarray
    border: np.ndarray
    middle: np.ndarray

    def __len__(self) -> int:
        return len(self.sides)

    @cached_property
    def slopes(self) -> np.ndarray:
        """The gradient of f on every cell, shape (m, 2)."""
        return self.pieces.slopes(self.sides)

    @cached_property
    def constants(self) -> np.ndarray:
        """f − slope·x on every cell, shape (m,)."""
        return self.pieces.constants(self.sides)

    def point(self, cell: int) -> np.ndarray:
        """A point inside of a cell, shape (2,): from its border half of the way to the next line."""
        normals, start = self.pieces.normals, self.middle[cell]
        if not len(normals):
            return start
        border = self.border[cell]
        inwards = normals[border] if self.sides[cell, border] else -normals[border]
        levels, rates = normals @ start + self.pieces.offsets, normals @ inwards
        ahead = (levels * rates < 0) & (np.abs(rates) > (0 if self.pieces.exact else ALIKE))
        ahead[border] = False
        ways = -levels[ahead] / rates[ahead]
        return np.asarray(start + inwards * (ways.min() / 2 if len(ways) else 1))


def cells_of(pieces: Pieces) -> Cells:
    """All cells of the lines on which f bends, each once.

    Parameters
    ----------
    pieces : Pieces
        Of two features.
    """
    if not len(pieces):
        return Cells(pieces, np.zeros((1, 0), dtype=bool), np.zeros(1, dtype=int), 0 * pieces.slope[None])
    sides, borders, middles = [], [], []
    for position, line in lines_of(pieces):
        segments, points = line.sides(), line.start + line.middles[:, None] * line.along
        for side in (False, True):
            segments[:, position] = side
            sides.append(segments.copy())
            middles.append(points)
            borders.append(np.full(len(points), position))
    every = np.concatenate(sides)
    packed = np.ascontiguousarray(np.packbits(every, axis=1))
    _, once = np.unique(packed.view(np.dtype((np.void, packed.shape[1]))), return_index=True)
    once.sort()
    return Cells(pieces, every[once], np.concatenate(borders)[once], np.concatenate(middles)[once])


def lines_of(pieces: Pieces) -> Iterator[tuple[int, Line]]:
    """Every line with its number."""
    return ((position, Line.of(pieces, position)) for position in range(len(pieces)))


def meets_of(pieces: Pieces) -> np.ndarray:
    """Where two of the lines meet, once for each two, shape (m, 2)."""
    found = []
    for position, line in lines_of(pieces):
        later = np.flatnonzero(line.crosses[position + 1 :]) + position + 1
        found.append(line.start + line.places[later, None] * line.along)
    return np.concatenate(found) if found else np.zeros((0, 2), dtype=pieces.normals.dtype)


def _middles(places: np.ndarray, parted: np.ndarray) -> np.ndarray:
    """Between points in order, where they are parted, and beyond the ends."""
    if not len(places):
        return np.zeros(1, dtype=places.dtype)
    inner = ((places[1:] + places[:-1]) / 2)[parted]
    below, above = places[0] - 1 - abs(places[0]), places[-1] + 1 + abs(places[-1])
    return np.concatenate([[below], inner, [above]])
