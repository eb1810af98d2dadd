"""Rewriting trained networks into wedges: 30-200-100-1 as a whole, and the first layer of 784-256-10, streamed.

python tests/benchmarks/bench_rewrite.py [neurons of the large layer]
"""

import resource
import sys
import time

import joblib
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import geomnn as gm


def trained_torch(X, y, widths):
    """A PyTorch Sequential trained by Adam, or None where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.manual_seed(0)
    sizes = [X.shape[1], *widths, 1]
    modules = []
    for k in range(len(sizes) - 1):
        modules += [torch.nn.Linear(sizes[k], sizes[k + 1]), torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1]).double()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    inputs, targets = torch.tensor(X), torch.tensor(2.0 * y - 1.0)[:, None]
    for _ in range(500):
        optimiser.zero_grad()
        loss = torch.nn.functional.soft_margin_loss(model(inputs), targets)
        loss.backward()
        optimiser.step()
    return model


def whole():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model, kind = trained_torch(X, y, (200, 100)), "PyTorch"
    if model is None:
        model, kind = MLPClassifier((200, 100), max_iter=500, random_state=0).fit(X, y), "scikit-learn"
    began = time.perf_counter()
    rewriting = gm.rewrite(model, X)
    print(
        f"30-200-100-1 of {kind}, breast cancer: {time.perf_counter() - began:.0f} s\n{rewriting}", flush=True
    )


def layer(width, n=2000, d=784):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    weights, biases = rng.standard_normal((width, d)), rng.standard_normal(width)
    model = [(weights, biases), (rng.standard_normal((10, width)), rng.standard_normal(10))]
    began, parts, entries, worst, dearer = time.perf_counter(), 0, 0, 0.0, 0.0
    with joblib.parallel_config(n_jobs=2):
        for w, b, found in zip(weights, biases, gm.split_layer(model, X), strict=True):
            outputs = (
                np.maximum(X @ found.weights.T + found.biases, 0.0) @ found.coefficients + found.constant
            )
            worst = max(worst, np.abs(outputs - np.maximum(X @ w + b, 0.0)).max() / np.abs(outputs).max())
            dearer = max(dearer, found.coefficients.sum() / np.abs(w).sum() - 1)
            parts, entries = parts + len(found.weights), entries + found.weights.size + 2 * len(found.weights)
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    jobs = joblib.Parallel(n_jobs=2)(
        joblib.delayed(resource.getrusage)(resource.RUSAGE_SELF) for _ in range(2)
    )
    largest = max(usage.ru_maxrss for usage in jobs) / 2**20
    print(
        f"{width} neurons of {d} features, {n:,} Gaussian samples, streamed: {time.perf_counter() - began:.0f} s, "
        f"{parts:,} wedges ({entries * 8 / 2**30:.2f} GiB if held), outputs the same to {worst:.1e}, "
        f"cost {dearer:+.0e}, peak memory {mine:.2f} GiB and {largest:.2f} GiB in a job"
    )


if __name__ == "__main__":
    whole()
    layer(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
