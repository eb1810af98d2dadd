"""Test accuracy by nested cross-validation, beside four peers with the same time to search their grids.

python tests/benchmarks/bench_accuracy.py [data set]

Two of the peers need PyTorch and pyscnn (with linalg_backends and opt_einsum), and are left out where these are absent.
"""

import sys
import time
from collections import Counter

import numpy as np
from peers import NEEDS, PEERS, here
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import shuffle
from sklearn.utils._testing import ignore_warnings
from threadpoolctl import threadpool_limits

import geomnn as gm

INNER = StratifiedKFold(3, shuffle=True, random_state=0)
CHOICE = "neg_log_loss"  # accuracies of a few samples are often equal
SIXTEENTHS = FunctionTransformer(lambda pixels: pixels / 16)  # which come as 0 to 16


def terrain(n=3_000, return_X_y=True):
    """Like the forest cover table in its two classes: ten measured columns, and one of 4 areas and of 40 soils as zeros
    and ones; what grows depends on height, on how far water is, on slope by area, and on the soil."""
    rng = np.random.default_rng(0)
    measured, area, soil = rng.normal(size=(n, 10)), rng.integers(4, size=n), rng.integers(40, size=n)
    height, water, slope, light = measured[:, :4].T
    best, steep = np.array([-0.5, 0.0, 0.4, 1.0])[area], np.array([1.0, -1.0, 0.5, 0.0])[area]
    score = 1 - np.abs(height - best) + steep * np.maximum(slope, 0.0) - 0.5 * np.maximum(water - light, 0.0)
    score += rng.normal(size=40)[soil] + 0.3 * measured[:, 4] * (measured[:, 5] > 0)
    X = np.column_stack([measured, np.eye(4)[area], np.eye(40)[soil]])
    return X, (score + 0.3 * rng.logistic(size=n) > np.median(score)).astype(int)


DATA = {  # with folds, and how often they are drawn: accuracies of few samples differ by chance
    "wine": (load_wine, StandardScaler(), [30.0, 10.0, 3.0, 1.0, 0.3], 5, 2),
    "breast cancer": (load_breast_cancer, StandardScaler(), [16.0, 8.0, 4.0, 2.0, 1.0], 5, 3),
    "digits": (load_digits, SIXTEENTHS, [1.0, 0.3], 2, 1),
    "terrain": (terrain, StandardScaler(), [30.0, 10.0], 3, 1),
}


def wedges(scaler, regs, X, y):
    """The best of a grid of regs by cross-validation, fitted anew."""
    pipeline = make_pipeline(scaler, gm.WedgeClassifier(rounds=3))
    return GridSearchCV(pipeline, {"wedgeclassifier__reg": regs}, scoring=CHOICE, cv=INNER).fit(X, y)


@ignore_warnings(category=ConvergenceWarning)
def searched(peer, scaler, X, y, seconds):
    """The best of the grid of a peer in random order, and of the same with other random starts, as far as the time
    allows, fitted anew; and how many were tried."""
    kind, grid = PEERS[peer]
    choice = CHOICE if hasattr(kind, "predict_proba") else "accuracy"
    randomness = "seed" if hasattr(kind, "seed") else "random_state"
    began, best, tried, seed = time.process_time(), (-np.inf, None), 0, 0
    while True:
        for options in shuffle(list(ParameterGrid(grid)), random_state=seed):
            model = make_pipeline(clone(scaler), clone(kind).set_params(**options, **{randomness: seed}))
            score = cross_val_score(model, X, y, scoring=choice, cv=INNER).mean()
            best, tried = max(best, (score, model), key=lambda one: one[0]), tried + 1
            if time.process_time() - began >= seconds:
                return best[1].fit(X, y), tried
        seed += 1


def nested(name):
    """Rows of the table: of each way the accuracy over all folds, CPU seconds a fold, and what was tried or chosen."""
    load, scaler, regs, folds, repeats = DATA[name]
    X, y = load(return_X_y=True)
    scores, spent, tried, chosen = {"WedgeClassifier": []}, [], {}, Counter()
    splits = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=0).split(X, y)
    for train, test in splits:
        began = time.process_time()
        model = wedges(scaler, regs, X[train], y[train])
        spent.append(time.process_time() - began)
        chosen[model.best_params_["wedgeclassifier__reg"]] += 1
        scores["WedgeClassifier"].append(np.mean(model.predict(X[test]) == y[test]))
        for peer in here():
            model, count = searched(peer, scaler, X[train], y[train], spent[-1])
            tried.setdefault(peer, []).append(count)
            scores.setdefault(peer, []).append(np.mean(model.predict(X[test]) == y[test]))
    regs = ", ".join(f"{reg:g} ({count})" for reg, count in sorted(chosen.items(), reverse=True))
    said = {"WedgeClassifier": f"reg {regs}"} | {
        p: f"{np.mean(counts):.0f} setting{'s' * (round(np.mean(counts)) != 1)}"
        for p, counts in tried.items()
    }
    title = f"{name}, {len(X):,} × {X.shape[1]}, {len(np.unique(y))} classes"
    return [
        (
            title * (way == "WedgeClassifier"),
            way,
            _scores(values, repeats),
            f"{np.mean(spent):.0f} s",
            said[way],
        )
        for way, values in scores.items()
    ]


def _scores(values, repeats):
    """The mean, and those of each time that the folds were drawn, or of each fold where that was once."""
    parts = np.reshape(values, (repeats, -1)).mean(axis=1) if repeats > 1 else values
    return f"{np.mean(values):.4f} ({', '.join(f'{score:.3f}' for score in parts)})"


HEAD = ("data", "way", "accuracy", "CPU time a fold", "chosen, or tried")


if __name__ == "__main__":
    for peer in PEERS.keys() - here():
        print(f"left out: {peer}, which needs {NEEDS[peer]}")
    with threadpool_limits(1):  # of OpenMP too
        for name in sys.argv[1:] or DATA:
            for row in nested(name):
                print("; ".join(map(": ".join, zip(HEAD, row, strict=True))), flush=True)
