"""Whether time_limit holds, and what comes back then: on a clock that counts calls of functions, not seconds."""

import pickle
import sys
import time
from contextlib import contextmanager

import joblib
import numba
import numpy as np
import pytest

import geomnn as gm
import geomnn.deadline
import geomnn.derivation
from geomnn.deadline import NEVER, Deadline, OutOfTime, Pace, limited, shown
from geomnn.dictionaries import LocalDictionary, find_dictionary
from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import ConvergenceWarning, EnumerationTooLarge
from geomnn.norms import ball
from geomnn.programs import sparsify
from geomnn.programs.problem import pose
from geomnn.programs.restricted import solvers as restricted
from geomnn.programs.slide import slide
from geomnn.samples import Samples

TICK = 1e-3  # what a call of a function takes on the clock of these tests
LATE = 60.0  # how much later than its limit a call may return: 60,000 calls of functions
quiet = pytest.mark.filterwarnings("ignore::geomnn.errors.GeomnnWarning")


class Calls:
    """A clock that goes on with each function that Python calls: the same on a busy machine as on an idle one."""

    def __init__(self):
        self.count = 0

    def __call__(self):
        return self.count * TICK

    def _called(self, frame, event, argument):
        self.count += event in ("call", "c_call")

    @contextmanager
    def running(self, monkeypatch):
        before = sys.getprofile()
        with monkeypatch.context() as patched:
            patched.setattr(geomnn.deadline, "monotonic", self)
            sys.setprofile(self._called)
            try:
                yield self
            finally:
                sys.setprofile(before)


def timed(monkeypatch, X, y, **options):
    """The solution and what it took, on that clock."""
    with Calls().running(monkeypatch) as clock:
        solution = gm.derive(X, y, **options)
        taken = clock()
    return solution, taken


def smooth(n, d):
    X = np.random.default_rng(0).normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, -1]


def classes(n):
    return np.eye(3)[np.random.default_rng(1).integers(0, 3, n)]


def all_atoms(X, norm):
    return find_dictionary(Samples(X, True), norm, "all")


def problems():
    """Every kind of problem, large enough to take much longer than what comes after the time."""
    X, y = smooth(24, 5)
    both, sign = np.column_stack([y, X[:, 2] ** 2]), np.where(y > 0, 1.0, -1.0)
    for norm in (1, 2, np.inf):
        searched = {"norm": norm, "dictionary": "local"}
        yield f"searched, p = {norm}", X, y, {"reg": 0.1, **searched}
        yield f"searched, two outputs, p = {norm}", X, both, {"reg": 0.1, **searched}
        yield f"searched, softmax, p = {norm}", X, classes(24), {"reg": 0.1, "loss": "softmax", **searched}
        yield f"searched, logistic, p = {norm}", X, sign, {"reg": 0.1, "loss": "logistic", **searched}
    X, y = smooth(40, 2)
    both, sign = np.column_stack([y, X[:, 1] ** 2]), np.where(y > 0, 1.0, -1.0)
    for norm in (1, 2):
        few = {"reg": 0.01, "norm": norm, "dictionary": all_atoms(X[:20], norm)}
        yield f"plane, p = {norm}", X, y, {"reg": 1e-3, "norm": norm, "dictionary": all_atoms(X, norm)}
        yield f"plane, two outputs, p = {norm}", X[:20], both[:20], few
        yield f"plane, softmax, p = {norm}", X[:20], classes(20), {"loss": "softmax", **few}
        yield f"plane, logistic, p = {norm}", X[:20], sign[:20], {"loss": "logistic", **few}
    yield "in fractions", X[:20], y[:20], {"reg": 0.01, "exact": True, "dictionary": all_atoms(X[:20], 1)}
    X, y = smooth(12, 3)
    yield "space", X, y, {"reg": 0.01, "norm": 2, "dictionary": all_atoms(X, 2)}
    yield "three layers, searched", *smooth(10, 3), {"reg": 0.1, "depth": 3}


PROBLEMS = list(problems())


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """All that is compiled is there before a clock counts what loads it."""
    X, y = smooth(8, 3)
    for norm in (1, 2):
        gm.derive(X, y, reg=1.0, norm=norm, dictionary="local")
        gm.derive(X[:, :2], y, reg=0.1, norm=norm)


