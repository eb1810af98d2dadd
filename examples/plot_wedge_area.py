"""
An activation is an area over a base
====================================

This page explains the one operation that all weights of ``geomnn`` are made of.  Two arrows in the plane span a
parallelogram.  Its *signed area* is positive if the first arrow turns counterclockwise,
by less than half a turn, into the direction of the second, negative if it turns clockwise, and zero if both lie on one
line.  That number is all the algebra that these pictures need; the parallelogram with its sign is written x ∧ x′ and
called the *wedge* of the two arrows.

Two samples draw a line.  A third sample x and these two span a parallelogram, and

* its signed area says on which side of the line x is, and
* its area divided by the length of the base is its height: how far x is from the line.

A neuron (w·x + b)₊ does the same: it is zero on one side of the line w·x + b = 0 and grows with the distance from it on
the other.  So a neuron whose line passes through two samples *is* a ratio of an area to a base.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame, interactive

X = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 3.0], [3.0, 4.0], [-1.0, 2.0], [5.0, 4.0]])
y = [0.0, 0.0, 1.0, 2.0, 1.0, 2.0]
solution = gm.derive(X, y, reg=0.5, norm=2, dictionary="wedge")
atom = solution.network.neurons[0].atom
print(solution.network)
print("the atom of these pictures:", atom)

# %%
# Where the sample is, what the area says
# ---------------------------------------
# The same neuron twice.  The two samples on its line are ringed, ticks are on its active side, and the square is the
# sample x, which moves: first it is on the active side, then beyond the line.  Weights have length 1 in the 2-norm, so
# that the activation is the usual distance to the line, the dash-dotted segment.  A unit neuron with its name, which
# says what it is the wedge of, is called an *atom*.
row = next(i for i in range(len(X)) if i not in atom.samples)
foot, other = X[atom.samples[1]], X[atom.samples[0]]
start, across = 0.7 * foot + 0.3 * other, atom.weight
figure = frame.Picture(figsize=(6.4, 11), layout="constrained")
for pane, distance in zip(figure.subplots(2, 1), (1.5, -1.5), strict=True):
    moved = X.copy()
    moved[row] = start + distance * across
    gm.plotting.plot_wedge(atom, moved, row, ax=pane)
    pane.set(xlim=(-1.8, 5.4), ylim=(-2.4, 4.4))
figure

# %%
# Area and activation on the way
# ------------------------------
# Along a straight way across the line the signed area grows evenly, for the height of the parallelogram does.  The
# activation is the area over the base where that is positive, and zero where it is not: the ramp (·)₊ of a neuron.
steps = np.linspace(2.0, -2.0, 81)
way = start + steps[:, None] * across
base = np.linalg.norm(other - foot)
areas = atom.orientation * np.array([gm.algebra.signed_volume([x - foot, other - foot]) for x in way])
figure = frame.Picture(figsize=(6.8, 4.2), layout="constrained")
pane = figure.add_subplot()
pane.plot(steps, areas / base, "--", color=frame.BLUE, lw=2, label="signed area / base")
activations = np.maximum(way @ atom.weight + atom.bias, 0.0)
pane.plot(steps, activations, color=frame.VERMILION, lw=4, alpha=0.6, label="activation (w·x + b)₊")
pane.axvline(0, color="0.6", lw=0.8, ls=":")
pane.set(xlabel="signed distance of x from the line", ylabel="value")
pane.legend(frameon=False)
print("largest difference:", f"{np.abs(np.maximum(areas, 0) / base - activations).max():.1e}")
figure

# %%
# Take the sample in hand
# -----------------------
# The slider moves x across the line.  While it stays on one side the parallelogram keeps its sign; on the line it
# collapses; beyond it the area is negative and the activation is 0, whatever the distance.
try:
    picture = interactive.move_sample(atom, X, way[::4])
except gm.errors.MissingPackage as reason:
    print(reason)
    picture = figure
picture
