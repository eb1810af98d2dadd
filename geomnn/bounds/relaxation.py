"""Relaxed units: classes of functions on the samples that hold every unit neuron, and are convex.

Over such a class, scaled by what it costs, the best fit

    minimise ½ Σ_i h_i (f_i − t_i)² + ρ Σ μ   over   f = f⁺ − f⁻,  f± of the class with slopes between −μ⁻_l and μ⁺_l

is below that of every network, and its multipliers are plans whose divergence is v = h (t − f): so v is the one for
which plans bound most. A class is given by its pairs of samples,

    f_i − f_j ≤ Σ_l μ⁺_l (x_il − x_jl)_+ + μ⁻_l (x_jl − x_il)_+                           (transport),
    f_i − f_j ≤ g_i·(x_i − x_j),   −μ⁻ ≤ g_i ≤ μ⁺                                        (stars: convex functions),

which come in working sets. Without a bias the origin is one sample more, at which f is 0.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.spatial.distance import cdist

from geomnn.bounds.interior_point import Iterate, Program, mean_product
from geomnn.bounds.plans import ORIGIN, Plan

__all__ = ["Fit", "Pairs", "Relaxation", "nearest"]

# added to a unit diagonal, relative to which it is some hundred roundings: so a matrix that is singular is factored
RIDGE = 1e-13
PAIRS_AT_A_TIME = 2**22  # pairs that are looked at together
SLOPE = 0.2  # of f at the start, relative to the spread of the targets over that of the samples
# relative to the largest target, by how much a pair has to be violated to be added: less changes no digit that is shown
VIOLATED = 1e-5
# relative to the largest slack at the start, what each has there, even if its row then does not hold at once: a start
# that is not centred costs steps
LEAST = 1e-7
SOLID = 20.0  # times the mean product: a multiplier of a pair that is kept


@dataclass(frozen=True)
class Fit:
    """Targets to fit, in units in which all numbers are of size 1.

    Parameters
    ----------
    points : ndarray, shape (N, d)
        Distinct samples; without a bias the origin comes last.
    curvature, targets : ndarray, shape (N,)
        h and t; both 0 at the origin.
    prices : ndarray, shape (d,)
        ρ, of the slopes along each feature.
    origin : bool
        Whether there is one.
    """

    points: np.ndarray
    curvature: np.ndarray
    targets: np.ndarray
    prices: np.ndarray
    origin: bool


class Pairs:
    """The working set of a relaxation: pairs of samples for each sign, in order of sign, row and column.

    Parameters
    ----------
    fit : Fit
    keys : list of ndarray of int
        i N + j of the pairs of each sign; those of the origin are added.

    Attributes
    ----------
    sign, row, column : ndarray of int, shape (m,)
    start : ndarray of int, shape (signs N + 1,)
        Where the pairs of a sign and row begin.
    differences : ndarray, shape (m, d)
        x_i − x_j, zero in pairs that come from the origin.
    """

    def __init__(self, fit: Fit, keys: list[np.ndarray]):
        n = len(fit.points)
        if fit.origin:
            others = np.arange(n - 1)
            always = np.concatenate([others * n + n - 1, (n - 1) * n + others])
            keys = [np.union1d(key, always) for key in keys]
        self.keys = keys
        self.sign = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
        self.row, self.column = np.divmod(np.concatenate(keys), n)
        self.start = np.searchsorted(self.sign * n + self.row, np.arange(len(keys) * n + 1))
        self.differences = fit.points[self.row] - fit.points[self.column]
        if fit.origin:
            self.differences[self.row == n - 1] = 0.0

    def __len__(self) -> int:
        return len(self.row)


class Relaxation(Program):
    """The fit over a class of relaxed units, on a working set of its pairs.

    Its variables are f for each sign and sample, further ones of the class, and for each sign the last ones, with their
    costs: μ⁺ and μ⁻ unless the class has others. Its rows are the pairs, and further ones.

    Parameters
    ----------
    fit : Fit
    pairs : Pairs

    Source: geomnn theory, section 9.
    """

    def __init__(self, fit: Fit, pairs: Pairs):
        self.fit, self.pairs = fit, pairs
        self.n, self.d = fit.points.shape
        self.signs = len(pairs.keys)
        self.tight = self._tied = np.zeros(0, dtype=int)  # rows that are tight, and the places of their f
        self.costs = self.priced()
        self.order = self.n + len(self.costs)
        self.heights = self.signs * self.n  # where f ends
        self._direction = np.array([1.0, -1.0])[: self.signs]
        self._pinned = self._pins()

    def _pins(self) -> np.ndarray:
        """The places of what is fixed, as the program does not depend on it: f of the origin, or a common constant."""
        if self.fit.origin:
            return np.arange(self.signs) * self.order + self.n - 1
        return np.full(self.signs - 1, self.order)

    def fitted(self, x: np.ndarray) -> np.ndarray:
        """f⁺ − f⁻, shape (N,)."""
        return self._direction @ x[: self.heights].reshape(self.signs, self.n)

    @classmethod
    def size(cls, n: int, d: int) -> tuple[int, int]:
        """About how many numbers and products a step takes for one sign."""
        order = n + 2 * d
        return order**2, order**3 // 3

    def priced(self) -> np.ndarray:
        """What the last variables of a sign cost, shape (k,)."""
        return np.tile(self.fit.prices, 2)

    def last(self, x: np.ndarray) -> np.ndarray:
        """The last variables of each sign, shape (signs, k)."""
        return x[len(x) - self.signs * len(self.costs) :].reshape(self.signs, -1)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """Σ μ of each feature, shape (d,)."""
        return self.last(x).reshape(-1, self.d).sum(axis=0)

    def metrics(self, x: np.ndarray) -> list[np.ndarray | None]:
        """The metric of each sign in which its plan is measured, (d, d), where there is one."""
        return [None] * self.signs

    def cheap_slopes(self) -> np.ndarray:
        """Slopes of the features that cost the same, to begin with, shape (d,)."""
        return 2 * SLOPE / np.sqrt(self.d) * self.fit.prices.min() / self.fit.prices

    def begin(self, x: np.ndarray, product: float, usual: np.ndarray | None = None) -> Iterate:
        """The iterate at x whose multipliers are the product by slacks, or by usual ones of the pairs."""
        slacks = -self.rows(x)
        slacks[self.tight] = 1.0
        slacks = np.maximum(slacks, LEAST * slacks.max())
        multipliers = product / slacks
        if usual is not None:
            multipliers[: len(usual)] = product / np.maximum(usual, LEAST * slacks.max())
        multipliers[self.tight] = 0.0
        multipliers[self.tight] = -self.columns(multipliers)[self._tied]
        return Iterate(x, slacks, multipliers, mean_product(slacks, multipliers, self.tight))

    def value(self, x: np.ndarray) -> float:
        off = self.fitted(x) - self.fit.targets
        return float(0.5 * self.fit.curvature @ off**2 + (self.last(x) @ self.costs).sum())

    def gradient(self, x: np.ndarray) -> np.ndarray:
        slope = np.zeros_like(x)
        pull = self.fit.curvature * (self.fitted(x) - self.fit.targets)
        slope[: self.heights] = np.outer(self._direction, pull).ravel()
        self.last(slope)[:] = self.costs
        return slope

    def plans(self, multipliers: np.ndarray) -> list[Plan]:
        """The multipliers of the pairs as a plan for each sign; the origin has its own index."""
        pairs, masses = self.pairs, multipliers[: len(self.pairs)]
        ends = [pairs.row, pairs.column]
        if self.fit.origin:
            ends = [np.where(end == self.n - 1, ORIGIN, end) for end in ends]
        return [
            Plan(ends[0][here], ends[1][here], masses[here])
            for here in (pairs.sign == sign for sign in range(self.signs))
        ]

    @abstractmethod
    def violations(self, x: np.ndarray, sign: int, rows: np.ndarray) -> np.ndarray:
        """f_i − f_j less the most that the class lets it be, for some samples i and all j, shape (k, N)."""

    @abstractmethod
    def condensed(self, weights: np.ndarray) -> np.ndarray:
        """A'WA on f and μ with all other variables eliminated, lower triangles, shape (signs, order, order)."""

    @abstractmethod
    def condense(self, right: np.ndarray) -> np.ndarray:
        """A right side with all other variables eliminated, shape (signs, order)."""

    @abstractmethod
    def expand(self, right: np.ndarray, solution: np.ndarray) -> np.ndarray:
        """All variables, from those that are left, shape (signs, order)."""

    def factor(self, weights: np.ndarray) -> bool:
        order, blocks = self.order, self.condensed(weights)
        matrix = np.zeros((self.signs * order, self.signs * order))
        places = np.arange(self.n)
        for sign, block in enumerate(blocks):
            at = sign * order
            matrix[at : at + order, at : at + order] = block
            matrix[at + places, at + places] += self.fit.curvature
            matrix[at + places, places] -= self.fit.curvature if sign else 0.0
        matrix[self._pinned] = 0.0
        matrix[:, self._pinned] = 0.0
        matrix[self._pinned, self._pinned] = 1.0
        diagonal = matrix.diagonal()
        if not ((diagonal > 0) & (diagonal < np.inf)).all():  # weights that have overflowed
            return False
        self._scale = 1 / np.sqrt(diagonal)
        matrix *= self._scale
        matrix *= self._scale[:, None]
        np.fill_diagonal(matrix, 1.0 + RIDGE)
        self._factor, info = dpotrf(matrix.T, lower=0, clean=0, overwrite_a=1)
        return info == 0

    def solve(self, right: np.ndarray) -> np.ndarray:
        condensed = self.condense(right).ravel()
        condensed[self._pinned] = 0.0
        solution, _ = dpotrs(self._factor, self._scale * condensed, lower=0)
        solution *= self._scale
        solution[self._pinned] = 0.0
        return self.expand(right, solution.reshape(self.signs, self.order))

    def grown(
        self, x: np.ndarray, multipliers: np.ndarray, product: float, most: int
    ) -> tuple[list[np.ndarray], int]:
        """The next working set, and how many pairs of all are violated.

        Pairs with a solid multiplier stay, and each sample gets its most violated pairs.

        Parameters
        ----------
        x, multipliers : ndarray
        product : float
            The mean one of slacks and multipliers.
        most : int
            Pairs for each sample that are added.
        """
        masses, keys, violated = np.abs(multipliers[: len(self.pairs)]), [], 0
        for sign in range(self.signs):
            here = (self.pairs.sign == sign) & (masses > SOLID * product)
            worst, count = self._worst(x, sign, most)
            keys.append(np.union1d(self.pairs.row[here] * self.n + self.pairs.column[here], worst))
            violated += count
        return keys, violated

    def _worst(self, x: np.ndarray, sign: int, most: int) -> tuple[np.ndarray, int]:
        """The most violated pairs of each sample, and how many of all are."""
        n, found, count = self.n, [np.zeros(0, dtype=int)], 0
        most = min(most, n - 1)
        limit = VIOLATED * float(np.abs(self.fit.targets).max())
        for rows in np.array_split(np.arange(n), -(-n * n // PAIRS_AT_A_TIME)):
            excess = self.violations(x, sign, rows)
            excess[np.arange(len(rows)), rows] = 0.0
            count += int(np.count_nonzero(excess > limit))
            columns = np.argpartition(excess, n - most, axis=1)[:, n - most :]
            bad = np.take_along_axis(excess, columns, axis=1) > limit
            found.append((rows[:, None] * n + columns)[bad])
        return np.concatenate(found), count


def nearest(points: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Pairs to begin with, both ways: of each point with its nearest, and with as many at random.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    count : int
    seed : int

    Returns
    -------
    ndarray of int
        i N + j, sorted.
    """
    n = len(points)
    count, rng = min(count, n - 1), np.random.default_rng(seed)
    if count < 1:
        return np.zeros(0, dtype=int)
    ends, rows = [], np.repeat(np.arange(n), count)
    for part in np.array_split(np.arange(n), -(-n * n // PAIRS_AT_A_TIME)):
        distances = cdist(points[part], points)
        distances[np.arange(len(part)), part] = np.inf
        ends.append(np.argpartition(distances, count - 1, axis=1)[:, :count])
    near, chance = np.concatenate(ends).ravel(), rng.integers(0, n, n * count)
    rows, columns = np.concatenate([rows, near, rows]), np.concatenate([near, rows, chance])
    return np.unique((rows * n + columns)[rows != columns])
