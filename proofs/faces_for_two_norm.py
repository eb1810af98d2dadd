"""For p = 2 the best unit neuron is the normalised projection of a moment on a face: equations (2) and (2b)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from typing import Any

from geomnn import algebra
from proofs.finite import PLANE, SPACE, Vector, dot, homogeneous, independent, rank, relu, solve
from proofs.generic import decide
from proofs.statement import Theorem, require

THEOREM = Theorem(
    title="Faces for p = 2",
    section="section 2, equations (2) and (2b)",
    words=(
        "Let u be a unit, ‖w(u)‖_2 = 1, at which F(u) = Σ v_i (x̃_i·u)_+ has its maximum over all units, and F(u) > 0. "
        "Let J be the samples with x̃_j·u = 0 and g = (g_w, g_b) = Σ v_i x̃_i over those with x̃_i·u > 0. Without a "
        "bias, u is the normalised reject(g, ∧_J x_j), the span of J has dimension at most d−1, and F(u) is the "
        "length of the rejection. With a bias and Σ v_i = 0, u may be taken with J not empty; then for every anchor "
        "a in J, w is the normalised reject(g_w − g_b x_a, ∧_{J∖a} (x_j − x_a)), b = −w·x_a, and F(u) is its length."
    ),
    latex=(
        r"u \propto \operatorname{reject}\Bigl(g, \bigwedge_{j \in J} x_j\Bigr), \qquad "
        r"w \propto \operatorname{reject}\Bigl(g_w - g_b x_a, \bigwedge_{j \in J \setminus a} (x_j - x_a)\Bigr), "
        r"\; b = -w \cdot x_a, \qquad g = \sum_{\tilde x_i \cdot u > 0} v_i \tilde x_i"
    ),
    argument="""\
Without a bias. Let S be the subspace orthogonal to x_j for all j ∈ J, and P the projection on S; P g = reject(g,
∧_J x_j). For units u' ∈ S near u the samples of J stay at 0 and the others keep their signs, so F(u') = g·u' = P g·u'.
F(u) = P g·u > 0, so P g ≠ 0. If S is a line, then u = ± P g/‖P g‖, with + because P g·u > 0. Otherwise u maximises
P g·u' among the units of S near it; a linear form on a sphere has local maxima only where u = P g/‖P g‖. So
F(u) = ‖P g‖. As u ∈ S is not 0, the span of J has dimension at most d−1 (step 2 checks this at maximisers).

