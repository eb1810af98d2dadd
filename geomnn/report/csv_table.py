"""Tables at the command line: columns chosen, checked cell by cell, turned into numbers and classes.

Every message names the file, and where it can the line (counted from 1) and the column, so that the cell can be found
in an editor. How a file becomes a table is in `geomnn.checker.dialect`, as whoever checks a certificate reads it again.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from geomnn.checker.columns import Table, first_of, listed, show
from geomnn.checker.decimals import MISSING, Numbers
from geomnn.checker.dialect import read
from geomnn.checker.digits import written
from geomnn.checker.unpack import Unreadable, name_of
from geomnn.errors import DataError
from geomnn.numbers.rationals import exact_number

__all__ = [
    "Table", "check_features", "choose_features", "class_column", "class_labels", "exact_column", "number_column",
    "plain_table", "read_table",
]  # fmt: skip


def read_table(path: str | os.PathLike[str], header: bool = True) -> Table:
    """Read a table, in one of the dialects that people have.

    Parameters
    ----------
    path : path-like
        "-" for standard input.
    header : bool
        Whether its first line names the columns; else they are called c0, c1, and so on.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If there is no such file, it is not text, or its rows do not fit its header.
    """
    file = Path(path)
    source = name_of(file)
    if file.is_dir():
        raise DataError(f"{source} is a folder; give the CSV file in it.")
    try:
        return read(file, header)
    except FileNotFoundError as reason:
        raise DataError(f"{source} does not exist; give the path of a CSV file with a header.") from reason
    except Unreadable as reason:
        raise DataError(str(reason)) from reason
    except (OSError, ValueError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise DataError(f"{source} cannot be read ({why}); give a CSV file that you may read.") from reason


def choose_features(table: Table, target: str, wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """The names of the feature columns: those wanted, in that order, or all but the target.

    Parameters
    ----------
    table : Table
    target : str
    wanted : sequence of str, optional

    Returns
    -------
    tuple of str

    Raises
    ------
    DataError
        If a name is unknown, comes twice or is the target, or if nothing is left.
    """
    _find(table, target, "the target")
    if wanted is None:
        features = tuple(name for name in table.columns if name != target)
        if not features:
            raise DataError(
                f"{table.source} has the column {show(target)} only, which is the target; "
                "at least one more column is needed as a feature."
            )
        return features
    if not any(wanted):
        raise DataError("--features names no column; give names separated by commas, or leave it out.")
    for position, name in enumerate(wanted):
        _find(table, name, "a feature", [column for column in table.columns if column != target])
        if name == target:
            raise DataError(f"{show(name)} is the target and among the features; take it out of --features.")
        if name in wanted[:position]:
            raise DataError(f"--features names {show(name)} twice; name every column once.")
    return tuple(wanted)


def check_features(table: Table, features: Sequence[str]) -> None:
    """Refuse columns of text, all of them at once.

    Parameters
    ----------
    table : Table
    features : sequence of str

    Raises
    ------
    DataError
        With the first such cell, all such columns, and the option that leaves them out.
    """
    found = {name: row for name in features if (row := _first_text(table, name)) is not None}
    if not found:
        return
    name, row = next(iter(found.items()))
    rest = [name for name in features if name not in found]
    more, it = [show(other) for other in found if other != name], "them" if len(found) > 1 else "it"
    also = f", and so {'are cells' if len(more) > 1 else 'is a cell'} of {listed(more)}" * bool(more)
    percent = _percent(table.raw(name)[row])
    out = percent or f"leave {it} out with --features {_option(rest)}, or encode {it} as numbers"
    if not rest and not percent:
        out = f"encode {it} as numbers, as no column is left for --features"
    raise DataError(
        f"{table.where(row, name)}: {show(table.raw(name)[row])} is text where a number was expected as feature{also}; "
        f"{out}."
    )


def _first_text(table: Table, name: str) -> int | None:
    if table.flags(name) or _numbers(table, name):
        return None
    return next(
        (row for row, cell in enumerate(table.raw(name)) if _number(table, row, name, cell) is None), None
    )


def _percent(cell: str) -> str:
    """What to do about 5%, nothing about other text."""
    return "take the % out of the column, as in 5 or 0.05" if re.fullmatch(r"\S*\d\s*%", cell) else ""


def _option(names: Sequence[str]) -> str:
    """Names as --features takes them, ready for a shell."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return shlex.quote(line.getvalue())


def number_column(table: Table, name: str, role: str = "feature", advice: str = "") -> np.ndarray:
    """A column as finite numbers, shape (n,).

    Parameters
    ----------
    table : Table
    name : str
    role : {"feature", "target"}
        What the column is for: a feature may be true or false, which is 1 or 0.
    advice : str, optional
        What to do about text; what `geomnn derive` has options for if not given.

    Raises
    ------
    DataError
        If a cell is blank, text, NaN or infinite, or may be two numbers; the message names its line.
    """
    return np.array([float(cell) for cell in _plain(table, name, role, advice)])


def exact_column(table: Table, name: str, role: str = "feature") -> np.ndarray:
    """The same column as written: 0.1 is 1/10. Fractions in an array of objects, shape (n,)."""
    cells = enumerate(_plain(table, name, role))
    return np.array(
        [exact_number(Decimal(cell), table.where(row, name)) for row, cell in cells], dtype=object
    )


