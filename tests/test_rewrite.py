"""Rewriting: any neuron is a sum of wedges of its chamber, and any network becomes one of wedges."""

import json
from itertools import pairwise

import numpy as np
import pytest
from problems import degenerate
from sklearn.neural_network import MLPClassifier, MLPRegressor

import geomnn as gm
from geomnn.norms import ball
from geomnn.rewriting import cone as cones
from geomnn.rewriting.chambers import split
from geomnn.samples import Samples

NORMS = (1.0, np.inf, 2.0)


def tables():
    rng = np.random.default_rng(0)
    yield "more samples", rng.normal(size=(40, 4))
    yield "fewer samples", rng.normal(size=(3, 6))
    yield "one feature", rng.normal(size=(9, 1))
    yield "grid", rng.integers(0, 3, (30, 3)).astype(float)
    yield "one-hot", np.eye(5)[rng.integers(0, 5, 20)]
    yield "scales", rng.normal(size=(20, 3)) * [1e6, 1.0, 1e-6] + [1e6, 0.0, 0.0]
    for name, (X, _) in degenerate().items():
        yield name, np.asarray(X, dtype=float)


TABLES = dict(tables())


def independent(samples, unit, norm):
    """How many independent rows, samples and directions, a unit is orthogonal to."""
    scale = np.abs(samples.homogeneous).max(axis=0)
    scale[scale == 0] = 1.0
    walls = [e.vector(samples.d) for e in ball(1.0 if norm == 2 else norm).directions(samples.d)]
    walls = np.hstack([np.array(walls).reshape(-1, samples.d), np.zeros((len(walls), samples.D - samples.d))])
    rows = np.vstack([samples.homogeneous, walls]) / scale
    rows = rows[rows.any(axis=1)]
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    point = unit * scale / np.linalg.norm(unit * scale)
    touching = rows[np.abs(rows @ point) < 1e-9]
    return np.linalg.matrix_rank(touching, tol=1e-8) if len(touching) else 0


def check_cone(cone):
    """The equations of `Cone`, from its basis alone."""
    active, pending, rows = cone._active, cone._pending, cone._cone[cone._rows]
    zero = [*cone._rows[cone._basis[:active]].tolist(), *cone._closed]
    assert len(set(zero)) == len(zero) == cone._D - 1  # 1
    inverse = np.linalg.inv(np.vstack([cone._cone[zero], cone._omega]))
    edges, vertex = inverse[:, :active], rows @ (cone._m * inverse[:, -1])  # 2
    tableau = cone._tableau[:, :active] - cone._left[:, :pending] @ cone._right[:pending, :active]
    size = np.abs(edges).max(initial=1.0)
    np.testing.assert_allclose(tableau, rows @ edges, atol=1e-9 * size)  # 3
    np.testing.assert_allclose(cone._known[1:, :active], cone._project @ edges, atol=1e-7 * size)  # 4
    np.testing.assert_allclose(cone._vertex, vertex, atol=1e-9 * cone._m)  # 5
    assert cone._vertex.sum() == pytest.approx(cone._m)
    assert cone._vertex.min() >= -1e-9 * cone._m
    rest = np.linalg.lstsq(rows, cone._values)[0]
    np.testing.assert_allclose(rows @ rest, cone._values, atol=1e-9 * cone._m)  # 6
    assert cone._values.min() >= 0
    assert not cone._values[np.isin(cone._rows, cone._closed)].any()


@pytest.fixture
def steps(monkeypatch):
    """The cones that are walked in a test, each checked after each of its steps from its first vertex on."""
    seen, ready = [], set()

    def checked(name):
        honest = getattr(cones.Cone, name)

        def step(self, *arguments):
            answer = honest(self, *arguments)
            if name == "_form":
                ready.add(id(self))
            if id(self) in ready:
                check_cone(self)
                seen.append(self)
            return answer

        monkeypatch.setattr(cones.Cone, name, step)

    for name in ("_form", "_exchange", "_close", "_descend", "_work_in"):
        checked(name)
    return seen


