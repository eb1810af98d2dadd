"""Pricing by branch and bound: a proven bound where there are too many atoms to look at each.

With m_i the most that |x̃_i·u| can be over ‖w‖_p ≤ 1, which with a bias is max_a ‖x_i − x_a‖_q as an optimal
hyperplane passes through some sample x_a, and with r = ± v, a_i = x̃_i·u/m_i and h_i = (a_i)_+ in [0, 1], the largest
correlation is that of the mixed-integer program

    max Σ_i r_i m_i h_i   with   h_i ≥ a_i,  h_i ≥ 0                                       where r_i < 0,
                                 h_i ≤ a_i + 1 − δ_i,  h_i ≤ δ_i,  δ_i ∈ {0, 1}            where r_i > 0,

over w = w⁺ − w⁻, w± ≥ 0, Σ_l w⁺_l + w⁻_l ≤ 1 for p = 1 and w⁺_l + w⁻_l ≤ 1 for every l for p = ∞, and over b,
|b| ≤ ‖R‖_q, R half the ranges of the features, for both signs of v.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array
from scipy.spatial.distance import cdist

from geomnn.atoms import Atom
from geomnn.deadline import Deadline
from geomnn.dictionaries.base import Dictionary, Pricing
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.local import LocalDictionary
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.machine import quiet_stdout
from geomnn.norms import ball
from geomnn.samples import Samples

__all__ = ["BranchedPricing", "BranchingDictionary"]

COST = 1e4  # Σ|r_i m_i| as HiGHS sees it, whose tolerances for gaps, 1e-6, and duals, 1e-7, are absolute
# relative to Σ|r_i m_i|, by which every bound is raised: HiGHS keeps constraints to 1e-7 to 1e-6, on variables of
# size 1, and gaps to 1e-6 of an objective of size COST
TRUST = 1e-7
# relative to Σ|r_i m_i|, below which a sample is left out of the search: a million of them together are below TRUST
NO_MOMENT = 1e-13


@dataclass(frozen=True)
class BranchedPricing(Pricing):
    """A pricing whose maximum is an upper bound of the correlation of every unit neuron.

    Parameters
    ----------
    maximum : float
    units : ndarray, shape (k, D)
    complete : bool
        Whether the search came to its end, so that the first unit reaches the maximum but for about
        1e-6 Σ_i |v_i| m_i; False where the time limit stopped it, and the maximum may lie well above.
    """

    complete: bool


class BranchingDictionary(Dictionary):
    """All unit neurons for p = 1 and ∞, priced by branch and bound; scalar output.

    The second and the fifth law of `Dictionary` hold up to tolerances only: the maximum is an upper bound, which the
    first unit reaches but for about 1e-6 Σ_i |v_i| m_i where `BranchedPricing.complete`, and which no unit needs to
    reach where the time limit stopped the search.  There may then be no unit at all, and what is found depends on the
    speed of the machine.  The bound is proven in the floating point of HiGHS, not in exact arithmetic: it is raised
    by 1e-7 Σ_i |v_i| m_i for the tolerances there.

    Parameters
    ----------
    samples : Samples
    norm : float
        1 or inf.
    time_limit : float
        Seconds for one pricing, both signs of the residual together.

    Attributes
    ----------
    count : int
        The most binaries that a search may have: the number of distinct samples.

    Raises
    ------
    OptionError
        If the norm is 2, or the time limit is not above 0.

    Source: geomnn theory, section 5.
    """

    scope = "global"
    program = "all"
    method = "milp"

    def __init__(self, samples: Samples, norm: float, time_limit: float = 60.0):
        super().__init__(samples, norm)
        space = ball(norm)
        if not space.polyhedral:
            raise OptionError(
                "norm=2 gives no linear program; 1 or numpy.inf was expected: use FaceDictionary or LocalDictionary."
            )
        real = isinstance(time_limit, int | float | np.integer | np.floating)
        if not real or isinstance(time_limit, bool) or not time_limit > 0:
            raise OptionError(f"time_limit={time_limit!r}; a number of seconds above 0 was expected.")
        self._walks = LocalDictionary(samples, norm, starts=1)
        self.time_limit, self.count = float(time_limit), len(samples.distinct)
        d, x = samples.d, samples.homogeneous[samples.distinct, : samples.d]
        distances = cdist(x, x if samples.bias else np.zeros((1, d)), "minkowski", p=space.q)
        self._most = distances.max(axis=1, initial=0.0)
        # columns w⁺, w⁻ and b, the last in units of the most that it can be
        columns = [x, -x]
        if samples.bias:
            columns.append(np.full((len(x), 1), space.dual_length(np.abs(x).max(axis=0))))
        self._along = np.hstack(columns) / np.where(self._most > 0, self._most, 1.0)[:, None]
        # one row for the sum of all coordinates, or one for each
        facets = np.tile(np.ones(d) if norm == 1 else np.eye(d), 2).reshape(-1, 2 * d)
        self._ball = np.hstack([facets, np.zeros((len(facets), int(samples.bias)))])

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> BranchedPricing:
        """The bound of every unit neuron, and the best units found for both signs of the residual.

        Raises
        ------
        UnsupportedProblem
            If the residual has more than one column.
        """
        if residual.shape[1] != 1:
            raise UnsupportedProblem(
                f"BranchingDictionary prices scalar outputs, and the residual has {residual.shape[1]} columns; "
                "use WedgeDictionary or LocalDictionary."
            )
        gains = self.samples.merged(residual)[:, 0] * self._most
        total = float(np.abs(gains).sum())
        if total == 0:
            return BranchedPricing(0.0, np.zeros((0, self.samples.D)), True)
        deadline = Deadline.after(self.time_limit)
        searches = [self._search(gains / total, self.time_limit / 2)]
        searches.append(self._search(-gains / total, deadline.left()))
        bounds, found, complete = zip(*searches, strict=True)
        weights = np.array([weight for weight in found if weight.any()]).reshape(-1, self.samples.d)
        polished = self._walks.follow(weights, residual, 0.0, 2)  # atoms that are not lower
        values = np.abs(residual[:, 0] @ self.samples.activations(polished.units))
        maximum = max(total * (max(bounds) + TRUST), polished.maximum)
        return BranchedPricing(maximum, polished.units[values > threshold][:limit], all(complete))

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, self.norm, ball(self.norm).directions(self.samples.d))

    def _search(self, gains: np.ndarray, seconds: float) -> tuple[float, np.ndarray, bool]:
        """For r_i m_i of which the sizes sum to 1: a bound, the best weight found (or zero), and whether it ended."""
        wanted, unwanted = np.flatnonzero(gains > NO_MOMENT), np.flatnonzero(gains < -NO_MOMENT)
        bound, weight = float(gains[gains > 0].sum()), np.zeros(self.samples.d)
        if not len(wanted) or seconds <= 0:
            return bound, weight, not len(wanted)
        rows = np.concatenate([wanted, unwanted])
        along, (balls, columns) = self._along[rows], self._ball.shape
        k, n, d = len(wanted), len(rows), self.samples.d
        hidden, switch = eye_array(n, format="csr"), eye_array(k)
        program = [
            [csr_array(self._ball), None, None],
            [csr_array(along[k:]), -hidden[k:], None],
            [csr_array(-along[:k]), hidden[:k], switch],
            [None, hidden[:k], -switch],
        ]
        upper = np.repeat([1.0, 0.0, 1.0, 0.0], [balls, n - k, k, k])
        lower = np.repeat([0.0, -1.0, 0.0], [2 * d, columns - 2 * d, n + k])  # b may be negative
        with quiet_stdout():
            result = milp(
                np.concatenate([np.zeros(columns), -COST * gains[rows], np.zeros(k)]),
                integrality=np.repeat([0, 1], [columns + n, k]),
                bounds=Bounds(lower, 1.0),
                constraints=LinearConstraint(block_array(program, format="csr"), -np.inf, upper),
                options={"time_limit": seconds, "mip_rel_gap": 0.0},
            )
        if result.status in (0, 1) and result.mip_dual_bound is not None:  # ended, or out of time
            bound = min(bound, -result.mip_dual_bound / COST)
        if result.x is not None:
            weight = result.x[:d] - result.x[d : 2 * d]
        return bound, weight, result.status == 0
