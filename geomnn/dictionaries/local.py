"""Local pricing: walks to atoms where there are too many of them to look at each, from random starts.

On small tables a walk goes from one breakpoint of F to the next and ends at a named atom (`walks`); on large ones, with
a start other than "walks", many go at once by sums over rows (`rows.ascent`), and names come at the end of the search.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries.base import Dictionary, Pricing
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.walks.walk import walk_from
from geomnn.errors import OptionError
from geomnn.machine import in_parallel, one_blas_thread
from geomnn.norms import ball
from geomnn.rows import StreamedSamples, Sums, ascend, sums_of
from geomnn.rows.sums import BLOCK_ROWS
from geomnn.samples import Samples
from geomnn.validation import check_integer

__all__ = ["LocalDictionary"]

AROUND = 0.3  # how far around an atom in use others are searched, relative to its length
BLOCK_WALKS = 32  # walks in a block
BLOCK_ENTRIES = 2**22  # entries of their activations, at most
BASIS_ENTRIES = 2**25  # and of their bases, d by d each
LARGE = 100_000  # entries of X from which on a search begins wide, if not told otherwise
STARTS = ("walks", "gated", "random units")
ASCENT_STEPS = 20  # of walks by sums over rows, which hardly rise after that
ASCENT_ENTRIES = 2**24  # of their projections


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
    start : {"walks", "gated", "random units"}, Solution, network or model, optional
        What a search begins with. "walks": few neurons, found by walks to named atoms. For p = 2 also a wide start, all
        of whose neurons slide before any is looked for: "gated", a convex program over random gates; "random units"; or
        what `rewrite` reads, a network, a solution, a model of PyTorch. If not given "gated" for p = 2 and 100,000
        numbers or more in X, and for `Rows`, else "walks".
    device : str, optional
        Of PyTorch, such as "cuda", for the sums over rows of a wide start; NumPy if not given.
    precision : {"float32", "float64"}
        Of these sums, while the search goes on; all that is stated is in float64, and all where a feature is of a size
        beyond 1e9 or below 1e-9, whose powers float32 cannot hold.
    block_rows : int
        Rows that are worked on at a time; more than 8,192 count as these.
    checkpoint : path-like, optional
        A file that is written after each round of a wide search, and from which the next such call goes on.
    rounds : int, optional
        The most rounds of walks after a wide start; as many as bring much if not given.

    Raises
    ------
    OptionError, MissingPackage
        If an option is not one, or PyTorch or its device is not there.

    Source: geomnn theory, section 5.
    """

    scope = "local"
    program = "all"
    method = "search"

    def __init__(
        self,
        samples: Samples,
        norm: float,
        starts: int = 64,
        steps: int | None = None,
        seed: int = 0,
        *,
        start: Any = None,
        device: str | None = None,
        precision: str = "float32",
        block_rows: int = BLOCK_ROWS,
        checkpoint: str | os.PathLike[str] | None = None,
        rounds: int | None = None,
    ):
        super().__init__(samples, norm)
        self.atoms_move = not ball(norm).polyhedral
        self.start = self._checked_start(start)
        usual = 40 + 6 * samples.d if self.start == "walks" else ASCENT_STEPS
        self.starts = check_integer("starts", starts, 1)
        self.steps = check_integer("steps", usual if steps is None else steps, 1)
        self.seed = check_integer("seed", seed, 0)
        if not isinstance(checkpoint, str | os.PathLike | None):
            raise OptionError("{checkpoint}; the place of a file was expected.", checkpoint=checkpoint)
        self.count, self.checkpoint = self.starts, checkpoint
        self.rounds = None if rounds is None else check_integer("rounds", rounds, 1)
        self.network: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.device, self.block_rows = device, block_rows
        self._deadline = NEVER
        self._spread = samples.spread
        self.sums = sums_of(samples, precision, device, block_rows)

    def _checked_start(self, start: Any) -> Any:
        """What a search begins with."""
        streamed = isinstance(self.samples, StreamedSamples)
        if start is None:
            wide = self.atoms_move and (streamed or self.samples.n * self.samples.d >= LARGE)
            start = "gated" if wide else "walks"
        if isinstance(start, str) and start not in STARTS:
            raise OptionError(
                f"{{start}}; {', '.join(map(repr, STARTS))}, or a network to begin with was expected.",
                start=start,
            )
        wide = not isinstance(start, str) or start != "walks"
        if wide and not self.atoms_move:
            raise OptionError(
                f"start={start if isinstance(start, str) else type(start).__name__!r} slides its neurons, which is for "
                f"norm=2; norm={self.norm:g} takes start='walks'."
            )
        if streamed and not wide:
            raise OptionError(
                f"norm={self.norm:g} and start='walks' need the table in memory, and X is read by rows; norm=2 with "
                "start='gated' was expected, or the table as an array."
            )
        return start

    @cached_property
    def exact_sums(self) -> Sums:
        """The sums over rows in float64."""
        return sums_of(self.samples, "float64", self.device, self.block_rows)

    def beginning_with(self, units: np.ndarray, z: np.ndarray, t: np.ndarray) -> LocalDictionary:
        """The same search from a network, shapes (k, D), (k, c) and (c,)."""
        other = copy(self)
        other.network = units, z, t
        return other

    def walking(self) -> LocalDictionary:
        """The same search by walks to named atoms, for losses with corners, on which no neuron slides."""
        return LocalDictionary(self.samples, self.norm, self.starts, None, self.seed, start="walks").until(
            self._deadline
        )

    def reseeded(self, *numbers: int) -> LocalDictionary:
        """The same walks from other starts."""
        other = copy(self)
        other._streams = numbers
        return other

    _streams: Sequence[int] = ()

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

    def go_on(self, units: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """Walks from units, shape (k, D), alone."""
        return self._search(units[:, : self.samples.d].T, residual, threshold, limit)

    def _search(self, weights: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """Walks from weights, shape (d, k), in blocks side by side."""
        if not weights.size or not self._spread.any() or not residual.any():
            return Pricing(0.0, np.zeros((0, self.samples.D)))
        if self.start != "walks":
            return self._ascend(weights, residual, threshold, limit)
        size = max(1, min(BLOCK_WALKS, BLOCK_ENTRIES // self.samples.n, BASIS_ENTRIES // self.samples.d**2))
        # in one layout, whatever comes of them on the way to another process: the last bits depend on it
        residual = np.ascontiguousarray(residual)
        blocks = [np.ascontiguousarray(weights[:, k : k + size]) for k in range(0, weights.shape[1], size)]
        jobs = (
            (self.samples, self.norm, residual, block, self.steps, self._deadline, k > 0)
            for k, block in enumerate(blocks)
        )
        units = np.concatenate(in_parallel(walk_from, jobs))
        values = np.linalg.norm(residual.T @ self.samples.activations(units), axis=0)
        return self._chosen(units, values, threshold, limit)

    def _ascend(self, weights: np.ndarray, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        """Walks from weights, shape (d, k), by sums over rows."""
        size, units = max(1, ASCENT_ENTRIES // self.samples.n), [np.zeros((0, self.samples.D))]
        beginnings = weights[:, weights.any(axis=0)].T
        with one_blas_thread():
            for first in range(0, len(beginnings), size):
                if first and self._deadline.over():
                    break
                part = beginnings[first : first + size]
                units.append(ascend(self.sums, residual, part, self.steps, self._deadline))
            found = np.concatenate(units)
            values = np.linalg.norm(self.exact_sums.correlate(found, residual)[0], axis=1)
        return self._chosen(found, values, threshold, limit)

    def _chosen(self, units: np.ndarray, values: np.ndarray, threshold: float, limit: int) -> Pricing:
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
        rng = np.random.default_rng((self.seed, zlib.crc32(shape.tobytes()), stream, *self._streams))
        weights = rng.standard_normal((self.samples.d, count))
        scale = np.where(self._spread > 0, self._spread, np.inf)
        return weights / scale[:, None]
