"""Bounds by plans: valid for every unit, below every optimum, and as close to it as the theory says."""

import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn.bounds.convex import BoxRelaxation
from geomnn.bounds.ellipsoids import EllipsoidRelaxation
from geomnn.bounds.interior_point import Iterate, Program, interior_point
from geomnn.bounds.metrics import metric_bound
from geomnn.bounds.nodes import Nodes
from geomnn.bounds.plans import EMPTY, ORIGIN, Plan, axis, costs, matched
from geomnn.bounds.relaxation import Fit, Pairs, nearest
from geomnn.bounds.shortening import shortened
from geomnn.bounds.stars import StarBound
from geomnn.bounds.transport import TransportBound
from geomnn.deadline import NEVER, Deadline
from geomnn.norms import ball
from geomnn.programs.problem import pose
from geomnn.samples import Samples

BOUNDS = [StarBound, TransportBound]


def proofs(kind, X, y, reg=0.2, norm=1, bias=True, loss="squared", weights=None, deadline=NEVER):
    """The problem and all proofs, from the residual of the constant."""
    problem = pose(X, y, reg, norm, bias, loss, weights)
    f = np.zeros_like(problem.targets) + problem.constant()
    return problem, list(kind(problem).proofs(problem.residual(f), f, deadline))


def check(problem, found, seed=0):
    """No random unit is above the maximum of a proof, v is of the dual problem, and values never fall."""
    rng, samples, p = np.random.default_rng(seed), problem.samples, problem.norm
    weights = rng.standard_normal((500, samples.d)) * (rng.random((500, samples.d)) < 0.7)
    weights = np.vstack([weights[weights.any(axis=1)], np.eye(samples.d), -np.eye(samples.d)])
    weights /= np.linalg.norm(weights, ord=p, axis=1)[:, None]
    activations = samples.activations(
        samples.through(weights, rng.integers(samples.n, size=(len(weights), 1)))
    )
    assert found
    for proof in found:
        assert np.linalg.norm(proof.dual.T @ activations, axis=0).max() <= proof.maximum
        assert np.isfinite(proof.value(problem))
        if samples.bias:
            assert np.abs(proof.dual.sum(axis=0)).max() <= 1e-11 * np.abs(proof.dual).sum()
    values = [proof.value(problem) for proof in found]
    assert values == sorted(values)


def test_the_plan_of_an_example():
    plan = Plan(np.array([0, 0, 1]), np.array([1, 2, ORIGIN]), np.array([1.0, 2.0, -0.5]))
    points = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert plan.divergence(3).tolist() == [3.0, -1.5, -2.0]
    assert plan.stars(points).tolist() == [[3.0, -1.0], [0.0, -0.5], [0.0, 0.0]]
    assert costs(plan.stars(points)).tolist() == [3.0, 1.5]
    assert costs(plan.edges(points)).tolist() == [3.0, 1.0]


@pytest.mark.parametrize("bias", [True, False])
def test_a_completed_plan_has_the_divergence(bias):
    rng = np.random.default_rng(0)
    points, v = rng.standard_normal((20, 3)), rng.standard_normal(20)
    v -= v.mean() if bias else 0.0
    start = Plan(np.arange(5), np.arange(5, 10), np.ones(5))
    for plan in (EMPTY, start):
        whole = plan.completed(v, points @ axis(points), bias)
        assert np.abs(whole.divergence(20) - v).max() <= 1e-14
        assert (whole.masses >= 0).all()


def test_matching_on_a_line_is_the_best_plan():
    rng = np.random.default_rng(1)
    x, v = np.sort(rng.standard_normal(9)), rng.integers(-3, 4, 9).astype(float)
    v[0] -= v.sum()
    plan = matched(v, x)
    least = np.abs(np.cumsum(v)[:-1]) @ np.diff(x)
    assert plan.masses @ np.abs(x[plan.rows] - x[plan.columns]) == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", list(degenerate()))
def test_bounds_are_valid_on_degenerate_data(name, bias, kind):
    X, y = degenerate()[name]
    for reg in (0.3, 0.02):
        check(*proofs(kind, X, y, reg, bias=bias))


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
def test_no_bound_is_above_the_optimum(bias, kind):
    rng = np.random.default_rng(2)
    for k in range(8):
        X, y = rng.standard_normal((7, 1 + k % 2)), rng.standard_normal(7)
        X = np.round(X) if k % 3 == 0 else X
        optimum = gm.derive(X, y, reg=0.1 * 4 ** (k % 3), norm=1, bias=bias, dictionary="all").objective
        problem, found = proofs(kind, X, y, 0.1 * 4 ** (k % 3), bias=bias)
        check(problem, found)
        assert found[-1].value(problem) <= optimum * (1 + 1e-9)


