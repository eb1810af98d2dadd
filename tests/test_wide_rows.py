"""Wide searches over tables that are read by rows: as over arrays, without a copy, within memory, in any size."""

import warnings

import numpy as np
import pandas as pd
import pytest
from problems import objective, ramps
from scipy.sparse import csr_array

import geomnn as gm
from geomnn import derivation, machine
from geomnn.deadline import NEVER
from geomnn.dictionaries import LocalDictionary
from geomnn.errors import DataError, OptionError
from geomnn.programs import wide
from geomnn.rows import Sums, ascend
from geomnn.samples import Samples

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")


@pytest.fixture(autouse=True)
def few_gates(monkeypatch):
    """Twenty gates do for small tables."""
    monkeypatch.setattr(wide, "MOST", 20)
    monkeypatch.setattr(wide, "FEWEST", 20)


def test_rows_are_searched_as_arrays_are():
    X, y, reg = ramps(500, 3)
    X = X.astype(np.float32)
    plain = gm.derive(
        X, y, reg, norm=2, dictionary=LocalDictionary(Samples(X, True), 2, start="gated", rounds=1)
    )
    for rows in (
        gm.Rows(X, y),
        gm.Rows(lambda: [(X[:70], y[:70]), (X[70:], y[70:])]),
        gm.Rows(csr_array(X), y),
    ):
        found = gm.derive(rows, reg=reg, norm=2, dictionary=LocalDictionary(rows.samples(), 2, rounds=1))
        assert found.objective == pytest.approx(plain.objective, rel=1e-2)
        assert "homogeneous" not in found.problem.samples.__dict__  # no copy of the table
        assert objective(found, X.astype(float), y, reg, 2) == pytest.approx(found.objective, rel=1e-9)
    by_name = gm.derive(gm.Rows(X, y), reg=10 * reg, norm=2, time_limit=1)
    assert by_name.certificate.coverage.scope == "local"


def test_large_arrays_in_float32_are_read_by_rows(monkeypatch):
    """Where a search by sums is all that is asked for."""
    X, y, reg = ramps(150, 3)
    monkeypatch.setattr(derivation, "STREAMED", X.size)
    small = X.astype(np.float32)
    found = gm.derive(small, y, 10 * reg, norm=2)
    assert found.problem.samples.X.dtype == np.float32
    assert "homogeneous" not in found.problem.samples.__dict__
    assert objective(found, small.astype(float), y, 10 * reg, 2) == pytest.approx(found.objective, rel=1e-9)
    frame = pd.DataFrame(small).add_prefix("c")
    framed = gm.derive(frame, y, 10 * reg, norm=2)
    assert framed.objective == pytest.approx(found.objective, rel=1e-3)
    assert framed.network.feature_names[:2] == ("c0", "c1")
    assert framed.problem.samples.X.dtype == np.float32
    by_rows = gm.derive(gm.Rows(small, y), reg=10 * reg, norm=2)
    assert by_rows.objective == pytest.approx(found.objective, rel=1e-3)
    for table, options in (
        (X, {"norm": 2}),
        (small, {"dictionary": "sampled", "norm": 2}),
        (small, {"norm": 1}),
    ):
        assert gm.derive(table, y, 10 * reg, **options, time_limit=2).problem.samples.X.dtype == np.float64


