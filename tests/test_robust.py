"""Robust training: against conic programs written anew, sampled worst cases, and the order of the three programs."""

import warnings
from itertools import product

import cvxpy as cp
import numpy as np
import pytest

import geomnn as gm
from geomnn.atoms import MovedWedge
from geomnn.programs.problem import pose
from geomnn.robust import saddle
from geomnn.robust.programs import scenarios

LOSSES = ("hinge", "logistic", "squared")


def problem(seed, n=6, d=2):
    random = np.random.default_rng(seed)
    X = random.uniform(-1, 1, size=(n, d)).round(3)
    y = np.where(X[:, 0] * X[:, -1] ** (d - 1) > 0.0, 1.0, -1.0)
    y[:2] = 1.0, -1.0
    return X, y


def loss_of(loss, y, low, high):
    """Σ h of the lowest and the highest values, as an expression of cvxpy."""
    margins = [low[i] if y[i] > 0 else -high[i] for i in range(len(y))]
    if loss == "squared":
        return sum(cp.square(cp.pos(cp.maximum(high[i] - y[i], y[i] - low[i]))) for i in range(len(y))) / 2
    return sum(cp.pos(1 - m) if loss == "hinge" else cp.logistic(-m) for m in margins)


def unit_neurons(random, count, d):
    w = random.normal(size=(count, d))
    w /= np.abs(w).sum(axis=1, keepdims=True)
    return w, random.uniform(-1.5, 1.5, size=count)


def arrays(solution):
    """z, w and b of unit neurons, and t."""
    neurons = solution.network.neurons
    w = np.array([neuron.atom.weight for neuron in neurons]).reshape(len(neurons), solution.problem.samples.d)
    return (np.array([float(neuron.coefficient) for neuron in neurons]), w,
            np.array([neuron.atom.bias for neuron in neurons]), float(solution.network.intercept))  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("d", [1, 2])
def test_sums_are_those_of_a_program_over_many_more_units(loss, d):
    X, y = problem(d, d=d)
    eps, reg = 0.2, 0.1
    solution = gm.derive(X, y, reg=reg, loss=loss, eps=eps, robust="sum")
    _, w, b, _ = arrays(solution)
    more, biases = unit_neurons(np.random.default_rng(0), 300, d)
    w, b = np.vstack([w, more]), np.append(b, biases)
    a = X @ w.T + b
    top, bottom = np.maximum(a + eps, 0), np.maximum(a - eps, 0)  # as ‖w‖_1 = 1
    up, down, t = cp.Variable(len(b), nonneg=True), cp.Variable(len(b), nonneg=True), cp.Variable()
    low, high = bottom @ up - top @ down + t, top @ up - bottom @ down + t
    value = cp.Problem(cp.Minimize(loss_of(loss, y, low, high) + reg * cp.sum(up + down))).solve(cp.CLARABEL)
    assert solution.objective == pytest.approx(value, rel=1e-6)
    assert solution.certificate.relative_gap <= 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_no_flip_is_the_cone_program_over_all_patterns(loss):
    """Bai et al.'s: for each pattern a cone of weights that keep their signs on every box."""
    X, y = problem(5, n=5)
    eps, reg, (n, d) = 0.1, 0.05, (5, 2)
    solution = gm.derive(X, y, reg=reg, loss=loss, eps=eps, robust="noflip")
    f, slopes, cost, rules, t = [0] * n, [0] * n, 0, [], cp.Variable()
    for pattern in range(2**n):
        on = np.array([pattern >> i & 1 for i in range(n)])
        for sign in (1, -1):
            w, b = cp.Variable(d), cp.Variable()
            cost += cp.norm1(w)
            rules += [(2 * on[i] - 1) * (X[i] @ w + b) >= eps * cp.norm1(w) for i in range(n)]
            for i in np.flatnonzero(on):
                f[i], slopes[i] = f[i] + sign * (X[i] @ w + b), slopes[i] + sign * w
    reach = [eps * cp.norm1(slope) if isinstance(slope, cp.Expression) else 0 for slope in slopes]
    low, high = [f[i] + t - reach[i] for i in range(n)], [f[i] + t + reach[i] for i in range(n)]
    value = cp.Problem(cp.Minimize(loss_of(loss, y, low, high) + reg * cost), rules).solve(cp.CLARABEL)
    assert solution.objective == pytest.approx(value, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("ball", "norm"), [(np.inf, 1), (1, np.inf)])
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_wedges_of_scenarios_are_enough(loss, ball, norm):
    """More units do not help against finitely many points, and the value of the network is that of sampled moves."""
    X, y = problem(7, n=5)
    eps, reg = 0.15, 0.05
    random = np.random.default_rng(1)
    moves = random.uniform(-eps, eps, size=(3, 5, 2)) * (1.0 if ball == np.inf else 0.5)
    posed = pose(X, y, reg, norm, True, loss)
    sample, steps = np.tile(np.arange(5), 4), np.concatenate([0 * X, *moves])
    program, points = scenarios(posed, sample, steps), X[sample] + steps
    found = program.optimum(reg, gm.deadline.NEVER)
    w, b = unit_neurons(random, 300, 2)
    w /= np.linalg.norm(w, norm, axis=1, keepdims=True)
    own = found.units
    centre = program.points.centre
    w, b = np.vstack([own[:, :2], w]), np.append(own[:, 2] - own[:, :2] @ centre, b)
    z, t = cp.Variable(len(b)), cp.Variable()
    f = np.maximum(points @ w.T + b, 0) @ z + t
    low = [cp.min(f[np.flatnonzero(sample == i)]) for i in range(5)]
    high = [cp.max(f[np.flatnonzero(sample == i)]) for i in range(5)]
    value = cp.Problem(cp.Minimize(loss_of(loss, y, low, high) + reg * cp.norm1(z))).solve(cp.CLARABEL)
    assert found.value == pytest.approx(
        value, rel=1e-5
    )  # of which the solver, with so many alike, has six digits
    assert found.bound == pytest.approx(found.value, rel=1e-7)


