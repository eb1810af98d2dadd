"""What is said of all optimal networks, checked: their atoms, how much of each, vertices, how few neurons, paths.

Let |v·φ_u| ≤ reg for all atoms u, and Σ_i v_i = 0 with a bias, E be the atoms that reach reg, with the sign s_u, and
ψ_u = s_u φ_u.  One point of

    Z* = {a ≥ 0 : Σ_{u∈E} a_u ψ_u + t 1 = y − v}

shows that v is the residual of every optimum, and then Z* are all optimal networks over the atoms, a_u = |z_u|.  A λ,
with λ·1 = 0 where there is a bias, has Σ_u a_u λ·ψ_u = λ·(y − v) on all of Z*, and so proves

    a_k ≥ λ·(y − v)   if λ·ψ_u ≤ 1[u = k] for all u,      a_k ≤ λ·(y − v)   if λ·ψ_u ≥ 1[u = k] for all u,
    a_u > 0 for some u of {u : λ·ψ_u > 0}   if λ·(y − v) = 1.

So the atoms of every optimum meet all sets of a list of the last kind.  If nothing that does consists of m cliques,
sets whose neurons may be one, no optimum has m neurons.  If all that does has the atoms of a listed vertex among it,
there is no other vertex, as a vertex is the only point of Z* over its atoms.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from math import isqrt, lcm
from operator import mul
from typing import Any, NamedTuple

from geomnn.checker.meeting import Atoms, cliques, meeting, without
from geomnn.checker.statements import (
    NAME_KEYS,
    PROBLEM_KEYS,
    brief,
    check_form,
    check_keys,
    check_list,
    check_names,
    check_problem,
    rational,
    require,
    seal,
    shown,
)
from geomnn.checker.surds import Surd
from geomnn.checker.wedges import Wedges, rank

__all__ = ["SET_FORMAT", "SET_VERSION", "check_set", "set_words"]

SET_FORMAT, SET_VERSION = "geomnn optimal set", 1
SET_KEYS = {
    "": {"format", "version", "problem", "dual", "neurons", "needed", "vertices", "fewest", "paths", "claim", "seal"},
    "problem": PROBLEM_KEYS,
    "vertices": {"points", "all"},
    "claim": {"count", "cost", "rank", "dimension", "unique", "statement"},
}  # fmt: skip
MOST_SETS = 1000  # of needed, which every step of a search looks at
NEURON_KEYS = NAME_KEYS | {"sign", "low", "high", "status", "below", "above"}
STATUS = {(True, True): "indispensable", (False, True): "optional", (False, False): "never"}

Amounts = dict[int, Fraction]


class Active(NamedTuple):
    """The active atoms: ψ_u = columns_u/sizes_u on the samples, in integers; y − v; and which atoms may be one neuron.

    An atom that is active on all samples is a friend of its own where there is a bias, which can take over from t.
    """

    columns: list[list[int]]
    sizes: list[int]
    outputs: list[Fraction]
    bias: bool
    friends: list[Atoms]

    def merge(self, atoms: Iterable[int]) -> bool:
        return all(j in self.friends[k] for j, k in combinations(atoms, 2))

    def holds(self, amounts: Amounts) -> bool:
        """Whether they are a point of Z*."""
        shares = {k: amount / self.sizes[k] for k, amount in amounts.items()}
        scale = lcm(*(share.denominator for share in shares.values()))
        whole = [(int(share * scale), self.columns[k]) for k, share in shares.items()]
        rest = [f - Fraction(sum(c * psi[i] for c, psi in whole), scale) for i, f in enumerate(self.outputs)]
        return all(value == (rest[0] if self.bias else 0) for value in rest)

    def rank(self, atoms: Iterable[int]) -> int:
        """Of their activations, with a bias up to constants."""
        return rank([[x - self.columns[k][0] * self.bias for x in self.columns[k]] for k in atoms])

    def pulls(self, given: Any, name: str) -> tuple[list[Fraction], Fraction]:
        """λ·ψ_u of all of them, and λ·(y − v)."""
        multipliers = _numbers(given, len(self.outputs), self.bias, name)
        scale = lcm(*(number.denominator for number in multipliers))
        whole = [int(number * scale) for number in multipliers]
        sums = [sum(map(mul, whole, psi)) for psi in self.columns]
        pulls = [Fraction(total, scale * m) for total, m in zip(sums, self.sizes, strict=True)]
        return pulls, sum(map(mul, multipliers, self.outputs), Fraction(0))


def check_set(document: Any, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> list[str]:
    """Check every statement about the optimal networks of a problem, and say what was proved.

    Parameters
    ----------
    document : dict
        optimal_set.json.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    check_form(document, SET_FORMAT, SET_VERSION, SET_KEYS)  # so that there is no depth, either
    problem, claim, neurons = document["problem"], document["claim"], document["neurons"]
    check_problem(problem, rows, targets)
    merging, reg = problem["program"] == "all", Fraction(problem["reg"])
    wedges = Wedges(rows, problem["norm"], problem["bias"], merging)
    v = _numbers(document["dual"], len(rows), problem["bias"], "dual")
    count, signs = _reaching(wedges, v, reg)
    active = _active(neurons, wedges, signs, [y - w for y, w in zip(targets, v, strict=True)], merging)
    points = _vertices(document["vertices"]["points"], active)
    ends = [_interval(k, neuron, points, active) for k, neuron in enumerate(neurons)]
    used = frozenset(k for k, (_, high) in enumerate(ends) if high)
    sets = [frozenset([k]) for k, (low, _) in enumerate(ends) if low]
    sets += _needed(document["needed"], active, used)
    independent = active.rank(used)
    found = {
        "count": count,
        "cost": str(sum(map(mul, v, active.outputs), Fraction(0)) / reg),
        "rank": independent,
        "dimension": len(used) - independent,
        "unique": len(used) == independent and not any(active.friends[k] & used for k in used),
    }
    for key, value in found.items():
        same = type(claim[key]) is type(value) and claim[key] == value
        require(same, f"The claimed {key} is {brief(claim[key])} where {brief(value)} was found.")
    every = document["vertices"]["all"]
    require(type(every) is bool, f"all of vertices is {brief(every)}.")
    every = not every or meeting(sets, without([frozenset(point) for point in points])) is None
    require(every, "It is not proved that there are no other vertices.")
    _check_fewest(document["fewest"], active, sets, merging)
    for path in check_list(document["paths"], "paths"):
        _check_path(path, active)
    words = set_words(document)
    true = claim["statement"] == " ".join(words)
    require(true, f"The claimed statement is not what was proved: {' '.join(words)}")
    require(document["seal"] == seal(document), "The optimal set was changed after it was written (seal).")
    return words


