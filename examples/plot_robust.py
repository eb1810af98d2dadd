"""
Training against moves
======================

This page shows what it costs, and what it buys, to train against all that samples may do within a box: a network that
is optimal at the samples may have another class right beside them.  Three programs, each with a certificate.
"""

import numpy as np
from matplotlib.patches import Rectangle

import geomnn as gm
from geomnn.plotting import frame

random = np.random.default_rng(3)
X = random.uniform(-1, 1, size=(14, 2)).round(2)
y = np.where(np.hypot(*X.T) > 0.75, 1, -1)
reg, eps = 0.02, 0.15
options = {"reg": reg, "loss": "hinge"}

# %%
# A sample x_i is judged by the worst point of its box, ‖x − x_i‖_∞ ≤ ε.  That is a convex problem, as f is linear in
# the network at every point: ``robust="exact"`` solves it by the worst points, of which it finds new ones until there
# are none.  Two programs bound it from above and need no search: ``"sum"`` lets every neuron have its own worst point,
# and ``"noflip"`` takes only neurons that bend inside no box.

found = {"trained at the samples": gm.derive(X, y, **options)} | {
    f'robust="{program}"': gm.derive(X, y, **options, eps=eps, robust=program)
    for program in ("exact", "sum", "noflip")
}
for name, solution in found.items():
    safe = gm.robustness(solution.network, X, y, eps=eps)  # proven, by all cells of the plane
    worst = np.maximum(1 - safe.margin[:, 0].astype(float), 0).sum()
    cost = reg * sum(abs(neuron.coefficient) for neuron in solution.network.neurons)
    print(
        f"{name}: {worst + cost:.3f} at the worst points, {safe.certified.sum()} of {len(X)} boxes keep their class"
    )

# %%
# The certificates say which problem each of them solves:

for solution in list(found.values())[1:]:
    print(solution.certificate.coverage.sentence(f"{solution.objective:.4f}, to rounding"))

# %%
# Boxes are what samples may move to; one is white where the network does not have the class of its sample all over it.
# Two boxes of different classes overlap, so that no network keeps both.  The first network passes through boxes; the
# others keep away from them where that is worth its price.  Thin lines are where neurons bend.

ticks = np.linspace(-1.3, 1.3, 261)
grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
figure = frame.Picture(figsize=(6.8, 7.4), layout="constrained")
for axes, (name, solution) in zip(
    figure.subplots(2, 2, sharex=True, sharey=True).ravel(), found.items(), strict=True
):
    net = solution.network
    f = net(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    axes.contourf(ticks, ticks, f, [-1e9, 0, 1e9], colors=[frame.ORANGE, frame.BLUE], alpha=0.18)
    axes.contour(ticks, ticks, f, [0], colors="black", linewidths=2)
    for neuron in net.neurons:
        bend = grid @ neuron.atom.weight + neuron.atom.bias
        axes.contour(ticks, ticks, bend, [0], colors="0.55", linewidths=0.6)
    kept = gm.robustness(net, X, y, eps=eps).certified
    for x, label, safe in zip(X, y, kept, strict=True):
        colour = frame.BLUE if label > 0 else frame.ORANGE
        corner, side = x - eps, 2 * eps
        axes.add_patch(Rectangle(corner, side, side, fill=not safe, fc="white", ec=colour, lw=1.8))
        axes.plot(*x, "o" if label > 0 else "s", color=colour, ms=5)
    axes.set_title(f"{name}: {kept.sum()} of {len(X)} kept", fontsize=10)
    axes.set_aspect("equal")
figure

# %%
# The names of neurons tell what they were trained against: they pass through samples that were moved, here to corners
# of their boxes.

for neuron in found['robust="sum"'].network.neurons:
    print(neuron.atom)
