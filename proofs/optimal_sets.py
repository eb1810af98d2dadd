"""All optima over a finite dictionary are a polytope: of one cost, with independent activations at its vertices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

from proofs.finite import (
    Vector,
    basis_vectors,
    centred,
    dot,
    homogeneous,
    lasso_pieces,
    problems,
    rank,
    relu,
    show,
    solve,
    unit_wedges,
    vertices,
)
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "corners"]

THEOREM = Theorem(
    title="All optimal networks over a dictionary",
    section="section 10, equations (Z), (Z1) and (Z1a)",
    words="""\
Scalar output, squared loss, a finite dictionary of activations φ_u. Let v be the residual of an optimum, s_u the sign
of φ_u·v and ψ_u = s_u φ_u. The optimal z are those with z_u = s_u a_u for the a ≥ 0 with Σ a_u ψ_u + t1 = y − v for
some t over the active atoms, |φ_u·v| = reg. These a are a bounded polytope Z*, and Σ a_u = v·(y − v)/reg on all of it.
Its vertices are the points of it whose activations in use are independent, with a bias modulo constants. Its dimension
is the number of atoms that some optimum uses less the rank of their activations, with a bias modulo constants: there is
one optimum exactly if the activations of all atoms that are used in some are independent. Where y − v is inside the
cone of the active ψ_u, the trace of d(y − v)/dy is that rank, and with a bias one more.""",
    latex=r"""
Z^*=\Bigl\{a\ge 0:\ \sum_{|\varphi_u\cdot v|=\mathrm{reg}}a_u\psi_u+t\,\mathbf 1=y-v\Bigr\},\qquad
\sum_u a_u=\frac{v\cdot(y-v)}{\mathrm{reg}},\qquad
\dim Z^*=|\text{used}|-\operatorname{rank}\Psi_{\text{used}}
""",
    argument="""\
v is the same at all optima (theorem on the dual). (z, t) is optimal if and only if its residual is v and
φ_u·v = reg sign(z_u) wherever z_u ≠ 0, since |φ_u·v| ≤ reg and, with a bias, Σ v_i = 0 hold in any case. So z_u = 0
unless the atom is active, z_u has the sign s_u, and the outputs are y − v: that is Z*. The product of v with the
equations is Σ a_u (ψ_u·v) = reg Σ a_u = v·(y − v), for v·1 = 0 with a bias; a ≥ 0 with a given sum is bounded. Step 1
compares Z* with all that satisfies the conditions of optimality on independent activations.

Vertices. Let the activations in use at a be dependent, Σ c_u ψ_u = 0 (a constant, with a bias), c ≠ 0 and c_u = 0 where
a_u = 0. Then a ± εc are in Z* for a small ε, and a is no vertex. If a is no vertex, a ± c are in Z* for some c ≠ 0;
where a_u = 0 both are ≥ 0 only if c_u = 0; and Σ c_u ψ_u = 0 up to constants: the activations in use are dependent.

Dimension. The mean of optima that use one of the used atoms each has them all. Near it Z* is given by the equations
alone, so it has the dimension of their null space on the used atoms, which is their number less their rank. Step 2
compares both with geometry: vertices from inequalities alone, and their affine rank. Step 4 has two examples.

