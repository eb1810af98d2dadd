"""What the report says in words, as HTML; each sentence depends on what was asked and found."""

from __future__ import annotations

import html
import shlex
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from geomnn.report.mathematics import SHOWN_FACTORS, display
from geomnn.report.mathematics import inline as m
from geomnn.report.study import Study
from geomnn.report.verification import check_lines, coverage

__all__ = [
    "data", "doubt", "file_list", "fit", "problem", "proof", "reached", "reading", "rows", "trust", "usage",
    "variables", "verification",
]  # fmt: skip

DISTANCES = {"1": "distance (in the ∞-norm)", "2": "distance", "inf": "distance (in the 1-norm)"}
LOSSES = {"squared": "½ Σ_i (f(x_i) − y_i)^2", "logistic": "Σ_i log(1 + exp(−y_i f(x_i)))"}
DUALS = {
    "squared": "D(v) = Σ_i v_i y_i − ½ Σ_i v_i^2",
    "logistic": "D(v) = − Σ_i ( p_i ~ log ~ p_i + (1 − p_i) ~ log(1 − p_i) )",
}
MOST_NAMES = 8  # features in a line of text


def data(study: Study) -> str:
    """What it was derived from, in one line."""
    n, d, k = len(study.X), len(study.features), len(study.network)
    return (
        f"{html.escape(Path(study.request.path).name)}: {n:,} {_plural(n, 'sample')}, {d} "
        f"{_plural(d, 'feature')}. The network has {k} {_plural(k, 'neuron')}."
    )


def doubt(study: Study) -> str:
    """What is strange about the header of the file, as a paragraph, if anything is."""
    if study.doubt is None:
        return ""
    return f'<p class="doubt"><strong>{html.escape(study.doubt)}</strong></p>\n'


def reached(study: Study) -> bool:
    """Whether the bounds meet, to a millionth, so that there is nothing left to gain."""
    return study.solution.certificate.exact or abs(study.solution.certificate.relative_gap) <= 1e-6


def trust(study: Study) -> str:
    """What the certificate's sentence means."""
    scope = study.solution.certificate.coverage.scope
    if scope == "local":
        return "This is not a proof: a search found nothing better."
    if not reached(study):
        gap = study.solution.certificate.relative_gap
        return (
            f"The bounds are {gap:.1g} apart, relative to the objective: this network may be that far from the "
            "best one."
        )
    if scope == "dictionary":
        drawn = " that were drawn at random" * (study.solution.certificate.coverage.program == "sampled")
        return (
            f"Among all networks whose neurons are wedges of samples{drawn} none is better. Networks with other "
            "neurons were not looked at and may be better."
        )
    ends = "at all" if study.solution.certificate.exact else "by more than the gap"
    return (
        "No training run of such a network on these data, from any start, of any length, with any number of "
        f"neurons, can end lower {ends}."
    )


def variables(study: Study) -> str:
    """What x, x_j and e_l stand for."""
    d = len(study.features)
    names = ", ".join(f"<i>{html.escape(name)}</i>" for name in study.features[:MOST_NAMES])
    names += f", …), the {d} columns in the order of the table of neurons" if d > MOST_NAMES else ")"
    standardised = ", standardised (see below)" if study.scaling is not None else ""
    atoms = [neuron.atom for neuron in study.network.neurons]
    parts = [f"{m('x')} = ({names}{standardised}; {m('x_j')} is row {m('j')} of the table, counted from 0;"]
    parts.append(f"{m('(a)_+ = max(a, 0)')}.")
    if any(atom.directions for atom in atoms):
        parts.append(f"{m('e_l')} is the direction of feature number {m('l')}.")
    if any(atom.is_partial for atom in atoms):
        difference = "v_i (x_i − x_a)" if study.request.bias else "v_i x_i"
        anchor = f", {m('x_a')} the sample that is subtracted" if study.request.bias else ""
        parts.append(
            f"{m('g')} is the sum of {m(difference)} over the samples on the active side, {m('v')} the dual "
            f"vector{anchor}; {m('reject(g, B)')} is the part of {m('g')} orthogonal to {m('B')}; {m('‖·‖')} is the "
            "norm of what stands above it."
        )
    if any(len(atom.factors()) > SHOWN_FACTORS for atom in atoms):
        parts.append("⋯ within a wedge stands for more factors, which the table has.")
    if study.classes:
        first, second = map(html.escape, study.classes)
        parts.append(f"{m('f(x) < 0')} means <i>{first}</i>, {m('f(x) > 0')} means <i>{second}</i>.")
    return " ".join(parts)


