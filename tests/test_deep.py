"""Deep networks: the program over wedges of wedges, its networks and its certificates."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy
from oracles import three_layer_optimum
from problems import degenerate

import geomnn as gm
from geomnn.atoms import FeatureWedge
from geomnn.checker.statements import Falsehood
from geomnn.errors import DataError, EnumerationTooLarge, OptionError, UnsupportedProblem

RAMPS = np.array([[0.0], [1.0], [3.0], [4.0], [6.0]]), np.array([0.0, 1.0, 0.0, 2.0, 1.0])


def draw(seed, n=4, d=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).round(1), rng.normal(size=n).round(1)


@cache
def solved(bias, depth):
    """The table of these tests, with a bias that of one column, and its optimum."""
    X, y = RAMPS if bias else draw(3)
    return X, y, gm.derive(X, y, reg=0.05, bias=bias, depth=depth)


def forward(layers, X):
    """What PyTorch would do with these weights."""
    for weights, offsets in layers[:-1]:
        X = np.maximum(X @ weights.T + (0 if offsets is None else offsets), 0.0)
    weights, offsets = layers[-1]
    return (X @ weights.T + (0 if offsets is None else offsets))[:, 0]


def path_cost(layers):
    """Σ over paths of the product of |weights|."""
    product = np.eye(layers[0][0].shape[1])
    for weights, _ in layers:
        product = np.abs(weights) @ product
    return float(product.sum())


SMALL = [(3, 2, False, 0), (3, 1, True, 1), (4, 1, True, 2), (4, 2, False, 3), (3, 2, True, 4)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("n", "d", "bias", "seed"), SMALL)
@pytest.mark.slow
def test_three_layers_meet_an_oracle_without_the_theory(n, d, bias, seed):
    X, y = draw(seed, n, d)
    solution = gm.derive(X, y, reg=0.05, bias=bias, depth=3)
    assert solution.certificate.coverage.scope == "global"
    assert solution.certificate.relative_gap <= 1e-9
    assert solution.objective == pytest.approx(three_layer_optimum(X, y, 0.05, bias), rel=1e-6)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.one_in(3)
def test_the_network_has_the_objective(depth, bias):
    X, y, solution = solved(bias, depth)
    net, layers = solution.network, solution.network.layers
    assert net.depth == depth == solution.certificate.coverage.depth == len(layers)
    np.testing.assert_allclose(forward(layers, X), net(X), atol=1e-12)
    value = 0.5 * np.sum((net(X) - y) ** 2) + 0.05 * path_cost(layers)
    assert value == pytest.approx(solution.objective, rel=1e-9)
    assert ("two-layer" if depth == 2 else f"parallel {depth}-layer") in solution.certificate.statement()


@pytest.mark.slow
def test_depth_never_costs_and_sometimes_saves():
    for seed in range(6):
        X, y = draw(seed, 4, 1)
        values = [gm.derive(X, y, reg=0.05, depth=depth).objective for depth in (2, 3, 4)]
        assert values[1] <= values[0] * (1 + 1e-9)
        assert values[2] <= values[1] * (1 + 1e-9)
    X, y = draw(2, 4, 1)
    assert gm.derive(X, y, reg=0.05, depth=3).objective < 0.98 * gm.derive(X, y, reg=0.05).objective


@pytest.mark.parametrize("bias", [True, False])
def test_exact_three_layers(bias):
    X, y = draw(3) if not bias else RAMPS
    exact = gm.derive(X, y, reg=0.05, bias=bias, depth=3, exact=True)
    assert exact.certificate.gap == 0
    assert exact.certificate.exact
    assert isinstance(exact.objective, Fraction)
    assert float(exact.objective) == pytest.approx(
        gm.derive(X, y, reg=0.05, bias=bias, depth=3).objective, rel=1e-9
    )
    points = [
        [Fraction(k, 7) for k in row] for row in np.random.default_rng(0).integers(-9, 9, (5, X.shape[1]))
    ]
    symbols = sympy.symbols(f"a1:{X.shape[1] + 1}")
    formula = exact.network.to_sympy(symbols)
    for point, value in zip(points, exact.network(points), strict=True):
        assert isinstance(value, Fraction)
        there = formula.subs(dict(zip(symbols, map(sympy.Rational, map(str, point)), strict=True)))
        assert Fraction(str(there)) == value
    np.testing.assert_allclose(exact.network.numeric()(X), exact.network(X), atol=1e-12)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("depth", [3, 4])
@pytest.mark.slow
def test_saved_networks_come_back(tmp_path, exact, depth):
    if exact:
        X, y = draw(1, 3, 1) if depth == 4 else RAMPS
        net = gm.derive(X, y, reg=0.05, depth=depth, exact=True).network
    else:
        X, _, solution = solved(True, depth)
        net = solution.network
    net.save(tmp_path / "net.json")
    back = gm.AnalyticNetwork.load(tmp_path / "net.json")
    assert str(back) == str(net)
    assert back.depth == depth
    np.testing.assert_array_equal(back(X), net(X))
    back.save(tmp_path / "again.json")
    assert (tmp_path / "net.json").read_bytes() == (tmp_path / "again.json").read_bytes()


@pytest.mark.slow
def test_names_give_the_weights():
    """×(K_{j,S} : j ∈ J) on the features S, with the column of ones where there are biases."""
    for bias in (True, False):
        table, _, solution = solved(bias, 4)
        net = solution.network
        for layer in [*net.below, None]:
            atoms = layer.atoms if layer is not None else [neuron.atom for neuron in net.neurons]
            for atom in atoms:
                if isinstance(atom, FeatureWedge):
                    K = table[np.ix_(atom.samples, atom.support)]
                    K = np.column_stack([K, np.ones(len(K))]) if bias else K
                    normal = atom.orientation * gm.algebra.cross_product(K)
                    found = np.append(atom.weight[list(atom.support)], [atom.bias] * bias)
                    length = np.abs(normal[: len(atom.support)]).sum()
                    np.testing.assert_allclose(normal / length, found, atol=1e-9)
                    assert np.count_nonzero(atom.weight) == len(atom.support)
            table = layer(table) if layer is not None else table


def test_sympy_and_latex_of_depth():
    X, y = RAMPS
    net = gm.derive(X, y, reg=0.05, depth=3).network
    x = sympy.Symbol("x")
    formula = sympy.lambdify(x, net.to_sympy([x]), "numpy")
    np.testing.assert_allclose([float(formula(v)) for v in X[:, 0]], net(X), atol=1e-12)
    assert "k_{0}(x)" in net.to_latex()
    assert "k0(x) = " in str(net)


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", list(degenerate()))
def test_degenerate_data(name, bias):
    """Right values, from the network itself, and no worse than with two layers."""
    X, y = (np.asarray(part)[:3] for part in degenerate()[name])
    solution = gm.derive(X, y, reg=0.05, bias=bias, depth=3)
    net = solution.network
    cost = sum(abs(neuron.coefficient) for neuron in net.neurons)
    value = 0.5 * np.sum((net(X) - y) ** 2) + 0.05 * cost
    assert value == pytest.approx(solution.objective, rel=1e-8, abs=1e-15)
    assert solution.certificate.relative_gap <= 1e-8
    shallow = gm.derive(X, y, reg=0.05, bias=bias).objective
    assert solution.objective <= shallow * (1 + 1e-8) + 1e-15


def test_other_losses_and_outputs():
    X = RAMPS[0][:4]
    for loss, y in (
        ("logistic", [1, -1, 1, -1]),
        ("softmax", np.eye(2)[[0, 1, 0, 1]]),
        ("squared", np.eye(4)[:, :2]),
    ):
        solution = gm.derive(X, y, reg=0.05, depth=3, loss=loss)
        assert solution.certificate.relative_gap <= 1e-8
        assert solution.objective <= gm.derive(X, y, reg=0.05, loss=loss).objective * (1 + 1e-8)
        assert solution.network(X).shape == np.shape(y)


def test_nothing_to_wedge_is_a_constant():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        solution = gm.derive(np.ones((3, 2)), [0.0, 1.0, 2.0], depth=3)
    np.testing.assert_allclose(solution.network(np.ones((3, 2))), 1.0)


def test_a_large_reg_is_a_constant():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        solution = gm.derive(*RAMPS, reg=1e3, depth=3)
    assert solution.network.depth == 2 or not len(solution.network)


def test_what_depth_is_not_for():
    X, y = RAMPS
    for depth in (1, 0, 2.5, "3", True):
        with pytest.raises(OptionError, match="depth="):
            gm.derive(X, y, depth=depth)
    with pytest.raises(UnsupportedProblem, match="norm=1"):
        gm.derive(X, y, depth=3, norm=2)
    for dictionary in ("wedge", "sampled"):
        with pytest.raises(UnsupportedProblem, match="dictionary="):
            gm.derive(X, y, depth=3, dictionary=dictionary)
    rng = np.random.default_rng(0)
    with pytest.raises(EnumerationTooLarge):
        gm.derive(rng.normal(size=(200, 8)), rng.normal(size=200), depth=3, dictionary="all")
    with pytest.raises(EnumerationTooLarge, match="exact=False"):
        gm.derive(rng.normal(size=(4, 2)).round(1), rng.normal(size=4), depth=3, exact=True)
    with pytest.raises(EnumerationTooLarge, match="depth=2"):
        gm.derive(rng.normal(size=(30, 2)), rng.normal(size=30), depth=3, dictionary="all")


def test_pictures_are_not_made_for_depth():
    X, y = RAMPS
    solution = gm.derive(X, y, reg=0.05, depth=3)
    with pytest.raises(OptionError, match="3 layers"):
        gm.plotting.plot_network(solution.network, X, y)


@pytest.mark.parametrize(("bias", "depth"), [(True, 3), (False, 3), (True, 4)])
def test_certificates_of_depth_are_checked_without_the_solver(tmp_path, bias, depth):
    X, y = draw(1, 3, 1) if depth == 4 else RAMPS if bias else draw(3, 3)
    solution = gm.derive(X, y, reg=0.05, bias=bias, depth=depth, exact=True)
    gm.exact.save_certificate(solution, tmp_path / "certificate.json")
    *_, words = gm.exact.verify(tmp_path / "certificate.json", X, y)
    assert words == solution.certificate.statement()
    assert f"parallel {depth}-layer" in words
    document = gm.exact.certificate_document(solution)
    for wrong in (depth + 1, 2):
        changed = document | {"problem": document["problem"] | {"depth": wrong}}
        with pytest.raises(Falsehood):
            gm.exact.verify(changed, X, y)
    with pytest.raises(Falsehood):
        gm.exact.verify(document, X + 1, y)


def searched(monkeypatch, X, y, **options):
    """A network whose hidden features were searched, however few there are."""
    import geomnn.depth.lifting

    def too_many(*arguments):
        raise EnumerationTooLarge("all features")

    with monkeypatch.context() as context:
        context.setattr(geomnn.depth.lifting, "all_layers", too_many)
        return gm.derive(X, y, **options)


@pytest.mark.parametrize(
    ("n", "d", "bias"),
    [(4, 2, False), (5, 1, True), (4, 2, True), pytest.param(5, 2, False, marks=pytest.mark.slow)],
)
def test_features_that_are_searched_level_by_level_come_to_the_optimum(monkeypatch, n, d, bias):
    rng = np.random.default_rng(n + 10 * d + bias)
    X, y = rng.normal(size=(n, d)), rng.normal(size=n)
    best = gm.derive(X, y, reg=0.05, bias=bias, depth=3).objective
    found = searched(monkeypatch, X, y, reg=0.05, bias=bias, depth=3, time_limit=200.0)
    assert found.objective >= best * (1 - 1e-9)
    assert found.objective == pytest.approx(best, rel=1e-4)
    assert found.certificate.coverage.scope == "local"
    # the network says the same
    value = 0.5 * np.sum((found.network(X) - y) ** 2)
    value += 0.05 * sum(abs(neuron.coefficient) for neuron in found.network.neurons)
    assert value == pytest.approx(found.objective, rel=1e-9)


def test_a_search_below_is_never_called_global(monkeypatch):
    X, y = draw(3)
    with pytest.raises(EnumerationTooLarge, match="certify='milp' takes all features"):
        searched(monkeypatch, X, y, depth=3, dictionary="local", certify="milp", time_limit=2.0)
    for seconds in (-1, "long"):
        with pytest.raises(OptionError, match="time_limit="):
            searched(monkeypatch, X, y, depth=3, time_limit=seconds)


@pytest.mark.parametrize("n", [12, pytest.param(15, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_more_samples_than_can_be_enumerated_are_searched(n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = np.sin(2 * X[:, 0]) * X[:, 1]
    deep = gm.derive(X, y, reg=0.1, depth=3, time_limit=100.0)
    assert deep.certificate.coverage.scope == "local"
    assert deep.objective < gm.derive(X, y, reg=0.1).objective
    assert deep.network.depth == 3
    with pytest.raises(EnumerationTooLarge, match="dictionary='auto'"):
        gm.derive(X, y, reg=0.1, depth=4, dictionary="all")


def test_what_is_handed_down_is_the_slope_of_a_new_feature():
    """r' beside a linear program: how much F rises when a neuron may use a feature more."""
    from scipy.optimize import linprog

    from geomnn.depth.searched import _reduced
    from geomnn.samples import Samples

    rng = np.random.default_rng(0)
    K, r = rng.random((8, 3)) + 0.1, rng.normal(size=8) + 1.0
    samples = Samples(K, False)
    signs = np.sign(K @ rng.normal(size=3))

    def most(columns):
        """max F over the chamber, by weights that are split into positive and negative parts."""
        rows = signs[:, None] * columns
        gain = np.maximum(signs, 0.0) * r @ columns
        ball = np.ones(2 * columns.shape[1])
        limits = np.vstack([np.hstack([-rows, rows]), ball])
        found = linprog(np.append(-gain, gain), A_ub=limits, b_ub=np.append(np.zeros(8), 1.0))
        return -found.fun, found.x[: columns.shape[1]] - found.x[columns.shape[1] :]

    value, weight = most(K)
    reduced, gain = _reduced(samples, weight, r)
    assert gain == pytest.approx(value)
    for _ in range(10):
        feature = rng.random(8)
        feature *= 1.5 * gain / abs(reduced @ feature)
        assert most(np.column_stack([K, feature]))[0] > value * (1 + 1e-9)


