"""Chains of unit width: neurons of one feature each, folded at samples.

A neuron that depends on the feature k_j alone is ± (k_j − c)_+, and between neighbouring values of k_j on the samples
its activation is affine in c: the vertices are the c = k_j(x_i), the wedges (3) with |S| = 1.
"""

from __future__ import annotations

import numpy as np

from geomnn.atoms import Atom
from geomnn.dictionaries.base import Dictionary, Pricing, refuse_if_too_large
from geomnn.errors import UnsupportedProblem
from geomnn.norms import Direction
from geomnn.samples import Samples

__all__ = ["ChainDictionary"]

SECONDS_PER_CHAIN_ENTRY = 3e-7  # of the table of all features, for a solve


class ChainDictionary(Dictionary):
    """The neurons of one column each, φ = (± (k_j − k_j(x_i)))_+ for every column j and sample i, or the columns alone.

    Parameters
    ----------
    samples : Samples
        Of the table K, shape (n, M): the samples, or the features of the layers below; with a bias.
    columns : bool
        True for the columns k_j − min_i k_j themselves, as features that are not folded again.

    Raises
    ------
    UnsupportedProblem
        Without a bias.
    EnumerationTooLarge
        If there are more atoms than fit.

    Source: geomnn theory, section 7; E. Zeger et al., arXiv 2403.01046.
    """

    scope = "dictionary"
    fixed = True

    def __init__(self, samples: Samples, columns: bool = False):
        super().__init__(samples, 1.0)
        if not samples.bias:
            raise UnsupportedProblem("Chains are folded at samples, which takes a bias: leave bias=True.")
        self.program = "columns" if columns else "chains"
        refuse_if_too_large(
            "chains", samples.d if columns else 2 * samples.n * samples.d, SECONDS_PER_CHAIN_ENTRY * samples.n,
            8.0 * samples.n, (900.0, 2.0**31), "fewer samples, or a smaller depth",
        )  # fmt: skip
        if columns:
            atoms = [(j, np.argmin(column), 1) for j, column in enumerate(samples.X.T)]
        else:
            firsts = (np.unique(column, return_index=True)[1] for column in samples.X.T)
            atoms = [(j, i, sign) for j, rows in enumerate(firsts) for i in rows for sign in (1, -1)]
        self._atoms = np.array(atoms)
        place, row, sign = self._atoms.T
        values = np.maximum(sign * (samples.X[:, place] - samples.X[row, place]), 0.0)
        seen = values.any(axis=0)
        self._atoms, self._values, self.count = self._atoms[seen], values[:, seen], int(seen.sum())

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        correlations = np.linalg.norm(self._values.T @ residual, axis=1)
        best = np.argsort(-correlations, kind="stable")[:limit]
        best = best[correlations[best] > threshold]
        return Pricing(float(correlations.max(initial=0.0)), self._units(*self._atoms[best].T))

    def _units(self, columns: np.ndarray, rows: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """Units in centred coordinates, shape (k, D)."""
        units = np.zeros((len(columns), self.samples.D))
        units[np.arange(len(columns)), columns] = signs
        units[:, -1] = -signs * self.samples.homogeneous[rows, columns]
        return units

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        j = int(np.argmax(np.abs(unit[:-1])))
        offsets = self.samples.X[:, j] * unit[j] + self.samples.bias_of(unit)
        i, sign, d = int(np.argmin(np.abs(offsets))), int(np.sign(unit[j])), self.samples.d
        weight, bias = np.zeros(d), 0.0 - sign * float(self.samples.X[i, j])
        weight[j] = sign
        others = tuple(Direction(k) for k in range(d) if k != j)
        orientation = sign * (-1) ** j  # ⋆ of all other directions is ± e_j
        return Atom(weight, bias, (i,), others, orientation, True, self.norm)
