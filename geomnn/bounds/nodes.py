"""The nodes of plans: samples whose features are the same, or without a bias multiples of one another, as one.

If x_j = λ x_r, λ > 0, then without a bias (x_j·w)_+ = λ (x_r·w)_+, and with one, for λ = 1, the features are equal:
only V_r = Σ_j λ_j v_j matters for a correlation, and how it is shared costs nothing. A plan on the nodes becomes one on
the samples by edges of no cost,

    v_j > 0: j → r with λ v_j and j → 0 with (1 − λ) v_j,      q_j = λ v_j (x_j − x_r) + (1 − λ) v_j x_j = 0,
    v_j < 0: r → j with |v_j| and r → 0 with −(1 − λ) |v_j|,   q_r = |v_j| (x_r − x_j) − (1 − λ) |v_j| x_r = 0.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.bounds.plans import ORIGIN, Plan, axis
from geomnn.samples import Samples

__all__ = ["Nodes"]


class Nodes:
    """The nodes of the samples.

    Parameters
    ----------
    samples : Samples
    rays : bool
        Whether, without a bias, multiples are one node; otherwise only equal rows are.

    Attributes
    ----------
    first : ndarray of int, shape (N,)
        The sample x_r of each node, the longest of its ray.
    points : ndarray, shape (N, d)
        x_r, centred where there is a bias.
    node : ndarray of int, shape (n,)
        Of each sample; −1 for a row of zeros without a bias, whose activation is 0.
    ratio : ndarray, shape (n,)
        λ, in (0, 1].
    places : ndarray, shape (N,)
        Of the nodes along the axis of their largest spread.
    """

    def __init__(self, samples: Samples, rays: bool):
        x = samples.homogeneous[:, : samples.d]
        self.bias, self.first, self.node = samples.bias, samples.distinct, samples.distinct_index
        self.ratio = np.ones(samples.n)
        if rays and not samples.bias and len(self.first):
            sizes = np.abs(x[self.first]).max(axis=1)
            index = np.unique(x[self.first] / sizes[:, None] + 0.0, axis=0, return_inverse=True)[1].ravel()
            longest = np.lexsort((-sizes, index))
            heads = longest[np.unique(index[longest], return_index=True)[1]]
            real = self.node >= 0
            self.node = np.where(real, index[self.node], -1)
            self.ratio[real] = (np.abs(x).max(axis=1)[real]) / sizes[heads][self.node[real]]
            self.first = self.first[heads]
        self.points = x[self.first]
        self.places = self.points @ axis(self.points)

    def __len__(self) -> int:
        return len(self.first)

    def merged(self, values: np.ndarray, power: int = 1) -> np.ndarray:
        """Σ_j λ_j^power a_j over the samples of each node, (n,) → (N,)."""
        real = self.node >= 0
        return np.bincount(self.node[real], (values * self.ratio**power)[real], len(self.first))

    def spread(self, plan: Plan, v: np.ndarray) -> Plan:
        """A plan on the nodes, with divergence V, as one on the samples, with divergence v."""
        head = np.append(self.first, ORIGIN)
        samples = replace(plan, rows=head[plan.rows], columns=head[plan.columns])
        others = np.ones(len(v), dtype=bool)
        others[self.first] = False
        j = np.flatnonzero(others & (self.node >= 0) & (v != 0))
        r, share, giving = self.first[self.node[j]], self.ratio[j], v[j] > 0
        moved = np.where(giving, share * v[j], -v[j])
        inner = Plan(np.where(giving, j, r), np.where(giving, r, j), moved)
        k = np.flatnonzero(share != 1)
        to = np.where(giving, j, r)[k]
        outer = Plan(to, np.full(len(k), ORIGIN), ((1 - share) * v[j])[k])
        zero = np.flatnonzero(others & (self.node < 0) & (v != 0))
        out, origin = v[zero] > 0, np.full(len(zero), ORIGIN)
        free = Plan(np.where(out, zero, origin), np.where(out, origin, zero), np.abs(v[zero]))
        return samples.joined(inner, outer, free).merged()
