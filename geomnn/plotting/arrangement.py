"""Chambers: the neurons that are active on the same samples, and the vertices between them, the atoms.

Sample x_i splits the neurons u in two: those with x̃_i·u > 0 are active on it. All samples cut the neurons into
chambers, on each of which

    F(u) = Σ_i v_i (x̃_i·u)_+

is linear. For p = 1 and ∞ so is the norm, once its directions cut along with the samples, and |F(u)|/‖w(u)‖_p is
largest at a vertex, where D − 1 independent cuts meet: u = ± ⋆(x̃_j ∧ …)/‖·‖_p, a wedge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from geomnn.dictionaries import find_dictionary
from geomnn.dictionaries.canonical import name_atom
from geomnn.norms import ball
from geomnn.plotting import frame
from geomnn.plotting.charts import Chart, CylinderChart, PlaneChart, chart_for
from geomnn.plotting.cuts import checked_residual, cuts, distinct, homogeneous, middles, uncentred, vertices
from geomnn.plotting.labels import Labels
from geomnn.samples import Samples

_GRID = 480
_NAMED = 6  # stars
# relative to the largest |F|, as near to which counts as largest: ties by symmetry are exact up to rounding, and
# the number beside the stars has four digits
_TIE = 1e-6
_BESIDE = ((9, 7), (-9, 7), (9, -7), (-9, -7))  # a star, in points
_FEW = 8  # samples up to which the sides of their cuts are ticked


def plot_chambers(
    X: Any, *, bias: bool = True, norm: float = 1, residual: Any = None, ax: Axes | None = None
) -> Figure:
    """The chambers of the neurons, cut out by the samples, and the atoms at their vertices.

    {u : s_i x̃_i·u > 0},  s_i = ±1;  vertices  u = ± ⋆(x̃_j ∧ …)/‖w‖_p.

    Each curve holds the neurons whose hyperplane passes through a sample, with ticks where the neuron is active on
    it; dashed curves are orthogonal to the directions of the norm (p = 1: e_l, p = ∞: e_l ± e_m). A chamber carries the
    number of samples that its neurons are active on, or is shaded by |Σ v_i (x̃_i·u)_+|/‖w‖_p, with level lines, and
    stars mark the neurons where that is largest: for p = 1 and ∞ vertices. At the dual of a solution that is where the
    neurons of its network are.

    Two features without bias are drawn in the plane of their two weights; two with bias on the cylinder ‖w‖_p = 1,
    unrolled, where each point is a line of the plane of samples; three without bias on the octahedron ‖u‖_1 = 1, its
    upper half seen from above and its lower half folded out into the corners of the square.

    Parameters
    ----------
    X : array_like, shape (n, 2) or (n, 3)
        Samples; three features without bias only.
    bias : bool
        Whether neurons have a bias.
    norm : {1, 2, numpy.inf}
        p. For p = 2 the vertices are the wedges of samples alone, and the largest value may lie between them.
    residual : array_like, shape (n,), optional
        v, with Σ v_i = 0 where there is a bias, such as the dual of a `Solution`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the samples, the norm or the residual cannot be used.
    UnsupportedProblem
        If neurons do not have two or three weights.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[2, 1], [-1, 2], [1, -1]], [1, 2, 0]
    >>> figure = gm.plotting.plot_chambers(X, bias=False)
    >>> solution = gm.derive(X, y, reg=0.5, bias=False)
    >>> figure = gm.plotting.plot_chambers(X, bias=False, residual=solution.dual)
    >>> [text.get_text() for text in figure.findobj() if text.get_gid() == "largest"]
    ['−⋆e1']

    Source: geomnn theory, section 1; M. Pilanci, arXiv 2309.16512.
    """
    samples, norm = Samples(X, bias), ball(norm).p
    chart = chart_for(samples, norm)
    v = None if residual is None else checked_residual(residual, samples)
    axes = frame.new_axes(ax, (6.4, 6.4) if chart.equal else (6.4, 5.8))
    if isinstance(chart, PlaneChart):
        sphere = Polygon(chart.sphere(), closed=True, fill=False, edgecolor=frame.INK, lw=1.6, gid="sphere")
        axes.add_patch(sphere)
    ways = [np.linspace(low, high, _GRID) for low, high in chart.box]
    points = np.stack(np.meshgrid(*ways), axis=-1).reshape(-1, 2)
    units = chart.units(points)
    if v is None:
        _draw_curves(axes, chart, samples)
        _draw_counts(axes, chart, samples, ways, units)
    else:
        _draw_values(axes, chart, samples, v, ways, units)
        _draw_largest(axes, chart, samples, v)
        _draw_curves(axes, chart, samples)
    _draw_atoms(axes, chart, samples)
    axes.set(xlim=chart.box[0], ylim=chart.box[1], xlabel=chart.labels[0], ylabel=chart.labels[1])
    if chart.equal:
        axes.set_aspect("equal")
    if isinstance(chart, CylinderChart):
        axes.set_xticks(range(5), [f"w = {e}" for e in ("e1", "e2", "−e1", "−e2", "e1")])
    return frame.legend_below(axes)


def _draw_counts(ax: Axes, chart: Chart, samples: Samples, ways: list[np.ndarray], units: np.ndarray) -> None:
    """Shades for the number of active samples, and the number in every chamber that has room for it."""
    active = units @ homogeneous(samples).T > 0
    counts = active.sum(axis=1).reshape(_GRID, _GRID)
    bounds = np.arange(samples.n + 2) - 0.5
    filled = ax.pcolormesh(
        *ways, counts, cmap=frame.HEIGHTS, norm=BoundaryNorm(bounds, frame.HEIGHTS.N), shading="nearest",
        rasterized=True, gid="chambers",
    )  # fmt: skip
    inside = np.ones((_GRID, _GRID), dtype=bool)
    if isinstance(chart, PlaneChart):
        filled.set_clip_path(ax.patches[-1])
        inside = (ball(chart.norm).length(units) < 1).reshape(_GRID, _GRID)
    _, kinds = np.unique(active, axis=0, return_inverse=True)
    names = Labels(ax)
    for row, column in middles(kinds.reshape(_GRID, _GRID), inside):
        names.add(
            str(counts[row, column]), (ways[0][column], ways[1][row]), ha="center", va="center", fontsize=11,
            path_effects=frame.HALO, gid="count", zorder=6,
        )  # fmt: skip
    bar = ax.figure.colorbar(filled, cax=ax.inset_axes((1.03, 0.0, 0.04, 1.0)))
    bar.set_ticks(MaxNLocator(10, integer=True, min_n_ticks=1).tick_values(0, samples.n))
    bar.ax.minorticks_off()
    bar.set_label("active samples")


def _draw_values(
    ax: Axes, chart: Chart, samples: Samples, v: np.ndarray, ways: list[np.ndarray], units: np.ndarray
) -> None:
    """Shades and level lines of |F|, which are straight in every chamber where the map keeps F linear."""
    values = np.abs(np.maximum(units @ homogeneous(samples).T, 0.0) @ v).reshape(_GRID, _GRID)
    sphere = ax.patches[-1] if isinstance(chart, PlaneChart) else None
    inside = ball(chart.norm).length(units) <= 1 if sphere else np.ones(len(units), dtype=bool)
    shown = values[inside.reshape(_GRID, _GRID)]
    levels = MaxNLocator(12).tick_values(0.0, float(shown.max()) or 1.0)
    filled = ax.contourf(
        *ways, values, levels=levels, cmap=frame.HEIGHTS, extend="max" if sphere else "neither"
    )
    lines = ax.contour(*ways, values, levels=levels, colors=frame.SOFT, linewidths=0.7)
    for drawn in (filled, lines) if sphere else ():
        drawn.set_clip_path(sphere)
    bar = ax.figure.colorbar(filled, cax=ax.inset_axes((1.03, 0.0, 0.04, 1.0)))
    bar.set_label("|F(u)| = |Σ v (x·u)₊|")


def _draw_curves(ax: Axes, chart: Chart, samples: Samples) -> None:
    """The cut of every sample and direction with its names."""
    found = cuts(samples, chart.norm)
    labels = {True: "cut of a sample, ticks where it is active", False: "cut of a direction of the norm"}
    drawn = [chart.curves(cut.normal) for cut in found]
    for cut, curves in zip(found, drawn, strict=True):
        for curve in curves:
            ax.plot(
                *curve.T, color=frame.INK, lw=1.4 if cut.of_sample else 1.0, ls="-" if cut.of_sample else "--",
                zorder=3, label=labels.pop(cut.of_sample, None), gid=f"cut {cut.name}",
            )  # fmt: skip
            if cut.of_sample and samples.n <= _FEW:
                ax.plot(
                    *curve.T, color=frame.INK, lw=0.7, path_effects=frame.TICKS, zorder=3, gid="active side"
                )
    if len(found) <= frame.MOST_NUMBERS:
        names = Labels(ax)
        for cut, places in zip(found, chart.name_places(drawn), strict=True):
            if len(places):
                names.add(cut.name, places, gid="cut name", **frame.PLATE)


def _draw_atoms(ax: Axes, chart: Chart, samples: Samples) -> None:
    units, count = vertices(samples, chart.norm)
    kinds = (units[:count], "o", frame.INK, "of samples"), (units[count:], "D", "white", "with a direction")
    for here, marker, face, kind in kinds:
        if len(here):
            places = np.vstack([chart.images(unit) for unit in here])
            ax.plot(
                *places.T, marker, color=frame.INK, mfc=face, ms=6.5, zorder=5, clip_on=False,
                label=f"atom: wedge {kind}", gid=f"atoms {kind}",
            )  # fmt: skip


def _draw_largest(ax: Axes, chart: Chart, samples: Samples, v: np.ndarray) -> None:
    """Stars where |F| is largest over all neurons, with their names."""
    dictionary = find_dictionary(samples, chart.norm, "all")
    largest = dictionary.price(v[:, None], 0.0, 1).maximum
    if not largest:
        return
    found = [
        uncentred(samples, unit) for unit in dictionary.price(v[:, None], (1 - _TIE) * largest, 50).units
    ]
    known = vertices(samples, chart.norm)[0]
    values = np.abs(np.maximum(known @ homogeneous(samples).T, 0.0) @ v)
    found = distinct([*known[values >= (1 - _TIE) * largest], *found])
    names = Labels(ax)
    label: str | None = f"largest |F| = {frame.number(largest)}"
    for k, unit in enumerate(found):
        places = chart.images(unit)
        ax.plot(
            *places.T, "*", color=frame.VERMILION, mec=frame.INK, ms=17, zorder=6, label=label, gid="maximum",
            clip_on=False,
        )  # fmt: skip
        label = None
        if k >= _NAMED:
            continue
        centred = samples.unit_of(unit[: samples.d], unit[-1]) if samples.bias else unit
        atom = name_atom(samples, centred, chart.norm, ball(chart.norm).directions(samples.d), v[:, None])
        names.add(
            str(atom), places, _BESIDE, fontsize=11, fontweight="bold", path_effects=frame.HALO, zorder=8,
            gid="largest",
        )  # fmt: skip
