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


@pytest.mark.parametrize("at", [0, Fraction(-14, 25), -4.2])
def test_both_networks_that_are_farthest_apart_at_a_point(at):
    optima = optima_of("six")
    figure = plotting.plot_interval(optima, points=31, at=at)
    lines = artists(figure, "extreme ")
    band = np.array([float(end) for end in optima.predict_interval([[at]])[0]])
    found = [np.interp(float(at), *lines[word].get_data()) for word in ("least", "largest")]
    assert found == pytest.approx(band.tolist(), abs=1e-9)
    x = lines["least"].get_xdata()
    ends = optima.predict_interval(x[:, None]).astype(float)
    for line in lines.values():
        assert (line.get_ydata() >= ends[:, 0] - 1e-9).all()
        assert (line.get_ydata() <= ends[:, 1] + 1e-9).all()
    drawn(figure)


@pytest.mark.parametrize(
    ("name", "networks"), [("cube_inf", "all"), ("xor", "all"), ("six", "all"), ("quad5", "dictionary")]
)
def test_the_staircase_has_a_dot_for_each_network_alone_and_a_blob_for_each_continuum(name, networks):
    optima = optima_of(name)
    figure = plotting.plot_components(optima, networks=networks)
    dots, blobs = ({int(width): len(each.get_offsets()) for width, each in artists(figure, kind).items()}
                   for kind in ("dots ", "blobs "))  # fmt: skip
    for width in range(optima.connected_from(networks) + 1):
        found = optima.components(width, networks)
        assert (dots.get(width, 0), blobs.get(width, 0)) == (found.isolated, found.count - found.isolated)
    assert figure.axes[0].texts[-1].get_text() == "1"
    drawn(figure)


def test_of_many_pieces_some_are_drawn():
    figure = plotting.plot_components(optima_of("grid3"), networks="dictionary", most=20)
    assert max(len(each.get_offsets()) for each in artists(figure, "dots ").values()) == 20
    assert {text.get_text() for text in figure.axes[0].texts} >= {"9,361", "20 drawn"}
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
        plotting.plot_components(optima, networks="some")
    with pytest.raises(OptionError, match="most=0"):
        plotting.plot_components(optima, most=0)
    with pytest.raises(UnsupportedProblem, match="2 outputs"):
        plotting.plot_components(vector)
    for at in (np.nan, "a", [0]):
        with pytest.raises(OptionError, match="at="):
            plotting.plot_interval(optima, at=at)
    with pytest.raises(OptionError, match=r"at=0 and 2 features"):
        plotting.plot_interval(optima_of("xor"), at=0)
    with pytest.raises(OptionError, match="networks='some'"):
        plotting.plot_interval(optima, networks="some")
    with pytest.raises(OptionError, match="feature names"):
        plotting.plot_interval(optima, feature_names=["a", "b"])
