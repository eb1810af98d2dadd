"""Fewer neurons for the same outputs: where features are dependent, one of them can go.

Source: geomnn theory, section 6; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

import numpy as np

__all__ = ["independent_neurons"]


def independent_neurons(
    features: np.ndarray, coefficients: np.ndarray, bias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients with the same outputs and no higher cost, non-zero on independent products only.

    If Σ_u c_u φ_u ⊗ Z_u = 0 (up to a constant with a bias), then Z_u (1 − τ c_u) has the same outputs for
    every τ, and cost Σ ‖Z_u‖ (1 − τ c_u): with the sign of c for which the cost does not rise, τ is
    raised until a neuron vanishes.

    Parameters
    ----------
    features : ndarray, shape (n, k)
    coefficients : ndarray, shape (k, c)
    bias : bool
        Whether constants are free.

    Returns
    -------
    coefficients : ndarray, shape (k, c)
        With at most n·c non-zero rows.
    shift : ndarray, shape (c,)
        What the intercept has to gain; zero without a bias.

    Source: geomnn theory, section 6.
    """
    z = coefficients.copy()
    centred = features - features.mean(axis=0) if bias else features
    while True:
        size = np.linalg.norm(z, axis=1)
        alive = np.flatnonzero(size > 1e-15 * size.sum())
        z[size <= 1e-15 * size.sum()] = 0.0
        if not len(alive):
            break
        cost = np.linalg.norm(z[alive], axis=1)
        products = np.einsum("nk,kc->nck", centred[:, alive], z[alive] / cost[:, None]).reshape(
            -1, len(alive)
        )
        length = np.linalg.norm(products, axis=0)
        length[length == 0] = 1.0
        _, singular, right = np.linalg.svd(products / length, full_matrices=len(products) < len(alive))
        if len(right) == len(singular) and singular[-1] > 1e-12 * singular[0]:
            break
        change = right[-1] / length
        change *= 1.0 if change.sum() > 0 or (change.sum() == 0 and change.max() > 0) else -1.0
        share = change / cost
        first = int(np.argmax(share))
        z[alive] *= 1 - (share / share[first])[:, None]
        z[alive[first]] = 0.0
    shift = (features @ (coefficients - z)).mean(axis=0)
    return z, shift if bias else np.zeros_like(shift)
