"""The ``geomnn`` command: a table goes in, a folder that explains a network comes out."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any

import click

from geomnn.checker.digits import printable
from geomnn.checker.letters import spelt
from geomnn.errors import (
    FileError,
    GeomnnError,
    GeomnnWarning,
    MissingPackage,
    OutputExists,
    UnsupportedProblem,
)

__all__ = ["main"]

# an argument as messages of the library call it, name=value; not one inside of a name in quotes
ARGUMENT = re.compile(r"(?<![\w'\"])([a-z_]+)=('[^']*'|[\w.+-]*\w|)(, rounds=)?")
NOT_CHECKED = "was not checked."  # how the checker ends a sentence about what is not there
REPORT = 2.5  # of the seconds in which the libraries are loaded: those of the pictures and the page, on any machine
DEMO_FOLDER = "geomnn-demo"
DEMO_FILE = "demo.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if not given.

    Returns
    -------
    int
        The exit status: 0, 1 for a statement that is false, 2 for input that cannot be used (one line on
        stderr says why), 130 if it was interrupted.
    """
    try:
        status = commands.main(
            arguments if arguments is None else list(arguments), "geomnn", standalone_mode=False
        )
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "geomnn"
        message = error.format_message().rstrip(".")
        return _fail(f"{message}{'' if message.endswith('?') else '.'} See {command} --help.", 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except click.Abort:
        return _fail("interrupted; nothing was written.", 130)
    except GeomnnError as error:
        return _fail(_in_options(error.told(_option)), 2)
    return status if isinstance(status, int) else 0


def _option(name: str, value: Any) -> str:
    """An argument of the library as the option of `geomnn derive` that it is, if it is one."""
    if all(name != option.name for option in derive.params):
        return f"{name}={value!r}"
    option = f"--{name.replace('_', '-')}"
    if value is None:
        return option
    return f"{'' if value else 'no '}{option}" if isinstance(value, bool) else f"{option} {value}"


def _in_options(text: str) -> str:
    """A message with the arguments that it names, time_limit=3, as options of the command line, --time-limit 3."""

    def spelt_out(found: re.Match[str]) -> str:
        name, written = found[1], found[2].strip("'")
        if name == "bias":
            return "--no-bias" if written == "False" else "no --no-bias"
        value = {"True": True, "False": False, "": None}.get(written, written)
        return _option(name, value) if any(name == option.name for option in derive.params) else found[0]

    return ARGUMENT.sub(spelt_out, text)


def _weight(text: str | None) -> Decimal | Fraction | str | None:
    """A number as it is written, or "auto"."""
    if text is None or text == "auto":
        return text
    try:
        number = Fraction(text) if "/" in text else Decimal(text)
        float(number)  # of 1/0, sNaN and the like there is none
    except (ValueError, ArithmeticError) as reason:
        raise click.BadParameter(f"{text!r} is not a number, nor auto", param_hint="'--reg'") from reason
    return number


def _fail(message: str, status: int) -> int:
    _say(f"geomnn: error: {_one_line(message)}", err=True)
    return status


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _say(text: str, err: bool = False) -> None:
    """Print, in letters that the terminal has, and spelt out what it would obey."""
    shown = "\n".join(map(printable, text.split("\n")))
    click.echo(spelt(shown, (sys.stderr if err else sys.stdout).encoding), err=err)


class _Command(click.Command):
    """A command whose help is in letters that the terminal has."""

    def get_help(self, ctx: click.Context) -> str:
        return spelt(super().get_help(ctx), sys.stdout.encoding)


class _Group(_Command, click.Group):
    command_class = _Command


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Print the warnings of geomnn as one line each, and leave the others to Python."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GeomnnWarning)
        try:
            yield
        finally:
            for each in caught:
                text = warnings.formatwarning(each.message, each.category, each.filename, each.lineno)
                ours = issubclass(each.category, GeomnnWarning)
                told = _in_options(_one_line(each.message))
                _say(f"geomnn: warning: {told}" if ours else text.rstrip(), err=True)


@contextmanager
def _progress(wanted: bool | None = None) -> Iterator[Any]:
    """The line on stderr that says what goes on, if wanted, or if that is a terminal; else None."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from geomnn.deadline import shown

    with shown(True) as line:
        yield line


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        _say(f"geomnn {import_module('geomnn').__version__}")
        context.exit()


NO_HEADER = click.option(
    "--no-header", is_flag=True, help="The first line is a sample, too; the columns are then called c0, c1, …"
)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try `geomnn demo` first; then `geomnn derive --help`.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def commands(context: click.Context) -> None:
    """Neural networks you can write down.

    A table of samples goes in; a globally optimal two-layer ReLU network comes out in closed form: every
    weight is a wedge product of samples, and a certificate bounds how far any other network could be below
    it.
    """
    if context.invoked_subcommand is None:
        _say(context.get_help())


@commands.command(short_help="Derive a network from a table and write a report.")
@click.argument("path", metavar="DATA.CSV")
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--reg",
    metavar="NUMBER|auto",
    callback=lambda _context, _option, text: _weight(text),
    help="Weight of the penalty, above 0: larger gives fewer neurons, smaller a closer fit. With --exact also 1/3. "
    "auto chooses by cross-validation: the largest within one standard error of the best.",
)
@click.option("--out", required=True, metavar="FOLDER", help="Where to write; must not exist (see --force).")
@click.option(
    "--force", is_flag=True, help="Write into a folder that exists: replace geomnn's files, keep others."
)
@NO_HEADER
@click.option(
    "--features",
    metavar="A,B,…",
    help="Columns to predict from; a name with a comma in double quotes. [default: all but the target]",
)
@click.option("--classify", is_flag=True, help="The target holds classes, two or more.")
@click.option("--standardize", is_flag=True, help="Bring features to mean 0 and deviation 1 first.")
@click.option(
    "--norm",
    type=click.Choice(["1", "2", "inf"]),
    default="1",
    show_default=True,
    help="The norm of the inner weights in the penalty.",
)
@click.option(
    "--loss",
    type=click.Choice(["squared", "logistic"]),
    help="What to minimise. [default: logistic with --classify, softmax for more than two classes, squared otherwise]",
)
@click.option("--no-bias", is_flag=True, help="Neurons without biases, and no intercept.")
@click.option(
    "--dictionary",
    type=click.Choice(["auto", "all", "wedge", "sampled", "local"]),
    default="auto",
    show_default=True,
    help="Which neurons compete: all, every one there is; wedge, wedges of samples alone; sampled, 1,000 of "
    "these drawn at random; local, those that a search finds; auto, all where it is affordable and local elsewhere.",
)
@click.option(
    "--tol",
    type=float,
    default=1e-9,
    show_default=True,
    help="Stop at this duality gap, relative to the objective.",
)
@click.option(
    "--exact", is_flag=True, help="Solve in fractions, those of the file as written; see geomnn verify."
)
@click.option(
    "--certify",
    type=click.Choice(["auto", "transport", "stars", "cells", "semidefinite", "milp"]),
    help="Bound all neurons there are where they are searched: the network then has a proven gap. auto takes what is "
    "made for such a table.",
)
@click.option(
    "--time-limit",
    type=float,
    metavar="S",
    help="Seconds for all of it: starting, reading, the choice of reg, the search, the bound, the pictures and the "
    "report. Compiling, once on a machine, comes on top.",
)
@click.option(
    "--holdout",
    type=float,
    metavar="SHARE",
    help="Leave out this share of the rows at random, such as 0.2, of each class the same, and say how well they are "
    "predicted. The certificate is about the other rows.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn at random.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Say what is done, when it takes more than two seconds. [default: on a terminal]",
)
def derive(
    out: str, force: bool, progress: bool | None, no_bias: bool, no_header: bool, **options: Any
) -> None:
    """Derive the optimal network for a table and write a folder that explains it.

    DATA.CSV has a header, unless there is --no-header; every column but the target is a feature unless --features
    names them.  Commas,
    semicolons, tabs or spaces stand between cells, and it may be packed with gzip or zip; - is standard input.

    The folder holds report.html (open it first), network.json, certificate.json, network.py (a function
    that needs NumPy alone), network.tex (the closed form) and pictures.

    \b
    Examples:
      geomnn derive house.csv --target price --reg 0.5 --standardize --out report
      geomnn derive iris.csv --target species --classify --reg 0.1 \\
          --features petal_length,petal_width --out report
    """
    begun = monotonic()
    from geomnn.report import Request, check_folder, study_table, whole_folder, write_report

    around = (1 + REPORT) * (monotonic() - begun)
    check_folder(out, force)
    with _warnings_in_one_line(), _progress(progress) as line:
        study = study_table(Request(bias=not no_bias, header=not no_header, **options), line, around)
        with whole_folder(out, force, options["path"]) as folder:
            write_report(study, folder, line)
    _say_summary(study, out)


@commands.command(short_help="Predict the rows of a new table with the network of a report.")
@click.argument("report", metavar="FOLDER")
@click.argument("data", metavar="NEW.CSV")
@click.option(
    "--out",
    metavar="FILE",
    help="The CSV file to write; must not exist (see --force). [default: -, which is stdout]",
)
@NO_HEADER
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def predict(report: str, data: str, out: str | None, force: bool, no_header: bool) -> None:
    """Predict the rows of NEW.CSV with the network that `geomnn derive` wrote into FOLDER.

    NEW.CSV is read as `geomnn derive` reads tables; - is standard input.  Columns are found by their names, in any
    order, and others are left alone.  What comes out is a CSV file with a line for each row: the prediction and, of
    classes, their probabilities or the decision value.  If the target is among the columns, the fit is said, too, of
    the rows that have one.
    """
    from geomnn.report.prediction import predicted

    out = _free(out, force)
    with _warnings_in_one_line(), _progress() as line:
        if line is not None:
            line.say(f"predicting {data}")
        found = predicted(report, data, not no_header)
    _write_rows(out, found.text)
    fit = None if found.fit is None else f"Fit to {found.target}: {found.fit}."
    for sentence in filter(None, (found.told, fit, *found.notes)):
        _say(sentence, err=out is None)


@commands.command(short_help="Say how far rows may move before they are predicted otherwise, proven.")
@click.argument("report", metavar="FOLDER")
@click.option("--data", required=True, metavar="NEW.CSV", help="A table with the features of the network.")
@click.option(
    "--eps", type=float, required=True, help="How far features move, in the units of their columns."
)
@click.option(
    "--ball", type=click.Choice(["inf", "1", "2"]), default="inf", show_default=True,
    help="Each feature by eps; or all together, by the sum of sizes or the root of the sum of squares.",
)  # fmt: skip
@click.option("--time-limit", type=float, metavar="S", help="Seconds for all rows. [default: none]")
@click.option(
    "--out", metavar="FILE", help="The CSV file to write; must not exist. [default: -, which is stdout]"
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@NO_HEADER
def robustness(
    report: str, data: str, ball: str, out: str | None, force: bool, no_header: bool, **options: Any
) -> None:
    """Prove that rows of NEW.CSV keep their class while their features move by --eps, or find where they lose it.

    What comes out is a CSV file with a line for each row. Of classes: whether it is certified, between which numbers
    the distance to the nearest other class is, and the nearest point found that has one. Of numbers: what predictions
    lie between. Exact for one and two features; beyond that lower and upper ends may differ.
    """
    from geomnn.report.robustness import moved_rows

    out = _free(out, force)
    with _warnings_in_one_line(), _progress() as line:
        found = moved_rows(report, data, ball=float(ball), header=not no_header, line=line, **options)
    _write_rows(out, found.text)
    for sentence in found.told:
        _say(sentence, err=out is None)


def _free(out: str | None, force: bool) -> str | None:
    """A file that may be written; None for stdout."""
    if out in (None, "-"):
        return None
    if not force and Path(str(out)).exists():
        raise OutputExists(f"{out} exists; choose another --out, or add --force to replace it.")
    return out


def _write_rows(out: str | None, text: str) -> None:
    from geomnn.files import write_whole

    if out is None:
        click.echo(text.encode("utf-8"), nl=False)
    else:
        write_whole(out, text)


@commands.command(short_help="Check a certificate from the data alone, in exact arithmetic.")
@click.argument("report", metavar="FOLDER")
@click.option(
    "--data", required=True, metavar="DATA.CSV", help="The table that the network was derived from."
)
@NO_HEADER
def verify(report: str, data: str, no_header: bool) -> None:
    """Check every statement of a certificate that `geomnn derive --exact` wrote, or the proof of --certify.

    FOLDER holds certificate.json and network.json. Everything is computed anew from the data, in integers and with none
    of the solver's code: the network from the names of its neurons, the bound from every atom of the dictionary, and
    what optimal_set.json, where there is one, says of all optimal networks. Of --certify the bound is, from proof.json,
    and the value of the weights of network.json in floats. network.py is compared with what network.json says;
    report.html, network.tex and the pictures are not looked at.
    Exits with 1 and the first false statement if there is one, and with 2 where numbers are floats without a proof.
    """
    from geomnn.checker.report import verify_report
    from geomnn.checker.statements import Falsehood, Unproved
    from geomnn.report.function import check_function

    try:
        with _progress() as line:
            if line is not None:
                line.say(f"checking {report}")
            proved = verify_report(Path(report), Path(data), not no_header)
            if (folder := Path(report)).is_dir():
                proved.append(check_function(folder))
    except Falsehood as reason:
        _say(f"geomnn: FALSE: {_one_line(reason)}", err=True)
        raise click.exceptions.Exit(1) from reason
    except Unproved as reason:
        raise UnsupportedProblem(str(reason)) from reason
    except FileError:
        raise
    except OSError as reason:
        raise FileError(f"{reason.filename} cannot be read ({reason.strerror}); give the folder of a report and its "
                        "data.") from reason  # fmt: skip
    missing = [statement for statement in proved if statement.endswith(NOT_CHECKED)]
    for statement in proved:
        if statement not in missing:
            _say(f"holds: {statement}")
    for statement in [*missing, "report.html, network.tex and the pictures were not checked."]:
        _say(f"note: {statement}")


@commands.command(short_help="Check the theorems behind it, and how each was established.",
                  context_settings={"ignore_unknown_options": True, "help_option_names": []})  # fmt: skip
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def prove(arguments: tuple[str, ...]) -> None:
    """Check the statements of proofs/, which is in the source tree: the same as `python -m proofs`."""
    source = Path(__file__).parents[1]
    if not (source / "proofs" / "statement.py").is_file():
        raise MissingPackage(
            "The proofs live in the source tree of geomnn, in the folder proofs/, and are not part of the installed "
            "package; get the source, and run `python -m proofs` in it."
        )
    sys.path.insert(0, str(source))
    check_proofs = import_module("proofs").main
    raise click.exceptions.Exit(check_proofs(arguments))


@commands.command(short_help="Write the tutorial as notebooks.")
@click.argument("folder", metavar="FOLDER")
@click.option(
    "--force", is_flag=True, help="Write into a folder that exists, over its notebooks of these names."
)
def learn(folder: str, force: bool) -> None:
    """Write the tutorial as Jupyter notebooks into a new folder, with exercises that check themselves.

    Beside each notebook lies one with the solutions.  Open them with any Jupyter, such as `jupyter lab FOLDER`.
    """
    from geomnn.learn import write_notebooks

    for path in write_notebooks(folder, force):
        _say(str(Path(folder) / path.name))
    _say("Solutions lie beside each. To open them: jupyter lab " + folder)


@commands.command(short_help="Derive a small network from bundled data: a first look.")
@click.option("--out", default=DEMO_FOLDER, show_default=True, metavar="FOLDER", help="Where to write.")
@click.option("--force", is_flag=True, help="Write into a folder that exists (the default one may).")
def demo(out: str, force: bool) -> None:
    """Derive a small network from bundled data, and write its report and the data.

    The data are the heights of a hill beside a hollow at points of a square, one row a point.  The report
    shows every part that `geomnn derive` writes.
    """
    from geomnn.report import Request, check_folder, study_table, whole_folder, write_report

    bundled = files("geomnn").joinpath("data", DEMO_FILE)
    edited = Path(out) / DEMO_FILE
    if not force and edited.is_file() and edited.read_bytes() != bundled.read_bytes():
        raise OutputExists(
            f"{edited} has been changed and would be lost; choose another --out, or add --force."
        )
    force = force or out == DEMO_FOLDER
    check_folder(out, force)
    with _warnings_in_one_line(), _progress() as line, whole_folder(out, force) as folder:
        (folder / DEMO_FILE).write_bytes(bundled.read_bytes())
        request = Request(str(folder / DEMO_FILE), target="height", reg=0.2)
        study = study_table(request, line)
        write_report(study, folder, line)
    again = request.command(str(Path(out) / DEMO_FILE), "report")
    _say_summary(study, out)
    _say(f"{Path(out) / DEMO_FILE}   the data; derive a network from it yourself:\n  {again}")


def _say_summary(study: Any, out: str) -> None:
    others = "network.json, certificate.json, network.py, network.tex and the pictures"
    from geomnn.report.summary import summary

    _say(f"{summary(study)}\n\n{Path(out) / 'report.html'}   open this first; beside it are {others}.")
