"""Sliders: a sample that moves about a wedge, and a dual set that grows with reg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geomnn import algebra
from geomnn.atoms import Atom
from geomnn.errors import DataError, UnsupportedProblem, package
from geomnn.norms import ball
from geomnn.plotting import frame
from geomnn.plotting.dual_geometry import DualSet, dual_set
from geomnn.plotting.dual_set import look
from geomnn.validation import real_table

_COLOURS, _DASHES = (frame.VERMILION, frame.BLUE, "black", frame.ORANGE), ("solid", "dash", "dashdot", "dot")
_SAMPLE = {"symbol": "circle-open", "size": 11, "color": "black", "line": {"width": 2}}


def plotly() -> Any:
    """Plotly's graph objects, or a `MissingPackage`."""
    return package("plotly.graph_objects", "An interactive picture", "'geomnn[interactive]'")


def _line(points: np.ndarray, name: str, mode: str = "lines", **style: Any) -> Any:
    return plotly().Scatter(x=points[:, 0], y=points[:, 1], mode=mode, name=name, **style)


def _with_slider(places: list[tuple[str, list[Any], str]], start: int, prefix: str, **layout: Any) -> Any:
    """A figure with a slider, whose places have a name, traces and a title each."""
    home = [place for place, (_, traces, _) in enumerate(places) for _ in traces]
    steps = [
        {
            "method": "update",
            "label": name,
            "args": [{"visible": [k == place for k in home]}, {"title.text": title}],
        }
        for place, (name, _, title) in enumerate(places)
    ]
    data = [
        trace.update(visible=place == start)
        for place, (_, traces, _) in enumerate(places)
        for trace in traces
    ]
    figure = plotly().Figure(data)
    figure.update_layout(
        template="simple_white", height=640, margin={"t": 150, "b": 30, "l": 50, "r": 20},
        sliders=[{"active": start, "currentvalue": {"prefix": prefix}, "pad": {"t": 45}, "steps": steps}],
        title={"text": places[start][2], "font": {"size": 15}, "y": 0.98},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"}, **layout,
    )  # fmt: skip
    figure.update_xaxes(constrain="domain")
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    return figure


def move_sample(atom: Atom, X: Any, points: Any) -> Any:
    """A slider that moves a sample through the plane and shows its signed area with the atom, and its activation.

    (± (x − x_a) ∧ (x_j − x_a))_+ / ‖⋆(x_j − x_a)‖_p;  without bias the origin stands in the place of x_a.

    Parameters
    ----------
    atom : Atom
        A wedge of samples in two dimensions.
    X : array_like, shape (n, 2)
        The samples that the atom was made of.
    points : array_like, shape (m, 2)
        Where the sample goes, one place of the slider each.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingPackage
        If plotly is not installed.
    UnsupportedProblem
        If the atom is no wedge of samples of two features.

    Examples
    --------
    >>> import geomnn as gm
    >>> from geomnn.plotting import interactive
    >>> X = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]]
    >>> atom = gm.derive(X, [0, 1, 1, 0, 0], reg=0.15).network.neurons[0].atom
    >>> figure = interactive.move_sample(atom, X, [[1, 0], [2, 0]])  # doctest: +SKIP

    Source: geomnn theory, section 1.
    """
    atom, table, places = atom.numeric(), real_table(X, "X"), real_table(points, "points")
    shapes = {table.shape[1], places.shape[1], len(atom.weight)}
    if (
        shapes != {2}
        or atom.directions
        or atom.is_partial
        or len(frame.spanning_rows(atom, table)) < len(atom.samples)
    ):
        raise UnsupportedProblem(
            "Samples are moved in the plane, about an atom that is a wedge of samples of this X."
        )
    foot = table[atom.samples[-1]] if atom.anchored else np.zeros(2)
    base = table[atom.samples[0]] - foot
    seen = np.vstack([table, places, places + base, foot[None]])
    box = [frame.limits(column, 0.08) for column in seen.T]
    along = base * (2 * np.ptp(box, axis=1).max() / np.linalg.norm(base))
    length = float(ball(atom.norm).length(algebra.cross_product([base])))
    shown = []
    for k, x in enumerate(places):
        area = atom.orientation * float(algebra.signed_volume([x - foot, base]))
        activation = max(area, 0.0) / length
        shape = np.array([foot, foot + base, x + base, x, foot])
        colour = frame.SKY if area >= 0 else frame.ORANGE
        side = "positive: active" if area > 0 else "negative: inactive" if area < 0 else "zero"
        thin = {"color": "black", "width": 1}
        hatch = {
            "shape": "/" if area >= 0 else "x",
            "fgcolor": "black",
            "bgcolor": colour,
            "size": 10,
            "solidity": 0.1,
        }
        data = [
            _line(shape, f"signed area, {side}", fill="toself", fillpattern=hatch, line=thin),
            _line(
                np.array([foot - along, foot + along]),
                "line of the atom",
                line={"color": "black", "width": 2},
            ),
            _line(table, "samples", "markers", marker={"color": "gray", "size": 6}),
            _line(table[list(atom.samples)], "samples of the atom", "markers", marker=_SAMPLE),
            _line(x[None], "x, moved", "markers", marker={"color": "black", "size": 12, "symbol": "square"}),
        ]
        title = f"signed area {frame.number(area)}, activation ({frame.number(area)})₊ / {frame.number(length)} = "
        shown.append((str(k), data, title + frame.number(activation)))
    axes = {
        "xaxis": {"range": box[0], "title": "feature 1"},
        "yaxis": {"range": box[1], "title": "feature 2"},
    }
    return _with_slider(shown, 0, "place of x: ", **axes)


