"""A study: what was asked of a table, what was read from it, and the network that was derived."""

from __future__ import annotations

import csv
import io
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from geomnn.bounds.proof_file import has_file, lowered, proof_document, shorter_proof
from geomnn.derivation import Solution, derive
from geomnn.errors import DataError, HeaderWarning, OptionError, UnsupportedProblem, warn
from geomnn.exact.certificate_file import certificate_record
from geomnn.networks.network import AnalyticNetwork
from geomnn.networks.scaling import Scaling
from geomnn.report import csv_table as tables

PACKED = r"(?i)(\.(csv|tsv|txt|dat))?(\.(gz|zip))?$"  # the ends of the names of tables
LONG_PROOF = 10_000  # masses, some 200 kB, from which on a shorter proof is looked for
SHORTER = 1 / 3  # of the gap, which it may cost

__all__ = ["Request", "Study", "study_table"]


@dataclass(frozen=True)
class Request:
    """What the command line asks for; the options are those of `geomnn.derive`.

    Parameters
    ----------
    path : str
        The table; "-" for standard input.
    target : str
        Its column to predict.
    reg : float, Decimal or Fraction
        As it was written.
    norm : {"1", "2", "inf"}
    features : str, optional
        Names of columns, separated by commas; all others but the target if not given.
    classify : bool
        Whether the target holds two classes.
    standardize : bool
        Whether features are brought to mean 0 and deviation 1 first.
    loss : {"squared", "logistic"}, optional
        Logistic for classes and squared otherwise, if not given.
    bias : bool
    dictionary : str
    tol : float
    exact : bool
        Whether to solve in rational numbers, those of the file as they are written.
    certify : str, optional
        How all neurons are bounded where they are searched.
    time_limit : float, optional
        Seconds.
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

    @property
    def loss_name(self) -> str:
        """The loss that was asked for, or the usual one."""
        return self.loss or ("logistic" if self.classify else "squared")

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
            *["--out", out],
        ]
        return shlex.join(words)


@dataclass(frozen=True)
class Study:
    """A derived network with the table that it came from.

    Parameters
    ----------
    request : Request
    features : tuple of str
        Names of the columns of X.
    X : ndarray, shape (n, d)
        The features as they are in the file.
    y : ndarray, shape (n,)
        The targets; −1 and +1 for classes.
    classes : tuple of two str, or None
        What −1 and +1 are called.
    scaling : Scaling or None
        None if the network takes the features as they are.
    lines : tuple of int
        The line of the file of every sample.
    digest : str
        SHA-256 of the file.
    solution : Solution
        The network, on the standardised features if there is a scaling.
    doubt : str or None
        What is strange about the header of the file, in a sentence.
    told : str or None
        How the table was read, in a sentence, if it is not plain CSV.
    plain : str or None
        Its columns that were used as plain CSV, if it is not that itself.
    proof : dict or None
        proof.json: what proves the bound of all neurons of the solution, where there is one that the checker takes.
    """

    request: Request
    features: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray
    classes: tuple[str, str] | None
    scaling: Scaling | None
    lines: tuple[int, ...]
    digest: str
    solution: Solution
    doubt: str | None = None
    told: str | None = None
    plain: str | None = None
    proof: dict[str, Any] | None = None

    @property
    def file(self) -> str:
        """The name of the plain CSV file: that of the table, or of its copy in the report."""
        name = Path(self.request.path).name
        if self.plain is None:
            return name
        return f"{re.sub(PACKED, '', name) if name != '-' else 'table'}.plain.csv"

    @property
    def inputs(self) -> np.ndarray:
        """What the network takes: the features, standardised if that was asked for, shape (n, d)."""
        return self.X if self.scaling is None else self.scaling(self.X)

    @property
    def network(self) -> AnalyticNetwork:
        """The network of the inputs in float64, for tables and pictures; that of the solution may be exact."""
        return self.solution.network.numeric()

    @property
    def complete(self) -> AnalyticNetwork:
        """The network of the columns as they are in the file: that of the solution, with its scaling, the names of
        these columns and the classes."""
        network = self.solution.network
        return replace(network, scaling=self.scaling, feature_names=self.features, classes=self.classes)

    @property
    def record(self) -> dict[str, Any]:
        """certificate.json: what a third party needs to check the claim, next to network.json and the data."""
        return certificate_record(
            self.solution, self.features, self.request.target, self.classes, self.X, self.scaling
        )

    @property
    def predictions(self) -> np.ndarray:
        """f(x_i), shape (n,)."""
        return self.network(self.inputs)


def study_table(request: Request, progress: bool = False) -> Study:
    """Read the table, derive the network.

    Parameters
    ----------
    request : Request
    progress : bool
        Whether to show a progress bar when it takes more than two seconds.

    Returns
    -------
    Study

    Raises
    ------
    DataError, OptionError, EnumerationTooLarge
        As `geomnn.report.csv_table` and `geomnn.derive` do.

    Warns
    -----
    HeaderWarning
        If the header of the table looks like data or metadata.
    """
    if request.loss_name == "logistic" and not request.classify:
        raise OptionError("--loss logistic is for classes; add --classify, or take --loss squared.")
    if request.exact and request.standardize:
        raise UnsupportedProblem(
            "--exact and --standardize exclude each other: standard deviations are square roots. Scale the columns by "
            "round numbers in the file, or leave one of the two out."
        )
    table = tables.read_table(request.path)
    if table.doubt:
        warn(table.doubt, HeaderWarning)
    features = tables.choose_features(table, request.target, _names(request.features))
    tables.check_features(table, features)
    X = np.column_stack([tables.number_column(table, name) for name in features])
    classes = None
    if request.classify:
        y, classes = tables.class_column(table, request.target)
    else:
        y = tables.number_column(table, request.target, "target")
    scaling = Scaling.of(X) if request.standardize else None
    inputs, targets = X if scaling is None else scaling(X), y
    if request.exact:
        inputs = np.column_stack([tables.exact_column(table, name) for name in features])
        targets = y if request.classify else tables.exact_column(table, request.target, "target")
    solution = derive(
        inputs, targets, reg=request.reg if request.exact else float(request.reg), norm=float(request.norm),
        bias=request.bias, loss=request.loss_name, dictionary=request.dictionary, exact=request.exact,
        certify=request.certify, tol=request.tol, time_limit=request.time_limit, progress=progress,
    )  # fmt: skip
    proof, certificate = None, solution.certificate
    if has_file(certificate):  # of which the certificate then says no more than its file shows
        certificate = shorter_proof(
            certificate, SHORTER if certificate.proven.proof.count > LONG_PROOF else 0.0
        )
        proof = proof_document(certificate, features, request.target, classes, X, scaling)
        solution = replace(solution, certificate=lowered(certificate, proof))
    told = table.told(features, request.target)
    plain = tables.plain_table(table, features, request.target, request.classify) if told else None
    return Study(
        request,
        features,
        X,
        y,
        classes,
        scaling,
        table.lines,
        table.digest,
        solution,
        table.doubt,
        told,
        plain,
        proof,
    )


def _names(features: str | None) -> list[str] | None:
    """Names separated by commas, quoted as in a CSV file where they hold commas themselves."""
    if features is None:
        return None
    try:
        rows = list(csv.reader(io.StringIO(features, newline=""), skipinitialspace=True))
    except csv.Error as reason:
        raise DataError(f"--features cannot be read ({reason}); give names separated by commas.") from reason
    if len(rows) > 1:
        raise DataError("--features holds a line break; give names separated by commas.")
    return [name.strip() for name in rows[0]] if rows else []
