"""All optimal networks: stored sets as fractions, all vertices by brute force, and random optimal networks."""

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
from optimal_networks import (
    STORED,
    beside,
    check_against_force,
    draw,
    extreme_weights,
    fractions,
    kinks,
    outside,
    predicted,
    stored,
    value_of,
)
from problems import suite

import geomnn as gm
from geomnn.errors import DataError, EnumerationTooLarge, OptionError, UnsupportedProblem


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
    assert optima.width_range == exactly.width_range


@pytest.mark.parametrize("seed", range(40))
def test_intervals_and_vertices_by_brute_force(seed):
    optima = gm.optimal_set(draw(seed)[-1])
    if len(optima.atoms) > 12:
        optima.predict_interval([[0] * optima.solution.problem.samples.d])
    else:
        check_against_force(optima)


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_random_optimal_networks_stay_within_the_interval_of_predictions(seed):
    X, _, solution = draw(seed)
    optima, rng = gm.optimal_set(solution), np.random.default_rng(seed)
    points = rng.normal(size=(4, X.shape[1])).round(1) * 2
    ends = optima.predict_interval(points.tolist()).astype(float)
    inner = optima.predict_interval(points.tolist(), "dictionary").astype(float)
    assert (ends[:, 0] <= inner[:, 0] + 1e-12).all()
    assert (ends[:, 1] >= inner[:, 1] - 1e-12).all()
    for x, pair in zip(points[:2], ends, strict=False):  # and there are networks of wedges, merged, at both
        for end, largest in zip(pair, (False, True), strict=True):
            network = optima.extreme(x.tolist(), largest).numeric()
            assert network(x[None])[0] == pytest.approx(end, abs=1e-12 * (1 + abs(end)))
            value = solution.problem.training_objective(*network.arrays())
            assert value == pytest.approx(float(solution.objective), rel=1e-12)
    most, off = outside(optima, points, rng)
    assert most <= 1e-11
    assert off <= 1e-12


@pytest.mark.parametrize("seed", range(12))
def test_the_ends_of_an_interval_of_predictions_are_reached(seed):
    """By networks of another program."""
    X, _, solution = draw(seed)
    optima = gm.optimal_set(solution)
    x = (np.random.default_rng(seed).normal(size=X.shape[1]) * 2).round(1)
    for weights, end in zip(
        extreme_weights(optima, x), optima.predict_interval([x.tolist()])[0], strict=True
    ):
        assert predicted(weights, x[None])[0] == pytest.approx(float(end), rel=1e-9, abs=1e-9)
        assert value_of(weights, solution.problem) == pytest.approx(float(solution.objective), rel=1e-12)


@pytest.mark.parametrize("seed", [7, 22, 27, 31])
def test_optimal_sets_are_continuous_in_reg(seed):
    """By the Hausdorff distance, at kinks as elsewhere, where they are no points too."""
    _, X, y, _, norm, bias = suite(seed)
    found = [*itertools.islice(kinks(X, y, norm, bias), 2)]
    assert found
    for here, *sides in found:
        for side in sides:
            assert max(beside(here, side), beside(side, here)) <= 1e-4 * here.cost


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
    assert (optima.dimension, optima.rank, optima.cost, optima.cells) == (0, 0, 0, ())
    assert [len(network) for network in optima.vertices()] == [0]
    assert optima.predict_interval([[5]]).tolist() == [[Fraction(4, 3)] * 2]


def test_what_is_refused():
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
    solution = gm.derive(X, y, reg=0.05)
    optima = gm.optimal_set(solution)
    with pytest.raises(OptionError, match="a Solution, such as"):
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


@pytest.mark.parametrize("power", [-30, -27, 0, 27, 40])
def test_the_unit_of_the_features_changes_nothing(power):
    """Neither in floats nor along the path: powers of two are exact."""
    X, y, size = np.array([[2.0], [1], [-1], [0]]), [-2, -2, -1, 0], 2.0**power
    near, exactly = (
        gm.optimal_set(gm.derive(each, y, reg=0.1 * size, exact=exact))
        for each, exact in ((size * X, False), ((size * X).tolist(), True))
    )
    assert (near.unique, near.dimension, near.rank) == (exactly.unique, exactly.dimension, exactly.rank)
    assert [each.status for each in near.neurons] == [each.status for each in exactly.neurons]
    points = size * np.array([[0.0], [0.5], [3.0]])
    ends = exactly.predict_interval(points.tolist()).astype(float)
    np.testing.assert_allclose(near.predict_interval(points), ends, atol=1e-6)
    assert gm.path(size * X, y).dimensions.tolist() == gm.path(X, y).dimensions.tolist()


@pytest.mark.parametrize("size", [1e-20, 1e25])
def test_targets_of_any_size(size):
    y = np.array([-2, -2, -1, 0])
    near = gm.optimal_set(gm.derive([[2], [1], [-1], [0]], size * y, reg=0.1 * size))
    plain = gm.optimal_set(gm.derive([[2], [1], [-1], [0]], y, reg=0.1))
    assert [each.status for each in near.neurons] == [each.status for each in plain.neurons]
    assert [each.high for each in near.neurons] == pytest.approx(
        [size * each.high for each in plain.neurons], rel=1e-6
    )


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("exact", [True, False])
def test_a_constant_has_one_network(exact):
    optima = gm.optimal_set(gm.derive([[0], [1]], [3, 3], reg=0.1, exact=exact))
    assert len(optima.central()) == optima.fewest().neurons == 0
    assert [*optima.central()([[0.0], [5.0]])] == [3.0, 3.0]


@pytest.mark.parametrize("exact", [True, False])
def test_arguments_that_are_none(exact):
    optima = gm.optimal_set(gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=exact))
    k = len(optima.atoms)
    for call in (
        lambda: optima.choose(None),
        lambda: optima.choose("abcd"),
        lambda: optima.choose([np.nan] * k),
        lambda: optima.choose([1] * k, largest="no"),
        lambda: optima.vertices("a"),
        lambda: optima.vertices(0),
        lambda: optima.fewest("dictionary"),
        lambda: optima.fewest(time_limit=np.nan),
        lambda: optima.extreme([0, 0], largest="no"),
    ):
        with pytest.raises((OptionError, DataError)):
            call()