With a bias. Suppose that J is empty. Then (w, b') is a unit near u for b' near b, with F = F(u) + g_b (b' − b), so
g_b = 0. Move b downwards; there are samples with x̃_i·u > 0, as F(u) > 0, and until the first of them is hit
F stays the same. There J is not empty. So let a ∈ J. The units with x̃_j·u' = 0 on J are b' = −w'·x_a with w' orthogonal
to the x_j − x_a, and near u on them F(u') = g_w·w' + g_b b' = (g_w − g_b x_a)·w'. The rest is as above, with the
projection on the complement of the differences.

So the maximum over all units is the largest F of finitely many of them, if it is positive: one for each pair of an
active set and a J, which may be thinned out to independent members as the rejection depends on their span alone.

Certificates. On the chamber {s_i x̃_i·u ≥ 0}, F(u) = g·u. Let p = (p_w, −p_w·x_a) be the vector that the formula gives
for some J, p in the chamber, and let λ ≥ 0 on J satisfy (p_w, 0) − g = Σ_J λ_j s_j x̃_j. Then for every unit u' of
the chamber g·u' = p_w·w' − Σ λ_j s_j x̃_j·u' ≤ p_w·w' ≤ ‖p_w‖, and p/‖p_w‖ attains it if p_w ≠ 0: complete, exact, and
free of square roots. Step 1 finds such a certificate in every chamber, step 3 has z3 look for better units, and step 4
decides the claim for all cones with at most two walls in the plane; a unit can be turned to (1, 0) there.""",
)

Rejection = Callable[[Vector, Sequence[Vector], bool], Vector]


@cache
def _reject(vector: Vector, span: tuple[Vector, ...]) -> Vector:
    return tuple(algebra.reject(list(vector), [list(row) for row in span])) if span else vector


def face_weight(moment: Vector, members: Sequence[Vector], bias: bool) -> Vector:
    """p by (2), or (w, b) by (2b) with the first member as the anchor; members are homogeneous with a bias."""
    if not bias:
        return _reject(moment, tuple(members))
    anchor = members[0][:-1]
    shifted = tuple(g - moment[-1] * x for g, x in zip(moment, anchor, strict=False))
    edges = (tuple(x - y for x, y in zip(row, anchor, strict=False)) for row in members[1:])
    weight = _reject(shifted, tuple(edges))
    return (*weight, -dot(weight, anchor))


def moment_of(v: Iterable[Any], points: Sequence[Vector], active: Iterable[Any]) -> Vector:
    """g = Σ v_i x̃_i over the active samples."""
    terms = [[a * x for x in point] for a, point, on in zip(v, points, active, strict=True) if on]
    return tuple(sum(column, Fraction(0)) for column in zip(*terms, strict=True)) or (Fraction(0),) * len(
        points[0]
    )


def every_size(width: int) -> Sequence[int]:
    """|J| up to the number of homogeneous coordinates; the last one gives p = 0 only."""
    return range(width + 1)


def independent_members(
    points: Sequence[Vector], bias: bool, sizes: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """The J of independent members; with a bias there is an anchor."""
    for size in sizes:
        for chosen in combinations(range(len(points)), size):
            if len(independent([points[j] for j in chosen])) == size >= bias:
                yield chosen


def multipliers(members: Sequence[Vector], difference: Vector) -> Vector | None:
    """The coefficients of a vector in independent members, None if it is not in their span."""
    gram = [[dot(a, b) for b in members] for a in members]
    (found,) = solve(gram, [dot(a, difference) for a in members])
    rebuilt = (
        moment_of(found, members, [True] * len(members)) if members else (Fraction(0),) * len(difference)
    )
    return found if rebuilt == difference else None


def certified(
    points: Sequence[Vector],
    signs: Sequence[int],
    moment: Vector,
    bias: bool,
    sizes: Sequence[int],
    face: Rejection,
) -> Vector | None:
    """p of the first J with a certificate that p/‖p_w‖ maximises g·u over the chamber."""
    for chosen in independent_members(points, bias, sizes):
        members = [points[j] for j in chosen]
        weight = face(moment, members, bias)
        if any(s * dot(point, weight) < 0 for s, point in zip(signs, points, strict=True)):
            continue
        slope = (*weight[:-1], Fraction(0)) if bias else weight
        found = multipliers(members, tuple(a - b for a, b in zip(slope, moment, strict=True)))
        on_face = all(dot(member, weight) == 0 for member in members)
        if (
            on_face
            and found is not None
            and all(a * signs[j] >= 0 for a, j in zip(found, chosen, strict=True))
        ):
            return weight
    return None


def cases() -> Iterator[tuple[tuple[tuple[int, ...], ...], bool]]:
    """The samples, with and without a bias."""
    yield from product([*PLANE.values(), *SPACE.values()], (False, True))


@THEOREM.step(
    "exhaustive",
    "on every chamber the formula with some J is the maximiser of g·u, by a certificate, or the maximum is 0",
    "samples of PLANE, SPACE; every chamber, v ∈ {−1,0,1} on its active samples (Σ v = 0 if all are, with a bias)",
)
def every_chamber(
    sizes: Callable[[int], Sequence[int]] = every_size, face: Rejection = face_weight, balanced: bool = True
) -> None:
    for samples, bias in cases():
        points = homogeneous(samples, bias)
        for signs in product((1, -1), repeat=len(points)):
            active = [s > 0 for s in signs]
            for v in product(*((-1, 0, 1) if on else (0,) for on in active)):
                if bias and balanced and all(active) and sum(v):
                    continue
                moment = moment_of(v, points, active)
                found = certified(points, signs, moment, bias, sizes(len(points[0])), face)
                case = f"samples {samples}, bias {bias}, chamber {signs}, v = {v}"
                require(found is not None, f"{case}: no face has a certificate")


def value(points: Sequence[Vector], v: Sequence[int], unit: Vector) -> Fraction:
    """F(u)."""
    return sum((a * relu(dot(point, unit)) for a, point in zip(v, points, strict=True)), Fraction(0))


def length_squared(weight: Vector, bias: bool) -> Fraction:
    """‖w‖²."""
    return dot(weight[: len(weight) - bias], weight[: len(weight) - bias])


def signed_square(points: Sequence[Vector], v: Sequence[int], unit: Vector, bias: bool) -> Fraction:
    """F(u)²/‖w(u)‖² of a multiple of a unit with F > 0, and 0 otherwise."""
    reached = value(points, v, unit)
    return reached * reached / length_squared(unit, bias) if reached > 0 else Fraction(0)


def coefficients(count: int, bias: bool) -> Iterator[tuple[int, ...]]:
    """v ∈ {−1, 0, 1}^n, with Σ v_i = 0 if there is a bias."""
    return (v for v in product((-1, 0, 1), repeat=count) if not (bias and sum(v)))


@THEOREM.step(
    "exhaustive",
    "a maximiser with F > 0 is a positive multiple of the formula with all its J, for every anchor, and rank J < D",
    "samples of PLANE and SPACE, with and without bias, v ∈ {−1,0,1}^n; one maximiser in each chamber that has one",
)
def maximisers(face: Rejection = face_weight) -> None:
    for samples, bias in cases():
        points = homogeneous(samples, bias)
        for v in coefficients(len(points), bias):
            found = []
            for signs in product((1, -1), repeat=len(points)):
                moment = moment_of(v, points, [s > 0 for s in signs])
                found.append(certified(points, signs, moment, bias, every_size(len(points[0])), face_weight))
            best = max(length_squared(weight, bias) for weight in found)
            for weight in set(found) if best else ():
                if length_squared(weight, bias) == best:
                    case = f"samples {samples}, bias {bias}, v = {v}, maximiser {tuple(map(str, weight))}"
                    _require_formula(points, v, weight, bias, face, case)


def _require_formula(
    points: Sequence[Vector], v: Sequence[int], weight: Vector, bias: bool, face: Rejection, case: str
) -> None:
    heights = [dot(point, weight) for point in points]
    members = [point for point, height in zip(points, heights, strict=True) if height == 0]
    moment = moment_of(v, points, [height > 0 for height in heights])
    require(rank(members) < len(weight), f"{case}: the samples on its hyperplane have full rank")
    for turn in range(len(members)) if bias else (0,):
        again = face(moment, members[turn:] + members[:turn], bias)
        require(again == weight, f"{case}: the formula gives {tuple(map(str, again))}, anchor {turn}")
    squared = length_squared(weight, bias)
    require(value(points, v, weight) == squared, f"{case}: F(u) is not the length of the rejection")


def best_face_square(
    points: Sequence[Vector], v: Sequence[int], bias: bool, sizes: Sequence[int]
) -> Fraction:
    """The largest F² of all units of the formula, for every J and active set outside it, if F is positive."""
    best = Fraction(0)
    for chosen in independent_members(points, bias, sizes):
        members = [points[j] for j in chosen]
        for active in product(*((False,) if i in chosen else (False, True) for i in range(len(points)))):
            weight = face_weight(moment_of(v, points, active), members, bias)
            if length_squared(weight, bias):
                best = max(best, signed_square(points, v, weight, bias))
    return best


@THEOREM.step(
    "decided",
    "no unit has a larger F than all units of (2), or (2b), and no unit has F > 0 if none of these has",
    "all real units; samples of PLANE, and of SPACE with n ≤ 3, with and without bias, v ∈ {−1,0,1}^n",
    needs="z3-solver",
)
def no_better_unit(sizes: Callable[[int], Sequence[int]] = every_size) -> None:
    for samples, bias in cases():
        if len(samples) > 3 and len(samples[0]) > 2:
            continue  # seconds each
        points = homogeneous(samples, bias)
        for v in coefficients(len(points), bias):
            best = best_face_square(points, v, bias, sizes(len(points[0])))

            def better(z3: Any, points=points, v=v, bias=bias, best=best) -> Iterator[Any]:
                unit = z3.Reals(" ".join(f"u{k}" for k in range(len(points[0]))))
                heights = [z3.Sum([a.numerator * b for a, b in zip(p, unit, strict=True)]) for p in points]
                reached = z3.Sum([a * z3.If(h > 0, h, 0) for a, h in zip(v, heights, strict=True)])
                # scaled to F = 1, a unit with F² above the best has ‖w‖² best < 1, which keeps F linear
                squared = z3.Sum([a * a for a in unit[: len(unit) - bias]])
                yield from (reached == 1, squared * z3.RealVal(str(best)) < 1)

            decide(f"samples {samples}, bias {bias}, v = {v}: F² is at most {best}", better)


@THEOREM.step(
    "decided",
    "a unit of a cone {a·u ≥ 0, b·u ≥ 0} of the plane with g·u > 0 has (g·u)² ≤ ‖p‖² for p = g, reject(g, a) or "
    "reject(g, b) in the cone",
    "all real g, a, b in the plane; the unit is turned to (1, 0)",
    needs="z3-solver",
)
def plane_cones(walls: int = 2, whole: bool = True) -> None:
    """`walls` is how many of a and b may give a rejection, `whole` whether g itself may be p."""

    def better(z3: Any) -> Iterator[Any]:
        g, a, b = (z3.Reals(f"{name}1 {name}2") for name in "gab")
        unit = (z3.RealVal(1), z3.RealVal(0))

        def inner(left: Sequence[Any], right: Sequence[Any]) -> Any:
            return left[0] * right[0] + left[1] * right[1]

        yield from (inner(wall, unit) >= 0 for wall in (a, b))
        yield inner(g, unit) > 0
        # a rejection times a·a > 0, by its definition; of a zero vector it is g
        candidates = [(g, 1, True)] if whole else []
        for wall in (a, b)[:walls]:
            squared, along = inner(wall, wall), inner(g, wall)
            weight = [squared * x - along * y for x, y in zip(g, wall, strict=True)]
            candidates.append((weight, squared, squared > 0))
        for weight, scale, exists in candidates:
            inside = z3.And(exists, inner(a, weight) >= 0, inner(b, weight) >= 0)
            enough = inner(g, unit) * inner(g, unit) * scale * scale <= inner(weight, weight)
            yield z3.Not(z3.And(inside, enough))

    decide("no unit of the cone has a larger g·u", better)
