"""Tests, doctests, pages and gallery under several kernels of OpenBLAS: what depends on rounding must not be seen.

    python tests/kernels.py                                          # doctests and the quick tests
    python tests/kernels.py --gallery --all --threads 1 2            # the examples and all tests too
    python tests/kernels.py --most 3 --at-least 3                    # under three of them, whatever the processor
    python tests/kernels.py --kernels Haswell Nehalem -- tests/test_local.py -k path     # what pytest is given

OpenBLAS chooses its inner loops by the processor, and each rounds in its own way; ``OPENBLAS_CORETYPE`` names one of
them.  It is set for child processes only, there in place of what was set before.  A name may load another kernel than
it says, so what counts is what threadpoolctl reports of NumPy's and of SciPy's library, and names that load what was
run already are not run again.  Exit status 1 if anything failed, or if fewer distinct kernels were run than
``--at-least`` where this processor has that many.  ``PYTEST_ADDOPTS="-n 2"`` spreads the tests over two processes.
"""

import argparse
import difflib
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

TREE = Path(__file__).resolve().parents[1]
VARIABLE = "OPENBLAS_CORETYPE"
# By processor.  Nehalem and Prescott have no fused multiply-add; Prescott calls itself Katmai in newer libraries.
NAMES = {
    **dict.fromkeys(("x86_64", "AMD64"), ("Haswell", "SkylakeX", "Nehalem", "Prescott")),
    **dict.fromkeys(("aarch64", "arm64"), ("ARMV8", "NEOVERSEN1", "NEOVERSEV1")),
}.get(platform.machine(), ())
# What computes in floating point and takes a few seconds a file.
QUICK = (
    "algebra",
    "canonical",
    "degenerate",
    "dictionaries",
    "losses",
    "network",
    "optima",
    "path",
    "programs",
    "sweep",
    "tolerances",
    "tolerances_solvers",
    "unique",
)

# Loads both libraries, lets them work, so that a kernel for another processor dies here, and says what they are.
PROBE = """
import numpy as np, scipy.linalg, threadpoolctl
matrix = np.random.default_rng(0).normal(size=(130, 130))
for solve in (np.linalg.solve, scipy.linalg.solve):
    assert np.allclose(matrix @ solve(matrix, matrix[:, :7]), matrix[:, :7])
np.linalg.svd(matrix), scipy.linalg.eigh(matrix @ matrix.T)
for module in ("numpy", "scipy"):
    loaded = [i for i in threadpoolctl.threadpool_info() if f"/{module}" in i["filepath"].replace("\\\\", "/")]
    kinds = {i.get("architecture", i["internal_api"]) for i in loaded if i["user_api"] == "blas"}
    print("+".join(sorted(kinds)) or "none")
"""

# Runs one example as its page does: the last value of each block is shown, unless it is a picture, in a module of its
# own that is called __main__.  A warning of ours that it does not expect is an error, since it would stand in the page.
EXAMPLE = """
import ast, itertools, sys, types, warnings
import geomnn.errors
warnings.simplefilter("error", geomnn.errors.GeomnnWarning)
def show(value):
    if value is not None and not type(value).__module__.startswith(("matplotlib", "plotly", "geomnn.plotting")):
        print(repr(value))
sys.displayhook = show
file = sys.argv[1]
page = sys.modules["__main__"] = types.ModuleType("__main__")
page.__file__ = file
with open(file, encoding="utf-8") as stream:
    text = stream.read()
ends = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("# %%")]
statements = ast.parse(text).body
for this, after in itertools.zip_longest(statements, statements[1:]):
    last = after is None or any(this.end_lineno < end < after.lineno for end in ends)
    kind, mode = (ast.Interactive([this]), "single") if last else (ast.Module([this], []), "exec")
    exec(compile(kind, file, mode), page.__dict__)
"""


class Kernel(NamedTuple):
    """A kernel: the name it was asked for by (None: the library's own choice), and what NumPy and SciPy report."""

    name: str | None
    numpy: str
    scipy: str


class Run(NamedTuple):
    """What a command came to: whether it passed, what it printed, wall and CPU seconds, and what it told of itself on
    the stream of errors, as processes that end do with the time of day."""

    passed: bool
    text: str
    seconds: float
    cpu: float
    errors: str = ""


def environment(name, threads):
    """The environment of a child: ours, with its kernel, its number of threads, and this tree in front."""
    changed = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "MPLBACKEND": "agg"}
    places = [str(TREE), str(TREE / "tests"), os.environ.get("PYTHONPATH", "")]
    changed["PYTHONPATH"] = os.pathsep.join(filter(None, places))
    if name is not None:
        changed[VARIABLE] = name
    return changed


