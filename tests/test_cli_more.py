"""The command line beyond one network: the choice of reg, predictions, classes, rows left out, time and progress."""

import csv
import html
import io
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from commands import refused
from schemas import schema

import geomnn as gm
from geomnn.checker.__main__ import main as checker
from geomnn.checker.report import verify_report
from geomnn.checker.statements import Falsehood, Unproved
from geomnn.cli import main
from geomnn.errors import ConvergenceWarning
from geomnn.report import Request, study_table
from geomnn.report.fits import Fit, chosen_class, hold_out, probabilities
from geomnn.report.summary import summary

X = np.random.default_rng(0).normal(size=(24, 2)).round(3)
Y = (np.abs(X[:, 0]) + 0.2 * X[:, 1]).round(3)
KINDS = np.array(["oak", "fir", "elm"])[np.digitize(X[:, 0], [-0.4, 0.5])]
PAIR = np.where(X[:, 0] > 0, "2.0", "1")


def write(path, *columns, head="a,b,y"):
    rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    Path(path).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("data.csv", *X.T, Y)
    return tmp_path


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A report of numbers, of two classes and of three, the last with rows left out, and the tables beside them."""
    home = tmp_path_factory.mktemp("reports")
    tables = {"numbers": (Y, []), "pair": (PAIR, ["--classify"]),
              "squared": (PAIR, ["--classify", "--loss", "squared"]),
              "kinds": (KINDS, ["--classify", "--holdout", "0.25", "--seed", "3"])}  # fmt: skip
    for name, (target, options) in tables.items():
        write(home / f"{name}.csv", *X.T, target)
        words = [
            "derive",
            str(home / f"{name}.csv"),
            "--target",
            "y",
            "--reg",
            "0.5",
            "--standardize",
            *options,
        ]
        assert main([*words, "--out", str(home / name)]) == 0
    return home


def cells(text):
    head, *rows = csv.reader(io.StringIO(text))
    return head, rows


# reg


def test_auto_is_the_one_standard_error_rule_and_says_so(folder, capsys):
    assert (
        main(["derive", "data.csv", "--target", "y", "--reg", "auto", "--features", "a", "--out", "report"])
        == 0
    )
    out = capsys.readouterr().out
    found = gm.cross_validate(X[:, :1], Y)
    least = found.errors.mean(axis=0).argmin()
    within = found.mean <= found.mean[least] + found.errors[:, least].std(ddof=1) / np.sqrt(5)
    assert found.cautious == found.regs[within].max() >= found.best
    reg = json.loads(Path("report/certificate.json").read_text(encoding="utf-8"))["problem"]["reg"]
    assert reg == float(f"{found.cautious:.3g}")
    sentence = next(line for line in out.splitlines() if line.startswith("--reg auto chose"))
    assert f"chose {reg:g}: of 30 values" in sentence
    assert "within one standard error" in sentence
    page = html.unescape(Path("report/report.html").read_text(encoding="utf-8"))
    assert sentence in page
    assert "--reg auto" in page.split("<pre>geomnn ")[1].split("</pre>")[0]


def test_without_reg_there_is_a_suggestion_that_works(folder, capsys):
    words = "derive data.csv --target y --features a --out report"
    refused(
        capsys,
        *words.split(),
        parts=["--reg is missing", f"reg_max = {gm.reg_max(X[:, :1], Y):.4g}", "--reg auto"],
    )
    write("flat.csv", *X.T, np.ones(24))
    refused(capsys, *words.replace("data", "flat").split(), parts=["--reg is missing", "any will do"])


def test_auto_needs_rows_to_leave_out(folder, capsys):
    write("short.csv", [1], [2], [3])
    refused(
        capsys,
        *["derive", "short.csv", "--target", "y", "--reg", "auto", "--out", "r"],
        parts=["two rows", "give a number"],
    )
    write("pair.csv", [1, 2, 3], [2, 1, 1], ["u", "v", "v"])
    words = "derive pair.csv --target y --classify --reg auto --out r"
    refused(capsys, *words.split(), parts=["two rows", "each class"])


def test_a_large_reg_is_told_reg_max_and_a_smaller_one(folder, capsys):
    assert (
        main(["derive", "data.csv", "--target", "y", "--features", "a", "--reg", "1e4", "--out", "report"])
        == 0
    )
    err = capsys.readouterr().err
    assert f"reg_max={gm.reg_max(X[:, :1], Y):g}; take a smaller one, such as " in err


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConvergenceWarning")
def test_the_choice_ends_in_time(folder, monkeypatch):
    monkeypatch.setattr("geomnn.report.choice.LEAST", 1e-3)
    found = gm.cross_validate(X, Y, time_limit=1e-3, dictionary="local")
    assert found.stopped
    assert found.errors.shape == (5, len(found.regs))
    assert 1 <= len(found.regs) < 8
    assert np.isfinite(found.errors).all()
    words = "data.csv", "y", "auto"
    study = study_table(Request(*words, dictionary="local", time_limit=1e-3))
    assert float(study.reg) == pytest.approx(gm.reg_max(X, Y) / 100, rel=0.2)  # of what a search has found
    assert "the time was over before networks could be compared" in study.choice.sentence
    assert gm.reg_max(X, Y, time_limit=10.0) == gm.reg_max(X, Y)


# predictions


def test_predictions_are_those_of_the_network(reports, folder, capsys):
    new = np.random.default_rng(1).normal(size=(5, 2)).round(3)
    write("new.csv", ["x"] * 5, new[:, 1], new[:, 0], head="other,b,a")
    assert main(["predict", str(reports / "numbers"), "new.csv"]) == 0
    out, err = capsys.readouterr()
    head, rows = cells(out)
    network = gm.AnalyticNetwork.load(reports / "numbers" / "network.json")
    assert head == ["prediction"]
    np.testing.assert_allclose(np.array(rows, dtype=float)[:, 0], network(new), rtol=1e-11)
    assert err == ""
    assert main(["predict", str(reports / "numbers"), str(reports / "numbers.csv"), "--out", "p.csv"]) == 0
    error = np.sqrt(np.mean((network(X) - Y) ** 2))
    assert f"root mean square error {error:.4g}, R² = " in capsys.readouterr().out
    assert len(Path("p.csv").read_text().splitlines()) == 25


@pytest.mark.parametrize("name", ["pair", "squared", "kinds"])
def test_predictions_of_classes(reports, folder, capsys, name):
    assert main(["predict", str(reports / name), str(reports / f"{name}.csv"), "--out", "p.csv"]) == 0
    head, rows = cells(Path("p.csv").read_text(encoding="utf-8"))
    network = gm.AnalyticNetwork.load(reports / name / "network.json")
    f, numbers = network(X), np.array([row[1:] for row in rows], dtype=float)
    names = [row[0] for row in rows]
    if name == "squared":
        assert head == ["prediction", "decision value"]
        np.testing.assert_allclose(numbers[:, 0], f, rtol=1e-11)
    else:
        assert head[1:] == [f"probability of {each}" for each in network.classes]
        odds = np.exp(np.column_stack([0 * f, f]) if f.ndim == 1 else f)
        np.testing.assert_allclose(numbers, odds / odds.sum(axis=1, keepdims=True), rtol=1e-9)
        assert names == [network.classes[k] for k in numbers.argmax(axis=1)]
    truth = KINDS if name == "kinds" else [str(kind) for kind in PAIR]
    right = sum(said == true for said, true in zip(names, truth, strict=True))
    assert f"accuracy {right / 24:.1%}, {right} of 24 rows" in capsys.readouterr().out


BAD_ROWS = {
    "lacking": ("a,c\n1,2\n", ["lacks 1 of the 2 columns", "'b'", "it has 'a', 'c'"]),
    "blank": ("a,b\n1,\n", ["line 2, column 'b' is blank"]),
    "text": ("a,b\n1,x\n", ["'x' is text"]),
    "no rows": ("a,b\n", ["no rows"]),
    "target": ("a,b,y\n1,2,x\n1,2,3\n", ["'x' is text"]),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_are_refused_in_a_sentence(reports, folder, capsys, name):
    content, parts = BAD_ROWS[name]
    Path("new.csv").write_text(content)
    refused(
        capsys, "predict", str(reports / "numbers"), "new.csv", "--out", "p.csv", parts=["new.csv", *parts]
    )


def test_what_is_no_report_and_what_is_in_the_way(reports, folder, capsys):
    refused(capsys, "predict", "nowhere", "data.csv", parts=["nowhere", "a folder that geomnn derive wrote"])
    Path("p.csv").write_text("mine")
    words = ["predict", str(reports / "numbers"), "data.csv", "--out", "p.csv"]
    refused(capsys, *words, parts=["p.csv exists", "--force"])
    assert main([*words, "--force"]) == 0
    assert Path("p.csv").read_text().startswith("prediction\n")


def test_a_blank_target_is_none_and_an_unknown_class_is_wrong(reports, folder, capsys):
    Path("new.csv").write_text("a,b,y\n1,2,\n2,1,\n")
    assert main(["predict", str(reports / "numbers"), "new.csv"]) == 0
    assert capsys.readouterr().err == ""
    Path("new.csv").write_text("a,b,y\n1,2,yew\n2,1,\n")
    assert main(["predict", str(reports / "kinds"), "new.csv"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert "accuracy 0.0%, 0 of 1 row" in said.err
    assert "'yew'" in said.err


# classes, and rows left out


def test_a_report_of_three_classes(reports, tmp_path):
    document = json.loads((reports / "kinds" / "certificate.json").read_text(encoding="utf-8"))
    schema("certificate").validate(document)
    schema("network").validate(json.loads((reports / "kinds" / "network.json").read_text(encoding="utf-8")))
    problem = document["problem"]
    assert (problem["loss"], problem["classes"]) == ("softmax", ["elm", "fir", "oak"])
    page = (reports / "kinds" / "report.html").read_text(encoding="utf-8")
    lines = html.unescape(page.split('<pre class="check">')[1].split("</pre>")[0])
    lines += f"\nfrom network import classify\nprint(*classify({X[:3].tolist()}))"
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=reports / "kinds", capture_output=True, text=True, check=True,
    )  # fmt: skip
    *numbers, named = done.stdout.splitlines()
    found = {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in numbers if "sum" not in line}
    claim = json.loads((reports / "kinds" / "certificate.json").read_text(encoding="utf-8"))["claim"]
    assert float(found["objective"]) == pytest.approx(claim["primal"], rel=1e-9)
    assert float(found["lower bound"]) == pytest.approx(claim["dual"], rel=1e-6)
    network = gm.AnalyticNetwork.load(reports / "kinds" / "network.json")
    assert named.split() == [network.classes[k] for k in network(X[:3]).argmax(axis=1)]


def test_rows_left_out_are_in_no_part_of_the_certificate(reports):
    train, held = (
        cells((reports / "kinds" / f"{name}.csv").read_text())[1] for name in ("training", "holdout")
    )
    everything = cells((reports / "kinds.csv").read_text())[1]
    assert sorted(train + held) == sorted(everything)
    for kind in set(KINDS):
        count = int(np.sum(kind == KINDS))
        assert sum(row[2] == kind for row in held) == round(count / 4)
    problem = json.loads((reports / "kinds" / "certificate.json").read_text(encoding="utf-8"))["problem"]
    assert problem["samples"] == len(train)
    with pytest.raises(Unproved, match="more than two classes"):
        verify_report(reports / "kinds", reports / "kinds" / "training.csv")
    with pytest.raises(Falsehood, match=r"rows were left out .* give that as --data"):
        verify_report(reports / "kinds", reports / "kinds.csv")


def test_the_fit_of_rows_left_out_is_that_of_the_derivation_without_them(folder):
    study = study_table(Request("data.csv", "y", 0.5, features="a", holdout=0.25, seed=2))
    train, out = hold_out(np.zeros(24), 0.25, 2)
    assert len(out) == 6
    network = gm.derive(X[train, :1], Y[train], reg=0.5).network
    error = np.sqrt(np.mean((network(X[out, :1]) - Y[out]) ** 2))
    assert study.held_fit.error == pytest.approx(error, rel=1e-6)
    assert study.fit.rows == 18
    assert study.lines == tuple(int(k) + 2 for k in train)
    assert "Left out: root mean square error" in summary(study)
    assert study.request.command().endswith("--holdout 0.25 --seed 2 --out again")


@pytest.mark.parametrize("share", ["0", "1", "-0.5", "nan", "0.01"])
def test_shares_that_are_none(folder, capsys, share):
    words = ["derive", "data.csv", "--target", "y", "--reg", "1", "--out", "r", "--holdout", share]
    refused(capsys, *words, parts=[f"--holdout {float(share):g}"])


def test_each_class_keeps_a_row():
    labels = np.array([0] * 9 + [1])
    train, out = hold_out(labels, 0.9, 0)
    assert set(labels[train]) == {0, 1}
    assert sorted([*train, *out]) == list(range(10))


def test_rows_left_out_of_another_dialect(folder, capsys):
    """Which mark a number has is found with all rows, also with those that are left out."""
    lines = [f"{k},{k % 2}00;{abs(k - 5)}" for k in range(12)]  # 1,100 may be two numbers
    lines[hold_out(np.zeros(12), 0.25, 0)[1][0]] += ",0"  # and this says which
    Path("data.csv").write_text("\n".join(["a;y", *lines]))
    told = "data.csv was read with ';' between cells and ',' for decimals."
    words = "derive data.csv --target y --reg 1/5 --exact --holdout 0.25 --out report"
    assert main(words.split()) == 0
    assert capsys.readouterr().out.startswith(f"{told}\nf(x) = ")
    head, *train = Path("report/training.csv").read_text().splitlines()
    other, *held = Path("report/holdout.csv").read_text().splitlines()
    plain = [line.replace(",", ".").replace(";", ",") for line in lines]
    assert (head, other, sorted([*train, *held])) == ("a,y", "a,y", sorted(plain))
    assert not list(Path("report").glob("*.plain.csv"))
    page = html.unescape(Path("report/report.html").read_text(encoding="utf-8"))
    assert "geomnn verify . --data training.csv" in page
    assert told in page
    assert main(["verify", "report", "--data", "report/training.csv"]) == 0
    assert "was read with" not in capsys.readouterr().out
    assert main(["verify", "report", "--data", "data.csv"]) == 1
    capsys.readouterr()
    Path("plain.csv").write_text("\n".join([head, *plain]))
    printed = {}
    for table in ("data.csv", "plain.csv"):
        assert main(["predict", "report", table]) == 0
        printed[table] = capsys.readouterr()
        assert (told in printed[table].err) == (table == "data.csv")
        assert "12 rows" in printed[table].err
    assert printed["data.csv"].out == printed["plain.csv"].out


def test_three_classes_in_another_dialect(folder, capsys, monkeypatch):
    """Classes with a decimal comma are those with a point, to derive, to check and to predict."""
    kinds = np.digitize(X[:, 0], [-0.4, 0.5])
    labels = [("2.5", "10", "1.25")[kind] for kind in kinds]
    labels[int(np.flatnonzero(kinds == 0)[-1])] = "2.50"
    rows = [f"{a}\t{label}".replace(".", ",") for a, label in zip(X[:, 0], labels, strict=True)]
    content = "\n".join(["a\ty", *rows]).encode("utf-16")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    words = "derive - --target y --classify --reg 1 --out report"
    assert main(words.split()) == 0
    told = "standard input was decoded as UTF-16 and read with tabs between cells and ',' for decimals."
    assert told in capsys.readouterr().out
    network = gm.AnalyticNetwork.load("report/network.json")
    assert network.classes == ("1.25", "2.5", "10")
    right = np.sum(network(X[:, :1]).argmax(axis=1) == np.array([1, 2, 0])[kinds])
    Path("data.txt").write_bytes(content)
    for data in ("data.txt", "report/table.plain.csv"):
        with pytest.raises(Unproved, match="more than two classes"):
            verify_report(Path("report"), Path(data))
        assert main(["predict", "report", data, "--out", "p.csv", "--force"]) == 0
        assert f"{right} of 24 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("-9,-\n-9,-", "2 of 2 rows"),
        ("-9,NA\n9,?", ""),
        ("-9,-\n9,NA", "1 row without a target could not be judged."),
    ],
)
def test_a_minus_is_a_class_beside_a_plus(folder, capsys, rows, said):
    write("signs.csv", X[:, 0], np.where(X[:, 0] > 0, "+", "-"), head="a,y")
    words = "derive signs.csv --target y --classify --reg 1 --out report"
    assert main(words.split()) == 0
    capsys.readouterr()
    Path("new.csv").write_text(f"a,y\n{rows}\n")
    assert main(["predict", "report", "new.csv"]) == 2 * ("blank" in said)
    err = capsys.readouterr().err
    assert said in err if said else not err


def test_more_classes_have_one_loss(folder, capsys):
    write("kinds.csv", *X.T, KINDS)
    words = "derive kinds.csv --target y --classify --reg 1 --out r --loss squared"
    refused(capsys, *words.split(), parts=["--loss squared is for two classes", "softmax"])


def test_fits_in_words():
    assert (
        str(Fit.of_numbers(np.zeros(2), np.array([1.0, 3.0])))
        == "root mean square error 2.236, R² = -4.0000, 2 rows"
    )
    assert "R²" not in str(Fit.of_numbers(np.zeros(1), np.ones(1)))
    assert (
        str(Fit.of_classes(np.array([-1.0, 2.0, 3.0]), np.array([0, 1, -1]))) == "accuracy 66.7%, 2 of 3 rows"
    )
    assert chosen_class(np.array([[0.0, 2.0, 1.0]])).tolist() == [1]
    assert probabilities(np.zeros(2), "squared") is None
    assert probabilities(np.zeros(1), "logistic").tolist() == [[0.5, 0.5]]


# time, progress, proofs and words


def test_the_report_says_that_the_time_was_over(folder, capsys):
    random = np.random.default_rng(2)
    table = random.normal(size=(40, 9)).round(2)
    write("wide.csv", *table.T, head="a,b,c,d,e,f,g,h,y")
    words = "derive wide.csv --target y --reg 0.1 --dictionary local --time-limit 0.01 --out report"
    assert main(words.split()) == 0
    sentence = "The time limit of 0.01 s was reached before the end"
    out, err = capsys.readouterr()
    assert sentence in out
    assert "time_limit=" not in err
    assert sentence in Path("report/report.html").read_text(encoding="utf-8")
    refused(capsys, *words.replace("0.01", "-1").split(), "--force", parts=["--time-limit -1"])


def test_progress_is_for_terminals(folder, capsys, monkeypatch):
    monkeypatch.setattr("geomnn.deadline.SHOWN_AFTER", 0.0)
    monkeypatch.setattr("geomnn.deadline.OFTEN", 0.0)
    words = [
        "derive",
        "data.csv",
        "--target",
        "y",
        "--reg",
        "1",
        "--features",
        "a",
        "--force",
        "--out",
        "report",
    ]
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    assert main([*words, "--progress"]) == 0
    err = capsys.readouterr().err
    assert {"reading data.csv", "drawing the pictures", "writing the report"} <= {
        part.rsplit(",", 1)[0].strip() for part in err.split("\r")
    }
    assert "\n" not in err


def test_a_report_of_floats_says_what_it_lacks(reports, capsys):
    data = str(reports / "numbers.csv")
    assert main(["verify", str(reports / "numbers"), "--data", data]) == 2
    err = capsys.readouterr().err
    assert "derive it with --exact, or with --certify" in err
    assert "about these data" in err
    assert checker([str(reports / "numbers"), "--data", data]) == 2
    assert main(["verify", str(reports / "numbers"), "--data", str(reports / "pair.csv")]) == 1


def test_words_on_the_terminal_are_explained(folder):
    study = study_table(Request("data.csv", "y", 1, features="a", exact=True))
    text = summary(study)
    assert "(T)" not in text
    assert "The training objective is half the sum of the squared errors, plus reg/2" in text
    assert "Atoms are the neurons that compete." in text
    assert f"Fit: {study.fit}." in text


def test_long_names_are_cut_on_the_terminal(folder):
    random = np.random.default_rng(3)
    table = random.normal(size=(6, 81)).round(2)
    write("wide.csv", *table.T, head=",".join([*(f"c{k}{'o' * 300}" for k in range(80)), "y"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        study = study_table(Request("wide.csv", "y", 0.1, time_limit=0.5))
    names = [neuron.atom.label(study.features) for neuron in study.solution.network.neurons]
    assert max(map(len, names)) > 300
    lines = summary(study).splitlines()
    assert max(len(line) for line in lines if "·u" in line) < 260
    assert f"c11{'o' * 300}, …)" in summary(study)
    for name in names:
        assert any(line.endswith(name[-20:]) for line in lines)
