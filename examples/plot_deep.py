"""
Three layers: wedges of wedges
==============================

This page shows that deep networks are made of wedges, too, as the outputs of one layer are the samples of the next.  It
draws the neurons of both hidden layers of an optimal three-layer network on the line, and compares its cost with that
of two layers.  There are several optimal networks
here, all with the same objective; with ``exact=True`` the order of names decides which one is returned.
"""

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame

X, y = [[0], [1], [3], [4], [6]], [0, 1, 0, 2, 1]
solutions = {depth: gm.derive(X, y, reg=0.05, depth=depth, exact=True) for depth in (2, 3)}
for depth, solution in solutions.items():
    print(f"{depth} layers: objective {solution.objective}, gap {solution.certificate.gap}")
    print(f"   unique: {solution.unique}")
    cost = gm.derive(X, y, reg=1e-6, depth=depth).objective / 1e-6
    print(f"   as reg vanishes, passing through all samples costs {cost:.4f}")
    print(solution.network)

# %%
# From top to bottom: what the first hidden layer computes, what the second does, and the fit.  Neurons of the first
# one, k0, k1, …, are ramps at samples.  One of the second is a wedge of a few of these *features* at as many samples:
# the wedge of k and 1 at a sample is the determinant of k and 1 at x and at this sample, the difference of k at both.
# So it vanishes at the sample of its name (diamonds), and where k ends it stays as it is: a ramp that is clipped at
# both ends, for which two layers need two ramps.  Both fits are optimal for their depth; the deep one costs less.

deep = solutions[3].network
x = np.linspace(-1.0, 7.0, 801)
samples = np.ravel(X)
layer, neurons = deep.numeric().below[0], deep.numeric().neurons
hidden = layer(x[:, None])
_, (first, second, fit) = plt.subplots(3, 1, figsize=(6.4, 11.5), sharex=True, layout="constrained")
colors, styles = (
    (frame.BLUE, frame.VERMILION, frame.ORANGE, frame.SKY, "black", "0.5"),
    ("-", "--", "-.", ":", (0, (9, 2)), (0, (1, 3))),
)
for k, column in enumerate(hidden.T):
    first.plot(
        x,
        column,
        color=colors[k % 6],
        ls=styles[k % 6],
        lw=1.8,
        label=f"k{k}: {layer.atoms[k]}",
    )
at_samples = layer(samples[:, None].astype(float))
for j, neuron in enumerate(neurons):
    parts = [np.maximum(table @ neuron.atom.weight + neuron.atom.bias, 0) for table in (hidden, at_samples)]
    name = f"{frame.number(neuron.coefficient)} · ({neuron.atom})"
    second.plot(x, parts[0], color=colors[j % 6], ls=styles[j % 6], lw=1.8, label=name)
    rows = list(neuron.atom.samples)
    second.plot(samples[rows], parts[1][rows] - 0.2 * (j + 1), "D", color=colors[j % 6], ms=6)
for depth, style in ((2, "--"), (3, "-")):
    net = solutions[depth].network.numeric()
    label = f"{depth} layers, objective {float(solutions[depth].objective):.3g}"
    fit.plot(
        x, net(x[:, None]), color=frame.VERMILION if depth == 2 else frame.BLUE, ls=style, lw=2, label=label
    )
fit.plot(samples, y, "o", color="black", mfc="white", ms=7, label="samples")
for pane, name in ((first, "first hidden layer"), (second, "second hidden layer"), (fit, "f")):
    pane.set_ylabel(name)
    for place in samples:
        pane.axvline(place, color="0.75", lw=0.8, ls=":", zorder=0)
    below = (0.5, -0.2 if pane is fit else -0.05)
    pane.legend(loc="upper center", bbox_to_anchor=below, ncols=2, frameon=False, fontsize=9)
fit.set_xlabel("x")
fit.set_xticks(samples, [f"x{i}\n{place}" for i, place in enumerate(samples)])
plt.show()
