"""Exact networks: rational optima, certificates that anyone can check, weights as functions of reg."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geomnn.checker.statements import Falsehood
    from geomnn.exact.certificate_file import certificate_document, save_certificate, verify
    from geomnn.exact.sensitivity import WeightsOfReg, weights_as_function_of_reg

_HOMES = {
    "Falsehood": "geomnn.checker.statements",
    "WeightsOfReg": "geomnn.exact.sensitivity",
    "certificate_document": "geomnn.exact.certificate_file",
    "save_certificate": "geomnn.exact.certificate_file",
    "verify": "geomnn.exact.certificate_file",
    "weights_as_function_of_reg": "geomnn.exact.sensitivity",
}

__all__ = [
    "Falsehood",
    "WeightsOfReg",
    "certificate_document",
    "save_certificate",
    "verify",
    "weights_as_function_of_reg",
]


def __getattr__(name: str) -> Any:
    """Load a name on first use, so that a package to its left may import a module of it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'geomnn.exact' has no attribute {name!r}")
