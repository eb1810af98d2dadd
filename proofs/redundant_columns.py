"""Columns of a hidden layer that the next layer can do without: all but the vertices of {K c : ‖c‖_1 ≤ 1}."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

from proofs.deep_recursion import wedges_of_wedges
from proofs.finite import (
    Vector,
    basis_pursuit,
    dot,
    independent,
    least_cost,
    one_norm,
    rank,
    relu,
    show,
    vertices,
)
from proofs.generic import decide, generic, real_norm, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Columns that the next layer can do without",
    section="section 7",
    words="""\
Let k_1, …, k_M be the activations of a hidden layer on the samples, as columns of K, and let one of them be
k_m = Σ_{j≠m} c_j k_j with ‖c‖_1 ≤ 1, or, with biases, k_m = Σ_{j≠m} c_j k_j + t·1 with any t.
(a) For every network of parallel branches over all columns there is one over the others, of the same depth and width
above them, with the same outputs on the samples and no larger path-ℓ1 cost.
(b) Take such columns out one at a time until there are none. In whatever order, what is left is one of each pair ±k
of vertices ≠ 0 of P = {K c : ‖c‖_1 ≤ 1}; with biases, of P modulo constants. What the next layer sees at a cost of at
most 1 is P, with biases P + R·1: all of it over the columns that are left, less without any of them.
(c) P = −P, so signs do not matter. A combination with ‖c‖_1 > 1 does not do: without k_m the least cost can rise.""",
    latex=r"""
k_m=\sum_{j\ne m}c_jk_j\,(+\,t\mathbf 1),\ \lVert c\rVert_1\le 1:\qquad
\sum_j a_jk_j+b=\sum_{j\ne m}(a_j+a_mc_j)k_j+(b+a_mt),\quad
\sum_{j\ne m}|a_j+a_mc_j|\le\sum_j|a_j|
""",
    argument="""\
(a) A neuron above the columns takes Σ a_j k_j + b. Put a_j + a_m c_j in the place of a_j for j ≠ m, b + a_m t in that
of b, and leave k_m out. On each sample this is the same number (step 1), so that whatever lies above has the same
inputs, at every depth; and ‖·‖_1 of the weights does not grow, as Σ_{j≠m} |a_j + a_m c_j| ≤
Σ_{j≠m} |a_j| + |a_m| ‖c‖_1 (step 2). The path-ℓ1 cost is a sum over these neurons of ‖a‖_1 times a factor ≥ 0, the
weights on the paths above; the columns count as units. Away from the samples the outputs may change.

(b) With biases read everything modulo constants. P is the convex hull of the ±k_j, so its vertices are some of them.
A column is such a combination if and only if it lies in the hull of the ± others, since {Σ c_j k_j : ‖c‖_1 ≤ 1} is
that hull (or, if there are no others, if it is 0). So taking it out leaves P as it is. At the end no column is in the
hull of the ± others. Then each is a vertex of P: if k were none, neither would −k, and k would be in the hull of the
vertices, which are some of the ± others. And each vertex is ± a column that is left, but of one only. A vertex is not
in the hull of other points of P, so without any of these columns P becomes smaller. Step 3 does this in two orders
and compares with the vertices that the polar {v : |v·k_j| ≤ 1} gives: k_m is one if and only if the vertices v of the
polar with v·k_m = 1 span all dimensions. Step 4 computes the least costs of three layers.

