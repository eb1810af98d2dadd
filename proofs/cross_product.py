"""The generalised cross product: x·×(U) = det[x, U], its laws, and which dual it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np
import sympy

from geomnn import algebra
from proofs.generic import determinant, generic, require_identity, sign
from proofs.statement import Theorem, require

Cross = Callable[[Any], np.ndarray]

THEOREM = Theorem(
    title="The generalised cross product",
    section="section 0",
    words=(
        "For d−1 vectors u_1, …, u_{d−1} of R^d there is exactly one vector ×(U) with x·×(U) = det[x, u_1, …, "
        "u_{d−1}] for every x. It is orthogonal to each u_k, alternating and multilinear, and it is the dual "
        "⋆B = B I⁻¹ of the wedge B = u_1 ∧ … ∧ u_{d−1}. On blades of grade d−1 the Hodge star of differential "
        "forms, defined by B ∧ ∗B = ‖B‖² I, is (−1)^{d−1} ⋆."
    ),
    latex=(
        r"x \cdot \times(u_1, \dots, u_{d-1}) = \det[x, u_1, \dots, u_{d-1}] \quad \forall x \in \mathbb{R}^d, "
        r"\qquad \times(u_1, \dots, u_{d-1}) = \star(u_1 \wedge \dots \wedge u_{d-1}), \quad "
        r"\star B := B I^{-1} = (-1)^{d-1} {\ast} B"
    ),
    argument="""\
Existence and uniqueness. For fixed U the map x ↦ det[x, U] is linear, and a linear form on R^d is x ↦ x·c for
exactly one vector c; step 1 checks that the vector which the package computes is this c.

Laws. x·×(U) inherits the laws of the determinant for every x, hence ×(U) has them. With x = u_k two rows of
det[x, U] are equal, so u_k·×(U) = 0 (step 2). A permutation σ of U permutes the rows 2, …, d of det[x, U] and
gives the factor sign(σ); with two equal vectors the determinant is 0 (step 3). The determinant is linear in
each row, so × is linear in each u_k (step 4); it is not linear in all of them together.

The dual. Let e_S be a product of distinct orthonormal basis vectors in increasing order, I = e_1 ⋯ e_d, and
I⁻¹ its inverse, ± I. In the geometric product e_S I⁻¹ every e_s meets itself and leaves, so ± e_T with T the
complement remains; the number of transpositions gives the sign (step 5, against the package, for every S).
For |S| = d−1 and T = {t}, e_t e_S = ε I with ε = ± 1, so e_S I⁻¹ = ε e_t. Therefore u ∧ e_S = (u·⋆e_S) I for
every basis vector u, both sides being 0 for u = e_s with s ∈ S, and so for every u. Both sides are linear in
e_S, so u ∧ B = (u·⋆B) I for every B of grade d−1. With B = u_1 ∧ … ∧ u_{d−1} the left side is det[u, U] I, so
⋆B = ×(U) by uniqueness (step 6 compares the two for generic entries).

