"""Pictures show what they claim: lines are zero sets, rings spanning samples, numbers the computed ones."""

import io
import itertools
import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import geomnn as gm
from geomnn import datasets, plotting
from geomnn.errors import DataError, GeomnnWarning, OptionError, UnsupportedProblem

NORMS = [1, 2, np.inf]


def derive(X, y, **options):
    """A network, whatever geomnn has to say about how it got there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeomnnWarning)
        return gm.derive(X, y, **options).network


def artists(figure, gid):
    """Every artist of the figure whose gid starts with the given text, with the rest of it."""
    found = figure.findobj(lambda artist: (artist.get_gid() or "").startswith(gid))
    return {artist.get_gid()[len(gid) :].strip(): artist for artist in found}


def texts(figure, gid):
    return [text.get_text() for text in figure.findobj(lambda artist: artist.get_gid() == gid)]


def drawn(figure):
    """The figure as bytes; any warning on the way is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=40)
    return buffer.getvalue()


def value_of(text):
    return float(text.replace("−", "-"))


@pytest.fixture(scope="module")
def planar():
    X, y = datasets.peaks(14)
    cases = itertools.product(NORMS, (True, False))
    return X, y, [derive(X, y, reg=0.05, norm=norm, bias=bias) for norm, bias in cases]


@pytest.fixture(scope="module")
def spiral():
    X, y = datasets.spiral(60)
    return X, y, derive(X, y, reg=1e-3, norm=2, dictionary="wedge")


def test_lines_are_the_zero_sets_of_the_neurons_with_their_active_side_on_the_left(planar):
    X, y, networks = planar
    for net in networks:
        figure = plotting.plot_plane(net, X, y)
        axes = figure.axes[0]
        lines = artists(figure, "neuron ")
        corners = np.array(list(itertools.product(axes.get_xlim(), axes.get_ylim())))
        for j, neuron in enumerate(net.neurons):
            if str(j) not in lines:
                assert len(set(np.sign(corners @ neuron.weight + neuron.bias))) == 1
                continue
            ends = lines[str(j)].get_xydata()
            scale = np.abs(ends) @ np.abs(neuron.weight) + abs(neuron.bias)
            np.testing.assert_array_less(np.abs(ends @ neuron.weight + neuron.bias), 1e-12 * scale)
            edges = np.abs(ends[:, :, None] - [axes.get_xlim(), axes.get_ylim()]).min(axis=(1, 2))
            np.testing.assert_array_less(edges, 1e-9)  # from one edge of the view to another
            step = ends[1] - ends[0]
            left = ends.mean(axis=0) + np.array([-step[1], step[0]])
            assert left @ neuron.weight + neuron.bias > 0
            assert lines[str(j)].get_linestyle() == ("--" if neuron.atom.is_partial else "-")


def test_widths_grow_with_the_coefficient(planar):
    X, y, networks = planar
    lines = artists(plotting.plot_plane(networks[0], X, y), "neuron ")
    sizes = [abs(networks[0].neurons[int(j)].coefficient) for j in lines]
    widths = [line.get_linewidth() for line in lines.values()]
    assert np.all(np.diff(np.array(widths)[np.argsort(sizes)]) >= 0)
    assert max(widths) > 1.5 * min(widths)


def test_rings_are_the_spanning_samples_and_names_their_rows(planar):
    X, y, networks = planar
    for net in networks:
        figure = plotting.plot_plane(net, X, y)
        rows = sorted({row for neuron in net.neurons for row in neuron.atom.samples})
        ringed = [scatter.get_offsets() for scatter in figure.findobj(lambda a: a.get_gid() == "spanning")]
        np.testing.assert_array_equal(np.unique(np.vstack(ringed), axis=0), np.unique(X[rows], axis=0))
        names = figure.findobj(lambda artist: artist.get_gid() == "name")
        assert {int(name.get_text()[1:]) for name in names} <= set(rows)
        for name in names:
            np.testing.assert_array_equal(name.xy, X[int(name.get_text()[1:])])


def test_other_samples_than_those_of_the_derivation_are_not_ringed(planar):
    X, y, networks = planar
    figure = plotting.plot_plane(networks[0], X + 0.1, y)
    assert not figure.findobj(lambda artist: artist.get_gid() == "spanning")
    drawn(figure)


