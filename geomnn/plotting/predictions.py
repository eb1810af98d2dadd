"""Any number of features: predicted against observed targets, and the neurons as a table of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.labels import Labels, thin_ticks

_MOST_ROWS, _MOST_WRITTEN = 20, 14


def plot_predictions(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    output: int = 0,
    labels: Sequence[str] | None = None,
) -> Figure:
    """Predicted against observed targets; for −1 and +1, the values of f in each class.

    Parameters
    ----------
    network : AnalyticNetwork
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    output : int
        Which output to draw.
    labels : sequence of str, optional
        Names of the two classes −1 and +1, or of the outputs.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network.
    """
    ax, network, X, targets, output = frame.prepared(network, X, y, None, ax, output, neurons=False)
    names = frame.target_labels(labels, targets)
    predicted, observed = frame.evaluate(network, X, output), targets[:, output]
    if frame.is_two_classes(targets):
        for place, (sign, marker, colour) in enumerate(((-1, "^", frame.VERMILION), (1, "o", frame.BLUE))):
            values = predicted[observed == sign]
            spread = 0.5 * (np.arange(len(values)) * 0.618034 % 1.0 - 0.5)  # even, and the same each time
            ax.plot(place + spread, values, marker, color=colour, mec="white", ms=6, gid=f"class {sign}")
        ax.axhline(0.0, color=frame.INK, lw=1, ls="--", label="boundary f = 0")
        ax.set_xticks([0, 1], [frame.shortened(name, 24) for name in names], parse_math=False)
        ax.set(xlim=(-0.5, 1.5), ylim=frame.limits(np.append(predicted, 0.0)))
        ax.set(xlabel="observed class", ylabel="f")
        return frame.legend_below(ax)
    view = frame.limits(np.append(predicted, observed))
    ax.plot(view, view, color=frame.INK, lw=1, ls="--", label="predicted = observed")
    ax.plot(observed, predicted, "o", color=frame.BLUE, mec="white", ms=6, label="samples", gid="samples")
    ax.set(xlim=view, ylim=view, aspect="equal")
    frame.name_axes(ax, [f"observed {names[output]}", f"predicted {names[output]}"])
    return frame.legend_below(ax)


def plot_neurons(
    network: AnalyticNetwork,
    *,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """The neurons as a table: unit weights u = (w, b) and coefficients z, coloured within each column.

    Rows are named by their atoms, largest ‖z‖ first, at most 20. Columns have different units, so a colour
    compares a number with the largest of its own column.

    Parameters
    ----------
    network : AnalyticNetwork
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : sequence of str, optional
        Names of the outputs.
    feature_names : sequence of str, optional
        As many as the network has features; those of the network if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If there are too many or too few names.
    """
    frame.refuse_scaling(network)
    network = network.numeric()
    ax = frame.new_axes(ax, (6.4, 5.2))
    outputs = frame.target_labels(labels, np.empty((0, np.size(network.intercept))))
    features = frame.feature_labels(feature_names, network.features, network.feature_names)
    columns = features + ["bias"] * network.bias
    columns += ["z"] if network.outputs is None else [f"z of {name}" for name in outputs]
    if not network.neurons:
        ax.text(0.5, 0.5, "no neurons:\nthe network is a constant", ha="center", va="center")
        ax.set_axis_off()
        return frame.figure_of(ax)
    z = np.array([np.atleast_1d(neuron.coefficient) for neuron in network.neurons])
    atoms = [neuron.atom for neuron in network.neurons]
    units = np.array([[*atom.weight, *[atom.bias] * network.bias] for atom in atoms])
    order = np.argsort(-np.linalg.norm(z, axis=1), kind="stable")[:_MOST_ROWS]
    values = np.hstack([units, z])[order]
    largest = np.abs(values).max(axis=0)
    shades = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    image = ax.imshow(shades, cmap="PuOr_r", vmin=-1, vmax=1, aspect="auto", gid="weights")
    written = Labels(ax, whole=True)
    for row, column in np.ndindex(*values.shape) if values.shape[1] <= _MOST_WRITTEN else ():
        colour = "white" if abs(shades[row, column]) > 0.6 else frame.INK
        text = f"{values[row, column] + 0.0:.3g}".replace("-", "−")
        written.add(text, (column, row), ha="center", va="center", fontsize=9, color=colour, gid="value")
    ax.axvline(values.shape[1] - z.shape[1] - 0.5, color=frame.INK, lw=1.5)
    ax.set_yticks(
        range(len(order)),
        [frame.shortened(atoms[j].label(features)) for j in order],
        fontsize=9,
        parse_math=False,
    )
    ax.set_xticks(range(len(columns)), columns, rotation=90, fontsize=9, parse_math=False)
    thin_ticks(ax, "x")
    thin_ticks(ax, "y")
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.ax.tick_params(labelsize=9)
    bar.set_label("share of the column's largest", fontsize=9)
    if len(network) > len(order):
        ax.set_title(f"the {len(order)} largest of {len(network)} neurons", fontsize=10)
    return frame.legend_below(ax)
