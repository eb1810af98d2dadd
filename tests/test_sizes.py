"""Numbers of every size: certificates without NaN or infinity, (T) as accurate as they say, zeros that names prove."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

import geomnn as gm
from geomnn import errors
from geomnn.programs.certificate import Certificate
from geomnn.programs.coverage import Coverage


def solved(X, y, **options):
    """The solution, whatever geomnn warns of; a `RuntimeWarning` of NumPy is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", errors.GeomnnWarning)
        return gm.derive(X, y, **options)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["primal", "dual", "largest_correlation", "name_error"])
def test_no_certificate_holds_what_is_no_number(place, number):
    parts = {
        "primal": 2.0,
        "dual": 1.0,
        "largest_correlation": 1.0,
        "coverage": Coverage("global", "all"),
        "count": 3,
    }
    with pytest.raises(errors.DataError, match="rescale"):
        Certificate(**(parts | {place: number}))


@pytest.mark.parametrize("dictionary", ["auto", "wedge", "local"])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("seed", range(8))
def test_any_size_gives_numbers_or_is_refused(seed, norm, dictionary):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 8)), int(rng.integers(1, 3))
    X, y = rng.normal(size=(n, d)), rng.normal(size=n)
    x, t, reg = 10.0 ** rng.uniform(-100, 100, 3)
    X *= [x, 10.0 ** rng.uniform(-100, 100, d)][seed % 2]
    options = {"reg": reg, "norm": norm, "bias": seed % 4 > 1, "dictionary": dictionary}
    try:
        certificate = solved(X, t * y, **options).certificate
    except errors.DataError:
        # products of these sizes, or their quotients, have squares that are near the end of the range of float64
        spread = np.abs(np.log10(np.append(np.abs(X).max(axis=0), t)))
        assert spread.sum() > 70
        return
    assert np.isfinite([certificate.primal, certificate.dual, certificate.largest_correlation]).all()
    assert certificate.primal >= certificate.dual * (1 - 1e-9) or certificate.coverage.scope == "local"


@pytest.mark.parametrize("size", [1e60, 1e69, 1e77, 1e80, 1e99])
def test_squares_that_overflow_are_refused_before_any_number_is_computed(size):
    X = np.random.default_rng(0).normal(size=(8, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if size < 1e70:
            assert gm.derive(X / size, size * X[:, 0] ** 2, reg=0.1).certificate.relative_gap <= 1e-9
            return
        for call in (gm.derive, gm.path, gm.reg_max, gm.WedgeRegressor().fit):
            with pytest.raises(errors.DataError, match="squares"):
                call(X / size, size * X[:, 0] ** 2)


def exactly(network, X, y, reg, norm):
    """(T) of the float weights in rational numbers."""
    inner, biases, outer, t = network.arrays()
    rows = [[Fraction(value) for value in row] for row in X]
    total = Fraction(0)
    for row, target in zip(rows, y, strict=True):
        f = Fraction(t[0])
        for w, b, a in zip(inner, biases, outer[:, 0], strict=True):
            f += Fraction(a) * max(sum(Fraction(e) * x for e, x in zip(w, row, strict=True)) + Fraction(b), 0)
        total += (f - Fraction(target)) ** 2 / 2
    for w, a in zip(inner, outer[:, 0], strict=True):
        sizes = [abs(Fraction(e)) for e in w]
        squared = {1: sum(sizes) ** 2, 2: sum(size**2 for size in sizes), np.inf: max(sizes) ** 2}[norm]
        total += Fraction(reg) / 2 * (squared + Fraction(a) ** 2)
    return total


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("offset", [0.0, 1e5, 1e8, 1e10])
def test_the_objective_is_that_of_the_weights_at_any_offset(offset, norm):
    """Rounding of b makes the weights worse there, which the gap then says, and a warning."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(12, 2)).round(2) + offset, rng.normal(size=12)
    solution = solved(X, y, reg=0.05, norm=norm)
    truth = exactly(solution.network, X, y, 0.05, norm)
    assert abs(Fraction(float(solution.objective)) / truth - 1) <= 1e-14
    if solution.certificate.relative_gap > 1e-9:
        with pytest.warns(errors.ConvergenceWarning, match=r"gap .* rounding"):
            gm.derive(X, y, reg=0.05, norm=norm)


@pytest.mark.parametrize("dictionary", ["auto", "wedge", "local"])
@pytest.mark.parametrize("seed", range(8))
def test_weights_are_zero_where_the_name_says_so(seed, dictionary):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 16)), int(rng.integers(2, 5))
    X, y = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-2, 3, size=d), rng.normal(size=n)
    for neuron in solved(X, y, reg=0.05 * gm.reg_max(X, y), dictionary=dictionary).network.neurons:
        for direction in neuron.atom.directions:
            assert neuron.weight[direction.first] == 0.0


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5, 1e7])
def test_a_common_offset_of_the_targets_costs_no_digits(offset, norm):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 2)), rng.normal(size=12) / 100 + offset
    solution = solved(X, y, reg=1e-4, norm=norm)
    truth = exactly(solution.network, X, y, 1e-4, norm)
    assert abs(Fraction(float(solution.objective)) / truth - 1) <= 1e-13
    assert -1e-12 <= solution.certificate.relative_gap <= 1e-9
