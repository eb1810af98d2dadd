"""Optimal values of small two-layer ReLU training problems, by brute force.

Nothing here uses the theory or the code of the package.  The training problem is

    minimise  L(F, Y) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²),    F_i = Σ_j (w_j·x_i + b_j)_+ α_j + t,

over all widths and weights; b_j and t exist only with ``bias`` and are never penalised.  Balancing the two
factors of a neuron turns its penalty into reg ‖w_j‖_p ‖α_j‖_2.  On the cone of one activation pattern D of
the samples the ReLU is linear, so with unit output directions a fixed in advance the problem is convex:

    minimise  L(Σ_{D,a} D X̃ u_{D,a} aᵀ + t, Y) + reg Σ_{D,a} ‖w(u_{D,a})‖_p,    (2D − I) X̃ u_{D,a} ≥ 0.

One output needs only a = ±1.  For two outputs the circle of directions is refined where the dual problem
asks for it.  Both bounds returned are evaluated independently of the status of the conic solver: the the
upper one is the objective of an explicit network, the lower one the dual objective at a feasible point.
"""

import warnings
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy.optimize import linprog

ORDERS = {1: 1, 2: 2, "l1": 1, "l2": 2, "linf": np.inf, "inf": np.inf, np.inf: np.inf}


@dataclass(frozen=True)
class _Data:
    """Samples with scaled columns, x = centre + scale ∘ z, and what the penalty is."""

    rows: np.ndarray  # (n, d) or, with bias, (n, d + 1): z, and a column of ones
    scale: np.ndarray  # (d,)
    order: float  # p of the norm on w
    bias: bool
    patterns: np.ndarray | None = None

    @classmethod
    def of(cls, X, bias, order=2, patterns=None):
        X = np.asarray(X, dtype=float)
        if X.ndim != 2:
            raise ValueError("X must have two dimensions")
        if bias:  # moving the origin only renames the offsets b_j
            X = X - (X.max(axis=0) + X.min(axis=0)) / 2
        scale = np.abs(X).max(axis=0, initial=0.0)
        scale[scale == 0] = 1.0
        Z = X / scale
        return cls(np.hstack([Z, np.ones((len(Z), 1))]) if bias else Z, scale, order, bias, patterns)

    def unit_rows(self):
        """Rows of length one; rows that are zero stay zero."""
        length = np.linalg.norm(self.rows, axis=1, keepdims=True)
        return self.rows / np.where(length > 0, length, 1.0)


def arrangements(X, bias):
    """Activation patterns of x ↦ [w·x + b > 0] on the samples, by linear programming.

    Samples are inserted one at a time; a pattern of the first i samples survives with sign s for the next one
    if some u has s_k x̃_k·u ≥ 1 for all of them, ‖u‖_∞ ≤ 1e7.  Only full-dimensional chambers are listed: the
    closures of their cones cover all weights.  A sample that is zero is never active.

    Parameters
    ----------
    X : array_like of shape (n, d)
    bias : bool
        Whether the neurons have an offset b.

    Returns
    -------
    ndarray of bool, shape (m, n)
    """
    rows = _Data.of(X, bias).unit_rows()
    n, width = rows.shape
    used = np.flatnonzero(np.any(rows != 0, axis=1))
    if used.size == 0:
        return np.zeros((1, n), dtype=bool)
    # The arrangement is symmetric about the origin: list the half where the first sample is active.
    chambers = [(np.ones(1), rows[used[0]])]  # signs so far, and a point inside
    for count, row in enumerate(rows[used[1:]], start=1):
        before, grown = rows[used[:count]], []
        for signs, inside in chambers:
            for sign in (1.0, -1.0):
                new = np.append(signs, sign)
                if sign * (row @ inside) > 1e-6:
                    grown.append((new, inside))
                    continue
                cone = new[:, None] * np.vstack([before, row])
                found = linprog(np.zeros(width), -cone, -np.ones(count + 1), bounds=(-1e7, 1e7))
                if found.status == 0 and (cone @ found.x).min() > 0.5:
                    grown.append((new, found.x / np.linalg.norm(found.x)))
        chambers = grown
    half = np.array([signs for signs, _ in chambers]) > 0
    patterns = np.zeros((2 * len(half), n), dtype=bool)
    patterns[:, used] = np.vstack([half, ~half])
    return patterns


