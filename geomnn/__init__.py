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
    from geomnn import algebra, datasets, dictionaries, errors, exact, plotting, testing
    from geomnn.algebra import multivectors
    from geomnn.blocks import BlockTraining, train_blocks
    from geomnn.bounds.bounding import bound
    from geomnn.cross_validation import CrossValidation, cross_validate
    from geomnn.derivation import derive
    from geomnn.descent import Descent, descend
    from geomnn.estimators import WedgeClassifier, WedgeRegressor
    from geomnn.inputs.lipschitz import Lipschitz, lipschitz
    from geomnn.inputs.robustness import Ranges, Robustness, robustness
    from geomnn.merging import merge
    from geomnn.networks.network import AnalyticNetwork
    from geomnn.optimal_sets import OptimalSet, optimal_set
    from geomnn.paths import Path, grid, path, reg_max
    from geomnn.programs import losses
    from geomnn.programs.certificate import Certificate
    from geomnn.rewriting.rewrite import Rewriting, rewrite, split_layer
    from geomnn.rows import Rows
    from geomnn.solution import Solution

_HOMES = {
    "AnalyticNetwork": "geomnn.networks.network",
    "BlockTraining": "geomnn.blocks",
    "Certificate": "geomnn.programs.certificate",
    "CrossValidation": "geomnn.cross_validation",
    "Descent": "geomnn.descent",
    "Lipschitz": "geomnn.inputs.lipschitz",
    "OptimalSet": "geomnn.optimal_sets",
    "Path": "geomnn.paths",
    "Ranges": "geomnn.inputs.robustness",
    "Rewriting": "geomnn.rewriting.rewrite",
    "Robustness": "geomnn.inputs.robustness",
    "Rows": "geomnn.rows",
    "Solution": "geomnn.solution",
    "WedgeClassifier": "geomnn.estimators",
    "WedgeRegressor": "geomnn.estimators",
    "bound": "geomnn.bounds.bounding",
    "cross_validate": "geomnn.cross_validation",
    "derive": "geomnn.derivation",
    "descend": "geomnn.descent",
    "grid": "geomnn.paths",
    "lipschitz": "geomnn.inputs.lipschitz",
    "merge": "geomnn.merging",
    "optimal_set": "geomnn.optimal_sets",
    "path": "geomnn.paths",
    "reg_max": "geomnn.paths",
    "rewrite": "geomnn.rewriting.rewrite",
    "robustness": "geomnn.inputs.robustness",
    "split_layer": "geomnn.rewriting.rewrite",
    "train_blocks": "geomnn.blocks",
}
# and those of the top level
_MODULES = {"losses": "geomnn.programs.losses", "multivectors": "geomnn.algebra.multivectors"}

__all__ = [
    "AnalyticNetwork",
    "BlockTraining",
    "Certificate",
    "CrossValidation",
    "Descent",
    "Lipschitz",
    "OptimalSet",
    "Path",
    "Ranges",
    "Rewriting",
    "Robustness",
    "Rows",
    "Solution",
    "WedgeClassifier",
    "WedgeRegressor",
    "algebra",
    "bound",
    "cross_validate",
    "datasets",
    "derive",
    "descend",
    "dictionaries",
    "errors",
    "exact",
    "grid",
    "lipschitz",
    "losses",
    "merge",
    "multivectors",
    "optimal_set",
    "path",
    "plotting",
    "reg_max",
    "rewrite",
    "robustness",
    "split_layer",
    "testing",
    "train_blocks",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562), so that importing the package costs next to nothing."""
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module 'geomnn' has no attribute {name!r}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    return import_module(_MODULES.get(name, f"geomnn.{name}"))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    """That of pyproject.toml, of which an installation has a copy."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("geomnn")
    except PackageNotFoundError:  # run from its source, without being installed
        import tomllib
        from pathlib import Path

        project = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
