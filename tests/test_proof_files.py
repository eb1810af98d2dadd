"""Proofs by plans as files: checked from the table alone, and refused if anything in them is changed."""

import copy
import json
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner

import geomnn as gm
from geomnn.bounds import proof_document, save_proof
from geomnn.checker.statements import seal
from geomnn.cli import commands
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.exact import Falsehood

CASES = [("transport", norm, bias) for norm in (1, 2, np.inf) for bias in (True, False)] + [
    ("stars", 1, True),
    ("stars", 1, False),
]


def table(n=12, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(size=(n, d)), 2), np.round(rng.normal(size=n), 2)


def bounded(method, norm=1, bias=True, **options):
    X, y = table()
    return gm.derive(
        X, y, 0.3, norm=norm, bias=bias, dictionary="local", certify=method, **options
    ).certificate


@pytest.mark.parametrize(("method", "norm", "bias"), CASES)
def test_a_file_proves_what_was_bounded(method, norm, bias, tmp_path):
    certificate, (X, y) = bounded(method, norm, bias), table()
    save_proof(certificate, tmp_path / "proof.json")
    masses, claim = gm.exact.verify(tmp_path / "proof.json", X, y)
    document = json.loads((tmp_path / "proof.json").read_text())
    dual = Fraction(document["claim"]["dual"])
    if norm == 2:  # of which the file has the costs along the features alone, and no metric
        assert 0 < dual <= certificate.dual
    else:
        assert float(dual) == pytest.approx(certificate.dual, rel=1e-5)
    assert claim == document["claim"]["statement"]
    assert "masses on pairs of samples" in masses
    assert ("any depth" in claim) == (method == "transport" and norm == 1)


@pytest.mark.parametrize(("method", "norm", "bias"), CASES)
@pytest.mark.one_in(3)
def test_the_bound_is_that_of_a_check_in_numpy(method, norm, bias):
    """The same sums in float64 by other means: n × n matrices of masses."""
    document, (X, y) = proof_document(bounded(method, norm, bias)), table()
    unit, n = float(Fraction(document["unit"])), len(y)
    points, costs, moved = np.vstack([X, 0 * X[:1]]), [], []
    for plan in document["plans"]:
        masses = np.zeros((n + 1, n + 1))
        for i, *rest in plan:
            masses[i, rest[::2]] = unit * np.array(rest[1::2])
        moved.append((masses.sum(axis=1) - masses.sum(axis=0))[:n])
        masses[n] = 0.0
        steps = masses[:, :, None] * (points[:, None] - points[None])
        steps = steps.reshape(-1, 3) if method == "transport" else steps.sum(axis=1)
        costs.append(np.maximum(np.maximum(steps, 0).sum(axis=0), np.maximum(-steps, 0).sum(axis=0)))
    q = {1: np.inf, 2: 2, np.inf: 1}[norm]
    assert max(np.linalg.norm(cost, q) for cost in costs) <= 0.3 * (1 + 1e-12)
    if len(moved) > 1:
        np.testing.assert_allclose(moved[0], -moved[1], atol=1e-12)
    v = moved[0]
    assert float(Fraction(document["claim"]["dual"])) == pytest.approx(v @ y - v @ v / 2, rel=1e-12)


