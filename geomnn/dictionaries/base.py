"""What a dictionary is: a set of atoms that can be priced against a residual."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.deadline import Deadline
from geomnn.errors import EnumerationTooLarge, OptionError
from geomnn.norms import ball
from geomnn.samples import Samples

__all__ = ["Dictionary", "Pricing", "refuse_if_too_large"]

INSTEAD = "fewer samples or features, {dictionary}, which searches, or 'sampled', which draws some wedges"


@dataclass(frozen=True)
class Pricing:
    """What a dictionary answers to a residual.

    Parameters
    ----------
    maximum : float
        The largest ‖Σ_i v_i (x̃_i·u)_+‖_2 over all atoms u that were looked at.
    units : ndarray, shape (k, D)
        The atoms with the largest correlations, largest first, as units u = (w, b) in centred
        coordinates (`Samples.homogeneous`).
    """

    maximum: float
    units: np.ndarray


class Dictionary(ABC):
    """A set of atoms over given samples, searched by correlation with a residual.

    Laws, for every residual v (n, c), with F(u) = ‖Σ_i v_i (x̃_i·u)_+‖_2 and Σ_i v_i = 0 where there is
    a bias:

    1. every returned unit is one: ‖w(u)‖_p = 1;
    2. no returned unit beats the maximum, and the first reaches it if it is above the threshold;
    3. no atom of the dictionary beats the maximum;
    4. scope "global": no unit neuron at all beats the maximum;
    5. F is homogeneous, so price(s·v) has s times the maximum.

    `geomnn.testing.check_dictionary` runs these laws on any instance: the third where it has a method ``units()``, as
    `WedgeDictionary` has, that lists its atoms in blocks (k, D), in one orientation or both. Else the third is for an
    oracle of your own, as always is the question which atoms were meant.

    Parameters
    ----------
    samples : Samples
        The data over which the atoms are formed.
    norm : float
        p of the ball that the units lie on.

    Attributes
    ----------
    scope : str
        What a maximum covers: "global" (every unit neuron), "dictionary" (every atom) or "local" (those
        that a search came across).
    program : str
        Whose atoms compete: "all" for the training problem itself, "wedge" for the wedges of samples alone, "sampled"
        for some of them, drawn at random, "chains" for neurons of one feature each, "columns" for the features alone.
    count : int
        Number of atoms (of faces, where atoms move) that are looked at.
    method : str
        How atoms are looked at: "enumeration", "search" or "milp".
    fixed : bool
        Whether the atoms are a finite list of wedges, the same for every residual, which exact arithmetic can form.
    atoms_move : bool
        Whether atoms depend on the residual, so that those in use are moved along with it.

    Source: geomnn theory, sections 1 to 3.
    """

    scope: str
    program: str
    count: int
    method: str = "enumeration"
    fixed: bool = False
    atoms_move: bool = False

    def __init__(self, samples: Samples, norm: float):
        if not isinstance(samples, Samples):
            kind = type(samples).__name__
            raise OptionError(f"samples is a {kind}; geomnn.samples.Samples(X, bias=True) was expected.")
        self.samples = samples
        self.norm = ball(norm).p

    @abstractmethod
    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """The largest correlation, and at most ``limit`` atoms with a correlation above ``threshold``.

        Parameters
        ----------
        residual : ndarray, shape (n, c)
            v; its columns sum to zero where there is a bias.
        threshold, limit : float, int
            Which atoms, and how many at most, to return.
        """

    def follow(self, units: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """What a search from atoms in use, shape (k, D), finds next to them: nothing, where `price` looks at all.

        Parameters
        ----------
        units : ndarray, shape (k, D)
        residual, threshold, limit
            As in `price`.
        """
        return Pricing(0.0, np.zeros((0, self.samples.D)))

    def until(self, deadline: Deadline) -> Dictionary:
        """The same dictionary, which searches no longer than until then: itself, where it looks at all.

        Parameters
        ----------
        deadline : Deadline
            From which on a pricing ends with the atoms that it has come across, and at least one.
        """
        return self

    @abstractmethod
    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        """The canonical atom at a unit that `price` has returned.

        Parameters
        ----------
        unit : ndarray, shape (D,)
        residual : ndarray, shape (n, c)
            v, from which partial wedges take their direction.
        """


def refuse_if_too_large(
    what: str,
    count: int,
    seconds: float,
    memory: float,
    limits: tuple[float, float],
    instead: str = INSTEAD,
    **arguments: Any,
) -> None:
    """Refuse an enumeration that would take more than the limits.

    Parameters
    ----------
    what : str
        What is enumerated, such as "atoms".
    count : int
    seconds, memory : float
        What one of them takes of a solve, and of memory in bytes.
    limits : tuple of float
        The most seconds and bytes.
    instead : str
        What to do instead.
    **arguments
        Those that it speaks of, as in `GeomnnError`.

    Raises
    ------
    EnumerationTooLarge
        With the count, the estimate and what to do instead.
    """
    many = min(count, 10**18)
    if many * seconds <= limits[0] and many * memory <= limits[1]:
        return
    number = f"{count:,}" if count == many else "more than 10^18"
    raise EnumerationTooLarge(
        f"There are {number} {what}: about {_short(many * seconds)} s and {many * memory / 2**20:,.0f} MiB, where "
        f"{_short(limits[0])} s and {limits[1] / 2**20:,.0f} MiB are allowed. Use {instead}.",
        **(arguments or {"dictionary": "local"}),
    )


def _short(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"
