"""Neurons of an optimal network that one neuron may take the place of, and what that leaves open at other points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from proofs.finite import (
    Vector,
    basis_vectors,
    box,
    dot,
    homogeneous,
    one_norm,
    relu,
    show,
    solve,
    unit_wedges,
)
from proofs.generic import decide
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Neurons that merge, and the interval of predictions",
    section="section 10, equations (Z2) to (Z4)",
    words="""\
Let M be the largest |v·φ(u)| over all unit neurons, p = 1, with Σ v_i = 0 if there is a bias. Call two atoms that
reach sM, s = ±1, compatible if no sample has x̃·u > 0 > x̃·u'. If each two atoms of a set are, then Σ c_u u has the
outputs Σ c_u (x̃_i·u)_+ on the samples and the norm Σ c_u, for all c ≥ 0; and the unit neurons that reach sM are
those sums, with a bias also after β (0, 1), β ≥ 0, was added to one that is active on all samples. At any other point
the sum of the outputs of neurons into which such atoms are joined is largest where none are, and least where all are
one. All networks Σ c_u (x̃·u)_+ + t with the same outputs on the samples are one function exactly if the sums of c_u
over the atoms of each hyperplane are the same, and so is Σ c_u w_u.""",
    latex=r"""
\Bigl(\tilde x_i\cdot\sum_{u\in C} c_u u\Bigr)_+=\sum_{u\in C} c_u(\tilde x_i\cdot u)_+,\quad
\Bigl\lVert\sum_{u\in C} c_u w_u\Bigr\rVert=\sum_{u\in C} c_u;\qquad
\Bigl(\tilde x\cdot\sum_u c_u u\Bigr)_+\le\sum_j(\tilde x\cdot q_j)_+\le\sum_u c_u(\tilde x\cdot u)_+
""",
    argument="""\
On each sample the x̃_i·u of pairwise compatible atoms are all ≥ 0 or all ≤ 0, and there (·)_+ is additive; it is so
for no others (step 1). So the sum q has the correlation Σ c_u sM, which is at most M times its norm: the norm is at
least Σ c_u, and at most that by the triangle inequality.

Let a unit neuron q reach sM. By the theorem on rewriting it is a sum of atoms of its chamber, Σ c_k = 1, with the
same outputs, up to the ray (0, 1) of the chamber in which all samples are active; the ray has the correlation Σ v_i =
0. A mean of numbers sv·φ(r_k) ≤ M is M only if each is M; and atoms of one chamber are compatible. Step 2 looks at
all neurons of a grid for all v of a grid, and finds those that reach sM to be these sums.

At a point x the height of a neuron is the sum of the heights of its parts. (·)_+ is subadditive, so that joining
never raises the sum of the outputs; splitting wholly and joining wholly are the two ends. With the ray, which t takes
back, a height k gives (k + β)_+ − β: between k and (k)_+, which are reached by β large enough and β = 0. Step 3
decides this.

