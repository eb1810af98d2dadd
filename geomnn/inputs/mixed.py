"""The least f over a ball, and the nearest point at which f ≤ 0, as mixed-integer programs.

Over ‖δ‖_r ≤ E ≤ 1, with low_j ≤ n_j·δ + o_j ≤ up_j there, kinks that do not change sign are linear. Of the others

    h_j ≥ n_j·δ + o_j,  h_j ≥ 0                                            where c_j > 0,
    h_j ≤ n_j·δ + o_j − low_j (1 − a_j),  h_j ≤ up_j a_j,  a_j ∈ {0, 1}    where c_j < 0,

and f = g·δ + t + Σ c_j h_j at an optimum: binaries only for undecided kinks that pull f down. Without whole numbers
these are the chords of the concave ones. ‖δ‖_1 takes sizes of coordinates; ‖δ‖_2 ≤ E is cut off by tangents, n·δ ≤ E
with ‖n‖_2 = 1, at the points that are found outside, so each program bounds from below.

Source: geomnn theory, section 11, (I3); V. Tjeng, K. Xiao, R. Tedrake, arXiv 1711.07356.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array

from geomnn import norms
from geomnn.deadline import Deadline
from geomnn.inputs.pieces import Pieces
from geomnn.inputs.solver import solved

__all__ = ["BallProgram"]

MORE = 1e-6  # relative to the size of f, up to which it counts as ≤ 0 where the nearest flip is bounded

TANGENTS = 20  # rounds in which a ball of r = 2 is cut
ROUND = 1e-7  # relative to the radius, outside by which a point of the program is in the ball


class BallProgram:
    """f over the unit ball about 0.

    Parameters
    ----------
    pieces : Pieces
        In float64.
    r : {1, 2, inf}
    """

    def __init__(self, pieces: Pieces, r: float):
        self.pieces, self.ball, d = pieces, norms.ball(r), len(pieces.slope)
        inner = pieces.on_ball(r)
        reach = self.ball.dual_length(inner.normals)
        low, up = inner.offsets - reach, inner.offsets + reach
        above, below = inner.jumps > 0, inner.jumps < 0
        convex, concave = np.flatnonzero(above), np.flatnonzero(below)
        self.binaries, extra = len(concave), d if r == 1 else 0
        self.sum_bound = inner.sum_bound(r)
        widths = [d, extra, 1, len(convex), len(concave), len(concave)]
        self._columns = sum(widths)
        self._end = d + extra  # the column of E
        heights = [inner.slope, np.zeros(extra + 1), (inner.jumps * up)[convex], (inner.jumps * up)[concave]]
        self._f, self._t = np.concatenate([*heights, np.zeros(len(concave))]), inner.constant
        most = np.maximum(up, -low)
        each, one = eye_array(d, format="csr"), csr_array(np.ones((d, 1)))
        if r == 1:
            sphere = [[each, -each, None, None, None, None], [-each, -each, None, None, None, None],
                      [None, csr_array(np.ones((1, d))), csr_array(-np.ones((1, 1))), None, None, None]]  # fmt: skip
        else:
            sphere = [[sign * each, csr_array((d, extra)), -one, None, None, None] for sign in (1, -1)]
        rows = [
            *sphere,
            [_scaled(inner, most, convex), None, None, _diagonal(-up / most, convex), None, None],
            [-_scaled(inner, most, concave), None, None, None, _diagonal(up / most, concave),
             _diagonal(-low / most, concave)],
            [None, None, None, None, eye_array(len(concave)), -eye_array(len(concave))],
        ]  # fmt: skip
        sizes = [*[block[0].shape[0] if block[0] is not None else 1 for block in sphere]]
        right = [
            np.zeros(sum(sizes)),
            (-inner.offsets / most)[convex],
            ((inner.offsets - low) / most)[concave],
        ]
        sizes += [len(convex), len(concave), len(concave)]
        filled = [
            [_shaped(block, height, width) for block, width in zip(row, widths, strict=True)]
            for row, height in zip(rows, sizes, strict=True)
        ]
        self._rows, self._right = (
            block_array(filled, format="csr"),
            np.concatenate([*right, np.zeros(len(concave))]),
        )
        self._low = np.concatenate([-np.ones(d), np.zeros(self._columns - d)])
        self._whole = np.concatenate([np.zeros(self._columns - len(concave)), np.ones(len(concave))])

    def least(self, deadline: Deadline, whole: bool = True) -> tuple[float, np.ndarray | None]:
        """A lower bound of f on the ball, and where the program found it least.

        Parameters
        ----------
        deadline : Deadline
        whole : bool
            Whether a_j are whole; else chords bound the concave terms.
        """
        bound, point = self._solve(self._f, [], deadline, self._whole * whole)
        step = None if point is None else point[: len(self.pieces.slope)]
        return max(bound + self._t, self.sum_bound), step

    def nearest(self, deadline: Deadline) -> tuple[float, np.ndarray | None]:
        """A lower bound of ‖δ‖_r over the ball where f ≤ 0, 1 if that is nowhere; and a δ that was found."""
        goal, size = np.zeros(self._columns), float(np.abs(self._f).sum()) or 1.0
        goal[self._end] = 1.0
        # what is allowed more than f ≤ 0 is more than the solver's tolerance, so that no flip is lost
        bound, point = self._solve(goal, [(self._f / size, MORE - self._t / size)], deadline, self._whole)
        if point is None:
            return min(max(bound, 0.0), 1.0), None
        # nothing is allowed more on the side of each kink on which that is
        chosen = (
            np.where(self._whole > 0, np.round(point), self._low),
            np.where(self._whole > 0, np.round(point), 1.0),
        )
        _, there = self._solve(goal, [(self._f / size, -self._t / size)], deadline, 0 * self._whole, chosen)
        return min(max(bound, 0.0), 1.0), (point if there is None else there)[: len(self.pieces.slope)]

    def _solve(
        self,
        goal: np.ndarray,
        rows: list[tuple[np.ndarray, float]],
        deadline: Deadline,
        whole: np.ndarray,
        limits: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> tuple[float, np.ndarray | None]:
        """A bound of the goal, and a point of the program; for r = 2 in rounds, cut by cut."""
        bound, point, d = -np.inf, None, len(self.pieces.slope)
        low, high = limits or (self._low, np.ones(self._columns))
        for _ in range(TANGENTS):
            every, right = self._rows, self._right
            if rows:
                every = block_array([[every], [csr_array(np.array([row for row, _ in rows]))]], format="csr")
                right = np.concatenate([right, [limit for _, limit in rows]])
            found = solved(goal, whole, low, high, every, right, deadline)
            bound = max(bound, found.bound)
            if found.point is None:
                break
            point, length = found.point, float(self.ball.length(found.point[:d]))
            if self.ball.polyhedral or length <= point[self._end] + ROUND:
                break
            tangent = np.zeros(self._columns)
            tangent[:d], tangent[self._end] = point[:d] / length, -1.0
            rows = [*rows, (tangent, 0.0)]
        return bound, point


def _scaled(pieces: Pieces, most: np.ndarray, rows: np.ndarray) -> csr_array:
    return csr_array(pieces.normals[rows] / most[rows, None])


def _diagonal(values: np.ndarray, rows: np.ndarray) -> csr_array:
    return csr_array(np.diag(values[rows]))


def _shaped(block: csr_array | None, height: int, width: int) -> csr_array:
    return csr_array((height, width)) if block is None else csr_array(block)
