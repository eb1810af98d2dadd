"""Multipliers of products that no neuron makes negative bound all neurons, for p = 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from sympy.polys.rings import PolyRing

from proofs.finite import dot, relu, show
from proofs.generic import decide, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

Matrix = list[list[Any]]

THEOREM = Theorem(
    title="Multipliers bound every neuron",
    section="section 9, multipliers",
    words="""\
Let X be a table of n rows, without a bias, and r ∈ R^n. Take symmetric matrices P_1, P_3 ≥ 0 and a matrix P_2 that
is ≥ 0 off its diagonal, vectors p_4, p_5 ≥ 0, numbers μ and λ, and the symmetric matrix S of order n + d + 1 with
the blocks

    S_αα = −(P_1 + ½(P_2 + P_2ᵀ) + P_3)    S_αu = (½P_2 + P_3) X      S_αo = −½ (r + p_4 + p_5)
                                           S_uu = λI − XᵀP_3X         S_uo = ½ Xᵀp_5
                                                                      S_oo = μ.

If S + eI is positive semidefinite, e ≥ 0, then r·(Xu)_+ ≤ μ + λ + e (2 + ‖X‖²) for all u with ‖u‖_2 = 1, with the
spectral norm or a larger one. With such a proof for v and for −v no unit is correlated with v by more. For several
outputs the same holds of ‖Vᵀ(Xu)_+‖_2 with −½V and μI in the places of S_αo and S_oo, and p_4 = p_5 = 0. With a bias
and Σ v_i = 0 it is enough to have a proof for each of the tables of rows x_i − x_j.""",
    latex=r"""
\begin{pmatrix}\alpha\\u\\1\end{pmatrix}^{\!\top}\!S\begin{pmatrix}\alpha\\u\\1\end{pmatrix}
=\lambda\lVert u\rVert^2+\mu-r\cdot\alpha-\bigl(\alpha^\top P_1\alpha+\alpha^\top P_2\beta+\beta^\top P_3\beta
+p_4\cdot\alpha+p_5\cdot\beta\bigr),\qquad \beta=\alpha-Xu
""",
    argument="""\
For a neuron u put α = (Xu)_+ and β = α − Xu = (−Xu)_+. Then α, β ≥ 0 and α_i β_i = 0 (step 1), so the bracket of the
statement is a sum of products that are ≥ 0: the diagonal of P_2 meets α_i β_i = 0 alone and may have any sign. The
identity holds for all α and u (step 2). With S + eI ⪰ 0 the form is at least −e (‖α‖² + ‖u‖² + 1), so

    r·α ≤ λ ‖u‖² + μ + e (‖α‖² + ‖u‖² + 1) ≤ λ + μ + e (‖X‖² + 2),

as ‖α‖ ≤ ‖Xu‖ ≤ ‖X‖ for ‖u‖ = 1. Several outputs: replace 1 by a unit vector o; the form is λ‖u‖² + μ‖o‖² − o·Vᵀα −
…, and the largest o·Vᵀα is ‖Vᵀα‖ (step 3).

A bias: for a fixed w the correlation is linear in b between the places −w·x_j where a sample changes sides, and
constant beyond them, as Σ v_i = 0. So it is largest at b = −w·x_j for some j, where it is that of w on the rows x_i
− x_j.

