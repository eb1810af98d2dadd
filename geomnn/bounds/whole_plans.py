"""Plans in whole numbers, as a proof file has them: with as few digits as leave the bound what it is.

Masses are rounded to multiples of the largest one over a power of two, and what that leaves of div π ∓ a is moved
along more edges. For the squared loss a is the divergence of the first plan; others have a domain, into which a is
rounded from v.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

import numpy as np

from geomnn.bounds.base import Proof
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import EMPTY, Plan, axis
from geomnn.checker.plans import divergence, integer_columns, star_costs, transport_costs
from geomnn.programs.problem import Problem

__all__ = ["rounded_dual", "whole_plans", "whole_unit"]

MASS_BITS = range(10, 45, 2)  # of the largest mass
LOST = 1e-2  # of the gap, which rounding may take
TIGHT = 1e-9  # relative to the bound, what it may take where there is hardly a gap


def whole_plans(
    bound: PlanBound, proof: Proof, rows: Sequence[Sequence[Fraction]], primal: float
) -> tuple[list[list[list[int]]], list[int], Fraction, Fraction]:
    """The plans, a, what no unit's correlation with a is above, and the size of 1 in v.

    Parameters
    ----------
    bound : PlanBound
    proof : Proof
        One of its own.
    rows : sequence of sequences of Fraction, shape (n, d)
        The samples as the checker has them.
    primal : float
        The value of the network that the bound is for.
    """
    finest = [_tried(bound, each, MASS_BITS[-1]) for each in (_along_a_line(bound, proof), proof)]
    value = finest[1][2].value(bound.problem)
    if finest[0][2].value(bound.problem) >= value:  # as where reg is so large that masses may go in circles
        proof = _along_a_line(bound, proof)
    least = value - max(LOST * (primal - value), TIGHT * abs(value))
    tried = (_tried(bound, proof, bits) for bits in MASS_BITS)
    plans, unit, _ = next((each for each in tried if each[2].value(bound.problem) >= least), finest[1])
    listed = [_listed(plan) for plan in plans]
    columns, scales = integer_columns(rows)
    cost = star_costs if bound.name == "stars" else transport_costs
    largest = max(
        _length(
            [Fraction(cost(plan, c), scale) for c, scale in zip(columns, scales, strict=True)], bound.problem
        )
        for plan in listed
    )
    return listed, divergence(listed[0], len(rows)), largest, Fraction(unit)


def _along_a_line(bound: PlanBound, proof: Proof) -> Proof:
    """The proof of the same v by the plans that are best on the line along which the samples spread most."""
    return bound.assembled([[EMPTY] * bound.signs() for _ in proof.dual.T], proof.dual)


def _tried(bound: PlanBound, proof: Proof, bits: int) -> tuple[list[Plan], float, Proof]:
    """Plans in whole multiples of a unit, that unit, and what they prove in float64."""
    problem, points = bound.problem, bound.points
    places = points @ axis(points)
    size = max((float(np.abs(plan.masses).max(initial=0.0)) for plan in proof.evidence), default=0.0)
    unit = whole_unit(size, bits)
    plans = [Plan(plan.rows, plan.columns, np.rint(plan.masses / unit)) for plan in proof.evidence]
    a = plans[0].divergence(len(points))
    if not problem.loss.is_quadratic:
        a = rounded_dual(problem, proof.dual[:, 0], unit)
    plans = [
        plan.completed(sign * a, places, problem.samples.bias).merged()
        for plan, sign in zip(plans, (1.0, -1.0), strict=False)
    ]
    most = max(bound.length(plan, points) for plan in plans)
    return plans, unit, Proof(unit * a[:, None], unit * most, 0)


def whole_unit(size: float, bits: int) -> float:
    """The power of two of which a size has so many bits, at most."""
    return float(2.0 ** (np.ceil(np.log2(size or 1.0)) - bits))


def rounded_dual(problem: Problem, v: np.ndarray, unit: float) -> np.ndarray:
    """v in whole multiples of a unit, towards 0, which keeps it in the domain of D; with a bias of sum 0, shape (n,).

    Parameters
    ----------
    problem : Problem
    v : ndarray, shape (n,)
    unit : float
        A power of two, so that nothing is rounded but once.
    """
    a = np.trunc(problem.loss.clip(v[:, None], problem.targets)[:, 0] / unit)
    if problem.samples.bias:  # the larger entries of the larger side give what it has more
        excess = a.sum()
        side = np.maximum(a * np.sign(excess), 0.0)
        order = np.argsort(-side)
        before = np.cumsum(side[order]) - side[order]
        a[order] -= np.sign(excess) * np.clip(abs(excess) - before, 0.0, side[order])
    return a


def _listed(plan: Plan) -> list[list[int]]:
    """For each sample i that masses leave: i, j, π_ij, j, π_ij, …"""
    found: dict[int, list[int]] = {}
    order = np.lexsort([plan.columns, plan.rows])
    for i, j, mass in zip(plan.rows[order], plan.columns[order], plan.masses[order], strict=True):
        found.setdefault(int(i), [int(i)]).extend((int(j), int(mass)))
    return list(found.values())


def _length(costs: list[Fraction], problem: Problem) -> Fraction:
    """‖A‖_q, or a little more where it is a root."""
    if problem.norm != 2:
        return max(costs) if problem.norm == 1 else sum(costs, Fraction(0))
    square = sum((cost * cost for cost in costs), Fraction(0))
    return Fraction(isqrt(square.numerator * square.denominator << 128) + 1, square.denominator << 64)
