"""All optimal networks: how much of each neuron they have, and between which numbers they predict."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import ConvexHull

from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.optimal_sets import OptimalSet
from geomnn.plotting import frame
from geomnn.plotting.labels import Labels, thin_ticks
from geomnn.validation import check_integer

_PIECES = {
    "blobs": (4, 260.0, frame.SKY, "a continuum of networks"),
    "dots": (7, 26.0, frame.BLUE, "one network alone"),
}  # how many in a row, in which size
MOST_DRAWN = 140

_STATUSES = {
    "indispensable": (frame.BLUE, "", "indispensable: in all"),
    "optional": (frame.ORANGE, "////", "optional: in some"),
    "never": (frame.GREY, "", "never: in none"),
    "undecided": (frame.VERMILION, "....", "undecided, by rounding"),
}  # a colour and a hatching each


def plot_optimal_set(optima: OptimalSet, *, ax: Axes | None = None, most_atoms: int = 24) -> Figure:
    """How much of each active atom optimal networks have: a bar from the least to the largest coefficient z.

    A tick is the coefficient in the network that was derived.

    Parameters
    ----------
    optima : OptimalSet
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    most_atoms : int
        How many atoms are drawn, those with the largest amounts.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnsupportedProblem
        If no atom is active, so that the only optimal network is a constant.

    Examples
    --------
    >>> import geomnn as gm
    >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05)
    >>> figure = gm.plotting.plot_optimal_set(gm.optimal_set(solution))
    >>> len(figure.axes[0].get_yticks())
    4

    Source: geomnn theory, section 10.
    """
    if not optima.neurons:
        raise UnsupportedProblem(
            "No atom is active, and the only optimal network is a constant: take a smaller reg."
        )
    most = check_integer("most_atoms", most_atoms, 1)
    largest = sorted(range(len(optima.neurons)), key=lambda k: -float(optima.neurons[k].high))[:most]
    drawn = [optima.neurons[k] for k in sorted(largest)]
    given = {
        str(neuron.atom): float(np.linalg.norm(np.atleast_1d(neuron.coefficient)))
        for neuron in optima.solution.network.numeric().neurons
    }
    axes, names = frame.new_axes(ax, (6.4, 1.6 + 0.34 * len(drawn))), optima.solution.problem.samples.names
    labels = {status: style[-1] for status, style in _STATUSES.items()}
    for row, neuron in enumerate(drawn):
        sign, (colour, hatch, _) = neuron.sign or 1, _STATUSES[neuron.status]
        ends = sorted([sign * float(neuron.low), sign * float(neuron.high)])
        label = labels.pop(neuron.status, None)
        axes.barh(
            row, ends[1] - ends[0], left=ends[0], height=0.5, color=colour, alpha=0.75, hatch=hatch, edgecolor="white",
            linewidth=0, zorder=2, label=label, gid=f"interval {row}",
        )  # fmt: skip
        axes.plot(ends, [row, row], "|", color=colour, ms=13, mew=2.5, zorder=3)  # so that a point is seen
        value = sign * given.get(str(neuron.atom), 0.0)
        first = "in the network that was derived" if row == 0 else None
        axes.plot(
            [value],
            [row],
            "D",
            color=frame.INK,
            mfc="white",
            ms=5,
            zorder=4,
            label=first,
            gid=f"derived {row}",
        )
    axes.axvline(0.0, color=frame.INK, lw=0.8, zorder=1)
    shown = [frame.shortened(neuron.atom.label(names), 30) for neuron in drawn]
    axes.set_yticks(range(len(drawn)), shown, fontsize=9, parse_math=False)
    thin_ticks(axes, "y")
    axes.use_sticky_edges = False  # bars that begin at 0 have room for their ends
    axes.margins(x=0.05)
    axes.set(ylim=(len(drawn) - 0.4, -0.6), xlabel="z" if optima.solution.problem.outputs == 1 else "‖z‖")
    if len(drawn) < len(optima.neurons):
        axes.set_title(f"the {len(drawn)} largest of {len(optima.neurons)} active atoms", fontsize=10)
    return frame.legend_below(axes)


def plot_interval(
    optima: OptimalSet,
    *,
    ax: Axes | None = None,
    networks: str = "all",
    points: int | None = None,
    at: float | None = None,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """What optimality leaves open: between which numbers optimal networks predict.

    One feature: a band around the network that was derived. Two: a map of how wide the interval is, with the
    samples and their convex hull; white is where all optimal networks agree.

    Parameters
    ----------
    optima : OptimalSet
        Of one output and one or two features.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    networks : {"all", "dictionary"}
        All optimal networks, or those over the dictionary.
    points : int, optional
        Along each axis; each takes two linear programs. 121 for one feature and 33 for two, if not given.
    at : float, optional
        Of one feature: where the two optimal networks that are farthest apart there are drawn as well.
    feature_names : sequence of str, optional
        As many as there are features; those of the network if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnsupportedProblem
        If there are more features, or several outputs.
    OptionError

    Examples
    --------
    >>> import geomnn as gm
    >>> solution = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1)
    >>> figure = gm.plotting.plot_interval(gm.optimal_set(solution), at=1.5)

    Source: geomnn theory, section 10.
    """
    problem = optima.solution.problem
    d = problem.samples.d
    if d > 2 or problem.outputs > 1:
        raise UnsupportedProblem(
            f"Intervals are drawn for one or two features and one output, and this problem has {d} and "
            f"{problem.outputs}: ask predict_interval for numbers."
        )
    count = check_integer("points", (121, 33)[d - 1] if points is None else points, 2)
    if at is not None and (d > 1 or not isinstance(at, Real) or not np.isfinite(float(at))):
        raise OptionError(
            f"at={at!r} and {d} feature{'s' * (d > 1)}; for one feature, a number was expected."
        )
    names = frame.feature_labels(feature_names, d, problem.samples.names)
    axes = frame.new_axes(ax, ((6.4, 4.6), (6.4, 5.2))[d - 1])
    if d == 1:
        _draw_band(axes, optima, networks, count, at)
        names.append("f")
    else:
        _draw_widths(axes, optima, networks, count)
    frame.name_axes(axes, names)
    return frame.legend_below(axes)


def plot_components(
    optima: OptimalSet, *, ax: Axes | None = None, networks: str = "all", most: int = MOST_DRAWN
) -> Figure:
    """The pieces of the set of optimal networks of each width: a staircase that ends where all are connected.

    In the column of a width a dot is a network that no path of optimal ones leaves, in one order of its neurons, and a
    blob is a continuum. The numbers are counts.

    Parameters
    ----------
    optima : OptimalSet
        Of one output.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    networks : {"all", "dictionary"}
        All optimal networks, or those over the dictionary.
    most : int
        How many pieces of a width are drawn.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnsupportedProblem, EnumerationTooLarge, OptionError
        As `OptimalSet.components` does.

    Examples
    --------
    >>> import geomnn as gm
    >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True)
    >>> figure = gm.plotting.plot_components(gm.optimal_set(solution))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0', '4', '2', '1']

    Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
    """
    most, last = check_integer("most", most, 1), optima.connected_from(networks)
    pieces = {width: optima.components(width, networks) for width in range(last + 1)}
    first = min(width for width, found in pieces.items() if found.count)
    columns = {width: pieces[width] for width in range(max(first - 1, 0), last + 1)}
    axes = frame.new_axes(ax, (min(max(5.0, 1.5 * len(columns) + 1.0), 6.4), 4.6))
    tallest, counts = 0.0, Labels(axes)
    for width, found in columns.items():
        blobs = min(found.count - found.isolated, most)
        dots = min(found.isolated, most - blobs)
        top = _stacked(axes, width, "dots", dots, _stacked(axes, width, "blobs", blobs, 0.0))
        counts.add(f"{found.count:,}", (width, top + 0.3), ha="center", va="bottom", fontsize=13)
        if blobs + dots < found.count:
            counts.add(f"{blobs + dots} drawn", (width, -0.2), ha="center", va="top", fontsize=9)
        tallest = max(tallest, top)
    axes.set(
        xlim=(min(columns) - 0.6, last + 0.6), ylim=(-0.6 - 0.04 * tallest, 1.12 * tallest + 1.0), yticks=[]
    )
    axes.set_xticks([*columns], [*map(str, columns)])
    axes.set_xlabel("neurons of the network (width)")
    axes.set_title("pieces of the set of optimal networks", fontsize=10)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    return frame.legend_below(axes)


def _stacked(axes: Axes, width: int, kind: str, count: int, floor: float) -> float:
    """So many markers in rows within the column of a width; the height above them."""
    if not count:
        return floor
    most, size, colour, label = _PIECES[kind]
    step, high = 0.8 / most, 3.5 / most
    across = -(-count // -(-count // most))  # no more than it takes for as many rows
    rows, places = np.divmod(np.arange(count), across)
    inside = np.where(rows == rows[-1], count - across * rows[-1], across)  # the last row is centred, too
    known = axes.get_legend_handles_labels()[1]
    axes.scatter(
        width + step * (places - (inside - 1) / 2), floor + high * (rows + 0.5), s=size, color=colour,
        edgecolors=frame.BLUE, linewidths=0.8, gid=f"{kind} {width}", label=None if label in known else label,
    )  # fmt: skip
    return float(floor + high * (rows[-1] + 1))


def _draw_band(axes: Axes, optima: OptimalSet, networks: str, count: int, at: float | None) -> None:
    problem, network = optima.solution.problem, optima.solution.network.numeric()
    x = problem.samples.X[:, 0]
    low, high = frame.limits(x, 0.2)
    places = np.union1d(np.linspace(low, high, count).round(12), x)
    ends = np.repeat(frame.evaluate(network, places[:, None])[:, None], 2, axis=1)  # the fit, at the samples
    others = ~np.isin(places, x)
    ends[others] = optima.predict_interval(places[others, None], networks).astype(float)
    axes.fill_between(
        places,
        *ends.T,
        color=frame.SKY,
        alpha=0.45,
        lw=0,
        label="predictions of optimal networks",
        gid="band",
    )
    if at is None:
        for end, style, name in zip(ends.T, ("--", "-."), ("least", "largest"), strict=True):
            axes.plot(places, end, style, color=frame.VERMILION, lw=1.2, label=f"{name} of them", gid=name)
        drawn = [(network, "the network that was derived", "derived", frame.BLUE, "-", 2.0)]
    else:
        looks = {
            "largest": (frame.VERMILION, "-", 3.5),
            "least": (frame.BLUE, "--", 1.8),
        }  # equal, both are seen
        drawn = [
            (optima.extreme([at], word == "largest", networks).numeric(),
             f"a network with the {word} at {frame.number(float(at))}", f"extreme {word}", *look)
            for word, look in looks.items()
        ]  # fmt: skip
        axes.axvline(float(at), color=frame.GREY, lw=0.8, zorder=1)
    for each, label, gid, colour, style, size in drawn:
        values = frame.evaluate(each, places[:, None])
        axes.plot(places, values, color=colour, ls=style, lw=size, label=label, gid=gid)
    axes.plot(
        x, problem.targets[:, 0], "o", color=frame.INK, mfc="white", ms=7, label="samples", gid="samples"
    )
    axes.set(xlim=(low, high))


def _draw_widths(axes: Axes, optima: OptimalSet, networks: str, count: int) -> None:
    X = optima.solution.problem.samples.X
    box = [frame.limits(column, 0.15) for column in X.T]
    across, up = (np.linspace(*side, count).round(12) for side in box)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    ends = optima.predict_interval(grid, networks).astype(float)
    widths = np.maximum(ends[:, 1] - ends[:, 0], 0.0).reshape(count, count)
    filled = axes.pcolormesh(
        across, up, widths, shading="gouraud", cmap="Blues", vmin=0.0, vmax=widths.max() or 1.0, gid="widths"
    )
    bar = axes.figure.colorbar(filled, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.set_label("largest less least prediction")
    if len(X) > 2 and np.linalg.matrix_rank(X - X[0]) == 2:
        corners = X[ConvexHull(X).vertices]
        axes.plot(
            *np.vstack([corners, corners[:1]]).T, "k--", lw=1, label="convex hull of the samples", gid="hull"
        )
    axes.scatter(
        X[:, 0], X[:, 1], s=38, c="white", edgecolors=frame.INK, zorder=4, label="samples", gid="samples"
    )
    axes.set(xlim=box[0], ylim=box[1])
    if 1 / 2 < (box[0][1] - box[0][0]) / (box[1][1] - box[1][0]) < 2:
        axes.set_aspect("equal")
