"""
One optimum seen three times, while reg grows
=============================================

This page sets what a network does beside why it is optimal and what it is a projection of, and ``reg`` moves all three
at once.  Three samples of one feature are enough for that, and few enough to be drawn.

* **Network**: the fit, a sum of ramps that begin at samples.
* **Correlations** of every ramp with the residual v = y − f(X), over the place where the ramp begins.  None is larger
  than ``reg``, and the ramps of the network are among those that reach it.
* **Dual set**: all residuals that every ramp is correlated with by at most ``reg``.  It is a polygon that grows with
  ``reg``, and the residual is its point nearest to the targets.
"""

import numpy as np
from scipy.spatial import HalfspaceIntersection

import geomnn as gm
from geomnn.plotting import frame

x, y = np.array([0.0, 1.0, 3.0]), np.array([0.5, -0.5, 2.0])
path = gm.path(x[:, None], y)
kinks = [float(kink) for kink in path.kinks]
print("kinks of the path:", ", ".join(frame.number(kink) for kink in kinks))

# %%
# Ramps to the right and to the left from every place; those that begin at samples are the atoms, and their lines bound
# the dual set.  Residuals sum to 0, as the intercept costs nothing, so that three of them lie in a plane.  The set of
# ``reg`` is ``reg`` times that of 1.

places = np.linspace(-0.8, 3.8, 93)
to_right, to_left = (np.maximum(side * (x - places[:, None]), 0) for side in (1, -1))
plane = np.sqrt(2 / 3) * np.array([turn(np.radians([90, 210, 330])) for turn in (np.cos, np.sin)])
atoms = np.maximum(np.vstack([x - x[:, None], x[:, None] - x]), 0) @ plane.T
atoms = atoms[atoms.any(axis=1)]
sides = np.column_stack([np.vstack([atoms, -atoms]), -np.ones(2 * len(atoms))])
corners = HalfspaceIntersection(sides, np.zeros(2)).intersections
corners = corners[np.argsort(np.arctan2(corners[:, 1], corners[:, 0]))]
outline = np.vstack([corners, corners[:1]])


def curves(reg):
    """All that depends on reg, as (x, y): fit; both kinds of ramps, the limits ±reg, atoms; set, way, residual."""
    solution = path(reg)
    v, kinks = solution.dual, [x[neuron.atom.samples[0]] for neuron in solution.network.neurons]
    signs = [1 if neuron.atom.weight[0] > 0 else -1 for neuron in solution.network.neurons]
    sizes = [v @ np.maximum(sign * (x - kink), 0) for sign, kink in zip(signs, kinks, strict=True)]
    ends = [places[0], places[-1]]
    point, target = plane @ v, plane @ y
    return [
        (places, solution.network(places[:, None])),
        (kinks, solution.network(np.reshape(kinks, (-1, 1)))),
        (places, to_right @ v),
        (places, to_left @ v),
        ([*ends, np.nan, *ends], [reg, reg, np.nan, -reg, -reg]),
        (kinks, sizes),
        tuple(reg * outline.T),
        tuple(np.column_stack([point, target])),
        tuple(point[:, None]),
    ]


# %%
# One ``reg`` between each two kinks of the path.  First the residual is at a corner, where two lines of the set meet:
# two ramps reach ``reg``, and the network needs both.  Then it is on an edge: one ramp is enough.  It crosses a second
# corner, and in the last row ``reg`` is so large that the network is a straight line on the samples.

names = ["network", "correlations", "dual set"]
target, reach = plane @ y, 1.3 * np.abs(plane @ y).max()
styles = [  # pane, and how to draw it
    (0, {"color": frame.BLUE, "lw": 2.2}, "fit"),
    (0, {"color": frame.VERMILION, "marker": "D", "ls": "", "ms": 7}, "where its ramps begin"),
    (1, {"color": frame.BLUE, "lw": 1.8}, "ramps to the right"),
    (1, {"color": frame.ORANGE, "lw": 1.8, "ls": "--"}, "ramps to the left"),
    (1, {"color": "black", "lw": 1, "ls": ":"}, "± reg"),
    (1, {"color": frame.VERMILION, "marker": "D", "ls": "", "ms": 7}, "those of the network"),
    (2, {"color": "black", "lw": 1.4}, "dual set"),
    (2, {"color": frame.VERMILION, "lw": 1.6}, "y − v"),
    (2, {"color": "black", "marker": "o", "ls": "", "ms": 8, "mfc": "white"}, "v"),
]
limits = [((-0.8, 3.8), (-0.8, 2.4)), ((-0.8, 3.8), (-3, 3)), ((-reach, reach), (-reach, reach))]
fixed = [(0, x, y, "samples"), (2, target[:1], target[1:], "y")]
figure = frame.Picture(figsize=(6.4, 9.4), layout="constrained")
rows = figure.subplots(4, 3)
for panes, reg in zip(rows, (0.2, 1.2, 2.1, 2.6), strict=True):
    for pane, name, (across, up) in zip(panes, names, limits, strict=True):
        pane.set(xlim=across, ylim=up, title=f"{name}\nreg = {reg}")
    for (pane, style, name), curve in zip(styles, curves(reg), strict=True):
        panes[pane].plot(*curve, **style, label=name)
    panes[2].fill(*(reg * corners).T, color=frame.LIGHT, zorder=0)
    for pane, *place, name in fixed:
        panes[pane].plot(*place, "s", color="black", ms=6, label=name)
    panes[2].set(aspect="equal", xticks=[], yticks=[])
