"""The dual value D(v) of each loss, v = unit · a with integers a: a fraction that no network of a proof is below.

    squared     v·y − ½ v·v
    hinge       Σ p_i                                                     p_i = y_i v_i in [0, 1],  y_i = ±1
    logistic    Σ H(p_i),  H(p) = −p log p − (1 − p) log(1 − p)

Of a sum of logarithms the proof has a fraction that is hardly less: each H(p_i) is rounded down to a multiple of 2^−64,
some nineteen digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from geomnn.checker.logarithms import log_bounds
from geomnn.checker.statements import require

__all__ = ["DUAL_VALUES"]

BITS = 64


def squared(unit: Fraction, a: Sequence[int], targets: Sequence[Fraction]) -> Fraction:
    """v·y − ½ v·v."""
    worth = sum((k * y for k, y in zip(a, targets, strict=True)), Fraction(0))
    return unit * worth - unit**2 * sum(k * k for k in a) / 2


def hinge(unit: Fraction, a: Sequence[int], targets: Sequence[Fraction]) -> Fraction:
    """Σ p_i."""
    return sum(_shares(unit, a, targets), Fraction(0))


def logistic(unit: Fraction, a: Sequence[int], targets: Sequence[Fraction]) -> Fraction:
    """Σ H(p_i), or a little less."""
    return Fraction(sum(map(_entropy, _shares(unit, a, targets))), 1 << BITS)


def _shares(unit: Fraction, a: Sequence[int], targets: Sequence[Fraction]) -> list[Fraction]:
    """p_i = y_i v_i of classes ±1, which has to be in [0, 1]."""
    require(all(abs(y) == 1 for y in targets), "The targets are not −1 and 1.")
    shares = [unit * k * y for k, y in zip(a, targets, strict=True)]
    require(all(0 <= p <= 1 for p in shares), "The loss has no dual value at the v of the proof.")
    return shares


def _entropy(p: Fraction) -> int:
    """At most 2^BITS H(p), an integer."""
    terms = (q * -log_bounds(q, BITS)[1] for q in (p, 1 - p) if q)
    total = sum(terms, Fraction(0))
    return total.numerator // total.denominator


DUAL_VALUES: dict[str, Callable[[Fraction, Sequence[int], Sequence[Fraction]], Fraction]] = {
    "squared": squared,
    "hinge": hinge,
    "logistic": logistic,
}
