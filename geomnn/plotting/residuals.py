"""Residuals: by how much each sample is missed, over what is predicted for it."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting import frame

__all__ = ["plot_residuals"]


def plot_residuals(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    output: int = 0,
    left_out: tuple[Any, Any] | None = None,
) -> Figure:
    """Residuals y − f(x) over predictions f(x); a pattern in them is what the network has not learned.

    Parameters
    ----------
    network : AnalyticNetwork
        Of any depth.
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    output : int
        Which output to draw.
    left_out : tuple (X, y), optional
        Samples that the network was not derived from, of another colour and shape.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError, OptionError
        If the data do not fit the network.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = gm.datasets.ramps()
    >>> figure = gm.plotting.plot_residuals(gm.derive(X, y, reg=0.1).network, X, y)
    >>> figure.axes[0].get_ylabel()
    'residual: observed less predicted'
    """
    ax, network, X, targets, output = frame.prepared(network, X, y, None, ax, output, neurons=False)
    ax.axhline(0.0, color=frame.INK, lw=1, ls="--", label="predicted = observed")
    groups = [("samples", X, targets, "o", frame.BLUE)]
    if left_out is not None:
        groups.append(("left out", *frame.checked(network, *left_out, neurons=False), "D", frame.ORANGE))
    for name, rows, observed, marker, colour in groups:
        predicted = frame.evaluate(network, rows, output)
        residuals = observed[:, output] - predicted
        ax.plot(predicted, residuals, marker, color=colour, mec="white", ms=6, label=name, gid=name)
    ax.set(xlabel="predicted", ylabel="residual: observed less predicted")
    return frame.legend_below(ax)
