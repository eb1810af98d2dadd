"""Absolute values for activations, on the line: features with kinks at samples, midpoints and mirror images.

For c = |x_j − a| the feature ||x − a| − c| vanishes where x is as far from a as x_j is: at x_j and at its mirror image
2a − x_j. With |r| = (r)_+ + (−r)_+ it is one of a ReLU network.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.depth.chains import single, up_to_sign_and_constant
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.lifting import Lifting
from geomnn.derivation import put_back, run
from geomnn.dictionaries import ChainDictionary, choose, refuse_if_too_large
from geomnn.errors import DataError
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.samples import Samples
from geomnn.solution import Solution
from geomnn.validation import check_integer

__all__ = ["AbsoluteFeatures"]

SECONDS_PER_WEIGHT, BYTES_PER_WEIGHT = 4e-6, 370.0  # of features over features
HALF, SIGNS = Fraction(1, 2), (1, -1)
Point = tuple[int, tuple[int, Fraction] | None, Fraction]  # a sample, what is next to it, and where that is


class AbsoluteFeatures:
    """The features of |·| networks of one or two hidden layers of unit width, each once on the samples.

    One layer: |x − x_i|.  Two: also ||x − x_i| − |x_j − x_i||, with kinks at x_i, x_j and the mirror image 2x_i − x_j,
    and ||x − m| − ½|x_j − x_i||, m = ½(x_i + x_j).  No other biases have a smaller optimal value.

    Parameters
    ----------
    X : array_like, shape (n, 1)
        Read exactly, floats as their shortest decimal.
    hidden : {1, 2}
        Hidden layers.

    Attributes
    ----------
    table : list of list of Fraction, shape (n, M)
        The features as columns.
    kinks : list of tuple of Fraction
        Of each feature, in order: where it breaks.
    layers : list of FeatureLayer
        The features as sums of ReLU neurons, in float64.

    Raises
    ------
    DataError
        If X is not a table of one column.
    OptionError
        For other hidden layers.
    EnumerationTooLarge
        For two hidden layers of more than some 60 samples.

    Examples
    --------
    >>> features = AbsoluteFeatures([[0], [1], [3], [4], [6]])
    >>> next(tuple(map(int, kinks)) for kinks in features.kinks if 5 in kinks)
    (1, 3, 5)

    Source: geomnn theory, section 7; E. Zeger and M. Pilanci, arXiv 2410.04279.
    """

    def __init__(self, X: Any, hidden: int = 2):
        self.samples = Samples(X, bias=True)
        if self.samples.d != 1:
            raise DataError(
                f"X has {self.samples.d} columns; one was expected, as networks of absolute values take one feature."
            )
        check_integer("hidden", hidden, 1, 2)
        x = [row[0] for row in self.samples.rows]
        distinct = [i for i in range(len(x)) if x[i] not in x[:i]]
        points: list[Point] = [(i, None, x[i]) for i in distinct]
        if hidden == 2:
            points += [(i, (j, HALF), HALF * (x[i] + x[j])) for i, j in combinations(distinct, 2)]
        if hidden == 2:
            refuse_if_too_large(
                "features of absolute values", len(points) + len(distinct) * (len(distinct) - 1),
                SECONDS_PER_WEIGHT * len(points), BYTES_PER_WEIGHT * len(points), (60.0, 2.0**32),
                "fewer samples, or hidden=1",
            )  # fmt: skip
        folds = [[abs(value - point) for value in x] for _, _, point in points]
        chosen = [(k, i) for k, (i, _, _) in enumerate(points)]
        self.layers = [
            _absolute([[single(1, 0, i, s, at, 1, aside) for s in SIGNS] for i, aside, at in points])
        ]
        if hidden == 2:
            chosen = _once(folds, _pairs(points, distinct))
            second = [[single(len(points), k, j, s, folds[k][j], 2) for s in SIGNS] for k, j in chosen]
            self.layers.append(_absolute(second))
        rows = [[abs(value - folds[k][j]) for value in folds[k]] for k, j in chosen]
        self.table = [list(row) for row in zip(*rows, strict=True)]
        self.kinks = [_kinks(points[k][2], folds[k][j]) for k, j in chosen]

    def derive(self, y: Any, reg: float = 0.1, loss: str = "squared", tol: float = 1e-9) -> Solution:
        """The best network over these features: minimise L(t + Σ z_j k_j, y) + reg Σ_j ‖z_j‖_2, with its certificate.

        Parameters
        ----------
        y : array_like, shape (n,) or (n, c)
        reg, loss, tol
            As in `geomnn.derive`.

        Returns
        -------
        Solution
            Its network is one of ReLU neurons, with the features as sums of pairs of them.

        Raises
        ------
        DataError, OptionError
            As `geomnn.derive` does.
        """
        problem = pose(self.table, y, reg, 1, True, loss)
        columns = choose(ChainDictionary(problem.samples, columns=True), problem.samples, 1.0)
        lifting = Lifting(problem, columns, self.samples, self.layers)
        return put_back(lifting, run(problem, columns, Effort(tol)))


def _absolute(pairs: list[list[Atom]]) -> FeatureLayer:
    """The layer of features (r)_+ + (−r)_+, one for each pair of atoms, in float64."""
    atoms = tuple(atom for pair in pairs for atom in pair)
    return FeatureLayer(atoms, np.repeat(np.eye(len(pairs)), 2, axis=1)).numeric()


def _pairs(points: list[Point], distinct: list[int]) -> Iterator[tuple[int, int]]:
    """Which feature |x − a| of the first layer is folded again at which sample, a at samples before midpoints."""
    at_samples = range(len(distinct))
    yield from ((k, points[k][0]) for k in at_samples)
    yield from ((k, j) for k in at_samples for j in distinct if j != points[k][0])
    yield from ((k, points[k][0]) for k in range(len(distinct), len(points)))


def _once(folds: list[list[Fraction]], pairs: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pairs with other features on the samples, up to sign and a constant, than those before."""
    found: dict[tuple[object, ...], tuple[int, int]] = {}
    for k, j in pairs:
        found.setdefault(up_to_sign_and_constant([abs(value - folds[k][j]) for value in folds[k]]), (k, j))
    return list(found.values())


def _kinks(a: Fraction, c: Fraction) -> tuple[Fraction, ...]:
    """Where ||x − a| − c| breaks."""
    return tuple(sorted({a - c, a, a + c}))
