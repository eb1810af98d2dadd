"""The products of vectors: wedge, volume, cross product, dual and rejection.

Vectors are the rows of array-likes of shape (…, k, d). Floats and integers (NumPy manners) are computed in
float64 and in batches; entries that are ``fractions.Fraction`` or SymPy expressions stay exact, and symbolic
results are never simplified. A SymPy ``Matrix`` holds its vectors as rows; a list of row or column matrices
is a list of vectors. Products only add and multiply, so all kinds of entries run through the same lines.

Dependent vectors give an exact zero in floats too: vectors count as dependent when rounding alone explains
their volume, at ``16·d·eps`` relative to their lengths.
"""

from typing import Any

import numpy as np

from geomnn.algebra.blades import (
    EPS,
    common_exponent,
    dual,
    exact_norm,
    expand,
    is_zero,
    logarithm,
    peak,
    scaled_dual,
    scaled_volume,
    scaled_wedge,
    to_floats,
)
from geomnn.algebra.entries import MATRIX_AXES, blade_components, components, entries, same_kind
from geomnn.errors import DataError

__all__ = ["cross_product", "hodge_dual", "log_volume", "reject", "signed_volume", "volume", "wedge"]


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
    rows = components(vectors)
    blade = expand(rows) if rows.dtype == object else to_floats(*scaled_wedge(rows))
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
    >>> from fractions import Fraction
    >>> volume([[Fraction(1, 2), Fraction(1, 2)]])
    sqrt(2)/2
    """
    rows = components(vectors)
    if rows.dtype == object:
        return exact_norm(expand(rows))
    return to_floats(*scaled_volume(rows))[()]


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
    rows = components(vectors)
    if rows.dtype == object:
        raise DataError("log_volume takes floats and got exact entries: take sympy.log of volume(vectors).")
    return logarithm(*scaled_volume(rows))[()]


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
    rows = components(vectors)
    count, dimension = rows.shape[:2]
    if count != dimension:
        raise DataError(
            f"A signed volume needs d vectors of d dimensions and got {count} of {dimension}: "
            "for fewer vectors take volume, which has no sign."
        )
    return expand(rows)[0] if rows.dtype == object else to_floats(*scaled_dual(rows))[0]


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
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> cross_product([[x, y]])
    array([y, -x], dtype=object)
    """
    rows = components(vectors)
    count, dimension = rows.shape[:2]
    if count != dimension - 1:
        raise DataError(
            f"A cross product needs d−1 vectors of d dimensions and got {count} of {dimension}: "
            "give one vector fewer than there are coordinates."
        )
    if rows.dtype == object:
        normal = dual(expand(rows), dimension, count)
        length = exact_norm(normal) if unit else 1
        normal = normal / np.where(is_zero(length), 1, length) if unit else normal
    elif unit:
        normal, _ = common_exponent(*scaled_dual(rows))
        length = np.linalg.norm(normal, axis=0)
        normal = normal / np.where(length == 0, 1.0, length)
    else:
        normal = to_floats(*scaled_dual(rows))
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
    coefficients, dimension, grade = blade_components(blade, dimension, grade)
    return np.moveaxis(dual(np.moveaxis(coefficients, -1, 0), dimension, grade), 0, -1)


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
    given, span = same_kind(entries(vector, 1, "(…, d), a vector"), entries(vectors, 2, MATRIX_AXES))
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


def _reject_exact(vector: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    # Gram–Schmidt without square roots: the first row leaves the others, and the last one is what is left.
    batch = np.broadcast_shapes(vector.shape[:-1], vectors.shape[:-2])
    parts = vectors, vector[..., None, :]
    rows = np.concatenate([np.broadcast_to(part, batch + part.shape[-2:]) for part in parts], axis=-2)
    while rows.shape[-2] > 1:
        first, rows = rows[..., :1, :], rows[..., 1:, :]
        squared = (first * first).sum(axis=-1, keepdims=True)
        zero = is_zero(squared)
        first, squared = np.where(zero, 0, first), np.where(zero, 1, squared)
        rows = rows - (rows * first).sum(axis=-1, keepdims=True) / squared * first
    return rows[..., 0, :]


def _reject_floats(vector: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    # Gram–Schmidt on unit rows, always the longest remainder next, so that a row within rounding of the span
    # of the others comes last and is seen to be zero; the second pass makes up for the first one's rounding.
    count, dimension = vectors.shape[-2:]
    noise = 16 * max(count, dimension) * EPS
    rest = np.ldexp(vectors, -peak(vectors, -1))
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
    exponent = peak(vector, -1)
    given = np.ldexp(vector, -exponent)[..., None, :]
    rest = given - given @ basis.swapaxes(-1, -2) @ basis
    rest = rest - rest @ basis.swapaxes(-1, -2) @ basis
    zero = np.linalg.norm(rest, axis=-1) <= noise * np.linalg.norm(given, axis=-1)
    return np.ldexp(np.where(zero, 0.0, rest[..., 0, :]), exponent)
