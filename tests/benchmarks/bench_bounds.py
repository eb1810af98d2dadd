"""Global bounds of tables whose atoms are too many to look at: the proven gap, and when it was reached.

python tests/benchmarks/bench_bounds.py                # all rows, some ten minutes
python tests/benchmarks/bench_bounds.py wine cells     # those whose words are among these
python tests/benchmarks/bench_bounds.py files          # files of proofs, and their checks
python tests/benchmarks/bench_bounds.py whole          # with the search included
python tests/benchmarks/bench_bounds.py files          # the files of proofs by stars, three minutes: size, gap, check

The network is that of a search of its own, for p = 1 one that stars have shown the way. What is timed is `gm.bound` of
it alone, by the wall, after one call that compiles. A row says what is asked of it: a gap of the program, in percent,
and seconds.
"""

import json
import sys
import time
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

import geomnn as gm
from geomnn.bounds.proof_file import proof_document, proof_text


class Row(NamedTuple):
    table: str
    features: int
    norm: float
    method: str
    gap: float
    seconds: float
    reg: float | None = None  # a tenth of reg_max, if not given
    samples: int = 0


ROWS = [
    Row("wine", 13, 1, "stars", 0.55, 2),
    Row("diabetes", 10, 1, "transport", 14, 10),
    Row("diabetes", 10, 1, "stars", 0.95, 6),
    Row("breast cancer", 30, 1, "transport", 4, 60),
    Row("breast cancer", 30, 1, "stars", 0.1, 20),
    Row("breast cancer", 8, 1, "stars", 1e-3, 15),
    Row("diabetes", 5, 1, "cells", 0.1, 10),
    Row("diabetes", 6, 1, "cells", 0.1, 15),
    Row("diabetes", 8, 1, "cells", 1, 60),
    Row("breast cancer", 8, 1, "cells", 0.1, 30),
    Row("wine", 13, 2, "stars", 0.05, 60, 20),
    Row("diabetes", 10, 2, "stars", 0.5, 180, 50),
    Row("iris", 4, 1, "cells", 0.1, 1),
    Row("iris", 4, 2, "cells", 0.1, 1),
    Row("houses", 5, 1, "cells", 0.1, 10, samples=1000),
    Row("houses", 5, 1, "cells", 1, 10, samples=5000),
    Row("diabetes", 4, 2, "cells", 0.1, 5),
    Row("breast cancer", 5, 2, "cells", 0.1, 5),
]
AGAINST = [("iris", 4), ("diabetes", 5)]  # tables on which cells are compared with branch and bound by HiGHS
TIMES, LEAST = 20.0, 5.0  # the seconds of cells that it is given, and at least so many
SEARCH = 60.0  # seconds of the search for a network
MOST = 1000  # samples for which stars take no longer than that


def standardised(Z):
    return (Z - Z.mean(axis=0)) / Z.std(axis=0)


