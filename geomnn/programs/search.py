"""Column generation where atoms are searched, and not all looked at: solve, slide, search, repeat.

For p = 2 the neurons of the first rounds slide, all together, while that brings much; walks from where they come to
lie end at named atoms.  From then on each round walks from random starts and from around the atoms in use, for atoms
that are missing, and from the atoms in use themselves: as they move with the residual, so do the walks.

What a search does not find it says nothing about.  So the bound here is an estimate, the dual value of v scaled by
the largest correlation that was found, and the certificate calls it local.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.dictionaries import Dictionary, LocalDictionary
from geomnn.machine import one_blas_thread
from geomnn.programs.effort import USUAL, Effort
from geomnn.programs.problem import Problem
from geomnn.programs.restricted.solvers import Restricted, restricted_solver
from geomnn.programs.slide import SLID_AWAY, slide
from geomnn.programs.solve import STOPPED, Optimum, solve, sparse, with_residual
from geomnn.programs.sparsify import independent_neurons
from geomnn.programs.wide import search_wide
from geomnn.samples import Samples

__all__ = ["optimise", "search"]

STILL_ROUNDS = 5  # rounds that bring hardly anything, after which it is taken to be the end
# relative to the value, the fall of a round that brings hardly anything, and the accuracy of a program that would take
# too long to solve to more; or tol, if that is larger. One of five rounds in a row may be unlucky, not all
HARDLY = 1e-5
KEPT = 5  # last networks that the end chooses from
# relative to the largest |v_i|, the difference up to which two residuals have the same atoms: naming moves atoms,
# and so v, by rounding, and walks anew are for a v that something else has moved
SAME_RESIDUAL = 1e-9
WORTH_A_ROUND = 1e-3  # rise of the estimated bound, relative to the value, that is worth a round
MUCH = 2e-3  # relative fall of the value in a round that is worth to slide on
ON = 10_000  # the most steps with which neurons slide on where no time is left for a round
ROOM = 2**25  # entries of the activations of all walks that are kept
LANDING_RISE = 1e-2  # relative rise of the value up to which walks make up for sliding
MANY = 150  # coefficients up to which a program that is no polyhedral projection is solved in each round
FEW_ATOMS = 100  # atoms that a round adds at most where the program over them is no polyhedral projection
AFTER = 2  # rounds whose time is kept, for the one that begins and for what comes after the last
FIRST = 2  # rounds that any time is enough for, if to begin with: of the first the second makes a network
SEARCHING = 0.85  # part of the time for rounds; of what is left up to here
LANDING = 0.95  # is for walks to named atoms, and the rest for the last network and its estimate
WALKING = 1 / 3  # part of what is left for the walks of a round
SLIDING = 1 / 2  # and for sliding
NEARLY = 0.95  # part of reg from which on a correlation may soon come up to it
# relative to reg, the excess up to which a search knows of nothing better: ten times FOUND, as atoms up to that are
# not looked for, and v is solved to tol
CLOSE = 1e-6
# relative to reg, the excess above which an atom counts as violated: what it can lower the value by is about the
# square of this part, which is rounding
FOUND = 1e-7


def search(
    problem: Problem, dictionary: Dictionary, effort: Effort = USUAL, start: np.ndarray | None = None
) -> Optimum:
    """Minimise (C) over the atoms that a dictionary finds: by `search_wide` where it begins with many neurons.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
        Of scope "local".
    effort : Effort
        Its tol is the relative accuracy of the program over the atoms in use, and the fall of the value below which a
        round counts as one that brought nothing. Walks, slides and solves stop where they are in parts of the time
        until the deadline; after the first two, a round begins only if, as long as those before it, it would end in
        time.
    start : ndarray, shape (k, D), optional
        Units to begin with.

    Source: geomnn theory, section 5.
    """
    if isinstance(dictionary, LocalDictionary) and dictionary.start != "walks":
        if not problem.loss.is_polyhedral:
            return search_wide(problem, dictionary, effort, start)
        dictionary = dictionary.walking()
    tol, deadline = float(effort.tol), effort.deadline
    landing = deadline.part(LANDING)
    searching = deadline.part(SEARCHING) if dictionary.atoms_move else landing
    restricted = restricted_solver(problem, tol / 10, searching)
    moving = dictionary.atoms_move and not problem.loss.is_polyhedral
    with one_blas_thread():
        run = _Run(problem, dictionary, tol, searching, effort.rounds)
        found = run.network(restricted, run.walked if start is None else start)
        slid = found.units[:0]
        if moving:
            found = run.slides(restricted, found)
            slid = found.units
        if run.solves(found):
            best = run.network(restricted, slid)
            if best.primal <= found.primal or not searching.over():
                found = run.rounds(restricted, best)
        if set(map(bytes, found.units)) & set(map(bytes, slid)):
            # what has slid ends at named atoms, and all walks that there were make up for what that costs; where they
            # do not, as when they were cut short, those that slid go on through the samples next to them
            walking = landing.part(WALKING)
            ends = dictionary.until(walking).follow(found.units, found.dual, 0.0, run.limit).units
            accuracy = tol / 10 if run.solves(found) else max(tol, HARDLY)
            restricted, landed = restricted_solver(problem, accuracy, landing), found
            if not walking.over():
                landed = run.network(restricted, np.concatenate([run.near(found), ends]))
            if landed is found or landed.primal > found.primal * (1 + LANDING_RISE):
                landed = run.through_samples(restricted, found, landing)
            found = run.rounds(restricted, landed) if run.solves(landed) else landed
        last = sparse(problem, found, moving, tol, deadline)
        return run.with_estimate(found, last, deadline)


def optimise(
    problem: Problem, dictionary: Dictionary, effort: Effort = USUAL, start: np.ndarray | None = None
) -> Optimum:
    """`search` where the atoms are searched, `solve` where all of them are looked at."""
    centred, mean = problem.centred()
    found = (search if dictionary.scope == "local" else solve)(centred, dictionary, effort, start)
    return replace(found, intercept=found.intercept + mean)


def _through_samples(samples: Samples, units: np.ndarray) -> np.ndarray:
    """Units with a bias, each through the sample that is next to its hyperplane."""
    if not samples.bias:
        return units
    nearest, weights = np.argmin(np.abs(samples.homogeneous @ units.T), axis=0), units[:, :-1]
    return np.column_stack([weights, -np.sum(weights * samples.homogeneous[nearest, :-1], axis=1)])


class _Run:
    """Rounds of one search. After each of its steps hold, for the network (u, z, t) that it gives,

        primal = L(Φz + t, y) + reg Σ_u ‖z_u‖_2                                       (C)
        v = −∂L/∂f at f = Φz + t for the best t (polyhedral losses: a multiplier), in the domain of D
        1ᵀv = 0 with a bias
        bound ≤ primal, and bound = D(v scaled by reg/maximum) after a walk
        maximum ≥ F(u) of every end of a walk for this v

    and the walks that are left and that were taken add up to the rounds that there were.

    Attributes
    ----------
    walked : ndarray, shape (m, D)
        Where walks have ended, the last ones: units, ‖w‖_p = 1.
    """

    def __init__(
        self,
        problem: Problem,
        dictionary: Dictionary,
        tol: float,
        deadline: Deadline,
        rounds: int,
    ):
        self._problem, self._dictionary, self._deadline = problem, dictionary, deadline
        self._left, self._walks, self._ended = rounds, 0, ""
        self._pace = Pace(deadline, AFTER)
        self._hardly, self._threshold = max(tol, HARDLY), problem.reg * (1 + FOUND)
        self.limit = 6 * problem.samples.n + 50
        self.walked = np.zeros((0, problem.samples.D))

    def network(self, restricted: Restricted, pool: np.ndarray) -> Optimum:
        """The network of the atoms in use together with a pool."""
        if len(pool):
            restricted.optimise(pool)
        found = with_residual(self._problem, restricted.units, restricted.coefficients, restricted.intercept)
        if self._problem.loss.is_polyhedral:  # v is no function of f
            found = replace(found, dual=self._problem.dual_point(restricted.dual))
        return found

    def _slid(self, restricted: Restricted, found: Optimum, pool: np.ndarray) -> Optimum:
        """The network with a pool, after sliding: solved before where that costs little, and else from a small step
        into each of the new atoms."""
        problem, units = self._problem, np.concatenate([found.units, pool])
        if problem.is_projection:
            restricted.optimise(units)
            network = restricted.units, restricted.coefficients, restricted.intercept
            return with_residual(
                self._problem, *slide(problem, *network, deadline=self._deadline.part(SLIDING))
            )
        activations = problem.samples.activations(pool)
        correlations = activations.T @ found.dual
        size = np.linalg.norm(correlations, axis=1, keepdims=True)
        steps = np.maximum(size - problem.reg, 0.0) / (len(pool) * np.sum(activations**2, axis=0)[:, None])
        z = np.concatenate([found.coefficients, steps * correlations / size])
        units, z, t = slide(problem, units, z, found.intercept, deadline=self._deadline.part(SLIDING))
        size = np.linalg.norm(z, axis=1)
        z = np.where((size > SLID_AWAY * size.max(initial=0.0))[:, None], z, 0.0)
        if len(z) > problem.targets.size:  # the outputs need no more neurons than that
            z, shift = independent_neurons(
                problem.samples.activations(units), z, problem.samples.bias, self._deadline
            )
            t = t + shift
        alive = z.any(axis=1)
        return with_residual(self._problem, units[alive], z[alive], t)

    def through_samples(self, restricted: Restricted, found: Optimum, deadline: Deadline) -> Optimum:
        """The network with each neuron through the sample next to its hyperplane, and the best of these neurons; as
        large as they were where no time is left to tell."""
        units = _through_samples(self._problem.samples, found.units)
        best = found if deadline.over() else self.network(restricted, units)
        if not deadline.over():
            return best
        kept = with_residual(self._problem, units, found.coefficients, found.intercept)
        return kept if best is found or kept.primal < best.primal else best

    def slides(self, restricted: Restricted, found: Optimum) -> Optimum:
        """After rounds of walks from random starts, each of them slid, as long as a round brings much."""
        falls = True
        while falls and not self._is_over():
            found, pool = self._walk(found, False)
            if not len(pool):
                break
            ahead = self._slid(restricted, found, pool)
            falls = ahead.primal < found.primal * (1 - MUCH)
            found = ahead if ahead.primal < found.primal else found
        if self._out_of_time() and len(found.units):
            # what is left is not enough for a round, but for some more steps
            network = found.units, found.coefficients, found.intercept
            ahead = with_residual(
                self._problem, *slide(self._problem, *network, ON, self._deadline.part(SLIDING))
            )
            found = ahead if ahead.primal < found.primal else found
        return found

    def solves(self, found: Optimum) -> bool:
        """Whether the program over the atoms in use is solved quickly enough to do it in each round."""
        few = min(found.coefficients.size, self._problem.targets.size) <= MANY
        return self._problem.is_projection or few

    def rounds(self, restricted: Restricted, found: Optimum) -> Optimum:
        """After rounds of walks, from random starts and from the atoms in use, until they bring hardly anything: of
        the last networks the one that has the smallest gap by all atoms that are known then. Where time ends them,
        what the last walks have found still goes in."""
        networks: list[Optimum] = []
        still, lowest, highest = 0, found.primal, -np.inf
        while still < STILL_ROUNDS and not self._is_over():
            if networks:
                found = self.network(restricted, self.near(found))
            found, pool = self._walk(found, True)
            networks = [*networks[1 - KEPT :], found]
            falls = found.primal <= lowest * (1 - self._hardly)
            still = 0 if falls or found.bound > highest + WORTH_A_ROUND * abs(lowest) else still + 1
            lowest, highest = min(lowest, found.primal), max(highest, found.bound)
            if not len(pool):
                break
        late = [self.network(restricted, self.near(found))] if networks and self._out_of_time() else []
        if self._deadline.over():
            return min(networks + late, key=lambda each: each.primal, default=found)
        searched = [self._estimated(each, each.maximum) for each in networks]
        searched += [replace(self._estimated(each, 0.0), maximum=0.0) for each in late]  # no walk was for it
        if late:  # far from the end the estimated gap says little
            lowest = min(each.primal for each in searched)
            searched = [each for each in searched if each.primal <= lowest * (1 + MUCH)]
        return min(searched, key=lambda each: each.primal - each.bound, default=found)

    def near(self, found: Optimum) -> np.ndarray:
        """Of all ends of walks those that are violated, or may soon be: all of them where that costs little."""
        values = np.linalg.norm(found.dual.T @ self._problem.samples.activations(self.walked), axis=0)
        if self._problem.is_projection:
            return self.walked[values > NEARLY * self._problem.reg]
        highest = np.argsort(-values, kind="stable")[:FEW_ATOMS]
        return self.walked[highest[values[highest] > self._threshold]]

    def _is_over(self) -> bool:
        """Whether no time is left for another round, or none are left."""
        late = self._pace.over() and self._walks >= FIRST
        over = late or self._left <= 0
        self._ended = STOPPED if over else ""
        return over

    def _out_of_time(self) -> bool:
        """Whether rounds have ended for the time, and what is left of it can be used."""
        return bool(self._ended) and self._deadline.left() < np.inf

    def _walk(self, found: Optimum, on: bool) -> tuple[Optimum, np.ndarray]:
        """The network with what was found for its residual, and the atoms that it lacks, and if ``on`` better ones
        than it has."""
        self._left -= 1
        self._walks += 1
        said = f", objective {found.primal:.6g}" if np.isfinite(found.primal) else ""
        self._deadline.say(f"searching for neurons: round {self._walks}{said}")
        walks = self._dictionary.until(self._deadline.part(WALKING))
        pricing = [walks.price(found.dual, self._threshold, self.limit)]
        if on:
            walks = self._dictionary.until(self._deadline.part(WALKING))
            pricing += [walks.follow(found.units, found.dual, self._threshold, self.limit)]
        maximum = max(each.maximum for each in pricing)
        pool = np.concatenate([each.units for each in pricing])
        self.walked = np.concatenate([self.walked, pool])[-(ROOM // self._problem.samples.n + 50) :]
        bound = self._problem.dual_bound(found.dual, maximum)
        return replace(found, maximum=maximum, bound=bound), pool

    def _estimated(self, found: Optimum, maximum: float) -> Optimum:
        """The network with the bound that the largest correlation found would be, by a search or by all before."""
        known = self._problem.samples.activations(np.concatenate([found.units, self.walked]))
        maximum = float(np.linalg.norm(found.dual.T @ known, axis=0).max(initial=maximum))
        return replace(found, maximum=maximum, bound=self._problem.dual_bound(found.dual, maximum))

    def with_estimate(self, found: Optimum, last: Optimum, deadline: Deadline) -> Optimum:
        """The last network, made of one that was found, with its residual and the estimate of its bound."""
        problem, dictionary = self._problem, self._dictionary.until(deadline)
        predictions = problem.samples.activations(last.units) @ last.coefficients + last.intercept
        v, maximum = problem.dual_point(problem.residual(predictions)), found.maximum
        v = found.dual if problem.loss.is_polyhedral else v
        if not maximum or np.abs(v - found.dual).max() > SAME_RESIDUAL * np.abs(v).max():
            walks = dictionary.price(v, np.inf, 1), dictionary.follow(last.units, v, np.inf, 1)
            maximum = max(each.maximum for each in walks)
        last = self._estimated(replace(last, dual=v), maximum)
        return replace(last, converged=last.maximum <= problem.reg * (1 + CLOSE), ended=self._ended)
