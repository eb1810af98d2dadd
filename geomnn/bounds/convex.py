"""Relaxed units that are convex functions: f_j ≥ f_i + g_i·(x_j − x_i) for all pairs, with slopes g_i in a box.

Their slopes are eliminated one sample after the other, whatever bounds them: of that a class says which squares of g_i
and its last variables y it puts into A'WA, Σ_i g_i'R_i g_i + 2 g_i'B_i y.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from geomnn.bounds import elimination
from geomnn.bounds.interior_point import Iterate
from geomnn.bounds.relaxation import Fit, Pairs, Relaxation

__all__ = ["BoxRelaxation", "ConvexRelaxation"]


class ConvexRelaxation(Relaxation):
    """Convex functions; without a bias they are homogeneous, f_i = g_i·x_i, and not below 0.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def __init__(self, fit: Fit, pairs: Pairs):
        super().__init__(fit, pairs)
        self._topology = pairs.start, pairs.column, pairs.differences
        self._factors = np.empty((self.heights, self.d, self.d))
        self._blocks = np.empty((self.signs, self.order, self.order))
        self.climbs = np.empty_like(pairs.differences)  # w_ij G_i⁻¹ (x_i − x_j)
        if fit.origin:
            self.tight = np.flatnonzero(pairs.column == self.n - 1)
            self._tied = (pairs.sign * self.n + pairs.row)[self.tight]

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """f (signs N,), g (signs N, d) and the last variables (signs, k)."""
        f, g, last = np.split(x, [self.heights, self.heights * (1 + self.d)])
        return f, g.reshape(-1, self.d), last.reshape(self.signs, -1)

    def bowl(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """f (N,) and g (N, d) inside all pairs, to begin with, and the largest slopes (d,) that they may need."""
        points, slopes = self.fit.points, self.cheap_slopes()
        if self.fit.origin:  # |K x|, which is homogeneous
            stretched = points * slopes / 2
            f = np.linalg.norm(stretched, axis=1)
            return f, stretched * slopes / 2 / np.where(f > 0, f, 1.0)[:, None], slopes
        g = points * slopes / np.maximum(1.0, np.abs(points).max(axis=0)) / 2  # x'K x/2
        return np.sum(g * points, axis=1) / 2, g, slopes

    def rises(self, x: np.ndarray) -> np.ndarray:
        """f_i − f_j − g_i·(x_i − x_j) of the pairs."""
        f, g, _ = self.split(x)
        out = np.empty(len(self.pairs))
        elimination.stretched(*self._topology, self.n, f, g, out)
        return out

    def falls(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What multipliers of the pairs give to f and g."""
        f, g = np.zeros(self.heights), np.zeros((self.heights, self.d))
        elimination.slopes_of(*self._topology, self.n, z, f, g)
        return f, g

    def violations(self, x: np.ndarray, sign: int, rows: np.ndarray) -> np.ndarray:
        f, g, _ = self.split(x)
        f, g = f[sign * self.n : (sign + 1) * self.n], g[sign * self.n : (sign + 1) * self.n].copy()
        points = self.fit.points
        if self.fit.origin:
            g[-1] = 0.0
        excess = g[rows] @ points.T
        excess += (f[rows] - np.sum(g[rows] * points[rows], axis=1))[:, None]
        excess -= f
        if self.fit.origin:
            excess[:, -1] = 0.0  # there all are, and hold with equality
        return excess

    @abstractmethod
    def squares(self, weights: np.ndarray) -> np.ndarray:
        """R_i, shape (signs N, d, d), for weights of the rows that are no pairs."""

    @abstractmethod
    def joined(self, inverses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is left of A'WA between y and f, (signs, k, N), and on y, (signs, k, k), for G⁻¹ (signs N, d, d)."""

    @abstractmethod
    def to_last(self, g: np.ndarray) -> np.ndarray:
        """Σ_i B_i' g_i, (signs N, d) → (signs, k)."""

    @abstractmethod
    def from_last(self, y: np.ndarray) -> np.ndarray:
        """B_i y, (signs, k) → (signs N, d)."""

    def condensed(self, weights: np.ndarray) -> np.ndarray:
        self._weights, rest = weights[: len(self.pairs)], weights[len(self.pairs) :]
        self._factors[:] = self.squares(rest)
        elimination.condensed(*self._topology, self._weights, self._factors, self._blocks, self.climbs)
        inverses = np.empty_like(self._factors)
        elimination.inverted(self._factors, inverses)
        self._blocks[:, self.n :, : self.n], self._blocks[:, self.n :, self.n :] = self.joined(inverses)
        return self._blocks

    def condense(self, right: np.ndarray) -> np.ndarray:
        f, g, last = (part.copy() for part in self.split(right))
        f = f.reshape(self.signs, -1)
        elimination.reduced(*self._topology, self._weights, self._factors, g, f)
        return np.hstack([f, last - self.to_last(g)])

    def expand(self, right: np.ndarray, solution: np.ndarray) -> np.ndarray:
        f, last = np.ascontiguousarray(solution[:, : self.n]), solution[:, self.n :]
        g = self.split(right)[1] - self.from_last(last)
        elimination.expanded(*self._topology, self._weights, self._factors, f, g)
        return np.concatenate([f.ravel(), g.ravel(), last.ravel()])


class BoxRelaxation(ConvexRelaxation):
    """Convex functions with slopes in a box, −μ⁻ ≤ g_i ≤ μ⁺.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def _boxes(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The parts of the boxes above and below, (signs N, d), and of −μ ≤ 0, (signs, 2d), of what is on no pair."""
        size = self.heights * self.d
        above, below, rest = np.split(z, [size, 2 * size])
        return above.reshape(-1, self.d), below.reshape(-1, self.d), rest.reshape(self.signs, -1)

    def _summed(self, above: np.ndarray, below: np.ndarray) -> np.ndarray:
        """−Σ_i of both parts, (signs N, d) → (signs, 2d)."""
        return -np.hstack([part.reshape(self.signs, self.n, -1).sum(axis=1) for part in (above, below)])

    def start(self) -> Iterate:
        f, g, slopes = self.bowl()
        x = np.concatenate(
            [np.tile(f, self.signs), np.tile(g.ravel(), self.signs), np.tile(slopes, 2 * self.signs)]
        )
        return self.begin(x, float(self.fit.prices @ slopes) / self.d / (2 * self.n))

    def rows(self, x: np.ndarray) -> np.ndarray:
        _, g, slopes = self.split(x)
        up, down = (np.repeat(part, self.n, axis=0) for part in np.split(slopes, 2, axis=1))
        return np.concatenate([self.rises(x), (g - up).ravel(), (-g - down).ravel(), -slopes.ravel()])

    def columns(self, z: np.ndarray) -> np.ndarray:
        above, below, rest = self._boxes(z[len(self.pairs) :])
        f, g = self.falls(z)
        g += above - below
        return np.concatenate([f, g.ravel(), (self._summed(above, below) - rest).ravel()])

    def squares(self, weights: np.ndarray) -> np.ndarray:
        self._above, self._below, self._rest = self._boxes(weights)
        squares = np.zeros((self.heights, self.d, self.d))
        np.einsum("rll->rl", squares)[:] = self._above + self._below
        return squares

    def joined(self, inverses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d, parts = self.d, (-self._above, self._below)
        across = np.empty((self.signs, 2 * d, self.n))
        block = np.zeros((self.signs, 2 * d, 2 * d))
        places = np.arange(2 * d)
        block[:, places, places] = self._rest - self._summed(self._above, self._below)
        for p, part in enumerate(parts):
            some = np.empty((self.signs, self.n, d))
            elimination.boxed(*self._topology[:2], self.climbs, part, some)
            across[:, p * d : (p + 1) * d] = some.transpose(0, 2, 1)
            for q, other in enumerate(parts):
                taken = (part[:, :, None] * inverses * other[:, None, :]).reshape(self.signs, self.n, d, d)
                block[:, p * d : (p + 1) * d, q * d : (q + 1) * d] -= taken.sum(axis=1)
        return across, block

    def to_last(self, g: np.ndarray) -> np.ndarray:
        return self._summed(self._above * g, -self._below * g)

    def from_last(self, y: np.ndarray) -> np.ndarray:
        up, down = (np.repeat(part, self.n, axis=0) for part in np.split(y, 2, axis=1))
        return self._below * down - self._above * up
