"""Large tables: blocks of rows, the sums over them that all large work is made of, and samples read by them."""

from geomnn.rows.ascent import ascend
from geomnn.rows.rows import Rows
from geomnn.rows.samples import StreamedSamples
from geomnn.rows.spread import sums_of
from geomnn.rows.sums import Sums

__all__ = ["Rows", "StreamedSamples", "Sums", "ascend", "sums_of"]
