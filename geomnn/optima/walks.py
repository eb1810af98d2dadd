"""A way from one optimal network to another, where there is a slot more than activations are independent.

Let r be the rank of the activations, less the constants with a bias. The neurons of a network are columns Σ_u z_u ψ_u;
with a null vector of them some grow, others fall, until one is zero, so that at most r are left, independent ones. Two
such networks are vertices of the polytope of their columns, and an edge of it has at most r + 1 neurons: the simplex
method goes from one to the other along edges, what enters takes a free slot. Then neurons move to their places, each
into a free slot. Neurons keep their directions all the way, so every part of it is a straight line in the amounts.

Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from geomnn.numbers.roots import fraction, rational_matrix
from geomnn.optima.polytope import ExactPolytope, Polytope

__all__ = ["direct_way", "way_by_edges", "without_rests"]


def way_by_edges(polytope: Polytope, first: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
    """Networks (m, k), from the first to the last, of exact amounts, m > r."""
    start, end = _pruned(polytope, first), _pruned(polytope, last)
    units: dict[tuple[Any, ...], np.ndarray] = {}  # each with its size
    sizes = [{_unit(row): sum(row) for row in rows if row.any()} for rows in (start, end)]
    for unit in (*sizes[0], *sizes[1]):
        units.setdefault(unit, np.array(unit, dtype=object))
    names = list(units)
    columns = np.array([polytope.columns @ units[name] for name in names], dtype=object).T
    vertex = np.array([sizes[0].get(name, Fraction(0)) for name in names], dtype=object)
    edges = ExactPolytope(columns.reshape(len(polytope.right), len(names)), polytope.right, vertex)
    points = edges.climb([-(name not in sizes[1]) for name in names])
    way, slots = [first, start], {_unit(row): j for j, row in enumerate(start) if row.any()}
    for point in points[1:]:
        amounts = dict(zip(names, point, strict=True))
        for name in names:
            if amounts[name] and name not in slots:
                slots[name] = next(j for j in range(len(first)) if j not in slots.values())
        rows = 0 * first
        for name, j in slots.items():
            rows[j] += amounts[name] * units[name]
        way.append(rows)
        slots = {name: j for name, j in slots.items() if amounts[name]}
    return without_rests([*way, *_moves(way[-1], end), last])


def direct_way(first: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
    """Networks (m, k), from the first to the last, m at least what both have together."""
    free = [j for j, row in enumerate(first) if not row.any()]
    beside = 0 * last
    for j, row in zip(free, [row for row in last if row.any()], strict=False):
        beside[j] = row
    return without_rests([first, beside, *_moves(beside, last)])


def _unit(row: np.ndarray) -> tuple[Any, ...]:
    return tuple((row / sum(row)).tolist())


def _pruned(polytope: Polytope, rows: np.ndarray) -> np.ndarray:
    """The network with some of its neurons, whose activations are independent."""
    rows = rows.copy()
    while True:
        kept = [j for j, row in enumerate(rows) if row.any()]
        change = _null_vector(polytope.columns @ rows[kept].T)
        if change is None:
            return rows
        step = min(-1 / value for value in change if value < 0)
        for j, value in zip(kept, change, strict=True):
            rows[j] = (1 + step * value) * rows[j]


def _null_vector(columns: np.ndarray) -> list[Fraction] | None:
    """Some c with columns·c = 0, c ≠ 0."""
    reduced, rank = rational_matrix(columns.tolist(), columns.shape[1]).rref()
    pivots = [next(k for k in range(columns.shape[1]) if reduced[i, k]) for i in range(rank)]
    free = next((k for k in range(columns.shape[1]) if k not in pivots), None)
    if free is None:
        return None
    change = {k: -fraction(reduced[i, free]) for i, k in enumerate(pivots)} | {free: Fraction(1)}
    return [change.get(k, Fraction(0)) for k in range(columns.shape[1])]


def _moves(rows: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
    """The same neurons, one after the other in the slots that they have in the end; one slot is free."""
    held = [tuple(row.tolist()) if row.any() else None for row in rows]
    wanted = [tuple(row.tolist()) if row.any() else None for row in last]
    way = []
    while held != wanted:
        free = [j for j, name in enumerate(held) if name is None]
        target = next((j for j in free if wanted[j] is not None), None)
        if target is None:  # all that are elsewhere are in each other's way
            target, source = free[0], next(j for j, name in enumerate(held) if name not in (None, wanted[j]))
        else:
            source = next(j for j, name in enumerate(held) if name == wanted[target] != wanted[j])
        held[target], held[source] = held[source], None
        rows = rows.copy()
        rows[target], rows[source] = rows[source].copy(), 0 * rows[source]
        way.append(rows)
    return way


def without_rests(way: Sequence[np.ndarray]) -> list[np.ndarray]:
    """One of each run of equal networks."""
    return [way[0], *(after for before, after in pairwise(way) if (before != after).any())]
