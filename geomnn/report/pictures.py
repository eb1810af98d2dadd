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
    alt : str
        What is to be seen, for those who do not see it; the caption if empty.
    """

    name: str
    caption: str
    png: bytes
    svg: bytes
    alt: str = ""

    @property
    def wide(self) -> bool:
        """Whether it is a table, whose letters a narrow page would make too small."""
        return self.name == "neurons"


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
    """The network; with one feature what other optimal networks predict; the residuals, or how far each sample is in
    its class; with two features the area that its largest neuron measures, with more its weights.

    Returns
    -------
    list of Picture
    """
    names = [shortened(name) + " (standardised)" * (study.scaling is not None) for name in study.features]
    parts = (_network, _interval, _residuals, _neurons, _wedge)
    return [picture for part in parts if (picture := part(study, names)) is not None]


def _network(study: Study, names: list[str]) -> Picture:
    """The network over its features, or what it predicts against what was observed."""
    from geomnn import plotting

    network, (X, y), labels = study.network, _dots(study), _labels(study)
    d, k, n = network.features, len(network), len(X)
    if study.y.ndim > 1:
        figure = plotting.plot_classes(network, X, y, labels=labels, feature_names=names if d == 2 else None)
        alt = f"Map of {study.y.shape[1]} classes over {' and '.join(names)}" if d == 2 else _margins(study)
    elif d > 2:
        figure = plotting.plot_predictions(network, X, y, labels=labels)
        alt = _margins(study) if study.classes else f"Dots: predicted against observed {study.request.target}"
    else:
        figure = plotting.plot_network(network, X, y, labels=labels, feature_names=names)
        bends = f"and the {'breakpoints' if d == 1 else 'lines'} at which {k} neurons begin"
        alt = f"{'Graph' if d == 1 else 'Map'} of the network over {' and '.join(names)}, {bends}"
    return _picture("network", _caption(study), figure, f"{alt}, with {n:,} samples as dots.")


def _interval(study: Study, names: list[str]) -> Picture | None:
    """What other optimal networks of one feature predict."""
    from geomnn import plotting

    if study.network.features > 1 or study.spread is None or not study.spread.is_open:
        return None
    networks = "all" if study.spread.merged else "dictionary"
    band = plotting.plot_interval(
        study.spread.optima, networks=networks, points=ALONG, feature_names=names, at=_widest(study)
    )
    caption = (
        f"The band is between the least and the largest prediction of all optimal networks, at {ALONG} points. Two "
        "of these networks are drawn: the least and the largest where they were found to be farthest apart."
    )
    return _picture(
        "interval", caption, band, f"Band of predictions over {names[0]}, with two networks in it."
    )


def _residuals(study: Study, names: list[str]) -> Picture | None:
    """By how much each sample is missed; of classes in the plane by how much each is in its own, as the picture of the
    network does not show it."""
    from geomnn import plotting

    network, (X, y) = study.network, _dots(study, every=False)
    if study.classes is not None:
        several = study.y.ndim > 1
        if network.features > 2 or (several and network.features == 1):
            return None
        if several:
            figure = plotting.plot_classes(network, X, y, labels=_labels(study), margins=True)
        else:
            figure = plotting.plot_predictions(network, X, y, labels=_labels(study))
        return _picture("residuals", _caption(study, margins=True), figure, f"{_margins(study)} as dots.")
    held = None
    if study.held is not None:
        rows = _some(len(study.held.X))
        inputs = study.held.X[rows]
        held = (inputs if study.scaling is None else study.scaling(inputs), study.held.y[rows])
    axes = plotting.frame.new_axes(None, (6.4, 3.8))
    figure = plotting.plot_residuals(network, X, y, ax=axes, left_out=held)
    caption = (
        f"The residual, observed less predicted {shortened(study.request.target)}, of {_shown_samples(study)}"
        + ", and of those that were left out" * (held is not None)
        + ". A pattern about the dashed line is what the network has not learned."
    )  # fmt: skip
    return _picture("residuals", caption, figure, f"Dots: residuals over predictions of {len(X):,} samples.")


def _neurons(study: Study, names: list[str]) -> Picture | None:
    """The weights of three features and more as a table of colours."""
    from geomnn import plotting

    network = study.network
    if not 2 < network.features <= MOST_COLUMNS or not len(network):
        return None
    columns = [shortened(name) for name in study.features]
    caption = (
        "The neurons, largest first: weights" + " of the standardised columns" * (study.scaling is not None)
        + ", biases" * network.bias + " and coefficients z. Colours compare within a column."
    )  # fmt: skip
    axes = plotting.frame.new_axes(None, (min(4.5 + 0.55 * len(columns), 14.0), 5.2))
    outputs = _labels(study) if study.y.ndim > 1 else None
    figure = plotting.plot_neurons(network, ax=axes, labels=outputs, feature_names=columns)
    return _picture("neurons", caption, figure, "Table of colours: a row a neuron; its numbers are below.")


def _wedge(study: Study, names: list[str]) -> Picture | None:
    """The signed area that the largest neuron of two features measures."""
    from geomnn import plotting

    network, X = study.network, study.inputs
    if network.features != 2 or not len(network):
        return None
    neuron = max(network.neurons, key=lambda n: float(np.linalg.norm(n.coefficient)))
    row = int(np.argmax(X @ neuron.weight + neuron.bias))
    caption = (
        f"What the largest neuron, {neuron.atom}, measures at x{row}: a signed area over the length of "
        "its base. It is zero on the line through its samples and on the other side of it."
    )
    figure = plotting.plot_wedge(neuron.atom, X, row, feature_names=names)
    return _picture("wedge", caption, figure, f"A parallelogram among the samples, with a corner at x{row}.")


def _dots(study: Study, every: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The samples of a picture; over one or two features there is room for every one."""
    if every and study.network.features <= 2:
        return study.inputs, study.y
    rows = _some(len(study.X))
    return study.inputs[rows], study.y[rows]


def _margins(study: Study) -> str:
    """The picture of samples of classes in words."""
    classes = study.classes or ()
    return f"Columns of {len(classes)} classes by how far each sample is on the right side"


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


def _caption(study: Study, margins: bool = False) -> str:
    if study.y.ndim > 1 and len(study.features) == 2 and not margins:
        return "The class whose number of f is the largest, over the plane, and the samples."
    if len(study.features) == 1 and study.y.ndim == 1 and not margins:
        where = (
            "Every breakpoint is at a sample."
            if study.request.bias
            else "Without biases it can break at 0 only."
        )
        return f"The network, its breakpoints and the samples. {where}"
    if len(study.features) == 2 and not margins:
        return "The network over the plane, the samples, and the lines on which its neurons change sign."
    samples = _shown_samples(study)
    if study.y.ndim > 1:
        return f"The number of f of its own class less the largest other one at {samples}: above the line it is right."
    if study.classes:
        below, above = map(shortened, study.classes)
        return f"f at {samples}: above the dashed line the network says {above}, below it {below}."
    return f"The network at {samples} against the target."


def _shown_samples(study: Study) -> str:
    """How many samples a picture has of those that there are."""
    n = len(study.X)
    shown = len(range(n)[_some(n)])
    return "every sample" if shown == n else f"{shown:,} of the {n:,} samples"


def _picture(name: str, caption: str, figure: Any, alt: str) -> Picture:
    return Picture(name, caption, _bytes(figure, "png"), _bytes(figure, "svg"), alt)


def _bytes(figure: Any, kind: str) -> bytes:
    stream = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    figure.savefig(stream, format=kind, dpi=RESOLUTION, metadata=metadata)
    return stream.getvalue()
