"""Plans of transport bound networks of every depth, whose penalty is that of paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.generic import decide, require_identity
from proofs.plans import divergence, edge_cost, star_cost
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "layered_paths"]

Layers = Sequence[Sequence[Sequence[Any]]]  # a matrix of weights for each layer, outputs by inputs

THEOREM = Theorem(
    title="Plans of transport bound every depth",
    section="section 9, L13",
    words="""\
Let h be a network of any number of layers, with any weights and biases, connections that skip layers, and
activations σ with 0 ≤ (σ(s) − σ(t))/(s − t) ≤ 1. Let P_l^+ and P_l^- be the sums, over its paths from input l to the
output, of the |products| of the weights on a path, by the sign of the product. Then for all x and x'

    h(x) − h(x') ≤ Σ_l P_l^+ (x_l − x'_l)_+ + P_l^- (x'_l − x_l)_+,

and a plan π of divergence v whose transport costs A_l has |Σ_i v_i h(x_i)| ≤ Σ_l (P_l^+ + P_l^-) A_l, which is at
most max_l A_l times the path norm. So if max_l A_l ≤ reg, no such network with an intercept has a loss plus reg
times its path norm below the dual value D(v). Without biases the same holds for ReLU networks whose output is a sum
over their last hidden layer, with the edges of the origin and a plan for each of v and −v. A plan of stars proves
nothing of more than two layers.""",
    latex=r"""
\Bigl|\sum_i v_i\,h(x_i)\Bigr|\ \le\ \max_{l,\pm}\sum_{ij}\pi_{ij}\bigl(\pm(x_i-x_j)_l\bigr)_+\cdot
\sum_{\text{paths}}\prod|\text{weights}|
""",
    argument="""\
For one unit, σ(s) − σ(t) = θ (s − t) with some θ in [0, 1] (step 1: ReLU, leaky ReLU and the clipped identity; for
any differentiable σ with 0 ≤ σ' ≤ 1, such as tanh and softplus, by the mean value theorem). So from the first layer
to the last, the difference of the values of a unit at x and at x' is θ times the weighted sum of the differences
below it; biases cancel. Multiplied out,

    h(x) − h(x') = Σ_l c_l (x_l − x'_l),   c_l = Σ over paths from l of Π weights · Π θ

(step 2; a connection that skips a layer is a path with fewer θ). Each product of θ is in [0, 1], so c_l is in
[−P_l^-, P_l^+] (step 3), and c_l δ ≤ P_l^+ (δ)_+ + P_l^- (−δ)_+. Multiply by π_ij and sum: Σ v_i h(x_i) = Σ π_ij
(h(x_i) − h(x_j)) ≤ Σ_l P_l^+ A_l + P_l^- A_l. −v has the plan backwards, with the same A_l. An intercept is free, as
Σ v_i = 0.

The value of a network is then at least L(f) + v·f for its outputs f on the samples, and so at least D(v), the least
value of that.

Without biases h = Σ_k α_k h_k with units h_k of the last hidden layer that are ≥ 0 and 0 at the origin. For each of
them an edge to the origin costs what transport to x = 0 does, and one from it −z h_k(x_j) ≤ 0; so |Σ v_i h_k(x_i)|
is at most A times its path norm for v and for −v, and the sum over k at most A times Σ |α_k| that.

Step 4 goes through all networks of three layers of a finite family with all plans of another one. Step 5: a hat is
one of them, not convex, with Σ v_i h(x_i) > 0 where the plan of stars costs nothing, and what transport allows.""",
)


def leaky(z3: Any, value: Any, slope: Any) -> Any:
    """max(value, slope · value) for a slope in [0, 1]: ReLU for 0."""
    return z3.If(value > 0, value, slope * value)


def clipped(z3: Any, value: Any, slope: Any) -> Any:
    """The identity within [−1, 1], constant beyond."""
    return z3.If(value > 1, 1, z3.If(value < -1, -1, value))


@THEOREM.step(
    "decided",
    "0 ≤ σ(s) − σ(t) ≤ s − t for s ≥ t",
    "ReLU, leaky ReLU of any slope in [0, 1] and the clipped identity, all reals",
    needs="z3-solver",
)
def slopes(activations: Sequence[Callable] = (leaky, clipped), steepest: int = 1) -> None:
    """`steepest` is the largest slope of a leaky ReLU."""
    for activation in activations:

        def denial(z3: Any, activation: Callable = activation) -> Iterator[Any]:
            s, t, slope = z3.Reals("s t slope")
            yield z3.And(s >= t, slope >= 0, slope <= steepest)
            rise = activation(z3, s, slope) - activation(z3, t, slope)
            yield z3.Or(rise < 0, rise > s - t)

        decide(f"the slopes of {activation.__name__} are in [0, 1]", denial)


def layered_paths(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every path as the numbers of its units, from an input to the output."""
    yield from product(*map(range, sizes))


def path_products(
    weights: Layers, thetas: Sequence[Sequence[Any]], skipping: Sequence[Any], paths: Callable
) -> list:
    """Σ over paths from each input of Π weights · Π θ, with `skipping` weights from the inputs to the output."""
    sizes = [len(weights[0][0]), *map(len, weights)]
    sums = list(skipping)
    for path in paths(sizes):
        steps = [weights[k][path[k + 1]][path[k]] for k in range(len(weights))]
        factors = [thetas[k][path[k + 1]] for k in range(len(weights) - 1)]
        sums[path[0]] = sums[path[0]] + prod(steps) * prod(factors)
    return sums


@THEOREM.step(
    "identity",
    "the difference of two values of a network is Σ_l c_l δ_l with c_l = Σ over paths of Π weights · Π θ",
    "all weights, θ and δ; 1 to 3 features, up to 4 layers of up to 3 units, weights that skip to the output",
)
def whole_network(paths: Callable = layered_paths) -> None:
    """`paths` of a network by the sizes of its layers."""
    for sizes in ((1, 1), (2, 3, 1), (3, 2, 2, 1), (2, 2, 2, 2, 1)):
        shapes = list(zip(sizes[1:], sizes, strict=False))
        names = [
            f"w{k}_{i}_{j}"
            for k, (rows, columns) in enumerate(shapes)
            for i in range(rows)
            for j in range(columns)
        ]
        hidden = [f"t{k}_{i}" for k, rows in enumerate(sizes[1:-1]) for i in range(rows)]
        inputs = [f"{kind}{j}" for kind in "xs" for j in range(sizes[0])]
        gens = iter(PolyRing(sympy.symbols([*names, *hidden, *inputs]), sympy.QQ).gens)
        weights = [[[next(gens) for _ in range(columns)] for _ in range(rows)] for rows, columns in shapes]
        thetas = [[next(gens) for _ in range(rows)] for rows in sizes[1:-1]]
        step, skipping = ([next(gens) for _ in range(sizes[0])] for _ in "xs")
        rise = step
        for k, matrix in enumerate(weights):
            rise = [sum(a * b for a, b in zip(row, rise, strict=True)) for row in matrix]
            if k < len(thetas):
                rise = [theta * value for theta, value in zip(thetas[k], rise, strict=True)]
        total = rise[0] + sum(a * b for a, b in zip(skipping, step, strict=True))
        c = path_products(weights, thetas, skipping, paths)
        require_identity([total], [sum(a * b for a, b in zip(c, step, strict=True))], f"layers of {sizes}")


@THEOREM.step(
    "decided",
    "c = p Π θ over paths is within [−P^-, P^+], and c δ ≤ P^+ (δ)_+ + P^- (−δ)_+",
    "all real products of weights, θ in [0, 1] and δ; two paths of two θ each",
    needs="z3-solver",
)
def sum_of_paths(most: int = 1) -> None:
    """`most` is the largest slope. Paths add up, so two of them, one shared θ among theirs, stand for all."""

    def denial(z3: Any, k: int = 0) -> Iterator[Any]:
        p, q, step = z3.Reals("p q δ")
        thetas = z3.RealVector("θ", 3)
        yield z3.And(*[z3.And(theta >= 0, theta <= most) for theta in thetas])
        factors = z3.Reals("f g")
        for factor, theta in zip(factors, thetas[1:], strict=True):
            yield factor == thetas[0] * theta
        up = z3.If(p > 0, p, 0) + z3.If(q > 0, q, 0)
        down = z3.If(p < 0, -p, 0) + z3.If(q < 0, -q, 0)
        c = p * factors[0] + q * factors[1]
        if k == 0:
            yield z3.Or(c > up, c < -down)
        else:
            free = z3.Real("c")
            yield z3.And(-down <= free, free <= up)
            yield free * step > up * z3.If(step > 0, step, 0) + down * z3.If(step < 0, -step, 0)

    decide("sums of paths are between −P^- and P^+", denial)
    decide("a slope between −P^- and P^+ rises by no more", lambda z3: denial(z3, 1))


def output(x: int, weights: Sequence[int], biases: Sequence[int]) -> int:
    """Two units of one feature, one unit over them: three layers."""
    hidden = [max(w * x + b, 0) for w, b in zip(weights[:2], biases[:2], strict=True)]
    return max(weights[2] * hidden[0] + weights[3] * hidden[1] + biases[2], 0)


@THEOREM.step(
    "exhaustive",
    "Σ v_i h(x_i) is at most what transport costs times the path norm, for v and for −v",
    "x = 0, 1, 2; all networks (w_3 (w_1 x + b_1)_+ + w_4 (w_2 x + b_2)_+ + b_3)_+ with weights and biases "
    "within ±1; all plans with masses 0 and 1 in one direction of each pair",
)
def three_layers(cost: Callable = edge_cost, biases: Sequence[int] = (-1, 0, 1)) -> None:
    """`cost` is what a plan says, `biases` those of the family."""
    samples = (0, 1, 2)
    outputs: dict[tuple[int, ...], int] = {}
    for weights in product((-1, 0, 1), repeat=4):
        norm = abs(weights[0] * weights[2]) + abs(weights[1] * weights[3])
        for shifts in product(biases, repeat=3):
            h = tuple(output(x, weights, shifts) for x in samples)
            outputs[h] = min(norm, outputs.get(h, norm))
    points = [(Fraction(x),) for x in samples]
    for choice in product((0, 1, 2), repeat=3):
        plan = {}
        for (i, j), way in zip(((1, 0), (2, 0), (2, 1)), choice, strict=True):
            plan |= {(i, j): int(way == 1), (j, i): int(way == 2)}
        v, says = divergence(plan, 3), cost(plan, points)
        for h, norm in outputs.items():
            reached = abs(sum(a * b for a, b in zip(v, h, strict=True)))
            case = f"outputs {h} of path norm {norm}, plan {plan}"
            require(reached <= says * norm, f"{case}: |v·h| = {reached}, above {says * norm}")


@THEOREM.step(
    "instance",
    "a hat of three layers has v·h > 0 where a plan of stars for v costs nothing, and transport as much as v·h",
    "x = 0, 1, 2, v = (−1, 2, −1), h = 1 − |x − 1|",
)
def stars_are_for_two_layers(targets: Sequence[int] = (-1, 2, -1)) -> None:
    """`targets` is v."""
    plan, points = {(1, 0): 1, (1, 2): 1}, [(0,), (1,), (2,)]
    hat = [output(x, (-1, 1, -1, -1), (1, -1, 1)) for x in range(3)]
    require(divergence(plan, 3) == list(targets), f"the plan moves {divergence(plan, 3)}")
    require(hat == [0, 1, 0], f"the network has the outputs {hat}")
    require(star_cost(plan, points) == 0, f"stars cost {star_cost(plan, points)}")
    reached, paths = sum(a * b for a, b in zip(targets, hat, strict=True)), 2
    require(0 < reached == paths * edge_cost(plan, points), f"v·h = {reached}")
