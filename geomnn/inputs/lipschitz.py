"""How much a network can change: the largest length of its gradient, and what is said of it without looking at cells.

    |f(x) − f(x')| ≤ L ‖x − x'‖_r,   L = max over the cells of ‖∇f‖_{r*},   1/r + 1/r* = 1.

Source: geomnn theory, section 11, (I1), (I3) and (I4).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.deadline import Deadline
from geomnn.inputs.asked import asked_ball, asked_box, asked_seconds
from geomnn.inputs.pieces import Pieces, pieces_of, plain
from geomnn.inputs.plane import AFFORDABLE, all_cells
from geomnn.numbers.rationals import root_times, short_number
from geomnn.programs.certificate import rounded
from geomnn.validation import check_integer

__all__ = ["Lipschitz", "lipschitz"]


# relative to the constant, up to which its bound is attained: above TRUST, which is relative to a sum of many slopes
CLOSED = 1e-6


@dataclass(frozen=True, eq=False)
class Lipschitz:
    """Between which numbers the Lipschitz constant is, and where the lower one is attained.

    Parameters
    ----------
    lower, upper : float, Fraction or SymPy number
        The same number on the line and in the plane; exact for an exact network (p = 1 and ∞). The lower one is the
        length of a gradient that f has, the upper one is proven, by floating point where it is a float.
    where : ndarray, shape (d,)
        A point inside of a cell on which the gradient has the length of the lower one.
    sum_bound : float
        Σ_j |z_j| ‖w_j‖_{r*}, the triangle inequality over neurons.
    product : float
        ‖α‖_{r*} max_{‖x‖_r ≤ 1} ‖W x‖_r, the product of the norms of both layers.
    ball : {1, 2, inf}
        r.
    """

    lower: Any
    upper: Any
    where: np.ndarray
    sum_bound: float
    product: float
    ball: float

    @property
    def closed(self) -> bool:
        """Whether the two agree, but for 1e-6 of them, which solvers leave."""
        return bool(float(self.upper) <= float(self.lower) * (1 + CLOSED))

    def __str__(self) -> str:
        said, (sums, product) = f"is {short_number(self.upper)}", map(_above, (self.sum_bound, self.product))
        if not self.closed:
            said = f"is between {rounded(float(self.lower), ROUND_FLOOR, 6)} and {_above(float(self.upper))}"
        return (
            f"The Lipschitz constant for ‖x‖{norms.ball(self.ball).subscript} {said}; the sum bound is {sums} "
            f"({self._times(self.sum_bound)}×), the product of the norms of the layers {product} "
            f"({self._times(self.product)}×)."
        )

    def _times(self, bound: float) -> str:
        """How many times as much as the constant, at least."""
        return f"{bound / float(self.upper):.3g}" if self.upper else "1"


def _above(bound: float) -> str:
    return rounded(bound, ROUND_CEILING, 6)


def lipschitz(
    net: Any, ball: float = np.inf, box: Any = None, *, time_limit: float | None = 60.0, seed: int = 0
) -> Lipschitz:
    """The Lipschitz constant of a network with one hidden layer and one output, over all inputs or those of a box.

    L = max_cells ‖Σ_{j active} z_j w_j‖_{r*}: over all cells for one and two features, exactly; by mixed-integer
    programs for more, where patterns that no cell has are cut off. For r = 2 and more than two features L is left
    between the largest gradient that was found and the least of three bounds.

    Parameters
    ----------
    net : AnalyticNetwork
    ball : {inf, 1, 2}
        r, in which inputs are compared.
    box : (low, high), optional
        Two numbers or two arrays of shape (d,): the inputs low ≤ x ≤ high alone. All inputs if not given.
    time_limit : float, optional
        Seconds, after which the numbers of the result differ.
    seed : int
        Of the points that cells are first taken from.

    Returns
    -------
    Lipschitz

    Raises
    ------
    OptionError, UnsupportedProblem
        If an option cannot be used, or the network has several hidden layers or outputs.

    Examples
    --------
    >>> import geomnn as gm
    >>> net = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True).network
    >>> gm.lipschitz(net).upper
    Fraction(8, 5)
    >>> print(gm.lipschitz(net, ball=1))
    The Lipschitz constant for ‖x‖₁ is 4/5; the sum bound is 1.6 (2×), the product of the norms of the layers 1.6 (2×).

    Source: geomnn theory, section 11, (I1) and (I3).
    """
    r, pieces = asked_ball(ball), pieces_of(net)
    flat = len(pieces.slope) <= 2 and len(pieces) <= AFFORDABLE
    pieces = pieces if flat else pieces.numeric()
    corners = asked_box(box, pieces)
    deadline, seed = Deadline.after(asked_seconds(time_limit)), check_integer("seed", seed, 0)
    sums, product = _without_cells(net, r)
    if flat:
        lower, where = _on_cells(pieces, corners, r)
        upper = lower
    else:
        lower, upper, where = _by_programs(pieces, corners, r, deadline, seed)
        upper = max(lower, min(upper, sums, product))
    return Lipschitz(lower, upper, where, sums, product, r)


def _on_cells(pieces: Pieces, box: np.ndarray | None, r: float) -> tuple[Any, np.ndarray]:
    """The largest length of a gradient over all cells, and a point in one that has it."""
    cells, d = all_cells(pieces, box), len(pieces.slope)
    slopes = cells.slopes
    if not pieces.exact:
        sizes = norms.ball(r).dual_length(slopes)
    elif r == 2:
        sizes = (slopes * slopes).sum(axis=1)
    else:
        sizes = np.abs(slopes).max(axis=1) if r == 1 else np.abs(slopes).sum(axis=1)
    steepest = int(np.argmax(sizes))
    largest = plain(sizes[steepest : steepest + 1])[0]
    where = plain(cells.point(steepest)[:d])
    if not pieces.exact:
        return float(largest), where
    return (root_times(largest, Fraction(1)) if r == 2 else largest), where


def _by_programs(
    pieces: Pieces, box: np.ndarray | None, r: float, deadline: Deadline, seed: int
) -> tuple[float, float, np.ndarray]:
    """Lower, upper, where: one program for ‖∇f‖_1, one for each ± ∂_l f for its largest entry, both for ‖∇f‖_2."""
    from geomnn.inputs.slopes import SlopeProgram

    program, d = SlopeProgram(pieces, box, seed), len(pieces.slope)
    if r == np.inf:
        found = program.steepest(None, deadline)
        return found.lower, found.upper, found.where
    lower, upper, where = _largest_entry(program, d, deadline if r == 1 else deadline.part(0.5))
    if r == 1:
        return lower, upper, where
    all_in_all = program.steepest(None, deadline)
    size = norms.ball(2).length
    points = np.array([where, all_in_all.where])
    lengths = size(pieces.slopes(pieces.sides(points)))
    best = int(np.argmax(lengths))
    # ‖g‖_2² ≤ ‖g‖_1 ‖g‖_∞
    return float(lengths[best]), float(np.sqrt(upper * all_in_all.upper)), points[best]


def _largest_entry(program: Any, d: int, deadline: Deadline) -> tuple[float, float, np.ndarray]:
    """The largest |∂_l f|: always the one of ± ∂_l f whose bound is the largest, until that is attained."""
    ways = [sign * unit for unit in np.eye(d) for sign in (1.0, -1.0)]
    uppers, ended = np.array([program.ceiling(way) for way in ways]), np.zeros(len(ways), dtype=bool)
    lower, where = -np.inf, np.zeros(d)
    while (left := np.flatnonzero(~ended & (uppers > lower))).size:
        way = left[np.argmax(uppers[left])]
        found = program.steepest(ways[way], deadline.part(1 / len(left)))
        uppers[way], ended[way] = min(uppers[way], found.upper), found.ended
        if found.lower > lower:
            lower, where = found.lower, found.where
        if deadline.over():
            break
    return lower, max(float(uppers.max()), lower), where


def _without_cells(net: Any, r: float) -> tuple[float, float]:
    """The sum bound, and the product of the norms of the layers."""
    (weights, _), (outer, _) = net.layers
    if not len(weights):
        return 0.0, 0.0
    lengths, outside = norms.ball(r).dual_length(weights), norms.ball(r).dual_length(outer[0])
    return float(np.abs(outer[0]) @ lengths), float(outside * np.linalg.norm(weights, ord=r))
