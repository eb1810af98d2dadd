"""For p = 1 and ∞ every optimal weight can be a wedge of samples and directions: the dictionary (1) is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product
from typing import Any

from proofs.finite import PLANE, SPACE, Vector, basis_vectors, dot, homogeneous, relu, unit_wedges, vertices
from proofs.generic import decide, norm_of, real_norm
from proofs.statement import Theorem, require

INFINITY = float("inf")
NORMS = (1, INFINITY)
LINE = {"general": ((0,), (1,), (3,)), "zero and repeated": ((0,), (2,), (2,)), "one sample": ((-1,),)}

THEOREM = Theorem(
    title="Optimal weights are wedge products",
    section="section 1, equation (1)",
    words=(
        "Let p = 1, with the directions e_l, or p = ∞, with e_l ± e_m (l < m); with a bias a direction is a point at "
        "infinity (e, 0). For every loss, every reg > 0 and scalar or vector outputs, (C) over all units u has the "
        "optimal value of (C) over the finitely many u_J = ± ×(J)/‖w(×(J))‖_p with J any D−1 of the samples and "
        "directions. For every v, with Σ v_i = 0 if there is a bias, the maximum of Σ v_i (x̃_i·u)_+ over all units "
        "is that over the u_J."
    ),
    latex=(
        r"\max_{\|w(u)\|_p = 1} \sum_i v_i (\tilde x_i \cdot u)_+ = \max_J \sum_i v_i (\tilde x_i \cdot u_J)_+, \quad "
        r"u_J = \pm \frac{\times(J)}{\|w(\times(J))\|_p}, \quad J \subset \{\tilde x_i\} \cup \{e_l\}, \; |J| = D - 1"
    ),
    argument="""\
Vertices. For signs s the chamber C_s = {u : s_i x̃_i·u ≥ 0 for all i} is a cone, and P_s = C_s ∩ {‖w(u)‖_p ≤ 1} a
polyhedron. It has no line: a line would lie in w = 0, along (0, 1), where every sample changes sign. So it is the
hull of its vertices, plus its rays. A ray has w = 0; so there is none without a bias, and with one it is (0, 1) in
the chamber where every sample is active, or (0, −1) in that where none is. 0 may be a vertex. At any other vertex u,
‖w(u)‖_p = 1, since otherwise a longer and a shorter multiple of u would belong to P_s.

Vertices are wedges. At a vertex u ≠ 0 only t = 0 is orthogonal to all tight constraints. Let t be orthogonal to the
samples and directions to which u is orthogonal. p = 1: these directions are the e_l with w_l = 0. The tight facets are
those whose signs agree with w where w_l ≠ 0, and t − τ u with τ = Σ_l sign(w_l) t_l is orthogonal to all of them.
p = ∞: for two axes with |w_l| = |w_m| = 1, u is orthogonal to e_l − w_l w_m e_m, so t_l = τ w_l on all such axes with
one τ; the tight facets are w_l e_l for them, and again t − τ u is orthogonal to all of them. It is orthogonal to the
tight samples, too, so t = τ u. So those samples and directions have rank D−1, any D−1 independent ones are a J, and
u = u_J. Conversely, for p = 1 a t orthogonal to all constraints that are tight at u_J is a multiple of u_J, as u_J
is orthogonal to J, and the tight facets make it 0: u_J is a vertex of some P_s. For p = ∞ some u_J are no vertices,
which does no harm: they are units. Step 1 compares the two sets, the vertices enumerated without wedges.

Nothing is lost. Let u be a unit of P_s. On C_s the activations φ(u) = ((x̃_i·u)_+)_i are linear in u. With u = Σ c_k
r_k + ρ (0, 1), r_k the vertices except 0, c ≥ 0 and Σ c_k ≤ 1, this is φ(u) = Σ c_k φ(r_k) + ρ (1, …, 1), where ρ ≠ 0
only if every sample is active (where none is, the ray has no activations). Put z_u c_k on r_k, and z_u ρ into t: the
outputs on the samples stay, the penalty Σ c_k ‖z_u‖ is at most ‖z_u‖. So the dictionary reaches every value of (C).

