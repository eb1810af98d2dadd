"""What is done with a report: predict, robustness, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from geomnn.cli.options import MOVES, NO_HEADER, taking
from geomnn.cli.telling import Command, one_line, progress_line, say, warnings_in_one_line
from geomnn.errors import FileError, OutputExists, UnsupportedProblem

__all__ = ["predict", "robustness", "verify"]

NOT_CHECKED = "was not checked."  # how the checker ends a sentence about what is not there


@click.command(cls=Command, short_help="Predict the rows of a new table with the network of a report.")
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
    with warnings_in_one_line(), progress_line() as line:
        if line is not None:
            line.say(f"predicting {data}")
        found = predicted(report, data, not no_header)
    _write_rows(out, found.text)
    fit = None if found.fit is None else f"Fit to {found.target}: {found.fit}."
    for sentence in filter(None, (found.told, fit, *found.notes)):
        say(sentence, err=out is None)


@click.command(
    cls=Command, short_help="Say how far rows may move before they are predicted otherwise, proven."
)
@click.argument("report", metavar="FOLDER")
@click.option("--data", required=True, metavar="NEW.CSV", help="A table with the features of the network.")
@taking(*MOVES)
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
    with warnings_in_one_line(), progress_line() as line:
        found = moved_rows(report, data, ball=float(ball), header=not no_header, line=line, **options)
    _write_rows(out, found.text)
    for sentence in found.told:
        say(sentence, err=out is None)


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


@click.command(cls=Command, short_help="Check a certificate from the data alone, in exact arithmetic.")
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
        with progress_line() as line:
            if line is not None:
                line.say(f"checking {report}")
            proved = verify_report(Path(report), Path(data), not no_header)
            if (folder := Path(report)).is_dir():
                proved.append(check_function(folder))
    except Falsehood as reason:
        say(f"geomnn: FALSE: {one_line(reason)}", err=True)
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
            say(f"holds: {statement}")
    for statement in [*missing, "report.html, network.tex and the pictures were not checked."]:
        say(f"note: {statement}")
