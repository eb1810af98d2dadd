"""The norm of a wedge is the volume of its parallelotope, det(Gram)^½, and it is 0 for dependent vectors only."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np

from geomnn import algebra
from proofs.generic import determinant, generic, require_identity
from proofs.statement import Theorem, require

Volume = Callable[[Any], Any]


def inner_product(left: Any, right: Any) -> Any:
    """u·v."""
    return sum(a * b for a, b in zip(left, right, strict=True))


Inner = Callable[[Any, Any], Any]

THEOREM = Theorem(
    title="The norm of a wedge is a volume",
    section="section 0",
    words=(
        "For vectors u_1, …, u_k of R^d, the sum of the squared coefficients of u_1 ∧ … ∧ u_k is the determinant of "
        "their Gram matrix (Cauchy–Binet), and the square of the volume of the parallelotope: of the volume of "
        "the first k−1 times the distance of u_k to their span. For k = d−1 it is ‖×(U)‖². It is zero if and "
        "only if the vectors are linearly dependent."
    ),
    latex=(
        r"\|u_1 \wedge \dots \wedge u_k\|^2 = \sum_{|S| = k} \det(U_S)^2 = \det(u_i \cdot u_j)_{ij} "
        r"= \prod_{i=1}^{k} \operatorname{dist}(u_i, \langle u_1, \dots, u_{i-1} \rangle)^2, \qquad "
        r"\|\times(u_1, \dots, u_{d-1})\|^2 = \det(u_i \cdot u_j)_{ij}"
    ),
    argument="""\
Cauchy–Binet. det(U Uᵀ) = Σ_σ sign(σ) Π_i Σ_l u_{il} u_{σ(i)l}. Multiply the sums out into a choice of a column
l_i for each row i. For a fixed choice the sum over σ is Π_i u_{i l_i} times the determinant of the rows of U in
the columns l_1, …, l_k, which is 0 unless the columns are distinct. The choices that are orders of the same
k-subset S then add up to det(U_S)². The det(U_S) are the coefficients of the wedge (step 1), and for k = d−1
the entries of ×(U) up to sign and order (step 2).

Base times height. Adding to u_k a combination of the others changes no determinant det(U_S). So u_k may be
replaced by its component h orthogonal to the others; the Gram matrix is then block diagonal, and det Gram =
det Gram(u_1, …, u_{k−1}) ‖h‖². As ‖h‖ is the distance of u_k to the span of the others, induction gives the
volume. Step 3 checks this for generic entries with h multiplied by the Gram determinant of the others, which
makes it a polynomial.

Zero. If Σ c_i u_i = 0 with c ≠ 0 then (U Uᵀ) c = 0, so det Gram = 0. If det Gram = 0 there is c ≠ 0 with
(U Uᵀ) c = 0, so ‖Uᵀc‖² = cᵀ U Uᵀ c = 0 and Σ c_i u_i = 0. Step 4 compares with ranks, case by case.""",
)


def gram(rows: Any, inner: Inner) -> list[list[Any]]:
    """The matrix of all u_i·u_j."""
    return [[inner(left, right) for right in rows] for left in rows]


@THEOREM.step("identity", "‖u_1 ∧ … ∧ u_k‖² = det Gram", "all entries, k ≤ 4 with d ≤ 6, and k = d = 5")
def cauchy_binet(volume: Volume = algebra.volume, inner: Inner = inner_product) -> None:
    sizes = [(count, dimension) for dimension in range(1, 7) for count in range(1, min(dimension, 4) + 1)]
    for count, dimension in [*sizes, (5, 5)]:
        symbols = generic(count, dimension)
        squared = symbols.normal(volume(symbols.rows) ** 2)
        expected = determinant(gram(symbols.polynomials, inner))
        require_identity(squared, expected, f"‖∧U‖² − det Gram, k = {count}, d = {dimension}")


@THEOREM.step("identity", "‖×(u_1, …, u_{d−1})‖² = det Gram", "all entries, d ≤ 5")
def length_of_cross_product(
    cross: Callable[[Any], np.ndarray] = algebra.cross_product, inner: Inner = inner_product
) -> None:
    for dimension in range(2, 6):
        symbols = generic(dimension - 1, dimension)
        normal = symbols.normal(cross(symbols.rows))
        expected = determinant(gram(symbols.polynomials, inner))
        require_identity(normal @ normal, expected, f"‖×(U)‖² − det Gram, d = {dimension}")


def scaled_rejection(rows: np.ndarray) -> np.ndarray:
    """h det Gram(u_1, …, u_{k−1}), h the component of u_k orthogonal to the others, by Cramer's rule.

    u_k det G − Σ_i det(G with row i replaced by u_k·u_j) u_i is orthogonal to every u_j.
    """
    *others, last = rows
    matrix = gram(others, inner_product)
    products = [inner_product(last, other) for other in others]
    scaled = last * determinant(matrix)
    for i, other in enumerate(others):
        scaled = scaled - other * determinant([*matrix[:i], products, *matrix[i + 1 :]])
    return scaled


@THEOREM.step(
    "identity",
    "h ⊥ u_1, …, u_{k−1}, and det Gram(u_1, …, u_k) = det Gram(u_1, …, u_{k−1}) ‖h‖², h = u_k less a combination",
    "all entries, 2 ≤ k ≤ d ≤ 4",
)
def base_times_height(
    volume: Volume = algebra.volume, height: Callable[[np.ndarray], np.ndarray] = scaled_rejection
) -> None:
    for count, dimension in [(2, 2), (2, 3), (2, 4), (3, 3), (3, 4), (4, 4)]:
        symbols = generic(count, dimension)
        rows = symbols.polynomials
        tall = height(rows)
        for k, other in enumerate(rows[:-1]):
            require_identity(inner_product(tall, other), 0, f"h·u_{k + 1}, k = {count}, d = {dimension}")
        whole, base = (symbols.normal(volume(part) ** 2) for part in (symbols.rows, symbols.rows[:-1]))
        claim = f"‖∧U‖² ‖∧U'‖² − ‖h‖², h scaled by ‖∧U'‖², k = {count}, d = {dimension}"
        require_identity(whole * base, inner_product(tall, tall), claim)


def is_dependent(rows: np.ndarray) -> bool:
    """Whether the rank, by elimination over the rationals, is below the number of vectors."""
    return flint.fmpz_mat(rows.tolist()).rank() < len(rows)


@THEOREM.step(
    "exhaustive",
    "the wedge is 0 if and only if the rank is below k",
    "every k × d matrix over {−1, 0, 1} with k d ≤ 9, k ≥ 1, d ≤ 4, k ≤ d + 1",
)
def zero_only_for_dependent(dependent: Callable[[np.ndarray], bool] = is_dependent) -> None:
    for dimension in range(1, 5):
        for count in range(1, min(9 // dimension, dimension + 1) + 1):
            entries = list(product((-1, 0, 1), repeat=count * dimension))
            matrices = np.array(entries).reshape(-1, count, dimension)
            vanish = (algebra.wedge(np.frompyfunc(Fraction, 1, 1)(matrices)) == 0).all(axis=-1)
            for rows, zero in zip(matrices, vanish, strict=True):
                require(
                    bool(zero) == dependent(rows),
                    f"the wedge of {rows.tolist()} is {'' if zero else 'not '}zero",
                )
