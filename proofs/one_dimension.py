"""One dimension in closed form: ramps, areas, chains of unit width, and a worked example with its certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from geomnn import algebra
from proofs.finite import Vector, basis_pursuit, basis_vectors, centred, dot, homogeneous, relu, unit_wedges
from proofs.generic import decide, generic, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="One dimension",
    section="sections 1 and 7",
    words="""\
(a) For d = 1 with a bias the features of equation (1) are (x − x_j)_+ and (x_j − x)_+. For d = 2 without a bias the
wedges of samples have the features |x_i ∧ x_j|_+/‖x_j‖_1, the areas of parallelograms over a length.
(b) Chains of unit width: φ_1(x) = x, φ_{l+1}(x) = (s_l (φ_l(x) − φ_l(a_l)))_+, s_l = ±1. For every choice of signs
and of real a_l, φ_2 is a ramp, and φ_3 and φ_4 are, up to sign and a constant, ramps or ramps clipped on an interval;
the steps give the interval. So a fourth layer, reflections 2x_j − x_i for a_1 included, never lowers the cost
Σ |z| of interpolation, the output bias being free; it gives other optima.
(c) For |·| in the place of (·)_+ the second layer vanishes at a_2 and at its reflection 2a_1 − a_2.
(d) For x = (0, 4, 5, 7, 10, 11), y = (0, 0, 0, 2, 3, 3) and reg → 0 the least cost is 2, 1, 1 for two, three and four
layers, over all real biases. Optimal are: the ramps at 5, 7, 10 with the coefficients 1, −2/3, −1/3; the ramps
clipped on (5, 7) and (5, 10) with 2/3 and 1/3; one ramp clipped on (5, 8), where 8 is the reflection of 0 about 4.""",
    latex=r"""
\varphi_1(x)=x,\quad \varphi_{l+1}(x)=\bigl(s_l(\varphi_l(x)-\varphi_l(a_l))\bigr)_+;\qquad
\min\Bigl\{\sum_u|z_u|:\ \sum_u z_u\varphi_u(x_i)+t=y_i\ \forall i\Bigr\}=\max\Bigl\{v\cdot y:\
|v\cdot\varphi_u|\le 1\ \forall u,\ \sum_i v_i=0\Bigr\}
""",
    argument="""\
(a) With a bias a set J has one member. ×((x_j, 1)) is ±(1, −x_j), of ‖w‖_1 = 1; the point at infinity (1, 0) gives
w = 0, no atom. In the plane x_i·×(x_j) = det[x_i, x_j] = x_i ∧ x_j, the signed area. Steps 1 and 2.

(b) Put t = s_1 x and A_l = s_1 a_l, and let clip(t; p, q) = min(max(t, p), q). Step 3 decides the closed forms, with
B = max(A_1, A_2) and C = clip(A_3; A_1, B):
φ_3 is (t − B)_+ for s_2 = +1 and B − clip(t; A_1, B) for s_2 = −1;
φ_4 is (t − max(B, A_3))_+, max(B, A_3) − clip(t; B, max(B, A_3)), C − clip(t; A_1, C), clip(t; C, B) − C for
(s_2, s_3) = (+, +), (+, −), (−, +), (−, −).

Cost. Weak duality: if Σ zφ + t1 = y, |v·φ| ≤ 1 and Σ v_i = 0, then v·y = Σ z (v·φ) ≤ Σ |z|; both are optimal if they
are equal, and by linear programming an optimal v exists. Take v optimal for three layers with a_l at samples, and let
F(a) = Σ v_i (x_i − a)_+. F is affine between neighbouring samples and constant outside of them, since Σ v_i = 0. As
clip(x; p, q) = p + (x − p)_+ − (x − q)_+, each chain of at most four layers has v·φ = ±(F(p) − F(q)) for some p ≤ q, or
±F(p) = ±(F(p) − F(max x_i)), or, for a ramp that falls, ±(F(min x_i) − F(p)). The difference of F at two points is
largest at two samples, and there it is v·φ of a three-layer chain, so |v·φ| ≤ 1 for every chain: v is feasible for
four layers, and the cost is not lower. Step 4 compares the costs on small data.

