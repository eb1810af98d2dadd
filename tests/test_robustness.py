"""Margins and radii: attack ≥ exact ≥ linear program ≥ sum bound, cells against programs, samples, and rationals."""

import os
from fractions import Fraction

import numpy as np
import pytest
from test_inputs_cells import LINES, both
from test_lipschitz import GRID, SIGNS, lipsdp, random_network, random_pieces

import geomnn as gm
from geomnn.deadline import NEVER, Deadline
from geomnn.errors import DataError, OptionError
from geomnn.inputs import pieces as inputs_pieces
from geomnn.inputs.attack import first_zero, lowest
from geomnn.inputs.mixed import BallProgram
from geomnn.inputs.pieces import Pieces, pieces_of
from geomnn.inputs.plane import Plane
from geomnn.inputs.sought import Sought
from geomnn.machine import quiet_stdout

BALLS = (1, 2, np.inf)


def in_ball(rng, count, d, r):
    """Random points with ‖δ‖_r ≤ 1, corners and surfaces more often than the inside."""
    points = rng.normal(size=(count, d)) * (rng.random((count, d)) < rng.random((count, 1)) + 1 / d)
    if r == np.inf:
        points = np.where(rng.random((count, d)) < 0.7, np.sign(points), np.clip(points, -1, 1))
    sizes = np.linalg.norm(points, ord=r, axis=1, keepdims=True)
    return points / np.where(sizes > 0, sizes, 1) * rng.random((count, 1)) ** 0.2


def projected_descent(pieces, r, rng):
    """An attack that shares nothing: the least of sampled points, followed downhill in the ball."""
    points = in_ball(rng, 60, len(pieces.slope), r)
    best = pieces(points).min()
    for step in np.geomspace(0.5, 0.01, 25):
        slopes = pieces.slopes(pieces.sides(points))
        points = points - step * slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-12)
        points = points / np.maximum(np.linalg.norm(points, ord=r, axis=1, keepdims=True), 1)
        best = min(best, pieces(points).min())
    return best


@pytest.mark.parametrize("r", BALLS)
@pytest.mark.parametrize(("k", "d"), [(12, 2), (15, 8)])
def test_attack_exact_program_and_sum_are_in_order(k, d, r):
    """Of 50 triples of a sample, an eps and a ball each; of eight features and r = 2, which takes rounds, of two."""
    pieces, rng = random_pieces(k, d, k), np.random.default_rng(d)
    plane = Plane(pieces) if d == 2 else None
    for turn in range(50):
        point, eps = rng.uniform(-1, 1, d), float(rng.choice([0.05, 0.2, 0.6]))
        sign = 1 if pieces(point[None])[0] > 0 else -1
        ball = pieces.times(sign).about(point, eps)
        program, scale = BallProgram(ball, r), 1e-9 * (1 + abs(ball.constant) + np.abs(ball.jumps).sum())
        chords, _ = program.least(NEVER, whole=False)
        if plane is not None:
            least, largest = plane.extremes(point, eps, r)
            exact = above = least[0] if sign > 0 else -largest[0]
        elif r == 2 and turn >= 2:
            continue
        else:
            seconds = Deadline.after(0.5) if r == 2 else NEVER
            exact, above, _ = Sought(pieces, r, 0).margin(point, sign, eps, seconds)
        assert ball.on_ball(r).sum_bound(r) <= chords + scale
        assert chords - 1e-6 * (1 + abs(chords)) <= exact + scale
        attacks = [projected_descent(ball, r, rng), ball(lowest(ball, r)[None])[0]]
        assert exact <= min(above, *attacks) + scale
        if d == 2 or r != 2:
            assert above <= min(attacks) + scale
            assert exact == pytest.approx(above, abs=1e-5 * (1 + abs(above)))


