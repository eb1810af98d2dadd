"""How far the rows of a table may move before the network of a report predicts otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geomnn.inputs.robustness import Ranges, Robustness, robustness
from geomnn.report import csv_table as tables
from geomnn.report.fits import chosen_class
from geomnn.report.prediction import NewRows, class_numbers, csv_text, new_rows, number_text

__all__ = ["Moved", "moved_rows"]


@dataclass(frozen=True)
class Moved:
    """What is proven of rows that may move.

    Parameters
    ----------
    text : str
        A CSV file. Of classes the one that is asked about, whether it is certified, the ends of the radius and the
        nearest point with another class; of numbers the prediction, the ends of its range, and the largest error.
    told : tuple of str
        In sentences.
    """

    text: str
    told: tuple[str, ...]


def moved_rows(
    report: str,
    data: str,
    eps: Any,
    ball: float,
    time_limit: float | None,
    header: bool = True,
    line: Any = None,
) -> Moved:
    """What a network says of rows whose features may move by ‖δ‖_r ≤ eps, in the units of their columns.

    Parameters
    ----------
    report : str
        The folder of a report.
    data : str
        A table with the features of the network; of rows without a target the prediction is asked about.
    eps, ball, time_limit
        As in `gm.robustness`.
    header : bool
    line : Line, optional
        That shows progress.

    Raises
    ------
    FileError, FormatError, DataError, OptionError, UnsupportedProblem
        As `predicted` and `gm.robustness` raise them.
    """
    rows = new_rows(report, data, header)
    if rows.network.classes is None:
        return _numbers(rows, eps, ball, time_limit, line)
    return _classes(rows, eps, ball, time_limit, line)


def _classes(rows: NewRows, eps: Any, ball: float, time_limit: float | None, line: Any) -> Moved:
    network, classes = rows.network, rows.network.classes or ()
    numbers, notes = chosen_class(network(rows.X)), []
    if rows.target in rows.table.columns:
        given = class_numbers(tables.class_labels(rows.table, rows.target, classes), classes)
        numbers = np.where(given >= 0, given, numbers)
        if left := int(np.count_nonzero(given < 0)):
            notes = [
                f"{left} row{'s' * (left > 1)} without a class that the network knows: asked of the prediction."
            ]
    found = robustness(network, rows.X, np.array(classes)[numbers], eps, ball, time_limit, progress=line)
    assert isinstance(found, Robustness)
    head = [rows.target, "certified", "radius at least", "radius at most"]
    words = np.where(found.certified, "yes", np.where(found.flipped, "no", "undecided"))
    table = [[*head, *(f"flipped at {name}" for name in network.feature_names or ())]]
    for k, (word, radius, flip) in enumerate(zip(words, found.radius, found.attacks, strict=True)):
        cells = ["" if np.isnan(value) else number_text(value) for value in [*radius, *flip]]
        table.append([classes[numbers[k]], str(word), *cells])
    return Moved(csv_text(table), (str(found), *notes))


def _numbers(rows: NewRows, eps: Any, ball: float, time_limit: float | None, line: Any) -> Moved:
    network, known = rows.network, rows.target in rows.table.columns
    f = network(rows.X)
    y = tables.number_column(rows.table, rows.target, "target") if known else f
    # targets of 1 and -1 would be taken for classes
    found = robustness(network, rows.X, None, eps, ball, time_limit, progress=line)
    assert isinstance(found, Ranges)
    least, largest = found.least[:, 0], found.largest[:, 1]
    errors = np.maximum(largest - y, y - least)
    at_least = np.maximum(found.largest[:, 0] - y, y - found.least[:, 1])
    found = replace(found, error=np.column_stack([at_least, errors]), known=known)
    table = [["prediction", "at least", "at most", *(["error at most"] if known else [])]]
    for k, value in enumerate(f):
        cells = [value, least[k], largest[k], *([errors[k]] if known else [])]
        table.append([number_text(float(cell)) for cell in cells])
    return Moved(csv_text(table), (str(found),))
