"""How many neurons a network needs: as many as it has independent products of activations and outer weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import isqrt

from proofs.finite import Vector, dot, homogeneous, kernel, rank, relu, unit_wedges
from proofs.finite import basis_vectors as axes
from proofs.generic import decide
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "prune"]

Neurons = list[tuple[Vector, Vector]]  # the activations on the samples and the outer weights of each neuron

THEOREM = Theorem(
    title="How many neurons are enough",
    section="section 6",
    words="""\
Let a network have the outputs Σ_k φ_k ⊗ α_k on n samples, φ_k ∈ R^n the activations of unit neurons and α_k ∈ R^c their
outer weights, and the cost Σ ‖α_k‖ in any norm. Neurons can be taken away, the others only being rescaled by factors
≥ 0, such that the outputs on the samples stay as they are, the cost does not rise and the products φ_k ⊗ α_k that
are left are independent: at most n neurons for a scalar output, at most n·c for c outputs. Dependent activations are
not enough for that where c > 1: there are n = 2 samples of the plane, three atoms of equation (1) whose activations
are dependent, and outer weights in R³, such that every network of two neurons with these outputs costs more.""",
    latex=r"""
\sum_k \phi_k\otimes\alpha_k=\sum_{k\in K} m_k\,\phi_k\otimes\alpha_k,\quad m_k\ge 0,\quad
\sum_{k\in K} m_k\lVert\alpha_k\rVert\le\sum_k\lVert\alpha_k\rVert,\quad
|K|=\operatorname{rank}\{\phi_k\otimes\alpha_k\}_{k\in K}\le n c
""",
    argument="""\
Drop neurons with α_k = 0. If the products are dependent, Σ c_k φ_k ⊗ α_k = 0 with some c ≠ 0, take the sign of c
with Σ c_k ‖α_k‖ ≥ 0; then some c_k is positive. Put m_k = 1 − τ c_k with τ = 1 / max c_k. All m_k ≥ 0 and one is 0.
The outputs change by −τ Σ c_k φ_k ⊗ α_k = 0 and the cost by −τ Σ c_k ‖α_k‖ ≤ 0. Each round takes a neuron away, so
it ends, with independent vectors of R^{n·c}. For c = 1 the products are α_k φ_k with numbers α_k ≠ 0: independent
if and only if the activations are. The first two steps run this on all small networks of a finite family.

