"""Networks of scikit-learn, read, with the scalers before them; and the estimators of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomnn.errors import DataError, UnsupportedProblem
from geomnn.networks.scaling import Scaling

__all__ = ["of_estimator", "of_perceptron", "scalings_of"]

# the columns x of a scaler become (x − mean)/deviation: what these are, or None where it leaves that out
SCALERS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "MaxAbsScaler": lambda step: (None, step.scale_),
    "MinMaxScaler": lambda step: (-step.min_ / step.scale_, 1 / step.scale_),
    "RobustScaler": lambda step: (step.center_, step.scale_),
    "StandardScaler": lambda step: (step.mean_ if step.with_mean else None, step.scale_),
}


def of_perceptron(model: Any) -> list[tuple[Any, Any]]:
    """(W, b) of the layers of an MLPRegressor or MLPClassifier.

    Raises
    ------
    UnsupportedProblem, DataError
        If its activation is another one, or if it is not fitted.
    """
    if model.activation != "relu":
        raise UnsupportedProblem(
            f"The {type(model).__name__} has activation={model.activation!r}; ReLU networks are made of wedges: train "
            "one with activation='relu'."
        )
    _check_fitted(model, "coefs_")
    return [(weights.T, offsets) for weights, offsets in zip(model.coefs_, model.intercepts_, strict=True)]


def of_estimator(model: Any) -> list[tuple[Any, Any]]:
    """(W, b) of the layers of a WedgeRegressor or WedgeClassifier.

    Raises
    ------
    DataError
        If it is not fitted.
    """
    _check_fitted(model, "solution_")
    return list(model.solution_.network.layers)


def scalings_of(steps: list[Any], d: int) -> list[Scaling]:
    """What the scalers of a Pipeline do to d columns, one after the other.

    Raises
    ------
    UnsupportedProblem
        If a step is no scaler.
    DataError
        If one is not fitted.
    """
    found = []
    for step in steps:
        name = type(step).__name__
        if step is None or step == "passthrough":
            continue
        if name not in SCALERS or getattr(step, "clip", False):
            clipped = " with clip=True" if name in SCALERS else ""
            raise UnsupportedProblem(
                f"The Pipeline has a {name}{clipped}; {', '.join(SCALERS)} are read, as what they do goes into the "
                "first weights: give what comes after it the table that it makes, gm.rewrite(model[-1], "
                "model[:-1].transform(X))."
            )
        _check_fitted(step, "scale_")
        mean, deviation = SCALERS[name](step)
        found.append(
            Scaling(np.zeros(d) if mean is None else mean, np.ones(d) if deviation is None else deviation)
        )
    return found


def _check_fitted(model: Any, attribute: str) -> None:
    if not hasattr(model, attribute):
        raise DataError(
            f"The {type(model).__name__} is not fitted, so it has no weights: call fit(X, y) first."
        )
