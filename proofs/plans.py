"""Masses that are moved between samples bound the correlation of every neuron: plans of transport and of stars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import basis_vectors as axes
from proofs.finite import dot, homogeneous, relu, show, unit_wedges
from proofs.generic import decide, require_identity
from proofs.statement import Theorem, require

__all__ = ["ORIGIN", "THEOREM", "divergence", "edge_cost", "star_cost"]

Plan = dict[tuple[int, int], Any]  # π_ij by (i, j)
ORIGIN = -1

THEOREM = Theorem(
    title="Plans bound every neuron",
    section="section 9, L1 to L3, L7 and L11",
    words="""\
Let F(u) = Σ_i v_i (x̃_i·u)_+ for unit neurons u = (w, b), and π_ij ≥ 0 masses on ordered pairs of samples with the
divergence Σ_j π_ij − π_ji = v_i. Then for every w and every b

    F(u) ≤ Σ_ij π_ij (w·(x_i − x_j))_+                         (transport)
    F(u) ≤ Σ_i (w·q_i)_+,   q_i = Σ_j π_ij (x_i − x_j)         (stars)

and the second is at most the first. Without a bias there is an origin, x_0 = 0 with v_0 free, and edges of its own:
one from it costs nothing, and in stars the mass of one to it may have any sign. If A_l is the larger one of the two
values of a right side at w = e_l and w = −e_l, then it is at most Σ_l A_l |w_l|, so at most ‖A‖_q for ‖w‖_p = 1, 1/p
+ 1/q = 1; for p = 1 that is max_l A_l, its maximum. For p = 2 also

    F(u) ≤ ½ g·w + ¼ Σ π_ij τ_ij + ¼ Σ π_ij (w·(x_i − x_j))²/τ_ij,   g = Σ_i v_i x_i,   for all τ_ij > 0.""",
    latex=r"""
\sum_i v_i(\tilde x_i\cdot u)_+\ \le\ \sum_i\bigl(w\cdot q_i\bigr)_+\ \le\
\sum_{ij}\pi_{ij}\bigl(w\cdot(x_i-x_j)\bigr)_+\ \le\ \lVert A\rVert_q,\qquad q_i=\sum_j\pi_{ij}(x_i-x_j),\quad
\sum_j\pi_{ij}-\pi_{ji}=v_i
""",
    argument="""\
For numbers a and b, (a)_+ − (b)_+ ≤ 1[a > 0] (a − b) ≤ (a − b)_+, and also ≤ (a)_+ − θ b for θ in [0, 1] (step 1).
Write a_i = x̃_i·u. As v is the divergence of π, F(u) = Σ π_ij ((a_i)_+ − (a_j)_+) (step 2), and a_i − a_j = w·(x_i −
x_j), whatever b is. The first inequality, edge by edge, sums at each i to 1[a_i > 0] w·q_i ≤ (w·q_i)_+, the second
one gives transport, and (w·q_i)_+ ≤ Σ_j π_ij (w·(x_i − x_j))_+ because (·)_+ is subadditive.

The origin. Its edges bring in terms of their own: c_i ((a_i)_+ − 0) with (a_i)_+ = 1[a_i > 0] w·x_i, an equality, so
that c_i may have any sign in stars, where q_i gains c_i x_i; and −z_j (a_j)_+ ≤ 0 for z_j ≥ 0.

The dual norm. For each δ, (w·δ)_+ ≤ Σ_l (w_l δ_l)_+ = Σ_l |w_l| (± δ_l)_+ with the sign of w_l (step 3); sum with
the masses, or over the q_i. Then Hölder: for p = 1 and ∞ at once, for p = 2 by Lagrange's identity (step 4). For p =
1 it is reached at some ± e_l.

For p = 2 take (t)_+ = ½ (t + |t|) and |t| ≤ ½ (τ + t²/τ) (step 5); Σ π_ij (x_i − x_j) = Σ v_i x_i by step 2.

Several outputs have vectors Π_ij for masses, and |(a)_+ − (b)_+| ≤ |a − b| (step 1) gives ‖F(u)‖ ≤ Σ ‖Π_ij‖ |w·(x_i
− x_j)|.

