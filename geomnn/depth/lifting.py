"""Depth as a lifting: a problem over the samples becomes one over the features of the hidden layers below the last.

    minimise over networks of L layers on X   =   minimise over networks of two layers on K,  K_ik = (x̃_i·u_k)_+

for all features k of L − 2 layers; its solution is put back on top of these. There are four liftings: none (shallow),
all features (enumerated), those that a search finds (searched), and neurons of one feature each (chains).

Source: geomnn theory, sections 5 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geomnn.depth.chains import chain_layers
from geomnn.depth.enumerated import PRUNING_SECONDS, all_layers
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import named_units, renamed
from geomnn.depth.searched import search_layers
from geomnn.dictionaries import Choice, choose
from geomnn.dictionaries.choice import CHAINS
from geomnn.errors import EnumerationTooLarge, UnsupportedProblem
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem
from geomnn.samples import Samples
from geomnn.validation import check_integer

__all__ = ["Lifting", "check_depth", "lift"]

QUICKLY = 20.0  # seconds that the pruning of features may take where they can be searched instead


@dataclass(frozen=True, eq=False)
class Lifting:
    """A problem as one of two layers over features.

    Parameters
    ----------
    problem : Problem
        Which is solved, over the table K of the features.
    choice : Choice
        The dictionary of its last hidden layer.
    samples : Samples
        Of the problem that was posed.
    layers : sequence of FeatureLayer
        The hidden layers below the last one, the first one first; none if the problem is shallow.
    start : ndarray, shape (k, D), or None
        The best network that a search of the layers has found.
    cut : bool
        Whether the time was over before that search came to its end.
    """

    problem: Problem
    choice: Choice
    samples: Samples
    layers: Sequence[FeatureLayer] = ()
    start: np.ndarray | None = None
    cut: bool = False

    @property
    def depth(self) -> int:
        """Layers of weights."""
        return 2 + len(self.layers)

    def on_top(self, network: Any) -> Any:
        """An `AnalyticNetwork` over the features as one over the columns below their layers."""
        atoms = [renamed(neuron.atom, self.problem.samples, self.depth - 1) for neuron in network.neurons]
        network = network.with_atoms(atoms)
        for k in reversed(range(len(self.layers))):
            network = network.over(self.layers[k], self.layers[k - 1].width if k else self.samples.d)
        return replace(network, feature_names=self.samples.names)


def check_depth(depth: Any, problem: Problem, choice: Choice) -> None:
    """Refuse depths that a dictionary cannot have.

    Raises
    ------
    OptionError, UnsupportedProblem
    """
    check_integer("depth", depth, 2)
    if choice.program == "chains" and depth > 4:
        raise UnsupportedProblem(f"{CHAINS}, and there is depth={depth}: take dictionary='auto'.")
    if depth > 2 and problem.norm != 1:
        raise UnsupportedProblem(
            f"depth={depth} is for norm=1, with which the training of parallel branches is convex, and "
            f"norm={problem.norm:g} was given."
        )
    if depth > 2 and not choice.deep:
        raise UnsupportedProblem(
            f"depth={depth} is for dictionary='auto', 'all', 'local' or 'chains', and {choice.name!r} was given."
        )


def lift(problem: Problem, depth: int, choice: Choice, effort: Effort, exact: bool, needed: str) -> Lifting:
    """The lifting of a problem to so many layers of weights: by all features where they are not too many, else by those
    that a search finds.

    Parameters
    ----------
    problem : Problem
    depth : int
    choice : Choice
    effort : Effort
    exact : bool
        Whether features are Fractions.
    needed : str
        What was asked for that takes all features; nothing if they may be searched.

    Raises
    ------
    EnumerationTooLarge
        If they are, and are too many.
    """
    samples, count, deadline = problem.samples, depth - 2, effort.deadline
    if not count:
        return Lifting(problem, choice, samples)
    if choice.program == "chains":
        layers, table = chain_layers(samples, count, exact, min(PRUNING_SECONDS, deadline.left()))
        return Lifting(problem.over(table), choice, samples, layers)
    try:
        seconds = min(PRUNING_SECONDS if needed else QUICKLY, deadline.left() / 4)
        layers, table = all_layers(samples, count, exact, seconds, deadline.part(1 / 4))
        return Lifting(problem.over(table), choice, samples, layers)
    except EnumerationTooLarge as reason:
        if needed:
            raise EnumerationTooLarge(
                f"{needed} takes all features of the hidden layers. {reason}"
            ) from reason
    units, start, cut = search_layers(problem, count, effort.part(1 / 2))
    layers, table = named_units(units, samples)
    return Lifting(problem.over(table), choose("local", table, problem.norm), samples, layers, start, cut)
