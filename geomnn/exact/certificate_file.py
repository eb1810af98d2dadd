"""certificate.json of an exact solution: the problem, the network, v and the claim, each number as it is."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geomnn.checker.digits import any_size, parse_json
from geomnn.checker.statements import DEEP, FORMAT, VERSION, check, digest, seal
from geomnn.errors import DataError, FileError, FormatError, OptionError, UnsupportedProblem
from geomnn.files import write_whole
from geomnn.networks.io.document import exact_text
from geomnn.numbers.rationals import exact_table, exact_targets
from geomnn.samples import plain_array, real_table

__all__ = ["certificate_document", "certificate_text", "save_certificate", "verify"]


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
    posed, certificate = solution.exact, solution.certificate
    if posed is None:
        raise OptionError("The solution is not exact; derive it with exact=True for a certificate to check.")
    if posed.program in ("chains", "columns"):
        raise UnsupportedProblem(
            f"Certificates over {posed.program} cannot be checked by geomnn.checker, so none is written: read "
            "solution.certificate, or derive with dictionary='all' on few samples."
        )
    network, rows, depth = solution.network, posed.rows, certificate.coverage.depth
    if solution.lifted is not None:
        network, rows = solution.lifted.network, solution.lifted.samples.rows
    problem = {
        "loss": "squared",
        "norm": f"{posed.norm:g}",
        "bias": posed.bias,
        "reg": exact_text(posed.reg),
        "program": posed.program,
        "features": None if features is None else list(features),
        "target": target,
        "classes": None if classes is None else list(classes),
        "samples": len(posed.rows),
        **({"depth": depth} if depth > 2 else {}),
    }
    with any_size():
        data = digest(problem, rows, posed.targets)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": DEEP if depth > 2 else VERSION,
        "problem": problem | {"sha256": data},
        "network": {
            "intercept": exact_text(network.intercept),
            "neurons": [
                {
                    "name": str(neuron.atom),
                    "samples": list(neuron.atom.samples),
                    "directions": [[e.first, e.second, e.sign] for e in neuron.atom.directions],
                    "orientation": neuron.atom.orientation,
                    "coefficient": exact_text(neuron.coefficient),
                }
                for neuron in network.neurons
            ],
        },
        "dual": [exact_text(v) for v in solution.dual],
        "claim": {
            "primal": exact_text(certificate.primal),
            "dual": exact_text(certificate.dual),
            "gap": exact_text(certificate.gap),
            "violation": exact_text(certificate.largest_correlation),
            "scope": certificate.coverage.scope,
            "exact": certificate.exact,
            "atoms": certificate.count,
            "statement": certificate.statement(),
        },
    }
    return document | {"seal": seal(document)}


def certificate_text(document: dict[str, Any]) -> str:
    """A document of `certificate_document` as JSON."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


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
    write_whole(path, certificate_text(certificate_document(solution)))


def verify(certificate: str | os.PathLike[str] | dict[str, Any], X: Any, y: Any) -> list[str]:
    """Check every statement of a certificate against the data, in integers and without the solver.

    Parameters
    ----------
    certificate : path-like or dict
        What `save_certificate` wrote, or a document like it.
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
    >>> print(gm.exact.verify(gm.exact.certificate_document(solution), X, y)[-1])
    No two-layer ReLU network of any width has a lower value of (T) than this one, 0.1975: checked 6 atoms exactly.

    Source: geomnn theory, section 8.
    """
    real_table(X, "X")
    rows, targets = exact_table(X), exact_targets(plain_array(y, "y"))
    if len(rows) != len(targets):
        raise DataError(f"X has {len(rows)} rows and y {len(targets)} entries; give one target a sample.")
    with any_size():
        document = certificate if isinstance(certificate, dict) else _read(Path(certificate))
        return check(document, rows, targets)


def _read(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as reason:
        raise FileError(f"{path} cannot be read ({reason.strerror}); give a certificate file.") from reason
    except ValueError as reason:
        raise FormatError(
            f"{path} is not a JSON document that can be read ({reason}); give a certificate file."
        ) from reason
