"""Interactive pictures show the numbers of the static ones; without plotly one sentence says what to install."""

import sys

import numpy as np
import pytest

import geomnn as gm
from geomnn.errors import DataError, MissingPackage, UnsupportedProblem
from geomnn.plotting import dual_geometry, interactive

XOR = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def atom():
    return gm.derive(XOR, [0, 1, 1, 0], reg=0.1).network.neurons[0].atom


def shown(figure, step, name):
    """The trace of that name that a place of the slider shows."""
    visible = figure.layout.sliders[0].steps[step].args[0]["visible"]
    (trace,) = (
        t for t, on in zip(figure.data, visible, strict=True) if on and (t.name or "").startswith(name)
    )
    return np.column_stack([trace.x, trace.y])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: interactive.move_sample(atom(), XOR, [[1, 0]]),
        lambda: interactive.slide_dual_set([[2, 1], [1, 2]], [2, 1], [1.0], bias=False),
        lambda: interactive.turn_chambers(XOR),
    ],
)
def test_without_plotly_it_is_named(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingPackage, match=r"pip install 'geomnn\[interactive\]'"):
        draw()


def test_the_slider_over_reg_shows_projections():
    pytest.importorskip("plotly")
    X, y, regs = [[2, 1], [1, 2]], [2, -1], [0.3, 1.0, 2.0, 5.0]
    figure = interactive.slide_dual_set(X, y, regs, bias=False)
    assert sum(trace.visible for trace in figure.data) < len(figure.data)
    for step, reg in enumerate(regs):
        found = dual_geometry.dual_set(X, y, reg, bias=False)
        np.testing.assert_allclose(shown(figure, step, "v,"), [found.residual])
        np.testing.assert_allclose(shown(figure, step, "y"), [y])
        corners = shown(figure, step, "dual set")
        assert np.abs(corners @ found.normals.T).max() <= reg * (1 + 1e-12)
    np.testing.assert_allclose(shown(figure, 3, "v,"), [y])  # reg above reg_max


def test_the_moved_sample_has_its_area_and_feature():
    pytest.importorskip("plotly")
    wedge = atom()
    places = [[1.0, t] for t in np.linspace(-1, 3, 9)]
    figure = interactive.move_sample(wedge, XOR, places)
    for step, place in enumerate(places):
        np.testing.assert_allclose(shown(figure, step, "x, moved"), [place])
        across, up = shown(figure, step, "signed area")[:-1].T
        enclosed = abs(across @ np.roll(up, 1) - up @ np.roll(across, 1)) / 2
        title = figure.layout.sliders[0].steps[step].args[1]["title.text"].replace("−", "-")
        assert abs(float(title.split()[2].rstrip(","))) == pytest.approx(enclosed)
        feature = max(0.0, float(wedge.weight @ place + wedge.bias))
        assert float(title.split("=")[-1]) == pytest.approx(feature)


def test_the_sphere_has_all_atoms_with_their_names():
    pytest.importorskip("plotly")
    solution = gm.derive(XOR, [0, 1, 1, 0], reg=0.1)
    figure = interactive.turn_chambers(XOR, residual=solution.dual)
    names = [
        name for trace in figure.data if (trace.name or "").startswith("atom") for name in trace.hovertext
    ]
    assert {str(neuron.atom) for neuron in solution.network.neurons} <= set(names)
    assert len(names) == len(set(names))
    (top,) = (trace for trace in figure.data if trace.name == "largest |F|")
    assert {str(neuron.atom) for neuron in solution.network.neurons} <= set(top.hovertext)
    for trace in figure.data[1:]:
        np.testing.assert_allclose(np.linalg.norm([trace.x, trace.y, trace.z], axis=0), 1, atol=0.1)


def test_what_cannot_be_drawn_is_refused():
    pytest.importorskip("plotly")
    with pytest.raises(UnsupportedProblem, match="three weights"):
        interactive.turn_chambers(XOR, bias=False)
    with pytest.raises(DataError, match="regs is empty"):
        interactive.slide_dual_set([[2, 1], [1, 2]], [2, 1], [], bias=False)
    with pytest.raises(UnsupportedProblem, match="wedge of samples"):
        interactive.move_sample(atom(), XOR * [1, 2], [[1, 0]])
