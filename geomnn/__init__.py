"""Neural networks you can write down.

>>> import geomnn as gm
>>> print(gm.derive([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0], reg=0.1).network)
f(x) = 0
  +1.1 · ((x − x1)·u)₊,  u ∝ +⋆1 at x1
  +0.7 · ((x − x2)·u)₊,  u ∝ +⋆1 at x2
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geomnn import algebra, datasets, dictionaries, errors, exact, multivectors, plotting, testing
    from geomnn.blocks import BlockTraining, train_blocks
    from geomnn.derivation import Solution, derive, reg_max
    from geomnn.estimators import WedgeClassifier, WedgeRegressor
    from geomnn.networks.network import AnalyticNetwork
    from geomnn.networks.rewrite import Rewriting, rewrite, split_layer
    from geomnn.paths import CrossValidation, Path, cross_validate, grid, path
    from geomnn.programs.certificate import Certificate

_HOMES = {
    "AnalyticNetwork": "geomnn.networks.network",
    "BlockTraining": "geomnn.blocks",
    "Certificate": "geomnn.programs.certificate",
    "CrossValidation": "geomnn.paths",
    "Path": "geomnn.paths",
    "Rewriting": "geomnn.networks.rewrite",
    "Solution": "geomnn.derivation",
    "WedgeClassifier": "geomnn.estimators",
    "WedgeRegressor": "geomnn.estimators",
    "cross_validate": "geomnn.paths",
    "derive": "geomnn.derivation",
    "grid": "geomnn.paths",
    "path": "geomnn.paths",
    "reg_max": "geomnn.derivation",
    "rewrite": "geomnn.networks.rewrite",
    "split_layer": "geomnn.networks.rewrite",
    "train_blocks": "geomnn.blocks",
}
_MODULES = ("algebra", "datasets", "dictionaries", "errors", "exact", "multivectors", "plotting", "testing")

__all__ = [
    "AnalyticNetwork",
    "BlockTraining",
    "Certificate",
    "CrossValidation",
    "Path",
    "Rewriting",
    "Solution",
    "WedgeClassifier",
    "WedgeRegressor",
    "algebra",
    "cross_validate",
    "datasets",
    "derive",
    "dictionaries",
    "errors",
    "exact",
    "grid",
    "multivectors",
    "path",
    "plotting",
    "reg_max",
    "rewrite",
    "split_layer",
    "testing",
    "train_blocks",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562), so that importing the package costs next to nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"geomnn.{name}")
    raise AttributeError(f"module 'geomnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
