"""
Downhill all the way, from a trained network to the optimum
===========================================================

This page shows that a trained network can be improved to the best of all without ever making it worse, if it has as
many neurons as samples.  It draws such a path, along which the training objective never rises, and a point from which,
with fewer neurons, no such path exists.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPRegressor

import geomnn as gm
from geomnn.plotting import frame

X, y = gm.datasets.peaks(15)
trained = MLPRegressor(hidden_layer_sizes=15, solver="lbfgs", max_iter=2000, tol=1e-3, random_state=0).fit(
    X, y
)
# training multiplies rounding, which differs between processors: four decimals are the same on all of them
trained.coefs_ = [table.round(4) for table in trained.coefs_]
trained.intercepts_ = [row.round(4) for row in trained.intercepts_]
descent = gm.descend(trained, X, y, reg=0.1)
print(f"{descent.losses[0]:.6g} at the beginning, {descent.losses[-1]:.6g} at the end")

# %%
# The objective ½ Σ (f − y)² + (reg/2) Σ (‖w‖₁² + α²), computed from the weights along the path.  At first each neuron
# is balanced, ``‖w‖₁ = |α|``.  Where activations are dependent, neurons are pruned.  Then the others come to their best
# amounts, one or another vanishing on the way, and each time the atom with the largest correlation with the residual
# is added.  If its activation depends on those in use, it replaces one of them.  The scale shows the distance to the
# optimum.

COLOURS = {"balance": "0.5", "prune": frame.ORANGE, "descend": frame.BLUE, "swap": frame.VERMILION}


def objective(weights, X, y, reg):
    W, b, alpha, t = weights
    error = np.maximum(X @ W.T + b, 0) @ alpha + t - y
    return error @ error / 2 + reg / 2 * (np.sum(np.abs(W).sum(axis=1) ** 2) + alpha @ alpha)


def draw(axes, descent, X, y, reg, least=0.0):
    steps = np.linspace(0, 1, 41)
    for k, segment in enumerate(descent.segments):
        values = np.array([objective(segment.weights(s), X, y, reg) for s in steps])
        known = segment.kind in axes.get_legend_handles_labels()[1]
        colour, label = COLOURS[segment.kind], None if known else segment.kind
        axes.plot(k + steps, values - least, color=colour, lw=2.5, solid_capstyle="round", label=label)
        axes.plot(k, values[0] - least, "o", color="black", ms=3)
    axes.set(xlabel="pieces of the path")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)


_, axes = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
draw(axes, descent, X, y, 0.1, least=descent.certificate.dual)
axes.set(yscale="log", ylim=(1e-5, None), ylabel="objective above the optimum")
plt.show()

# %%
# With fewer neurons there may be no such path.  The two neurons f(x) = (x − 1)₊ − (x + 1)₊ + 1 have the objective 9 on
# three samples, and every network of two neurons nearby has at least that.  A third one, of weight zero, opens the
# way: the outputs stay as they are on the first piece, while two neurons are exchanged for a cheaper one.

X, y = np.array([[0.0], [1.0], [2.0]]), np.array([2.0, -4.0, 0.0])
trap = [([[1], [1]], [-1, 1]), ([[1, -1]], [1])]
rng, rises = np.random.default_rng(0), []
for _ in range(2000):
    W, b, alpha, t = (
        np.array(part) + 0.05 * rng.normal(size=np.shape(part)) for part in ([[1], [1]], [-1, 1], [1, -1], 1)
    )
    rises.append(objective((W, b, alpha, t), X, y, 1) - 9)
print(f"2,000 networks nearby: {sum(rise < 0 for rise in rises)} are lower")

descent = gm.descend(trap, X, y, reg=1, width=3)
figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 7.4), layout="constrained")
draw(above, descent, X, y, 1)
above.set(ylabel="objective")
line = np.linspace(-0.5, 2.5, 200)[:, None]
for k, segment in enumerate(descent.segments):
    W, b, alpha, t = segment.weights(1)
    shade = str(0.75 * (1 - k / (len(descent.segments) - 1)))
    below.plot(line, np.maximum(line @ W.T + b, 0) @ alpha + t, color=shade, label=f"{segment.after:.4g}")
below.plot(X, y, "o", color=frame.VERMILION)
below.set(xlabel="x", ylabel="f(x) at the end of each piece")
below.legend(frameon=False, title="objective")
plt.show()

# %%
# The end, and what is known of it.

print(descent.network)
print(f"objective {descent.certificate.primal:.6f}, scope {descent.certificate.coverage.scope!r}")
