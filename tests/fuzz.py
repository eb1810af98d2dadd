"""Random small problems, most of them degenerate, for as long as you like.

    python tests/fuzz.py 60 0

runs for 60 seconds from seed 0 and prints every problem whose duality gap is not within 1e-9, which has more neurons
than targets, which takes more than 20 s, or which raises or warns.  Exit status 1 if there was one.
"""

import sys
import time
import warnings

import numpy as np

import geomnn as gm


def draw(seed):
    """A problem: samples, targets, options."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 5))
    n = int(rng.integers(1, {1: 30, 2: 16, 3: 10, 4: 8}[d]))
    X = [
        lambda: rng.normal(size=(n, d)),
        lambda: rng.integers(-2, 3, size=(n, d)).astype(float),
        lambda: rng.integers(0, 2, size=(n, d)).astype(float),
        lambda: rng.normal(size=(n, d)) * 10.0 ** rng.integers(-6, 7, size=d),
        lambda: np.round(rng.normal(size=(n, d)), 1) + rng.integers(-1, 2) * 100,
    ][rng.integers(5)]()
    c = int(rng.integers(1, 4))
    y = rng.normal(size=(n, c)) if rng.random() < 0.6 else rng.integers(-1, 2, size=(n, c)).astype(float)
    loss = "squared"
    if rng.random() < 0.3 and n > 1:
        loss, y = "logistic", np.where(rng.random(n) < 0.5, -1.0, 1.0)
        y[0] = -y[1]
    elif c == 1:
        y = y[:, 0]
    options = {"norm": [1, 2, np.inf][rng.integers(3)], "bias": bool(rng.integers(2)), "loss": loss}
    options["dictionary"] = "wedge" if rng.random() < 0.2 else "auto"
    return X, y, options, 10.0 ** rng.uniform(-4, 0)


def complaint(X, y, options, share):
    """What is wrong with the solution at this share of reg_max, or nothing."""
    try:
        largest = gm.reg_max(X, y, **options)
        if largest == 0.0:
            return ""
        start = time.perf_counter()
        solution = gm.derive(X, y, reg=share * largest, **options)
        seconds = time.perf_counter() - start
    except (gm.errors.GeomnnError, Warning, ArithmeticError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    gap, neurons = solution.certificate.relative_gap, len(solution.network)
    fine = abs(gap) <= 1e-9 and neurons <= np.size(y) and seconds <= 20
    return "" if fine else f"gap {gap:.1e}, {neurons} neurons for {np.size(y)} targets, {seconds:.1f} s"


def main(seconds, seed):
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", gm.errors.ConstantNetworkWarning)
    start, tried, failed = time.perf_counter(), 0, 0
    while time.perf_counter() - start < seconds:
        X, y, options, share = draw(seed + tried)
        if words := complaint(X, y, options, share):
            failed += 1
            print(
                f"seed {seed + tried}: {X.shape[0]} x {X.shape[1]}, {options}, {share:.1e} reg_max: {words}"
            )
        tried += 1
    print(f"{tried} problems, {failed} complaints")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
