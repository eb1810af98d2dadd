"""The slopes of each sample of a relaxation by stars, eliminated one sample after the other: compiled inner loops.

In A'WA the slopes g_i of a sample meet f, μ and one another, but those of no other sample. With d_ij = x_i − x_j, the
weights w_ij of its pairs and a_i, b_i of its boxes g_i ≤ μ⁺ and −g_i ≤ μ⁻, the block of g_i is

    G_i = Σ_j w_ij d_ij d_ij' + diag(a_i + b_i) = L_i L_i',
    C_i = [ w_ij d_ij at f_j | −Σ_j w_ij d_ij at f_i | −diag(a_i) at μ⁺ | diag(b_i) at μ⁻ ],

and what is left on f and μ is the Laplacian of w and diagonals, less Σ_i C_i' G_i⁻¹ C_i. Samples are
numbered r = sign N + i.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.machine import compiled

__all__ = ["condensed", "expanded", "reduced", "slopes_of", "stretched"]

# relative to a diagonal entry, the least that a pivot may be: some roundings, so that no root is of a number below 0
LEAST_PIVOT = 1e-14


@compiled
def _cholesky(G: np.ndarray) -> None:
    """G := L in its lower triangle."""
    for p in range(len(G)):
        least = LEAST_PIVOT * G[p, p]
        for q in range(p):
            total = G[p, q]
            for e in range(q):
                total -= G[p, e] * G[q, e]
            G[p, q] = total / G[q, q]
        total = G[p, p]
        for e in range(p):
            total -= G[p, e] ** 2
        G[p, p] = np.sqrt(max(total, least))


@compiled
def _solve(L: np.ndarray, x: np.ndarray) -> None:
    """x := (L L')⁻¹ x."""
    d = len(x)
    for p in range(d):
        total = x[p]
        for q in range(p):
            total -= L[p, q] * x[q]
        x[p] = total / L[p, p]
    for p in range(d - 1, -1, -1):
        x[p] /= L[p, p]
        for q in range(p):
            x[q] -= L[p, q] * x[p]


@compiled
def _whiten(L: np.ndarray, K: np.ndarray, first: int) -> None:
    """K := L⁻¹ K, whose columns from the first on are those of the identity."""
    for p in range(len(L)):
        for q in range(p):
            factor = L[p, q]
            for k in range(first + q + 1):
                K[p, k] -= factor * K[q, k]
        for k in range(first + p + 1):
            K[p, k] /= L[p, p]


@compiled
def _gram(K: np.ndarray, first: int, T: np.ndarray) -> None:
    """T := K'K in its lower triangle; the columns from the first on are those of L⁻¹."""
    for x in range(K.shape[1]):
        for k in range(x + 1):
            T[x, k] = 0.0
        for p in range(max(0, x - first), K.shape[0]):
            factor = K[p, x]
            for k in range(x + 1):
                T[x, k] += factor * K[p, k]


@compiled
def _scatter(H: np.ndarray, T: np.ndarray, at: np.ndarray, above: np.ndarray, below: np.ndarray) -> None:
    """H −= C_i' G_i⁻¹ C_i, lower triangle, from T = K'K; at: the places of the columns of f."""
    m, d = len(at), len(above)
    n = len(H) - 2 * d
    for x in range(m):
        for k in range(x + 1):
            H[max(at[x], at[k]), min(at[x], at[k])] -= T[x, k]
    for l in range(d):  # noqa: E741
        plus, minus = n + l, n + d + l
        for k in range(m):
            H[plus, at[k]] += above[l] * T[m + l, k]
            H[minus, at[k]] -= below[l] * T[m + l, k]
        for e in range(l + 1):
            inverse = T[m + l, m + e]
            H[plus, n + e] -= above[l] * above[e] * inverse
            H[minus, n + d + e] -= below[l] * below[e] * inverse
            H[minus, n + e] += below[l] * above[e] * inverse
            if e < l:
                H[n + d + e, plus] += above[l] * below[e] * inverse


@compiled
def condensed(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    H: np.ndarray,
    L: np.ndarray,
) -> None:
    """H := A'WA on f and μ⁺, μ⁻ without the slopes, lower triangle; L := the factors of their blocks.

    Parameters
    ----------
    start : ndarray of int, shape (signs N + 1,)
    column : ndarray of int, shape (m,)
    D, w : ndarray, shapes (m, d) and (m,)
    above, below : ndarray, shape (signs N, d)
    H : ndarray, shape (signs, N + 2d, N + 2d)
    L : ndarray, shape (signs N, d, d)
    """
    d = D.shape[1]
    n = H.shape[1] - 2 * d
    H[:] = 0.0
    most = 0
    for r in range(len(L)):
        most = max(most, start[r + 1] - start[r])
    columns, product = np.empty((d, most + 1 + d)), np.empty((most + 1 + d, most + 1 + d))
    places = np.empty(most + 1, np.int64)
    for r in range(len(L)):
        h, G, i = H[r // n], L[r], r % n
        m = start[r + 1] - start[r]
        K, T, at = columns[:, : m + 1 + d], product[: m + 1 + d, : m + 1 + d], places[: m + 1]
        G[:] = 0.0
        K[:] = 0.0
        at[m] = i
        for k in range(m):
            e = start[r] + k
            j = column[e]
            at[k] = j
            h[i, i] += w[e]
            h[j, j] += w[e]
            h[max(i, j), min(i, j)] -= w[e]
            for p in range(d):
                weighed = w[e] * D[e, p]
                K[p, k] = weighed
                K[p, m] -= weighed
                for q in range(p + 1):
                    G[p, q] += weighed * D[e, q]
        for p in range(d):
            G[p, p] += above[r, p] + below[r, p]
            K[p, m + 1 + p] = 1.0
            h[n + p, n + p] += above[r, p]
            h[n + d + p, n + d + p] += below[r, p]
        _cholesky(G)
        _whiten(G, K, m + 1)
        _gram(K, m + 1, T)
        _scatter(h, T, at, above[r], below[r])


@compiled
def reduced(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    L: np.ndarray,
    g: np.ndarray,
    right: np.ndarray,
) -> None:
    """right −= C' G⁻¹ g, for the part g (signs N, d) of a right side, and the part on f and μ (signs, N + 2d)."""
    d = D.shape[1]
    n = right.shape[1] - 2 * d
    x = np.empty(d)
    for r in range(len(L)):
        s, i = r // n, r % n
        x[:] = g[r]
        _solve(L[r], x)
        for e in range(start[r], start[r + 1]):
            along = 0.0
            for p in range(d):
                along += D[e, p] * x[p]
            right[s, column[e]] -= w[e] * along
            right[s, i] += w[e] * along
        for p in range(d):
            right[s, n + p] += above[r, p] * x[p]
            right[s, n + d + p] -= below[r, p] * x[p]


@compiled
def expanded(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    L: np.ndarray,
    x: np.ndarray,
    g: np.ndarray,
) -> None:
    """g := G⁻¹ (g − C x), the slopes that belong to x on f and μ (signs, N + 2d)."""
    d = D.shape[1]
    n = x.shape[1] - 2 * d
    for r in range(len(L)):
        s, i = r // n, r % n
        for p in range(d):
            g[r, p] += above[r, p] * x[s, n + p] - below[r, p] * x[s, n + d + p]
        for e in range(start[r], start[r + 1]):
            weighed = w[e] * (x[s, column[e]] - x[s, i])
            for p in range(d):
                g[r, p] -= weighed * D[e, p]
        _solve(L[r], g[r])


@compiled
def stretched(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    n: int,
    f: np.ndarray,
    g: np.ndarray,
    out: np.ndarray,
) -> None:
    """out := f_i − f_j − g_i·(x_i − x_j) of each pair."""
    for r in range(len(g)):
        base = r - r % n
        for e in range(start[r], start[r + 1]):
            total = f[r] - f[base + column[e]]
            for p in range(D.shape[1]):
                total -= D[e, p] * g[r, p]
            out[e] = total


@compiled
def slopes_of(
    start: np.ndarray, column: np.ndarray, D: np.ndarray, n: int, z: np.ndarray, f: np.ndarray, g: np.ndarray
) -> None:
    """f and g += what multipliers z of the pairs give them: the adjoint of `stretched`."""
    for r in range(len(g)):
        base = r - r % n
        for e in range(start[r], start[r + 1]):
            f[r] += z[e]
            f[base + column[e]] -= z[e]
            for p in range(D.shape[1]):
                g[r, p] -= D[e, p] * z[e]
