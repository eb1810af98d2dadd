"""The columns of a CSV file that a certificate names, as fractions."""

from __future__ import annotations

import csv
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

from geomnn.checker.statements import require

__all__ = ["read_columns"]


def read_columns(path: Path, problem: Any) -> tuple[list[list[Fraction]], list[Fraction]]:
    """The features and the targets that the problem of a certificate names.

    A number stands for what is written: 0.1 is 1/10.  Of two classes the first one is −1, the second +1.

    Parameters
    ----------
    path : Path
        UTF-8, with a header.
    problem : dict
        Its features, target and classes.

    Raises
    ------
    Falsehood
        If the file does not have such columns of numbers.
    OSError
        If it cannot be read.
    """
    text = path.read_text(encoding="utf-8-sig")
    records = [[cell.strip() for cell in record]
               for record in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)]  # fmt: skip
    records = [record for record in records if any(record)]
    require(len(records) > 1, "The data have no rows.")
    header, *rows = records
    problem = problem if isinstance(problem, dict) else {}
    features, target, classes = (problem.get(key) for key in ("features", "target", "classes"))
    named = isinstance(features, list) and bool(features)
    require(named, "The certificate names no columns, so it is not about a file: see geomnn.exact.verify.")
    for name in [*(features or []), target]:
        require(header.count(name) == 1, f"The data have no column {name!r}, which the certificate names.")
    require(all(len(row) == len(header) for row in rows), "The rows of the data are of different lengths.")
    table = [[_number(row[header.index(name)], name) for name in features or []] for row in rows]
    column = [row[header.index(target)] for row in rows]
    if classes is None:
        return table, [_number(cell, target) for cell in column]
    require(
        isinstance(classes, list) and len(classes) == 2, f"The classes are {classes!r}, which are not two."
    )
    return table, [_class(cell, classes) for cell in column]


def _number(cell: str, name: Any) -> Fraction:
    try:
        return Fraction(cell)
    except (ValueError, ZeroDivisionError):
        require(False, f"The column {name!r} of the data holds {cell!r}, which is no number.")
        raise


def _class(cell: str, classes: list) -> Fraction:
    for name, target in zip(classes, (-1, 1), strict=True):
        if cell == name or _same_number(cell, name):
            return Fraction(target)
    require(False, f"The data hold the class {cell!r}, which the certificate does not name.")
    raise AssertionError


def _same_number(first: str, second: Any) -> bool:
    try:
        return Fraction(first) == Fraction(second)
    except (ValueError, TypeError, ZeroDivisionError):
        return False
