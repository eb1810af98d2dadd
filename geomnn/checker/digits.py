"""Integers of any length that a document may hold, as text and as JSON, and text as a terminal can show it."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager

__all__ = ["MOST_DIGITS", "any_size", "parse_json", "printable", "shared", "too_long", "written"]

# of an integer in a document: exact solutions need some hundred, and about a hundred for each sample where features and
# targets are floats with all their digits; reading and writing one of this length takes a sixth of a second
MOST_DIGITS = 100_000
LONG = re.compile(rf"(?<![0-9])[0-9]{{{MOST_DIGITS + 1}}}")  # each run of digits is looked at once
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,8})?")


def shared(limit: Callable[[], AbstractContextManager[Any]]) -> Callable[[], _GeneratorContextManager[None]]:
    """A limit of the whole process that several threads may enter at a time: the last to leave restores what was."""
    lock, held, users = threading.Lock(), ExitStack(), 0

    @contextmanager
    @wraps(limit)
    def entered() -> Iterator[None]:
        nonlocal users
        with lock:
            users += 1
            if users == 1:
                held.enter_context(limit())
        try:
            yield
        finally:
            with lock:
                users -= 1
                if users == 0:
                    held.close()

    return entered


@shared
@contextmanager
def any_size() -> Iterator[None]:
    """Let integers of any length be read and written, as exact numbers need it."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


def too_long(text: str) -> bool:
    """Whether a text holds an integer of more than `MOST_DIGITS` digits, which nothing here has to read."""
    return len(text) > MOST_DIGITS and LONG.search(text) is not None


def parse_json(text: str) -> Any:
    """A JSON document: no key twice in an object, no NaN and no infinity, no number of more than `MOST_DIGITS` digits.

    Raises
    ------
    ValueError
        With the reason, if it is anything else, or too deep.
    """
    if too_long(text):
        raise ValueError(f"a number has more than {MOST_DIGITS:,} digits")
    try:
        with any_size():
            return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as reason:
        raise ValueError("its lists are too deep") from reason


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key comes twice: readers differ in which one they would believe."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in the same object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def written(text: Any) -> Decimal | None:
    """The decimal number that a cell spells, exactly as it is written; None for everything else.

    So 1 and 1.0 are one label and 16777217.00000000001 is another than 16777217, though floats may not tell them apart.
    """
    if not isinstance(text, str) or NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def printable(text: str) -> str:
    """Text with whatever a terminal could obey, or not show, spelt out as in a Python string: \\x1b for an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
