"""Proofs as files: integers from which `geomnn.checker` shows what no network is below, and that bound as a fraction.

Each kind of proof writes its evidence in whole numbers and says what it proves of them: integers a, and a number that
no unit neuron's correlation with a is above. The unit of a is then the one that makes the bound largest, rounded down:
so the file proves what it says whatever was rounded, and the checker compares the bound for equality. For p = 2 plans
come with lengths of their lines, from `geomnn.bounds.metrics`.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn.bounds.base import Proof
from geomnn.bounds.planned import PlanBound
from geomnn.bounds.proving import Proven
from geomnn.bounds.shortening import shortened
from geomnn.bounds.whole_cells import whole_cells
from geomnn.bounds.whole_multipliers import whole_multipliers
from geomnn.bounds.whole_plans import whole_plans
from geomnn.checker.digits import any_size
from geomnn.checker.dual_values import DUAL_VALUES
from geomnn.checker.proofs import KINDS, PROOF_FORMAT, PROOF_VERSION, bound_words
from geomnn.checker.statements import digest, seal
from geomnn.checker.table import scaled
from geomnn.deadline import NEVER, Deadline
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.files import write_whole
from geomnn.numbers.rationals import exact_reg, exact_table, exact_targets
from geomnn.programs.certificate import Certificate
from geomnn.programs.problem import Problem

__all__ = ["has_file", "proof_document", "proof_text", "save_proof"]

Writer = Callable[
    [Any, Proof, Sequence[Sequence[Fraction]], float], tuple[Any, list[int], Fraction, Fraction]
]
# of each kind: from the bound, its proof, the exact samples and the value of the network to the part of its file, the
# integers a, what no correlation with them is above, and the size of 1 in v
WRITERS: dict[str, Writer] = {
    "transport": whole_plans,
    "stars": whole_plans,
    "cells": whole_cells,
    "semidefinite": whole_multipliers,
}
UNIT_DIGITS = 17  # of the unit
LONG_TREE = 20_000  # cells, from which on growing a tree anew takes longer than some minutes
SHORTENING_SECONDS = 60.0  # in which a shorter proof is found, or not


@any_size()
def proof_document(
    certificate: Certificate,
    features: Sequence[str] | None = None,
    target: str | None = None,
    classes: Sequence[str] | None = None,
    table: Any = None,
    scaling: Any = None,
    shorter: float = 0.0,
) -> dict[str, Any]:
    """What `geomnn.checker` checks of a bound of all unit neurons, as plain lists, strings and integers.

    docs/schemas/proof.schema.json says what is in it.

    Parameters
    ----------
    certificate : Certificate
        With a bound "transport", "stars", "cells" or "semidefinite", of one output and samples without weights.
    features, target, classes : sequences of str and str, optional
        The columns of the file that X and y came from, and what −1 and +1 stand for.
    table : array_like, shape (n, d), optional
        The samples as they are in the file, where the problem is one of standardised features.
    scaling : Scaling, optional
        What was done to them.
    shorter : float
        Which part of the gap may be given up for fewer masses of plans; to find them takes a minute at most.

    Raises
    ------
    OptionError
        If there is no such bound, or none above 0.
    UnsupportedProblem
        If it is one of a loss of your own, of weighted samples or of several outputs.
    """
    if not _has_proof(certificate):
        raise OptionError(
            f"The certificate has no bound above 0 of a kind that has files: {', '.join(map(repr, WRITERS))}."
        )
    if refused := _unwritten(certificate):
        raise UnsupportedProblem(f"Files of proofs are not written for {refused}: read certificate.proven.")
    proven = shorter_proof(certificate, shorter).proven
    problem, name = proven.bound.problem, proven.bound.name
    reg, targets = exact_reg(problem.written[1]), exact_targets(np.reshape(problem.written[0], -1))
    rows = problem.samples.rows if table is None else exact_table(table)
    asked = {
        "loss": problem.loss.name,
        "norm": f"{problem.norm:g}",
        "bias": problem.samples.bias,
        "reg": str(reg),
        "features": None if features is None else list(features),
        "target": target,
        "classes": None if classes is None else list(classes),
        "samples": len(rows),
        "scaling": scaling and scaling.plain(),
    }
    part, a, largest, size = WRITERS[name](
        proven.bound, proven.proof, scaled(rows, asked["scaling"]), float(certificate.primal)
    )
    unit = _unit(problem, a, targets, reg, largest, size)
    dual = DUAL_VALUES[asked["loss"]](unit, a, targets)
    document = {
        "format": PROOF_FORMAT,
        "version": PROOF_VERSION,
        "bound": name,
        "problem": asked | {"sha256": digest(asked, rows, targets)},
        "unit": str(unit),
        KINDS[name].part: part,
        "claim": {"dual": str(dual), "statement": bound_words(name, asked, dual)},
    }
    return document | {"seal": seal(document)}


def has_file(certificate: Certificate) -> bool:
    """Whether there is a bound of a certificate that can be a file.

    Parameters
    ----------
    certificate : Certificate
    """
    return _has_proof(certificate) and not _unwritten(certificate)


def save_proof(certificate: Certificate, path: str | os.PathLike[str], shorter: float = 0.0) -> None:
    """Write the proof of a bound, so that anyone can check it with `geomnn.exact.verify`.

    Parameters
    ----------
    certificate : Certificate
    path : path-like
    shorter : float
        As in `proof_document`.

    Raises
    ------
    OptionError, UnsupportedProblem
        If there is none that can be written.
    FileError
        If the file cannot be written.
    """
    write_whole(path, proof_text(proof_document(certificate, shorter=shorter)))


def proof_text(document: dict[str, Any]) -> str:
    """The text of a file: its integers are many, so they stand side by side."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def shorter_proof(certificate: Certificate, part: float, deadline: Deadline = NEVER) -> Certificate:
    """The certificate with a proof of fewer masses, for at most a part of the gap; as it is where none is found.

    Parameters
    ----------
    certificate : Certificate
    part : float
    deadline : Deadline
    """
    proven = certificate.proven
    if not part or not isinstance(proven.bound, PlanBound):
        return certificate
    least = proven.value - part * max(float(certificate.primal) - proven.value, 0.0)
    proof = shortened(
        proven.bound, proven.proof, least, Deadline.after(min(SHORTENING_SECONDS, deadline.left()))
    )
    return _with(certificate, replace(proven, proof=proof, value=proof.value(proven.bound.problem)))


