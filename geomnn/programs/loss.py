"""What a loss is: all that the program and its dual ask of it.

A loss L(f, y) enters the program by its value, the constant that fits best, the residual v = −∂L/∂f and
the dual objective D(v) = −L*(−v), which is concave; weak duality is D(v) ≤ the value of (C) for every v
that satisfies the constraints of the dual.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import Any

import numpy as np

from geomnn.errors import DataError
from geomnn.validation import column_labels, finite_floats, plain_array

__all__ = ["Loss", "check_signs", "check_targets"]


class Loss(ABC):
    """A convex loss L = Σ_i s_i ℓ(f_i, y_i) of predictions f (n, c) against targets y (n, c).

    Laws: `residual` is −∂value/∂f; value(f, y) ≥ dual(v, y) − Σ v∘f for every v of the domain, with equality
    at v = residual(f, y); `curvature` is the derivative of −residual; whole weights are repeated samples.

    Attributes
    ----------
    name : str
    is_quadratic : bool
        Whether it is the squared one, for which v is a projection.
    is_polyhedral : bool
        Whether it is a maximum of affine functions, its `pieces`, so that (C) is a linear program; v is then no
        function of f, and `residual` gives one of those that there are.
    takes_classes : bool
        Whether targets are classes, of which each part of the samples is to have its share.
    weights : ndarray, shape (n,), or None
        s_i > 0; None for ones.

    Source: geomnn theory, section 0.
    """

    name: str
    is_quadratic: bool = False
    is_polyhedral: bool = False
    takes_classes: bool = False
    weights: np.ndarray | None = None

    @property
    def s(self) -> Any:
        """s as a column, or the number 1."""
        return 1.0 if self.weights is None else self.weights[:, None]

    def weighted(self, weights: np.ndarray) -> Loss:
        """The same loss with weights of the samples, shape (n,), above 0."""
        other = copy(self)
        other.weights = weights
        return other

    @abstractmethod
    def check_targets(self, y: np.ndarray, bias: bool) -> None:
        """Refuse targets (n, c) that the loss is not made for, or for which a free intercept leaves no minimiser."""

    @abstractmethod
    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        """L(f, y)."""

    @abstractmethod
    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """v = −∂L/∂f, shape (n, c)."""

    @abstractmethod
    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """∂²L/∂f², one block a sample, shape (n, c, c)."""

    @abstractmethod
    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The t that minimises L(f + t, y), so that the columns of the residual sum to zero, shape (c,)."""

    def canonical(self, t: np.ndarray) -> np.ndarray:
        """The one of all intercepts with the same loss, shape (c,)."""
        return t

    def pieces(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """a and b, shape (m, n) each, of a polyhedral loss of one output, ℓ_i = max_j (a_ji f_i + b_ji)."""
        raise NotImplementedError(f"{type(self).__name__} says that it is polyhedral and gives no pieces.")

    @abstractmethod
    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        """D(v); minus infinity outside of its domain."""

    @abstractmethod
    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The point of the domain of D that is nearest to v, shape (n, c)."""

    def balance(self, v: np.ndarray) -> np.ndarray:
        """A point of the domain of D next to v whose columns sum to zero: what rounding has added to the sums is
        taken off the larger of the two sides, v > 0 and v < 0.
        """
        above, below = np.maximum(v, 0.0), np.maximum(-v, 0.0)
        up, down = above.sum(axis=0), below.sum(axis=0)
        level = np.minimum(up, down)
        tiny = np.finfo(float).tiny
        return above * (level / np.maximum(up, tiny)) - below * (level / np.maximum(down, tiny))


def check_signs(loss: str, y: np.ndarray) -> None:
    """Refuse targets that are not one column of −1 and +1, for the loss of this name."""
    if y.shape[1] != 1:
        raise DataError(f"y has {y.shape[1]} columns; {{loss}} takes one column of -1 and +1.", loss=loss)
    odd = y[np.abs(y) != 1]
    if odd.size:
        raise DataError(
            f"y holds {odd[0]:g}; {{loss}} takes the targets -1 and +1: relabel the classes.", loss=loss
        )


def check_targets(y: Any, n: int, loss: Loss, bias: bool) -> np.ndarray:
    """The targets as a float array (n, c), or a `DataError`."""
    array = plain_array(y, "y")
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] == 0):
        raise DataError(f"y has shape {array.shape}; shape ({n},) or ({n}, outputs) was expected.")
    if array.shape[0] != n:
        raise DataError(f"y has {array.shape[0]} entries and X has {n} samples; give one target a sample.")
    floats = finite_floats(array, "y", column_labels(y))
    targets = floats.reshape(n, -1)
    loss.check_targets(targets, bias)
    return targets
