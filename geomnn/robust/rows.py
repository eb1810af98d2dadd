"""The rows of a robust program: points at which the network is asked, and which way what it says there is bad.

A row r adds c_r + σ_r f_r to the worst case of its sample. Where neurons are bounded one by one, a neuron s (w·x + b)_+
of a sample that may move by ε is shifted to the worse side, (w·x + b + σ_r s ε)_+.

Source: geomnn theory, section 12.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geomnn.robust.losses import WorstLoss

__all__ = ["Rows", "largest", "rows_of"]


@dataclass(frozen=True, eq=False)
class Rows:
    """R rows of n samples.

    Parameters
    ----------
    loss : WorstLoss
    s : ndarray, shape (n,)
        Weights of the samples.
    sample : ndarray of int, shape (R,)
        To which sample each row belongs.
    sign, constant : ndarray, shape (R,)
        σ and c.
    points : ndarray, shape (R, D)
        In homogeneous coordinates.
    shift : float
        ε ‖w‖ of a unit, where neurons are bounded one by one; else 0.
    """

    loss: WorstLoss
    s: np.ndarray
    sample: np.ndarray
    sign: np.ndarray
    constant: np.ndarray
    points: np.ndarray
    shift: float = 0.0

    def some(self, chosen: np.ndarray) -> Rows:
        """Some of them, shape (m,) of int."""
        return replace(
            self, sample=self.sample[chosen], sign=self.sign[chosen], constant=self.constant[chosen],
            points=self.points[chosen],
        )  # fmt: skip

    def columns(self, units: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """What neurons of coefficients s_j = ±1 give to f_r, shape (R, k).

        Parameters
        ----------
        units : ndarray, shape (k, D)
        signs : ndarray, shape (k,)
        """
        shifted = self.points @ units.T + self.shift * np.outer(self.sign, signs)
        return np.asarray(signs * np.maximum(shifted, 0.0))

    def worst(self, f: np.ndarray) -> np.ndarray:
        """ρ_i of values f_r, shape (n,)."""
        return largest(self.constant + self.sign * f, self.sample, len(self.s))

    def value(self, f: np.ndarray) -> float:
        """Σ_i s_i h(ρ_i)."""
        return float(np.sum(self.s * self.loss.value(self.worst(f))))

    def correlations(self, multipliers: np.ndarray, units: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """By how much the loss falls with the size of each neuron, −Σ_r λ_r σ_r s_j ψ_rj, shape (k,)."""
        return -(multipliers * self.sign) @ self.columns(units, signs)

    def feasible(self, multipliers: np.ndarray, bias: bool) -> np.ndarray:
        """The nearest multipliers that prove something: not below 0, of sums in the domain of h*, and balanced."""
        found = np.maximum(multipliers, 0.0)
        if bias:  # what is over on one side is taken off it
            up, down = found[self.sign > 0].sum(), found[self.sign < 0].sum()
            level = min(up, down)
            found *= np.where(self.sign > 0, level / max(up, 1e-300), level / max(down, 1e-300))
        total = np.bincount(self.sample, found, len(self.s)) / self.s
        return found / max(1.0, float((total / self.loss.most).max(initial=0.0)))

    def dual(self, multipliers: np.ndarray) -> float:
        """Σ_r c_r λ_r − Σ_i s_i h*(Λ_i/s_i), for feasible multipliers."""
        total = np.bincount(self.sample, multipliers, len(self.s)) / self.s
        return float(
            self.constant @ multipliers
            - np.sum(self.s * self.loss.conjugate(np.clip(total, 0.0, self.loss.most)))
        )


def largest(values: np.ndarray, sample: np.ndarray, n: int) -> np.ndarray:
    """The largest value of each of n samples, −∞ of one without any, shape (R,) → (n,)."""
    out = np.full(n, -np.inf)
    np.maximum.at(out, sample, values)
    return out


def rows_of(
    loss: WorstLoss, s: np.ndarray, y: np.ndarray, sample: np.ndarray, points: np.ndarray, shift: float = 0.0
) -> Rows:
    """The rows of points of samples with targets y, shape (n,).

    Parameters
    ----------
    loss : WorstLoss
    s, y : ndarray, shape (n,)
    sample : ndarray of int, shape (m,)
        To which sample each point belongs.
    points : ndarray, shape (m, D)
    shift : float
        As of `Rows`.
    """
    signs, constants = loss.rows(y[sample])
    times = len(signs)
    return Rows(
        loss, s, np.tile(sample, times), signs.ravel(), constants.ravel(), np.tile(points, (times, 1)), shift
    )
