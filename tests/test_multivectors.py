"""Round trips with clifford, and clifford as the judge of the products and of the dual convention."""

import math
import subprocess
import sys
from fractions import Fraction
from functools import reduce
from itertools import combinations
from operator import xor

import numpy as np
import pytest

from geomnn.algebra import cross_product, hodge_dual, reject, signed_volume, volume, wedge
from geomnn.algebra.multivectors import from_multivector, to_multivector, vectors_from
from geomnn.errors import DataError, OptionError

clifford = pytest.importorskip("clifford")
SLOW = {
    dimension: [pytest.mark.slow] * (dimension > 3) for dimension in range(1, 7)
}  # what clifford compiles
DIMENSIONS = [pytest.param(dimension, marks=SLOW[dimension]) for dimension in range(2, 7)]
PAIRS = [
    pytest.param(count, dimension, marks=SLOW[dimension])
    for dimension in range(1, 7)
    for count in range(1, dimension + 1)
]


def random_vectors(count, dimension):
    # one layout per dimension, the cached one: clifford compiles its products anew for each layout
    rows = np.random.default_rng(10 * dimension + count).standard_normal((count, dimension))
    return [to_multivector(row, dimension, 1) for row in rows], rows


@pytest.mark.parametrize("dimension", range(8))
def test_basis_blades_are_ordered_by_grade_then_lexicographically(dimension):
    axes = range(1, dimension + 1)
    expected = [subset for grade in range(dimension + 1) for subset in combinations(axes, grade)]
    assert list(clifford.Cl(dimension)[0].bladeTupList) == expected


def test_vectors_are_read_in_the_order_of_the_basis():
    layout, _ = clifford.Cl(4)
    e1, e2, e3, e4 = layout.basis_vectors_lst
    assert vectors_from([e1 + 2 * e2, 3 * e3 - 4 * e4]).tolist() == [[1, 2, 0, 0], [0, 0, 3, -4]]


@pytest.mark.parametrize("dimension", range(7))
def test_round_trip(dimension):
    for grade in range(dimension + 1):
        coefficients = np.random.default_rng(grade).standard_normal(math.comb(dimension, grade))
        multivector = to_multivector(coefficients, dimension, grade)
        assert multivector.layout == clifford.Cl(dimension)[0]
        assert multivector(grade) == multivector
        back, same = from_multivector(multivector)
        assert back.tolist() == coefficients.tolist()
        assert same == grade


@pytest.mark.parametrize(("count", "dimension"), PAIRS)
@pytest.mark.one_in(3)
@pytest.mark.slow
def test_wedge_and_volume(count, dimension):
    multivectors, rows = random_vectors(count, dimension)
    assert vectors_from(multivectors) == pytest.approx(rows)
    blade = reduce(xor, multivectors)
    coefficients, grade = from_multivector(blade)
    assert grade == count
    assert wedge(vectors_from(multivectors)) == pytest.approx(coefficients, rel=1e-12, abs=1e-12)
    assert volume(rows) == pytest.approx(abs(blade), rel=1e-12)
    if count == dimension:
        assert signed_volume(rows) == pytest.approx(coefficients[0], rel=1e-12)


@pytest.mark.parametrize(("count", "dimension"), PAIRS)
@pytest.mark.one_in(3)
def test_dual_is_the_dual_of_clifford(count, dimension):
    multivectors, rows = random_vectors(count, dimension)
    expected, grade = from_multivector(reduce(xor, multivectors).dual())
    assert grade == dimension - count
    assert hodge_dual(wedge(rows), dimension, count) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_cross_product_is_orthogonal_in_clifford(dimension):
    multivectors, rows = random_vectors(dimension - 1, dimension)
    normal = to_multivector(cross_product(rows), dimension, 1)
    assert normal.value == pytest.approx(reduce(xor, multivectors).dual().value, rel=1e-11, abs=1e-11)
    for multivector in multivectors:
        assert float((multivector | normal)[()]) == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_reject_is_the_formula_of_clifford(dimension):
    for count in range(1, dimension):
        (point, *others), rows = random_vectors(count + 1, dimension)
        blade = reduce(xor, others)
        expected, _ = from_multivector(((point ^ blade) * blade.inv())(1), grade=1)
        assert reject(rows[0], rows[1:]) == pytest.approx(expected, abs=1e-10)


def test_zero_needs_a_grade():
    zero = to_multivector([0, 0, 0], 3, 2)
    with pytest.raises(DataError, match="zero multivector is of every grade: pass the grade"):
        from_multivector(zero)
    coefficients, grade = from_multivector(zero, grade=2)
    assert (coefficients.tolist(), grade) == ([0, 0, 0], 2)
    with pytest.raises(OptionError, match="between 0 and the dimension, 3, and is 4"):
        from_multivector(zero, grade=4)


def test_small_parts_are_parts():
    _, blades = clifford.Cl(2)
    with pytest.raises(DataError, match=r"grade 0, 1 came where grade 0 alone .*: take its part"):
        from_multivector(1 + 1e-30 * blades["e1"])


def test_refusals_of_from_multivector():
    _, blades = clifford.Cl(3)
    with pytest.raises(DataError, match="grade 2 came where grade 1 alone was expected"):
        from_multivector(blades["e12"], grade=1)
    with pytest.raises(DataError, match=r"A float came where a clifford\.MultiVector was expected"):
        from_multivector(1.0)
    with pytest.raises(DataError, match=r"signature \[1, 1, -1\] came where a Euclidean one"):
        from_multivector(clifford.Cl(2, 1)[1]["e1"])
    infinite = to_multivector([1, 0, 0], 3, 1)
    infinite.value[1] = float("inf")
    with pytest.raises(DataError, match="NaN or infinity"):
        from_multivector(infinite)


def test_refusals_of_to_multivector():
    with pytest.raises(DataError, match="computes in floats and got exact entries: convert"):
        to_multivector([Fraction(1), 2, 3], 3, 1)
    with pytest.raises(DataError, match=r"got a batch of shape \(2, 3\): convert its blades one by one"):
        to_multivector(np.ones((2, 3)), 3, 1)
    with pytest.raises(DataError, match="grade 1 in 3 dimensions has 3 coefficients and got 2"):
        to_multivector([1, 2], 3, 1)
    with pytest.raises(OptionError, match="between 0 and the dimension"):
        to_multivector([1], 3, 5)


def test_refusals_of_vectors_from():
    two, three = clifford.Cl(2)[1], clifford.Cl(3)[1]
    with pytest.raises(DataError, match=r"Vectors of \[2, 3\] dimensions came together: take all from"):
        vectors_from([two["e1"], three["e1"]])
    with pytest.raises(DataError, match="grade 2 came where grade 1 alone"):
        vectors_from([two["e1"], two["e12"]])
    for wrong in ([], two["e1"]):
        with pytest.raises(DataError, match="Expected a list of at least one multivector"):
            vectors_from(wrong)


def test_import_leaves_clifford_alone():
    command = "import sys, geomnn.algebra.multivectors; sys.exit('clifford' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
