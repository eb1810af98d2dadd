"""For p = 2 without bias the wedges alone lose at most the factor 1/cos θ, θ the angular diameter of the chambers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.faces_for_two_norm import best_face_square, every_size, signed_square
from proofs.finite import Vector, box, dot, homogeneous, kernel, rank, unit_wedges
from proofs.generic import decide, require_identity
from proofs.statement import Theorem, require

THEOREM = Theorem(
    title="The angle bound",
    section="section 2, first paragraph",
    words=(
        "Let p = 2, no bias, samples of rank d, and L ≥ 0. If any two vectors of one chamber {s_i x_i·u ≥ 0} have an "
        "angle of at most θ < π/2, then optimum ≤ wedge value ≤ optimum/cos θ; the wedge value is that of (C) over the "
        "atoms ± ×(J)/‖×(J)‖_2, J of d−1 samples. The factor may be replaced by (d/(1 + (d−1) cos θ))^½, which is "
        "never larger. The premise fails for n ≤ d samples, d ≥ 2, and in homogeneous coordinates with a bias, where "
        "one chamber has weights of every direction."
    ),
    latex=(
        r"\mathrm{optimum} \le \mathrm{wedge\ value} \le "
        r"\sqrt{\frac{d}{1 + (d-1) \cos\theta}} \; \mathrm{optimum} \le \frac{\mathrm{optimum}}{\cos\theta}"
    ),
    argument="""\
The first inequality holds because the wedges are some of the units.

Rays. As the rank is d, a chamber contains no line and is the cone of its extreme rays. An extreme ray is where d−1
independent samples are tight, so its unit is a wedge. By Carathéodory a unit u of the chamber is u = Σ c_k r_k with
c ≥ 0 and at most d unit rays r_k, and r_k·r_l ≥ t := cos θ > 0.

Coefficients. 1 ≥ u·r_1 = Σ c_k r_k·r_1 ≥ t S with S = Σ c_k, so S ≤ 1/t. More precisely, for K ≤ d rays, step 1
writes K‖u‖² − (1 + (K−1) t) S² as a sum of terms that are not negative, as 0 < t ≤ 1, c ≥ 0 and r_k·r_l ≥ t; with
‖u‖ = 1, S² ≤ K/(1 + (K−1) t). This grows with K, and is at most 1/t ≤ 1/t² (step 2). Rays at equal angles and equal c
have equality. As the r_k are units, S ≥ ‖u‖ = 1.

Activations. They are linear on the chamber: φ(u) = Σ c_k φ(r_k). Hence the maximum of Σ v_i φ_i over units is at most
S times that over wedges, if it is positive (step 3, exactly). In an optimal z of (C) put z_u c_k on r_k: the outputs
stay, and Σ‖z‖ becomes at most S Σ‖z‖. As L ≥ 0 and S ≥ 1, L + reg S Σ‖z‖ ≤ S (L + reg Σ‖z‖) (step 4).

