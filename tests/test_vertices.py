"""Vertices of optimal sets in float64: those in fractions, or all that there are, and none where rounding hides one."""

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from optimal_networks import STORED, draw, near_supports, solved, stored
from problems import suite
from scipy.optimize import nnls

import geomnn as gm
from geomnn.errors import EnumerationTooLarge, UnsupportedProblem
from geomnn.optima.polytope import FloatPolytope


def corners(optima):
    """{places: amounts} of the vertices."""
    return {tuple(np.flatnonzero(point)): point for point in optima._corners(10_000)}


def check_against_fractions(exactly, nearly):
    assert nearly.exact is False
    assert [*map(str, nearly.atoms)] == [*map(str, exactly.atoms)]
    found, expected = corners(nearly), corners(exactly)
    assert found.keys() == expected.keys()
    for places, amounts in expected.items():
        assert found[places] == pytest.approx(amounts.astype(float), rel=1e-7, abs=1e-12)
    assert nearly.width_range == exactly.width_range
    written = ([[str(each.atom) for each in network.neurons] for network in optima.vertices()]
               for optima in (exactly, nearly))  # fmt: skip
    assert next(written) == next(written)  # in one order


def in_floats(solution, X, y):
    problem = solution.problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gm.derive(X, y, reg=problem.reg, norm=problem.norm, bias=problem.samples.bias)


