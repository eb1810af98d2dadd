"""
Hills and valleys, or a bowl: the same training problem twice
=============================================================

This page draws what the convex program gains.  Training asks for weights, and its objective (T) has hills between
equally good networks and valleys without a way out; the program (C) asks for the amount of each atom, has the same
least value, and is a bowl.  Both are drawn here through the same networks.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame

x, y, reg = np.arange(5.0), np.array([3.0, 0.0, 1.0, 0.0, 3.0]), 0.5
solution = gm.derive(x[:, None], y, reg, exact=True)
print(solution.certificate.statement())

# %%
# Two ramps are enough for that value: one to the left of 1 and one to the right of 3.  As weights (w₁, b₁, α₁, w₂, b₂,
# α₂, t) a ramp with the amount z has w = ± √z and α = √z.
#
# * **A** is this optimum, **B** the same network with its neurons in the other order;
# * **L** has the left ramp alone, with the amount that is best for it.  Its second neuron is silent on all samples and
#   has no weights but its bias, and no small change wakes it up: a valley of (T), as the check below says.


def objective(theta):
    """(T) of weights, shape (..., 7)."""
    w, b, a = (theta[..., k : k + 6 : 3] for k in range(3))
    hidden = np.maximum(w[..., None, :] * x[:, None] + b[..., None, :], 0)
    error = (hidden @ a[..., None])[..., 0] + theta[..., 6:] - y
    return (error**2).sum(axis=-1) / 2 + reg / 2 * (w**2 + a**2).sum(axis=-1)


ramps = np.column_stack([np.maximum(1 - x, 0), np.maximum(x - 3, 0)])


def convex(z):
    """(C) of the amounts z of the two ramps, shape (..., 2), with the best intercept."""
    error = (z @ ramps.T - y) - (z @ ramps.T - y).mean(axis=-1, keepdims=True)
    return (error**2).sum(axis=-1) / 2 + reg * np.abs(z).sum(axis=-1)


centred = ramps - ramps.mean(axis=0)
best = np.linalg.solve(centred.T @ centred, centred.T @ y - reg)
alone = np.array([(centred[:, 0] @ y - reg) / (centred[:, 0] @ centred[:, 0]), 0])
r, s = np.sqrt(best), np.sqrt(alone[0])
t_best, t_alone = (float((y - ramps @ z).mean()) for z in (best, alone))
A = np.array([-r[0], r[0], r[0], r[1], -3 * r[1], r[1], t_best])
B = np.array([*A[3:6], *A[:3], t_best])
L = np.array([-s, s, s, 0, -1, 0, t_alone])
least = float(solution.objective)
assert np.allclose([objective(A), objective(B), convex(best)], least)
assert np.isclose(objective(L), convex(alone))
near = L + 0.02 * np.random.default_rng(0).normal(size=(20_000, 7))
print(f"A and B: {least:.4f};  L: {objective(L):.4f};  halfway from A to B: {objective((A + B) / 2):.4f}")
print("a network near L that is better was found:", bool((objective(near) < objective(L) - 1e-12).any()))

# %%
# Above (T) on the plane of weights through A, B and L, below (C) over the amounts of the two ramps, both with the same
# levels.  In (C) the order of neurons has no meaning, so that A and B are one point.  From L the straight way to the
# optimum leads downhill all along in (C), and over a hill in (T).

along = (B - A) / np.linalg.norm(B - A)
across = (L - A) - ((L - A) @ along) * along
across /= np.linalg.norm(across)
marks = {"A": A, "B": B, "L": L}
spots = {name: ((theta - A) @ along, (theta - A) @ across) for name, theta in marks.items()}
u, v = np.linspace(-2.2, 10.8, 261), np.linspace(-3, 5, 201)
plane = A + u[None, :, None] * along + v[:, None, None] * across
z1, z2 = np.linspace(-0.8, 3.2, 141), np.linspace(-0.8, 3.2, 141)
bowl = convex(np.stack(np.meshgrid(z1, z2), axis=-1))
levels = least + np.array([0.02, 0.1, 0.3, 0.6, 1, 1.24, 1.3, 1.4, 1.6, 2, 2.5, 3.2, 4, 5, 7, 10, 20])
figure = frame.Picture(figsize=(6.4, 9.2), layout="constrained")
above, below = figure.subplots(2, 1)
for pane, grid, heights in ((above, (u, v), objective(plane)), (below, (z1, z2), bowl)):
    pane.contourf(*grid, heights, levels=[0, *levels, 1e9], cmap="cividis", norm="log", vmin=least, vmax=20)
    pane.contour(*grid, heights, levels=levels, colors="white", linewidths=0.4)
for name, (across_plane, up) in spots.items():
    above.plot(across_plane, up, "o", color=frame.VERMILION, mec="white", ms=9)
    above.annotate(name, (across_plane, up), (7, 5), textcoords="offset points", color="white", fontsize=13)
for name, z in (("A = B", best), ("L", alone), ("constant", np.zeros(2))):
    below.plot(*z, "o", color=frame.VERMILION, mec="white", ms=9)
    below.annotate(name, z, (7, 5), textcoords="offset points", color="white", fontsize=13)
above.set(title="(T) on a plane of weights", xlabel="along A to B", ylabel="across, towards L")
below.set(title="(C) over the amounts of the two ramps", xlabel="left ramp", ylabel="right ramp")
figure

# %%
# The heights along these ways.  A straight way in (C) between two networks is a mixture of them; in (T) it is a mixture
# of their weights, which is another network altogether.

share = np.linspace(0, 1, 201)[:, None]
ways = [
    ("(T) from A to B, the same network", objective(A + share * (B - A)), frame.BLUE, "-"),
    ("(T) from L to A", objective(L + share * (A - L)), frame.ORANGE, "--"),
    ("(T) from L to B", objective(L + share * (B - L)), frame.VERMILION, "-."),
    ("(C) from L to A = B", convex(alone + share * (best - alone)), "black", ":"),
]
figure = frame.Picture(figsize=(6.8, 4.6), layout="constrained")
axes = figure.add_subplot()
for name, heights, colour, style in ways:
    axes.plot(share, heights, color=colour, ls=style, lw=2, label=name)
axes.axhline(least, color="0.5", lw=0.8)
axes.set(xlabel="share of the way", ylabel="objective")
axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
figure
