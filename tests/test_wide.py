"""Searches from a wide start: stages that never rise, true names, certificates that say what was checked."""

import importlib.util
import pickle
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from problems import objective, ramps

import geomnn as gm
from geomnn.deadline import NEVER
from geomnn.dictionaries import LocalDictionary, find_dictionary
from geomnn.dictionaries.canonical import name_error
from geomnn.errors import DataError, FileError, FormatError, MissingPackage, OptionError, UnsupportedProblem
from geomnn.programs import gated, wide
from geomnn.programs.effort import Effort
from geomnn.programs.flats import LATER, Flats, slide_on_flats
from geomnn.programs.gated import gated_network, merged, random_units
from geomnn.programs.problem import pose
from geomnn.programs.restricted.solvers import with_best_sizes
from geomnn.programs.slide import slide
from geomnn.rows import Sums, ascend
from geomnn.samples import Samples

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")


def searched(X, bias=True, **options):
    return LocalDictionary(Samples(X, bias), 2, **{"start": "gated", **options})


@pytest.fixture(autouse=True)
def few_gates(monkeypatch):
    """Twenty gates do for small tables."""
    monkeypatch.setattr(wide, "MOST", 20)
    monkeypatch.setattr(wide, "FEWEST", 20)


@pytest.fixture
def stages(monkeypatch):
    """The values of all stages of a search, as they come."""
    seen = []
    for name in ("_begin", "_with", "_named", "_stated"):
        step = getattr(wide._Stages, name)

        def kept(self, *arguments, step=step, name=name):
            found = step(self, *arguments)
            seen.append((name, found.primal))
            return found

        monkeypatch.setattr(wide._Stages, name, kept)
    return seen


LOSSES = [
    ("squared", 1),
    ("logistic", 1),
    *(pytest.param(loss, 3, marks=pytest.mark.slow) for loss in ("squared", "softmax")),
]


@pytest.mark.parametrize(("loss", "outputs"), LOSSES)
@pytest.mark.parametrize("bias", [True, False])
def test_no_stage_is_above_the_one_before(loss, outputs, bias, stages):
    X, y, reg = ramps(120, 3, outputs)
    y = {"logistic": np.sign(y), "softmax": np.eye(3)[np.arange(120) % 3]}.get(loss, y)
    reg /= 1 if loss == "squared" else 4
    solution = gm.derive(X, y, reg, norm=2, bias=bias, loss=loss, dictionary=searched(X, bias, rounds=3))
    values = [value for _, value in stages]
    assert stages[0][0] == "_begin"
    assert [name for name, _ in stages][-2:] == ["_named", "_stated"]
    assert (np.diff(values) <= 1e-12 * values[0]).all()
    constant = solution.problem
    assert solution.objective < constant.loss.value(
        np.zeros_like(constant.targets) + constant.constant(), constant.targets
    )
    if loss == "squared" and outputs == 1:
        assert objective(solution, X, y, reg, 2) == pytest.approx(solution.objective, rel=1e-9)
    certificate = solution.certificate
    assert certificate.coverage.scope == "local"
    v = np.reshape(solution.dual, (120, -1))
    fresh = (
        LocalDictionary(Samples(X, bias), 2, starts=128, seed=5, start="walks").price(v, np.inf, 1).maximum
    )
    assert certificate.largest_correlation >= fresh / reg / 1.05


@pytest.mark.slow
def test_it_comes_to_what_walks_come_to():
    for seed in range(3):
        X, y, reg = ramps(200, 4, seed=seed)
        wide_one = gm.derive(X, y, reg, norm=2, dictionary=searched(X))
        walked = gm.derive(X, y, reg, norm=2, dictionary=searched(X, start="walks"))
        assert wide_one.objective <= walked.objective * 1.005
        assert wide_one.certificate.largest_correlation < 1.1


def test_what_is_named_is_checked():
    """The share of exact names, by (2b) from the data alone; where flats end above the slid value names stay near."""
    X, y, reg = ramps()
    solutions = [gm.derive(X, y, reg, norm=2, dictionary=searched(X, seed=seed)) for seed in range(4)]
    for solution in solutions:
        exact = sum(is_exact(neuron.atom, X, solution.dual) for neuron in solution.network.neurons)
        assert solution.certificate.named <= exact / len(solution.network) + 1e-12
    assert max(solution.certificate.named for solution in solutions) > 0.8
    near = replace(solutions[0].certificate, name_error=0.1, named=0.5)
    assert "50 % of all names" in near.statement()


