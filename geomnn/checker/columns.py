"""A table that was read: its columns in plain decimals, and a sentence about how it was read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from geomnn.checker.decimals import BOOLEANS, MINUS, MISSING, Numbers, certain_marks, fits, read_numbers
from geomnn.checker.digits import written
from geomnn.checker.unpack import STANDARD_INPUT, Unreadable

__all__ = ["SEPARATORS", "Table", "first_of", "is_number", "listed", "show"]

SPACES = " "  # any number of spaces and tabs
SEPARATORS = {
    ",": "','",
    ";": "';'",
    "\t": "tabs",
    "|": "'|'",
    SPACES: "spaces",
}  # in the order in which they are tried
DECIMAL_COMMAS = ";\t"  # separators of programs that write decimal commas; between others 1.000 is 1


@dataclass(frozen=True)
class Table:
    """The cells of a table, as text without the spaces around it.

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
    separator : str
        One of `SEPARATORS`.
    done, left_out : tuple of str
        What was done to have the text, and what of it is not in the table, in words.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    digest: str
    separator: str = ","
    done: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    _read: dict[str, Numbers | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(self) -> str:
        """The cells as a CSV file with commas."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([self.columns, *self.rows])
        return stream.getvalue()

    def raw(self, name: str) -> list[str]:
        """The cells of a column as they are written."""
        position = self.columns.index(name)
        return [cells[position] for cells in self.rows]

    def where(self, row: int, name: str) -> str:
        """A cell, for messages."""
        return f"{self.source}, line {self.lines[row]}, column {show(name)}"

    @cached_property
    def _marks(self) -> set[str]:
        return certain_marks([self.raw(name) for name in self.columns])

    def numbers(self, name: str) -> Numbers | None:
        """A column in plain decimals, with blanks where there are some, or None if it holds text.

        Raises
        ------
        Unreadable
            If it may be two columns of numbers, and nothing beside it says which.
        """
        if name not in self._read:
            self._read[name] = self._numbers(name)
        return self._read[name]

    def _numbers(self, name: str) -> Numbers | None:
        cells = self.raw(name)
        point, comma = read_numbers(cells, "."), read_numbers(cells, ",")
        if point is None and comma is None and all(fits(cell, ".") or fits(cell, ",") for cell in cells):
            self._refuse_both_marks(name, cells)
        if point is None or comma is None or point.cells == comma.cells:
            return point or comma
        if self.separator not in DECIMAL_COMMAS and not any("," in cell for cell in cells):
            if self._marks != {","}:
                return point
        elif len(self._marks) == 1:
            return point if "." in self._marks else comma
        raise Unreadable(self._two_meanings(name, point, comma))

    def _refuse_both_marks(self, name: str, cells: Sequence[str]) -> None:
        """Refuse a column that needs a point and a comma before decimals; one of blanks alone needs neither."""
        odd = {mark: row for row, cell in enumerate(cells) for mark in ".," if not fits(cell, mark)}
        if odd:
            raise Unreadable(
                f"{self.where(odd['.'], name)} holds {show(cells[odd['.']])}, and {show(cells[odd[',']])} elsewhere; "
                "write all decimals of a column with the same mark."
            )

    def _two_meanings(self, name: str, point: Numbers, comma: Numbers) -> str:
        cells = self.raw(name)
        row = next(k for k in range(len(cells)) if point.cells[k] != comma.cells[k])
        mark, other, called = (",", ".", "comma") if "," in cells[row] else (".", ",", "point")
        small, large = (comma, point) if mark == "," else (point, comma)
        return (
            f"{self.where(row, name)}: {show(cells[row])} may be {float(small.cells[row]):g} or {large.cells[row]}; "
            f"write {cells[row]}0 if the {called} is a decimal one, or {cells[row]}{other}0 if it separates thousands: "
            "one such cell is enough for the whole table."
        )

    def flags(self, name: str) -> list[str] | None:
        """1 and 0 for a column of True and False, with blanks where there are some, None for any other."""
        cells = self.raw(name)
        kinds = {cell.lower() for cell in cells} - MISSING
        return (
            [BOOLEANS.get(cell.lower(), cell) for cell in cells] if kinds and kinds <= {*BOOLEANS} else None
        )

    def told(self, features: Sequence[str], target: str) -> str | None:
        """How the table was read, in a sentence; None for UTF-8 with a header, commas between cells and points.

        The target may be missing, as in a table that is to be predicted.
        """
        used = [name for name in (*features, target) if name in self.columns]
        found = [numbers for name in used if (numbers := self.numbers(name))]
        decimals = set[str]().union(*(numbers.decimals for numbers in found))
        groups = set[str]().union(*(numbers.groups for numbers in found))
        flags = [name for name in features if self.flags(name)]
        between = [f"{SEPARATORS[self.separator]} between cells"] * (
            self.separator != "," or self.source == STANDARD_INPUT
        )
        between += [f"{_quoted(decimals)} for decimals"] * ("," in decimals)
        between += [f"{_quoted(groups)} between thousands"] * bool(groups)
        between += [f"'{MINUS}' for minus"] * any(numbers.minus for numbers in found)
        done = [*self.done, *[f"read with {listed(between)}"] * bool(between)]
        parts = [f"{Path(self.source).name} was {listed(done or ['read'])}"]
        parts += [f"left out: {listed(self.left_out)}"] * bool(self.left_out)
        parts += [f"True is 1 and False is 0 in {first_of(flags)}"] * bool(flags)
        return "; ".join(parts) + "." if done or len(parts) > 1 else None

    @property
    def doubt(self) -> str | None:
        """What is strange about the header, in a sentence: some of its names are numbers, as in data or metadata."""
        numbers = [name for name in self.columns if is_number(name)]
        if not numbers:
            return None
        return (
            f"The header of {self.source} looks like data or metadata: it names {len(numbers)} of "
            f"{len(self.columns)} columns by numbers ({first_of(numbers)}). It was taken as the names of the columns, "
            "and not as a sample; if it is a sample, or says something about the file, put a line with names in its "
            "place or above it."
        )


def is_number(name: str) -> bool:
    """Whether a name in a header is one that a sample could have, with a decimal point or a comma."""
    return written(name.replace(",", ".").replace(MINUS, "-")) is not None


def show(text: str, longest: int = 40) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def first_of(names: Sequence[str], most: int = 4) -> str:
    """Names in quotes, the first of many."""
    return ", ".join(map(show, names[:most])) + ", …" * (len(names) > most)


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([*[", ".join(words[:-1])] * (len(words) > 1), *words[-1:]])


def _quoted(marks: Iterable[str]) -> str:
    return listed(
        [{" ": "spaces", "'": "apostrophes", "’": "apostrophes"}.get(m, repr(m)) for m in sorted(marks)]
    )
