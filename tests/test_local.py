"""Local pricing, line by line: balls, exact line search, walks, sliding, and the optima that they come to."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from problems import degenerate, objective, references

import geomnn as gm
from geomnn.deadline import NEVER
from geomnn.derivation import solution_of
from geomnn.dictionaries import LocalDictionary, find_dictionary
from geomnn.dictionaries.walks.lines import best_on_lines, first_on_line
from geomnn.dictionaries.walks.walk import Walks
from geomnn.errors import ConvergenceWarning, OptionError, UnsupportedProblem
from geomnn.norms import Direction, ball
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.programs.refine import refine
from geomnn.programs.search import _Run, search
from geomnn.programs.slide import slide
from geomnn.samples import Samples
from geomnn.testing import check_dictionary

NORMS = [1.0, 2.0, np.inf]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("integers", [True, False])
def test_no_point_of_a_line_is_better(norm, integers):
    rng = np.random.default_rng(1)
    unit = ball(norm)
    for _ in range(20):
        draw = (lambda *shape: rng.integers(-2, 3, size=shape).astype(float)) if integers else (
            lambda *shape: rng.normal(size=shape))  # fmt: skip
        x, r, w, d = draw(9, 3), draw(9, 4), draw(3, 4), draw(3, 4)
        w[0] += 0.25
        step = best_on_lines(unit, w, d, x @ w, x @ d, r)

        def ratio(points, x=x, r=r):
            length = unit.length(points, axis=0)
            return np.sum(r * np.maximum(x @ points, 0), axis=0) / np.where(length > 0, length, np.inf)

        for t in [*np.linspace(0, 5, 400), *np.logspace(0, 6, 50)]:
            values = ratio(w + t * d)
            assert (values <= step.ratio + 1e-9 * (1 + np.abs(values))).all()
        there = np.where(np.isinf(step.length), d, w + np.where(np.isinf(step.length), 0, step.length) * d)
        np.testing.assert_allclose(ratio(there), step.ratio, rtol=1e-9, atol=1e-9)
        for k, met in enumerate(step.met):
            if isinstance(met, int) and step.length[k] < np.inf:
                assert x[met] @ there[:, k] == pytest.approx(0.0, abs=1e-9)
        length, value, met = first_on_line(unit, w[:, :1], d[:, :1], (x @ w)[:, :1], (x @ d)[:, :1], r[:, :1])
        if met is not None:
            assert ratio(w + length * d)[0] == pytest.approx(value)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 4])
def test_laws(norm, bias, d):
    rng = np.random.default_rng(d)
    check_dictionary(LocalDictionary(Samples(rng.normal(size=(9, d)), bias), norm, starts=24))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2])
def test_walks_find_the_largest_correlation(norm, bias, outputs):
    """On data small enough to look at every atom, ties and repeated rows included; and never more than there is."""
    hits = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.integers(-2, 3, size=(10, 3)).astype(float) if seed % 2 else rng.normal(size=(10, 3))
        v = rng.normal(size=(10, outputs))
        v -= v.mean(axis=0)
        samples = Samples(X, bias)
        largest = find_dictionary(samples, norm, "all").price(v, np.inf, 1).maximum
        pricing = LocalDictionary(samples, norm, starts=32).price(v, 0.0, 100)
        assert pricing.maximum <= largest * (1 + 1e-9)
        hits += pricing.maximum >= largest * (1 - 1e-9)
    assert hits >= 9


@pytest.mark.parametrize("norm", [1.0, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_walks_end_at_wedges(norm, bias):
    """p = 1 and ∞: every unit is orthogonal to D − 1 independent members, and gets the name of that wedge."""
    rng = np.random.default_rng(0)
    samples = Samples(rng.integers(-3, 4, size=(12, 4)).astype(float), bias)
    v = rng.normal(size=(12, 1))
    v -= v.mean()
    dictionary = LocalDictionary(samples, norm, starts=40)
    units = dictionary.price(v, 0.0, 100).units
    assert len(units) > 5
    for unit in units:
        atom = dictionary.name(unit, v)
        assert not atom.is_partial
        assert len(atom.samples) + len(atom.directions) == samples.D - 1
        assert set(atom.directions) <= set(ball(norm).directions(4))


def check_walks(walks, unit, samples, v):
    """The equations of `Walks`, and F of each walk."""
    np.testing.assert_allclose(unit.length(walks._w, axis=0), 1.0, rtol=1e-12)  # 1
    np.testing.assert_allclose(np.linalg.norm(walks._out, axis=0), 1.0, rtol=1e-12)
    for k, (members, basis) in enumerate(zip(walks._members, walks._bases, strict=True)):
        vectors = np.array([walks._vector(k, member) for member in members]).reshape(-1, samples.d)
        assert basis.shape[1] == len(members) == np.linalg.matrix_rank(vectors)  # 2
        np.testing.assert_allclose(basis.T @ basis, np.eye(len(members)), atol=1e-10)
        np.testing.assert_allclose(vectors @ basis @ basis.T, vectors, atol=1e-10)
        np.testing.assert_allclose(basis.T @ walks._w[:, k], 0.0, atol=1e-9)  # 3
    hidden = np.maximum(walks._along(np.arange(walks._w.shape[1]), walks._w), 0.0)
    return np.linalg.norm(v.T @ hidden, axis=0)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2])
def test_every_step_of_a_walk_keeps_the_equations(norm, bias, outputs):
    unit, taken = ball(norm), 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(12, 4)) if seed % 2 else rng.integers(-2, 3, (12, 3)).astype(float)
        samples, v = Samples(X, bias), rng.normal(size=(12, outputs))
        v -= v.mean(axis=0)
        walks = Walks(samples, norm, v, rng.normal(size=(samples.d, 8)))
        before, walking = check_walks(walks, unit, samples, v), np.arange(8)
        while len(walking):
            walking = walking[walks._step(walking)]
            after = check_walks(walks, unit, samples, v)
            assert (after >= before * (1 - 1e-12) - 1e-12).all()  # 4
            before, taken = after, taken + 1
            assert taken < 1000
        for k in range(8 * unit.polyhedral):
            walks._settle(k, NEVER)
            assert len(walks._members[k]) == samples.d - 1
            after = check_walks(walks, unit, samples, v)
            assert (after >= before * (1 - 1e-9) - 1e-12).all()
            before = after
    assert taken > 20


@pytest.mark.parametrize("part", ["_w", "_out", "_members", "_bases"])
def test_the_check_of_walks_notices_what_is_wrong(part):
    rng = np.random.default_rng(0)
    samples, v = Samples(rng.normal(size=(9, 3)), True), rng.normal(size=(9, 1))
    walks = Walks(samples, 1.0, v - v.mean(), rng.normal(size=(3, 2)))
    for _ in range(3):
        walks._step(np.arange(2))
    check_walks(walks, ball(1), samples, v)
    state = getattr(walks, part)
    setattr(
        walks, part, [kept[:-1] for kept in state] if part == "_members" else [1.01 * kept for kept in state]
    )
    if part in ("_w", "_out"):
        setattr(walks, part, np.array(getattr(walks, part)))
    with pytest.raises(AssertionError):
        check_walks(walks, ball(1), samples, v)


def test_sliding_never_raises_the_value():
    rng = np.random.default_rng(2)
    for loss, outputs, bias in (("squared", 1, True), ("squared", 3, False), ("logistic", 1, True)):
        X = rng.normal(size=(30, 4))
        y = rng.normal(size=(30, outputs)) if loss == "squared" else rng.choice([-1.0, 1.0], size=30)
        problem = pose(X, y, 0.3, 2, bias, loss)
        units = rng.normal(size=(8, problem.samples.D))
        units /= np.linalg.norm(units[:, :4], axis=1)[:, None]
        z, t = rng.normal(size=(8, outputs)), np.zeros(outputs)
        before = problem.convex_objective(problem.samples.activations(units), z, t)
        moved, coefficients, shift = slide(problem, units, z, t)
        after = problem.convex_objective(problem.samples.activations(moved), coefficients, shift)
        assert after < 0.9 * before
        np.testing.assert_allclose(np.linalg.norm(moved[:, :4], axis=1), 1.0)
        assert bias or not shift.any()


@pytest.mark.parametrize(
    "case", [pytest.param(k, marks=[pytest.mark.slow] * (k not in (0, 5, 7))) for k in range(12)]
)
def test_local_search_reaches_global_optima(case):
    rng = np.random.default_rng(case)
    d, norm, bias = 3 + case % 3, NORMS[case // 3 % 3], bool(case % 2)
    X, y = rng.normal(size=({3: 12, 4: 9, 5: 7}[d], d)), rng.normal(size={3: 12, 4: 9, 5: 7}[d])
    options = {"reg": 0.1, "norm": norm, "bias": bias}
    best = gm.derive(X, y, dictionary="all", **options)
    found = gm.derive(X, y, dictionary="local", **options)
    assert found.objective >= best.certificate.dual * (1 - 1e-9)
    assert found.objective <= best.objective * (1 + 1e-6)
    assert found.certificate.coverage.scope == "local"
    # an atom above reg by δ brings a fall of the value of about δ² at most
    assert found.certificate.largest_correlation == pytest.approx(1.0, abs=1e-3)
    assert objective(found, X, y, 0.1, norm) == pytest.approx(found.objective, rel=1e-9)
    assert "no proof" in found.certificate.statement()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("norm", NORMS)
def test_degenerate_data(name, norm):
    X, y = degenerate()[name]
    for bias in (True, False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = gm.derive(X, y, reg=0.05, norm=norm, bias=bias)
            found = gm.derive(X, y, reg=0.05, norm=norm, bias=bias, dictionary="local")
        assert found.objective >= best.certificate.dual * (1 - 1e-9) - 1e-12
        assert found.objective <= best.objective * (1 + 1e-3) + 1e-9


@pytest.mark.slow
def test_other_losses_and_outputs():
    for X, y, options, norm, optimum in list(references())[::7]:
        found = gm.derive(X, y, norm=norm, dictionary="local", **options)
        assert found.objective >= optimum * (1 - 1e-6)
        assert found.objective <= optimum * (1 + 1e-3)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(10, 3)), rng.normal(size=(10, 2))
    best = gm.derive(X, Y, reg=0.3, norm=1, dictionary="all")
    found = gm.derive(X, Y, reg=0.3, norm=1, dictionary="local")
    assert best.certificate.dual * (1 - 1e-9) <= found.objective <= best.objective * (1 + 1e-3)


@pytest.mark.slow
def test_many_columns_are_searched_by_themselves():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 8))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0) + 0.1 * rng.normal(size=30)
    for norm in (1, 2):
        solution = gm.derive(X, y, reg=2.0, norm=norm)
        assert solution.certificate.coverage.scope == "local"
        assert solution.certificate.largest_correlation < 1.02
        again = gm.derive(X, y, reg=2.0, norm=norm)
        assert again.objective == solution.objective
        assert [str(n.atom) for n in again.network.neurons] == [str(n.atom) for n in solution.network.neurons]
        other = gm.derive(X, y, reg=2.0, norm=norm, seed=1)
        assert other.objective == pytest.approx(solution.objective, rel=1e-2)


def test_refusals():
    X, y = np.eye(3), np.arange(3.0)
    for options in ({"starts": 0}, {"starts": 2.5}, {"steps": 0}, {"seed": -1}, {"seed": "a"}):
        with pytest.raises(OptionError, match="integer"):
            LocalDictionary(Samples(X, True), 1.0, **options)
    with pytest.raises(UnsupportedProblem, match="every atom"):
        gm.derive(X, y, dictionary="local", exact=True)
    with pytest.raises(UnsupportedProblem, match="next to reach reg"):
        gm.path(X, y, dictionary="local")


@pytest.mark.parametrize("outputs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_certificate_says_how_far_names_hold(outputs):
    """A search that ends has names that give their weights, for several outputs as far as rounds brought anything, and
    says how far; one cut short says by how much they do not."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 6)), rng.normal(size=(60, outputs))
    ended = gm.derive(X, y, reg=2.0, norm=2, dictionary="local")
    error = ended.certificate.name_error
    assert error < (1e-6 if outputs == 1 else 1e-2)
    assert not ended.certificate.stopped
    assert ("give their weights" in ended.certificate.statement()) == (error > 1e-6)
    assert "stopped" not in ended.certificate.statement()
    largest = 0.0
    for neuron in ended.network.neurons:
        w = np.asarray(neuron.atom.weight)
        if neuron.atom.is_partial:
            anchor = X[neuron.atom.anchor]
            positive = [i for i in range(60) if (X[i] - anchor) @ w > 1e-9]
            gradient = (X[positive] - anchor).T @ ended.dual[positive]
            spanned = (X[list(neuron.atom.samples[:-1])] - anchor).T
            rejected = gradient - spanned @ np.linalg.lstsq(spanned, gradient, rcond=None)[0]
            top = np.linalg.svd(rejected)[0][:, 0]
            largest = max(largest, min(np.linalg.norm(w - top), np.linalg.norm(w + top)))
    assert largest < 3 * error + 1e-5
    problem = ended.problem
    dictionary, effort = LocalDictionary(problem.samples, 2.0), Effort(rounds=1)
    short = search(problem, dictionary, effort)
    short = replace(short, dual=short.dual + 0.1 * rng.normal(size=short.dual.shape))
    with pytest.warns(ConvergenceWarning, match="its time or rounds were over"):
        said = solution_of(problem, dictionary, short, effort).certificate
    assert 1e-3 < said.name_error < 1.0
    assert "give their weights" in said.statement()
    assert "give their weights" in said._repr_html_()


