"""Between the samples: all cells are at segments of lines, and the nearest zero is on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import Vector, dot, show, vertices
from proofs.generic import determinant, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Between the samples",
    section="section 11, I1 to I3",
    words="""\
Let f(x) = g·x + t + Σ_j c_j (n_j·x + o_j)_+ be a function of the plane, no two of the lines n_j·x + o_j = 0 being the
same, and at least one. (I1) Every cell is on one side of a segment that the other lines cut out of some line; on which
side of line j a segment of line i is says the order of the points on line i, and of these s_j − s_k is det(l_i, l_j,
l_k)/((τ·n_j)(τ·n_k)), up to a sign of i, which is 0 only if the three lines meet. (I2) Where f(x) > 0, the nearest
point with f ≤ 0 has f = 0 and is on the segment {f = 0} of a cell on which ∇f is not 0. (I3) A pattern of sides that
some x has weakly, n_j·x + o_j ≥ 0 or ≤ 0, need not be that of a cell; it is one if and only if max τ subject to
± (n_j·x + o_j) ≥ τ is above 0.""",
    latex=r"""
s_j-s_k=\pm\frac{\det(l_i,l_j,l_k)}{(\tau\cdot n_j)(\tau\cdot n_k)},\qquad
\min_{f(x+\delta)\le 0}\lVert\delta\rVert=\min_{C:\ \nabla f|_C\ne 0}\ \min_{x+\delta\in\bar C,\ f(x+\delta)=0}
\lVert\delta\rVert
""",
    argument="""\
(I1) A cell is an open polygon that is not the plane, so it has a side, on a line i, and no other line meets the inside
of that side: it is a segment between two points on line i that follow each other, or a ray beyond the last one. Step 1
computes the difference of two points, step 2 compares the sides of all segments, on both sides, with the patterns that
linear inequalities say are there, for all small sets of lines.

(I2) f is continuous, so it is 0 at the first point of the straight way from x to a point with f ≤ 0 at which it is not
above 0, which is no farther; so f = 0 at the nearest one, z. If all closed cells that contain z have ∇f = 0, f is 0 on
a neighbourhood of z, and points nearer to x, on the way to it, have f = 0 too, unless z = x. So one of them has
∇f ≠ 0, and in it {f = 0} is the part of a line in a convex set, a segment. Step 3 compares the two minima.

