"""From a table to a report: `geomnn derive`, and `geomnn demo` on bundled data."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any

import click

from geomnn.cli.options import DERIVE, taking
from geomnn.cli.telling import Command, progress_line, say, warnings_in_one_line
from geomnn.errors import OutputExists

__all__ = ["demo", "derive"]

REPORT = 2.5  # of the seconds in which the libraries are loaded: those of the pictures and the page, on any machine
DEMO_FOLDER = "geomnn-demo"
DEMO_FILE = "demo.csv"


@click.command(cls=Command, short_help="Derive a network from a table and write a report.")
@taking(*DERIVE)
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
    with warnings_in_one_line(), progress_line(progress) as line:
        study = study_table(Request(bias=not no_bias, header=not no_header, **options), line, around)
        with whole_folder(out, force, options["path"]) as folder:
            write_report(study, folder, line)
    say_summary(study, out)


@click.command(cls=Command, short_help="Derive a small network from bundled data: a first look.")
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
    with warnings_in_one_line(), progress_line() as line, whole_folder(out, force) as folder:
        (folder / DEMO_FILE).write_bytes(bundled.read_bytes())
        request = Request(str(folder / DEMO_FILE), target="height", reg=0.2)
        study = study_table(request, line)
        write_report(study, folder, line)
    again = request.command(str(Path(out) / DEMO_FILE), "report")
    say_summary(study, out)
    say(f"{Path(out) / DEMO_FILE}   the data; derive a network from it yourself:\n  {again}")


def say_summary(study: Any, out: str) -> None:
    others = "network.json, certificate.json, network.py, network.tex and the pictures"
    from geomnn.report.summary import summary

    say(f"{summary(study)}\n\n{Path(out) / 'report.html'}   open this first; beside it are {others}.")
