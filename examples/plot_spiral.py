"""
The spiral: 25,440 wedges, 156 neurons
======================================

Two arms of 80 samples each.  The paper's program looks at the wedge of every pair of samples; the optimum needs 156
of them, and the certificate says that no other choice of wedges is better.
"""

import geomnn as gm
from geomnn.plotting import plot_network

X, y = gm.datasets.spiral()
solution = gm.derive(X, y, reg=5e-4, norm=2, dictionary="wedge")
print(len(solution.network), "neurons")
print(solution.certificate.statement())

plot_network(solution.network, X, y)
