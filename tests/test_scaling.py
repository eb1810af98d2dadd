"""Networks that standardise their columns: the same function in whatever form they are written."""

import itertools
import json
import pickle
import runpy
from functools import cache

import numpy as np
import pytest
import sympy

import geomnn as gm
from geomnn.cli import main
from geomnn.errors import FormatError, OptionError, UnsupportedProblem
from geomnn.networks.scaling import Scaling

RANDOM = np.random.default_rng(3)
# columns of other units: far from zero, small, large
X = RANDOM.normal(size=(11, 2)) * [12.0, 1e-3] + [170.0, 0.2]
Y = RANDOM.normal(size=11)
LINE = X[:, :1]


@cache
def cases():
    """Tables and networks of their standardised columns, shallow and deep, with one output and several."""
    scaling = Scaling.of(X)
    Z, line = scaling(X), Scaling.of(LINE)
    chains = gm.derive(line(LINE), Y, reg=0.01, depth=3, dictionary="chains").network
    sums = gm.rewrite([(RANDOM.normal(size=(4, 2)), np.ones(4)), (RANDOM.normal(size=(3, 4)), np.ones(3)),
                       (RANDOM.normal(size=(1, 3)), np.ones(1))], Z).network  # fmt: skip
    return {
        "p = 1": (X, gm.derive(Z, Y).network, scaling),
        "p = 2, no bias": (X, gm.derive(Z, Y, norm=2, bias=False).network, scaling),
        "p = inf": (X, gm.derive(Z, Y, norm=np.inf).network, scaling),
        "two outputs": (X, gm.derive(Z, np.column_stack([Y, X[:, 0] - 170]), norm=2).network, scaling),
        "logistic": (X, gm.derive(Z, np.sign(Y), loss="logistic").network, scaling),
        "chains": (LINE, chains, line),
        "sums": (X, sums, scaling),
    }


@pytest.fixture(
    scope="module", params=["p = 1", "p = 2, no bias", "p = inf", "two outputs", "logistic", "chains", "sums"]
)
def scaled(request):
    table, network, scaling = cases()[request.param]
    return table, network, network.scaled(scaling), network(scaling(table))


def close(found, expected):
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, rtol=0, atol=1e-9 * scale)


def test_it_takes_the_columns_as_they_are(scaled):
    table, network, net, expected = scaled
    assert np.array_equal(net(table), expected)
    assert np.array_equal(net.numeric()(table), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(net))(table), expected)
    assert np.array_equal(net.scaled(None)(net.scaling(table)), expected)
    assert network.scaling is None
    if not net.below:
        close(net.with_atoms([neuron.atom for neuron in net.neurons])(table), expected)


def test_load_gives_what_was_saved(scaled, tmp_path):
    table, _, net, expected = scaled
    net.save(tmp_path / "a.json")
    loaded = gm.AnalyticNetwork.load(tmp_path / "a.json")
    assert np.array_equal(loaded(table), expected)
    loaded.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_layers_are_of_the_columns_as_they_are(scaled):
    table, network, net, expected = scaled
    values = table
    layers = net.layers
    for k, (weights, offsets) in enumerate(layers):
        values = values @ weights.T + (0.0 if offsets is None else offsets)
        values = np.maximum(values, 0.0) if k < len(layers) - 1 else values
    close(values, expected)
    assert len(layers) == len(network.layers)
    assert [offsets is None for _, offsets in layers[1:]] == [not net.bias] * (len(layers) - 1)


def test_sympy_is_of_the_columns_as_they_are(scaled):
    table, _, net, expected = scaled
    symbols = sympy.symbols(f"a:{table.shape[1]}", real=True)
    function = sympy.lambdify(symbols, net.to_sympy(symbols), "numpy")
    close([np.ravel(np.asarray(function(*row), dtype=float)) for row in table], expected)


def test_pytorch_is_of_the_columns_as_they_are(scaled):
    torch = pytest.importorskip("torch", reason="to_torch needs PyTorch")
    table, _, net, expected = scaled
    close(net.to_torch()(torch.tensor(table)).detach().numpy(), expected)


def test_rewriting_takes_the_columns_as_they_are(scaled):
    table, _, net, expected = scaled
    if net.norm == 1 and net.outputs is None:
        rewriting = gm.rewrite(net, table)
        close(rewriting.network(table), expected)
        assert rewriting.network.scaling is None


