"""What comes in from outside, looked at before any number is computed: arrays, tables, names of columns, options.

Each gate gives a value of the type that is worked with, or one sentence that says what came and what was expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from geomnn.errors import DataError, OptionError

__all__ = [
    "NamedTable",
    "check_cells",
    "check_flag",
    "check_integer",
    "column_labels",
    "column_names",
    "finite_floats",
    "plain_array",
    "real_table",
]


def plain_array(values: Any, name: str) -> np.ndarray:
    """An array of any shape and type, or a `DataError`: the gate through which every array comes in."""
    if hasattr(values, "toarray"):
        sparse = ", or gm.Rows(X, y) to derive, which keeps it sparse (norm=2)" if name == "X" else ""
        raise DataError(
            f"{name} is a sparse matrix; a dense table was expected: pass {name}.toarray(){sparse}."
        )
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
