"""Any neuron splits into wedges of samples with the same outputs and the same cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from proofs.finite import (
    PLANE,
    SPACE,
    Vector,
    basis_vectors,
    box,
    dot,
    homogeneous,
    kernel,
    one_norm,
    relu,
    unit_wedges,
)
from proofs.generic import decide
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "check_parts", "check_split", "same_signs", "split"]

THEOREM = Theorem(
    title="Any network can be written in wedges",
    section="section 6",
    words="""\
Take samples x̃_i of D coordinates, D = d, or D = d+1 with a bias, where x̃_i = (x_i, 1), and a neuron
u = (w, b) ≠ 0, with a bias one that is active on some sample. There are at most D vectors r_k, atoms of equation (1),
and coefficients c_k > 0 with

    u = Σ c_k r_k,   (x̃_i·u)_+ = Σ c_k (x̃_i·r_k)_+ on every sample,   Σ c_k ‖w(r_k)‖_1 = ‖w‖_1.

With a bias, and only if every sample is active, one of the r_k may be (0, 1) instead, whose cost is zero: it adds the
same constant on every sample. A neuron that is active on no sample adds nothing and can be dropped. So a network
Σ α_j (x̃·u_j)_+ becomes one of atoms alone, with the same outputs on the samples and the same cost Σ ‖w_j‖_1 ‖α_j‖:
the parts of u_j take its outer weight, c_k α_j.""",
    latex=r"""
u=\sum_{k=1}^{m} c_k r_k,\quad c_k>0,\quad m\le D,\quad
\sum_k c_k\lVert w(r_k)\rVert_1=\lVert w\rVert_1,\qquad
(\tilde x_i\cdot u)_+=\sum_k c_k(\tilde x_i\cdot r_k)_+\ (i=1,\dots,n),\qquad
r_k\in\Bigl\{\pm\frac{\times(J)}{\lVert w(\times(J))\rVert_1}\Bigr\}\ \bigl(\cup\,\{(0,1)\}
\text{ where } \tilde x_i\cdot u>0\ \forall i\bigr)
""",
    argument="""\
Let s_i be the sign of x̃_i·u and σ_l the sign of w_l, with + for zeros, and let
K = {r : s_i x̃_i·r ≥ 0, σ_l r_l ≥ 0 for l ≤ d}, the chamber of u cut with the orthant of its weights. It is a cone,
it contains u, and no line: the rows x̃_i and e_l that bound it span all D coordinates (with a bias because there is a
sample, and its last coordinate is 1). So K is the convex hull of its extreme rays, and u, which lies inside a face
of K, is a positive combination of independent extreme rays of that face, at most D of them (Carathéodory). The walk
finds them. If u is no extreme ray, some h independent of u is orthogonal to every row that is tight at u; K has no
line, so one of ±h leaves K, and u moves along it to the boundary, where one more independent row is tight; this
ends at an extreme ray r. Now subtract as much of r from u as K allows: u − τr is tight at one more independent row
than u. Each ray takes one dimension of the face, so there are at most D of them.

An extreme ray is orthogonal to D−1 independent rows out of samples and basis vectors, so it is ±×(J) up to its
length: an atom of (1), if its w is not zero. If its w is zero it is (0, b), orthogonal to d basis vectors, and
s_i b ≥ 0 on every sample: (0, 1) or (0, −1). Being on the minimal face of u it is tight where u is, and it is tight
at no sample: so x̃_i·u > 0 for all i, or x̃_i·u < 0 for all i, and then u is active on no sample.

On K the products x̃_i·r do not change sign, so the activation is linear on it: the outputs add up. Nor do the
coordinates of w: ‖w‖_1 = σ·w is linear on K, so Σ c_k ‖w(r_k)‖_1 = ‖w‖_1. As every r_k lies in the minimal face
of u, it does not matter which sign was chosen where x̃_i·u = 0.

