"""Checks of the laws that parts of geomnn promise, to be run on parts of your own."""

from __future__ import annotations

import numpy as np

from geomnn.atoms import units_through
from geomnn.dictionaries import Dictionary
from geomnn.errors import GeomnnError
from geomnn.samples import weight_norm

__all__ = ["LawBroken", "check_dictionary"]


class LawBroken(GeomnnError, AssertionError):
    """A part does not keep what its base class promises."""


def check_dictionary(dictionary: Dictionary, seed: int = 0, trials: int = 200) -> None:
    """Run the laws of `Dictionary` on an instance, for random residuals with one and two columns.

    With F(u) = ‖Σ_i v_i (x̃_i·u)_+‖_2: returned units are units, the first has the maximum, no returned and no
    random unit (scope "global") beats it, and it is homogeneous in v.

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
        values = np.linalg.norm(v.T @ samples.features(pricing.units), axis=0)
        lengths = weight_norm(pricing.units[:, : samples.d], dictionary.norm)
        _law(bool(np.allclose(lengths, 1.0, rtol=1e-9, atol=0)), "a returned unit has ‖w‖_p = 1")
        _law(len(pricing.units) <= 50, "at most `limit` units are returned")
        _law(bool((values <= largest + close).all()), "no returned unit beats the maximum")
        _law(bool((values >= 0.5 * largest - close).all()), "a returned unit is above the threshold")
        _law(not len(values) or abs(values[0] - largest) <= close, "the first unit has the maximum")
        _law(bool(len(values)) or largest <= close, "a maximum above the threshold comes with a unit")
        scaled = dictionary.price(3.0 * v, 0.0, 50).maximum
        _law(abs(scaled - 3.0 * largest) <= 9 * close, "the maximum is homogeneous in the residual")
        unlimited = dictionary.price(v, np.inf, 1)
        _law(abs(unlimited.maximum - largest) <= close, "the maximum does not depend on the threshold")
        _law(not len(unlimited.units), "no unit is returned that is not above the threshold")
        if dictionary.scope == "global":
            others = np.concatenate(
                [_random_units(dictionary, rng, trials), _random_wedges(dictionary, rng, trials)]
            )
            found = np.linalg.norm(v.T @ samples.features(others), axis=0)
            _law(bool((found <= largest + close).all()), "no unit neuron at all beats a global maximum")
        for unit in pricing.units[:5]:
            atom = dictionary.name(unit, v)
            named = np.allclose(atom.weight, unit[: samples.d], rtol=1e-6, atol=1e-9)
            _law(bool(named), "a name has the weight of its unit")


def _random_units(dictionary: Dictionary, rng: np.random.Generator, count: int) -> np.ndarray:
    """Units in random directions, through random samples where there is a bias."""
    samples = dictionary.samples
    spread = np.ptp(samples.X, axis=0)
    weights = rng.standard_normal((count, samples.d)) / np.where(spread > 0, spread, 1.0)
    weights /= weight_norm(weights, dictionary.norm)[:, None]
    if not samples.bias:
        return weights
    anchors = samples.homogeneous[rng.integers(samples.n, size=count), :-1]
    return np.column_stack([weights, -np.sum(weights * anchors, axis=1)])


def _random_wedges(dictionary: Dictionary, rng: np.random.Generator, count: int) -> np.ndarray:
    """Wedges of random samples, both orientations: atoms of every training problem."""
    samples = dictionary.samples
    size = samples.D - 1
    if size > len(samples.distinct):
        return np.zeros((0, samples.D))
    rows = np.zeros((count, size), dtype=int)
    for row in rows:
        row[:] = rng.choice(samples.distinct, size, replace=False)
    units = units_through(samples, rows, np.zeros((count, 0, samples.d)), dictionary.norm)
    units = units[units[:, : samples.d].any(axis=1)]
    return np.concatenate([units, -units])


def _law(holds: bool, law: str) -> None:
    if not holds:
        raise LawBroken(f"Broken law of Dictionary: {law}.")