def test_many_neurons_stay_legible(spiral):
    X, y, net = spiral
    assert len(net) > 40
    figure = plotting.plot_network(net, X, y)
    assert 5 <= len(texts(figure, "name")) <= 15
    widths = [line.get_linewidth() for line in artists(figure, "neuron ").values()]
    assert sum(width < 0.4 for width in widths) == len(widths) - 12
    assert len(artists(figure, "active side")) <= 12
    assert f"lines of the other {len(net) - 12}" in [
        text.get_text() for text in figure.legends[0].get_texts()
    ]
    drawn(figure)


def test_the_boundary_is_where_the_network_is_zero_and_regions_are_told_apart_without_colour(spiral):
    X, y, net = spiral
    filled, boundary = plotting.plot_plane(net, X, y).axes[0].collections[:2]
    points = np.vstack([path.vertices for path in boundary.get_paths()])
    assert len(points) > 100
    largest = np.abs(net(X)).max()
    assert np.abs(net(points)).max() < 0.05 * largest
    grey = [np.dot(to_rgb(colour), [0.3, 0.59, 0.11]) for colour in filled.get_facecolor()[:, :3]]
    assert abs(grey[0] - grey[1]) > 0.1
    for sign, marker in ((-1, "^"), (1, "o")):
        lines = [line for line in boundary.axes.lines if line.get_marker() == marker]
        np.testing.assert_array_equal(lines[0].get_xydata(), X[y == sign])


@pytest.mark.parametrize("bias", [True, False])
def test_the_fit_is_the_network_and_its_breakpoints_are_the_anchors(bias):
    X, y = datasets.ramps(8)
    net = derive(X, y, reg=0.05, bias=bias)
    figure = plotting.plot_fit(net, X[:, 0], y)
    curve = artists(figure, "fit")[""].get_xydata()
    at = np.linspace(*curve[[0, -1], 0], 500)
    np.testing.assert_allclose(np.interp(at, *curve.T), net(at[:, None]), atol=1e-12)
    rows = {row for neuron in net.neurons for row in neuron.atom.samples}
    breaks = artists(figure, "breakpoints")[""].get_xydata()
    np.testing.assert_allclose(
        np.unique(breaks[:, 0].round(12)), np.unique(X[sorted(rows), 0]) if bias else [0.0]
    )
    names = figure.findobj(lambda artist: artist.get_gid() == "breakpoint name")
    assert names
    for name in names:
        here = [
            neuron.atom for neuron in net.neurons if np.isclose(-neuron.bias / neuron.weight[0], name.xy[0])
        ]
        signs = {str(atom)[0] for atom in here}
        assert name.get_text()[1:] == str(here[0])[1:]
        assert name.get_text()[0] == ("±" if len(signs) == 2 else signs.pop())


def test_the_surface_has_its_creases_and_residuals_on_the_network(planar):
    X, y, networks = planar
    for net in (networks[0], networks[3]):
        figure = plotting.plot_surface(net, X, y)
        for j, crease in artists(figure, "crease ").items():
            across, up, height = map(np.asarray, crease.get_data_3d())
            middle = np.column_stack([across, up])
            middle = (middle[1:] + middle[:-1]) / 2  # f is linear between the points drawn
            np.testing.assert_allclose(net(middle), (height[1:] + height[:-1]) / 2, atol=1e-9)
            neuron = net.neurons[int(j)]
            np.testing.assert_allclose(middle @ neuron.weight + neuron.bias, 0, atol=1e-9)
        stems = figure.findobj(lambda artist: artist.get_gid() == "residual")
        np.testing.assert_allclose([stem.get_data_3d()[2] for stem in stems], np.column_stack([net(X), y]))


def wedge_cases():
    X, y = datasets.peaks(14)
    for norm, bias, dictionary in itertools.product(NORMS, (True, False), ("wedge", "all")):
        for neuron in derive(X, y, reg=0.05, norm=norm, bias=bias, dictionary=dictionary).neurons[:2]:
            for row in (1, 5):
                if row not in neuron.atom.samples:
                    yield X, neuron.atom, row


