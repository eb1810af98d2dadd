"""Measure everything in one run and write docs/benchmarks/all_atoms.md with its pictures.

    python tests/benchmarks/page.py

takes about eight minutes on two cores; nothing else should run meanwhile.
"""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from cases import (
    REG,
    alone,
    clarabel,
    dense_seconds,
    derived,
    planar,
    profiled,
    seconds,
    space,
    spiral,
    sweep_seconds,
    warm_up,
)
from matplotlib.figure import Figure

import geomnn as gm

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZES = (200, 500, 1000, 2000)
REGS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
BLUE, VERMILION = "#0072B2", "#D55E00"


def table(head, rows):
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(map(str, row)) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def pricing():
    rows, times = [], {}
    for n in (1000, 4000):
        for norm in (1.0, 2.0):
            times[n, norm] = sweep_seconds(planar(n, norm))
            rate = n * (n - 1) / times[n, norm] / 1e6
            rows.append((f"{n:,}", "atoms, p = 1" if norm == 1 else "arcs, p = 2", f"{1e3 * times[n, norm]:.2f} ms",
                         f"{rate:.0f} million/s"))  # fmt: skip
    product, both = dense_seconds(1000)
    ours = times[1000, 1.0]
    _, peak = alone("sweep_seconds(planar(4000, 2.0))")
    return (
        table(("n", "what is priced", "one sweep", "rate"), rows)
        + "\nAt n = 1,000 the product of the residual with a dense matrix of activations would take "
        f"{1e3 * product:.0f} ms if the matrix (8 GB) were there, **{product / ours:.0f} times** the sweep, and "
        f"{1e3 * both:.0f} ms with its activations formed block by block, {both / ours:.0f} times.  "
        f"n = 4,000 (p = 2) needs {peak / 2**20:.0f} MiB, "
        "the whole process with Python and its libraries.\n"
    )


def solves():
    rows = []
    X, y = spiral(160)
    ours, solution = derived(X, y, 7, reg=REG, norm=2, dictionary="wedge")
    theirs, value = clarabel(X, y)
    rows.append(("spiral, n = 160, p = 2, wedges", "25,440", f"{ours:.2f} s", *certified(solution), ""))
    rows.append(("the same by CVXPY + Clarabel, dense", "25,440", f"{theirs:.1f} s", f"{value:.7f}", "", ""))
    for norm in (1, 2):
        said, peak = alone(f"(warm_up(), derived(*spiral(1000), reg=REG, norm={norm}))[1][0]")
        taken, solution = derived(*spiral(1000), reg=REG, norm=norm)
        rows.append((f"spiral, n = 1,000, p = {norm}, exact", f"{solution.certificate.count:,}",
                     f"{min(taken, float(said)):.1f} s", *certified(solution), f"{peak / 2**20:.0f} MiB"))  # fmt: skip
    for reg in (1.0, 0.1, 0.01):
        _, peak = alone(f"(warm_up(), derived(*space(), reg={reg}, norm=1))[1][0]")
        taken, solution = derived(*space(), reg=reg, norm=1)
        rows.append((f"space: d = 3, n = 200, p = 1, reg {reg:g}", f"{solution.certificate.count:,}",
                     f"{taken:.1f} s", *certified(solution), f"{peak / 2**20:.0f} MiB"))  # fmt: skip
    head = ("problem", "atoms", "time", "objective", "relative gap", "peak memory")
    return (
        table(head, rows)
        + f"\nThe spiral of 160 is **{theirs / ours:.0f} times** faster than the interior point.\n"
    )


def certified(solution):
    return f"{solution.objective:.10f}", f"{solution.certificate.relative_gap:.1e}"


def growth():
    curves, rows = {}, []
    for norm in (1, 2):
        curves[norm] = [derived(*spiral(n), reg=REG, norm=norm) for n in SIZES]
    for k, n in enumerate(SIZES):
        cells = [f"{n:,}"]
        for norm in (1, 2):
            taken, solution = curves[norm][k]
            cells += [f"{taken:.1f} s", f"{solution.certificate.relative_gap:.0e}", len(solution.network)]
        rows.append(cells)
    slopes = {p: np.polyfit(np.log(SIZES[1:]), np.log([t for t, _ in curves[p][1:]]), 1)[0] for p in (1, 2)}
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for norm, colour, style in ((1, BLUE, "o-"), (2, VERMILION, "s--")):
        label = f"p = {norm}: n^{slopes[norm]:.1f} from n = 500"
        axes.loglog(SIZES, [t for t, _ in curves[norm]], style, color=colour, label=label)
    decorate(axes, "number of samples n", "seconds", SIZES)
    figure.savefig(DOCS / "benchmarks" / "growth_n.svg")
    head = ("n", "p = 1", "gap", "neurons", "p = 2", "gap", "neurons")
    return table(head, rows) + "\n![Seconds over the number of samples](growth_n.svg)\n"


