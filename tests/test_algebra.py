"""The laws of section 0 of the theory, on floats, Fractions and symbols."""

import math
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
import sympy
from hypothesis import settings
from problems import entries

from geomnn.algebra import cross_product, hodge_dual, log_volume, reject, signed_volume, volume, wedge
from geomnn.errors import DataError, OptionError, VolumeOverflow

NAN, INF = float("nan"), float("inf")
KINDS = ["floats", "fractions", "symbols"]
few = settings(max_examples=60, deadline=None)


def assert_equal(left, right):
    """The same: to rounding for floats, exactly for Fractions, as polynomials for symbols."""
    left, right = np.asarray(left), np.asarray(right)
    assert left.shape == right.shape
    for a, b in zip(left.flat, right.flat, strict=True):
        if isinstance(a, sympy.Expr) or isinstance(b, sympy.Expr):
            assert sympy.cancel(a - b) == 0
        elif isinstance(a, Fraction) and isinstance(b, Fraction | int):
            assert a == b
        else:
            assert float(a) == pytest.approx(float(b), rel=1e-11, abs=1e-11)


def leibniz(rows):
    """Determinant as a sum over permutations: an oracle that shares nothing with the code."""
    total = 0 * rows[0][0] if len(rows) else 1
    for order in permutations(range(len(rows))):
        sign = (-1) ** sum(a > b for a, b in combinations(order, 2))
        total = total + sign * math.prod(rows[i][j] for i, j in enumerate(order))
    return total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
