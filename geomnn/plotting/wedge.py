"""An activation as a picture: the ratio of a signed area to the length of its base.

In the plane the atom ± ⋆(x_j − x_a) / ‖·‖_p takes a sample x to

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a))_+ / ‖⋆(x_j − x_a)‖_p,

the signed area of the parallelogram of the two differences, twice that of the triangle (x, x_j, x_a), over
its base. Without bias the origin stands in the place of x_a. For p = 2 the ratio is the distance of x to
the line; for another p it is the distance in the dual norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn import algebra
from geomnn.atoms import Atom
from geomnn.errors import DataError, UnsupportedProblem
from geomnn.norms import ball
from geomnn.plotting import frame
from geomnn.plotting.labels import BESIDE, Labels
from geomnn.plotting.plane import zero_line
from geomnn.validation import real_table


@dataclass(frozen=True)
class _Ratio:
    """(± (x − foot) ∧ base)_+ / ‖⋆base‖_p and what its parts are called."""

    foot: np.ndarray
    base: np.ndarray
    moved: np.ndarray  # x − foot
    sign: int
    norm: float
    moved_name: str
    base_name: str
    of_samples: bool  # whether the base is made of samples, and not of a direction

    @property
    def area(self) -> float:
        return self.sign * float(algebra.signed_volume([self.moved, self.base])) + 0.0

    @property
    def length(self) -> float:
        return float(np.linalg.norm(algebra.cross_product([self.base]), ord=self.norm))

    def lines(self) -> list[str]:
        """The formula with its numbers, one equation a line."""
        wedge = f"{'+' if self.sign > 0 else '−'}{self.moved_name} ∧ {self.base_name}"
        norm = f"‖⋆{self.base_name}‖{ball(self.norm).subscript}"
        value = max(self.area, 0.0) / self.length if self.length else 0.0
        return [
            f"signed area  {wedge} = {frame.number(self.area)}",
            f"base  {norm} = {frame.number(self.length)}",
            f"activation = ({frame.number(self.area)})₊ / {frame.number(self.length)} = {frame.number(value)}",
        ]


def plot_wedge(
    atom: Atom, X: Any, row: int, *, ax: Axes | None = None, feature_names: Sequence[str] | None = None
) -> Figure:
    """An activation as a picture: the signed area that a sample spans with the atom, over its base.

    Without bias it is the parallelogram of x_row and x_j; with bias twice the triangle of x_row, x_j and the
    anchor. An atom through one sample in a fixed direction (a point at infinity, or that of a partial wedge)
    has a strip, and the area is that of the strip's piece as long as the direction.

    Parameters
    ----------
    atom : Atom
        In two dimensions.
    X : array_like, shape (n, 2)
        The samples that the atom was made of.
    row : int
        The sample whose activation is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    feature_names : sequence of str, optional
        Two names.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnsupportedProblem
        If there are not two features.
    DataError, OptionError
        If X lacks the row or a sample of the atom, or the names do not fit.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = gm.datasets.peaks(n=8)
    >>> net = gm.derive(X, y, reg=0.1).network
    >>> figure = gm.plotting.plot_wedge(net.neurons[0].atom, X, row=3)

    Source: geomnn theory, section 1; M. Pilanci, arXiv 2309.16512.
    """
    atom = atom.numeric()
    table, row = _checked(atom, X, row)
    features = frame.feature_labels(feature_names, 2)
    ratio = _ratio(atom, table, row)
    axes = frame.new_axes(ax, (6.4, 6.8))
    box = _box(table, ratio)
    _draw_area(axes, atom, ratio, box)
    _draw_points(axes, atom, table, row)
    axes.set(xlim=box[0], ylim=box[1])
    frame.name_axes(axes, features)
    if 1 / 30 < (box[0][1] - box[0][0]) / (box[1][1] - box[1][0]) < 30:
        axes.set_aspect("equal")
    axes.set_title("\n".join(ratio.lines()), fontsize=10, loc="left", gid="formula", parse_math=False)
    return frame.legend_below(axes)


def _checked(atom: Atom, table: Any, row: Any) -> tuple[np.ndarray, int]:
    """The samples and the row, if this is a wedge of them in the plane."""
    X = real_table(table, "X")
    if X.shape[1] != 2 or atom.weight.shape != (2,):
        d = X.shape[1] if X.shape[1] != 2 else len(atom.weight)
        raise UnsupportedProblem(f"A wedge is drawn in the plane, and this one has {d} features, not 2.")
    try:
        wanted = index(row)
    except TypeError:
        wanted = -1
    if not 0 <= wanted < len(X):
        raise DataError(f"row={row!r}; a row of X, from 0 to {len(X) - 1}, was expected.")
    if len(frame.spanning_rows(atom, X)) < len(atom.samples):
        rows = ", ".join(f"x{j}" for j in atom.samples)
        raise DataError(
            f"The atom is made of {rows}, not all on its line in this X: give the X it was derived from."
        )
    return X, wanted


def _ratio(atom: Atom, X: np.ndarray, row: int) -> _Ratio:
    """The parts of the activation of the atom at a row; for a partial wedge the base is a unit vector on its line."""
    anchored = atom.anchored and bool(atom.samples)
    foot = X[atom.samples[-1]] if anchored else np.zeros(2)
    moved_name = f"(x{row} − x{atom.samples[-1]})" if anchored else f"x{row}"
    spanned = () if atom.is_partial else atom.samples[: -1 if anchored else None]
    if atom.is_partial:
        along, name, sign = np.array([-atom.weight[1], atom.weight[0]]), "t", 1
    else:
        along = X[spanned[0]] - foot if spanned else atom.directions[0].vector(2)
        name, sign = atom.factors()[0], atom.orientation
    return _Ratio(foot, along, X[row] - foot, sign, atom.norm, moved_name, name, bool(spanned))


def _box(X: np.ndarray, ratio: _Ratio) -> list[tuple[float, float]]:
    corners = np.array([ratio.foot, ratio.foot + ratio.moved])
    if ratio.of_samples:
        corners = np.vstack([corners, corners + ratio.base])
    seen = np.vstack([X, corners])
    return [frame.limits(seen[:, 0], 0.12), frame.limits(seen[:, 1], 0.12)]


def _draw_area(ax: Axes, atom: Atom, ratio: _Ratio, box: list[tuple[float, float]]) -> None:
    """The signed area, coloured and hatched by its sign, the atom's line, and the activation as a distance."""
    sides = np.ptp(box, axis=1)
    tip, across = ratio.foot + ratio.moved, float(np.linalg.norm(sides))
    along = ratio.base != 0
    # a strip ends just outside of the box: every dash of a filled shape is drawn, seen or not
    far = 1.0 if ratio.of_samples else 1.5 * float(np.min(sides[along] / np.abs(ratio.base[along])))
    reach = far * ratio.base
    start = 0.0 if ratio.of_samples else -reach
    corners = np.array([ratio.foot + start, ratio.foot + reach, tip + reach, tip + start])
    halved = atom.anchored and ratio.of_samples
    shape = "triangle, half of the signed area" if halved else "signed area" if ratio.of_samples else "strip"
    side = {1: "positive: active", -1: "negative: inactive", 0: "zero: on the line"}[int(np.sign(ratio.area))]
    colour, hatch = (frame.SKY, "//") if ratio.area >= 0 else (frame.ORANGE, "xx")
    solid = corners[[0, 1, 3]] if halved else corners
    ax.fill(*corners.T, alpha=0.25, facecolor=colour, edgecolor=frame.SOFT, ls=":", gid="parallelogram")
    ax.fill(
        *solid.T, alpha=0.6, facecolor=colour, hatch=hatch, edgecolor=frame.INK, lw=0.8, gid="area",
        label=f"{shape} ({side})",
    )  # fmt: skip
    ends = zero_line(atom.weight, atom.bias, box)
    if ends is not None:
        ax.plot(
            *ends.T, color=frame.INK, lw=1.4, ls="--" if atom.is_partial else "-", gid="line",
            label="line of the atom, ticks where active",
        )  # fmt: skip
        ax.plot(*ends.T, color=frame.INK, lw=0.8, gid="active side", path_effects=frame.TICKS)
    away = (-1 if ratio.area > 0 else 1) * atom.weight / np.linalg.norm(atom.weight)  # from x over the line
    names = Labels(ax)
    if not ratio.of_samples:
        _draw_direction(ax, ratio, 0.2 * reach, away, names)
    beside = ratio.foot + algebra.reject(ratio.moved, [ratio.base]) / 2
    middle = solid.mean(axis=0) if ratio.of_samples else beside
    _write_area(names, ratio, halved, middle, away, across)
    _draw_distance(ax, atom, ratio, tip)


