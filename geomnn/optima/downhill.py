"""The way down: the segments from any weights to the best ones, along which (T) never rises.

A balanced network, ‖w_j‖_p = |α_j| = √|z_j|, has (T) = ½ ‖y − Φz − t‖² + reg Σ |z_j|, φ_j the activation of the unit
u_j = w_j/‖w_j‖_p. With the units held and no sign of z changed that is a convex quadratic, so along a straight line in
z that ends no later than at its least value it falls, and so does (T) along the weights. All segments but the first
are such lines, t being the best one, so that activations and targets are centred:

    balance  neurons without effect shrink, t takes over constants, w_j c_j^s and α_j/c_j^s come to have one size
    prune    φ_k = Σ β_j φ_j: z along ± (1, −β), so that Σ |z| does not rise, until a neuron vanishes
    descend  to the best z with these signs, or until a neuron vanishes on the way
    swap     the outputs stay as they are, and a neuron gives way to others

At the best z over the neurons in use φ_j·v = reg sign z_j, v the residual. An atom u with σ φ_u·v = reg + e, e > 0, is
put into a free slot. With φ_u = Σ β_j φ_j + ρ, ρ·φ_j = 0, the line z_u = σ τ, z_j − σ τ β_j has the slope −e and the
curvature ‖ρ‖²: a swap where ρ = 0, and there a neuron vanishes as Σ |z| can not fall below zero. Activations of
neurons in use stay independent, so that these are at most r, the rank of all activations, and r + 1 slots are enough.
No set of neurons with signs is best twice, so that there is an end, where no atom is above reg.

Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from geomnn.dictionaries import Dictionary
from geomnn.errors import OptionError
from geomnn.norms import ball
from geomnn.programs.problem import Problem
from geomnn.programs.solve import Optimum, with_residual
from geomnn.rewriting.chambers import split
from geomnn.samples import SPANNED

__all__ = ["Segment", "Walk"]

Weights = tuple[np.ndarray, np.ndarray, np.ndarray, float]
# relative to reg, by which a correlation is above it: rounding of sums of products
ABOVE = 1e-12
# relative to the sizes of the activations in a combination, up to which nothing is left of it: what rounding leaves,
# some hundred times eps, and (T) is to rise by no more than 1e-12
DEPENDENT = 1e-13
# relative to what an amount was before a step, up to which it vanishes with the one that ends the step; and relative to
# the largest, up to which a step is none
VANISHED = 1e-13


@dataclass(frozen=True, eq=False)
class Segment:
    """A piece of the path.

    Parameters
    ----------
    kind : {"balance", "prune", "descend", "swap"}
    before, after : float
        (T) at its ends.
    curve : callable
        From s to (W, b, alpha, t).
    """

    kind: str
    before: float
    after: float
    curve: Callable[[float], Weights]

    def __repr__(self) -> str:
        return f"Segment({self.kind!r}, {self.before:.12g} -> {self.after:.12g})"

    def weights(self, s: float) -> Weights:
        """The network at s: f(x) = Σ_j α_j (w_j·x + b_j)_+ + t.

        Parameters
        ----------
        s : float
            From 0, where it begins, to 1, where it ends.

        Returns
        -------
        W, b, alpha, t : ndarray, shapes (m, d), (m,) and (m,), and float
            Of all m slots; empty ones are zero.

        Raises
        ------
        OptionError
            If s is not from 0 to 1.
        """
        if not 0 <= s <= 1:
            raise OptionError(f"s={s!r}; a number from 0 to 1 was expected.")
        return self.curve(s)


@dataclass(frozen=True, eq=False)
class _Balancing:
    """w c^s, α/c^s; where c = 0 both times 1 − s; and what t takes over from constants, and gains."""

    inner: np.ndarray
    biases: np.ndarray
    outer: np.ndarray
    intercept: float
    scale: np.ndarray
    constant: float
    gain: float

    def __call__(self, s: float) -> Weights:
        fading = self.scale == 0
        grown = np.where(fading, 1.0, self.scale) ** s
        inward, outward = np.where(fading, 1 - s, grown), np.where(fading, 1 - s, 1 / grown)
        t = self.intercept + (1 - (1 - s) ** 2) * self.constant + s * self.gain
        return self.inner * inward[:, None], self.biases * inward, self.outer * outward, t


@dataclass(frozen=True, eq=False)
class _Straight:
    """Balanced weights of the amounts (1 − s) z + s z' of units that stay."""

    inner: np.ndarray
    biases: np.ndarray
    amounts: tuple[np.ndarray, np.ndarray]
    intercepts: tuple[float, float]

    def __call__(self, s: float) -> Weights:
        (z, later), (t, last) = self.amounts, self.intercepts
        z = (1 - s) * z + s * later
        root = np.sqrt(np.abs(z))
        return self.inner * root[:, None], self.biases * root, np.sign(z) * root, (1 - s) * t + s * last


