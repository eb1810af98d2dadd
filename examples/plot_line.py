"""
One feature: ramps that begin at samples
========================================

This page shows the whole theory at its smallest: on the line an optimal network is a sum of ramps, every ramp begins at
a sample, and ``reg`` decides what they do.  At the end the fit is written as an exact formula.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame, plot_fit

X = np.arange(7)[:, None]
y = np.array([2, 2, 3, 5, 5, 6, 6])
print(f"from reg = {gm.reg_max(X, y):g} on, the best network is a constant")

# %%
# Three values of ``reg``, large to small.  A name stands over the sample at which its ramp begins: +⋆1 rises to the
# right of it, −⋆1 to the left, ±⋆1 are both.  (Weights on the line are ±1, the dual ⋆ of a wedge of no vectors,
# which is the number 1.)  As ``reg`` falls the objective does, and the fit comes closer to the samples.

figure, panes = plt.subplots(1, 3, figsize=(6.4, 4.6), sharey=True, layout="constrained")
for pane, reg in zip(panes, (5, 1, 0.05), strict=True):
    solution = gm.derive(X, y, reg=reg)
    plot_fit(solution.network, X, y, ax=pane, feature_names=["x"])
    pane.set_title(f"reg = {reg}\nobjective {solution.objective:.3g}", pad=72, fontsize=11)
    pane.set_ylim(1.5, 6.7)
    pane.label_outer()
    pane.get_legend().remove()
figure.legend(*pane.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %%
# The middle one in fractions.  ``exact=True`` finishes in rational arithmetic: the objective and its lower bound
# are the same number, so that no network of any width has a lower one, and no other one is as good.

exact = gm.derive(X, y, reg=Fraction(1), exact=True)
print(f"objective {exact.objective}, gap {exact.certificate.gap}, unique: {exact.unique}")
exact.network.to_sympy()  # f

# %%
# Term by term: the fit is the sum of these ramps and a constant.

x = np.linspace(-0.5, 6.5, 401)
figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
for neuron, color, style in zip(
    exact.network.neurons,
    (frame.BLUE, frame.VERMILION, frame.ORANGE),
    ("--", "-.", ":"),
    strict=True,
):
    ramp = float(neuron.coefficient) * np.maximum(
        float(neuron.atom.weight[0]) * x + float(neuron.atom.bias), 0
    )
    axes.plot(x, ramp, color=color, ls=style, lw=2, label=f"{neuron.coefficient} · ({neuron.atom})")
axes.plot(x, exact.network.numeric()(x[:, None]), color="black", lw=2.5, label="their sum and the constant")
axes.plot(X, y, "o", color="black", mfc="white", ms=7, label="samples")
axes.axhline(
    float(exact.network.intercept), color="0.5", lw=1, label=f"the constant {exact.network.intercept}"
)
axes.set(xlabel="x", ylabel="f and its parts")
figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
plt.show()
