"""One hidden neuron: a named atom times a coefficient, in float64 or exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.numbers.rationals import root_times, short_number

__all__ = ["ExactNeuron", "Neuron"]


@dataclass(frozen=True, eq=False)
class Neuron:
    """One hidden neuron, x ↦ α (w·x + b)_+, balanced: ‖w‖_p = ‖α‖_2 = √|z|.

    Parameters
    ----------
    weight : ndarray, shape (d,)
        w = √|z| times the weight of the atom.
    bias : float
        b; 0 without bias.
    outer : float or ndarray, shape (c,)
        α.
    atom : Atom
        The unit neuron with its name.

    Source: geomnn theory, section 0.
    """

    weight: np.ndarray
    bias: float
    outer: Any
    atom: Atom

    @property
    def coefficient(self) -> Any:
        """z: what the activation of the unit atom is multiplied by, α ‖w‖_p."""
        return self.outer * float(np.linalg.norm(self.weight, ord=self.atom.norm))

    def numeric(self) -> Neuron:
        """The neuron in float64: itself."""
        return self

    def with_atom(self, atom: Atom) -> Neuron:
        """The neuron of the same size with another atom."""
        root = float(np.linalg.norm(self.weight, ord=self.atom.norm))
        return Neuron(root * atom.weight, root * atom.bias, self.outer, atom)


@dataclass(frozen=True, eq=False)
class ExactNeuron:
    """One hidden neuron whose numbers are exact, x ↦ z (u·x̃)_+ = α (w·x + b)_+.

    Parameters
    ----------
    atom : Atom
        The unit neuron u, with a weight and a bias of Fractions (p = 2: of SymPy numbers).
    coefficient : Fraction or SymPy number
        z.

    Source: geomnn theory, sections 0 and 8.
    """

    atom: Atom
    coefficient: Any

    @cached_property
    def weight(self) -> np.ndarray:
        """w = √|z| u, SymPy numbers, shape (d,)."""
        entries = [root_times(abs(self.coefficient), entry) for entry in self.atom.weight]
        return np.array(entries, dtype=object)

    @cached_property
    def bias(self) -> Any:
        """b, a SymPy number; 0 without bias."""
        return root_times(abs(self.coefficient), self.atom.bias)

    @cached_property
    def outer(self) -> Any:
        """α = sign(z) √|z|, a SymPy number."""
        return root_times(abs(self.coefficient), Fraction(1 if self.coefficient > 0 else -1))

    def with_atom(self, atom: Atom) -> ExactNeuron:
        """The neuron with the same coefficient and another atom."""
        return ExactNeuron(atom, self.coefficient)

    def __repr__(self) -> str:
        return f"ExactNeuron({self.atom}, coefficient={short_number(self.coefficient)})"

    def numeric(self) -> Neuron:
        """The neuron rounded to float64."""
        unit, z = self.atom.numeric(), float(self.coefficient)
        root = math.sqrt(abs(z))
        return Neuron(root * unit.weight, root * unit.bias, math.copysign(root, z), unit)
