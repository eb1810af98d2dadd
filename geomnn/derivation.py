"""From samples to a certified network: the way the data goes, in one function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse

from geomnn.bounds.base import Bound
from geomnn.bounds.bounding import bounded, globally, with_end
from geomnn.bounds.choice import choose_bounds
from geomnn.bounds.proving import Proven, close
from geomnn.deadline import Line, OutOfTime
from geomnn.depth.lifting import Lifting, check_depth, lift
from geomnn.dictionaries import Choice, Dictionary, choose
from geomnn.dictionaries.canonical import name_error
from geomnn.errors import ConvergenceWarning, warn
from geomnn.exact.optimum import ExactOptimum, ExactProblem, check_exact, find_optimum, pose_exactly
from geomnn.machine import one_blas_thread
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.networks.starting import beginning
from geomnn.norms import ball
from geomnn.programs.certificate import LOOSE_NAMES, Certificate, warn_of_gap
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import USUAL, Effort
from geomnn.programs.losses import Loss, find_loss
from geomnn.programs.problem import Problem, pose
from geomnn.programs.search import optimise
from geomnn.programs.solve import STOPPED, Optimum, warn_constant
from geomnn.robust.training import Moves, asked_moves, robust_optimum
from geomnn.rows import Rows
from geomnn.solution import Lifted, Solution
from geomnn.validation import check_flag

__all__ = ["derive"]

USUAL_ATOMS = (
    "dictionary='auto'",
    "dictionary='all'",
)  # which robust training may be given, as it forms its own
UNNAMED = 0.95  # part of the time for all but names
STREAMED = (
    2**24
)  # entries of a table in float32 from which on it is read by rows, as copies in float64 are large


def derive(
    X: Any,
    y: Any = None,
    reg: float = 0.1,
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    dictionary: str | Dictionary = "auto",
    exact: bool = False,
    certify: str | None = None,
    depth: int = 2,
    tol: float = 1e-9,
    time_limit: float | None = None,
    seed: int = 0,
    progress: bool | Line | None = False,
    robust: str | None = None,
    eps: float | None = None,
    ball: float = np.inf,
) -> Solution:
    """A globally optimal two-layer ReLU network in closed form, with its certificate; the best found, of a search.

    minimise over every width and all weights  L(f(X), y) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²).

    Parameters
    ----------
    X : array_like, shape (n, d), or Rows
        Samples, one a row; large tables by `Rows`, for p = 2.
    y : array_like, shape (n,) or (n, c)
        Targets, unless `Rows` have them; -1 and +1 for the logistic and the hinge loss, one-hot rows for softmax.
    reg : float, Fraction, Decimal or SymPy Rational
        Weight of the penalty, above 0.
    norm : {1, 2, numpy.inf}
        p, the norm of the inner weights.
    bias : bool
        Whether neurons have biases and the network an intercept; neither is penalised.
    loss : {"squared", "logistic", "softmax", "hinge"} or Loss
        ½ Σ (f − y)², Σ log(1 + exp(−y f)), Σ (log Σ_o exp(f_o) − y·f), Σ (1 − y f)_+, or one of your own.
    dictionary : {"auto", "all", "wedge", "sampled", "local", "chains"} or Dictionary
        "all": all atoms of the training problem, so that the certificate is global.
        "wedge": the paper's program, over wedges of samples alone.
        "sampled": 1,000 wedges of random samples; the certificate covers these (a `SampledDictionary` of your own can
        draw more, and sketch the features).
        "local": atoms are searched, from random starts or, of large tables for p = 2, from a wide one; the certificate
        says what was found and proves nothing more.
        "chains": sums of networks of one neuron a layer, for one feature and ``depth`` 2 to 4; the certificate covers
        all of these.
        "auto": "all" where that takes no longer than a minute by an estimate, or than ``time_limit``, else "local".
    exact : bool
        Whether to finish in rational arithmetic: the optimum itself, with the gap 0, and of several the one with as
        much as there can be of the atom that is the first by name, then of the second, …. Numbers are taken as they are
        written: Fractions, Decimals and SymPy rationals exactly, floats as their shortest decimal (0.1 is 1/10).
        For squared loss, scalar outputs and dictionaries of wedges: norm 1 and inf, and norm 2 with "wedge"; chains.
    tol : float
        Relative duality gap, gap ≤ tol·|primal|.
    seed : int
        Of the wedges that are drawn, and of the starts of a local search.
    progress : bool or Line, optional
        Whether to show on stderr what goes on, when it takes more than two seconds: one line, gone at the end.
    depth : int
        Layers of weights: 2 for one hidden layer. From 3 on the network is one of parallel branches, penalised by
        reg times the sum over its paths of the products of |weights| (norm 1), and X has few samples.
    certify : {None, "auto", "transport", "stars", "cells", "semidefinite", "milp"}
        How every unit neuron is bounded after a search, so that its certificate is global and says by how much the best
        network of any width may be better; "auto" takes what is made for such a table. Where the certificate is one of
        the dictionary, a bound that is named stands beside it.
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
    robust : {None, "exact", "sum", "noflip"}
        Train against all that samples may do within ``eps``, by one of three convex programs, whose value is then the
        objective: "exact", the loss at the worst point of each ball; "sum", with each neuron
        at its own worst point, an upper bound of that; "noflip", of networks that bend nowhere near a sample, another.
        The atoms are wedges of moved samples, named x3 + (0.1, -0.1). None: "exact" for one and two
        features, else "sum".
    eps : float, optional
        By how much each sample may move.
    ball : {inf, 1, 2}
        r of ‖δ‖_r ≤ eps: by default each feature may move by eps.

    Returns
    -------
    Solution

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If the input cannot be used; the message says why and what to do.
    EnumerationTooLarge
        If the dictionary has too many atoms to examine each in the given time.

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
    >>> solution.certificate.coverage.scope, solution.certificate.relative_gap < 1e-9
    ('global', True)
    >>> gm.derive([[0], [1], [3]], [0, 1, 5], reg=0.1, exact=True).objective
    Fraction(79, 400)

    Source: geomnn theory, sections 0 to 5; M. Pilanci, arXiv 2309.16512.
    """
    plain = depth == 2 and certify is None and exact is False and robust is None
    if plain and isinstance(dictionary, str) and dictionary in ("auto", "local"):
        X, y = _in_memory_or_streamed(X, y, norm, loss)
    problem, effort = pose(X, y, reg, norm, bias, loss), Effort(tol, seed, progress, time_limit)
    named = f"dictionary={dictionary!r}" if isinstance(dictionary, str) else "a dictionary of your own"
    others = {"exact=True": exact is True, f"certify={certify!r}": certify is not None,
              f"depth={depth!r}": depth != 2, named: named not in USUAL_ATOMS}  # fmt: skip
    moves = asked_moves(problem, robust, eps, ball, others)
    if moves is not None:
        return robustly(problem, moves, effort)
    choice = beginning(choose(dictionary, problem.samples, problem.norm), problem, depth, certify, exact)
    check_depth(depth, problem, choice)
    deeper = f"depth={depth}" if depth > 2 and certify == "auto" else ""
    bounds = choose_bounds(
        certify, problem, time_limit, "dictionary='chains'" if choice.program == "chains" else deeper
    )
    if check_flag("exact", exact):
        check_exact(problem, choice)
    # for hidden layers below, bounds of any depth are about the problem itself, others about that over all features
    inner = tuple(bound for bound in bounds if depth == 2 or not bound.any_depth)
    whole = {"exact=True": exact, f"certify={certify!r}": inner, "dictionary='all'": choice.name == "all"}
    needed = next((option for option, asked in whole.items() if asked), "")
    with effort.begun() as effort:
        lifting = lift(problem, depth, choice, effort, exact, needed)
        solution = run(lifting.problem, lifting.choice, effort, exact, inner, lifting.start)
        return bounded(put_back(lifting, solution), problem, certify, effort)


def _in_memory_or_streamed(X: Any, y: Any, norm: Any, loss: Any) -> tuple[Any, Any]:
    """A table and its targets: as `Rows` a large array, tensor or data frame in float32, where a search by sums is all
    that is made of it, and as an array `Rows` of one feature, where all atoms can be looked at."""
    if isinstance(X, Rows):
        return (np.asarray(X), X.targets if y is None else y) if X.shape[1] == 1 else (X, y)
    shape: tuple[int, ...] = getattr(X, "shape", ())
    kinds = getattr(X, "dtypes", [getattr(X, "dtype", "")])
    single = {str(kind).removeprefix("torch.") for kind in kinds} == {"float32"}
    large = len(shape) == 2 and shape[0] * shape[1] >= STREAMED and single and not issparse(X)
    wide = large and shape[1] > 2 and ball(norm).p == 2 and not find_loss(loss).is_polyhedral
    return Rows(X) if wide else X, y


def robustly(problem: Problem, moves: Moves, effort: Effort) -> Solution:
    """The solution of a robust program.

    Parameters
    ----------
    problem : Problem
    moves : Moves
    effort : Effort
    """
    with effort.begun() as effort:
        found = robust_optimum(problem, moves, effort)
        return Solution(found.network, found.certificate, found.dual, problem, moves=moves)


def run(
    problem: Problem,
    choice: Choice,
    effort: Effort = USUAL,
    exact: bool = False,
    bounds: Sequence[type[Bound]] = (),
    start: np.ndarray | None = None,
) -> Solution:
    """Form the dictionary, optimise over it, bound, name: the one way from a problem to its solution.

    Parameters
    ----------
    problem : Problem
    choice : Choice
    effort : Effort
    exact : bool
        As in `derive`, and checked.
    bounds : sequence of types of Bound
        Of all unit neurons, where the dictionary is searched.
    start : ndarray, shape (k, D), optional
        Units to begin with.
    """
    posed = pose_exactly(problem, choice.program) if exact else None
    left = effort.deadline.left()
    if exact and choice.name == "auto":
        choice = choose("all", problem.samples, problem.norm)
    effort.deadline.say("forming the neurons that compete")
    atoms = choice.form(problem.samples, problem.norm, effort.seed, effort.affordable, left)
    unnamed, proven = effort.part(UNNAMED), None
    if bounds and atoms.scope == "local":
        with with_end(unnamed) as ended:
            optimum, proven = close(problem, atoms, bounds, ended)
    else:
        optimum = optimise(problem, atoms, unnamed, start)
    if posed is not None:
        try:
            effort.deadline.check()
            effort.deadline.say("solving in fractions")
            return _exact_solution(
                problem, atoms, posed, find_optimum(posed, atoms, optimum, effort.deadline)
            )
        except OutOfTime:
            warn(
                "Time ran out before the optimum was found in rational arithmetic: this network and its "
                "certificate are in float64. Allow more (time_limit=), or use fewer samples or features.",
                ConvergenceWarning,
            )
    return solution_of(problem, atoms, optimum, effort, proven)


def solution_of(
    problem: Problem,
    dictionary: Dictionary,
    optimum: Optimum,
    effort: Effort,
    proven: Proven | None = None,
) -> Solution:
    """The network of an optimum in closed form, with its certificate and what there is to warn of.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    optimum : Optimum
    effort : Effort
    proven : Proven, optional
    """
    if not len(optimum.units) and optimum.converged and optimum.ended != STOPPED:
        warn_constant(problem, dictionary.until(effort.deadline))
    effort.deadline.say(f"naming {len(optimum.units):,} neurons")
    with one_blas_thread():  # in many small systems
        atoms = [dictionary.name(unit, optimum.dual) for unit in optimum.units]
        errors = np.array([name_error(problem.samples, atom, optimum.dual) for atom in atoms])
    one = problem.one_column
    rounding = 4 * np.finfo(float).eps * np.abs(problem.targets).max()
    intercept = problem.loss.canonical(optimum.intercept)
    intercept = np.where(np.abs(intercept) <= rounding, 0.0, intercept)
    order = sorted(range(len(atoms)), key=lambda j: (*atoms[j].place, *atoms[j].weight.tolist()))
    network = AnalyticNetwork.from_atoms(
        [atoms[j] for j in order],
        optimum.coefficients[order, 0] if one else optimum.coefficients[order],
        float(intercept[0]) if one else intercept,
        problem.samples.d,
        problem.norm,
        problem.samples.bias,
        feature_names=problem.samples.names,
    )
    certificate = Certificate(
        problem.training_objective(*network.arrays()),
        max(optimum.bound, 0.0),  # which v = 0 proves
        optimum.maximum / problem.reg,
        Coverage(dictionary.scope, dictionary.program, method=dictionary.method),
        dictionary.count,
        stopped=optimum.ended == STOPPED,
        name_error=float(errors.max(initial=0.0)),
        named=float(np.mean(errors <= LOOSE_NAMES)) if atoms else 1.0,
    )
    certificate = certificate if proven is None else globally(certificate, proven)
    warn_of_gap(certificate, optimum.ended, effort)
    dual = optimum.dual[:, 0] if one else optimum.dual
    return Solution(network, certificate, dual, problem, dictionary=dictionary)


def _exact_solution(
    problem: Problem, dictionary: Dictionary, posed: ExactProblem, optimum: ExactOptimum
) -> Solution:
    neurons = [ExactNeuron(atom, z) for atom, z in zip(optimum.atoms, optimum.coefficients, strict=True)]
    samples, covered = problem.samples, Coverage(dictionary.scope, dictionary.program)
    network = AnalyticNetwork(
        neurons, optimum.intercept, samples.d, problem.norm, samples.bias, feature_names=samples.names
    )
    certificate = Certificate(
        optimum.primal, optimum.bound, optimum.largest_correlation, covered, posed.planes.count, exact=True
    )
    if not neurons:
        warn_constant(problem, dictionary)
    return Solution(network, certificate, optimum.dual, problem, posed, dictionary=dictionary)


def put_back(lifting: Lifting, solution: Solution) -> Solution:
    """The solution of a lifted problem, as one of that which was posed."""
    if not lifting.layers:
        return solution
    certificate = replace(
        solution.certificate,
        coverage=replace(solution.certificate.coverage, depth=lifting.depth),
        stopped=solution.certificate.stopped or lifting.cut,
    )
    lifted = Lifted(solution.network, lifting.samples)
    return replace(solution, network=lifting.on_top(solution.network), certificate=certificate, lifted=lifted)
