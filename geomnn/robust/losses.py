"""Losses of the worst that may happen to a sample: Σ_i s_i h(ρ_i), with ρ_i the largest of the rows r of sample i,

    ρ_i = max_r (c_r + σ_r f_r),   h convex and rising,

where f_r is what the network says at some point, or a bound of it. With multipliers λ_r ≥ 0 of the rows, Λ_i their sum
over sample i, the dual value is Σ_r c_r λ_r − Σ_i s_i h*(Λ_i/s_i), for Σ_r σ_r λ_r = 0 where there is an intercept.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.special import expit, xlogy

__all__ = ["WORST_LOSSES", "WorstLoss"]


class WorstLoss(ABC):
    """h, and the rows of a point."""

    most = np.inf  # Λ_i/s_i at most
    floor = -np.inf  # of ρ_i: h is smooth above it
    bends = False  # whether h is no quadratic there

    @abstractmethod
    def rows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """σ and c of the rows of a point with target y, shapes (m, n)."""

    @abstractmethod
    def value(self, worst: np.ndarray) -> np.ndarray:
        """h(ρ)."""

    @abstractmethod
    def conjugate(self, total: np.ndarray) -> np.ndarray:
        """h*(Λ)."""

    @abstractmethod
    def slope(self, worst: np.ndarray) -> np.ndarray:
        """h'(ρ), above the floor."""

    @abstractmethod
    def bend(self, worst: np.ndarray) -> np.ndarray:
        """h''(ρ), above the floor."""


class WorstHinge(WorstLoss):
    """h = max(ρ, 0), ρ = 1 − y f."""

    most, floor = 1.0, 0.0

    def rows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -y[None], np.ones((1, len(y)))

    def value(self, worst: np.ndarray) -> np.ndarray:
        return np.maximum(worst, 0.0)

    def conjugate(self, total: np.ndarray) -> np.ndarray:
        return np.zeros_like(total)

    def slope(self, worst: np.ndarray) -> np.ndarray:
        return np.ones_like(worst)

    def bend(self, worst: np.ndarray) -> np.ndarray:
        return np.zeros_like(worst)


class WorstLogistic(WorstLoss):
    """h = log(1 + exp ρ), ρ = −y f."""

    most, bends = 1.0, True

    def rows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -y[None], np.zeros((1, len(y)))

    def value(self, worst: np.ndarray) -> np.ndarray:
        return np.logaddexp(0.0, worst)

    def conjugate(self, total: np.ndarray) -> np.ndarray:
        return np.asarray(xlogy(total, total) + xlogy(1 - total, 1 - total))

    def slope(self, worst: np.ndarray) -> np.ndarray:
        return np.asarray(expit(worst))

    def bend(self, worst: np.ndarray) -> np.ndarray:
        return np.asarray(expit(worst) * expit(-worst))


class WorstSquare(WorstLoss):
    """h = ½ ρ², ρ = |f − y|: two rows a point."""

    def rows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([np.ones_like(y), -np.ones_like(y)]), np.stack([-y, y])

    def value(self, worst: np.ndarray) -> np.ndarray:
        return worst**2 / 2

    def conjugate(self, total: np.ndarray) -> np.ndarray:
        return total**2 / 2

    def slope(self, worst: np.ndarray) -> np.ndarray:
        return worst

    def bend(self, worst: np.ndarray) -> np.ndarray:
        return np.ones_like(worst)


WORST_LOSSES: dict[str, WorstLoss] = {
    "hinge": WorstHinge(),
    "logistic": WorstLogistic(),
    "squared": WorstSquare(),
}
