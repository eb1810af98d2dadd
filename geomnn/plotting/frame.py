"""What the pictures share: figures without global state, checked data, colours, limits and numbers.

The colours are those of Okabe and Ito; whatever a colour says, a marker, a line style or a hatching says
too, so that the pictures survive a black-and-white printer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke, TickedStroke
from matplotlib.ticker import MaxNLocator
from PIL import Image

from geomnn.atoms import Atom
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.hypertext import image
from geomnn.networks.network import AnalyticNetwork
from geomnn.plotting.labels import make_legible
from geomnn.validation import check_integer, finite_floats, real_table
from geomnn.words import feature_words

PAPER, INK, SOFT, GREY, FAINT = "#FFFFFF", "#000000", "#595959", "#8C8C8C", "#BFBFBF"
BLUE, VERMILION, ORANGE, SKY = "#0072B2", "#D55E00", "#E69F00", "#56B4E9"
LIGHT, DARK = "#FBE8C6", "#A9CFE8"  # regions of class −1 and +1: they differ in lightness too
# any two are told apart with each kind of colour blindness, by ten units of ΔE2000; a test measures it
ROLES = {
    "paper": PAPER, "ink": INK, "soft": SOFT, "grey": GREY, "faint": FAINT, "blue": BLUE, "vermilion": VERMILION,
    "orange": ORANGE, "sky": SKY, "below": LIGHT, "above": DARK,
}  # fmt: skip
SHADES = (  # of classes, told apart in the same way
    VERMILION, BLUE, ORANGE, SKY, "#501BB1", "#2A534B", "#C9BD94", "#4B0D01", "#8C9070", "#011D5C",
)  # fmt: skip
_CIVIDIS = colormaps["cividis"](np.linspace(0.0, 1.0, 256))
HEIGHTS = ListedColormap(0.35 + 0.65 * _CIVIDIS)  # so light that black lines show on it
HALO = [Stroke(linewidth=2.5, foreground="white"), Normal()]  # keeps text readable on anything
# on the left of a line, and for a pair ± on both of its sides, where one tick crosses it
TICKS = [TickedStroke(spacing=9, angle=90, length=0.45)]
BOTH_TICKS = [*TICKS, TickedStroke(spacing=9, angle=-90, length=0.45)]
# a name on a white plate, in the middle of a line
PLATE: dict[str, Any] = {
    "ha": "center", "va": "center", "fontsize": 10, "fontweight": "bold",
    "bbox": {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
}  # fmt: skip
COLOURS = 64  # of a small picture
MOST_NUMBERS = 15  # more names than this on one picture cannot be read
MANY, STRONGEST = 30, 12  # neurons from which on so many, the largest, are drawn in full and the others thin
NARROW = 5.0  # inches: as wide as a picture may be made


class Picture(Figure):
    """A matplotlib figure that notebooks and galleries can show although pyplot does not know it."""

    def _repr_html_(self) -> str:
        return in_page(self)


def in_page(figure: Figure, words: str = "picture of a network", small: bool = False) -> str:
    """A figure as HTML; a small one has a quarter of the bytes, by fewer dots and colours."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=72 if small else 100)
    if small:
        picture, buffer = Image.open(buffer).convert("RGB").quantize(COLOURS), io.BytesIO()
        picture.save(buffer, "png", optimize=True)
    return image(buffer.getvalue(), words)


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.4, 5.2), projection: str | None = None) -> Axes:
    """The axes given, or those of a new figure without global state."""
    if ax is not None:
        return ax
    return Picture(figsize=size, layout="constrained").add_subplot(projection=projection)


def figure_of(ax: Any) -> Figure:
    """The whole figure that the axes are part of."""
    figure = ax.figure
    while not isinstance(figure, Figure):
        figure = figure.figure
    return figure


def refuse_scaling(network: AnalyticNetwork) -> None:
    """An `OptionError` for a network that standardises its features: neurons are drawn among what they take."""
    if network.scaling is not None:
        raise OptionError(
            "The network standardises its features, and its neurons are about standardised ones; draw "
            "net.scaled(None), with net.scaling(X) as its samples."
        )


