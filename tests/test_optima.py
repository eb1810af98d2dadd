"""Optima: against values computed without the theory, and against the gap that is claimed."""

import numpy as np
import pytest
from problems import objective, references, spiral

import geomnn as gm


@pytest.mark.parametrize(("X", "y", "options", "norm", "optimum"), list(references()))
def test_reference_optima_are_reached_and_certified(X, y, options, norm, optimum):
    solution = gm.derive(X, y, norm=norm, **options)
    recomputed = objective(solution, X, y, options["reg"], norm, options["loss"])
    assert recomputed == pytest.approx(optimum, rel=1e-6)
    assert solution.objective == pytest.approx(recomputed, rel=1e-12)
    certificate = solution.certificate
    assert certificate.coverage.scope == "global"
    assert certificate.coverage.program == "all"
    assert not certificate.exact
    assert -1e-12 <= certificate.relative_gap <= 1e-9
    assert certificate.dual <= optimum * (1 + 2e-7)  # the stored values have errors of up to 1.2e-7
    assert certificate.largest_correlation <= 1 + 1e-6


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_certificates_and_dual_constraints_hold_on_larger_problems(norm, bias, loss):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(18, 2))
    y = X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=18)
    y = np.sign(y) if loss == "logistic" else y
    solution = gm.derive(X, y, reg=0.05, norm=norm, bias=bias, loss=loss)
    v, f = solution.dual, solution.network(X)
    assert solution.certificate.relative_gap <= (1e-9 if loss == "squared" else 1e-7)
    expected = y - f if loss == "squared" else y / (1 + np.exp(y * f))
    np.testing.assert_allclose(v, expected, atol=1e-9)
    # random units of the ball are no better than the certificate says
    w = rng.normal(size=(20000, 2))
    w /= np.linalg.norm(w, ord=norm, axis=1)[:, None]
    b = rng.uniform(-3, 3, size=20000) * bias
    assert np.abs(v @ np.maximum(X @ w.T + b, 0)).max() <= 0.05 * solution.certificate.largest_correlation * (
        1 + 1e-9
    )
    if bias:
        assert abs(v.sum()) <= 1e-9


@pytest.mark.one_in(3)
@pytest.mark.parametrize("norm", [2, 1, np.inf])
def test_no_gradient_trained_network_is_better(norm):
    from scipy.optimize import minimize

    rng = np.random.default_rng(3)
    X, y, reg, width = rng.normal(size=(8, 2)), rng.normal(size=8), 0.05, 20
    best = gm.derive(X, y, reg=reg, norm=norm).objective

    def training(theta):
        W, b, a = (
            theta[: 2 * width].reshape(width, 2),
            theta[2 * width : 3 * width],
            theta[3 * width : 4 * width],
        )
        f = np.maximum(X @ W.T + b, 0) @ a + theta[-1]
        penalty = np.sum(np.linalg.norm(W, ord=norm, axis=1) ** 2) + a @ a
        return 0.5 * np.sum((f - y) ** 2) + reg / 2 * penalty

    trained = min(minimize(training, rng.normal(size=4 * width + 1), method="L-BFGS-B").fun for _ in range(3))
    assert trained >= best - 1e-9
    assert trained <= 2 * best  # or the comparison would say nothing


def test_spiral_of_the_paper():
    X, y = spiral()
    solution = gm.derive(X, y, reg=5e-4, norm=2, dictionary="wedge")
    assert objective(solution, X, y, 5e-4, 2) == pytest.approx(0.4034818360, abs=1e-9)
    assert len(solution.network) <= 160
    assert solution.certificate.coverage.scope == "dictionary"
    assert solution.certificate.coverage.program == "wedge"
    assert solution.certificate.relative_gap <= 1e-9
    assert all(len(n.atom.samples) == 2 and not n.atom.directions for n in solution.network.neurons)


def test_the_wedge_program_lies_above_the_exact_one():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    for norm in (1, 2, np.inf):
        exact = gm.derive(X, y, reg=0.1, norm=norm).objective
        wedge = gm.derive(X, y, reg=0.1, norm=norm, dictionary="wedge").objective
        assert wedge >= exact - 1e-9
        assert wedge <= 1.5 * exact


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_the_dual_is_the_residual_and_feasible(norm):
    for X, y in (
        ([[0.0], [1.0]], [0.0, 1.0]),
        ([[0.0, 0], [1, 1]], [28.0, -1.0]),
        ([[1.0], [1], [2]], [0.0, 1, 3]),
    ):
        solution = gm.derive(X, y, reg=0.05, norm=norm)
        np.testing.assert_allclose(solution.dual, np.array(y) - solution.network(X), atol=1e-9)
        assert solution.certificate.largest_correlation <= 1 + 1e-9


def test_interpolation_at_tiny_reg():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    for norm in (1, 2, np.inf):
        solution = gm.derive(X, y, reg=1e-6, norm=norm)
        assert solution.certificate.relative_gap <= 1e-9
        np.testing.assert_allclose(solution.network(X), y, atol=1e-3)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_reg_max_is_where_the_network_becomes_a_constant(loss, bias, norm):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    y = np.sign(y) if loss == "logistic" else y
    largest = gm.reg_max(X, y, norm=norm, bias=bias, loss=loss)
    with pytest.warns(gm.errors.ConstantNetworkWarning, match="reg_max"):
        constant = gm.derive(X, y, reg=largest * (1 + 1e-9), norm=norm, bias=bias, loss=loss)
    assert len(constant.network) == 0
    assert np.ptp(constant.network(X)) == 0
    assert len(gm.derive(X, y, reg=largest * 0.999, norm=norm, bias=bias, loss=loss).network) > 0
    if loss == "squared":  # of which a constant has a gap of less than all
        with pytest.warns(gm.errors.ConstantNetworkWarning, match=r"is below reg_max=.*smaller tol"):
            assert not len(gm.derive(X, y, reg=largest * 0.5, norm=norm, bias=bias, tol=0.999).network)