def _run(problem, tol=1e-11):
    """Solve with Clarabel as tightly as it can; the caller judges the point it returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate"
        for loose in (tol, 100 * tol, 1e4 * tol):
            settings = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), loose)
            try:
                problem.solve(solver=cp.CLARABEL, max_iter=300, **settings)
            except cp.SolverError:
                continue
            if problem.status in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
                return
    raise ArithmeticError(f"conic solver: {problem.status}")


def _cones(data, V, pattern):
    """Constraints that column j of V lies in the cone of its pattern."""
    return cp.multiply(2.0 * pattern.T - 1, data.unit_rows() @ V) >= 0


def _loss(F, Y, loss):
    if loss == "squared":
        return 0.5 * np.sum((F - Y) ** 2)
    return np.logaddexp(0, -Y * F).sum()


def _negative_gradient(F, Y, loss):
    if loss == "squared":
        return Y - F
    return Y * np.exp(-np.logaddexp(0, Y * F))


def _fit_offset(F, Y, loss):
    """Best unpenalised constant to add to F."""
    if loss == "squared":
        return F + (Y - F).mean(axis=0)
    low, high = -np.abs(F).max() - 50.0, np.abs(F).max() + 50.0
    for _ in range(100):  # the gradient is monotone
        t = (low + high) / 2
        low, high = (t, high) if _negative_gradient(F + t, Y, loss).sum() > 0 else (low, t)
    return F + t


def _primal(data, Y, reg, loss, atoms, directions, unit=1.0, tol=1e-11, near=None):
    """Solve the convex program over given (pattern, direction) pairs.

    Returns the objective of the network that the solution describes, its outputs, each atom's penalty, and
    candidates G for the dual problem: the negative gradient of the loss, and the solver's multipliers.
    ``unit`` is the expected size of the optimal value, ``tol`` the solver's tolerance, ``near`` an estimate
    of the outputs: a tiny logistic loss is replaced by exponentials with the same gradient there.
    """
    pattern = data.patterns[atoms].astype(float)
    (n, width), d = data.rows.shape, len(data.scale)
    stretch = np.minimum(1.0, data.scale / reg)  # v = stretch ∘ V: dear columns get small coefficients
    full = np.append(stretch, np.ones(width - d))
    V = cp.Variable((width, len(atoms)))
    scaled = cp.multiply(full[:, None] @ np.ones((1, len(atoms))), V)
    t = cp.Variable((1, Y.shape[1])) if data.bias else np.zeros((1, Y.shape[1]))
    F = cp.multiply(pattern.T, data.rows @ scaled) @ directions + np.ones((n, 1)) @ t
    weights = (reg * stretch / data.scale / unit)[:, None] @ np.ones((1, len(atoms)))
    cost = cp.sum(cp.norm(cp.multiply(weights, V[:d]), data.order, axis=0))
    rest = cp.Variable(Y.shape)
    if loss == "squared":
        link = F + np.sqrt(unit) * rest == Y
        fit = 0.5 * cp.sum_squares(rest)
    elif unit < 1e-3:
        link = F + rest == 0
        weight = np.logaddexp(0, -Y * near) if near is not None else 0.0
        fit = cp.sum(cp.exp(cp.multiply(Y, rest) - np.log(unit) - weight))
    else:
        link = F + rest == 0
        fit = cp.sum(cp.logistic(cp.multiply(Y, rest))) / unit
    _run(cp.Problem(cp.Minimize(fit + cost), [link, _cones(data, scaled, pattern)]), tol)

    v = full[:, None] * V.value
    F = np.maximum(data.rows @ v, 0.0) @ directions
    if data.bias:
        F = _fit_offset(F, Y, loss)
    costs = reg * np.linalg.norm(v[:d] / data.scale[:, None], data.order, axis=0)
    duals = [_negative_gradient(F, Y, loss)]
    if link.dual_value is not None:
        multipliers = link.dual_value * unit
        multipliers *= np.sign(np.sum(multipliers * duals[0]))  # the sign is a convention of the modeller
        duals.append(multipliers)
    duals = [_admissible(G, Y, loss, data.bias) for G in duals]
    return _loss(F, Y, loss) + costs.sum(), F, costs, duals


def _admissible(G, Y, loss, bias):
    """Move G into the domain of the dual objective; with a constant, make its columns sum to zero."""
    if loss == "squared":
        return G - G.mean(axis=0) if bias else G
    p = np.clip(Y * G, 0.0, 1.0)
    if bias:
        up, down = p[Y > 0].sum(), p[Y < 0].sum()
        p = np.where(Y > 0, p * min(1.0, down / up), p * min(1.0, up / down)) if up * down > 0 else 0 * p
    return Y * p


def _supports(data, G, atoms, directions):
    """Upper bounds on max (G a)·(X̃u)_+, u in the cone of the pattern, ‖w(u)‖_p ≤ 1, per (pattern, a).

    They are ‖g + Σ_i λ_i s_i x̃_i‖ in the dual norm with the multipliers λ ≥ 0 of the maximisation, so they
    hold however accurately that was solved, and are attained if it was solved exactly.
    """
    (_, width), d = data.rows.shape, len(data.scale)
    size, unit = data.scale.max(initial=0.0), np.abs(G).max()
    if unit == 0 or d == 0:
        return np.zeros(len(atoms))
    pattern = data.patterns[atoms].astype(float)
    full = np.append(data.scale / size, np.ones(width - d))[:, None] @ np.ones((1, len(atoms)))
    gain = (data.rows.T @ (pattern.T * (G / unit @ directions.T))) * full
    V = cp.Variable((width, len(atoms)))
    cones = _cones(data, cp.multiply(full, V), pattern)
    constraints = [cones, cp.norm(V[:d], data.order, axis=0) <= 1]
    if data.bias:  # a kink beyond the data can slide back to them: a constant is orthogonal to G
        constraints.append(cp.abs(V[d:]) <= d)
    _run(cp.Problem(cp.Maximize(cp.sum(cp.multiply(gain, V))), constraints))
    multipliers = np.maximum(cones.dual_value, 0.0)
    polar = gain + full * (data.unit_rows().T @ ((2.0 * pattern.T - 1) * multipliers))
    dual_order = {1: np.inf, 2: 2, np.inf: 1}[data.order]
    return unit * size * (np.linalg.norm(polar[:d], dual_order, axis=0) + d * np.abs(polar[d:]).sum(axis=0))


def _dual(G, Y, reg, loss, largest):
    """Dual objective at the best multiple of G that respects max ‖Gᵀ(X̃u)_+‖ ≤ reg."""
    top = reg / largest if largest > 0 else np.inf
    if loss == "squared":
        energy = np.sum(G * G)
        s = min(top, np.sum(G * Y) / energy) if energy > 0 else 0.0
        return s * np.sum(G * Y) - 0.5 * s * s * energy
    p = min(1.0, top) * Y * G  # in [0, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-np.nansum(p * np.log(p)) - np.nansum((1 - p) * np.log1p(-p)))


def _prepare(X, Y, norm, bias, reg, loss):
    if reg <= 0:
        raise ValueError("reg must be positive")
    patterns = arrangements(X, bias)
    data = _Data.of(X, bias, ORDERS[norm], patterns[patterns.any(axis=1)])  # no sample active: no effect
    unit = np.abs(Y).max() if loss == "squared" else 1.0
    return data, unit if unit > 0 else 1.0


def optimum_bounds(X, y, reg, norm, bias, loss):
    """Lower and upper bounds on the optimal value for one output; parameters as in `optimum`."""
    Y = np.asarray(y, dtype=float).reshape(-1, 1)
    data, unit = _prepare(X, Y, norm, bias, reg, loss)
    Y, reg = Y / unit, reg / unit  # the optimal value is then in units of unit²
    m = len(data.patterns)
    if loss == "logistic" and bias and np.ptp(Y) == 0:
        return 0.0, 0.0  # one class: the infimum, approached as the constant t grows
    if m == 0:
        F = np.zeros_like(Y)
        value = _loss(_fit_offset(F, Y, loss) if bias else F, Y, loss)
        return unit**2 * value, unit**2 * value
    atoms, directions = np.repeat(np.arange(m), 2), np.tile([[1.0], [-1.0]], (m, 1))
    upper, lower, size, F = np.inf, 0.0, 1.0, None
    for tol in (1e-11, 1e-11, 1e-11, 1e-10, 1e-9, 1e-8):
        try:
            value, F, _, duals = _primal(data, Y, reg, loss, atoms, directions, size, tol, F)
            upper = min(upper, value)
            for G in duals:
                if upper - lower > 1e-9 * upper:
                    largest = _supports(data, G, atoms, directions).max()
                    lower = max(lower, _dual(G, Y, reg, loss, largest))
        except ArithmeticError:  # another tolerance may do
            size /= 100
            continue
        if upper - lower <= 1e-8 * upper or upper < 1e-14:
            break
        size = upper
    if upper < 1e-14:  # the data are interpolated for free, up to rounding
        lower = 0.0
    return unit**2 * lower, unit**2 * upper


def optimum(X, y, reg, norm, bias, loss):
    """Optimal value of the training problem with one output.

    Parameters
    ----------
    X : array_like of shape (n, d)
    y : array_like of shape (n,)
        Targets, or labels ±1 when ``loss`` is "logistic".
    reg : float
    norm : {1, 2, inf} or {"l1", "l2", "linf"}
        Norm of the hidden weights.
    bias : bool
    loss : {"squared", "logistic"}
        ½ Σ (f − y)² or Σ log(1 + exp(−y f)).

    Returns
    -------
    float
        Objective of an explicit network, at most 1e-6 (relative) above a dual bound.

    Raises
    ------
    ArithmeticError
        If the two bounds do not meet.
    """
    lower, upper = optimum_bounds(X, y, reg, norm, bias, loss)
    scale = np.square(y).max() if loss == "squared" else 1.0
    if not np.isfinite(upper) or upper - lower > 1e-6 * upper + 1e-12 * scale:
        raise ArithmeticError(f"bounds {lower!r} and {upper!r} do not meet")
    return float(upper)


def _cap(h, width):
    """Where neighbouring tangents at distances h[0], h[1], ``width`` apart in angle, meet: angle and norm.

    The norm bounds the support function between the two angles.  If they meet outside, nothing exceeds the
    larger of the two distances, and the angle returned is nan.
    """
    x, y = h[0], (h[1] - h[0] * np.cos(width)) / np.sin(width)
    angle = np.arctan2(y, x)
    inside = (angle > 1e-9) & (angle < width - 1e-9)
    return np.where(inside, angle, np.nan), np.where(inside, np.hypot(x, y), np.maximum(h[0], h[1]))


def _circle(angles):
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _largest_on_circle(data, G, reg, grid, tol, rounds=14, limit=150):
    """Upper bound on max ‖Gᵀ(X̃u)_+‖_2 over all patterns, and the (pattern, angle) pairs worth adding.

    Per pattern the support function of the planar set {Gᵀ D X̃ u} is sampled on the circle, finer where the
    polygon of its tangents sticks out further than both ``reg`` and what has been attained.
    """
    m = len(data.patterns)
    atoms, angles = np.repeat(np.arange(m), grid), np.tile(2 * np.pi * np.arange(grid) / grid, m)
    values = _supports(data, G, atoms, _circle(angles))
    for step in range(rounds + 1):
        order = np.lexsort((angles, atoms))
        atoms, angles, values = atoms[order], angles[order], values[order]
        last = np.flatnonzero(np.append(atoms[1:] != atoms[:-1], True))
        first = np.append(0, last[:-1] + 1)
        after = np.arange(1, len(atoms) + 1)
        after[last] = first
        widths = np.mod(angles[after] - angles, 2 * np.pi)
        turn, bound = _cap(np.array([values, values[after]]), widths)
        best = np.maximum.reduceat(values, first)
        todo = ~np.isnan(turn) & (bound > np.maximum(reg, best[atoms]) * (1 + tol))
        if step == rounds or not todo.any():
            break
        todo = np.flatnonzero(todo)
        todo = todo[np.argsort(-bound[todo])[:limit]]  # the bound of the arcs left alone stands
        extra = _supports(data, G, atoms[todo], _circle((angles + turn)[todo]))
        atoms = np.append(atoms, atoms[todo])
        angles = np.append(angles, np.mod((angles + turn)[todo], 2 * np.pi))
        values = np.append(values, extra)
    before = np.empty_like(after)
    before[after] = np.arange(len(after))
    peak = (values >= values[before]) & (values >= values[after]) & (values > reg * (1 + tol / 4))
    return bound.max(), atoms[peak], angles[peak]


def optimum_two_outputs(X, Y, reg, norm, bias, rtol=1e-7):
    """Bounds on the optimal value for two outputs and the squared loss.

    The convex program is solved with a few output directions per pattern; the directions in which the dual
    constraint is then violated most are added, until the bounds meet or no progress is made.

    Parameters
    ----------
    X : array_like of shape (n, d)
    Y : array_like of shape (n, 2)
    reg, norm, bias
        As in `optimum`.
    rtol : float, optional
        Relative gap at which to stop.

    Returns
    -------
    lower, upper : float
        Value of a feasible dual point, and objective of an explicit network.
    """
    Y = np.asarray(Y, dtype=float)
    data, unit = _prepare(X, Y, norm, bias, reg, "squared")
    Y, reg = Y / unit, reg / unit
    m, grid = len(data.patterns), 8
    if m == 0:
        value = _loss(_fit_offset(np.zeros_like(Y), Y, "squared") if bias else 0.0, Y, "squared")
        return unit**2 * value, unit**2 * value
    atoms, angles = np.repeat(np.arange(m), grid), np.tile(2 * np.pi * np.arange(grid) / grid, m)
    upper, lower, size, accuracy, failures = np.inf, 0.0, 1.0, 1e-11, 0
    for _ in range(30):
        value, _, costs, duals = _primal(data, Y, reg, "squared", atoms, _circle(angles), size, accuracy)
        tol = np.clip((upper - lower) / upper / 20, 1e-9, 1e-2) if upper < np.inf else 1e-2
        upper = size = min(upper, value)
        largest, more_atoms, more_angles = _largest_on_circle(data, duals[0], reg, grid, tol)
        lower = max(lower, _dual(duals[0], Y, reg, "squared", largest))
        if more_atoms.size == 0 and upper - lower > rtol * upper:
            largest, *_ = _largest_on_circle(data, duals[-1], reg, grid, tol)
            lower = max(lower, _dual(duals[-1], Y, reg, "squared", largest))
        if upper - lower <= rtol * upper or upper < 1e-14:
            break
        keep = costs > 1e-9 * costs.max()
        if more_atoms.size == 0:  # the program was not solved well enough
            failures, accuracy = failures + 1, accuracy * 10
            if failures > 3:
                break
            continue
        atoms, angles = np.append(atoms[keep], more_atoms), np.append(angles[keep], more_angles)
    return unit**2 * (lower if upper >= 1e-14 else 0.0), unit**2 * upper


def three_layer_optimum(X, y, reg, bias):
    """Optimal value for parallel branches of three layers, α (Σ_j V_j (w_j·x + b_j)_+ + b)_+ summed, plus a constant.

    minimise  ½ ‖f(X) − y‖² + reg Σ_paths |α V_j w_jl|; biases are not penalised.  With the activation patterns D of
    the first layer and s of the second fixed the outputs of a branch are linear in u_{s,D,±} = |α V_j| (w_j, b_j):

        ± s ∘ (Σ_D ± D X̃ u_{s,D,±} + b_s),   (2D − I) X̃ u ≥ 0,   (2s − 1) ∘ (Σ …) ≥ 0.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Few samples: there are 2ⁿ patterns s.
    y : array_like of shape (n,)
    reg : float
    bias : bool
        In both hidden layers and at the output.
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    n, d = X.shape
    rows = np.hstack([X, np.ones((n, 1))]) if bias else X
    patterns = arrangements(X, bias)
    output, cost, constraints = cp.Variable() if bias else 0.0, 0.0, []
    for number in range(1, 2**n):
        on = np.array([number >> i & 1 for i in range(n)])
        for outer in (1, -1):
            inner = cp.Variable() * np.ones(n) if bias else np.zeros(n)
            for pattern in patterns:
                for side in (1, -1):
                    u = cp.Variable(rows.shape[1])
                    constraints.append(cp.multiply(2 * pattern - 1, rows @ u) >= 0)
                    inner = inner + side * cp.multiply(pattern, rows @ u)
                    cost = cost + cp.norm1(u[:d])
            constraints.append(cp.multiply(2 * on - 1, inner) >= 0)
            output = output + outer * cp.multiply(on, inner)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(output - y) / 2 + reg * cost), constraints)
    return float(problem.solve(solver=cp.CLARABEL))
