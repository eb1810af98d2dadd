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

__all__ = ["RootBasis", "RootSum", "RootVector", "fraction", "rational_matrix"]

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
        if len(self.terms) > 1:
            return 1 if self._ball() > 0 else -1
        return sum(1 if c > 0 else -1 for c in self.terms.values())

    def _ball(self) -> flint.arb:
        """An interval that holds the number, which is not 0, and is small beside it."""
        bits = 64
        while True:
            bits *= 2
            with flint.ctx.workprec(bits):
                ball = flint.arb(0)
                for k, c in self.terms.items():
                    ball += flint.arb(rational(c)) * flint.arb(self.basis.radicands[k]).sqrt()
                if ball.rel_accuracy_bits() > 60:
                    return ball

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RootSum) and not (self - other).terms

    def __lt__(self, other: RootSum) -> bool:
        return (self - other).sign() < 0

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        return float(self.to_fraction() if self.is_rational else self._ball().mid())

    @property
    def coefficients(self) -> list[Fraction]:
        """c_k at every root of the basis."""
        return [self.terms.get(k, Fraction(0)) for k in range(len(self.basis))]

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


def rational(number: Fraction) -> flint.fmpq:
    """A Fraction as FLINT's number."""
    return flint.fmpq(number.numerator, number.denominator)


def fraction(number: flint.fmpq) -> Fraction:
    """FLINT's number as a Fraction."""
    return Fraction(int(number.p), int(number.q))


def rational_matrix(rows: Sequence[Sequence[Fraction]], width: int) -> flint.fmpq_mat:
    """Rows of so many Fractions as FLINT's matrix."""
    return flint.fmpq_mat(len(rows), width, [rational(entry) for row in rows for entry in row])


@dataclass(frozen=True)
class RootVector:
    """A vector of such numbers.

    Parameters
    ----------
    basis : RootBasis
    rows : flint.fmpq_mat
        The coefficients of each entry at 1, √r_1, ….
    """

    basis: RootBasis
    rows: flint.fmpq_mat

    @classmethod
    def read(cls, basis: RootBasis, numbers: Iterable[Any]) -> RootVector:
        """Fractions, or SymPy numbers that are sums of square roots."""
        entries = [basis.read(number) for number in numbers]
        return cls(basis, rational_matrix([entry.coefficients for entry in entries], len(basis)))

    def __len__(self) -> int:
        return self.rows.nrows()

    def __getitem__(self, position: int) -> RootSum:
        return self.basis.sum([fraction(self.rows[position, k]) for k in range(self.rows.ncols())])

    def __add__(self, other: RootVector) -> RootVector:
        return RootVector(self.basis, self.rows + other.rows)

    def __sub__(self, other: RootVector) -> RootVector:
        return RootVector(self.basis, self.rows - other.rows)

    def __mul__(self, factor: Fraction) -> RootVector:
        return RootVector(self.basis, self.rows * rational(factor))

    def dot(self, weights: Sequence[int]) -> RootSum:
        """Σ_i weights_i v_i."""
        return RootVector(self.basis, flint.fmpz_mat(1, len(self), weights) * self.rows)[0]

    def inner(self, other: RootVector) -> RootSum:
        """Σ_i v_i w_i."""
        total, radicands = self.basis.sum([]), self.basis.radicands
        for k, products in enumerate((self.rows.transpose() * other.rows).tolist()):
            for m, product in enumerate(products):
                if product:
                    total = total + self.basis.root(radicands[k] * radicands[m]) * fraction(product)
        return total

    def floats(self) -> list[float]:
        """Every entry, rounded."""
        return [float(self[i]) for i in range(len(self))]
