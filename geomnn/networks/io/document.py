"""Networks as JSON documents: versioned, exact to the last bit, refused when not understood.

Version 1 holds balanced float64 weights, version 2 exact numbers: the unit weight u, its bias and z of each
neuron, a rational as "p/q" and a sum of square roots as a list of ["p/q", radicand].  Versions 3 and 4 are the same for
deep networks, with the hidden layers of unit neurons below the last one; version 5 is version 3 with features that are
sums of unit neurons.  Versions 6 to 10 are 1 to 5 with neurons through points next to their anchors, which have a key
"aside", [m, "t"].  Versions 11 to 20 are 1 to 10 with a key "scaling", the mean and the deviation of each column, which
the network standardises first.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from geomnn.atoms import ASIDE, Atom, Direction
from geomnn.checker.digits import MOST_DIGITS, any_size, parse_json, too_long
from geomnn.checker.statements import brief
from geomnn.depth.layer import FeatureLayer
from geomnn.errors import FileError, FormatError
from geomnn.files import write_whole
from geomnn.networks.io.contradictions import contradiction
from geomnn.networks.scaling import Scaling
from geomnn.numbers.rationals import symbolic
from geomnn.numbers.roots import RootBasis
from geomnn.samples import weight_norm

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["dump", "exact_text", "load", "save"]

FORMAT = "geomnn network"
NUMERIC, EXACT, DEEP = 1, 2, 2  # versions; a deep network has one that is so much higher
MIXED = 5  # the version of deep networks whose features are sums; so much higher is that of points next to anchors
SCALED = 2 * MIXED  # and so much higher again that of a network that standardises its columns
MIXED_KEYS = {"neurons", "mix", "shift"}
NORMS = {"1": 1.0, "2": 2.0, "inf": float("inf")}
LARGEST = 1e150  # of a number, so that products of two of them are some, and the inverse of a deviation
MOST_FEATURES = 10**7
KEYS = {"format", "version", "features", "outputs", "norm", "bias", "intercept", "neurons"}
UNIT_KEYS = {"name", "weight", "bias", "samples", "directions", "orientation"}
NEURON_KEYS = {NUMERIC: UNIT_KEYS | {"outer", "active"}, EXACT: UNIT_KEYS | {"coefficient"}}
Named = tuple[tuple[int, ...], tuple[Direction, ...], int]
Parts = tuple[list[tuple], Any, int, float, bool, list[FeatureLayer], Scaling | None]
RATIONAL = re.compile(r"-?\d+(/[1-9]\d*)?")


def dump(network: AnalyticNetwork) -> dict[str, Any]:
    """The network as plain lists, numbers and strings."""
    exact, mixed = network.exact, any(layer.mix is not None for layer in network.below)
    version = MIXED if mixed else (EXACT if exact else NUMERIC) + (DEEP if network.below else 0)
    version += MIXED * _any_aside([neuron.atom for neuron in network.neurons], network.below)
    content = {
        "format": FORMAT,
        "version": version + SCALED * (network.scaling is not None),
        "features": network.features,
        "outputs": network.outputs,
        "norm": f"{network.norm:g}",
        "bias": network.bias,
        "intercept": exact_text(network.intercept)
        if exact
        else np.asarray(network.intercept, dtype=float).tolist(),
        "neurons": [
            _name(neuron.atom) | (_exact_numbers(neuron) if exact else _numeric_numbers(neuron))
            for neuron in network.neurons
        ],
    }
    if network.below:
        content["below"] = [_layer(layer, exact, mixed) for layer in network.below]
    if network.scaling is not None:
        mean, deviation = network.scaling.mean, network.scaling.deviation
        content["scaling"] = {"mean": mean.tolist(), "deviation": deviation.tolist()}
    return content


def _any_aside(atoms: Sequence[Atom], below: Sequence[FeatureLayer]) -> bool:
    """Whether a neuron passes through a point next to its anchor."""
    return any(atom.aside is not None for atom in [*atoms, *(a for layer in below for a in layer.atoms)])


def _layer(layer: FeatureLayer, exact: bool, mixed: bool) -> Any:
    """The unit neurons of a hidden layer, with the sums that its features are where some are."""
    neurons = [_name(atom) | _unit(atom, exact) for atom in layer.atoms]
    if not mixed:
        return neurons
    sums = [
        [[r, float(row[r])] for r in np.flatnonzero(row).tolist()]
        for row in (np.eye(layer.width) if layer.mix is None else layer.mix)
    ]
    return {"neurons": neurons, "mix": sums, "shift": layer.shifts.tolist()}


def _name(atom: Atom) -> dict[str, Any]:
    return {
        "name": str(atom),
        "samples": list(atom.samples),
        "directions": [[e.first, e.second, e.sign] for e in atom.directions],
        "orientation": atom.orientation,
        **({} if atom.aside is None else {"aside": [atom.aside[0], exact_text(atom.aside[1])]}),
    }


def _unit(atom: Atom, exact: bool) -> dict[str, Any]:
    if exact:
        return {"weight": [exact_text(entry) for entry in atom.weight], "bias": exact_text(atom.bias)}
    return {"weight": atom.weight.tolist(), "bias": float(atom.bias)}


def _numeric_numbers(neuron: Any) -> dict[str, Any]:
    return {
        "weight": neuron.weight.tolist(),
        "bias": float(neuron.bias),
        "outer": np.asarray(neuron.outer, dtype=float).tolist(),
        "active": None if neuron.atom.active is None else list(neuron.atom.active),
    }


def _exact_numbers(neuron: Any) -> dict[str, Any]:
    return {
        **_unit(neuron.atom, True),
        "coefficient": exact_text(neuron.coefficient),
    }


def save(network: AnalyticNetwork, path: str | os.PathLike[str]) -> None:
    """Write `dump` to a file, whole or not at all."""
    write_whole(path, json.dumps(dump(network), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def load(path: str | os.PathLike[str]) -> Parts:
    """The parts of a network: neurons (weight, bias, outer, atom), of an exact one (atom, coefficient); intercept,
    features, norm, bias, the hidden layers below and the scaling."""
    try:
        content = parse_json(Path(path).read_text(encoding="utf-8"))
    except OSError as reason:
        raise FileError(
            f"{path} cannot be read ({reason.strerror}); give a file written by save()."
        ) from reason
    except ValueError as reason:
        raise FormatError(
            f"{path} is not a JSON document that can be read ({reason}); give a file written by save()."
        ) from reason
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(
            f"{path} does not say it is a '{FORMAT}'; give a file written by AnalyticNetwork.save()."
        )
    version = content.get("version")
    if type(version) is not int or not NUMERIC <= version <= 2 * SCALED:
        raise FormatError(
            f"{path} has version {brief(version)} and this geomnn reads {NUMERIC} to {2 * SCALED}; "
            "read it with the geomnn that wrote it."
        )
    try:
        with any_size():
            return _parse(content)
    except (ValueError, OverflowError) as reason:
        raise FormatError(f"{path} is damaged: {reason}; write it anew with save().") from reason


def _parse(content: dict[str, Any]) -> Parts:
    scaled, version = divmod(content["version"] - 1, SCALED)
    aside, version = divmod(version, MIXED)
    mixed, deep = version + 1 == MIXED, version + 1 > DEEP
    kind = NUMERIC if mixed else version % DEEP + 1
    keys = KEYS | ({"below"} if deep else set()) | ({"scaling"} if scaled else set())
    _expect(set(content) == keys, f"its keys are {sorted(content)}, {sorted(keys)} were expected")
    features, outputs, bias = content["features"], content["outputs"], content["bias"]
    _expect(_is_count(features) and 0 < features <= MOST_FEATURES, f"features is {brief(features)}")
    _expect(outputs is None or (_is_count(outputs) and outputs > 0), f"outputs is {brief(outputs)}")
    _expect(isinstance(bias, bool), f"bias is {brief(bias)}")
    _expect(
        isinstance(content["norm"], str) and content["norm"] in NORMS, f"norm is {brief(content['norm'])}"
    )
    norm, shape = NORMS[content["norm"]], () if outputs is None else (outputs,)
    below: list[FeatureLayer] = []
    for layer in _list(content["below"], "below") if deep else []:
        width = below[-1].width if below else features
        below.append(_hidden_layer(layer, kind, mixed, width, norm, bias, len(below) + 1))
    _expect(bool(below) == deep, "there are no hidden layers below")
    width, level = (below[-1].width if below else features), len(below) + 1
    entries, neurons, intercept = _list(content["neurons"], "neurons"), [], content["intercept"]
    if kind == EXACT:
        _expect(outputs is None, f"outputs is {brief(outputs)} in an exact network")
        _expect(not scaled, "an exact network has a scaling")
        neurons = [_exact_neuron(entry, width, norm, bias, level) for entry in entries]
        neurons, intercept = _of_one_kind(neurons, exact_value(intercept))
        atoms = [atom for atom, _ in neurons]
    else:
        intercept = _numbers(intercept, shape, "intercept")
        neurons = [_neuron(entry, width, shape, norm, bias, level) for entry in entries]
        atoms = [atom for *_, atom in neurons]
    _expect(bias or not np.any(np.asarray(intercept) != 0), "it has an intercept and no biases")
    _expect(_any_aside(atoms, below) == bool(aside), "points are next to anchors, or not")
    return (
        neurons,
        intercept,
        features,
        norm,
        bias,
        below,
        _scaling(content["scaling"], features) if scaled else None,
    )


def _scaling(entry: Any, features: int) -> Scaling:
    _expect(isinstance(entry, dict) and set(entry) == {"mean", "deviation"}, f"scaling is {brief(entry)}")
    mean, deviation = (_numbers(entry[key], (features,), key) for key in ("mean", "deviation"))
    _expect(bool((deviation >= 1 / LARGEST).all()), "a deviation is not above 0")
    return Scaling(mean, deviation)


def _hidden_layer(
    layer: Any, kind: int, mixed: bool, width: int, norm: float, bias: bool, level: int
) -> FeatureLayer:
    mix = shift = None
    if mixed:
        _expect(isinstance(layer, dict) and set(layer) == MIXED_KEYS, f"a layer is {brief(layer)}")
        layer, mix, shift = _list(layer["neurons"], "neurons"), layer["mix"], layer["shift"]
        mix, shift = _sums(mix, shift, len(layer))
    entries = _list(layer, "a hidden layer")
    _expect(mixed or len(entries) > 0, "a hidden layer is empty")
    atoms = [_unit_atom(entry, kind, width, norm, bias, level) for entry in entries]
    return FeatureLayer(tuple(atoms), mix, shift)


def _sums(rows: Any, shift: Any, neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and the shifts that `_layer` wrote."""
    mix = np.zeros((len(_list(rows, "mix")), neurons))
    for j, row in enumerate(rows):
        last = -1
        for term in _list(row, "a sum"):
            _expect(isinstance(term, list) and len(term) == 2, f"a term of a sum is {brief(term)}")
            r, value = term
            _expect(
                _is_count(r) and last < r < neurons,
                f"a feature is a sum of neuron {brief(r)}, out of its order",
            )
            last = r
            mix[j, r] = _numbers(value, (), "mix")
            _expect(mix[j, r] != 0, "a coefficient of a sum is 0")
    return mix, _numbers(shift, (len(rows),), "shift")


