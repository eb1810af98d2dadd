"""From samples to a certified network: the way the data goes, in one function."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.atoms import name_error
from geomnn.deadline import Deadline, OutOfTime, limited
from geomnn.depth.chains import chain_layers
from geomnn.depth.enumerated import SECONDS, all_layers
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import named_units, renamed
from geomnn.depth.searched import search_layers
from geomnn.dictionaries import AFFORDABLE, BranchingDictionary, ChainDictionary, Dictionary, find_dictionary
from geomnn.errors import (
    ConstantNetworkWarning,
    ConvergenceWarning,
    EnumerationTooLarge,
    OptionError,
    UnsupportedProblem,
)
from geomnn.exact.optimum import ExactOptimum, ExactProblem, find_optimum, pose_exactly
from geomnn.machine import one_blas_thread
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.networks.writing.expressions import Html
from geomnn.optima.active import exactly_active, nearly_active
from geomnn.optima.uniqueness import is_unique
from geomnn.programs.certificate import Certificate
from geomnn.programs.problem import Problem, pose
from geomnn.programs.search import certified, optimise
from geomnn.programs.solve import STOPPED, Optimum
from geomnn.samples import check_integer

__all__ = ["Solution", "derive", "reg_max"]

UNNAMED = 0.95  # part of the time for all but names
FAR_OFF = 1.1  # |correlation|/reg from which on a search says that its network is not optimal
QUICKLY = 20.0  # seconds that the pruning of features may take where they can be searched instead
BRANCHED = 1e-5  # relative gap that a branch and bound in float64 comes to when it has ended


@dataclass(frozen=True, eq=False)
class Lifted:
    """A network of one hidden layer over features, as which a deep one was found.

    Parameters
    ----------
    network : AnalyticNetwork
        Over all features of the last hidden layer below, its atoms named as if they were samples.
    X : array_like, shape (n, d)
        The samples of the deep network.
    """

    network: AnalyticNetwork
    X: Any


@dataclass(frozen=True, eq=False)
class Solution:
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
    """

    network: AnalyticNetwork
    certificate: Certificate
    dual: np.ndarray
    problem: Problem
    exact: ExactProblem | None = None
    lifted: Lifted | None = None
    dictionary: Dictionary | None = field(default=None, repr=False)

    @property
    def objective(self) -> Any:
        """The value of (T), which is that of (C); a Fraction (p = 2: a SymPy number) if it is exact."""
        return self.certificate.primal

    @cached_property
    def unique(self) -> bool | None:
        """Whether it is the only optimum of the program that the certificate names, up to the order of neurons and to
        copies of them; None where that is undecided: after a search, where time was over, or where rounding hides it.

        False where another network over the dictionary is as good. True where there is none and, if all unit neurons
        compete, no two neurons merge and none is active on all samples. Proved in integers if the solution is exact.

        Examples
        --------
        >>> import geomnn as gm
        >>> gm.derive([[0], [1], [3]], [0, 1, 0], reg=0.1, exact=True).unique
        True
        >>> gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True).unique
        False
        """
        certificate, dictionary = self.certificate, self.dictionary
        undecided = certificate.stopped or certificate.scope == "local"
        if dictionary is None or undecided or isinstance(dictionary, BranchingDictionary):
            return None
        atoms = [neuron.atom for neuron in (self.lifted or self).network.neurons]
        if self.exact is not None:
            found = [exactly_active(self.exact, atoms, self.dual)]
        else:
            found = nearly_active(self.problem, dictionary, atoms, self.dual)
        return is_unique(
            found, self.problem.samples.bias, certificate.scope == "global", certificate.depth == 2
        )

    def __str__(self) -> str:
        return f"{self.network}\n{self.certificate.statement()}"

    def __repr__(self) -> str:
        return f"Solution({self.network!r}, {self.certificate!r})"

    def show(self, form: str = "auto", terms: int = 8, rows: int = 20) -> Html:
        """The closed form, its neurons and the certificate, for a notebook.

        Parameters
        ----------
        form : {"auto", "exact", "numeric"}
            How the numbers of an exact network are shown: "exact" in full, "numeric" as decimals, "auto" in full where
            they are short and otherwise as decimals with dots behind them.
        terms, rows : int
            How many neurons the formula and the table show, the largest ones.
        """
        return Html(self.network.to_html(form, terms, rows) + self.certificate._repr_html_())

    def _repr_html_(self) -> str:
        return self.show()._repr_html_()


