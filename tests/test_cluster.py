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
