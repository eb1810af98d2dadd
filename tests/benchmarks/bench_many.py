"""60,000 samples of 784 features: ten rounds of column generation, with the time and the peak memory.

python tests/benchmarks/bench_many.py [samples]
"""

import sys
import time
from pathlib import Path

import numpy as np

from geomnn.dictionaries import LocalDictionary
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.programs.search import search

STATUS = Path("/proc/self/status")  # the system's own record, and not that of a process that started this one


def synthetic(n, d=784, ramps=10):
    """A sum of ten ramps of random features, with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = np.maximum(X @ rng.normal(size=(d, ramps)) / np.sqrt(d), 0.0) @ rng.normal(size=ramps)
    return X, y + 0.1 * rng.normal(size=n)


def ten_rounds(n, steps=20):
    """What happened, in a sentence."""
    began = time.perf_counter()
    X, y = synthetic(n)
    problem = pose(X, y, n / 600, 2, True, "squared")
    dictionary = LocalDictionary(problem.samples, 2.0, starts=8, steps=steps)
    constant = problem.residual(np.broadcast_to(problem.constant(), problem.targets.shape))
    posed = time.perf_counter()
    optimum = search(problem, dictionary, Effort(1e-4, progress=True, rounds=10))
    seconds = time.perf_counter() - posed
    peak = next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if "VmHWM" in line) / 2**20
    before = problem.loss.value(constant, np.zeros_like(constant))
    return (
        f"{n:,} samples of {X.shape[1]} features, reg {problem.reg:g}, p = 2, walks of {steps} steps at most: posed in "
        f"{posed - began:.0f} s, ten rounds in {seconds:.0f} s, peak memory {peak:.2f} GiB ({X.nbytes / 2**30:.2f} GiB "
        f"of it the samples); objective {before:.6g} to {optimum.primal:.6g} with {len(optimum.units)} neurons, "
        f"largest |correlation|/reg found {optimum.maximum / problem.reg:.4f}."
    )


if __name__ == "__main__":
    print(ten_rounds(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000))
