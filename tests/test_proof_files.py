"""Proofs as files: checked from the table alone, and refused if anything in them is changed."""

import copy
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner
from schemas import schema

import geomnn as gm
from geomnn.bounds import proof_document, save_proof
from geomnn.bounds.metrics import METRIC_GAP
from geomnn.checker.metric import covers, gram
from geomnn.checker.statements import digest, seal
from geomnn.cli import commands
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.exact import Falsehood

PLANS = [
    (method, norm, bias)
    for method in ("transport", "stars")
    for norm in (1, 2, np.inf)
    for bias in (True, False)
]
CASES = [(*case, "squared") for case in PLANS] + [
    ("semidefinite", 2, True, "squared"),
    ("semidefinite", 2, False, "squared"),
    ("semidefinite", 2, False, "logistic"),
    ("stars", 1, True, "logistic"),
    ("stars", 2, False, "logistic"),
    ("transport", np.inf, False, "hinge"),
    ("cells", 1, True, "squared"),
    ("cells", 2, False, "squared"),
    ("cells", np.inf, True, "logistic"),
]
SHOWN = {"semidefinite": "multipliers of products", "cells": "cells cover all neurons"}
EVERY_CASE = pytest.mark.parametrize(("method", "norm", "bias", "loss"), CASES)


def table(loss="squared", n=8, d=3):
    rng = np.random.default_rng(0)
    X, y = np.round(rng.normal(size=(n, d)), 2), np.round(rng.normal(size=n), 2)
    return X, y if loss == "squared" else np.sign(y)


@cache
def bounded(method, norm=1, bias=True, loss="squared"):
    return gm.derive(
        *table(loss), 0.3, norm=norm, bias=bias, loss=loss, dictionary="local", certify=method
    ).certificate


def masses_of(document):
    """The masses of each plan, as for p = 2 a plan has a metric besides."""
    return [plan["masses"] if isinstance(plan, dict) else plan for plan in document["plans"]]


def value(document):
    return float(Fraction(document["claim"]["dual"]))


@EVERY_CASE
def test_a_file_proves_what_was_bounded(method, norm, bias, loss, tmp_path):
    certificate, (X, y) = bounded(method, norm, bias, loss), table(loss)
    save_proof(certificate, tmp_path / "proof.json")
    document = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    for targets in (y, y[:, None]):
        shown, claim = gm.exact.verify(tmp_path / "proof.json", X, targets)
    lost = 0.011 * certificate.gap if method not in SHOWN else 2e-5 * certificate.dual
    near = 2 * METRIC_GAP if norm == 2 else 2e-9  # relative, as of steps that end there
    assert certificate.dual - lost - near * certificate.dual <= value(document) <= certificate.primal
    assert claim == document["claim"]["statement"]
    assert SHOWN.get(method, "masses on pairs of samples") in shown
    assert ("any depth" in claim) == (method == "transport" and norm == 1)
    assert f"({loss} loss, reg = 0.3, p = {norm}{', no biases' * (not bias)})" in claim
    assert document["problem"]["sha256"] == digest(
        document["problem"], *([[Fraction(str(x)) for x in row] for row in X], [Fraction(str(t)) for t in y])
    )


@EVERY_CASE
def test_every_proof_is_as_its_schema_says(method, norm, bias, loss):
    proof, names = schema("proof"), {"features": ["a", "b", "c"], "target": "y", "classes": ["no", "yes"]}
    document = json.loads(json.dumps(proof_document(bounded(method, norm, bias, loss), **names)))
    proof.validate(document)
    for part in (None, "problem", "claim"):
        content = document[part] if part else document
        for changed in (
            {**content, "more": 1},
            *({k: v for k, v in content.items() if k != key} for key in content),
        ):
            assert not proof.is_valid({**document, part: changed} if part else changed)
    other = {"stars": "semidefinite", "transport": "semidefinite", "semidefinite": "stars", "cells": "stars"}[
        method
    ]
    assert not proof.is_valid({**document, "bound": other})


