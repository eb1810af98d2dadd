"""Cells: cones of neurons that are closed by bounds at their generators, or halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import Vector, dot, homogeneous, one_norm, relu, show, solve, unit_wedges
from proofs.finite import basis_vectors as axes
from proofs.generic import decide, real_norm, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Cells cover all neurons",
    section="section 9, L8 to L10",
    words="""\
Let a cell be the cone of generators r_1, …, r_K, and F(u) = Σ_i v_i (x̃_i·u)_+ be written as a sum of pairs m
((a_i)_+ − (a_j)_+), of terms c (a_i)_+ and of terms −c (a_i)_+ with m, c ≥ 0, a_i = x̃_i·u. Take for each pair m
(a_i − a_j)_+ or m (a_i)_+ − θ m a_j, for each negative term −θ c a_i with θ in [0, 1], any mean of such choices, and
any q with ‖q‖_{p*} ≤ 1. If the sum G of these has G(r_k) ≤ T q·w(r_k) at all generators, then F(u) ≤ T ‖w(u)‖_p for
all u of the cell. For any two generators r and r', and m their mean, the cell is the union of those in which m takes
the place of r and of r'; so cells that begin with a cover of all u, are halved, and end closed prove M(v) ≤ T. With
a bias, where Σ v_i = 0, it is enough to cover the neurons with Σ_l min_i w_l x_il ≤ −b ≤ Σ_l max_i w_l x_il: for
each orthant of w the cone of 2d generators.""",
    latex=r"""
