"""Networks to and from PyTorch, ONNX, scikit-learn and arrays: the same function, and the same names."""

import sys
from functools import cache

import numpy as np
import pytest
import scipy.sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

import geomnn as gm
from geomnn.dictionaries import SampledDictionary
from geomnn.errors import DataError, FileError, MissingPackage, OptionError, UnsupportedProblem
from geomnn.networks.io.interchange import layers_of
from geomnn.samples import Samples

CLOSE = {"float64": 1e-12, "float32": 1e-6}
LINE = np.array([[0.0], [1.0], [3.0], [4.0], [6.0]]), np.array([0.0, 1.0, 0.0, 2.0, 1.0])


def draw(n=8, d=2, outputs=(), seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, *outputs))


SKETCHED = draw(d=6)
PROBLEMS = {
    "norm 1": (draw(), {}),
    "norm 2, wedges": (draw(), {"norm": 2, "dictionary": "wedge"}),
    "norm 2, partial wedges": (draw(), {"norm": 2}),
    "norm inf": (draw(d=3), {"norm": np.inf}),
    "without bias": (draw(d=3), {"bias": False}),
    "two outputs": (draw(outputs=(2,)), {}),
    "one column": (draw(outputs=(1,)), {}),
    "sketched": (SKETCHED, {"dictionary": SampledDictionary(Samples(SKETCHED[0], True), 1.0, 300, 3)}),
    "exact": (LINE, {"exact": True}),
    "three layers": (LINE, {"depth": 3}),
    "three layers of the plane": (draw(4, seed=3), {"depth": 3, "bias": False}),
    "three layers, exact": (LINE, {"depth": 3, "exact": True}),
    "four layers": (LINE, {"depth": 4}),
}
CONSTANTS = {
    "constant": gm.AnalyticNetwork([], 0.3, 2, 1.0, True),
    "constant vector": gm.AnalyticNetwork([], np.array([0.3, -2.0]), 3, 2.0, True),
    "zero": gm.AnalyticNetwork([], 0.0, 2, 1.0, False),
}
WEDGES = [name for name in PROBLEMS if "partial" not in name]


@cache
def derived(name):
    """The network and the samples of a case."""
    if name in CONSTANTS:
        return CONSTANTS[name], np.random.default_rng(0).normal(size=(4, CONSTANTS[name].features))
    (X, y), options = PROBLEMS[name]
    net = gm.derive(X, y, reg=0.05, **options).network
    assert len(net)
    return net, X


def names(net):
    return [[str(atom) for atom in layer.atoms] for layer in net.below], [
        str(neuron.atom) for neuron in net.neurons
    ]


def points(X):
    """The samples, and places away from them on every side."""
    return np.vstack([X, 3 * X + 1, -5 * X, np.random.default_rng(1).normal(scale=9, size=(20, X.shape[1]))])


def off(found, expected):
    """The largest difference, relative to the largest value."""
    expected = np.reshape(expected, np.shape(found))
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-300)


def forward(layers, X):
    for weights, offsets in layers[:-1]:
        X = np.maximum(X @ weights.T + (0.0 if offsets is None else offsets), 0.0)
    weights, offsets = layers[-1]
    return X @ weights.T + (0.0 if offsets is None else offsets)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs PyTorch to write to and to read from")


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx", reason="needs onnx to write files")


# -- reading


@pytest.mark.slow
def test_layers_of_a_network_are_its_layers():
    for name in [*PROBLEMS, *CONSTANTS]:
        net, _ = derived(name)
        for pair, expected in zip(layers_of(net), net.layers, strict=True):
            for found, array in zip(pair, expected, strict=True):
                assert (found is None) == (array is None)
                assert array is None or np.array_equal(found, array)


def test_layers_of_lists():
    W, b, A = [[1, -1], [2, 0], [0, 1]], [1, 0, 2], np.array([[1.0, 1.0, -1.0]], dtype=np.float32)
    plain = layers_of([W, A])
    assert [(w.shape, w.dtype, b) for w, b in plain] == [((3, 2), float, None), ((1, 3), float, None)]
    (first, offsets), (second, none) = layers_of(((W, b), (A, None)))
    assert first.tolist() == W
    assert offsets.tolist() == b
    assert none is None
    second[:] = 0.0
    assert A.tolist() == [[1.0, 1.0, -1.0]]  # a copy