The first step decides that the activation is additive on a chamber and nowhere else. The others run the walk for
all neurons of a box and compare with the atoms of (1), which come from cross products of all subsets. The box makes
them checks of the walk; for all neurons and sizes it is the argument above that counts.""",
)


def split(neuron: Vector, samples: Sequence[Vector], dimension: int) -> list[tuple[Fraction, Vector]]:
    """The pairs (c_k, r_k) of a neuron: r_k has ‖w‖_1 = 1, or is the ray (0, ±1)."""
    rows = [_oriented(row, neuron) for row in [*samples, *basis_vectors(dimension, len(neuron) > dimension)]]
    parts = []
    while any(neuron):
        ray = _extreme_ray(neuron, rows)
        length = one_norm(ray[:dimension]) or one_norm(ray)
        ray = tuple(value / length for value in ray)
        share = min(dot(row, neuron) / dot(row, ray) for row in rows if dot(row, ray))
        neuron = tuple(a - share * b for a, b in zip(neuron, ray, strict=True))
        parts.append((share, ray))
    return parts


def _oriented(row: Vector, point: Vector) -> Vector:
    return tuple(-value for value in row) if dot(row, point) < 0 else row


def _extreme_ray(point: Vector, rows: Sequence[Vector]) -> Vector:
    """Walk from a point of {r : row·r ≥ 0} along its minimal face to the boundary, until the face is a ray."""
    while True:
        face = kernel([row for row in rows if dot(row, point) == 0], len(point))
        if len(face) == 1:
            return point
        lead = next(k for k, value in enumerate(point) if value)
        # of two vectors of a basis one at least is independent of the point
        step = next(
            h for h in face if any(h[lead] * a != point[lead] * b for a, b in zip(point, h, strict=True))
        )
        if all(dot(row, step) >= 0 for row in rows):
            step = tuple(-value for value in step)
        reach = min(dot(row, point) / -dot(row, step) for row in rows if dot(row, step) < 0)
        point = tuple(a + reach * b for a, b in zip(point, step, strict=True))


def same_signs(z3, values: Sequence):
    """What a chamber says about the products of one sample with the vectors in it."""
    return z3.Or(z3.And(*[value >= 0 for value in values]), z3.And(*[value <= 0 for value in values]))


@THEOREM.step(
    "decided",
    "(Σ a_k)_+ = Σ (a_k)_+ exactly where no two a_k have opposite signs",
    "all reals, 2 to 5 terms",
    needs="z3-solver",
)
def linear_on_a_chamber(chamber: Callable = same_signs) -> None:
    """The outputs add up inside a chamber and nowhere else, so a split has to stay in one."""
    for count in range(2, 6):

        def denial(z3, count=count):
            terms = z3.Reals(" ".join(f"a{k}" for k in range(count)))
            parts = z3.Sum(*[z3.If(term > 0, term, 0) for term in terms])
            whole = z3.If(z3.Sum(*terms) > 0, z3.Sum(*terms), 0)
            yield (whole == parts) != chamber(z3, terms)

        decide(f"the activation of {count} terms adds up where the condition says so", denial)


def check_split(
    neuron: Vector, parts: list, samples: Sequence[Vector], activation: Callable, norm: Callable
) -> None:
    """The parts are the neuron: the same weights, the same outputs, the same cost."""
    written = " + ".join(f"{c}·{_show(r)}" for c, r in parts)
    case = f"u = {_show(neuron)} = {written} on the samples {', '.join(map(_show, samples))}"
    require(all(c > 0 for c, _ in parts), f"{case}: a coefficient is not positive")
    whole = tuple(_total(parts, lambda r, k=k: r[k]) for k in range(len(neuron)))
    require(whole == neuron, f"{case}: the parts add up to {_show(whole)}")
    for row in samples:
        ours = _total(parts, lambda r, row=row: activation(dot(row, r)))
        theirs = activation(dot(row, neuron))
        require(ours == theirs, f"{case}: the neuron gives {theirs} at {_show(row)} and its parts {ours}")
    ours, theirs = _total(parts, norm), norm(neuron)
    require(ours == theirs, f"{case}: the neuron costs {theirs} and its parts {ours}")


def check_parts(neuron: Vector, parts: list, atoms: set, most: int) -> None:
    """The parts are few, and each is one of the dictionary."""
    case = f"u = {_show(neuron)}, parts {', '.join(_show(r) for _, r in parts)}"
    require(len(parts) <= most, f"{case}: more than {most}")
    for _, ray in parts:
        require(ray in atoms, f"{case}: {_show(ray)} is not in the dictionary")


def _total(parts: list, value: Callable) -> Fraction:
    return sum((c * value(r) for c, r in parts), Fraction(0))


def _show(vector: Sequence) -> str:
    return f"({', '.join(map(str, vector))})"


@THEOREM.step(
    "exhaustive",
    "without a bias every neuron splits into at most d atoms, same outputs, same cost",
    "integer weights within ±3 in the plane, ±2 in space, on 10 data sets, 8 of them degenerate",
)
def without_bias(
    directions: Callable = basis_vectors,
    activation: Callable = relu,
    norm: Callable = one_norm,
    most: Callable = lambda dimension: dimension,
) -> None:
    """Walk from every neuron of a box and compare with the dictionary of all subsets."""
    for tables, dimension, reach in ((PLANE, 2, 3), (SPACE, 3, 2)):
        for table in tables.values():
            samples = homogeneous(table, bias=False)
            atoms = set(unit_wedges([*samples, *directions(dimension)], dimension))
            for neuron in box(dimension, reach):
                parts = split(neuron, samples, dimension)
                check_parts(neuron, parts, atoms, most(dimension))
                check_split(neuron, parts, samples, activation, norm)


@THEOREM.step(
    "exhaustive",
    "with a bias every active neuron splits into at most d+1 atoms, (0, 1) among them only where all are active",
    "integer weights and biases within ±3 for d = 1, ±2 for d = 2, on 10 data sets, 8 of them degenerate",
)
def with_bias(
    rays: Sequence[int] = (1,),
    norm: Callable = lambda neuron: one_norm(neuron[:-1]),
    directions: Callable = basis_vectors,
) -> None:
    """The same with homogeneous points; the ray (0, 1) costs nothing and is allowed in the all-active chamber."""
    line = {
        "three": ((0,), (1,), (3,)),
        "one": ((2,),),
        "repeated": ((1,), (1,), (-2,)),
        "equal": ((1,), (1,)),
    }
    for tables, dimension, reach in ((line, 1, 3), (PLANE, 2, 2)):
        for table in tables.values():
            samples = homogeneous(table, bias=True)
            atoms = set(unit_wedges([*samples, *directions(dimension, True)], dimension))
            free = {(*[Fraction(0)] * dimension, Fraction(value)) for value in rays}
            for neuron in box(dimension + 1, reach):
                products = [dot(row, neuron) for row in samples]
                if not any(value > 0 for value in products):
                    continue  # dropped: it adds nothing on the samples
                allowed = atoms | free if all(value > 0 for value in products) else atoms
                parts = split(neuron, samples, dimension)
                check_parts(neuron, parts, allowed, dimension + 1)
                check_split(neuron, parts, samples, relu, norm)