def _of_one_kind(neurons: list[tuple], intercept: Any) -> tuple[list[tuple], Any]:
    """All numbers as Fractions, or all of SymPy where one of them is a sum of roots."""
    numbers = [intercept, *(x for atom, z in neurons for x in (z, atom.bias, *atom.weight))]
    if not any(isinstance(number, sympy.Expr) for number in numbers):
        return neurons, intercept
    convert = np.frompyfunc(symbolic, 1, 1)
    symbols = [
        (replace(atom, weight=convert(atom.weight), bias=symbolic(atom.bias)), symbolic(z))
        for atom, z in neurons
    ]
    return symbols, symbolic(intercept)


def _unit_atom(entry: Any, kind: int, width: int, norm: float, bias: bool, level: int) -> Atom:
    """A unit neuron of a hidden layer below."""
    rest = _named(entry, UNIT_KEYS, width)
    if kind == EXACT:
        return _exact_atom(entry, rest, width, norm, bias, level)
    weight = _numbers(entry["weight"], (width,), "weight")
    return _checked(Atom(weight, _numbers(entry["bias"], (), "bias"), *rest, bias, norm, level=level), entry)


def _exact_atom(entry: dict[str, Any], rest: Named, width: int, norm: float, bias: bool, level: int) -> Atom:
    _expect(
        isinstance(entry["weight"], list) and len(entry["weight"]) == width, "a weight has another length"
    )
    weight = np.empty(width, dtype=object)
    weight[:] = [exact_value(number) for number in entry["weight"]]
    return _checked(Atom(weight, exact_value(entry["bias"]), *rest, bias, norm, level=level), entry)