@pytest.mark.parametrize("delay", [1, 24])  # with 1 there is a check after each pivot
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.slow
def test_every_step_to_a_ray_keeps_the_equations(delay, norm, bias, steps, monkeypatch):
    monkeypatch.setattr(cones, "DELAY", delay)
    monkeypatch.setattr(cones, "ANEW", 3)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(12, 4)) if seed % 2 else rng.integers(-2, 3, (15, 3)).astype(float)
        samples = Samples(X, bias)
        split(samples, rng.normal(size=(3, samples.D)), norm)
    assert len(steps) > 50


@pytest.mark.parametrize("part", ["_tableau", "_known", "_vertex", "_values", "_basis", "_closed", "_active"])
def test_the_check_of_a_cone_notices_what_is_wrong(part):
    rng = np.random.default_rng(0)
    rows = cones.Rows(Samples(rng.normal(size=(12, 4)), True), 1.0)
    cone = cones.Cone(rows, rows.unit @ rng.normal(size=5), 0)
    cone._find_vertex()
    check_cone(cone)
    setattr(cone, part, getattr(cone, part) + ([0] if part == "_closed" else 1))
    with pytest.raises((AssertionError, IndexError)):
        check_cone(cone)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", NORMS)
def test_a_neuron_is_a_sum_of_wedges_of_its_chamber(name, bias, norm):
    samples, rng = Samples(TABLES[name], bias), np.random.default_rng(1)
    d, scale = samples.d, np.abs(samples.homogeneous).max(axis=0)
    # weights of features of other sizes are compared where p = ∞
    exact = 1e-9 if norm != np.inf or scale.max() < 1e6 * scale[scale > 0].min(initial=np.inf) else 1e-4
    for _ in range(6):
        neuron = rng.normal(size=samples.D) / np.where(scale > 0, scale, 1.0)
        neuron[rng.random(samples.D) < 0.2] = 0.0
        (parts,) = split(samples, [neuron], norm)
        outputs = samples.activations(neuron[None])[:, 0]
        got = samples.activations(parts.units) @ parts.coefficients + parts.constant
        assert np.abs(got - outputs).max() <= 1e-10 * np.abs(samples.homogeneous @ neuron).max()
        if not outputs.any():
            assert not len(parts.units)
            continue
        assert (parts.coefficients > 0).all()
        assert len(parts.units) <= samples.D
        sizes = np.linalg.norm(parts.units[:, :d], ord=norm, axis=1)
        np.testing.assert_allclose(sizes, 1.0, rtol=1e-12)
        size, cost = np.linalg.norm(neuron[:d], ord=norm), parts.coefficients.sum()
        assert cost >= size * (1 - exact)
        if norm != 2:
            assert cost <= size * (1 + exact)
        for unit in parts.units:
            assert independent(samples, unit, norm) >= samples.D - 1
        if parts.constant:
            assert bias
            assert (samples.homogeneous @ neuron > 0).all()


def test_inactive_neurons_have_no_parts():
    samples = Samples([[1.0, 2.0], [3.0, 1.0]], False)
    (parts,) = split(samples, [np.array([-1.0, -1.0])], 1.0)
    assert len(parts.units) == 0
    assert parts.constant == 0.0


def random_layers(sizes, bias, rng):
    return [
        (rng.normal(size=(out, inner)), rng.normal(size=out) if bias else None)
        for inner, out in pairwise(sizes)
    ]


def forward(layers, table):
    for k, (weights, biases) in enumerate(layers):
        table = table @ weights.T + (0.0 if biases is None else biases)
        table = np.maximum(table, 0.0) if k < len(layers) - 1 else table
    return table


