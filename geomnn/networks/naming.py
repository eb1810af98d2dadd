"""Weights read as wedges: the names of the neurons of a network that came without them.

f(x) = Σ_j α_j (w_j·k(x) + b_j)_+ + t is the same function with (w_j, b_j)/‖w_j‖_p and ‖w_j‖_p α_j, layer by layer, and
a unit neuron has a name if it is a wedge of the samples, or of the features of the layer below at the samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geomnn.atoms import Atom
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import feature_table, name_feature
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.sampled import sketch_directions
from geomnn.errors import DataError
from geomnn.norms import ball
from geomnn.samples import Samples

__all__ = ["named_layers", "unit_layers"]

# relative to the largest weight, up to which two are equal: layers of other programs are rounded, and normalising
# rounds them again, but weights that happen to agree to ten digits are rare
EQUAL_WEIGHTS = 1e-10
# relative to the largest entry of a unit, by the sizes of columns, up to which a neuron is the wedge of its name:
# what rounding makes of a wedge of samples that are nearly dependent
SAME_WEDGE = 1e-9


def named_layers(
    layers: Sequence[tuple[np.ndarray, np.ndarray | None]], samples: Samples, norm: float
) -> tuple[list[FeatureLayer], np.ndarray, np.ndarray]:
    """The same function with named unit neurons: its hidden layers, and W and t of the outputs.

    Neurons that nothing depends on are left out, and those of weight zero are constants that go to the next biases.

    Parameters
    ----------
    layers : sequence of (ndarray, shape (out, in), ndarray, shape (out,), or None)
    samples : Samples
    norm : float
        p; 1 for more than one hidden layer.

    Returns
    -------
    list of FeatureLayer
        None for a function without hidden neurons.
    ndarray, shape (c, k)
    ndarray, shape (c,)

    Raises
    ------
    DataError
        If a hidden neuron is no wedge of these samples.

    Source: geomnn theory, sections 1 and 7.
    """
    hidden, outer, intercept = unit_layers(layers, norm)
    found: list[FeatureLayer] = []
    for level, units in enumerate(hidden, start=1):
        if found:
            samples = Samples(feature_table(samples, found[-1].atoms), samples.bias)
        atoms = (_named(samples, *unit, norm, level) for unit in zip(*units, strict=True))
        found.append(FeatureLayer(tuple(atoms)))
    return found, outer, intercept


def unit_layers(
    layers: Sequence[tuple[np.ndarray, np.ndarray | None]], norm: float
) -> tuple[list[tuple[np.ndarray, np.ndarray, np.ndarray]], np.ndarray, np.ndarray]:
    """The same function with hidden neurons of ‖w‖_p = 1: places, W and b of each hidden layer, W and t of the outputs.

    Neurons that nothing depends on are left out, and those of weight zero, whose (b)_+ goes to the next biases.
    """
    wanted = [np.ones(len(layers[-1][0]), dtype=bool)]
    for weights, _ in reversed(layers[1:]):
        wanted.append(np.any(weights[wanted[-1]], axis=0))
    hidden, d = [], layers[0][0].shape[1]
    inputs, sizes, constants = np.arange(d), np.ones(d), np.zeros(d)
    for weights, biases in layers[:-1]:
        offsets = _offsets(weights, biases, constants)
        weights = weights[:, inputs] * sizes
        moves = weights.any(axis=1)
        constants = np.where(moves, 0.0, np.maximum(offsets, 0.0))
        inputs = np.flatnonzero(moves & wanted.pop())
        sizes = ball(norm).length(weights[inputs])
        hidden.append((inputs, weights[inputs] / sizes[:, None], offsets[inputs] / sizes))
    weights, biases = layers[-1]
    left = [layer for layer in hidden if len(layer[0])]  # all of them, or none where the function is constant
    return left, weights[:, inputs] * sizes, _offsets(weights, biases, constants)


def _offsets(weights: np.ndarray, biases: np.ndarray | None, constants: np.ndarray) -> np.ndarray:
    """The biases of a layer over features of which some are constant, and the others zero here."""
    return weights @ constants + (0.0 if biases is None else biases)


def _named(samples: Samples, place: int, weight: np.ndarray, bias: float, norm: float, level: int) -> Atom:
    """The atom at a unit neuron over samples or features, if it is a wedge of them."""
    unit, scale = samples.unit_of(weight, bias), np.abs(samples.homogeneous).max(axis=0)
    directions = [*ball(norm).directions(samples.d), *sketch_directions(_levelled(weight))]
    refused = (
        f"Neuron {place} of hidden layer {level} is no wedge of these samples, to rounding in float64; "
        "gm.rewrite(model, X) makes wedges of it."
    )
    try:
        atom = (
            name_atom(samples, unit, norm, directions) if level == 1 else name_feature(samples, unit, level)
        )
    except DataError as reason:
        raise DataError(refused) from reason
    scale[scale == 0] = 1.0
    off = scale * (samples.unit_of(atom.weight, atom.bias) - unit)
    if np.abs(off).max() > SAME_WEDGE * np.abs(scale * unit).max():
        raise DataError(refused)
    return atom


def _levelled(weight: np.ndarray) -> np.ndarray:
    """The weight with its sizes ranked: 0 for zeros, and the same rank for sizes that are equal, both to rounding."""
    size = np.abs(weight)
    order, ranks = np.argsort(size), np.zeros(len(size))
    ranks[order] = np.cumsum(np.diff(size[order], prepend=0.0) > EQUAL_WEIGHTS * size.max())
    return np.copysign(ranks, weight)
