r"""
The residual is a projection
============================

This page shows why an optimal network is optimal, in a picture that needs no weights: training changes what a network
leaves unexplained, the residual v = y − f(X), one number for each sample.  With two samples v is a point of the plane:

* every neuron u sets two parallel lines, and v has to stay between them:
  :math:`|\sum_i v_i (x_i\cdot u)_+| \le` reg.  Beyond such a line more of this neuron would gain more than its penalty
  costs;
* all neurons together leave a convex set.  The lines of finitely many of them, the atoms, are enough to draw it
  (:doc:`why <plot_chambers>`), so that it is a polygon;
* the optimal residual is the point of that set that is nearest to the targets y: their *projection*.

There is one nearest point, so that the residual is unique, and with it the outputs, though weights need not be.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import interactive, plot_dual_set

X, y = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([2.0, 1.2])
reg_max = gm.reg_max(X, y, bias=False)
print("reg_max =", round(reg_max, 6))

# %%
# A small reg: a corner
# ---------------------
# The set is small and the residual is at one of its corners.  Two terms lead from there to y: each goes along the
# normal of the line of its atom, and z is its coefficient.


def draw(reg):
    """The same window for each reg."""
    figure = plot_dual_set(X, y, reg, bias=False)
    figure.axes[0].set(xlim=(-2.5, 2.5), ylim=(-2.5, 2.5))
    return figure


draw(0.15 * reg_max)

# %%
# A larger reg: an edge
# ---------------------
# reg scales the set.  Now the residual is on an edge, y − v meets it at a right angle, and one neuron is enough: the
# one of the same colour as above.
draw(0.5 * reg_max)

# %%
# The steps from v to y are the network: y − v = f(X) is the sum of z (x·u)₊ over its neurons u.
solution = gm.derive(X, y, reg=0.15 * reg_max, bias=False)
print(solution.network)
print("v    =", solution.dual)
print("f(X) =", solution.network(X), "  y − v =", y - solution.dual)

# %%
# A slider over reg
# -----------------
# As reg grows, the set grows about 0 and v moves from near 0, where the network explains nearly all, to y.  It moves
# straight as long as it stays on the same edge or corner: the *path* in reg has kinks and is straight in between.
# From reg_max on the set contains y, the residual is y itself, and the network is 0.
regs = np.round(np.linspace(0.02, 1.2, 60) * reg_max, 4)
plain = plot_dual_set(X, y, 0.5 * reg_max, bias=False)
try:
    picture = interactive.slide_dual_set(X, y, regs, bias=False)
except gm.errors.MissingPackage as reason:
    print(reason)
    picture = plain
picture

# %%
# With a bias, three samples
# --------------------------
# An intercept that costs nothing takes the mean out of what is left: the residuals sum to 0.  So three residuals live
# in a plane again, Σ v = 0, drawn here with its three axes; y enters without its mean.
X, y = np.array([[0.0, 0.0], [2.0, 1.0], [1.0, 3.0]]), np.array([0.0, 2.0, -1.0])
reg_max = gm.reg_max(X, y)
plot_dual_set(X, y, 0.45 * reg_max)
