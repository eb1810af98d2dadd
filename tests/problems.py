"""The problems that the tests share: reference optima, random and degenerate data."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import sympy

NORMS = {"l1": 1, "l2": 2, "linf": np.inf}


def references():
    """(X, y, options, norm, optimum) of the stored optima, which were computed without the theory."""
    cases = json.loads((Path(__file__).parent / "data" / "two_layer_optima.json").read_text())["cases"]
    for case in cases:
        options = {"reg": case["reg"], "bias": case["bias"], "loss": case["loss"]}
        for key, norm in NORMS.items():
            yield np.array(case["X"]), np.array(case["y"]), options, norm, case["optimum"][key]


def degenerate(seed=0):
    """Named data sets (X, y) that a careless implementation trips over; few samples, so an oracle is quick."""
    rng = np.random.default_rng(seed)
    plane, line = rng.normal(size=(6, 2)), np.linspace(-1, 2, 6)
    y = np.array([0.5, -1.0, 1.5, 0.0, 1.0, -0.5])
    grid = np.array([[a, b] for a in (-1.0, 0.0, 1.0) for b in (0.0, 1.0)])
    return {
        "repeated rows": (plane[[0, 1, 1, 2, 2, 3]], y),
        "repeated rows, tied targets": (plane[[0, 0, 1, 1, 2, 2]], y[[0, 0, 1, 1, 2, 2]]),
        "collinear": (np.column_stack([line, 2 * line - 0.5]), y),
        "collinear with the origin": (np.column_stack([line, 2 * line]), y),
        "zero rows": (np.vstack([plane[:4], np.zeros((2, 2))]), y),
        "all rows zero": (np.zeros((3, 2)), y[:3]),
        "all rows equal": (np.tile([[1.5, -0.5]], (4, 1)), y[:4]),
        "one sample": (np.array([[0.7, -1.2]]), y[:1]),
        "one sample, one feature": (np.array([[2.0]]), y[:1]),
        "n < d": (rng.normal(size=(2, 4)), y[:2]),
        "constant feature": (np.column_stack([line, np.full(6, 2.0)]), y),
        "zero feature": (np.column_stack([plane[:, 0], np.zeros(6)]), y),
        "constant targets": (plane, np.full(6, 0.3)),
        "zero targets": (plane, np.zeros(6)),
        "grid": (grid, y),
        "antipodal": (np.vstack([plane[:3], -plane[:3]]), y),
        "rank deficient": (plane[:5] @ rng.normal(size=(2, 3)), y[:5]),
        "one feature with ties": (np.array([[0.0], [0.0], [1.0], [1.0], [3.0]]), y[:5]),
        "symmetric": (
            np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]),
            np.array([1.0, 1.0, -1.0, -1.0]),
        ),
        "large features": (1e6 * plane, y),
        "small features": (1e-6 * plane, y),
        "large and small features": (plane * [1e6, 1e-6], y),
    }


def suite(seed):
    """(kind, X, y, part, norm, bias): a table of up to six rows of integers, and which part of reg_max reg is to be."""
    rng = np.random.default_rng(seed)
    kind, n = ("integers", "repeated", "collinear", "grid", "spread")[seed % 5], int(rng.integers(3, 7))
    norm, bias, d = (1, np.inf)[seed % 2], bool(seed // 2 % 2), 1 + seed // 4 % 2
    X = rng.integers(-3, 4, size=(n, d))
    if kind == "repeated":
        X[-1] = X[0]
    elif kind == "collinear":
        X = np.arange(n)[:, None] * rng.integers(-2, 3, size=d) + rng.integers(-2, 3, size=d)
    elif kind == "grid":
        X = np.array([[a, b] for a in range(2) for b in range(3)])[:n, -d:]
    elif kind == "spread":
        X = rng.integers(-20, 21, size=(n, d))
    part = float(rng.choice([0.02, 0.05, 0.1, 0.2, 0.4]))
    return kind, X, rng.integers(-4, 5, size=n), part, norm, bias


def spiral():
    """The spiral of Wang et al., arXiv 2406.02806, with n = 160 samples, written out here on purpose."""
    i = np.arange(80)
    arm = ((104 - i) / 104)[:, None] * np.column_stack([np.cos(i * np.pi / 16), np.sin(i * np.pi / 16)])
    return np.vstack([arm, -arm]), np.repeat([1.0, -1.0], 80)


def ramps(n=300, d=5, outputs=1, seed=0):
    """A sum of ramps with noise, and a reg of some hundredths of reg_max."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.maximum(X @ rng.normal(size=(d, 4)), 0) @ rng.normal(size=(4, outputs))
    return X, (y + 0.1 * rng.normal(size=y.shape))[:, 0] if outputs == 1 else y, n / 60


def objective(solution, X, y, reg, norm, loss="squared"):
    """The value of (T), written out from the layers of the network alone."""
    (W, b), (A, t) = solution.network.layers
    hidden = np.maximum(X @ W.T + (0.0 if b is None else b), 0.0)
    f = hidden @ A.T + (0.0 if t is None else t)
    targets = np.asarray(y, dtype=float).reshape(len(X), -1)
    fit = 0.5 * np.sum((f - targets) ** 2) if loss == "squared" else np.sum(np.logaddexp(0, -targets * f))
    norms = np.linalg.norm(W, ord=norm, axis=1)
    return fit + reg / 2 * (np.sum(norms**2) + np.sum(A**2))


def entries(kind, shape, seed=0):
    """Entries of one kind: generic numbers, or one symbol each."""
    rng = np.random.default_rng(seed)
    if kind == "floats":
        return rng.standard_normal(shape)
    if kind == "fractions":
        numbers = [Fraction(int(a), int(b)) for a, b in rng.integers(1, 30, (math.prod(shape), 2)) - [15, 0]]
    else:
        numbers = sympy.symbols(f"u{seed}_:{math.prod(shape)}")
    return np.array(numbers, dtype=object).reshape(shape)
