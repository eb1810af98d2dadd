"""What is asked about the inputs of a network: balls, boxes, points and seconds, checked before anything else."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomnn import norms
from geomnn.errors import DataError, OptionError
from geomnn.inputs.pieces import Pieces, plain, rationals
from geomnn.numbers.rationals import exact_number
from geomnn.samples import finite_floats, plain_array, real_table

__all__ = ["asked_ball", "asked_box", "asked_points", "asked_radius", "asked_seconds"]


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
        raise OptionError(
            "{time_limit}; a number of seconds above 0, or None, was expected.", time_limit=time_limit
        )
    return float(time_limit)


def asked_radius(eps: Any, exact: bool) -> Any:
    """The radius of a ball, 0 or more; a rational one for exact answers."""
    try:
        number = exact_number(eps, "eps")
        if (number >= 0 and 1e-100 < float(number) < 1e100) or number == 0:
            return rationals([[number]])[0, 0] if exact else float(number)
    except (DataError, OverflowError):
        pass
    raise OptionError(
        "{eps}; a radius of at least 0, of a size that fits into float64, was expected.", eps=eps
    )


def asked_points(X: Any, features: int, exact: bool, name: str = "X") -> np.ndarray:
    """A table (n, d) in float64, or in rationals as they are written."""
    table = real_table(X, name)
    if table.shape[1] != features:
        raise DataError(
            f"{name} has {table.shape[1]} columns; this network takes {features}: give the features that it was "
            "derived from, in the same order."
        )
    return rationals(np.asarray(plain_array(X, name)).tolist()) if exact else table


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
            f"box has no inside: low is {ends[0]:g} and high {ends[1]:g} for feature {k + 1}; low < high was expected."
        )
    return np.array(corners)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
