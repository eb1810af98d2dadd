"""A table as people have it: what stands between its cells, where its header is, and which columns it has.

Separators are tried in the order of `SEPARATORS`, spaces only where no other will do, and one is taken if every row
then has a cell for each name of the header. What could be read in two ways is refused, and not guessed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geomnn.checker.columns import SEPARATORS, SPACES, Table, first_of, is_number, listed, show
from geomnn.checker.decimals import read_numbers
from geomnn.checker.unpack import Unreadable, content_of, name_of, text_of

__all__ = ["read"]

NO_BREAK = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " ")
COMMENTS = re.compile(r"(?:[ \t]*#[^\r\n]*(?:\r\n?|\n)(?:[ \t]*(?:\r\n?|\n))*)+")
NAMED_SEPARATOR = re.compile(r'"?sep=([,;|\t])"?(?:\r\n?|\n)')  # as Excel has it above a table
UNNAMED = re.compile(r"|Unnamed: \d+")  # as pandas calls columns without a name
QUOTED_OR_SPACES = re.compile(r'"(?:[^"]|"")*"|[ \t]+')


@dataclass
class _Records:
    """The records of a text for one separator, the header first; of each its line, its cells, whether R named it so."""

    source: str
    separator: str
    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def drop_first(self) -> None:
        for entries in (self.lines, self.cells, self.quoted):
            del entries[0]

    def name_columns(self) -> None:
        """Put names for all columns above the first record; x0 would be the name of a sample."""
        self.lines.insert(0, 0)
        self.cells.insert(0, [f"c{k}" for k in range(len(self.cells[0]))])
        self.quoted.insert(0, False)

    def column(self, position: int) -> list[str]:
        return [cells[position] for cells in self.cells[1:]]

    @property
    def numeric(self) -> int:
        """How many columns hold numbers alone, apart from blanks."""
        columns = map(self.column, range(len(self.cells[0])))
        return sum(any(read_numbers(cells, mark) for mark in ".,") for cells in columns)


def read(path: Path, header: bool = True) -> Table:
    """Read a table, in one of the dialects that people have.

    Parameters
    ----------
    path : Path
        "-" for standard input.
    header : bool
        Whether its first line names the columns; else they are called c0, c1, and so on.

    Raises
    ------
    Unreadable
        Its message says what is wrong and what to do.
    OSError
        If it cannot be read.
    """
    source, content = name_of(path), content_of(path)
    text, done = text_of(content, source)
    text, separators, left_out, above = text.translate(NO_BREAK), list(SEPARATORS), [], 0
    if named := NAMED_SEPARATOR.match(text):
        text, separators, above = text[named.end() :], [named[1]], 1
        left_out.append("the line that names the separator")
    if comments := COMMENTS.match(text):
        text, above = text[comments.end() :], above + len(_lines(comments[0]))
        count = sum("#" in line for line in _lines(comments[0]))
        left_out.append(f"{count} comment line" + "s" * (count > 1))
    records = _chosen(text, source, separators, above, bool(comments), header)
    if not header:
        done.append(f"given the names {first_of(records.cells[0])} for its columns")
    digest, names, *rows = hashlib.sha256(content).hexdigest(), *map(tuple, records.cells)
    return Table(source, names, tuple(rows), tuple(records.lines[1:]), digest, records.separator, tuple(done),
                 (*left_out, *records.left_out))  # fmt: skip


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def _chosen(
    text: str, source: str, separators: Sequence[str], above: int, commented: bool, header: bool
) -> _Records:
    """The records with the one separator that makes a table of the text."""
    begin = [line for line in _lines(text) if line.strip()][:2]
    fits: list[_Records] = []
    single, faults = None, dict[str, Unreadable]()
    for separator in separators:
        there = any(
            (set(" \t") if separator == SPACES else {separator}) & set(line.strip()) for line in begin
        )
        if (separator == SPACES and fits) or not (there or separator == separators[0]):
            continue
        try:
            records = _laid_out(_split(text, source, separator, above), commented, header)
        except Unreadable as fault:
            faults[separator] = fault
            continue
        if len(records.cells[0]) == 1:
            single = single or records
        elif separator != SPACES or (records.numeric and not set(",;|") & set("".join(records.cells[0]))):
            fits.append(records)
    if not fits:
        if single and (single.numeric or not faults):
            return single
        first = "".join(begin[:1])
        raise faults[max(faults, key=lambda mark: 0 if mark == SPACES else first.count(mark) + 1)]
    if len(fits) == 1:
        return fits[0]
    clean = [records for records in fits if records.numeric == len(records.cells[0])]
    some = clean or [records for records in fits if records.numeric] or fits
    if len(some) > 1:
        marks = " or ".join(SEPARATORS[records.separator] for records in some)
        raise Unreadable(
            f"{source} is a table with {marks} between cells; put cells that hold the other one in quotes."
        )
    return some[0]


def _split(text: str, source: str, separator: str, above: int) -> _Records:
    """The cells of every record, without blank records at the end."""
    if separator == SPACES:
        text = QUOTED_OR_SPACES.sub(lambda found: found[0] if found[0][0] == '"' else "\t", text)
        text = re.sub(r"(?m)^\t|\t(?=\r?$)", "", text)
    found, lines = _Records(source, separator), _lines(text)
    reader = csv.reader(lines, delimiter="\t" if separator == SPACES else separator, skipinitialspace=True)
    line, last = 0, [""]
    try:
        for cells in reader:
            found.lines.append(above + line + 1)
            found.cells.append([cell.strip() for cell in cells])
            found.quoted.append(_is_quoted_first(lines[line], separator))
            line, last = reader.line_num, cells or last
    except csv.Error as reason:
        raise Unreadable(
            f"{source}, line {above + line + 1} is not CSV ({reason}); check its quotes."
        ) from reason
    if text.count('"') % 2 and re.search(r"[\r\n]", last[-1]):
        raise Unreadable(f"{source}: a quote that opens on line {found.lines[-1]} is never closed; close it.")
    while found.cells and not any(found.cells[-1]) and len(found.cells[-1]) < 2:
        del found.cells[-1], found.lines[-1], found.quoted[-1]
    return found


def _is_quoted_first(line: str, separator: str) -> bool:
    """Whether the first cell of a line is in quotes and some other is not."""
    return line.lstrip()[:1] == '"' and bool(re.sub(r'"(?:[^"]|"")*"', "", line).strip(f"{separator} \t\r\n"))


def _laid_out(records: _Records, commented: bool, header: bool) -> _Records:
    """Records of which the first is the header, with a name and a cell for every column."""
    if not header and records.cells and records.cells[0]:
        records.name_columns()
    source, cells = records.source, records.cells
    if not cells:
        raise Unreadable(f"{source} is empty; a header with column names and one row a sample were expected.")
    if not cells[0]:
        raise Unreadable(
            f"{source}, line {records.lines[0]} is blank; a header with the column names was expected there."
        )
    if header and _stands_above(records):
        records.left_out.append(f"line {records.lines[0]}, which stands above the header")
        records.drop_first()
    _check_names(records, commented)
    if len(cells) == 1:
        raise Unreadable(f"{source} has a header and no rows; give at least one sample below the header.")
    _cut_blank_ends(records)
    if _has_row_names(records):
        records.left_out.append("the column of the names of rows")
        for row in cells[1:]:
            del row[0]
    _check_rows(records)
    keep = [k for k, name in enumerate(cells[0]) if not UNNAMED.fullmatch(name)]
    if not keep:
        raise Unreadable(f"{source}: column 1 of the header has no name; name every column.")
    if rest := [str(k + 1) for k in range(len(cells[0])) if k not in keep]:
        records.left_out.append(f"the unnamed column{'s' * (len(rest) > 1)} {listed(rest)}")
        records.cells[:] = [[row[k] for k in keep] for row in cells]
    return records


def _stands_above(records: _Records) -> bool:
    """Whether a title, or counts of samples and features as scikit-learn writes them, stand above the header."""
    if len(records.cells) < 3:
        return False
    first, names, *rows = [_without_blank_end(cells) for cells in records.cells]
    named = len(names) >= 2 and all(re.search(r"[^\W\d_]", name) for name in names)  # with a letter each
    if not named or len(set(names)) < len(names) or any(len(row) > len(names) for row in records.cells[2:]):
        return False
    below = _Records("", "", [], [names, *([*row, *[""] * (len(names) - len(row))] for row in rows)])
    return bool(below.numeric) and (len(first) == 1 or first[:2] == [str(len(rows)), str(len(names) - 1)])


def _without_blank_end(cells: Sequence[str]) -> list[str]:
    used = max((k + 1 for k, cell in enumerate(cells) if cell), default=0)
    return list(cells[:used])


def _check_names(records: _Records, commented: bool) -> None:
    """A first line of numbers is no header but a sample that would be lost."""
    source, line, names, *rows = records.source, records.lines[0], *records.cells
    given = [name for name in names if name]
    if rows and given[:2] == [str(len(rows)), str(len(rows[0]) - 1)] and len(given) > 2:
        raise Unreadable(
            f"{source}, line {line} counts {given[0]} samples and {given[1]} features and no line names the columns; "
            f"put a line with a name for each column in its place, such as {_names_for(rows[0], records.separator)}."
        )
    if commented and any(map(is_number, given)):
        raise Unreadable(
            f"{source}, line {line} stands below comments and names columns by numbers ({first_of(given)}); put a line "
            "with the names of the columns there, and if the comment above has them, take its '#' away."
        )
    if given and all(map(is_number, given)):
        raise Unreadable(
            f"{source} looks like a file without a header: its first line holds numbers only ({first_of(given)}), and "
            f"would not be taken as a sample. Add a first line with a name for each column, such as "
            f"{_names_for(given, records.separator)}, or add --no-header; names like 2020 need a letter, such as y2020."
        )
    for position, name in enumerate(names):
        if name and name in names[:position]:
            raise Unreadable(f"{source}: the header names {show(name)} twice; give each its own name.")


def _names_for(row: Sequence[str], separator: str) -> str:
    """A header that would do."""
    names = [f"x{k + 1}" for k in range(len(row) - 1)]
    return separator.join([*(names if len(names) < 6 else [*names[:2], "…", names[-1]]), "y"]).replace(
        "\t", " "
    )


def _cut_blank_ends(records: _Records) -> None:
    """Take blank cells away that stand beyond the header, and names that are blank beyond all rows."""
    header, *rows = records.cells
    while len(header) > 1 and not header[-1] and all(len(row) < len(header) for row in rows):
        header.pop()
    cut = False
    for row in rows:
        while len(row) > len(header) and not row[-1]:
            row.pop()
            cut = True
    records.left_out += ["blank cells beyond the last column"] * cut


def _has_row_names(records: _Records) -> bool:
    """Whether rows have a name before their first cell, as R writes them: all different, in quotes.

    Text without quotes will do where no comma stands between cells, as in anna,1,5 it may be one of a decimal.
    """
    header, *rows = records.cells
    if not all(len(row) == len(header) + 1 for row in rows):
        return False
    names = {row[0] for row in rows}
    text = records.separator != "," and not any(map(is_number, names))
    return len(names) == len(rows) and (all(records.quoted[1:]) or text)


def _check_rows(records: _Records) -> None:
    source, (header, *rows) = records.source, records.cells
    for line, row in zip(records.lines[1:], rows, strict=True):
        if not any(row) and len(row) < 2:
            raise Unreadable(f"{source}, line {line} is blank; remove it (those at the end are ignored).")
        if len(row) == len(header):
            continue
        if row[0].startswith("#"):
            raise Unreadable(
                f"{source}, line {line} begins with '#' and stands among the samples, where comments are not "
                "read; remove it."
            )
        advice = f"give every row one cell a column, and quote cells that hold {_plural(records.separator)}"
        if all(len(other) == len(header) + 1 for other in rows):
            advice = "give every column a name, and if the first one is no feature call it ''"
        raise Unreadable(
            f"{source}, line {line} has {len(row)} cells and the header has {len(header)}; {advice}."
        )


def _plural(separator: str) -> str:
    return {",": "commas", ";": "semicolons", "|": "'|'"}.get(separator, SEPARATORS[separator])
