"""Chains of unit width on the line: clipped ramps at every depth, what they cost, and a worked example."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import Vector, centred, dot, least_cost, relu, show
from proofs.generic import decide, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "chain", "z3_max"]

THEOREM = Theorem(
    title="Chains of unit width",
    section="section 7",
    words="""\
On the line let a chain of L ≥ 2 layers be g_1 = x, g_{l+1} = (w_l g_l + b_l)_+ for l < L, and a network f =
t + Σ α g_L over any number of chains, with the penalty (reg/L) Σ (Σ_l |w_l|^L + |α|^L); biases are free.
(a) For every loss the optimal value is that of (C): the loss of t + Σ z g_L plus reg Σ |z|, over *unit* chains, with
w_l = ±1.
(b) Between the least sample x_1 and the largest one x_n a unit chain is, up to sign and a constant, a clipped ramp
clip(x; p, q) = min(max(x, p), q), x_1 ≤ p ≤ q ≤ x_n, with p = x_1 or q = x_n if L = 2. For L = 2 it is enough in (C)
to take p and q at samples, that is the ramps at samples; for each L ≥ 3 it is enough to take the clip(x; x_i, x_j),
which are chains φ_1 = x, φ_{l+1} = (s_l (φ_l − φ_l(a_l)))_+ of three layers with samples a_l. So (C) has the same
value for every L ≥ 3, and no bias, such as a reflection a_l = 2x_j − x_i of a sample, lowers it; it may give other
optima.
(c) For L ≥ 3 the least Σ |z| that interpolates y at x_1 < … < x_n is half the total variation of the slopes,
½ Σ_k |m_k − m_{k−1}| with m_k = (y_{k+1} − y_k)/(x_{k+1} − x_k) and m_0 = m_n = 0.
(d) For x = (0, 4, 5, 7, 10, 11), y = (0, 0, 0, 2, 3, 3) it is 2, 1, 1 for two, three and four layers. Optimal are:
the ramps at 5, 7, 10 with 1, −2/3, −1/3; the ramps clipped on (5, 7) and (5, 10) with 2/3 and 1/3; with four layers
also one ramp clipped on (5, 8), where 8 is the reflection of 0 about 4.""",
    latex=r"""
(c+\operatorname{clip}(x;p,q))_+=\operatorname{clip}(x;m,q)-m+(c+p)_+,\quad m=\operatorname{clip}(-c;p,q);\qquad
\min\Bigl\{\sum_u|z_u|:\ \sum_u z_u\varphi_u(x_i)+t=y_i\Bigr\}=\tfrac12\sum_{k=1}^{n}|m_k-m_{k-1}|\quad(L\ge 3)
""",
    argument="""\
(a) For c_l = |w_l| > 0 the chain is Π c_l times the unit chain with the biases b_l/(c_1⋯c_l), as c (r)_+ = (c r)_+
for c > 0; a chain with some w_l = 0 is a constant and goes into t. So z = α Π c_l, and by AM–GM |z| is at most
(Σ |w_l|^L + |α|^L)/L, with equality if and only if all L weights are of one size. Conversely a unit chain with z has
the same output with all weights of size |z|^{1/L} and the biases scaled back, at the penalty reg |z|. Step 1 has
AM–GM for L ≤ 4 as sums of nonnegative terms, step 2 goes through whole chains.

(b) On [x_1, x_n], g_1 = x is clip(x; x_1, x_n). If g = k ± clip(x; p, q), then (±g + b)_+ is (c ± clip(x; p, q))_+,
and step 3 decides that this is again a constant ± a clip: for + it is clip(x; m, q) with m = clip(−c; p, q), and
for − it is clip(x; p, M) with M = clip(c; p, q). This proves the form by induction, for L = 2 with one end where it
was. Now let H(a) be the vector of the (x_i − a)_+; on the samples clip(x; p, q) = p + H(p) − H(q). Between
neighbouring samples H is affine (step 4): H(p) = (1−θ) H(x_i) + θ H(x_{i+1}), H(q) = (1−η) H(x_j) + η H(x_{j+1}). For
i < j multiply out: H(p) − H(q) is a convex combination of four differences H(x_k) − H(x_l), k ≤ l. For i = j it is
(η − θ)(H(x_i) − H(x_{i+1})), and 0 ≤ η − θ ≤ 1. So up to a constant, which goes into t, a chain is a combination of
the clip(x; x_k, x_l) of cost at most 1; for L = 2, where H(p) − H(x_n) or H(x_1) − H(q) is rewritten, of ramps.
Conversely x_j − clip(x; x_i, x_j) = (−(x − x_i)_+ + x_j − x_i)_+ is a chain of three layers, and as it is nonnegative
on the samples it passes through further layers as it is.

