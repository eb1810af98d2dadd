"""
The spiral: 25,440 wedges, and the few that count
=================================================

Two arms of 80 samples each.  The paper's program uses the wedges of all pairs of samples.  This page shows how few of
them an optimal network needs, and what a certificate about this program says.
"""

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import plot_network

X, y = gm.datasets.spiral()
reg = 5e-4
solution = gm.derive(X, y, reg=reg, norm=2, dictionary="wedge")
certificate = solution.certificate
print(f"{len(X) * (len(X) - 1)} wedges of two samples, one for each side")
print(
    f"objective {certificate.primal:.7f}, bound {certificate.dual:.7f}, scope {certificate.coverage.scope!r}"
)

# %%
# The regions of the two classes, and the line of every neuron through the two samples that span it.

plot_network(solution.network, X, y)

# %%
# Why no other wedge helps: the correlation Σ v_i (x̃_i·u)₊ of a wedge u with the residual v is at most ``reg`` in
# size, and just that for the neurons of the network.  Below are all of them, sorted.  The residual is unique, and so
# are the wedges that come to ``reg``.  There are more of them than a network needs, so several networks are optimal.

order = np.array([(i, j) for i in range(len(X)) for j in range(len(X)) if i != j])
normals = gm.algebra.cross_product((X[order[:, 1]] - X[order[:, 0]])[:, None, :], unit=True)
distances = np.einsum("kd,nd->nk", normals, X) - np.einsum("kd,kd->k", normals, X[order[:, 0]])
sizes = np.sort(np.abs(solution.dual @ np.maximum(distances, 0)))[::-1] / reg
reached = int(np.sum(sizes > 1 - 1e-6))
print(f"{reached} wedges come to reg; the only optimal network: {solution.unique}")
_, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.plot(np.arange(1, len(sizes) + 1), sizes, color="#0072B2", lw=2, label="|correlation| of a wedge")
axes.axhline(1, color="black", ls="--", lw=1, label="reg")
axes.axvline(reached, color="black", ls=":", lw=1, label=f"{reached} wedges come to it")
axes.set(xscale="log", xlabel="wedge, by rank", ylabel="|correlation| / reg", ylim=(0, 1.08))
axes.legend(frameon=False, loc="lower left")
plt.show()
