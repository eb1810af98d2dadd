"""What must hold of every solution, computed here anew from its weights, in more digits than float64 has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from fuzz_cases import Case, correlation

from geomnn.solution import Solution

LONG = np.longdouble


def arrays_of(network) -> tuple[np.ndarray, ...]:
    """w (k, d), b (k,), α (k, c), t (c,) of a network, as its neurons have them."""
    t = np.atleast_1d(np.asarray(network.intercept, dtype=LONG))
    k = len(network.neurons)
    w = np.array([neuron.weight for neuron in network.neurons], dtype=LONG).reshape(k, network.features)
    b = np.array([neuron.bias for neuron in network.neurons], dtype=LONG).reshape(k)
    outer = np.array([neuron.outer for neuron in network.neurons], dtype=LONG).reshape(k, len(t))
    return w, b, outer, t


def predictions(network, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(X), shape (n, c), and the size of the terms that float64 adds up to it."""
    w, b, outer, t = arrays_of(network)
    points = X.astype(LONG)
    # products one by one: matrix products of long doubles are no faster
    f = np.maximum(points @ w.T + b, 0) @ outer + t
    sizes = (np.abs(points) @ np.abs(w).T + np.abs(b)) @ np.abs(outer) + np.abs(t)
    return f, sizes


def loss_value(loss: str, f: np.ndarray, y: np.ndarray, s: np.ndarray):
    """L(f, y) with weights of the samples."""
    if loss == "squared":
        return np.sum(s[:, None] * (f - y) ** 2) / 2
    if loss == "logistic":
        return np.sum(s[:, None] * np.logaddexp(LONG(0), -y * f))
    top, own = f.max(axis=1, keepdims=True), np.sum(y * f, axis=1)
    others = np.exp(f - top)
    others[np.arange(len(f)), f.argmax(axis=1)] = 0  # log(1 + small) keeps the digits of what is small
    return np.sum(s * (np.log1p(others.sum(axis=1)) + (top[:, 0] - own)))


def training_value(network, case: Case, reg: float):
    """(T) of the weights."""
    w, _, outer, _ = arrays_of(network)
    y, s = case.targets
    norms = {
        1: np.abs(w).sum(axis=1),
        2: np.sqrt((w**2).sum(axis=1)),
        np.inf: np.abs(w).max(axis=1, initial=0),
    }
    penalty = np.sum(norms[case.norm] ** 2) + np.sum(outer**2)
    fit = loss_value(case.loss, predictions(network, case.X)[0], y.astype(LONG), s.astype(LONG))
    return fit + LONG(reg) / 2 * penalty


def of_rounding(case: Case) -> float:
    """A value of (T) that comes of nothing but rounding of the targets."""
    y, s = case.targets
    return float(1e-28 * np.sum(s[:, None] * y.astype(LONG) ** 2)) if case.loss == "squared" else 0.0


def of_cancelling(solution: Solution, case: Case, reg: float) -> float:
    """What the bound may be off by, relative to the objective: v is scaled by the largest |Σ_i v_i (x̃_i·u)_+|, a sum
    of products that are as large as an offset of the columns, if there is no bias to take it out, and of which about
    reg is left."""
    X = np.asarray(case.X, dtype=float)
    X = X - X.mean(axis=0) if case.bias else X
    return float(16 * np.finfo(float).eps * np.abs(X).max(initial=0.0) * np.abs(solution.dual).sum() / reg)


def complaints(solution: Solution, case: Case, reg: float, tol: float) -> Iterator[str]:
    """Everything that is wrong with a solution."""
    certificate, network = solution.certificate, solution.network
    numbers = [
        certificate.primal,
        certificate.dual,
        certificate.largest_correlation,
        certificate.gap,
        solution.dual,
    ]
    numbers += list(arrays_of(network))
    if not all(np.isfinite(np.asarray(number, dtype=LONG)).all() for number in numbers):
        yield f"a number that is none: {certificate!r}"
        return
    truth, noise = training_value(network, case, reg), of_rounding(case)
    if not abs(LONG(solution.objective) - truth) <= 1e-9 * abs(truth) + noise:
        off = float(abs(LONG(solution.objective) - truth) / abs(truth))
        yield f"objective {solution.objective!r} is {off:.1e} off (T) of the weights, {float(truth)!r}"
    if not certificate.dual <= solution.objective * (1 + 1e-12 + of_cancelling(solution, case, reg)) + noise:
        yield f"bound {certificate.dual!r} above objective {solution.objective!r}"
    searched = certificate.coverage.scope == "local"
    if not searched and not certificate.gap <= tol * abs(certificate.primal) + noise:
        yield f"gap {certificate.relative_gap:.1e} over all atoms, not within {tol:g}"
    rows = len(case.X) if case.weights is None else np.count_nonzero(case.weights)
    if len(network) > rows * case.outputs:
        yield f"{len(network)} neurons for {rows * case.outputs} targets"
    decided = solution.exact is not None and network.depth == 2
    if solution.unique not in ((None,) if searched else (True, False) if decided else (True, False, None)):
        yield f"unique is {solution.unique!r} of a {certificate.coverage.scope} certificate"
    if certificate.coverage.scope == "global":
        yield from _beaten(solution, case, reg)
    yield from _predicts(network, case)


def _beaten(solution: Solution, case: Case, reg: float) -> Iterator[str]:
    """No random neuron has a larger correlation with v than the certificate says of all neurons."""
    v = np.asarray(solution.dual).reshape(len(solution.dual), -1)
    problem = solution.problem
    seen = Case(**(vars(case) | {"X": problem.samples.X}))
    found = correlation(seen, v, np.random.default_rng(case.seed), 300)
    spread = np.abs(seen.X - seen.X.mean(axis=0) * case.bias).max()
    allowed = solution.certificate.largest_correlation * reg * (1 + 1e-9) + 1e-12 * spread * np.abs(v).sum()
    if found > allowed:
        yield f"a random neuron has the correlation {found!r}, and none was to have more than {allowed!r}"


def _predicts(network, case: Case) -> Iterator[str]:
    """The network is the function of its weights, at samples and elsewhere."""
    for place, X in {"samples": case.X, "new points": case.elsewhere}.items():
        got = np.asarray(network(X))
        f, sizes = predictions(network, X)
        if not np.isfinite(got).all():
            yield f"predictions at {place} that are no numbers"
        elif (np.abs(got.reshape(f.shape) - f) > 1e-13 * sizes).any():
            yield f"predictions at {place} are not those of the weights"
