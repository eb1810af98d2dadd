"""The proofs about all optimal networks, and robust ones: every step holds, and each wrong statement is found out."""

from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

from proofs import merging, moved_samples, optimal_sets
from proofs.finite import dot, rank
from proofs.statement import ProofFailed

NAMES = ("optimal_sets", "merging", "moved_samples")
STEPS = [(name, step) for name in NAMES for step in import_module(f"proofs.{name}").THEOREM.steps]
NEED_Z3 = {step.check for _, step in STEPS if step.needs}
# exhaustive ones of seconds each; with a wrong statement the first stage runs them, too
LONG = {
    optimal_sets.one_polytope,
    optimal_sets.vertices_and_dimension,
    optimal_sets.divergence,
    merging.all_that_reach,
    moved_samples.corners_are_enough,
    moved_samples.multipliers_bound_networks,
}


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=[pytest.mark.slow] * (step.check in LONG)) for _, step in STEPS],
    ids=[f"{name}-{step.check.__name__}" for name, step in STEPS],
)
def test_step_holds(step):
    if step.needs:
        pytest.importorskip(step.needs.replace("-solver", ""))
    step.check()


def positive_alone(features, v, reg):
    return {k: phi for k, phi in enumerate(features) if dot(phi, v) == reg}


def and_a_mean(columns, outputs):
    found = optimal_sets.corners(columns, outputs)
    return found | {tuple((a + b) / 2 for a, b in zip(min(found), max(found), strict=True))}


# A step, the ingredients that make its statement another one, and what its counterexample says.
FALSE = {
    "active atoms of one sign": (optimal_sets.one_polytope, {"atoms": positive_alone}, "are optimal"),
    "the cost by the outputs alone": (
        optimal_sets.one_polytope,
        {"total": lambda v, outputs, reg: dot(outputs, outputs) / reg},
        "costs",
    ),
    "the dimension from all active atoms": (
        optimal_sets.vertices_and_dimension,
        {"formula": lambda used, columns: len(columns) - rank(columns)},
        "has the dimension",
    ),
    "a vertex between two others": (
        optimal_sets.vertices_and_dimension,
        {"points": and_a_mean},
        "the vertices are",
    ),
    "a degree of freedom for each active atom": (optimal_sets.divergence, {"formula": len}, "the trace is"),
    "a parabola with a triangle of optima": (
        optimal_sets.square_and_segment,
        {"parabola": (3, 4, 2)},
        "corners, neurons and dimension",
    ),
    "compatible in one order alone": (
        merging.pairs_are_enough,
        {"apart": lambda a, b, z3: z3.And(a > 0, b < 0)},
        "false at",
    ),
    "atoms that merge whatever their sides": (
        merging.all_that_reach,
        {"together": lambda left, right: True},
        "has other outputs",
    ),
    "atoms that never merge": (
        merging.all_that_reach,
        {"together": lambda left, right: False},
        "is no sum",
    ),
    "merging without the ray": (merging.all_that_reach, {"ray": False}, "is no sum"),
    "the size of the sum as the least": (
        merging.split_and_joined,
        {"least": lambda z3, total: z3.If(total > 0, total, -total)},
        "false at",
    ),
    "a ray that the constant adds to": (merging.split_and_joined, {"downward": -1}, "false at"),
    "kinks without slopes": (
        merging.one_function,
        {"rows": lambda units, planes: merging.kinks_and_slopes(units, planes)[: len(np.unique(planes))]},
        "the line",
    ),
    "slopes without kinks": (merging.one_function, {"rows": lambda units, planes: units.T}, "the line"),
    "merged neurons that begin elsewhere": (
        merging.parabola,
        {"kink": Fraction(1, 3)},
        "have the values",
    ),
    "a neuron that is pushed one way whatever its sign": (
        moved_samples.worst_of_a_neuron,
        {"shift": lambda sigma, s, e: sigma * e},
        "false at",
    ),
    "multipliers that wedges of the samples alone are to hold": (
        moved_samples.multipliers_bound_networks,
        {"points": lambda samples, eps: [tuple(map(Fraction, row)) for row in samples]},
        "of a network",
    ),
    "wedges of the samples that may move": (
        moved_samples.corners_are_enough,
        {"points": lambda samples, eps: [tuple(map(Fraction, row)) for row in samples]},
        "above",
    ),
    "wedges of samples that may not move": (
        moved_samples.rays_bend_in_no_box,
        {"points": lambda samples, eps: [tuple(map(Fraction, row)) for row in samples]},
        "is no sum",
    ),
    "a narrower interval": (merging.parabola, {"ends": (Fraction(1, 8), Fraction(3, 8))}, "at 1/4"),
}


@pytest.mark.parametrize(("check", "wrong", "counterexample"), FALSE.values(), ids=FALSE.keys())
def test_wrong_statement_fails(check, wrong, counterexample):
    if check in NEED_Z3:
        pytest.importorskip("z3")
    with pytest.raises(ProofFailed, match=counterexample):
        check(**wrong)


def test_every_step_has_a_falsification():
    assert {step.check for _, step in STEPS} == {check for check, _, _ in FALSE.values()}
