"""
XOR in closed form
==================

This page shows how to read a neuron's name, where its line is, and how its output is an area, on the smallest network
that shows what a weight of samples is: the corners of a square and its middle, two neurons, one diagonal.
"""

import geomnn as gm
from geomnn.plotting import plot_network, plot_wedge

X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0]
solution = gm.derive(X, y, reg=0.15, exact=True)
print(solution.network)

# %%
# That is the network in closed form.  x3 is row 3 of X, counted from 0; x0 − x3 is the diagonal, and ⋆ turns it by a
# right angle, so that one neuron is active on each side.  No network is better, and no other is as good:

print(solution.certificate.statement())
print("unique:", solution.unique)

# %%
# Without its middle XOR has two optima, one for each diagonal, and mixtures of them.  Of these the order of names
# picks one: as much as there can be of the neuron that is the first.

corners = gm.derive(X[:4], y[:4], reg=0.15, exact=True)
print(corners.network)
print("unique:", corners.unique)

# %%
# In the plane: the line of both neurons runs through the samples that span it (ringed), with ticks on the sides
# where they are active.  Colours are heights; dots have those of the targets.

plot_network(solution.network, X, y)

# %%
# The output of a unit neuron at sample 1.  The signed area of the parallelogram that x1 − x3 spans with the
# diagonal is twice that of the triangle (x1, x0, x3); over the size of the base, ‖x0 − x3‖₁, it is the output.

active = next(neuron for neuron in solution.network.neurons if neuron.weight @ X[1] + neuron.bias > 0)
plot_wedge(active.atom, X, 1)