def fit(study: Study) -> str:
    """How well the network fits its own samples."""
    f, n = study.predictions, len(study.y)
    if study.classes:
        right = int(np.count_nonzero(np.where(f > 0, 1.0, -1.0) == study.y))
        return f"On these samples it gives the right class to {right:,} of {n:,} ({right / n:.1%})."
    error = float(np.sqrt(np.mean((study.y - f) ** 2)))
    spread = float(np.sqrt(np.mean((study.y - study.y.mean()) ** 2)))
    varies = spread > 1e-12 * float(np.abs(study.y).max())
    share = f", R² = {1 - (error / spread) ** 2:.4f}" if varies else ""
    return f"On these samples the root mean square error is {error:.4g}{share}."


def problem(study: Study) -> str:
    """The training problem with its options filled in."""
    request = study.request
    reg = f"½ · {request.reg}" if isinstance(request.reg, Fraction) else f"{Decimal(str(request.reg)):f}/2"
    objective = f"{LOSSES[request.loss_name]} + {reg} {_penalty(study)}"
    free = f" The biases {m('b_j')} and the intercept {m('t')} are not penalised." if request.bias else ""
    return (
        "<p>The training problem (T): minimise</p>\n"
        f'<div class="formula">{display(objective)}</div>\n'
        f"<p>over every number of neurons and all weights of {m(_network(study))}.{free}</p>"
    )


def _penalty(study: Study) -> str:
    return f"Σ_j (‖w_j‖_{study.request.norm.replace('inf', '∞')}^2 + α_j^2)"


def _network(study: Study) -> str:
    return "f(x) = Σ_j α_j " + ("(w_j · x + b_j)_+ + t" if study.request.bias else "(w_j · x)_+")


def proof(study: Study) -> str:
    """Why the bound holds."""
    request, certificate = study.request, study.solution.certificate
    squared = request.loss_name == "squared"
    p = request.norm.replace("inf", "∞")
    feature = "(w · x_i + b)_+" if request.bias else "(w · x_i)_+"
    residual = f"{m('y − f(X)')}, the residual" if squared else "minus the derivative of the loss"
    shares = f", with {m('p_i = y_i v_i')}" * (not squared)
    within = {
        "global": "every neuron there is",
        "dictionary": "every neuron of the dictionary",
        "local": "every neuron that the search came across",
    }[certificate.coverage.scope]
    scaled = "" if certificate.exact else ", scaled down where that is needed,"
    zero = f" and {m('Σ_i v_i = 0')}" if request.bias else ""
    reaches = {
        "global": "No network has a value of (T) below it, and one that reaches it is optimal.",
        "dictionary": "No network of such neurons has a value of (T) below it.",
        "local": "For neurons that the search did not come across nothing is shown: this is an estimate, and no bound.",
    }[certificate.coverage.scope]
    return (
        f"<p>certificate.json holds one number {m('v_i')} for each sample: {residual}. The vector {m('v')}{scaled} "
        f"correlates with {within}, of weight {m(f'‖w‖_{p} = 1')}, by at most reg{zero}:</p>\n"
        f'<div class="formula">{display(f"−reg ≤ Σ_i v_i {feature} ≤ reg")}</div>\n'
        f"<p>Then its dual value {m('D(v)')} is a lower bound, for every network of such neurons{shares}:</p>\n"
        f'<div class="formula">'
        + display(
            DUALS[request.loss_name].replace("=", "&=", 1),
            f"{LOSSES[request.loss_name]} &≥ D(v) − Σ_i v_i f(x_i)",
            f"Σ_i v_i f(x_i) &≤ reg Σ_j ‖w_j‖_{p} | α_j | ≤ reg/2 {_penalty(study)}",
        )
        + f"</div>\n<p>The sum of the last two lines says that (T) is at least {m('D(v)')}. {reaches}</p>"
    )


