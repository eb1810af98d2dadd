"""Flat maps of the neurons of two or three weights, on which the chambers have straight walls for p = 1.

A neuron u and its multiples are active on the same samples, so that a chamber is known by its part of ‖w(u)‖_p = 1:

    two weights (w1, w2)         a closed curve round the origin, drawn with the plane about it,
    three weights (w1, w2, b)    a cylinder, cut along w = e1 and unrolled: w on its way round, and b,
    three weights (u1, u2, u3)   an octahedron: its upper half seen from above, its lower half folded out.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise

import numpy as np

from geomnn.errors import UnsupportedProblem
from geomnn.norms import ball
from geomnn.plotting import frame
from geomnn.plotting.plane import zero_line
from geomnn.samples import Samples


class Chart(ABC):
    """A map between neurons u, as (w, b) or w, and the points of a picture.

    Parameters
    ----------
    norm : float
        p.
    box : list of pairs of float
        The limits of the picture.
    """

    labels: tuple[str, str]
    equal = True

    def __init__(self, norm: float, box: list[tuple[float, float]]):
        self.norm, self.box = norm, box

    @abstractmethod
    def units(self, points: np.ndarray) -> np.ndarray:
        """The neurons at points of the picture, shape (k, 2) → (k, D)."""

    @abstractmethod
    def images(self, unit: np.ndarray) -> np.ndarray:
        """All points that show a unit neuron, shape (m, 2); more than one where the map is cut."""

    @abstractmethod
    def curves(self, normal: np.ndarray) -> list[np.ndarray]:
        """The great circle {u : normal·u = 0} as lines of points (m, 2), with normal·u > 0 on their left."""

    def places(self, points: np.ndarray) -> np.ndarray:
        """Which points, shape (k, 2), may carry a name."""
        low, high = np.array(self.box).T
        margin = np.array([0.07, 0.035]) * (high - low)
        return ((points > low + margin) & (points < high - margin)).all(axis=1)

    def name_places(self, drawn: list[list[np.ndarray]]) -> list[np.ndarray]:
        """Points on each of some curves, shape (m, 2), those far from the others first."""
        size = np.ptp(self.box, axis=1)
        points = [np.vstack(curves)[::4] for curves in drawn]
        found = []
        for k, own in enumerate(points):
            free = own[self.places(own)]
            away = np.full(len(free), np.inf)
            for other in [*points[:k], *points[k + 1 :]]:
                away = np.minimum(away, np.linalg.norm((free[:, None] - other) / size, axis=2).min(axis=1))
            found.append(free[np.argsort(-away, kind="stable")])
        return found


class PlaneChart(Chart):
    """Two weights: the plane itself."""

    labels = ("first weight of the neuron", "second weight of the neuron")

    def __init__(self, norm: float):
        super().__init__(norm, [(-1.5, 1.5)] * 2)

    def units(self, points: np.ndarray) -> np.ndarray:
        return points

    def images(self, unit: np.ndarray) -> np.ndarray:
        return unit[None]

    def curves(self, normal: np.ndarray) -> list[np.ndarray]:
        ends = zero_line(normal, 0.0, self.box)
        return [] if ends is None else [np.linspace(ends[0], ends[1], 201)]

    def places(self, points: np.ndarray) -> np.ndarray:
        return super().places(points) & (ball(self.norm).length(points) > 1.2)

    def sphere(self) -> np.ndarray:
        """The closed curve ‖u‖_p = 1, shape (m, 2)."""
        turns = np.linspace(0.0, 2 * np.pi, 721)
        circle = np.column_stack([np.cos(turns), np.sin(turns)])
        return circle / ball(self.norm).length(circle)[:, None]


class CylinderChart(Chart):
    """Two weights and a bias: each point is a line of the plane of samples, with its positive side."""

    labels = ("weight w on its way round ‖w‖ = 1", "bias b")
    equal = False

    def __init__(self, norm: float, X: np.ndarray):
        turns = np.linspace(0.0, 4.0, 801)
        heights = self._weights(turns, norm) @ X.T
        super().__init__(norm, [(0.0, 4.0), frame.limits(-heights, 0.1)])
        self._turns = turns

    @staticmethod
    def _weights(turns: np.ndarray, norm: float) -> np.ndarray:
        """w a number of quarter turns from e1, ‖w‖_p = 1; for p = 1 and ∞ at an even pace along each side."""
        if norm == 2:
            return np.column_stack([np.cos(np.pi / 2 * turns), np.sin(np.pi / 2 * turns)])
        corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]], dtype=float)
        knots = np.arange(5.0)
        if norm == np.inf:
            corners = np.array([[1, 0], [1, 1], [-1, 1], [-1, -1], [1, -1], [1, 0]], dtype=float)
            knots = np.array([0.0, 0.5, 1.5, 2.5, 3.5, 4.0])
        return np.column_stack([np.interp(turns, knots, column) for column in corners.T])

    def units(self, points: np.ndarray) -> np.ndarray:
        return np.column_stack([self._weights(points[:, 0], self.norm), points[:, 1]])

    def images(self, unit: np.ndarray) -> np.ndarray:
        angle = np.arctan2(unit[1], unit[0]) % (2 * np.pi)
        shift = 0.5 if self.norm == np.inf else 0.0
        quarter = np.floor(2 * angle / np.pi + shift + 1e-12)
        c, s = np.cos(quarter * np.pi / 2), np.sin(quarter * np.pi / 2)
        first, second = c * unit[0] + s * unit[1], c * unit[1] - s * unit[0]
        if self.norm == 2:
            rest = np.arctan2(second, first) * 2 / np.pi
        else:
            rest = second / (first + second if self.norm == 1 else 2 * first)
        turn = (quarter + rest) % 4.0
        near_cut = min(turn, 4.0 - turn) < 1e-9
        return np.array([(way, unit[2]) for way in ((0.0, 4.0) if near_cut else (turn,))])

    def curves(self, normal: np.ndarray) -> list[np.ndarray]:
        if normal[2]:
            heights = -self._weights(self._turns, self.norm) @ normal[:2] / normal[2]
            curve = np.column_stack([self._turns, heights])
            return [curve if normal[2] > 0 else curve[::-1]]
        along = np.array([-normal[1], normal[0]])
        ways = {float(image[0]) for sign in (1, -1) for image in self.images(np.append(sign * along, 0.0))}
        lines = []
        for way in sorted(ways):
            slope = (self._weights(np.array([way + 1e-6, way - 1e-6]) % 4.0, self.norm) @ normal[:2]) @ [
                1,
                -1,
            ]
            heights = np.linspace(*self.box[1], 201)
            lines.append(np.column_stack([np.full(201, way), heights if slope < 0 else heights[::-1]]))
        return lines


class OctahedronChart(Chart):
    """Three weights: the faces of ‖u‖_1 = 1 in a square, those with u3 < 0 folded out into its corners."""

    labels = ("u1 on the upper half, u3 > 0", "u2 on the upper half, u3 > 0")

    def __init__(self, norm: float):
        super().__init__(norm, [(-1.0, 1.0)] * 2)

    def units(self, points: np.ndarray) -> np.ndarray:
        p, q = points.T
        height = 1 - np.abs(p) - np.abs(q)
        below = height < 0
        first = np.where(below, (1 - np.abs(q)) * np.sign(p), p)
        second = np.where(below, (1 - np.abs(p)) * np.sign(q), q)
        units = np.column_stack([first, second, height])
        return units / ball(self.norm).length(units)[:, None]

    def _place(self, u: np.ndarray, face: np.ndarray) -> np.ndarray:
        """The points of unit neurons, shape (…, 3), as part of a face with these signs."""
        a, b = np.moveaxis(u / np.abs(u).sum(axis=-1, keepdims=True), -1, 0)[:2]
        s, t, side = face
        if side >= 0:
            return np.stack([a, b], axis=-1)
        return np.stack([(1 - np.abs(b)) * s, (1 - np.abs(a)) * t], axis=-1)

    def images(self, unit: np.ndarray) -> np.ndarray:
        signs = np.where(np.abs(unit) < 1e-12, 0.0, np.sign(unit))
        faces = [
            (s, t, signs[2])
            for s in ([signs[0]] if signs[0] else [1.0, -1.0])
            for t in ([signs[1]] if signs[1] else [1.0, -1.0])
        ]
        return np.unique(np.round([self._place(unit, np.array(face)) for face in faces], 12), axis=0)

    def curves(self, normal: np.ndarray) -> list[np.ndarray]:
        across, along = np.linalg.svd(normal[None])[2][1:]
        if np.cross(across, along) @ normal < 0:
            across = -across
        turns = {0.0, 2 * np.pi}
        for k in range(3):  # where the circle goes from face to face
            if abs(across[k]) + abs(along[k]) > 1e-12:
                turns |= {
                    float(np.arctan2(-across[k], along[k]) + half) % (2 * np.pi) for half in (0.0, np.pi)
                }
        ends = sorted(turns)
        pieces = []
        for start, end in pairwise(ends):
            if end - start < 1e-9:
                continue
            turn = np.linspace(start, end, 41)
            circle = np.outer(np.cos(turn), across) + np.outer(np.sin(turn), along)
            face = np.where(np.abs(circle[20]) < 1e-12, 0.0, np.sign(circle[20]))
            sides = [
                (s, t)
                for s in ([face[0]] if face[0] else [1, -1])
                for t in ([face[1]] if face[1] else [1, -1])
            ]
            pieces += [
                self._place(circle, np.array([*side, face[2]]))
                for side in (sides if face[2] < 0 else sides[:1])
            ]
        return pieces


def chart_for(samples: Samples, norm: float) -> Chart:
    """The map that shows the neurons of these samples, or an `UnsupportedProblem`."""
    if samples.d == 2:
        return CylinderChart(norm, samples.X) if samples.bias else PlaneChart(norm)
    if samples.d == 3 and not samples.bias:
        return OctahedronChart(norm)
    raise UnsupportedProblem(
        f"X has {samples.d} features and bias={samples.bias}; chambers are drawn of 2 features, with or without bias, "
        "or of 3 with bias=False."
    )
