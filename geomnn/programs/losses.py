"""The losses: what the dual needs of each of them.

A loss L(f, y) enters the program by its value, the constant that fits best, the residual v = −∂L/∂f and
the dual objective D(v) = −L*(−v), which is concave; weak duality is D(v) ≤ the value of (C) for every v
that satisfies the constraints of the dual.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, xlogy

from geomnn.errors import DataError, OptionError
from geomnn.samples import finite_floats

__all__ = ["LogisticLoss", "Loss", "SquaredLoss", "check_targets", "find_loss"]


class Loss(ABC):
    """A convex loss of predictions f (n, c) against targets y (n, c).

    Laws: `residual` is −∂value/∂f; value(f, y) ≥ dual(v, y) − Σ v∘f for every v of the domain, with equality
    at v = residual(f, y); `curvature` is the derivative of −residual.

    Source: geomnn theory, section 0.
    """

    name: str
    is_quadratic: bool

    @abstractmethod
    def check_targets(self, y: np.ndarray) -> None:
        """Refuse targets (n, c) that the loss is not made for."""

    @abstractmethod
    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        """L(f, y)."""

    @abstractmethod
    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """v = −∂L/∂f, shape (n, c)."""

    @abstractmethod
    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """∂²L/∂f², shape (n, c)."""

    @abstractmethod
    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The t that minimises L(f + t, y), so that the columns of the residual sum to zero, shape (c,)."""

    @abstractmethod
    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        """D(v); minus infinity outside of its domain."""

    @abstractmethod
    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The point of the domain of D that is nearest to v, shape (n, c)."""


class SquaredLoss(Loss):
    """L = ½ Σ (f − y)²: v = y − f and D(v) = Σ v∘y − ½ Σ v²."""

    name = "squared"
    is_quadratic = True

    def check_targets(self, y: np.ndarray) -> None:
        """Any finite numbers will do."""

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        return float(0.5 * np.sum((f - y) ** 2))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y - f

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.ones_like(y)

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        rest = y - f
        return rest[0] + np.mean(rest - rest[0], axis=0)  # exact where the rest is constant

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(v * y) - 0.5 * np.sum(v**2))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return v


class LogisticLoss(Loss):
    """L = Σ log(1 + exp(−y f)), y = ±1: v = y p, p = 1/(1 + exp(y f)), D(v) = Σ H(p) in nats."""

    name = "logistic"
    is_quadratic = False

    def check_targets(self, y: np.ndarray) -> None:
        if y.shape[1] != 1:
            raise DataError(f"y has {y.shape[1]} columns; loss='logistic' takes one column of -1 and +1.")
        odd = y[np.abs(y) != 1]
        if odd.size:
            raise DataError(
                f"y holds {odd[0]:g}; loss='logistic' takes the targets -1 and +1: relabel the classes."
            )
        if (y == y[0]).all():
            raise DataError(
                f"y holds the class {y[0, 0]:+g} only; loss='logistic' has no minimiser then: give both classes."
            )

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(np.logaddexp(0.0, -y * f)))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y * expit(-y * f)

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return expit(f) * expit(-f)

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        # Σ y expit(−y (f + t)) falls from the number of +1 to minus that of −1 as t grows: one root
        low, high = -np.max(f) - 60.0, -np.min(f) + 60.0
        root = brentq(lambda t: float(self.residual(f + t, y).sum()), low, high, xtol=1e-15, rtol=1e-15)
        return np.array([root])

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        p = v * y
        if (p < 0).any() or (p > 1).any():
            return -np.inf
        return float(-np.sum(xlogy(p, p) + xlogy(1 - p, 1 - p)))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y * np.clip(v * y, 0.0, 1.0)


LOSSES = {loss.name: loss for loss in (SquaredLoss(), LogisticLoss())}


def find_loss(name: Any) -> Loss:
    """The loss of that name, or an `OptionError`."""
    if isinstance(name, str) and name in LOSSES:
        return LOSSES[name]
    raise OptionError(f"loss={name!r}; one of {', '.join(map(repr, LOSSES))} was expected.")


def check_targets(y: Any, n: int, loss: Loss) -> np.ndarray:
    """The targets as a float array (n, c), or a `DataError`."""
    try:
        array = np.asarray(y)
    except ValueError as reason:
        raise DataError("y has rows of different lengths; give one number, or one row, a sample.") from reason
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] == 0):
        raise DataError(f"y has shape {array.shape}; shape ({n},) or ({n}, outputs) was expected.")
    if array.shape[0] != n:
        raise DataError(f"y has {array.shape[0]} entries and X has {n} samples; give one target a sample.")
    floats = finite_floats(array, "y")
    targets = floats.reshape(n, -1)
    loss.check_targets(targets)
    return targets
