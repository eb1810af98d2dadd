"""How inner loops are compiled: by numba, without the global lock, kept on disk between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nnan", "ninf", "nsz", "reassoc"},  # sums in any order, so that they vectorise
}


def compiled(function: Callable) -> Any:
    """The function, compiled on its first call.

    What was compiled is kept beside the source or, where that folder cannot be written, in numba's own one (see
    NUMBA_CACHE_DIR); where neither can be, each process compiles anew.

    Parameters
    ----------
    function : callable
        Of arrays and numbers, free of NaN and infinity.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError as reason:
        if "no locator available" not in str(reason):
            raise
        return numba.njit(**OPTIONS)(function)
