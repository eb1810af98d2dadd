"""One block: a network of one hidden layer that stands on the activations of the one below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.networks.network import AnalyticNetwork
from geomnn.norms import ball
from geomnn.samples import sums_of_products

__all__ = ["Arrays", "Block"]

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # w, b, α and t


@dataclass(frozen=True, eq=False)
class Block:
    """x ↦ Σ_k α_k (w_k·x + b_k)_+ + t, with the names of its neurons once it has some.

    Parameters
    ----------
    inner : ndarray, shape (k, d)
    biases : ndarray, shape (k,)
    outer : ndarray, shape (k, c)
    shift : ndarray, shape (c,)
    atoms : tuple of Atom, optional
    """

    inner: np.ndarray
    biases: np.ndarray
    outer: np.ndarray
    shift: np.ndarray
    atoms: tuple[Atom, ...] | None = None

    def __call__(self, table: Any) -> np.ndarray:
        return np.asarray(np.maximum(table @ self.inner.T + self.biases, 0.0) @ self.outer + self.shift)

    @property
    def arrays(self) -> Arrays:
        """w, b, α and t."""
        return self.inner, self.biases, self.outer, self.shift

    def cost(self, norm: float) -> float:
        """Σ ‖w_k‖_p ‖α_k‖_2, which is half the sum of squares of balanced neurons."""
        return float(ball(norm).length(self.inner) @ np.linalg.norm(self.outer, axis=1))

    @classmethod
    def of(cls, network: AnalyticNetwork) -> Block:
        """The block that a network is, by name."""
        return cls(*network.arrays(), tuple(neuron.atom for neuron in network.neurons))

    def balanced(self, norm: float) -> Block:
        """The same block with ‖w_k‖_p = ‖α_k‖_2, and without neurons that are nothing."""
        sizes, outer = ball(norm).length(self.inner), np.linalg.norm(self.outer, axis=1)
        alive = (sizes > 0) & (outer > 0)
        s = np.sqrt(outer[alive] / sizes[alive])
        return Block(
            self.inner[alive] * s[:, None], self.biases[alive] * s, self.outer[alive] / s[:, None], self.shift
        )

    def seen_from(self, centre: np.ndarray) -> Block:
        """The block as a function of x − centre."""
        return replace(self, biases=sums_of_products(self.inner, centre, self.biases))
