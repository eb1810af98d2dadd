"""What the name of a neuron says of its numbers without the samples.

w = ± ⋆(differences of samples ∧ directions)/‖·‖_p is of p-norm 1 and orthogonal to every direction e in its name, so
that e_l makes w_l = 0; of directions alone it is known altogether. Where there are no biases, b = 0.

Source: geomnn theory, section 1, equation (1).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from geomnn import algebra
from geomnn.atoms import Atom
from geomnn.numbers.roots import RootBasis
from geomnn.samples import weight_norm

__all__ = ["contradiction"]

SAME = (
    1e-9  # of the largest weight: what rounding leaves of a number that the name proves, with much to spare
)


def contradiction(atom: Atom) -> str | None:
    """Why these numbers cannot be those of the name, or None if it allows them.

    Parameters
    ----------
    atom : Atom
        With float64 or exact numbers.
    """
    return _of_form(atom) or (_of_exact_numbers(atom) if atom.weight.dtype == object else _of_numbers(atom))


def _of_form(atom: Atom) -> str | None:
    """What is wrong with the name itself."""
    wanted, given = len(atom.weight) - (not atom.anchored), len(atom.samples) + len(atom.directions)
    if len(set(atom.samples)) < len(atom.samples) or len(set(atom.directions)) < len(atom.directions):
        return "wedges something with itself"
    if atom.is_partial and atom.norm != 2:
        return f"has a say of the residual, which is for norm 2 and not {atom.norm:g}"
    if given > wanted or (given < wanted and not atom.is_partial):
        return f"wedges {given} samples and directions where {wanted} make a neuron"
    if not atom.anchored and atom.bias != 0:
        return "has no point that the hyperplane goes through, and a bias"
    return None


def _of_numbers(atom: Atom) -> str | None:
    """What is wrong with numbers of float64, up to rounding."""
    size = float(weight_norm(atom.weight, atom.norm))
    if not abs(size - 1.0) <= SAME:
        return f"is of a unit neuron, and the weight has norm {size:.6g}"
    largest = float(np.abs(atom.weight).max())
    for e in atom.directions:
        if abs(atom.weight @ e.vector(len(atom.weight))) > SAME * largest:
            return f"makes the weight orthogonal to {e}, which it is not"
    if _is_known(atom):
        known = _known(atom)
        if np.abs(atom.weight - known / weight_norm(known, atom.norm)).max() > SAME * largest:
            return "is that of another weight"
    return None


def _of_exact_numbers(atom: Atom) -> str | None:
    """What is wrong with exact numbers."""
    basis = RootBasis()
    weight = [basis.read(entry) for entry in atom.weight]
    sizes = [entry * entry.sign() for entry in weight]
    one, nothing = basis.sum([Fraction(1)]), basis.sum([])
    if atom.norm == 2:
        unit = not (sum((entry * entry for entry in weight), nothing) - one).terms
    elif atom.norm == 1:
        unit = not (sum(sizes, nothing) - one).terms
    else:
        unit = max((size - one).sign() for size in sizes) == 0
    if not unit:
        return "is of a unit neuron, and the weight has another norm"
    for e in atom.directions:
        product = sum(
            (x * Fraction(int(c)) for x, c in zip(weight, e.vector(len(weight)), strict=True)), nothing
        )
        if product.terms:
            return f"makes the weight orthogonal to {e}, which it is not"
    if _is_known(atom):
        known = [Fraction(int(entry)) for entry in np.round(_known(atom))]
        first = next(k for k, entry in enumerate(known) if entry)
        parallel = not any(
            (x * known[first] - weight[first] * c).terms for x, c in zip(weight, known, strict=True)
        )
        if not parallel or weight[first].sign() * known[first] < 0:
            return "is that of another weight"
    return None


def _is_known(atom: Atom) -> bool:
    """Whether the name gives the weight without a sample: of columns, wedged with directions alone."""
    return atom.level == 1 and not atom.is_partial and len(atom.samples) == int(atom.anchored)


def _known(atom: Atom) -> Any:
    """± ⋆(e …), not normalised."""
    d, wedged = len(atom.weight), [e.first for e in atom.directions if not e.sign]
    if len(wedged) == d - 1 and wedged == sorted(wedged):
        missing = d * (d - 1) // 2 - sum(wedged)
        return atom.orientation * (-1) ** missing * np.eye(1, d, missing)[0]
    vectors = np.array([e.vector(d) for e in atom.directions]).reshape(d - 1, d)
    return atom.orientation * algebra.cross_product(vectors)
