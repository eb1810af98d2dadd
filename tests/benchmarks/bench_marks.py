"""(T) after so many CPU seconds of one thread: a gated start that slides, beside L-BFGS and Adam from random weights.

python tests/benchmarks/bench_marks.py              # some four minutes; Adam is of PyTorch, and left out without it

Adam has a batch of 256 and a cosine schedule that ends at the mark, a run for each; what is evaluated is not counted.
The other two have one run, and the best value that they have met by then.
"""

import importlib.util
import time
import warnings

import numpy as np
from bench_large import digits, random_network, synthetic, traced

import geomnn as gm
from geomnn.dictionaries import LocalDictionary
from geomnn.machine import one_blas_thread
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.programs.search import search
from geomnn.programs.slide import slide

MARKS = 1.0, 2.5, 5.0, 10.0
WIDTH, BATCH, RATE = 200, 256, 3e-3


def gated(problem):
    dictionary = LocalDictionary(problem.samples, 2, start="gated")
    with traced(problem.samples.n) as trace, Effort(time_limit=MARKS[-1] + 5).begun() as effort:
        search(problem, dictionary, effort)
    return [trace.best(mark) for mark in MARKS]


def lbfgs(problem):
    with traced(problem.samples.n) as trace, Effort(time_limit=MARKS[-1] + 5).begun() as effort:
        slide(problem, *random_network(problem, WIDTH), 10_000, effort.deadline)
    return [trace.best(mark) for mark in MARKS]


def adam(problem):
    return [_adam(problem, mark) for mark in MARKS]


def _adam(problem, seconds):
    """(T) = ½ ‖y − f‖² + reg/2 Σ (‖w‖² + α²), b and t free, after so many seconds."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    X, y, n = (
        torch.tensor(problem.samples.X).float(),
        torch.tensor(problem.targets).float(),
        problem.samples.n,
    )
    inner, outer = torch.nn.Linear(X.shape[1], WIDTH), torch.nn.Linear(WIDTH, y.shape[1])
    model = torch.nn.Sequential(inner, torch.nn.ReLU(), outer)

    def objective(rows):
        loss = ((model(X[rows]) - y[rows]) ** 2).sum() / 2 * (n / len(rows))
        return loss + problem.reg / 2 * ((inner.weight**2).sum() + (outer.weight**2).sum())

    descent, began, spent = torch.optim.Adam(model.parameters(), RATE), time.process_time(), 0.0
    while spent < seconds:
        for rows in torch.randperm(n).split(BATCH):
            descent.param_groups[0]["lr"] = RATE * (1 + np.cos(np.pi * min(spent / seconds, 1.0))) / 2
            descent.zero_grad()
            objective(rows).backward()
            descent.step()
            spent = time.process_time() - began
            if spent >= seconds:
                break
    with torch.no_grad():
        return float(objective(torch.arange(n)))


WAYS = {"gated start": gated, f"L-BFGS, {WIDTH} random neurons": lbfgs}
if importlib.util.find_spec("torch"):
    WAYS[f"Adam, {WIDTH} random neurons"] = adam
HEAD = ("data", "way", *(f"{mark:g} s" for mark in MARKS))


def rows(name):
    X, y = CASES[name][0]()
    problem = pose(X, y, CASES[name][1], 2, True, "squared").centred()[0]
    with one_blas_thread():
        return [
            (name * (not k), way, *(f"{value:.5g}" for value in run(problem)))
            for k, (way, run) in enumerate(WAYS.items())
        ]


CASES = {
    "digits, even against odd, 1,797 × 64, reg 1": (digits, 1.0),
    "ten ramps with noise, 20,000 × 200, reg 33.3": (lambda: synthetic(20_000, 200), 20_000 / 600),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore", gm.errors.GeomnnWarning)
    gm.derive(np.eye(5), np.arange(5.0), norm=2, dictionary="local")  # compiled
    for name in CASES:
        for row in rows(name):
            print("; ".join(map(": ".join, zip(HEAD, row, strict=True))), flush=True)
