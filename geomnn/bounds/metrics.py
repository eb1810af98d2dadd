"""Plans in a metric: what a plan proves for p = 2.

With g = Σ π d, the sum over the edges, d = x_i − x_j, and any lengths τ > 0, as (t)_+ = (t + |t|)/2 and
|t| ≤ τ/2 + t²/(2τ),

    Σ π (w·d)_+ ≤ g·w/2 + ¼ Σ π τ + ¼ w'S w,   S = Σ π d d'/τ,

whose maximum over ‖w‖_2 = 1 is at most μ + ¼ Σ π τ + Σ_k (g·e_k)²/(16 (μ − λ_k/4)) for every μ above the eigenvalues
λ_k/4 of S/4, with its eigenvectors e_k. The best lengths are those of a metric, τ² = d'W d, where W maximises a concave
function over W ⪰ ww', tr W = 1; steps of Frank and Wolfe lead to it, each of which gives a bound.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

__all__ = ["metric_bound"]

EPS = float(np.finfo(float).eps)
METRIC_STEPS = 60  # of Frank and Wolfe at most
METRIC_GAP = 1e-3  # the relative gap at which they end
# relative to the longest edge, the least length, so that none is divided by 0: any above 0 is right
SHORTEST = 1e-9


def metric_bound(steps: np.ndarray, masses: np.ndarray) -> float:
    """The most that Σ π (w·d)_+ can be over ‖w‖_2 = 1, or a little more.

    Parameters
    ----------
    steps : ndarray, shape (k, d)
        The edges d.
    masses : ndarray, shape (k,)
        π ≥ 0.

    Source: geomnn theory, section 9.
    """
    squares = np.sum(steps**2, axis=1)
    longest = float(np.sqrt(squares.max(initial=0.0)))
    if longest == 0 or not masses.any():
        return 0.0
    dimension = steps.shape[1]
    pull, best = masses @ steps / 2, np.inf
    metric, weight = (steps * masses[:, None]).T @ steps, np.zeros(dimension)
    metric /= np.trace(metric)
    for k in range(METRIC_STEPS):
        lengths = np.sqrt(np.maximum(np.sum((steps @ metric) * steps, axis=1), (SHORTEST * longest) ** 2))
        stretch = (steps * (masses / lengths / 4)[:, None]).T @ steps
        rest = float(masses @ lengths) / 4
        corner, top = _largest(stretch, pull)
        sizes = float(masses @ np.sqrt(squares)) / 2 + rest + float(masses @ (squares / lengths)) / 4
        best = min(best, top + rest + EPS * (len(masses) + 16 * dimension) * sizes)
        if top + rest - (float(pull @ weight) + 2 * rest) < METRIC_GAP * best:
            break
        share = 2 / (k + 3)
        metric = (1 - share) * metric + share * np.outer(corner, corner)
        weight = (1 - share) * weight + share * corner
    return best


def _largest(stretch: np.ndarray, pull: np.ndarray) -> tuple[np.ndarray, float]:
    """A maximiser of w'Sw + g·w over ‖w‖_2 = 1, and a bound that it reaches but for rounding."""
    values, vectors = np.linalg.eigh(stretch)
    along = (pull @ vectors) / 2
    top, size = float(values[-1]), float(np.linalg.norm(along))
    low = top + EPS * len(values) * max(abs(top), size)

    def excess(level: float) -> float:
        return float(np.sum((along / (level - values)) ** 2)) - 1.0

    level = low if excess(low) <= 0 else float(brentq(excess, low, low + size, xtol=1e-300, rtol=1e-14))
    weight = along / (level - values)
    missing = max(1.0 - float(weight @ weight), 0.0)
    weight[-1] += np.copysign(np.sqrt(weight[-1] ** 2 + missing) - abs(weight[-1]), weight[-1])
    weight = vectors @ weight
    return weight / np.linalg.norm(weight), level + float(np.sum(along**2 / (level - values)))