def test_a_search_that_has_no_time_says_so():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(15, 3)), rng.normal(size=15)
    with pytest.warns(ConvergenceWarning, match="times reg: its time or rounds were over") as caught:
        solution = gm.derive(X, y, dictionary="local", time_limit=1e-9)
    assert len(solution.network)  # of the rounds that any time is enough for
    assert solution.certificate.stopped
    assert "stopped before its end" in solution.certificate.statement()
    assert [each.category for each in caught] == [ConvergenceWarning]  # none says that a constant is optimal
    with pytest.warns(ConvergenceWarning, match="gap is .*: its time or rounds were over"):
        gm.derive(X, y, dictionary="local", certify="milp", time_limit=1e-9)


def test_softmax_of_features_of_many_sizes():
    """Where the path over the atoms in use leads nowhere, that from the constant network does."""
    X = np.array([[-7.0], [-2.0], [17.0], [7.0], [-16.0], [0.0], [-6.0], [1.0]])
    y = np.eye(4)[[0, 3, 3, 2, 1, 2, 0, 1]]
    options = {"reg": 0.00121, "norm": 1, "loss": "softmax"}
    best, found = (gm.derive(X, y, dictionary=name, **options) for name in ("all", "local"))
    assert found.objective == pytest.approx(best.objective, rel=1e-6)


