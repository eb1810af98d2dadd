"""A study in some lines of plain text: what the terminal says of it."""

from __future__ import annotations

from geomnn.checker.digits import printable
from geomnn.report.study import HELD_OUT_FILE, Study

__all__ = ["summary"]

SHOWN_NEURONS = 12
SHOWN_NAMES = 12  # of features, and of classes
WIDEST, TAIL = (
    240,
    40,
)  # characters of a neuron, and those behind the dots of one that has more; network.json has all
LOSSES = {
    "squared": "half the sum of the squared errors",
    "logistic": "the sum of −log of the probability of each row's class",
    "softmax": "the sum of −log of the probability of each row's class",
}


def summary(study: Study) -> str:
    """How the table was read, if not as plain CSV, the closed form, the choice of reg, the certificate and the fit.

    Parameters
    ----------
    study : Study
    """
    certificate = study.solution.certificate.statement()
    objective = (
        f"The training objective is {LOSSES[study.loss]}, plus reg/2 · (‖w‖² + α²) of each neuron: w are its inner "
        f"weights, in the {study.request.norm.replace('inf', '∞')}-norm, α its outer ones."
    )
    atoms = "Atoms are the neurons that compete." if "atoms" in certificate else ""
    known = [
        "" if study.choice is None else study.choice.sentence,
        certificate,
        study.out_of_time,
        "--certify had nothing to add: all atoms were looked at, which bounds all neurons there are."
        if study.request.certify and _all_looked_at(study)
        else "",
        f"{objective} {atoms}".rstrip(),
        f"Fit: {study.fit}.",
        f"Left out: {study.held_fit}. They are in {HELD_OUT_FILE}, and the certificate is not about them."
        if study.held_fit
        else "",
    ]
    told = [study.told] if study.told else []
    return "\n".join([*told, *_closed_form(study), "", *filter(None, known)])


def _all_looked_at(study: Study) -> bool:
    """Whether the bound is about all neurons because each atom was looked at."""
    coverage = study.solution.certificate.coverage
    return coverage.scope == "global" and coverage.method == "enumeration"


def _closed_form(study: Study) -> list[str]:
    """The network, and what its letters stand for."""
    lines = str(study.solution.network).splitlines()[: 1 + len(study.solution.network)]
    hidden = len(lines) - 1 - SHOWN_NEURONS
    if hidden > 0:
        lines = [*lines[: 1 + SHOWN_NEURONS], f"  … and {hidden} more neurons in network.json"]
    lines = [line if len(line) <= WIDEST else f"{line[: WIDEST - TAIL]} … {line[-TAIL:]}" for line in lines]
    if len(study.solution.network):
        standardised = ", standardised" if study.scaling is not None else ""
        rows = "the data" if study.held is None else study.data_file
        lines.append(
            f"x = ({_names(study.features)}){standardised}; x3 is row 3 of {rows}, counted from 0; ‖u‖ = 1."
        )
    if study.classes is not None and len(study.classes) > 2:
        lines.append(f"f has a number for each of {_names(study.classes)}; the largest says which it is.")
    return lines


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(printable, names[:SHOWN_NAMES])) + ", …" * (len(names) > SHOWN_NAMES)
