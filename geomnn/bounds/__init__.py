"""One way to bound the correlation of all unit neurons from above a file: the mirror of `geomnn.dictionaries`."""

from geomnn.bounds.base import Bound, Proof
from geomnn.bounds.choice import BOUNDS
from geomnn.bounds.proof_file import proof_document, save_proof
from geomnn.bounds.proving import Proven

__all__ = ["BOUNDS", "Bound", "Proof", "Proven", "proof_document", "save_proof"]
