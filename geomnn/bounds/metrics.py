"""Plans in a metric: what a plan proves for p = 2.

What it says is a sum over lines, the edges π_ij (x_i − x_j) of transport or the q_i of stars, with Σ q for their sum:

    Σ_i (w·q_i)_+ = ½ Σ_i |w·q_i| + ½ w·Σq ≤ ½ Σ |w·q|, over the q_i and Σq,
    ½ Σ |w·q| ≤ ¼ Σ τ + ¼ w'S w ≤ ¼ Σ τ + ¼ λ(S),   S = Σ q q'/τ,   ‖w‖_2 = 1,

for any lengths τ > 0, as |t| ≤ τ/2 + t²/(2τ), with the largest eigenvalue λ. The best lengths are those of a metric,
τ² = q'W q, where W maximises ½ Σ (q'W q)^½, a concave function, over the W ⪰ 0 with tr W = 1: it is no larger than any
of these bounds, and the largest one equals the least. Steps of Frank and Wolfe lead to it, each of which gives a bound.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

__all__ = ["best_lengths", "metric_bound"]

EPS = float(np.finfo(float).eps)
METRIC_STEPS = 60  # of Frank and Wolfe at most
METRIC_GAP = 1e-5  # the relative gap at which they end
WARM = 30  # steps as which a metric counts that is given, so that those that follow do not lose it
# relative to the longest line, the least length, so that none is divided by 0: any above 0 is right
SHORTEST = 1e-9


def metric_bound(lines: np.ndarray, metric: np.ndarray | None = None) -> float:
    """The most that Σ (w·q)_+ can be over ‖w‖_2 = 1, or a little more.

    Parameters
    ----------
    lines : ndarray, shape (k, d)
        q.
    metric : ndarray, shape (d, d), optional
        W, not of trace 1, to begin with.

    Source: geomnn theory, section 9.
    """
    return best_lengths(lines, metric)[0]


def best_lengths(lines: np.ndarray, metric: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """`metric_bound`, and the τ of the lines and their sum that it comes of, shape (k + 1,).

    Parameters
    ----------
    lines, metric
        As there.
    """
    size = np.abs(lines).max(initial=0.0)
    if size == 0:
        return 0.0, np.zeros(len(lines) + 1)
    # in a unit, a power of two, in which squares neither vanish nor overflow
    unit = float(np.ldexp(1.0, int(np.frexp(size)[1])))
    most, lengths = _best(lines / unit, metric)
    return most * unit, lengths * unit


def _best(lines: np.ndarray, metric: np.ndarray | None) -> tuple[float, np.ndarray]:
    """`best_lengths` of lines whose largest entry is of size 1."""
    given = float(np.linalg.norm(lines, axis=1).sum()) / 2
    lines = np.vstack([lines, lines.sum(axis=0)])
    squares, (count, dimension) = np.sum(lines**2, axis=1), lines.shape
    longest, best = float(np.sqrt(squares.max())), (np.inf, np.zeros(count))
    first, metric = (0, lines.T @ lines) if metric is None else (WARM, metric)
    metric = metric / np.trace(metric)
    for k in range(first, first + METRIC_STEPS):
        lengths = np.sqrt(np.maximum(np.sum((lines @ metric) * lines, axis=1), (SHORTEST * longest) ** 2))
        values, vectors = np.linalg.eigh((lines / lengths[:, None]).T @ lines)
        total, trace = float(lengths.sum()), float((squares / lengths).sum())
        rounding = EPS * (count + 16 * dimension) * (given + (total + trace) / 4)
        best = min(best, ((total + float(values[-1])) / 4 + rounding, lengths), key=lambda each: each[0])
        if best[0] - total / 2 < METRIC_GAP * best[0]:
            break
        share = 2 / (k + 3)
        metric = (1 - share) * metric + share * np.outer(vectors[:, -1], vectors[:, -1])
    return best