@pytest.mark.parametrize("r", BALLS)
@pytest.mark.parametrize("name", [*LINES, "random"])
def test_programs_agree_with_cells(name, r):
    """The value that a program attains is that of the plane to 1e-9, and what it proves is not above."""
    pieces = random_pieces(15, 2, 8) if name == "random" else next(both(LINES[name], -3))
    plane, programs, rng = Sought(pieces, r, 0), Sought(pieces, r, 0), np.random.default_rng(3)
    programs.plane = programs.round = None
    count = 1 if r == 2 else 4  # as that takes rounds
    for point in rng.integers(-3, 4, (count, 2)) + rng.choice([0.0, 0.25], (count, 2)):
        sign = 1 if pieces(point[None])[0] > 0 else -1
        for eps in (0.3, 2.0):
            (_, exact, _), (lower, upper, where) = (
                each.margin(point, sign, eps, NEVER) for each in (plane, programs)
            )
            scale = 1 + abs(exact)
            assert upper == pytest.approx(exact, abs=(1e-5 if r == 2 else 1e-9) * scale)
            assert exact - 1e-4 * scale <= lower <= exact + 1e-9 * scale
            assert np.linalg.norm(where - point, ord=r) <= eps * (1 + 1e-9)
        (exact, _, _), (lower, upper, _) = (
            plane.radius(point, sign, NEVER),
            programs.radius(point, sign, Deadline.after(2)),
        )
        if np.isinf(exact):
            assert upper == np.inf
            continue
        assert upper == pytest.approx(exact, rel=1e-5 if r == 2 else 1e-9, abs=1e-12)
        assert exact * 0.99 - 1e-4 <= lower <= exact * (1 + 1e-9)


@pytest.mark.parametrize("r", BALLS)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_no_flip_within_the_radius_and_one_at_it(d, r):
    net, rng = random_network(10, d, d + 7), np.random.default_rng(d)
    X = rng.uniform(-1, 1, (12, d))
    y = np.where(net(X) > 0, 1, -1)
    found = gm.robustness(net, X, y, ball=r, time_limit=2)
    np.testing.assert_allclose(found.margin[:, 1], y * net(X), rtol=1e-12)
    for x, sign, (lower, upper), attack in zip(X, y, found.radius, found.attacks, strict=True):
        reach = lower if np.isfinite(lower) else 10.0
        assert (sign * net(x + 0.9999 * reach * in_ball(rng, 2000, d, r)) > 0).all()
        assert lower <= upper
        if np.isfinite(upper):
            assert np.linalg.norm(attack - x, ord=r) == pytest.approx(upper, rel=1e-9)
            assert sign * net((attack + 1e-6 * (attack - x))[None])[0] <= 1e-6
        else:
            assert np.isnan(attack).all()
    constant = gm.lipschitz(net, ball=r)
    slowest = [
        constant.upper,
        constant.sum_bound,
        constant.product,
        *([lipsdp(net)] if r == 2 and d > 1 else []),
    ]
    for bound in slowest:
        assert (np.abs(net(X)) / bound <= found.radius[:, 1] * (1 + 1e-6)).all()


def test_exact_networks_have_exact_answers():
    net = gm.derive(GRID, SIGNS, reg=Fraction(1, 20), exact=True).network
    X = [[Fraction(1, 3), 2], [0, 0], [3, 1]]
    y = np.sign(net.numeric()(np.array(X, dtype=float))).astype(int)
    for r in BALLS:
        found, rounded = (
            gm.robustness(some, X, y, eps=Fraction(1, 10), ball=r) for some in (net, net.numeric())
        )
        np.testing.assert_allclose(found.radius.astype(float), rounded.radius, rtol=1e-9)
        np.testing.assert_allclose(found.margin.astype(float), rounded.margin, rtol=1e-9)
        assert (found.radius[:, 0] == found.radius[:, 1]).all()
        if r != 2:
            assert all(isinstance(number, Fraction) for number in [*found.margin.flat, *found.radius.flat])
            assert (found.margin[:, 0] == found.margin[:, 1]).all()
        assert [net(np.array([place]))[0] for place in found.attacks] == [0, 0, 0]
    squares = gm.robustness(net, X, y, ball=2).radius[:, 0] ** 2
    assert all(number.is_Rational for number in squares)
    line = gm.derive([[0], [1], [3]], [-1, 1, -1], reg=Fraction(1, 10), exact=True).network
    radii = [gm.robustness(line, [[0], [1], [3]], [-1, 1, -1], ball=r).radius.tolist() for r in BALLS]
    assert radii[0] == radii[1] == radii[2]
    assert all(isinstance(number, Fraction) for row in radii[0] for number in row)