@pytest.mark.parametrize(("method", "norm", "bias"), PLANS)
@pytest.mark.one_in(3)
def test_the_bound_is_that_of_a_check_in_numpy(method, norm, bias):
    """The same sums in float64 by other means: n × n matrices of masses."""
    document, (X, y) = proof_document(bounded(method, norm, bias)), table()
    unit, n = float(Fraction(document["unit"])), len(y)
    points, costs, moved = np.vstack([0 * X[:1], X]), [], []
    for k, plan in enumerate(masses_of(document)):
        masses = np.zeros((n + 1, n + 1))
        for i, *rest in plan:
            masses[i + 1, np.array(rest[::2]) + 1] = unit * np.array(rest[1::2])
        moved.append((masses.sum(axis=1) - masses.sum(axis=0))[1:])
        masses[0] = 0.0
        steps = masses[:, :, None] * (points[:, None] - points[None])
        steps = steps.reshape(-1, 3) if method == "transport" else steps.sum(axis=1)
        if norm == 2:
            metric = document["plans"][k]["metric"]
            assert_lengths_bound(metric, unit, steps)
            costs.append(unit * float(Fraction(metric["most"])))
        else:
            both = np.maximum(np.maximum(steps, 0).sum(axis=0), np.maximum(-steps, 0).sum(axis=0))
            costs.append(np.linalg.norm(both, {1: np.inf, np.inf: 1}[norm]))
    assert max(costs) <= 0.3 * (1 + 1e-12)
    if len(moved) > 1:
        np.testing.assert_allclose(moved[0], -moved[1], atol=1e-12)
    v = moved[0]
    assert float(Fraction(document["claim"]["dual"])) == pytest.approx(v @ y - v @ v / 2, rel=1e-12)


def assert_lengths_bound(metric, unit, steps):
    """λ is no less than the largest eigenvalue, nor by much more; and no w of many gains more than it says."""
    step = unit * float(Fraction(metric["unit"]))
    lengths, largest = step * np.array(metric["lengths"][:-1]), step * metric["lambda"]
    lines = steps[np.any(steps, axis=1)]  # those of zeros are listed where the plan has masses alone
    lengths = lengths[lengths > 0]
    total = lines.sum(axis=0)
    S = (lines / lengths[:, None]).T @ lines + np.outer(total, total) / (step * metric["lengths"][-1])
    assert largest - 2 * step <= np.linalg.eigvalsh(S)[-1] <= largest * (1 + 1e-12)
    most = (lengths.sum() + step * metric["lengths"][-1] + largest) / 4
    assert unit * float(Fraction(metric["most"])) == pytest.approx(most, rel=1e-12)
    w = np.random.default_rng(1).normal(size=(4000, 3))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    assert 0.9 * most < np.maximum(w @ lines.T, 0).sum(axis=1).max() <= most * (1 + 1e-12)


@pytest.mark.parametrize(("method", "norm", "bias"), PLANS)
def test_masses_have_no_more_digits_than_it_takes(method, norm, bias):
    """Few where there is a gap, of which they may cost a hundredth, and ten of a bound that has none."""
    certificate = bounded(method, norm, bias)
    plans = masses_of(proof_document(certificate))
    bits = 36 if certificate.relative_gap < 1e-5 else 20
    assert max(abs(mass) for plan in plans for _, *rest in plan for mass in rest[1::2]) < 2**bits


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_shorter_file_proves_hardly_less(loss):
    X, y = table(loss, 60)
    certificate = gm.derive(X, y, 1.0, dictionary="local", loss=loss, certify="stars").certificate
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


@EVERY_CASE
@pytest.mark.one_in(5)
def test_every_field_that_is_changed_is_refused(method, norm, bias, loss):
    document, (X, y) = proof_document(bounded(method, norm, bias, loss), ["a", "b", "c"], "y"), table(loss)
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
    for other, targets in ((X + np.eye(8, 3), y), (X, y + 1e-9), (X[::-1], y[::-1])):
        with pytest.raises(Falsehood, match="sha256"):
            gm.exact.verify(document, other, targets)


