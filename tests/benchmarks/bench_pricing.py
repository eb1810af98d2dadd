"""How fast all atoms are priced, and how much faster than by a dense matrix.

python -m pytest tests/benchmarks/bench_pricing.py -s
"""

import pytest
from cases import alone, dense_seconds, planar, residual, sweep_seconds


@pytest.mark.parametrize("norm", [1.0, 2.0])
@pytest.mark.parametrize("n", [1000, 4000])
def test_sweep(n, norm, benchmark, capsys):
    dictionary, v = planar(n, norm), residual(n)
    answer = benchmark.pedantic(dictionary.price, (v, float("inf"), 1), rounds=15, warmup_rounds=1)
    what = "arcs" if norm == 2 else "atoms"
    with capsys.disabled():
        print(
            f"\nn = {n}: {n * (n - 1) / benchmark.stats['median'] / 1e6:.0f} million {what}/s (p = {norm:g})"
        )
    assert answer.maximum > 0


def test_sweep_beside_the_dense_matrix(capsys):
    ours, (product, both) = sweep_seconds(planar(1000, 1.0)), dense_seconds(1000)
    with capsys.disabled():
        print(f"\nsweep {1e3 * ours:.2f} ms; dense product {1e3 * product:.0f} ms, ratio {product / ours:.0f}; "
              f"with its activations {1e3 * both:.0f} ms, ratio {both / ours:.0f}")  # fmt: skip
    assert ours > 0


def test_memory_of_four_thousand_samples(capsys):
    said, peak = alone("sweep_seconds(planar(4000, 2.0))")
    with capsys.disabled():
        print(f"\nn = 4000: {peak / 2**20:.0f} MiB for the whole process, {float(said):.3f} s a sweep")
    assert peak > 0