def network_of(rows, t, features=2):
    """A network with these neurons (w, b, z), for what derivations do not give."""
    table = np.array(rows, dtype=float).reshape(-1, 4)
    atoms = [gm.derive([[0, 0], [1, 1]], [0, 1], reg=0.1).network.neurons[0].atom] * len(table)
    net = gm.AnalyticNetwork.from_atoms(atoms, np.ones(len(table)), float(t), 2, 1.0, True)
    neurons = [
        type(neuron)(row[:2], row[2], row[3], neuron.atom)
        for neuron, row in zip(net.neurons, table, strict=True)
    ]
    return gm.AnalyticNetwork(neurons, float(t), features, 1.0, True)


@pytest.mark.parametrize("r", BALLS)
def test_zero_cells_boundaries_wrong_classes_and_constants(r):
    """(x)_+ + (−x − 2)_+ is 0 on a strip; samples inside, on its boundary, outside, and on the wrong side."""
    net = network_of([(1, 0, 0, 1), (-1, 0, -2, 1), (0, 0, 3, 0)], 0)
    X = [[-1, 5], [0, 0], [2, 1], [-5, 0], [2, 1]]
    for eps in (None, 0, 0.5, 1e6):
        found = gm.robustness(net, X, [1, 1, 1, 1, -1], eps=eps, ball=r)
        np.testing.assert_allclose(found.radius, np.repeat([[0], [0], [2], [3], [0]], 2, axis=1), atol=1e-12)
        assert found.certified.tolist() == [False, False, *([eps != 1e6] * 2), False]
        np.testing.assert_allclose(found.margin[2, 1], 0 if eps == 1e6 else 2 - (eps or 0), atol=1e-9)
        assert (found.margin[:, 0] <= found.margin[:, 1]).all()
    assert gm.robustness(net, X[2:4], [1, 1], eps=0, ball=r).share == 1.0
    for constant, radius in ((3, np.inf), (-3, 0), (0, 0)):
        found = gm.robustness(network_of([], constant), X, [1] * 5, eps=1e6, ball=r)
        assert (found.radius == radius).all()
        assert found.share == (constant > 0)
        assert np.isnan(found.attacks).all() == (constant > 0)


@pytest.mark.parametrize("r", BALLS)
def test_a_limited_answer_contains_the_long_one(r):
    net, X = random_network(16, 10, 4), np.random.default_rng(0).uniform(-1, 1, (2, 10))
    y = np.where(net(X) > 0, 1, -1)
    short, long = (gm.robustness(net, X, y, eps=0.3, ball=r, time_limit=seconds) for seconds in (0.01, 2))
    for some, better in ((short.margin, long.margin), (short.radius, long.radius)):
        assert np.isfinite(some[:, 0]).all()
        assert (some[:, 0] <= better[:, 1] * (1 + 1e-9) + 1e-9).all()
        assert (better[:, 0] <= some[:, 1] + 1e-9).all()
        assert (better[:, 0] >= some[:, 0] - 1e-9).all()
        assert (better[:, 1] <= some[:, 1] + 1e-9).all()


