"""Three features: the planes of the largest neurons, each through the samples that span it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.labels import BESIDE, Labels

_COLOURS = (frame.BLUE, frame.VERMILION, frame.ORANGE, frame.SKY)


def plot_space(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    planes: int = 3,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """The planes on which the largest neurons change sign, and the samples that span them.

    Parameters
    ----------
    network : AnalyticNetwork
        Of three features.
    X : array_like, shape (n, 3)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Axes with ``projection="3d"``; a new figure if not given.
    planes : int
        How many neurons to draw, the largest ones.
    feature_names : sequence of str, optional
        Three names; those of the network if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network.
    UnsupportedProblem
        If the network does not have three features.
    """
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    axes, network, table, *_ = frame.prepared(network, X, y, 3, ax, size=(6.4, 5.8), projection="3d")
    box = [frame.limits(column, 0.1) for column in table.T]
    axes.plot(*table.T, "o", color=frame.GREY, ms=4, label="samples", gid="samples")
    spanning: list[int] = []
    planes = min(planes, len(_COLOURS))
    for colour, j in zip(_COLOURS, network.largest(planes), strict=False):
        atom = network.neurons[j].atom
        polygon = plane_in_box(atom.weight, atom.bias, box)
        if len(polygon) < 3:
            continue
        face = Poly3DCollection(
            [polygon], facecolor=colour, alpha=0.25, edgecolor=colour, lw=1.5,
            linestyle="--" if atom.is_partial else "-", gid=f"plane {j}", label=str(atom),
        )  # fmt: skip
        axes.add_collection3d(face)
        rows = frame.spanning_rows(atom, table)
        axes.plot(*table[rows].T, "o", mfc="none", mec=colour, ms=11, mew=1.8, gid=f"spanning {j}")
        spanning += [row for row in rows if row not in spanning]
    axes.set(xlim=box[0], ylim=box[1], zlim=box[2])
    frame.name_axes(axes, frame.feature_labels(feature_names, 3, network.feature_names))
    names = Labels(axes, points=table)
    for row in spanning:
        names.add(
            f"x{row}", table[row], BESIDE, fontsize=9, fontweight="bold", path_effects=frame.HALO, gid="name"
        )
    if len(network) > planes:
        axes.set_title(f"the planes of the {planes} largest of {len(network)} neurons", fontsize=10)
    frame.open_space(axes)
    return frame.legend_below(axes)


def plane_in_box(weight: np.ndarray, bias: float, box: Sequence[tuple[float, float]]) -> np.ndarray:
    """Corners, in order, of the part of the plane w·x + b = 0 inside a box; shape (k, 3), k = 0 outside."""
    corners = np.array(list(product(*box)))
    values = corners @ weight + bias
    points = []
    for i, j in product(range(8), repeat=2):
        one_edge = i < j and np.count_nonzero(corners[i] != corners[j]) == 1
        if one_edge and values[i] * values[j] <= 0 and values[i] != values[j]:
            points.append(corners[i] + values[i] / (values[i] - values[j]) * (corners[j] - corners[i]))
    if len(points) < 3:
        return np.zeros((0, 3))
    around = np.array(points)
    middle = around - around.mean(axis=0)
    first, second = np.linalg.svd(middle, full_matrices=False)[2][:2]
    return around[np.argsort(np.arctan2(middle @ second, middle @ first))]
