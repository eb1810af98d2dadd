"""What the command line asks for, and how to ask for it again."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geomnn.errors import DataError, OptionError

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """What the command line asks for; the options are those of `geomnn.derive`.

    Parameters
    ----------
    path : str
        The table; "-" for standard input.
    target : str
        Its column to predict.
    reg : float, Decimal, Fraction, "auto" or None
        As it was written; "auto" is a choice by cross-validation, None is refused with a suggestion.
    norm : {"1", "2", "inf"}
    features : str, optional
        Names of columns, separated by commas; all others but the target if not given.
    classify : bool
        Whether the target holds classes.
    standardize : bool
        Whether features are brought to mean 0 and deviation 1 first.
    loss : {"squared", "logistic"}, optional
        Logistic for two classes, softmax for more and squared otherwise, if not given.
    bias : bool
    dictionary : str
    tol : float
    exact : bool
        Whether to solve in rational numbers, those of the file as they are written.
    certify : str, optional
        How all neurons are bounded where they are searched.
    time_limit : float, optional
        Seconds.
    holdout : float, optional
        The share of the rows that are left out, to see how well they are predicted.
    header : bool
        Whether the first line of the table names its columns.
    seed : int
        Of these rows, of the parts of a cross-validation, and of searches.
    """

    path: str
    target: str
    reg: Any
    norm: str = "1"
    features: str | None = None
    classify: bool = False
    standardize: bool = False
    loss: str | None = None
    bias: bool = True
    dictionary: str = "auto"
    tol: float = 1e-9
    exact: bool = False
    certify: str | None = None
    time_limit: float | None = None
    holdout: float | None = None
    header: bool = True
    seed: int = 0

    def loss_for(self, classes: tuple[str, ...] | None) -> str:
        """The loss that was asked for, or the usual one."""
        if classes is None or len(classes) == 2:
            return self.loss or ("squared" if classes is None else "logistic")
        if self.loss is not None:
            raise OptionError(
                f"--loss {self.loss} is for two classes and {self.target!r} has {len(classes)}; leave --loss out, "
                "which is softmax then."
            )
        return "softmax"

    def command(self, path: str | None = None, out: str = "again") -> str:
        """The command line that does the same, writing to another folder.

        Parameters
        ----------
        path : str, optional
            The table; its name without folders if not given, so that a report can be passed on.
        out : str
        """
        name = path or Path(self.path).name
        words = [
            *["geomnn", "derive", f"./{name}" if name[:1] == "-" != name else name],
            *["--target", self.target, "--reg", str(self.reg)],
            *["--norm", self.norm] * (self.norm != "1"),
            *["--no-header"] * (not self.header),
            *["--features", self.features or ""] * (self.features is not None),
            *["--classify"] * self.classify,
            *["--standardize"] * self.standardize,
            *["--loss", self.loss or ""] * (self.loss is not None),
            *["--no-bias"] * (not self.bias),
            *["--dictionary", self.dictionary] * (self.dictionary != "auto"),
            *["--tol", repr(self.tol)] * (self.tol != 1e-9),
            *["--exact"] * self.exact,
            *["--certify", self.certify or ""] * (self.certify is not None),
            *["--time-limit", repr(self.time_limit)] * (self.time_limit is not None),
            *["--holdout", repr(self.holdout)] * (self.holdout is not None),
            *["--seed", str(self.seed)] * (self.seed != 0),
            *["--out", out],
        ]
        return shlex.join(words)

    @property
    def names(self) -> list[str] | None:
        """The features by name; those were separated by commas, and quoted as in a CSV file where they hold commas."""
        if self.features is None:
            return None
        try:
            rows = list(csv.reader(io.StringIO(self.features, newline=""), skipinitialspace=True))
        except csv.Error as reason:
            raise DataError(
                f"--features cannot be read ({reason}); give names separated by commas."
            ) from reason
        if len(rows) > 1:
            raise DataError("--features holds a line break; give names separated by commas.")
        return [name.strip() for name in rows[0]] if rows else []
