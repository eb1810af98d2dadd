"""
How far a sample may move
=========================

This page draws how far each input of the plane is from the other class, the boundary, and for each sample the nearest
point at which its class is lost.  A classifier of a few neurons has its boundary in closed form, a segment in every
cell that it crosses, so that none of this is an estimate.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame

rng = np.random.default_rng(3)
angle, side = rng.uniform(0, np.pi, 40), np.repeat([1, -1], 20)
X = np.column_stack([np.cos(angle) * side + (side < 0), np.sin(angle) * side + 0.4 * (side < 0)])
X = (X + rng.normal(scale=0.08, size=X.shape)).round(2)
solution = gm.derive(X, side, reg=0.3, exact=True)
net = solution.network
print(f"{len(net)} neurons. {solution.certificate.statement()}")

# %%
# The radius of each sample: the least ‖δ‖_∞ with which it comes to the boundary.  The network is exact, so these are
# fractions, and the nearest points with another class are points in fractions at which f is 0.

found = gm.robustness(net, X, side, eps=0.15)
print(found)
weakest = int(np.argmin(np.where(found.radius[:, 0] > 0, found.radius[:, 0], 9)))
print(f"x{weakest} = {X[weakest].tolist()} may move by {float(found.radius[weakest, 0]):.6f}")

# %%
# Over the plane: how far every point is from the boundary, as the class that the network gives it.  Squares are the
# largest balls of six samples in which nothing flips; they touch the boundary at the nearest point that has another
# class, at the end of the dotted line.  The boundary is drawn by these nearest points of 8,100 inputs: f is 0 there.

ways = [
    np.linspace(low - 0.4, high + 0.4, 90) for low, high in zip(X.min(axis=0), X.max(axis=0), strict=True)
]
points = np.stack(np.meshgrid(*ways), axis=-1).reshape(-1, 2)
f = net.numeric()(points)
every = gm.robustness(net.numeric(), points, np.where(f > 0, 1, -1))
radii = every.radius[:, 0].reshape(90, 90)

figure = frame.Picture(figsize=(6.4, 4.2), layout="constrained")
axes = figure.add_subplot()
filled = axes.contourf(*ways, radii, levels=12, cmap=frame.HEIGHTS)
figure.colorbar(filled, label="distance from the boundary, ‖δ‖∞", shrink=0.9)
axes.plot(*every.attacks.T, ".", color=frame.INK, ms=3)
for sign, marker, colour in ((1, "o", frame.BLUE), (-1, "s", frame.VERMILION)):
    axes.plot(
        *X[side == sign].T,
        marker,
        color=colour,
        mec="white",
        ms=7,
        label=f"class {sign:+d}".replace("-", "−"),
    )
square = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]])
for k in np.argsort(found.radius[:, 0])[[0, 1, 4, 12, 24, 39]]:
    axes.plot(*(X[k] + float(found.radius[k, 0]) * square).T, color=frame.INK, lw=0.9)
    axes.plot(*np.array([X[k], found.attacks[k].astype(float)]).T, color=frame.INK, lw=0.9, ls=":")
axes.set(xlim=ways[0][[0, -1]], ylim=ways[1][[0, -1]], xlabel="feature 1", ylabel="feature 2", aspect="equal")
frame.legend_below(axes)
figure

# %%
# What bounds would say.  The slope of f is at most the Lipschitz constant, which takes the steepest cell for all; the
# product of the norms of the layers is what is left if cells are not looked at.  Both prove a radius of ``|f|/L``.

constant = gm.lipschitz(net)
values = np.abs(net.numeric()(X))
kinds = {
    "all cells": found.radius[:, 0].astype(float),
    "|f| / Lipschitz constant": values / float(constant.upper),
    "|f| / sum bound": values / constant.sum_bound,
    "|f| / product of norms": values / constant.product,
}
figure = frame.Picture(figsize=(6.8, 4.2), layout="constrained")
axes = figure.add_subplot()
eps = np.linspace(0, 0.6, 200)
styles = ((frame.BLUE, "-"), (frame.ORANGE, "--"), (frame.VERMILION, "-."), (frame.SOFT, ":"))
for (name, radius), (colour, style) in zip(kinds.items(), styles, strict=True):
    axes.plot(eps, [(radius > some).mean() for some in eps], color=colour, ls=style, lw=2, label=name)
axes.set(xlabel="eps, ‖δ‖∞", ylabel="share of samples that are certified", ylim=(0, 1.03))
axes.legend(frameon=False)
figure

# %%
# And around one input: the affine function that the network is there, and how far it holds.

print(net.explain([0.5, 0.2]))
