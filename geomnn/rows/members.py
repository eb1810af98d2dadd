"""Row numbers of a large table, a bit a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import total_ordering
from typing import Any, overload

import numpy as np

__all__ = ["Members"]


@total_ordering
class Members(Sequence[int]):
    """Some of n rows in increasing order, as a tuple of their numbers, in n/8 bytes.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        Increasing.
    n : int

    Examples
    --------
    >>> import numpy as np
    >>> some = Members(np.array([1, 2, 9]), 12)
    >>> len(some), list(some), some[-1], some == (1, 2, 9), hash(some) == hash((1, 2, 9))
    (3, [1, 2, 9], 9, True, True)
    """

    def __init__(self, rows: np.ndarray, n: int):
        chosen = np.zeros(n, dtype=bool)
        chosen[rows] = True
        self._bits, self._n, self._size = np.packbits(chosen), n, len(rows)

    def _rows(self) -> list[int]:
        return np.flatnonzero(np.unpackbits(self._bits, count=self._n)).tolist()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows())

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> Any:
        return self._rows()[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Members | tuple):
            return NotImplemented
        return len(self) == len(other) and tuple(self) == tuple(other)

    def __lt__(self, other: Any) -> bool:
        return tuple(self) < tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
