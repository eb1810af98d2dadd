"""Sliding on flats: neurons that keep to the samples they have come to lie on, until each is the atom of its name.

Where a neuron has slid to a sample it stays there, w ⟂ x_j − x_a for j in J and b = −w·x_a, and L-BFGS goes on along
the flat of these w, with the projection P_J off the span,

    u = P_J θ,   w = θ − Q Qᵀθ,   b = −w·x_a.

Where it comes to lie on more samples, J grows.  At a stationary point w is along the part of its gradient off J,
w ∝ ± reject(Σ_{i active} v_i (x_i − x_a), ∧_J): the partial wedge (2b), whose name is exact then.

Source: geomnn theory, section 2, (2) and (2b), and section 5.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.programs.certificate import LOOSE_NAMES
from geomnn.programs.problem import Problem
from geomnn.programs.restricted.solvers import with_best_sizes
from geomnn.programs.slide import SLID_AWAY, slide
from geomnn.rows import Sums
from geomnn.samples import SPANNED, Samples

__all__ = ["FIRST", "LATER", "Flats", "slide_on_flats"]

# relative to the longest centred sample, how near a hyperplane is to one that it is taken to have come to lie on: at
# first what sliding in all directions leaves, then what sliding on flats does
FIRST, LATER = 5e-4, 2e-5
# times the distance that some rows are apart by chance, their median distance over their number, that stands in the
# place of the longest one where it is less: of many rows some are near any hyperplane
APART = 20_000
ROUNDS = 8
# of a round; fewer, down to the least, where all rounds would take more products of X and weights, some minute of them
STEPS, LEAST_STEPS, PRODUCTS = 500, 25, 3 * 10**11
ENTRIES = 2**24  # of distances of samples from hyperplanes, at a time


class Flats:
    """Where each of some neurons is kept: its anchor, its members, and an orthonormal basis of their span.

    Parameters
    ----------
    samples : Samples
    units : ndarray, shape (k, D)
        ‖w‖_2 = 1.
    """

    def __init__(self, samples: Samples, units: np.ndarray):
        self._samples, self._d = samples, samples.d
        self._bases = [np.zeros((samples.d, 0))] * len(units)
        self._members: list[set[int]] = [set() for _ in units]
        self._anchors = np.zeros((len(units), samples.d))
        self._longest = np.sqrt(np.sum(samples.extent[: samples.d] ** 2)) or 1.0
        self._anchored = not samples.bias

    def grow(self, sums: Sums, units: np.ndarray, tolerance: float) -> int:
        """Let the members be those samples, too, that the hyperplanes pass so near; how many are new."""
        size, new = max(1, ENTRIES // self._samples.n), 0
        for first in range(0, len(units), size):
            distances = np.abs(sums.projections(units[first : first + size]))
            if not self._anchored:
                nearest = np.argmin(distances, axis=0)
                self._anchors[first : first + size] = self._samples.X[nearest] - self._samples.centre
            for k, column in enumerate(distances.T, first):
                apart = APART * np.median(column) / self._samples.n
                near = np.flatnonzero(column <= tolerance * min(self._longest, apart))
                near = near[np.argsort(column[near], kind="stable")]
                new += self._join(k, [row for row in near.tolist() if row not in self._members[k]])
        self._anchored = True
        self.__dict__.pop("_stacked", None)
        return new

    def _join(self, k: int, rows: list[int]) -> int:
        """Those of the rows that are independent of the members, while w has somewhere to go."""
        if not rows:
            return 0
        new, basis = 0, self._bases[k]
        table = self._samples.X[rows] - self._samples.centre - self._anchors[k]
        for row, vector in zip(rows, table, strict=True):
            length = np.linalg.norm(vector)
            if basis.shape[1] >= self._d - 1 or length <= SPANNED * self._longest:
                continue
            rest = vector / length
            for _ in range(2):
                rest = rest - basis @ (basis.T @ rest)
            size = np.linalg.norm(rest)
            if size > SPANNED:
                basis, new = np.column_stack([basis, rest / size]), new + 1
                self._members[k].add(row)
        self._bases[k] = basis
        return new

    def only(self, kept: np.ndarray) -> Flats:
        """Those of some neurons."""
        other = Flats(self._samples, np.zeros((0, self._samples.D)))
        places = np.flatnonzero(kept)
        other._bases, other._members = [self._bases[k] for k in places], [self._members[k] for k in places]
        other._anchors, other._anchored = self._anchors[places], True
        return other

    @cached_property
    def _stacked(self) -> np.ndarray:
        """The bases side by side, shape (k, d, r), with zeros where one has fewer than r vectors."""
        stacked = np.zeros(
            (len(self._bases), self._d, max((each.shape[1] for each in self._bases), default=0))
        )
        for k, basis in enumerate(self._bases):
            stacked[k, :, : basis.shape[1]] = basis
        return stacked

    def _off(self, weights: np.ndarray) -> np.ndarray:
        """(I − Q Qᵀ) w."""
        along = np.matmul(weights[:, None, :], self._stacked)
        return np.asarray(weights - np.matmul(self._stacked, along.transpose(0, 2, 1))[:, :, 0])

    def units(self, theta: np.ndarray) -> np.ndarray:
        """P θ, shape (k, D) → (k, D)."""
        weights = self._off(self._off(theta[:, : self._d]))
        if not self._samples.bias:
            return weights
        return np.column_stack([weights, -np.sum(weights * self._anchors, axis=1)])

    def pulled_back(self, gradient: np.ndarray) -> np.ndarray:
        """Pᵀ of a gradient in u, shape (k, D) → (k, D)."""
        weights = gradient[:, : self._d]
        if not self._samples.bias:
            return self._off(weights)
        return np.column_stack(
            [self._off(weights - gradient[:, -1:] * self._anchors), np.zeros(len(gradient))]
        )


def slide_on_flats(
    problem: Problem,
    sums: Sums,
    units: np.ndarray,
    z: np.ndarray,
    t: np.ndarray,
    deadline: Deadline,
    first: float = FIRST,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The network after rounds of sliding on flats, which end where all names are exact or no time is left.

    Rounds have fewer steps where tables are large, so that names take no longer than the search.

    Parameters
    ----------
    problem : Problem
    sums : Sums
        In float64.
    units, z, t : ndarray, shapes (k, D), (k, c) and (c,)
        No z is zero.
    deadline : Deadline
    first : float
        How near samples are that become members at first, relative to the longest one.

    Returns
    -------
    units, z, t
    """
    flats, pace, last = Flats(problem.samples, units), Pace(deadline, 2.0), np.inf
    products = ROUNDS * problem.samples.n * max(units.size, 1)
    steps = int(np.clip(PRODUCTS // products, LEAST_STEPS, STEPS))
    for step in range(ROUNDS):
        if pace.over() or not len(units):
            break
        deadline.say(
            f"sliding {len(units):,} neurons along the samples on their hyperplanes: round {step + 1}"
        )
        new = flats.grow(sums, units, LATER if step else first)
        if step and not new:
            largest = _angles(problem, sums, flats, units, z, t).max()
            if largest <= LOOSE_NAMES / 2 or largest >= last:
                break
            last = largest
        onto = flats.units(units)
        length = np.linalg.norm(onto[:, : problem.samples.d], axis=1)
        on = length > 0
        flats, start = flats.only(on), (onto[on] / length[on, None], z[on] * length[on, None], t)
        units, z, t = slide(problem, *start, steps, deadline, sums, flats, memory=None)
        z, t = with_best_sizes(problem, units, z, t, deadline)
        size = np.linalg.norm(z, axis=1)
        alive = size > SLID_AWAY * size.max(initial=0.0)
        flats, units, z = flats.only(alive), units[alive], z[alive]
    return units, z, t


def _angles(
    problem: Problem, sums: Sums, flats: Flats, units: np.ndarray, z: np.ndarray, t: np.ndarray
) -> np.ndarray:
    """How far each weight is from the part of its gradient off J, the sine of the angle between them, shape (k,)."""
    along, d = z / np.linalg.norm(z, axis=1, keepdims=True), problem.samples.d
    v = problem.residual(sums.predict(units, z) + t)
    gradients = flats.pulled_back(sums.correlate(units, v, along)[1])[:, :d]
    size = np.linalg.norm(gradients, axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(gradients / np.where(size > 0, size, 1.0) - units[:, :d], axis=1))
