"""AnalyticNetwork and Solution: what users hold in their hands."""

import json
import pickle

import numpy as np
import pytest
import sympy

import geomnn as gm
from geomnn.errors import DataError, FormatError, OptionError

rng = np.random.default_rng(0)
X2, Y1 = rng.normal(size=(10, 2)), rng.normal(size=10)
CASES = {
    "p = 1": {"X": X2, "y": Y1, "norm": 1},
    "p = 2": {"X": X2, "y": Y1, "norm": 2},
    "p = inf": {"X": X2, "y": Y1, "norm": np.inf},
    "no bias": {"X": X2, "y": Y1, "norm": 2, "bias": False},
    "two outputs": {"X": X2, "y": np.column_stack([Y1, X2[:, 0]]), "norm": 2},
    "one output column": {"X": X2, "y": Y1[:, None], "norm": 1},
    "logistic": {"X": X2, "y": np.sign(Y1), "loss": "logistic"},
    "softmax": {"X": X2, "y": np.eye(3)[np.digitize(Y1, [-0.5, 0.5])], "loss": "softmax", "norm": 2},
    "one feature": {"X": X2[:, :1], "y": Y1},
    "wedge": {"X": X2, "y": Y1, "dictionary": "wedge"},
}


@pytest.fixture(scope="module", params=CASES)
def solved(request):
    options = dict(CASES[request.param])
    X, y = options.pop("X"), options.pop("y")
    return X, y, gm.derive(X, y, reg=0.05, **options)


def test_neurons_are_balanced(solved):
    _, _, solution = solved
    for neuron in solution.network.neurons:
        inner = np.linalg.norm(neuron.weight, ord=solution.network.norm)
        assert inner == pytest.approx(np.linalg.norm(neuron.outer), rel=1e-12)
        np.testing.assert_allclose(neuron.weight / inner, neuron.atom.weight, rtol=1e-12)
        assert np.linalg.norm(neuron.coefficient) == pytest.approx(inner**2)


def test_layers_are_the_network(solved):
    X, y, solution = solved
    (W, b), (A, t) = solution.network.layers
    hidden = np.maximum(X @ W.T + (0 if b is None else b), 0)
    values = hidden @ A.T + (0 if t is None else t)
    expected = solution.network(X)
    assert expected.shape == np.shape(y)
    np.testing.assert_allclose(values.reshape(expected.shape), expected, atol=1e-12)
    assert (b is None) == (t is None) == (not solution.network.bias)
    assert solution.network.outputs == (None if np.ndim(y) == 1 else np.shape(y)[1])
    assert np.shape(solution.network.intercept) == np.shape(y)[1:]
    assert solution.dual.shape == np.shape(y)


def test_at_most_as_many_neurons_as_targets(solved):
    _, y, solution = solved
    assert len(solution.network) <= np.size(y)


def test_sympy_is_the_network(solved):
    X, _, solution = solved
    symbols = sympy.symbols(f"a:{X.shape[1]}")
    function = sympy.lambdify(symbols, solution.network.to_sympy(symbols), "numpy")
    values = np.array([np.asarray(function(*row), dtype=float).ravel() for row in X])
    np.testing.assert_allclose(values.reshape(solution.network(X).shape), solution.network(X), atol=1e-10)
    names = {str(s) for s in solution.network.to_sympy().free_symbols}
    assert names <= {f"feature{k}" for k in range(1, X.shape[1] + 1)}
    with pytest.raises(DataError, match="symbols"):
        solution.network.to_sympy(symbols[:-1])


def test_save_and_load_keep_every_bit(solved, tmp_path):
    X, _, solution = solved
    solution.network.save(tmp_path / "a.json")
    loaded = gm.AnalyticNetwork.load(tmp_path / "a.json")
    loaded.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert np.array_equal(loaded(X), solution.network(X))
    assert [str(n.atom) for n in loaded.neurons] == [str(n.atom) for n in solution.network.neurons]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_pickle(solved):
    X, _, solution = solved
    copy = pickle.loads(pickle.dumps(solution))
    assert np.array_equal(copy.network(X), solution.network(X))
    assert copy.certificate == solution.certificate


