"""Unit balls along a line: where ‖w + t d‖_p has kinks, and what w is orthogonal to there.

‖·‖_1 and ‖·‖_∞ are linear on cones whose walls are the directions e_l and e_l ± e_m: along a line they are convex
and piecewise linear, with a kink where the line meets a wall.  ‖·‖_2 is smooth.

Source: geomnn theory, sections 1 and 5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from geomnn.atoms import Direction

__all__ = ["Ball", "find_ball"]

FLAT = 1e-12  # a coordinate this small, relative to the largest, is zero: w lies on a wall


class Ball(ABC):
    """What a walk asks of a norm; all weights are columns, shape (d, k)."""

    norm: float

    @abstractmethod
    def length(self, w: np.ndarray) -> np.ndarray:
        """‖w‖_p of every column."""

    @abstractmethod
    def gradient(self, w: np.ndarray) -> np.ndarray:
        """A subgradient of ‖·‖_p at every column."""

    @abstractmethod
    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        """The one-sided derivative of ‖w + t d‖_p at t = 0+, shape (k,)."""

    @abstractmethod
    def walls(self, w: np.ndarray) -> list[Direction]:
        """The directions to which one weight (d,) is orthogonal."""

    @abstractmethod
    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        """Where the lines w + t d meet walls at t > 0: t and the change of slope there, shape (m, k), padded with
        t = inf; and the directions of the walls."""

    @abstractmethod
    def corner(self, w: np.ndarray) -> np.ndarray:
        """A vertex of the ball next to one weight (d,); every point of a sphere is one."""


class Octahedron(Ball):
    """‖·‖_1, with walls e_l."""

    norm = 1.0

    def length(self, w: np.ndarray) -> np.ndarray:
        return np.abs(w).sum(axis=0)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return np.where(_is_zero(w), 0.0, np.sign(w))

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.sum(np.where(_is_zero(w), np.abs(d), np.sign(w) * d), axis=0)

    def walls(self, w: np.ndarray) -> list[Direction]:
        return [Direction(int(axis)) for axis in np.flatnonzero(_is_zero(w))]

    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        falling = (w * d < 0) & ~_is_zero(w)
        meet = np.divide(-w, d, out=np.full_like(w, np.inf), where=falling)
        return meet, 2 * np.abs(d), [[Direction(axis) for axis in range(len(w))]] * w.shape[1]

    def corner(self, w: np.ndarray) -> np.ndarray:
        largest = int(np.argmax(np.abs(w)))
        return np.where(np.arange(len(w)) == largest, np.copysign(1.0, w[largest]), 0.0)


class Sphere(Ball):
    """‖·‖_2, without walls."""

    norm = 2.0

    def length(self, w: np.ndarray) -> np.ndarray:
        return np.sqrt(np.sum(w * w, axis=0))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return w / self.length(w)

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.sum(w * d, axis=0) / self.length(w)

    def walls(self, w: np.ndarray) -> list[Direction]:
        return []

    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        none = np.zeros((0, w.shape[1]))
        return none, none, [[]] * w.shape[1]

    def corner(self, w: np.ndarray) -> np.ndarray:
        return w / self.length(w)


class Cube(Ball):
    """‖·‖_∞, with walls e_l ± e_m."""

    norm = np.inf

    def length(self, w: np.ndarray) -> np.ndarray:
        return np.abs(w).max(axis=0)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        largest = np.arange(len(w))[:, None] == np.argmax(np.abs(w), axis=0)
        return largest * np.sign(w)

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.where(_is_largest(w), np.sign(w) * d, -np.inf).max(axis=0)

    def walls(self, w: np.ndarray) -> list[Direction]:
        first, *others = np.flatnonzero(_is_largest(w[:, None])[:, 0]).tolist()
        return [_wall(first, other, w[first] * w[other] < 0) for other in others]

    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        found = [_envelope(w[:, column], d[:, column]) for column in range(w.shape[1])]
        meet = np.full((max((len(kinks) for kinks in found), default=0), w.shape[1]), np.inf)
        change, walls = np.zeros_like(meet), []
        for column, kinks in enumerate(found):
            for row, (t, steeper, _) in enumerate(kinks):
                meet[row, column], change[row, column] = t, steeper
            walls.append([wall for *_, wall in kinks])
        return meet, change, walls

    def corner(self, w: np.ndarray) -> np.ndarray:
        return np.copysign(1.0, w)


def find_ball(norm: float) -> Ball:
    """The ball of p = 1, 2 or ∞."""
    balls: dict[float, type[Octahedron | Sphere | Cube]] = {1.0: Octahedron, 2.0: Sphere, np.inf: Cube}
    return balls[norm]()


def _is_zero(w: np.ndarray) -> np.ndarray:
    return np.abs(w) <= FLAT * np.abs(w).max(axis=0)


def _is_largest(w: np.ndarray) -> np.ndarray:
    return np.abs(w) >= (1 - FLAT) * np.abs(w).max(axis=0)


def _wall(first: int, second: int, opposite: bool) -> Direction:
    """The direction to which w is orthogonal where |w_l| = |w_m|: e_l + e_m for opposite signs."""
    return Direction(min(first, second), max(first, second), 1 if opposite else -1)


def _envelope(w: np.ndarray, d: np.ndarray) -> list[tuple[float, float, Direction]]:
    """The kinks of max_l |w_l + t d_l| for t > 0: t, the change of slope, and the wall that is met."""
    size = len(w)
    height, slope = np.concatenate([w, -w]), np.concatenate([d, -d])
    top = np.flatnonzero(height >= (1 - FLAT) * height.max())
    line, t, kinks = int(top[np.argmax(slope[top])]), 0.0, []
    while len(steeper := np.flatnonzero(slope > slope[line])):
        meets = np.maximum((height[line] - height[steeper]) / (slope[steeper] - slope[line]), t)
        t = float(meets.min())
        reached = steeper[meets <= t * (1 + FLAT)]
        following = int(reached[np.argmax(slope[reached])])
        if following % size != line % size:  # else one coordinate passes through zero, all others being there
            wall = _wall(line % size, following % size, (line < size) != (following < size))
            kinks.append((t, float(slope[following] - slope[line]), wall))
        line = following
    return kinks
