"""A feature as a picture: the ratio of a signed area to the length of its base.

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
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn import algebra
from geomnn.errors import DataError, UnsupportedProblem
from geomnn.plotting import frame
from geomnn.plotting.plane import zero_line
from geomnn.samples import real_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from geomnn.atoms import Atom

_NORMS = {1.0: "₁", 2.0: "₂", np.inf: "_∞"}


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

    @property
    def area(self) -> float:
        return self.sign * float(algebra.signed_volume([self.moved, self.base])) + 0.0

    @property
    def length(self) -> float:
        return float(np.linalg.norm(algebra.cross_product([self.base]), ord=self.norm))

    def lines(self) -> list[str]:
        """The formula with its numbers, one equation a line."""
        wedge = f"{'+' if self.sign > 0 else '−'}{self.moved_name} ∧ {self.base_name}"
        norm = f"‖⋆{self.base_name}‖{_NORMS[self.norm]}"
        value = max(self.area, 0.0) / self.length if self.length else 0.0
        kind = "positive: active" if self.area > 0 else "negative: inactive" if self.area < 0 else "zero: on the line"
        return [
            f"signed area  {wedge} = {frame.number(self.area)}  ({kind})",
            f"base  {norm} = {frame.number(self.length)}",
            f"feature = ({frame.number(self.area)})₊ / {frame.number(self.length)} = {frame.number(value)}",
        ]


def plot_wedge(
    atom: Atom,
    X: Any,
    row: int,
    *,
    ax: Axes | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """A feature as a picture: the signed area that a sample spans with the atom, over its base.

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
        The sample whose feature is drawn.
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
    table = real_table(X, "X")
    if table.shape[1] != 2 or atom.weight.shape != (2,):
        d = table.shape[1] if table.shape[1] != 2 else len(atom.weight)
        raise UnsupportedProblem(f"A wedge is drawn in the plane, and this one has {d} features instead of 2.")
    row = _row(row, table, atom)
    names = frame.feature_labels(feature_names, 2)
    ratio = _ratio(atom, table, row)
    axes = frame.new_axes(ax, (6.4, 6.0))
    box = _box(table, ratio)
    _draw_area(axes, atom, ratio, box)
    _draw_points(axes, atom, table, row, ratio)
    axes.set(xlim=box[0], ylim=box[1])
    axes.set_xlabel(names[0], parse_math=False)
    axes.set_ylabel(names[1], parse_math=False)
    if 1 / 30 < (box[0][1] - box[0][0]) / (box[1][1] - box[1][0]) < 30:
        axes.set_aspect("equal")
    axes.set_title("\n".join(ratio.lines()), fontsize=10, loc="left", gid="formula")
    frame.legend_below(axes)
    return frame.figure_of(axes)


def _row(row: Any, X: np.ndarray, atom: Atom) -> int:
    """The row as an int, with every sample that is needed in X."""
    try:
        wanted = index(row)
    except TypeError:
        wanted = -1
    if not 0 <= wanted < len(X):
        raise DataError(f"row={row!r}; a row of X, from 0 to {len(X) - 1}, was expected.")
    if max(atom.samples, default=0) >= len(X):
        raise DataError(f"The atom is made of x{max(atom.samples)} and X has {len(X)} rows: give the X it was derived from.")
    return wanted


def _ratio(atom: Atom, X: np.ndarray, row: int) -> _Ratio:
    """The parts of the atom's feature at a row; for a partial wedge the base is the unit vector on its line."""
    anchored = atom.anchored and bool(atom.samples)
    foot = X[atom.samples[-1]] if anchored else np.zeros(2)
    moved_name = f"(x{row} − x{atom.samples[-1]})" if anchored else f"x{row}"
    if atom.is_partial or not atom.factors():
        along, name, sign = np.array([-atom.weight[1], atom.weight[0]]), "t", 1
    else:
        spanned = atom.samples[: -1 if anchored else None]
        along = X[spanned[0]] - foot if spanned else atom.directions[0].vector(2)
        name, sign = atom.factors()[0], atom.orientation
    return _Ratio(foot, along, X[row] - foot, sign, atom.norm, moved_name, name)


def _box(X: np.ndarray, ratio: _Ratio) -> list[tuple[float, float]]:
    corners = np.array([ratio.foot, ratio.foot + ratio.moved])
    if ratio.base_name.startswith(("x", "(x")):
        corners = np.vstack([corners, corners + ratio.base])
    seen = np.vstack([X, corners])
    return [frame.limits(seen[:, 0], 0.12), frame.limits(seen[:, 1], 0.12)]