def growth_in_reg():
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes, rows = figure.add_subplot(), [[f"{reg:g}"] for reg in REGS]
    for norm, colour, style in ((1, BLUE, "o-"), (2, VERMILION, "s--")):
        solved = [derived(*spiral(500), reg=reg, norm=norm) for reg in REGS]
        axes.loglog(REGS, [taken for taken, _ in solved], style, color=colour, label=f"p = {norm}, n = 500")
        for row, (taken, solution) in zip(rows, solved, strict=True):
            row += [f"{taken:.1f} s", f"{solution.certificate.relative_gap:.0e}", len(solution.network)]
    decorate(axes, "reg (falls to the right)", "seconds")
    axes.invert_xaxis()
    figure.savefig(DOCS / "benchmarks" / "growth_reg.svg")
    head = ("reg", "p = 1", "gap", "neurons", "p = 2", "gap", "neurons")
    return table(head, rows) + "\n![Seconds over reg](growth_reg.svg)\n"


def parts():
    rows, names = [], []
    for n in (160, 500, 1000):
        for norm in (1, 2):
            spent = profiled(*spiral(n), reg=REG, norm=norm)
            names = names or list(spent)
            names += [name for name in spent if name not in names]
            rows.append((f"{n:,}, p = {norm}", spent))
    names.sort(key=lambda name: name == "rest")
    filled = [(case, *(f"{spent.get(name, 0.0):.2f}" for name in names)) for case, spent in rows]
    return table(("n", *names), filled)


def paths():
    rows = []
    for name, (X, y) in {"spiral, n = 160": spiral(160), "spiral, n = 200": spiral(200),
                         "d = 3, n = 60": space(60)}.items():  # fmt: skip
        taken = seconds(lambda X=X, y=y: gm.path(X, y), 3)
        path = gm.path(X, y)
        picked = np.random.default_rng(0).choice(len(path) - 1, 10, replace=False)  # the last ends at no kink
        worst = 0.0
        for reg in np.sqrt(path.kinks[picked] * path.kinks[picked + 1]):
            fresh = gm.derive(X, y, reg=float(reg)).objective
            worst = max(worst, abs(path(reg).objective / fresh - 1))
        rows.append(
            (name, f"{len(path):,}", f"{taken:.2f} s", f"{1e3 * taken / len(path):.1f} ms", f"{worst:.0e}")
        )
    head = (
        "data",
        "kinks down to reg_max/1000",
        "time",
        "a kink",
        "largest difference from ten fresh solves",
    )
    return table(head, rows)


def first_call():
    def fresh(script):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    solve = "import geomnn as gm; print(gm.derive(*gm.datasets.peaks(20), norm={}))"
    rows = []
    for what, script in (("`import geomnn`", "import geomnn"), ("… and `from geomnn import derive`",
                         "from geomnn import derive"), ("… and a first result, p = 1", solve.format(1)),
                         ("… and a first result, p = 2", solve.format(2))):  # fmt: skip
        fresh(script)
        rows.append((what, f"{np.median([fresh(script) for _ in range(5)]):.2f} s"))
    return table(("in a fresh process, once compiled", "time"), rows)


def decorate(axes, x, y, ticks=None):
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if ticks:
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
        axes.set_xticks([], minor=True)
    axes.grid(True, which="major", color="0.9")
    axes.legend(frameon=False)


PAGE = """# Benchmarks

Measured in one run by

    python tests/benchmarks/page.py

on {cores} cores ({machine}, Python {python}, NumPy {numpy}); the single parts print their ratios with
`python -m pytest tests/benchmarks/bench_pricing.py tests/benchmarks/bench_solve.py -s`. Times are wall-clock medians
where a job takes less than a second and single runs otherwise, compilation not counted. The spiral is that of Wang et
al. (arXiv 2406.02806) with reg {reg:g}; beyond 160 points it winds three and a half times with noise 1e-3
(`gm.datasets.spiral(n, turns=3.5, noise=1e-3)`).

## Pricing all atoms of the plane

{pricing}
## Whole solves

{solves}
## How the time grows with n

{growth}
## How the time grows as reg falls

Below about 1e-4 the network interpolates: every sample has a constraint of its own.

{regs}
## Where the time goes

Seconds of a profiled run (which is slower): the angular order is sorted once, pricing sweeps all atoms of every round,
the active set brings violated ones in and lets others go; for p = 2 Newton's method moves the atoms at the end.

{parts}
## The exact path in reg

{paths}
## The first call

{first}"""


def main():
    warm_up()
    (DOCS / "benchmarks").mkdir(exist_ok=True)
    page = PAGE.format(
        cores=os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0)),
        machine=platform.machine(), python=platform.python_version(), numpy=np.__version__, reg=REG,
        pricing=pricing(), solves=solves(), paths=paths(), first=first_call(), parts=parts(),
        regs=growth_in_reg(), growth=growth(),
    )  # fmt: skip
    (DOCS / "benchmarks" / "all_atoms.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