def set_words(document: dict[str, Any]) -> list[str]:
    """What an optimal set says that holds, in sentences."""
    claim, kinds = document["claim"], [neuron["status"] for neuron in document["neurons"]]
    indispensable, optional, never = (kinds.count(word) for word in STATUS.values())
    points, needed = document["vertices"]["points"], document["needed"]
    cost, more = shown(Surd(Fraction(claim["cost"]))), "" if document["vertices"]["all"] else " or more"
    words = [
        f"Of {claim['count']:,} atoms exactly {len(kinds):,} have the correlation reg with v: "
        f"{indispensable} indispensable, {optional} optional and {never} never in use.",
        f"The optimal networks over the dictionary are a polytope of dimension {claim['dimension']}, "
        f"rank {claim['rank']}, cost {cost} and {len(points):,} vertices{more}.",
    ]
    for networks in sorted(document["fewest"], reverse=True):
        part = document["fewest"][networks]
        among = "of any neurons" if networks == "all" else "over the dictionary"
        least = "and none has fewer" if part["least"] else "and that none has fewer is not proved"
        words.append(f"An optimal network {among} has {len(part['network'])} neurons, {least}.")
    words += [f"Every optimal network has an atom of each of {len(needed):,} sets."] * bool(needed)
    return words + [
        f"A path of {len(path[0])} neurons and {len(path)} corners is optimal everywhere."
        for path in document["paths"]
    ]