Step 6 takes small tables, all plans of a family, and all atoms of equation (1), which have the largest correlation
of all units: no correlation is above what a plan says, that of stars is never above that of transport, and a plan of
stars for v says nothing of −v, while one of transport does where there is a bias.""",
)


def positive(z3: Any, value: Any) -> Any:
    """(value)_+ as an expression of z3."""
    return z3.If(value > 0, value, 0)


@THEOREM.step(
    "decided",
    "(a)_+ − (b)_+ ≤ 1[a > 0] (a − b) ≤ (a − b)_+ and ≤ (a)_+ − θ b, |(a)_+ − (b)_+| ≤ |a − b|, (a)_+ = 1[a > 0] a",
    "all real a, b and θ in [0, 1]",
    needs="z3-solver",
)
def one_pair(
    sees: Callable[[Any, Any], Any] = lambda a, b: a > 0, most: int = 1, slope: Fraction = Fraction(1)
) -> None:
    """`sees` is where the difference counts, `most` the largest θ, `slope` the steepest one."""

    def claims(z3: Any, a: Any, b: Any, theta: Any) -> Iterator[tuple[str, Any]]:
        rise = positive(z3, a) - positive(z3, b)
        seen = z3.If(sees(a, b), a - b, 0)
        yield "the star of a pair", rise <= seen
        yield "transport of a pair", seen <= positive(z3, a - b)
        yield "a tangent", z3.Implies(z3.And(theta >= 0, theta <= most), rise <= positive(z3, a) - theta * b)
        size = z3.If(a > b, a - b, b - a)
        yield "vectors", z3.And(rise <= slope * size, -rise <= slope * size)
        yield "the origin", positive(z3, a) == z3.If(sees(a, 0), a, 0)

    for k in range(5):

        def denial(z3: Any, k: int = k) -> Iterator[Any]:
            yield z3.Not(list(claims(z3, *z3.Reals("a b θ")))[k][1])

        decide(f"claim {k + 1} about a pair", denial)


def divergence(plan: Plan, n: int) -> list:
    """Σ_j π_ij − π_ji of the samples; what the origin gives or takes is left out."""
    v: list = [0] * n
    for (i, j), mass in plan.items():
        if i != ORIGIN:
            v[i] = v[i] + mass
        if j != ORIGIN:
            v[j] = v[j] - mass
    return v


@THEOREM.step(
    "identity",
    "Σ v_i h_i = Σ π_ij (h_i − h_j) for the divergence v of π, with h_0 = 0 at the origin",
    "all masses and numbers h, n ≤ 6",
)
def summation_by_parts(divergence: Callable[[Plan, int], list] = divergence) -> None:
    for n in range(1, 7):
        edges = [(i, j) for i in range(ORIGIN, n) for j in range(ORIGIN, n) if i != j]
        names = [f"p{i + 1}_{j + 1}" for i, j in edges]
        gens = PolyRing(sympy.symbols([*names, *(f"h{i}" for i in range(n))]), sympy.QQ).gens
        plan, h = dict(zip(edges, gens, strict=False)), [*gens[len(edges) :], 0]
        left = sum(a * b for a, b in zip(divergence(plan, n), h, strict=False))
        right = sum(mass * (h[i] - h[j]) for (i, j), mass in plan.items())
        require_identity([left], [right], f"summation by parts for n = {n}")


@THEOREM.step(
    "decided",
    "(w·δ)_+ ≤ Σ_l |w_l| (± δ_l)_+ with the signs of w, and (a + b)_+ ≤ (a)_+ + (b)_+",
    "all real w and δ, d ≤ 3",
    needs="z3-solver",
)
def along_the_axes(signs: Callable[[Any, Any], Any] = lambda w, step: w > 0) -> None:
    """`signs` says where +δ_l counts and not −δ_l."""
    for d in (1, 2, 3):

        def denial(z3: Any, d: int = d) -> Iterator[Any]:
            w, step = z3.RealVector("w", d), z3.RealVector("δ", d)
            moved = [a * b for a, b in zip(w, step, strict=True)]
            sizes = [
                z3.If(a > 0, a, -a) * positive(z3, z3.If(signs(a, b), b, -b))
                for a, b in zip(w, step, strict=True)
            ]
            yield positive(z3, z3.Sum(moved)) > z3.Sum(sizes)

        decide(f"a step of {d} features along the axes", denial)


@THEOREM.step(
    "identity",
    "‖w‖²‖A‖² − (Σ |w_l| A_l)² = Σ_{l<m} (|w_l| A_m − |w_m| A_l)², so Σ |w_l| A_l ≤ ‖A‖_2 for ‖w‖_2 = 1",
    "all entries, d ≤ 6",
)
def lagrange(sign: int = -1) -> None:
    """`sign` is the one in the squares."""
    for d in range(1, 7):
        gens = PolyRing(sympy.symbols(f"w:{d} a:{d}"), sympy.QQ).gens
        w, a = gens[:d], gens[d:]
        left = sum(p * p for p in w) * sum(p * p for p in a)
        left -= sum(p * q for p, q in zip(w, a, strict=True)) ** 2
        squares = [(w[k] * a[m] + sign * w[m] * a[k]) ** 2 for m in range(d) for k in range(m)]
        require_identity([left], [sum(squares)], f"Lagrange's identity for d = {d}")


@THEOREM.step(
    "decided",
    "(t)_+ = ½ (t + |t|) ≤ ½ t + ¼ τ + ¼ t²/τ",
    "all real t and τ > 0",
    needs="z3-solver",
)
def parabola(quarter: Fraction = Fraction(1, 4)) -> None:
    """`quarter` is the factor of the two last terms."""

    def denial(z3: Any) -> Iterator[Any]:
        t, tau = z3.Reals("t τ")
        factor = z3.Q(quarter.numerator, quarter.denominator)
        yield from (tau > 0, positive(z3, t) > t / 2 + factor * tau + factor * t * t / tau)

    decide("a ramp is below its parabola", denial)


def moves(plan: Plan, points: Sequence) -> Iterator[tuple[int, list]]:
    """i and π_ij (x_i − x_j) of each edge that costs."""
    for (i, j), mass in plan.items():
        if i != ORIGIN:
            end = points[j] if j != ORIGIN else [0] * len(points[i])
            yield i, [mass * (a - b) for a, b in zip(points[i], end, strict=True)]


def largest(arrows: Sequence[Sequence]) -> Any:
    """max over l and ± of Σ (± entry)_+."""
    columns = list(zip(*arrows, strict=True)) or [()]
    return max(max(sum(max(s * a, 0) for a in column) for s in (1, -1)) for column in columns)


def edge_cost(plan: Plan, points: Sequence) -> Any:
    """What transport says: max_l A_l."""
    return largest([arrow for _, arrow in moves(plan, points)])


def star_cost(plan: Plan, points: Sequence) -> Any:
    """What stars say: the same of the q_i."""
    q: dict[int, list] = {}
    for i, arrow in moves(plan, points):
        q[i] = [a + b for a, b in zip(q.get(i, [0] * len(arrow)), arrow, strict=True)]
    return largest(list(q.values()))


def family(n: int, bias: bool, to_origin: Sequence[int], from_origin: Sequence[int]) -> Iterator[Plan]:
    """Plans with a few masses on each pair of samples and, without a bias, on edges of the origin."""
    pairs = [(i, j) for i in range(n) for j in range(i)]
    choices = ((0, 0), (1, 0), (0, 1), (1, 2)) if bias or n < 3 else ((0, 0), (1, 2))
    for masses in product(choices, repeat=len(pairs)):
        plan = {}
        for (i, j), (there, back) in zip(pairs, masses, strict=True):
            plan |= {(i, j): there, (j, i): back}
        if bias:
            yield plan
            continue
        for out in product(to_origin, repeat=n):
            for into in from_origin:
                yield plan | {(i, ORIGIN): mass for i, mass in enumerate(out)} | {(ORIGIN, 0): into}


TABLES = (((0,), (1,), (3,)), ((2, 1), (-1, 3), (1, -2)), ((0, 0), (1, 2), (1, 2)), ((1, 1), (-1, -1)))


@THEOREM.step(
    "exhaustive",
    "no correlation of an atom of (1) is above what a plan says, of transport with a bias for −v too; stars say less",
    "4 tables of 2 or 3 samples on the line and in the plane, with and without bias, 4 to 432 plans each, p = 1",
)
def small_tables(
    costs: Sequence[Callable] = (star_cost, edge_cost),
    free: Sequence[int] = (-1, 0, 1),
    paid: Sequence[int] = (0, 2),
    both: Sequence[bool] = (False, True),
) -> None:
    """`costs` are those of stars and transport, `free` the masses of stars to the origin, `paid` those from it, `both`
    says for which of them the same plan serves −v."""
    for table, bias in product(TABLES, (True, False)):
        rows, d = homogeneous(table, bias), len(table[0])
        units = unit_wedges([*rows, *axes(d, bias)], d)
        features = list(dict.fromkeys(tuple(relu(dot(row, unit)) for row in rows) for unit in units))
        for cost, signs in zip(costs, both, strict=True):
            masses = free if cost is costs[0] else [mass for mass in free if mass >= 0]
            for plan in family(len(table), bias, masses, paid):
                v = divergence(plan, len(table))
                reached = [sum(a * b for a, b in zip(v, phi, strict=True)) for phi in features]
                if signs and bias:
                    reached += [-value for value in reached]
                says = cost(plan, table)
                case = f"samples {table}, {'a' if bias else 'no'} bias, plan {plan}"
                require(
                    max(reached) <= says, f"{case}: a correlation is {max(reached)}, above {show([says])}"
                )
                if min(plan.values()) >= 0:
                    less = costs[0](plan, table)
                    require(less <= costs[1](plan, table), f"{case}: stars say {less}, above transport")
