"""Chambers: every neuron is a sum of wedges of samples that are active where it is.

The neurons with the signs of u on the samples, and on the directions of ‖·‖_p, are a cone K = {r : G r ≥ 0}. On it
outputs and norm are linear, and its extreme rays are orthogonal to D − 1 independent rows of G: wedges. So

    u = Σ_k c_k r_k,  c_k > 0,  at most D of them,   (x̃_i·u)_+ = Σ_k c_k (x̃_i·r_k)_+,   ‖w(u)‖_p = Σ_k c_k ‖w(r_k)‖_p,

the norm for p = 1 and ∞ only.

Source: geomnn theory, section 6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from geomnn.errors import DataError
from geomnn.norms import ball
from geomnn.rewriting.cone import EXACT, NO_PART, Cone, Rows
from geomnn.samples import Samples

__all__ = ["Parts", "split"]

TRIES = 10  # random ways down, where rounding hides one


@dataclass(frozen=True, eq=False)
class Parts:
    """A neuron as a sum of unit wedges, Σ_k c_k r_k + (0, constant).

    Parameters
    ----------
    coefficients : ndarray, shape (m,)
        c_k > 0.
    units : ndarray, shape (m, D)
        r_k in centred coordinates, ‖w‖_p = 1.
    constant : float
        What the ray (0, 1) adds on every sample; 0 unless all are active.
    """

    coefficients: np.ndarray
    units: np.ndarray
    constant: float


def split(samples: Samples, neurons: Iterable[np.ndarray], norm: float) -> list[Parts]:
    """Neurons as sums of wedges with the same outputs on the samples, and for p = 1 and ∞ the same norm.

    Parameters
    ----------
    samples : Samples
    neurons : iterable of ndarray, shape (D,)
        (w, b) in centred coordinates.
    norm : float
        p. For p = 2 chambers are those of the samples alone (and of e_l where samples do not span them), so that
        Σ c_k ‖w(r_k)‖_2 may be above ‖w‖_2.

    Returns
    -------
    list of Parts
        Without any where the neuron is active on no sample.

    Raises
    ------
    DataError
        If rounding hides the chamber.

    Source: geomnn theory, section 6.
    """
    rows = Rows(samples, norm)
    return [_split(rows, samples, neuron, norm) for neuron in neurons]


def _split(rows: Rows, samples: Samples, neuron: np.ndarray, norm: float) -> Parts:
    D, d, scale = samples.D, samples.d, rows.scale
    incidences = samples.incidences(neuron, EXACT)  # what is taken for zero has a part in the sum of rays
    if not (incidences > 0).any():
        return Parts(np.zeros(0), np.zeros((0, D)), 0.0)
    point = neuron * scale
    along = rows.walls @ point
    along[np.abs(along) <= NO_PART * np.abs(rows.walls) @ np.abs(point)] = 0.0
    values = np.concatenate([incidences[samples.distinct], along]) / rows.length
    rays, shares = _all_rays(rows, values, point)
    rays[np.abs(rays) <= NO_PART * np.abs(rays).max(axis=1, keepdims=True)] = 0.0
    rays = rays / scale
    size = ball(norm).length(rays[:, :d])
    flat = size * scale[:d].max() <= NO_PART * np.abs(rays * scale).max(axis=1)
    constant = float(shares[flat] @ rays[flat, -1]) if samples.bias else 0.0
    return Parts((shares * size)[~flat], rays[~flat] / size[~flat, None], constant)


def _all_rays(rows: Rows, values: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Extreme rays of the chamber of a point, where the rows have these values, and how much of each is in it."""
    rays, close = np.zeros((0, len(point))), 10 * EXACT * np.linalg.norm(point)
    for seed in range(TRIES):  # where rounding hides the way, others are gone
        found, shares = Cone(rows, values, seed).rays()
        if np.linalg.norm(shares @ found - point) <= close:
            return found, shares
        rays = np.vstack([rays, found])
        shares, left = nnls(rays.T, point / close)  # which has an absolute tolerance
        if left <= 1.0:
            return rays[shares > 0], shares[shares > 0] * close
    raise DataError(
        "Rounding hides the chamber of a neuron: some samples are nearly equal, or nearly dependent. Centre the "
        "features, or merge near-duplicates."
    )