def run(arguments, name, threads):
    """Python with these arguments, in the tree."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=TREE,
        env=environment(name, threads),
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(done.returncode == 0, done.stdout, time.perf_counter() - start, cpu, done.stderr)


def available(names, most=None):
    """The first distinct kernels of these names that this processor can run; says what becomes of each name."""
    kernels = []
    for name in names:
        if len(kernels) == most:
            break
        probe = run(["-c", PROBE], name, 1)
        if not probe.passed:
            print(f"{name}: this processor cannot run it")
            continue
        kernel = Kernel(name, *probe.text.split()[-2:])
        same = [other for other in kernels if other[1:] == kernel[1:]]
        if same:
            print(f"{name}: loads {kernel.numpy} and {kernel.scipy}, as {same[0].name} does; not run again")
        else:
            kernels.append(kernel)
    return kernels


def commands(options):
    """What is run under each kernel: (title, arguments of Python)."""
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    doctest = [*pytest, "--doctest-continue-on-failure"]
    if options.pytest:
        parts = {" ".join(options.pytest): [*pytest, *options.pytest]}
    else:
        parts = {
            "doctests of the package": [*doctest, "--doctest-modules", "geomnn"],
            "doctests of the pages": [*doctest, "--doctest-glob=*.md", "README.md", "docs", "geomnn/learn"],
        }
        if options.all:
            parts["all tests"] = pytest
        else:
            parts["quick tests"] = [*pytest, "-m", "not slow", *(f"tests/test_{part}.py" for part in QUICK)]
    examples = sorted((TREE / "examples").glob("plot_*.py")) if options.gallery else []
    return [*parts.items(), *((path.name, ["-c", EXAMPLE, str(path)]) for path in examples)]


def as_before(title, done, first):
    """An example has failed, too, if it prints other lines than under the first kernel; the first time is noted."""
    if not title.startswith("plot_") or first.setdefault(title, done.text) == done.text:
        return done
    old, new = first[title].splitlines(), done.text.splitlines()
    return done._replace(
        passed=False, text="\n".join(difflib.unified_diff(old, new, "first", "this", lineterm="", n=0))
    )


def report(kernel, threads, title, done):
    """A line of the table, and of what failed the end of what it printed."""
    asked = kernel.name or "(own choice)"
    names = f"{asked:12} {kernel.numpy:11} {kernel.scipy:11} {threads:7}"
    verdict = "passed" if done.passed else "failed"
    print(f"{names} {verdict:6} {done.seconds:7.1f} {done.cpu:7.1f}  {title}", flush=True)
    if not done.passed:
        lines = [*done.text.splitlines()[-60:], *done.errors.splitlines()[-20:]]
        print("    " + "\n    ".join(lines), flush=True)


def table(kernels, options):
    """Run everything, printing a line for each; the number of failures."""
    print(f"{'asked':12} {'NumPy has':11} {'SciPy has':11} threads {'':6} {'seconds':>7} {'CPU':>7}  what")
    failures, first = 0, {}
    for kernel in kernels:
        for threads in options.threads:
            for title, arguments in commands(options):
                done = run(arguments, kernel.name, threads)
                done = as_before(title, done, first)
                failures += not done.passed
                report(kernel, threads, title, done)
    return failures


def parse(arguments):
    """The options, and the names of kernels to try, whatever kernel is set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--kernels", nargs="+", metavar="NAME", help=f"names for {VARIABLE}: {', '.join(NAMES)}"
    )
    parser.add_argument(
        "--threads", nargs="+", type=int, default=[1], metavar="N", help="OPENBLAS_NUM_THREADS: 1"
    )
    parser.add_argument(
        "--at-least", type=int, default=1, metavar="N", help="distinct kernels that must be run: 1"
    )
    parser.add_argument(
        "--most", type=int, metavar="N", help="distinct kernels that are run, the first ones: all"
    )
    parser.add_argument("--all", action="store_true", help="all tests, not the quick ones only")
    parser.add_argument("--gallery", action="store_true", help="the examples too; they must print the same")
    parser.add_argument(
        "pytest", nargs="*", help="after --: run pytest with these arguments, and nothing else"
    )
    options = parser.parse_args(arguments)
    return options, options.kernels or NAMES


def too_few(count, options):
    """Whether fewer kernels were run than demanded, though more could have been; says so in either case."""
    if count >= options.at_least:
        return False
    possible = len(available(dict.fromkeys([*options.kernels, *NAMES]))) if options.kernels else count
    print(f"{options.at_least} distinct kernels were demanded; this processor has {possible}")
    return possible > count


def main(arguments=None):
    options, names = parse(arguments)
    # the library's own choice, where no name leads to another kernel than that
    kernels = available(names, options.most) or available([None])
    if not kernels:
        print("NumPy and SciPy do not work here: run the probe of this file by itself")
        return 1
    failures = table(kernels, options)
    print(f"{len(kernels)} distinct kernels, {failures} failures")
    return int(failures > 0 or too_few(len(kernels), options))


if __name__ == "__main__":
    sys.exit(main())
