"""Hidden layers whose features are searched, level by level, where all of them are too many.

The layers begin with the neurons that shallower networks use. Then the program over the features of the last one is
solved, and its residual is handed down: for a neuron u at a vertex, whose samples J stay on its hyperplane, a new
feature δ of the layer below is worth a place in u where

    |Σ_i r'_i δ_i| > F = Σ_i r_i (k_i·u)_+,   r' = r on active samples, −μ on J,

μ the multipliers of the equations k_j·u = 0 in the first-order conditions of F on ‖u‖_1 = 1. So δ is priced like any
neuron, against r'; and as u gains F from each feature that it has, sign(u_k) r' is in turn what feature k sees.

Source: geomnn theory, sections 5 and 7.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.deadline import Deadline, Pace
from geomnn.dictionaries import LocalDictionary
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem
from geomnn.programs.search import search
from geomnn.programs.solve import Optimum
from geomnn.samples import Samples

__all__ = ["search_layers"]

STARTS = 16  # walks for each residual that is handed down
MORE_FEATURES = 12  # features besides those of a network that a layer begins with, at most
BEST = 2  # features that each of them brings, at most
# relative excess over the F of the neuron above, from which a feature is taken: walks end where a step rises by
# less than 1e-10 (HIGHER), so less is the feature that is there already
WORTH = 1e-6
FALL = 1e-3  # relative fall of the objective below which a round has brought nothing
STILL_LAYERS = 2  # such rounds, after which it is the end
WALK_ROUNDS = 5  # of walks, at most, for a network whose residual is handed down
# relative to the largest weight of a unit, up to which one is zero, and to the largest entry of a feature or unit,
# up to which two are the same: well above the 1e-11 to which walks tell what lies on a plane (ON_PLANE)
ROUNDING = 1e-9


def search_layers(problem: Problem, count: int, effort: Effort) -> tuple[list[np.ndarray], np.ndarray, bool]:
    """The features of so many hidden layers below the last, found level by level.

    Parameters
    ----------
    problem : Problem
        Over the samples, p = 1.
    count : int
    effort : Effort
        No round begins that would end after its deadline.

    Returns
    -------
    list of ndarray, shape (M, D)
        Of each layer the units, in centred coordinates of the table of the layer below; fewer layers where the constant
        network is optimal.
    ndarray, shape (k, D)
        The best network over them that was found; it is no worse than any with fewer layers that was.
    bool
        Whether the time was over before rounds brought nothing more.

    Source: geomnn theory, sections 5 and 7.
    """
    deadline, seed = effort.deadline, effort.seed
    pace, bias = Pace(deadline), problem.samples.bias
    samples, layers = [problem.samples], list[np.ndarray]()
    start, best, still = np.zeros((0, problem.samples.D)), np.inf, 0
    while len(layers) < count or still < STILL_LAYERS:
        found = _solved(problem, samples[-1], effort, start, deadline.part(1 / 2))
        if len(layers) < count:
            if not len(found.units):
                return layers, found.units, False
            layers.append(_and_more(found, samples[-1], seed, deadline))
            samples.append(Samples(samples[-1].activations(layers[-1]), bias))
            # units that are one of the features each, so that a layer more costs nothing
            start = np.array([samples[-1].unit_of(e, 0.0) for e in np.eye(samples[-1].d)])
            continue
        still = 0 if found.primal < best * (1 - FALL) else still + 1
        best = min(best, found.primal)
        layers, start = _used(layers, found.units, bias)
        before = [len(units) for units in layers]
        _hand_down(replace(found, units=start), layers, samples, seed, deadline)
        start = _padded(start, len(layers[-1]) - before[-1], bias)
        if pace.over():
            return *_used(layers, start, bias), True
        if [len(units) for units in layers] == before:
            break
    return *_used(layers, start, bias), False


def _solved(
    problem: Problem, samples: Samples, effort: Effort, start: np.ndarray, deadline: Deadline
) -> Optimum:
    """A network over some features: one that is found in a few rounds will do."""
    over, dictionary = problem.over(samples), LocalDictionary(samples, 1.0, seed=effort.seed)
    return search(over, dictionary, replace(effort, deadline=deadline, rounds=WALK_ROUNDS), start)


def _and_more(found: Optimum, samples: Samples, seed: int, deadline: Deadline) -> np.ndarray:
    """The units of a network and others that walks for its residual end at: a layer more may need those."""
    walks = LocalDictionary(samples, 1.0, seed=seed).until(deadline)
    others = walks.price(found.dual, 0.0, MORE_FEATURES).units
    off = np.abs(others[:, None] - found.units).max(axis=2) / np.abs(others).max(axis=1, keepdims=True)
    return np.vstack([found.units, others[off.min(axis=1) > ROUNDING]])


def _used(layers: list[np.ndarray], top: np.ndarray, bias: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """The layers without features that nothing above them depends on."""
    kept = [*layers, top]
    for level in range(len(layers) - 1, -1, -1):
        weights = np.abs(kept[level + 1][:, : len(kept[level])])
        used = (weights > ROUNDING * weights.max(axis=1, keepdims=True)).any(axis=0)
        kept[level] = kept[level][used]
        kept[level + 1] = kept[level + 1][:, np.append(used, np.ones(int(bias), dtype=bool))]
    return kept[:-1], kept[-1]


def _hand_down(
    found: Optimum, layers: list[np.ndarray], samples: list[Samples], seed: int, deadline: Deadline
) -> None:
    """Add to each layer, the last one first, the features that neurons above would gain from."""
    out = found.coefficients / np.linalg.norm(found.coefficients, axis=1, keepdims=True)
    above = [(unit, found.dual @ o) for unit, o in zip(found.units, out, strict=True)]
    for level, units in enumerate(layers):
        samples[level + 1] = Samples(samples[level].activations(units), samples[0].bias)
    for level in range(len(layers) - 1, -1, -1):
        lower, columns = samples[level], samples[level + 1].X
        search_ = LocalDictionary(lower, 1.0, starts=STARTS, seed=seed).until(deadline)
        below, new = [], []
        for unit, r in above:
            reduced, gain = _reduced(samples[level + 1], unit, r)
            if not gain > 0 or deadline.over():
                continue
            new += list(search_.price(reduced[:, None], gain * (1 + WORTH), BEST).units)
            weight = unit[: samples[level + 1].d]
            used = np.flatnonzero(np.abs(weight) > ROUNDING * np.abs(weight).max())
            below += [(layers[level][k], np.sign(weight[k]) * reduced) for k in used]
        kept: list[np.ndarray] = []
        for unit in new:
            column = lower.activations(unit[None])[:, 0]
            known = np.column_stack([columns, *(lower.activations(u[None]) for u in kept)])
            if np.abs(known - column[:, None]).max(axis=0).min() > ROUNDING * column.max():
                kept.append(unit)
        if kept:
            layers[level] = np.vstack([layers[level], kept])
            grown = Samples(lower.activations(layers[level]), lower.bias)
            samples[level + 1] = grown
            if level + 1 < len(layers):
                layers[level + 1] = _padded(layers[level + 1], len(kept), lower.bias)
        above = below


def _reduced(samples: Samples, unit: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, float]:
    """r' and F of a unit at a vertex."""
    incidences = samples.incidences(unit)
    active, on = incidences > 0, np.flatnonzero(incidences == 0)
    gain = float(r[active] @ incidences[active])
    weight = unit[: samples.d]
    used = np.append(np.abs(weight) > ROUNDING * np.abs(weight).max(), np.ones(int(samples.bias), dtype=bool))
    rows = samples.homogeneous[:, used]
    slope = np.append(np.sign(weight), np.zeros(int(samples.bias)))[used]
    right = rows[active].T @ r[active] - gain * slope
    reduced = np.where(active, r, 0.0)
    reduced[on] = -np.linalg.lstsq(rows[on].T, right, rcond=None)[0]
    return reduced, gain


def _padded(units: np.ndarray, more: int, bias: bool) -> np.ndarray:
    """Units over so many more features, on which they do not depend."""
    return np.insert(units, [units.shape[1] - bias] * more, 0.0, axis=1)
