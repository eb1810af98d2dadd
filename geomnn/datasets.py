"""Small data sets that the examples, the demo and the tests share: pure functions of their arguments.

Source of the spiral: Y. Wang, S. Kim, P. Chu, I. Subramaniam, M. Pilanci, arXiv 2406.02806.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomnn.errors import OptionError
from geomnn.validation import check_integer

__all__ = ["peaks", "ramps", "spiral"]


def spiral(
    n: int = 160, turns: float | None = None, noise: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved spiral arms in the plane, labelled +1 and −1.

    x_i = r_i (cos φ_i, sin φ_i), r_i = (104 − i)/104, φ_i = iπ/16 for i = 0, …, n/2 − 1, labelled +1, then
    the points −x_i in the same order, labelled −1. With n = 160 an arm winds two and a half times inwards;
    another n makes the arms shorter or longer and leaves the points where they are.

    With ``turns``, the n/2 points of an arm are spread evenly over so many turns instead, from r = 1 to 25/104.

    Parameters
    ----------
    n : int
        Number of points, even, from 2 to 208 (where an arm reaches the centre), or from 4 up with ``turns``.
    turns : float, optional
        How often an arm winds around the centre, above 0.
    noise : float
        Standard deviation of what is added to each coordinate, at least 0.
    seed : int
        Of the noise.

    Returns
    -------
    X : ndarray, shape (n, 2)
    y : ndarray, shape (n,)

    Raises
    ------
    OptionError
        If an argument is out of its range.

    Examples
    --------
    >>> X, y = spiral()
    >>> X.shape, X[0].tolist(), X[80].tolist(), y[[0, 80]].tolist()
    ((160, 2), [1.0, 0.0], [-1.0, -0.0], [1.0, -1.0])
    >>> spiral(1000, turns=3.5, noise=1e-3)[0].shape
    (1000, 2)

    Source: Y. Wang et al., arXiv 2406.02806.
    """
    count = check_integer("n", n, 2, 208) if turns is None else check_integer("n", n, 4, 10**6)
    if count % 2:
        raise OptionError(f"n={count}; an even number was expected, half of the points for each arm.")
    if turns is not None and not (
        isinstance(turns, int | float | np.integer | np.floating) and 0 < turns < np.inf
    ):
        raise OptionError(f"turns={turns!r}; a number above 0 was expected, such as 2.5.")
    random, deviation = np.random.default_rng(check_integer("seed", seed, 0)), _deviation(noise)
    step = np.arange(count // 2)
    angle, radius = step * np.pi / 16, (104 - step) / 104
    if turns is not None:
        share = step / (count // 2 - 1)
        angle, radius = 2 * np.pi * turns * share, 1 - 79 / 104 * share
    arm = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X = np.vstack([arm, -arm])
    if deviation:
        X += deviation * random.standard_normal(X.shape)
    return X, np.repeat([1.0, -1.0], count // 2)


def peaks(n: int = 40, seed: int = 0, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Noisy heights of a hill beside a hollow, at random points of a square.

    y = exp(−‖x − a‖²) − exp(−‖x + a‖²) + noise·ε,  a = (0.7, 0.7),  x uniform on [−2, 2]², ε standard normal.

    Parameters
    ----------
    n : int
        Number of points, at least 1.
    seed : int
        Of the points and of the noise.
    noise : float
        Standard deviation of the noise, at least 0; the points do not depend on it.

    Returns
    -------
    X : ndarray, shape (n, 2)
    y : ndarray, shape (n,)

    Raises
    ------
    OptionError
        If n, seed or noise is out of range.

    Examples
    --------
    >>> X, y = peaks(n=5)
    >>> X.shape, y.shape, bool(abs(y).max() < 1.5)
    ((5, 2), (5,), True)
    """
    count = check_integer("n", n, 1)
    random, deviation = np.random.default_rng(check_integer("seed", seed, 0)), _deviation(noise)
    X = random.uniform(-2.0, 2.0, size=(count, 2))
    hill, hollow = (np.exp(-np.sum((X - top) ** 2, axis=1)) for top in (0.7, -0.7))
    return X, hill - hollow + deviation * random.standard_normal(count)


def ramps(n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Flats and ramps on the line: a fit with few breakpoints, small enough for the board.

    The samples are x = 0, 4, 5, 7, 10, 11 with y = 0, 0, 0, 2, 3, 3; after them the same steps go on,
    12 to the right and 3 up each time, and n says how many of them to take.

    Parameters
    ----------
    n : int
        Number of samples, at least 1.

    Returns
    -------
    X : ndarray, shape (n, 1)
    y : ndarray, shape (n,)

    Raises
    ------
    OptionError
        If n is not such a number.

    Examples
    --------
    >>> X, y = ramps()
    >>> X.ravel().tolist(), y.tolist()
    ([0.0, 4.0, 5.0, 7.0, 10.0, 11.0], [0.0, 0.0, 0.0, 2.0, 3.0, 3.0])
    """
    turn, place = np.divmod(np.arange(check_integer("n", n, 1)), 6)
    x = 12.0 * turn + np.array([0, 4, 5, 7, 10, 11])[place]
    return x[:, None], 3.0 * turn + np.array([0, 0, 0, 2, 3, 3])[place]


def _deviation(noise: Any) -> float:
    """A standard deviation, or an `OptionError`."""
    if not isinstance(noise, int | float | np.integer | np.floating) or not 0 <= noise < np.inf:
        raise OptionError(f"noise={noise!r}; a standard deviation of at least 0 was expected, such as 0.05.")
    return float(noise)
