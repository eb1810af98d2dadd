"""certificate.json: the problem, the claim and the dual vector that proves it."""

from __future__ import annotations

import json
from typing import Any

from geomnn.exact.certificate_file import certificate_document
from geomnn.report.study import Study

__all__ = ["record", "record_text"]

FORMAT, VERSION = "geomnn certificate", 1


def record(study: Study) -> dict[str, Any]:
    """Everything that a third party needs to check the claim, next to network.json and the data.

    That of an exact solution is the one that `geomnn.checker` checks.

    Returns
    -------
    dict
        ``problem`` (what was minimised over which columns), ``claim`` (the bounds and what they
        cover) and ``dual`` (v, one number a sample).
    """
    request, certificate, scaling = study.request, study.solution.certificate, study.scaling
    if certificate.exact:
        return certificate_document(study.solution, study.features, request.target, study.classes)
    return {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "reg": float(request.reg),
            "norm": request.norm,
            "bias": request.bias,
            "loss": request.loss_name,
            "features": list(study.features),
            "target": request.target,
            "classes": None if study.classes is None else list(study.classes),
            "standardisation": None
            if scaling is None
            else {"mean": scaling.mean.tolist(), "deviation": scaling.deviation.tolist()},
            "samples": len(study.X),
            "sha256": study.digest,
        },
        "claim": {
            "primal": certificate.primal,
            "dual": certificate.dual,
            "gap": certificate.gap,
            "relative_gap": certificate.relative_gap,
            "violation": certificate.largest_correlation,
            "scope": certificate.coverage.scope,
            "program": certificate.coverage.program,
            "exact": certificate.exact,
            "atoms": certificate.count,
            "counted": certificate.coverage.counted,
            "stopped": certificate.stopped,
            "name_error": certificate.name_error,
            "statement": certificate.statement(),
        },
        "dual": study.solution.dual.tolist(),
    }


def record_text(study: Study) -> str:
    """`record` as JSON; numbers survive to the last bit."""
    return json.dumps(record(study), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
