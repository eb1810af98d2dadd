"""More than two classes: their regions in the plane, and by how much each sample is on the right side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.errors import DataError
from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.labels import thin_ticks
from geomnn.plotting.plane import plane_box

__all__ = ["plot_classes"]

_GRID = 240  # points of a side of the plane
_MARKERS = "^osDvP*X<>"
_MOST_NAMED = 12  # classes
_WIDE = 30  # letters of their names, which stand beside each other up to there


def plot_classes(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    margins: bool = False,
) -> Figure:
    """The class with the largest output: two features as regions of the plane, more as the margin of each sample.

    The margin is the output of the sample's own class less the largest other one: it is right where that is above 0.

    Parameters
    ----------
    network : AnalyticNetwork
        With an output for each class.
    X : array_like, shape (n, d)
    y : array_like, shape (n, c)
        One-hot rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : sequence of str, optional
        Names of the classes.
    feature_names : sequence of str, optional
        As many as the network has features.
    margins : bool
        Whether to draw the margins of two features as well.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network.
    """
    plane = network.features == 2 and not margins
    ax, network, X, targets, _ = frame.prepared(network, X, y, None, ax, neurons=plane)
    if targets.shape[1] < 2 or ((targets != 0) & (targets != 1)).any() or (targets.sum(axis=1) != 1).any():
        raise DataError("y holds no classes; one-hot rows were expected, a 1 in the column of each sample's class and "
                        "0 elsewhere, and two columns or more.")  # fmt: skip
    names = frame.target_labels(labels, targets)
    own, shades = targets.argmax(axis=1), [frame.SHADES[k % len(frame.SHADES)] for k in range(len(names))]
    if plane:
        _draw_regions(ax, network, X, shades)
        frame.name_axes(ax, frame.feature_labels(feature_names, 2, network.feature_names))
        places = X
    else:
        f = network(X)
        others = np.where(targets > 0, -np.inf, f).max(axis=1)
        order = np.argsort(own, kind="stable")
        spread = np.empty(len(own))
        spread[order] = np.arange(len(own)) * 0.618034 % 1.0  # even, and the same each time
        places = np.column_stack([own + 0.5 * (spread - 0.5), f[np.arange(len(own)), own] - others])
        ax.axhline(0.0, color=frame.INK, lw=1, ls="--", label="above: the right class")
        few = range(len(names)) if len(names) <= _MOST_NAMED else []
        turned = sum(map(len, names)) > _WIDE
        ax.set_xticks(
            few, [frame.shortened(names[k], 24) for k in few], parse_math=False, rotation=90 * turned
        )
        thin_ticks(ax)
        ax.set(xlabel="observed class", ylabel="own output\nless largest other")
    for k, name in enumerate(names):
        # so that no two of a hundred have the same marker and the same shade
        marker = _MARKERS[(k + k // len(frame.SHADES)) % len(_MARKERS)]
        text = frame.shortened(name).replace("$", r"\$") if plane and k < _MOST_NAMED else None
        here = places[own == k]
        ax.plot(*here.T, marker, color=shades[k], mec="white", ms=6, label=text, gid=f"class {k}")
    return frame.legend_below(ax)


def _draw_regions(ax: Axes, network: AnalyticNetwork, X: np.ndarray, shades: list[Any]) -> None:
    """Where each output is the largest, in a light shade, and the boundaries between."""
    box = plane_box(network, X)
    across, up = (np.linspace(low, high, _GRID) for low, high in box)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    f = np.column_stack([frame.evaluate(network, points, k) for k in range(len(shades))])
    for k, shade in enumerate(shades):
        lead = (f[:, k] - np.delete(f, k, axis=1).max(axis=1)).reshape(_GRID, _GRID)
        if lead.max() > 0:
            ax.contourf(across, up, lead, levels=[0.0, 1.01 * lead.max()], colors=[shade], alpha=0.25)
        if lead.min() < 0 < lead.max():
            ax.contour(across, up, lead, levels=[0.0], colors=frame.INK, linewidths=1.0)
    ax.set(xlim=box[0], ylim=box[1])
