"""Branch and bound against the enumerated dictionary, and where nothing can be enumerated."""

import warnings

import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn.dictionaries import BranchingDictionary, LocalDictionary, WedgeDictionary
from geomnn.errors import ConvergenceWarning, OptionError, UnsupportedProblem
from geomnn.norms import ball
from geomnn.samples import Samples

NORMS = [1.0, np.inf]


def checked(dictionary, v):
    """The pricing, after the laws that hold whether or not the search has ended."""
    samples = dictionary.samples
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pricing = dictionary.price(v, 0.0, 10)
    values = np.abs(v[:, 0] @ samples.activations(pricing.units))
    assert (values > 0).all()
    assert (np.diff(values) <= 1e-14 * values.max(initial=0.0)).all()  # equal ones round either way
    assert (values <= pricing.maximum).all()
    np.testing.assert_allclose(ball(dictionary.norm).length(pricing.units[:, : samples.d]), 1.0, rtol=1e-12)
    for unit in pricing.units:
        atom = dictionary.name(unit, v)
        assert not atom.is_partial
        assert len(atom.samples) + len(atom.directions) == samples.D - 1
        np.testing.assert_allclose(atom.weight, unit[: samples.d], rtol=1e-6, atol=1e-9)
    return pricing, values.max(initial=0.0)


def agrees(samples, norm, v):
    """The maximum is that of every wedge, never less, and the first unit has it."""
    largest = WedgeDictionary(samples, norm, directions=True).price(v, np.inf, 1).maximum
    pricing, found = checked(BranchingDictionary(samples, norm), v)
    size = np.abs(v).sum() * np.abs(samples.homogeneous[:, : samples.d]).max() * samples.d
    assert pricing.complete
    assert largest * (1 - 1e-14) - 1e-14 * size <= pricing.maximum <= largest + 1e-6 * size
    assert found == pytest.approx(largest, rel=1e-9, abs=1e-14 * size)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("integers", [True, False])
def test_the_maximum_is_that_of_every_wedge(norm, bias, d, integers):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        shape = (12, d + 1)
        table = rng.integers(-2, 3, shape).astype(float) if integers else rng.normal(size=shape)
        X, v = table[:, :d], table[:, d:]
        agrees(Samples(X, bias), norm, v - v.mean() if bias else v)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
def test_degenerate_data(name, norm, bias):
    X, y = degenerate()[name]
    v = y[:, None] - y.mean() if bias else y[:, None]
    agrees(Samples(X, bias), norm, v)


@pytest.mark.parametrize("norm", NORMS)
def test_nothing_to_find(norm):
    pricing = BranchingDictionary(Samples(np.eye(3), True), norm).price(np.zeros((3, 1)), 0.0, 5)
    assert pricing.maximum == 0.0
    assert pricing.complete
    assert pricing.units.shape == (0, 4)


@pytest.mark.parametrize("bias", [True, False])
def test_threshold_limit_and_scale(bias):
    rng = np.random.default_rng(3)
    samples, v = Samples(rng.normal(size=(10, 3)), bias), rng.normal(size=(10, 1))
    v -= v.mean()
    dictionary = BranchingDictionary(samples, 1.0)
    all_of_them, best = dictionary.price(v, 0.0, 10), dictionary.price(v, 0.0, 1)
    np.testing.assert_array_equal(best.units, all_of_them.units[:1])
    assert not len(dictionary.price(v, np.inf, 10).units)
    assert dictionary.price(1e8 * v, 0.0, 1).maximum == pytest.approx(1e8 * best.maximum, rel=1e-6)
    assert dictionary.count == 10


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.slow
def test_walks_stay_below_what_is_proven(norm, bias):
    """25 samples of 8 features: millions of atoms for p = 1, billions for p = ∞."""
    rng = np.random.default_rng(0)
    samples, v = Samples(rng.normal(size=(25, 8)), bias), rng.normal(size=(25, 1))
    v -= v.mean()
    walks = LocalDictionary(samples, norm).price(v, 0.0, 1).maximum
    pricing, found = checked(BranchingDictionary(samples, norm), v)
    assert pricing.complete
    assert walks <= pricing.maximum * (1 + 1e-9)
    assert found >= walks * (1 - 1e-9)
    assert pricing.maximum <= found * (1 + 1e-5)


