"""Wedge products, volumes and duals of vectors: the algebra that the weights are written in.

Vectors are the rows of array-likes of shape (…, k, d). Floats and integers (NumPy manners) are computed in
float64 and in batches; entries that are ``fractions.Fraction`` or SymPy expressions stay exact, and symbolic
results are never simplified. A SymPy ``Matrix`` holds its vectors as rows; a list of row or column matrices
is a list of vectors. Products only add and multiply, so all kinds of entries run through the same lines.

Dependent vectors give an exact zero in floats too: vectors count as dependent when rounding alone explains
their volume, at ``16·d·eps`` relative to their lengths.
"""

import sys
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import comb, log, log10
from operator import index
from typing import Any

import numpy as np
import sympy

from geomnn.errors import DataError, OptionError, VolumeOverflow

__all__ = ["cross_product", "hodge_dual", "log_volume", "reject", "signed_volume", "volume", "wedge"]

EPS = sys.float_info.epsilon
_LARGEST_COFACTOR_DIMENSION = 5  # above it, a factorisation costs less than cofactors do
_NO_EXPONENT = -(2**29)  # the binary exponent of zero: below every sum of exponents
_MATRIX_AXES = "(…, k, d), the vectors as rows"


def wedge(vectors: Any) -> np.ndarray:
    """Wedge product of k vectors, as its coefficients over the basis k-blades.

    u_1 ∧ … ∧ u_k = Σ_S det[u_1, …, u_k]_S e_S, with S the k-subsets of the axes in lexicographic order.

    Parameters
    ----------
    vectors : array-like (…, k, d), the vectors as rows; floats, Fractions or SymPy expressions.

    Returns
    -------
    ndarray (…, C(d, k)); ``[1]`` for k = 0, and no coefficients at all (the zero blade) for k > d.

    Raises DataError for entries or shapes that are no vectors; VolumeOverflow beyond float64.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> wedge([[1, 2, 0], [0, 1, 3]]).tolist()
    [1.0, 3.0, 6.0]
    """
    rows = _components(vectors)
    blade = _expand(rows) if rows.dtype == object else _to_floats(*_scaled_wedge(rows))
    return np.moveaxis(blade, 0, -1)


def volume(vectors: Any) -> Any:
    """Volume of the parallelotope that k vectors span, the norm of their wedge.

    ‖u_1 ∧ … ∧ u_k‖ = det(Gram)^½, Gram_ij = u_i·u_j.

    Parameters
    ----------
    vectors : array-like (…, k, d), the vectors as rows; floats, Fractions or SymPy expressions.

    Returns
    -------
    float or ndarray (…); for exact entries an exact SymPy number or expression, or an object array of them.

    Raises DataError for entries or shapes that are no vectors; VolumeOverflow beyond float64.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> float(volume([[3, 0, 0], [1, 2, 0]]))
    6.0
    >>> volume([[Fraction(1, 2), Fraction(1, 2)]])
    sqrt(2)/2
    """
    rows = _components(vectors)
    if rows.dtype == object:
        return _exact_norm(_expand(rows))
    return _to_floats(*_scaled_volume(rows))[()]


def log_volume(vectors: Any) -> Any:
    """Natural logarithm of the volume that k vectors span; it never overflows.

    log ‖u_1 ∧ … ∧ u_k‖, and −inf for dependent vectors.

    Parameters
    ----------
    vectors : array-like (…, k, d) of floats, the vectors as rows.

    Returns
    -------
    float or ndarray (…).

    Raises DataError for entries or shapes that are no vectors, and for exact entries.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> float(log_volume(1e200 * np.eye(3)).round(4)), float(log_volume([[1, 2], [2, 4]]))
    (1381.5511, -inf)
    """
    rows = _components(vectors)
    if rows.dtype == object:
        raise DataError("log_volume takes floats and got exact entries: take sympy.log of volume(vectors).")
    return _log(*_scaled_volume(rows))[()]


def signed_volume(vectors: Any) -> Any:
    """Signed volume of the parallelotope that d vectors of d dimensions span.

    det[u_1, …, u_d], the only coefficient of u_1 ∧ … ∧ u_d.

    Parameters
    ----------
    vectors : array-like (…, d, d), the vectors as rows; floats, Fractions or SymPy expressions.

    Returns
    -------
    float, Fraction or SymPy expression, or an ndarray (…) of them.

    Raises DataError for entries or shapes that are no d vectors; VolumeOverflow beyond float64.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> float(signed_volume([[0, 1], [1, 0]]))
    -1.0
    """
    rows = _components(vectors)
    count, dimension = rows.shape[:2]
    if count != dimension:
        raise DataError(
            f"A signed volume needs d vectors of d dimensions and got {count} of {dimension}: "
            "for fewer vectors take volume, which has no sign."
        )
    return _expand(rows)[0] if rows.dtype == object else _to_floats(*_scaled_dual(rows))[0]


