"""What there is to learn from: the proofs of the source tree, and the tutorial as notebooks."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from geomnn.cli.telling import Command, say
from geomnn.errors import MissingPackage

__all__ = ["learn", "prove"]


@click.command(cls=Command, short_help="Check the theorems behind it, and how each was established.",
                  context_settings={"ignore_unknown_options": True, "help_option_names": []})  # fmt: skip
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def prove(arguments: tuple[str, ...]) -> None:
    """Check the statements of proofs/, which is in the source tree: the same as `python -m proofs`."""
    source = Path(__file__).parents[2]
    if not (source / "proofs" / "statement.py").is_file():
        raise MissingPackage(
            "The proofs live in the source tree of geomnn, in the folder proofs/, and are not part of the installed "
            "package; get the source, and run `python -m proofs` in it."
        )
    sys.path.insert(0, str(source))
    check_proofs = import_module("proofs").main
    raise click.exceptions.Exit(check_proofs(arguments))


@click.command(cls=Command, short_help="Write the tutorial as notebooks.")
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
        say(str(Path(folder) / path.name))
    say("Solutions lie beside each. To open them: jupyter lab " + folder)
