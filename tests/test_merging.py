"""Neurons that merge: outputs on the samples, (T) from the weights, all ways to merge by force, certificates."""

import warnings
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from problems import degenerate, objective

import geomnn as gm
from geomnn.errors import OptionError, UnsupportedProblem

# merges with p = 2: three wedges, two neurons
X, Y = [[1, 2], [1, 0], [3, 3], [2, 2], [0, 2]], [1, 0, 1, 2, 0]


def wedges(table, y, norm=2, bias=True, part=0.1, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reg = part * max(gm.reg_max(table, y, norm=norm, bias=bias, dictionary="wedge"), 1e-3)
        options = {"dictionary": "wedge"} | options
        return gm.derive(table, y, reg=reg, norm=norm, bias=bias, **options)


def neurons_of(network, table):
    """|z| w, signs of z and the sides of the samples, from the weights alone."""
    W, b, alpha, _ = network.numeric().arrays()
    heights = np.asarray(table, dtype=float) @ W.T + b
    sides = np.sign(heights) * (np.abs(heights) > 1e-9 * np.abs(heights).max(axis=0, initial=0.0))
    return np.abs(alpha[:, 0])[:, None] * W, np.sign(alpha[:, 0]), sides.T


def compatible(one, other):
    return not ((one > 0) & (other < 0)).any() and not ((one < 0) & (other > 0)).any()


def may_merge(signs, sides, cell):
    return all(signs[j] == signs[k] and compatible(sides[j], sides[k]) for j, k in combinations(cell, 2))


def partitions(places):
    """All ways to make sets of them."""
    if not places:
        yield []
        return
    first, *others = places
    for count in range(len(others) + 1):
        for beside in combinations(others, count):
            for rest in partitions([k for k in others if k not in beside]):
                yield [(first, *beside), *rest]


def check(solution, table, y):
    """All that is claimed of the merged network; whether any merged."""
    merged, problem = gm.merge(solution), solution.problem
    before, after = (objective(each, table, y, problem.reg, problem.norm) for each in (solution, merged))
    assert after <= before * (1 + 1e-12)
    assert float(merged.objective) == pytest.approx(after, rel=1e-12)
    scale = 1e-10 * (1 + np.abs(y).max())
    assert merged.network.numeric()(table) == pytest.approx(solution.network.numeric()(table), abs=scale)
    rows, signs, sides = neurons_of(merged.network, table)
    assert not any(may_merge(signs, sides, pair) for pair in combinations(range(len(rows)), 2))
    rows, signs, sides = neurons_of(solution.network, table)
    if 0 < len(rows) <= 7:
        costs = [
            sum(np.linalg.norm(rows[list(cell)].sum(axis=0), ord=problem.norm) for cell in cells)
            for cells in partitions([*range(len(rows))])
            if len(cells) == len(merged.network) and all(may_merge(signs, sides, cell) for cell in cells)
        ]
        fit = before - problem.reg * np.linalg.norm(rows, ord=problem.norm, axis=1).sum()
        assert np.abs(fit + problem.reg * np.array(costs) - after).min() <= 1e-9 * before
    return merged is not solution


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [2, 3])
def test_wedges_of_random_samples(d, bias):
    """Whatever the weights, (T) falls if two merge that are not parallel."""
    some = 0
    for seed in range(8):
        rng = np.random.default_rng([seed, d, bias])
        table, y = rng.normal(size=(7, d)), rng.normal(size=7)
        solution = wedges(table, y, bias=bias)
        if check(solution, table, y):
            some += 1
            assert gm.merge(solution).objective < solution.objective * (1 - 1e-9)
    assert some


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("name", degenerate())
def test_degenerate_data(name, norm):
    table, y = degenerate()[name]
    for bias in (True, False):
        check(wedges(table, y, norm, bias), table, y)


@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("exact", [True, False])
def test_where_all_neurons_compete_the_objective_stays(norm, exact):
    some = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        table, y = rng.integers(-3, 4, size=(6, 2)), rng.integers(-3, 4, size=6)
        solution = gm.derive(table, y, reg=Fraction(1, 2), norm=norm, dictionary="all", exact=exact)
        some += check(solution, table, y)
        merged = gm.merge(solution)
        assert merged.certificate.coverage == solution.certificate.coverage
        assert merged.network.exact == exact
        if exact:
            assert (merged.objective, merged.certificate.gap) == (solution.objective, 0)
        else:
            assert merged.objective == pytest.approx(solution.objective, rel=1e-12)
    assert some


