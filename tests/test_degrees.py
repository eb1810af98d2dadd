"""Degrees of freedom along the path: the trace of df(X)/dy by differences, and exact optimal sets between kinks."""

import itertools

import numpy as np
import pytest
from scipy.optimize import nnls
from test_path import HARD, middles, smooth

import geomnn as gm
from geomnn.dictionaries import WedgeDictionary
from geomnn.errors import OptionError
from geomnn.optima.degrees import Degrees, _two_sided
from geomnn.plotting import plot_degrees_of_freedom
from geomnn.samples import Samples

PROBLEMS = list(itertools.product((1, np.inf), (True, False)))


def divergence(X, y, reg, norm, bias):
    """Σ_i ∂f_i/∂y_i by central differences, f(X) = y less its projection on |φ_u·v| ≤ reg, 1·v = 0 over all atoms.

    The projection is a problem of least squares with signs (C. L. Lawson, R. J. Hanson, Solving Least Squares Problems,
    23): minimise ‖x‖ subject to G x ≥ h, in coordinates orthogonal to 1.
    """
    samples = Samples(X, bias)
    units = np.vstack([*WedgeDictionary(samples, norm, True).units()])
    activations = samples.activations(np.vstack([units, -units]))
    inside = np.linalg.svd(np.ones((1, len(y))))[2][1:] if bias else np.eye(len(y))
    G = np.hstack([inside @ activations, -inside @ activations]).T

    def outputs(targets):
        y = inside @ targets
        system = np.vstack([-G.T, G @ y - reg])
        rest = system @ nnls(system, np.append(np.zeros(len(y)), 1.0))[0]
        return targets - inside.T @ (y - rest[:-1] / (rest[-1] - 1.0))

    step = 1e-6 * np.abs(y).max()
    return sum((outputs(y + step * e) - outputs(y - step * e)) @ e / (2 * step) for e in np.eye(len(y)))


def tables(seed):
    """Samples of every kind that is special, with targets that are not."""
    rng = np.random.default_rng(seed)
    kinds = {
        "random": rng.normal(size=(8, 2)),
        "repeated": np.repeat(rng.normal(size=(4, 2)), 2, axis=0),
        "collinear": np.array([1.0, 0.5]) + np.outer(np.arange(7.0), [1.0, -2.0]),
        "grid": np.array(list(itertools.product(range(3), range(3)))) - [1.0, 1.0],
        "one feature": np.arange(7.0)[:, None] - 2,
    }
    return {name: (X, rng.normal(size=len(X))) for name, X in kinds.items()}


@pytest.mark.parametrize(("norm", "bias"), PROBLEMS)
@pytest.mark.parametrize("name", tables(0))
def test_it_is_the_divergence(name, norm, bias):
    X, y = tables(3)[name]
    path = gm.path(X, y, norm=norm, bias=bias)
    widest = np.argsort(np.log(np.append(path.kinks[1:], path.reg_min) / path.kinks))[:3]
    for k in widest:
        trace = divergence(X, y, middles(path)[k], norm, bias)
        assert path.degrees_of_freedom[k] == pytest.approx(trace, abs=1e-3)


