"""Robust programs over a few atoms: the equations of Newton's steps, and the optima that they lead to."""

import sys

import cvxpy as cp
import numpy as np
import pytest

import geomnn as gm
from geomnn.bounds.interior_point import ENOUGH, interior_point
from geomnn.deadline import NEVER
from geomnn.robust.equations import Equations
from geomnn.robust.losses import WORST_LOSSES
from geomnn.robust.restricted import minimised
from geomnn.robust.rows import rows_of

LOSSES = sorted(WORST_LOSSES)


def rows_and_columns(loss, seed, n=5, points=40, atoms=30):
    """Rows of points in the plane, each of some sample, and columns of random units, some nearly the same."""
    random = np.random.default_rng(seed)
    sample = np.concatenate([np.arange(n), random.integers(0, n, points - n)])
    table = np.column_stack([random.uniform(-1, 1, (points, 2)), np.ones(points)])
    s, y = random.uniform(0.5, 2, n), random.choice([-1.0, 1.0], n)
    rows = rows_of(WORST_LOSSES[loss], s, y, sample, table)
    units = random.normal(size=(atoms, 3))
    units[1::3] = units[::3] + 1e-7 * random.normal(size=units[::3].shape)
    return rows, rows.columns(units, random.choice([-1.0, 1.0], atoms))


def equations(loss, bias, seed):
    rows, columns = rows_and_columns(loss, seed)
    inner = np.column_stack([rows.sign[:, None] * columns, *[rows.sign] * bias])
    return Equations(rows, inner, np.full(columns.shape[1], 0.05))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
def test_equations_are_those_of_the_program(loss, bias):
    """Q + A'WA from the definition, also where the heaviest row of each sample is 1e12 times the others."""
    program = equations(loss, bias, 1)
    begin, random = program.start(), np.random.default_rng(2)
    program.linearise(begin)
    unknowns = np.eye(len(begin.x))
    A = np.column_stack([program.along(unit) for unit in unknowns])
    Q = np.column_stack([program.curved(unit) for unit in unknowns])
    step, z = random.normal(size=len(begin.x)), random.normal(size=len(A))
    assert np.allclose(program.rows(begin.x + step) - program.rows(begin.x), A @ step)
    assert np.allclose(program.columns(z), A.T @ z)
    change = 1e-6 * step
    slopes = program.gradient(begin.x + change) - program.gradient(begin.x - change)
    assert np.allclose(slopes / 2e-6, Q @ step, atol=1e-6)
    for heavy in (1.0, 1e12):
        weights = random.uniform(0.5, 2, len(A))
        weights[: len(program.s)] *= heavy
        assert program.factor(weights)
        wanted = random.normal(size=len(begin.x))
        right = Q @ wanted + A.T @ (weights * (A @ wanted))
        # each solution is as good as the rows ask for: ‖√W A (x − wanted)‖ beside that of wanted
        off = np.sqrt(weights) * (A @ (program.solve(right) - wanted))
        assert np.abs(off).max() <= 1e-8 * np.abs(np.sqrt(weights) * (A @ wanted)).max()


