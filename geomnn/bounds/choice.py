"""The one place where a name becomes a bound, or several, and where a bound is refused."""

from __future__ import annotations

from typing import Any

from geomnn.bounds.base import Bound
from geomnn.bounds.milp import Milp
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.programs.problem import Problem

__all__ = ["BOUNDS", "choose_bounds"]

BOUNDS: dict[str, type[Bound]] = {kind.name: kind for kind in (Milp,)}


def choose_bounds(
    certify: Any, problem: Problem, depth: int = 2, program: str = "all"
) -> tuple[type[Bound], ...]:
    """The bounds that a user named, in the order in which they are tried; none for None.

    Parameters
    ----------
    certify : None or str
    problem : Problem
    depth : int
        Layers of weights of the network that is bounded.
    program : str
        The dictionary whose atoms compete for it.

    Raises
    ------
    OptionError
        If there is no such bound.
    UnsupportedProblem
        If it is not made for such a problem.
    """
    if certify is None:
        return ()
    if certify != "auto" and (not isinstance(certify, str) or certify not in BOUNDS):
        *names, last = ("auto", *BOUNDS)
        raise OptionError(f"certify={certify!r}; None, {', '.join(map(repr, names))} or {last!r} was expected.")
    unfit = {
        name: kind.unfit(problem) or "dictionary='chains'" * (program == "chains" and not kind.any_depth)
        for name, kind in BOUNDS.items()
    }
    fit = [name for name in BOUNDS if not unfit[name]]
    if certify == "auto":
        fit = [name for name in fit if depth == 2 or BOUNDS[name].any_depth]
        if not fit:
            raise UnsupportedProblem(
                "certify='auto' has no bound for such a problem: leave it out; the certificate then says what was "
                "found and proves nothing more."
            )
        return tuple(BOUNDS[name] for name in fit)
    if wrong := unfit[certify]:
        others = " or ".join(f"certify={name!r}" for name in fit) or "dictionary='all' on few samples"
        raise UnsupportedProblem(
            f"certify={certify!r} is not made for this problem, as there is {wrong}: leave it out, or use {others}."
        )
    return (BOUNDS[certify],)
