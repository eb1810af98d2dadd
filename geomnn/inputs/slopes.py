"""How large a sum of slopes is on the cells of a box, in any dimension, as mixed-integer programs over patterns.

With a_j ∈ {0, 1} for the kinks that the box does not decide, and a point x of it that is on these sides or between,

    (1 − a_j) low_j ≤ n_j·x + o_j ≤ a_j up_j,   ∂_l f = g_l + Σ_j c_j n_jl a_j,

of which the program maximises a sum; for ‖∇f‖_1 one with signs σ_l ∈ {−1, 1}, where with C_j = Σ_l |c_j n_jl|

    t_j ≤ a_j C_j,   t_j ≤ σ·c_j n_j + 2 (1 − a_j) C_j,   ‖∇f‖_1 = max_σ σ·g + Σ_j t_j.

The weak inequalities allow patterns that no cell has, where more than d hyperplanes meet. So the pattern that is found
is *realised* by a linear program, max τ: ± (n_j·x + o_j) ≥ τ, which is solved again around its solution, as thin cells
are below the tolerances of solvers. Where no point inside is found, its multipliers μ ≥ 0 say which kinks alone
contradict each other, Σ μ_j ± (n_j·x + o_j) ≤ 0 on all of the box; these sides of them are cut off, and the program is
solved again. Both are shown up to the rounding of the numbers n_j and o_j, and where neither is, the upper end stays.
Without a box, x = v/s with |v_l| ≤ 1 and 0 < s ≤ 1.

Source: geomnn theory, section 11, (I3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from geomnn.deadline import Deadline
from geomnn.inputs.pieces import ALIKE, Pieces, plain
from geomnn.inputs.solver import solved

__all__ = ["SlopeProgram", "Steepest"]

EVEN = 3  # times that features are scaled to their largest part in a hyperplane, and hyperplanes to theirs
ZOOM, ZOOMS = 1e6, 3  # how much closer the program of a thin cell is looked at, and how often
USED = 1e-9  # relative to the sum of multipliers, from which on one is none of rounding
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
        # coordinates in which the box is |v_l| ≤ 1; all of space in units of how far hyperplanes are, in which features
        # have one size
        for _ in range(EVEN * self.whole):
            slants = np.abs(pieces.normals * half)
            largest = (slants / slants.max(axis=1, keepdims=True)).max(axis=0, initial=0.0)
            half = half / np.where(largest > 0, largest, 1.0)
        sizes = np.linalg.norm(pieces.normals * half, axis=1)
        extent = float(replace(pieces, offsets=pieces.offsets / sizes).extent)
        self._unit = extent or 1.0 if self.whole else 1.0
        offsets = pieces.offsets + pieces.normals @ centre
        rows = np.hstack([pieces.normals * half, offsets[:, None] / self._unit]) / sizes[:, None]
        # what rounding is relative to: the terms of each sum, before they cancel
        terms = (
            np.maximum(np.abs(pieces.offsets) / sizes, extent)
            + np.abs(pieces.normals) @ np.abs(centre) / sizes
        )
        terms = np.column_stack([np.abs(rows[:, :-1]), terms / self._unit])
        self._box, self._centre, self._half = box, centre, half
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
        self._rows, self._terms, self._low, self._up = rows[kept], terms[kept], low[kept], up[kept]
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
            inside, contradiction = self._realised(sides)
            if self._inside(inside[None], sides[None])[0]:
                value = self._value(sides[None], mix)[0]
                best = max(best, (float(value), self._place(inside)), key=lambda found: found[0])
                return Steepest(best[0], max(upper, best[0]), best[1], not stopped)
            if not contradiction.any():  # there may be such a cell
                return Steepest(best[0], max(upper, best[0]), best[1], True)
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
        step = self._half * point[:-1] / point[-1] * self._unit
        place = self._centre + step
        return plain(
            place if self._box is None else np.clip(place, *self._box)
        )  # what rounding leaves outside

    def _best(self, points: np.ndarray, mix: np.ndarray | None) -> tuple[float, np.ndarray]:
        """Of points (v, s) that are inside of cells the one with the largest value."""
        sides = points @ self._rows.T > 0
        inside = self._inside(points, sides)
        if not inside.any():
            return -np.inf, self._centre
        values = self._value(sides[inside], mix)
        best = int(np.argmax(values))
        return float(values[best]), self._place(points[inside][best])

    def _inside(self, points: np.ndarray, sides: np.ndarray) -> np.ndarray:
        """Which points (v, s) are inside of the cells of these sides, beyond rounding."""
        depths = np.where(sides, 1.0, -1.0) * (points @ self._rows.T)
        inside = (depths > ALIKE * (np.abs(points) @ self._terms.T)).all(axis=1)
        inside &= (np.abs(points[:, :-1]) <= 1).all(axis=1) & (points[:, -1] > 0)
        return inside & (points[:, -1] <= 1 if self.whole else points[:, -1] == 1)

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

    def _realised(self, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A point (v, s) as deep inside of a cell of these sides as one is found; and which kinks alone keep it out."""
        m, width = self._rows.shape
        signed, terms = np.where(sides, 1.0, -1.0)[:, None] * self._rows, self._terms
        if self.whole:  # s > 0, too
            signed, terms = (np.vstack([table, np.eye(width)[-1]]) for table in (signed, terms))
        rows = np.hstack([-signed, np.ones((len(signed), 1))])
        low, high = np.append(-np.ones(width), -np.inf), np.ones(width + 1)
        low[-2] = 0.0 if self.whole else 1.0
        point, used = np.eye(width)[-1], np.zeros(len(signed), dtype=bool)
        for zoom in range(ZOOMS):
            at, closer = np.append(point, (signed @ point).min()), ZOOM**zoom
            limits = np.column_stack([low - at, high - at]) * closer
            found = linprog(np.append(np.zeros(width), -1.0), rows, -closer * (rows @ at), bounds=limits)
            if found.x is None:
                break
            point = np.clip(point + found.x[:-1] / closer, low[:-1], high[:-1])
            if self._inside(point[None], sides[None])[0]:
                break
            free = (np.maximum(np.abs(found.lower.marginals), np.abs(found.upper.marginals)) <= USED)[:-1]
            free &= low[:-1] < high[:-1]
            used = self._contradicting(signed, terms, -found.ineqlin.marginals > USED, free)
            if used.any():
                break
        return point, used[:m]

    def _contradicting(
        self, signed: np.ndarray, terms: np.ndarray, used: np.ndarray, free: np.ndarray
    ) -> np.ndarray:
        """These rows, where a sum of them with μ ≥ 0 is at most 0 on all of the box, its parts that are free being 0;
        none else."""
        none, rows = np.zeros(len(used), dtype=bool), signed[used]
        sums = np.vstack([rows[:, free].T, np.ones(len(rows))])
        multipliers = np.linalg.lstsq(sums, np.eye(len(sums))[-1], rcond=None)[0]
        if not len(rows) or (multipliers < 0).any():
            return none
        mixed, slack = multipliers @ rows, ALIKE * (multipliers @ terms[used])
        most = np.abs(mixed)
        most[-1] = max(mixed[-1], 0.0) if self.whole else mixed[-1]
        nothing = (most[free] <= slack[free]).all() and most[~free].sum() <= slack[~free].sum()
        return used if nothing else none
