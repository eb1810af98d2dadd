"""The least f over a ball and the nearest sign change, of one sample: from what costs least to what is exact.

Source: geomnn theory, section 11, (I4).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.deadline import Deadline
from geomnn.inputs.attack import first_zero, lowest, nearest_flip
from geomnn.inputs.pieces import Pieces, plain
from geomnn.inputs.plane import AFFORDABLE, Plane
from geomnn.numbers.rationals import root_times

__all__ = ["Sought"]

BISECTIONS = 30
LARGEST = 1e12  # up to where the sum bound is looked at
NEWTON = 3
WIDER, TRIES = 4.0, 12  # balls that are looked through where no flip was found: each so much larger
OUTSIDE = (
    1 + 1e-6
)  # of the nearest flip that was found, how large the ball is in which a nearer one is looked for


class Sought:
    """One function of which margins and radii are sought, by its plane where it has at most two features.

    Parameters
    ----------
    pieces : Pieces
    r : {1, 2, inf}
    seed : int
        Of the starts of attacks.
    """

    def __init__(self, pieces: Pieces, r: float, seed: int):
        self.pieces, self.floats, self.seed = pieces, pieces.numeric(), seed
        # one feature has one norm, and its balls are rational
        self.r = np.inf if len(pieces.slope) == 1 else r
        self.plane = self.round = None
        if len(pieces.slope) <= 2 and len(pieces) <= AFFORDABLE:
            self.plane = Plane(pieces)
            # where a circle meets a line there are square roots
            self.round = Plane(self.floats) if self.r == 2 and pieces.exact else self.plane

    def margin(
        self, point: np.ndarray, sign: int, eps: Any, deadline: Deadline, programs: bool = True
    ) -> tuple[Any, Any, np.ndarray]:
        """Lower and upper end of the least sign·f over ‖δ‖_r ≤ eps, and the point of the upper end.

        Parameters
        ----------
        point : ndarray, shape (d,)
        sign : int
        eps : float or fmpq
        deadline : Deadline
        programs : bool
            Whether to go on to programs where the sum bound and an attack leave something.
        """
        if eps == 0:
            value, rounding = sign * self.pieces(point[None])[0], self.pieces.rounding(point[None])[0]
            return value - rounding, value, point
        if self.round is not None and not deadline.over():
            pieces, place = self.round.pieces, self.round.lifted(point)
            if not pieces.exact:
                place, eps = _floats(place), _floats(np.array([eps]))[0]
            least, largest = self.round.extremes(place, eps, self.r)
            value, where = least if sign > 0 else (-largest[0], largest[1])
            return value - pieces.rounding(where[None])[0], value, where[: len(point)]
        size, centre = float(_floats(np.array([eps]))[0]), _floats(point)
        ball = self.floats.times(sign).about(centre, size)
        lower, step = ball.on_ball(self.r).sum_bound(self.r), np.zeros(len(centre))
        if deadline.over():
            upper = float(ball(step[None])[0])
        else:
            step = lowest(ball, self.r, self.seed)
            upper = float(ball(step[None])[0])
        if programs and not deadline.over():
            lower, upper, step = self._least(ball, lower, upper, step, deadline)
        return min(lower, upper), upper, centre + size * step

    def _least(
        self, ball: Pieces, lower: float, upper: float, step: np.ndarray, deadline: Deadline
    ) -> tuple[float, float, np.ndarray]:
        """By a linear program and, where that leaves something, a mixed-integer one."""
        from geomnn.inputs.mixed import BallProgram

        program = BallProgram(ball, self.r)
        for whole in (False, True):
            bound, found = program.least(deadline, whole)
            lower = max(lower, bound)
            if found is not None:
                found = found / max(1.0, float(norms.ball(self.r).length(found)))
                value = float(ball(found[None])[0])
                upper, step = (value, found) if value < upper else (upper, step)
            if not program.binaries or deadline.over():
                break
        return lower, upper, step

    def radius(
        self, point: np.ndarray, sign: int, deadline: Deadline, programs: bool = True
    ) -> tuple[Any, Any, np.ndarray | None]:
        """Lower and upper end of the least ‖δ‖_r with sign·f ≤ 0, and the point of the upper end, if there is one; the
        arguments are those of `margin`."""
        here = sign * self.pieces(point[None])[0]
        if here <= self.pieces.rounding(point[None])[0]:
            return 0 * here, 0 * here, point
        if self.plane is not None and not deadline.over():
            found = self.plane.zeros.nearest(self.plane.lifted(point), self.r)
            if found is None:
                return np.inf, np.inf, None
            size, flip = found[0], point + found[1][: len(point)]
            if self.r != 2:
                return size, size, flip
            root = root_times(plain(np.array([size]))[0], Fraction(1)) if self.pieces.exact else np.sqrt(size)
            return root, root, flip
        return self._nearest(_floats(point), sign, deadline, programs)

    def _nearest(
        self, point: np.ndarray, sign: int, deadline: Deadline, programs: bool
    ) -> tuple[float, float, np.ndarray | None]:
        """By an attack, the sum bound, and a mixed-integer program inside of the ball that the attack leaves."""
        function, length = self.floats.times(sign), norms.ball(self.r).length
        if not function.steepest(self.r):
            return np.inf, np.inf, None
        if deadline.over():
            return float(function(point[None])[0]) / (function.steepest(self.r) or 1e-300), np.inf, None
        step = nearest_flip(function, point, self.r, self.seed)
        upper = np.inf if step is None else float(length(step))
        lower = self._sum_radius(function, point, upper)
        size = upper * OUTSIDE if step is not None else WIDER * lower
        for _ in range(TRIES):
            if not programs or deadline.over() or not np.isfinite(size):
                break
            bound, found = self._in_ball(function, point, size, deadline)
            lower = max(lower, bound)
            if found is not None and length(found) < upper:
                step, upper = found, float(length(found))
            if np.isfinite(upper):
                break
            size *= WIDER
        return min(lower, upper), upper, None if step is None else point + step

    def _in_ball(
        self, function: Pieces, point: np.ndarray, size: float, deadline: Deadline
    ) -> tuple[float, np.ndarray | None]:
        """A bound of the nearest flip within a ball, and a flip at what the program found, or on the way there."""
        from geomnn.inputs.mixed import BallProgram

        bound, found = BallProgram(function.about(point, size), self.r).nearest(deadline)
        if found is None or not found.any():
            return bound * size, None
        around, flip = function.about(point, 1.0), size * found[None]
        for _ in range(NEWTON):  # from what the program's tolerances leave above 0
            value, slope = float(around(flip)[0]), around.slopes(around.sides(flip))
            if value <= 0 or not slope.any():
                break
            flip = flip - value * OUTSIDE * slope / (slope * slope).sum()
        touches = around(flip)[0] <= function.rounding(point + flip)[0]
        share = min(float(first_zero(around, flip)[0]), 1.0 if touches else np.inf)
        return bound * size, share * flip[0] if np.isfinite(share) else None

    def _sum_radius(self, function: Pieces, point: np.ndarray, most: float) -> float:
        """A radius up to which the sum bound is above 0, by bisection from |f| over the sum of all slopes on."""
        low = float(function(point[None])[0]) / (function.steepest(self.r) or 1e-300)
        low, high = min(low, most, LARGEST), min(most, LARGEST)
        if function.about(point, high).on_ball(self.r).sum_bound(self.r) > 0:
            return high
        for _ in range(BISECTIONS):
            middle = float(np.sqrt(low * high)) if low > 0 else high / 2
            above = function.about(point, middle).on_ball(self.r).sum_bound(self.r) > 0
            low, high = (middle, high) if above else (low, middle)
        return low


def _floats(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(plain(numbers), dtype=float)
