"""Plans in whole numbers, as a proof file has them: with as few digits as leave the bound what it is.

Masses are rounded to multiples of the largest one over a power of two, and what that leaves of div π ∓ a is moved
along more edges. For the squared loss a is the divergence of the first plan; others have a domain, into which a is
rounded from v.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.bounds.base import Proof
from geomnn.bounds.metrics import best_lengths
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.plans import EMPTY, Plan, axis
from geomnn.checker.metric import SHIFT, covers, gram, total
from geomnn.checker.plans import costs, divergence, edges, integer_columns, stars, with_sum
from geomnn.programs.problem import Problem

__all__ = ["rounded_dual", "whole_plans", "whole_unit"]

MASS_BITS = range(10, 45, 2)  # of the largest mass
LENGTH_BITS = (
    30  # of the largest length: rounding costs no more than `TIGHT`; 20 cost a millionth of the bound
)
LOST = 1e-2  # of the gap, which rounding may take
TIGHT = 1e-9  # relative to the bound, what it may take where there is hardly a gap


def whole_plans(
    bound: PlanBound, proof: Proof, rows: Sequence[Sequence[Fraction]], primal: float
) -> tuple[list[Any], list[int], Fraction, Fraction]:
    """The plans, for p = 2 with their metrics, a, what no unit's correlation with a is above, and the size of 1 in v.

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
    moves = stars if bound.name == "stars" else edges
    lines = [[moves(plan, column) for column in columns] for plan in listed]
    a, size = divergence(listed[0], len(rows)), Fraction(unit)
    if bound.problem.norm != 2:
        length = max if bound.problem.norm == 1 else sum
        return listed, a, max(Fraction(length(costs(each, scales))) for each in lines), size
    metrics = [_whole_metric(each, scales, plan.metric) for each, plan in zip(lines, plans, strict=True)]
    parts = [{"masses": masses, "metric": metric} for masses, metric in zip(listed, metrics, strict=True)]
    return parts, a, max(Fraction(metric["most"]) for metric in metrics), size


def _along_a_line(bound: PlanBound, proof: Proof) -> Proof:
    """The proof of the same v by the plans that are best on the line along which the samples spread most."""
    return bound.assembled([[EMPTY] * bound.signs() for _ in proof.dual.T], proof.dual)


def _tried(bound: PlanBound, proof: Proof, bits: int) -> tuple[list[Plan], float, Proof]:
    """Plans in whole multiples of a unit, that unit, and what they prove in float64."""
    problem, points = bound.problem, bound.points
    places = points @ axis(points)
    size = max((float(np.abs(plan.masses).max(initial=0.0)) for plan in proof.evidence), default=0.0)
    unit = whole_unit(size, bits)
    plans = [replace(plan, masses=np.rint(plan.masses / unit)) for plan in proof.evidence]
    a = plans[0].divergence(len(points))
    if not problem.loss.is_quadratic:
        a = rounded_dual(problem, proof.dual[:, 0], unit)
    plans = [
        plan.completed(sign * a, places, problem.samples.bias).merged()
        for plan, sign in zip(plans, (1.0, -1.0), strict=False)
    ]
    most = max(bound.most(plan, points, 0.0) for plan in plans)
    return plans, unit, Proof(unit * a[:, None], unit * most, 0)


def _whole_metric(
    lines: Sequence[Sequence[int]], scales: Sequence[int], metric: np.ndarray | None
) -> dict[str, Any]:
    """Lengths of the lines of a plan, and the least λ with them that the checker finds to be enough."""
    q = np.array([[x / scale for x in column] for column, scale in zip(lines, scales, strict=True)]).T
    best = best_lengths(q, metric)[1]
    unit = whole_unit(float(best.max()), LENGTH_BITS)
    moving = np.append(q, q.sum(axis=0, keepdims=True), axis=0).any(axis=1)
    lengths = [int(length) for length in np.where(moving, np.maximum(np.rint(best / unit), 1.0), 0.0)]
    rows = gram(with_sum(lines), scales, lengths, Fraction(unit))
    largest, step = _largest_eigenvalue(rows), 1
    while not covers(rows, largest):
        largest, step = largest + step, 2 * step
    held = {"unit": str(Fraction(unit)), "lengths": lengths, "lambda": largest}
    return held | {"most": str(total(held))}


def _largest_eigenvalue(rows: Sequence[Sequence[int]]) -> int:
    """Of S by `gram`, rounded to an integer."""
    S = np.zeros((len(rows), len(rows)))
    for k, row in enumerate(rows):
        S[k, : k + 1] = [-float(x) / 2.0**SHIFT for x in row]
    return int(np.linalg.eigvalsh(S)[-1])


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