@pytest.mark.slow
def test_a_search_among_huge_and_small_features_keeps_few_neurons():
    X = np.array([[-1118709.0, -92], [1388394, -155], [-797980, 119], [325951, -128], [-1566859, 84]])
    y = np.eye(4)[[0, 2, 0, 3, 1]]
    options = {"reg": 1.21, "norm": 2, "bias": False, "loss": "softmax"}
    best, found = (gm.derive(X, y, dictionary=name, **options) for name in ("all", "local"))
    assert found.objective == pytest.approx(best.objective, rel=1e-6)
    assert len(found.network) <= y.size


@pytest.mark.parametrize("seed", range(20))
def test_neurons_that_pass_through_no_sample_are_refined_all_the_same(seed):
    """Also those that are active on all samples, and on none; the outputs they had are what the value starts from."""
    rng = np.random.default_rng(seed)
    n, d, k, c = (
        int(rng.integers(3, 12)),
        int(rng.integers(1, 4)),
        int(rng.integers(1, 6)),
        int(rng.integers(1, 3)),
    )
    problem = pose(rng.integers(-2, 3, size=(n, d)), rng.normal(size=(n, c)), 0.1, 2, True, "squared")
    units = rng.normal(size=(k, d + 1))
    units[0, -1] = [9.0, -9.0][seed % 2] * np.linalg.norm(units[0])
    units /= np.linalg.norm(units[:, :-1], axis=1, keepdims=True)
    z, t = rng.normal(size=(k, c)), rng.normal(size=c)
    before = problem.convex_objective(problem.samples.activations(units), z, t)
    u, a, s = refine(problem, units, z, t)
    assert problem.convex_objective(problem.samples.activations(u), a, s) <= before * (1 + 1e-12)
    if len(u) and not np.array_equal(a, z):
        assert np.abs(problem.samples.homogeneous @ u.T).min(axis=0).max() <= 1e-9 * np.abs(u).max()


