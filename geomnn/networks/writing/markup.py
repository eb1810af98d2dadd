"""A network as HTML: its closed form, and a table of its neurons."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.checker.digits import any_size, printable
from geomnn.hypertext import table
from geomnn.networks.writing.expressions import check_form, to_latex, vector
from geomnn.numbers.rationals import short_number
from geomnn.words import MANY_FEATURES, feature_words

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["formula_html", "neurons_html", "to_html"]


def to_html(network: AnalyticNetwork, form: str = "auto", terms: int = 8, rows: int = 20) -> str:
    """The closed form, typeset, above a table of the neurons.

    Parameters
    ----------
    form : {"auto", "exact", "numeric"}
        As in `to_latex`.
    terms, rows : int
        How many neurons the formula and the table show, the largest ones.
    """
    return formula_html(network, form, terms) + neurons_html(network, form, rows)


def formula_html(network: AnalyticNetwork, form: str = "auto", terms: int = 8) -> str:
    """The closed form, typeset by what shows the page."""
    return f"<div>$$ {html.escape(to_latex(network, terms=terms, form=form))} $$</div>"


def neurons_html(network: AnalyticNetwork, form: str = "auto", rows: int = 20) -> str:
    """The table of the neurons."""
    form, shown = check_form(form, network), network.largest(rows)
    neurons = network.neurons if form != "numeric" else network.numeric().neurons
    names = None if network.below else network.feature_names
    wide = (
        network.features >= MANY_FEATURES and not network.below
    )  # where few weights are not zero, these are said
    cells = []
    for atom, z in ((neurons[j].atom, neurons[j].coefficient) for j in shown):
        weights = _plain(atom.weight, form)
        if wide:
            pairs = zip(feature_words(network.features, names), atom.weight, strict=True)
            weights = ", ".join(f"{name} {_plain(w, form)}" for name, w in pairs if w)
        cells.append(
            (atom.label(names), atom.describe(names), _plain(z, form), weights, _plain(atom.bias, form))
        )
    columns = "" if wide or names is None else f" {vector([*map(printable, names)], ', ', '…')}"
    head = ("unit neuron u", "in words", "coefficient z", f"weight of u{columns}", "bias of u")
    left = len(network) - len(shown)
    return table(cells, head, f"… {left} more neurons" if left else "")


def _plain(value: Any, form: str) -> str:
    entries = np.atleast_1d(np.asarray(value, dtype=object))
    if form == "exact":
        with any_size():
            return ", ".join(map(str, entries))
    return ", ".join(short_number(v, 5) for v in entries)