(c) Step 5: on the samples 0, 1, 3 the ramp (x − 0)_+ is 3 − (3 − x)_+, with c = −1, and goes. Then (3 − x)_+ is still
a combination of the two ramps at 1 and a constant, 3 − x = 2 + (1 − x)_+ − (x − 1)_+, but with ‖c‖_1 = 2; without it
the least cost of three layers for its own values (3, 2, 0) rises from 1 to 2.""",
)

Columns = list[Vector]


def shortest(column: Vector, others: Sequence[Vector], bias: bool) -> Fraction | None:
    """Least ‖c‖_1 with column = Σ c_j others_j, with a bias up to a constant; None if there is no c."""
    ones = tuple(Fraction(1) for _ in column)
    given = [*others, ones] if bias else list(others)
    if not given:
        return None if any(column) else Fraction(0)
    if rank([*given, column]) > rank(given):
        return None
    rows = independent(list(zip(*given, strict=True)))
    if not rows:
        return Fraction(0)
    cut = [tuple(vector[i] for i in rows) for vector in given]
    z, _ = basis_pursuit(cut, [1] * len(others) + [0] * bias, tuple(column[i] for i in rows))
    return one_norm(value for k, value in z.items() if k < len(others))


def essential(
    columns: Columns, bias: bool, order: Sequence[int], budget: Fraction = Fraction(1)
) -> list[int]:
    """Take columns with ‖c‖_1 ≤ budget out, one at a time."""
    kept = list(range(len(columns)))
    for k in order:
        others = [j for j in kept if j != k]
        length = shortest(columns[k], [columns[j] for j in others], bias)
        if length is not None and length <= budget:
            kept = others
    return kept


@THEOREM.step(
    "identity",
    "Σ a_j k_j + b = Σ_{j≠m} (a_j + a_m c_j) k_j + (b + a_m t) for k_m = Σ c_j k_j + t",
    "all entries, two to six columns, at each sample",
)
def same_inputs(shift: Callable = lambda b, a, t: b + a * t) -> None:
    """`shift` is the new bias."""
    for others in range(1, 6):
        symbols = generic(1, 3 * others + 3).polynomials[0]
        k, a, c = (symbols[i * others : (i + 1) * others] for i in range(3))
        last, b, t = symbols[3 * others :]
        column = sum(c * k) + t
        before = sum(a * k) + last * column + b
        after = sum((a + c * last) * k) + shift(b, last, t)
        require_identity([before], [after], f"the input of a neuron over {others + 1} columns")


@THEOREM.step(
    "decided",
    "Σ_{j≠m} |a_j + a_m c_j| ≤ Σ |a_j| if ‖c‖_1 ≤ 1",
    "all real a and c, two to four columns",
    needs="z3-solver",
)
def no_larger(budget: int = 1) -> None:
    """`budget` bounds ‖c‖_1."""
    for others in (1, 2, 3):

        def denial(z3, others=others):
            a, c = ([z3.Real(f"{name}{j}") for j in range(others)] for name in "ac")
            last = z3.Real("a")
            yield real_norm(z3, 1, c) <= budget
            # a and a_m may be scaled together, and signs of a_m and c turned: a_m = 1 or 0
            yield z3.Or(last == 1, last == 0)
            after = [p + z3.If(last == 1, q, 0) for p, q in zip(a, c, strict=True)]
            yield real_norm(z3, 1, after) > real_norm(z3, 1, [*a, last])

        decide(f"the weights of a neuron over {others + 1} columns do not grow", denial)


def tables(bias: bool) -> Iterator[Columns]:
    """All sets of three columns on two and three samples, of full rank (with a bias modulo constants)."""
    for samples, entries in ((2, 4), (3, 2)) if not bias else ((2, 3), (3, 2)):
        for columns in combinations(product(map(Fraction, range(entries)), repeat=samples), 3):
            if rank(modulo(columns, bias)) == samples - bias:
                yield list(columns)


def modulo(columns: Sequence[Vector], bias: bool) -> Columns:
    """With a bias the differences to the first entry."""
    return [tuple(value - phi[0] for value in phi[1:]) if bias else phi for phi in columns]


def hull_vertices(columns: Columns) -> set[Vector]:
    """Vertices of the hull of ±k_j by its polar."""
    both = {tuple(s * value for value in phi) for phi in columns for s in (1, -1)}
    polar = vertices(list(both), [1] * len(both))
    tight = {phi: [v for v in polar if dot(v, phi) == 1] for phi in both}
    return {phi for phi, touching in tight.items() if touching and rank(touching) == len(phi)}


@THEOREM.step(
    "exhaustive",
    "in two orders, what is left is one of each pair of vertices of {K c : ‖c‖_1 ≤ 1}",
    "three different columns of full rank: entries 0..3 on two samples (with biases 0..2), 0 and 1 on three",
)
def vertices_are_left(budget: Fraction = Fraction(1), constants: bool = True) -> None:
    """`constants` is whether with biases constants are free."""
    for bias in (False, True):
        for columns in tables(bias):
            wanted = hull_vertices(modulo(columns, bias))
            for order in ((0, 1, 2), (2, 1, 0)):
                kept = essential(columns, bias and constants, order, budget)
                left = modulo([columns[k] for k in kept], bias)
                found = {tuple(s * value for value in phi) for phi in left for s in (1, -1)}
                case = f"the columns {', '.join(map(show, columns))}{' with biases' if bias else ''}"
                require(found == wanted, f"{case}: left are {_several(found)}, vertices {_several(wanted)}")
                require(2 * len(left) == len(wanted), f"{case}: left are {len(left)} columns")


def _several(vectors) -> str:
    return ", ".join(map(show, sorted(vectors)))


def next_features(columns: Columns, bias: bool) -> Columns:
    """The activations of the next layer by equation (3)."""
    rows = list(zip(*columns, strict=True))
    units = wedges_of_wedges(rows, bias)
    padded = [(*row, Fraction(1)) if bias else row for row in rows]
    found = dict.fromkeys(tuple(relu(dot(row, unit)) for row in padded) for unit in sorted(units))
    return [phi for phi in found if any(phi)]


def path_cost(features: Columns, target: Vector, bias: bool) -> Fraction | None:
    """Least Σ|z| to interpolate; None if the columns do not span all dimensions."""
    if rank(modulo(features, bias)) < len(target) - bias:
        return None
    if bias:
        return least_cost(features, target)[0]
    return one_norm(basis_pursuit(features, [1] * len(features), target)[0].values())


@THEOREM.step(
    "exhaustive",
    "a layer above costs the same over the columns that are left, for every target",
    "two samples: three columns with entries 0..2 without biases and with them; targets 0, 1 with −1, 0, 1",
)
def costs_stay(budget: Fraction = Fraction(1)) -> None:
    """`budget` bounds ‖c‖_1."""
    for bias in (False, True):
        for columns in combinations(product(map(Fraction, range(3)), repeat=2), 3):
            kept = [columns[k] for k in essential(list(columns), bias, range(3), budget)]
            if not kept:
                continue
            layers = [next_features(list(chosen), bias) for chosen in (columns, kept)]
            for target in product(map(Fraction, (0, 1)), map(Fraction, (-1, 0, 1))):
                costs = [path_cost(features, target, bias) for features in layers]
                case = f"the columns {_several(columns)}, left {_several(kept)}, y = {show(target)}"
                require(costs[0] == costs[1], f"{case}: the least costs are {costs[0]} and {costs[1]}")


def ramps(samples: Sequence[int]) -> dict[tuple[int, int], Vector]:
    """The activations of (s (x − a))_+ with samples a, by (s, a)."""
    table = {(s, a): tuple(relu(Fraction(s * (x - a))) for x in samples) for s in (1, -1) for a in samples}
    return {name: phi for name, phi in table.items() if any(phi)}


@THEOREM.step(
    "instance",
    "(x − 0)_+ goes, being 3 − (3 − x)_+; (3 − x)_+ has ‖c‖_1 = 2, and without it y = (3, 2, 0) costs 2 and not 1",
    "the ramps on the samples 0, 1, 3, three layers with biases",
)
def sign_and_length(
    samples: Sequence[int] = (0, 1, 3), gone: tuple = (1, 0), needed: tuple = (-1, 3)
) -> None:
    """`gone` and `needed` are names (s, a) of the two ramps."""
    table = ramps(samples)
    names = list(table)
    kept = [names[k] for k in essential(list(table.values()), True, range(len(table)))]
    require(gone not in kept, f"the ramp {gone} stays")
    require(needed in kept, f"the ramp {needed} goes")
    alone = shortest(table[gone], [table[needed]], True)
    require(alone == 1, f"{gone} over {needed} has ‖c‖_1 = {alone}")
    others = [table[name] for name in kept if name != needed]
    length = shortest(table[needed], others, True)
    require(length == 2, f"the ramp {needed} has ‖c‖_1 = {length}")
    layers = [next_features(chosen, True) for chosen in ([*others, table[needed]], others)]
    costs = [path_cost(features, table[needed], True) for features in layers]
    require(costs == [1, 2], f"the least costs are {show(costs)}")
