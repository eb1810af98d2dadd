"""Small exact data and the exact linear algebra that proofs share: kernels, vertices, solutions of small programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import NamedTuple

from flint import fmpq, fmpq_mat

from geomnn import algebra

__all__ = [
    "PLANE",
    "SPACE",
    "Piece",
    "basis_pursuit",
    "basis_vectors",
    "box",
    "centred",
    "dot",
    "homogeneous",
    "independent",
    "kernel",
    "lasso_pieces",
    "least_cost",
    "one_norm",
    "problems",
    "rank",
    "relu",
    "show",
    "solve",
    "unit_wedges",
    "vertices",
]

Vector = tuple[Fraction, ...]

# Samples of the plane and of space; the degenerate ones are the rule and not the exception in real tables.
PLANE: dict[str, tuple[tuple[int, ...], ...]] = {
    "general": ((2, 1), (-1, 3), (1, -2)),
    "one sample": ((2, 1),),
    "zero and repeated": ((0, 0), (1, 2), (1, 2)),
    "collinear, antipodal": ((1, 1), (2, 2), (-1, -1)),
    "on the axes": ((1, 0), (0, 2), (-3, 0)),
    "a grid": ((0, 0), (0, 1), (1, 0), (1, 1)),
}
SPACE: dict[str, tuple[tuple[int, ...], ...]] = {
    "general": ((1, 2, -1), (2, -1, 1), (-1, 1, 3), (1, 1, 1)),
    "fewer samples than dimensions": ((1, 2, 3), (2, -1, 1)),
    "of rank two": ((1, 0, 2), (0, 1, 1), (1, 1, 3), (1, -1, 1)),
    "a constant feature": ((1, 2, 1), (-1, 1, 1), (0, -3, 1)),
}


def dot(left: Iterable, right: Iterable) -> Fraction:
    """Inner product."""
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def relu(value: Fraction) -> Fraction:
    """The activation (a)_+."""
    return max(value, Fraction(0))


def one_norm(vector: Iterable) -> Fraction:
    """The sum of the absolute values."""
    return sum((abs(value) for value in vector), Fraction(0))


def show(vector: Iterable) -> str:
    """How a counterexample writes a vector."""
    return f"({', '.join(map(str, vector))})"


def basis_vectors(dimension: int, bias: bool = False) -> list[Vector]:
    """The directions e_1..e_d; with a bias they are points at infinity (e_l, 0)."""
    width = dimension + bias
    return [tuple(Fraction(int(k == axis)) for k in range(width)) for axis in range(dimension)]


def homogeneous(samples: Sequence[Sequence], bias: bool) -> list[Vector]:
    """The samples in exact numbers; with a bias the homogeneous points (x, 1)."""
    return [tuple(Fraction(value) for value in (*row, 1)[: len(row) + bias]) for row in samples]


def box(width: int, reach: int) -> Iterator[Vector]:
    """All integer vectors but zero with entries from −reach to reach."""
    for vector in product(range(-reach, reach + 1), repeat=width):
        if any(vector):
            yield tuple(map(Fraction, vector))


def _matrix(rows: Sequence[Sequence], columns: int) -> fmpq_mat:
    entries = [fmpq(value.numerator, value.denominator) for row in rows for value in row]
    return fmpq_mat(len(rows), columns, entries)


def _fractions(values: Iterable[fmpq]) -> Vector:
    return tuple(Fraction(int(value.p), int(value.q)) for value in values)


def rank(rows: Sequence[Sequence]) -> int:
    """Number of independent rows."""
    return _matrix(rows, len(rows[0])).rank() if rows else 0


def kernel(rows: Sequence[Sequence], width: int) -> list[Vector]:
    """Basis of the vectors of a width that are orthogonal to every row."""
    reduced, count = _matrix(rows, width).rref()
    pivots = [next(k for k in range(width) if reduced[i, k] != 0) for i in range(count)]
    basis = []
    for free in (k for k in range(width) if k not in pivots):
        vector = [fmpq(int(k == free)) for k in range(width)]
        for i, pivot in enumerate(pivots):
            vector[pivot] = -reduced[i, free]
        basis.append(_fractions(vector))
    return basis


def solve(rows: Sequence[Sequence], *right: Sequence) -> tuple[Vector, ...] | None:
    """Solutions of a square system, one for each right-hand side; None if it is singular."""
    matrix = _matrix(rows, len(rows))
    if not rows:
        return tuple(() for _ in right)
    if matrix.det() == 0:
        return None
    columns = matrix.solve(_matrix(list(zip(*right, strict=True)), len(right))).transpose()
    return tuple(_fractions(columns[k, i] for i in range(len(rows))) for k in range(len(right)))


def independent(vectors: Sequence[Sequence]) -> list[int]:
    """Indices of the first vectors that span all of them."""
    if not vectors:
        return []
    reduced, count = _matrix(vectors, len(vectors[0])).transpose().rref()
    return [next(k for k in range(len(vectors)) if reduced[i, k] != 0) for i in range(count)]


def unit_wedges(members: Sequence[Sequence], dimension: int) -> list[Vector]:
    """The atoms ±×(J)/‖w(×(J))‖_1 of equation (1), J ⊂ members, w the first ``dimension`` coordinates."""
    width = len(members[0])
    atoms = {}
    for subset in combinations(members, width - 1):
        normal = (
            algebra.cross_product([list(map(Fraction, row)) for row in subset]) if subset else [Fraction(1)]
        )
        length = one_norm(normal[:dimension])
        if length:
            for sign in (1, -1):
                atoms[tuple(sign * value / length for value in normal)] = None
    return list(atoms)


def centred(vector: Vector) -> Vector:
    """What an optimal constant leaves of a vector."""
    mean = sum(vector, Fraction(0)) / len(vector)
    return tuple(value - mean for value in vector)


def problems() -> Iterator[tuple[str, list[Vector], int, bool]]:
    """Names of small data sets, the activations of the atoms of (1) on them, n, and whether there is a bias."""
    tables = [((0,), (1,), (3,)), ((0,), (0,), (2,)), ((1, 1), (1, -1)), ((1, 0), (0, 1), (1, 1))]
    for table, bias in zip(tables, (True, True, False, False), strict=True):
        samples, dimension = homogeneous(table, bias), len(table[0])
        units = unit_wedges([*samples, *basis_vectors(dimension, bias)], dimension)
        columns = dict.fromkeys(tuple(relu(dot(row, unit)) for row in samples) for unit in units)
        yield str(table), [phi for phi in columns if any(phi)], len(table), bias


def vertices(rows: Sequence[Sequence], bounds: Sequence) -> set[Vector]:
    """Vertices of {c : row·c ≤ bound}: the points of it where as many independent rows as coordinates are tight."""
    found = set()
    for subset in combinations(range(len(rows)), len(rows[0])):
        solution = solve([rows[i] for i in subset], [bounds[i] for i in subset])
        if solution and solution[0] not in found:
            point = solution[0]
            if all(dot(row, point) <= bound for row, bound in zip(rows, bounds, strict=True)):
                found.add(point)
    return found


class Piece(NamedTuple):
    """Part of a solution path: z = z0 − reg·z1 on a support and v = v0 + reg·v1, optimal for low ≤ reg ≤ high."""

    support: tuple[int, ...]
    signs: tuple[int, ...]
    z0: Vector
    z1: Vector
    v0: Vector
    v1: Vector
    low: Fraction
    high: Fraction | None

    def holds(self, reg: Fraction) -> bool:
        """Whether the optimality conditions hold at reg."""
        return self.low <= reg and (self.high is None or reg <= self.high)

    def z(self, reg: Fraction) -> dict[int, Fraction]:
        """The non-zero coefficients at reg."""
        values = (a - reg * b for a, b in zip(self.z0, self.z1, strict=True))
        return {k: value for k, value in zip(self.support, values, strict=True) if value}

    def v(self, reg: Fraction) -> Vector:
        """The residual at reg."""
        return tuple(a + reg * b for a, b in zip(self.v0, self.v1, strict=True))


def lasso_pieces(features: Sequence[Vector], target: Vector) -> list[Piece]:
    """Every solution of the optimality conditions of the Lasso on independent activations, for reg > 0.

    For each support S with independent activations and each sign pattern s, the system φ_S·(y − Σ z φ) = reg s
    is solved, and the conditions s z ≥ 0, |φ·v| ≤ reg leave an interval of reg.
    """
    gram = [[dot(a, b) for b in features] for a in features]
    pull = [dot(a, target) for a in features]
    pieces = []
    for size in range(len(target) + 1):
        for support in combinations(range(len(features)), size):
            block = [[gram[i][j] for j in support] for i in support]
            for signs in product((1, -1), repeat=size):
                solution = solve(block, [pull[i] for i in support], tuple(map(Fraction, signs)))
                if solution is None:
                    break
                piece = _piece(features, target, support, signs, *solution)
                if piece is not None:
                    pieces.append(piece)
    return pieces


def _piece(features, target, support, signs, z0, z1) -> Piece | None:
    def combine(z):
        return [dot(z, (features[k][i] for k in support)) for i in range(len(target))]

    v0 = tuple(a - b for a, b in zip(target, combine(z0), strict=True))
    v1 = tuple(combine(z1))
    conditions = [(s * a, -s * b) for s, a, b in zip(signs, z0, z1, strict=True)]
    for feature in features:
        a, b = dot(feature, v0), dot(feature, v1)
        conditions += [(-a, 1 - b), (a, 1 + b)]
    low, high = Fraction(0), None
    for constant, slope in conditions:  # constant + reg·slope ≥ 0
        if slope > 0:
            low = max(low, -constant / slope)
        elif slope < 0:
            high = -constant / slope if high is None else min(high, -constant / slope)
        elif constant < 0:
            return None
    if high is not None and (high < low or high <= 0):
        return None
    return Piece(support, signs, z0, z1, v0, v1, low, high)


def basis_pursuit(features: Sequence[Vector], costs: Sequence[int], target: Vector) -> tuple[dict, Vector]:
    """Coefficients of least Σ cost·|z| with Σ z φ = y, and a dual vector v with |v·φ| ≤ cost: the simplex method.

    Bland's rule makes it finite. Coefficients have both signs: an activation enters as itself or as its negative.
    """
    basis = independent(features)
    columns = list(zip(*(features[k] for k in basis), strict=True))
    signs = [1 if value >= 0 else -1 for value in solve(columns, target)[0]]
    while True:
        oriented = [tuple(s * value for value in features[k]) for k, s in zip(basis, signs, strict=True)]
        (dual,) = solve(oriented, [Fraction(costs[k]) for k in basis])
        entering = next((k for k, phi in enumerate(features) if abs(dot(dual, phi)) > costs[k]), None)
        sign = 0 if entering is None else (1 if dot(dual, features[entering]) > 0 else -1)
        change = target if entering is None else tuple(sign * value for value in features[entering])
        values, slopes = solve(list(zip(*oriented, strict=True)), target, change)
        if entering is None:
            return {k: s * a for k, s, a in zip(basis, signs, values, strict=True) if a}, dual
        ratios = [(a / b, basis[i], i) for i, (a, b) in enumerate(zip(values, slopes, strict=True)) if b > 0]
        _, _, leaving = min(ratios)
        basis[leaving], signs[leaving] = entering, sign


def least_cost(features: Sequence[Vector], target: Vector) -> tuple[Fraction, dict[int, Fraction], Vector]:
    """Least Σ|z| of Σ zφ + t1 = y, the coefficients (that of the constant last), and the dual vector."""
    columns = [*features, tuple(Fraction(1) for _ in target)]
    z, v = basis_pursuit(columns, [1] * len(features) + [0], target)
    return sum((abs(value) for k, value in z.items() if k < len(features)), Fraction(0)), z, v
