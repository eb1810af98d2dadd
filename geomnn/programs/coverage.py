"""What a bound is about: which networks, of which program, and by which method."""

from __future__ import annotations

from dataclasses import dataclass

from geomnn.checker.statements import covered_networks

__all__ = ["COUNTED", "Coverage"]

# what the count of a certificate counts
COUNTED = {
    "enumeration": "atoms checked",
    "search": "walks",
    "merging": "neurons before",
    "transport": "pairs of samples",
    "stars": "pairs of samples",
    "cells": "cells",
    "semidefinite": "multipliers",
    "milp": "samples branched over",
}


@dataclass(frozen=True)
class Coverage:
    """The networks that a certificate is about.

    Parameters
    ----------
    scope : str
        "global": every network of any width.  "dictionary": those whose neurons are atoms of the dictionary.
        "local": none; a search found nothing better, which proves nothing.
    program : str
        The dictionary whose atoms compete: "all" (the training problem itself), "wedge" (wedges of samples alone),
        "sampled" (some of these, drawn at random), "chains" (parallel chains of unit width) or "columns" (sums of the
        columns), or "noflip" (those that cross no box around a sample).
    depth : int or "any"
        Layers of weights, 2 for one hidden layer; from 3 on (T) has the path penalty.
    method : str
        How atoms were looked at: "enumeration" (each of them), "search" (walks), "merging" (of neurons that were found
        over fewer atoms), or the name of the bound of all.
    at : str
        Where the training objective is taken, in words; at the samples if that is not said.

    Source: geomnn theory, sections 0 and 2.
    """

    scope: str
    program: str
    depth: int | str = 2
    method: str = "enumeration"
    at: str = ""

    @property
    def proves(self) -> bool:
        """Whether there is a bound at all."""
        return self.scope != "local"

    @property
    def counted(self) -> str:
        """What the count of the certificate counts."""
        return COUNTED.get(self.method, "atoms checked")

    def sentence(self, objective: str = "the lower bound", known: str = "") -> str:
        """What was shown, in one sentence.

        Parameters
        ----------
        objective : str
            The bound in words or digits.
        known : str
            What is known of the network that was found.

        Examples
        --------
        >>> Coverage("global", "all").sentence("2")
        'No two-layer ReLU network of any width has a training objective below 2.'
        """
        if self.proves:
            networks = covered_networks(self.scope, self.depth, self.program)
            where = f", {self.at}," * bool(self.at)
            return f"{networks} has a training objective{where} below {objective}{f' ({known})' if known else ''}."
        network = f"A network with the training objective {objective}{f'; {known}' if known else ''}."
        return f"{network} That is no proof: other networks may be better."