MLP = {"hidden_layer_sizes": (7, 5), "solver": "lbfgs", "max_iter": 60, "random_state": 0}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("outputs", [(), (3,)])
def test_layers_of_a_regressor_predict_as_it_does(outputs):
    X, y = draw(20, 3, outputs)
    model = MLPRegressor(**MLP).fit(X, y)
    assert off(forward(layers_of(model), points(X)), model.predict(points(X))) <= 1e-12


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["two classes", "three classes", "labels"])
def test_layers_of_a_classifier_give_its_logits(kind):
    X, noise = draw(30, 3, (3,))
    y = {
        "two classes": noise[:, 0] > 0,
        "three classes": noise.argmax(axis=1),
        "labels": (noise > 0).astype(int),
    }[kind]
    model = MLPClassifier(**MLP).fit(X, y)
    logits = forward(layers_of(model), points(X))
    if kind == "three classes":
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        expected = odds / odds.sum(axis=1, keepdims=True)
    else:
        expected = 1 / (1 + np.exp(-logits))
    found = model.predict_proba(points(X))
    assert off(found[:, 1:] if kind == "two classes" else found, expected) <= 1e-12
    if kind == "two classes":
        assert np.array_equal(model.predict(points(X)), logits[:, 0] > 0)


W, A = np.array([[1.0, -1.0], [2.0, 0.0], [0.0, 1.0]]), np.ones((1, 3))
BAD = {
    "a table": (
        W,
        UnsupportedProblem,
        r"of type ndarray; a torch.nn.Module or .* gm.rewrite\(\[W1, W2\], X\)",
    ),
    "None": (None, UnsupportedProblem, r"of type NoneType.*gm.rewrite\(\[\(W1, b1\), \(W2, b2\)\], X\)"),
    "an estimator": (gm.WedgeRegressor(), DataError, "WedgeRegressor is not fitted.*call fit"),
    "tanh": (MLPRegressor(activation="tanh"), UnsupportedProblem, "activation='tanh'.*activation='relu'"),
    "not fitted": (MLPClassifier(), DataError, "not fitted.*call fit"),
    "nothing": ([], DataError, "at least one layer"),
    "no features": ([np.ones((1, 0))], DataError, "one feature"),
    "no outputs": ([W, np.ones((0, 3))], DataError, "one output"),
    "a vector": ([W, np.ones(3), np.ones(3)], DataError, r"layers\[1\].weight has shape \(3,\); a matrix"),
    "in, out": ([W, A.T], DataError, r"layers\[1\].weight has shape \(3, 1\).*3 features.*transpose"),
    "bias too short": ([(W, [1, 2]), (A, None)], DataError, r"layers\[0\].bias has shape \(2,\); \(3,\)"),
    "triple": ([(W, None, None), A], DataError, r"layers\[0\] is a tuple of 3; a pair"),
    "ragged": ([[[1, 2], [3]], A], DataError, r"layers\[0\].weight has rows of different lengths"),
    "NaN": ([(W, None), (A * np.nan, [0])], DataError, r"layers\[1\].weight\[0, 0\] is nan"),
    "infinite": ([(W, [0, np.inf, 0]), (A, None)], DataError, r"layers\[0\].bias\[1\] is inf"),
    "complex": ([W * 1j, A], DataError, r"layers\[0\].weight is complex"),
    "text": ([W.astype(str), A], DataError, "numbers were expected"),
    "sparse": ([scipy.sparse.csr_matrix(W), A], DataError, "toarray"),
    "masked": ([np.ma.masked_equal(W, 2.0), A], DataError, "masked"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_network_is_refused_in_one_sentence(name):
    model, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        layers_of(model)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_layers_of_torch(torch):
    nn, x = torch.nn, torch.randn(9, 3, dtype=torch.float64)
    body = nn.Sequential(nn.Linear(4, 5, bias=False), nn.Identity(), nn.ReLU(), nn.ReLU())
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.Dropout(0.5), nn.ReLU(), body, nn.Linear(5, 2))
    for kind in (torch.float64, torch.float32, torch.bfloat16):
        layers = layers_of(model.to(kind).eval())
        assert [weights.shape for weights, _ in layers] == [(4, 3), (5, 4), (2, 5)]
        assert [offsets is None for _, offsets in layers] == [False, True, False]
        found = model.double()(x).detach().numpy()
        assert off(forward(layers, x.numpy()), found) <= 1e-12
    nn.utils.parametrizations.weight_norm(model[1])
    assert off(forward(layers_of(model), x.numpy()), model(x).detach().numpy()) <= 1e-12
    assert len(layers_of(nn.Linear(2, 1))) == 1


def test_torch_models_that_are_something_else_are_refused(torch):
    nn = torch.nn

    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 2)

    refused = {
        "Linear → Linear;": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)),
        "Linear → ReLU;": nn.Sequential(nn.Linear(2, 2), nn.ReLU()),
        "ReLU → Linear;": nn.Sequential(nn.ReLU(), nn.Linear(2, 2)),
        "The model is ReLU;": nn.Sequential(nn.ReLU()),
        "The model is empty;": nn.Sequential(),
        "module Tanh;": nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)),
        "module ReLU6;": nn.Sequential(nn.Linear(2, 2), nn.ReLU6(), nn.Linear(2, 1)),
        "a step add;": nn.Sequential(Residual(nn.Linear(2, 2)), nn.ReLU(), nn.Linear(2, 1)),
        "the Two does cannot be followed .*state_dict": Two(),
    }
    for words, model in refused.items():
        with pytest.raises(UnsupportedProblem, match=words) as caught:
            layers_of(model)
        assert "\n" not in str(caught.value)
    for empty in (nn.LazyLinear(2), nn.Linear(2, 2, device="meta")):
        with pytest.raises(
            DataError, match=r"layers\[0\].weight is a \w+ without numbers yet: run the model"
        ):
            layers_of(nn.Sequential(empty, nn.ReLU(), nn.Linear(2, 1)))
    with pytest.raises(DataError, match=r"layers\[0\].weight is complex"):
        layers_of(nn.Sequential(nn.Linear(2, 2, dtype=torch.complex64)))


