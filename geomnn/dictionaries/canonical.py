"""Canonical names of atoms: of all sets of samples and directions that span a flat the lexicographically first.

Source: geomnn theory, sections 1 and 2, equations (1), (2) and (2b).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice

import numpy as np

from geomnn.atoms import Atom, PartialWedge
from geomnn.errors import DataError
from geomnn.norms import Direction, ball
from geomnn.rows.members import Members
from geomnn.samples import Samples, sums_of_products

__all__ = ["name_atom", "name_error", "units_through", "wedge_vectors"]

# (how close to the hyperplane a sample lies on it, how far from a span a vector is independent of it): above rounding;
# then for near-duplicates some 1e-12 and some 1e-13 apart, of which one spans what is to be named
NAME_TOLERANCES = ((1e-10, 1e-9), (1e-12, 1e-11), (1e-14, 1e-13))
# NEARBY: relative to the terms of w·x + b. Where samples are closer still, all sets of what is so near are tried, up to
# so many, and the one that gives the unit back counts: wide enough for all that rounding can hide, as trying is safe
NEARBY, MOST_NEARBY = 1e-8, 20_000
FAR_FROM_AXIS = (
    0.1  # part of an axis in a span from which on its basis is made anew, so that rounding does not grow
)

TUPLE = 100_000  # samples up to which the active ones of a name are listed one by one, at some 40 bytes each


def wedge_vectors(samples: Samples, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The vectors of a wedge: differences to the last row with bias, rows without; then directions.

    Without a bias a row that is near the last one gives way to their difference, which changes no wedge: those of rows
    far from the origin are nearly parallel, and rounding would hide their volume.

    Parameters
    ----------
    rows : ndarray of int, shape (…, s)
    directions : ndarray, shape (…, q, d)

    Returns
    -------
    ndarray, shape (…, s − 1 + q, d) with bias, (…, s + q, d) without.
    """
    X = samples.X
    spanned = X[rows[..., :-1]] - X[rows[..., -1:]]
    if not samples.bias:
        first, last = X[rows[..., :-1]], X[rows[..., -1:]]
        off, away = (np.linalg.norm(vectors, axis=-1, keepdims=True) for vectors in (spanned, first))
        spanned = np.concatenate([np.where(off < away / 2, spanned, first), last], axis=-2)
    return np.concatenate([spanned, directions], axis=-2)


def units_through(samples: Samples, rows: np.ndarray, directions: np.ndarray, norm: float) -> np.ndarray:
    """Units u = ⋆(wedge)/‖·‖_p in centred coordinates, shape (…, D); zero where the wedge is zero.

    Through samples, rows (…, s), at least one with a bias, and orthogonal to directions (…, q, d), s + q = D − 1:
    for d = 1 without a bias none of both, shapes (…, 0) and (…, 0, 1). Geomnn theory, section 1, equation (1).
    """
    from geomnn.algebra import cross_product  # which loads SymPy, and a network in floats needs no product

    weights = cross_product(wedge_vectors(samples, rows, directions), unit=True)
    length = ball(norm).length(weights)[..., None]
    weights = np.divide(weights, length, out=np.zeros_like(weights), where=length > 0)
    return samples.through(weights, rows)


def name_atom(
    samples: Samples,
    unit: np.ndarray,
    norm: float,
    directions: Sequence[Direction] = (),
    residual: np.ndarray | None = None,
) -> Atom:
    """The atom at a unit neuron, under its canonical name.

    Of all sets of samples, then directions, that span the flat to which the unit is orthogonal, the lexicographically
    first is taken: the greedy basis. If it spans a hyperplane the atom is a wedge, computed anew, else a partial one.

    Parameters
    ----------
    unit : ndarray, shape (D,)
        In centred coordinates, ‖w‖_p = 1.
    directions : sequence of Direction
        The directions that a name may use.
    residual : ndarray, shape (n, c), optional
        v, if the atom may be a partial wedge, which takes its direction from v.

    Raises
    ------
    DataError
        If samples are so close that rounding hides which of them the atom touches, or nothing spans its hyperplane.

    Source: geomnn theory, sections 1 and 2.
    """
    for members, ideal in _bases(samples, unit, directions):
        if len(members) + len(ideal) == samples.D - 1:
            atom = _wedge(samples, unit, norm, members, ideal)
        elif residual is not None:
            atom = _partial_wedge(samples, unit, norm, members, residual)
        else:
            continue
        if _gives_back(atom, unit, samples):
            return atom
    raise DataError(
        "Rounding hides which samples span the hyperplane of a neuron"
        + ", or samples and directions do not span it"
        * all(len(j + e) < samples.D - 1 for j, e in _bases(samples, unit, directions))
        + ": some are nearly equal, or nearly dependent (as far from the origin without a bias). Centre the features, "
        "or merge near-duplicates."
    )


