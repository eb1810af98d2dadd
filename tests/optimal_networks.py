"""What tests and benchmarks of optimal sets share: stored sets, brute force, random and extreme optimal networks."""

import itertools
import json
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

import geomnn as gm

STORED = json.loads((Path(__file__).parent / "data" / "optimal_sets.json").read_text())
STORED.pop("note")


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


def stored(name, exact=True):
    case = STORED[name]
    X, y, reg = fractions(case["X"]), fractions([case["y"]])[0], Fraction(case["reg"])
    if not exact:
        X, y, reg = np.array(X, float), np.array(y, float), float(reg)
    solution = gm.derive(X, y, reg=reg, norm=float(case["norm"]), bias=case["bias"], exact=exact)
    return case, solution, gm.optimal_set(solution)


def solved(X, y, part, norm, bias):
    """The exact solution at such a part of reg_max, in 64ths."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reg = Fraction(round(64 * part * float(gm.reg_max(X, y, norm=norm, bias=bias))) + 1, 64)
        return gm.derive(X.tolist(), y.tolist(), reg=reg, norm=norm, bias=bias, exact=True)


def draw(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 7)), int(rng.integers(1, 3))
    X = rng.integers(-2, 3, size=(n, d)) if seed % 3 else rng.normal(size=(n, d)).round(1)
    y = rng.integers(-3, 4, size=n) if seed % 2 else rng.normal(size=n).round(1)
    return X, y, solved(X, y, [0.3, 0.1, 0.03][seed % 3], [1, np.inf][seed % 2], bool(seed % 5 > 1))


def near_supports(columns, right):
    """The sets of columns, with amounts, of which floats say that they may be those of a vertex."""
    for size in range(np.linalg.matrix_rank(columns) + 1 if columns.size else 1):
        supports = [*itertools.combinations(range(columns.shape[1]), size)]
        supports = np.array(supports, dtype=int).reshape(len(supports), size)
        parts = np.moveaxis(columns[:, supports], 1, 0)
        amounts = np.linalg.pinv(parts) @ right
        near = np.abs((parts @ amounts[..., None])[..., 0] - right).max(axis=1, initial=0) < 1e-6
        near &= (amounts > -1e-6).all(axis=1)
        yield from zip(supports[near].tolist(), amounts[near], strict=True)


def by_force(optima):
    """Every vertex, {((place, amount), …), …}: floats tell which supports may have one, fractions the amounts."""
    columns, right, found = optima.polytope.columns, optima.polytope.right, set()
    for support, _ in near_supports(columns.astype(float), right.astype(float)):
        table = [
            [*map(Fraction, row), Fraction(value)]
            for row, value in zip(columns[:, support], right, strict=True)
        ]
        solution = eliminated(table, len(support))
        if solution is not None and all(value > 0 for value in solution):
            found.add(tuple(zip(support, solution, strict=True)))
    return found


def eliminated(rows, size):
    """The one solution of equations in fractions, the right-hand side last; None if there is none, or several."""
    for k in range(size):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        rows = [
            row if i == k else [a - row[k] * b for a, b in zip(row, rows[k], strict=True)]
            for i, row in enumerate(rows)
        ]
    return None if any(row[size] for row in rows[size:]) else [row[size] for row in rows[:size]]


def check_against_force(optima):
    """Vertices, intervals, cost and the fewest neurons over the dictionary, as fractions."""
    expected = by_force(optima)
    points = [*optima.polytope.vertices(optima.used, 10_000)]
    assert {tuple((k, amount) for k, amount in enumerate(point) if amount) for point in points} == expected
    table = np.array(points, dtype=object).reshape(len(points), len(optima.atoms))
    for k, neuron in enumerate(optima.neurons):
        assert (neuron.low, neuron.high) == (min(table[:, k]), max(table[:, k]))
    assert {sum(point, Fraction(0)) for point in points} == {optima.cost}
    assert optima.dimension == np.linalg.matrix_rank((table - table[0]).astype(float))
    assert optima.fewest(merge=False).neurons == min(map(len, expected))


def units_and_signs(optima):
    """(w, b) of the active atoms, shape (k, d + 1), and the signs of their outer weights."""
    rows = [[*map(float, atom.weight), float(atom.bias)] for atom in optima.atoms]
    signs = np.array([neuron.sign for neuron in optima.neurons])
    return np.array(rows).reshape(-1, optima.solution.problem.samples.d + 1), signs


def completed(optima, neurons, signs):
    """Weights (W, b, α, t) of neurons (w, b) and signs; t is what is left of the outputs on the samples."""
    problem = optima.solution.problem
    W, b = neurons[:, :-1], neurons[:, -1]
    hidden = np.maximum(problem.samples.X @ W.T + b, 0) @ signs
    t = float(np.mean(optima.outputs.astype(float) - hidden)) if problem.samples.bias else 0.0
    return W, b, signs, t


def predicted(weights, points):
    W, b, alpha, t = weights
    return np.maximum(points @ W.T + b, 0) @ alpha + t


def value_of(weights, problem):
    """(T), each neuron balanced."""
    W, _, alpha, _ = weights
    cost = np.linalg.norm(W, ord=problem.norm, axis=1) @ np.abs(alpha)
    return (
        0.5 * np.sum((predicted(weights, problem.samples.X) - problem.targets[:, 0]) ** 2)
        + problem.reg * cost
    )


def random_weights(optima, corners, rng):
    """Of an optimal network: mixed, merged, and with the ray of neurons that are active on all samples."""
    units, signs = units_and_signs(optima)
    amounts, neurons, ways = rng.dirichlet(np.full(len(corners), 0.5)) @ corners, [], []
    for cell in [optima.cells[k] for k in rng.permutation(len(optima.cells))]:
        part = amounts[list(cell)] * rng.integers(0, 2, size=len(cell))
        amounts[list(cell)] -= part
        neurons.append(part @ units[list(cell)])
        ways.append(signs[cell[0]])
    neurons = np.array([*neurons, *(amounts[:, None] * units)])
    samples = optima.solution.problem.samples
    if samples.bias:  # where a neuron is active on all samples b may grow
        heights = samples.X @ neurons[:, :-1].T + neurons[:, -1]
        always = (heights >= -1e-12).all(axis=0) & neurons[:, :-1].any(axis=1)
        neurons[:, -1] += always * rng.exponential(size=len(neurons)) * rng.integers(0, 2, size=len(neurons))
    return completed(optima, neurons, np.array([*ways, *signs]))


def outside(optima, points, rng, count=20):
    """How far random optimal networks are outside the intervals at most, relative, and from the optimum."""
    ends = optima.predict_interval(points.tolist()).astype(float)
    corners = np.array([*optima.polytope.vertices(optima.used, 10_000)], dtype=float)
    most, off, optimum = 0.0, 0.0, float(optima.solution.objective)
    for _ in range(count if len(optima.atoms) else 0):
        weights = random_weights(optima, corners, rng)
        f = predicted(weights, points)
        most = max(most, (np.maximum(ends[:, 0] - f, f - ends[:, 1]) / (1 + np.abs(f))).max())
        off = max(off, abs(value_of(weights, optima.solution.problem) / optimum - 1))
    return most, off


def extreme_weights(optima, x):
    """Of networks with the least and the largest prediction at x, by a program over all cells, each part a variable."""
    samples = optima.solution.problem.samples
    units, signs = units_and_signs(optima)
    heights, features = units @ np.append(x, 1.0), np.maximum(samples.X @ units[:, :-1].T + units[:, -1], 0)
    always = (samples.X @ units[:, :-1].T + units[:, -1] >= -1e-12).all(axis=0) & samples.bias
    parts = [(place, k) for place, cell in enumerate(optima.cells) for k in cell]
    members = [k for _, k in parts]
    for sense in (-1, 1):
        goal, rows, bounds = np.zeros(len(parts) + len(optima.cells) + 1), [], [(0, None)] * len(parts)
        merged = [sense * signs[cell[0]] < 0 for cell in optima.cells]
        for place, cell in enumerate(optima.cells):
            row, sign = np.zeros(len(goal)), sense * signs[cell[0]]
            for column, (owner, k) in enumerate(parts):
                if owner == place:
                    goal[column] = 0 if merged[place] else sign * max(heights[k], 0)
                    row[column] = heights[k]
            row[len(parts) + place] = -1
            goal[len(parts) + place] = sign if merged[place] else 0
            rows.append(row if merged[place] else 0 * row)
            bounds.append((None if merged[place] and always[list(cell)].all() else 0, None))
        goal[-1] = sense if samples.bias else 0
        bounds.append((None, None) if samples.bias else (0, 0))
        widths = np.zeros((samples.n, len(optima.cells)))
        equal = np.column_stack([features[:, members] * signs[members], widths, np.ones(samples.n)])
        found = linprog(
            -goal, rows or None, [0] * len(rows) or None, equal, optima.outputs.astype(float), bounds
        )
        assert found.status == 0
        neurons, ways = [], []
        for place, cell in enumerate(optima.cells):
            own = [found.x[column] * units[k] for column, (owner, k) in enumerate(parts) if owner == place]
            if merged[place]:
                own = [sum(own)]
                if always[list(cell)].all():  # as it is linear, so that the ray is in use
                    own[0][-1] += max(-own[0] @ np.append(x, 1.0), 0.0)
            neurons, ways = [*neurons, *own], [*ways, *[signs[cell[0]]] * len(own)]
        yield completed(optima, np.array(neurons).reshape(-1, samples.d + 1), np.array(ways))


def beside(one, other):
    """The largest distance of a vertex of a polytope of amounts from another one, Σ_u |a_u − b_u|, by programs."""
    names = {atom: k for k, atom in enumerate(dict.fromkeys([*one.atoms, *other.atoms]))}
    k, m, worst = len(other.atoms), len(names), 0.0
    place = np.zeros((m, k))
    place[[names[atom] for atom in other.atoms], range(k)] = 1
    rows = np.block([[place, -np.eye(m)], [-place, -np.eye(m)]])
    columns, right = other.polytope.columns.astype(float), other.polytope.right.astype(float)
    sizes = np.maximum(np.abs(columns).max(axis=1, initial=0), 1e-300)
    equal = np.hstack([columns / sizes[:, None], np.zeros((len(right), m))])
    for point in one.polytope.vertices(one.used, 10_000):
        target = np.zeros(m)
        target[[names[atom] for atom in one.atoms]] = point.astype(float)
        found = linprog(np.repeat([0, 1], [k, m]), rows, [*target, *-target], equal, right / sizes)
        assert found.status == 0
        worst = max(worst, found.fun)
    return worst


def kinks(X, y, norm, bias):
    """Of `gm.path`, from 2 % to 40 % of reg_max: the optimal sets at each, and one in a million above and below.

    Nearer to reg_max the amounts are small themselves, and any change of them is large beside them.
    """
    found, near = gm.path(X, y, norm=norm, bias=bias).kinks, Fraction(1, 10**6)
    for kink in found[(found >= 0.02 * found[0]) & (found <= 0.4 * found[0])]:
        reg = Fraction(kink).limit_denominator(10**6)
        here, *sides = (
            gm.optimal_set(gm.derive(X.tolist(), y.tolist(), each, norm=norm, bias=bias, exact=True))
            for each in (reg, reg * (1 + near), reg * (1 - near))
        )
        if len(here.atoms) > min(
            len(side.atoms) for side in sides
        ):  # so that the fraction is that of the kink
            yield here, *sides