def _draw_area(ax: Axes, atom: Atom, ratio: _Ratio, box: list[tuple[float, float]]) -> None:
    """The signed area in the colour and hatching of its sign, the atom's line, and the feature as a distance."""
    positive = ratio.area >= 0
    paint = {"facecolor": frame.SKY if positive else frame.ORANGE, "hatch": "//" if positive else "xx"}
    tip = ratio.foot + ratio.moved
    spans_samples = ratio.base_name.startswith(("x", "(x"))
    far = np.hypot(*(side[1] - side[0] for side in box)) / np.linalg.norm(ratio.base)
    if spans_samples:
        corners = np.array([ratio.foot, ratio.foot + ratio.base, tip + ratio.base, tip])
    else:
        reach = far * ratio.base
        corners = np.array([ratio.foot - reach, ratio.foot + reach, tip + reach, tip - reach])
    halved = atom.anchored and spans_samples
    solid = corners[[0, 1, 3]] if halved else corners
    ax.fill(*corners.T, alpha=0.25, facecolor=paint["facecolor"], edgecolor="0.4", ls=":", gid="parallelogram")
    side = "positive" if ratio.area > 0 else "negative" if ratio.area < 0 else "zero"
    shape = ("triangle, half of the signed area" if halved else "signed area") if spans_samples else "strip"
    ax.fill(*solid.T, alpha=0.6, edgecolor="black", lw=0.8, label=f"{shape} ({side})", gid="area", **paint)
    sign = "+" if ratio.area > 0 else ""
    ax.text(
        *(solid.mean(axis=0) if spans_samples else ratio.foot + ratio.moved / 2),
        f"{sign}{frame.number(ratio.area)}{' / 2' if halved else ''}{'' if spans_samples else f' per {ratio.base_name}'}",
        ha="center", va="center", fontsize=11, fontweight="bold", path_effects=frame.HALO, gid="signed area", zorder=6,
    )  # fmt: skip
    ends = zero_line(atom.weight, atom.bias, box)
    if ends is not None:
        ax.plot(
            *ends.T, color="black", lw=1.4, ls="--" if atom.is_partial else "-", gid="line",
            label="line of the atom, ticks where active",
        )  # fmt: skip
        ax.plot(*ends.T, color="black", lw=0.8, gid="active side", path_effects=frame.TICKS)
    if not spans_samples:
        arrow = {"arrowstyle": "-|>", "lw": 2, "color": frame.BLUE, "shrinkA": 0, "shrinkB": 0}
        head = ratio.foot + 0.2 * far * ratio.base
        ax.annotate("", head, ratio.foot, arrowprops=arrow, zorder=5)
        ax.annotate(
            f"direction {ratio.base_name}", head, (4, 6), textcoords="offset points", color=frame.BLUE,
            path_effects=frame.HALO, zorder=6,
        )  # fmt: skip
    _draw_distance(ax, atom, ratio, tip)


def _draw_distance(ax: Axes, atom: Atom, ratio: _Ratio, x: np.ndarray) -> None:
    """The segment from x to a nearest point of the line, in the norm whose dual measures the weight."""
    if ratio.area <= 0:
        return
    w = atom.weight
    steps = {1.0: np.sign(w), 2.0: w, np.inf: np.where(np.arange(2) == np.argmax(np.abs(w)), np.sign(w), 0.0)}
    near = x - ratio.area / ratio.length * steps[atom.norm]  # w·step = 1 and the dual norm of step is 1
    dual = {1.0: "ℓ_∞", 2.0: "ℓ₂", np.inf: "ℓ₁"}[atom.norm]
    ax.plot(
        [x[0], near[0]], [x[1], near[1]], color=frame.VERMILION, lw=2.2, ls="-.", gid="distance",
        label=f"the feature: {dual} distance to the line",
    )  # fmt: skip


def _draw_points(ax: Axes, atom: Atom, X: np.ndarray, row: int, ratio: _Ratio) -> None:
    """All samples, those of the wedge ringed, the row as a square, each of these with its name."""
    ax.plot(*X.T, "o", color="0.55", ms=4, label="samples", zorder=4)
    if not (atom.anchored and atom.samples):
        ax.plot(0, 0, "+", color="black", ms=12, mew=2, label="origin", zorder=5)
    if atom.samples:
        ax.plot(
            *X[list(atom.samples)].T, "o", mfc="none", mec="black", ms=10, mew=1.4, label="samples of the atom",
            gid="spanning", zorder=5,
        )  # fmt: skip
    ax.plot(*X[row], "s", color="black", ms=8, label=f"x{row}, whose feature this is", gid="row", zorder=5)
    for name in dict.fromkeys((row, *atom.samples)):
        ax.annotate(
            f"x{name}", X[name], (8, -13), textcoords="offset points", fontsize=11, fontweight="bold",
            path_effects=frame.HALO, gid="name", zorder=6,
        )  # fmt: skip
