"""A robust program over a few atoms, for the interior point method: its equations are as many as the atoms.

    minimise Σ_i s_i h(ρ_i) + Σ_j cost_j a_j   subject to   c_r + Ψ_r·(a, t) − ρ_i ≤ 0 for the rows r of i,   −a ≤ 0.

ρ_i is in the rows of one sample alone, so it is eliminated. With the weights w of the rows of a sample, the heaviest
of them r₀, g_r = Ψ_r − Ψ_r₀, ḡ = Σ w g, ω = Σ w and q = s h''(ρ), what is left of Σ w Ψ Ψᵀ is

    Σ w g gᵀ + (q/(ω+q)) (ω Ψ_r₀ Ψ_r₀ᵀ + Ψ_r₀ ḡᵀ + ḡ Ψ_r₀ᵀ) − ḡ ḡᵀ/(ω+q),

in which the weight of r₀, far larger than q near an optimum, is not subtracted from itself.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from geomnn.bounds.interior_point import Iterate, Program, mean_product
from geomnn.robust.rows import Rows, largest

__all__ = ["Equations"]

ATOMS = 1.0  # Σ a at the start, at most, in columns of size one
RIDGES = 10.0 ** np.arange(
    -15, -9
)  # relative to the diagonal: the least is taken that leaves a factorisation


class Equations(Program):
    """The program in x = (a, t, ρ). Its rows: those given, those of floors of ρ, and a ≥ 0.

    Parameters
    ----------
    rows : Rows
        Of which loss, weights s and c are taken.
    inner : ndarray, shape (R, k) or (R, k + 1)
        Ψ, σ times what atoms give to each row, and σ if there is an intercept.
    costs : ndarray, shape (k,)
    size : float
        Of the objective, by which s is divided.
    """

    def __init__(self, rows: Rows, inner: np.ndarray, costs: np.ndarray, size: float = 1.0):
        n, self.k, self.loss, self.s = len(rows.s), len(costs), rows.loss, rows.s / size
        self.bends, self.given, self.tight = rows.loss.bends, len(rows.sample), np.zeros(0, dtype=int)
        sample, constant = rows.sample, rows.constant
        if np.isfinite(rows.loss.floor):  # of ρ, as a row more of each sample
            sample = np.append(sample, np.arange(n))
            inner = np.concatenate([inner, np.zeros((n, inner.shape[1]))])
            constant = np.append(constant, np.full(n, rows.loss.floor))
        self.sample, self.inner, self.constant = sample, inner, constant
        self.costs = np.append(costs, np.zeros(inner.shape[1] - self.k))
        self._sum = sparse.csr_array((np.ones(len(sample)), (sample, np.arange(len(sample)))))

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x[: len(self.costs)], x[len(self.costs) :]

    def start(self) -> Iterate:
        """Few atoms, slacks of at least 1, and multipliers whose sum is the slope of the loss."""
        x, room = np.zeros(len(self.costs) + len(self.s)), 1.0 + np.abs(self.constant).max()
        a, worst = self._parts(x)
        worst[:] = largest(self.constant, self.sample, len(self.s)) + room
        slope = float(self.s @ self.loss.slope(worst))
        product = slope / (1 / (worst[self.sample] - self.constant)).sum()
        a[: self.k] = np.minimum(product / self.costs[: self.k], ATOMS / max(self.k, 1))
        worst[:] = np.maximum(worst, largest(self.constant + self.inner @ a, self.sample, len(self.s)) + room)
        slacks = -self.rows(x)
        multipliers = product / slacks
        return Iterate(x, slacks, multipliers, mean_product(slacks, multipliers, self.tight))

    def found(self, end: Iterate) -> tuple[np.ndarray, float, np.ndarray]:
        """Sizes a (k,), the intercept and multipliers of the given rows (R,)."""
        a = self._parts(end.x)[0]
        return np.maximum(a[: self.k], 0.0), float(a[self.k :].sum()), end.multipliers[: self.given]

    def value(self, x: np.ndarray) -> float:
        a, worst = self._parts(x)
        return float(self.s @ self.loss.value(worst) + self.costs @ a)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return np.append(self.costs, self.s * self.loss.slope(self._parts(x)[1]))

    def linearise(self, now: Iterate) -> None:
        self._bend = self.s * self.loss.bend(self._parts(now.x)[1])

    def curved(self, step: np.ndarray) -> np.ndarray:
        a, worst = self._parts(step)
        return np.append(np.zeros_like(a), self._bend * worst)

    def rows(self, x: np.ndarray) -> np.ndarray:
        along = self.along(x)
        along[: len(self.sample)] += self.constant
        return along

    def along(self, step: np.ndarray) -> np.ndarray:
        a, worst = self._parts(step)
        return np.append(self.inner @ a - worst[self.sample], -a[: self.k])

    def columns(self, z: np.ndarray) -> np.ndarray:
        of_rows, of_atoms = z[: len(self.sample)], z[len(self.sample) :]
        out = np.append(of_rows @ self.inner, -(self._sum @ of_rows))
        out[: self.k] -= of_atoms
        return out

    def factor(self, weights: np.ndarray) -> bool:
        if not np.isfinite(weights).all():
            return False
        self._weights = w = weights[: len(self.sample)]
        heaviest = np.zeros(len(self.s), dtype=int)
        order = np.argsort(w, kind="stable")
        heaviest[self.sample[order]] = order  # of each sample the last one stays
        first, sums, bend = self.inner[heaviest], self._sum @ w, self._bend
        apart = self.inner - first[self.sample]
        pull = (self._sum * w) @ apart
        apart *= np.sqrt(w)[:, None]
        self._total = sums + bend
        mixed = first.T @ ((bend / self._total)[:, None] * (sums[:, None] * first / 2 + pull))
        matrix = apart.T @ apart + mixed + mixed.T - pull.T @ (pull / self._total[:, None])
        places = np.arange(self.k)
        matrix[places, places] += weights[len(w) :]
        diagonal = matrix.diagonal().copy()
        if not (diagonal > 0).all():
            return False
        self._scale = 1 / np.sqrt(diagonal)
        matrix *= self._scale
        matrix *= self._scale[:, None]
        for ridge in RIDGES:
            np.fill_diagonal(matrix, 1.0 + ridge)
            try:
                self._factor = cho_factor(matrix, lower=True, check_finite=False)
            except LinAlgError:
                continue
            return True
        return False

    def solve(self, right: np.ndarray) -> np.ndarray:
        a, worst = self._parts(right)
        w = self._weights
        reduced = a + (w * (worst / self._total)[self.sample]) @ self.inner
        found = self._scale * cho_solve(self._factor, self._scale * reduced, check_finite=False)
        return np.append(found, (worst + self._sum @ (w * (self.inner @ found))) / self._total)
