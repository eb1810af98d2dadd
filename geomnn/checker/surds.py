"""Sums of square roots in integers: what a Euclidean norm makes of rational numbers."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from math import isqrt

__all__ = ["Surd"]


class Surd:
    """A number Σ c_r √r with rational c_r, compared exactly.

    Two radicands whose product is a square are brought together, and the square roots that remain are linearly
    independent over Q: the number is zero only if there are none.
    """

    def __init__(self, terms: dict[int, Fraction] | int | Fraction = 0):
        given = terms if isinstance(terms, dict) else {1: Fraction(terms)}
        self.terms: dict[int, Fraction] = {}
        for radicand, coefficient in given.items():
            self._add(radicand, coefficient)

    def _add(self, radicand: int, coefficient: Fraction) -> None:
        if not coefficient:
            return
        for known in (1, *self.terms):
            root = isqrt(known * radicand)
            if root * root == known * radicand:
                total = self.terms.get(known, Fraction(0)) + coefficient * Fraction(root, known)
                self.terms[known] = total
                if not total:
                    del self.terms[known]
                return
        self.terms[radicand] = coefficient

    def __add__(self, other: Surd) -> Surd:
        total = Surd(dict(self.terms))
        for radicand, coefficient in other.terms.items():
            total._add(radicand, coefficient)
        return total

    def __sub__(self, other: Surd) -> Surd:
        return self + other * -1

    def __mul__(self, other: Surd | Fraction | int) -> Surd:
        if not isinstance(other, Surd):
            return Surd({r: c * other for r, c in self.terms.items()})
        product = Surd()
        for r, c in self.terms.items():
            for s, e in other.terms.items():
                product._add(r * s, c * e)
        return product

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surd) and not (self - other).terms

    __hash__ = None  # type: ignore[assignment]

    def bounds(self, bits: int) -> tuple[int, int]:
        """Integers with lower ≤ 2^bits · value ≤ upper."""
        lower = upper = 0
        for radicand, c in self.terms.items():
            below = isqrt(radicand << 2 * bits)
            above = below + (below * below != radicand << 2 * bits)
            ends = sorted((c.numerator * below, c.numerator * above))
            lower += ends[0] // c.denominator
            upper -= -ends[1] // c.denominator
        return lower, upper

    def sign(self) -> int:
        """−1, 0 or 1."""
        bits = 64
        while self.terms:
            lower, upper = self.bounds(bits)
            if lower > 0 or upper < 0:
                return 1 if lower > 0 else -1
            bits *= 2
        return 0

    def decimal(self, digits: int = 10) -> str:
        """The value to so many significant digits, rounded down."""
        context = Context(prec=digits, rounding=ROUND_FLOOR)
        if set(self.terms) <= {1}:
            value = self.terms.get(1, Fraction(0))
            return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
        bits = 64
        while min(map(abs, self.bounds(bits))) >> 64 == 0:
            bits *= 2
        return str(context.divide(Decimal(self.bounds(bits)[0]), Decimal(1 << bits)))