@pytest.mark.parametrize("norm", [1, 2])
def test_exact_wedges_merge_as_in_floats(norm):
    """Over the wedges of samples alone (T) falls for p = 1, too."""
    exactly, nearly = (wedges(X, Y, norm, exact=exact) for exact in (True, False))
    assert exactly.unique
    assert gm.merge(exactly).objective < float(exactly.objective)
    one, other = gm.merge(exactly), gm.merge(nearly)
    assert [str(each.atom) for each in one.network.numeric().neurons] == [
        str(each.atom) for each in other.network.neurons
    ]
    assert one.objective == pytest.approx(other.objective, rel=1e-9)
    check(exactly, X, Y)


@pytest.mark.parametrize("moved", [None, *range(4)])
def test_of_equal_gains_the_first_by_name_merges_first(moved):
    """Four wedges around a centre, two on each axis, and each merges with both of the other; but for rounding alike."""
    table = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    if moved is not None:
        table[moved] *= 1 + 1e-12
    solution = wedges(table, np.array([1.0, 1, 1, 1, -1]))
    assert solution.unique
    names = [str(each.atom) for each in solution.network.neurons]
    parts = [each.atom.parts for each in gm.merge(solution).network.neurons]
    assert [[names.index(str(atom)) for _, atom in each] for each in parts] == [[0, 2], [1, 3]]


def test_what_the_certificate_says():
    solution = wedges(X, Y)
    merged = gm.merge(solution)
    certificate = merged.certificate
    assert (certificate.coverage.scope, certificate.coverage.method) == ("local", "merging")
    assert certificate.largest_correlation > 1
    statement = certificate.statement()
    for words in ("merged to ones outside of the dictionary", "an upper bound over all neurons", "3 neurons before",
                  "That is no proof"):  # fmt: skip
        assert words in statement
    assert "+ " in str(merged.network)
    best = gm.derive(X, Y, reg=solution.problem.reg, norm=2, dictionary="all")
    assert best.objective <= merged.objective < solution.objective
    bounded = gm.bound(merged, method="stars")
    assert bounded.coverage.scope == "global"
    assert bounded.dual <= best.objective * (1 + 1e-9)
    assert bounded.primal == merged.objective
    beside = gm.merge(wedges(X, Y, certify="stars"))
    assert beside.certificate.coverage == bounded.coverage
    assert beside.certificate.dual <= best.objective * (1 + 1e-9)


def test_two_neurons_that_make_a_constant_stay():
    """(x + 3)_+ + (3 − x)_+ between −2 and 2, which no optimum has: a unit neuron that is a constant there is none."""
    table, y = [[-2], [0], [2]], [1, 0, 3]
    solution = gm.derive(table, y, reg=0.1)
    left, right = (
        gm.rewrite([([[w]], [3.0]), ([[1.0]], [0.0])], [[-3], [3]]).network.neurons for w in (1.0, -1.0)
    )
    other = replace(solution, network=replace(solution.network, neurons=[*left, *right]))
    assert gm.merge(other) is other


def test_what_is_refused_and_what_stays():
    solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, norm=2, dictionary="wedge")
    assert gm.merge(solution) is solution
    merged = gm.merge(wedges(X, Y))
    assert gm.merge(merged) is merged
    with pytest.raises(UnsupportedProblem, match="a network of merged neurons"):
        gm.optimal_set(merged)
    with pytest.raises(OptionError, match="a Solution, such as"):
        gm.merge(solution.network)
    with pytest.raises(UnsupportedProblem, match="2 outputs"):
        gm.merge(gm.derive(X, np.column_stack([Y, Y]), reg=0.5))
    with pytest.raises(UnsupportedProblem, match="a network of 3 layers"):
        gm.merge(gm.derive([[0], [1], [2]], [0, 1, 0], reg=0.1, depth=3))
