"""Test accuracy by nested cross-validation, beside scikit-learn's MLPClassifier with the same time to search its grid.

python tests/benchmarks/bench_accuracy.py [data set]
"""

import sys
import time
from collections import Counter

import numpy as np
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
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import shuffle
from sklearn.utils._testing import ignore_warnings

import geomnn as gm
from geomnn.machine import one_blas_thread

INNER = StratifiedKFold(3, shuffle=True, random_state=0)
CHOICE = "neg_log_loss"  # accuracies of a few samples are often equal
SIXTEENTHS = FunctionTransformer(lambda pixels: pixels / 16)  # which come as 0 to 16
DATA = {  # with how often all folds are drawn: accuracies of few samples differ by chance
    "wine": (load_wine, StandardScaler(), [30.0, 10.0, 3.0, 1.0, 0.3], 5),
    "breast cancer": (load_breast_cancer, StandardScaler(), [16.0, 8.0, 4.0, 2.0, 1.0], 5),
    "digits": (load_digits, SIXTEENTHS, [3.0, 1.0, 0.3], 1),
}
PEERS = {
    "hidden_layer_sizes": [(20,), (50,), (100,), (200,), (100, 50)],
    "alpha": [1e-4, 1e-2, 1e-1, 1.0, 10.0],
    "learning_rate_init": [1e-3, 1e-2],
    "activation": ["relu", "tanh"],
}


def wedges(scaler, regs, X, y):
    """The best of a grid of regs by cross-validation, fitted anew."""
    pipeline = make_pipeline(scaler, gm.WedgeClassifier(rounds=3))
    return GridSearchCV(pipeline, {"wedgeclassifier__reg": regs}, scoring=CHOICE, cv=INNER).fit(X, y)


@ignore_warnings(category=ConvergenceWarning)
def perceptrons(scaler, X, y, seconds):
    """The best of a grid in random order, and of the same with other random starts, as far as the time allows, fitted
    anew; and how many were tried."""
    end, best, tried, seed = time.perf_counter() + seconds, (-np.inf, None), 0, 0
    while True:
        for options in shuffle(list(ParameterGrid(PEERS)), random_state=seed):
            model = make_pipeline(clone(scaler), MLPClassifier(max_iter=500, random_state=seed, **options))
            score = cross_val_score(model, X, y, scoring=CHOICE, cv=INNER).mean()
            best, tried = max(best, (score, model), key=lambda one: one[0]), tried + 1
            if time.perf_counter() >= end:
                return best[1].fit(X, y), tried
        seed += 1


def nested(name):
    """A row of the table: the data, accuracy of both over five folds (drawn once or more), seconds a fold, and what was
    tried and chosen."""
    load, scaler, regs, repeats = DATA[name]
    X, y = load(return_X_y=True)
    ours, theirs, spent, tried, chosen = [], [], [], [], []
    for train, test in RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=0).split(X, y):
        began = time.perf_counter()
        model = wedges(scaler, regs, X[train], y[train])
        spent.append(time.perf_counter() - began)
        chosen.append(model.best_params_["wedgeclassifier__reg"])
        peer, count = perceptrons(scaler, X[train], y[train], spent[-1])
        tried.append(count)
        ours.append(np.mean(model.predict(X[test]) == y[test]))
        theirs.append(np.mean(peer.predict(X[test]) == y[test]))
    return (
        f"{name}, {len(X):,} × {X.shape[1]}, {len(np.unique(y))} classes",
        _scores(ours, repeats),
        _scores(theirs, repeats),
        f"{np.mean(spent):.0f} s",
        f"{np.mean(tried):.0f}",
        ", ".join(f"{reg:g} ({count})" for reg, count in sorted(Counter(chosen).items(), reverse=True)),
    )


def _scores(values, repeats):
    """The mean, and those of each time that the folds were drawn, or of each fold where that was once."""
    parts = np.reshape(values, (repeats, -1)).mean(axis=1) if repeats > 1 else values
    return f"{np.mean(values):.4f} ({', '.join(f'{score:.3f}' for score in parts)})"


HEAD = (
    "data",
    "WedgeClassifier",
    "MLPClassifier",
    "time a fold, for each",
    "settings of theirs",
    "our reg (folds)",
)


if __name__ == "__main__":
    with one_blas_thread():
        for name in sys.argv[1:] or DATA:
            print("; ".join(map(": ".join, zip(HEAD, nested(name), strict=True))), flush=True)
