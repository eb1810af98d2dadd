"""Robust training: how far the three programs close, in which order they are, and what that takes.

    python tests/benchmarks/bench_robust.py [problems]

Random problems of one and two features and at most ten samples, with boxes, the exact program also with discs, and all
three losses in turn. Each has half an hour, of which the boxes of problem 3 take a good part, and all others little.
"""

import sys
import time
import warnings

import numpy as np

import geomnn as gm
from geomnn.robust import saddle


def problem(seed):
    """Samples, signs and options."""
    random = np.random.default_rng(seed)
    d, n = 1 + seed % 2, int(random.integers(4, 11))
    X = random.uniform(-1, 1, size=(n, d)).round(3)
    y = np.where(X[:, 0] * X[:, -1] ** (d - 1) + 0.2 * random.normal(size=n) > 0, 1.0, -1.0)
    y[:2] = 1.0, -1.0
    loss = ("hinge", "squared", "logistic")[seed // 2 % 3]
    return (
        X,
        y,
        {"reg": float(10 ** random.uniform(-2, -0.5)), "eps": float(random.uniform(0.02, 0.4)), "loss": loss},
    )


def main(count):
    programs, rounds, minimised, search = [], [], saddle.minimised, saddle.Saddle.of

    def counted(*arguments):
        programs[-1] += 1
        return minimised(*arguments)

    def followed(*arguments):
        found = search(*arguments)
        rounds[-1] = found.rounds
        return found

    saddle.minimised, saddle.Saddle.of = counted, followed
    asked = {
        "exact": {"time_limit": 1800},
        "sum": {},
        "noflip": {},
        "discs": {"robust": "exact", "ball": 2, "time_limit": 1800},
    }
    gaps = {program: [] for program in asked}
    seconds, below, ties = {program: [] for program in gaps}, 0.0, [0, 0]
    solved, sought = ({program: [] for program in gaps} for _ in range(2))
    for seed in range(count):
        X, y, options = problem(seed)
        found = {}
        for program in gaps:
            programs.append(0)
            rounds.append(0)
            begun = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
                found[program] = gm.derive(X, y, **({"robust": program} | asked[program]), **options)
            seconds[program].append(time.process_time() - begun)
            gaps[program].append(float(found[program].certificate.relative_gap))
            solved[program].append(programs[-1])
            sought[program].append(rounds[-1])
        told = (f"{program} {gaps[program][-1]:.0e} in {seconds[program][-1]:.1f} CPU s" for program in gaps)
        print(f"problem {seed}: {', '.join(told)}", flush=True)
        exact, sums, no_flip = (found[program].objective for program in ("exact", "sum", "noflip"))
        below = max(below, *((found["exact"].certificate.dual - other) / exact for other in (sums, no_flip)))
        ties[0] += sums < no_flip * (1 - 1e-6)
        ties[1] += no_flip < sums * (1 - 1e-6)
    print(f"{count} problems; exact above another by at most {max(below, 0):.1e}, relative")
    print(f"sum is the better bound in {ties[0]}, noflip in {ties[1]}")
    for program, gap in gaps.items():
        print(
            f"{program}: gap at most {max(gap):.1e}, {np.sum(np.array(gap) > 1e-6)} above 1e-6; "
            f"median {np.median(seconds[program]):.2f} CPU s, at most {max(seconds[program]):.2f}"
        )
    for program in ("exact", "discs"):
        print(
            f"{program}: {np.median(sought[program]):.0f} rounds in the median, at most {max(sought[program])}; "
            f"{np.median(solved[program]):.0f} programs, at most {max(solved[program])}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
