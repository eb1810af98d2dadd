"""Proofs by plans, checked: no network has a training objective below a bound, by a few sums of products.

Masses π_ij ≥ 0 on pairs of samples, with v_i = Σ_j π_ij − π_ji, prove for every unit neuron u = (w, b) that

    Σ_i v_i (x̃_i·u)_+ ≤ Σ_ij π_ij (w·(x_i − x_j))_+                        a plan of transport
    Σ_i v_i (x̃_i·u)_+ ≤ Σ_i (w·q_i)_+,   q_i = Σ_j π_ij (x_i − x_j)        a plan of stars

as (a)_+ − (b)_+ ≤ (a − b)_+, and ≤ a − b where a > 0.  Either is at most ‖A‖_q, with A_l the larger one of its values
at w = e_l and w = −e_l.  So if ‖A‖_q ≤ reg, and the same for −v, no network costs less than v·y − ½ v·v.  Without a
bias there is an origin, number −1: edges from it cost nothing, as −(a)_+ ≤ 0, and in plans of stars those to it may
have any sign, as (a)_+ = 1[a > 0] a.

Masses are integers, times one unit.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import isfinite, lcm
from typing import Any

from geomnn.checker.statements import Falsehood, brief, covered_networks, digest, number, require, seal
from geomnn.checker.surds import Surd

__all__ = ["PROOF_FORMAT", "PROOF_VERSION", "bound_words", "check_proof", "plan_costs"]

PROOF_FORMAT, PROOF_VERSION = "geomnn proof", 1
WORDS = {"transport": "a plan of transport", "stars": "plans of stars"}
PROOF_KEYS = {
    "": {"format", "version", "bound", "problem", "unit", "plans", "claim", "seal"},
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
ORIGIN = -1

Plan = Sequence[Sequence[int]]  # for each sample i that masses leave: i, j, π_ij, j, π_ij, …


def bound_words(bound: str, norm: str, dual: Fraction) -> str:
    """The claim in words: ten digits of the bound, rounded down."""
    networks = covered_networks("global", "any" if bound == "transport" and norm == "1" else 2)
    below = Surd(dual).decimal()
    return f"{networks} has a training objective below {below}: {WORDS[bound]}, checked in exact arithmetic."


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
    problem, bound = document["problem"], document["bound"]
    require(type(problem["samples"]) is int and problem["samples"] == len(rows),
            f"The proof is about {brief(problem['samples'])} samples and there are {len(rows)}.")  # fmt: skip
    reg = _rational(problem["reg"], "reg")
    require(reg > 0, "reg is not above 0.")
    require(problem["sha256"] == digest(problem, rows, targets),
            "The data or the problem are not those that were bounded (sha256).")  # fmt: skip
    columns, scales = integer_columns(scaled(rows, problem["scaling"]))
    plans = document["plans"]
    twice = bound == "stars" or not problem["bias"]
    require(isinstance(plans, list) and len(plans) == 1 + twice, f"There are not {1 + twice} plans.")
    for plan in plans:
        _check_plan(plan, len(rows), problem["bias"], bound)
    moved = [divergence(plan, len(rows)) for plan in plans]
    require(all(a + b == 0 for a, b in zip(moved[0], moved[-1], strict=True)) or not twice,
            "The second plan does not move −v.")  # fmt: skip
    unit = _rational(document["unit"], "unit")
    require(unit > 0, "The unit of the masses is not above 0.")
    for plan in plans:
        costs = [
            Fraction(cost, scale)
            for cost, scale in zip(plan_costs(plan, columns, bound), scales, strict=True)
        ]
        require(within(costs, reg / unit, problem["norm"]), "A plan costs more than reg.")
    v, half = moved[0], Fraction(1, 2)
    dual = unit * sum(a * y for a, y in zip(v, targets, strict=True)) - half * unit**2 * sum(a * a for a in v)
    claim = document["claim"]
    require(claim["dual"] == str(dual), "The claimed bound is not that of the plans.")
    words = bound_words(bound, problem["norm"], dual)
    require(claim["statement"] == words, f"The claimed statement is not what was proved: {words}")
    require(document["seal"] == seal(document), "The proof was changed after it was written (seal).")
    edges = sum(len(row) // 2 for plan in plans for row in plan)
    return [f"{edges:,} masses on pairs of samples cost at most reg, whichever way a neuron points.", words]


def _check_form(document: Any) -> None:
    """Refuse what is not a proof of this version, whole and in its only spelling."""
    require(
        isinstance(document, dict) and document.get("format") == PROOF_FORMAT, f"This is no {PROOF_FORMAT!r}."
    )
    version = document.get("version")
    require(version == PROOF_VERSION and type(version) is int,
            f"The version is {brief(version)} and {PROOF_VERSION} can be checked.")  # fmt: skip
    for part, keys in PROOF_KEYS.items():
        content = document[part] if part else document
        require(isinstance(content, dict) and set(content) == keys,
                f"The keys of {part or 'the proof'} are not {', '.join(sorted(keys))}.")  # fmt: skip
    bound, problem = document["bound"], document["problem"]
    require(isinstance(bound, str) and bound in WORDS, f"The bound is {brief(bound)}.")
    require(
        problem["loss"] == "squared", f"The loss is {brief(problem['loss'])} and 'squared' can be checked."
    )
    require(problem["norm"] in ("1", "2", "inf"), f"The norm is {brief(problem['norm'])}.")
    require(type(problem["bias"]) is bool, f"bias is {brief(problem['bias'])}.")


def _check_plan(plan: Any, n: int, bias: bool, bound: str) -> None:
    """A plan in its only spelling: rows and in them columns in order, masses that are not 0."""
    require(isinstance(plan, list), "A plan is no list.")
    first, last = (0 if bias else ORIGIN), None
    for row in plan:
        whole = (
            isinstance(row, list) and len(row) % 2 == 1 and len(row) > 2 and all(type(k) is int for k in row)
        )
        require(whole, f"A row of a plan is {brief(row)}.")
        i, ends, masses = row[0], row[1::2], row[2::2]
        require(
            first <= i < n and (last is None or last < i), f"Row {brief(i)} of a plan is not in its place."
        )
        require(all(first <= j < n and j != i for j in ends), f"Row {i} of a plan has columns that are none.")
        require(all(a < b for a, b in pairwise(ends)), f"Row {i} of a plan is not in order.")
        free = bound == "stars" and i != ORIGIN
        require(all(m > 0 or (m < 0 and free and j == ORIGIN) for j, m in zip(ends, masses, strict=True)),
                f"Row {i} of a plan has a mass that is not above 0.")  # fmt: skip
        last = i


def scaled(rows: Sequence[Sequence[Fraction]], scaling: Any) -> Sequence[Sequence[Fraction]]:
    """The samples, standardised if there is a scaling: (x − mean)/deviation with its numbers as they are written."""
    if scaling is None:
        return rows
    keys = isinstance(scaling, dict) and set(scaling) == {"mean", "deviation"}
    require(keys, f"The scaling is {brief(scaling)}.")
    mean, deviation = (
        [_decimal(entry) for entry in _entries(scaling[key], len(rows[0]))] for key in ("mean", "deviation")
    )
    require(all(size > 0 for size in deviation), "A deviation of the scaling is not above 0.")
    return [[(x - m) / s for x, m, s in zip(row, mean, deviation, strict=True)] for row in rows]


def integer_columns(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[int]], list[int]]:
    """Each column times a number of its own that makes its entries integers, and these numbers."""
    columns, scales = [], []
    for column in zip(*rows, strict=True):
        scale = lcm(*(entry.denominator for entry in column))
        columns.append([entry.numerator * (scale // entry.denominator) for entry in column])
        scales.append(scale)
    return columns, scales


def divergence(plan: Plan, n: int) -> list[int]:
    """Σ_j π_ij − π_ji of each of n samples."""
    v = [0] * (n + 1)  # the origin comes last
    for i, *rest in plan:
        v[i] += sum(rest[1::2])
        for j, mass in zip(rest[::2], rest[1::2], strict=True):
            v[j] -= mass
    return v[:n]


def plan_costs(plan: Plan, columns: Sequence[Sequence[int]], bound: str) -> list[int]:
    """A_l of each integer column."""
    costs = []
    for column in columns:
        up = down = 0
        x = [*column, 0]
        for i, *rest in plan:
            if i == ORIGIN:
                continue
            moves = [mass * (x[i] - x[j]) for j, mass in zip(rest[::2], rest[1::2], strict=True)]
            for move in moves if bound == "transport" else [sum(moves)]:
                up += max(move, 0)
                down -= min(move, 0)
        costs.append(max(up, down))
    return costs


def within(costs: Sequence[Fraction], most: Fraction, norm: str) -> bool:
    """Whether ‖A‖_q ≤ a number."""
    if norm == "1":
        return max(costs) <= most
    return sum(costs) <= most if norm == "inf" else sum(cost * cost for cost in costs) <= most * most


def _rational(value: Any, name: str) -> Fraction:
    require(isinstance(value, str), f"{name} is {brief(value)}, no rational number.")
    found = number(value, name).terms
    require(set(found) <= {1}, f"{name} is {brief(value)}, no rational number.")
    return found.get(1, Fraction(0))


def _decimal(entry: Any) -> Fraction:
    if type(entry) not in (int, float) or not isfinite(entry):
        raise Falsehood(f"The scaling holds {brief(entry)}, which is no number.")
    return Fraction(repr(entry))


def _entries(values: Any, d: int) -> list[Any]:
    require(isinstance(values, list) and len(values) == d, f"The scaling does not have {d} numbers.")
    return list(values)
