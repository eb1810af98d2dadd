"""Models of others are read as what they compute, or refused with what to give instead."""

from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

import geomnn as gm
from geomnn.errors import DataError, FileError, FormatError, MissingPackage, UnsupportedProblem
from geomnn.networks.io.interchange import layers_of


def off(found, expected):
    """The largest difference, relative to the largest value."""
    expected = np.reshape(expected, np.shape(found))
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-300)


def forward(layers, X):
    for k, (weights, offsets) in enumerate(layers):
        X = X @ weights.T + (0.0 if offsets is None else offsets)
        X = np.maximum(X, 0.0) if k < len(layers) - 1 else X
    return X


def table(n=25, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * [3.0, 0.2, 50.0] + [10.0, 0.0, -400.0]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, np.abs(Z[:, 0]) - Z[:, 1] + 0.1 * rng.normal(size=n)


def random_pairs(sizes=(3, 4, 4, 2), seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in pairwise(sizes)]


def same(found, expected):
    for (W, b), (V, c) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(W, V)
        assert (b is None) == (c is None)
        np.testing.assert_array_equal(0 if b is None else b, 0 if c is None else c)


# -- lists and dicts


def test_parameters_in_lists():
    pairs = random_pairs()
    flat = [array for pair in pairs for array in pair]
    plain = [array.tolist() for array in flat]
    for model in (
        pairs,
        tuple(pairs),
        [list(pair) for pair in pairs],
        [[W.tolist(), b.tolist()] for W, b in pairs],
        flat,
        plain,
        tuple(flat),
        (array for array in flat),
    ):
        same(layers_of(model), pairs)
    mixed = [pairs[0][0], (pairs[1][0], None), *pairs[2]]
    same(layers_of(mixed), [(pairs[0][0], None), (pairs[1][0], None), pairs[2]])
    square = random_pairs((2, 2, 2))  # whose lists are as long as pairs
    same(layers_of([W.tolist() for W, _ in square]), [(W, None) for W, _ in square])
    same(layers_of([[W.tolist(), b.tolist()] for W, b in square]), square)
    X = table()[0]
    assert gm.rewrite([*flat[:4], np.ones((1, 4)), [0.5]], X).before == (4, 4)


@pytest.mark.parametrize("names", [["0", "2", "4"], ["net.0", "net.2", "net.4"], ["fc1", "fc2", "out"]])
def test_a_state_dict_is_its_layers_in_its_order(names):
    pairs = random_pairs()
    state = {f"{name}.{kind}": array for name, pair in zip(names, pairs, strict=True)
             for kind, array in zip(("weight", "bias"), pair, strict=True)}  # fmt: skip
    same(layers_of(state), pairs)
    del state[f"{names[1]}.bias"]
    same(layers_of(state), [pairs[0], (pairs[1][0], None), pairs[2]])
    assert gm.rewrite(state, table()[0]).before == (4, 4)


W1, b1, W2, b2 = np.ones((4, 3)), np.zeros(4), np.ones((1, 4)), np.zeros(1)
BAD = {
    "two lists": (([W1, W2], [b1, b2]), DataError, r"list of 2 matrices.*list\(zip\(weights, biases\)\)"),
    "three of them": (([W1, W1, W2], [b1, b1, b2]), DataError, "list of 3 matrices"),
    "normalised": ({"0.weight": W1, "1.weight": b1, "1.running_mean": b1}, UnsupportedProblem, "'1.weight'"),
    "other names": ({"W1": W1, "b1": b1}, UnsupportedProblem, r"'W1'.*\[\(W1, b1\), \(W2, b2\)\]"),
    "checkpoint": ({"epoch": 3, "model": {"0.weight": W1}}, UnsupportedProblem, r"gm.rewrite\(model\['model'\], X\)"),
    "bias alone": ({"fc.bias": b1}, DataError, "fc.bias and no fc.weight"),
    "other order": (
        {"out.weight": W2, "fc.weight": W1},
        DataError,
        "fc.weight has shape .* the order in which they run",
    ),
    "JSON": ("net.json", UnsupportedProblem, r"gm.rewrite\(gm.AnalyticNetwork.load\(model\), X\)"),
    "state": ("net.pt", UnsupportedProblem, r"gm.rewrite\(torch.load\(model\), X\)"),
    "solution": (gm.derive([[0], [1], [2]], [0, 1, 0]), UnsupportedProblem, r"gm.rewrite\(model.network, X\)"),
    "search": (GridSearchCV(MLPRegressor(), {}), UnsupportedProblem, r"gm.rewrite\(model.best_estimator_, X\)"),
    "targets": (TransformedTargetRegressor(), UnsupportedProblem, r"gm.rewrite\(model.regressor_, X\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_the_sentence_gives_the_line_that_works(name):
    model, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        gm.rewrite(model, [[1.0, 2.0, 3.0]])
    assert "\n" not in str(caught.value)


def test_the_line_for_keras_reads_its_weights():
    keras = ModuleType("keras.src")  # a stand-in: what a model of Dense layers has
    layer = type("Layer", (), {"__module__": keras.__name__})
    model = type("Functional", (layer,), {"get_weights": lambda self: [W1.T, b1, W2.T, b2]})()
    with pytest.raises(UnsupportedProblem, match="of type Functional") as caught:
        gm.rewrite(model, [[1.0, 2.0, 3.0]])
    line = str(caught.value).rpartition(": ")[2].rstrip(".")
    assert eval(line, {"gm": gm, "model": model, "X": np.eye(3)}).before == (4,)


# -- scikit-learn

SCALERS = {
    "standard": [StandardScaler()],
    "not centred": [StandardScaler(with_mean=False)],
    "centred": [StandardScaler(with_std=False)],
    "range": [MinMaxScaler((-1, 3))],
    "largest": [MaxAbsScaler()],
    "robust": [RobustScaler()],
    "robust, not scaled": [RobustScaler(with_scaling=False)],
    "two": [RobustScaler(with_centering=False), "passthrough", MinMaxScaler()],
    "none": ["passthrough"],
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", SCALERS)
def test_scalers_of_a_pipeline_go_into_the_first_weights(name):
    X, y = table()
    X[:, 1] = X[:, 1] if name != "two" else 7.0  # a constant feature
    mlp = MLPRegressor(hidden_layer_sizes=(5, 4), solver="lbfgs", max_iter=40, random_state=0)
    model = make_pipeline(*SCALERS[name], mlp).fit(X, y)
    places = np.vstack([X, X[::-1] * [1.5, 1.0, 0.7]])
    assert off(forward(layers_of(model), places), model.predict(places)) <= 1e-11
    rewriting = gm.rewrite(model, X)
    assert off(rewriting.network(X), model.predict(X)) <= 1e-9
    assert rewriting.before == (5, 4)


def test_estimators_alone_and_in_pipelines_are_rewritten_with_their_names():
    pandas = pytest.importorskip("pandas")
    X, y = table(12)
    frame = pandas.DataFrame(X, columns=["bmi", "age", "dose"])
    for model in (
        make_pipeline(StandardScaler(), gm.WedgeRegressor(reg=0.3, norm=1)),
        Pipeline([("a", Pipeline([("b", MinMaxScaler()), ("c", gm.WedgeRegressor(reg=0.3, norm=1))]))]),
        gm.WedgeRegressor(reg=30.0, norm=1),
    ):
        model.fit(frame, y)
        rewriting = gm.rewrite(model, X)
        assert rewriting.network.feature_names == ("bmi", "age", "dose")
        assert off(rewriting.network(X), model.predict(frame)) <= 1e-9
        assert len(rewriting.network) > 0
    labels = np.array(["a", "b", "c"])[np.arange(12) % 3]
    model = make_pipeline(StandardScaler(), gm.WedgeClassifier(norm=1)).fit(X, labels)
    logits = gm.rewrite(model, X).network(X)
    np.testing.assert_allclose(logits, model.decision_function(X), atol=1e-8)
    two = make_pipeline(RobustScaler(), MLPClassifier(6, solver="lbfgs", max_iter=500, random_state=0))
    two.fit(X, labels == "a")
    chances = 1 / (1 + np.exp(-gm.rewrite(two, X).network(X)))
    np.testing.assert_allclose(chances, two.predict_proba(X)[:, 1], atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_pipeline_of_more_than_scalers_is_refused_with_a_line_that_works():
    X, y = table()
    mlp = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", max_iter=10, random_state=0)
    for step, words in ((PCA(2), "a PCA;"), (MinMaxScaler(clip=True), "a MinMaxScaler with clip=True;")):
        model = make_pipeline(StandardScaler(), step, mlp).fit(X, y)
        with pytest.raises(UnsupportedProblem, match=words) as caught:
            gm.rewrite(model, X)
        line = (
            str(caught.value)
            .rpartition(": give what comes after it the table that it makes, ")[2]
            .rstrip(".")
        )
        assert eval(line, {"gm": gm, "model": model, "X": X}).error < 1e-9
    for model in (
        make_pipeline(StandardScaler(), mlp.__class__()),
        make_pipeline(StandardScaler(), gm.WedgeClassifier()),
    ):
        with pytest.raises(DataError, match="is not fitted"):
            layers_of(model)
    with pytest.raises(DataError, match="The StandardScaler is not fitted"):
        layers_of(make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=4, max_iter=10).fit(X, y)))


# -- PyTorch


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs PyTorch for models to read")


def modules(torch):
    """Ways to write a network of three layers."""
    nn, F = torch.nn, torch.nn.functional

    def layers():
        return [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)]

    class Wrapping(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(*layers())

        def forward(self, x):
            return self.net(x)

    class Calling(nn.Module):
        def __init__(self):
            super().__init__()
            self.out, self.fc2, self.fc1 = nn.Linear(4, 2), nn.Linear(4, 4, bias=False), nn.Linear(3, 4)

        def forward(self, x, mask=None):
            x = F.relu(self.fc1(torch.flatten(x, 1)))
            x = F.dropout(torch.relu(self.fc2(x)), training=self.training)
            return self.out(x.relu())

    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.ModuleList(layers()[::2])

        def forward(self, x):
            for layer in self.body[:-1]:
                x = layer(x).relu_()
            return self.body[-1](x).squeeze(-1)

    class Own(nn.Linear):
        """The same as Linear."""

    return {
        "sequence": nn.Sequential(*layers()),
        "wrapping": Wrapping(),
        "wrapped twice": nn.Sequential(nn.Flatten(), Wrapping()),
        "calling": Calling(),
        "listed": Listed(),
        "own layers": nn.Sequential(Own(3, 4), nn.ReLU(), Own(4, 2)),
    }


def test_a_module_is_read_by_what_its_forward_does(torch):
    torch.manual_seed(0)
    for name, model in modules(torch).items():
        model = model.double().train()
        X = table()[0]
        layers = layers_of(model)
        assert model.training
        wanted = model.eval()(torch.tensor(X)).detach().numpy()
        assert off(forward(layers, X), wanted) <= 1e-12, name
        assert off(gm.rewrite(model, X).network(X), wanted) <= 1e-9, name


def test_parameters_and_states_are_read_where_they_are_in_order(torch):
    torch.manual_seed(0)
    X, known = table()[0], modules(torch)
    for name in ("sequence", "wrapping", "listed", "own layers"):
        model = known[name].double()
        for given in (model.state_dict(), model.parameters(), list(model.parameters())):
            same(layers_of(given), layers_of(model))
    assert off(gm.rewrite(known["wrapping"].state_dict(), X).network(X),
               known["wrapping"](torch.tensor(X)).detach().numpy()) <= 1e-9  # fmt: skip
    with pytest.raises(DataError, match=r"fc2.weight has shape \(4, 4\)"):
        layers_of(known["calling"].state_dict())  # registered in another order than it runs


def test_what_a_forward_does_besides_is_refused(torch):
    nn = torch.nn

    class Around(nn.Module):
        def __init__(self, after):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
            self.after, self.scale = after, nn.Parameter(torch.ones(1))

        def forward(self, x):
            return self.after(self, x)

    refused = {
        "a step add": lambda self, x: x + self.net(x),
        "a step sigmoid": lambda self, x: torch.sigmoid(self.net(x)),
        "a step scale": lambda self, x: self.scale * self.net(x),
        "a step flatten": lambda self, x: torch.flatten(self.net(x)),
        "no chain": lambda self, x: (self.net(x), x),
        "cannot be followed .*state_dict": lambda self, x: self.net(x) if x.sum() > 0 else x,
        r"cannot be followed \(StopIteration\)": lambda self, x: next(iter(())),  # which says nothing
        "Linear → ReLU → Linear → ReLU;": lambda self, x: self.net(x).relu(),
    }
    for words, after in refused.items():
        with pytest.raises(UnsupportedProblem, match=words) as caught:
            layers_of(Around(after))
        assert "\n" not in str(caught.value)
    with pytest.raises(UnsupportedProblem, match="The model has a module Flatten;"):
        layers_of(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Flatten(0)))
    parallel = nn.DataParallel(Around(lambda self, x: self.net(x)))
    with pytest.raises(UnsupportedProblem, match=r"gm.rewrite\(model.module, X\)"):
        layers_of(parallel)
    assert len(layers_of(parallel.module)) == 2


# -- ONNX


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx", reason="needs onnx for models to read")


def model_of(onnx, nodes, arrays, output, constants=(), inputs=("x",), outputs=None):
    make, kind = onnx.helper, onnx.TensorProto.DOUBLE
    made = [make.make_node(op, ins, outs, **given) for op, ins, outs, given in nodes]
    values = [make.make_tensor_value_info(name, kind, None) for name in inputs]
    given = [onnx.numpy_helper.from_array(np.asarray(array, float), name) for name, array in arrays.items()]
    results = [make.make_tensor_value_info(name, kind, None) for name in outputs or [output]]
    graph = make.make_graph([*constants, *made], "network", values, results, given)
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)


def ran(model, X):
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run a model")
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


def test_onnx_models_are_read_as_what_they_compute(tmp_path, onnx):
    (W, b), (V, c), (U, e) = random_pairs()
    arrays = {
        "W": W,
        "b": b,
        "V": V.T,
        "c": c[None],
        "U": U,
        "e": e,
        "m": np.array([1.0, 2.0, -3.0]),
        "s": np.array(0.5),
    }
    tail = [("Relu", ["k"], ["l"], {}), ("Gemm", ["l", "U", "e"], ["f"], {"transB": 1})]
    known = {
        "Gemm": [("Gemm", ["x", "W", "b"], ["h"], {"transB": 1, "alpha": 2.0, "beta": 3.0}), ("Relu", ["h"], ["i"], {}),
                 ("MatMul", ["i", "V"], ["j"], {}), ("Add", ["c", "j"], ["k"], {}), *tail],
        "no biases": [("Gemm", ["x", "W"], ["h"], {"transB": 1}), ("Relu", ["h"], ["g"], {}),
                      ("Relu", ["g"], ["i"], {}), ("MatMul", ["i", "V"], ["k"], {}), *tail],
        "in a row": [("Flatten", ["x"], ["a"], {}), ("Add", ["a", "m"], ["h"], {}),
                     ("Gemm", ["h", "W", "b"], ["i"], {"transB": 1}), ("Add", ["i", "s"], ["y"], {}),
                     ("MatMul", ["y", "V"], ["j"], {}), ("Identity", ["j"], ["k"], {}), *tail],
    }  # fmt: skip
    X = table()[0]
    for name, nodes in known.items():
        model = model_of(onnx, nodes, arrays, "f")
        wanted = ran(model, X)
        assert off(forward(layers_of(model), X), wanted) <= 1e-12, name
        path = tmp_path / f"{name}.onnx"
        onnx.save(model, path)
        for given in (path, str(path)):
            same(layers_of(given), layers_of(model))
        rewriting = gm.rewrite(path, X)
        assert off(rewriting.network(X), wanted) <= 1e-9, name


def test_constants_may_be_nodes(onnx):
    (W, _), (V, _) = random_pairs((3, 4, 1))
    constants = [
        onnx.helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(array))
        for name, array in {"W": W, "V": V.T.astype(np.float32)}.items()
    ]
    nodes = [("Gemm", ["x", "W"], ["h"], {"transB": 1}), ("Relu", ["h"], ["i"], {}), ("Cast", ["i"], ["j"], {"to": 1}),
             ("MatMul", ["j", "V"], ["f"], {})]  # fmt: skip
    model = model_of(onnx, nodes, {}, "f", constants)
    same(layers_of(model), [(W, None), (V.astype(np.float32).astype(float), None)])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_written_is_read_again(tmp_path, onnx, dtype):
    X, y = table(10)
    for outputs in (y, np.column_stack([y, y**2])):
        net = gm.derive((X - X.mean(0)) / X.std(0), outputs, reg=0.3).network
        net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
        expected = [(W.astype(dtype), None if b is None else b.astype(dtype)) for W, b in net.layers]
        same(layers_of(tmp_path / "net.onnx"), expected)
    back = (
        gm.AnalyticNetwork.from_torch(tmp_path / "net.onnx", (X - X.mean(0)) / X.std(0))
        if dtype == "float64"
        else net
    )
    assert [str(neuron.atom) for neuron in back.neurons] == [str(neuron.atom) for neuron in net.neurons]


