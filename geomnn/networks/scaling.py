"""Features without their units: what a network takes that was derived from a standardised table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """Standardised features z = (x − mean) / deviation, one entry a feature.

    Parameters
    ----------
    mean, deviation : ndarray, shape (d,)
        The deviation is the square root of the mean square, and 1 for a constant feature.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> Scaling:
        """The scaling that brings every column of X (n, d) to mean 0 and deviation 1."""
        mean = X[0] + np.mean(X - X[0], axis=0)  # exact for a constant column
        largest = np.abs(X - mean).max(axis=0)
        largest[largest == 0] = 1.0
        deviation = largest * np.sqrt(np.mean(((X - mean) / largest) ** 2, axis=0))
        return cls(mean, np.where(deviation > 0, deviation, 1.0))

    def plain(self) -> dict[str, list[float]]:
        """The entries in lists, as documents hold them."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    def folded(self, weights: np.ndarray, biases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The weights (k, d) and biases (k,) of the columns as they are that do what these do to standardised ones."""
        plain = weights / self.deviation
        # from the rounded weights, so that what rounding does to them counts from the mean and not from zero
        return plain, biases - plain @ self.mean

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """(x − mean) / deviation of every row, shape (n, d)."""
        return (X - self.mean) / self.deviation