def name_error(samples: Samples, atom: Atom, residual: np.ndarray) -> float:
    """How far an atom is from the one that its name gives, relative: rounding for a wedge.

    For a partial wedge ‖R Rᵀw − σ₁² w‖_2/σ₁², R = reject(G, ∧_J), which is the sine of the angle for one output, or
    how far its hyperplane is from the sample that it is said to pass through, beside the largest one, if that is more.

    Parameters
    ----------
    atom : Atom
    residual : ndarray, shape (n, c)
        v.

    Source: geomnn theory, section 2, (2) and (2b).
    """
    if not isinstance(atom, PartialWedge):
        return 0.0
    rows, members = list(atom.active), list(atom.samples)
    anchor = samples.X[members[-1]] if samples.bias and members else np.zeros(samples.d)
    spanned = samples.X[members[:-1] if samples.bias else members] - anchor
    v = np.zeros_like(residual)
    v[rows] = residual[rows]
    gradient = samples.pulled(v)[: samples.d] - np.outer(anchor - samples.centre, v.sum(axis=0))
    basis = np.linalg.qr(spanned.T / np.maximum(np.linalg.norm(spanned, axis=1), 1e-300))[0]
    for _ in range(2):
        gradient = gradient - basis @ (basis.T @ gradient)
    largest = np.linalg.norm(gradient, 2) ** 2
    if not largest:
        return 1.0
    off = (
        abs(atom.bias + atom.weight @ anchor) / (np.linalg.norm(samples.extent[: samples.d]) or 1.0)
        if samples.bias
        else 0.0
    )
    return max(
        float(np.linalg.norm(gradient @ (gradient.T @ atom.weight) / largest - atom.weight)), float(off)
    )


def _gives_back(atom: Atom, unit: np.ndarray, samples: Samples) -> bool:
    """Whether the weight that a name stands for is the weight that was to be named, and with each feature's size too.

    A weight that is tiny beside the others may be that of a feature which is large beside the others.
    """
    weight = unit[: len(atom.weight)]
    off, size = np.abs(atom.weight - weight), np.abs(weight)
    return all((scale * off).max() <= 1e-6 * (scale * size).max() for scale in (1.0, _sizes(samples)))


def _sizes(samples: Samples) -> np.ndarray:
    """The largest entry of each feature, centred; of one that is zero everywhere that of all."""
    sizes = samples.extent[: samples.d]
    return np.where(sizes == 0, sizes.max() or 1.0, sizes)


def _touching(
    samples: Samples, unit: np.ndarray, directions: Sequence[Direction], tolerance: float
) -> tuple[list[int], list[Direction]]:
    """The samples and the directions to which a unit is orthogonal, in order."""
    incidence, weight = samples.incidences(unit, tolerance), unit[: samples.d].tolist()
    rows = samples.touching(incidence).tolist()
    size = tolerance * max(map(abs, weight))
    return rows, [e for e in directions if -size <= weight[e.first] + e.sign * weight[e.second] <= size]


def _wedge(
    samples: Samples, unit: np.ndarray, norm: float, members: tuple[int, ...], ideal: tuple[Direction, ...]
) -> Atom:
    from geomnn.algebra import cross_product  # as above

    axes = [
        e.first for e in ideal if not e.sign
    ]  # on which the weight is 0, so that the others are all there is to it
    free = np.setdiff1d(np.arange(samples.d), axes)
    vectors = np.array([e.vector(samples.d) for e in ideal if e.sign]).reshape(-1, samples.d)
    weight = np.zeros(samples.d)
    weight[free] = cross_product(
        wedge_vectors(samples, np.array(members, dtype=int), vectors)[:, free], unit=True
    )
    weight *= _sign(_order(ideal)) * _sign([*free.tolist(), *axes])  # that of the wedge of all
    length = float(ball(norm).length(weight))
    orientation = 1 if weight @ unit[: samples.d] >= 0 else -1
    weight = orientation * weight / (length or 1.0) + 0.0
    bias = _bias_through(samples, members[-1], weight) if samples.bias else 0.0
    return Atom(weight, bias, members, ideal, orientation, samples.bias, norm)