(x̃·u)_+ = (|x̃·u| + x̃·u)/2. Functions |x̃·u| of different hyperplanes are independent, and of affine functions too,
as each has a kink where all others are smooth. u and −u are of one hyperplane. So Σ c_u (x̃·u)_+ + t is 0 everywhere
if and only if Σ c_u = 0 on each hyperplane, all u having norms of one size, and its affine part is 0; where it is 0
at one sample, its slope Σ c_u w_u/2 is enough. Step 4 compares this with values at many points; step 5 has examples of
merging.""",
)


def opposite(a: Any, b: Any, z3: Any) -> Any:
    """Whether one number is above 0 and the other below."""
    return z3.Or(z3.And(a > 0, b < 0), z3.And(a < 0, b > 0))


@THEOREM.step(
    "decided",
    "(·)_+ of a sum is the sum of the (·)_+ exactly if no two of the numbers are on different sides of 0",
    "all real numbers, four of them",
    needs="z3-solver",
)
def pairs_are_enough(apart: Callable = opposite, count: int = 4) -> None:
    """`apart` says which two do not go together."""

    def denial(z3: Any) -> Iterator[Any]:
        h = z3.Reals([f"h{k}" for k in range(count)])
        positive = [z3.If(value > 0, value, 0) for value in h]
        total = z3.Sum(h)
        additive = z3.If(total > 0, total, 0) == z3.Sum(positive)
        yield additive == z3.Or(*[apart(a, b, z3) for a, b in combinations(h, 2)])

    decide("additive exactly if each two are compatible", denial)


TABLES = (
    (((0,), (1,), (3,)), True),
    (((-1,), (0,), (1,)), True),
    (((1, 1), (1, -1)), False),
    (((1, 0), (0, 1), (1, 1)), False),
    (((0, 0), (1, 0), (0, 1)), True),
)


def compatible(left: Vector, right: Vector) -> bool:
    """No sample is above 0 for the one and below for the other."""
    return all(a * b >= 0 for a, b in zip(left, right, strict=True))


@THEOREM.step(
    "exhaustive",
    "compatible atoms add in outputs and norm; what reaches the largest correlation is such a sum, up to the ray",
    "5 data sets of 2 or 3 samples, all integer v within ±2, all neurons with integers within ±3",
)
def all_that_reach(together: Callable = compatible, ray: bool = True) -> None:
    """`together` says which atoms may merge, `ray` whether (0, 1) may be added."""
    for table, bias in TABLES:
        samples, d = homogeneous(table, bias), len(table[0])
        units = unit_wedges([*samples, *basis_vectors(d, bias)], d)
        neurons = [q for q in box(d + bias, 3) if any(q[:d])]
        for v in product(map(Fraction, range(-2, 3)), repeat=len(table)):
            pulls = [_pull(samples, v, unit) for unit in units]
            largest = max(map(abs, pulls))
            if largest == 0 or (bias and sum(v)):
                continue
            case = f"samples {table}, v = {show(v)}"
            for sign in (1, -1):
                reach = [u for u, pull in zip(units, pulls, strict=True) if pull == sign * largest]
                _check_sums(case, samples, reach, d, together)
                for q in neurons:
                    if _pull(samples, v, q) == sign * largest * one_norm(q[:d]):
                        made = _is_sum(q, reach, samples, together, bias and ray)
                        require(made, f"{case}: {show(q)} reaches {sign * largest} and is no sum")


def _pull(samples: Sequence[Vector], v: Vector, unit: Vector) -> Fraction:
    return dot(v, (relu(dot(row, unit)) for row in samples))


def _heights(samples: Sequence[Vector], unit: Sequence) -> Vector:
    return tuple(dot(row, unit) for row in samples)


def _check_sums(case: str, samples: list[Vector], reach: list[Vector], d: int, together: Callable) -> None:
    for left, right in combinations(reach, 2):
        one, other = _heights(samples, left), _heights(samples, right)
        if together(one, other):
            both = tuple(a + b for a, b in zip(left, right, strict=True))
            made = [relu(a + b) - relu(a) - relu(b) for a, b in zip(one, other, strict=True)]
            require(not any(made), f"{case}: {show(left)} + {show(right)} has other outputs")
            size = one_norm(both[:d])
            require(size == 2, f"{case}: {show(left)} + {show(right)} has the norm {size}")


def _is_sum(q: Vector, reach: list[Vector], samples: list[Vector], together: Callable, ray: bool) -> bool:
    """Whether q is Σ c_u u with c ≥ 0 over atoms each two of which go together: D of them are enough."""
    width = len(q)
    sides = [_heights(samples, unit) for unit in reach]
    upward = tuple(Fraction(int(k == width - 1)) for k in range(width))
    for size in range(1, width + 1):
        for chosen in combinations(range(len(reach)), size):
            if not all(together(sides[a], sides[b]) for a, b in combinations(chosen, 2)):
                continue
            always = all(height >= 0 for k in chosen for height in sides[k])
            for more in ([], [upward]) if ray and always else ([],):
                parts = [*(reach[k] for k in chosen), *more]
                found = solve([[dot(a, b) for b in parts] for a in parts], [dot(a, q) for a in parts])
                if found is None or min(found[0]) < 0:
                    continue
                made = tuple(dot(found[0], (part[k] for part in parts)) for k in range(width))
                if made == q:
                    return True
    return False


@THEOREM.step(
    "decided",
    "at a point neurons joined from parts are between all parts split and all joined; the ray gives (k)_+ down to k",
    "all real numbers, two atoms shared out to two neurons",
    needs="z3-solver",
)
def split_and_joined(
    least: Callable = lambda z3, total: z3.If(total > 0, total, 0), downward: int = 1
) -> None:
    """`least` is what all joined come to; `downward` the sign of what the ray takes from the constant."""

    def denial(z3: Any) -> Iterator[Any]:
        def positive(value: Any) -> Any:
            return z3.If(value > 0, value, 0)

        p, k, beta = z3.Reals("p0 p1 p2 p3"), z3.Real("k"), z3.Real("beta")  # p0, p1 of the first neuron
        for a, b in ((p[0], p[2]), (p[1], p[3])):  # parts of one atom have heights of one sign
            yield z3.Not(opposite(a, b, z3))
        yield beta >= 0
        joined = positive(p[0] + p[1]) + positive(p[2] + p[3])
        split = z3.Sum([positive(value) for value in p])
        lifted = positive(k + beta) - downward * beta
        reached = z3.Implies(z3.And(beta >= 0, k + beta >= 0), lifted == k)
        within = z3.And(k <= lifted, lifted <= positive(k), reached)
        yield z3.Not(z3.And(least(z3, z3.Sum(p)) <= joined, joined <= split, within))

    decide("joined neurons are between all split and all in one", denial)


def kinks_and_slopes(units: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """The rows whose products with c vanish: kinks by hyperplanes, and the affine part."""
    kinks = np.array([planes == plane for plane in np.unique(planes)]).astype(int)
    return np.vstack([kinks, units.T])


@THEOREM.step(
    "exhaustive",
    "a sum of neurons is the function 0 exactly if the kinks on each hyperplane and the slopes cancel",
    "all c within {−1, 0, 1} for three and four pairs ±u on the line and in the plane",
)
def one_function(rows: Callable = kinks_and_slopes) -> None:
    """Against values at a grid of points that has some in every cell of the arrangement."""
    lines = {
        "the line": [(1, 1), (1, 0), (1, -1)],
        "the plane, without bias": [(1, 0, 0), (0, 1, 0), (1, 1, 0), (1, -1, 0)],
        "the plane": [(1, 0, 0), (0, 1, 0), (1, 0, -1), (1, 1, -1)],
    }
    for name, half in lines.items():
        units = np.array([*half, *(tuple(-k for k in unit) for unit in half)])
        planes = np.tile(np.arange(len(half)), 2)
        points = np.array([(*x, 4) for x in product(range(-12, 13), repeat=units.shape[1] - 1)])  # times 4
        values = np.maximum(points @ units.T, 0)
        sums = np.array(list(product((-1, 0, 1), repeat=len(units)))).T
        nothing = ~(values @ sums).any(axis=0)
        cancelled = ~(rows(units, planes) @ sums).any(axis=0)
        wrong = np.flatnonzero(nothing != cancelled)
        counterexample = f"{name}: c = {sums[:, wrong[0]].tolist()} of {units.tolist()}" if len(wrong) else ""
        require(not len(wrong), counterexample)


PARABOLA = ((-2, -1, 0, 1, 2), (4, 1, 0, 1, 4), Fraction(1, 2))


@THEOREM.step(
    "instance",
    "optimal networks of four neurons and of two that merge them: one value, and 3/8 against 0 at 1/4",
    "y = x² on −2, …, 2 with reg 1/2",
)
def parabola(kink: Fraction = Fraction(1, 4), ends: tuple = (Fraction(0), Fraction(3, 8))) -> None:
    """(w, b, z) of neurons, and t; `kink` is where the merged ones begin."""
    half = Fraction(1, 2)
    four = [(1, 1, half), (1, 0, Fraction(1)), (-1, 0, Fraction(2)), (1, -1, half)]
    two, other = ([(1, b, Fraction(2)), (-1, b, Fraction(2))] for b in (-kink, kink))
    networks = [four, two, other]
    constants = [-_at(net, 0, Fraction(0)) for net in networks]  # all are 0 at 0
    x, y, reg = PARABOLA
    values = set()
    for net, t in zip(networks, constants, strict=True):
        loss = sum((_at(net, place, t) - target) ** 2 for place, target in zip(x, y, strict=True)) / 2
        values.add(loss + reg * sum(abs(w) * z for w, _, z in net))
    require(values == {Fraction(5, 2)}, f"the networks have the values {sorted(map(str, values))}")
    point = Fraction(1, 4)
    found = {_at(net, point, t) for net, t in zip(networks, constants, strict=True)}
    require(found == set(ends), f"they are {sorted(map(str, found))} at 1/4")
    places = [Fraction(k, 8) for k in range(-32, 33)]
    same = all(_at(two, p, constants[1]) == _at(other, p, constants[2]) for p in places)
    require(same, "the two networks of two neurons are different functions")


def _at(neurons: Sequence[tuple], x: Any, t: Fraction) -> Fraction:
    return sum((z * relu(w * x + b) for w, b, z in neurons), t)
