"""The ``geomnn`` command: a table goes in, a folder that explains a network comes out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from geomnn.cli.deriving import demo, derive
from geomnn.cli.teaching import learn, prove
from geomnn.cli.telling import Group, in_options, one_line, say, spelt_option
from geomnn.cli.using import predict, robustness, verify
from geomnn.errors import GeomnnError

__all__ = ["commands", "main"]


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
        return _fail(in_options(error.told(spelt_option)), 2)
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    say(f"geomnn: error: {one_line(message)}", err=True)
    return status


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        say(f"geomnn {import_module('geomnn').__version__}")
        context.exit()


@click.group(
    cls=Group,
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
        say(context.get_help())


for each in (derive, predict, robustness, verify, prove, learn, demo):
    commands.add_command(each)
