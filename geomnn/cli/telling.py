"""What a terminal is told: in its letters, in one line, in options and not in arguments of the library."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from geomnn.checker.digits import printable
from geomnn.checker.letters import spelt
from geomnn.cli.options import NAMES
from geomnn.errors import GeomnnWarning

__all__ = [
    "Command",
    "Group",
    "in_options",
    "one_line",
    "progress_line",
    "say",
    "spelt_option",
    "warnings_in_one_line",
]

# an argument as messages of the library call it, name=value; not one inside of a name in quotes
ARGUMENT = re.compile(r"(?<![\w'\"])([a-z_]+)=('[^']*'|[\w.+-]*\w|)(, rounds=)?")


def spelt_option(name: str, value: Any) -> str:
    """An argument of the library as the option of the command line that it is, if it is one."""
    if name not in NAMES:
        return f"{name}={value!r}"
    option = f"--{name.replace('_', '-')}"
    if value is None:
        return option
    return f"{'' if value else 'no '}{option}" if isinstance(value, bool) else f"{option} {value}"


def in_options(text: str) -> str:
    """A message with the arguments that it names, time_limit=3, as options of the command line, --time-limit 3."""

    def spelt_out(found: re.Match[str]) -> str:
        name, written = found[1], found[2].strip("'")
        if name == "bias":
            return "--no-bias" if written == "False" else "no --no-bias"
        value = {"True": True, "False": False, "": None}.get(written, written)
        return spelt_option(name, value) if name in NAMES else found[0]

    return ARGUMENT.sub(spelt_out, text)


def one_line(text: object) -> str:
    return " ".join(str(text).split())


def say(text: str, err: bool = False) -> None:
    """Print, in letters that the terminal has, and spelt out what it would obey."""
    shown = "\n".join(map(printable, text.split("\n")))
    click.echo(spelt(shown, (sys.stderr if err else sys.stdout).encoding), err=err)


class Command(click.Command):
    """A command whose help is in letters that the terminal has."""

    def get_help(self, ctx: click.Context) -> str:
        return spelt(super().get_help(ctx), sys.stdout.encoding)


class Group(Command, click.Group):
    command_class = Command


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print the warnings of geomnn as one line each, and leave the others to Python."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GeomnnWarning)
        try:
            yield
        finally:
            for each in caught:
                text = warnings.formatwarning(each.message, each.category, each.filename, each.lineno)
                ours = issubclass(each.category, GeomnnWarning)
                told = in_options(one_line(each.message))
                say(f"geomnn: warning: {told}" if ours else text.rstrip(), err=True)


@contextmanager
def progress_line(wanted: bool | None = None) -> Iterator[Any]:
    """The line on stderr that says what goes on, if wanted, or if that is a terminal; else None."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from geomnn.deadline import shown

    with shown(True) as line:
        yield line
