"""What a notebook shows: in a real kernel, the formula with wedges, the certificate, and both forms of numbers."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow  # a kernel takes a while to start

CELLS = {
    "exact": "import geomnn as gm\nX, y = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 1]\n"
             "solution = gm.derive(X, y, reg=0.1, exact=True)\nsolution",
    "network": "solution.network",
    "in full": "solution.show('exact')",
    "decimals": "solution.show('numeric')",
    "certificate": "solution.certificate",
    "float64": "gm.derive(X, y, reg=0.1)",
    "long": "gm.derive(*gm.datasets.spiral(60), reg=1e-3)",
    "long and exact": "import numpy as np\nX, y = gm.datasets.spiral(60)\n"
                      "gm.derive(np.round(X, 4), y, reg=1e-3, exact=True)",
    "outputs": "gm.derive([[0.0], [1.0], [3.0]], [[0, 1], [1, 0], [5, 2]], reg=0.1)",
    "of reg": "gm.exact.weights_as_function_of_reg([[0], [1], [3]], [0, 1, 5], 0.1)",
    "roots": "gm.derive([[0, 0], [1, 2], [2, 1], [3, 3]], [0, 1, 0, 2], reg=0.1, norm=2, dictionary='wedge', "
             "exact=True)",
}  # fmt: skip


@pytest.fixture(scope="module")
def shown():
    """What each cell showed: its outputs by MIME type."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    )
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = {}
    for name, cell in zip(CELLS, notebook.cells, strict=True):
        (result,) = [output for output in cell.outputs if output.output_type == "execute_result"]
        outputs[name] = result.data
    return outputs


def formula(data):
    return re.search(r"\$\$(.*)\$\$", data["text/html"], re.DOTALL)[1]


def test_the_network_is_a_formula_of_wedges(shown):
    for name in ("exact", "network", "in full"):
        tex = formula(shown[name])
        assert r"\wedge" in tex
        assert r"\frac" in tex
        assert not re.search(r"\d\.\d", tex)
        assert r"\ldots" not in tex
    assert r"\wedge" in shown["network"]["text/latex"]


def test_forms_are_switched(shown):
    assert re.search(r"\d\.\d", formula(shown["decimals"]))
    assert not re.search(r"\\frac\{\d", formula(shown["decimals"]))
    assert formula(shown["in full"]) != formula(shown["decimals"])
    assert r"\wedge" in formula(shown["decimals"])


def test_the_certificate_is_a_small_table(shown):
    for name in ("exact", "certificate", "float64"):
        page = shown[name]["text/html"]
        assert "lower bound" in page
        assert "global (program: all)" in page
    assert "in exact arithmetic" in shown["exact"]["text/html"]
    assert "in float64" in shown["float64"]["text/html"]


def test_long_networks_are_cut_short(shown):
    for name in ("long", "long and exact"):
        page = shown[name]["text/html"]
        assert "more neurons" in formula(shown[name])
        assert "more neurons</td>" in page
        assert len(re.sub(r"base64,[^\"]*", "", page)) < 20_000, "a page that no browser likes"
        assert len(page) < 100_000, "a picture that fills the notebook"
    assert r"\ldots" in formula(shown["long and exact"])  # fractions of a thousand digits


def test_other_kinds_have_a_formula_too(shown):
    assert "pmatrix" in formula(shown["outputs"])
    assert r"\sqrt" in formula(shown["roots"])
    assert "reg" in shown["of reg"]["text/latex"]


def test_braces_and_dollars_are_balanced(shown):
    for name, data in shown.items():
        if name == "certificate":
            continue
        tex = data.get("text/latex") or formula(data)
        assert tex.count("{") == tex.count("}")
        assert tex.count(r"\left") == tex.count(r"\right")
        assert tex.count("&") >= 1
