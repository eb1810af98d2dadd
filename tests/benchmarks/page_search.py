"""Measure searches in one run and write docs/benchmarks/search.md.

    python tests/benchmarks/page_search.py

takes some four hours on two cores; nothing else should run meanwhile.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_marks
import numpy as np
import sklearn
from bench_accuracy import DATA, HEAD, nested
from bench_local import beside, known
from cases import breast_cancer, diabetes
from page import DOCS, table
from threadpoolctl import threadpool_limits

import geomnn as gm
from geomnn.dictionaries import SampledDictionary
from geomnn.samples import Samples


def exactness():
    off, seconds = known()
    return (
        f"On 40 random problems with 8 to 14 samples of 3 to 5 features (p = 1, 2, ∞, with and without bias), where "
        f"all atoms can be looked at, the search reaches the global optimum to 1e-6 in **{np.sum(off <= 1e-6)}** and "
        f"is never below it; the largest excess is {max(off.max(), 0.0):.0e}, and all searches and solves take "
        f"{seconds:.0f} s.\n"
    )


def training():
    rows = []
    for name, case in (
        ("breast cancer, 569 × 31, reg 1", breast_cancer),
        ("diabetes, 442 × 11, reg 5", diabetes),
    ):
        values, allowed, ours = beside(case)
        three = " / ".join(f"{value:.3f}" for value in sorted(values))
        rows.append((name, "L-BFGS, three starts", f"{allowed:.1f} s", three, "600", "", ""))
        for seconds, solution, again in ours:
            c = solution.certificate
            rows.append(("", "geomnn", f"{seconds:.1f} s", f"{solution.objective:.3f}", len(solution.network),
                         f"{c.largest_correlation:.4f}", f"{again:.4f}"))  # fmt: skip
    head = ("data", "by", "time", "objective", "neurons", "violation", "from 1,024 other starts")
    return table(head, rows)


def accuracy():
    with threadpool_limits(1):
        return table(HEAD, [row for name in DATA for row in nested(name)])


def marks():
    return table(bench_marks.HEAD, [row for name in bench_marks.CASES for row in bench_marks.rows(name)])


def large():
    """What bench_large.py prints, each part in a process of its own, as memory is measured."""
    script, said = Path(__file__).with_name("bench_large.py"), []
    for part in ([], ["many"], ["broad"], ["million", tempfile.gettempdir()]):
        done = subprocess.run(
            [sys.executable, str(script), *part], check=True, stdout=subprocess.PIPE, text=True
        )
        said += done.stdout.splitlines()
    return "".join(f"* {line}\n" for line in said)


def branching():
    rows = []
    for n, d in ((30, 8), (60, 10)):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n, d))
        y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1], 0) + 0.1 * rng.normal(size=n)
        began = time.perf_counter()
        c = gm.derive(X, y, reg=2.0, norm=1, certify="milp").certificate
        rows.append((n, d, f"{time.perf_counter() - began:.1f} s", c.coverage.scope, f"{c.relative_gap:.0e}"))
    return table(("n", "d", "search and bound", "scope", "relative gap"), rows)


def drawing():
    rows = []
    for d in (30, 300, 784):
        samples, cells = Samples(np.random.default_rng(0).normal(size=(1000, d)), True), [d]
        for sketch in (None, 20):
            began = time.perf_counter()
            SampledDictionary(samples, 2.0, sketch=sketch)
            cells.append(f"{time.perf_counter() - began:.2f} s")
        rows.append(cells)
    return table(("d", "wedges of d samples", "sketch of 20 rows"), rows)


PAGE = """# Benchmarks of searches

Measured in one run by

    python tests/benchmarks/page_search.py

on {cores} cores ({machine}, Python {python}, NumPy {numpy}, scikit-learn {sklearn}), wall-clock. How a search goes is
on [its page](../howto/search.md).

## Beside the optimum

{exactness}
## Beside gradient training

p = 2, standardised features with a column of ones, no biases, squared loss; targets ±1, and standardised. The peer is
L-BFGS on (T) with width 200 from three random starts until it converges; geomnn searches with two processes for parts
of the time of all three.

{training}
The violation is the largest |correlation|/reg that the search knows of, once more from 1,024 starts of its own in the
last column. Values that pyscnn came to on the same problems: 25.4 in 206 s and 105.3 in 54 s.

## Objective after some seconds

p = 2, squared loss, CPU seconds of one thread. Adam has a batch of 256 and a cosine schedule that ends at the mark, a
run for each.

{marks}
## Test accuracy

Nested cross-validation, drawn more than once for the smaller two; mean, and the mean of each time or fold.
`WedgeClassifier(rounds=3)` chooses reg by three folds within each; each peer gets the same CPU time to search a grid of
its own (then the same with other random starts) on the same inner folds. All see the same standardised features
(digits: sixteenths), and have one thread. The terrain is made up, like the forest cover table in two classes.

{accuracy}
Differences of one or two samples a fold are chance: a sample is 0.028 (wine), 0.009 (breast cancer), 0.002 (digits) and
0.001 (terrain). pyscnn trains squared loss, from gates alone or with its constraints.

## Large tables

Squared loss, p = 2, CPU seconds of one thread, by `python tests/benchmarks/bench_large.py`; in brackets what was asked
for. The tables are sums of ten ramps with noise, but for digits (even against odd).

{large}
## From a search to a bound

`certify="milp"`, p = 1, reg 2: a sum of two ramps with noise.

{branching}
## Drawing 1,000 wedges

1,000 samples, p = 2, with bias.

{drawing}"""


def main():
    gm.derive(np.eye(3), np.arange(3.0), norm=2, dictionary="local")  # compiled
    parts = {}
    for part in (exactness, training, marks, branching, drawing, large, accuracy):
        parts[part.__name__] = part()
        print(parts[part.__name__], flush=True)  # at once, as the whole takes so long
    page = PAGE.format(
        cores=os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0)),
        machine=platform.machine(), python=platform.python_version(), numpy=np.__version__, sklearn=sklearn.__version__,
        **parts,
    )  # fmt: skip
    (DOCS / "benchmarks" / "search.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
