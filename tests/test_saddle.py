"""Robust programs whose solves are hard: columns of zeros, and a reg that is small beside the loss."""

import warnings

import numpy as np
import pytest

import geomnn as gm
from geomnn import deadline
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.robust import saddle
from geomnn.robust.programs import rows_at
from geomnn.robust.restricted import fewest, minimised


def test_an_atom_that_no_point_in_use_is_on_the_positive_side_of():
    """A solver took its column, which is zero, for one of size 1e-308, and ended in a numerical error."""
    X, y = [[2.076476446778688, 0.6949356423135457]], [1.8418738307513378]
    found = gm.derive(X, y, reg=0.01, eps=1.0, norm=np.inf, bias=False, robust="exact")
    assert not found.certificate.stopped
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6


def test_a_small_reg_is_no_smaller_than_residuals_of_the_solver():
    """Loose programs left correlations of ten times reg, whose multipliers prove nothing; the gap stayed at 0.6."""
    X, y = [[0.0, 0.0], [-1.0, 1.0], [0.0, -1.0], [0.0, 1.0], [1.0, -1.0]], [1.0, 1.0, -1.0, 1.0, 1.0]
    found = gm.derive(X, y, reg=0.01, loss="logistic", eps=0.3, norm=np.inf, ball=2, robust="exact")
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6


