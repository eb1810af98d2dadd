"""All networks of a table as reg changes: the exact path, a grid of solutions, cross-validation over both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import KFold, StratifiedKFold

from geomnn.derivation import (
    Solution,
    assemble,
    check_options,
    constant_correlation,
    find_dictionary,
    warn_constant,
)
from geomnn.dictionaries import Dictionary, WedgeDictionary
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.programs.path import Piece, follow
from geomnn.programs.problem import Problem, pose
from geomnn.programs.solve import Optimum, solve
from geomnn.samples import real_table

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
        From kink to kink, reg falling; the last one is a point, the end.
    tol : float
        To which the certificates are held.

    Examples
    --------
    >>> import geomnn as gm
    >>> path = gm.path([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0], reg_min=0.1)
    >>> path.kinks.round(6).tolist(), path.neurons.tolist()
    ([5.0, 1.666667, 0.333333], [1, 2, 2])
    >>> path(0.2).certificate.relative_gap < 1e-9
    True

    Source: geomnn theory, section 4; A. Mishkin, M. Pilanci, arXiv 2306.00119.
    """

    problem: Problem = field(repr=False)
    dictionary: WedgeDictionary = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    tol: float = field(repr=False)

    @property
    def kinks(self) -> np.ndarray:
        """Every reg at which a neuron is born or dies, falling from reg_max, shape (m,)."""
        return self._ends[:-1]

    @property
    def _ends(self) -> np.ndarray:
        """Where the pieces begin, and where the last one ends."""
        return np.array([piece.reg for piece in self.pieces])

    @property
    def reg_max(self) -> float:
        """From here on the network is a constant."""
        return self.pieces[0].reg

    @property
    def reg_min(self) -> float:
        """Where the path ends."""
        return self.pieces[-1].reg

    @property
    def neurons(self) -> np.ndarray:
        """Number of neurons below each kink, shape (m,)."""
        return np.array([len(piece.units) for piece in self.pieces[:-1]], dtype=int)

    def __len__(self) -> int:
        return len(self.pieces) - 1

    def __repr__(self) -> str:
        kinks = "1 kink" if len(self) == 1 else f"{len(self)} kinks"
        return f"Path({kinks}, reg {self.reg_max:g} to {self.reg_min:g}, up to {self.neurons.max(initial=0)} neurons)"

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
        units, z, t = self._at(reg)
        problem = replace(self.problem, reg=float(reg))
        samples, kept = problem.samples, np.abs(z) > 1e-14 * np.abs(z).sum()
        units, z, intercept = units[kept], z[kept, None], np.array([t])
        features = samples.features(units)
        v = problem.dual_point(problem.residual(features @ z + intercept))
        maximum = self.dictionary.price(v, np.inf, 1).maximum
        primal, bound = problem.convex_objective(features, z, intercept), problem.dual_bound(v, maximum)
        close = primal - bound <= self.tol * abs(primal)
        if not len(units):
            warn_constant(problem, self.dictionary)
        optimum = Optimum(units, z, intercept, v, maximum, primal, bound, close, "the path has drifted")
        return assemble(problem, self.dictionary, optimum, self.tol)

    def predict(self, X: Any, regs: Sequence[float] | np.ndarray) -> np.ndarray:
        """f(X) of the networks at several regs of the path, shape (number of regs, number of samples).

        Parameters
        ----------
        X : array_like, shape (k, d)
        regs : sequence of float
        """
        points = self.problem.samples.lift(real_table(X, "X"))
        networks = [self._at(reg) for reg in regs]
        return np.array([np.maximum(points @ units.T, 0.0) @ z + t for units, z, t in networks])

    def _at(self, reg: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Units, z and t."""
        if not self.reg_min * (1 - 1e-12) <= reg < np.inf:
            raise OptionError(
                f"reg={reg!r}; the path goes from {self.reg_max:g} down to {self.reg_min:g}: take a reg above its "
                "end, or a path with a smaller reg_min."
            )
        below = int(np.searchsorted(-self._ends, -reg, side="right"))
        piece = self.pieces[max(below - 1, 0)]
        z, t = piece.at(min(reg, self.reg_max))
        return (piece.units, z, t) if below else (piece.units[:0], z[:0], t)


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
        For the logistic loss, vector outputs and the exact program with p = 2, whose paths bend: use `grid`.
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.

    Source: geomnn theory, section 4.
    """
    problem = pose(X, y, 1.0 if reg_min is None else reg_min, norm, bias, loss)
    check_options(False, tol)
    if why := _bends(problem, dictionary):
        raise UnsupportedProblem(
            f"The path is piecewise affine for squared loss, one output and a fixed dictionary, but {why}: use gm.grid "
            "for solutions at given regs (or norm=1 or inf, or dictionary='wedge')."
        )
    atoms = find_dictionary(problem, dictionary)
    assert isinstance(atoms, WedgeDictionary)
    start = constant_correlation(problem, atoms)
    end = SHARE * start if reg_min is None else problem.reg
    if start <= end:
        constant = Piece(max(start, end), np.zeros((0, problem.samples.D)), np.zeros(0), np.zeros(0),
                         float(problem.constant()[0]), 0.0)  # fmt: skip
        return Path(problem, atoms, (constant,), float(tol))
    return Path(problem, atoms, tuple(follow(problem, atoms, start, end, progress)), float(tol))


def _bends(problem: Problem, dictionary: str | Dictionary) -> str:
    """Why the path is not piecewise affine; nothing if it is."""
    if not problem.loss.is_quadratic:
        return "the loss is logistic"
    if problem.outputs > 1:
        return f"y has {problem.outputs} columns"
    if isinstance(dictionary, Dictionary):
        fixed = isinstance(dictionary, WedgeDictionary) and not dictionary.atoms_move
        return (
            "" if fixed else f"a {type(dictionary).__name__} does not say which atom is the next to reach reg"
        )
    exact = dictionary in ("auto", "exact")
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
    problems = [pose(X, y, reg, norm, bias, loss) for reg in regs]
    check_options(False, tol)
    if not problems:
        return []
    atoms = find_dictionary(problems[0], dictionary)
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
        optima[k] = solve(problems[k], atoms, tol, progress, start)
        start = optima[k].units
    return [optima[k] for k in range(len(problems))]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Errors on samples that were left out, for each fold and each reg.

    Parameters
    ----------
    regs : ndarray, shape (m,)
    errors : ndarray, shape (folds, m)
        Mean over the samples left out of (f(x) − y)² (summed over outputs), or of log(1 + exp(−y f(x))) in nats.
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
        If the folds are not from 2 to the number of samples.
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
    n = problem.samples.n
    if not isinstance(folds, int | np.integer) or isinstance(folds, bool) or not 2 <= folds <= n:
        raise OptionError(f"folds={folds!r}; a number from 2 to {n}, the number of samples, was expected.")
    if regs is None:
        largest = constant_correlation(problem, find_dictionary(problem, dictionary)) or 1.0
        levels = np.geomspace(largest, SHARE * largest, 30)
    else:
        levels = np.array([pose(X, y, reg, norm, bias, loss).reg for reg in regs])
    # classes in equal shares, so that no fold is without one
    split = (KFold if problem.loss.is_quadratic else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    errors = Parallel(n_jobs=n_jobs)(
        delayed(_left_out)(problem, inside, outside, levels, dictionary, tol)
        for inside, outside in split.split(problem.samples.X, problem.targets[:, 0])
    )
    return CrossValidation(levels, np.array(errors))


def _left_out(
    problem: Problem, inside: np.ndarray, outside: np.ndarray, regs: np.ndarray, dictionary: str, tol: float
) -> np.ndarray:
    """Mean loss on the samples outside of networks derived from those inside, for each reg, shape (m,)."""
    X, y, samples = problem.samples.X, problem.targets, problem.samples
    least = pose(X[inside], y[inside], float(regs.min()), problem.norm, samples.bias, problem.loss.name)
    if _bends(problem, dictionary):
        problems = [replace(least, reg=float(reg)) for reg in regs]
        points = least.samples.lift(X[outside])
        predictions = np.array([
            np.maximum(points @ optimum.units.T, 0.0) @ optimum.coefficients + optimum.intercept
            for optimum in _downwards(problems, find_dictionary(least, dictionary), tol)
        ])  # fmt: skip
    else:
        along = path(
            X[inside], y[inside, 0], least.reg, problem.norm, samples.bias, dictionary=dictionary, tol=tol
        )
        predictions = along.predict(X[outside], regs)[..., None]
    scale = 2.0 if problem.loss.is_quadratic else 1.0  # (f − y)² is twice the loss
    return np.array([scale * problem.loss.value(f, y[outside]) / len(outside) for f in predictions])
