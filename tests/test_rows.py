"""Tables by blocks of rows: every kind gives the same sums, whatever the blocks, and NumPy and PyTorch agree."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import geomnn as gm
from geomnn.dictionaries.canonical import name_atom, name_error
from geomnn.errors import DataError, MissingPackage, OptionError
from geomnn.programs.losses import find_loss
from geomnn.rows import Sums
from geomnn.samples import Samples

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
needs_dask = pytest.mark.skipif(importlib.util.find_spec("dask.array") is None, reason="needs dask.array")
N, D = 3000, 7


def drawn(outputs=1):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)).astype(np.float32) * (rng.random((N, D)) < 0.5) + np.float32(100)
    return (
        X - np.float32(100),
        rng.normal(size=(N, outputs)),
        rng.normal(size=(5, D + 1)),
        rng.normal(size=(5, outputs)),
    )


def kinds(X, y, folder):
    """The same table, handed out in other ways."""
    stored = np.lib.format.open_memmap(folder / "X.npy", "w+", X.dtype, X.shape)
    stored[:] = X
    stored.flush()
    yield "array", X, y
    yield "fortran", np.asfortranarray(X), y
    yield "lists", X.tolist(), y.tolist()
    yield "memmap", np.load(folder / "X.npy", mmap_mode="r"), y
    yield "csr", csr_array(X), y
    yield "nullable", pd.DataFrame(X).astype("Float32"), y
    yield "batches", lambda: ((X[k : k + 700], y[k : k + 700]) for k in range(0, N, 700)), None
    if importlib.util.find_spec("torch"):
        yield "tensor", __import__("torch").tensor(X), y
        yield "gradient", __import__("torch").tensor(X, requires_grad=True), y
    if importlib.util.find_spec("dask.array"):
        dask = importlib.import_module("dask.array")
        yield "dask", dask.from_array(X, chunks=(1100, 4)), y
        yield "dask csr", dask.from_array(X, chunks=(1100, D)).map_blocks(csr_array), y


def everything(sums, loss, y, units, alpha):
    """All sums of a table as one list of arrays."""
    value, *gradients = sums.value_gradient(loss, y, units, alpha, np.zeros(y.shape[1]))
    return [
        np.array(value), *gradients, *sums.correlate(units, y, alpha), *sums.gram(units, y),
        sums.predict(units, alpha), sums.projections(units), sums.pulled(y), sums.squares(np.arange(1.0, D + 1)),
    ]  # fmt: skip


def by_hand(X, y, units, alpha, centre):
    """The same from their formulas, in float64 and at once."""
    lifted = np.column_stack([X.astype(float) - centre, np.ones(len(X))])
    along = lifted @ units.T
    hidden, on = np.maximum(along, 0), along > 0
    v = y - hidden @ alpha
    return [
        np.array(np.sum(v**2) / 2), -(on * (v @ alpha.T)).T @ lifted, -hidden.T @ v, -v.sum(axis=0),
        hidden.T @ y, (on * (y @ alpha.T)).T @ lifted, hidden.T @ hidden, hidden.T @ y, hidden.sum(axis=0),
        hidden @ alpha, along, y.T @ lifted, (lifted[:, :D] ** 2) @ np.arange(1.0, D + 1) ** 2,
    ]  # fmt: skip


def close(found, wanted, tolerance):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize("outputs", [1, 3])
def test_every_kind_of_table_has_the_sums_of_the_formulas(outputs, tmp_path):
    X, y, units, alpha = drawn(outputs)
    loss = find_loss("squared")
    for name, table, targets in kinds(X, y, tmp_path):
        rows = gm.Rows(table, targets)
        assert rows.shape == (N, D), name
        np.testing.assert_array_equal(rows.targets, y)
        samples = rows.samples(True)
        wanted = by_hand(X, y, units, alpha, samples.centre)
        for size in (N, 1024, 37):
            close(everything(Sums(samples, "float64", block_rows=size), loss, y, units, alpha), wanted, 1e-12)
            close(everything(Sums(samples, "float32", block_rows=size), loss, y, units, alpha), wanted, 2e-6)
        np.testing.assert_array_equal(rows[[5, 2, 2999, 5]], X[[5, 2, 2999, 5]])
        np.testing.assert_array_equal(np.asarray(rows), X)


@needs_torch
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_both_libraries_agree(precision):
    X, y, units, alpha = drawn(2)
    loss, tolerance = find_loss("squared"), 1e-12 if precision == "float64" else 1e-6
    for table in (X, __import__("torch").tensor(X)):
        samples = gm.Rows(table).samples(True)
        ours, theirs = (
            everything(Sums(samples, precision, device, block_rows=500), loss, y, units, alpha)
            for device in (None, "cpu")
        )
        close(theirs, ours, tolerance)


def test_blocks_of_a_thousand_and_of_all_rows_agree():
    """K1 in float32 to 1e-6: what is added up over blocks is in float64."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(20_000, 30)).astype(np.float32), rng.normal(size=(20_000, 1))
    units, alpha = rng.normal(size=(40, 31)), rng.normal(size=(40, 1))
    samples = gm.Rows(X).samples(True)
    few, many = (
        Sums(samples, block_rows=size).value_gradient(find_loss("squared"), y, units, alpha, np.ones(1))
        for size in (1024, 20_000)
    )
    double = Sums(samples, "float64").value_gradient(find_loss("squared"), y, units, alpha, np.ones(1))
    assert few[0] == pytest.approx(many[0], rel=1e-6)
    for one, other in ((few, many), (few, double)):
        for a, b in zip(one[1:], other[1:], strict=True):
            assert np.linalg.norm(a - b) <= 1e-6 * np.linalg.norm(b)


