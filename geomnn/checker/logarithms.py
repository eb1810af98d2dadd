"""Logarithms of rational numbers, enclosed in integers: every step rounded down, and what that may lose added.

    log x = k log 2 + 2 artanh z,  z = (m − 1)/(m + 1),  x = 2^k m,  1 ≤ m < 2,     artanh z = z + z³/3 + z⁵/5 + …

Here 0 ≤ z < 1/3, so that each term is less than a ninth of the one before it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

__all__ = ["log_bounds"]

GUARD = 24  # bits that are computed beyond those asked for: far more than what is lost has


def log_bounds(x: Fraction, bits: int) -> tuple[int, int]:
    """Integers with lower ≤ 2^bits log x ≤ upper, of which the difference is at most 2 for |log x| < 1000.

    Parameters
    ----------
    x : Fraction
        Above 0.
    bits : int

    Examples
    --------
    >>> log_bounds(Fraction(2), 20)  # log 2 = 0.69314718…
    (726817, 726818)
    """
    k = x.numerator.bit_length() - x.denominator.bit_length()
    m = x / Fraction(2) ** k
    k, m = (k, m) if m >= 1 else (k - 1, 2 * m)
    work = bits + GUARD
    lower, upper = (2 * end for end in _artanh((m - 1) / (m + 1), work))
    twos = [k * 2 * end for end in _artanh(Fraction(1, 3), work)]
    lower, upper = lower + min(twos), upper + max(twos)
    return lower >> GUARD, -(-upper >> GUARD)


@lru_cache(8)  # of which log 2 is always one
def _artanh(z: Fraction, bits: int) -> tuple[int, int]:
    """Integers around 2^bits artanh z, 0 ≤ z ≤ 1/3.

    A power that is rounded down is too small by less than 2: 1 for itself, and a little for the one before it and for
    z². So each term is too small by less than 3, and those after the first power that is 0 are less than 3 together.
    """
    power, square = (z.numerator << bits) // z.denominator, ((z * z).numerator << bits) // (z * z).denominator
    total = terms = 0
    while power:
        total += power // (2 * terms + 1)
        power = power * square >> bits
        terms += 1
    return total, total + 3 * terms + 3
