"""The proofs about depth: every step holds, and each wrong statement is found out."""

from fractions import Fraction
from importlib import import_module
from math import prod

import pytest

from proofs import chains, mirrors, redundant_columns, sequential_blocks
from proofs.finite import one_norm
from proofs.statement import ProofFailed

NAMES = ("redundant_columns", "sequential_blocks", "chains", "mirrors")
STEPS = [(name, step) for name in NAMES for step in import_module(f"proofs.{name}").THEOREM.steps]
NEED_Z3 = {step.check for _, step in STEPS if step.needs}


@pytest.mark.parametrize(
    "step", [step for _, step in STEPS], ids=[f"{name}-{step.check.__name__}" for name, step in STEPS]
)
def test_step_holds(step):
    if step.needs:
        pytest.importorskip(step.needs.replace("-solver", ""))
    step.check()


def ramp_only(x, c, p, q, sign):
    return chains.z3_max(c + sign * x, 0)


def turned_clip(x, c, p, q, sign):
    return chains.next_layer(x, c, p, q, -sign)


# A step, the ingredients that make its statement another one, and what its counterexample says.
FALSE = {
    "a bias that stays": (redundant_columns.same_inputs, {"shift": lambda b, a, t: b}, "differs by"),
    "a bias that forgets the weight": (
        redundant_columns.same_inputs,
        {"shift": lambda b, a, t: b + t},
        "differs by",
    ),
    "twice the length": (redundant_columns.no_larger, {"budget": 2}, "false at"),
    "columns of length two go": (
        redundant_columns.vertices_are_left,
        {"budget": Fraction(2)},
        "left are .* vertices",
    ),
    "only short columns go": (
        redundant_columns.vertices_are_left,
        {"budget": Fraction(1, 2)},
        "left are .* vertices",
    ),
    "constants that cost": (
        redundant_columns.vertices_are_left,
        {"constants": False},
        "with biases: left are",
    ),
    "the same cost without columns of length two": (
        redundant_columns.costs_stay,
        {"budget": Fraction(2)},
        "the least costs are",
    ),
    "the wrong one of two ramps": (
        redundant_columns.sign_and_length,
        {"gone": (-1, 3), "needed": (1, 0)},
        r"the ramp \(-1, 3\) stays",
    ),
    "a ramp that nothing needs": (
        redundant_columns.sign_and_length,
        {"needed": (1, 1)},
        "has ‖c‖_1 = None|the least costs",
    ),
    "an outer weight that stays": (
        sequential_blocks.rebalancing,
        {"outer": lambda alpha, s: alpha},
        "keeps its output: false at",
    ),
    "balanced at s m = r": (
        sequential_blocks.rebalancing,
        {"balanced": lambda s, m, r: s * m == r},
        "the penalty .* false at",
    ),
    "wedges of the inputs of the network for the last block": (
        sequential_blocks.last_block,
        {"inputs": lambda X, hidden: X},
        "rises by",
    ),
    "wedges of the outputs": (
        sequential_blocks.last_block,
        {"inputs": lambda X, hidden: [(Fraction(7),)]},
        "rises by",
    ),
    "an inner block with twice the outputs": (
        sequential_blocks.inner_block,
        {"kept": lambda hidden: [(2 * row[0],) for row in hidden]},
        "the cost rises|the outputs",
    ),
    "an inner block with outputs turned round": (
        sequential_blocks.inner_block,
        {"kept": lambda hidden: [(-row[0],) for row in hidden]},
        "the outputs",
    ),
    "each block over the samples": (
        sequential_blocks.all_blocks,
        {"inputs": lambda tables, level: tables[0]},
        "the outputs become|no multiple",
    ),
    "each block over its outputs": (
        sequential_blocks.all_blocks,
        {"inputs": lambda tables, level: [(row * 2)[:2] for row in tables[level + 1]]},
        "the outputs become|no multiple",
    ),
    "a penalty that makes 0 optimal": (sequential_blocks.may_stop, {"reg": Fraction(1, 2)}, "the values are"),
    "a start that is not 0": (sequential_blocks.may_stop, {"start": 1}, "activations that are not 0"),
    "twice the product": (chains.mean_and_product, {"bound": lambda w: 2 * prod(w)}, "weights: entry"),
    "a bias divided by one weight": (
        chains.whole_chains,
        {"scale": lambda sizes, level: sizes[level]},
        "becomes",
    ),
    "a bias that is not scaled": (chains.whole_chains, {"scale": lambda sizes, level: 1}, "becomes"),
    "a chain that forgets its first layers": (chains.clips_stay_clips, {"closed": ramp_only}, "false at"),
    "a clip turned round": (chains.clips_stay_clips, {"closed": turned_clip}, "false at"),
    "affine everywhere": (
        chains.affine_between_samples,
        {"outside": lambda z3, x, r, s: True},
        "false at",
    ),
    "two layers at the cost of three": (
        chains.cost_is_half_the_variation,
        {"layers": (2,)},
        "2 layers: the least cost is",
    ),
    "the whole variation": (
        chains.cost_is_half_the_variation,
        {"cost": lambda x, y: 2 * chains.half_variation(x, y)},
        "and not",
    ),
    "a dictionary without reflections": (
        chains.worked_example,
        {"atoms": lambda x, layers: chains.dictionary(x, layers, reflections=False)},
        r"no chain is the ramp on \(5, 8\)",
    ),
    "a dictionary of two layers": (
        chains.worked_example,
        {"atoms": lambda x, layers: chains.dictionary(x, 2)},
        "3 layers: the least cost is 2 and not 1",
    ),
    "a cost that each layer halves": (
        chains.worked_example,
        {"costs": (2, 1, Fraction(1, 2))},
        "the least cost is 1",
    ),
    "a ramp clipped elsewhere": (
        chains.worked_example,
        {"optima": chains.OPTIMA | {4: [(Fraction(1), (5, 10))]}},
        "the ramps add up",
    ),
    "an interpolation that costs more": (
        chains.worked_example,
        {"optima": chains.OPTIMA | {3: chains.OPTIMA[2]}},
        "the ramps cost 2",
    ),
    "the dual vector of two layers for three": (
        chains.all_biases,
        {"layers": (3,), "dual_of": lambda layers: 2},
        "false at",
    ),
    "absolute values that add up everywhere": (
        mirrors.linear_on_a_chamber,
        {"chamber": lambda z3, a: True},
        "false at",
    ),
    "the chamber where all are active": (
        mirrors.linear_on_a_chamber,
        {"chamber": lambda z3, a: z3.And(*[value >= 0 for value in a])},
        "false at",
    ),
    "wedges of samples alone": (
        mirrors.without_bias,
        {"directions": lambda dimension: []},
        "not in the dictionary",
    ),
    "a square for the activation": (
        mirrors.without_bias,
        {"activation": lambda a: a * a},
        "the neuron gives",
    ),
    "only the ray upwards": (mirrors.with_bias, {"rays": (1,)}, "not in the dictionary"),
    "a penalty on the bias": (mirrors.with_bias, {"norm": one_norm}, "costs"),
    "a fold without its reflection": (mirrors.folded, {"zeros": lambda a, b: (b,)}, "false at"),
    "no mirror images": (mirrors.nothing_is_missing, {"kinds": ("plain", "midpoints")}, "false at"),
    "no midpoints": (mirrors.nothing_is_missing, {"kinds": ("plain", "mirrors")}, "false at"),
    "mirror images for nothing": (
        mirrors.neither_can_be_spared,
        {"costs": {((0, 1, 3, 4, 6), (1, 0, 2, 1, 1)): {("plain", "mirrors"): Fraction(23, 19)}}},
        "mirrors: the least cost is 1 and not 23/19",
    ),
    "samples that have the mirror image among them": (
        mirrors.neither_can_be_spared,
        {"costs": {((0, 1, 3, 4, 5, 6), (1, 0, 2, 1, 0, 1)): {("plain",): Fraction(2)}}},
        "plain: the least cost is 1 and not 2",
    ),
    "another fold": (mirrors.neither_can_be_spared, {"fold": (3, 1)}, "has the outputs"),
}


@pytest.mark.parametrize(("check", "wrong", "counterexample"), FALSE.values(), ids=FALSE.keys())
def test_wrong_statement_fails(check, wrong, counterexample):
    if check in NEED_Z3:
        pytest.importorskip("z3")
    with pytest.raises(ProofFailed, match=counterexample):
        check(**wrong)


def test_every_step_has_a_falsification():
    assert {step.check for _, step in STEPS} == {check for check, _, _ in FALSE.values()}