def path_cost(layers):
    """Σ over outputs' norms of products of |weights| along paths, by multiplying matrices of |weights|."""
    costs = np.ones(layers[0][0].shape[1])
    for weights, _ in layers[:-1]:
        costs = np.abs(weights) @ costs
    return float(np.linalg.norm(layers[-1][0], axis=0) @ costs)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "sizes", [(3, 30, 1), (2, 12, 3), (3, 7, 5, 1), (1, 6, 6, 1), (2, 4, 4, 3, 2), (4, 20, 10, 1)]
)
def test_outputs_stay_and_the_cost_does_not_rise(sizes, bias):
    rng = np.random.default_rng(sum(sizes) + bias)
    X = rng.normal(size=(14, sizes[0]))
    layers = random_layers(sizes, bias, rng)
    rewriting = gm.rewrite(layers, X)
    network, wanted = rewriting.network, forward(layers, X)
    off = np.abs(network(X).reshape(wanted.shape) - wanted).max() / np.abs(wanted).max()
    assert off < 1e-11
    assert rewriting.error == pytest.approx(off, abs=1e-15)
    assert rewriting.cost_before == pytest.approx(path_cost(layers))
    assert rewriting.cost_after == pytest.approx(path_cost(network.layers))
    assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-11)
    assert rewriting.before == sizes[1:-1]
    assert rewriting.after == (*(len(layer.atoms) for layer in network.below), len(network))
    assert len(network) <= len(X) * sizes[-1]
    assert network.depth == len(layers)
    # anywhere, the layers for PyTorch are the same function as the network
    away = rng.normal(size=(20, sizes[0]))
    there = forward(network.layers, away).reshape(network(away).shape)
    np.testing.assert_allclose(there, network(away), rtol=1e-9, atol=1e-9)
    assert rewriting.bound == 1.0


@pytest.mark.parametrize("sizes", [(2, 12, 1), (3, 6, 5, 1)])
def test_names_are_wedges_of_samples_and_of_features_as_they_were(sizes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10, sizes[0]))
    network = gm.rewrite(random_layers(sizes, True, rng), X).network
    table = X
    for layer in network.below:
        for atom in layer.atoms:
            assert len(atom.samples) + len(atom.directions) == table.shape[1]
            assert np.abs(table[list(atom.samples)] @ atom.weight + atom.bias).max() < 1e-9
        table = layer(table)
    for neuron in network.neurons:
        on = table[list(neuron.atom.samples)] @ neuron.atom.weight + neuron.atom.bias
        assert np.abs(on).max() < 1e-9 * max(1.0, np.abs(table).max())
        assert np.abs(neuron.atom.weight).sum() == pytest.approx(1.0)


def test_features_of_the_layer_above_are_those_of_the_model():
    rng = np.random.default_rng(3)
    X, layers = rng.normal(size=(12, 2)), random_layers((2, 5, 4, 1), True, np.random.default_rng(4))
    rewriting = gm.rewrite(layers, X)
    (layer,) = rewriting.network.below
    model = np.maximum(X @ layers[0][0].T + layers[0][1], 0.0) / np.abs(layers[0][0]).sum(axis=1)
    for feature in layer(X).T:
        assert np.abs(model - feature[:, None]).max(axis=0).min() < 1e-12
    assert layer.folds
    # the parts of the neurons before, by number
    for owned in rewriting.origins[0]:
        assert all(0 <= k < len(layer.atoms) for k in owned)
    assert {k for owned in rewriting.origins[1] for k in owned} == set(range(len(rewriting.network)))


@pytest.mark.parametrize("bias", [True, False])
def test_two_norm_reports_by_how_much_the_cost_rises(bias):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    rewriting = gm.rewrite(random_layers((3, 4, 1), bias, rng), X, norm=2)
    rise = rewriting.cost_after / rewriting.cost_before
    assert rewriting.error < 1e-12
    assert 1.0 <= rise <= rewriting.bound
    assert np.isfinite(rewriting.bound) == (not bias)
    assert "angles of the chambers allow" in str(rewriting)
    assert all(not neuron.atom.directions for neuron in rewriting.network.neurons)


@pytest.mark.parametrize("scales", [(1e8, 1.0, 1e-8), (1e6, 1.0, 1e-6)])
def test_features_of_very_different_sizes(scales):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15, 3)) * scales
    (inner, biases), last = random_layers((3, 8, 1), True, rng)
    rewriting = gm.rewrite([(inner / np.abs(X).max(axis=0), biases), last], X)
    assert rewriting.error < 1e-9
    assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-9)
    for neuron in rewriting.network.neurons:
        atom, w = neuron.atom, neuron.atom.weight * scales
        spanned = X[list(atom.samples[:-1])] - X[atom.samples[-1]]
        rows = np.vstack([spanned / scales] + [e.vector(3) for e in atom.directions])
        off = rows @ w / np.linalg.norm(w)
        assert np.abs(off / np.linalg.norm(rows, axis=1)).max() < 1e-6