def test_table(solved):
    pandas = pytest.importorskip("pandas", reason="table() returns a pandas DataFrame")
    _, _, solution = solved
    table = solution.network.table()
    assert isinstance(table, pandas.DataFrame)
    assert len(table) == len(solution.network)
    assert list(table["atom"]) == [str(n.atom) for n in solution.network.neurons]
    np.testing.assert_array_equal(table["w1"], [n.weight[0] for n in solution.network.neurons])


def test_latex_and_html_are_balanced_and_elided(solved):
    _, _, solution = solved
    for latex in (solution.network.to_latex(), solution.network.to_latex(terms=2)):
        assert latex.count("{") == latex.count("}")
        assert latex.count(r"\left") == latex.count(r"\right")
        assert latex.count(r"\begin") == latex.count(r"\end")
    lines = solution.network.to_latex().split(r" \\ & ")
    assert len(lines) == len(solution.network) + solution.network.bias
    assert f"{len(solution.network) - 2} more neurons" in solution.network.to_latex(terms=2)
    assert solution.network._repr_latex_().startswith("$")
    html = solution._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 2
    assert "relative gap" in html


def test_text_names_every_neuron(solved):
    _, _, solution = solved
    text = str(solution)
    assert all(str(n.atom) in text for n in solution.network.neurons)
    assert solution.certificate.statement() in text


@pytest.mark.parametrize("bad", [[[1.0, 2.0, 3.0]], [[1.0]], [1.0, 2.0], [["a", "b"]], [[np.nan, 0.0]]])
def test_calls_with_other_tables_are_refused(bad):
    network = gm.derive(X2, Y1).network
    with pytest.raises(DataError, match="X"):
        network(bad)


def test_the_constant_network_works_everywhere(tmp_path):
    with pytest.warns(gm.errors.ConstantNetworkWarning, match="reg_max"):
        solution = gm.derive(X2, Y1, reg=1e3)
    network = solution.network
    assert network.neurons == ()
    np.testing.assert_allclose(network(X2), Y1.mean())
    network.save(tmp_path / "n.json")
    assert gm.AnalyticNetwork.load(tmp_path / "n.json")(X2).tolist() == network(X2).tolist()
    assert float(network.to_sympy()) == network.intercept
    assert "f(x)" in network.to_latex()
    assert len(network.table()) == 0
    assert solution.certificate.relative_gap <= 1e-12


def test_coefficients_of_the_classical_example():
    x = np.array([0.0, 4, 5, 7, 10, 11])[:, None]
    solution = gm.derive(x, [0.0, 0, 0, 2, 3, 3], reg=1e-7)
    cost = sum(abs(n.coefficient) for n in solution.network.neurons)
    assert cost == pytest.approx(2, abs=1e-5)  # least ℓ1 cost of interpolation, theory section 7


DAMAGE = {
    "not JSON": lambda text: text[:-20],
    "not a network": lambda text: text.replace("geomnn network", "something else"),
    "another version": lambda text: text.replace('"version": 1', '"version": 2'),
    "numbers of another kind": lambda text: text.replace('"float64"', '"exact"'),
    "no neurons": lambda text: text.replace('"neurons"', '"nevrons"'),
    "a name that lies": lambda text: text.replace('"name": "', '"name": "−', 1),
    "a weight missing": lambda text: json.dumps(_edit(text, lambda n: n["weight"].pop())),
    "a weight as text": lambda text: json.dumps(_edit(text, lambda n: n.update(weight=["1", "2"]))),
    "an infinite bias": lambda text: json.dumps(_edit(text, lambda n: n.update(bias=float("inf")))),
    "a zero weight": lambda text: json.dumps(_edit(text, lambda n: n.update(weight=[0.0, 0.0]))),
    "an extra key": lambda text: json.dumps(_edit(text, lambda n: n.update(extra=1))),
    "a direction that is none": lambda text: json.dumps(
        _edit(text, lambda n: n.update(directions=[[5, -1, 0]]))
    ),
    "a list": lambda text: "[]",
}