# -- writing


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("name", [*PROBLEMS, *CONSTANTS])
def test_torch_computes_the_same(torch, name, dtype):
    net, X = derived(name)
    state = torch.get_rng_state()
    model = net.to_torch(dtype=dtype)
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(model, torch.nn.Sequential)
    assert [type(module) for module in model[1::2]] == [torch.nn.ReLU] * (len(model) // 2)
    places = points(X)
    found = model(torch.tensor(places, dtype=getattr(torch, dtype)))
    assert found.shape == (len(places), net.outputs or 1)
    assert found.dtype == getattr(torch, dtype)
    assert found.requires_grad
    assert off(found.detach().numpy(), net(places)) <= CLOSE[dtype]


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("name", [*PROBLEMS, *CONSTANTS])
def test_onnxruntime_computes_the_same(tmp_path, onnx, name, dtype):
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run the file")
    net, X = derived(name)
    net.to_onnx(tmp_path / "net.onnx", dtype=dtype)
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    places = points(X)
    found = [session.run(["f"], {"x": rows.astype(dtype)})[0] for rows in (places, places[:1])]
    assert [values.shape for values in found] == [(rows, net.outputs or 1) for rows in (len(places), 1)]
    assert found[0].dtype == found[1].dtype == dtype
    assert off(np.vstack(found), net(np.vstack([places, places[:1]]))) <= CLOSE[dtype]
    assert {node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node} <= {"Gemm", "Relu"}
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_a_file_is_whole_or_not_there(tmp_path, onnx, monkeypatch):
    net, path = derived("norm 1")[0], tmp_path / "net.onnx"
    with pytest.raises(FileError, match="another place"):
        net.to_onnx(tmp_path / "nowhere" / "net.onnx")
    with pytest.raises(OptionError, match="dtype='float16'; 'float64' or 'float32'"):
        net.to_onnx(path, dtype="float16")
    assert not list(tmp_path.iterdir())
    path.write_bytes(b"kept")

    def refuse(*_, **__):
        raise onnx.checker.ValidationError("no")

    monkeypatch.setattr(onnx.checker, "check_model", refuse)
    with pytest.raises(onnx.checker.ValidationError):
        net.to_onnx(path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("net.onnx", b"kept")]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_types_go_by_their_name_or_as_they_are(tmp_path, dtype):
    from geomnn.networks.io.export import _type_name

    spellings = [dtype, getattr(np, dtype), np.dtype(dtype)]
    assert [_type_name(spelling) for spelling in spellings] == [dtype] * 3
    torch = pytest.importorskip("torch", reason="needs PyTorch to write to")
    net, X = derived("norm 1")
    kind = getattr(torch, dtype)
    for spelling in [*spellings, kind]:
        found = net.to_torch(dtype=spelling)(torch.tensor(X, dtype=kind))
        assert found.dtype == kind
        assert off(found.detach().numpy(), net(X)) <= CLOSE[dtype]
    onnx = pytest.importorskip("onnx", reason="needs onnx to write files")
    for spelling in [*spellings, kind]:
        net.to_onnx(tmp_path / "net.onnx", dtype=spelling)
        (first, *_) = onnx.load(tmp_path / "net.onnx").graph.initializer
        assert onnx.numpy_helper.to_array(first).dtype == dtype


@pytest.mark.parametrize("dtype", [None, "f8", np.float16, float, np.ones(2)])
def test_other_types_are_refused(dtype):
    with pytest.raises(OptionError, match="'float64' or 'float32' was expected"):
        derived("norm 1")[0].to_torch(dtype=dtype)


def test_weights_beyond_float32_are_refused():
    large = gm.AnalyticNetwork([], 1e39, 2, 1.0, True)
    with pytest.raises(OptionError, match=r"holds no weight of size 1e\+39; use dtype='float64'"):
        large.to_torch(dtype="float32")


def test_packages_that_are_not_there_are_named(tmp_path, monkeypatch):
    net = derived("norm 1")[0]
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackage, match=r"net.to_torch\(\) needs torch.*pip install torch"):
        net.to_torch()
    with pytest.raises(MissingPackage, match=r"net.to_onnx\(\) needs onnx.*pip install onnx"):
        net.to_onnx(tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


# -- naming


@pytest.mark.parametrize("name", [*WEDGES, *CONSTANTS])
def test_round_trips_keep_names_and_outputs(torch, name):
    net, X = derived(name)
    back = gm.AnalyticNetwork.from_torch(net.to_torch(), X, norm=net.norm)
    assert names(back) == names(net)
    assert (back.features, back.norm, back.bias) == (net.features, net.norm, net.bias)
    assert off(back(points(X)), net(points(X))) <= 1e-12
    assert np.ndim(back.intercept) == (net.outputs or 1) // 2  # one output is a number


def disguised(layers, value=1.5):
    """The same function: hidden neurons of other sizes, after one that nothing depends on and one that is constant."""
    rng, changed, sizes = np.random.default_rng(0), [], None
    for k, (weights, offsets) in enumerate(layers):
        if k:  # the bias takes back what the constant neuron gives
            weights = np.column_stack([0.0 * weights[:, 0], 2.0 + 0.0 * weights[:, 0], weights / sizes])
            offsets = None if offsets is None else offsets - 2.0 * value
        if k < len(layers) - 1:
            sizes, width = rng.uniform(0.1, 9.0, len(weights)), weights.shape[1]
            weights = np.vstack([rng.normal(size=width), np.zeros(width), sizes[:, None] * weights])
            offsets = None if offsets is None else np.concatenate([[0.7, value], sizes * offsets])
        changed.append((weights, offsets))
    return changed


@pytest.mark.parametrize("name", WEDGES)
def test_sizes_constants_and_idle_neurons_make_no_difference(name):
    net, X = derived(name)
    model = disguised(net.layers)
    places = points(X)
    assert off(forward(model, places), net(places)) <= 1e-12
    back = gm.AnalyticNetwork.from_torch(model, X, norm=net.norm)
    assert names(back) == names(net)
    assert [len(layer.atoms) for layer in back.below] == [len(layer.atoms) for layer in net.below]
    assert off(back(places), net(places)) <= 1e-12
    for neuron in back.neurons:  # balanced
        size = np.linalg.norm(neuron.weight, ord=net.norm)
        assert size == pytest.approx(np.linalg.norm(neuron.outer), rel=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_hidden_neurons_that_are_all_constant_leave_a_constant(bias):
    """Whatever the number of layers: nothing is left to name."""
    offsets = [1.0, 2.0] if bias else None
    layers = [(np.zeros((2, 3)), offsets), (np.eye(2), None), (np.array([[1.0, -2.0]]), None)]
    net = gm.AnalyticNetwork.from_torch(layers, draw(4, 3)[0])
    assert (len(net), net.below, net.intercept, net.bias) == (0, (), -3.0 if bias else 0.0, bias)


@pytest.mark.parametrize("name", ["norm 1", "two outputs", "three layers"])
def test_trained_further_it_is_no_longer_made_of_wedges(torch, name):
    net, X = derived(name)
    model = net.to_torch()
    x, y = torch.tensor(X), torch.ones(len(X), net.outputs or 1, dtype=torch.float64)

    def train(parameters):
        optimizer = torch.optim.SGD(parameters, lr=1e-3)
        ((model(x) - y) ** 2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    train(model[-1].parameters())  # the outputs alone: other coefficients of the same wedges
    back = gm.AnalyticNetwork.from_torch(model, X)
    assert names(back) == names(net)
    assert off(back(points(X)), model(torch.tensor(points(X))).detach().numpy()) <= 1e-12
    train(model.parameters())
    refused = r"Neuron \d+ of hidden layer 1 is no wedge of these samples.*gm.rewrite\(model, X\) makes wedges of it"
    with pytest.raises(DataError, match=refused):
        gm.AnalyticNetwork.from_torch(model, X)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("size", [1e-3, 1e-7, 1e-8])
def test_the_neuron_that_is_no_wedge_is_named(layer, size):
    net, X = derived("three layers")
    layers = net.layers
    layers[layer][1][2] += size
    with pytest.raises(DataError, match=f"Neuron 2 of hidden layer {layer + 1} is no wedge") as caught:
        gm.AnalyticNetwork.from_torch(layers, X)
    assert "\n" not in str(caught.value)


def test_partial_wedges_have_no_names_without_the_residual():
    net, X = derived("norm 2, partial wedges")
    first = next(j for j, neuron in enumerate(net.neurons) if neuron.atom.is_partial)
    with pytest.raises(DataError, match=f"Neuron {first} of hidden layer 1 is no wedge"):
        gm.AnalyticNetwork.from_torch(net, X, norm=2)


def test_a_model_without_biases_may_be_given_some():
    layers = [np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[1.0, 1.0]])]
    X = [[1.0, 1.0], [2.0, 2.0], [0.0, 1.0]]
    free = gm.AnalyticNetwork.from_torch(layers, X)
    anchored = gm.AnalyticNetwork.from_torch(layers, X, bias=True)
    assert (free.bias, anchored.bias) == (False, True)
    assert [str(neuron.atom) for neuron in free.neurons] == ["+⋆x0", "−⋆x0"]
    assert {neuron.atom.samples for neuron in anchored.neurons} == {(0, 1)}
    assert np.array_equal(free(X), anchored(X))


def test_what_from_torch_is_not_for():
    net, X = derived("norm 1")
    deep, line = derived("three layers")
    read = gm.AnalyticNetwork.from_torch
    with pytest.raises(DataError, match="X has 1 columns and the model takes 2"):
        read(net, line)
    with pytest.raises(UnsupportedProblem, match="3 layers and norm=2"):
        read(deep, line, norm=2)
    with pytest.raises(UnsupportedProblem, match="no hidden neurons and is not constant"):
        read([np.ones((1, 2))], X)
    with pytest.raises(UnsupportedProblem, match="of type str"):
        read("net.json", X)
    with pytest.raises(OptionError, match="bias=1; None, True or False"):
        read(net, X, bias=1)
    with pytest.raises(OptionError, match="bias=False, and the model has biases"):
        read(net, X, bias=False)
    with pytest.raises(OptionError, match="norm=3"):
        read(net, X, norm=3)


def test_a_trained_torch_model_is_rewritten():
    torch = pytest.importorskip("torch", reason="needs PyTorch to write to and to read from")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(25, 3))
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 12), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(12, 6), torch.nn.ReLU(),
        torch.nn.Linear(6, 1),
    ).double()  # fmt: skip
    rewriting = gm.rewrite(model.eval(), X)
    wanted = model(torch.tensor(X)).detach().numpy()[:, 0]
    assert np.abs(rewriting.network(X) - wanted).max() <= 1e-9 * np.abs(wanted).max()
    assert rewriting.cost_after <= rewriting.cost_before * (1 + 1e-11)
    back = rewriting.network.to_torch()
    assert np.abs(back(torch.tensor(X)).detach().numpy()[:, 0] - wanted).max() <= 1e-9 * np.abs(wanted).max()
