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

from geomnn.exact.lattice import Plane, independent_columns
from geomnn.numbers.roots import RootBasis, RootSum, RootVector, fraction, rational_matrix

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
    """Positions of atoms whose activations are independent, of each other and with a bias of the constants; the
    first ones are taken."""
    if not planes:
        return []
    n = len(planes[0].activations)
    rows = [[1] * n] * bias + [list(plane.activations) for plane in planes]
    columns = flint.nmod_mat(n, len(rows), [row[i] % PRIME for i in range(n) for row in rows], PRIME)
    return [position - bias for position in independent_columns(columns) if position >= bias]


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
        The atoms in use, their activations independent, and s_u.
    entering : (Plane, int, RootSum), optional
        An atom that is about to come in, its sign and the multiplier that it has reached.
    """
    n, bias, basis = len(target.targets), target.bias, target.basis
    sizes = [basis.locate(plane.square) for plane in planes]
    roots = len(basis)
    values = [[y, *[Fraction(0)] * (roots - 1)] for y in target.targets]
    if entering is not None:  # its activations have a column of their own, behind those of the roots
        plane, sign, multiplier = entering
        for row, activation in zip(values, plane.activations, strict=True):
            for position, coefficient in multiplier.terms.items():
                row[position] -= sign * activation * coefficient
            row.append(Fraction(sign * activation))
    width = roots + (entering is not None)
    columns = [plane.activations for plane in planes] + [(1,) * n] * bias
    tight = [[Fraction(0)] * width for _ in columns]  # s reg m
    for row, sign, (position, factor) in zip(tight, signs, sizes, strict=False):
        row[position] = sign * target.reg * factor
    given = rational_matrix(values, width)
    matrix = flint.fmpz_mat(n, len(columns), [column[i] for i in range(n) for column in columns])
    transposed = matrix.transpose()
    found: Any = flint.fmpq_mat(transposed * matrix).solve(transposed * given - rational_matrix(tight, width))
    rest = (
        given - matrix * found
    )  # v = y − M(ζ, t), and of the entering atom what is orthogonal to those in use
    sums = RootVector(basis, _columns(found, roots))
    along, steepness = [], Fraction(0)
    if entering is not None:
        along = [sign * fraction(found[u, roots]) for u, sign in enumerate(signs)]
        parts = (row[-1] * fraction(rest[i, roots]) for i, row in enumerate(values))
        steepness = sum(parts, Fraction(0))
    return Projection(
        [sums[u] * sign for u, sign in enumerate(signs)],
        sums[len(sums) - 1] if bias else basis.sum([]),
        RootVector(basis, _columns(rest, roots)),
        along,
        steepness,
    )


def _columns(matrix: flint.fmpq_mat, count: int) -> flint.fmpq_mat:
    """The first columns."""
    entries = [entry for row in matrix.tolist() for entry in row[:count]]
    return flint.fmpq_mat(matrix.nrows(), count, entries)