def sampled(solution, X, y, loss, eps, reg):
    """The robust objective over a grid of moves, which is no more than the true one, from the definition."""
    z, w, b, t = arrays(solution)
    ticks = np.linspace(-eps, eps, 41)
    moves = np.stack(np.meshgrid(*[ticks] * X.shape[1]), axis=-1).reshape(-1, X.shape[1])
    f = np.maximum((X[:, None] + moves) @ w.T + b, 0) @ z + t
    losses = {
        "hinge": lambda f: np.maximum(1 - y[:, None] * f, 0),
        "logistic": lambda f: np.logaddexp(0, -y[:, None] * f),
        "squared": lambda f: (f - y[:, None]) ** 2 / 2,
    }
    return losses[loss](f).max(axis=1).sum() + reg * np.abs(z).sum()


def one_move_is_the_worst_of_all(network, X, eps):
    """Whether neurons that are positive in a box ask for one sign of the move in each feature, in all boxes."""
    (weights, biases), (outer, _) = network.layers
    pushes, most = outer.ravel()[:, None] * weights, biases + eps * np.abs(weights).sum(axis=1)
    asked = [pushes[weights @ x + most > 0] for x in X]
    return all(((each >= -1e-12).all(axis=0) | (each <= 1e-12).all(axis=0)).all() for each in asked)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("loss", LOSSES)
