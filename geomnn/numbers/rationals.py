"""Numbers taken exactly: fractions as they are, decimals as written, floats as their shortest decimal.

SymPy's numbers are told by the abstract classes of Python's `numbers`, which they are registered with, so that reading
floats does not load SymPy.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import lcm
from numbers import Rational, Real
from typing import Any

import numpy as np

from geomnn.checker.digits import any_size
from geomnn.errors import DataError, OptionError

__all__ = [
    "SHORT",
    "common_denominator",
    "exact_number",
    "exact_reg",
    "exact_table",
    "exact_targets",
    "holds_exact",
    "is_exact",
    "root_times",
    "short_number",
    "symbolic",
]

LARGEST_EXPONENT = 1000  # decimal exponent up to which a number is read exactly
SHORT = 24  # letters of an exact number up to which it is shown in full


def exact_number(value: Any, name: str) -> Fraction:
    """One number as a Fraction: 0.1 is 1/10, the shortest decimal that reads back as that float.

    Raises
    ------
    DataError
        If it is not a rational number.
    """
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, np.bool_):
        return Fraction(int(value))
    if isinstance(value, Real):
        value = str(value)  # what NumPy and Python print is the shortest decimal in the type of the number
    elif not isinstance(value, Decimal):
        raise DataError(
            f"{name} is {value!r}; a rational number was expected for exact arithmetic: give an int, a Fraction, "
            "a Decimal, a SymPy Rational or a float."
        )
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > LARGEST_EXPONENT:
        raise DataError(
            f"{name} is {value:.3e}; exact numbers have exponents up to {LARGEST_EXPONENT}: rescale the data."
        )
    try:
        return Fraction(value)
    except (ValueError, OverflowError) as reason:
        raise DataError(f"{name} is {value}; remove or impute such values first.") from reason


def exact_table(X: Any) -> list[list[Fraction]]:
    """The rows of a table that `geomnn.validation.real_table` accepts, as Fractions."""
    return [
        [exact_number(value, f"X[{i}, {k}]") for k, value in enumerate(row)]
        for i, row in enumerate(np.asarray(X))
    ]


def exact_targets(y: Any) -> list[Fraction]:
    """The targets (n,) as Fractions."""
    return [exact_number(value, f"y[{i}]") for i, value in enumerate(np.asarray(y))]


def exact_reg(reg: Any) -> Fraction:
    """The weight of the penalty as a Fraction, or an `OptionError`."""
    try:
        return exact_number(reg, "reg")
    except DataError as reason:
        raise OptionError(str(reason)) from reason


def holds_exact(values: Any) -> bool:
    """Whether a table holds exact numbers: Fractions, Decimals or SymPy rationals among integers."""
    array = np.asarray(values)
    if array.dtype != object:
        return False
    kinds = set(map(type, array.flat))
    whole = all(issubclass(kind, int | np.integer) for kind in kinds)
    return not whole and all(issubclass(kind, Rational | Decimal) for kind in kinds)


def is_exact(number: Any) -> bool:
    """Whether a number of a network is a Fraction or one of SymPy, and not a float or an array of them."""
    return isinstance(number, Fraction) or hasattr(number, "is_Rational")


def symbolic(number: Any) -> Any:
    """A Fraction as a SymPy Rational; a SymPy number as it is."""
    if not isinstance(number, Fraction):
        return number
    import sympy

    return sympy.Rational(number.numerator, number.denominator)


def root_times(number: Any, factor: Any) -> Any:
    """√number · factor as a SymPy number; squares are not taken out where there are too many digits for that."""
    import sympy

    value, scale = symbolic(number), symbolic(factor)
    if not isinstance(number, Fraction) or (number.numerator * number.denominator).bit_length() <= 512:
        return sympy.sqrt(value) * scale
    root = sympy.Pow(value, sympy.Rational(1, 2), evaluate=False)
    return sympy.Mul(scale, root, evaluate=False) if scale else scale


def common_denominator(numbers: Iterable[Fraction]) -> int:
    """The least common denominator, 1 for none."""
    return lcm(*(number.denominator for number in numbers))


def short_number(value: Any, digits: int = 6) -> str:
    """A float in so many digits; an exact number as it is, or where it is long its beginning and dots."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    with any_size():
        text = f"({value})" if getattr(value, "is_Add", False) else str(value)
    return text if len(text) <= SHORT else f"{float(value):.{digits}g}…"
