"""Chains of neurons of one feature each, folded at samples and at reflections of samples.

Source: geomnn theory, section 7; E. Zeger et al., arXiv 2403.01046.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from geomnn.atoms import AsideWedge, Atom, FeatureWedge
from geomnn.depth.layer import FeatureLayer
from geomnn.dictionaries import refuse_if_too_large
from geomnn.norms import Direction
from geomnn.samples import Samples

__all__ = ["chain_layers", "single", "up_to_sign_and_constant"]

SECONDS_PER_FOLD = 2e-6  # of one feature at one sample, in Fractions


def chain_layers(
    samples: Samples, count: int, exact: bool, seconds: float = 60.0
) -> tuple[list[FeatureLayer], Samples]:
    """So many layers of chains of unit width, φ_{l+1} = (± (φ_l − φ_l(a_l)))_+, and the table of the last; fewer where
    there are none.

    Each feature comes once on the samples up to sign and a constant, for that is all that the next layer sees of it:
    the first by name. a_l is a sample, and with two layers a_1 may be a reflection 2x_j − x_i of one about another.

    Parameters
    ----------
    samples : Samples
        Of one feature, with a bias.
    count : int
    exact : bool
        Whether weights and table are Fractions; they are found in them.
    seconds : float
        What a layer may take, by an estimate.

    Raises
    ------
    EnumerationTooLarge
        If it would take longer.

    Source: geomnn theory, section 7; E. Zeger et al., arXiv 2403.01046.
    """
    layers: list[FeatureLayer] = []
    rows = samples.rows
    for level in range(1, count + 1):
        layer, table = _chain_features(rows, level, level < count, seconds)
        if not layer.atoms:
            break
        layers, rows = [*layers, layer], table
    if not layers:
        return [], samples
    if exact:
        return layers, Samples(rows, samples.bias)
    return [layer.numeric() for layer in layers], Samples(np.array(rows, dtype=float), samples.bias)


def _chain_features(
    rows: list[list[Fraction]], level: int, reflections: bool, seconds: float
) -> tuple[FeatureLayer, list[list[Fraction]]]:
    """The features of one feature each, folded at samples and at reflections, and their table."""
    columns, n = list(zip(*rows, strict=True)), len(rows)
    distinct = [i for i in range(n) if rows[i] not in rows[:i]]
    points: list[tuple[int, tuple[int, Fraction] | None]] = [(i, None) for i in distinct]
    if reflections:
        points += [(i, (j, Fraction(-1))) for i in distinct for j in distinct if i != j]
    refuse_if_too_large(
        "chains below a layer", 2 * len(points) * len(columns), SECONDS_PER_FOLD * n, 16.0 * len(columns),
        (seconds, 2.0**31), "fewer samples, a smaller depth, or more time",
    )  # fmt: skip
    found: dict[
        tuple[object, ...], tuple[list[Fraction], int, int, int, Fraction, tuple[int, Fraction] | None]
    ] = {}
    for i, aside in points:
        for k, column in enumerate(columns):
            point = column[i] if aside is None else column[i] + aside[1] * (column[aside[0]] - column[i])
            for sign in (1, -1):
                values = [max(sign * (value - point), Fraction(0)) for value in column]
                if len(set(values)) > 1:
                    found.setdefault(up_to_sign_and_constant(values), (values, k, i, sign, point, aside))
    atoms = (
        single(len(columns), k, i, sign, point, level, aside)
        for _, k, i, sign, point, aside in found.values()
    )
    table = zip(*(values for values, *_ in found.values()), strict=True)
    return FeatureLayer(tuple(atoms)), [list(row) for row in table]


def up_to_sign_and_constant(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The same tuple for values and ± values + c."""
    moved = tuple(value - values[0] for value in values)
    return max(moved, tuple(-value for value in moved))


def single(
    width: int,
    k: int,
    i: int,
    sign: int,
    point: Fraction,
    level: int,
    aside: tuple[int, Fraction] | None = None,
) -> Atom:
    """The exact neuron ± (k − point) of feature k alone, named by the sample i or a point aside of it."""
    weight = np.array([Fraction(0)] * width, dtype=object)
    weight[k] = Fraction(sign)
    others = tuple(Direction(j) for j in range(width) if j != k)
    atom = Atom(weight, -sign * point, (i,), others, sign, True, 1.0)
    if level > 1:
        return FeatureWedge(**vars(atom), level=level)
    return atom if aside is None else AsideWedge(**vars(atom), aside=aside)
