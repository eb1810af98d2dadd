"""What the name of a neuron says of its numbers without the samples.

w = ± ⋆(differences of samples ∧ directions)/‖·‖_p is of p-norm 1 and orthogonal to every direction e in its name, so
that e_l makes w_l = 0. Of directions alone it is known altogether: there are two such weights, w and −w, and as
x·⋆(e …) = det[x, e …], the determinant of [w, e …] has the sign of the name. Where there are no biases, b = 0.

Source: geomnn theory, section 1, equation (1).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from geomnn.atoms import Atom, FeatureWedge
from geomnn.norms import ball

__all__ = ["contradiction"]

# relative to the largest weight, up to which a number is the one that the name proves: what rounding leaves, which for
# nearly dependent samples is far above 1e-16, with much to spare, and well below the six digits that are printed
SAME_NUMBER = 1e-9


def contradiction(atom: Atom) -> str | None:
    """Why these numbers cannot be those of the name, or None if it allows them.

    Parameters
    ----------
    atom : Atom
        With float64 or exact numbers.
    """
    reason = _of_form(atom) or (_of_exact_numbers(atom) if atom.weight.dtype == object else _of_numbers(atom))
    return reason or ("is that of another weight" if _is_of_another(atom) else None)


def _of_form(atom: Atom) -> str | None:
    """What is wrong with the name itself."""
    wanted, given = len(atom.weight) - (not atom.anchored), len(atom.samples) + len(atom.directions)
    if len(set(atom.points)) < len(atom.samples) or len(set(atom.directions)) < len(atom.directions):
        return "wedges something with itself"
    if atom.is_partial and (ball(atom.norm).polyhedral or atom.weight.dtype == object):
        return "has a say of the residual, which is for norm 2 and float64"
    if given > wanted or (given < wanted and not atom.is_partial):
        return f"wedges {given} samples and directions where {wanted} make a neuron"
    if not atom.anchored and atom.bias != 0:
        return "has no point that the hyperplane goes through, and a bias"
    return None


def _of_numbers(atom: Atom) -> str | None:
    """What is wrong with numbers of float64, up to rounding."""
    size = float(ball(atom.norm).length(atom.weight))
    if not abs(size - 1.0) <= SAME_NUMBER:
        return f"is of a unit neuron, and the weight has norm {size:.6g}"
    largest = float(np.abs(atom.weight).max())
    for e in atom.directions:
        if abs(atom.weight @ e.vector(len(atom.weight))) > SAME_NUMBER * largest:
            return f"makes the weight orthogonal to {e}, which it is not"
    return None


def _of_exact_numbers(atom: Atom) -> str | None:
    """What is wrong with exact numbers."""
    from geomnn.numbers.roots import RootBasis

    basis = RootBasis()
    weight = [basis.read(entry) for entry in atom.weight]
    sizes = [entry * entry.sign() for entry in weight]
    one, nothing = basis.sum([Fraction(1)]), basis.sum([])
    if ball(atom.norm).square(sizes) != one:
        return "is of a unit neuron, and the weight has another norm"
    for e in atom.directions:
        product = sum(
            (x * Fraction(int(c)) for x, c in zip(weight, e.vector(len(weight)), strict=True)), nothing
        )
        if product.terms:
            return f"makes the weight orthogonal to {e}, which it is not"
    return None


def _is_of_another(atom: Atom) -> bool:
    """Whether directions alone give the weight, and it is another one, or they are dependent."""
    if isinstance(atom, FeatureWedge) or atom.is_partial or len(atom.samples) > int(atom.anchored):
        return False
    d, wedged = len(atom.weight), [e.first for e in atom.directions if not e.sign]
    if len(wedged) == d - 1 and wedged == sorted(wedged):  # of axes it is one entry
        missing = d * (d - 1) // 2 - sum(wedged)
        return bool(np.sign(float(atom.weight[missing])) != atom.orientation * (-1) ** missing)
    sign, size = np.linalg.slogdet([atom.weight.astype(float), *(e.vector(d) for e in atom.directions)])
    # |det| = ‖w‖_2 vol(e …), of integers at least ‖w‖_2 ≥ 1/√d, or 0
    return bool(sign != atom.orientation or size < -np.log(2 * np.sqrt(d)))
