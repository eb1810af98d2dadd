"""The spiral of Wang et al. (n = 160, 25,440 wedge atoms, p = 2, reg = 5e-4) beside CVXPY with Clarabel.

    python -m pytest tests/benchmarks/bench_spiral.py -s

prints both times of one run, their ratio and both objectives.  Clarabel gets the dense feature matrix, whose
forming is not counted; geomnn's time is all of `derive`, the dictionary included.
"""

import time
from statistics import median

import numpy as np
import pytest
from problems import objective, spiral

import geomnn as gm
from geomnn.dictionaries import WedgeDictionary
from geomnn.samples import Samples

REG = 5e-4


def clarabel(X, y):
    """The same program on the dense matrix, and its value."""
    cp = pytest.importorskip("cvxpy", reason="the comparison needs CVXPY with Clarabel")
    samples = Samples(X, True)
    units = np.concatenate(list(WedgeDictionary(samples, 2.0, directions=False).units()))
    units = np.concatenate([units, -units])
    features = samples.features(units)
    z, t = cp.Variable(len(units)), cp.Variable()
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(features @ z + t - y) + REG * cp.norm1(z)))
    start = time.perf_counter()
    problem.solve(solver=cp.CLARABEL)
    return time.perf_counter() - start, problem.value


def test_spiral_beside_clarabel(capsys):
    X, y = spiral()
    gm.derive(X[::8], y[::8], reg=REG, norm=2, dictionary="wedge")  # imports
    times = []
    for _ in range(5):
        start = time.perf_counter()
        solution = gm.derive(X, y, reg=REG, norm=2, dictionary="wedge")
        times.append(time.perf_counter() - start)
    theirs, value = clarabel(X, y)
    ours = median(times)
    with capsys.disabled():
        print(f"\ngeomnn    {ours:7.2f} s  {objective(solution, X, y, REG, 2):.10f}  {len(solution.network)} neurons, "
              f"relative gap {solution.certificate.relative_gap:.1e}")  # fmt: skip
        print(f"Clarabel  {theirs:7.2f} s  {value:.10f}\nratio     {theirs / ours:7.1f}")
    assert solution.objective == pytest.approx(0.4034818360, abs=1e-9)
    assert value == pytest.approx(solution.objective, rel=1e-5)