Step 4 takes all small multipliers of a family, finds an e with S + eI ⪰ 0 in fractions, and looks at units with
rational entries. Step 5 has multipliers that bound a correlation by exactly what it is.""",
)


def symmetric(names: Iterator[Any], n: int) -> Matrix:
    entries = {(i, j): next(names) for i in range(n) for j in range(i, n)}
    return [[entries[min(i, j), max(i, j)] for j in range(n)] for i in range(n)]


def inner(a: Sequence, b: Sequence) -> Any:
    return sum(p * q for p, q in zip(a, b, strict=True))


def form(P: Matrix, a: Sequence, b: Sequence) -> Any:
    return sum(a[i] * P[i][j] * b[j] for i in range(len(a)) for j in range(len(b)))


def assemble(
    X: Matrix, V: Matrix, P1: Matrix, P2: Matrix, P3: Matrix, p4: Sequence, p5: Sequence, mu: Any, lam: Any
) -> Matrix:
    """Twice the matrix S in (α, u, o), V of shape (n, c)."""
    n, d, c = len(X), len(X[0]), len(V[0])
    S: Matrix = [[0 * mu] * (n + d + c) for _ in range(n + d + c)]

    def put(i: int, j: int, value: Any) -> None:
        S[i][j] = S[j][i] = value

    for i, j in product(range(n), repeat=2):
        put(i, j, -2 * P1[i][j] - P2[i][j] - P2[j][i] - 2 * P3[i][j])
    for i, k in product(range(n), range(d)):
        put(i, n + k, sum((P2[i][j] + 2 * P3[i][j]) * X[j][k] for j in range(n)))
    columns = [[row[k] for row in X] for k in range(d)]
    for k, m in product(range(d), repeat=2):
        put(n + k, n + m, 2 * lam * int(k == m) - 2 * form(P3, columns[k], columns[m]))
    for o in range(c):
        for i in range(n):
            put(i, n + d + o, -(V[i][o] + p4[i] + p5[i]))
        for k in range(d):
            put(n + k, n + d + o, inner(columns[k], p5))
        put(n + d + o, n + d + o, 2 * mu)
    return S


@THEOREM.step(
    "decided",
    "α = (s)_+ and β = α − s have α ≥ 0, β ≥ 0, αβ = 0, α² ≤ s²",
    "all real s",
    needs="z3-solver",
)
def signs_of_products(shift: int = 0) -> None:
    """`shift` moves the kink."""

    def denial(z3: Any) -> Iterator[Any]:
        s = z3.Real("s")
        alpha = z3.If(s > shift, s, 0)
        beta = alpha - s
        yield z3.Not(z3.And(alpha >= 0, beta >= 0, alpha * beta == 0, alpha * alpha <= s * s))

    decide("the parts of a number", denial)


def ring_of(n: int, d: int, c: int) -> Iterator[Any]:
    count = 2 * (n * (n + 1) // 2) + n * n + n * d + n * c + 3 * n + d + c + 2
    return iter(PolyRing(sympy.symbols(f"z:{count}"), sympy.QQ).gens)


def generic_problem(n: int, d: int, c: int) -> dict[str, Any]:
    names = ring_of(n, d, c)
    table = lambda rows, columns: [[next(names) for _ in range(columns)] for _ in range(rows)]  # noqa: E731
    (p4, p5, alpha), (u,) = table(3, n), table(1, d)
    return {
        "X": table(n, d), "V": table(n, c), "P1": symmetric(names, n), "P2": table(n, n), "P3": symmetric(names, n),
        "p4": p4, "p5": p5, "mu": next(names), "lam": next(names), "alpha": alpha, "u": u, "o": table(1, c)[0],
    }  # fmt: skip


@THEOREM.step(
    "identity",
    "the form of S is λ‖u‖² + μ − r·α minus the products",
    "all multipliers, tables, α and u; n ≤ 3, d ≤ 2",
)
def one_output(matrix: Callable = assemble) -> None:
    """`matrix` makes 2 S."""
    for n, d in product((1, 2, 3), (1, 2)):
        parts = generic_problem(n, d, 1)
        alpha, u = parts.pop("alpha"), parts.pop("u")
        parts.pop("o")
        X, beta = parts["X"], [a - inner(row, u) for a, row in zip(alpha, parts["X"], strict=True)]
        products = (
            form(parts["P1"], alpha, alpha) + form(parts["P2"], alpha, beta) + form(parts["P3"], beta, beta)
        )
        products = products + inner(parts["p4"], alpha) + inner(parts["p5"], beta)
        right = (
            parts["lam"] * inner(u, u) + parts["mu"] - inner([row[0] for row in parts["V"]], alpha) - products
        )
        point = [*alpha, *u, parts["mu"] ** 0]
        require_identity(
            [form(matrix(**parts), point, point)], [2 * right], f"{len(X)} samples, {d} features"
        )


@THEOREM.step(
    "identity",
    "for c outputs the form is λ‖u‖² + μ‖o‖² − o·Vᵀα minus the products",
    "all multipliers, tables, α, u and o; n ≤ 2, d ≤ 2, c = 2",
)
def several_outputs(matrix: Callable = assemble) -> None:
    """`matrix` makes 2 S, with p_4 = p_5 = 0."""
    for n, d in product((1, 2), (1, 2)):
        parts = generic_problem(n, d, 2)
        alpha, u, o = (parts.pop(name) for name in ("alpha", "u", "o"))
        parts["p4"] = parts["p5"] = [0] * n
        beta = [a - inner(row, u) for a, row in zip(alpha, parts["X"], strict=True)]
        products = (
            form(parts["P1"], alpha, alpha) + form(parts["P2"], alpha, beta) + form(parts["P3"], beta, beta)
        )
        reached = sum(a * inner(row, o) for a, row in zip(alpha, parts["V"], strict=True))
        right = parts["lam"] * inner(u, u) + parts["mu"] * inner(o, o) - reached - products
        point = [*alpha, *u, *o]
        require_identity(
            [form(matrix(**parts), point, point)], [2 * right], f"{n} samples, {d} features, 2 outputs"
        )


def is_positive(matrix: Matrix) -> bool:
    """Whether a symmetric matrix of fractions is positive semidefinite, by elimination."""
    rows = [list(map(Fraction, row)) for row in matrix]
    while rows:
        pivot = max(range(len(rows)), key=lambda k: rows[k][k])
        if rows[pivot][pivot] <= 0:
            return not any(map(any, rows))
        top = rows.pop(pivot)
        rows = [
            [
                a - row[pivot] * b / top[pivot]
                for k, (a, b) in enumerate(zip(row, top, strict=True))
                if k != pivot
            ]
            for row in rows
        ]
    return True


def least_shift(twice: Matrix) -> Fraction:
    """The first e of 0, ¼, ½, 1, 2, … with S + eI ⪰ 0."""
    e = Fraction(0)
    while not is_positive([[a + 2 * e * (i == j) for j, a in enumerate(row)] for i, row in enumerate(twice)]):
        e = 2 * e or Fraction(1, 4)
    return e


UNITS = tuple(
    (Fraction(a, 5), Fraction(b, 5)) for a, b in product(range(-5, 6), repeat=2) if a * a + b * b == 25
)


def allowance(X: Matrix) -> int:
    """2 + ‖X‖², with the norm of Frobenius."""
    return 2 + sum(a * a for row in X for a in row)


@THEOREM.step(
    "exhaustive",
    "r·(Xu)_+ ≤ μ + λ + e (2 + ‖X‖²) for multipliers of a family",
    "3 tables of 2 samples of the plane, r = (2, −1) and (2, 2), P_1, P_3 ∈ {0, J}, P_2 ∈ {−I, J − 2I}, p_4, p_5 ∈ "
    "{0, 1}, μ = λ = 1, J of ones; the 12 units with entries in fifths",
)
def small_multipliers(
    allowed: Callable[[Matrix], Any] = allowance, offs: Sequence[int] = (0, 1), fourth: Sequence[int] = (0, 1)
) -> None:
    """`allowed` is the factor of e, `offs` the entries of P_1, P_2 and P_3 off the diagonal, `fourth` those of p_4."""
    for X in ([[1, 0], [0, 1]], [[1, 1], [-1, 1]], [[2, 1], [2, 1]]):
        features = [[relu(dot(row, unit)) for row in X] for unit in UNITS]
        for r in ((2, -1), (2, 2)):
            reached = max(dot(r, phi) for phi in features)
            for first, second, third, p4, p5 in product(offs, offs, offs, fourth, (0, 1)):
                P1, P3 = ([[entry] * 2 for _ in range(2)] for entry in (first, third))
                P2 = [[-1, second], [second, -1]]
                twice = assemble(X, [[a] for a in r], P1, P2, P3, [p4] * 2, [p5] * 2, 1, 1)
                e = least_shift(twice)
                says = 2 + e * allowed(X)
                case = f"table {X}, r = {show(r)}, P = {first}, {second}, {third}, p = {p4}, {p5}, e = {e}"
                require(reached <= says, f"{case}: r·(Xu)_+ = {reached}, above {says}")


@THEOREM.step(
    "instance",
    "multipliers with S ⪰ 0 whose bound, μ + λ = 2, is the correlation of a unit",
    "the samples (1, 1) and (−1, 1), r = (1, 1), u = (0, 1)",
)
def tight(mu: int = 1, diagonal: int = -1) -> None:
    """`diagonal` is that of P_2, `mu` is μ; the other multipliers are 0 but λ = 1."""
    X, r = [[1, 1], [-1, 1]], (1, 1)
    zero = [[0, 0], [0, 0]]
    P2 = [[diagonal, 0], [0, diagonal]]
    twice = assemble(X, [[a] for a in r], zero, P2, zero, (0, 0), (0, 0), mu, 1)
    require(is_positive(twice), f"S is not positive semidefinite for μ = {mu}, diagonal {diagonal}")
    reached = dot(r, [relu(dot(row, (0, 1))) for row in X])
    require(reached == mu + 1, f"r·(Xu)_+ = {reached} and μ + λ = {mu + 1}")
