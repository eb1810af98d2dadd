"""How far each sample is from being classified otherwise, and what predictions a ball around it allows.

The margin of a sample over ‖δ‖_r ≤ eps, and its radius, are

    min_δ y f(x + δ),   min {‖δ‖_r : y f(x + δ) ≤ 0},

for several classes the least over the rivals o of f_y − f_o. Both are given as (lower, upper): what is proven, and what
is attained at a point that was found. For one and two features that is one number, but for the rounding of float64.

Source: geomnn, SCALE V1, V2, V3 and V6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.deadline import Deadline, limited
from geomnn.errors import DataError, OptionError
from geomnn.inputs.asked import (
    Rivals,
    Targets,
    asked_ball,
    asked_points,
    asked_radius,
    asked_seconds,
    asked_targets,
)
from geomnn.inputs.pieces import check_network, pieces_of, plain_number, rationals
from geomnn.inputs.plane import AFFORDABLE
from geomnn.inputs.sought import Sought
from geomnn.samples import check_integer

__all__ = ["Ranges", "Robustness", "robustness"]


@dataclass(frozen=True, eq=False)
class Robustness:
    """Margins and radii of samples with classes.

    Parameters
    ----------
    margin : ndarray, shape (n, 2)
        Lower and upper end of the least y f over ‖δ‖_r ≤ eps; eps = 0 where none was given. Fractions, where an exact
        network is asked about one or two features, and for r = 2 about one.
    radius : ndarray, shape (n, 2)
        Lower and upper end of the least ‖δ‖_r with y f(x + δ) ≤ 0: 0 for a sample that is not classified right,
        infinite at the upper end where no flip was found. Numbers of SymPy for r = 2 of an exact network.
    attacks : ndarray, shape (n, d)
        The nearest point that was found with y f ≤ 0, at the upper end of the radius; NaN where none was.
    eps : float or Fraction, or None
    ball : {1, 2, inf}
        r.
    """

    margin: np.ndarray
    radius: np.ndarray
    attacks: np.ndarray
    eps: Any
    ball: float

    @property
    def certified(self) -> np.ndarray:
        """Which samples are proven to keep their class on their balls, shape (n,)."""
        return np.asarray(self.margin[:, 0] > 0)

    @property
    def flipped(self) -> np.ndarray:
        """Of which samples a point of the ball is known that has another class, or none, shape (n,)."""
        return np.asarray(self.margin[:, 1] <= 0)

    @property
    def share(self) -> float:
        """The share of the samples that are certified."""
        return float(np.mean(self.certified))

    def __str__(self) -> str:
        n, kept, gone = len(self.margin), int(self.certified.sum()), int(self.flipped.sum())
        within = f"for ‖δ‖{norms.ball(self.ball).subscript} ≤ {float(self.eps or 0):g}"
        left = n - kept - gone
        open_ = f"; {left} are undecided" if left else ""
        middle = float(np.median(self.radius[:, 0].astype(float)))
        return (
            f"{kept} of {n} samples are proven to keep their class {within}, {gone} do not{open_}. Half of them keep "
            f"it up to {middle:.6g}."
        )


@dataclass(frozen=True, eq=False)
class Ranges:
    """What a network predicts on balls around samples.

    Parameters
    ----------
    least, largest : ndarray, shape (n, 2)
        Lower and upper end of the least and of the largest f over ‖δ‖_r ≤ eps.
    error : ndarray, shape (n, 2)
        Of the largest |f − y|.
    eps : float or Fraction
    ball : {1, 2, inf}
        r.
    """

    least: np.ndarray
    largest: np.ndarray
    error: np.ndarray
    eps: Any
    ball: float

    def __str__(self) -> str:
        spread = float(np.median((self.largest[:, 1] - self.least[:, 0]).astype(float)))
        worst = float(self.error[:, 1].astype(float).max())
        return (
            f"For ‖δ‖{norms.ball(self.ball).subscript} ≤ {float(self.eps):g} the prediction of half of the samples "
            f"moves within a range of {spread:.6g}, and no error is above {worst:.6g}."
        )


def robustness(
    net: Any,
    X: Any,
    y: Any = None,
    eps: Any = None,
    ball: float = np.inf,
    time_limit: float | None = 60.0,
    *,
    seed: int = 0,
    progress: Any = False,
) -> Robustness | Ranges:
    """How far samples may move before a network of one hidden layer classifies them otherwise, proven.

    min_{‖δ‖_r ≤ eps} y f(x + δ), and min {‖δ‖_r : y f(x + δ) ≤ 0}: by all cells for one and two features, by
    mixed-integer programs for more, which for r = 2 and more than two features leave lower and upper ends apart.

    Parameters
    ----------
    net : AnalyticNetwork
    X : array_like, shape (n, d)
        Samples, with columns as they are in the table.
    y : array_like, shape (n,) or (n, c)
        Classes: the names in ``net.classes`` or the numbers that they are, else −1 and 1; one-hot rows for several
        outputs. Any other numbers are targets, and the answer is about predictions and errors; so it is for None, where
        errors are what predictions move by.
    eps : float, Fraction, Decimal or SymPy Rational, optional
        The radius of the balls, 0 or more. None: radii alone, with margins at the samples themselves.
    ball : {inf, 1, 2}
        r.
    time_limit : float, optional
        Seconds; what is not closed by then has a lower and an upper end that differ.
    seed : int
        Of the starts of attacks.
    progress : bool or Line, optional
        Whether to show on stderr what goes on, when it takes more than two seconds.

    Returns
    -------
    Robustness or Ranges

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If samples or options cannot be used, or the network has several hidden layers.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [-1, 1, 1, -1]
    >>> net = gm.derive(X, y, reg=0.05, exact=True).network
    >>> found = gm.robustness(net, X, y, eps=0.1)
    >>> print(found)
    4 of 4 samples are proven to keep their class for ‖δ‖∞ ≤ 0.1, 0 do not. Half of them keep it up to 0.25.
    >>> found.margin[0].tolist(), found.radius[0].tolist()
    ([Fraction(27, 50), Fraction(27, 50)], [Fraction(1, 4), Fraction(1, 4)])

    Source: geomnn, SCALE section 6, V1, V2, V3 and V6.
    """
    r, seconds, seed = asked_ball(ball), asked_seconds(time_limit), check_integer("seed", seed, 0)
    check_network(net)
    targets = Targets(None, [None], numbers=np.zeros(0)) if y is None else asked_targets(net, y)
    functions = [pieces_of(net, contrast) for contrast in targets.contrasts]
    exact = functions[0].exact and net.features <= 2 and len(functions[0]) <= AFFORDABLE
    points, numbers = asked_points(X, net.features, exact), targets.numbers
    if targets.n not in (None, len(points)):
        raise DataError(
            f"X has {len(points)} rows and y {targets.n}; one target for each sample was expected."
        )
    if eps is None and numbers is not None:
        raise OptionError("{eps}; of targets that are numbers a radius is needed, such as eps=0.1.", eps=eps)
    size = None if eps is None else asked_radius(eps, exact)
    with limited(seconds, progress) as deadline:
        asked = [Sought(each if exact else each.numeric(), r, seed) for each in functions]
        if numbers is not None:
            if y is None:
                given = asked[0].pieces(points)
            else:
                given = rationals([[number] for number in numbers])[:, 0] if exact else numbers.astype(float)
            return _ranges(asked[0], points, given, size, r, deadline)
        return _robustness(asked, points, targets.rivals, size, r, deadline)


def _robustness(
    asked: Sequence[Sought], points: np.ndarray, rivals: Rivals, eps: Any, r: float, deadline: Deadline
) -> Robustness:
    margins, radii, attacks = [], [], []
    for i, point in enumerate(points):
        deadline.say(f"sample {i + 1:,} of {len(points):,}")
        one = deadline.part(1 / (len(points) - i))
        least, nearest = [], []
        for turn, (which, sign) in enumerate(rivals[i]):
            part = one.part(1 / (len(rivals[i]) - turn))
            least.append(asked[which].margin(point, sign, 0 if eps is None else eps, part.part(0.5)))
            nearest.append(asked[which].radius(point, sign, part))
        margins.append([min(low for low, *_ in least), min(high for _, high, _ in least)])
        radii.append([min(low for low, *_ in nearest), min(high for _, high, _ in nearest)])
        flip = min(nearest, key=lambda found: found[1])[2]
        attacks.append(np.full(len(point), np.nan) if flip is None else flip)
    return Robustness(_table(margins), _table(radii), _table(attacks), plain_number(eps), r)


def _ranges(
    asked: Sought, points: np.ndarray, numbers: np.ndarray, eps: Any, r: float, deadline: Deadline
) -> Ranges:
    least, largest, errors = [], [], []
    for i, (point, y) in enumerate(zip(points, numbers, strict=True)):
        deadline.say(f"sample {i + 1:,} of {len(points):,}")
        one = deadline.part(1 / (len(points) - i))
        low, above_low, _ = asked.margin(point, 1, eps, one.part(0.5))
        high, below_high, _ = asked.margin(point, -1, eps, one)
        least.append([low, above_low])
        largest.append([-below_high, -high])
        errors.append([max(-below_high - y, y - above_low), max(-high - y, y - low)])
    return Ranges(_table(least), _table(largest), _table(errors), plain_number(eps), r)


def _table(rows: Sequence[Any]) -> np.ndarray:
    """Floats where no number is exact; FLINT's numbers as Fractions."""
    numbers = [[plain_number(number) for number in row] for row in rows]
    exact = any(not isinstance(number, int | float) for row in numbers for number in row)
    table = np.empty((len(rows), len(rows[0])), dtype=object if exact else float)
    for place in np.ndindex(table.shape):
        table[place] = numbers[place[0]][place[1]]
    return table
