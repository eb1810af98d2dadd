"""A search on two Dask workers, one of which is killed on the way: the picture of the page "Run on a cluster"."""

import os
import signal
import threading

import distributed
import joblib
import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 8))
y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0) + 0.1 * rng.normal(size=120)
options = {"reg": 3.0, "norm": 2, "tol": 1e-4}


def spread_and_kill():
    """The solution, when which worker walked, and the name of the one that was killed."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        gm.derive(X[:30], y[:30], **options)  # the workers import what they need
        unlucky, pid = min(client.run(os.getpid).items())
        with distributed.get_task_stream(client) as stream:
            began = distributed.metrics.time()
            print("now one is killed, and Dask warns about it:")
            threading.Timer(1.0, os.kill, (pid, signal.SIGKILL)).start()
            solution = gm.derive(X, y, **options)
        assert pid not in client.run(os.getpid).values()
    walks = [
        (task["worker"], span["start"] - began, span["stop"] - span["start"])
        for task in stream.data
        for span in task["startstops"]
        if span["action"] == "compute"
    ]
    return solution, walks, unlucky


def draw(walks, unlucky):
    """A row of bars for each worker."""
    first = {}
    for worker, start, _ in walks:
        first[worker] = min(start, first.get(worker, start))
    workers = sorted(first, key=lambda worker: (worker != unlucky, first[worker]))
    _, axes = plt.subplots(figsize=(6.8, 2.6), layout="constrained")
    for worker, start, length in walks:
        row = workers.index(worker)
        axes.broken_barh(
            [(start, length)], (row - 0.35, 0.7), facecolor="C0", edgecolor="white", linewidth=0.3
        )
    axes.axvline(1.0, color="black", linestyle="--")
    axes.text(1.05, 0, "killed", va="center")
    axes.text(1.05, 2, "starts, and takes over the walk", va="center")
    names = ["first worker", "second worker", "successor of the first"]
    axes.set_yticks(range(len(workers)), names[: len(workers)])
    axes.set_ylim(len(workers) - 0.4, -0.65)
    axes.set_xlabel("time since the start (seconds)")
    axes.set_title("Blocks of walks on two Dask workers")
    plt.show()


if __name__ == "__main__":  # workers import this file
    alone = gm.derive(X, y, **options)
    print(f"one process: objective {alone.objective:.1f}, to a tolerance of {options['tol']}")
    spread, walks, unlucky = spread_and_kill()
    same = [str(n.atom) for n in spread.network.neurons] == [str(n.atom) for n in alone.network.neurons]
    assert same
    assert abs(spread.objective - alone.objective) <= 1e-12 * alone.objective
    print("two workers, one killed: the same objective to rounding, and the same neurons")
    draw(walks, unlucky)