Where it is vacuous. If the rank is below d, some u ≠ 0 is orthogonal to all samples, and u and −u lie in every chamber.
If n = d and the rank is d, every choice of signs of the d rays spans a chamber; for two of them, r_1·r_2 ≤ 0 or
r_1·(−r_2) ≤ 0. With a bias, (w, b) makes every sample active if b is large enough, for each w (step 5).""",
)

# the rows e_l ± e_m of space: 24 chambers, whose rays have cosines of at least 1/3
ROOTS = ((1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1))
HALF_TURN = ((1, 0), (2, 1), (1, 1), (1, 2), (0, 1), (-1, 2), (-1, 1), (-2, 1))


@THEOREM.step(
    "identity",
    "K‖Σ c_k r_k‖² − (1 + (K−1) t) S² = (1 − t) Σ_{k<l} (c_k − c_l)² + 2K Σ_{k<l} c_k c_l (r_k·r_l − t), S = Σ c_k",
    "all c, t, and numbers r_k·r_l with r_k·r_k = 1, K ≤ 6; for c ≥ 0 and r_k·r_l ≥ t no term on the right is negative",
)
def coefficients_are_bounded(
    factor: Callable[[Any, int], Any] = lambda t, count: 1 + (count - 1) * t,
) -> None:
    """`factor` times S² is what K‖u‖² is compared with."""
    for count in range(1, 7):
        pairs = list(combinations(range(count), 2))
        names = ["t", *(f"c{k}" for k in range(count)), *(f"r{k}r{m}" for k, m in pairs)]
        t, *gens = PolyRing(names, sympy.QQ).gens
        c, cosines = gens[:count], dict(zip(pairs, gens[count:], strict=True))
        length = sum(a * a for a in c) + sum(2 * c[k] * c[m] * cosines[k, m] for k, m in pairs)
        left = count * length - factor(t, count) * sum(c) ** 2
        spread = sum((c[k] - c[m]) ** 2 for k, m in pairs)
        right = (1 - t) * spread + 2 * count * sum(c[k] * c[m] * (cosines[k, m] - t) for k, m in pairs)
        require_identity(left, right, f"the two sides for K = {count}")


@THEOREM.step(
    "decided",
    "1 ≤ d/(1 + (d−1) t) ≤ 1/t ≤ 1/t² for 0 < t ≤ 1, and the second grows with d",
    "all real t and d ≥ 1",
    needs="z3-solver",
)
def factors_compare(least: int = 0) -> None:
    """`least` is what the cosine is known to exceed."""

    def unordered(z3: Any) -> Iterator[Any]:
        t, d = z3.Reals("t d")
        yield from (t > least, t <= 1, d >= 1)
        sharp = d / (1 + (d - 1) * t)
        grows = sharp <= (d + 1) / (1 + d * t)
        yield z3.Not(z3.And(sharp >= 1, grows, sharp * t <= 1, t * t <= t))

    decide("the factors are in this order", unordered)


def wedge_rays(samples: Sequence[Sequence[int]]) -> list[Vector]:
    """The wedges ± ×(J), of any length."""
    points = homogeneous(samples, False)
    return unit_wedges(points, len(points[0]))


def squared_cosines(samples: Sequence[Sequence[int]], rays: Sequence[Vector]) -> list[Fraction]:
    """The signed cos² of any two wedges that lie in one chamber: that no sample separates."""
    sides = [[dot(point, ray) for point in homogeneous(samples, False)] for ray in rays]
    found = []
    for (i, first), (j, second) in combinations(enumerate(rays), 2):
        if all(a * b >= 0 for a, b in zip(sides[i], sides[j], strict=True)):
            inner = dot(first, second)
            found.append(inner * abs(inner) / (dot(first, first) * dot(second, second)))
    return found


@THEOREM.step(
    "exhaustive",
    "cos²θ max F² over units ≤ max F² over wedges, also with the sharper factor, where max F > 0 and θ < π/2",
    "any 3 of 8 directions of the plane, v ∈ {−1,0,1}³, any 4, v ∈ {0,1}⁴; the 6 rows e_l ± e_m of space, v ∈ {0,1}⁶",
)
def maxima_compare(factor: Callable[[Fraction, int], bool] | None = None) -> None:
    """The maximum over units is taken over the faces, by faces_for_two_norm.

    `factor` says whether a ratio wedge²/unit² is large enough for cos²θ and d.
    """
    enough = factor or _large_enough
    families = [(rows, (-1, 0, 1)) for rows in combinations(HALF_TURN, 3)]
    families += [(rows, (0, 1)) for rows in (*combinations(HALF_TURN, 4), ROOTS)]
    tested = 0
    for samples, entries in families:
        rays, points = wedge_rays(samples), homogeneous(samples, False)
        cosine = min(squared_cosines(samples, rays))
        for v in product(entries, repeat=len(samples)) if cosine > 0 else ():
            unit = best_face_square(points, v, False, every_size(len(points[0])))
            wedge = max(signed_square(points, v, ray, False) for ray in rays)
            case = f"samples {samples}, v = {v}: F² = {unit} at a unit, {wedge} at a wedge, cos²θ = {cosine}"
            require(not unit or enough(wedge / unit, cosine, len(points[0])), case)
            tested += bool(unit)
    require(tested > 0, "no case has an angle below π/2")


def _large_enough(ratio: Fraction, cosine: Fraction, dimension: int) -> bool:
    """ratio ≥ cos²θ, and ratio ≥ (1 + (d−1) cos θ)/d with the square root cleared."""
    rest = dimension * ratio - 1
    return ratio >= cosine and rest >= 0 and rest * rest >= (dimension - 1) ** 2 * cosine


@THEOREM.step(
    "decided",
    "L + reg S Σ‖z‖ ≤ S (L + reg Σ‖z‖) for S ≥ 1 and L ≥ 0",
    "all real L, S, Σ‖z‖ ≥ 0, reg > 0",
    needs="z3-solver",
)
def objectives_compare(least_loss: int = 0) -> None:
    def rises(z3: Any) -> Iterator[Any]:
        loss, factor, total, reg = z3.Reals("L S Σ‖z‖ reg")
        yield from (loss >= least_loss, factor >= 1, total >= 0, reg > 0)
        yield loss + reg * factor * total > factor * (loss + reg * total)

    decide("the objective grows by the factor at most", rises)


@THEOREM.step(
    "exhaustive",
    "n ≤ d samples: vectors of one chamber have an angle of π/2 or more; with a bias, one chamber has weights w and −w",
    "all sets of 1..d rows of {−2..2}² and of {0,1}³; w ∈ {−2..2}^d",
)
def vacuous(most: Callable[[int], int] = lambda dimension: dimension) -> None:
    """`most` is the largest number of samples for which the premise is said to fail."""
    for dimension, entries in ((2, range(-2, 3)), (3, (0, 1))):
        rows = list(product(entries, repeat=dimension))
        for samples in (some for n in range(1, most(dimension) + 1) for some in combinations(rows, n)):
            points = homogeneous(samples, False)
            if rank(points) < dimension:
                line = kernel(points, dimension)[0]
                require(not any(dot(point, line) for point in points), f"{samples}: {line} is in no chamber")
            else:
                cosine = min(squared_cosines(samples, wedge_rays(samples)))
                require(cosine <= 0, f"{samples}: the cosines are at least the root of {cosine}")
            for weight in box(dimension, 2):
                b = max(abs(dot(point, weight)) for point in points)
                active = (dot(point, w) + b >= 0 for point in points for w in (weight, [-a for a in weight]))
                require(all(active), f"{samples}: not all active at w = ±{weight}, b = {b}")