def _checked(atom: Atom, entry: dict[str, Any]) -> Atom:
    """The atom, through a point next to its anchor if the entry says so, if that has the name of the entry and numbers
    that the name allows."""
    _expect(
        bool(atom.samples) or not atom.anchored, "a neuron has no sample that its hyperplane goes through"
    )
    if "aside" in entry:
        aside = _list(entry["aside"], "aside")
        _expect(atom.anchored and len(aside) == 2 and _is_count(aside[0]), f"aside is {brief(aside)}")
        share = exact_value(aside[1])
        _expect(share in ASIDE and aside[0] != atom.anchor, f"aside is {brief(aside)}")
        atom = replace(atom, aside=(aside[0], share))
    _expect(str(atom) == entry["name"], f"the name {brief(entry['name'])} does not fit its samples ({atom})")
    reason = contradiction(atom)
    _expect(reason is None, f"the name {brief(entry['name'])} {reason}")
    return atom


def _exact_neuron(entry: dict[str, Any], width: int, norm: float, bias: bool, level: int) -> tuple:
    rest = _named(entry, NEURON_KEYS[EXACT], width)
    return _exact_atom(entry, rest, width, norm, bias, level), exact_value(entry["coefficient"])


def exact_value(text: Any) -> Any:
    """The number that `exact_text` wrote, in no other spelling."""
    number: Any
    if isinstance(text, str):
        _expect(RATIONAL.fullmatch(text) is not None, f"{brief(text)} is no rational")
        _expect(not too_long(text), f"a number has more than {MOST_DIGITS:,} digits")
        number = Fraction(text)
    else:
        pairs = [term for term in _list(text, "a number") if isinstance(term, list) and len(term) == 2]
        fitting = all(isinstance(term[0], str) and _is_count(term[1]) and term[1] > 0 for term in pairs)
        _expect(len(pairs) == len(text) and fitting, f"a root is {brief(text)}")
        terms = (symbolic(exact_value(coefficient)) * sympy.sqrt(radicand) for coefficient, radicand in pairs)
        number = sympy.Add(*terms)
    _expect(exact_text(number) == text, f"{brief(text)} is not in its shortest form")
    return number


