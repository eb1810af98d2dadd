"""An activation is a ratio of volumes: the signed distance of a sample to the hyperplane through other samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import Any

import flint
import numpy as np
import sympy
from sympy.polys.rings import PolyElement, PolyRing

from geomnn import algebra
from proofs.generic import decide, determinant, generic, norm_of, real_norm, require_identity
from proofs.statement import Theorem, require

THEOREM = Theorem(
    title="Neurons are volumes and distances",
    section="section 1",
    words=(
        "Let w = ×(x_J) for d−1 samples, or, with a bias, (w, b) = ×(x̃_J) for d homogeneous samples x̃ = (x, 1) or "
        "points at infinity (e, 0); let w ≠ 0. Then w·x is the signed volume of the parallelotope (x, x_J), and "
        "w·x + b up to the sign (−1)^{d−1} that of the parallelotope spanned by the edges of the simplex "
        "(x, x_J) at x_{j_0}; with every anchor a in J, w = ± ×(x_j − x_a) and b = −w·x_a. Divided by ‖w‖_2, the "
        "volume of the base, it is the signed Euclidean distance of x to the hyperplane through the x_J (and 0); "
        "divided by ‖w‖_1 the distance in the ∞-norm, by ‖w‖_∞ that in the 1-norm. The ratio of the simplex "
        "volumes is the distance divided by d. If the x_J are affinely dependent (without a bias: linearly), "
        "then w = 0, w·x + b = 0 for every x, and there is no atom."
    ),
    latex=(
        r"\frac{|w \cdot x + b|}{\|w\|_p} = \min_{h :\, w \cdot h + b = 0} \|x - h\|_q, \quad "
        r"\tfrac1p + \tfrac1q = 1, \qquad w \cdot x + b = \det[\tilde x, \tilde x_{j_0}, \dots, \tilde x_{j_{d-1}}] "
        r"= (-1)^{d-1} \det[x - x_{j_0}, x_{j_1} - x_{j_0}, \dots, x_{j_{d-1}} - x_{j_0}]"
    ),
    argument="""\
Volumes. w·x = det[x, x_J] is the definition of ×. With a bias, subtract the row x̃_a from the other finite rows
of det[x̃, x̃_J]: their last entries become 0, points at infinity have 0 there anyway, and the single 1 in the
last column expands into the determinant of the edges x − x_a, x_j − x_a, up to a sign. For every x this is
(x − x_a)·w, w the cross product of the edges, so b = −w·x_a (step 1).

Euclidean distance. w is orthogonal to the hyperplane and ‖w‖_2 the volume of its edges (gram_volume). The point
f = x − (w·x + b)/(w·w) w lies on the hyperplane, x − f is orthogonal to it, so f is the nearest point and
‖x − f‖ = |w·x + b|/‖w‖_2. Step 2 checks this for hyperplanes through 0; with a bias, shift x_a to 0.

Other norms. For δ = x − h with h on the hyperplane, w·δ = w·x + b. By Hölder |w·δ| ≤ ‖w‖_p ‖δ‖_q, so
‖δ‖_q ≥ |w·x + b|/‖w‖_p, and some vertex of the unit ball of ‖·‖_q is a δ with equality; scaled, it leads to
a nearest point (step 3 decides both; step 4 compares with the first contact of a growing ball).

Simplices. A simplex with base volume B and height h has, at distance s from its apex, a section of volume
B (s/h)^{d−1}; integrated over s this is B h/d. So the ratio of the simplex volumes is h/d, h the distance. Step 5
integrates over the unit simplex; a linear map takes it to any other and multiplies both its volume and its base
times its height (gram_volume) by |det|.

