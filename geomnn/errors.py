"""What geomnn raises and warns with: each says what came, what was expected and what to do.

Every error is a ``GeomnnError`` and also the built-in that a caller would expect, so both
``except GeomnnError`` and ``except ValueError`` work. A message has the arguments that it speaks of apart, so that the
command line, where they are called otherwise, can say it in its own words.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

HOME = str(Path(__file__).parent)


class GeomnnError(Exception):
    """Base of every error that geomnn raises on purpose.

    Parameters
    ----------
    message : str
        With {name} in the place of an argument of the call.
    **arguments
        These arguments by name: the value that came, or that is advised.

    Examples
    --------
    >>> error = OptionError("{reg}; a number above 0 was expected.", reg=-1)
    >>> print(error)
    reg=-1; a number above 0 was expected.
    >>> print(error.told("--{} {}".format))
    --reg -1; a number above 0 was expected.
    """

    def __init__(self, message: str = "", **arguments: Any) -> None:
        self.message, self.arguments = message, arguments
        super().__init__(self.told())

    def told(self, spelling: Callable[[str, Any], str] = "{}={!r}".format) -> str:
        """The message, with its arguments in a spelling of (name, value)."""
        text = self.message  # str.format would stumble over the braces in a user's name of a column
        for name, value in self.arguments.items():
            text = text.replace(f"{{{name}}}", spelling(name, value))
        return text


class DataError(GeomnnError, ValueError):
    """The samples or the targets cannot be used as they are."""


class OptionError(GeomnnError, ValueError):
    """An option has a value outside of what it may be."""


class UnsupportedProblem(GeomnnError, ValueError):
    """The options are fine one by one, but no method here solves them together."""


class EnumerationTooLarge(GeomnnError, ValueError):
    """A dictionary has too many atoms to look at each of them."""


class FormatError(GeomnnError, ValueError):
    """A file is not what it should be, or is of a version that is not understood."""


class FileError(GeomnnError, OSError):
    """A file cannot be read or written."""


class OutputExists(GeomnnError, FileExistsError):
    """A file or a folder is in the way and was not to be overwritten."""


class MissingPackage(GeomnnError, ImportError):
    """An optional package is needed for this and is not installed."""


class VolumeOverflow(GeomnnError, OverflowError):
    """A volume does not fit into a float64."""


class GeomnnWarning(UserWarning):
    """Base of every warning that geomnn gives on purpose."""


class ConvergenceWarning(GeomnnWarning):
    """The requested duality gap was not reached; the certificate states the one that was."""


class ConstantNetworkWarning(GeomnnWarning):
    """``reg`` is so large that the optimal network is a constant."""


class HeaderWarning(GeomnnWarning):
    """The first line of a file was taken as the names of its columns and looks like something else."""


def package(name: str, purpose: str, source: str | None = None) -> Any:
    """An optional package, or a `MissingPackage` that says what for."""
    try:
        return import_module(name)
    except ImportError as reason:
        raise MissingPackage(
            f"{purpose} needs {name}, which cannot be imported ({reason}): pip install {source or name}."
        ) from reason


def warn(message: str, category: type[GeomnnWarning]) -> None:
    """Warn at the line that called the package, however deep inside of it the reason is found.

    Parameters
    ----------
    message : str
    category : type
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HOME):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
