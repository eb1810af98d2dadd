"""What a network does around one input: an affine function, as far as it holds.

Around a point f is affine, f(x') = s·x' + c with the neurons that are active there, up to the next hyperplane on
which it bends, min_j |n_j·x + o_j| / ‖n_j‖_{r*} away. Corners of the cell are meets of lines: of two wedges through one
sample, that sample.

Source: geomnn theory, section 11, (I1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.atoms import AsideWedge, MovedWedge
from geomnn.inputs.asked import asked_ball, asked_point
from geomnn.inputs.cells import Line
from geomnn.inputs.pieces import ALIKE, Pieces, pieces_of, plain, plain_number, rationals
from geomnn.inputs.plane import AFFORDABLE
from geomnn.numbers.rationals import root_times, short_number
from geomnn.words import feature_words, listed

__all__ = ["Corner", "Explanation", "explain"]


@dataclass(frozen=True, eq=False)
class Corner:
    """A corner of a cell: where lines meet.

    Parameters
    ----------
    point : ndarray, shape (d,)
    neurons : tuple of int
        Those whose lines go through it.
    name : str
        "x3" where the neurons are wedges that all have this sample in common.
    """

    point: np.ndarray
    neurons: tuple[int, ...]
    name: str

    def __str__(self) -> str:
        place = ", ".join(short_number(entry) for entry in self.point.tolist())
        return f"{self.name} = ({place})"


@dataclass(frozen=True, eq=False)
class Explanation:
    """A network around a point: f(x') = slope·x' + constant on the cell of the point.

    Parameters
    ----------
    point : ndarray, shape (d,)
    value : float or Fraction
        f there.
    active : tuple of int
        The neurons with w·x + b > 0; of a point on a kink those of the cell that slope and constant are of.
    slope : ndarray, shape (d,)
    constant : float or Fraction
        Of the affine function; of a point on a kink that of one of the cells that it borders on.
    distance : float, Fraction or SymPy number
        How far the next kink is, in ‖·‖_r; infinite where there is none, 0 on one.
    next : tuple of int
        The neurons that change there.
    corners : tuple of Corner, or None
        Of the cell, for one and two features.
    ball : {1, 2, inf}
        r.
    feature_names : tuple of str, or None
    labels : tuple of str
        The names of the neurons that change at the next kink.
    """

    point: np.ndarray
    value: Any
    active: tuple[int, ...]
    slope: np.ndarray
    constant: Any
    distance: Any
    next: tuple[int, ...]
    corners: tuple[Corner, ...] | None
    ball: float
    feature_names: Sequence[str] | None
    labels: tuple[str, ...]

    @property
    def formula(self) -> str:
        """The affine function in text, with the names of the features."""
        terms, names = (
            [short_number(self.constant)],
            feature_words(len(self.slope), self.feature_names, "feature{}"),
        )
        for rate, name in zip(self.slope.tolist(), names, strict=True):
            if rate:
                terms.append(f"{'−' if rate < 0 else '+'} {short_number(abs(rate))}·{name}")
        return f"f = {' '.join(terms)}"

    def __str__(self) -> str:
        who, many = listed(self.active, "neurons"), len(self.active) > 1
        active = (
            f"active {'are the neurons' if many else 'is the neuron'} {who}" if who else "no neuron is active"
        )
        lines = [f"{self.formula}, which is {short_number(self.value)} here; {active}."]
        if self.next:
            named = [f"{j} ({label})" for j, label in zip(self.next, self.labels, strict=True)]
            bend = (
                f"neurons {listed(named, 'neurons')} bend" if len(named) > 1 else f"neuron {named[0]} bends"
            )
            size = norms.ball(self.ball).subscript
            lines.append(f"It holds for ‖δ‖{size} up to {short_number(self.distance)}, where {bend}.")
        else:
            lines.append("It holds everywhere.")
        if self.corners:
            lines.append(f"The corners of its cell are {listed(self.corners, 'corners')}.")
        return "\n".join(lines)


def explain(net: Any, x: Any, ball: float = np.inf) -> Explanation:
    """What the network does around an input, as an affine function that holds up to the next kink.

    Parameters
    ----------
    x : array_like, shape (d,)
        One input, with columns as they are in the table.
    ball : {inf, 1, 2}
        r, in which the distance of the next kink is measured.

    Returns
    -------
    Explanation
        Fractions throughout for an exact network and at most two features.

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If it is no input of the network, or the network has several hidden layers or outputs.

    Examples
    --------
    >>> import geomnn as gm
    >>> net = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1, exact=True).network
    >>> print(net.explain([1.5]))
    f = -11/10 + 11/10·feature1, which is 11/20 here; active is the neuron 0.
    It holds for ‖δ‖∞ up to 1/2, where neurons 0 (+⋆1 at x1) and 1 (+⋆1 at x2) bend.
    The corners of its cell are x1 = (1) and x2 = (2).

    Source: geomnn theory, section 11, (I1).
    """
    r, pieces = asked_ball(ball), pieces_of(net)
    exact = pieces.exact and net.features <= 2
    pieces = pieces if exact else pieces.numeric()
    point = asked_point(x, net, exact)
    levels = pieces.normals @ point + pieces.offsets
    level = np.abs(levels) <= pieces.level_rounding(point[None])[0]
    sides = np.where(level, pieces.normals @ _towards(pieces) > 0, levels > 0)
    distance, nearest = _next_kink(pieces, np.where(level, 0 * levels, levels), r)
    who = tuple(sorted(j for kink in nearest for j in pieces.neurons[kink]))
    flat = net.features <= 2 and len(pieces) <= AFFORDABLE
    return Explanation(
        point=plain(point),
        value=plain_number(pieces(point[None])[0]),
        active=_active(net, plain(point), plain(_towards(pieces))),
        slope=plain(pieces.slopes(sides[None])[0]),
        constant=plain_number(pieces.constants(sides[None])[0]),
        distance=distance,
        next=who,
        corners=_corners(net, pieces, sides) if flat else None,
        ball=r,
        feature_names=net.feature_names,
        labels=tuple(net.numeric().neurons[j].atom.label(net.feature_names) for j in who),
    )


def _active(net: Any, point: np.ndarray, towards: np.ndarray) -> tuple[int, ...]:
    """The neurons with w·x + b > 0, by more than rounding, or 0 and above it in this direction."""
    if point.dtype == object:
        found = []
        for j, neuron in enumerate(net.neurons):
            weight = neuron.atom.weight
            level = sum((w * x for w, x in zip(weight, point, strict=True)), neuron.atom.bias)
            rate = sum(w * x for w, x in zip(weight, towards, strict=True))
            found += [j] * bool(level > 0 or (level == 0 and rate > 0))
        return tuple(found)
    weights, biases = net.layers[0]
    biases = np.zeros(len(weights)) if biases is None else biases
    size = np.abs(weights) @ np.abs(point) + np.abs(biases)
    levels = weights @ point + biases
    near = np.abs(levels) <= (len(point) + 2) * np.finfo(float).eps * size
    return tuple(np.flatnonzero(np.where(near, weights @ towards > 0, levels > 0)).tolist())


def _next_kink(pieces: Pieces, levels: np.ndarray, r: float) -> tuple[Any, list[int]]:
    """How far the nearest hyperplane is, and which kinks are as near."""
    if not len(pieces):
        return np.inf, []
    rows = pieces.normals
    if not pieces.exact:
        ways = np.abs(levels) / norms.ball(r).dual_length(rows)
        least = float(ways.min())
        return least, np.flatnonzero(ways <= least * (1 + ALIKE)).tolist()
    if r == 2:
        ways = levels * levels / (rows * rows).sum(axis=1)
    else:
        ways = np.abs(levels) / (np.abs(rows).max(axis=1) if r == 1 else np.abs(rows).sum(axis=1))
    least = plain_number(ways.min())
    return root_times(least, Fraction(1)) if r == 2 else least, np.flatnonzero(ways == ways.min()).tolist()


def _corners(net: Any, pieces: Pieces, sides: np.ndarray) -> tuple[Corner, ...]:
    """The corners of a cell of the line or of the plane, each once."""
    flat, found, d = pieces.in_the_plane(), [], len(pieces.slope)
    signs, slack = np.where(sides, 1, -1), 0 if pieces.exact else ALIKE
    atoms = [neuron.atom for neuron in net.neurons]
    for first in range(len(flat)):
        line = Line.of(flat, first)
        if d == 1:
            meets, others = line.start[None], np.array([first])
        else:
            others = np.flatnonzero(line.crosses)
            others = others[others > first]
            meets = line.start + line.places[others, None] * line.along
        levels = signs * (meets @ flat.normals.T + flat.offsets)
        reach = (
            slack * np.maximum(pieces.extent, np.abs(meets).max(axis=1, initial=0)) if slack else 0 * others
        )
        for meet, other in zip(meets[(levels >= -reach[:, None]).all(axis=1)],
                               others[(levels >= -reach[:, None]).all(axis=1)], strict=True):  # fmt: skip
            found.append((meet, {first, int(other)}))
    corners: list[tuple[np.ndarray, set[int]]] = []
    for meet, lines in found:  # of lines through one point
        near = 10 * slack * max(pieces.extent, np.abs(meet).max()) if slack else 0
        same = next((kept for kept in corners if (np.abs(kept[0] - meet) <= near).all()), None)
        if same is None:
            corners.append((meet, lines))
        else:
            same[1].update(lines)
    return tuple(
        Corner(plain(meet[:d]), who := tuple(sorted(j for kink in lines for j in pieces.neurons[kink])),
               _name(atoms, who, net.scaling is not None))
        for meet, lines in corners
    )  # fmt: skip


def _name(atoms: Sequence[Any], neurons: Sequence[int], scaled: bool) -> str:
    """The sample that all wedges go through, or whose lines meet; standardised samples are those of the scaling."""
    through = [set() if isinstance(atoms[j], AsideWedge) else _through(atoms[j]) for j in neurons]
    shared = set.intersection(*through)
    if shared:
        _, _, name = min(shared)
        return name
    if not any(atoms[j].anchored for j in neurons) and len(neurons) > 1 and not scaled:
        return "the origin"
    if len(neurons) == 1:
        return f"the kink of neuron {neurons[0]}"
    return f"the meet of neurons {listed(neurons, 'neurons')}"


def _through(atom: Any) -> set[tuple[int, tuple[float, ...], str]]:
    """The samples that an atom goes through, how far each was moved, and its name."""
    moves = atom.moves if isinstance(atom, MovedWedge) else [()] * len(atom.samples)
    return {
        (sample, move if any(move) else (), atom.spanning(k, "x{}".format))
        for k, (sample, move) in enumerate(zip(atom.samples, moves, strict=True))
    }


def _towards(pieces: Pieces) -> np.ndarray:
    """A direction that is along no hyperplane anybody would think of: to which cell a point on a kink belongs."""
    powers = [Fraction(1, 7**k) for k in range(len(pieces.slope))]
    return rationals([powers])[0] if pieces.exact else np.array(powers, dtype=float)
