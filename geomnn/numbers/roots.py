"""Sums of square roots: the numbers that a Euclidean norm makes of rational ones.

Square roots of integers of which no two have a square as their product are linearly independent over Q.  So
a sum c_0 + c_1 √r_1 + … over such a basis is zero only if every coefficient is, and the sign of another one
shows in ball arithmetic, at a high enough precision.

Source: geomnn theory, section 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import flint
import sympy

__all__ = ["RootBasis", "RootSum", "RootVector"]

SMALL_PRIMES = tuple(sympy.primerange(200))
FACTORED = 2**100  # integers up to which all squares are taken out of a root


def _primes(number: int) -> Iterable[int]:
    """The primes whose squares are taken out of a root: all of them, where they are found in no time."""
    if number > FACTORED:
        return SMALL_PRIMES
    return (int(prime) for prime, power in flint.fmpz(number).factor() if power > 1)


class RootBasis:
    """A basis 1, √r_1, √r_2, … of square roots, which grows as new ones come.

    Attributes
    ----------
    radicands : list of int
        1, r_1, r_2, …; no product of two of them is a square.
    """

    def __init__(self) -> None:
        self.radicands = [1]

    def __len__(self) -> int:
        return len(self.radicands)

    def locate(self, square: int) -> tuple[int, Fraction]:
        """√square as c·√r: the position of r, and c.

        Parameters
        ----------
        square : int
            Above 0.
        """
        for position, radicand in enumerate(self.radicands):
            root = isqrt(square * radicand)
            if root * root == square * radicand:
                return position, Fraction(root, radicand)
        factor, rest = 1, square
        for prime in _primes(square):
            while rest % (prime * prime) == 0:
                rest, factor = rest // (prime * prime), factor * prime
        self.radicands.append(rest)
        return len(self.radicands) - 1, Fraction(factor)

    def sum(self, coefficients: Sequence[Fraction]) -> RootSum:
        """Σ c_k √r_k of the first coefficients of the basis."""
        return RootSum(self, {k: c for k, c in enumerate(coefficients) if c})

    def read(self, number: Any) -> RootSum:
        """A Fraction, or a SymPy number that is a sum of square roots."""
        if not isinstance(number, sympy.Expr):
            return self.sum([Fraction(number)])
        total = self.sum([])
        for term in sympy.Add.make_args(sympy.expand(number)):
            coefficient, root = term.as_coeff_Mul()
            total = total + self.root(int(root**2)) * Fraction(int(coefficient.p), int(coefficient.q))
        return total

    def root(self, square: int) -> RootSum:
        """√square."""
        position, factor = self.locate(square)
        return RootSum(self, {position: factor})


class RootSum:
    """A number Σ c_k √r_k over a basis, with exact arithmetic and comparisons.

    Parameters
    ----------
    basis : RootBasis
    terms : dict
        c_k by position k, none of them zero.
    """

    __slots__ = ("basis", "terms")

    def __init__(self, basis: RootBasis, terms: dict[int, Fraction]):
        self.basis = basis
        self.terms = terms

    def __add__(self, other: RootSum) -> RootSum:
        return self._collected([*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: RootSum) -> RootSum:
        return self + other * -1

    def __mul__(self, other: RootSum | Fraction | int) -> RootSum:
        if not isinstance(other, RootSum):
            return self._collected((k, c * other) for k, c in self.terms.items())
        radicands = self.basis.radicands
        products = []
        for k, c in self.terms.items():
            for m, d in other.terms.items():
                position, factor = self.basis.locate(radicands[k] * radicands[m])
                products.append((position, c * d * factor))
        return self._collected(products)

    def _collected(self, terms: Iterable[tuple[int, Fraction]]) -> RootSum:
        total: dict[int, Fraction] = {}
        for position, coefficient in terms:
            total[position] = total.get(position, Fraction(0)) + coefficient
        return RootSum(self.basis, {k: c for k, c in total.items() if c})

    def sign(self) -> int:
        """−1, 0 or 1: zero is decided by the coefficients, the rest by balls of rising precision."""
        if not self.terms:
            return 0
        if len(self.terms) == 1:
            return 1 if next(iter(self.terms.values())) > 0 else -1
        bits = 64
        while True:
            ball = self.ball(bits)
            if not ball.contains(0):
                return 1 if ball > 0 else -1
            bits *= 2

    def ball(self, bits: int) -> flint.arb:
        """An interval that holds the number, computed with so many bits."""
        with flint.ctx.workprec(bits):
            total = flint.arb(0)
            for k, c in self.terms.items():
                coefficient = flint.arb(flint.fmpq(c.numerator, c.denominator))
                total += coefficient * flint.arb(self.basis.radicands[k]).sqrt()
            return total

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RootSum) and not (self - other).terms

    def __lt__(self, other: RootSum) -> bool:
        return (self - other).sign() < 0

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        bits = 128
        while True:  # until the ball is small beside the number
            ball = self.ball(bits)
            if not self.terms or ball.rel_accuracy_bits() > 60:
                return float(ball.mid())
            bits *= 2

    @property
    def is_rational(self) -> bool:
        """Whether no square root is left."""
        return all(k == 0 for k in self.terms)

    def to_fraction(self) -> Fraction:
        """The number as a Fraction, where no square root is left."""
        if not self.is_rational:
            raise ValueError(f"{self.to_sympy()} is not rational.")
        return self.terms.get(0, Fraction(0))

    def to_sympy(self) -> Any:
        """The number as a SymPy expression."""
        return sympy.Add(*(
            sympy.Rational(c.numerator, c.denominator) * sympy.sqrt(self.basis.radicands[k])
            for k, c in self.terms.items()
        ))  # fmt: skip


@dataclass(frozen=True)
class RootVector:
    """A vector of such numbers over one denominator.

    Parameters
    ----------
    basis : RootBasis
    rows : sequence of sequences of int
        The coefficients of an entry at 1, √r_1, …, times the denominator.
    denominator : int
        Above 0.
    """

    basis: RootBasis
    rows: Sequence[Sequence[int]]
    denominator: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> RootSum:
        return self.basis.sum([Fraction(entry, self.denominator) for entry in self.rows[position]])

    def __add__(self, other: RootVector) -> RootVector:
        return self._combined(other, 1)

    def __sub__(self, other: RootVector) -> RootVector:
        return self._combined(other, -1)

    def _combined(self, other: RootVector, sign: int) -> RootVector:
        rows = [[a * other.denominator + sign * b * self.denominator for a, b in zip(left, right, strict=True)]
                for left, right in zip(self.rows, other.rows, strict=True)]  # fmt: skip
        return RootVector(self.basis, rows, self.denominator * other.denominator)

    def __mul__(self, factor: Fraction) -> RootVector:
        rows = [[entry * factor.numerator for entry in row] for row in self.rows]
        return RootVector(self.basis, rows, self.denominator * factor.denominator)

    def dot(self, weights: Sequence[int]) -> RootSum:
        """Σ_i weights_i v_i."""
        used = [(weight, row) for weight, row in zip(weights, self.rows, strict=True) if weight]
        width = len(self.rows[0]) if len(self.rows) else 0
        totals = [sum(weight * row[k] for weight, row in used) for k in range(width)]
        return self.basis.sum([Fraction(total, self.denominator) for total in totals])

    def inner(self, other: RootVector) -> RootSum:
        """Σ_i v_i w_i."""
        total = self.basis.sum([])
        columns = [list(zip(*vector.rows, strict=True)) for vector in (self, other)]
        for k, left in enumerate(columns[0]):
            for m, right in enumerate(columns[1]):
                product = sum(a * b for a, b in zip(left, right, strict=True) if a and b)
                if product:
                    position, factor = self.basis.locate(self.basis.radicands[k] * self.basis.radicands[m])
                    share = Fraction(product, self.denominator * other.denominator)
                    total = total + RootSum(self.basis, {position: factor * share})
        return total

    def floats(self) -> list[float]:
        """Every entry, rounded."""
        if all(not any(row[1:]) for row in self.rows):
            return [row[0] / self.denominator for row in self.rows]
        return [float(self[i]) for i in range(len(self))]
