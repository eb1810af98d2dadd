"""network.py: the network as a function that needs NumPy and nothing of geomnn."""

from __future__ import annotations

from pathlib import Path

from geomnn.checker.statements import require
from geomnn.networks.network import AnalyticNetwork
from geomnn.report.study import Study

__all__ = ["check_function", "function_text"]


def function_text(study: Study) -> str:
    """A Python module with ``predict(X)`` on the columns as they are in the file.

    With classes it also has ``classify(X)``, which returns their names.
    """
    return _text(study.complete)


def check_function(folder: Path) -> str:
    """Whether network.py in the folder of a report is the function of network.json, letter by letter; in words.

    Raises
    ------
    Falsehood
        If it is not.
    """
    file = folder / "network.py"
    if not file.exists():
        return "network.py is not in the folder, and was not checked."
    if not (folder / "network.json").exists():
        return "network.json is not in the folder, and so network.py was not checked."
    expected = _text(AnalyticNetwork.load(folder / "network.json"))
    same = file.read_bytes() == expected.encode("utf-8", "replace")
    require(same, "network.py is not the function of network.json, as this version of geomnn writes it.")
    return "network.py is the function of network.json, letter by letter."


def _text(network: AnalyticNetwork) -> str:
    return (
        _head(network)
        + _numbers(network)
        + _predict(network)
        + (_classify(network) if network.classes else "")
    )


def _head(network: AnalyticNetwork) -> str:
    inside = "standardised inside, " if network.scaling is not None else ""
    return (
        '"""A ReLU network in closed form, written by geomnn; needs NumPy alone.\n\n'
        "f(x) = sum_j OUTER[j] * max(0, WEIGHTS[j] @ x + BIASES[j]) + INTERCEPT,\n"
        f"x = the columns FEATURES ({inside}in that order).  "
        'Beside each weight stands its atom, by name.\n"""\n\n'
        "import numpy as np\n\n"
    )


def _numbers(network: AnalyticNetwork) -> str:
    network = network.numeric()
    inner, biases, outer, t = network.arrays()
    lines = [f"FEATURES = {list(network.feature_names or ())!r}"]
    if network.classes:
        which = "f < 0, f > 0" if network.outputs is None else "which of the numbers of f is the largest"
        lines.append(f"CLASSES = {list(network.classes)!r}  # {which}")
    if network.scaling is not None:
        lines.append(f"MEAN = np.array({network.scaling.mean.tolist()!r})")
        lines.append(f"DEVIATION = np.array({network.scaling.deviation.tolist()!r})")
    lines.append("WEIGHTS = np.array([")
    for neuron, weight in zip(network.neurons, inner, strict=True):
        lines.append(f"    {weight.tolist()!r},  # {neuron.atom}")
    lines.append(f"]).reshape(-1, {network.features})")
    lines.append(f"BIASES = np.array({biases.tolist()!r})")
    if network.outputs is None:
        lines.append(f"OUTER = np.array({outer[:, 0].tolist()!r})")
        lines.append(f"INTERCEPT = {float(t[0])!r}")
    else:
        lines.append(f"OUTER = np.array({outer.tolist()!r}).reshape(-1, {len(t)})")
        lines.append(f"INTERCEPT = np.array({t.tolist()!r})")
    return "\n".join(lines) + "\n"


def _predict(network: AnalyticNetwork) -> str:
    shape = "(n,)" if network.outputs is None else f"(n, {network.outputs})"
    scaled = "    X = (X - MEAN) / DEVIATION\n" if network.scaling is not None else ""
    return (
        "\n\ndef predict(X):\n"
        f'    """f(x) of every row of X: shape (n, features) in, {shape} out."""\n'
        "    X = np.asarray(X, dtype=float)\n"
        "    if X.ndim != 2 or X.shape[1] != len(FEATURES):\n"
        '        raise ValueError(f"X has shape {X.shape}; one column for each of {FEATURES} is needed.")\n'
        f"{scaled}"
        "    return np.maximum(X @ WEIGHTS.T + BIASES, 0.0) @ OUTER + INTERCEPT\n"
    )


def _classify(network: AnalyticNetwork) -> str:
    one = network.outputs is None
    chosen = (
        "np.where(predict(X) > 0, CLASSES[1], CLASSES[0])"
        if one
        else "np.array(CLASSES)[predict(X).argmax(axis=1)]"
    )
    return (
        "\n\ndef classify(X):\n"
        '    """The class of every row of X: shape (n, features) in, (n,) names out."""\n'
        f"    return {chosen}\n"
    )
