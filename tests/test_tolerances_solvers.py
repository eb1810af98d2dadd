"""The tolerances of solvers, path and bounds, as in test_tolerances.py: data ten times inside or outside of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from geomnn.deadline import NEVER
from geomnn.dictionaries import BranchingDictionary, LocalDictionary, Pricing, branching
from geomnn.programs import kinks, refine
from geomnn.programs import search as searches
from geomnn.programs.effort import Effort
from geomnn.programs.losses import SoftmaxLoss, find_loss
from geomnn.programs.problem import pose
from geomnn.programs.refine import _Face, _Model
from geomnn.programs.restricted.active_set import DualActiveSet
from geomnn.programs.restricted.balanced import BalancedNewton
from geomnn.programs.restricted.smoothed import SmoothedNorms
from geomnn.programs.search import _Run
from geomnn.programs.solve import with_residual
from geomnn.programs.sparsify import _clearly_independent
from geomnn.rewriting.pruning import pruned
from geomnn.robust.losses import WORST_LOSSES
from geomnn.robust.programs import firsts, vertex
from geomnn.robust.rows import rows_of
from geomnn.robust.saddle import _Search
from geomnn.samples import Samples

TABLE = np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 2.0], [0.5, 4.0, 3.0], [2.0, 0.25, 1.0], [5.0, 3.0, 0.75]])


# bounds


@pytest.mark.parametrize(("share", "rows"), [(1e-14, 2), (1e-12, 4)])
def test_a_sample_without_a_share_of_the_residual_is_left_out(share, rows, monkeypatch):
    seen = []

    def milp(objective, **options):
        seen.append(len(objective))
        return given(objective, **options)

    given = branching.milp
    monkeypatch.setattr(branching, "milp", milp)
    X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]])
    residual = np.array([[1.0], [-1.0], [share], [-share]])
    BranchingDictionary(Samples(X, True), 1, 10.0).price(residual, 0.0, 1)
    columns = 2 * 2 + 1 + rows + rows // 2  # w± and b, hidden units, switches of those with r > 0
    assert seen == [columns, columns]


@pytest.mark.parametrize("off", [1e-8, -1e-8])
def test_bounds_are_raised_by_what_the_solver_leaves(off, monkeypatch):
    """One that is a little too low is a bound all the same, and none is raised by more than it takes."""
    gains = np.array([[1.0], [-1.0], [0.5], [-0.25]])
    dictionary = BranchingDictionary(Samples([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]], True), 1, 10.0)
    total, true = float(np.abs(gains[:, 0] * dictionary._most).sum()), 0.25
    found = SimpleNamespace(status=0, mip_dual_bound=-branching.COST * (true - off), x=None)
    monkeypatch.setattr(branching, "milp", lambda *_, **__: found)
    maximum = dictionary.price(gains, 0.0, 1).maximum / total
    assert true <= maximum <= true + 1e-6


# programs


def test_an_atom_in_the_span_of_the_active_ones():
    """Violated by rounding alone it is none; else it comes in. Nearly the opposite of the one that is active."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    solver = DualActiveSet(np.array([[3.0], [1.0], [3.0]]), X, 1e-14, False)
    solver.optimise(np.array([[0.5, 0.5]]))
    activation = solver._activations(solver.units)[0]
    across = np.cross(activation, [1.0, 0.0, 0.0])
    for off, comes in ((1e-12, False), (1e-10, True)):
        side = np.sign(across @ solver._main.point)
        other = -activation + off * np.linalg.norm(activation) / np.linalg.norm(across) * side * across
        assert other @ solver._main.point > solver._main.level
        assert solver._bring_in(solver._main, solver.units[0], 1.0, other) == comes


@pytest.mark.parametrize(("drift", "anew"), [(1e-10, 0), (1e-8, 1)])
def test_factors_that_have_drifted(drift, anew, monkeypatch):
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    solver, made = DualActiveSet(np.array([[3.0], [1.0], [3.0]]), X, 0.1, False), []
    solver.optimise(np.array([[1.0, 0.0], [0.0, 1.0]]))
    refactor = solver._factors.refactor
    monkeypatch.setattr(solver._factors, "refactor", lambda active: (made.append(1), refactor(active)))
    solver._factors._q[:2] *= 1 + drift
    solver._refresh()
    assert len(made) == anew


@pytest.mark.parametrize(("part", "off"), [(1e-61, 0.1), (1e-59, 1.0)])
def test_a_class_without_a_residual(part, off):
    """What is left of its residual does not unbalance it, however small the sum is to the other side."""
    loss, v = find_loss("softmax"), np.zeros((10, 2))
    v[0] = [10 * part, 0.0]
    y = np.tile([1.0, 0.0], (10, 1))
    assert loss._imbalance(v, y) == pytest.approx(off)


