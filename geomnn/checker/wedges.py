"""Every wedge of samples, formed anew from integer points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import gcd, isqrt, lcm
from typing import Any

__all__ = ["Direction", "Wedges", "features", "rank", "spelling"]

Direction = tuple[
    int, int, int
]  # (first, second, sign): e_first + sign e_second, or e_first alone with sign 0


class Wedges:
    """The samples as integer points P_i = q x_i, and the wedges of their differences.

    A wedge has a primitive normal N and an offset B = −N·P_a; its activation at sample i is (N·P_i + B)_+ / m with
    m = q ‖N‖_p, so m² is an integer.
    """

    def __init__(self, rows: Sequence[Sequence[Fraction]], norm: str, bias: bool, directions: bool):
        self.scale = lcm(*(entry.denominator for row in rows for entry in row))
        self.points = [tuple(int(entry * self.scale) for entry in row) for row in rows]
        self.norm, self.bias, self.d = norm, bias, len(rows[0])
        first: dict[tuple[int, ...], int] = {}
        for i, point in enumerate(self.points):
            if bias or any(point):
                first.setdefault(point, i)
        self.distinct = list(first.values())
        self.directions = self._directions() if directions else []
        self.size = self.d - (not bias)  # samples and directions in a wedge

    def _directions(self) -> list[Direction]:
        if self.norm == "1":
            return [(axis, -1, 0) for axis in range(self.d)]
        pairs = combinations(range(self.d), 2) if self.norm == "inf" else ()
        return [(first, second, sign) for first, second in pairs for sign in (1, -1)]

    def vector(self, direction: Direction) -> tuple[int, ...]:
        first, second, sign = direction
        return tuple(1 if k == first else sign if k == second else 0 for k in range(self.d))

    def plane(self, samples: Sequence[int], directions: Sequence[Direction]) -> tuple[int, ...]:
        """(N, B) of ⋆((x_j − x_a) ∧ … ∧ e …), the last sample being a; of ⋆(x_j ∧ … ∧ e …) without a bias."""
        points = [self.points[j] for j in samples]
        anchor = points.pop() if self.bias else (0,) * self.d
        vectors = [[a - b for a, b in zip(point, anchor, strict=True)] for point in points]
        vectors += [list(self.vector(e)) for e in directions]
        columns = range(self.d)
        # x·N = det[x, u_1, …]: cofactors of the first row
        minors = ([[u[axis] for axis in columns if axis != k] for u in vectors] for k in columns)
        normal = [(-1) ** k * determinant(minor) for k, minor in enumerate(minors)]
        divisor = gcd(*normal) or 1
        normal = [entry // divisor for entry in normal]
        return (*normal, -sum(a * b for a, b in zip(normal, anchor, strict=True)))

    def planes(self) -> list[tuple[int, ...]]:
        """Every hyperplane of the dictionary once."""
        found: dict[tuple[int, ...], None] = {}
        for count in range(int(self.bias), self.size + 1):
            for directions in combinations(self.directions, self.size - count):
                for samples in combinations(self.distinct, count):
                    plane = self.plane(samples, directions)
                    leading = next((entry for entry in plane[:-1] if entry), 0)
                    if leading:
                        found[plane if leading > 0 else tuple(-entry for entry in plane)] = None
        return list(found)

    def incidences(self, plane: Sequence[int]) -> list[int]:
        """N·P_i + B."""
        *normal, offset = plane
        return [sum(a * b for a, b in zip(normal, point, strict=True)) + offset for point in self.points]

    def square(self, plane: Sequence[int]) -> int:
        """m²."""
        sizes = [abs(entry) for entry in plane[:-1]]
        if self.norm == "2":
            return self.scale**2 * sum(size * size for size in sizes)
        return (self.scale * (sum(sizes) if self.norm == "1" else max(sizes))) ** 2

    def canonical(self, plane: Sequence[int]) -> tuple[list[int], list[Direction]]:
        """The lexicographically first samples, then directions, that span the flat of a hyperplane."""
        incidences = self.incidences(plane)
        members: list[Any] = [j for j in sorted(self.distinct) if incidences[j] == 0]
        members += [e for e in self.directions if not sum(map(int.__mul__, self.vector(e), plane[:-1]))]
        samples: list[int] = []
        directions: list[Direction] = []
        for member in members:
            trial = (
                ([*samples, member], directions)
                if isinstance(member, int)
                else (samples, [*directions, member])
            )
            if rank(self.spanned(*trial)) + self.bias == len(trial[0]) + len(trial[1]):
                samples, directions = trial
        return samples, directions

    def spanned(self, samples: Sequence[int], directions: Sequence[Direction]) -> list[list[int]]:
        points = [list(self.points[j]) for j in samples]
        if self.bias and points:
            points = [[a - b for a, b in zip(point, points[-1], strict=True)] for point in points[:-1]]
        return points + [list(self.vector(e)) for e in directions]


def features(rows: Sequence[Sequence[Fraction]], bias: bool) -> list[tuple[Fraction, ...]]:
    """The table K of all features of the training problem (p = 1): each column once, in order, no zeros."""
    wedges, columns = Wedges(rows, "1", bias, True), set()
    for plane in wedges.planes():
        incidences, size = wedges.incidences(plane), isqrt(wedges.square(plane))
        for side in (1, -1):
            columns.add(tuple(Fraction(max(side * value, 0), size) for value in incidences))
    return list(zip(*sorted(column for column in columns if any(column)), strict=True))


def determinant(rows: list[list[int]]) -> int:
    """By expansion along the last row, where directions are, with one entry or two; 1 for none."""
    if not rows:
        return 1
    *others, last = rows
    return sum(
        (-1) ** (k + len(others)) * entry * determinant([row[:k] + row[k + 1 :] for row in others])
        for k, entry in enumerate(last) if entry
    )  # fmt: skip


def rank(rows: list[list[int]]) -> int:
    """Of an integer matrix, by elimination; rows are divided by what they have in common, so that they stay short."""
    rows, found = [row for row in rows if any(row)], 0
    while rows:
        first = rows.pop()
        pivot = next(k for k, entry in enumerate(first) if entry)
        rows = [[first[pivot] * a - row[pivot] * b for a, b in zip(row, first, strict=True)] for row in rows]
        rows = [[entry // divisor for entry in row] for row in rows if (divisor := gcd(*row))]
        found += 1
    return found


def spelling(
    samples: Sequence[int], directions: Sequence[tuple[int, int, int]], orientation: int, bias: bool
) -> str:
    """The name of a neuron, such as +⋆((x3 − x7) ∧ e1) at x7."""
    factors = [f"(x{j} − x{samples[-1]})" for j in samples[:-1]] if bias else [f"x{j}" for j in samples]
    for first, second, sign in directions:
        pair = f"(e{first + 1} {'+' if sign > 0 else '−'} e{second + 1})"
        factors.append(pair if sign else f"e{first + 1}")
    blade = " ∧ ".join(factors)
    inner = f"({blade})" if len(factors) > 1 else blade or "1"
    return f"{'+' if orientation > 0 else '−'}⋆{inner}" + (f" at x{samples[-1]}" if bias else "")
