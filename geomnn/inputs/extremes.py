"""The least and the largest value of a network on a box, which is a cube about 0 of other coordinates.

Source: geomnn theory, section 11, (I1) and (I3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.errors import OptionError
from geomnn.inputs.asked import asked_box, asked_seconds
from geomnn.inputs.pieces import pieces_of, plain, plain_number
from geomnn.inputs.plane import AFFORDABLE, Plane, boxed
from geomnn.validation import check_integer

__all__ = ["Extremes", "extremes"]


@dataclass(frozen=True, eq=False)
class Extremes:
    """The least and the largest f on a box.

    Parameters
    ----------
    least, largest : tuple (lower, upper)
        What is proven and what is attained, the same for one and two features.
    lowest, highest : ndarray, shape (d,)
        Where the attained ends are.
    """

    least: tuple[Any, Any]
    largest: tuple[Any, Any]
    lowest: np.ndarray
    highest: np.ndarray


def extremes(net: Any, box: Any, *, time_limit: float | None = 60.0, seed: int = 0) -> Extremes:
    """The least and the largest value of the network on a box: exact for one and two features, else within bounds.

    Parameters
    ----------
    box : (low, high)
        Two numbers or two arrays of shape (d,), low < high.
    time_limit : float, optional
        Seconds, after which the ends of what is proven and attained differ.
    seed : int
        Of the starts of the searches.

    Returns
    -------
    Extremes

    Raises
    ------
    OptionError, UnsupportedProblem
        If there is no such box, or the network has several hidden layers or outputs.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
    >>> net = gm.derive(X, y, reg=0.05, exact=True).network
    >>> found = net.extremes((0, 1))
    >>> found.least, found.largest
    ((Fraction(1, 10), Fraction(1, 10)), (Fraction(9, 10), Fraction(9, 10)))

    Source: geomnn theory, section 11, (I1) and (I3).
    """
    pieces = pieces_of(net)
    flat = len(pieces.slope) <= 2 and len(pieces) <= AFFORDABLE
    pieces = pieces if flat else pieces.numeric()
    corners = asked_box(box, pieces)
    seconds, seed = asked_seconds(time_limit), check_integer("seed", seed, 0)
    if corners is None:
        raise OptionError(
            "{box}; (low, high) was expected, as a network may be unbounded elsewhere.", box=box
        )
    if flat:
        plane, d = Plane(pieces), len(pieces.slope)
        (low, lowest), (high, highest) = plane.extremes_in_box(*boxed(corners))
        ends = plain_number(low), plain_number(high)
        return Extremes((ends[0],) * 2, (ends[1],) * 2, plain(lowest[:d]), plain(highest[:d]))
    from geomnn.deadline import Deadline
    from geomnn.inputs.sought import Sought

    centre, half = (corners[0] + corners[1]) / 2, (corners[1] - corners[0]) / 2
    cube, deadline = (
        Sought(pieces.moved(centre, half), np.inf, seed),
        Deadline.after(seconds),
    )
    none = np.zeros(len(centre))
    low, above, lowest = cube.margin(none, 1, 1.0, deadline.part(0.5))
    high, below, highest = cube.margin(none, -1, 1.0, deadline)
    low, above, below, high = (plain_number(end) for end in (low, above, -below, -high))
    lowest, highest = (plain(np.clip(centre + half * place, *corners)) for place in (lowest, highest))
    return Extremes((low, above), (below, high), lowest, highest)
