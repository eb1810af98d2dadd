"""
Chambers: why a finite list of neurons is enough
================================================

This page shows why infinitely many neurons come down to a finite list, which is what makes a proof of optimality
possible.  A neuron computes (w·x + b)₊: it is *active* on the samples x with w·x + b > 0 and silent on the others.
There are infinitely many neurons, but only finitely many lists of the samples that one can be active on.  Neurons with
the same list form a *chamber*.

These pictures show neurons, not samples: every point is a neuron, and every sample is a cut between the neurons that
are active on it and those that are not.  Where cuts meet there is a neuron that lies on the border for as many samples
as possible: its line, or plane, passes through them.  These corners are the *atoms*, and their weights are wedge
products of these samples.
"""

import numpy as np

import geomnn as gm
from geomnn.plotting import frame, interactive, plot_chambers

# %%
# A circle of neurons
# -------------------
# Two features and no bias: a neuron is a pair of weights (u₁, u₂), a point of the plane.  Sample x cuts the plane
# along the line x·u = 0, and the ticks are on the side that is active on it.  Longer weights change no sign, so that
# neurons of one size are enough: those with ‖u‖ = 1.  For the 2-norm they are a circle; for the 1-norm, the default of
# ``gm.derive``, a square on its corner, and the axes through its corners cut along with the samples (dashed).  Numbers
# count active samples.
X = np.array([[2.0, 1.0], [-1.0, 2.0], [1.0, -1.0]])
figure = frame.Picture(figsize=(6.4, 11.4), layout="constrained")
above, below = figure.subplots(2, 1)
plot_chambers(X, bias=False, norm=1, ax=above)
plot_chambers(X, bias=False, norm=2, ax=below)
above.set_title("1-norm")
below.set_title("2-norm")
figure

# %%
# The black dot on the cut of a sample (a, b) is the neuron orthogonal to it, (b, −a) up to its size or its negative:
# the sample turned by a right angle.  For one vector of the plane this is what the star in ⋆x means.
#
# The best neuron is at a corner
# ------------------------------
# Training asks again and again: which neuron explains best what is not yet explained?  With residuals v, one number
# for each sample, this is the neuron with the largest :math:`|F(u)|`, F(u) = Σ v (x·u)₊.  Within one chamber the same
# terms are active, so that F is *linear* there: level lines are straight, and bend only at cuts.  A linear function on
# a polygon is largest at a corner.  So with the 1-norm, where all pieces are polygons, the best neuron is an atom, and
# one can check them all.  With the 2-norm the border is round, and the best neuron may lie between them: its name has
# a g, the direction in which F grows, which depends on the residuals.
y = np.array([2.0, -1.0, 1.0])
figure = frame.Picture(figsize=(6.4, 11.4), layout="constrained")
for pane, norm in zip(figure.subplots(2, 1), (1, 2), strict=True):
    solution = gm.derive(X, y, reg=0.5, norm=norm, bias=False)
    plot_chambers(X, bias=False, norm=norm, residual=solution.dual, ax=pane)
    pane.set_title(f"{norm}-norm")
    print(f"{norm}-norm:", *(neuron.atom for neuron in solution.network.neurons))
figure

# %%
# These are residuals of the optimal network, and its neurons sit exactly where :math:`|F|` is largest, with
# :math:`|F|` = reg: there a neuron gains exactly what its penalty costs, and nowhere does one gain more.
#
# With a bias: a map of all lines
# -------------------------------
# A neuron of two features with a bias is a line in the plane, w·x + b = 0, with an active side.  The picture is the
# map of all such lines: to the right the direction w turns once round, upwards b grows.  A sample is the curve of all
# lines through it, so that two curves meet in the line through two samples: a wedge of both (a black dot).  The map is
# the unrolled cylinder ‖w‖₁ = 1; its right edge is its left one.
X = np.array([[0.0, 0.0], [2.0, 0.5], [1.0, 2.0], [-1.0, 1.0]])
plot_chambers(X)

# %%
# The same map, with the residuals of an optimal network: stars at the corners only, and its neurons among them.
solution = gm.derive(X, [0.0, 1.0, -1.0, 1.0], reg=0.2)
print(solution.network)
plot_chambers(X, residual=solution.dual)

# %%
# A sphere of neurons
# -------------------
# Three features without bias: neurons are points of a sphere, and samples cut it along great circles, as meridians and
# the equator cut the globe.  Two great circles meet in two opposite points, ±⋆(x ∧ x′): the direction at right angles
# to both samples.  Turn the sphere with the mouse; the atoms give their names.
X = np.array([[1.0, 0.4, 0.3], [-0.2, 1.0, 0.5], [-0.5, -0.6, 1.0], [0.3, -0.8, 0.4]])
flat = plot_chambers(X, bias=False)
try:
    picture = interactive.turn_chambers(X, bias=False)
except gm.errors.MissingPackage as reason:
    print(reason)
    picture = flat
picture

# %%
# A picture shows only one side of a sphere.  The flat map shows all of it: it is drawn for the octahedron ‖u‖₁ = 1,
# seen from above, with the four faces of its lower half folded out into the corners of the square.  Great circles
# become straight on every face.
flat

# %%
# The level lines of :math:`|F|` are straight on this map, too, and the neurons of the network are at corners.
solution = gm.derive(X, [1.0, 0.0, 1.0, -1.0], reg=0.2, bias=False)
print(solution.network)
plot_chambers(X, bias=False, residual=solution.dual)
