"""
The path: neurons being born and dying
======================================

A hill beside a hollow, at 60 random points.  As reg falls from reg_max, where the best network is a constant, to a
thousandth of it, neurons are born, hand over to others and die, and between those kinks every coefficient is affine in
reg.  Samples that were left out say where to stop.
"""

import geomnn as gm
from geomnn.plotting import plot_network, plot_path

X, y = gm.datasets.peaks(60, noise=0.2)
path = gm.path(X, y)
print(path)

validation = gm.cross_validate(X, y)
solution = path(validation.best)
print(f"least error on samples left out at reg = {validation.best:.3g}: {len(solution.network)} neurons")
print(solution.certificate.statement())

# %%
# Every line is a neuron; each bend is a kink.
plot_path(path)

# %%
# The network that does best on samples left out.
plot_network(solution.network, X, y)
