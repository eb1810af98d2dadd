"""scikit-learn estimators whose networks are globally optimal and written in wedges of samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from geomnn.bounds.bounding import bounded
from geomnn.bounds.choice import choose_bounds
from geomnn.derivation import Solution, run
from geomnn.dictionaries import Choice, Dictionary, choose
from geomnn.errors import DataError
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem, pose
from geomnn.samples import NamedTable, check_cells, check_flag, column_labels, finite_floats, plain_array

__all__ = ["WedgeClassifier", "WedgeRegressor"]

AFFORDABLE_FIT = 0.5  # seconds: one of many fits, as in a grid search, is to be short
FAR_OFF = 3.0  # |correlation|/reg: predictions need no optimum


class _WedgeEstimator(BaseEstimator):
    """What the two estimators share: the options and the fit."""

    solution_: Solution
    rows_: np.ndarray

    def __init__(
        self,
        reg: float = 1.0,
        *,
        norm: float = 2,
        bias: bool = True,
        dictionary: str | Dictionary = "auto",
        certify: str | None = None,
        tol: float = 1e-6,
        rounds: int = 25,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
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

    def _derive(self, X: np.ndarray, targets: np.ndarray, loss: str, weights: np.ndarray) -> None:
        """Fit to samples with weights of at least 0."""
        merge = not isinstance(self.dictionary, Dictionary)  # which was made for the samples as they are
        rows, s = _distinct(X, targets, weights, merge)
        given = None if (s == 1).all() else s
        table = NamedTable(X[rows], getattr(self, "feature_names_in_", None))
        problem = pose(table, targets[rows], self.reg, self.norm, self.bias, loss, given)
        choice = choose(self.dictionary, problem.samples, problem.norm)
        bounds = choose_bounds(self.certify, problem, None)
        warm = check_flag("warm_start", self.warm_start)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        effort = Effort(self.tol, seed, affordable=AFFORDABLE_FIT, rounds=self.rounds, far_off=FAR_OFF)
        start = self._start(problem, choice) if warm else None
        solution = run(problem, choice, effort, bounds=bounds, start=start)
        solution, labels = bounded(solution, problem, self.certify, effort), getattr(self, "classes_", ())
        network = replace(solution.network, classes=[*map(str, labels)] if len(labels) > 1 else None)
        self.solution_, self.rows_ = replace(solution, network=network), rows

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
        _gate(X=X)
        return self.solution_.network(validate_data(self, X, reset=False, dtype=np.float64))


class _Scored:
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
        _gate(X=X, **{what: y}, sample_weight=sample_weight)
        return float(super().score(X, y, sample_weight))  # type: ignore[misc]


class WedgeRegressor(_Scored, RegressorMixin, _WedgeEstimator):
    """Regression by a globally optimal two-layer ReLU network in closed form.

    minimise over every width and all weights  ½ Σ_i s_i ‖f(x_i) − y_i‖² + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²).

    Nothing is standardised: the penalty sees features and targets as they come, so that most tables call for
    ``make_pipeline(StandardScaler(), WedgeRegressor())``.

    Parameters
    ----------
    reg : float
        Weight of the penalty, above 0. The loss is a sum over samples: for the same smoothness it grows with them, and
        with the size of the targets. Regs from a thousandth to a tenth of `geomnn.reg_max` are a grid to begin with.
    norm : {1, 2, numpy.inf}
        p, the norm of the inner weights; 2 is the weight decay that networks are usually trained with.
    bias : bool
        Whether neurons have biases and the network an intercept; neither is penalised.
    dictionary : {"auto", "all", "wedge", "sampled", "local"} or Dictionary
        Where atoms come from, as in `geomnn.derive`; but "auto" is "all" only where a fit takes a second or so.
    certify : {None, "auto", "transport", "stars", "cells", "semidefinite", "milp"}
        How all neurons are bounded where they are searched, as in `geomnn.derive`; a minute at most.
    tol : float
        Relative duality gap. The default is enough for predictions; `geomnn.derive` has 1e-9.
    rounds : int
        The most rounds of a local search: more come closer to the optimum, which predictions seldom need.
    random_state : int, RandomState or None
        Of the starts of a local search, and of wedges that are drawn.
    warm_start : bool
        Whether to start from the neurons of the fit before, if that was to the same samples with the same norm, bias
        and kind of dictionary: for fits at several regs, falling ones best. Rounds then bring more.

    Attributes
    ----------
    solution_ : Solution
        With ``.network`` in closed form, ``.certificate``, ``.dual`` and ``.objective``.
    rows_ : ndarray of int
        Which row of X each sample of the solution is: the x3 of a name is row ``rows_[3]``. Mostly 0, 1, 2, …; but
        equal samples are one, those of weight 0 are none, and where there are any, or integer weights, those that are
        left come in sorted order.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        If X had names for its columns.

    Examples
    --------
    >>> import geomnn as gm
    >>> model = gm.WedgeRegressor(reg=0.1).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0])
    >>> model.predict([[4.0]]).round(3)
    array([4.7])
    >>> model.solution_.certificate.coverage.scope
    'global'

    Source: geomnn theory, section 0.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Derive the network.

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : array_like, shape (n,) or (n, c)
        sample_weight : array_like, shape (n,), optional
            s_i ≥ 0: whole ones are repeated samples, and those of weight 0 are left out. Ones if not given.

        Returns
        -------
        WedgeRegressor
            Itself.
        """
        _gate(X=X, y=y)
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._derive(X, finite_floats(y, "y"), "squared", _check_weights(sample_weight, len(X)))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """f(x) of each row.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n,) or (n, c)
        """
        return self._predictions(X)


class WedgeClassifier(_Scored, ClassifierMixin, _WedgeEstimator):
    """Classification by a globally optimal two-layer ReLU network in closed form.

    Two classes are one logistic problem, more are one softmax problem with an output for each:

    minimise over every width and all weights  Σ_i s_i ℓ(f(x_i), y_i) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²),

    ℓ = log(1 + exp(−y f)) with y = −1 for the first class and +1 for the second, or log Σ_o exp(f_o) − f_y.
    Without a bias there may be a single class, y = +1, which is all that is predicted.
    Nothing is standardised: ``make_pipeline(StandardScaler(), WedgeClassifier())`` suits most tables.

    Parameters
    ----------
    reg, norm, bias, dictionary, tol, rounds, random_state, warm_start
        As in `WedgeRegressor`.

    Attributes
    ----------
    solution_, rows_
        As in `WedgeRegressor`.
    classes_ : ndarray, shape (number of classes,)
        In the order of the columns of probabilities.
    n_features_in_, feature_names_in_
        As in `WedgeRegressor`.

    Examples
    --------
    >>> import geomnn as gm
    >>> X = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    >>> model = gm.WedgeClassifier(reg=0.1).fit(X, ["same", "same", "other", "other"])
    >>> model.predict(X).tolist()
    ['same', 'same', 'other', 'other']
    >>> model.solution_.certificate.coverage.scope
    'global'

    Source: geomnn theory, section 0.
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Derive the network.

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : array_like, shape (n,)
            Labels of any kind, of two classes at least.
        sample_weight : array_like, shape (n,), optional
            As in `WedgeRegressor.fit`.

        Returns
        -------
        WedgeClassifier
            Itself.

        Raises
        ------
        DataError
            If there is a bias and the samples that have a weight are of one class, for which no network is best.
        """
        _gate(X=X, labels=y)
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weights = _check_weights(sample_weight, len(X))
        self.classes_ = np.unique(y[weights > 0])
        if len(self.classes_) < 2 and self.bias:
            raise DataError(
                f"Samples that have a weight are of one class only, {self.classes_.tolist()[0]!r}; at least two were "
                "expected, or bias=False."
            )
        if len(self.classes_) <= 2:
            self._derive(X, np.where(y == self.classes_[-1], 1.0, -1.0), "logistic", weights)
        else:
            self._derive(X, (y[:, None] == self.classes_).astype(float), "softmax", weights)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """f(x) of each row: for two classes the log-odds of the second (for one its own), for more a number for each.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n,) or (n, number of classes)
        """
        return self._predictions(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n, number of classes)
        """
        f = self._predictions(X)
        if len(self.classes_) == 1:
            return np.ones((len(f), 1))
        return np.column_stack([expit(-f), expit(f)]) if f.ndim == 1 else softmax(f, axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n,)
        """
        f = self._predictions(X)
        if len(self.classes_) == 1:
            return np.full(len(f), self.classes_[0])
        return self.classes_[(f > 0).astype(int) if f.ndim == 1 else np.argmax(f, axis=1)]


def _gate(**given: Any) -> None:
    """Refuse arrays that scikit-learn would take for what they are not: masked ones, and dates for numbers; and cells
    of data frames that are no numbers, by their place."""
    for name, values in given.items():
        array = plain_array(values, name)
        if name != "labels" and (columns := column_labels(values)) and array.dtype.kind in "OMmUS":
            check_cells(array, name, columns)
        if name != "labels" and array.dtype.kind in "mM":
            raise DataError(f"{name} holds dates or times; numbers were expected: convert the column first.")


def _check_weights(sample_weight: Any, n: int) -> np.ndarray:
    """Weights of the samples, shape (n,); a number stands for all of them."""
    if sample_weight is None:
        return np.ones(n)
    weights = finite_floats(sample_weight, "sample_weight")
    weights = np.full(n, weights) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise DataError(f"sample_weight has shape {weights.shape}; shape ({n},) was expected.")
    if (weights < 0).any() or not weights.any():
        raise DataError(
            "sample_weight is below zero, or zero everywhere; give each sample a weight of at least 0."
        )
    return weights


def _distinct(
    X: np.ndarray, targets: np.ndarray, weights: np.ndarray, merge: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the samples that have a weight, if told so the first of those that are equal, and the weight of each.

    Samples that come repeatedly, by their rows or by whole weights, make that they are in sorted order, so that the
    solution is the same whichever way they come; else they are as given.
    """
    kept = np.flatnonzero(weights)
    if not merge:
        return kept, weights[kept]
    table = np.column_stack([X[kept], targets[kept]]) + 0.0
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    together = np.bincount(place.ravel(), weights[kept])
    repeated = len(first) < len(X) or ((together % 1 == 0).all() and (together > 1).any())
    if not repeated:
        return kept, weights
    return kept[first], together