def derive(
    X: Any,
    y: Any,
    reg: float = 0.1,
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
    dictionary: str | Dictionary = "auto",
    exact: bool = False,
    tol: float = 1e-9,
    seed: int = 0,
    progress: bool = False,
    certify: str | None = None,
    time_limit: float | None = None,
    depth: int = 2,
) -> Solution:
    """A globally optimal two-layer ReLU network in closed form, with its certificate; the best found, of a search.

    minimise over every width and all weights  L(f(X), y) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²).

    Parameters
    ----------
    X : array_like, shape (n, d)
        Samples, one a row.
    y : array_like, shape (n,) or (n, c)
        Targets; -1 and +1 for the logistic loss, one-hot rows for softmax.
    reg : float, Fraction, Decimal or SymPy Rational
        Weight of the penalty, above 0.
    norm : {1, 2, numpy.inf}
        p, the norm of the inner weights.
    bias : bool
        Whether neurons have biases and the network an intercept; neither is penalised.
    loss : {"squared", "logistic", "softmax"}
        ½ Σ (f − y)², Σ log(1 + exp(−y f)), or Σ (log Σ_o exp(f_o) − y·f).
    dictionary : {"auto", "exact", "wedge", "sampled", "local", "chains"} or Dictionary
        "exact": all atoms of the training problem, so that the certificate is global.
        "wedge": the paper's program, over wedges of samples alone.
        "sampled": 1,000 wedges of random samples; the certificate covers these (a `SampledDictionary` of your own can
        draw more, and sketch the features).
        "local": atoms are searched, from random starts; the certificate says what was found and proves nothing more.
        "chains": sums of networks of one neuron a layer, for one feature and ``depth`` 2 to 4; the certificate covers
        all of these.
        "auto": "exact" where that takes no longer than a minute by an estimate, or than ``time_limit``, else "local".
    exact : bool
        Whether to finish in rational arithmetic: the optimum itself, with the gap 0. Numbers are taken as they are
        written: Fractions, Decimals and SymPy rationals exactly, floats as their shortest decimal (0.1 is 1/10).
        For squared loss, scalar outputs and dictionaries of wedges: norm 1 and inf, and norm 2 with "wedge"; chains.
    tol : float
        Relative duality gap, gap ≤ tol·|primal|.
    seed : int
        Of the wedges that are drawn, and of the starts of a local search.
    progress : bool
        Whether to show a progress bar when it takes more than two seconds.
    depth : int
        Layers of weights: 2 for one hidden layer. From 3 on the network is one of parallel branches, penalised by
        reg times the sum over its paths of the products of |weights| (norm 1), and X has few samples.
    certify : {None, "milp"}
        "milp": after a local search, bound every unit neuron by branch and bound (SciPy's HiGHS, in float64): the
        certificate is global then. For norm 1 and inf, scalar outputs and few samples.
    time_limit : float, optional
        Seconds for all of the call, held to about two or a tenth of them, whichever is more, but for those in which
        functions are compiled, once on a machine (``progress`` says when). What was found by then comes back, perhaps
        no more than a constant, with what is known of it: ``certificate.stopped``, the bound and the gap that were
        reached or, of a search, the largest correlation that it came across. Which network that is depends on the speed
        of the machine. With ``exact`` it is one in float64, as an optimum in rational numbers has no half.
        Without it the search goes on until rounds bring hardly anything, which takes minutes where features differ much
        in scale, where hidden layers are searched too, or where reg is
        a small part of `reg_max`. With ``certify`` it is the time of the search and the bound together, 60 if not
        given.

    Returns
    -------
    Solution

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If the input cannot be used; the message says why and what to do.
    EnumerationTooLarge
        If the dictionary has too many atoms to look at each, in the time that there is.

    Warns
    -----
    ConstantNetworkWarning
        If reg is at least `reg_max`.
    ConvergenceWarning
        If the gap is not within ``tol``; the message says why and the certificate states the gap. If time was over
        before an exact optimum was found.

    Examples
    --------
    >>> import geomnn as gm
    >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05)
    >>> solution.certificate.scope, solution.certificate.relative_gap < 1e-9
    ('global', True)
    >>> gm.derive([[0], [1], [3]], [0, 1, 5], reg=0.1, exact=True).objective
    Fraction(79, 400)

    Source: geomnn theory, sections 0 to 5; M. Pilanci, arXiv 2309.16512.
    """
    problem = pose(X, y, reg, norm, bias, loss)
    check_options(exact, tol)
    check_depth(depth, problem, dictionary)
    chains = isinstance(dictionary, str) and dictionary == "chains"
    limit = check_time_limit(time_limit)
    with limited(limit, progress) as deadline:
        layers, table, start, cut = _layers_below(problem, X, depth, dictionary, exact, tol, seed, deadline)
        searched = start is not None
        if searched and certify is not None:
            raise UnsupportedProblem(
                f"certify={certify!r} bounds the last hidden layer, and the features below it are too many and were "
                "searched: leave it out, or use fewer samples or features."
            )
        if layers:
            problem = pose(table, y, reg, norm, bias, loss)
        if chains:
            dictionary = ChainDictionary(problem.samples)
        posed = pose_exactly(table, y, reg, problem, dictionary) if exact else None
        if searched:
            dictionary = "local"
        listed = "exact" if exact and isinstance(dictionary, str) and dictionary == "auto" else dictionary
        left = deadline.left()
        atoms = find_dictionary(problem.samples, problem.norm, listed, seed, min(AFFORDABLE, left), left)
        check_certify(certify, problem, atoms)
        unnamed = deadline.part(UNNAMED)
        if certify is not None and atoms.scope == "local":
            unnamed = Deadline.after(AFFORDABLE) if time_limit is None else unnamed
            atoms, optimum = certified(problem, atoms, float(tol), progress, unnamed)
        else:
            optimum = optimise(problem, atoms, float(tol), progress, start, unnamed)
            optimum = replace(optimum, ended=STOPPED) if cut else optimum
        if posed is not None:
            try:
                deadline.check()
                found = find_optimum(posed, atoms, optimum, deadline)
                return on_top(_finish_exactly(problem, atoms, posed, found), layers, table, X)
            except OutOfTime:
                warn_inexact()
        if not len(optimum.units) and optimum.converged and optimum.ended != STOPPED:
            warn_constant(problem, atoms.until(deadline))
        return on_top(assemble(problem, atoms, optimum, tol), layers, table, X)