def test_written_areas_and_features_are_the_computed_ones():
    signs = set()
    for X, atom, row in wedge_cases():
        figure = plotting.plot_wedge(atom, X, row)
        foot = X[atom.samples[-1]] if atom.anchored else np.zeros(2)
        spanned = atom.samples[:-1] if atom.anchored else atom.samples
        if atom.is_partial:
            base, sign = np.array([-atom.weight[1], atom.weight[0]]), 1
        else:
            base = X[spanned[0]] - foot if spanned else atom.directions[0].vector(2)
            sign = atom.orientation
        area = sign * gm.algebra.signed_volume([X[row] - foot, base])
        feature = max(0.0, X[row] @ atom.weight + atom.bias)
        (inside,) = texts(figure, "signed area")
        (title,) = texts(figure, "formula")
        written, length, ratio = (value_of(line.split("=")[-1]) for line in title.splitlines())
        assert written == pytest.approx(area, rel=1e-3, abs=1e-12)
        assert value_of(inside.split()[0]) == written
        assert inside.startswith("−" if area < 0 else "+")
        assert ratio == pytest.approx(feature, rel=1e-3, abs=1e-12)
        assert ratio == pytest.approx(max(written, 0.0) / length, rel=2e-3)
        if not atom.is_partial:
            wedged = title.splitlines()[0].split("=")[0].split("∧")[1].strip()
            assert wedged == atom.factors()[0]
        signs.add(np.sign(area))
    assert signs == {-1, 1}


@pytest.mark.slow
def test_the_drawn_shape_has_the_area_and_the_segment_the_length_of_the_feature():
    hatches = {}
    for X, atom, row in wedge_cases():
        figure = plotting.plot_wedge(atom, X, row)
        title = texts(figure, "formula")[0].splitlines()
        area, feature = (value_of(title[k].split("=")[-1]) for k in (0, 2))
        patch = artists(figure, "area")[""]
        hatches.setdefault(np.sign(area), set()).add((patch.get_hatch(), patch.get_facecolor()))
        if not atom.is_partial and not atom.directions:
            across, up = patch.get_xy()[:-1].T
            enclosed = abs(np.dot(across, np.roll(up, 1)) - np.dot(up, np.roll(across, 1))) / 2
            assert len(across) == (3 if atom.anchored else 4)
            assert enclosed * (2 if atom.anchored else 1) == pytest.approx(abs(area), rel=1e-3)
            assert figure.axes[0].get_aspect() == 1.0
        segment = artists(figure, "distance")
        assert bool(segment) == (area > 0)
        if segment:
            (x, near) = segment[""].get_xydata()
            dual = {1: np.inf, 2: 2, np.inf: 1}[atom.norm]
            np.testing.assert_array_equal(x, X[row])
            assert np.linalg.norm(near - x, ord=dual) == pytest.approx(feature, rel=1e-3)
            assert near @ atom.weight + atom.bias == pytest.approx(0, abs=1e-9)
    assert not hatches[1] & hatches[-1]
    assert {hatch for hatch, _ in hatches[1]}.isdisjoint(hatch for hatch, _ in hatches[-1])


def test_a_row_of_the_atom_itself_has_no_area(planar):
    X, _, networks = planar
    atom = networks[0].neurons[0].atom
    figure = plotting.plot_wedge(atom, X, atom.samples[0])
    assert texts(figure, "signed area")[0].split()[0] == "0"
    drawn(figure)


def test_more_features_give_predictions_and_a_table_of_the_neurons():
    random = np.random.default_rng(1)
    X = random.standard_normal((15, 4))
    net = derive(X, X[:, 0] * X[:, 1], reg=0.5)
    names = ["a", "b", "c$", "d$"]
    figure = plotting.plot_network(net, X, X[:, 0] * X[:, 1], feature_names=names)
    left, right = figure.axes[:2]
    np.testing.assert_allclose(
        artists(figure, "samples")[""].get_xydata(), np.column_stack([X[:, 0] * X[:, 1], net(X)])
    )
    assert left.get_xlim() == left.get_ylim()
    assert [label.get_text() for label in right.get_xticklabels()] == [*names, "bias", "z"]
    order = sorted(range(len(net)), key=lambda j: -abs(net.neurons[j].coefficient))
    rows = [label.get_text() for label in right.get_yticklabels()]
    assert rows == [str(net.neurons[j].atom) for j in order]
    expected = [
        [*net.neurons[j].atom.weight, net.neurons[j].atom.bias, net.neurons[j].coefficient] for j in order
    ]
    written = [value_of(text) for text in texts(figure, "value")]
    np.testing.assert_allclose(written, np.ravel(expected), rtol=6e-3, atol=1e-12)
    drawn(figure)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_vector_output_has_a_panel_for_each_of_its_first_components(d):
    random = np.random.default_rng(2)
    X = random.standard_normal((9, d))
    Y = X[:, :1] ** 2 * [1.0, -2.0, 3.0, 4.0]
    net = derive(X, Y, reg=0.5)
    figure = plotting.plot_network(net, X, Y, labels=["p", "q", "r", "s"], most_outputs=3)
    titles = [axes.get_ylabel() if d == 1 else axes.get_title() for axes in figure.axes]
    assert [title for title in titles if title] == ["p", "q", "r"]
    assert len(figure.legends) == 1
    drawn(figure)


