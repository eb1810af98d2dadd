"""What is asked about the inputs of a network: balls, boxes, points and seconds, checked before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.errors import DataError, OptionError
from geomnn.inputs.pieces import Pieces, plain, rationals
from geomnn.numbers.rationals import exact_number
from geomnn.validation import finite_floats, plain_array, real_table
from geomnn.words import listed

__all__ = [
    "Rivals",
    "Targets",
    "asked_ball",
    "asked_box",
    "asked_point",
    "asked_points",
    "asked_radius",
    "asked_seconds",
    "asked_targets",
]


def asked_ball(ball: Any) -> float:
    """The r of ‖δ‖_r ≤ eps: 1, 2 or infinite."""
    try:
        return norms.ball(ball).p
    except OptionError:
        raise OptionError("{ball}; 1, 2 or numpy.inf was expected.", ball=ball) from None


def asked_seconds(time_limit: Any) -> float:
    """A time limit, infinite for None."""
    if time_limit is None:
        return np.inf
    if not _is_number(time_limit) or not time_limit > 0:
        raise OptionError("{time_limit}; seconds above 0 were expected, or no limit.", time_limit=time_limit)
    return float(time_limit)


def asked_radius(eps: Any, exact: bool) -> Any:
    """The radius of a ball, 0 or more; a rational one for exact answers."""
    try:
        number = exact_number(eps, "eps")
        fits = number == 0 or (number > 0 and 1e-100 < float(number) < 1e100)
        if fits and not isinstance(eps, bool | np.bool_):
            return rationals([[number]])[0, 0] if exact else float(number)
    except (DataError, OverflowError):
        pass
    raise OptionError(
        "{eps}; a radius of at least 0, of a size that fits into float64, was expected.", eps=eps
    )


def asked_point(x: Any, net: Any, exact: bool) -> np.ndarray:
    """One input (d,), as `asked_points` has them."""
    if (shape := plain_array(x, "x").shape) != (net.features,):
        raise DataError(
            f"x has shape {shape}; one input of {net.features} numbers was expected: give the features that the "
            "network was derived from, in the same order."
        )
    finite_floats(x, "x")
    return asked_points([x], net, exact, "x")[0]


def asked_points(X: Any, net: Any, exact: bool, name: str = "X") -> np.ndarray:
    """A table (n, d) of inputs of a network in float64, or in rationals as they are written."""
    table = net.checked_inputs(X, name)
    return rationals(np.asarray(plain_array(X, name)).tolist()) if exact else table


# for each sample the functions that have to be above 0, by their numbers, and the sign of each
Rivals = Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Targets:
    """What samples should be predicted as.

    Parameters
    ----------
    n : int or None
        How many; None where they are what the network says.
    contrasts : sequence of ndarray or None
        The functions that are asked about, as sums of outputs; None for the output itself.
    rivals : Rivals
        For classes.
    numbers : ndarray, shape (n,), optional
        For targets that are numbers.
    """

    n: int | None
    contrasts: Sequence[np.ndarray | None]
    rivals: Rivals = ()
    numbers: np.ndarray | None = None


def asked_targets(net: Any, y: Any) -> Targets:
    """Classes, by their names, as signs or as one-hot rows; or numbers."""
    given, outputs = plain_array(y, "y"), net.outputs
    labels = _class_numbers(given, net.classes) if given.ndim == 1 and len(given) and net.classes else None
    if outputs is None:
        if given.ndim != 1 or not len(given):
            raise DataError(
                f"y has shape {given.shape}; one class or one number for each sample was expected."
            )
        signs = None if labels is None else 2 * np.array(labels) - 1
        if signs is None:
            if net.classes and not set(given.tolist()) <= {-1, 1}:
                known = {-1, 1, *net.classes, *map(_number, net.classes)}
                other = next(
                    (label for label in given.tolist() if not {label, str(label)} & known), given.tolist()[0]
                )
                raise DataError(
                    f"y holds {other!r}; the network's classes, {listed(net.classes, 'classes')}, were expected, or −1 "
                    "for the first and 1 for the other."
                )
            floats = finite_floats(given, "y")
            if not np.isin(floats, (-1.0, 1.0)).all():
                return Targets(len(given), [None], numbers=given if given.dtype == object else floats)
            signs = floats.astype(int)
        return Targets(len(given), [None], [[(0, int(sign))] for sign in signs])
    if labels is None:
        rows = np.zeros((0, 0)) if given.ndim == 1 else real_table(given, "y")
        if (
            rows.shape[1] != outputs
            or not ((rows == 0) | (rows == 1)).all()
            or not (rows.sum(axis=1) == 1).all()
        ):
            raise DataError(
                f"y is not one-hot with {outputs} columns, a 1 for the class of each sample and 0 elsewhere, nor does "
                f"it hold names of the network's classes, which are {net.classes}; one of both was expected."
            )
        labels = rows.argmax(axis=1).tolist()
    pairs = {pair: k for k, pair in enumerate(combinations(range(outputs), 2))}
    contrasts = [np.eye(outputs)[first] - np.eye(outputs)[second] for first, second in pairs]
    rivals = [
        [(pairs[min(label, o), max(label, o)], 1 if label < o else -1) for o in range(outputs) if o != label]
        for label in labels
    ]
    return Targets(len(labels), contrasts, rivals)


def _class_numbers(labels: np.ndarray, classes: Sequence[str]) -> list[int] | None:
    """The numbers of the classes that all labels name, or as numbers are equal to: 1 and 1.0 are one. Else None."""
    numbers: dict[float | str, int] = {name: k for k, name in enumerate(classes)}
    names: list[float | str] = [str(label) for label in labels]
    if not set(names) <= set(numbers) and labels.dtype.kind in "biuf":
        numbers = {_number(name): k for k, name in enumerate(classes)}
        names = labels.astype(float).tolist()
    return [numbers[name] for name in names] if set(names) <= set(numbers) else None


def _number(name: str) -> float | str:
    """The number that a text is, or else itself."""
    try:
        return float(name)
    except ValueError:
        return name


def asked_box(box: Any, pieces: Pieces) -> np.ndarray | None:
    """The least and the largest corner (2, d) of a box, in the numbers of f."""
    if box is None:
        return None
    d = len(pieces.slope)
    if not isinstance(box, list | tuple | np.ndarray) or len(box) != 2:
        raise OptionError(f"box={box!r}; (low, high) was expected, two numbers or two arrays of {d} numbers.")
    corners = []
    for given, which in zip(box, ("box[0]", "box[1]"), strict=True):
        array = plain_array(given, which)
        floats = finite_floats(array, which)
        if floats.shape not in ((), (d,)):
            raise OptionError(
                f"{which} has shape {floats.shape}; a number or an array of {d} numbers was expected."
            )
        every = np.broadcast_to(array, (d,))
        corners.append(rationals([every.tolist()])[0] if pieces.exact else np.broadcast_to(floats, (d,)))
    low, high = corners
    if not (low < high).all():
        k = int(np.argmin(low < high))
        ends = [float(end) for end in plain(np.array([low[k], high[k]]))]
        raise OptionError(
            f"box has no inside: low is {ends[0]:g} and high {ends[1]:g} for feature {k + 1}; low < high was expected, "
            f"of box=(low, high), two numbers or two arrays of {d} numbers."
        )
    return np.array(corners)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
