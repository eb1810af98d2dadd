"""All optimal networks: stored sets as fractions, all vertices by brute force, and random optimal networks."""

import itertools
import json
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

import geomnn as gm
from geomnn.errors import DataError, EnumerationTooLarge, OptionError, UnsupportedProblem

STORED = json.loads((Path(__file__).parent / "data" / "optimal_sets.json").read_text())
STORED.pop("note")


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


def stored(name, exact=True):
    case = STORED[name]
    X, y, reg = fractions(case["X"]), fractions([case["y"]])[0], Fraction(case["reg"])
    if not exact:
        X, y, reg = np.array(X, float), np.array(y, float), float(reg)
    solution = gm.derive(X, y, reg=reg, norm=float(case["norm"]), bias=case["bias"], exact=exact)
    return case, solution, gm.optimal_set(solution)


@pytest.mark.parametrize("name", STORED)
def test_stored_sets_to_the_last_digit(name):
    case, solution, optima = stored(name)
    assert optima.exact
    assert optima.cost == Fraction(case["cost"])
    assert (optima.dimension, optima.rank) == (case["dimension"], case["rank"])
    found = {
        (tuple(map(str, [*each.atom.weight, each.atom.bias][: len(case["active"][0]["unit"])])), each.sign): (
            str(each.low),
            str(each.high),
        )
        for each in optima.neurons
    }
    assert found == {
        (tuple(each["unit"]), each["sign"]): (each["low"], each["high"]) for each in case["active"]
    }
    statuses = [each.status for each in optima.neurons]
    assert statuses.count("indispensable") == case["indispensable"]
    assert statuses.count("never") == case["never"]
    widths = sorted(len(network) for network in optima.vertices())
    assert len(widths) == case["vertices"]
    assert optima.width_range == (case["vertex_sizes"][0], case["vertex_sizes"][-1])
    assert optima.width_range[0] == case["fewest_dictionary"]
    for each in case["predictions"]:
        x = fractions([each["x"]])
        for networks in ("all", "dictionary"):
            expected = each["all_networks" if networks == "all" else networks]
            assert [*map(str, optima.predict_interval(x, networks)[0])] == expected
    for network in optima.vertices():
        assert network.numeric()(np.array(fractions(case["X"]), float)) == pytest.approx(
            np.array(solution.network.numeric()(np.array(fractions(case["X"]), float))), abs=1e-12
        )


@pytest.mark.parametrize("name", STORED)
def test_stored_sets_in_floats(name):
    case, _, optima = stored(name, exact=False)
    _, _, exactly = stored(name)
    assert not optima.exact
    assert (optima.dimension, optima.rank) == (case["dimension"], case["rank"])
    assert optima.cost == pytest.approx(float(Fraction(case["cost"])), abs=1e-7)
    for mine, other in zip(optima.neurons, exactly.neurons, strict=True):
        assert str(mine.atom) == str(other.atom)
        assert (mine.status, mine.sign) == (other.status, other.sign)
        assert [mine.low, mine.high] == pytest.approx([float(other.low), float(other.high)], abs=1e-6)
    for each in case["predictions"]:
        x = np.array(fractions([each["x"]]), float)
        expected = [float(Fraction(end)) for end in each["all_networks"]]
        assert optima.predict_interval(x)[0].tolist() == pytest.approx(expected, abs=1e-6)
    for networks in ("all", "dictionary"):
        assert optima.one_function(networks) == exactly.one_function(networks)
    with pytest.raises(UnsupportedProblem, match="exact=True"):
        optima.vertices()


