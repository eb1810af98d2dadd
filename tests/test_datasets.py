"""The data sets are the formulas they claim to be, and refuse sizes that make no sense."""

import numpy as np
import pytest

from geomnn.datasets import peaks, ramps, spiral
from geomnn.errors import GeomnnError, OptionError


def test_spiral_follows_its_formula():
    X, y = spiral(160)
    for i in (0, 1, 17, 79):
        radius, angle = (104 - i) / 104, i * np.pi / 16
        np.testing.assert_allclose(X[i], [radius * np.cos(angle), radius * np.sin(angle)], atol=1e-15)
    np.testing.assert_array_equal(X[80:], -X[:80])
    np.testing.assert_array_equal(y, [1.0] * 80 + [-1.0] * 80)


@pytest.mark.parametrize("n", [2, 40, 208])
def test_a_shorter_spiral_is_the_start_of_the_longest(n):
    X, y = spiral(n)
    longest, _ = spiral(208)
    np.testing.assert_array_equal(X[: n // 2], longest[: n // 2])
    assert len(np.unique(X, axis=0)) == n == len(y)
    assert y.sum() == 0


def test_peaks_are_reproducible_and_near_their_surface():
    X, y = peaks(500, seed=3, noise=0.01)
    surface = np.exp(-np.sum((X - 0.7) ** 2, axis=1)) - np.exp(-np.sum((X + 0.7) ** 2, axis=1))
    assert 0.008 < np.std(y - surface) < 0.012
    for a, b in zip((X, y), peaks(500, seed=3, noise=0.01), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(X, peaks(500, seed=3, noise=0)[0])
    np.testing.assert_allclose(peaks(500, seed=3, noise=0)[1], surface, atol=1e-15)
    assert not np.array_equal(X, peaks(500, seed=4)[0])


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not change
    peaks(10)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_ramps_go_on_with_the_same_steps():
    X, y = ramps(18)
    np.testing.assert_array_equal(X[:6, 0], [0, 4, 5, 7, 10, 11])
    np.testing.assert_array_equal(y[:6], [0, 0, 0, 2, 3, 3])
    np.testing.assert_array_equal(X[6:] - X[:-6], np.full((12, 1), 12.0))
    np.testing.assert_array_equal(y[6:] - y[:-6], np.full(12, 3.0))
    np.testing.assert_array_equal(ramps(4)[0], X[:4])


def test_a_spiral_of_any_size_winds_as_often_as_it_is_told():
    X, y = spiral(1000, turns=3.5)
    arm = X[:500]
    angles = np.unwrap(np.arctan2(arm[:, 1], arm[:, 0]))
    assert angles[-1] - angles[0] == pytest.approx(7 * np.pi)
    np.testing.assert_allclose(np.linalg.norm(arm[[0, -1]], axis=1), [1, 25 / 104])
    np.testing.assert_array_equal(X[500:], -arm)
    assert (y[:500] == 1).all()
    np.testing.assert_allclose(spiral(160, turns=79 / 32)[0], spiral(160)[0], atol=1e-15)
    noisy = spiral(1000, turns=3.5, noise=1e-3, seed=4)[0]
    assert np.std(noisy - X) == pytest.approx(1e-3, rel=0.1)
    np.testing.assert_array_equal(noisy, spiral(1000, turns=3.5, noise=1e-3, seed=4)[0])


@pytest.mark.parametrize("make", [spiral, peaks, ramps])
@pytest.mark.parametrize("n", [0, -2, 2.0, "4", None, True, np.nan])
def test_sizes_that_make_no_sense_are_refused(make, n):
    with pytest.raises(OptionError, match="n="):
        make(n)


@pytest.mark.parametrize(
    "call",
    [
        lambda: spiral(3),
        lambda: spiral(2, turns=1.0),
        lambda: spiral(8, turns=0),
        lambda: spiral(8, turns="many"),
        lambda: spiral(8, noise=-1.0),
        lambda: spiral(8, seed=-1),
        lambda: spiral(210),
        lambda: peaks(5, seed=-1),
        lambda: peaks(5, seed=0.5),
        lambda: peaks(5, noise=-1),
        lambda: peaks(5, noise=np.nan),
        lambda: peaks(5, noise="loud"),
    ],
)
def test_other_bad_options_are_refused(call):
    with pytest.raises(GeomnnError, match="expected"):
        call()