@pytest.mark.parametrize(("size", "alive"), [(1e-7, 1), (1e-5, 2)])
def test_a_neuron_that_has_slid_to_nothing(size, alive, monkeypatch):
    problem = pose(TABLE, [1.0, -1.0, 1.0, 1.0, -1.0], 0.5, 1, True, "logistic")
    units = problem.samples.units_of(np.eye(3)[:2], np.zeros(2))
    slid = units, np.array([[1.0], [size]]), np.zeros(1)
    monkeypatch.setattr(searches, "slide", lambda *_, **__: slid)
    run = _Run(problem, LocalDictionary(problem.samples, 1.0), 1e-9, NEVER, 8)
    found = with_residual(problem, units[:1], np.ones((1, 1)), np.zeros(1))
    assert len(run._slid(None, found, units[1:]).units) == alive


@pytest.mark.parametrize(("fall", "rounds"), [(1e-6, 5), (1e-4, 9)])
def test_rounds_that_bring_hardly_anything(fall, rounds, monkeypatch):
    problem = pose(TABLE, [1.0, -1.0, 1.0, 1.0, -1.0], 0.5, 1, True, "logistic")
    run = _Run(problem, LocalDictionary(problem.samples, 1.0), 1e-9, NEVER, rounds=9)
    found = with_residual(problem, np.zeros((0, 4)), np.zeros((0, 1)), np.zeros(1))
    walks = []

    def walk(before, on):
        run._left -= 1
        walks.append(before)
        return replace(before, primal=before.primal * (1 - fall), bound=0.0, maximum=1.0), np.zeros((1, 4))

    monkeypatch.setattr(run, "_walk", walk)
    monkeypatch.setattr(
        run, "network", lambda _, pool: replace(walks[-1], primal=walks[-1].primal * (1 - fall))
    )
    run.rounds(None, found)
    assert len(walks) == rounds + (fall < 1e-5)  # the first has a bound, which there was not


@pytest.mark.parametrize(("size", "alive"), [(1e-14, 1), (1e-12, 2)])
def test_a_neuron_that_is_dead(size, alive):
    problem = pose(TABLE, TABLE @ [1.0, 1.0, -1.0] > 1, 1e-9, 1, False, "logistic")
    activations = problem.samples.activations(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    z = BalancedNewton(problem, activations)._without_dying(np.array([[1.0], [size]]), np.zeros(1))
    assert np.count_nonzero(z) == alive


@pytest.mark.parametrize(("smallest", "clear"), [(1e-11, False), (1e-9, True)])
def test_products_that_are_clearly_independent(smallest, clear):
    """Two columns of length 1 with the inner product c have the eigenvalues 1 ± c of inner products."""
    angle = np.arccos(1 - 2 * smallest)
    columns = np.zeros((2**17, 2))
    columns[:2] = [[1.0, np.cos(angle)], [0.0, np.sin(angle)]]
    assert _clearly_independent(columns) == clear


@pytest.mark.parametrize(("off", "fewer"), [(1e-14, True), (1e-12, False)])
def test_parts_that_depend_on_each_other(off, fewer):
    products = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, off]])
    assert (np.count_nonzero(pruned(products, np.ones(3))) < 3) == fewer


def test_what_a_search_knows_of_residuals_and_correlations():
    problem = pose(TABLE, [1.0, -1.0, 1.0, 1.0, -1.0], 0.5, 1, True, "logistic")

    class Counting(LocalDictionary):
        walks = 0

        def price(self, residual, threshold, limit):
            Counting.walks += 1
            return Pricing(problem.reg, np.zeros((0, 4)))

        def follow(self, weights, residual, threshold, limit):
            return Pricing(problem.reg, np.zeros((0, 4)))

        def until(self, deadline):
            return self

    run = _Run(problem, Counting(problem.samples, 1.0), 1e-9, NEVER, 8)
    found = with_residual(problem, np.zeros((0, 4)), np.zeros((0, 1)), np.array([0.4]))
    v = problem.dual_point(found.dual)
    for off, walks in ((1e-10, 0), (1e-8, 1)):
        Counting.walks = 0
        run.with_estimate(replace(found, dual=v + off * np.abs(v).max(), maximum=0.1), found, NEVER)
        assert Counting.walks == walks
    for excess, converged in ((1e-7, True), (1e-5, False)):
        known = replace(found, dual=v, maximum=problem.reg * (1 + excess))
        assert run.with_estimate(known, found, NEVER).converged == converged
    unit = problem.samples.unit_of(np.array([1.0, 0.0, 0.0]), 0.0)
    size = np.linalg.norm(v.T @ problem.samples.activations(unit[None]))
    for excess, near in ((1e-8, 0), (1e-6, 1)):
        run.walked = unit[None] * problem.reg / size * (1 + excess)
        assert len(run.near(replace(found, dual=v))) == near