def test_exact_closes_and_is_below_both_bounds(seed, loss):
    d = 1 + seed % 2
    X, y = problem(seed, n=6 + seed % 5, d=d)
    eps, reg = (0.05, 0.1, 0.3)[seed % 3], (0.02, 0.1)[seed % 2]
    exact, sums, no_flip = (
        gm.derive(X, y, reg=reg, loss=loss, eps=eps, robust=robust) for robust in ("exact", "sum", "noflip")
    )
    slack = 1e-6 * (1 + exact.objective)
    for solution in (exact, sums, no_flip):
        assert solution.certificate.coverage.scope == "global"
        assert -1e-9 <= solution.certificate.relative_gap <= 1e-6
        assert exact.certificate.dual <= solution.objective + slack
        # what moves may do, from the definition: nothing found by sampling is worse than what is claimed
        assert sampled(solution, X, y, loss, eps, reg) <= solution.objective + slack
    assert sampled(exact, X, y, loss, eps, reg) >= exact.objective * (1 - 0.1) - slack
    assert exact.certificate.dual <= sums.certificate.worst + slack
    assert sums.certificate.worst <= sums.objective + slack
    if one_move_is_the_worst_of_all(sums.network, X, eps):
        assert sums.certificate.worst == pytest.approx(sums.objective, rel=1e-9)
    plain = gm.derive(X, y, reg=reg, loss=loss)
    assert plain.objective <= exact.objective + slack


def test_neither_bound_is_always_the_better():
    for seed, better, other in ((2, "sum", "noflip"), (8, "noflip", "sum")):
        X, y = problem(seed, n=6 + seed % 5, d=1)
        eps, reg = (0.05, 0.1, 0.3)[seed % 3], 0.02
        values = {
            robust: gm.derive(X, y, reg=reg, loss="hinge", eps=eps, robust=robust).objective
            for robust in ("exact", "sum", "noflip")
        }
        assert values["exact"] == pytest.approx(values[better], rel=1e-6)
        assert values[other] > 1.01 * values[better]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("robust", ["exact", "sum", "noflip"])