@pytest.mark.parametrize("name", STORED)
def test_stored_sets(name):
    exactly, nearly = stored(name)[-1], stored(name, exact=False)[-1]
    check_against_fractions(exactly, nearly)
    for width in range(1, exactly.rank + 1):
        assert nearly.components(width, "dictionary") == exactly.components(width, "dictionary")


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_drawn_and_degenerate_sets(seed):
    X, y, solution = draw(seed + seed // 20)  # of both parities
    check_against_fractions(gm.optimal_set(solution), gm.optimal_set(in_floats(solution, X, y)))
    _, X, y, part, norm, bias = suite(seed + 1 - seed // 20)
    solution = solved(X, y, part, norm, bias)
    check_against_fractions(gm.optimal_set(solution), gm.optimal_set(in_floats(solution, X, y)))


@cache
def symmetric(seed, loss, outputs, norm):
    """X and −X with equal targets, solved as far as float64 goes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(int(rng.integers(2, 5)), 2)) if seed % 2 else rng.integers(-3, 4, size=(3, 2))
    X = np.vstack([X, -X]).astype(float)
    y = np.tile(rng.integers(-3, 4, size=(len(X) // 2, outputs)), (2, 1))
    y[0], y[len(X) // 2], y[1], y[len(X) // 2 + 1] = 2, 2, -1, -1
    y = np.where(y > 0, 1, -1) if loss == "logistic" else y
    options = {"loss": loss, "norm": norm, "bias": bool(seed % 3)}
    reg = 0.05 * gm.reg_max(X, y, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gm.optimal_set(gm.derive(X, y, reg=reg, tol=1e-12, **options))


KINDS = [
    *[("squared", 1, 2), ("logistic", 1, 1), ("logistic", 1, 2), ("logistic", 1, np.inf)],
    *[("squared", 2, 1), ("squared", 2, 2), ("squared", 2, np.inf)],
]


def value(network, problem):
    """(T), from the weights."""
    inner, biases, outer, t = network.arrays()
    f, y = np.maximum(problem.samples.X @ inner.T + biases, 0) @ outer + t, problem.targets
    squared = problem.loss.name == "squared"
    fit = 0.5 * np.sum((f - y) ** 2) if squared else np.sum(np.logaddexp(0, -y * f))
    norms = np.linalg.norm(inner, ord=problem.norm, axis=1)
    return fit + problem.reg / 2 * (np.sum(norms**2) + np.sum(outer**2))


@pytest.mark.parametrize(("loss", "outputs", "norm"), KINDS)
def test_vertices_that_are_no_fractions(loss, outputs, norm):
    """Optimal networks, of independent features, all of them, and what is optimal is a mean of them."""
    several = refused = 0
    for seed in range(8):
        optima, rng = symmetric(seed, loss, outputs, norm), np.random.default_rng(seed)
        problem, polytope = optima.solution.problem, optima.polytope
        try:
            found = corners(optima)
        except (UnsupportedProblem, EnumerationTooLarge):
            refused += 1
            continue
        several += len(found) > 1
        table = np.array([*found.values()])
        mixtures = rng.dirichlet(np.ones(len(table)), size=3) @ table
        optimum = value(optima.solution.network, problem)
        for network in [*optima.vertices(), *map(optima.network, mixtures)]:
            assert value(network, problem) == pytest.approx(optimum, rel=1e-9)
        for places in found:
            assert np.linalg.matrix_rank(polytope.columns[:, places], tol=1e-6) == len(places)
        if len(optima.atoms) <= 10:
            cost = float(optima.cost)
            expected = {
                tuple(places)
                for places, amounts in near_supports(polytope.columns, polytope.right)
                if (amounts > 1e-5 * cost).all()
                and np.linalg.matrix_rank(polytope.columns[:, places], tol=1e-6) == len(places)
            }
            assert found.keys() == expected
        for values in rng.normal(size=(4, len(optima.atoms))):
            point = polytope.highest(values)[1][0]
            system = np.vstack([table.T, np.full(len(table), point.sum())])
            assert nnls(system, np.append(point, point.sum()))[1] <= 1e-6 * point.sum()
            assert values @ point == pytest.approx(max(table @ values), abs=1e-6 * point.sum())
    assert several >= 2
    assert refused <= 4


def test_two_atoms_of_one_name():
    """For p = 2 and several outputs the residual leaves a choice: the network has one of them."""
    X, y = np.array([[-2.0, 3], [3, -3], [-2, -2]]), np.array([[-2.0, 4], [1, 1], [-1, 1]])
    X, y, options = np.vstack([X, -X]), np.vstack([y, y]), {"norm": 2, "bias": False}
    optima = gm.optimal_set(gm.derive(X, y, reg=0.05 * gm.reg_max(X, y, **options), **options))
    assert len({*map(str, optima.atoms)}) < len(optima.atoms)
    total = sum(np.linalg.norm(neuron.coefficient) for neuron in optima.solution.network.neurons)
    assert optima.cost == pytest.approx(total, rel=1e-6)


def test_a_gap_leaves_doubt_about_what_moves_with_the_residual():
    for optima in (
        symmetric(1, "squared", 1, 2),
        symmetric(1, "logistic", 1, 1),
        stored("six", exact=False)[-1],
    ):
        certificate = optima.solution.certificate
        wide = replace(certificate, dual=certificate.primal * 0.9)
        doubtful = replace(optima, solution=replace(optima.solution, certificate=wide))
        if optima.solution.problem.is_projection and not optima.solution.dictionary.atoms_move:
            assert doubtful.width_range == optima.width_range
        else:
            assert optima.vertices()
            with pytest.raises(UnsupportedProblem, match=r"Rounding hides.*smaller tol"):
                doubtful.vertices()


@pytest.mark.parametrize(("amount", "widths"), [(1e-9, (1, 1)), (3e-7, None), (1e-4, (2, 2))])
def test_an_amount_that_may_be_zero(amount, widths):
    """The data of which a network with such an amount is optimal, as v stays."""
    case, solution, optima = stored("trap", exact=False)
    y = solution.dual + optima.columns @ [1.0, amount]
    options = {"norm": solution.problem.norm, "bias": case["bias"]}
    nearly = gm.optimal_set(gm.derive(solution.problem.samples.X, y, reg=solution.problem.reg, **options))
    undecided = [neuron.status for neuron in nearly.neurons].count("undecided")
    if widths:
        assert not undecided
        assert nearly.width_range == widths
    else:
        assert undecided == 1
        for ask in (nearly.vertices, lambda: nearly.width_range):
            with pytest.raises(
                UnsupportedProblem, match=r"an amount of 3e-07 of the cost is zero.*exact=True"
            ):
                ask()


@pytest.mark.parametrize(("off", "count"), [(1e-10, 2), (1e-7, None), (1e-3, 1)])
def test_features_that_may_be_one(off, count):
    polytope = FloatPolytope(np.array([[1.0, 1.0], [0.0, off]]), np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    if count:
        assert len([*polytope.vertices([0, 1], 10, 1e-9, 1e-8)]) == count
    else:
        with pytest.raises(UnsupportedProblem, match="which activations are independent"):
            list(polytope.vertices([0, 1], 10, 1e-9, 1e-8))


def test_atoms_that_may_be_one():
    columns = np.array([[1.0, 1.0, 0.0], [0.0, 1e-4, 1.0]])
    polytope = FloatPolytope(columns, columns @ [1.0, 0.0, 1.0], [0, 2])
    assert len([*polytope.vertices([0, 1, 2], 10, 1e-7, 1e-6)]) == 2
    with pytest.raises(UnsupportedProblem, match="whether two atoms are one"):
        list(polytope.vertices([0, 1, 2], 10, 1e-7, 1e-3))


def test_a_constant_has_no_neuron():
    with pytest.warns(gm.errors.ConstantNetworkWarning):
        solution = gm.derive([[0], [1], [2]], [1, 2, 1], reg=100)
    assert [len(network) for network in gm.optimal_set(solution).vertices()] == [0]


def test_more_than_the_limit():
    with pytest.raises(EnumerationTooLarge, match="more than 10 ways"):
        stored("grid3", exact=False)[-1].vertices(limit=10)
