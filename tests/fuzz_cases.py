"""Problems for `fuzz.py`, each drawn from one whole number: entry, data, targets, weights, options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

KINDS = ("normal", "grid", "one-hot", "binary", "repeated", "linear", "columns", "offsets", "integers")
ENTRIES = {  # and how often they come
    "auto": 0.10,
    "all atoms": 0.10,
    "wedge": 0.10,
    "local": 0.12,
    "sampled": 0.05,
    "regressor": 0.20,
    "classifier, 2 classes": 0.10,
    "classifier, 3 or more": 0.09,
    "path": 0.07,
    "grid of regs": 0.07,
}
NORMS = (1, 2, np.inf)
LOSSES = ("squared", "logistic", "softmax")
# the most samples of 1, 2, … features over which all atoms are looked at: few enough for a quarter of a second
ALL_ATOMS = {
    1: (60, 26, 14, 10, 8, 8, 8, 7),
    2: (60, 24, 11, 8, 7, 6, 6, 6),
    np.inf: (60, 24, 12, 8, 6, 5),
}
WEDGES = (60, 40, 18, 12, 10, 10, 10, 11)
LABELS = ("no", "yes", "äh", "Zeta", "10", "2")


@dataclass(frozen=True)
class Case:
    """One call of the package, and what it is called with."""

    seed: int
    entry: str
    kind: str
    X: np.ndarray
    y: np.ndarray  # as the entry takes it: labels for a classifier
    loss: str
    norm: float
    bias: bool
    reg: float
    weights: np.ndarray | None  # of the samples, for estimators
    elsewhere: np.ndarray  # points to predict at
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_estimator(self) -> bool:
        return self.entry == "regressor" or self.entry.startswith("classifier")

    @property
    def outputs(self) -> int:
        """Columns of the targets."""
        return self.targets[0].shape[1]

    @property
    def targets(self) -> tuple[np.ndarray, np.ndarray]:
        """Targets (n, c) as (T) has them, and weights of the samples (n,)."""
        s = np.ones(len(self.X)) if self.weights is None else self.weights
        if not self.entry.startswith("classifier"):
            return self.y.reshape(len(self.X), -1), s
        classes = np.unique(self.y[s > 0])
        if len(classes) > 2:
            return (self.y[:, None] == classes).astype(float), s
        return np.where(self.y == classes[-1], 1.0, -1.0)[:, None], s


def draw(seed: int) -> Case:
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    entry = str(rng.choice(list(ENTRIES), p=list(ENTRIES.values())))
    norm, bias = NORMS[rng.integers(3)], bool(rng.random() < 0.65)
    if entry == "path":  # of piecewise affine ones
        norm = (1, np.inf)[rng.integers(2)]
    loss = _loss(entry, rng)
    n, d = _size(entry, norm, rng)
    kind = str(rng.choice(KINDS))
    X = _samples(kind, n, d, rng)
    c = 1 if entry == "path" or loss == "logistic" else int(rng.integers(1, 4))
    if loss == "softmax":
        c = int(rng.integers(2, 5))
    y = _targets(kind, loss, X, c, bias, rng)
    weights = None
    if entry.startswith("classifier"):
        y = _labels(min(2 if loss == "logistic" else int(rng.integers(3, 6)), n), n, rng)
    if entry == "regressor" or entry.startswith("classifier"):
        weights = _weights(n, rng)
    if entry.startswith("classifier"):  # a class whose samples have no weight is none
        loss = "softmax" if len(np.unique(y if weights is None else y[weights > 0])) > 2 else "logistic"
    elsewhere = X.mean(axis=0) + (X[rng.integers(0, n, 5)] - X.mean(axis=0)) * rng.uniform(-2, 3, (5, 1))
    case = Case(seed, entry, kind, X, y, loss, norm, bias, 1.0, weights, elsewhere)
    options = _options(case, rng)
    reg = 10.0 ** rng.uniform(-4, 0.15) * (correlation(case, residual_of_a_constant(case), rng) or 1.0)
    return Case(seed, entry, kind, X, y, loss, norm, bias, float(reg), weights, elsewhere, options)


def _loss(entry: str, rng: np.random.Generator) -> str:
    fixed = {
        "path": "squared",
        "regressor": "squared",
        "classifier, 2 classes": "logistic",
        "classifier, 3 or more": "softmax",
    }
    return fixed.get(entry) or str(rng.choice(LOSSES, p=[0.5, 0.25, 0.25]))


def _size(entry: str, norm: float, rng: np.random.Generator) -> tuple[int, int]:
    """Samples and features, fewer of both where all atoms are looked at."""
    if entry not in ("wedge", "auto", "all atoms", "path", "grid of regs"):
        d = int(rng.integers(1, 9))
        return int(rng.integers(2, 61 if rng.random() < 0.5 else 16)), d
    d = int(rng.choice(8, p=[0.15, 0.3, 0.2, 0.15, 0.08, 0.05, 0.04, 0.03])) + 1
    table = WEDGES if entry == "wedge" else ALL_ATOMS[norm]
    d = min(d, len(table))
    largest = table[d - 1]
    if entry == "path":
        largest = max(3, min(20, 2 * largest // 3))
    return int(rng.integers(1 + (rng.random() < 0.9) * min(largest // 3, d), largest + 1)), d


def _samples(kind: str, n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    X = rng.normal(size=(n, d))
    if kind == "grid":
        X = rng.integers(-2, 3, size=(n, d)) * [1.0, 0.1, 0.5][rng.integers(3)]
    elif kind == "one-hot":
        X = np.eye(d)[rng.integers(0, d, n)]
    elif kind == "binary":
        X = rng.integers(0, 2, size=(n, d)).astype(float)
    elif kind == "repeated":
        X = X[rng.integers(0, max(1, n // 3), n)]
    elif kind == "columns":
        X = X * 10.0 ** rng.uniform(-3, 3, d)
    elif kind == "offsets":
        X = X + rng.choice([-1, 1], d) * 10.0 ** rng.uniform(0, 5, d)
    elif kind == "integers":
        X = rng.integers(-9, 10, size=(n, d)).astype(float)
    elif kind == "linear" and rng.random() < 0.5:
        X = X.round(1)
    return X


def _targets(kind: str, loss: str, X: np.ndarray, c: int, bias: bool, rng: np.random.Generator) -> np.ndarray:
    """As `derive` takes them; every class is there where that is asked for, which is with a bias."""
    n = len(X)
    if loss != "squared":
        classes = 2 if loss == "logistic" else c
        scores = X @ rng.normal(size=(X.shape[1], classes)) + rng.normal(size=classes)
        labels = np.argmax(scores, axis=1) if kind == "linear" else rng.integers(0, classes, n)
        if bias or rng.random() < 0.7:
            labels[: min(n, classes)] = rng.permutation(classes)[: min(n, classes)]
        if loss == "softmax":
            return np.eye(classes)[labels]
        return np.where(labels > 0, 1.0, -1.0).reshape((n, 1) if rng.random() < 0.2 else (n,))
    if kind == "linear":
        y = X @ rng.normal(size=(X.shape[1], c)) + bias * rng.normal(size=c)
    elif kind == "integers" or rng.random() < 0.2:
        y = rng.integers(-3, 4, size=(n, c)).astype(float)
    else:
        y = rng.normal(size=(n, c)) * 10.0 ** rng.uniform(-2, 2)
    if kind == "offsets" and rng.random() < 0.3:
        y = y + 10.0 ** rng.uniform(0, 4)
    if rng.random() < 0.03:
        y = np.broadcast_to(y[0], y.shape).copy()
    return y[:, 0] if c == 1 and rng.random() < 0.8 else y


def _labels(classes: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Each class at least once, in whole numbers or in words."""
    names = np.array(LABELS) if rng.random() < 0.5 else np.arange(len(LABELS)) - 1
    places = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    return names[rng.permutation(len(LABELS))[:classes]][rng.permutation(places)]


