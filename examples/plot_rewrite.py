"""
A trained network, rewritten into wedges
========================================

This page makes a network readable that was trained elsewhere.  Gradient training puts the lines of its neurons
anywhere; here they are moved on to samples: the outputs on the samples stay the same to rounding, the cost
``Σ ‖w‖₁ |α|`` does not rise, and every neuron gets a name.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPRegressor

import geomnn as gm
from geomnn.plotting import frame
from geomnn.plotting.plane import zero_line

X, y = gm.datasets.peaks(15)
trained = MLPRegressor(hidden_layer_sizes=30, solver="lbfgs", max_iter=2000, tol=1e-3, random_state=0).fit(
    X, y
)
# training multiplies rounding, which differs between processors: four decimals are the same on all of them
trained.coefs_ = [table.round(4) for table in trained.coefs_]
trained.intercepts_ = [row.round(4) for row in trained.intercepts_]
rewriting = gm.rewrite(trained, X)
print(f"neurons: {rewriting.before[0]} before, {rewriting.after[0]} after")
print(f"cost: {rewriting.cost_before:.6g} before, {rewriting.cost_after:.6g} after")
gap = np.abs(rewriting.network(X) - trained.predict(X)).max()
print(f"outputs on the samples: {'the same to twelve decimals' if gap < 1e-12 else gap}")

# %%
# Where w·x + b = 0, before and after.  Above, the lines are where training has left them.  Below, each
# passes through two samples, or through one and is parallel to an axis; the samples that span a line are ringed.
# Splitting neurons into wedges leaves the cost as it is; then, of those with dependent outputs on the samples, as
# many are dropped as can be at no higher cost.  Between the samples the two networks differ.

box = [(-2.2, 2.2), (-2.2, 2.2)]
W, b = trained.coefs_[0].T, trained.intercepts_[0]
network = rewriting.network
rows = sorted({row for neuron in network.neurons for row in neuron.atom.samples})


def draw_line(pane, weight, bias, **style):
    ends = zero_line(weight, bias, box)
    if ends is not None:
        pane.plot(*ends.T, **style)


def draw_samples(pane):
    pane.plot(*X.T, "o", color="black", ms=4, label="samples" if pane is below else None)
    pane.set(xlim=box[0], ylim=box[1], aspect="equal", xlabel="feature 1")


figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 10.6), sharex=True, layout="constrained")
for weight, bias in zip(W, b, strict=True):
    draw_line(above, weight, bias, color=frame.VERMILION, lw=0.9, ls="--")
for neuron in network.neurons:
    draw_line(below, neuron.weight, neuron.bias, color=frame.BLUE, lw=0.9)
draw_samples(above)
draw_samples(below)
below.plot(*X[rows].T, "o", color="black", mfc="none", ms=11, label="samples that span a line")
above.set(xlabel="", ylabel="feature 2", title=f"trained: {len(W)} neurons, cost {rewriting.cost_before:.4g}")
below.set(ylabel="feature 2", title=f"rewritten: {len(network)} neurons, cost {rewriting.cost_after:.4g}")
figure.legend(*below.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %%
# One neuron alone.  Its line can be moved, crossing no sample, until samples stop it or it is parallel to an axis;
# ``split_layer`` says which of these extreme lines make up the neuron, u = Σ c_k u_k with c_k > 0.  All of them
# have the same samples on their active side (filled), apart from those on the line, where the output is 0 anyway.

parts = list(gm.split_layer(trained, X))
chosen = max(
    (j for j in range(len(W)) if len(parts[j].coefficients) == 3), key=lambda j: parts[j].coefficients.min()
)
split = parts[chosen]
active = X @ W[chosen] + b[chosen] > 0
print("coefficients", split.coefficients.round(3), "sum", split.coefficients.sum().round(6))
print("‖w‖₁ of the neuron", np.abs(W[chosen]).sum().round(6))

figure, axes = plt.subplots(figsize=(5.6, 5.6), layout="constrained")
draw_line(axes, W[chosen], b[chosen], color=frame.VERMILION, lw=2.5, ls="--", label="the neuron")
for c, weight, bias, style in zip(
    split.coefficients, split.weights, split.biases, ("-", "-.", ":"), strict=True
):
    draw_line(axes, weight, bias, color=frame.BLUE, lw=1.8, ls=style, label=f"wedge, coefficient {c:.2f}")
draw_samples(axes)
axes.plot(*X[active].T, "o", color="black", ms=7, label="samples: the neuron is active")
axes.plot(*X[~active].T, "o", color="black", mfc="white", ms=7, label="and inactive")
axes.set(ylabel="feature 2", title="One neuron is a sum of three wedges")
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()
