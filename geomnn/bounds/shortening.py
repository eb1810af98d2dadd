"""Shorter proofs by plans: fewer pairs, for a bound that is hardly lower.

An interior point spreads its masses over all pairs that may have some. So the fit is solved again on the pairs with
the largest masses alone, several times, and for other losses than the squared one those pairs are kept as they are;
then, for the v that this gives, a vertex of the linear program

    minimise A   over   π ≥ 0, div π = v, costs at most A, and, for stars, no q_il of another sign than it has

has no more masses than rows that hold with equality.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, diags_array, hstack, vstack

from geomnn.bounds.base import Proof
from geomnn.bounds.columns import Column
from geomnn.bounds.nodes import Nodes
from geomnn.bounds.planned import ACCURACY, PlanBound
from geomnn.bounds.plans import ORIGIN, Plan
from geomnn.bounds.stars import StarBound
from geomnn.deadline import Deadline, Pace
from geomnn.machine import one_blas_thread

__all__ = ["shortened"]

# of the largest mass: the least that a pair is kept for, round by round
SHARES = (1e-2, 2e-2, 4e-2, 6e-2, 8e-2, 0.12, 0.2)
Rows = Callable[[Plan, np.ndarray, int], tuple[csr_array, csr_array]]

# relative to the largest mass, up to which one is none at a vertex: the tolerance of its solver, 1e-7, is absolute
NOTHING = 1e-9
MOST_PAIRS = 5_000  # of the linear programs, which take seconds then and minutes beyond


def shortened(bound: PlanBound, proof: Proof, least: float, deadline: Deadline) -> Proof:
    """A proof with fewer pairs and a value that is not below the least; the proof itself where none is found.

    Parameters
    ----------
    bound : PlanBound
    proof : Proof
        One of its own.
    least : float
    deadline : Deadline

    Source: geomnn theory, section 9.
    """
    best, pace, problem = proof, Pace(deadline), bound.problem
    fewer = _slim if problem.loss.is_quadratic else _thin
    with one_blas_thread():
        for share in SHARES:
            if pace.over():
                return best
            slim = fewer(bound, best, share, deadline)
            if slim.value(problem) < least:
                break
            best = min(best, slim, key=lambda each: each.count)
        if best.count <= MOST_PAIRS and not pace.over():
            vertex = _vertex(bound, best, deadline)
            if vertex.value(problem) >= least:
                best = min(best, vertex, key=lambda each: each.count)
    return best


def _on_nodes(nodes: Nodes, plan: Plan) -> Plan:
    """A plan on the samples as one on the nodes, without what is moved inside of them; the origin is N."""
    node = np.append(np.where(nodes.node < 0, len(nodes), nodes.node), len(nodes))
    rows, columns = node[plan.rows], node[plan.columns]
    other = rows != columns
    return Plan(rows[other], columns[other], plan.masses[other], plan.metric).merged()


def _columns(bound: PlanBound, proof: Proof) -> list[list[Plan]]:
    """The plans of each column on the nodes."""
    plans = [_on_nodes(bound.nodes, plan) for plan in proof.evidence]
    signs = bound.signs()
    return [plans[k : k + signs] for k in range(0, len(plans), signs)]


def _slim(bound: PlanBound, proof: Proof, share: float, deadline: Deadline) -> Proof:
    """What the fit proves on the pairs that have at least a share of the largest mass."""
    nodes, plans = bound.nodes, _columns(bound, proof)
    size = len(nodes) + (not nodes.bias)
    columns = [Column(nodes, bound.signs()) for _ in plans]
    if not bound.pose(columns, proof.dual, np.zeros_like(proof.dual)):
        return proof
    lengths = []
    for column, both in zip(columns, plans, strict=True):
        column.fixed, column.keys = True, []
        for plan in both:
            masses = np.abs(plan.masses)
            kept = masses > share * masses.max(initial=0.0)
            column.keys.append(np.unique(plan.rows[kept] * size + plan.columns[kept]))
        lengths.append(max(bound.length(_real(plan, nodes), nodes.points) for plan in both))
    prices = bound.priced(np.array(lengths), np.ones((len(plans), bound.points.shape[1])))
    parts = [bound.fitted(*each, ACCURACY, deadline) for each in zip(columns, prices, strict=True)]
    slim = [[_solid(plan, share / 10) for plan in part[0]] for part in parts]
    return bound.assembled(slim, np.column_stack([part[1] for part in parts]))


def _thin(bound: PlanBound, proof: Proof, share: float, deadline: Deadline) -> Proof:
    """The proof without its smallest masses, of the same v: other losses than the squared one need not have a fit."""
    plans = [[_solid(plan, share / 10) for plan in both] for both in _columns(bound, proof)]
    return bound.assembled(plans, proof.dual)


def _real(plan: Plan, nodes: Nodes) -> Plan:
    """A plan with the index of the origin in the place of N."""
    ends = [np.where(end == len(nodes), ORIGIN, end) for end in (plan.rows, plan.columns)]
    return replace(plan, rows=ends[0], columns=ends[1])


def _solid(plan: Plan, share: float) -> Plan:
    """A plan without the masses that are less than a share of the largest."""
    kept = np.abs(plan.masses) > share * np.abs(plan.masses).max(initial=0.0)
    return Plan(plan.rows[kept], plan.columns[kept], plan.masses[kept], plan.metric)


def _vertex(bound: PlanBound, proof: Proof, deadline: Deadline) -> Proof:
    """The proof with a vertex in the place of each plan, for the same v."""
    nodes, plans = bound.nodes, _columns(bound, proof)
    build = _star_rows if isinstance(bound, StarBound) else _transport_rows
    found = []
    for both, w in zip(plans, proof.dual.T, strict=True):
        targets = [sign * nodes.merged(w) for sign in (1.0, -1.0)][: len(both)]
        found.append(
            [
                _least_cost(_real(plan, nodes), V, nodes.points, build, deadline)
                for plan, V in zip(both, targets, strict=True)
            ]
        )
    return bound.assembled(found, proof.dual)


def _least_cost(plan: Plan, V: np.ndarray, points: np.ndarray, build: Rows, deadline: Deadline) -> Plan:
    """A vertex of the plans on the same pairs with divergence V and the least cost; the plan where none is found."""
    if not len(plan):
        return plan
    n, k, size = len(V), len(plan), float(np.abs(plan.masses).max())
    steps = plan.differences(points / max(float(np.abs(points).max()), np.finfo(float).tiny))
    ends = np.concatenate([plan.rows, plan.columns])
    real = ends != ORIGIN
    values = np.repeat([1.0, -1.0], k)[real]
    divergence = csr_array((values, (ends[real], np.tile(np.arange(k), 2)[real])), shape=(n, k))
    upper, costs = build(plan, steps, n)
    free = (plan.columns == ORIGIN) & (build is _star_rows)
    rows = vstack(
        [
            hstack([costs, csr_array(-np.ones((costs.shape[0], 1)))]),
            hstack([upper, csr_array((upper.shape[0], 1))]),
        ]
    )
    result = linprog(
        np.append(np.zeros(k), 1.0),
        A_ub=rows,
        b_ub=np.zeros(rows.shape[0]),
        A_eq=hstack([divergence, csr_array((n, 1))]),
        b_eq=V / size,
        bounds=[(None if loose else 0.0, None) for loose in free] + [(0.0, None)],
        method="highs-ds",
        options={} if deadline.left() == np.inf else {"time_limit": deadline.left()},
    )
    if result.x is None:
        return plan
    return _solid(replace(plan, masses=size * result.x[:k]), NOTHING)


def _transport_rows(plan: Plan, steps: np.ndarray, n: int) -> tuple[csr_array, csr_array]:
    """No further rows, and the costs of ± each feature."""
    return csr_array((0, len(plan))), csr_array(
        np.vstack([np.maximum(steps, 0.0).T, np.maximum(-steps, 0.0).T])
    )


def _star_rows(plan: Plan, steps: np.ndarray, n: int) -> tuple[csr_array, csr_array]:
    """−σ_il q_il ≤ 0 for the signs that q has, and the costs of ± each feature, in which those signs hold."""
    moved = np.flatnonzero(plan.rows != ORIGIN)
    signs, costs = [], []
    for column in steps.T:
        entries = csr_array((column[moved], (plan.rows[moved], moved)), shape=(n, len(plan)))
        sigma = np.where(entries @ plan.masses >= 0, 1.0, -1.0)
        signed = diags_array(sigma) @ entries
        signs.append(-signed)
        costs += [np.asarray((sigma * half > 0) * sigma @ entries) for half in (1.0, -1.0)]
    return vstack(signs).tocsr(), csr_array(np.vstack(costs))
