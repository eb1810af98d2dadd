"""All optimal networks and their landscape beside what was asked of them: a row for each figure, asked and measured.

python tests/benchmarks/bench_optimal_sets.py                    # all parts, some minutes of CPU
python tests/benchmarks/bench_optimal_sets.py networks kinks     # some of them
python tests/benchmarks/bench_optimal_sets.py 20 sets            # a tenth of the problems

    stored      ten sets that were computed without the package, as fractions
    sets        vertices, intervals and the fewest neurons by brute force, and intervals of predictions
    networks    (T) of optimal networks, from their weights
    descents    paths down from random and trained networks, of the least width
    components  pieces of the optimal networks of a width by two algorithms, and paths within them
    kinks       the Hausdorff distance of the sets beside kinks of the path in reg, from 2 % to 40 % of reg_max
    times       of the plane with a hundred samples, once compiled

Problems are those of `suite` in `tests/problems.py`: tables of integers, with repeated, collinear and spread rows and
on grids, p = 1 and ∞, with and without bias, reg from 2 % to 40 % of reg_max. What is exact and fails ends it; a figure
in floats that falls short is marked, and then the exit status is 1.
"""

import sys
import time
import warnings
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from optimal_networks import (
    STORED,
    beside,
    check_against_force,
    extreme_weights,
    kinks,
    outside,
    predicted,
    solved,
    value_of,
)
from problems import suite
from test_descent import random_descent, trained_descent
from test_landscape import check_components, check_paths_within, ends, off, test_stored_landscapes
from test_optimal_sets import test_stored_sets_to_the_last_digit

import geomnn as gm

PROBLEMS, PAIRS, KINKS, DESCENTS = 200, 100, 40, 200
TUPLES = 300  # of cells: up to so many, all networks of a width are joined by paths
ROUNDING = 1e-12  # relative, of (T) and of predictions


def problems(count):
    """The optimal sets of the suite."""
    seed = 0
    while count:
        _, X, y, part, norm, bias = suite(seed)
        seed += 1
        if bias or X.any():
            yield gm.optimal_set(solved(X, y, part, norm, bias))
            count -= 1


def stored(share):
    for name in STORED:
        test_stored_sets_to_the_last_digit(name)
        test_stored_landscapes(name)
    yield "stored sets that are equal as fractions", f"= {len(STORED)}", len(STORED)


def sets(share):
    """Random networks within the intervals of predictions, and others at their ends."""
    worst, apart, reached, merging, count = 0.0, 0.0, 0.0, 0, round(share * PROBLEMS)
    for seed, optima in enumerate(problems(count)):
        check_against_force(optima)
        rng, d = np.random.default_rng(seed), optima.solution.problem.samples.d
        points = (2 * rng.normal(size=(3, d))).round(1)
        most, value = outside(optima, points, rng)
        worst, apart, merging = (
            max(worst, most),
            max(apart, value),
            merging + (len(optima.cells) < len(optima.used)),
        )
        optimum = float(optima.solution.objective)
        for x, both in zip(points, optima.predict_interval(points.tolist()).astype(float), strict=True):
            for weights, end in zip(extreme_weights(optima, x), both, strict=True):
                reached = max(reached, abs(predicted(weights, x[None])[0] - end) / (1 + abs(end)))
                apart = max(
                    apart, abs(value_of(weights, optima.solution.problem) - optimum) / (optimum or 1.0)
                )
    yield "problems whose vertices, intervals, costs and fewest are those of brute force", f"= {count}", count
    yield "random optimal networks outside the interval of predictions by", f"<= {ROUNDING}", max(worst, 0.0)
    yield "its ends are reached by other networks, up to", f"<= {ROUNDING}", reached
    yield "(T) of all these from the optimum, relative", f"<= {ROUNDING}", apart


def networks(share):
    """Vertices, fewest, chosen, and corners and eleven inner points of paths."""
    worst, seen, widths = 0.0, 0, True
    for seed, optima in enumerate(problems(round(share * PROBLEMS))):
        rng, corners = np.random.default_rng(seed), optima.vertices()
        some = [*corners, *ends(optima, rng, 2)]
        widths &= all(len(network) <= optima.rank for network in corners)
        for merge in (True, False):
            widths &= len(optima.fewest(merge).network) == optima.fewest(merge).neurons
        widths &= optima.width_range == (min(map(len, corners)), max(map(len, corners)))
        for a, b in pairwise([corners[0], *some[-3:]]):
            path = optima.path(a, b)
            here = [*path.points, *(path(Fraction(k, 12)) for k in range(1, 12))]
            widths &= all(len(network) <= path.width for network in here)
            some += here
        seen, worst = seen + len(some), max(worst, *(off(network, optima) for network in some))
    yield f"(T) of {seen:,} optimal networks from the optimum, relative", f"<= {ROUNDING}", worst
    yield "all of them have the widths that are promised", "= True", widths


