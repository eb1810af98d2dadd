"""Files that are whole or not there: written under a temporary name, then renamed; and documents in JSON."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from geomnn.checker.digits import parse_json
from geomnn.errors import FileError, FormatError

__all__ = ["default_mode", "json_text", "read_json", "write_whole"]


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file so that nobody ever sees half of it.

    Parameters
    ----------
    path : path-like
    content : str or bytes
        Text is written as UTF-8, with its line ends as they are.

    Returns
    -------
    Path

    Raises
    ------
    FileError
        If the file cannot be written there; nothing is left behind.
    """
    target = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, default_mode(0o666))
        os.replace(temporary, target)
    except BaseException as reason:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        if isinstance(reason, OSError):
            raise FileError(
                f"{path} cannot be written ({reason.strerror}); choose another place."
            ) from reason
        raise
    return target


def json_text(document: Any) -> str:
    """A document as it is written: JSON, with every digit of its numbers."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: str | os.PathLike[str], wanted: str) -> Any:
    """The document in a file of JSON.

    Raises
    ------
    FileError, FormatError
        If the file cannot be read or is no such document; the message says what was wanted.
    """
    try:
        return parse_json(Path(path).read_text(encoding="utf-8"))
    except OSError as reason:
        raise FileError(f"{path} cannot be read ({reason.strerror}); give {wanted}.") from reason
    except ValueError as reason:
        raise FormatError(
            f"{path} is not a JSON document that can be read ({reason}); give {wanted}."
        ) from reason


def default_mode(mode: int) -> int:
    """The permissions that a new file or folder gets from the process."""
    current = os.umask(0)
    os.umask(current)
    return mode & ~current
