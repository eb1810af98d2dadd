"""Whether a cell is closed: F(u) ≤ T ‖w‖ at all of its points, by a matrix game; and the edge to halve if it is not.

A cell is spanned by D generators r_k; each of its points is u = Σ λ_k r_k with λ ≥ 0, and with a_i = x̃_i·u

    F(u) = Σ_pairs m ((a_i)_+ − (a_j)_+) + Σ_P |v_i| (a_i)_+ − Σ_N |v_i| (a_i)_+.

**L8.** Each term has upper bounds that are convex and homogeneous on the cell, and so at most Σ λ_k times what they are
at r_k: P itself; N is at most −θ |v_i| a_i, θ in {0, 1}; a pair is at most m (a_i − a_j)_+, as (·)_+ is subadditive, or
m (a_i)_+ − θ m a_j. **L10.** −T ‖w‖ ≤ −T q·w for ‖q‖_{p*} ≤ 1. For any choice of these,

    F(u) − T ‖w‖ ≤ Σ λ_k l_k,   l_k = the sum of the bounds at r_k − T q·w(r_k),

and the cell is closed where max_k l_k ≤ 0. Averages of choices are bounds as well, so that this is a matrix game: one
player mixes choices, the other λ. At each λ the best choices are known term by term, and h = Σ λ_k l_k is then the
least that any mixture has there: with h > 0 no mixture closes the cell.

What these functions work on is the stack of `geomnn.bounds.cones`, whose columns are in the order first ends of pairs,
second ends, P, N: t, t, s and the rest of m.

Source: geomnn theory, section 9, L8 and L10.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomnn.machine import compiled

__all__ = ["DEEPEST", "LINEAR", "ROUNDOFF", "decide", "farthest", "length", "longest"]

DEEPEST = 200  # splits of a cell, after which a side of it has been halved more often than floats have digits
ROUNDOFF = 2.0**-53  # the relative error of one operation
GAME_ROUNDS = (
    5  # of the matrix game; more of them close few more cells, and cost more than these cells' children
)
SHARP = 6.0  # of the softmax in which λ moves to the largest l_k, as a multiple of their range
GAME_HALVINGS = 14  # of the segment on which the best mixture of two is looked for
# of 1/D, what each λ counts as more where an edge is chosen: without, one that the game has given up is never halved
LEAST_SHARE = 0.5
HUGE = 1e300

LINEAR, BASE, LINE, SIZE, LAST, LAST_SIZE, WEIGHT, MIX = range(8)  # the rows of a stack's game


@compiled
def decide(stack: Any, terms: Any, t: int, s: int, m: int, target: float) -> Any:
    """Whether the cell at hand is closed, by a few rounds of the matrix game of L8, and the least T that closes it."""
    game, D = stack.game, stack.cell.shape[1]
    _add_wanted(stack, t, s)
    game[WEIGHT, :D] = 1.0 / D
    for turn in range(GAME_ROUNDS + 1):
        _choose(stack, t, s, m)
        _bound(stack, t, s, m)
        _measure(stack, terms)
        value = 0.0  # h
        for k in range(D):
            value += game[WEIGHT, k] * (game[LAST, k] - target * game[LAST_SIZE, k])
        _average(game, D, target, turn == 0)
        largest, smallest = -HUGE, HUGE
        for k in range(D):
            l_k = game[LINE, k] - target * game[SIZE, k]
            largest, smallest = max(largest, l_k), min(smallest, l_k)
        if largest + terms.slack <= 0.0:
            return True, min(_least(game, D, terms.slack), target)
        if value + terms.slack > 0.0:
            break
        total = 0.0
        for k in range(D):
            l_k = game[LINE, k] - target * game[SIZE, k]
            game[MIX, k] = np.exp(SHARP * (l_k - largest) / (largest - smallest + 1.0 / HUGE))
            total += game[MIX, k]
        for k in range(D):
            game[WEIGHT, k] = 0.5 * (game[WEIGHT, k] + game[MIX, k] / total)
    return False, _least(game, D, terms.slack)


@compiled
def _add_wanted(stack: Any, t: int, s: int) -> Any:
    """L and the terms P, which need no choice."""
    for k in range(stack.cell.shape[1]):
        total = 0.0
        for a in stack.block[k, 2 * t : 2 * t + s]:
            total += max(a, 0.0)
        stack.game[BASE, k] = stack.game[LINEAR, k] + total


@compiled
def _choose(stack: Any, t: int, s: int, m: int) -> Any:
    """The bound of each term that is least at Σ λ_k r_k: θ in the last row, in the first 1 where (a_i − a_j)_+ is."""
    moved, single, theta = stack.choice[0], stack.choice[1], stack.choice[2]
    moved[:t] = 0.0
    single[:t] = 0.0
    theta[:m] = 0.0
    for k in range(stack.cell.shape[1]):
        weight, first, second = stack.game[WEIGHT, k], stack.block[k, :t], stack.block[k, t : 2 * t]
        for i in range(t):
            moved[i] += weight * max(first[i] - second[i], 0.0)
            single[i] += weight * max(first[i], 0.0)
            theta[t + i] += weight * second[i]
        others = stack.block[k, 2 * t + s : m]
        for i in range(len(others)):
            theta[2 * t + s + i] += weight * others[i]
    for i in range(t):
        moved[i] = 1.0 if moved[i] < single[i] - max(theta[t + i], 0.0) else 0.0
    for i in range(t, m):
        theta[i] = 1.0 if theta[i] > 0.0 else 0.0


@compiled
def _bound(stack: Any, t: int, s: int, m: int) -> Any:
    """The sum of the chosen bounds at each generator."""
    moved, theta, others = stack.choice[0, :t], stack.choice[2, t : 2 * t], stack.choice[2, 2 * t + s : m]
    for k in range(stack.cell.shape[1]):
        first, second, last = stack.block[k, :t], stack.block[k, t : 2 * t], stack.block[k, 2 * t + s : m]
        total = 0.0
        for i in range(t):
            one = max(first[i] - second[i], 0.0)
            other = max(first[i], 0.0) - theta[i] * second[i]
            total += other + moved[i] * (one - other)
        for i in range(len(last)):
            total -= others[i] * last[i]
        stack.game[LAST, k] = stack.game[BASE, k] + total


@compiled
def _measure(stack: Any, terms: Any) -> Any:
    """q·w(r_k) for the q of L10, the gradient of the norm at Σ λ_k w(r_k), less its rounding."""
    game, cell, D = stack.game, stack.cell, stack.cell.shape[1]
    d = len(terms.low) if len(terms.low) else D
    rounding = 4 * (D + DEEPEST + 16) * ROUNDOFF
    if terms.norm == 1:  # linear on an orthant, where all generators of a cell are
        game[LAST_SIZE, :D] = 1.0 - rounding
        return
    centre = game[MIX]
    square, largest = 0.0, 0
    for axis in range(d):
        centre[axis] = 0.0
        for k in range(D):
            centre[axis] += game[WEIGHT, k] * cell[k, axis]
        square += centre[axis] * centre[axis]
        if abs(centre[axis]) > abs(centre[largest]):
            largest = axis
    for k in range(D):
        if terms.norm == 2:
            size = 0.0
            for axis in range(d):
                size += centre[axis] * cell[k, axis]
            game[LAST_SIZE, k] = size / np.sqrt(square) - rounding
        else:
            game[LAST_SIZE, k] = abs(cell[k, largest]) - rounding  # of one sign on an orthant


@compiled
def _average(game: np.ndarray, D: int, target: float, begin: int) -> Any:
    """The mixture of the best one so far and the last choice that has the least max_k l_k."""
    best = 1.0
    if not begin:
        low, high, least = 0.0, 1.0, HUGE
        for turn in range(GAME_HALVINGS + 1):
            part = 0.5 * (low + high) if turn else 0.0
            largest, slope = -HUGE, 0.0
            for k in range(D):
                here = game[LINE, k] - target * game[SIZE, k]
                step = game[LAST, k] - target * game[LAST_SIZE, k] - here
                if here + part * step > largest:
                    largest, slope = here + part * step, step
            if largest < least:
                least, best = largest, part
            if turn and slope > 0.0:
                high = part
            elif turn:
                low = part
    for k in range(D):
        if begin:
            game[LINE, k], game[SIZE, k] = game[LAST, k], game[LAST_SIZE, k]
        else:
            game[LINE, k] += best * (game[LAST, k] - game[LINE, k])
            game[SIZE, k] += best * (game[LAST_SIZE, k] - game[SIZE, k])


@compiled
def _least(game: np.ndarray, D: int, slack: float) -> Any:
    """The least T with l_k ≤ 0 for all k, for the mixture at hand."""
    least = 0.0
    for k in range(D):
        above, size = game[LINE, k] + slack, game[SIZE, k]
        if above > 0.0:
            least = max(least, above / size * (1.0 + 4 * ROUNDOFF) if size > 1.0 / HUGE else HUGE)
        elif size < 0.0:
            least = HUGE
    return least


@compiled
def longest(stack: Any, terms: Any, m: int, target: float) -> Any:
    """The edge along which most is lost: √(λ_p λ_q) Σ mass (|a_p| + |a_q| − |a_p + a_q|)/2, and the same of T ‖w‖.

    The sum is zero for terms that have one sign at both ends. Each λ counts as a little more than it is.
    """
    game, block, cell, D = stack.game, stack.block, stack.cell, stack.cell.shape[1]
    sums = game[MIX]
    for k in range(D):
        total = 0.0
        for i in range(m):
            total += abs(block[k, i])
        sums[k] = total
        cell[D] = cell[k]
        game[SIZE, k] = length(stack, terms, D)
    best_p, best_q, best = 0, D - 1, -1.0
    for p in range(D):
        for q in range(p):
            share = np.sqrt((game[WEIGHT, p] + LEAST_SHARE / D) * (game[WEIGHT, q] + LEAST_SHARE / D))
            cell[D] = 0.5 * (cell[p] + cell[q])
            lost = target * max(0.5 * (game[SIZE, p] + game[SIZE, q]) - length(stack, terms, D), 0.0)
            if share * (min(sums[p], sums[q]) + lost) <= best:
                continue
            both = 0.0
            for i in range(m):
                both += abs(block[p, i] + block[q, i])
            value = share * (0.5 * (sums[p] + sums[q] - both) + lost)
            if value > best:
                best_p, best_q, best = p, q, value
    return best_p, best_q


@compiled
def farthest(stack: Any, terms: Any, m: int, target: float) -> Any:
    """The edge between whose ends the terms and T w differ most, whatever their signs.

    Halved now and then, it makes cells small in every direction: `longest` alone may keep a face of one for ever.
    """
    block, cell, D = stack.block, stack.cell, stack.cell.shape[1]
    d = len(terms.low) if len(terms.low) else D
    best_p, best_q, best = 0, D - 1, -1.0
    for p in range(D):
        for q in range(p):
            value = 0.0
            for i in range(m):
                value += abs(block[p, i] - block[q, i])
            for axis in range(d):
                value += target * abs(cell[p, axis] - cell[q, axis])
            if value > best:
                best_p, best_q, best = p, q, value
    return best_p, best_q


@compiled
def length(stack: Any, terms: Any, k: int) -> Any:
    """‖w‖ of one of the generators at hand; for p = 1, where it is linear, 1."""
    d = len(terms.low) if len(terms.low) else stack.cell.shape[1]
    if terms.norm == 1:
        return 1.0
    length = 0.0
    for axis in range(d):
        size = abs(stack.cell[k, axis])
        length = length + size * size if terms.norm == 2 else max(length, size)
    return np.sqrt(length) if terms.norm == 2 else length
