"""Jobs side by side: by joblib, which runs them in processes or on a cluster, as its active backend says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from joblib import Parallel, delayed

__all__ = ["in_parallel"]


def in_parallel(function: Callable, jobs: Iterable[tuple], n_jobs: int | None = None) -> list[Any]:
    """[function(*job) for job in jobs], one after the other unless joblib is told otherwise.

    Each job travels as one tuple, so that a cluster keeps all of it with the task and can begin it anew where a worker
    dies; arrays by themselves Dask gives to one worker, and loses with it.

    Parameters
    ----------
    function : callable
        At the top of a module, so that it can be pickled.
    jobs : iterable of tuple
        Its arguments.
    n_jobs : int, optional
        As in joblib; as its active backend says if not given.
    """
    return Parallel(n_jobs=n_jobs)(delayed(_call)(function, job) for job in jobs)


def _call(function: Callable, job: tuple) -> Any:
    return function(*job)
