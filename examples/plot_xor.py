"""
XOR in closed form
==================

Four samples, two neurons, one diagonal: the smallest network that shows why weights are wedges of samples.
Both neurons are ± ⋆(x0 − x3), the diagonal through rows 0 and 3 turned by a right angle.
"""

import geomnn as gm
from geomnn.plotting import plot_network, plot_wedge

X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
solution = gm.derive(X, y, reg=0.1)
print(solution)
print(solution.network.to_latex())

# %%
# The fitted surface, the line of each wedge and the samples that span it.
plot_network(solution.network, X, y)

# %%
# The feature of sample 1 is the area of the triangle (x1, x0, x3), twice over, per ‖x0 − x3‖_1.
plot_wedge(solution.network.neurons[0].atom, X, 1)
