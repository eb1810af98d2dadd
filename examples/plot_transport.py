r"""
Why no neuron gains more: a plan of transport
=============================================

This page shows how one can know that *no* neuron would help, where there are too many atoms to examine each.  A neuron
gains :math:`F(u) = \sum_i v_i (w\cdot x_i + b)_+` from what a network leaves unexplained, the residual v, whose sum is
0.  So move what is above 0 to what is below: masses :math:`\pi_{ij} \ge 0` from samples i to samples j, until nothing
is left. Then

.. math:: F(u) = \sum_{ij} \pi_{ij} \bigl((w\cdot x_i + b)_+ - (w\cdot x_j + b)_+\bigr)
   \le \sum_{ij} \pi_{ij} \bigl(w\cdot(x_i - x_j)\bigr)_+,

as a ramp between two samples never rises by more than its slope.  The right side does not depend on b, and its largest
value is at a basis direction :math:`\pm e_l`.  If that is at most reg, no neuron gains more than its penalty costs,
and the bound of weak duality holds for all networks.
"""

import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm
from geomnn.plotting import frame

X = np.array([[-2.0, -1.0], [-1.5, 1.5], [-1.0, 0.0], [-0.5, -1.5], [0.0, 0.5], [0.5, 2.0], [0.5, -0.5], [1.0, 1.0],
              [1.5, -1.5], [2.0, 0.0], [2.2, 1.7]])  # fmt: skip
y = np.where(np.hypot(*X.T) < 1.5, -1.0, 1.0)
reg = 0.5
solution = gm.derive(X, y, reg=reg)
transport = gm.bound(solution, method="transport")


def draw_samples(pane, v):
    """Samples with v above 0 as filled circles and those below as open squares, larger where |v| is."""
    for sign, marker, face in ((1, "o", frame.BLUE), (-1, "s", "white")):
        some = sign * v > 0
        edge = frame.BLUE if sign > 0 else frame.VERMILION
        pane.scatter(
            *X[some].T, s=60 + 320 * np.abs(v[some]), marker=marker, c=face, edgecolors=edge, lw=2, zorder=4
        )
    pane.set(xlim=(-2.7, 2.9), ylim=(-2.3, 2.8), aspect="equal", xlabel="feature 1", ylabel="feature 2")


def draw_arrows(pane, edges, color="black"):
    """Arrows as wide as their masses; those that a solver leaves of none are left out."""
    for i, j, mass in edges:
        if mass < 0.01:
            continue
        style = {
            "arrowstyle": "-|>",
            "lw": 1 + 14 * mass,
            "color": color,
            "alpha": 0.75,
            "shrinkA": 7,
            "shrinkB": 8,
        }
        pane.annotate("", X[j], X[i], arrowprops=style, zorder=3)


# %%
# The plan, and one neuron
# ------------------------
# Above: samples whose residual is above 0 (filled circles) send what they have to those below (open squares); an
# arrow is as wide as its mass.  Below: a neuron, which is 0 on one side of its line.  An arrow gains the mass times
# the height of the neuron at its tail over that at its head, at most the mass times the slope along the arrow.  It
# gains that much on the active side, less if it leaves this side, and nothing on the other.
proven = transport.proven
plan = proven.proof.evidence[0].merged().times(proven.proof.scale(solution.problem))
edges, v = list(zip(plan.rows, plan.columns, plan.masses, strict=True)), proven.dual
w, b = np.array([0.7, -0.3]), -0.2
figure, (above, below) = plt.subplots(2, 1, figsize=(6.2, 10.4), layout="constrained")
draw_samples(above, v)
draw_arrows(above, edges)
above.set_title("masses that are moved")
draw_samples(below, v)
for i, j, mass in edges:
    gained, most = np.maximum(X[[i, j]] @ w + b, 0) @ [1, -1], max((X[i] - X[j]) @ w, 0)
    assert gained <= most + 1e-12
    kind = frame.BLUE if most > 0 and gained > most - 1e-9 else frame.ORANGE if gained > 1e-9 else "0.6"
    draw_arrows(below, [(i, j, mass)], kind)
across, up = np.meshgrid(np.linspace(-2.7, 2.9, 200), np.linspace(-2.3, 2.8, 200))
height = w[0] * across + w[1] * up + b
below.contourf(across, up, height, levels=[0, np.inf], colors=[frame.DARK], alpha=0.35, zorder=0)
below.contour(across, up, height, levels=[0], colors="black", linewidths=2)
for color, label in (
    (frame.BLUE, "gains all that it may"),
    (frame.ORANGE, "gains less"),
    ("0.6", "gains nothing, or loses"),
):
    below.plot([], [], color=color, lw=4, label=label)