Divergence. v is the projection of y on the polyhedron |φ_u·v| ≤ reg, inside one of its faces, whose normals are the
active ψ_u. If y − v is inside their cone, so that all are used, v stays inside the face while y moves a little, and
dv/dy is the projection orthogonal to the normals: the trace of what is left is their rank. Step 3 takes differences of
optima.""",
)

Amounts = tuple[Fraction, ...]


def active(features: Sequence[Vector], v: Vector, reg: Fraction) -> dict[int, Vector]:
    """ψ_u of the active atoms by their places in the dictionary."""
    pulls = {k: dot(phi, v) for k, phi in enumerate(features)}
    return {
        k: tuple(value if pull > 0 else -value for value in features[k])
        for k, pull in pulls.items()
        if abs(pull) == reg
    }


def corners(columns: Sequence[Vector], right: Vector) -> set[Amounts]:
    """Every a ≥ 0 with Σ a_u ψ_u = right and independent ψ_u in use, from all supports."""
    found = set()
    for size in range(len(right) + 1):
        for support in combinations(range(len(columns)), size):
            chosen = [columns[k] for k in support]
            gram = [[dot(p, q) for q in chosen] for p in chosen]
            solution = solve(gram, [dot(p, right) for p in chosen])
            if solution is None or any(value <= 0 for value in solution[0]):
                continue
            if _combined(chosen, solution[0], len(right)) == right:
                amounts = dict(zip(support, solution[0], strict=True))
                found.add(tuple(amounts.get(k, Fraction(0)) for k in range(len(columns))))
    return found


def _combined(columns: Sequence[Vector], amounts: Sequence[Fraction], count: int) -> Vector:
    return tuple(dot(amounts, (column[i] for column in columns)) for i in range(count))


def cases() -> Iterator[tuple[str, list[Vector], Vector, Fraction]]:
    """Small problems: activations and targets, centred where there is a bias, and reg."""
    for name, features, count, bias in problems():
        seen = [centred(phi) for phi in features] if bias else features
        for given in product(map(Fraction, range(-1, 2)), repeat=count):
            if given >= tuple(-a for a in given):
                for reg in (Fraction(1, 8), Fraction(1, 4), Fraction(1)):
                    yield (
                        f"samples {name}, y = {show(given)}, reg = {reg}",
                        seen,
                        (centred(given) if bias else given),
                        reg,
                    )


def cost(v: Vector, outputs: Vector, reg: Fraction) -> Fraction:
    """v·(y − v)/reg."""
    return dot(v, outputs) / reg


@THEOREM.step(
    "exhaustive",
    "the optima on independent activations are the corners of Z*, all of one cost; what lies between them is optimal",
    "4 data sets of 2 or 3 samples, with and without bias, all targets within {−1, 0, 1} up to sign, 3 regs",
)
def one_polytope(atoms: Callable = active, total: Callable = cost) -> None:
    """From the conditions of optimality on one side, from v alone on the other."""
    for case, features, target, reg in cases():
        pieces = [piece for piece in lasso_pieces(features, target) if piece.holds(reg)]
        v = pieces[0].v(reg)
        outputs = tuple(a - b for a, b in zip(target, v, strict=True))
        known = atoms(features, v, reg)
        found = corners([*known.values()], outputs)
        optima = {tuple(sorted(piece.z(reg).items())) for piece in pieces}
        signs = {k: 1 if dot(features[k], v) > 0 else -1 for k in known}
        named = {tuple((k, signs[k] * a) for k, a in zip(known, point, strict=True) if a) for point in found}
        require(
            named == optima, f"{case}: Z* has the corners {sorted(named)}, and {sorted(optima)} are optimal"
        )
        for point in found:
            wanted = total(v, outputs, reg)
            require(sum(point) == wanted, f"{case}: {show(point)} costs {sum(point)} and not {wanted}")
        for p, q in combinations(sorted(found), 2):
            middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
            value = _value([*known.values()], middle, target, reg)
            best = dot(v, v) / 2 + dot(v, outputs)
            require(value == best, f"{case}: the mean of {show(p)} and {show(q)} has the value {value}")


def _value(columns: Sequence[Vector], amounts: Sequence, target: Vector, reg: Fraction) -> Fraction:
    made = _combined(columns, amounts, len(target))
    rest = [a - b for a, b in zip(target, made, strict=True)]
    return dot(rest, rest) / 2 + reg * sum(amounts)


def used_less_rank(used: Sequence[Vector], columns: Sequence[Vector]) -> int:
    """|used| − rank."""
    return len(used) - rank(used)


@THEOREM.step(
    "exhaustive",
    "vertices are the points with independent activations, and the dimension is |used| − rank",
    "the same problems, where at most 7 atoms are active",
)
def vertices_and_dimension(formula: Callable = used_less_rank, points: Callable = corners) -> None:
    """Vertices by which inequalities are tight, and their affine rank."""
    seen = 0
    for case, features, target, reg in cases():
        pieces = [piece for piece in lasso_pieces(features, target) if piece.holds(reg)]
        v = pieces[0].v(reg)
        outputs = tuple(a - b for a, b in zip(target, v, strict=True))
        columns = [*active(features, v, reg).values()]
        if not columns or len(columns) > 7:
            continue
        equations = list(zip(*columns, strict=True))
        positive = [tuple(-value for value in row) for row in basis_vectors(len(columns))]
        rows = [*equations, *(tuple(-value for value in row) for row in equations), *positive]
        bounds = [*outputs, *(-value for value in outputs), *[Fraction(0)] * len(columns)]
        found = vertices(rows, bounds)
        mine = points(columns, outputs)
        require(found == mine, f"{case}: the vertices are {sorted(found)} and not {sorted(mine)}")
        first = min(found)
        affine = rank([tuple(a - b for a, b in zip(point, first, strict=True)) for point in found])
        used = [column for k, column in enumerate(columns) if any(point[k] for point in found)]
        wanted = formula(used, columns)
        require(affine == wanted, f"{case}: Z* has the dimension {affine} and not {wanted}")
        seen += affine > 0
    require(seen > 20, f"only {seen} of these problems have more than one optimum")


def traced(used: Sequence[Vector]) -> int:
    """The rank of the used activations."""
    return rank(used)


def _moved(
    features: Sequence[Vector], target: Vector, reg: Fraction, i: int, step: Fraction, bias: bool
) -> Fraction:
    """What (y − v)_i is after a step of y_i."""
    moved = tuple(a + step * (k == i) for k, a in enumerate(target))
    moved = centred(moved) if bias else moved
    v = next(piece for piece in lasso_pieces(features, moved) if piece.holds(reg)).v(reg)
    return moved[i] - v[i]


@THEOREM.step(
    "exhaustive",
    "off the kinks the trace of d(y − v)/dy is the rank of the used activations, less constants where there is a bias",
    "the same problems with reg = 1/4, where all active atoms are used; differences over 2·10⁻⁹, exactly",
)
def divergence(formula: Callable = traced) -> None:
    """Optima on either side in each target, in fractions: within a face the differences are the derivatives."""
    seen, step = set(), Fraction(1, 10**9)
    for case, features, target, reg in cases():
        if reg != Fraction(1, 4):
            continue
        pieces = [piece for piece in lasso_pieces(features, target) if piece.holds(reg)]
        v = pieces[0].v(reg)
        outputs = tuple(a - b for a, b in zip(target, v, strict=True))
        columns = [*active(features, v, reg).values()]
        found = corners(columns, outputs)
        if not columns or not all(any(point[k] for point in found) for k in range(len(columns))):
            continue
        bias = all(sum(phi) == 0 for phi in features)
        ends = [
            [_moved(features, target, reg, i, h, bias) for h in (step, -step)] for i in range(len(target))
        ]
        trace = sum((up - down) / (2 * step) for up, down in ends)
        wanted = formula(columns)
        require(trace == wanted, f"{case}: the trace is {trace} and not {wanted}")
        seen.add(wanted)
    require(seen >= {1, 2}, f"only traces {sorted(seen)} were seen")


# samples, targets, reg, v, and the corners of Z*: how many, with how many neurons each, of which dimension
PARABOLA = (((-2,), (-1,), (0,), (1,), (2,)), (4, 1, 0, 1, 4), Fraction(1, 2), (1, -1, 0, -1, 1), (4, 4, 2))
SQUARE = (((0, 0), (1, 0), (0, 1), (1, 1)), (0, 1, 1, 0), Fraction(1, 20), (-1, 1, 1, -1), (2, 2, 1))


@THEOREM.step(
    "instance",
    "a parabola has a square of optima of four neurons, XOR a segment between two of two",
    "y = x² on −2, …, 2 with reg 1/2; the corners of the unit square with reg 1/20",
)
def square_and_segment(parabola: tuple = PARABOLA[-1], segment: tuple = SQUARE[-1]) -> None:
    """v is proved first: no atom is above reg, it adds up to 0, and y − v is in the cone of the active ones."""
    for (table, y, reg, direction, _), expected in ((PARABOLA, parabola), (SQUARE, segment)):
        samples, d = homogeneous(table, True), len(table[0])
        units = unit_wedges([*samples, *basis_vectors(d, True)], d)
        features = list(dict.fromkeys(tuple(relu(dot(row, unit)) for row in samples) for unit in units))
        steepest = max(abs(dot(phi, direction)) for phi in features)
        v = tuple(reg / steepest * value for value in direction)
        require(sum(v) == 0, f"{show(v)} does not add up to 0")
        outputs = centred(tuple(a - b for a, b in zip(y, v, strict=True)))
        columns = [centred(psi) for psi in active(features, v, reg).values()]
        found = corners(columns, outputs)
        require(bool(found), f"{show(v)} is not the residual of an optimum")
        first = min(found)
        affine = rank([tuple(a - b for a, b in zip(point, first, strict=True)) for point in found])
        for width in {len(first) - point.count(0) for point in found}:
            got = len(found), width, affine
            require(got == expected, f"{table}: {got} corners, neurons and dimension, and not {expected}")
