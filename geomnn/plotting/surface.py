"""Two features in space: the fit is made of flat pieces that meet in creases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.plane import plane_box, zero_line

_GRID = 60


def plot_surface(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    output: int = 0,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """The fitted surface in space: flat pieces, the creases along the neurons' lines, samples and residuals.

    Parameters
    ----------
    network : AnalyticNetwork
        Of two features.
    X : array_like, shape (n, 2)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Axes with ``projection="3d"``; a new figure if not given.
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
    """
    axes, network, table, targets, column = frame.prepared(
        network, X, y, 2, ax, output, size=(6.4, 5.8), projection="3d"
    )
    height = "f" if frame.is_two_classes(targets) else frame.target_labels(labels, targets)[column]
    names = [*frame.feature_labels(feature_names, 2, network.feature_names), height]
    axes.computed_zorder = False
    _draw_sheet(axes, network, plane_box(network, table), column)
    _draw_samples(axes, table, frame.evaluate(network, table, column), targets[:, column])
    frame.name_axes(axes, names)
    frame.open_space(axes)
    return frame.legend_below(axes)


def _draw_samples(ax: Any, X: np.ndarray, fitted: np.ndarray, observed: np.ndarray) -> None:
    for (across, up), *stem in zip(X, fitted, observed, strict=True):
        ax.plot([across, across], [up, up], stem, color=frame.VERMILION, lw=1, zorder=3, gid="residual")
    ax.plot(
        X[:, 0], X[:, 1], observed, "o", color=frame.VERMILION, mec=frame.INK, ms=5, zorder=4,
        label="samples, with their residuals", gid="samples",
    )  # fmt: skip


def _draw_sheet(ax: Any, network: AnalyticNetwork, box: list[tuple[float, float]], output: int) -> None:
    """The surface on a grid, and the creases exactly: f on a line is linear between crossings with others."""
    across, up = np.meshgrid(*(np.linspace(low, high, _GRID) for low, high in box))
    points = np.column_stack([across.ravel(), up.ravel()])
    heights = frame.evaluate(network, points, output).reshape(across.shape)
    low, high = frame.limits(heights, 0.0)
    ax.plot_surface(
        across, up, heights, cmap=frame.HEIGHTS, vmin=low, vmax=high, rstride=1, cstride=1, linewidth=0,
        antialiased=False, zorder=1,
    )  # fmt: skip
    full = set(frame.strongest(network, output))
    some = len(full) < len(network)
    labels = {
        True: "creases: lines of the " + (f"{len(full)} largest neurons" if some else "neurons"),
        False: f"of the other {len(network) - len(full)}",
    }
    for j, neuron in enumerate(network.neurons):
        ends = zero_line(neuron.weight, neuron.bias, box)
        if ends is None:
            continue
        along = _crossings(network, ends)
        points = ends[0] + along[:, None] * (ends[1] - ends[0])
        ax.plot(
            points[:, 0], points[:, 1], frame.evaluate(network, points, output), color=frame.INK, zorder=2,
            lw=1.1 if j in full else 0.3, ls="--" if neuron.atom.is_partial else "-", gid=f"crease {j}",
            label=labels.pop(j in full, None),
        )  # fmt: skip


def _crossings(network: AnalyticNetwork, ends: np.ndarray) -> np.ndarray:
    """Where a segment meets the lines of the neurons, as fractions of its length, with 0 and 1."""
    inner, biases, _, _ = network.arrays()
    at = ends @ inner.T + biases
    change = at[0] - at[1]
    fractions = np.divide(at[0], change, out=np.zeros_like(change), where=change != 0)
    return np.unique(np.concatenate([[0.0, 1.0], fractions[(fractions > 0) & (fractions < 1)]]))
