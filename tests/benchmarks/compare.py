"""Compare what the jobs of jobs.py cost with ratios.json, and name what moved by more than 1.5 times.

    python tests/benchmarks/compare.py            # about a minute; exit status 1 if anything moved
    python tests/benchmarks/compare.py --write    # what is measured now is what will be compared with

A cost is the CPU time of a job by that of a yardstick that runs beside it, so that other machines come to similar ones;
a growth is the time of a job with twice as many samples by that with as many.  What seems to have moved is measured
again in a fresh process, and named only if it has moved the same way then.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from jobs import GROWTH, RATIOS

HERE = Path(__file__).resolve().parent
REMEMBERED = HERE / "ratios.json"
LIMIT = 1.5  # a busy machine alone moves one or another by up to 1.15
ROUNDS = 5


def run(names, rounds=ROUNDS):
    """What jobs.py measures of these names, in a process of its own with one thread of BLAS."""
    done = subprocess.run(
        [sys.executable, HERE / "jobs.py", str(rounds), *names],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def conditions():
    """What the costs depend on beside the package."""
    packages = {name: version(name) for name in ("numpy", "scipy", "numba")}
    return {"processor": platform.machine(), "python": platform.python_version(), **packages}


def moved(before, now):
    """What is more than 1.5 times larger, or smaller, than before: {name: now by before}."""
    factors = {name: value / before[name] for name, value in now.items()}
    return {name: factor for name, factor in factors.items() if max(factor, 1 / factor) > LIMIT}


def confirmed(before, now, measure):
    """Of what has moved, what has when it is measured again, the same way."""
    first = moved(before, now)
    again = moved(before, measure(list(first))) if first else {}
    return {name: factor for name, factor in again.items() if (factor > 1) == (first[name] > 1)}


def write(now, file):
    """The costs by name, three digits each, and what they were measured with."""
    rounded = {name: float(f"{value:.3g}") for name, value in now.items()}
    parts = {
        "measured with": conditions(),
        "ratios": {name: rounded[name] for name in RATIOS},
        "growth": {name: rounded[name] for name in GROWTH},
    }
    file.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")


def compare(now, file, measure):
    """Print a line for each cost, and what moved; whether anything did."""
    remembered = json.loads(file.read_text(encoding="utf-8"))
    before = {**remembered["ratios"], **remembered["growth"]}
    if before.keys() != now.keys():
        odd = ", ".join(sorted(before.keys() ^ now.keys()))
        raise SystemExit(f"{file.name} and the list of jobs differ in {odd}: run compare.py --write.")
    for name, value in now.items():
        print(f"{name:40} {before[name]:8.3g} then {value:8.3g} now")
    for name, value in conditions().items():
        if (then := remembered["measured with"][name]) != value:
            print(f"{name} was {then} then and is {value} now, which may move some")
    named = confirmed(before, now, measure)
    for name, factor in named.items():
        way = f"{factor:.2f} times larger" if factor > 1 else f"{1 / factor:.2f} times smaller"
        print(f"MOVED: {name} is {way}")
    print(
        "If that was meant, run compare.py --write."
        if named
        else f"Nothing moved by more than {LIMIT} times."
    )
    return bool(named)


def main(arguments=None, file=REMEMBERED, measure=run):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="remember what is measured now")
    options = parser.parse_args(arguments)
    now = measure([*RATIOS, *GROWTH])
    if options.write:
        write(now, file)
        return 0
    return int(compare(now, file, measure))


if __name__ == "__main__":
    sys.exit(main())