def houses(n, d):
    """Skewed, correlated features with a spatial pair, as of prices of houses."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, 8))
    Z[:, 2] = 0.8 * Z[:, 0] + 0.6 * Z[:, 2]
    Z[:, 4] = np.exp(0.7 * Z[:, 4])
    Z[:, 6] = -0.9 * Z[:, 7] + 0.44 * Z[:, 6]
    y = np.log1p(np.exp(Z[:, 0])) + 0.4 * np.maximum(Z[:, 6] - 0.3, 0) - 0.3 * np.abs(Z[:, 7])
    y = y + 0.2 * Z[:, 4] * (Z[:, 1] > 0) + 0.4 * rng.normal(size=n)
    return standardised(Z[:, :d]), standardised(y)


def table(name, d, n):
    """The d features that the target correlates with most, standardised; classes are −1 and 1."""
    if name == "houses":
        return houses(n, d)
    load = {
        "wine": load_wine,
        "diabetes": load_diabetes,
        "breast cancer": load_breast_cancer,
        "iris": load_iris,
    }[name]
    X, y = load(return_X_y=True)
    if name == "iris":
        return standardised(X[:, :d]), np.where(y == 1, 1.0, -1.0)
    y = standardised(y) if name == "diabetes" else np.where(y == 1, 1.0, -1.0)
    most = np.argsort(-np.abs(np.corrcoef(X.T, y)[-1, :-1]))[:d]
    return standardised(X[:, np.sort(most)]), y


def measure(row, found):
    """The gap that was proven by then, the least one, and when the gap that is asked for was reached."""
    key = row[:3] + row[6:]
    if key not in found:
        X, y = table(row.table, row.features, row.samples)
        reg = row.reg or 0.1 * gm.reg_max(X, y, norm=row.norm, dictionary="local")
        guide = "stars" if row.norm == 1 and len(X) <= MOST else None
        found[key] = gm.derive(
            X, y, reg=reg, norm=row.norm, dictionary="local", certify=guide, time_limit=SEARCH
        )
    gm.bound(found[key], method=row.method, time_limit=0.5)
    begun = time.process_time()
    proven = gm.bound(found[key], method=row.method, time_limit=max(2 * row.seconds, 5.0)).proven
    spent, primal = time.process_time() - begun, found[key].objective
    gaps = [(seconds, 100 * (primal - value) / primal) for seconds, _, value in proven.history]
    reached = next((seconds for seconds, gap in gaps if gap <= row.gap), None)
    return reached, min(gap for _, gap in gaps), spent


def files():
    """The file of a proof by stars, whole, for a third of the gap, and for all of it: size, gap, seconds to check."""
    print(f"{'table':22} {'given up':>8} {'masses':>7} {'kB':>6} {'gap':>9} {'write':>6} {'check CPU':>10}")
    for name, d in (("wine", 13), ("diabetes", 10), ("breast cancer", 30)):
        X, y = table(name, d, 0)
        reg = 0.1 * gm.reg_max(X, y, norm=1, dictionary="local")
        certificate = gm.derive(
            X, y, reg, dictionary="local", certify="stars", time_limit=2 * SEARCH
        ).certificate
        for part in (0.0, 1 / 3, 1.0):
            begun = time.process_time()
            text = proof_text(proof_document(certificate, shorter=part))
            written = time.process_time()
            gm.exact.verify(json.loads(text), X, y)
            checked, document = time.process_time(), json.loads(text)
            share = 1 - float(Fraction(document["claim"]["dual"])) / certificate.primal
            masses = sum(len(row) // 2 for plan in document["plans"] for row in plan)
            print(
                f"{name} × {d}".ljust(22),
                f"{part:>8.2f} {masses:>7,} {len(text.encode()) / 1000:>6.1f} {100 * share:>8.4f}%",
                f"{written - begun:>5.1f}s {checked - written:>9.2f}s",
                flush=True,
            )


def whole():
    """The whole breast-cancer table with the search included: what is proven in two minutes, and in one second."""
    X, y = table("breast cancer", 30, 0)
    reg = 0.1 * gm.reg_max(X, y, dictionary="local")
    for bound, limit in (("stars", 120.0), ("auto", 1.0)):
        begun = time.monotonic()
        certificate = gm.derive(X, y, reg, dictionary="local", certify=bound, time_limit=limit).certificate
        print(
            f"breast cancer × 30, search and {bound}, time_limit={limit:g}: {100 * certificate.relative_gap:.3f}%",
            f"after {time.monotonic() - begun:.1f} s",
            flush=True,
        )


def against_milp(name, d, found):
    """The seconds in which cells prove 1 %, those that branch and bound by HiGHS had, and the gap that it left."""
    row = Row(name, d, 1, "cells", 1, 10)
    seconds, _, _ = measure(row, found)
    solution = found[row[:3] + row[6:]]
    allowed = max(LEAST, TIMES * seconds)
    begun = time.monotonic()
    value = gm.bound(solution, method="milp", time_limit=allowed).proven.value
    spent, primal = time.monotonic() - begun, solution.objective
    return seconds, spent, 100 * (primal - value) / primal


def main(words):
    if words in (["files"], ["whole"]):
        return {"files": files, "whole": whole}[words[0]]()
    found = {}
    print(
        f"{'table':22} p  {'bound':10} {'asked':>8} {'in':>5} {'reached after':>14} {'least gap':>10} {'CPU':>6}"
    )
    rows(words, found)
    for name, d in AGAINST:
        if words and not any(word in f"{name} × {d} milp" for word in words):
            continue
        seconds, spent, left = against_milp(name, d, found)
        print(
            f"{name} × {d}: cells 1 % after {seconds:.2f} s; milp has {left:.1f} % left after {spent:.1f} s",
            flush=True,
        )


def rows(words, found):
    for row in ROWS:
        n = f" {row.samples}" if row.samples else ""
        name = f"{row.table}{n} × {row.features}"
        if words and not any(word in f"{name} {row.method}" for word in words):
            continue
        reached, least, spent = measure(row, found)
        when = "not reached" if reached is None else f"{reached:.2f} s"
        print(
            f"{name:22} {row.norm}  {row.method:10} {row.gap:>7g}% {row.seconds:>4}s",
            f"{when:>14} {least:>9.4f}% {spent:>5.1f}s",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
