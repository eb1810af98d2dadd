"""What a bound is: a proof that no unit neuron's correlation with a residual exceeds a number.

A dictionary finds atoms, so the largest correlation M(v) = max over ‖w‖_p = 1 of ‖Σ_i v_i (x̃_i·u)_+‖_2 is no smaller
than that of its best one; a bound says that it is no larger than some number m. By weak duality no network of any width
has then a value below D(s v) with s = reg/m. As another v may prove more, a bound may move it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.deadline import Deadline
from geomnn.programs.problem import Problem

__all__ = ["LONGEST", "Bound", "Proof"]

LONGEST = 60.0  # seconds for a bound where there is no limit


@dataclass(frozen=True)
class Proof:
    """A residual, and a number that no unit neuron's correlation with it exceeds.

    Parameters
    ----------
    dual : ndarray, shape (n, c)
        v; with a bias 1ᵀv = 0 up to rounding.
    maximum : float
        At least M(v), rounding included.
    count : int
        How much a check looks at: pairs of samples, cells, multipliers.
    units : ndarray, shape (k, D), optional
        Unit neurons with a correlation above reg that were found on the way: a search can go on from them.
    evidence : object, optional
        What a check needs beside the table: the plans, the tree of cells, the multipliers.
    ended : bool, optional
        Whether more time would not improve it.

    Source: geomnn theory, section 9.
    """

    dual: np.ndarray
    maximum: float
    count: int
    units: np.ndarray | None = None
    evidence: Any = None
    ended: bool = False

    def scale(self, problem: Problem) -> float:
        """The s ≤ reg/m for which D(s v) is largest; other losses than the squared one end at the residual, s = 1."""
        v, most = self.dual, problem.reg / self.maximum if self.maximum > 0 else np.inf
        if not problem.loss.is_quadratic:
            return min(1.0, most)
        y = problem.targets - problem.targets.mean(axis=0) if problem.samples.bias else problem.targets
        square = float(np.sum(v * v / problem.loss.s))
        return min(max(float(np.sum(v * y)), 0.0) / square, most) if square > 0 else 0.0

    def value(self, problem: Problem) -> float:
        """D(s v): no network of any width has a lower value."""
        targets = problem.targets
        if (
            problem.samples.bias and problem.loss.is_quadratic
        ):  # without the digits that a common offset costs
            targets = targets - targets.mean(axis=0)
        return problem.loss.dual(self.scale(problem) * self.dual, targets)


class Bound(ABC):
    """One way to bound the correlation of every unit neuron from above.

    Laws, for all its proofs (v, m) of a problem:

    1. m ≥ ‖Σ_i v_i (x̃_i·u)_+‖_2 for every unit u = (w, b), ‖w‖_p = 1;
    2. with a bias 1ᵀv = 0, and v is in the domain of D;
    3. there is at least one, even if there is no time, and the values never fall;
    4. X and reg multiplied by a number leave v and the value as they are; y and reg multiplied by one, for the squared
       loss, multiply v by it and the value by its square;
    5. the rows in another order leave the value as it is.

    4 and 5 hold up to the accuracy of its solver, and where no deadline ends it. `geomnn.testing.check_bound` runs
    them.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    name : str
    words : str
        A name for it in words.
    moves : bool
        Whether it looks for the best v itself, so that beginning with another residual does not help.
    any_depth : bool
        Whether it holds for networks of any depth, under the path penalty.

    Source: geomnn theory, section 9.
    """

    name: str
    words: str
    moves: bool = False
    any_depth: bool = False

    def __init__(self, problem: Problem):
        self.problem = problem

    @classmethod
    @abstractmethod
    def unfit(cls, problem: Problem) -> str:
        """What of a problem it is not made for, in words that follow "there is"; empty if it is made for it."""

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        """When certify="auto" tries it, the lowest first; None if it brings nothing that others do not."""
        return 0

    @classmethod
    def seconds(cls, problem: Problem) -> float:
        """About how long it takes to bring more than a first proof; 0 where each moment brings more."""
        return 0.0

    @abstractmethod
    def proofs(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        """Proofs, each better than those before it.

        Parameters
        ----------
        v : ndarray, shape (n, c)
            The residual to begin with, a point of the dual problem.
        f : ndarray, shape (n, c)
            The predictions that it belongs to.
        deadline : Deadline
            Of all of them; the first comes in any case.
        """
