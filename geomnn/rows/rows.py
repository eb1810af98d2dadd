"""A table of samples, read in blocks of rows as often as is needed, and never copied as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from geomnn.errors import DataError
from geomnn.rows.reading import source_of
from geomnn.rows.samples import StreamedSamples
from geomnn.samples import check_flag, column_names

__all__ = ["Rows"]

LOOKED_AT = 8192  # rows of a block of the first reading


class Rows:
    """Samples and targets that are read in blocks of rows: in memory, on disk, on another machine, or made anew.

    A first reading says how many rows there are, where each feature lies, and whether all numbers are finite. Targets
    stay in memory; samples do not, and keep the type that they have.

    Parameters
    ----------
    X : array_like, memmap, tensor, sparse, dask.array, or callable
        Samples, shape (n, d): anything that gives rows by slices (NumPy, memory maps, HDF5, Zarr), tensors of PyTorch,
        sparse tables, Dask arrays; or a function without arguments that returns an iterable of batches, pairs of
        samples and targets, or samples alone, the same at each call.
    y : array_like, shape (n,) or (n, c), optional
        Targets, unless batches have them.

    Attributes
    ----------
    shape : tuple of int
        (n, d).
    dtype : numpy.dtype
        Of the blocks.
    targets : ndarray, shape (n,) or (n, c), or None
    low, high : ndarray, shape (d,)
        The least and the largest value of each feature.
    sparse : bool
    names : tuple of str, or None
        Of the columns.

    Raises
    ------
    DataError
        If it is no table of finite real numbers, can be read once only, or has another number of targets.

    Examples
    --------
    >>> import numpy as np, geomnn as gm
    >>> rows = gm.Rows(np.arange(6.0, dtype=np.float32).reshape(3, 2), [0, 1, 0])
    >>> rows.shape, rows.dtype.name, [len(block) for block in rows.blocks(2)]
    ((3, 2), 'float32', [2, 1])
    >>> gm.Rows(iter([[0.0, 1.0]]))
    Traceback (most recent call last):
        ...
    geomnn.errors.DataError: X is an iterator (list_iterator), which can be read once; ...

    Source: geomnn theory, section 5.
    """

    def __init__(self, X: Any, y: Any = None):
        self._source = source_of(X, y)
        self.names = None if callable(X) else column_names(X) if hasattr(X, "columns") else None
        self.sparse, self.dtype = False, np.dtype(np.float32)
        rows, width, targets = 0, 0, []
        self.low = self.high = np.zeros(0)
        for samples, given in self._source.blocks(LOOKED_AT):
            block = as_block(samples, rows)
            if width and block.shape[1] != width:
                raise DataError(
                    f"From row {rows} on X has {block.shape[1]} features, and {width} before; the same were expected."
                )
            low, high = _ends(block)
            first = not width
            self.low = low if first else np.minimum(self.low, low)
            self.high = high if first else np.maximum(self.high, high)
            self.dtype = block.dtype if first else np.result_type(self.dtype, block.dtype)
            self.sparse |= issparse(block)
            rows, width = rows + block.shape[0], block.shape[1]
            if given is not None:
                targets.append(_host(given))
        if not rows:
            raise DataError("X has no rows; at least one was expected, of a function at every call.")
        self.shape = (rows, width)
        self.targets = np.concatenate(targets) if targets else None
        total = len(y) if hasattr(y, "__len__") else rows
        if self.targets is not None and {len(self.targets), total} != {rows}:
            raise DataError(f"y has {total} entries and X has {rows} rows; give one target a row.")

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        kind = "sparse " * self.sparse + self.dtype.name
        return f"Rows({self.shape[0]:,} × {self.shape[1]:,}, {kind})"

    def blocks(self, size: int) -> Iterator[Any]:
        """Blocks of up to so many rows, in order: arrays (m, d), sparse ones where the table is, or tensors.

        Parameters
        ----------
        size : int

        Raises
        ------
        DataError
            If there are not as many rows as at the first reading.
        """
        seen = 0
        for samples, _ in self._source.blocks(size):
            for first in range(0, samples.shape[0], size):
                part = samples[first : first + size] if samples.shape[0] > size else samples
                seen += part.shape[0]
                yield part if hasattr(part, "detach") else as_block(part, None)
        if seen != len(self):
            raise DataError(
                f"X gave {seen} rows and {len(self)} at the first reading; the same were expected at every reading."
            )

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some rows in float64, as of an array."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        wanted = np.asarray(rows, dtype=np.intp)
        if self._source.pick is not None:
            return dense(self._source.pick(wanted))
        found, first = np.zeros((*wanted.shape, self.shape[1])), 0
        for block in self.blocks(LOOKED_AT):
            here = (wanted >= first) & (wanted < first + block.shape[0])
            if here.any():
                found[here] = dense(block)[wanted[here] - first]
            first += block.shape[0]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole table in float64, for what cannot do without it."""
        return np.concatenate([dense(block) for block in self.blocks(LOOKED_AT)]).astype(dtype or np.float64)

    def samples(self, bias: bool = True) -> StreamedSamples:
        """The samples of a training problem, as a dictionary of your own takes them.

        Parameters
        ----------
        bias : bool
            Whether neurons have a bias.
        """
        return StreamedSamples(self, check_flag("bias", bias))


def _host(values: Any) -> Any:
    """An array of NumPy, of a tensor too."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def dense(block: Any) -> np.ndarray:
    """A block as an array in float64."""
    return np.asarray(block.toarray() if issparse(block) else _host(block), dtype=np.float64)


def as_block(samples: Any, first: int | None) -> Any:
    """A block of floats, dense or CSR; with the number of its first row it is looked at for numbers that are none."""
    block = csr_array(samples) if issparse(samples) else _host(samples)
    if block.ndim != 2 or not block.shape[1]:
        raise DataError(f"A block of X has shape {block.shape}; (rows, features) was expected.")
    if block.dtype.kind not in "fiub":
        raise DataError(
            f"X holds {block.dtype.name} values; numbers were expected: convert the columns first."
        )
    if block.dtype not in (np.float32, np.float64):
        block = block.astype(np.float64 if block.dtype.itemsize > 2 else np.float32)
    if first is not None:
        numbers = block.data if issparse(block) else block
        if not np.isfinite(numbers).all():
            row, column = np.argwhere(~np.isfinite(block.toarray() if issparse(block) else block))[0]
            value = block[row, column]
            raise DataError(f"X[{first + row}, {column}] is {value}; remove or impute such values first.")
    return block


def _ends(block: Any) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value of each column."""
    low, high = block.min(axis=0), block.max(axis=0)
    ends = [each.toarray() if issparse(each) else each for each in (low, high)]
    return np.ravel(ends[0]).astype(np.float64), np.ravel(ends[1]).astype(np.float64)
