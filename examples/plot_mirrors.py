"""
Deep and narrow: mirrors
========================

A chain is a network with one neuron a layer.  On the line it is a ramp, and from three layers on a ramp that is
clipped at both ends.  For these six samples, interpolation by parallel chains costs 2 with two layers and 1 with more.
Optima need not be unique, their cost is: with four layers one ramp alone is optimal, too, and it is clipped at the
*reflection* of a sample about another.
"""

from fractions import Fraction

import numpy as np

import geomnn as gm
from geomnn.absolute import AbsoluteFeatures
from geomnn.layers import chain_layers, single
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.plotting import frame

X, y = [[0], [4], [5], [7], [10], [11]], [0, 0, 0, 2, 3, 3]
reg = Fraction(1, 10**6)
networks = {}
for depth in (2, 3, 4):
    solution = gm.derive(X, y, reg=reg, depth=depth, dictionary="chains", exact=True)
    networks[depth] = solution.network
    print(f"{depth} layers: cost {float(solution.objective / reg):.6f}, gap {solution.certificate.gap}")
print(solution.certificate.statement())

# %%
# With four layers the first fold may be at a reflection.  One chain of that kind has the targets for its outputs.
layers, table = chain_layers(X, 2, bias=True, exact=True)
k = next(k for k, column in enumerate(zip(*table, strict=True)) if list(column) == y)
last = ExactNeuron(single(len(table[0]), k, 0, 1, Fraction(0), level=3), Fraction(1))
mirrored = AnalyticNetwork([last], Fraction(0), len(table[0]), 1.0, True)
mirrored = mirrored.over(layers[1], layers[0].width).over(layers[0], 1)
networks[4] = mirrored
print(mirrored)

# %%
# Each fit is the sum of the parts below it; parts that vanish with reg are left out.
samples, x = np.ravel(X), np.linspace(-0.7, 11.7, 1241)
STYLES = ((frame.VERMILION, "-"), (frame.BLUE, "--"), ("black", ":"))
NAMES = {
    2: ("1 · ramp at 5", "−2/3 · ramp at 7", "−1/3 · ramp at 10"),
    3: ("1/3 · ramp clipped on (5, 10)", "2/3 · ramp clipped on (5, 7)"),
    4: ("1 · ramp clipped on (5, 8)",),
}
SHIFTS = ((0, 8), (-5, 8), (-8, 8), (-12, 5), (0, -17), (2, -17))  # of the samples' names, in points


def parts(network):
    """The neurons that last as reg vanishes, as functions that begin at 0."""
    network = network.numeric()
    for neuron in network.neurons:
        if abs(neuron.coefficient) > 1e-3:
            part = AnalyticNetwork([neuron], 0.0, network.features, 1.0, True, network.below)
            yield part(x[:, None]) - part([[samples[0]]])


def draw_samples(ax, heights, names=False):
    ax.plot(samples, heights, "o", color="black", mfc="white", ms=7, zorder=3)
    for i in range(len(samples) * names):
        ax.annotate(
            f"x{i}", (samples[i], heights[i]), SHIFTS[i], textcoords="offset points", ha="center", fontsize=9
        )


figure = frame.Picture(figsize=(11.5, 5.8), layout="constrained")
panes = figure.subplots(2, 3, sharex=True, sharey="row", height_ratios=[1.0, 1.25])
for (depth, network), (top, bottom), cost in zip(networks.items(), panes.T, (2, 1, 1), strict=True):
    top.plot(x, network.numeric()(x[:, None]), color=frame.BLUE, lw=2)
    draw_samples(top, y, names=True)
    top.set_title(f"{('two', 'three', 'four')[depth - 2]} layers: cost {cost}")
    for part, name, (color, style) in zip(parts(network), NAMES[depth], STYLES, strict=False):
        bottom.plot(x, part, color=color, ls=style, lw=2, label=name)
    draw_samples(bottom, np.zeros(6))
    bottom.legend(loc="upper left", frameon=False, fontsize=9)
    bottom.set(xlabel="x", ylim=(-4.2, 7.6), xlim=(x[0], x[-1]))
panes[0, 0].set(ylabel="fit", ylim=(-0.4, 3.5))
panes[1, 0].set_ylabel("its parts")


mirror = panes[1, 2]
way = np.linspace(0.0, np.pi, 60)
mirror.plot(4 - 4 * np.cos(way), -1.8 * np.sin(way), color="0.35", lw=1.0)
mirror.plot([4, 4], [-2.3, 0.9], color="0.35", ls="-.", lw=1.2)
mirror.text(4, -2.5, "mirror at x1 = 4", ha="center", va="top", fontsize=9)
mirror.plot([8], [0], "D", color=frame.VERMILION, ms=7, zorder=4)
mirror.annotate("8 = 2·x1 − x0", (8, 0), (7, -15), textcoords="offset points", fontsize=9)
for pane in panes[:, 2]:
    pane.axvline(8, color="0.6", lw=0.8, ls=":", zorder=0)

figure

# %%
# Absolute values need the mirrors.  One feature of two hidden layers, ||x − a| − c|, does what takes several of one
# hidden layer: it has a kink at the mirror image of a sample, or at the midpoint of two.
EXAMPLES = (
    ("||x − 3| − 2|", [0, 1, 3, 4, 6], [1, 0, 2, 1, 1], 5, "mirror image\nof 1 about 3", (0, -38)),
    ("||x − 3/2| − 3/2|", [0, 2, 3, 5], [0, 1, 0, 2], 1.5, "midpoint\nof 0 and 3", (0, 10)),
)
figure = frame.Picture(figsize=(9.5, 4.6), layout="constrained")
for ax, (title, x, y, kink, name, shift) in zip(figure.subplots(1, 2), EXAMPLES, strict=True):
    X, grid = np.reshape(x, (-1, 1)), np.linspace(min(x) - 0.5, max(x) + 0.5, 701)
    styles = (("one hidden layer", "0.35", ":"), ("two hidden layers", frame.BLUE, "-"))
    for hidden, (layers, color, style) in enumerate(styles, start=1):
        solution = AbsoluteFeatures(X, hidden).derive(y, reg=1e-6)
        label = f"{layers}: cost {frame.number(solution.objective / 1e-6)}"
        ax.plot(grid, solution.network(grid[:, None]), color=color, ls=style, lw=2, label=label)
    ax.plot(x, y, "o", color="black", mfc="white", ms=7, zorder=3, label="samples")
    height = solution.network([[kink]])[0]
    ax.plot([kink], [height], "D", color=frame.VERMILION, ms=7, zorder=4)
    ax.annotate(name, (kink, height), shift, textcoords="offset points", ha="center", fontsize=9)
    if kink > 3:
        ax.plot([3, 3], [-0.6, 2.4], color="0.35", ls="-.", lw=1.2, zorder=0)
        ax.text(3.1, -0.56, "mirror", fontsize=9)
    ax.set(title=title, xlabel="x", ylim=(-0.7, 3.6))
    ax.legend(loc="upper left", frameon=False, fontsize=9)
print(solution.network)
figure
