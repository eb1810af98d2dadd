"""The solution path: residual and weights are piecewise linear in reg, the optimal value is concave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

import numpy as np
from sympy import QQ
from sympy.polys.rings import PolyRing

from proofs.finite import Piece, Vector, centred, dot, lasso_pieces, one_norm, problems, solve
from proofs.generic import determinant, require_identity
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="The path is piecewise linear",
    section="section 4",
    words="""\
Scalar output, squared loss, a finite dictionary of activations φ_u. There are finitely many kinks
0 < reg_1 < … < reg_m, such that between two neighbours, below the first and above the last the residual v(reg) is
affine in reg, and so are the coefficients z(reg) of an optimal network on independent activations with a fixed support
and fixed signs. v is continuous. The optimal value is concave and continuously differentiable in reg, with the
derivative Σ |z_u|, which is the same for all optimal networks and does not rise with reg. With several outputs and the
penalty Σ ‖z_u‖_2 the path need not be piecewise linear.""",
    latex=r"""
z_S(\mathrm{reg})=G^{-1}\bigl(\Phi_S^{\mathsf T}y-\mathrm{reg}\,s\bigr),\quad G=\Phi_S^{\mathsf T}\Phi_S,\qquad
v(\mathrm{reg})=y-\Phi_S z_S(\mathrm{reg}),\qquad
\frac{d}{d\,\mathrm{reg}}\min_z\Bigl(\tfrac12\lVert y-\Phi z\rVert^2+\mathrm{reg}\lVert z\rVert_1\Bigr)=\lVert z\rVert_1
""",
    argument="""\
Let Φ hold the activations; with a bias activations and targets are centred, which takes the optimal constant out. z is
optimal at reg if and only if v = y − Φz has φ_u·v = reg sign(z_u) where z_u ≠ 0 and |φ_u·v| ≤ reg everywhere.

The pieces. By the theorem on pruning some optimal z has independent activations on its support S; let s be its signs
and G = Φ_SᵀΦ_S, which is invertible. The conditions on S are G z_S = Φ_Sᵀy − reg s, so z_S and v are affine in reg
(step 1). For a given (S, s) the other conditions, s z_S ≥ 0 and |φ_u·v| ≤ reg, are affine inequalities in reg and
hold on a closed interval, empty perhaps; and where they hold (z_S may have zeros) z is optimal. There are finitely
many pairs (S, s), and their intervals cover all reg > 0. Between neighbours of the finitely many end points of these
intervals one pair stays optimal throughout, and v, which is unique (theorem on the dual), is that of this pair. At
an end point the pairs of both sides hold, because the intervals are closed; both give the same v there, as it is
unique, and so v is continuous. The kinks are those end points at which v or the pair changes.

The value. It is a minimum over z of functions that are affine in reg, hence concave. On a piece it is a quadratic
function of reg with the derivative s·z_S = Σ |z_u|, and the second derivative −‖ΦG⁻¹s‖² ≤ 0 (step 1). Σ |z_u| is the
same for all optimal z (theorem on the dual), so the derivatives of two neighbouring pieces agree at the kink between
them. A concave function has a derivative that does not rise.

Step 2 looks at whole paths: all pairs (S, s), all kinks, and both sides of each.