def _write_area(
    names: Labels, ratio: _Ratio, halved: bool, middle: np.ndarray, away: np.ndarray, across: float
) -> None:
    """The signed area: inside where there is room, else over the line from x (for a strip, on the side of x)."""
    text = ("+" if ratio.area > 0 else "") + frame.number(ratio.area)
    text += "" if ratio.of_samples else f" per {ratio.base_name}"
    sides = [ratio.base, *[ratio.moved] * ratio.of_samples, *[ratio.moved - ratio.base] * halved]
    thick = abs(ratio.area) > 0.12 * across * max(float(np.linalg.norm(side)) for side in sides)
    beside = [size * away for size in ((90, 45, -45, -90) if ratio.of_samples else (-60, -30, 30, 60))]
    arrow = None if thick else {"arrowstyle": "-", "lw": 0.8, "color": frame.INK, "shrinkB": 0}
    names.add(
        f"{text} / 2" if halved and ratio.area else text, middle, [(0.0, 0.0)] * thick + beside, ha="center",
        va="center", fontsize=11, fontweight="bold", path_effects=frame.HALO, arrowprops=arrow, gid="signed area",
    )  # fmt: skip


def _draw_direction(ax: Axes, ratio: _Ratio, arrow: np.ndarray, away: np.ndarray, names: Labels) -> None:
    """An arrow from the foot along a direction that no sample has, and its name."""
    ax.annotate(
        "", _pair(ratio.foot + arrow), _pair(ratio.foot), zorder=5,
        arrowprops={"arrowstyle": "-|>", "lw": 2, "color": frame.BLUE, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    names.add(
        f"direction {ratio.base_name}", ratio.foot + arrow / 2, (8 * away, -8 * away), color=frame.BLUE,
        path_effects=frame.HALO,
    )  # fmt: skip


def _pair(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _draw_distance(ax: Axes, atom: Atom, ratio: _Ratio, x: np.ndarray) -> None:
    """The segment from x to a nearest point of the line, in the norm whose dual measures the weight."""
    if ratio.area <= 0:
        return
    space = ball(atom.norm)
    near = x - ratio.area / ratio.length * space.gradient(atom.weight)  # w·step = 1 and its dual length is 1
    ax.plot(
        [x[0], near[0]], [x[1], near[1]], color=frame.VERMILION, lw=2.2, ls="-.", gid="distance",
        label=f"the activation: ℓ{ball(space.q).subscript} distance to the line",
    )  # fmt: skip


def _draw_points(ax: Axes, atom: Atom, X: np.ndarray, row: int) -> None:
    """All samples, those of the wedge ringed, the row as a square, each of these with its name."""
    ax.plot(*X.T, "o", color=frame.GREY, ms=4, label="samples", zorder=4)
    if not (atom.anchored and atom.samples):
        ax.plot(0, 0, "+", color=frame.INK, ms=12, mew=2, label="origin", zorder=5)
    if atom.samples:
        ax.plot(
            *X[list(atom.samples)].T, "o", mfc="none", mec=frame.INK, ms=10, mew=1.4, zorder=5,
            gid="spanning", label="samples of the atom",
        )  # fmt: skip
    ax.plot(
        *X[row], "s", color=frame.INK, ms=8, label=f"x{row}, whose activation this is", gid="row", zorder=5
    )
    names = Labels(ax, points=X)
    for name in dict.fromkeys((row, *atom.samples)):
        names.add(
            f"x{name}", X[name], BESIDE, fontsize=11, fontweight="bold", path_effects=frame.HALO, gid="name"
        )