def test_no_factor_of_weights_that_have_overflowed():
    program = equations("squared", True, 1)
    begin = program.start()
    program.linearise(begin)
    assert not program.factor(np.full(len(begin.slacks), np.inf))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_start_is_inside_all_rows(loss):
    begin = equations(loss, True, 3).start()
    assert begin.slacks.min() > 0
    assert begin.multipliers.min() > 0
    assert np.allclose(begin.slacks * begin.multipliers, begin.product)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # of the oracle, to ten digits
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("loss", LOSSES)
def test_optima_are_those_of_a_solver_of_cones(loss, seed, bias):
    rows, columns = rows_and_columns(loss, seed)
    reg, k = 0.05, columns.shape[1]
    a, t, worst = cp.Variable(k, nonneg=True), cp.Variable(), cp.Variable(len(rows.s))
    f = columns @ a + (t if bias else 0)
    least = {
        "hinge": lambda: cp.pos(worst),
        "logistic": lambda: cp.logistic(worst),
        "squared": lambda: cp.square(worst) / 2,
    }[loss]()
    held = worst[rows.sample] >= rows.constant + cp.multiply(rows.sign, f)
    value = cp.Problem(cp.Minimize(rows.s @ least + reg * cp.sum(a)), [held]).solve(cp.CLARABEL)
    sizes, shift, multipliers = minimised(rows, columns, reg, bias, np.inf)
    assert rows.value(columns @ sizes + shift) + reg * sizes.sum() == pytest.approx(value, rel=1e-6)
    proven = rows.feasible(multipliers, bias)
    largest = (-(proven * rows.sign) @ columns).max()
    assert rows.dual(min(1.0, reg / largest) * proven) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_programs_are_solved_to_ten_digits(loss):
    """What is attained and what is proven differ by less than is asked for, and hardly by less than that."""
    gaps = []
    for seed in range(8):
        rows, columns = rows_and_columns(loss, seed)
        sizes, shift, multipliers = minimised(rows, columns, 0.05, True, np.inf)
        multipliers = rows.feasible(multipliers, True)
        largest = (-(multipliers * rows.sign) @ columns).max()
        value = rows.value(columns @ sizes + shift) + 0.05 * sizes.sum()
        gaps.append((value - rows.dual(min(1.0, 0.05 / largest) * multipliers)) / value)
    assert 2e-12 <= max(gaps) <= 1e-9


def test_refined_steps_leave_less_of_the_gradient(monkeypatch):
    """Rounding of rows of large weights goes into the gradient, unless x and z are refined together."""

    def left():
        program = equations("squared", True, 5)
        end = interior_point(program, 1e-13, NEVER)
        return np.abs(program.gradient(end.x) + program.columns(end.multipliers)).max()

    refined = left()
    assert refined < 1e-10
    monkeypatch.setattr(Equations, "curved", lambda self, step: None)
    assert refined < left()


def test_a_tail_that_newton_steps_come_down_slowly():
    """log(1 + exp ρ) far below 0: the gradient falls by a factor e a step, and products of slacks wait for it."""
    X, y = np.array([[-1.0], [-0.5], [0.5], [1.0]]), np.array([-1.0, -1.0, 1.0, 1.0])
    found = gm.derive(X, y, reg=1e-3, loss="logistic", eps=0.1)
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6


def test_a_program_of_no_atoms():
    """Its optimum is the best constant; there is nothing to solve without an intercept."""
    rows, columns = rows_and_columns("squared", 4)
    _, shift, _ = minimised(rows, columns[:, :0], 0.1, True, np.inf)
    values = [rows.value(np.full(len(columns), level)) for level in np.linspace(shift - 0.1, shift + 0.1, 21)]
    assert min(values) == pytest.approx(values[10], rel=1e-9)
    sizes, shift, _ = minimised(rows, columns[:, :0], 0.1, False, np.inf)
    assert (len(sizes), shift) == (0, 0.0)


def test_robust_training_needs_no_solver_of_cones(monkeypatch):
    monkeypatch.setitem(sys.modules, "clarabel", None)
    X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [1.0, -1.0, 1.0]
    for robust in ("exact", "sum", "noflip"):
        assert gm.derive(X, y, eps=0.1, robust=robust).certificate.relative_gap <= 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_steps_are_refined_no_further_than_the_gap_asks_for(loss, monkeypatch):
    """Fewer solutions of equations, and the same optimum."""
    rows, columns = rows_and_columns(loss, 1, n=9, points=150, atoms=90)
    solve, solved, values = Equations.solve, [], []

    def counted(self, right):
        solved[-1] += 1
        return solve(self, right)

    monkeypatch.setattr(Equations, "solve", counted)
    for enough in (ENOUGH, 0.0):
        monkeypatch.setattr("geomnn.bounds.interior_point.ENOUGH", enough)
        solved.append(0)
        sizes, shift, _ = minimised(rows, columns, 0.05, True, np.inf)
        values.append(rows.value(columns @ sizes + shift) + 0.05 * sizes.sum())
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert solved[0] < 0.6 * solved[1]