below.legend(loc="lower center", bbox_to_anchor=(0.5, -0.36), ncols=1, frameon=False, fontsize=12)
below.set_title("one neuron, active on the shaded side")
plt.show()

# %%
# Every neuron at once
# --------------------
# What the plan allows depends on the direction of w alone.  The curves are, for every direction with
# :math:`\lVert w\rVert_1 = 1`, the largest gain over all b and what the plan allows: nothing is above reg.  For −v,
# below, the plan goes backwards.
#
# The curve between them is that of **stars**, from the same masses.  All arrows of a sample are added up before their
# cost is taken, :math:`q_i = \sum_j \pi_{ij} (x_i - x_j)`, and :math:`F(u) \le \sum_i (w\cdot q_i)_+`, as a neuron is
# either active at :math:`x_i` or it is not.  What points in opposite directions cancels, and it matters which end of
# an arrow is the centre: the samples in the middle have neighbours on several sides, so that much cancels there.
angles = np.linspace(0, 2 * np.pi, 721)
directions = np.column_stack([np.cos(angles), np.sin(angles)])
directions /= np.abs(directions).sum(axis=1, keepdims=True)
heights = directions @ X.T


def stars_of(edges):
    q = np.zeros_like(X)
    for i, j, mass in edges:
        q[i] += mass * (X[i] - X[j])
    return q


figure, panes = plt.subplots(2, 1, figsize=(6.6, 7.6), layout="constrained", sharex=True)
backwards = [(j, i, mass) for i, j, mass in edges]
for pane, sign, masses, name in zip(panes, (1, -1), (edges, backwards), ("v", "−v"), strict=True):
    best = np.max([np.maximum(heights - heights[:, [k]], 0) @ v * sign for k in range(len(X))], axis=0)
    allowed = sum(mass * np.maximum(heights[:, i] - heights[:, j], 0) for i, j, mass in masses)
    starred = np.maximum(directions @ stars_of(masses).T, 0).sum(axis=1)
    assert (np.maximum(best, 0) <= starred + 1e-9).all()
    assert (starred <= allowed + 1e-9).all()
    for curve, style, color, label in (
        (allowed, "--", "black", "transport"),
        (starred, "-.", frame.VERMILION, "stars"),
        (np.maximum(best, 0), "-", frame.BLUE, "the best neuron"),
    ):
        pane.plot(np.degrees(angles), curve, style, color=color, lw=2.2, label=label)
    pane.axhline(reg, color="0.4", lw=1, ls=":")
    pane.annotate("reg", (180, reg), xytext=(0, 4), textcoords="offset points", fontsize=12, ha="center")
    pane.set(ylabel=f"gain from {name}", xlim=(0, 360), ylim=(-0.02, 1.2 * reg))
    pane.set_xticks(range(0, 361, 90))
panes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=12)
panes[1].set_xlabel("direction of w, in degrees")
plt.show()

# %%
# The stars themselves, with masses in grey.  (``certify="stars"`` looks for the best masses and the best v of its
# own.)
figure, panes = plt.subplots(2, 1, figsize=(6.2, 9.8), layout="constrained")
for pane, masses, name in zip(panes, (edges, backwards), ("v", "−v"), strict=True):
    draw_samples(pane, v)
    for i, j, mass in edges:
        pane.plot(*X[[i, j]].T, color="0.75", lw=14 * mass, zorder=1, solid_capstyle="round")
    for point, q in zip(X, stars_of(masses), strict=True):
        if np.abs(q).sum() > 0.02:
            arrow = {"arrowstyle": "-|>", "lw": 3, "color": "black", "shrinkA": 0, "shrinkB": 0}
            pane.annotate("", point + 3 * q, point, zorder=6, arrowprops=arrow)
    pane.set_title(f"stars for {name}")
plt.show()

# %%
# How much depth can help
# -----------------------
# Transport uses only that a neuron cannot rise faster than its weights allow.  That is true of networks of every depth
# if the penalty is that of the products of weights along their paths.  So the bound by transport holds for all of
# them; :doc:`plot_depth` sets it beside the optima of two and of three layers.
