"""Wedges of random samples: laws, names, high dimension, sketches, degenerate data, and what derive makes of them."""

import tracemalloc

import numpy as np
import pytest
from problems import degenerate, objective

import geomnn as gm
from geomnn.dictionaries import SampledDictionary, WedgeDictionary
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.programs.coverage import Coverage
from geomnn.samples import Samples
from geomnn.testing import check_dictionary

NORMS = [1.0, 2.0, np.inf]


def units_of(dictionary):
    """Every atom: all of them are above a threshold below zero."""
    v = np.random.default_rng(0).normal(size=(dictionary.samples.n, 1))
    return dictionary.price(v - v.mean(), -1.0, dictionary.count).units


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sketch", [None, 1, 3, 5])
def test_laws(norm, bias, sketch):
    X = np.random.default_rng(1).normal(size=(20, 5)) + 3.0
    check_dictionary(SampledDictionary(Samples(X, bias), norm, 200, sketch))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("bias", [True, False])
def test_degenerate_data(name, bias):
    X, y = degenerate()[name]
    samples = Samples(X, bias)
    for sketch, norm in zip((None, 1, X.shape[1]), NORMS, strict=True):
        dictionary = SampledDictionary(samples, norm, 60, sketch)
        check_dictionary(dictionary)
        units = units_of(dictionary)
        assert len(units) == dictionary.count
        for unit in units:
            atom = dictionary.name(unit, y)
            assert not atom.is_partial
            assert len(atom.samples) + len(atom.directions) == samples.D - 1
            off = X[list(atom.samples)] @ atom.weight + atom.bias
            assert np.abs(off).max(initial=0.0) <= 1e-9 * np.abs(X).max()
            for e in atom.directions:
                assert abs(e.vector(samples.d) @ atom.weight) <= 1e-9


@pytest.mark.parametrize("name", ["all rows zero", "all rows equal", "one sample"])
def test_no_wedge_at_all(name):
    X, y = degenerate()[name]
    dictionary = SampledDictionary(Samples(X, True), 1.0)
    assert dictionary.count == 0
    pricing = dictionary.price(y[:, None], 0.0, 10)
    assert pricing.maximum == 0.0
    assert pricing.units.shape == (0, 3)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_all_wedges_of_a_small_table_are_found(norm, bias, d):
    rng = np.random.default_rng(3)
    samples = Samples(rng.normal(size=(6, d)), bias)
    every, drawn = WedgeDictionary(samples, norm, directions=False), SampledDictionary(samples, norm, 600)
    assert drawn.count == every.count
    assert len(np.unique(units_of(drawn).round(9), axis=0)) == drawn.count
    for outputs in (1, 2):
        v = rng.normal(size=(6, outputs))
        v -= bias * v.mean(axis=0)
        assert drawn.price(v, np.inf, 1).maximum == pytest.approx(every.price(v, np.inf, 1).maximum)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("bias", "scale"), [(True, 1.0), (False, 1e80), (True, 1e-80)])
def test_three_hundred_dimensions(bias, scale):
    """Where volumes leave float64 by far; every unit is orthogonal to D − 1 samples, and its name says which."""
    X = scale * np.random.default_rng(0).normal(size=(400, 300))
    samples = Samples(X, bias)
    units = units_of(SampledDictionary(samples, 2.0, 100))
    assert len(units) == 200
    np.testing.assert_allclose(np.linalg.norm(units[:, :300], axis=1), 1.0, rtol=1e-12)
    values = np.abs(samples.homogeneous @ units.T) / np.abs(samples.homogeneous[:, :300]).max()
    assert (np.count_nonzero(values <= 1e-9, axis=0) == samples.D - 1).all()
    atom = SampledDictionary(samples, 2.0, 100).name(units[0], np.zeros((400, 1)))
    assert atom.samples == tuple(np.flatnonzero(values[:, 0] <= 1e-9))
    np.testing.assert_allclose(atom.weight, units[0, :300], atol=1e-9)


@pytest.mark.parametrize("bias", [True, False])
def test_a_sketch_uses_every_feature_and_has_a_name(bias):
    """w = Sᵀg: no feature is dropped, equal sizes within a row of S, and m − 1 samples (m with a bias) on w."""
    X = np.random.default_rng(0).normal(size=(30, 12))
    samples = Samples(X, bias)
    dictionary = SampledDictionary(samples, np.inf, 128, sketch=4)
    units, pairs = units_of(dictionary), set()
    assert np.abs(units[:, :12]).min() > 0
    for unit in units[:40]:
        sizes, counts = np.unique(np.abs(unit[:12]), return_counts=True)
        assert (len(sizes), *counts) == (4, 3, 3, 3, 3)
        atom = dictionary.name(unit, X[:, :1])
        assert len(atom.samples) == 3 + bias
        assert len(atom.directions) == 12 - 4
        assert np.abs(X[list(atom.samples)] @ atom.weight + atom.bias).max() < 1e-12
        np.testing.assert_allclose(atom.weight, unit[:12], atol=1e-9)
        pairs |= {(e.first, e.second, e.sign) for e in atom.directions}
    assert len(pairs) > 40  # many sketches, not one


