"""Numbers as people write them: decimal points and decimal commas, and marks between thousands.

A cell alone may be two numbers, as 1,000 and 1.000 are. A column is read with the mark with which all its cells are
numbers; if both will do and the numbers differ, with that of the columns beside it, as a table has one; if they have
none, not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["BOOLEANS", "MINUS", "MISSING", "Numbers", "certain_marks", "fits", "read_numbers"]

MISSING = frozenset({"", "na", "n/a", "nan", "#n/a", "<na>", "null", "?", "-", "."})  # in small letters
BOOLEANS = {"true": "1", "false": "0"}
MINUS = "\u2212"  # the sign of typesetters, for which - stands in plain numbers
EXPONENT = rf"(?P<exponent>[eE][+{MINUS}-]?\d{{1,8}})?"


def _pattern(decimal: str, groups: str) -> re.Pattern[str]:
    """Digits, or groups of three of them with one and the same mark between, of which the first has no zero before."""
    thousands = rf"[1-9]\d{{0,2}}(?P<group>[{groups}])\d{{3}}(?:(?P=group)\d{{3}})*"
    whole = rf"(?P<whole>\d+|{thousands})(?:[{decimal}](?P<fraction>\d*))?"
    return re.compile(rf"(?P<sign>[+{MINUS}-]?)(?:{whole}|[{decimal}](?P<rest>\d+)){EXPONENT}")


PATTERNS = {".": _pattern(".", ",'’ "), ",": _pattern(",", ".'’ ")}


class Numbers:
    """A column in plain decimals, 1234.5, its blanks as they are, and the marks that its cells had.

    Attributes
    ----------
    cells : list of str
    decimals, groups : set of str
        The marks before decimals and between thousands.
    minus : bool
        Whether some had the sign − of typesetters.
    """

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.decimals: set[str] = set()
        self.groups: set[str] = set()
        self.minus = False


def read_numbers(cells: Iterable[str], decimal: str) -> Numbers | None:
    """A column with this decimal mark, or None if a cell that is not missing is no number then."""
    numbers, pattern, some = Numbers(), PATTERNS[decimal], False
    for cell in cells:
        found = pattern.fullmatch(cell)
        if found is None:
            if cell.lower() not in MISSING:
                return None
            numbers.cells.append(cell)
            continue
        some, group, part = True, found["group"], found["fraction"]
        if group:
            numbers.groups.add(group)
        if part is not None or found["rest"]:
            numbers.decimals.add(decimal)
        numbers.minus |= MINUS in cell
        plain = cell.replace(group, "") if group else cell
        numbers.cells.append(plain.replace(decimal, ".").replace(MINUS, "-"))
    return numbers if some else None


def fits(cell: str, decimal: str) -> bool:
    """Whether a cell is missing, or a number with this decimal mark."""
    return cell.lower() in MISSING or PATTERNS[decimal].fullmatch(cell) is not None


def certain_marks(columns: Sequence[Sequence[str]]) -> set[str]:
    """The decimal marks that columns have for certain: the only ones with which all their cells are numbers."""
    marks: set[str] = set()
    for cells in columns:
        if any(re.match(rf"[+{MINUS}-]?0\d", cell) for cell in cells):
            continue  # 01.02 is a day, or a code
        fit = [mark for mark in PATTERNS if read_numbers(cells, mark) is not None]
        marks |= set(fit) if len(fit) == 1 else set()
    return marks
