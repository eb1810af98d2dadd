"""The public face: what is exported, and what importing does."""

import subprocess
import sys

import pytest

import geomnn as gm


def test_every_public_name_is_there():
    for name in gm.__all__:
        assert getattr(gm, name) is not None
    assert set(gm.__all__) <= set(dir(gm))
    assert sorted(gm.__all__) == gm.__all__


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="nothing"):
        getattr(gm, "nothing")  # noqa: B009


def test_importing_changes_nothing_and_loads_nothing():
    script = (
        "import sys, warnings, builtins; before = (warnings.filters[:], dict(vars(builtins)), sys.displayhook)\n"
        "import geomnn\n"
        "assert (warnings.filters[:], dict(vars(builtins)), sys.displayhook) == before\n"
        "assert not {'numpy', 'sympy', 'clifford', 'matplotlib', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_deriving_draws_no_global_random_numbers():
    import numpy as np

    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    gm.derive([[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0])
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_arrows_of_the_data_point_one_way():
    """A module imports only from its left: samples → dictionaries → … → exact → optima → derivation."""
    import ast
    from pathlib import Path

    order = [
        "checker", "errors", "files", "deadline", "machine", "numbers", "algebra", "samples", "atoms",
        "dictionaries", "programs", "depth", "networks", "rewriting", "exact", "optima", "derivation", "blocks",
        "absolute", "paths", "cross_validation", "estimators", "datasets", "testing", "plotting", "report", "cli",
    ]  # fmt: skip
    root = Path(gm.__file__).parent
    for path in root.rglob("*.py"):
        home = path.relative_to(root).parts[0].removesuffix(".py")
        if home in ("__init__", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("geomnn"):
                parts = node.module.split(".")
                targets = parts[1:2] or [alias.name for alias in node.names]
                for target in targets:
                    assert order.index(target) <= order.index(home), f"{path} imports geomnn.{target}"
