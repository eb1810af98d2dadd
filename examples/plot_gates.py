"""
Gates and kernels: two convex cousins of the ReLU network
=========================================================

This page shows why a gated network and the neural tangent kernel are not bounds of a ReLU network from above, and what
they are instead.  A *gate* g keeps some of the samples, one 0 or 1 for each.  A gated network
:math:`\\sum_g D_g X w_g`, where :math:`D_g` is the diagonal matrix of g, is linear in its weights, and with the gates
of all chambers it can do whatever a ReLU network without biases can.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame

X = np.array([[2.0, 0.5], [0.8, 1.8], [-1.2, 1.4], [-1.9, -0.9], [0.6, -1.7]])
y, reg = np.array([1.0, -0.5, 1.5, 0.5, -1.0]), 0.4

# %%
# **The masks of the plane.**  Every direction u keeps the samples with x·u > 0.  The lines x·u = 0 cut the circle of
# directions into arcs, the chambers; along an arc the mask is the same.  Beside each arc are the samples that it keeps.

ends = np.sort(np.concatenate([np.arctan2(X[:, 0], -X[:, 1]), np.arctan2(-X[:, 0], X[:, 1])]))
widths = np.diff(ends, append=ends[0] + 2 * np.pi)
middles = np.column_stack([np.cos(ends + widths / 2), np.sin(ends + widths / 2)])
gates, shares = (middles @ X.T > 0).astype(float), widths / (2 * np.pi)
figure = frame.Picture(figsize=(5.6, 5.4), layout="constrained")
axes = figure.add_subplot(aspect="equal")
for row, (end, width, middle, gate) in enumerate(zip(ends, widths, middles, gates, strict=True)):
    arc = np.linspace(end, end + width, 40)
    axes.plot(
        np.cos(arc), np.sin(arc), lw=7, color=(frame.BLUE, frame.ORANGE)[row % 2], solid_capstyle="butt"
    )
    axes.text(*(1.35 * middle), "".join(map(str, np.flatnonzero(gate))) or "none", ha="center", va="center")
for row, x in enumerate(X):
    axes.annotate(f"x{row}", x / 2.6, (5, 3), textcoords="offset points")
axes.plot(*X.T / 2.6, "o", color="black", mfc="white")
axes.set(
    xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="u₁", ylabel="u₂", title="samples that each chamber keeps"
)
figure

# %%
# **Kernels.**  For weights η ≥ 0 of the gates, kernel regression with K = Σ η_g D_g X Xᵀ D_g has the training value
#
# .. math:: J(\eta) = \tfrac{\mathrm{reg}}{2} \Bigl( y^\top (K + \mathrm{reg}\, I)^{-1} y + \sum_g \eta_g \Bigr) ,
#
# and the best η gives the optimum of the gated network.  With η in proportion to the arcs, K is the neural tangent
# kernel, H_ij = x_i·x_j (π − ∠(x_i, x_j)) / 2π: the two tables agree.

kernel = X @ X.T * (gates.T @ (shares[:, None] * gates))
sizes = np.linalg.norm(X, axis=1)
angles = np.arccos(np.clip(X @ X.T / np.outer(sizes, sizes), -1, 1))
tangent = X @ X.T * (np.pi - angles) / (2 * np.pi)
assert np.abs(kernel - tangent).max() < 1e-7
tangent.round(3)

# %%
# **From the tangent kernel to the best one.**  The step
# :math:`\eta_g \leftarrow \eta_g \lVert X^\top D_g v\rVert / \mathrm{reg}` with v = reg (K + reg I)⁻¹ y never
# raises J, and a multiple of v bounds the optimum from below: the gap is known all the way.


def reweighted(X, y, reg, gates, eta, steps):
    """J and the bound along the way, and the last weights of the gates."""
    above, below = [], []
    for _ in range(steps):
        v = reg * np.linalg.solve(X @ X.T * (gates.T @ (eta[:, None] * gates)) + reg * np.eye(len(X)), y)
        slopes = np.linalg.norm((gates * v) @ X, axis=1)
        s = min(1, reg / slopes.max())
        above.append((v @ y + reg * eta.sum()) / 2)
        below.append(s * v @ y - s * s * v @ v / 2)
        eta = eta * slopes / reg
    return above, np.maximum.accumulate(below), eta


factors = np.geomspace(1e-3, 1e3, 2001)
least = min((reweighted(X, y, reg, gates, s * shares, 1)[0][0], s) for s in factors)
above, below, eta = reweighted(X, y, reg, gates, least[1] * shares, 300)
relu = gm.derive(X, y, reg, norm=2, bias=False)
figure = frame.Picture(figsize=(6.4, 7.6), layout="constrained")
heights, weights = figure.subplots(2, 1)
heights.plot(above, color=frame.BLUE, lw=2, label="J(η), from the tangent kernel on")
heights.plot(below, color=frame.VERMILION, lw=2, ls="--", label="bound by a multiple of v")
heights.set(xscale="symlog", xlabel="step", ylabel="training objective")
heights.legend(frameon=False)
places = np.arange(len(gates))
weights.bar(places - 0.2, least[1] * shares, 0.4, color=frame.SKY, label="tangent kernel: arcs")
weights.bar(places + 0.2, eta, 0.4, color=frame.ORANGE, hatch="//", label="best: targets decide")
names = ["".join(map(str, np.flatnonzero(gate))) or "none" for gate in gates]
weights.set_xticks(places, names, rotation=45)
weights.set(xlabel="samples that the gate keeps", ylabel="weight η of the gate")
weights.legend(frameon=False)
print(f"gap after 300 steps below 1e-4: {above[-1] - below[-1] < 1e-4 * above[-1]}")
figure

# %%
# **The order.**  Tangent kernel ≥ gated ≤ ReLU, and no more than that: nothing ties the first to the last.  On these
# samples, and on the cross polytope (±e₁ with the target 1, ±e₂ with −1), the kernel lies *below* the best ReLU
# network.  That is no contradiction: a gated network may use any weight with any gate, and a ReLU network only weights
# of the chamber of its gate.

E, signs = np.vstack([np.eye(2), -np.eye(2)]), np.array([1.0, -1.0, 1.0, -1.0])
crossed = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]])
cross = min(reweighted(E, signs, 0.1, crossed, s * np.full(4, 1 / 4), 1)[0][0] for s in factors)
figure = frame.Picture(figsize=(6.8, 4), layout="constrained")
panes = figure.subplots(1, 2)
for pane, values, title in (
    (panes[0], (least[0], above[-1], relu.objective), "the five samples"),
    (panes[1], (cross, 2 * 2**0.5 * 0.1 - 0.01, 4 * 0.1 - 0.02), "the cross polytope, reg 0.1"),
):
    bars = pane.bar(range(3), values, color=[frame.SKY, frame.ORANGE, frame.BLUE], hatch=["", "//", ".."])
    pane.bar_label(bars, fmt="%.3f", padding=2)
    pane.set_xticks(range(3), ["tangent\nkernel", "gated", "ReLU"])
    pane.set(title=title, ylabel="training objective")
    pane.margins(y=0.12)
figure
