"""Search from a wide start (p = 2): slide once with many neurons, price, add what is missing, and name at the end.

    start     the gated network of some random gates over some rows, or another one          `gated`
    slide     all its neurons, in the precision of the work, and solve for their sizes       `slide`
    price     walks from random starts, for atoms that the network lacks                     `LocalDictionary.price`
    add       a small step into each of them, and slide again, while that brings much
    name      slide on flats in float64, until each neuron is the atom of its name           `flats`
    state     v, its largest correlation and the value, in float64

Each stage gives the better of what it was given and what it came to, by the value in float64: it never rises.  Nothing
here asks for more of the table than sums over its rows.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.dictionaries import LocalDictionary, Pricing
from geomnn.machine import one_blas_thread
from geomnn.programs.checkpoint import Stage, load_stage, save_stage
from geomnn.programs.effort import Effort
from geomnn.programs.flats import FIRST, LATER, slide_on_flats
from geomnn.programs.gated import gated_network, merged, random_units
from geomnn.programs.problem import Problem
from geomnn.programs.refine import products, refine
from geomnn.programs.restricted.solvers import with_best_sizes
from geomnn.programs.slide import SLID_AWAY, slide
from geomnn.programs.solve import STOPPED, Optimum, with_residual
from geomnn.rows import StreamedSamples, Sums
from geomnn.samples import Samples

__all__ = ["search_wide"]

# entries of X times gates: so many gates as this allows, between the two numbers, as more of them come to better
# networks where a step costs little; but no more than an eighth of the samples
GATED, FEWEST, MOST = 2**25, 25, 200
STEPS = 400  # of a slide
# rows that a start is made on, a quarter of them between the two numbers, and how far it slides on them
LEAST_ROWS, MOST_ROWS, FIRST_STEPS = 400, 2**15, 30
SEARCHING, NAMING = 0.7, 0.9  # part of the time for rounds; of what is left then for names
NEWTON = 10**11  # products of a Newton step, up to which it is a matter of some seconds
MAPS = 2**25  # numbers of the maps from unknowns to samples
HELD = 2**22  # numbers of a streamed table, up to which it is held in memory for Newton's method
MUCH = 1e-3  # relative fall of the value in a round that is worth another
STILL_ROUNDS = 2  # rounds in a row that bring less, after which it is the end
AGAIN, HIGHEST = (
    4,
    32,
)  # times as many walks for what is stated, and how many of the highest go on to named atoms
ENDED = "rounds brought hardly anything more"
# relative to reg, the excess above which an atom is missing: above what walks in float32 leave of a correlation
FOUND = 1e-4


def search_wide(
    problem: Problem, dictionary: LocalDictionary, effort: Effort, start: np.ndarray | None = None
) -> Optimum:
    """Minimise (C) over all unit neurons by stages that never raise it (p = 2).

    Parameters
    ----------
    problem : Problem
    dictionary : LocalDictionary
        Whose ``start`` is not "walks".
    effort : Effort
        Its rounds, or those of the dictionary if fewer, are the most in which neurons are added.
    start : ndarray, shape (k, D), optional
        Units to begin with, in the place of the start of the dictionary.

    Source: geomnn theory, section 5.
    """
    with one_blas_thread():
        return _Stages(problem, dictionary, effort).result(start)


class _Stages:
    """The stages of one search: each gives a network with its value and residual in float64."""

    def __init__(self, problem: Problem, dictionary: LocalDictionary, effort: Effort):
        self._problem, self._dictionary, self._deadline = problem, dictionary, effort.deadline
        self._searching = effort.deadline.part(SEARCHING)
        self._work, self._exact = dictionary.sums, dictionary.exact_sums
        self._rounds = min(effort.rounds, dictionary.rounds or effort.rounds)
        self._threshold, self._limit = problem.reg * (1 + FOUND), 6 * problem.samples.n + 50

    def result(self, start: np.ndarray | None) -> Optimum:
        """The last network, named, with what is known of it."""
        stored = (
            None
            if self._dictionary.checkpoint is None
            else load_stage(self._dictionary.checkpoint, self._problem)
        )
        if stored is None:
            found, done = self._begin(start), 0
            self._keep(found, done)
        else:
            found, done = self._network(*stored[:3]), stored.rounds
        found, ended = self._add(found, done)
        return self._stated(self._named(found), ended)

    def _slides(self, begun: Optimum, deadline: Deadline, sums: Sums) -> Optimum:
        """Where a network slides to, with the best sizes there."""
        units, z, t = slide(
            self._problem,
            begun.units,
            begun.coefficients,
            begun.intercept,
            STEPS,
            deadline,
            sums,
            memory=None,
        )
        return self._network(units, *with_best_sizes(self._problem, units, z, t, deadline))

    def _network(self, units: np.ndarray, z: np.ndarray, t: np.ndarray) -> Optimum:
        """A network without the neurons that have come to nothing, its best intercept and its residual."""
        size = np.linalg.norm(z, axis=1)
        alive = size > SLID_AWAY * size.max(initial=0.0)
        return with_residual(self._problem, units[alive], z[alive], t)

    def _begin(self, start: np.ndarray | None) -> Optimum:
        """The better of the start, slid, and a constant network."""
        problem, samples = self._problem, self._problem.samples
        constant = self._network(np.zeros((0, samples.D)), np.zeros((0, problem.outputs)), problem.constant())
        rng = np.random.default_rng(self._dictionary.seed)
        if start is not None and len(start):
            return self._with(constant, start)
        if self._dictionary.network is not None:
            return self._slid(constant, self._network(*self._dictionary.network))
        most = max(FEWEST, min(MOST, samples.n // 8))
        count = int(np.clip(GATED // (samples.n * samples.d), FEWEST, most))
        self._deadline.say(
            f"a start of {count} {'gates' if self._dictionary.start == 'gated' else 'random units'}"
        )
        units = random_units(samples, count, rng)
        if self._dictionary.start == "gated":
            return self._slid(constant, self._network(*self._gated(units, rng)))
        return self._slid(constant, self._stepped(constant, units))

    def _gated(
        self, gates: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A gated network that has slid a little, over some rows alone where there are many."""
        problem, deadline, n = self._problem, self._searching.part(0.5), self._problem.samples.n
        rows = np.sort(rng.choice(n, min(n, max(LEAST_ROWS, min(n // 4, MOST_ROWS))), replace=False))
        few = problem.of(rows)
        work = self._work.of(rows) if len(rows) < n else self._work
        begun = gated_network(few, work, gates, problem.constant(), deadline)
        return slide(few, *begun, FIRST_STEPS, deadline, work, memory=None)

    def _stepped(self, found: Optimum, pool: np.ndarray) -> Optimum:
        """A small step from a network into each of some units, along its correlation."""
        correlations, _ = self._exact.correlate(pool, found.dual)
        size = np.linalg.norm(correlations, axis=1, keepdims=True)
        squares = np.maximum(np.diag(self._exact.gram(pool, found.dual)[0]), 1e-300)[:, None]
        steps = np.maximum(size - self._problem.reg, 0.0) / (
            len(pool) * squares * np.max(self._problem.loss.s)
        )
        z = steps * correlations / np.where(size > 0, size, 1.0)
        return self._network(
            np.concatenate([found.units, pool]), np.concatenate([found.coefficients, z]), found.intercept
        )

    def _slid(self, found: Optimum, begun: Optimum) -> Optimum:
        """The best of a network, of one to slide from, and of where that slides."""
        best = min(found, begun, key=lambda each: each.primal)
        if not len(begun.units):
            return best
        return min(best, self._slides(begun, self._searching, self._work), key=lambda each: each.primal)

    def _with(self, found: Optimum, units: np.ndarray) -> Optimum:
        return self._slid(found, self._stepped(found, units))

    def _add(self, found: Optimum, done: int) -> tuple[Optimum, str]:
        """After rounds of walks, of which the network gets what it lacks, and why they ended."""
        pace, still = Pace(self._searching), 0
        while still < STILL_ROUNDS:
            if done >= self._rounds or pace.over():
                return found, STOPPED
            done += 1
            self._deadline.say(f"searching for neurons: round {done}, objective {found.primal:.6g}")
            pool = self._walks(self._searching, done).price(found.dual, self._threshold, self._limit).units
            if not len(pool):
                return found, ""
            ahead = self._with(found, pool)
            still = 0 if ahead.primal < found.primal * (1 - MUCH) else still + 1
            found = ahead
            self._keep(found, done)
        return found, ENDED

    def _walks(self, deadline: Deadline, stream: int) -> LocalDictionary:
        return self._dictionary.reseeded(stream).until(deadline)

    def _keep(self, found: Optimum, done: int) -> None:
        if self._dictionary.checkpoint is not None:
            stage = Stage(found.units, found.coefficients, found.intercept, done)
            save_stage(self._dictionary.checkpoint, self._problem, stage)

    def _named(self, found: Optimum) -> Optimum:
        """The network after sliding in float64, with those that slide side by side merged, and then on flats: with few
        members to begin with where many end above it."""
        naming = self._deadline.part(NAMING)
        if not len(found.units) or naming.over():
            return found
        self._deadline.say(f"naming {len(found.units):,} neurons, objective {found.primal:.6g}")
        found = min(self._merged(found, naming), found, key=lambda each: each.primal)
        for first in (FIRST, LATER):
            network = found.units, found.coefficients, found.intercept
            named = self._network(*slide_on_flats(self._problem, self._exact, *network, naming, first))
            if named.primal <= found.primal:
                return self._refined(named, naming)
        return self._refined(found, naming)

    def _refined(self, named: Optimum, naming: Deadline) -> Optimum:
        """The network with its last digits by Newton's method, where that is quick: names are as exact as v is."""
        problem, samples, z = self._problem, self._problem.samples, named.coefficients
        streamed = isinstance(samples, StreamedSamples)
        large = streamed and samples.n * samples.D > HELD
        maps = samples.n * z.shape[1] * named.units.size
        if large or maps > MAPS or products(problem, named.units, z) > NEWTON:
            return named
        units = named.units
        if streamed:
            held = Samples(np.asarray(samples.X), samples.bias)
            problem = problem.over(held)
            units = held.units_of(units[:, : samples.d], samples.biases_of(units))
        units, z, t = refine(problem, units, z, named.intercept, deadline=naming)
        if streamed:
            units = samples.units_of(units[:, : samples.d], held.biases_of(units))
        return min(self._network(units, z, t), named, key=lambda each: each.primal)

    def _merged(self, found: Optimum, naming: Deadline) -> Optimum:
        """The network that slides in float64 from one neuron for all that are nearly the same, or from all of them."""
        units, z = merged(self._problem.samples, found.units, found.coefficients)
        begun = replace(found, units=units, coefficients=z)
        return self._slides(begun, naming.part(1 / 3), self._exact)

    def _stated(self, found: Optimum, ended: str) -> Optimum:
        """The network with its largest correlation among its neurons, and walks from random starts and around them:
        many by sums, and the highest on to named atoms where the table is in memory."""
        self._deadline.say("looking for the largest correlation")
        walks, v = self._walks(self._deadline, 0), found.dual
        searched = [
            walks.price(v, 0.0, HIGHEST),
            *(walks.reseeded(k).price(v, 0.0, HIGHEST) for k in range(1, AGAIN)),
        ]
        if len(found.units):
            searched.append(walks.follow(found.units, v, 0.0, HIGHEST))
            own = np.linalg.norm(self._exact.correlate(found.units, v)[0], axis=1)
            searched.append(Pricing(float(own.max()), found.units[np.argsort(-own)[:HIGHEST]]))
        maximum = max(each.maximum for each in searched)
        if not isinstance(self._problem.samples, StreamedSamples):
            ends = np.concatenate([each.units for each in searched])
            heights = np.linalg.norm(self._exact.correlate(ends, v)[0], axis=1)
            highest = ends[np.argsort(-heights, kind="stable")[:HIGHEST]]
            maximum = max(maximum, walks.walking().go_on(highest, v, np.inf, 1).maximum)
        bound = self._problem.dual_bound(v, maximum)
        converged = maximum <= self._problem.reg * (1 + FOUND)
        return replace(
            found, maximum=maximum, bound=bound, converged=converged, ended="" if converged else ended
        )
