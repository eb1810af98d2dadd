"""Large tables: as ratios in one run, what was asked in brackets, in CPU seconds of one thread.

python tests/benchmarks/bench_large.py [starts digits sums walks names]     # all of these, some four minutes
python tests/benchmarks/bench_large.py deep                                 # blocks, by rows or not, some minutes
python tests/benchmarks/bench_large.py many                                 # 60,000 × 784, some twenty minutes
python tests/benchmarks/bench_large.py broad                                # 20 and 5,000 × 2,000, some two minutes
python tests/benchmarks/bench_large.py million FOLDER [SECONDS]             # 1,000,000 × 54 on disk, with a time limit
"""

import sys
import threading
import time
import warnings
from contextlib import contextmanager
from inspect import getclosurevars
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import geomnn as gm
from geomnn.blocks import training
from geomnn.deadline import NEVER
from geomnn.dictionaries import LocalDictionary
from geomnn.dictionaries.canonical import name_error
from geomnn.machine import one_blas_thread
from geomnn.programs import slide as sliding
from geomnn.programs.effort import Effort
from geomnn.programs.flats import slide_on_flats
from geomnn.programs.gated import gated_network, random_units
from geomnn.programs.problem import pose
from geomnn.programs.search import search
from geomnn.programs.slide import slide
from geomnn.rows import Sums, ascend
from geomnn.samples import Samples

STATUS = Path("/proc/self/status")


