"""Proofs by multipliers for p = 2, checked: a matrix product and a sum of squares, in integers.

A unit neuron u makes α = (Xu)_+ and β = α − Xu, with α, β ≥ 0 and α_i β_i = 0.  For numbers P1, P3 ≥ 0 of the products
αα and ββ, P2 ≥ 0 of αβ, its diagonal free, p4, p5 ≥ 0 of α and β, and any μ and λ let S be the symmetric matrix with

    (α, u, 1)·S(α, u, 1) = λ|u|² + μ − a·α − α·P1 α − α·P2 β − β·P3 β − p4·α − p5·β.

For any matrix L it is at least −e |(α, u, 1)|², where e = ‖S − LLᵀ‖ is a root of a sum of squares; and |α| ≤ ‖X‖.  So

    a·(Xu)_+ ≤ μ + λ + e (2 + ‖X‖²).

The same of −a, with numbers of its own, bounds |a·(Xu)_+|.  With a bias, and Σ_i a_i = 0, a neuron with the largest
correlation passes through a sample x_j: then the rows are x_i − x_j, and each j has numbers of its own.  Rows are taken
over a length, and of equal ones the first has the sum of a over them; those of zeros say nothing.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import isqrt, lcm
from operator import mul
from typing import Any, NamedTuple

from geomnn.checker.statements import brief, check_integers, check_keys, rational, require

__all__ = ["SHIFT", "Table", "check_multipliers", "proven", "tables"]

SHIFT = 32  # S is near LLᵀ/2^32
ROOT_BITS = 64  # of e after the point
PART_KEYS = {"dual", "length", "tables"}
TABLE_KEYS = {"mu", "lambda", "P1", "P2", "P3", "p4", "p5", "L", "most"}


class Table(NamedTuple):
    """The different rows that some neuron sees, and what each has of a.

    Parameters
    ----------
    anchor : int
        The sample whose row was taken off all others; −1 for none.
    sign : int
        Of a.
    samples : list of int
        The first one of each row.
    rows : list of lists of int, shape (m, d)
    scale : int
        What they are multiplied with.
    a : list of int
    """

    anchor: int
    sign: int
    samples: list[int]
    rows: list[list[int]]
    scale: int
    a: list[int]


def tables(
    rows: Sequence[Sequence[Fraction]], a: Sequence[int], length: Fraction, bias: bool
) -> Iterator[Table]:
    """The tables of rows/length for a and for −a; with a bias one of both for each of the different samples."""
    first = {tuple(row): i for i, row in reversed(list(enumerate(rows)))}
    for anchor in sorted(first.values()) if bias else [-1]:
        taken = rows[anchor] if bias else [Fraction(0)] * len(rows[0])
        found: dict[tuple[Fraction, ...], tuple[int, int]] = {}
        for i, row in enumerate(rows):
            moved = tuple((x - y) / length for x, y in zip(row, taken, strict=True))
            if any(moved):
                sample, total = found.get(moved, (i, 0))
                found[moved] = sample, total + a[i]
        scale = lcm(*(x.denominator for row in found for x in row))
        whole = [[x.numerator * (scale // x.denominator) for x in row] for row in found]
        for sign in (1, -1):
            samples, sums = [i for i, _ in found.values()], [sign * total for _, total in found.values()]
            yield Table(anchor, sign, samples, whole, scale, sums)


def check_multipliers(
    part: Any, rows: Sequence[Sequence[Fraction]], problem: dict[str, Any], most: Fraction
) -> tuple[list[int], str]:
    """a, of which multipliers show that no unit neuron is correlated with it by more than so much."""
    check_keys(part, PART_KEYS, "multipliers")
    length, a = rational(part["length"], "The length"), part["dual"]
    require(length > 0, "The length is not above 0.")
    check_integers(a, len(rows), "dual")
    require(not problem["bias"] or sum(a) == 0, "The entries of dual do not sum to 0.")
    wanted = list(tables(rows, a, length, problem["bias"]))
    given = part["tables"]
    require(
        isinstance(given, list) and len(given) == len(wanted), f"The number of tables is not {len(wanted)}."
    )
    for held, table in zip(given, wanted, strict=True):
        _check_table(held, len(table.rows), len(rows[0]))
        least = proven(held, table) * length
        require(held["most"] == str(least), "What a table claims to show is not what it shows.")
        require(least <= most, "A correlation may be above reg.")
    count = sum(p != 0 for held in given for key in ("P1", "P2", "P3") for row in held[key] for p in row)
    return (
        a,
        f"{count:,} multipliers of products that no neuron makes negative keep its correlation within reg.",
    )


def proven(held: dict[str, Any], table: Table) -> Fraction:
    """μ + λ + e (2 + ‖X‖²) of the multipliers of a table."""
    n, q = len(table.rows), table.scale
    P1, P3 = _symmetric(held["P1"]), _symmetric(held["P3"])
    P2, p4, p5, L = held["P2"], held["p4"], held["p5"], held["L"]
    columns = [[row[m] for row in table.rows] for m in range(len(L) - n - 1)]
    # 2q² S, row by row up to the diagonal
    S = [
        [-q * q * (2 * P1[i][k] + P2[i][k] + P2[k][i] + 2 * P3[i][k]) for k in range(i + 1)] for i in range(n)
    ]
    between = [[p2 + 2 * p3 for p2, p3 in zip(*pair, strict=True)] for pair in zip(P2, P3, strict=True)]
    third = [[sum(map(mul, row, column)) for row in P3] for column in columns]
    for m, column in enumerate(columns):
        alpha = [q * sum(map(mul, row, column)) for row in between]
        u = [-2 * sum(map(mul, third[m], other)) for other in columns[: m + 1]]
        u[m] += 2 * q * q * held["lambda"]
        S.append(alpha + u)
    S.append(
        [-q * q * (r + p + s) for r, p, s in zip(table.a, p4, p5, strict=True)]
        + [q * sum(map(mul, p5, column)) for column in columns]
        + [2 * q * q * held["mu"]]
    )
    square = 0
    for i, row in enumerate(S):
        for k, entry in enumerate(row):
            rest = (entry << SHIFT) - 2 * q * q * sum(map(mul, L[i], L[k]))
            square += rest * rest * (2 if k < i else 1)
    e = Fraction(_root_above(square << 2 * ROOT_BITS), 2 * q * q << SHIFT + ROOT_BITS)
    size = Fraction(sum(x * x for row in table.rows for x in row), q * q)
    return Fraction(held["mu"] + held["lambda"]) + e * (2 + size)


def _root_above(square: int) -> int:
    """√, rounded up."""
    root = isqrt(square)
    return root + (root * root < square)


def _symmetric(triangle: Sequence[Sequence[int]]) -> list[list[int]]:
    return [[triangle[max(i, k)][min(i, k)] for k in range(len(triangle))] for i in range(len(triangle))]


def _check_table(held: Any, n: int, d: int) -> None:
    """Refuse numbers of another form, or that are negative where they must not be."""
    check_keys(held, TABLE_KEYS, "a table")
    for key in ("mu", "lambda"):
        require(type(held[key]) is int, f"{key} is {brief(held[key])}, no integer.")
    for key, sizes in (
        ("P1", range(1, n + 1)),
        ("P2", [n] * n),
        ("P3", range(1, n + 1)),
        ("L", range(1, n + d + 2)),
    ):
        matrix = held[key]
        require(isinstance(matrix, list) and len(matrix) == len(sizes), f"{key} has another number of rows.")
        for row, size in zip(matrix, sizes, strict=True):
            check_integers(row, size, f"a row of {key}")
    for key in ("p4", "p5"):
        check_integers(held[key], n, key)
    free = [held["P2"][i][k] for i in range(n) for k in range(n) if i != k]
    signed = [*free, *held["p4"], *held["p5"], *(p for key in ("P1", "P3") for row in held[key] for p in row)]
    require(all(p >= 0 for p in signed), "A multiplier of a product that is never negative is negative.")
