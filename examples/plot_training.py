"""
Gradient descent against the certificate
========================================

This page shows what training by gradients reaches, which only a bound can tell: thirty runs, of Adam and of stochastic
gradient descent, against a value that no network of any width passes; and where the lines of the neurons end up.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame, plot_plane

X, y = gm.datasets.peaks(16)
reg, width, runs, steps = 0.3, 12, 15, 6000
solution = gm.derive(X, y, reg, exact=True)
print(solution.certificate.statement())

# %%
# Thirty networks of twelve neurons, each from another start, trained on the same objective
# ½ Σ (f(x_i) − y_i)² + (reg/2) Σ (‖w_j‖₁² + α_j²) by its subgradients: fifteen by Adam with all samples, fifteen by
# stochastic gradient descent with four of them at a time.  Steps shrink towards the end.

shapes = {"W": (2, width), "b": (width,), "a": (width,), "t": (1,)}


def objective(net, X, y, weight=1.0):
    """(T) of each run, and its subgradient; weight is the number of samples in all over those given."""
    before = np.einsum("rdm,nd->rnm", net["W"], X) + net["b"][:, None]
    hidden, sizes = np.maximum(before, 0), np.abs(net["W"]).sum(axis=1)
    error = np.einsum("rnm,rm->rn", hidden, net["a"]) + net["t"] - y
    value = weight * (error**2).sum(axis=1) / 2 + reg / 2 * (
        (sizes**2).sum(axis=1) + (net["a"] ** 2).sum(axis=1)
    )
    back = weight * error[:, :, None] * net["a"][:, None] * (before > 0)
    slope = {
        "W": np.einsum("rnm,nd->rdm", back, X) + reg * sizes[:, None] * np.sign(net["W"]),
        "b": back.sum(axis=1),
        "a": weight * np.einsum("rnm,rn->rm", hidden, error) + reg * net["a"],
        "t": weight * error.sum(axis=1, keepdims=True),
    }
    return value, slope


def train(adam, seed):
    """The values along the way, and the networks at the end."""
    rng = np.random.default_rng(seed)
    net = {name: rng.normal(scale=0.7, size=(runs, *shape)) for name, shape in shapes.items()}
    first, second = ({name: np.zeros_like(part) for name, part in net.items()} for _ in range(2))
    values = []
    for step in range(steps):
        rate = (0.02 if adam else 0.004) * np.cos(np.pi / 2 * step / steps) ** 2
        rows = slice(None) if adam else rng.choice(len(X), 4, replace=False)
        _, slope = objective(net, X[rows], y[rows], 1.0 if adam else len(X) / 4)
        for name, part in slope.items():
            if adam:
                first[name] += 0.1 * (part - first[name])
                second[name] += 0.001 * (part**2 - second[name])
                part = first[name] / (np.sqrt(second[name] / (1 - 0.999 ** (step + 1))) + 1e-9)
            net[name] = net[name] - rate * part
        values.append(objective(net, X, y)[0])
    return np.array(values), net


trained = {"Adam": train(True, 0), "SGD": train(False, 1)}
bound = float(solution.certificate.dual)
assert all((values >= bound).all() for values, _ in trained.values())
figure = frame.Picture(figsize=(6.8, 4.6), layout="constrained")
axes = figure.add_subplot()
for (name, (values, _)), colour, style in zip(
    trained.items(), (frame.BLUE, frame.ORANGE), ("-", "--"), strict=True
):
    above = axes.plot(values / bound - 1, color=colour, ls=style, lw=0.8, alpha=0.8)
    above[0].set_label(f"{name}, fifteen runs")
axes.set(yscale="log", xlabel="step", ylabel="above the proven bound, relative", ylim=(1e-4, 30))
axes.legend(frameon=False)
figure

# %%
# None passes the bound.  The runs end at different heights, and without the bound nobody could say how much is left to
# win.  Where do their lines go?  Above are the lines of the best run, below those of the optimum: the trained ones have
# drifted to lines through two samples, or through one along an axis, the wedges.

values, net = trained["Adam"]
best = values[-1].argmin()
model = [
    (net["W"][best].T, net["b"][best]),
    (net["a"][best][None], net["t"][best]),
]
figure = frame.Picture(figsize=(6.4, 11), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True, sharey=True)
plot_plane(solution.network, X, y, ax=below)
below.set_title("the optimum")
strong = np.abs(net["a"][best]) * np.abs(net["W"][best]).sum(axis=0)
ends = np.array([X.min() - 0.2, X.max() + 0.2])
for w, b, z in zip(*model[0], strong, strict=True):
    if z > 1e-3 * strong.sum():  # the others have died out
        along = abs(w[1]) >= abs(w[0])
        line = (ends, -(w[0] * ends + b) / w[1]) if along else (-(w[1] * ends + b) / w[0], ends)
        above.plot(*line, color="black", lw=1.2)
above.scatter(*X.T, c=y, cmap="cividis", edgecolors="black", zorder=3)
above.set(title="the best run of Adam", ylabel="feature 2", aspect="equal")
figure

# %%
# `gm.rewrite` makes that drift complete.  Each trained neuron becomes a sum of wedges with the same outputs on the
# samples, at no higher cost, and what is not needed is dropped; then only the amounts are left to choose.

rewriting = gm.rewrite(model, X, norm=1)
assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-9)
print(f"cost of the best run {rewriting.cost_before:.3f}, in wedges {rewriting.cost_after:.3f}")
names = [str(neuron.atom) for neuron in rewriting.network.neurons if abs(neuron.coefficient) > 0.02]
print(*sorted(names), sep="; ")