def test_walks_that_see_nothing_go_nowhere():
    """All samples are on the other side of two of three walks without biases, whose slope is then 0, in float32."""
    X = np.abs(ramps(50, 3)[0]).astype(np.float32)
    samples, v = gm.Rows(X).samples(False), np.ones((50, 1))
    weights = np.array([[-1.0, -1, -1], [-1, 0, 0], [1, 1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = ascend(Sums(samples), v, weights, 5, NEVER)
    np.testing.assert_allclose(ends[:2], weights[:2] / np.linalg.norm(weights[:2], axis=1, keepdims=True))
    assert v.T @ samples.activations(ends[2:]) >= v.T @ samples.activations(weights[2:]) / np.sqrt(3)


def test_a_search_that_would_not_fit_into_memory_is_refused(monkeypatch):
    """Before any work, with the rows of a block that fit, where some do."""
    monkeypatch.setattr(Sums, "value_gradient", lambda *_: pytest.fail("it began"))
    rows = gm.Rows(np.tile(np.arange(3000.0), (1000, 1)), np.arange(1000.0))
    of_rows = 1000 * (4 * 8 + 4 * 64 * 4)
    for free, error, match in (
        (of_rows + 2 * 8 * 3000 * 123 + 1, OptionError, r"block_rows=123 would fit"),
        (of_rows, DataError, r"holds \d+\.\d MiB at the least, and 1\.\d MiB of.*fewer rows or features"),
    ):
        monkeypatch.setattr(machine, "free_memory", lambda free=free: free)
        with pytest.raises(error, match=match):
            gm.derive(rows, reg=1, norm=2)
        search = LocalDictionary(rows.samples(), 2, block_rows=124)
        with pytest.raises(error, match=match):
            gm.derive(rows, reg=1, norm=2, dictionary=search)
    monkeypatch.setattr(machine, "free_memory", lambda: of_rows + 2 * 8 * 3000 * 123)
    fits = LocalDictionary(rows.samples(), 2, block_rows=123)
    with pytest.raises(pytest.fail.Exception, match="it began"):
        gm.derive(rows, reg=1, norm=2, dictionary=fits)


def test_free_memory_is_that_of_the_machine(monkeypatch):
    assert 2**20 < machine.free_memory() <= 2**50 or machine.free_memory() == np.inf
    monkeypatch.setattr(machine.Path, "read_text", lambda *_: "MemAvailable:  12 kB")
    assert machine.free_memory() == 12 * 1024
    for other in ("", "MemFree:  12 kB", "MemAvailable:  x kB"):
        monkeypatch.setattr(machine.Path, "read_text", lambda *_, other=other: other)
        assert machine.free_memory() == np.inf


@pytest.mark.parametrize("seed", [0, 6])
def test_names_of_few_rows_are_exact(seed):
    """Sliding on flats ends above these networks, and Newton's method goes on from where they are."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 6))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1], 0) + 0.1 * rng.normal(size=80)
    found = gm.derive(gm.Rows(X, y), reg=2, norm=2)
    assert found.certificate.named == 1.0
    assert objective(found, X, y, 2, 2) == pytest.approx(found.objective, rel=1e-9)
    assert all(neuron.atom.samples for neuron in found.network.neurons)


def test_rows_of_one_feature_have_all_atoms_looked_at():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(160, 1)), rng.normal(size=160)
    found, plain = (gm.derive(*table, reg=0.1, norm=2) for table in ((gm.Rows(X, y),), (X, y)))
    assert found.certificate.coverage.scope == "global"
    assert found.objective == pytest.approx(plain.objective, rel=1e-9)


@pytest.mark.parametrize("size", [1e8, 1e10, 1e18, 1e-8, 1e-10, 1e-20])
def test_sizes_of_features_do_not_matter(size):
    """Where float32 holds no powers of them the work is in float64: no warning of NumPy, and as good a network."""
    X, y, reg = ramps(150, 3)
    X, reg = X.astype(np.float32), 5 * reg
    usual = gm.derive(gm.Rows(X, y), reg=reg, norm=2)
    scaled = (X * size).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
        found = gm.derive(gm.Rows(scaled, y), reg=reg * size, norm=2)
    assert found.objective == pytest.approx(usual.objective, rel=1e-2)


def test_a_search_that_finds_no_atom_says_no_more_than_that():
    """Not that a constant is the optimal network, nor what reg_max is."""
    rng = np.random.default_rng(11)
    X, y = rng.normal(size=(300, 10)), rng.normal(size=300)
    rows = gm.Rows(X, y)
    largest = gm.reg_max(rows, norm=2)
    for table, options in (((rows,), {}), ((rows,), {"time_limit": 0.003}), ((X, y), {"time_limit": 0.003})):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = gm.derive(*table, reg=2 * largest, norm=2, **options)
        assert not len(found.network)
        said = " ".join(str(one.message) for one in caught)
        assert "optimal network is" not in said
        assert "reg_max=" not in said
    with pytest.warns(
        gm.errors.ConstantNetworkWarning, match="no atom was found whose correlation is above reg="
    ):
        gm.derive(rows, reg=2 * largest, norm=2)
