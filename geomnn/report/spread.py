"""What an optimum leaves open: how far apart the predictions of all optimal networks are, at a few points.

Each point takes two linear programs, in float64 whatever the arithmetic of the solution is; so points are few, problems
that are large are left out, and what is said is what was found at these points.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.stats import qmc

from geomnn.errors import EnumerationTooLarge, UnsupportedProblem
from geomnn.optima.choices import SURE
from geomnn.optimal_sets import OptimalSet, optimal_set
from geomnn.solution import Solution

__all__ = ["Spread", "spread_of"]

POINTS = 24  # that are looked at
MERGED = 60  # active atoms up to which networks with merged neurons are compared, too
LARGEST = 20_000  # entries of the features of the active atoms, and so of a linear program, up to which there are any


@dataclass(frozen=True)
class Spread:
    """The least and the largest predictions of all optimal networks.

    Parameters
    ----------
    optima : OptimalSet
        In float64.
    points : ndarray, shape (m, d)
        Of what the network takes.
    ends : ndarray, shape (m, 2)
    merged : bool
        Whether networks with merged neurons are among those that were compared.
    """

    optima: OptimalSet
    points: np.ndarray
    ends: np.ndarray
    merged: bool

    @cached_property
    def widest(self) -> int:
        """The first of the points at which the predictions are farthest apart, up to rounding."""
        widths = self.ends[:, 1] - self.ends[:, 0]
        return int(np.argmax(widths >= widths.max() - self._same))

    @property
    def is_open(self) -> bool:
        """Whether they differ at some point by more than rounding."""
        return bool(np.ptp(self.ends[self.widest]) > self._same)

    @property
    def _same(self) -> float:
        """The difference up to which two predictions are equal, as amounts are zero."""
        return SURE * self.optima.tolerance * float(np.abs(self.ends).max())


def spread_of(solution: Solution) -> Spread | None:
    """The spread of a solution of one output; None where there is one optimal network, or too much to look at.

    Parameters
    ----------
    solution : Solution
    """
    if solution.unique or solution.problem.outputs > 1 or not len(solution.network):
        return None
    try:
        optima = optimal_set(replace(solution, exact=None))
        if optima.columns.size > LARGEST:
            return None
        merged = len(optima.atoms) <= MERGED
        points = _within(solution.problem.samples.X)
        ends = optima.predict_interval(points, "all" if merged else "dictionary")
    except (EnumerationTooLarge, UnsupportedProblem):
        return None
    return Spread(optima, points, ends, merged)


def _within(X: np.ndarray) -> np.ndarray:
    """Points spread evenly over the ranges of the columns, the middle first: those of Halton, the same on every
    machine."""
    low, high = X.min(axis=0), X.max(axis=0)
    shares = qmc.Halton(X.shape[1], scramble=False).random(POINTS)
    shares[0] = 0.5  # which is the corner 0
    return low + shares * (high - low)
