"""Pairs of samples between which the mass of a residual is moved, with masses whose sums have no rounding.

    v = Σ_pairs m (e_i − e_j) + what stays alone,   v_i > 0 > v_j,   m ≥ 0,

by the plan of optimal transport for Euclidean distances, among near samples only.

Source: geomnn theory, section 9, L2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack
from scipy.spatial import KDTree

from geomnn.deadline import Deadline

__all__ = ["Pairs", "balanced", "level", "pair"]

NEIGHBOURS = 30  # samples of the other sign that one may be paired with, for few samples
EDGES = 60_000  # pairs in one linear program, which then takes about a second
FEWEST = 12  # samples of the other sign, for any number of samples
DUST = 2.0**-30  # what a plan leaves of a sample below this part of the largest |v_i| is taken from v
MANTISSA = 52  # of the sum of all |v_i|, so that each partial sum is a float


@dataclass(frozen=True)
class Pairs:
    """A residual as masses on pairs and what stays alone, which add up to it exactly.

    Parameters
    ----------
    v : ndarray, shape (n,)
        With a bias its sum is 0.
    first, second : ndarray of int, shape (k,)
        Rows with v > 0 and with v < 0.
    masses : ndarray, shape (k,)
    alone : ndarray, shape (n,)
        Of the sign of v.
    """

    v: np.ndarray
    first: np.ndarray
    second: np.ndarray
    masses: np.ndarray
    alone: np.ndarray


def balanced(v: np.ndarray, bias: bool) -> tuple[np.ndarray, float]:
    """v in multiples of a power of two, so large that all sums of them are floats; with a bias they sum to 0.

    What rounding leaves of the sum is taken off the largest ones of its sign, so that no |v_i| grows.

    Parameters
    ----------
    v : ndarray, shape (n,)
    bias : bool

    Returns
    -------
    v : ndarray, shape (n,)
    unit : float
        The power of two.
    """
    most = float(np.abs(v).max(initial=0.0))
    if most == 0.0:
        return np.zeros_like(v), 1.0
    unit = 2.0 ** (frexp(most * len(v))[1] - MANTISSA)
    whole = np.trunc(v / unit)
    return (level(whole, whole.sum()) if bias else whole) * unit, unit


def level(v: np.ndarray, excess: float) -> np.ndarray:
    """v without an excess, which is taken off the largest entries of its sign: they have more than that in all.

    Parameters
    ----------
    v : ndarray, shape (n,)
    excess : float
    """
    v = v.copy()
    for i in np.argsort(-v * np.sign(excess), kind="stable"):
        if excess == 0.0:
            break
        taken = min(abs(excess), abs(v[i])) * np.sign(excess)
        v[i] -= taken
        excess -= taken
    return v


def pair(points: np.ndarray, v: np.ndarray, bias: bool, deadline: Deadline) -> Pairs:
    """The pairs of a residual, for points of which no two are equal.

    With P and N the rows of either sign, the plan is that of the linear program

        min Σ m_ij (|x_i − x_j| − c),   Σ_j m_ij ≤ v_i,   Σ_i m_ij ≤ |v_j|,   m ≥ 0,

    c above all distances, over the nearest j of each i and the nearest i of each j; what it leaves is planned anew.
    Masses are rounded to multiples of the unit of `balanced`, and none is more than is left at its ends.

    Parameters
    ----------
    points : ndarray, shape (n, d)
    v : ndarray, shape (n,)
    bias : bool
    deadline : Deadline
        Of the linear programs.
    """
    v, unit = balanced(v, bias)
    left, dust = v.copy(), DUST * np.abs(v).max(initial=0.0)
    found: list[tuple[int, int, float]] = []
    moved = True
    while moved:
        moved = False
        plan = _plan(points, np.where(np.abs(left) > dust, left, 0.0), deadline)
        for i, j, mass in zip(*(part.tolist() for part in plan), strict=True):
            mass = min(np.rint(mass / unit) * unit, left[i], -left[j])
            if mass > 0.0:
                found.append((i, j, mass))
                left[i] -= mass
                left[j] += mass
                moved = moved or mass > dust
    alone = np.where(np.abs(left) > dust, left, 0.0)
    if bias:
        alone = level(alone, alone.sum())
    first, second, masses = zip(*found, strict=True) if found else ((), (), ())
    ends = np.array(first, dtype=int), np.array(second, dtype=int)
    return Pairs(v - left + alone, *ends, np.array(masses, dtype=float), alone)


def _plan(points: np.ndarray, v: np.ndarray, deadline: Deadline) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and masses of the plan; of none where there is nothing to pair or no time."""
    none = np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0)
    wanted, unwanted = np.flatnonzero(v > 0), np.flatnonzero(v < 0)
    if not len(wanted) or not len(unwanted) or deadline.over():
        return none
    near = max(min(NEIGHBOURS, EDGES // len(v)), FEWEST)
    one, other = _near(points[wanted], points[unwanted], near), _near(points[unwanted], points[wanted], near)
    edges = np.unique(np.concatenate([one, other[:, ::-1]]), axis=0)
    lengths = np.linalg.norm(points[wanted[edges[:, 0]]] - points[unwanted[edges[:, 1]]], axis=1)
    count, ones = np.arange(len(edges)), np.ones(len(edges))
    sides = [
        csr_array((ones, (edges[:, side], count)), shape=(len(rows), len(edges)))
        for side, rows in enumerate((wanted, unwanted))
    ]
    most, size = lengths.max(), np.abs(v).max()  # so that tolerances, which are absolute, are relative to one
    options = {"time_limit": 0.5 * deadline.left()} if deadline.end < np.inf else {}
    found = linprog(
        lengths / most - 2.0,
        A_ub=vstack(sides),
        b_ub=np.concatenate([v[wanted], -v[unwanted]]) / size,
        method="highs-ds",
        options=options,
    )
    if found.x is None:
        return none
    return wanted[edges[:, 0]], unwanted[edges[:, 1]], found.x * size


def _near(points: np.ndarray, others: np.ndarray, near: int) -> np.ndarray:
    """The nearest others of each point, shape (k, 2)."""
    near = min(near, len(others))
    found = KDTree(others).query(points, k=np.arange(1, near + 1))[1]
    return np.column_stack([np.repeat(np.arange(len(points)), near), found.ravel()])