def cross_product(vectors: Any, *, unit: bool = False) -> np.ndarray:
    """Generalised cross product of d−1 vectors: orthogonal to each, as long as their volume.

    ×(u_1, …, u_{d−1}) = ⋆(u_1 ∧ … ∧ u_{d−1}), fixed by x·×(U) = det[x, u_1, …, u_{d−1}] for every x.

    Parameters
    ----------
    vectors : array-like (…, d−1, d), the vectors as rows; floats, Fractions or SymPy expressions.
    unit : divide by the Euclidean norm (a zero vector stays zero); this never overflows.

    Returns
    -------
    ndarray (…, d); exactly zero for dependent vectors, ``[1]`` for none in one dimension.

    Raises DataError for entries or shapes that are no d−1 vectors; VolumeOverflow beyond float64.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> cross_product([[1, 0, 0], [0, 1, 0]]).tolist()
    [0.0, 0.0, 1.0]
    >>> x, y = sympy.symbols("x y")
    >>> cross_product([[x, y]])
    array([y, -x], dtype=object)
    """
    rows = _components(vectors)
    count, dimension = rows.shape[:2]
    if count != dimension - 1:
        raise DataError(
            f"A cross product needs d−1 vectors of d dimensions and got {count} of {dimension}: "
            "give one vector fewer than there are coordinates."
        )
    if rows.dtype == object:
        normal = _dual(_expand(rows), dimension, count)
        length = _exact_norm(normal) if unit else 1
        normal = normal / np.where(_is_zero(length), 1, length) if unit else normal
    elif unit:
        normal, _ = _common_exponent(*_scaled_dual(rows))
        length = np.linalg.norm(normal, axis=0)
        normal = normal / np.where(length == 0, 1.0, length)
    else:
        normal = _to_floats(*_scaled_dual(rows))
    return np.moveaxis(normal, 0, -1)


def hodge_dual(blade: Any, dimension: int, grade: int) -> np.ndarray:
    """Dual of a k-blade: the (d−k)-blade of the orthogonal complement.

    ⋆B := B I⁻¹, the ``.dual()`` of the ``clifford`` package, so that ×(U) = ⋆(u_1 ∧ … ∧ u_{d−1}). The Hodge
    star of differential forms differs from it by the sign (−1)^{d−1} for (d−1)-blades.

    Parameters
    ----------
    blade : array-like (…, C(d, k)), coefficients over the k-subsets of the axes in lexicographic order.
    dimension, grade : d and k, with 0 ≤ k ≤ d.

    Returns
    -------
    ndarray (…, C(d, d−k)), coefficients over the (d−k)-subsets in lexicographic order.

    Raises OptionError for a dimension or grade that cannot be; DataError for other entries or shapes.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> hodge_dual(wedge([[1, 0, 0], [0, 1, 0]]), dimension=3, grade=2).tolist()
    [0.0, 0.0, 1.0]
    """
    coefficients, dimension, grade = _blade(blade, dimension, grade)
    return np.moveaxis(_dual(np.moveaxis(coefficients, -1, 0), dimension, grade), 0, -1)


def reject(vector: Any, vectors: Any) -> np.ndarray:
    """Component of a vector that is orthogonal to the span of k vectors.

    (g ∧ B) B⁻¹ with B = u_1 ∧ … ∧ u_k; of dependent vectors, which have B = 0, the span counts. A symbolic
    vector counts as zero when ``cancel`` or ``equals`` shows that its squared norm is zero, so symbols stand
    for general values; floats within ``16·max(k, d)·eps`` of the span give an exact zero.

    Parameters
    ----------
    vector : array-like (…, d); floats, Fractions or SymPy expressions.
    vectors : array-like (…, k, d), the vectors as rows; the axes in front broadcast with those of ``vector``.

    Returns
    -------
    ndarray (…, d).

    Raises DataError for entries or shapes that do not fit, and for a symbolic norm that cannot be decided.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> reject([1, 2, 3], [[1, 0, 0], [2, 0, 0]]).tolist()
    [0.0, 2.0, 3.0]
    """
    given, span = _same_kind(_entries(vector, 1, "(…, d), a vector"), _entries(vectors, 2, _MATRIX_AXES))
    try:
        np.broadcast_shapes(given.shape[:-1], span.shape[:-2])
    except ValueError:
        raise _misfit(given, span) from None
    if given.shape[-1] != span.shape[-1]:
        raise _misfit(given, span)
    return _reject_exact(given, span) if given.dtype == object else _reject_floats(given, span)


