"""The table that everything starts from: samples and their homogeneous coordinates.

Wedges are built from differences of the rows as they were given; correlations are computed in
*centred* homogeneous coordinates x̃ = (x − centre, 1), where a large common offset of the features
costs no accuracy.  Without a bias there is nothing to centre and x̃ = x.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import fsum
from operator import index
from typing import Any

import numpy as np

from geomnn.errors import DataError, OptionError
from geomnn.numbers.rationals import exact_table

__all__ = [
    "NamedTable",
    "Samples",
    "check_cells",
    "check_flag",
    "check_integer",
    "column_labels",
    "column_names",
    "finite_floats",
    "plain_array",
    "real_table",
    "sums_of_products",
]

# relative to the length of a vector, up to which its distance from a span counts as none: above the rounding of a basis
# of nearly dependent vectors, and nothing is divided by less
SPANNED = 1e-9


class Samples:
    """The samples X of a training problem, with or without a bias.

    x̃_i = (x_i − centre, 1) with a bias, x̃_i = x_i without.

    Parameters
    ----------
    X : array_like, shape (n, d)
        One sample a row, at least one row and one column, finite real numbers.
    bias : bool
        Whether neurons have a bias (and the network an intercept).

    Attributes
    ----------
    X : ndarray, shape (n, d)
        The samples as given, read-only.
    names : tuple of str, or None
        Of the columns, where they came with the table: all that is made of the samples has its names from here.
    homogeneous : ndarray, shape (n, D)
        The rows x̃_i; D = d + 1 with a bias, d without.
    centre : ndarray, shape (d,)
        The middle of the range of each feature with a bias, zero without.
    distinct : ndarray of int
        Row numbers of the samples that can span something: the first of each set of equal rows,
        without the zero rows where there is no bias.
    distinct_index : ndarray of int, shape (n,)
        Which of the distinct rows each sample is equal to, -1 for none.

    Raises
    ------
    DataError
        If X is not such a table.

    Source: geomnn theory, section 0.
    """

    def __init__(self, X: Any, bias: bool):
        given = plain_array(X, "X")
        self.X = real_table(given, "X", column_labels(X))
        self.X.setflags(write=False)
        self.names = column_names(X)
        self._given = self.X if given.dtype == np.float64 else given.copy()
        self.bias = bool(bias)
        d = self.X.shape[1]
        self.centre = (self.X.min(axis=0) / 2 + self.X.max(axis=0) / 2) if bias else np.zeros(d)
        self.homogeneous = self.lift(self.X)

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray]:
        table = np.asarray(self.X) + 0.0
        _, first, copies = np.unique(table, axis=0, return_index=True, return_inverse=True)
        spanning: np.ndarray = np.any(table, axis=1) | self.bias
        distinct = np.sort(first[spanning[first]])
        return distinct, np.where(spanning, np.searchsorted(distinct, first[copies.ravel()]), -1)

    @property
    def distinct(self) -> np.ndarray:
        """Row numbers of the samples that can span something."""
        return self._distinct[0]

    @property
    def distinct_index(self) -> np.ndarray:
        """Which of the distinct rows each sample is equal to, -1 for none, shape (n,)."""
        return self._distinct[1]

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])

    @property
    def D(self) -> int:
        """Number of homogeneous coordinates."""
        return self.d + self.bias

    @cached_property
    def rows(self) -> list[list[Fraction]]:
        """The samples in rational numbers: as they were given, floats as their shortest decimal."""
        return exact_table(self._given)

    @property
    def spread(self) -> np.ndarray:
        """The range of each feature, its largest size without a bias, shape (d,)."""
        return np.asarray(np.ptp(self.X, axis=0) if self.bias else np.abs(self.X).max(axis=0))

    @cached_property
    def extent(self) -> np.ndarray:
        """The largest |x̃_il| of each column, shape (D,)."""
        return np.asarray(np.abs(self.homogeneous).max(axis=0))

    @cached_property
    def _lengths(self) -> np.ndarray:
        """‖x̃_i‖ in columns scaled by their extent, with a bias the longest for all, shape (n,)."""
        length = np.linalg.norm(self.homogeneous / np.where(self.extent == 0, 1.0, self.extent), axis=1)
        if self.bias:
            length[:] = length.max()
        return np.asarray(length)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Centred homogeneous coordinates of any points, shape (k, d) → (k, D)."""
        centred = points - self.centre
        return np.column_stack([centred, np.ones(len(points))]) if self.bias else centred

    def activations(self, units: np.ndarray) -> np.ndarray:
        """(x̃_i·u)_+ of every sample for the units u, shape (k, D) → (n, k)."""
        return np.asarray(np.maximum(self.homogeneous @ units.T, 0.0))

    def predict(self, units: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Σ_u z_u (x̃_i·u)_+ of every sample, shapes (k, D) and (k, c) → (n, c)."""
        return np.asarray(self.activations(units) @ z)

    def pulled(self, weights: np.ndarray) -> np.ndarray:
        """Σ_i x̃_i r_i, shape (n, k) → (D, k)."""
        return np.asarray(self.homogeneous.T @ weights)

    def touching(self, incidence: np.ndarray) -> np.ndarray:
        """The distinct samples whose incidence, shape (n,), is zero, in order."""
        return np.asarray(self.distinct[incidence[self.distinct] == 0.0])

    def merged(self, residual: np.ndarray) -> np.ndarray:
        """Sums of the rows of a residual over equal samples, (n, c) → (number of distinct rows, c)."""
        if len(self.distinct) == self.n:
            return residual
        total = np.zeros((len(self.distinct), residual.shape[1]))
        np.add.at(total, self.distinct_index[self.distinct_index >= 0], residual[self.distinct_index >= 0])
        return total

    def bias_of(self, unit: np.ndarray) -> float:
        """The bias of a centred unit in the coordinates of X: b = u_D − w·centre (0 without bias)."""
        return float(self.biases_of(unit[None])[0])

    def biases_of(self, units: np.ndarray) -> np.ndarray:
        """The biases of centred units in the coordinates of X, shape (k, D) → (k,)."""
        if not self.bias:
            return np.zeros(len(units))
        return sums_of_products(-units[:, :-1], self.centre, units[:, -1])

    def unit_of(self, weight: np.ndarray, bias: float) -> np.ndarray:
        """A neuron (w, b) in centred coordinates, shape (D,)."""
        return self.units_of(weight[None], np.array([bias])).ravel()

    def units_of(self, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
        """Neurons (w, b) in centred coordinates, (w, b + w·centre), shapes (k, d) and (k,) → (k, D).

        The last one is rounded once: where the features have a large common offset, two large numbers cancel in it.
        """
        if not self.bias:
            return weights
        return np.column_stack([weights, sums_of_products(weights, self.centre, biases)])

    def through(self, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Units with these weights, (…, d), through the last of these rows, (…, s): b = −w·x_a; without a bias w."""
        if not self.bias:
            return weights
        anchors = self.X[rows[..., -1]] - self.centre
        return np.concatenate([weights, -np.sum(weights * anchors, axis=-1, keepdims=True)], axis=-1)

    def incidences(self, unit: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
        """x̃_i·u, with exact zeros where it is below the tolerance times ‖x̃_i‖ ‖u‖ in scaled columns, (n,).

        With a bias, whose rounding is that of w·x_a at some sample x_a, the longest x̃_a counts for all.
        """
        size = np.linalg.norm(self.extent * unit)  # weights of columns of zeros have no part in it
        values = self.homogeneous @ unit
        return np.where(np.abs(values) <= tolerance * self._lengths * size, 0.0, values)


def sums_of_products(rows: np.ndarray, factors: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Σ_l a_kl c_l + t_k, each rounded once however much cancels, shapes (k, d), (d,), (k,) → (k,).

    Source: T. J. Dekker, Numerische Mathematik 18, 1971, for products without rounding; sums by `math.fsum`.
    """
    products, (high, low), (top, rest) = rows * factors, _halves(rows), _halves(factors)
    errors = ((high * top - products) + high * rest + low * top) + low * rest
    parts = np.column_stack([products, errors, terms])
    return np.array([fsum(part) for part in parts.tolist()]).reshape(len(rows))


def _halves(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two floats of half the digits, whose sum is each."""
    scaled = table * (2.0**27 + 1)
    high = scaled - (scaled - table)
    return high, table - high


def plain_array(values: Any, name: str) -> np.ndarray:
    """An array of any shape and type, or a `DataError`: the gate through which every array comes in."""
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix; a dense table was expected: pass {name}.toarray().")
    rows = values if isinstance(values, list | tuple) else ()
    if np.ma.is_masked(values) or any(map(np.ma.is_masked, rows)):
        raise DataError(f"{name} has masked entries; remove or impute them first.")
    try:
        return np.asarray(values)
    except ValueError as reason:
        raise DataError(
            f"{name} has rows of different lengths; give a table with the same columns in each row."
        ) from reason
    except (TypeError, RuntimeError) as reason:  # tensors with gradients, or on another device
        raise DataError(
            f"{name} cannot be read as an array of NumPy ({reason}); convert it to one first."
        ) from reason


def real_table(values: Any, name: str, labels: Sequence[Any] = ()) -> np.ndarray:
    """A finite real (n, d) array, copied as float64, or a `DataError` that says what is wrong.

    Parameters
    ----------
    values : array_like
    name : str
        What messages call it.
    labels : sequence, optional
        Of the columns, for messages; those of a data frame if not given.
    """
    array = plain_array(values, name)
    if array.ndim != 2:
        hint = f" For one feature use {name}.reshape(-1, 1)." if array.ndim == 1 else ""
        raise DataError(
            f"{name} has shape {array.shape}; a table of shape (samples, features) was expected.{hint}"
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise DataError(
            f"{name} has shape {array.shape}; at least one sample (row) and one feature (column) are needed."
        )
    return finite_floats(array, name, labels or column_labels(values))


def column_labels(table: Any) -> list[Any]:
    """What a data frame calls its columns; nothing for other tables."""
    return list(getattr(table, "columns", []))


def column_names(table: Any) -> tuple[str, ...] | None:
    """The names of the columns of a data frame if they are text, None where there are none or numbers for names.

    Raises
    ------
    DataError
        If two columns have the same name, or some of them names and others numbers.
    """
    names = column_labels(table)
    texts = [str(name) for name in names if isinstance(name, str)]
    if not texts:
        return None
    if odd := [name for name in names if not isinstance(name, str)]:
        raise DataError(
            f"The table has columns with names, such as {texts[0]!r}, and one that is called {odd[0]!r}; names that "
            "are all text were expected: table.columns = table.columns.astype(str)."
        )
    if twice := [name for name, count in Counter(texts).items() if count > 1]:
        places = [k for k, name in enumerate(texts) if name == twice[0]]
        raise DataError(
            f"The table has {len(places)} columns called {twice[0]!r}, at the places {', '.join(map(str, places))} "
            "(counted from 0); names that differ were expected: rename them, or leave out all but one."
        )
    return tuple(texts)


class NamedTable(np.ndarray):
    """An array that has names for its columns, as a data frame has them: what has read a table hands them on.

    Parameters
    ----------
    table : array_like, shape (n, d)
    columns : sequence of str, or None
        None where they have no names.
    """

    columns: Sequence[str]

    def __new__(cls, table: Any, columns: Sequence[str] | None) -> NamedTable:
        named = np.asarray(table).view(cls)
        named.columns = () if columns is None else tuple(columns)
        return named


def finite_floats(values: Any, name: str, labels: Sequence[Any] = ()) -> np.ndarray:
    """An array as float64, refusing complex numbers, text, NaN, infinity and sizes whose squares overflow."""
    array = plain_array(values, name)
    if array.dtype.kind == "c":
        raise DataError(
            f"{name} is complex; real numbers were expected: pass {name}.real or split the parts."
        )
    if array.dtype.kind in "OMmUS":
        check_cells(array, name, labels)
    if array.dtype.kind not in "fiubO":
        raise DataError(
            f"{name} holds {array.dtype.name} values; numbers were expected: convert the column first."
        )
    try:
        floats = np.array(array, dtype=np.float64)
    except OverflowError as reason:
        raise DataError(f"{name} holds values that are too large for float64: rescale them.") from reason
    except (TypeError, ValueError) as reason:
        raise DataError(
            f"{name} holds values that are not numbers ({reason}); convert them first."
        ) from reason
    if not np.isfinite(floats).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(floats))[0])
        raise DataError(
            f"{_place(name, where, labels)} is {floats[where]}; remove or impute such values first."
        )
    largest = np.abs(floats).max(initial=0.0)
    if largest > 1e100 or 0 < largest < 1e-100:
        raise DataError(
            f"{name} has values of size {largest:.3g}; their products must fit into float64: rescale them to sizes "
            "between 1e-100 and 1e100."
        )
    return floats


def check_cells(array: np.ndarray, name: str, labels: Sequence[Any]) -> None:
    """Refuse the first entry that is text, a date, missing or anything else that is no number, and say where it is."""
    for where, value in np.ndenumerate(array):
        if type(value).__name__ in (
            "NAType",
            "NaTType",
        ):  # of pandas, which has to be known by name alone here
            raise DataError(
                f"{_place(name, where, labels)} is missing ({value}); remove or impute such values first."
            )
        try:
            plain = value is None or not isinstance(value, str | bytes | np.datetime64 | np.timedelta64)
            plain = plain and np.ndim(np.asarray(value, dtype=np.float64)) == 0
        except OverflowError:
            plain = True  # a number, though too large a one
        except (TypeError, ValueError):
            plain = False
        if not plain:
            shown = (
                repr(str(value)) if isinstance(value, str) else f"{str(value)[:40]} ({type(value).__name__})"
            )
            advice = "encode the column as numbers, or leave it out" if labels else "convert them first"
            raise DataError(f"{_place(name, where, labels)} is {shown}; numbers were expected: {advice}.")


def _place(name: str, where: Sequence[int], labels: Sequence[Any]) -> str:
    """An entry of an array; of a data frame with the name of its column."""
    if len(where) == 2 and labels:
        return f"{name}[{labels[where[1]]!r}], row {where[0]} (counted from 0),"
    return f"{name}[{', '.join(map(str, where))}]" if where else name


def check_flag(name: str, value: Any) -> bool:
    """True or False, or an `OptionError`."""
    if not isinstance(value, bool | np.bool_):
        raise OptionError(f"{{{name}}}; True or False was expected.", **{name: value})
    return bool(value)


def check_integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A value as an int within its limits, or an `OptionError`."""
    wanted = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    try:
        whole = index(value)
    except TypeError:
        raise OptionError(f"{{{name}}}; {wanted} was expected.", **{name: value}) from None
    if isinstance(value, bool) or whole < least or (most is not None and whole > most):
        raise OptionError(f"{{{name}}}; {wanted} was expected.", **{name: value})
    return whole
