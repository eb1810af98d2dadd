"""The lines of NumPy in report.html, with which anyone computes a certificate anew: they run, and they agree."""

import csv
import html
import itertools
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from geomnn.files import json_text
from geomnn.report import Request, study_table
from geomnn.report.function import function_text
from geomnn.report.page import page_text
from geomnn.report.verification import check_lines, coverage

OPTIONS = {
    "norm 1": {"norm": "1"},
    "norm inf": {"norm": "inf"},
    "norm 2": {"norm": "2"},
    "wedges of samples": {"norm": "2", "dictionary": "wedge"},
    "drawn wedges": {"norm": "1", "dictionary": "sampled"},
    "searched": {"norm": "2", "dictionary": "local"},
}


def table(path, X, y):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"column {k}" for k in range(X.shape[1])), "y"])
        writer.writerows([*map(repr, map(float, row)), t] for row, t in zip(X, y, strict=True))


def printed(folder):
    """What the lines of the page print, by its words."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    lines = html.unescape(re.search(r'<pre class="check">(.*?)</pre>', page, re.S)[1])
    assert "geomnn" not in lines
    (folder / "check.py").write_text(lines, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "check.py"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in done.stdout.splitlines()}


def check(folder, X, y, reg, **options):
    """Derive a report without its pictures, run its lines, and compare with its claim."""
    table(folder / "my data.csv", X, y)
    study = study_table(Request(str(folder / "my data.csv"), "y", reg, **options))
    texts = {"certificate.json": json_text(study.record), "network.py": function_text(study)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "report.html").write_text(page_text(study, []), encoding="utf-8")
    claim = study.record["claim"]
    found = printed(folder)
    size = abs(claim["primal"]) + 1e-12
    assert found.pop("objective") == pytest.approx(claim["primal"], abs=1e-9 * size)
    assert found.pop("lower bound") == pytest.approx(claim["dual"], abs=1e-7 * size)
    assert abs(found.pop("sum of v", 0.0)) <= 1e-9 * max(1.0, np.abs(study.y).sum())
    for largest in found.values():
        assert largest <= claim["largest_correlation"] + 1e-7
    return found, claim


@pytest.mark.one_in(5)
@pytest.mark.parametrize(
    ("name", "d", "bias"), [(name, d, b) for name in OPTIONS for d in (1, 2, 3) for b in (True, False)]
)
def test_the_lines_agree_with_the_claim(tmp_path, name, d, bias):
    random = np.random.default_rng(d)
    X, y = random.normal(size=(12, d)) * [3.0, 1.0, 0.1][:d] + 1.0, random.normal(size=12)
    found, claim = check(tmp_path, X, y, 0.1, bias=bias, **OPTIONS[name])
    if name in ("norm 1", "norm inf", "wedges of samples"):  # nothing is taken from the certificate
        assert list(found.values()) == pytest.approx([claim["largest_correlation"]], abs=1e-7)
        assert claim["scope"] == ("dictionary" if name == "wedges of samples" else "global")


@pytest.mark.parametrize(
    ("standardize", "classes"), list(itertools.product([True, False], [("b", "a"), (2, 1.0)]))
)
def test_classes_and_standardised_columns(tmp_path, standardize, classes):
    random = np.random.default_rng(0)
    X = random.normal(size=(15, 2)) * [1e5, 1e-5]
    y = [classes[int(a > b)] for a, b in X / [1e5, 1e-5]]
    found, claim = check(tmp_path, X, y, 0.5, classify=True, standardize=standardize)
    assert list(found.values()) == pytest.approx([claim["largest_correlation"]], abs=1e-6)


DEGENERATE = {
    "repeated rows": ([[0, 1], [0, 1], [1, 0], [1, 0], [2, 2]], [0, 1, 2, 2, 5]),
    "one row": ([[1, 2]], [3]),
    "constant column": ([[0.1, 0], [0.1, 1], [0.1, 2], [0.1, 3]], [0, 0, 1, 0]),
    "constant target": ([[0, 1], [1, 0], [2, 2]], [4, 4, 4]),
    "large and small": ([[1e6, 1e-6], [2e6, 1e-6], [3e6, 3e-6], [1e6, 5e-6]], [0, 1, 0, 2]),
    "large offset": ([[1e6 + 1, 0], [1e6 + 2, 1], [1e6 + 3, 5], [1e6 + 4, 2]], [0, 1, 0, 2]),
    "more columns than rows": ([[0, 1, 2, 3], [1, 0, 0, 1], [2, 2, 1, 5]], [1, 2, 4]),
}


@pytest.mark.one_in(4)
@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("options", [{"norm": "1"}, {"norm": "2"}, {"dictionary": "wedge"}])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_tables(tmp_path, name, options):
    X, y = DEGENERATE[name]
    check(tmp_path, np.array(X, dtype=float), y, 0.001, **options)


def test_many_atoms_are_drawn(tmp_path):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(250, 2)), random.normal(size=250)
    table(tmp_path / "data.csv", X, y)
    study = study_table(Request(str(tmp_path / "data.csv"), "y", 1.0))
    assert coverage(study) == "drawn"
    assert "random.choice" in check_lines(study)
    found, claim = check(tmp_path, X, y, 1.0)
    assert 0.5 < next(iter(found.values())) <= claim["largest_correlation"] + 1e-9


def test_a_false_claim_is_seen(tmp_path):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(12, 2)), random.normal(size=12)
    _, claim = check(tmp_path, X, y, 0.1)
    file = tmp_path / "certificate.json"
    claimed = json.loads(file.read_text(encoding="utf-8"))
    claimed["dual"] = (np.array(claimed["dual"]) * 3).tolist()
    file.write_text(json.dumps(claimed), encoding="utf-8")
    assert printed(tmp_path)["lower bound"] == pytest.approx(claim["dual"])  # whatever it claims, v is scaled
    claimed["dual"] = (y - y.mean()).tolist()
    file.write_text(json.dumps(claimed), encoding="utf-8")
    assert printed(tmp_path)["lower bound"] < claim["dual"]
