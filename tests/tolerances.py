"""Tolerances of the package, and which test fails when one of them is a hundred times as large, or as small.

    python tests/tolerances.py                              # whether data/tolerances.json is still true
    python tests/tolerances.py pursuit.py:NO_NEURON          # of these alone; the end of "file:NAME" will do
    python tests/tolerances.py --find pursuit.py:NO_NEURON --tests tests/test_blocks.py     # search, and write it down

A tolerance is a constant of a module that is a float of at most 1e-5. Its comment says relative to what it is, and why
it has this size. Tests are run in a copy of the tree in which that one number is changed; the search looks into tests
that use what the module defines, or those given. Exit status 1 if a test of the record fails as is, or never does.
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TREE = Path(__file__).resolve().parents[1]
RECORD = TREE / "tests" / "data" / "tolerances.json"
LARGEST = 1e-5
COST = re.compile("SECONDS_PER_|BYTES_PER_")  # small numbers that are no tolerances
CHANGES = {"times 100": 100.0, "divided by 100": 0.01}
COPIED = ("geomnn", "proofs", "tests", "pyproject.toml", "README.md")


class Tolerance(NamedTuple):
    key: str  # path:name
    path: str  # from the root of the tree
    name: str
    number: ast.Constant
    comment: str  # right above it, or at the end of its line


def tolerances():
    """All of them, by file and line."""
    found = []
    for path in sorted((TREE / "geomnn").rglob("*.py")):
        text, place = path.read_text(encoding="utf-8"), path.relative_to(TREE).as_posix()
        for statement in ast.parse(text).body:
            if isinstance(statement, ast.Assign):
                sides = statement.targets[0], statement.value
                listed = all(isinstance(side, ast.Tuple) for side in sides)
                names, numbers = (side.elts if listed else [side] for side in sides)
                found += [
                    Tolerance(
                        f"{place}:{name.id}", place, name.id, number, comment_of(statement, text.splitlines())
                    )
                    for name, number in zip(names, numbers, strict=True)
                    if isinstance(number, ast.Constant) and isinstance(number.value, float)
                    if 0 < number.value <= LARGEST and not COST.match(name.id)
                ]
    return found


def comment_of(statement, lines):
    """The comment right above a statement, and what stands at the ends of its lines; none has a # in a string."""
    first = statement.lineno - 1
    while lines[first - 1].startswith("#"):
        first -= 1
    return " ".join(line.partition("#")[2].strip() for line in lines[first : statement.end_lineno]).strip()


def first_failure(copy, tests, seconds=None, tolerance=None, factor=1.0):
    """The first of these tests that fails in the copy with this change; None if all pass, or time is over."""
    places = [str(copy), str(copy / "tests"), os.environ.get("PYTHONPATH", "")]
    settings = {"PYTHONPATH": os.pathsep.join(places), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    settings |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}  # so that Hypothesis draws nothing new
    path = copy / (tolerance.path if tolerance else "pyproject.toml")
    before, stat = path.read_bytes(), path.stat()
    if tolerance:
        settings["PYTHONDONTWRITEBYTECODE"] = "1"  # or what was changed twice in a second is read as before
        number, lines = tolerance.number, before.splitlines(keepends=True)
        line, new = lines[number.lineno - 1], repr(number.value * factor).encode()
        lines[number.lineno - 1] = line[: number.col_offset] + new + line[number.end_col_offset :]
        path.write_bytes(b"".join(lines))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    options = {"cwd": copy, "env": os.environ | settings, "capture_output": True, "text": True}
    try:
        run = subprocess.run(command, timeout=seconds, **options)
    except subprocess.TimeoutExpired:
        return None
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    if run.returncode not in (0, 1, 5):  # 5: none were chosen
        raise SystemExit(run.stdout[-2000:] + run.stderr)
    found = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - |$)", run.stdout, re.MULTILINE)
    return found[1] if found else None


def candidates(tolerance):
    """Files of tests that use what the module defines, first those that do so most often."""
    body = ast.parse((TREE / tolerance.path).read_text(encoding="utf-8")).body
    names = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    words = re.compile(rf"\b({'|'.join([tolerance.path[:-3].replace('/', '.'), *names])})\b")
    texts = {f"tests/{path.name}": path.read_text(encoding="utf-8") for path in TREE.glob("tests/test_*.py")}
    often = {name: len(words.findall(text)) for name, text in sorted(texts.items())}
    return ["-m", "not slow", *sorted(filter(often.get, often), key=often.get, reverse=True)]


def search(copy, chosen, record, options):
    """Look for tests that each change makes fail: what is found is written down, in the place of what was."""
    for tolerance in chosen:
        entry = record.setdefault(tolerance.key, dict.fromkeys(CHANGES))
        for change, factor in CHANGES.items():
            among = options.tests or candidates(tolerance)
            found = first_failure(copy, among, options.seconds, tolerance, factor)
            entry[change] = found or entry[change]
            print(f"{tolerance.key} {change}: {found or 'nothing fails'}", flush=True)
    kept = {t.key: record[t.key] for t in tolerances() if t.key in record}
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def verify(copy, chosen, record):
    """Whether the tests of the record pass as the tree is, and fail with the change that they are written down for."""
    seen = [(t, change, test) for t in chosen for change, test in record[t.key].items() if test]
    failed = seen and first_failure(copy, sorted({test for *_, test in seen}))
    mistakes = [f"{failed} fails with nothing changed"] if failed else []
    for tolerance, change, test in seen:
        if first_failure(copy, [test], None, tolerance, CHANGES[change]) is None:
            mistakes.append(f"{tolerance.key} {change}: {test} passes all the same")
    counts = [sum(map(bool, record[tolerance.key].values())) for tolerance in chosen]
    print(*mistakes, f"{len(mistakes)} mistakes; of {len(chosen)} tolerances", end=" ", sep="\n")
    print(f"tests see {counts.count(2)} in both directions, {counts.count(1)} in one")
    return int(bool(mistakes))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="FILE:NAME", help="all, if none is given")
    parser.add_argument("--find", action="store_true", help="search, and write down what is found")
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="what pytest is given to search in")
    parser.add_argument("--seconds", type=float, default=45.0, help="of the search for one change: 45")
    options = parser.parse_args(arguments)
    chosen = [t for t in tolerances() if not options.names or t.key.endswith(tuple(options.names))]
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:  # with what numba has compiled
            (shutil.copytree if (TREE / name).is_dir() else shutil.copy2)(TREE / name, copy / name)
        return search(copy, chosen, record, options) if options.find else verify(copy, chosen, record)


if __name__ == "__main__":
    sys.exit(main())
