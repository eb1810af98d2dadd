"""All networks of a table as reg changes: the exact path, and a grid of solutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.derivation import solution_of
from geomnn.dictionaries import Choice, Dictionary, WedgeDictionary, choose
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.hypertext import Shown
from geomnn.optima.degrees import Degrees, degrees_below_kinks, masked_ints
from geomnn.programs.effort import Effort
from geomnn.programs.kinks import Piece, follow
from geomnn.programs.losses import Loss
from geomnn.programs.problem import Problem, check_reg, pose
from geomnn.programs.search import optimise
from geomnn.programs.solve import Optimum, constant_correlation
from geomnn.solution import Solution
from geomnn.validation import real_table

__all__ = ["Path", "grid", "path", "reg_max"]

SHARE = 1e-3  # of reg_max, down to which a path or a grid goes if nothing is said


@dataclass(frozen=True, eq=False)
class Path(Shown):
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
    effort : Effort
        With the tol to which the certificates are held.

    Examples
    --------
    >>> import geomnn as gm
    >>> path = gm.path([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0], reg_min=0.1)
    >>> path.kinks.round(6).tolist()
    [5.0, 1.666667, 0.333333]
    >>> path.degrees_of_freedom.tolist(), path.dimensions.tolist()
    ([2, 3, 3], [1, 1, 0])
    >>> path(0.2).certificate.relative_gap < 1e-9
    True

    Source: geomnn theory, section 4; A. Mishkin, M. Pilanci, arXiv 2306.00119.
    """

    problem: Problem = field(repr=False)
    dictionary: WedgeDictionary = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    reg_max: float
    reg_min: float
    effort: Effort = field(repr=False)

    @property
    def kinks(self) -> np.ndarray:
        """Every reg at which v bends, falling from reg_max, shape (m,): facts about the data, as v is unique.

        Kinks that are closer to each other than 1e-7 of their reg are one: rounding does not tell them apart. Where z
        is not unique, its neurons may change between two kinks as well, without a change of the outputs.
        """
        return np.array([piece.reg for piece in self.pieces if piece.bends])

    @property
    def neurons(self) -> np.ndarray:
        """Number of neurons below each kink, of the network that the path has there, shape (m,).

        Its activations are independent; other optimal networks may have fewer or more. Facts about the data are
        ``degrees_of_freedom`` and ``dimensions``.
        """
        return np.array([len(piece.units) for piece in self.pieces if piece.bends], dtype=int)

    @property
    def degrees_of_freedom(self) -> np.ma.MaskedArray:
        """div_y f(X) below each kink, the trace of df(X)/dy: the rank of the activations that optimal networks use and,
        with a bias, of a constant; ints of shape (m,), masked where rounding hides them.

        It is the same all the way to the next kink, and for all optimal networks. For almost all y it is the number of
        neurons of any of them that has independent activations, and with a bias one for the intercept. Where y is so
        special that div_y does not exist, as on tied or symmetric targets, it is the least of those close by.

        Source: geomnn theory, section 10; R. J. Tibshirani, J. Taylor, Annals of Statistics 40, 2012.
        """
        bias = int(self.problem.samples.bias)
        return masked_ints([None if each is None else each.rank + bias for each in self._degrees])

    @property
    def dimensions(self) -> np.ma.MaskedArray:
        """The dimension of the set of all optimal networks over the dictionary below each kink, 0 where there is one;
        ints of shape (m,), masked where rounding hides them.

        Source: geomnn theory, section 10.
        """
        return masked_ints([None if each is None else each.used - each.rank for each in self._degrees])

    @cached_property
    def _degrees(self) -> list[Degrees | None]:
        """What is so below each kink."""
        return degrees_below_kinks(self.problem, self.dictionary, self.pieces, self._optimum)

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
        return solution_of(self.problem.at(reg), self.dictionary, optimum, self.effort)

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
        return np.array([predictions(points, self._optimum(reg))[:, 0] for reg in several(regs)])

    def _optimum(self, reg: float) -> Optimum:
        """The optimum at a reg: what the path says, or a solve from there where rounding has bent the path."""
        units, z, t = self._at(reg)
        problem = self.problem.at(reg)
        activations = problem.samples.activations(units)
        size = np.abs(z) * np.linalg.norm(activations, axis=0)
        kept = size > 1e-14 * size.sum()
        units, z, activations, intercept = units[kept], z[kept, None], activations[:, kept], np.array([t])
        v = problem.dual_point(problem.residual(activations @ z + intercept))
        maximum = self.dictionary.price(v, np.inf, 1).maximum
        primal, bound = problem.convex_objective(activations, z, intercept), problem.dual_bound(v, maximum)
        if primal - bound <= self.effort.tol * abs(primal):
            return Optimum(units, z, intercept, v, maximum, primal, bound, True)
        return optimise(problem, self.dictionary, self.effort, units)

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