F(u)\le\sum_k\lambda_k\,G(r_k)\le T\,q\cdot w\le T\,\lVert w\rVert_p\quad
\text{for } u=\sum_k\lambda_k r_k,\ \lambda\ge 0;
\qquad
\lambda r+\lambda' r'=(\lambda-\lambda')\,r+2\lambda'\,\tfrac{r+r'}2
""",
    argument="""\
Each choice is at least the term that it stands for, by L1, and on the cell it is at most Σ λ_k times its values at
the generators: (·)_+ is subadditive and positively homogeneous, the rest is linear (step 1; λ_k > 0 goes into a_k).
The sum over all terms is F(u) ≤ Σ λ_k G(r_k), and means of choices have the mean of these bounds. ‖w‖ ≥ q·w for
‖q‖_{p*} ≤ 1 is Hölder's inequality (step 2; for p = 2, ‖w‖²‖q‖² − (q·w)² is a sum of squares, as in L2).

Halving: for λ ≥ λ' the point λ r + λ' r' is (λ − λ') r + 2 λ' m, so it is in the cell in which m takes the place of
r', else in the other one, and Σ λ is kept, so that also ‖w‖_1 = Σ λ where it was. Other generators do not matter,
and K may be larger than the dimension (step 3).

The cover. For p = 1 and a sign s of each w_l, w = Σ |w_l| s_l e_l; and b = Σ |w_l| t_l with −t_l in [min_i s_l x_il,
max_i s_l x_il] for the b of the statement. The generators are (s_l e_l, t_l) with t_l at both ends; simplices of D
of them have the same union. For other b all a_i have one sign, and F is 0 or w·Σ v_i x_i, which it also is at the
ends (Σ v_i = 0).

Step 4 runs it in fractions on small tables: with T a little above M(v), known from all atoms of equation (1), every
cell closes after some halvings; with T below M(v) none that contains the best atom does, nor do all; and every atom
is in some leaf.""",
)


def positive(z3: Any, value: Any) -> Any:
    return z3.If(value > 0, value, 0)


@THEOREM.step(
    "decided",
    "(Σ a_k)_+ − (Σ b_k)_+ is at most Σ (a_k − b_k)_+ and Σ (a_k)_+ − θ Σ b_k, with a = 0 and b = 0 for single terms",
    "all real values at up to 4 generators, multiplied by λ, and θ in [0, 1]",
    needs="z3-solver",
)
def choices(most: int = 1, pair: Callable[[Any, Any], Any] = lambda a, b: a - b) -> None:
    """`most` is the largest θ, `pair` what the ends of a pair leave at a generator."""
    for K in range(1, 5):

        def denial(z3: Any, kind: int, K: int = K) -> Iterator[Any]:
            a, b, theta = z3.RealVector("a", K), z3.RealVector("b", K), z3.Real("θ")
            yield z3.And(theta >= 0, theta <= most)
            left = positive(z3, z3.Sum(a)) - positive(z3, z3.Sum(b))
            if kind == 0:
                yield left > z3.Sum([positive(z3, pair(p, q)) for p, q in zip(a, b, strict=True)])
            else:
                yield left > z3.Sum([positive(z3, p) for p in a]) - theta * z3.Sum(b)

        decide(f"a pair by its difference at {K} generators", lambda z3: denial(z3, 0))
        decide(f"a pair end by end at {K} generators", lambda z3: denial(z3, 1))


@THEOREM.step(
    "decided",
    "q·w ≤ ‖w‖_p for ‖q‖_{p*} ≤ 1",
    "p = 1 and ∞, all real q and w, d ≤ 3",
    needs="z3-solver",
)
def norms(length: Fraction = Fraction(1)) -> None:
    """`length` is the largest ‖q‖_{p*}."""
    for d, (norm, other) in product((1, 2, 3), ((1, 0), (0, 1))):

        def denial(z3: Any, d: int = d, norm: int = norm, other: int = other) -> Iterator[Any]:
            q, w = z3.RealVector("q", d), z3.RealVector("w", d)
            yield real_norm(z3, other, q) <= z3.Q(length.numerator, length.denominator)
            yield z3.Sum([a * b for a, b in zip(q, w, strict=True)]) > real_norm(z3, norm, w)

        decide(f"Hölder's inequality for p = {norm or '∞'}, d = {d}", denial)


def middle(first: Sequence, second: Sequence) -> list:
    """(r + r')/2"""
    return [(a + b) / 2 for a, b in zip(first, second, strict=True)]


@THEOREM.step(
    "identity",
    "λ r + λ' r' = (λ − λ') r + 2 λ' m, where the coefficients have the sum λ + λ'",
    "all entries, in up to 6 dimensions",
)
def halving(mean: Callable[[Sequence, Sequence], list] = middle) -> None:
    """`mean` is the generator that comes in."""
    for D in range(1, 7):
        gens = PolyRing(sympy.symbols(f"r:{D} s:{D} p q"), sympy.QQ).gens
        r, s, p, q = gens[:D], gens[D : 2 * D], *gens[2 * D :]
        old = [p * a + q * b for a, b in zip(r, s, strict=True)]
        new = [(p - q) * a + 2 * q * m for a, m in zip(r, mean(r, s), strict=True)]
        require_identity([*old, p + q], [*new, (p - q) + 2 * q], f"halving in {D} dimensions")


Cell = tuple[Vector, ...]


def roots(table: Sequence[Sequence[int]], bias: bool) -> Iterator[Cell]:
    """A cover of all u by simplicial cones: orthants of w, with a bias the prisms over them, cut into simplices."""
    d = len(table[0])
    for signs in product((1, -1), repeat=d):
        rays = [tuple(Fraction(s * (k == l)) for k in range(d)) for l, s in enumerate(signs)]  # noqa: E741
        if not bias:
            yield tuple(rays)
            continue
        ends = [[-s * row[k] for row in table] for k, s in enumerate(signs)]
        low = [(*ray, Fraction(min(end))) for ray, end in zip(rays, ends, strict=True)]
        high = [(*ray, Fraction(max(end))) for ray, end in zip(rays, ends, strict=True)]
        for k in range(d):
            yield (*low[: k + 1], *high[k:])


def bound(cell: Cell, terms: Sequence, theta: Callable) -> list[Fraction]:
    """G(r_k) with the choices that are best at the centre: terms are (m, x̃_i or None, x̃_j or None)."""
    total = [Fraction(0)] * len(cell)
    for m, first, second in terms:
        a = [dot(first, r) if first else Fraction(0) for r in cell]
        b = [dot(second, r) if second else Fraction(0) for r in cell]
        slope = theta(sum(b))
        by_ends = [relu(p) - slope * q for p, q in zip(a, b, strict=True)]
        by_difference = [relu(p - q) for p, q in zip(a, b, strict=True)]
        best = min(by_ends, by_difference, key=sum)
        total = [s + m * value for s, value in zip(total, best, strict=True)]
    return total


def closed(
    cells: list[Cell], terms: Sequence, T: Fraction, theta: Callable, most: int, d: int
) -> list[Cell] | None:
    """The leaves, if all cells close within so many halvings."""
    leaves, halvings = [], 0
    while cells:
        cell = cells.pop()
        if all(g <= T * one_norm(r[:d]) for g, r in zip(bound(cell, terms, theta), cell, strict=True)):
            leaves.append(cell)
            continue
        halvings += 1
        if halvings > most or len(cell) == 1:
            return None
        sides = combinations(range(len(cell)), 2)
        p, q = max(
            sides,
            key=lambda side: one_norm([a - b for a, b in zip(cell[side[0]], cell[side[1]], strict=True)]),
        )
        m = tuple(middle(cell[p], cell[q]))
        for gone in (p, q):
            cells.append(tuple(m if k == gone else r for k, r in enumerate(cell)))
    return leaves


TABLES = (((0,), (1,), (3,)), ((2, 1), (-1, 3), (1, -2)), ((0, 0), (1, 2), (1, 2)), ((1, 1), (-1, -1)))


@THEOREM.step(
    "exhaustive",
    "cells close for T = 9/8 M(v), not for T = 7/8 M(v), and each atom of (1) is in one of them",
    "4 tables of 2 or 3 samples on the line and in the plane, with and without bias, all v within ±1, p = 1",
)
def small_tables(
    theta: Callable[[Fraction], int] = lambda centre: int(centre > 0),
    covers: Callable = roots,
    halvings: int = 200,
) -> None:
    """`theta` by the value at the centre, `covers` the cells to begin with."""
    for table, bias in product(TABLES, (True, False)):
        rows, d = homogeneous(table, bias), len(table[0])
        units = unit_wedges([*rows, *axes(d, bias)], d)
        features = [tuple(relu(dot(row, unit)) for row in rows) for unit in units]
        for v in product((-1, 0, 1), repeat=len(rows)):
            largest = max((dot(v, phi) for phi in features), default=Fraction(0))
            if (bias and sum(v)) or largest <= 0:
                continue
            ends = [[row for row, a in zip(rows, v, strict=True) if a == sign] for sign in (1, -1)]
            paired = min(map(len, ends))
            terms = [(1, p, q) for p, q in zip(*ends, strict=False)]
            terms += [(1, p, None) for p in ends[0][paired:]] + [(1, None, q) for q in ends[1][paired:]]
            case = f"samples {table}, {'a' if bias else 'no'} bias, v = {show(v)}, M = {largest}"
            leaves = closed(list(covers(table, bias)), terms, largest * Fraction(9, 8), theta, halvings, d)
            require(leaves is not None, f"{case}: 9/8 M is not closed in {halvings} halvings")
            for unit in units:
                inside = any(_in(unit, leaf) for leaf in leaves)
                require(inside, f"{case}: the atom {show(unit)} is in no cell")
            proven = closed(list(covers(table, bias)), terms, largest * Fraction(7, 8), theta, 24, d)
            require(proven is None, f"{case}: 7/8 M is proven")


def _in(unit: Vector, cell: Cell) -> bool:
    found = solve(list(zip(*cell, strict=True)), unit)
    return found is not None and min(found[0]) >= 0
