"""Absolute values for activations: the same wedges, and in one dimension the mirror images of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations

from proofs.chains import chain, z3_max
from proofs.finite import (
    PLANE,
    SPACE,
    Vector,
    basis_vectors,
    box,
    dot,
    homogeneous,
    least_cost,
    one_norm,
    show,
    unit_wedges,
)
from proofs.generic import decide
from proofs.rewriting import check_parts, check_split, same_signs, split
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Absolute values and mirrors",
    section="sections 1 and 7",
    words="""\
Let |·| stand in the place of (·)_+.
(a) For p = 1, every loss and scalar or vector outputs, (C) over all units has the optimal value of (C) over the atoms
u_J of equation (1), of which one of each pair ±u_J is enough. With a bias the output bias t is to be free.
(b) On the line, with free biases and t, let a chain of two hidden layers be ||x − a| + b|. For b = −|x_j − a| it
vanishes exactly at x_j and at its mirror image 2a − x_j. (C) over all chains has the optimal value of (C) over
|x − x_i|, ||x − x_i| − |x_j − x_i||, with kinks at x_i, x_j and the mirror image 2x_i − x_j, and
||x − ½(x_i + x_j)| − ½|x_j − x_i||, with kinks at x_i, x_j and their midpoint.
(c) Neither can be spared. For x = (0, 1, 3, 4, 6) and y = (1, 0, 2, 1, 1) = ||x − 3| − 2|, with a kink at
5 = 2·3 − 1, the least Σ|z| of interpolation is 2 over all chains whose kinks between the least and the largest sample
are samples, 23/19 with the midpoints and 1 with the mirror images. For x = (0, 2, 3, 5), y = (0, 1, 0, 2) it is 5/2
over the first, 4/3 with the mirror images and 1 with the midpoints.""",
    latex=r"""
\bigl|\textstyle\sum_k a_k\bigr|=\sum_k|a_k|\iff a_k a_l\ge 0\ \forall k,l;\qquad
\bigl||x-a|-|x_j-a|\bigr|=0\iff x\in\{x_j,\ 2a-x_j\}
""",
    argument="""\
(a) |x̃_i·u| is linear in u on the chambers {s_i x̃_i·u ≥ 0} of equation (1), so the argument for the theorem on
rewriting holds word for word: within its chamber and orthant u = Σ c_k r_k, c_k > 0, with r_k atoms and
Σ c_k ‖w(r_k)‖_1 = ‖w‖_1, and |x̃_i·u| = Σ c_k |x̃_i·r_k|. With a bias one r_k may be (0, 1) or (0, −1), whose activation
is a constant and goes into t. Put z_u c_k on r_k: the outputs on the samples stay, the cost does not rise. |·| is the
same at u and −u. (T) has the same value as (C), since only |c a| = c |a| for c > 0 is used there. Step 1 decides
where |·| is additive, steps 2 and 3 split all neurons of a box.

(b) Two signs more, |s_2 |s_1 x + b_1| + b_2|, give nothing new. The zeros are step 4: ||x − a| − |x_j − a|| = 0 says
that x is as far from a as x_j is. Constants go into t, and z may have both signs. If all samples are equal, all
activations are constant; let x_1 < x_n be the least and the largest sample. Some chains are one layer on the samples:
for b ≥ 0, |x − a| + b; for a outside of [x_1, x_n], where x − a has one sign, ||x − a| + b| = |x − a'| for some a';
for b ≤ x_1 − x_n and a within, −b − |x − a|. And |x − a| is affine in a between neighbouring samples, hence a convex
combination of |x − x_i| and |x − x_{i+1}|; outside of [x_1, x_n] it is ±|x − x_1| and a constant. There remain the
(a, c), c = −b, of the rectangle x_1 ≤ a ≤ x_n, 0 ≤ c ≤ x_n − x_1. The lines a = x_i, a + c = x_i, a − c = x_i cut it
into polygons, on each of which every | |x_i − a| − c | is affine in (a, c): the activation there is a convex
combination of those at the vertices. A vertex is the intersection of a = x_i with a ± c = x_j, so c = |x_j − x_i|, or
of a − c = x_i with a + c = x_j, the midpoint, or lies on c = 0 with a = x_i, or on c = x_n − x_1, also with a = x_i:
one layer again. Step 5 decides for small data that no chain has a larger |v·φ| than all of the list.