def test_a_shorter_file_proves_hardly_less():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    certificate = gm.derive(X, y, 1.0, dictionary="local", certify="stars").certificate
    long, short = (proof_document(certificate, shorter=part) for part in (0.0, 0.5))
    assert gm.exact.verify(short, X, y)
    sizes = [sum(len(row) // 2 for plan in each["plans"] for row in plan) for each in (long, short)]
    assert sizes[1] < sizes[0] / 2
    least = certificate.dual - 0.5 * certificate.gap
    assert float(Fraction(short["claim"]["dual"])) >= least - 1e-6 * abs(least)


def changes(value):
    """Other values in the place of one."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1, str(value), float(value)]
    if isinstance(value, str):
        return [value + "0", value[:-1], "1/3", None, 7]
    if isinstance(value, list):
        return [value[:-1], [*value, *value[-1:]], value[::-1], None] if len(value) > 1 else [None, {}]
    if isinstance(value, dict):
        return [{**value, "more": 1}, dict([*value.items()][1:]), None]
    return [0, "", []]


def places(value, path=()):
    """The place of every value of a document, but of long plans only the first."""
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield from places(entry, (*path, key))


@pytest.mark.parametrize(("method", "norm", "bias"), CASES)
@pytest.mark.one_in(4)
def test_every_field_that_is_changed_is_refused(method, norm, bias):
    document, (X, y) = proof_document(bounded(method, norm, bias), ["a", "b", "c"], "y"), table()
    assert gm.exact.verify(document, X, y)
    count = 0
    for path in places(document):
        if not path:
            continue
        for change in changes(at(document, path)):
            forged = copy.deepcopy(document)
            at(forged, path[:-1])[path[-1]] = change
            if forged == document and type(change) is type(at(document, path)):
                continue  # a palindrome
            for sealed in (forged, {**forged, "seal": seal(forged)}):
                if sealed == document:
                    continue
                with pytest.raises(Falsehood):
                    gm.exact.verify(sealed, X, y)
                count += 1
    assert count > 200


def at(document, path):
    for key in path:
        document = document[key]
    return document


def test_another_table_is_refused():
    document, (X, y) = proof_document(bounded("stars")), table()
    for other, targets in ((X + np.eye(12, 3), y), (X, y + 1e-9), (X[::-1], y[::-1])):
        with pytest.raises(Falsehood, match="sha256"):
            gm.exact.verify(document, other, targets)


def test_masses_that_cost_too_much_are_refused():
    """A plan of twice the masses, with the bound that it would have: right but for its cost."""
    document, (X, y) = proof_document(bounded("stars")), table()
    unit = 2 * Fraction(document["unit"])
    v = np.zeros(12, dtype=object)
    for i, *rest in document["plans"][0]:
        v[i] += sum(rest[1::2])
        for j, mass in zip(rest[::2], rest[1::2], strict=True):
            v[j] -= mass
    targets = [Fraction(repr(float(value))) for value in y]
    dual = unit * sum(v * targets) - unit**2 * sum(v * v) / 2
    forged = {**document, "unit": str(unit), "claim": {**document["claim"], "dual": str(dual)}}
    with pytest.raises(Falsehood, match="costs more than reg"):
        gm.exact.verify({**forged, "seal": seal(forged)}, X, y)


def test_what_has_no_file():
    X, y = table()
    for certificate, kind, words in (
        (gm.derive(X, y, 0.3).certificate, OptionError, "no bound by plans"),
        (bounded("milp"), OptionError, "no bound by plans"),
        (
            gm.derive(X, np.sign(y), 0.3, loss="logistic", dictionary="local", certify="stars").certificate,
            UnsupportedProblem,
            "squared loss",
        ),
    ):
        with pytest.raises(kind, match=words):
            proof_document(certificate)


@pytest.mark.parametrize("scaled", [True, False])
def test_the_command_line_writes_and_verifies(tmp_path, scaled):
    X, y = table(20, 4)
    data, out = tmp_path / "data.csv", tmp_path / "report"
    rows = [
        "a,b,c,d,y",
        *(",".join(map(repr, map(float, [*x, target]))) for x, target in zip(X, y, strict=True)),
    ]
    data.write_text("\n".join(rows), encoding="utf-8")
    words = [
        "derive",
        str(data),
        "--target",
        "y",
        "--reg",
        "0.4",
        "--dictionary",
        "local",
        "--certify",
        "stars",
    ]
    result = CliRunner().invoke(commands, [*words, *["--standardize"] * scaled, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "No two-layer ReLU network of any width has a training objective more than" in result.output
    checked = CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)])
    assert checked.exit_code == 0, checked.output
    assert "checked in exact arithmetic" in checked.output
    proof = json.loads((out / "proof.json").read_text(encoding="utf-8"))
    record = json.loads((out / "certificate.json").read_text(encoding="utf-8"))
    assert float(Fraction(proof["claim"]["dual"])) == pytest.approx(record["claim"]["dual"], rel=1e-5)
    assert abs(sum(record["dual"])) < 1e-9
    certificate = {**record, "problem": {**record["problem"], "reg": 77.0}}
    for changed in (
        {**record, "claim": {**record["claim"], "dual": 1e3}},
        {**certificate, "seal": seal(certificate)},
    ):
        (out / "certificate.json").write_text(json.dumps(changed), encoding="utf-8")
        assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 1
    (out / "certificate.json").write_text(json.dumps(record), encoding="utf-8")
    assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 0
    proof["plans"][0][0][2] += 1
    (out / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 1
