"""Networks of others, read and written: PyTorch, ONNX, scikit-learn and plain arrays; and a table for pandas.

A fully connected ReLU network is its list of layers [(W (out, in), b (out,) or None), …], ReLU between them: that is
what is read from all of them, and what is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.depth.layer import FeatureLayer
from geomnn.errors import DataError, OptionError, UnsupportedProblem, package
from geomnn.files import write_whole
from geomnn.norms import ball
from geomnn.samples import Samples, finite_floats

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["layers_of", "named_parts", "to_onnx", "to_table", "to_torch"]

Layer = tuple[np.ndarray, np.ndarray | None]
PASSED = (
    "Identity",
    "Dropout",
    "Flatten",
)  # that leave a table of features as it is, once a model is trained
DTYPES = ("float64", "float32")
OPSET, IR_VERSION = 17, 8  # of ONNX: old enough for every runtime since 2022, and Gemm without C is in it


def layers_of(model: Any) -> list[Layer]:
    """The weights of a fully connected ReLU network: x ↦ W_L (… (W_1 x + b_1)_+ …)_+ + b_L.

    Parameters
    ----------
    model : torch.nn.Sequential, MLPRegressor, MLPClassifier, AnalyticNetwork, or list
        Of PyTorch's modules Linear and ReLU, with Identity, Dropout (which does nothing after training) and Flatten
        passed through; fitted ones of scikit-learn with activation="relu", up to what `out_activation_` is applied to:
        the logits of a classifier, before the logistic function or the softmax, and of a regressor with Poisson loss
        the logarithm of what it predicts; a list of arrays W (out, in), or of tuples (W, b) with b (out,) or None.

    Returns
    -------
    list of (ndarray, shape (out, in), ndarray, shape (out,), or None)
        As `AnalyticNetwork.layers`, in float64, copied.

    Raises
    ------
    UnsupportedProblem
        If the model is anything else, or has other layers.
    DataError
        If its weights do not fit together, are not finite real numbers, or are not there yet.

    Examples
    --------
    >>> from geomnn.networks.io.interchange import layers_of
    >>> [W.shape for W, b in layers_of([[[1, -1], [2, 0], [0, 1]], [[1, 1, -1]]])]
    [(3, 2), (1, 3)]
    >>> from sklearn.neural_network import MLPRegressor
    >>> trained = MLPRegressor(hidden_layer_sizes=5, solver="lbfgs", random_state=0).fit([[0], [1], [2]], [0, 1, 0])
    >>> [(W.shape, b.shape) for W, b in layers_of(trained)]
    [((5, 1), (5,)), ((1, 5), (1,))]

    Source: geomnn theory, section 0.
    """
    kinds = (kind.__name__ for kind in type(model).__mro__)
    read = next((READERS[kind] for kind in kinds if kind in READERS), None)
    if read is None:
        raise UnsupportedProblem(
            f"The model is of type {type(model).__name__}; a torch.nn.Sequential, a fitted MLPRegressor or "
            "MLPClassifier, an AnalyticNetwork, or a list of arrays or (W, b) pairs was expected."
        )
    return _checked(read(model))


def _checked(pairs: Sequence[tuple[Any, Any]]) -> list[Layer]:
    layers: list[Layer] = []
    for k, (values, offsets) in enumerate(pairs):
        name = f"layers[{k}]"
        weights = _numbers(values, f"{name}.weight")
        if weights.ndim != 2:
            raise DataError(f"{name}.weight has shape {weights.shape}; a matrix (out, in) was expected.")
        if layers and weights.shape[1] != len(layers[-1][0]):
            raise DataError(
                f"{name}.weight has shape {weights.shape} and the layer before gives {len(layers[-1][0])} features; "
                f"(out, {len(layers[-1][0])}) was expected: transpose weights that are (in, out)."
            )
        bias = None if offsets is None else _numbers(offsets, f"{name}.bias")
        if bias is not None and bias.shape != weights.shape[:1]:
            raise DataError(f"{name}.bias has shape {bias.shape}; {weights.shape[:1]} was expected, or None.")
        layers.append((weights, bias))
    if not layers or not layers[0][0].shape[1] or not len(layers[-1][0]):
        raise DataError(
            f"The weights have the shapes {[weights.shape for weights, _ in layers]}; at least one layer, one feature "
            "and one output are needed."
        )
    return layers


def _numbers(values: Any, name: str) -> np.ndarray:
    if hasattr(values, "detach"):  # a tensor, on whatever device and of whatever type
        try:
            values = np.reshape(values.tolist(), tuple(values.shape))
        except (RuntimeError, ValueError) as reason:
            raise DataError(
                f"{name} is a {type(values).__name__} without numbers yet: run the model once, or load its weights."
            ) from reason
    return finite_floats(values, name)


def _of_list(model: Sequence[Any]) -> list[tuple[Any, Any]]:
    pairs = [entry if isinstance(entry, tuple) else (entry, None) for entry in model]
    for k, pair in enumerate(pairs):
        if len(pair) != 2:
            raise DataError(f"layers[{k}] is a tuple of {len(pair)}; a pair (W, b) was expected.")
    return pairs


def _of_sklearn(model: Any) -> list[tuple[Any, Any]]:
    if model.activation != "relu":
        raise UnsupportedProblem(
            f"The {type(model).__name__} has activation={model.activation!r}; ReLU networks are made of wedges: train "
            "one with activation='relu'."
        )
    if not hasattr(model, "coefs_"):
        raise DataError(
            f"The {type(model).__name__} is not fitted, so it has no weights: call fit(X, y) first."
        )
    return [(weights.T, offsets) for weights, offsets in zip(model.coefs_, model.intercepts_, strict=True)]


def _of_torch(model: Any) -> list[tuple[Any, Any]]:
    modules = list(_modules(model))
    if not re.fullmatch("L(R+L)*", "".join(kind[0] for kind, _ in modules)):
        raise UnsupportedProblem(
            f"The model is {' → '.join(kind for kind, _ in modules) or 'empty'}; Linear layers with a ReLU between "
            "each two, and none before the first or after the last, were expected."
        )
    return [(module.weight, module.bias) for kind, module in modules if kind == "Linear"]


def _modules(module: Any) -> Iterator[tuple[str, Any]]:
    """Linear and ReLU modules in the order in which they run."""
    # a subclass with a forward of its own does something else; one that inherits it does the same
    kind = next((kind.__name__ for kind in type(module).__mro__ if "forward" in vars(kind)), None)
    if kind == "Sequential":
        for child in module:
            yield from _modules(child)
    elif kind in ("Linear", "ReLU"):
        yield kind, module
    elif kind not in PASSED:
        raise UnsupportedProblem(
            f"The model has a module {type(module).__name__}; PyTorch's Linear, ReLU, {', '.join(PASSED)} and "
            "Sequential are read: take the fully connected part, or a list of its (W, b) pairs."
        )


READERS: dict[str, Callable[[Any], Sequence[tuple[Any, Any]]]] = {
    "AnalyticNetwork": attrgetter("layers"),
    "Linear": _of_torch,
    "MLPClassifier": _of_sklearn,
    "MLPRegressor": _of_sklearn,
    "Sequential": _of_torch,
    "list": _of_list,
    "tuple": _of_list,
}


def to_torch(network: AnalyticNetwork, dtype: str = "float64") -> Any:
    """The network as PyTorch's Linear, ReLU, …, Linear, with parameters that can be trained further.

    Parameters
    ----------
    network : AnalyticNetwork
        An exact one is rounded.
    dtype : {"float64", "float32"}

    Returns
    -------
    torch.nn.Sequential
        From tensors (n, d) to (n, c), with c = 1 for a scalar output.

    Raises
    ------
    MissingPackage
        If PyTorch is not installed.
    OptionError
        If dtype is another one, or its range is too small for the weights.

    Source: geomnn theory, section 0.
    """
    layers, torch = _written(network, dtype), package("torch", "net.to_torch()")
    modules = []
    for weights, offsets in layers:
        outputs, inputs = weights.shape
        linear = torch.nn.Linear(
            inputs, outputs, bias=offsets is not None, device="meta"
        )  # draws nothing at random
        linear.weight = torch.nn.Parameter(torch.tensor(weights))
        if offsets is not None:
            linear.bias = torch.nn.Parameter(torch.tensor(offsets))
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def to_onnx(network: AnalyticNetwork, path: str | os.PathLike[str], dtype: str = "float64") -> None:
    """Write the network as an ONNX file: Gemm, Relu, …, Gemm from "x" (n, d) to "f" (n, c), for any n.

    Parameters
    ----------
    network : AnalyticNetwork
        An exact one is rounded.
    path : path-like
    dtype : {"float64", "float32"}

    Raises
    ------
    MissingPackage
        If onnx is not installed.
    OptionError
        If dtype is another one, or its range is too small for the weights.
    FileError
        If the file cannot be written there; nothing is left behind.

    Source: geomnn theory, section 0.
    """
    layers, onnx = _written(network, dtype), package("onnx", "net.to_onnx()")
    make, nodes, value = onnx.helper, [], "x"
    arrays: dict[str, np.ndarray] = {}
    for k, (weights, offsets) in enumerate(layers, start=1):
        given = {f"W{k}": weights} if offsets is None else {f"W{k}": weights, f"b{k}": offsets}
        below, value = value, f"h{k}" if k < len(layers) else "f"
        nodes.append(make.make_node("Gemm", [below, *given], [value], transB=1))
        if k < len(layers):
            below, value = value, f"k{k}"
            nodes.append(make.make_node("Relu", [below], [value]))
        arrays |= given
    kind = make.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = make.make_graph(
        nodes,
        "network",
        [make.make_tensor_value_info("x", kind, ["n", layers[0][0].shape[1]])],
        [make.make_tensor_value_info("f", kind, ["n", len(layers[-1][0])])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [make.make_opsetid("", OPSET)]
    model = make.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="geomnn")
    onnx.checker.check_model(model, full_check=True)
    write_whole(path, model.SerializeToString())


def to_table(network: AnalyticNetwork) -> Any:
    """One row a neuron, as a pandas DataFrame: its atom, weights w1, w2, … or w[name], what it does in words,
    and spanning samples; weights are of standardised features if there is a scaling, and ``attrs["scaling"]`` has it.

    Parameters
    ----------
    network : AnalyticNetwork

    Raises
    ------
    MissingPackage
        If pandas is not installed.
    """
    pandas = package("pandas", "net.table()")
    inner, biases, outer, _ = network.arrays()
    atoms = [neuron.atom for neuron in network.neurons]
    known = None if network.below else network.feature_names
    numbered = [f"w{k}" for k in range(1, inner.shape[1] + 1)]
    names = [f"w[{name}]" for name in known or ()]
    columns: dict[str, Any] = {"atom": [*map(str, atoms)]} | dict(
        zip(names or numbered, inner.T, strict=True)
    )
    if network.bias:
        columns["bias"] = biases
    for o, column in enumerate(outer.T):
        columns["outer" if network.outputs is None else f"outer{o}"] = column
    columns["in words"] = [atom.describe(known) for atom in atoms]
    columns["samples"] = [atom.samples for atom in atoms]
    columns["directions"] = [tuple(map(str, atom.directions)) for atom in atoms]
    table = pandas.DataFrame(columns)
    if network.scaling is not None:
        table.attrs["scaling"] = network.scaling.plain()
    return table


def _written(network: AnalyticNetwork, dtype: Any) -> list[Layer]:
    """The layers in another type; one layer 0·x + t for a network without hidden neurons."""
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise OptionError(f"dtype={dtype!r}; 'float64' or 'float32' was expected.")
    layers = network.layers if len(network) else [_constant(network)]
    largest = max(np.abs(array).max() for layer in layers for array in layer if array is not None)
    if largest > np.finfo(dtype).max:
        raise OptionError(f"dtype={dtype!r} holds no weight of size {largest:.3g}; use dtype='float64'.")
    return [
        (np.array(weights, dtype), None if offsets is None else np.array(offsets, dtype))
        for weights, offsets in layers
    ]


def _constant(network: AnalyticNetwork) -> Layer:
    outer, intercept = network.layers[-1]
    return np.zeros((len(outer), network.features)), intercept


def named_parts(model: Any, X: Any, norm: Any, bias: Any) -> dict[str, Any]:
    """The parts of `AnalyticNetwork.from_torch`, as `AnalyticNetwork.from_atoms` takes them.

    Source: geomnn theory, sections 1 and 7.
    """
    from geomnn.networks.naming import named_layers  # which loads the dictionaries

    p, layers = ball(norm).p, layers_of(model)
    samples = Samples(X, _anchored(layers, bias))
    if samples.d != layers[0][0].shape[1]:
        raise DataError(
            f"X has {samples.d} columns and the model takes {layers[0][0].shape[1]}: give the samples that its neurons "
            "are wedges of."
        )
    if len(layers) > 2 and p != 1:
        raise UnsupportedProblem(
            f"The model has {len(layers)} layers and norm={norm:g} was given; networks of more than two are for norm=1."
        )
    hidden, outer, intercept = named_layers(layers, samples, p)
    if not hidden and outer.any():
        raise UnsupportedProblem(
            "The model has no hidden neurons and is not constant; Linear, ReLU and Linear were expected at least."
        )
    *below, last = hidden or [FeatureLayer(())]
    coefficients, one = outer.T[: len(last.atoms)], len(outer) == 1
    return {
        "atoms": last.atoms,
        "coefficients": coefficients[:, 0] if one else coefficients,
        "intercept": float(intercept[0]) if one else intercept,
        "features": samples.d,
        "norm": p,
        "bias": samples.bias,
        "below": below,
        "feature_names": samples.names,
    }


def _anchored(layers: Sequence[Layer], bias: Any) -> bool:
    """Whether the network has biases: as the model, or as was asked for."""
    offsets = [offset for _, offset in layers if offset is not None]
    if bias is None:
        return bool(offsets)
    if not isinstance(bias, bool | np.bool_):
        raise OptionError(f"bias={bias!r}; None, True or False was expected.")
    if not bias and any(offset.any() for offset in offsets):
        raise OptionError("bias=False, and the model has biases that are not 0: leave the option out.")
    return bool(bias)