def test_masses_that_cost_too_much_are_refused():
    """A plan of twice the masses, with the bound that it would have: right but for its cost."""
    document, (X, y) = proof_document(bounded("stars")), table()
    unit = 2 * Fraction(document["unit"])
    v = np.zeros(8, dtype=object)
    for i, *rest in document["plans"][0]:
        v[i] += sum(rest[1::2])
        for j, mass in zip(rest[::2], rest[1::2], strict=True):
            v[j] -= mass
    targets = [Fraction(repr(float(value))) for value in y]
    dual = unit * sum(v * targets) - unit**2 * sum(v * v) / 2
    forged = {**document, "unit": str(unit), "claim": {**document["claim"], "dual": str(dual)}}
    with pytest.raises(Falsehood, match="costs more than reg"):
        gm.exact.verify({**forged, "seal": seal(forged)}, X, y)


@pytest.mark.parametrize("method", ["stars", "transport"])
def test_a_metric_that_shows_nothing_is_refused(method):
    """Each change with the sum and the seal that it would need: right but for what it breaks."""
    document, (X, y) = proof_document(bounded(method, 2, False)), table()

    def nothing(metric):
        metric["lengths"][0] = 0

    def negative(metric):
        metric["lengths"][0] *= -1

    def lower(metric):
        metric["lambda"] -= 2

    def shorter(metric):
        metric["lengths"] = [length // 2 for length in metric["lengths"]]

    def interchanged(metric):
        metric["lengths"].reverse()

    def larger(metric):
        metric["lambda"] *= 2

    def fewer(metric):
        metric["lengths"].pop()

    for change, words in (
        (nothing, "A length is not above 0"),
        (negative, "A length is not above 0"),
        (lower, "may cost more than its metric says"),
        (shorter, "may cost more than its metric says"),
        (interchanged, "may cost more than its metric says"),
        (larger, "costs more than reg"),
        (fewer, "are not .* integers"),
    ):
        forged = copy.deepcopy(document)
        metric = forged["plans"][0]["metric"]
        change(metric)
        metric["most"] = str(Fraction(metric["unit"]) * (sum(metric["lengths"]) + metric["lambda"]) / 4)
        with pytest.raises(Falsehood, match=words):
            gm.exact.verify({**forged, "seal": seal(forged)}, X, y)


@pytest.mark.parametrize("bias", [True, False])
def test_a_metric_loses_nothing_where_the_bound_is_exact(bias):
    """Of one feature, however long numbers are: nine digits of the optimum, which all atoms have."""
    X, y = table(d=1)
    solution = gm.derive(X, y, 0.3, norm=2, bias=bias)
    document = proof_document(gm.bound(solution, method="stars"))
    assert gm.exact.verify(document, X, y)
    assert solution.objective * (1 - 1e-8) <= value(document) <= solution.objective * (1 + 1e-12)


def test_eigenvalues_are_covered_by_elimination_in_integers():
    """By the least integer that numpy finds to be enough, and by none below it, of full and of lower rank."""
    rng = np.random.default_rng(0)
    for d in (1, 2, 3, 8, 20):
        for k in (1, d, 3 * d):
            lines = [[int(q) for q in row] for row in rng.integers(-999, 1000, (d, k))]
            lengths, scales = (
                [int(t) for t in rng.integers(1, 999, k)],
                [int(s) for s in rng.integers(1, 9, d)],
            )
            q = np.array(lines) / np.array(scales)[:, None]
            largest = np.linalg.eigvalsh(4 * (q / lengths) @ q.T)[-1]  # in halves
            rows = gram(lines, scales, lengths, Fraction(1, 2))
            assert covers(rows, int(np.ceil(largest + 1e-6)))
            assert not covers(rows, int(np.floor(largest - 1e-6)))


def test_multipliers_that_prove_nothing_are_refused():
    """Each change with the numbers and the seal that it would need: right but for what it breaks."""
    document, (X, y) = proof_document(bounded("semidefinite", 2, False)), table()

    def forged(change):
        other = copy.deepcopy(document)
        change(other, other["multipliers"]["tables"][0])
        return {**other, "seal": seal(other)}

    def negative(other, first):
        first["P2"][0][1] = -1

    def lowered(other, first):
        first["mu"] -= 10**6

    def without_a_factor(other, first):
        first["L"] = [[0] * len(row) for row in first["L"]]

    def larger(other, first):
        other["unit"] = str(2 * Fraction(other["unit"]))

    def of_an_unbalanced_dual(other, first):
        other["problem"]["bias"] = True
        other["problem"]["sha256"] = digest(other["problem"], *exact(X, y))

    for change, words in (
        (negative, "never negative is negative"),
        (lowered, "claims to show is not what it shows"),
        (without_a_factor, "claims to show is not what it shows"),
        (larger, "may be above reg"),
        (of_an_unbalanced_dual, "do not sum to 0"),
    ):
        with pytest.raises(Falsehood, match=words):
            gm.exact.verify(forged(change), X, y)
    moved = forged(
        lambda other, first: other["problem"].update(sha256=digest(other["problem"], *exact(2 * X, y)))
    )
    with pytest.raises(Falsehood, match="claims to show is not what it shows"):
        gm.exact.verify(moved, 2 * X, y)


def exact(X, y):
    """The table in fractions, as the checker has it."""
    return [[Fraction(repr(float(x))) for x in row] for row in X], [Fraction(repr(float(t))) for t in y]


@pytest.mark.parametrize("bias", [True, False])
def test_no_unit_is_correlated_with_the_dual_of_multipliers_by_more_than_reg(bias):
    document, (X, y) = proof_document(bounded("semidefinite", 2, bias)), table()
    v = float(Fraction(document["unit"])) * np.array(document["multipliers"]["dual"])
    w = np.random.default_rng(1).normal(size=(4000, 3))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    height = w @ X.T
    correlations = [np.maximum(height - height[:, [j]] * bias, 0) @ v for j in range(8)]
    assert 0.9 * 0.3 < np.abs(correlations).max() <= 0.3 * (1 + 1e-12)
    optimum = gm.derive(X, y, 0.3, norm=2, bias=bias, dictionary="local").objective
    assert value(document) == pytest.approx(v @ y - v @ v / 2, rel=1e-12)
    assert value(document) <= optimum * (1 + 1e-9)


@pytest.mark.parametrize(
    "kind", [{"certify": "stars"}, {"certify": "transport", "norm": 2}, {"certify": "stars", "norm": 2}]
)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_shorter_file_is_asked_for_in_any_case(kind, loss):
    """However little time there was, for every norm and loss: where none is shorter it is the same."""
    X, y = table(loss, 20)
    for limit in (1e-6, 10.0):
        certificate = gm.derive(
            X, y, 0.5, dictionary="local", loss=loss, time_limit=limit, **kind
        ).certificate
        long, short = (proof_document(certificate, shorter=part) for part in (0.0, 0.5))
        assert gm.exact.verify(short, X, y)
        given_up = 0.51 * certificate.gap if certificate.coverage.method == "stars" else value(long)
        assert value(long) - given_up < value(short)


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", ["stars", "transport"])
def test_a_reg_that_is_far_too_large_costs_no_digits(method, bias):
    """Masses may go in circles then, at a cost below reg, and be much larger than v."""
    X, y = table()
    largest = gm.reg_max(X, y, bias=bias)
    for factor in (2.0, 1e3, 1e7):
        certificate = gm.derive(
            X, y, factor * largest, bias=bias, dictionary="local", certify=method
        ).certificate
        document = proof_document(certificate)
        assert gm.exact.verify(document, X, y)
        constant = y.mean() if bias else 0.0
        assert value(document) == pytest.approx(np.sum((y - constant) ** 2) / 2, rel=2e-9)


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
def test_what_has_no_file():
    X, y = table()
    network, several = [(np.eye(3), np.zeros(3)), (np.ones((1, 3)), np.zeros(1))], np.column_stack([y, -y])
    weighted = gm.bound(network, X, y, 0.3, sample_weight=np.arange(1.0, 9.0), method="stars")
    for certificate, kind, words in (
        (gm.derive(X, y, 0.3).certificate, OptionError, "no bound above 0"),
        (bounded("milp"), OptionError, "no bound above 0"),
        (
            gm.derive(X, 0 * y, 0.3, dictionary="local", certify="stars").certificate,
            OptionError,
            "no bound above 0",
        ),
        (weighted, UnsupportedProblem, "weighted samples"),
        (
            gm.derive(X, several, 0.3, dictionary="local", certify="stars").certificate,
            UnsupportedProblem,
            "2 outputs",
        ),
        (
            gm.derive(X, y, 0.3, norm=2, bias=False, certify="semidefinite", time_limit=1e-3).certificate,
            UnsupportedProblem,
            "singular values",
        ),
    ):
        with pytest.raises(kind, match=words):
            proof_document(certificate)


def written(path, X, y):
    """A CSV file of a table."""
    names = ",".join([*"abcdefgh"[: X.shape[1]], "y"])
    rows = [",".join(map(repr, map(float, row))) for row in np.column_stack([X, y])]
    path.write_text("\n".join([names, *rows]), encoding="utf-8")
    return path


def test_a_report_of_a_metric_is_verified(tmp_path):
    data, out = written(tmp_path / "data.csv", *table()), tmp_path / "report"
    words = f"derive {data} --target y --reg 0.3 --norm 2 --dictionary local --certify transport --out {out}"
    assert CliRunner().invoke(commands, words.split()).exit_code == 0
    checked = CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)])
    assert checked.exit_code == 0, checked.output
    proof, record = (
        json.loads((out / name).read_text(encoding="utf-8")) for name in ("proof.json", "certificate.json")
    )
    assert record["claim"]["dual"] == pytest.approx(bounded("transport", 2).dual, rel=1e-4)
    assert Fraction(record["claim"]["dual"]) <= Fraction(proof["claim"]["dual"])


