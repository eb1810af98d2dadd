"""Multipliers of products that no neuron makes negative: a proof for p = 2 that is one least eigenvalue.

A unit u makes α = (Xu)_+ and β = α − Xu, with α, β ≥ 0 and α_i β_i = 0, and o is the sign of its output or, for several
outputs, their direction. With P1, P3 ≥ 0 of the products αα and ββ, P2 ≥ 0 of αβ, its diagonal free, and p4, p5 ≥ 0 of
αo and βo, the symmetric matrix S in (α, u, o) with

    S_αα = −(P1 + ½(P2 + P2ᵀ) + P3),   S_αu = (½P2 + P3)X,   S_uu = λI − XᵀP3X,
    S_αo = −½(V + p4 + p5),            S_uo = ½Xᵀp5,         S_oo = μI

has the form λ‖u‖² + μ‖o‖² − o·Vᵀα − (products that are ≥ 0). So if S + eI ⪰ 0, then o·Vᵀα ≤ μ + λ + e(2 + ‖X‖²),
as ‖α‖ ≤ ‖X‖. For one output o = 1 takes V and o = −1 takes −V, each with multipliers of its own; for several p4 = p5
= 0. With a bias an optimal neuron passes through a sample x_j, so the table is that of x_i − x_j, for every j.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from geomnn.errors import DataError
from geomnn.machine import one_blas_thread

__all__ = ["Multipliers", "matrix", "signed_tables"]

FACTOR = 50  # bits of the factor of S + eI, of which its largest column has all
# rounding in S and its least eigenvalue, relative to the order of S and the sizes of what it is made of
FORMED = 2.0**-48
ROUNDED_UP = 1 + 2.0**-40  # what sums are raised by for their rounding


@dataclass(frozen=True, eq=False)
class Multipliers:
    """A proof that no unit neuron is correlated with V by more than (μ + λ + e(2 + ‖X‖²)) · length · size.

    There is a matrix S for each of the b tables of `signed_tables` of X/length and V/size. ‖X‖² is that of Frobenius,
    which is rational.

    Parameters
    ----------
    P1, P2, P3 : ndarray, shape (b, n, n)
    p4, p5 : ndarray, shape (b, n)
    mu, lam, e : ndarray, shape (b,)
    bias : bool
        Whether of neurons with a bias.
    length, size : float
        Powers of two.

    Source: geomnn theory, section 9.
    """

    P1: np.ndarray
    P2: np.ndarray
    P3: np.ndarray
    p4: np.ndarray
    p5: np.ndarray
    mu: np.ndarray
    lam: np.ndarray
    e: np.ndarray
    bias: bool
    length: float
    size: float

    @property
    def count(self) -> int:
        """How many multipliers are not 0."""
        return sum(int(np.count_nonzero(array)) for array in self._arrays[:-1])

    @one_blas_thread()
    def completed(self, X: np.ndarray, V: np.ndarray) -> Multipliers:
        """The same with the least e that proves something of a table (n, d) and a residual (n, c)."""
        tables = self._tables(X / self.length, V / self.size)
        least = [_least(matrix(*table, *self._of(b)[:-1])) for b, table in enumerate(tables)]
        off = [self._rounding(b, *table) for b, table in enumerate(tables)]
        return replace(self, e=np.maximum(np.subtract(off, least), 0.0) * ROUNDED_UP)

    @one_blas_thread()
    def check(self, X: Any, v: Any, exact: bool = False) -> Any:
        """What is proven of a table and a residual.

        Parameters
        ----------
        X : array_like, shape (n, d)
        v : array_like, shape (n,) or (n, c)
            With a bias the largest entry of a column stands for minus the sum of the others.
        exact : bool
            Whether in rational arithmetic, in which each float is what it is in binary.

        Returns
        -------
        float or Fraction
            A number that no unit neuron's correlation is above.

        Raises
        ------
        DataError
            If the multipliers prove nothing of them.
        """
        number: Any = np.vectorize(Fraction, otypes=[object]) if exact else np.asarray
        V = np.asarray(v, dtype=float).reshape(len(v), -1)
        tables = self._tables(number(np.asarray(X, dtype=float) / self.length), number(V / self.size))
        self._check_signs(len(tables), *V.shape)
        most = number(0.0)[()]
        for b, (table, r) in enumerate(tables):
            *parts, e = (number(part)[()] for part in self._of(b))
            rounding = self._rounding(b, table.astype(float), r.astype(float))
            S = matrix(table, r, *parts)
            if not (_is_positive(S, e, rounding) if exact else _least(S) + e >= rounding / 2):
                raise DataError("S + eI is not positive: these are multipliers of another table or residual.")
            most = max(most, parts[5] + parts[6] + e * (2 + np.sum(table * table)))
        unit = self.length * self.size
        return most * Fraction(unit) if exact else float(most * unit * ROUNDED_UP)

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.P1, self.P2, self.P3, self.p4, self.p5, self.mu, self.lam, self.e

    def _tables(self, X: Any, V: Any) -> list[tuple[Any, Any]]:
        """The table and ± V of each matrix S."""
        V = _balanced(V) if self.bias else V
        return [(table, signs @ V) for table, signs in signed_tables(X, V.shape[1], self.bias)]

    def _of(self, b: int) -> list[Any]:
        return [array[b] for array in self._arrays]

    def _rounding(self, b: int, table: np.ndarray, r: np.ndarray) -> float:
        """How far the least eigenvalue of a matrix S may be off in float64, with room to spare."""
        *products, p4, p5, mu, lam, _ = (float(np.linalg.norm(part)) for part in self._of(b))
        length = 1 + float(np.linalg.norm(table))
        sizes = sum(products) * length**2 + (p4 + p5) * length + float(np.linalg.norm(r)) + mu + lam
        return FORMED * (sum(table.shape) + r.shape[1]) * sizes

    def _check_signs(self, tables: int, n: int, outputs: int) -> None:
        """Refuse multipliers of another form, or that are negative where they must not be."""
        if [array.shape for array in self._arrays] != [(tables, n, n)] * 3 + [(tables, n)] * 2 + [
            (tables,)
        ] * 3:
            raise DataError(f"The multipliers are not those of {n} samples and {outputs} outputs.")
        if not all(np.isfinite(array).all() for array in self._arrays):
            raise DataError("A multiplier is not finite.")
        if any(np.frexp(unit)[0] != 0.5 for unit in (self.length, self.size)):
            raise DataError(f"The units {self.length!r} and {self.size!r} are not powers of two.")
        apart = np.where(np.eye(n, dtype=bool), 0.0, self.P2)
        if any((array < 0).any() for array in (self.P1, apart, self.P3, self.p4, self.p5, self.e)):
            raise DataError("A multiplier of a product that is never negative is negative.")
        if any(not np.array_equal(P, P.transpose(0, 2, 1)) for P in (self.P1, self.P3)):
            raise DataError("P1 or P3 is not symmetric.")
        if outputs > 1 and (self.p4.any() or self.p5.any()):
            raise DataError("p4 and p5 are of one output, and there are several.")


def signed_tables(X: Any, outputs: int, bias: bool) -> Iterator[tuple[Any, np.ndarray]]:
    """The table of each matrix S and what makes ± V of it, shapes (n, d) and (n, n), of floats or of fractions.

    Without a bias the table is X, with one it is X − x_j for each j; for one output with V and then with −V. The first
    of equal rows has the sum of V over them and the others 0, as have rows of zeros, which no neuron sees.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    outputs : int
    bias : bool
    """
    equal = (X[:, None] == X).all(axis=2)
    first = np.argmax(equal, axis=1) == np.arange(len(X))
    for anchor in range(len(X)) if bias else (None,):
        table = X if anchor is None else X - X[anchor]
        seen = (X != 0).any(axis=1) if anchor is None else ~equal[anchor]
        merged = (equal & (first & seen)[:, None]).astype(int)
        yield table, merged
        if outputs == 1:
            yield table, -merged


def _balanced(V: Any) -> Any:
    """V with the largest entry of each column changed to minus the sum of the others."""
    V = V.copy()
    V[np.argmax(np.abs(V), axis=0), np.arange(V.shape[1])] -= V.sum(axis=0)
    return V


def matrix(X: Any, V: Any, P1: Any, P2: Any, P3: Any, p4: Any, p5: Any, mu: Any, lam: Any) -> Any:
    """S, of floats or of fractions."""
    eye_u, eye_o = (np.eye(order, dtype=int) for order in (X.shape[1], V.shape[1]))
    alpha, u = -(P1 + (P2 + P2.T) / 2 + P3), lam * eye_u - X.T @ P3 @ X
    alpha_u, alpha_o = (P2 / 2 + P3) @ X, -(V + (p4 + p5)[:, None]) / 2
    u_o = np.repeat((X.T @ p5)[:, None] / 2, V.shape[1], axis=1)
    S = np.block([[alpha, alpha_u, alpha_o], [alpha_u.T, u, u_o], [alpha_o.T, u_o.T, mu * eye_o]])
    return (S + S.T) / 2


def _least(S: np.ndarray) -> float:
    """The least eigenvalue."""
    return float(np.linalg.eigvalsh(S)[0])


def _is_positive(S: Any, e: Fraction, rounding: float) -> bool:
    """Whether S + eI − LLᵀ is diagonally dominant, in integers, for a factor L that is computed in float64."""
    integers = np.vectorize(int, otypes=[object])
    values, vectors = np.linalg.eigh(S.astype(float))
    roots = np.sqrt(np.maximum(values + (float(e) - rounding / 2), 0.0))
    bits = max(FACTOR - int(np.log2(roots.max() or 1.0)), 0)
    L = integers(np.rint(vectors * roots * 2.0**bits))
    S = S + e * np.eye(len(S), dtype=int)
    denominator = lcm(*(entry.denominator for entry in S.ravel()))
    rest = integers(S * denominator) * 4**bits - L @ L.T * denominator
    return bool((2 * np.diagonal(rest) >= np.abs(rest).sum(axis=1)).all())
