"""
A search on a cluster
=====================

Where there are too many atoms to look at each, `geomnn` walks to them from many starts, and walks are
independent of each other: they go through joblib, so a cluster takes them by one line around the call.  Here two
Dask workers on this machine do; one of them is killed on the way, and the network is the same.

With a cluster elsewhere ``LocalCluster`` becomes its address, and Ray takes the same walks::

    client = distributed.Client("tcp://scheduler:8786")
    with joblib.parallel_config("dask"):
        gm.derive(X, y, reg=2.0, norm=2)

    ray.util.joblib.register_ray()
    with joblib.parallel_config("ray"):
        gm.derive(X, y, reg=2.0, norm=2)
"""

import os
import signal
import sys
import threading

import joblib
import matplotlib.pyplot as plt
import numpy as np

import geomnn as gm

try:
    import distributed
except ModuleNotFoundError:
    print("Dask is not installed, so this example was left out: pip install 'geomnn[dask]'")
    sys.exit(0)

# %%
# Eight features: some 10^12 atoms.  One process alone finds this network:

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 8))
y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0) + 0.1 * rng.normal(size=120)
options = {"reg": 3.0, "norm": 2, "tol": 1e-4}


def main():
    alone = gm.derive(X, y, **options)
    print(f"one process: {alone.objective:.9f}, {len(alone.network)} neurons")

    # %%
    # The same on two workers.  After a second one of them is killed; Dask begins its walks anew.
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
            spread = gm.derive(X, y, **options)
        still_there = pid in client.run(os.getpid).values()
    print(f"two workers, one killed: {spread.objective:.9f}, {len(spread.network)} neurons")
    assert not still_there
    assert [str(n.atom) for n in spread.network.neurons] == [str(n.atom) for n in alone.network.neurons]

    # %%
    # Which worker walked when.  Between its rounds the search solves the program over what was found, here in the main
    # process; after the kill Dask first notices, begins the lost walks anew and has a successor import what it needs.
    first = {}
    for task in sorted(stream.data, key=lambda task: min(span["start"] for span in task["startstops"])):
        first.setdefault(task["worker"], len(first))
    workers = sorted(first, key=lambda name: (name != unlucky, first[name]))
    figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
    for task in stream.data:
        spans = [
            (span["start"] - began, span["stop"] - span["start"])
            for span in task["startstops"]
            if span["action"] == "compute"
        ]
        row = workers.index(task["worker"])
        axes.broken_barh(spans, (row - 0.35, 0.7), facecolor="C0", edgecolor="white", linewidth=0.3)
    axes.axvline(1.0, color="C1", linestyle="--")
    axes.text(1.05, 0, "killed", color="C1", va="center")
    axes.text(1.05, 2, "starts, and takes over the walk", color="C1", va="center")
    names = ["first worker", "second worker", "successor of the first"]
    axes.set_yticks(range(len(workers)), names[: len(workers)])
    axes.set_ylim(len(workers) - 0.4, -0.65)
    axes.set_xlabel("seconds")
    axes.set_title("Blocks of walks on two Dask workers")
    plt.show()


if __name__ == "__main__":  # workers import this file
    main()
