"""The pictures of a study as PNG and SVG, the same bytes in every run on one machine, whatever its settings are.

They are drawn on the canvases of these two formats, without pyplot, a window or a backend, in the default style of
matplotlib.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.report.listings import shortened
from geomnn.report.study import Study

__all__ = ["Picture", "draw"]

RESOLUTION = 200
ALONG = 41  # points of the band of predictions
MOST_DOTS = 3000  # of a picture with a dot for each sample
MOST_COLUMNS = 60  # of a picture of weights, which nobody could tell apart beyond


@dataclass(frozen=True)
class Picture:
    """A picture in two formats.

    Parameters
    ----------
    name : str
        Of its files, without ending.
    caption : str
    png, svg : bytes
    """

    name: str
    caption: str
    png: bytes
    svg: bytes


@contextmanager
def _own_style() -> Iterator[None]:
    """The default style of matplotlib, and none of the backends that the environment names: these show windows, or
    are there in a notebook alone. Afterwards the user's style and backend are what they were."""
    wanted = os.environ.pop("MPLBACKEND", None)  # with a nonsense name matplotlib cannot be imported
    first = "matplotlib" not in sys.modules
    try:
        import matplotlib
        from matplotlib import style
    finally:
        if wanted is not None:
            os.environ["MPLBACKEND"] = wanted
    if first and wanted:
        with suppress(
            ValueError
        ):  # what matplotlib would have raised on import; who shows a window hears it from it
            matplotlib.rcParams["backend"] = wanted
    with style.context(["default", {"svg.hashsalt": "geomnn", "svg.fonttype": "path"}]):
        yield


@_own_style()
def draw(study: Study) -> list[Picture]:
    """The network; with one feature what other optimal networks predict, with two the area that its largest neuron
    measures, with more its weights.

    Returns
    -------
    list of Picture
        One or two.
    """
    from geomnn import plotting

    network, X, y, labels = study.network, study.inputs, study.y, _labels(study)
    if network.features > 2:
        some = _some(len(X))
        X, y = X[some], y[some]
    names = [shortened(name) + " (standardised)" * (study.scaling is not None) for name in study.features]
    if study.y.ndim > 1:
        figure = plotting.plot_classes(
            network, X, y, labels=labels, feature_names=names if len(names) == 2 else None
        )
    elif network.features > 2:
        figure = plotting.plot_predictions(network, X, y, labels=labels)
    else:
        figure = plotting.plot_network(network, X, y, labels=labels, feature_names=names)
    pictures = [_picture("network", _caption(study), figure)]
    if network.features == 1 and study.spread is not None and study.spread.is_open:
        networks = "all" if study.spread.merged else "dictionary"
        band = plotting.plot_interval(
            study.spread.optima, networks=networks, points=ALONG, feature_names=names, at=_widest(study)
        )
        caption = (
            f"The band is between the least and the largest prediction of all optimal networks, at {ALONG} points. Two "
            "of these networks are drawn: the least and the largest where they were found to be farthest apart."
        )
        pictures.append(_picture("interval", caption, band))
    if 2 < network.features <= MOST_COLUMNS and len(network):
        columns = [shortened(name) for name in study.features]
        caption = (
            "The neurons, largest first: weights" + " of the standardised columns" * (study.scaling is not None)
            + ", biases" * network.bias + " and coefficients z. Colours compare within a column."
        )  # fmt: skip
        size = (min(4.5 + 0.55 * len(columns), 14.0), 5.2)
        axes = plotting.frame.new_axes(None, size)
        pictures.append(
            _picture("neurons", caption, plotting.plot_neurons(network, ax=axes, feature_names=columns))
        )
    if network.features == 2 and len(network):
        neuron = max(network.neurons, key=lambda n: float(np.linalg.norm(n.coefficient)))
        values = X @ neuron.weight + neuron.bias
        row = int(np.argmax(values))
        caption = (
            f"What the largest neuron, {neuron.atom}, measures at x{row}: a signed area over the length of "
            "its base. It is zero on the line through its samples and on the other side of it."
        )
        figure = plotting.plot_wedge(neuron.atom, X, row, feature_names=names)
        pictures.append(_picture("wedge", caption, figure))
    return pictures


def _widest(study: Study) -> float:
    spread = study.spread
    assert spread is not None, "it is open"
    return float(spread.points[spread.widest, 0])


def _some(n: int) -> slice:
    """The rows that a picture of samples as dots shows: all, or evenly spaced ones where they are more than it can."""
    return slice(0, n, -(-n // MOST_DOTS))


def _labels(study: Study) -> list[str] | None:
    if study.classes:
        return [shortened(name) for name in study.classes]
    return None if set(study.y.tolist()) == {-1.0, 1.0} else [shortened(study.request.target)]


def _caption(study: Study) -> str:
    if study.y.ndim > 1 and len(study.features) == 2:
        return "The class whose number of f is the largest, over the plane, and the samples."
    if len(study.features) == 1:
        where = (
            "Every breakpoint is at a sample."
            if study.request.bias
            else "Without biases it can break at 0 only."
        )
        return f"The network, its breakpoints and the samples. {where}"
    if len(study.features) == 2:
        return "The network over the plane, the samples, and the lines on which its neurons change sign."
    n = len(study.X)
    shown = len(range(n)[_some(n)])
    samples = "every sample" if shown == n else f"{shown:,} of the {n:,} samples"
    if study.y.ndim > 1:
        return f"The number of f of its own class less the largest other one at {samples}: above the line it is right."
    if study.classes:
        below, above = map(shortened, study.classes)
        return f"f at {samples}: above the dashed line the network says {above}, below it {below}."
    return f"The network at {samples} against the target."


def _picture(name: str, caption: str, figure: Any) -> Picture:
    return Picture(name, caption, _bytes(figure, "png"), _bytes(figure, "svg"))


def _bytes(figure: Any, kind: str) -> bytes:
    stream = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    figure.savefig(stream, format=kind, dpi=RESOLUTION, metadata=metadata)
    return stream.getvalue()
