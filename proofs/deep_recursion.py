"""Deeper layers: their optimal weights are wedges of the features of the layer below, wedges of wedges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product

import numpy as np

from geomnn import algebra
from proofs.finite import Vector, basis_vectors, dot, homogeneous, one_norm, relu, unit_wedges, vertices
from proofs.generic import determinant, generic, require_identity
from proofs.rewriting import split
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "wedges_of_wedges"]

Table = Sequence[Vector]

THEOREM = Theorem(
    title="Wedges of wedges",
    section="section 7, equation (3)",
    words="""\
Let K be a matrix of M unit features on n samples, with rows k_i. The vertices c ≠ 0 of {‖c‖_1 ≤ 1} cut with a chamber
{s_i k_i·c ≥ 0} are those vectors ±×(K_{j,S} : j ∈ J)/‖·‖_1 on the coordinates S, zero elsewhere, that lie in it;
J ⊂ samples, |S| = |J|+1. With a bias, {(c, b) : ‖c‖_1 ≤ 1, s_i (k_i·c + b) ≥ 0}, they are the same with the column of
ones joined to S, |S| = |J| ≥ 1, ‖·‖_1 over S alone. So with scalar output and the path-ℓ1 penalty the training of
parallel branches of three layers is a Lasso over (K c)_+ with these c, K holding the activations of equation (1); and
so on from layer to layer. |S| = 1 without a bias passes a feature through; |S| = 2 gives
(K_{i,a} K_{j,b} − K_{i,b} K_{j,a})_+ / (|K_{j,a}| + |K_{j,b}|).""",
    latex=r"""
\operatorname{vert}\bigl(\{\lVert c\rVert_1\le 1\}\cap\{s_i k_i\cdot c\ge 0\}\bigr)\setminus\{0\}
=\Bigl\{c=\pm\frac{\times(K_{j,S}:j\in J)}{\lVert\times(K_{j,S}:j\in J)\rVert_1} : |S|=|J|+1,
\ s_i k_i\cdot c\ge 0\ \forall i\Bigr\}
""",
    argument="""\
The vertices. A vertex c ≠ 0 has ‖c‖_1 = 1, for otherwise all its tight rows are samples, and (1+ε)c and (1−ε)c are in
the set as well. Let S be its support. Near c, and within the vectors supported on S, the norm is σ·c with fixed signs
σ. If some h ≠ 0 supported on S had σ·h = 0 and k_i·h = 0 for each sample that is tight at c, then c ± εh would be in
the set. So the tight rows K_{i,S} have a kernel on which σ·h vanishes only for h = 0, hence of dimension one, as c is
in it: their rank is |S|−1, and |S|−1 independent ones, J, determine c up to a factor: c_S = ±×(K_{j,S})/‖·‖_1.
Conversely let c be such a vector in the chamber, and c the midpoint of two points of the set. In a chamber a product
that is 0 at the midpoint is 0 at both ends; so is a coordinate, because the norm is 1 at all three and hence linear
between them. So both ends are orthogonal to the k_j, j ∈ J, and supported on S: multiples of c, of norm 1: c itself.

With a bias the same holds with the row (K_{i,S}, 1) and h = (h_S, h_b): the kernel has dimension one in |S|+1
coordinates, so |J| = |S|. A vertex with c = 0 is (0, b), and b = 0 because otherwise no row is tight; conversely no
×(…) has c = 0, since b·1 = 0 for j ∈ J gives b = 0. The set may be unbounded, along (0, 1) or (0, −1) only, where all
samples are active or none is. Steps 1 and 2 enumerate the vertices by their definition and compare.

The recursion. A branch α(Σ_j V_j (x·w_j)_+)_+ with the penalty |α| Σ_j |V_j| ‖w_j‖_1 can be scaled so that the sum is
1. By the theorem on rewriting each w_j is a combination of atoms of (1), of the same cost, so that the inner sum on the
samples is K c with ‖c‖_1 ≤ 1, K the features of (1); and every such c is a branch. Rewriting c in turn, with the rows
of K for samples, splits (K c)_+ into activations of (3), Σ of the coefficients ≤ 1; the sum of the parts is a
sum of branches of no higher cost. Step 3 does both for all branches of a finite family. A layer more
repeats the argument with the new features as K. With biases the ray (0, 1) of a neuron adds a constant on
the samples: at no cost it goes into the bias of the next layer.

