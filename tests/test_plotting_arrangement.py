"""Pictures of chambers: the vertices are the atoms of the dictionary, the stars the neurons of the network."""

import itertools
import warnings
from functools import cache

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_plotting import artists, drawn

import geomnn as gm
from geomnn import plotting
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.plotting import charts
from geomnn.samples import Samples

NORMS = [1, 2, np.inf]
SHAPES = [(2, False), (2, True), (3, False)]
CASES = list(itertools.product(NORMS, SHAPES))


def table(d, n=4):
    return np.round(np.random.default_rng(3).standard_normal((n, d)), 1)


def rows_of(X, bias):
    return np.column_stack([X, np.ones(len(X))]) if bias else X


def ideal(d, norm):
    if norm == 1:
        return list(np.eye(d))
    signs = [(e, f) for e, f in itertools.combinations(np.eye(d), 2)]
    return [e + s * f for e, f in signs for s in (1, -1)] if norm == np.inf else []


def crossings(X, norm, bias):
    """Where D − 1 independent cuts meet, ‖w‖_p = 1: from the definition, by determinants, each once."""
    d, D = X.shape[1], X.shape[1] + bias
    members = [*rows_of(X, bias), *(np.append(e, np.zeros(int(bias))) for e in ideal(d, norm))]
    found = set()
    for chosen in itertools.combinations(members, D - 1):
        unit = np.array([np.linalg.det(np.vstack([e, *chosen])) for e in np.eye(D)])
        length = np.linalg.norm(unit[:d], ord=norm)
        if length > 1e-9:
            found |= {tuple(np.round(sign * unit / length, 8) + 0.0) for sign in (1, -1)}
    return found


@cache
def chambers(norm, shape):
    """The picture of a shape's table, once for all that is read off it."""
    return plotting.plot_chambers(table(shape[0]), bias=shape[1], norm=norm)


def shown_atoms(figure, X, norm, bias):
    chart = charts.chart_for(Samples(X, bias), norm)
    points = np.vstack([line.get_xydata() for line in artists(figure, "atoms").values()])
    return chart.units(points)


@pytest.mark.parametrize(("norm", "shape"), CASES)
def test_the_vertices_drawn_are_the_atoms_of_the_dictionary(norm, shape):
    X, bias = table(shape[0]), shape[1]
    figure = chambers(norm, shape)
    shown = {tuple(np.round(unit, 8) + 0.0) for unit in shown_atoms(figure, X, norm, bias)}
    assert shown == crossings(X, norm, bias)
    assert len(artists(figure, "atoms")) == (1 if norm == 2 else 2)
    drawn(figure)


@pytest.mark.parametrize(("norm", "shape"), CASES)
def test_cuts_are_where_samples_become_active_with_the_active_side_on_the_left(norm, shape):
    X, bias = table(shape[0]), shape[1]
    chart = charts.chart_for(Samples(X, bias), norm)
    figure = chambers(norm, shape)
    lines = figure.findobj(lambda artist: (artist.get_gid() or "").startswith("cut x"))
    assert {line.get_gid() for line in lines} == {f"cut x{i}" for i in range(len(X))}
    size = np.ptp(chart.box, axis=1)
    for line in lines:
        x = rows_of(X, bias)[int(line.get_gid().removeprefix("cut x"))]
        points = line.get_xydata()
        assert np.abs(chart.units(points) @ x).max() < 1e-9
        middle, step = (points[1:] + points[:-1]) / 2, np.diff(points, axis=0)
        left = middle + 1e-4 * size * np.column_stack([-step[:, 1], step[:, 0]]) / np.abs(step).max()
        inside = ((left > np.array(chart.box)[:, 0]) & (left < np.array(chart.box)[:, 1])).all(axis=1)
        assert (chart.units(left[inside]) @ x > 0).all()


@pytest.mark.parametrize(("norm", "shape"), CASES)
def test_images_and_units_undo_each_other(norm, shape):
    X, bias = table(shape[0]), shape[1]
    chart = charts.chart_for(Samples(X, bias), norm)
    low, high = np.array(chart.box).T
    points = low + (high - low) * np.random.default_rng(0).random((300, 2))
    for point, unit in zip(points, chart.units(points), strict=True):
        np.testing.assert_allclose(chart.images(unit), [point], atol=1e-9)
        if not isinstance(chart, charts.PlaneChart):
            assert np.linalg.norm(unit[: X.shape[1]], ord=norm) == pytest.approx(1)


@pytest.mark.parametrize(("norm", "shape"), CASES)
def test_a_chamber_carries_the_number_of_its_active_samples(norm, shape):
    X, bias = table(shape[0]), shape[1]
    figure = chambers(norm, shape)
    chart = charts.chart_for(Samples(X, bias), norm)
    numbers = figure.findobj(lambda artist: artist.get_gid() == "count")
    assert len(numbers) >= len(X)
    for number in numbers:
        unit = chart.units(np.array([number.xy]))[0]
        assert int(number.get_text()) == (rows_of(X, bias) @ unit > 0).sum()


