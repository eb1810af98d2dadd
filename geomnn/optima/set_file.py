"""optimal_set.json: all optimal networks of an exact solution, with what proves each statement about them.

Source: geomnn theory, section 10; `geomnn.checker.optima` has what is proved by what.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.checker.digits import any_size
from geomnn.checker.meeting import Search, cliques, meeting, without
from geomnn.checker.optima import SET_FORMAT, SET_VERSION, set_words
from geomnn.checker.statements import Falsehood, seal
from geomnn.errors import EnumerationTooLarge, OptionError, UnsupportedProblem
from geomnn.exact.certificate_file import certificate_record
from geomnn.networks.io.document import named
from geomnn.validation import check_integer

__all__ = ["set_document", "set_text"]

MOST_NEEDED = 50  # sets of atoms in a file: of up to 30 atoms some ten thousand linear programs


@any_size()
def set_document(
    optima: Any,
    features: Sequence[str] | None = None,
    target: str | None = None,
    classes: Sequence[str] | None = None,
    paths: Iterable[Any] = (),
    *,
    limit: int,
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
    OptionError
        If the limit is none, or a path is not one of this set.
    """
    if not optima.exact:
        raise UnsupportedProblem(
            "The optimal set is one in float64, which has no proof that could be checked; derive the solution with "
            "exact=True, for p = 1 or ∞."
        )
    limit, paths = check_integer("limit", limit, 1), list(paths)
    for k, path in enumerate(paths):
        if getattr(path, "_landscape", None) is not optima:
            raise OptionError(
                f"paths[{k}]={path!r}; a path of this optimal set was expected, as path(a, b) gives it."
            )
    record, polytope = certificate_record(optima.solution, features, target, classes), optima.polytope
    units = map(polytope.unit, range(len(optima.atoms)))
    ends = [[polytope.proved([way * value for value in unit]) for way in (-1, 1)] for unit in units]
    points, every = [point for pair in ends for point, *_ in pair], False
    with suppress(EnumerationTooLarge):
        points, every = [*polytope.vertices(optima.used, limit)], True
    vertices = sorted({tuple(_amounts(point)) for point in points} or {()}, key=_places)
    needed = _Needed(optima)
    every = every and needed.proves(without([frozenset(_places(vertex)) for vertex in vertices]))
    over = ["dictionary"] + ["all"] * optima.merging
    fewest = {networks: _fewest(optima, needed, every, networks) for networks in over}
    claim = {"count": optima.solution.certificate.count, "cost": str(optima.cost), "rank": optima.rank,
             "dimension": optima.dimension, "unique": optima.unique}  # fmt: skip
    document = {
        "format": SET_FORMAT,
        "version": SET_VERSION,
        "problem": record["problem"],
        "dual": record["dual"],
        "neurons": [
            named(neuron.atom)
            | {key: str(getattr(neuron, key)) for key in ("low", "high", "status")}
            | {"sign": neuron.sign, "below": _of_samples(optima, -below), "above": _of_samples(optima, above)}
            for neuron, ((*_, below), (*_, above)) in zip(optima.neurons, ends, strict=True)
        ],
        "needed": [_of_samples(optima, needed.found[each]) for each in sorted(needed.found, key=sorted)],
        "vertices": {"points": [_listed(vertex) for vertex in vertices], "all": every},
        "fewest": fewest,
        "paths": [[[_listed(_amounts(row)) for row in corner] for corner in path._corners] for path in paths],
        "claim": claim,
    }
    claim["statement"] = " ".join(set_words(document))
    return document | {"seal": seal(document)}


def set_text(document: dict[str, Any]) -> str:
    """The text of a file: its numbers are many, so they stand side by side."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def _fewest(optima: Any, needed: _Needed, every: bool, networks: str) -> dict[str, Any]:
    """A network of the fewest neurons, and whether it is proved that there are no fewer."""
    found, cells = optima.fewest(networks == "all"), optima._slots[networks == "all"].cells
    friends = [
        frozenset().union(*(cell for cell in cells if k in cell)) - {k} for k in range(len(optima.atoms))
    ]
    tried = every or found.proof == "exact"  # else there are too many sets
    least = tried and needed.proves(cliques(friends, found.neurons - 1))
    rows = sorted(map(_amounts, optima._rows(found.network, "fewest")), key=_places)
    return {"network": [*map(_listed, rows)], "least": least}


class _Needed:
    """Sets of atoms of which every optimal network has one, each with λ, which proves it."""

    def __init__(self, optima: Any):
        self.found: dict[frozenset[int], np.ndarray] = {}
        self._optima, self._slots = optima, optima._slots[False]
        self._single = [frozenset([k]) for k, neuron in enumerate(optima.neurons) if neuron.low]

    def proves(self, search: Search) -> bool:
        """Whether, with some more of them, a search comes to nothing that meets them all.

        Where it does, and no optimal network is of the atoms that it came to, atoms are added to these while none is.
        Then every optimal network has one of the others, and the linear program over them says by what λ.
        """
        with suppress(Falsehood):
            while (state := meeting([*self._single, *self.found], search)) is not None:
                atoms = sum(1 << k for k in frozenset[int]().union(*state))
                if len(self.found) == MOST_NEEDED or self._slots.point(atoms) is not None:
                    return False
                for k in self._optima.used:
                    atoms |= 1 << k if self._slots.point(atoms | 1 << k) is None else 0
                goal = [-(~atoms >> k & 1) for k in range(len(self._optima.atoms))]
                _, value, multipliers = self._optima.polytope.proved(goal)
                others = frozenset(k for k in self._optima.used if ~atoms >> k & 1)
                self.found[others] = multipliers / value
            return True
        return False


def _of_samples(optima: Any, multipliers: np.ndarray) -> list[str]:
    """λ, as text; with a bias rows are differences to the first sample, which takes what is left of the sum 0."""
    rest = [-sum(multipliers, Fraction(0))] * optima.solution.problem.samples.bias
    return [str(value) for value in [*rest, *multipliers]]


def _amounts(row: Any) -> list[tuple[int, Any]]:
    return [(k, amount) for k, amount in enumerate(row) if amount]


def _places(amounts: Iterable[tuple[int, Any]]) -> list[int]:
    return [k for k, _ in amounts]


def _listed(amounts: Iterable[tuple[int, Any]]) -> list[list[Any]]:
    return [[k, str(amount)] for k, amount in amounts]
