"""Exact solves and their checks: the reference problems, n = 80 in the plane, the spiral, and the proofs.

python -m pytest tests/benchmarks/bench_exact.py -s
"""

import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from cases import spiral, warm_up
from problems import references

import geomnn as gm


@pytest.fixture(autouse=True)
def compiled():
    warm_up()


def report(capsys, words):
    with capsys.disabled():
        print(f"\n{words}")


def solved(X, y, **options):
    """(seconds to solve, seconds to write and verify, the solution)."""
    start = time.perf_counter()
    solution = gm.derive(X, y, exact=True, **options)
    between = time.perf_counter()
    words = gm.exact.verify(gm.exact.certificate_document(solution), X, y)
    assert words[-1] == solution.certificate.statement()
    assert solution.certificate.gap == 0
    return between - start, time.perf_counter() - between, solution


def test_reference_problems(capsys):
    total, worst, count = 0.0, 0.0, 0
    for X, y, options, norm, optimum in references():
        if options["loss"] == "squared" and norm != 2:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                solving, checking, solution = solved(X, y, norm=norm, **options)
            total, count = total + solving + checking, count + 1
            worst = max(worst, abs(float(solution.objective) / optimum - 1))
    report(capsys, f"{count} reference problems, p = 1 and inf: {total:.1f} s to solve and verify, largest relative "
                   f"difference {worst:.1e}")  # fmt: skip
    assert worst < 1e-7


@pytest.mark.parametrize("n", [80, 160])
@pytest.mark.parametrize("kind", ["spiral", "random"])
def test_the_plane(kind, n, capsys):
    if kind == "spiral":
        (X, y), reg = spiral(n), 5e-4
    else:
        rng = np.random.default_rng(n)
        X, y, reg = rng.normal(size=(n, 2)), rng.normal(size=n), 0.02
    solving, checking, solution = solved(np.round(X, 4), np.round(y, 4), reg=reg)
    size = f"{len(solution.network)} neurons, {solution.objective.denominator.bit_length():,} bits"
    report(capsys, f"{kind} n = {n}, p = 1, four decimals: solved in {solving:.2f} s, verified in {checking:.2f} s "
                   f"({solution.certificate.count:,} atoms, {size})")  # fmt: skip


def test_space_and_roots(capsys):
    rng = np.random.default_rng(0)
    X, y = np.round(rng.normal(size=(30, 3)), 2), np.round(rng.normal(size=30), 2)
    roots = {"norm": 2, "dictionary": "wedge"}
    for what, table, options in (("d = 3, p = 1", X, {"norm": 1}), ("d = 2, p = 2, wedges", X[:, :2], roots)):
        solving, checking, solution = solved(table, y, reg=0.05, **options)
        report(capsys, f"n = 30, {what}: solved in {solving:.2f} s, verified in {checking:.2f} s "
                       f"({solution.certificate.count:,} atoms)")  # fmt: skip


def test_all_proofs(capsys):
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "proofs"], capture_output=True, text=True, check=True)
    report(
        capsys,
        f"python -m proofs: {time.perf_counter() - start:.0f} s, {done.stdout.strip().splitlines()[-1]}",
    )
