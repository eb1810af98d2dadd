"""Training with the squared penalty (T) has the optimal value of the convex program (C), and the maps between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import dot, one_norm, relu
from proofs.generic import decide, require_identity
from proofs.statement import Theorem, require

THEOREM = Theorem(
    title="Training is a convex program",
    section="section 0, programs (T) and (C)",
    words=(
        "For every norm on w, every loss that is convex in the outputs, and scalar or vector outputs, the training "
        "problem (T), with the penalty (reg/2) Σ (‖w_j‖² + ‖α_j‖_2²), and the program (C), convex, with the penalty "
        "reg Σ ‖z_u‖_2 over atoms u with ‖w(u)‖ = 1, have the same optimal value. A network goes to z_u = ‖w_j‖ α_j "
        "at u = (w_j, b_j)/‖w_j‖, and z goes to w = √‖z_u‖ u and α = z_u/√‖z_u‖: the outputs stay, the cost does "
        "not rise. In an optimal network ‖w_j‖ = ‖α_j‖_2 for every j."
    ),
    latex=(
        r"\min_{w, b, \alpha, t} L(f) + \tfrac{\mathrm{reg}}{2} \sum_j \left( \|w_j\|^2 + \|\alpha_j\|_2^2 \right) = "
        r"\min_{z, t} L\Bigl( \sum_u z_u (\tilde x \cdot u)_+ + t \Bigr) + \mathrm{reg} \sum_u \|z_u\|_2 "
        r"\quad (\|w(u)\| = 1)"
    ),
    argument="""\
Only three facts about the parts are used: (c a)_+ = c (a)_+ for c > 0, ‖c w‖ = c ‖w‖, and AM–GM.

AM–GM. For m, r ≥ 0, ½(m² + r²) = m r + ½(m − r)² ≥ m r, with equality exactly for m = r. With m = ‖w‖ and
r = ‖α‖_2 this bounds the penalty of a neuron from below by ‖w‖ ‖α‖_2, for any number of outputs (step 1 as an
identity, step 2 with the case of equality).

From (T) to (C). Let a network be given. A neuron with m = ‖w‖ > 0 is (w, b) = m u with ‖w(u)‖ = 1, and its output
α (m x̃·u)_+ = (m α)(x̃·u)_+ for every x (step 3). Its penalty is at least m ‖α‖_2 = ‖m α‖_2. A neuron with w = 0
is the constant α (b)_+: with biases it moves into t, which costs nothing, and without them it is 0. Neurons with
the same u are added up, which by the triangle inequality does not raise Σ‖z_u‖ (step 4). So (C) has a point with
the same outputs, t included, and no larger objective (step 6 walks through whole networks).

From (C) to (T). Let finitely many z_u be non-zero (as in any network). With s = √‖z_u‖ > 0, w = s u and
α = z_u/s, the output is (z_u/s)(s x̃·u)_+ = z_u (x̃·u)_+, and the penalty ½(s² ‖w(u)‖² + ‖z_u‖²/s²) = ‖z_u‖
(step 5). So (T) has a point with the same objective.

