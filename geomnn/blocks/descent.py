"""Descents in the weights of all blocks at once: by L-BFGS over all rows, or by steps over a few of them at a time.

    L(f(X), y) + (reg/2) Σ over the hidden neurons of all blocks (‖w‖_p² + ‖α‖_2²)

A step over a few rows follows the gradient of a few, and may raise the objective over all of them.  So after each pass
over the table that objective is computed, in float64; a pass that has not lowered it is taken back, and the next steps
are shorter.

Source: geomnn theory, section 7; D. P. Kingma, J. Ba, arXiv 1412.6980 (mean gradients and squares).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from geomnn.blocks.block import Arrays, Block
from geomnn.blocks.sums import BlockSums
from geomnn.norms import ball
from geomnn.programs.problem import Problem

__all__ = ["Weights", "all_rows", "few_rows"]

JITTER = 0.02  # of the mean weight, that a descent begins away from wedges, where the objective has its kinks
# of a step over a few rows, in units of the weights that there are: of the first steps, and of the last ones
RATE, LEAST_RATE = 0.02, 2e-4
MEANS = 0.9, 0.999  # how much of the last gradients, and of their squares, is kept


class Weights:
    """All weights of some blocks as one vector θ, the first block as a function of x − centre.

    Parameters
    ----------
    blocks : sequence of Block
    problem : Problem
    """

    def __init__(self, blocks: Sequence[Block], problem: Problem):
        self.problem = problem
        balanced = self._centred([block.balanced(problem.norm) for block in blocks], problem.samples.centre)
        self._parts = [part for block in balanced for part in block.arrays]
        self.begin = np.concatenate([part.ravel() for part in self._parts])

    @staticmethod
    def _centred(blocks: Sequence[Block], centre: np.ndarray) -> list[Block]:
        return [blocks[0].seen_from(centre), *blocks[1:]]

    def layers(self, theta: np.ndarray) -> list[Arrays]:
        """w, b, α and t of each block."""
        ends = np.cumsum([part.size for part in self._parts])
        pieces = zip(np.split(theta, ends[:-1]), self._parts, strict=True)
        parts = iter([piece.reshape(part.shape) for piece, part in pieces])
        return list(zip(parts, parts, parts, parts, strict=True))

    def blocks(self, theta: np.ndarray) -> list[Block]:
        """The blocks, in the coordinates of X."""
        return self._centred([Block(*four) for four in self.layers(theta)], -self.problem.samples.centre)

    def penalty(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """(reg/2) Σ (‖w‖_p² + ‖α‖_2²) and its gradient."""
        value, gradient, norm = 0.0, list[np.ndarray](), ball(self.problem.norm)
        for inner, biases, outer, shift in self.layers(theta):
            sizes = norm.length(inner)[:, None]
            value += float(np.sum(sizes**2) + np.sum(outer**2)) / 2
            slope = inner if norm.p == 2 else sizes * norm.gradient(inner.T).T  # 0 at 0 for p = 2, too
            gradient += [slope, 0 * biases, outer, 0 * shift]
        return self.problem.reg * value, self.problem.reg * self.joined(gradient)

    def joined(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Arrays of all layers as one vector, zero for biases where there are none."""
        free = float(self.problem.samples.bias)
        return np.concatenate(
            [(array if k % 2 == 0 else free * array).ravel() for k, array in enumerate(arrays)]
        )

    def jittered(self, rng: np.random.Generator) -> np.ndarray:
        """θ beside where it begins."""
        moves = self.begin.astype(bool) | self.problem.samples.bias
        off = JITTER * np.abs(self.begin).mean() * rng.standard_normal(len(self.begin))
        return np.asarray(self.begin + moves * off)

    def scales(self) -> np.ndarray:
        """How large each weight is, by the others of its kind: what a step is measured by."""
        spread, found = self.problem.samples.spread, list[np.ndarray]()
        for inner, biases, outer, shift in self.layers(self.begin):
            size = _mean_size(inner * spread)
            per_feature = np.divide(size, spread, out=np.zeros_like(spread), where=spread > 0)
            out = _mean_size(outer)
            found += [
                np.broadcast_to(per_feature, inner.shape), np.full(biases.shape, size),
                np.full(outer.shape, out), np.full(shift.shape, max(out, _mean_size(shift))),
            ]  # fmt: skip
            spread = np.ones(outer.shape[1])
        return self.joined(found)