for pane, name in zip(rows[-1], ("x", "place where the ramp begins", "the plane Σ v = 0"), strict=True):
    pane.set_xlabel(name)
    pane.legend(loc="upper center", bbox_to_anchor=(0.5, -0.4), frameon=False, fontsize=9)
figure

# %%
# The same in motion: press the button, or move the slider, by arrow keys too.  Where another correlation reaches
# ``reg`` the network gets a new ramp, and the residual arrives at a corner; where a ramp leaves the network the
# residual moves on along an edge.

try:
    import plotly.graph_objects as plotly
    from plotly.subplots import make_subplots
except ModuleNotFoundError:
    print("The moving picture needs plotly: pip install 'geomnn[interactive]'")
    moving = figure
else:
    regs = np.linspace(0.01, 0.999, 50) * path.reg_max
    start = 12
    layout = {"specs": [[{}, {}], [{"colspan": 2}, None]], "vertical_spacing": 0.17}
    moving = make_subplots(rows=2, cols=2, subplot_titles=names, **layout)
    spots = [{"row": 1, "col": 1}, {"row": 1, "col": 2}, {"row": 2, "col": 1}]
    dashes = {"--": "dash", ":": "dot"}
    for (pane, style, name), curve in zip(styles, curves(regs[start]), strict=True):
        dots = style.get("ls") == ""
        trace = plotly.Scatter(
            x=curve[0], y=curve[1], name=name, mode="markers" if dots else "lines",
            showlegend=name != "those of the network",
            fill="toself" if name == "dual set" else None, fillcolor=frame.LIGHT,
            marker={"symbol": "diamond" if name != "v" else "circle-open", "size": 11, "color": style["color"]},
            line={"color": style["color"], "width": 2, "dash": dashes.get(style.get("ls"), "solid")},
        )  # fmt: skip
        moving.add_trace(trace, **spots[pane])
    for pane, *place, name in fixed:
        square = {"symbol": "square", "size": 10, "color": "black"}
        trace = plotly.Scatter(x=place[0], y=place[1], name=name, mode="markers", marker=square)
        moving.add_trace(trace, **spots[pane])
    for pane, (across, up) in enumerate(limits):
        moving.update_xaxes(range=across, **spots[pane])
        moving.update_yaxes(range=up, **spots[pane])
    labels = [f"{reg:.2f}" for reg in regs]
    moving.frames = [
        plotly.Frame(
            name=label,
            traces=list(range(len(styles))),
            data=[plotly.Scatter(x=a, y=b) for a, b in curves(reg)],
        )
        for label, reg in zip(labels, regs, strict=True)
    ]
    still = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    run = {"fromcurrent": True, "frame": {"duration": 120, "redraw": False}, "transition": {"duration": 0}}
    buttons = [
        {"label": "▶ play", "method": "animate", "args": [None, run]},
        {"label": "❚❚ stop", "method": "animate", "args": [[None], still]},
    ]
    steps = [{"label": label, "method": "animate", "args": [[label], still]} for label in labels]
    moving.update_xaxes(showticklabels=False, title="the plane Σ v = 0", **spots[2])
    moving.update_yaxes(showticklabels=False, scaleanchor="x3", **spots[2])
    moving.update_layout(
        template="simple_white", height=820, margin={"t": 30, "b": 240, "l": 30, "r": 10},
        legend={"orientation": "h", "y": -0.1, "font": {"size": 10}, "entrywidth": 0.5, "entrywidthmode": "fraction",
                "maxheight": 200},
        sliders=[{"active": start, "currentvalue": {"prefix": "reg = "}, "steps": steps,
                  "y": -0.4, "x": 0.22, "len": 0.78}],
        updatemenus=[{"type": "buttons", "buttons": buttons, "direction": "left", "x": 0, "xanchor": "left",
                      "y": -0.42, "yanchor": "top", "showactive": False}],
    )  # fmt: skip
moving
