"""What was proved about a network, and over what."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction
from math import isfinite
from typing import Any

import sympy

from geomnn.checker.statements import sentence
from geomnn.checker.surds import Surd
from geomnn.errors import ConvergenceWarning, DataError, warn
from geomnn.hypertext import table
from geomnn.numbers.rationals import short_number
from geomnn.numbers.roots import RootBasis
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import Effort

__all__ = ["LOOSE_NAMES", "Certificate", "rounded", "warn_of_gap"]

# relative to a weight, the error of its name above which the statement says so: six digits are what it prints
LOOSE_NAMES = 1e-6
# relative to the primal value, the gap that a branch and bound in float64 comes to when it has ended: TRUST of its
# dictionary times Σ|r_i m_i| over the largest correlation, which is some tens
BRANCHED = 1e-5


@dataclass(frozen=True)
class Certificate:
    """Bounds on the optimal value, and what they cover.

    dual ≤ optimal value of the program ≤ primal; the gap bounds how far the network is from optimal.

    Parameters
    ----------
    primal : float, Fraction or SymPy number
        The value of (T), recomputed from the weights of the network; exact if ``exact`` is.
    dual : float, Fraction or SymPy number
        A lower bound: the dual value of v scaled until no atom that was looked at violates it. An estimate, not a
        bound, if the scope is "local".
    largest_correlation : float, Fraction or SymPy number
        The largest |correlation| of v with an atom that was looked at, in units of reg.
    coverage : Coverage
        The networks that the bound is about.
    count : int
        How many atoms the bound looked at (faces for p = 2, at most; walks of a local search; samples of a branch and
        bound).
    exact : bool
        True if everything was checked in rational arithmetic; False for float64.
    stopped : bool
        Whether the solve was cut short, by its time or by the number of rounds of a search.
    name_error : float
        How far, at most, the weight of a partial wedge is from the one that its name gives with v, relative; above
        rounding where a search ended before v had settled. Other names give their weights.
    named : float
        The share of neurons whose name gives their weight to six digits; the others are near the atoms of their names.
    proven : Proven or None
        The result of bounds of all unit neurons. It is the lower bound if the coverage names their method; otherwise
        it stands beside it.
    worst : float, optional
        Of robust training, the value at the worst points, or a bound of it: what the program bounds.

    Raises
    ------
    DataError
        If a float is NaN or infinite.

    Source: geomnn theory, sections 0 and 2.
    """

    primal: Any
    dual: Any
    largest_correlation: Any
    coverage: Coverage
    count: int
    exact: bool = False
    stopped: bool = False
    name_error: float = 0.0
    named: float = 1.0
    proven: Any = field(default=None, repr=False, compare=False)
    worst: float | None = None

    def __post_init__(self) -> None:
        numbers = {
            "value of (T)": self.primal,
            "lower bound": self.dual,
            "largest correlation": self.largest_correlation,
            "error of names": self.name_error,
        }
        for name, number in numbers.items():
            if isinstance(number, float) and not isfinite(number):
                raise DataError(
                    f"The {name} is {number}, from which nothing follows: products of the numbers of X, y and reg "
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
        return self.name_error > LOOSE_NAMES

    def statement(self) -> str:
        """What was shown, in one sentence.

        Examples
        --------
        >>> print(Certificate(2.0, 2.0, 1.0, Coverage("global", "all"), 12).statement())
        ... # doctest: +NORMALIZE_WHITESPACE
        No two-layer ReLU network of any width has a training objective below 2 (this one: 2, relative gap
        below 1e-14, float64, 12 atoms checked).
        """
        beside = "" if self.proven is None else self.proven.sentence(float(self.primal))
        if beside and self.coverage.method == self.proven.bound.name:
            return beside
        return f"{self._of_atoms()} {beside}".rstrip()

    def _share(self) -> str:
        """How many names are exact, where some are; rounded down."""
        return f", {int(100 * self.named)} % of all names to six digits" if self.named else ""

    def _of_atoms(self) -> str:
        """What was shown by looking at atoms."""
        covered = self.coverage
        if self.exact:
            return sentence(
                _surd(self.primal), covered.scope, self.count, int(covered.depth), covered.program
            )
        looked_at = f"float64, {self.count:,} {covered.counted}"
        if not covered.proves:
            largest = "the largest correlation with a neuron that a search came across"
            if covered.method == "merging":
                largest = (
                    "its neurons were merged to ones outside of the dictionary, so that this is an upper bound over "
                    "all neurons; the largest correlation with one of them"
                )
            stopped = ", stopped before its end" * self.stopped
            known = f"{largest} is {self.largest_correlation:.6g} times reg ({looked_at}{stopped})"
            loose = (
                f" Names of partial wedges give their weights to {self.name_error:.1g} only{self._share()}."
            )
            return covered.sentence(f"{float(self.primal):.10g}", known) + loose * self.names_are_loose
        share = float(self.relative_gap)
        gap = rounded(share, ROUND_CEILING, 1) if abs(share) > 1e-14 else "below 1e-14"
        crossed = ", the bounds cross by rounding" if self.relative_gap < -1e-12 else ""
        known = f"this one: {rounded(self.primal, ROUND_CEILING)}, relative gap {gap}{crossed}, {looked_at}"
        worst = ""
        if self.worst is not None and self.worst < self.primal:
            worst = f" At the worst points that of this one is at most {rounded(self.worst, ROUND_CEILING)}."
        return covered.sentence(rounded(self.dual, ROUND_FLOOR), known) + worst

    def __repr__(self) -> str:
        if self.coverage.proves:
            known = f"gap={short_number(self.gap)}"
        else:  # its gap is none
            known = f"largest_correlation={short_number(self.largest_correlation)}"
        return (
            f"Certificate(primal={short_number(self.primal, 12)}, {known}, {self.coverage}, exact={self.exact}, "
            f"count={self.count})"
        )

    def _repr_html_(self) -> str:
        covered = self.coverage
        rows = {
            "value of (T)": short_number(self.primal, 12),
            "lower bound" if covered.proves else "estimate, no bound": short_number(self.dual, 12),
            "relative gap": rounded(float(self.relative_gap), ROUND_CEILING, 2) if self.gap else "0",
            "largest |correlation|/reg": short_number(self.largest_correlation, 12),
            "scope": f"{covered.scope} (program: {covered.program})",
            "looked at": f"{self.count:,} {covered.counted}, in {'exact arithmetic' if self.exact else 'float64'}",
        }
        if self.names_are_loose:
            rows["names of partial wedges"] = (
                f"give their weights to {self.name_error:.1g} only{self._share()}"
            )
        return table(rows.items())


def _surd(number: Any) -> Surd:
    """An exact number for the arithmetic of the checker."""
    basis = RootBasis()
    return Surd({basis.radicands[k]: c for k, c in basis.read(number).terms.items()})


def rounded(value: float, direction: str, digits: int = 10) -> str:
    """So many digits, rounded so that a bound stays one, but for the last digits of float64 (above 14)."""
    return f"{float(Context(prec=digits, rounding=direction).create_decimal(f'{value:.14g}')):.{digits}g}"


def warn_of_gap(certificate: Certificate, ended: str, effort: Effort) -> None:
    """Warn if an optimum is less accurate than was asked for.

    Parameters
    ----------
    certificate : Certificate
    ended : str
        Why the solve ended, if not by the gap.
    effort : Effort
    """
    reason = ended or "rounding keeps it from a better one"
    advice = "Centre and rescale the features, take a larger reg, or a larger tol."
    if certificate.stopped:
        more = "rounds (rounds=)"
        if effort.time_limit is not None:
            more = "time (time_limit=), or rounds where they are few"
        advice = f"Allow more {more}, or take a larger reg."
    proven = certificate.proven
    branched = proven is not None and {name for _, name, _ in proven.history} == {"milp"}
    relaxed = proven is not None and not branched and effort.tol < BRANCHED
    tol = max(effort.tol, BRANCHED if branched else 0.0)
    if not certificate.coverage.proves:  # its gap is an estimate, and the search has ended
        if certificate.largest_correlation > effort.far_off:
            warn(
                f"The search ended at a network that is not optimal: an atom is known whose correlation is "
                f"{certificate.largest_correlation:.3g} times reg: {reason}. {advice}",
                ConvergenceWarning,
            )
    elif not relaxed and not abs(certificate.gap) <= tol * abs(certificate.primal):
        # a negative gap is rounding, too
        share = rounded(float(certificate.relative_gap), ROUND_CEILING, 2)
        warn(
            f"The relative duality gap is {share}, not within tol={tol:g}: {reason}. {advice}",
            ConvergenceWarning,
        )
