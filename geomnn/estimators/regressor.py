"""Regression with networks in closed form, for scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from geomnn.estimators.fitting import Scored, WedgeEstimator
from geomnn.estimators.given import check_weights, gate
from geomnn.validation import finite_floats

__all__ = ["WedgeRegressor"]


class WedgeRegressor(Scored, RegressorMixin, WedgeEstimator):
    """Regression by a globally optimal two-layer ReLU network in closed form.

    minimise over every width and all weights  ½ Σ_i s_i ‖f(x_i) − y_i‖² + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²).

    Nothing is standardised: the penalty sees features and targets as they come, so that most tables call for
    ``make_pipeline(StandardScaler(), WedgeRegressor())``.

    Defaults are those of an estimator that is fitted many times and asked for predictions, and differ from those of
    `geomnn.derive`, where one network is to be read: there norm=1, for which all names are wedges and there are exact
    paths and fractions, reg=0.1 and tol=1e-9, and a search goes on until rounds bring nothing; here norm=2, the weight
    decay of other networks, reg=1.0 as in Ridge, tol=1e-6 and 25 rounds. With the same options both solve the same
    problem.

    Parameters
    ----------
    reg : float or "auto"
        Weight of the penalty, above 0. The loss is a sum over samples: for the same smoothness it grows with them, and
        with the size of the targets. Regs from a thousandth to a tenth of `geomnn.reg_max` are a grid to begin with.
        "auto": by five-fold cross-validation the largest reg whose mean error is within one standard error of the
        least, as `geomnn.cross_validate` has it and ``--reg auto`` at the command line; a minute at most.
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
        Of the starts of a local search, of wedges that are drawn, and of the folds of reg="auto"; a fit over all atoms
        draws nothing. An int is the ``seed`` of `geomnn.derive`, the same in every fit; a RandomState draws another
        seed for each fit, and None does so from the generator of NumPy.
    warm_start : bool
        Whether to start from the neurons of the fit before, if that was to the same samples with the same norm, bias
        and kind of dictionary: for fits at several regs, falling ones best. Rounds then bring more.
    robust, eps, ball
        Training against all that samples may do within eps, as in `geomnn.derive`; for norm=1.

    Attributes
    ----------
    solution_ : Solution
        With ``.network`` in closed form, ``.certificate``, ``.dual`` and ``.objective``.
    rows_ : ndarray of int
        Which row of X each sample of the solution is: the x3 of a name is row ``rows_[3]``. Mostly 0, 1, 2, …; but
        equal samples are one, those of weight 0 are none, and where there are any, or integer weights, those that are
        left come in sorted order.
    reg_ : float
        reg, or what "auto" has chosen.
    validation_ : CrossValidation or None
        What "auto" has chosen it by.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        If X had names for its columns, which `solution_.network` then has, too: ``describe()`` says them.

    Examples
    --------
    >>> import geomnn as gm
    >>> model = gm.WedgeRegressor(reg=0.1).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0])
    >>> model.predict([[4.0]]).round(3)
    array([4.7])
    >>> model.solution_.certificate.coverage.scope
    'global'
    >>> X, y = gm.datasets.ramps(30)
    >>> model = gm.WedgeRegressor(reg="auto", norm=1, random_state=0).fit(X, y)
    >>> model.reg_ == float(f"{gm.cross_validate(X, y, seed=0).cautious:.3g}")
    True

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
        gate(X=X, y=y)
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._derive(X, finite_floats(y, "y"), "squared", check_weights(sample_weight, len(X)))
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
