"""One dimension in closed form: ramps on the line, and areas in the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from geomnn import algebra
from proofs.finite import basis_vectors, homogeneous, unit_wedges
from proofs.generic import generic, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="One dimension: ramps and areas",
    section="section 1",
    words="""\
For d = 1 with a bias the activations of equation (1) are (x − x_j)_+ and (x_j − x)_+. For d = 2 without a bias the
wedges of samples have the activations |x_i ∧ x_j|_+/‖x_j‖_1, the areas of parallelograms over a length.""",
    latex=r"""
d=1:\ (x-x_j)_+,\ (x_j-x)_+;\qquad d=2:\ \frac{(\pm\, x_i\wedge x_j)_+}{\lVert x_j\rVert_1}
""",
    argument="""\
With a bias a set J has one member. ×((x_j, 1)) is ±(1, −x_j), of ‖w‖_1 = 1; the point at infinity (1, 0) gives w = 0,
no atom. In the plane x_i·×(x_j) = det[x_i, x_j] = x_i ∧ x_j, the signed area.""",
)


def ramp_numerator(x, anchor):
    """x − x_j, what (·)_+ is taken of."""
    return x - anchor


@THEOREM.step(
    "identity",
    "(x_i, 1)·×((x_j, 1)) = ±(x_i − x_j) with |w| = 1, and x_i·×(x_j) is the area of the parallelogram",
    "all entries",
)
def closed_forms(
    numerator: Callable = ramp_numerator, corners: Callable = lambda p, q: (0 * p, p, p + q, q)
) -> None:
    """The area by the shoelace formula over the `corners`."""
    symbols = generic(2, 1)
    one = np.ones((2, 1), dtype=object)
    (x,), (anchor,) = symbols.polynomials
    normal = symbols.normal(algebra.cross_product(np.hstack([symbols.rows, one])[1:]))
    value = x * normal[0] + normal[1]
    require_identity([normal[0] ** 2], [symbols.ring.one], "the square of w")
    require_identity([value**2], [numerator(x, anchor) ** 2], "the square of (x_i, 1)·×((x_j, 1))")
    require_identity([value], [normal[0] * numerator(x, anchor)], "(x_i, 1)·×((x_j, 1)) and its sign")
    symbols = generic(2, 2)
    p, q = symbols.polynomials
    around = corners(p, q)
    area = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(around, (*around[1:], around[0]), strict=True)) / 2
    wedge = p @ symbols.normal(algebra.cross_product(symbols.rows[1:]))
    require_identity([wedge], [area], "x_i·×(x_j) and the area")


@THEOREM.step(
    "exhaustive",
    "the atoms of (1) for d = 1 with a bias are (1, −x_j) and (−1, x_j), and no others",
    "all data sets of one to three samples within ±2, repeated ones included",
)
def atoms_of_the_line(directions: Callable = basis_vectors, orientations: Sequence[int] = (1, -1)) -> None:
    """All cross products of one sample or point at infinity."""
    for count in (1, 2, 3):
        for x in product(range(-2, 3), repeat=count):
            members = [*homogeneous([(value,) for value in x], True), *directions(1, True)]
            found = set(unit_wedges(members, 1))
            wanted = {(Fraction(s), Fraction(-s * value)) for value in x for s in orientations}
            require(found == wanted, f"x = {x}: the atoms {_show(found)} and not {_show(wanted)}")


def _show(vectors) -> str:
    return ", ".join(f"({', '.join(map(str, vector))})" for vector in sorted(vectors))
