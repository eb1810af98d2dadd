"""How well networks predict samples that were left out, over reg."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from geomnn.deadline import Line, OutOfTime
from geomnn.dictionaries import Choice, Dictionary, WedgeDictionary, choose
from geomnn.errors import OptionError
from geomnn.hypertext import Shown
from geomnn.machine import in_parallel
from geomnn.paths import SHARE, bends, downwards, path_over, predictions, several
from geomnn.programs.effort import Effort
from geomnn.programs.losses import Loss
from geomnn.programs.problem import Problem, pose
from geomnn.programs.solve import STOPPED, SUGGESTED, constant_correlation

__all__ = ["CrossValidation", "choose_reg", "cross_validate", "validated"]

SHARE_OF_LEVELS = 1 / 10  # of the time, for the largest reg
LEVELS, FEW_LEVELS = 30, 8  # regs, if none are given
FOLDS = 5
ENOUGH = 4  # regs that are compared, below which that tells nothing: the largest of them is a constant
MOST_SECONDS = 60.0  # of a choice of reg, where no time limit is given
PATH = 1 / 2  # of the time of a fold, in which a path has to come to its end; in the rest there is a grid


@dataclass(frozen=True, eq=False)
class CrossValidation(Shown):
    """Errors on samples that were left out, for each fold and each reg.

    Parameters
    ----------
    regs : ndarray, shape (m,)
    errors : ndarray, shape (folds, m)
        Mean over the samples left out of (f(x) − y)² (summed over outputs), or of the loss in nats.
    stopped : bool
        Whether time was over before all of these networks were optimal.
    """

    regs: np.ndarray
    errors: np.ndarray
    stopped: bool = False

    @property
    def mean(self) -> np.ndarray:
        """Mean error over the folds, shape (m,)."""
        return self.errors.mean(axis=0)

    @property
    def best(self) -> float:
        """The reg with the least mean error; the largest of several."""
        least = np.flatnonzero(self.mean == self.mean.min())
        return float(self.regs[least].max())

    @property
    def spread(self) -> np.ndarray:
        """The standard error of the mean error, over the folds, shape (m,)."""
        return self.errors.std(axis=0, ddof=1) / np.sqrt(len(self.errors))

    @property
    def cautious(self) -> float:
        """The largest reg whose mean error is within one standard error of the least: the one-standard-error rule."""
        at = np.flatnonzero(self.regs == self.best)[0]
        return float(self.regs[self.mean <= self.mean[at] + self.spread[at]].max())

    @property
    def tells(self) -> bool:
        """Whether enough regs were compared to choose one of them."""
        return not self.stopped or len(self.regs) >= ENOUGH


def cross_validate(
    X: Any,
    y: Any,
    regs: Sequence[float] | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    n_jobs: int | None = None,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    dictionary: str = "auto",
    tol: float = 1e-9,
    time_limit: float | None = None,
    progress: bool | Line | None = False,
) -> CrossValidation:
    """How well networks predict samples that were left out, over reg: by exact paths where there are, else by grids.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary, tol, progress
        As in `derive`.
    regs : sequence of float, optional
        30 of them from `reg_max` down to a thousandth of it, evenly spaced in log(reg), if not given; 8 where each
        takes a search and there is a time limit.
    folds : int
        Into how many parts the samples are split at random, each of which is left out once.
    seed : int
        Of the split.
    n_jobs : int, optional
        Folds solved at the same time by joblib; as its active backend says if not given.
    time_limit : float, optional
        Seconds for all of the call. Errors are then those of the networks that were found in the share of each fold and
        reg, small regs may be left out, and ``stopped`` says so.

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
    problem, effort = pose(X, y, 1.0, norm, bias, loss), Effort(tol, seed, progress, time_limit)
    return validated(problem, dictionary, effort, regs, folds, n_jobs)


def choose_reg(
    problem: Problem, dictionary: str | Dictionary, effort: Effort, seconds: float
) -> tuple[Decimal, CrossValidation]:
    """The reg that the one-standard-error rule takes, to three digits, and what it was chosen by; a hundredth of
    `reg_max` where the time was over before there was something to compare.

    Parameters
    ----------
    problem : Problem
        Whose reg does not matter.
    dictionary : str
    effort : Effort
        Whose seed splits the samples, too.
    seconds : float
        For all of it.

    Raises
    ------
    OptionError
        If there are fewer than two samples (of each class).
    """
    folds = min(FOLDS, _most_folds(problem))
    if folds < 2:
        raise OptionError(
            "{reg} derives networks without some of the rows, and needs two rows at least, of each class; give a "
            "number.",
            reg="auto",
        )
    found = validated(problem, dictionary, replace(effort, time_limit=seconds), folds=folds)
    reg = found.cautious if found.tells else SUGGESTED * found.regs[0]
    up = reg == found.regs[0]  # so that a constant stays the optimum
    digits = Context(prec=3, rounding=ROUND_CEILING if up else ROUND_HALF_EVEN)
    return Decimal(f"{digits.create_decimal(repr(float(reg))).normalize():f}"), found