def plain_table(table: Table, features: Sequence[str], target: str, classify: bool) -> Table:
    """The columns that were used as plain CSV has them, each number with the digits that were written."""
    columns = [_plain(table, name, "feature") for name in features]
    columns.append(class_labels(table, target) if classify else _plain(table, target, "target"))
    return replace(table, columns=(*features, target), rows=tuple(zip(*columns, strict=True)), separator=",",
                   done=(), left_out=())  # fmt: skip


def _plain(table: Table, name: str, role: str, advice: str = "") -> list[str]:
    """A column as decimals with a point."""
    _find(table, name, f"the {role}")
    flags = table.flags(name) if role == "feature" else None
    numbers = _numbers(table, name)
    cells = flags or (numbers.cells if numbers else table.raw(name))
    for row, cell in enumerate(cells):
        if _number(table, row, name, cell) is None:
            advice = (
                _percent(cell)
                or advice
                or {
                    "feature": "leave the column out (--features names those to use) or encode it as numbers",
                    "target": "add --classify if the column holds classes",
                }[role]
            )
            raise DataError(
                f"{table.where(row, name)}: {show(cell)} is text where a number was expected as {role}; {advice}."
            )
    return cells


def _numbers(table: Table, name: str) -> Numbers | None:
    try:
        return table.numbers(name)
    except Unreadable as reason:
        raise DataError(str(reason)) from reason


def class_column(table: Table, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """A column of two classes as −1 and +1, of more as one-hot rows, and their names in order.

    Numbers are compared and sorted as the decimals that are written, if all are numbers, and anything else as text; the
    first class is −1.

    Parameters
    ----------
    table : Table
    name : str

    Returns
    -------
    targets : ndarray, shape (n,) or (n, c)
    names : tuple of str
        As they are first written in the file.

    Raises
    ------
    DataError
        If there is a single class, or hardly a row for each, or a cell is blank or not finite.
    """
    texts = class_labels(table, name)
    numbers = [number for text in texts if (number := written(text)) is not None]
    keys: Sequence[Any] = numbers if len(numbers) == len(texts) else texts
    spelling: dict[Any, str] = {}
    for key, text in zip(keys, texts, strict=True):
        spelling.setdefault(key, text)
    if len(spelling) == 1 or 2 < len(spelling) > len(keys) / 2:
        shown = ", ".join(show(text) for text in list(spelling.values())[:4]) + ", …" * (len(spelling) > 4)
        advice = (
            "one class cannot be told from another: give samples of both"
            if len(spelling) == 1
            else "leave out --classify if these are quantities, or give two rows and more of each class"
        )
        raise DataError(
            f"{table.source}: the target {show(name)} has {len(spelling)} "
            f"{'class' if len(spelling) == 1 else 'classes'} ({shown}) in {len(keys)} rows; {advice}."
        )
    place = {key: k for k, key in enumerate(sorted(spelling))}
    one_hot = np.eye(len(place))[[place[key] for key in keys]]
    targets = one_hot if len(place) > 2 else one_hot[:, 1] - one_hot[:, 0]
    return targets, tuple(spelling[key] for key in place)


def class_labels(table: Table, name: str, classes: Sequence[str] = ()) -> list[str]:
    """The cells of a column of classes, as decimals with a point if all are numbers.

    Parameters
    ----------
    table : Table
    name : str
    classes : sequence of str, optional
        Those that are known: a minus is one beside a plus, and blank elsewhere.

    Raises
    ------
    DataError
        If a cell is blank or not finite.
    """
    _find(table, name, "the target")
    numbers = _numbers(table, name)
    texts = numbers.cells if numbers else table.raw(name)
    known = {"+", "-"} if set(texts) == {"+", "-"} else set(classes)
    for row, text in enumerate(texts):
        if written(text) is None and text not in known:
            _number(table, row, name, text)  # which refuses blank cells, NaN and infinities
    return texts


def _number(table: Table, row: int, name: str, text: str) -> float | None:
    """The finite number in a cell, None for text; blank cells and NaN are refused."""
    if text.lower() in MISSING and text.lower() != "nan":
        shown = f" ({show(text)})" if text else ""
        raise DataError(f"{table.where(row, name)} is blank{shown}; fill it in or remove the row.")
    try:
        value = float(text) if "_" not in text else None
    except ValueError:
        return None
    if value is not None and not np.isfinite(value):
        raise DataError(
            f"{table.where(row, name)}: {show(text)} is not a finite number; fill it in or remove the row."
        )
    return value


def _find(table: Table, name: str, role: str, choices: Sequence[str] | None = None) -> None:
    """Refuse a name that no column has, with the names nearest to it among those that it may be."""
    if name in table.columns:
        return
    columns = table.columns if choices is None else choices
    folded = {column.casefold(): column for column in columns}
    near = [show(folded[key]) for key in get_close_matches(name.casefold(), folded)]
    nearest = f"the nearest name{' is' if len(near) == 1 else 's are'} {listed(near)}; " if near else ""
    commas = [column for column in columns if choices is not None and "," in column]
    quoted = f" A name with a comma stands in quotes: --features {_option(commas[:1])}." if commas else ""
    raise DataError(
        f"{table.source} has no column {show(name)} for {role}; {nearest}take one of {first_of(columns, 12)}.{quoted}"
    )
