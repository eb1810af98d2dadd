"""The dual value D(v) of each loss, v = unit · a with integers a: a fraction that no network of a proof is below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

__all__ = ["DUAL_VALUES", "DualValue"]

DualValue = Callable[[Fraction, Sequence[int], Sequence[Fraction]], Fraction]


def squared(unit: Fraction, a: Sequence[int], targets: Sequence[Fraction]) -> Fraction:
    """v·y − ½ v·v."""
    worth = sum((k * y for k, y in zip(a, targets, strict=True)), Fraction(0))
    return unit * worth - unit**2 * sum(k * k for k in a) / 2


DUAL_VALUES: dict[str, DualValue] = {"squared": squared}
