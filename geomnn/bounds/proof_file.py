"""Proofs by plans, and by cells, as files: of plans masses in integers, and a bound that is a fraction.

The masses are rounded to multiples of the largest one over 2^MASS_BITS, and what this leaves of div π + div π' is moved
along more edges.  Their unit is then the one that makes the bound largest, rounded down: so the file proves what it
says whatever was rounded, and the checker compares the bound for equality.  For p = 2 it is the one of the costs along
the features, ‖A‖_2, which is lower than that in the metric of `geomnn.bounds.metrics`.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from geomnn.bounds.cell_file import cell_parts
from geomnn.bounds.plans import ORIGIN, Plan, axis, matched
from geomnn.bounds.shortening import shortened
from geomnn.checker.digits import any_size
from geomnn.checker.plans import (
    PROOF_FORMAT,
    PROOF_VERSION,
    bound_words,
    divergence,
    integer_columns,
    plan_costs,
    scaled,
)
from geomnn.checker.statements import digest, seal
from geomnn.deadline import Deadline
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.files import json_text, write_whole
from geomnn.numbers.rationals import exact_reg, exact_table, exact_targets
from geomnn.programs.certificate import Certificate

__all__ = ["has_proof", "proof_document", "save_proof"]

MASS_BITS = 24  # of the largest mass; a bound loses about as many digits as are left of the smaller ones
UNIT_DIGITS = 17  # of the unit
SHORTENING_SECONDS = 30.0  # in which a shorter proof is found, or not


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
    """What `geomnn.checker` checks of a bound by plans or by cells, as plain lists, strings and integers.

    Parameters
    ----------
    certificate : Certificate
        With a bound "transport", "stars" or "cells", of a problem with the squared loss and one output.
    features, target, classes : sequences of str and str, optional
        The columns of the file that X and y came from, and what −1 and +1 stand for.
    table : array_like, shape (n, d), optional
        The samples as they are in the file, where the problem is one of standardised features.
    scaling : Scaling, optional
        What was done to them.
    shorter : float
        Which part of the gap may be given up for fewer masses; to find them takes half a minute at most.

    Raises
    ------
    OptionError
        If there is no such bound.
    UnsupportedProblem
        If it is one of another loss, of weighted samples or of several outputs.
    """
    proven = certificate.proven
    if not has_proof(certificate):
        raise OptionError(
            "The certificate has no bound by plans or cells; take certify='stars', 'transport' or 'cells' for one."
        )
    problem, name = proven.bound.problem, proven.bound.name
    loss = problem.loss
    if not loss.is_quadratic or loss.weights is not None or problem.outputs > 1:
        raise UnsupportedProblem(
            "Files of proofs are written for the squared loss, one output and samples without weights: read "
            "certificate.proven, which holds the plans."
        )
    proof = proven.proof
    if shorter > 0 and name != "cells":
        least = proven.value - shorter * max(float(certificate.primal) - proven.value, 0.0)
        proof = shortened(proven.bound, proof, least, Deadline.after(SHORTENING_SECONDS))
    reg, targets = exact_reg(problem.written[1]), exact_targets(np.reshape(problem.written[0], -1))
    rows = problem.samples.rows if table is None else exact_table(table)
    asked = {
        "loss": loss.name,
        "norm": f"{problem.norm:g}",
        "bias": problem.samples.bias,
        "reg": str(reg),
        "features": None if features is None else list(features),
        "target": target,
        "classes": None if classes is None else list(classes),
        "samples": len(rows),
        "scaling": scaling and scaling.plain(),
    }
    if name == "cells":
        document = cell_parts(proven, asked, rows, targets, reg)
        document["problem"] = asked | {"sha256": digest(asked, rows, targets)}
        return document | {"seal": seal(document)}
    columns, scales = integer_columns(scaled(rows, asked["scaling"]))
    plans = _integers(proof.evidence, problem.samples.homogeneous[:, : problem.samples.d], asked["bias"])
    v = divergence(plans[0], len(rows))
    largest = Fraction(0)
    for plan in plans:
        costs = zip(plan_costs(plan, columns, name), scales, strict=True)
        largest = max(largest, _length([Fraction(*cost) for cost in costs], asked["norm"]))
    unit = _unit(v, targets, reg, largest)
    dual = unit * sum(a * y for a, y in zip(v, targets, strict=True)) - unit**2 * sum(a * a for a in v) / 2
    document = {
        "format": PROOF_FORMAT,
        "version": PROOF_VERSION,
        "bound": name,
        "problem": asked | {"sha256": digest(asked, rows, targets)},
        "unit": str(unit),
        "plans": plans,
        "claim": {"dual": str(dual), "statement": bound_words(name, asked["norm"], dual)},
    }
    return document | {"seal": seal(document)}


def has_proof(certificate: Certificate) -> bool:
    """Whether a certificate has a bound by plans or by cells.

    Parameters
    ----------
    certificate : Certificate
    """
    return certificate.proven is not None and certificate.proven.bound.name in ("transport", "stars", "cells")


def save_proof(certificate: Certificate, path: str | os.PathLike[str], shorter: float = 0.0) -> None:
    """Write the proof of a bound by plans or by cells, so that anyone can check it with `geomnn.exact.verify`.

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
    write_whole(path, json_text(proof_document(certificate, shorter=shorter)))


