"""Explanations hold where they say so and no farther; monotonicity and extremes against samples and linear programs."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog
from test_lipschitz import GRID, SIGNS, random_network

import geomnn as gm
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.inputs.pieces import pieces_of

DUAL = {1: np.inf, 2: 2, np.inf: 1}


@pytest.fixture(scope="module")
def wedges():
    return gm.derive(GRID, SIGNS, reg=Fraction(1, 20), exact=True).network


@pytest.mark.parametrize("r", [1, 2, np.inf])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_affine_function_holds_up_to_the_next_kink_and_no_farther(d, r):
    net, rng = random_network(7, d, d), np.random.default_rng(r == 1)
    (weights, biases), _ = net.layers
    for x in rng.uniform(-2, 2, (8, d)):
        told = net.explain(x, ball=r)
        assert told.value == pytest.approx(net(x[None])[0], rel=1e-12)
        assert told.active == tuple(np.flatnonzero(weights @ x + biases > 0))
        steps = rng.normal(size=(300, d))
        steps *= (
            told.distance * 0.999 * rng.random((300, 1)) / np.linalg.norm(steps, ord=r, axis=1, keepdims=True)
        )
        np.testing.assert_allclose(net(x + steps), (x + steps) @ told.slope + told.constant, atol=1e-9)
        (neuron,) = told.next
        level = weights[neuron] @ x + biases[neuron]
        assert abs(level) / np.linalg.norm(weights[neuron], ord=DUAL[r]) == pytest.approx(
            told.distance, rel=1e-9
        )
        assert told.labels == (str(net.neurons[neuron].atom),)


def test_corners_are_those_of_the_cell():
    """The support function of the cell, by linear programs, is that of its corners wherever it is finite."""
    net, rng = random_network(9, 2, 4), np.random.default_rng(1)
    pieces, seen = pieces_of(net), 0
    for x in rng.uniform(-1, 1, (6, 2)):
        corners = np.array([corner.point for corner in net.explain(x).corners]).reshape(-1, 2)
        signs = np.where(pieces.sides(x[None])[0], -1.0, 1.0)[:, None]
        for angle in np.linspace(0, 6, 25):
            way = np.array([np.cos(angle), np.sin(angle)])
            found = linprog(-way, signs * pieces.normals, -signs[:, 0] * pieces.offsets, bounds=(None, None))
            if found.status == 0:
                seen += 1
                assert (corners @ way).max() == pytest.approx(-found.fun, abs=1e-7)
    assert seen > 60


def test_corners_have_the_names_of_samples_that_all_lines_go_through(wedges):
    samples = {f"x{j}": point for j, point in enumerate(GRID)}
    named = 0
    for x in ([1.2, 1.7], [0.1, 0.2], [2.9, 0.4]):
        exact, rounded = wedges.explain(x), wedges.numeric().explain(x)
        assert [corner.name for corner in exact.corners] == [corner.name for corner in rounded.corners]
        for one, other in zip(exact.corners, rounded.corners, strict=True):
            assert one.neurons == other.neurons
            np.testing.assert_allclose(one.point.astype(float), other.point, atol=1e-9)
            if one.name in samples:
                named += 1
                assert one.point.tolist() == samples[one.name].tolist()
        assert isinstance(exact.constant, Fraction)
        value = sum((s * Fraction(str(e)) for s, e in zip(exact.slope, x, strict=True)), exact.constant)
        assert value == exact.value == wedges(np.array([[Fraction(str(e)) for e in x]]))[0]
    assert named
    line = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1, exact=True).network.explain([1.5])
    assert [str(corner) for corner in line.corners] == ["x1 = (1)", "x2 = (2)"]


def test_a_point_on_a_kink_is_in_a_cell_next_to_it(wedges):
    rng = np.random.default_rng(0)
    for net in (wedges, wedges.numeric()):
        told = net.explain([1.5, 1.5])  # where seven lines meet
        assert told.distance == 0
        assert len(told.next) > 2
        near = np.array([1.5, 1.5]) + 1e-3 * rng.normal(size=(500, 2))
        affine = near @ told.slope.astype(float) + float(told.constant)
        assert np.isclose(affine, wedges.numeric()(near), atol=1e-9).any()
        assert float(told.value) == pytest.approx(wedges.numeric()([[1.5, 1.5]])[0], abs=1e-12)


def test_a_constant_is_explained():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        net = gm.derive(GRID, SIGNS + 2, reg=1e6).network
    told = net.explain([0, 0])
    assert (told.active, told.next, told.distance, told.corners) == ((), (), np.inf, ())
    assert str(told).endswith("It holds everywhere.")
    assert net.monotone(0).everywhere == "constant"
    assert net.extremes((0, 1)).least == pytest.approx((2, 2))


def slopes_of_patterns(pieces, low, high):
    """The gradients on all cells that a box has a part of, by one linear program a pattern."""
    k, d = pieces.normals.shape
    found = []
    for sides in product((False, True), repeat=k):
        s = np.where(sides, 1.0, -1.0)[:, None]
        rows = np.hstack([-s * pieces.normals, np.ones((k, 1))])
        depth = linprog(
            np.eye(d + 1)[-1] * -1, rows, s[:, 0] * pieces.offsets, bounds=[(low, high)] * d + [(None, 1)]
        )
        if -depth.fun > 1e-7:
            found.append(pieces.slopes(np.array([sides]))[0])
    return np.array(found)


@pytest.mark.parametrize("box", [None, (-1.5, 1.0)])
@pytest.mark.parametrize("d", [1, 2, 4])
def test_monotonicity_is_that_of_samples_or_has_a_counterexample(d, box):
    for seed in range(3):
        net, rng = random_network(5, d, seed), np.random.default_rng(seed)
        points = rng.uniform(*(box or (-6, 6)), (20000, d))
        slopes = pieces_of(net).slopes(pieces_of(net).sides(points))
        every = slopes_of_patterns(pieces_of(net), *(box or (None, None)))
        for feature in range(d):
            found = net.monotone(feature, box=box)
            assert found.least[0] <= slopes[:, feature].min() + 1e-9
            assert found.largest[1] >= slopes[:, feature].max() - 1e-9
            np.testing.assert_allclose(found.least, every[:, feature].min(), atol=1e-5)
            np.testing.assert_allclose(found.largest, every[:, feature].max(), atol=1e-5)
            assert (found.falling is None) == (found.everywhere in ("rises", "constant"))
            assert (found.rising is None) == (found.everywhere in ("falls", "constant"))
            for pair, sign in ((found.falling, -1), (found.rising, 1)):
                if pair is not None:
                    moved = np.flatnonzero(pair[0] != pair[1])
                    assert moved.tolist() == [feature]
                    assert pair[1, feature] > pair[0, feature]
                    before, after = net(pair)
                    assert sign * (after - before) > 0
                    assert box is None or ((pair >= box[0]) & (pair <= box[1])).all()


@pytest.mark.parametrize("d", [2, 4])
def test_what_is_built_to_rise_is_proven_to_rise(d):
    net = random_network(6, d, 0)
    neurons = [
        type(n)(np.abs(n.weight) * (np.arange(d) > 0), n.bias, abs(n.outer), n.atom) for n in net.neurons
    ]
    rising = gm.AnalyticNetwork(neurons, 0.0, d, 1.0, True, feature_names=[f"c{k}" for k in range(d)])
    assert rising.monotone("c0").everywhere == "constant"
    for feature in range(1, d):
        assert rising.monotone(f"c{feature}").everywhere == "rises"
        assert "nowhere falls" in str(rising.monotone(feature))


@pytest.mark.parametrize("d", [1, 2, 6])
def test_extremes_hold_all_samples_and_are_attained(d):
    net, rng = random_network(10, d, d), np.random.default_rng(d)
    low, high = -np.ones(d), np.linspace(0.5, 2.0, d)
    found = net.extremes((low, high))
    points = rng.uniform(low, high, (30000, d))
    corners = np.where(rng.random((30000, d)) < 0.5, low, high)
    values = net(np.vstack([points, corners]))
    assert found.least[0] <= values.min() + 1e-9
    assert found.largest[1] >= values.max() - 1e-9
    assert net(found.lowest[None])[0] == pytest.approx(found.least[1], abs=1e-9)
    assert net(found.highest[None])[0] == pytest.approx(found.largest[0], abs=1e-9)
    assert found.least[1] - found.least[0] <= 1e-5
    assert found.largest[1] - found.largest[0] <= 1e-5
    for place in (found.lowest, found.highest):
        assert ((low - 1e-12 <= place) & (place <= high + 1e-12)).all()
    short = net.extremes((low, high), time_limit=1e-6)
    assert short.least[0] <= found.least[0] + 1e-9
    assert short.largest[1] >= found.largest[1] - 1e-9


def test_exact_networks_are_explained_in_fractions(wedges):
    found, axis = wedges.extremes((0, 3)), wedges.monotone(0)
    for number in (*found.least, *found.largest, *found.lowest, *axis.least, *axis.largest, *axis.rising[1]):
        assert isinstance(number, Fraction)
    rounded = wedges.numeric().extremes((0, 3))
    assert float(found.least[0]) == pytest.approx(rounded.least[0], rel=1e-9)
    assert wedges(found.highest[None])[0] == found.largest[0]
    assert wedges(axis.falling)[1] < wedges(axis.falling)[0]


def test_exact_networks_of_three_features_take_boxes_and_stay_in_them():
    """Programs are in float64, whatever the network is."""
    X = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    net = gm.derive(X, [0, 1, 1, 0, 1], reg=0.05, exact=True).network
    box = (Fraction(-1, 3), 0.7)
    for r in (1, 2, np.inf):
        told, plain = gm.lipschitz(net, r, box), gm.lipschitz(net.numeric(), r, box)
        assert float(told.upper) == pytest.approx(float(plain.upper), rel=1e-9)
    for feature in range(3):
        told = net.monotone(feature, box=box)
        assert told.least == pytest.approx(net.numeric().monotone(feature, box=box).least)
        for pair in (told.falling, told.rising):
            assert pair is None or ((pair >= float(box[0])) & (pair <= box[1])).all()
        assert "-0 " not in str(told)


def test_corners_of_moved_samples_are_named_as_moved():
    told = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1, eps=0.2).network.explain([1.5])
    named = {corner.name: round(float(corner.point[0]), 9) for corner in told.corners}
    assert named["(x1 + (0.2))"] == 1.2
    assert "x1" not in named


def test_zeros_have_no_sign():
    net = gm.derive([[1.0], [2.0], [3.0]], [0.0, 0.0, 1.0], reg=0.1, bias=False).network
    for x in (-1, 1):
        told = net.explain([x])
        assert [str(corner) for corner in told.corners or ()] == ["the kink of neuron 0 = (0)"]
        assert not np.signbit(told.corners[0].point).any()


def test_what_cannot_be_asked_is_refused(wedges):
    for x, shape in (([1, 2, 3], "3,"), (3, ""), ([[1, 2]], "1, 2")):
        with pytest.raises(DataError, match=rf"x has shape \({shape}\); one input of 2 numbers"):
            wedges.explain(x)
    for ask in (lambda **more: wedges.monotone(0, **more), lambda **more: wedges.extremes((0, 1), **more)):
        for options, told in (
            ({"time_limit": 0}, "time_limit=0; seconds above 0"),
            ({"seed": -1}, "seed=-1; an int"),
        ):
            with pytest.raises(OptionError, match=told):
                ask(**options)
    with pytest.raises(OptionError, match="no feature 'age'; the network has no names"):
        wedges.monotone("age")
    with pytest.raises(OptionError, match="feature=2; an integer from 0 to 1"):
        wedges.monotone(2)
    with pytest.raises(OptionError, match=r"box=None; \(low, high\)"):
        wedges.extremes(None)
    deep = gm.derive([[0], [1], [2]], [0, 1, 0], reg=0.01, depth=3).network
    assert deep.below
    with pytest.raises(UnsupportedProblem, match="hidden layers"):
        deep.explain([0])


@pytest.mark.parametrize(("slope", "everywhere"), [(1e-5, "neither"), (1e-7, "rises")])
def test_a_slope_that_is_small_beside_all_others_is_none(slope, everywhere):
    net = random_network(2, 3, 0)
    neurons = [
        type(n)(np.array([w, 0.0, 0.0]), 0.0, 1.0, n.atom)
        for n, w in zip(net.neurons, (1.0, -slope), strict=True)
    ]
    assert gm.AnalyticNetwork(neurons, 0.0, 3, 1.0, True).monotone(0).everywhere == everywhere


@pytest.mark.parametrize("exact", [True, False])
def test_on_a_kink_the_neurons_are_those_of_the_slope(exact):
    """At samples, through which wedges go: z and w of the active neurons add up to the slope that is told."""
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 2]
    net = gm.derive(X, y, reg=0.05, exact=exact).network
    (weights, biases), (outer, intercept) = net.numeric().layers
    on_kinks = 0
    for x in X:
        told = net.explain(x)
        on_kinks += told.distance == 0
        who = list(told.active)
        np.testing.assert_allclose(np.array(told.slope, dtype=float), outer[0, who] @ weights[who], atol=1e-9)
        assert float(told.constant) == pytest.approx(
            float(outer[0, who] @ biases[who] + intercept[0]), abs=1e-9
        )
        assert who or "no neuron is active" in str(told)
    assert on_kinks
