"""Local pricing: walks to atoms where there are too many of them to look at each, from random starts.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

import zlib
from copy import copy

import numpy as np

from geomnn.atoms import Atom
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries.base import Dictionary, Pricing
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.walks.walk import walk_from
from geomnn.machine import in_parallel
from geomnn.norms import ball
from geomnn.samples import Samples, check_integer

__all__ = ["LocalDictionary"]

AROUND = 0.3  # how far around an atom in use others are searched, relative to its length
BLOCK_WALKS = 32  # walks in a block
BLOCK_ENTRIES = 2**22  # entries of their activations, at most
BASIS_ENTRIES = 2**25  # and of their bases, d by d each


class LocalDictionary(Dictionary):
    """All unit neurons, searched by walks from random starts: what they miss is not known.

    Parameters
    ----------
    samples : Samples
    norm : float
        1, 2 or inf.
    starts : int
        Walks for each residual.
    steps : int, optional
        The most steps of a walk, which ends where it is then (p = 2: at no named atom); 40 + 6 d if not given.
    seed : int
        Of the starts; they also depend on the residual, so that other residuals are searched from elsewhere.

    Raises
    ------
    OptionError
        If the number of starts or the seed is not one.

    Source: geomnn theory, section 5.
    """

    scope = "local"
    program = "all"
    method = "search"

    def __init__(
        self, samples: Samples, norm: float, starts: int = 64, steps: int | None = None, seed: int = 0
    ):
        super().__init__(samples, norm)
        steps = 40 + 6 * samples.d if steps is None else steps
        self.starts, self.steps = check_integer("starts", starts, 1), check_integer("steps", steps, 1)
        self.seed = check_integer("seed", seed, 0)
        self.count = self.starts
        self.atoms_move = not ball(norm).polyhedral
        self._deadline = NEVER
        self._spread = samples.spread

    def until(self, deadline: Deadline) -> LocalDictionary:
        """The same walks, each of which ends where it is then.

        A first block of them begins whatever the time, so that there is a correlation to speak of. For p = 1 and ∞,
        where a walk on its way has no name, it ends at a corner of the ball.
        """
        if deadline.end == np.inf:
            return self
        hurried = copy(self)
        hurried._deadline = deadline
        return hurried

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        return self._search(self._beginnings(residual, self.starts, 0), residual, threshold, limit)

    def follow(self, units: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """As much again from starts around the atoms: where there are many, what is missing is rare, and near some."""
        weights = units[:, : self.samples.d].T
        around = self._beginnings(residual, len(units), 1)
        length = [np.linalg.norm(each * self._spread[:, None], axis=0) for each in (weights, around)]
        around *= AROUND * length[0] / np.where(length[1] > 0, length[1], 1.0)
        return self._search(np.concatenate([weights, weights + around], axis=1), residual, threshold, limit)

    def _search(self, weights: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """Walks from weights, shape (d, k), in blocks side by side."""
        if not weights.size or not self._spread.any() or not residual.any():
            return Pricing(0.0, np.zeros((0, self.samples.D)))
        size = max(1, min(BLOCK_WALKS, BLOCK_ENTRIES // self.samples.n, BASIS_ENTRIES // self.samples.d**2))
        # in one layout, whatever comes of them on the way to another process: the last bits depend on it
        residual = np.ascontiguousarray(residual)
        blocks = [np.ascontiguousarray(weights[:, k : k + size]) for k in range(0, weights.shape[1], size)]
        jobs = (
            (self.samples, self.norm, residual, block, self.steps, self._deadline, k > 0)
            for k, block in enumerate(blocks)
        )
        units = np.concatenate(in_parallel(walk_from, jobs))
        values = np.linalg.norm(residual.T @ self.samples.features(units), axis=0)
        order = np.argsort(-values, kind="stable")
        units, values = units[order], values[order]
        # walks that end at the same atom give it once
        new = np.ones(len(units), dtype=bool)
        for k in range(1, len(units)):
            twins = np.flatnonzero(new[:k] & (values[:k] <= values[k] * (1 + 1e-9)))
            new[k] = not (np.abs(units[twins] - units[k]) <= 1e-9 * np.abs(units[k])).all(axis=1).any()
        chosen = np.flatnonzero(new & (values > threshold))[:limit]
        return Pricing(float(values.max(initial=0.0)), units[chosen])

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        directions = ball(self.norm).directions(self.samples.d)
        return name_atom(
            self.samples,
            unit,
            self.norm,
            directions,
            residual if self.atoms_move and self.samples.d > 1 else None,
        )

    def _beginnings(self, residual: np.ndarray, count: int, stream: int) -> np.ndarray:
        """Random weights, shape (d, count): the same for every multiple of a residual."""
        shape = np.round(residual / np.abs(residual).max(initial=1e-300), 4) + 0.0
        rng = np.random.default_rng((self.seed, zlib.crc32(shape.tobytes()), stream))
        weights = rng.standard_normal((self.samples.d, count))
        scale = np.where(self._spread > 0, self._spread, np.inf)
        return weights / scale[:, None]
