"""Whether a search over rows has room: what it holds at the least, told before it begins."""

from __future__ import annotations

from geomnn import machine
from geomnn.dictionaries.local import ASCENT_ENTRIES
from geomnn.errors import DataError, OptionError
from geomnn.rows import StreamedSamples
from geomnn.rows.sums import BLOCK_ROWS

__all__ = ["check_room"]

OF_A_ROW = (
    4  # numbers in float64 for each row and output: targets, predictions, a residual, and one more on the way
)
WALKED = 4  # arrays of projections in float32 that walks hold at once
WORKED = 2  # a block as it comes, and as it is worked on
MIB, GIB = 2**20, 2**30


def check_room(samples: StreamedSamples, outputs: int, block_rows: int = BLOCK_ROWS) -> None:
    """Refuse a search that would not fit into memory, whatever else it needs.

    Parameters
    ----------
    samples : StreamedSamples
    outputs : int
        c.
    block_rows : int

    Raises
    ------
    OptionError
        If fewer rows in a block would fit.
    DataError
        If none would.
    """
    free, size = machine.free_memory(), samples.X.dtype.itemsize
    rows = samples.n * (8 * OF_A_ROW * outputs + 4 * WALKED * max(1, min(64, ASCENT_ENTRIES // samples.n)))
    each = WORKED * size * samples.d
    count = min(block_rows, BLOCK_ROWS, samples.n)
    if rows + count * each <= free:
        return
    fit = int((free - rows) // each)
    needed = (
        f"A search over {samples.n:,} rows of {samples.d:,} features holds {_told(rows + count * each)} at the least, "
        f"and {_told(free)} of memory are free; "
    )
    if fit < 1:
        raise DataError(needed + "fewer rows or features were expected.")
    instead = f"{{block_rows}} would fit: LocalDictionary(gm.Rows(X).samples(), 2, block_rows={fit})."
    raise OptionError(needed + instead, block_rows=fit)


def _told(size: float) -> str:
    return f"{size / GIB:,.1f} GiB" if size >= GIB else f"{size / MIB:,.1f} MiB"
