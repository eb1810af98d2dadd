"""One feature: the fit is a broken line, and it breaks at samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame
from geomnn.plotting.labels import Labels


def plot_fit(
    network: AnalyticNetwork,
    x: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    output: int = 0,
    labels: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """A fit in one feature, with its breakpoints and the atoms that make them.

    f(x) = Σ z_j (± (x − x_a))_+ + t breaks where a neuron changes sign, which is at its anchor x_a.

    Parameters
    ----------
    network : AnalyticNetwork
        Of one feature.
    x : array_like, shape (n,) or (n, 1)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    output : int
        Which output to draw.
    labels : sequence of str, optional
        Names of the two classes −1 and +1, or of the outputs.
    feature_names : sequence of str, optional
        The name of the feature; that of the network if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data or the names do not fit the network.
    UnsupportedProblem
        If the network has more than one feature.
    """
    ax, network, X, targets, output = frame.prepared(network, x, y, 1, ax, output, size=(6.4, 4.6))
    inner, biases, _, _ = network.arrays()
    breaks = 0.0 - biases / inner[:, 0]
    low, high = frame.limits(np.append(X[:, 0], breaks))
    knots = np.unique(np.concatenate([[low, high], breaks]))
    names = frame.target_labels(labels, targets)
    classes = frame.is_two_classes(targets)

    fitted, observed = frame.evaluate(network, knots[:, None], output), targets[:, output]
    ax.plot(knots, fitted, color=frame.BLUE, lw=2, label="fit f", gid="fit")
    ax.plot(X[:, 0], observed, "o", color=frame.INK, mfc="white", ms=7, label="samples", gid="samples")
    if len(breaks):
        _draw_breaks(ax, network, breaks, output)
    if classes:
        ax.axhline(0.0, color=frame.INK, lw=0.8, ls=":", label=f"f = 0, between {names[0]} and {names[1]}")
    ax.set_xlim(low, high)
    ax.set_ylim(*frame.limits(np.append(fitted, observed)))
    frame.name_axes(
        ax,
        [*frame.feature_labels(feature_names, 1, network.feature_names), "f" if classes else names[output]],
    )
    return frame.legend_below(ax)


def _draw_breaks(ax: Axes, network: AnalyticNetwork, breaks: np.ndarray, output: int) -> None:
    """A mark and a dotted line at each breakpoint, and the atoms' names above those that leave room for them."""
    full, heights = frame.strongest(network, output), frame.evaluate(network, breaks[:, None], output)
    rest = sorted(set(range(len(network))) - set(full))
    of = f"breakpoints of the {len(full)} largest neurons" if rest else "breakpoints"
    ax.plot(
        breaks[full], heights[full], "D", color=frame.VERMILION, ms=5, zorder=4, label=of, gid="breakpoints"
    )
    if rest:
        ax.plot(breaks[rest], heights[rest], ".", color=frame.VERMILION, ms=4, zorder=4, gid="other breakpoints",
                label=f"of the other {len(rest)}")  # fmt: skip
    names, top = Labels(ax, inside=False), ax.get_xaxis_transform()
    for j in full[: frame.MOST_NUMBERS]:
        atom = network.neurons[j].atom
        both = {neuron.atom.orientation for neuron in network.neurons if neuron.atom.samples == atom.samples}
        name = str(atom) if len(both) == 1 else f"±{str(atom)[1:]}"
        if name not in (given.get_text() for given, _ in names.names):
            names.add(
                name, (breaks[j], 1.02), rotation=90, ha="center", va="bottom", fontsize=9, xycoords=top,
                gid="breakpoint name",
            )  # fmt: skip
    for place in np.unique(breaks[full]):
        ax.axvline(place, color=frame.GREY, lw=0.8, ls=":", zorder=0)
