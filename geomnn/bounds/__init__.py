"""One way to bound the correlation of all unit neurons from above a file: the mirror of `geomnn.dictionaries`."""

from geomnn.bounds.base import Bound, Proof

__all__ = ["Bound", "Proof"]
