"""The active atoms of an optimum: all those whose correlation with v has the size reg.

v is unique.  With E = {u : ‖vᵀφ_u‖_2 = reg} and o_u = vᵀφ_u/reg the optimal (z, t) of (C) are the points of

    z_u = a_u o_u,  a ≥ 0,  Σ_{u∈E} a_u φ_u ⊗ o_u + 1 ⊗ t = f(X),

a polytope whose columns are φ_u ⊗ o_u; for one output o_u is the sign of the correlation.

Source: geomnn theory, sections 0 and 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.dictionaries import Dictionary
from geomnn.exact.lattice import Plane
from geomnn.exact.optimum import ExactProblem, price_exactly
from geomnn.numbers.roots import RootBasis, RootVector
from geomnn.programs.problem import Problem

__all__ = [
    "ActiveAtoms",
    "column_sizes",
    "exact_sides",
    "exactly_active",
    "near_units",
    "nearly_active",
    "sides_of",
]

# relative to the largest term of x̃·u, the difference of terms up to which two units are one: two ways to compute a
# wedge differ by rounding, and by more where samples are nearly dependent
SAME_UNIT = 1e-8
# relative to the largest |x̃·u|, up to which a sample is on the hyperplane: above the rounding of a unit that
# was computed from nearly dependent samples, and below SAME_UNIT
ON_HYPERPLANE = 1e-9
TOLERANCES = (1e-9, 1e-6)  # of correlations, relative: what both say is taken to be so
MOST_ACTIVE = 2000  # active atoms that are looked at
MOST_ATOMS = 2**22  # of a dictionary, to look at each


@dataclass(frozen=True)
class ActiveAtoms:
    """Atoms that may have a part in an optimum.

    Parameters
    ----------
    columns : ndarray, shape (n·c, k)
        φ_u ⊗ o_u, of floats, or of integers in any positive multiple.
    constants : ndarray, shape (n·c, c), or (n, 0) without a bias
        1 ⊗ e_o.
    used : ndarray of bool, shape (k,)
        Those of the network that was found.
    sides : ndarray of int, shape (n, k)
        The sign of x̃_i·u.
    ways : ndarray, shape (k, c)
        o_u.
    sizes : ndarray, shape (k,)
        What the columns are multiples by, of those of unit neurons.
    units : sequence of Plane or ndarray
        The atoms, unnamed.
    """

    columns: np.ndarray
    constants: np.ndarray
    used: np.ndarray
    sides: np.ndarray
    ways: np.ndarray
    sizes: np.ndarray
    units: Sequence[Any] | np.ndarray

    def __len__(self) -> int:
        return len(self.units)

    @property
    def exact(self) -> bool:
        """Whether the columns are integers."""
        return self.columns.dtype == object

    def among(self, order: Sequence[int]) -> ActiveAtoms:
        """Some of them, in another order."""
        k = list(order)
        return ActiveAtoms(
            self.columns[:, k], self.constants, self.used[k], self.sides[:, k], self.ways[k], self.sizes[k],
            [self.units[j] for j in k],
        )  # fmt: skip


def nearly_active(
    problem: Problem,
    dictionary: Dictionary,
    used: Sequence[Atom],
    dual: np.ndarray,
    tolerances: Sequence[float] = TOLERANCES,
) -> list[ActiveAtoms]:
    """The active atoms in float64, once for each of several tolerances for correlations; no such sets where there are
    too many to look at.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    used : sequence of Atom
        Those of the network, which come first.
    dual : ndarray, shape (n,) or (n, c)
        v.
    tolerances : sequence of float
        Relative to reg.
    """
    samples, v = problem.samples, dual.reshape(len(dual), -1)
    weights = np.array([atom.weight for atom in used]).reshape(len(used), samples.d)
    mine = samples.units_of(weights, np.array([atom.bias for atom in used]))
    found = []
    for tolerance in tolerances:
        active = near_units(problem, dictionary, mine, v, tolerance)
        if active is None:
            return []
        found.append(active)
    return found


def near_units(
    problem: Problem, dictionary: Dictionary, used: np.ndarray, v: np.ndarray, tolerance: float
) -> ActiveAtoms | None:
    """The active atoms in float64; None where there are too many to look at.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    used : ndarray, shape (m, D)
        Units that come first.
    v : ndarray, shape (n, c)
    tolerance : float
        Of correlations, relative to reg.
    """
    if dictionary.count > MOST_ATOMS:
        return None
    # one of each stretch of directions comes back, so that none is left out if there are as many as directions
    most = max(problem.samples.D * dictionary.count, 1)
    near = dictionary.price(v, problem.reg * (1 - tolerance), most).units
    return None if len(near) > problem.samples.D * MOST_ACTIVE else _of_units(problem, used, near, v)


def _of_units(problem: Problem, used: np.ndarray, near: np.ndarray, v: np.ndarray) -> ActiveAtoms:
    samples = problem.samples
    table, k = np.vstack([used, near]), len(used)
    terms = column_sizes(samples.homogeneous)  # of x̃·u: weights and b have the units of features
    for unit in near:
        off = np.abs((table[:k] - unit) * terms).max(axis=1, initial=0.0)
        if (off > SAME_UNIT * np.abs(unit * terms).max()).all():
            table[k] = unit
            k += 1
    table = table[:k]
    incidences, activations = samples.homogeneous @ table.T, samples.activations(table)
    pulls = activations.T @ v
    ways = pulls / np.maximum(np.linalg.norm(pulls, axis=1, keepdims=True), np.finfo(float).tiny)
    columns = np.einsum("nk,kc->nck", activations, ways).reshape(v.size, len(table))
    count = problem.outputs * samples.bias
    constants = np.tile(np.eye(problem.outputs), (samples.n, 1))[:, :count]
    given = np.arange(len(table)) < len(used)
    return ActiveAtoms(columns, constants, given, sides_of(incidences), ways, np.ones(len(table)), table)


def column_sizes(table: np.ndarray) -> np.ndarray:
    """The largest |entry| of each column, and of those that are zero the largest of all others, or 1, shape (d,)."""
    sizes = np.abs(table).max(axis=0, initial=0.0)
    return np.where(sizes > 0, sizes, sizes.max(initial=0.0) or 1.0)


def sides_of(incidences: np.ndarray) -> np.ndarray:
    """The signs of x̃_i·u, shape (n, k), 0 where they are rounding."""
    size = ON_HYPERPLANE * np.abs(incidences).max(axis=0, initial=0.0)
    return (np.sign(incidences) * (np.abs(incidences) > size)).astype(int)


def exact_sides(problem: ExactProblem, planes: Sequence[Plane]) -> np.ndarray:
    """The signs of x̃_i·u, shape (n, k)."""
    incidences = [problem.samples.incidences(np.array(plane.coordinates, dtype=object)) for plane in planes]
    return np.sign(np.array(incidences, dtype=object).reshape(len(planes), problem.samples.n).T).astype(int)


def exactly_active(problem: ExactProblem, used: Sequence[Atom], dual: Iterable[Any]) -> ActiveAtoms:
    """The active atoms in exact numbers.

    Parameters
    ----------
    problem : ExactProblem
    used : sequence of Atom
        Those of the network.
    dual : ndarray of Fraction or SymPy number, shape (n,)
        v.
    """
    basis = RootBasis()
    _, tight = price_exactly(problem, basis, problem.reg, RootVector.read(basis, dual))
    planes, signs = [plane for plane, _ in tight], [sign for _, sign in tight]
    mine = {known.coordinates for atom in used if (known := problem.planes.at(atom)) is not None}
    n, k = problem.samples.n, len(planes)
    columns = np.array([plane.activations for plane in planes], dtype=object).reshape(k, n).T * np.array(
        signs, dtype=object
    )
    ones = np.ones((n, int(problem.samples.bias)), dtype=object)
    return ActiveAtoms(
        columns,
        ones,
        np.array([plane.coordinates in mine for plane in planes], dtype=bool),
        exact_sides(problem, planes),
        np.array(signs, dtype=float).reshape(k, 1),
        np.array([basis.root(plane.square) for plane in planes], dtype=object),
        planes,
    )
