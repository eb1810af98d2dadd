"""network.json: a network as a JSON document, exact to the last bit, refused when not understood.

There is one version; docs/schemas/network.schema.json says what is in it.  Its "numbers" are "float64", the balanced
weights of each neuron, or "exact", the unit weight u, its bias and z: a rational as "p/q", a sum of square roots as a
list of ["p/q", radicand].  What a network is without is left out: hidden layers of unit neurons "below" the last one,
with a "mix" where features are sums of them, the "scaling" that comes first, "feature_names" and "classes"; of a neuron
the point "aside" of its anchor, [m, "t"], the "moves" of samples that were moved, and of a partial wedge the samples
that are "active".
"""

from __future__ import annotations

import os
import re
from collections.abc import Set
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.atoms import ASIDE, AsideWedge, Atom, FeatureWedge, MergedWedge, MovedWedge, PartialWedge
from geomnn.checker.digits import any_size
from geomnn.checker.statements import brief
from geomnn.depth.layer import FeatureLayer
from geomnn.errors import FormatError, UnsupportedProblem
from geomnn.files import read_json
from geomnn.networks.io.contradictions import contradiction
from geomnn.networks.neuron import ExactNeuron, Neuron
from geomnn.networks.scaling import Scaling
from geomnn.norms import Direction, ball
from geomnn.numbers.rationals import is_exact, symbolic

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["dump", "load", "named", "plain_numbers"]

FORMAT, VERSION = "geomnn network", 1
NUMBERS = ("float64", "exact")
NORMS = {"1": 1.0, "2": 2.0, "inf": float("inf")}
LARGEST_NUMBER = (
    1e150  # of a number, so that products of two of them are some, and the inverse of a deviation
)
MOST_FEATURES = 10**7
KEYS = {"format", "version", "numbers", "features", "outputs", "norm", "bias", "intercept", "neurons"}
PARTS = {"below", "scaling", "feature_names", "classes"}
UNIT_KEYS = {"name", "weight", "bias", "samples", "directions", "orientation"}
LAST = ("outer", "coefficient")  # of a neuron of the last hidden layer, in floats and exactly
RATIONAL = re.compile(r"-?\d+(/[1-9]\d*)?")


def dump(network: AnalyticNetwork) -> dict[str, Any]:
    """The network as plain lists, numbers and strings."""
    exact, scaling = network.exact, network.scaling
    content = {
        "format": FORMAT,
        "version": VERSION,
        "numbers": NUMBERS[exact],
        "features": network.features,
        "outputs": network.outputs,
        "norm": f"{network.norm:g}",
        "bias": network.bias,
        "intercept": plain_numbers(network.intercept),
        "neurons": [
            named(neuron.atom)
            | _unit(neuron.atom if exact else neuron)
            | {LAST[exact]: plain_numbers(neuron.coefficient if exact else neuron.outer)}
            for neuron in network.neurons
        ],
    }
    parts = {
        "below": [_layer(layer) for layer in network.below],
        "scaling": scaling and scaling.plain(),
        "feature_names": list(network.feature_names or ()),
        "classes": list(network.classes or ()),
    }
    return content | {key: part for key, part in parts.items() if part}


def _layer(layer: FeatureLayer) -> dict[str, Any]:
    """The unit neurons of a hidden layer, with the sums that its features are where they are sums."""
    entry: dict[str, Any] = {"neurons": [named(atom) | _unit(atom) for atom in layer.atoms]}
    if layer.mix is not None:
        entry |= {"mix": layer.mix.tolist(), "shift": layer.shifts.tolist()}
    return entry