def slide_dual_set(
    X: Any,
    y: Any,
    regs: Sequence[float],
    *,
    norm: float = 1,
    bias: bool = True,
    samples: Sequence[int] | None = None,
) -> Any:
    """A slider over reg: the dual set grows, and the residual is the projection of y on it.

    minimise ½‖v − y‖²  subject to  |Σ_i v_i (x̃_i·u)_+| ≤ reg for every atom u  (and Σ_i v_i = 0 with a bias).

    Parameters
    ----------
    X, y, norm, bias, samples
        As in `plot_dual_set`.
    regs : sequence of float
        One place of the slider each.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingPackage
        If plotly is not installed.
    DataError, OptionError, UnsupportedProblem
        As `plot_dual_set`.

    Examples
    --------
    >>> from geomnn.plotting import interactive
    >>> figure = interactive.slide_dual_set([[2, 1], [1, 2]], [2, -1], [0.5, 1, 2], bias=False)  # doctest: +SKIP

    Source: geomnn theory, sections 0 and 4.
    """
    plotly()
    found = [dual_set(X, y, reg, norm, bias, samples) for reg in regs]
    if not found:
        raise DataError("regs is empty; at least one reg was expected.")
    reach = 1.25 * max(
        float(np.abs(found[0].target).max()), *(float(np.abs(one.point).max()) for one in found)
    )
    frames = [(frame.number(one.reg), _dual_traces(one, reach or 1.0), _dual_title(one)) for one in found]
    names = [f"v{row}" for row in found[0].rows] if not bias else ["the plane Σ v = 0; y less its mean", ""]
    axes: dict[str, Any] = {
        f"{axis}axis": {"range": [-reach, reach], "title": name, "showticklabels": not bias}
        for axis, name in zip("xy", names, strict=True)
    }
    return _with_slider(frames, len(frames) // 3, "reg = ", **axes)


def _dual_title(found: DualSet) -> str:
    name, v = (
        ", ".join(words) for words in ([f"v{i}" for i in found.rows], map(frame.number, found.residual))
    )
    return f"residual ({name}) = ({v})"


def _dual_traces(found: DualSet, reach: float) -> list[Any]:
    """The set, the lines and the terms of the network, y and v."""
    corners = found.polygon(2 * reach)
    edge = {"color": "black", "width": 1.5}
    data = [
        _line(corners[[*range(len(corners)), 0]], "dual set", fill="toself", fillcolor=frame.DARK, line=edge)
    ]
    start, looks = found.point, [look(line) for line in found.lines]
    for k, (atom, step, z) in enumerate(zip(found.atoms, found.steps, found.coefficients, strict=True)):
        colour, dash = _COLOURS[looks[k][0]], _DASHES[looks[k][1]]
        style, name = {"color": colour, "dash": dash}, f"{atom}, z = {frame.number(z)}"
        normal = step / np.linalg.norm(step)
        ends = (normal @ found.point) * normal + np.outer([-4 * reach, 4 * reach], [-normal[1], normal[0]])
        data.append(_line(ends, name, line={**style, "width": 1.5}, showlegend=False))
        marker = {"symbol": "arrow", "size": 12, "angleref": "previous", "color": colour}
        arrow = np.array([start, start + step])
        data.append(_line(arrow, name, "lines+markers", line={**style, "width": 3}, marker=marker))
        start = start + step
    square = {"symbol": "square", "size": 11, "color": "black"}
    ring = {"size": 11, "color": "white", "line": {"color": "black", "width": 2}}
    data.append(_line(found.target[None], "y", "markers", marker=square))
    data.append(_line(found.point[None], "v, nearest to y", "markers", marker=ring))
    return data
