"""A search on disk after each of its stages, from which one that was killed goes on."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from geomnn.errors import DataError, FileError, FormatError
from geomnn.files import write_whole
from geomnn.programs.problem import Problem

__all__ = ["Stage", "load_stage", "save_stage"]

FORMAT = "geomnn search, version 1"


class Stage(NamedTuple):
    """The network after so many rounds: units (k, D), z (k, c), t (c,)."""

    units: np.ndarray
    z: np.ndarray
    t: np.ndarray
    rounds: int


def _of_problem(problem: Problem) -> str:
    """What tells one training problem from others, without reading the table again."""
    samples, digest = problem.samples, hashlib.sha256()
    facts: Any = (samples.n, samples.d, samples.bias, problem.reg, problem.norm, problem.loss.name)
    digest.update(repr(facts).encode())
    weights = problem.loss.weights
    for array in (samples.centre, samples.extent, problem.targets, *([] if weights is None else [weights])):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save_stage(path: str | os.PathLike[str], problem: Problem, stage: Stage) -> None:
    """Write a stage whole, in the place of the one before.

    Raises
    ------
    FileError
        If it cannot be written there.
    """
    content = io.BytesIO()
    np.savez(content, format=FORMAT, problem=_of_problem(problem), **stage._asdict())
    write_whole(path, content.getvalue())


def load_stage(path: str | os.PathLike[str], problem: Problem) -> Stage | None:
    """The last stage of this problem, None where the file is not there yet.

    Raises
    ------
    FileError
        If the file cannot be read, or its folder is not there.
    FormatError, DataError
        If it is no such file, or of another problem.
    """
    if not Path(path).parent.is_dir():
        raise FileError(f"checkpoint={str(path)!r}: its folder is not there; an existing one was expected.")
    if not Path(path).exists():
        return None
    try:
        with Path(path).open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            found = {name: np.asarray(stored[name]) for name in ("format", "problem", *Stage._fields)}
    except OSError as reason:
        raise FileError(f"checkpoint={str(path)!r} cannot be read ({reason}).") from reason
    except (BadZipFile, LookupError, ValueError, EOFError) as reason:
        raise FormatError(
            f"checkpoint={str(path)!r} is no stage of a search ({reason}); give a new place, or remove it."
        ) from reason
    if str(found["format"]) != FORMAT:
        raise FormatError(f"checkpoint={str(path)!r} is of {found['format']}; {FORMAT} was expected.")
    if str(found["problem"]) != _of_problem(problem):
        raise DataError(
            f"checkpoint={str(path)!r} is of a search with another table, y, reg, norm or loss; give a new place, or "
            "remove it."
        )
    units, z, t, rounds = (found[name] for name in Stage._fields)
    shapes = units.shape == (*z.shape[:1], problem.samples.D) and z.shape[1:] == t.shape == (problem.outputs,)
    numbers = all(part.dtype == np.float64 and np.isfinite(part).all() for part in (units, z, t))
    if not shapes or not numbers or rounds.dtype.kind != "i" or rounds.ndim or rounds < 0:
        raise FormatError(
            f"checkpoint={str(path)!r} holds no network of this problem; give a new place, or remove it."
        )
    return Stage(units, z, t, int(rounds))