def _layers_below(
    problem: Problem,
    X: Any,
    depth: int,
    dictionary: Any,
    exact: bool,
    tol: float,
    seed: int,
    deadline: Deadline,
) -> tuple[list[FeatureLayer], Any, np.ndarray | None, bool]:
    """The hidden layers below the last one and the table of their features: all of them where they are not too many.

    Where they were searched, also the units of the best network over them, and whether the time was over before.
    """
    if isinstance(dictionary, str) and dictionary == "chains":
        return (
            *chain_layers(X, depth - 2, problem.samples.bias, exact, min(SECONDS, deadline.left())),
            None,
            False,
        )
    asked = exact or (isinstance(dictionary, str) and dictionary == "exact")
    try:
        seconds, part = min(SECONDS if asked else QUICKLY, deadline.left() / 4), deadline.part(1 / 4)
        layers, table = all_layers(X, depth - 2, problem.samples.bias, exact, seconds, part)
        return layers, table, None, False
    except EnumerationTooLarge:
        if asked:
            raise
    seed = check_integer("seed", seed, 0)
    units, start, cut = search_layers(problem, depth - 2, float(tol), seed, deadline.part(1 / 2))
    return *named_units(units, problem.samples), start, cut


def on_top(solution: Solution, layers: list[FeatureLayer], table: Any, X: Any) -> Solution:
    """A solution over a table of features, as one over the columns below their layers."""
    if not layers:
        return solution
    depth = 2 + len(layers)
    network = solution.network.with_atoms(
        [renamed(neuron.atom, table, depth - 1) for neuron in solution.network.neurons]
    )
    for k, layer in reversed(list(enumerate(layers))):
        network = network.over(layer, layers[k - 1].width if k else np.shape(X)[1])
    certificate, lifted = replace(solution.certificate, depth=depth), Lifted(solution.network, X)
    return replace(solution, network=network, certificate=certificate, lifted=lifted)