(I3) If τ > 0, x is inside of the cell; inside of a cell x has some τ > 0. Step 4 has three lines through one point, on
which the pattern of that point alone has a longer gradient than all cells.""",
)

Line = tuple[int, int, int]
LINES: list[Line] = [(*n, o) for n in ((1, 0), (0, 1), (1, 1), (1, -1)) for o in (-1, 0, 1)]


@THEOREM.step(
    "identity",
    "(s_j − s_k)(τ·n_j)(τ·n_k) is det(l_i, l_j, l_k) for the meets of line i with lines j and k",
    "all entries of three lines",
)
def meets(turned: Callable = lambda n: (-n[1], n[0])) -> None:
    """`turned` is τ, the direction of line i."""
    gens = PolyRing(sympy.symbols("a:3 b:3 c:3"), sympy.QQ).gens
    i, j, k = gens[:3], gens[3:6], gens[6:]
    along, square = turned(i), i[0] ** 2 + i[1] ** 2

    def level(line: Sequence) -> object:
        """|n_i|² times what it is at the start −o_i n_i/|n_i|² of line i."""
        return square * line[2] - i[2] * (line[0] * i[0] + line[1] * i[1])

    def rate(line: Sequence) -> object:
        return line[0] * along[0] + line[1] * along[1]

    difference = level(k) * rate(j) - level(j) * rate(k)
    require_identity([difference], [square * determinant([i, j, k])], "the difference of two points")


def segments(lines: Sequence[Line]) -> Iterator[tuple[int, Vector]]:
    """A line and a point inside of each of its segments."""
    for i, (a, b, o) in enumerate(lines):
        start = [Fraction(-o * a, a * a + b * b), Fraction(-o * b, a * a + b * b)]
        rates = [-n * b + m * a for n, m, _ in lines]
        levels = [n * start[0] + m * start[1] + c for n, m, c in lines]
        places = sorted({-level / rate for level, rate in zip(levels, rates, strict=True) if rate})
        between = [(p + q) / 2 for p, q in pairwise(places)]
        ends = [places[0] - 1, places[-1] + 1] if places else [Fraction(0)]
        for s in (*between, *ends):
            yield i, (start[0] - s * b, start[1] + s * a)


def side(line: Line, point: Sequence) -> int:
    """The sign of n·x + o."""
    value = dot((*point, 1), line)
    return (value > 0) - (value < 0)


def patterns(lines: Sequence[Line]) -> set[tuple[int, ...]]:
    """Those of the cells: strict inequalities without x and y, eliminated one after the other."""
    found = set()
    for signs in product((1, -1), repeat=len(lines)):
        rows = [tuple(Fraction(s * entry) for entry in line) for s, line in zip(signs, lines, strict=True)]
        for _ in range(2):
            up, down = [row for row in rows if row[0] > 0], [row for row in rows if row[0] < 0]
            pairs = [[p / up_row[0] - q / down_row[0] for p, q in zip(up_row[1:], down_row[1:], strict=True)]
                     for up_row in up for down_row in down]  # fmt: skip
            rows = [tuple(pair) for pair in pairs] + [row[1:] for row in rows if not row[0]]
        if all(value > 0 for (value,) in rows):
            found.add(signs)
    return found


@THEOREM.step(
    "exhaustive",
    "the sides of all segments, on both sides of their line, are the patterns of all cells",
    "all sets of up to four of the lines with normals (1, 0), (0, 1), (1, ±1) and offsets within ±1",
)
def cells_at_segments(both: Sequence[int] = (1, -1)) -> None:
    """`both` are the sides of a line."""
    for count in (1, 2, 3, 4):
        for lines in combinations(LINES, count):
            found = {
                tuple(own if j == i else side(line, point) for j, line in enumerate(lines))
                for i, point in segments(lines)
                for own in both
            }
            cells = patterns(lines)
            require(
                found == cells, f"lines {lines}: {len(found)} patterns at segments, and {len(cells)} cells"
            )


def nearest(
    lines: Sequence[Line],
    jumps: Sequence[int],
    constant: int,
    point: Sequence[int],
    only_zeros: bool,
    steep: Callable,
) -> Fraction | None:
    """The least ‖δ‖_∞ with f = 0 on cells with a gradient, or with f ≤ 0 on all, by the vertices of {(δ, E)}."""
    best = None
    for signs in patterns(lines):
        on = [(c, line) for c, line, s in zip(jumps, lines, signs, strict=True) if s > 0]
        slope = [sum(c * line[axis] for c, line in on) for axis in (0, 1)]
        here = constant + sum(c * dot((*point, 1), line) for c, line in on)
        if only_zeros and not steep(slope):
            continue
        rows = [(*slope, 0)] + ([(*(-s for s in slope), 0)] if only_zeros else [])
        bounds = [-here] + ([here] if only_zeros else [])
        for s, line in zip(signs, lines, strict=True):
            rows.append((-s * line[0], -s * line[1], 0))
            bounds.append(s * dot((*point, 1), line))
        rows += [(1, 0, -1), (-1, 0, -1), (0, 1, -1), (0, -1, -1)]
        bounds += [Fraction(0)] * 4
        kept = [(row, bound) for row, bound in zip(rows, bounds, strict=True) if any(row)]
        if any(bound < 0 for row, bound in zip(rows, bounds, strict=True) if not any(row)):
            continue
        exact = [tuple(map(Fraction, row)) for row, _ in kept]
        sizes = [vertex[2] for vertex in vertices(exact, [Fraction(bound) for _, bound in kept])]
        best = min([*sizes, *([] if best is None else [best])], default=None)
    return best


@THEOREM.step(
    "exhaustive",
    "the nearest point with f ≤ 0 is on a segment {f = 0} of a cell on which ∇f is not 0",
    "r = ∞; pairs of six lines, jumps ±1, t in {−1, 0, 1}, at two points",
)
def nearest_zero(steep: Callable = any) -> None:
    """`steep` says which gradients are not 0."""
    for lines in combinations(LINES[::2], 2):
        for jumps, constant in product(product((1, -1), repeat=2), (-1, 0, 1)):
            for point in ((2, 1), (0, -2)):
                f = constant + sum(
                    c * max(dot((*point, 1), line), 0) for c, line in zip(jumps, lines, strict=True)
                )
                if f <= 0:
                    continue
                whole, found = (nearest(lines, jumps, constant, point, only, steep) for only in (False, True))
                text = f"f of lines {lines}, jumps {jumps}, t = {constant} at {show(point)}"
                require(whole == found, f"{text}: {whole} over all cells, and {found} on segments")


@THEOREM.step(
    "instance",
    "three lines through one point have a pattern there whose gradient is longer than on all cells",
    "the lines x, y and −x − y with jumps 1, 1 and −2, in ‖·‖_1",
)
def no_cell(last: Line = (-1, -1, 0)) -> None:
    """`last` is the third line."""
    lines, jumps = ((1, 0, 0), (0, 1, 0), last), (1, 1, -2)

    def length(signs: Sequence[int]) -> int:
        on = [(c, line) for c, line, s in zip(jumps, lines, signs, strict=True) if s > 0]
        return sum(abs(sum(c * line[axis] for c, line in on)) for axis in (0, 1))

    cells = patterns(lines)
    require((1, 1, 1) not in cells, f"the lines {lines} have a cell on the positive side of all")
    require(length((1, 1, 1)) > max(map(length, cells)), "no pattern has a longer gradient than all cells")
    require(all(side(line, (0, 0)) == 0 for line in lines), "the lines do not meet")
