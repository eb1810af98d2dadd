"""Networks as JSON documents: versioned, exact to the last bit, refused when not understood.

Version 1 holds balanced float64 weights, version 2 exact numbers: the unit weight u, its bias and z of each
neuron, a rational as "p/q" and a sum of square roots as a list of ["p/q", radicand].  Versions 3 and 4 are the same for
deep networks, with the hidden layers of unit neurons below the last one; version 5 is version 3 with features that are
sums of unit neurons.  Versions 6 to 10 are 1 to 5 with neurons through points next to their anchors, which have a key
"aside", [m, "t"].
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
from geomnn.checker.digits import any_size
from geomnn.errors import FileError, FormatError
from geomnn.files import write_whole
from geomnn.layers import FeatureLayer
from geomnn.rationals import symbolic
from geomnn.roots import RootBasis

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["dump", "exact_text", "load", "save"]

FORMAT = "geomnn network"
NUMERIC, EXACT, DEEP = 1, 2, 2  # versions; a deep network has one that is so much higher
MIXED = 5  # the version of deep networks whose features are sums; so much higher is that of points next to anchors
MIXED_KEYS = {"neurons", "mix", "shift"}
NORMS = {"1": 1.0, "2": 2.0, "inf": float("inf")}
KEYS = {"format", "version", "features", "outputs", "norm", "bias", "intercept", "neurons"}
UNIT_KEYS = {"name", "weight", "bias", "samples", "directions", "orientation"}
NEURON_KEYS = {NUMERIC: UNIT_KEYS | {"outer", "active"}, EXACT: UNIT_KEYS | {"coefficient"}}
Named = tuple[tuple[int, ...], tuple[Direction, ...], int]
RATIONAL = re.compile(r"-?\d+(/[1-9]\d*)?")


def dump(network: AnalyticNetwork) -> dict[str, Any]:
    """The network as plain lists, numbers and strings."""
    exact, mixed = network.exact, any(layer.mix is not None for layer in network.below)
    version = MIXED if mixed else (EXACT if exact else NUMERIC) + (DEEP if network.below else 0)
    content = {
        "format": FORMAT,
        "version": version + MIXED * _any_aside([neuron.atom for neuron in network.neurons], network.below),
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


def load(path: str | os.PathLike[str]) -> tuple[list[tuple], Any, int, float, bool, list[FeatureLayer]]:
    """The parts of a network: neurons (weight, bias, outer, atom), of an exact one (atom, coefficient); intercept,
    features, norm, bias, and the hidden layers below."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as reason:
        raise FileError(
            f"{path} cannot be read ({reason.strerror}); give a file written by save()."
        ) from reason
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as reason:
        raise FormatError(
            f"{path} is not a JSON document ({reason}); give a file written by save()."
        ) from reason
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(
            f"{path} does not say it is a '{FORMAT}'; give a file written by AnalyticNetwork.save()."
        )
    if content.get("version") not in range(NUMERIC, 2 * MIXED + 1):
        raise FormatError(
            f"{path} has version {content.get('version')!r} and this geomnn reads {NUMERIC} to {2 * MIXED}; "
            "read it with the geomnn that wrote it."
        )
    try:
        return _parse(content)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as reason:
        raise FormatError(f"{path} is damaged: {reason}; write it anew with save().") from reason


def _parse(content: dict[str, Any]) -> tuple[list[tuple], Any, int, float, bool, list[FeatureLayer]]:
    version, aside = (content["version"] - 1) % MIXED + 1, content["version"] > MIXED
    deep, mixed = version > DEEP, version == MIXED
    kind = NUMERIC if mixed else (version - 1) % DEEP + 1
    keys = KEYS | {"below"} if deep else KEYS
    _expect(set(content) == keys, f"its keys are {sorted(content)}, {sorted(keys)} were expected")
    features, outputs, bias = content["features"], content["outputs"], content["bias"]
    _expect(_is_count(features) and features > 0, f"features is {features!r}")
    _expect(outputs is None or (_is_count(outputs) and outputs > 0), f"outputs is {outputs!r}")
    _expect(isinstance(bias, bool), f"bias is {bias!r}")
    _expect(content["norm"] in NORMS, f"norm is {content['norm']!r}")
    norm, shape = NORMS[content["norm"]], () if outputs is None else (outputs,)
    below: list[FeatureLayer] = []
    with any_size():
        for level, layer in enumerate(content["below"] if deep else [], start=1):
            mix = shift = None
            if mixed:
                _expect(isinstance(layer, dict) and set(layer) == MIXED_KEYS, f"a layer is {str(layer)[:80]}")
                mix, shift = _sums(layer["mix"], layer["shift"], len(layer["neurons"]))
            entries = layer["neurons"] if mixed else layer
            _expect(isinstance(entries, list) and (mixed or len(entries) > 0), "a hidden layer is empty")
            width = below[-1].width if below else features
            atoms = [_unit_atom(entry, kind, width, norm, bias, level) for entry in entries]
            below.append(FeatureLayer(tuple(atoms), mix, shift))
        width, level = (below[-1].width if below else features), len(below) + 1
        if kind == EXACT:
            _expect(outputs is None, f"outputs is {outputs!r} in an exact network")
            exact = [_exact_neuron(entry, width, norm, bias, level) for entry in content["neurons"]]
            _expect(
                _any_aside([atom for atom, _ in exact], below) == aside, "points are next to anchors, or not"
            )
            return *_of_one_kind(exact, exact_value(content["intercept"])), features, norm, bias, below
    intercept = _numbers(content["intercept"], shape, "intercept")
    neurons = [_neuron(entry, width, shape, norm, bias, level) for entry in content["neurons"]]
    _expect(_any_aside([atom for *_, atom in neurons], below) == aside, "points are next to anchors, or not")
    return neurons, intercept, features, norm, bias, below


