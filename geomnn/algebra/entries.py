"""What counts as a vector: array-likes of floats, Fractions or SymPy expressions, checked and of one kind."""

from fractions import Fraction
from math import comb
from operator import index
from typing import Any

import numpy as np
import sympy

from geomnn.errors import DataError, OptionError

__all__ = ["MATRIX_AXES", "blade_components", "components", "entries", "same_kind"]

MATRIX_AXES = "(…, k, d), the vectors as rows"


def _plain(values: Any, as_rows: bool) -> Any:
    """Nested lists in the place of SymPy matrices: rows, or one vector for a row or a column."""
    if isinstance(values, sympy.MatrixBase):
        flat = not as_rows and 1 in values.shape
        return values.flat() if flat else np.array(values.tolist(), dtype=object).reshape(values.shape)
    return [_plain(value, False) for value in values] if isinstance(values, list | tuple) else values


def _kinds(array: np.ndarray) -> set[type]:
    if array.dtype == object:
        return set(map(type, array.flat))
    return {array.dtype.type} if array.size else set()


def entries(values: Any, axes: int, expected: str) -> np.ndarray:
    """An array of real numbers, of the types that they came in, with at least so many axes."""
    ragged = DataError(f"The lists are ragged: expected {expected}, each of the same length.")
    try:
        plain = _plain(values, axes == 2)
        array = np.asarray(plain) if hasattr(plain, "__array__") else np.array(plain, dtype=object)
    except ValueError:
        raise ragged from None
    for kind in _kinds(array):
        if issubclass(kind, list | tuple | np.ndarray):
            raise ragged
        real = issubclass(kind, int | float | np.integer | np.floating | Fraction | sympy.Expr)
        if not real or kind is bool:
            raise DataError(
                f"Entries of type {kind.__name__} came where real numbers were expected: "
                "convert them to float, Fraction or SymPy."
            )
    if array.ndim < axes:
        raise DataError(f"Shape {array.shape} came where {expected} was expected: add the missing axis.")
    return array


def same_kind(*arrays: np.ndarray) -> list[np.ndarray]:
    """All float64; or all Fraction or all SymPy where one such entry is among them."""
    kinds = set().union(*map(_kinds, arrays))
    symbolic = any(issubclass(kind, sympy.Expr) for kind in kinds)
    if symbolic or Fraction in kinds:
        if any(issubclass(kind, float | np.floating) for kind in kinds):
            raise DataError("Floats came among exact entries: convert all to Fraction, or all to float.")
        convert = np.frompyfunc(_symbolic if symbolic else _fraction, 1, 1)
        return [convert(array) for array in arrays]
    try:
        floats = [array.astype(np.float64, copy=False) for array in arrays]
    except OverflowError:
        raise DataError("An integer is too large for float64: convert the entries to Fraction.") from None
    if not all(np.isfinite(array).all() for array in floats):
        raise DataError("NaN or infinity came where finite numbers were expected: remove or impute them.")
    return floats


def _fraction(entry: Any) -> Fraction:
    return entry if isinstance(entry, Fraction) else Fraction(int(entry))


def _symbolic(entry: Any) -> sympy.Expr:
    entry = sympy.sympify(entry)
    infinite = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
    if entry.has(sympy.Float, sympy.I, *infinite) or entry.is_extended_real is False:
        raise DataError(f"{entry} came where exact real expressions were expected: use Rational, or floats.")
    return entry


def components(vectors: Any) -> np.ndarray:
    """The vectors as a contiguous (k, d, …), so that each product runs over the whole batch."""
    (rows,) = same_kind(entries(vectors, 2, MATRIX_AXES))
    return np.ascontiguousarray(np.moveaxis(rows, (-2, -1), (0, 1)))


def blade_components(blade: Any, dimension: int, grade: int) -> tuple[np.ndarray, int, int]:
    """Coefficients (…, C(d, k)), d and k, checked."""
    try:
        dimension, grade = index(dimension), index(grade)
    except TypeError:
        raise OptionError(f"dimension and grade must be integers, not {dimension!r} and {grade!r}.") from None
    if not 0 <= grade <= dimension:
        raise OptionError(f"The grade must be between 0 and the dimension, {dimension}, and is {grade}.")
    (coefficients,) = same_kind(entries(blade, 1, "(…, C(d, k)), the coefficients of a blade"))
    if coefficients.shape[-1] != comb(dimension, grade):
        raise DataError(
            f"A blade of grade {grade} in {dimension} dimensions has {comb(dimension, grade)} coefficients "
            f"and got {coefficients.shape[-1]}: check the dimension and the grade."
        )
    return coefficients, dimension, grade
