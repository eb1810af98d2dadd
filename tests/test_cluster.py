"""The same networks from a real cluster: Dask workers, one of which is killed on the way."""

import os
import runpy
import signal
import threading
from pathlib import Path

import joblib
import matplotlib
import numpy as np
import pytest

import geomnn as gm
from geomnn.dictionaries import LocalDictionary
from geomnn.errors import DataError
from geomnn.programs.gated import random_units
from geomnn.programs.losses import find_loss
from geomnn.programs.problem import pose
from geomnn.programs.slide import slide
from geomnn.rows import Sums, spread, sums_of
from geomnn.samples import Samples

distributed = pytest.importorskip("distributed", reason="Dask is an extra: pip install 'geomnn[dask]'")


@pytest.fixture(scope="module")
def client():
    """Two worker processes on this machine."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 6))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0) + 0.1 * rng.normal(size=60)
    return X, y


class _Unlucky(LocalDictionary):
    """A local dictionary that kills a worker while its third search is under way."""

    def __init__(self, samples, norm, client):
        super().__init__(samples, norm, starts=128)
        self._client, self._searches, self.killed = client, 0, 0

    def _search(self, *arguments):
        self._searches += 1
        if self._searches == 3:
            self.killed = next(iter(self._client.run(os.getpid).values()))
            threading.Timer(0.02, os.kill, (self.killed, signal.SIGKILL)).start()
        return super()._search(*arguments)


@pytest.mark.parametrize("norm", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_killed_worker_changes_nothing(client, problem, norm):
    X, y = problem
    alone = gm.derive(
        X, y, reg=2.0, norm=norm, tol=1e-4, dictionary=LocalDictionary(Samples(X, True), norm, starts=128)
    )
    before = set(client.run(os.getpid).values())
    dictionary = _Unlucky(Samples(X, True), norm, client)
    with joblib.parallel_config("dask"):
        spread = gm.derive(X, y, reg=2.0, norm=norm, tol=1e-4, dictionary=dictionary)
    assert dictionary.killed in before
    assert dictionary.killed not in client.run(os.getpid).values()
    assert spread.objective == pytest.approx(alone.objective, rel=1e-12)
    assert [str(n.atom) for n in spread.network.neurons] == [str(n.atom) for n in alone.network.neurons]


@pytest.mark.slow
def test_cross_validation(client, problem):
    X, y = problem
    options = {"regs": [5.0, 2.0], "folds": 3, "norm": 1, "dictionary": "wedge"}
    alone = gm.cross_validate(X[:, :2], y, **options)
    with joblib.parallel_config("dask"):
        spread = gm.cross_validate(X[:, :2], y, **options)
    np.testing.assert_allclose(spread.errors, alone.errors, rtol=1e-12)


@pytest.mark.slow
def test_the_example(tmp_path, monkeypatch, capsys):
    example = Path(__file__).parents[1] / "docs" / "howto" / "cluster.py"
    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context({"backend": "agg"}):
        runpy.run_path(str(example), run_name="__main__")
    _, _, spread = capsys.readouterr().out.strip().splitlines()
    assert spread.endswith("the same neurons")


@pytest.fixture
def partitioned():
    """A Dask table in three uneven partitions, one of them empty, and its columns in two."""
    array = pytest.importorskip("dask.array", reason="needs dask.array")
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 6)).astype(np.float32) + np.float32(10)
    y = np.maximum(X[:, 0] - 10, 0) - np.maximum(X[:, 1] - 10, 0) + 0.1 * rng.normal(size=500)
    return X, y, array.from_array(X, chunks=((200, 0, 70, 230), (4, 2)))


def everything(sums, loss, y):
    """All sums over rows as one list."""
    rng = np.random.default_rng(2)
    units, alpha, gates = rng.normal(size=(5, 7)), rng.normal(size=(5, 1)), rng.random((len(y), 5)) > 0.5
    y = y[:, None]
    return [
        *sums.value_gradient(loss, y, units, alpha, np.ones(1)),
        *sums.value_gradient(loss, y, units, alpha, np.ones(1), gates),
        *sums.correlate(units, y), *sums.correlate(units, y, alpha), *sums.gram(units, y),
        sums.predict(units, alpha), sums.projections(units), sums.pulled(y), sums.squares(np.arange(1.0, 7)),
    ]  # fmt: skip


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_sums_over_partitions_are_those_of_one_process(client, partitioned, precision, monkeypatch):
    """To the last bit where the same partitions are added alone, and to rounding where blocks are others."""
    X, y, table = partitioned
    loss = find_loss("squared", np.linspace(0.5, 2.0, len(X)))
    with distributed.get_task_stream(client) as stream:
        samples = gm.Rows(table, y).samples()
        shared = everything(sums_of(samples, precision), loss, y)
    assert sum("_on_one_thread" in task["key"] or "partial" in task["key"] for task in stream.data) >= 10 * 3
    monkeypatch.setattr(spread, "_client", lambda: None)
    alone = everything(sums_of(gm.Rows(table, y).samples(), precision), loss, y)
    monkeypatch.setattr("geomnn.rows.sums.KEPT", 0)
    again = everything(sums_of(gm.Rows(table, y).samples(), precision), loss, y)
    whole = everything(Sums(gm.Rows(X, y).samples(), precision, block_rows=333), loss, y)
    tolerance = 1e-12 if precision == "float64" else 2e-6
    for one, other, third, fourth in zip(shared, alone, again, whole, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)
        np.testing.assert_allclose(one, fourth, rtol=0, atol=tolerance * np.abs(fourth).max(initial=0.0))


def test_a_slide_over_partitions_is_that_of_one_process(client, partitioned, monkeypatch):
    """To the last bit, after steps that depend on all before: partitions read anew, held by the workers, and alone."""
    _, y, table = partitioned
    ends = []
    for each in (table, table.persist(), table):
        problem = pose(gm.Rows(each, y), None, 5, 2, True, "squared")
        units = random_units(problem.samples, 6, np.random.default_rng(3))
        ends.append(slide(problem, units, np.ones((6, 1)), np.zeros(1), 5, sums=sums_of(problem.samples)))
        monkeypatch.setattr(spread, "_client", (lambda: None) if len(ends) == 2 else spread._client)
    for end in ends[1:]:
        for one, other in zip(ends[0], end, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_lost_partition_is_made_again(client, partitioned):
    _, y, table = partitioned
    sums = sums_of(gm.Rows(table.persist(), y).samples(), "float64")
    before = sums.gram(np.eye(7), y[:, None])
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    for one, other in zip(before, sums.gram(np.eye(7), y[:, None]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_wrong_with_a_partition_is_said(client, partitioned):
    X, y, table = partitioned
    with pytest.raises(DataError, match=r"X\[3, 1\] is nan"):
        gm.Rows(table.map_blocks(lambda block: np.where(block == X[3, 1], np.nan, block)), y)
    with pytest.raises(DataError, match="y has 499 entries and X has 500 rows"):
        gm.Rows(table, y[1:])
    with pytest.raises(DataError, match="a table of shape"):
        gm.Rows(table[:, 0], y)
    unknown = table[table[:, 0] > -1e9]  # Dask does not know how many rows that are
    np.testing.assert_array_equal(gm.Rows(unknown, y)[[2, 499, 2]], X[[2, 499, 2]])
