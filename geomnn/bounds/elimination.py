"""The slopes of each sample of a relaxation by stars, eliminated one sample after the other: compiled inner loops.

In A'WA the slopes g_i of a sample meet f, a few variables y of the class and one another, but those of no other sample.
With d_ij = x_i − x_j, the weights w_ij of its pairs, and R_i and B_i of what bounds the slopes, the block of g_i is

    G_i = Σ_j w_ij d_ij d_ij' + R_i = L_i L_i',
    C_i = [ w_ij d_ij at f_j | −Σ_j w_ij d_ij at f_i | B_i at y ],

and what is left on f and y is the Laplacian of w and what y has of its own, less Σ_i C_i' G_i⁻¹ C_i. Of this,
B_i' G_i⁻¹ B_i is for the class to form. Samples are numbered r = sign N + i.

Source: geomnn theory, section 9.
"""

from __future__ import annotations

import numpy as np

from geomnn.machine import compiled

__all__ = ["boxed", "condensed", "coupled", "expanded", "inverted", "reduced", "slopes_of", "stretched"]

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
def _whiten(L: np.ndarray, K: np.ndarray) -> None:
    """K := L⁻¹ K."""
    for p in range(len(L)):
        for q in range(p):
            factor = L[p, q]
            for k in range(K.shape[1]):
                K[p, k] -= factor * K[q, k]
        for k in range(K.shape[1]):
            K[p, k] /= L[p, p]


@compiled
def _unwhiten(L: np.ndarray, K: np.ndarray) -> None:
    """K := L⁻ᵀ K."""
    for p in range(len(L) - 1, -1, -1):
        for k in range(K.shape[1]):
            K[p, k] /= L[p, p]
        for q in range(p):
            factor = L[p, q]
            for k in range(K.shape[1]):
                K[q, k] -= factor * K[p, k]


@compiled
def _take(H: np.ndarray, K: np.ndarray, at: np.ndarray) -> None:
    """H −= K'K in its lower triangle, the columns of K at their places."""
    row = np.empty(len(at))
    for x in range(len(at)):
        row[: x + 1] = 0.0
        for p in range(len(K)):
            factor = K[p, x]
            for k in range(x + 1):
                row[k] += factor * K[p, k]
        for k in range(x + 1):
            H[max(at[x], at[k]), min(at[x], at[k])] -= row[k]


@compiled
def condensed(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    L: np.ndarray,
    H: np.ndarray,
    Y: np.ndarray,
) -> None:
    """H := A'WA on f without the slopes, lower triangle, with L the factors of their blocks.

    Parameters
    ----------
    start : ndarray of int, shape (signs N + 1,)
    column : ndarray of int, shape (m,)
    D, w : ndarray, shapes (m, d) and (m,)
    L : ndarray, shape (signs N, d, d)
        R_i, whose place L_i takes.
    H : ndarray, shape (signs, at least N, at least N)
    Y : ndarray, shape (m, d)
        Where w_ij G_i⁻¹ d_ij is written.
    """
    d, n = D.shape[1], len(L) // len(H)
    H[:, :n, :n] = 0.0
    most = 0
    for r in range(len(L)):
        most = max(most, start[r + 1] - start[r])
    columns, places = np.empty((d, most + 1)), np.empty(most + 1, np.int64)
    for r in range(len(L)):
        h, G, i = H[r // n], L[r], r % n
        m = start[r + 1] - start[r]
        K, at = columns[:, : m + 1], places[: m + 1]
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
        _cholesky(G)
        _whiten(G, K)
        _take(h, K, at)
        _unwhiten(G, K)
        for k in range(m):
            for p in range(d):
                Y[start[r] + k, p] = K[p, k]


@compiled
def inverted(L: np.ndarray, inverses: np.ndarray) -> None:
    """G_i⁻¹ of all samples, (signs N, d, d), from their factors."""
    d = L.shape[1]
    F = np.empty((d, d))  # L⁻¹, by rows
    for r in range(len(L)):
        G = inverses[r]
        F[:] = 0.0
        G[:] = 0.0
        for p in range(d):
            for q in range(p):
                factor = L[r, p, q]
                for k in range(q + 1):
                    F[p, k] -= factor * F[q, k]
            F[p, p] = 1.0
            for k in range(p + 1):
                F[p, k] /= L[r, p, p]
            for q in range(p + 1):
                factor = F[p, q]
                for k in range(q + 1):
                    G[q, k] += factor * F[p, k]
        for p in range(d):
            for q in range(p):
                G[q, p] = G[p, q]


@compiled
def reduced(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    L: np.ndarray,
    g: np.ndarray,
    f: np.ndarray,
) -> None:
    """g := G⁻¹ g and f −= C' G⁻¹ g, for the parts g (signs N, d) and f (signs, N) of a right side."""
    n = f.shape[1]
    for r in range(len(L)):
        s, i = r // n, r % n
        _solve(L[r], g[r])
        for e in range(start[r], start[r + 1]):
            along = 0.0
            for p in range(D.shape[1]):
                along += D[e, p] * g[r, p]
            f[s, column[e]] -= w[e] * along
            f[s, i] += w[e] * along


@compiled
def expanded(
    start: np.ndarray,
    column: np.ndarray,
    D: np.ndarray,
    w: np.ndarray,
    L: np.ndarray,
    f: np.ndarray,
    g: np.ndarray,
) -> None:
    """g := G⁻¹ (g − C f), the slopes that belong to f (signs, N)."""
    n = f.shape[1]
    for r in range(len(L)):
        s, i = r // n, r % n
        for e in range(start[r], start[r + 1]):
            weighed = w[e] * (f[s, column[e]] - f[s, i])
            for p in range(D.shape[1]):
                g[r, p] -= weighed * D[e, p]
        _solve(L[r], g[r])


@compiled
def coupled(start: np.ndarray, column: np.ndarray, Y: np.ndarray, B: np.ndarray, H: np.ndarray) -> None:
    """H := −Σ_i C_i' G_i⁻¹ B_i between f and y, (signs, N, k), for B (signs N, d, k)."""
    n, k = H.shape[1:]
    H[:] = 0.0
    row = np.empty(k)
    for r in range(len(B)):
        h, i = H[r // n], r % n
        for e in range(start[r], start[r + 1]):
            row[:] = 0.0
            for p in range(Y.shape[1]):
                for q in range(k):
                    row[q] += Y[e, p] * B[r, p, q]
            for q in range(k):
                h[column[e], q] -= row[q]
                h[i, q] += row[q]


@compiled
def boxed(start: np.ndarray, column: np.ndarray, Y: np.ndarray, a: np.ndarray, H: np.ndarray) -> None:
    """What `coupled` does for B_i = diag(a_i), a (signs N, d)."""
    n = H.shape[1]
    H[:] = 0.0
    for r in range(len(a)):
        h, i = H[r // n], r % n
        for e in range(start[r], start[r + 1]):
            for p in range(Y.shape[1]):
                step = Y[e, p] * a[r, p]
                h[column[e], p] -= step
                h[i, p] += step


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
