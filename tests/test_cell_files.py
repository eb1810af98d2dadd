"""Proofs by cells as files: a tree of cones that is checked in integers, and refused if anything in it is changed."""

import json
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner

import geomnn as gm
from geomnn.bounds import proof_document, save_proof
from geomnn.checker.cells import fingerprint
from geomnn.checker.statements import seal
from geomnn.cli import commands
from geomnn.dictionaries import FaceDictionary, WedgeDictionary
from geomnn.exact import Falsehood
from geomnn.samples import Samples

CASES = [(norm, bias) for norm in (1, 2, np.inf) for bias in (True, False)]
EVERY = pytest.mark.parametrize(("norm", "bias"), CASES)


def table(n=10, d=2, seed=0):
    rng = np.random.default_rng(seed)
    X, y = np.round(rng.normal(size=(n, d)), 2), np.round(rng.normal(size=n), 2)
    X[-1] = X[0]  # of equal samples the cells know one
    return X, y


def document(norm=1, bias=True, n=10, d=2):
    X, y = table(n, d)
    certificate = gm.derive(X, y, 0.3, norm=norm, bias=bias, dictionary="local", certify="cells").certificate
    return certificate, proof_document(certificate)


def forged(written, **changes):
    """With other cells, and all that tells that they were changed made anew."""
    cells = {**written["cells"], **changes}
    other = {
        **written,
        "cells": {**cells, "sha256": fingerprint(cells["pairs"], cells["most"], cells["tree"])},
    }
    return {**other, "seal": seal(other)}


@EVERY
def test_a_file_proves_what_was_bounded(norm, bias, tmp_path):
    certificate, written = document(norm, bias)
    save_proof(certificate, tmp_path / "proof.json")
    assert json.loads((tmp_path / "proof.json").read_text()) == written
    cells, claim = gm.exact.verify(tmp_path / "proof.json", *table())
    assert float(Fraction(written["claim"]["dual"])) == pytest.approx(certificate.proven.value, rel=2e-5)
    assert claim == written["claim"]["statement"]
    assert f"{len(written['cells']['tree']) // 2:,} cells cover" in cells


@EVERY
def test_no_neuron_is_above_it(norm, bias):
    """The bound that is claimed needs reg to be the largest correlation at most: by all atoms it is."""
    _, written = document(norm, bias)
    X, y = table()
    v = float(Fraction(written["unit"])) * np.array(written["cells"]["dual"], dtype=float)
    assert float(Fraction(written["claim"]["dual"])) == pytest.approx(v @ y - v @ v / 2, rel=1e-9)
    samples = Samples(X, bias)
    dictionary = FaceDictionary(samples) if norm == 2 else WedgeDictionary(samples, norm, directions=True)
    largest = dictionary.price(v[:, None], np.inf, 1).maximum
    assert 0.29 < largest <= 0.3 * (1 + 1e-9)


@EVERY
def test_a_tree_that_does_not_close_is_refused(norm, bias):
    """T below the largest correlation, halved cells that are said to be closed, and cells that are left out."""
    _, written = document(norm, bias)
    X, y = table()
    for factor in (0.5, 0.98):
        lower = forged(written, most=int(factor * written["cells"]["most"]))
        with pytest.raises(Falsehood, match="not closed"):
            gm.exact.verify(lower, X, y)
    tree = bytes.fromhex(written["cells"]["tree"])
    first = next(place for place, step in enumerate(tree) if step)
    end, left = first, 1  # of the cells below it
    while left:
        left += 1 if tree[end] else -1
        end += 1
    for steps, words in (
        (tree[:first] + b"\0" + tree[end:], "not closed"),
        (tree[:-1], "missing"),
        (tree + b"\0", "more cells"),
        (b"\xff" + tree[1:], "no such edge"),
    ):
        with pytest.raises(Falsehood, match=words):
            gm.exact.verify(forged(written, tree=steps.hex()), X, y)


def test_another_table_is_refused():
    _, written = document()
    X, y = table()
    for other, targets in ((X + np.eye(10, 2), y), (X, y + 1e-9), (X[::-1], y[::-1])):
        with pytest.raises(Falsehood, match="sha256"):
            gm.exact.verify(written, other, targets)


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_units_and_offsets_cost_nothing(shift, size):
    """The grid is as fine as the features are wide."""
    X, y = table()
    X = np.round(size * X, 12) + shift * size
    certificate = gm.derive(X, y, 0.3 * size, dictionary="local", certify="cells").certificate
    written = proof_document(certificate)
    assert gm.exact.verify(written, X, y)
    assert float(Fraction(written["claim"]["dual"])) == pytest.approx(certificate.proven.value, rel=2e-5)


@pytest.mark.parametrize("scaled", [True, False])
def test_the_command_line_writes_and_verifies(tmp_path, scaled):
    X, y = table(16, 3)
    data, out = tmp_path / "data.csv", tmp_path / "report"
    lines = [",".join(map(repr, map(float, [*x, target]))) for x, target in zip(X, y, strict=True)]
    data.write_text("\n".join(["a,b,c,y", *lines]), encoding="utf-8")
    words = [
        "derive",
        str(data),
        "--target",
        "y",
        "--reg",
        "1",
        "--dictionary",
        "local",
        "--certify",
        "cells",
    ]
    result = CliRunner().invoke(commands, [*words, *["--standardize"] * scaled, "--out", str(out)])
    assert result.exit_code == 0, result.output
    checked = CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)])
    assert checked.exit_code == 0, checked.output
    assert "branch and bound over cones, checked in exact arithmetic" in checked.output
    proof = json.loads((out / "proof.json").read_text(encoding="utf-8"))
    proof["cells"]["pairs"][0][2] += 1
    (out / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 1
