"""Three layers: the enumerated optimum beside gradient training of parallel branches; searched features beside both.

python -m pytest tests/benchmarks/bench_deep.py -s
"""

import time

import numpy as np

import geomnn as gm
import geomnn.derivation

REG, STARTS, BRANCHES, INNER, STEPS = 0.05, 64, 16, 4, 6_000


def train(X, y, bias, seed):
    """The peer: Adam on parallel branches α_k (Σ_j V_kj (w_kj·x + b_kj)_+ + b_k)_+ + t with the path-ℓ1 penalty, from
    64 random starts side by side; their objectives."""
    d, rng = X.shape[1], np.random.default_rng(seed)
    w = rng.normal(size=(STARTS, BRANCHES, INNER, d))
    v, a = rng.normal(size=(STARTS, BRANCHES, INNER)), 0.5 * rng.normal(size=(STARTS, BRANCHES))
    offsets = [
        rng.normal(size=(STARTS, BRANCHES, INNER)),
        rng.normal(size=(STARTS, BRANCHES)),
        np.zeros(STARTS),
    ]
    parameters = [w, v, a, *[bias * o for o in offsets]]

    def forward():
        w, v, a, b, bb, t = parameters
        z = w @ X.T + b[..., None]
        h = np.maximum(z, 0.0)
        p = (v[..., None] * h).sum(axis=2) + bb[..., None]
        k = np.maximum(p, 0.0)
        return z, h, p, k, (a[..., None] * k).sum(axis=1) + t[:, None] - y

    def cost():
        w, v, a = parameters[:3]
        return (np.abs(a) * (np.abs(v) * np.abs(w).sum(axis=-1)).sum(axis=-1)).sum(axis=-1)

    first, second = ([np.zeros_like(q) for q in parameters] for _ in range(2))
    for step in range(STEPS):
        w, v, a, *_ = parameters
        z, h, p, k, rest = forward()
        size = np.abs(w).sum(axis=-1)
        inner = (np.abs(v) * size).sum(axis=-1)
        gp = (a[..., None] * rest[:, None, :]) * (p > 0)
        gh = v[..., None] * gp[:, :, None, :] * (z > 0)
        path = np.abs(a)[..., None] * REG
        gradients = [
            gh @ X + (path * np.abs(v))[..., None] * np.sign(w),
            (h * gp[:, :, None, :]).sum(axis=-1) + path * size * np.sign(v),
            (k * rest[:, None, :]).sum(axis=-1) + REG * inner * np.sign(a),
            bias * gh.sum(axis=-1), bias * gp.sum(axis=-1), bias * rest.sum(axis=-1),
        ]  # fmt: skip
        rate = 0.02 * 0.5 * (1 + np.cos(np.pi * step / STEPS)) + 1e-7
        for q, g, m, s in zip(parameters, gradients, first, second, strict=True):
            m += 0.1 * (g - m)
            s += 0.001 * (g * g - s)
            q -= rate * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(s / (1 - 0.999 ** (step + 1))) + 1e-12)
    return 0.5 * np.sum(forward()[-1] ** 2, axis=1) + REG * cost()


def problems():
    """Ten small problems: n = 4, two features without biases, or one feature with them."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        bias = bool(seed % 2)
        yield rng.normal(size=(4, 1 if bias else 2)).round(1), rng.normal(size=4).round(1), bias, seed


def test_no_training_is_better():
    """The optimum is never above the best of 64 trained networks; the distance is what training leaves."""
    print("\n  two layers  three layers   best of 64     excess   median excess")
    for X, y, bias, seed in problems():
        two = gm.derive(X, y, reg=REG, bias=bias).objective
        three = gm.derive(X, y, reg=REG, bias=bias, depth=3)
        assert three.certificate.coverage.scope == "global"
        assert three.certificate.relative_gap <= 1e-9
        exact = gm.derive(X, y, reg=REG, bias=bias, depth=3, exact=True)
        assert exact.certificate.gap == 0
        values = train(X, y, bias, seed)
        best = three.objective
        print(
            f"{two:12.6f} {best:13.6f} {values.min():12.6f} {values.min() / best - 1:10.1e} "
            f"{np.median(values) / best - 1:10.1e}"
        )
        assert best <= values.min() * (1 + 1e-9)
        assert abs(float(exact.objective) / best - 1) <= 1e-9


def searched(monkeypatch, X, y, reg, bias=True):
    """The network whose hidden features are searched, however few there are."""
    with monkeypatch.context() as context:
        context.setattr(geomnn.derivation, "QUICKLY", -1.0)
        return gm.derive(X, y, reg=reg, bias=bias, depth=3)


def test_searched_features_beside_all_of_them(monkeypatch):
    """How often the search ends above the optimum of the enumeration; below it never."""
    excess = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, d = ((5, 1), (4, 2))[seed % 2]
        X, y = rng.normal(size=(n, d)).round(2), rng.normal(size=n).round(2)
        reg = gm.reg_max(X, y) * rng.choice([0.3, 0.1, 0.03])
        best = gm.derive(X, y, reg=reg, depth=3).objective
        found = searched(monkeypatch, X, y, reg).objective
        assert found >= best * (1 - 1e-8)
        assert found <= gm.derive(X, y, reg=reg).objective * (1 + 1e-8)
        excess.append(found / best - 1)
    above = sorted(e for e in excess if e > 1e-5)
    print(f"\n{len(above)} of {len(excess)} end above the optimum: {', '.join(f'{e:.1%}' for e in above)}")
    assert len(above) <= 6


def test_searched_features_of_more_samples():
    """What a third layer brings, and how long it takes."""
    for n, d in ((20, 3), (30, 5), (60, 10)):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n, d))
        y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
        two = gm.derive(X, y, reg=0.3).objective
        begun = time.perf_counter()
        three = gm.derive(X, y, reg=0.3, depth=3)
        widths = [len(three.network.below[0].atoms), len(three.network)]
        print(
            f"n = {n}, d = {d}: {two:.4f} with two layers, {three.objective:.4f} with three, "
            f"{time.perf_counter() - begun:.0f} s, {widths} neurons"
        )
        assert three.objective < two
