"""Walks to atoms, where there are too many of them to look at each.

A walk starts at some w with its best anchor a (with a bias: the sample x_a at which b = −w·x_a is best for that
w), and keeps a set J of samples and directions to which w stays orthogonal.  Where every other sample keeps its
side, F(w) = Σ_i r_i (y_i·w)_+ with y_i = x_i − x_a is linear, F = g·w.  So each step goes

    towards reject(g, J)/‖·‖_2                 for p = 2, the maximiser of F/‖w‖_2 on the face,
    along reject(g − F ∂‖w‖_p, J)              for p = 1 and ∞,

to the best point of that line; a hyperplane that is met there joins J.  Where neither leads up, a member is left if
one side of its hyperplane is higher, then the anchor is chosen anew; where that leads nowhere, w is an atom of (1),
(2) or (2b).  For several outputs r = V o with o the direction of Σ_i v_i (y_i·w)_+, chosen anew after each step.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from geomnn.deadline import NEVER, Deadline, Pace
from geomnn.dictionaries.walks.lines import best_on_lines, first_on_line
from geomnn.norms import Direction, ball
from geomnn.samples import SPANNED, Samples

__all__ = ["Walks", "walk_from"]

# relative to F/‖w‖, the rise below which a step leads nowhere: above the rounding of a sum over samples, so that no
# walk goes round in circles, and below what a certificate shows
HIGHER = 1e-10
# relative to the longest x̃ (to its own without a bias), up to which a sample lies on a hyperplane: above what
# rounding leaves of a plane through it, and below the distance of samples that are to be told apart
ON_PLANE = 1e-11


def walk_from(
    samples: Samples,
    norm: float,
    v: np.ndarray,
    weights: np.ndarray,
    steps: int,
    deadline: Deadline,
    optional: bool,
) -> np.ndarray:
    """Where walks from weights, shape (d, k), end, as units, shape (k, D): none where they may be left out and have no
    time."""
    if optional and deadline.over():
        return np.zeros((0, samples.D))
    return Walks(samples, norm, v, weights).ends(steps, deadline)


def _orthogonal(basis: np.ndarray) -> np.ndarray:
    """A unit vector orthogonal to fewer orthonormal ones than there are dimensions, shape (d, 1)."""
    rest = np.zeros((len(basis), 1))
    rest[np.argmin(np.sum(basis * basis, axis=1))] = 1.0  # the axis of which most is left
    for _ in range(2):
        rest = rest - basis @ (basis.T @ rest)
    return rest / np.linalg.norm(rest)


class _Place(NamedTuple):
    """Where some walks are, a column each.

    Parameters
    ----------
    walks : ndarray of int, shape (k,)
        Their numbers among all walks.
    w : ndarray, shape (d, k)
    a, r : ndarray, shape (n, k)
        y_i·w, zero where a sample is on the hyperplane, and r_i.
    g : ndarray, shape (d, k)
        The slope of F where all samples keep their sides.
    value : ndarray, shape (k,)
        F.
    """

    walks: np.ndarray
    w: np.ndarray
    a: np.ndarray
    r: np.ndarray
    g: np.ndarray
    value: np.ndarray

    def only(self, columns: list[int]) -> _Place:
        """Some of the columns."""
        return _Place(*(part[..., columns] for part in self))


class Walks:
    """Walks side by side; weights are columns, shape (d, k).

    With w, the anchor a, the members J, their basis B and the output o of a walk, these hold after each step, up to
    rounding:

    1. ‖w‖_p = 1 and ‖o‖_2 = 1;
    2. the vectors of J, y_j and e_l (± e_m), are independent, and B is an orthonormal basis of their span;
    3. Bᵀ w = 0: the hyperplane goes through the samples of J, and w lies on its walls;
    4. F(w) = ‖Σ_i v_i (y_i·w)_+‖_2 is not lower than before the step.
    """

    def __init__(self, samples: Samples, norm: float, residual: np.ndarray, beginnings: np.ndarray):
        self._samples, self._ball, self._v, self._deadline = samples, ball(norm), residual, NEVER
        self._x = samples.homogeneous[:, : samples.d]
        self._near = ON_PLANE * np.linalg.norm(self._x, axis=1)[:, None]
        if samples.bias:
            self._near[:] = self._near.max()
        k = beginnings.shape[1]
        self._w = beginnings / self._ball.length(beginnings, axis=0)
        self._members: list[list[int | Direction]] = [[] for _ in range(k)]
        self._bases = [np.zeros((samples.d, 0)) for _ in range(k)]
        self._anchors = np.zeros(k, dtype=int)
        self._out = np.zeros((residual.shape[1], k))
        self._out[0] = 1.0
        for walk in range(k):
            self._begin(walk)
        on = np.abs(self._along(np.arange(k), self._w)) <= self._near * np.linalg.norm(self._w, axis=0)
        for walk in range(k):
            walls = self._ball.walls(self._w[:, walk])
            self._stay_on(walk, [wall for wall in walls if not wall.sign])  # which are independent
            met: list[int | Direction] = [*np.flatnonzero(on[:, walk]).tolist()]
            for member in met + [wall for wall in walls if wall.sign]:
                self._join(walk, member)

    def ends(self, steps: int, deadline: Deadline) -> np.ndarray:
        """Units in centred coordinates where the walks end, after so many steps at most, shape (k, D)."""
        walking, pace, self._deadline = np.arange(self._w.shape[1]), Pace(deadline), deadline
        for _ in range(steps):
            if not len(walking) or pace.over():
                break
            walking = walking[self._step(walking)]
        if self._ball.polyhedral:
            for walk in range(self._w.shape[1]):
                self._settle(walk, deadline)
        if not self._samples.bias:
            return self._w.T
        offsets = -np.einsum("dk,kd->k", self._w, self._x[self._anchors])
        return np.column_stack([self._w.T, offsets])

    def _begin(self, walk: int) -> None:
        """The best anchor and the sign of the first output, or the direction of all of them."""
        if self._samples.bias:
            heights = self._heights(walk)
            size = np.linalg.norm(heights, axis=1)
            self._anchors[walk] = best = int(np.argmax(size))
            total = heights[best]
        else:
            total = np.maximum(self._x @ self._w[:, walk], 0.0) @ self._v
        length = np.linalg.norm(total)
        if length > 0:  # nor is it where squares underflow
            self._out[:, walk] = total / length

    def _heights(self, walk: int) -> np.ndarray:
        """Σ_i v_i (x_i·w + b)_+ with b = −w·x_a, for every sample a, shape (n, c)."""
        along = self._x @ self._w[:, walk]
        order = np.argsort(-along, kind="stable")
        sums = np.cumsum(self._v[order], axis=0)
        moments = np.cumsum(self._v[order] * along[order, None], axis=0)
        heights = np.zeros_like(self._v)
        heights[order] = moments - sums * along[order, None]
        return heights

    def _along(self, walks: np.ndarray, d: np.ndarray) -> np.ndarray:
        """y_i·d for the anchors of the walks, shape (n, k)."""
        products = self._x @ d
        if self._samples.bias:
            products -= np.einsum("dk,kd->k", d, self._x[self._anchors[walks]])
        return products

    def _look(self, walks: np.ndarray) -> _Place:
        """Where walks are; for several outputs r is that of the direction that is best now."""
        w = self._w[:, walks]
        a = self._along(walks, w)
        a[np.abs(a) <= self._near * np.linalg.norm(w, axis=0)] = 0.0
        hidden = np.maximum(a, 0.0)
        total = self._v.T @ hidden
        size = np.linalg.norm(total, axis=0)
        if len(self._v.T) > 1:
            self._out[:, walks] = np.where(
                size > 0, total / np.where(size > 0, size, 1.0), self._out[:, walks]
            )
        r = self._v @ self._out[:, walks]
        active = np.where(a > 0, r, 0.0)
        g = self._x.T @ active
        if self._samples.bias:
            g -= self._x[self._anchors[walks]].T * active.sum(axis=0)
        return _Place(walks, w, a, r, g, np.sum(r * hidden, axis=0))

    def _step(self, walks: np.ndarray) -> np.ndarray:
        """One step of each walk; which of them go on."""
        here = self._look(walks)
        d = self._ascent(here)
        rises = self._take(here, d)
        # where a line leads nowhere: stay on what it would cross at once, leave a member, or anchor anew
        stuck = [
            column
            for column in np.flatnonzero(~rises).tolist()
            if not (d[:, column].any() and self._stay(here.only([column]), d[:, [column]]))
        ]
        rises[:] = True
        rises[stuck] = False
        rises[self._try_exits(here, stuck)] = True
        if self._samples.bias:
            for column in stuck:
                rises[column] = rises[column] or self._anchor_anew(walks[column], here.value[column])
        return rises

    def _try_exits(self, here: _Place, stuck: list[int]) -> np.ndarray:
        """Leave a member of each walk that is stuck, if one side of its hyperplane is higher; columns where that led
        up."""
        exits = {column: self._exit(here.only([column])) for column in stuck if not self._deadline.over()}
        ways = {column: way for column, way in exits.items() if way is not None}
        if not ways:
            return np.zeros(0, dtype=int)
        left = here.only(list(ways))
        before = [(self._members[walk], self._bases[walk]) for walk in left.walks]
        for walk, (_, members) in zip(left.walks, ways.values(), strict=True):
            self._stay_on(walk, members)
        up = self._take(left, np.column_stack([way for way, _ in ways.values()]))
        for walk, there, state in zip(left.walks, up, before, strict=True):
            if not there:
                self._members[walk], self._bases[walk] = state
        return np.array(list(ways))[up]

    def _ascent(self, here: _Place) -> np.ndarray:
        """Where to go from w on its flat, zero at a stationary point."""
        walks, w, _, _, g, value = here
        wanted = g - value * self._ball.gradient(w) if self._ball.polyhedral else g
        d = np.zeros_like(w)
        for column, walk in enumerate(walks):
            basis = self._bases[walk]
            rest = wanted[:, column]
            for _ in range(2):
                rest = rest - basis @ (basis.T @ rest)
            length = sqrt(rest @ rest)
            if length > SPANNED * (sqrt(g[:, column] @ g[:, column]) + abs(value[column])):
                d[:, column] = rest / length
        if not self._ball.polyhedral:
            d = np.where(d.any(axis=0), d - w, 0.0)
            d[:, np.linalg.norm(d, axis=0) <= SPANNED] = 0.0
        return d

    def _take(self, here: _Place, d: np.ndarray) -> np.ndarray:
        """Go to the best point of each line, and say which of them led up."""
        walks, w, a, r, _, value = here
        step = best_on_lines(self._ball, w, d, a, self._along(walks, d), r)
        noise = 1e-14 * np.sum(np.abs(r * a), axis=0)
        rises = d.any(axis=0) & (step.ratio > value + HIGHER * np.abs(value) + noise)
        for column in np.flatnonzero(rises):
            walk, length = walks[column], step.length[column]
            ahead = d[:, column] if np.isinf(length) else w[:, column] + length * d[:, column]
            member = step.met[column]
            if member is not None:
                self._join(walk, member)
            basis = self._bases[walk]
            ahead = ahead - basis @ (basis.T @ ahead)
            if isinstance(member, Direction) and not member.sign:
                ahead[member.first] = 0.0
            size = self._ball.length(ahead)
            rises[column] = size > 0
            if size > 0:
                self._w[:, walk] = ahead / size
        return rises

    def _anchor_anew(self, walk: int, value: float) -> bool:
        """Go through the sample at which b = −w·x_a is best for w, if that is higher."""
        heights = self._heights(walk) @ self._out[:, walk]
        best = int(np.argmax(heights))
        if heights[best] <= value * (1 + HIGHER) + np.finfo(float).tiny:
            return False
        self._anchors[walk] = best
        self._stay_on(walk, [])
        return True

    def _stay(self, here: _Place, d: np.ndarray) -> bool:
        """Add a member that one walk is orthogonal to already and that keeps its line from rising."""
        (walk,), a, r = here.walks, here.a[:, 0], here.r[:, 0]
        b = self._along(here.walks, d)[:, 0]
        entering = np.flatnonzero((a == 0) & (r < 0) & (b > SPANNED * np.abs(b).max()))
        order = np.argsort((r * b)[entering])
        members: list[int | Direction] = [*entering[order].tolist(), *self._ball.walls(here.w[:, 0])]
        joined = set(self._members[walk])
        return any(self._join(walk, member) for member in members if member not in joined)

    def _exit(self, here: _Place) -> tuple[np.ndarray, list[int | Direction]] | None:
        """The steepest way of one walk off one member along all others, and these; None if none leads up."""
        (walk,), (value,), g = here.walks, here.value, here.g[:, 0]
        members = self._members[walk]
        if not members:
            return None
        edges = self._edges(walk, members)  # e_k·y_k = 1 leaves member k, and stays on the others
        lengths = np.sqrt(np.sum(edges * edges, axis=0))
        ways = np.concatenate([edges, -edges], axis=1) / np.tile(lengths, 2)
        entering = [here.r[m, 0] if isinstance(m, int) else 0.0 for m in members]
        rises = ways.T @ g + np.concatenate([entering / lengths, 0.0 * lengths])
        if self._ball.polyhedral:
            rises -= value * self._ball.rise(np.repeat(here.w, ways.shape[1], axis=1), ways)
        best = int(np.argmax(rises))
        if not rises[best] > SPANNED * (sqrt(g @ g) + abs(value)):
            return None
        left = best % len(members)
        return ways[:, best], members[:left] + members[left + 1 :]

    def _stay_on(self, walk: int, members: list[int | Direction]) -> None:
        """Let J be these members, which are independent."""
        axes, others, rest = self._parts(walk, members)
        basis = np.zeros((len(self._w), len(members)))
        basis[axes, range(len(axes))] = 1.0
        if others:
            basis[:, len(axes) :] = np.linalg.qr(rest)[0]
        self._members[walk], self._bases[walk] = members, basis

    def _edges(self, walk: int, members: list[int | Direction]) -> np.ndarray:
        """The vectors of the span of J with e_k·y_k = 1 and e_k·y_j = 0 for the others, shape (d, |J|)."""
        axes, others, rest = self._parts(walk, members)
        edges, places = np.zeros((len(self._w), len(members))), np.array(others, dtype=int)
        on_axes = [k for k in range(len(members)) if k not in set(others)]
        edges[axes, on_axes] = 1.0
        if others:
            orthogonal, upper = np.linalg.qr(rest)
            inverse = np.linalg.solve(upper, orthogonal.T).T
            along = np.array([self._vector(walk, members[k]) for k in others])[:, axes]
            edges[:, places] = inverse
            edges[:, on_axes] -= inverse @ along
        return edges

    def _parts(self, walk: int, members: list[int | Direction]) -> tuple[list[int], list[int], np.ndarray]:
        """The axes e_l of J, the places of its other members, and what of these is orthogonal to the axes: as many
        members are axes where there are many features, these take no algebra."""
        axes = [e.first for e in members if isinstance(e, Direction) and not e.sign]
        others = [k for k, e in enumerate(members) if not isinstance(e, Direction) or e.sign]
        rest = np.array([self._vector(walk, members[k]) for k in others]).reshape(-1, len(self._w)).T
        rest[axes] = 0.0
        return axes, others, rest

    def _settle(self, walk: int, deadline: Deadline) -> None:
        """p = 1 and ∞: along a face on which F/‖w‖ is constant, go to a vertex of it; without time to a corner."""
        walks, dimension, tried = np.array([walk]), len(self._w), set(self._members[walk])
        for _ in range(2 * dimension):
            w = self._w[:, [walk]]
            a = self._along(walks, w)
            on = np.abs(a) <= self._near * np.linalg.norm(w)
            touching: list[int | Direction] = [*np.flatnonzero(on).tolist(), *self._ball.walls(w[:, 0])]
            for member in touching:
                if member not in tried:
                    self._join(walk, member)
            tried.update(touching)
            basis = np.column_stack([self._bases[walk], w / np.linalg.norm(w)])
            if basis.shape[1] >= dimension:
                return
            if deadline.over():
                self._w[:, walk] = self._ball.corner(w[:, 0] * self._samples.extent[:dimension])
                return self._begin(walk)
            d = _orthogonal(basis)
            a[on], r = 0.0, self._v @ self._out[:, walks]
            steps = [
                first_on_line(self._ball, w, side * d, a, self._along(walks, side * d), r) for side in (1, -1)
            ]
            side = 1 if steps[0][1] >= steps[1][1] else -1
            length, _, met = steps[0] if side > 0 else steps[1]
            if met is None:
                return
            ahead = w[:, 0] + side * length * d[:, 0]
            self._w[:, walk] = ahead / self._ball.length(ahead)
            self._join(walk, met)

    def _vector(self, walk: int, member: int | Direction) -> np.ndarray:
        """A member as a vector of weight space: y_j or a direction, of length 1."""
        if isinstance(member, Direction):
            vector = member.vector(len(self._w))
        else:
            vector = self._x[member] - self._x[self._anchors[walk]] if self._samples.bias else self._x[member]
        length = sqrt(vector @ vector)
        return vector / length if length > 0 else vector

    def _join(self, walk: int, member: int | Direction) -> bool:
        """Add a member to J, if it is independent of the others."""
        basis, rest = self._bases[walk], self._vector(walk, member)
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = sqrt(rest @ rest)
        if length <= SPANNED:
            return False
        self._bases[walk] = np.column_stack([basis, rest / length])
        self._members[walk].append(member)
        return True
