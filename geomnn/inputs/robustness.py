"""How far each sample is from being classified otherwise, and what predictions a ball around it allows.

The margin of a sample over ‖δ‖_r ≤ eps, and its radius, are

    min_δ y f(x + δ),   min {‖δ‖_r : y f(x + δ) ≤ 0},

for several classes the least over the rivals o of f_y − f_o. Both are given as (lower, upper): what is proven, and what
is attained at a point that was found. For one and two features that is one number, but for the rounding of float64.

Source: geomnn theory, section 11, (I1) to (I4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR
from functools import reduce
from typing import Any, NamedTuple

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
from geomnn.programs.certificate import rounded
from geomnn.validation import check_integer

__all__ = ["Ranges", "Robustness", "robustness"]

ENOUGH = 0.5  # seconds, in which a program of some ten binaries ends


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
        left = n - kept - gone
        open_ = f"; {left} are undecided" if left else ""
        said, other = "are of their class", "are not"
        if self.eps is not None:
            within = f"‖δ‖{norms.ball(self.ball).subscript} ≤ {float(self.eps):g}"
            said, other = f"are proven to keep their class for {within}", "do not"
        middle = float(np.median(self.radius[:, 0].astype(float)))
        return (
            f"{kept} of {n} samples {said}, {gone} {other}{open_}. Half of them keep it up to "
            f"{rounded(middle, ROUND_FLOOR, 6)}."
        )


@dataclass(frozen=True, eq=False)
class Ranges:
    """What a network predicts on balls around samples.

    Parameters
    ----------
    least, largest : ndarray, shape (n, 2)
        Lower and upper end of the least and of the largest f over ‖δ‖_r ≤ eps.
    error : ndarray, shape (n, 2)
        Of the largest |f − y|; from f(x) where there was no y.
    eps : float or Fraction
    ball : {1, 2, inf}
        r.
    known : bool
        Whether there was a y.
    """

    least: np.ndarray
    largest: np.ndarray
    error: np.ndarray
    eps: Any
    ball: float
    known: bool = True

    def __str__(self) -> str:
        spread, worst = (
            rounded(float(most), ROUND_CEILING, 6)
            for most in (
                np.median((self.largest[:, 1] - self.least[:, 0]).astype(float)),
                self.error[:, 1].max(),
            )
        )
        most = f"no error is above {worst}" if self.known else f"none moves by more than {worst}"
        return (
            f"For ‖δ‖{norms.ball(self.ball).subscript} ≤ {float(self.eps):g} the prediction of half of the samples "
            f"moves within a range of {spread}, and {most}."
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

    Source: geomnn theory, section 11, (I1) to (I4).
    """
    r, seconds, seed = asked_ball(ball), asked_seconds(time_limit), check_integer("seed", seed, 0)
    check_network(net)
    net.checked_inputs(X, "X")
    targets = Targets(None, [None], numbers=np.zeros(0)) if y is None else asked_targets(net, y)
    functions = [pieces_of(net, contrast) for contrast in targets.contrasts]
    exact = functions[0].exact and net.features <= 2 and len(functions[0]) <= AFFORDABLE
    points, numbers = asked_points(X, net, exact), targets.numbers
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
            return replace(_ranges(asked[0], points, given, size, r, deadline), known=y is not None)
        return _robustness(asked, points, targets.rivals, size, r, deadline)


def _robustness(
    asked: Sequence[Sought], points: np.ndarray, rivals: Rivals, eps: Any, r: float, deadline: Deadline
) -> Robustness:
    n, size = len(points), 0 if eps is None else eps
    found = [_Known((-np.inf, np.inf), (-np.inf, np.inf), None)] * n
    # bounds and attacks of all come first, as time may be over before programs of all are
    for programs in (False, True) if any(each.plane is None for each in asked) else (True,):
        until = deadline if programs else deadline.part(0.5)
        order = sorted(range(n), key=lambda i: found[i].decided)
        for turn, i in enumerate(order):
            deadline.say(f"sample {turn + 1:,} of {n:,}")
            one, known = _turn(until, n - turn), []
            for k, (which, sign) in enumerate(rivals[i]):
                part = one.part(1 / (len(rivals[i]) - k))
                margin = asked[which].margin(points[i], sign, size, part.part(0.5), programs)
                radius = asked[which].radius(points[i], sign, part, programs)
                ends = [plain_number(end) for end in (*margin[:2], *radius[:2])]
                mine = _Known((ends[0], ends[1]), (ends[2], ends[3]), radius[2])
                known.append(mine.of_one_ball(plain_number(size), points[i], margin[2], r))
            found[i] = found[i].and_later(reduce(_Known.or_rival, known))
    flips = [
        np.full(len(point), np.nan) if known.flip is None else known.flip
        for known, point in zip(found, points, strict=True)
    ]
    margins, radii = _table([known.margin for known in found]), _table([known.radius for known in found])
    return Robustness(margins, radii, _table(flips), plain_number(eps), r)


class _Known(NamedTuple):
    """What is known of a sample: the ends of its margin and of its radius, and the nearest flip."""

    margin: tuple[Any, Any]
    radius: tuple[Any, Any]
    flip: np.ndarray | None

    @property
    def decided(self) -> bool:
        """Whether it is certified, or a flip in its ball is known."""
        return bool(self.margin[0] > 0 or self.margin[1] <= 0)

    def of_one_ball(self, eps: Any, point: np.ndarray, where: np.ndarray, r: float) -> _Known:
        """What the ends of the margin, the upper one of which is at a point, say of the radius."""
        (low, high), flip = self.radius, self.flip
        if self.margin[1] <= 0 and high > eps:
            flip, high = where, float(norms.ball(r).length(where - point))
        return _Known(self.margin, (min(max(low, eps), high) if self.margin[0] > 0 else low, high), flip)

    def or_rival(self, other: _Known) -> _Known:
        """The least of both, for two rivals of one class."""
        margin = min(self.margin[0], other.margin[0]), min(self.margin[1], other.margin[1])
        radius = min(self.radius[0], other.radius[0]), min(self.radius[1], other.radius[1])
        return _Known(margin, radius, self._nearer(other))

    def and_later(self, other: _Known) -> _Known:
        """What is proven by either, and the lower of what both attain."""
        margin, radius = (
            (min(max(mine[0], theirs[0]), high), high)  # which two programs may leave apart by rounding
            for mine, theirs in ((self.margin, other.margin), (self.radius, other.radius))
            for high in [min(mine[1], theirs[1])]
        )
        return _Known(margin, radius, self._nearer(other))

    def _nearer(self, other: _Known) -> np.ndarray | None:
        return min(self, other, key=lambda known: known.radius[1]).flip


def _turn(deadline: Deadline, left: int) -> Deadline:
    """The end of a sample's time: a share of what is left, or as much as most programs need to come to an end."""
    seconds = deadline.left()
    return deadline.part(max(1 / left, min(ENOUGH / seconds, 1.0))) if seconds > 0 else deadline


def _ranges(
    asked: Sought, points: np.ndarray, numbers: np.ndarray, eps: Any, r: float, deadline: Deadline
) -> Ranges:
    least, largest, errors = [], [], []
    for i, (point, y) in enumerate(zip(points, numbers, strict=True)):
        deadline.say(f"sample {i + 1:,} of {len(points):,}")
        one = _turn(deadline, len(points) - i)
        ends = *asked.margin(point, 1, eps, one.part(0.5))[:2], *asked.margin(point, -1, eps, one)[:2], y
        # Fractions go with floats, which the worst of rational functions are on discs
        low, above_low, high, below_high, y = map(plain_number, ends)
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