def _misfit(vector: np.ndarray, vectors: np.ndarray) -> DataError:
    return DataError(
        f"A vector of shape {vector.shape} does not fit vectors of shape {vectors.shape}: expected (…, d) "
        "and (…, k, d) with the same d and axes in front that broadcast."
    )


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


def _entries(values: Any, axes: int, expected: str) -> np.ndarray:
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


def _same_kind(*arrays: np.ndarray) -> list[np.ndarray]:
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


def _components(vectors: Any) -> np.ndarray:
    """The vectors as a contiguous (k, d, …), so that each product runs over the whole batch."""
    (rows,) = _same_kind(_entries(vectors, 2, _MATRIX_AXES))
    return np.ascontiguousarray(np.moveaxis(rows, (-2, -1), (0, 1)))


def _blade(blade: Any, dimension: int, grade: int) -> tuple[np.ndarray, int, int]:
    """Coefficients (…, C(d, k)), d and k, checked."""
    try:
        dimension, grade = index(dimension), index(grade)
    except TypeError:
        raise OptionError(f"dimension and grade must be integers, not {dimension!r} and {grade!r}.") from None
    if not 0 <= grade <= dimension:
        raise OptionError(f"The grade must be between 0 and the dimension, {dimension}, and is {grade}.")
    (coefficients,) = _same_kind(_entries(blade, 1, "(…, C(d, k)), the coefficients of a blade"))
    if coefficients.shape[-1] != comb(dimension, grade):
        raise DataError(
            f"A blade of grade {grade} in {dimension} dimensions has {comb(dimension, grade)} coefficients "
            f"and got {coefficients.shape[-1]}: check the dimension and the grade."
        )
    return coefficients, dimension, grade


