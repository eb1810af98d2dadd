"""
The path: neurons being born and dying
======================================

This page explains how to read a picture of all ``reg`` at once, and where to stop.  As ``reg`` falls, neurons are born,
hand over to others and die, and between those kinks every coefficient is affine in ``reg``.
"""

import matplotlib.pyplot as plt

import geomnn as gm
from geomnn.plotting import frame, plot_degrees_of_freedom, plot_network, plot_path

X, y = gm.datasets.peaks(16, noise=0.2)
path = gm.path(X, y, reg_min=gm.reg_max(X, y) / 100)
print(path)

# %%
# A hill beside a hollow, seen at 16 points.  From left to right ``reg`` falls, from where the best network is a
# constant. A line is the coefficient of a neuron: it leaves zero where the neuron is born and comes back to zero
# where it dies. (Where there are several optimal networks, these are the neurons of one of them.) Between kinks it is
# straight in ``reg``, and bent here because the scale is logarithmic.  The eight largest are named.

plot_path(path)

# %%
# What all optimal networks share: the degrees of freedom, the number of directions in which the fit follows the
# targets; and the dimension of the set of all of them.  Both change at kinks alone, up or down.  While the dimension
# is 0 there is one network over the atoms; on the right there are many ways to write one fit.

plot_degrees_of_freedom(path)

# %%
# Where to stop?  Cross-validation leaves a fifth of the samples out, five times, and looks at the errors there:
# with a large ``reg`` the network is too stiff, with a small one it follows the noise.  For this there are 60
# points.

X, y = gm.datasets.peaks(60, noise=0.2)
validation = gm.cross_validate(X, y)
_, axes = plt.subplots(figsize=(6.8, 4), layout="constrained")
for fold, errors in enumerate(validation.errors):
    axes.plot(validation.regs, errors, color="0.7", lw=1, label=None if fold else "each fifth")
axes.plot(validation.regs, validation.mean, "o-", color=frame.BLUE, ms=4, label="mean of the five")
axes.axvline(
    validation.best, color=frame.VERMILION, ls="--", label=f"least mean, at reg = {validation.best:.3g}"
)
axes.axhline(0.2**2, color="black", ls=":", lw=1, label="variance of the noise")
axes.set(
    xscale="log",
    xlabel="reg (falls to the right)",
    ylabel="error on samples left out (mean square)",
    ylim=(0, None),
)
axes.invert_xaxis()
axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
plt.show()

# %%
# The network there, off the path of all 60, and what its certificate says: no network of any width is better.

solution = gm.path(X, y, reg_min=validation.best / 2)(validation.best)
certificate = solution.certificate
print(
    f"objective {certificate.primal:.6f}, bound {certificate.dual:.6f}, scope {certificate.coverage.scope!r}"
)
plot_network(solution.network, X, y)
