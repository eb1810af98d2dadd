"""Lipschitz constants: cells against programs, enumeration, samples, LipSDP, the sum bound and the product of norms."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import linprog
from test_inputs_cells import LINES, both

import geomnn as gm
from geomnn.atoms import Atom
from geomnn.deadline import NEVER
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.inputs.lipschitz import _by_programs, _on_cells
from geomnn.inputs.pieces import Pieces, pieces_of
from geomnn.inputs.slopes import SlopeProgram

GRID = np.array([[i, j] for i in range(4) for j in range(4)], dtype=float)
SIGNS = np.sign((GRID[:, 0] - 1.5) * (GRID[:, 1] - 1.5))


def random_pieces(k, d, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(k, d))
    biases = -(weights * rng.uniform(-1, 1, (k, d))).sum(axis=1)
    return Pieces.of(weights, biases, rng.normal(size=k), np.zeros(d), 0.1)


def random_network(k, d, seed):
    """A network that was not derived, with neurons in general position."""
    rng, atoms = np.random.default_rng(seed), []
    weights = rng.normal(size=(k, d))
    weights /= np.abs(weights).sum(axis=1, keepdims=True)
    for weight, sample in zip(weights, rng.uniform(-1, 1, (k, d)), strict=True):
        atoms.append(Atom(weight, -weight @ sample, (0,), (), 1, True, 1.0))
    return gm.AnalyticNetwork.from_atoms(atoms, rng.normal(size=k), 0.1, d, 1.0, True)


def lipsdp(net):
    """LipSDP-Neuron for r = 2: ρ with [[−ρ I, Wᵀ T], [T W, −2 T + ααᵀ]] ≼ 0, T diagonal and ≥ 0."""
    cp = pytest.importorskip("cvxpy")
    (weights, _), (outer, _) = net.layers
    k, d = weights.shape
    each, rho = cp.Variable(k, nonneg=True), cp.Variable(nonneg=True)
    mixed = cp.diag(each)
    block = cp.bmat(
        [[-rho * np.eye(d), weights.T @ mixed], [mixed @ weights, -2 * mixed + np.outer(outer[0], outer[0])]]
    )
    cp.Problem(cp.Minimize(rho), [(block + block.T) / 2 << 0]).solve(solver="CLARABEL")
    return float(np.sqrt(rho.value))


@pytest.mark.parametrize("r", [1, 2, np.inf])
@pytest.mark.parametrize("name", [*LINES, "random"])
@pytest.mark.parametrize("box", [None, (-2.0, 1.5)])
def test_programs_find_what_all_cells_have(name, r, box):
    """Where lines coincide or meet, patterns that no cell has are cut off."""
    pieces = random_pieces(12, 2, 3) if name == "random" else next(both(LINES[name]))
    corners = None if box is None else np.array([[box[0]] * 2, [box[1]] * 2])
    (cells, where), (lower, upper, place) = (
        _on_cells(pieces, corners, r),
        _by_programs(pieces, corners, r, NEVER, 0),
    )
    assert upper >= cells - 1e-12
    if r != 2:
        assert lower == pytest.approx(cells, rel=1e-9, abs=1e-12)
        assert upper == pytest.approx(cells, rel=1e-5, abs=1e-5)
    for point, size in ((where, cells), (place, lower)):
        slope = pieces.slopes(pieces.sides(point[None]))[0]
        assert np.linalg.norm(slope, ord={1: np.inf, 2: 2, np.inf: 1}[r]) == pytest.approx(size, rel=1e-9)
        assert corners is None or ((corners[0] <= point) & (point <= corners[1])).all()


def test_a_plain_program_would_be_too_high_where_wedges_meet():
    net = gm.derive(GRID, SIGNS, reg=0.05).network
    pieces = pieces_of(net)
    lower, upper, _ = _by_programs(pieces, np.array([[0.0, 0.0], [3.0, 3.0]]), np.inf, NEVER, 0)
    cells = gm.lipschitz(net, box=(0, 3)).upper
    assert lower == pytest.approx(cells, rel=1e-9)
    assert upper == pytest.approx(cells, rel=1e-5)
    # all 2^k patterns, as a program without realised ones may take them
    assert np.abs(pieces.slope).sum() + np.abs(pieces.jumps[:, None] * pieces.normals).sum() > 1.05 * cells


@pytest.mark.parametrize("r", [1, np.inf])
def test_three_features_against_every_pattern(r):
    pieces = random_pieces(7, 3, 5)
    lower, upper, _ = _by_programs(pieces, np.array([[-0.5] * 3, [0.5] * 3]), r, NEVER, 0)
    sizes = []
    for sides in product((False, True), repeat=7):
        s = np.where(sides, 1.0, -1.0)[:, None]
        rows = np.hstack([-s * pieces.normals, np.ones((7, 1))])
        found = linprog([0, 0, 0, -1], rows, s[:, 0] * pieces.offsets, bounds=[(-0.5, 0.5)] * 3 + [(None, 1)])
        if -found.fun > 1e-9:
            sizes.append(np.linalg.norm(pieces.slopes(np.array([sides]))[0], ord={1: np.inf, np.inf: 1}[r]))
    assert lower == pytest.approx(max(sizes), rel=1e-9)
    assert lower <= upper <= lower * (1 + 1e-5)


@pytest.mark.parametrize("d", [1, 2, 6])
def test_sampled_exact_and_other_bounds_are_in_order(d):
    net = random_network(8, d, d)
    rng, step = np.random.default_rng(0), 1e-7
    for r in (1, 2, np.inf):
        found = gm.lipschitz(net, ball=r, box=(-3, 3))
        points = rng.uniform(-3, 3, (4000, d))
        steps = rng.normal(size=(4000, d))
        steps *= step / np.linalg.norm(steps, ord=r, axis=1)[:, None]
        sampled = np.abs(net(points + steps) - net(points)).max() / step
        assert sampled <= found.lower * (1 + 1e-5)
        assert found.lower <= found.upper <= min(found.sum_bound, found.product) * (1 + 1e-9)
        assert found.closed == (d <= 2 or r != 2)
        slope = [
            (net(found.where[None] + step * e) - net(found.where[None] - step * e))[0] / 2 / step
            for e in np.eye(d)
        ]
        assert np.linalg.norm(slope, ord={1: np.inf, 2: 2, np.inf: 1}[r]) == pytest.approx(
            found.lower, rel=1e-4
        )
    if d > 1:
        assert gm.lipschitz(net, ball=2).lower <= lipsdp(net) * (1 + 1e-6)


def test_exact_networks_have_exact_constants():
    net = gm.derive(GRID, SIGNS, reg=Fraction(1, 20), exact=True).network
    for r, kind in ((1, Fraction), (np.inf, Fraction)):
        found = gm.lipschitz(net, ball=r)
        assert found.lower == found.upper
        assert isinstance(found.upper, kind)
        assert gm.lipschitz(net.numeric(), ball=r).upper == pytest.approx(float(found.upper), rel=1e-9)
        assert all(isinstance(value, Fraction) for value in found.where)
    assert gm.lipschitz(net, ball=2).upper ** 2 == Fraction(34553, 4050)
    line = gm.derive([[0], [1], [3]], [0, 1, 5], reg=Fraction(1, 10), exact=True).network
    for r in (1, 2, np.inf):
        assert gm.lipschitz(line, ball=r, box=(0, 3)).upper == gm.lipschitz(line).upper
    euclidean = gm.derive(
        GRID[:5], SIGNS[:5], reg=Fraction(1, 10), norm=2, dictionary="wedge", exact=True
    ).network
    assert gm.lipschitz(euclidean).upper == pytest.approx(gm.lipschitz(euclidean.numeric()).upper)


@pytest.mark.parametrize("r", [1, 2, np.inf])
def test_a_limited_answer_contains_the_long_one(r):
    net = random_network(15, 6, 1)
    short, long = (gm.lipschitz(net, ball=r, box=(-1, 1), time_limit=seconds) for seconds in (0.01, 20))
    assert short.lower <= long.lower * (1 + 1e-9)
    assert long.upper <= short.upper * (1 + 1e-9)
    assert short.lower > 0


def test_constants_and_a_network_without_neurons():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        flat = gm.derive(GRID, SIGNS, reg=1000.0).network
    for r in (1, 2, np.inf):
        found = gm.lipschitz(flat, ball=r)
        assert (found.lower, found.upper, found.sum_bound, found.product) == (0, 0, 0, 0)


def test_what_cannot_be_asked_is_refused():
    net = gm.derive(GRID, SIGNS, reg=0.5).network
    for options, told in (
        ({"ball": 3}, "ball=3; 1, 2 or numpy.inf"),
        ({"box": 5}, r"\(low, high\) was expected"),
        ({"box": (1, 0)}, "low < high"),
        ({"box": ([0, 0, 0], 1)}, r"box\[0\] has shape \(3,\)"),
        ({"time_limit": 0}, "time_limit=0; seconds above 0"),
        ({"seed": "a"}, "seed='a'; an integer of at least 0"),
        ({"box": (1, 1 + 1e-15)}, "box is thinner than rounding"),
    ):
        with pytest.raises(OptionError, match=told):
            gm.lipschitz(net, **options)
    with pytest.raises(DataError, match=r"box\[0\] is nan"):
        gm.lipschitz(net, box=(np.nan, 1))
    with pytest.raises(OptionError, match="an AnalyticNetwork was expected"):
        gm.lipschitz(GRID)
    classes = gm.derive(GRID, np.eye(3)[np.arange(16) % 3], reg=0.5, loss="softmax").network
    with pytest.raises(UnsupportedProblem, match="3 outputs"):
        gm.lipschitz(classes)
    deep = gm.derive([[0], [1], [2]], [0, 1, 0], reg=0.01, depth=3).network
    if deep.below:
        with pytest.raises(UnsupportedProblem, match="2 hidden layers"):
            gm.lipschitz(deep)


@pytest.mark.parametrize(("width", "seen"), [(1e-7, True), (1e-10, True), (1e-12, False)])
def test_a_cell_that_is_too_thin_is_none(width, seen):
    """Between two hyperplanes so far apart f is steep."""
    rows = np.array([[1.0, 0.0, -0.5], [1.0, 0.0, -0.5 - 2 * width]])
    pieces = Pieces.of(rows[:, :2], rows[:, 2], np.array([5.0, -6.0]), np.zeros(2), 0.0)
    lower, _, _ = _by_programs(pieces, np.array([[-1.0, -1.0], [1.0, 1.0]]), 1, NEVER, 0)
    assert lower == pytest.approx(5.0 if seen else 1.0)


@pytest.mark.parametrize("size", [10.0, 1e5, 1e9, 1e15])
def test_a_large_box_hides_no_cell(size):
    """What rises somewhere by 2.957 does in any box around there."""
    X = np.zeros((6, 3))
    X[:, 0] = np.arange(6)
    net = gm.derive(X, [3, 2, 1, 4, 2, 0], reg=0.01).network
    rates = np.diff(net(X))
    found, steepest = net.monotone(0, box=(-size, size)), gm.lipschitz(net, 1, box=(-size, size))
    assert found.everywhere == "neither"
    assert found.least[0] <= rates.min() + 1e-9
    assert found.largest[1] >= rates.max() - 1e-9
    assert steepest.lower >= rates.max() - 1e-9
    assert steepest.closed


def three_features(seed, sizes, k=8):
    """Hyperplanes through points of a grid, many through one point, in features of these sizes."""
    rng = np.random.default_rng(seed)
    normals = rng.integers(-3, 4, (k, 3))
    offsets = -(normals * rng.integers(-2, 3, (k, 3))).sum(axis=1)
    jumps = rng.integers(1, 4, k) * np.where(rng.random(k) < 0.5, 1.0, -1.0)
    kept = normals.any(axis=1)
    return Pieces.of(normals[kept] / sizes, offsets[kept].astype(float), jumps[kept], np.zeros(3), 0.0)


@pytest.mark.parametrize("sizes", [(1e5, 1.0, 1e-3), (1e-4, 1e4, 1.0), (1e7, 1e-2, 1e2)])
@pytest.mark.parametrize("seed", range(4))
def test_features_of_any_size(seed, sizes):
    """Each slope is that of the function in features of one size, over this size; all of the ends are finite."""
    alike, scaled = (SlopeProgram(three_features(seed, each), None) for each in (np.ones(3), np.array(sizes)))
    for axis, size in enumerate(sizes):
        for sign in (1.0, -1.0):
            way = sign * np.eye(3)[axis]
            one, other = alike.steepest(way, NEVER), scaled.steepest(way, NEVER)
            slack = 1e-6 * (1 + np.abs(one.upper))
            assert other.upper * size == pytest.approx(one.upper, abs=slack)
            assert other.lower * size == pytest.approx(one.lower, abs=slack)
            assert np.isfinite(other.where).all()
            pieces = three_features(seed, np.array(sizes))
            assert way @ pieces.slopes(pieces.sides(other.where[None]))[0] == pytest.approx(other.lower)


@pytest.mark.parametrize("seed", range(30))
def test_no_slope_that_is_met_is_above_the_upper_end(seed):
    """At points all over, and ever closer to the meets of hyperplanes, in boxes and features of any size."""
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.integers(-5, 6, 3)
    pieces = three_features(seed, sizes, k=int(rng.integers(3, 9)))
    box = None if seed % 3 == 0 else np.array([-sizes, sizes]) * 10.0 ** rng.integers(0, 8)
    program, normals = SlopeProgram(pieces, box), pieces.normals * sizes
    meets = [
        np.linalg.lstsq(normals[[*three]], -pieces.offsets[[*three]], rcond=1e-9)[0]
        for three in combinations(range(len(pieces)), min(3, len(pieces)))
    ]
    near = [meet + rng.normal(size=(12, 3)) * 10.0**-close for meet in meets for close in (0, 2, 5, 8)]
    points = np.concatenate([3 * rng.normal(size=(400, 3)), *near])
    levels, terms = points @ normals.T + pieces.offsets, np.abs(points) @ np.abs(normals).T + 1
    inside = (np.abs(levels) > 1e-9 * np.abs(normals).max(axis=1) * terms).all(axis=1)
    if box is not None:
        inside &= (np.abs(points * sizes) <= box[1]).all(axis=1)
    slopes = pieces.slopes(levels[inside] > 0)
    for axis, sign in product(range(3), (1.0, -1.0)):
        way = sign * np.eye(3)[axis]
        found = program.steepest(way, NEVER)
        scale = np.abs(pieces.jumps) @ np.abs(pieces.normals[:, axis])
        assert (slopes @ way).max(initial=-np.inf) <= found.upper + 1e-9 * scale


@pytest.mark.parametrize(("apart", "closed"), [(1e-5, False), (1e-7, True)])
def test_ends_that_are_close_are_closed(apart, closed):
    found = gm.Lipschitz(2.0, 2.0 * (1 + apart), np.zeros(1), 3.0, 4.0, 1)
    assert found.closed == closed
    assert ("between" in str(found)) != closed
