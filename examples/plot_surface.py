"""
Two features: a tent of planes
==============================

This page shows a network of two features as what it is, a tent of flat pieces: it is affine between the lines of its
neurons, and each crease along which two pieces meet runs over samples.
"""

import geomnn as gm
from geomnn.plotting import plot_network, plot_surface

X, y = gm.datasets.peaks(40, seed=1)
solution = gm.derive(X, y, reg=0.6)
print(solution.network)
print(
    f"objective {solution.objective:.6f}, scope {solution.certificate.coverage.scope!r}, unique: {solution.unique}"
)

# %%
# In space.  A stem is a residual, from the fit to the sample.

plot_surface(solution.network, X, y)

# %%
# The same from above: each crease is the line w·x + b = 0 of a neuron, and it passes through two samples, or
# through one and is parallel to an axis.

plot_network(solution.network, X, y)

# %%
# A crease is as sharp as its neuron is large: where the line is crossed the gradient of f changes by z w.

for neuron in sorted(solution.network.neurons, key=lambda neuron: -abs(neuron.coefficient))[:5]:
    change = neuron.coefficient * neuron.atom.weight
    print(f"{neuron.atom}:  the gradient changes by ({change[0]:+.3f}, {change[1]:+.3f})")