def synthetic(n, d, ramps=10):
    """A sum of ramps of random features, with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = np.maximum(X @ rng.normal(size=(d, ramps)) / np.sqrt(d), 0.0) @ rng.normal(size=ramps)
    return X.astype(np.float32), y + 0.1 * rng.normal(size=n)


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, np.where(y % 2 == 0, 1.0, -1.0)


class Trace:
    """CPU seconds at which the value of (T) in a slide was first as low as some number."""

    def __init__(self):
        self._began, self.seen = time.process_time(), []

    def seconds(self):
        return time.process_time() - self._began

    def reached(self, value):
        """Seconds until then; infinite if it never was."""
        return min((when for when, what in self.seen if what <= value), default=np.inf)

    def best(self, seconds):
        """The least value until then; infinite if there is none."""
        return min((what for when, what in self.seen if when <= seconds), default=np.inf)


@contextmanager
def traced(rows):
    """All values over so many rows that L-BFGS meets, with the seconds since: not those of a start on some of them."""
    trace, minimise = Trace(), sliding.minimize

    def minimised(objective, *arguments, **options):
        whole = len(getclosurevars(objective).nonlocals["problem"].targets) == rows

        def kept(theta):
            found = objective(theta)
            if whole:
                trace.seen.append((trace.seconds(), found[0]))
            return found

        return minimise(kept, *arguments, **options)

    sliding.minimize = minimised
    try:
        yield trace
    finally:
        sliding.minimize = minimise


def random_network(problem, width):
    rng = np.random.default_rng(0)
    units = random_units(problem.samples, width, rng)
    return units, rng.standard_normal((width, 1)) / np.sqrt(width), problem.constant()


def starts():
    """To 380 from gates in float32, to 440 from random weights in float64."""
    X, y = synthetic(20_000, 200)
    problem = pose(X, y, len(X) / 600, 2, True, "squared").centred()[0]
    with traced(len(X)) as ours, Effort(time_limit=30).begun() as effort:
        search(problem, LocalDictionary(problem.samples, 2, start="gated"), effort)
    with traced(len(X)) as peer, one_blas_thread(), Effort(time_limit=120).begun() as begun:
        slide(problem, *random_network(problem, 200), 10_000, begun.deadline, memory=10)
    first, second = ours.reached(380), peer.reached(440)
    times = f"380 from gates after {first:.1f} s, 440 by L-BFGS after {second:.1f} s"
    return f"20,000 × 200: {times}: {first / second:.2f} (0.25)"


def digits_beside_walks():
    """Digits beside eight rounds of walks."""
    problem = pose(*digits(), 1.0, 2, True, "squared").centred()[0]
    with traced(problem.samples.n) as ours:
        found = search(problem, LocalDictionary(problem.samples, 2, start="gated"))
        seconds = ours.seconds()
    began = time.process_time()
    walked = search(problem, LocalDictionary(problem.samples, 2, start="walks"), Effort(rounds=8))
    whole = time.process_time() - began
    marks = [ours.reached(value) for value in (25.0, 24.0)]
    return (
        f"Digits: eight rounds of walks {whole:.1f} s to {walked.primal:.3f}; 25.0 after {marks[0]:.1f} s: "
        f"{marks[0] / whole:.3f} (0.2), 24.0 after {marks[1]:.1f} s: {marks[1] / whole:.3f} (0.5); named and stated "
        f"after {seconds:.1f} s at {found.primal:.3f}, correlation {found.maximum:.3f} of reg against "
        f"{walked.maximum:.3f}"
    )


def sums(folder="/tmp"):
    """Precision, blocks, memory map."""
    X, y = synthetic(100_000, 200)
    place = Path(folder) / "geomnn_bench.npy"
    np.save(place, X)
    try:
        units = random_units(Samples(X[:100], True), 100, np.random.default_rng(0))
        units[:, -1] += 1e-3  # off the samples they pass through, where the gradient jumps
        at = units, np.ones((100, 1)) / 10, np.zeros(1)
        loss, targets = gm.losses.SquaredLoss(), y[:, None]

        def summed(table, precision="float32", size=8192):
            kind = Sums(gm.Rows(table).samples(), precision, block_rows=size)
            began = time.process_time()
            value, slope, *_ = kind.value_gradient(loss, targets, *at)
            return value, slope, time.process_time() - began

        exact = summed(X, "float64")
        parts = []
        for name, other in (("float32", summed(X)), ("blocks of 1,024", summed(X, size=1024)),
                            ("of all rows", summed(X, size=len(X)))):  # fmt: skip
            off = np.linalg.norm(other[1] - exact[1]) / np.linalg.norm(exact[1])
            parts.append(f"{name} off by {abs(other[0] / exact[0] - 1):.0e} and {off:.0e}")
        stored = np.load(place, mmap_mode="r")
        ratio = np.median([summed(stored)[2] / summed(X)[2] for _ in range(5)])
    finally:
        place.unlink()
    return f"100,000 × 200: value and gradient in {', '.join(parts)} (1e-6); memory map by memory {ratio:.2f} (1.3)"


def walks():
    """Walks in all rows at once, beside those to named atoms."""
    X, y = synthetic(20_000, 200)
    samples, v = Samples(X, True), (y - y.mean())[:, None]
    beginnings = np.random.default_rng(0).standard_normal((32, 200))
    with one_blas_thread():
        began = time.process_time()
        ends = ascend(Sums(samples), v, beginnings, 20, NEVER)
        seconds = time.process_time() - began
        heights = np.abs(v.T @ samples.activations(ends))[0]
        began = time.process_time()
        other = LocalDictionary(samples, 2, starts=32, steps=20, start="walks").price(v, np.inf, 1).maximum
    top = heights.max()
    return (
        f"20,000 × 200: {np.sum(heights >= top * (1 - 1e-3))} of 32 walks within 1e-3 of the largest (16) in "
        f"{seconds:.2f} s; it is {top / other - 1:+.0e} of that of walks to named atoms (1e-4), "
        f"{time.process_time() - began:.1f} s"
    )


def names():
    """Names, what is stated of the network, and fresh walks."""
    X, y = digits()
    problem = pose(X, y, 1.0, 2, True, "squared").centred()[0]
    work, exact = Sums(problem.samples), Sums(problem.samples, "float64")
    with one_blas_thread():
        gates = random_units(problem.samples, 25, np.random.default_rng(0))
        slid = slide(problem, *gated_network(problem, work, gates, problem.constant(), NEVER), 400, sums=work)
        before = problem.convex_objective(problem.samples.activations(slid[0]), *slid[1:])
        units, z, t = slide_on_flats(problem, exact, *slid, NEVER)
        after = problem.convex_objective(problem.samples.activations(units), z, t)
        v = problem.residual(problem.samples.predict(units, z) + t)
        atoms = [LocalDictionary(problem.samples, 2).name(unit, v) for unit in units]
        off = np.array([name_error(problem.samples, atom, v) for atom in atoms])
    solution = gm.derive(X, y, 1.0, norm=2)
    (inner, biases), (outer, shift) = solution.network.layers
    hidden = np.maximum(X @ inner.T + biases, 0.0)
    value = (
        np.sum((hidden @ outer.T + shift - y[:, None]) ** 2) / 2 + (np.sum(inner**2) + np.sum(outer**2)) / 2
    )
    fresh = LocalDictionary(Samples(X, True), 2, starts=256, seed=7, start="walks")
    again = fresh.price(solution.dual[:, None], np.inf, 1).maximum
    stated = solution.certificate.largest_correlation
    return (
        f"Digits: {len(units)} neurons of 25 gates: {np.mean(off <= 1e-6):.0%} of names exact, (T) "
        f"{after - before:+.3f} after flats; derive: {len(solution.network)} neurons, "
        f"{solution.certificate.named:.0%} named, (T) of its "
        f"layers off by {abs(value / solution.objective - 1):.0e} (1e-9), correlation stated {stated:.4f}, 256 fresh "
        f"walks {again:.4f}: {again / stated:.3f} (1.05)"
    )


def many():
    """60,000 × 784, beside ten rounds of walks."""
    X, y = synthetic(60_000, 784)
    before = _resident()
    with traced(len(X)) as ours, Peak() as peak:
        solution = gm.derive(X, y, reg=100, norm=2, time_limit=600)
    first, seconds = ours.reached(900), ours.seconds()
    problem = pose(X, y, 100, 2, True, "squared").centred()[0]
    began = time.process_time()
    walked = search(
        problem,
        LocalDictionary(problem.samples, 2, starts=8, steps=20, start="walks"),
        Effort(1e-4, rounds=10),
    )
    whole = time.process_time() - began
    return (
        f"60,000 × 784: 900 after {first:.0f} s, ten rounds of walks {whole:.0f} s to {walked.primal:.1f}: "
        f"{first / whole:.2f} (0.2); {solution.objective:.1f} after {seconds:.0f} s, memory beside the table "
        f"{peak.gib - before:.2f} GiB "
        "(0.6)"
    )


def broad():
    """Tables with more features than rows, and with as good as as many."""
    said = []
    for n, d in ((20, 2000), (5000, 2000)):
        X, y = synthetic(n, d)
        began = time.process_time()
        found = gm.derive(
            X, y, n / 120, norm=2, dictionary=LocalDictionary(Samples(X, True), 2, start="gated")
        )
        c = found.certificate
        said.append(
            f"{n:,} × {d:,}: (T) {found.objective:.6g} after {time.process_time() - began:.0f} s, "
            f"{len(found.network)} neurons, {c.named:.0%} named, largest correlation {c.largest_correlation:.4f}"
        )
    return "; ".join(said)


def _resident():
    """GiB of memory that is not of a file."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if "RssAnon" in line) / 2**20


