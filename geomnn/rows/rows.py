"""A table of samples, read in blocks of rows as often as is needed, and never copied as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from geomnn.errors import DataError, OptionError
from geomnn.rows.mapped import mapped
from geomnn.rows.reading import LOOKED_AT, Look, Source, as_block, dense, host, look_at, source_of
from geomnn.rows.samples import StreamedSamples
from geomnn.rows.spread import over_partitions
from geomnn.validation import check_flag, column_names

__all__ = ["Rows"]


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
    partitions : sequence of Partition
        Of a Dask table; of others there are none.

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
        names = None if callable(X) else column_names(X) if hasattr(X, "columns") else None
        y = X.targets if y is None and isinstance(X, Rows) else y
        y = y.compute() if hasattr(y, "__dask_graph__") else y  # of unknown length, it may be
        self._read(source_of(X, y), y, names)

    def _read(self, source: Source, y: Any, names: tuple[str, ...] | None, called: str = "X") -> None:
        """The first reading, of what messages call X."""
        self._source, self.partitions, self.names = source, source.partitions, names
        self.sparse, self.dtype, targets = False, np.dtype(np.float32), list[Any]()
        self.low = self.high = np.zeros(0)
        rows = width = 0
        for look in self._looks(called, y, targets):
            if width and len(look.low) != width:
                raise DataError(
                    f"From row {rows} on {called} has {len(look.low)} features, and {width} before; the same were "
                    "expected."
                )
            self.low = np.minimum(self.low, look.low) if width else look.low
            self.high = np.maximum(self.high, look.high) if width else look.high
            self.dtype = np.result_type(self.dtype, look.dtype) if width else look.dtype
            self.sparse |= look.sparse
            rows, width = rows + look.rows, len(look.low)
        if not rows:
            raise DataError(f"{called} has no rows; at least one was expected, of a function at every call.")
        self.shape = (rows, width)
        self.targets = np.concatenate(targets) if targets else None
        total = len(y) if hasattr(y, "__len__") else rows
        if self.targets is not None and {len(self.targets), total} != {rows}:
            given = len(self.targets) if total == rows else total
            raise DataError(f"y has {given} entries and {called} has {rows} rows; give one target a row.")

    def _looks(self, called: str, y: Any, targets: list[Any]) -> Iterator[Look]:
        """Of each part of the table what a first reading sees, and the targets that come with it."""
        if self.partitions:
            targets += [] if y is None else [host(y)]
            yield from over_partitions(self.partitions, lambda rows: partial(look_at, called, rows.start))
            return
        first = 0
        for samples, given in self._source.blocks(LOOKED_AT):
            look = look_at(called, first, samples)
            first += look.rows
            targets += [] if given is None else [host(given)]
            yield look

    def through(self, function: Callable[[Any], Any], called: str = "features") -> Rows:
        """The table of what a function makes of the rows of this one, with the same targets.

        What fits into a few megabytes is kept, the rest is made anew at each reading.

        Parameters
        ----------
        function : callable
            Of a block of rows, shape (m, d), its values, an array or a tensor of shape (m, k): of each row the same
            whatever block it is in, and whenever.
        called : str
            What messages call it.

        Raises
        ------
        OptionError
            If it is no function.
        DataError
            If its values are no such table of finite numbers, or others when they are asked for again.

        Examples
        --------
        >>> import numpy as np, geomnn as gm
        >>> rows = gm.Rows(np.arange(6.0).reshape(3, 2))
        >>> rows.through(lambda block: np.abs(block - 2.0).sum(axis=1, keepdims=True))[:].tolist()
        [[3.0], [1.0], [5.0]]
        """
        if not callable(function):
            raise OptionError(
                "{function}; a function of a block of rows, shape (m, d), was expected.", function=function
            )
        source = mapped(self, function, called, self._source.pick is not None)
        made = object.__new__(Rows)
        made._read(source, None, None, f"{called}(X)")
        made.targets = self.targets
        return made

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
                if seen <= len(self):
                    yield part if hasattr(part, "detach") else as_block(part, None)
        if seen != len(self):
            raise DataError(
                f"X gave {seen} rows and {len(self)} at the first reading; the same were expected at every reading."
            )

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some rows in float64, as of an array."""
        wanted = np.asarray(np.arange(len(self))[rows])
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
