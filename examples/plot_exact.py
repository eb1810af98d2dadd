"""
Weights as functions of reg, and a proof that travels
=====================================================

With ``exact=True`` every number of the optimum is a fraction, and between two kinks of the path every weight is a
closed form in reg.  The certificate is a file that anyone can check from the data alone, without this solver.
"""

from fractions import Fraction

import sympy

import geomnn as gm
from geomnn.plotting.frame import Picture

X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 1]
solution = gm.derive(X, y, reg=Fraction(1, 10), exact=True)
print(solution.network)
print(*gm.exact.verify(gm.exact.certificate_document(solution), X, y), sep="\n")

# %%
# Piece by piece, from a small reg up to where the network is a constant.
figure = Picture(figsize=(6.4, 4.2), layout="constrained")
axes = figure.add_subplot()
reg, top = sympy.Rational(1, 1000), sympy.Rational(str(gm.reg_max(X, y)))
styles = {}
while reg < top:
    piece = gm.exact.weights_as_function_of_reg(X, y, reg)
    print(piece.interval, [str(z) for z in piece.coefficients])
    ends = [max(piece.interval.start, sympy.Rational(1, 1000)), min(piece.interval.end, top)]
    for atom, z in zip(piece.atoms, piece.coefficients, strict=True):
        name = str(atom)
        styles.setdefault(
            name, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")[len(styles) % 6]
        )
        heights = [float(sympy.sympify(z).subs(piece.symbol, end)) for end in ends]
        shown = {line.get_label() for line in axes.get_lines()}
        label = name if name not in shown else None
        axes.plot(
            [float(end) for end in ends], heights, color=styles[name], marker="o", markersize=3, label=label
        )
    reg = piece.interval.end + sympy.Rational(1, 10**6)
axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
axes.set_xlabel("reg")
axes.set_ylabel("coefficient z of the unit neuron")
axes.legend(frameon=False)
figure
