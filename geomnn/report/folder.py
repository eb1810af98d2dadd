"""Folders that are whole or not there: filled under a temporary name, then renamed into place."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geomnn.errors import OptionError, OutputExists
from geomnn.files import default_mode

__all__ = ["PAGE", "check_folder", "whole_folder"]

# what only some reports have, and is about one network: beside another it would be false
ABOUT_ONE = ("proof.json", "optimal_set.json")
PAGE = "report.html"
MANIFEST = re.compile('<meta name="files" content="([^"]*)">')  # of the page: what was written with it


def check_folder(out: str | os.PathLike[str], force: bool) -> Path:
    """The output folder as an absolute path, refused before any work where it cannot be written.

    Parameters
    ----------
    out : path-like
    force : bool
        Whether the folder may exist.

    Raises
    ------
    OutputExists
        If the folder exists and ``force`` is not given, or a file is in its place.
    OptionError
        If the folder around it is missing or cannot be written.
    """
    if "\0" in str(out) or not str(out):
        raise OptionError(f"--out {str(out)!r} is not a path; give the name of a folder.")
    target = Path(os.path.abspath(out))
    try:
        there = target.is_dir() or os.path.lexists(target)
    except OSError as reason:
        raise OptionError(f"{out} cannot be a folder ({reason.strerror}); choose another folder.") from reason
    if there and not target.is_dir():
        raise OutputExists(f"{out} is a file and a folder was expected there; choose another folder.")
    if there and not force:
        raise OutputExists(f"{out} exists; choose another folder, or add --force to replace its files.")
    if there:
        _earlier(target, None)
    writable = target if there else target.parent
    if not writable.is_dir():
        raise OptionError(f"{out} cannot be made, {writable} is not a folder; make that folder first.")
    if not os.access(writable, os.W_OK | os.X_OK):
        raise OptionError(f"{writable} may not be written; choose another folder, or change its permissions.")
    return target


@contextmanager
def whole_folder(
    out: str | os.PathLike[str], force: bool, kept: str | os.PathLike[str] | None = None
) -> Iterator[Path]:
    """A temporary folder to write into; when the block ends without an exception it becomes ``out``.

    A folder that exists keeps its other files, but for those of an earlier report, which are about another network.
    After an exception everything is as it was before.

    Parameters
    ----------
    out : path-like
    force : bool
        Whether the folder may exist.
    kept : path-like, optional
        A file that stays, although an earlier report may have written it: the table that is read.

    Yields
    ------
    Path
        The folder to write into; files only, no folders.

    Raises
    ------
    OutputExists, OptionError
        As `check_folder` does, or if writing fails.
    """
    target = check_folder(out, force)
    exists = target.is_dir()
    try:
        staging = Path(tempfile.mkdtemp(dir=target if exists else target.parent, prefix=".geomnn-"))
        try:
            yield staging
            if exists:
                _move_into(staging, target, _earlier(target, kept))
            else:
                os.chmod(staging, default_mode(0o777))
                os.replace(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as reason:
        if isinstance(reason, OutputExists):
            raise
        why = reason.strerror or reason
        raise OptionError(f"{out} cannot be written ({why}); choose another folder.") from reason


def _earlier(target: Path, kept: str | os.PathLike[str] | None) -> set[str]:
    """The files of an earlier report in a folder, as its page names them; refused where the page was changed there."""
    page = target / PAGE
    found = MANIFEST.search(page.read_text(encoding="utf-8", errors="replace")) if page.is_file() else None
    try:
        listed = [*map(str, json.loads("[]" if found is None else html.unescape(found[1])))]
    except (json.JSONDecodeError, TypeError) as reason:
        raise OutputExists(
            f"{page} was changed, so that the files that were written with it are not known, and they would be about "
            "another network; choose another folder, or move that one away."
        ) from reason
    stays = None if kept is None else os.path.realpath(kept)
    names = {name for name in (*ABOUT_ONE, *listed) if name == os.path.basename(name)}
    return {name for name in names if (target / name).is_file() and os.path.realpath(target / name) != stays}


def _move_into(staging: Path, target: Path, earlier: set[str]) -> None:
    """Rename every file of one folder into another, where nothing about an earlier network stays; if one fails, put the
    old ones back."""
    names = sorted(os.listdir(staging))
    for name in names:
        if (target / name).is_dir():
            raise OutputExists(f"{target / name} is a folder and a file belongs there; move it away.")
    old = Path(tempfile.mkdtemp(dir=staging))
    done: list[str] = []
    try:
        for name in (*names, *sorted(earlier - {*names})):
            if os.path.lexists(target / name):
                os.replace(target / name, old / name)
            done.append(name)
            if name in names:
                os.replace(staging / name, target / name)
    except BaseException:
        for name in done:
            if os.path.lexists(old / name):
                os.replace(old / name, target / name)
            else:
                (target / name).unlink(missing_ok=True)
        raise