def exact_text(number: Any) -> str | list[list[Any]]:
    """A rational as "p/q"; a sum of square roots as a list of ["p/q", radicand]."""
    with any_size():
        if isinstance(number, Fraction | int | sympy.Rational):
            return str(number)
        basis = RootBasis()
        terms = basis.read(number).terms.items()
        return sorted(([str(c), basis.radicands[k]] for k, c in terms), key=lambda term: term[1])


def _neuron(
    entry: dict[str, Any], features: int, shape: tuple[int, ...], norm: float, bias: bool, level: int
) -> tuple:
    rest = _named(entry, NEURON_KEYS[NUMERIC], features)
    weight = _numbers(entry["weight"], (features,), "weight")
    with np.errstate(over="ignore"):
        size = float(weight_norm(weight, norm))
    _expect(0 < size < np.inf, f"a weight has the norm {size:g}")
    active = entry["active"]
    _expect(active is None or all(map(_is_count, _list(active, "active"))), f"active is {brief(active)}")
    offset = _numbers(entry["bias"], (), "bias")
    atom = Atom(
        weight / size, offset / size, *rest, bias, norm,
        None if active is None else tuple(active), shape[0] if shape else 1, level,
    )  # fmt: skip
    return weight, offset, _numbers(entry["outer"], shape, "outer"), _checked(atom, entry)


def _named(entry: Any, keys: set[str], features: int) -> Named:
    """Samples, directions and orientation of a neuron."""
    _expect(isinstance(entry, dict) and set(entry) - {"aside"} == keys, f"a neuron is {brief(entry)}")
    samples = tuple(_list(entry["samples"], "samples"))
    _expect(all(map(_is_count, samples)), f"samples is {brief(entry['samples'])}")
    orientation = entry["orientation"]
    _expect(type(orientation) is int and orientation in (1, -1), f"orientation is {brief(orientation)}")
    directions = tuple(_direction(e, features) for e in _list(entry["directions"], "directions"))
    return samples, directions, orientation


def _direction(entry: Any, features: int) -> Direction:
    """e_l as [l, −1, 0], e_l ± e_m as [l, m, ±1]."""
    integers = isinstance(entry, list) and len(entry) == 3 and all(type(number) is int for number in entry)
    _expect(integers, f"a direction is {brief(entry)}")
    first, second, sign = entry
    axis, pair = (second, sign) == (-1, 0), first < second < features and sign in (1, -1)
    _expect(0 <= first < features and (axis or pair), f"a direction is {brief(entry)}")
    return Direction(first, second, sign)


def _numbers(value: Any, shape: tuple[int, ...], name: str) -> Any:
    flat = value if shape else [value]
    plain = isinstance(flat, list) and all(
        isinstance(x, int | float) and not isinstance(x, bool) for x in flat
    )
    _expect(plain, f"{name} is {brief(value)}")
    array = np.array(flat, dtype=float)
    fitting = array.shape == (shape or (1,)) and bool((np.abs(array) <= LARGEST).all())
    _expect(fitting, f"{name} is {brief(value)}")
    return array if shape else float(array[0])


def _list(value: Any, name: str) -> list:
    _expect(isinstance(value, list), f"{name} is {brief(value)}, which is no list")
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
