"""All features of the layers below, each once, without those that others make up for.

Source: geomnn theory, sections 5 and 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog

from geomnn.atoms import Atom
from geomnn.deadline import NEVER, Deadline
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import SECONDS_PER_NAME, exactly, feature_table, name_feature
from geomnn.dictionaries import WedgeDictionary, refuse_if_too_large
from geomnn.dictionaries.canonical import name_atom
from geomnn.samples import Samples

__all__ = ["PRUNING_SECONDS", "all_features", "all_layers"]

SECONDS_PER_PRUNED_ENTRY = 5e-6  # of the table, to ask of one feature whether the others make up for it
PRUNING_SECONDS = 60.0  # that pruning may take
PRICED = 15.0  # times as long may take what is done with all of them
# relative, of a difference to the largest entry of the feature and of ‖c‖_1 to 1, up to which a feature is a
# combination of others: rounding of least squares, as leaving out more would not be proved
COMBINED = 1e-12


def all_layers(
    samples: Samples, count: int, exact: bool, seconds: float = PRUNING_SECONDS, deadline: Deadline = NEVER
) -> tuple[list[FeatureLayer], Samples]:
    """So many layers of all features, each over the one before, and the table of the last; fewer where there are none.

    Parameters
    ----------
    samples : Samples
    count : int
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
        layer, table = all_features(samples, exact, level, seconds, deadline)
        if not layer.atoms:
            break
        layers, samples = [*layers, layer], Samples(table, samples.bias)
    return layers, samples


def all_features(
    samples: Samples,
    exact: bool,
    level: int = 1,
    seconds: float = PRUNING_SECONDS,
    deadline: Deadline = NEVER,
) -> tuple[FeatureLayer, Any]:
    """Every feature that the atoms of the training problem (p = 1) have on the samples, each once, and their table K.

    Parameters
    ----------
    samples : Samples
        Those of the problem, or the table of the features of a layer below.
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
    dictionary = WedgeDictionary(samples, 1.0, directions=True, max_seconds=PRICED * seconds)
    refuse_if_too_large(
        "wedges of a hidden layer", 2 * dictionary.count, SECONDS_PER_NAME, 8.0 * samples.D, (seconds, 2.0**31),
        "fewer samples or features, {dictionary}, which searches them, or {depth}", dictionary="auto", depth=2,
    )  # fmt: skip
    named: dict[tuple[object, ...], Atom] = {}
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
        rows = samples.rows
        layer = FeatureLayer(tuple(exactly(atom, rows) for atom in atoms))
        columns = list(zip(*layer.exactly(rows), strict=True))
        ordered = sorted({column for column in columns if any(column)})
        chosen = [layer.atoms[columns.index(column)] for column in ordered]
        return FeatureLayer(tuple(chosen)), [list(row) for row in zip(*ordered, strict=True)]
    values = feature_table(samples, atoms)
    kept = _essential(values, samples.bias, seconds, deadline)
    return FeatureLayer(tuple(atoms[k] for k in kept)), values[:, kept]


def _essential(table: np.ndarray, bias: bool, seconds: float, deadline: Deadline) -> list[int]:
    """The features that are no combination K c of others with ‖c‖_1 ≤ 1, and with a bias a constant: no network over
    all of them is better than one over these.

    They are the vertices of the polytope {K c : ‖c‖_1 ≤ 1}, which is all that the next layer sees.
    """
    n, count = table.shape
    refuse_if_too_large(
        "features of a hidden layer", count, SECONDS_PER_PRUNED_ENTRY * count * n, 8.0 * n, (seconds, 2.0**31),
        "fewer samples or features, {dictionary}, which searches them, or {depth}", dictionary="auto", depth=2,
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
        if off <= COMBINED * table[:, k].max() and cost[chosen] @ np.abs(c) <= 1 + COMBINED:
            kept = others
    return kept