The Hodge star. e_S ∧ ∗e_S = I fixes ∗e_S = ε e_T with ε the sign of the shuffle (S, T). For |T| = 1 the
definition of × has T in front: e_T ∧ e_S = ± I with the sign of (T, S), and moving one vector past the d−1
others costs (−1)^{d−1}, so ∗ = (−1)^{d−1} ⋆ there (step 7).""",
)


@THEOREM.step("identity", "x·×(U) = det[x, u_1, …, u_{d−1}]", "all entries, d ≤ 6")
def volume_form(
    cross: Cross = algebra.cross_product, place: Callable[[int], int] = lambda dimension: 0
) -> None:
    """`place` is the row of the determinant where x stands."""
    for dimension in range(1, 7):
        symbols = generic(dimension, dimension)
        x, given = symbols.polynomials[0], list(symbols.polynomials[1:])
        product = x @ symbols.normal(cross(symbols.rows[1:]))
        row = place(dimension)
        volume = determinant([*given[:row], x, *given[row:]])
        require_identity(product, volume, f"x·×(U) − det with x in row {row}, d = {dimension}")


@THEOREM.step("identity", "u_k·×(U) = 0 for each k", "all entries, d ≤ 6")
def orthogonality(cross: Cross = algebra.cross_product) -> None:
    for dimension in range(2, 7):
        symbols = generic(dimension - 1, dimension)
        products = symbols.polynomials @ symbols.normal(cross(symbols.rows))
        require_identity(products, 0 * products, f"u_k·×(U) in d = {dimension}")


@THEOREM.step("identity", "×(U_σ) = sign(σ) ×(U) for every permutation σ", "all entries, d ≤ 5")
def alternation(cross: Cross = algebra.cross_product, character: Callable[[Any], int] = sign) -> None:
    for dimension in range(3, 6):
        symbols = generic(dimension - 1, dimension)
        unpermuted = symbols.normal(cross(symbols.rows))
        for order in permutations(range(dimension - 1)):
            permuted = symbols.normal(cross(symbols.rows[list(order)]))
            claim = f"×(U_σ) − {character(order)} ×(U) for σ = {order}, d = {dimension}"
            require_identity(permuted, character(order) * unpermuted, claim)


@THEOREM.step("identity", "× is linear in each vector, the others fixed", "all entries, d ≤ 5")
def multilinearity(
    cross: Cross = algebra.cross_product,
    slots: Callable[[int], Iterator[list[int]]] = lambda count: ([k] for k in range(count)),
) -> None:
    """`slots` gives the sets of vectors in which × is to be linear together."""
    a, b = sympy.symbols("a b", real=True)
    for dimension in range(2, 6):
        count = dimension - 1
        symbols = generic(2 * count, dimension, extra=(a, b))
        first, second = symbols.rows[:count], symbols.rows[count:]
        for replaced in slots(count):
            mixed, swapped = first.copy(), first.copy()
            mixed[replaced] = a * first[replaced] + b * second[replaced]
            swapped[replaced] = second[replaced]
            apart = symbols.normal(a * cross(first) + b * cross(swapped))
            claim = f"×(a u + b v) − a ×(u) − b ×(v) in the vectors {replaced}, d = {dimension}"
            require_identity(symbols.normal(cross(mixed)), apart, claim)


def geometric_product(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """e_S e_T of orthonormal basis vectors by its rules alone: e_i e_j = −e_j e_i for i ≠ j, and e_i² = 1."""
    factors, parity = [*left, *right], 1
    for end in range(len(factors) - 1, 0, -1):
        for i in range(end):
            if factors[i] > factors[i + 1]:
                factors[i], factors[i + 1], parity = factors[i + 1], factors[i], -parity
    once = [axis for axis in factors if factors.count(axis) == 1]
    return parity, tuple(once)


def inverse_pseudoscalar(dimension: int) -> int:
    """The sign of I⁻¹ = ± I, from I I = ± 1."""
    return geometric_product(tuple(range(dimension)), tuple(range(dimension)))[0]


def basis_duals(
    dimension: int, grade: int, dual: Callable[..., np.ndarray]
) -> Iterator[tuple[tuple, dict[tuple, int]]]:
    """Each basis blade e_S of a grade with its dual, as {T: coefficient of e_T}."""
    subsets = list(combinations(range(dimension), grade))
    duals = dual(np.eye(len(subsets)), dimension, grade)
    targets = list(combinations(range(dimension), dimension - grade))
    for subset, coefficients in zip(subsets, duals, strict=True):
        yield subset, {T: int(c) for T, c in zip(targets, coefficients, strict=True) if c}


@THEOREM.step(
    "exhaustive", "⋆e_S = e_S I⁻¹, by counting transpositions", "every basis blade of every grade, d ≤ 7"
)
def dual_is_division(
    dual: Callable[..., np.ndarray] = algebra.hodge_dual,
    inverse: Callable[[int], int] = inverse_pseudoscalar,
) -> None:
    for dimension in range(1, 8):
        whole = tuple(range(dimension))
        for grade in range(dimension + 1):
            for subset, computed in basis_duals(dimension, grade, dual):
                parity, target = geometric_product(subset, whole)
                expected = {target: parity * inverse(dimension)}
                require(
                    computed == expected,
                    f"⋆e_{subset} = {computed} and e_S I⁻¹ = {expected}, d = {dimension}",
                )


@THEOREM.step(
    "identity", "×(U) = ⋆(u_1 ∧ … ∧ u_{d−1}), the wedge by determinants of minors", "all entries, d ≤ 6"
)
def cross_is_dual(
    cross: Cross = algebra.cross_product, dual: Callable[..., np.ndarray] = algebra.hodge_dual
) -> None:
    for dimension in range(2, 7):
        symbols = generic(dimension - 1, dimension)
        columns = combinations(range(dimension), dimension - 1)
        minors = [determinant(symbols.polynomials[:, list(chosen)]).as_expr() for chosen in columns]
        blade = symbols.normal(dual(np.array(minors, dtype=object), dimension, dimension - 1))
        require_identity(symbols.normal(cross(symbols.rows)), blade, f"×(U) − ⋆(∧U) in d = {dimension}")


@THEOREM.step(
    "exhaustive", "∗e_S = (−1)^{d−1} ⋆e_S for |S| = d−1, ∗ from e_S ∧ ∗e_S = I", "every such S, d ≤ 9"
)
def hodge_star_of_forms(factor: Callable[[int], int] = lambda dimension: (-1) ** (dimension - 1)) -> None:
    for dimension in range(1, 10):
        for subset, computed in basis_duals(dimension, dimension - 1, algebra.hodge_dual):
            (target,) = set(range(dimension)) - set(subset)
            star = {(target,): sign((*subset, target))}
            turned = {axes: factor(dimension) * coefficient for axes, coefficient in computed.items()}
            require(
                star == turned, f"∗e_{subset} = {star}, the factor times ⋆ gives {turned}, d = {dimension}"
            )
