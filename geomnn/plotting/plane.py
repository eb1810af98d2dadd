"""Two features: what the network does to the plane, and the lines of its neurons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.labels import BESIDE, Labels

_Sheet = tuple[np.ndarray, np.ndarray, np.ndarray]  # the grid's lines, across and up, and f on it
_GRID = 300


def plot_plane(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    output: int = 0,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """A network on the plane: decision regions or fitted surface, the neurons' lines, the samples they join.

    The line of a neuron is where w·x + b = 0; ticks stand on the side where it is active, on both for a pair ± on one
    line. It is solid for a wedge and dashed for a partial wedge, the wider the larger |z|. The samples that span the
    lines are ringed and carry their names, where there is room. Of thirty neurons and more the twelve largest are
    drawn so, and the others as thin lines.

    Parameters
    ----------
    network : AnalyticNetwork
        Of two features.
    X : array_like, shape (n, 2)
    y : array_like, shape (n,) or (n, c)
        Only −1 and +1: the regions f < 0 and f > 0 are drawn; else the height of f.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    output : int
        Which output to draw.
    labels : sequence of str, optional
        Names of the two classes −1 and +1, or of the outputs.
    feature_names : sequence of str, optional
        Two names; those of the network if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network.
    UnsupportedProblem
        If the network does not have two features.

    Source: geomnn theory, sections 1 and 2.
    """
    ax, network, X, targets, output = frame.prepared(network, X, y, 2, ax, output)
    names = frame.target_labels(labels, targets)
    features = frame.feature_labels(feature_names, 2, network.feature_names)
    box = plane_box(network, X)
    across, up = (np.linspace(low, high, _GRID) for low, high in box)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    sheet = across, up, frame.evaluate(network, points, output).reshape(_GRID, _GRID)
    if frame.is_two_classes(targets):
        _draw_regions(ax, sheet, X, targets[:, 0], names)
    else:
        _draw_heights(ax, sheet, X, targets[:, output], names[output])
    _draw_neurons(ax, network, box, output)
    _ring_samples(ax, network, X, output)
    ax.set(xlim=box[0], ylim=box[1])
    frame.name_axes(ax, features)
    if 1 / 2 < (box[0][1] - box[0][0]) / (box[1][1] - box[1][0]) < 2:
        ax.set_aspect("equal")
    return frame.legend_below(ax)


def plane_box(network: AnalyticNetwork, X: np.ndarray) -> list[tuple[float, float]]:
    """The part of the plane to draw; without bias every line goes through the origin, so it is in."""
    seen = X if network.bias else np.vstack([X, np.zeros(2)])
    return [frame.limits(seen[:, 0]), frame.limits(seen[:, 1])]


def zero_line(weight: np.ndarray, bias: float, box: list[tuple[float, float]]) -> np.ndarray | None:
    """The two ends of the line w·x + b = 0 in a box, shape (2, 2), w·x + b > 0 on the left; None outside."""
    low, size = np.array([side[0] for side in box]), np.array([side[1] - side[0] for side in box])
    normal, level = weight * size, bias + weight @ low  # in coordinates from 0 to 1
    scale = np.abs(normal).max()
    if scale == 0:
        return None
    normal, level = normal / scale, level / scale
    start, step = -level * normal / (normal @ normal), np.array([normal[1], -normal[0]])
    first, last = -np.inf, np.inf
    for place, speed in zip(start, step, strict=True):
        if speed == 0:
            if not 0 <= place <= 1:
                return None
            continue
        ends = sorted([-place / speed, (1 - place) / speed])
        first, last = max(first, ends[0]), min(last, ends[1])
    return low + size * (start + np.outer([first, last], step)) if first < last else None


def _draw_regions(ax: Axes, sheet: _Sheet, X: np.ndarray, y: np.ndarray, names: list[str]) -> None:
    heights = sheet[2]
    top = 1.01 * np.abs(heights).max() or 1.0
    ax.contourf(*sheet, levels=[-top, 0.0, top], colors=[frame.LIGHT, frame.DARK])
    if heights.min() < 0 < heights.max():
        ax.contour(*sheet, levels=[0.0], colors=frame.INK, linewidths=2.2)
        ax.plot([], [], color=frame.INK, lw=2.2, label="boundary f = 0")
    for sign, marker, colour, name in ((-1, "^", frame.VERMILION, names[0]), (1, "o", frame.BLUE, names[1])):
        here = X[y == sign]
        ax.plot(*here.T, marker, color=colour, mec="white", ms=6, label=name.replace("$", r"\$"), zorder=4)


def _draw_heights(ax: Axes, sheet: _Sheet, X: np.ndarray, y: np.ndarray, name: str) -> None:
    levels = MaxNLocator(14).tick_values(*frame.limits(np.append(sheet[2], y), 0.0))
    filled = ax.contourf(*sheet, levels=levels, cmap=frame.HEIGHTS)
    style: dict[str, Any] = {"c": y, "cmap": frame.HEIGHTS, "norm": filled.norm, "edgecolors": frame.INK}
    ax.scatter(X[:, 0], X[:, 1], s=38, linewidths=0.9, label="samples", gid="samples", zorder=4, **style)
    bar = ax.figure.colorbar(filled, cax=ax.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.set_label(f"f, and {name} in the dots", parse_math=False)


def _draw_neurons(ax: Axes, network: AnalyticNetwork, box: list[tuple[float, float]], output: int) -> None:
    sizes, full = np.abs(frame.coefficients(network, output)), set(frame.strongest(network, output))
    widths = np.sqrt(sizes / (sizes.max() or 1.0)) if len(sizes) else sizes
    of = "a neuron" if len(full) == len(network) else f"one of the {len(full)} largest neurons"
    labels = {kind: f"{kind}: line of {of}, ticks where active" for kind in ("wedge", "partial wedge")}
    rest: str | None = f"lines of the other {len(network) - len(full)}"
    ticks = dict.fromkeys(full, frame.TICKS)
    for pair in pairs(network, full):
        ticks |= {pair[0]: frame.BOTH_TICKS, pair[1]: []}
    for j, neuron in enumerate(network.neurons):
        ends = zero_line(neuron.weight, neuron.bias, box)
        if ends is None:
            continue
        kind = "partial wedge" if neuron.atom.is_partial else "wedge"
        style = "--" if neuron.atom.is_partial else "-"
        if j not in full:
            ax.plot(*ends.T, ls=style, color=frame.SOFT, lw=0.3, label=rest, gid=f"neuron {j}", zorder=2.5)
            rest = None
            continue
        ax.plot(
            *ends.T, ls=style, color=frame.INK, lw=0.5 + 1.3 * widths[j], label=labels.pop(kind, None),
            gid=f"neuron {j}", zorder=3,
        )  # fmt: skip
        if ticks[j]:
            ax.plot(*ends.T, color=frame.INK, lw=0.7, path_effects=ticks[j], zorder=3, gid=f"active side {j}")


def pairs(network: AnalyticNetwork, among: Iterable[int]) -> list[tuple[int, ...]]:
    """The pairs ± of neurons on one line: wedges of the same samples and directions."""
    found: dict[Any, list[int]] = {}
    for j in among:
        atom = network.neurons[j].atom
        if not atom.is_partial:
            found.setdefault((atom.samples, atom.directions, atom.anchored), []).append(j)
    return [tuple(members) for members in found.values() if len(members) == 2]


def _ring_samples(ax: Axes, network: AnalyticNetwork, X: np.ndarray, output: int) -> None:
    """Rings around the samples that span the neurons drawn in full, and their names, of the largest first."""
    full = frame.strongest(network, output)
    rows = list(dict.fromkeys(row for j in full for row in frame.spanning_rows(network.neurons[j].atom, X)))
    if not rows:
        return
    ax.scatter(
        X[rows, 0], X[rows, 1], s=110 if len(full) == len(network) else 60, facecolors="none",
        edgecolors=frame.INK, linewidths=1.1, zorder=5, gid="spanning", label="samples that span a line",
    )  # fmt: skip
    names = Labels(ax, points=X)
    for row in rows[: frame.MOST_NUMBERS]:
        names.add(
            f"x{row}", X[row], BESIDE, fontsize=9, fontweight="bold", gid="name", path_effects=frame.HALO
        )
