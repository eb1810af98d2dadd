"""What is timed: each function does one job and says what came out of it."""

import subprocess
import sys
import time
from statistics import median

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes

import geomnn as gm
from geomnn.dictionaries import ArcDictionary, WedgeDictionary
from geomnn.samples import Samples

REG = 5e-4


def spiral(n):
    """The spiral of Wang et al.; beyond 160 points scaled: three and a half turns, noise 1e-3."""
    return gm.datasets.spiral() if n == 160 else gm.datasets.spiral(n, turns=3.5, noise=1e-3)


def space(n=200):
    """A smooth function of three features with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=n)


def residual(n):
    v = np.random.default_rng(1).normal(size=(n, 1))
    return v - v.mean()


def planar(n, norm):
    """The exact dictionary of n random points of the plane."""
    samples = Samples(np.random.default_rng(0).normal(size=(n, 2)), True)
    return ArcDictionary(samples) if norm == 2 else WedgeDictionary(samples, norm, directions=True)


def seconds(job, rounds=7):
    """Median time of a job, after one call that is not counted."""
    job()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return median(times)


def sweep_seconds(dictionary):
    """One pricing of all atoms."""
    v = residual(dictionary.samples.n)
    return seconds(lambda: dictionary.price(v, np.inf, 1), 15)


def dense_seconds(n, atoms=20_000):
    """(product alone, activations formed and multiplied), scaled from so many atoms to all n(n − 1) of them."""
    samples, v = Samples(np.random.default_rng(0).normal(size=(n, 2)), True), residual(n)
    dictionary = WedgeDictionary(samples, 1.0, directions=False)
    units = next(dictionary.units())[:atoms]
    activations = samples.activations(units)
    scale = n * (n - 1) / len(units)
    product = seconds(lambda: np.abs(v.T @ activations).max())
    both = seconds(lambda: np.abs(v.T @ samples.activations(units)).max())
    return scale * product, scale * both


def clarabel(X, y, reg=REG):
    """CVXPY with Clarabel on the dense matrix of the wedges (p = 2): seconds, its forming not counted, and value."""
    import cvxpy as cp

    samples = Samples(X, True)
    units = np.concatenate(list(WedgeDictionary(samples, 2.0, directions=False).units()))
    activations = samples.activations(np.concatenate([units, -units]))
    z, t = cp.Variable(activations.shape[1]), cp.Variable()
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(activations @ z + t - y) + reg * cp.norm1(z)))
    start = time.perf_counter()
    problem.solve(solver=cp.CLARABEL)
    return time.perf_counter() - start, problem.value


def derived(X, y, rounds=1, **options):
    """(median seconds of all of `derive`, the last solution)."""
    solutions, times = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        solutions[:] = [gm.derive(X, y, **options)]
        times.append(time.perf_counter() - start)
    return median(times), solutions[0]


def warm_up():
    """Load what is compiled, or compile it."""
    X, y = gm.datasets.peaks(8)
    for norm in (1, 2):
        gm.derive(X, y, norm=norm)
    gm.path(X, y)


def alone(job):
    """A job of this module in a fresh process, as 'name(arguments)': (what it printed, its peak memory in bytes)."""
    # the system's own record: that of getrusage begins with the size of the process that started this one
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cases import *\n"
        f"print({job}); print(*(1024 * int(line.split()[1]) for line in open('/proc/self/status') if 'VmHWM' in line))"
    )
    folder = __file__.rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", script, folder], check=True, capture_output=True, text=True)
    *said, peak = done.stdout.split("\n")[:-1]
    return "\n".join(said), int(peak)


def profiled(X, y, **options):
    """Seconds of `derive` spent in forming and sorting, pricing, the active set, moving atoms, and the rest."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.runcall(gm.derive, X, y, **options)
    spent, total = {}, 0.0
    for (file, _, name), (_, _, own, whole, _) in pstats.Stats(profile).stats.items():
        total += own
        for part, (where, function) in PARTS.items():
            if file.endswith(where) and name == function:
                spent[part] = spent.get(part, 0.0) + whole
    spent["rest"] = total - sum(spent.values())
    return spent


PARTS = {
    "angular order": ("enumerated.py", "_form_pencils"),
    "pricing": ("enumerated.py", "price"),
    "active set": ("active_set.py", "add"),
    "moving atoms": ("refine.py", "refine"),
    "dependent neurons": ("sparsify.py", "independent_neurons"),
    "names": ("atoms.py", "name_atom"),
}


def breast_cancer():
    """569 samples with 30 standardised features and a column of ones, targets ±1, reg 1."""
    X, y = load_breast_cancer(return_X_y=True)
    return _with_ones(X), np.where(y > 0, 1.0, -1.0), 1.0


def diabetes():
    """442 samples with 10 standardised features and a column of ones, standardised target, reg 5."""
    X, y = load_diabetes(return_X_y=True)
    return _with_ones(X), (y - y.mean()) / y.std(), 5.0


def _with_ones(X):
    return np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])
