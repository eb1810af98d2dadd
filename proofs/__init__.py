"""The theorems of the geomnn theory, one file each, with machine-checked steps.

``ls`` is the table of contents; `theorems` returns them in the order of the theory.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from geomnn.checker.letters import spelt
from proofs.statement import Record, Theorem

__all__ = ["NAMES", "main", "theorems"]

NAMES = (
    "cross_product",
    "gram_volume",
    "neurons_are_volumes",
    "training_is_convex",
    "optimal_weights_are_wedges",
    "faces_for_two_norm",
    "angle_bound",
    "rewriting",
    "pruning",
    "deep_recursion",
    "redundant_columns",
    "sequential_blocks",
    "dual_is_unique",
    "path_is_piecewise_linear",
    "one_dimension",
    "chains",
    "mirrors",
    "plans",
    "every_depth",
    "plans_of_a_fit",
    "cells",
    "multipliers",
    "optimal_sets",
    "merging",
    "descent",
    "between_samples",
    "moved_samples",
)


def theorems(names: Sequence[str] = NAMES) -> dict[str, Theorem]:
    """The theorems by the names of their files."""
    return {name: import_module(f"proofs.{name}").THEOREM for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the statements and print the table; 0 if all hold, 1 if one fails, 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="files of proofs/ without .py; all of them if none is given"
    )
    parser.add_argument(
        "--statements", action="store_true", help="print each statement and its argument, too"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no proof {', '.join(unknown)}; take some of {', '.join(NAMES)}")
    begin, failed, left_out, steps = time.perf_counter(), 0, 0, 0
    for name, theorem in theorems(options.names or NAMES).items():
        _say(f"{theorem.title}  ({name}; theory, {theorem.section})")
        if options.statements:
            _say(f"\n{theorem.words}\n\n{theorem.argument}\n")
        for record in theorem.prove():
            _say(_line(record))
            steps, failed, left_out = (
                steps + 1,
                failed + bool(record.failed),
                left_out + bool(record.left_out),
            )
    verdict = f"{failed} FAILED" if failed else "all hold" if not left_out else "all that ran hold"
    missing = f", {left_out} left out" if left_out else ""
    _say(f"\n{steps} steps: {verdict}{missing}, {time.perf_counter() - begin:.1f} s")
    return 1 if failed else 0


def _say(text: str) -> None:
    print(spelt(text, sys.stdout.encoding))


def _line(record: Record) -> str:
    outcome = "FALSE " if record.failed else "–     " if record.left_out else "holds "
    step = record.step
    line = f"  {outcome}{step.kind:<11}{record.seconds:6.2f} s  {step.claim}: {step.scope}"
    why = record.failed or record.left_out
    return f"{line}\n         {why}" if why else line
