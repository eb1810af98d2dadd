"""Every statement of a certificate, checked one after the other."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt, lcm
from typing import Any

from geomnn.checker.digits import MOST_DIGITS, too_long
from geomnn.checker.surds import Surd
from geomnn.checker.wedges import Wedges, features, spelling

__all__ = [
    "FORMAT",
    "NAME_KEYS",
    "PROBLEM_KEYS",
    "VERSION",
    "Falsehood",
    "Unproved",
    "brief",
    "check",
    "check_form",
    "check_integers",
    "check_keys",
    "check_list",
    "check_names",
    "check_problem",
    "covered_networks",
    "digest",
    "number",
    "rational",
    "require",
    "seal",
    "sentence",
    "shown",
]

FORMAT, VERSION = "geomnn certificate", 1
NUMBER = re.compile(r"-?[0-9]+(/[1-9][0-9]*)?")
PROBLEM_KEYS = {
    *("loss", "norm", "bias", "reg", "program", "features", "target", "classes", "samples", "sha256")
}
KEYS = {
    "": {"format", "version", "numbers", "problem", "network", "dual", "claim", "seal"},
    "problem": PROBLEM_KEYS,
    "network": {"intercept", "neurons"},
    "claim": {"primal", "dual", "gap", "largest_correlation", "scope", "count", "statement"},
}
MOST_LAYERS = 1000  # of a network, as each is a step of the check
SMALL = (2, 3, 5, 7, 11, 13)  # squares of these are taken out of every root
NAME_KEYS = {"name", "samples", "directions", "orientation"}


class Falsehood(Exception):
    """A statement of the certificate that does not hold, in words."""


class Unproved(Exception):
    """A certificate of floats, without a proof that could be checked: what of it could be, in words."""


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Falsehood(otherwise)


def brief(value: Any) -> str:
    """What a document holds in the place of something else, or where it begins."""
    try:
        text = repr(value)
    except RecursionError:
        return "nested too deep to be shown"
    return text if len(text) <= 60 else f"{text[:60]}…"


def covered_networks(scope: str, depth: int | str = 2, program: str = "all") -> str:
    """The networks of which none is better, in words."""
    special = {
        "sampled": "No network of the wedges that were drawn",
        "chains": f"No network of parallel {depth}-layer chains of unit width, each over one column of X,",
        "columns": "No combination of the given features and a constant",
        "noflip": "No two-layer ReLU network of any width, whose neurons bend nowhere within reach of a sample,",
    }
    if program in special:
        return special[program]
    if depth == "any":
        return "No ReLU network of any depth and width"
    if depth != 2:
        return f"No parallel {depth}-layer ReLU network of any width"
    if scope == "global":
        return "No two-layer ReLU network of any width"
    return f"No network of {'wedges of samples' if program == 'wedge' else 'atoms of this dictionary'}"


def sentence(objective: Surd, scope: str, atoms: int, depth: int = 2, program: str = "all") -> str:
    """The claim in words."""
    networks = covered_networks(scope, depth, program)
    lower = f"has a lower training objective than this one, {shown(objective)}"
    return f"{networks} {lower}: checked {atoms:,} atoms exactly."


def shown(number: Surd) -> str:
    """The number if it has few digits, otherwise where it begins."""
    text = number.decimal()
    return text if Surd(Fraction(text)) == number else f"{text}…"


def digest(problem: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> str:
    """SHA-256 of a problem and its table: the problem as JSON, then a line for each sample, numbers in lowest terms,
    the target last."""
    asked = {key: problem[key] for key in sorted(problem.keys() - {"sha256"})}
    lines = (",".join(map(str, [*row, y])) for row, y in zip(rows, targets, strict=True))
    return hashlib.sha256("\n".join([json.dumps(asked), *lines]).encode()).hexdigest()


def seal(document: dict[str, Any]) -> str:
    """SHA-256 of everything else in a certificate: against a number spelt otherwise, or a file cut short."""
    rest = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def check(document: Any, rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> list[str]:
    """Check every statement of a certificate, and say what was proved.

    Parameters
    ----------
    document : dict
        certificate.json.
    rows : sequence of sequences of Fraction, shape (n, d)
    targets : sequence of Fraction, shape (n,)

    Returns
    -------
    list of str
        What was proved, in words.

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    _check_form(document)
    problem, claim = document["problem"], document["claim"]
    check_problem(problem, rows, targets)
    depth = problem.get("depth", 2)
    for _ in range(depth - 2):
        rows = features(rows, problem["bias"])
        require(bool(rows and rows[0]), "A hidden layer has no features.")
    wedges = Wedges(rows, problem["norm"], problem["bias"], problem["program"] == "all")
    neurons = document["network"]["neurons"]
    planes = check_names(neurons, NAME_KEYS | {"coefficient"}, wedges)
    coefficients = [number(z["coefficient"], f"the coefficient of neuron {k}") for k, z in enumerate(neurons)]
    for k, z in enumerate(coefficients):
        require(bool(z.terms), f"The coefficient of neuron {k} is 0.")
    intercept = number(document["network"]["intercept"], "the intercept")
    require(problem["bias"] or not intercept.terms, "Without a bias there is no intercept, and one is given.")
    residual = _residual(wedges, planes, coefficients, intercept, targets)
    given = [number(entry, f"dual[{i}]") for i, entry in enumerate(check_list(document["dual"], "dual"))]
    require(len(given) == len(targets), f"dual has {len(given)} entries for {len(targets)} samples.")
    for i, (v, f) in enumerate(zip(given, residual, strict=True)):
        require(not (v - f).terms, f"dual[{i}] is not y − f(x) at sample {i}.")
    if problem["bias"]:
        require(not sum(given, Surd()).terms, "The entries of dual do not sum to 0.")
    reg = Fraction(problem["reg"])
    half = sum((v * v for v in given), Surd()) * Fraction(1, 2)
    primal = half + sum((z * z.sign() for z in coefficients), Surd()) * reg
    dual = sum((v * y for v, y in zip(given, targets, strict=True)), Surd()) - half
    for name, value in (("primal", primal), ("dual", dual), ("gap", primal - dual)):
        require(not (number(claim[name], name) - value).terms, f"The claimed {name} is not its value.")
    require(not (primal - dual).terms, "The primal and the dual value differ.")
    everything = wedges.planes()
    largest = _check_atoms(wedges, everything, given, reg)
    require(not (number(claim["largest_correlation"], "largest_correlation") - largest).terms,
            "The claimed largest correlation is not the largest |correlation|/reg.")  # fmt: skip
    atoms, scope = 2 * len(everything), "global" if problem["program"] == "all" else "dictionary"
    require(
        claim["count"] == atoms, f"The claim is about {brief(claim['count'])} atoms and there are {atoms}."
    )
    require(
        claim["scope"] == scope, f"The claimed scope is {brief(claim['scope'])} and {scope!r} was checked."
    )
    words = sentence(primal, scope, atoms, depth, problem["program"])
    require(claim["statement"] == words, f"The claimed statement is not what was proved: {words}")
    require(document["seal"] == seal(document), "The certificate was changed after it was written (seal).")
    return [
        f"{len(planes)} neurons are the wedges of samples that their names say"
        + (f", over all {len(rows[0])} features of {depth - 2} hidden layers." if depth > 2 else "."),
        "dual is the residual y − f(X) of that network" + (", and sums to 0." if problem["bias"] else "."),
        f"|Σ_i v_i (x̃_i·u)_+| ≤ reg holds for each of {atoms:,} atoms u.",
        f"The training objective and its lower bound are the same number, {shown(primal)}.",
        words,
    ]


