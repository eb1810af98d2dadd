"""Blades as coefficients: one expansion for every kind of entry, and its scaled form for floats.

Floats are carried as mantissas with integer binary exponents, so that no volume overflows on the way.
"""

import sys
from functools import lru_cache
from itertools import combinations
from math import log, log10
from typing import Any

import numpy as np
import sympy

from geomnn.errors import DataError, VolumeOverflow

__all__ = [
    "EPS",
    "common_exponent",
    "dual",
    "exact_norm",
    "expand",
    "is_zero",
    "logarithm",
    "peak",
    "scaled_dual",
    "scaled_volume",
    "scaled_wedge",
    "to_floats",
]

EPS = sys.float_info.epsilon
LARGEST_COFACTOR_DIMENSION = 5  # above it, a factorisation costs less than cofactors do
_NO_EXPONENT = -(2**29)  # the binary exponent of zero: below every sum of exponents


@lru_cache(maxsize=64)
def _subsets(dimension: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Members s_p of each subset S, and the number of S∖s_p among the subsets one smaller: (C, size) both."""
    number = {subset: i for i, subset in enumerate(combinations(range(dimension), size - 1))}
    subsets = list(combinations(range(dimension), size))
    smaller = [number[subset[:p] + subset[p + 1 :]] for subset in subsets for p in range(size)]
    return np.array(subsets, np.intp).reshape(-1, size), np.array(smaller, np.intp).reshape(-1, size)


def expand(rows: np.ndarray) -> np.ndarray:
    """Wedge of (k, d, …) as (C(d, k), …), for every kind of entry."""
    # One vector at a time: u_s e_s at the end of B e_{S∖s} moves over the members behind s to its place, so
    # (B ∧ u)_S = Σ_p (−1)^{k−1−p} B_{S∖s_p} u_{s_p},  S = {s_0 < … < s_{k−1}}.
    blade = rows[0] if len(rows) else np.ones((1, *rows.shape[2:]), dtype=rows.dtype)
    for size, row in enumerate(rows[1:], start=2):
        members, smaller = _subsets(rows.shape[1], size)
        grown = blade[smaller[:, -1]] * row[members[:, -1]]
        for place in range(size - 1):
            term = blade[smaller[:, place]] * row[members[:, place]]
            (np.subtract if (size - place) % 2 == 0 else np.add)(grown, term, out=grown)
        blade = grown
    return blade


def dual(blade: np.ndarray, dimension: int, grade: int) -> np.ndarray:
    """⋆ of (C(d, k), …)."""
    # With T the complement of S, m = |T| and ẽ the reverse of e: e_S I⁻¹ = ε(T,S) e_S ẽ_S ẽ_T, where
    # ẽ_T = (−1)^{m(m−1)/2} e_T and ε(T,S) = (−1)^{ΣT − m(m−1)/2}; so ⋆e_S = (−1)^{ΣT} e_T, and T runs in the
    # reverse order of S.
    odd = [sum(subset) % 2 == 1 for subset in combinations(range(dimension), dimension - grade)]
    turned = blade[::-1].copy()
    turned[odd] = 0 - turned[odd]  # unlike −x, this makes no negative zeros
    return turned


def peak(values: np.ndarray, axis: int) -> np.ndarray:
    """Binary exponent of the largest number along an axis, which stays with length 1."""
    return np.frexp(np.max(np.abs(values), axis=axis, initial=0.0, keepdims=True))[1]


def _equilibrate(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, then rows of (k, d, …) divided by powers of two (exactly) until the largest is in [½, 1)."""
    exponents = np.where(rows == 0, _NO_EXPONENT, np.frexp(rows)[1])
    columns = np.max(exponents, axis=0, initial=_NO_EXPONENT)
    # A zero row may have any exponent. A zero column gets the smallest of the others, so that the part of
    # ×(U) along it, all there is, is scaled up at least as much as the rounding in the other parts.
    zero = columns == _NO_EXPONENT
    columns = np.where(
        zero, np.where(zero, -_NO_EXPONENT, columns).min(axis=0, initial=-_NO_EXPONENT), columns
    )
    exponents -= columns
    lines = np.max(exponents, axis=1, initial=_NO_EXPONENT)
    return np.ldexp(rows, -(columns + lines[:, None])), columns, lines


def scaled_wedge(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wedge of floats (k, d, …) as mantissas and binary exponents (C(d, k), …); 0 for dependent vectors."""
    # A column scale 2^c multiplies every coefficient whose subset has the column, a row scale all of them.
    # Rounding leaves coefficients of the order eps·Π‖rows‖ to dependent rows: no more than that means zero.
    count, dimension = rows.shape[:2]
    scaled, columns, lines = _equilibrate(rows)
    blade = expand(scaled)
    noise = 16 * dimension * EPS * np.sqrt(np.einsum("kd...,kd...->k...", scaled, scaled)).prod(axis=0)
    blade *= np.einsum("c...,c...->...", blade, blade) > noise * noise
    chosen = np.array(list(combinations(range(dimension), count)), np.intp).reshape(len(blade), count)
    return blade, columns[chosen].sum(axis=1, dtype=np.int32) + lines.sum(axis=0, dtype=np.int32)


def scaled_dual(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """⋆(u_1 ∧ … ∧ u_k) of floats, k = d−1 or d, as mantissas and exponents (C(d, k), …)."""
    count, dimension = rows.shape[:2]
    if dimension <= LARGEST_COFACTOR_DIMENSION:
        blade, exponents = scaled_wedge(rows)
        return dual(blade, dimension, count), exponents[::-1]
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


def scaled_volume(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Volume of floats (k, d, …) as mantissa and exponent (…)."""
    (count, dimension), batch = rows.shape[:2], rows.shape[2:]
    if count > dimension:
        return np.zeros(batch), np.zeros(batch, int)
    if count >= dimension - 1:  # where columns can be scaled too
        coefficients, exponent = common_exponent(*scaled_dual(rows))
        return np.sqrt((coefficients * coefficients).sum(axis=0)), exponent
    peaks = peak(rows, 1)
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


def common_exponent(mantissas: np.ndarray, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same numbers (c, …) as mantissas of at most 1 with one exponent (…)."""
    top = np.where(mantissas == 0, _NO_EXPONENT, np.frexp(mantissas)[1] + exponents).max(axis=0)
    return np.ldexp(mantissas, exponents - top), top


def logarithm(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.abs(mantissa)) + exponent * log(2)


def to_floats(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        numbers = np.ldexp(mantissa, exponent)
    if not np.isfinite(numbers).all():
        raise VolumeOverflow(
            f"A volume of about 10**{logarithm(mantissa, exponent).max() / log(10):.1f} is beyond float64, "
            f"which ends at 10**{log10(sys.float_info.max):.1f}: take log_volume, or cross_product(…, unit=True)."
        )
    return numbers


def exact_norm(components: np.ndarray) -> Any:
    """Euclidean norm of exact (c, …) as a SymPy number or expression, or an array of them."""
    return np.frompyfunc(sympy.sqrt, 1, 1)((components * components).sum(axis=0))


@np.vectorize(otypes=[bool])
def is_zero(entry: Any) -> bool:
    if isinstance(entry, sympy.Expr) and entry != 0 and sympy.cancel(entry) != 0:
        verdict = entry.equals(0)
        if verdict is None:
            raise DataError(f"Whether {entry} is zero could not be decided: simplify the entries first.")
        return verdict
    return isinstance(entry, sympy.Expr) or bool(entry == 0)
