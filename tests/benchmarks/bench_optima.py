"""Every bound beside the optimum: 200 problems of up to three features whose atoms are all looked at.

python tests/benchmarks/bench_optima.py            # some minutes
python tests/benchmarks/bench_optima.py 1000       # as many problems

Half of the tables are degenerate, of `tests/problems.py`, the others normal numbers or small integers, which tie. The
norms and bias take turns, and every bound is asked that is made for the problem. A bound above the optimum, or a
certificate that is not of all networks, ends it.
"""

import sys
import time
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from problems import degenerate

import geomnn as gm
from geomnn.bounds import BOUNDS
from geomnn.programs.problem import pose

ROUNDING = 1e-9  # relative to the optimum, which is float64 itself
TIGHT = 1e-6  # relative: bounds that are said to be equal to it
SECONDS = 20.0  # of one call


def tables(count):
    """Names, X (n, d) and y (n,), d up to 3."""
    for k in range(count):
        rng = np.random.default_rng(k)
        some = {name: table for name, table in degenerate(k).items() if table[0].shape[1] <= 3}
        if k % 2:
            name = sorted(some)[k // 2 % len(some)]
            yield name, *some[name]
        else:
            n, d = rng.integers(4, 11), 1 + k // 2 % 3
            X = rng.integers(-2, 3, size=(n, d)).astype(float) if k % 4 else rng.normal(size=(n, d))
            yield ("integers" if k % 4 else "normal"), X, rng.normal(size=n)


def main(count=200):
    shares, begun, settings = (
        defaultdict(list),
        time.process_time(),
        list(product((1, 2, np.inf), (True, False))),
    )
    for k, (name, X, y) in enumerate(tables(count)):
        norm, bias = settings[k // 2 % len(settings)]
        reg = (0.3, 0.1, 0.03)[k % 3] * gm.reg_max(X, y, norm=norm, bias=bias) or 0.1
        best = gm.derive(X, y, reg=reg, norm=norm, bias=bias, dictionary="all")
        assert best.certificate.relative_gap <= 1e-8, (name, k)
        for method, kind in BOUNDS.items():
            if kind.unfit(pose(X, y, reg, norm, bias, "squared")):
                continue
            found = gm.derive(
                X, y, reg=reg, norm=norm, bias=bias, dictionary="local", certify=method, time_limit=SECONDS
            ).certificate
            what = f"{method}, {name} (table {k}), norm={norm}, bias={bias}, reg={reg!r}"
            assert (found.coverage.scope, found.coverage.method) == ("global", method), what
            assert 0 <= found.dual <= best.objective * (1 + ROUNDING), what
            assert found.primal >= best.certificate.dual * (1 - ROUNDING), what
            shares[method].append(found.dual / best.objective if best.objective > 0 else 1.0)
    print(f"{count} problems, {time.process_time() - begun:.0f} s of CPU: no bound is above an optimum")
    print(f"{'bound':14} {'problems':>8} {'equal to 1e-6':>14} {'median':>8} {'least':>8}   of the optimum")
    for method, values in shares.items():
        tight = sum(value >= 1 - TIGHT for value in values)
        print(f"{method:14} {len(values):8} {tight:14} {np.median(values):8.4f} {min(values):8.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
