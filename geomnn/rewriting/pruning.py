"""Which parts are kept: as many as have independent products of activations and outer weights, at the same total cost.

Source: geomnn theory, section 6.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr

__all__ = ["products_of", "pruned"]

# relative to the largest diagonal entry of R, up to which vectors are dependent, and to ‖costs‖, up to which a
# change costs nothing: rounding of a QR of vectors of size 1
DEPENDENT_PRODUCTS = 1e-13


def pruned(products: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Factors m ≥ 0 with Σ m_k p_k = Σ p_k and Σ m_k cost_k ≤ Σ cost_k, such that the p_k with m_k > 0 are independent.

    As long as there are many more than can be independent, twice as many groups of them are reduced: half of them go.
    """
    parts = np.abs(products).max(axis=0, initial=0.0)
    factors = (parts > np.finfo(float).eps * np.abs(products.sum(axis=1)).max(initial=0.0)).astype(float)
    while factors.any():
        kept = np.flatnonzero(factors)
        width = -(-len(kept) // (2 * len(products)))
        groups = np.arange(0, len(kept), width)
        weighted = np.vstack([products[:, kept], costs[kept]]) * factors[kept]
        *sums, cost = np.add.reduceat(weighted, groups, axis=1)
        factors[kept] *= np.repeat(_independent(np.array(sums), cost), width)[: len(kept)]
        if width == 1:
            break
    return factors


def _independent(columns: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """What `pruned` gives, by steps along null vectors of the columns as in theory, section 6, steepest descents of
    the cost, each until one factor is zero."""
    size = np.abs(columns).max(axis=0)
    factors, costs = size.copy(), np.divide(costs, size, out=np.zeros_like(costs), where=size > 0)
    there = np.flatnonzero(size)
    q, r, _ = qr((columns[:, there] / size[there]).T, pivoting=True)
    depth = np.abs(np.diagonal(r))
    null = np.zeros(
        (len(there) - np.count_nonzero(depth > DEPENDENT_PRODUCTS * depth.max(initial=0.0)), len(size))
    )
    null[:, there] = q.T[len(there) - len(null) :]
    while len(null):
        change = costs @ null.T @ null
        if np.abs(change).max() <= DEPENDENT_PRODUCTS * np.linalg.norm(costs):  # it costs nothing either way
            change = max((null[0], -null[0]), key=lambda each: (each.max() > 0, each @ costs))
        ahead = np.flatnonzero(change > 0)
        steps = factors[ahead] / change[ahead]
        first = ahead[np.argmin(steps)]
        factors = np.maximum(factors - steps.min() * change, 0.0)
        factors[first] = 0.0
        mirror = null[:, first] / np.linalg.norm(null[:, first])  # to e_1, and that vector goes
        mirror[0] += 1.0 if mirror[0] >= 0 else -1.0
        null = null[1:] - np.outer(mirror[1:] * (2 / (mirror @ mirror)), mirror @ null)
        null[:, first] = 0.0
    return np.divide(factors, size, out=np.zeros_like(size), where=size > 0)


def products_of(activations: np.ndarray, z: np.ndarray) -> np.ndarray:
    """φ_k ⊗ z_k as columns, shape (n·c, k)."""
    return (activations[:, None, :] * z.T[None]).reshape(activations.shape[0] * z.shape[1], len(z))
