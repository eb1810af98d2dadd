"""``python -m geomnn.checker REPORT --data DATA.CSV``, the same as ``geomnn verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from geomnn.checker.digits import printable
from geomnn.checker.letters import spelt
from geomnn.checker.report import verify_report
from geomnn.checker.statements import Falsehood, Unproved

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every statement holds, 1 with the first false one, 2 for files that cannot be read or have no proof."""
    parser = argparse.ArgumentParser(prog="python -m geomnn.checker", description="Check a certificate.")
    parser.add_argument("report", type=Path, help="the folder of a report, or its certificate.json")
    parser.add_argument("--data", type=Path, required=True, help="the table that it is about")
    parser.add_argument(
        "--no-header", action="store_true", help="its first line is a sample; columns are c0, c1, …"
    )
    options = parser.parse_args(arguments)
    try:
        for statement in verify_report(options.report, options.data, not options.no_header):
            _say(statement, sys.stdout)
    except Falsehood as reason:
        _say(f"FALSE: {reason}", sys.stderr)
        return 1
    except Unproved as reason:
        _say(str(reason), sys.stderr)
        return 2
    except OSError as reason:
        _say(f"{reason.filename} cannot be read ({reason.strerror}).", sys.stderr)
        return 2
    return 0


def _say(text: str, stream: TextIO) -> None:
    """Print one line, in letters that the terminal has, and nothing that it would obey."""
    print(spelt(printable(text), stream.encoding), file=stream)


if __name__ == "__main__":
    sys.exit(main())
