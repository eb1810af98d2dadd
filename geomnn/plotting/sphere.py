"""The sphere of neurons of three weights, to turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import UnsupportedProblem
from geomnn.norms import ball
from geomnn.plotting import frame
from geomnn.plotting.cuts import checked_residual, cuts, homogeneous, vertices
from geomnn.plotting.sliders import plotly
from geomnn.samples import Samples

_EYE = {"x": 1.5, "y": 1.3, "z": 0.9}


def turn_chambers(X: Any, *, bias: bool = True, norm: float = 1, residual: Any = None) -> Any:
    """A sphere of neurons of three weights to turn: chambers between the samples' great circles, atoms at the vertices.

    {u : s_i x̃_i·u > 0},  s_i = ±1;  vertices  u = ± ⋆(x̃_j ∧ x̃_k)/‖w‖_p, drawn at u/‖u‖_2 with their names.

    Parameters
    ----------
    X : array_like, shape (n, 3), or (n, 2) with a bias
    bias, norm, residual
        As in `plot_chambers`.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingPackage
        If plotly is not installed.
    DataError, OptionError
        If the samples, the norm or the residual cannot be used.
    UnsupportedProblem
        If neurons do not have three weights.

    Examples
    --------
    >>> from geomnn.plotting import interactive
    >>> figure = interactive.turn_chambers([[1, 0, 2], [0, 1, -1], [1, 1, 1]], bias=False)  # doctest: +SKIP

    Source: geomnn theory, section 1; M. Pilanci, arXiv 2309.16512.
    """
    go, samples, norm = plotly(), Samples(X, bias), ball(norm).p
    if samples.D != 3:
        raise UnsupportedProblem(f"The sphere is that of three weights; neurons of this X have {samples.D}.")
    v = None if residual is None else checked_residual(residual, samples)
    sphere, largest = _shaded(samples, norm, v)
    figure = go.Figure([sphere, *_circles(samples, norm), *_atoms(samples, norm, v, largest)])
    ends = ("first weight", "second weight", "bias" if samples.bias else "third weight")
    axes = {
        f"{axis}axis": {"title": name, "showbackground": False, "showticklabels": False}
        for axis, name in zip("xyz", ends, strict=True)
    }
    figure.update_layout(
        template="simple_white", height=640, margin={"t": 10, "b": 10, "l": 0, "r": 0},
        legend={"x": 0, "y": 1},
        scene={**axes, "aspectmode": "data", "camera": {"eye": _EYE}},
    )  # fmt: skip
    return figure


def _shaded(samples: Samples, norm: float, v: np.ndarray | None) -> tuple[Any, float]:
    """The sphere, shaded by the number of active samples or by |F|, and the largest of these."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, 361), np.linspace(1e-3, np.pi - 1e-3, 181))
    sphere = np.stack([np.cos(turn) * np.sin(tilt), np.sin(turn) * np.sin(tilt), np.cos(tilt)], axis=-1)
    incidence = sphere @ homogeneous(samples).T
    shades = (incidence > 0).sum(axis=-1)
    if v is not None:
        shades = np.abs(np.maximum(incidence, 0.0) @ v) / ball(norm).length(sphere[..., : samples.d])
    bar = {"title": "active samples", "dtick": 1} if v is None else {"title": "|F(u)|"}
    surface = plotly().Surface(
        x=sphere[..., 0], y=sphere[..., 1], z=sphere[..., 2], surfacecolor=shades, hoverinfo="skip",
        colorscale=[[k / 16, to_hex(frame.HEIGHTS(k / 16))] for k in range(17)], colorbar={"len": 0.7, **bar},
        lighting={"ambient": 1.0, "diffuse": 0.0, "specular": 0.0},
    )  # fmt: skip
    return surface, float(shades.max())


def _circles(samples: Samples, norm: float) -> list[Any]:
    """The great circle of every sample and direction, with its name in two places."""
    named = {True: "great circle of a sample", False: "great circle of a direction"}
    drawn = []
    for k, cut in enumerate(cuts(samples, norm)):
        across, along = np.linalg.svd(cut.normal[None])[2][1:]
        way = np.linspace(0, 2 * np.pi, 181)
        circle = 1.004 * (np.outer(np.cos(way), across) + np.outer(np.sin(way), along))
        width, dash = (5, "solid") if cut.of_sample else (3, "dash")
        style = {"mode": "lines", "line": {"color": "black", "width": width, "dash": dash}}
        label = named.pop(cut.of_sample, None)
        drawn.append(_in_space(circle, name=label, showlegend=bool(label), hovertext=cut.name, **style))
        front = int(np.argmax(circle[:180] @ list(_EYE.values()))) + (22, -22, 34, -34)[k % 4]
        places = 1.06 * circle[[front % 180, (front + 90) % 180]]
        font = {"size": 15, "color": "black"}
        drawn.append(_in_space(places, mode="text", text=[cut.name] * 2, textfont=font, showlegend=False))
    return drawn


def _atoms(samples: Samples, norm: float, v: np.ndarray | None, largest: float) -> list[Any]:
    """The atoms at the vertices with their names, and those of the largest |F|, if it is not larger elsewhere."""
    units, count = vertices(samples, norm)
    kinds = [
        (units[:count], "atom: wedge of samples", 1.01, {"size": 6, "color": "black", "symbol": "circle"}),
        (units[count:], "atom: wedge with a direction", 1.01,
         {"size": 6, "color": "black", "symbol": "diamond-open"}),
    ]  # fmt: skip
    if v is not None and len(units):
        values = np.abs(np.maximum(units @ homogeneous(samples).T, 0.0) @ v)
        top = values >= (1 - 1e-6) * max(float(values.max()), largest)
        marker = {"size": 9, "color": frame.VERMILION, "symbol": "square"}
        kinds.append((units[top & (values > 0)], "largest |F|", 1.02, marker))
    basis, drawn = ball(norm).directions(samples.d), []
    for part, kind, height, marker in kinds:
        if len(part):
            centred = [
                samples.unit_of(unit[: samples.d], unit[-1]) if samples.bias else unit for unit in part
            ]
            names = [str(name_atom(samples, unit, norm, basis)) for unit in centred]
            places = height * part / np.linalg.norm(part, axis=1, keepdims=True)
            drawn.append(_in_space(places, mode="markers", marker=marker, name=kind, hovertext=names))
    return drawn


def _in_space(points: np.ndarray, **style: Any) -> Any:
    x, y, z = points.T
    return plotly().Scatter3d(x=x, y=y, z=z, hoverinfo="text" if "hovertext" in style else "skip", **style)
