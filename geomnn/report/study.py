"""A study: what was asked of a table, what was read from it, and the network that was derived."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from geomnn.bounds.proof_file import has_file, lowered, proof_document, shorter_proof
from geomnn.checker.unpack import name_of
from geomnn.deadline import Deadline, Line, limited
from geomnn.derivation import derive
from geomnn.errors import (
    ConstantNetworkWarning,
    EnumerationTooLarge,
    HeaderWarning,
    OptionError,
    UnsupportedProblem,
    warn,
)
from geomnn.exact.certificate_file import certificate_record
from geomnn.networks.network import AnalyticNetwork
from geomnn.networks.scaling import Scaling
from geomnn.optima.set_file import set_document
from geomnn.optimal_sets import optimal_set
from geomnn.programs.effort import Effort
from geomnn.report import csv_table as tables
from geomnn.report.choice import RegChoice, chosen_reg, refuse_missing_reg
from geomnn.report.fits import Fit, hold_out
from geomnn.report.request import Request
from geomnn.report.spread import Spread, spread_of
from geomnn.solution import Solution
from geomnn.validation import NamedTable

PACKED = r"(?i)(\.(csv|tsv|txt|dat))?(\.(gz|zip))?$"  # the ends of the names of tables
LONG_PROOF = 10_000  # masses, some 200 kB, from which on a shorter proof is looked for
SHORTER = 1 / 3  # of the gap, which it may cost
MOST_ACTIVE = 12  # atoms of an optimal set that is written
MOST_CHOICES = 300  # of these, that are looked at for all vertices
INSIDE = 0.5  # of the time limit, that reading, search and bound have in any case
LEAST_SECONDS = 0.1  # for the derivation, where all others are gone
TRAINING_FILE, HELD_OUT_FILE = "training.csv", "holdout.csv"  # of a report with rows that were left out

__all__ = ["HELD_OUT_FILE", "TRAINING_FILE", "HeldOut", "Study", "study_table"]


@dataclass(frozen=True)
class HeldOut:
    """The rows that were left out.

    Parameters
    ----------
    table : Table
    X : ndarray, shape (n, d)
        The features as they are in the file.
    y : ndarray, shape (n,)
        The targets; of classes their numbers.
    """

    table: tables.Table
    X: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Study:
    """A derived network with the table that it came from.

    Parameters
    ----------
    request : Request
    table : Table
        The columns that were used, of the rows that the network was derived from, as plain CSV has them.
    features : tuple of str
        Names of the columns of X.
    X : ndarray, shape (n, d)
        The features as they are in the file.
    y : ndarray, shape (n,) or (n, c)
        The targets; −1 and +1 for two classes, one-hot rows for c of them.
    classes : tuple of str, or None
        What −1 and +1, or the columns, are called.
    scaling : Scaling or None
        None if the network takes the features as they are.
    solution : Solution
        The network, on the standardised features if there is a scaling.
    choice : RegChoice or None
        Why reg is what it is, where it was not given.
    held : HeldOut or None
    proof : dict or None
        proof.json: what proves the bound of all neurons of the solution, where there is one that the checker takes.
    optima : dict or None
        optimal_set.json: what is known of all optimal networks, where it is rational and takes less than a second.
    doubt : str or None
        What is strange about the header of the file, in a sentence.
    told : str or None
        How the file was read, in a sentence, if it is not plain CSV.
    """

    request: Request
    table: tables.Table
    features: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] | None
    scaling: Scaling | None
    solution: Solution
    choice: RegChoice | None = None
    held: HeldOut | None = None
    proof: dict[str, Any] | None = None
    optima: dict[str, Any] | None = None
    doubt: str | None = None
    told: str | None = None

    @property
    def lines(self) -> tuple[int, ...]:
        """The line of the file of every sample."""
        return self.table.lines

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return self.table.digest

    @property
    def reg(self) -> Any:
        """As it was written, or chosen."""
        return self.request.reg if self.choice is None else self.choice.reg

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self.solution.problem.loss.name

    @property
    def labels(self) -> np.ndarray:
        """The numbers of the classes of the samples, shape (n,)."""
        return class_numbers(self.y)

    @property
    def data_file(self) -> str:
        """The name of the plain CSV file that has the samples and no other rows: that of the table, or of a copy."""
        if self.held is not None:
            return TRAINING_FILE
        name = Path(self.request.path).name
        if self.told is None:
            return name
        return f"{re.sub(PACKED, '', name) if name != '-' else 'table'}.plain.csv"

    @property
    def copies(self) -> dict[str, str]:
        """The tables in the report, by name: where that was no plain CSV, or rows of it were left out."""
        held = {} if self.held is None else {HELD_OUT_FILE: self.held.table.text()}
        return {self.data_file: self.table.text(), **held} if held or self.told else {}

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
        """The network of the columns as they are in the file: that of the solution with scaling and classes."""
        return replace(self.solution.network, scaling=self.scaling, classes=self.classes)

    @property
    def record(self) -> dict[str, Any]:
        """certificate.json: what a third party needs to check the claim, next to network.json and the data."""
        return certificate_record(
            self.solution, self.features, self.request.target, self.classes, self.X, self.scaling
        )

    @cached_property
    def spread(self) -> Spread | None:
        """What other optimal networks predict, where there are some and they are few enough to be looked at."""
        return spread_of(self.solution)

    @property
    def predictions(self) -> np.ndarray:
        """f(x_i), shape (n,) or (n, c)."""
        return self.network(self.inputs)

    @cached_property
    def exact_predictions(self) -> np.ndarray | None:
        """f(x_i) in exact numbers, shape (n,), where the network is of these."""
        if not self.solution.certificate.exact:
            return None
        rows = np.array(self.solution.problem.samples.rows, dtype=object)
        return self.solution.network(rows.reshape(self.X.shape))

    @cached_property
    def fit(self) -> Fit:
        """How well the network fits its samples."""
        if self.classes is None:
            return Fit.of_numbers(self.predictions, self.y)
        return Fit.of_classes(self.predictions, self.labels)

    @cached_property
    def held_fit(self) -> Fit | None:
        """How well it predicts the rows that were left out."""
        if self.held is None:
            return None
        f = self.network(self.held.X if self.scaling is None else self.scaling(self.held.X))
        return (Fit.of_numbers if self.classes is None else Fit.of_classes)(f, self.held.y)

    @property
    def out_of_time(self) -> str:
        """What the time limit has cut short, in a sentence; empty if nothing."""
        certificate, limit = self.solution.certificate, self.request.time_limit
        if limit is None or not (certificate.stopped or (self.request.exact and not certificate.exact)):
            return ""
        lost = " The numbers are floats, as no fractions were found by then." * self.request.exact
        return (
            f"The time limit of {limit:g} s was reached before the end: this is what was found by then.{lost}"
        )


def class_numbers(targets: np.ndarray) -> np.ndarray:
    """0, 1, … of targets −1 and +1, or one-hot rows, shape (n,)."""
    return np.argmax(targets, axis=1) if targets.ndim == 2 else (targets > 0).astype(int)


def study_table(request: Request, progress: bool | Line | None = False, around: float = 0.0) -> Study:
    """Read the table, derive the network.

    Parameters
    ----------
    request : Request
    progress : bool or Line, optional
        Whether to show what goes on when it takes more than two seconds, or where.
    around : float
        Seconds of the time limit that are not for this: what came before it, and comes after. At most half of it is.

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
    if request.loss == "logistic" and not request.classify:
        raise OptionError("--loss logistic is for classes; add --classify, or take --loss squared.")
    if request.exact and request.standardize:
        raise UnsupportedProblem(
            "--exact and --standardize exclude each other: standard deviations are square roots. Scale the columns by "
            "round numbers in the file, or leave one of the two out."
        )
    Effort(request.tol, request.seed, time_limit=request.time_limit)  # which refuses what is none
    limit = request.time_limit or inf
    with limited(max(limit - around, INSIDE * limit), progress) as deadline:
        deadline.say(f"reading {name_of(Path(Path(request.path).name))}")
        return _derived(request, deadline)