def test_what_is_said_says_that_it_is_about_standardised_columns(scaled):
    _, network, net, _ = scaled
    assert "standardised" in str(net)
    assert "standardised" in repr(net)
    assert "standardised" in net.to_latex()
    assert "standardised" in net.to_html()
    assert net.table().attrs["scaling"]["mean"] == net.scaling.mean.tolist()
    assert str(net).startswith(str(network))
    assert "standardised" not in str(network) + repr(network) + network.to_latex()
    text = net.to_latex()
    assert text.count("{") == text.count("}")
    assert text.count(r"\begin") == text.count(r"\end")


def test_pictures_of_neurons_refuse_and_pictures_of_predictions_do_not():
    _, network, scaling = cases()["p = 1"]
    net = network.scaled(scaling)
    plots = (gm.plotting.plot_network, gm.plotting.plot_plane, gm.plotting.plot_surface)
    for plot in plots:
        with pytest.raises(OptionError, match=r"net\.scaled\(None\)"):
            plot(net, X, Y)
        plot(net.scaled(None), net.scaling(X), Y)
    with pytest.raises(OptionError, match=r"net\.scaled\(None\)"):
        gm.plotting.plot_neurons(net)
    _, network, scaling = cases()["chains"]
    shown = gm.plotting.plot_predictions(cases()["p = 1"][1].scaled(Scaling.of(X)), X, Y)
    assert shown.axes


def test_an_exact_network_has_no_scaling_and_others_fit():
    exact = gm.derive([[0], [1], [3]], [0, 1, 5], exact=True).network
    with pytest.raises(UnsupportedProblem, match="square roots"):
        exact.scaled(Scaling.of(LINE))
    exact.numeric().scaled(Scaling.of(LINE))
    with pytest.raises(OptionError, match="2 features"):
        exact.numeric().scaled(Scaling.of(X))
    _, network, scaling = cases()["chains"]
    with pytest.raises(UnsupportedProblem, match="layer"):
        network.scaled(scaling).over(network.below[0], 1)


@pytest.mark.parametrize(
    "entry",
    [None, {}, {"mean": [0, 0]}, {"mean": [0], "deviation": [1]}, {"mean": [0, 0], "deviation": [1, 0]},
     {"mean": [0, 0], "deviation": [1, -1]}, {"mean": [0, None], "deviation": [1, 1]}],
)  # fmt: skip
def test_scalings_that_are_none_are_refused(entry, tmp_path):
    _, network, scaling = cases()["p = 1"]
    network.scaled(scaling).save(tmp_path / "n.json")
    content = json.loads((tmp_path / "n.json").read_text(encoding="utf-8"))
    (tmp_path / "n.json").write_text(json.dumps({**content, "scaling": entry}), encoding="utf-8")
    with pytest.raises(FormatError, match="damaged"):
        gm.AnalyticNetwork.load(tmp_path / "n.json")


TABLE = "height cm,weight,cls\n170,60,no\n180,90,yes\n160,55,no\n175,85,yes\n165,80,yes\n190,70,no\n"
OPTIONS = [*itertools.product([True], [False, True], ["1", "2"], [False, True]), (False, True, "1", True)]


@pytest.mark.parametrize(("standardize", "classify", "norm", "bias"), OPTIONS)
def test_both_files_of_a_report_predict_the_same(standardize, classify, norm, bias, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE if classify else TABLE.replace("no", "0").replace("yes", "1"))
    options = ["--standardize"] * standardize + ["--classify"] * classify + ["--no-bias"] * (not bias)
    assert (
        main(["derive", "t.csv", "--target", "cls", "--reg", "0.2", "--norm", norm, *options, "--out", "r"])
        == 0
    )
    table = [[170, 60], [180, 90], [160, 55], [175, 85], [165, 80], [190, 70], [100, 0], [0, 0]]
    network = gm.AnalyticNetwork.load("r/network.json")
    close(network(table), runpy.run_path("r/network.py")["predict"](table))
    assert (network.scaling is not None) == standardize
    assert network.feature_names == ("height cm", "weight")
    assert network.classes == (("no", "yes") if classify else None)