def _integers(evidence: Sequence[Plan], points: np.ndarray, bias: bool) -> list[list[list[int]]]:
    """The plans in whole multiples of one mass, the second one with the negative divergence of the first."""
    largest = max((float(np.abs(plan.masses).max(initial=0.0)) for plan in evidence), default=0.0)
    whole = [
        Plan(plan.rows, plan.columns, np.rint(plan.masses * (2.0**MASS_BITS / (largest or 1.0))))
        for plan in evidence
    ]
    if len(whole) > 1:
        places = points @ axis(points)
        off = -whole[0].divergence(len(points)) - whole[1].divergence(len(points))
        if bias:
            more = matched(off, places)
        else:
            more = matched(np.append(off, -off.sum()), np.append(places, 0.0))
            ends = [np.where(end == len(points), ORIGIN, end) for end in (more.rows, more.columns)]
            more = Plan(ends[0], ends[1], more.masses)
        whole[1] = whole[1].joined(more)
    return [_listed(plan.merged()) for plan in whole]


def _listed(plan: Plan) -> list[list[int]]:
    """For each sample i that masses leave: i, j, π_ij, j, π_ij, …"""
    found: dict[int, list[int]] = {}
    order = np.lexsort([plan.columns, plan.rows])
    for i, j, mass in zip(plan.rows[order], plan.columns[order], plan.masses[order], strict=True):
        found.setdefault(int(i), [int(i)]).extend((int(j), int(mass)))
    return list(found.values())


def _length(costs: Sequence[Fraction], norm: str) -> Fraction:
    """‖A‖_q, or a little more where it is a root."""
    if norm != "2":
        return max(costs) if norm == "1" else sum(costs, Fraction(0))
    square = sum((cost * cost for cost in costs), Fraction(0))
    return Fraction(isqrt(square.numerator * square.denominator << 128) + 1, square.denominator << 64)


def _unit(v: Sequence[int], targets: Sequence[Fraction], reg: Fraction, largest: Fraction) -> Fraction:
    """The unit for which the bound is largest, at most reg over the cost of the plans, rounded down."""
    square = sum(a * a for a in v)
    worth = sum((a * y for a, y in zip(v, targets, strict=True)), Fraction(0))
    if not square or worth <= 0:
        raise OptionError("The bound is 0, which needs no proof: nothing is written.")
    best = worth / square
    best = min(best, reg / largest) if largest else best
    shift = 10 ** max(UNIT_DIGITS - len(str(best.numerator)) + len(str(best.denominator)), 0)
    return Fraction(int(best * shift), shift)
