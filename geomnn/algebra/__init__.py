"""Wedge products, volumes and duals of vectors: the algebra that the weights are written in."""

from geomnn.algebra.features import feature
from geomnn.algebra.products import (
    cross_product,
    hodge_dual,
    log_volume,
    reject,
    signed_volume,
    volume,
    wedge,
)

__all__ = [
    "cross_product",
    "feature",
    "hodge_dual",
    "log_volume",
    "reject",
    "signed_volume",
    "volume",
    "wedge",
]