def test_ranges_of_predictions_hold_all_samples():
    net = gm.derive(GRID, GRID[:, 0] ** 2 - GRID[:, 1], reg=0.1).network
    X, y, rng = GRID[:6], GRID[:6, 0] ** 2 - GRID[:6, 1] + 0.25, np.random.default_rng(0)
    for r in BALLS:
        found = gm.robustness(net, X, y, eps=0.2, ball=r)
        sampled = np.array([net(x + 0.2 * in_ball(rng, 4000, 2, r)) for x in X])
        assert (found.least[:, 0] <= sampled.min(axis=1)).all()
        assert (sampled.max(axis=1) <= found.largest[:, 1]).all()
        np.testing.assert_allclose(found.least[:, 1], sampled.min(axis=1), atol=0.02)
        np.testing.assert_allclose(found.largest[:, 0], sampled.max(axis=1), atol=0.02)
        np.testing.assert_allclose(found.error[:, 1], np.abs(sampled - y[:, None]).max(axis=1), atol=0.02)
    with pytest.raises(OptionError, match="a radius is needed"):
        gm.robustness(net, X, y)


def test_several_classes_are_as_far_as_the_nearest_rival():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(24, 2))
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)
    net = gm.derive(X, np.eye(3)[labels], reg=0.3, loss="softmax").network
    found = gm.robustness(net, X, np.eye(3)[labels], eps=0.1)
    for x, label, (low, high), (near, _) in zip(X, labels, found.margin, found.radius, strict=True):
        scores = net(x + 0.1 * in_ball(rng, 3000, 2, np.inf))
        margins = scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)
        assert low <= margins.min() + 1e-12
        assert high == pytest.approx(margins.min(), abs=0.05)
        inside = net(x + min(near, 10) * 0.999 * in_ball(rng, 3000, 2, np.inf))
        assert near == 0 or (inside.argmax(axis=1) == label).all()


def test_what_solvers_say_is_kept_off_stdout(capfd):
    """HiGHS has a line for debugging, which would stand among results; what others write there stays."""
    pieces, point = random_pieces(30, 2, 2), np.random.default_rng(2).uniform(-1, 1, (6, 2))[5]
    sign = 1 if pieces(point[None])[0] > 0 else -1
    BallProgram(pieces.times(sign).about(point, 0.6), 2).least(Deadline.after(3))
    assert capfd.readouterr().out == ""
    with quiet_stdout(), quiet_stdout():  # as of two threads
        os.write(1, b"said meanwhile\nHighsMipSolverData::left in\nlast")
    print("said")
    assert capfd.readouterr().out == "said meanwhile\nlastsaid\n"


def test_labels_that_are_numbers_are_those_of_the_classes():
    """Of classes 1 and 2, a row of 1.0 is one of the class 1, and not of the sign of the other one."""
    fitted = gm.WedgeClassifier(reg=0.05, norm=1).fit(GRID, np.where(SIGNS > 0, 2, 1)).solution_.network
    chosen = GRID[SIGNS > 0]
    for two in (2, 2.0, "2"):
        assert gm.robustness(fitted, chosen, [two] * len(chosen)).share == 1
    for one in (1, 1.0, "1"):
        assert gm.robustness(fitted, chosen, [one] * len(chosen)).share == 0
    assert isinstance(gm.robustness(fitted, GRID, np.where(SIGNS > 0, 2.0, 1.0)), gm.Robustness)


@pytest.mark.parametrize("r", BALLS)
def test_a_constant_of_many_features_has_no_flip(r):
    net = network_of([], 3, features=4)
    found = gm.robustness(net, np.zeros((2, 4)), [1, -1], ball=r)
    assert found.radius.tolist() == [[np.inf, np.inf], [0, 0]]
    assert "-0" not in repr(found.radius.tolist())


def test_first_zeros_of_rays_are_those_of_a_fine_grid():
    pieces, rng = random_pieces(9, 3, 2), np.random.default_rng(5)
    sign = np.sign(pieces(np.zeros((1, 3)))[0])
    rays, grid = rng.normal(size=(40, 3)), np.linspace(0, 20, 20001)
    for ray, reached in zip(rays, first_zero(pieces.times(sign), rays), strict=True):
        below = np.flatnonzero(sign * pieces(grid[:, None] * ray) <= 0)
        expected = grid[below[0]] if len(below) else np.inf
        assert min(reached, 20.0) == pytest.approx(min(expected, 20.0), abs=1.1e-3)


