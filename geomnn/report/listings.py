"""The tables of the page: the neurons, the samples that span them, the scaling and the facts of the certificate."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np

from geomnn.atoms import Atom, Direction
from geomnn.checker.digits import printable
from geomnn.networks.network import ExactNeuron, Neuron
from geomnn.numbers.rationals import short_number
from geomnn.report.mathematics import inline
from geomnn.report.study import Study

__all__ = ["facts", "neurons", "samples", "scaling"]

SCOPES = {
    "global": "every two-layer network of every width",
    "dictionary": "networks of atoms of the dictionary",
    "local": "what a search came across",
}
PROGRAMS = {
    "all": "the training problem itself",
    "wedge": "wedges of samples alone",
    "sampled": "wedges drawn at random",
    "chains": "parallel chains of unit width",
    "columns": "sums of the columns",
}
VALUES_IN_PLACE = 4  # features; with more, the values of a sample are in a table of their own only


def neurons(study: Study) -> str:
    """The neurons: atom, spanning samples, coefficient, unit weight and bias."""
    network = study.network
    if not len(network):
        return "<p>This network has no neurons: it is a constant.</p>"
    head = '<tr><th></th><th class="atom">atom</th><th>spanned by</th><th>coefficient z</th>'
    head += f"{_columns(study, 'w')}{'<th>bias b</th>' * network.bias}</tr>"
    pairs = zip(network.neurons, study.solution.network.neurons, strict=True)
    rows = [_neuron(study, k, *pair) for k, pair in enumerate(pairs)]
    return _scroll(head, rows, "neurons", len(study.features) > VALUES_IN_PLACE)


def _neuron(study: Study, position: int, neuron: Neuron | ExactNeuron, given: Neuron | ExactNeuron) -> str:
    exact = isinstance(given, ExactNeuron)
    z = _exactly(given.coefficient) if exact else number(neuron.coefficient, 6)
    unit = [*given.atom.weight, *[given.atom.bias] * study.network.bias]
    values = "".join(f'<td class="n">{_exactly(value) if exact else number(value)}</td>' for value in unit)
    return (
        f'<tr id="neuron{position}"><th>{position}</th><td class="atom">{html.escape(str(neuron.atom))}</td>'
        f'<td>{_spanning(study, neuron.atom)}</td><td class="n">{z}</td>{values}</tr>'
    )


def _spanning(study: Study, atom: Atom) -> str:
    """The samples of an atom, each a link to its row below, and its directions by the names of their columns."""
    directions = [_direction(study, e) for e in atom.directions]
    if len(study.features) > VALUES_IN_PLACE:
        return f'<span class="list">{", ".join([*map(_link, atom.samples), *directions]) or "–"}</span>'
    values = [f"{_link(j)} = {_vector(study, j)} <small>line {study.lines[j]}</small>" for j in atom.samples]
    return "<br>".join([*values, *directions]) or "–"


def _link(row: int) -> str:
    return f'<a href="#x{row}">x{row}</a>'


def _vector(study: Study, row: int) -> str:
    return f"({', '.join(cell(value) for value in study.X[row])})"


def _direction(study: Study, e: Direction) -> str:
    names = [study.features[e.first]] + [study.features[e.second]] * bool(e.sign)
    return f"{e} <small>{html.escape(', '.join(shortened(name) for name in names))}</small>"


def _columns(study: Study, letter: str = "") -> str:
    """The names of the features as heads of columns, with a numbered letter before them if one is given."""
    numbers = [inline(f"{letter}_{k + 1} ") if letter else "" for k in range(len(study.features))]
    return "".join(
        f"<th>{number}{_name(name)}</th>" for number, name in zip(numbers, study.features, strict=True)
    )


def _name(name: str) -> str:
    """The name of a column, in a box that breaks long ones."""
    return f'<span class="name">{html.escape(name)}</span>'


def samples(study: Study) -> str:
    """The samples in the names of the neurons: their lines of the file, their columns as they are there."""
    spanned: dict[int, list[int]] = {}
    for position, neuron in enumerate(study.network.neurons):
        for j in neuron.atom.samples:
            spanned.setdefault(j, []).append(position)
    if not spanned:
        return ""
    head = f"<tr><th>sample</th><th>line</th>{_columns(study)}<th>{_name(study.request.target)}"
    head += "</th><th>f(x)</th><th>v</th><th>in the neurons</th></tr>"
    f, v = study.predictions, np.ravel(study.solution.dual).astype(float)
    rows = []
    for j in sorted(spanned):
        y = html.escape(study.classes[int(study.y[j] > 0)]) if study.classes else cell(study.y[j])
        numbers = [cell(value) for value in study.X[j]] + [y, number(f[j]), number(v[j])]
        links = ", ".join(f'<a href="#neuron{k}">{k}</a>' for k in spanned[j])
        rows.append(
            f'<tr id="x{j}"><th>x{j}</th><td class="n">{study.lines[j]}</td>'
            + "".join(f'<td class="n">{text}</td>' for text in numbers)
            + f'<td><span class="list">{links}</span></td></tr>'
        )
    return (
        "<h3>The samples in the names</h3>\n<p>Row numbers count from 0, lines of the file from 1; the columns are as "
        "they are in the file. v is the dual vector, explained under the certificate.</p>\n"
        + _scroll(head, rows, "samples", len(study.features) > VALUES_IN_PLACE)
    )


def scaling(study: Study) -> str:
    """The means and deviations, where features were standardised."""
    if study.scaling is None:
        return ""
    rows = [
        f'<tr><th>{k + 1}</th><td>{_name(name)}</td><td class="n">{number(mean, 9)}</td>'
        f'<td class="n">{number(deviation, 9)}</td></tr>'
        for k, (name, mean, deviation) in enumerate(
            zip(study.features, study.scaling.mean, study.scaling.deviation, strict=True)
        )
    ]
    head = "<tr><th></th><th>column</th><th>mean</th><th>deviation</th></tr>"
    return (
        "<h3>Standardised features</h3>\n<p>The formula, the names and the weights, on this page and in network.json, "
        "are about (column − mean) / deviation. network.json and network.py hold these numbers and take the columns as "
        "they are in the file.</p>\n" + _scroll(head, rows, "scaling")
    )


def facts(study: Study) -> str:
    """The certificate as numbers."""
    c = study.solution.certificate
    bound = (
        "lower bound, from the dual" if c.coverage.scope != "local" else "estimate from the dual, no bound"
    )
    rows = {
        "training objective of this network": short_number(c.primal, 12),
        bound: short_number(c.dual, 12),
        "gap": "0, exactly" if c.exact else f"{c.gap:.2g} (relative {c.relative_gap:.2g})",
        "largest |correlation| / reg": short_number(c.largest_correlation, 12),
        "scope": f"{c.coverage.scope}: {SCOPES[c.coverage.scope]}",
        "program": f"{c.coverage.program}: {PROGRAMS[c.coverage.program]}",
        "looked at": f"{c.count:,} {c.coverage.counted}",
        "arithmetic": "rational, exact" if c.exact else "float64",
    }
    if c.names_are_loose:
        rows["names of partial wedges"] = f"give their weights to {c.name_error:.1g} only: v had not settled"
    body = "\n".join(
        f"<tr><th>{html.escape(key)}</th><td>{html.escape(re.sub(r'(?<![a-z])-|(?<=e)-', '−', value))}</td></tr>"
        for key, value in rows.items()
    )
    return f'<table class="facts">\n{body}\n</table>'


def _scroll(head: str, rows: list[str], label: str, wide: bool = False) -> str:
    """A table in a box that scrolls, by mouse and by keyboard, so that the page does not."""
    body = "\n".join(rows)
    styled = ' class="wide"' * wide
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table{styled}>\n<thead>{head}</thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def shortened(name: str, most: int = 30) -> str:
    """A name in letters that a picture can show, a long one without its middle."""
    name = printable(name)
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def cell(value: float) -> str:
    """A number of the file: whole numbers in full, others to eight digits."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return (f"{value:.0f}" if whole else f"{value:.8g}").replace("-", "−")


def number(value: float, digits: int = 5) -> str:
    """A computed number, with a minus sign that is one."""
    return f"{float(value) + 0.0:.{digits}g}".replace("-", "−")


def _exactly(value: Any) -> str:
    return html.escape(short_number(value)).replace("-", "−")
