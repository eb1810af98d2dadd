"""The cuts that samples and directions make among the neurons, and the atoms where they meet.

A cut is {u : x̃_i·u = 0} or {u : w·e = 0}; D − 1 independent cuts meet in the wedge ± ⋆(x̃_j ∧ … ∧ e ∧ …).

Source: geomnn theory, section 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from geomnn.dictionaries import WedgeDictionary
from geomnn.errors import DataError
from geomnn.norms import ball
from geomnn.samples import Samples
from geomnn.validation import finite_floats


@dataclass(frozen=True)
class Cut:
    """{u : normal·u = 0} for neurons (w, b) in the coordinates of X.

    Parameters
    ----------
    normal : ndarray, shape (D,)
        Of length 1 in the 2-norm.
    name : str
        The samples that make it, "x0, x4" where several make the same; of directions "⊥ e1".
    of_sample : bool
        Whether samples make it.
    """

    normal: np.ndarray
    name: str
    of_sample: bool


def cuts(samples: Samples, norm: float) -> list[Cut]:
    """The cut of every sample, then of every direction of ‖·‖_p; those that are equal are one."""
    rows = homogeneous(samples)
    members = [(rows[i], f"x{i}", True) for i in range(samples.n) if samples.distinct_index[i] >= 0]
    for e in ball(norm).directions(samples.d):
        members.append((np.append(e.vector(samples.d), np.zeros(int(samples.bias))), f"⊥ {e}", False))
    found: list[Cut] = []
    for vector, name, of_sample in members:
        normal = vector / np.linalg.norm(vector)
        same = [k for k, cut in enumerate(found) if 1 - abs(cut.normal @ normal) < 1e-15]
        if same:
            old = found[same[0]]
            found[same[0]] = Cut(old.normal, f"{old.name}, {name}", old.of_sample)
        else:
            found.append(Cut(normal, name, of_sample))
    return found


def checked_residual(residual: Any, samples: Samples) -> np.ndarray:
    """v, shape (n,), if it is one number a sample, with sum 0 where there is a bias, or a `DataError`."""
    v = finite_floats(residual, "residual")
    if v.shape != (samples.n,):
        raise DataError(
            f"residual has shape {v.shape}; one number for each of the {samples.n} samples was expected."
        )
    if samples.bias and abs(v.sum()) > 1e-6 * np.abs(v).sum():
        raise DataError(
            f"residual sums to {v.sum():.3g}; with a bias it sums to 0: give the dual of a solution."
        )
    return v


def homogeneous(samples: Samples) -> np.ndarray:
    """x̃_i in the coordinates of X, shape (n, D): (x_i, 1) with a bias."""
    return np.column_stack([samples.X, np.ones(samples.n)]) if samples.bias else samples.X


def uncentred(samples: Samples, unit: np.ndarray) -> np.ndarray:
    """A neuron of a dictionary in the coordinates of X."""
    return np.append(unit[: samples.d], samples.bias_of(unit)) if samples.bias else unit


def distinct(units: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Neurons that are equal up to rounding, once."""
    found: list[np.ndarray] = []
    for unit in units:
        size = 1e-9 * (1 + np.abs(unit))
        if not any((np.abs(unit - other) <= size).all() for other in found):
            found.append(unit)
    return found


def vertices(samples: Samples, norm: float) -> tuple[np.ndarray, int]:
    """The atoms at the vertices, each once, (k, D) in the coordinates of X, and how many are of samples: the first."""
    found: list[np.ndarray] = []
    count = 0
    for directions in (False, True) if ball(norm).polyhedral else (False,):
        rows = [row for block in WedgeDictionary(samples, norm, directions).units() for row in block]
        found = distinct(
            [*found, *(sign * uncentred(samples, row) + 0.0 for row in rows for sign in (1, -1))]
        )
        count = count if directions else len(found)
    return np.array(found).reshape(-1, samples.D), count


def middles(kinds: np.ndarray, inside: np.ndarray) -> Iterable[tuple[int, int]]:
    """A cell of the grid deep inside of every connected piece of one kind, if it has room for a number."""
    edges, room = ~inside, len(kinds) / 40
    edges[:, 1:] |= kinds[:, 1:] != kinds[:, :-1]
    edges[1:] |= kinds[1:] != kinds[:-1]
    depth = ndimage.distance_transform_edt(np.pad(~edges, 1))[1:-1, 1:-1]
    pieces, count = ndimage.label(~edges)
    for row, column in ndimage.maximum_position(depth, pieces, range(1, count + 1)):
        if depth[row, column] > room:
            yield int(row), int(column)
