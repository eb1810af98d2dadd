"""Networks as JSON documents: versioned, exact to the last bit, refused when not understood."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.atoms import Atom, Direction
from geomnn.errors import FileError, FormatError
from geomnn.files import write_whole

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["dump", "load", "save"]

FORMAT, VERSION = "geomnn network", 1
NORMS = {"1": 1.0, "2": 2.0, "inf": float("inf")}
KEYS = {"format", "version", "features", "outputs", "norm", "bias", "intercept", "neurons"}
NEURON_KEYS = {"name", "weight", "bias", "outer", "samples", "directions", "orientation", "active"}


def dump(network: AnalyticNetwork) -> dict[str, Any]:
    """The network as plain lists, numbers and strings."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "features": network.features,
        "outputs": network.outputs,
        "norm": f"{network.norm:g}",
        "bias": network.bias,
        "intercept": np.asarray(network.intercept, dtype=float).tolist(),
        "neurons": [
            {
                "name": str(neuron.atom),
                "weight": neuron.weight.tolist(),
                "bias": float(neuron.bias),
                "outer": np.asarray(neuron.outer, dtype=float).tolist(),
                "samples": list(neuron.atom.samples),
                "directions": [[e.first, e.second, e.sign] for e in neuron.atom.directions],
                "orientation": neuron.atom.orientation,
                "active": None if neuron.atom.active is None else list(neuron.atom.active),
            }
            for neuron in network.neurons
        ],
    }


def save(network: AnalyticNetwork, path: str | os.PathLike[str]) -> None:
    """Write `dump` to a file, whole or not at all."""
    write_whole(path, json.dumps(dump(network), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def load(path: str | os.PathLike[str]) -> tuple[list[tuple], Any, int, float, bool]:
    """The parts of a network: neurons (weight, bias, outer, atom), intercept, features, norm, bias."""
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
    if content.get("version") != VERSION:
        raise FormatError(
            f"{path} has version {content.get('version')!r} and this geomnn reads version {VERSION}; "
            "read it with the geomnn that wrote it."
        )
    try:
        return _parse(content)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as reason:
        raise FormatError(f"{path} is damaged: {reason}; write it anew with save().") from reason


def _parse(content: dict[str, Any]) -> tuple[list[tuple], Any, int, float, bool]:
    _expect(set(content) == KEYS, f"its keys are {sorted(content)}, {sorted(KEYS)} were expected")
    features, outputs, bias = content["features"], content["outputs"], content["bias"]
    _expect(_is_count(features) and features > 0, f"features is {features!r}")
    _expect(outputs is None or (_is_count(outputs) and outputs > 0), f"outputs is {outputs!r}")
    _expect(isinstance(bias, bool), f"bias is {bias!r}")
    _expect(content["norm"] in NORMS, f"norm is {content['norm']!r}")
    norm, shape = NORMS[content["norm"]], () if outputs is None else (outputs,)
    intercept = _numbers(content["intercept"], shape, "intercept")
    neurons = [_neuron(entry, features, shape, norm, bias) for entry in content["neurons"]]
    return neurons, intercept, features, norm, bias


def _neuron(entry: dict[str, Any], features: int, shape: tuple[int, ...], norm: float, bias: bool) -> tuple:
    _expect(isinstance(entry, dict) and set(entry) == NEURON_KEYS, f"a neuron is {str(entry)[:80]}")
    weight = _numbers(entry["weight"], (features,), "weight")
    size = np.linalg.norm(weight, ord=norm)
    _expect(bool(size > 0), "a weight is zero")
    samples, active = tuple(entry["samples"]), entry["active"]
    _expect(all(map(_is_count, samples)), f"samples is {samples}")
    _expect(active is None or all(map(_is_count, active)), f"active is {active}")
    _expect(entry["orientation"] in (1, -1), f"orientation is {entry['orientation']!r}")
    directions = tuple(Direction(*e) for e in entry["directions"])
    _expect(
        all(0 <= e.first < features and e.second < features for e in directions),
        f"directions is {directions}",
    )
    offset = _numbers(entry["bias"], (), "bias")
    atom = Atom(
        weight / size, offset / size, samples, directions, entry["orientation"], bias, norm,
        None if active is None else tuple(active), shape[0] if shape else 1,
    )  # fmt: skip
    _expect(str(atom) == entry["name"], f"the name {entry['name']!r} does not fit its samples ({atom})")
    return weight, offset, _numbers(entry["outer"], shape, "outer"), atom


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
