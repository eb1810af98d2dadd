"""Chains of unit width and absolute values on the line: optimal values, certificates, names and mirror images."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from problems import degenerate
from scipy.optimize import linprog

import geomnn as gm
from geomnn.absolute import AbsoluteFeatures
from geomnn.depth.chains import chain_layers, single
from geomnn.dictionaries import ChainDictionary
from geomnn.errors import DataError, EnumerationTooLarge, FormatError, OptionError, UnsupportedProblem
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.samples import Samples

X, Y = np.array([[0.0], [4.0], [5.0], [7.0], [10.0], [11.0]]), [0, 0, 0, 2, 3, 3]
MIRRORED = [
    ([0, 1, 3, 4, 6], [1, 0, 2, 1, 1], Fraction(1), Fraction(2)),
    ([0, 2, 3, 5], [0, 1, 0, 2], Fraction(1), Fraction(5, 2)),
]


def chains(x, depth, points):
    """All features of chains with anchors among the points, by the recursion itself, in Fractions."""
    features = {tuple(map(Fraction, x))}
    for _ in range(depth - 1):
        features = {
            tuple(max(s * (value - at), Fraction(0)) for value in phi)
            for phi in features
            for at in ([*phi, *points] if phi == tuple(x) else phi)
            for s in (1, -1)
        }
    return sorted(phi for phi in features if len(set(phi)) > 1)


def reflections(x):
    return [2 * a - b for a in x for b in x if a != b]


def least_cost(features, y):
    """min Σ|z| subject to Σ z φ + t = y, in float64, without the package."""
    F = np.array([[float(value) for value in phi] for phi in features]).T
    columns = np.hstack([F, -F, np.ones((len(y), 1)), -np.ones((len(y), 1))])
    cost = np.r_[np.ones(2 * F.shape[1]), 0, 0]
    found = linprog(cost, A_eq=columns, b_eq=np.asarray(y, dtype=float), method="highs")
    assert found.status == 0
    return found.fun


def lasso(features, y, reg):
    """min ½ ‖Fz + t − y‖² + reg Σ|z| by a conic solver."""
    cp = pytest.importorskip("cvxpy")
    F = np.array([[float(value) for value in phi] for phi in features]).T
    z, t = cp.Variable(F.shape[1]), cp.Variable()
    value = cp.sum_squares(F @ z + t - np.asarray(y, dtype=float)) / 2 + reg * cp.norm1(z)
    return cp.Problem(cp.Minimize(value)).solve(solver="CLARABEL")


def draw(seed, n=5):
    rng = np.random.default_rng(seed)
    return rng.choice(np.arange(-30, 30), n, replace=False) / 10, rng.integers(-20, 20, n) / 10


@pytest.mark.parametrize(("depth", "cost"), [(2, 2), (3, 1), (4, 1)])
def test_known_example_costs_exactly(depth, cost):
    """The dual point of a small reg, over reg, is a certificate of the limit: v·y − reg ‖v‖²/2 ≤ reg cost ≤ …"""
    values = []
    for reg in (Fraction(1, 1000), Fraction(1, 2000)):
        solution = gm.derive(X, Y, reg=reg, depth=depth, dictionary="chains", exact=True)
        assert solution.certificate.gap == 0
        values.append(solution.objective / reg)
        v = [entry / reg for entry in solution.dual]
        features = chains(
            [0, 4, 5, 7, 10, 11], depth, reflections([0, 4, 5, 7, 10, 11]) if depth == 4 else []
        )
        assert sum(v) == 0
        assert all(abs(sum(a * b for a, b in zip(v, phi, strict=True))) <= 1 for phi in features)
        assert sum(a * b for a, b in zip(v, Y, strict=True)) == cost  # the lower bound of the basis pursuit
    # the value is affine in reg there: cost − reg ‖v‖²/2
    assert 2 * values[1] - values[0] == cost
    fit = {
        2: {(5, None): Fraction(1), (7, None): Fraction(-2, 3), (10, None): Fraction(-1, 3)},
        3: {(5, 7): Fraction(2, 3), (5, 10): Fraction(1, 3)},
        4: {(5, 8): Fraction(1)},
    }[depth]
    ramps = [
        sum(z * (max(x - p, 0) - (max(x - q, 0) if q else 0)) for (p, q), z in fit.items()) for (x,) in X
    ]
    assert ramps == Y
    assert sum(map(abs, fit.values())) == cost


def mirrored_network():
    """The optimum of four layers with a fold at a reflection."""
    layers, samples = chain_layers(Samples(X, bias=True), 2, exact=True)
    table = samples.rows
    k = next(k for k, column in enumerate(zip(*table, strict=True)) if list(column) == Y)
    last = ExactNeuron(single(len(table[0]), k, 0, 1, Fraction(0), level=3), Fraction(1))
    net = AnalyticNetwork([last], Fraction(0), len(table[0]), 1.0, True)
    return net.over(layers[1], layers[0].width).over(layers[0], 1)


def test_one_ramp_with_a_mirror_interpolates(tmp_path):
    net = mirrored_network()
    assert list(net([[Fraction(int(x))] for x in X[:, 0]])) == Y
    assert list(net([[Fraction(15, 2)], [Fraction(8)], [Fraction(9)]])) == [Fraction(5, 2), 3, 3]
    assert str(net.below[0].atoms[0]) == "−⋆1 at 2x1 − x0"
    assert "(x − (2x1 − x0))" in str(net)
    assert "(2x_{1} - x_{0} - x)_+" in net.to_latex()
    x = sympy.Symbol("x", real=True)
    assert sympy.simplify(net.to_sympy([x]).subs(x, sympy.Rational(15, 2)) - sympy.Rational(5, 2)) == 0
    for kind in (net, net.numeric()):
        kind.save(tmp_path / "net.json")
        back = gm.AnalyticNetwork.load(tmp_path / "net.json")
        assert str(back) == str(kind)
        assert back.below[0].atoms[0].aside == (0, Fraction(-1))
        np.testing.assert_array_equal(back(X), kind(X))
        text = (tmp_path / "net.json").read_text()
        for right, wrong in (('"-1"', '"-2"'), ("2x1 − x0", "2x1 − x2"), ('"version": ', '"version": -')):
            (tmp_path / "net.json").write_text(text.replace(right, wrong))
            with pytest.raises(FormatError):
                gm.AnalyticNetwork.load(tmp_path / "net.json")


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_values_of_an_oracle_over_all_chains(depth):
    for seed in range(4):
        x, y = draw(seed)
        exact = [Fraction(round(10 * value), 10) for value in x]
        features = chains(exact, depth, reflections(exact) if depth == 4 else [])
        solution = gm.derive(x[:, None], y, reg=0.05, depth=depth, dictionary="chains")
        assert solution.certificate.relative_gap <= 1e-9
        assert solution.objective == pytest.approx(lasso(features, y, 0.05), rel=1e-6)
        v = solution.dual
        worst = max(abs(sum(a * float(b) for a, b in zip(v, phi, strict=True))) for phi in features)
        assert worst <= 0.05 * (1 + 1e-8)
        rational = gm.derive(x[:, None], y, reg=0.05, depth=depth, dictionary="chains", exact=True)
        assert rational.certificate.gap == 0
        assert float(rational.objective) == pytest.approx(solution.objective, rel=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("exact", [True, False])
def test_networks_are_chains_with_the_objective(depth, exact, tmp_path):
    x, y = draw(7, 6)
    solution = gm.derive(x[:, None], y, reg=0.05, depth=depth, dictionary="chains", exact=exact)
    net = solution.network
    assert net.depth == depth == len(net.layers)
    for weights, _ in net.layers[:-2]:
        assert (np.count_nonzero(weights, axis=1) == 1).all()
    cost = np.abs(np.linalg.multi_dot([np.abs(w) for w, _ in reversed(net.layers)])).sum()
    value = 0.5 * np.sum((net(x[:, None]) - y) ** 2) + 0.05 * cost
    assert value == pytest.approx(float(solution.objective), rel=1e-9)
    net.save(tmp_path / "net.json")
    assert str(gm.AnalyticNetwork.load(tmp_path / "net.json")) == str(net)
    words = solution.certificate.statement()
    assert f"parallel {depth}-layer chains of unit width" in words
    assert (solution.certificate.coverage.scope, solution.certificate.coverage.program) == (
        "dictionary",
        "chains",
    )


@pytest.mark.slow
def test_reflections_never_lower_the_cost_of_chains():
    for seed in range(20):
        x, y = draw(seed, 5)
        exact = [Fraction(round(10 * value), 10) for value in x]
        plain, mirrored = (least_cost(chains(exact, 4, points), y) for points in ([], reflections(exact)))
        assert mirrored == pytest.approx(plain, rel=1e-8, abs=1e-9)
        values = [
            gm.derive(x[:, None], y, 0.05, depth=depth, dictionary="chains").objective for depth in (2, 3, 4)
        ]
        assert values[1] == pytest.approx(values[2], rel=1e-8)
        assert values[1] <= values[0] * (1 + 1e-9)


def test_all_networks_are_no_worse_than_chains():
    x, y = draw(3, 4)
    for depth in (2, 3):
        general = gm.derive(x[:, None], y, reg=0.05, depth=depth).objective
        narrow = gm.derive(x[:, None], y, reg=0.05, depth=depth, dictionary="chains").objective
        assert general <= narrow * (1 + 1e-9)


@pytest.mark.parametrize(("x", "y", "deep", "plain"), MIRRORED)
def test_absolute_values_need_mirrors(x, y, deep, plain):
    """The certificate of reg, over reg, bounds the limit from below, and one feature is the whole fit."""
    features = AbsoluteFeatures(np.reshape(x, (-1, 1)))
    whole = [k for k, column in enumerate(zip(*features.table, strict=True)) if list(column) == y]
    assert len(whole) == 1
    assert any(kink not in x for kink in features.kinks[whole[0]])
    at_samples = [
        column
        for column, kinks in zip(zip(*features.table, strict=True), features.kinks, strict=True)
        if all(kink in x or not min(x) < kink < max(x) for kink in kinks)
    ]
    assert least_cost(at_samples, y) == pytest.approx(float(plain), rel=1e-9)
    assert least_cost(zip(*features.table, strict=True), y) == pytest.approx(float(deep), rel=1e-9)
    reg = Fraction(1, 10**6)
    columns = ChainDictionary(Samples(features.table, bias=True), columns=True)
    exact = gm.derive(features.table, y, reg, dictionary=columns, exact=True)
    assert exact.certificate.gap == 0
    assert deep - reg * 10 < exact.objective / reg <= deep


@pytest.mark.parametrize("hidden", [1, 2])
def test_absolute_features_are_what_they_say(hidden, tmp_path):
    x, y = draw(11, 5)
    features = AbsoluteFeatures(x[:, None], hidden)
    values = x[:, None]
    for layer in features.layers:
        values = layer(values)
    np.testing.assert_allclose(values, np.array(features.table, dtype=float), atol=1e-12)
    assert values.min(axis=0) == pytest.approx(0.0, abs=1e-12)
    solution = features.derive(y, reg=0.05)
    net = solution.network
    assert solution.objective == pytest.approx(lasso(zip(*features.table, strict=True), y, 0.05), rel=1e-6)
    cost = sum(abs(neuron.coefficient) for neuron in net.neurons)
    assert 0.5 * np.sum((net(x[:, None]) - y) ** 2) + 0.05 * cost == pytest.approx(
        solution.objective, rel=1e-9
    )
    net.save(tmp_path / "net.json")
    back = gm.AnalyticNetwork.load(tmp_path / "net.json")
    assert str(back) == str(net)
    symbol, points = sympy.Symbol("x", real=True), np.linspace(-4, 4, 9)
    formula = sympy.lambdify(symbol, net.to_sympy([symbol]), "numpy")
    np.testing.assert_allclose([float(formula(v)) for v in points], back(points[:, None]), atol=1e-10)
    assert "combination of the given features" in solution.certificate.statement()


def test_all_absolute_chains_are_covered():
    """No a and b have a larger |v·φ| than the listed ones, on a fine grid."""
    for seed in range(5):
        x, _ = draw(seed, 5)
        table = np.array(AbsoluteFeatures(x[:, None]).table, dtype=float)
        v = np.random.default_rng(seed).normal(size=5)
        v -= v.mean()
        a, b = np.meshgrid(np.linspace(-4, 4, 161), np.linspace(-8, 8, 161))
        chain = np.abs(np.abs(x - a.reshape(-1, 1)) + b.reshape(-1, 1))
        assert np.abs(chain @ v).max() <= np.abs(v @ table).max() * (1 + 1e-9)


def test_the_laws_of_a_dictionary():
    table = chain_layers(Samples(X, bias=True), 1, exact=False)[1].X
    for columns, values in product((True, False), (X, table)):
        gm.testing.check_dictionary(ChainDictionary(Samples(values, bias=True), columns))
    with pytest.raises(UnsupportedProblem, match="bias"):
        ChainDictionary(Samples(X, bias=False))


def test_a_dictionary_names_its_columns():
    """⋆ of the other directions is ± e_j, whatever j is."""
    table = chain_layers(Samples(X, bias=True), 1, exact=False)[1].X
    dictionary = ChainDictionary(Samples(table, bias=True))
    v = np.random.default_rng(0).normal(size=(6, 1))
    for unit in dictionary.price(v - v.mean(), 0.0, 20).units:
        atom = dictionary.name(unit, v)
        wedge = np.array([e.vector(table.shape[1]) for e in atom.directions])
        np.testing.assert_allclose(
            atom.orientation * gm.algebra.cross_product(wedge), atom.weight, atol=1e-12
        )
    float_like = gm.derive(table, Y, 0.05, dictionary=dictionary)
    exact = gm.derive(table, Y, 0.05, dictionary=dictionary, exact=True)
    assert float(exact.objective) == pytest.approx(float_like.objective, rel=1e-9)
    names = {str(atom) for atom in gm.optimal_set(exact).atoms}
    assert {str(n.atom) for n in (*exact.network.neurons, *float_like.network.neurons)} <= names


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0, 0, 1, 1, 3], [0, 1, 1, 0, 2]),
        ([2, 5], [0, 1]),
        ([0, 1, 3], [1, 1, 1]),
        ([2, 2, 2], [0, 1, 2]),
        ([1], [3]),
        ([0, 1e6, 3e6], [0, 1, 0]),
        ([0, 1e-6, 3e-6], [0, 1, 0]),
    ],
)
def test_degenerate_data(x, y, exact, depth):
    table = np.reshape(np.array(x, dtype=float), (-1, 1))
    solution = gm.derive(table, y, reg=1e-8, depth=depth, dictionary="chains", exact=exact)
    value = 0.5 * np.sum((solution.network(table) - y) ** 2) + 1e-8 * sum(
        abs(float(n.coefficient)) for n in solution.network.neurons
    )
    assert value == pytest.approx(float(solution.objective), rel=1e-7, abs=1e-14)
    folded = AbsoluteFeatures(table).derive(y, reg=1e-8)
    cost = 1e-8 * sum(abs(neuron.coefficient) for neuron in folded.network.neurons)
    value = 0.5 * np.sum((folded.network(table) - y) ** 2) + cost
    assert value == pytest.approx(folded.objective, rel=1e-7, abs=1e-14)


@pytest.mark.parametrize("name", ["one feature with ties", "one sample, one feature"])
@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
def test_shared_degenerate_data(name):
    x, y = degenerate()[name]
    assert gm.derive(x, y, reg=0.05, depth=4, dictionary="chains").certificate.relative_gap <= 1e-8


def test_other_losses_and_outputs():
    for loss, y in (("logistic", [1, -1, 1, -1, 1, 1]), ("squared", np.eye(6)[:, :2])):
        solution = gm.derive(X, y, reg=0.05, depth=3, loss=loss, dictionary="chains")
        assert solution.certificate.relative_gap <= 1e-8
        assert solution.network(X).shape == np.shape(y)
        with pytest.raises(UnsupportedProblem):
            gm.derive(X, y, reg=0.05, depth=3, loss=loss, dictionary="chains", exact=True)


def test_what_chains_are_not_for():
    square = np.column_stack([X[:, 0], X[:, 0] ** 2])
    for options, words in (
        ({"X": square}, "2 features"),
        ({"bias": False}, "bias=False"),
        ({"norm": 2}, "norm=2"),
        ({"depth": 5}, "depth=5"),
        ({"X": square, "depth": 2}, "2 features"),
    ):
        given = {"X": X, "y": Y, "depth": 3, "dictionary": "chains"} | options
        with pytest.raises(UnsupportedProblem, match=words) as caught:
            gm.derive(**given)
        assert "one feature, bias=True, norm=1 and depth 2, 3 or 4" in str(caught.value)
    with pytest.raises(UnsupportedProblem, match="2 features"):
        gm.reg_max(square, Y, dictionary="chains")
    with pytest.raises(EnumerationTooLarge, match="smaller depth"):
        gm.derive(np.arange(300.0)[:, None], np.arange(300.0) % 7, depth=4, dictionary="chains")
    with pytest.raises(DataError, match="2 columns"):
        AbsoluteFeatures(square)
    with pytest.raises(OptionError, match="hidden=3"):
        AbsoluteFeatures(X, 3)


def test_certificates_of_chains_are_not_written(tmp_path):
    solution = gm.derive(X, Y, reg=0.05, depth=3, dictionary="chains", exact=True)
    with pytest.raises(UnsupportedProblem, match="cannot be checked"):
        gm.exact.save_certificate(solution, tmp_path / "certificate.json")
    assert not (tmp_path / "certificate.json").exists()


def test_features_of_too_many_samples_are_refused_at_once():
    with pytest.raises(EnumerationTooLarge, match="features of absolute values"):
        AbsoluteFeatures(np.arange(200.0)[:, None])
    assert AbsoluteFeatures(np.arange(200.0)[:, None], hidden=1).layers
