"""Cones that cover all unit neurons, halved, and closed where F(u) ≤ T ‖w‖, in integers.

With a_i = x_i·w + b, F(u) = Σ_i v_i (a_i)_+ and v in integers, part of it in pairs of samples. On the cone of
generators r_1 … r_D each term has upper bounds that are convex and homogeneous, hence at most Σ λ_k times their values
at r_k, at each u = Σ λ_k r_k, λ ≥ 0:

    m ((a_i)_+ − (a_j)_+) ≤ m (a_i − a_j)_+,  m (a_i)_+,  m (a_i)_+ − m a_j      a pair
    m (a_i)_+ ≤ m (a_i)_+                                                         P
    −m (a_j)_+ ≤ 0,  −m a_j                                                       N

and T ‖w‖ ≥ T q·w for ‖q‖_{p*} ≤ 1. So with any choice of them, or a mean of choices, F(u) − T ‖w‖ ≤ Σ λ_k l_k, and the
cone is closed where all l_k ≤ 0. Which choices is no matter of trust: `closed` makes them by a rule of its own.

Cones begin as the orthants of w, with a bias as simplices of the prisms over them outside of which F is constant in b,
as Σ v = 0. (r + r')/2 in place of r and in place of r' gives two cones that cover one.

**No rounding.** Samples are rounded to multiples of a power of two, which moves each a_i by at most half of one times
‖w‖_1 ≤ d ‖w‖; T is lower by Σ |v_i| times that. All else are integers, each generator with an exponent of its own.

Source: geomnn theory, section 9, L8 to L10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import isqrt
from operator import mul
from typing import NamedTuple

__all__ = ["Cell", "Grid", "closed", "halves", "roots"]

TABLE_BITS = 28  # of the widest feature, so that rounding the table costs little of any bound
ROUNDS = 6  # of choices for a cone, before it is halved
STEPS = 16  # of the segment on which the best mean of two choices is looked for
POINTS = 1 << 10  # that the weights λ share
ROOT_BITS = 32  # of a length, so that rounding it up costs nothing
SHARPNESS = 9  # bits by which the weights of the largest and the least l_k differ

Row = tuple[int, ...]  # of one linear function at the generators of a cone


class Cell(NamedTuple):
    """A cone by the values of linear functions at its generators, the k-th one times 2^exponents[k].

    Parameters
    ----------
    exponents : tuple of int
    axes : list of tuple
        The coordinates of w.
    linear : tuple
        The sum of all terms that have one sign on it.
    pairs : list of (tuple, tuple)
        m a_i and m a_j.
    wanted, unwanted : list of tuple
        m a_i of P, and of N.
    """

    exponents: Row
    axes: list[Row]
    linear: Row
    pairs: list[tuple[Row, Row]]
    wanted: list[Row]
    unwanted: list[Row]


class Grid(NamedTuple):
    """The samples as integers, x_i ≈ points[i]/scale, equal ones once, and which of them each sample is."""

    points: list[Row]
    places: list[int]
    scale: Fraction

    @classmethod
    def of(cls, rows: Sequence[Sequence[Fraction]], bias: bool) -> Grid:
        """The finest grid on which the widest feature has `TABLE_BITS`."""
        columns = list(zip(*rows, strict=True))
        widest = max(max(c) - min(c) if bias else max(map(abs, c)) for c in columns) or Fraction(1)
        bits = TABLE_BITS - widest.numerator.bit_length() + widest.denominator.bit_length()
        scale = Fraction(2) ** bits
        found: dict[Row, int] = {}
        places = [found.setdefault(tuple(round(x * scale) for x in row), len(found)) for row in rows]
        return cls(list(found), places, scale)

    def slack(self, dual: Sequence[int], norm: str) -> Fraction:
        """What F may be off by on it, per ‖w‖, in units of the grid."""
        return Fraction(sum(map(abs, dual)) * (1 if norm == "1" else len(self.points[0])), 2)


def roots(grid: Grid, dual: Sequence[int], pairs: Sequence[Sequence[int]], bias: bool) -> Iterator[Cell]:
    """The cones that cover all neurons, for v and then for −v."""
    left = [0] * len(grid.points)
    for place, a in zip(grid.places, dual, strict=True):
        left[place] += a
    both = [(grid.places[i], grid.places[j], mass) for i, j, mass in pairs]
    ends = {1: both, -1: [(j, i, mass) for i, j, mass in both]}
    for i, j, mass in both:
        left[i] -= mass
        left[j] += mass
    d = len(grid.points[0])
    columns = list(zip(*grid.points, strict=True))
    for side, signs, cut in product((1, -1), product((1, -1), repeat=d), range(d) if bias else (d,)):
        corners = [
            (axis, cut_off)
            for axis in range(d)
            for cut_off in _offsets(columns[axis], signs[axis], axis, cut, bias)
        ]
        at = [[signs[axis] * x + offset for x in columns[axis]] for axis, offset in corners]
        values = list(zip(*at, strict=True))
        terms = [_times(values[i], abs(left[i])) for i in range(len(left))]
        yield _simplified(
            (0,) * len(corners),
            [tuple(signs[k] * (axis == k) for axis, _ in corners) for k in range(d)],
            (0,) * len(corners),
            [(_times(values[i], mass), _times(values[j], mass)) for i, j, mass in ends[side]],
            [term for term, a in zip(terms, left, strict=True) if side * a > 0],
            [term for term, a in zip(terms, left, strict=True) if side * a < 0],
        )


def _offsets(column: Sequence[int], sign: int, axis: int, cut: int, bias: bool) -> list[int]:
    """The b of a root's generators along an axis: the lower end up to the cut, the upper one from it on."""
    if not bias:
        return [0]
    along = [sign * x for x in column]
    return [-max(along)] * (axis <= cut) + [-min(along)] * (axis >= cut)