Hence the infima agree, and minimisers go to minimisers. An optimal network has equality everywhere, so m = r for
each neuron. (C) is convex: its outputs are linear in (z, t), L is convex in them (its second derivatives in an
output are 1 for the squared loss and p(1 − p) for the logistic one, p the logistic function), ‖·‖_2 is a norm.""",
)


def mean_of_squares(m: Any, r: Any) -> Any:
    """The penalty of a neuron with ‖w‖ = m and ‖α‖ = r."""
    return (m * m + r * r) / 2


def cost(m: Any, r: Any) -> Any:
    """What the penalty is bounded by: ‖z‖ = ‖w‖ ‖α‖."""
    return m * r


@THEOREM.step(
    "identity",
    "½(m² + α·α) − m r = ½(m − r)² if r² = α·α: as polynomials the sides differ by ½(α·α − r²)",
    "all m, r and α ∈ R^c, c ≤ 4",
)
def arithmetic_geometric_identity(bound: Callable[[Any, Any], Any] = cost) -> None:
    for outputs in range(1, 5):
        ring = PolyRing(sympy.symbols(f"m r a:{outputs}"), sympy.QQ)
        m, r, *outer = ring.gens
        squared = sum(a * a for a in outer)
        gap = (m * m + squared) / 2 - bound(m, r)
        claim = f"½(m² + α·α) − bound − ½(m − r)² − ½(α·α − r²), c = {outputs}"
        require_identity(gap, (m - r) ** 2 / 2 + (squared - r * r) / 2, claim)


@THEOREM.step(
    "decided",
    "½(m² + r²) ≥ m r, with equality if and only if m = r",
    "all real m, r ≥ 0",
    needs="z3-solver",
)
def arithmetic_geometric_inequality(
    bound: Callable[[Any, Any], Any] = cost, balanced: Callable[[Any, Any], Any] = lambda m, r: m == r
) -> None:
    def below(z3: Any) -> Iterator[Any]:
        m, r = z3.Reals("m r")
        yield from (m >= 0, r >= 0, mean_of_squares(m, r) < bound(m, r))

    def unlike(z3: Any) -> Iterator[Any]:
        m, r = z3.Reals("m r")
        yield from (m >= 0, r >= 0, (mean_of_squares(m, r) == bound(m, r)) != balanced(m, r))

    decide("½(m² + r²) is at least the bound", below)
    decide("½(m² + r²) is the bound if and only if the neuron is balanced", unlike)


@THEOREM.step(
    "decided",
    "α (s + b)_+ = (m α)(s/m + b/m)_+ for s = w·x and m > 0",
    "all real α, s, b and m > 0",
    needs="z3-solver",
)
def rescaling(
    scales: Callable[[Any], Any] = lambda m: m > 0, bias: Callable[[Any, Any], Any] = lambda b, m: b / m
) -> None:
    """`scales` says which m are allowed, `bias` what becomes of b."""

    def differs(z3: Any) -> Iterator[Any]:
        alpha, s, b, m = z3.Reals("α s b m")
        before, after = s + b, s / m + bias(b, m)
        yield scales(m)
        yield alpha * z3.If(before > 0, before, 0) != m * alpha * z3.If(after > 0, after, 0)

    decide("a neuron that is rescaled keeps its output", differs)


@THEOREM.step(
    "decided",
    "‖z + z'‖_2 ≤ ‖z‖_2 + ‖z'‖_2, so that neurons of one atom can be added up",
    "all z, z' ∈ R^c, c ≤ 2, and so every c: two vectors lie in a plane",
    needs="z3-solver",
)
def merging(norm_squared: Callable[[Any], Any] = lambda length: length * length) -> None:
    """`norm_squared` is Σ z² in terms of the cost of z: its square, as the cost is the norm."""
    for outputs in (1, 2):

        def rises(z3: Any, outputs=outputs) -> Iterator[Any]:
            first, second = ([z3.Real(f"{name}{k}") for k in range(outputs)] for name in "zy")
            lengths = z3.Reals("z y sum")
            together = [a + b for a, b in zip(first, second, strict=True)]
            for vector, length in zip((first, second, together), lengths, strict=True):
                yield length >= 0
                yield norm_squared(length) == z3.Sum([a * a for a in vector])
            yield lengths[2] > lengths[0] + lengths[1]

        decide(f"adding up neurons does not raise the cost, c = {outputs}", rises)


@THEOREM.step(
    "decided",
    "w = s u, α = z/s with s² = ‖z‖_2 has α (s h)_+ = z (h)_+ for h = x̃·u, and ½(s² + α·α) = ‖z‖_2",
    "all real h, z ∈ R^c with z ≠ 0, c ≤ 3",
    needs="z3-solver",
)
def map_back(scale: Callable[[Any], Any] = lambda s: s) -> None:
    """`scale` is the length of w in terms of s = √‖z‖."""
    for outputs in (1, 2, 3):

        def differs(z3: Any, outputs=outputs) -> Iterator[Any]:
            s, h, *z = z3.Reals(" ".join(["s", "h", *(f"z{k}" for k in range(outputs))]))
            yield from (s > 0, s * s * s * s == z3.Sum([a * a for a in z]))  # s² = ‖z‖_2
            w = scale(s)
            outer = [a / w for a in z]
            relu_h, relu_w = (z3.If(value > 0, value, 0) for value in (h, w * h))
            same = z3.And([a * relu_w == b * relu_h for a, b in zip(outer, z, strict=True)])
            yield z3.Not(z3.And(same, (w * w + z3.Sum([a * a for a in outer])) / 2 == s * s))

        decide(f"the network of z has its output and its cost, c = {outputs}", differs)


Neuron = tuple[int, int, int]  # w, b, α in one dimension


def convex_point(
    network: Sequence[Neuron], norm: Callable[[Sequence], Any]
) -> tuple[dict[tuple[Fraction, Fraction], Fraction], Fraction]:
    """z as {u: z_u}, and t, of a network without an output bias."""
    point: dict[tuple[Fraction, Fraction], Fraction] = {}
    constant = Fraction(0)
    for w, b, alpha in network:
        if w == 0:
            constant += alpha * max(b, 0)
            continue
        m = norm((w, b))
        atom = (Fraction(w, m), Fraction(b, m))
        point[atom] = point.get(atom, Fraction(0)) + m * alpha
    return point, constant


def attains(network: Sequence[Neuron]) -> bool:
    """Whether the penalty is Σ|z_u|: balanced neurons, and none of one atom against each other."""
    signs: dict[tuple[int, Fraction], set[bool]] = {}
    for w, b, alpha in network:
        if abs(w) != abs(alpha):
            return False
        if w and alpha:
            signs.setdefault((w > 0, Fraction(b, abs(w))), set()).add(alpha > 0)
    return all(len(both) == 1 for both in signs.values())


@THEOREM.step(
    "exhaustive",
    "a network and its point of (C) agree at every x, Σ|z_u| ≤ ½Σ(w² + α²), with equality as the argument says",
    "d = 1 with biases, all networks of two neurons with w, b, α ∈ {−2..2}, x ∈ {−3..3}",
)
def whole_networks(norm: Callable[[Sequence], Any] = lambda unit: abs(unit[0])) -> None:
    """`norm` is what (w, b) is divided by."""
    neurons = list(product(range(-2, 3), repeat=3))
    for i, first in enumerate(neurons):
        for second in neurons[i:]:
            network = (first, second)
            point, constant = convex_point(network, norm)
            for x in range(-3, 4):
                output = sum(alpha * relu(Fraction(w * x + b)) for w, b, alpha in network)
                convex = constant + sum(z * relu(dot(atom, (x, 1))) for atom, z in point.items())
                require(output == convex, f"{network} gives {output} at {x} and its point of (C) {convex}")
            total = one_norm(point.values())
            penalty = Fraction(sum(w * w + alpha * alpha for w, _, alpha in network), 2)
            require(total <= penalty, f"{network}: Σ|z| = {total}, penalty {penalty}")
            claim = f"{network}: Σ|z| = {total}, penalty {penalty}, balanced: {attains(network)}"
            require((total == penalty) == attains(network), claim)