class Peak:
    """The most memory that is not of a file, looked at every twentieth of a second."""

    def __enter__(self):
        self.gib, self._over = _resident(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self):
        while not self._over.wait(0.05):
            self.gib = max(self.gib, _resident())

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def million(folder, seconds=None, n=1_000_000, d=54, stages=10):
    """A table on disk: each sum beside the same in memory, and ten stages with their certificate."""
    place = Path(folder) / "geomnn_million.npy"
    stored = np.lib.format.open_memmap(place, "w+", np.float32, (n, d))
    rng, y = np.random.default_rng(0), np.zeros(n)
    ramps, outer = rng.normal(size=(d, 10)) / np.sqrt(d), rng.normal(size=10)
    for first in range(0, n, 50_000):
        part = slice(first, first + 50_000)
        stored[part] = rng.standard_normal((len(stored[part]), d), dtype=np.float32)
        y[part] = np.maximum(stored[part] @ ramps, 0.0) @ outer + 0.1 * rng.normal(size=len(stored[part]))
    stored.flush()
    del stored
    try:
        table = np.load(place, mmap_mode="r")
        said = []
        with Peak() as peak:
            began = time.process_time()
            rows = gm.Rows(table, y)
            read = time.process_time() - began
            dictionary = LocalDictionary(rows.samples(), 2, rounds=stages)
            solution = gm.derive(rows, reg=n / 600, norm=2, dictionary=dictionary, time_limit=seconds)
        c, cut = solution.certificate, ", cut short" * solution.certificate.stopped
        said.append(
            f"1,000,000 × 54 on disk: looked at in {read:.1f} s, {stages} stages at most{cut} and names in "
            f"{time.process_time() - began:.0f} s: (T) {solution.objective:.1f}, {len(solution.network)} neurons, "
            f"{c.named:.0%} named, largest correlation {c.largest_correlation:.4f}; memory beside the file "
            f"{peak.gib:.2f} GiB (1)"
        )
        memory = np.array(table)
        units = random_units(rows.samples(), 100, rng)
        loss, targets, alpha = solution.problem.loss, y[:, None], np.ones((100, 1))
        work = {"K1": lambda s: s.value_gradient(loss, targets, units, alpha, np.zeros(1)),
                "K2": lambda s: s.correlate(units, targets, alpha),
                "K3": lambda s: s.gram(units, targets)}  # fmt: skip
        for name, job in work.items():
            times = []
            for given in (table, memory):
                kind = Sums(gm.Rows(given).samples(), "float32")
                job(kind)
                began = time.process_time()
                job(kind)
                times.append(time.process_time() - began)
            said.append(
                f"{name} {times[0]:.2f} s, in memory {times[1]:.2f} s: {times[0] / times[1]:.2f} (1.3)"
            )
        return "; ".join(said)
    finally:
        place.unlink()


