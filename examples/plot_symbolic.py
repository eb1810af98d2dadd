"""
Samples that are symbols
========================

This page derives the activation of a wedge by hand, as a formula in the coordinates of the samples, and finds the
formula again in a network: the algebra takes floats, fractions and SymPy expressions alike.
"""

from fractions import Fraction

import numpy as np
import sympy

import geomnn as gm
from geomnn.algebra import activation, cross_product, signed_volume, volume, wedge
from geomnn.plotting import plot_wedge

# %%
# **By hand.** Three points of the plane: x, and two samples a and b.  The wedge of two vectors of the plane is one
# number, the signed area of their parallelogram.

x, a, b = (np.array(sympy.symbols(f"{name}1 {name}2", real=True)) for name in "xab")
area = wedge([x - b, a - b])[0]
sympy.expand(area)  # (x − b) ∧ (a − b)

# %%
# It is the determinant of the three points with a 1 appended, so that swapping a and b changes its sign; and it is
# w·(x − b) with the weight w = ⋆(a − b), the difference turned by a right angle.

rows = [[*point, 1] for point in (x, a, b)]
weight = cross_product([a - b])
assert sympy.expand(signed_volume(rows) - area) == 0
assert sympy.expand(weight @ (x - b) - area) == 0
sympy.Matrix([*weight, volume([a - b])])  # w = ⋆(a − b), and below it its length ‖w‖₂

# %%
# The activation of the unit neuron is the positive part of this area over the norm of the weight: where it is not
# zero, the distance of x to the line through a and b.

closed_form = activation(x - b, [a - b], norm=2)
closed_form

# %%
# **In a network.** One of wedges of samples, in exact arithmetic: its numbers are fractions and square roots.

X, y = [[0, 0], [3, 1], [1, 3], [4, 4], [2, 1]], [0, 2, 1, 0, 3]
network = gm.derive(X, y, reg=Fraction(1, 2), norm=2, dictionary="wedge", exact=True).network
print(network)

# %%
# Each name says which samples to put for a and b; a minus in front of ⋆ lets them change places.  Inside of ( )₊
# the formula by hand and the neuron of the network are the same affine function of x.

for neuron in network.neurons:
    first, second = neuron.atom.samples[:: neuron.atom.orientation]
    samples = [*zip(a, X[first], strict=True), *zip(b, X[second], strict=True)]
    print(f"a = x{first}, b = x{second}:  {closed_form.subs(samples)}")
    by_hand = (area / volume([a - b])).subs(samples)
    assert sympy.simplify(by_hand - (neuron.atom.weight @ x + neuron.atom.bias)) == 0
network.to_sympy(list(x))  # f

# %%
# One of these activations as a picture, that of sample 3: an area over the length of its base is the distance to the
# line.

plot_wedge(network.neurons[1].atom, X, 3)

# %%
# **As multivectors.** The package ``clifford`` has the whole geometric algebra.  In space, with two vectors: the
# dual B I⁻¹ of their wedge B is their cross product.

u, v = [1.0, 2.0, 0.0], [0.0, 1.0, 3.0]
blade = gm.multivectors.to_multivector(wedge([u, v]), dimension=3, grade=2)
dual, grade = gm.multivectors.from_multivector(blade.dual())
print("u ∧ v =", blade)
print("⋆(u ∧ v) =", blade.dual(), " and ×(u, v) =", cross_product([u, v]))
assert grade == 1
assert np.allclose(dual, cross_product([u, v]))
