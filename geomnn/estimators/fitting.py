"""What the estimators share: their options, the fit, the choice of reg, and the score."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from geomnn.bounds.bounding import bounded
from geomnn.bounds.choice import choose_bounds
from geomnn.cross_validation import MOST_SECONDS, CrossValidation, choose_reg
from geomnn.derivation import robustly, run
from geomnn.dictionaries import Choice, Dictionary, choose
from geomnn.errors import ConvergenceWarning, warn
from geomnn.estimators.given import distinct, gate
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem, pose
from geomnn.robust.training import asked_moves
from geomnn.solution import Solution
from geomnn.validation import NamedTable, check_flag

__all__ = ["Scored", "WedgeEstimator"]

AFFORDABLE_FIT = 0.5  # seconds: one of many fits, as in a grid search, is to be short
FAR_OFF = 3.0  # |correlation|/reg: predictions need no optimum


class WedgeEstimator(BaseEstimator):
    """What the two estimators share: the options and the fit."""

    solution_: Solution
    rows_: np.ndarray
    reg_: float
    validation_: CrossValidation | None

    def __init__(
        self,
        reg: float | str = 1.0,
        *,
        norm: float = 2,
        bias: bool = True,
        dictionary: str | Dictionary = "auto",
        certify: str | None = None,
        tol: float = 1e-6,
        rounds: int = 25,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        robust: str | None = None,
        eps: float | None = None,
        ball: float = np.inf,
    ):
        self.reg = reg
        self.norm = norm
        self.bias = bias
        self.dictionary = dictionary
        self.certify = certify
        self.tol = tol
        self.rounds = rounds
        self.random_state = random_state
        self.warm_start = warm_start
        self.robust = robust
        self.eps = eps
        self.ball = ball

    def _derive(self, X: np.ndarray, targets: np.ndarray, loss: str, weights: np.ndarray) -> None:
        """Fit to samples with weights of at least 0."""
        merge = not isinstance(self.dictionary, Dictionary)  # which was made for the samples as they are
        rows, s = distinct(X, targets, weights, merge)
        given = None if (s == 1).all() else s
        table = NamedTable(X[rows], getattr(self, "feature_names_in_", None))
        chosen = isinstance(self.reg, str) and self.reg == "auto"
        problem = pose(table, targets[rows], 1.0 if chosen else self.reg, self.norm, self.bias, loss, given)
        choice = choose(self.dictionary, problem.samples, problem.norm)
        bounds = choose_bounds(self.certify, problem, None)
        warm = check_flag("warm_start", self.warm_start)
        effort = Effort(
            self.tol, self._seed(), affordable=AFFORDABLE_FIT, rounds=self.rounds, far_off=FAR_OFF
        )
        others = {"reg='auto'": chosen, f"certify={self.certify!r}": bounds, "warm_start=True": warm,
                  f"dictionary={self.dictionary!r}": choice.name not in ("auto", "all")}  # fmt: skip
        moves = asked_moves(problem, self.robust, self.eps, self.ball, others)
        validation = None
        if chosen:
            best, validation = choose_reg(problem, self.dictionary, effort, MOST_SECONDS)
            problem = problem.at(float(best))
            if validation.stopped:
                warn(
                    f"reg='auto' chose {best} when its share of {MOST_SECONDS:g} seconds was over, before all of "
                    "the networks that it compares were optimal: give a number, or fewer rounds.",
                    ConvergenceWarning,
                )
        if moves is not None:
            solution = robustly(problem, moves, effort)
        else:
            start = self._start(problem, choice) if warm else None
            solution = run(problem, choice, effort, bounds=bounds, start=start)
        solution, labels = bounded(solution, problem, self.certify, effort), getattr(self, "classes_", ())
        network = replace(solution.network, classes=[*map(str, labels)] if len(labels) > 1 else None)
        self.solution_, self.rows_ = replace(solution, network=network), rows
        self.reg_, self.validation_ = problem.reg, validation

    def _seed(self) -> int:
        """The seed of this fit: an int is one, a generator draws one."""
        state = check_random_state(self.random_state)
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(state.randint(2**31 - 1))

    def _start(self, problem: Problem, choice: Choice) -> np.ndarray | None:
        """Units of the solution before, if it is to be started from and was one of the same program and samples."""
        if not hasattr(self, "solution_"):
            return None
        before, samples = self.solution_.problem, problem.samples
        same = before.norm == problem.norm and before.samples.bias == samples.bias
        same = same and self.solution_.certificate.coverage.program == choice.program != "sampled"
        if not same or not np.array_equal(before.samples.X, samples.X):
            return None
        atoms = [neuron.atom for neuron in self.solution_.network.neurons]
        weights = np.array([atom.weight for atom in atoms]).reshape(len(atoms), samples.d)
        return samples.units_of(weights, np.array([atom.bias for atom in atoms]))

    def _predictions(self, X: Any) -> np.ndarray:
        """f(X), shape (n,) or (n, c)."""
        check_is_fitted(self)
        gate(X=X)
        return self.solution_.network(validate_data(self, X, reset=False, dtype=np.float64))


class Scored:
    """The score of scikit-learn, of arrays that have passed the gate."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of a regressor, the accuracy of a classifier.

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : array_like, shape (n,) or (n, c)
        sample_weight : array_like, shape (n,), optional
        """
        what = "labels" if isinstance(self, ClassifierMixin) else "y"
        gate(X=X, **{what: y}, sample_weight=sample_weight)
        return float(super().score(X, y, sample_weight))  # type: ignore[misc]
