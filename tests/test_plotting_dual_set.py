"""Pictures of dual sets: the polygon is what every neuron allows, the residual the projection of the targets on it."""

import warnings

import numpy as np
import pytest
from test_plotting import artists, drawn, texts, value_of

import geomnn as gm
from geomnn import plotting
from geomnn.errors import GeomnnWarning
from geomnn.plotting import dual_geometry
from geomnn.plotting.dual_set import look


def rows_of(X, bias):
    return np.column_stack([X, np.ones(len(X))]) if bias else X


DUAL = [
    ([[2.0, 1.0], [1.0, 2.0]], [2.0, 1.0], False),
    ([[2.0, 1.0], [1.0, 2.0]], [2.0, -1.0], False),
    ([[2.0, -1.0, 1.0], [1.0, 2.0, 0.0]], [-1.0, 2.0], False),
    ([[0.0, 0.0], [2.0, 1.0], [1.0, 3.0]], [0.0, 2.0, -1.0], True),
    ([[0.0], [1.0], [3.0]], [1.0, -1.0, 2.0], True),
]


@pytest.mark.one_in(5)
@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize(("X", "y", "bias"), DUAL)
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9, 1.1])
def test_the_point_drawn_is_the_dual_and_the_projection_on_the_polygon_drawn(X, y, bias, norm, share):
    reg = share * gm.reg_max(X, y, norm=norm, bias=bias)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeomnnWarning)
        solution = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    figure = plotting.plot_dual_set(X, y, reg, norm=norm, bias=bias)
    (point,) = artists(figure, "v")[""].get_xydata()
    (target,) = artists(figure, "y")[""].get_xydata()
    plane = dual_geometry.dual_set(X, y, reg, norm, bias).plane
    np.testing.assert_allclose(plane @ plane.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(plane.T @ point, solution.dual, atol=1e-9)
    np.testing.assert_allclose(plane.T @ target, np.subtract(y, np.mean(y) if bias else 0), atol=1e-9)
    corners = artists(figure, "set")[""].get_xy()[:-1]
    np.testing.assert_allclose(nearest(corners, target), point, atol=1e-8)
    thick = {int(gid) for gid in artists(figure, "active ")}
    assert thick == set(range(len(solution.network)))
    names = set(texts(figure, "atom"))
    assert names == {str(neuron.atom) for neuron in solution.network.neurons}
    for line in artists(figure, "active ").values():
        ends = line.get_xydata()
        assert abs(np.linalg.det([ends[1] - ends[0], point - ends[0]])) < 1e-8
    drawn(figure)


def nearest(corners, target):
    """The point of a convex polygon nearest to a target, edge by edge."""
    sides = np.roll(corners, -1, axis=0) - corners
    crossed = sides[:, 0] * (target - corners)[:, 1] - sides[:, 1] * (target - corners)[:, 0]
    if (crossed >= 0).all():
        return target
    length = np.maximum((sides**2).sum(axis=1), 1e-300)
    t = np.clip(((target - corners) * sides).sum(axis=1) / length, 0, 1)
    feet = corners + t[:, None] * sides
    return feet[np.argmin(np.linalg.norm(feet - target, axis=1))]


@pytest.mark.parametrize(("X", "y", "bias"), DUAL)
def test_the_polygon_is_what_every_neuron_allows(X, y, bias):
    found = dual_geometry.dual_set(X, y, 0.3, 1, bias)
    rows = rows_of(np.array(X), bias)
    many = np.random.default_rng(0).standard_normal((50_000, rows.shape[1])) * 3
    many /= np.abs(many[:, : len(X[0])]).sum(axis=1, keepdims=True)
    features = np.maximum(many @ rows.T, 0)
    corners = found.polygon(100.0)
    assert np.abs(corners).max() < 100
    assert np.abs(features @ (corners @ found.plane).T).max() <= 0.3 * (1 + 1e-9)
    for corner in corners:  # and no more than that: two lines meet in it
        assert (np.abs(np.abs(found.normals @ corner) - 0.3) < 1e-9).sum() >= 2


def test_terms_of_the_network_lead_from_the_residual_to_the_targets():
    for X, y, bias in DUAL:
        found = dual_geometry.dual_set(X, y, 0.4, 1, bias)
        np.testing.assert_allclose(found.point + found.steps.sum(axis=0), found.target, atol=1e-9)
        for step, z in zip(found.steps, found.coefficients, strict=True):
            assert step @ found.point == pytest.approx(0.4 * abs(z))


def test_a_right_angle_on_an_edge_and_a_cone_at_a_corner():
    edge = plotting.plot_dual_set([[2, 1], [1, 2]], [2, 1], 1, bias=False)
    (square,) = artists(edge, "right angle").values()
    corner = square.get_xydata()
    assert (corner[0] - corner[1]) @ (corner[2] - corner[1]) == pytest.approx(0)
    assert not artists(edge, "cone")
    at_corner = plotting.plot_dual_set([[2, 1], [1, 2]], [2, -1], 1, bias=False)
    (cone,) = artists(at_corner, "cone").values()
    assert not artists(at_corner, "right angle")
    assert cone.get_path().contains_point([2, -1.0001])
    formula = texts(at_corner, "formula")[0]
    assert [value_of(number) for number in formula.split("= (")[1].split(")")[0].split(", ")] == [1, -1]


def test_chosen_samples_make_the_problem_and_keep_their_names():
    X, y = np.array([[9.0, 9.0], [2.0, 1.0], [5.0, 5.0], [1.0, 2.0]]), [0.0, 2.0, 1.0, -1.0]
    figure = plotting.plot_dual_set(X, y, 1, bias=False, samples=(1, 3))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("v1", "v3")
    assert texts(figure, "atom") == ["+⋆x3"]
    np.testing.assert_allclose(artists(figure, "v")[""].get_xydata(), [[1, -1]])


@pytest.mark.parametrize("norm", [1, np.inf])
def test_degenerate_dual_sets_have_pictures(norm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X, y in (([[0, 0], [1, 2]], [1, 2]), ([[1, 2], [1, 2]], [1, -1]), ([[1, 2], [2, 4]], [0, 0])):
            plotting.plot_dual_set(X, y, 0.1, norm=norm, bias=False).draw_without_rendering()
        for X, y in (([[0, 0]] * 3, [1, 2, 0]), ([[1.0], [1.0], [2.0]], [0, 1, 1])):
            plotting.plot_dual_set(X, y, 0.1, norm=norm).draw_without_rendering()


@pytest.mark.parametrize(("off", "lines"), [(1e-8, 1), (1e-6, 0)])
def test_a_point_on_its_line(off, lines):
    plane, point = np.eye(2), np.array([1.0 - off, 0.0])
    dual = dual_geometry.DualSet(
        (0, 1), plane, np.array([[1.0, 0.0]]), 1.0, point, point, point, (), plane[:0], plane[:0]
    )
    assert len(dual.tight()) == lines


@pytest.mark.parametrize(("off", "lines"), [(1e-8, 1), (1e-6, 2)])
def test_lines_that_are_one(off, lines):
    plane, point = np.eye(2), np.array([1.0, 0.0])
    normals = np.array([[1.0, 0.0], [1.0, off]])
    dual = dual_geometry.DualSet((0, 1), plane, normals, 1.0, point, point, point, (), plane[:0], plane[:0])
    assert len(dual.tight()) == lines


@pytest.mark.parametrize("bias", [True, False])
def test_an_atom_has_one_line_and_one_look_for_every_reg(bias):
    rng = np.random.default_rng(3)
    for _ in range(5):
        X, y = rng.normal(size=(2 + bias, 2)), rng.normal(size=2 + bias)
        seen: dict[str, set[int]] = {}
        for share in (0.02, 0.2, 0.5, 0.9):
            found = dual_geometry.dual_set(X, y, share * gm.reg_max(X, y, bias=bias), 1, bias)
            for line, atom, step in zip(found.lines, found.atoms, found.steps, strict=True):
                seen.setdefault(str(atom), set()).add(int(line))
                across = found.normals[line] / np.linalg.norm(found.normals[line])
                assert abs(across @ step) == pytest.approx(np.linalg.norm(step))
        assert all(len(lines) == 1 for lines in seen.values())
    assert len({look(line) for line in range(16)}) == 16
