"""ONNX models, read: a chain of Gemm, MatMul, Add and Relu from one input to one output.

Products and sums in a row are one layer: x ↦ W (V x + a) + b has the weights W V and the biases W a + b.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from geomnn.errors import DataError, FileError, FormatError, UnsupportedProblem, package

__all__ = ["of_file", "of_onnx"]

Affine = tuple[np.ndarray, np.ndarray | None]
PASSED = ("Identity", "Dropout", "Flatten", "Cast")  # that leave a table of features as it is
FLOATS = (1, 10, 11, 16)  # TensorProto.FLOAT, FLOAT16, DOUBLE and BFLOAT16
READ = "Gemm, MatMul, Add and Relu, one after the other and with constants,"
OTHERS = {
    ".json": "gm.AnalyticNetwork.load(model)",
    ".pt": "torch.load(model)",
    ".pth": "torch.load(model)",
    ".pkl": "joblib.load(model)",
    ".joblib": "joblib.load(model)",
}  # how other files are read


def of_file(path: str | os.PathLike[str]) -> list[Affine]:
    """(W, b) of the layers of an ONNX file.

    Raises
    ------
    UnsupportedProblem, FileError, FormatError
        If it is no such file, or cannot be read.
    """
    ending = Path(path).suffix.lower()
    if ending != ".onnx":
        line = OTHERS.get(ending, '"network.onnx"')
        raise UnsupportedProblem(
            f"The model is of type {type(path).__name__}, {str(path)!r}, and no path of an ONNX file (*.onnx): give "
            f"what it holds, gm.rewrite({line}, X)."
        )
    onnx = package("onnx", "Reading an ONNX file")
    try:
        model = onnx.load(os.fspath(path))
    except OSError as reason:
        raise FileError(f"{path} cannot be read ({reason.strerror}); give an ONNX file.") from reason
    except package("google.protobuf.message", "Reading an ONNX file", "onnx").DecodeError as reason:
        raise FormatError(f"{path} is no ONNX file, or it is cut short: export the model anew.") from reason
    return of_onnx(model)


def of_onnx(model: Any) -> list[Affine]:
    """(W, b) of the layers of an onnx.ModelProto.

    Raises
    ------
    UnsupportedProblem
        If there is anything else in it.
    DataError
        If its shapes do not fit together.
    """
    layers: list[Affine] = []
    pending: Affine | None = None
    for kind, *operands in _steps(model):
        if kind != "Relu":
            pending = _after(pending, len(layers[-1][0]) if layers else None, kind, *operands)
        elif pending is not None:
            layers.append(pending)
            pending = None
        elif not layers:
            raise UnsupportedProblem(
                "The ONNX model begins with Relu; a layer of weights was expected before it: apply it to the table, "
                "gm.rewrite(model, numpy.maximum(X, 0)), and leave it out of the model."
            )
    if pending is None:
        raise UnsupportedProblem(
            "The ONNX model ends without a layer of weights after the last Relu, or has none: export it with the layer "
            "of its outputs."
        )
    return [*layers, pending]


def _steps(model: Any) -> Iterator[tuple[Any, ...]]:
    """The nodes in the order in which they run: the kind, and the arrays that go with it."""
    onnx = package("onnx", "Reading an ONNX model")
    graph, read = model.graph, onnx.numpy_helper.to_array
    constants = {each.name: read(each) for each in graph.initializer}
    inputs = [each.name for each in graph.input if each.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UnsupportedProblem(
            f"The ONNX model has {len(inputs)} inputs and {len(graph.output)} outputs; one of each was expected: "
            "export the part that takes a table (n, d) and gives (n, c)."
        )
    value = inputs[0]
    for node in graph.node:
        given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == "Constant" and "value" in given:
            constants[node.output[0]] = read(given["value"])
            continue
        names = [name for name in node.input if name]
        if [name for name in names if name not in constants] != [value]:
            raise UnsupportedProblem(
                f"The {node.op_type} of the ONNX model takes {', '.join(names) or 'nothing'}, and the result before it "
                f"is {value}; {READ} were expected: export such a part of it."
            )
        arrays = [np.asarray(constants[name], float) for name in names if name != value]
        place, value = names.index(value), node.output[0]
        if node.op_type in PASSED and given.get("axis", 1) == 1 and given.get("to", 1) in FLOATS:
            continue
        if node.op_type == "Gemm" and place == 0 and not given.get("transA", 0):
            weights = arrays[0] if given.get("transB", 0) else arrays[0].T
            yield "MatMul", given.get("alpha", 1.0) * weights
            if len(arrays) > 1:
                yield "Add", given.get("beta", 1.0) * arrays[1]
        elif node.op_type == "MatMul" and place == 0:
            yield "MatMul", arrays[0].T
        elif node.op_type in ("Add", "Relu"):
            yield node.op_type, *arrays
        else:
            raise UnsupportedProblem(
                f"The ONNX model has a node {node.op_type}; {READ} are read: export the model up to it (of a "
                "classifier the logits), or gm.rewrite([(W1, b1), (W2, b2)], X) with the arrays of "
                "onnx.numpy_helper.to_array(each) for each in model.graph.initializer."
            )
    if value != graph.output[0].name:
        raise UnsupportedProblem(
            f"The output of the ONNX model is {graph.output[0].name} and its last node gives {value}; {READ} were "
            "expected: export such a part of it."
        )


def _after(before: Affine | None, width: int | None, kind: str, operand: np.ndarray) -> Affine:
    """What has been done to the result of the last Relu, of this width if it is known, and then this."""
    if kind == "MatMul":
        if before is None:
            return operand, None
        weights, offsets = before
        if operand.ndim != 2 or operand.shape[1:] != weights.shape[:1]:
            raise DataError(
                f"The ONNX model multiplies {len(weights)} features by weights of shape {operand.shape}; a matrix "
                f"(out, {len(weights)}) was expected: export the model anew."
            )
        return operand @ weights, None if offsets is None else operand @ offsets
    width = width if before is None else len(before[0])
    added = operand.ravel()
    of_columns = operand.shape[-1:] in ((), (added.size,))  # and not of rows
    if of_columns and width is None and added.size > 1:
        width = added.size
    if not of_columns or width is None or added.size not in (1, width):
        raise DataError(
            f"The ONNX model adds an array of shape {operand.shape} to {width or 'its'} features; one number for each "
            "was expected: export the model anew."
        )
    weights, offsets = before or (np.eye(width), None)
    return weights, np.broadcast_to(added, width) + (0.0 if offsets is None else offsets)
