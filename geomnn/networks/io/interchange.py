"""Networks of others, read: PyTorch, ONNX, scikit-learn and plain arrays; and those that are wedges, named.

A fully connected ReLU network is its list of layers [(W (out, in), b (out,) or None), …], ReLU between them: that is
what is read from all of them, and what `export` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from geomnn.checker.statements import brief
from geomnn.depth.layer import FeatureLayer
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.networks.io.from_onnx import of_file, of_onnx
from geomnn.networks.io.from_sklearn import of_estimator, of_perceptron, scalings_of
from geomnn.networks.io.from_torch import of_module
from geomnn.norms import ball
from geomnn.samples import Samples
from geomnn.validation import finite_floats

__all__ = ["layers_of", "named_parts"]

Layer = tuple[np.ndarray, np.ndarray | None]


def layers_of(model: Any) -> list[Layer]:
    """The weights of a fully connected ReLU network: x ↦ W_L (… (W_1 x + b_1)_+ …)_+ + b_L.

    Parameters
    ----------
    model : torch.nn.Module, dict, MLPRegressor, MLPClassifier, Pipeline, WedgeRegressor, WedgeClassifier, \
            AnalyticNetwork, path, onnx.ModelProto, or list
        A module of PyTorch whose forward runs Linear and ReLU in turn, with Identity, Dropout (which does nothing after
        training) and Flatten passed through, whether it is a Sequential, wraps one, or calls its layers by itself; a
        state_dict, whose layers are taken in its order with ReLU between them, as it does not say what is done; fitted
        ones of scikit-learn with activation="relu", up to what `out_activation_` is applied to: the logits of a
        classifier, before the logistic function or the softmax, and of a regressor with Poisson loss the logarithm of
        what it predicts; a Pipeline of one of them after scalers, which go into the first weights; an ONNX model, or
        the path of its file, of Gemm, MatMul, Add and Relu; a list of arrays W (out, in), each of which may have its
        biases b (out,) after it, or of pairs (W, b), b None for no biases.

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
    FileError, FormatError, MissingPackage
        If an ONNX file cannot be read.

    Examples
    --------
    >>> from geomnn.networks.io.interchange import layers_of
    >>> [W.shape for W, b in layers_of([[[1, -1], [2, 0], [0, 1]], [[1, 1, -1]]])]
    [(3, 2), (1, 3)]
    >>> from sklearn.neural_network import MLPRegressor
    >>> trained = MLPRegressor(hidden_layer_sizes=5, solver="lbfgs", random_state=0).fit([[0], [1], [2]], [0, 1, 0])
    >>> [(W.shape, b.shape) for W, b in layers_of(trained)]
    [((5, 1), (5,)), ((1, 5), (1,))]
    >>> state = {"fc1.weight": [[1, -1], [2, 0]], "fc1.bias": [0, 1], "fc2.weight": [[1, 1]], "fc2.bias": [3]}
    >>> [(W.tolist(), b.tolist()) for W, b in layers_of(state)]
    [([[1.0, -1.0], [2.0, 0.0]], [0.0, 1.0]), ([[1.0, 1.0]], [3.0])]

    Source: geomnn theory, section 0.
    """
    kinds = [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(model).__mro__]
    line = next((LINES[kind] for kind in kinds if kind in LINES), None)
    read = next((READERS[kind] for kind in kinds if kind in READERS), None)
    if line is not None or read is None:
        raise UnsupportedProblem(
            f"The model is of type {type(model).__name__}; a torch.nn.Module or its state_dict, a fitted MLPRegressor, "
            "MLPClassifier, WedgeRegressor, WedgeClassifier or Pipeline of one, an AnalyticNetwork, an ONNX model or a "
            f"list of (W, b) pairs was expected: gm.rewrite({line or '[(W1, b1), (W2, b2)]'}, X)."
        )
    found = read(model)
    named = found if isinstance(found, dict) else {f"layers[{k}]": pair for k, pair in enumerate(found)}
    return _checked(named)


def _checked(pairs: dict[str, tuple[Any, Any]]) -> list[Layer]:
    """The layers, of which messages speak by these names."""
    layers: list[Layer] = []
    for name, (values, offsets) in pairs.items():
        weights = _numbers(values, f"{name}.weight")
        if weights.ndim != 2:
            raise DataError(f"{name}.weight has shape {weights.shape}; a matrix (out, in) was expected.")
        if layers and weights.shape[1] != len(layers[-1][0]):
            raise DataError(
                f"{name}.weight has shape {weights.shape} and the layer before gives {len(layers[-1][0])} features; "
                f"(out, {len(layers[-1][0])}) was expected: transpose weights that are (in, out), and give layers in "
                "the order in which they run."
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


def _of_list(model: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Pairs (W, b), or arrays: a vector after a matrix is its biases."""
    pairs: list[tuple[Any, Any]] = []
    for k, entry in enumerate(model):
        axes = _axes(entry)
        if isinstance(entry, tuple) and len(entry) != 2:
            raise DataError(f"layers[{k}] is a tuple of {len(entry)}; a pair (W, b) was expected.")
        if isinstance(entry, list) and axes == 3 and (len(entry) != 2 or _axes(entry[1]) == 2):
            raise DataError(
                f"layers[{k}] is a list of {len(entry)} matrices; a matrix or a pair (W, b) was expected: make one "
                "list of two, gm.rewrite(list(zip(weights, biases)), X), with W.T for weights that are (in, out)."
            )
        if isinstance(entry, tuple) or (isinstance(entry, list) and axes == 3):
            pairs.append((entry[0], entry[1]))
        elif pairs and pairs[-1][1] is None and axes == 1:
            pairs[-1] = (pairs[-1][0], entry)
        else:
            pairs.append((entry, None))
    return pairs


