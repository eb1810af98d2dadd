"""A way down, checked: (T) of networks in float64, as the fractions that are written, and on the lines between them.

A network with slots (w_j, b_j, α_j) and t is, as a function, that of its rows q_j = |α_j| (w_j, b_j) and their signs,

    f(x) = Σ_j sign(α_j) (x̃·q_j)_+ + t,      (T) = ½ Σ_i (f(x_i) − y_i)² + (reg/2) Σ_j (‖w_j‖_p² + α_j²),

the last term being reg Σ_j ‖q_j‖_p where it is balanced, ‖w_j‖_p = |α_j|, and more elsewhere.  To be balanced costs
nothing: w_j c^s, α_j/c^s, and (T) falls; a slot with w_j = 0 shrinks, and t takes over its constant.  From one network
of a path to the next each is balanced, rows and t go along straight lines, and it ends as the next is.  On these lines
a slot keeps its sign, or is zero at an end.

Let G(s) be (T) if f and Σ ‖q_j‖ went along straight lines, too: G is convex, so that it rises by no more than G'(1),
if that is above 0.  Where x̃_i·q_j has the values a, b at the ends, of different signs, a slot differs by at most
min(|a|, |b|) from its straight line, in sum e_i; and ‖q_j‖ by at most ‖q'‖ − λ‖q‖ + ‖q' − λq‖ for any λ ≥ 0.  Hence,
r_i being the larger |f − y| of the ends, (T) is on such a piece nowhere above what it was before by more than

    G'(1)_+ + Σ_i e_i (2 r_i + ½ e_i) + reg Σ_j (‖q_j'‖ − λ‖q_j‖ + ‖q_j' − λq_j‖) + what balancing the next one wins.

All of these are 0 but for rounding, which puts samples on the other side of a hyperplane that they are on.  Integers
a_i with a sum of 0, where there is a bias, show how far the end may be from the least value of all networks: v = unit·a
with |Σ_i v_i (x̃_i·u)_+| ≤ reg for every atom u.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from math import isfinite, isqrt
from operator import mul
from typing import Any, NamedTuple

from geomnn.checker.dual_values import DUAL_VALUES
from geomnn.checker.statements import (
    PROBLEM_KEYS,
    brief,
    check_integers,
    check_keys,
    check_list,
    check_problem,
    covered_networks,
    require,
    seal,
)
from geomnn.checker.wedges import Wedges

__all__ = ["DESCENT_FORMAT", "DESCENT_VERSION", "check_descent", "descent_claim"]

DESCENT_FORMAT, DESCENT_VERSION = "geomnn descent", 1
DESCENT_KEYS = {
    "": {"format", "version", "problem", "networks", "dual", "claim", "seal"},
    "problem": PROBLEM_KEYS,
    "claim": {"values", "rise", "least", "statement"},
}
LENGTHS: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "1": lambda w: sum(map(abs, w), Fraction(0)),
    "inf": lambda w: max(map(abs, w), default=Fraction(0)),
}
ROUNDING = Fraction(1, 10**9)  # of (T) at the beginning, which a piece may rise by
BITS = 64  # of λ

Row = list[Fraction]


class Network(NamedTuple):
    """(T) as it is, and balanced: signs, rows q_j, their sizes ‖q_j‖, x̃_i·q_j of all i, and f(x_i) − y_i."""

    value: Fraction
    excess: Fraction
    signs: list[int]
    rows: list[Row]
    sizes: list[Fraction]
    sides: list[Row]
    errors: Row


def check_descent(
    document: Any, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> list[str]:
    """Check that (T) falls along a path of networks, and say by how much it may rise on the way.

    Parameters
    ----------
    document : dict
        What `Descent.save` writes.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    known = isinstance(document, dict) and document.get("format") == DESCENT_FORMAT
    require(known, f"This is no {DESCENT_FORMAT!r}.")
    version = document.get("version")
    require(version == DESCENT_VERSION and type(version) is int,
            f"The version is {brief(version)} and {DESCENT_VERSION} can be checked.")  # fmt: skip
    for part, keys in DESCENT_KEYS.items():
        check_keys(document[part] if part else document, keys, part or "the descent")
    check_problem(document["problem"], rows, targets)
    claim, (found, words) = document["claim"], descent_claim(document, rows, targets)
    for key, value in found.items():
        require(
            claim[key] == value, f"The claimed {key} is {brief(claim[key])} where {brief(value)} was found."
        )
    require(document["seal"] == seal(document), "The descent was changed after it was written (seal).")
    return words