@quiet
@pytest.mark.parametrize(
    ("X", "y", "options"), [each[1:] for each in PROBLEMS], ids=[each[0] for each in PROBLEMS]
)
def test_a_call_returns_in_time_with_what_it_has(monkeypatch, X, y, options):
    def too_many(*arguments):  # whether to form all features is decided by an estimate in seconds
        raise EnumerationTooLarge("all features")

    if "depth" in options:
        monkeypatch.setattr(geomnn.depth.lifting, "all_layers", too_many)
    whole = None if options.get("dictionary", "local") == "local" else gm.derive(X, y, **options)
    for limit in (1e-6, 20.0, 100.0):
        found, taken = timed(monkeypatch, X, y, time_limit=limit, **options)
        assert taken <= limit + LATE * (options.get("depth", 2) - 1)
        check_honest(found, whole)
        assert found.certificate.stopped or (whole is not None and limit > 1.0)


def check_honest(found, whole):
    """The primal is (T) of the weights; a bound is one; what was stopped says so."""
    problem, certificate = found.problem, found.certificate
    assert (
        float(certificate.primal)
        == pytest.approx(problem.training_objective(*(found.lifted or found).network.arrays()), rel=1e-12)
        or certificate.coverage.depth > 2
    )
    assert certificate.coverage.scope == (whole.certificate.coverage.scope if whole else "local")
    if certificate.coverage.scope == "global":
        assert certificate.dual <= float(whole.objective) * (1 + 1e-9)
        assert certificate.dual >= 0.0
        assert certificate.stopped or certificate.relative_gap <= 1e-9
        assert certificate.relative_gap >= -1e-12
    else:
        v = found.dual.reshape(problem.targets.shape)
        units = problem.samples.homogeneous[:0]
        for neuron in (found.lifted or found).network.neurons:
            unit = problem.samples.unit_of(neuron.atom.weight, float(neuron.atom.bias))
            units = np.vstack([units, unit])
        known = np.linalg.norm(v.T @ problem.samples.activations(units), axis=0).max(initial=0.0)
        assert certificate.largest_correlation * problem.reg >= known * (1 - 1e-9)


def test_without_a_limit_no_clock_is_read(monkeypatch):
    def read():
        raise AssertionError("a clock was read")

    X, y = smooth(8, 3)
    monkeypatch.setattr(geomnn.deadline, "monotonic", read)
    monkeypatch.setattr(geomnn.deadline, "time", read)
    for norm in (1, 2):
        gm.derive(X, y, reg=1.0, norm=norm, dictionary="local")
        gm.derive(X[:, :2], y, reg=1.0, norm=norm)


def test_a_limit_that_is_not_reached_changes_nothing():
    X, y = smooth(8, 3)
    for norm in (1, 2, np.inf):
        options = {"reg": 1.0, "norm": norm, "dictionary": "local"}
        one, other = gm.derive(X, y, **options), gm.derive(X, y, time_limit=1e6, **options)
        np.testing.assert_array_equal(one.dual, other.dual)
        assert one.certificate == other.certificate


def test_a_time_that_is_over_warns_and_advises():
    X, y = smooth(30, 2)
    with pytest.warns(
        ConvergenceWarning, match=r"gap is .*time or rounds were over. Allow more time \(time_limit="
    ) as caught:
        stopped = gm.derive(X, y, reg=1e-3, dictionary=all_atoms(X, 1), time_limit=1e-9)
    assert stopped.certificate.stopped
    assert stopped.certificate.coverage.scope == "global"
    assert stopped.unique is None
    assert [each.category for each in caught] == [ConvergenceWarning]  # none that a constant is optimal


def test_an_exact_optimum_for_which_there_is_no_time_is_one_in_floats():
    X, y = smooth(12, 2)
    with pytest.warns(ConvergenceWarning) as caught:
        solution = gm.derive(X, y, reg=0.01, exact=True, dictionary=all_atoms(X, 1), time_limit=1e-9)
    assert any("rational arithmetic" in str(each.message) for each in caught)
    assert all(each.filename == __file__ for each in caught)
    assert not solution.certificate.exact
    assert solution.exact is None
    assert gm.derive(X, y, reg=0.01, exact=True, time_limit=1e6).certificate.exact