@pytest.mark.parametrize("size", [1e-8, 1e-11, 1e-14])
@pytest.mark.parametrize("bias", [True, False])
def test_weights_of_a_column_of_zeros_hide_no_small_features(size, bias):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(10, 2)) * size, np.zeros(10)])
    (inner, biases), last = random_layers((3, 6, 1), bias, rng)
    rewriting = gm.rewrite([(inner, biases * size if bias else None), last], X)
    (parts, *_) = gm.split_layer([(inner, biases * size if bias else None), last], X)
    assert len(parts.coefficients)
    assert len(rewriting.network)
    assert rewriting.error < 1e-12


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("sizes", [(3, 6, 1), (3, 6, 4, 1)])
def test_the_cost_does_not_rise_beside_a_large_intercept(sizes, seed):
    rng = np.random.default_rng(seed)
    X, layers = rng.normal(size=(14, 3)), random_layers(sizes, True, rng)
    layers[-1] = (layers[-1][0], np.array([1e16]))
    rewriting = gm.rewrite(layers, X)
    assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-9)
    layers[-1] = (layers[-1][0], None)
    neurons = [(w, np.zeros(len(w)) if b is None else b) for w, b in rewriting.network.layers]
    neurons[-1] = (neurons[-1][0], neurons[-1][1] - 1e16)
    wanted = forward(layers, X)
    moved = forward(neurons, X) - wanted  # a constant, what the intercept rounds away
    assert np.ptp(moved) < 1e-9 * np.abs(wanted).max()


@pytest.mark.parametrize("seed", [3, 7])
def test_dead_features_of_small_layers(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(15, 3)) * 1e-8
    layers = [(w / np.sqrt(w.shape[1]), b) for w, b in random_layers((3, 6, 5, 1), True, rng)]
    rewriting = gm.rewrite([(layers[0][0] / np.abs(X).max(axis=0), layers[0][1]), *layers[1:]], X)
    assert rewriting.error < 1e-11


def test_models_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = np.sin(X[:, 0]) + X[:, 1]
    regressor = MLPRegressor(hidden_layer_sizes=(10, 5), solver="lbfgs", random_state=0).fit(X, y)
    rewriting = gm.rewrite(regressor, X)
    np.testing.assert_allclose(rewriting.network(X), regressor.predict(X), rtol=1e-9, atol=1e-12)
    classifier = MLPClassifier(hidden_layer_sizes=(6,), solver="lbfgs", random_state=0).fit(X, y > 0)
    logits = gm.rewrite(classifier, X).network(X)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits)), classifier.predict_proba(X)[:, 1], rtol=1e-8, atol=1e-12
    )


def test_a_rewritten_network_is_rewritten_to_itself():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 2))
    once = gm.rewrite(random_layers((2, 30, 1), True, rng), X)
    twice = gm.rewrite(once.network, X)
    assert twice.cost_after == pytest.approx(once.cost_after, rel=1e-9)
    assert {str(n.atom) for n in twice.network.neurons} <= {str(n.atom) for n in once.network.neurons}


def test_networks_of_sums_are_saved_printed_and_symbolic(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 2))
    network = gm.rewrite(random_layers((2, 3, 2, 1), True, rng), X).network
    network.save(tmp_path / "network.json")
    again = gm.AnalyticNetwork.load(tmp_path / "network.json")
    assert np.array_equal(again(X), network(X))
    assert str(again) == str(network)
    assert "k0(x) = " in str(network)
    assert r"k_{0}(x) ={}&" in network.to_latex()
    expression = network.to_sympy()
    symbols = sorted(expression.free_symbols, key=str)
    for row in X:
        value = expression.subs(dict(zip(symbols, row.tolist(), strict=True)))
        assert float(value) == pytest.approx(float(network(row[None])[0]), rel=1e-9, abs=1e-12)
    content = json.loads((tmp_path / "network.json").read_text())
    content["below"][0]["mix"][0].append(1.0)
    (tmp_path / "wrong.json").write_text(json.dumps(content))
    with pytest.raises(gm.errors.FormatError, match="a sum is"):
        gm.AnalyticNetwork.load(tmp_path / "wrong.json")


