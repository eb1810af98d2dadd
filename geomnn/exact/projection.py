"""The KKT system of (C) over atoms that are held tight, in rational arithmetic.

For squared loss v = y − Σ_u ρ_u ζ_u − t with ζ_u = z_u/m_u, and the atoms in use are tight:

    ρ_uᵀ v = s_u reg m_u,   1ᵀ v = 0 with a bias,     so     MᵀM (ζ, t) = Mᵀ y − (s reg m, 0),   M = [ρ_u, 1].

The matrix is integer whatever the norm.  The sizes m_u are integers times square roots, so the right-hand side
has one column for every root of the basis, and so have ζ, t and v: over 1 alone they are plain rationals.

Source: geomnn theory, section 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from geomnn.exact.lattice import Plane
from geomnn.numbers.rationals import common_denominator
from geomnn.numbers.roots import RootBasis, RootSum, RootVector

__all__ = ["Projection", "Target", "independent", "project"]

PRIME = 2**61 - 1  # dependence is looked for modulo a prime: what is independent there is so over Q


@dataclass(frozen=True)
class Target:
    """What is projected: y, reg, and whether constants are free.

    Parameters
    ----------
    targets : sequence of Fraction, shape (n,)
    reg : Fraction
    bias : bool
    basis : RootBasis
        Of the sizes that occur.
    """

    targets: Sequence[Fraction]
    reg: Fraction
    bias: bool
    basis: RootBasis


@dataclass(frozen=True)
class Projection:
    """The point of y's projection on the tight constraints, with its multipliers.

    Parameters
    ----------
    multipliers : list of RootSum
        s_u ζ_u, one for each atom; with non-negative ones the point solves the program over these atoms.
    intercept : RootSum
        t.
    point : RootVector, shape (n,)
        v.
    along : list of Fraction
        How the multipliers fall as that of the entering atom rises; empty if none enters.
    steepness : Fraction
        How much of the entering atom is orthogonal to those in use: zero if it is dependent on them.
    """

    multipliers: list[RootSum]
    intercept: RootSum
    point: RootVector
    along: list[Fraction]
    steepness: Fraction


def independent(planes: Sequence[Plane], bias: bool) -> list[int]:
    """Positions of atoms whose features are independent, of each other and with a bias of the constants; the
    first ones are taken."""
    if not planes:
        return []
    n = len(planes[0].features)
    rows = [[1] * n] * bias + [list(plane.features) for plane in planes]
    columns = flint.nmod_mat(n, len(rows), [row[i] % PRIME for i in range(n) for row in rows], PRIME)
    reduced, rank = columns.rref()
    pivots, column = [], 0
    for row in range(rank):
        while int(reduced[row, column]) == 0:
            column += 1
        pivots.append(column)
    return [pivot - bias for pivot in pivots if pivot >= bias]


def project(
    target: Target,
    planes: Sequence[Plane],
    signs: Sequence[int],
    entering: tuple[Plane, int, RootSum] | None = None,
) -> Projection:
    """The projection of y on {v : s_u ρ_uᵀv = reg m_u, 1ᵀv = 0}, with another atom at a fixed multiplier.

    Parameters
    ----------
    target : Target
    planes, signs : sequences
        The atoms in use, their features independent, and s_u.
    entering : (Plane, int, RootSum), optional
        An atom that is about to come in, its sign and the multiplier that it has reached.
    """
    n, bias, basis = len(target.targets), target.bias, target.basis
    sizes = [basis.locate(plane.square) for plane in planes]
    values = [[y, *[Fraction(0)] * (len(basis) - 1)] for y in target.targets]
    if entering is not None:
        plane, sign, multiplier = entering
        for row, feature in zip(values, plane.features, strict=True):
            for position, coefficient in multiplier.terms.items():
                row[position] -= sign * feature * coefficient
    given, scale = _integers(values)
    columns = [plane.features for plane in planes] + [(1,) * n] * bias
    if not columns:
        return _alone(basis, given, scale, entering)
    matrix = flint.fmpz_mat(n, len(columns), [column[i] for i in range(n) for column in columns])
    tight = [[Fraction(0)] * len(basis) for _ in columns]  # s reg m
    for row, sign, (position, factor) in zip(tight, signs, sizes, strict=False):
        row[position] = sign * target.reg * factor
    tightness, tight_scale = _integers(tight)
    transposed = matrix.transpose()
    right = transposed * given * tight_scale - tightness * scale
    if entering is not None:
        right = _beside(right, transposed * _oriented(entering))
    solution: Any = (transposed * matrix).solve(right)
    numerators, denominator = solution.numer_denom()
    found = _columns(numerators, 0, len(basis))
    # v = y − M(ζ, t), everything over scale · tight_scale · denominator
    over = scale * tight_scale * int(denominator)
    point = given * (tight_scale * denominator) - matrix * found
    sums = _vector(basis, found, over)
    along, steepness = [], Fraction(0)
    if entering is not None:
        answer = _columns(numerators, len(basis), len(basis) + 1)
        oriented = _oriented(entering)
        rejected = oriented * denominator - matrix * answer
        along = [sign * Fraction(int(answer[u, 0]), int(denominator)) for u, sign in enumerate(signs)]
        steepness = Fraction(int((oriented.transpose() * rejected)[0, 0]), int(denominator))
    return Projection(
        [sums[u] * sign for u, sign in enumerate(signs)],
        sums[len(sums) - 1] if bias else basis.sum([]),
        _vector(basis, point, over),
        along,
        steepness,
    )


def _alone(
    basis: RootBasis, given: flint.fmpz_mat, scale: int, entering: tuple[Plane, int, RootSum] | None
) -> Projection:
    """The projection without any constraint: y itself."""
    steep = Fraction(sum(value * value for value in entering[0].features)) if entering else Fraction(0)
    return Projection([], basis.sum([]), _vector(basis, given, scale), [], steep)


def _oriented(entering: tuple[Plane, int, RootSum]) -> flint.fmpz_mat:
    """s ρ of the entering atom as a column."""
    return flint.fmpz_mat(
        len(entering[0].features), 1, [entering[1] * value for value in entering[0].features]
    )


def _integers(values: Sequence[Sequence[Fraction]]) -> tuple[flint.fmpz_mat, int]:
    """A matrix of Fractions as integers over their common denominator."""
    scale = common_denominator(value for row in values for value in row)
    entries = [value.numerator * (scale // value.denominator) for row in values for value in row]
    return flint.fmpz_mat(len(values), len(values[0]), entries), scale


def _beside(left: flint.fmpz_mat, right: flint.fmpz_mat) -> flint.fmpz_mat:
    rows = [[*a, *b] for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    return flint.fmpz_mat(
        left.nrows(), left.ncols() + right.ncols(), [entry for row in rows for entry in row]
    )


def _columns(matrix: flint.fmpz_mat, first: int, last: int) -> flint.fmpz_mat:
    entries = [entry for row in matrix.tolist() for entry in row[first:last]]
    return flint.fmpz_mat(matrix.nrows(), last - first, entries)


def _vector(basis: RootBasis, matrix: flint.fmpz_mat, denominator: int) -> RootVector:
    return RootVector(basis, [[int(entry) for entry in row] for row in matrix.tolist()], denominator)