def test_atoms_that_there_is_no_time_to_form_are_refused():
    X, y = smooth(60, 3)
    with pytest.raises(EnumerationTooLarge, match="are allowed"):
        gm.derive(X, y, norm=2, dictionary="all", time_limit=1e-3)
    with pytest.raises(EnumerationTooLarge, match="are allowed"):
        gm.derive(X, y, norm=1, dictionary="wedge", time_limit=1e-9)


@quiet
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("outputs", [1, 3])
def test_walks_that_are_stopped_have_names(norm, bias, outputs):
    X, y = smooth(30, 5)
    problem = pose(X, np.column_stack([y, y**2, X[:, 1]])[:, :outputs], 0.1, norm, bias, "squared")
    dictionary = LocalDictionary(problem.samples, norm)
    v = problem.residual(np.broadcast_to(problem.constant(), problem.targets.shape))
    for seconds in (1e-9, 2e-3, 1e-2, 1e9):
        pricing = dictionary.until(Deadline.after(seconds)).price(v, 0.0, 200)
        assert len(pricing.units)
        values = np.linalg.norm(v.T @ problem.samples.activations(pricing.units), axis=0)
        assert pricing.maximum == pytest.approx(values.max(), rel=1e-12)
        np.testing.assert_allclose(np.linalg.norm(pricing.units[:, :5], norm, axis=1), 1.0, rtol=1e-12)
        for unit in pricing.units:
            atom = name_atom(problem.samples, unit, norm, ball(norm).directions(5), v if norm == 2 else None)
            np.testing.assert_allclose(atom.weight, unit[:5], atol=1e-9)
    assert dictionary.price(v, 0.0, 1).maximum == pricing.maximum  # the dictionary itself has no deadline


def test_sliding_that_is_stopped_does_not_rise():
    X, y = smooth(30, 5)
    problem, rng = pose(X, y, 0.1, 2, True, "squared"), np.random.default_rng(0)
    units, z, t = rng.normal(size=(20, 6)), rng.normal(size=(20, 1)), np.zeros(1)
    units /= np.linalg.norm(units[:, :5], axis=1, keepdims=True)
    values = [
        problem.convex_objective(problem.samples.activations(network[0]), *network[1:])
        for network in (
            (units, z, t),
            slide(problem, units, z, t, deadline=Deadline.after(1e-9)),
            slide(problem, units, z, t),
        )
    ]
    assert values[0] > values[1] > values[2]


@pytest.mark.parametrize("bias", [True, False])
def test_many_targets_are_solved_in_the_coefficients_with_the_same_result(bias, monkeypatch):
    X, y = smooth(25, 3)
    problem = pose(X, np.column_stack([y, y**2]), 0.3, 2, bias, "squared")
    units = np.random.default_rng(0).normal(size=(12, problem.samples.D))
    units /= np.linalg.norm(units[:, :3], axis=1, keepdims=True)
    few = restricted.restricted_solver(problem, 1e-9)
    monkeypatch.setattr(restricted, "LARGE_SYSTEM", 0)
    many = restricted.restricted_solver(problem, 1e-9)
    assert type(few) is not type(many)
    few.optimise(units)
    many.optimise(units)
    assert many.value == pytest.approx(few.value, rel=1e-7)


def test_a_look_at_inner_products_before_changes_no_result(monkeypatch):
    rng = np.random.default_rng(0)
    for dependent in (False, True):
        features, z = rng.normal(size=(40, 8)), rng.normal(size=(8, 2))
        if dependent:
            features[:, 7], z[5], z[7] = features[:, 6] + features[:, 5], 2 * z[6], 3 * z[6]
        plain = sparsify.independent_neurons(features, z, True)
        with monkeypatch.context() as patched:
            patched.setattr(sparsify, "LARGE_TABLE", 0)
            looked = sparsify.independent_neurons(features, z, True)
        np.testing.assert_array_equal(plain[0], looked[0])
        assert np.count_nonzero(plain[0].any(axis=1)) == 8 - dependent


class Set:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Set()
    monkeypatch.setattr(geomnn.deadline, "monotonic", clock)
    monkeypatch.setattr(geomnn.deadline, "time", lambda: clock.now + 1e9)  # another zero, the same pace
    return clock