@pytest.mark.parametrize("nothing", [0.0, 1e-17])
def test_a_column_of_zeros_changes_no_program(nothing):
    X, y = np.array([[-0.9], [-0.2], [0.3], [0.8]]), np.array([1.0, -1.0, -1.0, 1.0])
    posed = pose(X, y, 0.1, 1, True, "squared")
    rows = rows_at(posed, np.arange(len(X)), posed.samples.homogeneous)
    columns = np.maximum(X - X[:2].T, 0.0)
    wider = np.column_stack([columns, np.full(len(rows.sign) // 2, nothing)])
    columns, wider = np.tile(columns, (2, 1)), np.tile(wider, (2, 1))
    sizes, t, multipliers = minimised(rows, columns, 0.1, True, 10.0)
    more, shift, same = minimised(rows, wider, 0.1, True, 10.0)
    assert np.allclose(more, [*sizes, 0.0], atol=1e-6)
    assert np.isclose(shift, t, atol=1e-6)
    assert np.allclose(same, multipliers, atol=1e-6)
    worst = rows.worst(columns @ sizes + t) + 1e-6
    least, _ = fewest(rows, wider, worst, True, 10.0)
    assert least[-1] == 0
    assert np.isclose(least.sum(), fewest(rows, columns, worst, True, 10.0)[0].sum())


@pytest.mark.parametrize(("n", "d", "ball"), [(12, 3, np.inf), (3, 40, np.inf), (3, 500, 1)])
def test_many_features_or_no_time(n, d, ball):
    """One turn is always taken; corners of balls, 2^d of them, are not formed where they are of no use."""
    X = np.random.default_rng(0).normal(size=(n, d))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
        try:
            found = gm.derive(X, np.sign(X[:, 0]), eps=0.1, ball=ball, robust="exact", time_limit=1e-3)
        except gm.errors.EnumerationTooLarge as reason:
            assert d > 12 and "Use fewer samples or features" in str(reason)  # noqa: PT017, PT018
        else:
            assert found.certificate.dual <= found.objective < np.inf
    with pytest.raises(gm.errors.EnumerationTooLarge, match="corners of 3 balls of 40 features"):
        gm.derive(np.eye(3, 40), [1.0, -1.0, 1.0], eps=0.1, robust="sum")


def test_no_turn_begins_whose_wedges_would_take_longer_than_is_left(monkeypatch):
    """On a clock that counts wedges: those of the points of the third turn took more than was left."""
    clock = [0.0]

    class Counted(WedgeDictionary):
        def __init__(self, points, *options):
            super().__init__(points, *options)
            clock[0] += self.count

    monkeypatch.setattr(deadline, "monotonic", lambda: clock[0])
    monkeypatch.setattr(saddle, "WedgeDictionary", Counted)
    X = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.warns(gm.errors.ConvergenceWarning, match="Allow more"):
        found = gm.derive(X, np.sign(X[:, 0]), 0.01, loss="hinge", eps=0.2, robust="exact", time_limit=3000.0)
    assert found.certificate.stopped
    assert found.certificate.dual <= found.objective
    assert clock[0] <= 3300


@pytest.mark.one_in(3)
@pytest.mark.parametrize("loss", ["hinge", "squared", "logistic"])
def test_rows_that_no_network_comes_near_to_may_be_left_out(loss, monkeypatch):
    """Programs of fewer rows come to the same optimum, and to bounds of the program of all rows."""
    random = np.random.default_rng(8)
    X, y = random.uniform(-1, 1, size=(8, 2)), random.choice([-1.0, 1.0], 8)
    every, fewer, solve = [0], [], saddle._Search._solved

    def asked(self, rows, *arguments):
        every[0] = len(rows.sign)
        return solve(self, rows, *arguments)

    def counted(rows, *arguments):
        fewer[-1] += len(rows.sign) < every[0]
        return minimised(rows, *arguments)

    monkeypatch.setattr(saddle._Search, "_solved", asked)
    monkeypatch.setattr(saddle, "minimised", counted)
    found = []
    for near in (saddle.NEAR, np.inf):
        monkeypatch.setattr(saddle, "NEAR", near)
        fewer.append(0)
        found.append(gm.derive(X, y, reg=0.02, eps=0.2, loss=loss, robust="exact"))
        assert -1e-9 <= found[-1].certificate.relative_gap <= 1e-6
    assert found[0].objective == pytest.approx(found[1].objective, rel=2e-6)
    assert fewer[0] > 0 == fewer[1]


@pytest.mark.parametrize("loss", ["hinge", "squared", "logistic"])
@pytest.mark.parametrize("seed", range(3))
def test_rounds_are_few(loss, seed):
    """Points are added 25 times at most."""
    random = np.random.default_rng(seed)
    X, y = random.uniform(-1, 1, size=(7, 2)), np.array([1.0, -1.0, *random.choice([-1.0, 1.0], 5)])
    problem = pose(X, y, 0.03, 1, True, loss)
    found = saddle.Saddle.of(problem, 0.2, np.inf, Effort(1e-6))
    assert found.closed
    assert 1 <= found.rounds <= 25
    assert found.found.value - found.found.bound <= 1e-6 * found.found.value


def alternating(n):
    return np.resize([1.0, -1.0], n)


@pytest.mark.parametrize(
    ("seed", "n", "d", "targets", "loss", "reg", "eps"),
    [
        (102, 5, 2, alternating, "hinge", 1e-4, 0.05),  # points were left out and came back, for ever
        (3, 5, 2, alternating, "squared", 1e-6, 0.05),  # so did atoms
        (105, 6, 1, "normal", "squared", 1e-5, 0.02),  # atoms were sought where there were no more
        (101, 6, 1, alternating, "hinge", 1e-5, 0.02),  # networks were judged without neurons that they need
        (101, 6, 1, "normal", "squared", 1e-5, 0.02),
        (1, 5, 2, alternating, "logistic", 1e-7, 0.05),  # first programs were solved too loosely
    ],
)
def test_a_small_reg_takes_few_programs(seed, n, d, targets, loss, reg, eps, monkeypatch):
    """What is found missing in one turn is not left out in the next one."""
    random, solved = np.random.default_rng(seed), []

    def counted(*arguments):
        solved.append(arguments)
        return minimised(*arguments)

    monkeypatch.setattr(saddle, "minimised", counted)
    X = random.uniform(-1, 1, (n, d))
    y = random.normal(size=n) if targets == "normal" else targets(n)
    found = gm.derive(X, y, reg=reg, loss=loss, eps=eps, robust="exact")
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6
    assert len(solved) <= 50


@pytest.mark.parametrize("robust", ["exact", "sum", "noflip"])
@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_targets_of_zero_need_no_network(n, robust):
    """The objective was scaled by its value without neurons, which is 0."""
    X = np.random.default_rng(0).uniform(-1, 1, (n, 2))
    for bias in (True, False):
        found = gm.derive(X, np.zeros(n), reg=0.1, eps=0.1, robust=robust, bias=bias)
        assert (found.objective, found.certificate.dual, len(found.network.neurons)) == (0, 0, 0)


def test_rows_that_are_missed_come_in_at_once():
    """Rows were those that the last network came near to, and sets of them came in turn until turns were over."""
    X, y = [[-2 / 3, -2 / 3], [-2 / 3, 1 / 3]], [1.0, -1.0]
    found = gm.derive(X, y, reg=1e-3, eps=0.4, loss="hinge", norm=np.inf, ball=2, robust="exact")
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6
    assert not found.certificate.stopped


def test_two_hundred_samples_are_not_refused():
    random = np.random.default_rng(5)
    X = random.uniform(-1, 1, (200, 1))
    y = np.sign(np.sin(3 * X[:, 0]) + 0.1 * random.normal(size=200))
    found = gm.derive(X, y, reg=0.05, eps=0.02, loss="hinge", robust="exact")
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6


def test_what_the_first_wedges_take_says_nothing_of_the_next(monkeypatch):
    """In a new process they take as long as compiled functions do to be loaded, and a limit of a second ended all."""
    clock, loaded = [0.0], []

    class Loading(WedgeDictionary):
        def __init__(self, points, *options):
            super().__init__(points, *options)
            clock[0] += 0.01 if loaded else 0.3
            loaded.append(True)

    monkeypatch.setattr(deadline, "monotonic", lambda: clock[0])
    monkeypatch.setattr(saddle, "WedgeDictionary", Loading)
    X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [1.0, -1.0, 1.0]
    found = gm.derive(X, y, reg=0.01, eps=0.1, time_limit=1, robust="exact")
    assert found.certificate.relative_gap <= 1e-6


def test_a_large_program_ends_where_it_closes(monkeypatch):
    """A vertex would take far longer than all before: none is sought, and no turn follows."""
    X, gaps = np.random.default_rng(6).uniform(-1, 1, size=(6, 2)), []

    class Watched(saddle._Search):
        def _turn(self, settling):
            assert not settling
            super()._turn(settling)
            gaps.append(self.gap)

    monkeypatch.setattr(saddle, "LARGE", 0)
    monkeypatch.setattr(saddle, "vertex", None)
    monkeypatch.setattr(saddle, "_Search", Watched)
    found = gm.derive(X, np.sign(X[:, 0] * X[:, 1]), reg=0.02, loss="squared", eps=0.1)
    assert not found.certificate.stopped
    assert gaps[-1] <= 1e-6 < gaps[-2]
    assert -1e-9 <= found.certificate.relative_gap <= 1e-6
