r"""
Two, three, any depth
=====================

This page answers how much further layers could improve a network on given samples, before anyone trains them.  Three
numbers are needed, each an optimum or a bound of one:

* the optimum of two layers, over all wedges of samples;
* the optimum of three layers, over all wedges of the features of the first one;
* the bound by :doc:`transport <plot_transport>`, which holds for networks of *every* depth and width, as it uses only
  one property of a network: along each feature it rises by no more than its weights allow.

All three are about the same objective, :math:`\frac12\sum_i (f(x_i)-y_i)^2` plus reg times the *path norm*, the sum
over all paths from an input to the output of the product of the sizes of their weights.  So two layers cost at least
as much as three, three at least as much as four, and none less than the bound.  Where three layers meet the bound, no
depth is better than three; elsewhere the distance is the most that depth can gain.
"""

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame

tables = {
    "A": ([[2, 4], [1, 0], [2, 1], [1, 3]], [0, 3, 3, 0]),
    "B": ([[3, 1], [1, 4], [0, 1], [3, 3]], [2, 3, 0, 1]),
}
print("   reg     two   three     any")
for name, (X, y) in tables.items():
    for reg in (0.1, 1.0, 3.0):
        two = gm.derive(X, y, reg=reg)
        three = gm.derive(X, y, reg=reg, depth=3, certify="transport")
        assert three.certificate.coverage.scope == two.certificate.coverage.scope == "global"
        least = three.certificate.proven.value
        print(f"{name} {reg:4g}  {two.objective:.4f}  {three.objective:.4f}  {least:.4f}")

# %%
# On table A three layers reach the bound: a hundred layers are no better.  On table B they do not, unless reg is
# large. Where all three numbers are equal, not even a third layer helps.

# %%
# Where the three meet
# --------------------
# The same for every reg, as shares of the optimum of two layers.  From ``reg_max`` on, the right end, the best network
# of two layers is a constant.  The smaller reg is, the nearer the networks are to passing through the samples, and the
# more the shape of the units matters, which is what depth adds.
figure, panes = plt.subplots(2, 1, figsize=(6.4, 7.4), layout="constrained", sharex=True)
for pane, (name, (X, y)) in zip(panes, tables.items(), strict=True):
    shares = np.concatenate([[0.005, 0.02], np.linspace(0.05, 0.99, 20)])
    rows = []
    for reg in shares * gm.reg_max(X, y):
        two, three = (gm.derive(X, y, reg=reg, depth=depth) for depth in (2, 3))
        least = gm.bound(two, method="transport").proven.value
        assert two.objective * (1 + 1e-9) >= three.objective >= least * (1 - 1e-6)
        rows.append([1.0, three.objective / two.objective, least / two.objective])
    values = 100 * np.array(rows).T
    pane.fill_between(shares, values[2], values[1], color=frame.SKY, alpha=0.35, lw=0)
    for curve, color, style, label in zip(
        values,
        (frame.VERMILION, frame.BLUE, "black"),
        ("-", "-", "--"),
        ("two layers", "three layers", "any depth, at least"),
        strict=True,
    ):
        pane.plot(shares, curve, color=color, ls=style, lw=2.2, label=label)
    pane.set(ylabel="objective, % of two layers", title=f"table {name}", xlim=(0, 1), ylim=(83, 101))
panes[0].legend(loc="lower right", frameon=False, fontsize=12)
panes[1].set_xlabel("reg, as a share of reg_max")
plt.show()

# %%
# The functions
# -------------
# What the third layer changes on table A: an optimal network of two layers above, one of three layers below.  A ramp
# that levels off at both ends, :math:`(1 - (1 - w\cdot x - b)_+)_+`, is a single unit of three layers and costs what
# its slope does; two layers need two ramps for it.  (There are other optimal networks of the same objective.)
X, y = map(np.array, tables["A"])
across, up = np.meshgrid(np.linspace(-0.5, 3.5, 161), np.linspace(-1, 5, 161))
figure, panes = plt.subplots(2, 1, figsize=(5.6, 9.4), layout="constrained", sharex=True)
for pane, depth in zip(panes, (2, 3), strict=True):
    solution = gm.derive(X, y, reg=0.05, depth=depth)
    heights = solution.network(np.column_stack([across.ravel(), up.ravel()])).reshape(across.shape)
    filled = pane.contourf(across, up, heights, levels=np.linspace(-1, 4, 11), cmap="cividis", extend="both")
    pane.contour(across, up, heights, levels=np.linspace(-1, 4, 11), colors="white", linewidths=0.4)
    for point, target in zip(X, y, strict=True):
        pane.annotate(
            f"{target:g}",
            point,
            ha="center",
            va="center",
            fontsize=13,
            bbox={"boxstyle": "circle", "fc": "white", "ec": "black"},
        )
    pane.set(ylabel="feature 2", title=f"{('two', 'three')[depth - 2]} layers: {solution.objective:.4f}")
panes[1].set_xlabel("feature 1")
figure.colorbar(filled, ax=panes, label="f(x)", shrink=0.6)
plt.show()

# %%
# More samples
# ------------
# The optimum of three layers is for a handful of samples; the two others are not.  Sixty samples of a ring: how much
# any number of layers could lower the objective, at most.  The truth may be less.  On table B it is: four samples
# allow a complete answer, and no number of layers gets below the optimum of three there (Theorem 16 of the
# :doc:`lecture note on bounds <../lectures/bounds>`).
rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(60, 2)).round(1)
y = np.where(np.abs(np.hypot(*X.T) - 1.2) < 0.5, 1.0, -1.0)
shares, most = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]), []
for reg in shares * gm.reg_max(X, y):
    two = gm.derive(X, y, reg=reg)
    assert two.certificate.coverage.scope == "global"
    most.append(100 * (1 - gm.bound(two, method="transport").proven.value / two.objective))
figure, pane = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
pane.fill_between(shares, 0, most, color=frame.SKY, alpha=0.35, lw=0)
pane.plot(shares, most, "o--", color="black", lw=2)
pane.set(xlabel="reg, as a share of reg_max", ylabel="% of two layers", xlim=(0, 1), ylim=(0, None))
pane.set_title("what depth can buy at most: 60 samples")
plt.show()