@pytest.mark.parametrize("seconds", [1e-6, 1e-3, 0.3])
@pytest.mark.parametrize("norm", NORMS)
def test_a_search_out_of_time_still_bounds(seconds, norm):
    rng = np.random.default_rng(1)
    X, v = rng.normal(size=(60, 12)), rng.normal(size=(60, 1))
    all_columns = np.column_stack([X, np.ones(60)])  # without its linear part a residual is harder
    v -= all_columns @ np.linalg.lstsq(all_columns, v, rcond=None)[0]
    samples = Samples(X, True)
    pricing, _ = checked(BranchingDictionary(samples, norm, time_limit=seconds), v)
    assert not pricing.complete
    assert LocalDictionary(samples, norm).price(v, 0.0, 1).maximum <= pricing.maximum
    spread = np.abs(X[:, None] - X[None])
    most = (spread.max(axis=2) if norm == 1 else spread.sum(axis=2)).max(axis=1)
    assert pricing.maximum <= max(np.maximum(side, 0) @ most for side in (v[:, 0], -v[:, 0])) * (1 + 1e-6)


def test_refusals():
    samples = Samples(np.eye(3), True)
    with pytest.raises(OptionError, match="FaceDictionary"):
        BranchingDictionary(samples, 2.0)
    for seconds in (0, -1.0, np.nan, "60", True):
        with pytest.raises(OptionError, match="seconds"):
            BranchingDictionary(samples, 1.0, time_limit=seconds)
    with pytest.raises(UnsupportedProblem, match="2 columns"):
        BranchingDictionary(samples, 1.0).price(np.zeros((3, 2)), 0.0, 1)


@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_certificates_by_branch_and_bound_are_global(norm, bias):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    options = {"reg": 0.3, "norm": norm, "bias": bias}
    best = gm.derive(X, y, **options)
    found = gm.derive(X, y, dictionary="local", certify="milp", **options)
    certificate = found.certificate
    assert (certificate.coverage.scope, certificate.coverage.program) == ("global", "all")
    assert certificate.dual <= best.objective * (1 + 1e-9)
    assert found.objective >= best.certificate.dual * (1 - 1e-9)
    assert 0 <= certificate.relative_gap < 1e-5
    assert certificate.statement().startswith("No two-layer ReLU network of any width")
    assert "10 samples branched over" in certificate.statement()


@pytest.mark.slow
def test_certificates_of_many_columns():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 8))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0)
    assert gm.derive(X, y, reg=2.0, time_limit=100).certificate.coverage.scope == "local"
    assert gm.derive(X, y, reg=2.0, certify="milp").certificate.relative_gap < 1e-5
    with pytest.warns(ConvergenceWarning, match="relative duality gap"):
        hurried = gm.derive(X, y, reg=0.05, certify="milp", time_limit=0.05)
    assert hurried.certificate.coverage.scope == "global"
    assert hurried.certificate.dual <= gm.derive(X, y, reg=0.05, time_limit=100).objective
    # where all atoms are looked at there is nothing to add
    assert gm.derive(X[:, :1], y, reg=0.1, certify="milp").certificate.coverage.counted == "atoms checked"


def test_refused_certificates():
    X, y = np.eye(3), np.arange(3.0)
    for options, error in (
        ({"certify": "lp"}, OptionError),
        ({"certify": "milp", "norm": 2}, UnsupportedProblem),
        ({"certify": "milp", "y": np.eye(3)}, UnsupportedProblem),
        ({"time_limit": 0}, OptionError),
        ({"time_limit": "1 s"}, OptionError),
    ):
        with pytest.raises(error, match=r"expected|made for"):
            gm.derive(X, **{"y": y, **options})
