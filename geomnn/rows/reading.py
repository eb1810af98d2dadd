"""How tables of others give blocks of rows, in their order: arrays, memmaps, tensors, CSR, Dask, and batches.

A `Source` reads as often as it is asked to, and never holds more than a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse

from geomnn.errors import DataError
from geomnn.samples import plain_array

__all__ = ["Source", "source_of"]

Block = tuple[Any, Any]  # samples (m, d), and targets or None


class Source(NamedTuple):
    """Where rows come from.

    Parameters
    ----------
    blocks : callable
        blocks(size) yields pairs of samples and targets (None where there are none), in order, with up to so many rows
        each, or as many as a batch has.
    pick : callable or None
        pick(rows) gives these rows; None where only reading all of them does.
    """

    blocks: Callable[[int], Iterator[Block]]
    pick: Callable[[np.ndarray], Any] | None


def source_of(X: Any, y: Any) -> Source:
    """The source of a table with its targets.

    Raises
    ------
    DataError
        If it is none, or can be read once only.
    """
    if hasattr(X, "__next__"):
        raise DataError(
            f"X is an iterator ({type(X).__name__}), which can be read once; a function that returns one was expected, "
            "as rows are read many times: gm.Rows(lambda: batches()), of (samples, targets) or samples alone."
        )
    if callable(X):
        if y is not None:
            raise DataError(
                "X is a function and y is given, too; batches of (samples, targets) were expected."
            )
        return Source(partial(_batches, X), None)
    if type(X).__module__.partition(".")[0] == "dask":
        return Source(partial(_partitions, X, y), None)
    table = csr_array(X) if issparse(X) else X
    if not all(hasattr(table, name) for name in ("shape", "dtype", "__getitem__")):
        table = plain_array(X, "X")  # lists, data frames
    if len(table.shape) != 2 or not all(table.shape):
        raise DataError(
            f"X has shape {tuple(table.shape)}; a table of shape (samples, features) with at least one of each was "
            "expected."
        )
    return Source(partial(_slices, table, y), partial(_picked, table))


def _slices(table: Any, y: Any, size: int) -> Iterator[Block]:
    for first in range(0, table.shape[0], size):
        part = slice(first, first + size)
        yield table[part], None if y is None else y[part]


def _picked(table: Any, rows: np.ndarray) -> Any:
    """Rows in any order, of tables that give increasing ones without repetition only, too."""
    distinct, place = np.unique(rows, return_inverse=True)
    found = table[distinct.tolist() if hasattr(table, "chunks") else distinct]
    return (found.toarray() if issparse(found) else found)[place.reshape(np.shape(rows))]


def _partitions(X: Any, y: Any, size: int) -> Iterator[Block]:
    """Partitions of rows of a Dask array or data frame, one after the other, in pieces."""
    array = X.to_dask_array(lengths=True) if hasattr(X, "to_dask_array") else X
    first = 0
    for rows in array.chunks[0]:
        part = np.asarray(array[first : first + rows].compute())
        targets = None if y is None else np.asarray(y[first : first + rows])
        for start in range(0, rows, size):
            piece = slice(start, start + size)
            yield part[piece], None if targets is None else targets[piece]
        first += rows


def _batches(factory: Callable[[], Any], _: int) -> Iterator[Block]:
    for batch in factory():
        if isinstance(batch, tuple | list) and len(batch) == 2 and np.ndim(batch[0]) == 2:
            yield batch[0], batch[1]
        else:
            yield batch, None