def _order(ideal: Sequence[Direction]) -> list[int]:
    """The places of directions, those that are axes behind the others."""
    return sorted(range(len(ideal)), key=lambda k: not ideal[k].sign)


def _sign(places: Sequence[int]) -> int:
    """The sign of a permutation of 0, 1, …"""
    left, sign = list(places), 1
    for k in range(len(left)):
        while left[k] != k:
            other = left[k]
            left[k], left[other] = left[other], other
            sign = -sign
    return sign


def _bias_through(samples: Samples, anchor: int, weight: np.ndarray) -> float:
    """b = −w·x_a, rounded once."""
    return float(sums_of_products(-weight[None], samples.X[anchor], np.zeros(1))[0]) + 0.0


def _partial_wedge(
    samples: Samples, unit: np.ndarray, norm: float, members: tuple[int, ...], residual: np.ndarray
) -> Atom:
    incidence = samples.incidences(unit)
    active = np.flatnonzero(incidence > 0)
    outputs = residual.shape[1]
    along = float(residual[active, 0] @ incidence[active])
    orientation = -1 if outputs == 1 and along < 0 else 1  # a singular vector has no sign of its own
    weight = unit[: samples.d].copy()
    bias = _bias_through(samples, members[-1], weight) if samples.bias and members else samples.bias_of(unit)
    if samples.bias and not members:  # near an atom through the sample next to it
        members = (int(np.argmin(np.abs(incidence))),)
    rows = Members(active, samples.n) if samples.n > TUPLE else tuple(active.tolist())
    return PartialWedge(weight, bias, members, (), orientation, samples.bias, norm, rows, outputs)


def _bases(
    samples: Samples, unit: np.ndarray, directions: Sequence[Direction]
) -> Iterator[tuple[tuple[int, ...], tuple[Direction, ...]]]:
    """What may span the hyperplane of a unit: greedy bases, then all sets, each of samples before directions."""
    for tolerances in NAME_TOLERANCES:
        yield _canonical_members(samples, unit, directions, *tolerances)
    rows, touching = _touching(samples, unit, directions, NEARBY)
    for chosen in islice(combinations([*rows, *touching], samples.D - 1), MOST_NEARBY):
        members = tuple(j for j in chosen if isinstance(j, int))
        if members or not samples.bias:
            yield members, tuple(e for e in chosen if isinstance(e, Direction))


def _without(found: np.ndarray, axis: int) -> np.ndarray:
    """Orthonormal rows of the same span with e_axis, but for it: (I − q qᵀ)^(−1/2) of the rows without their q."""
    q, rest = found[:, axis].copy(), found.copy()
    rest[:, axis] = 0.0
    square = q @ q
    if square > FAR_FROM_AXIS:
        rest = np.linalg.qr(rest.T)[0].T
        rest[:, axis] = 0.0  # which rounding may not leave it
    elif square > 0:
        rest = rest + ((1 / np.sqrt(1 - square) - 1) / square * q)[:, None] * (q @ rest)
    return rest


def _canonical_members(
    samples: Samples, unit: np.ndarray, directions: Sequence[Direction], tolerance: float, independence: float
) -> tuple[tuple[int, ...], tuple[Direction, ...]]:
    """The greedy basis of the flat: what touches the hyperplane in order, while it is independent."""
    d = samples.d
    rows, touching = _touching(samples, unit, directions, tolerance)
    scale = np.where(samples.extent[:d] == 0, 1.0, samples.extent[:d])
    anchored = int(samples.bias and bool(rows))
    spanned = samples.X[rows[1:]] - samples.X[rows[:1]] if anchored else samples.X[rows]
    # of what the axes in use are orthogonal to the others span `found`, so that many of them take no more algebra
    found, taken = np.zeros((0, d)), list[int]()
    chosen: list[int] = []
    for position, member in enumerate([*spanned, *touching]):
        if len(chosen) == samples.D - 1 - anchored:
            break
        axis = isinstance(member, Direction) and not member.sign
        rest = (member.vector(d) if isinstance(member, Direction) else member) / scale
        rest = rest / np.linalg.norm(rest)
        rest[taken] = 0.0
        for _ in range(2):
            rest = rest - (found @ rest) @ found
        length = np.linalg.norm(rest)
        if length > independence:
            chosen.append(position)
            if axis:
                found = _without(found, member.first)
                taken.append(member.first)
            else:
                found = np.vstack([found, rest / length])
    members = rows[:anchored] + [rows[k + anchored] for k in chosen if k < len(spanned)]
    return tuple(members), tuple(touching[k - len(spanned)] for k in chosen if k >= len(spanned))
