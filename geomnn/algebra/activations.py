"""Activations of neurons as ratios of volumes, for every kind of entry."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from geomnn.algebra.blades import is_zero
from geomnn.algebra.entries import MATRIX_AXES, entries, same_kind
from geomnn.algebra.products import cross_product
from geomnn.errors import DataError
from geomnn.norms import ball

__all__ = ["activation"]


def activation(points: Any, vectors: Any, norm: float = 2) -> Any:
    """The activation of a wedge at points: a ratio of volumes, and for p = 2 a distance.

    (x ∧ u_1 ∧ … ∧ u_{d−1})_+ / ‖⋆(u_1 ∧ … ∧ u_{d−1})‖_p,  (a)_+ = max(a, 0).

    With a bias give differences to the anchor: ``activation(x - a, [x1 - a, …])``. Entries that are SymPy expressions
    stay symbols, and the result is one: Max(0, …) over the norm.

    Parameters
    ----------
    points : array-like (…, d); floats, Fractions or SymPy expressions.
    vectors : array-like (d−1, d), the vectors of the wedge as rows.
    norm : p, one of 1, 2 and numpy.inf.

    Returns
    -------
    float, Fraction or SymPy expression, or an ndarray (…) of them; 0 for dependent vectors.

    Raises DataError for entries or shapes that do not fit; OptionError for another norm.
    Source: geomnn theory, section 1, equation (1).

    >>> float(activation([1, 1], [[2, 0]]))
    0.0
    >>> float(activation([1, 1], [[0, 2]]))
    1.0
    >>> a, b, x, y = sympy.symbols("a b x y", positive=True)
    >>> activation([x, y], [[a, b]], norm=1)
    Max(0, -a*y + b*x)/(a + b)
    """
    size = ball(norm)
    rows, span = same_kind(entries(points, 1, "(…, d), points"), entries(vectors, 2, MATRIX_AXES))
    if span.ndim != 2 or rows.shape[-1] != span.shape[-1]:
        raise DataError(
            f"Points of shape {rows.shape} do not fit vectors of shape {span.shape}: expected (…, d) and (d−1, d)."
        )
    if span.dtype != object:
        weight = cross_product(span, unit=True)
        length = float(size.length(weight))
        return np.maximum(rows @ weight, 0.0)[()] / (length or 1.0)
    weight = cross_product(span)
    length = _length(weight, norm)
    if is_zero(length):
        return (0 * rows).sum(axis=-1)
    return np.frompyfunc(lambda value: _positive(value) / length, 1, 1)((rows * weight).sum(axis=-1))


def _length(weight: np.ndarray, norm: float) -> Any:
    """‖w‖_p of exact entries."""
    if norm == 2:
        return sympy.sqrt(sum(entry * entry for entry in weight))
    sizes = [abs(entry) for entry in weight]
    if norm == 1:
        return sum(sizes)
    return max(sizes) if isinstance(sizes[0], Fraction) else sympy.Max(*sizes)


def _positive(value: Any) -> Any:
    return max(value, Fraction(0)) if isinstance(value, Fraction) else sympy.Max(0, value)