def _mean_size(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array**2))) if array.size else 0.0


def all_rows(weights: Weights, sums: BlockSums, steps: int, rng: np.random.Generator) -> list[Block]:
    """Where L-BFGS ends after so many steps from beside the weights.

    Parameters
    ----------
    weights : Weights
    sums : BlockSums
    steps : int
    rng : Generator
    """
    problem = weights.problem

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = sums.slope(problem.loss, problem.targets, weights.layers(theta))
        penalty, slope = weights.penalty(theta)
        return value + penalty, weights.joined(gradient) + slope

    options = {"maxiter": steps, "ftol": 1e-14, "gtol": 1e-10}
    begin = weights.jittered(rng)
    return weights.blocks(minimize(objective, begin, jac=True, method="L-BFGS-B", options=options).x)


def few_rows(
    weights: Weights,
    sums: BlockSums,
    objective: Callable[[list[Block]], float],
    rng: np.random.Generator,
    passes: int,
    rows: int,
) -> list[Block]:
    """The best of the weights after so many passes over the table, with a step for each so many rows.

    Parameters
    ----------
    weights : Weights
    sums : BlockSums
    objective : callable
        Of blocks, over all rows, in float64: a pass counts if it has lowered it.
    rng : Generator
        Of the order of the rows of a block.
    passes, rows : int
    """
    best, value, rate = weights.begin, objective(weights.blocks(weights.begin)), RATE
    steps = _Steps(weights.scales())
    for _ in range(passes):
        theta = _one_pass(weights, sums, best, steps, rate, rng, rows)
        reached = objective(weights.blocks(theta))
        if reached < value:
            best, value = theta, reached
        else:
            rate, steps = rate / 2, _Steps(weights.scales())
        if rate < LEAST_RATE:
            break
    return weights.blocks(best)


def _one_pass(
    weights: Weights,
    sums: BlockSums,
    theta: np.ndarray,
    steps: _Steps,
    rate: float,
    rng: np.random.Generator,
    rows: int,
) -> np.ndarray:
    """θ after a step for each so many rows, along their gradient as if all rows were like these."""
    problem = weights.problem
    for place, x in sums:
        order = rng.permutation(x.shape[0])
        for part in np.array_split(order, -(-len(order) // rows)):
            some = np.sort(part)
            worked, targets = sums.worked(weights.layers(theta)), problem.targets[place][some]
            _, parts = sums.slope_of(problem.loss, targets, worked, x[some])
            gradient = weights.joined(parts) * (problem.samples.n / len(some)) + weights.penalty(theta)[1]
            theta = theta - rate * steps.next(gradient)
    return theta


class _Steps:
    """Steps along the mean of the last gradients, divided by the root of that of their squares."""

    def __init__(self, scales: np.ndarray):
        self._scales, self._count = scales, 0
        self._mean, self._square = np.zeros_like(scales), np.zeros_like(scales)

    def next(self, gradient: np.ndarray) -> np.ndarray:
        slope = gradient * self._scales  # of a weight in units of its size
        self._count += 1
        self._mean += (1 - MEANS[0]) * (slope - self._mean)
        self._square += (1 - MEANS[1]) * (slope**2 - self._square)
        mean = self._mean / (1 - MEANS[0] ** self._count)
        square = self._square / (1 - MEANS[1] ** self._count)
        return self._scales * np.divide(mean, np.sqrt(square), np.zeros_like(mean), where=square > 0)
