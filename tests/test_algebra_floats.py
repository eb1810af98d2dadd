"""What floats promise on top of the laws: the last digits, sizes at the ends of the range, dependent vectors."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from problems import entries

from geomnn.algebra import blades, cross_product, log_volume, reject, signed_volume, volume, wedge
from geomnn.errors import VolumeOverflow

few = settings(max_examples=60, deadline=None)


class TestFloats:
    @pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6, 7, 10, 25, 60, 120, 200])
    def test_accuracy(self, dimension):
        rng = np.random.default_rng(dimension)
        rows, point = rng.standard_normal((dimension - 1, dimension)), rng.standard_normal(dimension)
        normal, size = cross_product(rows, unit=True), volume(rows)
        assert np.all(np.abs(rows @ normal) <= 1e-10 * np.linalg.norm(rows, axis=1))
        sign, logarithm = np.linalg.slogdet(np.vstack([point, rows]))
        assert np.sign(point @ normal) == sign
        assert log_volume(rows) + np.log(abs(point @ normal)) == pytest.approx(logarithm, abs=1e-10)
        assert signed_volume(np.vstack([point, rows])) == pytest.approx(sign * np.exp(logarithm), rel=1e-10)
        assert cross_product(rows) == pytest.approx(normal * size, rel=1e-9)
        assert log_volume(rows[: dimension // 2]) == pytest.approx(
            np.linalg.slogdet(rows[: dimension // 2] @ rows[: dimension // 2].T)[1] / 2, abs=1e-10
        )

    def test_four_hundred_dimensions(self):
        rows = np.random.default_rng(0).standard_normal((399, 400))
        with pytest.raises(VolumeOverflow, match=r"10\*\*43\d\.\d.*take log_volume, or cross_product"):
            cross_product(rows)
        with pytest.raises(VolumeOverflow, match=r"10\*\*43\d\.\d is beyond float64"):
            volume(rows)
        with pytest.raises(VolumeOverflow):
            signed_volume(np.vstack([rows, rows[0] + 1e10]))
        normal = cross_product(rows, unit=True)
        assert np.linalg.norm(normal) == pytest.approx(1, abs=1e-14)
        assert np.all(np.abs(rows @ normal) <= 1e-12 * np.linalg.norm(rows, axis=1))
        point = np.random.default_rng(1).standard_normal(400)
        assert np.sign(point @ normal) == np.linalg.slogdet(np.vstack([point, rows]))[0]
        assert log_volume(rows) == pytest.approx(np.linalg.slogdet(rows @ rows.T)[1] / 2, abs=1e-9)

    @pytest.mark.parametrize("dimension", [3, 4, 5, 6, 8])
    @pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
    def test_nothing_overflows_in_between(self, dimension, size):
        rows = entries("floats", (dimension - 1, dimension))
        scaled = rows.copy()
        scaled[0] *= size
        scaled[1] /= size
        assert cross_product(scaled) == pytest.approx(cross_product(rows), rel=1e-12)
        assert cross_product(rows * size, unit=True) == pytest.approx(
            cross_product(rows, unit=True), rel=1e-12
        )
        assert volume(scaled) == pytest.approx(volume(rows), rel=1e-12)
        assert log_volume(rows * size) == pytest.approx(
            log_volume(rows) + (dimension - 1) * np.log(size), rel=1e-12
        )
        assert reject(rows[0] * size, rows[1:] / size) == pytest.approx(reject(rows[0], rows[1:]) * size)

    @pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6, 8])
    def test_columns_of_different_sizes_lose_nothing(self, dimension):
        exponents = np.resize([20, -20, 3, -27], dimension)
        rows = entries("floats", (dimension, dimension))
        scaled = np.ldexp(rows, exponents)
        lost = exponents.sum() - exponents
        assert np.array_equal(cross_product(scaled[1:]), np.ldexp(cross_product(rows[1:]), lost))
        assert signed_volume(scaled) == np.ldexp(signed_volume(rows), exponents.sum())
        assert volume(scaled[1:]) == pytest.approx(np.linalg.norm(cross_product(scaled[1:])), rel=1e-14)

    def test_small_columns_count(self):
        rows = np.array([[1e6, 1e-6, 2e6], [1e6, 2e-6, 3e6]])
        exact = cross_product([[Fraction(c) for c in row] for row in rows.tolist()])
        assert cross_product(rows) == pytest.approx([float(c) for c in exact], rel=1e-14)
        assert volume([[1e9, 1e-9], [1e9, 2e-9]]) == pytest.approx(1, rel=1e-14)

    @pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
    def test_cofactors_agree_with_the_factorisation(self, dimension, monkeypatch):
        for count in {dimension - 1, dimension} - {0}:
            rows = entries("floats", (40, count, dimension)) * np.resize([1e6, 1e-6, 1], dimension)
            rows[5] = 0
            if dimension > 2:
                rows[6, 1] = rows[6, 0]
            results = []
            for limit in (5, 0):
                monkeypatch.setattr(blades, "LARGEST_COFACTOR_DIMENSION", limit)
                results.append(cross_product(rows) if count < dimension else signed_volume(rows))
            assert results[1] == pytest.approx(results[0], rel=1e-9)
            assert not results[0][5].any()
            assert not results[1][5].any()

    @pytest.mark.parametrize("dimension", [2, 4, 6, 7])
    def test_batches_equal_loops(self, dimension):
        rows, points = (
            entries("floats", (3, 4, dimension - 1, dimension)),
            entries("floats", (3, 4, dimension), 1),
        )
        stacked = np.concatenate([points[..., None, :], rows], axis=-2)
        batched = {f: f(rows) for f in (cross_product, wedge, volume, log_volume)}
        assert cross_product(rows).shape == (3, 4, dimension)
        assert volume(rows).shape == (3, 4)
        for place in np.ndindex(3, 4):
            for function, result in batched.items():
                assert result[place] == pytest.approx(function(rows[place]), rel=1e-13)
            assert cross_product(rows, unit=True)[place] == pytest.approx(
                cross_product(rows[place], unit=True)
            )
            assert signed_volume(stacked)[place] == pytest.approx(signed_volume(stacked[place]), rel=1e-12)
            part = reject(points, rows[..., :-1, :])[place]
            assert part == pytest.approx(reject(points[place], rows[place][:-1]), abs=1e-13)

    def test_reject_broadcasts(self):
        points, rows = entries("floats", (5, 1, 4)), entries("floats", (3, 2, 4), 1)
        result = reject(points, rows)
        assert result.shape == (5, 3, 4)
        assert result[2, 1] == pytest.approx(reject(points[2, 0], rows[1]))
        exact = reject(np.full((5, 1, 4), Fraction(1)), entries("fractions", (3, 2, 4)))
        assert exact.shape == (5, 3, 4)

    @pytest.mark.parametrize("function", [cross_product, wedge, volume])
    def test_big_batches_are_computed_at_once(self, function):
        """Far fewer calls, of Python and of C, than there are batches: none loops over them."""
        rows, events = entries("floats", (100_000, 3, 4)), []
        sys.setprofile(lambda frame, event, argument: events.append(event))
        try:
            function(rows)
        finally:
            sys.setprofile(None)
        assert 0 < len(events) < 10_000


class TestDependentFloats:
    """Dependent vectors give exact zeros, not rounding."""

    @staticmethod
    def check(rows):
        rows = np.asarray(rows, float)
        assert not cross_product(rows).any()
        assert not cross_product(rows, unit=True).any()
        assert not wedge(rows).any()
        assert volume(rows) == 0
        assert log_volume(rows) == -np.inf

    @pytest.mark.parametrize("dimension", [3, 4, 5, 6, 12, 60, 150])
    def test_dependent_rows(self, dimension, monkeypatch):
        rng = np.random.default_rng(dimension)
        for scales in (np.ones(dimension), 10.0 ** rng.integers(-6, 7, dimension)):
            for trial in range(10):
                rows = rng.standard_normal((dimension - 1, dimension)) * scales
                rows[-1] = [
                    rows[0],
                    -3.7 * rows[0],
                    0 * rows[0],
                    rng.standard_normal(dimension - 2) @ rows[:-1],
                ][trial % 4]
                rng.shuffle(rows)
                if dimension <= 12:
                    self.check(rows)
                else:  # too many coefficients for wedge
                    assert not cross_product(rows).any()
                    assert volume(rows) == 0
                full = np.vstack([rows, rng.standard_normal(dimension) * scales])
                assert signed_volume(full) == 0

    @pytest.mark.parametrize("dimension", [2, 3, 5, 6, 12])
    def test_zero_rows(self, dimension):
        self.check(np.zeros((dimension - 1, dimension)))

    def test_a_single_vector_is_never_dependent(self):
        for row in ([1e-300, 1e300], [5e-324, 0.0], [0.0, -1e-12]):
            assert cross_product([row]).tolist() == [row[1], -row[0]]
        self.check([[0.0, 0.0]])

    @pytest.mark.parametrize("dimension", [3, 4, 6, 8])
    @pytest.mark.parametrize("size", [1e-30, 1, 1e30])
    def test_zero_columns(self, dimension, size):
        rows = entries("floats", (dimension - 1, dimension)) * size
        rows *= 10.0 ** -np.linspace(0, 250, dimension - 1)[:, None]
        rows[:, 1] = 0
        assert np.abs(cross_product(rows, unit=True)) == pytest.approx(np.eye(dimension)[1], abs=1e-14)
        rows[:, 0] = 0
        assert not cross_product(rows, unit=True).any()

    @pytest.mark.parametrize("dimension", [7, 20])
    def test_dependent_on_nearly_parallel_rows(self, dimension):
        rows = entries("floats", (dimension - 1, dimension))
        rows[1] = rows[0] + 1e-6 * rows[1]
        rows[2] = 2.0**20 * (rows[1] - rows[0])  # exactly dependent, and far from parallel to both
        assert not cross_product(rows).any()
        assert volume(rows[:3]) == 0

    def test_nearly_parallel_is_not_parallel(self):
        assert cross_product([[1, 1, 1], [1, 1, 1 + 1e-12]]).any()
        rows = entries("floats", (6, 7))
        rows[1] = rows[0] + 1e-12 * rows[1]
        assert cross_product(rows).any()

    @pytest.mark.parametrize(("count", "dimension"), [(2, 8), (5, 8), (20, 40)])
    def test_fewer_vectors(self, count, dimension):
        rows = entries("floats", (6, count, dimension))
        rows[::2, -1] = (entries("floats", (6, 1, count - 1), 1) @ rows[:, :-1])[::2, 0]
        assert (volume(rows) == 0).tolist() == [True, False] * 3
        assert np.isneginf(log_volume(rows)).tolist() == [True, False] * 3

    @few
    @given(arrays(np.int64, (3, 4), elements=st.integers(-3, 3)))
    def test_small_integers_are_exact(self, rows):
        exact = cross_product([[Fraction(int(c)) for c in row] for row in rows])
        assert cross_product(rows).tolist() == exact.tolist()
        assert volume(rows) == pytest.approx(float(volume(np.vectorize(Fraction)(rows))), rel=1e-14)

    @few
    @given(arrays(np.int64, (6, 7), elements=st.integers(-2, 2)))
    def test_small_integers_in_the_factorisation(self, rows):
        exact = np.array([float(c) for c in cross_product(np.vectorize(Fraction)(rows))])
        assert cross_product(rows).any() == exact.any()
        assert cross_product(rows) == pytest.approx(exact, abs=1e-9)
        assert (volume(rows) == 0) == (not exact.any())

    @few
    @given(
        arrays(np.int64, (4, 5), elements=st.integers(-2, 2)),
        arrays(np.int64, 5, elements=st.integers(-3, 3)),
    )
    def test_reject_of_small_integers(self, rows, point):
        exact = reject(np.vectorize(Fraction)(point), np.vectorize(Fraction)(rows))
        part = reject(point, rows)
        assert part == pytest.approx(exact.astype(float), abs=1e-13)
        assert part.any() == any(exact)

    def test_reject_ranks_nearly_dependent_vectors_well(self):
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((3, 6))
        rows[1] = rows[0] + 1e-7 * rng.standard_normal(6)
        inside = np.vstack([rows, rows[2] + 2 * rows[0], 1e9 * rows[1], 0 * rows[0]])
        point = rng.standard_normal(6)
        part = reject(point, inside)
        assert np.abs(rows @ part).max() < 1e-13
        basis = np.linalg.qr(rows.T)[0]
        assert part == pytest.approx(point - basis @ (basis.T @ point), abs=1e-7)
        assert not reject(3 * rows[0] - rows[2], inside).any()
        assert not reject(point, np.vstack([rows, rng.standard_normal((3, 6))])).any()

    def test_reject_is_orthogonal_however_little_is_left(self):
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((3, 6))
        rows[1] = rows[0] + 1e-12 * rng.standard_normal(6)
        for size in (1.0, 1e-6, 1e-9):
            part = reject(rows[0] - 2 * rows[2] + size * rng.standard_normal(6), rows)
            assert np.abs(rows @ part).max() <= 1e-14 * np.linalg.norm(part) * np.linalg.norm(rows)
