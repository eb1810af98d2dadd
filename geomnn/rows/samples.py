"""Samples that are read by blocks of rows: what naming and certificates ask of a table, without a copy of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geomnn.rows.spread import sums_of
from geomnn.rows.sums import Sums
from geomnn.samples import Samples

if TYPE_CHECKING:
    from geomnn.rows.rows import Rows

__all__ = ["StreamedSamples"]


class StreamedSamples(Samples):
    """The samples of a training problem over `Rows`: `Samples` whose sums are streamed, in float64.

    Sparse rows are not centred, which would fill them. Anything that asks for ``homogeneous`` has the whole table made
    in float64; a search over rows does not.

    Parameters
    ----------
    rows : Rows
    bias : bool
    """

    def __init__(self, rows: Rows, bias: bool):
        self._rows = rows
        self.X = rows  # type: ignore[assignment]  # which are sliced and counted as an array is
        self.names, self.bias = rows.names, bool(bias)
        centred = self.bias and not rows.sparse
        middle = rows.low / 2 + rows.high / 2 if centred else np.zeros(rows.shape[1])
        self.centre = middle.astype(rows.dtype).astype(
            np.float64
        )  # so that differences are those of the table

    @cached_property
    def sums(self) -> Sums:
        """The sums over all rows in float64."""
        return sums_of(self, "float64")

    @cached_property
    def _given(self) -> np.ndarray:  # type: ignore[override]
        """The whole table in the type that it has, whose shortest decimals are what was written."""
        return np.asarray(self._rows, dtype=self._rows.dtype)

    @cached_property
    def homogeneous(self) -> np.ndarray:  # type: ignore[override]
        """The rows x̃_i, shape (n, D): the whole table."""
        return self.lift(np.asarray(self.X))

    @property
    def spread(self) -> np.ndarray:
        """The range of each feature, its largest size without a bias, shape (d,)."""
        low, high = self._rows.low, self._rows.high
        return np.asarray(high - low if self.bias else np.maximum(-low, high))

    @cached_property
    def extent(self) -> np.ndarray:
        """The largest |x̃_il| of each column, shape (D,)."""
        low, high = self._rows.low - self.centre, self._rows.high - self.centre
        return np.append(np.maximum(-low, high), [1.0] * self.bias)

    @cached_property
    def _lengths(self) -> np.ndarray:
        scale = np.where(self.extent == 0, 1.0, self.extent)[: self.d]
        squares = self.sums.squares(1 / scale) + self.bias
        return np.full(self.n, np.sqrt(squares.max())) if self.bias else np.sqrt(squares)

    def activations(self, units: np.ndarray) -> np.ndarray:
        return np.maximum(self.sums.projections(units), 0.0)

    def predict(self, units: np.ndarray, z: np.ndarray) -> np.ndarray:
        return self.sums.predict(units, z)

    def pulled(self, weights: np.ndarray) -> np.ndarray:
        return self.sums.pulled(weights).T

    def incidences(self, unit: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
        size, values = np.linalg.norm(self.extent * unit), self.sums.projections(unit[None])[:, 0]
        return np.where(np.abs(values) <= tolerance * self._lengths * size, 0.0, values)

    def touching(self, incidence: np.ndarray) -> np.ndarray:
        rows = np.flatnonzero(incidence == 0.0)
        if not len(rows):
            return rows
        table = self.X[rows] + 0.0
        first = np.sort(np.unique(table, axis=0, return_index=True)[1])
        return rows[first[self.bias | table[first].any(axis=1)]]
