"""Integers of any length as text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["any_size"]


@contextmanager
def any_size() -> Iterator[None]:
    """Let integers of any length be read and written, as exact numbers need it."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)