The formulas for features are determinants: k_i·×(K_J) = det[k_i, K_J] (step 4).""",
)


def supports(width: int) -> Iterator[tuple[int, ...]]:
    """All sets S of features."""
    for size in range(1, width + 1):
        yield from combinations(range(width), size)


def wedges_of_wedges(table: Table, bias: bool, subsets: Callable = supports) -> set[Vector]:
    """The dictionary (3) for the rows of K: cross products of samples, restricted to a few features."""
    width, found = len(table[0]), set()
    for subset in subsets(width):
        members = [tuple(row[k] for k in subset) + (Fraction(1),) * bias for row in table]
        for atom in unit_wedges(members, len(subset)):
            places = dict(zip((*subset, width), atom, strict=False))
            found.add(tuple(places.get(k, Fraction(0)) for k in range(width + bias)))
    return found


def chambers(table: Table, bias: bool) -> Iterator[tuple[tuple[int, ...], set[Vector]]]:
    """The vertices of each chamber ∩ ball, from the definition of a vertex; (c, b) and −(c, b) swap chambers."""
    rows, width = [row + (Fraction(1),) * bias for row in table], len(table[0])
    ball = [tuple(map(Fraction, (*signs, *[0] * bias))) for signs in product((1, -1), repeat=width)]
    for signs in product((1, -1), repeat=len(table) - 1):
        sides = [tuple(-s * value for value in row) for s, row in zip((1, *signs), rows, strict=True)]
        found = vertices([*sides, *ball], [0] * len(sides) + [1] * len(ball))
        yield (1, *signs), found
        yield tuple(-s for s in (1, *signs)), {tuple(-value for value in point) for point in found}


def compare(table: Table, bias: bool, atoms: set[Vector]) -> None:
    """The vertices of every chamber are the atoms in it, and (0, 0) perhaps."""
    rows = [row + (Fraction(1),) * bias for row in table]
    for signs, found in chambers(table, bias):
        inside = {c for c in atoms if all(s * dot(row, c) >= 0 for s, row in zip(signs, rows, strict=True))}
        found = {c for c in found if any(c)}
        case = f"K = {_show(table)}, chamber {signs}"
        require(found <= inside, f"{case}: the vertices {_show(found - inside)} are not in the dictionary")
        require(inside <= found, f"{case}: of the dictionary {_show(inside - found)} are no vertices")


def _show(vectors) -> str:
    return ", ".join(f"({', '.join(map(str, vector))})" for vector in sorted(vectors))


def tables(samples: int, width: int, entries: Sequence[int]) -> Iterator[Table]:
    """All matrices up to the order of their rows."""
    rows = list(product(map(Fraction, entries), repeat=width))
    yield from combinations_with_replacement(rows, samples)


@THEOREM.step(
    "exhaustive",
    "the vertices of a chamber ∩ ball are the wedges of wedges in it, |S| = |J|+1",
    "all chambers of all K up to the order of rows: entries −1, 0, 1 for n×M = 1×2, 2×2, 3×2, 1×3; 0, 1, 2 for "
    "2×2, 3×2; 0, 1 for 2×3, 3×3",
)
def without_bias(subsets: Callable = supports) -> None:
    """`subsets` are the sets S of features."""
    signed, counts, bits = (-1, 0, 1), (0, 1, 2), (0, 1)
    families = [
        (1, 2, signed),
        (2, 2, signed),
        (3, 2, signed),
        (1, 3, signed),
        (2, 2, counts),
        (3, 2, counts),
    ]
    for samples, width, entries in [*families, (2, 3, bits), (3, 3, bits)]:
        for table in tables(samples, width, entries):
            compare(table, False, wedges_of_wedges(table, False, subsets))


@THEOREM.step(
    "exhaustive",
    "with the column of ones they are those with |S| = |J| ≥ 1",
    "all chambers of all K up to the order of rows: entries −1, 0, 1 for n×M = 1×1, 2×1, 3×1, 1×2, 2×2; 0, 1, 2 for "
    "3×1; 0, 1 for 3×2, 2×3",
)
def with_bias(subsets: Callable = supports, bias_in_wedge: bool = True) -> None:
    """`bias_in_wedge` False takes the wedges without the column of ones, b = 0."""
    signed, counts, bits = (-1, 0, 1), (0, 1, 2), (0, 1)
    families = [(1, 1, signed), (2, 1, signed), (3, 1, signed), (1, 2, signed), (2, 2, signed)]
    for samples, width, entries in [*families, (3, 1, counts), (3, 2, bits), (2, 3, bits)]:
        for table in tables(samples, width, entries):
            atoms = wedges_of_wedges(table, bias_in_wedge, subsets)
            if not bias_in_wedge:
                atoms = {(*c, Fraction(0)) for c in atoms}
            compare(table, True, atoms)


def features(samples: Table, units: Sequence[Vector]) -> dict[Vector, int]:
    """The columns of K, the different features of unit neurons, and where each stands."""
    columns = (tuple(relu(dot(row, unit)) for row in samples) for unit in units)
    return {column: place for place, column in enumerate(dict.fromkeys(c for c in columns if any(c)))}


def rewrite(neuron: Vector, samples: Table, columns: dict[Vector, int], dimension: int) -> Vector:
    """The coefficients of a neuron's output over the columns of K; with a bias the last one is a constant."""
    bias = len(neuron) > dimension
    total = [Fraction(0)] * (len(columns) + bias)
    if any(dot(row, neuron) > 0 for row in samples):
        for share, ray in split(neuron, samples, dimension):
            column = tuple(relu(dot(row, ray)) for row in samples)
            if not any(ray[:dimension]):
                total[-1] += share * ray[-1]
            elif any(column):
                total[columns[column]] += share
    return tuple(total)


