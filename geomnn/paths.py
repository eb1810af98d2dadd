"""All networks of a table as reg changes: the exact path, a grid of solutions, cross-validation over both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from geomnn.derivation import Solution, assemble, check_options, constant_correlation, warn_constant
from geomnn.dictionaries import AFFORDABLE, Dictionary, WedgeDictionary, find_dictionary
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.machine import in_parallel
from geomnn.programs.kinks import Piece, follow
from geomnn.programs.problem import Problem, check_reg, pose
from geomnn.programs.search import optimise
from geomnn.programs.solve import Optimum
from geomnn.samples import check_integer, real_table

__all__ = ["CrossValidation", "Path", "cross_validate", "grid", "path"]

SHARE = 1e-3  # of reg_max, down to which a path or a grid goes if nothing is said


@dataclass(frozen=True, eq=False)
class Path:
    """All optimal networks from reg_max down to some reg: z and t are piecewise affine in reg.

    Calling it gives the `Solution` at any reg of the path, certified there; `geomnn.plotting.plot_path` draws it.

    Parameters
    ----------
    problem : Problem
    dictionary : WedgeDictionary
    pieces : tuple of Piece
        On each z is affine in reg, which falls; none if the network is a constant all along.
    reg_max, reg_min : float
        From where on the network is a constant, and where the path ends.
    tol : float
        To which the certificates are held.

    Examples
    --------
    >>> import geomnn as gm
    >>> path = gm.path([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0], reg_min=0.1)
    >>> path.kinks.round(6).tolist()
    [5.0, 1.666667, 0.333333]
    >>> path(0.2).certificate.relative_gap < 1e-9
    True

    Source: geomnn theory, section 4; A. Mishkin, M. Pilanci, arXiv 2306.00119.
    """

    problem: Problem = field(repr=False)
    dictionary: WedgeDictionary = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    reg_max: float
    reg_min: float
    tol: float = field(repr=False)

    @property
    def kinks(self) -> np.ndarray:
        """Every reg at which v bends, falling from reg_max, shape (m,): facts about the data, as v is unique.

        Where z is not, its neurons may change between two kinks as well, without a change of the outputs.
        """
        return np.array([piece.reg for piece in self.pieces if piece.bends])

    @property
    def neurons(self) -> np.ndarray:
        """Number of neurons below each kink, of the network that the path has there, shape (m,)."""
        return np.array([len(piece.units) for piece in self.pieces if piece.bends], dtype=int)

    def __len__(self) -> int:
        return len(self.kinks)

    def __repr__(self) -> str:
        kinks = "1 kink" if len(self) == 1 else f"{len(self)} kinks"
        return f"Path({kinks}, reg {self.reg_max:g} to {self.reg_min:g})"

    def __call__(self, reg: float) -> Solution:
        """The solution at a reg of the path (or above it, where it is a constant).

        Parameters
        ----------
        reg : float

        Returns
        -------
        Solution
            Of the same kind as that of `derive`: its certificate prices all atoms at this reg.

        Raises
        ------
        OptionError
            If reg is below the end of the path.

        Warns
        -----
        ConstantNetworkWarning
            If reg is at least reg_max.
        """
        optimum = self._optimum(reg)
        problem = replace(self.problem, reg=float(reg))
        if not len(optimum.units) and optimum.converged:
            warn_constant(problem, self.dictionary)
        return assemble(problem, self.dictionary, optimum, self.tol)

    def predict(self, X: Any, regs: Sequence[float] | np.ndarray) -> np.ndarray:
        """f(X) of the networks at several regs of the path, shape (number of regs, number of samples).

        Parameters
        ----------
        X : array_like, shape (k, d)
        regs : sequence of float
        """
        table, d = real_table(X, "X"), self.problem.samples.d
        if table.shape[1] != d:
            raise DataError(
                f"X has {table.shape[1]} columns; the path was derived from {d}: give the same features."
            )
        points = self.problem.samples.lift(table)
        return np.array([_predictions(points, self._optimum(reg))[:, 0] for reg in _several(regs)])

    def _optimum(self, reg: float) -> Optimum:
        """The optimum at a reg: what the path says, or a solve from there where rounding has bent the path."""
        units, z, t = self._at(reg)
        problem = replace(self.problem, reg=float(reg))
        features = problem.samples.features(units)
        size = np.abs(z) * np.linalg.norm(features, axis=0)
        kept = size > 1e-14 * size.sum()
        units, z, features, intercept = units[kept], z[kept, None], features[:, kept], np.array([t])
        v = problem.dual_point(problem.residual(features @ z + intercept))
        maximum = self.dictionary.price(v, np.inf, 1).maximum
        primal, bound = problem.convex_objective(features, z, intercept), problem.dual_bound(v, maximum)
        if primal - bound <= self.tol * abs(primal):
            return Optimum(units, z, intercept, v, maximum, primal, bound, True)
        return optimise(problem, self.dictionary, self.tol, start=units)

    def _at(self, reg: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Units, z and t of the path."""
        if check_reg(reg) < self.reg_min * (1 - 1e-12):
            raise OptionError(
                f"reg={reg!r}; the path goes from {self.reg_max:g} down to {self.reg_min:g}: take a reg above its "
                "end, or a path with a smaller reg_min."
            )
        below = int(np.searchsorted([-piece.reg for piece in self.pieces], -reg, side="right"))
        if not below:
            return np.zeros((0, self.problem.samples.D)), np.zeros(0), float(self.problem.constant()[0])
        piece = self.pieces[below - 1]
        return piece.units, *piece.at(reg)


