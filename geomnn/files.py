"""Files that are whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from geomnn.errors import FileError

__all__ = ["default_mode", "write_whole"]


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


def default_mode(mode: int) -> int:
    """The permissions that a new file or folder gets from the process."""
    current = os.umask(0)
    os.umask(current)
    return mode & ~current
