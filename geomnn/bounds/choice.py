"""The one place where a name becomes a bound, or several, and where a bound is refused."""

from __future__ import annotations

from typing import Any

from geomnn.bounds.base import LONGEST, Bound
from geomnn.bounds.cells import CellBound
from geomnn.bounds.milp import MilpBound
from geomnn.bounds.semidefinite import SemidefiniteBound
from geomnn.bounds.stars import StarBound
from geomnn.bounds.transport import TransportBound
from geomnn.errors import EnumerationTooLarge, OptionError, UnsupportedProblem
from geomnn.programs.problem import Problem

__all__ = ["BOUNDS", "choose_bounds"]

BOUNDS: dict[str, type[Bound]] = {
    kind.name: kind for kind in (TransportBound, StarBound, CellBound, SemidefiniteBound, MilpBound)
}


def choose_bounds(
    certify: Any, problem: Problem, time_limit: float | None, deeper: str = ""
) -> tuple[type[Bound], ...]:
    """The bounds that a user named, in the order in which they are tried; none for None.

    Parameters
    ----------
    certify : None or str
    problem : Problem
    time_limit : float or None
        Seconds; None for LONGEST.
    deeper : str
        Why only bounds of networks of any depth will do, in words that follow "there is"; empty if all will.

    Raises
    ------
    OptionError
        If there is no such bound.
    UnsupportedProblem
        If it is not made for such a problem.
    EnumerationTooLarge
        If there is no time for the one that was named.
    """
    if certify is None:
        return ()
    if certify != "auto" and (not isinstance(certify, str) or certify not in BOUNDS):
        *names, last = ("auto", *BOUNDS)
        raise OptionError(
            f"certify={certify!r}; None, {', '.join(map(repr, names))} or {last!r} was expected."
        )
    wrong = {name: (not kind.any_depth and deeper) or kind.unfit(problem) for name, kind in BOUNDS.items()}
    fit = [name for name, reason in wrong.items() if not reason]
    if fit and certify == "auto":
        turns = {BOUNDS[name]: 0 if deeper else BOUNDS[name].turn(problem) for name in fit}
        return tuple(
            sorted((kind for kind in turns if turns[kind] is not None), key=lambda kind: turns[kind] or 0)
        )
    if certify in fit:
        needed, given = BOUNDS[certify].seconds(problem), LONGEST if time_limit is None else time_limit
        if needed > given:
            raise EnumerationTooLarge(
                f"certify={certify!r} takes about {needed:.0f} s for {problem.samples.n} samples, and there are "
                f"{given:g} s: take fewer samples or another bound, or give a longer time_limit."
            )
        return (BOUNDS[certify],)
    others = (
        f"or use {' or '.join(f'certify={name!r}' for name in fit)}" if fit else "as there is no bound for it"
    )
    reason = wrong.get(certify) or next(iter(wrong.values()))
    raise UnsupportedProblem(
        f"certify={certify!r} is not made for this problem, as there is {reason}: leave it out, {others}."
    )
