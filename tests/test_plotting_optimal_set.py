"""Pictures of all optimal networks: bars, bands and maps are the intervals that optimal_set computes."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_plotting import artists, drawn

import geomnn as gm
from geomnn import plotting
from geomnn.errors import ConstantNetworkWarning, OptionError, UnsupportedProblem

STORED = json.loads((Path(__file__).parent / "data" / "optimal_sets.json").read_text())


def optima_of(name):
    case = STORED[name]
    X = [[Fraction(entry) for entry in row] for row in case["X"]]
    y = [Fraction(entry) for entry in case["y"]]
    options = {"reg": Fraction(case["reg"]), "norm": float(case["norm"]), "bias": case["bias"]}
    return gm.optimal_set(gm.derive(X, y, **options, exact=True))


@pytest.mark.parametrize("name", ["quad5", "xor", "grid3"])
def test_bars_are_the_intervals_and_the_network_is_within_them(name):
    optima = optima_of(name)
    figure = plotting.plot_optimal_set(optima)
    bars, points = artists(figure, "interval "), artists(figure, "derived ")
    assert len(bars) == len(optima.neurons)
    values = {str(neuron.atom): float(neuron.coefficient) for neuron in optima.solution.network.neurons}
    for k, neuron in enumerate(optima.neurons):
        bar = bars[str(k)]
        ends = sorted(float(neuron.sign * end) for end in (neuron.low, neuron.high))
        assert [bar.get_x(), bar.get_x() + bar.get_width()] == pytest.approx(ends, abs=1e-12)
        (value,) = points[str(k)].get_xdata()
        assert value == pytest.approx(values.get(str(neuron.atom), 0.0), abs=1e-12)
        assert ends[0] - 1e-12 <= value <= ends[1] + 1e-12
    colours = {
        neuron.status: (bars[str(k)].get_facecolor(), bars[str(k)].get_hatch())
        for k, neuron in enumerate(optima.neurons)
    }
    assert len(set(colours.values())) == len(colours)
    drawn(figure)


def test_the_largest_are_drawn():
    optima = optima_of("grid3")
    figure = plotting.plot_optimal_set(optima, most_atoms=5)
    kept = sorted((neuron.high for neuron in optima.neurons), reverse=True)[:5]
    widths = sorted((bar.get_width() for bar in artists(figure, "interval ").values()), reverse=True)
    assert len(widths) == 5
    assert max(widths) <= float(kept[0])
    assert figure.axes[0].get_title() == "the 5 largest of 14 active atoms"


def test_the_band_is_the_interval_and_contains_the_network():
    optima = optima_of("six")
    figure = plotting.plot_interval(optima, points=31)
    least, largest = (artists(figure, name)[""].get_xydata() for name in ("least", "largest"))
    ends = optima.predict_interval(least[:, :1]).astype(float)
    np.testing.assert_allclose(np.column_stack([least[:, 1], largest[:, 1]]), ends)
    given = optima.solution.network.numeric()(least[:, :1])
    assert (given >= ends[:, 0] - 1e-12).all()
    assert (given <= ends[:, 1] + 1e-12).all()
    assert (largest[:, 1] - least[:, 1]).max() > 2  # of 9/4 at 0
    samples = artists(figure, "samples")[""].get_xydata()
    assert set(samples[:, 0]) <= set(least[:, 0])
    flat = artists(plotting.plot_interval(optima, networks="dictionary", points=31), "least")[""].get_xydata()
    np.testing.assert_allclose(flat[:, 1], given, atol=1e-12)
    drawn(figure)


def test_the_map_is_white_at_samples_and_dark_in_the_middle():
    optima = optima_of("xor")
    figure = plotting.plot_interval(optima, points=27, feature_names=["a$", "b"])
    widths = artists(figure, "widths")[""]
    shade, places = widths.get_array().ravel(), widths.get_coordinates().reshape(-1, 2)
    for corner in ([0, 0], [0, 1], [1, 0], [1, 1]):
        (here,) = np.flatnonzero(np.abs(places - corner).max(axis=1) < 1e-9)
        assert shade[here] == pytest.approx(0, abs=1e-12)
    (middle,) = np.flatnonzero(np.abs(places - 0.5).max(axis=1) < 1e-9)
    assert shade[middle] == pytest.approx(0.8)
    assert shade[middle] == shade.max()
    assert figure.axes[0].get_xlabel() == "a$"
    assert len(artists(figure, "hull")[""].get_xydata()) == 5
    drawn(figure)


def test_axes_that_are_given_are_used():
    own = Figure()
    left, right = own.subplots(1, 2)
    optima = optima_of("six")
    assert plotting.plot_optimal_set(optima, ax=left) is own
    assert plotting.plot_interval(optima, ax=right, points=5) is own
    assert own.axes == [left, right]
    drawn(own)


def test_samples_on_a_line_have_no_hull():
    X = np.outer(np.arange(4.0), [1.0, 1.0])
    figure = plotting.plot_interval(gm.optimal_set(gm.derive(X, [0, 0, 1, 3], reg=0.1)), points=5)
    assert not artists(figure, "hull")
    drawn(figure)


def test_what_cannot_be_drawn_is_refused():
    X, y = np.arange(6.0).reshape(2, 3), [0.0, 1.0]
    many = gm.optimal_set(gm.derive(X, y, reg=0.1))
    with pytest.raises(UnsupportedProblem, match="this problem has 3 and 1"):
        plotting.plot_interval(many)
    vector = gm.optimal_set(gm.derive([[0], [1], [2]], [[0, 1], [1, 1], [0, 3]], reg=0.1))
    with pytest.raises(UnsupportedProblem, match="this problem has 1 and 2"):
        plotting.plot_interval(vector)
    drawn(plotting.plot_optimal_set(vector))
    with pytest.warns(ConstantNetworkWarning):
        constant = gm.optimal_set(gm.derive([[0], [1]], [0, 1], reg=10))
    with pytest.raises(UnsupportedProblem, match="only optimal network is a constant"):
        plotting.plot_optimal_set(constant)
    drawn(plotting.plot_interval(constant, points=3))
    optima = optima_of("six")
    with pytest.raises(OptionError, match="points=1"):
        plotting.plot_interval(optima, points=1)
    with pytest.raises(OptionError, match="networks='some'"):
        plotting.plot_interval(optima, networks="some")
    with pytest.raises(OptionError, match="feature names"):
        plotting.plot_interval(optima, feature_names=["a", "b"])