class Fresh(training._ByRows):
    """As `train_blocks` with norm=2, but each last block is searched anew."""

    _searched = property(lambda _: False, lambda *_: None)


def deep(seconds=20):
    """Sequential blocks: wedges in memory, by rows with last blocks searched anew or not, and a few rows a step."""
    kinds = {
        "norm 1, in memory": {"norm": 1},
        "norm 2, last blocks anew": {"norm": 2, "kind": Fresh},
        "norm 2": {"norm": 2},
        "norm 2, 64 rows a step": {"norm": 2, "minibatch": 64},
    }
    names = list(kinds)
    tables = {
        "synthetic 200 × 3": (*synthetic(200, 3), 200 / 600, 3, 200, names),
        # rounding tells too few samples apart for norm=1
        "digits": (*digits(), 1.0, 3, 200, names[1:]),
        "synthetic 200,000 × 50": (*synthetic(200_000, 50), 200_000 / 600, 1, 20, names[2:]),
    }
    usual = training._ByRows
    for table, (X, y, reg, rounds, steps, some) in tables.items():
        for name in some:
            options = dict(kinds[name])
            training._ByRows = options.pop("kind", usual)
            given, began = X if options["norm"] == 1 else gm.Rows(X, y), time.process_time()
            with one_blas_thread():
                found = gm.train_blocks(
                    given, y, widths=(8,), reg=reg, rounds=rounds, steps=steps, time_limit=seconds, **options
                )
            spent = time.process_time() - began
            stages = [value for step, value in found.history if "last" in step]
            print(
                f"{table}, {name}: {spent:.1f} s to {found.objective:.5g}, squared loss "
                f"{np.sum((found(X) - y) ** 2) / 2:.4g}; after last blocks {', '.join(f'{v:.5g}' for v in stages)}",
                flush=True,
            )
    training._ByRows = usual
    return "objectives of norm=1 and norm=2 are not of one penalty"


PARTS = {"starts": starts, "digits": digits_beside_walks, "sums": sums, "walks": walks, "names": names}

if __name__ == "__main__":
    warnings.simplefilter("ignore", gm.errors.GeomnnWarning)
    gm.derive(np.eye(5), np.arange(5.0), norm=2, dictionary="local")  # compiled
    asked = sys.argv[1:]
    if asked[:1] == ["million"]:
        print(million(asked[1], *map(float, asked[2:])))
    elif asked in (["many"], ["deep"], ["broad"]):
        print({"many": many, "deep": deep, "broad": broad}[asked[0]]())
    else:
        for part in asked or PARTS:
            print(PARTS[part](), flush=True)
