"""A = QR of columns that come and go, for projections on the constraints that they span.

Source: geomnn theory, section 4.
"""

from __future__ import annotations

import numpy as np

from geomnn.machine import compiled

__all__ = ["Factors"]


class Factors:
    """Q (n, k) with orthonormal columns and R upper triangular, updated in O(n k) as A = QR gains and loses columns.

    Q is kept transposed, and both are parts of arrays that grow by doubling.

    Parameters
    ----------
    n : int
        Length of a column.
    """

    def __init__(self, n: int):
        self.size = 0
        self._q = np.zeros((0, n))
        self._r = np.zeros((0, 0))

    @property
    def q(self) -> np.ndarray:
        """Qᵀ, shape (k, n)."""
        return self._q[: self.size]

    @property
    def norms(self) -> np.ndarray:
        """Lengths of the columns of A, shape (k,)."""
        return np.linalg.norm(np.triu(self._r[: self.size, : self.size]), axis=0)

    def split(self, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates Qᵀa (k,) and the rest a − QQᵀa (n,), orthogonalised twice."""
        coordinates = self.q @ a
        rest = a - coordinates @ self.q
        correction = self.q @ rest
        rest -= correction @ self.q
        return coordinates + correction, rest

    def solve(self, b: np.ndarray) -> np.ndarray:
        """R⁻¹ b."""
        return _back(self._r, np.array(b))

    def solve_transposed(self, b: np.ndarray) -> np.ndarray:
        """R⁻ᵀ b."""
        return _forward(self._r, np.array(b))

    def append(self, coordinates: np.ndarray, rest: np.ndarray, length: float) -> None:
        """Take in the column that `split` has split into these, ‖rest‖ = length."""
        k = self.size
        if k == len(self._q):
            more = max(8, k)
            self._q, self._r = np.pad(self._q, ((0, more), (0, 0))), np.pad(self._r, (0, more))
        self._q[k] = rest / length
        self._r[:k, k], self._r[k, k] = coordinates, length
        self.size = k + 1

    def drop(self, position: int, vectors: np.ndarray) -> np.ndarray:
        """Leave a column out, by Givens rotations.

        Parameters
        ----------
        position : int
        vectors : ndarray, shape (m, k)
            Coordinates in Q, which are rotated along.

        Returns
        -------
        ndarray, shape (n,)
            The direction that Q has lost; the last of the rotated coordinates are along it.
        """
        k = self.size
        _delete_column(self._q, self._r, k, position, vectors)
        self.size = k - 1
        return self._q[k - 1].copy()

    def refactor(self, columns: np.ndarray) -> None:
        """Q and R anew from Aᵀ, shape (k, n)."""
        q, r = np.linalg.qr(columns.T)
        self._q[: self.size] = q.T
        self._r[: self.size, : self.size] = r


@compiled
def _back(r, x):  # type: ignore[no-untyped-def]
    """Solve R x = b in place, R (k, k) in the corner of r."""
    for i in range(len(x) - 1, -1, -1):
        total = 0.0
        for j in range(i + 1, len(x)):
            total += r[i, j] * x[j]
        x[i] = (x[i] - total) / r[i, i]
    return x


@compiled
def _forward(r, x):  # type: ignore[no-untyped-def]
    """Solve Rᵀ x = b in place."""
    for i in range(len(x)):
        x[i] /= r[i, i]
        for j in range(i + 1, len(x)):
            x[j] -= r[i, j] * x[i]
    return x


@compiled
def _delete_column(q, r, k, position, vectors):  # type: ignore[no-untyped-def]
    """Shift the columns of R after one to the left and rotate what is below the diagonal away."""
    for i in range(k):
        for j in range(max(i, position + 1), k):
            r[i, j - 1] = r[i, j]
    for i in range(position, k - 1):
        below = r[i + 1, i]
        length = np.hypot(r[i, i], below)
        c, s = (r[i, i] / length, below / length) if length > 0.0 else (1.0, 0.0)
        _rotate(r[i, i : k - 1], r[i + 1, i : k - 1], c, s)
        r[i + 1, i] = 0.0
        _rotate(q[i], q[i + 1], c, s)
        for vector in vectors:
            vector[i], vector[i + 1] = c * vector[i] + s * vector[i + 1], c * vector[i + 1] - s * vector[i]


@compiled
def _rotate(a, b, c, s):  # type: ignore[no-untyped-def]
    for j in range(len(a)):
        x, y = a[j], b[j]
        a[j] = c * x + s * y
        b[j] = c * y - s * x
