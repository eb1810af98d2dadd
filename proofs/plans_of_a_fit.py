"""The best residual for plans is that of a convex fit, whose multipliers are the plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import dot, relu, show
from proofs.generic import require_identity
from proofs.plans import divergence, edge_cost, star_cost
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)

THEOREM = Theorem(
    title="The multipliers of a fit are plans",
    section="section 9, L4 to L6 and L12",
    words="""\
Squared loss with weights s_i > 0, p = 1. The largest D(v) = v·y − ½ Σ v_i²/s_i over all v that have a plan of
transport of cost max_l A_l ≤ reg is the value of a convex fit, the least

    ½ Σ s_i (f_i − y_i)² + reg Σ_l (μ_l^+ + μ_l^-)   with  f_i − f_j ≤ Σ_l μ_l^+ (x_i − x_j)_l^+ + μ_l^- (x_j − x_i)_l^+

for all i, j; for plans of stars, one for v and one for −v, it is that over differences f = f' − f'' of two convex
functions with subgradients g_i at the samples, −μ_l^- ≤ g_il ≤ μ_l^+, each with μ of its own. v = s (y − f), and the
multipliers of the inequalities are the plans. Without a bias there are two functions for transport, too; all are ≥
0, and 0 at the origin, and those of stars homogeneous: f_i = g_i·x_i, f_j ≥ g_i·x_j. On the line, with a bias, the
fit over stars is the training problem (T) itself.""",
    latex=r"""
\max_{\pi\ge 0}\bigl\{D(\operatorname{div}\pi):\ A_l^{\pm}(\pi)\le\mathrm{reg}\bigr\}=\min_{f,\,\mu\ge 0}
\Bigl\{\tfrac12\sum_i s_i(f_i-y_i)^2+\mathrm{reg}\sum_l(\mu_l^++\mu_l^-):\ f\in\mathcal C(\mu)\Bigr\},\qquad v=s\,(y-f)
""",
    argument="""\
Let (f, μ) be any point of the fit and π any plan of cost at most reg, v = div π. Step 1 is the gap:

    ½ Σ s (f − y)² + reg Σ μ − D(v) = ½ Σ s (v/s − (y − f))² + (reg Σ μ − v·f),

and the bracket is a sum of products of a multiplier and a slack (step 2 for transport, step 3 for stars, with p^± ≥
0 for the parts of the q_il): π_ij times that of its pair, μ_l^± times reg − A_l^±, and for stars (μ_l^± ∓ g_il)
times the part of q_il with this sign. All factors are ≥ 0, so no D(v) is above any value of the fit. Both are convex
quadratic programs with linear constraints, feasible (f constant; π = 0) and the fit is bounded below, so they have
solutions with equal values (strong duality), where v = s (y − f) and all products vanish. For stars take f' with the
plan of v, f'' with that of −v, and add. Linear in v instead of D, the same identities say that the least cost of a
plan for v is the largest Σ v_i φ(x_i) over the class with Σ μ = 1.

Every unit of ‖w‖_1 = 1 is in both classes, with μ = its w^±: the fits are relaxations of (C), and no network is
below.

On the line a convex function with subgradients within [−μ^-, μ^+] is on the samples, up to a constant, Σ c_k (x −
a_k)_+ + Σ c'_k (a_k − x)_+ with kinks at samples and Σ c + c' ≤ μ^- + μ^+ (step 4): its slopes rise; the falling
ones below a minimum are made of ramps to the left, the others of ramps to the right. So the fit over stars costs no
less than (C).

