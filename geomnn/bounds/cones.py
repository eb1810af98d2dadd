"""Branch and bound over simplicial cones, depth first, in compiled loops.

**L9.** With m = (r_p + r_q)/2 the cone of r_1..r_D is the union of those in which m stands in place of r_p, and of r_q:
if λ_p ≥ λ_q, then Σ λ_k r_k = (λ_p − λ_q) r_p + 2 λ_q m + the rest.

**Columns.** What is kept of a cell are the D × M numbers mass·a(r_k) of terms that change sign on it, in the order

    first ends of pairs | their second ends | P | N,

and the linear part L_k of those that are positive at all generators. A midpoint's column is the mean of two.

**Rounding.** Midpoints are exact reals; their columns are off by no more than (D + depth) 2⁻⁵³ of the sums of products
at the roots, and the sums over columns add as many roundings as they have terms. The slack in the terms is a multiple
of (M + D + depth) 2⁻⁵³ S, S the sum of the sizes of all terms, and is added to each l_k; what q·w(r_k) and ‖q‖ may be
off by is a multiple of (D + depth) 2⁻⁵³, and is taken off it.

Source: geomnn theory, section 9, L9.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geomnn.bounds.closing import DEEPEST, LINEAR, ROUNDOFF, decide, farthest, length, longest
from geomnn.machine import compiled

__all__ = ["CLOSED", "FULL", "OPEN", "REFUTED", "STUCK", "Stack", "Terms", "close"]

CLOSED, OPEN, FULL, REFUTED, STUCK = range(5)  # what a search of cells ends with
DEEP = 40  # splits of a cell where most is lost, which few cells need
PLAIN = 4  # splits after these, of which one is of the longest edge as such


class Terms(NamedTuple):
    """The terms of F for one sign of the residual, and the prisms that the cells begin with.

    Parameters
    ----------
    rows : ndarray, shape (D, M)
        mass·x̃_i, for first ends, second ends, P and N.
    pairs, wanted : int
        How many pairs, and how many P.
    low, high : ndarray, shape (d,)
        Per feature, −max_i x_il and −min_i x_il, rounded away from each other; empty without a bias.
    norm : int
        1, 2, and 0 for infinity.
    slack : float
        Of rounding, for each l_k.
    """

    rows: np.ndarray
    pairs: int
    wanted: int
    low: np.ndarray
    high: np.ndarray
    norm: int
    slack: float


class Stack(NamedTuple):
    """The cells of a search that are still to be looked at, and room to work in.

    Parameters
    ----------
    pool : ndarray, shape (room,)
        Their columns, one cell after the other.
    linear : ndarray, shape (DEEPEST + 2, D)
        L.
    generators : ndarray, shape (DEEPEST + 2, D, D)
        r_k.
    sizes : ndarray of int, shape (DEEPEST + 2, 5)
        Where its columns begin, pairs, P, columns in all, depth.
    block : ndarray, shape (D + 1, M)
        The columns of the cell at hand, and of a midpoint.
    cell : ndarray, shape (D + 1, D)
        Its generators, and a midpoint.
    game : ndarray, shape (8, D + 1)
        Per generator: L; L and what P adds; the sum of the bounds of the best mixture and its q·w; both for the last
        choice; λ; the softmax.
    choice : ndarray, shape (3, M)
        Per term, what was chosen.
    place : ndarray of int, shape (M,)
        Which columns are kept.
    unit : ndarray, shape (D,)
        The generator with the largest correlation that was met.
    tally : ndarray, shape (2,)
        The least T for which all cells of this root are closed, and the largest correlation.
    counts : ndarray of int, shape (3,)
        Cells on the stack, cells of this root, and how many numbers may still be read before a search returns.
    """

    pool: np.ndarray
    linear: np.ndarray
    generators: np.ndarray
    sizes: np.ndarray
    block: np.ndarray
    cell: np.ndarray
    game: np.ndarray
    choice: np.ndarray
    place: np.ndarray
    unit: np.ndarray
    tally: np.ndarray
    counts: np.ndarray

    @classmethod
    def empty(cls, D: int, columns: int) -> Stack:
        """A stack of no cells, for terms of so many columns."""
        depth, columns = DEEPEST + 2, max(columns, 1)
        shapes = [(4 * D * columns,), (depth, D), (depth, D, D), (depth, 5), (D + 1, columns), (D + 1, D)]
        shapes += [(8, D + 1), (3, columns), (columns,), (D,), (2,), (3,)]
        kinds = [int if place in (3, 8, 11) else float for place in range(12)]
        return cls(*(np.zeros(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)))

    def larger(self) -> Stack:
        """The same with a pool of twice the size."""
        return self._replace(pool=np.concatenate([self.pool, np.zeros_like(self.pool)]))


@compiled
def close(
    stack: Stack,
    terms: Terms,
    roots: np.ndarray,
    first: int,
    target: float,
    branch: bool,
    least: np.ndarray,
    looked: np.ndarray,
) -> Any:
    """Search root cones, one after the other, until one cannot be closed or the stack's counts end the search.

    Parameters
    ----------
    roots : ndarray of int
        Their numbers.
    first : int
        Which of them to begin or to go on with.
    target : float
        T.
    branch : bool
        Whether cells are split; if not, only the root itself is looked at.
    least : ndarray
        Where the least T for which a root is closed is written.
    looked : ndarray of int
        Where the number of its cells is written.

    Returns
    -------
    first : int
        The root that it came to.
    status : int
    """
    while first < len(roots):
        if stack.counts[0] == 0:
            if stack.counts[2] <= 0:
                return first, OPEN
            stack.tally[0] = 0.0
            stack.counts[1] = 0
            _plant(stack, terms, roots[first])
        status = _search(stack, terms, target, branch)
        if status != CLOSED:
            return first, status
        least[first] = stack.tally[0]
        looked[first] = stack.counts[1]
        first += 1
    return first, CLOSED


@compiled
def _plant(stack: Stack, terms: Terms, root: int) -> Any:
    """Put a root cone on the empty stack: an orthant of w, with a bias one simplex of the prism over it.

    The prism has the generators (s_l e_l, lower_l) and (s_l e_l, upper_l), [lower, upper] the range of −s_l x_il;
    simplex j has the lower ones of features up to j and the upper ones from j on.
    """
    rows, cell, game = terms.rows, stack.cell, stack.game
    D, M = rows.shape
    d = len(terms.low) if len(terms.low) else D
    orthant, cut = (root // d, root % d) if d < D else (root, D)
    cell[:D] = 0.0
    game[LINEAR, :D] = 0.0
    for k in range(D):
        axis = k if k <= cut else k - 1
        sign = -1.0 if (orthant >> axis) & 1 else 1.0
        cell[k, axis] = sign
        for i in range(M):
            stack.block[k, i] = sign * rows[axis, i]
        if d < D:
            lower = terms.low[axis] if sign > 0 else -terms.high[axis]
            upper = terms.high[axis] if sign > 0 else -terms.low[axis]
            cell[k, d] = lower if k <= cut else upper
            for i in range(M):
                stack.block[k, i] += cell[k, d] * rows[d, i]
    stack.counts[2] -= D * M
    for k in range(D):
        _meet(stack, terms, k, terms.pairs, terms.wanted, M)
    _push(stack, 0, terms.pairs, terms.wanted, M, 0)


@compiled
def _search(stack: Stack, terms: Terms, target: float, branch: bool) -> Any:
    """Look at the cells on the stack and their children until none is left, and say how it ended."""
    D = stack.cell.shape[1]
    while stack.counts[0] > 0:
        if stack.counts[2] <= 0:
            return OPEN
        top = stack.counts[0] - 1
        start, t, s, m, depth = stack.sizes[top]
        if start + 2 * D * m > len(stack.pool):  # for two children
            return FULL
        _take(stack, top, start, m)
        stack.counts[0] = top
        stack.counts[1] += 1
        stack.counts[2] -= D * (m + 10 * D)
        closed, least = decide(stack, terms, t, s, m, target)
        if closed or not branch:
            stack.tally[0] = max(stack.tally[0], least)
            continue
        if depth >= DEEP and depth % PLAIN == 0:
            p, q = farthest(stack, terms, m, target)
        else:
            p, q = longest(stack, terms, m, target)
        _halve(stack, p, q, m)
        _meet(stack, terms, D, t, s, m)
        if stack.tally[1] * (1.0 - 8 * ROUNDOFF) > target:
            return REFUTED
        if depth >= DEEPEST:
            return STUCK
        for replaced in (p, q):
            _exchange(stack, replaced, m)
            start += _push(stack, start, t, s, m, depth + 1)
            _exchange(stack, replaced, m)
    return CLOSED


@compiled
def _take(stack: Stack, top: int, start: int, m: int) -> Any:
    """Copy a cell of the stack to where it is worked on."""
    D = stack.cell.shape[1]
    stack.cell[:D] = stack.generators[top]
    stack.game[LINEAR, :D] = stack.linear[top]
    for k in range(D):
        stack.block[k, :m] = stack.pool[start + k * m : start + (k + 1) * m]


@compiled
def _halve(stack: Stack, p: int, q: int, m: int) -> Any:
    """The midpoint of an edge, as the last of the generators at hand."""
    D = stack.cell.shape[1]
    stack.cell[D] = 0.5 * (stack.cell[p] + stack.cell[q])
    stack.game[LINEAR, D] = 0.5 * (stack.game[LINEAR, p] + stack.game[LINEAR, q])
    first, second, middle = stack.block[p, :m], stack.block[q, :m], stack.block[D, :m]
    for i in range(m):
        middle[i] = 0.5 * (first[i] + second[i])


@compiled
def _meet(stack: Stack, terms: Terms, k: int, t: int, s: int, m: int) -> Any:
    """Note the correlation of one of the generators at hand, if it is the largest."""
    row, value = stack.block[k], stack.game[LINEAR, k]
    for i in range(t):
        value += max(row[i], 0.0)
    for i in range(t, 2 * t):
        value -= max(row[i], 0.0)
    for i in range(2 * t, 2 * t + s):
        value += max(row[i], 0.0)
    for i in range(2 * t + s, m):
        value -= max(row[i], 0.0)
    size = length(stack, terms, k)
    if value - terms.slack > stack.tally[1] * size:
        stack.tally[1] = (value - terms.slack) / size
        stack.unit[:] = stack.cell[k] / size


@compiled
def _exchange(stack: Stack, k: int, m: int) -> Any:
    """Let a generator and the midpoint change places."""
    D = stack.cell.shape[1]
    game, one, other = stack.game, stack.block[k, :m], stack.block[D, :m]
    game[LINEAR, k], game[LINEAR, D] = game[LINEAR, D], game[LINEAR, k]
    for i in range(m):
        one[i], other[i] = other[i], one[i]
    for axis in range(D):
        stack.cell[k, axis], stack.cell[D, axis] = stack.cell[D, axis], stack.cell[k, axis]


@compiled
def _push(stack: Stack, start: int, t: int, s: int, m: int, depth: int) -> Any:
    """Put the cell at hand on the stack, and return how many numbers its columns are.

    Terms of one sign at all generators become linear or vanish; a pair with one such end leaves its other end alone.
    """
    D, top, end = stack.cell.shape[1], stack.counts[0], 2 * t + s
    low, high, added = stack.choice[0], stack.choice[1], stack.choice[2]
    low[:m] = stack.block[0, :m]
    high[:m] = stack.block[0, :m]
    for k in range(1, D):
        row = stack.block[k]
        for i in range(m):
            low[i], high[i] = min(low[i], row[i]), max(high[i], row[i])
    for i in range(m):
        kept, active = low[i] < 0.0 < high[i], high[i] > 0.0
        low[i] = 1.0 if kept else 0.0
        added[i] = 0.0 if kept or not active else (1.0 if i < t or 2 * t <= i < end else -1.0)
    for k in range(D):
        row, total = stack.block[k], 0.0
        for i in range(m):
            total += added[i] * row[i]
        stack.linear[top, k] = stack.game[LINEAR, k] + total
    stack.generators[top] = stack.cell[:D]
    pairs, wanted, columns = _order(low, stack.place, t, end, m)
    place = stack.place[:columns]
    for k in range(D):
        row, to = stack.block[k], stack.pool[start + k * columns : start + (k + 1) * columns]
        for i in range(columns):
            to[i] = row[place[i]]
    sizes = stack.sizes[top]
    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4] = start, pairs, wanted, columns, depth
    stack.counts[0] = top + 1
    return D * columns


@compiled
def _order(kept: np.ndarray, place: np.ndarray, t: int, end: int, m: int) -> Any:
    """Where the columns that are kept come from, and how many pairs, P and columns they are."""
    pairs, wanted, columns = 0, 0, 0
    for i in range(t):
        first, second = kept[i] > 0.0, kept[t + i] > 0.0
        pairs += 1 if first and second else 0
        wanted += 1 if first and not second else 0
        columns += (1 if first else 0) + (1 if second else 0)
    for i in range(2 * t, m):
        wanted += 1 if kept[i] > 0.0 and i < end else 0
        columns += 1 if kept[i] > 0.0 else 0
    pair, one, other = 0, 2 * pairs, 2 * pairs + wanted
    for i in range(t):
        first, second = kept[i] > 0.0, kept[t + i] > 0.0
        if first and second:
            place[pair], place[pairs + pair] = i, t + i
            pair += 1
        elif first:
            place[one] = i
            one += 1
        elif second:
            place[other] = t + i
            other += 1
    for i in range(2 * t, m):
        if kept[i] > 0.0 and i < end:
            place[one] = i
            one += 1
        elif kept[i] > 0.0:
            place[other] = i
            other += 1
    return pairs, wanted, columns