def reg_max(
    X: Any,
    y: Any = None,
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    dictionary: str | Dictionary = "auto",
    time_limit: float | None = None,
) -> float:
    """The smallest reg whose optimal network is a constant: max_u |Σ_i v_i (x̃_i·u)_+| at the best constant.

    With atoms that are searched (dictionary="local", or "auto" where there are too many) it is the largest that was
    found.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary
        As in `derive`.
    time_limit : float, optional
        Seconds, after which a search ends with the largest that it has found.

    Returns
    -------
    float

    Raises
    ------
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.
    UnsupportedProblem
        For polyhedral losses, whose best constant has many residuals: the correlation of one of them does not
        determine this reg.

    Examples
    --------
    >>> import geomnn as gm
    >>> gm.reg_max([[0.0], [1.0], [2.0]], [0.0, 0.0, 3.0])
    3.0

    Source: geomnn theory, section 0.
    """
    problem = pose(X, y, 1.0, norm, bias, loss)
    if problem.loss.is_polyhedral:
        raise UnsupportedProblem(
            f"reg_max is the correlation of the residual of the best constant, and for the {problem.loss.name} loss "
            "there are many residuals; derive networks at several regs, with gm.grid."
        )
    choice = choose(dictionary, problem.samples, problem.norm)
    with Effort(time_limit=time_limit).begun() as effort:
        atoms = choice.form(problem.samples, problem.norm, left=effort.deadline.left())
        return constant_correlation(problem, atoms.until(effort.deadline))


def predictions(points: np.ndarray, optimum: Optimum) -> np.ndarray:
    """f at points in centred homogeneous coordinates, shape (k, c)."""
    return np.maximum(points @ optimum.units.T, 0.0) @ optimum.coefficients + optimum.intercept


def several(regs: Any) -> list[float]:
    """Regs as a list of checked numbers."""
    if np.ndim(regs) != 1:
        raise OptionError(f"regs={regs!r}; a list of numbers above 0 was expected, such as [0.1, 0.01].")
    return [check_reg(reg) for reg in regs]


def path(
    X: Any,
    y: Any,
    reg_min: float | None = None,
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
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
        For logistic and softmax losses, vector outputs and all atoms with p = 2, whose paths bend: use
        `grid`.
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.

    Source: geomnn theory, section 4.
    """
    end = None if reg_min is None else check_reg(reg_min, "reg_min")
    problem, effort = pose(X, y, 1.0, norm, bias, loss), Effort(tol, progress=progress)
    choice = choose(dictionary, problem.samples, problem.norm)
    if why := bends(problem, choice):
        raise UnsupportedProblem(
            f"The path is piecewise affine for squared loss, one output and a fixed dictionary, but {why}: use gm.grid "
            "for solutions at given regs."
        )
    if choice.name == "auto":
        choice = choose("all", problem.samples, problem.norm)
    atoms = choice.form(problem.samples, problem.norm)
    assert isinstance(atoms, WedgeDictionary)
    with effort.begun() as begun:
        return replace(path_over(problem, atoms, end, begun), effort=effort)


def path_over(problem: Problem, dictionary: WedgeDictionary, end: float | None, effort: Effort) -> Path:
    """The path of a problem down to a reg, a thousandth of the largest if it is not given."""
    start = constant_correlation(problem, dictionary)
    if end is None:
        end = max(SHARE * start, 1e-100)
    pieces = follow(problem, dictionary, start, end, effort.deadline) if start > end else []
    return Path(problem, dictionary, tuple(pieces), start, end, effort)


def bends(problem: Problem, choice: Choice) -> str:
    """Why the path is not piecewise affine, with what else there is; nothing if it is."""
    if not problem.loss.is_quadratic:
        return f"the loss is {problem.loss.name}"
    if problem.outputs > 1:
        return f"y has {problem.outputs} columns"
    if choice.fixed and choice.program in ("all", "wedge"):
        return ""
    if choice.given is None and choice.name in ("auto", "all"):
        return "all atoms for norm=2 move with the residual (for norm=1 or inf, or with dictionary='wedge', none do)"
    name = f"dictionary={choice.name!r}" if choice.given is None else f"a {choice.name}"
    return f"{name} does not say which atom is the next to reach reg (a WedgeDictionary does)"


def grid(
    X: Any,
    y: Any,
    regs: Sequence[float],
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
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
    levels, effort = several(regs), Effort(tol, progress=progress)
    if not levels:
        return []
    problem = pose(X, y, 1.0, norm, bias, loss)
    atoms = choose(dictionary, problem.samples, problem.norm).form(problem.samples, problem.norm)
    problems = [problem.at(reg) for reg in levels]
    with effort.begun() as begun:
        optima = downwards(problems, atoms, begun)
    found = [optimum for optimum in optima if optimum is not None]  # all of them, as there is no time limit
    return [solution_of(p, atoms, optimum, effort) for p, optimum in zip(problems, found, strict=True)]


def downwards(problems: Sequence[Problem], atoms: Dictionary, effort: Effort) -> list[Optimum | None]:
    """Optima of problems that differ in reg, solved from the largest reg to the smallest, in the order given, each in
    its share of the time; None for those after the first for which no time was left."""
    optima: dict[int, Optimum] = {}
    start, order = (
        np.zeros((0, problems[0].samples.D)),
        sorted(range(len(problems)), key=lambda k: -problems[k].reg),
    )
    for place, k in enumerate(order):
        if optima and effort.deadline.over():
            break
        optima[k] = optimise(problems[k], atoms, effort.part(1 / (len(order) - place)), start)
        start = optima[k].units
    return [optima.get(k) for k in range(len(problems))]