@pytest.mark.parametrize("bias", [True, False])
def test_stars_are_exact_for_one_feature(bias):
    rng = np.random.default_rng(3)
    for k in range(10):
        X, y = rng.standard_normal((8, 1)), rng.standard_normal(8)
        X = np.round(X) if k % 2 else X
        optimum = gm.derive(X, y, reg=0.1, norm=1, bias=bias, dictionary="all").objective
        problem, found = proofs(StarBound, X, y, 0.1, bias=bias)
        assert found[-1].value(problem) == pytest.approx(optimum, rel=1e-6)


def test_transport_bounds_three_layers_and_reaches_them():
    rng, reached = np.random.default_rng(4), 0
    for n, d in ((3, 1), (3, 1), (3, 2), (4, 1), (5, 1)):
        X, y = np.round(rng.standard_normal((n, d)), 2), np.round(rng.standard_normal(n), 2)
        optimum = float(
            gm.derive(X, y, reg=0.05, norm=1, bias=True, depth=3, exact=True, dictionary="all").objective
        )
        problem, found = proofs(TransportBound, X, y, 0.05)
        value = found[-1].value(problem)
        assert value <= optimum * (1 + 1e-9)
        reached += value >= optimum * (1 - 1e-6)
    assert reached > 2


@pytest.mark.parametrize("kind", BOUNDS)
def test_weights_are_repeated_samples(kind):
    rng = np.random.default_rng(5)
    X, y, times = rng.standard_normal((8, 2)), rng.standard_normal(8), rng.integers(1, 4, 8)
    problem, found = proofs(kind, X, y, weights=times.astype(float))
    again, others = proofs(kind, np.repeat(X, times, axis=0), np.repeat(y, times))
    assert found[-1].value(problem) == pytest.approx(others[-1].value(again), rel=1e-6)


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
def test_values_follow_scales_and_ignore_order(bias, kind):
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((10, 2)), rng.standard_normal(10)
    order = rng.permutation(10)

    def value(*arguments):
        problem, found = proofs(kind, *arguments, bias=bias)
        return found[-1].value(problem)

    first = value(X, y, 0.2)
    assert value(1e3 * X, y, 0.2e3) == pytest.approx(first, rel=1e-6)
    assert value(X, 1e-3 * y, 0.2e-3) == pytest.approx(1e-6 * first, rel=1e-6)
    assert value(X[order], y[order], 0.2) == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["logistic", "hinge", "softmax", "vector"])
def test_other_losses_and_several_outputs(loss, bias, kind):
    rng = np.random.default_rng(7)
    X = rng.standard_normal((9, 2))
    y = {
        "softmax": np.eye(3)[np.arange(9) % 3],
        "vector": rng.standard_normal((9, 2)),
    }.get(loss, np.where(X[:, 0] + 0.5 * rng.standard_normal(9) > 0, 1.0, -1.0))
    loss = "squared" if loss == "vector" else loss
    optimum = gm.derive(X, y, reg=0.2, norm=1, bias=bias, loss=loss, dictionary="all").objective
    problem, found = proofs(kind, X, y, 0.2, bias=bias, loss=loss)
    check(problem, found)
    assert found[-1].value(problem) <= optimum * (1 + 1e-6)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_transport_in_other_norms(bias, norm):
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal((9, 2)), rng.standard_normal(9)
    optimum = gm.derive(X, y, reg=0.2, norm=norm, bias=bias, dictionary="all").objective
    problem, found = proofs(TransportBound, X, y, 0.2, norm=norm, bias=bias)
    check(problem, found)
    assert found[-1].value(problem) <= optimum * (1 + 1e-9)


