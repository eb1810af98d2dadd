"""Degenerate data are normal input: right answers, no exception, no NaN."""

import warnings

import numpy as np
import pytest
from problems import degenerate, objective

import geomnn as gm

oracles = pytest.importorskip("oracles", reason="the oracle needs CVXPY with Clarabel")

SCALE = {"large features": 1e6, "small features": 1e-6, "large and small features": 1.0}


def derive(X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", gm.errors.ConstantNetworkWarning
        )  # constant targets are among the data
        return gm.derive(X, y, **options)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_degenerate_data_reach_the_optimum(name, norm, bias, loss):
    X, y = degenerate()[name]
    if loss == "logistic":
        y = np.where(y > 0, 1.0, -1.0)
        if (y == y[0]).all():
            pytest.skip("one class has no logistic minimiser; test_errors covers the refusal")
    reg = 0.1 * SCALE.get(name, 1.0)
    solution = derive(X, y, reg=reg, norm=norm, bias=bias, loss=loss)
    value = objective(solution, X, y, reg, norm, loss)
    lower, upper = oracles.optimum_bounds(X, y, reg, norm, bias, loss)
    assert upper - lower <= 1e-6 * upper + 1e-12
    assert lower * (1 - 1e-6) - 1e-12 <= value <= upper * (1 + 1e-6) + 1e-12
    assert solution.certificate.coverage.scope == "global"
    assert solution.certificate.gap <= 1e-9 * value + 1e-15
    for neuron in solution.network.neurons:
        assert np.isfinite(neuron.weight).all()
        assert np.linalg.norm(neuron.weight, ord=norm) > 0


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_degenerate_data_with_softmax(name, norm, bias):
    """Two classes: outputs ±f/2 cost √2 times less than f, so √2 reg makes it the logistic problem."""
    X, y = degenerate()[name]
    if (y > 0).all() or (y <= 0).all():
        pytest.skip("one class has no minimiser; test_errors covers the refusal")
    reg = 0.1 * SCALE.get(name, 1.0)
    lower, upper = oracles.optimum_bounds(X, np.where(y > 0, 1.0, -1.0), reg, norm, bias, "logistic")
    solution = derive(
        X, np.eye(2)[(y > 0).astype(int)], reg=np.sqrt(2) * reg, norm=norm, bias=bias, loss="softmax"
    )
    assert lower * (1 - 1e-6) - 1e-12 <= solution.objective <= upper * (1 + 1e-6) + 1e-12
    assert solution.certificate.coverage.scope == "global"
    assert solution.certificate.gap <= 1e-9 * solution.objective + 1e-15


# each table with each norm, with or without a bias in turn
@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "norm", "bias"),
    [
        (name, norm, (i + k) % 2 == 0)
        for i, name in enumerate(degenerate())
        for k, norm in enumerate((1, 2, np.inf))
        if name != "large and small features"
    ],
)
def test_degenerate_data_with_two_outputs(name, norm, bias):
    X, y = degenerate()[name]
    Y = np.column_stack([y, np.roll(y, 2)])
    reg = 0.1 * SCALE.get(name, 1.0)
    lower, upper = oracles.optimum_two_outputs(X, Y, reg, norm, bias)
    solution = derive(X, Y, reg=reg, norm=norm, bias=bias)
    value = objective(solution, X, Y, reg, norm)
    assert lower * (1 - 1e-7) - 1e-9 <= value <= upper * (1 + 1e-6) + 1e-9
    assert solution.certificate.coverage.scope == "global"
    assert solution.certificate.gap <= 1e-7 * value + 1e-15


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_repeating_a_sample_is_weighting_it(loss, norm):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 2)), np.array([1.0, -1, 1, -1, -1, 1])
    twice = derive(np.repeat(X, 2, axis=0), np.repeat(y, 2), reg=0.2, norm=norm, loss=loss)
    once = derive(X, y, reg=0.1, norm=norm, loss=loss)
    assert twice.objective == pytest.approx(2 * once.objective, rel=1e-8)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_a_large_common_offset_changes_nothing(norm):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(8, 2)).round(3), rng.normal(size=8)
    far = derive(X + 2.0**30, y, reg=0.1, norm=norm, tol=1e-6)  # w·x + b itself rounds at 1e9·eps
    near = derive(X, y, reg=0.1, norm=norm)
    assert far.certificate.dual == pytest.approx(near.certificate.dual, rel=1e-6)


def test_scaling_samples_and_reg_together_scales_the_weights():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    for norm in (1, 2, np.inf):
        values = [derive(s * X, y, reg=0.1 * s, norm=norm).objective for s in (1e-6, 1.0, 1e6)]
        np.testing.assert_allclose(values, values[1], rtol=1e-9)


def test_scaling_targets_and_reg_together_scales_the_objective():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    for norm in (1, 2, np.inf):
        values = [derive(X, s * y, reg=0.1 * s, norm=norm).objective / s**2 for s in (1e-6, 1.0, 1e6)]
        np.testing.assert_allclose(values, values[1], rtol=1e-9)
