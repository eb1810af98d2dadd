"""Samples and wedges in integer coordinates, and every wedge of a dictionary priced exactly.

With q the common denominator of the features, the points P_i = q (x_i − x_0) are integer vectors and so is the
normal N of a wedge.  Its activation at sample i is ρ_i/m with

    ρ_i = (N·P_i + B)_+,   B = −N·P_a,   m = q ‖N‖_p,

integers for p = 1 and ∞; for p = 2, m is the square root of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb, isqrt

import flint
import numpy as np

from geomnn.algebra.blades import dual, expand
from geomnn.atoms import Atom
from geomnn.dictionaries import refuse_if_too_large
from geomnn.norms import Direction, ball
from geomnn.numbers.rationals import common_denominator

__all__ = ["ChainPlanes", "IntegerSamples", "Plane", "Planes", "independent_columns"]

SECONDS_PER_ATOM, BYTES_PER_ATOM = 2e-5, 400  # of an exact solve, in a table of a few hundred samples
SECONDS_PER_BLADE = 1.5e-7  # times 2^d, to wedge d − 1 vectors of d dimensions
EPS = float(np.finfo(float).eps)


class IntegerSamples:
    """The samples as integer points.

    Parameters
    ----------
    rows : sequence of sequences of Fraction
        x_i.
    bias : bool

    Attributes
    ----------
    scale : int
        q.
    origin : ndarray of int, shape (d,)
        q x_0 with a bias, zero without.
    points : ndarray of object, shape (n, d)
        P_i, Python integers.
    distinct : list of int
        The rows that can span something: the first of each set of equal ones, zero rows only with a bias.
    """

    def __init__(self, rows: Sequence[Sequence[Fraction]], bias: bool):
        self.bias = bias
        self.scale = common_denominator(entry for row in rows for entry in row)
        table = np.array([[int(entry * self.scale) for entry in row] for row in rows], dtype=object)
        self.origin = table[0] if bias else 0 * table[0]
        self.points = table - self.origin
        first: dict[tuple[object, ...], int] = {}
        for i, point in enumerate(self.points.tolist()):
            if bias or any(point):
                first.setdefault(tuple(point), i)
        self.distinct = sorted(first.values())

    @property
    def n(self) -> int:
        return len(self.points)

    @property
    def d(self) -> int:
        return self.points.shape[1]

    @property
    def members(self) -> int:
        """D − 1: how many samples and directions make a wedge."""
        return self.d - (not self.bias)

    def spanned(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """The vectors of wedges: differences to the last row with a bias, rows without; then directions."""
        points = self.points[rows]
        differences = points[..., :-1, :] - points[..., -1:, :] if self.bias else points
        return np.concatenate([differences, directions], axis=-2)

    def planes(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """(N, B) of wedges, made primitive, shape (…, d + 1); zero where the wedge is."""
        vectors = self.spanned(rows, directions)
        blade = expand(np.moveaxis(vectors, (-2, -1), (0, 1)))
        normal = np.moveaxis(dual(blade, self.d, self.d - 1), 0, -1)
        divisor = np.gcd.reduce(normal, axis=-1, keepdims=True)  # an array of Python integers of any size
        divisor[divisor == 0] = 1
        normal = normal // divisor
        anchor = self.points[rows[..., -1]] if self.bias else 0 * normal
        return np.concatenate([normal, -(normal * anchor).sum(axis=-1, keepdims=True)], axis=-1)

    def incidences(self, plane: np.ndarray) -> np.ndarray:
        """N·P_i + B, Python integers, shape (n,)."""
        return self.points @ plane[:-1] + plane[-1]


@dataclass(frozen=True)
class Plane:
    """An oriented wedge: (N, B) in integer coordinates and the square of its size.

    Parameters
    ----------
    coordinates : tuple of int
        (N, B).
    activations : tuple of int
        ρ_i.
    square : int
        m².
    """

    coordinates: tuple[int, ...]
    activations: tuple[int, ...]
    square: int


class Planes:
    """The dictionary of all wedges, each hyperplane once, to be checked exactly.

    Parameters
    ----------
    samples : IntegerSamples
    norm : float
        p.
    directions : bool
        Whether the directions of the norm take part, as in the dictionary of all atoms.

    Raises
    ------
    EnumerationTooLarge
        If there are more than can be checked in minutes.

    Source: geomnn theory, sections 1 and 8.
    """

    def __init__(self, samples: IntegerSamples, norm: float, directions: bool):
        self.samples = samples
        self.norm = norm
        self.directions = ball(norm).directions(samples.d) if directions else ()
        available, ideal = len(samples.distinct), len(self.directions)
        sets = sum(
            comb(available, k) * comb(ideal, samples.members - k)
            for k in range(int(samples.bias), samples.members + 1)
        )
        refuse_if_too_large(
            f"atoms for {samples.n} samples of {samples.d} features", 2 * sets,
            SECONDS_PER_ATOM + SECONDS_PER_BLADE * 2.0**samples.d, BYTES_PER_ATOM, (900.0, 2.0**32),
            "fewer samples, or {exact}", exact=False,
        )  # fmt: skip
        self._hold(_distinct([*self._enumerate()], samples.d + 1))

    def _hold(self, coordinates: np.ndarray) -> None:
        """Take these (N, B) as the atoms."""
        samples, self.coordinates = self.samples, coordinates
        # units and points of moderate size in floats, each entry correctly rounded but for one part in 2^52
        sizes = np.array([isqrt(self.square(row) << 128) for row in self.coordinates], dtype=object)
        scaled = self.coordinates * np.array([samples.scale] * samples.d + [1], dtype=object)
        self._units = ((scaled << 64) / sizes[:, None]).astype(float).reshape(-1, samples.d + 1)
        self._homogeneous = np.column_stack([samples.points / samples.scale, np.ones(samples.n)]).astype(
            float
        )

    @property
    def count(self) -> int:
        """Number of atoms, both orientations."""
        return 2 * len(self.coordinates)

    def square(self, coordinates: Sequence[int] | np.ndarray) -> int:
        """m² = q² ‖N‖_p²."""
        sizes = [abs(int(entry)) for entry in coordinates[:-1]]
        return self.samples.scale**2 * ball(self.norm).square(sizes)

    def plane(self, coordinates: Sequence[int] | np.ndarray) -> Plane:
        """The oriented wedge at (N, B)."""
        row = np.array([int(entry) for entry in coordinates], dtype=object)
        activations = np.maximum(self.samples.incidences(row), 0)
        return Plane(tuple(row.tolist()), tuple(activations.tolist()), self.square(row))

    def at(self, atom: Atom) -> Plane | None:
        """The oriented wedge with the name of an atom, None if its samples are dependent."""
        rows = np.array(atom.samples, dtype=int)
        coordinates = self.samples.planes(rows, self._vectors(atom.directions))
        return self.plane(atom.orientation * coordinates) if coordinates[:-1].any() else None

    def near(self, dual_point: np.ndarray, level: float) -> Iterator[tuple[float, Plane]]:
        """The oriented wedges whose |correlation| with v may reach a level, with a bound on it, largest first.

        A floating-point pass with a bound on its rounding leaves out those that can not.

        Parameters
        ----------
        dual_point : ndarray, shape (n,)
            v, rounded to floats.
        level : float
            In units of ‖w‖_p = 1.
        """
        incidences = self._units @ self._homogeneous.T
        above = np.maximum(incidences, 0.0) @ dual_point
        below = np.maximum(-incidences, 0.0) @ dual_point
        # |error of Σ v_i (u·x̃_i)_+| ≤ γ Σ_i |v_i| Σ_l |u_l| |x̃_il|, γ of the number of roundings on the way
        rounding = (len(dual_point) + 4 * self._units.shape[1] + 16) * EPS
        slack = rounding * (np.abs(self._units) @ (np.abs(self._homogeneous).T @ np.abs(dual_point)))
        bounds = np.abs(np.concatenate([above, below])) + np.concatenate([slack, slack])
        close = np.flatnonzero(bounds >= level * (1 - 8 * EPS))
        for k in close[np.argsort(-bounds[close], kind="stable")]:
            sign = 1 if k < len(above) else -1
            yield float(bounds[k]), self.plane(sign * self.coordinates[k % len(above)])

    def name(self, plane: Plane) -> tuple[tuple[int, ...], tuple[Direction, ...], int]:
        """Samples, directions and orientation of the canonical name: the greedy basis of the flat."""
        samples = self.samples
        normal = np.array(plane.coordinates[:-1], dtype=object)
        incidences = samples.incidences(np.array(plane.coordinates, dtype=object))
        rows = [i for i in samples.distinct if incidences[i] == 0]
        ideal = [e for e in self.directions if e.vector(samples.d).astype(int) @ normal == 0]
        anchored = int(samples.bias)
        spanned = samples.points[rows[1:]] - samples.points[rows[:1]] if anchored else samples.points[rows]
        vectors = np.concatenate([spanned, self._vectors(ideal)])
        chosen = independent_columns(flint.fmpz_mat(vectors.T.tolist())) if len(vectors) else []
        members = rows[:anchored] + [rows[k + anchored] for k in chosen if k < len(spanned)]
        directions = [ideal[k - len(spanned)] for k in chosen if k >= len(spanned)]
        named = samples.planes(np.array(members, dtype=int), self._vectors(directions))
        return tuple(members), tuple(directions), 1 if named[:-1] @ normal > 0 else -1

    def _vectors(self, directions: Sequence[Direction]) -> np.ndarray:
        """The vectors of directions, Python integers, shape (k, d)."""
        vectors = [e.vector(self.samples.d).astype(int).tolist() for e in directions]
        return np.array(vectors, dtype=object).reshape(-1, self.samples.d)

    def _enumerate(self) -> Iterator[np.ndarray]:
        """(N, B) of every wedge, with dependent and equal ones, in blocks."""
        samples = self.samples
        vectors = self._vectors(self.directions)
        for count in range(int(samples.bias), min(samples.members, len(samples.distinct)) + 1):
            for ideal in combinations(range(len(vectors)), samples.members - count):
                along = vectors[list(ideal)]
                sets = list(combinations(samples.distinct, count))
                rows = np.array(sets, dtype=int).reshape(len(sets), count)
                for block in np.array_split(rows, len(rows) // 2**15 + 1):
                    yield samples.planes(block, np.broadcast_to(along, (len(block), *along.shape)))


class ChainPlanes(Planes):
    """The dictionary of `ChainDictionary`, to be checked exactly: N = ± e_j and B = −N·P_i.

    Parameters
    ----------
    samples : IntegerSamples
        With a bias.
    columns : bool
        Whether the atoms are the columns alone, each less its least value.

    Raises
    ------
    EnumerationTooLarge
        If there are more than can be checked in minutes.

    Source: geomnn theory, sections 7 and 8.
    """

    def __init__(self, samples: IntegerSamples, columns: bool):
        self.samples = samples
        self.norm = 1.0
        self.directions = ball(1.0).directions(samples.d)
        refuse_if_too_large(
            f"chains for {samples.n} samples of {samples.d} features", 2 * samples.n * samples.d,
            SECONDS_PER_ATOM * samples.d, 100 * samples.d, (900.0, 2.0**32), "fewer samples, or {exact}", exact=False,
        )  # fmt: skip
        least = samples.points.argmin(axis=0)
        folds = [(j, i) for i in samples.distinct for j in range(samples.d) if not columns or i == least[j]]
        rows = [self._row(j, i, 1) for j, i in folds]
        self._hold(_distinct([np.array(rows, dtype=object)], samples.d + 1))

    def _row(self, j: int, i: int, sign: int) -> np.ndarray:
        """(N, B) of ± (k_j − k_j(x_i))."""
        row = np.zeros(self.samples.d + 1, dtype=object)
        row[j], row[-1] = sign, -sign * self.samples.points[i, j]
        return row

    def at(self, atom: Atom) -> Plane:
        (j,) = atom.support
        return self.plane(self._row(j, atom.samples[-1], 1 if atom.weight[j] > 0 else -1))

    def name(self, plane: Plane) -> tuple[tuple[int, ...], tuple[Direction, ...], int]:
        normal, offset = plane.coordinates[:-1], plane.coordinates[-1]
        j = next(k for k, entry in enumerate(normal) if entry)
        first = next(i for i in self.samples.distinct if normal[j] * self.samples.points[i, j] + offset == 0)
        return (first,), tuple(e for e in self.directions if e.first != j), normal[j] * (-1) ** j


def _distinct(blocks: list[np.ndarray], width: int) -> np.ndarray:
    """Each hyperplane once: the first non-zero entry of N positive, no zero normals, as object integers."""
    seen: dict[tuple[object, ...], None] = {}
    for block in blocks:
        for row in block.tolist():
            leading = next((entry for entry in row[:-1] if entry), 0)
            if leading:
                seen.setdefault(tuple(row) if leading > 0 else tuple(-entry for entry in row))
    return np.array(list(seen), dtype=object).reshape(-1, width)


def independent_columns(matrix: flint.fmpz_mat | flint.nmod_mat) -> list[int]:
    """Positions of the first independent columns."""
    reduced, *_, rank = matrix.rref()
    return [next(k for k in range(reduced.ncols()) if reduced[row, k] != 0) for row in range(rank)]
