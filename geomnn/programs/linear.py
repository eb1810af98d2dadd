"""Linear algebra that several programs share."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor

__all__ = ["gram_blocks", "positive_factor"]


def gram_blocks(columns: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Σ_i x_i x_iᵀ ⊗ H_i for the rows x_i of ``columns`` (n, k) and symmetric blocks H_i (n, c, c): (k, c, k, c)."""
    (_, k), c = columns.shape, curvature.shape[1]
    blocks = np.empty((k, c, k, c))
    for a in range(c):
        for b in range(a, c):
            blocks[:, a, :, b] = blocks[:, b, :, a] = (columns * curvature[:, a, b, None]).T @ columns
    return blocks


def positive_factor(matrix: np.ndarray) -> tuple[np.ndarray, bool]:
    """Cholesky factor of a symmetric matrix, with the smallest multiple of the identity that it takes.

    Parameters
    ----------
    matrix : ndarray, shape (m, m)

    Returns
    -------
    tuple
        For `scipy.linalg.cho_solve`.

    Raises
    ------
    LinAlgError
        If the matrix holds NaN or infinity.
    """
    if not np.isfinite(matrix).all():
        raise LinAlgError("the matrix holds NaN or infinity")
    scale, damping = np.abs(np.diag(matrix)).max(initial=np.finfo(float).tiny), 0.0
    while True:
        try:
            return cho_factor(matrix + damping * np.eye(len(matrix)), lower=True, check_finite=False)
        except LinAlgError:
            damping = max(10 * damping, 1e-15 * scale)