def reg_max(
    X: Any,
    y: Any,
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
    dictionary: str | Dictionary = "auto",
) -> float:
    """The smallest reg whose optimal network is a constant: max_u |Σ_i v_i (x̃_i·u)_+| at the best constant.

    With atoms that are searched (dictionary="local", or "auto" where there are too many) it is the largest that was
    found.

    Parameters
    ----------
    X, y, norm, bias, loss, dictionary
        As in `derive`.

    Returns
    -------
    float

    Raises
    ------
    DataError, OptionError, EnumerationTooLarge
        As `derive` does.

    Examples
    --------
    >>> import geomnn as gm
    >>> gm.reg_max([[0.0], [1.0], [2.0]], [0.0, 0.0, 3.0])
    3.0

    Source: geomnn theory, section 0.
    """
    problem = pose(X, y, 1.0, norm, bias, loss)
    return constant_correlation(problem, find_dictionary(problem.samples, problem.norm, dictionary))


def constant_correlation(problem: Problem, dictionary: Dictionary) -> float:
    """The largest correlation of an atom with the residual of the best constant network."""
    residual = problem.residual(np.broadcast_to(problem.constant(), problem.targets.shape))
    largest = dictionary.price(residual, np.inf, 1).maximum
    rounding = 1e-12 * np.abs(residual).sum() * np.abs(problem.samples.homogeneous).sum(axis=1).max()
    return largest if largest > rounding else 0.0


def check_options(exact: Any, tol: Any) -> None:
    if not isinstance(exact, bool | np.bool_):
        raise OptionError(f"exact={exact!r}; True or False was expected.")
    if not isinstance(tol, int | float | np.floating) or isinstance(tol, bool) or not 0 < tol < 1:
        raise OptionError(f"tol={tol!r}; a relative gap between 0 and 1 was expected, such as 1e-9.")


def check_certify(certify: Any, problem: Problem, dictionary: Dictionary) -> None:
    if certify is None:
        return
    if not isinstance(certify, str) or certify != "milp":
        raise OptionError(f"certify={certify!r}; None or 'milp' was expected.")
    if problem.norm == 2 or problem.outputs > 1:
        what = "norm=2" if problem.norm == 2 else f"{problem.outputs} outputs"
        raise UnsupportedProblem(
            f"certify='milp' is made for norm 1 and inf and one output, but there is {what}: leave it out, or use "
            "dictionary='exact' on few samples."
        )
    if dictionary.program != "exact":
        raise UnsupportedProblem(
            "certify='milp' bounds every unit neuron, and the dictionary holds wedges of samples alone: leave it out, "
            "or use dictionary='auto' or 'local'."
        )


def check_depth(depth: Any, problem: Problem, dictionary: str | Dictionary) -> None:
    check_integer("depth", depth, 2)
    if isinstance(dictionary, str) and dictionary == "chains":
        what = {
            f"{problem.samples.d} features": problem.samples.d > 1,
            "bias=False": not problem.samples.bias,
            f"norm={problem.norm:g}": problem.norm != 1,
            f"depth={depth}": depth > 4,
        }
        wrong = [name for name, holds in what.items() if holds]
        if wrong:
            raise UnsupportedProblem(
                "dictionary='chains' is for one feature, bias=True, norm=1 and depth 2, 3 or 4, and there is "
                f"{', '.join(wrong)}: take dictionary='auto'."
            )
        return
    if depth == 2:
        return
    if problem.norm != 1:
        raise UnsupportedProblem(
            f"depth={depth} is for norm=1, with which the training of parallel branches is convex, and "
            f"norm={problem.norm:g} was given."
        )
    if isinstance(dictionary, Dictionary) or dictionary not in ("auto", "exact", "local"):
        raise UnsupportedProblem(
            f"depth={depth} is for dictionary='auto', 'exact', 'local' or 'chains', and {dictionary!r} was given."
        )


def check_time_limit(seconds: Any) -> float:
    """Seconds, infinitely many for None, or an `OptionError`."""
    if seconds is None:
        return np.inf
    if (
        not isinstance(seconds, int | float | np.integer | np.floating)
        or isinstance(seconds, bool)
        or not seconds > 0
    ):
        raise OptionError(f"time_limit={seconds!r}; None or seconds above 0 were expected.")
    return float(seconds)


