"""Sequential blocks: the objective never rises, and what comes out is made of wedges."""

import numpy as np
import pytest

import geomnn as gm
from geomnn.blocks.block import Block
from geomnn.blocks.pursuit import _cheapest


def waves(n=12, d=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.sin(3 * X[:, 0])


def objective(network, X, y, reg):
    """½ Σ (f − y)² + reg Σ over all neurons ‖w‖_1 ‖α‖_2, from the weights that the network has."""
    table, cost = X, 0.0
    for layer in network.below:
        cost += sum(
            np.abs(a.weight).sum() * np.linalg.norm(c) for a, c in zip(layer.atoms, layer.mix.T, strict=True)
        )
        table = layer(table)
    inner, _, outer, _ = network.arrays()
    cost += float(np.abs(inner).sum(axis=1) @ np.linalg.norm(outer, axis=1))
    return 0.5 * np.sum((network(X) - y) ** 2) + reg * cost


@pytest.mark.parametrize("widths", [(2,), (3, 2)])
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.slow
def test_the_objective_never_rises_and_is_that_of_the_network(widths, d, bias):
    X, y = waves(d=d)
    trained = gm.train_blocks(X, y, widths=widths, reg=0.02, bias=bias, rounds=2)
    values = [value for _, value in trained.history]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]
    assert trained.objective == pytest.approx(values[-1], rel=1e-8)
    assert objective(trained.network, X, y, 0.02) == pytest.approx(trained.objective, rel=1e-9)
    assert len(trained.network.below) == len(widths)
    assert [layer.width for layer in trained.network.below] == list(widths)


def test_neurons_are_wedges_of_the_input_activations():
    X, y = waves(d=2)
    network = gm.train_blocks(X, y, widths=(2,), reg=0.02, rounds=2).network
    (layer,) = network.below
    for atom in layer.atoms:
        assert len(atom.samples) + len(atom.directions) == 2
        assert np.abs(X[list(atom.samples)] @ atom.weight + atom.bias).max() < 1e-9
    table = layer(X)
    for neuron in network.neurons:
        assert neuron.atom.level == 2
        on = table[list(neuron.atom.samples)] @ neuron.atom.weight + neuron.atom.bias
        assert np.abs(on).max() < 1e-9


def test_the_last_block_is_optimal_for_its_inputs():
    X, y = waves()
    trained = gm.train_blocks(X, y, widths=(2,), reg=0.02, rounds=1)
    (layer,) = trained.network.below
    sizes = np.abs(layer.arrays()[0]).sum(axis=1)
    inner = float(sizes @ np.linalg.norm(layer.mix, axis=0))
    best = gm.derive(layer(X), y, reg=0.02).objective
    assert trained.objective - 0.02 * inner == pytest.approx(best, rel=1e-6)


def test_more_rounds_do_not_end_higher():
    X, y = waves()
    one, three = (gm.train_blocks(X, y, widths=(2,), reg=0.02, rounds=r).objective for r in (1, 3))
    assert three <= one


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_other_losses(loss):
    X, y = waves(d=2)
    targets = np.where(y > 0, 1.0, -1.0) if loss == "logistic" else np.eye(2)[(y > 0).astype(int)]
    trained = gm.train_blocks(X, targets, widths=(2,), reg=0.05, loss=loss, rounds=1)
    values = [value for _, value in trained.history]
    assert values == sorted(values, reverse=True)
    assert trained.network(X).shape == targets.shape


def test_vector_outputs_and_no_descent():
    X, y = waves()
    trained = gm.train_blocks(X, np.column_stack([y, y**2]), widths=(3,), reg=0.02, steps=0, rounds=1)
    assert trained.network.outputs == 2
    assert "descent" not in [step for step, _ in trained.history]


def test_basis_pursuit_keeps_the_outputs_at_the_least_cost():
    """Beside linear programming, which solves it for one output."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(0)
    features, wanted = np.maximum(rng.normal(size=(6, 15)), 0.0), rng.normal(size=(6, 1))
    for bias in (True, False):
        chosen, z, t = _cheapest(features, wanted, bias)
        np.testing.assert_allclose(features[:, chosen] @ z + t, wanted, atol=1e-10)
        ones = np.ones((6, int(bias)))
        columns = np.hstack([features, -features, ones, -ones])
        best = linprog(np.repeat([1.0, 0.0], [30, 2 * int(bias)]), A_eq=columns, b_eq=wanted[:, 0]).fun
        assert np.abs(z).sum() == pytest.approx(best, rel=1e-4)
        assert bias or not t.any()


@pytest.mark.parametrize(
    "X", [np.zeros((4, 2)), np.ones((3, 1)), np.array([[1.0], [1.0], [2.0]]), np.array([[5.0]])]
)
def test_degenerate_samples(X):
    y = np.arange(len(X), dtype=float)
    trained = gm.train_blocks(X, y, widths=(2,), reg=0.1, rounds=1)
    assert np.isfinite(trained.objective)
    assert np.isfinite(trained.network(X)).all()


@pytest.mark.parametrize("size", [1.0, 1e8])
def test_networks_are_saved(tmp_path, size):
    X, y = waves(d=2)
    network = gm.train_blocks(X, size * y, reg=0.02, rounds=1).network
    network.save(tmp_path / "network.json")
    again = gm.AnalyticNetwork.load(tmp_path / "network.json")
    assert np.array_equal(again(X), network(X))
    assert network.depth == len(network.layers)


def test_the_same_seed_gives_the_same_network_on_one_machine():
    X, y = waves()
    one, two = (gm.train_blocks(X, y, reg=0.05, rounds=1, seed=3) for _ in range(2))
    assert one.history == two.history
    assert isinstance(one.network.below[0].atoms[0].samples, tuple)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"widths": ()}, "at least one inner block"),
        ({"widths": 3}, "at least one inner block"),
        ({"widths": (0,)}, r"widths\[0\]=0"),
        ({"reg": 0.0}, "reg=0.0"),
        ({"rounds": 0}, "rounds=0"),
        ({"steps": -1}, "steps=-1"),
        ({"loss": "absolute"}, "absolute"),
    ],
)
def test_bad_input_gets_a_sentence(options, match):
    with pytest.raises(gm.errors.OptionError, match=match):
        gm.train_blocks(*waves(), **options)


def test_cost_of_a_block():
    block = Block(np.array([[1.0, -2.0]]), np.zeros(1), np.array([[3.0, 4.0]]), np.zeros(2))
    assert block.cost(1) == 15.0