def test_what_cannot_be_asked_is_refused():
    net = gm.derive(GRID, SIGNS, reg=0.5).network
    for options, error, told in (
        ({"eps": -1}, OptionError, "eps=-1; a radius of at least 0"),
        ({"eps": float("nan")}, OptionError, "a radius of at least 0"),
        ({"eps": "a"}, OptionError, "a radius of at least 0"),
        ({"ball": 0.5}, OptionError, "ball=0.5; 1, 2 or numpy.inf"),
        ({"time_limit": -1}, OptionError, "time_limit=-1"),
        ({"X": GRID[:, :1]}, DataError, "1 columns; this network takes 2"),
        ({"y": SIGNS[:3]}, DataError, "16 rows and y 3"),
        ({"y": GRID}, DataError, r"y has shape \(16, 2\)"),
        ({"X": 3, "y": None}, DataError, "X has shape"),
        ({"eps": True}, OptionError, "eps=True; a radius"),
        ({"seed": -1}, OptionError, "seed=-1; an integer of at least 0"),
        ({"net": gm.derive(GRID, SIGNS, reg=0.5)}, OptionError, "net is Solution; an AnalyticNetwork"),
    ):
        with pytest.raises(error, match=told):
            gm.robustness(**{"net": net, "X": GRID, "y": SIGNS, "eps": 0.1, **options})
    three = gm.derive(GRID, np.eye(3)[np.arange(16) % 3], reg=0.5, loss="softmax").network
    with pytest.raises(DataError, match="nor does it hold names of the network's classes"):
        gm.robustness(three, GRID, ["a"] * 16)
    assert isinstance(random_pieces(3, 2, 0), Pieces)
    assert len(pieces_of(net)) <= len(net)


def test_the_nearest_flip_is_bounded_from_below_by_what_solvers_may_be_off():
    """f = 1/2 − δ_1: the flip is at 1/2, and the bound below it, by some millionths."""
    flat = Pieces(np.array([-1.0, 0.0]), 0.5, np.zeros(0), np.zeros((0, 2)), np.zeros(0), ())
    bound, step = BallProgram(flat, np.inf).nearest(NEVER)
    assert 5e-7 < 0.5 - bound < 1e-5
    assert step[0] == pytest.approx(0.5, abs=1e-9)


def test_a_bound_that_a_solver_without_presolve_puts_above_the_radius():
    rows = np.array(
        [
            [0, 1, 2, 1],
            [-1, 0, 0, -2],
            [-2, 1, 0, -1],
            [1, 0, 2, 1],
            [2, 0, -1, -1],
            [2, 0, -2, 2],
            [2, -2, -2, 1],
        ]
    )
    pieces = Pieces.of(
        rows[:, :2].astype(float), rows[:, 2].astype(float), rows[:, 3].astype(float), np.zeros(2), 0.0
    )
    bound, _ = BallProgram(pieces.about(np.array([3.0, -2.0]), 3.8), np.inf).nearest(NEVER)
    assert bound * 3.8 == pytest.approx(3.75, abs=1e-4)


@pytest.mark.parametrize("r", BALLS)
@pytest.mark.parametrize("eps", [0, 0.1, Fraction(1, 10)])
def test_ranges_of_exact_networks(r, eps):
    """Of rational functions worst points on discs have square roots: ends are floats there, and targets Fractions."""
    X, y = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]]), [0, 1, 1, 0, Fraction(1, 3)]
    net = gm.derive(X, y, reg=0.05, exact=True).network
    moved = X[:, None] + float(eps) * in_ball(np.random.default_rng(0), 500, 2, r)
    f = net(moved.reshape(-1, 2)).reshape(len(X), -1)
    for targets, off in (
        (y, np.abs(f - np.array(y, dtype=float)[:, None])),
        (None, np.abs(f - net(X)[:, None])),
    ):
        found = gm.robustness(net, X, targets, eps=eps, ball=r)
        assert (found.error[:, 1].astype(float) >= off.max(axis=1) - 1e-12).all()
        assert found.error[:, 1].astype(float) == pytest.approx(off.max(axis=1), abs=0.02)


