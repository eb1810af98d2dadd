"""What the report says in words, as HTML; each sentence depends on what was asked and found."""

from __future__ import annotations

import html
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geomnn.report.study import Study

__all__ = [
    "data", "file_list", "fit", "problem", "proof", "reached", "reading", "trust", "usage", "variables",
]  # fmt: skip

DISTANCES = {"1": "distance (in the ∞-norm)", "2": "distance", "inf": "distance (in the 1-norm)"}
LOSSES = {
    "squared": "½ Σ<sub>i</sub> (f(x<sub>i</sub>) − y<sub>i</sub>)²",
    "logistic": "Σ<sub>i</sub> log(1 + exp(−y<sub>i</sub> f(x<sub>i</sub>)))",
}


def data(study: Study) -> str:
    """What it was derived from, in one line."""
    n, d, k = len(study.X), len(study.features), len(study.network)
    return (
        f"{html.escape(Path(study.request.path).name)}: {n:,} {_plural(n, 'sample')}, {d} "
        f"{_plural(d, 'feature')}. The network has {k} {_plural(k, 'neuron')}."
    )


def reached(study: Study) -> bool:
    """Whether the bounds meet, to a millionth, so that there is nothing left to gain."""
    return study.solution.certificate.exact or abs(study.solution.certificate.relative_gap) <= 1e-6


def trust(study: Study) -> str:
    """What the certificate's sentence means."""
    scope = study.solution.certificate.scope
    if scope == "local":
        return "This is not a proof: a search found nothing better."
    if not reached(study):
        gap = study.solution.certificate.relative_gap
        return (
            f"The bounds are {gap:.1g} apart, relative to the objective: this network may be that far from the "
            "best one."
        )
    if scope == "dictionary":
        drawn = " that were drawn at random" * (study.solution.certificate.program == "sampled")
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
    names = ", ".join(f"<i>{html.escape(name)}</i>" for name in study.features)
    standardised = ", standardised (see below)" if study.scaling is not None else ""
    atoms = [neuron.atom for neuron in study.network.neurons]
    parts = [f"x = ({names}){standardised}; x<sub>j</sub> is row j of the table, counted from 0;"]
    parts.append("(a)<sub>+</sub> = max(a, 0).")
    if any(atom.directions for atom in atoms):
        parts.append("e<sub>l</sub> is the direction of the l-th feature.")
    if any(atom.is_partial for atom in atoms):
        anchored = " − x<sub>a</sub>" if study.request.bias else ""
        anchor = ", x<sub>a</sub> the sample that is subtracted" if study.request.bias else ""
        parts.append(
            f"g is the sum of v<sub>i</sub> (x<sub>i</sub>{anchored}) over the samples on the active side, "
            f"v the dual vector{anchor}; reject(g, B) is the part of g orthogonal to B; ‖·‖ is the norm of "
            "what stands above it."
        )
    if study.classes:
        first, second = map(html.escape, study.classes)
        parts.append(f"f(x) &lt; 0 means <i>{first}</i>, f(x) &gt; 0 means <i>{second}</i>.")
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
    p = request.norm.replace("inf", "∞")
    inner = "w<sub>j</sub>·x + b<sub>j</sub>" if request.bias else "w<sub>j</sub>·x"
    free = " The biases b<sub>j</sub> and the intercept t are not penalised." if request.bias else ""
    return (
        f"minimise {LOSSES[request.loss_name]} + ({float(request.reg):.12g} / 2) Σ<sub>j</sub> "
        f"(‖w<sub>j</sub>‖<sub>{p}</sub>² + α<sub>j</sub>²) over every number of neurons and all weights "
        "of f(x) = Σ<sub>j</sub> α<sub>j</sub> "
        f"({inner})<sub>+</sub>{' + t' if request.bias else ''}.{free}"
    )


def proof(study: Study) -> str:
    """Why the bound holds."""
    squared = study.request.loss_name == "squared"
    v = "y − f(X), the residual" if squared else "minus the derivative of the loss"
    looked = {
        "global": "with every unit neuron there is",
        "dictionary": "with every wedge of the dictionary",
        "local": "with every neuron that the search came across",
    }[study.solution.certificate.scope]
    return (
        f"certificate.json holds one number v<sub>i</sub> for each sample: {v}. Scaled so that its "
        "correlation Σ<sub>i</sub> v<sub>i</sub> "
        f"(w·x<sub>i</sub>{' + b' if study.request.bias else ''})<sub>+</sub> {looked} is at most reg in "
        "size, v is a point of the dual problem, and the dual value of such a point is a lower bound. A "
        f"network that reaches it is optimal.{_verify(study)}"
    )


def _verify(study: Study) -> str:
    if not study.solution.certificate.exact:
        return ""
    name = html.escape(shlex.quote(Path(study.request.path).name))
    return (
        " All numbers are exact fractions, those of the file as they are written. Anyone can check every statement, in "
        f"integers and without the solver: <code>geomnn verify . --data {name}</code> in this folder, or "
        "<code>python -m geomnn.checker</code> with the same words, which needs nothing but Python."
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
    table = (
        f"In the table f(x) = {'t + ' if bias else ''}Σ z ({'w·x + b' if bias else 'w·x'})<sub>+</sub> "
        f"with weights of {study.request.norm.replace('inf', '∞')}-norm 1; network.json holds {held}."
    )
    distance = DISTANCES[study.request.norm]
    return f"{_volumes(len(study.features), bias, distance)} {names}{anchor} {table}"


def _volumes(d: int, bias: bool, distance: str) -> str:
    """What the ratio in a feature is."""
    if d == 1 and bias:
        return (
            "A neuron (x − x<sub>a</sub>)<sub>+</sub> is zero on one side of the sample x<sub>a</sub> and "
            "grows linearly on the other: the breakpoint is a sample."
        )
    if d == 2 and bias:
        return (
            "(x − x<sub>a</sub>) ∧ (x<sub>j</sub> − x<sub>a</sub>) is the signed area of the "
            "parallelogram of the two differences. Over the length of its base it is the signed "
            f"{distance} of x to the line through the samples x<sub>a</sub> and x<sub>j</sub>; ( "
            ")<sub>+</sub> keeps one side of that line."
        )
    origin = "" if bias else " and the origin"
    return (
        "A wedge u ∧ v ∧ … is a signed volume: that of the parallelotope with the edges u, v, …. Over the "
        f"size of its base it is the signed {distance} of x to the hyperplane through the samples of the "
        f"base{origin}; ( )<sub>+</sub> keeps one side of that hyperplane."
    )


def usage(study: Study) -> str:
    """Python lines that use network.py."""
    names = ", ".join(map(repr, study.features[:6])) + ", …" * (len(study.features) > 6)
    call = "classify" if study.classes else "predict"
    return f"from network import {call}\n{call}(X)  # X: one row a sample, columns {names}"


def file_list(pictures: Sequence[str]) -> str:
    """The files of the folder and what they are, as rows of a table."""
    entries = {
        "network.json": "the network with all its digits: geomnn.AnalyticNetwork.load",
        "certificate.json": "the problem, the claim and the dual vector",
        "network.py": "the network as a NumPy function",
        "network.tex": "the closed form as a LaTeX document",
        **{f"{name}.png, {name}.svg": "a picture of this page" for name in pictures},
    }
    return "\n".join(f"<tr><th>{name}</th><td>{what}</td></tr>" for name, what in entries.items())


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