def _reaching(wedges: Wedges, v: Sequence[Fraction], reg: Fraction) -> tuple[int, dict[tuple[int, ...], int]]:
    """How many atoms there are, and those that reach reg with their signs; none is above it."""
    scale = lcm(*(entry.denominator for entry in v))
    whole, planes, found = [int(entry * scale) for entry in v], wedges.planes(), {}
    for plane in planes:
        incidences, most = wedges.incidences(plane), (reg * scale) ** 2 * wedges.square(plane)
        for side in (1, -1):
            correlation = sum(a * max(side * x, 0) for a, x in zip(whole, incidences, strict=True))
            oriented = tuple(side * entry for entry in plane)
            require(correlation**2 <= most, f"The atom {oriented} in integers has |correlation| above reg.")
            if correlation**2 == most:
                found[oriented] = 1 if correlation > 0 else -1
    return 2 * len(planes), found


def _active(
    neurons: Any, wedges: Wedges, signs: dict[tuple[int, ...], int], outputs: list[Fraction], merging: bool
) -> Active:
    """The active atoms by their names; no other atoms are active."""
    planes = check_names(neurons, NEURON_KEYS, wedges)
    for k, (plane, neuron) in enumerate(zip(planes, neurons, strict=True)):
        require(plane in signs, f"The correlation of neuron {k} is not reg.")
        same = type(neuron["sign"]) is int and neuron["sign"] == signs[plane]
        require(same, f"The sign of neuron {k} is not that of its correlation.")
    missing = len(signs) - len(planes)
    require(not missing, f"{missing} atoms with the correlation reg are left out.")
    squares = [wedges.square(plane) for plane in planes]
    plain = all(isqrt(square) ** 2 == square for square in squares)
    require(plain, "The size of a neuron is no rational number.")
    sides, friends = [wedges.incidences(plane) for plane in planes], [set[int]() for _ in planes]
    for j, k in combinations(range(len(planes) if merging else 0), 2):
        # no sample is active for one and beyond the hyperplane of the other
        if signs[planes[j]] == signs[planes[k]] and min(map(mul, sides[j], sides[k])) >= 0:
            friends[j].add(k)
            friends[k].add(j)
    for k, side in enumerate(sides):
        friends[k] |= {k} if merging and wedges.bias and min(side) >= 0 else set()
    columns = [[signs[plane] * max(x, 0) for x in side] for plane, side in zip(planes, sides, strict=True)]
    return Active(columns, [*map(isqrt, squares)], outputs, wedges.bias, [*map(frozenset, friends)])


def _vertices(given: Any, active: Active) -> list[Amounts]:
    """Different points of Z*, each the only one over its atoms."""
    points = [_amounts(point, active, "a vertex") for point in check_list(given, "points")]
    require(bool(points), "No optimal network is listed.")
    ordered = all([*a] < [*b] for a, b in pairwise(points))
    require(ordered, "The vertices are not in the order of their neurons.")
    for j, point in enumerate(points):
        require(active.holds(point), f"Vertex {j} is no optimal network.")
        require(active.rank(point) == len(point), f"The neurons of vertex {j} are dependent.")
    return points


def _interval(
    k: int, neuron: dict[str, Any], points: Sequence[Amounts], active: Active
) -> tuple[Fraction, Fraction]:
    """The least and the largest amount of an atom, which vertices have and multipliers prove."""
    amounts = [point.get(k, Fraction(0)) for point in points]
    ends = min(amounts), max(amounts)
    words = ("low", "least", "below", 1), ("high", "largest", "above", -1)
    for end, (key, which, proof, side) in zip(ends, words, strict=True):
        same = neuron[key] == str(end)
        require(same, f"The {key} of neuron {k} is not the {which} amount of the listed vertices.")
        pulls, value = active.pulls(neuron[proof], f"{proof} of neuron {k}")
        proved = value == end and all(side * pull <= side * (u == k) for u, pull in enumerate(pulls))
        require(proved, f"{proof} of neuron {k} does not prove its {key}.")
    status, given = STATUS[ends[0] > 0, ends[1] > 0], neuron["status"]
    require(given == status, f"The status of neuron {k} is {brief(given)} where {status} is true.")
    return ends