@pytest.mark.parametrize(("norm", "shape"), CASES)
def test_stars_are_where_the_correlation_is_largest_and_at_all_neurons_of_the_network(norm, shape):
    X, bias = table(shape[0]), shape[1]
    solution = gm.derive(X, [1.0, -1.0, 0.5, 2.0], reg=0.1, norm=norm, bias=bias)
    figure = plotting.plot_chambers(X, bias=bias, norm=norm, residual=solution.dual)
    chart = charts.chart_for(Samples(X, bias), norm)
    stars = np.vstack(
        [line.get_xydata() for line in figure.findobj(lambda artist: artist.get_gid() == "maximum")]
    )
    units = chart.units(stars)

    def value(u):
        features = np.maximum(u @ rows_of(X, bias).T, 0)
        return np.abs(features @ solution.dual) / np.linalg.norm(u[:, : X.shape[1]], ord=norm, axis=1)

    np.testing.assert_allclose(value(units), 0.1, rtol=1e-5)
    for neuron in solution.network.neurons:
        atom = np.append(neuron.atom.weight, [neuron.atom.bias] * bias)
        assert np.abs(units - atom).max(axis=1).min() < 1e-6
    many = np.random.default_rng(1).standard_normal((20_000, X.shape[1] + bias)) * 3
    assert value(many).max() <= 0.1 * (1 + 1e-6)
    if norm != 2:
        atoms = shown_atoms(figure, X, norm, bias)
        assert all(np.abs(atoms - unit).max(axis=1).min() < 1e-9 for unit in units)
    drawn(figure)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_correlation_is_linear_where_the_picture_says_so(shape):
    """Second differences of |F| on the map vanish within a chamber, p = 1."""
    X, bias = table(shape[0]), shape[1]
    chart = charts.chart_for(Samples(X, bias), 1.0)
    cut = np.vstack([rows_of(X, bias), np.column_stack([np.eye(shape[0]), np.zeros((shape[0], int(bias)))])])
    v = np.array([1.0, -2.0, 0.5, 0.5])
    low, high = np.array(chart.box).T
    random = np.random.default_rng(0)
    points = low + (high - low) * random.random((3_000, 2))
    steps = 0.01 * random.standard_normal((3_000, 2))
    trio = [chart.units(points + k * steps) for k in (-1, 0, 1)]
    same = np.all([np.sign(u @ cut.T) == np.sign(trio[1] @ cut.T) for u in trio], axis=(0, 2))
    before, here, after = (np.maximum(u @ rows_of(X, bias).T, 0) @ v for u in trio)
    assert same.sum() > 1_000
    np.testing.assert_allclose((before + after)[same], 2 * here[same], atol=1e-12)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("case", range(15))
def test_degenerate_samples_have_pictures(norm, case):
    tables = [
        [[1.0, 2.0]], [[0.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0]], np.zeros((2, 2)),
        [[1e6, 2.0], [3.0, 1e-6]], np.ones((3, 2)),
    ]  # fmt: skip
    spaces = [[[1.0, 0, 0], [0, 1, 0]], [[0.0, 0, 0]], [[1.0, 1, 1], [2, 2, 2]]]
    X, bias = [*itertools.product(tables, (False, True)), *itertools.product(spaces, (False,))][case]
    v = np.arange(len(X)) - (len(X) - 1) / 2
    residual = (None, v, 0 * v)[case % 3 if case < 12 else 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plotting.plot_chambers(X, bias=bias, norm=norm, residual=residual).draw_without_rendering()


def test_axes_that_are_given_are_used():
    own = Figure()
    left, right = own.subplots(1, 2)
    assert plotting.plot_chambers([[1, 2], [2, 1]], bias=False, ax=left) is own
    assert plotting.plot_dual_set([[1, 2], [2, 1]], [1, 1], 0.5, bias=False, ax=right) is own
    assert own.axes == [left, right]


def test_what_cannot_be_drawn_is_refused_with_advice():
    X = [[1, 2], [2, 1]]
    cases = [
        (UnsupportedProblem, "bias=False", lambda: plotting.plot_chambers(np.eye(3))),
        (UnsupportedProblem, "4 features", lambda: plotting.plot_chambers(np.eye(4), bias=False)),
        (OptionError, "norm=3", lambda: plotting.plot_chambers(X, norm=3)),
        (DataError, "shape", lambda: plotting.plot_chambers(X, residual=[1, 2, 3])),
        (DataError, "sums to 3", lambda: plotting.plot_chambers(X, residual=[1, 2])),
        (UnsupportedProblem, "samples=", lambda: plotting.plot_dual_set(X, [1, 2], 1)),
        (
            UnsupportedProblem,
            "norm 1 or inf",
            lambda: plotting.plot_dual_set(X, [1, 2], 1, norm=2, bias=False),
        ),
        (OptionError, "row", lambda: plotting.plot_dual_set(X, [1, 2], 1, bias=False, samples=(0, 2))),
        (DataError, "targets|target", lambda: plotting.plot_dual_set(X, [1, 2, 3], 1, bias=False)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message):
            call()


@pytest.mark.parametrize(("off", "stars"), [(1e-7, 2), (1e-5, 1)])
def test_the_largest_of_a_picture(off, stars):
    """Two neurons, one for each of two samples, with |F| that are nearly equal."""
    figure = plotting.plot_chambers(np.eye(2), bias=False, residual=[1.0, 1.0 + off])
    assert sum(line.get_gid() == "maximum" for axes in figure.axes for line in axes.lines) == stars
