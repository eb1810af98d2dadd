"""Downhill from any network: (T) on the weights never rises, the pieces fit together, and the end is the optimum."""

import warnings

import numpy as np
import pytest
from problems import degenerate
from sklearn.neural_network import MLPRegressor

import geomnn as gm
from geomnn.errors import (
    ConstantNetworkWarning,
    ConvergenceWarning,
    DataError,
    OptionError,
    UnsupportedProblem,
)

# two local minima that a network can not leave without a third neuron: X, y, W, b, alpha, t, whether there is a bias
ROOT = np.sqrt(2.0)
TRAP = ([[1, 0.5], [-1.5, 0.5]], [3, 2], [[0, ROOT], [1, 0]], [0, 0], [ROOT, 1], 0, False)
TRAP_WITH_BIAS = ([[0], [1], [2]], [2, -4, 0], [[1], [1]], [-1, 1], [1, -1], 1, True)
STORED_JOINTS = {"without": (4, 11 / 3, 65 / 18), "with": (9, 8, 29 / 4, 7)}


def objective(weights, X, y, reg, norm):
    """(T), from its definition."""
    W, b, alpha, t = weights
    error = np.maximum(X @ W.T + b, 0) @ alpha + t - y
    return error @ error / 2 + reg / 2 * ((np.linalg.norm(W, ord=norm, axis=1) ** 2).sum() + alpha @ alpha)


def least_width(X, bias):
    """n' with a bias and n' + 1 without."""
    return len({tuple(row) for row in np.asarray(X).tolist() if bias or any(row)}) + 1 - bias


def audit(descent, X, y, reg, norm=1, bias=True, points=21):
    """All that is claimed of a path: its largest relative rise, which is rounding, and how far its end is off."""
    X, y = np.array(X, dtype=float), np.array(y, dtype=float)
    end, rise = None, -np.inf
    for segment in descent.segments:
        values = [objective(segment.weights(s), X, y, reg, norm) for s in np.linspace(0, 1, points)]
        rise = max(rise, np.diff(values).max() / (values[0] or 1.0))
        assert rise <= 1e-12, segment
        np.testing.assert_allclose(
            (segment.before, segment.after), (values[0], values[-1]), rtol=1e-12, atol=1e-12
        )
        begin, end = segment.weights(0), end or segment.weights(0)
        for left, right in zip(end, begin, strict=True):  # no leap between two of them
            np.testing.assert_allclose(left, right, rtol=0, atol=1e-12 * (1 + np.abs(left).max(initial=0)))
        end = segment.weights(1)
        assert len(end[2]) == descent.width
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        optimum = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    assert values[-1] == pytest.approx(optimum.objective, rel=1e-9, abs=1e-12)
    certificate = descent.certificate
    assert (certificate.coverage.scope, certificate.coverage.program) == ("global", "all")
    assert certificate.primal == pytest.approx(values[-1], rel=1e-12, abs=1e-12)
    assert abs(certificate.gap) <= 1e-9 * certificate.primal
    np.testing.assert_allclose(
        descent.network(X), np.maximum(X @ end[0].T + end[1], 0) @ end[2] + end[3], atol=1e-10
    )
    assert all(
        neuron.atom.samples or neuron.atom.directions or X.shape[1] == 1 for neuron in descent.network.neurons
    )
    return rise, abs(values[-1] - optimum.objective) / (optimum.objective or 1.0)


def random_problem(rng):
    """Rows in general position, on a grid, on a line, or repeated."""
    d, n, bias = int(rng.integers(1, 4)), int(rng.integers(3, 9)), bool(rng.integers(2))
    X = {
        0: lambda: rng.normal(size=(n, d)),
        1: lambda: rng.integers(-3, 4, size=(n, d)),
        2: lambda: np.arange(n)[:, None] * rng.integers(-2, 3, size=d) + rng.integers(-2, 3, size=d),
        3: lambda: rng.integers(-3, 4, size=(n, d))[rng.integers(n, size=n)],
    }[int(rng.integers(4))]().astype(float)
    return X, rng.integers(-4, 5, size=n).astype(float), bias