def _times(row: Row, mass: int) -> Row:
    return tuple(mass * a for a in row)


def _simplified(
    exponents: Row,
    axes: list[Row],
    linear: Row,
    pairs: Iterable[tuple[Row, Row]],
    wanted: list[Row],
    unwanted: list[Row],
) -> Cell:
    """A cell whose terms change sign on it: others are linear or vanish; a pair with such an end leaves the other."""
    kept, singles, others = [], list(wanted), list(unwanted)
    for first, second in pairs:
        if min(first) < 0 < max(first) and min(second) < 0 < max(second):
            kept.append((first, second))
        else:
            singles.append(first)
            others.append(second)
    plus = [row for row in singles if min(row) >= 0]
    minus = [row for row in others if min(row) >= 0]
    linear = tuple(map(sum, zip(linear, *plus, *(_times(row, -1) for row in minus), strict=True)))
    return Cell(exponents, axes, linear, kept, [row for row in singles if min(row) < 0 < max(row)],
                [row for row in others if min(row) < 0 < max(row)])  # fmt: skip


def halves(cell: Cell, p: int, q: int) -> Iterator[Cell]:
    """The two cells in which (r_p + r_q)/2 stands in place of r_q, and of r_p."""
    e = cell.exponents
    top = max(e[p], e[q])
    up, across = top - e[p], top - e[q]
    for k in (q, p):

        def moved(row: Row, k: int = k) -> Row:
            return (*row[:k], (row[p] << up) + (row[q] << across), *row[k + 1 :])

        yield _simplified(
            (*e[:k], top + 1, *e[k + 1 :]),
            [moved(row) for row in cell.axes],
            moved(cell.linear),
            [(moved(first), moved(second)) for first, second in cell.pairs],
            [moved(row) for row in cell.wanted],
            [moved(row) for row in cell.unwanted],
        )


def closed(cell: Cell, most: int, norm: str) -> tuple[bool, list[int]]:
    """Whether F(u) ≤ T ‖w‖ is shown on a cell, and the last λ: a game of choices against λ, in integers alone."""
    options = [_choices(first, second) for first, second in cell.pairs]
    options += [[(0,) * len(row), _times(row, -1)] for row in cell.unwanted]
    base = [_positive(row) for row in cell.wanted]
    top = max(cell.exponents)
    lift = [top - e for e in cell.exponents]
    weights, line = [1] * len(lift), None
    for _ in range(ROUNDS):
        at = [weight << up for weight, up in zip(weights, lift, strict=True)]
        chosen = [min(rows, key=lambda row: sum(map(mul, at, row))) for rows in options]
        bounds = map(sum, zip(cell.linear, *base, *chosen, strict=True))
        sizes = _sizes(cell, at, most, norm)
        last = [(a - size) << up for a, size, up in zip(bounds, sizes, lift, strict=True)]
        line = last if line is None else min((_mean(line, last, part) for part in range(STEPS + 1)), key=max)
        if max(line) <= 0:
            return True, weights
        if sum(map(mul, weights, last)) > 0:  # so that no mean of choices is any better at this λ
            break
        largest, width = max(line), max(max(line) - min(line), 1)
        shares = [1 << SHARPNESS - SHARPNESS * (largest - a) // width for a in line]
        weights = [
            1 + POINTS * w // sum(weights) + POINTS * s // sum(shares)
            for w, s in zip(weights, shares, strict=True)
        ]
    return False, weights


def _choices(first: Row, second: Row) -> list[Row]:
    """The three bounds of a pair at the generators."""
    alone = _positive(first)
    apart = [a - b for a, b in zip(first, second, strict=True)]
    return [_positive(apart), alone, tuple(a - b for a, b in zip(alone, second, strict=True))]


def _positive(row: Iterable[int]) -> Row:
    return tuple(a if a > 0 else 0 for a in row)


def _mean(one: list[int], other: list[int], part: int) -> list[int]:
    """A mean of two bounds, rounded up."""
    return [-((part * -b + (STEPS - part) * -a) // STEPS) for a, b in zip(one, other, strict=True)]


def _sizes(cell: Cell, at: list[int], most: int, norm: str) -> list[int]:
    """At most T q·w at the generators: on an orthant ‖w‖_1 is linear, and so is |w_l|; for p = 2, q along Σ λ_k r_k."""
    if norm == "1":
        return [most * sum(map(abs, w)) for w in zip(*cell.axes, strict=True)]
    centre = [sum(map(mul, at, row)) for row in cell.axes]
    if norm == "inf":
        return [most * abs(w) for w in cell.axes[max(range(len(centre)), key=lambda axis: abs(centre[axis]))]]
    centre = [a << ROOT_BITS for a in centre]
    length = isqrt(sum(a * a for a in centre)) + 1
    return [most * sum(map(mul, centre, w)) // length for w in zip(*cell.axes, strict=True)]
