"""What was proved about a network, and over what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

__all__ = ["Certificate"]


@dataclass(frozen=True)
class Certificate:
    """Bounds on the optimal value, and what they cover.

    dual ≤ optimal value of the program ≤ primal; the gap bounds how far the network is from optimal.

    Parameters
    ----------
    primal : float
        The value of (T), recomputed from the weights of the network.
    dual : float
        A lower bound: the dual value of v scaled until no atom that was looked at violates it.
    violation : float
        The largest |correlation|/reg of v with an atom that was looked at.
    scope : str
        "global": the bound holds for every network of any width.  "dictionary": for networks whose neurons
        are atoms of the dictionary.  "local": the search found nothing better, which proves nothing.
    program : str
        "exact" (the training problem itself) or "paper" (wedges of samples alone).
    atoms : int
        How many atoms the bound looked at (faces for p = 2, at most).
    exact : bool
        True if everything was checked in rational arithmetic; False for float64.

    Source: geomnn theory, sections 0 and 2.
    """

    primal: float
    dual: float
    violation: float
    scope: str
    program: str
    atoms: int
    exact: bool = False

    @property
    def gap(self) -> float:
        """primal − dual, absolute; never negative beyond rounding."""
        return self.primal - self.dual

    @property
    def relative_gap(self) -> float:
        """gap/|primal|; 0 if both are 0."""
        return self.gap / abs(self.primal) if self.gap else 0.0

    def statement(self) -> str:
        """What was shown, in one sentence.

        Examples
        --------
        >>> print(Certificate(2.0, 2.0, 1.0, "global", "exact", 12).statement())  # doctest: +NORMALIZE_WHITESPACE
        No two-layer ReLU network of any width has a training objective below 2 (this one: 2, relative gap
        below 1e-14, float64, 12 atoms checked).
        """
        covered = {
            "global": "No two-layer ReLU network of any width has a training objective below",
            "dictionary": "No network of wedges of samples has a training objective below",
            "local": "The search found no neuron that lowers the training objective; this is no proof. Estimate:",
        }[self.scope]
        arithmetic = "exact arithmetic" if self.exact else "float64"
        gap = f"{self.relative_gap:.1g}" if self.exact or abs(self.relative_gap) > 1e-14 else "below 1e-14"
        crossed = ", the bounds cross by rounding" if self.relative_gap < -1e-12 else ""
        return (
            f"{covered} {_rounded(self.dual, ROUND_FLOOR)} (this one: {_rounded(self.primal, ROUND_CEILING)}, "
            f"relative gap {gap}{crossed}, {arithmetic}, {self.atoms:,} atoms checked)."
        )

    def _repr_html_(self) -> str:
        rows = {
            "primal": f"{self.primal:.12g}",
            "dual": f"{self.dual:.12g}",
            "relative gap": f"{self.relative_gap:.2g}",
            "violation": f"{self.violation:.12g}",
            "scope": self.scope,
            "program": self.program,
            "arithmetic": "exact" if self.exact else "float64",
        }
        body = "".join(f"<tr><th style='text-align:left'>{k}</th><td>{v}</td></tr>" for k, v in rows.items())
        return f"<table>{body}</table>"


def _rounded(value: float, direction: str) -> str:
    """Ten digits, rounded so that a bound stays one, but for the last digits of float64 (above 14)."""
    return f"{float(Context(prec=10, rounding=direction).create_decimal(f'{value:.14g}')):.10g}"
