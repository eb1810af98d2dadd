"""Proofs of bounds, each checked as its kind is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from geomnn.checker import plans
from geomnn.checker.cells import check_cells

__all__ = ["check_proof"]


def check_proof(document: Any, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> list[str]:
    """Check every statement of a proof, and say what was proved.

    Parameters
    ----------
    document : dict
        proof.json.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    of_cells = isinstance(document, dict) and document.get("bound") == "cells"
    return (check_cells if of_cells else plans.check_proof)(document, rows, targets)