# the path


def followed(monkeypatch, steps, slopes=None, start=1.0, end=0.0):
    """The pieces of a path whose steps, and slopes of v, are given: each ends with a coefficient that vanishes."""

    class Scripted:
        units, network, dual = np.zeros((0, 2)), (np.zeros(0), 0.0), np.zeros((2, 1))

        def __init__(self, problem, reg):
            self.reg, self.at = reg, 0

        slope = property(
            lambda self: np.array(slopes[self.at % len(slopes)] if slopes else [1.0, 0.0])[:, None]
        )

        def first_to_vanish(self):
            return 0, steps[self.at % len(steps)]

        def fall(self, step):
            self.reg -= step

        def leave(self, position):
            self.at += 1

        def settle(self, dictionary):
            pass

    monkeypatch.setattr(kinks, "_Tracer", Scripted)
    problem = pose(TABLE, TABLE[:, 0], 0.1, 1, True, "squared")
    return kinks.follow(problem, SimpleNamespace(reach=lambda *_: (None, np.inf)), start, end)


@pytest.mark.parametrize(("step", "pieces"), [(1e-10, 2), (1e-8, 3)])
def test_kinks_that_come_together(step, pieces, monkeypatch):
    assert len(followed(monkeypatch, [0.5, step, 1.0])) == pieces


@pytest.mark.parametrize(("turn", "bends"), [(1e-9, False), (1e-7, True)])
def test_a_piece_on_which_v_goes_straight_on(turn, bends, monkeypatch):
    pieces = followed(monkeypatch, [0.5, 1.0], [[1.0, 0.0], [1.0, turn]])
    assert [piece.bends for piece in pieces] == [True, bends]


@pytest.mark.parametrize(("step", "bends"), [(1e-8, False), (1e-6, True)])
def test_the_slope_of_a_piece_that_rounding_may_have_made_is_no_fact(step, bends, monkeypatch):
    pieces = followed(monkeypatch, [0.5, step, 1.0], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert [piece.bends for piece in pieces] == [True, bends, bends]


def test_a_path_that_rounding_holds_goes_on_a_little_further(monkeypatch):
    leaps = followed(monkeypatch, [0.0], end=1 - 5e-6)
    assert 2 <= len(leaps) <= 20
    assert not any(piece.bends for piece in leaps)


@pytest.mark.parametrize(("excess", "missed"), [(1e-11, False), (1e-9, True)])
def test_an_atom_that_a_path_has_missed(excess, missed, monkeypatch):
    tracer, asked = kinks._Tracer(pose(TABLE, TABLE[:, 0], 0.1, 1, True, "squared"), 1.0), []
    unit = np.ones((1, 4))
    monkeypatch.setattr(tracer, "add", lambda units: asked.append(units))
    tracer.settle(
        SimpleNamespace(
            price=lambda _, threshold, limit: Pricing(1 + excess, unit[: int(1 + excess > threshold)])
        )
    )
    assert bool(asked) == missed


@pytest.mark.parametrize(("share", "vanished"), [(1e-13, True), (1e-11, False)])
def test_a_multiplier_that_has_vanished(share, vanished):
    tracer = kinks._Tracer(pose(np.eye(2), np.ones(2), 0.1, 1, False, "squared"), 0.5)
    tracer.add(np.eye(2))
    assert tracer._vanished(np.array([1.0, share])).tolist() == [False, vanished]


# other steps of solvers


@pytest.mark.parametrize(("fall", "steps"), [(1e-16, 1), (1e-14, 2)])
def test_a_newton_step_that_promises_rounding_is_the_last(fall, steps, monkeypatch):
    """One neuron so far from its optimum: a step leads there, and the next is taken only if the first promised more."""
    x, y, reg, solved = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.5]), 0.1, []
    problem = pose(x[:, None], y, reg, 2, False, "squared")
    z = (x @ y - reg) / (x @ x)
    value = np.sum((y - z * x) ** 2) / 2 + reg * z
    given = refine.cho_solve
    monkeypatch.setattr(refine, "cho_solve", lambda *what, **how: solved.append(1) or given(*what, **how))
    start = np.array([[z + np.sqrt(fall * value / (x @ x))]])
    refine.refine(problem, np.ones((1, 1)), start, np.zeros(1), allowed=np.inf)
    assert len(solved) == steps