def test_without_a_radius_nothing_is_said_of_one():
    net = gm.derive(GRID, SIGNS, reg=0.05).network
    said = str(gm.robustness(net, GRID, SIGNS))
    assert said.startswith(f"{len(GRID)} of {len(GRID)} samples are of their class, 0 are not. Half of them")


@pytest.mark.parametrize("exact", [False, True])
def test_values_come_in_blocks(exact, monkeypatch):
    """Of many points, in floats and in rationals, and of none."""
    net = gm.derive([[0, 0], [1, 2], [2, 1], [1, 1]], [0, 1, 0, 2], reg=Fraction(1, 10), exact=True).network
    function = pieces_of(net) if exact else random_pieces(40, 2, 0)
    points = np.random.default_rng(0).integers(-3, 4, size=(50, 2)) + 0 * function.slope
    whole = function(points)
    monkeypatch.setattr(inputs_pieces, "AT_ONCE", 3 * len(function))
    assert np.abs((function(points) - whole).astype(float)).max() <= 1e-12 * np.abs(whole.astype(float)).max()
    assert function(points[:0]).shape == (0,)


@pytest.mark.parametrize("r", BALLS)
@pytest.mark.parametrize("seconds", [1e-3, 2.0])
def test_margins_and_radii_say_one_thing(r, seconds):
    """Where the ball is proven to hold no flip the radius is no smaller, and where one is known no larger."""
    rng, net = np.random.default_rng(6), random_network(20, 6, 1)
    X = rng.uniform(-1, 1, (40, 6))
    y = np.where(net(X) > 0, 1, -1)
    found = gm.robustness(net, X, y, eps=0.1, ball=r, time_limit=seconds)
    assert found.certified.any() or seconds < 1
    assert (found.radius[found.certified, 0] >= 0.1).all()
    assert (found.radius[found.flipped, 1] <= 0.1 * (1 + 1e-9)).all()
    gone = np.isfinite(found.radius[:, 1])
    moved = np.linalg.norm(found.attacks[gone] - X[gone], ord=r, axis=1)
    np.testing.assert_allclose(moved, found.radius[gone, 1], rtol=1e-9)
    there = net(np.where(gone[:, None], found.attacks, X))
    assert ((y * there)[gone] <= 1e-9).all()


@pytest.mark.parametrize(
    ("classes", "y", "other"),
    [
        (("no", "yes"), [0, 1, 1, 0], "0"),
        (("no", "yes"), [-1, 1, 2, 1], "2"),
        (("no", "yes"), ["no", "yes", "yes", "maybe"], "'maybe'"),
        (("no", "yes"), [True, False, True, False], "False"),
        ((0, 1), [0.0, 1.0, 2.0, 0.0], "2.0"),
        ((0, 1), [0, -1, -1, 0], "0"),
    ],
)
def test_labels_that_are_none_of_the_classes_are_refused(classes, y, other):
    """And the first that is none is named; where signs and classes are mixed, the first label."""
    X = [[0, 0], [1, 0], [0, 1], [1, 1]]
    labels = [classes[k] for k in (0, 1, 1, 0)]
    net = gm.WedgeClassifier(reg=0.1, norm=1).fit(X, labels).solution_.network
    names = " and ".join(map(str, classes))
    with pytest.raises(DataError, match=rf"^y holds {other}; the network's classes, {names}, were expected"):
        gm.robustness(net, X, y, eps=0.1)