def _edit(text, change):
    content = json.loads(text)
    change(content["neurons"][0])
    return content


@pytest.mark.parametrize("damage", DAMAGE)
def test_files_that_are_not_understood_are_refused(damage, tmp_path):
    path = tmp_path / "n.json"
    gm.derive(X2, Y1).network.save(path)
    path.write_text(DAMAGE[damage](path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(FormatError, match=r"n\.json"):
        gm.AnalyticNetwork.load(path)


def test_bytes_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "n.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="JSON"):
        gm.AnalyticNetwork.load(tmp_path / "n.json")


def test_two_runs_on_one_machine_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        gm.derive(X2, np.column_stack([Y1, X2[:, 0]]), norm=2, seed=3).network.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_names_of_columns_are_kept_and_used(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2, columns=["petal_length", "width"])
    net = gm.derive(frame, Y1).network
    assert net.feature_names == ("petal_length", "width")
    assert str(net).splitlines()[-1] == "x = (petal_length, width)"
    assert net.to_latex().count(r"x = (\mathrm{petal\_length},\, \mathrm{width})") == 1
    assert "weight of u (petal_length, width)" in net.to_html()
    assert {"w[petal_length]", "w[width]"} <= set(net.table().columns)
    assert {str(symbol) for symbol in net.to_sympy().free_symbols} == {"petal_length", "width"}
    net.save(tmp_path / "n.json")
    again = gm.AnalyticNetwork.load(tmp_path / "n.json")
    assert str(again) == str(net)
    np.testing.assert_array_equal(again(frame), net(X2))
    for other in (frame[["width", "petal_length"]], frame.rename(columns={"width": "height"})):
        with pytest.raises(DataError, match=r"columns .*petal_length"):
            again(other)
    plain = gm.derive(X2, Y1).network
    assert plain.feature_names is None
    assert str(net).startswith(str(plain))
    np.testing.assert_array_equal(plain(frame), net(frame))


@pytest.mark.parametrize(
    ("names", "symbols"),
    [
        (["a b", "c"], {"feature1", "c"}),
        (["class", "c"], {"feature1", "c"}),
        (["feature2", "a b"], {"feature1", "feature2"}),
        ([0, 1], {"feature1", "feature2"}),
    ],
)
def test_symbols_and_names_that_are_no_words(names, symbols):
    pandas = pytest.importorskip("pandas")
    net = gm.derive(pandas.DataFrame(X2, columns=names), Y1).network
    assert {str(symbol) for symbol in net.to_sympy().free_symbols} == symbols
    kept = names != [0, 1]
    assert net.feature_names == (tuple(names) if kept else None)


def test_every_way_from_a_data_frame_keeps_its_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2, columns=["a", "b"])
    line = pandas.DataFrame([[0], [1], [3], [4]], columns=["a"])
    solution = gm.derive(frame, Y1)
    networks = {
        "exact": gm.derive(
            pandas.DataFrame([[0, 0], [1, 0], [2, 1]], columns=["a", "b"]), [0, 1, 0], exact=True
        ).network,
        "three layers": gm.derive(line, [0, 1, 0, 2], depth=3, reg=0.01).network,
        "chains": gm.derive(line, [0, 1, 0, 2], depth=3, reg=0.01, dictionary="chains").network,
        "path": gm.path(frame, Y1)(0.5).network,
        "grid": gm.grid(frame, Y1, [0.5])[0].network,
        "rewritten": gm.rewrite(solution.network, frame).network,
        "read": gm.AnalyticNetwork.from_torch(solution.network, frame),
        "blocks": gm.train_blocks(frame, Y1, widths=(2,), reg=0.05, rounds=1).network,
        "estimator": gm.WedgeRegressor().fit(frame, Y1).solution_.network,
    }
    for name, net in networks.items():
        assert net.feature_names == ("a", "b")[: net.features], name


def test_names_of_another_number_of_features_are_refused():
    with pytest.raises(OptionError, match="3 features"):
        gm.AnalyticNetwork([], 0.0, 2, 1.0, True, feature_names=["a", "b", "c"])