def test_names_are_canonical():
    X = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [0, 1], [0, 2]])
    dictionary = SampledDictionary(Samples(X, True), 1.0, 200)
    names = [str(dictionary.name(unit, X[:, :1])) for unit in units_of(dictionary)]
    assert len(set(names)) == len(names) == 2 * (2 + 6)  # three on an axis make one line
    assert "+⋆(x0 − x1) at x1" in names
    assert not any("x2 − x3" in name for name in names)


def test_names_of_what_samples_leave_open():
    X = np.column_stack([np.arange(4.0) ** 2, np.full(4, 7.0), np.arange(4.0)])
    dictionary = SampledDictionary(Samples(X, True), 1.0, 50)
    for unit in units_of(dictionary):
        assert unit[1] == 0
        assert [str(e) for e in dictionary.name(unit, X[:, :1]).directions] == ["e2"]


def test_samples_that_are_mostly_dependent():
    """Random subsets have two on the line, nearly always, and any two of the six others complete them."""
    rng = np.random.default_rng(0)
    X = np.vstack([np.outer(rng.normal(size=300), rng.normal(size=4)), rng.normal(size=(6, 4))])
    units = units_of(SampledDictionary(Samples(X, True), 2.0, 100))
    assert len(units) == 2 * 15
    touched = np.abs(Samples(X, True).homogeneous @ units.T) < 1e-9
    assert all(np.linalg.matrix_rank(X[on] - X[on][0]) == 3 for on in touched.T)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("sketch", [None, 2])
def test_derive(norm, sketch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(14, 3)), rng.normal(size=14)
    every = gm.derive(X, y, reg=0.1, norm=norm, dictionary="wedge")
    best = gm.derive(X, y, reg=0.1, norm=norm, dictionary="all")
    own = SampledDictionary(Samples(X, True), norm, 80, sketch)
    found = gm.derive(X, y, reg=0.1, norm=norm, dictionary=own)
    other = every if sketch is None else best
    assert found.objective >= other.certificate.dual * (1 - 1e-9)
    certificate = found.certificate
    assert certificate.coverage == Coverage("dictionary", "sampled")
    assert certificate.count == own.count
    assert abs(certificate.relative_gap) <= 1e-9
    assert certificate.statement().startswith("No network of the wedges that were drawn")
    assert objective(found, X, y, 0.1, norm) == pytest.approx(found.objective, rel=1e-9)


def test_the_seed_decides():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.normal(size=40)
    one, same, other = (gm.derive(X, y, dictionary="sampled", seed=seed) for seed in (3, 3, 4))
    assert one.objective == same.objective
    assert [str(n.atom) for n in one.network.neurons] == [str(n.atom) for n in same.network.neurons]
    assert one.objective != other.objective
    assert one.certificate.count == 2000
    vector = gm.derive(X, np.column_stack([y, -(y**2)]), norm=2, dictionary="sampled", tol=1e-6)
    assert abs(vector.certificate.relative_gap) <= 1e-6
    signs = gm.derive(X, np.sign(y), loss="logistic", bias=False, dictionary="sampled")
    assert abs(signs.certificate.relative_gap) <= 1e-9


def test_networks_survive_a_file(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 6)), rng.normal(size=20)
    own = SampledDictionary(Samples(X, True), 1.0, 200, sketch=3)
    network = gm.derive(X, y, dictionary=own).network
    network.save(tmp_path / "network.json")
    again = gm.AnalyticNetwork.load(tmp_path / "network.json")
    assert [str(n.atom) for n in again.neurons] == [str(n.atom) for n in network.neurons]
    np.testing.assert_allclose(again(X), network(X))


def test_memory_stays_in_blocks():
    X = np.random.default_rng(0).normal(size=(4000, 3))
    dictionary = SampledDictionary(Samples(X, True), 2.0, 20_000)
    v = np.random.default_rng(1).normal(size=(4000, 1))
    tracemalloc.start()
    dictionary.price(v - v.mean(), 0.0, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.4 * 4000 * 20_000 * 8


def test_refusals():
    X, y = np.random.default_rng(0).normal(size=(5, 3)), np.arange(5.0)
    samples = Samples(X, True)
    for options in ({"size": 0}, {"size": 10.0}, {"size": True}, {"seed": -1}, {"seed": "a"}):
        with pytest.raises(OptionError, match="an integer of at least"):
            SampledDictionary(samples, 1.0, **options)
    for sketch in (0, 4, 2.5, True):
        with pytest.raises(OptionError, match="from 1 to 3 was expected"):
            SampledDictionary(samples, 1.0, sketch=sketch)
    refusals = {"needs every atom": "sampled", "dictionary of all wedges": SampledDictionary(samples, 1.0)}
    for words, own in refusals.items():
        with pytest.raises(UnsupportedProblem, match=words):
            gm.derive(X, y, dictionary=own, exact=True)
        with pytest.raises(UnsupportedProblem, match="which atom is the next"):
            gm.path(X, y, dictionary=own)
    with pytest.raises(OptionError, match="sampled"):
        gm.derive(X, y, dictionary="drawn")
