"""Robust training over wedges of moved samples: the worst of each neuron, its atoms, and neurons that flip nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import linprog

from proofs.finite import (
    Vector,
    basis_vectors,
    box,
    dot,
    homogeneous,
    independent,
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
    title="Robust programs over wedges of moved samples",
    section="section 12, equations (R) to (R2)",
    words="""\
Let each sample move within the box ‖x − x_i‖_∞ ≤ ε, and ‖w‖_1 = 1. S1: let λ_r ≥ 0 be multipliers of moved samples x_r
of labels σ_r with Σ_r λ_r σ_r = 0, for hinge loss at most 1 in all for each sample, and scaled by reg over the largest
|Σ_r λ_r σ_r (w·x_r + b)_+|, where that is above reg; it is reached at a wedge of these x_r and directions e_l. Then
Σ_r λ_r is at most the robust loss of every network, of any width. S2: what a neuron z (w·x + b)_+, z = ±|z|, adds to
σ f(x), σ = ±1, is at most σ z (w·x_i + b + σ sign(z) ε)_+, and that is reached. S3: for multipliers λ ≥ 0 of rows with
such activations, the correlation −Σ_r λ_r σ_r s (w·x_i + b + σ_r s ε)_+, with Σ_r λ_r σ_r = 0, is largest over all
unit neurons at a wedge of corners of the boxes and directions e_l. S4: a neuron that bends inside no box is a sum of
wedges of corners that bend inside no box, of the same norm in all and with the same values in all boxes, up to a
constant if every box is on one side of it.""",
    latex=r"""
\max_{\lVert\delta\rVert_\infty\le\varepsilon}\sigma z\,(w\cdot(x_i+\delta)+b)_+
=\sigma z\,(w\cdot x_i+b+\sigma\operatorname{sign}(z)\,\varepsilon)_+,\qquad
\max_{\lVert w\rVert_1=1}\sum_i\alpha_i(w\cdot x_i+b+\varepsilon)_+-\beta_i(w\cdot x_i+b-\varepsilon)_+
""",
    argument="""\
S1. The worst loss of sample i is at least Σ λ_r (1 − σ_r f(x_r)) over its r, as these λ add up to at most 1 and the
loss is at least 0. Summed over i, Σ λ_r − Σ_r λ_r σ_r f(x_r); the intercept of f goes away, and each neuron z takes
away at most |z| times the largest correlation, so at most reg |z|. That the largest is at a wedge is the theorem of
optimal weights for the points x_r. Step 1 compares multipliers of a grid with networks of another.

S2. |w·δ| ≤ ε, with both signs reached, and t ↦ σ z (a + t)_+ rises or falls with t according to the sign of σ z.
Step 2 decides it.

S3. On the orthant of w with the signs s_l, ε = ε s·w, so that (w·x_i + b ± ε)_+ = (w·(x_i ± ε s) + b)_+ is the
activation at a corner of the box, and the correlation is linear on each chamber of the corners within that orthant.
Adding β to b where all activations are positive changes it by β Σ λ_r σ_r = 0. So on a chamber ∩ orthant ∩
{‖w‖_1 = 1}, which is the hull of its vertices and that ray, it is largest at a vertex; there D−1 independent
constraints hold with equality: hyperplanes through corners and w_l = 0, so that u is a wedge of corners and directions.
Step 3 compares it with all units of a grid.

