"""The public face: what is exported, and what importing does."""

import ast
import graphlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import geomnn as gm
from geomnn.networks.scaling import Scaling


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


def test_the_version_is_that_of_the_project_file(tmp_path):
    tree = Path(__file__).parents[1]
    version = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert gm.__version__ == version
    assert f"\nversion: {version}\n" in (tree / "CITATION.cff").read_text(encoding="utf-8")
    # a source tree that is not installed, in a Python that sees no installed packages
    (tmp_path / "geomnn").mkdir()
    shutil.copy(tree / "geomnn" / "__init__.py", tmp_path / "geomnn")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    script = "import geomnn; print(geomnn.__version__)"
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(tmp_path)}}
    asked = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, **options
    )
    assert asked.stdout.strip() == "9.8.7"


def test_deriving_draws_no_global_random_numbers():
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    gm.derive([[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0])
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_arrows_of_the_data_point_one_way():
    """A module imports only from its left, that is from above it in the table of rooms that contributors read."""
    page = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    order = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    root = Path(gm.__file__).parent
    rooms = {path.stem for path in root.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert sorted(order) == sorted(rooms - {"__init__", "__main__"})
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


def test_no_modules_import_each_other_in_a_circle():
    """All imports count, those inside functions too, but for those that are there for the type checker alone."""
    root = Path(gm.__file__).parent
    names = {
        path: ".".join(path.relative_to(root.parent).with_suffix("").parts) for path in root.rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): path for path, name in names.items()}
    arrows = {name: set(imported(path, modules)) - {name} for name, path in modules.items()}
    assert sum(map(len, arrows.values())) > 400
    try:
        tuple(graphlib.TopologicalSorter(arrows).static_order())
    except graphlib.CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def imported(path, modules):
    """The modules of the package that a file imports when it is run."""
    waiting = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in found if node.module in modules)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


HEAVY = {"numba", "flint", "sympy", "scipy", "clifford", "joblib", "sklearn", "matplotlib"}


@pytest.mark.parametrize(
    "options",
    [{"norm": 1}, {"norm": 2}, {"norm": np.inf}, {"depth": 3}, {"depth": 4, "dictionary": "chains"}],
)
def test_a_network_in_floats_is_loaded_called_and_printed_without_what_derives_it(options, tmp_path):
    X = np.array([[0.0, 0.0], [1.0, 0.5], [0.0, 1.0], [2.0, 1.0]])[:, : 1 if "depth" in options else 2]
    net = gm.derive(X, [0, 1, 1, 0], reg=0.01, **options).network.scaled(Scaling.of(X))
    net.save(tmp_path / "n.json")
    table = [[0.5] * net.features]
    script = (
        "import sys, geomnn as gm\n"
        f"net = gm.AnalyticNetwork.load({str(tmp_path / 'n.json')!r})\n"
        f"assert net({table}).tolist() == {net(table).tolist()} and str(net) == {str(net)!r}\n"
        f"assert not {HEAVY} & set(sys.modules), {HEAVY} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
