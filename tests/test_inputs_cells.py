"""Cells of the line and of the plane, and f over balls and boxes there: against linear programs and samples."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

import geomnn as gm
from geomnn.inputs.cells import cells_of
from geomnn.inputs.pieces import Pieces, pieces_of, plain, rationals
from geomnn.inputs.plane import Plane, boxed_cells

# rows (w, b, outer) of integers: concurrent, parallel, coincident, opposite, of weight zero, cancelling, none
LINES = {
    "general": [(1, 2, 3, 1), (2, -1, 1, -1), (-1, 1, 2, 2), (3, 1, -7, 1)],
    "concurrent": [(1, 0, 0, 1), (0, 1, 0, 1), (1, 1, 0, 2), (1, -1, 0, 1), (2, 1, 1, 1)],
    "parallel": [(1, 1, 0, 1), (2, 2, 1, 1), (-1, -1, 3, 2), (1, -2, 0, 1)],
    "coincident": [(1, 1, 1, 1), (2, 2, 2, 3), (-3, -3, -3, 1), (1, 0, 0, 1)],
    "weight zero": [(0, 0, 2, 3), (0, 0, -2, 3), (1, 2, 0, 1)],
    "cancelling": [(1, 1, 1, 2), (2, 2, 2, -1), (1, 0, 1, 1)],
    "constant": [(0, 0, 1, 2)],
    "grid": [
        (1, 0, 0, 1),
        (1, 0, 1, 1),
        (1, 0, 2, 1),
        (0, 1, 0, 1),
        (0, 1, 1, 1),
        (1, -1, 0, 1),
        (1, 1, 1, 1),
    ],
}


def both(rows, t=0):
    """The function in float64 and in rationals."""
    table = np.array(rows).reshape(-1, 4)
    exact = rationals(table.tolist())
    for numbers, none, one in (
        (table.astype(float), np.zeros(2), float(t)),
        (exact, 0 * exact[0, :2], rationals([[t]])[0, 0]),
    ):
        yield Pieces.of(numbers[:, :2], numbers[:, 2], numbers[:, 3], none, one)


def realised(pieces):
    """Every pattern of sides that some point has, by one linear program a pattern."""
    normals, offsets = pieces.normals.astype(float), pieces.offsets.astype(float)
    found = set()
    for signs in product((False, True), repeat=len(normals)):
        s = np.where(signs, 1.0, -1.0)[:, None]
        rows = np.hstack([-s * normals, np.ones((len(s), 1))])
        deepest = linprog([0, 0, -1], rows, s[:, 0] * offsets, bounds=[(None, None)] * 2 + [(None, 1)])
        if -deepest.fun > 1e-7:
            found.add(signs)
    return found


@pytest.mark.parametrize("name", LINES)
def test_cells_are_the_patterns_that_linear_programs_find(name):
    for pieces in both(LINES[name]):
        cells = cells_of(pieces)
        assert {tuple(row) for row in cells.sides.tolist()} == realised(pieces)
        assert len({tuple(row) for row in cells.sides.tolist()}) == len(cells)
        points = np.array([cells.point(cell) for cell in range(len(cells))])
        assert np.array_equal(pieces.sides(points), cells.sides)
        values = pieces(points)
        linear = (cells.slopes * points).sum(axis=1) + cells.constants
        assert (values == linear).all() if pieces.exact else np.allclose(values, linear, rtol=1e-12)


@pytest.mark.parametrize("name", LINES)
def test_each_kink_is_there_once_and_the_function_is_the_same(name):
    table, (floats, exact) = np.array(LINES[name]), both(LINES[name], 2)
    points = np.random.default_rng(0).integers(-9, 9, (50, 2))
    expected = np.maximum(points @ table[:, :2].T + table[:, 2], 0) @ table[:, 3] + 2
    np.testing.assert_allclose(floats(points.astype(float)), expected, rtol=1e-12, atol=1e-12)
    assert [Fraction(value) for value in expected.tolist()] == plain(
        exact(rationals(points.tolist()))
    ).tolist()
    assert floats.neurons == exact.neurons
    assert sorted(j for group in floats.neurons for j in group) == sorted(
        {j for group in floats.neurons for j in group}
    )
    assert len(floats) == {"coincident": 2, "weight zero": 1, "cancelling": 1, "constant": 0}.get(
        name, len(table)
    )


@pytest.mark.parametrize("k", [5, 30, 100])
def test_lines_in_general_position_have_as_many_cells_as_there_are(k):
    rng = np.random.default_rng(k)
    normals = rng.normal(size=(k, 2))
    pieces = Pieces.of(normals, rng.uniform(-1, 1, k), rng.normal(size=k), np.zeros(2), 0.0)
    assert len(cells_of(pieces)) == 1 + k + k * (k - 1) // 2


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_wedges_through_common_samples_have_no_cells_of_rounding(offset):
    """Neurons through shared samples of a grid meet there: no slivers that rationals do not have."""
    grid = np.array([[i, j] for i in range(4) for j in range(4)], dtype=float)
    y = np.sign((grid[:, 0] - 1.5) * (grid[:, 1] - 1.5))
    net = gm.derive(grid, y, reg=Fraction(1, 20), exact=True).network
    exact = cells_of(pieces_of(net))
    assert exact.pieces.exact
    assert len(exact.pieces) >= 6
    weights, biases, outer, t = net.arrays()
    moved = Pieces.of(weights, biases - weights @ np.full(2, offset), outer[:, 0], np.zeros(2), t[0])
    assert len(cells_of(moved)) == len(exact) < 1 + len(moved) + len(moved) * (len(moved) - 1) // 2


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("r", [1, 2, np.inf])
def test_extremes_and_radii_agree_with_each_other_and_with_samples(name, r):
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(4000, 2))
    directions /= np.linalg.norm(directions, ord=r, axis=1)[:, None]
    for t in (-3, 1):
        (pieces, exact) = both(LINES[name], t)
        plane = Plane(pieces)
        for point in rng.integers(-3, 4, (6, 2)).astype(float):
            f = pieces(point[None])[0]
            for eps in (0.0, 0.7, 1e6):
                (low, at_low), (high, at_high) = plane.extremes(point, eps, r)
                sampled = pieces(point + eps * directions * rng.random((4000, 1)))
                scale = 1e-9 * (1 + abs(low) + abs(high))
                assert low - scale <= sampled.min()
                assert sampled.max() <= high + scale
                for value, place in ((low, at_low), (high, at_high)):
                    assert np.linalg.norm(place - point, ord=r) <= eps * (1 + 1e-9) + 1e-12
                    assert abs(pieces(place[None])[0] - value) <= scale
            found = plane.zeros.nearest(point, r)
            if found is None or abs(f) < 1e-9:
                continue
            radius = np.sqrt(found[0]) if r == 2 else found[0]
            (low, _), (high, _) = plane.extremes(point, radius, r)
            assert abs(low if f > 0 else high) <= 1e-9 * (1 + abs(f))  # first touched there
            inside = pieces(point + radius * directions * 0.9999)
            assert (inside * np.sign(f) > 0).all()
            if r != 2:
                rational = Plane(exact)
                size, step = rational.zeros.nearest(rationals([point.tolist()])[0], r)
                assert float(plain(np.array([size]))[0]) == pytest.approx(radius, rel=1e-9)
                touched = rational.extremes(rationals([point.tolist()])[0], size, r)
                assert (touched[0] if f > 0 else touched[1])[0] == 0
                assert exact((rationals([point.tolist()])[0] + step)[None])[0] == 0


def test_a_function_that_is_zero_on_cells_has_its_nearest_zero_on_their_boundary():
    """(x)_+ + (−x − 2)_+ + (y)_+ …: flat zero cells, next to each other, bounded by segments of their neighbours."""
    for pieces in both([(1, 0, 0, 1), (-1, 0, -2, 1), (0, 1, -5, 1), (0, 1, -7, -1), (0, -1, -3, 1)]):
        plane, one = Plane(pieces), 1 if pieces.exact else 1.0
        for point, radius in (((3, 0), 3), ((-4, 1), 2), ((-1, 6), 1), ((0, -9), 6)):
            here = rationals([point])[0] if pieces.exact else np.array(point, dtype=float)
            assert plane.zeros.nearest(here, np.inf)[0] == radius * one
        inside = rationals([(-1, 0)]) if pieces.exact else np.array([(-1.0, 0.0)])
        assert pieces(inside)[0] == 0


def test_a_line_that_touches_the_circle_in_the_middle_of_an_arc_is_on_one_side():
    """x ≥ 2 touches the unit circle about (3, 3) at (2, 3), where no other line cuts it."""
    (pieces, _) = both([(1, 2, -1, 2), (2, 0, 1, 1), (1, 0, -2, 2)])
    (least, _), _ = Plane(pieces).extremes(np.array([3.0, 3.0]), 1.0, 2)
    assert least == pytest.approx(pieces(np.array([[3.0, 3.0]]))[0] - np.hypot(6, 4), rel=1e-12)


def test_cells_of_a_box_are_those_that_it_has_a_part_of():
    rng, (pieces, exact) = np.random.default_rng(2), both(LINES["grid"])
    low, high = np.array([-1.5, -1.0]), np.array([0.5, 2.0])  # a wall of it on a line
    sampled = {
        tuple(row)
        for row in pieces.slopes(pieces.sides(rng.uniform(low, high, (20000, 2)))).round(9).tolist()
    }
    for some, corners in (
        (pieces, (low, high)),
        (exact, (rationals([low.tolist()])[0], rationals([high.tolist()])[0])),
    ):
        cells = boxed_cells(some, *corners)
        points = np.array([cells.point(k) for k in range(len(cells))])
        assert ((points > corners[0]) & (points < corners[1])).all()
        assert {tuple(row) for row in cells.slopes.astype(float).round(9).tolist()} == sampled


def test_the_line_is_a_plane_whose_second_feature_has_no_effect():
    net = gm.derive([[0], [1], [2], [4], [5]], [0, 2, -1, 3, 0], reg=Fraction(1, 10), exact=True).network
    pieces = pieces_of(net)
    plane = Plane(pieces)
    kinks = sorted(
        {float(-o / n) for n, o in zip(plain(pieces.normals)[:, 0], plain(pieces.offsets), strict=True)}
    )
    assert len(plane.cells) == len(kinks) + 1 == len(pieces) + 1
    middles = np.array([kinks[0] - 1, *(np.array(kinks[1:]) + kinks[:-1]) / 2, kinks[-1] + 1])[:, None]
    measured = (net.numeric()(middles + 1e-6) - net.numeric()(middles - 1e-6)) / 2e-6
    np.testing.assert_allclose(
        np.sort(plane.cells.slopes[:, 0].astype(float)), np.sort(measured), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize(("apart", "kinks"), [(1e-10, 2), (1e-12, 1)])
def test_two_lines_are_one_where_only_rounding_parts_them(apart, kinks):
    rows = np.array([[0.6, 0.8, 1.0], [0.6, 0.8, 1.0 + apart]])
    pieces = Pieces.of(rows[:, :2], rows[:, 2], np.ones(2), np.zeros(2), 0.0)
    assert len(pieces) == kinks
    # and so are three lines through one point
    rows = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.6, 0.8, 1.4 + apart]])
    pieces = Pieces.of(rows[:, :2], rows[:, 2], np.ones(3), np.zeros(2), 0.0)
    assert len(cells_of(pieces)) == 5 + kinks
