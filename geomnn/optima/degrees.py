"""How many dimensions f(X) moves in as y moves: the degrees of freedom, and with them the dimension of all optima.

v is the projection of y on a polyhedron (theory, section 3). Around a y for which it stays within a face it is y less
its part in the span of that face's normals, the activations of active atoms and, with a bias, 1: so the trace of
df(X)/dy is

    div_y f(X) = rank [Ψ_used, 1],     dim Z* = |used| − rank [Ψ_used, 1] + 1,

without a bias without the 1. Along the path v is affine in reg between two kinks, so that it stays within one face, and
f(X) within one face of its normal cone: *active* and *used* atoms, and both numbers, are the same all along. Which
they are is seen on one piece, from the atoms A of one network there and their signs,

    v = y − P y + reg w,   P the projection on the span of [Ψ_A, 1],   w in it with  Ψ_Aᵀ w = 1,  1ᵀw = 0.

Atoms are active whose correlation is reg *and changes with it*, ψ·v = reg and ψ·w = 1, which tells them from atoms that
get there at a kink nearby. Of these, those of A are used, those in its span, and those that are in a sum c ≥ 0 which is
in its span: a linear program.

Source: geomnn theory, section 10; R. J. Tibshirani, J. Taylor, Annals of Statistics 40, 2012 (of the lasso); M. Meyer,
M. Woodroofe, Annals of Statistics 28, 2000 (of projections).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import linprog

from geomnn.dictionaries import Dictionary
from geomnn.optima.active import near_units
from geomnn.optima.polytope import APART
from geomnn.optima.uniqueness import ROUNDING, far_side
from geomnn.programs.kinks import Piece
from geomnn.programs.problem import Problem
from geomnn.programs.solve import Optimum

__all__ = ["Degrees", "degrees_along", "degrees_below_kinks", "masked_ints"]


class Degrees(NamedTuple):
    """Atoms that are used in some optimum, and how many of their activations are independent, of constants too."""

    used: int
    rank: int


def degrees_below_kinks(
    problem: Problem,
    dictionary: Dictionary,
    pieces: Sequence[Piece],
    optimum: Callable[[float], Optimum],
) -> list[Degrees | None]:
    """What is so below each kink of v, from the middle of the longest of the pieces down to the next.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    pieces : sequence of Piece
        Of a path of that problem.
    optimum : callable
        The optimum at a reg, which is that of the piece unless rounding has bent the path there.
    """
    longest: list[Piece] = []
    for piece in pieces:
        if piece.bends:
            longest.append(piece)
        elif longest and piece.reg / piece.end > longest[-1].reg / longest[-1].end:
            longest[-1] = piece
    middles = [(piece.reg + piece.end) / 2 for piece in longest]
    return [
        degrees_along(problem.at(reg), dictionary, found.units, np.sign(found.coefficients[:, 0]))
        for reg, found in zip(middles, map(optimum, middles), strict=True)
    ]


def masked_ints(values: Sequence[int | None]) -> np.ma.MaskedArray:
    """Ints, masked where there is none."""
    hidden = [value is None for value in values]
    return np.ma.array([value or 0 for value in values], dtype=int, mask=hidden)


def degrees_along(
    problem: Problem, dictionary: Dictionary, units: np.ndarray, signs: np.ndarray
) -> Degrees | None:
    """What is so at a reg, and up to the next kink on both sides; None where rounding hides it.

    Parameters
    ----------
    problem : Problem
        Squared loss, scalar output.
    dictionary : Dictionary
    units : ndarray, shape (k, D)
        Of an optimal network with independent activations.
    signs : ndarray, shape (k,)
        Of its coefficients.
    """
    y, reg, k = problem.targets[:, 0], problem.reg, len(units)
    own = problem.samples.activations(units) * signs
    lengths = np.linalg.norm(own, axis=0)
    ones = np.ones((len(y), int(problem.samples.bias))) / np.sqrt(len(y))
    basis, triangle = np.linalg.qr(np.hstack([ones, own / lengths]))
    if not k or np.linalg.svd(triangle, compute_uv=False)[-1] <= ROUNDING:
        return None
    levels = np.append(np.zeros(ones.shape[1]), 1 / lengths)
    slope = basis @ solve_triangular(triangle, levels, trans="T")
    v = _beside(basis, y) + reg * slope
    active = near_units(problem, dictionary, units, v[:, None], APART)
    if active is None:
        return None
    reached, keeps = active.columns.T @ v / reg, active.columns.T @ slope
    off = np.maximum(np.abs(reached - 1), np.abs(keeps - 1))
    on = off <= ROUNDING
    if (reached > 1 + ROUNDING).any() or not on[:k].all() or not (on | (off > APART)).all():
        return None
    others = active.columns[:, k:][:, on[k:]]
    rest = _beside(basis, others / np.linalg.norm(others, axis=0))
    sizes = np.linalg.norm(rest, axis=0)
    apart = sizes > APART
    if not (apart | (sizes <= ROUNDING)).all():
        return None
    more = _two_sided(rest[:, apart] / sizes[apart])
    if more is None:
        return None
    return Degrees(k + int(np.count_nonzero(~apart)) + more.used, k + more.rank)


def _beside(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The part of columns orthogonal to those of a basis; twice, as the first leaves rounding of their size."""
    for _ in range(2):
        columns = columns - basis @ (basis.T @ columns)
    return columns


def _two_sided(columns: np.ndarray) -> Degrees | None:
    """How many columns, of length 1, are in some c ≥ 0 with columns·c = 0, and their rank.

    They are the largest support of such a c, that of max Σ s for c = s + r, 0 ≤ s ≤ 1, 0 ≤ r. It is checked that they
    have a c > 0 up to rounding, and that some y is orthogonal to them and clearly on one side of all others.
    """
    n, k = columns.shape
    if not k:
        return Degrees(0, 0)
    bounds = [(0.0, 1.0)] * k + [(0.0, None)] * k
    goal = np.append(-np.ones(k), np.zeros(k))
    found = linprog(
        goal, A_eq=np.hstack([columns, columns]), b_eq=np.zeros(n), bounds=bounds, method="highs-ds"
    )
    if found.x is None:
        return None
    inside, c = found.x[:k] > 0.5, found.x[:k] + found.x[k:]
    left, singular, right = np.linalg.svd(columns[:, inside])
    rank = int(np.count_nonzero(singular > APART))
    null = right[rank:]
    if (singular[rank:] > ROUNDING).any() or (null.T @ (null @ c[inside]) <= 0).any():
        return None
    if not inside.all() and far_side(left[:, rank:].T @ columns[:, ~inside]) is None:
        return None
    return Degrees(int(np.count_nonzero(inside)), rank)