Several outputs. The conditions are Vᵀφ_k = reg z_k/‖z_k‖ for the active k. Let two atoms with independent activations
φ_1, φ_2 be active at some reg; then they are around it, since z is continuous there. If z were affine in reg on an
interval, so would V = Y − Φz be, and ‖Vᵀφ_k‖² = reg² for the affine Vᵀφ_k leaves Vᵀφ_k = reg b_k with a constant unit
vector b_k: the directions of the z_k stay. Then z = G⁻¹(ΦᵀY − reg B), with rows along b_1 and b_2 at every reg, hence
the first row of G⁻¹B, a combination of b_1 and b_2, is a multiple of b_1. That fails if b_1 and b_2 are independent
and φ_1·φ_2 ≠ 0. The directions b_k at the given reg are all that this needs: on no interval next to it is the path
affine. Step 3 has an example, and one is all that this part of the statement claims.""",
)


def symbols(count: int, width: int) -> tuple:
    """Generic activations (count, width), targets, signs and reg, as elements of one ring."""
    names = [f"f{i}_{k}" for i in range(count) for k in range(width)]
    names += [f"y{i}" for i in range(count)] + [f"s{k}" for k in range(width)] + ["reg"]
    gens = list(PolyRing(names, QQ).gens)
    features = np.array(gens[: count * width], dtype=object).reshape(count, width)
    rest = gens[count * width :]
    return features, np.array(rest[:count], dtype=object), np.array(rest[count:-1], dtype=object), rest[-1]


def cramer(matrix: np.ndarray, right: np.ndarray) -> tuple:
    """det(M) and det(M)·M⁻¹·right over a ring."""
    numerators = []
    for k in range(len(matrix)):
        replaced = matrix.copy()
        replaced[:, k] = right
        numerators.append(determinant(replaced))
    return determinant(matrix), np.array(numerators, dtype=object)


@THEOREM.step(
    "identity",
    "on fixed S and s, z and v are affine in reg, the value has the derivative s·z and then −‖ΦG⁻¹s‖²",
    "all entries, |S| ≤ 2 for n ≤ 4, |S| = 3 for n = 3",
)
def affine(ridge: int = 0, derivative: int = 1) -> None:
    """Cramer's rule with reg as a symbol; `ridge` adds reg·ridge·z² / 2 to the penalty, `derivative` scales s·z."""
    for count, width in ((1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (3, 2), (4, 2), (3, 3)):
        features, y, s, reg = symbols(count, width)
        case = f"n = {count}, |S| = {width}"
        gram = features.T @ features + np.identity(width, dtype=object) * (reg * ridge)
        det, scaled = cramer(gram, features.T @ y - s * reg)
        require_identity([det.diff(reg)], [0], f"{case}: the denominator of z depends on reg; its derivative")
        require_identity(
            [z.diff(reg).diff(reg) for z in scaled], 0 * s, f"{case}: the second derivative of z"
        )
        v = y * det - features @ scaled  # det·v
        require_identity(features.T @ v, s * (det * reg), f"{case}: the condition φ·v = reg s")
        value = (v @ v) / 2 + reg * det * (s @ scaled)  # det²·value
        slope = det * (s @ scaled)
        require_identity([value.diff(reg)], [derivative * slope], f"{case}: the derivative of the value")
        bend = features @ cramer(gram, s)[1]
        require_identity([slope.diff(reg)], [-(bend @ bend)], f"{case}: the second derivative of the value")


def path_points(pieces: Sequence[Piece]) -> list[tuple[Fraction, bool]]:
    """The ends of all intervals, and a point between each two neighbours, below and above; True for the ends."""
    ends = sorted({end for piece in pieces for end in (piece.low, piece.high) if end})
    points = [(ends[0] / 2, False)] if ends else [(Fraction(1), False)]
    for k, end in enumerate(ends):
        points += [(end, True), ((end + ends[k + 1]) / 2 if k + 1 < len(ends) else 2 * end, False)]
    return points


def value(piece: Piece, features: Sequence[Vector], target: Vector, reg: Fraction) -> Fraction:
    """½‖y − Σ zφ‖² + reg Σ|z| from the coefficients."""
    z = piece.z(reg)
    rest = [y - dot(z.values(), (features[k][i] for k in z)) for i, y in enumerate(target)]
    return dot(rest, rest) / 2 + reg * one_norm(z.values())


def sum_of_sizes(z: Sequence[Fraction]) -> Fraction:
    """Σ|z|, the derivative of the value."""
    return one_norm(z)


@THEOREM.step(
    "exhaustive",
    "the whole path: pieces without gaps, v affine on each and continuous, value concave with derivative Σ|z|",
    "4 data sets of 2 or 3 samples, with and without bias, all integer targets within ±2 up to sign, every (S, s)",
)
def whole_paths(
    derivative: Callable = sum_of_sizes,
    bends: Callable = lambda left, right: left >= right,
    most_kinks: int | None = None,
) -> None:
    """`bends` says how Σ|z| changes as reg rises; `most_kinks` bounds the number of kinks of v."""
    for name, features, count, bias in problems():
        seen = [centred(phi) for phi in features] if bias else features
        targets = product(map(Fraction, range(-2, 3)), repeat=count)
        for given in (y for y in targets if y >= tuple(-a for a in y)):
            target = centred(given) if bias else given
            case = f"samples {name}, y = ({', '.join(map(str, given))})"
            kinks = _check_path(case, seen, target, derivative, bends)
            if most_kinks is not None:
                require(kinks <= most_kinks, f"{case}: v has {kinks} kinks")


def _check_path(case: str, features: Sequence, target: Vector, derivative: Callable, bends: Callable) -> int:
    """One path; returns the number of kinks of v."""
    pieces, kinks, before, last = lasso_pieces(features, target), 0, None, None
    points = path_points(pieces)
    for place, (reg, end) in enumerate(points):
        at = f"{case}, reg = {reg}"
        here = [piece for piece in pieces if piece.holds(reg)]
        require(bool(here), f"{at}: no pair of support and signs is optimal")
        require(len({piece.v(reg) for piece in here}) == 1, f"{at}: v is not continuous, or not unique")
        slopes = {derivative(piece.z(reg).values()) for piece in here}
        require(len(slopes) == 1, f"{at}: Σ|z| has the values {', '.join(map(str, sorted(slopes)))}")
        slope = slopes.pop()
        require(last is None or bends(last, slope), f"{at}: the derivative goes from {last} to {slope}")
        last = slope
        if end:
            continue
        # between the ends: the same pairs hold on the closed interval, and they have one v
        low = points[place - 1][0] if place else Fraction(0)
        high = points[place + 1][0] if place + 1 < len(points) else 2 * reg
        lines = {(piece.v0, piece.v1) for piece in here}
        require(len(lines) == 1, f"{at}: v is not one affine function around it")
        for piece in here:
            require(
                piece.low <= low and piece.holds(high),
                f"{at}: the support {piece.support} ends inside the interval",
            )
            _check_derivative(at, piece, features, target, low, high, derivative)
        kinks += before is not None and before != lines
        before = lines
    return kinks


def _check_derivative(
    at: str,
    piece: Piece,
    features: Sequence,
    target: Vector,
    low: Fraction,
    high: Fraction,
    derivative: Callable,
) -> None:
    """The value on a piece is quadratic: three values give its derivatives at both ends, exactly."""
    half = (high - low) / 2
    start, middle, stop = (value(piece, features, target, reg) for reg in (low, low + half, high))
    chord, bend = (stop - start) / (2 * half), (start - 2 * middle + stop) / half**2
    require(bend <= 0, f"{at}: the value is not concave, its second derivative is {bend}")
    for reg, slope in ((low, chord - bend * half), (high, chord + bend * half)):
        wanted = derivative(piece.z(reg).values())
        require(slope == wanted, f"{at}: the derivative at {reg} is {slope} and not {wanted}")


@THEOREM.step(
    "instance",
    "with two outputs a path that is affine on no interval next to reg = 1",
    "activations (1, 0) and (1, 1), b_1 = (1, 0), b_2 = (3/5, 4/5)",
)
def two_outputs(features: Sequence = ((1, 0), (1, 1)), directions: Sequence = ((5, 0), (3, 4))) -> None:
    """Targets for which z_k = b_k is optimal at reg = 1, and the only affine path through it, which leaves b_k."""
    phi = [tuple(map(Fraction, row)) for row in features]
    B = [tuple(Fraction(value, 5) for value in row) for row in directions]
    columns = list(zip(*phi, strict=True))
    # the rows of V solve Vᵀφ_k = b_k, and Y = V + Φ z
    V = list(zip(*solve(phi, *zip(*B, strict=True)), strict=True))
    Y = [[V[i][c] + dot(columns[i], (b[c] for b in B)) for c in range(2)] for i in range(2)]
    for k in range(2):
        require(dot(B[k], B[k]) == 1, f"b_{k + 1} = {B[k]} is no unit vector")
        rest = [[Y[i][c] - dot(columns[i], (b[c] for b in B)) for c in range(2)] for i in range(2)]
        pull = tuple(dot(phi[k], (row[c] for row in rest)) for c in range(2))
        require(pull == B[k], f"Vᵀφ_{k + 1} = {pull} and not b_{k + 1} = {B[k]}")
    gram = [[dot(a, b) for b in phi] for a in phi]
    slope = list(zip(*solve(gram, *zip(*B, strict=True)), strict=True))  # G⁻¹B
    turns = [slope[k][0] * B[k][1] - slope[k][1] * B[k][0] for k in range(2)]
    require(any(turns), f"z = b − (reg − 1)·{slope} keeps its directions: the path is affine")