def lowered(certificate: Certificate, document: dict[str, Any]) -> Certificate:
    """The certificate with the bound that its file proves, rounded down, where that is less.

    Parameters
    ----------
    certificate : Certificate
    document : dict
        Its `proof_document`.
    """
    dual, proven = Fraction(document["claim"]["dual"]), certificate.proven
    value = float(dual)
    value = value if Fraction(value) <= dual else float(np.nextafter(value, -np.inf))
    return _with(certificate, replace(proven, value=min(proven.value, value)))


def _with(certificate: Certificate, proven: Proven) -> Certificate:
    """The certificate with another proof of the same bound, which may stand beside one by atoms."""
    if certificate.coverage.method != proven.bound.name:
        return replace(certificate, proven=proven)
    return replace(certificate, proven=proven, dual=proven.value, count=proven.proof.count)


def _has_proof(certificate: Certificate) -> bool:
    """Whether there is a bound above 0 of a kind that has files."""
    proven = certificate.proven
    return proven is not None and proven.bound.name in WRITERS and proven.value > 0


def _unwritten(certificate: Certificate) -> str:
    """What of its problem a bound has no file for; empty if it has one."""
    problem = certificate.proven.bound.problem
    if problem.outputs > 1:
        return f"{problem.outputs} outputs"
    if certificate.proven.proof.evidence is None:
        return "a bound by singular values alone"
    if certificate.proven.bound.name == "cells" and certificate.proven.proof.count > LONG_TREE:
        return f"{certificate.proven.proof.count:,} cells, of which {LONG_TREE:,} would take minutes"
    if problem.loss.weights is not None:
        return "weighted samples"
    return "" if problem.loss.name in DUAL_VALUES else f"loss={problem.loss.name!r}"


def _unit(
    problem: Problem,
    a: Sequence[int],
    targets: Sequence[Fraction],
    reg: Fraction,
    largest: Fraction,
    size: Fraction,
) -> Fraction:
    """The unit for which the bound is largest, with which no correlation is above reg, rounded down.

    For the squared loss D is largest at unit = a·y/a·a; others, of which D has a domain, end at v, unit = size.
    """
    agreed = [k * y for k, y in zip(a, targets, strict=True)]
    if problem.loss.is_quadratic:
        best = sum(agreed, Fraction(0)) / max(sum(k * k for k in a), 1)
    else:
        best = min(size, 1 / max(*agreed, Fraction(1)))
    best = min(best, reg / largest) if largest else best
    if best <= 0:
        raise OptionError("The bound is 0, which needs no proof: nothing is written.")
    shift = 10 ** max(UNIT_DIGITS - len(str(best.numerator)) + len(str(best.denominator)), 0)
    return Fraction(int(best * shift), shift)
