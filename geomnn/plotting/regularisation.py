"""The path in reg: neurons being born and dying, and what is so of all optimal networks between two kinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from geomnn.errors import OptionError
from geomnn.paths import Path
from geomnn.plotting import frame
from geomnn.plotting.labels import thin_ticks

if TYPE_CHECKING:
    from geomnn.cross_validation import CrossValidation

MOST_NAMES = 8


def plot_path(path: Path, *, ax: Axes | None = None, most_names: int = MOST_NAMES) -> Figure:
    """Coefficients of all neurons along the path, with a mark where each is born and where it dies.

    z_u(reg) is affine between the kinks; reg falls from left to right, on a logarithmic scale, as the network grows.

    Parameters
    ----------
    path : Path
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    most_names : int
        How many neurons are named and drawn in colour, the largest ones.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If the path is that of a constant: it has no neurons to show.

    Source: geomnn theory, section 4.
    """
    axes = _axes(path, ax, (6.4, 5.0))
    lines = sorted(_lines(path), key=lambda line: -np.abs(line[2]).max())
    largest, others = lines[:most_names], lines[most_names:]
    colours = [frame.BLUE, frame.VERMILION, frame.ORANGE, frame.SKY]
    styles = ["-", "--", "-.", ":"]
    for _, regs, z in others:
        axes.plot(*_bent(regs, z), color=frame.FAINT, lw=0.7, zorder=1)
    for k, (unit, regs, z) in enumerate(largest):
        colour, style = colours[k % 4], styles[k // 4 % 4]
        name = path.dictionary.name(unit, path.problem.targets).label(path.problem.samples.names)
        name = frame.shortened(name).replace("$", r"\$")  # a dollar sign would begin a formula
        axes.plot(*_bent(regs, z), style, color=colour, lw=1.8, zorder=3, label=name, gid="neuron")
        axes.plot(regs[0], z[0], "o", color=colour, mfc="white", ms=5, zorder=4, gid="birth")
        if regs[-1] > path.reg_min:
            axes.plot(regs[-1], z[-1], "X", color=colour, ms=6, zorder=4, gid="death")
    counts = axes.twinx()
    places = [piece.reg for piece in path.pieces] + [path.reg_min]
    steps = np.array([len(piece.units) for piece in (*path.pieces, path.pieces[-1])])
    counts.step(places, steps, where="post", color=frame.INK, lw=0.9, ls=":", gid="count")
    counts.set(ylabel="neurons (dotted)", ylim=(0, 1.25 * steps.max()))
    axes.axhline(0.0, color=frame.INK, lw=0.8)
    axes.set(ylabel="coefficient z")
    axes.plot([], [], "o", color=frame.SOFT, mfc="white", ms=5, label="a neuron is born")
    axes.plot([], [], "X", color=frame.SOFT, ms=6, label="a neuron dies")
    if others:
        axes.plot([], [], color=frame.FAINT, lw=0.7, label=f"the {len(others)} other neurons")
    return frame.legend_below(axes)


def plot_degrees_of_freedom(path: Path, *, ax: Axes | None = None) -> Figure:
    """Degrees of freedom along the path, and the dimension of the set of all optimal networks, from kink to kink.

    Both are facts about the data; reg falls from left to right, on a logarithmic scale. A tick at the upper edge is a
    kink, and where rounding hides the numbers the picture is grey.

    Parameters
    ----------
    path : Path
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If the path is that of a constant.

    Examples
    --------
    >>> import geomnn as gm
    >>> path = gm.path([[0], [1], [2], [3]], [0, 0, 1, 3], reg_min=0.1)
    >>> figure = gm.plotting.plot_degrees_of_freedom(path)
    >>> [int(step) for step in figure.axes[0].lines[0].get_ydata()]
    [2, 3, 3, 3]

    Source: geomnn theory, section 10.
    """
    axes = _axes(path, ax, (6.4, 4.2))
    ends = np.append(path.kinks, path.reg_min)
    hidden = np.ma.getmaskarray(path.degrees_of_freedom)
    shown = [
        ("degrees of freedom", "degrees", path.degrees_of_freedom, frame.BLUE, "-", 2.0),
        ("dimension of all optimal networks", "dimensions", path.dimensions, frame.VERMILION, "--", 1.5),
    ]
    for label, gid, values, colour, style, size in shown:
        steps = np.where(hidden, np.nan, np.ma.getdata(values))
        axes.step(
            ends, np.append(steps, steps[-1]), where="post", color=colour, ls=style, lw=size, label=label, gid=gid,
            zorder=3,
        )  # fmt: skip
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden, [0]])))  # each two of a stretch
    for first, last in edges.reshape(-1, 2):
        axes.axvspan(ends[last], ends[first], color=frame.FAINT, lw=0, gid="hidden",
                     label="hidden by rounding" if first == edges[0] else None)  # fmt: skip
    top = axes.get_xaxis_transform()
    axes.plot(
        path.kinks,
        np.ones(len(path)),
        "|",
        color=frame.SOFT,
        ms=7,
        transform=top,
        label="a kink",
        gid="kinks",
    )
    axes.set(ylim=(-0.4, None), ylabel="dimensions")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return frame.legend_below(axes)


def plot_errors(validation: CrossValidation, *, ax: Axes | None = None) -> Figure:
    """Errors on samples that were left out, over reg: each fold, their mean, and the reg where it is least.

    Parameters
    ----------
    validation : CrossValidation
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = gm.datasets.ramps(20)
    >>> figure = gm.plotting.plot_errors(gm.cross_validate(X, y, [1, 0.1, 0.01], folds=4))
    """
    axes, order = frame.new_axes(ax, (6.4, 4.2)), np.argsort(-validation.regs)
    regs = validation.regs[order]
    for k, errors in enumerate(validation.errors):
        label = "each fold" if k == 0 else None
        axes.plot(regs, errors[order], color=frame.FAINT, lw=0.8, label=label, gid=f"fold {k}")
    axes.plot(regs, validation.mean[order], "o-", color=frame.BLUE, ms=4, lw=1.8, label="mean", gid="mean")
    best = f"best reg, {frame.number(validation.best)}"
    axes.axvline(validation.best, color=frame.VERMILION, lw=1.2, ls="--", label=best, gid="best")
    _logarithmic(axes)
    axes.invert_xaxis()
    axes.set(xlabel="reg (falls to the right)", ylabel="error, rows left out")
    return frame.legend_below(axes)


def _axes(path: Path, ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Axes on which reg falls."""
    if not len(path):
        raise OptionError("The path has no kinks to draw: take a reg_min below reg_max.")
    axes = frame.new_axes(ax, size)
    _logarithmic(axes)
    axes.set(xlim=(path.reg_max * 1.05, path.reg_min), xlabel="reg (falls to the right)")
    return axes


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis with few numbers, so that they stand apart on a narrow picture."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    thin_ticks(axes)


def _bent(regs: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is affine in reg, at enough places to be right on a logarithmic scale."""
    count = 2 + int(200 * np.log10(regs[0] / regs[-1]))
    places = np.union1d(regs, np.geomspace(regs[0], regs[-1], count))
    return places, np.interp(places, regs[::-1], z[::-1])


def _lines(path: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(unit, reg, z) of every life of a neuron: from kink to kink while it is active."""
    alive: dict[tuple[object, ...], tuple[np.ndarray, list[float], list[float]]] = {}
    lives: list[tuple[np.ndarray, list[float], list[float]]] = []
    for piece in path.pieces:
        here = {}
        for unit, begins, ends in zip(piece.units, piece.coefficients, piece.last, strict=True):
            key = tuple(unit.tolist())
            life = alive.pop(key, None) or (unit, [piece.reg], [begins])
            life[1].append(piece.end)
            life[2].append(ends)
            here[key] = life
        lives += alive.values()
        alive = here
    lives += alive.values()
    return [(unit, np.array(regs), np.array(z)) for unit, regs, z in lives]