def test_samples_that_may_not_move_make_the_plain_problem(loss, robust):
    X, y = problem(3)
    plain = gm.derive(X, y, reg=0.1, loss=loss)
    assert gm.derive(X, y, reg=0.1, loss=loss, eps=0, robust=robust).objective == pytest.approx(
        plain.objective, rel=1e-7
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_balls_that_hold_all_samples_leave_a_constant(loss):
    X, y = problem(4)
    share = (y > 0).mean()
    asked = [("sum", np.inf), ("noflip", np.inf), *(("exact", ball) for ball in (np.inf, 1, 2))]
    for (robust, ball), eps in product(asked, (30, 1e6)):
        solution = gm.derive(X, y, reg=0.1, loss=loss, eps=eps, robust=robust, ball=ball)
        assert not len(solution.network)
        assert solution.certificate.relative_gap <= 1e-6
        best = {"hinge": 2 * min(share, 1 - share), "squared": 2 * share * (1 - share),
                "logistic": -share * np.log(share) - (1 - share) * np.log(1 - share)}  # fmt: skip
        assert solution.objective == pytest.approx(len(y) * best[loss], rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_ball_may_be_round(loss):
    """Between a diamond and a square; against cvxpy at points all around, with our units and many others."""
    X, y = problem(8, n=5)
    eps, reg = 0.1, 0.05
    found = gm.derive(X, y, reg=reg, eps=eps, ball=2, loss=loss)
    assert found.certificate.relative_gap <= 1e-6
    inner, outer = (gm.derive(X, y, reg=reg, eps=eps, ball=ball, loss=loss) for ball in (1, np.inf))
    assert inner.certificate.dual <= found.objective * (1 + 1e-6)
    assert found.certificate.dual <= outer.objective * (1 + 1e-6)
    _, w, b, _ = arrays(found)
    more, biases = unit_neurons(np.random.default_rng(2), 100, 2)
    w, b = np.vstack([w, more]), np.append(b, biases)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    steps = np.vstack([0 * X[:1], eps * np.column_stack([np.cos(angles), np.sin(angles)])])
    z, t = cp.Variable(len(b)), cp.Variable()
    f = [np.maximum((x + steps) @ w.T + b, 0) @ z + t for x in X]
    value = loss_of(loss, y, [cp.min(each) for each in f], [cp.max(each) for each in f])
    least = cp.Problem(cp.Minimize(value + reg * cp.norm1(z))).solve(cp.CLARABEL)
    assert found.certificate.dual * (1 - 2e-3) <= least <= found.objective * (1 + 1e-6)


def test_time_may_be_short():
    X, y = problem(8, n=9)
    with pytest.warns(gm.errors.ConvergenceWarning, match="time or rounds"):
        found = gm.derive(X, y, reg=0.01, eps=0.1, time_limit=1e-3)
    assert found.certificate.stopped
    longer = gm.derive(X, y, reg=0.01, eps=0.1)
    assert found.certificate.dual <= longer.objective * (1 + 1e-6)
    assert longer.certificate.dual <= found.objective * (1 + 1e-6)


@pytest.mark.slow
def test_atoms_that_become_too_many_end_the_search_with_the_best_network(monkeypatch):
    """Of points that were added; at the first turn the problem is refused."""
    X, y = problem(2, n=7)
    turns = []

    class Full(saddle.WedgeDictionary):
        def __init__(self, *arguments):
            turns.append(arguments)
            if len(turns) > allowed:
                raise gm.errors.EnumerationTooLarge("There are 7 atoms. Use dictionary='local'.")
            super().__init__(*arguments)

    whole = gm.derive(X, y, reg=0.02, eps=0.2)
    monkeypatch.setattr(saddle, "WedgeDictionary", Full)
    allowed = 3
    with pytest.warns(gm.errors.ConvergenceWarning, match="relative duality gap"):
        found = gm.derive(X, y, reg=0.02, eps=0.2)
    assert found.certificate.stopped
    assert found.certificate.dual <= whole.objective * (1 + 1e-6)
    assert whole.certificate.dual <= found.objective * (1 + 1e-6)
    allowed = 0
    with pytest.raises(
        gm.errors.EnumerationTooLarge, match=r"^There are 7 atoms\. Use fewer samples or features\.$"
    ):
        gm.derive(X, y, reg=0.02, eps=0.2)


def test_networks_of_too_many_neurons_are_judged_at_a_vertex(monkeypatch):
    """By its largest neurons alone, none of them is any good."""
    monkeypatch.setattr(saddle, "MANY", 30)
    monkeypatch.setattr(saddle, "MOST", 30)
    X, y = problem(3, n=9)
    found = gm.derive(X, y, reg=0.02, loss="squared", eps=0.3)
    assert len(found.network.neurons) <= 30
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6


@pytest.mark.parametrize("robust", ["exact", "sum", "noflip"])
def test_names_give_the_weights_and_are_kept_in_files(robust, tmp_path):
    X, y = problem(9, n=7)
    solution = gm.derive(X, y, reg=0.05, eps=0.1, robust=robust)
    moved = [neuron.atom for neuron in solution.network.neurons if isinstance(neuron.atom, MovedWedge)]
    assert moved
    for atom in moved:
        points = X[list(atom.samples)] + np.array(atom.moves)
        assert np.abs(points @ atom.weight + atom.bias).max() <= 1e-9
        assert np.abs(atom.moves).max() <= 0.1 * (1 + 1e-9)
    assert any("+ (" in str(atom) and "+ (" in atom.describe() and "+ (" in atom.to_latex() for atom in moved)
    solution.network.save(tmp_path / "network.json")
    back = gm.AnalyticNetwork.load(tmp_path / "network.json")
    assert str(back) == str(solution.network)
    np.testing.assert_array_equal(back(X), solution.network(X))


def test_what_a_robust_solution_says_and_what_it_is_not():
    X, y = problem(2)
    solution = gm.derive(X, y, reg=0.1, eps=0.1, robust="sum")
    assert "with each neuron at its own worst point within 0.1 of the samples in each feature" in str(
        solution
    )
    assert "At the worst points that of this one is" in str(solution)
    no_flip = gm.derive(X, y, reg=0.1, eps=0.1, robust="noflip").certificate.statement()
    assert "whose neurons bend nowhere within reach of a sample" in no_flip
    assert solution.unique is None
    for refused in (gm.optimal_set, gm.merge, gm.bound, gm.exact.certificate_document):
        with pytest.raises((gm.errors.UnsupportedProblem, gm.errors.OptionError), match=r"robust|exact"):
            refused(solution)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": -0.1}, "eps=-0.1; a radius of at least 0"),
        ({"eps": np.nan}, "eps=nan"),
        ({"eps": True}, "eps=True"),
        ({"robust": "sum"}, "eps is missing"),
        ({"ball": 2}, "eps is missing"),
        ({"eps": 0.1, "ball": 3}, "ball=3; 1, 2 or"),
        ({"eps": 0.1, "ball": np.array([1, 2])}, "ball=array"),
        ({"eps": 0.1, "robust": "pgd"}, "robust='pgd'; 'exact', 'sum' or"),
        ({"eps": 0.1, "norm": 2}, "norm=1 and norm=inf"),
        ({"eps": 0.1, "robust": "sum", "norm": np.inf}, "give norm=1, or robust='exact'"),
        ({"eps": 0.1, "robust": "sum", "norm": 2}, "and norm=2 was asked for; give norm=1[.]"),
        ({"eps": 0.1, "robust": "noflip", "ball": 2}, "robust='exact' takes other balls"),
        ({"eps": 0.1, "exact": True}, "exact=True and eps exclude"),
        ({"eps": 0.1, "certify": "auto"}, "certify='auto' and eps exclude"),
        ({"eps": 0.1, "depth": 3}, "depth=3 and eps exclude"),
        ({"eps": 0.1, "dictionary": "local"}, "dictionary='local' and eps exclude"),
    ],
)
def test_what_is_not_known_is_refused(options, message):
    X, y = problem(0)
    with pytest.raises(gm.errors.GeomnnError, match=message):
        gm.derive(X, y, reg=0.1, **options)