def _needed(given: Any, active: Active, used: Atoms) -> list[Atoms]:
    """Sets of used atoms of which every optimal network has one."""
    found, listed = [], check_list(given, "needed")
    require(len(listed) <= MOST_SETS, f"needed has {len(listed):,} entries and {MOST_SETS:,} can be checked.")
    for multipliers in listed:
        pulls, value = active.pulls(multipliers, "an entry of needed")
        require(value == 1, "The product of an entry of needed with y − v is not 1.")
        found.append(frozenset(k for k in used if pulls[k] > 0))
    ordered = all(sorted(a) < sorted(b) for a, b in pairwise(found))
    require(ordered, "The entries of needed are not in the order of their sets.")
    return found


def _check_fewest(given: Any, active: Active, sets: Sequence[Atoms], merging: bool) -> None:
    """Optimal networks over the dictionary and of all, and that none has fewer neurons, if that is said."""
    check_keys(given, {"dictionary", "all"} if merging else {"dictionary"}, "fewest")
    for networks, part in given.items():
        check_keys(part, {"network", "least"}, f"fewest, {networks}")
        chosen = active if networks == "all" else active._replace(friends=[frozenset()] * len(active.friends))
        rows = _network(part["network"], chosen, f"The network of fewest, {networks},")
        ordered = all(rows) and all([*a] < [*b] for a, b in pairwise(rows))
        require(
            ordered, f"The neurons of fewest, {networks}, are not different ones in the order of their atoms."
        )
        require(type(part["least"]) is bool, f"least of fewest, {networks}, is {brief(part['least'])}.")
        least = not part["least"] or meeting(sets, cliques(chosen.friends, len(rows) - 1)) is None
        require(least, f"It is not proved that no network ({networks}) has fewer than {len(rows)} neurons.")


def _check_path(given: Any, active: Active) -> None:
    """Corners are optimal, and what a neuron has at two of them in turn may be one neuron, so that all between are."""
    corners = check_list(given, "a path")
    path = [_network(corner, active, f"Corner {j} of a path") for j, corner in enumerate(corners)]
    require(len({*map(len, path)}) == 1, "The corners of a path are of different widths.")
    for j, (before, after) in enumerate(pairwise(path)):
        require(all(active.merge({*a, *b}) for a, b in zip(before, after, strict=True)),
                f"A neuron is not of one cell between the corners {j} and {j + 1} of a path.")  # fmt: skip
        require(before != after, f"The corners {j} and {j + 1} of a path are the same.")


def _network(given: Any, active: Active, name: str) -> list[Amounts]:
    """Neurons of atoms that may be one each, together a point of Z*."""
    rows, total = [_amounts(row, active, "a neuron") for row in check_list(given, name)], Amounts()
    require(all(map(active.merge, rows)), f"{name} has a neuron of atoms that do not merge.")
    for k, amount in (pair for row in rows for pair in row.items()):
        total[k] = total.get(k, Fraction(0)) + amount
    require(active.holds(total), f"{name} is not optimal.")
    return rows


def _amounts(given: Any, active: Active, name: str) -> Amounts:
    """Amounts above 0 of some of the active atoms, in order."""
    found: Amounts = {}
    for pair in check_list(given, name):
        place = isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int
        require(place and max(found, default=-1) < pair[0] < len(active.sizes),
                f"An entry of {name} is {brief(pair)}, no active atom in its place with its amount.")  # fmt: skip
        found[pair[0]] = rational(pair[1], f"An amount of {name}")
        require(found[pair[0]] > 0, f"An amount of {name} is not above 0.")
    return found


def _numbers(given: Any, n: int, bias: bool, name: str) -> list[Fraction]:
    """A rational number for each sample; with a bias they sum to 0."""
    require(isinstance(given, list) and len(given) == n, f"{name} does not have {n} numbers.")
    numbers = [rational(entry, f"A number of {name}") for entry in given]
    require(not bias or sum(numbers) == 0, f"The numbers of {name} do not sum to 0.")
    return numbers
