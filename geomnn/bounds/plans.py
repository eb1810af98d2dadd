"""Plans: masses on ordered pairs of samples, from which the correlation of every unit neuron is bounded.

For masses π_ij ≥ 0 whose divergence Σ_j π_ij − π_ji is v_i, and a_i = x̃_i·u of any unit u = (w, b),

    Σ_i v_i (a_i)_+ = Σ_ij π_ij ((a_i)_+ − (a_j)_+) ≤ Σ_ij π_ij (w·(x_i − x_j))_+                          (transport)
    Σ_i v_i (a_i)_+ ≤ Σ_i 1[a_i > 0] w·q_i ≤ Σ_i (w·q_i)_+,   q_i = Σ_j π_ij (x_i − x_j)                    (stars)

as (a)_+ − (b)_+ ≤ (a − b)_+, and ≤ a − b where a > 0, ≤ 0 elsewhere; a bias b cancels. Without one there is an origin,
x_0 = 0 and (a_0)_+ = 0, with edges of its own: those from it cost nothing, as −(a_j)_+ ≤ 0, and in stars the mass of
one to it may have any sign, as (a_i)_+ = 1[a_i > 0] w·x_i. Both right sides are at most Σ_l A_l |w_l|, where A_l is the
larger of the two that ± e_l have, so at most the dual norm ‖A‖_q.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ORIGIN", "Plan", "axis", "costs", "matched"]

ORIGIN = -1  # the index of the node 0 that there is without a bias
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Plan:
    """Masses that are moved from rows to columns.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (k,)
        Numbers of samples; `ORIGIN` for the origin.
    masses : ndarray, shape (k,)
        Not below 0, but for edges to the origin in plans of stars.
    metric : ndarray, shape (d, d), optional
        In which to measure it for p = 2, if one is known.

    Examples
    --------
    >>> plan = Plan(np.array([0, 0]), np.array([1, 2]), np.array([1.0, 2.0]))
    >>> plan.divergence(3).tolist()
    [3.0, -1.0, -2.0]
    >>> costs(plan.edges(np.array([[0.0], [1.0], [-1.0]]))).tolist()
    [2.0]

    Source: geomnn theory, section 9.
    """

    rows: np.ndarray
    columns: np.ndarray
    masses: np.ndarray
    metric: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.masses)

    def divergence(self, n: int) -> np.ndarray:
        """Σ_j π_ij − π_ji of each of n samples, shape (n,)."""
        out, into = self.rows != ORIGIN, self.columns != ORIGIN
        leaving = np.bincount(self.rows[out], self.masses[out], n)
        return leaving - np.bincount(self.columns[into], self.masses[into], n)

    def differences(self, points: np.ndarray) -> np.ndarray:
        """x_i − x_j of each edge, for points (n, d), shape (k, d); zero for edges from the origin."""
        padded = np.vstack([points, np.zeros((1, points.shape[1]))])
        steps = padded[self.rows] - padded[self.columns]
        steps[self.rows == ORIGIN] = 0.0
        return steps

    def stars(self, points: np.ndarray) -> np.ndarray:
        """q_i = Σ_j π_ij (x_i − x_j) for points (n, d), shape (n, d)."""
        real, n = self.rows != ORIGIN, len(points)
        moments = self.differences(points)[real] * self.masses[real, None]
        columns = [np.bincount(self.rows[real], column, n) for column in moments.T]
        return np.column_stack(columns)

    def edges(self, points: np.ndarray) -> np.ndarray:
        """π_ij (x_i − x_j) of each edge, for points (n, d), shape (k, d)."""
        return self.differences(points) * np.maximum(self.masses, 0.0)[:, None]

    def rounding(self, v: np.ndarray, points: np.ndarray) -> float:
        """What float64 may hide of any A_l as a bound for v, shape (n,).

        A difference of two rounded coordinates is off by at most 2 eps times the extent of the feature, a sum of k
        products by k + 1 times eps times the sum of their sizes, and each entry of v that is no divergence counts
        with the whole extent.
        """
        off = float(np.abs(v - self.divergence(len(v))).sum())
        moved = float(np.abs(self.masses).sum())
        steps = len(self) + len(v) + 8
        return (off + EPS * steps * moved) * float(np.abs(points).max(initial=0.0)) * 2

    def times(self, factor: float) -> Plan:
        """The plan with all masses multiplied by a number ≥ 0."""
        return replace(self, masses=factor * self.masses)

    def backwards(self) -> Plan:
        """The plan with all edges turned round, for −v; with a bias only."""
        return replace(self, rows=self.columns, columns=self.rows)

    def joined(self, *others: Plan) -> Plan:
        """The edges of this one and of others."""
        plans = (self, *others)
        return Plan(
            np.concatenate([plan.rows for plan in plans]),
            np.concatenate([plan.columns for plan in plans]),
            np.concatenate([plan.masses for plan in plans]),
            self.metric,
        )

    def completed(self, v: np.ndarray, places: np.ndarray, bias: bool) -> Plan:
        """The plan with more edges, so that its divergence is v up to rounding.

        Parameters
        ----------
        v : ndarray, shape (n,)
            With a bias of sum 0 up to rounding.
        places : ndarray, shape (n,)
            Of the samples on a line, along which what is missing is moved in order.
        bias : bool
            Whether there is no origin, at the place 0, to give and take the rest.
        """
        missing = v - self.divergence(len(v))
        if bias:
            return self.joined(matched(missing, places))
        extra = matched(np.append(missing, -missing.sum()), np.append(places, 0.0))
        ends = [np.where(end == len(v), ORIGIN, end) for end in (extra.rows, extra.columns)]
        return self.joined(Plan(ends[0], ends[1], extra.masses))

    def merged(self) -> Plan:
        """The plan with one edge for each pair, and none without a mass."""
        if not len(self):
            return self
        size = int(max(self.rows.max(), self.columns.max())) + 2
        keys, index = np.unique((self.rows + 1) * size + self.columns + 1, return_inverse=True)
        masses = np.bincount(index.ravel(), self.masses, len(keys))
        kept = masses != 0
        return Plan(keys[kept] // size - 1, keys[kept] % size - 1, masses[kept], self.metric)


def costs(lines: np.ndarray) -> np.ndarray:
    """A_l = max over ± of Σ (±q_l)_+ of each feature, for the edges or stars q (k, d) of a plan, shape (d,)."""
    return np.maximum(np.maximum(lines, 0.0).sum(axis=0), np.maximum(-lines, 0.0).sum(axis=0))


EMPTY = Plan(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0))


def matched(supply: np.ndarray, places: np.ndarray) -> Plan:
    """The plan that moves supplies above 0 to those below 0 in the order of their places: the best one on a line.

    Parameters
    ----------
    supply : ndarray, shape (n,)
        Of sum 0; a rest, as of rounding, stays.
    places : ndarray, shape (n,)

    Source: geomnn theory, section 9.
    """
    order = np.argsort(places, kind="stable")
    sources, sinks = order[supply[order] > 0], order[supply[order] < 0]
    if not len(sources) or not len(sinks):
        return EMPTY
    given, taken = np.cumsum(supply[sources]), np.cumsum(-supply[sinks])
    cuts = np.unique(np.concatenate([[0.0], given, taken]))
    cuts = cuts[cuts <= min(given[-1], taken[-1])]
    middles = (cuts[1:] + cuts[:-1]) / 2
    rows = sources[np.searchsorted(given, middles)]
    return Plan(rows, sinks[np.searchsorted(taken, middles)], np.diff(cuts))


def axis(points: np.ndarray) -> np.ndarray:
    """The direction in which points (n, d) spread most, shape (d,)."""
    size = np.abs(points).max(initial=0.0)
    if size == 0:
        return np.zeros(points.shape[1])
    return np.linalg.svd(points / size, full_matrices=False)[2][0]
