"""The residual of an optimal network is a projection of the targets: unique, though its weights are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import sympy

from proofs.finite import Piece, Vector, centred, dot, lasso_pieces, one_norm, problems, relu, solve
from proofs.generic import decide, generic, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

HALF = Fraction(1, 2)

THEOREM = Theorem(
    title="The residual is unique",
    section="section 0",
    words="""\
Squared loss, reg > 0, any set of atoms u with the activations φ_u on the samples. Let Λ be the set of the v with
|v·φ_u| ≤ reg for every atom (and Σ v_i = 0 with a bias). For every optimal network of (C) the residual v = y − f(X) is
the point of Λ that is nearest to y. There is only one such point; so all optimal networks have the same outputs on
the samples and the same cost Σ |z_u|. Their weights can differ, and so can their outputs elsewhere.""",
    latex=r"""
y-f(X)=\operatorname*{arg\,min}_{v\in\Lambda}\tfrac12\lVert v-y\rVert^2,\qquad
\Lambda=\Bigl\{v:\ |v\cdot\varphi_u|\le\mathrm{reg}\ \ \forall u\ \ \bigl(\textstyle\sum_i v_i=0\bigr)\Bigr\}
""",
    argument="""\
One nearest point. Λ is an intersection of closed convex sets (step 2) and contains 0; so some point of it is nearest
to y. If v and v' are both nearest, at the distance δ, their midpoint is in Λ, and by the parallelogram law (step 1)
its squared distance from y is δ² − ‖v − v'‖²/4. It cannot be below δ², hence v = v'.

The residual is that point. Write P(z, t) = ½‖y − Σ z_u φ_u − t1‖² + reg Σ |z_u| and D(v) = ½‖y‖² − ½‖v − y‖². With
r the residual of (z, t), step 3 shows

    P(z, t) − D(v) = ½‖v − r‖² + (reg Σ |z_u| − v·Σ z_u φ_u) − t Σ v_i,

and for v ∈ Λ the bracket is ≥ 0 and the last term is 0: P ≥ D. Let (z, t) be optimal. Changing one coefficient
cannot lower P, so φ_u·r = reg sign(z_u) where z_u ≠ 0 and |φ_u·r| ≤ reg for all atoms; changing t gives Σ r_i = 0.
So r is in Λ, r·Σ z_u φ_u = reg Σ |z_u|, and the identity with v = r says P(z, t) = D(r). For every v ∈ Λ,
D(v) ≤ P(z, t) = D(r): r is nearest to y. Since r is unique, so are f(X) = y − r and reg Σ |z_u| = P − ½‖r‖².

