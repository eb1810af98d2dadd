"""Networks written for others: a module of PyTorch, an ONNX file, a table for pandas."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.errors import OptionError, package
from geomnn.files import write_whole

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["to_onnx", "to_table", "to_torch"]

Layer = tuple[np.ndarray, np.ndarray | None]
DTYPES = ("float64", "float32")
OPSET, IR_VERSION = 17, 8  # of ONNX: old enough for every runtime since 2022, and Gemm without C is in it


def to_torch(network: AnalyticNetwork, dtype: Any = "float64") -> Any:
    """The network as PyTorch's Linear, ReLU, …, Linear, with parameters that can be trained further.

    Parameters
    ----------
    network : AnalyticNetwork
        An exact one is rounded.
    dtype : {"float64", "float32"}
        Or the type of that name, of NumPy or PyTorch.

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
    layers, torch = _written(network, _type_name(dtype)), package("torch", "net.to_torch()")
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


def to_onnx(network: AnalyticNetwork, path: str | os.PathLike[str], dtype: Any = "float64") -> None:
    """Write the network as an ONNX file: Gemm, Relu, …, Gemm from "x" (n, d) to "f" (n, c), for any n.

    Parameters
    ----------
    network : AnalyticNetwork
        An exact one is rounded.
    path : path-like
    dtype : {"float64", "float32"}
        Or the type of that name, of NumPy or PyTorch.

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
    name = _type_name(dtype)
    layers, onnx = _written(network, name), package("onnx", "net.to_onnx()")
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
    kind = make.np_dtype_to_tensor_dtype(np.dtype(name))
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


def _type_name(dtype: Any) -> str:
    """The name of a type, of which there are strings, types and instances."""
    names = (
        dtype,
        getattr(dtype, "name", None),
        getattr(dtype, "__name__", None),
        str(dtype).removeprefix("torch."),
    )
    found = next((name for name in names if isinstance(name, str) and name in DTYPES), None)
    if found is None:
        raise OptionError(
            f"dtype={dtype!r}; 'float64' or 'float32' was expected, or the type of that name of NumPy or PyTorch."
        )
    return found


def _written(network: AnalyticNetwork, dtype: str) -> list[Layer]:
    """The layers in another type; one layer 0·x + t for a network without hidden neurons."""
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
