"""
Deep and narrow: mirrors
========================

This page shows what depth alone adds, in *chains*, networks with one neuron a layer: on the line ramps that are clipped
at both ends, from three layers on, and clipped at the *reflection* of a sample about another, from four on; and why
absolute values need such mirrors.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.absolute import AbsoluteFeatures
from geomnn.plotting import frame

X, y = [[0], [4], [5], [7], [10], [11]], [0, 0, 0, 2, 3, 3]
reg = Fraction(1, 10**6)  # so small that objective/reg is the cost of passing through the samples
networks, costs = {}, {}
for depth in (2, 3, 4):
    solution = gm.derive(X, y, reg=reg, depth=depth, dictionary="chains", exact=True)
    networks[depth], costs[depth] = solution.network.numeric(), round(float(solution.objective / reg), 4)
    print(f"{depth} layers: cost {costs[depth]}, gap {solution.certificate.gap}")

# %%
# Optima need not be unique, but their cost is.  Of several, ``exact=True`` returns the one that comes first in the
# order of names. With four layers the first fold may be at a reflection, and one chain of that kind has the targets
# for its outputs.  All its weights are ±1, so that it costs 1, too, and it is the one that is drawn below.

samples, x = np.ravel(X), np.linspace(-0.5, 11.5, 1201)
mirror_image = 2 * samples[1] - samples[0]


def mirrored(points):
    first = np.maximum(mirror_image - points, 0)
    second = np.maximum((mirror_image - samples[2]) - first, 0)
    return np.maximum(second, 0)[:, 0]


print("outputs on the samples:", mirrored(np.array(X)))
assert (mirrored(np.array(X)) == y).all()
assert costs[4] == 1

# %%
# On the left are the fits.  On the right are the neurons of which each is the sum, without those whose coefficients go
# to 0 with reg.


def parts(network):
    """The neurons that last as reg vanishes, as functions."""
    for neuron in network.neurons:
        if abs(neuron.coefficient) > 1e-3:
            yield gm.AnalyticNetwork([neuron], 0.0, network.features, 1.0, True, network.below)


def steps(part):
    """A part as a function that begins at 0, and what it is in words."""
    values = part(x[:, None]) - part(np.array([[samples[0]]]))
    slopes = np.diff(values) / np.diff(x)
    steep = np.flatnonzero(np.abs(slopes) > 1e-6)
    slope = Fraction(slopes[steep[len(steep) // 2]]).limit_denominator(100)
    end = f"to {x[steep[-1] + 1]:.4g}" if steep[-1] + 2 < len(x) else "on"
    return values, f"slope {slope} from {x[steep[0]]:.4g} {end}".replace("-", "−")


fits = {depth: (network, list(parts(network))) for depth, network in networks.items()}
fits[4] = mirrored, [mirrored]
_, panes = plt.subplots(3, 2, figsize=(6.4, 9.6), sharex=True, sharey="col", layout="constrained")
styles = ((frame.VERMILION, "-"), (frame.BLUE, "--"), ("black", ":"))
for (depth, (fit, neurons)), (left, right) in zip(fits.items(), panes, strict=True):
    left.plot(x, fit(x[:, None]), color=frame.BLUE, lw=2)
    left.plot(samples, y, "o", color="black", mfc="white", ms=7)
    left.set_ylabel(f"{depth} layers: cost {costs[depth]:g}")
    for (values, name), (color, style) in zip(map(steps, neurons), styles, strict=False):
        right.plot(x, values, color=color, ls=style, lw=2, label=name)
    right.plot(samples, 0 * samples, "o", color="black", mfc="white", ms=7)
    right.legend(loc="upper left", frameon=False, fontsize=9)
    right.set(ylim=(-4.2, 8))
    right.set_xticks(samples, [f"x{i}\n{place}" for i, place in enumerate(samples)], fontsize=9)
panes[0, 0].set(title="fit", ylim=(-0.4, 3.5))
panes[0, 1].set_title("its neurons")
mirror, image = panes[2, 1], mirror_image
way = np.linspace(0.0, np.pi, 60)
mirror.plot(samples[1] - samples[1] * np.cos(way), -1.8 * np.sin(way), color="0.35", lw=1.0)
mirror.plot([samples[1]] * 2, [-2.3, 0.9], color="0.35", ls="-.", lw=1.2)
mirror.text(samples[1], -2.5, "mirror at x1", ha="center", va="top", fontsize=9)
mirror.plot([image], [0], "D", color=frame.VERMILION, ms=7, zorder=4)
mirror.annotate(
    f"{image} = 2·x1 − x0", (image, 0), (16, 7), textcoords="offset points", ha="center", fontsize=9
)
plt.show()

# %%
# Absolute values need the mirrors.  One neuron of two hidden layers, ``||x − a| − c|``, does what takes several of
# one hidden layer: it has a kink at the mirror image of a sample, or at the midpoint of two.

examples = (
    ("||x − 3| − 2|", "mirror image of 1 about 3", [0, 1, 3, 4, 6], [1, 0, 2, 1, 1], 2 * 3 - 1),
    ("||x − 3/2| − 3/2|", "midpoint of 0 and 3", [0, 2, 3, 5], [0, 1, 0, 2], (0 + 3) / 2),
)
_, panes = plt.subplots(2, 1, figsize=(6.4, 7.6), sharey=True, layout="constrained")
for ax, (title, name, place, heights, kink) in zip(panes, examples, strict=True):
    points, grid = np.reshape(place, (-1, 1)), np.linspace(min(place) - 0.5, max(place) + 0.5, 701)
    for hidden, color, style in ((1, "0.35", ":"), (2, frame.BLUE, "-")):
        solution = AbsoluteFeatures(points, hidden).derive(heights, reg=1e-6)
        label = f"hidden layers: {hidden}, cost {frame.number(solution.objective / 1e-6)}"
        ax.plot(grid, solution.network(grid[:, None]), color=color, ls=style, lw=2, label=label)
    ax.plot(place, heights, "o", color="black", mfc="white", ms=7, zorder=3, label="samples")
    ax.plot([kink], solution.network([[kink]]), "D", color=frame.VERMILION, ms=7, zorder=4, label=name)
    ax.set(xlabel="x", ylim=(-0.3, 4.2), title=title)
    ax.legend(loc="upper left", frameon=False, fontsize=9)
plt.show()
