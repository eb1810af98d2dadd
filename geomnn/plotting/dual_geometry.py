"""The dual set of two or three samples: a polygon, and the residual as the projection of the targets on it.

Every atom u keeps the residual v between two parallel lines,

    |Σ_i v_i (x̃_i·u)_+| ≤ reg,

and what all of them leave is a convex set, symmetric about 0. For the squared loss the residual of the optimal network
is its point nearest to y, and the way there, y − v = f(X) = Σ_u z_u (X̃u)_+ (+ t with a bias), is made of normals of the
lines that v lies on: those are the neurons of the network. With a bias Σ v_i = 0 as well, so that three residuals
live in a plane, and t is the part of y that is orthogonal to it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.derivation import derive
from geomnn.dictionaries import WedgeDictionary
from geomnn.errors import ConstantNetworkWarning, DataError, UnsupportedProblem
from geomnn.norms import ball
from geomnn.samples import Samples
from geomnn.validation import check_integer, finite_floats, real_table

# relative to reg, as near to its line as v lies on it, and absolute, of unit normals, up to which two lines are
# one: v comes from a solve to 1e-9, and a picture shows four digits
_TIGHT = 1e-7
_TURNS = np.radians([90.0, 210.0, 330.0])


@dataclass(frozen=True)
class DualSet:
    """The dual set of a training problem and what the optimum is in it, in the coordinates of a plane.

    Parameters
    ----------
    rows : tuple of int
        The samples.
    plane : ndarray, shape (2, n)
        Orthonormal rows: the plane that v lives in; the identity without bias.
    normals : ndarray, shape (k, 2)
        a = plane · (X̃u)_+ of every atom, once for ±a: |a·v| ≤ reg.
    reg : float
    residual : ndarray, shape (n,)
        v.
    target, point : ndarray, shape (2,)
        y and v in the plane.
    atoms : tuple of Atom
        Of the network, named by rows of the whole X.
    steps : ndarray, shape (m, 2)
        z_u a_u of each of them: they lead from v to y.
    coefficients : ndarray, shape (m,)
        z_u.
    """

    rows: tuple[int, ...]
    plane: np.ndarray
    normals: np.ndarray
    reg: float
    residual: np.ndarray
    target: np.ndarray
    point: np.ndarray
    atoms: tuple[Atom, ...]
    steps: np.ndarray
    coefficients: np.ndarray

    def polygon(self, reach: float) -> np.ndarray:
        """Corners of the part of the set with coordinates up to a reach, in order, shape (m, 2)."""
        corners = reach * np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
        for normal in np.vstack([self.normals, -self.normals]):
            inside = self.reg - corners @ normal
            kept: list[np.ndarray] = []
            for k, corner in enumerate(corners):
                here, before = inside[k], inside[k - 1]
                if (here < 0) != (before < 0):
                    kept.append(corners[k - 1] + before / (before - here) * (corner - corners[k - 1]))
                if here >= 0:
                    kept.append(corner)
            corners = np.array(kept)
        return corners

    @property
    def lines(self) -> np.ndarray:
        """Which of the normals each atom has: the same for every reg, shape (m,)."""
        if not len(self.steps):
            return np.zeros(0, dtype=int)
        features = self.steps / self.coefficients[:, None]
        apart = [np.abs(features[:, None] + side * self.normals).max(axis=2) for side in (1, -1)]
        return np.min(apart, axis=0).argmin(axis=1)

    def reach(self) -> float:
        """Half the width of a picture that shows y, v and the set, or the part of it next to them."""
        size = float(max(np.abs(self.target).max(), np.abs(self.point).max()))
        size = size or self.reg / float(np.abs(self.normals).max(initial=0.0) or 1.0)
        return 1.25 * max(size, float(np.abs(self.polygon(1.8 * size)).max()))

    def tight(self) -> np.ndarray:
        """Unit normals, outwards, of the different lines that v lies on, shape (m, 2)."""
        values = self.normals @ self.point
        on = np.abs(values) >= (1 - _TIGHT) * self.reg
        normals = np.sign(values[on])[:, None] * self.normals[on]
        units = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return units[
            [not (np.abs(units[:k] - unit).max(axis=1) < _TIGHT).any() for k, unit in enumerate(units)]
        ]


def dual_set(
    X: Any, y: Any, reg: float, norm: float = 1, bias: bool = True, samples: Sequence[int] | None = None
) -> DualSet:
    """The dual set of the problem of some samples, its lines, and the optimum; arguments as in `plot_dual_set`."""
    table, targets, norm = real_table(X, "X"), finite_floats(y, "y"), ball(norm).p
    if targets.shape != (len(table),):
        raise DataError(
            f"y has shape {targets.shape}; one target for each of the {len(table)} samples was expected."
        )
    rows = tuple(
        check_integer("a row of samples", i, 0, len(table) - 1) for i in samples or range(len(table))
    )
    if not ball(norm).polyhedral or len(rows) != 2 + bias:
        raise UnsupportedProblem(
            f"norm={norm:g} and {len(rows)} samples with bias={bool(bias)}; the dual set is drawn for norm 1 or inf, "
            "of 2 samples without bias or 3 with it: choose them by samples=(0, 1) or (0, 1, 2)."
        )
    ours, targets = Samples(table[list(rows)], bias), targets[list(rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        solution = derive(ours.X, targets, reg=reg, norm=norm, bias=bias, dictionary="all")
    plane = np.sqrt(2 / 3) * np.array([np.cos(_TURNS), np.sin(_TURNS)]) if bias else np.eye(2)
    units = [sign * block for block in WedgeDictionary(ours, norm, True).units() for sign in (1, -1)]
    normals = np.vstack([np.zeros((0, 2)), *((plane @ ours.activations(block)).T for block in units)])
    size = np.abs(normals).max(initial=0.0)
    normals = normals[np.abs(normals).max(axis=1) > 1e-12 * size]
    same = 1e-12 * size
    alone = [
        not (
            (np.abs(normals[:k] - a).max(axis=1) <= same) | (np.abs(normals[:k] + a).max(axis=1) <= same)
        ).any()
        for k, a in enumerate(normals)
    ]
    neurons = solution.network.neurons
    z = np.array([neuron.coefficient for neuron in neurons])
    outputs = [np.maximum(ours.X @ neuron.atom.weight + neuron.atom.bias, 0.0) for neuron in neurons]
    atoms = tuple(
        replace(neuron.atom, samples=tuple(rows[i] for i in neuron.atom.samples)) for neuron in neurons
    )
    steps = (plane @ np.array(outputs).reshape(-1, len(rows)).T).T * z[:, None]
    v = solution.dual
    return DualSet(rows, plane, normals[alone], float(reg), v, plane @ targets, plane @ v, atoms, steps, z)
