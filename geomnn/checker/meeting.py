"""Whether atoms of some kind meet all of some sets: atoms that few neurons can have, or that have none of a list.

A search grows what it holds by an atom of a set that it misses, in every way.  Of whatever is of the kind and meets all
sets it holds a part on one of its ways, at every step; so if it comes to nothing that meets them all, there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from geomnn.checker.statements import require

__all__ = ["Atoms", "Search", "State", "cliques", "meeting", "without"]

MOST_STEPS = 20_000  # of a search, which take some seconds

Atoms = frozenset[int]
State = frozenset[Atoms]  # sets of atoms


class Search(NamedTuple):
    """Where a search begins, and how one more atom changes where it is."""

    starts: Sequence[State]
    grown: Callable[[State, int], Iterator[State]]


def meeting(sets: Sequence[Atoms], search: Search) -> State | None:
    """Where a search comes to that meets all of some sets, adding an atom of one that it misses; None if nowhere.

    Raises
    ------
    Falsehood
        If it takes too many steps.
    """
    waiting = list(search.starts)
    seen = set(waiting)
    while waiting:
        require(len(seen) <= MOST_STEPS, f"A proof takes more than {MOST_STEPS:,} steps to check.")
        state = waiting.pop()
        held = frozenset[int]().union(*state)
        missed = min((each for each in sets if not each & held), key=len, default=None)
        if missed is None:
            return state
        ahead = {more for k in missed for more in search.grown(state, k)} - seen
        seen |= ahead
        waiting += sorted(ahead, key=lambda more: sorted(map(sorted, more)))
    return None


def cliques(friends: Sequence[Atoms], most: int) -> Search:
    """For at most so many sets of atoms that are friends of each other."""

    def grown(state: State, k: int) -> Iterator[State]:
        yield from (state - {each} | {each | {k}} for each in state if each <= friends[k])
        if len(state) < most:
            yield state | {frozenset([k])}

    return Search([frozenset()] * (most >= 0), grown)


def without(supports: Sequence[Atoms]) -> Search:
    """For one set of atoms in which none of some others is."""

    def grown(state: State, k: int) -> Iterator[State]:
        (held,) = state
        if not any(support <= held | {k} for support in supports):
            yield frozenset([held | {k}])

    return Search([frozenset([frozenset()])] * all(supports), grown)
