"""The table that everything starts from: samples and their homogeneous coordinates.

Wedges are built from differences of the rows as they were given; correlations are computed in
*centred* homogeneous coordinates x̃ = (x − centre, 1), where a large common offset of the features
costs no accuracy.  Without a bias there is nothing to centre and x̃ = x.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import fsum
from typing import Any

import numpy as np

from geomnn.numbers.rationals import exact_table
from geomnn.validation import column_labels, column_names, plain_array, real_table

__all__ = ["Samples", "sums_of_products"]

# relative to the length of a vector, up to which its distance from a span counts as none: above the rounding of a basis
# of nearly dependent vectors, and nothing is divided by less
SPANNED = 1e-9


class Samples:
    """The samples X of a training problem, with or without a bias.

    x̃_i = (x_i − centre, 1) with a bias, x̃_i = x_i without.

    Parameters
    ----------
    X : array_like, shape (n, d)
        One sample a row, at least one row and one column, finite real numbers.
    bias : bool
        Whether neurons have a bias (and the network an intercept).

    Attributes
    ----------
    X : ndarray, shape (n, d)
        The samples as given, read-only.
    names : tuple of str, or None
        Of the columns, where they came with the table: all that is made of the samples has its names from here.
    homogeneous : ndarray, shape (n, D)
        The rows x̃_i; D = d + 1 with a bias, d without.
    centre : ndarray, shape (d,)
        The middle of the range of each feature with a bias, zero without.
    distinct : ndarray of int
        Row numbers of the samples that can span something: the first of each set of equal rows,
        without the zero rows where there is no bias.
    distinct_index : ndarray of int, shape (n,)
        Which of the distinct rows each sample is equal to, -1 for none.

    Raises
    ------
    DataError
        If X is not such a table.

    Source: geomnn theory, section 0.
    """

    def __init__(self, X: Any, bias: bool):
        given = plain_array(X, "X")
        self.X = real_table(given, "X", column_labels(X))
        self.X.setflags(write=False)
        self.names = column_names(X)
        self._given = self.X if given.dtype == np.float64 else given.copy()
        self.bias = bool(bias)
        d = self.X.shape[1]
        self.centre = (self.X.min(axis=0) / 2 + self.X.max(axis=0) / 2) if bias else np.zeros(d)
        self.homogeneous = self.lift(self.X)

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray]:
        table = np.asarray(self.X) + 0.0
        _, first, copies = np.unique(table, axis=0, return_index=True, return_inverse=True)
        spanning: np.ndarray = np.any(table, axis=1) | self.bias
        distinct = np.sort(first[spanning[first]])
        return distinct, np.where(spanning, np.searchsorted(distinct, first[copies.ravel()]), -1)

    @property
    def distinct(self) -> np.ndarray:
        """Row numbers of the samples that can span something."""
        return self._distinct[0]

    @property
    def distinct_index(self) -> np.ndarray:
        """Which of the distinct rows each sample is equal to, -1 for none, shape (n,)."""
        return self._distinct[1]

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @property
    def D(self) -> int:
        """Number of homogeneous coordinates."""
        return self.d + self.bias

    @cached_property
    def rows(self) -> list[list[Fraction]]:
        """The samples in rational numbers: as they were given, floats as their shortest decimal."""
        return exact_table(self._given)

    @property
    def spread(self) -> np.ndarray:
        """The range of each feature, its largest size without a bias, shape (d,)."""
        return np.asarray(np.ptp(self.X, axis=0) if self.bias else np.abs(self.X).max(axis=0))

    @cached_property
    def extent(self) -> np.ndarray:
        """The largest |x̃_il| of each column, shape (D,)."""
        return np.asarray(np.abs(self.homogeneous).max(axis=0))

    @cached_property
    def _lengths(self) -> np.ndarray:
        """‖x̃_i‖ in columns scaled by their extent, with a bias the longest for all, shape (n,)."""
        length = np.linalg.norm(self.homogeneous / np.where(self.extent == 0, 1.0, self.extent), axis=1)
        if self.bias:
            length[:] = length.max()
        return np.asarray(length)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Centred homogeneous coordinates of any points, shape (k, d) → (k, D)."""
        centred = points - self.centre
        return np.column_stack([centred, np.ones(len(points))]) if self.bias else centred

    def activations(self, units: np.ndarray) -> np.ndarray:
        """(x̃_i·u)_+ of every sample for the units u, shape (k, D) → (n, k)."""
        return np.asarray(np.maximum(self.homogeneous @ units.T, 0.0))

    def predict(self, units: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Σ_u z_u (x̃_i·u)_+ of every sample, shapes (k, D) and (k, c) → (n, c)."""
        return np.asarray(self.activations(units) @ z)

    def pulled(self, weights: np.ndarray) -> np.ndarray:
        """Σ_i x̃_i r_i, shape (n, k) → (D, k)."""
        return np.asarray(self.homogeneous.T @ weights)

    def touching(self, incidence: np.ndarray) -> np.ndarray:
        """The distinct samples whose incidence, shape (n,), is zero, in order."""
        return np.asarray(self.distinct[incidence[self.distinct] == 0.0])

    def merged(self, residual: np.ndarray) -> np.ndarray:
        """Sums of the rows of a residual over equal samples, (n, c) → (number of distinct rows, c)."""
        if len(self.distinct) == self.n:
            return residual
        total = np.zeros((len(self.distinct), residual.shape[1]))
        np.add.at(total, self.distinct_index[self.distinct_index >= 0], residual[self.distinct_index >= 0])
        return total

    def bias_of(self, unit: np.ndarray) -> float:
        """The bias of a centred unit in the coordinates of X: b = u_D − w·centre (0 without bias)."""
        return float(self.biases_of(unit[None])[0])

    def biases_of(self, units: np.ndarray) -> np.ndarray:
        """The biases of centred units in the coordinates of X, shape (k, D) → (k,)."""
        if not self.bias:
            return np.zeros(len(units))
        return sums_of_products(-units[:, :-1], self.centre, units[:, -1])

    def unit_of(self, weight: np.ndarray, bias: float) -> np.ndarray:
        """A neuron (w, b) in centred coordinates, shape (D,)."""
        return self.units_of(weight[None], np.array([bias])).ravel()

    def units_of(self, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
        """Neurons (w, b) in centred coordinates, (w, b + w·centre), shapes (k, d) and (k,) → (k, D).

        The last one is rounded once: where the features have a large common offset, two large numbers cancel in it.
        """
        if not self.bias:
            return weights
        return np.column_stack([weights, sums_of_products(weights, self.centre, biases)])

    def through(self, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Units with these weights, (…, d), through the last of these rows, (…, s): b = −w·x_a; without a bias w."""
        if not self.bias:
            return weights
        anchors = self.X[rows[..., -1]] - self.centre
        return np.concatenate([weights, -np.sum(weights * anchors, axis=-1, keepdims=True)], axis=-1)

    def incidences(self, unit: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
        """x̃_i·u, with exact zeros where it is below the tolerance times ‖x̃_i‖ ‖u‖ in scaled columns, (n,).

        With a bias, whose rounding is that of w·x_a at some sample x_a, the longest x̃_a counts for all.
        """
        size = np.linalg.norm(self.extent * unit)  # weights of columns of zeros have no part in it
        values = self.homogeneous @ unit
        return np.where(np.abs(values) <= tolerance * self._lengths * size, 0.0, values)


def sums_of_products(rows: np.ndarray, factors: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Σ_l a_kl c_l + t_k, each rounded once however much cancels, shapes (k, d), (d,), (k,) → (k,).

    Source: T. J. Dekker, Numerische Mathematik 18, 1971, for products without rounding; sums by `math.fsum`.
    """
    products, (high, low), (top, rest) = rows * factors, _halves(rows), _halves(factors)
    errors = ((high * top - products) + high * rest + low * top) + low * rest
    parts = np.column_stack([products, errors, terms])
    return np.array([fsum(part) for part in parts.tolist()]).reshape(len(rows))


def _halves(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two floats of half the digits, whose sum is each."""
    scaled = table * (2.0**27 + 1)
    high = scaled - (scaled - table)
    return high, table - high
