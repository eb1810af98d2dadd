"""The optimal networks of a width: cells in slots, and which of them are one piece.

A neuron of an optimal network is Σ_u z_u u, z ≥ 0 on a cell, so those with m of them in order are the union over the
tuples of m cells of

    {(z^1, …, z^m) : z^j ≥ 0 on C_j,  Σ_j z^j ∈ Z*},

polytopes, of which one is empty exactly if no point of Z* has its atoms in ∪ C_j. Two with a common point have a chain
of such between them that changes one slot at a time, with C_j ∩ C'_j in it; so the pieces are those of the graph of
these changes, and a path goes through points of the joints by straight lines.

Where each cell is one atom the points of Z* with at most m neurons are faces of it. A vertex with exactly m is alone,
in each of the m! orders; where it has fewer, a slot is free, every order can be reached, and two are joined if together
they have at most m atoms.

Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import factorial
from typing import Any

import numpy as np

from geomnn.errors import EnumerationTooLarge
from geomnn.optima.polytope import Polytope

__all__ = ["Slots", "pieces_of_vertices"]

MOST_TUPLES = 40_000  # of cells, that are looked at

Cells = tuple[int, ...]  # the place of the cell of each slot


class Slots:
    """The optimal networks as tuples of cells.

    Parameters
    ----------
    polytope : Polytope
    cells : sequence of tuple of int
    least : Fraction or float
        Up to which an amount is none.
    """

    def __init__(self, polytope: Polytope, cells: Sequence[tuple[int, ...]], least: Any):
        self.polytope, self.least = polytope, least
        sets = [frozenset(cell) for cell in cells]
        self.cells = [cell for cell in sets if not any(cell < other for other in sets)]
        self._masks = [_mask(cell) for cell in self.cells]
        self._answers: dict[int, np.ndarray | None] = {}
        self._points: list[tuple[int, np.ndarray]] = []
        self._empty: list[int] = []

    def point(self, atoms: int) -> np.ndarray | None:
        """A vertex of Z* with no other atoms than these bits, if there is one."""
        if atoms not in self._answers:
            if any(not atoms & ~more for more in self._empty):
                return None
            known = next((point for used, point in self._points if not used & ~atoms), None)
            self._answers[atoms] = self._search(atoms) if known is None else known
        return self._answers[atoms]

    def holds(self, cells: Sequence[int]) -> bool:
        """Whether there is an optimal network with neurons in these cells alone."""
        return self.point(self._atoms(tuple(cells))) is not None

    def network(self, cells: Sequence[int]) -> np.ndarray:
        """One, with the amounts of each neuron, shape (m, k)."""
        return self._shared([self.cells[c] for c in cells])

    def _search(self, atoms: int) -> np.ndarray | None:
        inside = [atoms >> k & 1 for k in range(len(self.polytope))]
        value, rows = self.polytope.highest([each - 1 for each in inside])
        if value < -self.least:
            self._empty.append(atoms)
            return None
        point = rows[0] * np.array(inside)
        self._points.append((_mask(np.flatnonzero(point > self.least)), point))
        return point

    def fits(self, width: int) -> bool:
        """Whether the tuples of that width are few enough to be looked at."""
        return len(self.cells) ** width <= MOST_TUPLES

    def check(self, width: int) -> None:
        """
        Raises
        ------
        EnumerationTooLarge
            If there are more tuples of that width than are looked at.
        """
        if not self.fits(width):
            raise EnumerationTooLarge(
                f"There are {len(self.cells):,}^{width} ≈ {float(len(self.cells)) ** width:.1g} ways to give {width} "
                f"neurons a place, and {MOST_TUPLES:,} are looked at: ask for another width, or about the networks "
                "over the dictionary."
            )

    def pieces(self, width: int) -> list[list[Cells]]:
        """The tuples whose networks are not empty, those of one piece together."""
        self.check(width)
        waiting = {slots for slots in product(range(len(self.cells)), repeat=width) if self.holds(slots)}
        found = []
        while waiting:
            piece = [waiting.pop()]
            for slots in piece:
                for ahead in self._ahead(slots):
                    if ahead in waiting:
                        waiting.remove(ahead)
                        piece.append(ahead)
            found.append(piece)
        return found

    def is_point(self, piece: Sequence[Cells], free: frozenset[int]) -> bool:
        """Whether a piece is one network: all slots in use, no atom in two of them, none with a freedom of its own.

        Parameters
        ----------
        piece : sequence of tuples
        free : frozenset of int
            Atoms that are active on all samples, where a bias can take over from t.
        """
        for slots in piece:
            point = self.point(self._atoms(slots))
            assert point is not None, "a piece has tuples with networks alone"
            used = set(np.flatnonzero(point > self.least).tolist())
            parts = [used & self.cells[c] for c in slots]
            if sum(map(len, parts)) > len(used) or any(part <= free for part in parts):
                return False
            members = sorted(frozenset().union(*(self.cells[c] for c in slots)))
            face = self.polytope.face(members, point)
            if face.highest([int(k not in used) for k in members])[0] > self.least:
                return False
        return True

    def place(self, rows: np.ndarray) -> Cells:
        """The cells in which neurons of these amounts are, shape (m, k)."""
        used = [set(np.flatnonzero(row).tolist()) for row in rows]
        return tuple(next(c for c, cell in enumerate(self.cells) if part <= cell) for part in used)

    def route(self, first: Cells, last: Cells) -> list[np.ndarray] | None:
        """Networks (m, k) on the way, each two of them in a common tuple; None if there is no way.

        Raises
        ------
        EnumerationTooLarge
        """
        self.check(len(first))
        before: dict[Cells, Cells] = {first: first}
        waiting = deque([first])
        while waiting and last not in before:
            slots = waiting.popleft()
            for ahead in self._ahead(slots, before):
                before[ahead] = slots
                waiting.append(ahead)
        if last not in before:
            return None
        way = [last]
        while way[-1] != first:
            way.append(before[way[-1]])
        way.reverse()
        return [
            self._shared([self.cells[a] & self.cells[b] for a, b in zip(one, other, strict=True)])
            for one, other in pairwise(way)
        ]

    def _shared(self, cells: Sequence[frozenset[int]]) -> np.ndarray:
        """A network with each slot in its cell."""
        point = self.point(_mask(frozenset().union(*cells)))
        assert point is not None, "they were asked for one"
        rows = np.zeros((len(cells), len(point)), dtype=point.dtype)
        for k in np.flatnonzero(point > self.least):
            rows[next(j for j, cell in enumerate(cells) if k in cell), k] = point[k]
        return rows

    def _atoms(self, slots: Cells) -> int:
        atoms = 0
        for c in slots:
            atoms |= self._masks[c]
        return atoms

    def _ahead(self, slots: Cells, seen: Any = ()) -> Iterator[Cells]:
        """Tuples with another cell in one slot and a network in common."""
        for j, cell in enumerate(slots):
            others = self._atoms(slots[:j] + slots[j + 1 :])
            for c, mask in enumerate(self._masks):
                ahead = (*slots[:j], c, *slots[j + 1 :])
                atoms = others | (mask & self._masks[cell])
                if c != cell and ahead not in seen and self.point(atoms) is not None:
                    yield ahead


def pieces_of_vertices(supports: np.ndarray, width: int, free: frozenset[int]) -> tuple[int, int]:
    """How many pieces the networks of a width make where neurons do not merge, and how many of them are one network.

    Parameters
    ----------
    supports : ndarray of bool, shape (vertices, k)
    width : int
    free : frozenset of int
        As of `Slots.is_point`.
    """
    sizes = supports.sum(axis=1)
    table = supports[sizes < width].astype(np.float32)
    left, pieces = np.arange(len(table)), 0
    while len(left):
        pieces, waiting, left = pieces + 1, [left[0]], left[1:]
        while waiting and len(left):
            together = np.maximum(table[left], table[waiting.pop()]).sum(axis=1)
            waiting += left[together <= width].tolist()
            left = left[together > width]
    alone, orders = supports[sizes == width], factorial(width)
    moved = int(alone[:, list(free)].any(axis=1).sum())
    return orders * len(alone) + pieces, orders * (len(alone) - moved)


def _mask(atoms: Any) -> int:
    mask = 0
    for k in atoms:
        mask |= 1 << int(k)
    return mask
