"""
Weights as functions of reg, and a proof that others can check
==============================================================

This page shows what is gained by fractions in the place of floats: a proof without rounding, and formulas.  With
``exact=True`` every number of the optimum is a fraction, and between two kinks of the path every weight is a formula in
``reg``.  The certificate is checked by code that shares nothing with the solver.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import sympy

import geomnn as gm
from geomnn.plotting import frame

X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 1]
solution = gm.derive(X, y, reg=Fraction(1, 10), exact=True)
print(solution.network)

# %%
# The certificate is a document (``gm.exact.save_certificate`` writes it as a file).  The checker goes through its
# statements in integers, from the data alone.

print(*gm.exact.verify(gm.exact.certificate_document(solution), X, y), sep="\n")

# %%
# One formula holds up to the next kink.  So begin at a small ``reg``, and go on beyond the end of each piece.

reg, end, pieces = sympy.Rational(1, 1000), sympy.nsimplify(gm.reg_max(X, y)), []
while reg < end:
    pieces.append(gm.exact.weights_as_function_of_reg(X, y, reg))
    reg = pieces[-1].interval.end + sympy.Rational(1, 10**6)
for piece in pieces:
    print(f"{piece.interval.start} < reg < {piece.interval.end}:  objective {piece.objective}")
    for atom, z in zip(piece.atoms, piece.coefficients, strict=True):
        print(f"    {z} · ({atom})")

# %%
# Kinks are where a coefficient reaches zero, or another neuron begins to help.

lines = {}
for piece in pieces:
    for atom, z in zip(piece.atoms, piece.coefficients, strict=True):
        for place in (piece.interval.start, piece.interval.end):
            lines.setdefault(str(atom), []).append((place, sympy.sympify(z).subs(piece.symbol, place)))
_, axes = plt.subplots(figsize=(6.8, 4.4), layout="constrained")
styles = ((frame.BLUE, "-", "o"), (frame.VERMILION, "--", "s"), (frame.ORANGE, "-.", "^"))
for (name, points), (color, style, marker) in zip(lines.items(), styles, strict=True):
    axes.plot(*zip(*sorted(points), strict=True), ls=style, marker=marker, color=color, lw=2, label=name)
kinks = sorted({place for piece in pieces for place in (piece.interval.start, piece.interval.end)})
for place in kinks:
    axes.axvline(place, color="0.75", lw=0.8, ls=":", zorder=0)
axes.set_xticks([float(place) for place in kinks], [str(place) for place in kinks])
axes.set(xlabel="reg", ylabel="coefficient z of the unit neuron")
axes.legend(frameon=False)
plt.show()
