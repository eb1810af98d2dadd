"""Whether a network rises with a feature wherever it is: f does if ∂_l f ≥ 0 on all cells; else a cell shows that not.

Source: geomnn theory, section 11, (I1) and (I3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.errors import OptionError
from geomnn.inputs.asked import asked_box, asked_seconds
from geomnn.inputs.pieces import Pieces, pieces_of, plain, plain_number
from geomnn.inputs.plane import AFFORDABLE, all_cells
from geomnn.numbers.rationals import short_number
from geomnn.validation import check_integer
from geomnn.words import listed

__all__ = ["Monotonicity", "monotone"]

# relative to the slopes of all kinks together, up to which one is 0: what solvers are trusted with is less
NO_SLOPE = 1e-6


@dataclass(frozen=True, eq=False)
class Monotonicity:
    """Whether f rises with a feature wherever it is.

    Parameters
    ----------
    feature : int
        l, counted from 0.
    least, largest : tuple (lower, upper)
        Between which numbers the least and the largest ∂_l f are.
    falling, rising : ndarray, shape (2, d), or None
        Two inputs that differ in the feature alone, the second one with more of it and with a lower f, and with a
        higher one: None where there are none, or none were found.
    everywhere : {"rises", "falls", "constant", "neither", "undecided"}
        "rises" and "falls" allow stretches on which it is constant.
    """

    feature: int
    least: tuple[Any, Any]
    largest: tuple[Any, Any]
    falling: np.ndarray | None
    rising: np.ndarray | None
    everywhere: str

    def __str__(self) -> str:
        ends = f"∂f is between {short_number(self.least[0])} and {short_number(self.largest[1])}"
        said = {
            "rises": "f nowhere falls with it", "falls": "f nowhere rises with it",
            "constant": "f does not depend on it", "neither": "f rises with it somewhere and falls elsewhere",
            "undecided": "whether f rises or falls with it is undecided",
        }  # fmt: skip
        return f"Feature {self.feature + 1}: {said[self.everywhere]}; {ends}."


def monotone(
    net: Any, feature: int | str, box: Any = None, *, time_limit: float | None = 60.0, seed: int = 0
) -> Monotonicity:
    """Whether the network rises with a feature, or falls, wherever it is: proven, or two inputs that show otherwise.

    Parameters
    ----------
    feature : int or str
        Its number, counted from 0, or its name.
    box : (low, high), optional
        Two numbers or two arrays of shape (d,): the inputs low ≤ x ≤ high alone. All inputs if not given.
    time_limit : float, optional
        Seconds, after which it may be undecided; for more than two features.
    seed : int
        Of the points that cells are first taken from.

    Returns
    -------
    Monotonicity

    Raises
    ------
    OptionError, UnsupportedProblem
        If there is no such feature, or no such box, or the network has several hidden layers or outputs.

    Examples
    --------
    >>> import geomnn as gm
    >>> net = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1, exact=True).network
    >>> print(net.monotone(0))
    Feature 1: f nowhere falls with it; ∂f is between 0 and 9/5.

    Source: geomnn theory, section 11, (I1) and (I3).
    """
    pieces, axis = pieces_of(net), _feature(net, feature)
    flat = len(pieces.slope) <= 2 and len(pieces) <= AFFORDABLE
    pieces = pieces if flat else pieces.numeric()
    corners = asked_box(box, pieces)
    seconds, seed = asked_seconds(time_limit), check_integer("seed", seed, 0)
    if flat:
        least, largest = _slopes_of_cells(pieces, corners, axis)
    else:
        least, largest = _slopes_by_programs(pieces, corners, axis, seconds, seed)
    (low, high), (down, up) = least[:2], largest[:2]
    none = (
        0
        if pieces.exact
        else NO_SLOPE
        * float(abs(pieces.slope[axis]) + np.abs(pieces.jumps) @ np.abs(pieces.normals[:, axis]))
    )
    falling = _pair(pieces, least[2], axis, corners) if high < -none else None
    rising = _pair(pieces, largest[2], axis, corners) if down > none else None
    if falling is not None and rising is not None:
        everywhere = "neither"
    elif low >= -none:
        everywhere = "constant" if up <= none else "rises"
    else:
        everywhere = "falls" if up <= none else "undecided"
    return Monotonicity(
        axis,
        (plain_number(low), plain_number(high)),
        (plain_number(down), plain_number(up)),
        falling,
        rising,
        everywhere,
    )


def _slopes_of_cells(pieces: Pieces, box: np.ndarray | None, axis: int) -> tuple[Any, Any]:
    """The least and the largest ∂_l f over all cells, twice each, with a point inside of such a cell."""
    cells, d = all_cells(pieces, box), len(pieces.slope)
    rates = cells.slopes[:, axis]
    ends = int(np.argmin(rates)), int(np.argmax(rates))
    least, largest = ((rates[end], rates[end], cells.point(end)[:d]) for end in ends)
    return least, largest


def _slopes_by_programs(
    pieces: Pieces, box: np.ndarray | None, axis: int, seconds: float, seed: int
) -> tuple[Any, Any]:
    from geomnn.deadline import Deadline
    from geomnn.inputs.slopes import SlopeProgram

    program, deadline, unit = (
        SlopeProgram(pieces, box, seed),
        Deadline.after(seconds),
        np.eye(len(pieces.slope))[axis],
    )
    low, high = program.steepest(-unit, deadline.part(0.5)), program.steepest(unit, deadline)
    return (-low.upper, -low.lower, low.where), (high.lower, high.upper, high.where)


def _pair(pieces: Pieces, inside: np.ndarray, axis: int, box: np.ndarray | None) -> np.ndarray:
    """Two points of the cell of a point that differ in a feature: itself, and one half of the longer way out."""
    rates, levels = pieces.normals[:, axis], pieces.normals @ inside + pieces.offsets
    places = -levels[rates != 0] / rates[rates != 0]
    above, below = [*places[places > 0]], [*places[places < 0]]
    if box is not None:
        above.append(box[1, axis] - inside[axis])
        below.append(box[0, axis] - inside[axis])
    far = 0 * inside[axis] + 2
    up, down = min(above, default=far), max(below, default=-far)
    step = 0 * inside
    step[axis] = up / 2 if up >= -down else down / 2
    pair = np.array([plain(inside), plain(inside + step)])
    return pair if up >= -down else pair[::-1]


def _feature(net: Any, feature: Any) -> int:
    """The number of a feature."""
    if isinstance(feature, str):
        if feature not in (net.feature_names or ()):
            known = (
                "has no names"
                if net.feature_names is None
                else f"has {listed(net.feature_names, 'features')}"
            )
            raise OptionError(
                f"There is no feature {feature!r}; the network {known}: give its number, from 0 on."
            )
        return int(net.feature_names.index(feature))
    return check_integer("feature", feature, 0, net.features - 1)
