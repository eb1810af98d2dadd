"""certificate.json of a solution: the problem, the network, v and the claim, each number as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomnn.checker.digits import any_size
from geomnn.checker.report import CHECKS
from geomnn.checker.statements import FORMAT, VERSION, check, digest, seal
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.files import json_text, read_json, write_whole
from geomnn.networks.io.document import NUMBERS, named, plain_numbers
from geomnn.numbers.rationals import exact_table, exact_targets
from geomnn.validation import plain_array, real_table

__all__ = ["certificate_document", "certificate_record", "save_certificate", "verify"]


def certificate_document(
    solution: Any,
    features: Sequence[str] | None = None,
    target: str | None = None,
    classes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """What `geomnn.checker` checks, as plain lists, strings and integers.

    Parameters
    ----------
    solution : Solution
        Of ``derive(…, exact=True)``.
    features, target, classes : sequences of str and str, optional
        The columns of the file that X and y came from, and what −1 and +1 stand for.

    Raises
    ------
    OptionError
        If the solution is not exact.
    UnsupportedProblem
        If it is one over chains or columns, which `geomnn.checker` does not form.
    """
    if solution.exact is None:
        raise OptionError("The solution is not exact; derive it with exact=True for a certificate to check.")
    return certificate_record(solution, features, target, classes)


@any_size()
def certificate_record(
    solution: Any,
    features: Sequence[str] | None = None,
    target: str | None = None,
    classes: Sequence[str] | None = None,
    table: Any = None,
    scaling: Any = None,
) -> dict[str, Any]:
    """The problem, the network, v and the claim of any solution, in docs/schemas/certificate.schema.json.

    Parameters
    ----------
    solution : Solution
    features, target, classes : sequences of str and str, optional
        As in `certificate_document`.
    table : array_like, shape (n, d), optional
        The samples as they are in the file, where the solution is one of standardised features.
    scaling : Scaling, optional
        What was done to them.

    Raises
    ------
    UnsupportedProblem
        If the solution is exact and one over chains or columns, which `geomnn.checker` does not form.
    """
    posed, certificate, covered = solution.exact, solution.certificate, solution.certificate.coverage
    samples, network, given = solution.problem.samples, solution.network, solution.problem
    if solution.lifted is not None:
        samples, network = solution.lifted.samples, solution.lifted.network
    if solution.moves is not None:
        raise UnsupportedProblem("Certificates of robust training are in no file: read solution.certificate.")
    if posed is not None and posed.program in ("chains", "columns"):
        raise UnsupportedProblem(
            f"Certificates over {posed.program} cannot be checked by geomnn.checker, so none is written: read "
            "solution.certificate, or derive with dictionary='all' on few samples."
        )
    if posed is None:
        rows = (
            np.column_stack([samples.X if table is None else table, given.targets]) + 0.0
        ).tolist()  # no −0
        targets = [row.pop() for row in rows]
    else:
        rows, targets = samples.rows, posed.targets
    depth = solution.network.depth if covered.depth == "any" else covered.depth
    parts = {"depth": depth if depth > 2 else None, "scaling": scaling and scaling.plain()}
    problem = {
        "loss": given.loss.name,
        "norm": f"{given.norm:g}",
        "bias": samples.bias,
        "reg": plain_numbers(given.reg if posed is None else posed.reg),
        "program": covered.program,
        "features": None if features is None else list(features),
        "target": target,
        "classes": None if classes is None else list(classes),
        "samples": len(rows),
    } | {key: part for key, part in parts.items() if part is not None}
    # where the bound is one of all unit neurons, v is the one that it holds for
    proven = (
        certificate.proven if certificate.proven and certificate.proven.bound.name == covered.method else None
    )
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "numbers": NUMBERS[certificate.exact],
        "problem": problem | {"sha256": digest(problem, rows, targets)},
        "network": {
            "intercept": plain_numbers(network.intercept),
            "neurons": [
                named(neuron.atom) | {"coefficient": plain_numbers(neuron.coefficient)}
                for neuron in network.neurons
            ],
        },
        "dual": plain_numbers(proven.dual if proven else solution.dual),
        "claim": _claim(certificate, certificate.largest_correlation if proven is None else proven.largest),
    }
    return document | {"seal": seal(document)}


def _claim(certificate: Any, largest: Any) -> dict[str, Any]:
    """The bounds and what they cover; of floats also how they came about."""
    claim = {
        "primal": plain_numbers(certificate.primal),
        "dual": plain_numbers(certificate.dual),
        "gap": plain_numbers(certificate.gap),
        "largest_correlation": plain_numbers(largest),
        "scope": certificate.coverage.scope,
        "count": certificate.count,
        "statement": certificate.statement(),
    }
    if certificate.exact:
        return claim
    return claim | {
        "relative_gap": certificate.relative_gap,
        "counted": certificate.coverage.counted,
        "stopped": certificate.stopped,
        "name_error": certificate.name_error,
    }


def save_certificate(solution: Any, path: str | os.PathLike[str]) -> None:
    """Write the certificate of an exact solution, so that anyone can check it with `verify`.

    Parameters
    ----------
    solution : Solution
        Of ``derive(…, exact=True)``.
    path : path-like

    Raises
    ------
    OptionError
        If the solution is not exact.
    UnsupportedProblem
        If it is one over chains or columns, which `geomnn.checker` does not form.
    FileError
        If the file cannot be written.
    """
    write_whole(path, json_text(certificate_document(solution)))


@any_size()
def verify(certificate: str | os.PathLike[str] | dict[str, Any], X: Any, y: Any) -> list[str]:
    """Check every statement of a certificate against the data, in integers and without the solver.

    Parameters
    ----------
    certificate : path-like or dict
        What `save_certificate`, `geomnn.bounds.save_proof`, `OptimalSet.save` or `Descent.save` wrote, or a document
        like it.
    X, y : array_like, shapes (n, d) and (n,)
        The data, taken exactly as `geomnn.derive` does.

    Returns
    -------
    list of str
        What was proved, in words.

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    FileError, FormatError
        If the file cannot be read or is no JSON document.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0], [1], [3]], [0, 1, 5]
    >>> solution = gm.derive(X, y, reg=0.1, exact=True)
    >>> proved = gm.exact.verify(gm.exact.certificate_document(solution), X, y)
    >>> print(proved[-1])  # doctest: +NORMALIZE_WHITESPACE
    No two-layer ReLU network of any width has a lower training objective than this one, 0.1975: checked 6 atoms
    exactly.

    Source: geomnn theory, section 8.
    """
    real_table(X, "X")
    array = plain_array(y, "y")
    rows, targets = (
        exact_table(X),
        exact_targets(array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array),
    )
    if len(rows) != len(targets):
        raise DataError(f"X has {len(rows)} rows and y {len(targets)} entries; give one target a sample.")
    document = certificate if isinstance(certificate, dict) else read_json(certificate, "a certificate file")
    kind = document.get("format") if isinstance(document, dict) else None
    return CHECKS.get(str(kind), check)(document, rows, targets)