def named(atom: Atom) -> dict[str, Any]:
    """The name of a neuron and what it says.

    Raises
    ------
    UnsupportedProblem
        If it is merged of several.
    """
    if isinstance(atom, MergedWedge):
        raise UnsupportedProblem(
            f"The neuron {atom} is merged of {len(atom.parts)} wedges, and a file has a place for one; save a network "
            "over the dictionary, or the weights by to_torch()."
        )
    entry = {
        "name": str(atom),
        "samples": list(atom.samples),
        "directions": [[e.first, e.second, e.sign] for e in atom.directions],
        "orientation": atom.orientation,
    }
    if isinstance(atom, AsideWedge):
        entry["aside"] = [atom.aside[0], plain_numbers(atom.aside[1])]
    if isinstance(atom, MovedWedge):
        entry["moves"] = [*map(list, atom.moves)]
    if isinstance(atom, PartialWedge):
        entry["active"] = list(atom.active)
    return entry


def _unit(neuron: Any) -> dict[str, Any]:
    return {"weight": plain_numbers(neuron.weight), "bias": plain_numbers(neuron.bias)}


def plain_numbers(value: Any) -> Any:
    """Floats as they are, a rational as "p/q", a sum of roots as a list of ["p/q", radicand]; arrays as lists."""
    if not is_exact(value):
        array = np.asarray(value)
        return array.astype(float).tolist() if array.dtype != object else [plain_numbers(x) for x in array]
    with any_size():
        if isinstance(value, Fraction) or value.is_Rational:
            return str(value)
        from geomnn.numbers.roots import RootBasis

        basis = RootBasis()
        terms = basis.read(value).terms.items()
        return sorted(([str(c), basis.radicands[k]] for k, c in terms), key=lambda term: term[1])


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The parts of a network of which `dump` was written, as `AnalyticNetwork` takes them."""
    content = read_json(path, "network.json of a report, or a file of AnalyticNetwork.save")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(
            f"{path} does not say it is a '{FORMAT}'; give network.json of a report, or a file of AnalyticNetwork.save."
        )
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise FormatError(
            f"{path} has version {brief(version)} and this geomnn reads {VERSION}; read it with the geomnn that wrote "
            "it."
        )
    try:
        with any_size():
            return _parse(content)
    except (ValueError, OverflowError) as reason:
        raise FormatError(f"{path} is damaged: {reason}; write it anew.") from reason


def _parse(content: dict[str, Any]) -> dict[str, Any]:
    _expect_keys(content, "the document", KEYS, PARTS)
    features, outputs, bias, norm = (content[key] for key in ("features", "outputs", "bias", "norm"))
    exact = content["numbers"] == "exact"
    fits = {
        "numbers": content["numbers"] in NUMBERS,
        "features": _is_count(features) and 0 < features <= MOST_FEATURES,
        "outputs": outputs is None or (not exact and _is_count(outputs) and outputs > 0),
        "norm": isinstance(norm, str) and norm in NORMS,
        "bias": isinstance(bias, bool),
    }
    for key, fitting in fits.items():
        _expect(fitting, f"{key} is {brief(content[key])} in a network of {content['numbers']} numbers")
    _expect(not exact or "scaling" not in content, "an exact network has a scaling")
    reader = _Reader(exact, NORMS[norm], bias, () if outputs is None else (outputs,))
    below: list[FeatureLayer] = []
    for layer in _list(content.get("below", []), "below"):
        below.append(reader.layer(layer, below[-1].width if below else features, len(below) + 1))
    _expect(bool(below) == ("below" in content), "there are no hidden layers below")
    width = below[-1].width if below else features
    intercept = reader.numbers(content["intercept"], reader.shape, "intercept")
    _expect(bias or not np.any(np.asarray(intercept) != 0), "it has an intercept and no biases")
    return {
        "neurons": [
            reader.neuron(entry, width, len(below) + 1) for entry in _list(content["neurons"], "neurons")
        ],
        "intercept": intercept,
        "features": features,
        "norm": reader.norm,
        "bias": bias,
        "below": below,
        "scaling": _scaling(content["scaling"], features) if "scaling" in content else None,
        "feature_names": _names(content, "feature_names", features),
        "classes": _names(content, "classes", outputs or 2),
    }


def _scaling(entry: Any, features: int) -> Scaling:
    _expect_keys(entry, "scaling", {"mean", "deviation"})
    mean, deviation = (_floats(entry[key], (features,), key) for key in ("mean", "deviation"))
    _expect(bool((deviation >= 1 / LARGEST_NUMBER).all()), "a deviation is not above 0")
    return Scaling(mean, deviation)


def _names(content: dict[str, Any], key: str, count: int) -> list[str] | None:
    if key not in content:
        return None
    names = _list(content[key], key)
    fitting = all(isinstance(name, str) for name in names) and len(set(names)) == len(names) == count
    _expect(fitting, f"{key} is {brief(names)} where {count} different names are needed")
    return names


@dataclass(frozen=True)
class _Reader:
    """What reads the neurons of a document."""

    exact: bool
    norm: float
    bias: bool
    shape: tuple[int, ...]  # of an output

    def layer(self, entry: Any, width: int, level: int) -> FeatureLayer:
        """A hidden layer of unit neurons."""
        _expect_keys(entry, "a hidden layer", {"neurons"}, {"mix", "shift"})
        atoms = []
        for unit in _list(entry["neurons"], "neurons"):
            _expect_keys(unit, "a neuron", UNIT_KEYS, {"aside", "active", "moves"})
            atoms.append(self._atom(unit, *self._weights(unit, width), level))
        if len(entry) == 1:
            _expect(bool(atoms), "a hidden layer is empty")
            return FeatureLayer(tuple(atoms))
        _expect(not self.exact and len(entry) == 3, f"the keys of a hidden layer are {sorted(entry)}")
        mix = [_floats(row, (len(atoms),), "a sum") for row in _list(entry["mix"], "mix")]
        shift = _floats(entry["shift"], (len(mix),), "shift")
        return FeatureLayer(tuple(atoms), np.array(mix).reshape(len(mix), len(atoms)), shift)

    def neuron(self, entry: Any, width: int, level: int) -> Neuron | ExactNeuron:
        """A neuron of the last hidden layer."""
        last = LAST[self.exact]
        _expect_keys(entry, "a neuron", UNIT_KEYS | {last}, {"aside", "active", "moves"})
        (weight, bias), outer = self._weights(entry, width), self.numbers(entry[last], self.shape, last)
        if self.exact:
            return ExactNeuron(self._atom(entry, weight, bias, level), outer)
        with np.errstate(over="ignore"):
            size = float(ball(self.norm).length(weight))
        _expect(0 < size < np.inf, f"a weight has the norm {size:g}")
        return Neuron(weight, bias, outer, self._atom(entry, weight / size, bias / size, level))

    def _weights(self, entry: dict[str, Any], width: int) -> tuple[np.ndarray, Any]:
        return self.numbers(entry["weight"], (width,), "weight"), self.numbers(entry["bias"], (), "bias")

    def numbers(self, value: Any, shape: tuple[int, ...], name: str) -> Any:
        """One number for the shape (), an array for another one."""
        if not self.exact:
            return _floats(value, shape, name)
        if not shape:
            return _exact_number(value)
        _expect(len(_list(value, name)) == shape[0], f"{name} has another length")
        return np.array([_exact_number(number) for number in value], dtype=object)

    def _atom(self, entry: dict[str, Any], weight: np.ndarray, bias: Any, level: int) -> Atom:
        """The unit neuron, if it has the name of the entry and numbers that the name allows."""
        samples, active = (tuple(_list(entry.get(key, []), key)) for key in ("samples", "active"))
        _expect(
            all(map(_is_count, (*samples, *active))),
            f"samples and active ones are {brief((samples, active))}",
        )
        _expect(bool(samples) or not self.bias, "a neuron has no sample that its hyperplane goes through")
        orientation = entry["orientation"]
        _expect(type(orientation) is int and orientation in (1, -1), f"orientation is {brief(orientation)}")
        directions = (_direction(e, len(weight)) for e in _list(entry["directions"], "directions"))
        atom = Atom(weight, bias, samples, tuple(directions), orientation, self.bias, self.norm)
        if "aside" in entry:
            other = _list(entry["aside"], "aside")
            fits = self.bias and level == 1 and len(other) == 2 and _is_count(other[0])
            _expect(fits and "active" not in entry, f"aside is {brief(other)}")
            aside = other[0], _exact_number(other[1])
            _expect(aside[1] in ASIDE and aside[0] != samples[-1], f"aside is {brief(other)}")
            atom = AsideWedge(**vars(atom), aside=aside)
        elif "moves" in entry:
            _expect(
                level == 1 and "active" not in entry and not self.exact, "moves are of neurons over samples"
            )
            moves = [
                _floats(move, (len(weight),), "moves").tolist() for move in _list(entry["moves"], "moves")
            ]
            _expect(len(moves) == len(samples), "moves has another length")
            atom = MovedWedge(**vars(atom), moves=tuple(map(tuple, moves)))
        elif "active" in entry:
            _expect(level == 1, f"active is {brief(active)}")
            atom = PartialWedge(**vars(atom), active=active, outputs=self.shape[0] if self.shape else 1)
        elif level > 1:
            atom = FeatureWedge(**vars(atom), level=level)
        _expect(
            str(atom) == entry["name"], f"the name {brief(entry['name'])} does not fit its samples ({atom})"
        )
        reason = contradiction(atom)
        _expect(reason is None, f"the name {brief(entry['name'])} {reason}")
        return atom


def _exact_number(text: Any) -> Any:
    """The number that `plain_numbers` wrote, in no other spelling."""
    number: Any
    if isinstance(text, str):
        _expect(RATIONAL.fullmatch(text) is not None, f"{brief(text)} is no rational")
        number = Fraction(text)
    else:
        pairs = [term for term in _list(text, "a number") if isinstance(term, list) and len(term) == 2]
        fitting = all(isinstance(term[0], str) and _is_count(term[1]) and term[1] > 0 for term in pairs)
        _expect(len(pairs) == len(text) and fitting, f"a root is {brief(text)}")
        import sympy

        number = sympy.Add(*(symbolic(_exact_number(c)) * sympy.sqrt(radicand) for c, radicand in pairs))
    _expect(plain_numbers(number) == text, f"{brief(text)} is not in its shortest form")
    return number


def _direction(entry: Any, features: int) -> Direction:
    """e_l as [l, −1, 0], e_l ± e_m as [l, m, ±1]."""
    integers = isinstance(entry, list) and len(entry) == 3 and all(type(number) is int for number in entry)
    _expect(integers, f"a direction is {brief(entry)}")
    first, second, sign = entry
    axis, pair = (second, sign) == (-1, 0), first < second < features and sign in (1, -1)
    _expect(0 <= first < features and (axis or pair), f"a direction is {brief(entry)}")
    return Direction(first, second, sign)


def _floats(value: Any, shape: tuple[int, ...], name: str) -> Any:
    flat = value if shape else [value]
    plain = isinstance(flat, list) and all(
        isinstance(x, int | float) and not isinstance(x, bool) for x in flat
    )
    _expect(plain, f"{name} is {brief(value)}")
    array = np.array(flat, dtype=float)
    fitting = array.shape == (shape or (1,)) and bool((np.abs(array) <= LARGEST_NUMBER).all())
    _expect(fitting, f"{name} is {brief(value)}")
    return array if shape else float(array[0])


def _list(value: Any, name: str) -> list[Any]:
    _expect(isinstance(value, list), f"{name} is {brief(value)}, which is no list")
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _expect_keys(entry: Any, what: str, needed: set[str], possible: Set[str] = frozenset()) -> None:
    _expect(isinstance(entry, dict), f"{what} is {brief(entry)}")
    fitting = needed <= set(entry) <= needed | possible
    _expect(fitting, f"the keys of {what} are {sorted(entry)}, {sorted(needed)} were expected")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