def validated(
    problem: Problem,
    dictionary: str | Dictionary,
    effort: Effort,
    regs: Sequence[float] | None = None,
    folds: int = FOLDS,
    n_jobs: int | None = None,
) -> CrossValidation:
    """`cross_validate` of a problem, whose loss may have weights: errors are then means by them.

    Parameters
    ----------
    problem : Problem
    dictionary, regs, folds, n_jobs
        As in `cross_validate`.
    effort : Effort
    """
    choice = choose(dictionary, problem.samples, problem.norm)
    if choice.given is not None:
        raise OptionError("dictionary is an instance, which is for all samples; a name was expected.")
    # classes in equal shares, so that each fold is left with all of them
    by_class, most = problem.loss.takes_classes, _most_folds(problem)
    if not isinstance(folds, int | np.integer) or isinstance(folds, bool) or not 2 <= folds <= most:
        what = "samples of the smallest class" if by_class else "samples"
        raise OptionError(f"folds={folds!r}; a number from 2 up to that of the {what}, {most}, was expected.")
    given = None if regs is None else np.array(several(regs))
    if given is not None and not len(given):
        raise OptionError("regs is empty; at least one number above 0 was expected.")
    split = (StratifiedKFold if by_class else KFold)(folds, shuffle=True, random_state=effort.seed)
    with effort.begun() as effort:
        levels = _levels(problem, choice, effort) if given is None else given
        lineless = replace(effort, progress=None)  # what goes on is said by the deadline, which can travel
        jobs = (
            (problem, inside, outside, levels, dictionary, lineless, k, folds)
            for k, (inside, outside) in enumerate(split.split(problem.samples.X, _labels(problem)))
        )
        errors, stopped = map(np.array, zip(*in_parallel(_left_out, jobs, n_jobs), strict=True))
    reached = np.isfinite(errors).all(axis=0)
    return CrossValidation(levels[reached], errors[:, reached], bool(stopped.any()))


def _labels(problem: Problem) -> np.ndarray:
    """Numbers of classes, shape (n,)."""
    return problem.targets @ np.arange(1, problem.outputs + 1)


def _most_folds(problem: Problem) -> int:
    """The number of samples; of classes that of the smallest one."""
    if not problem.loss.takes_classes:
        return problem.samples.n
    return int(np.unique(_labels(problem), return_counts=True)[1].min())


def _levels(problem: Problem, choice: Choice, effort: Effort) -> np.ndarray:
    """30 regs from `reg_max` down to a thousandth of it; 8 where each takes a search and time is limited."""
    effort.deadline.say("looking for the largest reg")
    atoms = choice.form(problem.samples, problem.norm, left=effort.deadline.left())
    largest = constant_correlation(problem, atoms.until(effort.part(SHARE_OF_LEVELS).deadline)) or 1.0
    few = atoms.scope == "local" and effort.time_limit is not None
    return np.geomspace(largest, SHARE * largest, FEW_LEVELS if few else LEVELS)


def _left_out(
    problem: Problem,
    inside: np.ndarray,
    outside: np.ndarray,
    regs: np.ndarray,
    dictionary: str,
    effort: Effort,
    k: int,
    folds: int,
) -> tuple[np.ndarray, bool]:
    """Mean loss on the samples outside of networks derived from those inside, for each reg, shape (m,), and whether the
    time of this fold, one of those that are left, was over before one of them was optimal; infinite at those regs, from
    the second on, of which none had begun by then."""
    effort = effort.part(1 / (folds - k))
    effort.deadline.say(f"cross-validation, part {k + 1} of {folds}")
    X, y, bias, loss, s = (
        problem.samples.X,
        problem.targets,
        problem.samples.bias,
        problem.loss,
        problem.loss.weights,
    )
    least = pose(
        X[inside], y[inside], float(regs.min()), problem.norm, bias, loss, None if s is None else s[inside]
    )
    choice = choose(dictionary, least.samples, least.norm)
    atoms = choice.form(
        least.samples, least.norm, affordable=effort.affordable / 10, left=effort.deadline.left() / len(regs)
    )
    found: Any = None
    stopped = False
    if isinstance(atoms, WedgeDictionary) and not bends(least, choice):
        with suppress(OutOfTime):
            found = path_over(least, atoms, least.reg, effort.part(PATH)).predict(X[outside], regs)[..., None]
    if found is None:
        points = least.samples.lift(X[outside])
        optima = downwards([least.at(reg) for reg in regs], atoms, effort)
        found = [None if each is None else predictions(points, each) for each in optima]
        stopped = any(optimum is None or optimum.ended == STOPPED for optimum in optima)
    scale = 2.0 if loss.is_quadratic else 1.0  # (f − y)² is twice the loss
    weight = len(outside)
    if s is not None:
        loss, weight = loss.weighted(s[outside]), s[outside].sum()
    values = [np.inf if f is None else scale * loss.value(f, y[outside]) / weight for f in found]
    return np.array(values), stopped