@pytest.mark.slow
def test_a_searched_layer_more_never_costs_anything(monkeypatch):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(12, 2))
    y = np.sin(2 * X[:, 0]) + X[:, 1]
    flat = gm.derive(X, y, reg=0.1).objective
    for depth in (3, 4):
        deep = searched(monkeypatch, X, y, reg=0.1, depth=depth)
        assert deep.certificate.coverage.depth == deep.network.depth == depth
        assert not deep.certificate.stopped
        assert deep.objective <= flat * (1 + 1e-9)
        flat = deep.objective


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")
def test_a_deep_search_that_has_no_time_is_deep_and_says_so(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    for depth in (3, 4):
        hurried = searched(monkeypatch, X, y, reg=0.1, depth=depth, time_limit=1e-9)
        assert hurried.certificate.coverage.depth == hurried.network.depth == depth
        assert hurried.certificate.stopped
        assert "stopped before its end" in hurried.certificate.statement()


def test_weights_of_features_that_are_rounding_are_none(monkeypatch):
    from geomnn.depth import names
    from geomnn.samples import Samples

    rng = np.random.default_rng(0)
    samples = Samples(rng.uniform(size=(6, 3)), True)
    columns = Samples(samples.X[:, :2], True)
    atom = names.name_atom(columns, columns.unit_of(*_line(columns.X)), 1.0)
    unit = samples.unit_of(np.append(atom.weight, 1e-13), atom.bias)
    named = names.name_feature(samples, unit, 2)
    assert named.support == (0, 1)
    assert named.samples == (1, 4)
    monkeypatch.setattr(names, "NO_WEIGHT", 0.0)
    with pytest.raises(DataError, match="Rounding hides"):
        names.name_feature(samples, unit, 2)


def _line(table):
    """The line through rows 1 and 4 of a plane, ‖w‖_1 = 1."""
    weight = (table[4] - table[1])[::-1] * [1, -1]
    weight /= np.abs(weight).sum()
    return weight, -weight @ table[4]


@pytest.mark.parametrize("scale", [1e-6, pytest.param(1e6, marks=pytest.mark.slow), 1e9])
@pytest.mark.slow
def test_a_deep_search_of_features_of_any_size(monkeypatch, scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 2))
    y = np.sin(2 * X[:, 0]) + X[:, 1]
    plain = searched(monkeypatch, X, y, reg=0.3, depth=3).objective
    scaled = searched(monkeypatch, X * scale, y, reg=0.3 * scale, depth=3).objective
    assert scaled == pytest.approx(plain, rel=0.02)  # other digits, other walks
