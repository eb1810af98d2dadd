"""Classification with networks in closed form, for scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from geomnn.dictionaries import Dictionary
from geomnn.errors import DataError
from geomnn.estimators.fitting import Scored, WedgeEstimator
from geomnn.estimators.given import check_class_weight, check_weights, gate

__all__ = ["WedgeClassifier"]


class WedgeClassifier(Scored, ClassifierMixin, WedgeEstimator):
    """Classification by a globally optimal two-layer ReLU network in closed form.

    Two classes are one logistic problem, more are one softmax problem with an output for each:

    minimise over every width and all weights  Σ_i s_i ℓ(f(x_i), y_i) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²),

    ℓ = log(1 + exp(−y f)) with y = −1 for the first class and +1 for the second, or log Σ_o exp(f_o) − f_y.
    Without a bias there may be a single class, y = +1, which is all that is predicted.
    Nothing is standardised: ``make_pipeline(StandardScaler(), WedgeClassifier())`` suits most tables.

    Parameters
    ----------
    reg, norm, bias, dictionary, certify, tol, rounds, random_state, warm_start, robust, eps, ball
        As in `WedgeRegressor`, which also says why defaults differ from those of `geomnn.derive`.
    class_weight : None, "balanced" or dict
        Weights of the classes, by which those of their samples are multiplied: 1 each; n/(c n_k) for the class k of
        n_k samples, with c classes, counted by their weights; or {label: weight}, 1 for labels that it lacks.

    Attributes
    ----------
    solution_, rows_, reg_, validation_
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
    >>> rare = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], ["no", "no", "no", "yes", "no", "no"]
    >>> models = [gm.WedgeClassifier(reg=0.5, class_weight=each).fit(*rare) for each in (None, "balanced")]
    >>> [model.predict([[3.0]]).item() for model in models]
    ['no', 'yes']

    Source: geomnn theory, section 0.
    """

    classes_: np.ndarray

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
        class_weight: dict[Any, float] | str | None = None,
        robust: str | None = None,
        eps: float | None = None,
        ball: float = np.inf,
    ):
        super().__init__(
            reg,
            norm=norm,
            bias=bias,
            dictionary=dictionary,
            certify=certify,
            tol=tol,
            rounds=rounds,
            random_state=random_state,
            warm_start=warm_start,
            robust=robust,
            eps=eps,
            ball=ball,
        )
        self.class_weight = class_weight

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
        gate(X=X, labels=y)
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weights = check_class_weight(self.class_weight, y, check_weights(sample_weight, len(X)))
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
