"""
Thirteen features: a classifier that can be read
================================================

A scikit-learn pipeline that distinguishes three kinds of wine by thirteen measurements.  With ``norm=1`` neurons are
parallel to most axes, so that each depends on very few features, and the whole classifier fits on a page.
"""

# sphinx_gallery_thumbnail_number = 2

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import geomnn as gm
from geomnn.plotting import frame, plot_neurons

wine = load_wine()
names, sorts = [name.split("/")[0] for name in wine.feature_names], ["sort 0", "sort 1", "sort 2"]
X, X_test, y, y_test = train_test_split(
    wine.data, wine.target, test_size=0.4, stratify=wine.target, random_state=0
)
model = make_pipeline(StandardScaler(), gm.WedgeClassifier(reg=10, norm=1, random_state=0)).fit(X, y)
print(
    f"accuracy: {model.score(X, y):.3f} in training, {model.score(X_test, y_test):.3f} on {len(X_test)} other wines"
)
print("confusion matrix of those:", *confusion_matrix(y_test, model.predict(X_test)), sep="\n")

# %%
# All wedges of 106 samples in thirteen dimensions are too many to be looked at, so that they were searched, and the
# certificate says so: its scope is local.  The correlation is that of a neuron with the residuals; a neuron above 1
# times reg would lower the objective, and the search came across none, to rounding.  That is evidence, not proof; and
# on another processor a search may end at another network that is as good.

classifier = model[-1]
certificate = classifier.solution_.certificate
print(f"scope: {certificate.coverage.scope}, objective {certificate.primal:.2f}")
print("a correlation above 1.001 times reg was found:", certificate.largest_correlation > 1.001)

# %%
# Neurons by rows: weights of unit neurons on the standardised features, and what each adds to the three scores (z).
# ⋆(hue ∧ 1)[x100] is the hyperplane through sample 100 on which that one measurement is constant: the wedge of the
# features that a neuron has weights of, and of ones, at the samples that it goes through.

network = classifier.solution_.network
plot_neurons(network, feature_names=names, labels=sorts)

# %%
# The same in the units of the table.  A neuron with one weight is a ramp in that measurement, and it begins at one
# of the wines.  Dots are the wines of the training set, each sort on a line of its own.  The title says which sort
# a high ramp speaks for, and which against.  A ramp that begins at an outermost wine is linear on all of them.

scale, colors, markers = model[0], (frame.BLUE, frame.VERMILION, frame.ORANGE), "o^s"
_, panes = plt.subplots(2, 4, figsize=(9.5, 6), layout="constrained")
panes = panes.ravel()
ramps = [neuron for neuron in network.neurons if len(neuron.atom.support) == 1]
order = sorted(ramps, key=lambda neuron: -np.linalg.norm(neuron.coefficient))
for pane, neuron in zip(panes, order, strict=False):
    (k,) = neuron.atom.support
    places = np.linspace(X[:, k].min(), X[:, k].max(), 200)
    ramp = np.maximum(
        neuron.atom.weight[k] * (places - scale.mean_[k]) / scale.scale_[k] + neuron.atom.bias, 0
    )
    pane.plot(places, ramp, color="black", lw=2)
    for sort in range(3):
        height = -0.35 * (sort + 1)
        values = X[:, k][y == sort]
        pane.plot(values, np.full(len(values), height), markers[sort], color=colors[sort], ms=4, alpha=0.6)
    start = X[classifier.rows_[neuron.atom.samples[0]], k]
    pane.plot(start, 0, "D", color="black", ms=7)
    z = neuron.coefficient
    title = f"for {sorts[z.argmax()]} ({z.max():+.2g})\nagainst {sorts[z.argmin()]} ({z.min():+.2g})"
    pane.set_title(title.replace("-", "−"), fontsize=8)
    pane.set_xlabel(names[k])
panes[0].set_ylabel("activation")
panes[4].set_ylabel("activation")
for pane in panes[len(order) :]:
    pane.set_axis_off()
for sort in range(3):
    panes[-1].plot([], [], markers[sort], color=colors[sort], label=f"wines of {sorts[sort]}")
panes[-1].plot([], [], color="black", lw=2, label="the activation of the neuron")
panes[-1].plot([], [], "D", color="black", label="the wine where it begins")
panes[-1].legend(loc="center", frameon=False)
plt.show()