def is_exact(atom, X, v):
    """Whether a neuron goes through its samples, and is the reject of its gradient, to 1.5e-6."""
    w, anchor = np.asarray(atom.weight), X[atom.anchor]
    spanned = (X[list(atom.samples[:-1])] - anchor).reshape(-1, 5).T
    np.testing.assert_allclose(spanned.T @ w, 0.0, atol=1e-9)
    assert anchor @ w + atom.bias == pytest.approx(0.0, abs=1e-9)
    if len(atom.samples) == 5:
        return True
    active = (X - anchor) @ w > 1e-9
    gradient = (X[active] - anchor).T @ v[active]
    gradient -= spanned @ np.linalg.lstsq(spanned, gradient, rcond=None)[0]
    gradient /= np.linalg.norm(gradient)
    return min(np.linalg.norm(w - gradient), np.linalg.norm(w + gradient)) <= 1.5e-6


@pytest.mark.parametrize("bias", [True, False])
def test_flats(bias):
    """P is a projection onto hyperplanes through the members, and the gradient is pulled back by its adjoint."""
    rng = np.random.default_rng(1)
    samples = Samples(rng.integers(-2, 3, size=(60, 4)).astype(float), bias)
    units, sums = random_units(samples, 9, rng), Sums(samples, "float64")
    flats = Flats(samples, units)
    assert flats.grow(sums, units, 0.05) > 0
    theta, gradient = rng.normal(size=units.shape), rng.normal(size=units.shape)
    kept = flats.units(theta)
    np.testing.assert_allclose(flats.units(kept), kept, atol=1e-12)
    assert np.sum(flats.units(theta) * gradient) == pytest.approx(np.sum(theta * flats.pulled_back(gradient)))
    along = samples.homogeneous @ kept.T
    for k, members in enumerate(flats._members):
        np.testing.assert_allclose(along[list(members), k], 0.0, atol=1e-12)
    assert (np.abs(along).min(axis=0) <= 1e-12).all() or not bias
    assert (np.linalg.norm(kept[:, :4], axis=1) > 0).all()


def test_sliding_on_flats_names_all_and_costs_hardly_anything():
    X, y, reg = ramps(200, 4)
    problem, _ = pose(X, y, reg, 2, True, "squared").centred()
    sums = Sums(problem.samples, "float64")
    gates = random_units(problem.samples, 10, np.random.default_rng(0))
    units, z, t = gated_network(problem, sums, gates, problem.constant(), NEVER)
    units, z, t = slide(problem, *(units, z, t), 1000, sums=sums)
    units, z = merged(problem.samples, units, z)
    units, z, t = slide(problem, units, z, t, 1000, sums=sums)
    before = problem.convex_objective(problem.samples.activations(units), z, t)
    named = slide_on_flats(problem, sums, units, z, t, NEVER, LATER)
    after = problem.convex_objective(problem.samples.activations(named[0]), *named[1:])
    assert after <= before * (1 + 2e-3)
    v = problem.residual(problem.samples.predict(*named[:2]) + named[2])
    dictionary = LocalDictionary(problem.samples, 2)
    errors = [name_error(problem.samples, dictionary.name(unit, v), v) for unit in named[0]]
    assert np.mean(np.array(errors) <= 1e-6) >= 0.9, errors


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2])
def test_ascents_find_the_largest_correlation(bias, outputs):
    """Beside every atom, and never more than there is; at least half of them, as far as it has one top."""
    rng = np.random.default_rng(0)
    X, v = rng.normal(size=(14, 3)), rng.normal(size=(14, outputs))
    v -= v.mean(axis=0)
    samples = Samples(X, bias)
    largest = find_dictionary(samples, 2.0, "all").price(v, np.inf, 1).maximum
    found = searched(X, bias, starts=64).price(v, 0.0, 100)
    assert largest * (1 - 1e-3) <= found.maximum <= largest * (1 + 1e-9)
    X, y, _ = ramps(2000, 20)
    samples, v = Samples(X, True), (y - y.mean())[:, None]
    sums = Sums(samples)
    ends = ascend(sums, v, rng.normal(size=(32, 20)), 20, NEVER)
    heights = np.abs(v.T @ samples.activations(ends))[0]
    assert np.sum(heights >= heights.max() * (1 - 1e-3)) >= 16
    walks = LocalDictionary(samples, 2, starts=8, steps=40, start="walks").price(v, np.inf, 1).maximum
    assert heights.max() >= walks * (1 - 1e-4)


