"""Fewer neurons by merging: two that no sample tells apart are one, which need be no atom, and may be cheaper.

If z z' > 0 and no sample has x̃·u > 0 > x̃·u', then with q = |z| u + |z'| u'

    |z| (x̃_i·u)_+ + |z'| (x̃_i·u')_+ = (x̃_i·q)_+ at all samples,   ‖w(q)‖_p ≤ |z| + |z'|,

so (T) falls by reg times the difference. Where all unit neurons compete that is 0. Over some atoms alone, as wedges of
samples, it need not be, and for p = 2 it is above 0 unless w(u) and w(u') are parallel. A third neuron is compatible
with q exactly if it is with both, so what comes of it are sums over sets of neurons each two of which are compatible.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from geomnn.atoms import Atom, MergedWedge
from geomnn.bounds.bounding import globally
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.landscape import SAME_OBJECTIVE
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.norms import Ball, ball
from geomnn.optima.active import exact_sides, sides_of
from geomnn.optima.cells import compatible
from geomnn.programs.certificate import Certificate
from geomnn.programs.coverage import Coverage
from geomnn.solution import Solution

__all__ = ["merge"]


def merge(solution: Solution) -> Solution:
    """The network with compatible neurons merged: the same outputs on the samples, fewer neurons, (T) no larger.

    |z| (x̃_i·u)_+ + |z'| (x̃_i·u')_+ = (x̃_i·(|z| u + |z'| u'))_+,  if no sample has x̃_i·u > 0 > x̃_i·u'.

    Of all such pairs of one sign the one by which (T) falls most is first, of equal ones the first by name, until
    there is none.

    Parameters
    ----------
    solution : Solution
        Of a network of one hidden layer and one output, over any dictionary.

    Returns
    -------
    Solution
        The same one if nothing merges. Where all unit neurons competed its objective and certificate stay. After an
        optimum over some atoms, as over wedges for p = 2, the objective may be below that optimum, and the certificate
        says what it is: an upper bound over all neurons (`geomnn.bound` of it is one from below). Exact if the
        solution is, for p = 1 and ∞; else, as lengths are roots of roots, in float64.

    Raises
    ------
    UnsupportedProblem
        For several outputs, or more hidden layers.
    OptionError
        If it is no solution.

    Examples
    --------
    Four wedges around a sample, and two neurons that are cheaper:

    >>> import geomnn as gm
    >>> X, y = [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], [1, 1, 1, 1, -1]
    >>> solution = gm.derive(X, y, reg=0.1, norm=2, dictionary="wedge")
    >>> merged = gm.merge(solution)
    >>> len(solution.network), round(solution.objective, 6), len(merged.network), round(merged.objective, 6)
    (4, 0.7, 2, 0.524264)

    Source: geomnn theory, section 10.
    """
    _check(solution)
    problem, network = solution.problem, solution.network
    norm = ball(problem.norm)
    rational = norm.polyhedral or problem.samples.d == 1  # the lengths of merged neurons, where numbers are
    exact = solution.exact if rational else None
    signs, friends = _friends(solution)
    if not friends.any():
        return solution
    network = network if exact is not None else network.numeric()
    atoms = [neuron.atom for neuron in network.neurons]
    amounts = np.array([abs(z) for z in _coefficients(network)])
    rows = amounts[:, None] * np.array([atom.weight for atom in atoms])
    cells, sizes = _gathered(rows, friends, norm)
    if len(cells) == len(atoms):
        return solution
    units: list[Atom] = []
    for cell, size in zip(cells, sizes, strict=True):
        parts = [(amounts[k] / size, atoms[k]) for k in cell]
        units.append(MergedWedge.of(parts) if len(cell) > 1 else atoms[cell[0]])
    outer = [signs[cell[0]] * size for cell, size in zip(cells, sizes, strict=True)]
    merged = _network(network, units, outer, problem.one_column)
    primal = problem.training_objective(*merged.arrays())
    if exact is not None:
        primal = solution.objective - exact.reg * (sum(amounts) - sum(sizes))
    return Solution(merged, _certificate(solution, units, primal), solution.dual, problem)


def _check(solution: Any) -> None:
    if not isinstance(solution, Solution):
        raise OptionError(
            f"merge takes a Solution, such as geomnn.derive returns, and a {type(solution).__name__} came."
        )
    for what, holds in {
        f"a network of {solution.network.depth} layers": solution.network.depth > 2,
        f"{solution.problem.outputs} outputs": solution.problem.outputs > 1,
        "robust training": solution.moves is not None,
    }.items():
        if holds:
            raise UnsupportedProblem(
                f"merge is not made for {what}: which of their neurons may be one is not known; take a two-layer "
                "network of one output."
            )


def _coefficients(network: AnalyticNetwork) -> list[Any]:
    """z of each neuron, a number."""
    return [np.ravel(neuron.coefficient)[0] if np.ndim(neuron.coefficient) else neuron.coefficient
            for neuron in network.neurons]  # fmt: skip


def _friends(solution: Solution) -> tuple[list[int], np.ndarray]:
    """The signs of the neurons, and which are compatible, (k, k), in integers where the solution is exact."""
    exact, samples = solution.exact, solution.problem.samples
    atoms = [neuron.atom for neuron in solution.network.neurons]
    signs = [1 if z > 0 else -1 for z in _coefficients(solution.network)]
    if exact is not None:
        sides = exact_sides(exact, [plane for atom in atoms if (plane := exact.planes.at(atom)) is not None])
    else:
        weights = np.array([atom.weight for atom in atoms], dtype=float).reshape(len(atoms), samples.d)
        units = samples.units_of(weights, np.array([float(atom.bias) for atom in atoms]))
        sides = sides_of(samples.homogeneous @ units.T)
    return signs, compatible(sides, np.array(signs))


def _lengths(rows: np.ndarray, norm: Ball) -> np.ndarray:
    """‖w‖_p of each row, as fractions if they are."""
    if rows.dtype == float:
        return norm.length(rows)
    squares = [Fraction(norm.square([abs(entry) for entry in row])) for row in rows]
    return np.array(
        [Fraction(isqrt(each.numerator), isqrt(each.denominator)) for each in squares], dtype=object
    )


def _gathered(rows: np.ndarray, friends: np.ndarray, norm: Ball) -> tuple[list[list[int]], list[Any]]:
    """Which neurons are one in the end, and ‖Σ |z| w‖ of each; rows |z| w, shape (k, d)."""
    rows, friends, cells = rows.copy(), friends.copy(), [[k] for k in range(len(rows))]
    while friends.any():
        one, other = np.nonzero(np.triu(friends))
        sizes, together = _lengths(rows, norm), _lengths(rows[one] + rows[other], norm)
        tied = SAME_OBJECTIVE * sizes.sum() if rows.dtype == float else 0
        falls = np.where(together > tied, sizes[one] + sizes[other] - together, -np.inf)
        if falls.max() == -np.inf:  # what they merge to is a constant, and no neuron
            break
        first = int(np.argmax(falls >= falls.max() - tied))
        i, j = one[first], other[first]
        rows[i], cells[i], cells[j] = rows[i] + rows[j], sorted(cells[i] + cells[j]), []
        friends[i] = friends[:, i] = friends[i] & friends[j]
        friends[j] = friends[:, j] = False
    return [cell for cell in cells if cell], [*_lengths(rows[[bool(cell) for cell in cells]], norm)]


def _network(
    network: AnalyticNetwork, atoms: Sequence[Atom], outer: Sequence[Any], one_column: bool
) -> AnalyticNetwork:
    """The same with other neurons."""
    if network.exact:
        return replace(network, neurons=[ExactNeuron(atom, z) for atom, z in zip(atoms, outer, strict=True)])
    z = np.array(outer) if one_column else np.array(outer)[:, None]
    shape = network.intercept, network.features, network.norm, network.bias
    return replace(network, neurons=AnalyticNetwork.from_atoms(atoms, z, *shape).neurons)


def _certificate(solution: Solution, atoms: Sequence[Atom], primal: Any) -> Certificate:
    """Of the merged network: the same bounds where it competes with those that they are about."""
    certificate, problem = solution.certificate, solution.problem
    named = float(certificate.named == 1)  # merging does not say which names are left
    if certificate.coverage.scope != "dictionary":
        return replace(certificate, primal=primal, named=named)
    weights = np.array([atom.weight for atom in atoms], dtype=float)
    units = problem.samples.units_of(weights, np.array([float(atom.bias) for atom in atoms]))
    v = np.array(solution.dual, dtype=float).reshape(problem.samples.n, -1)
    largest = float(np.abs(v.T @ problem.samples.activations(units)).max())
    found = Certificate(
        primal,
        max(problem.dual_bound(v, max(largest, problem.reg)), 0.0),
        largest / problem.reg,
        Coverage("local", "all", method="merging"),
        len(solution.network),
        stopped=certificate.stopped,
        name_error=certificate.name_error,
        named=named,
    )
    return found if certificate.proven is None else globally(found, certificate.proven)
