"""What was proved about a network, and over what."""

from __future__ import annotations

import html
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction
from math import isfinite
from typing import Any

import sympy

from geomnn.checker.statements import covered_networks, sentence
from geomnn.checker.surds import Surd
from geomnn.errors import DataError
from geomnn.numbers.rationals import short_number
from geomnn.numbers.roots import RootBasis

__all__ = ["Certificate"]

LOOSE = 1e-6


@dataclass(frozen=True)
class Certificate:
    """Bounds on the optimal value, and what they cover.

    dual ≤ optimal value of the program ≤ primal; the gap bounds how far the network is from optimal.

    Parameters
    ----------
    primal : float, Fraction or SymPy number
        The value of (T), recomputed from the weights of the network; exact if ``exact`` is.
    dual : float, Fraction or SymPy number
        A lower bound: the dual value of v scaled until no atom that was looked at violates it. No bound but an
        estimate if the scope is "local".
    violation : float, Fraction or SymPy number
        The largest |correlation|/reg of v with an atom that was looked at.
    scope : str
        "global": the bound holds for every network of any width.  "dictionary": for networks whose neurons
        are atoms of the dictionary.  "local": the search found nothing better, which proves nothing.
    program : str
        "exact" (the training problem itself), "paper" (wedges of samples alone), "sampled" (some of these, drawn
        at random), "chains" (parallel chains of unit width) or "columns" (sums of the columns).
    atoms : int
        How many atoms the bound looked at (faces for p = 2, at most; walks of a local search; samples of a branch and
        bound).
    exact : bool
        True if everything was checked in rational arithmetic; False for float64.
    counted : str
        What ``atoms`` counts.
    stopped : bool
        Whether the time, or the rounds of a search, were over before it came to its end.
    name_error : float
        How far, at most, the weight of a partial wedge is from the one that its name gives with v, relative; above
        rounding where a search ended before v had settled. Other names give their weights.
    depth : int
        Layers of weights of the networks that it is about, 2 for one hidden layer; from 3 on (T) has the path penalty.

    Raises
    ------
    DataError
        If a float is NaN or infinite.

    Source: geomnn theory, sections 0 and 2.
    """

    primal: Any
    dual: Any
    violation: Any
    scope: str
    program: str
    atoms: int
    exact: bool = False
    counted: str = "atoms checked"
    stopped: bool = False
    name_error: float = 0.0
    depth: int = 2

    def __post_init__(self) -> None:
        numbers = {
            "value of (T)": self.primal,
            "lower bound": self.dual,
            "largest correlation": self.violation,
            "error of names": self.name_error,
        }
        for name, number in numbers.items():
            if isinstance(number, float) and not isfinite(number):
                raise DataError(
                    f"The {name} is {number}, of which nothing can be claimed: products of the numbers of X, y and reg "
                    "do not fit into float64, so rescale them."
                )

    @property
    def gap(self) -> Any:
        """primal − dual, absolute; never negative beyond rounding, and the fraction 0 if it is exact."""
        gap = self.primal - self.dual
        return Fraction(int(gap.p), int(gap.q)) if isinstance(gap, sympy.Rational) else gap

    @property
    def relative_gap(self) -> Any:
        """gap/|primal|; 0 if both are 0."""
        return self.gap / abs(self.primal) if self.gap else 0 * self.gap

    @property
    def names_are_loose(self) -> bool:
        """Whether names of partial wedges give their weights to less than six digits."""
        return self.name_error > LOOSE

    def statement(self) -> str:
        """What was shown, in one sentence.

        Examples
        --------
        >>> print(Certificate(2.0, 2.0, 1.0, "global", "exact", 12).statement())  # doctest: +NORMALIZE_WHITESPACE
        No two-layer ReLU network of any width has a training objective below 2 (this one: 2, relative gap
        below 1e-14, float64, 12 atoms checked).
        """
        if self.exact:
            return sentence(_surd(self.primal), self.scope, self.atoms, self.depth, self.program)
        if self.scope == "local":
            loose = (
                f" Names of partial wedges give their weights to {self.name_error:.1g} only."
                if self.names_are_loose
                else ""
            )
            return (
                f"A network with the training objective {float(self.primal):.10g}; the largest correlation with a "
                f"neuron that a search came across is {self.violation:.6g} times reg (float64, {self.atoms:,} "
                f"{self.counted}{', stopped before its end' if self.stopped else ''}). "
                f"That is no proof: other networks may be better.{loose}"
            )
        covered = covered_networks(self.scope, self.depth, self.program)
        gap = f"{self.relative_gap:.1g}" if abs(self.relative_gap) > 1e-14 else "below 1e-14"
        crossed = ", the bounds cross by rounding" if self.relative_gap < -1e-12 else ""
        return (
            f"{covered} has a training objective below {_rounded(self.dual, ROUND_FLOOR)} (this one: "
            f"{_rounded(self.primal, ROUND_CEILING)}, relative gap {gap}{crossed}, float64, {self.atoms:,} "
            f"{self.counted})."
        )

    def __repr__(self) -> str:
        if self.scope == "local":  # whose gap is none
            known = f"violation={short_number(self.violation)}"
        else:
            known = f"gap={short_number(self.gap)}"
        return (
            f"Certificate(primal={short_number(self.primal, 12)}, {known}, scope={self.scope!r}, "
            f"program={self.program!r}, exact={self.exact}, atoms={self.atoms})"
        )

    def _repr_html_(self) -> str:
        rows = {
            "value of (T)": short_number(self.primal, 12),
            "lower bound" if self.scope != "local" else "estimate, no bound": short_number(self.dual, 12),
            "relative gap": f"{float(self.relative_gap):.2g}" if self.gap else "0",
            "largest |correlation|/reg": short_number(self.violation, 12),
            "scope": f"{self.scope} ({self.program} program)",
            "looked at": f"{self.atoms:,} {self.counted}, in {'exact arithmetic' if self.exact else 'float64'}",
        }
        if self.names_are_loose:
            rows["names of partial wedges"] = f"give their weights to {self.name_error:.1g} only"
        left = "style='text-align:left'"
        body = "".join(
            f"<tr><th {left}>{html.escape(key)}</th><td {left}>{html.escape(value)}</td></tr>"
            for key, value in rows.items()
        )
        return f"<table>{body}</table>"


def _surd(number: Any) -> Surd:
    """An exact number for the arithmetic of the checker."""
    basis = RootBasis()
    return Surd({basis.radicands[k]: c for k, c in basis.read(number).terms.items()})


def _rounded(value: float, direction: str) -> str:
    """Ten digits, rounded so that a bound stays one, but for the last digits of float64 (above 14)."""
    return f"{float(Context(prec=10, rounding=direction).create_decimal(f'{value:.14g}')):.10g}"
