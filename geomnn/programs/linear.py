"""Linear algebra that several programs share."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor

__all__ = ["positive_factor"]


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
