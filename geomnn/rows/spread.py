"""The sums over partitions of a Dask table: on the workers of a cluster where there is one, else one after the other.

A sum over all rows is that of the sums over partitions, added in their order, whoever made them: so it is the same on a
cluster and alone, to the last bit on machines of one kind.  Partitions are read on the workers, or stay there; what
travels is a network, and of y and v the rows of a partition.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from importlib import import_module
from inspect import signature
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from scipy.sparse import issparse

from geomnn.machine import one_blas_thread
from geomnn.rows.reading import Partition, as_block
from geomnn.rows.sums import Sums, stacked
from geomnn.samples import Samples

__all__ = ["PartitionedSums", "over_partitions", "sums_of"]

HELD_BY_FLOAT32 = (
    1e9  # sizes of features, and their inverses, up to which their fourth powers, of squared slopes, are
)

Method = TypeVar("Method", bound=Callable[..., Any])


def sums_of(samples: Samples, precision: str = "float32", *options: Any) -> Sums:
    """The `Sums` over samples, with its options: those over partitions where the table has some.

    They are in float64 where features are of sizes whose powers float32 cannot hold.
    """
    sizes = samples.extent[samples.extent > 0]
    held = sizes.max(initial=1.0) <= HELD_BY_FLOAT32 and sizes.min(initial=1.0) >= 1 / HELD_BY_FLOAT32
    kind = PartitionedSums if getattr(samples.X, "partitions", ()) else Sums
    return kind(samples, "float64" if precision == "float32" and not held else precision, *options)


def over_partitions(
    partitions: Sequence[Partition], job: Callable[[slice], Callable[[Any], Any]]
) -> Iterator[Any]:
    """job(rows)(table) of each partition, in their order: on the workers of the active Dask client, if there is one.

    Each job is sent with all its arrays, so that the scheduler can start it again where a worker dies.

    Parameters
    ----------
    partitions : sequence of Partition
    job : callable
        Of the rows of a partition, what is to be done with its table.
    """
    client = _client()
    if client is None:
        yield from (_on_one_thread(job(rows), table.compute()) for rows, table in partitions)
        return
    delayed = import_module("dask").delayed
    futures = [
        client.compute(delayed(partial(_on_one_thread, job(rows)), pure=False)(table))
        for rows, table in partitions
    ]
    for future in futures:
        yield future.result()


def _client() -> Any:
    """The active client of Dask, None if there is none."""
    distributed = sys.modules.get("distributed")  # without which there is none
    try:
        return None if distributed is None else distributed.Client.current()
    except ValueError:
        return None


def _on_one_thread(job: Callable[[Any], Any], table: Any) -> Any:
    with one_blas_thread():  # several might round otherwise
        return job(table)


class _Part(NamedTuple):
    """The samples of a partition, centred as all are."""

    X: Any
    centre: np.ndarray
    bias: bool


def _summed(
    method: str, arguments: Sequence[Any], samples: tuple[Any, ...], options: tuple[Any, ...], table: Any
) -> Any:
    """A sum over a partition."""
    return getattr(_sums(table, samples, options), method)(*arguments)


def _sums(table: Any, samples: tuple[Any, ...], options: tuple[Any, ...]) -> Sums:
    block = as_block(table, None)
    block = block if issparse(block) else np.ascontiguousarray(block)
    return Sums(cast(Samples, _Part(block, *samples)), *options)


def _rows_of(argument: Any, rows: slice) -> Any:
    """What belongs to some rows of an array, or of a loss with its weights."""
    if argument is None or isinstance(argument, np.ndarray):
        return None if argument is None else argument[rows]
    return argument if argument.weights is None else argument.weighted(argument.weights[rows])


def _joined(method: Method, join: Callable[[Iterator[Any]], Any], *by_rows: int) -> Method:
    """A method of `Sums`, from what it gives for each partition; the arguments at some places have a row a sample."""

    taken = signature(method)

    @wraps(method)
    def over_parts(self: PartitionedSums, *places: Any, **names: Any) -> Any:
        _, *arguments = taken.bind(self, *places, **names).args
        # in one layout, whatever comes of them on the way to another process: the last bits depend on it
        alike = [np.ascontiguousarray(each) if isinstance(each, np.ndarray) else each for each in arguments]

        def given(rows: slice) -> list[Any]:
            return [_rows_of(each, rows) if k in by_rows else each for k, each in enumerate(alike)]

        def job(rows: slice) -> Callable[[Any], Any]:
            return partial(_summed, method.__name__, given(rows), *self._kind)

        kept = self._kept_parts()
        if kept is not None:
            return join(getattr(each, method.__name__)(*given(rows)) for rows, each in kept)
        return join(over_partitions(self._partitions, job))

    return cast(Method, over_parts)


def _added(parts: Iterator[Any]) -> Any:
    total = next(parts)
    for part in parts:
        total = tuple(map(np.add, total, part)) if isinstance(total, tuple) else total + part
    return total


class PartitionedSums(Sums):
    """The sums over a Dask table.

    Parameters
    ----------
    samples, precision, device, block_rows
        As in `Sums`; the device is one that there is here, and on all workers.

    Source: geomnn theory, section 5.
    """

    _alone: list[tuple[slice, Sums]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_alone": None}

    @property
    def _partitions(self) -> Sequence[Partition]:
        return cast(Any, self._table).partitions

    @property
    def _kind(self) -> tuple[Any, ...]:
        return (self._centre, self.bias), (self._precision.name, self._device, self._size)

    def _kept_parts(self) -> list[tuple[slice, Sums]] | None:
        """The sums over each partition, where there is no cluster and all of them are small."""
        if not self._keeps or _client() is not None:
            return None
        if self._alone is None:
            self._alone = [(rows, _sums(table.compute(), *self._kind)) for rows, table in self._partitions]
        return self._alone

    value_gradient = _joined(Sums.value_gradient, _added, 0, 1, 5)
    correlate = _joined(Sums.correlate, _added, 1)
    gram = _joined(Sums.gram, _added, 1)
    pulled = _joined(Sums.pulled, _added, 0)
    predict = _joined(Sums.predict, stacked)
    projections = _joined(Sums.projections, stacked)
    squares = _joined(Sums.squares, stacked)
    sides = _joined(Sums.sides, stacked)
    taken = _joined(Sums.taken, stacked, 0)