(c) On the samples a chain whose kinks between x_1 and x_n are samples is, up to sign and a constant, |x − x_i| or one
of the list with all kinks between x_1 and x_n at samples: if a is outside, or both of a ± c are, it is one layer, and
otherwise a = x_i and one of a ± c is some x_j. Step 6 finds the optima over these finite lists and their dual
vectors.""",
)


@THEOREM.step(
    "decided",
    "|Σ a_k| = Σ |a_k| exactly where no two a_k have opposite signs",
    "all reals, 2 to 5 terms",
    needs="z3-solver",
)
def linear_on_a_chamber(chamber: Callable = same_signs) -> None:
    """The same chambers as for (·)_+."""
    for count in range(2, 6):

        def denial(z3, count=count):
            terms = z3.Reals(" ".join(f"a{k}" for k in range(count)))
            whole = z3.Sum(*terms)
            parts = z3.Sum(*[z3_max(term, -term) for term in terms])
            yield (z3_max(whole, -whole) == parts) != chamber(z3, terms)

        decide(f"the absolute values of {count} terms add up where the condition says so", denial)


@THEOREM.step(
    "exhaustive",
    "without a bias every neuron splits into at most d atoms, one of each pair ±u, same outputs, same cost",
    "integer weights within ±3 in the plane, ±2 in space, on 10 data sets, 8 of them degenerate",
)
def without_bias(directions: Callable = basis_vectors, activation: Callable = abs) -> None:
    """Turn the parts so that they are of the half of the dictionary with the larger of ±u."""
    for tables, dimension, reach in ((PLANE, 2, 3), (SPACE, 3, 2)):
        for table in tables.values():
            samples = homogeneous(table, bias=False)
            atoms = {max(u, _turned(u)) for u in unit_wedges([*samples, *directions(dimension)], dimension)}
            for neuron in box(dimension, reach):
                parts = split(neuron, samples, dimension)
                check_split(neuron, parts, samples, activation, one_norm)
                check_parts(neuron, [(c, max(u, _turned(u))) for c, u in parts], atoms, dimension)


@THEOREM.step(
    "exhaustive",
    "with a bias every neuron splits into at most d+1 atoms, (0, ±1) among them only where all products have one sign",
    "integer weights and biases within ±2 in the plane, on 6 data sets, 5 of them degenerate",
)
def with_bias(rays: Sequence[int] = (1, -1), norm: Callable = lambda neuron: one_norm(neuron[:-1])) -> None:
    """`rays` are the constants that may remain, `norm` is the cost."""
    for table in PLANE.values():
        samples = homogeneous(table, bias=True)
        atoms = set(unit_wedges([*samples, *basis_vectors(2, True)], 2))
        free = {(Fraction(0), Fraction(0), Fraction(value)) for value in rays}
        for neuron in box(3, 2):
            products = [dot(row, neuron) for row in samples]
            one_sign = min(products) > 0 or max(products) < 0
            parts = split(neuron, samples, 2)
            check_parts(neuron, parts, atoms | free if one_sign else atoms, 3)
            check_split(neuron, parts, samples, abs, norm)


def _turned(vector: Vector) -> Vector:
    return tuple(-value for value in vector)


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


Fold = tuple[Fraction, Fraction]  # a and c of ||x − a| − c|

KINDS = ("plain", "mirrors", "midpoints")


def library(samples: Sequence[int], kinds: Iterable[str] = KINDS) -> list[Fold]:
    """The chains of (b); "plain" are those with all kinks between the ends at samples."""
    x = sorted(set(map(Fraction, samples)))
    folds = {"plain": [(a, Fraction(0)) for a in x], "mirrors": [], "midpoints": []}
    for a in x:
        for b in x:
            if a != b:
                seen = 2 * a - b in x or not x[0] < 2 * a - b < x[-1]
                folds["plain" if seen else "mirrors"].append((a, abs(b - a)))
    folds["midpoints"] = [((a + b) / 2, (b - a) / 2) for a, b in combinations(x, 2)]
    return [fold for kind in kinds for fold in folds[kind]]


def feature(samples: Sequence[int], fold: Fold) -> Vector:
    """The values of a chain on the samples."""
    return tuple(abs(abs(x - fold[0]) - fold[1]) for x in samples)


@THEOREM.step(
    "decided",
    "no chain ||x − a| + b| has a larger |v·φ| than all chains of the list",
    "all real a and b; all sets of three samples within 0..3 and (0, 2, 3, 5) with all integer v within ±2, Σ v_i = 0; "
    "(0, 1, 3, 4, 6) with one v",
    needs="z3-solver",
)
def nothing_is_missing(kinds: Sequence[str] = KINDS) -> None:
    """`kinds` are the parts of the list."""
    for samples in [*combinations(range(4), 3), (0, 2, 3, 5), (0, 1, 3, 4, 6)]:
        folds = library(samples, kinds)
        directions = box(len(samples), 2) if len(samples) < 5 else [(3, -11, 12, -6, 2)]
        for v in (v for v in directions if sum(v) == 0 and v > _turned(v)):
            best = max(abs(dot(v, feature(samples, fold))) for fold in folds)

            def denial(z3, samples=samples, v=v, best=best):
                a, b = z3.Reals("a b")
                total = z3.RealVal(0)
                for x, weight in zip(samples, v, strict=True):
                    inner = z3_max(x - a, a - x) + b
                    total = total + int(weight) * z3_max(inner, -inner)
                bound = z3.Q(best.numerator, best.denominator)
                yield z3.Or(total > bound, total < -bound)

            decide(f"x = {samples}, v = {show(v)}: |v·φ| ≤ {best} for all chains", denial)


COSTS = {
    ((0, 1, 3, 4, 6), (1, 0, 2, 1, 1)): {
        ("plain",): Fraction(2),
        ("plain", "midpoints"): Fraction(23, 19),
        KINDS: Fraction(1),
    },
    ((0, 2, 3, 5), (0, 1, 0, 2)): {
        ("plain",): Fraction(5, 2),
        ("plain", "mirrors"): Fraction(4, 3),
        KINDS: Fraction(1),
    },
}


@THEOREM.step(
    "instance",
    "kinks at samples cost 2, with midpoints 23/19, all 1; kinks at samples cost 5/2, with mirror images 4/3, "
    "all 1",
    "x = (0, 1, 3, 4, 6), y = (1, 0, 2, 1, 1) and x = (0, 2, 3, 5), y = (0, 1, 0, 2), by exact dual vectors",
)
def neither_can_be_spared(costs: dict = COSTS, fold: Fold = (3, 2)) -> None:
    """`fold` is the chain that the first data are to be the values of."""
    samples, first = next(iter(costs))
    require(
        feature(samples, fold) == first, f"the chain {fold} has the outputs {show(feature(samples, fold))}"
    )
    for (samples, target), claimed in costs.items():
        y = tuple(map(Fraction, target))
        for kinds, wanted in claimed.items():
            features = [feature(samples, fold) for fold in library(samples, kinds)]
            cost, z, v = least_cost(features, y)
            constant = z.pop(len(features), Fraction(0))
            case = f"x = {samples}, y = {target}, {', '.join(kinds)}"
            fit = tuple(dot(z.values(), (features[k][i] for k in z)) + constant for i in range(len(y)))
            require(fit == y, f"{case}: the outputs are {show(fit)}")
            worst = max(abs(dot(v, phi)) for phi in features)
            certified = worst <= 1 and sum(v) == 0 and dot(v, y) == cost
            require(certified, f"{case}: the dual {show(v)} does not give {cost}")
            require(cost == wanted, f"{case}: the least cost is {cost} and not {wanted}")
