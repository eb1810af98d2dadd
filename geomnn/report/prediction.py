"""Predictions of a new table by the network of a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from geomnn.checker.decimals import MISSING
from geomnn.checker.digits import written
from geomnn.errors import DataError, FormatError
from geomnn.files import read_json
from geomnn.networks.network import AnalyticNetwork
from geomnn.report import csv_table as tables
from geomnn.report.fits import Fit, chosen_class, probabilities

__all__ = ["NewRows", "Predicted", "class_numbers", "csv_text", "new_rows", "number_text", "predicted"]

DIGITS = 12  # of a prediction: rounding is not among them
FEATURE = "the network predicts from this column, so give a number"
TARGET = "give a number, or a table without this column"
REPORT = "a folder that geomnn derive wrote"


@dataclass(frozen=True)
class Predicted:
    """What a network says of the rows of a table.

    Parameters
    ----------
    text : str
        A CSV file: the prediction of each row; of classes also their probabilities, or the decision value.
    target : str
        The name of the column that was to be predicted.
    fit : Fit or None
        To this column, where the table has it.
    told : str or None
        How the table was read, in a sentence, if it is not plain CSV.
    notes : tuple of str
        What of the target could not be judged, in sentences.
    """

    text: str
    target: str
    fit: Fit | None
    told: str | None
    notes: tuple[str, ...] = ()


def predicted(report: str, data: str, header: bool = True) -> Predicted:
    """Predict the rows of a table.

    Parameters
    ----------
    report : str
        The folder of a report.
    data : str
        A table with the features of the network among its columns, by name, in any order.

    Raises
    ------
    FileError, FormatError
        If the folder is not one that `geomnn derive` wrote.
    DataError
        If the table lacks columns, or cells are no numbers.
    """
    rows = new_rows(report, data, header)
    network, table = rows.network, rows.table
    f = network(rows.X)
    fit, notes = _fit(table, rows.target, f, network.classes)
    told = table.told(network.feature_names or (), rows.target if fit else "")
    return Predicted(_text(f, network.classes, rows.loss), rows.target, fit, told, notes)


@dataclass(frozen=True)
class NewRows:
    """Rows of a table, and the network of a report that they are for.

    Parameters
    ----------
    network : AnalyticNetwork
        In float64.
    target, loss : str
        What it was derived for.
    table : Table
    X : ndarray, shape (n, d)
        The features of the network.
    """

    network: AnalyticNetwork
    target: str
    loss: str
    table: tables.Table
    X: np.ndarray


def new_rows(report: str, data: str, header: bool = True) -> NewRows:
    """The rows of a table with the columns of the network of a report, as `predicted` takes and refuses them."""
    record = read_json(Path(report) / "certificate.json", REPORT)
    network = AnalyticNetwork.load(Path(report) / "network.json").numeric()
    problem = record.get("problem") if isinstance(record, dict) else None
    target, loss = (problem.get(key) if isinstance(problem, dict) else None for key in ("target", "loss"))
    if not isinstance(target, str) or not isinstance(loss, str) or network.feature_names is None:
        raise FormatError(f"{report} has a network that was not derived from a table; give {REPORT}.")
    table = tables.read_table(data, header)
    lacking = [name for name in network.feature_names if name not in table.columns]
    if lacking:
        raise DataError(
            f"{table.source} lacks {len(lacking)} of the {len(network.feature_names)} columns that the network "
            f"predicts {target!r} from: {_names(lacking)}; it has {_names(table.columns)}. "
            "Give a table with all of them."
        )
    columns = [tables.number_column(table, name, advice=FEATURE) for name in network.feature_names]
    return NewRows(network, target, loss, table, np.column_stack(columns))


def _names(names: Any) -> str:
    return ", ".join(map(repr, names[:12])) + ", …" * (len(names) > 12)


def number_text(value: float) -> str:
    """A number of such a file."""
    return f"{value + 0.0:.{DIGITS}g}"


def _text(f: np.ndarray, classes: Any, loss: str) -> str:
    """The CSV file of predictions."""
    if classes is None:
        head, rows = ["prediction"], [[number_text(value)] for value in f.tolist()]
    else:
        shares = probabilities(f, loss)
        values = f.reshape(len(f), -1) if shares is None else shares
        head = ["decision value"] if shares is None else [f"probability of {name}" for name in classes]
        head = ["prediction", *head]
        chosen = chosen_class(f)
        rows = [[classes[k], *map(number_text, row)] for k, row in zip(chosen, values.tolist(), strict=True)]
    return csv_text([head, *rows])


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """A CSV file of rows, the first of them its head."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _fit(table: tables.Table, target: str, f: np.ndarray, classes: Any) -> tuple[Fit | None, tuple[str, ...]]:
    """The fit to the targets of the rows that have one, if some do, and what else there is to say of the others."""
    if target not in table.columns:
        return None, ()
    blank = [cell.lower() in MISSING and cell not in (classes or ()) for cell in table.raw(target)]
    rows = [k for k, is_blank in enumerate(blank) if not is_blank]
    if not rows:
        return None, ()
    some = replace(table, rows=tuple(table.rows[k] for k in rows), lines=tuple(table.lines[k] for k in rows))
    left = len(blank) - len(rows)
    notes = [f"{left} row{'s' * (left > 1)} without a target could not be judged."] if left else []
    if classes is None:
        return Fit.of_numbers(f[rows], tables.number_column(some, target, "target", TARGET)), tuple(notes)
    cells = tables.class_labels(some, target, classes)
    found = class_numbers(cells, classes)
    strange = list(dict.fromkeys(cell for cell, number in zip(cells, found, strict=True) if number < 0))
    if strange:
        count = int(np.count_nonzero(found < 0))
        notes.append(
            f"{count} row{'s' * (count > 1)} of {target!r} {'have' if count > 1 else 'has'} a class that the network "
            f"does not know, {_names(strange)}, and count{'s' * (count == 1)} as wrong; it knows {_names(classes)}."
        )
    return Fit.of_classes(f[rows], found), tuple(notes)


def class_numbers(cells: Sequence[str], classes: Any) -> np.ndarray:
    """The number of the class of each cell, −1 for one that the network does not know; as decimals, as they are
    written, if all of them are."""
    texts = [*classes, *cells]
    numbers = [number for text in texts if (number := written(text)) is not None]
    keys: list[Any] = numbers if len(numbers) == len(texts) else texts
    place = {key: k for k, key in enumerate(keys[: len(classes)])}
    return np.array([place.get(key, -1) for key in keys[len(classes) :]])
