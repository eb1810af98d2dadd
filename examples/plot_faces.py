"""
Partial wedges: what the 2-norm adds
====================================

This page shows what wedges of samples miss for ``norm=2``: a best neuron may pass through fewer samples than a wedge
has, and then the residuals decide its direction.  The two programs are compared on the same seven samples, and the
residuals are drawn at work.
"""

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame, plot_plane
from geomnn.plotting.plane import zero_line

X, y = gm.datasets.peaks(7, seed=2)
wedge = gm.derive(X, y, reg=0.1, norm=2, dictionary="wedge")
exact = gm.derive(X, y, reg=0.1, norm=2, dictionary="all")
for title, solution in (("wedges alone", wedge), ("with partial wedges", exact)):
    print(f"{title}: objective {solution.objective:.6f}, scope {solution.certificate.coverage.scope!r}")
    print(solution.network, end="\n\n")
print(f"wedges alone cost {wedge.objective / exact.objective - 1:.1%} more")

# %%
# Above every line passes through two samples.  Below the dashed line of the partial wedge passes
# through one; it has turned about it to where the objective is lowest, and two neurons do the work of four.  The
# certificate above is about wedges of samples only (its scope is the dictionary), the one below is
# global.

figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 11.4), layout="constrained")
plot_plane(exact.network, X, y, ax=below)
plot_plane(wedge.network, X, y, ax=above)
figure.legend(*below.get_legend_handles_labels(), loc="outside lower center", frameon=False)
above.get_legend().remove()
below.get_legend().remove()
above.set_title(f"wedges: {len(wedge.network)} neurons\nobjective {wedge.objective:.4f}")
below.set_title(f"with partial wedges: {len(exact.network)} neurons\nobjective {exact.objective:.4f}")
plt.show()

# %%
# Why it points there.  Let v = y − f be the residuals and a the sample that the line turns about.  On the set of
# neurons with the same active samples the correlation with v is g·w, g = Σ v_i (x_i − x_a) over the active i, and
# of all w of length 1 the best is g/‖g‖.  The thin arrows are the terms of g, a positive residual pulling towards
# its sample and a negative one pushing away; the thick arrow is g, and the line is orthogonal to it.

atom = next(neuron.atom for neuron in exact.network.neurons if neuron.atom.is_partial)
a, rows, v = atom.samples[-1], list(atom.active), exact.dual
terms = v[rows, None] * (X[rows] - X[a])
g = terms.sum(axis=0)
print(atom, "w =", atom.weight.round(6), "g/‖g‖ =", (g / np.linalg.norm(g)).round(6))
assert np.allclose(atom.weight, atom.orientation * g / np.linalg.norm(g))

box, scale = [(-2.0, 1.8), (-2.1, 1.4)], 1.5 / np.linalg.norm(terms, axis=1).max()
figure, axes = plt.subplots(figsize=(6.4, 6.4), layout="constrained")
axes.set(aspect="equal", xlim=box[0], ylim=box[1], xlabel="feature 1", ylabel="feature 2")
axes.plot(
    *zero_line(atom.weight, atom.bias, box).T, "--", color="black", lw=1.4, label="line of the partial wedge"
)
for term, row in zip(terms, rows, strict=True):
    color = frame.BLUE if v[row] > 0 else frame.VERMILION
    arrow = {
        "arrowstyle": "->",
        "color": color,
        "ls": "-" if v[row] > 0 else (0, (4, 2)),
        "lw": 1.4,
        "shrinkA": 0,
    }
    axes.annotate("", X[a] + scale * term, X[a], arrowprops=arrow)
    axes.plot(*np.transpose([X[a], X[row]]), color="0.7", lw=0.8, ls=":", zorder=0)
    name = f"x{row}\nv = {frame.number(round(v[row], 3))}"
    axes.annotate(name, X[row], (0, 8), textcoords="offset points", ha="center", fontsize=9)
arrow = {"arrowstyle": "-|>", "color": "black", "lw": 3, "mutation_scale": 20, "shrinkA": 0}
axes.annotate("", X[a] + scale * g, X[a], arrowprops=arrow)
axes.text(*(X[a] + scale * g), "  g", fontsize=13, fontweight="bold", va="center", path_effects=frame.HALO)
axes.plot(*X[v > 0].T, "^", color=frame.BLUE, ms=8, label="v > 0: f is too low")
axes.plot(*X[v < 0].T, "v", color=frame.VERMILION, ms=8, label="v < 0: f is too high")
axes.plot(*X[a], "o", color="black", mfc="none", ms=14, label=f"x{a}, about which the line turns")
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()