def test_onnx_models_of_other_things_are_refused(tmp_path, onnx):
    W, V, wide = np.ones((4, 3)), np.ones((1, 4)), np.ones((25, 4))
    first, relu = ("Gemm", ["x", "W"], ["h"], {"transB": 1}), ("Relu", ["h"], ["i"], {})
    last = ("Gemm", ["i", "V"], ["f"], {"transB": 1})
    arrays = {"W": W, "V": V, "wide": wide, "rows": np.ones((25, 1)), "two": np.ones((2, 4))}
    refused = {
        "a node Sigmoid; Gemm": [first, relu, (*last[:2], ["g"], last[3]), ("Sigmoid", ["g"], ["f"], {})],
        "begins with Relu": [("Relu", ["x"], ["h"], {}), ("Gemm", ["h", "W"], ["f"], {"transB": 1})],
        "ends without a layer": [first, ("Relu", ["h"], ["f"], {})],
        "The Add of the ONNX model takes i, h": [first, relu, ("Add", ["i", "h"], ["f"], {})],
        "a node Gemm": [("Gemm", ["x", "W"], ["f"], {"transA": 1})],
        "a node MatMul": [("MatMul", ["W", "x"], ["f"], {})],
        "a node Flatten": [("Flatten", ["x"], ["f"], {"axis": 0})],
        "its last node gives i": [first, relu],
        r"adds an array of shape \(25, 4\) to 4 features": [first, ("Add", ["h", "wide"], ["i"], {}), last],
        r"adds an array of shape \(25, 1\) to 4 features": [first, ("Add", ["h", "rows"], ["i"], {}), last],
        r"multiplies 4 features by weights of shape \(4, 2\)": [first, ("Gemm", ["h", "two"], ["f"], {})],
    }  # fmt: skip
    for words, nodes in refused.items():
        with pytest.raises((UnsupportedProblem, DataError), match=words) as caught:
            layers_of(model_of(onnx, nodes, arrays, "f"))
        assert "\n" not in str(caught.value)
    for change in ({"inputs": ("x", "z")}, {"outputs": ["f", "h"]}):
        with pytest.raises(UnsupportedProblem, match=r"inputs and . outputs; one of each"):
            layers_of(model_of(onnx, [first, relu, last], arrays, "f", **change))
    with pytest.raises(FileError, match="cannot be read"):
        layers_of(tmp_path / "nowhere.onnx")
    (tmp_path / "text.onnx").write_text("This is no ONNX file.")
    with pytest.raises(FormatError, match="is no ONNX file"):
        layers_of(tmp_path / "text.onnx")


def test_without_onnx_it_is_named(tmp_path, monkeypatch):
    import sys

    (tmp_path / "net.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackage, match=r"Reading an ONNX file needs onnx.*pip install onnx"):
        gm.rewrite(tmp_path / "net.onnx", [[1.0]])


def test_what_pytorch_exports_is_read(tmp_path, torch, onnx):
    pytest.importorskip("onnxscript", reason="needs onnxscript, with which PyTorch exports")
    torch.manual_seed(0)
    model, X = modules(torch)["calling"].eval(), table()[0].astype(np.float32)
    torch.onnx.export(model, (torch.tensor(X),), tmp_path / "net.onnx", dynamo=True, verbose=False)
    wanted = model(torch.tensor(X)).detach().numpy()
    assert off(forward(layers_of(tmp_path / "net.onnx"), X.astype(float)), wanted) <= 1e-4
