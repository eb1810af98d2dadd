"""Tables of what a function makes of the rows of another table: activations, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from scipy.sparse import issparse, vstack

from geomnn.errors import DataError
from geomnn.rows.reading import LOOKED_AT, Source, as_block, dense, source_of
from geomnn.rows.sums import KEPT

__all__ = ["Table", "mapped"]

CHANGED = (
    1e-3  # relative to the largest value, by which one differs that is not the same up to the order of sums
)


class Table(Protocol):
    """What is asked of the other table."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    sparse: bool

    def blocks(self, size: int) -> Iterator[Any]: ...
    def __getitem__(self, rows: Any) -> np.ndarray: ...


def mapped(table: Table, function: Callable[[Any], Any], called: str, picks: bool) -> Source:
    """The source of function(block) for each block of a table; what fits into a few megabytes is made once, and kept.

    Parameters
    ----------
    table : Table
    function : callable
    called : str
        What messages call it.
    picks : bool
        Whether the table gives single rows without reading all of them.

    Raises
    ------
    DataError
        If a block gives no table with as many rows, or another one when it is asked for again.
    """

    def made(block: Any) -> Any:
        # which may write into what it is given, an array or a tensor
        values = function(block.clone() if hasattr(block, "clone") else block.copy())
        shape = getattr(values, "shape", None)
        if shape is None or len(shape) != 2 or shape[0] != block.shape[0]:
            came = f"a {type(values).__name__}" if shape is None else f"shape {tuple(shape)}"
            raise DataError(
                f"{called} made {came} of a block of shape {tuple(block.shape)}; an array of shape "
                f"({block.shape[0]}, activations) was expected."
            )
        return values

    def blocks(size: int) -> Iterator[tuple[Any, None]]:
        yield from ((made(block), None) for block in table.blocks(size))

    def pick(rows: np.ndarray) -> np.ndarray:
        """From whole blocks, as the last digits of a row depend on the others that are worked on with it."""
        found = np.zeros((*rows.shape, first.shape[1]))
        for k in np.unique(rows // LOOKED_AT):
            block = table[k * LOOKED_AT : (k + 1) * LOOKED_AT].astype(table.dtype)
            here = rows // LOOKED_AT == k
            found[here] = dense(made(block))[rows[here] - k * LOOKED_AT]
        return found

    block = next(table.blocks(LOOKED_AT))
    few = -(-block.shape[0] // 2)
    first, again = (as_block(made(part), 0, f"{called}(X)") for part in (block, block[:few]))
    size = np.abs(dense(first)).max()
    if first.shape[1] != again.shape[1] or np.abs(dense(again) - dense(first[:few])).max() > CHANGED * size:
        raise DataError(
            f"{called} gave other values for the same rows when it was asked again, for fewer of them; a function of "
            "each row alone, without chance or memory, was expected, such as model.eval() of PyTorch."
        )
    if table.shape[0] * first.shape[1] * first.dtype.itemsize > KEPT:
        return Source(blocks, pick if picks and not table.sparse else None)
    kept = [as_block(values, None) for values, _ in blocks(LOOKED_AT)]
    if len({part.shape[1] for part in kept}) > 1:
        return Source(blocks, None)  # which is refused as it is read
    return source_of(vstack(kept) if issparse(first) else np.concatenate(kept), None)