def descents(share):
    count, trained = round(share * DESCENTS), max(round(share * 10), 1)
    found = [random_descent(np.random.default_rng(seed), (0.1, 1.0, 3.0)[seed % 3]) for seed in range(count)]
    found += [trained_descent(seed, norm) for seed in range(trained) for norm in (1, np.inf)]
    rises, ends_off = zip(*found, strict=True)
    yield f"largest rise of (T) on {len(found)} ways down, relative", f"<= {ROUNDING}", max(*rises, 0.0)
    yield "their ends from the optimum, relative", "<= 1e-09", max(ends_off)


def components(share):
    pairs, ways, wanted = 0, [(0, 0)], round(share * PAIRS)
    for optima in problems(10 * PROBLEMS):
        if pairs >= wanted:
            break
        if optima.dimension:
            pairs += check_components(optima)
            for width in range(optima.fewest().neurons, optima.rank + 1):
                if width <= 3 and 0 < len(optima.cells) ** width <= TUPLES:
                    ways.append(check_paths_within(optima, width))
    yield "problems and widths whose components are equal by two algorithms", f">= {wanted}", pairs
    seen, apart = np.sum(ways, axis=0)
    yield f"of {seen} pairs with a path exactly if in one component, those in two", ">= 1", apart


def beside_kinks(share):
    worst, seen, wanted = 0.0, 0, round(share * KINKS)
    for seed in range(PROBLEMS):
        _, X, y, _, norm, bias = suite(seed)
        for here, *sides in islice(kinks(X, y, norm, bias), min(2, wanted - seen)):
            seen += 1
            for side in sides:
                worst = max(worst, max(beside(here, side), beside(side, here)) / float(here.cost))
        if seen == wanted:
            break
    yield "kinks", f"= {wanted}", seen
    yield "Hausdorff distance to the set at reg (1 ± 1e-6) over Σ a_u", "<= 0.0001", worst


def times(share):
    X, y = gm.datasets.peaks(100)
    points = np.random.default_rng(0).uniform(X.min(axis=0), X.max(axis=0), size=(100, X.shape[1])).round(2)
    for exact, asked in ((True, 5), (False, 2)):
        solution = gm.derive(X, y, reg=Fraction(1, 10), exact=exact)
        words = "exact" if exact else "float64"
        begun = time.process_time()
        optima = gm.optimal_set(solution)
        count = len(optima.neurons)
        yield (
            f"CPU seconds of all {count} intervals of peaks(100), {words}",
            f"<= {asked}",
            time.process_time() - begun,
        )
        begun = time.process_time()
        optima.predict_interval(points)
        yield f"CPU seconds of 100 intervals of predictions, {words}", "<= 20", time.process_time() - begun


PARTS = {part.__name__: part for part in (stored, sets, networks, descents, components, times)} | {
    "kinks": beside_kinks
}


def main(words):
    share = next((int(word) / PROBLEMS for word in words if word.isdigit()), 1.0)
    names = [word for word in words if not word.isdigit()] or list(PARTS)
    if unknown := set(names) - set(PARTS):
        sys.exit(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}.")
    warnings.simplefilter("ignore", gm.errors.ConstantNetworkWarning)
    short, begun = 0, time.process_time()
    print(f"{'':80} {'asked':>10} {'measured':>12}")
    for name in names:
        since = time.process_time()
        for what, asked, measured in PARTS[name](share):
            sense, number = asked.split()
            kept = {"=": str(measured) == number, ">=": measured >= float(number) if number != "True" else measured,
                    "<=": measured <= float(number) if number != "True" else measured}[sense]  # fmt: skip
            short += not kept
            print(f"{what:80} {asked:>10} {measured:>12.4g}{'' if kept else '  FALLS SHORT'}", flush=True)
        print(f"    {name}: {time.process_time() - since:.1f} s of CPU", flush=True)
    print(f"{time.process_time() - begun:.0f} s of CPU; {short or 'no'} figures fall short")
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