CUBE = np.array(list(itertools.product((-1, 1), repeat=3)))
EXACT = {
    "XOR": ([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]),
    "grid": ([[i, j] for i in range(3) for j in range(3)], [0, 1, 0, 1, 0, 1, 0, 1, 0]),
    "cube": (CUBE, CUBE.prod(axis=1)),
    "parabola": ([[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4]),
    "repeated": ([[0, 1], [0, 1], [1, 0], [1, 0], [2, 2]], [0, 1, 2, 2, 5]),
    "linear": ([[0, 0], [1, 2], [2, 1], [4, 4], [3, -1]], [0, 3, 3, 8, 2]),
    **{f"random {seed}": (np.random.default_rng(seed).integers(-3, 4, (6, 2)),
                          np.random.default_rng(seed).integers(-4, 5, 6)) for seed in range(2)},
}  # fmt: skip


@pytest.mark.parametrize(("norm", "bias"), PROBLEMS)
@pytest.mark.parametrize("name", EXACT)
def test_between_kinks_it_is_what_exact_sets_say(name, norm, bias):
    X, y = EXACT[name]
    path = gm.path(X, y, norm=norm, bias=bias)
    found = zip(middles(path), path.degrees_of_freedom.tolist(), path.dimensions.tolist(), strict=True)
    for reg, degrees, dimension in itertools.islice(found, 3):
        optima = gm.optimal_set(gm.derive(X, y, reg=reg, norm=norm, bias=bias, exact=True))
        assert (degrees, dimension) == (optima.rank + bias, optima.dimension)


def test_on_random_data_they_are_the_neurons_and_the_intercept():
    X, y = smooth(16)
    for norm, bias in PROBLEMS:
        path = gm.path(X, y, norm=norm, bias=bias, reg_min=0.1)
        np.testing.assert_array_equal(path.degrees_of_freedom, path.neurons + bias)
        assert not path.degrees_of_freedom.mask.any()
        assert not path.dimensions.mask.any()


@pytest.mark.parametrize("turn", range(2))
def test_they_are_facts_about_the_data(turn):
    """In other orders of the samples, and of other networks on the way, they are the same."""
    for X, y in (EXACT["grid"], EXACT["cube"]):
        order = np.random.default_rng(turn).permutation(len(y))
        one, other = gm.path(X, y), gm.path(np.array(X)[order], np.array(y)[order])
        assert one.degrees_of_freedom.tolist() == other.degrees_of_freedom.tolist()
        assert one.dimensions.tolist() == other.dimensions.tolist()


@pytest.mark.parametrize("name", HARD)
def test_where_rounding_hides_them_they_are_masked(name):
    X, y, bias, reg_min = HARD[name]
    path = gm.path(X, y, reg_min=reg_min, bias=bias)
    assert len(path.degrees_of_freedom) == len(path.dimensions) == len(path)
    if name != "an outlier":  # at 3e5, near what rounding hides: on some processors it may
        assert path.degrees_of_freedom.mask.any() == (name == "samples 1e-7 apart")
    seen = path.degrees_of_freedom.compressed()
    assert (seen >= 1).all()
    assert (seen <= len(np.unique(X, axis=0))).all()


def test_a_path_of_nothing_has_none():
    path = gm.path([[0.0], [1.0]], [2.0, 2.0])
    assert path.degrees_of_freedom.tolist() == path.dimensions.tolist() == []


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ([[1, 0], [0, 1]], Degrees(0, 0)),
        ([[1, 0], [-1, 0], [0, 1]], Degrees(2, 1)),
        ([[1, 0], [-0.6, 0.8], [-0.6, -0.8]], Degrees(3, 2)),
        ([[1, 0], [-1, 1e-8]], None),
        ([[1, 0], [-1, 1e-8], [0, 1]], None),
    ],
)
def test_which_columns_have_a_positive_sum_that_is_zero(columns, found):
    table = np.array(columns, dtype=float).T
    assert _two_sided(table / np.linalg.norm(table, axis=0)) == found


def test_the_picture_has_their_steps_and_what_is_hidden():
    X, y = EXACT["grid"]
    path = gm.path(X, y)
    lines = {line.get_gid(): line for line in plot_degrees_of_freedom(path).axes[0].lines}
    for gid, values in (("degrees", path.degrees_of_freedom), ("dimensions", path.dimensions)):
        regs, steps = lines[gid].get_data()
        np.testing.assert_allclose(regs, [*path.kinks, path.reg_min])
        assert steps.tolist() == [*values, values[-1]]
    X, y, bias, _ = HARD["samples 1e-7 apart"]
    hidden = plot_degrees_of_freedom(gm.path(X, y, bias=bias))
    assert len([patch for patch in hidden.axes[0].patches if patch.get_gid() == "hidden"]) == 1
    with pytest.raises(OptionError, match="no kinks"):
        plot_degrees_of_freedom(gm.path(X, np.ones(len(y)), bias=True))
