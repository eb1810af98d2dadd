"""Whole solves: the spiral beside CVXPY with Clarabel, its scaled form, space, and the path.

python -m pytest tests/benchmarks/bench_solve.py -s
"""

import pytest
from cases import REG, clarabel, derived, space, spiral, warm_up

import geomnn as gm


@pytest.fixture(autouse=True)
def compiled():
    warm_up()


def report(capsys, words):
    with capsys.disabled():
        print(f"\n{words}")


def test_spiral_beside_clarabel(capsys):
    pytest.importorskip("cvxpy", reason="the comparison needs CVXPY with Clarabel")
    X, y = spiral(160)
    ours, solution = derived(X, y, 7, reg=REG, norm=2, dictionary="wedge")
    theirs, value = clarabel(X, y)
    report(capsys, f"spiral: geomnn {ours:.3f} s, relative gap {solution.certificate.relative_gap:.1e}; Clarabel "
                   f"{theirs:.1f} s; ratio {theirs / ours:.0f}")  # fmt: skip
    assert solution.objective == pytest.approx(0.4034818360, abs=1e-9)
    assert value == pytest.approx(solution.objective, rel=1e-5)


@pytest.mark.parametrize("norm", [1, 2])
def test_a_thousand_samples(norm, capsys):
    taken, solution = derived(*spiral(1000), reg=REG, norm=norm)
    gap = solution.certificate.relative_gap
    report(capsys, f"spiral n = 1000, p = {norm}: {taken:.1f} s, relative gap {gap:.1e}")
    assert abs(gap) <= 1e-9


def test_space(capsys):
    taken, solution = derived(*space(), reg=0.1, norm=1)
    certificate = solution.certificate
    report(capsys, f"d = 3, n = 200, {certificate.count:,} atoms: {taken:.1f} s, relative gap "
                   f"{certificate.relative_gap:.1e}")  # fmt: skip
    assert certificate.coverage.scope == "global"
    assert abs(certificate.relative_gap) <= 1e-9


def test_path(benchmark, capsys):
    X, y = spiral(200)
    path = benchmark.pedantic(gm.path, (X, y), rounds=3)
    report(capsys, f"path, n = 200: {len(path)} kinks in {benchmark.stats['median']:.2f} s")
    assert path.reg_min == pytest.approx(path.reg_max / 1000)
