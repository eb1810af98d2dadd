"""Proofs by plans, checked: no network has a training objective below a bound, by a few sums of products.

Masses π_ij ≥ 0 on pairs of samples, with v_i = Σ_j π_ij − π_ji, prove for every unit neuron u = (w, b) that

    Σ_i v_i (x̃_i·u)_+ ≤ Σ_ij π_ij (w·(x_i − x_j))_+                        a plan of transport
    Σ_i v_i (x̃_i·u)_+ ≤ Σ_i (w·q_i)_+,   q_i = Σ_j π_ij (x_i − x_j)        a plan of stars

as (a)_+ − (b)_+ ≤ (a − b)_+, and ≤ a − b where a > 0.  Either is at most ‖A‖_q, with A_l the larger one of its values
at w = e_l and w = −e_l; for p = 2 `geomnn.checker.metric` shows what it is at most.  So if that is at most reg, and the
same for −v, no network costs less than v·y − ½ v·v.  Without a bias there is an origin, number −1: edges from it cost
nothing, as −(a)_+ ≤ 0, and in plans of stars those to it may have any sign, as (a)_+ = 1[a > 0] a.

Masses are integers, times one unit.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from operator import mul
from typing import Any

from geomnn.checker.metric import check_metric
from geomnn.checker.statements import brief, check_keys, require

__all__ = [
    "check_star_plans",
    "check_transport_plans",
    "costs",
    "divergence",
    "edges",
    "integer_columns",
    "stars",
    "with_sum",
]

ORIGIN = -1

Plan = Sequence[Sequence[int]]  # for each sample i that masses leave: i, j, π_ij, j, π_ij, …


def check_transport_plans(
    plans: Any, rows: Sequence[Sequence[Fraction]], problem: dict[str, Any], most: Fraction
) -> tuple[list[int], str]:
    """The divergence of a plan of transport that costs at most so much; without a bias of two, the other for −v."""
    return _checked(plans, rows, problem, most, edges, 1 if problem["bias"] else 2, free=False)


def check_star_plans(
    plans: Any, rows: Sequence[Sequence[Fraction]], problem: dict[str, Any], most: Fraction
) -> tuple[list[int], str]:
    """The divergence of the first one of two plans of stars that cost at most so much; the other is for −v."""
    return _checked(plans, rows, problem, most, stars, 2, free=True)


def _checked(
    parts: Any,
    rows: Sequence[Sequence[Fraction]],
    problem: dict[str, Any],
    most: Fraction,
    lines: Callable[[Plan, Sequence[int]], list[int]],
    number: int,
    free: bool,
) -> tuple[list[int], str]:
    columns, scales = integer_columns(rows)
    require(isinstance(parts, list) and len(parts) == number, f"The number of plans is not {number}.")
    if problem["norm"] == "2":
        for part in parts:
            check_keys(part, {"masses", "metric"}, "a plan")
    plans = [part["masses"] for part in parts] if problem["norm"] == "2" else parts
    for plan in plans:
        _check_plan(plan, len(rows), problem["bias"], free)
    moved = [divergence(plan, len(rows)) for plan in plans]
    require(all(a + b == 0 for a, b in zip(moved[0], moved[-1], strict=True)) or number == 1,
            "The second plan does not move −v.")  # fmt: skip
    for plan, part in zip(plans, parts, strict=True):
        found = [lines(plan, column) for column in columns]
        if problem["norm"] == "2":
            check_metric(part["metric"], with_sum(found), scales, most)
        else:
            length = max if problem["norm"] == "1" else sum
            require(length(costs(found, scales)) <= most, "A plan costs more than reg.")
    count = sum(len(row) // 2 for plan in plans for row in plan)
    return moved[0], f"{count:,} masses on pairs of samples cost at most reg, whichever way a neuron points."


def _check_plan(plan: Any, n: int, bias: bool, free: bool) -> None:
    """A plan in its only spelling: rows and in them columns in order, masses that are not 0."""
    require(isinstance(plan, list), "A plan is no list.")
    first, last = (0 if bias else ORIGIN), None
    for row in plan:
        whole = (
            isinstance(row, list) and len(row) % 2 == 1 and len(row) > 2 and all(type(k) is int for k in row)
        )
        require(whole, f"A row of a plan is {brief(row)}.")
        i, ends, masses = row[0], row[1::2], row[2::2]
        require(
            first <= i < n and (last is None or last < i), f"Row {brief(i)} of a plan is not in its place."
        )
        require(all(first <= j < n and j != i for j in ends), f"Row {i} of a plan has columns out of range.")
        require(all(a < b for a, b in pairwise(ends)), f"Row {i} of a plan is not in order.")
        signed = free and i != ORIGIN
        require(all(m > 0 or (m < 0 and signed and j == ORIGIN) for j, m in zip(ends, masses, strict=True)),
                f"Row {i} of a plan has a mass that is not above 0.")  # fmt: skip
        last = i


def integer_columns(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[int]], list[int]]:
    """Each column times a number of its own that makes its entries integers, and these numbers."""
    columns, scales = [], []
    for column in zip(*rows, strict=True):
        scale = lcm(*(entry.denominator for entry in column))
        columns.append([entry.numerator * (scale // entry.denominator) for entry in column])
        scales.append(scale)
    return columns, scales


def divergence(plan: Plan, n: int) -> list[int]:
    """Σ_j π_ij − π_ji of each of n samples."""
    v = [0] * (n + 1)  # the origin comes last
    for i, *rest in plan:
        v[i] += sum(rest[1::2])
        for j, mass in zip(rest[::2], rest[1::2], strict=True):
            v[j] -= mass
    return v[:n]


def edges(plan: Plan, column: Sequence[int]) -> list[int]:
    """π_ij (x_i − x_j) of each edge of a plan, for an integer column."""
    x = [*column, 0]
    return [
        mass * (x[i] - x[j])
        for i, *rest in plan
        if i != ORIGIN
        for j, mass in zip(rest[::2], rest[1::2], strict=True)
    ]


def stars(plan: Plan, column: Sequence[int]) -> list[int]:
    """q_i of each sample of a plan that masses leave, for an integer column."""
    x = [*column, 0]
    return [
        x[i] * sum(rest[1::2]) - sum(map(mul, rest[1::2], [x[j] for j in rest[::2]]))
        for i, *rest in plan
        if i != ORIGIN
    ]


def costs(lines: Sequence[Sequence[int]], scales: Sequence[int]) -> list[Fraction]:
    """A of the lines of a plan, given column by column, each times its scale."""
    return [
        Fraction(max(sum(q for q in column if q > 0), -sum(q for q in column if q < 0)), scale)
        for column, scale in zip(lines, scales, strict=True)
    ]


def with_sum(lines: Sequence[Sequence[int]]) -> list[list[int]]:
    """The lines of a plan, column by column, and their sum."""
    return [[*column, sum(column)] for column in lines]
