"""How well networks predict samples that were left out, over reg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from geomnn.dictionaries import AFFORDABLE, WedgeDictionary, choose
from geomnn.errors import OptionError
from geomnn.hypertext import Shown
from geomnn.machine import in_parallel
from geomnn.paths import SHARE, bends, downwards, path_over, predictions, several
from geomnn.programs.effort import Effort
from geomnn.programs.losses import Loss
from geomnn.programs.problem import Problem, pose
from geomnn.programs.solve import constant_correlation

__all__ = ["CrossValidation", "cross_validate"]


@dataclass(frozen=True, eq=False)
class CrossValidation(Shown):
    """Errors on samples that were left out, for each fold and each reg.

    Parameters
    ----------
    regs : ndarray, shape (m,)
    errors : ndarray, shape (folds, m)
        Mean over the samples left out of (f(x) − y)² (summed over outputs), or of the loss in nats.
    """

    regs: np.ndarray
    errors: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean error over the folds, shape (m,)."""
        return self.errors.mean(axis=0)

    @property
    def best(self) -> float:
        """The reg with the least mean error; the largest of several."""
        least = np.flatnonzero(self.mean == self.mean.min())
        return float(self.regs[least].max())


def cross_validate(
    X: Any,
    y: Any,
    regs: Sequence[float] | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    dictionary: str = "auto",
    tol: float = 1e-9,
) -> CrossValidation:
    """How well networks predict samples that were left out, over reg: by exact paths where there are, else by grids.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary, tol
        As in `derive`.
    regs : sequence of float, optional
        30 of them from `reg_max` down to a thousandth of it, evenly spaced in log(reg), if not given.
    folds : int
        Into how many parts the samples are split at random, each of which is left out once.
    seed : int
        Of the split.
    n_jobs : int, optional
        Folds solved at the same time by joblib; as its active backend says if not given.

    Returns
    -------
    CrossValidation

    Raises
    ------
    OptionError
        If the folds are not from 2 to the number of samples (of the smallest class, where there are classes).
    DataError, EnumerationTooLarge
        As `derive` does.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = gm.datasets.ramps(40)
    >>> validation = gm.cross_validate(X, y, folds=4)
    >>> validation.errors.shape
    (4, 30)

    Source: geomnn theory, section 4.
    """
    problem, effort = pose(X, y, 1.0, norm, bias, loss), Effort(tol, seed)
    choice = choose(dictionary, problem.samples, problem.norm)
    if choice.given is not None:
        raise OptionError("dictionary is an instance, which is for all samples; a name was expected.")
    # classes in equal shares, so that each fold is left with all of them
    by_class = problem.loss.takes_classes
    labels = problem.targets @ np.arange(1, problem.outputs + 1)
    most = min(np.unique(labels, return_counts=True)[1]) if by_class else problem.samples.n
    if not isinstance(folds, int | np.integer) or isinstance(folds, bool) or not 2 <= folds <= most:
        what = "samples of the smallest class" if by_class else "samples"
        raise OptionError(f"folds={folds!r}; a number from 2 up to that of the {what}, {most}, was expected.")
    if regs is None:
        largest = constant_correlation(problem, choice.form(problem.samples, problem.norm)) or 1.0
        levels = np.geomspace(largest, SHARE * largest, 30)
    else:
        levels = np.array(several(regs))
        if not len(levels):
            raise OptionError("regs is empty; at least one number above 0 was expected.")
    split = (StratifiedKFold if by_class else KFold)(folds, shuffle=True, random_state=seed)
    jobs = (
        (problem, inside, outside, levels, dictionary, effort)
        for inside, outside in split.split(problem.samples.X, labels)
    )
    errors = in_parallel(_left_out, jobs, n_jobs)
    return CrossValidation(levels, np.array(errors))


def _left_out(
    problem: Problem,
    inside: np.ndarray,
    outside: np.ndarray,
    regs: np.ndarray,
    dictionary: str,
    effort: Effort,
) -> np.ndarray:
    """Mean loss on the samples outside of networks derived from those inside, for each reg, shape (m,)."""
    X, y, bias = problem.samples.X, problem.targets, problem.samples.bias
    least = pose(X[inside], y[inside], float(regs.min()), problem.norm, bias, problem.loss)
    choice = choose(dictionary, least.samples, least.norm)
    atoms = choice.form(least.samples, least.norm, affordable=AFFORDABLE / 10)
    if isinstance(atoms, WedgeDictionary) and not bends(least, choice):
        found = path_over(least, atoms, least.reg, effort).predict(X[outside], regs)[..., None]
    else:
        points = least.samples.lift(X[outside])
        optima = downwards([least.at(reg) for reg in regs], atoms, effort)
        found = np.array([predictions(points, optimum) for optimum in optima])
    scale = 2.0 if problem.loss.is_quadratic else 1.0  # (f − y)² is twice the loss
    return np.array([scale * problem.loss.value(f, y[outside]) / len(outside) for f in found])
