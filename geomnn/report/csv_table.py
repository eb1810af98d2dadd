"""Tables from CSV files: read as text, checked cell by cell, turned into numbers and classes.

Every message names the file, and where it can the line (counted from 1, the header is line 1) and the
column, so that the cell can be found in an editor.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from geomnn.checker.digits import written
from geomnn.errors import DataError
from geomnn.numbers.rationals import exact_number

__all__ = ["Table", "choose_features", "class_column", "exact_column", "number_column", "read_table"]


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file, as text without the spaces around it.

    Parameters
    ----------
    source : str
        The name of the file, for messages.
    columns : tuple of str
        The names in the header.
    rows : tuple of tuple of str
        One entry a sample, as many cells in each as there are columns.
    lines : tuple of int
        The line of the file on which each row begins, counted from 1.
    digest : str
        SHA-256 of the bytes of the file, hexadecimal.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    digest: str

    def text(self) -> str:
        """The cells as a CSV file with commas."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([self.columns, *self.rows])
        return stream.getvalue()

    @property
    def doubt(self) -> str | None:
        """What is strange about the header, in a sentence: some of its names are numbers, as in data or metadata."""
        numbers = [name for name in self.columns if written(name) is not None]
        if not numbers:
            return None
        shown = ", ".join(map(_show, numbers[:4])) + ", …" * (len(numbers) > 4)
        return (
            f"The header of {self.source} looks like data or metadata: it names {len(numbers)} of "
            f"{len(self.columns)} columns by numbers ({shown}). It was taken as the names of the columns, and not as a "
            "sample; if it is a sample, or says something about the file, put a line with names in its place or above "
            "it."
        )


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file with a header: UTF-8 with or without byte-order mark, commas, quoted cells.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If there is no such file, it is not text, or its rows do not fit its header.
    """
    source = str(path)
    content = _content(Path(path), source)
    records = _records(_text(content, source), source)
    if not records:
        raise DataError(f"{source} is empty; a header with column names and one row a sample were expected.")
    columns = _header(records[0][1], source)
    if len(records) == 1:
        raise DataError(f"{source} has a header and no rows; give at least one sample below the header.")
    for line, cells in records[1:]:
        if not any(cells) and len(cells) < 2:
            raise DataError(f"{source}, line {line} is blank; remove it (those at the end are ignored).")
        if len(cells) != len(columns):
            raise DataError(
                f"{source}, line {line} has {len(cells)} cells and the header has {len(columns)}; give every "
                "row one cell a column, and quote cells that hold commas."
            )
    rows, lines = tuple(tuple(cells) for _, cells in records[1:]), tuple(line for line, _ in records[1:])
    return Table(source, columns, rows, lines, hashlib.sha256(content).hexdigest())


def _content(path: Path, source: str) -> bytes:
    if path.is_dir():
        raise DataError(f"{source} is a folder; give the CSV file in it.")
    try:
        return path.read_bytes()
    except FileNotFoundError as reason:
        raise DataError(f"{source} does not exist; give the path of a CSV file with a header.") from reason
    except (OSError, ValueError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise DataError(f"{source} cannot be read ({why}); give a CSV file that you may read.") from reason


def _text(content: bytes, source: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source} is UTF-16 text; UTF-8 was expected: save it as 'CSV UTF-8'.")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise DataError(f"{source}, line {line} holds a NUL byte: this is not text; save the table as CSV.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = reason.object[: reason.start].count(b"\n") + 1  # the codec may have taken the mark away
        byte = reason.object[reason.start]
        raise DataError(
            f"{source}, line {line} holds the byte 0x{byte:02x}, which is not UTF-8 text; "
            "save the table as 'CSV UTF-8'."
        ) from reason


def _records(text: str, source: str) -> list[tuple[int, list[str]]]:
    """(line, cells) of every record, without blank ones at the end."""
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    records: list[tuple[int, list[str]]] = []
    line, last = 1, [""]
    try:
        for cells in reader:
            records.append((line, [cell.strip() for cell in cells]))
            line, last = reader.line_num + 1, cells or last
    except csv.Error as reason:
        raise DataError(f"{source}, line {line} is not CSV ({reason}); check its quotes.") from reason
    if text.count('"') % 2 and re.search(r"[\r\n]", last[-1]):
        raise DataError(f"{source}: a quote that opens on line {records[-1][0]} is never closed; close it.")
    while records and not any(records[-1][1]) and len(records[-1][1]) < 2:
        records.pop()
    return records


def _header(names: Sequence[str], source: str) -> tuple[str, ...]:
    """The names of the columns; a first line of numbers is no header but a sample that would be lost."""
    given = [name for name in names if name]
    if given and all(written(name) is not None for name in given):
        shown = ", ".join(map(_show, given[:4])) + ", …" * (len(given) > 4)
        raise DataError(
            f"{source} looks like a file without a header: its first line holds numbers only ({shown}), and would not "
            "be taken as a sample. Add a first line with a name for each column, such as x1,x2,y; names like 2020 need "
            "a letter, such as y2020."
        )
    for position, name in enumerate(names):
        if not name:
            raise DataError(f"{source}: column {position + 1} of the header has no name; name every column.")
        if name in names[:position]:
            raise DataError(f"{source}: the header names {_show(name)} twice; give each its own name.")
    if not names:
        raise DataError(f"{source}, line 1 is blank; a header with the column names was expected there.")
    return tuple(names)


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
    _position(table, target, "the target")
    if wanted is None:
        features = tuple(name for name in table.columns if name != target)
        if not features:
            raise DataError(
                f"{table.source} has the column {_show(target)} only, which is the target; "
                "at least one more column is needed as a feature."
            )
        return features
    if not any(wanted):
        raise DataError("--features names no column; give names separated by commas, or leave it out.")
    for position, name in enumerate(wanted):
        _position(table, name, "a feature")
        if name == target:
            raise DataError(f"{_show(name)} is the target and among the features; take it out of --features.")
        if name in wanted[:position]:
            raise DataError(f"--features names {_show(name)} twice; name every column once.")
    return tuple(wanted)


def number_column(table: Table, name: str, role: str = "feature") -> np.ndarray:
    """A column as finite numbers, shape (n,).

    Parameters
    ----------
    table : Table
    name : str
    role : {"feature", "target"}
        What the column is for: it decides what the message advises.

    Raises
    ------
    DataError
        If a cell is blank, text, NaN or infinite; the message names its line.
    """
    position = _position(table, name, f"the {role}")
    values = np.empty(len(table.rows))
    for row, cells in enumerate(table.rows):
        value = _number(table, row, name, cells[position])
        if value is None:
            comma = _advice_on_commas(cells[position])
            advice = {
                "feature": "leave the column out (--features names those to use) or encode it as numbers",
                "target": "add --classify if the column holds classes",
            }[role]
            raise DataError(
                f"{_where(table, row, name)}: {_show(cells[position])} is text where a number was expected "
                f"as {role}; {comma or advice}."
            )
        values[row] = value
    return values


def _advice_on_commas(text: str) -> str | None:
    """What to do about commas in a number: one may mean either of two things, and a wrong guess is a wrong number."""
    point, plain = text.replace(".", "").replace(",", "."), text.replace(",", "")
    decimal = re.fullmatch(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+", text)
    thousands = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text)
    if decimal and thousands:
        return f"write {point} if the comma is a decimal one, or {plain} if it separates thousands"
    if decimal:
        return f"write {point}, with a decimal point"
    return f"write {plain}, without commas between thousands" if thousands else None


def exact_column(table: Table, name: str) -> np.ndarray:
    """A column that `number_column` accepts, as written: 0.1 is 1/10. Fractions in an array of objects, shape (n,)."""
    position = _position(table, name, "a column")
    values = [
        exact_number(Decimal(cells[position]), _where(table, row, name))
        for row, cells in enumerate(table.rows)
    ]
    return np.array(values, dtype=object)


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
    position = _position(table, name, "the target")
    texts = [cells[position] for cells in table.rows]
    for row, text in enumerate(texts):
        if written(text) is None:
            _number(table, row, name, text)  # which refuses blank cells, NaN and infinities
    numbers = [number for text in texts if (number := written(text)) is not None]
    keys: Sequence[Any] = numbers if len(numbers) == len(texts) else texts
    spelling: dict[Any, str] = {}
    for key, text in zip(keys, texts, strict=True):
        spelling.setdefault(key, text)
    if len(spelling) == 1 or 2 < len(spelling) > len(keys) / 2:
        shown = ", ".join(_show(text) for text in list(spelling.values())[:4]) + ", …" * (len(spelling) > 4)
        advice = (
            "one class cannot be told from another: give samples of both"
            if len(spelling) == 1
            else "leave out --classify if these are quantities, or give two rows and more of each class"
        )
        raise DataError(
            f"{table.source}: the target {_show(name)} has {len(spelling)} "
            f"{'class' if len(spelling) == 1 else 'classes'} ({shown}) in {len(keys)} rows; {advice}."
        )
    place = {key: k for k, key in enumerate(sorted(spelling))}
    one_hot = np.eye(len(place))[[place[key] for key in keys]]
    targets = one_hot if len(place) > 2 else one_hot[:, 1] - one_hot[:, 0]
    return targets, tuple(spelling[key] for key in place)


def _number(table: Table, row: int, name: str, text: str) -> float | None:
    """The finite number in a cell, None for text; blank cells and NaN are refused."""
    if not text:
        raise DataError(f"{_where(table, row, name)} is blank; fill it in or remove the row.")
    try:
        value = float(text) if "_" not in text else None
    except ValueError:
        return None
    if value is not None and not np.isfinite(value):
        raise DataError(
            f"{_where(table, row, name)}: {_show(text)} is not a finite number; fill it in or remove the row."
        )
    return value


def _position(table: Table, name: str, role: str) -> int:
    if name in table.columns:
        return table.columns.index(name)
    if len(table.columns) == 1 and (found := re.search(r"[;\t|]", table.columns[0])):
        advice = f"its cells look separated by {found[0]!r} and commas were expected: save it with commas"
    else:
        shown = ", ".join(map(_show, table.columns[:12])) + ", …" * (len(table.columns) > 12)
        advice = f"take one of {shown}"
    raise DataError(f"{table.source} has no column {_show(name)} for {role}; {advice}.")


def _where(table: Table, row: int, name: str) -> str:
    return f"{table.source}, line {table.lines[row]}, column {_show(name)}"


def _show(text: str, longest: int = 40) -> str:
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
