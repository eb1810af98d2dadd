"""The files of a report: certificate.json, what is beside it, and the data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from geomnn.checker.descents import DESCENT_FORMAT, check_descent
from geomnn.checker.digits import any_size, parse_json
from geomnn.checker.optima import SET_FORMAT, check_set
from geomnn.checker.proofs import KINDS, PROOF_FORMAT, check_proof
from geomnn.checker.statements import Falsehood, Unproved, brief, check, digest, number, require, seal
from geomnn.checker.surds import Surd
from geomnn.checker.table import read_columns
from geomnn.checker.wedges import Wedges
from geomnn.checker.weights import NAMES, check_weights

__all__ = ["CHECKS", "check_network", "verify_report"]

TRAINING = "training.csv"  # the rows of a report of which some were left out
# of a file that is whole by itself
CHECKS = {PROOF_FORMAT: check_proof, SET_FORMAT: check_set, DESCENT_FORMAT: check_descent}


@any_size()
def verify_report(report: Path, data: Path, header: bool = True) -> list[str]:
    """What was proved of a report, in words, after how its data were read where they are not plain CSV.

    Parameters
    ----------
    report : Path
        A folder with certificate.json, or that file.
    data : Path
        The CSV file.
    header : bool
        Whether its first line names its columns.

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    Unproved
        If the numbers are floats and no proof is beside them.
    OSError
        If a file cannot be read.
    """
    file = report / "certificate.json" if report.is_dir() else report
    document, proof = _read(file), file.parent / "proof.json"
    rows, targets, told = read_columns(data, document.get("problem"), header)
    _check_rows(document, rows, report)
    how = [told] if told else []
    if (whole := CHECKS.get(str(document.get("format")))) is not None:
        return how + whole(document, rows, targets)
    bounded = []
    if report.is_dir() and proof.exists():
        proven = _read(proof)
        bounded = check_proof(proven, rows, targets)
        _check_same(proven, document)
    network = file.parent / "network.json"
    if document.get("numbers") == "float64":
        if not bounded:
            _check_sealed(document, rows, targets)
        attained = check_weights(_read(network), document, rows, targets) if report.is_dir() else ""
        if not bounded:
            raise Unproved(_unproved(document, attained))
        return [*how, attained, *bounded]
    proved = check(document, rows, targets) + bounded
    if network.exists():
        check_network(_read(network), document, rows)
        proved.insert(1, f"{network.name} holds that network, number by number.")
    elif report.is_dir():
        proved.append(f"{network.name} is not in the folder, and was not checked.")
    optima = file.parent / "optimal_set.json"
    if report.is_dir() and optima.exists():
        described = _read(optima)
        proved += check_set(described, rows, targets)
        for key in ("problem", "dual"):
            same = json.dumps(described[key]) == json.dumps(document[key])
            require(same, f"The {key} of {optima.name} is not that of certificate.json.")
    return how + proved


def _check_rows(document: dict[str, Any], rows: Sequence[Sequence[Fraction]], report: Path) -> None:
    """Refuse the whole table where rows of it were left out."""
    problem = document.get("problem")
    count, part = problem.get("samples") if isinstance(problem, dict) else None, report / TRAINING
    if count != len(rows) and part.exists():
        raise Falsehood(f"The certificate is about {brief(count)} samples and there are {len(rows)}: rows were left "
                        f"out with --holdout, and the others are in {part}; give that as --data.")  # fmt: skip


def _check_sealed(
    document: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> None:
    """What there is to check of a certificate of floats alone: that it is as it was written, and about these data."""
    require(
        document.get("seal") == seal(document), "certificate.json was changed after it was written (seal)."
    )
    problem = document["problem"]
    require(problem.get("sha256") == digest(problem, *_floats(problem, rows, targets)),
            "The data or the problem are not those of certificate.json (sha256).")  # fmt: skip


def _unproved(document: dict[str, Any], attained: str) -> str:
    """What was checked of a certificate of floats without a proof, and what to do."""
    many = len(document["problem"].get("classes") or ()) > 2
    advice = (
        "report.html has lines that compute the bound anew, as more than two classes have no proofs yet"
        if many
        else "derive it with --exact, or with --certify where atoms are searched, for a proof that can be checked"
    )
    network = " and network.json attains its value," if attained else ""
    return (
        f"certificate.json is about these data and as it was written,{network} but its numbers are floats and no "
        f"proof.json is beside it, so that its bound was not checked; {advice}."
    )


def _floats(
    problem: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> tuple[Any, Any]:
    """The table in floats, as a certificate of floats has it: of more than two classes the target is a one-hot row, of
    which the last entry stands apart."""
    count, table = len(problem.get("classes") or ()), []
    try:
        for row, y in zip(rows, targets, strict=True):
            target = [float(y == k) for k in range(count)] if count > 2 else [float(y)]
            table.append([*map(float, row), *target])
    except OverflowError as reason:
        raise Falsehood("The data hold a number that no float can be.") from reason
    return [row[:-1] for row in table], [row[-1] for row in table]


def _check_same(proven: dict[str, Any], document: dict[str, Any]) -> None:
    """Whether a proof is about the problem of the certificate beside it, which is as it was written, no more."""
    problem, claim = document.get("problem"), document.get("claim")
    if not (isinstance(problem, dict) and isinstance(claim, dict)):
        raise Falsehood("certificate.json has no problem or no claim.")
    for key, value in proven["problem"].items():
        other = problem.get(key)
        if key == "reg":  # a float stands for its shortest decimal
            other = str(Fraction(repr(other))) if type(other) in (int, float) else other
        same = key == "sha256" or json.dumps(value) == json.dumps(other)
        require(same, f"{key} is {brief(value)} in proof.json and {brief(other)} in certificate.json.")
    require(
        document.get("seal") == seal(document), "certificate.json was changed after it was written (seal)."
    )
    if claim.get("counted") == KINDS[proven["bound"]].counted:  # else it says what others show
        _check_claim(claim, problem, proven)


def _check_claim(claim: dict[str, Any], problem: dict[str, Any], proven: dict[str, Any]) -> None:
    """Whether a claim in floats is what a proof has shown of all unit neurons, or less."""
    shown = Fraction(proven["claim"]["dual"])
    values: list[Any] = [claim.get(key) for key in ("primal", "dual", "gap", "relative_gap")]
    require(all(type(value) is float and isfinite(value) for value in values),
            "A value of certificate.json is no number.")  # fmt: skip
    primal, bound, gap, share = values
    require(claim.get("scope") == "global" and problem.get("program") == "all",
            "certificate.json does not claim what proof.json shows, a bound of all neurons.")  # fmt: skip
    require(Fraction(bound) <= shown,
            f"certificate.json claims the bound {bound!r} and proof.json shows {float(shown)!r}.")  # fmt: skip
    require(gap == primal - bound and share == (gap / abs(primal) if gap and primal else 0.0),
            "The gap of certificate.json is not that between its value and its bound.")  # fmt: skip


def _read(file: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = parse_json(file.read_text(encoding="utf-8"))
    except ValueError as reason:
        raise Falsehood(f"{file.name} is no JSON document that can be read ({reason}).") from reason
    require(isinstance(document, dict), f"{file.name} is no JSON object.")
    return document


def check_network(
    network: dict[str, Any], document: dict[str, Any], rows: Sequence[Sequence[Fraction]]
) -> None:
    """Whether network.json is the network of a certificate that holds.

    Raises
    ------
    Falsehood
        With the first difference.
    """
    problem, claimed = document["problem"], document["network"]
    expected = {
        "format": "geomnn network", "version": 1, "numbers": "exact", "features": len(rows[0]), "outputs": None,
        "norm": problem["norm"], "bias": problem["bias"], "intercept": claimed["intercept"],
        **{key: problem[names] for key, names in NAMES.items() if key in network},
    }  # fmt: skip
    require(set(network) == {*expected, "neurons"}, "network.json has other keys than an exact network.")
    for key, value in expected.items():
        same = json.dumps(network[key]) == json.dumps(value)
        require(
            same, f"{key} of network.json is {brief(network[key])} where the certificate has {brief(value)}."
        )
    neurons = network["neurons"]
    require(isinstance(neurons, list) and len(neurons) == len(claimed["neurons"]),
            "network.json has another number of neurons than the certificate.")  # fmt: skip
    wedges = Wedges(rows, problem["norm"], problem["bias"], problem["program"] == "all")
    for k, (neuron, named) in enumerate(zip(neurons, claimed["neurons"], strict=True)):
        require(isinstance(neuron, dict) and set(neuron) == {*named, "weight", "bias"},
                f"Neuron {k} of network.json has other keys.")  # fmt: skip
        for key, value in named.items():
            require(
                json.dumps(neuron[key]) == json.dumps(value), f"{key} of neuron {k} of network.json differs."
            )
        plane = wedges.plane(named["samples"], [tuple(e) for e in named["directions"]])
        square = wedges.square(plane)
        # w = N q/m and b = B/m, with 1/m = √m²/m²
        unit = Surd({square: Fraction(named["orientation"], square)})
        entries = [unit * (wedges.scale * entry) for entry in plane[:-1]] + [unit * plane[-1]]
        weight = neuron["weight"]
        require(
            isinstance(weight, list) and len(weight) == len(rows[0]),
            f"The weight of neuron {k} has another length.",
        )
        for given, entry in zip([*weight, neuron["bias"]], entries, strict=True):
            require(number(given, f"A weight of neuron {k} of network.json") == entry,
                    f"A weight of neuron {k} of network.json is not that of its name.")  # fmt: skip
