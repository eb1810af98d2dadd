"""The picture of a dual set: lines of atoms, the targets, and their projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.plotting import frame
from geomnn.plotting.dual_geometry import DualSet, dual_set
from geomnn.plotting.labels import BESIDE, Labels
from geomnn.plotting.plane import zero_line

_COLOURS, _DASHES = (frame.VERMILION, frame.BLUE, frame.INK, frame.ORANGE), ("-", "--", "-.", ":")


def look(line: int) -> tuple[int, int]:
    """Which colour and which dashes a line of the set has: sixteen look different."""
    return line % 4, (line + line // 4) % 4


def plot_dual_set(
    X: Any,
    y: Any,
    reg: float,
    *,
    norm: float = 1,
    bias: bool = True,
    samples: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """The dual set, the targets y, and the residual v of the optimal network: the projection of y on the set.

    minimise ½‖v − y‖²  subject to  |Σ_i v_i (x̃_i·u)_+| ≤ reg for every atom u  (and Σ_i v_i = 0 with a bias).

    Each atom draws two parallel lines, thick and named where it is in the network, and then of the same colour for
    every reg. From v the terms z_u (X̃u)_+ of the network lead to y, each along the normal of its line. Where v lies on
    one edge, y − v meets it at a right angle; where v is a corner, y lies in the cone of the normals there, which is
    hatched.

    Parameters
    ----------
    X : array_like, shape (n, d)
    y : array_like, shape (n,)
    reg : float
    norm : {1, numpy.inf}
        p: with these the set is a polygon.
    bias : bool
        False: two samples, drawn in the plane (v_i, v_j). True: three, drawn in the plane Σ v_i = 0, with y less its
        mean.
    samples : sequence of int, optional
        The samples of the problem, two or three rows of X; all of them if not given.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the samples, the targets or an option cannot be used.
    UnsupportedProblem
        If the set is not one of the plane, or no polygon.

    Examples
    --------
    >>> import geomnn as gm
    >>> figure = gm.plotting.plot_dual_set([[2, 1], [1, 2]], [2, 1], reg=1, bias=False)
    >>> print(figure.axes[0].get_title(loc="left"))
    residual (v0, v1) = (0.4, 0.2),
    the point of the set nearest to y

    Source: geomnn theory, sections 0 and 4.
    """
    found = dual_set(X, y, reg, norm, bias, samples)
    ax = frame.new_axes(ax, (6.4, 6.8))
    reach = found.reach()
    box = [(-reach, reach)] * 2
    ax.fill(
        *found.polygon(1.1 * reach).T, facecolor=frame.DARK, edgecolor=frame.INK, lw=1.6, zorder=1, gid="set",
        label=f"dual set, reg = {frame.number(found.reg)}",
    )  # fmt: skip
    label: str | None = "lines of all atoms"
    for normal in found.normals:
        for side in (normal, -normal):
            ends = zero_line(side, -found.reg, box)
            if ends is not None:
                ax.plot(*ends.T, color=frame.GREY, lw=0.7, zorder=2, gid="line", label=label)
                label = None
    names = Labels(ax, points=np.array([np.zeros(2), found.point, found.target]))
    _draw_points(ax, found, names)
    _draw_right_angle(ax, found, reach)
    _draw_network(ax, found, reach, names)
    _draw_axes(ax, found, reach, names)
    ax.set(xlim=box[0], ylim=box[1])
    ax.set_aspect("equal")
    v = ", ".join(frame.number(value) for value in found.residual)
    name = ", ".join(f"v{row}" for row in found.rows)
    ax.set_title(
        f"residual ({name}) = ({v}),\nthe point of the set nearest to y",
        fontsize=10,
        loc="left",
        gid="formula",
    )
    return frame.legend_below(ax)


def _draw_points(ax: Axes, found: DualSet, names: Labels) -> None:
    """The targets y, and the residual v."""
    away = found.target - found.point
    step = 8 * (away / np.linalg.norm(away) if away.any() else np.array([0.6, 0.8]))
    for place, marker, name, side in ((found.target, "s", "y", step), (found.point, "o", "v", -step)):
        ax.plot(
            *place,
            marker,
            color=frame.INK,
            mfc=frame.PAPER if name == "v" else frame.INK,
            ms=9,
            zorder=7,
            gid=name,
        )
        names.add(
            name, place, (side, *BESIDE), fontsize=14, fontweight="bold", path_effects=frame.HALO, zorder=8
        )


def _draw_axes(ax: Axes, found: DualSet, reach: float, names: Labels) -> None:
    """The axes of the residuals: those of the picture, or three in the plane of residuals that sum to 0."""
    ax.plot(0, 0, "+", color=frame.INK, ms=10, mew=1.5, zorder=3)
    if len(found.rows) == 2:
        ax.set(xlabel=f"v{found.rows[0]}", ylabel=f"v{found.rows[1]}")
        return
    ax.set(xticks=[], yticks=[], xlabel="the plane Σ v = 0; y less its mean")
    for row, axis in zip(found.rows, found.plane.T, strict=True):
        tip = 0.93 * reach * axis / np.linalg.norm(axis)
        ax.annotate(
            "", (tip[0], tip[1]), (-tip[0], -tip[1]), zorder=2,
            arrowprops={"arrowstyle": "-|>", "lw": 0.8, "color": frame.SOFT, "ls": ":"},
        )  # fmt: skip
        names.add(f"v{row}", tip, BESIDE, fontsize=11, color=frame.SOFT, path_effects=frame.HALO, gid="axis")


def _draw_right_angle(ax: Axes, found: DualSet, reach: float) -> None:
    """The right angle between an edge and y − v, or the cone of normals at a corner."""
    normals, away = found.tight(), found.target - found.point
    length = float(np.linalg.norm(away))
    if len(normals) == 1 and length > 1e-9 * reach:
        size = min(0.06 * reach, length / 2)
        out = size * normals[0]
        along = np.array([-out[1], out[0]])
        corners = found.point + np.array([along, along + out, out])
        ax.plot(*corners.T, color=frame.INK, lw=1.2, zorder=6, gid="right angle")
    middle = normals.sum(axis=0)
    if len(normals) < 2 or np.linalg.norm(middle) < 1e-9:
        return
    turns = np.arctan2(normals @ [-middle[1], middle[0]], normals @ middle)
    sides = normals[[np.argmin(turns), np.argmax(turns)]]
    corners = found.point + np.vstack([np.zeros(2), 3 * reach * sides])
    ax.fill(
        *corners.T, facecolor="none", edgecolor=frame.GREY, hatch="..", lw=0.8, zorder=1, gid="cone",
        label="normals at the corner v",
    )  # fmt: skip


def _draw_network(ax: Axes, found: DualSet, reach: float, names: Labels) -> None:
    """The lines of the network's atoms with their names, and its terms as arrows from v to y."""
    start, middle = found.point, (found.point + found.target) / 2
    named, terms = [], []
    looks = [look(line) for line in found.lines]
    for k, (atom, step, z) in enumerate(zip(found.atoms, found.steps, found.coefficients, strict=True)):
        colour, style = _COLOURS[looks[k][0]], _DASHES[looks[k][1]]
        name = frame.shortened(str(atom), 25)
        ends = zero_line(step / z * np.sign(z), -found.reg, [(-reach, reach)] * 2)
        if ends is not None:
            ax.plot(
                *ends.T, color=colour, ls=style, lw=2.4, zorder=4, gid=f"active {k}",
                label=f"line of {name}, z = {frame.number(z)}",
            )  # fmt: skip
            choices = ends[0] + np.linspace(0.08, 0.92, 43)[:, None] * (ends[1] - ends[0])
            away = np.min(
                [np.linalg.norm(choices - p, axis=1) for p in (found.point, found.target, 0.0)], axis=0
            )
            named.append((name, choices[np.argsort(-away, kind="stable")]))
        end = start + step
        ax.annotate(
            "", (end[0], end[1]), (start[0], start[1]), zorder=6,
            arrowprops={"arrowstyle": "-|>", "lw": 2.2, "color": colour, "ls": style, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        side = start + step / 2 - middle if len(found.atoms) > 1 else np.array([0.0, 1.0])
        across = 7 * np.array([-step[1], step[0]]) / np.linalg.norm(step)
        across = across if across @ side > 0 else -across
        terms.append((f"z = {frame.number(z)}", start + step / 2, (across, -across)))
        start = end
    for text, place, shifts in terms:
        names.add(text, place, shifts, gid="term", **frame.PLATE)
    for text, places in named:
        names.add(text, places, gid="atom", **frame.PLATE)
    if len(found.atoms) > 1:
        ax.plot(
            *np.array([found.point, found.target]).T, color=frame.INK, lw=1.2, ls=":", zorder=5, gid="y − v",
            label="y − v: sum of the terms z (Xu)₊",
        )  # fmt: skip