class Walk:
    """The slots of a path: units u_j, amounts z_j, zero where a slot is free, and the segments so far.

    Parameters
    ----------
    problem : Problem
    dictionary : Dictionary
    layers : list of (W, b)
        Of the network that it begins at.
    slots : int
        m.
    """

    def __init__(
        self,
        problem: Problem,
        dictionary: Dictionary,
        layers: Sequence[tuple[np.ndarray, np.ndarray]],
        slots: int,
    ):
        self._problem, self._dictionary, self._samples = problem, dictionary, problem.samples
        (W, b), (outer, t) = layers
        more = slots - len(W)
        W, b, alpha = np.pad(W, ((0, more), (0, 0))), np.pad(b, (0, more)), np.pad(outer[0], (0, more))
        units, size = self._samples.units_of(W, b), ball(problem.norm).length(W)
        activations = self._samples.activations(units)
        highest = activations.max(axis=0)
        effective = (alpha != 0) & (highest > 0)
        flat = np.ptp(activations, axis=0) <= DEPENDENT * highest
        constant = effective & self._samples.bias & ((size == 0) | flat)
        live = effective & ~constant
        size = np.where(live, size, 1.0)
        self._weights, self._biases = W / size[:, None], b / size
        self._units, self._given = units / size[:, None], live.copy()
        self._activations = activations / size
        self._z = np.where(live, alpha * size, 0.0)
        self._y = problem.targets[:, 0]
        taken = float(alpha[constant] @ activations[:, constant].mean(axis=0))
        gain = self._intercept(self._z) - float(t[0]) - taken
        scale = np.where(live, np.sqrt(np.abs(alpha) / size), 0.0)
        curve = _Balancing(W, b, alpha, float(t[0]), scale, taken, gain)
        self.segments: list[Segment] = []
        self._add("balance", curve, self._value(curve(0.0)))

    def down(self, tol: float) -> Optimum:
        """Walk to the optimum."""
        threshold = self._problem.reg * (1 + ABOVE)
        visits: Counter[frozenset[Any]] = Counter()
        self._prune()
        while True:
            self._settle()
            v = self._problem.dual_point(self._residual()[:, None])
            pricing = self._dictionary.price(v, threshold, 1)
            used = np.flatnonzero(self._z)
            state = frozenset((self._units[j].tobytes(), self._z[j] > 0) for j in used)
            foreign = used[self._given[used]]
            if len(pricing.units) and not visits[state]:
                self._enter(pricing.units[0])
            elif len(foreign) and visits[state] < 2:
                self._split(int(foreign[0]))
            else:
                break
            visits[state] += 1
        ended = "new atoms brought it no further, as rounding does" if len(pricing.units) else ""
        z, t = self._z[used, None], np.array([self._intercept(self._z)])
        found = with_residual(self._problem, self._units[used], z, t)
        bound = self._problem.dual_bound(v, pricing.maximum)
        reached = found.primal - bound <= tol * abs(found.primal)
        return replace(found, dual=v, maximum=pricing.maximum, bound=bound, converged=reached, ended=ended)

    def _prune(self) -> None:
        """Leave neurons with independent activations only."""
        kept: list[int] = []
        for k in np.flatnonzero(self._z).tolist():
            beta, rest = self._over(kept, self._columns([k])[:, 0])
            sizes = np.linalg.norm(self._activations, axis=0)
            kept.append(k)
            if np.linalg.norm(rest) > DEPENDENT * (sizes[k] + np.abs(beta) @ sizes[kept[:-1]]):
                continue
            along = self._along(kept, np.append(-beta, 1.0))
            if np.sign(self._z) @ along > 0 or not (self._z * along < 0).any():
                along = -along
            self._move("prune", along)
            kept = [j for j in kept if self._z[j]]

    def _settle(self) -> None:
        """To the best z of the neurons in use; their signs are held, and those that come to zero go."""
        last = np.inf
        while len(used := np.flatnonzero(self._z)):
            columns = self._columns(used)
            r = np.linalg.qr(columns, mode="r")
            slope = columns.T @ self._residual() - self._problem.reg * np.sign(self._z[used])
            step = np.zeros(len(used))
            for _ in range(2):  # the second time what rounding left of the slope
                left = slope - columns.T @ (columns @ step)
                step += solve_triangular(r, solve_triangular(r, left, trans="T"))
            size = np.abs(step).max()
            if size <= VANISHED * np.abs(self._z).max() or size > last / 2:
                return
            # a whole step ends at the rounding of what it began at, and one more at that of the optimum
            last = size if self._move("descend", self._along(used, step), 1.0) else np.inf

    def _enter(self, unit: np.ndarray) -> None:
        """A violated atom, from the best z over the others on."""
        used, k = np.flatnonzero(self._z).tolist(), self._place(unit)
        column, v = self._columns([k])[:, 0], self._residual()
        beta, rest = self._over(used, column)
        sign = np.sign(v @ column)
        along = self._along([*used, k], sign * np.append(-beta, 1.0))
        falls = sign * (v @ rest) - self._problem.reg * (1.0 + np.sign(self._z) @ along)
        length = float(rest @ rest)
        spanned = np.sqrt(length) <= SPANNED * np.linalg.norm(column)
        if falls > 0:  # else it was rounding that made it violated
            self._move("swap" if spanned else "descend", along, falls / length if length else np.inf)

    def _split(self, k: int) -> None:
        """A neuron of the given network that is active in the optimum gives way to wedges of its chamber.

        φ_k = Σ c_i φ_i, c ≥ 0, so that all of these are active, too. For the slots they are to be few: of what they are
        beside the activations of the other neurons, independent ones are combined to what φ_k is beside these.
        """
        (parts,) = split(self._samples, [self._units[k]], self._problem.norm)
        if len(parts.units) == 1:
            self._put(k, parts.units[0])
            return
        others = [j for j in np.flatnonzero(self._z).tolist() if j != k]
        columns, column = self._centred(self._samples.activations(parts.units)), self._columns([k])[:, 0]
        beside = np.array([self._over(others, each)[1] for each in columns.T]).T
        lengths = np.linalg.norm(columns, axis=0)
        beside[:, np.linalg.norm(beside, axis=0) <= SPANNED * lengths] = 0.0
        shares = nnls(beside, self._over(others, column)[1])[0]
        chosen = np.flatnonzero(shares)
        kept, _ = self._over(others, column - columns @ shares)
        free = np.flatnonzero(self._z == 0)[: len(chosen)].tolist()
        for slot, i in zip(free, chosen, strict=True):
            self._put(slot, parts.units[i])
        changes = np.sign(self._z[k]) * np.concatenate([kept, shares[chosen], [-1.0]])
        self._move("swap", self._along([*others, *free, k], changes))

    def _move(self, kind: str, along: np.ndarray, limit: float = np.inf) -> bool:
        """A straight line in z to where the first neuron vanishes, or up to a limit, and whether none did."""
        falling = self._z * along < 0
        reach = np.divide(-self._z, along, out=np.full_like(along, np.inf), where=falling)
        step = min(float(reach.min()), limit)
        z = self._z + step * along
        z[np.abs(z) <= VANISHED * np.abs(self._z)] = 0.0
        amounts, intercepts = (self._z, z), (self._intercept(self._z), self._intercept(z))
        curve = _Straight(self._weights.copy(), self._biases.copy(), amounts, intercepts)
        self._z = z
        self._add(kind, curve, self.segments[-1].after)
        return not (falling & (z == 0)).any()

    def _add(self, kind: str, curve: Callable[[float], Weights], before: float) -> None:
        self.segments.append(Segment(kind, before, self._value(curve(1.0)), curve))

    def _value(self, weights: Weights) -> float:
        """(T)."""
        W, b, alpha, t = weights
        return self._problem.training_objective(W, b, alpha[:, None], np.array([t]))

    def _place(self, unit: np.ndarray) -> int:
        """The first free slot, with this unit in it."""
        k = int(np.argmin(self._z != 0))
        self._put(k, unit)
        return k

    def _put(self, k: int, unit: np.ndarray) -> None:
        d = self._samples.d
        self._units[k], self._weights[k], self._biases[k] = unit, unit[:d], self._samples.bias_of(unit)
        self._activations[:, k] = self._samples.activations(unit[None])[:, 0]
        self._given[k] = False

    def _along(self, slots: Sequence[int] | np.ndarray, changes: np.ndarray) -> np.ndarray:
        """A change of all amounts, shape (m,)."""
        along = np.zeros_like(self._z)
        along[slots] = changes
        return along

    def _over(self, used: Sequence[int], column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """β of a column over the independent activations of neurons in use, and what it is beside them."""
        columns, beta, rest = self._columns(used), np.zeros(len(used)), column
        q, r = np.linalg.qr(columns)
        for _ in range(2):  # the second time what rounding left
            beta = beta + solve_triangular(r, q.T @ rest)
            rest = column - columns @ beta
        return beta, rest

    def _columns(self, used: Sequence[int] | np.ndarray) -> np.ndarray:
        return self._centred(self._activations[:, used])

    def _centred(self, values: np.ndarray) -> np.ndarray:
        return values - values.mean(axis=0) if self._samples.bias else values

    def _residual(self) -> np.ndarray:
        """v of the best intercept."""
        return self._centred(self._y - self._activations @ self._z)

    def _intercept(self, z: np.ndarray) -> float:
        return float((self._y - self._activations @ z).mean()) if self._samples.bias else 0.0
