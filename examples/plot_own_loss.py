"""
A loss of your own: Huber's
===========================

This page shows that a loss of your own keeps the proof: any convex loss whose slope and conjugate can be written down
can take the place of a name, and the certificate proves just as much.  Squared errors let a few outliers bend the
network; Huber's loss, which is linear in large errors, does not.
"""

# %%
# Seven short methods.  v = −∂L/∂f is the residual, cut off at ± δ; the dual value is D(v) = Σ v∘y − ½ Σ v²/s for
# v between −δ s and δ s, which no network is below.
import numpy as np
from scipy.optimize import brentq

import geomnn as gm
from geomnn.plotting import frame


class HuberLoss(gm.losses.Loss):
    """ℓ = ½ r² for |r| ≤ δ and δ (|r| − ½ δ) beyond, r = y − f."""

    name = "Huber"

    def __init__(self, delta):
        self.delta = delta

    def check_targets(self, y, bias):
        """Any finite numbers will do."""

    def value(self, f, y):
        r = np.abs(y - f)
        inside = np.minimum(r, self.delta)
        return float(np.sum(self.s * inside * (r - inside / 2)))

    def residual(self, f, y):
        return self.s * np.clip(y - f, -self.delta, self.delta)

    def curvature(self, f, y):
        return (self.s * (np.abs(y - f) <= self.delta))[:, :, None] * np.eye(y.shape[1])

    def shift(self, f, y):
        rest = y - f  # the sums of the residual fall as the intercept grows

        def sums(t, k):
            return self.residual(f + t, y)[:, k].sum()

        ends = zip(rest.min(axis=0) - 1, rest.max(axis=0) + 1, strict=True)
        return np.array([brentq(sums, *end, args=(k,), xtol=1e-15, rtol=1e-15) for k, end in enumerate(ends)])

    def dual(self, v, y):
        if (np.abs(v) > self.delta * self.s * (1 + 1e-12)).any():
            return -np.inf
        return float(np.sum(v * y) - np.sum(v**2 / self.s) / 2)

    def clip(self, v, y):
        return np.clip(v, -self.delta * self.s, self.delta * self.s)


# %%
# Its laws are equations; a check runs them at random predictions and names the first that is broken.
X = np.linspace(0, 4, 41)[:, None]
y = np.abs(X[:, 0] - 2)
y[[5, 18, 30]] += 3  # three outliers
gm.testing.check_loss(HuberLoss(0.2), y)

# %%
# It takes the place of a name, and the network has its proof.
huber = gm.derive(X, y, reg=0.2, loss=HuberLoss(0.2))
squared = gm.derive(X, y, reg=0.2)
print(huber.network)
print(huber.certificate.coverage.sentence())

# %%
# The errors of the two on all samples but the outliers.
clean = np.abs(X[:, 0] - 2)
for name, solution in (("Huber", huber), ("squared", squared)):
    error = np.abs(solution.network(X) - clean).max()
    print(f"{name:8} {error:.2f} off, {len(solution.network)} neurons")

# %%
# The fits: outliers pull one of them and hardly move the other.
figure = frame.Picture(figsize=(6.8, 4.2), layout="constrained")
axes = figure.add_subplot()
axes.plot(X, y, "o", color="0.6", label="samples, three of them off")
axes.plot(X, squared.network(X), color=frame.VERMILION, ls="--", label="squared")
axes.plot(X, huber.network(X), color=frame.BLUE, label="Huber, δ = 0.2")
axes.set(xlabel="x", ylabel="y")
axes.legend(frameon=False)
figure
