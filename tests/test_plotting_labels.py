"""No text of a picture covers another one, or is cut, at 500 pixels, whether a network has few neurons or forty."""

import inspect
import io
import itertools
import warnings
from functools import cache

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.path import Path
from matplotlib.text import Text

import geomnn as gm
from geomnn import datasets, plotting
from geomnn.dictionaries.canonical import name_atom, units_through
from geomnn.errors import GeomnnWarning
from geomnn.plotting import frame
from geomnn.samples import Samples

WIDTH, DOTS = 5.0, 100  # inches, and pixels in one
SLACK = 1.0  # pixels by which two boxes may touch


@cache
def table(n, d, seed=0):
    """Samples, and targets that take many neurons to fit."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d)).round(3)
    return X, np.sin(3 * X).sum(axis=1) + 0.3 * random.normal(size=n)


@cache
def solved(n, d, reg, **options):
    """The table, and its solution."""
    X, y = table(n, d)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeomnnWarning)
        return X, y, gm.derive(X, y, reg=reg, seed=1, **options)


@cache
def few(d):
    return solved(9, d, 0.5)


@cache
def drawn_at_random(n, d, size, outputs=None):
    """A network of wedges of random samples, as large as is asked for, without a solver."""
    X, y = table(n, d)
    samples, random, atoms = Samples(X, True), np.random.default_rng(2), []
    while len(atoms) < size:
        rows = random.choice(n, d, replace=False)
        (unit,) = units_through(samples, rows[None], np.zeros((1, 0, d)), 1)
        atoms += [
            name_atom(samples, sign * unit, 1)
            for sign in random.permutation([1, -1])[: random.integers(1, 3)]
        ]
    shape = size if outputs is None else (size, outputs)
    network = gm.AnalyticNetwork.from_atoms(
        atoms[:size], random.normal(size=shape), 0.0 if outputs is None else np.zeros(outputs), d, 1, True
    )
    return X, y, network


@cache
def many(d):
    return drawn_at_random(60, d, 40)


@cache
def classes(n, d, count, size):
    X, _, network = drawn_at_random(n, d, size, count)
    return X, np.eye(count)[np.arange(n) % count], network


@cache
def spiral(n):
    X, y = datasets.spiral(n)
    return X, y, gm.derive(X, y, reg=1e-3, norm=2, dictionary="wedge", loss="squared").network


@cache
def path(n):
    return gm.path(*table(n, 1), reg_min=1e-3 if n > 50 else 0.1)


@cache
def optima(n):
    """Of a grid, where many networks are optimal."""
    X = np.array(list(itertools.product(range(n), repeat=2)), dtype=float)
    return gm.optimal_set(gm.derive(X, (X.sum(axis=1) % 2) - 0.25 * X[:, 0], reg=0.05))


def of_network(plot, solution, **options):
    X, y, found = solution
    return plot(getattr(found, "network", found), X, y, **options)


def widest(solution):
    X, _, found = solution
    found = getattr(found, "network", found)
    neuron = found.neurons[found.largest(1)[0]]
    return plotting.plot_wedge(neuron.atom, X, int(np.argmax(X @ neuron.weight + neuron.bias)))


def stepped():
    solution = gm.derive([[0], [1], [2], [3]], [0, 0, 1, 3], reg=0.1)
    return plotting.plot_interval(gm.optimal_set(solution), at=1.5)


LONG = ["length of the petal, in centimetres", "width of the petal, in centimetres"]
PICTURES = {
    "chambers few": lambda: plotting.plot_chambers(table(4, 2)[0]),
    "chambers many": lambda: plotting.plot_chambers(table(12, 2)[0]),
    "chambers plane": lambda: plotting.plot_chambers(table(8, 2)[0], bias=False),
    "chambers octahedron": lambda: plotting.plot_chambers(table(8, 3)[0], bias=False),
    "chambers residual": lambda: plotting.plot_chambers(few(2)[0], residual=few(2)[2].dual),
    "classes few": lambda: of_network(plotting.plot_classes, classes(12, 2, 3, 6)),
    "classes many": lambda: of_network(
        plotting.plot_classes, classes(60, 2, 10, 40), labels=[f"species number {k}" for k in range(10)]
    ),
    "classes space": lambda: of_network(
        plotting.plot_classes, classes(60, 4, 10, 40), labels=[f"species number {k}" for k in range(10)]
    ),
    "components few": lambda: plotting.plot_components(optima(2)),
    "degrees few": lambda: plotting.plot_degrees_of_freedom(path(9)),
    "degrees many": lambda: plotting.plot_degrees_of_freedom(path(90)),
    "dual set few": lambda: plotting.plot_dual_set([[2, 1], [1, 2]], [2, 1], reg=1, bias=False),
    "dual set three": lambda: plotting.plot_dual_set([[2, 1], [1, 2], [0, 1]], [2, 1, 0], reg=0.2),
    "dual set many": lambda: plotting.plot_dual_set(table(2, 9)[0], [2, -1], reg=0.5, bias=False),
    "errors": lambda: plotting.plot_errors(gm.cross_validate(*table(20, 1), [1, 0.1, 0.01], folds=4)),
    "fit few": lambda: of_network(plotting.plot_fit, few(1)),
    "fit many": lambda: of_network(plotting.plot_fit, many(1)),
    "interval line": stepped,
    "interval plane": lambda: plotting.plot_interval(optima(2), points=7),
    "network line": lambda: of_network(plotting.plot_network, many(1)),
    "network plane": lambda: of_network(plotting.plot_network, many(2), feature_names=LONG),
    "network few": lambda: of_network(plotting.plot_network, few(4)),
    "network many": lambda: of_network(plotting.plot_network, many(4)),
    "network outputs": lambda: of_network(plotting.plot_network, classes(12, 2, 3, 6), labels=["p", "q", "r"]),
    "neurons few": lambda: plotting.plot_neurons(few(4)[2].network),
    "neurons many": lambda: plotting.plot_neurons(many(4)[2]),
    "neurons wide": lambda: plotting.plot_neurons(many(12)[2], feature_names=[f"a long name {k}" for k in range(12)]),
    "optimal set few": lambda: plotting.plot_optimal_set(optima(2)),
    "optimal set many": lambda: plotting.plot_optimal_set(optima(4)),
    "residuals few": lambda: of_network(plotting.plot_residuals, few(4), left_out=table(7, 4, seed=3)),
    "residuals many": lambda: of_network(plotting.plot_residuals, many(4)),
    "path few": lambda: plotting.plot_path(path(9)),
    "path many": lambda: plotting.plot_path(path(90)),
    "plane few": lambda: of_network(plotting.plot_plane, few(2)),
    "plane many": lambda: of_network(plotting.plot_plane, many(2)),
    "plane spiral": lambda: of_network(plotting.plot_plane, spiral(60), labels=["inner arm", "outer arm"]),
    "predictions few": lambda: of_network(plotting.plot_predictions, few(4)),
    "predictions many": lambda: of_network(plotting.plot_predictions, many(4)),
    "space few": lambda: of_network(plotting.plot_space, few(3)),
    "space many": lambda: of_network(plotting.plot_space, many(3)),
    "surface few": lambda: of_network(plotting.plot_surface, few(2)),
    "surface many": lambda: of_network(plotting.plot_surface, many(2)),
    "wedge few": lambda: widest(few(2)),
    "wedge many": lambda: widest(many(2)),
}  # fmt: skip


def outline(text, renderer):
    """The corners of the rectangle that a text fills but for `SLACK`, however it is turned, shape (4, 2)."""
    box, angle = Text.get_window_extent(text, renderer), text.get_rotation()
    middle = (box.p0 + box.p1) / 2
    text.set_rotation(0)
    size = Text.get_window_extent(text, renderer).size / 2 - SLACK
    text.set_rotation(angle)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return middle + ([[1, 1], [-1, 1], [-1, -1], [1, -1]] * size) @ [[c, s], [-s, c]]


def written(figure, monkeypatch):
    """Every text that is drawn on a picture as wide as a column of a page, with its outline in pixels, and the page."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(WIDTH, WIDTH * height / width)
    figure.set_dpi(DOTS)
    drawn, draw = [], Text.draw

    def noted(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn.append((text.get_text(), outline(text, renderer)))
        draw(text, renderer)

    monkeypatch.setattr(Text, "draw", noted)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()
    return drawn, figure.bbox


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_covers_another_or_is_cut(name, monkeypatch):
    drawn, page = written(PICTURES[name](), monkeypatch)
    assert len(drawn) > 3
    cut = [text for text, corners in drawn if (corners < 0).any() or (corners > page.size).any()]
    assert not cut
    shapes = [(text, Path([*corners, corners[0]])) for text, corners in drawn]
    pairs = itertools.combinations(shapes, 2)
    assert not [(one, other) for (one, a), (other, b) in pairs if a.intersects_path(b, filled=True)]


def test_every_picture_is_looked_at():
    makers = "".join(inspect.getsource(make) for make in [*PICTURES.values(), widest, stepped])
    assert all(name in makers for name in plotting.__all__ if name.startswith("plot_"))


def test_a_letter_that_the_font_lacks_is_drawn_or_spelt():
    X, y = datasets.ramps()
    network = gm.derive(X, y, reg=0.1).network
    for name in (
        "\U0001d538",
        "\u65e5\u672c",
    ):  # one of STIX, which matplotlib brings along; and two of CJK fonts
        figure = plotting.plot_fit(network, X, y, feature_names=[name])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.savefig(io.BytesIO())
        label = figure.axes[0].get_xlabel()
        assert label in (name, name.encode("ascii", "backslashreplace").decode())


@pytest.mark.parametrize("most", [24, 42])
def test_a_name_without_its_middle_has_whole_words(most):
    name = "+⋆((x14 − x28) ∧ (x17 − x28) ∧ e1 ∧ e3 ∧ e4 ∧ e6) at x28"
    short = frame.shortened(name, most)
    assert len(short) <= most
    assert set(short.split(" ")) - {"…"} <= set(name.split(" "))
    assert short.endswith("at x28")
    assert frame.shortened("x" * 60, most).count("…") == 1
    assert frame.shortened("short", most) == "short"
