"""`solution.unique` beside stored optimal sets, and beside linear programs over a dictionary that is listed here."""

import itertools
import json
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

import geomnn as gm

STORED = json.loads((Path(__file__).parent / "data" / "optimal_sets.json").read_text())
STORED.pop("note")


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


@pytest.mark.parametrize("name", STORED)
def test_stored_optimal_sets(name):
    """Where the set of (z, t) has a dimension there are several; where it is a point, cliques of one atom say one."""
    case = STORED[name]
    X, y, reg = fractions(case["X"]), fractions([case["y"]])[0], Fraction(case["reg"])
    options = {"norm": float(case["norm"]), "bias": case["bias"]}
    exact = gm.derive(X, y, reg=reg, exact=True, **options)
    floats = gm.derive(np.array(X, float), np.array(y, float), reg=float(reg), **options)
    single = all(len(clique) == 1 for clique in case["cliques"])
    one = not case["dimension"]
    assert (exact.unique_over_dictionary, exact.unique) == (one, one and single)
    assert (floats.unique_over_dictionary, floats.unique) == (one, one and (single or None))


def draw(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 8)), int(rng.integers(1, 3))
    X = rng.integers(-2, 3, size=(n, d)) if seed % 3 else rng.normal(size=(n, d)).round(2)
    y = rng.integers(-3, 4, size=n) if seed % 2 else rng.normal(size=n).round(2)
    norm, bias = [1, np.inf][seed % 2], bool(seed % 5 > 1)
    reg = round([0.3, 0.1, 0.03][seed % 3] * float(gm.reg_max(X, y, norm=norm, bias=bias)), 3) or 0.1
    return X.astype(float), y.astype(float), reg, norm, bias


def listed(X, norm, bias):
    """Every unit neuron of the finite dictionary, by null spaces: of lines through samples and along directions."""
    n, d = X.shape
    table = np.column_stack([X, np.ones(n)]) if bias else X
    ways = {
        1: np.eye(d),
        np.inf: np.array([a + s * b for a, b in itertools.combinations(np.eye(d), 2) for s in (1, -1)]),
    }
    rows = np.vstack(
        [table, np.column_stack([ways[norm].reshape(-1, d), np.zeros((len(ways[norm]), int(bias)))])]
    )
    units = []
    for members in itertools.combinations(range(len(rows)), table.shape[1] - 1):
        _, size, right = np.linalg.svd(rows[list(members)].reshape(len(members), table.shape[1]))
        length = np.linalg.norm(right[-1][:d], ord=norm)
        if np.count_nonzero(size > 1e-9) == len(members) and length > 1e-9:
            units += [right[-1] / length, -right[-1] / length]
    return table, np.unique(np.round(units, 9) + 0.0, axis=0).reshape(-1, table.shape[1])


def by_linear_programs(X, solution, norm, bias):
    """The greatest length of an interval [min a_u, max a_u] over all optimal (z, t), and whether used atoms merge."""
    table, units = listed(X, norm, bias)
    v = np.array(solution.dual, dtype=float)
    features = np.maximum(table @ units.T, 0.0)
    pulls, reg = features.T @ v, solution.problem.reg
    active = np.abs(pulls) >= reg * (1 - 1e-7)
    columns = np.column_stack([features[:, active] * np.sign(pulls[active]), np.ones((len(X), int(bias)))])
    right, k = solution.problem.targets[:, 0] - v, int(active.sum())
    bounds = [(0, None)] * k + [(None, None)] * int(bias)
    ends = []
    for u in range(k):
        cost = np.eye(k + int(bias))[u]
        low, high = (linprog(s * cost, A_eq=columns, b_eq=right, bounds=bounds) for s in (1, -1))
        assert low.status == high.status == 0
        ends.append((low.fun, -high.fun))
    used = [u for u, (_, high) in enumerate(ends) if high > 1e-7]
    sides = np.round(table @ units[active].T, 7)
    merge = any(
        pulls[active][a] * pulls[active][b] > 0 and not (sides[:, a] * sides[:, b] < 0).any()
        for a, b in itertools.combinations(used, 2)
    )
    spans = bias and any((sides[:, u] >= 0).all() for u in used)
    return max((high - low for low, high in ends), default=0.0), merge or spans


@pytest.mark.parametrize("seed", range(60))
def test_small_problems_beside_linear_programs(seed):
    X, y, reg, norm, bias = draw(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.errors.ConstantNetworkWarning)
        exact = gm.derive(X, y, reg=reg, norm=norm, bias=bias, exact=True)
        floats = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    length, merges = by_linear_programs(X, exact, norm, bias)
    one, optima = length <= 1e-6, gm.optimal_set(exact)
    assert (exact.unique_over_dictionary, exact.unique) == (one, one and not merges)
    assert (floats.unique_over_dictionary, floats.unique) == (one, one and (not merges or None))
    assert (optima.dimension == 0, optima.unique) == (one, exact.unique)


@pytest.mark.parametrize(
    "options", [{"norm": 2}, {"loss": "logistic"}, {"loss": "logistic", "norm": 2}, {"norm": np.inf}]
)
@pytest.mark.parametrize("unsure", [True, False])
def test_xor_has_two_optima_and_with_its_middle_one(options, unsure):
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [-1.0, 1, 1, -1]
    if not unsure:
        X, y = [*X, [0.5, 0.5]], [*y, -1.0]
    assert gm.derive(X, y, reg=0.05, **options).unique is not unsure


@pytest.mark.parametrize("loss", ["squared", "softmax"])
def test_several_outputs(loss):
    X, y = np.array([[0, 0], [1, 0], [0, 1], [1, 1.0]]), np.array([[0, 1], [1, 0], [1, 0], [0, 1.0]])
    assert gm.derive(X, y, reg=0.05, loss=loss).unique is False
    X, y = np.vstack([X, [[0.5, 0.5]]]), np.vstack([y, [[0, 1.0]]])
    assert gm.derive(X, y, reg=0.05, loss=loss).unique is True


def test_undecided_after_searches_and_never_wrong_about_a_constant():
    X, y, *_ = draw(1)
    assert gm.derive(X, y, reg=0.1, dictionary="local").unique is None
    assert gm.derive(X, y, reg=0.1, dictionary="local", certify="milp").unique is None
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        assert gm.derive(X, y, reg=1e3).unique is True


def test_the_only_wedges_may_merge_to_neurons_that_are_none():
    """Over wedges of samples alone nothing merges: the program of the certificate has one optimum there."""
    X, y = [[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]], [1.0, 1.0, 4.0]
    options = {"reg": 0.1, "norm": np.inf, "bias": False}
    everything, wedges = (gm.derive(X, y, dictionary=name, **options) for name in ("all", "wedge"))
    assert wedges.unique is True
    assert everything.unique is False


@pytest.mark.parametrize("exact", [True, False])
def test_of_a_deep_network_only_several_optima_are_told(exact):
    X, y = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    assert gm.derive(X, y, reg=0.05, depth=3, exact=exact, bias=False).unique in (None, False)