def _sums(rows: list, shift: Any, neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and the shifts that `_layer` wrote."""
    mix = np.zeros((len(rows), neurons))
    for j, row in enumerate(rows):
        for r, value in row:
            _expect(_is_count(r) and r < neurons, f"a feature is a sum of neuron {r!r}")
            mix[j, r] = _numbers(value, (), "mix")
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
    _expect(bool(weight.any()), "a weight is zero")
    return _checked(Atom(weight, _numbers(entry["bias"], (), "bias"), *rest, bias, norm, level=level), entry)


def _exact_atom(entry: dict[str, Any], rest: Named, width: int, norm: float, bias: bool, level: int) -> Atom:
    weight = np.empty(width, dtype=object)
    _expect(
        isinstance(entry["weight"], list) and len(entry["weight"]) == width, "a weight has another length"
    )
    weight[:] = [exact_value(number) for number in entry["weight"]]
    _expect(any(weight), "a weight is zero")
    return _checked(Atom(weight, exact_value(entry["bias"]), *rest, bias, norm, level=level), entry)


def _checked(atom: Atom, entry: dict[str, Any]) -> Atom:
    """The atom, through a point next to its anchor if the entry says so, if that has the name of the entry."""
    if "aside" in entry:
        other, share = entry["aside"][0], exact_value(entry["aside"][1])
        _expect(atom.anchored and _is_count(other) and share in ASIDE, f"aside is {entry['aside']!r}")
        atom = replace(atom, aside=(other, share))
    _expect(str(atom) == entry["name"], f"the name {entry['name']!r} does not fit its samples ({atom})")
    return atom


def _exact_neuron(entry: dict[str, Any], width: int, norm: float, bias: bool, level: int) -> tuple:
    rest = _named(entry, NEURON_KEYS[EXACT], width)
    return _exact_atom(entry, rest, width, norm, bias, level), exact_value(entry["coefficient"])


def exact_value(text: Any) -> Any:
    """The number that `exact_text` wrote."""
    if isinstance(text, str):
        _expect(RATIONAL.fullmatch(text) is not None, f"{text[:40]!r} is no rational")
        return Fraction(text)
    terms = [(exact_value(coefficient), radicand) for coefficient, radicand in text]
    _expect(all(_is_count(radicand) and radicand > 0 for _, radicand in terms), f"a root is {str(text)[:40]}")
    return sympy.Add(*(symbolic(coefficient) * sympy.sqrt(radicand) for coefficient, radicand in terms))


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
    size = np.linalg.norm(weight, ord=norm)
    _expect(bool(size > 0), "a weight is zero")
    active = entry["active"]
    _expect(active is None or all(map(_is_count, active)), f"active is {active}")
    offset = _numbers(entry["bias"], (), "bias")
    atom = Atom(
        weight / size, offset / size, *rest, bias, norm,
        None if active is None else tuple(active), shape[0] if shape else 1, level,
    )  # fmt: skip
    return weight, offset, _numbers(entry["outer"], shape, "outer"), _checked(atom, entry)


def _named(entry: Any, keys: set[str], features: int) -> Named:
    """Samples, directions and orientation of a neuron."""
    _expect(isinstance(entry, dict) and set(entry) - {"aside"} == keys, f"a neuron is {str(entry)[:80]}")
    samples = tuple(entry["samples"])
    _expect(all(map(_is_count, samples)), f"samples is {samples}")
    _expect(entry["orientation"] in (1, -1), f"orientation is {entry['orientation']!r}")
    directions = tuple(Direction(*e) for e in entry["directions"])
    fitting = all(0 <= e.first < features and e.second < features for e in directions)
    _expect(fitting, f"directions is {directions}")
    return samples, directions, entry["orientation"]


def _numbers(value: Any, shape: tuple[int, ...], name: str) -> Any:
    flat = value if shape else [value]
    plain = isinstance(flat, list) and all(
        isinstance(x, int | float) and not isinstance(x, bool) for x in flat
    )
    _expect(plain, f"{name} is {value!r}")
    array = np.array(flat, dtype=float)
    _expect(array.shape == (shape or (1,)) and bool(np.isfinite(array).all()), f"{name} is {value!r}")
    return array if shape else float(array[0])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
