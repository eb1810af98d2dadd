"""The jobs whose costs are remembered in ratios.json, and what they are measured against.

    python tests/benchmarks/jobs.py ROUNDS [NAME …]

prints quotients of CPU times as JSON: of each job by the yardstick, and of a job with more samples by the same with
fewer.  `compare.py` calls it, with one thread of BLAS.  Each job does one thing and returns a number that comes out.
"""

import json
import sys
import tempfile
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from cases import REG, space, spiral
from scipy.linalg import cho_factor, cho_solve

import geomnn as gm


def yardstick():
    """Work that no change of the package makes longer: matrix products, small Cholesky solves, a loop of Python."""
    matrix, total = np.random.default_rng(0).normal(size=(200, 200)), Fraction(0)
    for _ in range(20):
        product = matrix @ matrix.T
    small = product[:30, :30] + np.eye(30)
    for _ in range(600):
        small[0] = small[:, 0] = cho_solve(cho_factor(small), small[0]) + small[0]
    for k in range(1, 15_000):
        total += Fraction(1, 2 + k % 7)
    return float(total) + small[0, 0]


def cloud(n, d=2):
    """Gaussian samples and a smooth target of their first two features."""
    X = np.random.default_rng(0).normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + X[:, 1]


def line(n=400):
    x = np.linspace(-3.0, 3.0, n)[:, None]
    return gm.derive(x, np.sin(3 * x[:, 0]) + cloud(n)[0][:, 0] / 10, reg=0.1).objective


def plane(n=80):
    return gm.derive(*spiral(n), reg=REG).objective


def plane_euclidean(n=80):
    return gm.derive(*spiral(n), reg=REG, norm=2).objective


def three_features(n=50):
    return gm.derive(*space(n), reg=0.1).objective


def logistic():
    X, y = cloud(60)
    return gm.derive(X, np.sign(y), reg=0.1, loss="logistic").objective


def softmax():
    X, y = cloud(25)
    return gm.derive(X, np.eye(3)[np.digitize(y, [-0.7, 0.7])], reg=0.3, loss="softmax").objective


def vector_outputs():
    X, y = cloud(60)
    return gm.derive(X, np.column_stack([y, X[:, 0] * X[:, 1]]), reg=0.3).objective


def exact():
    X, y = cloud(60)
    return float(gm.derive(X.round(2), y.round(2), reg=0.1, exact=True).objective)


def local():
    return gm.derive(*cloud(40, 5), reg=2.0, dictionary="local").objective


def local_euclidean():
    return gm.derive(*cloud(40, 5), reg=2.0, norm=2, dictionary="local").objective


def three_layers():
    X, y = cloud(4)
    return gm.derive(X, y, reg=0.05, depth=3).objective


def path(n=40):
    return float(np.sum(gm.path(*gm.datasets.peaks(n)).kinks))


def grid():
    return sum(solution.objective for solution in gm.grid(*cloud(60), np.geomspace(3.0, 0.01, 10)))


def regressor():
    X, y = cloud(80)
    return gm.WedgeRegressor(reg=0.1).fit(X, y).score(X, y)


def rewriting():
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(20, 6)), rng.normal(size=20)), (rng.normal(size=(1, 20)), rng.normal(size=1))]
    return gm.rewrite(layers, cloud(80, 6)[0]).cost_after


@cache
def derived():
    """A network that others work on: it is derived in their first call, which is not counted."""
    return gm.derive(*spiral(240), reg=REG).network


def stored():
    """Save, load, and call with many rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.json"
        derived().save(file)
        return float(np.sum(gm.AnalyticNetwork.load(file)(cloud(2_000)[0])))


def written():
    """The network as text, LaTeX and HTML."""
    network, rows = derived(), len(derived())
    return sum(map(len, (str(network), network.to_latex(terms=rows), network.to_html(rows=rows))))


JOBS = (
    line,
    plane,
    plane_euclidean,
    three_features,
    logistic,
    softmax,
    vector_outputs,
    exact,
    local,
    local_euclidean,
    three_layers,
    path,
    grid,
    regressor,
    rewriting,
    stored,
    written,
)
TWICE = (line, plane, plane_euclidean, three_features, path)  # with twice as many samples, too


def growing(job):
    """(name, (the job with twice as many samples, the job))."""
    (n,) = job.__defaults__
    return f"{job.__name__}, {n} to {2 * n} samples", (partial(job, 2 * n), job)


RATIOS = {job.__name__: (job, yardstick) for job in JOBS}
GROWTH = dict(map(growing, TWICE))


def measured(pairs, rounds):
    """By name, the median over interleaved rounds of CPU time of the first of a pair by that of the second, which runs
    before and after it: what else the machine does then slows both.  First calls, which compile, are not counted."""
    for pair in pairs.values():
        for work in pair:
            work()
    quotients = {name: [] for name in pairs}
    for _ in range(rounds):
        for name, (over, under) in pairs.items():
            before, during, after = (_cpu(work) for work in (under, over, under))
            quotients[name].append(2 * during / (before + after))
    return {name: median(values) for name, values in quotients.items()}


def _cpu(work):
    began = process_time()
    work()
    return process_time() - began


if __name__ == "__main__":
    every = {**RATIOS, **GROWTH}
    print(json.dumps(measured({name: every[name] for name in sys.argv[2:] or every}, int(sys.argv[1]))))
