"""From a network of enough neurons a path leads down to a global optimum; with one neuron less there may be none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

import sympy

from proofs.finite import (
    Vector,
    basis_vectors,
    centred,
    dot,
    homogeneous,
    kernel,
    lasso_pieces,
    problems,
    rank,
    relu,
    show,
    solve,
    unit_wedges,
    vertices,
)
from proofs.generic import generic, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM", "walk"]

HALF = Fraction(1, 2)
Amounts = dict[int, Fraction]

THEOREM = Theorem(
    title="Downhill all the way, and the width that it takes",
    section="section 10",
    words="""\
Squared loss, one output, p = 1 or ∞, and r the rank of the activations of all atoms, with a bias up to constants: at
most the number of distinct samples, with a bias one less. From every network of r + 1 neurons or more a path of
weights leads to a global optimum, along which (T) never rises. It consists of one piece on which neurons are
balanced, and finitely many on which units stay and amounts z_j move along straight lines. With r neurons there may be
no such path: there are local minima of two neurons, without a bias and with one, that are no global ones, where r =
2.""",
    latex=r"""
\tfrac12\lVert y-\Phi(z+\tau d)\rVert^2+\mathrm{reg}\sum_j\sigma_j(z_j+\tau d_j)
=P(z)+\tau\,(\mathrm{reg}\,\sigma\cdot d-v\cdot\Phi d)+\tfrac{\tau^2}2\lVert\Phi d\rVert^2
""",
    argument="""\
Balancing w c^s, α/c^s keeps the outputs, and ‖w‖² c^{2s} + α² c^{−2s} is convex in s with its least value where both
are equal; there the penalty is reg |z|, z = α ‖w‖. Neurons without an effect shrink, constants and the best intercept
are straight lines in t. Then let activations and targets be centred where there is a bias.

Prune: if Σ c_j φ_j = 0 over neurons in use, z moves along c, with the sign for which Σ |z_j| does not rise, until a
neuron vanishes. Afterwards activations of neurons in use are independent, at most r, as all activations are
combinations of those of atoms. Best amounts: with the signs held P is a convex quadratic (step 1), and the line to its
least point is followed up to there, or until a neuron vanishes. At the end φ_j·v = reg σ_j for all in use. If |φ_u·v| ≤
reg for all atoms, this is a global optimum. Otherwise one with σ φ_u·v = reg + e, e > 0, is taken into a free slot, as
at most r are in use. With φ_u = Σ β_j φ_j + ρ, ρ ⊥ φ_j, and d = σ (1, −β) step 1 has the slope reg (1 − σ Σ σ_j β_j) −
σ v·ρ = −e and the curvature ‖ρ‖². If ρ ≠ 0 the line is followed to its least point e/‖ρ‖², or until a neuron vanishes;
all activations in use are still independent. If ρ = 0 then P falls on all of the line while no sign changes, and the
outputs stay, so that Σ |z_j| falls and one of the others vanishes, with β_j ≠ 0; the new one takes its place. P is
strictly lower at the next best amounts, and these are determined by which units are in use with which signs, so none of
these sets comes twice: there is an end. Step 2 does all this in fractions, and compares the end with the optimum.

