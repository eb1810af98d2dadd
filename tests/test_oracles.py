"""The brute-force oracles agree with stored optima, with counting formulas and with each other."""

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cvxpy", reason="the oracles solve conic programs with CVXPY")
pytest.importorskip("clarabel", reason="the oracles use the conic solver Clarabel")

from oracles import arrangements, optimum, optimum_bounds, optimum_two_outputs

CASES = json.loads((Path(__file__).parent / "data" / "two_layer_optima.json").read_text())["cases"]
NORMS = ("l1", "l2", "linf")
GRID = np.array([[i, j] for i in range(3) for j in range(3)], dtype=float)


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def as_set(patterns):
    return {tuple(pattern) for pattern in patterns}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['dimension']}d-{c['loss']}-reg{c['reg']}")
def test_stored_optima(case, norm):
    value = optimum(case["X"], case["y"], case["reg"], norm, case["bias"], case["loss"])
    assert value == pytest.approx(case["optimum"][norm], rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['dimension']}d-{c['samples']}-bias{c['bias']}")
def test_stored_counts(case):
    assert len(arrangements(case["X"], case["bias"])) == case["arrangements"]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 3), (3, 4), (5, 1), (7, 2), (6, 3), (8, 3), (6, 4)])
def test_general_position(n, d, bias):
    patterns = arrangements(draw(n * 10 + d, n, d), bias)
    rank = d + bias
    # Without a bias, points on a line are all multiples of one vector.
    expected = 2 if rank == 1 else 2 * sum(comb(n - 1, k) for k in range(rank))
    assert patterns.dtype == bool
    assert len(patterns) == len(as_set(patterns)) == expected


@pytest.mark.parametrize(
    ("X", "bias", "count"),
    [
        (np.zeros((3, 2)), False, 1),
        (np.zeros((3, 2)), True, 2),
        (np.ones((4, 2)), False, 2),
        (np.ones((4, 2)), True, 2),
        (np.repeat(draw(1, 3, 2), 2, axis=0), False, 6),
        (np.repeat(draw(1, 3, 2), 2, axis=0), True, 8),
        (np.outer([0.1, 0.2, 0.3, 0.7, 0.9], [0.3, 0.1]) + 0.1, True, 10),
        (np.column_stack([draw(2, 6), np.full(6, 3.0)]), True, 12),
        (np.column_stack([draw(2, 6), np.full(6, 3.0)]), False, 12),
        (np.vstack([np.eye(2), -np.eye(2)]), False, 4),
        (np.vstack([np.eye(2), -np.eye(2)]), True, 14),
        (GRID, False, 10),  # the origin, and five lines through it
        (GRID, True, 58),  # linear dichotomies of the 3 × 3 grid
        (0.1 * GRID + 0.3, True, 58),
    ],
)
def test_degenerate_counts(X, bias, count):
    assert len(arrangements(X, bias)) == count


@pytest.mark.parametrize("bias", [False, True])
def test_scaled_columns_have_the_same_patterns(bias):
    X = draw(3, 6, 3)
    assert as_set(arrangements(X * [1e6, 1.0, 1e-6], bias)) == as_set(arrangements(X, bias))