S4. A neuron bends inside no box if for each sample w·x_i + b ≥ ε ‖w‖_1 or ≤ −ε ‖w‖_1. On the orthant of w these say
that all corners are on one side: a cone, and (w, b) is a sum of its extreme rays and, if all boxes are on one side,
of (0, 1) or (0, −1), which is a constant there, or nothing. ‖w‖_1 is linear on the orthant, so the norms add up; each
ray lies on D−1 independent walls, which are hyperplanes through corners or w_l = 0. In each box all of them are on the
side of the neuron or zero, so that there the (·)_+ add up. Step 4 takes neurons of a grid apart.""",
)


def corners(samples: Sequence, eps: Fraction) -> list[Vector]:
    """x_i + ε σ for all signs σ."""
    signs = list(product((1, -1), repeat=len(samples[0])))
    return [tuple(x + eps * s for x, s in zip(row, sign, strict=True)) for row in samples for sign in signs]


def atoms_of(samples: Sequence, eps: Fraction, points: Callable = corners) -> list[Vector]:
    """Wedges of the corners and the directions, as unit neurons (w, b)."""
    d = len(samples[0])
    return unit_wedges([*homogeneous(points(samples, eps), True), *basis_vectors(d, True)], d)


LINE = (((0,), (1,), (3,), (5,)), ((0,), (2,), (3,)))


def balanced(n: int, each: int) -> Iterator[list[tuple[Fraction, ...]]]:
    """Multipliers 0, ½ and 1 of so many points of each of n samples of classes +, −, +, …, of no sample above 1."""
    halves = [Fraction(k, 2) for k in range(3)]
    rows = [row for row in product(halves, repeat=each) if sum(row) <= 1]
    for chosen in product(rows, repeat=n):
        if sum((-1) ** i * sum(row) for i, row in enumerate(chosen)) == 0:
            yield list(chosen)


@THEOREM.step(
    "exhaustive",
    "multipliers of moved samples, scaled to the best wedge of these, are at most the robust loss of every network",
    "hinge loss, samples of LINE, ε = ½, reg of ⅛ and ¼, networks of a neuron of a grid and a constant",
)
def multipliers_bound_networks(points: Callable = corners) -> None:
    eps, halves = Fraction(1, 2), [Fraction(k, 2) for k in range(-9, 10)]
    for samples in LINE:
        moved = [homogeneous(corners([row], eps), True) for row in samples]
        networks = [
            (abs(z), [[z * relu(dot(point, unit)) + t for point in each] for each in moved])
            for unit in product((1, -1), halves)
            for z, t in product(halves[5:14], repeat=2)
        ]
        losses = [
            (size, sum(max(relu(1 - (-1) ** i * f) for f in row) for i, row in enumerate(values)))
            for size, values in networks
        ]
        regs = Fraction(1, 8), Fraction(1, 4)
        least = {reg: min(loss + reg * size for size, loss in losses) for reg in regs}
        atoms = [unit for unit in atoms_of(samples, eps, points) if unit[0]]
        for multipliers in balanced(len(samples), len(moved[0])):
            most = max(abs(pull(moved, multipliers, unit)) / one_norm(unit[:-1]) for unit in atoms)
            for reg in regs:
                bound = min(Fraction(1), reg / most if most else Fraction(1)) * sum(map(sum, multipliers))
                require(
                    bound <= least[reg],
                    f"samples {samples}, reg = {reg}, λ = {multipliers}: {bound} is above {least[reg]} of a network",
                )


def pull(moved: Sequence, multipliers: Sequence, unit: Sequence) -> Fraction:
    """Σ λ y (x̃·u)_+ over all moved points, y = +, −, +, …."""
    total = Fraction(0)
    for i, (each, row) in enumerate(zip(moved, multipliers, strict=True)):
        total += (-1) ** i * sum(a * relu(dot(point, unit)) for point, a in zip(each, row, strict=True))
    return total


@THEOREM.step(
    "decided",
    "σ s (a + δ)_+ ≤ σ s (a + σ s e)_+ for |δ| ≤ e, with equality for some δ",
    "all real a, e ≥ 0, both signs σ and s",
    needs="z3-solver",
)
def worst_of_a_neuron(shift: Callable = lambda sigma, s, e: sigma * s * e) -> None:
    """`shift` says by how much the height of a neuron changes at its worst point."""
    for sigma, s in product((1, -1), repeat=2):

        def denial(z3: Any, sigma: int = sigma, s: int = s) -> Iterator[Any]:
            a, e, delta = z3.Reals("a e delta")

            def height(t: Any) -> Any:
                return sigma * s * z3.If(a + t > 0, a + t, 0)

            worst = height(shift(sigma, s, e))
            yield z3.And(e >= 0, -e <= delta, delta <= e)
            reached = z3.And(-e <= shift(sigma, s, e), shift(sigma, s, e) <= e)
            yield z3.Or(height(delta) > worst, z3.Not(reached))

        decide(f"worst of a neuron, σ = {sigma}, s = {s}", denial)


def correlation(
    samples: Sequence, eps: Fraction, alpha: Sequence, beta: Sequence, unit: Sequence
) -> Fraction:
    """Σ α_i (w·x_i + b + ε‖w‖)_+ − β_i (w·x_i + b − ε‖w‖)_+ for ‖w‖_1 = 1, of any multiple of u."""
    length = one_norm(unit[:-1])
    total = Fraction(0)
    for point, a, b in zip(homogeneous(samples, True), alpha, beta, strict=True):
        height = dot(point, unit)
        total += a * relu(height + eps * length) - b * relu(height - eps * length)
    return total / length


SMALL = (((0,), (1,), (3,)), ((0,), (0,), (2,)), ((0, 0), (1, 0)), ((1, 1), (2, 3)))


@THEOREM.step(
    "exhaustive",
    "no unit neuron of a grid has a larger correlation than the best wedge of corners",
    "samples of SMALL on the line and in the plane, ε = ½, multipliers from 0 to 2 on either side of one sum",
)
def corners_are_enough(points: Callable = corners) -> None:
    eps = Fraction(1, 2)
    for samples in SMALL:
        n, d = len(samples), len(samples[0])
        atoms = atoms_of(samples, eps, points)
        grid = [unit for unit in box(d + 1, 4 if d == 1 else 3) if any(unit[:d])]
        for alpha, beta in product(product(range(3), repeat=n), repeat=2):
            if sum(alpha) != sum(beta) or not any(alpha):
                continue
            for sign in (1, -1):  # of the neuron: its rows change sides
                up, down = (alpha, beta) if sign > 0 else (beta, alpha)
                best = max(sign * correlation(samples, eps, up, down, unit) for unit in atoms)
                for unit in grid:
                    value = sign * correlation(samples, eps, up, down, unit)
                    require(
                        value <= best,
                        f"samples {samples}, ε = {eps}, α = {up}, β = {down}: {show(unit)} has {value} above {best}",
                    )


def flips(points: Sequence[Vector], unit: Sequence) -> bool:
    """Whether a neuron is positive at one of the points and negative at another."""
    values = [dot(point, unit) for point in points]
    return min(values) < 0 < max(values)


def sides(boxes: Sequence[Sequence[Vector]], unit: Sequence) -> list[int]:
    """On which side of a neuron each box is; 0 for a box on which it is zero."""
    values = [[dot(point, unit) for point in each] for each in boxes]
    return [1 if max(row) > 0 else -1 if min(row) < 0 else 0 for row in values]


@THEOREM.step(
    "exhaustive",
    "a neuron that bends inside no box is a sum of wedges of corners of its side on each, with the same total norm",
    "samples of SMALL, ε = ¼, neurons with integers up to 3",
)
def rays_bend_in_no_box(points: Callable = corners) -> None:
    eps = Fraction(1, 4)
    for samples in SMALL:
        d = len(samples[0])
        boxes = [homogeneous(corners([row], eps), True) for row in samples]
        atoms = [u for u in atoms_of(samples, eps, points) if not any(flips(each, u) for each in boxes)]
        for unit in box(d + 1, 3):
            if not any(unit[:d]) or any(flips(each, unit) for each in boxes):
                continue
            own = sides(boxes, unit)
            fitting = [
                atom
                for atom in atoms
                if all(a in (0, s) for a, s in zip(sides(boxes, atom), own, strict=True))
                and all(x * y >= 0 for x, y in zip(atom[:d], unit[:d], strict=True))
            ]
            rays = fitting + [tuple([Fraction(0)] * d + [Fraction(s)]) for s in (1, -1) if set(own) <= {0, s}]
            require(
                is_sum(rays, unit),
                f"samples {samples}: {show(unit)} is no sum of {len(rays)} wedges that bend in no box",
            )


def is_sum(rays: Sequence[Vector], target: Vector) -> bool:
    """Whether a vector is a sum of rays with weights of at least 0: a program names those in use, fractions decide."""
    if not rays:
        return False
    columns = np.array(rays, dtype=float).T
    found = linprog(np.zeros(len(rays)), A_eq=columns, b_eq=np.array(target, dtype=float), method="highs-ds")
    if found.status:
        return False
    used = [rays[k] for k in np.flatnonzero(found.x > 1e-9)]
    basis = [*used, *basis_vectors(len(target))]
    basis = [basis[k] for k in independent(basis)]
    (weights,) = solve(list(zip(*basis, strict=True)), target) or ((),)
    return bool(weights) and all(w >= 0 for w in weights[: len(used)]) and not any(weights[len(used) :])