def draw(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 7)), int(rng.integers(1, 3))
    X = rng.integers(-2, 3, size=(n, d)) if seed % 3 else rng.normal(size=(n, d)).round(1)
    y = rng.integers(-3, 4, size=n) if seed % 2 else rng.normal(size=n).round(1)
    norm, bias = [1, np.inf][seed % 2], bool(seed % 5 > 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top = float(gm.reg_max(X, y, norm=norm, bias=bias))
        reg = Fraction(round([0.3, 0.1, 0.03][seed % 3] * top, 2)).limit_denominator(100) or Fraction(1, 10)
        return X, y, gm.derive(X.tolist(), y.tolist(), reg=reg, norm=norm, bias=bias, exact=True)


def by_force(optima):
    """Every vertex, from all supports: {(place, amount), …}."""
    columns, right, found = optima.polytope.columns, optima.polytope.right, set()
    k = columns.shape[1]
    floats, target = columns.astype(float), right.astype(float)
    for size in range(min(len(right), k) + 1):
        for support in itertools.combinations(range(k), size):
            part = floats[:, support]
            if size and np.linalg.matrix_rank(part) < size:
                continue
            amounts = np.linalg.lstsq(part, target, rcond=None)[0] if size else np.zeros(0)
            if (amounts > 1e-9).all() and np.allclose(part @ amounts, target, atol=1e-9):
                found.add(tuple(zip(support, amounts.round(7).tolist(), strict=True)))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_intervals_and_vertices_by_brute_force(seed):
    *_, solution = draw(seed)
    optima = gm.optimal_set(solution)
    if len(optima.atoms) > 12:
        optima.predict_interval([[0] * solution.problem.samples.d])
        return
    expected = by_force(optima)
    points = [*optima.polytope.vertices(optima.used, 10_000)]
    assert {
        tuple((k, round(float(amount), 7)) for k, amount in enumerate(point) if amount) for point in points
    } == expected
    table = np.array(points, dtype=object).reshape(len(points), len(optima.atoms))
    for k, neuron in enumerate(optima.neurons):
        assert (neuron.low, neuron.high) == (min(table[:, k]), max(table[:, k]))
    assert {sum(point, Fraction(0)) for point in points} == {optima.cost}
    assert optima.dimension == np.linalg.matrix_rank((table - table[0]).astype(float))


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_random_optimal_networks_stay_within_the_interval_of_predictions(seed):
    """Mixed, merged, and with the ray of those that are active on all samples; both ends of it are reached."""
    X, y, solution = draw(seed)
    optima, problem = gm.optimal_set(solution), solution.problem
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(4, X.shape[1])).round(1) * 2
    ends = optima.predict_interval(points.tolist()).astype(float)
    inner = optima.predict_interval(points.tolist(), "dictionary").astype(float)
    assert (ends[:, 0] <= inner[:, 0] + 1e-12).all()
    assert (ends[:, 1] >= inner[:, 1] - 1e-12).all()
    for x, pair in zip(points[:2], ends, strict=False):  # and there are networks of wedges, merged, at both
        for end, largest in zip(pair, (False, True), strict=True):
            network = optima.extreme(x.tolist(), largest).numeric()
            assert network(x[None])[0] == pytest.approx(end, abs=1e-12 * (1 + abs(end)))
            value = problem.training_objective(*network.arrays())
            assert value == pytest.approx(float(solution.objective), rel=1e-12)
    corners = np.array([*optima.polytope.vertices(optima.used, 10_000)], dtype=float)
    units = np.array([[*map(float, atom.weight), float(atom.bias)] for atom in optima.atoms])
    signs = np.array([neuron.sign for neuron in optima.neurons])
    for _ in range(20 if len(optima.atoms) else 0):
        amounts = rng.dirichlet(np.full(len(corners), 0.5)) @ corners
        W, b, z = [], [], []
        for cell in [optima.cells[k] for k in rng.permutation(len(optima.cells))]:
            part = amounts[list(cell)] * rng.integers(0, 2, size=len(cell))
            amounts[list(cell)] -= part
            whole = part @ units[list(cell)]
            W, b, z = [*W, whole[:-1]], [*b, whole[-1]], [*z, signs[cell[0]]]
        W = np.array([*W, *(amounts[:, None] * units[:, :-1])])
        b, z = np.array([*b, *(amounts * units[:, -1])]), np.array([*z, *signs])
        if problem.samples.bias:  # where a neuron is active on all samples b may grow
            always = (X @ W.T + b >= -1e-12).all(axis=0) & W.any(axis=1)
            b = b + always * rng.exponential(size=len(b)) * rng.integers(0, 2, size=len(b))
        hidden = np.maximum(X @ W.T + b, 0) @ z
        t = float(np.mean(np.array(solution.network.numeric()(X)) - hidden)) if problem.samples.bias else 0.0
        cost = np.linalg.norm(W, ord=problem.norm, axis=1).sum()
        value = 0.5 * np.sum((hidden + t - y) ** 2) + problem.reg * cost
        assert value == pytest.approx(float(solution.objective), rel=1e-12)
        f = np.maximum(points @ W.T + b, 0) @ z + t
        scale = 1e-11 * (1 + np.abs(f))
        assert (f >= ends[:, 0] - scale).all()
        assert (f <= ends[:, 1] + scale).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_ends_of_an_interval_of_predictions_by_another_program(seed):
    """Over all cells, in which each part is its own variable."""
    X, _, solution = draw(seed)
    optima, samples = gm.optimal_set(solution), solution.problem.samples
    x = (np.random.default_rng(seed).normal(size=X.shape[1]) * 2).round(1)
    ends = optima.predict_interval([x.tolist()])[0]
    if not len(optima.used):
        assert ends[0] == ends[1]
        return
    units = np.array([[*map(float, atom.weight), float(atom.bias)] for atom in optima.atoms])
    signs = np.array([neuron.sign for neuron in optima.neurons])
    heights, features = (
        units @ np.append(x, 1.0),
        np.maximum(np.column_stack([X, np.ones(len(X))]) @ units.T, 0),
    )
    always = (np.column_stack([X, np.ones(len(X))]) @ units.T >= -1e-12).all(axis=0)
    parts = [(cell, k) for cell in optima.cells for k in cell]
    for sense, end in zip((-1, 1), ends, strict=True):
        goal, rows, bounds = np.zeros(len(parts) + len(optima.cells) + 1), [], [(0, None)] * len(parts)
        for place, cell in enumerate(optima.cells):
            merged, row = sense * signs[cell[0]] < 0, np.zeros(len(goal))
            for column, (owner, k) in enumerate(parts):
                if owner == cell:
                    goal[column] = 0 if merged else sense * signs[k] * max(heights[k], 0)
                    row[column] = heights[k]
            row[len(parts) + place] = -1
            goal[len(parts) + place] = sense * signs[cell[0]] if merged else 0
            rows.append(row if merged else 0 * row)
            free = merged and samples.bias and always[list(cell)].all()
            bounds.append((None if free else 0, None))
        goal[-1] = sense if samples.bias else 0
        bounds.append((None, None) if samples.bias else (0, 0))
        equal = np.column_stack(
            [
                features[:, [k for _, k in parts]] * signs[[k for _, k in parts]],
                np.zeros((len(X), len(optima.cells))),
                np.ones(len(X)),
            ]
        )
        found = linprog(-goal, rows, np.zeros(len(rows)), equal, optima.outputs.astype(float), bounds)
        assert found.status == 0
        assert -sense * found.fun == pytest.approx(float(end), abs=1e-7)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_networks_of_vector_outputs_and_classes_are_optimal(seed, loss):
    """Every point of the polytope has the least objective, and its predictions are within the intervals."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(7, 1 + seed % 2)).astype(float)
    y = rng.integers(-2, 3, size=(7, 2)) if loss == "squared" else np.where(rng.random(7) < 0.5, 1, -1)
    y = np.where(np.arange(7) == 0, -1, np.where(np.arange(7) == 1, 1, y)) if loss == "logistic" else y
    reg = 0.05 * gm.reg_max(X, y, loss=loss)
    solution = gm.derive(X, y, reg=reg, loss=loss, tol=1e-10)
    optima = gm.optimal_set(solution)
    corners = [optima.choose(rng.normal(size=len(optima.atoms))) for _ in range(6)]
    points = rng.normal(size=(3, X.shape[1])) * 3
    ends = optima.predict_interval(points, "dictionary")
    for network in [*corners, solution.network]:
        value = solution.problem.training_objective(*network.arrays())
        assert value == pytest.approx(solution.objective, rel=1e-7)
        f = network(points)
        assert (f >= ends[..., 0] - 1e-5).all()
        assert (f <= ends[..., 1] + 1e-5).all()


def test_both_ends_of_a_functional():
    _, _, optima = stored("quad5")
    values = [Fraction(k * k, 3) for k in range(len(optima.atoms))]
    amounts = [
        sum(value * abs(neuron.coefficient) for value, atom in zip(values, optima.atoms, strict=True)
            for neuron in network.neurons if str(neuron.atom) == str(atom))
        for network in (optima.choose(values, largest=False), *optima.vertices(), optima.choose(values))
    ]  # fmt: skip
    assert amounts[0] == min(amounts)
    assert amounts[-1] == max(amounts)
    assert amounts[0] < amounts[-1]


@pytest.mark.parametrize("seed", range(0, 20, 3))
def test_floats_see_all_active_atoms(seed):
    """Also those that are next to each other in a pencil of many directions."""
    X, y = gm.datasets.peaks(20 + seed, noise=0.1 * (seed % 2))
    exactly = gm.optimal_set(gm.derive(X, y, reg=Fraction(1, 10), exact=True))
    nearly = gm.optimal_set(gm.derive(X, y, reg=0.1))
    assert [*map(str, nearly.atoms)] == [*map(str, exactly.atoms)]
    assert nearly.dimension == exactly.dimension


def test_a_constant_is_one_optimum():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        solution = gm.derive([[0], [1], [2]], [1, 2, 1], reg=100, exact=True)
    optima = gm.optimal_set(solution)
    assert optima.unique
    assert optima.one_function()
    assert (optima.dimension, optima.rank, optima.cost) == (0, 0, 0)
    assert [len(network) for network in optima.vertices()] == [0]
    assert optima.predict_interval([[5]]).tolist() == [[Fraction(4, 3)] * 2]


def test_what_is_refused():
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
    solution = gm.derive(X, y, reg=0.05)
    optima = gm.optimal_set(solution)
    with pytest.raises(OptionError, match="a Solution, as of"):
        gm.optimal_set(solution.network)
    for options, words in [
        ({"dictionary": "local"}, "does not know all active atoms"),
        ({"depth": 3}, "a network of 3 layers"),
        ({"loss": "hinge"}, "hinge loss, whose v is not unique"),
        ({"dictionary": "sampled"}, "drawn at random"),
    ]:
        labels = [-1, 1, 1, -1] if "loss" in options else y
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = gm.derive(X, labels, reg=0.05, **options)
        with pytest.raises(UnsupportedProblem, match=words):
            gm.optimal_set(other)
    with pytest.raises(OptionError, match="networks='some'"):
        optima.predict_interval([[0, 0]], "some")
    with pytest.raises(DataError, match="X has 1 features and the samples have 2"):
        optima.predict_interval([[0]])
    with pytest.raises(OptionError, match="3 values came for 4 active atoms"):
        optima.choose([1, 2, 3])
    vector = gm.optimal_set(gm.derive(X, np.column_stack([y, y[::-1]]), reg=0.05))
    with pytest.raises(UnsupportedProblem, match="2 outputs"):
        vector.predict_interval([[0, 0]])
    _, _, grid = stored("grid3")
    with pytest.raises(EnumerationTooLarge, match="more than 10 ways"):
        grid.vertices(limit=10)


def test_wedges_of_two_norms_are_about_the_dictionary():
    """With p = 2 two wedges merge to a cheaper network, so nothing is said of all of them."""
    X, y = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [2, 0]]), np.array([0.0, 1, 1, 0, 2])
    for exact in (False, True):
        optima = gm.optimal_set(gm.derive(X, y, reg=0.1, norm=2, dictionary="wedge", exact=exact))
        assert not optima.merging
        assert not optima.exact
        ends = optima.predict_interval([[0.3, 0.7]]).tolist()
        assert ends == optima.predict_interval([[0.3, 0.7]], "dictionary").tolist()


def test_for_two_norms_what_differs_in_its_bias_merges():
    """With one feature all norms are one, and neurons that are active on all samples trade b for t with any norm."""
    X, y = np.arange(4.0)[:, None], np.array([0.0, 0, 1, 3])
    one, two = (gm.optimal_set(gm.derive(X, y, reg=0.1, norm=norm)) for norm in (1, 2))
    assert one.unique_over_dictionary
    assert two.unique_over_dictionary
    assert not one.unique
    assert not two.unique
    ends = [optima.predict_interval([[1.5], [4.0]]) for optima in (one, two)]
    assert ends[0][0, 1] > ends[0][0, 0] + 0.1
    assert ends[1] == pytest.approx(ends[0], abs=1e-6)
    plane = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [2, 3]])
    linear = gm.optimal_set(gm.derive(plane, plane @ [3.0, 4.0], reg=0.1, norm=2))
    assert not linear.unique
    low, high = linear.predict_interval([[-1.0, -1.0]])[0]
    assert low < high - 0.1