@pytest.mark.parametrize("scaled", [True, False])
def test_the_command_line_writes_and_verifies(tmp_path, scaled):
    X, y = table(n=20, d=4)
    data, out = written(tmp_path / "data.csv", X, y), tmp_path / "report"
    words = f"derive {data} --target y --reg 0.4 --dictionary local --certify stars --out {out}".split()
    result = CliRunner().invoke(commands, [*words, *["--standardize"] * scaled])
    assert result.exit_code == 0, result.output
    assert "No two-layer ReLU network of any width has a training objective more than" in result.output
    checked = CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)])
    assert checked.exit_code == 0, checked.output
    assert "checked in exact arithmetic" in checked.output
    assert ("standardised features" in checked.output) == scaled
    assert "geomnn verify . --data" in (out / "report.html").read_text(encoding="utf-8")
    proof = json.loads((out / "proof.json").read_text(encoding="utf-8"))
    record = json.loads((out / "certificate.json").read_text(encoding="utf-8"))
    assert float(Fraction(proof["claim"]["dual"])) == pytest.approx(record["claim"]["dual"], rel=1e-5)
    assert abs(sum(record["dual"])) < 1e-9
    assert record["claim"]["dual"] <= Fraction(proof["claim"]["dual"])
    claim = record["claim"]
    higher = {"dual": claim["dual"] + 1, "gap": claim["primal"] - claim["dual"] - 1}
    for part, changed in (
        ("claim", {"dual": 1e3}),
        ("problem", {"reg": 77.0}),
        ("claim", {**higher, "relative_gap": higher["gap"] / claim["primal"]}),
        ("claim", {"gap": 0.0, "relative_gap": 0.0}),
        ("claim", {"relative_gap": claim["relative_gap"] / 2}),
        ("claim", {"scope": "dictionary"}),
        ("claim", {"primal": None}),
    ):
        other = {**record, part: {**record[part], **changed}}
        for certificate in (other, {**other, "seal": seal(other)}):
            (out / "certificate.json").write_text(json.dumps(certificate), encoding="utf-8")
            assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 1
    (out / "certificate.json").write_text(json.dumps(record), encoding="utf-8")
    assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 0
    proof["plans"][0][0][2] += 1
    (out / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    assert CliRunner().invoke(commands, ["verify", str(out), "--data", str(data)]).exit_code == 1
