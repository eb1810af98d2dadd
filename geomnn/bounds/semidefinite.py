"""Semidefinite programs for p = 2 and few samples, whose solution is a proof by multipliers.

The residual V may move, and S of `geomnn.bounds.multipliers` is linear in V and the multipliers together. So for the
squared loss the best of both are those of one convex program,

    min ½ Σ_i ‖V_i‖²/s_i − Σ V∘Y   with   S ⪰ 0 and μ + λ ≤ reg for every table and sign,

the dual of a relaxation of the completely positive program of all networks. For other losses V stays, and the least
μ + λ is found. Nothing that the solver says of its solution is used: what is proven is computed from the multipliers.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from math import inf
from typing import Any

import numpy as np
from scipy import sparse

from geomnn.bounds.base import LONGEST, Bound, Proof
from geomnn.bounds.multipliers import ROUNDED_UP, Multipliers, signed_tables
from geomnn.deadline import Deadline
from geomnn.errors import package
from geomnn.programs.problem import Problem

__all__ = ["SemidefiniteBound"]

ANCHORS = 12  # samples with a bias at most, of which each is an anchor with multipliers of its own
# seconds of two matrices S of this order, and the power of the order by which they grow
ORDER, SECONDS, GROWTH = 32, 2.0, 4.4
LATE = 2.0  # a program may take so many times the seconds that are left: stopped halfway, its v proves something too
LOOSE = 8.0  # a reg of so many ‖X‖ ‖V‖ n limits nothing
# of the solver, relative to ‖X‖, ‖V‖ and ‖y‖: what is missing the bound loses, and each digit takes one iteration more
SOLVED = 1e-9
SHORT_DUAL = 1e-2  # a v of this length, relative to the one given, was found with few digits
MULTIPLIER_BITS = 44  # bits of a multiplier, of which the largest has all


class SemidefiniteBound(Bound):
    """Multipliers of products, for p = 2 and few samples: with the best v for the squared loss, else with that given.

    Source: geomnn theory, section 9.
    """

    name = "semidefinite"
    words = "multipliers from a semidefinite program"
    moves = True

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        if problem.norm != 2:
            return f"norm={problem.norm:g}"
        if problem.samples.bias and problem.samples.n > ANCHORS:
            return (
                f"a bias with {problem.samples.n} samples, and the semidefinite bound takes {ANCHORS}: append a column "
                "of ones and set bias=False, whose biases are penalised, or take fewer samples"
            )
        if find_spec("clarabel") is None:
            return "no package clarabel, which the semidefinite bound needs: pip install 'geomnn[bounds]'"
        return ""

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        return 1 if cls.seconds(problem) <= LONGEST else None

    @classmethod
    def seconds(cls, problem: Problem) -> float:
        samples = problem.samples
        matrices = (samples.n if samples.bias else 1) * (2 if problem.outputs == 1 else 1)
        order = samples.n + min(samples.n, samples.d) + problem.outputs
        return matrices / 2 * SECONDS * (order / ORDER) ** GROWTH

    def proofs(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        """One from singular values at once, and that of the program if there is time for it."""
        problem, X = self.problem, self.problem.samples.X
        best = Proof(v, _spectral(X, v, problem.samples.bias), problem.samples.n)
        yield best
        for _ in range(2 if best.maximum > 0 else 0):
            if self.seconds(problem) > LATE * _left(deadline):
                return
            moved, multipliers = _solved(problem, v, deadline)
            multipliers = multipliers.completed(X, moved)
            maximum, ended = multipliers.check(X, moved), not deadline.over()
            proof = Proof(moved, maximum, multipliers.count, evidence=multipliers, ended=ended)
            if proof.value(problem) > best.value(problem):
                best = proof
                yield best
            if not 0 < np.linalg.norm(moved) < SHORT_DUAL * np.linalg.norm(v):
                return
            v = moved  # in whose units it is found anew


def _left(deadline: Deadline) -> float:
    """Seconds that there are, even where there is no limit."""
    return deadline.left() if deadline.end < inf else LONGEST


def _spectral(X: np.ndarray, v: np.ndarray, bias: bool) -> float:
    """½ ‖XᵀV‖ + ½ (Σ_i ‖V_i‖ λ_max(Xᵀ diag(‖V_i‖) X))^½ of the largest table, as (t)_+ = ½ (t + |t|)."""
    length, size, most = _power(np.abs(X).max()), _power(np.abs(v).max()), 0.0
    for table, signs in signed_tables(X / length, v.shape[1], bias):
        r = signs @ (v / size)
        a = np.linalg.norm(r, axis=1)
        spread = np.sqrt(a.sum()) * np.linalg.norm(np.sqrt(a)[:, None] * table, 2)
        most = max(most, float(np.linalg.norm(table.T @ r, 2) + spread) / 2)
    return most * length * size * ROUNDED_UP


def _power(size: Any) -> float:
    """The power of two next to a size, 1 for 0."""
    return float(2.0 ** np.round(np.log2(size))) if size > 0 else 1.0


class _Cone:
    """S ⪰ 0 of one table and sign, linear in V and in μ, λ and the multipliers of αα, αβ, ββ, αo and βo in this order.

    Of αα and ββ there is one for each pair i > k of the different samples that some neuron sees.
    """

    def __init__(self, table: np.ndarray, signs: np.ndarray, outputs: int):
        self.signs, self.outputs, self.rows = signs, outputs, np.flatnonzero(signs.any(axis=1))
        X = table[self.rows]
        # the length of u is the same in another basis
        self.X = np.asarray(np.linalg.qr(X.T, mode="r")).T if X.shape[1] > len(X) else X
        self.order, self.below = sum(self.X.shape) + outputs, np.tril_indices(len(X), -1)
        pairs, single = len(self.below[0]), len(X) if outputs == 1 else 0
        self.sizes = [1, 1, pairs, len(X) ** 2, pairs, single, single]
        self.signed = np.ones(sum(self.sizes), dtype=bool)
        self.signed[2 + pairs : 2 + pairs + len(X) ** 2 : len(X) + 1] = False  # of α_i β_i = 0

    def maps(self) -> tuple[Any, Any]:
        """The columns of the multipliers and of V: the upper triangle of S, column by column, √2 off the diagonal."""
        X, order, n = self.X, self.order, len(self.rows)
        beta = [sparse.eye_array(n), sparse.csr_array(-X), sparse.csr_array((n, self.outputs))]
        forms = sparse.vstack([sparse.eye_array(order), sparse.hstack(beta)])  # in (α, u, o): α, u, o and β
        i, j = np.divmod(np.arange(order**2), order)
        low, high = np.minimum(i, j), np.maximum(i, j)
        entries = np.where(i == j, 1.0, np.sqrt(0.5)), (i * order + j, high * (high + 1) // 2 + low)
        products = sparse.csr_array(sparse.kron(forms, forms)) @ sparse.csr_array(entries)

        def of(first: np.ndarray, second: np.ndarray) -> Any:
            return products[first * (order + n) + second]

        alpha, u, o, b = np.split(np.arange(order + n), [n, n + X.shape[1], order])
        (i, k), (first, second), each = (
            np.indices((n, n)).reshape(2, -1),
            self.below,
            np.arange(self.sizes[-1]),
        )
        parts = [sparse.csr_array(np.ones((1, len(some))) @ of(some, some)) for some in (o, u)]
        parts += [-of(alpha[first], alpha[second]), -of(alpha[i], b[k]), -of(b[first], b[second])]
        parts += [-of(alpha[each], o[0 * each]), -of(b[each], o[0 * each])]
        merged = sparse.csr_array(np.kron(self.signs[self.rows], np.eye(self.outputs)))
        return sparse.vstack(parts).T, -of(np.repeat(alpha, self.outputs), np.tile(o, n)).T @ merged

    def unfold(self, x: np.ndarray) -> list[Any]:
        """P1, P2, P3, p4, p5, μ and λ of all samples."""
        n, rows = len(self.signs), self.rows
        mu, lam, alpha, between, beta, *signs = np.split(x, np.cumsum(self.sizes)[:-1])
        (P1, P2, P3), (p4, p5) = np.zeros((3, n, n)), np.zeros((2, n))
        first, second = rows[self.below[0]], rows[self.below[1]]
        for P, part in ((P1, alpha), (P3, beta)):
            P[first, second] = P[second, first] = part / 2
        P2[np.ix_(rows, rows)] = between.reshape(len(rows), -1)
        if self.outputs == 1:
            p4[rows], p5[rows] = signs
        return [P1, P2, P3, p4, p5, mu[0], lam[0]]


def _solved(problem: Problem, v: np.ndarray, deadline: Deadline) -> tuple[np.ndarray, Multipliers]:
    """The best V and multipliers, whose e is left open."""
    X, bias, outputs = problem.samples.X, problem.samples.bias, v.shape[1]
    length = _power(max(np.linalg.norm(table, 2) for table, _ in signed_tables(X, outputs, bias)))
    size = _power(np.linalg.norm(v))
    cones = [_Cone(table, signs, outputs) for table, signs in signed_tables(X / length, outputs, bias)]
    moved, found = np.split(_minimised(problem, v, cones, length, size, deadline), [v.size])
    found = np.where(np.concatenate([cone.signed for cone in cones]), np.maximum(found, 0.0), found)
    unit = _power(np.abs(found).max()) / 2.0**MULTIPLIER_BITS
    each = np.split(np.rint(found / unit) * unit, np.cumsum([sum(cone.sizes) for cone in cones])[:-1])
    parts = zip(*(cone.unfold(part) for cone, part in zip(cones, each, strict=True)), strict=True)
    P1, P2, P3, p4, p5, mu, lam = (np.array(part) for part in parts)
    if problem.loss.is_quadratic:
        v = problem.dual_point(size * moved.reshape(v.shape))
    return v, Multipliers(P1, P2, P3, p4, p5, mu, lam, np.zeros(len(cones)), bias, length, size)


def _minimised(
    problem: Problem, v: np.ndarray, cones: list[_Cone], length: float, size: float, deadline: Deadline
) -> np.ndarray:
    """V/size and the multipliers, one cone after the other, in units in which ‖X‖ and the given ‖V‖ are about 1."""
    clarabel = package("clarabel", "The semidefinite bound", "'geomnn[bounds]'")
    maps, residuals = zip(*(cone.maps() for cone in cones), strict=True)
    pays = np.concatenate([np.arange(sum(cone.sizes)) < 2 for cone in cones]).astype(float)  # μ and λ
    places = np.repeat(np.arange(len(cones)), 2), np.flatnonzero(pays)
    sums = sparse.csr_array((np.ones(2 * len(cones)), places), shape=(len(cones), len(pays)))
    negative = -sparse.eye_array(len(pays), format="csr")[np.concatenate([cone.signed for cone in cones])]
    square, linear, known, values = _objective(problem, v, size)
    most = LOOSE * len(v)
    if problem.loss.is_quadratic:
        pays, most = 0 * pays, min(most, problem.reg / (length * size))
    rows = [
        [-sparse.vstack(residuals), -sparse.block_diag(maps)],
        [None, negative],
        [None, sums],
        [known, None],
    ]
    A = sparse.block_array(rows, format="csc")
    b = np.concatenate([np.zeros(A.shape[0] - len(cones) - len(values)), np.full(len(cones), most), values])
    P = sparse.diags_array(np.append(square, np.zeros(len(pays))), format="csc")
    kinds = [clarabel.PSDTriangleConeT(cone.order) for cone in cones]
    kinds += [clarabel.NonnegativeConeT(negative.shape[0] + len(cones)), clarabel.ZeroConeT(len(values))]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.time_limit = False, deadline.left()
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = SOLVED
    x = clarabel.DefaultSolver(P, np.append(linear, pays), A, b, kinds, settings).solve().x
    return np.nan_to_num(np.array(x), posinf=0.0, neginf=0.0)


def _objective(
    problem: Problem, v: np.ndarray, size: float
) -> tuple[np.ndarray, np.ndarray, Any, np.ndarray]:
    """½ Σ square·V² + linear·V of V in units of size, and what is known: its sums, or all of it where it stays."""
    n, c = v.shape
    if not problem.loss.is_quadratic:
        return np.zeros(n * c), np.zeros(n * c), sparse.eye_array(n * c), v.ravel() / size
    y = problem.targets - problem.targets.mean(axis=0) if problem.samples.bias else problem.targets
    largest = np.linalg.norm(y)
    square = np.broadcast_to(size / largest / problem.loss.s, v.shape).ravel()
    known = sparse.csr_array(np.tile(np.eye(c), n)[: c * problem.samples.bias])
    return square, -y.ravel() / largest, known, np.zeros(known.shape[0])