(c) ||x − a_1| − |a_2 − a_1|| = 0 says that x is as far from a_1 as a_2 is (step 5). A chain of ramps is monotone
and folds nothing, which is why reflections do not help it.

(d) reg → 0. Let the least cost of interpolation be m with a dual v. The interpolating network has the objective
reg·m in (C), and reg·v in the dual gives reg·m − reg²‖v‖²/2: the optimum divided by reg tends to m. Step 6 finds a
basis-pursuit solution and a dual vector by the simplex method in rational numbers and checks them against every
atom; the networks of the statement interpolate, are made of atoms and have the same cost, so they are optimal, too.
Step 7 decides |v·φ| ≤ 1 for the same v and all real biases, so the dictionary has missed nothing.""",
)

SAMPLES, TARGETS = (0, 4, 5, 7, 10, 11), (0, 0, 0, 2, 3, 3)


def ramp_numerator(x, anchor):
    """x − x_j, what (·)_+ is taken of."""
    return x - anchor


@THEOREM.step(
    "identity",
    "(x_i, 1)·×((x_j, 1)) = ±(x_i − x_j) with |w| = 1, and x_i·×(x_j) is the area of the parallelogram",
    "all entries",
)
def closed_forms(
    numerator: Callable = ramp_numerator, corners: Callable = lambda p, q: (0 * p, p, p + q, q)
) -> None:
    """The area by the shoelace formula over the `corners`."""
    symbols = generic(2, 1)
    one = np.ones((2, 1), dtype=object)
    (x,), (anchor,) = symbols.polynomials
    normal = symbols.normal(algebra.cross_product(np.hstack([symbols.rows, one])[1:]))
    value = x * normal[0] + normal[1]
    require_identity([normal[0] ** 2], [symbols.ring.one], "the square of w")
    require_identity([value**2], [numerator(x, anchor) ** 2], "the square of (x_i, 1)·×((x_j, 1))")
    require_identity([value], [normal[0] * numerator(x, anchor)], "(x_i, 1)·×((x_j, 1)) and its sign")
    symbols = generic(2, 2)
    p, q = symbols.polynomials
    around = corners(p, q)
    area = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(around, (*around[1:], around[0]), strict=True)) / 2
    wedge = p @ symbols.normal(algebra.cross_product(symbols.rows[1:]))
    require_identity([wedge], [area], "x_i·×(x_j) and the area")


@THEOREM.step(
    "exhaustive",
    "the atoms of (1) for d = 1 with a bias are (1, −x_j) and (−1, x_j), and no others",
    "all data sets of one to three samples within ±2, repeated ones included",
)
def atoms_of_the_line(directions: Callable = basis_vectors, orientations: Sequence[int] = (1, -1)) -> None:
    """All cross products of one sample or point at infinity."""
    for count in (1, 2, 3):
        for x in product(range(-2, 3), repeat=count):
            members = [*homogeneous([(value,) for value in x], True), *directions(1, True)]
            found = set(unit_wedges(members, 1))
            wanted = {(Fraction(s), Fraction(-s * value)) for value in x for s in orientations}
            require(found == wanted, f"x = {x}: the atoms {_show(found)} and not {_show(wanted)}")


def _show(vectors) -> str:
    return ", ".join(f"({', '.join(map(str, vector))})" for vector in sorted(vectors))


def chain(x: Any, signs: Sequence[int], anchors: Sequence, active: Callable = relu) -> Any:
    """φ(x) of a chain by the recursion; `active` is the activation."""
    if not signs:
        return x
    below = (signs[:-1], anchors[:-1], active)
    return active(signs[-1] * (chain(x, *below) - chain(anchors[-1], *below)))


def z3_max(a, b):
    """max for the solver."""
    import z3

    return z3.If(a > b, a, b)


def clip(t, low, high):
    """min(max(t, low), high) for the solver, low ≤ high."""
    return -z3_max(-z3_max(t, low), -high)


def clipped_ramp(t: Any, A: Sequence, signs: Sequence[int]) -> Any:
    """The closed form of φ_3 or φ_4 for s_1 = +1; `signs` are the signs above the first layer."""
    B = z3_max(A[0], A[1])
    if signs == (1,):
        return z3_max(t - B, 0)
    if signs == (-1,):
        return B - clip(t, A[0], B)
    top, C = z3_max(B, A[2]), clip(A[2], A[0], B)
    return {
        (1, 1): z3_max(t - top, 0),
        (1, -1): top - clip(t, B, top),
        (-1, 1): C - clip(t, A[0], C),
        (-1, -1): clip(t, C, B) - C,
    }[signs]


@THEOREM.step(
    "decided",
    "the chains of three and four layers are the ramps and clipped ramps of the closed forms",
    "all real x and a_1, a_2, a_3, all signs",
    needs="z3-solver",
)
def chains_are_clipped_ramps(closed: Callable = clipped_ramp) -> None:
    """Each sign pattern is one question."""
    for depth in (2, 3):
        for signs in product((1, -1), repeat=depth):

            def denial(z3, depth=depth, signs=signs):
                x, *a = z3.Reals(" ".join(["x", "a1", "a2", "a3"][: depth + 1]))
                mirrored = [signs[0] * value for value in a]
                phi = chain(x, signs, a, lambda value: z3_max(value, 0))
                yield phi != closed(signs[0] * x, mirrored, signs[1:])

            decide(f"{depth + 1} layers, signs {signs}: the recursion is the closed form", denial)


def anchors(samples: Sequence[int], layers: int, reflections: bool) -> Iterator[tuple]:
    """The choices of a_1, a_2, …: samples, and reflections for a_1 of four layers."""
    mirrored = {2 * about - x for x in samples for about in samples} if reflections and layers == 4 else set()
    return product(sorted({*samples, *mirrored}), *[sorted(set(samples))] * (layers - 2))


def dictionary(samples: Sequence[int], layers: int, reflections: bool = True) -> dict[Vector, tuple]:
    """The features of all chains on the samples, with one choice of signs and anchors for each."""
    found = {}
    for signs in product((1, -1), repeat=layers - 1):
        for chosen in anchors(samples, layers, reflections):
            phi = tuple(relu(Fraction(chain(Fraction(x), signs, chosen))) for x in samples)
            if any(phi):
                found.setdefault(phi, (signs, chosen))
    return found


def least_cost(features: Sequence[Vector], target: Vector) -> tuple[Fraction, dict[int, Fraction], Vector]:
    """Least Σ|z| of Σ zφ + t1 = y, the coefficients (that of the constant last), and the dual vector."""
    columns = [*features, tuple(Fraction(1) for _ in target)]
    z, v = basis_pursuit(columns, [1] * len(features) + [0], target)
    return sum((abs(value) for k, value in z.items() if k < len(features)), Fraction(0)), z, v


@THEOREM.step(
    "exhaustive",
    "a fourth layer, with reflections, does not lower the least cost of three",
    "all sets of three samples and of four within 0..4, all integer targets within 0..2 up to sign and constant",
)
def fourth_layer(layers: tuple[int, int] = (3, 4)) -> None:
    """`layers` are the two depths that are to have the same cost."""
    for x in [*combinations(range(5), 3), *combinations(range(5), 4)]:
        few, many = (list(dictionary(x, depth)) for depth in layers)
        targets = {centred(y) for y in product(range(3), repeat=len(x))}
        for y in (y for y in sorted(targets) if y > tuple(-value for value in y)):
            costs = [least_cost(features, y)[0] for features in (few, many)]
            require(
                costs[0] == costs[1],
                f"x = {x}, y = ({', '.join(map(str, y))}): the costs are {costs[0]} and {costs[1]}",
            )


@THEOREM.step(
    "decided",
    "||x − a_1| − |a_2 − a_1|| = 0 exactly for x = a_2 and for its reflection 2a_1 − a_2",
    "all real x, a_1, a_2",
    needs="z3-solver",
)
def folded(zeros: Callable = lambda a, b: (b, 2 * a - b)) -> None:
    """Two layers of absolute values."""

    def denial(z3):
        x, a, b = z3.Reals("x a1 a2")
        phi = chain(x, (1, 1), (a, b), lambda value: z3_max(value, -value))
        yield (phi == 0) != z3.Or(*[x == zero for zero in zeros(a, b)])

    decide("the zeros of the second layer", denial)


OPTIMA = {
    2: [(Fraction(1), (5, None)), (Fraction(-2, 3), (7, None)), (Fraction(-1, 3), (10, None))],
    3: [(Fraction(2, 3), (5, 7)), (Fraction(1, 3), (5, 10))],
    4: [(Fraction(1), (5, 2 * 4 - 0))],
}


@THEOREM.step(
    "exhaustive",
    "the worked example: least costs 2, 1, 1 with exact dual vectors, and the networks named are optimal",
    "every atom of its dictionaries of two, three and four layers",
)
def worked_example(
    atoms: Callable = dictionary, costs: Sequence[int] = (2, 1, 1), optima: dict[int, list] = OPTIMA
) -> None:
    """`optima` has coefficients and the intervals on which ramps are clipped, None for no upper end."""
    y = tuple(map(Fraction, TARGETS))
    for layers, claimed in zip((2, 3, 4), costs, strict=True):
        features = list(atoms(SAMPLES, layers))
        cost, z, v = least_cost(features, y)
        constant = z.pop(len(features), Fraction(0))
        fit = tuple(dot(z.values(), (features[k][i] for k in z)) + constant for i in range(len(y)))
        require(fit == y, f"{layers} layers: the outputs are {_show([fit])}")
        require(
            sum(v) == 0 and dot(v, y) == cost, f"{layers} layers: the dual {_show([v])} does not give {cost}"
        )
        worst = max(abs(dot(v, phi)) for phi in features)
        require(worst <= 1, f"{layers} layers: the dual {_show([v])} has |v·φ| = {worst}")
        require(cost == claimed, f"{layers} layers: the least cost is {cost} and not {claimed}")
        known = {tuple(s * value for value in centred(phi)) for phi in features for s in (1, -1)}
        total = [Fraction(0)] * len(y)
        for share, (low, high) in optima[layers]:
            ramp = [
                relu(Fraction(x - low)) - (relu(Fraction(x - high)) if high is not None else 0)
                for x in SAMPLES
            ]
            require(centred(tuple(ramp)) in known, f"{layers} layers: no atom is the ramp on ({low}, {high})")
            total = [a + share * b for a, b in zip(total, ramp, strict=True)]
        require(centred(tuple(total)) == centred(y), f"{layers} layers: the ramps add up to {_show([total])}")
        price = sum(abs(share) for share, _ in optima[layers])
        require(price == cost, f"{layers} layers: the ramps cost {price}, the optimum {cost}")


@THEOREM.step(
    "decided",
    "the dual vectors of the worked example satisfy |v·φ| ≤ 1 for all real biases",
    "all chains (s_l φ_l + b_l)_+ of two, three and four layers",
    needs="z3-solver",
)
def all_biases(layers: Sequence[int] = (2, 3, 4), dual_of: Callable = lambda layers: layers) -> None:
    """The vector comes from the dictionary of `dual_of` so many layers, the biases b_l are free."""
    for depth in layers:
        _, _, v = least_cost(list(dictionary(SAMPLES, dual_of(depth))), tuple(map(Fraction, TARGETS)))
        for signs in product((1, -1), repeat=depth - 1):

            def denial(z3, v=v, signs=signs):
                biases = z3.Reals(" ".join(["b1", "b2", "b3"][: len(signs)]))
                total = z3.RealVal(0)
                for x, weight in zip(SAMPLES, v, strict=True):
                    phi = z3.RealVal(x)
                    for s, b in zip(signs, biases, strict=True):
                        phi = z3_max(s * phi + b, 0)
                    total = total + z3.Q(weight.numerator, weight.denominator) * phi
                yield z3.Or(total > 1, total < -1)

            decide(f"{depth} layers, signs {signs}, v = {_show([v])}: |v·φ| ≤ 1 for all biases", denial)
