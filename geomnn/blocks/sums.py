"""The loss of a network of blocks and its gradient in all weights, by blocks of rows, as other sums over rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geomnn.blocks.block import Arrays
from geomnn.rows import Sums

__all__ = ["BlockSums", "Layers"]

Layers = Sequence[Arrays]  # of each block, the first one as a function of x − centre


class BlockSums(Sums):
    """Sums over rows of what goes through all blocks."""

    def loss(self, loss: Any, targets: np.ndarray, layers: Layers) -> float:
        """L(f(X), y)."""
        worked, value = self.worked(layers), 0.0
        for rows, x in self:
            f = self._out(_forward(worked, x)[-1][1])
            value += loss.value(f, targets[rows])
        return value

    def slope(self, loss: Any, targets: np.ndarray, layers: Layers) -> tuple[float, list[np.ndarray]]:
        """L(f(X), y) and its gradient in all arrays of the layers, in their order."""
        worked, value = self.worked(layers), 0.0
        gradient = [np.zeros(array.shape) for four in layers for array in four]
        for rows, x in self:
            part, slopes = self.slope_of(loss, targets[rows], worked, x)
            value += part
            for total, slope in zip(gradient, slopes, strict=True):
                total += slope
        return value, gradient

    def worked(self, layers: Layers) -> Sequence[Any]:
        """The layers in the precision of the work, where that is done."""
        return [tuple(map(self._in, four)) for four in layers]

    def slope_of(
        self, loss: Any, y: np.ndarray, worked: Sequence[Any], x: Any
    ) -> tuple[float, list[np.ndarray]]:
        """The same of some rows, as iterating gives them."""
        steps = _forward(worked, x)
        f, slopes = self._out(steps[-1][1]), list[np.ndarray]()
        back = self._in(-loss.residual(f, y))
        tables = [x, *(out * (out > 0) for _, out in steps[:-1])]
        for (inner, _, outer, _), (hidden, _), table in zip(
            reversed(worked), reversed(steps), reversed(tables), strict=True
        ):
            into = (back @ outer.T) * (hidden > 0)
            slopes[:0] = map(self._out, (into.T @ table, into.sum(0), hidden.T @ back, back.sum(0)))
            if table is not x:
                back = (into @ inner) * (table > 0)
        return loss.value(f, y), slopes


def _forward(worked: Sequence[Any], x: Any) -> list[tuple[Any, Any]]:
    """Of each block its hidden values and its outputs."""
    steps = list[tuple[Any, Any]]()
    for inner, biases, outer, shift in worked:
        table = steps[-1][1] * (steps[-1][1] > 0) if steps else x
        hidden = table @ inner.T + biases
        hidden = hidden * (hidden > 0)
        steps.append((hidden, hidden @ outer + shift))
    return steps