@pytest.mark.parametrize("robust", ["exact", "sum", "noflip"])
def test_what_rounding_leaves_of_a_loss_or_an_intercept_is_nothing(robust):
    """A constant that is the one target; and an odd function, whose intercept is 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X, y in (([[1.0, 2.0]], [3.0]), ([[0.0], [1.0]], [2.0, 2.0])):
            found = gm.derive(X, y, reg=0.1, eps=0.5, robust=robust)
            assert (found.certificate.primal, found.certificate.gap) == (0, 0)
        odd = gm.derive([[0.0, 0], [2, 0], [0, 2], [2, 2]], [-1, 1, 1, -1], reg=10.0, eps=0.1, robust=robust)
    assert odd.network.intercept == 0


@pytest.mark.parametrize(("n", "d", "robust"), [(2000, 2, "exact"), (10, 4, "sum"), (10, 4, "noflip")])
def test_atoms_that_do_not_fit_into_memory_are_refused_before(n, d, robust):
    X = np.random.default_rng(0).normal(size=(n, d))
    with pytest.raises(
        gm.errors.EnumerationTooLarge, match=r"points that samples may move to.*Use fewer samples"
    ):
        gm.derive(X, np.sign(X[:, 0]), reg=0.5, eps=0.1, robust=robust)


@pytest.mark.parametrize("loss", LOSSES)
def test_three_features(loss):
    """Worst points are those of mixed-integer programs, which the corners and the inside of boxes never beat."""
    X, y = problem(5, n=6, d=3)
    eps, reg = 0.15, 0.1
    exact, sums, no_flip = (
        gm.derive(X, y, reg=reg, loss=loss, eps=eps, robust=robust) for robust in ("exact", "sum", "noflip")
    )
    assert exact.certificate.coverage.scope == "global"
    assert -1e-9 <= exact.certificate.relative_gap <= 1e-5
    assert exact.certificate.dual <= min(sums.objective, no_flip.objective) * (1 + 1e-6)
    worst = sums.certificate.worst
    slack = 1e-6 * (1 + worst)
    assert (
        max(exact.certificate.dual, sampled(sums, X, y, loss, eps, reg)) - slack
        <= worst
        <= sums.objective + slack
    )
    moves = np.stack(np.meshgrid(*[np.linspace(-eps, eps, 9)] * 3), axis=-1).reshape(-1, 3)
    f = exact.network((X[:, None] + moves).reshape(-1, 3)).reshape(6, -1)
    losses = {"hinge": np.maximum(1 - y[:, None] * f, 0), "logistic": np.logaddexp(0, -y[:, None] * f),
              "squared": (f - y[:, None]) ** 2 / 2}[loss]  # fmt: skip
    penalty = reg * np.abs(arrays(exact)[0]).sum()
    assert exact.objective * 0.95 <= losses.max(axis=1).sum() + penalty <= exact.objective * (1 + 1e-6) + 1e-9


def test_more_features_are_for_bounds_if_nothing_is_said():
    X, y = problem(1, n=4, d=3)
    with pytest.raises(gm.errors.UnsupportedProblem, match="ball=2 is for one or two features, and X has 3"):
        gm.derive(X, y, reg=0.1, eps=0.1, ball=2, robust="exact")
    assert "each neuron at its own" in gm.derive(X, y, reg=0.1, eps=0.1).certificate.statement()
    with pytest.raises(gm.errors.UnsupportedProblem, match="2 outputs"):
        gm.derive(X, np.eye(2)[(y > 0).astype(int)], reg=0.1, eps=0.1)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[0.0], [0.0], [1.0]], [1, -1, 1]),
        ([[0.0], [2.0]], [1, -1]),
        ([[0, 0], [1, 1], [2, 2]], [1, -1, 1]),
        ([[0, 0], [0, 0]], [1, -1]),
        ([[1e6, 1e-6], [2e6, 0.0], [0.0, 2e-6]], [1, -1, 1]),
    ],
    ids=["repeated", "two", "collinear", "one point", "sizes"],
)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")
def test_degenerate_samples(X, y, bias):
    # of sizes rounding leaves more of a gap, and the certificate says so
    slack = 1e-6 * len(y) if np.max(X) < 1e3 else 1e-2
    for loss in LOSSES:
        solutions = [
            gm.derive(X, y, reg=0.1, eps=0.2, robust=robust, loss=loss, bias=bias)
            for robust in ("exact", "sum", "noflip")
        ]
        for solution in solutions:
            assert solution.certificate.gap <= slack
            assert np.isfinite(solution.network(X)).all()
        assert solutions[0].certificate.dual <= min(s.objective for s in solutions[1:]) + slack


def test_estimators_take_moves_too():
    X, y = problem(6, n=8)
    labels = np.where(y > 0, "in", "out")
    model = gm.WedgeClassifier(reg=0.1, norm=1, eps=0.1).fit(X, labels)
    alone = gm.derive(X, y, reg=0.1, loss="logistic", eps=0.1)
    # equal samples are one, and classes are in their order: "in" is the first
    assert model.solution_.objective == pytest.approx(alone.objective, rel=1e-6)
    assert set(model.predict(X)) <= {"in", "out"}
    weights = np.array([2.0] * 4 + [1.0] * 4)
    weighted = gm.WedgeRegressor(reg=0.1, norm=1, eps=0.1, robust="sum").fit(X, y, weights)
    repeated = gm.derive(np.vstack([X, X[:4]]), np.append(y, y[:4]), reg=0.1, eps=0.1, robust="sum")
    assert weighted.solution_.objective == pytest.approx(repeated.objective, rel=1e-6)
    with pytest.raises(gm.errors.UnsupportedProblem, match="reg='auto' and eps exclude"):
        gm.WedgeRegressor(reg="auto", norm=1, eps=0.1).fit(X, y)
    with pytest.raises(gm.errors.UnsupportedProblem, match="norm=1"):
        gm.WedgeRegressor(eps=0.1).fit(X, y)
    with pytest.raises(gm.errors.UnsupportedProblem, match="loss='softmax'"):
        gm.WedgeClassifier(norm=1, eps=0.1).fit(X, np.arange(8) % 3)
