"""How tables of others give blocks of rows, in their order: arrays, memmaps, tensors, CSR, Dask, and batches.

A `Source` reads as often as it is asked to, and never holds more than a block.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
from scipy.sparse import csr_array, issparse

from geomnn.errors import DataError
from geomnn.validation import column_labels, finite_floats, plain_array

__all__ = ["LOOKED_AT", "Look", "Partition", "Source", "as_block", "dense", "host", "look_at", "source_of"]

LOOKED_AT = 8192  # rows of a block of the first reading

Block = tuple[Any, Any]  # samples (m, d), and targets or None


class Partition(NamedTuple):
    """Some rows of a Dask table.

    Parameters
    ----------
    rows : slice
    table : dask.delayed.Delayed
        What gives them.
    """

    rows: slice
    table: Any


class Source(NamedTuple):
    """Where rows come from.

    Parameters
    ----------
    blocks : callable
        blocks(size) yields pairs of samples and targets (None where there are none), in order, with up to so many rows
        each, or as many as a batch has.
    pick : callable or None
        pick(rows) gives these rows; None where only reading all of them does.
    partitions : sequence of Partition
        Of a Dask table.
    """

    blocks: Callable[[int], Iterator[Block]]
    pick: Callable[[np.ndarray], Any] | None
    partitions: Sequence[Partition] = ()


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
        return Source(_Batches(X), None)
    if type(X).__module__.partition(".")[0] == "dask":
        array, parts = _partitioned(X)
        return Source(partial(_pieces, parts, y), partial(_picked, array), parts)
    if "sparse" in str(getattr(X, "layout", "")):
        raise DataError("X is a sparse tensor of PyTorch; one of SciPy, which is read by rows, was expected.")
    table = csr_array(X) if issparse(X) else X
    if not all(hasattr(table, name) for name in ("shape", "dtype", "__getitem__")):
        table = plain_array(X, "X")  # lists, data frames
        if table.dtype == object:  # of columns that may have missing values
            table = finite_floats(table, "X", column_labels(X))
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
    found = found.compute() if hasattr(found, "compute") else found
    return (found.toarray() if issparse(found) else found)[place.reshape(np.shape(rows))]


def _partitioned(X: Any) -> tuple[Any, list[Partition]]:
    """A Dask table as an array, and its partitions of rows."""
    array = X.to_dask_array(lengths=True) if hasattr(X, "to_dask_array") else X
    if array.ndim != 2:
        raise DataError(f"X has shape {array.shape}; a table of shape (samples, features) was expected.")
    if np.isnan(array.chunks[0]).any():
        array = array.copy().compute_chunk_sizes()
    array = array.rechunk({1: -1})
    ends = np.cumsum(array.chunks[0]).tolist()
    tables = array.to_delayed().ravel()
    places = zip([0, *ends], ends, tables, strict=False)
    return array, [Partition(slice(first, end), table) for first, end, table in places if end > first]


def _pieces(partitions: Sequence[Partition], y: Any, size: int) -> Iterator[Block]:
    """Partitions one after the other, in pieces."""
    for rows, table in partitions:
        part = table.compute()
        part = csr_array(part) if issparse(part) else np.asarray(part)
        targets = None if y is None else np.asarray(y[rows])
        for start in range(0, part.shape[0], size):
            piece = slice(start, start + size)
            yield part[piece], None if targets is None else targets[piece]


class _Batches:
    """Those of a function that have rows: at the end of each reading they have to have been those of the first one."""

    def __init__(self, factory: Callable[[], Any]):
        self._factory, self._first = factory, cast(Any, None)

    def __call__(self, _: int) -> Iterator[Block]:
        batches, rows, seen = self._factory(), 0, [0] * 4
        if not hasattr(batches, "__iter__"):
            raise DataError(
                f"X gave a {type(batches).__name__}; batches of (samples, targets), or of samples alone, were expected."
            )
        for batch in batches:
            samples, targets = _parts(batch)
            if samples.shape[0]:
                yield samples, targets
                rows, seen = rows + samples.shape[0], _checksums(samples, targets, seen)
        if self._first is None:
            self._first = rows, seen
        elif rows == self._first[0] and seen != self._first[1]:
            raise DataError(
                "X gave other rows than at the first reading, or in another order; the same were expected at every "
                "reading: batches that are not shuffled, and not drawn anew."
            )


def _parts(batch: Any) -> Block:
    """Samples and targets of a batch; None for targets where it has samples alone."""
    pair = isinstance(batch, tuple | list) and batch and len(_with_shape(batch[0]).shape) == 2
    parts: Sequence[Any] = batch if pair else (batch,)
    if len(parts) > 2:
        raise DataError(
            f"A batch of X has {len(parts)} parts; (samples, targets), or samples alone, were expected."
        )
    samples = _with_shape(parts[0])
    if not samples.shape:
        raise DataError(
            f"X gave a batch that is a {type(batch).__name__}; (samples, targets), or samples alone, were expected."
        )
    return samples, parts[1] if len(parts) == 2 else None


def _with_shape(values: Any) -> Any:
    return values if hasattr(values, "shape") else plain_array(values, "A batch of X")


def _checksums(samples: Any, targets: Any, before: Sequence[int]) -> list[int]:
    """Of some rows after others, whatever batches they come in: one of each kind of their numbers."""
    table = csr_array(samples) if issparse(samples) else host(samples, "X")
    arrays = [np.diff(table.indptr), table.indices, table.data] if issparse(table) else [table]
    arrays += [] if targets is None else [host(targets)]
    return [
        zlib.crc32(np.ascontiguousarray(array).data, sum_) if array.dtype.kind in "fiub" else sum_
        for array, sum_ in zip(arrays, before, strict=False)
    ]


def host(values: Any, called: str = "y") -> Any:
    """An array of NumPy, of a tensor too; without masked entries."""
    if np.ma.is_masked(values):
        raise DataError(f"{called} has masked entries; remove or impute them first.")
    try:
        return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    except (TypeError, RuntimeError) as reason:  # tensors of types and layouts that NumPy has not
        told = str(reason).splitlines()[0]
        raise DataError(
            f"{called} cannot be read as an array of NumPy ({told}); convert it to one first."
        ) from reason


def dense(block: Any) -> np.ndarray:
    """A block as an array in float64."""
    return np.asarray(block.toarray() if issparse(block) else host(block, "X"), dtype=np.float64)


def as_block(samples: Any, first: int | None, called: str = "X") -> Any:
    """A block of floats, dense or CSR; with the number of its first row it is looked at for numbers that are none."""
    block = csr_array(samples) if issparse(samples) else host(samples, called)
    if block.ndim != 2 or not block.shape[1]:
        raise DataError(f"A block of {called} has shape {block.shape}; (rows, features) was expected.")
    if block.dtype == object:  # of columns that may have missing values
        block = finite_floats(block, f"{called}[{first}:]" if first else called)
    if block.dtype.kind not in "fiub":
        raise DataError(
            f"{called} holds {block.dtype.name} values; numbers were expected: convert the columns first."
        )
    if block.dtype not in (np.float32, np.float64):
        block = block.astype(np.float64 if block.dtype.itemsize > 2 else np.float32)
    if first is not None:
        numbers = block.data if issparse(block) else block
        if not np.isfinite(numbers).all():
            row, column = np.argwhere(~np.isfinite(block.toarray() if issparse(block) else block))[0]
            value = block[row, column]
            raise DataError(
                f"{called}[{first + row}, {column}] is {value}; remove or impute such values first."
            )
    return block


class Look(NamedTuple):
    """What a first reading sees of some rows: how many, the least and the largest value of each column, their type."""

    rows: int
    low: np.ndarray
    high: np.ndarray
    dtype: np.dtype[Any]
    sparse: bool


def look_at(called: str, first: int, samples: Any) -> Look:
    """What a first reading sees of the rows from that number on.

    Raises
    ------
    DataError
        If they are no finite numbers.
    """
    block = as_block(samples, first, called)
    low, high = block.min(axis=0), block.max(axis=0)
    low, high = (np.ravel(each.toarray() if issparse(each) else each) for each in (low, high))
    return Look(block.shape[0], low.astype(np.float64), high.astype(np.float64), block.dtype, issparse(block))
