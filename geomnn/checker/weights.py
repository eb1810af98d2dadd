"""The weights of network.json in floats: whether they attain the value that a certificate of floats claims.

    (T) = Σ_i ℓ(f(x_i), y_i) + reg/2 Σ_j (‖w_j‖_p² + ‖α_j‖²),   f(x) = Σ_j α_j (w_j·x + b_j)_+ + t.

It is computed anew in float64, each sum without rounding of its own; the bound beside it is in integers.

Source: geomnn theory, section 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import exp, fsum, isfinite, log, log1p
from typing import Any

from geomnn.checker.statements import Falsehood, brief, require
from geomnn.checker.table import scaled

__all__ = ["NAMES", "check_weights"]

NAMES = {
    "feature_names": "features",
    "classes": "classes",
}  # of network.json, and what a certificate calls them
NEAR = 1e-9  # relative to the loss of 0 and the claimed value: floats, summed in another order


def _squared(f: Sequence[float], y: float) -> float:
    return 0.5 * (f[0] - y) ** 2


def _logistic(f: Sequence[float], y: float) -> float:
    margin = y * f[0]
    return log1p(exp(-margin)) if margin > 0 else log1p(exp(margin)) - margin


def _softmax(f: Sequence[float], y: float) -> float:
    top = max(f)
    return top + log(fsum(exp(value - top) for value in f)) - f[int(y)]


LOSSES: dict[str, Callable[[Sequence[float], float], float]] = {
    "squared": _squared, "logistic": _logistic, "softmax": _softmax,
}  # fmt: skip
NORMS: dict[str, Callable[[Sequence[float]], float]] = {
    "1": lambda w: fsum(map(abs, w)) ** 2,
    "2": lambda w: fsum(x * x for x in w),
    "inf": lambda w: max(map(abs, w)) ** 2,
}


def check_weights(
    network: dict[str, Any],
    document: dict[str, Any],
    rows: Sequence[Sequence[Fraction]],
    targets: Sequence[Fraction],
) -> str:
    """Whether network.json is a network of the problem of a certificate, with the objective that this claims; in words.

    Parameters
    ----------
    network, document : dict
        network.json and certificate.json, in floats.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)
        Of more than two classes their numbers.

    Raises
    ------
    Falsehood
        With the first difference.
    """
    problem, claim = document.get("problem"), document.get("claim")
    if not (isinstance(problem, dict) and isinstance(claim, dict)):
        raise Falsehood("certificate.json has no problem or no claim.")
    claimed = claim.get("primal")
    expected = {"format": "geomnn network", "numbers": "float64", "features": len(rows[0]), "norm": problem.get("norm"),
                "bias": problem.get("bias"), "scaling": problem.get("scaling")}  # fmt: skip
    expected |= {key: problem.get(name) for key, name in NAMES.items() if problem.get(name)}
    for key, value in expected.items():
        given = network.get(key)
        words = f"{key} of network.json is {brief(given)} where the certificate has {brief(value)}."
        require(given == value, words)
    require(
        str(problem.get("loss")) in LOSSES and str(problem.get("norm")) in NORMS,
        "The loss or the norm is not a known one.",
    )
    try:
        value, scale = _objective(network, problem, scaled(rows, problem.get("scaling")), targets)
    except (OverflowError, ValueError) as reason:  # of a number, or of a sum in which ∞ comes up
        raise Falsehood("The weights of network.json are too large for float64.") from reason
    require(type(claimed) is float and abs(value - claimed) <= NEAR * (scale + abs(claimed)),
            f"The weights of network.json have the training objective {value!r} and certificate.json claims "
            f"{brief(claimed)}.")  # fmt: skip
    return f"The weights of network.json have the training objective {claimed:.10g} of certificate.json, in float64."


def _objective(
    network: dict[str, Any],
    problem: dict[str, Any],
    rows: Sequence[Sequence[Fraction]],
    targets: Sequence[Fraction],
) -> tuple[float, float]:
    """(T) of the weights, and the loss of predicting 0, which says how large a difference is."""
    d, loss, outputs = len(rows[0]), LOSSES[problem["loss"]], network.get("outputs")
    count = 1 if outputs is None else outputs
    require(type(count) is int and count > 0, f"outputs of network.json is {brief(outputs)}.")
    more = problem["loss"] == "softmax"
    require(
        count == (len(problem.get("classes") or ()) if more else 1),
        "network.json has another number of outputs.",
    )
    intercept = _floats(network.get("intercept"), outputs, "The intercept")
    neurons = network.get("neurons")
    require(isinstance(neurons, list), "network.json has no neurons.")
    parts = []
    for k, neuron in enumerate(neurons or []):
        require(isinstance(neuron, dict), f"Neuron {k} of network.json is not a neuron.")
        named = f"of neuron {k}"
        (bias,) = _floats(neuron.get("bias"), None, f"The bias {named}")
        parts.append((_floats(neuron.get("weight"), d, f"The weight {named}"), bias,
                      _floats(neuron.get("outer"), outputs, f"The outer weight {named}")))  # fmt: skip
    losses, zeros = [], []
    for row, target in zip(rows, targets, strict=True):
        x, y = [float(entry) for entry in row], float(target)
        active = [
            max(fsum([*(w * e for w, e in zip(weight, x, strict=True)), bias]), 0.0)
            for weight, bias, _ in parts
        ]
        f = [fsum([t, *(a * outer[o] for a, (_, _, outer) in zip(active, parts, strict=True))])
             for o, t in enumerate(intercept)]  # fmt: skip
        losses.append(loss(f, y))
        zeros.append(loss([0.0] * count, y))
    size = NORMS[problem["norm"]]
    penalty = fsum(size(weight) + fsum(a * a for a in outer) for weight, _, outer in parts)
    return fsum(losses) + float(Fraction(str(problem["reg"]))) / 2 * penalty, fsum(zeros)


def _floats(value: Any, size: int | None, name: str) -> list[float]:
    """A number, or so many of them."""
    found = [value] if size is None else value
    fits = isinstance(found, list) and (size is None or len(found) == size)
    if not fits or not all(type(x) in (int, float) and isfinite(x) for x in found):
        raise Falsehood(f"{name} is {brief(value)} in network.json.")
    return [float(x) for x in found]