@pytest.mark.parametrize(("left", "vanishes"), [(1e-10, True), (1e-8, False)])
def test_a_step_that_makes_a_neuron_vanish(left, vanishes):
    """It goes on to where nothing is left, and else is the step that was asked for."""
    problem = pose(TABLE, TABLE[:, 0], 0.1, 2, False, "squared")
    model = _Model(problem, [_Face.of(problem.samples, np.ones(5))])
    theta = np.array([0.6, 0.0, 0.8, 1.0])
    step = -(1 - left) / 2 * theta
    assert model.first_met(theta, step)[0] == pytest.approx(1 / (1 - left) if vanishes else 1.0, abs=1e-12)


@pytest.mark.parametrize(("left", "gone"), [(1e-11, True), (1e-9, False)])
def test_a_neuron_that_newton_has_taken_to_nothing(left, gone):
    problem = pose(np.vstack([TABLE, -TABLE]), np.append(TABLE[:, 0], TABLE[:, 0]), 0.1, 2, False, "squared")
    model = _Model(problem, [_Face.of(problem.samples, sign * np.repeat([1.0, -1.0], 5)) for sign in (1, -1)])
    units, z, _ = model.neurons(
        np.array([0.6, 0.0, 0.8, *np.sqrt(left) * np.array([0.6, 0.0, 0.8]), 1.0, np.sqrt(left)])
    )
    assert len(units) == len(z) == 2 - gone


@pytest.mark.parametrize(("off", "steps"), [(1e-10, 10), (1e-8, 100)])
def test_an_intercept_that_is_balanced_up_to_rounding(off, steps, monkeypatch):
    seen = []
    monkeypatch.setattr(SoftmaxLoss, "_imbalance", lambda self, v, y: seen.append(1) or off)
    find_loss("softmax").shift(np.zeros((3, 3)), np.eye(3))
    assert (len(seen) < 2 * steps) == (off < 1e-9)
    assert len(seen) >= steps / 2


@pytest.mark.parametrize(("rise", "whole"), [(1e-15, True), (1e-13, False)])
def test_a_rise_that_is_rounding(rise, whole, monkeypatch):
    problem = pose(TABLE, np.zeros(5), 0.1, 1, False, "squared")
    solver, seen = SmoothedNorms(problem, TABLE[:, :1]), []
    monkeypatch.setattr(solver, "_height", lambda *_: 1.0 + rise * bool(seen.append(1) or len(seen) > 1))
    nothing = np.zeros((1, 1))
    solver._step(nothing, np.zeros(1), nothing, np.zeros((5, 1)), 0.1)
    assert (len(seen) == 2) == whole


# robust programs


@pytest.mark.parametrize(("off", "count"), [(1e-11, 1), (1e-9, 2)])
def test_units_that_are_one_up_to_rounding(off, count):
    assert len(firsts(np.array([[1.0, 0.0], [1.0, off]]), np.ones(2))[0]) == count


def hinge(n):
    """The rows of n samples of one feature, each at its own point."""
    points = np.column_stack([np.arange(1.0, n + 1), np.ones(n)])
    return rows_of(WORST_LOSSES["hinge"], np.ones(n), np.ones(n), np.arange(n), points)


@pytest.mark.parametrize(("size", "left"), [(3.5e-9, 1), (3.5e-7, 2)])
def test_a_neuron_that_costs_hardly_anything_is_left_out(size, left):
    """Without it 2 − (0.5 + size)/2 is higher by 1e-9 of itself, or by 1e-7."""
    _, _, sizes, _ = vertex(hinge(2), np.eye(2), np.array([0.5, size]), 0.0, 0.5, False, NEVER)
    assert np.count_nonzero(sizes) == left


@pytest.mark.parametrize(("given", "shift"), [(1e-10, 0.0), (1e-8, 1e-8)])
def test_an_intercept_that_is_none(given, shift):
    assert vertex(hinge(1), np.eye(1), np.array([0.5]), given, 0.5, False, NEVER)[3] == shift


@pytest.mark.parametrize(("slope", "count"), [(2e-10, 0), (2e-8, 1)])
def test_points_that_are_worse_than_those_that_are_known(slope, count):
    """f = slope · (x + 2) of a sample at 0 that may move by 1, of which 0 is known: 1 − f rises by the slope to −1."""
    search = _Search(pose([[0.0]], [1.0], 0.1, 1, True, "hinge"), 1.0, np.inf, Effort())
    search.atoms = np.array([[1.0, 2.0, 1.0]])
    program, _ = search._program(search.places)
    columns = program.rows.columns(search._units(search.atoms, program.points), np.ones(1))
    assert len(search._judged(program.rows, columns, np.array([slope]), 0.0, False)) == count