def branches(dimension: int, bias: bool) -> Iterator[tuple[tuple, tuple, Fraction]]:
    """Two neurons (w, b) within ±1, their outer weights V = (±1, ±1), and the bias of the unit above them."""
    neurons = [
        tuple(map(Fraction, u)) for u in product((-1, 0, 1), repeat=dimension + bias) if any(u[:dimension])
    ]
    for pair in product(neurons, repeat=2):
        for outer in product((Fraction(1), Fraction(-1)), repeat=2):
            for shift in (-1, 0, 1) if bias else (0,):
                yield pair, outer, Fraction(shift)


@THEOREM.step(
    "exhaustive",
    "a branch of three layers is a sum of wedges of wedges, with the same outputs and no higher path-ℓ1 cost",
    "all branches of two neurons with entries within ±1 and outer weights ±1: three samples of the plane without "
    "biases, three samples of the line with biases",
)
def three_layers(
    subsets: Callable = supports, directions: Callable = basis_vectors, cost: Callable = one_norm
) -> None:
    """Rewrite the inner neurons over (1) and then the branch over (3)."""
    for table, bias in ((((2, 1), (-1, 3), (1, -2)), False), (((0,), (1,), (3,)), True)):
        samples, dimension = homogeneous(table, bias), len(table[0])
        units = unit_wedges([*samples, *directions(dimension, bias)], dimension)
        columns = features(samples, units)
        K = [row + (Fraction(1),) * bias for row in zip(*columns, strict=True)]
        atoms = wedges_of_wedges([row[: len(columns)] for row in K], bias, subsets)
        for pair, outer, shift in branches(dimension, bias):
            case = f"the branch of the neurons {_show(pair)} with outer weights {_show([outer])} and bias {shift}"
            inner = [dot(outer, (relu(dot(row, u)) for u in pair)) + shift for row in samples]
            price = sum(abs(v) * cost(u[:dimension]) for v, u in zip(outer, pair, strict=True))
            parts = [rewrite(u, samples, columns, dimension) for u in pair]
            c = [dot(outer, values) for values in zip(*parts, strict=True)]
            c = (*c[: len(columns)], *[value + shift for value in c[len(columns) :]])
            require([dot(row, c) for row in K] == inner, f"{case}: K c is not the inner sum")
            _check_branch(case, K, c, atoms, len(columns), list(map(relu, inner)), price)


def _check_branch(
    case: str, K: Table, c: Vector, atoms: set, width: int, wanted: list, price: Fraction
) -> None:
    """Split c with the rows of K for samples; the parts are atoms, apart from the rays (0, ±1) of no cost."""
    if not any(wanted):
        return  # a branch that is active on no sample is dropped
    parts = split(c, K, width)
    for _, part in parts:
        require(part in atoms or not any(part[:width]), f"{case}: {_show([part])} is not in the dictionary")
    outputs = [sum((share * relu(dot(row, part)) for share, part in parts), Fraction(0)) for row in K]
    require(outputs == wanted, f"{case}: the outputs {_show([wanted])} become {_show([outputs])}")
    total = sum((share for share, part in parts if any(part[:width])), Fraction(0))
    require(total <= price, f"{case}: the cost {price} becomes {total}")


@THEOREM.step(
    "identity",
    "k_i·×(K_J) = det[k_i, K_J], and with |S| = 2, |J| = 1 the numerator and the norm of the formula",
    "all entries, |S| ≤ 4",
)
def closed_form(sign: int = -1, cross: Callable = algebra.cross_product) -> None:
    """`sign` stands before K_{i,b} K_{j,a}."""
    for size in range(2, 5):
        symbols = generic(size, size)
        given = symbols.polynomials
        normal = symbols.normal(np.asarray(cross(symbols.rows[1:])))
        require_identity(given[0] @ normal, determinant(given), f"k_i·×(K_J) with |S| = {size}")
        if size == 2:
            (ia, ib), (ja, jb) = given
            require_identity(given[0] @ normal, ia * jb + sign * ib * ja, "the numerator for |S| = 2")
            require_identity(
                normal**2, np.array([jb**2, ja**2]), "the squares of c, hence |c_a| = |K_jb|, |c_b| = |K_ja|"
            )