Steps 5 and 6 are worked: a plan on the plane with its fit, and plans of stars on the line, whose fit is a network.""",
)


def symbols(*names: str) -> Iterator[Any]:
    return iter(PolyRing(sympy.symbols(names), sympy.QQ).gens)


@THEOREM.step(
    "identity",
    "the gap is ½ Σ s (v/s − (y − f))² + (reg Σ μ − v·f)",
    "all entries and weights, n ≤ 4; v/s and reg Σ μ as symbols",
)
def gap(half: Fraction = HALF) -> None:
    """`half` is the factor of Σ v²/s in D."""
    for n in range(1, 5):
        gens = symbols(*(f"{kind}{i}" for kind in "fysr" for i in range(n)), "cost")
        f, y, s, r = ([next(gens) for _ in range(n)] for _ in "fysr")  # r = v/s
        cost, rows = next(gens), list(zip(f, y, s, r, strict=True))
        loss = sum(c * (a - b) ** 2 for a, b, c, _ in rows) * sympy.Rational(HALF)
        dual = sum(c * d * b for _, b, c, d in rows) - sympy.Rational(half) * sum(
            c * d * d for *_, c, d in rows
        )
        square = sum(c * (d - (b - a)) ** 2 for a, b, c, d in rows) * sympy.Rational(HALF)
        bracket = cost - sum(c * d * a for a, _, c, d in rows)
        require_identity([loss + cost - dual], [square + bracket], f"the gap for n = {n}")


@THEOREM.step(
    "identity",
    "reg Σ μ − v·f = Σ π_ij (rise allowed − rise) + Σ_l μ_l^± (reg − A_l^±)",
    "all entries, n ≤ 4, d ≤ 2; parts of x_i − x_j above and below 0 as symbols",
)
def slack_of_transport(moves: Callable = divergence) -> None:
    """`moves` is the divergence of a plan."""
    for n, d in product(range(2, 5), (1, 2)):
        edges = [(i, j) for i in range(n) for j in range(n) if i != j]
        parts = [(edge, sign, k) for edge in edges for sign in "+-" for k in range(d)]
        gens = symbols(
            *(f"p{i}{j}" for i, j in edges),
            *(f"x{i}{j}{'ab'[sign == '-']}{k}" for (i, j), sign, k in parts),
            *(f"f{i}" for i in range(n)),
            *(f"m{sign}{k}" for sign in "ab" for k in range(d)),
            "reg",
        )
        plan = {edge: next(gens) for edge in edges}
        step = {part: next(gens) for part in parts}
        f = [next(gens) for _ in range(n)]
        mu = {(sign, k): next(gens) for sign in "+-" for k in range(d)}
        reg = next(gens)
        allowed = {e: sum(m * step[e, sign, k] for (sign, k), m in mu.items()) for e in edges}
        pairs = sum(plan[i, j] * (allowed[i, j] - f[i] + f[j]) for i, j in edges)
        costs = {key: sum(plan[e] * step[e, *key] for e in edges) for key in mu}
        total = pairs + sum(m * (reg - costs[key]) for key, m in mu.items())
        left = reg * sum(mu.values()) - sum(a * b for a, b in zip(moves(plan, n), f, strict=True))
        require_identity([left], [total], f"transport for n = {n}, d = {d}")


@THEOREM.step(
    "identity",
    "reg Σ μ − v·f = Σ π_ij (f_j − f_i − g_i·(x_j − x_i)) + Σ (μ_l^± ∓ g_il) p_il^± + Σ μ_l^± (reg − Σ_i p_il^±), and "
    "the terms of the origin",
    "all entries with p^+ − p^- = q, n ≤ 3, d ≤ 2; masses to the origin of any sign",
)
def slack_of_stars(price: int = 1) -> None:
    """`price` is that of an edge from the origin in terms of f_j ≥ 0."""
    for n, d in product((2, 3), (1, 2)):
        edges = [(i, j) for i in range(n) for j in range(n) if i != j]
        rows = [f"{kind}{i}{k}" for kind in "xgb" for i in range(n) for k in range(d)]
        gens = symbols(
            *(f"p{i}{j}" for i, j in edges),
            *rows,
            *(f"{kind}{i}" for kind in "fcz" for i in range(n)),
            *(f"m{sign}{k}" for sign in "ab" for k in range(d)),
            "reg",
        )
        plan = {edge: next(gens) for edge in edges}
        x, g, below = ([[next(gens) for _ in range(d)] for _ in range(n)] for _ in "xgb")
        f, c, z = ([next(gens) for _ in range(n)] for _ in "fcz")
        up, down = ([next(gens) for _ in range(d)] for _ in "+-")
        reg = next(gens)
        inner = lambda a, b: sum(p * q for p, q in zip(a, b, strict=True))  # noqa: E731
        v = [a + b - e for a, b, e in zip(divergence(plan, n), c, z, strict=True)]
        total, above = 0, []
        for (i, j), mass in plan.items():
            total = total + mass * (f[j] - f[i] + inner(g[i], x[i]) - inner(g[i], x[j]))
        for i in range(n):
            q = [
                sum(plan[i, j] * (x[i][k] - x[j][k]) for j in range(n) if j != i) + c[i] * x[i][k]
                for k in range(d)
            ]
            above.append([a + b for a, b in zip(q, below[i], strict=True)])  # p^+ = q + p^-
            total = total + c[i] * (inner(g[i], x[i]) - f[i]) + price * z[i] * f[i]
            total = total + sum(
                (up[k] - g[i][k]) * above[i][k] + (down[k] + g[i][k]) * below[i][k] for k in range(d)
            )
        for slope, part in ((up, above), (down, below)):
            total = total + sum(slope[k] * (reg - sum(row[k] for row in part)) for k in range(d))
        left = reg * (sum(up) + sum(down)) - inner(v, f)
        require_identity([left], [total], f"stars for n = {n}, d = {d}")


@THEOREM.step(
    "exhaustive",
    "a convex function of the line is, on the samples, a constant and ramps of total weight at most μ^- + μ^+",
    "x = 0, 1, 3, 4, 7; slopes that rise from −3 or more to 3 or less, in integers",
)
def convex_is_ramps(weight: Fraction = Fraction(1)) -> None:
    """`weight` of all ramps, relative to what is allowed."""
    x = (0, 1, 3, 4, 7)
    for slopes in product(range(-3, 4), repeat=len(x) - 1):
        if any(b < a for a, b in pairwise(slopes)):
            continue
        phi = [0]
        for slope, (a, b) in zip(slopes, pairwise(x), strict=True):
            phi.append(phi[-1] + slope * (b - a))
        falling, rising = [min(slope, 0) for slope in slopes] + [0], [0] + [max(slope, 0) for slope in slopes]
        left = {x[k + 1]: falling[k + 1] - falling[k] for k in range(len(slopes))}
        right = {x[k]: rising[k + 1] - rising[k] for k in range(len(slopes))}
        ramps = [
            sum(c * max(a - t, 0) for a, c in left.items()) + sum(c * max(t - a, 0) for a, c in right.items())
            for t in x
        ]
        case = f"slopes {slopes}: ramps {left} to the left and {right} to the right"
        require(len({a - b for a, b in zip(phi, ramps, strict=True)}) == 1, f"{case} are another function")
        total = sum(left.values()) + sum(right.values())
        allowed = weight * (max(-slopes[0], 0) + max(slopes[-1], 0))
        require(min([*left.values(), *right.values()]) >= 0, f"{case} with a weight below 0")
        require(total <= allowed, f"{case} weigh {total}, above {allowed}")


PLANE = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 1))
PLAN = {(1, 0): 3, (1, 3): 7, (2, 0): 7, (2, 3): 5, (4, 3): 4}


@THEOREM.step(
    "instance",
    "a plan of transport and its fit have one value, 15/28, below which no network of any depth comes",
    "five samples of the plane, y = (0, 1, 1, 0, 1), reg = 1/4",
)
def on_the_plane(
    plan: dict = PLAN, up: Sequence = (Fraction(2, 7), Fraction(3, 14)), down: Sequence = (0, Fraction(1, 14))
) -> None:
    """`plan` in units of 1/28, `up` and `down` are μ^±."""
    y = [Fraction(value) for value in (0, 1, 1, 0, 1)]
    masses = {edge: Fraction(mass, 28) for edge, mass in plan.items()}
    v = divergence(masses, 5)
    require(edge_cost(masses, PLANE) <= QUARTER, f"the plan costs {edge_cost(masses, PLANE)}")
    f = [a - b for a, b in zip(y, v, strict=True)]
    for i, j in product(range(5), repeat=2):
        steps = [a - b for a, b in zip(PLANE[i], PLANE[j], strict=True)]
        allowed = sum(m * relu(Fraction(s)) for m, s in zip(up, steps, strict=True))
        allowed += sum(m * relu(Fraction(-s)) for m, s in zip(down, steps, strict=True))
        require(
            f[i] - f[j] <= allowed, f"f rises by {f[i] - f[j]} from sample {j} to {i}, more than {allowed}"
        )
    value = dot(v, v) * HALF + QUARTER * (sum(up) + sum(down))
    bound = dot(v, y) - dot(v, v) * HALF
    require(value == bound == Fraction(15, 28), f"the fit has the value {value}, the plan {bound}")


@THEOREM.step(
    "instance",
    "two plans of stars have the value of a network of two ramps, 17/64",
    "x = (0, 1, 3), y = (0, 1, 0), reg = 1/4",
)
def on_the_line(cost: Callable = star_cost, ramps: Sequence = (Fraction(-3, 8), Fraction(-1, 4))) -> None:
    """`ramps` are the coefficients of (1 − x)_+ and (x − 1)_+."""
    x, y = (0, 1, 3), [Fraction(value) for value in (0, 1, 0)]
    points = [(a,) for a in x]
    first = {(1, 0): Fraction(1, 4), (1, 2): Fraction(1, 8)}
    second = {(j, i): mass for (i, j), mass in first.items()}
    v = divergence(first, 3)
    for plan in (first, second):
        require(cost(plan, points) <= QUARTER, f"a plan costs {cost(plan, points)}")
    require(cost(first, points) == 0, f"the first plan costs {cost(first, points)}")
    outputs = [ramps[0] * max(1 - a, 0) + ramps[1] * max(a - 1, 0) for a in x]
    t = sum((a - b for a, b in zip(y, outputs, strict=True)), Fraction(0)) / 3
    residual = [a - b - t for a, b in zip(y, outputs, strict=True)]
    value = dot(residual, residual) * HALF + QUARTER * sum(map(abs, ramps))
    bound = dot(v, y) - dot(v, v) * HALF
    require(residual == v, f"the residual is {show(residual)} and not {show(v)}")
    require(value == bound == Fraction(17, 64), f"the network has the value {value}, the plans {bound}")