@pytest.mark.parametrize("bias", [True, False])
def test_slopes_in_an_ellipsoid_lose_nothing_where_there_is_one_feature(bias):
    """The relaxation is that of p = 1 then, and exact as that is, in units of either feature."""
    rng = np.random.default_rng(13)
    for k in range(5):
        X, y, size = rng.standard_normal((8, 1)), rng.standard_normal(8), 100.0**k
        X = size * (np.round(X) if k % 2 == 0 else X)
        optimum = gm.derive(X, y, reg=0.1 * size, norm=2, bias=bias, dictionary="all").objective
        problem, found = proofs(StarBound, X, y, 0.1 * size, norm=2, bias=bias)
        check(problem, found)
        assert found[-1].value(problem) == pytest.approx(optimum, rel=1e-6)


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax", "vector"])
def test_stars_in_other_norms(loss, bias, norm):
    """Never above the optimum of all atoms, and never below transport."""
    rng, one_column = np.random.default_rng(14), loss in ("squared", "logistic")
    for n, d in ((7, 1), (8, 2), (7, 3)) if one_column else ((7, 2),):
        X = rng.standard_normal((n, d)) * [1.0, 10.0, 0.1][:d]
        X[-1] = X[0]
        y = {"softmax": np.eye(3)[np.arange(n) % 3], "vector": rng.standard_normal((n, 2))}.get(
            loss, np.where(rng.standard_normal(n) > 0, 1.0, -1.0)
        )
        fit, options = "squared" if loss == "vector" else loss, {"norm": norm, "bias": bias}
        words = "all" if one_column else "local"
        optimum = gm.derive(X, y, reg=0.2, loss=fit, dictionary=words, **options).objective
        stars, transport = (proofs(kind, X, y, 0.2, loss=fit, **options) for kind in BOUNDS)
        check(*stars)
        value = stars[1][-1].value(stars[0])
        assert value <= optimum * (1 + 1e-6)
        assert value >= transport[1][-1].value(transport[0]) * (1 - 1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", list(degenerate()))
def test_stars_in_a_metric_are_valid_on_degenerate_data(name, bias):
    X, y = degenerate()[name]
    for reg in (0.3, 0.02):
        check(*proofs(StarBound, X, y, reg, norm=2, bias=bias))


def test_a_metric_makes_stars_of_many_features_tight():
    """What boxes lose for p = 2, up to the root of d, an ellipsoid does not."""
    rng = np.random.default_rng(15)
    X = rng.standard_normal((40, 8))
    y = (
        np.maximum(X[:, :4].sum(axis=1), 0)
        - np.maximum(X[:, 4:].sum(axis=1), 0)
        + 0.1 * rng.standard_normal(40)
    )
    solution = gm.derive(X, y, reg=2.0, norm=2, dictionary="local")
    problem, found = proofs(StarBound, X, y, 2.0, norm=2)
    check(problem, found)
    gap = 1 - found[-1].value(problem) / solution.objective
    assert 0 <= gap < 0.02
    boxes = StarBound(problem)
    boxes.relaxation, boxes.ball = BoxRelaxation, ball(2)
    f = np.zeros_like(problem.targets) + problem.constant()
    others = list(boxes.proofs(problem.residual(f), f, NEVER))
    check(problem, others)
    assert 1 - others[-1].value(problem) / solution.objective > 2 * gap


@pytest.mark.parametrize("kind", [BoxRelaxation, EllipsoidRelaxation])
@pytest.mark.parametrize("origin", [True, False])
def test_the_equations_of_a_relaxation_are_those_of_its_rows(kind, origin):
    """Products with A and A', and what is solved, against differences of the rows and of the slope of Lagrange."""
    rng = np.random.default_rng(16)
    points = rng.standard_normal((9, 3)) * [1.0, 2.0, 0.5]
    points[-1] *= not origin
    fit = Fit(points, np.ones(9), rng.standard_normal(9), np.array([1.0, 2.0, 0.7]), origin)
    program = kind(fit, Pairs(fit, [nearest(points, 4)] * 2))
    now, step = program.start(), 1e-6
    z, weights = rng.random(len(now.multipliers)), rng.random(len(now.multipliers))
    d = rng.standard_normal(len(now.x))
    d[[8, 17] if origin else [9]] = 0.0  # what is fixed

    def slope(x):
        program.linearise(Iterate(x, now.slacks, z, 0.1))
        return program.gradient(x) + program.columns(z)

    x = now.x + 0.01 * rng.standard_normal(len(now.x))
    ahead, behind = x + step * d, x - step * d
    bent = (slope(ahead) - slope(behind)) / (2 * step)
    slope(x)
    moved = program.along(d)
    assert moved == pytest.approx((program.rows(ahead) - program.rows(behind)) / (2 * step), abs=1e-6)
    assert moved @ z == pytest.approx(d @ program.columns(z))
    assert program.factor(weights)
    assert program.solve(bent + program.columns(weights * moved)) == pytest.approx(d, abs=1e-5)


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
def test_samples_that_differ_by_less_than_rounding(bias, kind):
    X = np.array([[0.0, 1.0], [1e-20, 1.0], [1.0, -1.0], [3.0, 1e-12], [3.0, 2e-12]])
    check(*proofs(kind, X, np.array([1.0, -1.0, 0.5, 2.0, -2.0]), bias=bias))
    check(*proofs(kind, 1e6 + X, np.array([1.0, -1.0, 0.5, 2.0, -2.0]), bias=bias))


@pytest.mark.parametrize("kind", BOUNDS)
def test_without_time_there_is_one_proof(kind):
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((30, 3)), rng.standard_normal(30)
    problem, found = proofs(kind, X, y, deadline=Deadline.after(0.0))
    assert len(found) == 1
    check(problem, found)


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("bias", [True, False])
def test_shorter_proofs_have_fewer_pairs_and_hardly_a_lower_value(bias, kind):
    rng = np.random.default_rng(10)
    X, y = rng.standard_normal((25, 3)), rng.standard_normal(25)
    X[5:8] = 2 * X[:3]
    problem = pose(X, y, 0.5, 1, bias, "squared")
    bound, v = kind(problem), problem.dual_point(problem.targets)
    proof = list(bound.proofs(v, np.zeros_like(v), NEVER))[-1]
    least = 0.99 * proof.value(problem)
    short = shortened(bound, proof, least, NEVER)
    check(problem, [short])
    assert short.count <= proof.count / 2
    assert least <= short.value(problem)
    assert shortened(bound, proof, np.inf, NEVER) is proof


@pytest.mark.parametrize("rays", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_what_is_moved_inside_of_a_node_costs_nothing(bias, rays):
    rng = np.random.default_rng(11)
    X = rng.standard_normal((6, 2))
    X = np.vstack([X, X[:2], 3 * X[1:4], np.zeros((2, 2))])
    samples, v = Samples(X, bias), rng.standard_normal(13)
    nodes = Nodes(samples, rays)
    V = nodes.merged(v)
    assert len(nodes) == (10 if bias else 6 if rays else 9)
    if bias:
        v[0] -= V.sum()
        V = nodes.merged(v)
    plan = EMPTY.completed(V, nodes.places, bias)
    whole = nodes.spread(plan, v)
    x = samples.homogeneous[:, :2]
    assert np.abs(whole.divergence(13) - v).max() <= 1e-13
    assert costs(whole.stars(x)) == pytest.approx(costs(plan.stars(nodes.points)), rel=1e-12)
    assert not (whole.masses < 0)[whole.columns != ORIGIN].any()


def test_a_plan_in_its_metric_bounds_all_weights():
    rng = np.random.default_rng(12)
    for d in (1, 3):
        lines = rng.standard_normal((20, d)) * rng.random((20, 1))
        weights = rng.standard_normal((20_000, d))
        weights /= np.linalg.norm(weights, axis=1)[:, None]
        largest = np.maximum(weights @ lines.T, 0.0).sum(axis=1).max()
        found = [metric_bound(lines, metric) for metric in (None, np.eye(d), np.diag(np.arange(d)) + 1e-9)]
        assert largest <= min(found)
        assert found[0] <= 1.2 * largest
    assert metric_bound(np.zeros((2, 3))) == 0


def test_an_interior_point_with_a_tight_row():
    """min ½ |x − (2, 1)|² over x_1 ≤ 0 and x_1 + x_2 = 0 is at the origin, with the multipliers 1 and 1."""

    class Small(Program):
        rows_of = np.array([[1.0, 0.0], [1.0, 1.0]])
        tight = np.array([1])

        def start(self):
            return Iterate(np.array([-1.0, 1.0]), np.ones(2), np.array([1.0, 0.0]), 1.0)

        def value(self, x):
            return 0.5 * float(np.sum((x - [2.0, 1.0]) ** 2))

        def gradient(self, x):
            return x - [2.0, 1.0]

        def rows(self, x):
            return self.rows_of @ x

        def columns(self, z):
            return self.rows_of.T @ z

        def factor(self, weights):
            self.matrix = np.eye(2) + self.rows_of.T @ (weights[:, None] * self.rows_of)
            return True

        def solve(self, right):
            return np.linalg.solve(self.matrix, right)

    end = interior_point(Small(), 1e-10, NEVER)
    assert end.x == pytest.approx([0.0, 0.0], abs=1e-6)
    assert end.multipliers == pytest.approx([1.0, 1.0], abs=1e-6)
    assert end.steps < 30


@pytest.mark.parametrize("size", [1e-170, 1e-3, 1.0, 1e150])
def test_a_metric_in_any_unit(size):
    """Also where squares of the lines are none, or no numbers."""
    lines = np.random.default_rng(3).standard_normal((6, 3))
    assert metric_bound(size * lines) == pytest.approx(size * metric_bound(lines), rel=1e-9)