def test_the_gated_program_is_solved(monkeypatch):
    """Beside CVXPY on its group Lasso, once there are steps enough."""
    cp = pytest.importorskip("cvxpy")
    X, y, reg = ramps(60, 3, 2)
    problem = pose(X, y, reg, 2, True, "squared")
    gates = random_units(problem.samples, 4, np.random.default_rng(0))
    monkeypatch.setattr(gated, "STEPS", 4000)
    groups, t = gated._group_lasso(
        problem, Sums(problem.samples, "float64"), gates, problem.constant(), NEVER
    )
    x = problem.samples.homogeneous
    masks = (x @ gates.T > 0)[:, :, None] * x[:, None]
    f = np.einsum("npd,pcd->nc", masks, groups) + t
    value = np.sum((f - y) ** 2) / 2 + reg * np.linalg.norm(groups[:, :, :3], axis=(1, 2)).sum()
    V, s = [cp.Variable((2, 4)) for _ in gates], cp.Variable(2)
    fit = sum(masks[:, g] @ V[g].T for g in range(4)) + cp.reshape(s, (1, 2), order="C")
    cost = cp.sum_squares(fit - y) / 2 + reg * sum(cp.norm(W[:, :3], "fro") for W in V)
    assert value == pytest.approx(cp.Problem(cp.Minimize(cost)).solve(solver=cp.CLARABEL), rel=1e-4)


def test_merging_copies_changes_nothing():
    rng = np.random.default_rng(0)
    samples = Samples(rng.normal(size=(30, 3)), True)
    units, z = random_units(samples, 5, rng), rng.normal(size=(5, 2))
    copies, sizes = np.concatenate([units, units, units]), np.concatenate([z, 2 * z, z])
    found, size = merged(samples, copies, sizes)
    assert len(found) == 5
    np.testing.assert_allclose(samples.predict(found, size), 4 * samples.predict(units, z), atol=1e-12)
    opposite = merged(samples, np.concatenate([units, units]), np.concatenate([z, -z]))
    assert len(opposite[0]) == 10


def models(X, y, reg):
    """Networks to begin with, and how many outputs they have."""
    rng = np.random.default_rng(2)
    yield [(rng.normal(size=(12, 5)), rng.normal(size=12)), (rng.normal(size=(1, 12)) / 9, np.zeros(1))]
    solution = gm.derive(X, y, 20 * reg, norm=2, dictionary=searched(X, rounds=1))
    yield solution
    yield solution.network
    if importlib.util.find_spec("torch"):
        nn = importlib.import_module("torch.nn")
        yield nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 1))


@pytest.mark.slow
def test_any_network_is_a_start():
    X, y, reg = ramps()
    best = gm.derive(X, y, reg, norm=2, dictionary=searched(X)).objective
    for model in models(X, y, reg):
        found = gm.derive(X, y, reg, norm=2, dictionary=searched(X, start=model))
        assert found.objective <= best * 1.01
    random = gm.derive(X, y, reg, norm=2, dictionary=searched(X, start="random units"))
    assert random.objective <= best * 1.01


def test_sizes_are_those_of_the_program_over_the_units():
    """Optimal for them, so that most of many copies are left out, and never above what was given."""
    X, y, reg = ramps(80, 3)
    problem, _ = pose(X, y, reg, 2, True, "squared").centred()
    units = random_units(problem.samples, 30, np.random.default_rng(0))
    units, z = np.concatenate([units, units]), np.full((60, 1), 0.1)
    features = problem.samples.activations(units)
    found, t = with_best_sizes(problem, units, z, np.zeros(1))
    assert problem.convex_objective(features, found, t) < problem.convex_objective(features, z, np.zeros(1))
    correlations = (features.T @ problem.residual(features @ found + t))[:, 0]
    assert np.abs(correlations).max() <= reg * (1 + 1e-9)
    used = found[:, 0] != 0
    np.testing.assert_allclose(correlations[used], reg * np.sign(found[used, 0]), rtol=1e-9)
    assert np.sum(used) <= 30
    again = with_best_sizes(problem, units, found, t)
    assert problem.convex_objective(features, *again) <= problem.convex_objective(features, found, t)