def descent_claim(
    document: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> tuple[dict[str, Any], list[str]]:
    """The claim: (T) at the networks of a path, by how much it may rise, and a bound from below; and in words."""
    problem, listed = document["problem"], check_list(document["networks"], "networks")
    norm, bias, reg = problem["norm"], problem["bias"], Fraction(problem["reg"])
    require(
        norm in LENGTHS and problem["program"] == "all",
        "The path is not one for norm 1 or inf over all atoms.",
    )
    require(bool(listed), "No network is listed.")
    given = {"rows": rows, "targets": targets, "reg": reg, "bias": bias, "length": LENGTHS[norm]}
    path = [_network(network, f"network {k}", **given) for k, network in enumerate(listed)]
    require(len({len(network.signs) for network in path}) == 1, "The networks are of different widths.")
    values = [network.value for network in path]
    first, last, rise = values[0], values[-1], Fraction(0)
    for k, (before, after) in enumerate(pairwise(path)):
        between, most = f"between the networks {k} and {k + 1}", ROUNDING * first
        for j, signs in enumerate(zip(before.signs, after.signs, strict=True)):
            require(set(signs) != {-1, 1}, f"Slot {j} changes its sign {between}.")
        require(after.value - before.value <= most, f"(T) rises {between}.")
        slope, bends = _rise(before, after, reg, LENGTHS[norm], len(rows[0]))
        require(bends <= most, f"A slot turns {between}, by more than rounding.")
        require(slope <= most, f"(T) falls and rises {between}.")
        rise += slope + bends
    words = [
        f"A path of {len(path[0].signs)} neurons leads along straight lines of rows from {_rounded(first)} to "
        f"{_rounded(last)}; (T) is {', '.join(map(_rounded, values))} at its networks.",
        f"On the way (T) is nowhere above what it was before by more than {_above(rise)}.",
    ]
    least = None
    if document["dual"] is not None:
        check_integers(document["dual"], len(rows), "dual")
        least, count = _least(document["dual"], Wedges(rows, norm, bias, True), targets, reg)
        words.append(f"{covered_networks('global')} is better than the end by more than {_above(last - least)}: "
                     f"checked {count:,} atoms exactly.")  # fmt: skip
    claim = {"values": [*map(str, values)], "rise": str(rise), "least": None if least is None else str(least)}
    return claim | {"statement": " ".join(words)}, words


def _network(
    given: Any, name: str, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction], reg: Fraction,
    bias: bool, length: Callable[[Sequence[Fraction]], Fraction],
) -> Network:  # fmt: skip
    """A network from its slots (α, w, b), without b where there is no bias, and t."""
    check_keys(given, {"slots", "t"}, name)
    t, d = _decimal(given["t"], f"t of {name}"), len(rows[0])
    require(bias or not t, f"Without a bias there is no intercept, and {name} has one.")
    slots = [
        _slot(slot, 1 + d + bias, f"slot {j} of {name}")
        for j, slot in enumerate(check_list(given["slots"], name))
    ]
    cost = sum((length(w[:d]) ** 2 + alpha**2 for alpha, *w in slots), Fraction(0)) / 2
    signs, balanced = [], []
    for alpha, *w in slots:
        live = bool(alpha) and any(w[:d])
        t += alpha * max(sum(w[d:]), 0) * (not live)
        signs.append(((alpha > 0) - (alpha < 0)) * live)
        balanced.append([abs(alpha) * entry * live for entry in w])
    sizes = [length(row[:d]) for row in balanced]
    points = [[*x, Fraction(1)][: d + bias] for x in rows]
    sides = [[sum(map(mul, x, q), Fraction(0)) for x in points] for q in balanced]
    errors = [
        sum((sign * max(side[i], 0) for sign, side in zip(signs, sides, strict=True)), t - y)
        for i, y in enumerate(targets)
    ]
    excess = reg * (cost - sum(sizes))
    value = sum(map(mul, errors, errors), Fraction(0)) / 2 + reg * cost
    return Network(value, excess, signs, balanced, sizes, sides, errors)