class TestLaws:
    def test_wedge_holds_the_minors(self, kind, dimension):
        for count in range(1, dimension + 1):
            rows = entries(kind, (count, dimension))
            minors = [leibniz(rows[:, list(axes)]) for axes in combinations(range(dimension), count)]
            assert_equal(wedge(rows), minors)

    def test_signed_volume_is_the_determinant(self, kind, dimension):
        rows = entries(kind, (dimension, dimension))
        assert_equal(signed_volume(rows), leibniz(rows))

    def test_defining_identity(self, kind, dimension):
        rows, point = entries(kind, (dimension - 1, dimension)), entries(kind, (1, dimension), seed=1)
        normal = np.ones(1) if dimension == 1 else cross_product(rows)
        stacked = point if dimension == 1 else np.concatenate([point, rows])
        assert_equal((point[0] * normal).sum(), leibniz(stacked))

    def test_cross_product_is_orthogonal_and_the_dual_of_the_wedge(self, kind, dimension):
        rows = entries(kind, (dimension - 1, dimension))
        normal = cross_product(rows)
        for row in rows:
            assert_equal((row * normal).sum(), 0)
        assert_equal(normal, hodge_dual(wedge(rows), dimension, dimension - 1))

    def test_alternating(self, kind, dimension):
        for count in range(2, dimension + 1):
            rows = entries(kind, (count, dimension))
            for i in range(count - 1):
                swapped = rows.copy()
                swapped[[i, i + 1]] = rows[[i + 1, i]]
                assert_equal(wedge(swapped), -wedge(rows))
                if count == dimension - 1:
                    assert_equal(cross_product(swapped), -cross_product(rows))

    def test_multilinear(self, kind, dimension):
        rows, other = entries(kind, (dimension, dimension)), entries(kind, (dimension,), seed=1)
        one, two, both = rows.copy(), rows.copy(), rows.copy()
        factor = Fraction(3, 2) if kind == "fractions" else 1.5 if kind == "floats" else sympy.Rational(3, 2)
        two[-1], both[-1] = other, rows[-1] + factor * other
        assert_equal(wedge(both), wedge(one) + factor * wedge(two))
        if dimension > 1:
            expected = cross_product(one[1:]) + factor * cross_product(two[1:])
            assert_equal(cross_product(both[1:]), expected)

    def test_volume_is_the_root_of_the_gram_determinant(self, kind, dimension):
        for count in range(1, dimension + 1):
            rows = entries(kind, (count, dimension))
            gram = [[(a * b).sum() for b in rows] for a in rows]
            squared = volume(rows) ** 2
            if kind == "fractions":
                assert squared == sympy.Rational(leibniz(gram).numerator, leibniz(gram).denominator)
            else:
                assert_equal(squared, leibniz(gram))

    def test_reject_is_orthogonal_and_differs_within_the_span(self, kind, dimension):
        point = entries(kind, (dimension,), seed=1)
        most = 2 if kind == "symbols" and dimension == 4 else dimension  # nested quotients cancel slowly
        for count in range(most):
            rows = entries(kind, (count, dimension))
            part = reject(point, rows)
            for row in rows:
                assert_equal((row * part).sum(), 0)
            if count:
                inside = np.concatenate([rows, (point - part)[None]])
                assert_equal(wedge(inside), 0 * wedge(inside))
            else:
                assert_equal(part, point)

    def test_dual_of_the_dual_is_the_reversal_sign(self, kind, dimension):
        for grade in range(dimension + 1):
            blade = entries(kind, (math.comb(dimension, grade),))
            twice = hodge_dual(hodge_dual(blade, dimension, grade), dimension, dimension - grade)
            sign = (-1) ** (dimension * (dimension - 1) // 2)  # I⁻² = ±1
            assert_equal(twice, sign * blade)


class TestKindsOfEntries:
    def test_results_stay_of_their_kind(self):
        half = [[Fraction(1, 2), 1, 0], [0, Fraction(1, 3), 2]]
        assert {type(c) for c in cross_product(half)} == {Fraction}
        assert {type(c) for c in reject(half[0], half[1:])} == {Fraction}
        assert isinstance(signed_volume([half[0], half[1], [0, 0, 1]]), Fraction)
        assert volume([[Fraction(1), Fraction(1)]]) == sympy.sqrt(2)
        assert all(isinstance(c, sympy.Expr) for c in wedge([[sympy.Integer(1), 2], [Fraction(1, 2), 4]]))

    def test_integers_are_floats(self):
        assert wedge([[1, 2], [3, 4]]).dtype == np.float64
        assert wedge(np.array([[1, 2], [3, 4]])).tolist() == [-2.0]
        assert wedge(np.array([[1, 2], [3, 4]], dtype=object)).dtype == np.float64
        assert wedge(np.ones((1, 2), np.float32)).dtype == np.float64

    def test_large_numpy_integers_beside_fractions_do_not_wrap(self):
        rows = np.array([[np.int64(2**62), Fraction(1)], [Fraction(1), np.int64(2**62)]], dtype=object)
        assert signed_volume(rows) == 2**124 - 1

    def test_sympy_matrices(self):
        x = sympy.symbols("x:6")
        expected = cross_product([x[:3], x[3:]])
        assert_equal(cross_product(sympy.Matrix(2, 3, x)), expected)
        assert_equal(cross_product(sympy.ImmutableMatrix(2, 3, x)), expected)
        assert_equal(cross_product([sympy.Matrix(x[:3]), sympy.Matrix([x[3:]])]), expected)
        assert_equal(cross_product([[sympy.Matrix(x[:3]), sympy.Matrix([x[3:]])]] * 2), [expected, expected])
        assert_equal(reject(sympy.Matrix(x[:2]), sympy.Matrix([[1, 0]])), [0, x[1]])

    def test_results_are_not_simplified(self):
        x, y = sympy.symbols("x y")
        (coefficient,) = wedge([[x + y, 0], [0, x - y]])
        assert coefficient != sympy.expand(coefficient)

    def test_exact_units(self):
        assert cross_product([[Fraction(3), Fraction(4)]], unit=True).tolist() == [
            sympy.Rational(4, 5),
            sympy.Rational(-3, 5),
        ]
        assert cross_product([[Fraction(0), Fraction(0)]], unit=True).tolist() == [0, 0]
        x, y = sympy.symbols("x y", real=True)
        assert sympy.simplify((cross_product([[x, y]], unit=True) ** 2).sum()) == 1

    def test_reject_sees_symbolic_zeros(self):
        x, y = sympy.symbols("x y", positive=True)
        dependent = [[x, y], [x * (x + 1), y * x + y]]
        assert_equal((reject([1, 0], dependent) * [x, y]).sum(), 0)
        assert_equal(reject([1, 0], dependent), reject([1, 0], dependent[:1]))
        angle = sympy.Symbol("t", real=True)
        hidden = sympy.sin(angle) ** 2 + sympy.cos(angle) ** 2 - 1  # zero, but cancel does not see it
        assert_equal(reject([x, y], [[hidden, 0]]), [x, y])

    def test_rational_functions_are_decided_by_cancel(self, monkeypatch):
        monkeypatch.setattr(sympy.Expr, "equals", lambda self, other: False)
        x, y = sympy.symbols("x y")
        hidden = (x**2 - y**2) / (x - y) - x - y
        assert_equal(reject([x, y], [[hidden, 0]]), [x, y])

    def test_reject_refuses_what_it_cannot_decide(self, monkeypatch):
        monkeypatch.setattr(sympy.Expr, "equals", lambda self, other: None)
        with pytest.raises(DataError, match="could not be decided: simplify"):
            reject([1, 0], [[sympy.Symbol("x"), 0]])

    def test_exact_reject_of_dependent_batches(self):
        one, zero = Fraction(1), Fraction(0)
        rows = [[[one, zero], [2 * one, zero]], [[zero, zero], [one, one]]]
        assert reject([[3, 4], [3, 5]], rows).tolist() == [[0, 4], [-1, 1]]

    def test_exact_batches_equal_loops(self):
        rows = entries("fractions", (2, 5, 3, 4))
        assert cross_product(rows).shape == (2, 5, 4)
        for place in np.ndindex(2, 5):
            assert cross_product(rows)[place].tolist() == cross_product(rows[place]).tolist()
            assert volume(rows)[place] == volume(rows[place])
            assert wedge(rows[..., :2, :])[place].tolist() == wedge(rows[place][:2]).tolist()


class TestEdges:
    def test_no_vectors(self):
        assert wedge(np.empty((0, 3))).tolist() == [1.0]
        assert wedge(np.empty((2, 0, 3))).tolist() == [[1.0], [1.0]]
        assert volume(np.empty((0, 3))) == 1.0
        assert log_volume(np.empty((0, 7))) == 0.0
        assert signed_volume(np.empty((0, 0))) == 1.0
        assert cross_product(np.empty((0, 1))).tolist() == [1.0]
        assert cross_product(np.empty((0, 1)), unit=True).tolist() == [1.0]
        assert reject([1.0, 2.0], np.empty((0, 2))).tolist() == [1.0, 2.0]
        assert reject([Fraction(1, 2)], np.empty((0, 1))).tolist() == [Fraction(1, 2)]

    def test_more_vectors_than_dimensions(self):
        assert wedge(np.ones((3, 2))).shape == (0,)
        assert volume(np.ones((4, 3, 2))).tolist() == [0.0] * 4
        assert log_volume(np.ones((3, 2))) == -np.inf
        assert volume([[Fraction(1)], [Fraction(2)]]) == 0
        assert volume(np.full((2, 3, 1), Fraction(1))).tolist() == [0, 0]

    @pytest.mark.parametrize("dimension", [2, 3, 5, 6, 9])
    def test_empty_batches(self, dimension):
        assert cross_product(np.empty((0, dimension - 1, dimension))).shape == (0, dimension)
        assert volume(np.empty((0, 2, dimension))).shape == (0,)
        assert signed_volume(np.empty((3, 0, dimension, dimension))).shape == (3, 0)
        assert reject(np.empty((0, dimension)), np.empty((0, 2, dimension))).shape == (0, dimension)

    def test_no_negative_zeros(self):
        assert not np.signbit(cross_product([[1, 0, 0], [0, 1, 0]])).any()

    def test_input_is_left_alone(self):
        rows = entries("floats", (1, 2))
        kept = rows.copy()
        wedge(rows)[...] = 7
        blade = np.ones(1)
        hodge_dual(blade, 1, 1)[...] = 7
        reject(rows[0], np.empty((0, 2)))[...] = 7
        assert np.array_equal(rows, kept)
        assert blade == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([[True, False]], "Entries of type bool .*convert them to float"),
            ([[True, 2.0]], "Entries of type bool"),
            (np.array([[True]]), "Entries of type bool"),
            ([[1j, 2]], "Entries of type complex"),
            (np.array([[1j]]), "Entries of type complex128"),
            ([["1", "2"]], "Entries of type str"),
            (np.array([["1"]]), "Entries of type str_"),
            (None, "Entries of type NoneType"),
            ([[1.0, NAN]], "NaN or infinity .*remove or impute"),
            ([[INF, 1.0]], "NaN or infinity"),
            ([[1, 2], [3]], "ragged: expected .*, each of the same length"),
            ([np.ones((2, 2)), np.ones((2, 3))], "ragged"),
            ([1.0, 2.0], r"Shape \(2,\) came where .* was expected: add the missing axis"),
            ([[Fraction(1), 0.5]], "Floats came among exact entries: convert all"),
            ([[sympy.Symbol("x"), 0.5]], "Floats came among exact entries"),
            ([[sympy.Symbol("x"), sympy.Float(0.5)]], "exact real expressions were expected"),
            ([[sympy.I, 1]], "exact real expressions were expected"),
            ([[sympy.Symbol("z", imaginary=True), 1]], "exact real expressions were expected"),
            ([[sympy.oo, 1]], "exact real expressions were expected"),
            ([[sympy.nan, 1]], "exact real expressions were expected"),
            ([[10**400, 1]], "An integer is too large for float64: convert the entries to Fraction"),
        ],
    )
    @pytest.mark.parametrize("function", [wedge, volume, log_volume, signed_volume, cross_product])
    def test_entries(self, function, rows, message):
        with pytest.raises(DataError, match=message):
            function(rows)
        with pytest.raises(DataError, match=message):
            reject(np.empty(0) if rows is None or np.ndim(rows[0]) == 0 else rows[0], rows)

    def test_counts(self):
        with pytest.raises(
            DataError, match=r"needs d−1 vectors of d dimensions and got 3 of 3: give one vector"
        ):
            cross_product(np.eye(3))
        with pytest.raises(DataError, match=r"needs d vectors of d dimensions and got 2 of 3: .*take volume"):
            signed_volume(np.ones((2, 3)))
        with pytest.raises(DataError, match="got 0 of 0"):
            cross_product(np.empty((0, 0)))

    def test_log_volume_of_exact_entries(self):
        with pytest.raises(DataError, match=r"takes floats and got exact entries: take sympy\.log of volume"):
            log_volume([[Fraction(1), 2]])

    def test_hodge_dual(self):
        with pytest.raises(OptionError, match=r"must be integers, not 3\.0 and 1"):
            hodge_dual([1, 2, 3], 3.0, 1)
        with pytest.raises(OptionError, match="between 0 and the dimension, 3, and is 4"):
            hodge_dual([1, 2, 3], 3, 4)
        with pytest.raises(OptionError, match="is -1"):
            hodge_dual([1, 2, 3], 3, -1)
        with pytest.raises(DataError, match="grade 2 in 4 dimensions has 6 coefficients and got 3: check"):
            hodge_dual([1, 2, 3], 4, 2)
        with pytest.raises(DataError, match="NaN"):
            hodge_dual([1, NAN, 3], 3, 1)

    @pytest.mark.parametrize(
        ("point", "rows"),
        [(np.ones(3), np.ones((2, 4))), (np.ones((2, 3)), np.ones((5, 1, 3))), (np.ones(1), np.ones((2, 4)))],
    )
    def test_reject_shapes(self, point, rows):
        with pytest.raises(DataError, match=r"does not fit vectors of shape .*: expected"):
            reject(point, rows)

    def test_reject_mixed_kinds(self):
        with pytest.raises(DataError, match="Floats came among exact entries"):
            reject([Fraction(1), 2], [[0.5, 1.0]])

    @pytest.mark.parametrize("function", [wedge, volume, signed_volume])
    def test_overflow(self, function):
        with pytest.raises(
            VolumeOverflow, match=r"about 10\*\*400\.0 is beyond float64, which ends at 10\*\*308\.3"
        ):
            function(1e200 * np.eye(2))
        with pytest.raises(OverflowError):
            function(1e200 * np.eye(2))