The width. Let Σ v_i = 0 where there is a bias. If all unit neurons that neurons of a network can become by a small
move have |φ·v| ≤ reg, then for every network nearby, with the amounts z and the residual r, (T) ≥ ½‖r‖² + reg Σ|z_j|
≥ ½‖r‖² + v·(y − r) ≥ v·y − ½‖v‖². If v is its own residual, and φ_j·v = reg sign z_j, it has this value itself: it is
a local minimum. What a neuron can become by a small move lies in the closed chambers that it lies in itself; on each
φ·v is linear, so that its extremes over units are at vertices, which step 3 looks at. There are atoms with |φ·v| >
reg elsewhere, and the optimum is lower.""",
)


@THEOREM.step(
    "identity",
    "P(z + τd) = P(z) + τ (reg σ·d − v·Φd) + ½ τ² ‖Φd‖²",
    "all entries, n ≤ 4 samples, k ≤ 3 neurons",
)
def parabola(half: Fraction = HALF, slope: int = -1) -> None:
    """`half` stands before the curvature, `slope` before v·Φd."""
    reg, tau = sympy.symbols("reg tau")
    for count, neurons in product(range(1, 5), range(1, 4)):
        symbols = generic(1, count + neurons * (count + 3), extra=(reg, tau))
        entries = list(symbols.polynomials[0])
        weight, step = symbols.ring.gens[-2:]
        y, rest = entries[:count], entries[count:]
        z, d, signs = (rest[k * neurons : (k + 1) * neurons] for k in range(3))
        features = [rest[3 * neurons + k * count :][:count] for k in range(neurons)]

        def combined(amounts, features=features):
            return [
                sum(a * b for a, b in zip(amounts, row, strict=True)) for row in zip(*features, strict=True)
            ]

        def value(amounts, y=y, signs=signs, weight=weight, combined=combined):
            errors = [a - b for a, b in zip(y, combined(amounts), strict=True)]
            cost = sum(a * b for a, b in zip(signs, amounts, strict=True))
            return sum(error * error for error in errors) * sympy.Rational(1, 2) + weight * cost

        v, along = [a - b for a, b in zip(y, combined(z), strict=True)], combined(d)
        linear = weight * sum(a * b for a, b in zip(signs, d, strict=True))
        linear = linear + slope * sum(a * b for a, b in zip(v, along, strict=True))
        right = value(z) + step * linear + step * step * sum(a * a for a in along) * sympy.Rational(half)
        moved = [a + step * b for a, b in zip(z, d, strict=True)]
        require_identity([value(moved)], [right], f"a parabola for {count} samples and {neurons} neurons")


def _residual(features: Sequence[Vector], y: Vector, z: Amounts) -> Vector:
    return tuple(target - sum((z[k] * features[k][i] for k in z), Fraction(0)) for i, target in enumerate(y))


def objective(features: Sequence[Vector], y: Vector, reg: Fraction, z: Amounts) -> Fraction:
    """(T) of balanced weights."""
    v = _residual(features, y, z)
    return dot(v, v) / 2 + reg * sum(map(abs, z.values()), Fraction(0))


class _Way:
    """Amounts of the atoms in use, and how they got there."""

    def __init__(self, features: Sequence[Vector], y: Vector, reg: Fraction, z: Amounts):
        self.features, self.y, self.reg, self.z = features, y, reg, dict(z)
        self.joints = [objective(features, y, reg, self.z)]

    def move(self, along: Amounts, limit: Fraction | None = None) -> bool:
        """A line to where the first atom vanishes, or to its limit, and whether none did before."""
        meets = {k: -self.z[k] / d for k, d in along.items() if self.z.get(k, 0) * d < 0}
        step = min([*meets.values(), *([] if limit is None else [limit])])
        moved = {k: self.z.get(k, Fraction(0)) + step * along.get(k, 0) for k in {*self.z, *along}}
        self.z = {k: value for k, value in moved.items() if value}
        self.joints.append(objective(self.features, self.y, self.reg, self.z))
        return step not in meets.values()

    def prune(self) -> None:
        while null := kernel(list(zip(*map(self.features.__getitem__, self.z), strict=True)), len(self.z)):
            c = dict(zip(self.z, null[0], strict=True))
            cost = sum(value if self.z[k] > 0 else -value for k, value in c.items())
            if cost > 0 or not any(self.z[k] * value < 0 for k, value in c.items()):
                c = {k: -value for k, value in c.items()}
            self.move(c)

    def settle(self) -> None:
        while used := list(self.z):
            v = _residual(self.features, self.y, self.z)
            slope = [dot(self.features[k], v) - (self.reg if self.z[k] > 0 else -self.reg) for k in used]
            along = dict(zip(used, self.over(slope), strict=True))
            if not any(slope) or self.move(along, Fraction(1)):
                return

    def over(self, right: Sequence[Fraction]) -> Vector:
        """Gram⁻¹ times a vector, of the atoms in use."""
        used = [self.features[k] for k in self.z]
        return solve([[dot(a, b) for b in used] for a in used], right)[0]

    def enter(self, u: int, excess: Fraction, sign: int) -> None:
        column = self.features[u]
        beta = dict(zip(self.z, self.over([dot(self.features[k], column) for k in self.z]), strict=True))
        rho = _residual(self.features, column, beta)
        along = {k: -sign * value for k, value in beta.items()} | {u: Fraction(sign)}
        self.move(along, excess / dot(rho, rho) if any(rho) else None)


def walk(features: Sequence[Vector], y: Vector, reg: Fraction, z: Amounts, slots: int) -> _Way:
    """Prune, go to the best amounts, take the most violated atom in, and so on to the end."""
    way = _Way(features, y, reg, z)
    way.prune()
    while True:
        way.settle()
        v = _residual(features, y, way.z)
        pulls = [dot(phi, v) for phi in features]
        u = max(range(len(features)), key=lambda k: abs(pulls[k]))
        if abs(pulls[u]) <= reg:
            return way
        require(len(way.z) < slots, f"y = {show(y)}, reg = {reg}: {len(way.z)} neurons, and no free slot")
        way.enter(u, abs(pulls[u]) - reg, 1 if pulls[u] > 0 else -1)


@THEOREM.step(
    "exhaustive",
    "P never rises from joint to joint, r + 1 slots are enough, and the end is the optimum",
    "4 data sets of 2 or 3 samples, all integer targets within ±2 up to sign, reg ½ and 1, two starts each",
)
def the_way_down(slots: Callable[[int], int] = lambda r: r + 1) -> None:
    """`slots` are the neurons, of the rank r."""
    for name, given, count, bias in problems():
        features = [centred(phi) for phi in given] if bias else given
        width = slots(rank(features))
        targets = product(map(Fraction, range(-2, 3)), repeat=count)
        for target in (y for y in targets if y >= tuple(-value for value in y)):
            y = centred(target) if bias else target
            pieces = lasso_pieces(features, y)
            for reg in (HALF, Fraction(1)):
                best = {objective(features, y, reg, piece.z(reg)) for piece in pieces if piece.holds(reg)}
                for start in (1, -2):  # amounts of both signs, of the first and of the last atoms
                    order = range(len(features))[:: start // abs(start)]
                    z = {k: Fraction(start) ** (j + 1) for j, k in enumerate(order[:width])}
                    way = walk(features, y, reg, z, width)
                    case = f"samples {name}, y = {show(target)}, reg = {reg}"
                    pairs = zip(way.joints, way.joints[1:], strict=False)
                    require(all(b <= a for a, b in pairs), f"{case}: P rises, {show(way.joints)}")
                    require({way.joints[-1]} == best, f"{case}: the end has {way.joints[-1]}, no optimum")


# samples, targets, units (w, b) and amounts of a network, its intercept, (T) and the optimum, for reg = 1
TRAPS = {
    False: (
        ((1, HALF), (Fraction(-3, 2), HALF)),
        (3, 2),
        {(0, 1): 2, (1, 0): 1},
        0,
        Fraction(4),
        Fraction(65, 18),
    ),
    True: (((0,), (1,), (2,)), (2, -4, 0), {(1, -1): 1, (1, 1): -1}, 1, Fraction(9), Fraction(7)),
}


@THEOREM.step(
    "instance",
    "two networks of two neurons are local minima and no optimum, where r = 2: around each of their neurons no unit is "
    "above reg",
    "x = (1, ½), (−3/2, ½), y = (3, 2) without a bias; x = (0, 1, 2), y = (2, −4, 0) with one; reg = 1",
)
def traps(reg: Fraction = Fraction(1), third: bool = False) -> None:
    """`reg` is a weight for which the residual is another one; `third` looks at the chambers of one neuron more."""
    for bias, (table, targets, network, t, value, optimum) in TRAPS.items():
        rows, d = homogeneous(table, bias), len(table[0])
        units = {tuple(map(Fraction, u)): Fraction(z) for u, z in network.items()}
        columns = [tuple(relu(dot(row, u)) for row in rows) for u in units]
        fit = [dot(units.values(), column) + t for column in zip(*columns, strict=True)]
        v = tuple(a - b for a, b in zip(map(Fraction, targets), fit, strict=True))
        require(not bias or sum(v) == 0, "the residual has a mean")
        for z, phi in zip(units.values(), columns, strict=True):
            require(dot(phi, v) == (reg if z > 0 else -reg), f"a neuron has φ·v = {dot(phi, v)}, not ± {reg}")
        require(dot(v, v) / 2 + reg * sum(map(abs, units.values())) == value, f"(T) is not {value}")
        atoms = unit_wedges([*rows, *basis_vectors(d, bias)], d)
        features = [tuple(relu(dot(row, u)) for row in rows) for u in atoms]
        if third:
            units[max(atoms, key=lambda u: abs(dot(v, (relu(dot(row, u)) for row in rows))))] = Fraction(0)
        for u in units:
            highest = max(
                abs(dot(point, pull)) for pull, points in _around(rows, u, v, d) for point in points
            )
            require(highest <= reg, f"around {show(u)} a unit has |φ·v| = {highest}")
        seen = [centred(phi) for phi in features] if bias else features
        y = tuple(map(Fraction, targets))
        y = centred(y) if bias else y
        require(rank(seen) == len(network), "the rank is not the number of neurons")
        found = {objective(seen, y, reg, piece.z(reg)) for piece in lasso_pieces(seen, y) if piece.holds(reg)}
        require(found == {optimum}, f"the optimum is {show(found)}")
        require(optimum < value, "the network is optimal")


def _around(rows: Sequence[Vector], u: Vector, v: Vector, d: int):
    """For each closed chamber with u in it Σ v_i x̃_i over the active samples, and the vertices of its units ‖w‖_1 ≤ 1.

    |b| ≤ 1 + max |x|: beyond it all samples are active or none, and φ·v does not depend on b, as Σ v_i = 0.
    """
    width, reach = len(u), 1 + max(abs(value) for row in rows for value in row[:d])
    signs = [{1} if dot(row, u) > 0 else {-1} if dot(row, u) < 0 else {1, -1} for row in rows]
    ball = [(*map(Fraction, s), *[Fraction(0)] * (width - d)) for s in product((1, -1), repeat=d)]
    ends = [tuple(Fraction(s * (k == d)) for k in range(width)) for s in (1, -1)] if width > d else []
    for chamber in product(*signs):
        walls = [tuple(-s * value for value in row) for s, row in zip(chamber, rows, strict=True)]
        bounds = [*[Fraction(0)] * len(walls), *[Fraction(1)] * len(ball), *[reach] * len(ends)]
        active = [(weight, row) for weight, row, s in zip(v, rows, chamber, strict=True) if s > 0]
        pull = tuple(sum((weight * row[k] for weight, row in active), Fraction(0)) for k in range(width))
        yield pull, vertices([*walls, *ball, *ends], bounds)
