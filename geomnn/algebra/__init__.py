"""Wedge products, volumes and duals of vectors: the algebra that the weights are written in."""

from geomnn.algebra.activations import activation
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
    "activation",
    "cross_product",
    "hodge_dual",
    "log_volume",
    "reject",
    "signed_volume",
    "volume",
    "wedge",
]
