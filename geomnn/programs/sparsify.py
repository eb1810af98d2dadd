"""Fewer neurons for the same outputs: where activations are dependent, one of them can go.

Source: geomnn theory, section 6; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

import numpy as np

from geomnn.deadline import NEVER, Deadline

__all__ = ["independent_neurons"]

SECONDS_PER_SVD_PRODUCT = 3e-9  # of an entry with a column, in a singular value decomposition
LARGE_TABLE = 2**18  # entries from which on inner products are looked at before
# relative to the largest eigenvalue of the inner products, above which the smallest is not zero: rounding makes
# 1e-13 of nothing, and in doubt singular values decide
CLEARLY = 1e-10


def independent_neurons(
    activations: np.ndarray, coefficients: np.ndarray, bias: bool, deadline: Deadline = NEVER
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients with the same outputs and no higher cost, non-zero on independent products only.

    If Σ_u c_u φ_u ⊗ Z_u = 0 (up to a constant with a bias), then Z_u (1 − τ c_u) has the same outputs for
    every τ, and cost Σ ‖Z_u‖ (1 − τ c_u): with the sign of c for which the cost does not rise, τ is
    raised until a neuron vanishes.

    Parameters
    ----------
    activations : ndarray, shape (n, k)
    coefficients : ndarray, shape (k, c)
    bias : bool
        Whether constants are free.
    deadline : Deadline
        They are as independent as they have come to be by then.

    Returns
    -------
    coefficients : ndarray, shape (k, c)
        With at most n·c non-zero rows.
    shift : ndarray, shape (c,)
        What the intercept has to gain; zero without a bias.

    Source: geomnn theory, section 6.
    """
    z = coefficients.copy()
    centred = activations - activations.mean(axis=0) if bias else activations
    while True:
        size = np.linalg.norm(z, axis=1)
        alive = np.flatnonzero(size > 1e-15 * size.sum())
        z[size <= 1e-15 * size.sum()] = 0.0
        size, direction = size[alive], z[alive] / size[alive, None]
        products = np.einsum("nk,kc->nck", centred[:, alive], direction).reshape(
            centred.shape[0] * z.shape[1], len(alive)
        )
        seconds = SECONDS_PER_SVD_PRODUCT * products.size * min(products.shape)
        if deadline.over(seconds) or _clearly_independent(products):
            break
        null = _null_space(products)
        if not null.shape[1]:
            break
        z[alive] = _eliminate(size, null)[:, None] * direction
    shift = (activations @ (coefficients - z)).mean(axis=0)
    return z, shift if bias else np.zeros_like(shift)


def _clearly_independent(columns: np.ndarray) -> bool:
    """Whether many short products show what their singular values would: these cost some twenty times as much."""
    length = np.linalg.norm(columns, axis=0)
    if columns.size < LARGE_TABLE or len(columns) < columns.shape[1] or not length.all():
        return False
    inner = np.linalg.eigvalsh(columns.T @ columns / np.outer(length, length))
    return bool(inner[0] > CLEARLY * inner[-1])


def _null_space(columns: np.ndarray) -> np.ndarray:
    """Basis of the dependencies of the columns (m, k), shape (k, nullity)."""
    length = np.linalg.norm(columns, axis=0)
    length[length == 0] = 1.0
    if not columns.shape[1]:
        return np.zeros((0, 0))
    _, singular, right = np.linalg.svd(columns / length, full_matrices=len(columns) < columns.shape[1])
    rank = int(np.count_nonzero(singular > 1e-12 * singular[0]))
    return right[rank:].T / length[:, None]


def _eliminate(size: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Sizes (k,) moved along the null space, their sum never rising, until each dependency has lost a neuron."""
    size = size.copy()
    while null.shape[1]:
        change = null[:, 0] if null[:, 0].sum() > 0 else -null[:, 0]
        if not (change > 0).any():
            change = -change
        reach = np.divide(size, change, out=np.full_like(size, np.inf), where=change > 0)
        first = int(np.argmin(reach))
        size = np.maximum(size - reach[first] * change, 0.0)
        size[first] = 0.0
        pivot = int(np.argmax(np.abs(null[first])))
        null = null - np.outer(null[:, pivot], null[first] / null[first, pivot])
        null = np.delete(null, pivot, axis=1)
    return size