@lru_cache(maxsize=64)
def _subsets(dimension: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Members s_p of each subset S, and the number of S∖s_p among the subsets one smaller: (C, size) both."""
    number = {subset: i for i, subset in enumerate(combinations(range(dimension), size - 1))}
    subsets = list(combinations(range(dimension), size))
    smaller = [number[subset[:p] + subset[p + 1 :]] for subset in subsets for p in range(size)]
    return np.array(subsets, np.intp).reshape(-1, size), np.array(smaller, np.intp).reshape(-1, size)


def _expand(rows: np.ndarray) -> np.ndarray:
    """Wedge of (k, d, …) as (C(d, k), …), for every kind of entry."""
    # One vector at a time: u_s e_s at the end of B e_{S∖s} moves over the members behind s to its place, so
    # (B ∧ u)_S = Σ_p (−1)^{k−1−p} B_{S∖s_p} u_{s_p},  S = {s_0 < … < s_{k−1}}.
    blade = rows[0] if len(rows) else np.ones((1, *rows.shape[2:]))
    for size, row in enumerate(rows[1:], start=2):
        members, smaller = _subsets(rows.shape[1], size)
        grown = blade[smaller[:, -1]] * row[members[:, -1]]
        for place in range(size - 1):
            term = blade[smaller[:, place]] * row[members[:, place]]
            (np.subtract if (size - place) % 2 == 0 else np.add)(grown, term, out=grown)
        blade = grown
    return blade


def _dual(blade: np.ndarray, dimension: int, grade: int) -> np.ndarray:
    """⋆ of (C(d, k), …)."""
    # With T the complement of S, m = |T| and ẽ the reverse of e: e_S I⁻¹ = ε(T,S) e_S ẽ_S ẽ_T, where
    # ẽ_T = (−1)^{m(m−1)/2} e_T and ε(T,S) = (−1)^{ΣT − m(m−1)/2}; so ⋆e_S = (−1)^{ΣT} e_T, and T runs in the
    # reverse order of S.
    odd = [sum(subset) % 2 == 1 for subset in combinations(range(dimension), dimension - grade)]
    dual = blade[::-1].copy()
    dual[odd] = 0 - dual[odd]  # unlike −x, this makes no negative zeros
    return dual


def _peak(values: np.ndarray, axis: int) -> np.ndarray:
    """Binary exponent of the largest number along an axis, which stays with length 1."""
    return np.frexp(np.max(np.abs(values), axis=axis, initial=0.0, keepdims=True))[1]


def _equilibrate(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, then rows of (k, d, …) divided by powers of two (exactly) until the largest is in [½, 1)."""
    exponents = np.where(rows == 0, _NO_EXPONENT, np.frexp(rows)[1])
    columns = np.max(exponents, axis=0, initial=_NO_EXPONENT)
    columns[columns == _NO_EXPONENT] = 0
    exponents -= columns
    lines = np.max(exponents, axis=1, initial=2 * _NO_EXPONENT)
    lines[lines < _NO_EXPONENT // 2] = 0
    return np.ldexp(rows, -(columns + lines[:, None])), columns, lines


def _scaled_wedge(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wedge of floats (k, d, …) as mantissas and binary exponents (C(d, k), …); 0 for dependent vectors."""
    # A column scale 2^c multiplies every coefficient whose subset has the column, a row scale all of them.
    # Rounding leaves coefficients of the order eps·Π‖rows‖ to dependent rows: no more than that means zero.
    count, dimension = rows.shape[:2]
    scaled, columns, lines = _equilibrate(rows)
    blade = _expand(scaled)
    noise = 16 * dimension * EPS * np.sqrt(np.einsum("kd...,kd...->k...", scaled, scaled)).prod(axis=0)
    blade *= np.einsum("c...,c...->...", blade, blade) > noise * noise
    chosen = np.array(list(combinations(range(dimension), count)), np.intp).reshape(len(blade), count)
    return blade, columns[chosen].sum(axis=1, dtype=np.int32) + lines.sum(axis=0, dtype=np.int32)


def _scaled_dual(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """⋆(u_1 ∧ … ∧ u_k) of floats, k = d−1 or d, as mantissas and exponents (C(d, k), …)."""
    count, dimension = rows.shape[:2]
    if dimension <= _LARGEST_COFACTOR_DIMENSION:
        blade, exponents = _scaled_wedge(rows)
        return _dual(blade, dimension, count), exponents[::-1]
    # Uᵀ = QR and q the last column of Q: ×(U) = det[q, u_1, …] q = (−1)^{d−1} det(Q) ΠR_ii q; for the scaled
    # US⁻¹ this gives ×(U) = det(S) S⁻¹ ×(US⁻¹). For k = d the volume is det(Q) ΠR_ii.
    scaled, columns, lines = _equilibrate(rows)
    orthogonal, upper = np.linalg.qr(np.moveaxis(scaled, (0, 1), (-1, -2)), mode="complete")
    mantissa, exponent = _triangular_volume(upper[..., :count, :])
    mantissa = mantissa * np.sign(np.linalg.det(orthogonal))
    exponent = exponent + columns.sum(axis=0) + lines.sum(axis=0)
    if count == dimension:
        return mantissa[None], exponent[None]
    normal = np.moveaxis(orthogonal[..., -1], -1, 0)
    return (-1) ** (dimension - 1) * mantissa * normal, exponent - columns


def _scaled_volume(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Volume of floats (k, d, …) as mantissa and exponent (…)."""
    (count, dimension), batch = rows.shape[:2], rows.shape[2:]
    if count > dimension:
        return np.zeros(batch), np.zeros(batch, int)
    if count >= dimension - 1:  # where columns can be scaled too
        coefficients, exponent = _common_exponent(*_scaled_dual(rows))
        return np.sqrt((coefficients * coefficients).sum(axis=0)), exponent
    peaks = _peak(rows, 1)
    scaled = np.moveaxis(np.ldexp(rows, -peaks), (0, 1), (-1, -2))
    mantissa, exponent = _triangular_volume(np.asarray(np.linalg.qr(scaled, mode="r")))
    return np.abs(mantissa), exponent + peaks.sum(axis=(0, 1))


def _triangular_volume(upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ΠR_ii of (…, k, k) as mantissa and exponent (…), 0 for dependent columns."""
    # Householder's R is exact for columns moved by about eps of their length, and the distance of column i to
    # the span of the others is 1/‖row i of R⁻¹‖: below 16·d·eps of its length, rounding alone explains it.
    count = upper.shape[-1]
    noise = 16 * (count + 1) * EPS
    lengths = np.linalg.norm(upper, axis=-2, keepdims=True)
    unit = upper / np.where(lengths == 0, 1.0, lengths)
    dependent = (np.abs(np.diagonal(unit, axis1=-2, axis2=-1)) <= noise).any(axis=-1)
    unit = np.where(dependent[..., None, None], np.eye(count), unit)
    with np.errstate(over="ignore", invalid="ignore"):
        dependent |= ~(np.linalg.norm(np.linalg.inv(unit), axis=-1) < 1 / noise).all(axis=-1)
    mantissa, exponent = np.where(dependent, 0.0, 1.0), np.zeros(dependent.shape, int)
    for factor in np.moveaxis(np.diagonal(upper, axis1=-2, axis2=-1), -1, 0):
        mantissa, shift = np.frexp(mantissa * factor)
        exponent = exponent + shift
    return mantissa, exponent


def _common_exponent(mantissas: np.ndarray, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same numbers (c, …) as mantissas of at most 1 with one exponent (…)."""
    top = np.where(mantissas == 0, _NO_EXPONENT, np.frexp(mantissas)[1] + exponents).max(axis=0)
    top = np.where(top == _NO_EXPONENT, 0, top)
    return np.ldexp(mantissas, exponents - top), top


def _log(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.abs(mantissa)) + exponent * log(2)


def _to_floats(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        numbers = np.ldexp(mantissa, exponent)
    if not np.isfinite(numbers).all():
        raise VolumeOverflow(
            f"A volume of about 10**{_log(mantissa, exponent).max() / log(10):.1f} is beyond float64, which "
            f"ends at 10**{log10(sys.float_info.max):.1f}: take log_volume, or cross_product(…, unit=True)."
        )
    return numbers


def _exact_norm(components: np.ndarray) -> Any:
    """Euclidean norm of exact (c, …) as a SymPy number or expression, or an array of them."""
    return np.frompyfunc(sympy.sqrt, 1, 1)((components * components).sum(axis=0))


@np.vectorize(otypes=[bool])
def _is_zero(entry: Any) -> bool:
    if isinstance(entry, sympy.Expr) and entry != 0 and sympy.cancel(entry) != 0:
        verdict = entry.equals(0)
        if verdict is None:
            raise DataError(f"Whether {entry} is zero could not be decided: simplify the entries first.")
        return verdict
    return not isinstance(entry, Fraction) or entry == 0


def _reject_exact(vector: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    # Gram–Schmidt without square roots: the first row leaves the others, and the last one is what is left.
    batch = np.broadcast_shapes(vector.shape[:-1], vectors.shape[:-2])
    parts = vectors, vector[..., None, :]
    rows = np.concatenate([np.broadcast_to(part, batch + part.shape[-2:]) for part in parts], axis=-2)
    while rows.shape[-2] > 1:
        first, rows = rows[..., :1, :], rows[..., 1:, :]
        squared = (first * first).sum(axis=-1, keepdims=True)
        zero = _is_zero(squared)
        first, squared = np.where(zero, 0, first), np.where(zero, 1, squared)
        rows = rows - (rows * first).sum(axis=-1, keepdims=True) / squared * first
    return rows[..., 0, :]


def _reject_floats(vector: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    # Gram–Schmidt on unit rows, always the longest remainder next, so that a row within rounding of the span
    # of the others comes last and is seen to be zero; the second pass makes up for the first one's rounding.
    count, dimension = vectors.shape[-2:]
    noise = 16 * max(count, dimension) * EPS
    rest = np.ldexp(vectors, -_peak(vectors, -1))
    length = np.linalg.norm(rest, axis=-1, keepdims=True)
    rest, basis = rest / np.where(length == 0, 1.0, length), rest[..., :0, :]
    for _ in range(min(count, dimension)):
        longest = np.linalg.norm(rest, axis=-1).argmax(axis=-1)
        unit = np.take_along_axis(rest, longest[..., None, None], axis=-2)
        unit = unit - unit @ basis.swapaxes(-1, -2) @ basis
        length = np.linalg.norm(unit, axis=-1, keepdims=True)
        unit = np.where(length > noise, unit / np.where(length == 0, 1.0, length), 0.0)
        rest = rest - rest @ unit.swapaxes(-1, -2) * unit
        basis = np.concatenate([basis, unit], axis=-2)
    exponent = _peak(vector, -1)
    given = np.ldexp(vector, -exponent)[..., None, :]
    rest = given - given @ basis.swapaxes(-1, -2) @ basis
    rest = rest - rest @ basis.swapaxes(-1, -2) @ basis
    zero = np.linalg.norm(rest, axis=-1) <= noise * np.linalg.norm(given, axis=-1)
    return np.ldexp(np.where(zero, 0.0, rest[..., 0, :]), exponent)