def random_layers(rng, width, d, bias, scale):
    W, b, alpha = (
        scale * rng.normal(size=(width, d)),
        scale * rng.normal(size=width),
        scale * rng.normal(size=width),
    )
    return [(W, b if bias else None), (alpha[None], rng.normal(size=1) if bias else None)]


def random_descent(rng, scale):
    """From a random network of the least width, reg from a thousandth of reg_max to above it; what `audit` says."""
    X, y, bias = random_problem(rng)
    norm, width = rng.choice([1, np.inf]), least_width(X, bias)
    reg = max(gm.reg_max(X, y, norm=norm, bias=bias), 1e-3) * rng.choice([1e-3, 0.02, 0.1, 0.4, 1.1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        layers = random_layers(rng, width, X.shape[1], bias, scale)
        descent = gm.descend(layers, X, y, reg, norm=norm, bias=bias)
    assert descent.width == width
    return audit(descent, X, y, reg, norm, bias)


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(17))
def test_random_networks_of_the_least_width(seed, scale):
    """Four problems each, 204 in all."""
    rng = np.random.default_rng([seed, int(10 * scale)])
    for _ in range(4):
        random_descent(rng, scale)


def trained_descent(seed, norm):
    """From a network of scikit-learn of the least width; what `audit` says."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(8 + seed, 2))
    y = np.abs(X[:, 0]) - X[:, 1]
    alpha, solver = [0.0, 0.3][seed % 2], ["lbfgs", "adam"][seed // 2 % 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = MLPRegressor(
            hidden_layer_sizes=len(X), alpha=alpha, solver=solver, max_iter=300, random_state=seed
        ).fit(X, y)
    return audit(gm.descend(trained, X, y, 0.2, norm=norm), X, y, 0.2, norm)


@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("seed", range(10))
def test_networks_of_scikit_learn(seed, norm):
    trained_descent(seed, norm)


def test_a_network_of_pytorch():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    X, y = gm.datasets.ramps()
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, len(X)), torch.nn.ReLU(), torch.nn.Linear(len(X), 1))
    audit(gm.descend(model, X, y, 0.1), X, y, 0.1)


@pytest.mark.parametrize(("name", "trap"), [("without", TRAP), ("with", TRAP_WITH_BIAS)])
def test_traps_are_left_with_a_third_neuron(name, trap):
    X, y, W, b, alpha, t, bias = trap
    layers = [(W, b), ([alpha], [t])]
    descent = gm.descend(layers, X, y, 1, bias=bias, width=3)
    joints = [descent.losses[0]]
    joints += [
        value for value in descent.losses[1:] if value < joints[-1] - 1e-9
    ]  # those at which something was won
    np.testing.assert_allclose(joints, STORED_JOINTS[name], rtol=1e-12)
    audit(descent, X, y, 1, bias=bias)
    with pytest.raises(OptionError, match=r"2 neurons, and at least 3 neurons are needed .* with width=3"):
        gm.descend(layers, X, y, 1, bias=bias)


@pytest.mark.parametrize("trap", [TRAP, TRAP_WITH_BIAS])
def test_with_two_neurons_the_traps_hold(trap):
    """Nothing nearby is lower, so that no path at all leads down."""
    X, y, W, b, alpha, t, bias = (np.array(part, dtype=float) for part in trap)
    rng, here = np.random.default_rng(0), objective((W, b, alpha, t), X, y, 1, 1)
    for size in (0.1, 0.01, 0.001):
        for _ in range(300):
            nearby = [part + size * rng.normal(size=part.shape) for part in (W, b * bias, alpha, t)]
            nearby[1], nearby[3] = nearby[1] * bias, nearby[3] * bias
            assert objective(nearby, X, y, 1, 1) > here


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("name", degenerate())
def test_degenerate_data_and_neurons(name, norm, bias):
    """Twice the same neuron, one on no sample, one of weight zero, and one that nothing depends on."""
    X, y = degenerate()[name]
    rng, d, size = np.random.default_rng(0), X.shape[1], np.abs(X).max() or 1.0
    W = np.vstack([rng.normal(size=(least_width(X, bias), d)) / size, np.zeros((2, d))])
    b, alpha = rng.normal(size=len(W)) * bias, rng.normal(size=len(W))
    W[-3], b[-3], alpha[-3] = W[0], b[0], 2.0
    b[-2:] = 3.0 * bias, -3.0 * bias
    W, b, alpha = np.vstack([W, W[0]]), np.append(b, b[0]), np.append(alpha, 0.0)
    reg = 0.1 * max(gm.reg_max(X, y, norm=norm, bias=bias), 1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        descent = gm.descend([(W, b), (alpha[None], np.zeros(1))], X, y, reg, norm=norm, bias=bias)
    audit(descent, X, y, reg, norm, bias)


def test_features_of_a_smaller_rank_need_fewer_neurons():
    """On a line through the origin, without a bias, two features span all."""
    X, y = np.arange(-3.0, 4.0)[:, None], np.array([3.0, 1, 2, 0, -1, 2, 2])
    layers = random_layers(np.random.default_rng(0), 3, 1, False, 1.0)
    descent = gm.descend(layers, X, y, 0.5, bias=False)
    assert descent.width == 3
    audit(descent, X, y, 0.5, bias=False)
    with pytest.raises(OptionError, match="2 neurons, and at least 3 neurons"):
        gm.descend(random_layers(np.random.default_rng(0), 2, 1, False, 1.0), X, y, 0.5, bias=False)


@pytest.mark.parametrize(("knee", "t"), [(0.25, -1.0), (-0.25, 0.0)])
def test_an_optimal_network_of_merged_neurons_comes_to_one_of_wedges(knee, t):
    """y = x² at −2, …, 2: two neurons are optimal, and none of them is a wedge; the way there is level."""
    X, y = np.arange(-2.0, 3.0)[:, None], np.arange(-2.0, 3.0) ** 2
    layers = [(ROOT * np.array([[1.0], [-1]]), np.full(2, ROOT * knee)), (np.full((1, 2), ROOT), [t])]
    descent = gm.descend(layers, X, y, 0.5, width=5)
    assert {segment.kind for segment in descent.segments} == {"balance", "swap"}
    np.testing.assert_allclose(descent.losses, 2.5, rtol=1e-12)
    assert len(descent.network) == 4
    audit(descent, X, y, 0.5)


def test_an_optimal_network_stays():
    X, y = gm.datasets.peaks(12)
    solution = gm.derive(X, y, reg=0.1)
    descent = gm.descend(solution.network, X, y, 0.1, width=len(X))
    np.testing.assert_allclose(descent.losses, solution.objective, rtol=1e-9)
    audit(descent, X, y, 0.1)


@pytest.mark.parametrize(("apart", "kinds"), [(3e-14, {"prune"}), (1e-11, set())])
def test_two_neurons_that_are_nearly_the_same(apart, kinds):
    """Up to rounding their features are dependent, and one goes without a change of the outputs."""
    X, y = np.array([[0.0], [1], [2], [4]]), np.array([0.0, 1, 0, 2])
    layers = [([[1], [1]], [-0.5, -0.5 + apart]), ([[0.5, 0.7]], [0])]
    descent = gm.descend(layers, X, y, 0.1, width=4)
    assert {segment.kind for segment in descent.segments} & {"prune"} == kinds
    audit(descent, X, y, 0.1)


@pytest.mark.parametrize(("share", "neurons"), [(1e-11, 1), (1e-13, 0)])
def test_an_atom_that_is_hardly_above_reg(share, neurons):
    """From zero neurons, where reg is below reg_max by such a share."""
    X, y = [[0.0], [1], [3]], [0.0, 1, 5]
    zero = [(np.zeros((3, 1)), None), (np.zeros((1, 3)), None)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        descent = gm.descend(zero, X, y, gm.reg_max(X, y) * (1 - share))
    assert len(descent.network) == neurons


@pytest.mark.parametrize("large", [1e3, 1e6, 1e12])
def test_weights_that_are_far_too_large(large):
    """A whole step to the optimum ends at their rounding, from where another one leads to that of the optimum."""
    X, y = np.array([[0.0], [1], [3]]), np.array([0.0, 1, 5])
    layers = random_layers(np.random.default_rng(0), 3, 1, True, large)
    audit(gm.descend(layers, X, y, 0.1), X, y, 0.1)


@pytest.mark.parametrize(("large", "vanishes"), [(3e11, False), (3e13, True)])
def test_an_amount_that_comes_to_rounding(large, vanishes):
    """One neuron with the optimal unit, larger than its best amount by such a factor."""
    X, y = [[0.0], [1], [3]], [0.0, 1, 5]
    (neuron,) = gm.derive(X, y, reg=2.0).network.neurons
    layers = [([large * neuron.weight], [large * neuron.bias]), ([[neuron.outer]], None)]
    descent = gm.descend(layers, X, y, 2.0, width=3)
    assert (np.count_nonzero(descent.segments[1].weights(1)[2]) == 0) == vanishes


def test_what_it_prints_and_where_it_can_be_looked_at():
    X, y, W, b, alpha, t, _ = TRAP_WITH_BIAS
    descent = gm.descend([(W, b), ([alpha], [t])], X, y, 1, width=3)
    assert repr(descent) == "Descent(9 -> 7, width 3: 1 balance, 1 swap, 2 descend)"
    assert str(descent).splitlines()[1] == "swap     9 -> 8"
    assert repr(descent.segments[1]) == "Segment('swap', 9 -> 8)"
    for s in (-0.1, 1.1, np.nan):
        with pytest.raises(OptionError, match="from 0 to 1"):
            descent.segments[0].weights(s)
    assert gm.optimal_set(descent.solution).unique_over_dictionary is not None


def test_a_search_says_what_it_is():
    X, y = gm.datasets.peaks(4)
    layers = random_layers(np.random.default_rng(0), 4, 2, True, 1.0)
    assert gm.descend(layers, X, y, 0.1, dictionary="local").certificate.coverage.scope == "local"


X5, Y5 = [[0], [1], [2], [4], [5]], [0, 1, 0, 2, 1]
FIVE = [(np.ones((5, 1)), np.arange(5.0)), (np.ones((1, 5)), [0])]
REFUSED = {
    "norm 2": (FIVE, {"norm": 2}, UnsupportedProblem, "norm=2"),
    "depth": ([FIVE[0], (np.eye(5), None), FIVE[1]], {}, UnsupportedProblem, "a network of 3 layers"),
    "one layer": ([([[1]], [0])], {}, UnsupportedProblem, "a network of 1 layers"),
    "outputs": (FIVE, {"y": np.eye(5)}, UnsupportedProblem, "5 outputs"),
    "a part of all atoms": (FIVE, {"dictionary": "wedge"}, UnsupportedProblem, "dictionary='wedge'"),
    "narrower than the model": (FIVE, {"width": 4}, OptionError, "width=4 and the network has 5 neurons"),
    "no width": (FIVE, {"width": 5.5}, OptionError, "width=5.5"),
    "another table": (FIVE, {"X": np.eye(5)}, DataError, "takes 1 features"),
    "biases": (FIVE, {"bias": False}, OptionError, "bias=False, and the network has biases"),
    "not trained": (MLPRegressor(), {}, DataError, "not fitted"),
    "no network": ("model", {}, UnsupportedProblem, "of type str"),
    "reg": (FIVE, {"reg": 0}, OptionError, "reg=0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    model, options, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        gm.descend(model, **({"X": X5, "y": Y5, "reg": 0.1} | options))