@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_of_the_value(loss, weighted):
    rng = np.random.default_rng(2)
    X, outputs = rng.normal(size=(50, 3)), 3 if loss == "softmax" else 1
    y = {"softmax": np.eye(3)[rng.integers(0, 3, 50)], "logistic": rng.choice([-1.0, 1.0], (50, 1))}
    targets = y.get(loss, rng.normal(size=(50, 1)))
    found = find_loss(loss, rng.random(50) + 0.5) if weighted else find_loss(loss)
    sums = Sums(Samples(X, True), "float64", block_rows=20)
    at = [rng.normal(size=(4, 4)), rng.normal(size=(4, outputs)), rng.normal(size=outputs)]
    gates = rng.normal(size=(2, 4))
    sides = sums.sides(gates)
    np.testing.assert_array_equal(sides, Samples(X, True).homogeneous @ gates.T > 0)
    for gated in (None, sides):
        _, *gradients = sums.value_gradient(found, targets, *at, gated)
        for place, gradient in enumerate(gradients):
            way = rng.normal(size=gradient.shape)
            ends = []
            for side in (1, -1):
                moved = [*at]
                moved[place] = at[place] + side * 1e-6 * way
                ends.append(sums.value_gradient(found, targets, *moved, gated)[0])
            assert np.sum(gradient * way) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_sums_of_some_rows_are_those_of_their_table():
    """Also where blocks of the whole table have none of them, and of sparse rows."""
    X, y, units, alpha = drawn(1)
    loss, chosen = find_loss("squared"), np.r_[3:9, 2000:2100:3]
    for table in (X, csr_array(X)):
        samples = gm.Rows(table).samples(True)
        few = Sums(samples, "float64", block_rows=16).of(chosen)
        wanted = by_hand(X[chosen], y[chosen], units, alpha, samples.centre)
        assert few.n == len(chosen)
        found = few.value_gradient(loss, y[chosen], units, alpha, np.zeros(1))
        close(found, [wanted[0], wanted[1], wanted[2], wanted[3]], 1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_streamed_samples_are_samples(bias):
    """All that naming asks of a table, with repeated and zero rows and a common offset."""
    rng = np.random.default_rng(3)
    X = rng.integers(-2, 3, size=(40, 3)).astype(float) + 1000.0 * bias
    X[::7] = X[3]
    plain, streamed = Samples(X, bias), gm.Rows(X).samples(bias)
    units = plain.homogeneous[rng.integers(0, 40, (6, 4))].sum(axis=1)
    v = rng.normal(size=(40, 2))
    for name in (
        "n",
        "d",
        "D",
        "centre",
        "extent",
        "spread",
        "distinct",
        "distinct_index",
        "homogeneous",
        "_lengths",
    ):
        np.testing.assert_allclose(getattr(streamed, name), getattr(plain, name), rtol=1e-14, err_msg=name)
    np.testing.assert_allclose(streamed.activations(units), plain.activations(units), atol=1e-9)
    np.testing.assert_allclose(streamed.pulled(v), plain.pulled(v), atol=1e-10)
    np.testing.assert_allclose(streamed.predict(units, v[:6]), plain.predict(units, v[:6]), atol=1e-8)
    for unit in (
        gm.dictionaries.LocalDictionary(plain, 2.0, starts=8).price(v - v.mean(axis=0) * bias, 0, 9).units
    ):
        np.testing.assert_array_equal(streamed.incidences(unit) == 0, plain.incidences(unit) == 0)
        names = [name_atom(samples, unit, 2.0, (), v) for samples in (plain, streamed)]
        assert str(names[0]) == str(names[1])
        errors = [name_error(samples, names[0], v) for samples in (plain, streamed)]
        assert errors[0] == pytest.approx(errors[1], abs=1e-12)


def test_refusals(tmp_path):
    X, y, _, _ = drawn()
    bad = X.copy()
    bad[2100, 4] = np.nan
    calls = iter([True, False])
    for give, message in (
        (lambda: gm.Rows(iter([X])), "an iterator .*function that returns one"),
        (lambda: gm.Rows(x for x in [X]), "an iterator"),
        (lambda: gm.Rows(bad), r"X\[2100, 4\] is nan"),
        (lambda: gm.Rows(csr_array(bad)), r"X\[2100, 4\] is nan"),
        (lambda: gm.Rows(lambda: [bad[:2000], bad[2000:]]), r"X\[2100, 4\] is nan"),
        (lambda: gm.Rows(lambda: [X, X[:, :3]]), "From row 3000 on X has 3 features"),
        (lambda: gm.Rows(lambda: []), "no rows"),
        (lambda: gm.Rows(lambda: [X], y), "a function and y is given"),
        (lambda: gm.Rows(X, y[:10]), "y has 10 entries and X has 3000 rows"),
        (lambda: gm.Rows(X, np.vstack([y, y])), "y has 6000 entries"),
        (lambda: gm.Rows(X[0]), "shape"),
        (lambda: gm.Rows(X.astype(str)), "numbers were expected"),
        (lambda: np.asarray(gm.Rows(lambda: [X] if next(calls) else [X[:5]])), "X gave 5 rows and 3000"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=message):
            give()
    samples = gm.Rows(X).samples(True)
    with pytest.raises(OptionError, match="'float32' or 'float64'"):
        Sums(samples, "float16")
    with pytest.raises(OptionError, match="block_rows"):
        Sums(samples, block_rows=0)
    with pytest.raises(MissingPackage, match="device='cuda:77'"):
        Sums(samples, device="cuda:77")
    with pytest.raises(OptionError, match="bias"):
        gm.Rows(X).samples("yes")


@pytest.mark.parametrize("batches", [False, True])
def test_some_rows_are_those_of_an_array(batches):
    """Negative numbers and masks, too: batches gave zeros for rows that they have not met."""
    X = np.arange(20.0).reshape(10, 2)
    rows = gm.Rows((lambda: (X[k : k + 3] for k in range(0, 10, 3))) if batches else X)
    for some in (-1, [-1, 0, 3, 3], X[:, 0] > 7, slice(8, 2, -2), [], np.array([[1, 2], [9, 0]])):
        np.testing.assert_array_equal(rows[some], X[some])
    for none in (10, [-11], [True, False]):
        with pytest.raises(IndexError):
            rows[none]


def test_masked_entries_are_refused(monkeypatch):
    X, y = np.arange(60.0, dtype=np.float32).reshape(20, 3), np.arange(20.0)
    masked = np.ma.masked_greater(X, 40)
    told = "has masked entries; remove or impute them first"
    for table in (masked, lambda: (masked[k : k + 8] for k in range(0, 20, 8))):
        with pytest.raises(DataError, match=f"X {told}"):
            gm.Rows(table)
    with pytest.raises(DataError, match=f"y {told}"):
        gm.Rows(X, np.ma.masked_greater(y, 10))
    with pytest.raises(DataError, match=f"X {told}"):
        gm.train_blocks(masked, y, norm=2)
    monkeypatch.setattr("geomnn.derivation.STREAMED", 60)
    with pytest.raises(DataError, match=f"X {told}"):
        gm.derive(masked, y, norm=2)


def test_what_a_function_makes_of_a_row_does_not_depend_on_the_others():
    X = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(DataError, match="each row alone"):
        gm.Rows(X).through(lambda block: block - block.mean(axis=0))
    with pytest.raises(OptionError, match="function=3; a function of a block"):
        gm.Rows(X).through(3)


def test_rows_in_fractions_are_the_decimals_that_were_written():
    X = np.array([[0.1, 2.0], [0.3, 0.7]], dtype=np.float32)
    assert gm.Rows(X).samples().rows == Samples(X, True).rows


@needs_dask
def test_a_search_over_partitions_begins_with_some_of_their_rows():
    """Sums over some rows went over all partitions, and gates were those of the first rows in each."""
    X = np.random.default_rng(0).normal(size=(2000, 4))
    y, table = np.abs(X[:, 0]), importlib.import_module("dask.array").from_array(X, chunks=(700, 4))
    one, other = (gm.derive(gm.Rows(each, y), reg=2, norm=2).objective for each in (X, table))
    assert other == pytest.approx(one, rel=1e-4)


def test_a_function_may_write_into_what_it_is_given():
    X = np.random.default_rng(0).normal(size=(50, 3))
    given = X.copy()

    def doubled(block):
        block *= 2.0
        return block

    np.testing.assert_array_equal(np.asarray(gm.Rows(given).through(doubled)), 2.0 * X)
    np.testing.assert_array_equal(given, X)


@needs_dask
def test_targets_of_dask_may_have_parts_of_unknown_sizes():
    X = np.random.default_rng(0).normal(size=(50, 3))
    table, y = (importlib.import_module("dask.array").from_array(part, chunks=20) for part in (X, X[:, 0]))
    for rows in (gm.Rows(table, y[y > -9]), gm.Rows(X, y[y > -9]), gm.Rows(table[y > -9], y[y > -9])):
        assert rows.shape == (50, 3)
        np.testing.assert_array_equal(rows.targets, X[:, 0])


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")
def test_batches_that_change_are_refused():
    """Shuffled ones would have the targets of other samples; the same in other batches are the same."""
    rng, X = np.random.default_rng(0), np.random.default_rng(1).normal(size=(60, 2))
    y, sizes = X[:, 0], iter([7, 60, 13, *[11] * 10**4])

    def shuffled():
        rows = rng.permutation(60)
        return ((X[part], y[part]) for part in np.split(rows, 4))

    def drawn_anew(kind=np.asarray):
        return [(kind(rng.normal(size=(60, 2))), y)]

    def other_targets():
        return [(X, rng.permutation(y))]

    for batches in (shuffled, drawn_anew, lambda: drawn_anew(csr_array), other_targets):
        with pytest.raises(DataError, match="other rows than at the first reading, or in another order"):
            gm.derive(gm.Rows(batches), reg=0.1, norm=2)

    def as_lists():
        size = next(sizes)
        return ((X[k : k + size].tolist(), y[k : k + size].tolist()) for k in range(0, 60, size))

    def as_sparse():
        size = next(sizes)
        return ((csr_array(X[k : k + size]), y[k : k + size]) for k in range(0, 60, size))

    for batches in (as_lists, as_sparse):
        assert gm.derive(gm.Rows(batches), reg=0.1, norm=2).objective == pytest.approx(
            gm.derive(gm.Rows(X, y), reg=0.1, norm=2).objective, rel=1e-2
        )
    more = iter([59, *[60] * 10**3])
    with pytest.raises(DataError, match="X gave 60 rows and 59 at the first reading"):
        gm.derive(gm.Rows(lambda: [(X[:size], y[:size]) for size in [next(more)]]), reg=0.1, norm=2)


def test_batches_of_any_kind():
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    rows = gm.Rows(lambda: [(X[:0], y[:0]), (X[:4], y[:4]), (X[4:], y[4:])])  # as after a filter
    np.testing.assert_array_equal(np.asarray(rows), X)
    np.testing.assert_array_equal(rows.targets, y)
    np.testing.assert_array_equal(np.asarray(gm.Rows(lambda: [[X]])), X)  # as of a TensorDataset
    np.testing.assert_array_equal(gm.Rows(gm.Rows(X, y)).targets, y)
    whole = pd.DataFrame(X).astype("Int64")
    np.testing.assert_array_equal(np.asarray(gm.Rows(lambda: [(whole, y)])), X)
    for batches, told in (
        (lambda: None, "X gave a NoneType; batches"),
        (lambda: [(X, y, y)], "has 3 parts"),
        (lambda: [{"X": X, "y": y}], "a batch that is a dict"),
        (lambda: [1.0, 2.0], "a batch that is a float"),
        (lambda: [(X, y[:3])], "y has 3 entries and X has 6 rows"),
        (lambda: [(X, y), X], "y has 6 entries and X has 12 rows"),
    ):
        with pytest.raises(DataError, match=told):
            gm.Rows(batches)


@needs_torch
@pytest.mark.parametrize("kind", ["bfloat16", "to_sparse"])
def test_tensors_that_numpy_has_not(kind):
    table = getattr(importlib.import_module("torch").eye(4, 2), kind)()
    for X, y in ((table, np.zeros(4)), (lambda: [(table, np.zeros(4))], None)):
        with pytest.raises(DataError, match=r"was expected|convert it to one first"):
            gm.Rows(X, y)
