"""The path in reg: every kink, against fresh solves; grids; cross-validation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import degenerate, spiral

import geomnn as gm
from geomnn.dictionaries import WedgeDictionary
from geomnn.errors import ConstantNetworkWarning, DataError, OptionError, UnsupportedProblem
from geomnn.samples import Samples

SEEDS = st.integers(0, 10**6)


def smooth(n, d=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + X[:, -1] + 0.1 * rng.normal(size=n)


def middles(path):
    """A reg strictly between each kink and what comes next."""
    ends = np.append(path.kinks, path.reg_min)
    return np.sqrt(ends[:-1] * ends[1:])


def between(path, count, seed=0):
    """So many of them."""
    pieces = np.random.default_rng(seed).choice(len(path), min(count, len(path)), replace=False)
    return middles(path)[pieces]


@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_between_kinks_it_agrees_with_fresh_solves(norm, bias):
    X, y = smooth(40)
    path = gm.path(X, y, norm=norm, bias=bias)
    assert path.reg_min == pytest.approx(path.reg_max / 1000)
    assert path.reg_max == pytest.approx(gm.reg_max(X, y, norm=norm, bias=bias))
    assert (np.diff(path.kinks) < 0).all()
    for reg in between(path, 10):
        along, fresh = path(reg), gm.derive(X, y, reg=reg, norm=norm, bias=bias)
        assert along.objective == pytest.approx(fresh.objective, rel=1e-9)
        assert along.certificate.coverage.scope == "global"
        assert abs(along.certificate.relative_gap) <= 1e-9
        np.testing.assert_allclose(along.dual, fresh.dual, atol=1e-6 * np.abs(y).max())


@pytest.mark.slow
def test_two_hundred_samples_down_to_a_thousandth():
    """Asked: all kinks for n = 200, at ten values between them as a fresh solve to 1e-9."""
    X, y = smooth(200)
    path = gm.path(X, y)
    assert len(path) > 100
    for reg in between(path, 10):
        fresh = gm.derive(X, y, reg=reg)
        assert path(reg).objective == pytest.approx(fresh.objective, rel=1e-9)


def test_every_piece_is_optimal_in_its_middle():
    """A missed kink would show as a gap somewhere."""
    X, y = smooth(25, seed=3)
    path = gm.path(X, y)
    assert len(path.pieces) >= len(path)
    for piece in path.pieces:
        reg = np.sqrt(piece.reg * piece.end)
        assert abs(path(reg).certificate.relative_gap) <= 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_residual_is_straight_between_kinks_and_bends_at_each(seed):
    """Where a neuron hands over to another in the span of the others there is none."""
    X, y = smooth(15, seed=seed)
    X, y = (X, y) if seed % 2 else (X.round(), y.round(1))
    path = gm.path(X, y)

    def bend(reg, step):
        residuals = y - path.predict(X, [reg + step, reg, reg - step])
        return np.abs(residuals[0] - 2 * residuals[1] + residuals[2]).max() / np.abs(residuals[1]).max()

    ends = np.append(path.kinks, path.reg_min)
    for upper, kink, lower in zip(ends[:-2], ends[1:-1], ends[2:], strict=True):
        assert bend((kink + lower) / 2, 0.4 * (kink - lower)) <= 1e-9
        assert bend(kink, 0.4 * min(upper - kink, kink - lower)) > 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_kinks_do_not_depend_on_the_order_of_the_samples(seed):
    """Other orders of sums are what other processors have: as many kinks, at the same places, to rounding."""
    X, y = smooth(20, seed=seed)
    X, y = (X, y) if seed % 2 else (X.round(), y.round(1))
    kinks = gm.path(X, y).kinks
    for turn in range(3):
        order = np.random.default_rng(turn).permutation(len(y))
        again = gm.path(X[order], y[order]).kinks
        assert len(again) == len(kinks)
        np.testing.assert_allclose(again, kinks, rtol=1e-7)


def test_one_feature_by_hand():
    """x = 0..3, y = 0, 0, 1, 3: the ramps at 1 and 2 with 4/3 − (reg − 1/3)… by the optimality conditions."""
    path = gm.path([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0], reg_min=0.1)
    np.testing.assert_allclose(path.kinks, [5, 5 / 3, 1 / 3])
    np.testing.assert_allclose(path(0.1).network([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1.1, 2.9])


@given(SEEDS)
@settings(max_examples=40, deadline=None)
@pytest.mark.slow
def test_random_and_tied_tables(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    X = rng.integers(-2, 3, size=(n, d)).astype(float) if rng.random() < 0.6 else rng.normal(size=(n, d))
    y = rng.integers(-1, 2, size=n).astype(float) if rng.random() < 0.5 else rng.normal(size=n)
    norm, bias = [1, np.inf][rng.integers(2)], bool(rng.integers(2))
    path = gm.path(X, y, norm=norm, bias=bias)
    for reg in between(path, 5, seed):
        assert abs(path(reg).certificate.relative_gap) <= 1e-9


@pytest.mark.parametrize("name", degenerate())
def test_degenerate_tables(name):
    X, y = degenerate()[name]
    for norm, bias in itertools.product((1, np.inf), (True, False)):
        path = gm.path(X, y, norm=norm, bias=bias)
        for reg in between(path, 6):
            assert abs(path(reg).certificate.relative_gap) <= 1e-9


HARD = {
    "no fit, reg far below the residual": ([[1.0]] * 3, [1.0, -1.0, 1.0], False, 1e-8),
    "an outlier": ([[0.6], [-0.3], [2.0], [1.0], [0.2], [3e5]], [1.0, 1, -1, -1, -1, 0], True, 0.1),
    "an outlier in the plane": ([[1.6, -0.42], [5.5e5, -1e6]], [1.0, 0.0], False, None),
    "samples 1e-7 apart": (
        [[-2.0000001060690598], [1.0000000323320197], [-2.0000001539561065], [-4.914e-09], [7.831e-08]],
        [-1.0, 1, -1, -1, 1],
        True,
        None,
    ),
    "a large offset": (
        np.random.default_rng(1).normal(size=(40, 2)) + 2000,
        np.random.default_rng(2).normal(size=40),
        False,
        None,
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_where_rounding_hides_the_kinks_it_still_says_what_is_so(name):
    X, y, bias, reg_min = HARD[name]
    path = gm.path(X, y, reg_min=reg_min, bias=bias)
    for reg in between(path, 20):
        solution = path(reg)
        assert abs(solution.certificate.relative_gap) <= 1e-9
        scale = np.abs(y).max()
        np.testing.assert_allclose(path.predict(X, [reg])[0], solution.network(X), atol=1e-7 * scale)


def test_a_symmetric_spiral_where_atoms_come_in_pairs():
    X, y = spiral()
    path = gm.path(X[::2], y[::2], norm=2, dictionary="wedge")
    gaps = -np.diff(path.kinks) / path.kinks[1:]
    assert gaps.min() > 1e-9  # two atoms of a pair are one kink
    for reg in between(path, 6):
        assert path(reg).certificate.coverage.scope == "dictionary"
        assert abs(path(reg).certificate.relative_gap) <= 1e-9


def test_above_and_below_the_path():
    X, y = smooth(10)
    path = gm.path(X, y, reg_min=0.1)
    with pytest.warns(ConstantNetworkWarning, match="reg_max"):
        constant = path(2 * path.reg_max)
    assert constant.network(X[:1])[0] == pytest.approx(y.mean())
    with pytest.raises(OptionError, match=r"down to 0\.1.*smaller reg_min"):
        path(0.05)
    for reg in (float("nan"), "a", None, True, 0.0, [0.1]):
        with pytest.raises(OptionError, match="reg="):
            path(reg)
    for table in (X[:, :1], np.ones((2, 3))):
        with pytest.raises(DataError, match="same features"):
            path.predict(table, [0.1])
    with pytest.raises(OptionError, match=r"regs=0\.1"):
        path.predict(X, 0.1)
    assert len(path(0.1).network) == path.neurons[-1]
    assert repr(path).startswith("Path(")


def test_a_path_of_nothing():
    for X, y, reg_min in (([[0.0], [1.0]], [2.0, 2.0], None), ([[0.0], [1.0]], [0.0, 1.0], 50.0)):
        path = gm.path(X, y, reg_min=reg_min)
        assert len(path) == len(path.neurons) == 0
        with pytest.warns(ConstantNetworkWarning):
            assert len(path(100.0).network) == 0
        with pytest.raises(OptionError, match="no kinks"):
            gm.plotting.plot_path(path)


@pytest.mark.parametrize(
    ("options", "why", "instead"),
    [
        ({"loss": "logistic"}, "logistic", ""),
        ({"norm": 2}, "move with the residual", "norm=1 or inf"),
        ({"columns": 2}, "2 columns", ""),
        ({"dictionary": "local"}, "dictionary='local' does not say", "WedgeDictionary"),
    ],
)
def test_paths_that_bend_are_refused(options, why, instead):
    X, y = smooth(8)
    options = dict(options)
    y = np.sign(y) if "loss" in options else np.column_stack([y] * options.pop("columns", 1))
    with pytest.raises(UnsupportedProblem, match=f"{why}.*{instead}.*gm.grid") as refused:
        gm.path(X, y if y.ndim > 1 and y.shape[1] > 1 else y.ravel(), **options)
    assert ("norm=1" in str(refused.value)) == ("norm" in options)  # advice belongs to its reason


def test_bad_arguments_of_a_path():
    X, y = smooth(8)
    with pytest.raises(OptionError, match="reg_min=-1"):
        gm.path(X, y, reg_min=-1)
    with pytest.raises(DataError, match="entries"):
        gm.path(X, y[:-1])
    own = gm.dictionaries.FaceDictionary(Samples(X, True))
    with pytest.raises(UnsupportedProblem, match="FaceDictionary"):
        gm.path(X, y, norm=2, dictionary=own)
    assert len(gm.path(X, y, dictionary=WedgeDictionary(Samples(X, True), 1.0, True))) > 1


@pytest.mark.parametrize(
    "options",
    [{"norm": 2}, {"loss": "logistic"}, {"columns": 2}, {"norm": 1}, {"norm": 2, "dictionary": "wedge"}],
)
def test_a_grid_agrees_with_fresh_solves(options):
    X, y = smooth(14)
    options = dict(options)
    if options.pop("columns", 0):
        y = np.column_stack([y, X[:, 0]])
    y = np.sign(y) if "loss" in options else y
    regs = [0.05, 0.5, 0.2]
    for reg, solution in zip(regs, gm.grid(X, y, regs, **options), strict=True):
        assert solution.problem.reg == reg
        assert solution.objective == pytest.approx(gm.derive(X, y, reg=reg, **options).objective, rel=2e-9)
        assert abs(solution.certificate.relative_gap) <= 1e-9


def test_an_empty_grid_and_a_bad_one():
    X, y = smooth(6)
    assert gm.grid(X, y, []) == []
    with pytest.raises(OptionError, match="reg=0"):
        gm.grid(X, y, [0.1, 0])
    with pytest.warns(ConstantNetworkWarning):
        gm.grid(X, y, [1e6])


def test_cross_validation_by_paths():
    """Outside of the samples optimal networks differ, so the oracle are the networks of the same paths."""
    X, y = smooth(30)
    regs = [2.0, 0.7, 0.1]
    validation = gm.cross_validate(X, y, regs, folds=3, seed=1)
    from sklearn.model_selection import KFold

    for fold, (inside, outside) in enumerate(KFold(3, shuffle=True, random_state=1).split(X)):
        path = gm.path(X[inside], y[inside], reg_min=min(regs))
        for k, reg in enumerate(regs):
            expected = np.mean((path(reg).network(X[outside]) - y[outside]) ** 2)
            assert validation.errors[fold, k] == pytest.approx(expected, rel=1e-9)
    assert validation.best == regs[int(np.argmin(validation.mean))]


@pytest.mark.parametrize("options", [{"norm": 2}, {"loss": "logistic"}, {"columns": 2}])
def test_cross_validation_by_grids(options):
    X, y = smooth(20)
    options = dict(options)
    if options.pop("columns", 0):
        y = np.column_stack([y, X[:, 0]])
    y = np.sign(y) if "loss" in options else y
    validation = gm.cross_validate(X, y, [1.0, 0.1], folds=2, **options)
    assert validation.errors.shape == (2, 2)
    assert (validation.errors > 0).all()


@pytest.mark.slow
def test_cross_validation_spreads_over_processes_and_does_not_change():
    X, y = smooth(24)
    alone = gm.cross_validate(X, y, folds=3)
    spread = gm.cross_validate(X, y, folds=3, n_jobs=2)
    np.testing.assert_allclose(spread.errors, alone.errors, rtol=1e-12)
    assert alone.regs.shape == (30,)


def test_bad_arguments_of_cross_validation():
    X, y = smooth(24)
    for folds in (1, 25, 2.5, True):
        with pytest.raises(OptionError, match="folds"):
            gm.cross_validate(X, y, folds=folds)
    classes = np.where(np.arange(24) < 3, 1.0, -1.0)
    with pytest.raises(OptionError, match=r"smallest class, 3"):
        gm.cross_validate(X, classes, loss="logistic")
    for bad in ({"regs": []}, {"regs": 0.1}, {"seed": -1}, {"seed": "a"}, {"seed": None}):
        with pytest.raises(OptionError, match=next(iter(bad))):
            gm.cross_validate(X, y, **bad)
    with pytest.raises(OptionError, match="instance"):
        gm.cross_validate(X, y, dictionary=WedgeDictionary(Samples(X, True), 1.0, True))
    with pytest.raises(OptionError, match="regs"):
        gm.grid(X, y, 0.1)
    with pytest.raises(OptionError, match="dictionary"):
        gm.path(X, y, dictionary=np.array(["a", "b"]))


def test_the_picture_shows_births_and_deaths():
    X, y = smooth(12)
    path = gm.path(X, y)
    figure = gm.plotting.plot_path(path)
    artists = {line.get_gid() for line in figure.axes[0].lines}
    assert {"neuron", "birth"} <= artists
    drawn = next(line for line in figure.axes[0].lines if line.get_gid() == "neuron")
    regs, z = drawn.get_data()
    assert path.reg_min <= regs.min() < regs.max() <= path.reg_max
    middle = regs[len(regs) // 2]
    sizes = [neuron.coefficient for neuron in path(middle).network.neurons]
    assert min(abs(size - z[len(regs) // 2]) for size in sizes) <= 1e-9
