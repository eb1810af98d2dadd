"""Bounds tried one after the other, in the time that there is, and search and bound that feed each other.

A search ends at a network and its residual; a bound shows how far from the optimum that can be, and its v, which is
nearer to the optimal one, or the atoms that it came across, show the search where to go on.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from time import monotonic

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.checker.statements import covered_networks
from geomnn.deadline import Deadline
from geomnn.dictionaries import Dictionary
from geomnn.programs.certificate import rounded
from geomnn.programs.coverage import COUNTED
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem
from geomnn.programs.search import search
from geomnn.programs.solve import STOPPED, Optimum

__all__ = ["Proven", "close", "percent", "prove"]

SEARCH_SHARE = 1 / 2  # part of the time for the first search, and of what is left for each that follows
NEAR = (
    1e-3  # relative distance from reg up to which an atom of the bound's v may be one that the network lacks
)


@dataclass(frozen=True)
class Proven:
    """The best that bounds came to in their time.

    Parameters
    ----------
    bound : Bound
        Which of them.
    proof : Proof
    value : float
        What no network is below.
    seconds : float
        Of all bounds that were tried, up to this one.
    history : tuple of (float, str, float)
        Seconds, name and value of each proof; where bounds and searches took turns, since the first search began.
    searched : tuple of (float, float)
        Seconds and value of (T) of each of these searches.
    balanced : float or None
        The value of (T) of the network with ‖w‖_p = |α| in each neuron and the best intercept, where it was given with
        other ones.
    """

    bound: Bound
    proof: Proof
    value: float
    seconds: float
    history: tuple[tuple[float, str, float], ...] = ()
    searched: tuple[tuple[float, float], ...] = ()
    balanced: float | None = None

    @property
    def dual(self) -> np.ndarray:
        """The point of the dual problem with this value, s v, shape (n,) or (n, c)."""
        problem = self.bound.problem
        v = self.proof.scale(problem) * self.proof.dual
        return v[:, 0] if problem.one_column else v

    @property
    def largest(self) -> float:
        """What no unit neuron's correlation with it is above, in units of reg."""
        problem = self.bound.problem
        return self.proof.scale(problem) * self.proof.maximum / problem.reg

    def sentence(self, primal: float) -> str:
        """What was shown of a network with this value, in one sentence."""
        bound, value = self.bound, rounded(primal, ROUND_CEILING)
        networks = covered_networks("global", "any" if bound.any_depth else 2)
        if primal <= self.value or not primal:  # by rounding
            below = f"below {rounded(self.value, ROUND_FLOOR)} (this one: {value})"
        else:
            below = f"more than {percent((primal - self.value) / primal)} below this one ({value})"
        if self.balanced:
            share = percent((self.balanced - self.value) / self.balanced)
            below += (
                f", or {share} below the {rounded(self.balanced, ROUND_CEILING)} that it has when balanced"
            )
        looked_at = f"float64, {self.proof.count:,} {COUNTED[bound.name]}, {self.seconds:.1f} s"
        return f"{networks} has a training objective {below}: {bound.words}, {looked_at}."


def percent(share: float) -> str:
    """A share in percent, two digits, rounded up.

    Examples
    --------
    >>> percent(0.0050301), percent(3e-6)
    ('0.51 %', '0.0003 %')
    """
    return f"{Context(prec=2, rounding=ROUND_CEILING).create_decimal(repr(float(share))).scaleb(2):f} %"


def prove(
    problem: Problem,
    v: np.ndarray,
    f: np.ndarray,
    kinds: Sequence[type[Bound]],
    deadline: Deadline,
    enough: float = np.inf,
) -> Proven:
    """The best bound of several kinds.

    Parameters
    ----------
    problem : Problem
    v, f : ndarray, shape (n, c)
        A point of the dual problem, and the predictions that it belongs to.
    kinds : sequence of types of Bound
        In the order in which they are tried; the first is asked for one proof in any case.
    deadline : Deadline
    enough : float
        The value at which nothing more is tried.
    """
    begun, history, best = monotonic(), [], None
    for kind in kinds:
        if best is not None and deadline.over():
            break
        deadline.say(f"bounding all neurons there are: {kind.name}")
        bound = kind(problem)
        for proof in bound.proofs(v, f, deadline):
            # losses and penalty are at least 0, which v = 0 proves
            value, seconds = max(proof.value(problem), 0.0), monotonic() - begun
            history.append((seconds, kind.name, value))
            if best is None or value > best.value:
                best = Proven(bound, proof, value, seconds)
            if best.value >= enough or deadline.over():
                break
        if best is not None and best.value >= enough:
            break
    assert best is not None, "a bound gives at least one proof"
    return replace(best, history=tuple(history))


def close(
    problem: Problem, dictionary: Dictionary, kinds: Sequence[type[Bound]], effort: Effort
) -> tuple[Optimum, Proven]:
    """Search and bound in turns, until the gap between them is within tol, neither makes progress, or the time is over.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
        Of scope "local".
    kinds : sequence of types of Bound
    effort : Effort
        With the deadline of all of it; a bound that is not reached by then is a bound all the same.

    Source: geomnn theory, section 9.
    """
    deadline, best, begun, bounding = effort.deadline, None, monotonic(), 0.0
    network = lowest = search(problem, dictionary, effort.part(SEARCH_SHARE))
    searched = [(monotonic() - begun, lowest.primal)]
    while True:
        v, f = (
            network.dual,
            problem.samples.activations(network.units) @ network.coefficients + network.intercept,
        )
        enough = lowest.primal - effort.tol * abs(lowest.primal)
        turn = monotonic() - begun
        found = _later(prove(problem, v, f, kinds, deadline, enough), turn, bounding)
        bounding += monotonic() - begun - turn
        best = found if best is None else _better(best, found)
        ended = best.value >= enough or (found.proof.ended and found.proof.units is not None)
        units = _candidates(problem, dictionary, found.proof, deadline)
        if best.value >= enough or not len(units) or deadline.over():
            break
        network = search(
            problem, dictionary, effort.part(SEARCH_SHARE), np.concatenate([network.units, units])
        )
        searched.append((monotonic() - begun, network.primal))
        lowest = min(lowest, network, key=lambda each: each.primal)
        kinds = [kind for kind in kinds if not kind.moves]
        if not kinds:  # another residual brings nothing
            ended = True
            break
    return replace(lowest, ended="" if ended else STOPPED), replace(best, searched=tuple(searched))


def _later(found: Proven, turn: float, bounding: float) -> Proven:
    """What bounds found, on the clock of the whole call: other bounds had taken time before their turn."""
    history = tuple((turn + at, name, value) for at, name, value in found.history)
    return replace(found, history=history, seconds=bounding + found.seconds)


def _better(best: Proven, found: Proven) -> Proven:
    """The better one of two, with the history of both."""
    return replace(found if found.value > best.value else best, history=best.history + found.history)


def _candidates(problem: Problem, dictionary: Dictionary, proof: Proof, deadline: Deadline) -> np.ndarray:
    """Atoms that a network may lack: those that the bound came across, or those near reg for the v of a proof."""
    if proof.units is not None:
        return proof.units
    v = proof.scale(problem) * proof.dual
    return dictionary.until(deadline).price(v, problem.reg * (1 - NEAR), 6 * problem.samples.n + 50).units
