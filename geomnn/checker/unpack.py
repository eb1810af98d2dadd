"""From a file to its text: packed or not, UTF-8, or UTF-16 or UTF-32 by its mark, and sentences for what is no text."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
import zlib
from pathlib import Path

__all__ = ["STANDARD_INPUT", "Unreadable", "content_of", "name_of", "text_of"]

STANDARD_INPUT = "standard input"

PANDAS = "or with pandas: pd.{}(…).to_csv('data.csv', index=False)"
SHEET = f"save the sheet as 'CSV UTF-8', {PANDAS.format('read_excel')}"
# what a file begins with, what it is then, and how it becomes a CSV file
OTHERS = (
    (b"PAR1", "a Parquet file", f"write it as CSV, {PANDAS.format('read_parquet')}"),
    (b"ARROW1", "a Feather file", f"write it as CSV, {PANDAS.format('read_feather')}"),
    (b"\x89HDF", "an HDF5 file", f"write its table as CSV, {PANDAS.format('read_hdf')}"),
    (b"\xd0\xcf\x11\xe0", "an Excel file", SHEET),
    (b"\x93NUMPY", "an array of NumPy", "write it with np.savetxt, with names of the columns above"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it with gzip"),
    (b"%PDF", "a PDF file", "copy its table into a CSV file"),
)  # fmt: skip


class Unreadable(ValueError):
    """What is wrong with a table, and what to do about it."""


def name_of(path: Path) -> str:
    """What messages call a file."""
    return STANDARD_INPUT if str(path) == "-" else str(path)


def content_of(path: Path) -> bytes:
    """The bytes of a file, or of standard input for "-".

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def text_of(content: bytes, source: str) -> tuple[str, list[str]]:
    """The text, and what was done to have it, in words.

    Parameters
    ----------
    content : bytes
    source : str
        The name of the file, for messages.

    Raises
    ------
    Unreadable
    """
    content, done = _unpacked(content, source)
    for mark, kind, advice in OTHERS:
        if content.startswith(mark):
            raise Unreadable(f"{source} is {kind} and a CSV file was expected; {advice}.")
    encoding, name = "utf-8-sig", "UTF-8"
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):  # which begins like that of UTF-16
        encoding, name = "utf-32", "UTF-32"
        done.append("decoded as UTF-32")
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):  # a mark that no UTF-8 text begins with
        encoding, name = "utf-16", "UTF-16"
        done.append("decoded as UTF-16")
    elif b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise Unreadable(f"{source}, line {line} holds a NUL byte: this is not text; save the table as CSV.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as reason:
        line = reason.object[: reason.start].count(b"\n") + 1  # the codec may have taken the mark away
        byte = reason.object[reason.start]
        raise Unreadable(
            f"{source}, line {line} holds the byte 0x{byte:02x}, which is not {name} text; "
            "save the table as 'CSV UTF-8'."
        ) from reason
    if "\0" in text:
        raise Unreadable(f"{source} is not {name} text, as its mark says; save the table as 'CSV UTF-8'.")
    return text, done


def _unpacked(content: bytes, source: str) -> tuple[bytes, list[str]]:
    """What is in a gzip file, or in a zip file of one file."""
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content), ["unpacked with gzip"]
        if not content.startswith((b"PK\3\4", b"PK\5\6")):
            return content, []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if {"[Content_Types].xml", "content.xml"} & set(names):
                raise Unreadable(f"{source} is a spreadsheet and a CSV file was expected; {SHEET}.")
            names = [name for name in names if not name.startswith("__MACOSX/")]
            if len(names) != 1:
                raise Unreadable(
                    f"{source} is a zip of {len(names)} files; unpack it and give the table itself."
                )
            return archive.read(names[0]), ["unpacked with zip"]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as reason:
        raise Unreadable(
            f"{source} cannot be unpacked ({reason}); unpack it with another program."
        ) from reason
