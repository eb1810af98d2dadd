"""A way down, checked: (T) at networks of float64, taken as the decimals that are written, and on the lines between.

A network of slots (α_j, w_j, b_j) and t is on all samples that of its rows q_j = |α_j| (w_j, b_j) and their signs,

    f(x) = Σ_j sign(α_j) (x̃·q_j)_+ + t,      (T) = ½ Σ_i (f(x_i) − y_i)² + (reg/2) Σ_j (‖w_j‖_p² + α_j²),

and the last term is reg Σ_j ‖q_j‖_p where all are balanced, ‖w_j‖_p = |α_j|.  To become so it falls, along w_j c^s and
α_j/c^s; where w_j = 0 the slot shrinks and t takes over its constant.  From each network to the next the path is: it is
balanced, its rows and t move along straight lines, no sign changing, to those of the next, and that is unbalanced.

Let G(s) be (T) if f(x_i) and ‖q_j‖ were straight on such a piece, too: a convex parabola, rising by G'(1)_+ at most.
Where a = x̃_i·q_j and b = x̃_i·q_j' have different signs (x̃_i·q_j(s))_+ is off its line by min(|a|, |b|) at most, in
sum e_i, and ‖q_j(s)‖ by ‖q_j'‖ − λ‖q_j‖ + ‖q_j' − λq_j‖ at most, for any λ ≥ 0.  So (T) is nowhere above what it was
before on the piece by more than

    G'(1)_+ + Σ_i e_i (2 r_i + ½ e_i) + reg Σ_j (‖q_j'‖ − λ‖q_j‖ + ‖q_j' − λq_j‖) + what the next one is unbalanced by,

r_i the larger |f(x_i) − y_i|, and all of this is rounding.  v = τ(y − f(X)) of the last network, less its mean where
there is a bias, with the best τ for which no atom is above reg, bounds all networks from below.

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

from geomnn.checker.statements import (
    PROBLEM_KEYS,
    brief,
    check_form,
    check_keys,
    check_list,
    check_problem,
    covered_networks,
    require,
    seal,
)  # fmt: skip
from geomnn.checker.wedges import Wedges

__all__ = ["DESCENT_FORMAT", "DESCENT_VERSION", "check_descent", "descent_claim"]

DESCENT_FORMAT, DESCENT_VERSION = "geomnn descent", 1
DESCENT_KEYS = {
    "": {"format", "version", "problem", "networks", "claim", "seal"},
    "problem": PROBLEM_KEYS,
    "claim": {"values", "rise", "gap", "statement"},
}
ROUNDING = Fraction(1, 10**9)  # relative to (T) where it begins, by which a piece may rise
BITS = 64  # of λ
ZERO = Fraction(0)

Row = Sequence[Fraction]
Size = Callable[[Row], Fraction]


class Network(NamedTuple):
    """(T), what of it is unbalanced, sign, q_j, ‖q_j‖ and x̃_i·q_j of each slot, and f(x_i) − y_i."""

    value: Fraction
    excess: Fraction
    slots: Sequence[tuple[int, Row, Fraction, Row]]
    errors: Row


def check_descent(document: Any, rows: Sequence[Row], targets: Row) -> list[str]:
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
    check_form(document, DESCENT_FORMAT, DESCENT_VERSION, DESCENT_KEYS)
    problem, claim = document["problem"], document["claim"]
    check_problem(problem, rows, targets)
    every = problem["program"] == "all" and problem["norm"] in ("1", "inf")
    require(every, "The problem is not one of all atoms for norm 1 or inf.")
    found, words = descent_claim(problem, document["networks"], rows, targets)
    for key, value in found.items():
        same = claim[key] == value
        require(same, f"The claimed {key} is {brief(claim[key])} where {brief(value)} was found.")
    require(document["seal"] == seal(document), "The descent was changed after it was written (seal).")
    return words


def descent_claim(
    problem: dict[str, Any], networks: Any, rows: Sequence[Row], targets: Row
) -> tuple[dict[str, Any], list[str]]:
    """What is so: (T) at the networks, by how much it may rise, how far the end may be from the least; and in words."""
    bias, reg, d = problem["bias"], Fraction(problem["reg"]), len(rows[0])
    points = [[*x, Fraction(1)][: d + bias] for x in rows]

    def size(q: Row) -> Fraction:
        return max(map(abs, q[:d])) if problem["norm"] == "inf" else sum(map(abs, q[:d]), ZERO)

    listed = enumerate(check_list(networks, "networks"))
    path = [_network(given, f"network {k}", points, targets, reg, bias, size) for k, given in listed]
    widths = {len(network.slots) for network in path}
    require(len(widths) == 1, f"The networks have the widths {brief(sorted(widths))}; one was expected.")
    values, rise = [network.value for network in path], ZERO
    for k, (before, after) in enumerate(pairwise(path)):
        slope, bends = _rise(before, after, reg, size, between := f"between the networks {k} and {k + 1}")
        require(bends <= ROUNDING * values[k], f"A neuron turns {between}, by more than rounding.")
        require(slope <= ROUNDING * values[k], f"(T) rises {between}, by more than rounding.")
        rise += slope + bends
    least, atoms = _least(path[-1].errors, Wedges(rows, problem["norm"], bias, True), targets, reg)
    words = [
        f"A path of {widths.pop()} neurons leads down: (T) is {', '.join(map(_rounded, values))} at its networks.",
        f"On the way (T) is nowhere above what it was before by more than {_above(rise)}, a share of "
        f"{_above(rise / (values[0] or 1))} of where it begins.",
        f"{covered_networks('global')} is better than its end by more than "
        f"{_above(values[-1] - least)}: checked {atoms:,} atoms exactly.",
    ]
    claim = {"values": [*map(str, values)], "rise": str(rise), "gap": str(values[-1] - least)}
    return claim | {"statement": " ".join(words)}, words


def _network(
    given: Any, name: str, points: Sequence[Row], targets: Row, reg: Fraction, bias: bool, size: Size
) -> Network:
    """A network from its slots (α, w, b), without b where there is no bias, and t."""
    check_keys(given, {"slots", "t"}, name)
    (t,), cost, slots = _decimals([given["t"]], 1, name), ZERO, []
    require(bias or not t, f"Without a bias there is no intercept, and {name} has one.")
    for slot in check_list(given["slots"], f"slots of {name}"):
        alpha, *w = _decimals(slot, 1 + len(points[0]), name)
        cost += (size(w) ** 2 + alpha**2) / 2
        live = bool(alpha and size(w))
        t += ZERO if live else alpha * max(w[-1], ZERO) * bias
        q = [abs(alpha) * entry * live for entry in w]
        slots.append(
            (live * (1 if alpha > 0 else -1), q, size(q), [sum(map(mul, x, q), ZERO) for x in points])
        )
    errors = [
        sum((sign * max(side[i], ZERO) for sign, *_, side in slots), t - y) for i, y in enumerate(targets)
    ]
    value = sum(map(mul, errors, errors), ZERO) / 2 + reg * cost
    return Network(value, reg * (cost - sum(length for _, _, length, _ in slots)), slots, errors)


def _rise(
    before: Network, after: Network, reg: Fraction, size: Size, between: str
) -> tuple[Fraction, Fraction]:
    """By how much (T) may rise between two networks: as G does, or one is unbalanced; and as lines are not straight."""
    ends = [*zip(before.errors, after.errors, strict=True)]
    slope, bends, off = sum((b * (b - a) for a, b in ends), ZERO), ZERO, [ZERO] * len(ends)
    for j, (start, end) in enumerate(zip(before.slots, after.slots, strict=True)):
        (sign, q, length, side), (later, r, last, other) = start, end
        require(sign * later >= 0, f"Slot {j} changes its sign {between}.")
        slope += reg * (last - length)
        if sign and later:
            share = Fraction(int(last / length * 2**BITS), 2**BITS)
            bends += reg * (last - share * length + size([b - share * a for a, b in zip(q, r, strict=True)]))
            crossed = zip(off, side, other, strict=True)
            off = [e + min(abs(a), abs(b)) * (a * b < 0) for e, a, b in crossed]
    bends += sum((e * (2 * max(abs(a), abs(b)) + e / 2) for e, (a, b) in zip(off, ends, strict=True)), ZERO)
    return max(slope, ZERO) + after.excess, bends


def _least(errors: Row, wedges: Wedges, targets: Row, reg: Fraction) -> tuple[Fraction, int]:
    """What no network is below, and how many atoms there are."""
    mean = sum(errors, ZERO) / len(errors) * wedges.bias
    v, planes, largest = [mean - error for error in errors], wedges.planes(), ZERO
    for plane in planes:
        incidences, m = wedges.incidences(plane), isqrt(wedges.square(plane))
        for side in (1, -1):
            sums = sum((a * side * x for a, x in zip(v, incidences, strict=True) if side * x > 0), ZERO)
            largest = max(largest, abs(sums) / m)
    worth, square = sum(map(mul, v, targets), ZERO), sum(map(mul, v, v), ZERO)
    tau = max(worth / square, ZERO) if square else ZERO
    tau = min(tau, reg / largest) if largest else tau
    return tau * worth - tau**2 * square / 2, 2 * len(planes)


def _decimals(value: Any, count: int, name: str) -> list[Fraction]:
    """Floats as they are written: 0.1 is 1/10."""
    require(
        isinstance(value, list) and len(value) == count, f"A slot of {name} does not have {count} numbers."
    )
    for entry in value:
        plain = type(entry) is float and isfinite(entry) and repr(entry) != "-0.0"
        require(plain, f"A number of {name} is {brief(entry)}, which is no finite float.")
    return [Fraction(repr(entry)) for entry in value]


def _rounded(value: Fraction, digits: int = 10, rounding: str = ROUND_HALF_EVEN) -> str:
    """In so many digits, without zeros at their end."""
    context = Context(prec=digits, rounding=rounding)
    text = str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text


def _above(value: Fraction) -> str:
    return _rounded(value, 2, ROUND_CEILING)
