"""Norms: the unit balls of ‖·‖_p, p = 1, 2 and ∞, on which the weights of neurons lie.

‖·‖_1 and ‖·‖_∞ are linear on cones whose walls are orthogonal to the directions e_l and e_l ± e_m. So with the samples
directions cut the ball into pieces whose vertices are the atoms; and along a line these norms are convex and piecewise
linear, with a kink where the line meets a wall. ‖·‖_2 is smooth.

Source: geomnn theory, sections 1 and 5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import combinations
from math import comb
from operator import add
from typing import Any

import numpy as np

from geomnn.errors import OptionError

__all__ = ["Ball", "Direction", "ball"]

# relative to the largest coordinate, up to which one is zero, or two have one size: w lies on a wall. Above what a
# step to a wall leaves, and below ON_PLANE of walks, so that walls are met one by one
FLAT = 1e-12


@dataclass(frozen=True, order=True)
class Direction:
    """A direction in feature space that an atom can be orthogonal to: e_l, or e_l ± e_m.

    Parameters
    ----------
    first : int
        l, counted from 0 (it prints as e1 for l = 0).
    second : int, optional
        m > l for e_l ± e_m, -1 for e_l alone.
    sign : int, optional
        +1 or -1 in e_l ± e_m, 0 for e_l alone.

    Examples
    --------
    >>> str(Direction(0)), str(Direction(0, 2, -1))
    ('e1', '(e1 − e3)')
    """

    first: int
    second: int = -1
    sign: int = 0

    def vector(self, d: int) -> np.ndarray:
        """The direction in coordinates, shape (d,)."""
        coordinates = np.zeros(d)
        coordinates[self.first] = 1.0
        if self.sign:
            coordinates[self.second] = self.sign
        return coordinates

    def __str__(self) -> str:
        if not self.sign:
            return f"e{self.first + 1}"
        return f"(e{self.first + 1} {'+' if self.sign > 0 else '−'} e{self.second + 1})"

    def to_latex(self) -> str:
        """The direction as LaTeX."""
        if not self.sign:
            return f"e_{{{self.first + 1}}}"
        return f"(e_{{{self.first + 1}}} {'+' if self.sign > 0 else '-'} e_{{{self.second + 1}}})"


class Ball(ABC):
    """The unit ball of ‖·‖_p: what p = 1, 2 and ∞ differ in.

    Laws, for all weights w, w' and g, every number s, and 1/p + 1/q = 1:

    1. ‖w‖_p is a norm: ‖s w‖_p = |s| ‖w‖_p, ‖w + w'‖_p ≤ ‖w‖_p + ‖w'‖_p, and ‖w‖_p > 0 but for w = 0;
    2. g·w ≤ ‖g‖_q ‖w‖_p, with equality at w = corner(g), ‖corner(g)‖_p = 1;
    3. ‖·‖_p is the largest slope of its gradients: gradient(w)·w = ‖w‖_p, ‖gradient(w)‖_q = 1;
    4. where it is polyhedral, ‖·‖_p is linear on the cones that the directions cut in d > 1 dimensions:
       ‖w + w'‖_p = ‖w‖_p + ‖w'‖_p for w and w' on the same side of each of them;
    5. w is orthogonal to walls(w), which are directions;
    6. ‖w + t d‖_p = ‖w‖_p + t rise(w, d) + Σ_k change_k (t − t_k)_+ on a line that misses 0, with the kinks t_k, at
       which w + t_k d is orthogonal to their walls: for all t ≥ 0 where it is polyhedral, else to first order.

    `geomnn.testing.check_norm` runs these laws. Weights are columns, shape (d, k), but for the lengths.

    Attributes
    ----------
    p, q : float
        1/p + 1/q = 1: ‖·‖_q is the dual norm.
    axes : int
        How many axes a direction is made of: 1 for e_l, 2 for e_l ± e_m, 0 where there are none.
    subscript : str
        p as an index: "₁", "₂" or "∞".

    Source: geomnn theory, section 1.
    """

    p: float
    q: float
    axes: int
    subscript: str

    @property
    def polyhedral(self) -> bool:
        """Whether the ball has faces and vertices: not for p = 2, where atoms move with the residual."""
        return self.axes > 0

    def length(self, w: np.ndarray, axis: int = -1) -> np.ndarray:
        """‖w‖_p along an axis: of rows, unless it is said otherwise."""
        return np.linalg.norm(w, ord=self.p, axis=axis)

    def dual_length(self, g: np.ndarray, axis: int = -1) -> np.ndarray:
        """‖g‖_q along an axis."""
        return np.linalg.norm(g, ord=self.q, axis=axis)

    @abstractmethod
    def square(self, sizes: Sequence[Any]) -> Any:
        """‖w‖_p² for exact sizes |w_l|: integers, or other numbers that can be added, multiplied and compared."""

    def count_directions(self, d: int) -> int:
        """How many directions there are in d dimensions, without forming them."""
        return self.axes * comb(d, self.axes)

    def directions(self, d: int) -> tuple[Direction, ...]:
        """The normals of the walls of the cones on which ‖·‖_p is linear, in order; none for p = 2."""
        return _directions(self.axes, d)

    def peak(self, w: np.ndarray) -> np.ndarray:
        """± 1 at the first largest entry of every column, 0 elsewhere."""
        largest = np.argmax(np.abs(w), axis=0)[..., None]
        return np.where((np.arange(len(w)) == largest).T, np.copysign(1.0, w), 0.0)

    @abstractmethod
    def gradient(self, w: np.ndarray) -> np.ndarray:
        """A subgradient of ‖·‖_p at every column."""

    @abstractmethod
    def corner(self, w: np.ndarray) -> np.ndarray:
        """The point of the ball farthest along every column: a vertex next to it, for p = 2 its own direction."""

    @abstractmethod
    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        """The one-sided derivative of ‖w + t d‖_p at t = 0+, shape (k,)."""

    @abstractmethod
    def walls(self, w: np.ndarray) -> list[Direction]:
        """Directions to which one weight (d,) is orthogonal, as far as they bound its cone."""

    @abstractmethod
    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        """Where the lines w + t d meet walls at t > 0: t and the change of slope there, shape (m, k), padded with
        t = inf; and the directions of the walls."""


class Octahedron(Ball):
    """‖·‖_1, with directions e_l."""

    p, q, axes, subscript = 1.0, np.inf, 1, "₁"

    def square(self, sizes: Sequence[Any]) -> Any:
        return reduce(add, sizes) * reduce(add, sizes)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return np.where(_is_zero(w), 0.0, np.sign(w))

    corner = Ball.peak

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.sum(np.where(_is_zero(w), np.abs(d), np.sign(w) * d), axis=0)

    def walls(self, w: np.ndarray) -> list[Direction]:
        return [Direction(int(axis)) for axis in np.flatnonzero(_is_zero(w))]

    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        falling = (w * d < 0) & ~_is_zero(w)
        meet = np.divide(-w, d, out=np.full_like(w, np.inf), where=falling)
        return meet, 2 * np.abs(d), [list(self.directions(len(w)))] * w.shape[1]


class Sphere(Ball):
    """‖·‖_2, without directions."""

    p, q, axes, subscript = 2.0, 2.0, 0, "₂"

    def square(self, sizes: Sequence[Any]) -> Any:
        return reduce(add, (size * size for size in sizes))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return w / self.length(w, axis=0)

    corner = gradient

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.sum(w * d, axis=0) / self.length(w, axis=0)

    def walls(self, w: np.ndarray) -> list[Direction]:
        return []

    def kinks(self, w: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[Direction]]]:
        none = np.zeros((0, w.shape[1]))
        return none, none, [[]] * w.shape[1]


class Cube(Ball):
    """‖·‖_∞, with directions e_l ± e_m."""

    p, q, axes, subscript = np.inf, 1.0, 2, "∞"

    def square(self, sizes: Sequence[Any]) -> Any:
        return max(size * size for size in sizes)

    gradient = Ball.peak

    def corner(self, w: np.ndarray) -> np.ndarray:
        return np.copysign(1.0, w)

    def rise(self, w: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.where(_is_largest(w), np.sign(w) * d, -np.inf).max(axis=0)

    def walls(self, w: np.ndarray) -> list[Direction]:
        first, *others = np.flatnonzero(_is_largest(w)).tolist()
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


BALLS = {each.p: each for each in (Octahedron(), Sphere(), Cube())}


def ball(norm: Any) -> Ball:
    """The unit ball of a norm.

    Parameters
    ----------
    norm : number
        1, 2 or numpy.inf.

    Raises
    ------
    OptionError
        For any other.
    """
    real = isinstance(norm, int | float | np.integer | np.floating) and not isinstance(norm, bool)
    if real and norm in BALLS:
        return BALLS[norm]
    raise OptionError("{norm}; 1, 2 or numpy.inf was expected.", norm=norm)


@lru_cache(maxsize=8)
def _directions(axes: int, d: int) -> tuple[Direction, ...]:
    signs = ((), ((),), ((1,), (-1,)))[axes]
    return tuple(Direction(*chosen, *sign) for chosen in combinations(range(d), axes) for sign in signs)


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
