"""Pictures of networks and of the wedges that they are made of.

No picture touches the global state of pyplot: it is drawn on the axes given, or on a figure of its own,
which needs no display, saves itself with ``.savefig`` and shows itself in a notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.errors import OptionError
from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.arrangement import plot_chambers
from geomnn.plotting.classes import plot_classes
from geomnn.plotting.dual_set import plot_dual_set
from geomnn.plotting.line import plot_fit
from geomnn.plotting.optimal_set import plot_components, plot_interval, plot_optimal_set
from geomnn.plotting.plane import plot_plane
from geomnn.plotting.predictions import plot_neurons, plot_predictions
from geomnn.plotting.regularisation import plot_degrees_of_freedom, plot_errors, plot_path
from geomnn.plotting.residuals import plot_residuals
from geomnn.plotting.space import plot_space
from geomnn.plotting.surface import plot_surface
from geomnn.plotting.wedge import plot_wedge

__all__ = [
    "plot_chambers",
    "plot_classes",
    "plot_components",
    "plot_degrees_of_freedom",
    "plot_dual_set",
    "plot_errors",
    "plot_fit",
    "plot_interval",
    "plot_network",
    "plot_neurons",
    "plot_optimal_set",
    "plot_path",
    "plot_plane",
    "plot_predictions",
    "plot_residuals",
    "plot_space",
    "plot_surface",
    "plot_wedge",
]


def plot_network(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    most_outputs: int = 3,
) -> Figure:
    """The picture that suits the number of features.

    One feature: `plot_fit`; two: `plot_plane`; more: `plot_predictions` beside `plot_neurons`. A vector
    output has one panel for each of its first components.

    Parameters
    ----------
    network : AnalyticNetwork
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Where to draw, for one or two features and one output; a new figure if not given.
    labels : sequence of str, optional
        Names of the two classes −1 and +1, or of the outputs.
    feature_names : sequence of str, optional
        As many as the network has features; those of the network if not given.
    most_outputs : int
        How many outputs to draw at most.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network, or ``ax`` is given where there are several panels.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = gm.datasets.ramps()
    >>> figure = gm.plotting.plot_network(gm.derive(X, y, reg=0.1).network, X, y, feature_names=["time"])
    >>> figure.axes[0].get_xlabel()
    'time'
    """
    network = network.numeric()
    table, targets = frame.checked(network, X, y)
    d, outputs = network.features, min(targets.shape[1], most_outputs)
    panels = outputs + (d > 2)
    if panels == 1 and d <= 2:
        plot = plot_fit if d == 1 else plot_plane
        return plot(network, table, y, ax=ax, labels=labels, feature_names=feature_names)
    if ax is not None or most_outputs < 1:
        raise OptionError(
            f"ax={ax!r}, most_outputs={most_outputs!r}; this network needs a figure "
            f"of {max(panels, 1)} panels: leave out ax, and draw at least one output."
        )
    return _panels(network, table, targets, outputs, labels, feature_names)


def _panels(
    network: AnalyticNetwork,
    X: np.ndarray,
    targets: np.ndarray,
    outputs: int,
    labels: Sequence[str] | None,
    feature_names: Sequence[str] | None,
) -> Figure:
    """A figure with a panel for each output and, for more than two features, one for the neurons, below each other."""
    d, panels = network.features, outputs + (network.features > 2)
    figure = frame.Picture(figsize=(6.4, 5.2 * panels), layout="constrained")
    panes = figure.subplots(panels, 1, squeeze=False)[:, 0]
    names = frame.target_labels(labels, targets)
    for output, pane in zip(range(outputs), panes, strict=False):
        if d > 2:
            plot_predictions(network, X, targets, ax=pane, output=output, labels=labels)
        else:
            plot = plot_fit if d == 1 else plot_plane
            plot(network, X, targets, ax=pane, output=output, labels=labels, feature_names=feature_names)
        if targets.shape[1] > 1 and d > 1:
            pane.set_title(names[output], parse_math=False)
    if d > 2:
        of_outputs = labels if targets.shape[1] > 1 else None
        plot_neurons(network, ax=panes[-1], labels=of_outputs, feature_names=feature_names)
    return frame.legend_below(panes[0])
