"""The picture of the front page; ``python docs/picture.py`` writes the one of the README."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm

rng = np.random.default_rng(1)
X = rng.normal(size=(30, 2))
y = np.where(np.hypot(*X.T) < 1.0, 1.0, -1.0)
network = gm.derive(X, y, reg=0.3).network
figure, axes = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
gm.plotting.plot_network(network, X, y, ax=axes, labels=["outside", "inside"])

if "__file__" in globals():  # not so where the site draws it
    plt.rcParams["svg.hashsalt"] = "geomnn"
    figure.savefig(Path(__file__).parent / "_static" / "network.svg", metadata={"Date": None})
