"""Between the arrays of ``geomnn.algebra`` and multivectors of the ``clifford`` package.

Both list basis blades by grade and, within a grade, lexicographically, so a k-blade of Cl(d) is a slice of
C(d, k) numbers. ``clifford`` computes in floats and is imported at the first use only, because that is slow.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from geomnn.algebra.entries import blade_components
from geomnn.errors import DataError

__all__ = ["from_multivector", "to_multivector", "vectors_from"]


def to_multivector(coefficients: Any, dimension: int, grade: int) -> Any:
    """The multivector of Cl(d) whose part of grade k has the given coefficients.

    Σ_S c_S e_S over the k-subsets S of the axes in lexicographic order.

    Parameters
    ----------
    coefficients : array-like (C(d, k),) of floats, as ``geomnn.algebra.wedge`` returns them.
    dimension, grade : d and k, with 0 ≤ k ≤ d.

    Returns
    -------
    clifford.MultiVector of the Euclidean algebra Cl(d).

    Raises DataError for exact entries, batches and other shapes; OptionError for a grade that cannot be.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> from geomnn.algebra import wedge
    >>> to_multivector(wedge([[1, 2, 0], [0, 1, 3]]), dimension=3, grade=2)
    (1.0^e12) + (3.0^e13) + (6.0^e23)
    """
    coefficients, dimension, grade = blade_components(coefficients, dimension, grade)
    if coefficients.dtype == object:
        raise DataError("clifford computes in floats and got exact entries: convert them to float first.")
    if coefficients.ndim != 1:
        raise DataError(
            f"A multivector holds one blade and got a batch of shape {coefficients.shape}: "
            "convert its blades one by one."
        )
    layout = _layout(dimension)
    value = np.zeros(layout.gaDims)
    value[np.asarray(layout.gradeList) == grade] = coefficients
    return layout.MultiVector(value=value)


def from_multivector(multivector: Any, grade: int | None = None) -> tuple[np.ndarray, int]:
    """Coefficients and grade of a multivector of one grade.

    c_S of Σ_S c_S e_S over the k-subsets S of the axes in lexicographic order, and k.

    Parameters
    ----------
    multivector : clifford.MultiVector of a Euclidean algebra Cl(d).
    grade : the k to expect; only the zero multivector, which is of every grade, needs it.

    Returns
    -------
    ndarray (C(d, k),), and k.

    Raises DataError for mixed or other grades, zero without a grade, and algebras that are not Euclidean.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> import clifford
    >>> layout, blades = clifford.Cl(3)
    >>> coefficients, grade = from_multivector(2 * blades["e13"])
    >>> coefficients.tolist(), grade
    ([0.0, 2.0, 0.0], 2)
    """
    import clifford

    if not isinstance(multivector, clifford.MultiVector):
        raise DataError(f"A {type(multivector).__name__} came where a clifford.MultiVector was expected.")
    layout, value = multivector.layout, np.asarray(multivector.value)
    if any(sign != 1 for sign in layout.sig):
        raise DataError(
            f"An algebra of signature {[int(sign) for sign in layout.sig]} came where a Euclidean one was "
            "expected: take the layout of clifford.Cl(d)."
        )
    present = sorted({int(k) for k in np.asarray(layout.gradeList)[value != 0]})
    if grade is None and not present:
        raise DataError("The zero multivector is of every grade: pass the grade that you mean.")
    grade = present[0] if grade is None else grade
    if any(k != grade for k in present):
        listed = ", ".join(map(str, present))
        raise DataError(
            f"A multivector with parts of grade {listed} came where grade {grade} alone was expected: "
            "take its part mv(k) first."
        )
    part = value[np.asarray(layout.gradeList) == grade]
    coefficients, _, grade = blade_components(part, layout.dims, grade)
    return coefficients, grade


def vectors_from(multivectors: Sequence[Any]) -> np.ndarray:
    """Multivectors of grade 1 as the rows that ``geomnn.algebra`` takes.

    (c_1, …, c_d) of Σ c_i e_i, one row each.

    Parameters
    ----------
    multivectors : k ≥ 1 of clifford.MultiVector, all vectors of the same Euclidean algebra Cl(d).

    Returns
    -------
    ndarray (k, d).

    Raises DataError for other grades, for none at all, and for vectors of different algebras.
    Source: geomnn theory, section 0; M. Pilanci, arXiv 2309.16512.

    >>> import clifford
    >>> layout, blades = clifford.Cl(3)
    >>> vectors_from([blades["e1"], blades["e2"] - blades["e3"]]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]
    """
    if not isinstance(multivectors, list | tuple) or not multivectors:
        raise DataError("Expected a list of at least one multivector: the dimension is read off them.")
    rows = [from_multivector(multivector, grade=1)[0] for multivector in multivectors]
    if len({len(row) for row in rows}) > 1:
        raise DataError(
            f"Vectors of {sorted({len(row) for row in rows})} dimensions came together: "
            "take all from the layout of one clifford.Cl(d)."
        )
    return np.stack(rows)


@lru_cache(maxsize=16)
def _layout(dimension: int) -> Any:
    import clifford

    return clifford.Cl(dimension)[0]
