"""A trained network in wedges: the same outputs on the samples, at no higher cost.

Each hidden neuron is a sum of wedges of its chamber, u = Σ c_k r_k, from the last layer to the first: the parts of a
neuron of the last hidden layer take its outer weight, and a feature of a layer below becomes a sum of features, so that
the names of the layer above still refer to it. Of the neurons of the last layer as many are kept as have independent
products of activations and outer weights, with the same total cost.

Source: geomnn theory, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import feature_table, name_feature
from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import DataError, UnsupportedProblem
from geomnn.hypertext import Shown
from geomnn.machine import in_parallel, streamed
from geomnn.networks.io.interchange import layers_of
from geomnn.networks.naming import unit_layers
from geomnn.networks.network import AnalyticNetwork
from geomnn.norms import ball
from geomnn.rewriting.chambers import Parts, split
from geomnn.rewriting.pruning import products_of, pruned
from geomnn.samples import Samples
from geomnn.validation import column_names, real_table

__all__ = ["Rewriting", "SplitNeuron", "rewrite", "split_layer"]

DENSE = (
    2**26
)  # entries of the products of activations and outer weights, up to which neurons are pruned together
JOB_NEURONS = 8  # neurons of a job
# relative to the largest output, the error below which it is rounding, and not shown: texts are the same everywhere
SHOWN = 1e-12
Layers = Sequence[tuple[np.ndarray, np.ndarray | None]]


@dataclass(frozen=True, eq=False)
class Rewriting(Shown):
    """A network in wedges, and how the given one was changed.

    Parameters
    ----------
    network : AnalyticNetwork
    before, after : tuple of int
        Neurons of each hidden layer.
    cost_before, cost_after : float
        Σ ‖α‖_2 over the last hidden neurons times the cost of each, which is ‖·‖_p of its weights times the costs of
        the features that they belong to: for p = 1 and one output the path-ℓ1 norm.
    error : float
        Largest difference of outputs on the samples, relative to the largest output.
    bound : float
        For p = 2 what the angles of chambers allow cost_after/cost_before to be: the largest (m/(1 + (m − 1) t))^½ of a
        neuron with m parts, t the smallest cosine between two of them; infinite where that is not positive, and with
        biases. 1 for p = 1 and ∞.
    origins : tuple of tuple of tuple of int
        Of each hidden layer and each of its neurons before, which neurons of that layer it is now.
    """

    network: AnalyticNetwork
    before: tuple[int, ...]
    after: tuple[int, ...]
    cost_before: float
    cost_after: float
    error: float
    bound: float
    origins: tuple[tuple[tuple[int, ...], ...], ...]

    def __str__(self) -> str:
        """The report, in words."""
        layers = [
            f"hidden layer {level}: {before} neurons, {after} after"
            for level, (before, after) in enumerate(zip(self.before, self.after, strict=True), start=1)
        ]
        change = self.cost_after / self.cost_before - 1 if self.cost_before else 0.0
        lines = [*layers, f"cost: {self.cost_before:.6g} before, {self.cost_after:.6g} after ({change:+.2%})"]
        if not ball(self.network.norm).polyhedral:
            bound = f"{self.bound - 1:+.2%}" if np.isfinite(self.bound) else "nothing, as they are too wide"
            lines.append(f"the angles of the chambers allow {bound}")
        lines.append(f"outputs on the samples: the same to {max(self.error, SHOWN):.1g}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Rewriting({self.network!r}, cost {self.cost_before:.6g} -> {self.cost_after:.6g})"


def rewrite(model: Any, X: Any, norm: float = 1) -> Rewriting:
    """A trained ReLU network as one of wedges of samples, with the same outputs on them at no higher cost.

    u = Σ_k c_k r_k for each hidden neuron, r_k wedges in its chamber, Σ c_k ‖w(r_k)‖_p = ‖w(u)‖_p for p = 1 and ∞.

    Parameters
    ----------
    model : torch.nn.Module or its state_dict, estimator or Pipeline of scikit-learn, ONNX model or file, or list
        As in `geomnn.networks.io.interchange.layers_of`; the outputs of a classifier are its logits.
    X : array_like, shape (n, d)
        Samples, one a row.
    norm : {1, 2, numpy.inf}
        p. With 2 the cost may rise; 2 and inf are for one hidden layer.

    Returns
    -------
    Rewriting
        At most n neurons in the last hidden layer for a scalar output, and n·c for c outputs.

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If the model or the samples cannot be used.

    Examples
    --------
    >>> import numpy as np, geomnn as gm
    >>> from sklearn.neural_network import MLPRegressor
    >>> X, y = gm.datasets.ramps()
    >>> trained = MLPRegressor(hidden_layer_sizes=20, solver="lbfgs", random_state=0).fit(X, y)
    >>> rewriting = gm.rewrite(trained, X)
    >>> rewriting.after[0] <= len(X), rewriting.cost_after <= rewriting.cost_before * (1 + 1e-12)
    (True, True)
    >>> bool(np.abs(rewriting.network(X) - trained.predict(X)).max() < 1e-9)
    True

    Source: geomnn theory, section 6.
    """
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            found, names = _rewritten(*_checked(model, X, norm)), column_names(X)
            for kept in (
                "feature_names",
                "feature_names_in_",
            ):  # those of the model, where the table has none
                names = getattr(model, kept, None) if names is None else names
            return replace(found, network=replace(found.network, feature_names=names))
    except FloatingPointError as reason:
        raise DataError(
            "The products of the weights of the model, or of them and the samples, do not fit into float64: rescale "
            "its layers, or X."
        ) from reason


def _rewritten(p: float, table: np.ndarray, layers: Layers) -> Rewriting:
    if p != 1 and len(layers) > 2:
        raise UnsupportedProblem(
            f"The model has {len(layers) - 1} hidden layers and norm={p:g} was given; more than one is for norm=1."
        )
    bias = any(offsets is not None for _, offsets in layers)
    hidden, outer, intercept = unit_layers(layers, p)
    if hidden and len(hidden) < len(layers) - 1:  # products of weights that are not zero were
        raise FloatingPointError("underflow")
    wanted, levels, inputs = _outputs(layers, table), [], table
    for number, (places, weights, offsets) in enumerate(hidden, start=1):
        levels.append(_Level(number, Samples(inputs, bias), p, places, weights, offsets))
        inputs = np.maximum(inputs @ weights.T + offsets, 0.0)
    last, origins, bound = FeatureLayer(()), list[dict[int, list[int]]](), 1.0
    z, t = np.zeros((0, len(outer))), intercept
    if levels:
        last, z, t, owners, bound = _last_layer(levels[-1], outer, intercept, inputs @ outer.T)
        origins = [owners]
    kept = [last]
    for level in reversed(levels[:-1]):
        used = sorted({k for atom in kept[0].atoms for k in atom.support})
        if not used:
            break
        kept[0] = replace(kept[0], atoms=tuple(atom.among(used) for atom in kept[0].atoms))
        layer, owners = _feature_layer(level, used)
        kept.insert(0, layer)
        origins.insert(0, owners)
    *below, last = kept
    scalar = len(t) == 1
    network = AnalyticNetwork.from_atoms(
        last.atoms, z[:, 0] if scalar else z, float(t[0]) if scalar else t, table.shape[1], p, bias, below
    )
    off = np.abs(network(table).reshape(wanted.shape) - wanted).max()
    before = tuple(len(weights) for weights, _ in layers[:-1])
    return Rewriting(
        network,
        before,
        (*[0] * (len(before) - len(kept)), *(len(layer.atoms) for layer in kept)),
        _cost(layers, p),
        _cost(network.layers, p),
        float(off / max(np.abs(wanted).max(), np.finfo(float).tiny)),
        bound,
        tuple(
            tuple(tuple(owned.get(j, ())) for j in range(width))
            for owned, width in zip([{}] * (len(before) - len(origins)) + origins, before, strict=True)
        ),
    )


@dataclass(frozen=True, eq=False)
class SplitNeuron:
    """A neuron of the first hidden layer as a sum of wedges: (w, b) = Σ_k c_k (w_k, b_k) + (0, constant).

    Parameters
    ----------
    coefficients : ndarray, shape (m,)
        c_k > 0.
    weights, biases : ndarray, shape (m, d) and (m,)
        Unit wedges, ‖w_k‖_p = 1; biases in the coordinates of X.
    constant : float
        What is added on every sample; 0 unless the neuron is active on all.
    """

    coefficients: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    constant: float


def split_layer(model: Any, X: Any, norm: float = 1) -> Iterator[SplitNeuron]:
    """The neurons of the first hidden layer as sums of wedges, one at a time.

    For layers with too many parts to be stored, named or pruned at once.

    Parameters
    ----------
    model, X, norm
        As in `rewrite`.

    Yields
    ------
    SplitNeuron
        Of each neuron, in order; its parts take its outer weights. Jobs run as joblib's active backend says: ``with
        joblib.parallel_config(n_jobs=2)``.

    Raises
    ------
    DataError, OptionError, UnsupportedProblem
        If the model or the samples cannot be used.

    Examples
    --------
    >>> import geomnn as gm
    >>> parts = next(gm.split_layer([[[1.0, -2.0]], [[1.0]]], [[1, 0], [0, 1], [3, 1]]))
    >>> parts.coefficients.round(6).tolist(), parts.weights.round(6).tolist()
    ([2.666667, 0.333333], [[0.25, -0.75], [1.0, 0.0]])

    Source: geomnn theory, section 6.
    """
    p, table, layers = _checked(model, X, norm)
    samples = Samples(table, any(offsets is not None for _, offsets in layers))
    weights, offsets = layers[0]
    biases = np.zeros(len(weights)) if offsets is None else offsets
    neurons = [samples.unit_of(w, float(b)) for w, b in zip(weights, biases, strict=True)]
    for parts in chain.from_iterable(streamed(split, _blocks(samples, neurons, p))):
        w = parts.units[:, : samples.d]
        b = parts.units[:, -1] - w @ samples.centre if samples.bias else np.zeros(len(w))
        yield SplitNeuron(parts.coefficients, w, b, parts.constant)


@dataclass(frozen=True, eq=False)
class _Level:
    """The unit neurons of a hidden layer, over the samples or over the unit features of the layer below."""

    number: int
    samples: Samples
    norm: float
    places: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray

    def parts(self, chosen: Sequence[int]) -> list[Parts]:
        """The chosen neurons as sums of wedges."""
        units = [self.samples.unit_of(self.weights[j], float(self.offsets[j])) for j in chosen]
        return [*chain.from_iterable(in_parallel(split, _blocks(self.samples, units, self.norm)))]

    def name(self, unit: np.ndarray) -> Atom:
        """The atom at a unit."""
        if self.number > 1:
            return name_feature(self.samples, unit, self.number)
        return name_atom(
            self.samples,
            unit,
            self.norm,
            ball(1.0 if self.norm == 2 else self.norm).directions(self.samples.d),
        )


def _checked(model: Any, X: Any, norm: Any) -> tuple[float, np.ndarray, Layers]:
    """p, the samples and the layers of the model, if they fit together."""
    p, table, layers = ball(norm).p, real_table(X, "X"), layers_of(model)
    if len(layers) < 2:
        raise UnsupportedProblem("The model is linear: it has no hidden neuron to be rewritten.")
    if table.shape[1] != layers[0][0].shape[1]:
        raise DataError(
            f"X has {table.shape[1]} columns; the model takes {layers[0][0].shape[1]}: give the samples that it was "
            "trained on, with the features in the same order."
        )
    return p, table, layers


def _blocks(samples: Samples, units: list[np.ndarray], norm: float) -> list[tuple[Any, ...]]:
    """Jobs for `split`."""
    return [(samples, units[k : k + JOB_NEURONS], norm) for k in range(0, len(units), JOB_NEURONS)]


def _last_layer(
    level: _Level, outer: np.ndarray, intercept: np.ndarray, moving: np.ndarray
) -> tuple[FeatureLayer, np.ndarray, np.ndarray, dict[int, list[int]], float]:
    """The neurons of the last hidden layer: their activations, z (k, c), t (c,), which of them each neuron became, and
    what the angles of the chambers allow.

    Outputs without the intercept, beside which they may be tiny, are ``moving``.
    """
    parts = level.parts(range(len(level.places)))
    constant = sum(each.constant * alpha for each, alpha in zip(parts, outer.T, strict=True))
    t = intercept + constant
    units = np.vstack([each.units for each in parts])
    owners = np.repeat(np.arange(len(parts)), [len(each.units) for each in parts])
    z = np.concatenate([each.coefficients for each in parts])[:, None] * outer.T[owners]
    activations = level.samples.activations(units)
    there = np.flatnonzero(activations.any(axis=0) & z.any(axis=1))
    together = activations.shape[0] * z[there].size <= DENSE
    groups = [there] if together else [there[owners[there] == j] for j in range(len(parts))]
    atoms: list[Atom] = []
    sizes: list[np.ndarray] = []
    became: dict[int, list[int]] = {}
    found: dict[tuple[object, ...], int] = {}
    for group in groups:
        size = np.linalg.norm(z[group], axis=1)
        products = products_of(activations[:, group], z[group]) if together else activations[:, group] * size
        factors = pruned(products, size)
        for k, factor in zip(group[factors > 0], factors[factors > 0], strict=True):
            atom = level.name(units[k])
            place = found.setdefault((*atom.place, atom.support), len(atoms))
            if place == len(atoms):
                atoms.append(atom)
                sizes.append(np.zeros(len(t)))
            sizes[place] = sizes[place] + factor * z[k]
            became.setdefault(int(level.places[owners[k]]), []).append(place)
    total = np.array(sizes).reshape(-1, len(t))
    if together and atoms:  # what rounding has left over
        products = products_of(feature_table(level.samples, atoms), total)
        rest = (moving - constant).ravel() - products.sum(axis=1)
        total = total * (1 + np.linalg.lstsq(products, rest, rcond=1e-13)[0])[:, None]
    return FeatureLayer(tuple(atoms)), total, t, became, _angle_bound(level, parts)


def _feature_layer(level: _Level, used: Sequence[int]) -> tuple[FeatureLayer, dict[int, list[int]]]:
    """Features as sums of those of wedges, and which of these each of them became."""
    atoms: list[Atom] = []
    became: dict[int, list[int]] = {}
    found: dict[tuple[object, ...], int] = {}
    entries, shift = [], np.zeros(len(used))
    for row, (j, parts) in enumerate(zip(used, level.parts(used), strict=True)):
        shift[row] = parts.constant
        there = level.samples.activations(parts.units).any(axis=0)
        names, factors = [level.name(unit) for unit in parts.units[there]], parts.coefficients[there]
        if names:
            factors = factors * pruned(feature_table(level.samples, names) * factors, factors)
        for atom, factor in zip(names, factors, strict=True):
            if factor:
                place = found.setdefault((*atom.place, atom.support), len(atoms))
                if place == len(atoms):
                    atoms.append(atom)
                entries.append((row, place, factor))
                became.setdefault(int(level.places[j]), []).append(place)
    mix = np.zeros((len(used), len(atoms)))
    for row, place, factor in entries:
        mix[row, place] += factor
    return FeatureLayer(tuple(atoms), mix, shift), became


def _angle_bound(level: _Level, parts: Sequence[Parts]) -> float:
    """What the angles between the parts of a neuron allow its cost to rise by, the largest of all neurons."""
    if ball(level.norm).polyhedral:
        return 1.0
    bounds = [1.0]
    for each in parts:
        m, smallest = len(each.units), float((each.units @ each.units.T).min(initial=1.0))
        if m > 1:
            wide = level.samples.bias or smallest <= 0
            bounds.append(np.inf if wide else float(np.sqrt(m / (1 + (m - 1) * smallest))))
    return max(bounds)


def _outputs(layers: Layers, table: np.ndarray) -> np.ndarray:
    """f(X), shape (n, c)."""
    for k, (weights, offsets) in enumerate(layers):
        table = table @ weights.T + (0.0 if offsets is None else offsets)
        table = np.maximum(table, 0.0) if k < len(layers) - 1 else table
    return table


def _cost(layers: Layers, norm: float) -> float:
    """Σ_k ‖α_k‖_2 times the cost of neuron k: ‖·‖_p of its weights times the costs of what they belong to."""
    costs = np.ones(layers[0][0].shape[1])
    for weights, _ in layers[:-1]:
        costs = ball(norm).length(weights * costs)
    return float(np.linalg.norm(layers[-1][0], axis=0) @ costs)