def verification(study: Study) -> str:
    """What anyone can check, and with what."""
    name = html.escape(shlex.quote(Path(study.request.path).name))
    certificate = study.solution.certificate
    if certificate.exact:
        return (
            "<p>All numbers are exact fractions, those of the file as they are written. Every statement can be checked "
            "in integers and without the solver: the network from the names of its neurons, the bound from every atom "
            "of the dictionary. In this folder, with the data in it:</p>\n"
            f"<pre>geomnn verify . --data {name}</pre>\n"
            f"<p><code>python -m geomnn.checker . --data {name}</code> does the same and needs nothing but Python.</p>"
        )
    atoms = {
        "all": "They go through every subset of samples and directions that spans a neuron of the dictionary, so that "
        "the bound holds, up to rounding, whoever wrote certificate.json.",
        "drawn": "They draw neurons at random and see that none has a larger correlation than certificate.json claims. "
        "To look at all of them, derive the network again with the command above.",
        "none": "They take the largest correlation from certificate.json. To look at it again, derive the network "
        "again with the command above.",
    }[coverage(study)]
    if certificate.coverage.scope == "local":
        atoms = atoms.replace("look at all of them", "search again")
    estimate = " The last number is an estimate, no bound." if certificate.coverage.scope == "local" else ""
    return (
        "<p>These lines compute the objective and the bound anew, from the data, network.py and the dual vector in "
        f"certificate.json; they need NumPy and nothing of geomnn. {atoms}{estimate} In this folder, with {name} in "
        f'it:</p>\n<pre class="check">{html.escape(check_lines(study))}</pre>'
    )


def rows(study: Study) -> str:
    """What a row of the table of neurons is."""
    if not len(study.network):
        return ""
    network = "t + Σ z (w · x + b)_+" if study.request.bias else "Σ z (w · x)_+"
    standardised = ", which are standardised" if study.scaling is not None else ""
    return (
        f"<p>Each row is a neuron of {m(f'f(x) = {network}')}, with one weight {m('w_l')} for each of the "
        f"features{standardised}. Samples are links to their rows in the table below.</p>"
    )


def reading(study: Study) -> str:
    """How to read an atom, in the dimension and with the options of the study."""
    bias = study.request.bias
    names = (
        "In the names of the atoms ⋆ turns a wedge into the vector orthogonal to it, which is the weight "
        "of the neuron, and the sign in front says which side is active."
    )
    exact = study.solution.certificate.exact
    held = "these numbers in full" if exact else "each neuron balanced, with √|z| w inside and ±√|z| outside"
    anchor = " “at x7” says that the hyperplane goes through x7." if bias else ""
    p = study.request.norm.replace("inf", "∞")
    table = f"The table of neurons has weights of {p}-norm 1; network.json holds {held}."
    distance = DISTANCES[study.request.norm]
    return f"{_volumes(len(study.features), bias, distance)} {names}{anchor} {table}"


def _volumes(d: int, bias: bool, distance: str) -> str:
    """What the ratio in a feature is."""
    if d == 1 and bias:
        return (
            f"A neuron {m('(x − x_a)_+')} is zero on one side of the sample {m('x_a')} and "
            "grows linearly on the other: the breakpoint is a sample."
        )
    if d == 2 and bias:
        return (
            f"{m('(x − x_a) ∧ (x_j − x_a)')} is the signed area of the "
            "parallelogram of the two differences. Over the length of its base it is the signed "
            f"{distance} of {m('x')} to the line through the samples {m('x_a')} and {m('x_j')}; "
            f"{m('( )_+')} keeps one side of that line."
        )
    origin = "" if bias else " and the origin"
    return (
        f"A wedge {m('u ∧ v ∧ …')} is a signed volume: that of the parallelotope with the edges {m('u')}, {m('v')}, …. "
        f"Over the size of its base it is the signed {distance} of {m('x')} to the hyperplane through the samples of "
        f"the base{origin}; {m('( )_+')} keeps one side of that hyperplane."
    )


def usage(study: Study) -> str:
    """Python lines that use network.py."""
    names = ", ".join(map(repr, study.features[:6])) + ", …" * (len(study.features) > 6)
    call = "classify" if study.classes else "predict"
    return f"from network import {call}\n{call}(X)  # X: one row a sample, columns {names}"


def file_list(pictures: Sequence[str]) -> str:
    """The files of the folder and what they are, as rows of a table."""
    entries = {
        "network.json": "the network with all its digits, for the columns as they are in the file: "
        "geomnn.AnalyticNetwork.load",
        "certificate.json": "the problem, the claim and the dual vector",
        "network.py": "the network as a NumPy function",
        "network.tex": "the closed form as a LaTeX document",
        **{f"{name}.png, {name}.svg": "a picture of this page" for name in pictures},
    }
    return "\n".join(f"<tr><th>{name}</th><td>{what}</td></tr>" for name, what in entries.items())


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