def _derived(request: Request, deadline: Deadline) -> Study:
    """The study of a table, by the deadline."""
    read = tables.read_table(request.path, request.header)
    if read.doubt:
        warn(read.doubt, HeaderWarning)
    features = tables.choose_features(read, request.target, request.names)
    tables.check_features(read, features)
    table = tables.plain_table(read, features, request.target, request.classify)
    X = np.column_stack([tables.number_column(table, name) for name in features])
    classes, held = None, None
    if request.classify:
        y, classes = tables.class_column(table, request.target)
    else:
        y = tables.number_column(table, request.target, "target")
    if request.holdout is not None:
        numbers = class_numbers(y) if classes else np.zeros(len(y))
        rows, out = hold_out(numbers, request.holdout, request.seed)
        held = HeldOut(_rows(table, out), X[out], (class_numbers(y) if classes else y)[out])
        table, X, y = _rows(table, rows), X[rows], y[rows]
    scaling = Scaling.of(X) if request.standardize else None
    inputs = X if scaling is None else scaling(X)
    asked: dict[str, Any] = {"norm": float(request.norm), "bias": request.bias, "loss": request.loss_for(classes),
             "dictionary": request.dictionary}  # fmt: skip
    reg, choice = request.reg, None
    if reg is None:
        refuse_missing_reg(inputs, y, **asked)
    if reg == "auto":
        choice = chosen_reg(inputs, y, request.seed, deadline, **asked)
        reg = choice.reg
    targets = y
    if request.exact:
        inputs = np.column_stack([tables.exact_column(table, name) for name in features])
        targets = y if request.classify else tables.exact_column(table, request.target, "target")
    left = None if request.time_limit is None else max(deadline.left(), LEAST_SECONDS)
    with catch_warnings():
        if choice is not None and choice.is_largest:
            simplefilter("ignore", ConstantNetworkWarning)  # as the choice says so itself
        solution = derive(
            NamedTable(inputs, features), targets, reg=reg if request.exact else float(reg), exact=request.exact,
            certify=request.certify, tol=request.tol, time_limit=left, seed=request.seed,
            progress=deadline.clock.line, **asked,
        )  # fmt: skip
    optima = _optima(solution, features, request.target, classes) if request.exact else None
    study = Study(request, table, features, X, y, classes, scaling, solution, choice, held, optima=optima,
                  doubt=read.doubt, told=read.told(features, request.target))  # fmt: skip
    return _proved(study, deadline) if has_file(solution.certificate) else study


def _optima(solution: Solution, *names: Any) -> dict[str, Any] | None:
    """What is known of all optimal networks, if it is rational and of few atoms."""
    with suppress(UnsupportedProblem, EnumerationTooLarge):
        optima = optimal_set(solution)
        if optima.exact and len(optima.atoms) <= MOST_ACTIVE:
            return set_document(optima, *names, limit=MOST_CHOICES)
    return None


def _proved(study: Study, deadline: Deadline) -> Study:
    """The study with the file of its proof, of which the certificate then says no more than that shows."""
    certificate = study.solution.certificate
    deadline.say("writing the proof in integers")
    long = certificate.proven.proof.count > LONG_PROOF and not deadline.over()
    certificate = shorter_proof(certificate, SHORTER if long else 0.0, deadline)
    proof = proof_document(
        certificate, study.features, study.request.target, study.classes, study.X, study.scaling
    )
    return replace(
        study, solution=replace(study.solution, certificate=lowered(certificate, proof)), proof=proof
    )


def _rows(table: tables.Table, rows: np.ndarray) -> tables.Table:
    """Some rows of a table."""
    return replace(table, rows=tuple(table.rows[k] for k in rows), lines=tuple(table.lines[k] for k in rows))