@pytest.mark.parametrize("bias", [False, True])
def test_every_random_neuron_is_listed(bias):
    X = np.vstack([GRID[1:6], draw(4, 3, 2)])
    listed = as_set(arrangements(X, bias))
    for w, b in zip(draw(5, 2000, 2), draw(6, 2000), strict=True):
        active = X @ w + (b if bias else 0.0)
        assert np.abs(active).min() < 1e-6 or tuple(active > 0) in listed


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [False, True])
def test_single_sample(norm, bias):
    """One neuron along the sample: ½(f − y)² + reg |f| / ‖x‖_q in the dual norm; a constant is free."""
    x, y, reg = np.array([[3.0, -4.0]]), np.array([2.0]), 0.1
    slope = reg / np.linalg.norm(x[0], {"l1": np.inf, "l2": 2, "linf": 1}[norm])
    expected = 0.0 if bias else slope * y[0] - slope**2 / 2
    assert optimum(x, y, reg, norm, bias, "squared") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "X",
    [
        np.vstack([draw(7, 4, 2), np.zeros((1, 2))]),
        np.repeat(draw(8, 3, 2), 2, axis=0),
        np.ones((5, 3)),
        draw(9, 2, 4),
        np.column_stack([draw(10, 6), np.ones(6)]),
        0.1 * GRID + 0.3,
        draw(11, 6, 2) * [1e6, 1e-6],
    ],
    ids=["zero row", "repeated", "all equal", "n<d", "constant column", "grid", "scales"],
)
def test_bounds_meet_on_degenerate_samples(X, bias, loss):
    y = draw(12, len(X))
    y = y if loss == "squared" else np.where(y > 0, 1.0, -1.0)
    lower, upper = optimum_bounds(X, y, 0.05, "l2", bias, loss)
    assert lower <= upper * (1 + 1e-9)
    assert upper - lower <= 1e-7 * upper + 1e-12


@pytest.mark.parametrize("norm", NORMS)
def test_scaling_samples_is_scaling_the_penalty(norm):
    X, y = draw(13, 5, 2), draw(14, 5)
    value = optimum(X, y, 0.1, norm, True, "squared")
    assert optimum(1e6 * X, y, 1e5, norm, True, "squared") == pytest.approx(value, rel=1e-7)
    assert optimum(X, 1e-3 * y, 1e-4, norm, True, "squared") == pytest.approx(1e-6 * value, rel=1e-7)


def test_one_class_with_a_constant_costs_nothing():
    assert optimum(draw(15, 4, 2), np.ones(4), 0.1, "l2", True, "logistic") == 0.0


def test_large_penalty_leaves_the_constant():
    y = draw(16, 5)
    assert optimum(draw(17, 5, 2), y, 1e4, "l1", True, "squared") == pytest.approx(y.var() * 2.5, rel=1e-9)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("n", "d", "bias"), [(6, 2, True), (5, 3, False), (9, 1, True)])
def test_two_outputs(n, d, bias, norm):
    X, Y = draw(18, n, d), draw(19, n, 2)
    lower, upper = optimum_two_outputs(X, Y, 0.1, norm, bias)
    assert lower <= upper * (1 + 1e-9)
    assert upper - lower <= 2e-7 * upper
    c, s = np.cos(0.7), np.sin(0.7)
    low, high = optimum_two_outputs(X, Y @ np.array([[c, s], [-s, c]]), 0.1, norm, bias)
    assert low <= upper * (1 + 1e-9)
    assert lower <= high * (1 + 1e-9)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.6, -0.8)])
@pytest.mark.parametrize("bias", [False, True])
def test_two_outputs_of_rank_one(bias, direction, norm):
    X, y = draw(20, 5, 2), draw(21, 5)
    value = optimum(X, y, 0.1, norm, bias, "squared")
    lower, upper = optimum_two_outputs(X, np.outer(y, direction), 0.1, norm, bias)
    assert lower <= value * (1 + 1e-9)
    assert value <= upper * (1 + 1e-8)
    assert upper == pytest.approx(value, rel=3e-7)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "X",
    [
        np.ones((4, 2)),
        np.zeros((3, 2)),
        pytest.param(np.repeat(draw(22, 3, 2), 2, axis=0), marks=pytest.mark.slow),
    ],
)
def test_two_outputs_on_degenerate_samples(X, bias):
    lower, upper = optimum_two_outputs(X, draw(23, len(X), 2), 0.05, "l2", bias)
    assert lower <= upper * (1 + 1e-9)
    assert upper - lower <= 1e-6 * upper


def test_unmet_bounds_are_an_error(monkeypatch):
    monkeypatch.setattr("oracles.optimum_bounds", lambda *_: (0.0, np.inf))
    with pytest.raises(ArithmeticError, match="do not meet"):
        optimum(np.eye(2), [1.0, 2.0], 0.1, "l2", False, "squared")