def test_a_search_from_units_goes_on_from_them(stages):
    X, y, reg = ramps(200, 4)
    first, second = gm.grid(X, y, [2 * reg, reg], norm=2, dictionary=searched(X, rounds=2))
    assert first.problem.reg == 2 * reg
    assert second.objective == pytest.approx(
        gm.derive(X, y, reg, norm=2, dictionary=searched(X)).objective, rel=1e-2
    )


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
def test_a_device_comes_to_what_numpy_does():
    X, y, reg = ramps(150, 3)
    ours, theirs = (
        gm.derive(X, y, reg, norm=2, dictionary=searched(X, rounds=1, device=device))
        for device in (None, "cpu")
    )
    assert theirs.objective == pytest.approx(ours.objective, rel=1e-2)
    value = objective(theirs, X, y, reg, 2)
    assert value == pytest.approx(theirs.objective, rel=1e-9)


def test_a_killed_search_goes_on(tmp_path, monkeypatch):
    X, y, reg = ramps()
    place = tmp_path / "run.npz"
    step, calls = wide._Stages._add, []

    def killed(self, found, done):
        monkeypatch.setattr(self, "_rounds", 1)
        calls.append(step(self, found, done)[0])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(wide._Stages, "_add", killed)
        with pytest.raises(KeyboardInterrupt):
            gm.derive(X, y, reg, norm=2, dictionary=searched(X, checkpoint=place))
    with monkeypatch.context() as patch:
        patch.setattr(wide._Stages, "_begin", None)  # nothing is begun anew
        resumed = gm.derive(X, y, reg, norm=2, dictionary=searched(X, checkpoint=place))
    assert resumed.objective <= calls[0].primal * (1 + 1e-12)
    whole = gm.derive(X, y, reg, norm=2, dictionary=searched(X))
    assert resumed.objective == pytest.approx(whole.objective, rel=1e-3)
    with pytest.raises(DataError, match="another table"):
        gm.derive(X, y, reg / 2, norm=2, dictionary=searched(X, checkpoint=place))
    with pytest.raises(DataError, match="another table"):
        gm.derive(X, y + 1, reg, norm=2, bias=False, dictionary=searched(X, False, checkpoint=place))
    with np.load(place) as stored:
        parts = dict(stored)
    for name, wrong in {"units": parts["units"][:, 1:], "z": parts["z"] * np.nan, "rounds": -1}.items():
        np.savez(place, **parts | {name: wrong})
        with pytest.raises(FormatError, match="no network of this problem"):
            gm.derive(X, y, reg, norm=2, dictionary=searched(X, checkpoint=place))
    np.save(tmp_path / "table.npy", X)
    for content in (b"PK no stage", (tmp_path / "table.npy").read_bytes()):
        place.write_bytes(content)
        with pytest.raises(FormatError, match="no stage of a search"):
            gm.derive(X, y, reg, norm=2, dictionary=searched(X, checkpoint=place))
    with pytest.raises(OptionError, match="checkpoint=3; the place of a file"):
        searched(X, checkpoint=3)
    with pytest.raises(FileError, match="folder is not there"):
        gm.derive(X, y, reg, norm=2, dictionary=searched(X, checkpoint=tmp_path / "none" / "run.npz"))


def test_refusals():
    X, y, reg = ramps(40, 3)
    for options, error, message in (
        ({"start": "gate"}, OptionError, "'walks', 'gated', 'random units'"),
        ({"precision": "float16"}, OptionError, "float32"),
        ({"block_rows": 0}, OptionError, "block_rows"),
        ({"rounds": 0}, OptionError, "rounds"),
        ({"device": "cuda:77"}, MissingPackage, "device='cuda:77'"),
    ):
        with pytest.raises(error, match=message):
            searched(X, **options)
    with pytest.raises(OptionError, match="norm=2"):
        LocalDictionary(Samples(X, True), 1, start="gated")
    rows = gm.Rows(X, y)
    with pytest.raises(OptionError, match="in memory"):
        gm.derive(rows, reg=reg, norm=1)
    with pytest.raises(UnsupportedProblem, match="read by rows"):
        gm.derive(rows, reg=reg, norm=2, dictionary="all")
    with pytest.raises(UnsupportedProblem, match="corners"):
        gm.derive(gm.Rows(X, np.sign(y)), reg=reg, norm=2, loss="hinge")
    for options in ({"depth": 3}, {"certify": "auto"}, {"exact": True}):
        with pytest.raises(UnsupportedProblem, match="needs the table in memory"):
            gm.derive(rows, reg=reg, norm=2, **options)
    with pytest.raises(DataError, match="y is missing"):
        gm.derive(gm.Rows(X), reg=reg, norm=2)
    with pytest.raises(DataError, match="one hidden layer over 3 features"):
        gm.derive(X, y, reg, norm=2, dictionary=searched(X, start=[np.eye(4), np.ones((1, 4))]))
    with_bias = [np.eye(3), np.ones(3), np.ones((1, 3))]
    with pytest.raises(DataError, match="biases, and bias=False"):
        gm.derive(X, y, reg, norm=2, bias=False, dictionary=searched(X, False, start=with_bias))


