"""Convex functions with slopes in an ellipsoid: what stars relax for p = 2.

A unit with ‖w‖_2 = s has the slopes w and 0, so that h = 2 g_i − w is ± w, and W = w w'/s has h'W⁻¹h ≤ s and tr W = s.
The class lets W be any positive definite matrix, and c, in the place of w, any vector:

    h_i'W⁻¹h_i ≤ τ  for  h_i = 2 g_i − c,   c'W⁻¹c ≤ τ,      at the cost ½ (τ + tr W),

which is jointly convex. As multipliers λ_i of these rows the stars of a plan are q_i = 4 λ_i W⁻¹h_i, and what they may
cost at most is the bound of `metrics` with the metric W: so all three, v, plan and metric, come of one fit.

About an iterate, with J'J = W⁻¹ and u = W⁻¹h, a row with slack s and ω = λ/s adds two squares to the equations,

    2 λ |J (dh − dW u)|² + ω (2 u·dh − u'dW u − dτ)²,        dh = 2 dg − dc  or  dc,

and a barrier, −log det W, keeps W inside of its cone until the end.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.bounds import elimination
from geomnn.bounds.convex import ConvexRelaxation
from geomnn.bounds.interior_point import Iterate
from geomnn.bounds.relaxation import Fit, Pairs

__all__ = ["EllipsoidRelaxation"]

PART = 0.6  # of the way to a singular W, near to which the rows bend too much to be followed farther


class EllipsoidRelaxation(ConvexRelaxation):
    """Convex functions with slopes in an ellipsoid.

    Its last variables are τ, c and the lower triangle of W for each sign, in units in which prices are about 1.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def __init__(self, fit: Fit, pairs: Pairs):
        d = fit.points.shape[1]
        self._low, self._high = np.tril_indices(d)
        self._twice = np.where(self._low == self._high, 1.0, 2.0)  # an entry off the diagonal stands for two
        self._prices = fit.prices / fit.prices.mean()
        super().__init__(fit, pairs)
        self._turn = np.append(-np.ones(self.n), 1.0)  # dh/dc of each row

    @classmethod
    def size(cls, n: int, d: int) -> tuple[int, int]:
        last = 1 + d + d * (d + 1) // 2
        order = n + last
        return order**2 + n * d * last, order**3 // 3 + n * d * last**2

    def priced(self) -> np.ndarray:
        traced = np.diag(self._prices**2)[self._low, self._high]
        return float(self.fit.prices.mean()) / 2 * np.concatenate([[1.0], np.zeros(self.d), traced])

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """τ (signs, 1), the h of all rows (signs, N + 1, d) and W (signs, d, d)."""
        _, g, last = self.split(x)
        c, W = last[:, None, 1 : self.d + 1], np.empty((self.signs, self.d, self.d))
        W[:, self._low, self._high] = W[:, self._high, self._low] = last[:, self.d + 1 :]
        return last[:, :1], np.concatenate([2 * g.reshape(self.signs, self.n, -1) - c, c], axis=1), W

    def _entries(self, W: np.ndarray) -> np.ndarray:
        """The adjoint of W as a function of its triangle, (signs, d, d) → (signs, d(d + 1)/2)."""
        return self._twice * W[:, self._low, self._high]

    def start(self) -> Iterate:
        f, g, slopes = self.bowl()
        sizes = (2 * slopes) ** 2
        reach, trace = float((4 * g**2 / sizes).sum(axis=1).max()), float(self._prices**2 @ sizes)
        share = np.sqrt(
            2 * reach / trace
        )  # with which τ is twice as large as it has to be, and as large as tr W
        W = np.diag(share * sizes)[self._low, self._high]
        last = np.concatenate([[2 * reach / share], np.zeros(self.d), W])
        x = np.concatenate(
            [np.tile(f, self.signs), np.tile(g.ravel(), self.signs), np.tile(last, self.signs)]
        )
        self._take(x)
        return self.begin(x, float(self.costs[0]) * share * trace / (2 * self.n))

    def _take(self, x: np.ndarray) -> None:
        """J and u at x."""
        _, h, W = self._parts(x)
        inverse = np.linalg.inv(W)
        self._roots = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2).transpose(0, 2, 1)
        self._pulls = h @ inverse

    def linearise(self, now: Iterate) -> None:
        self._take(now.x)
        self._multipliers = now.multipliers[len(self.pairs) :].reshape(self.signs, -1)
        self._barrier = self.n * now.product  # as if it belonged to each row

    def gradient(self, x: np.ndarray) -> np.ndarray:
        slope = super().gradient(x)
        inverse = self._roots.transpose(0, 2, 1) @ self._roots
        self.last(slope)[:, self.d + 1 :] -= self._barrier * self._entries(inverse)
        return slope

    def rows(self, x: np.ndarray) -> np.ndarray:
        tau, h, W = self._parts(x)
        lengths = np.sum((h @ np.linalg.inv(W)) * h, axis=2)
        return np.concatenate([self.rises(x), (lengths - tau).ravel()])

    def along(self, step: np.ndarray) -> np.ndarray:
        (tau, h, W), u = self._parts(step), self._pulls
        moved = 2 * np.sum(u * h, axis=2) - np.sum((u @ W) * u, axis=2) - tau
        return np.concatenate([self.rises(step), moved.ravel()])

    def columns(self, z: np.ndarray) -> np.ndarray:
        f, g = self.falls(z)
        z, u = z[len(self.pairs) :].reshape(self.signs, -1), self._pulls
        weighed = z[:, :, None] * u
        g += 4 * weighed[:, : self.n].reshape(-1, self.d)
        c, W = 2 * self._turn @ weighed, self._entries(weighed.transpose(0, 2, 1) @ u)
        return np.concatenate([f, g.ravel(), np.hstack([-z.sum(axis=1, keepdims=True), c, -W]).ravel()])

    def room(self, step: np.ndarray) -> float:
        W = self._parts(step)[2]
        least = float(np.linalg.eigvalsh(self._roots @ W @ self._roots.transpose(0, 2, 1)).min())
        return -PART / least if least < 0 else np.inf

    def squares(self, weights: np.ndarray) -> np.ndarray:
        squares, weights = np.empty((self.signs, self.n, self.d, self.d)), weights.reshape(self.signs, -1)
        self._coupling = np.empty((self.signs, self.n, self.d, len(self.costs)))
        self._own = np.empty((self.signs, len(self.costs), len(self.costs)))
        for sign, (J, u) in enumerate(zip(self._roots, self._pulls, strict=True)):
            firm, stiff = np.sqrt(2 * self._multipliers[sign]), np.sqrt(weights[sign])
            ofs = self._of_last(J, u, firm, stiff)
            slopes = [2 * firm[:, None, None] * J, 4 * (stiff[:, None] * u)[:, None]]
            ofg = np.concatenate(slopes, axis=1)[: self.n].transpose(0, 2, 1)
            squares[sign] = ofg @ ofg.transpose(0, 2, 1)
            self._coupling[sign] = ofg @ ofs[: self.n]
            flat, pairs = ofs.reshape(-1, len(self.costs)), self._whitened(J)
            self._own[sign] = flat.T @ flat
            self._own[sign, self.d + 1 :, self.d + 1 :] += self._barrier * (pairs.T @ pairs)
        return squares.reshape(-1, self.d, self.d)

    def _of_last(self, J: np.ndarray, u: np.ndarray, firm: np.ndarray, stiff: np.ndarray) -> np.ndarray:
        """What is squared of the last variables, for each row of a sign, (N + 1, d + 1, k)."""
        d, low, high, turn = self.d, self._low, self._high, self._turn
        rows = np.empty((len(u), d + 1, len(self.costs)))
        rows[:, :d, 0] = 0.0
        rows[:, :d, 1 : d + 1] = (firm * turn)[:, None, None] * J
        pulled = J[:, low] * u[:, None, high] + (low != high) * J[:, high] * u[:, None, low]  # J dW u
        rows[:, :d, d + 1 :] = -firm[:, None, None] * pulled
        rows[:, d, 0] = -stiff
        rows[:, d, 1 : d + 1] = 2 * (stiff * turn)[:, None] * u
        rows[:, d, d + 1 :] = -stiff[:, None] * u[:, low] * u[:, high] * self._twice
        return rows

    def _whitened(self, J: np.ndarray) -> np.ndarray:
        """J dW J' as a function of the triangle, (d², d(d + 1)/2)."""
        low, high = J[:, self._low], J[:, self._high]
        return (low[:, None] * high + (self._twice - 1) * high[:, None] * low).reshape(self.d**2, -1)

    def joined(self, inverses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        across = np.empty((self.signs, self.n, len(self.costs)))
        coupling = self._coupling.reshape(-1, self.d, len(self.costs))
        elimination.coupled(*self._topology[:2], self.climbs, coupling, across)
        flat = self._flat()
        eased = (inverses @ coupling).reshape(flat.shape)
        return across.transpose(0, 2, 1), self._own - flat.transpose(0, 2, 1) @ eased

    def _flat(self) -> np.ndarray:
        """B, (signs, N d, k)."""
        return self._coupling.reshape(self.signs, self.n * self.d, -1)

    def to_last(self, g: np.ndarray) -> np.ndarray:
        return (g.reshape(self.signs, 1, -1) @ self._flat())[:, 0]

    def from_last(self, y: np.ndarray) -> np.ndarray:
        return (self._flat() @ y[:, :, None]).reshape(-1, self.d)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        return float((self.last(x) @ self.costs).sum()) / (self.d * self.fit.prices)

    def metrics(self, x: np.ndarray) -> list[np.ndarray | None]:
        return list(self._parts(x)[2])
