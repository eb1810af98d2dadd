"""Features of a layer, which are the samples of the next one: that is all that depth is.

A hidden layer of unit neurons u_k turns the table X into the table

    K_{ik} = (x̃_i·u_k)_+,

and what holds for neurons over X holds for neurons over K: those of the next layer are wedges of rows of K, wedges
of wedges, ⋆(K_{j,S} : j ∈ J) on a few features S.

Source: geomnn theory, section 7, equation (3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from geomnn.atoms import Atom

__all__ = ["FeatureLayer"]


@dataclass(frozen=True, eq=False)
class FeatureLayer:
    """Named features k_0, k_1, … of unit neurons u_r: k_j(x) = (x̃·u_j)_+, or (Σ_r c_jr (x̃·u_r)_+ + s_j)_+.

    Parameters
    ----------
    atoms : tuple of Atom
        u_r; all with exact weights, or none.
    mix : ndarray, shape (M, R), optional
        c, in float64, where features are sums of several neurons.
    shift : ndarray, shape (M,), optional
        s, with mix.
    """

    atoms: tuple[Atom, ...]
    mix: np.ndarray | None = None
    shift: np.ndarray | None = None

    @property
    def width(self) -> int:
        """M, the number of features."""
        return len(self.atoms) if self.mix is None else len(self.mix)

    @property
    def folds(self) -> bool:
        """Whether the sums are never negative, so that they need no ReLU and fold into the weights of what follows."""
        return self.mix is None or bool((self.mix >= 0).all() and (self.shifts >= 0).all())

    @property
    def shifts(self) -> np.ndarray:
        """s, zeros where there is none, shape (M,)."""
        return np.zeros(self.width) if self.shift is None else self.shift

    @property
    def exact(self) -> bool:
        """Whether the weights are exact numbers."""
        return any(atom.weight.dtype == object for atom in self.atoms)

    def sums(self) -> list[tuple[float, list[tuple[float, Atom]]]]:
        """Of each feature its shift and its unit neurons with their coefficients: (0, [(1, u_j)]) where it has one."""
        if self.mix is None:
            return [(0.0, [(1.0, atom)]) for atom in self.atoms]
        return [
            (float(s), [(float(row[r]), self.atoms[r]) for r in np.flatnonzero(row)])
            for row, s in zip(self.mix, self.shifts, strict=True)
        ]

    def place(self, k: int) -> tuple[object, ...]:
        """Where a feature stands in the order of names: at the first of its neurons."""
        return self.atoms[k if self.mix is None else int(np.argmax(self.mix[k] != 0))].place

    def only(self, chosen: Sequence[int]) -> FeatureLayer:
        """The layer of these features."""
        if self.mix is None:
            return FeatureLayer(tuple(self.atoms[k] for k in chosen))
        rows = self.mix[list(chosen)]
        used = np.flatnonzero(rows.any(axis=0))
        return FeatureLayer(tuple(self.atoms[r] for r in used), rows[:, used], self.shifts[list(chosen)])

    def numeric(self) -> FeatureLayer:
        """The layer in float64: itself, unless it is exact."""
        return self._rounded if self.exact else self

    @cached_property
    def _rounded(self) -> FeatureLayer:
        return replace(self, atoms=tuple(atom.numeric() for atom in self.atoms))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights (R, d) and biases (R,) of the unit neurons in float64."""
        atoms = self.numeric().atoms
        return np.array([atom.weight for atom in atoms]), np.array([atom.bias for atom in atoms])

    def __call__(self, table: np.ndarray) -> np.ndarray:
        """K in float64, shape (n, M), from a table of floats."""
        weights, biases = self.arrays()
        values = np.maximum(table @ weights.reshape(-1, table.shape[1]).T + biases, 0.0)
        return values if self.mix is None else np.maximum(values @ self.mix.T + self.shifts, 0.0)

    def exactly(self, rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
        """K in Fractions, for exact weights and rows."""
        return [
            [
                max(sum((w * x for w, x in zip(atom.weight, row, strict=True) if w), atom.bias), Fraction(0))
                for atom in self.atoms
            ]
            for row in rows
        ]