def _weights(n: int, rng: np.random.Generator) -> np.ndarray | None:
    kind = rng.integers(5)
    if kind < 2:
        return None
    weights = [
        lambda: rng.integers(0, 4, n).astype(float),
        lambda: rng.uniform(0, 2, n) * (rng.random(n) < 0.7),
        lambda: 10.0 ** rng.uniform(-3, 3, n) * (rng.random(n) < 0.9),
    ][kind - 2]()
    weights[rng.integers(n)] += 1.0  # not all of them zero
    return weights


def _options(case: Case, rng: np.random.Generator) -> dict[str, Any]:
    """What else is asked for, where searches are short ones."""
    n, d = case.X.shape
    few = int(rng.integers(1, 9))
    if case.is_estimator:
        names = ["auto", "local", "few starts", "sampled"] + ["wedge"] * (n <= WEDGES[d - 1])
        name = str(rng.choice(names))
        options = {
            "dictionary": name,
            "rounds": int(rng.integers(1, 4)),
            "tol": float(rng.choice([1e-9, 1e-6, 1e-3])),
            "random_state": int(rng.integers(1000)),
        }
        return options | ({"starts": few} if name == "few starts" else {})
    if case.entry == "local":
        few_unknowns = case.y.size * d <= (30 if case.norm == 2 else 100)
        return {} if few_unknowns and rng.random() < 0.5 else {"starts": few}
    if case.entry == "grid of regs":
        return {"dictionary": str(rng.choice(["auto", "wedge"])), "shares": [1.0, 0.1, 0.4]}
    if case.entry == "path":
        return {"dictionary": str(rng.choice(["auto", "wedge"]))}
    return {"seed": int(rng.integers(1000))}


def residual_of_a_constant(case: Case) -> np.ndarray:
    """v of the best constant network, or of about the best one, shape (n, c)."""
    y, s = case.targets
    s = s[:, None]
    if case.loss == "squared":
        return s * (y - case.bias * np.average(y, axis=0, weights=s[:, 0]))
    if case.loss == "logistic":
        share = np.average(y > 0, axis=0, weights=s[:, 0]) if case.bias else 0.5
        return s * ((y > 0) - share)
    return s * (y - (np.average(y, axis=0, weights=s[:, 0]) if case.bias else 1 / y.shape[1]))


def correlation(case: Case, v: np.ndarray, rng: np.random.Generator, count: int = 100) -> float:
    """The largest ‖Σ_i v_i (x̃_i·u)_+‖_2 over random unit neurons, each with a hyperplane through a sample."""
    X = case.X - case.X.mean(axis=0) * case.bias
    size = np.abs(X).max(axis=0)
    size[size <= 1e-12 * np.abs(case.X).max(axis=0)] = 1.0  # constant features
    w = rng.normal(size=(X.shape[1], count)) / size[:, None]
    w /= np.linalg.norm(w, ord=case.norm, axis=0)
    along = X @ w
    if case.bias:
        along = along - along[rng.integers(0, len(X), count), np.arange(count)]
    return float(np.linalg.norm(v.T @ np.maximum(along, 0.0), axis=0).max())