def _axes(values: Any) -> int:
    """How many axes an array has, or the first entries of nested lists."""
    if isinstance(values, list | tuple):
        return 1 + (_axes(values[0]) if len(values) else 0)
    return int(getattr(values, "ndim", 0))


def _of_state(model: dict[Any, Any]) -> dict[str, tuple[Any, Any]]:
    """The layers of a state_dict: "net.0.weight" and "net.0.bias" are those of "net.0"."""
    if inside := [key for key, values in model.items() if isinstance(values, dict)]:
        raise UnsupportedProblem(
            "The model is a dict that has another one in it; a state_dict was expected: "
            f"gm.rewrite(model[{inside[0]!r}], X)."
        )
    layers: dict[str, dict[str, Any]] = {}
    for key, values in model.items():
        name, _, what = str(key).rpartition(".")
        layers.setdefault(name, {})[what] = values
        if what not in ("weight", "bias") or (what == "weight" and _axes(values) != 2):
            raise UnsupportedProblem(
                f"The dict has the entry {brief(key)}; the weights (out, in) and biases of Linear layers were "
                "expected, under names such as 'fc1.weight' and 'fc1.bias': take these alone, "
                "gm.rewrite([(W1, b1), (W2, b2)], X)."
            )
    if bare := [name for name, layer in layers.items() if "weight" not in layer]:
        raise DataError(f"The dict has {bare[0]}.bias and no {bare[0]}.weight; both were expected.")
    return {name or "layer": (layer["weight"], layer.get("bias")) for name, layer in layers.items()}


def _of_pipeline(model: Any) -> list[tuple[Any, Any]]:
    """The layers of the last step, of the columns before the scalers."""
    *before, last = (step for _, step in model.steps)
    (weights, offsets), *rest = layers_of(last)
    for scaling in reversed(scalings_of(before, weights.shape[1])):
        weights, offsets = scaling.folded(weights, np.zeros(len(weights)) if offsets is None else offsets)
    return [(weights, offsets), *rest]


# by the package and the name of a class
READERS: dict[str, Callable[[Any], Sequence[tuple[Any, Any]] | dict[str, tuple[Any, Any]]]] = {
    "builtins.dict": _of_state,
    "builtins.generator": _of_list,
    "builtins.list": _of_list,
    "builtins.str": of_file,
    "builtins.tuple": _of_list,
    "geomnn.AnalyticNetwork": attrgetter("layers"),
    "geomnn.WedgeEstimator": of_estimator,
    "onnx.ModelProto": of_onnx,
    "pathlib.PurePath": of_file,
    "sklearn.MLPClassifier": of_perceptron,
    "sklearn.MLPRegressor": of_perceptron,
    "sklearn.Pipeline": _of_pipeline,
    "torch.Module": of_module,
}
# what of others is to be given
LINES = {
    "geomnn.Solution": "model.network",
    "keras.Layer": "[(W.T, b) for W, b in zip(model.get_weights()[::2], model.get_weights()[1::2])]",
    "numpy.ndarray": "[W1, W2]",
    "sklearn.BaseSearchCV": "model.best_estimator_",
    "sklearn.TransformedTargetRegressor": "model.regressor_",
    "torch.DataParallel": "model.module",
    "torch.DistributedDataParallel": "model.module",
    "torch.OptimizedModule": "model._orig_mod",
}


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
