"""Cells: sets of active atoms whose neurons merge to one of the same outputs on the samples and the same cost.

Two active atoms u, u' of one sign are *compatible* if no sample has x̃·u > 0 > x̃·u'. Then (x̃_i·u)_+ + (x̃_i·u')_+ =
(x̃_i·(u + u'))_+ at all samples, and the norm of their weights is additive, as no unit neuron has a correlation above
reg. For more atoms it suffices that each two are compatible; so the unit neurons that reach reg are those of the
maximal cliques. With a bias all that are active on every sample are together a cell too, in which b may grow, and t
fall, as it likes.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geomnn.errors import EnumerationTooLarge

__all__ = ["compatible", "maximal_cells"]

MOST_CELLS = 2000  # that are listed


def compatible(sides: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Which atoms are, shape (k, k), with False on the diagonal.

    Parameters
    ----------
    sides : ndarray of int, shape (n, k)
        The sign of x̃_i·u.
    signs : ndarray, shape (k,)
        Of the correlations.
    """
    between = (sides > 0).T.astype(int) @ (sides < 0).astype(int)
    apart = (between + between.T > 0) | (signs[:, None] != signs)
    return ~apart & ~np.eye(len(signs), dtype=bool)


def maximal_cells(friends: np.ndarray, always: np.ndarray, signs: np.ndarray) -> list[tuple[int, ...]]:
    """The maximal cliques, and the atoms of a sign that are active on all samples, in order.

    Parameters
    ----------
    friends : ndarray of bool, shape (k, k)
        Which atoms are compatible.
    always : ndarray of bool, shape (k,)
        Those that are active on all samples, where there is a bias.
    signs : ndarray, shape (k,)

    Raises
    ------
    EnumerationTooLarge
        If there are more than some thousand.
    """
    neighbours = [set(np.flatnonzero(row).tolist()) for row in friends]
    found = set()
    for clique in _cliques(frozenset(), set(range(len(friends))), set(), neighbours):
        found.add(tuple(sorted(clique)))
        if len(found) > MOST_CELLS:
            raise EnumerationTooLarge(
                f"The {len(friends)} neurons of optimal networks merge in more than {MOST_CELLS:,} ways: ask about the "
                "networks over the dictionary, networks='dictionary'."
            )
    found |= {tuple(np.flatnonzero(always & (signs == sign)).tolist()) for sign in (1, -1)}
    return sorted(found - {()})


def _cliques(
    clique: frozenset[int], more: set[int], seen: set[int], neighbours: list[set[int]]
) -> Iterator[frozenset[int]]:
    """All maximal cliques (C. Bron, J. Kerbosch, Comm. ACM 16, 1973), with a pivot."""
    if not more and not seen:
        yield clique
        return
    pivot = max(more | seen, key=lambda k: len(more & neighbours[k]))
    for k in sorted(more - neighbours[pivot]):
        yield from _cliques(clique | {k}, more & neighbours[k], seen & neighbours[k], neighbours)
        more, seen = more - {k}, seen | {k}