Degenerate bases. By gram_volume, w = ×(edges) = 0 if and only if the edges are dependent; then b = −w·x_a = 0.
So the ratio is 0/0, and such a J gives no atom (step 6). In one dimension with a bias the base is a point, its
volume the empty product 1, and the activation x − x_j itself (step 1 includes d = 1).""",
)


def edges_at(anchor: int, finite: Sequence[Any], infinite: Sequence[Any]) -> list[Any]:
    """Differences of the other samples to the anchor, in order, then the points at infinity as they are."""
    return [row - finite[anchor] for k, row in enumerate(finite) if k != anchor] + list(infinite)


def offset(normal: Any, anchor: Any) -> Any:
    """b = −w·x_a."""
    return -(normal @ anchor)


@THEOREM.step(
    "identity",
    "×(x̃_J) = ± (w, −w·x_a), w = ×(edges at x_a), sign (−1)^{d+1+a} for the anchor in place a of J",
    "all entries, d ≤ 5, every anchor, up to d−1 points at infinity",
)
def homogeneous_wedge(
    edges: Callable[..., list[Any]] = edges_at, intercept: Callable[[Any, Any], Any] = offset
) -> None:
    for dimension in range(1, 6):
        symbols = generic(dimension, dimension)
        for ideal in range(dimension):
            finite, infinite = np.split(symbols.rows, [dimension - ideal])
            last = [[1]] * len(finite) + [[0]] * ideal
            normal = symbols.normal(algebra.cross_product(np.hstack([symbols.rows, last])))
            for anchor in range(len(finite)):
                spanned = np.array(edges(anchor, finite, infinite), dtype=object).reshape(-1, dimension)
                weight = symbols.normal(algebra.cross_product(spanned))
                parity = (-1) ** (dimension + 1 + anchor)
                expected = [*weight, intercept(weight, symbols.polynomials[anchor])]
                claim = f"×(x̃_J) − ±(w, b), d = {dimension}, anchor {anchor}, {ideal} points at infinity"
                require_identity(normal, parity * np.array(expected, dtype=object), claim)


@THEOREM.step(
    "identity",
    "f = x − (w·x/w·w) w lies in the span of x_J, x − f is orthogonal to it, and ‖x − f‖² vol(x_J)² = det[x, x_J]²",
    "all entries, d ≤ 4 (that f lies in the span: d ≤ 3)",
)
def euclidean_distance(base: Callable[[Any], Any] = algebra.volume) -> None:
    for dimension in range(2, 5):
        symbols = generic(dimension, dimension)
        x, *members = symbols.polynomials
        weight = symbols.normal(algebra.cross_product(symbols.rows[1:]))
        along, squared, claim = weight @ x, weight @ weight, f"d = {dimension}"
        step = weight * along  # x − f, times w·w, which makes a polynomial of it
        require_identity(
            np.array(members) @ step, [0] * len(members), f"x − f not orthogonal to x_J, {claim}"
        )
        if dimension <= 3:
            require_identity(determinant([x * squared - step, *members]), 0, f"f not in the span, {claim}")
        # ‖x − f‖² = (w·x)² (w·w)/(w·w)²; multiply by w·w vol²
        left = along**2 * symbols.normal(base(symbols.rows[1:]) ** 2)
        require_identity(left, determinant([x, *members]) ** 2 * squared, f"‖x − f‖² vol² − det², {claim}")


def ball_vertices(exponent: float, dimension: int) -> Iterator[tuple[int, ...]]:
    """Vertices of the unit ball of the 1-norm (± e_l) or of the ∞-norm (all sign patterns)."""
    corners = product((1, -1), repeat=dimension)
    ends = (tuple(s * (k == axis) for k in range(dimension)) for axis in range(dimension) for s in (1, -1))
    return ends if exponent == 1 else corners


def dual_exponent(exponent: float) -> float:
    """q with 1/p + 1/q = 1, for p = 1 and ∞."""
    return np.inf if exponent == 1 else 1


@THEOREM.step(
    "decided",
    "w·δ ≤ ‖w‖_p ‖δ‖_q, and some vertex δ of the unit ball of ‖·‖_q has equality",
    "all real w and δ, (p, q) = (1, ∞) and (∞, 1), d ≤ 3",
    needs="z3-solver",
)
def hoelder(dual: Callable[[float], float] = dual_exponent) -> None:
    for exponent, dimension in product((1, np.inf), (1, 2, 3)):
        other = dual(exponent)
        claim = f"p = {exponent}, q = {other}, d = {dimension}"

        def missed(z3: Any, exponent=exponent, other=other, dimension=dimension) -> Iterator[Any]:
            weight = z3.Reals(" ".join(f"w{k}" for k in range(dimension)))
            for corner in ball_vertices(other, dimension):
                value = z3.Sum([s * entry for s, entry in zip(corner, weight, strict=True)])
                yield value != real_norm(z3, exponent, weight)

        def exceeded(z3: Any, exponent=exponent, other=other, dimension=dimension) -> Iterator[Any]:
            weight, offsets = (z3.Reals(" ".join(f"{name}{k}" for k in range(dimension))) for name in "wδ")
            bound = real_norm(z3, exponent, weight) * real_norm(z3, other, offsets)
            yield z3.Sum([a * b for a, b in zip(weight, offsets, strict=True)]) > bound

        decide(f"w·δ ≤ ‖w‖_p ‖δ‖_q, {claim}", exceeded)
        decide(f"a vertex with w·δ = ‖w‖_p, {claim}", missed)


@THEOREM.step(
    "exhaustive",
    "|w·x + b|/‖w‖_p is the size at which a ball of ‖·‖_q about x first meets the hyperplane",
    "w ∈ {−2..2}^d without 0, w·x + b ∈ {−2..2}, d ≤ 3, p = 1 and ∞",
)
def first_contact(dual: Callable[[float], float] = dual_exponent) -> None:
    for exponent, dimension in product((1, np.inf), (1, 2, 3)):
        corners = list(ball_vertices(dual(exponent), dimension))
        for weight in product(range(-2, 3), repeat=dimension):
            slopes = [sum(a * b for a, b in zip(weight, corner, strict=True)) for corner in corners]
            for value in range(-2, 3) if any(weight) else ():
                # the linear form takes its extremes over the ball about x at vertices x + t·corner
                contacts = [Fraction(-value, slope) for slope in slopes if slope]
                contact = min(size for size in contacts if size >= 0)
                feature = Fraction(abs(value), norm_of(exponent, weight))
                claim = f"w = {weight}, w·x + b = {value}, p = {exponent}: contact at {contact}, feature {feature}"
                require(contact == feature, claim)


def integrate(polynomial: PolyElement, variable: int) -> PolyElement:
    """∫_0^1 over one variable of a ring, by the power rule."""
    ring, total = polynomial.ring, polynomial.ring.zero
    for powers, coefficient in polynomial.terms():
        rest = (*powers[:variable], 0, *powers[variable + 1 :])
        total += ring({rest: coefficient / (powers[variable] + 1)})
    return total


def simplex_volume(dimension: int) -> Any:
    """Volume of {t ≥ 0, Σ t ≤ 1}, with t_l = (1 − s_l) Π_{m<l} s_m so that s runs through a cube."""
    symbols = sympy.symbols(f"s:{dimension}")
    ring = PolyRing(symbols, sympy.QQ)
    jacobian = [[ring.zero] * dimension for _ in range(dimension)]
    front = ring.one
    for row, gen in enumerate(ring.gens):
        coordinate, front = (1 - gen) * front, front * gen
        jacobian[row] = [coordinate.diff(other) for other in ring.gens]
    density = (-1) ** dimension * determinant(jacobian)
    for variable in range(dimension):
        density = integrate(density, variable)
    return density.coeff(1)


@THEOREM.step(
    "identity",
    "the unit simplex has the volume of its base, times its height 1, divided by d",
    "d ≤ 5, by integration",
)
def simplex_ratio(share: Callable[[int], Any] = lambda dimension: Fraction(1, dimension)) -> None:
    for dimension in range(2, 6):
        whole, base = simplex_volume(dimension), simplex_volume(dimension - 1)
        expected = sympy.QQ(share(dimension).numerator, share(dimension).denominator)
        require(whole == expected * base, f"volume {whole} over base {base}, height 1, d = {dimension}")


def affinely_dependent(members: Sequence[Sequence[int]]) -> bool:
    """Whether the points lie in a flat of lower dimension than their number allows."""
    return flint.fmpz_mat([[*row, 1] for row in members]).rank() < len(members)


@THEOREM.step(
    "exhaustive",
    "w = 0 if and only if the x_J are affinely dependent, and only then w·x + b = 0 for every x",
    "every J with repetitions, and every x, from the grid {0, 1, 2}^d, d ≤ 3",
)
def degenerate_bases(dependent: Callable[[Any], bool] = affinely_dependent) -> None:
    for dimension in (1, 2, 3):
        grid = list(product(range(3), repeat=dimension))
        for members in combinations_with_replacement(grid, dimension):
            rows = [[Fraction(value) for value in (*row, 1)] for row in members]
            normal = algebra.cross_product(rows)
            zero = not any(normal[:dimension])
            require(zero == dependent(members), f"×(x̃_J) = {list(map(str, normal))} for J = {members}")
            values = [sum(a * b for a, b in zip(normal, (*x, 1), strict=True)) for x in grid]
            require(any(values) != zero, f"w·x + b = {list(map(str, values))} on the grid for J = {members}")