@pytest.mark.parametrize("bias", [True, False])
def test_layers_are_streamed(bias):
    rng = np.random.default_rng(0)
    X, layers = rng.normal(size=(50, 4)), random_layers((4, 6, 3), bias, rng)
    found = list(gm.split_layer(layers, X))
    assert len(found) == 6
    for (w, b), parts in zip(
        zip(layers[0][0], layers[0][1] if bias else np.zeros(6), strict=True), found, strict=True
    ):
        outputs = np.maximum(X @ w + b, 0.0)
        got = np.maximum(X @ parts.weights.T + parts.biases, 0.0) @ parts.coefficients + parts.constant
        assert np.abs(got - outputs).max() < 1e-11
        assert parts.coefficients.sum() == pytest.approx(np.abs(w).sum() if outputs.any() else 0.0)


def test_constant_and_dead_networks():
    X = np.array([[0.0], [1.0], [2.0]])
    dead = gm.rewrite([([[1.0]], [-5.0]), ([[2.0]], [0.5])], X)
    assert len(dead.network) == 0
    assert dead.network(X).tolist() == [0.5, 0.5, 0.5]
    constant = gm.rewrite([([[0.0]], [3.0]), ([[2.0]], [0.5])], X)
    assert constant.network(X).tolist() == [6.5, 6.5, 6.5]
    active = gm.rewrite([([[1.0]], [5.0]), ([[2.0]], [0.5])], X)
    np.testing.assert_allclose(active.network(X), [10.5, 12.5, 14.5])
    assert active.cost_after == pytest.approx(2.0)
    deep = gm.rewrite([([[1.0], [1.0]], [-5.0, 1.0]), ([[1.0, 0.0]], [-1.0]), ([[1.0]], [0.25])], X)
    assert deep.network(X).tolist() == [0.25] * 3
    assert deep.after == (0, 0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e-90, 1e90])
@pytest.mark.parametrize("sizes", [(3, 6, 1), (3, 6, 6, 6, 6, 1)])
def test_sizes_whose_products_overflow_get_a_sentence(sizes, size):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 3))
    layers = [(w * size, b * size) for w, b in random_layers(sizes, True, rng)]
    with pytest.raises(gm.errors.DataError, match="do not fit into float64"):
        gm.rewrite(layers, X)


@pytest.mark.parametrize(
    ("model", "X", "norm", "error", "match"),
    [
        ([[[1.0, 2.0]]], [[1, 2]], 1, gm.errors.UnsupportedProblem, "is linear"),
        ([[[1.0]], [[1.0]]], [[1, 2]], 1, gm.errors.DataError, "2 columns; the model takes 1"),
        ([[[1.0]], [[1.0]], [[1.0]]], [[1]], 2, gm.errors.UnsupportedProblem, "2 hidden layers and norm=2"),
        ([[[1.0]], [[1.0]]], [[1]], 3, gm.errors.OptionError, "norm=3"),
        ("model", [[1]], 1, gm.errors.UnsupportedProblem, "type str"),
        ([[[1.0]], [[1.0]]], [[np.nan]], 1, gm.errors.DataError, "nan"),
    ],
)
def test_bad_input_gets_a_sentence(model, X, norm, error, match):
    with pytest.raises(error, match=match):
        gm.rewrite(model, X, norm)
    if "hidden layers" not in match:  # which matters to a whole network only
        with pytest.raises(error, match=match):
            next(gm.split_layer(model, X, norm))


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("power", range(-14, -7))
def test_neurons_that_nearly_pass_through_samples(d, power):
    """Those that training leaves at a kink, up to its last digits: rewritten, whatever counts as on the hyperplane."""
    rng = np.random.default_rng(10 - power)
    for integers in (True, False):
        X = rng.integers(-3, 4, size=(10, d)) if integers else rng.normal(size=(10, d))
        W = rng.normal(size=(20, d))
        rows = X[rng.integers(10, size=20)]
        off = rng.uniform(1, 10, size=20) * 10.0**power * rng.choice([-1, 1], size=20)
        b = -(W * rows).sum(axis=1) + off * np.abs(W).sum(axis=1)
        model = [(W, b), (rng.normal(size=(1, 20)), np.zeros(1))]
        rewriting = gm.rewrite(model, X)
        assert rewriting.error <= 1e-9
        assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-9)
