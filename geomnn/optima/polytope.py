"""The optimal (z, t) over a dictionary are a polytope, and what is asked of them are linear programs over it.

    Z* = {a ≥ 0 : Σ_u a_u ψ_u + 1 ⊗ t = f(X)},   ψ_u = φ_u ⊗ o_u,  z_u = a_u o_u,  u active.

It is bounded, as Σ_u a_u = v·f(X)/reg at all its points. With a bias t is what the first sample leaves, and the other
rows are differences to its: so t is a linear function of a. A *cell* is a set of atoms whose neurons may merge, where
x ↦ (Σ_u a_u x̃·u)_+ takes the place of the sum of (·)_+; what it is at a point is a variable of its own,

    h ≥ 0,   h ≥ Σ_u b_u x̃·u,   0 ≤ b_u the part of a_u in the cell.

Exact problems are solved by the simplex method in rational numbers, others by HiGHS. The vertices are those of feasible
bases, each of which the simplex method reaches from any other. In float64 a basis is solved anew, so that rounding does
not add up, and an entry that is neither clearly zero nor clearly none ends the search.

Source: geomnn theory, section 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint
import numpy as np
from scipy.linalg import qr
from scipy.optimize import linprog

from geomnn.errors import EnumerationTooLarge, UnsupportedProblem
from geomnn.exact.simplex import Tableau
from geomnn.numbers.roots import RootBasis, fraction, rational, rational_matrix

__all__ = ["APART", "ExactPolytope", "FloatPolytope", "Merged", "Polytope"]

# relative to the largest singular value, up to which one is zero: columns are those of atoms in floats
RANK = 1e-9
# relative, of singular values to the largest and of entries of y to columns of length 1, from which on there is no
# doubt: a thousand times RANK, and what lies between the two is left undecided
APART = 1e-6


@dataclass(frozen=True)
class Merged:
    """A cell whose neurons are one: what it adds to a functional is Σ_u gains_u b_u − h, h = (Σ_u slopes_u b_u)_+.

    Parameters
    ----------
    members : sequence of int
    gains, slopes : sequence of numbers
    """

    members: Sequence[int]
    gains: Sequence[Any]
    slopes: Sequence[Any]


class Polytope(ABC):
    """The points a of Z*.

    Parameters
    ----------
    columns : ndarray, shape (m, k)
        ψ_u, with a bias less the row of the first sample.
    right : ndarray, shape (m,)
        The same of f(X).
    vertex : ndarray, shape (k,)
        One of its vertices.

    Source: geomnn theory, section 10.
    """

    def __init__(self, columns: np.ndarray, right: np.ndarray, vertex: np.ndarray):
        self.columns, self.right, self.vertex = columns, right, vertex

    def __len__(self) -> int:
        return self.columns.shape[1]

    @abstractmethod
    def rank(self, rows: np.ndarray) -> int:
        """The rank of a matrix of numbers like those of the columns."""

    @abstractmethod
    def highest(self, values: Sequence[Any], cells: Sequence[Merged] = ()) -> tuple[Any, np.ndarray]:
        """The largest value of Σ_u values_u a_u and what cells add, and where it is reached.

        Parameters
        ----------
        values : sequence of k numbers
        cells : sequence of Merged

        Returns
        -------
        value, and rows (1 + number of cells, k) whose sum is a: outside of cells, and in each.
        """

    @abstractmethod
    def _solved(self, among: Sequence[int], zero: float, sure: float) -> _Table | _FloatTable:
        """For a basis of the vertex that is known."""

    def lowest(self, values: Sequence[Any]) -> Any:
        """The least value of Σ_u values_u a_u."""
        return -self.highest([-value for value in values])[0]

    def unit(self, k: int) -> list[int]:
        """The functional a_k."""
        return [int(j == k) for j in range(len(self))]

    def face(self, members: Sequence[int], vertex: np.ndarray) -> Polytope:
        """Of the points that have no other atoms than these, as a vertex of it."""
        inside = list(members)
        return type(self)(self.columns[:, inside], self.right, vertex[inside])

    def vertices(
        self, among: Sequence[int], limit: int, zero: float = 0.0, sure: float = 0.0
    ) -> Iterator[np.ndarray]:
        """All vertices, each once.

        Parameters
        ----------
        among : sequence of int
            The atoms that are used in some.
        limit : int
            Of bases that are looked at.
        zero, sure : float
            In float64 up to which, relative to the cost, an amount is zero, and from which on it is not.

        Raises
        ------
        UnsupportedProblem
            In float64, if an amount is between the two, or activations are neither clearly dependent nor independent.
        EnumerationTooLarge
            If there are more.
        """
        first = self._solved(among, zero, sure)
        seen, found, waiting = {frozenset(first.basis)}, set(), [first]
        while waiting:
            table = waiting.pop()
            point = table.amounts()
            if (support := frozenset(np.flatnonzero(point))) not in found:
                found.add(support)
                yield point
            for entering in among:
                for row in table.leaving(entering) if entering not in table.basis else ():
                    basis = frozenset({*table.basis} - {table.basis[row]} | {entering})
                    if basis not in seen:
                        if len(seen) >= limit:
                            raise EnumerationTooLarge(
                                f"There are more than {limit:,} ways to choose the neurons of an optimal network: give "
                                "a larger limit, or ask for intervals, which need no list."
                            )
                        seen.add(basis)
                        waiting.append(table.ahead(row, entering))


class ExactPolytope(Polytope):
    """In Fractions."""

    def __init__(self, columns: np.ndarray, right: np.ndarray, vertex: np.ndarray):
        super().__init__(columns, right, vertex)
        self._table = _Table.at(columns, vertex[:, None], RootBasis())

    def rank(self, rows: np.ndarray) -> int:
        return int(rational_matrix(rows.tolist(), rows.shape[1]).rank()) if rows.size else 0

    def highest(self, values: Sequence[Any], cells: Sequence[Merged] = ()) -> tuple[Fraction, np.ndarray]:
        table, goal = self._table.copy(), [rational(Fraction(value)) for value in values]
        for cell in cells:
            table.add(cell)
            goal += [*(rational(Fraction(gain)) for gain in cell.gains), flint.fmpq(-1), flint.fmpq(0)]
        value, point = table.maximise(np.array(goal, dtype=object))
        rows, place = np.full((1 + len(cells), len(self)), Fraction(0), dtype=object), len(self)
        rows[0] = point[:place]
        for row, cell in zip(rows[1:], cells, strict=True):
            row[list(cell.members)] = point[place : place + len(cell.members)]
            place += len(cell.members) + 2
        return value, rows

    def proved(self, values: Sequence[Any]) -> tuple[np.ndarray, Fraction, np.ndarray]:
        """A vertex where Σ_u values_u a_u is largest, the value, and λ (m,) that proves it: λ·columns_u ≥ values_u for
        all u, and λ·right is the value."""
        table, goal = self._table.copy(), [Fraction(value) for value in values]
        value, point = table.maximise(np.array([*map(rational, goal)], dtype=object))
        m, basis = len(self.right), table.basis
        rows = [[*self.columns[:, k], goal[k]] for k in basis]  # λ·ψ_u = values_u on the basis
        reduced, _ = rational_matrix(rows, m + 1).rref()
        proof = np.full(m, Fraction(0), dtype=object)
        for i in range(len(basis)):
            proof[next(j for j in range(m) if reduced[i, j])] = fraction(reduced[i, m])
        return point, value, proof

    def is_point(self) -> bool:
        """Whether it is one: its lexicographically largest point is its least."""
        table = self._table.copy()
        for sense in (1, -1):
            while table.step_in_order(sense):
                if (table.amounts() != self.vertex).any():
                    return False
        return True

    def _solved(self, among: Sequence[int], zero: float, sure: float) -> _Table:
        return self._table

    def climb(self, values: Sequence[Any]) -> list[np.ndarray]:
        """Vertices, from that of ``start`` to one where Σ_u values_u a_u is largest, each two joined by an edge."""
        table, goal = self._table.copy(), np.array([rational(Fraction(value)) for value in values])
        points = [table.amounts()]
        while table.step(goal):
            if ((point := table.amounts()) != points[-1]).any():
                points.append(point)
        return points


class _Table(Tableau):
    """A tableau of rational numbers to which cells can be added."""

    def add(self, cell: Merged) -> None:
        """The variables b_u, h and the slack of h − Σ slopes_u b_u ≥ 0, which is in the basis."""
        k, (r, width) = len(cell.members), self.rows.shape
        rows = np.full((r + 1, width + k + 2), flint.fmpq(0), dtype=object)
        rows[:r, : width - 1], rows[:r, -1] = self.rows[:, :-1], self.rows[:, -1]
        rows[:r, width - 1 : width - 1 + k] = self.rows[:, list(cell.members)]
        rows[r, width - 1 : width - 1 + k] = [rational(Fraction(slope)) for slope in cell.slopes]
        rows[r, width - 1 + k : width + 1 + k] = flint.fmpq(-1), flint.fmpq(1)
        self.rows, self.basis, self.width = rows, [*self.basis, width + k], width + k + 1

    def maximise(self, goal: np.ndarray) -> tuple[Fraction, np.ndarray]:
        while self.step(goal):
            pass
        point = self.amounts()
        return sum((fraction(g) * x for g, x in zip(goal, point, strict=True) if x), Fraction(0)), point

    def amounts(self) -> np.ndarray:
        """x, Fractions, shape (k,)."""
        return self.point()[:, 0]

    def ahead(self, row: int, entering: int) -> _Table:
        """Another one, with a variable in for that of a row."""
        table = self.copy()
        table.pivot(row, entering)
        return table


class FloatPolytope(Polytope):
    """In float64, up to the tolerances of HiGHS."""

    def rank(self, rows: np.ndarray) -> int:
        sizes = np.linalg.svd(rows, compute_uv=False) if rows.size else np.zeros(0)
        return int(np.count_nonzero(sizes > RANK * sizes.max(initial=0.0)))

    def _solved(self, among: Sequence[int], zero: float, sure: float) -> _FloatTable:
        used = self.columns[:, list(among)]
        sizes, apart = np.linalg.norm(used, axis=0), np.linalg.norm(used[:, :, None] - used[:, None], axis=0)
        if ((apart > zero * sizes) & (apart <= sure * sizes)).any():
            raise _undecided("whether two atoms are one")
        across = np.linalg.svd(used, full_matrices=False)[0]
        basis = [k for k in np.flatnonzero(self.vertex).tolist() if k in among]
        inverse = np.linalg.pinv(self.columns[:, basis])
        rest = used - self.columns[:, basis] @ (inverse @ used)
        order = qr(rest, mode="r", pivoting=True)[1] if used.size else ()
        rank = self.rank(used)
        more = [among[k] for k in order[: max(rank - len(basis), 0)]]
        rows = across[:, :rank].T @ np.column_stack([self.columns, self.right])
        return _FloatTable(rows, basis + more, float(np.sum(inverse @ self.right)), zero, sure)

    def highest(self, values: Sequence[Any], cells: Sequence[Merged] = ()) -> tuple[float, np.ndarray]:
        k, inside = len(self), [member for cell in cells for member in cell.members]
        if not k:
            return 0.0, np.zeros((1 + len(cells), 0))
        goal = np.concatenate([values, *(cell.gains for cell in cells), -np.ones(len(cells))]).astype(float)
        equal = np.hstack([self.columns, self.columns[:, inside], np.zeros((len(self.right), len(cells)))])
        below, place = np.zeros((len(cells), len(goal))), k
        for row, cell in enumerate(cells):
            below[row, place : place + len(cell.members)] = cell.slopes
            below[row, len(goal) - len(cells) + row] = -1.0
            place += len(cell.members)
        # the solver's tolerances are absolute: amounts in parts of their sum, and heights in those of the steepest
        steepest, total = np.abs(below).max(initial=1.0), float(self.vertex.sum()) or 1.0
        units = np.append(np.ones(len(goal) - len(cells)), np.full(len(cells), steepest))
        goal, below = goal * units, below * units / steepest
        sizes = np.maximum(np.abs(equal).max(axis=1, initial=0.0), np.finfo(float).tiny)
        found = linprog(
            -goal / max(np.abs(goal).max(), np.finfo(float).tiny),
            below if len(cells) else None,
            np.zeros(len(cells)) if len(cells) else None,
            equal / sizes[:, None],
            self.right / sizes / total,
            method="highs-ds",
        )
        assert found.x is not None, (
            "the optimum that was found is a point of it, up to the solver's tolerance"
        )
        point = found.x * total
        rows = np.vstack([point[:k], np.zeros((len(cells), k))])
        rows[[1 + j for j, cell in enumerate(cells) for _ in cell.members], inside] = point[
            k : k + len(inside)
        ]
        return float(goal @ point), rows


class _FloatTable:
    """The same of independent equations in float64, for which a basis is solved when it is asked for."""

    def __init__(self, rows: np.ndarray, basis: list[int], cost: float, zero: float, sure: float):
        self.rows, self.basis, self.cost, self.zero, self.sure = rows, basis, cost, zero, sure

    @cached_property
    def _entries(self) -> np.ndarray:
        """What those of the basis lose to each variable, and last their parts of the cost, 0 where there is none."""
        left, sizes, across = np.linalg.svd(self.rows[:, self.basis])
        least = max(APART, self.sure) * sizes.max(initial=0.0)
        if len(self.basis) != len(self.rows) or (sizes < least).any():
            raise _undecided("which activations are independent")
        entries = (across.T / sizes) @ (left.T @ self.rows)
        amounts = entries[:, -1] / self.cost
        self._check(amounts, amounts < -self.zero)
        entries[:, -1] = np.where(amounts > self.zero, amounts, 0.0)
        return entries

    def _check(self, numbers: np.ndarray, hidden: Any = False) -> None:
        """
        Raises
        ------
        UnsupportedProblem
            If one of them is above zero, and not surely so.
        """
        hidden = hidden | (numbers > self.zero) & (numbers <= self.sure)
        if hidden.any():
            raise _undecided(f"whether an amount of {numbers[hidden][0]:.1g} of the cost is zero")

    def leaving(self, entering: int) -> list[int]:
        """The rows that a variable may take the place of."""
        column, amounts = self._entries[:, entering], self._entries[:, -1]
        self._check(column[amounts == 0])
        falling = column > self.zero
        step = min(amounts[falling] / column[falling], default=0.0)
        return np.flatnonzero(falling & (amounts - step * column <= self.zero)).tolist()

    def ahead(self, row: int, entering: int) -> _FloatTable:
        """Another one, with a variable in for that of a row."""
        basis = [*self.basis]
        basis[row] = entering
        return _FloatTable(self.rows, basis, self.cost, self.zero, self.sure)

    def amounts(self) -> np.ndarray:
        """x, floats, 0 where it is none."""
        x = np.zeros(self.rows.shape[1] - 1)
        x[self.basis] = self._entries[:, -1] * self.cost
        return x


def _undecided(what: str) -> UnsupportedProblem:
    return UnsupportedProblem(
        f"Rounding hides {what}, and so which vertices there are: derive the solution with exact=True, where norm and "
        "loss allow that, or with a smaller tol, or ask for .neurons and predict_interval."
    )