def _check_form(document: Any) -> None:
    """Refuse what is not a certificate of this version, whole and in its only spelling."""
    require(isinstance(document, dict) and document.get("format") == FORMAT, f"This is no {FORMAT!r}.")
    version = document.get("version")
    require(
        version == VERSION and type(version) is int,
        f"The version is {brief(version)} and {VERSION} can be checked.",
    )
    numbers = document.get("numbers")
    require(numbers == "exact", f"The numbers are {brief(numbers)} and exact ones can be checked.")
    for part, keys in KEYS.items():
        content = document[part] if part else document
        found = set(content) - {"depth"} if isinstance(content, dict) else None  # which deep networks have
        require(found == keys, f"The keys of {part or 'the certificate'} are not {', '.join(sorted(keys))}.")
    require(type(document["claim"]["count"]) is int, "The number of atoms is no integer.")


def check_problem(
    problem: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> None:
    """Refuse a problem that cannot be checked, or that is not about this table."""
    n, d = len(rows), len(rows[0])
    require(problem["loss"] == "squared",
            f"The loss is {brief(problem['loss'])} and 'squared' can be checked.")  # fmt: skip
    require(problem["norm"] in ("1", "2", "inf"), f"The norm is {brief(problem['norm'])}.")
    require(type(problem["bias"]) is bool, f"bias is {brief(problem['bias'])}.")
    require(problem["program"] in ("all", "wedge"), f"The program is {brief(problem['program'])}.")
    depth, fits = problem.get("depth"), problem["norm"] == "1" and problem["program"] == "all"
    deep = type(depth) is int and 2 < depth <= MOST_LAYERS and fits
    require("depth" not in problem or deep,
            f"The depth is {brief(depth)}: for norm 1 and all atoms it is from 3 to {MOST_LAYERS}.")  # fmt: skip
    require(problem["program"] == "wedge" or problem["norm"] != "2" or d == 1,
            "For norm 2 the wedges are not all atoms.")  # fmt: skip
    require(isinstance(problem["reg"], str), f"reg is {brief(problem['reg'])}, no rational above 0.")
    for part in ("features", "classes"):
        names = problem[part]
        listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
        require(names is None or listed, f"{part} of the problem is {brief(names)}, which are no names.")
    target = problem["target"]
    require(target is None or isinstance(target, str), f"The target is {brief(target)}, which is no name.")
    reg = number(problem["reg"], "reg")
    require(set(reg.terms) == {1} and reg.sign() > 0, f"reg is {brief(problem['reg'])}, no rational above 0.")
    require(type(problem["samples"]) is int and problem["samples"] == n,
            f"The certificate is about {brief(problem['samples'])} samples and there are {n}.")  # fmt: skip
    require(
        problem["sha256"] == digest(problem, rows, targets),
        "The data or the problem are not those that were solved (sha256).",
    )


def check_names(neurons: Any, keys: set[str], wedges: Wedges) -> list[tuple[int, ...]]:
    """(N, B) of every neuron as its name says; they have these keys, and are in the order of names."""
    planes, last = [], None
    for k, neuron in enumerate(check_list(neurons, "neurons")):
        require(isinstance(neuron, dict) and set(neuron) == keys, f"Neuron {k} has other keys.")
        samples = check_list(neuron["samples"], f"samples of neuron {k}")
        directions = [tuple(check_list(e, f"a direction of neuron {k}"))
                      for e in check_list(neuron["directions"], f"directions of neuron {k}")]  # fmt: skip
        integers = all(type(j) is int for j in [*samples, *(x for e in directions for x in e)])
        require(
            integers and all(j in wedges.distinct for j in samples),
            f"Neuron {k} is of samples out of range.",
        )
        require(all(e in wedges.directions for e in directions), f"Neuron {k} has directions out of range.")
        orientation = neuron["orientation"]
        require(
            type(orientation) is int and orientation in (1, -1), f"The orientation of neuron {k} is not ±1."
        )
        require(len(samples) + len(directions) == wedges.size, f"Neuron {k} is not a wedge of {wedges.size}.")
        require(bool(samples) or not wedges.bias, f"Neuron {k} has no sample as its anchor.")
        plane = wedges.plane(samples, directions)
        require(any(plane[:-1]), f"The samples of neuron {k} are dependent.")
        require(
            (samples, directions) == wedges.canonical(plane), f"Neuron {k} is not under its canonical name."
        )
        name = spelling(samples, directions, orientation, wedges.bias)
        require(neuron["name"] == name, f"The name of neuron {k} is not {name}.")
        place = (samples, directions, -orientation)
        require(last is None or last < place, f"Neuron {k} is not in its place in the order of names.")
        planes.append(tuple(orientation * entry for entry in plane))
        last = place
    return planes


def _residual(
    wedges: Wedges, planes: Sequence[Sequence[int]], coefficients: Sequence[Surd], intercept: Surd,
    targets: Sequence[Fraction],
) -> list[Surd]:  # fmt: skip
    """y − f(X), f = Σ_u z_u (N·P + B)_+ / m + t, summed over a common denominator for each root."""
    shares = [z * Surd({wedges.square(plane): Fraction(1, wedges.square(plane))})  # 1/m = √m²/m²
              for z, plane in zip(coefficients, planes, strict=True)]  # fmt: skip
    features = [[max(value, 0) for value in wedges.incidences(plane)] for plane in planes]
    columns = _columns(shares)
    residual = []
    for i, y in enumerate(targets):
        at = [column[i] for column in features]
        f = {r: Fraction(sum(c * rho for c, rho in zip(column, at, strict=True)), scale)
             for r, (column, scale) in columns.items()}  # fmt: skip
        residual.append(Surd(y) - Surd(f) - intercept)
    return residual


def _check_atoms(
    wedges: Wedges, planes: Sequence[Sequence[int]], dual: Sequence[Surd], reg: Fraction
) -> Surd:
    """|Σ_i v_i (N·P_i + B)_+| ≤ reg m on both sides of every hyperplane; the largest ratio to reg m.

    Integer bounds of v decide wherever they can: Σ ρ_i ⌊2^b v_i⌋ and Σ ρ_i ⌈2^b v_i⌉ enclose 2^b Σ ρ_i v_i.
    """
    bits = 160
    while dual and any(v.terms for v in dual) and max(abs(v.bounds(bits)[0]) for v in dual) < 1 << 160:
        bits *= 2
    bounds = [v.bounds(bits) for v in dual]
    columns = _columns(dual)
    largest, floor = Surd(), 0  # the floor is a lower bound of the largest ratio, times 2^64
    for plane in planes:
        incidences, square = wedges.incidences(plane), wedges.square(plane)
        size = reg.numerator * isqrt(square << 2 * bits) // reg.denominator  # at most 2^bits reg m
        for side in (1, -1):
            active = [(i, side * value) for i, value in enumerate(incidences) if side * value > 0]
            lower = sum(rho * bounds[i][0] for i, rho in active)
            upper = sum(rho * bounds[i][1] for i, rho in active)
            most = max(upper, -lower)
            if most <= size and most << 64 < size * floor:
                continue
            correlation = Surd({r: Fraction(sum(column[i] * rho for i, rho in active), scale)
                                for r, (column, scale) in columns.items()})  # fmt: skip
            # c/(reg m) = c m/(reg m²)
            ratio = correlation * Surd({square: Fraction(correlation.sign(), square) / reg})
            require((Surd(1) - ratio).sign() >= 0, f"An atom has |correlation| above reg: the side {side:+d} of the "
                                                   f"plane {plane} in integer coordinates.")  # fmt: skip
            if (largest - ratio).sign() < 0:
                largest, floor = ratio, ratio.bounds(64)[0]
    return largest


def _columns(numbers: Sequence[Surd]) -> dict[int, tuple[list[int], int]]:
    """For each root the coefficients of the numbers as integers, and their denominator."""
    columns = {}
    for r in sorted({r for number in numbers for r in number.terms}):
        coefficients = [number.terms.get(r, Fraction(0)) for number in numbers]
        scale = lcm(*(c.denominator for c in coefficients))
        columns[r] = [c.numerator * (scale // c.denominator) for c in coefficients], scale
    return columns


def number(value: Any, name: str) -> Surd:
    """A rational as "p/q", or a list of [rational, radicand]; in lowest terms only, so that spellings are unique."""
    terms = value if isinstance(value, list) else [[value, 1]]
    total: dict[int, Fraction] = {}
    for term in terms:
        pair = isinstance(term, list) and len(term) == 2 and type(term[1]) is int and term[1] > 0
        spelt = pair and isinstance(term[0], str) and NUMBER.fullmatch(term[0]) is not None
        require(spelt, f"{name} is {brief(value)}, which is no number.")
        require(
            not too_long(term[0]), f"{name} has more than {MOST_DIGITS:,} digits, which no certificate needs."
        )
        plain = term[1] == 1 or not (
            isqrt(term[1]) ** 2 == term[1] or any(term[1] % (p * p) == 0 for p in SMALL)
        )
        require(plain, f"{name} has a square under a root.")
        require(str(Fraction(term[0])) == term[0], f"{name} is not in lowest terms.")
        total[term[1]] = Fraction(term[0])
    found = Surd(total)
    if isinstance(value, list):
        short = 0 < len(terms) == len(found.terms) and list(total) == sorted(total) and list(total) != [1]
        require(short, f"{name} is not in its shortest form.")
    return found


def rational(value: Any, name: str) -> Fraction:
    """A number that is a rational one, as "p/q"."""
    found = number(value, name).terms
    require(isinstance(value, str) and set(found) <= {1}, f"{name} is {brief(value)}, no rational number.")
    return found.get(1, Fraction(0))


def check_integers(value: Any, size: int, name: str) -> None:
    """Refuse what is no list of so many integers."""
    whole = isinstance(value, list) and len(value) == size and all(type(k) is int for k in value)
    require(whole, f"{name} is {brief(value)}, which are not {size} integers.")


def check_form(document: Any, kind: str, version: int, keys: dict[str, set[str]]) -> None:
    """Refuse what is no document of this kind and version, whole."""
    require(isinstance(document, dict) and document.get("format") == kind, f"This is no {kind!r}.")
    given = document.get("version")
    known = given == version and type(given) is int
    require(known, f"The version is {brief(given)} and {version} can be checked.")
    for part, names in keys.items():
        check_keys(document[part] if part else document, names, part or f"the {kind}")


def check_keys(value: Any, keys: set[str], name: str) -> None:
    """Refuse what has other keys."""
    require(isinstance(value, dict) and set(value) == keys,
            f"The keys of {name} are not {', '.join(sorted(keys))}.")  # fmt: skip


def check_list(value: Any, name: str) -> list[Any]:
    """A list; refuse what is none."""
    require(isinstance(value, list), f"{name} is no list.")
    return list(value)
