"""network.py: the network as a function that needs NumPy and nothing of geomnn."""

from __future__ import annotations

from geomnn.report.study import Study

__all__ = ["function_text"]


def function_text(study: Study) -> str:
    """A Python module with ``predict(X)`` on the columns as they are in the file.

    With classes it also has ``classify(X)``, which returns their names.
    """
    return _head(study) + _numbers(study) + _predict(study) + (_classify(study) if study.classes else "")


def _head(study: Study) -> str:
    inside = "standardised inside, " if study.scaling is not None else ""
    return (
        '"""A ReLU network in closed form, written by geomnn; needs NumPy alone.\n\n'
        "f(x) = sum_j OUTER[j] * max(0, WEIGHTS[j] @ x + BIASES[j]) + INTERCEPT,\n"
        f"x = the columns FEATURES ({inside}in that order).  "
        'Beside each weight stands its atom, by name.\n"""\n\n'
        "import numpy as np\n\n"
    )


def _numbers(study: Study) -> str:
    network = study.network
    inner, biases, outer, t = network.arrays()
    lines = [f"FEATURES = {list(study.features)!r}"]
    if study.classes:
        which = "f < 0, f > 0" if study.y.ndim == 1 else "which of the numbers of f is the largest"
        lines.append(f"CLASSES = {list(study.classes)!r}  # {which}")
    if study.scaling is not None:
        lines.append(f"MEAN = np.array({study.scaling.mean.tolist()!r})")
        lines.append(f"DEVIATION = np.array({study.scaling.deviation.tolist()!r})")
    lines.append("WEIGHTS = np.array([")
    for neuron, weight in zip(network.neurons, inner, strict=True):
        lines.append(f"    {weight.tolist()!r},  # {neuron.atom}")
    lines.append(f"]).reshape(-1, {network.features})")
    lines.append(f"BIASES = np.array({biases.tolist()!r})")
    if study.y.ndim == 1:
        lines.append(f"OUTER = np.array({outer[:, 0].tolist()!r})")
        lines.append(f"INTERCEPT = {float(t[0])!r}")
    else:
        lines.append(f"OUTER = np.array({outer.tolist()!r}).reshape(-1, {len(t)})")
        lines.append(f"INTERCEPT = np.array({t.tolist()!r})")
    return "\n".join(lines) + "\n"


def _predict(study: Study) -> str:
    shape = "(n,)" if study.y.ndim == 1 else f"(n, {study.y.shape[1]})"
    scaled = "    X = (X - MEAN) / DEVIATION\n" if study.scaling is not None else ""
    return (
        "\n\ndef predict(X):\n"
        f'    """f(x) of every row of X: shape (n, features) in, {shape} out."""\n'
        "    X = np.asarray(X, dtype=float)\n"
        "    if X.ndim != 2 or X.shape[1] != len(FEATURES):\n"
        '        raise ValueError(f"X has shape {X.shape}; one column for each of {FEATURES} is needed.")\n'
        f"{scaled}"
        "    return np.maximum(X @ WEIGHTS.T + BIASES, 0.0) @ OUTER + INTERCEPT\n"
    )


def _classify(study: Study) -> str:
    one = study.y.ndim == 1
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
