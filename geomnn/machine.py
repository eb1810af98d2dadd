"""How work is given to the machine: jobs side by side by joblib, which runs them in processes or on a cluster, as its
active backend says; BLAS on one thread; inner loops compiled by numba, without the global lock, kept on disk between
processes; and which machine that is."""

from __future__ import annotations

import ctypes
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from math import inf
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, cast

import numba
import threadpoolctl
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from geomnn.checker.digits import shared

__all__ = [
    "compiled",
    "free_memory",
    "in_parallel",
    "one_blas_thread",
    "quiet_stdout",
    "streamed",
    "surroundings",
]

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "python-flint",
    "scikit-learn",
    "sympy",
    "matplotlib",
)  # that compute or draw
LEFT_IN = b"HighsMipSolverData::"
NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nnan", "ninf", "nsz", "reassoc"},  # sums in any order, so that they vectorise
}


def in_parallel(
    function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], n_jobs: int | None = None
) -> list[Any]:
    """[function(*job) for job in jobs], one after the other unless joblib is told otherwise.

    Each job is sent as one tuple, so that a cluster keeps all of it with the task and can start it again where a
    worker dies; arrays by themselves Dask gives to one worker, and loses with it.

    Parameters
    ----------
    function : callable
        At the top of a module, so that it can be pickled.
    jobs : iterable of tuple
        Its arguments.
    n_jobs : int, optional
        As in joblib; as its active backend says if not given.
    """
    return list(Parallel(n_jobs=n_jobs)(delayed(_call)(function, job) for job in jobs))


def streamed(
    function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], in_threads: bool = False
) -> Iterator[Any]:
    """What `in_parallel` gives, one after the other, as soon as each is there and those before it are.

    Parameters
    ----------
    function : callable
    jobs : iterable of tuple
        Asked for one after the other, when there is a worker for it.
    in_threads : bool
        Whether to use as many threads as numba may, for a function that leaves the global lock.
    """
    options = {"n_jobs": numba.config.NUMBA_NUM_THREADS, "prefer": "threads"} if in_threads else {}  # type: ignore[attr-defined]
    return iter(Parallel(return_as="generator", **options)(delayed(_call)(function, job) for job in jobs))


def _call(function: Callable[..., Any], job: tuple[Any, ...]) -> Any:
    with one_blas_thread():  # several might round otherwise
        return function(*job)


@shared
@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: on a busy machine several cost many small systems tenfold."""
    with threadpool_limits(1, "blas"):
        _let_go()
        yield
    _let_go()


def _let_go() -> None:
    """Let other threads set the number.  From threadpoolctl 3.8 on only the thread that set it first may do so while it
    lives, and the thread that leaves last may be another one."""
    getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", lambda: None)()


def compiled(function: Callable[..., Any]) -> Any:
    """The function, compiled on its first call.

    What was compiled is kept beside the source or, where that folder cannot be written, in numba's own one (see
    NUMBA_CACHE_DIR); where neither can be, each process compiles anew.

    Parameters
    ----------
    function : callable
        Of arrays and numbers, free of NaN and infinity.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError as reason:
        if "no locator available" not in str(reason):
            raise
        return numba.njit(**OPTIONS)(function)


def free_memory() -> float:
    """Bytes of memory that are free, or become so when files in it are let go; infinity where Linux does not say."""
    try:
        facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return float(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return inf


def surroundings() -> dict[str, str]:
    """What the last digits of a result may depend on: versions, the processor and the kernels of linear algebra.

    Examples
    --------
    >>> sorted(surroundings())
    ['Python', 'geomnn', 'linear algebra', 'packages', 'processor']
    """
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    import_module("scipy.linalg")  # which loads its library
    loaded = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    own = [
        info for info in loaded if re.search(r"(numpy|scipy)", info["filepath"])
    ]  # others brought theirs along
    kernels = {
        NAMES.get(info["internal_api"], info["internal_api"])
        + f" {info['version']}" * bool(info["version"])
        + f", kernel {info.get('architecture')}" * bool(info.get("architecture"))
        for info in own or loaded
    }
    return {
        "geomnn": import_module("geomnn").__version__,
        "Python": platform.python_version(),
        "packages": packages,
        "linear algebra": "; ".join(sorted(kernels)) or "not known",
        "processor": f"{platform.machine() or 'not known'}, {platform.system()}",
    }


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """A line that HiGHS has left in for debugging is taken out of stdout, where it would stand among results; what
    others write there meanwhile comes after it. Only where stdout is a file of POSIX."""
    with _QUIET.lock:
        _QUIET.callers += 1
        if _QUIET.callers == 1:
            _QUIET.begin()
    try:
        yield
    finally:
        with _QUIET.lock:
            _QUIET.callers -= 1
            if not _QUIET.callers:
                _QUIET.end()


class _Quiet:
    """The stdout of the process while programs are solved, by one caller or by many at once."""

    def __init__(self) -> None:
        self.lock, self.callers, self.kept, self.said = Lock(), 0, -1, cast(Any, None)
        self.flush: Any = getattr(ctypes.CDLL(None), "fflush", None) if os.name == "posix" else None

    def begin(self) -> None:
        try:
            self.said = TemporaryFile()  # noqa: SIM115  # closed at the end
            self.kept = os.dup(1) if self.flush is not None else -1
        except OSError:  # there is no room for it, or no stdout
            self.kept = -1
        if self.kept >= 0:
            self.flush(None)
            os.dup2(self.said.fileno(), 1)

    def end(self) -> None:
        if self.kept < 0:
            return
        self.flush(None)
        os.dup2(self.kept, 1)
        os.close(self.kept)
        with self.said:
            self.said.seek(0)
            others = [line for line in self.said if not line.startswith(LEFT_IN)]
        if others:
            with open(1, "wb", closefd=False) as stdout:
                stdout.writelines(others)


_QUIET = _Quiet()  # the process has one stdout