Maximum. A unit lies on a facet of the ball. The polyhedron C_s ∩ facet is the hull of its vertices, which are
vertices of P_s, and rays; there Σ c_k = 1. So Σ v_i φ_i(u) = Σ c_k Σ v_i φ_i(r_k) + ρ Σ v_i, and the last term is 0:
some r_k is at least as good as u. Steps 2 and 3 have z3 look for a better u, and step 4 for samples that allow one.""",
)

Directions = Callable[[int, float, bool], Sequence[Vector]]
Atoms = Callable[[Sequence, bool, float], list[Vector]]


def directions_of_norm(dimension: int, exponent: float, bias: bool) -> list[Vector]:
    """e_l for p = 1, e_l ± e_m for p = ∞."""
    axes = basis_vectors(dimension, bias)
    if exponent == 1:
        return axes
    return [
        tuple(x + sign * y for x, y in zip(a, b, strict=True))
        for a, b in combinations(axes, 2)
        for sign in (1, -1)
    ]


def dictionary(
    samples: Sequence, bias: bool, exponent: float, directions: Directions = directions_of_norm
) -> list[Vector]:
    """The atoms (1)."""
    dimension = len(samples[0])
    members = [*homogeneous(samples, bias), *directions(dimension, exponent, bias)]
    atoms = {}
    for unit in unit_wedges(members, dimension):
        length = norm_of(exponent, unit[:dimension])
        atoms[tuple(value / length for value in unit)] = None
    return list(atoms)


def ball(dimension: int, exponent: float, bias: bool) -> list[Vector]:
    """The normals a of the facets a·u ≤ 1 of {‖w(u)‖_p ≤ 1}."""
    if exponent == 1:
        corners = product((Fraction(1), Fraction(-1)), repeat=dimension)
        return [corner + (Fraction(0),) * bias for corner in corners]
    axes = basis_vectors(dimension, bias)
    return axes + [tuple(-value for value in axis) for axis in axes]


def chamber_vertices(samples: Sequence, bias: bool, exponent: float) -> set[Vector]:
    """All vertices of all chamber ∩ ball, from their inequalities."""
    points, facets = homogeneous(samples, bias), ball(len(samples[0]), exponent, bias)
    bounds = [Fraction(0)] * len(points) + [Fraction(1)] * len(facets)
    found = set()
    for signs in product((1, -1), repeat=len(points)):
        walls = [tuple(-s * value for value in point) for s, point in zip(signs, points, strict=True)]
        found |= vertices([*walls, *facets], bounds)
    return found


def small_samples() -> Iterator[tuple[tuple[int, ...], ...]]:
    """The named samples, and every one or two rows of a grid of the plane."""
    for named in (LINE, PLANE, SPACE):
        yield from named.values()
    grid = list(product((-1, 0, 1), repeat=2))
    for size in (1, 2):
        yield from combinations_with_replacement(grid, size)


@THEOREM.step(
    "exhaustive",
    "every vertex but 0 of every chamber ∩ ball is an atom (1), and for p = 1 every atom is such a vertex",
    "samples of LINE, PLANE, SPACE, all one or two rows of {−1,0,1}²; p = 1 and ∞, with and without bias",
)
def vertices_are_wedges(directions: Directions = directions_of_norm) -> None:
    for samples, exponent, bias in product(small_samples(), NORMS, (False, True)):
        corners = {corner for corner in chamber_vertices(samples, bias, exponent) if any(corner)}
        atoms = set(dictionary(samples, bias, exponent, directions))
        case = f"samples {samples}, p = {exponent}, bias {bias}"
        for corner in corners - atoms:
            require(False, f"{case}: the vertex {tuple(map(str, corner))} is no atom")
        for atom in atoms - corners if exponent == 1 else ():
            require(False, f"{case}: the atom {tuple(map(str, atom))} is no vertex")


def features(samples: Sequence, bias: bool, unit: Sequence) -> list[Fraction]:
    """(x̃_i·u)_+ of every sample."""
    return [relu(dot(point, unit)) for point in homogeneous(samples, bias)]


def better_unit(
    z3: Any, samples: Sequence, bias: bool, exponent: float, atoms: Sequence[Vector], signs: Sequence[int]
) -> Iterator[Any]:
    """A unit u of the chamber of `signs`, and v, with Σ v_i (x̃_i·u)_+ > Σ v_i (x̃_i·a)_+ for every atom a.

    Without signs u may lie in any chamber, and v is in {−1, 0, 1}^n, which keeps the constraints linear.
    """
    dimension, points = len(samples[0]), homogeneous(samples, bias)
    unit = z3.Reals(" ".join(f"u{k}" for k in range(dimension + bias)))
    v = z3.Reals(" ".join(f"v{i}" for i in range(len(samples))))
    yield real_norm(z3, exponent, unit[:dimension]) == 1
    terms = []
    for i, (entry, point) in enumerate(zip(v, points, strict=True)):
        height = z3.Sum([z3.RealVal(str(a)) * b for a, b in zip(point, unit, strict=True)])
        if signs:
            yield signs[i] * height >= 0
            terms += [entry * height] if signs[i] > 0 else []
        else:
            active = z3.If(height > 0, height, z3.RealVal(0))
            yield z3.Or(entry == -1, entry == 0, entry == 1)
            terms.append(z3.If(entry == 1, active, z3.If(entry == -1, -active, z3.RealVal(0))))
    value = z3.Sum([z3.RealVal(0), *terms])
    for atom in atoms:
        heights = [z3.RealVal(str(value)) for value in features(samples, bias, atom)]
        yield value > z3.Sum([entry * height for entry, height in zip(v, heights, strict=True)])


def decide_maximum(
    samples: Sequence, bias: bool, exponent: float, atoms: Atoms, balanced: bool, by_chamber: bool
) -> None:
    """Require that no unit is better than every atom, for any v, or for v ∈ {−1, 0, 1}^n."""
    found = atoms(samples, bias, exponent)
    for signs in product((1, -1), repeat=len(samples)) if by_chamber else [()]:

        def better(z3: Any, signs=signs) -> Iterator[Any]:
            yield from better_unit(z3, samples, bias, exponent, found, signs)
            if bias and balanced:
                yield z3.Sum(z3.Reals(" ".join(f"v{i}" for i in range(len(samples))))) == 0

        decide(f"the atoms reach the maximum; samples {samples}, p = {exponent}, bias {bias}", better)


@THEOREM.step(
    "decided",
    "no unit, however large its b, has a larger Σ v_i (x̃_i·u)_+ than every atom; with a bias, Σ v_i = 0",
    "all real u and v; samples of LINE (with bias) and PLANE (with and without bias), p = 1 and ∞",
    needs="z3-solver",
)
def no_better_unit(atoms: Atoms = dictionary, balanced: bool = True) -> None:
    """`balanced` is whether Σ v_i = 0 is assumed where there is a bias."""
    for samples, exponent, bias in product([*LINE.values(), *PLANE.values()], NORMS, (False, True)):
        if bias or len(samples[0]) > 1:
            decide_maximum(samples, bias, exponent, atoms, balanced, by_chamber=True)


@THEOREM.step(
    "decided",
    "the same in three dimensions",
    "all real u, v ∈ {−1,0,1}^n; samples of SPACE, p = 1 and ∞, with and without bias",
    needs="z3-solver",
)
def no_better_unit_in_space(atoms: Atoms = dictionary, balanced: bool = True) -> None:
    for samples, exponent, bias in product(SPACE.values(), NORMS, (False, True)):
        decide_maximum(samples, bias, exponent, atoms, balanced, by_chamber=False)


def better_than_all_wedges(
    z3: Any,
    count: int,
    bias: bool,
    exponent: float,
    facet: Vector,
    signs: Sequence[int],
    directions: Directions,
) -> Iterator[Any]:
    """Samples of two homogeneous coordinates, v, and u on a facet of the ball, better than ± ×(a)/‖w(×(a))‖_p,
    ×(a) = (a_2, −a_1), for every sample and direction a."""
    dimension = 1 if bias else 2
    points = [(z3.Real(f"x{i}"), z3.RealVal(1) if bias else z3.Real(f"y{i}")) for i in range(count)]
    v, u = ([z3.Real(f"{name}{i}") for i in range(size)] for name, size in (("v", count), ("u", 2)))

    def product_of(left: Sequence[Any], right: Sequence[Any]) -> Any:
        return sum(a * b for a, b in zip(left, right, strict=True))

    def constants(vector: Vector) -> list[Any]:
        return [z3.RealVal(str(value)) for value in vector]

    yield product_of(constants(facet), u) == 1
    yield from (product_of(constants(other), u) <= 1 for other in ball(dimension, exponent, bias))
    yield from (sign * product_of(point, u) >= 0 for sign, point in zip(signs, points, strict=True))
    if bias:
        yield z3.Sum(v) == 0
    active = [a * product_of(point, u) for sign, a, point in zip(signs, v, points, strict=True) if sign > 0]
    value = z3.Sum([z3.RealVal(0), *active])
    for member in [*points, *map(constants, directions(dimension, exponent, bias))]:
        for normal in ((member[1], -member[0]), (-member[1], member[0])):
            length = real_norm(z3, exponent, normal[:dimension])
            heights = (product_of(point, normal) for point in points)
            reached = z3.Sum([a * z3.If(h > 0, h, 0) for a, h in zip(v, heights, strict=True)])
            yield z3.Or(length == 0, value * length > reached)


@THEOREM.step(
    "decided",
    "the same for samples that are not given: no samples, v and u with a larger sum than every atom",
    "all real samples, v and u; d = 2 without bias, n ≤ 2; d = 1 with bias, n ≤ 3; p = 1 and ∞",
    needs="z3-solver",
)
def no_better_samples(directions: Directions = directions_of_norm) -> None:
    cases = [(count, bias) for bias, most in ((False, 2), (True, 3)) for count in range(1, most + 1)]
    for (count, bias), exponent in product(cases, NORMS):
        for facet in ball(1 if bias else 2, exponent, bias):
            for signs in product((1, -1), repeat=count):

                def better(z3: Any, given=(count, bias, exponent, facet, signs)) -> Iterator[Any]:
                    yield from better_than_all_wedges(z3, *given, directions)

                decide(f"the wedges reach the maximum; n = {count}, bias {bias}, p = {exponent}", better)
