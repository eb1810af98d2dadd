"""The proofs about bounds of all unit neurons: every step holds, and each wrong statement is found out."""

from fractions import Fraction
from importlib import import_module

import pytest

from proofs import cells, every_depth, multipliers, plans, plans_of_a_fit
from proofs.statement import ProofFailed

NAMES = ("plans", "every_depth", "plans_of_a_fit", "cells", "multipliers")
STEPS = [(name, step) for name in NAMES for step in import_module(f"proofs.{name}").THEOREM.steps]
NEED_Z3 = {step.check for _, step in STEPS if step.needs}
# exhaustive ones of a second and more; with a wrong statement the first stage runs them, too
LONG = {plans.small_tables, cells.small_tables, multipliers.small_multipliers}


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=[pytest.mark.slow] * (step.check in LONG)) for _, step in STEPS],
    ids=[f"{name}-{step.check.__name__}" for name, step in STEPS],
)
def test_step_holds(step):
    if step.needs:
        pytest.importorskip(step.needs.replace("-solver", ""))
    step.check()


def turned(plan, n):
    return plans.divergence({(j, i): mass for (i, j), mass in plan.items()}, n)


def mean_cost(plan, points):
    return plans.edge_cost(plan, points) / 2


def of_all_arrows(plan, points):
    """As if the arrows of all samples could be added up."""
    arrows = [arrow for _, arrow in plans.moves(plan, points)]
    return plans.largest([[sum(column) for column in zip(*arrows, strict=True)]]) if arrows else 0


def through_first_units(sizes):
    return [path for path in every_depth.layered_paths(sizes) if not any(path[1:-1])]


def folded(z3, value, slope):
    return z3.If(value > 0, value, -value)


def third(first, second):
    return [(2 * a + b) / 3 for a, b in zip(first, second, strict=True)]


def without_the_last(table, bias):
    return list(cells.roots(table, bias))[:-1]


def with_twice_the_third(**parts):
    """S with 2 P_3 in the place of P_3."""
    return multipliers.assemble(**{**parts, "P3": [[2 * entry for entry in row] for row in parts["P3"]]})


# A step, the ingredients that make its statement another one, and what its counterexample says.
FALSE = {
    "the other end sees": (plans.one_pair, {"sees": lambda a, b: b > 0}, "false at"),
    "everything is seen": (plans.one_pair, {"sees": lambda a, b: True}, "false at"),
    "a tangent that is too steep": (plans.one_pair, {"most": 2}, "false at"),
    "vectors at half the cost": (plans.one_pair, {"slope": Fraction(1, 2)}, "false at"),
    "masses that go backwards": (plans.summation_by_parts, {"divergence": turned}, "differs by"),
    "signs of the steps alone": (plans.along_the_axes, {"signs": lambda w, step: step < 0}, "false at"),
    "sums for differences": (plans.lagrange, {"sign": 1}, "differs by"),
    "a flatter parabola": (plans.parabola, {"quarter": Fraction(1, 5)}, "false at"),
    "half of what transport costs": (
        plans.small_tables,
        {"costs": (plans.star_cost, mean_cost)},
        "a correlation is|above transport",
    ),
    "all arrows in one star": (
        plans.small_tables,
        {"costs": (of_all_arrows, plans.edge_cost)},
        "a correlation is",
    ),
    "free edges from the origin": (plans.small_tables, {"paid": (-1, 1)}, "a correlation is"),
    "a plan of stars for both signs": (plans.small_tables, {"both": (True, True)}, "a correlation is"),
    "an absolute value": (every_depth.slopes, {"activations": (folded,)}, "false at"),
    "a leaky slope above 1": (every_depth.slopes, {"steepest": 2}, "false at"),
    "paths through first units": (every_depth.whole_network, {"paths": through_first_units}, "differs by"),
    "slopes up to 2": (every_depth.sum_of_paths, {"most": 2}, "false at"),
    "stars for three layers": (every_depth.three_layers, {"cost": plans.star_cost}, r"\|v·h\| = .* above"),
    "half the cost at every depth": (every_depth.three_layers, {"cost": mean_cost}, r"\|v·h\| = .* above"),
    "another residual than the hat": (every_depth.stars_are_for_two_layers, {"targets": (1, -2, 1)}, "moves"),
    "D without its half": (plans_of_a_fit.gap, {"half": Fraction(1)}, "differs by"),
    "a plan backwards": (plans_of_a_fit.slack_of_transport, {"moves": turned}, "differs by"),
    "edges from the origin that gain": (plans_of_a_fit.slack_of_stars, {"price": -1}, "differs by"),
    "ramps at half the price": (plans_of_a_fit.convex_is_ramps, {"weight": Fraction(1, 2)}, "weigh"),
    "a mass less": (plans_of_a_fit.on_the_plane, {"plan": plans_of_a_fit.PLAN | {(4, 3): 3}}, "rises|value"),
    "a mass more": (plans_of_a_fit.on_the_plane, {"plan": plans_of_a_fit.PLAN | {(1, 3): 8}}, "costs"),
    "slopes that are too small": (plans_of_a_fit.on_the_plane, {"down": (0, 0)}, "f rises"),
    "transport for stars on the line": (
        plans_of_a_fit.on_the_line,
        {"cost": lambda plan, points: 2 * plans.edge_cost(plan, points)},
        "costs",
    ),
    "another network": (
        plans_of_a_fit.on_the_line,
        {"ramps": (Fraction(-1, 4), Fraction(-3, 8))},
        "the residual is",
    ),
    "θ up to 2": (cells.choices, {"most": 2}, "false at"),
    "ends of a pair that add up": (cells.choices, {"pair": lambda a, b: -a - b}, "false at"),
    "a longer q": (cells.norms, {"length": Fraction(11, 10)}, "false at"),
    "a third in the place of the middle": (cells.halving, {"mean": third}, "differs by"),
    "a slope of 2 for negative terms": (
        cells.small_tables,
        {"theta": lambda centre: 2 * int(centre > 0)},
        "7/8 M is proven",
    ),
    "a cell less": (cells.small_tables, {"covers": without_the_last}, "in no cell|is proven"),
    "no halving": (cells.small_tables, {"halvings": 0}, "is not closed"),
    "a kink above 0": (multipliers.signs_of_products, {"shift": 1}, "false at"),
    "twice the P3": (multipliers.one_output, {"matrix": with_twice_the_third}, "differs by"),
    "twice the P3, several outputs": (
        multipliers.several_outputs,
        {"matrix": with_twice_the_third},
        "differs by",
    ),
    "e alone": (multipliers.small_multipliers, {"allowed": lambda X: 0}, r"r·\(Xu\)_\+ = .* above"),
    "negative p4": (multipliers.small_multipliers, {"fourth": (-3,)}, r"r·\(Xu\)_\+ = .* above"),
    "a smaller μ": (multipliers.tight, {"mu": 0}, "not positive semidefinite"),
    "a positive diagonal": (multipliers.tight, {"diagonal": 1}, "not positive semidefinite"),
}


@pytest.mark.parametrize(("check", "wrong", "counterexample"), FALSE.values(), ids=FALSE.keys())
def test_wrong_statement_fails(check, wrong, counterexample):
    if check in NEED_Z3:
        pytest.importorskip("z3")
    with pytest.raises(ProofFailed, match=counterexample):
        check(**wrong)


def test_every_step_has_a_falsification():
    assert {step.check for _, step in STEPS} == {check for check, _, _ in FALSE.values()}