def _predictions(points: np.ndarray, optimum: Optimum) -> np.ndarray:
    """f at points in centred homogeneous coordinates, shape (k, c)."""
    return np.maximum(points @ optimum.units.T, 0.0) @ optimum.coefficients + optimum.intercept


def _several(regs: Any) -> list[float]:
    """Regs as a list of checked numbers."""
    if np.ndim(regs) != 1:
        raise OptionError(f"regs={regs!r}; a list of numbers above 0 was expected, such as [0.1, 0.01].")
    return [check_reg(reg) for reg in regs]


def path(
    X: Any,
    y: Any,
    reg_min: float | None = None,
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
    dictionary: str | Dictionary = "auto",
    tol: float = 1e-9,
    progress: bool = False,
) -> Path:
    """Every optimal network from reg_max down to a reg, exactly: the kinks, and what is affine between them.

    v(reg) and z(reg) are piecewise affine for squared loss, scalar output and a fixed dictionary: p = 1 and ∞,
    and dictionary="wedge" for any p.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary, tol, progress
        As in `derive`.
    reg_min : float, optional
        Where to end; a thousandth of `reg_max` if not given.

    Returns
    -------
    Path

    Raises
    ------
    UnsupportedProblem
        For logistic and softmax losses, vector outputs and the exact program with p = 2, whose paths bend: use
        `grid`.
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.

    Source: geomnn theory, section 4.
    """
    end = None if reg_min is None else check_reg(reg_min, "reg_min")
    problem = pose(X, y, 1.0, norm, bias, loss)
    check_options(False, tol)
    if why := _bends(problem, dictionary):
        raise UnsupportedProblem(
            f"The path is piecewise affine for squared loss, one output and a fixed dictionary, but {why}: use gm.grid "
            "for solutions at given regs (or norm=1 or inf, or dictionary='wedge')."
        )
    listed = "exact" if isinstance(dictionary, str) and dictionary == "auto" else dictionary
    atoms = find_dictionary(problem.samples, problem.norm, listed)
    assert isinstance(atoms, WedgeDictionary)
    start = constant_correlation(problem, atoms)
    if end is None:
        end = max(SHARE * start, 1e-100)
    pieces = follow(problem, atoms, start, end, progress) if start > end else []
    return Path(problem, atoms, tuple(pieces), start, end, float(tol))


def _bends(problem: Problem, dictionary: str | Dictionary) -> str:
    """Why the path is not piecewise affine; nothing if it is."""
    if not problem.loss.is_quadratic:
        return f"the loss is {problem.loss.name}"
    if problem.outputs > 1:
        return f"y has {problem.outputs} columns"
    if isinstance(dictionary, Dictionary):
        fixed = isinstance(dictionary, WedgeDictionary) and not dictionary.atoms_move
        return (
            "" if fixed else f"a {type(dictionary).__name__} does not say which atom is the next to reach reg"
        )
    if isinstance(dictionary, str) and dictionary == "local":
        return "dictionary='local' searches for atoms"
    if isinstance(dictionary, str) and dictionary == "sampled":
        return "dictionary='sampled' does not say which atom is the next to reach reg"
    exact = isinstance(dictionary, str) and dictionary in ("auto", "exact")
    return "the exact atoms for norm=2 move with the residual" * (
        problem.norm == 2 and problem.samples.d > 1 and exact
    )


