"""The enumerated dictionary: every wedge of samples, with or without the directions of the norm.

For a fixed residual v, u ↦ Σ v_i (x̃_i·u)_+ is linear on each chamber of the data, so over a chamber and
a polyhedral ball its maximum sits at a vertex, and a vertex is orthogonal to D − 1 independent vectors
out of the samples and the directions of the norm: the dictionary (1).  The vertices on one flat of D − 2
of them are the events of its pencil, so a sweep of all pencils prices all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb

import numpy as np

from geomnn.atoms import Atom
from geomnn.dictionaries.base import Dictionary, Pricing, refuse_if_too_large
from geomnn.dictionaries.canonical import name_atom, units_through, wedge_vectors
from geomnn.dictionaries.geometry.pencils import Pencils, form_pencils
from geomnn.dictionaries.geometry.sweep import price, reach
from geomnn.errors import OptionError
from geomnn.norms import ball
from geomnn.samples import Samples

__all__ = ["WedgeDictionary"]

SECONDS_PER_EVENT = 1e-8  # one member's part in a sweep
SECONDS_PER_FLAT = 1e-6  # to form one, times d²
SWEEPS = 60  # a solve prices the dictionary about this often, the sort included


class WedgeDictionary(Dictionary):
    """All wedges ± ⋆(x_J)/‖·‖_p of D − 1 samples (and directions), both orientations.

    u_J = ± ×(J)/‖w(×(J))‖_p,  J ⊂ {x̃_i} or {x̃_i} ∪ {e_l},  |J| = D − 1.

    Parameters
    ----------
    samples : Samples
    norm : float
        1, 2 or inf.
    directions : bool
        True for all atoms (p = 1: with e_l, p = ∞: with e_l ± e_m): the maximum is then that of
        every unit neuron.  False for the paper's program, the wedges of samples alone.
    max_seconds, max_bytes : float
        What a solve over this dictionary may take before it is refused.

    Raises
    ------
    EnumerationTooLarge
        Before any atom is formed, if a solve would take more than that.
    OptionError
        If directions are asked for with p = 2, where no finite dictionary is exact.

    Source: geomnn theory, sections 1 and 3, equation (1); M. Pilanci, arXiv 2309.16512.
    """

    fixed = True

    def __init__(
        self,
        samples: Samples,
        norm: float,
        directions: bool,
        max_seconds: float = 900.0,
        max_bytes: float = 2.0**31,
    ):
        super().__init__(samples, norm)
        if directions and not ball(norm).polyhedral and samples.d > 1:
            raise OptionError(
                "Directions make the dictionary exact for norm 1 and inf; use FaceDictionary for 2."
            )
        self.scope, self.program = ("global", "all") if directions else ("dictionary", "wedge")
        d, D = samples.d, samples.D
        ideal = ball(norm).count_directions(d) if directions else 0
        atoms = 2 * sum(count for _, _, count in self._kinds(D - 1, ideal))
        flats = sum(count for _, _, count in self._kinds(D - 2, ideal)) if D > 2 else 1
        events = samples.n + ideal
        small = (2 if events < 2**16 else 4) + 1  # bytes: its place in the order, and its side
        refuse_if_too_large(
            f"atoms for {samples.n} samples of {d} features",
            atoms,
            flats * events / max(atoms, 1) * SECONDS_PER_EVENT * SWEEPS
            + flats * d * d / max(atoms, 1) * SECONDS_PER_FLAT,
            flats * (events * small + 24 * d * d) / max(atoms, 1),
            (max_seconds, max_bytes),
        )
        self.directions = ball(norm).directions(d) if directions else ()
        self._pencils, self.count = self._form_pencils()

    def _kinds(self, size: int, ideal: int) -> Iterator[tuple[int, int, int]]:
        """(number of samples, number of directions out of so many, number of such sets) of a size, with an anchor."""
        available = len(self.samples.distinct)
        for rows in range(int(self.samples.bias), min(available, size) + 1):
            count = comb(available, rows) * comb(ideal, size - rows)
            if count:
                yield rows, size - rows, count

    def _members(self, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All sets of so many samples and directions: rows (k, s) and vectors (k, size − s, d), in blocks."""
        d = self.samples.d
        vectors = np.array([e.vector(d) for e in self.directions]).reshape(-1, d)
        for row_count, ideal_count, _ in self._kinds(size, len(vectors)):
            for ideal in combinations(range(len(vectors)), ideal_count):
                for rows in _subsets(self.samples.distinct, row_count):
                    yield rows, np.broadcast_to(vectors[list(ideal)], (len(rows), ideal_count, d))

    def units(self) -> Iterator[np.ndarray]:
        """Every atom as a unit (k, D), one orientation of each, in blocks: the formula (1) itself."""
        for rows, vectors in self._members(self.samples.D - 1):
            units = units_through(self.samples, rows, vectors, self.norm)
            yield units[units[:, : self.samples.d].any(axis=1)]

    def _form_pencils(self) -> tuple[Pencils, int]:
        """The pencils about every D − 2 members, and the number of atoms, each counted once.

        For D = 1 it is one pencil, about nothing, of which but one line is a neuron.
        """
        samples, d, D = self.samples, self.samples.d, self.samples.D
        vectors = np.array([e.vector(d) for e in self.directions]).reshape(-1, d)
        if D <= 2:
            points = samples.homogeneous if D == 2 else np.column_stack([samples.X, np.zeros(samples.n)])
            ends = vectors if d == 2 else np.eye(2)[1:] if D == 1 else np.zeros((0, 2))
            featured, nowhere = np.arange(2) < d, np.array([-1])
            pencils = form_pencils(points[samples.distinct], ends, featured, nowhere, np.zeros((1, 0, 2)))
            return pencils, 2 * int(pencils.counts[:, D == 1 :].sum())
        anchors, spans, finite = [np.zeros(0, dtype=int)], [np.zeros((0, d - 2, d))], [np.zeros(0, dtype=int)]
        for rows, along in self._members(D - 2):
            anchors.append(samples.distinct_index[rows[:, -1]] if samples.bias else np.full(len(rows), -1))
            spans.append(wedge_vectors(samples, rows, along))
            finite.append(np.full(len(rows), rows.shape[1]))
        pencils = form_pencils(
            samples.X[samples.distinct], vectors, np.ones(d, dtype=bool),
            np.concatenate(anchors), np.concatenate(spans),
        )  # fmt: skip
        # an atom is seen from each flat in it that has an anchor: a lone sample can not be left out
        lone = samples.bias & (np.concatenate(finite) == 1)
        seen = pencils.counts[:, 0].sum() + pencils.counts[~lone, 1].sum()
        return pencils, 2 * round(seen / (D - 1) + pencils.counts[lone, 1].sum() / max(D - 2, 1))

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        stretches = -(-limit // max(len(self._pencils.anchors), 1))
        residual = self.samples.merged(residual)
        sweep = price(self._pencils, residual, self.norm, self.atoms_move, threshold, stretches)
        return Pricing(float(sweep.values.max(initial=0.0)), self._units(*sweep.best(limit)))

    def reach(self, residual: np.ndarray, slope: np.ndarray, reg: float) -> tuple[np.ndarray, float]:
        """The first atom to reach reg as reg falls and the residual moves along a line.

        With F and S the correlations of an atom with the residual and with its slope, the smallest δ ≥ 0 with
        |F + δ S| = reg − δ that is reached from below.

        Parameters
        ----------
        residual, slope : ndarray, shape (n, 1)
            v, and how much v changes as reg falls by 1.
        reg : float

        Returns
        -------
        unit : ndarray, shape (D,)
        delta : float
            Infinite if there is none.

        Source: geomnn theory, section 4.
        """
        merged = self.samples.merged(np.column_stack([residual, slope]))
        # what rounding makes of 1 + S for an atom that stays at reg
        slack = max(1e-9, 1e-13 * float(np.abs(slope).sum() * np.abs(self.samples.homogeneous).max()))
        sweep = reach(self._pencils, merged, reg, slack, self.norm)
        flats, directions = sweep.best(1)
        if not len(flats):
            return np.zeros(self.samples.D), np.inf
        return self._units(flats, directions)[0], -float(sweep.values.max())

    def _units(self, flats: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Units in centred coordinates of directions of pencils, shape (k, D)."""
        samples, pencils = self.samples, self._pencils
        units = pencils.lifted(flats, directions, self.norm)
        if samples.D <= 2:
            return units[:, : samples.D]
        return samples.through(units, samples.distinct[pencils.anchors[flats, None]])

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, self.norm, self.directions)


def _subsets(rows: np.ndarray, size: int, block: int = 2**15) -> Iterator[np.ndarray]:
    """All subsets of the given size in lexicographic order, in blocks of shape (block, size)."""
    subsets = combinations(rows.tolist(), size)
    while batch := list(islice(subsets, block)):
        yield np.fromiter(chain.from_iterable(batch), dtype=np.int64).reshape(len(batch), size)
