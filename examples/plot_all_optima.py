"""
All optimal networks
====================

This page shows what all equally good networks have in common, and what the data, the norm and ``reg`` leave open:
``derive`` returns one of several.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame, plot_components, plot_interval, plot_optimal_set

# %%
# Six samples of a valley, and no sample at its bottom.  The band lies between the least and the largest prediction of
# all optimal networks.  Two of these are drawn: those with the least and the largest prediction at 0.

X, y = [[-3], [-2], [-1], [1], [2], [3]], [6, 3, 1, 1, 3, 6]
optima = gm.optimal_set(gm.derive(X, y, reg=Fraction(1, 2), exact=True))
print(*optima.neurons, sep="\n")
plot_interval(optima, at=0)

# %%
# No sample is between the kinks at −1 and 1.  So two ramps of one orientation may be merged to one that begins
# anywhere between, at the same outputs on the samples and the same cost.  At 0 that gives the sharpest valley.  Both
# edges of the band are optimal networks: the floor, and this one.

sharp = optima.extreme([0], largest=False)
print(sharp)
slope, t = Fraction(9, 4), Fraction(-7, 6)
fit = [slope * abs(x) + t for (x,) in X]  # 9/4 (x)₊ + 9/4 (−x)₊ − 7/6
loss = sum((f - target) ** 2 for f, target in zip(fit, y, strict=True)) / 2
print(f"its objective: {loss + Fraction(1, 2) * 2 * slope}, the optimum: {optima.solution.objective}")
print("its bottom:", t, "and the band there:", *map(str, optima.predict_interval([[0]])[0]))

# %%
# XOR: a valley along one diagonal, or a ridge along the other, or a mixture.  The map is of how far apart predictions
# of optimal networks are: nowhere at the corners, where the samples are, and most in the middle.  There *any* number
# from 1/10 to 9/10 is the prediction of an optimal network: what a network predicts there does not come from the data.

square = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=Fraction(1, 20), exact=True)
xor = gm.optimal_set(square)
print("f(1/2, 1/2) is between", *map(str, xor.predict_interval([[0.5, 0.5]])[0]))
plot_interval(xor, points=53)

# %%
# Five samples of a parabola.  Two of six neurons are in every optimal network over the samples' wedges, with amounts
# from 1 to 2; the other four may be absent.

x = np.arange(-2, 3)
parabola = gm.optimal_set(gm.derive(x[:, None], x**2, reg=Fraction(1, 2), exact=True))
print(parabola, "of rank", parabola.rank)
plot_optimal_set(parabola)

# %%
# Six amounts that satisfy four equations form a polygon, here a square.  At each of its corners is a network of four
# neurons: thin lines are ramps to the right and, dashed, to the left; the thick one is f.  It is the same f at all
# four, and everywhere between them: here the networks differ only in how they are written.

corners = parabola.vertices()
names = ["+⋆1 at x1", "+⋆1 at x3"]
amounts = [{str(n.atom): float(n.coefficient) for n in network.neurons} for network in corners]
places = np.array([[each.get(name, 0.0) for name in names] for each in amounts])
around = np.argsort(np.arctan2(*(places - places.mean(axis=0)).T))
_, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
axes.fill(*places[around].T, color=frame.SKY, alpha=0.4)
axes.plot(*places.T, "o", color=frame.BLUE)
axes.set(xlim=(-0.35, 0.85), ylim=(-0.3, 0.8), xticks=[0, 0.5], yticks=[0, 0.5])
axes.set(xlabel=f"z of {names[0]}", ylabel=f"z of {names[1]}")
line = np.linspace(-2.3, 2.3, 93)
for network, (right, up) in zip(corners, places, strict=True):
    box = (right + (0.05 if right else -0.33), up - 0.14, 0.28, 0.28)
    small = axes.inset_axes(box, transform=axes.transData)
    for neuron in network.numeric().neurons:
        ramp = neuron.coefficient * np.maximum(line * neuron.weight[0] + neuron.bias, 0)
        style = {"color": frame.BLUE} if neuron.weight[0] > 0 else {"color": frame.VERMILION, "ls": "--"}
        small.plot(line, ramp, lw=1.2, **style)
    small.plot(line, network.numeric()(line[:, None]), color="black", lw=2.5)
    small.plot(x, x**2, "o", color="black", mfc="white", ms=4)
    small.set(xticks=[], yticks=[], ylim=(-1.3, 5))
plt.show()

# %%
# ``one_function`` says whether all optima are the same function.  Merged neurons give other functions: their kinks lie
# between the samples.

print("one function over the wedges:", parabola.one_function("dictionary"))
print("one function of all networks:", parabola.one_function())
plot_interval(parabola)

# %%
# How many neurons, and how are the optimal networks with as many connected?  A network is a point: its weights, in the
# order of its neurons.  The six samples here are the corners of an octahedron, all with the target 1.  With two
# neurons there are eight optimal networks, each alone; with three, four continua; with four one continuum, which has
# grown, and 48 others that no path of optimal networks leaves; from five on all are connected.  This staircase of
# phases is that of J. Kim, A. Mishkin and M. Pilanci (arXiv 2411.07729), and it is not monotone.

corners = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
cross = gm.derive(corners, [1] * 6, reg=Fraction(1, 2), norm=np.inf, bias=False, exact=True)
plot_components(gm.optimal_set(cross))
