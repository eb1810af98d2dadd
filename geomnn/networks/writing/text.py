"""A network as plain text: its closed form, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.atoms import Atom, FeatureWedge, MergedWedge
from geomnn.checker.digits import printable
from geomnn.networks.writing.expressions import grouped, vector
from geomnn.numbers.rationals import short_number

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["to_text", "to_words"]


def to_text(network: AnalyticNetwork) -> str:
    """The closed form as plain text, one neuron a line; short exact numbers as they are."""
    lines, names = [f"f(x) = {_short(network.intercept)}"], None if network.below else network.feature_names
    for neuron in network.neurons:
        z = neuron.coefficient
        sign = "+" if np.ndim(z) or z >= 0 else ""
        space = " " if np.ndim(z) else ""
        lines.append(f"  {sign}{space}{_short(z)} · {_feature(neuron.atom, names)}")
    for level, layer in enumerate(network.below, start=1):
        names = network.feature_names if level == 1 else None
        for k, (shift, parts) in enumerate(layer.sums()):
            name = f"k{'′' * (level - 1)}{k}(x)"
            if layer.mix is None:
                lines.append(f"{name} = {_feature(parts[0][1], names)}")
            else:
                lines.append(
                    f"{name} = {_short(shift)}" if layer.folds else f"{name} = ( … )₊, … = {_short(shift)}"
                )
                lines += [
                    f"  {'+' if c >= 0 else ''}{_short(c)} · {_feature(atom, names)}" for c, atom in parts
                ]
    if network.scaling is not None:
        pair = network.scaling.mean, network.scaling.deviation
        mean, deviation = (vector([f"{v:.6g}" for v in column], ", ", "…") for column in pair)
        lines.append(f"x and samples standardised: (x − {mean}) / {deviation}")
    if network.feature_names is not None:
        lines.append(f"x = {vector([*map(printable, network.feature_names)], ', ', '…')}")
    return "\n".join(lines)


def _feature(atom: Atom, names: Sequence[str] | None) -> str:
    """(x̃·u)_+ with the name of u; over features k for x."""
    name = atom.label(names)
    if isinstance(atom, MergedWedge):
        return f"({'x̃' if atom.anchored else 'x'}·u)₊,  u = {name}"
    if isinstance(atom, FeatureWedge) or atom.factored(names):
        variable = f"k{'′' * (atom.level - 2)}" if isinstance(atom, FeatureWedge) else "x"
        offset = ", 1" * atom.anchored
    else:
        variable, offset = "x", f" − {grouped(atom, atom.point())}" if atom.anchored else ""
    point = f"({variable}{offset})" if offset else variable
    return f"({point}·u)₊,  u ∝ {name}"


def to_words(network: AnalyticNetwork) -> str:
    """What the network does, in words: its neurons by the features that they rise and fall with, and by rows.

    Each line is a coefficient z times a neuron of ‖w‖_p = 1, which is 0 on one side of where it bends. Rows are those
    of the samples, from 0; features have their names, or are called "feature 1" and so on, and k0, k1, … where they
    are neurons of the layer below, which the lines after that describe.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0]
    >>> print(gm.derive(X, y, reg=0.15).network.describe())
    f = 0.2 and what 2 neurons add:
      +1 · falls with feature 1, rises with feature 2, bends through rows 0 and 3
      +1 · rises with feature 1, falls with feature 2, bends through rows 0 and 3
    """
    count = f"what {len(network)} neurons add" if len(network) != 1 else "what 1 neuron adds"
    lines = [f"f = {_short(network.intercept)}" + f" and {count}:" * bool(len(network))]
    names = None if network.below else network.feature_names
    lines += [_said(neuron.coefficient, neuron.atom, names) for neuron in network.neurons]
    for level, layer in reversed([*enumerate(network.below, start=1)]):
        names = network.feature_names if level == 1 else None
        for k, (shift, parts) in enumerate(layer.sums()):
            name = f"k{'′' * (level - 1)}{k}"
            if layer.mix is None:
                lines.append(f"{name} {parts[0][1].describe(names)}")
            else:
                floor = "" if layer.folds else "the positive part of "
                lines.append(f"{name} is {floor}{_short(shift)} and what {len(parts)} neurons add:")
                lines += [_said(c, atom, names) for c, atom in parts]
    if network.scaling is not None:
        lines.append("Features are standardised.")
    return "\n".join(lines)


def _said(z: Any, atom: Atom, names: Sequence[str] | None) -> str:
    """A neuron in words, on a line of its own."""
    return f"  {'+ ' if np.ndim(z) else '+' if z >= 0 else ''}{_short(z)} · {atom.describe(names)}"


def _short(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6) if np.ndim(value) else short_number(value)