@pytest.mark.parametrize("seed", range(30))
def test_exactly_linear_targets_are_searched_without_end_or_exception(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 8)), int(rng.integers(1, 5))
    X = rng.integers(0, 6, size=(n, d)).astype(float)
    y, reg = X @ rng.integers(1, 4, d), 10.0 ** -rng.integers(1, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.errors.GeomnnWarning)
        local = gm.derive(X, y, reg=reg, norm=2, dictionary="local")
        optimum = gm.derive(X, y, reg=reg, norm=2, dictionary="all", tol=1e-7).objective
    assert local.objective >= optimum * (1 - 1e-6)
    assert local.objective <= optimum * (1 + 1e-4) + 1e-9


def check_run(run, found, pool=None):
    """The equations of a search's run, for a network that one of its steps gives."""
    problem, samples = run._problem, run._problem.samples
    f = samples.activations(found.units) @ found.coefficients + found.intercept
    value = (
        problem.loss.value(f, problem.targets)
        + problem.reg * np.linalg.norm(found.coefficients, axis=1).sum()
    )
    assert found.primal == pytest.approx(value, rel=1e-9)
    if not problem.loss.is_polyhedral:
        np.testing.assert_allclose(
            found.dual, problem.residual(f), rtol=1e-6, atol=1e-9 * np.abs(found.dual).max()
        )
    assert np.isfinite(problem.loss.dual(found.dual, problem.targets))
    assert not samples.bias or (np.abs(found.dual.sum(axis=0)) <= 1e-9 * np.abs(found.dual).sum(axis=0)).all()
    assert found.bound <= found.primal * (1 + 1e-9)
    lengths = np.linalg.norm(run.walked[:, : samples.d], ord=run._dictionary.norm, axis=1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-9)
    if pool is not None:
        assert found.bound == pytest.approx(problem.dual_bound(found.dual, found.maximum), rel=1e-12)
        values = np.linalg.norm(found.dual.T @ samples.activations(pool), axis=0)
        assert values.max(initial=0.0) <= found.maximum * (1 + 1e-9)