(c) Write F(a) = v·H(a). If Σ v_i = 0, then v·clip(·; x_k, x_l) = F(x_k) − F(x_l), so that
v·y = Σ_k m_k (F(x_k) − F(x_{k+1})) = Σ_k (m_k − m_{k−1}) F(x_k). Any values of F at x_1, …, x_{n−1} come from some v
with Σ v_i = 0, and F(x_n) = 0. Choose them so that F(x_k) is ½ sign(m_k − m_{k−1}) up to one constant, which does not
matter as Σ_k (m_k − m_{k−1}) = 0. Then |v·φ| ≤ 1 for all clips and v·y is the half variation, a lower bound: if
Σ zφ + t = y, then v·y = Σ z v·φ ≤ Σ |z|. It is reached: cut the positive and the negative part of the step function m
into layers. The set where m_+ > s is a union of N(s) runs of intervals, each a clipped ramp, and the integral of N
over s is half the variation of m_+. Step 5 compares the formula with the optima over the chains of three and of four
layers, reflections included.

(d) Step 6 finds the optima and dual vectors v by the simplex method in rational numbers and checks both against every
chain. Step 7 decides |v·φ| ≤ 1 for the same v and all real biases, without (b). For reg → 0 the optimal value of (C)
with the squared loss, divided by reg, tends to this least cost κ: it is at most κ, the value of the interpolation,
and at least κ − reg ‖v‖²/2, the value of reg·v in the dual.""",
)

SAMPLES, TARGETS = (0, 4, 5, 7, 10, 11), (0, 0, 0, 2, 3, 3)


def power_mean(weights: Sequence) -> Any:
    """Σ |weights|^L / L for weights ≥ 0."""
    return sum(w ** len(weights) for w in weights) / len(weights)


def remainder(weights: Sequence) -> Any:
    """What the power mean exceeds the product by: a sum of nonnegative terms that are 0 only for equal weights."""
    if len(weights) == 2:
        return (weights[0] - weights[1]) ** 2 / 2
    if len(weights) == 3:
        return sum(weights) * sum((a - b) ** 2 for a, b in combinations(weights, 2)) / 6
    a, b, c, d = weights
    return ((a**2 - b**2) ** 2 + (c**2 - d**2) ** 2 + 2 * (a * b - c * d) ** 2) / 4


@THEOREM.step(
    "identity",
    "Σ w^L/L − Π w is a sum of nonnegative terms, which vanish for equal w only",
    "all w ≥ 0, L ≤ 4",
)
def mean_and_product(bound: Callable = prod) -> None:
    """`bound` is the cost of a chain."""
    for count in (2, 3, 4):
        weights = PolyRing(sympy.symbols(f"w:{count}"), sympy.QQ).gens
        require_identity(power_mean(weights) - bound(weights), remainder(weights), f"{count} weights")


@THEOREM.step(
    "exhaustive",
    "a chain is z times a unit chain, and |z| ≤ Σ |weights|^L/L with equality exactly for weights of one size",
    "all chains of two and three layers with weights ±1, ±2 and biases within ±1, x within ±2",
)
def whole_chains(scale: Callable = lambda sizes, level: prod(sizes[: level + 1])) -> None:
    """`scale` is what the bias of a level is divided by."""
    for layers in (2, 3):
        for weights in product((-2, -1, 1, 2), repeat=layers):
            *inner, outer = map(Fraction, weights)
            sizes, z = list(map(abs, inner)), outer * prod(map(abs, inner))
            case = f"weights {show(weights)}"
            mean = power_mean(list(map(abs, map(Fraction, weights))))
            balanced = len({*map(abs, weights)}) == 1
            require(abs(z) <= mean, f"{case}: |z| = {abs(z)}, penalty {mean}")
            require((abs(z) == mean) == balanced, f"{case}: |z| = {abs(z)}, penalty {mean}")
            for biases in product((-1, 0, 1), repeat=layers - 1):
                units = [
                    (w / c, b / scale(sizes, k))
                    for k, (w, c, b) in enumerate(zip(inner, sizes, biases, strict=True))
                ]
                for x in range(-2, 3):
                    given = outer * run(x, zip(inner, biases, strict=True))
                    ours = z * run(x, units)
                    require(given == ours, f"{case}, biases {biases}, x = {x}: {given} becomes {ours}")


def run(x: int, layers) -> Fraction:
    """The output of a chain of pairs (w_l, b_l)."""
    value = Fraction(x)
    for w, b in layers:
        value = relu(w * value + b)
    return value


def z3_max(a, b):
    """max for the solver."""
    import z3

    return z3.If(a > b, a, b)


def clip(t, low, high):
    """min(max(t, low), high) for the solver, low ≤ high."""
    return -z3_max(-z3_max(t, low), -high)


def next_layer(x: Any, c: Any, p: Any, q: Any, sign: int) -> Any:
    """(c ± clip(x; p, q))_+ as a constant and one clip."""
    middle = clip(-sign * c, p, q)
    if sign > 0:
        return clip(x, middle, q) - middle + z3_max(c + p, 0)
    return middle - clip(x, p, middle) + z3_max(c - q, 0)


@THEOREM.step(
    "decided",
    "(c ± clip(x; p, q))_+ is a constant ± clip(x; p', q') with p ≤ p' ≤ q' ≤ q: the induction over layers",
    "all real x, c and p ≤ q",
    needs="z3-solver",
)
def clips_stay_clips(closed: Callable = next_layer) -> None:
    """`closed` is the closed form."""
    for sign in (1, -1):

        def denial(z3, sign=sign):
            x, c, p, q = z3.Reals("x c p q")
            yield p <= q
            yield z3_max(c + sign * clip(x, p, q), 0) != closed(x, c, p, q, sign)

        decide(f"(c {'+' if sign > 0 else '−'} clip)_+ is its closed form", denial)


@THEOREM.step(
    "decided",
    "(x − a)_+ = (1−θ)(x − r)_+ + θ(x − s)_+ for a = (1−θ) r + θ s and every x that is not between r and s",
    "all real r ≤ s, θ in [0, 1], x ≤ r or x ≥ s",
    needs="z3-solver",
)
def affine_between_samples(outside: Callable = lambda z3, x, r, s: z3.Or(x <= r, x >= s)) -> None:
    """`outside` is where the samples are."""

    def denial(z3):
        x, r, s, share = z3.Reals("x r s θ")
        yield z3.And(r <= s, share >= 0, share <= 1, outside(z3, x, r, s))
        mixed = (1 - share) * z3_max(x - r, 0) + share * z3_max(x - s, 0)
        yield z3_max(x - (1 - share) * r - share * s, 0) != mixed

    decide("a ramp between two samples is a mean of their ramps", denial)


def chain(x: Any, signs: Sequence[int], anchors: Sequence, active: Callable = relu) -> Any:
    """φ(x) of a chain by the recursion; `active` is the activation."""
    if not signs:
        return x
    below = (signs[:-1], anchors[:-1], active)
    return active(signs[-1] * (chain(x, *below) - chain(anchors[-1], *below)))


def anchors(samples: Sequence[int], layers: int, reflections: bool) -> Iterator[tuple]:
    """The choices of a_1, a_2, …: samples, and reflections for a_1 of four layers."""
    mirrored = {2 * about - x for x in samples for about in samples} if reflections and layers == 4 else set()
    return product(sorted({*samples, *mirrored}), *[sorted(set(samples))] * (layers - 2))


def dictionary(samples: Sequence[int], layers: int, reflections: bool = True) -> dict[Vector, tuple]:
    """The activations of all chains on the samples, with one choice of signs and anchors for each."""
    found = {}
    for signs in product((1, -1), repeat=layers - 1):
        for chosen in anchors(samples, layers, reflections):
            phi = tuple(relu(Fraction(chain(Fraction(x), signs, chosen))) for x in samples)
            if any(phi):
                found.setdefault(phi, (signs, chosen))
    return found


def half_variation(samples: Sequence[int], target: Sequence) -> Fraction:
    """½ Σ |m_k − m_{k−1}|."""
    points = list(zip(samples, target, strict=True))
    slopes = [Fraction(d - b) / (c - a) for (a, b), (c, d) in pairwise(points)]
    return sum((abs(b - a) for a, b in zip([0, *slopes], [*slopes, 0], strict=True)), Fraction(0)) / 2


@THEOREM.step(
    "exhaustive",
    "the least cost of three layers, and of four with reflections, is half the variation of the slopes",
    "all sets of three samples and of four within 0..4, all integer targets within 0..2 up to sign and constant",
)
def cost_is_half_the_variation(layers: Sequence[int] = (3, 4), cost: Callable = half_variation) -> None:
    """`layers` are the depths that are to have that cost."""
    for x in [*combinations(range(5), 3), *combinations(range(5), 4)]:
        dictionaries = [list(dictionary(x, depth)) for depth in layers]
        targets = {centred(y) for y in product(range(3), repeat=len(x))}
        for y in (y for y in sorted(targets) if y > tuple(-value for value in y)):
            for depth, features in zip(layers, dictionaries, strict=True):
                found, wanted = least_cost(features, y)[0], cost(x, y)
                case = f"x = {x}, y = {show(y)}, {depth} layers"
                require(found == wanted, f"{case}: the least cost is {found} and not {wanted}")


OPTIMA = {
    2: [(Fraction(1), (5, None)), (Fraction(-2, 3), (7, None)), (Fraction(-1, 3), (10, None))],
    3: [(Fraction(2, 3), (5, 7)), (Fraction(1, 3), (5, 10))],
    4: [(Fraction(1), (5, 2 * 4 - 0))],
}


@THEOREM.step(
    "exhaustive",
    "the worked example: least costs 2, 1, 1 with exact dual vectors, and the networks named are optimal",
    "every chain of its dictionaries of two, three and four layers",
)
def worked_example(
    atoms: Callable = dictionary, costs: Sequence[int] = (2, 1, 1), optima: dict[int, list] = OPTIMA
) -> None:
    """`optima` has coefficients and the intervals on which ramps are clipped, None for no upper end."""
    y = tuple(map(Fraction, TARGETS))
    for layers, claimed in zip((2, 3, 4), costs, strict=True):
        case, features = f"{layers} layers", list(atoms(SAMPLES, layers))
        cost, z, v = least_cost(features, y)
        constant = z.pop(len(features), Fraction(0))
        fit = tuple(dot(z.values(), (features[k][i] for k in z)) + constant for i in range(len(y)))
        require(fit == y, f"{case}: the outputs are {show(fit)}")
        require(sum(v) == 0 and dot(v, y) == cost, f"{case}: the dual {show(v)} does not give {cost}")
        worst = max(abs(dot(v, phi)) for phi in features)
        require(worst <= 1, f"{case}: the dual {show(v)} has |v·φ| = {worst}")
        require(cost == claimed, f"{case}: the least cost is {cost} and not {claimed}")
        known = {tuple(s * value for value in centred(phi)) for phi in features for s in (1, -1)}
        total = [Fraction(0)] * len(y)
        for share, (low, high) in optima[layers]:
            clipped = [relu(Fraction(x - high)) if high is not None else 0 for x in SAMPLES]
            ramp = tuple(relu(Fraction(x - low)) - above for x, above in zip(SAMPLES, clipped, strict=True))
            require(centred(ramp) in known, f"{case}: no chain is the ramp on ({low}, {high})")
            total = [a + share * b for a, b in zip(total, ramp, strict=True)]
        require(centred(tuple(total)) == centred(y), f"{case}: the ramps add up to {show(total)}")
        price = sum(abs(share) for share, _ in optima[layers])
        require(price == cost, f"{case}: the ramps cost {price}, the optimum {cost}")


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

            decide(f"{depth} layers, signs {signs}, v = {show(v)}: |v·φ| ≤ 1 for all biases", denial)
