"""Checks of the laws that parts of geomnn promise, to be run on parts of your own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries import Dictionary, choose
from geomnn.dictionaries.canonical import units_through
from geomnn.errors import GeomnnError
from geomnn.norms import Ball, ball
from geomnn.programs.losses import Loss, check_targets
from geomnn.programs.problem import Problem, pose
from geomnn.samples import Samples

__all__ = ["LawBroken", "check_bound", "check_dictionary", "check_loss", "check_norm"]


class LawBroken(GeomnnError, AssertionError):
    """A part breaks a law of its base class."""


def check_dictionary(dictionary: Dictionary, seed: int = 0, trials: int = 200) -> None:
    """Run the laws of `Dictionary` on an instance, for random residuals with one and two columns.

    With F(u) = ‖Σ_i v_i (x̃_i·u)_+‖_2: returned units are units, the first has the maximum, no returned one, none that
    its ``units()`` lists, where it has that, and no random unit (scope "global") beats it, and it is homogeneous in v.

    Parameters
    ----------
    dictionary : Dictionary
    seed : int
        Of the residuals and the random units.
    trials : int
        Number of random units.

    Raises
    ------
    LawBroken
        Naming the law.

    Examples
    --------
    >>> import numpy as np
    >>> from geomnn.dictionaries import WedgeDictionary
    >>> from geomnn.samples import Samples
    >>> check_dictionary(WedgeDictionary(Samples(np.eye(3), bias=True), norm=1.0, directions=True))

    Source: geomnn theory, sections 1 to 3.
    """
    rng = np.random.default_rng(seed)
    samples = dictionary.samples
    for outputs in (1, 2):
        v = rng.standard_normal((samples.n, outputs))
        if samples.bias:
            v -= v.mean(axis=0)
        largest = dictionary.price(v, 0.0, 50).maximum
        close = 1e-9 * largest + 1e-12 * np.abs(v).sum() * np.abs(samples.homogeneous).max()
        pricing = dictionary.price(v, 0.5 * largest, 50)
        values = np.linalg.norm(v.T @ samples.activations(pricing.units), axis=0)
        lengths = ball(dictionary.norm).length(pricing.units[:, : samples.d])
        scaled = dictionary.price(3.0 * v, 0.0, 50).maximum
        unlimited = dictionary.price(v, np.inf, 1)
        others = [
            _random_units(samples, dictionary.norm, rng, trials),
            _random_wedges(dictionary, rng, trials),
        ]
        tried = np.concatenate(others) if dictionary.scope == "global" else pricing.units[:0]
        found, *listed = (
            np.linalg.norm(v.T @ samples.activations(units), axis=0).max(initial=0.0)
            for units in [tried, *getattr(dictionary, "units", list)()]
        )
        laws = [
            (np.allclose(lengths, 1.0, rtol=1e-9, atol=0), "a returned unit has ‖w‖_p = 1"),
            (len(pricing.units) <= 50, "at most `limit` units are returned"),
            (values <= largest + close, "no returned unit beats the maximum"),
            (values >= 0.5 * largest - close, "a returned unit is above the threshold"),
            (np.abs(values[:1] - largest) <= close, "the first unit has the maximum"),
            (len(values) or largest <= close, "a maximum above the threshold comes with a unit"),
            (abs(scaled - 3.0 * largest) <= 9 * close, "the maximum is homogeneous in the residual"),
            (abs(unlimited.maximum - largest) <= close, "the maximum does not depend on the threshold"),
            (not len(unlimited.units), "no unit is returned that is not above the threshold"),
            (max(listed, default=0.0) <= largest + close, "no atom of the dictionary beats the maximum"),
            (found <= largest + close, "no unit neuron at all beats a global maximum"),
        ]
        _check("Dictionary", laws)
        pairs = ((dictionary.name(unit, v).weight, unit[: samples.d]) for unit in pricing.units[:5])
        near = (np.allclose(*pair, rtol=1e-6, atol=1e-9) for pair in pairs)
        _check("Dictionary", ((each, "a name has the weight of its unit") for each in near))


def check_loss(loss: Loss, y: Any, seed: int = 0, trials: int = 20) -> None:
    """Run the laws of `Loss` on an instance, at random predictions of given targets.

    With L the value, v the residual, D the dual: L(g) ≥ L(f) − v·(g − f), L(f) ≥ D(w) − w·f for every w of the domain,
    with equality at v; −∂v/∂f is the curvature; the best shift leaves no sum of v; whole weights are repeated samples.

    Parameters
    ----------
    loss : Loss
    y : array_like, shape (n,) or (n, c)
        Targets that it takes.
    seed : int
        Of the predictions.
    trials : int
        How many of them.

    Raises
    ------
    LawBroken
        Naming the law.

    Examples
    --------
    >>> from geomnn.programs.losses import LogisticLoss
    >>> check_loss(LogisticLoss(), [-1, 1, 1, -1])

    Source: geomnn theory, section 0.
    """
    rng, n = np.random.default_rng(seed), len(np.asarray(y))
    targets = check_targets(y, n, loss, bias=True)

    for weights in (None, rng.integers(1, 4, n).astype(float)):
        weighed = loss if weights is None else loss.weighted(weights)
        rows = np.repeat(np.arange(n), 1 if weights is None else weights.astype(int))
        for _ in range(trials):
            f, g = 3 * rng.standard_normal((2, *targets.shape))
            value, v = weighed.value(f, targets), weighed.residual(f, targets)
            close = 1e-9 * (1 + abs(value) + np.abs(v * f).sum() + np.abs(v * g).sum())
            w = weighed.clip(v + rng.standard_normal(v.shape), targets)
            bound = weighed.dual(w, targets) - np.sum(w * f)
            t = weighed.shift(f, targets)
            least = weighed.value(f + t, targets)
            other = weighed.value(f + t + rng.standard_normal(t.shape), targets)
            left = weighed.residual(f + t, targets)
            level = weighed.balance(weighed.clip(left * (1 + 1e-9 * f), targets))
            small = np.abs(left.sum(axis=0)) <= 1e-6 * np.abs(left).sum()
            step = 1e-6 * rng.standard_normal(f.shape)
            bend = weighed.residual(f - step, targets) - weighed.residual(f + step, targets)
            h = np.einsum("nkc,nc->nk", weighed.curvature(f, targets), 2 * step)
            # where a loss has a kink no difference tells its curvature
            bent = loss.is_polyhedral or np.median(np.abs(bend - h)) <= 1e-4 * np.abs(step).max()
            once, dual = weighed.clip(w, targets) - w, weighed.dual(v, targets) - np.sum(v * f)
            slope, again = value - np.sum(v * (g - f)), loss.value(f[rows], targets[rows])
            laws = [
                (abs(again - value) <= close, "whole weights are repeated samples"),
                (weighed.value(g, targets) >= slope - close, "the residual is a slope of the value"),
                (abs(dual - value) <= close, "the dual is tight at the residual"),
                (np.isfinite(bound), "a clipped v is in the domain of the dual"),
                (value >= bound - close - 1e-9 * np.abs(w * f).sum(), "no dual value is above the value"),
                (np.abs(once) <= 1e-9 * np.abs(w).max(), "clipping twice is clipping once"),
                (other >= least - close, "the shift is the best"),
                (
                    np.abs(level.sum(axis=0)) <= 1e-12 * np.abs(level).sum(),
                    "the columns of a balanced v sum to zero",
                ),
                (np.isfinite(weighed.dual(level, targets)), "a balanced v is in the domain of the dual"),
                (loss.is_polyhedral or small, "the best shift leaves no sum of the residual"),
                (bent, "curvature is −∂v/∂f"),
            ]
            _check("Loss", laws)


def check_norm(norm: Any, d: int = 3, seed: int = 0, trials: int = 100) -> None:
    """Run the laws of `Ball` on random weights, half of them of small integers, which lie on walls.

    Parameters
    ----------
    norm : Ball or number
        1, 2 and numpy.inf stand for the balls of geomnn.
    d : int
        Dimension.
    seed : int
        Of the weights.
    trials : int
        Number of weights.

    Raises
    ------
    LawBroken
        Naming the law.

    Examples
    --------
    >>> import numpy as np
    >>> check_norm(np.inf, d=4)

    Source: geomnn theory, section 1.
    """
    rng, unit = np.random.default_rng(seed), norm if isinstance(norm, Ball) else ball(norm)
    draws = rng.standard_normal((2, d, trials)), rng.integers(-2, 3, (2, d, trials)).astype(float)
    v, w = np.concatenate(draws, axis=2)
    v[0] += np.where(v.any(axis=0), 0.0, 1.0)
    w[0] += np.where(w.any(axis=0), 0.0, 1.0)
    length, longest = unit.length(w, axis=0), unit.length(v, axis=0) + unit.length(w, axis=0)
    dual, products, ones = unit.dual_length(v, axis=0), np.sum(v * w, axis=0), np.ones(2 * trials)
    corner, gradient, directions = unit.corner(v), unit.gradient(w), unit.directions(d)
    squares = [float(unit.square([abs(int(entry)) for entry in column])) for column in w.T[trials:]]
    laws = [
        (length <= 0, 0, "a weight has a length"),
        (unit.length(0 * w, axis=0), 0, "zero has none"),
        (unit.length(-2.5 * w, axis=0), 2.5 * length, "a norm is homogeneous and symmetric"),
        (np.maximum(unit.length(v + w, axis=0), longest), longest, "a norm is subadditive"),
        (squares, length[trials:] ** 2, "a square is that of the length"),
        (np.maximum(products, dual * length), dual * length, "g·w is at most ‖g‖_q ‖w‖_p"),
        (unit.length(corner, axis=0), ones, "a corner has length 1"),
        (np.sum(v * corner, axis=0), dual, "g·corner(g) is ‖g‖_q"),
        (unit.dual_length(gradient, axis=0), ones, "a gradient has dual length 1"),
        (np.sum(w * gradient, axis=0), length, "gradient(w)·w is ‖w‖_p"),
        (len(set(directions)), unit.count_directions(d), "there are as many directions as is said"),
    ]
    if unit.polyhedral and d > 1:  # go along v half-way to the first wall
        normals = np.array([e.vector(d) for e in directions])
        across, along = np.abs(normals @ w), np.abs(normals @ v)
        near = w + v / 2 * np.divide(across, along, out=np.ones_like(along), where=along > 0).min(axis=0)
        sums = unit.length(near, axis=0) + length
        laws.append((unit.length(near + w, axis=0), sums, "a norm is linear between walls"))
    misses = products > (1e-9 - 1.0) * np.linalg.norm(v, axis=0) * np.linalg.norm(w, axis=0)  # the line zero
    v, w, length = v[:, misses], w[:, misses], length[misses]
    rise, (meets, change, walls) = unit.rise(w, v), unit.kinks(w, v)
    for t in (1e-6, 0.25, 1.0, 8.0) if unit.polyhedral else (1e-6,):
        line = length + t * rise + np.sum(change * np.maximum(t - meets, 0.0), axis=0)
        laws.append((unit.length(w + t * v, axis=0), line, "along a line slope and kinks give the length"))
    for k, column in enumerate(w.T):
        met = [(t, e) for t, e in zip(meets[:, k], walls[k], strict=False) if t < np.inf]
        touched = [(0.0, e) for e in unit.walls(column)] + met
        off = [(column + t * v[:, k]) @ e.vector(d) for t, e in touched]
        laws.append(
            (off, 0 if {e for _, e in touched} <= set(directions) else 1, "walls are orthogonal directions")
        )
    _check("Ball", [(np.allclose(left, right, rtol=1e-9, atol=1e-9), law) for left, right, law in laws])


def check_bound(
    kind: type[Bound],
    X: Any,
    y: Any,
    reg: float = 0.1,
    norm: float = 1,
    bias: bool = True,
    loss: str | Loss = "squared",
    seed: int = 0,
    accuracy: float = 1e-3,
) -> None:
    """Run the laws of `Bound` on one kind, for a problem.

    m ≥ ‖Σ_i v_i (x̃_i·u)_+‖_2 for every atom, walk and random unit u and each of its proofs (v, m), the first of which
    comes without time; the values do not fall, are homogeneous in X and reg and in y and reg, and do not depend on the
    order of the samples.

    Parameters
    ----------
    kind : type of Bound
    X, y, reg, norm, bias, loss
        As in `geomnn.derive`: what it is made for.
    seed : int
        Of the residual to begin with, the order and the random units.
    accuracy : float
        Relative accuracy of its values.

    Raises
    ------
    LawBroken
        Naming the law.

    Examples
    --------
    >>> from geomnn.bounds import BOUNDS
    >>> check_bound(BOUNDS["milp"], [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0])

    Source: geomnn theory, section 9.
    """
    rng = np.random.default_rng(seed)
    problem = pose(X, y, reg, norm, bias, loss)
    table, targets, samples = problem.samples.X, problem.targets, problem.samples
    f = problem.constant() + 0.1 * np.std(targets) * rng.standard_normal(targets.shape)
    f = f + problem.shift(f)
    everything = choose("auto", samples, problem.norm).form(samples, problem.norm, affordable=2.0)
    tried = np.concatenate(
        [_random_units(samples, problem.norm, rng, 200), _random_wedges(everything, rng, 50)]
    )
    proofs = _proofs(kind, problem, f, NEVER)
    soon = _proofs(kind, problem, f, Deadline.after(0.0))
    laws: list[tuple[Any, str]] = [(proofs and soon, "there is a proof, however little time there is")]
    for proof in proofs + soon:
        v, close = (
            proof.dual,
            1e-12 * np.abs(proof.dual).sum() * np.abs(samples.homogeneous).sum(axis=1).max(),
        )
        found = np.linalg.norm(v.T @ samples.activations(tried), axis=0).max(initial=0.0)
        largest = max(found, everything.price(v, np.inf, 1).maximum)
        laws += [
            (np.isfinite(proof.maximum), "the maximum is a number"),
            (largest <= proof.maximum * (1 + 1e-9) + close, "no unit neuron beats the maximum"),
            (np.isfinite(proof.value(problem)), "v is in the domain of the dual"),
            (
                not bias or np.all(np.abs(v.sum(axis=0)) <= 1e-9 * np.abs(v).sum(axis=0)),
                "with a bias 1ᵀv = 0",
            ),
        ]
    values = [proof.value(problem) for proof in proofs]
    laws.append((np.diff(values) >= -1e-9 * np.abs(values).max(initial=0.0), "the values do not fall"))
    order = rng.permutation(samples.n)
    others = {
        "the order of the samples does not matter": (table[order], targets[order], reg, f[order], 1.0),
        "X and reg have one scale": (4.0 * table, targets, 4.0 * reg, f, 1.0),
    }
    if problem.loss.is_quadratic:
        others["y and reg have one scale"] = (table, 4.0 * targets, 4.0 * reg, 4.0 * f, 16.0)
    for law, (other, wanted, weight, predictions, factor) in others.items():
        scaled = pose(other, wanted, weight, norm, bias, loss)
        value = factor * values[-1]
        again = _proofs(kind, scaled, predictions, NEVER)[-1].value(scaled)
        size = accuracy * max(abs(value), abs(factor * problem.loss.value(f, targets)))
        laws.append((abs(again - value) <= size, law))
    _check("Bound", laws)


def _proofs(kind: type[Bound], problem: Problem, f: np.ndarray, deadline: Deadline) -> list[Proof]:
    """The proofs of a bound that begins with given predictions."""
    return [*kind(problem).proofs(problem.dual_point(problem.residual(f)), f, deadline)]


def _random_units(samples: Samples, norm: float, rng: np.random.Generator, count: int) -> np.ndarray:
    """Units in random directions, through random samples where there is a bias."""
    spread = np.ptp(samples.X, axis=0)
    weights = rng.standard_normal((count, samples.d)) / np.where(spread > 0, spread, 1.0)
    weights /= ball(norm).length(weights)[:, None]
    return samples.through(weights, rng.integers(samples.n, size=(count, 1)))


def _random_wedges(dictionary: Dictionary, rng: np.random.Generator, count: int) -> np.ndarray:
    """Wedges of random samples, both orientations: atoms of every training problem."""
    samples = dictionary.samples
    size = samples.D - 1
    if size > len(samples.distinct):
        return np.zeros((0, samples.D))
    rows = np.array([rng.choice(samples.distinct, size, replace=False) for _ in range(count)], dtype=int)
    units = units_through(samples, rows, np.zeros((count, 0, samples.d)), dictionary.norm)
    units = units[units[:, : samples.d].any(axis=1)]
    return np.concatenate([units, -units])


def _check(part: str, laws: Iterable[tuple[Any, str]]) -> None:
    for holds, law in laws:
        if not np.all(holds):
            raise LawBroken(f"Broken law of {part}: {law}.")