@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax", "hinge"])
@pytest.mark.parametrize(("norm", "bias"), [(1, True), (2, True), (2, False), (np.inf, True)])
def test_every_step_of_a_search_keeps_the_equations(norm, bias, loss, monkeypatch):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    y = {"squared": y, "softmax": np.eye(3)[rng.integers(0, 3, 30)]}.get(loss, np.where(y > 0, 1.0, -1.0))
    seen = []

    def checked(name):
        step = getattr(_Run, name)

        def after(run, *arguments):
            given = step(run, *arguments)
            found, pool = given if name == "_walk" else (given, None)
            check_run(run, found, pool)
            assert run._left + run._walks == 8
            seen.append(name)
            return given

        monkeypatch.setattr(_Run, name, after)

    for name in ("network", "_slid", "_walk", "slides", "rounds", "through_samples"):
        checked(name)
    problem = pose(X, y, 0.3, norm, bias, loss)
    dictionary = LocalDictionary(problem.samples, float(norm), starts=16)
    search(problem, dictionary, Effort(1e-6, rounds=8))
    assert {"network", "_walk", "rounds"} <= set(seen)
    assert ("_slid" in seen) == (norm == 2 and loss != "hinge")


@pytest.mark.parametrize("norm", [1.0, 2.0, np.inf])
def test_the_ways_off_members_are_the_dual_basis_of_them(norm):
    """e_k·y_k = 1, e_k·y_j = 0, in the span of J, with axes among its members or not; and an orthonormal basis."""
    random = np.random.default_rng(3)
    samples = Samples(random.normal(size=(5, 6)), True)
    walks = Walks(samples, norm, random.normal(size=(5, 1)), random.normal(size=(6, 1)))
    a = int(walks._anchors[0])
    others = [k for k in range(5) if k != a]
    for members in (
        [others[0], Direction(2), others[1], Direction(0)],
        [others[2]],
        [Direction(1)],
        [],
        others,
    ):
        walks._stay_on(0, list(members))
        basis, edges = walks._bases[0], walks._edges(0, list(members))
        vectors = np.array([walks._vector(0, each) for each in members]).reshape(-1, 6)
        np.testing.assert_allclose(vectors @ edges, np.eye(len(members)), atol=1e-12)
        np.testing.assert_allclose(basis.T @ basis, np.eye(len(members)), atol=1e-12)
        for inside in (vectors.T, edges):
            np.testing.assert_allclose(basis @ (basis.T @ inside), inside, atol=1e-12)


def test_many_features_are_walked_and_named_in_some_time():
    """Where nearly all members are axes, no algebra is about them: 8 rows of 400 features take a second."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(8, 400)), random.normal(size=8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        solution = gm.derive(X, y, reg=0.5, time_limit=0.5)
    assert solution.certificate.stopped
    for neuron in solution.network.neurons:
        assert len(neuron.atom.samples) + len(neuron.atom.directions) == 400
