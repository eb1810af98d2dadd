"""Losses of the worst that may happen to a sample: Σ_i s_i h(ρ_i), with ρ_i the largest of the rows r of sample i,

    ρ_i = max_r (c_r + σ_r f_r),   h convex and rising,

where f_r is what the network says at some point, or a bound of it. With multipliers λ_r ≥ 0 of the rows, Λ_i their sum
over sample i, the dual value is Σ_r c_r λ_r − Σ_i s_i h*(Λ_i/s_i), for Σ_r σ_r λ_r = 0 where there is an intercept.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit, xlogy

__all__ = ["WORST_LOSSES", "Conic", "WorstLoss"]


@dataclass(frozen=True, eq=False)
class Conic:
    """Σ_i s_i h(ρ_i) as a conic program in ρ and further variables e: least ½ Σ square·(ρ, e)² + linear·(ρ, e), where
    right − A (ρ, e) is in the cones.

    Parameters
    ----------
    linear, square : ndarray, shape (n + m,)
    A : sparse array, shape (rows, n + m)
    right : ndarray, shape (rows,)
    cones : list
        Of clarabel.
    """

    linear: np.ndarray
    square: np.ndarray
    A: Any
    right: np.ndarray = field(default_factory=lambda: np.zeros(0))
    cones: list[Any] = field(default_factory=list)


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
        """h'(ρ)."""

    @abstractmethod
    def bend(self, worst: np.ndarray) -> np.ndarray:
        """h''(ρ)."""

    @abstractmethod
    def conic(self, s: np.ndarray, clarabel: Any) -> Conic:
        """Σ_i s_i h(ρ_i) in cones."""


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

    def conic(self, s: np.ndarray, clarabel: Any) -> Conic:
        n = len(s)
        return Conic(s, np.zeros(n), -sparse.eye_array(n), np.zeros(n), [clarabel.NonnegativeConeT(n)])


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

    def conic(self, s: np.ndarray, clarabel: Any) -> Conic:
        # h ≥ log(1 + exp ρ) if exp(ρ − h) ≤ u and exp(−h) ≤ w for some u + w ≤ 1: variables (ρ, h, u, w)
        n = len(s)
        rho, h, u, w = (sparse.eye_array(n, 4 * n, k=k * n, format="csr") for k in range(4))
        none, turn = (
            sparse.csr_array((n, 4 * n)),
            np.arange(3 * n).reshape(3, n).T.ravel(),
        )  # one sample at a time
        parts = [
            sparse.vstack([h - rho, none, -u], format="csr")[turn],
            sparse.vstack([h, none, -w], format="csr")[turn],
        ]
        linear = np.concatenate([np.zeros(n), s, np.zeros(2 * n)])
        right = np.concatenate([np.ones(n), np.tile([0.0, 1.0, 0.0], 2 * n)])
        cones = [clarabel.NonnegativeConeT(n), *(clarabel.ExponentialConeT() for _ in range(2 * n))]
        return Conic(linear, np.zeros(4 * n), sparse.vstack([u + w, *parts]), right, cones)


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

    def conic(self, s: np.ndarray, clarabel: Any) -> Conic:
        return Conic(np.zeros(len(s)), s, sparse.csr_array((0, len(s))))


WORST_LOSSES: dict[str, WorstLoss] = {
    "hinge": WorstHinge(),
    "logistic": WorstLogistic(),
    "squared": WorstSquare(),
}