The example. The samples are (1, 1) and (1, −1), the atoms e_2, −e_2 and e_1 have the activations (1, 0), (0, 1) and
(1, 1), and the outer weights are a, b and a + b, where ‖a‖ = ‖b‖ = ‖a+b‖. Let V have the rows â = a/‖a‖ and
b̂ = b/‖b‖. For a unit neuron u with the activations φ(u) = (p, q), ‖Vᵀφ(u)‖² = p² + q² − pq, because
2â·b̂ = ‖â+b̂‖² − 2 = −1; step 3 decides that this is at most 1 for every u with ‖u‖_1 ≤ 1, and equal to 1 only
where φ(u) is (1, 0), (0, 1) or (1, 1). Now let any network Σ φ(u_j) ⊗ β_j, ‖u_j‖_1 = 1, have the same outputs Y. Then
⟨V, Y⟩ = Σ (Vᵀφ(u_j))·β_j ≤ Σ ‖β_j‖, while in the example Vᵀφ_k = α_k/‖α_k‖, so that ⟨V, Y⟩ is its cost: no network
costs less. One that costs as much has only neurons with these three activations, and neurons with the same activation
count as one. So two neurons would have to do with two of the three activations. Each two are independent, so their
outer weights are unique: b − a and 2a + b without (1, 0), and so on; step 4 computes them and finds that they cost
more. One example is all that this part of the statement claims.""",
)


def prune(
    features: Sequence[Vector], outer: Sequence[Vector], norm: Callable, products: Callable, sign: int
) -> Neurons:
    """Take neurons away until their products are independent."""
    neurons = [(phi, alpha) for phi, alpha in zip(features, outer, strict=True) if any(alpha)]
    while neurons:
        columns = [products(phi, alpha) for phi, alpha in neurons]
        null = kernel(list(zip(*columns, strict=True)), len(neurons))
        if not null:
            break
        change = dot(null[0], (norm(alpha) for _, alpha in neurons))
        c = [value * (sign if change >= 0 else -sign) for value in null[0]]
        if not any(value > 0 for value in c):  # only where the wrong sign was asked for
            c = [-value for value in c]
        tau = 1 / max(c)
        scaled = [
            (phi, tuple((1 - tau * k) * a for a in alpha)) for (phi, alpha), k in zip(neurons, c, strict=True)
        ]
        neurons = [(phi, alpha) for phi, alpha in scaled if any(alpha)]
    return neurons


def outer_product(phi: Vector, alpha: Vector) -> Vector:
    """φ ⊗ α as a vector of n·c numbers."""
    return tuple(a * b for a in phi for b in alpha)


def rational_length(vector: Sequence) -> Fraction:
    """Euclidean norm of a vector whose squares add up to the square of a rational number."""
    squared = dot(vector, vector)
    root = Fraction(isqrt(squared.numerator), isqrt(squared.denominator))
    require(root * root == squared, f"‖{vector}‖ is not rational")
    return root


def outputs(neurons: Neurons) -> Vector:
    """Σ φ_k ⊗ α_k."""
    return tuple(map(sum, zip(*(outer_product(phi, alpha) for phi, alpha in neurons), strict=True)))


def check_pruned(before: Neurons, most: int, norm: Callable, products: Callable, sign: int) -> None:
    """The same outputs, no higher cost, few neurons, and each a multiple ≥ 0 of one that was there."""
    after = prune([phi for phi, _ in before], [alpha for _, alpha in before], norm, products, sign)
    case = f"{_show(before)} pruned to {_show(after)}"
    kept = outputs(after) if after else tuple(0 * value for value in outputs(before))
    require(kept == outputs(before), f"{case}: the outputs change from {outputs(before)} to {kept}")
    cost, left = (sum((norm(alpha) for _, alpha in neurons), Fraction(0)) for neurons in (before, after))
    require(left <= cost, f"{case}: the cost rises from {cost} to {left}")
    require(len(after) <= most, f"{case}: {len(after)} neurons, more than {most}")
    columns = [outer_product(phi, alpha) for phi, alpha in after]
    require(rank(columns) == len(after), f"{case}: the products are dependent")
    for phi, alpha in after:
        known = any(phi == old and _positive_multiple(alpha, given) for old, given in before)
        require(known, f"{case}: {_show([(phi, alpha)])} is no multiple of a neuron that was there")


def _positive_multiple(vector: Vector, of: Vector) -> bool:
    return dot(vector, of) > 0 and rank([vector, of]) == 1


def _show(neurons: Neurons) -> str:
    return (
        " + ".join(f"({', '.join(map(str, phi))})⊗({', '.join(map(str, alpha))})" for phi, alpha in neurons)
        or "0"
    )


def networks(features: Sequence, weights: Sequence, width: int) -> Iterator[Neurons]:
    """Every network of so many neurons, up to their order."""
    neurons = list(product(features, weights))
    for chosen in combinations_with_replacement(neurons, width):
        yield [(tuple(map(Fraction, phi)), tuple(map(Fraction, alpha))) for phi, alpha in chosen]


@THEOREM.step(
    "exhaustive",
    "a scalar output needs at most n neurons, the outputs kept and the cost not raised",
    "all networks with activations within {0, 1, 2} and outer weights ±1, 2: n = 1, up to 3 neurons; n = 2, 3 neurons",
)
def scalar_output(
    most: Callable = lambda samples, outputs: samples,
    products: Callable = outer_product,
    sign: int = 1,
) -> None:
    """Prune all of them; `sign` is the sign of the change of cost that is gone along."""
    for samples, width in ((1, 1), (1, 2), (1, 3), (2, 3)):
        features = list(product(range(3), repeat=samples))
        for neurons in networks(features, [(-1,), (1,), (2,)], width):
            check_pruned(neurons, most(samples, 1), rational_length, products, sign)


@THEOREM.step(
    "exhaustive",
    "c outputs need at most n·c neurons, the outputs kept and the Euclidean cost not raised",
    "all networks with c = 2, non-zero activations within {0, 1} and 6 outer weights: n = 1, 3 neurons; n = 2, 4 "
    "neurons; n = 2, 5 neurons with 3 outer weights",
)
def several_outputs(
    most: Callable = lambda samples, outputs: samples * outputs,
    products: Callable = outer_product,
    sign: int = 1,
) -> None:
    """The same with Euclidean norms of outer weights, chosen such that they are rational."""
    weights = [(1, 0), (0, 1), (-1, 0), (3, 4), (4, -3), (-3, 4)]
    for samples, width, count in ((1, 3, 6), (2, 4, 6), (2, 5, 3)):
        features = [phi for phi in product(range(2), repeat=samples) if any(phi)]
        for neurons in networks(features, weights[:count], width):
            check_pruned(neurons, most(samples, 2), rational_length, products, sign)


SAMPLES = ((1, 1), (1, -1))


@THEOREM.step(
    "decided",
    "‖Vᵀφ(u)‖ ≤ 1 for the dual matrix of the example, with equality for three activations only",
    "every neuron u of the plane with ‖u‖_1 ≤ 1, the samples (1, 1) and (1, −1)",
    needs="z3-solver",
)
def no_network_costs_less(turn: int = -1, touching: Sequence = ((1, 0), (0, 1), (1, 1))) -> None:
    """`turn` is 2 â·b̂, −1 for directions at 120°; `touching` are the activations that may reach 1."""

    def denial(z3):
        u = z3.Reals("u1 u2")
        p, q = (z3.If(value > 0, value, 0) for value in (x[0] * u[0] + x[1] * u[1] for x in SAMPLES))
        yield z3.Sum(*[z3.If(value > 0, value, -value) for value in u]) <= 1
        size = p * p + q * q + turn * p * q
        yield z3.Or(size > 1, z3.And(size == 1, *[z3.Or(p != a, q != b) for a, b in touching]))

    decide("‖Vᵀφ(u)‖² ≤ 1, equal only for the activations that the example has", denial)


@THEOREM.step(
    "instance",
    "three neurons with dependent activations; without any of them the same outputs cost more",
    "the three atoms ±e_2, e_1, outer weights (1, −1, 0), (0, 1, −1), (1, 0, −1)",
)
def dependent_but_needed(a: Sequence = (1, -1, 0), b: Sequence = (0, 1, -1), sign: int = 1) -> None:
    """Solve for the two outer weights that are left when one neuron goes; `sign` is that of the third one, a + b."""
    samples = homogeneous(SAMPLES, bias=False)
    units = [(0, 1), (0, -1), (1, 0)]
    require(set(units) <= set(unit_wedges([*samples, *axes(2)], 2)), "the units are no atoms")
    features = [tuple(relu(dot(row, unit)) for row in samples) for unit in units]
    outer = [
        tuple(map(Fraction, alpha)) for alpha in (a, b, [sign * (p + q) for p, q in zip(a, b, strict=True)])
    ]
    squared = {dot(alpha, alpha) for alpha in outer}
    require(rank(features) < len(features), f"the activations {features} are independent")
    require(len(squared) == 1, f"the outer weights {outer} do not have the same length")
    before = list(zip(features, outer, strict=True))
    for gone in range(3):
        (c,) = kernel(list(zip(*features, strict=True)), 3)  # φ_gone = −Σ (c_k / c_gone) φ_k
        after = [
            (features[k], tuple(x - c[k] / c[gone] * y for x, y in zip(outer[k], outer[gone], strict=True)))
            for k in range(3)
            if k != gone
        ]
        require(outputs(after) == outputs(before), f"{_show(before)} and {_show(after)} have other outputs")
        first, second = (dot(alpha, alpha) for _, alpha in after)
        # √first + √second > 3 √t, squared twice
        rest = 9 * min(squared) - first - second
        dearer = rest < 0 or 4 * first * second > rest**2
        require(dearer, f"{_show(before)} becomes {_show(after)}, which costs no more")