Nothing of this makes z unique. Step 4 computes, for all targets of a box, the nearest point from its definition, and
apart from that all solutions of the optimality conditions on independent activations: the residuals agree, while
z is often not unique. Step 5 has a network of one neuron: a ramp that every sample sees can be turned round.""",
)


def squares(vector) -> object:
    """Squared Euclidean norm."""
    return sum(value * value for value in vector)


@THEOREM.step(
    "identity",
    "‖(v+v')/2 − y‖² = ½‖v − y‖² + ½‖v' − y‖² − ¼‖v − v'‖²",
    "all entries, n ≤ 8",
)
def parallelogram(squared: Callable = squares) -> None:
    """The law that norms of inner products have, and no others."""
    for count in range(1, 9):
        y, v, w = generic(3, count).polynomials
        middle = squared((v + w) / 2 - y)
        sides = squared(v - y) / 2 + squared(w - y) / 2 - squared(v - w) / 4
        require_identity([middle], [sides], f"the parallelogram law for n = {count}")


@THEOREM.step(
    "decided",
    "if v·φ and v'·φ are within reg, so is their mean, and every limit of such numbers",
    "all reals",
    needs="z3-solver",
)
def convex_and_closed(
    within: Callable = lambda z3, value, reg: z3.And(-reg <= value, value <= reg),
) -> None:
    """Both for the numbers v·φ, which are linear and continuous in v; a number outside has an outside around it."""

    def midpoint(z3):
        a, b, reg = z3.Reals("a b reg")
        yield z3.And(reg > 0, within(z3, a, reg), within(z3, b, reg), z3.Not(within(z3, (a + b) / 2, reg)))

    def limit(z3):
        a, b, near, reg = z3.Reals("a b near reg")
        inside_nearby = z3.Exists([b], z3.And(within(z3, b, reg), a - near < b, b < a + near))
        approached = z3.ForAll([near], z3.Implies(near > 0, inside_nearby))
        yield z3.And(reg > 0, z3.Not(within(z3, a, reg)), approached)

    decide("the mean of two numbers within reg is within reg", midpoint)
    decide("a limit of numbers within reg is within reg", limit)


@THEOREM.step(
    "identity",
    "P − D = ½‖v − r‖² + (reg Σ|z| − v·Σ zφ) − t Σ v_i",
    "all entries, n ≤ 4 samples, k ≤ 3 atoms",
)
def gap(half: Fraction = HALF, sign: int = -1) -> None:
    """`half` stands before the loss, `sign` before the bias."""
    cost = sympy.Symbol("cost")
    for count, atoms in product(range(1, 5), range(1, 4)):
        symbols = generic(1, 2 * count + 1 + atoms * (count + 1), extra=(cost,))
        flat, penalty = list(symbols.polynomials[0]), symbols.ring.gens[-1]
        y, v, t, z = flat[:count], flat[count : 2 * count], flat[2 * count], flat[2 * count + 1 :][:atoms]
        rows = np.array(flat[2 * count + 1 + atoms :], dtype=object).reshape(atoms, count)
        fit = [sum(a * b for a, b in zip(z, column, strict=True)) for column in rows.T]
        r = [a - b - t for a, b in zip(y, fit, strict=True)]
        primal = sympy.Rational(half) * squares(r) + penalty  # reg Σ|z| enters as one symbol
        dual = squares(y) / 2 - squares([a - b for a, b in zip(v, y, strict=True)]) / 2
        bracket = penalty - sum(a * b for a, b in zip(v, fit, strict=True))
        right = squares([a - b for a, b in zip(v, r, strict=True)]) / 2 + bracket + sign * t * sum(v)
        require_identity([primal - dual], [right], f"the gap for {count} samples and {atoms} atoms")


def nearest(features: Sequence[Vector], target: Vector, reg: Fraction, bias: bool) -> set[Vector]:
    """The points of Λ nearest to y: on each intersection of its boundary planes the foot of y, if it is in Λ."""
    ones = [tuple(Fraction(1) for _ in target)] * bias
    best, found = None, set()
    for size in range(len(target) + 1 - bias):
        for chosen in combinations(features, size):
            for signs in product((1, -1), repeat=size):
                planes = [*ones, *chosen]
                levels = [Fraction(0)] * bias + [reg * s for s in signs]
                foot = _foot(target, planes, levels)
                if foot is None or any(abs(dot(foot, phi)) > reg for phi in features):
                    continue
                distance = squares(a - b for a, b in zip(foot, target, strict=True))
                if best is None or distance <= best:
                    found = {foot} if distance != best else found | {foot}
                    best = distance
    return found


def _foot(target: Vector, planes: Sequence[Vector], levels: Sequence[Fraction]) -> Vector | None:
    gram = [[dot(a, b) for b in planes] for a in planes]
    solution = solve(gram, [dot(a, target) - level for a, level in zip(planes, levels, strict=True)])
    if solution is None:
        return None
    return tuple(a - dot(solution[0], (plane[i] for plane in planes)) for i, a in enumerate(target))


def residual(piece: Piece, reg: Fraction) -> tuple:
    """What the theorem says is unique."""
    return piece.v(reg)


def coefficients(piece: Piece, reg: Fraction) -> tuple:
    """What it does not say."""
    return tuple(sorted(piece.z(reg).items()))


def cost(piece: Piece, reg: Fraction) -> tuple:
    """Also unique."""
    return (one_norm(piece.z(reg).values()),)


@THEOREM.step(
    "exhaustive",
    "all solutions on independent activations have the same residual, the nearest point, and the same cost",
    "4 data sets of 2 or 3 samples, with and without bias, all integer targets within ±2 up to sign, reg ½ and 1",
)
def one_residual(unique: Sequence[Callable] = (residual, cost), bias_in_dual: bool = True) -> None:
    """`unique` are the quantities that have one value; `bias_in_dual` asks for Σ v_i = 0."""
    several = 0
    for name, features, count, bias in problems():
        seen = [centred(phi) for phi in features] if bias else features
        targets = product(map(Fraction, range(-2, 3)), repeat=count)
        for target in (y for y in targets if y >= tuple(-value for value in y)):
            pieces = lasso_pieces(seen, centred(target) if bias else target)
            for reg in (HALF, Fraction(1)):
                case = f"samples {name}, y = {_show(target)}, reg = {reg}"
                optimal = [piece for piece in pieces if piece.holds(reg)]
                for quantity in unique:
                    values = {quantity(piece, reg) for piece in optimal}
                    require(
                        len(values) == 1, f"{case}: {quantity.__name__} has the values {_several(values)}"
                    )
                foot = nearest(features, target, reg, bias and bias_in_dual)
                found = {residual(piece, reg) for piece in optimal}
                require(
                    foot == found,
                    f"{case}: nearest to y is {_several(foot)}, the residual is {_several(found)}",
                )
                several += len({coefficients(piece, reg) for piece in optimal}) > 1
    require(several > 0, "z was unique in every case")


def _show(vector: Sequence) -> str:
    return f"({', '.join(map(str, vector))})"


def _several(vectors) -> str:
    return " and ".join(map(_show, sorted(vectors)))


@THEOREM.step(
    "instance",
    "two networks of one neuron, both optimal, with the same residual, that differ away from the samples",
    "x = (0, 1, 3), y = (0, 1, 5), reg = 1, with a bias",
)
def two_optima(samples: Sequence = (0, 1, 3), targets: Sequence = (0, 1, 5), turned: int = 1) -> None:
    """The ramp x − x_1 that all samples see, and x_n − x with minus its coefficient; `turned` multiplies that."""
    reg, y = Fraction(1), tuple(map(Fraction, targets))
    first, last = min(samples), max(samples)
    ramps = [lambda x: relu(Fraction(x - first)), lambda x: relu(Fraction(last - x))]
    others = [lambda x, j=j, s=s: relu(Fraction(s * (x - j))) for j in samples for s in (1, -1)]
    phi = centred(tuple(map(ramps[0], samples)))
    size = (dot(phi, centred(y)) - reg) / dot(phi, phi)
    networks, residuals, values = [], [], []
    for z, ramp in ((size, ramps[0]), (-size * turned, ramps[1])):
        t = sum((b - z * ramp(x) for x, b in zip(samples, y, strict=True)), Fraction(0)) / len(y)
        v = tuple(b - z * ramp(x) - t for x, b in zip(samples, y, strict=True))
        worst = max(abs(dot(v, map(other, samples))) for other in others)
        require(worst <= reg, f"z = {z}: an atom has |v·φ| = {worst} > reg")
        residuals.append(v)
        values.append(squares(v) / 2 + reg * abs(z))
        require(
            values[-1] == squares(y) / 2 - squares(a - b for a, b in zip(v, y, strict=True)) / 2,
            f"z = {z}: a gap",
        )
        networks.append(lambda x, z=z, ramp=ramp, t=t: z * ramp(x) + t)
    require(size > 0, "the coefficient is zero, so the two networks are one")
    require(residuals[0] == residuals[1], f"the residuals are {_several(residuals)}")
    require(values[0] == values[1], f"the values are {values[0]} and {values[1]}")
    beyond = 2 * last - first
    require(networks[0](beyond) != networks[1](beyond), f"the networks agree at {beyond}")
