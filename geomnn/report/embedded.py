"""What the scripts of the page work with, as plain lists: the network, the samples and the files of the folder.

Every number is there once. What is too long for a page stays out, and the page says where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.report.fits import chosen_class, probabilities
from geomnn.report.listings import whole
from geomnn.report.study import Study
from geomnn.words import ROUNDED_AWAY

__all__ = ["Column", "Samples", "kept_files", "plain_network", "used_features"]

FIRST = 25  # rows that are there without scripts
MOST_FEATURES = 12  # columns beside the predictions
MOST_CELLS = 250_000  # of features; 20,000 rows of eight columns are some 2 MB
MOST_FRACTIONS = 1_000  # rows of exact numbers
MOST_FIELDS = 100  # of the form for a new sample
SETTLED = 1e-9  # relative to the largest target, below which a residual is one of rounding
LARGEST_FILE = 500_000  # characters
LARGEST_FILES = 2_000_000


@dataclass(frozen=True)
class Column:
    """A column of the table of samples.

    Parameters
    ----------
    name : str
    values : list of float, int or str
        One a row.
    exact : list of str or None
        The exact number of each row, empty where the value is all there is.
    verdict : bool
        Whether it says which rows are right.
    """

    name: str
    values: list[Any]
    exact: list[str] | None = None
    verdict: bool = False

    def plain(self) -> dict[str, Any]:
        """What the script takes."""
        found = {"name": self.name, "values": self.values, "exact": self.exact, "verdict": self.verdict}
        return {key: value for key, value in found.items() if value}


@dataclass(frozen=True)
class Samples:
    """All rows of the table: those that the network was derived from, and those that were left out."""

    study: Study

    @property
    def shows_features(self) -> bool:
        """Whether the features stand beside the predictions."""
        d = len(self.study.features)
        return d <= MOST_FEATURES and d * self.count <= MOST_CELLS

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.study.X) + (0 if self.study.held is None else len(self.study.held.X))

    @cached_property
    def columns(self) -> list[Column]:
        """Which row it is, what it has, what is predicted and how far that is from the truth."""
        study, held = self.study, self.study.held
        n = len(study.X)
        lines, X, f = [*study.lines], study.X, study.predictions
        if held is not None:
            lines += held.table.lines
            inputs = held.X if study.scaling is None else study.scaling(held.X)
            X, f = np.vstack([X, held.X]), np.concatenate([f, study.network(inputs)])
        columns = [Column("row", [*range(n), *["left out"] * (len(X) - n)]), Column("line", lines)]
        if self.shows_features:
            columns += [
                Column(name, _short(column)) for name, column in zip(study.features, X.T, strict=True)
            ]
        return columns + (self._numbers(f) if study.classes is None else self._classes(f))

    def _numbers(self, f: np.ndarray) -> list[Column]:
        """Target, prediction and residual."""
        study, held = self.study, self.study.held
        y = study.y if held is None else np.concatenate([study.y, held.y])
        texts: list[list[str] | None] = [None, None]
        exact, posed = study.exact_predictions, study.solution.exact
        if exact is not None and posed is not None and len(exact) <= MOST_FRACTIONS:
            columns = exact, np.array(posed.targets, dtype=object) - exact
            texts = [[*map(whole, column), *[""] * (len(y) - len(exact))] for column in columns]
        return [
            Column(study.request.target, _short(y)),
            Column("prediction", _computed(f, y), texts[0]),
            Column("residual", _computed(y - f, y), texts[1]),
        ]

    def _classes(self, f: np.ndarray) -> list[Column]:
        """The class, the predicted one, whether that is right, and its probability or what decides."""
        study, held = self.study, self.study.held
        assert study.classes is not None, "there are classes"
        labels = study.labels if held is None else np.concatenate([study.labels, held.y.astype(int)])
        chosen, shares = chosen_class(f), probabilities(f, study.loss)
        sure = f if shares is None else shares[np.arange(len(f)), chosen]
        return [
            Column(study.request.target, [study.classes[k] for k in labels]),
            Column("prediction", [study.classes[k] for k in chosen]),
            Column("right", np.where(labels == chosen, "yes", "no").tolist(), None, True),
            Column("f" if shares is None else "its probability", _computed(sure, np.ones(1))),
        ]

    @property
    def first(self) -> list[list[tuple[Column, Any, str]]]:
        """The first rows, cell by cell: column, value and exact number."""
        return [
            [(c, c.values[i], c.exact[i] if c.exact else "") for c in self.columns]
            for i in range(min(FIRST, self.count))
        ]


def plain_network(study: Study) -> dict[str, Any] | None:
    """The unit neurons, coefficients and words of the network on the features that it depends on; None where these are
    none, or too many for a form."""
    network = study.network
    used = used_features(study)
    if not 0 < len(used) <= MOST_FIELDS:
        return None
    atoms, scaling = [neuron.atom for neuron in network.neurons], study.scaling
    return {
        "target": study.request.target, "loss": study.loss, "classes": study.classes,
        "mean": None if scaling is None else scaling.mean[used].tolist(),
        "deviation": None if scaling is None else scaling.deviation[used].tolist(),
        "weights": [atom.weight[used].tolist() for atom in atoms], "biases": [float(atom.bias) for atom in atoms],
        "coefficients": [np.atleast_1d(neuron.coefficient).tolist() for neuron in network.neurons],
        "intercept": np.atleast_1d(np.asarray(network.intercept, dtype=float)).tolist(),
        "words": [atom.describe(study.features) for atom in atoms],
    }  # fmt: skip


def used_features(study: Study) -> list[int]:
    """The features that some neuron depends on, by more than rounding."""
    sizes = np.array([np.abs(neuron.atom.weight) for neuron in study.network.neurons])
    if not len(sizes):
        return []
    used = (sizes > ROUNDED_AWAY * sizes.max(axis=1, keepdims=True)).any(axis=0)
    return np.flatnonzero(used).tolist()


def kept_files(files: Mapping[str, str]) -> dict[str, str]:
    """The files that a page holds, the small ones first, as long as it stays one that opens at once.

    Parameters
    ----------
    files : mapping of str to str
        Their texts by name.
    """
    kept, size = set(), 0
    for name in sorted(files, key=lambda name: (len(files[name]), name)):
        size += len(files[name])
        if len(files[name]) <= LARGEST_FILE and size <= LARGEST_FILES:
            kept.add(name)
    return {name: text for name, text in files.items() if name in kept}


def _short(values: np.ndarray, digits: int = 8) -> list[float | int]:
    """Numbers in so many digits, whole ones without a point, as short as JSON has them."""
    rounded = [float(f"{value:.{digits}g}") + 0.0 for value in values.tolist()]
    return [int(value) if value.is_integer() and abs(value) < 1e15 else value for value in rounded]


def _computed(values: np.ndarray, targets: np.ndarray) -> list[float | int]:
    """Computed numbers in six digits, without what rounding leaves of nothing beside the largest target."""
    step = SETTLED * float(np.abs(targets).max(initial=0.0))
    return _short(np.round(values / step) * step if step else values, 6)
