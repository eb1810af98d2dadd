"""What the estimators are given beside options: arrays at the gate, weights of samples and of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomnn.checker.statements import brief
from geomnn.errors import DataError, OptionError
from geomnn.validation import check_cells, column_labels, column_names, finite_floats, plain_array

__all__ = ["check_class_weight", "check_weights", "distinct", "gate"]


def gate(**given: Any) -> None:
    """Refuse arrays that scikit-learn would take for what they are not: masked ones, and dates for numbers; and cells
    of data frames that are no numbers, by their place, and names of their columns that tell nothing apart."""
    for name, values in given.items():
        array = plain_array(values, name)
        if name == "X":
            column_names(values)
        if name != "labels" and (columns := column_labels(values)) and array.dtype.kind in "OMmUS":
            check_cells(array, name, columns)
        if name != "labels" and array.dtype.kind in "mM":
            raise DataError(f"{name} holds dates or times; numbers were expected: convert the column first.")


def check_weights(sample_weight: Any, n: int) -> np.ndarray:
    """Weights of the samples, shape (n,); a number stands for all of them."""
    if sample_weight is None:
        return np.ones(n)
    weights = finite_floats(sample_weight, "sample_weight")
    weights = np.full(n, weights) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise DataError(f"sample_weight has shape {weights.shape}; shape ({n},) was expected.")
    if (weights < 0).any() or not weights.any():
        raise DataError(
            "sample_weight is below zero, or zero everywhere; give each sample a weight of at least 0."
        )
    return weights


def check_class_weight(class_weight: Any, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of the samples times those of their classes, shape (n,).

    "balanced": Σ_i s_i / (c Σ_{i of the class} s_i) for c classes, so that all of them weigh the same.

    Source: `sklearn.utils.class_weight.compute_class_weight`, whose rules these are.
    """
    if class_weight is None:
        return weights
    classes, place = np.unique(labels, return_inverse=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        sizes = np.bincount(place, weights)
        # a class whose samples have no weight is none
        each = weights.sum() / (np.count_nonzero(sizes) * np.where(sizes > 0, sizes, 1.0))
    elif isinstance(class_weight, dict):
        known = [label in class_weight for label in classes.tolist()]
        if not all(known) and sum(known) < len(class_weight):
            odd = next(label for label in class_weight if label not in classes.tolist())
            raise OptionError(
                f"class_weight has a weight for {odd!r}, and the classes are {brief(classes.tolist())}; a weight for "
                "each of these was expected (those left out have the weight 1)."
            )
        each = finite_floats([class_weight.get(label, 1.0) for label in classes.tolist()], "class_weight")
        if each.ndim != 1 or (each < 0).any() or not each.any():
            raise OptionError(f"{class_weight=}; weights of at least 0, not all of them 0, were expected.")
    else:
        raise OptionError(f"{class_weight=}; None, 'balanced' or a dict of weights by label was expected.")
    return weights * each[place]


def distinct(
    X: np.ndarray, targets: np.ndarray, weights: np.ndarray, merge: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the samples that have a weight, if told so the first of those that are equal, and the weight of each.

    Samples that come repeatedly, by their rows or by whole weights, make that they are in sorted order, so that the
    solution is the same whichever way they come; else they are as given.
    """
    kept = np.flatnonzero(weights)
    if not merge:
        return kept, weights[kept]
    table = np.column_stack([X[kept], targets[kept]]) + 0.0
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    together = np.bincount(place.ravel(), weights[kept])
    repeated = len(first) < len(X) or ((together % 1 == 0).all() and (together > 1).any())
    if not repeated:
        return kept, weights
    return kept[first], together
