"""The options of the command line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

import click

__all__ = ["DERIVE", "NAMES", "NO_HEADER", "taking"]


def weight(text: str | None) -> Decimal | Fraction | str | None:
    """A number as it is written, or "auto"."""
    return text if text is None or text == "auto" else written(text, "'--reg'", ", nor auto")


def written(text: str, option: str, nor: str = "") -> Decimal | Fraction:
    """A number as it is written."""
    try:
        number = Fraction(text) if "/" in text else Decimal(text)
        float(number)  # of 1/0, sNaN and the like there is none
    except (ValueError, ArithmeticError) as reason:
        raise click.BadParameter(f"{text!r} is not a number{nor}", param_hint=option) from reason
    return number


def taking(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator for functions that take all of these, in this order in the help."""
    return lambda command: reduce(lambda function, option: option(function), reversed(options), command)


NO_HEADER = click.option(
    "--no-header", is_flag=True, help="The first line is a sample, too; the columns are then called c0, c1, …"
)

DERIVE = (
    click.argument("path", metavar="DATA.CSV"),
    click.option("--target", required=True, metavar="COLUMN", help="The column to predict."),
    click.option(
        "--reg",
        metavar="NUMBER|auto",
        callback=lambda _context, _option, text: weight(text),
        help="Weight of the penalty, above 0: larger gives fewer neurons, smaller a closer fit. With --exact also 1/3. "
        "auto chooses by cross-validation: the largest within one standard error of the best.",
    ),
    click.option(
        "--out", required=True, metavar="FOLDER", help="Where to write; must not exist (see --force)."
    ),
    click.option(
        "--force", is_flag=True, help="Write into a folder that exists: replace geomnn's files, keep others."
    ),
    NO_HEADER,
    click.option(
        "--features",
        metavar="A,B,…",
        help="Columns to predict from; a name with a comma in double quotes. [default: all but the target]",
    ),
    click.option("--classify", is_flag=True, help="The target holds classes, two or more."),
    click.option("--standardize", is_flag=True, help="Bring features to mean 0 and deviation 1 first."),
    click.option(
        "--norm",
        type=click.Choice(["1", "2", "inf"]),
        default="1",
        show_default=True,
        help="The norm of the inner weights in the penalty.",
    ),
    click.option(
        "--loss",
        type=click.Choice(["squared", "logistic"]),
        help="What to minimise. [default: logistic with --classify, softmax for more than two classes, squared "
        "otherwise]",
    ),
    click.option("--no-bias", is_flag=True, help="Neurons without biases, and no intercept."),
    click.option(
        "--dictionary",
        type=click.Choice(["auto", "all", "wedge", "sampled", "local"]),
        default="auto",
        show_default=True,
        help="Which neurons compete: all, every one there is; wedge, wedges of samples alone; sampled, 1,000 of "
        "these drawn at random; local, those that a search finds; auto, all where it is affordable and local "
        "elsewhere.",
    ),
    click.option(
        "--tol",
        type=float,
        default=1e-9,
        show_default=True,
        help="Stop at this duality gap, relative to the objective.",
    ),
    click.option(
        "--exact", is_flag=True, help="Solve in fractions, those of the file as written; see geomnn verify."
    ),
    click.option(
        "--certify",
        type=click.Choice(["auto", "transport", "stars", "cells", "semidefinite", "milp"]),
        help="Bound all neurons there are where they are searched: the network then has a proven gap. auto takes "
        "what is made for such a table.",
    ),
    click.option(
        "--time-limit",
        type=float,
        metavar="S",
        help="Seconds for all of it: starting, reading, the choice of reg, the search, the bound, the pictures and the "
        "report. Compiling, once on a machine, comes on top.",
    ),
    click.option(
        "--holdout",
        type=float,
        metavar="SHARE",
        help="Leave out this share of the rows at random, such as 0.2, of each class the same, and say how well they "
        "are predicted. The certificate is about the other rows.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn at random."),
    click.option(
        "--progress/--no-progress",
        default=None,
        help="Say what is done, when it takes more than two seconds. [default: on a terminal]",
    ),
)

MOVES = (
    click.option(
        "--eps", required=True, metavar="NUMBER", callback=lambda _context, _option, text: written(text, "'--eps'"),
        help="How far features move, in the units of their columns.",
    ),
    click.option(
        "--ball", type=click.Choice(["inf", "1", "2"]), default="inf", show_default=True,
        help="Each feature by eps; or all together, by the sum of sizes or the root of the sum of squares.",
    ),
)  # fmt: skip


@click.command()
@taking(*DERIVE, *MOVES)
def _all_of_them(**_: Any) -> None:
    """Nothing but its options."""


NAMES = frozenset(
    each.name for each in _all_of_them.params
)  # arguments of the library that are options of `derive` or `robustness`
