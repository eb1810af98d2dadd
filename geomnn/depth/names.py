"""Names of neurons over features: wedges of the columns that they depend on, at the first samples that span them.

Source: geomnn theory, section 7, equation (3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from geomnn import algebra
from geomnn.atoms import Atom, FeatureWedge
from geomnn.depth.layer import FeatureLayer
from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import DataError
from geomnn.norms import Direction, ball
from geomnn.samples import Samples

__all__ = ["SECONDS_PER_NAME", "exactly", "feature_table", "name_feature", "named_units", "renamed"]

# relative to the largest w_k times the size of feature k, up to which a neuron does not need it: rounding of a unit
# over features that are nearly dependent, and less than what outputs are compared to
NO_WEIGHT = 1e-11
SECONDS_PER_NAME = 3e-4  # of a wedge


def feature_table(samples: Samples, atoms: Sequence[Atom]) -> np.ndarray:
    """K in float64, shape (n, M), with exact zeros where samples are on hyperplanes."""
    incidences = [samples.incidences(samples.unit_of(atom.weight, atom.bias)) for atom in atoms]
    return np.maximum(np.array(incidences).reshape(-1, samples.n).T, 0.0)


def named_units(units: Sequence[np.ndarray], samples: Samples) -> tuple[list[FeatureLayer], Samples]:
    """Layers of units, each in centred coordinates of the table of the one below, by name, and the last table.

    Parameters
    ----------
    units : sequence of ndarray, shape (M, D)
    samples : Samples
    """
    layers: list[FeatureLayer] = []
    for level, layer in enumerate(units, start=1):
        directions = ball(1.0).directions(samples.d)
        atoms = [
            name_atom(samples, unit, 1.0, directions) if level == 1 else name_feature(samples, unit, level)
            for unit in layer
        ]
        layers.append(FeatureLayer(tuple(atoms)))
        samples = Samples(feature_table(samples, atoms), samples.bias)
    return layers, samples


def renamed(atom: Atom, samples: Samples, level: int) -> Atom:
    """An atom over a table of features, under its name as a neuron of that level.

    Parameters
    ----------
    atom : Atom
    samples : Samples
        The table, exact for an atom with exact weights.
    level : int

    Raises
    ------
    DataError
        If samples or features lie so close together that rounding hides which of them span an atom.
    """
    numeric = atom.numeric()
    found = name_feature(samples, samples.unit_of(numeric.weight, numeric.bias), level)
    if atom.weight.dtype != object:
        return found
    exact = exactly(found, samples.rows)
    if exact.weight.tolist() != atom.weight.tolist() or exact.bias != atom.bias:
        raise DataError(
            "Rounding hides which features and samples span a neuron: some features are nearly equal. Round X to fewer "
            "digits."
        )
    return exact


def name_feature(samples: Samples, unit: np.ndarray, level: int) -> Atom:
    """The atom at a unit over features: a wedge of those S that it depends on, at the first samples that span it.

    Weights that are zero up to rounding are none.
    """
    weight = unit[: samples.d]
    share = np.abs(weight) * np.abs(samples.homogeneous[:, : samples.d]).max(axis=0)
    largest = np.abs(weight) == np.abs(weight).max()
    support = np.flatnonzero((share > NO_WEIGHT * share.max()) | largest)
    part = Samples(samples.X[:, support], samples.bias)
    atom = name_atom(part, part.unit_of(weight[support], samples.bias_of(unit)), 1.0)
    whole = np.zeros(samples.d)
    whole[support] = atom.weight
    others = tuple(Direction(int(k)) for k in np.setdiff1d(np.arange(samples.d), support))
    bias, members, orientation = atom.bias, atom.samples, atom.orientation
    return FeatureWedge(whole, bias, members, others, orientation, samples.bias, 1.0, level)


def exactly(atom: Atom, rows: Sequence[Sequence[Fraction]]) -> Atom:
    """The atom with the weight that its name gives, in Fractions."""
    d, members = len(rows[0]), list(atom.samples)
    deep = isinstance(atom, FeatureWedge)
    support = list(atom.support) if deep else list(range(d))
    points = [[rows[j][k] for k in support] for j in members]
    if atom.anchored:
        points = [[a - b for a, b in zip(row, points[-1], strict=True)] for row in points[:-1]]
    if not deep:
        points += [[Fraction(int(entry)) for entry in e.vector(d)] for e in atom.directions]
    vectors = np.array(points, dtype=object).reshape(len(support) - 1, len(support))
    normal = [atom.orientation * Fraction(entry) for entry in algebra.cross_product(vectors)]
    weight, length = np.array([Fraction(0)] * d, dtype=object), sum(map(abs, normal))
    for k, entry in zip(support, normal, strict=True):
        weight[k] = entry / length
    bias = (
        -sum(w * x for w, x in zip(weight, rows[members[-1]], strict=True)) if atom.anchored else Fraction(0)
    )
    return replace(atom, weight=weight, bias=bias)