def _rise(
    before: Network, after: Network, reg: Fraction, length: Callable[[Sequence[Fraction]], Fraction], d: int
) -> tuple[Fraction, Fraction]:
    """By how much (T) may rise between two networks: at the end of a parabola, and as lines are not straight."""
    ends = [*zip(before.errors, after.errors, strict=True)]
    slope = sum((b * (b - a) for a, b in ends), reg * (sum(after.sizes) - sum(before.sizes)))
    bent, bends = [Fraction(0)] * len(ends), after.excess
    for j, (q, r) in enumerate(zip(before.rows, after.rows, strict=True)):
        if before.signs[j] and after.signs[j]:
            size, later = before.sizes[j], after.sizes[j]
            share = Fraction(int(later / size * 2**BITS), 2**BITS)
            turned = [b - share * a for a, b in zip(q, r, strict=True)]
            bends += reg * (later - share * size + length(turned[:d]))
            for i, (a, b) in enumerate(zip(before.sides[j], after.sides[j], strict=True)):
                bent[i] += min(abs(a), abs(b)) * (a * b < 0)
    bends += sum(
        (e * (2 * max(abs(a), abs(b)) + e / 2) for e, (a, b) in zip(bent, ends, strict=True)), Fraction(0)
    )
    return max(slope, Fraction(0)), bends


def _least(
    a: Sequence[int], wedges: Wedges, targets: Sequence[Fraction], reg: Fraction
) -> tuple[Fraction, int]:
    """The best lower bound of all networks by v = unit · a, and how many atoms there are."""
    require(not wedges.bias or not sum(a), "The integers of dual do not sum to 0.")
    planes, largest = wedges.planes(), Fraction(0)
    for plane in planes:
        incidences, size = wedges.incidences(plane), isqrt(wedges.square(plane))
        for side in (1, -1):
            correlation = sum(k * max(side * x, 0) for k, x in zip(a, incidences, strict=True))
            largest = max(largest, Fraction(abs(correlation), size))
    worth, square = sum(map(mul, a, targets), Fraction(0)), sum(map(mul, a, a))
    limits = [worth / square] * bool(square) + [reg / largest] * bool(largest)
    unit = max(min(limits, default=Fraction(0)), Fraction(0))
    return DUAL_VALUES["squared"](unit, a, targets), 2 * len(planes)


def _slot(value: Any, size: int, name: str) -> Row:
    """α, w and b."""
    require(isinstance(value, list) and len(value) == size, f"{name} does not have {size} numbers.")
    return [_decimal(entry, f"A number of {name}") for entry in value]


def _decimal(value: Any, name: str) -> Fraction:
    """A float as it is written: 0.1 is 1/10."""
    plain = type(value) is float and isfinite(value) and repr(value) != "-0.0"
    require(plain, f"{name} is {brief(value)}, which is no number.")
    return Fraction(repr(value))


def _rounded(value: Fraction, digits: int = 10, rounding: str = ROUND_HALF_EVEN) -> str:
    """A value in so many digits, without zeros at their end."""
    context = Context(prec=digits, rounding=rounding)
    text = str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text


def _above(value: Fraction) -> str:
    """A number in two digits that is at least the value."""
    return _rounded(value, 2, ROUND_CEILING)