def test_what_a_deadline_says(clock):
    deadline = Deadline.after(10.0)
    assert (deadline.left(), deadline.over(), deadline.over(9.0), deadline.over(10.0)) == (
        10,
        False,
        False,
        True,
    )
    half = deadline.part(0.5)
    clock.now += 5.0
    assert half.over()
    assert not deadline.over()
    assert half.part(0.5).left() == 0.0
    clock.now += 6.0
    assert deadline.left() == 0.0
    with pytest.raises(OutOfTime):
        deadline.check()
    NEVER.check()
    assert NEVER.left() == NEVER.part(0.1).left() == np.inf
    assert Deadline.after(np.inf) is NEVER


def test_seconds_on_the_way_to_another_process_count(clock):
    deadline = Deadline.after(10.0)
    sent = [pickle.dumps(each) for each in (deadline, NEVER)]
    clock.now += 4.0
    arrived, never = map(pickle.loads, sent)
    assert arrived.left() == pytest.approx(6.0, abs=1e-6)
    assert never.left() == np.inf


@pytest.mark.parametrize("progress", [True, False])
def test_seconds_in_which_functions_are_compiled_do_not_count(clock, capsys, monkeypatch, progress):
    monkeypatch.setattr("geomnn.deadline.SHOWN_AFTER", 0.0)
    monkeypatch.setattr("geomnn.deadline.TICK", 0.01)
    monkeypatch.setattr("geomnn.deadline.OFTEN", 0.0)
    with limited(10.0, progress) as deadline:
        for _ in range(2):
            clock.now += 1.0
            deadline.clock.on_start(None)
            clock.now += 3.0
            deadline.clock.on_start(None)  # one that another one calls
            clock.now += 20.0
            deadline.clock.on_end(None)
            left = deadline.left()
            deadline.clock.on_end(None)
            assert deadline.left() == left
    assert left == 8.0
    assert ("compiling" in capsys.readouterr().err) == progress


def test_numba_says_when_it_compiles(capsys, monkeypatch):
    monkeypatch.setattr("geomnn.deadline.SHOWN_AFTER", 0.0)
    monkeypatch.setattr("geomnn.deadline.TICK", 0.01)
    monkeypatch.setattr("geomnn.deadline.OFTEN", 0.0)
    function = numba.njit(lambda x: x + 1)
    with limited(np.inf, True):
        assert function(1) == 2
        assert "compiling" in capsys.readouterr().err
    capsys.readouterr()
    with limited(np.inf, True):
        assert function(2) == 3  # which it has been by now
    assert "compiling" not in capsys.readouterr().err


def test_a_line_is_for_what_takes_long_and_is_gone_at_the_end(capsys):
    with shown(True) as line:
        line.say("short")
    assert not capsys.readouterr().err
    with shown(line) as same, shown(False) as none:
        assert same is line
        assert none is None


def test_a_line_says_what_goes_on_and_for_how_long(capsys, monkeypatch):
    monkeypatch.setattr("geomnn.deadline.SHOWN_AFTER", 0.0)
    monkeypatch.setattr("geomnn.deadline.TICK", 0.01)
    monkeypatch.setattr("geomnn.deadline.OFTEN", 0.0)
    with limited(np.inf, True) as deadline:
        deadline.say("the first stage")
        time.sleep(0.1)
        deadline.part(0.5).say("the second stage")
        time.sleep(0.1)
    written = capsys.readouterr().err
    assert "the first stage, 0 s" in written
    assert "the second stage, 0 s" in written
    assert "\n" not in written
    assert not written.split("\r")[-1].strip(), "the line is left"


def test_no_round_begins_that_would_end_too_late(clock):
    pace, twice = Pace(Deadline.after(10.0)), Pace(Deadline.after(10.0), 2)
    for seconds, over, both in (
        (0.0, False, False),
        (3.0, False, False),
        (1.0, False, True),
        (3.5, True, True),
    ):
        clock.now += seconds
        assert (pace.over(), twice.over()) == (over, both)


@quiet
def test_walks_in_other_threads_keep_to_it():
    X, y = smooth(40, 6)
    with joblib.parallel_config("threading", n_jobs=2):
        solution = gm.derive(X, y, dictionary="local", norm=2, time_limit=0.2)
    assert solution.certificate.stopped


@pytest.mark.parametrize("n", [20, 60])
def test_chains_that_cannot_be_formed_in_time_are_refused_before_they_are(n):
    X = np.random.default_rng(0).normal(size=(n, 1))
    with pytest.raises(EnumerationTooLarge, match="more time"):
        gm.derive(X, X[:, 0], depth=4, dictionary="chains", time_limit=1e-4)
