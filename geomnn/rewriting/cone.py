"""The cone of a chamber, and the way from one of its extreme rays to the next.

As much of a ray as the cone K allows is taken from a point of it; what is left lies in a facet, where some q·r = 0, and
the next ray is a vertex of it. The simplex method finds it, pivoting from the last ray towards a smaller q·r along the
edge that falls most steeply: lengths of edges are those of a few random projections of them.

Source: geomnn theory, section 6.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.linalg.blas import dgemm

from geomnn.machine import compiled
from geomnn.norms import ball
from geomnn.samples import Samples

__all__ = ["Cone", "Rows"]

# relative to a neuron: a weight that counts as zero, a share of it that is none, and what is left of it at the end;
# the sum of rays is its neuron to EXACT, ten times as much
NO_PART = 1e-12
# absolute, of entries of the tableau and of rows at a vertex, which are 1 on the average: up to this they are zero,
# ten times what a vertex may drift by (VERTEX_DRIFT)
ZERO_ENTRY = 1e-9
# relative to the largest slope along an edge, up to which one is none: a pivot divides by it, and leaves eight
# digits less
FLAT_EDGE = 1e-8
DELAY = 24  # pivots before they are worked into the tableau
ANEW = 8_000  # pivots, at most, before the tableau is formed anew
# absolute, of rows that are 1 on the average of a vertex: by how much they may drift until the tableau is formed
# anew, a tenth of what counts as zero
VERTEX_DRIFT = 1e-10
PROJECTIONS = 32  # random ones of edges, which tell their lengths
# absolute, of rows that are 1 on the average of a ray: up to this they are zero, or may fall below it for the sake
# of a larger pivot; what solving for a ray leaves
EXACT = 1e-11
MOST_PIVOTS = 50  # pivots to a facet, times the dimension


class Rows:
    """The samples and the directions of ‖·‖_p as rows of unit length, in columns scaled to 1: G of every chamber up to
    signs, G = Q R.

    Rows with one entry, in column ``axis`` (−1 for the others), are most of the directions.
    """

    def __init__(self, samples: Samples, norm: float):
        D, d = samples.D, samples.d
        self.scale = np.abs(samples.homogeneous).max(axis=0)
        self.scale[self.scale == 0] = min(1.0, self.scale[:d].max() or 1.0)
        table = samples.homogeneous[samples.distinct] / self.scale
        walls = np.array([e.vector(d) for e in ball(norm).directions(d)]).reshape(-1, d)
        if d == 1 or (norm == 2 and (len(table) < D or np.linalg.matrix_rank(table) < D)):
            walls = np.eye(d)
        self.walls = np.hstack([walls, np.zeros((len(walls), D - d))]) / self.scale
        rows = np.vstack([table, self.walls])
        self.length = np.linalg.norm(rows, axis=1)
        self.unit = rows / self.length[:, None]
        self.axis = np.where((rows != 0).sum(axis=1) == 1, np.argmax(rows != 0, axis=1), -1)

    @cached_property
    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        return qr(self.unit, mode="economic", check_finite=False)

    def solve(self, values: np.ndarray) -> np.ndarray:
        """r with G r = values in least squares, a right side a row."""
        q, r = self.factors
        return solve_triangular(r, (values @ q).T).T


class Cone:
    """{r : G r ≥ 0}, G the m rows with the signs of a point p in it, and the tableau of a vertex of it.

    Vertices are those of the slice ω·r = m, ω = Σ_i G_i, so that a row is 1 on the average. With A the rows of the
    basis, C those that are closed, which stay zero from now on, and edges e_k along which every row of both stays zero
    but the k-th of the basis, these hold after each step, up to rounding:

    1. |A| + |C| = D − 1, none of them twice; they and ω are independent;
    2. A e_k = (0, …, 1, …, 0), C e_k = 0 and ω·e_k = 0 for each of the |A| edges;
    3. T − L R = G e, the tableau without what is pending: L, R of at most `DELAY` pivots; rows that are closed may be
       left out, which ``rows`` says;
    4. the projections are those of the edges: known = P G e below its first row, which is q·e on the way to a facet q;
    5. vertex = G r for the r with A r = 0, C r = 0, ω·r = m, so that Σ vertex = m, and vertex ≥ 0;
    6. values = G (p − Σ_k c_k r_k) ≥ 0 for the rays r_k taken so far, zero on C.
    """

    def __init__(self, rows: Rows, values: np.ndarray, seed: int):
        self._given, self._signs = rows, np.where(values < 0, -1.0, 1.0)
        self._cone = cone = rows.unit * self._signs[:, None]
        self._m, self._D = cone.shape
        self._omega = cone.sum(axis=0)
        self._unit = self._m / np.abs(values).sum()
        self._values = np.abs(values) * self._unit
        self._left = np.zeros((self._m, DELAY), order="F")
        self._right = np.zeros((DELAY, self._D - 1))
        self._pending, self._pivots, self._anew = 0, 0, ANEW
        self._rows = np.arange(self._m)  # of the tableau
        self._closed: list[int] = []  # those that are zero from now on
        self._rng = np.random.default_rng(seed)
        self._project = self._rng.standard_normal((PROJECTIONS, self._m)) @ cone
        self._known = np.zeros(
            (1 + PROJECTIONS, self._D - 1)
        )  # rows that are up to date: of q, and projections
        self._column, self._row = np.zeros(self._m), np.zeros(self._D - 1)

    def rays(self) -> tuple[np.ndarray, np.ndarray]:
        """Extreme rays of which the point is a sum, up to rounding, shape (k, D), and how much of each, shape (k,)."""
        self._find_vertex()
        rest, vertices, bases, shares = 1.0, [], [], []
        while True:
            if self._pivots > self._anew:
                self._form()
            above = np.flatnonzero(self._vertex > ZERO_ENTRY)
            reach = self._values[above] / self._vertex[above]
            q, share = int(above[np.argmin(reach)]), float(reach.min())
            if share > NO_PART:
                vertices.append(np.zeros(len(self._cone)))
                vertices[-1][self._rows] = self._vertex
                bases.append([*self._rows[self._basis[: self._active]].tolist(), *self._closed])
                shares.append(share)
                rest -= share
                self._values = np.maximum(self._values - share * self._vertex, 0.0)
            self._values[q] = 0.0
            if not self._active or rest <= NO_PART or not self._descend(q):
                break
        rays = self._given.solve(np.array(vertices).reshape(-1, self._m) * self._signs)
        along = self._cone @ rays.T
        for k, basis in enumerate(bases):
            if np.abs(along[basis, k]).max(initial=0.0) > EXACT:
                border = np.vstack([self._cone[basis], self._omega])
                rays[k] = np.linalg.solve(border, np.append(np.zeros(self._D - 1), float(self._m)))
                along[:, k] = self._cone @ rays[k]
        valid = (along >= -10 * EXACT * along.max(axis=0, initial=0.0)).all(axis=0)
        return rays[valid], np.array(shares)[valid] / self._unit

    def _find_vertex(self) -> None:
        """Walk from the point along free edges until D − 1 rows are zero, those that are so at the point first."""
        self._active, self._basis = self._D - 1, np.full(self._D - 1, -1)
        axis = int(np.argmax(np.abs(self._omega)))
        edges = self._rng.permutation(np.delete(np.arange(self._D), axis))
        # e_l for each of them, and back into the slice
        self._tableau = np.asfortranarray(self._cone[:, edges])
        self._tableau -= np.outer(self._cone[:, axis], self._omega[edges] / self._omega[axis])
        self._vertex = self._values.copy()
        for row in np.flatnonzero(self._values == 0).tolist():
            if self._active:
                _read_row(self._tableau, self._left, self._right, self._pending, self._active, row, self._row)
                k = int(np.argmax(np.abs(self._row[: self._active])))
                if abs(self._row[k]) > ZERO_ENTRY:
                    self._exchange(k, row)
                    self._close(k)
        for k in range(self._active):
            _read_column(self._tableau, self._left, self._right, self._pending, k, self._column)
            ahead, behind = (_reach(self._vertex, side * self._column) for side in (1.0, -1.0))
            row, step = ahead if ahead[1] <= behind[1] else (behind[0], -behind[1])
            self._vertex = np.maximum(self._vertex + step * self._column, 0.0)
            self._exchange(k, row)
        self._form()

    def _descend(self, q: int) -> bool:
        """Pivot to a vertex with row q zero, and stay in that facet; False where rounding hides the way."""
        for _ in range(1 + MOST_PIVOTS * self._D // DELAY):
            if self._pending == DELAY:
                self._work_in()
            arrays = self._tableau, self._left, self._right
            _read_row(*arrays, self._pending, self._active, q, self._row)
            if self._vertex[q] <= ZERO_ENTRY:
                length = np.linalg.norm(self._known[1:, : self._active], axis=0)
                slopes = np.abs(self._row[: self._active]) / length
                k = int(np.argmax(slopes))
                if slopes[k] > FLAT_EDGE:  # otherwise the rows that are zero imply it
                    self._exchange(k, q)
                    self._close(k)
                return True
            self._known[0] = self._row
            before = self._pending
            self._pending, k = _descend(
                *arrays,
                before,
                self._active,
                self._known,
                self._basis,
                self._vertex,
                q,
                self._column,
                self._row,
            )
            self._pivots += self._pending - before
            if k >= 0:
                self._close(k)
                return True
            if self._pending == before:  # no edge leads down
                return False
        return False

    def _exchange(self, k: int, row: int) -> None:
        """Put a row into the basis, in the place of the one of edge k, or of none."""
        arrays = self._tableau, self._left, self._right
        _read_column(*arrays, self._pending, k, self._column)
        _read_row(*arrays, self._pending, self._active, row, self._row)
        _pivot(
            *arrays, self._pending, self._active, self._known, self._basis, k, row, self._column, self._row
        )
        self._vertex[row] = 0.0
        self._pending += 1
        if self._pending == DELAY:
            self._work_in()

    def _close(self, k: int) -> None:
        """Stay where the row of edge k is zero: there is no such edge any more."""
        self._closed.append(int(self._rows[self._basis[k]]))
        self._active -= 1
        last = self._active
        for columns in (self._tableau, self._right, self._known):
            columns[:, k] = columns[:, last]
        self._basis[k] = self._basis[last]

    def _work_in(self) -> None:
        """Work the pivots that are pending into the tableau."""
        count, active = self._pending, self._active
        if count and active:
            dgemm(
                -1.0, self._left[:, :count], self._right[:count, :active], 1.0, self._tableau[:, :active],
                overwrite_c=True,
            )  # fmt: skip
        self._pending = 0

    def _form(self) -> None:
        """Form the tableau anew from the rows of its basis, without those that stay zero."""
        basis = self._rows[self._basis[: self._active]]
        inverse = self._inverse([*basis.tolist(), *self._closed])
        open_ = ~np.isin(self._rows, self._closed)
        before, self._values, self._rows = self._vertex[open_], self._values[open_], self._rows[open_]
        self._basis[: self._active] = np.searchsorted(self._rows, basis)
        cone, edges, here = self._cone[self._rows], inverse[:, : self._active], self._basis[: self._active]
        axis = self._given.axis[self._rows]
        self._tableau = np.empty((len(cone), self._active), order="F")
        self._tableau[axis < 0] = cone[axis < 0] @ edges
        single = np.flatnonzero(axis >= 0)
        self._tableau[single] = edges[axis[single]] * cone[single, axis[single], None]
        self._tableau[here] = np.eye(self._active)
        self._known[1:, : self._active] = self._project @ edges
        self._vertex = cone @ (self._m * inverse[:, -1])
        self._vertex[here] = 0.0
        self._left, self._column = np.zeros((len(cone), DELAY), order="F"), np.zeros(len(cone))
        drift = np.abs(self._vertex - before).max(initial=0.0)
        self._anew = int(np.clip(self._anew * np.sqrt(VERTEX_DRIFT / max(drift, 1e-300)), 100, ANEW))
        self._pending = self._pivots = 0

    def _inverse(self, rows: list[int]) -> np.ndarray:
        """The inverse of these rows and ω: those with one entry are solved for."""
        border, axis = np.vstack([self._cone[rows], self._omega]), np.append(self._given.axis[rows], -1)
        single, dense = np.flatnonzero(axis >= 0), np.flatnonzero(axis < 0)
        solved = axis[single]
        others = np.setdiff1d(np.arange(self._D), solved)
        entries = border[single, solved]
        inverse = np.zeros((self._D, self._D))
        inverse[solved, single] = 1 / entries
        inner = np.linalg.inv(border[np.ix_(dense, others)])
        inverse[np.ix_(others, dense)] = inner
        inverse[np.ix_(others, single)] = -(inner @ border[np.ix_(dense, solved)]) / entries
        return inverse


@compiled
def _read_column(tableau, left, right, pending, k, column):  # type: ignore[no-untyped-def]
    """Column k as it is, with what is pending."""
    for i in range(len(column)):
        column[i] = tableau[i, k]
    for p in range(pending):
        factor = right[p, k]
        if factor != 0.0:
            for i in range(len(column)):
                column[i] -= left[i, p] * factor


@compiled
def _read_row(tableau, left, right, pending, active, i, row):  # type: ignore[no-untyped-def]
    """Row i as it is, with what is pending."""
    _read_column(tableau.T, right.T, left.T, pending, i, row[:active])


@compiled
def _pivot(tableau, left, right, pending, active, known, basis, k, i, column, row):  # type: ignore[no-untyped-def]
    """Edge k becomes the one along which row i grows; the others keep it zero. Column and row are the current ones."""
    factor = 1.0 / column[i]
    for r in range(len(column)):
        column[r] *= factor
        left[r, pending] = column[r]
        tableau[r, k] = column[r]
    for c in range(active):
        right[pending, c] = row[c]
        tableau[i, c] = 0.0
    for p in range(pending + 1):
        right[p, k] = 0.0
        left[i, p] = 0.0
    tableau[i, k] = 1.0
    for r in range(len(known)):
        new = known[r, k] * factor
        for c in range(active):
            known[r, c] -= new * row[c]
        known[r, k] = new
    basis[k] = i


@compiled
def _reach(vertex, column):  # type: ignore[no-untyped-def]
    """The row that a vertex meets first on its way along an edge, and where: of those met nearly at once the one with
    the largest slope."""
    size = 0.0
    for r in range(len(vertex)):
        size = max(size, abs(column[r]))
    most = 1e300
    for r in range(len(vertex)):
        if -column[r] > FLAT_EDGE * size:
            most = min(most, (vertex[r] + EXACT) / -column[r])
    i, largest = -1, FLAT_EDGE * size
    for r in range(len(vertex)):
        if -column[r] > largest and vertex[r] <= most * -column[r]:
            i, largest = r, -column[r]
    return i, max(vertex[i], 0.0) / -column[i]


@compiled
def _descend(tableau, left, right, pending, active, known, basis, vertex, q, column, row):  # type: ignore[no-untyped-def]
    """Pivot while there is room for what is pending: how many pivots that is then, and the edge of row q or -1."""
    length = np.empty(active)
    while pending < left.shape[1]:  # there is room
        for c in range(active):
            length[c] = 1e-300
        for r in range(1, len(known)):
            for c in range(active):
                length[c] += known[r, c] * known[r, c]
        best, k = NO_PART * NO_PART, -1
        for c in range(active):
            slope = known[0, c]
            if slope < 0.0 and slope * slope > best * length[c]:
                best, k = slope * slope / length[c], c
        if k < 0:
            return pending, -1
        _read_column(tableau, left, right, pending, k, column)
        i, step = _reach(vertex, column)
        for r in range(len(vertex)):
            vertex[r] += step * column[r]
        vertex[i] = 0.0
        _read_row(tableau, left, right, pending, active, i, row)
        row[k] = column[i]
        _pivot(tableau, left, right, pending, active, known, basis, k, i, column, row)
        pending += 1
        if i == q:
            return pending, k
        if vertex[q] <= ZERO_ENTRY:
            break
    return pending, -1
