"""The enumerated dictionary: every wedge of samples, with or without the directions of the norm.

For a fixed residual v, u ↦ Σ v_i (x̃_i·u)_+ is linear on each chamber of the data, so over a chamber and
a polyhedral ball its maximum sits at a vertex, and a vertex is orthogonal to D − 1 independent vectors
out of the samples and the directions of the norm: the dictionary (1).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb

import numpy as np

from geomnn.atoms import Atom, basis_directions, name_atom, units_through
from geomnn.dictionaries.base import Dictionary, Pricing, refuse_if_too_large
from geomnn.errors import OptionError
from geomnn.samples import Samples

__all__ = ["WedgeDictionary"]

SECONDS_PER_FEATURE = 2.5e-9  # one entry of a feature matrix: formed, clipped, correlated
SWEEPS = 50  # a solve prices the dictionary about this often


class WedgeDictionary(Dictionary):
    """All wedges ± ⋆(x_J)/‖·‖_p of D − 1 samples (and directions), both orientations.

    u_J = ± ×(J)/‖w(×(J))‖_p,  J ⊂ {x̃_i} or {x̃_i} ∪ {e_l},  |J| = D − 1.

    Parameters
    ----------
    samples : Samples
    norm : float
        1, 2 or inf.
    directions : bool
        True for the exact program (p = 1: with e_l, p = ∞: with e_l ± e_m): the maximum is then that of
        every unit neuron.  False for the paper's program, the wedges of samples alone.
    max_seconds, max_bytes : float
        What a solve over this dictionary may take before it is refused.

    Raises
    ------
    EnumerationTooLarge
        Before any atom is formed, if a solve would take more than that.
    OptionError
        If directions are asked for with p = 2, where no finite dictionary is exact.

    Source: geomnn theory, section 1, equation (1); M. Pilanci, arXiv 2309.16512.
    """

    def __init__(
        self,
        samples: Samples,
        norm: float,
        directions: bool,
        max_seconds: float = 900.0,
        max_bytes: float = 2.0**31,
    ):
        super().__init__(samples, norm)
        if directions and norm == 2 and samples.d > 1:
            raise OptionError(
                "Directions make the dictionary exact for norm 1 and inf; use FaceDictionary for 2."
            )
        self.scope, self.program = ("global", "exact") if directions else ("dictionary", "paper")
        d, ideal = samples.d, 0
        if directions:
            ideal = {1.0: d, 2.0: 0, np.inf: d * (d - 1)}[norm]
        refuse_if_too_large(
            f"atoms for {samples.n} samples of {d} features",
            2 * sum(count for _, _, count in self._splits(ideal)),
            samples.n * SECONDS_PER_FEATURE * SWEEPS / 2,
            samples.D * 8 * 3 / 2,
            (max_seconds, max_bytes),
            "fewer samples or features"
            + (" or dictionary='wedge', which leaves the directions out" * directions),
        )
        self.directions = basis_directions(d, norm) if directions else ()
        self._units = self._form_units()
        self.count = 2 * len(self._units)

    def _splits(self, ideal: int) -> Iterator[tuple[int, int, int]]:
        """(number of samples, number of directions out of so many, number of such sets) for every kind of J."""
        available, needed = len(self.samples.distinct), self.samples.D - 1
        for rows in range(int(self.samples.bias), min(available, needed) + 1):
            count = comb(available, rows) * comb(ideal, needed - rows)
            if count:
                yield rows, needed - rows, count

    def _form_units(self) -> np.ndarray:
        """One orientation of every non-zero wedge, shape (count/2 at most, D)."""
        d = self.samples.d
        vectors = np.array([e.vector(d) for e in self.directions]).reshape(-1, d)
        pieces = [np.zeros((0, self.samples.D))]
        for row_count, ideal_count, _ in self._splits(len(vectors)):
            for ideal in combinations(range(len(vectors)), ideal_count):
                for rows in _subsets(self.samples.distinct, row_count):
                    fixed = np.broadcast_to(vectors[list(ideal)], (len(rows), ideal_count, d))
                    units = units_through(self.samples, rows, fixed, self.norm)
                    pieces.append(units[units[:, :d].any(axis=1)])
        return np.concatenate(pieces)

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        # the best of each of `limit` stretches of the list: violated atoms that differ, not one cluster
        correlations = np.concatenate([np.zeros(0), *self._correlations(residual)])
        stretch = -(-max(len(correlations), 1) // limit)
        padded = np.pad(correlations, (0, -len(correlations) % stretch)).reshape(-1, stretch)
        best = padded.argmax(axis=1) + stretch * np.arange(len(padded))
        best = best[correlations[best] > threshold]
        best = best[np.argsort(-correlations[best], kind="stable")]
        return Pricing(float(correlations.max(initial=0.0)), self._oriented(best))

    def _oriented(self, positions: np.ndarray) -> np.ndarray:
        pair, flipped = np.divmod(positions, 2)
        return self._units[pair] * np.where(flipped, -1.0, 1.0)[:, None]

    def _correlations(self, residual: np.ndarray) -> Iterator[np.ndarray]:
        """‖Vᵀ(±X̃u)_+‖ block by block, the two orientations side by side; (−a)_+ = (a)_+ − a."""
        x = self.samples.homogeneous
        moment = residual.T @ x
        block = max(1, 2**18 // len(x))
        for start in range(0, len(self._units), block):
            units = self._units[start : start + block]
            features = x @ units.T
            np.maximum(features, 0.0, out=features)
            positive = residual.T @ features
            both = np.stack([positive, positive - moment @ units.T], axis=-1)
            yield np.linalg.norm(both, axis=0).ravel()

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, self.norm, self.directions)


def _subsets(rows: np.ndarray, size: int, block: int = 2**15) -> Iterator[np.ndarray]:
    """All subsets of the given size in lexicographic order, in blocks of shape (block, size)."""
    subsets = combinations(rows.tolist(), size)
    while batch := list(islice(subsets, block)):
        yield np.fromiter(chain.from_iterable(batch), dtype=np.int64).reshape(len(batch), size)
