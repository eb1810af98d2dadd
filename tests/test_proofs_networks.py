"""The proofs about networks, their dual and their paths: every step holds, and each wrong statement is found out."""

from fractions import Fraction
from importlib import import_module

import pytest

from geomnn import algebra
from proofs import (
    between_samples,
    deep_recursion,
    descent,
    dual_is_unique,
    one_dimension,
    path_is_piecewise_linear,
    pruning,
    rewriting,
)
from proofs.finite import one_norm
from proofs.statement import ProofFailed

NAMES = (
    "rewriting",
    "pruning",
    "deep_recursion",
    "dual_is_unique",
    "path_is_piecewise_linear",
    "one_dimension",
    "descent",
    "between_samples",
)
STEPS = [(name, step) for name in NAMES for step in import_module(f"proofs.{name}").THEOREM.steps]
NEED_Z3 = {step.check for _, step in STEPS if step.needs}
# exhaustive ones of seconds each; with a wrong statement the first stage runs them, too
LONG = {
    deep_recursion.three_layers,
    deep_recursion.without_bias,
    descent.the_way_down,
    dual_is_unique.one_residual,
    path_is_piecewise_linear.whole_paths,
    pruning.several_outputs,
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


def no_directions(dimension, bias=False):
    return []


def single(width):
    return [(k,) for k in range(width)]


def pairs_at_most(width):
    return [subset for subset in deep_recursion.supports(width) if len(subset) < 3]


def larger(width):
    return [subset for subset in deep_recursion.supports(width) if len(subset) > 1]


# A step, the ingredients that make its statement another one, and what its counterexample says.
FALSE = {
    "a direction that is along no line": (
        between_samples.meets,
        {"turned": lambda n: (n[1], n[0])},
        "differs",
    ),
    "one side of each line": (between_samples.cells_at_segments, {"both": (1,)}, "patterns at segments"),
    "gradients along one axis alone": (
        between_samples.nearest_zero,
        {"steep": lambda slope: bool(slope[0])},
        "over all cells",
    ),
    "lines that do not meet": (between_samples.no_cell, {"last": (-1, -1, 1)}, "have a cell"),
    "a slot less on the way down": (descent.the_way_down, {"slots": lambda r: r}, "no free slot"),
    "a slope that leads up": (descent.parabola, {"slope": 1}, "differs"),
    "half the curvature": (descent.parabola, {"half": Fraction(1, 4)}, "differs"),
    "a trap of another weight": (descent.traps, {"reg": Fraction(2)}, "a neuron has"),
    "around a third neuron": (descent.traps, {"third": True}, "around"),
    "a split that leaves the chamber": (
        rewriting.linear_on_a_chamber,
        {"chamber": lambda z3, a: True},
        "false at",
    ),
    "a chamber that asks for nonnegative products": (
        rewriting.linear_on_a_chamber,
        {"chamber": lambda z3, a: z3.And(*[value >= 0 for value in a])},
        "false at",
    ),
    "wedges of samples alone": (
        rewriting.without_bias,
        {"directions": no_directions},
        "not in the dictionary",
    ),
    "squared weights for the cost": (
        rewriting.without_bias,
        {"norm": lambda u: sum((value**2 for value in u), Fraction(0))},
        "costs",
    ),
    "the maximum norm as cost": (rewriting.without_bias, {"norm": lambda u: max(map(abs, u))}, "costs"),
    "one atom fewer": (rewriting.without_bias, {"most": lambda dimension: dimension - 1}, "more than"),
    "a square for the activation": (
        rewriting.without_bias,
        {"activation": lambda a: a * a},
        "the neuron gives",
    ),
    "no ray with a bias": (rewriting.with_bias, {"rays": ()}, "not in the dictionary"),
    "the ray downwards": (rewriting.with_bias, {"rays": (-1,)}, "not in the dictionary"),
    "a penalty on the bias": (rewriting.with_bias, {"norm": one_norm}, "costs"),
    "no points at infinity": (rewriting.with_bias, {"directions": no_directions}, "not in the dictionary"),
    "fewer neurons than samples": (pruning.scalar_output, {"most": lambda n, c: n - 1}, "more than"),
    "against the falling cost": (pruning.scalar_output, {"sign": -1}, "the cost rises"),
    "as many neurons as samples for two outputs": (
        pruning.several_outputs,
        {"most": lambda n, c: n},
        "more than",
    ),
    "dependent features for dependent products": (
        pruning.several_outputs,
        {"products": lambda phi, alpha: phi},
        "the outputs change",
    ),
    "outer weights at 60°": (pruning.no_network_costs_less, {"turn": 1}, "false at"),
    "a feature that does not touch": (
        pruning.no_network_costs_less,
        {"touching": ((1, 0), (0, 1))},
        "false at",
    ),
    "parallel outer weights": (pruning.dependent_but_needed, {"a": (1, 0, 0), "b": (1, 0, 0)}, "length"),
    "the third outer weight turned round": (pruning.dependent_but_needed, {"sign": -1}, "costs no more"),
    "outer weights at right angles": (
        pruning.dependent_but_needed,
        {"a": (1, 0, 0), "b": (0, 1, 0)},
        "length",
    ),
    "features alone": (deep_recursion.without_bias, {"subsets": single}, "are not in the dictionary"),
    "pairs of features at most": (
        deep_recursion.without_bias,
        {"subsets": pairs_at_most},
        "are not in the dictionary",
    ),
    "no feature passed through": (
        deep_recursion.without_bias,
        {"subsets": larger},
        "are not in the dictionary",
    ),
    "with a bias, single features": (
        deep_recursion.with_bias,
        {"subsets": single},
        "are not in the dictionary",
    ),
    "with a bias, wedges without it": (
        deep_recursion.with_bias,
        {"bias_in_wedge": False},
        "no vertices|not in the",
    ),
    "a third layer of features alone": (
        deep_recursion.three_layers,
        {"subsets": single},
        "not in the dictionary",
    ),
    "the largest weight for the path cost": (
        deep_recursion.three_layers,
        {"cost": lambda w: max(map(abs, w))},
        "the cost .* becomes",
    ),
    "a sum for a determinant": (deep_recursion.closed_form, {"sign": 1}, "the numerator"),
    "a cross product turned round": (
        deep_recursion.closed_form,
        {"cross": lambda vectors: -algebra.cross_product(vectors)},
        "differs by",
    ),
    "fourth powers for the norm": (
        dual_is_unique.parallelogram,
        {"squared": lambda vector: sum(value**4 for value in vector)},
        "the parallelogram law",
    ),
    "outside for inside": (
        dual_is_unique.convex_and_closed,
        {"within": lambda z3, value, reg: z3.Or(value <= -reg, value >= reg)},
        "the mean .* false at",
    ),
    "a set without its boundary": (
        dual_is_unique.convex_and_closed,
        {"within": lambda z3, value, reg: z3.And(-reg < value, value < reg)},
        "a limit .* false at",
    ),
    "a loss without its half": (dual_is_unique.gap, {"half": 1}, "the gap"),
    "a bias of the other sign": (dual_is_unique.gap, {"sign": 1}, "the gap"),
    "unique coefficients": (
        dual_is_unique.one_residual,
        {"unique": (dual_is_unique.coefficients,)},
        "coefficients has the values",
    ),
    "a dual without the bias": (dual_is_unique.one_residual, {"bias_in_dual": False}, "nearest to y is"),
    "a ramp turned round with another size": (
        dual_is_unique.two_optima,
        {"turned": 2},
        "an atom has",
    ),
    "targets that need no neuron": (
        dual_is_unique.two_optima,
        {"targets": (1, 1, 1)},
        "coefficient|gap|agree",
    ),
    "a penalty with squares": (
        path_is_piecewise_linear.affine,
        {"ridge": 1},
        "the denominator of z depends on reg",
    ),
    "twice the derivative": (
        path_is_piecewise_linear.affine,
        {"derivative": 2},
        "the derivative of the value",
    ),
    "the sum of z for that of |z|": (
        path_is_piecewise_linear.whole_paths,
        {"derivative": lambda z: sum(z, Fraction(0))},
        "has the values|the derivative",
    ),
    "a convex value": (
        path_is_piecewise_linear.whole_paths,
        {"bends": lambda left, right: left <= right},
        "the derivative goes from",
    ),
    "a path of one kink": (path_is_piecewise_linear.whole_paths, {"most_kinks": 1}, "kinks"),
    "x + x_j for a ramp": (
        one_dimension.closed_forms,
        {"numerator": lambda x, a: x + a},
        "the square of .x_i",
    ),
    "the area of a triangle": (
        one_dimension.closed_forms,
        {"corners": lambda p, q: (0 * p, p, q)},
        "and the area",
    ),
    "ramps that only rise": (one_dimension.atoms_of_the_line, {"orientations": (1,)}, "the atoms"),
    "two outputs, orthogonal features": (
        path_is_piecewise_linear.two_outputs,
        {"features": ((1, 0), (0, 1))},
        "the path is affine",
    ),
    "two outputs that are one": (
        path_is_piecewise_linear.two_outputs,
        {"directions": ((5, 0), (5, 0))},
        "the path is affine",
    ),
}


@pytest.mark.parametrize(("check", "wrong", "counterexample"), FALSE.values(), ids=FALSE.keys())
def test_wrong_statement_fails(check, wrong, counterexample):
    if check in NEED_Z3:
        pytest.importorskip("z3")
    with pytest.raises(ProofFailed, match=counterexample):
        check(**wrong)


def test_every_step_has_a_falsification():
    assert {step.check for _, step in STEPS} == {check for check, _, _ in FALSE.values()}
