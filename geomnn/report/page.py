"""report.html: one page that explains the network and needs nothing outside of itself."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from geomnn.networks.network import ExactNeuron, Neuron
from geomnn.rationals import short_number
from geomnn.report import words
from geomnn.report.mathematics import closed_form
from geomnn.report.pictures import Picture
from geomnn.report.study import Study

__all__ = ["page_text"]

LARGEST_SVG = 500_000  # bytes; above, the PNG goes into the page
SCOPES = {
    "global": "every two-layer network of every width",
    "dictionary": "networks of atoms of the dictionary",
    "local": "what a search came across",
}
PROGRAMS = {
    "exact": "the training problem itself",
    "paper": "wedges of samples alone",
    "sampled": "wedges drawn at random",
    "chains": "parallel chains of unit width",
    "columns": "sums of the columns",
}
SHOWN_VALUES = 8  # coordinates of a sample or a weight in a cell of a table


def page_text(study: Study, pictures: Sequence[Picture]) -> str:
    """The report as HTML, with its pictures inside.

    Parameters
    ----------
    study : Study
    pictures : sequence of Picture
    """
    template = Template(files("geomnn.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=_text(f"A network in closed form for {study.request.target}"),
        data=words.data(study),
        verdict=_text(study.solution.certificate.statement()),
        trust=words.trust(study),
        trust_class=study.solution.certificate.scope if words.reached(study) else "local",
        formula=closed_form(study.network),
        variables=words.variables(study),
        fit=words.fit(study),
        pictures="".join(_figure(picture) for picture in pictures),
        neurons=_neurons(study),
        scaling=_scaling(study),
        problem=words.problem(study),
        certificate=_certificate(study),
        proof=words.proof(study),
        reading=words.reading(study),
        command=_text(study.request.command()),
        digest=study.digest,
        usage=_text(words.usage(study)),
        files=words.file_list([picture.name for picture in pictures]),
    )


def _text(text: str) -> str:
    return html.escape(text)


def _figure(picture: Picture) -> str:
    small = len(picture.svg) <= LARGEST_SVG
    kind, content = ("svg+xml", picture.svg) if small else ("png", picture.png)
    encoded = base64.b64encode(content).decode("ascii")
    caption = _text(picture.caption)
    return (
        f'<figure class="{picture.name}"><img alt="{caption}" src="data:image/{kind};base64,{encoded}">'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )


def _neurons(study: Study) -> str:
    """The table of the neurons: atom, spanning samples, coefficient, unit weight and bias."""
    network = study.network
    if not len(network):
        return "<p>This network has no neurons: it is a constant.</p>"
    head = "<tr><th></th><th>atom</th><th>spanned by</th><th>coefficient z</th><th>weight w</th>"
    head += "<th>bias b</th></tr>" if network.bias else "</tr>"
    pairs = zip(network.neurons, study.solution.network.neurons, strict=True)
    rows = "\n".join(_neuron(study, k, *pair) for k, pair in enumerate(pairs))
    return f'<div class="scroll"><table>\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table></div>'


def _neuron(study: Study, position: int, neuron: Neuron | ExactNeuron, given: Neuron | ExactNeuron) -> str:
    exact = isinstance(given, ExactNeuron)
    atom = neuron.atom
    spanning = "<br>".join(
        f"x{j} = {_vector(study.X[j])} <small>line {study.lines[j]}</small>" for j in atom.samples
    )
    directions = "".join(f"<br>{_text(str(e))} <small>direction</small>" for e in atom.directions)
    cells = [
        f"<td>{position}</td>",
        f'<td class="atom">{_text(str(atom))}</td>',
        f"<td>{(spanning + directions).removeprefix('<br>') or '–'}</td>",
        f'<td class="number">{_exactly(given.coefficient) if exact else _number(neuron.coefficient, 6)}</td>',
        f'<td class="number">{_vector(given.atom.weight if exact else atom.weight)}</td>',
    ]
    if atom.anchored:
        cells.append(f'<td class="number">{_exactly(given.atom.bias) if exact else _number(atom.bias)}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _scaling(study: Study) -> str:
    """The means and deviations, where features were standardised."""
    if study.scaling is None:
        return ""
    rows = "\n".join(
        f'<tr><td>{k + 1}</td><td>{_text(name)}</td><td class="number">{_number(mean, 9)}</td>'
        f'<td class="number">{_number(deviation, 9)}</td></tr>'
        for k, (name, mean, deviation) in enumerate(
            zip(study.features, study.scaling.mean, study.scaling.deviation, strict=True)
        )
    )
    head = "<tr><th>coordinate</th><th>column</th><th>mean</th><th>deviation</th></tr>"
    return (
        "<h3>Standardised features</h3>\n<p>The network, its weights and network.json take "
        "(column − mean) / deviation. network.py does this by itself and takes the columns as they are in "
        "the "
        "file; the samples in the table above are shown as they are in the file.</p>\n"
        f'<div class="scroll"><table>\n{head}\n{rows}\n</table></div>'
    )


def _certificate(study: Study) -> str:
    c = study.solution.certificate
    rows = {
        "training objective of this network": short_number(c.primal, 12),
        "lower bound, from the dual"
        if c.scope != "local"
        else "estimate from the dual, no bound": short_number(c.dual, 12),
        "gap": "0, exactly" if c.exact else f"{c.gap:.2g} (relative {c.relative_gap:.2g})",
        "largest |correlation| / reg": short_number(c.violation, 12),
        "scope": f"{c.scope}: {SCOPES[c.scope]}",
        "program": f"{c.program}: {PROGRAMS[c.program]}",
        "looked at": f"{c.atoms:,} {c.counted}",
        "arithmetic": "rational, exact" if c.exact else "float64",
    }
    if c.names_are_loose:
        rows["names of partial wedges"] = f"give their weights to {c.name_error:.1g} only: v had not settled"
    body = "\n".join(f"<tr><th>{_text(key)}</th><td>{_text(value)}</td></tr>" for key, value in rows.items())
    return f'<table class="facts">\n{body}\n</table>'


def _number(value: float, digits: int = 5) -> str:
    return f"{float(value) + 0.0:.{digits}g}".replace("-", "−")


def _exactly(value: Any) -> str:
    return _text(short_number(value)).replace("-", "−")


def _vector(values: np.ndarray) -> str:
    show = _exactly if values.dtype == object else _number
    shown = ", ".join(show(value) for value in values[:SHOWN_VALUES])
    return f"({shown}{', …' if len(values) > SHOWN_VALUES else ''})"
