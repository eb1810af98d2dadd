"""What blocks stand on where it is not the table itself: a function of others, and the blocks below the last."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from scipy.sparse import issparse

from geomnn.blocks.block import Block
from geomnn.errors import DataError, OptionError
from geomnn.rows.reading import host

__all__ = ["Activations", "extractor"]


@dataclass(frozen=True, eq=False)
class Activations:
    """What the last block takes, from a block of rows of X: of a function of others, then of the blocks below.

    Parameters
    ----------
    function : callable or None
    blocks : tuple of Block
    """

    function: Callable[[Any], Any] | None
    blocks: tuple[Block, ...]

    def __call__(self, rows: Any) -> np.ndarray:
        table = rows if self.function is None else host(self.function(rows), "features")
        if self.blocks and table.shape[1] != (width := self.blocks[0].inner.shape[1]):
            raise DataError(f"X has {table.shape[1]} features, and the network was trained on {width}.")
        for block in self.blocks:
            table = np.maximum(block(table), 0.0)
        return np.asarray(table)


def extractor(features: Any) -> Callable[[Any], Any] | None:
    """A function of blocks of rows; a module of PyTorch as one, without gradients and in its own precision.

    Raises
    ------
    OptionError
        If it is none, or a module that is being trained.
    """
    if features is None:
        return None
    if not callable(features):
        raise OptionError(
            "{features}; a function of a block of rows, shape (m, d), that returns its activations, shape (m, k), or "
            "a module of PyTorch was expected.",
            features=features,
        )
    torch = sys.modules.get("torch")  # without which there is no module
    if torch is None or not isinstance(features, torch.nn.Module):
        return features
    if features.training:
        raise OptionError(
            "features is a module in training mode, in which what it does may change from call to call; one that is "
            "frozen was expected: features.eval()."
        )
    return partial(_through_module, features)


def _through_module(module: Any, rows: Any) -> Any:
    torch, table = import_module("torch"), rows.toarray() if issparse(rows) else rows
    if isinstance(table, np.ndarray) and not table.flags.writeable:
        table = table.copy()
    like = next(module.parameters(), None)
    kind = {} if like is None else {"dtype": like.dtype, "device": like.device}
    with torch.no_grad():
        return module(torch.as_tensor(table, **kind))