def test_solutions_and_options_of_small_tables_are_as_elsewhere():
    X, y, reg = ramps(60, 3)
    for table in (X, gm.Rows(X, y)):
        found = gm.derive(table, y, 10 * reg, norm=2, dictionary=LocalDictionary(
            table.samples() if table is not X else Samples(X, True), 2, start="gated", rounds=1))  # fmt: skip
        again = pickle.loads(pickle.dumps(found))
        assert again.objective == found.objective
        np.testing.assert_array_equal(again.problem.samples.X[[3]], X[[3]])
    with pytest.raises(OptionError, match="float32"):
        LocalDictionary(Samples(X, True), 1, precision="float16")


def test_the_default_goes_by_size_and_norm():
    small, large = np.zeros((10, 3)) + np.arange(3.0), np.ones((1000, 100)) * np.arange(100.0)
    assert LocalDictionary(Samples(small, True), 2).start == "walks"
    assert LocalDictionary(Samples(large, True), 2).start == "gated"
    assert LocalDictionary(Samples(large, True), 1).start == "walks"
    assert LocalDictionary(gm.Rows(small).samples(), 2).start == "gated"


@pytest.mark.parametrize("name", ["copies", "line", "zeros", "constant", "linear", "one"])
def test_degenerate_tables(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    y = np.maximum(X[:, 0], 0)
    X, y = {
        "copies": (np.repeat(X[:5], 6, axis=0), np.repeat(y[:5], 6)),
        "line": (np.outer(np.arange(30.0), [1, 2, 3]), np.abs(np.arange(30.0) - 9)),
        "zeros": (np.zeros((30, 3)), y),
        "constant": (X, np.ones(30)),
        "linear": (X, X @ [1.0, 2.0, 3.0]),
        "one": (X[:1], y[:1]),
    }[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.errors.GeomnnWarning)
        found = gm.derive(X, y, 0.5, norm=2, dictionary=searched(X))
        best = gm.derive(X, y, 0.5, norm=2, tol=1e-6)
    assert found.objective <= best.objective * 1.05 + 1e-9
    assert found.objective >= best.certificate.dual * (1 - 1e-9) - 1e-9


def test_the_time_limit_holds():
    X, y, reg = ramps(4000, 30)
    problem = pose(X, y, reg / 10, 2, True, "squared").centred()[0]
    began = time.monotonic()
    with Effort(time_limit=1.5).begun() as effort:
        found = wide.search_wide(problem, searched(X), effort)
    assert time.monotonic() - began < 4
    assert found.primal < problem.loss.value(np.zeros_like(problem.targets), problem.targets)
    assert found.maximum >= reg / 10


def test_a_neuron_beside_all_samples_is_near_an_atom_through_the_next_one():
    X = np.random.default_rng(0).normal(size=(30, 3))
    samples, v = Samples(X, True), X[:, :1]
    unit = samples.units_of(np.array([[0.6, 0.8, 0.0]]), np.array([0.3]))[0]
    atom = LocalDictionary(samples, 2).name(unit, v)
    passes = X @ atom.weight + atom.bias
    assert atom.samples == (np.argmin(np.abs(passes)),)
    assert atom.bias == pytest.approx(0.3, abs=1e-12)
    away = np.abs(passes).min() / np.linalg.norm(np.abs(X - samples.centre).max(axis=0))
    assert name_error(samples, atom, v) >= 0.99 * away > 1e-6