def grid(
    X: Any,
    y: Any,
    regs: Sequence[float],
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
    dictionary: str | Dictionary = "auto",
    tol: float = 1e-9,
    progress: bool = False,
) -> list[Solution]:
    """Solutions at given regs, each started from the neurons of the next larger one.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary, tol, progress
        As in `derive`.
    regs : sequence of float

    Returns
    -------
    list of Solution
        In the order of the regs.

    Raises
    ------
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.

    Examples
    --------
    >>> import geomnn as gm
    >>> solutions = gm.grid([[0.0], [1.0], [2.0]], [-1.0, 1.0, -1.0], [0.05, 0.2], loss="logistic")
    >>> [round(solution.objective, 6) for solution in solutions]
    [0.722113, 1.673817]

    Source: geomnn theory, section 4.
    """
    levels = _several(regs)
    check_options(False, tol)
    if not levels:
        return []
    problem = pose(X, y, 1.0, norm, bias, loss)
    problems = [replace(problem, reg=reg) for reg in levels]
    atoms = find_dictionary(problems[0].samples, problems[0].norm, dictionary)
    optima = _downwards(problems, atoms, float(tol), progress)
    for problem, optimum in zip(problems, optima, strict=True):
        if not len(optimum.units) and optimum.converged:
            warn_constant(problem, atoms)
    return [assemble(p, atoms, optimum, tol) for p, optimum in zip(problems, optima, strict=True)]


def _downwards(
    problems: list[Problem], atoms: Dictionary, tol: float, progress: bool = False
) -> list[Optimum]:
    """Optima of problems that differ in reg, solved from the largest reg to the smallest, in the order given."""
    optima: dict[int, Optimum] = {}
    start = np.zeros((0, problems[0].samples.D))
    for k in sorted(range(len(problems)), key=lambda k: -problems[k].reg):
        optima[k] = optimise(problems[k], atoms, tol, progress, start)
        start = optima[k].units
    return [optima[k] for k in range(len(problems))]


@dataclass(frozen=True, eq=False)
class CrossValidation:
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
    folds: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
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
    problem = pose(X, y, 1.0, norm, bias, loss)
    check_options(False, tol)
    if not isinstance(dictionary, str):
        raise OptionError("dictionary is an instance, which is for all samples; a name was expected.")
    seed = check_integer("seed", seed, 0)
    # classes in equal shares, so that each fold is left with all of them
    by_class = not problem.loss.is_quadratic
    labels = problem.targets @ np.arange(1, problem.outputs + 1)
    most = min(np.unique(labels, return_counts=True)[1]) if by_class else problem.samples.n
    if not isinstance(folds, int | np.integer) or isinstance(folds, bool) or not 2 <= folds <= most:
        what = "samples of the smallest class" if by_class else "samples"
        raise OptionError(f"folds={folds!r}; a number from 2 up to that of the {what}, {most}, was expected.")
    if regs is None:
        largest = (
            constant_correlation(problem, find_dictionary(problem.samples, problem.norm, dictionary)) or 1.0
        )
        levels = np.geomspace(largest, SHARE * largest, 30)
    else:
        levels = np.array(_several(regs))
        if not len(levels):
            raise OptionError("regs is empty; at least one number above 0 was expected.")
    split = (StratifiedKFold if by_class else KFold)(folds, shuffle=True, random_state=seed)
    jobs = (
        (problem, inside, outside, levels, dictionary, tol)
        for inside, outside in split.split(problem.samples.X, labels)
    )
    errors = in_parallel(_left_out, jobs, n_jobs)
    return CrossValidation(levels, np.array(errors))


def _left_out(
    problem: Problem, inside: np.ndarray, outside: np.ndarray, regs: np.ndarray, dictionary: str, tol: float
) -> np.ndarray:
    """Mean loss on the samples outside of networks derived from those inside, for each reg, shape (m,)."""
    X, y, samples = problem.samples.X, problem.targets, problem.samples
    least = pose(X[inside], y[inside], float(regs.min()), problem.norm, samples.bias, problem.loss.name)
    atoms = find_dictionary(least.samples, least.norm, dictionary, affordable=AFFORDABLE / 10)
    if _bends(problem, atoms):
        problems = [replace(least, reg=float(reg)) for reg in regs]
        points = least.samples.lift(X[outside])
        optima = _downwards(problems, atoms, tol)
        predictions = np.array([_predictions(points, optimum) for optimum in optima])
    else:
        along = path(
            X[inside], y[inside, 0], least.reg, problem.norm, samples.bias, dictionary=dictionary, tol=tol
        )
        predictions = along.predict(X[outside], regs)[..., None]
    scale = 2.0 if problem.loss.is_quadratic else 1.0  # (f − y)² is twice the loss
    return np.array([scale * problem.loss.value(f, y[outside]) / len(outside) for f in predictions])
