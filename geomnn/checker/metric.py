"""What a plan costs for p = 2, checked: lengths of its lines, and that one matrix has no eigenvalue above a number.

Let q be the lines of a plan, of which no unit's correlation is above Σ (w·q)_+, and g their sum.  As
(t)_+ = ½ (t + |t|), and |t| ≤ τ/2 + t²/(2τ) for every length τ > 0,

    Σ (w·q)_+ = ½ Σ w·q + ½ Σ |w·q| ≤ ½ Σ |w·q|  over all q and g  ≤ ¼ Σ τ + ¼ w·S w,    S = Σ q qᵀ/τ,

which for ‖w‖_2 = 1 is at most ¼ (Σ τ + λ) if λ I − S has no negative eigenvalue.  That is shown by elimination, in
integers that stay short.  An entry that is rounded up to the next integer changes by less than 1, so with m rows no
eigenvalue grows by more than m, which comes off the diagonal: what is left then is below what was there.

Lengths and λ are integers, times one unit.  A line of zeros needs no length.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from geomnn.checker.statements import check_integers, check_keys, rational, require

__all__ = ["METRIC_KEYS", "SHIFT", "check_metric", "covers", "gram", "total"]

METRIC_KEYS = {"unit", "lengths", "lambda", "most"}
SHIFT = 64  # S is rounded to multiples of 2^−64

Columns = Sequence[Sequence[int]]  # for each feature its coordinate of each line


def check_metric(held: Any, lines: Columns, scales: Sequence[int], most: Fraction) -> None:
    """That ¼ (Σ τ + λ) is what it is said to be, at most a number, and true of the lines, whose sum comes last."""
    check_keys(held, METRIC_KEYS, "a metric")
    unit, lengths, largest = rational(held["unit"], "The unit of lengths"), held["lengths"], held["lambda"]
    require(unit > 0, "The unit of lengths is not above 0.")
    check_integers(lengths, len(lines[0]), "lengths")
    check_integers([largest], 1, "lambda")
    for length, line in zip(lengths, zip(*lines, strict=True), strict=True):
        require(length > 0 or (length == 0 and not any(line)), "A length is not above 0.")
    require(held["most"] == str(total(held)), "What a metric claims to show is not what it shows.")
    require(total(held) <= most, "A plan costs more than reg.")
    require(covers(gram(lines, scales, lengths, unit), largest), "A plan may cost more than its metric says.")


def total(held: dict[str, Any]) -> Fraction:
    """¼ (Σ τ + λ)."""
    return Fraction(held["unit"]) * Fraction(sum(held["lengths"]) + held["lambda"], 4)


def gram(lines: Columns, scales: Sequence[int], lengths: Sequence[int], unit: Fraction) -> list[list[int]]:
    """−2^64 S/unit up to its diagonal, each entry rounded up; no 1/τ is rounded down."""
    weights = [-(-(1 << SHIFT) // length) if length else 0 for length in lengths]
    rows = []
    for k, column in enumerate(lines):
        weighed = list(map(mul, weights, column))
        sums = [sum(map(mul, weighed, other)) * unit.denominator**2 for other in lines[: k + 1]]
        rows.append(
            [-(s // (scales[k] * scale * unit.numerator**2)) for s, scale in zip(sums, scales, strict=False)]
        )
    return rows


def covers(rows: list[list[int]], largest: int) -> bool:
    """Whether λ I and a matrix that was rounded up have no negative eigenvalue together."""
    rows = _lowered([[*row[:-1], row[-1] + (largest << SHIFT)] for row in rows])
    while rows:
        *last, pivot = rows.pop()
        if pivot <= 0:
            return False
        left = [
            [x - a * b // pivot for x, b in zip(row, last, strict=False)]
            for row, a in zip(rows, last, strict=True)
        ]
        rows = _lowered(left)
    return True


def _lowered(rows: list[list[int]]) -> list[list[int]]:
    """A matrix up to its diagonal less its order times I."""
    return [[*row[:-1], row[-1] - len(rows)] for row in rows]
