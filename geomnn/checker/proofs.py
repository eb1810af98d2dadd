"""Proofs that no network at all is below a bound, of every kind: what they have in common, checked.

A proof holds integers a_i and a unit, and shows for v = unit · a that no unit neuron u = (w, b), ‖w‖_p = 1, has

    |Σ_i v_i (x̃_i·u)_+| > reg,

and with a bias that Σ_i v_i = 0.  By weak duality no network costs less than D(v), which
`geomnn.checker.dual_values` has for each loss.  How it shows this is its kind, a line of `KINDS`.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from geomnn.checker.cells import check_cells
from geomnn.checker.dual_values import DUAL_VALUES
from geomnn.checker.multipliers import check_multipliers
from geomnn.checker.plans import check_star_plans, check_transport_plans
from geomnn.checker.statements import brief, covered_networks, digest, rational, require, seal, shown
from geomnn.checker.surds import Surd
from geomnn.checker.table import scaled

__all__ = ["KINDS", "PROOF_FORMAT", "PROOF_VERSION", "Kind", "bound_words", "check_proof"]

PROOF_FORMAT, PROOF_VERSION = "geomnn proof", 1
PROOF_KEYS = {
    "": {"format", "version", "bound", "problem", "unit", "claim", "seal"},  # and those of the kind
    "problem": {
        "loss",
        "norm",
        "bias",
        "reg",
        "features",
        "target",
        "classes",
        "samples",
        "scaling",
        "sha256",
    },
    "claim": {"dual", "statement"},
}


class Kind(NamedTuple):
    """A way to show that no unit neuron is correlated with a by more than a number.

    Parameters
    ----------
    words : str
        What it is, in the claim.
    counted : str
        What certificate.json says was looked at, where this bound is the claim of it.
    norms : tuple of str
    part : str
        The key of a document under which it has what it needs.
    check : function
        Of this part, the samples, the problem and the number reg/unit: a and a sentence, or a `Falsehood`.
    """

    words: str
    counted: str
    norms: tuple[str, ...]
    part: str
    check: Callable[[Any, Sequence[Sequence[Fraction]], dict[str, Any], Fraction], tuple[list[int], str]]


KINDS = {
    "transport": Kind(
        "a plan of transport", "pairs of samples", ("1", "2", "inf"), "plans", check_transport_plans
    ),
    "cells": Kind("branch and bound over cones", "cells", ("1", "2", "inf"), "cells", check_cells),
    "semidefinite": Kind("multipliers of products", "multipliers", ("2",), "multipliers", check_multipliers),
    "stars": Kind("plans of stars", "pairs of samples", ("1", "2", "inf"), "plans", check_star_plans),
}


def bound_words(bound: str, problem: dict[str, Any], dual: Fraction) -> str:
    """The claim in words: ten digits of the bound, rounded down, and the problem that it is about."""
    networks = covered_networks("global", "any" if bound == "transport" and problem["norm"] == "1" else 2)
    asked = [
        f"{problem['loss']} loss",
        f"reg = {shown(Surd(Fraction(problem['reg'])))}",
        f"p = {problem['norm']}",
    ]
    asked += ["no biases"] * (not problem["bias"]) + ["standardised features"] * (
        problem["scaling"] is not None
    )
    below = f"{Surd(dual).decimal()} ({', '.join(asked)})"
    return f"{networks} has a training objective below {below}: {KINDS[bound].words}, checked in exact arithmetic."


def check_proof(document: Any, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> list[str]:
    """Check every statement of a proof, and say what was proved.

    Parameters
    ----------
    document : dict
        proof.json.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    _check_form(document)
    problem, bound, claim = document["problem"], document["bound"], document["claim"]
    kind = KINDS[bound]
    require(type(problem["samples"]) is int and problem["samples"] == len(rows),
            f"The proof is about {brief(problem['samples'])} samples and there are {len(rows)}.")  # fmt: skip
    reg, unit = rational(problem["reg"], "reg"), rational(document["unit"], "unit")
    require(reg > 0, "reg is not above 0.")
    require(unit > 0, "The unit is not above 0.")
    require(problem["sha256"] == digest(problem, rows, targets),
            "The data or the problem are not those that were bounded (sha256).")  # fmt: skip
    a, shown_by = kind.check(document[kind.part], scaled(rows, problem["scaling"]), problem, reg / unit)
    dual = DUAL_VALUES[problem["loss"]](unit, a, targets)
    require(claim["dual"] == str(dual), "The claimed bound is not that of the proof.")
    words = bound_words(bound, problem, dual)
    require(claim["statement"] == words, f"The claimed statement is not what was proved: {words}")
    require(document["seal"] == seal(document), "The proof was changed after it was written (seal).")
    return [shown_by, words]


def _check_form(document: Any) -> None:
    """Refuse what is not a proof of this version, whole and in its only spelling."""
    require(
        isinstance(document, dict) and document.get("format") == PROOF_FORMAT, f"This is no {PROOF_FORMAT!r}."
    )
    version = document.get("version")
    require(version == PROOF_VERSION and type(version) is int,
            f"The version is {brief(version)} and {PROOF_VERSION} can be checked.")  # fmt: skip
    bound = document.get("bound")
    require(isinstance(bound, str) and bound in KINDS, f"The bound is {brief(bound)}.")
    kind = KINDS[bound]
    for part, keys in PROOF_KEYS.items():
        content, keys = (document[part], keys) if part else (document, {*keys, kind.part})
        require(isinstance(content, dict) and set(content) == keys,
                f"The keys of {part or 'the proof'} are not {', '.join(sorted(keys))}.")  # fmt: skip
    problem = document["problem"]
    for key, known in (("loss", DUAL_VALUES), ("norm", kind.norms)):
        held = problem[key]
        require(isinstance(held, str) and held in known,
                f"The {key} is {brief(held)} and {', '.join(known)} can be checked.")  # fmt: skip
    require(type(problem["bias"]) is bool, f"bias is {brief(problem['bias'])}.")
