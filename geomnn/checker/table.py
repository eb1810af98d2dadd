"""The columns of a CSV file that a certificate names, as fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from geomnn.checker.columns import Table
from geomnn.checker.dialect import read
from geomnn.checker.digits import written
from geomnn.checker.statements import Falsehood, brief, require
from geomnn.checker.unpack import Unreadable

__all__ = ["read_columns", "scaled"]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,6}))?")


def read_columns(
    path: Path, problem: Any, header: bool = True
) -> tuple[list[list[Fraction]], list[Fraction], str | None]:
    """The features and the targets that the problem of a certificate names.

    A number stands for what is written: 0.1 is 1/10.  Of two classes the first one is −1, the second +1; of more
    each is its number, 0, 1, …  Last comes how the file was read, in a sentence, where that is not plain CSV.

    Parameters
    ----------
    path : Path
        As `geomnn.checker.dialect.read` takes it.
    problem : dict
        Its features, target and classes.
    header : bool
        Whether the first line of the file names its columns.

    Raises
    ------
    Falsehood
        If the file does not have such columns of numbers.
    OSError
        If it cannot be read.
    """
    try:
        data = read(path, header)
        return _columns(data, problem)
    except Unreadable as reason:
        raise Falsehood(f"The data cannot be read: {reason}") from reason


def _columns(data: Table, problem: Any) -> tuple[list[list[Fraction]], list[Fraction], str | None]:
    problem = problem if isinstance(problem, dict) else {}
    features, target, classes = (problem.get(key) for key in ("features", "target", "classes"))
    named = isinstance(features, list) and bool(features)
    require(named, "The certificate names no columns, so it is not about a file: see geomnn.exact.verify.")
    for name in [*(features or []), target]:
        require(isinstance(name, str), f"The certificate names a column {brief(name)}, which is no name.")
        require(name in data.columns, f"The data have no column {brief(name)}, which the certificate names.")
    columns = [_numbers(data.flags(name) or _cells(data, name), name) for name in features or []]
    table, told = [list(row) for row in zip(*columns, strict=True)], data.told(features or [], str(target))
    cells = _cells(data, str(target))
    if classes is None:
        return table, _numbers(cells, target), told
    require(
        isinstance(classes, list) and len(classes) > 1,
        f"The classes are {brief(classes)}, which are not two or more.",
    )
    return table, _classes(cells, classes), told


def _cells(data: Table, name: str) -> list[str]:
    """A column in plain decimals if it holds numbers, and as it is written otherwise."""
    numbers = data.numbers(name)
    return numbers.cells if numbers else data.raw(name)


def _numbers(cells: Sequence[str], name: Any) -> list[Fraction]:
    return [_number(cell, name) for cell in cells]


def _number(cell: str, name: Any) -> Fraction:
    """What is written: a decimal number with a moderate exponent."""
    found = NUMBER.fullmatch(cell)
    if found is None or abs(int(found[1] or 0)) > 5000:
        raise Falsehood(f"The column {brief(name)} of the data holds {cell[:40]!r}, which is no number.")
    return Fraction(cell)


def _classes(column: list[str], classes: list[Any]) -> list[Fraction]:
    """−1 for the first class and 1 for the second, or 0, 1, … of more; compared as numbers, as they are written, if all
    of them are."""
    require(
        all(isinstance(name, str) for name in classes),
        f"The classes are {brief(classes)}, which are not names.",
    )
    cells = [*column, *classes]
    numbers = [number for cell in cells if (number := written(cell)) is not None]
    keys: list[Any] = numbers if len(numbers) == len(cells) else cells
    count = len(classes)
    values = [Fraction(k) for k in ((-1, 1) if count == 2 else range(count))]
    targets = dict(zip(keys[-count:], values, strict=True))
    require(len(targets) == count, f"The classes are {brief(classes)}, of which some are the same.")
    for cell, key in zip(column, keys[:-count], strict=True):
        require(key in targets, f"The data hold the class {cell!r}, which the certificate does not name.")
    return [targets[key] for key in keys[:-count]]


def scaled(rows: Sequence[Sequence[Fraction]], scaling: Any) -> Sequence[Sequence[Fraction]]:
    """The samples, standardised if there is a scaling: (x − mean)/deviation with its numbers as they are written."""
    if scaling is None:
        return rows
    keys = isinstance(scaling, dict) and set(scaling) == {"mean", "deviation"}
    require(keys, f"The scaling is {brief(scaling)}.")
    mean, deviation = (
        [_decimal(entry) for entry in _entries(scaling[key], len(rows[0]))] for key in ("mean", "deviation")
    )
    require(all(size > 0 for size in deviation), "A deviation of the scaling is not above 0.")
    return [[(x - m) / s for x, m, s in zip(row, mean, deviation, strict=True)] for row in rows]


def _decimal(entry: Any) -> Fraction:
    if type(entry) not in (int, float) or not isfinite(entry):
        raise Falsehood(f"The scaling holds {brief(entry)}, which is no number.")
    return Fraction(repr(entry))


def _entries(values: Any, d: int) -> list[Any]:
    require(isinstance(values, list) and len(values) == d, f"The scaling does not have {d} numbers.")
    return list(values)