def checked(network: AnalyticNetwork, X: Any, y: Any, neurons: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The samples and targets that fit the network, shapes (n, d) and (n, c), or a `DataError`; with neurons among them
    an `OptionError` if these are about standardised features, or are not of one hidden layer."""
    if neurons:
        refuse_scaling(network)
    if neurons and network.depth > 2:
        raise OptionError(
            f"The network has {network.depth} layers; pictures are made of networks with one hidden layer: evaluate it "
            "with net(points) and plot that."
        )
    table = real_table(np.reshape(X, (-1, 1)) if network.features == 1 and np.ndim(X) == 1 else X, "X")
    if table.shape[1] != network.features:
        raise DataError(
            f"X has {table.shape[1]} columns; this network takes {network.features}: give the features that "
            "it was derived from, in the same order."
        )
    targets = finite_floats(y, "y")
    shape = (len(table),) if network.outputs is None else (len(table), network.outputs)
    if targets.shape != shape and not (network.outputs is None and targets.shape == (len(table), 1)):
        raise DataError(
            f"y has shape {targets.shape}; targets of this network for this X have shape {shape}."
        )
    return table, targets.reshape(len(table), -1)


def prepared(
    network: AnalyticNetwork,
    X: Any,
    y: Any,
    d: int | None,
    ax: Axes | None,
    output: Any = 0,
    *,
    neurons: bool = True,
    size: tuple[float, float] = (6.4, 5.2),
    projection: str | None = None,
) -> tuple[Any, AnalyticNetwork, np.ndarray, np.ndarray, int]:
    """What every picture of a network over its samples begins with, or why there is none.

    Parameters
    ----------
    network : AnalyticNetwork
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
    d : int or None
        The number of features that can be drawn; None for any.
    ax : matplotlib.axes.Axes or None
    output : int
        A column of y.
    neurons : bool
        Whether neurons are drawn among the samples.
    size, projection
        Of a new figure, in inches, and of its axes.

    Returns
    -------
    tuple
        The axes; the network in float64; X, shape (n, d); y, shape (n, c); the output as an int.

    Raises
    ------
    UnsupportedProblem
        If the network does not have d features.
    DataError, OptionError
        If the data do not fit the network, or its layers or its scaling cannot be drawn.
    """
    network = network.numeric()
    if d is not None and network.features != d:
        drawn = ("one feature", "two features", "three features")[d - 1]
        raise UnsupportedProblem(
            f"This picture is of {drawn}, and the network has {network.features}: use plot_network."
        )
    table, targets = checked(network, X, y, neurons)
    column = check_integer("output", output, 0, targets.shape[1] - 1)
    return new_axes(ax, size, projection), network, table, targets, column


def named(names: Sequence[str] | None, default: list[str], what: str) -> list[str]:
    """The names given, as many as there are defaults, or the defaults."""
    if names is None:
        return default
    given = [str(name) for name in names]
    if len(given) != len(default):
        raise OptionError(f"{len(given)} {what} were given; {len(default)} were expected.")
    return given


def name_axes(ax: Any, names: Sequence[str]) -> None:
    """The names of the axes, as they are: a dollar sign in one begins no formula."""
    for axis, name in zip("xyz", names, strict=False):
        getattr(ax, f"set_{axis}label")(name, parse_math=False)


def open_space(ax: Any) -> None:
    """Axes in space with few ticks, small, so that their numbers and the names of the axes stand apart."""
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_major_locator(MaxNLocator(4))
    ax.tick_params(labelsize=9)
    ax.set_box_aspect(None, zoom=0.95)


def feature_labels(names: Sequence[str] | None, d: int, kept: Sequence[str] | None = None) -> list[str]:
    """The names of the features that were given, or those that were kept; else "feature 1" and so on."""
    return named(names, feature_words(d, kept), "feature names")


def target_labels(labels: Sequence[str] | None, targets: np.ndarray) -> list[str]:
    """Names of the two classes, or of the outputs."""
    c = targets.shape[1]
    if is_two_classes(targets):
        return named(labels, ["−1", "+1"], "labels (of the classes −1 and +1)")
    return named(labels, ["y"] if c == 1 else [f"y{o + 1}" for o in range(c)], "labels (one for each output)")


def is_two_classes(targets: np.ndarray) -> bool:
    """Whether the targets are one column of −1 and +1, both of them."""
    return targets.shape[1] == 1 and np.array_equal(np.unique(targets), [-1.0, 1.0])


def evaluate(network: AnalyticNetwork, points: np.ndarray, output: int = 0) -> np.ndarray:
    """One output of the network at many points, shape (n,), in pieces that fit the memory."""
    size = max(1, 4_000_000 // (1 + len(network)))
    values = np.concatenate([network(points[k : k + size]) for k in range(0, len(points), size)])
    return values if network.outputs is None else values[:, output]


def coefficients(network: AnalyticNetwork, output: int = 0) -> np.ndarray:
    """z of every neuron for one output, shape (k,)."""
    return np.array([np.atleast_1d(neuron.coefficient)[output] for neuron in network.neurons])


def spanning_rows(atom: Atom, X: np.ndarray) -> list[int]:
    """The rows of X that name the atom and lie on it: all of its samples in the X it was derived from."""
    rows = [row for row in atom.samples if row < len(X)]
    terms = np.abs(X[rows]) @ np.abs(atom.weight) + abs(atom.bias)
    on = np.abs(X[rows] @ atom.weight + atom.bias) <= 1e-9 * terms
    return [row for row, touches in zip(rows, on, strict=True) if touches]


def limits(values: np.ndarray, margin: float = 0.08) -> tuple[float, float]:
    """A range with room around the values; never empty, whatever their size."""
    low, high = float(np.min(values)), float(np.max(values))
    largest = max(abs(low), abs(high))
    width = high - low
    room = margin * width if width > 1e-9 * largest else 0.5 * largest or 0.5
    return low - room, high + room


def shortened(name: str, most: int = 42) -> str:
    """A name, a long one without its middle, of whole words where it has several."""
    if len(name) <= most:
        return name
    first, *rest = name.split(" ")
    tail: list[str] = []
    while rest and len(" ".join([first, "…", *tail, rest[-1]])) <= most:
        tail.insert(0, rest.pop())
    if not tail or len(first) > most:
        return f"{name[: most // 2 - 1]} … {name[-(most // 2 - 1) :]}"
    while rest and len(" ".join([first, rest[0], "…", *tail[1:]])) <= most and len(first) < most // 2:
        first, tail = f"{first} {rest.pop(0)}", tail[1:] if len(tail) > 1 else tail
    return " ".join([first, "…", *tail])


def number(value: float) -> str:
    """Four digits, with a minus sign that is one."""
    return f"{value + 0.0:.4g}".replace("-", "−")


def strongest(network: AnalyticNetwork, output: int = 0) -> list[int]:
    """The neurons that a picture draws in full, the largest |z| first: all, or of many the largest ones."""
    order = np.argsort(-np.abs(coefficients(network, output)), kind="stable").tolist()
    return order if len(order) < MANY else order[:STRONGEST]


def legend_below(ax: Axes) -> Figure:
    """The whole figure, with one legend where there are no data: under a figure of our own, else under the axes; in as
    many columns as a narrow one has room for; and with fonts for all letters."""
    handles, names = ax.get_legend_handles_labels()
    figure = figure_of(ax)
    own = isinstance(figure, Picture)
    for columns in (
        (2, 1) if handles and not (own and figure.legends) else ()
    ):  # the first panel speaks for the others
        style: dict[str, Any] = {"ncols": columns, "frameon": False, "fontsize": 9}
        if own:
            legend = figure.legend(handles, names, loc="outside lower center", **style)
        else:
            legend = ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), borderaxespad=4.0, **style)
        if columns == 1 or legend.get_window_extent().width < NARROW * figure.dpi:
            break
        legend.remove()
    make_legible(figure)
    engine = figure.get_layout_engine()
    if engine is not None and ax.get_aspect() != "auto":
        engine.execute(figure)  # where units are equal it takes two rounds, and drawing is the second one
    return figure