def assemble(
    problem: Problem, dictionary: Dictionary, optimum: Optimum, tol: float, far_off: float = FAR_OFF
) -> Solution:
    with one_blas_thread():  # in many small systems
        atoms = [dictionary.name(unit, optimum.dual) for unit in optimum.units]
        loose = max((name_error(problem.samples, atom, optimum.dual) for atom in atoms), default=0.0)
    one = problem.one_column
    rounding = 4 * np.finfo(float).eps * np.abs(problem.targets).max()
    intercept = problem.loss.canonical(optimum.intercept)
    intercept = np.where(np.abs(intercept) <= rounding, 0.0, intercept)
    order = sorted(range(len(atoms)), key=lambda j: _rank(atoms[j]))
    network = AnalyticNetwork.from_atoms(
        [atoms[j] for j in order],
        optimum.coefficients[order, 0] if one else optimum.coefficients[order],
        float(intercept[0]) if one else intercept,
        problem.samples.d,
        problem.norm,
        problem.samples.bias,
    )
    primal = problem.training_objective(*network.arrays())
    certificate = Certificate(
        primal,
        max(optimum.bound, 0.0),  # which v = 0 proves
        optimum.maximum / problem.reg,
        dictionary.scope,
        dictionary.program,
        dictionary.count,
        counted=dictionary.counted,
        stopped=optimum.ended == STOPPED,
        name_error=loose,
    )
    if isinstance(dictionary, BranchingDictionary):
        tol = max(tol, BRANCHED)
    reason = optimum.ended or "rounding keeps it from a better one"
    advice = "Centre and rescale the features, take a larger reg, or a larger tol."
    if reason == STOPPED:
        advice = "Allow more (time_limit=, rounds=), or take a larger reg."
    if dictionary.scope == "local":  # its gap is an estimate, and the search has ended
        if certificate.violation > far_off:
            warnings.warn(
                f"The search ended at a network which is not optimal, as it knows of an atom whose correlation is "
                f"{certificate.violation:.3g} times reg: {reason}. {advice}",
                ConvergenceWarning,
                stacklevel=3,
            )
    elif not abs(certificate.gap) <= tol * abs(primal):  # a negative gap is rounding, too
        warnings.warn(
            f"The relative duality gap is {certificate.relative_gap:.2g}, not within tol={tol:g}: {reason}. {advice}",
            ConvergenceWarning,
            stacklevel=3,
        )
    dual = optimum.dual[:, 0] if one else optimum.dual
    return Solution(network, certificate, dual, problem, dictionary=dictionary)


def _finish_exactly(
    problem: Problem, dictionary: Dictionary, posed: ExactProblem, optimum: ExactOptimum
) -> Solution:
    neurons = [ExactNeuron(atom, z) for atom, z in zip(optimum.atoms, optimum.coefficients, strict=True)]
    network = AnalyticNetwork(
        neurons, optimum.intercept, problem.samples.d, problem.norm, problem.samples.bias
    )
    certificate = Certificate(
        optimum.primal,
        optimum.bound,
        optimum.violation,
        dictionary.scope,
        dictionary.program,
        posed.planes.count,
        exact=True,
    )
    if not neurons:
        warn_constant(problem, dictionary)
    return Solution(network, certificate, optimum.dual, problem, posed, dictionary=dictionary)


def _rank(atom: Any) -> tuple:
    return (atom.samples, atom.directions, -atom.orientation, atom.active or (), *atom.weight.tolist())


def warn_inexact() -> None:
    warnings.warn(
        "The time was over before the optimum was found in rational arithmetic: this network and its certificate are "
        "in float64. Allow more (time_limit=), or use fewer samples or features.",
        ConvergenceWarning,
        stacklevel=3,
    )


def warn_constant(problem: Problem, dictionary: Dictionary) -> None:
    largest = constant_correlation(problem, dictionary)
    if largest == 0.0:
        why = "no atom of the dictionary is correlated with the residual of a constant"
    else:
        why = f"reg={problem.reg:g} is at least reg_max={largest:g}; take a smaller one"
    warnings.warn(f"The optimal network is a constant: {why}.", ConstantNetworkWarning, stacklevel=3)
