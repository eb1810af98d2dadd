"""Bounds of all unit neurons: their laws, what is refused, and what a certificate then says."""

import numpy as np
import pytest
from bench_depth import every_depth
from problems import degenerate

import geomnn as gm
from geomnn.bounds import BOUNDS
from geomnn.bounds.proving import percent
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.programs.problem import pose
from geomnn.testing import check_bound

FITTING = [
    (name, norm, bias)
    for name, kind in BOUNDS.items()
    for norm in (1, 2, np.inf)
    for bias in (True, False)
    if not kind.unfit(pose(np.eye(2), [0.0, 1.0], 0.1, norm, bias, "squared"))
]


def draw(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=n)


@pytest.mark.parametrize(
    ("name", "norm", "bias"),
    [pytest.param(*fitting, marks=[pytest.mark.slow] * (fitting[0] == "cells")) for fitting in FITTING],
)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_laws(name, norm, bias, d):
    check_bound(BOUNDS[name], *draw(9, d, d), reg=0.3, norm=norm, bias=bias)


# each bound and norm with each table, with or without a bias in turn
@pytest.mark.parametrize(
    ("name", "norm", "bias", "data"),
    [
        (*fitting, data)
        for i, data in enumerate(degenerate())
        for j, fitting in enumerate(FITTING)
        if (i + j + j // 2) % 2
    ],
)
@pytest.mark.one_in(3)
def test_laws_of_degenerate_data(name, norm, bias, data):
    X, y = degenerate()[data]
    check_bound(BOUNDS[name], X, y, 0.1, norm, bias)


@pytest.mark.parametrize(("name", "norm", "bias"), FITTING)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_bound_is_above_the_optimum(name, norm, bias, seed):
    X, y = draw(6 + 2 * seed, 1 + seed % 3, seed)
    best = gm.derive(X, y, reg=0.2, norm=norm, bias=bias)
    certificate = gm.derive(X, y, 0.2, norm=norm, bias=bias, dictionary="local", certify=name).certificate
    assert certificate.coverage.scope == "global"
    assert certificate.coverage.method == name
    assert certificate.dual <= best.objective * (1 + 1e-9)
    assert certificate.primal >= best.certificate.dual * (1 - 1e-9)
    beside = gm.derive(X, y, reg=0.2, norm=norm, bias=bias, certify=name).certificate
    assert beside.coverage == best.certificate.coverage
    assert beside.proven.value <= best.objective * (1 + 1e-9)
    assert beside.statement().startswith(best.certificate.statement())


def test_a_network_from_elsewhere():
    """Unbalanced weights and another intercept: the certificate is about the network as it is, and says more."""
    X, y = draw(12, 3)
    solution = gm.derive(X, y, reg=0.3)
    inner, biases, outer, t = solution.network.arrays()
    other = [(3 * inner, 3 * biases), (outer.T / 3, t + 0.1)]
    known = gm.bound(solution, method="milp").proven
    found = gm.bound(other, X, y, reg=0.3, method="milp")
    assert found.proven.balanced == pytest.approx(solution.objective, rel=1e-9)
    assert found.primal > solution.objective * 1.01
    assert found.dual == pytest.approx(known.value, rel=1e-5)
    assert "that it has when balanced" in found.statement()


def test_a_bound_is_at_least_zero_and_a_number():
    """No loss is below 0: features whose sizes differ by 1e10, values of 0, residuals outside of the domain."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(7, 3)) * [1e5, 1, 1e-5], [1, -1, 1, 1, -1, 1, -1]
    for norm in (1, 2, np.inf):
        certificate = gm.derive(X, y, 1e4, norm=norm, dictionary="local", certify="auto").certificate
        assert 0 <= certificate.dual <= certificate.primal * (1 + 1e-9)
    constant = gm.bound([([[0.0]], [0.0]), ([[0.0]], [5.0])], [[0], [1]], [3, 3], 0.1)
    assert constant.dual == 0.0
    assert "below this one (4)" in constant.statement()
    model = [([[1.0]], None), ([[11], [0], [0]], None)]
    classes = gm.bound(
        model, [[1], [2], [1.5]], np.eye(3)[[0, 0, 1]], 1.0, loss="softmax", bias=False, method="cells"
    )
    assert 0 <= classes.dual <= classes.primal
    assert "nfinity" not in classes.statement()


def test_what_is_refused():
    X, y = draw(8, 2)
    network = gm.derive(X, y, reg=0.3).network
    for call, kind, words in (
        (lambda: gm.bound(network), OptionError, "Give X, y and reg"),
        (lambda: gm.bound(gm.derive(X, y), X, y), OptionError, "leave them out"),
        (lambda: gm.bound(network, X[:, :1], y, reg=0.3), DataError, "takes 2 features"),
        (lambda: gm.bound(network, X, y, reg=0.3, method=None), OptionError, "the name of a bound"),
        (lambda: gm.bound(network, X, y, reg=0.3, method="lp"), OptionError, "'milp' was expected"),
        (lambda: gm.bound(3, X, y, reg=0.3), UnsupportedProblem, "an AnalyticNetwork"),
        (lambda: gm.bound([np.ones((1, 2))], X, y, reg=0.3), DataError, "one layer"),
        (lambda: gm.bound(network, X, y, reg=0.3, bias=False), OptionError, "has biases"),
        (lambda: gm.bound(network, X, y, reg=0.3, norm=2, method="milp"), UnsupportedProblem, "norm=2"),
        (lambda: gm.bound(network, X, y, reg=0.3, sample_weight=-np.ones(8)), DataError, "above 0"),
        (lambda: gm.bound(network, X, y, reg=0.3, sample_weight=np.ones(7)), DataError, "shape \\(7,\\)"),
        (lambda: gm.bound(gm.derive(X, y), norm=2), OptionError, "leave them out"),
        (
            lambda: gm.bound([np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 2))], X, y, reg=0.3, norm=2),
            UnsupportedProblem,
            "norm=2 and 3 layers",
        ),
    ):
        with pytest.raises(kind, match=words):
            call()


def test_gaps_are_rounded_up():
    assert percent(0.005030001) == "0.51 %"
    assert percent(0.0050) == "0.5 %"
    assert percent(2.0000001e-7) == "0.000021 %"
    assert percent(0.9999) == "100 %"


@pytest.mark.parametrize("kind", [gm.WedgeRegressor, gm.WedgeClassifier])
def test_estimators_carry_a_bound(kind):
    X, y = draw(20, 4)
    y = y if kind is gm.WedgeRegressor else np.sign(y)
    model = kind(reg=0.5, norm=1, dictionary="local", certify="stars", random_state=0).fit(X, y)
    certificate = model.solution_.certificate
    assert (certificate.coverage.scope, certificate.coverage.method) == ("global", "stars")
    assert certificate.dual <= certificate.primal
    with pytest.raises(OptionError, match="certify='lp'"):
        kind(certify="lp").fit(X, y)


def test_what_depth_can_buy():
    """A plan of transport bounds networks of any depth, at two layers and at three, and never below their optimum."""
    X, y = draw(6, 2)
    flat, deep = (gm.derive(X, y, 0.05, depth=depth, certify="transport") for depth in (2, 3))
    assert flat.certificate.coverage.depth == 2
    assert flat.certificate.proven.value <= deep.objective * (1 + 1e-9)
    assert deep.certificate.proven.value == pytest.approx(flat.certificate.proven.value, rel=1e-6)
    assert "No ReLU network of any depth and width" in deep.certificate.statement()
    found = gm.derive(X, y, 0.05, dictionary="local", certify="transport").certificate
    assert found.coverage.depth == "any"
    chains = gm.derive(X[:, :1], y, 0.05, dictionary="chains", depth=3, certify="auto").certificate
    assert {name for _, name, _ in chains.proven.history} == {"transport"}
    with pytest.raises(UnsupportedProblem, match="a network of 3 layers"):
        gm.bound(deep, method="stars")
    assert gm.bound(deep).proven.bound.name == "transport"


@pytest.mark.parametrize(("n", "d"), [(3, 2), (4, 1), (4, 2), (5, 2)])
def test_networks_of_every_depth(n, d):
    """All of them as polytopes, without a dictionary above the first layer: none is below a plan of transport."""
    X, y = draw(n, d, 5)
    values = [units.value(y, 0.05) for units in every_depth(X, 6)]
    least = gm.derive(X, y, 0.05, certify="transport").certificate.proven.value
    assert all(value >= least * (1 - 1e-7) for value in values)
    for depth in (2, 3) if n < 5 else (2,):
        assert values[depth - 2] == pytest.approx(gm.derive(X, y, 0.05, depth=depth).objective, rel=1e-7)


def test_search_and_bound_take_turns():
    """Both histories are on one clock, the network is the best of the searches, and the bound that of the proofs."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    solution = gm.derive(X, y, 2.0, dictionary="local", certify="stars", time_limit=60)
    proven = solution.certificate.proven
    times = [seconds for seconds, *_ in (*proven.searched, *proven.history)]
    assert min(times) == proven.searched[0][0]
    for moments in (proven.searched, proven.history):
        assert [*moments] == sorted(moments, key=lambda moment: moment[0])
    assert solution.objective == pytest.approx(min(primal for _, primal in proven.searched), rel=1e-3)
    assert proven.value == max(value for *_, value in proven.history)
    assert proven.seconds <= max(times) - proven.searched[0][0] + 1e-6
    assert gm.bound(solution, method="stars").proven.searched == ()


def test_an_exact_optimum_keeps_its_gap_of_zero():
    X, y = draw(8, 2)
    X, y = X.round(1), y.round(1)
    certificate = gm.derive(X, y, 0.3, exact=True, certify="stars").certificate
    assert certificate.gap == 0
    assert certificate.proven.value <= float(certificate.primal) * (1 + 1e-12)
    assert gm.derive(X, y, 0.3, exact=True, certify="auto").certificate.proven is None
