"""The simplex method in rational numbers, over {x ≥ 0 : A x = b}, where b may be sums of square roots.

The equations are solved for a basis, x_B = b' − T x_N. T is rational, and so is b', in one column for each root: a
number of their field is only what is compared, to see which variable is the first to be zero. Bland's rule ends in
every ordered field. In that of the numbers Σ_k c_k ε^k, ε > 0 smaller than all others, Σ_k ε^k x_k has one largest
point, the lexicographically largest one, and one least.

Source: geomnn theory, section 10; R. G. Bland, Math. Oper. Res. 2, 1977.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Self

import numpy as np

from geomnn.numbers.roots import RootBasis, fraction, rational_matrix

__all__ = ["Tableau"]


class Tableau:
    """A basis, and the equations solved for it.

    Parameters
    ----------
    rows : ndarray of fmpq, shape (r, k + roots)
        T, with unit vectors in the columns of the basis, and b'.
    basis : list of int
        The variable of each row.
    roots : RootBasis
        Those of the columns of b': 1 alone where all is rational.
    """

    def __init__(self, rows: np.ndarray, basis: list[int], roots: RootBasis):
        self.rows, self.basis, self.roots = rows, basis, roots
        self.width = rows.shape[1] - len(roots)

    @classmethod
    def at(
        cls, columns: np.ndarray, vertex: Sequence[Sequence[Fraction]] | np.ndarray, roots: RootBasis
    ) -> Self:
        """At a vertex; where less than a basis is above 0 there, others complete it.

        Parameters
        ----------
        columns : ndarray of int or Fraction, shape (m, k)
            A. b is A·vertex, and is not needed: its digits would be in the way.
        vertex : sequence of k sequences of Fraction
            The coefficients of each x at the roots.
        roots : RootBasis
        """
        k = columns.shape[1]
        order = sorted(range(k), key=lambda u: not any(vertex[u]))
        reduced, rank = rational_matrix(columns[:, order].tolist(), k).rref()
        solved = np.array(reduced.tolist(), dtype=object).reshape(len(columns), k)[:rank]
        basis = [order[next(u for u in range(k) if row[u])] for row in solved]
        table = np.empty_like(solved)
        table[:, order] = solved
        right = rational_matrix([vertex[u] for u in basis], len(roots)).tolist()
        return cls(np.hstack([table, np.array(right, dtype=object).reshape(rank, len(roots))]), basis, roots)

    def copy(self) -> Self:
        return type(self)(self.rows.copy(), [*self.basis], self.roots)

    def step(self, goal: np.ndarray) -> bool:
        """One towards the largest Σ_k goal_k x_k; False where it is reached."""
        gains = goal - goal[self.basis] @ self.rows[:, : self.width] if self.basis else goal
        return self._enter(next((k for k, gain in enumerate(gains) if gain > 0), None))

    def step_in_order(self, sense: int) -> bool:
        """One towards the lexicographically largest point, or for −1 the least; False where it is reached."""
        order = sorted(range(len(self.basis)), key=self.basis.__getitem__)
        others = (k for k in range(self.width) if k not in self.basis)
        return self._enter(next((k for k in others if self._leading_gain(k, order) * sense > 0), None))

    def _leading_gain(self, entering: int, order: Sequence[int]) -> Any:
        """What a variable adds to the first of those that change with it, itself among them."""
        first = next((row for row in order if self.rows[row, entering]), None)
        return 1 if first is None or entering < self.basis[first] else -self.rows[first, entering]

    def _enter(self, entering: int | None) -> bool:
        if entering is not None:
            self.pivot(min(self.leaving(entering), key=lambda row: self.basis[row]), entering)
        return entering is not None

    def leaving(self, entering: int) -> list[int]:
        """The rows that a variable may take the place of."""
        column, right = self.rows[:, entering], self.rows[:, self.width :]
        ratios = {
            row: self._number(right[row] / column[row]) for row in range(len(column)) if column[row] > 0
        }
        least = min(ratios.values(), default=None)
        return [row for row, ratio in ratios.items() if ratio == least]

    def _number(self, coefficients: np.ndarray) -> Any:
        if len(coefficients) == 1:
            return coefficients[0]
        return self.roots.sum([fraction(coefficient) for coefficient in coefficients])

    def pivot(self, row: int, entering: int) -> None:
        """Let a variable in for that of a row."""
        rows = self.rows
        rows[row] = rows[row] / rows[row, entering]
        others = np.array([k for k in range(len(rows)) if k != row and rows[k, entering]], dtype=int)
        kept = np.flatnonzero(rows[row] != 0)
        rows[np.ix_(others, kept)] -= np.outer(rows[others, entering], rows[row, kept])
        self.basis[row] = entering

    def point(self) -> np.ndarray:
        """The coefficients of x at the roots, Fractions, shape (k, roots)."""
        right = self.rows[:, self.width :]
        x = np.full((self.width, right.shape[1]), Fraction(0), dtype=object)
        x[self.basis] = np.array([[*map(fraction, row)] for row in right], dtype=object).reshape(right.shape)
        return x
