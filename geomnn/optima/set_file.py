"""optimal_set.json: all optimal networks of an exact solution, with what proves each statement about them.

Source: geomnn theory, section 10; `geomnn.checker.optima` has what is proved by what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.checker.digits import any_size
from geomnn.checker.optima import SET_FORMAT, SET_VERSION, Search, State, cliques, meeting, set_words, without
from geomnn.checker.statements import Falsehood, seal
from geomnn.errors import EnumerationTooLarge, UnsupportedProblem
from geomnn.exact.certificate_file import certificate_record
from geomnn.networks.io.document import named, plain_numbers

__all__ = ["set_document"]

MOST_NEEDED = 300  # sets of atoms in a file


@any_size()
def set_document(
    optima: Any,
    features: Sequence[str] | None = None,
    target: str | None = None,
    classes: Sequence[str] | None = None,
    paths: Iterable[Any] = (),
    limit: int = 1000,
) -> dict[str, Any]:
    """What `geomnn.checker` checks of an optimal set, as plain lists, strings and integers.

    Parameters
    ----------
    optima : OptimalSet
    features, target, classes : sequences of str and str, optional
        The columns of the file that X and y came from, and what −1 and +1 stand for.
    paths : iterable of OptimalPath
        Some to be in it.
    limit : int
        Of choices of neurons that are looked at for vertices; if there are more, some are listed.

    Raises
    ------
    UnsupportedProblem
        If the solution is not exact, or one that `geomnn.checker` does not form.
    """
    if not optima.exact:
        raise UnsupportedProblem(
            "The optimal set is one in float64, which has no proof that could be checked; derive the solution with "
            "exact=True, for p = 1 or ∞."
        )
    record = certificate_record(optima.solution, features, target, classes)
    polytope, neurons = optima.polytope, optima.neurons
    ends = [
        [polytope.proved([way * value for value in polytope.unit(k)]) for way in (-1, 1)]
        for k in range(len(neurons))
    ]
    points, every = [point for pair in ends for point, *_ in pair], False
    with suppress(EnumerationTooLarge):
        points, every = [*polytope.vertices(optima.used, limit)], True
    listed = sorted(
        {tuple(_amounts(point)) for point in points} or {()}, key=lambda point: [k for k, _ in point]
    )
    needed = _Needed(optima)
    supports = [frozenset(k for k, _ in point) for point in listed]
    every = every and needed.proves(without(supports), lambda state: _largest(*state, optima.used, supports))
    fewest = {}
    for networks in ["dictionary"] + ["all"] * optima.merging:
        merge = networks == "all"
        network = optima._rows(optima.fewest(merge).network, "fewest")
        cells = [frozenset(cell) for cell in (optima.cells if merge else [(k,) for k in optima.used])]
        friends = [
            frozenset().union(*(cell for cell in cells if k in cell)) - {k} for k in range(len(neurons))
        ]
        least = needed.proves(
            cliques(friends, len(network) - 1), lambda state, cells=cells: _union(state, cells)
        )
        fewest[networks] = {"network": _rows(network), "least": least}
    document = {
        "format": SET_FORMAT,
        "version": SET_VERSION,
        "problem": record["problem"],
        "dual": record["dual"],
        "neurons": [
            named(neuron.atom)
            | {"sign": neuron.sign, "low": str(neuron.low), "high": str(neuron.high), "status": neuron.status,
               "below": _of_samples(optima, -below), "above": _of_samples(optima, above)}
            for neuron, ((*_, below), (*_, above)) in zip(neurons, ends, strict=True)
        ],
        "needed": [_of_samples(optima, multipliers) for _, multipliers in sorted(needed.found.items(), key=lambda pair: sorted(pair[0]))],
        "vertices": {"points": [_listed(point) for point in listed], "all": every},
        "fewest": fewest,
        "paths": [[_rows(corner) for corner in path._corners] for path in paths],
        "claim": {"count": optima.solution.certificate.count, "cost": str(optima.cost), "rank": optima.rank,
                  "dimension": optima.dimension, "unique": optima.unique},
    }  # fmt: skip
    document["claim"]["statement"] = " ".join(set_words(document))
    return document | {"seal": seal(document)}


class _Needed:
    """Sets of atoms of which every optimal network has one, with what proves it."""

    def __init__(self, optima: Any):
        self._optima, self.found = optima, {}
        self._single = [frozenset([k]) for k, neuron in enumerate(optima.neurons) if neuron.low]

    def proves(self, search: Search, largest: Callable[[State], frozenset[int]]) -> bool:
        """Whether, with some more of them, a search comes to nothing that meets them all.

        Where it does there is no optimal network of the atoms that it came to, nor of some more; that this is so is the
        answer of a linear program, and the multipliers of that are of a set which the search misses.
        """
        optima = self._optima
        with suppress(Falsehood):
            while len(self.found) < MOST_NEEDED:
                state = meeting([*self._single, *self.found], search)
                if state is None:
                    return True
                allowed = largest(state)
                _, value, multipliers = optima.polytope.proved(
                    [(k in allowed) - 1 for k in range(len(optima.atoms))]
                )
                if not value:
                    return False
                pulls = (multipliers / value) @ optima.polytope.columns
                self.found[frozenset(k for k in optima.used if pulls[k] > 0)] = multipliers / value
        return False


def _union(state: State, cells: Sequence[frozenset[int]]) -> frozenset[int]:
    """All atoms of cells in which the sets of a state are."""
    return frozenset().union(*(next(cell for cell in cells if each <= cell) for each in state))


def _largest(held: frozenset[int], used: Sequence[int], supports: Sequence[frozenset[int]]) -> frozenset[int]:
    """These and as many more atoms as can be without all of those of a vertex."""
    for k in used:
        if not any(support <= held | {k} for support in supports):
            held |= {k}
    return held


def _of_samples(optima: Any, multipliers: np.ndarray) -> list[str]:
    """λ, as text; with a bias rows are differences to the first sample, which takes what is left of the sum 0."""
    rest = [-sum(multipliers, Fraction(0))] * optima.solution.problem.samples.bias
    return [str(value) for value in [*rest, *multipliers]]


def _amounts(row: Any) -> list[tuple[int, Any]]:
    return [(k, amount) for k, amount in enumerate(row) if amount]


def _listed(amounts: Iterable[tuple[int, Any]]) -> list[list[Any]]:
    return [[k, plain_numbers(amount)] for k, amount in amounts]


def _rows(network: Any) -> list[list[list[Any]]]:
    return [_listed(_amounts(row)) for row in network]
