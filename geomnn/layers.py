"""Features of a layer, which are the samples of the next one: that is all that depth is.

A hidden layer of unit neurons u_k turns the table X into the table

    K_{ik} = (x̃_i·u_k)_+,

and what holds for neurons over X holds for neurons over K: those of the next layer are wedges of rows of K, wedges
of wedges, ⋆(K_{j,S} : j ∈ J) on a few features S.

Source: geomnn theory, section 7, equation (3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import linprog

from geomnn import algebra
from geomnn.atoms import Atom, Direction, basis_directions, name_atom
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries import WedgeDictionary, refuse_if_too_large
from geomnn.errors import DataError
from geomnn.rationals import exact_table
from geomnn.samples import Samples

__all__ = [
    "SECONDS",
    "FeatureLayer",
    "all_features",
    "all_layers",
    "chain_layers",
    "feature_table",
    "name_feature",
    "named_units",
    "renamed",
    "single",
    "up_to_sign_and_constant",
]

NOTHING = (1e-11, 1e-9, 1e-7)  # of the largest w_k times feature, up to which a neuron does not need it
SECONDS_PER_ENTRY = 5e-6  # of the table, to ask of one feature whether the others make up for it
SECONDS = 60.0  # that pruning may take
PRICED = 15.0  # times as long may take what is done with all of them
SECONDS_PER_NAME = 3e-4  # of a wedge
SECONDS_PER_FOLD = 2e-6  # of one feature at one sample, in Fractions
EQUAL = 1e-12  # relative, up to which a feature is a combination of others


@dataclass(frozen=True, eq=False)
class FeatureLayer:
    """Named features k_0, k_1, … of unit neurons u_r: k_j(x) = (x̃·u_j)_+, or (Σ_r c_jr (x̃·u_r)_+ + s_j)_+.

    Parameters
    ----------
    atoms : tuple of Atom
        u_r; all with exact weights, or none.
    mix : ndarray, shape (M, R), optional
        c, in float64, where features are sums of several neurons.
    shift : ndarray, shape (M,), optional
        s, with mix.
    """

    atoms: tuple[Atom, ...]
    mix: np.ndarray | None = None
    shift: np.ndarray | None = None

    @property
    def width(self) -> int:
        """M, the number of features."""
        return len(self.atoms) if self.mix is None else len(self.mix)

    @property
    def folds(self) -> bool:
        """Whether the sums are never negative, so that they need no ReLU and fold into the weights of what follows."""
        return self.mix is None or bool((self.mix >= 0).all() and (self.shifts >= 0).all())

    @property
    def shifts(self) -> np.ndarray:
        """s, zeros where there is none, shape (M,)."""
        return np.zeros(self.width) if self.shift is None else self.shift

    @property
    def exact(self) -> bool:
        """Whether the weights are exact numbers."""
        return any(atom.weight.dtype == object for atom in self.atoms)

    def sums(self) -> list[tuple[float, list[tuple[float, Atom]]]]:
        """Of each feature its shift and its unit neurons with their coefficients: (0, [(1, u_j)]) where it has one."""
        if self.mix is None:
            return [(0.0, [(1.0, atom)]) for atom in self.atoms]
        return [
            (float(s), [(float(row[r]), self.atoms[r]) for r in np.flatnonzero(row)])
            for row, s in zip(self.mix, self.shifts, strict=True)
        ]

    def place(self, k: int) -> tuple:
        """Where a feature stands in the order of names: at the first of its neurons."""
        return self.atoms[k if self.mix is None else int(np.argmax(self.mix[k] != 0))].place

    def only(self, chosen: Sequence[int]) -> FeatureLayer:
        """The layer of these features."""
        if self.mix is None:
            return FeatureLayer(tuple(self.atoms[k] for k in chosen))
        rows = self.mix[list(chosen)]
        used = np.flatnonzero(rows.any(axis=0))
        return FeatureLayer(tuple(self.atoms[r] for r in used), rows[:, used], self.shifts[list(chosen)])

    def numeric(self) -> FeatureLayer:
        """The layer in float64: itself, unless it is exact."""
        return self._rounded if self.exact else self

    @cached_property
    def _rounded(self) -> FeatureLayer:
        return replace(self, atoms=tuple(atom.numeric() for atom in self.atoms))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights (R, d) and biases (R,) of the unit neurons in float64."""
        atoms = self.numeric().atoms
        return np.array([atom.weight for atom in atoms]), np.array([atom.bias for atom in atoms])

    def __call__(self, table: np.ndarray) -> np.ndarray:
        """K in float64, shape (n, M), from a table of floats."""
        weights, biases = self.arrays()
        values = np.maximum(table @ weights.reshape(-1, table.shape[1]).T + biases, 0.0)
        return values if self.mix is None else np.maximum(values @ self.mix.T + self.shifts, 0.0)

    def exactly(self, rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
        """K in Fractions, for exact weights and rows."""
        return [
            [
                max(sum((w * x for w, x in zip(atom.weight, row, strict=True) if w), atom.bias), Fraction(0))
                for atom in self.atoms
            ]
            for row in rows
        ]


def all_layers(
    X: Any, count: int, bias: bool, exact: bool, seconds: float = SECONDS, deadline: Deadline = NEVER
) -> tuple[list[FeatureLayer], Any]:
    """So many layers of all features, each over the one before, and the table of the last; fewer where there are none.

    Parameters
    ----------
    X : array_like, shape (n, d)
    count : int
    bias : bool
    exact : bool
        Whether weights and tables are Fractions.
    seconds : float
        What it may take, by an estimate, to prune the features of a layer.
    deadline : Deadline
        As in `all_features`.

    Raises
    ------
    EnumerationTooLarge
        If there are more atoms than that allows.
    """
    layers: list[FeatureLayer] = []
    for level in range(1, count + 1):
        layer, table = all_features(X, bias, exact, level, seconds, deadline)
        if not layer.atoms:
            break
        layers, X = [*layers, layer], table
    return layers, X


def all_features(
    X: Any,
    bias: bool,
    exact: bool,
    level: int = 1,
    seconds: float = SECONDS,
    deadline: Deadline = NEVER,
) -> tuple[FeatureLayer, Any]:
    """Every feature that the atoms of the exact program (p = 1) have on the samples, each once, and their table K.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Samples, or the table of the features of a layer below.
    bias : bool
    exact : bool
        Whether weights and table are Fractions.
    level : int
        1 for samples, 2 for the features of one layer, …
    seconds : float
        What it may take, by an estimate, to prune the features.
    deadline : Deadline
        From which on features stay that others might make up for: they change no optimum.

    Returns
    -------
    FeatureLayer
        In float64 without features that are combinations of others at no higher cost. Exact ones all but those that
        are zero on all samples, in the order of their values, and of those that are equal there the first by name.
    ndarray, or list of lists of Fraction, shape (n, M)

    Raises
    ------
    EnumerationTooLarge
        If there are more atoms than that allows.
    """
    samples = Samples(X, bias)
    dictionary = WedgeDictionary(samples, 1.0, directions=True, max_seconds=PRICED * seconds)
    refuse_if_too_large(
        "wedges of a hidden layer", 2 * dictionary.count, SECONDS_PER_NAME, 8.0 * samples.D, (seconds, 2.0**31),
        "fewer samples or features, dictionary='auto', which searches them, or depth=2",
    )  # fmt: skip
    named: dict[tuple, Atom] = {}
    for units in dictionary.units():
        for unit in np.concatenate([units, -units]):
            atom = (
                name_atom(samples, unit, 1.0, dictionary.directions)
                if level == 1
                else name_feature(samples, unit, level)
            )
            named.setdefault((atom.samples, atom.support, -atom.orientation), atom)
    atoms = [named[key] for key in sorted(named)]
    if exact:
        rows = exact_table(X)
        layer = FeatureLayer(tuple(_exactly(atom, rows) for atom in atoms))
        columns = list(zip(*layer.exactly(rows), strict=True))
        ordered = sorted({column for column in columns if any(column)})
        chosen = [layer.atoms[columns.index(column)] for column in ordered]
        return FeatureLayer(tuple(chosen)), [list(row) for row in zip(*ordered, strict=True)]
    values = feature_table(samples, atoms)
    kept = _essential(values, bias, seconds, deadline)
    return FeatureLayer(tuple(atoms[k] for k in kept)), values[:, kept]


def chain_layers(
    X: Any, count: int, bias: bool, exact: bool, seconds: float = SECONDS
) -> tuple[list[FeatureLayer], Any]:
    """So many layers of chains of unit width, φ_{l+1} = (± (φ_l − φ_l(a_l)))_+, and the table of the last; fewer where
    there are none.

    Each feature comes once on the samples up to sign and a constant, for that is all that the next layer sees of it:
    the first by name. a_l is a sample, and with two layers a_1 may be a reflection 2x_j − x_i of one about another.

    Parameters
    ----------
    X : array_like, shape (n, 1)
    count : int
    bias : bool
        True.
    exact : bool
        Whether weights and table are Fractions; they are found in them.
    seconds : float
        What a layer may take, by an estimate.

    Raises
    ------
    EnumerationTooLarge
        If it would take longer.

    Source: geomnn theory, section 7; E. Zeger et al., arXiv 2403.01046.
    """
    layers: list[FeatureLayer] = []
    rows = exact_table(X)
    for level in range(1, count + 1):
        layer, table = _chain_features(rows, level, level < count, seconds)
        if not layer.atoms:
            break
        layers, rows = [*layers, layer], table
    if exact:
        return layers, rows
    return [layer.numeric() for layer in layers], np.array(rows, dtype=float)


def _chain_features(
    rows: list[list[Fraction]], level: int, reflections: bool, seconds: float
) -> tuple[FeatureLayer, list[list[Fraction]]]:
    """The features of one feature each, folded at samples and at reflections, and their table."""
    columns, n = list(zip(*rows, strict=True)), len(rows)
    distinct = [i for i in range(n) if rows[i] not in rows[:i]]
    points: list[tuple[int, tuple[int, Fraction] | None]] = [(i, None) for i in distinct]
    if reflections:
        points += [(i, (j, Fraction(-1))) for i in distinct for j in distinct if i != j]
    refuse_if_too_large(
        "chains below a layer", 2 * len(points) * len(columns), SECONDS_PER_FOLD * n, 16.0 * len(columns),
        (seconds, 2.0**31), "fewer samples, a smaller depth, or more time",
    )  # fmt: skip
    found: dict[tuple, tuple] = {}
    for i, aside in points:
        for k, column in enumerate(columns):
            point = column[i] if aside is None else column[i] + aside[1] * (column[aside[0]] - column[i])
            for sign in (1, -1):
                values = [max(sign * (value - point), Fraction(0)) for value in column]
                if len(set(values)) > 1:
                    found.setdefault(up_to_sign_and_constant(values), (values, k, i, sign, point, aside))
    atoms = (
        single(len(columns), k, i, sign, point, level, aside)
        for _, k, i, sign, point, aside in found.values()
    )
    table = zip(*(values for values, *_ in found.values()), strict=True)
    return FeatureLayer(tuple(atoms)), [list(row) for row in table]


def up_to_sign_and_constant(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The same tuple for values and ± values + c."""
    moved = tuple(value - values[0] for value in values)
    return max(moved, tuple(-value for value in moved))


def single(
    width: int,
    k: int,
    i: int,
    sign: int,
    point: Fraction,
    level: int,
    aside: tuple[int, Fraction] | None = None,
) -> Atom:
    """The exact neuron ± (k − point) of feature k alone, named by the sample i or a point aside of it."""
    weight = np.array([Fraction(0)] * width, dtype=object)
    weight[k] = Fraction(sign)
    others = tuple(Direction(j) for j in range(width) if j != k)
    return Atom(weight, -sign * point, (i,), others, sign, True, 1.0, level=level, aside=aside)


def feature_table(samples: Samples, atoms: Sequence[Atom]) -> np.ndarray:
    """K in float64, shape (n, M), with exact zeros where samples are on hyperplanes."""
    incidences = [samples.incidences(samples.unit_of(atom.weight, atom.bias)) for atom in atoms]
    return np.maximum(np.array(incidences).reshape(-1, samples.n).T, 0.0)


def named_units(units: Sequence[np.ndarray], samples: Samples) -> tuple[list[FeatureLayer], np.ndarray]:
    """Layers of units, each in centred coordinates of the table of the one below, by name, and the last table.

    Parameters
    ----------
    units : sequence of ndarray, shape (M, D)
    samples : Samples
    """
    layers: list[FeatureLayer] = []
    for level, layer in enumerate(units, start=1):
        directions = basis_directions(samples.d, 1.0)
        atoms = [
            name_atom(samples, unit, 1.0, directions) if level == 1 else name_feature(samples, unit, level)
            for unit in layer
        ]
        layers.append(FeatureLayer(tuple(atoms)))
        samples = Samples(feature_table(samples, atoms), samples.bias)
    return layers, samples.X


def renamed(atom: Atom, table: Any, level: int) -> Atom:
    """An atom over a table of features, under its name as a neuron of that level.

    Parameters
    ----------
    atom : Atom
    table : ndarray, or list of lists of Fraction, shape (n, M)
        Exact for an atom with exact weights.
    level : int

    Raises
    ------
    DataError
        If samples or features lie so close together that rounding hides which of them span an atom.
    """
    samples, numeric = Samples(table, atom.anchored), atom.numeric()
    found = name_feature(samples, samples.unit_of(numeric.weight, numeric.bias), level)
    if atom.weight.dtype != object:
        return found
    exact = _exactly(found, exact_table(table))
    if exact.weight.tolist() != atom.weight.tolist() or exact.bias != atom.bias:
        raise DataError(
            "Rounding hides which features and samples span a neuron: some features are nearly equal. Round X to fewer "
            "digits."
        )
    return exact


def name_feature(samples: Samples, unit: np.ndarray, level: int) -> Atom:
    """The atom at a unit over features: a wedge of those S that it depends on, at the first samples that span it.

    Weights that are zero up to rounding are none: where with all that are above the first of some thresholds no name
    gives the unit, the next one is tried.
    """
    weight = unit[: samples.d]
    share = np.abs(weight) * np.abs(samples.homogeneous[:, : samples.d]).max(axis=0)
    largest = np.abs(weight) == np.abs(weight).max()
    for nothing in NOTHING:
        support = np.flatnonzero((share > nothing * share.max()) | largest)
        part = Samples(samples.X[:, support], samples.bias)
        try:
            atom = name_atom(part, part.unit_of(weight[support], samples.bias_of(unit)), 1.0)
            break
        except DataError:
            if nothing == NOTHING[-1]:
                raise
    whole = np.zeros(samples.d)
    whole[support] = atom.weight
    others = tuple(Direction(int(k)) for k in np.setdiff1d(np.arange(samples.d), support))
    return replace(atom, weight=whole, directions=others, level=level)


def _essential(table: np.ndarray, bias: bool, seconds: float, deadline: Deadline) -> list[int]:
    """The features that are no combination K c of others with ‖c‖_1 ≤ 1, and with a bias a constant: no network over
    all of them is better than one over these.

    They are the vertices of the polytope {K c : ‖c‖_1 ≤ 1}, which is all that the next layer sees.
    """
    n, count = table.shape
    refuse_if_too_large(
        "features of a hidden layer", count, SECONDS_PER_ENTRY * count * n, 8.0 * n, (seconds, 2.0**31),
        "fewer samples or features, dictionary='auto', which searches them, or depth=2",
    )  # fmt: skip
    kept = [k for k in range(count) if table[:, k].any()]
    constants = np.column_stack([np.ones((n, int(bias))), -np.ones((n, int(bias)))])
    for k in list(kept):
        others = [j for j in kept if j != k]
        if not others or deadline.over():
            break
        columns = np.hstack([table[:, others], -table[:, others], constants])
        cost = np.repeat([1.0, 0.0], [2 * len(others), constants.shape[1]])
        shortest = linprog(cost, A_eq=columns, b_eq=table[:, k], method="highs")
        if shortest.status != 0:
            continue
        # the program holds to 1e-7 only: the columns that it chose decide, to rounding
        chosen = np.flatnonzero(shortest.x)
        c = np.linalg.lstsq(columns[:, chosen], table[:, k], rcond=None)[0]
        off = np.abs(columns[:, chosen] @ c - table[:, k]).max()
        if off <= EQUAL * table[:, k].max() and cost[chosen] @ np.abs(c) <= 1 + EQUAL:
            kept = others
    return kept


def _exactly(atom: Atom, rows: Sequence[Sequence[Fraction]]) -> Atom:
    """The atom with the weight that its name gives, in Fractions."""
    d, members = len(rows[0]), list(atom.samples)
    support = list(range(d)) if atom.level == 1 else list(atom.support)
    points = [[rows[j][k] for k in support] for j in members]
    if atom.anchored:
        points = [[a - b for a, b in zip(row, points[-1], strict=True)] for row in points[:-1]]
    if atom.level == 1:
        points += [[Fraction(int(entry)) for entry in e.vector(d)] for e in atom.directions]
    vectors = np.empty((len(support) - 1, len(support)), dtype=object)
    for k, vector in enumerate(points):
        vectors[k] = vector
    normal = [atom.orientation * Fraction(entry) for entry in algebra.cross_product(vectors)]
    weight, length = np.array([Fraction(0)] * d, dtype=object), sum(map(abs, normal))
    for k, entry in zip(support, normal, strict=True):
        weight[k] = entry / length
    bias = (
        -sum(w * x for w, x in zip(weight, rows[members[-1]], strict=True)) if atom.anchored else Fraction(0)
    )
    return replace(atom, weight=weight, bias=bias)
