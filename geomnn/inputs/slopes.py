"""How large a sum of slopes is on the cells of a box, in any dimension, as mixed-integer programs over patterns.

With a_j ∈ {0, 1} for the kinks that the box does not decide, and a point x of it that is on these sides or between,

    (1 − a_j) low_j ≤ n_j·x + o_j ≤ a_j up_j,   ∂_l f = g_l + Σ_j c_j n_jl a_j,

of which the program maximises a sum; for ‖∇f‖_1 one with signs σ_l ∈ {−1, 1}, where with C_j = Σ_l |c_j n_jl|

    t_j ≤ a_j C_j,   t_j ≤ σ·c_j n_j + 2 (1 − a_j) C_j,   ‖∇f‖_1 = max_σ σ·g + Σ_j t_j.

The weak inequalities allow patterns that no cell has, where more than d hyperplanes meet. So the pattern that is found
is *realised* by a linear program, max τ: ± (n_j·x + o_j) ≥ τ. Where τ = 0 its multipliers say which kinks alone
contradict each other; these sides of them are cut off, and the program is solved again. Without a box, x = v/s with
|v_l| ≤ 1 and 0 < s ≤ 1.

Source: geomnn theory, section 11, (I3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from geomnn.deadline import Deadline
from geomnn.inputs.pieces import ALIKE, Pieces, plain
from geomnn.inputs.solver import solved

__all__ = ["SlopeProgram", "Steepest"]

# relative to the size of the box, below which a cell is none: above the tolerances of linear programs
THIN = 1e-8
SAMPLED = 500  # random points for a first cell
AROUND, NEAR = 20, 1e-4  # points around a meet of hyperplanes, and relative to the box how near


@dataclass(frozen=True)
class Steepest:
    """Between which numbers the largest one is, a point inside of a cell that has the lower one, and whether the search
    came to its end, so that only what solvers are trusted with lies between the two."""

    lower: float
    upper: float
    where: np.ndarray
    ended: bool


class SlopeProgram:
    """The slopes of f on the cells of a box, or of all space.

    Parameters
    ----------
    pieces : Pieces
        In float64.
    box : ndarray, shape (2, d), optional
        Its least and its largest corner.
    seed : int
        Of the points that a first cell is taken from.
    """

    def __init__(self, pieces: Pieces, box: np.ndarray | None, seed: int = 0):
        d, self.whole = len(pieces.slope), box is None
        centre, half = (
            (np.zeros(d), np.ones(d)) if box is None else ((box[0] + box[1]) / 2, (box[1] - box[0]) / 2)
        )
        self._box, self._centre, self._half = box, centre, half
        # coordinates in which the box is |v_l| ≤ 1; all of space in units of how far hyperplanes are
        unit = max(pieces.extent, 1e-300) if box is None and pieces.extent else 1.0
        self._unit = unit
        rows = np.hstack([pieces.normals * half, (pieces.offsets + pieces.normals @ centre)[:, None] / unit])
        sizes = np.linalg.norm(rows[:, :-1], axis=1)
        rows = rows / sizes[:, None]
        reach = np.abs(rows[:, :-1]).sum(axis=1)
        low, up = (
            (rows[:, -1] - reach, rows[:, -1] + reach)
            if box is not None
            else (np.minimum(rows[:, -1], 0) - reach, np.maximum(rows[:, -1], 0) + reach)
        )
        edge = ALIKE * np.maximum(reach, np.abs(rows[:, -1]))
        low, up = np.where(low >= -edge, 0.0, low), np.where(up <= edge, 0.0, up)
        self.pieces = pieces.folded(low, up)
        kept = (low < 0) & (up > 0)
        self._rows, self._low, self._up = rows[kept], low[kept], up[kept]
        self._cuts: list[tuple[np.ndarray, float]] = []
        rng = np.random.default_rng(seed)
        points = rng.uniform(-1, 1, (SAMPLED, d))
        ends = np.column_stack(
            [points, np.ones(SAMPLED) if box is not None else rng.uniform(0, 1, SAMPLED) ** 2]
        )
        self._sampled = ends[:1] if not len(self._rows) else ends

    @property
    def binaries(self) -> int:
        """Kinks that the box does not decide."""
        return len(self._rows)

    def steepest(self, mix: np.ndarray | None, deadline: Deadline) -> Steepest:
        """The largest Σ_l mix_l ∂_l f, shape (d,), or without a mix the largest ‖∇f‖_1."""
        best = self._best(self._sampled, mix)
        ceiling = self.ceiling(mix)
        upper = ceiling
        while len(self._rows) and best[0] < upper and not deadline.over():
            bound, sides, stopped = self._program(mix, deadline)
            upper = min(upper, bound)
            if sides is None:
                break
            depth, inside, contradiction = self._realised(sides)
            if depth > THIN:
                value = self._value(sides[None], mix)[0]
                best = max(best, (float(value), self._place(inside)), key=lambda found: found[0])
                return Steepest(best[0], max(upper, best[0]), best[1], not stopped)
            contradiction = contradiction if contradiction.any() else np.ones(len(sides), dtype=bool)
            ones = sides[contradiction]
            row = np.zeros(len(sides))
            row[contradiction] = np.where(ones, 1.0, -1.0)
            self._cuts.append((row, float(ones.sum()) - 1))
            noise = np.random.default_rng(len(self._cuts)).normal(size=(AROUND, len(inside))) * NEAR
            noise[:, -1] *= self.whole
            best = max(best, self._best(inside + noise, mix), key=lambda found: found[0])
        if not len(self._rows):
            upper = best[0]
        return Steepest(best[0], max(upper, best[0]), best[1], upper <= best[0])

    def ceiling(self, mix: np.ndarray | None) -> float:
        """A bound by each kink alone."""
        pieces = self.pieces
        if mix is None:
            return float(
                np.abs(pieces.slope).sum() + np.abs(pieces.jumps) @ np.abs(pieces.normals).sum(axis=1)
            )
        return float(mix @ pieces.slope + np.maximum(pieces.jumps * (pieces.normals @ mix), 0).sum())

    def _value(self, sides: np.ndarray, mix: np.ndarray | None) -> np.ndarray:
        slopes = self.pieces.slopes(sides)
        return np.abs(slopes).sum(axis=1) if mix is None else slopes @ mix

    def _place(self, point: np.ndarray) -> np.ndarray:
        """A point (v, s) in the coordinates of f."""
        step = self._half * point[:-1] / point[-1] * (self._unit if self.whole else 1.0)
        place = self._centre + step
        return plain(
            place if self._box is None else np.clip(place, *self._box)
        )  # what rounding leaves outside

    def _best(self, points: np.ndarray, mix: np.ndarray | None) -> tuple[float, np.ndarray]:
        """Of points (v, s) that are inside of cells the one with the largest value."""
        levels = points @ self._rows.T
        inside = (
            (np.abs(points[:, :-1]) <= 1).all(axis=1)
            & (points[:, -1] > 0)
            & (np.abs(levels) > THIN).all(axis=1)
        )
        inside &= points[:, -1] <= 1 if self.whole else points[:, -1] == 1
        if not inside.any():
            return -np.inf, self._centre
        values = self._value(levels[inside] > 0, mix)
        best = int(np.argmax(values))
        return float(values[best]), self._place(points[inside][best])

    def _program(self, mix: np.ndarray | None, deadline: Deadline) -> tuple[float, np.ndarray | None, bool]:
        """A bound over the patterns that are not cut off, the best one found, and whether time was over before."""
        pieces, (m, width) = self.pieces, self._rows.shape
        d, terms = width - 1, self.pieces.jumps[:, None] * self.pieces.normals
        columns = width + m if mix is not None else width + m + d + m
        rows = np.zeros((2 * m, columns))
        most = np.maximum(self._up, -self._low)
        rows[:m, :width], rows[m:, :width] = -self._rows / most[:, None], self._rows / most[:, None]
        rows[:m, width : width + m] = -np.diag(self._low / most)
        rows[m:, width : width + m] = -np.diag(self._up / most)
        right = np.concatenate([-self._low / most, np.zeros(m)])
        cost, constant = np.zeros(columns), 0.0
        low, high = np.zeros(columns), np.ones(columns)
        low[:d], low[d] = -1.0, 0.0 if self.whole else 1.0
        whole = np.zeros(columns)
        whole[width : width + m] = 1
        if mix is not None:
            cost[width:], constant = -terms @ mix, float(pieces.slope @ mix)
        else:
            sizes = np.abs(terms).sum(axis=1)
            more = np.zeros((2 * m, columns))
            turned, t = slice(width + m, width + m + d), slice(width + m + d, columns)
            more[:m, t], more[m:, t] = np.eye(m), np.eye(m)  # t_j in units of Σ_l |c_j n_jl|, σ = 2 s − 1
            more[:m, width : width + m] = -np.eye(m)
            more[m:, width : width + m] = 2 * np.eye(m)
            more[m:, turned] = -2 * terms / sizes[:, None]
            rows, right = (
                np.vstack([rows, more]),
                np.concatenate([right, np.zeros(m), 2 - terms.sum(axis=1) / sizes]),
            )
            cost[turned], cost[t], constant = -2 * pieces.slope, -sizes, -float(pieces.slope.sum())
            low[t], whole[turned] = -1.0, 1
        if self._cuts:
            more = np.zeros((len(self._cuts), columns))
            more[:, width : width + m] = [row for row, _ in self._cuts]
            rows, right = np.vstack([rows, more]), np.concatenate([right, [limit for _, limit in self._cuts]])
        found = solved(cost, whole, low, high, csr_array(rows), right, deadline)
        bound = constant - found.bound
        sides = None if found.point is None else found.point[width : width + m] > 0.5
        return bound, sides, found.stopped

    def _realised(self, sides: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """How deep inside of a cell of these sides a point can be, at most 1; the point; and which kinks keep it."""
        m, width = self._rows.shape
        signs = np.where(sides, 1.0, -1.0)[:, None]
        rows = np.hstack([-signs * self._rows, np.ones((m, 1))])
        limits = [(-1.0, 1.0)] * (width - 1) + [(0.0 if self.whole else 1.0, 1.0), (None, 1.0)]
        if self.whole:  # s > 0, too
            ahead = np.zeros((1, width + 1))
            ahead[0, -2:] = -1.0, 1.0
            rows = np.vstack([rows, ahead])
        found = linprog(np.append(np.zeros(width), -1.0), rows, np.zeros(len(rows)), bounds=limits)
        needed = np.abs(found.ineqlin.marginals[:m]) > 1e-9
        return float(found.x[-1]), found.x[:-1], needed