def test_classes_carry_the_names_given():
    X, y = datasets.spiral(20)
    net = derive(X, y, reg=0.1, loss="logistic")
    figure = plotting.plot_network(net, X, y, labels=["left $", "right $"], feature_names=["u", "v"])
    legend = [text.get_text().replace("\\", "") for text in figure.legends[0].get_texts()]
    assert {"left $", "right $"} <= set(legend)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("u", "v")
    drawn(figure)
    deep = np.hstack([X, X[:, :1] ** 2])
    drawn(plotting.plot_predictions(derive(deep, y, reg=0.5, loss="logistic"), deep, y, labels=["a", "b"]))


SHAPES = {
    "one sample": np.array([[1.0, 2.0]]),
    "repeated": np.array([[1.0, 2], [1, 2], [3, 1], [3, 1], [0, 0]]),
    "constant feature": np.column_stack([np.arange(5.0), np.full(5, 3.0)]),
    "all zero": np.zeros((3, 2)),
    "collinear": np.outer(np.arange(5.0), [1.0, 2.0]),
    "large": 1e6 * datasets.peaks(6)[0],
    "small": 1e-6 * datasets.peaks(6)[0],
    "large and small": datasets.peaks(6)[0] * [1e6, 1e-6],
    "far away": 1e6 + datasets.peaks(6)[0],
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_degenerate_data_give_a_picture_without_warnings(shape, d):
    X = np.column_stack([SHAPES[shape], SHAPES[shape][:, 0]])[:, :d]
    n = len(X)
    targets = [
        np.full(n, 3.0),
        1e6 * np.arange(n),
        1e-6 * np.arange(n),
        np.where(np.arange(n) % 2, 1.0, -1.0),
    ]
    for k, y in enumerate(targets):
        reg = 1e-2 * (np.abs(y).max() or 1) * (np.abs(X).max() or 1)
        net = derive(X, y, reg=reg, norm=NORMS[k % 3], bias=k != 2, tol=1e-6)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            plotting.plot_network(net, X, y).draw_without_rendering()
            if d == 2 and k < 2:
                plotting.plot_surface(net, X, y).draw_without_rendering()
                for neuron in net.neurons[:1]:
                    plotting.plot_wedge(neuron.atom, X, n - 1).draw_without_rendering()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_network_without_neurons_has_a_picture(d):
    X = np.arange(4.0 * d).reshape(4, d)
    for y in ([1.0, 2.0, 0.0, 4.0], [1.0, -1.0, 1.0, -1.0], [2.0, 2.0, 2.0, 2.0]):
        net = derive(X, y, reg=1e6)
        assert len(net) == 0
        drawn(plotting.plot_network(net, X, y))
    drawn(plotting.plot_neurons(net))


def test_axes_that_are_given_are_used_and_nothing_else_is_drawn(planar):
    X, y, networks = planar
    own = Figure()
    left, right = own.subplots(1, 2)
    assert plotting.plot_network(networks[0], X, y, ax=left) is own
    assert plotting.plot_wedge(networks[0].neurons[0].atom, X, 2, ax=right) is own
    assert own.axes == [left, right]
    assert left.get_legend() is not None
    assert not own.legends
    drawn(own)


def test_a_figure_shows_itself_in_a_notebook(planar):
    X, y, networks = planar
    assert plotting.plot_network(networks[0], X, y)._repr_html_().startswith('<img alt="')


@pytest.mark.slow
def test_pictures_need_neither_pyplot_nor_a_display():
    program = (
        "import sys, geomnn as gm\n"
        "assert not any(name.startswith('matplotlib') for name in sys.modules)\n"
        "X, y = gm.datasets.peaks(6)\n"
        "net = gm.derive(X, y, reg=.1).network\n"
        "gm.plotting.plot_network(net, X, y)._repr_html_(), gm.plotting.plot_surface(net, X, y)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_cannot_be_drawn_is_refused_with_advice(planar):
    X, y, networks = planar
    net = networks[0]
    line = derive([[0.0], [1.0], [2.0]], [0.0, 0.0, 1.0], reg=0.01)
    atom = net.neurons[0].atom
    cases = [
        (UnsupportedProblem, "plot_network", lambda: plotting.plot_fit(net, X, y)),
        (UnsupportedProblem, "plot_network", lambda: plotting.plot_plane(line, [[0.0]], [0.0])),
        (UnsupportedProblem, "plot_network", lambda: plotting.plot_surface(line, [[0.0]], [0.0])),
        (
            UnsupportedProblem,
            "1 features",
            lambda: plotting.plot_wedge(line.neurons[0].atom, [[0.0], [1.0]], 0),
        ),
        (UnsupportedProblem, "3 features", lambda: plotting.plot_wedge(atom, np.hstack([X, X[:, :1]]), 0)),
        (DataError, "columns", lambda: plotting.plot_network(net, X[:, :1], y)),
        (DataError, "shape", lambda: plotting.plot_network(net, X, y[:-1])),
        (DataError, r"y\[0\]", lambda: plotting.plot_network(net, X, np.full(len(X), np.nan))),
        (DataError, "row=99", lambda: plotting.plot_wedge(atom, X, 99)),
        (DataError, "row='a'", lambda: plotting.plot_wedge(atom, X, "a")),
        (DataError, "derived from", lambda: plotting.plot_wedge(atom, X[:1], 0)),
        (DataError, "derived from", lambda: plotting.plot_wedge(atom, X[::-1], 0)),
        (OptionError, "feature names", lambda: plotting.plot_network(net, X, y, feature_names=["a"])),
        (OptionError, "labels", lambda: plotting.plot_network(net, X, y, labels=["a", "b"])),
        (OptionError, "output=1", lambda: plotting.plot_plane(net, X, y, output=1)),
        (OptionError, "most_outputs", lambda: plotting.plot_network(net, X, y, most_outputs=0)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message):
            call()


def test_several_panels_take_no_axes():
    X = np.arange(9.0).reshape(3, 3)
    net = derive(X, [0.0, 1.0, 0.0], reg=0.1)
    with pytest.raises(OptionError, match="leave out ax"):
        plotting.plot_network(net, X, [0.0, 1.0, 0.0], ax=Figure().add_subplot())


@pytest.mark.parametrize("d", [1, 2, 3])
def test_more_than_two_classes(d):
    X = np.random.default_rng(2).standard_normal((12, d))
    own = np.arange(12) % 3
    net = derive(X, np.eye(3)[own], reg=0.5, loss="softmax", dictionary="wedge")
    figure = plotting.plot_classes(net, X, np.eye(3)[own], labels=["a", "b$", "c"])
    drawn(figure)
    dots = [line for line in figure.axes[0].lines if (line.get_gid() or "").startswith("class")]
    assert [len(line.get_xdata()) for line in dots] == [4, 4, 4]
    f = net(X)
    for k, line in enumerate(dots):
        points = line.get_xydata()
        if d == 2:
            np.testing.assert_array_equal(points, X[own == k])
        else:  # above the line where the class is right
            right = f[own == k].argmax(axis=1) == k
            assert ((points[:, 1] > 0) == right).all()


@pytest.mark.parametrize("margins", [True, False])
def test_classes_are_one_hot(margins):
    X = np.random.default_rng(2).standard_normal((12, 2))
    own = np.eye(3)[np.arange(12) % 3]
    net = derive(X, own, reg=0.5, loss="softmax", dictionary="wedge")
    one = derive(X, np.sign(X[:, 0]), reg=0.5, dictionary="wedge")
    for network, y in ((net, 0 * own), (net, 2 * own), (net, np.ones((12, 3))), (one, np.sign(X[:, 0]))):
        with pytest.raises(DataError, match="one-hot rows were expected"):
            plotting.plot_classes(network, X, y, margins=margins)


@pytest.mark.parametrize("size", [(6.4, 5), (9, 4), (4, 7)])
def test_title_and_legend_of_axes_with_equal_units_are_inside(size):
    """Layout takes two rounds for them, as the axes become smaller than their place."""
    X, y = np.array([[0, 1], [3, 0], [1, 4], [4, 3]]), [0, 1, 2, 1]
    neurons = gm.derive(X, y, reg=0.1, dictionary="wedge").network.neurons
    atom = next(neuron.atom for neuron in neurons if str(neuron.atom) == "+⋆(x0 − x3) at x3")
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    plotting.plot_wedge(atom, X, row=2, ax=axes)
    figure.savefig(io.BytesIO())
    box = axes.get_tightbbox()
    assert min(box.y0, figure.bbox.height - box.y1) > -1
