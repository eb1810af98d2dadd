"""What a training problem comes to: a network in closed form, the certificate of its optimality, and the dual."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from geomnn.dictionaries import Dictionary
from geomnn.exact.optimum import ExactProblem
from geomnn.hypertext import Html, Shown
from geomnn.networks.network import AnalyticNetwork
from geomnn.optima.active import ActiveAtoms, exactly_active, nearly_active
from geomnn.optima.uniqueness import is_unique, is_unique_over_dictionary
from geomnn.programs.certificate import Certificate
from geomnn.programs.problem import Problem
from geomnn.robust.training import Moves
from geomnn.samples import Samples

__all__ = ["Lifted", "Solution"]


@dataclass(frozen=True, eq=False)
class Lifted:
    """A network of one hidden layer over features, as which a deep one was found.

    Parameters
    ----------
    network : AnalyticNetwork
        Over all features of the last hidden layer below, its atoms named as if they were samples.
    samples : Samples
        Of the deep network.
    """

    network: AnalyticNetwork
    samples: Samples


@dataclass(frozen=True, eq=False)
class Solution(Shown):
    """A network in closed form with the certificate of its optimality.

    Parameters
    ----------
    network : AnalyticNetwork
    certificate : Certificate
    dual : ndarray, shape (n,) or (n, c)
        v, the point that proves the bound: for squared loss the residual y − f(X), up to the gap; with
        ``exact=True`` an array of Fractions (p = 2: of SymPy numbers).
    problem : Problem
        What was solved.
    exact : ExactProblem or None
        The same in rational numbers, if it was solved in them.
    lifted : Lifted or None
        Of a deep network the program that was solved, over the features of the hidden layers below.
    dictionary : Dictionary or None
        Over which it was solved.
    moves : Moves or None
        Against which moves of the samples it is robust.
    """

    network: AnalyticNetwork
    certificate: Certificate
    dual: np.ndarray
    problem: Problem
    exact: ExactProblem | None = None
    lifted: Lifted | None = None
    dictionary: Dictionary | None = field(default=None, repr=False)
    moves: Moves | None = None

    @property
    def objective(self) -> Any:
        """The value of (T), which is that of (C); a Fraction (p = 2: a SymPy number) if it is exact."""
        return self.certificate.primal

    @cached_property
    def _active(self) -> list[ActiveAtoms]:
        """The active atoms, in float64 those of several tolerances; nothing where they are not all known."""
        certificate, dictionary = self.certificate, self.dictionary
        undecided = certificate.stopped or not certificate.coverage.proves or self.problem.loss.is_polyhedral
        if dictionary is None or undecided or dictionary.scope == "local":
            return []
        atoms = [neuron.atom for neuron in (self.lifted or self).network.neurons]
        if self.exact is not None:
            return [exactly_active(self.exact, atoms, self.dual)]
        return nearly_active(self.problem, dictionary, atoms, self.dual)

    @cached_property
    def unique_over_dictionary(self) -> bool | None:
        """Whether no other network over the dictionary is as good; None where that is undecided, as for `unique`."""
        return is_unique_over_dictionary(self._active)

    @cached_property
    def unique(self) -> bool | None:
        """Whether it is the only optimum of the program that the certificate names, up to the order of neurons and to
        copies of them; None where that is undecided: after a search, where time was over, or where rounding hides it.

        It is the only one if it is so over the dictionary and, if all unit neurons compete, no two of its neurons merge
        and none is active on all samples. In float64 the latter leaves it undecided; if the solution is exact all of it
        is decided in integers, but for deeper networks, whose features below may be made in other ways too.

        Examples
        --------
        >>> import geomnn as gm
        >>> gm.derive([[0], [1], [3]], [0, 1, 0], reg=0.1, exact=True).unique
        True
        >>> gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True).unique
        False
        """
        covered, merging = self.certificate.coverage, getattr(self.dictionary, "scope", "") == "global"
        bias, one = self.problem.samples.bias, self.unique_over_dictionary
        return is_unique(self._active, one, bias, merging, covered.depth == 2)

    def __str__(self) -> str:
        return f"{self.network}\n{self.certificate.statement()}"

    def __repr__(self) -> str:
        return f"Solution({self.network!r}, {self.certificate!r})"

    def show(self, form: str = "auto", terms: int = 8, rows: int = 20) -> Html:
        """What holds, the closed form with its picture and fit, its neurons and the certificate, for a notebook.

        Parameters
        ----------
        form : {"auto", "exact", "numeric"}
            How the numbers of an exact network are shown: "exact" in full, "numeric" as decimals, "auto" in full where
            they are short and otherwise as decimals with dots behind them.
        terms, rows : int
            How many neurons the formula and the table show, the largest ones.
        """
        return Html(import_module("geomnn.display").solution_page(self, form, terms, rows))
