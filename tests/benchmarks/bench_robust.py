"""Robust training: how far the three programs close, in which order they are, and what that takes.

    python tests/benchmarks/bench_robust.py [problems]
    python tests/benchmarks/bench_robust.py overlaps

Random problems of one and two features and at most ten samples, with boxes, the exact program also with discs, and all
three losses in turn. The second is about problem 3, which does not close: the same with neurons whose lines miss where
boxes of different targets overlap.
"""

import sys
import time
import warnings
from functools import partial

import numpy as np

import geomnn as gm
from geomnn.dictionaries.base import Pricing
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
    rounds, minimised = [], saddle.minimised

    def counted(*arguments):
        rounds[-1] += 1
        return minimised(*arguments)

    saddle.minimised = counted
    asked = {"exact": {}, "sum": {}, "noflip": {}, "discs": {"robust": "exact", "ball": 2}}
    gaps = {program: [] for program in asked}
    seconds, below, ties = {program: [] for program in gaps}, 0.0, [0, 0]
    turns = {program: [] for program in gaps}
    for seed in range(count):
        X, y, options = problem(seed)
        found = {}
        for program in gaps:
            rounds.append(0)
            begun = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
                found[program] = gm.derive(
                    X, y, time_limit=60, **({"robust": program} | asked[program]), **options
                )
            seconds[program].append(time.process_time() - begun)
            gaps[program].append(float(found[program].certificate.relative_gap))
            turns[program].append(rounds[-1])
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
            f"{program}: {np.median(turns[program]):.0f} programs in the median, at most {max(turns[program])}"
        )


class Missing:
    """Wedges of two points, or of one and a direction, whose lines miss some boxes, given by their corners."""

    def __init__(self, boxes, points, norm, directions):
        table = points.homogeneous[points.distinct]
        first, second = np.triu_indices(len(table), 1)
        steps = table[second, :2] - table[first, :2]
        across = np.column_stack([-steps[:, 1], steps[:, 0]])
        weights = np.concatenate([across, np.repeat(np.eye(2), len(table), axis=0)])
        through = table[np.concatenate([first, np.arange(len(table)), np.arange(len(table))]), :2]
        size = np.abs(weights).sum(axis=1)
        weights, through = weights[size > 1e-7] / size[size > 1e-7, None], through[size > 1e-7]
        units = np.column_stack([weights, -np.sum(weights * through, axis=1)])
        for corners in boxes:
            at = units @ np.column_stack([corners - points.centre, np.ones(4)]).T
            units = units[(at.min(axis=1) > -1e-9) | (at.max(axis=1) < 1e-9)]
        self._points, self._units, self.count = points, np.concatenate([units, -units]), 2 * len(units)

    def price(self, residual, threshold, limit):
        values = np.abs(self._points.activations(self._units).T @ residual)[:, 0]
        best = np.argsort(-values)[:limit]
        return Pricing(float(values.max()), self._units[best[values[best] > threshold]])


def overlaps(seconds=60, sets=((), ((0, 3),), ((0, 3), (2, 3), (5, 8)))):
    """Problem 3 over all neurons, and over those whose lines miss overlaps of the boxes of some pairs of samples."""
    X, y, options = problem(3)
    usual, whole = saddle.WedgeDictionary, saddle._Search
    for pairs in sets:
        boxes = []
        for i, k in pairs:
            low, high = np.maximum(X[i], X[k]) - options["eps"], np.minimum(X[i], X[k]) + options["eps"]
            boxes.append(np.array([[a, b] for a in (low[0], high[0]) for b in (low[1], high[1])]))

        class Search(whole):
            def __init__(self, *arguments, boxes=boxes):
                super().__init__(*arguments)
                self._add(np.concatenate([np.zeros((0, 2)), *boxes]))
                self.own = len(self.places)

        saddle.WedgeDictionary, saddle._Search = (
            (partial(Missing, boxes), Search) if boxes else (usual, whole)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
            found = gm.derive(X, y, time_limit=seconds, robust="exact", **options)
        c = found.certificate
        said = f"between {c.dual:.6f} and {c.primal:.6f}, {len(found.network)} neurons"
        print(f"lines that miss {pairs or 'nothing'}: {said}", flush=True)
    saddle.WedgeDictionary, saddle._Search = usual, whole


if __name__ == "__main__":
    overlaps() if sys.argv[1:] == ["overlaps"] else main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
