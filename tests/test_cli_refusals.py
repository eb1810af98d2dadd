"""The command line where something is wrong: one sentence, exit status 2, and nothing is left behind."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from commands import GOOD, contents, derive, refused

from geomnn.checker.__main__ import main as checker
from geomnn.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder with a good table in it."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(GOOD, encoding="utf-8")
    return tmp_path


CONTROLS = [
    "\x1b[31mred\x1b[0m",
    "a\x07b",
    "a\x9b31m",
    "\u202egnp",
    "a\u2028b",
    "x\x7f",
    "two\nlines",
    "tab\there",
]


@pytest.mark.parametrize("name", CONTROLS)
def test_a_terminal_obeys_no_column_name(folder, capsys, name):
    Path("t.csv").write_bytes(f'"{name}","{name}2",y\n0,1,0\n1,0,1\n2,3,0\n'.encode())
    assert main(derive(path="t.csv")) == 0
    out, err = capsys.readouterr()
    shown = repr(name)[1:-1]
    assert f"x = ({shown}, {shown}2); x3 is" in out
    assert all(c.isprintable() for c in (out + err).replace("\n", ""))
    assert main(derive(path="t.csv", target="z", out="other")) == 2
    assert main(derive("--classify", path="t.csv", target=name + "2", out="other")) == 2
    assert main(derive(path="t.csv", target=name, reg="0.1", out="name\x1b[31m/x")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 3
    assert all(c.isprintable() for c in err.replace("\n", ""))


def test_a_terminal_obeys_no_certificate(folder, capsys):
    assert main(derive("--features", "a,b", "--exact")) == 0
    text = Path("report/certificate.json").read_text(encoding="utf-8")
    Path("report/certificate.json").write_text(
        text.replace('"inf"', "").replace('"1"', '"\\u001b[31m\\n"', 1)
    )
    capsys.readouterr()
    assert main(["verify", "report", "--data", "data.csv"]) == 1
    assert checker(["report", "--data", "data.csv"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert all(c.isprintable() for c in err.replace("\n", ""))


def test_a_file_without_a_header_is_refused(folder, capsys):
    Path("numbers.csv").write_text("1,2,3\n2,1,4\n3,3,1\n", encoding="utf-8")
    refused(capsys, *derive(path="numbers.csv", target="3"), parts=["without a header", "Add a first line"])


def test_a_header_that_looks_like_data_is_said_so(folder, capsys):
    Path("iris.csv").write_text(
        "5.1,3.5,setosa\n4.9,3,setosa\n7,3.2,virginica\n6.4,3.2,virginica\n", encoding="utf-8"
    )
    assert main(derive("--classify", path="iris.csv", target="setosa")) == 0
    _, err = capsys.readouterr()
    assert err.startswith("geomnn: warning: The header of iris.csv looks like data or metadata")
    assert err.count("\n") == 1
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert page.count("looks like data or metadata") == 1
    assert main(derive("--features", "a,b", out="good")) == 0
    assert "metadata" not in Path("good/report.html").read_text(encoding="utf-8") + capsys.readouterr().err
    assert main(derive(path="iris.csv", target="nothing", out="other")) == 2
    assert [line[:16] for line in capsys.readouterr().err.splitlines()] == [
        "geomnn: warning:",
        "geomnn: error: i",
    ]


BAD_TABLES = {
    "empty": ("", ["is empty"]),
    "header only": ("a,y\n", ["no rows"]),
    "no such column": ("a,z\n1,2\n", ["no column 'y'", "'a', 'z'"]),
    "duplicate": ("a,a,y\n1,2,3\n", ["'a' twice"]),
    "ragged": ("a,y\n1,2\n1\n", ["line 3"]),
    "blank cell": ("a,y\n1,2\n,3\n", ["line 3, column 'a' is blank"]),
    "blank target": ("a,y\n1,\n", ["line 2, column 'y' is blank"]),
    "not text": (b"a,y\n1,\xff\n", ["0xff", "UTF-8"]),
    "NUL": (b"a,y\n1,\x00\n", ["NUL"]),
    "only the target": ("y\n1\n", ["only, which is the target"]),
    "text feature": ("a,y\nred,1\n", ["'red' is text", "--features"]),
    "text target": ("a,y\n1,red\n", ["'red' is text", "--classify"]),
    "NaN": ("a,y\nnan,1\n", ["not a finite number"]),
    "infinite target": ("a,y\n1,-inf\n", ["not a finite number"]),
    "semicolons": ("a;z\n1;2\n", ["no column 'y'", "'a', 'z'"]),
    "a number that may be two": ("a;y\n1,000;2\n", ["line 2, column 'a'", "may be 1 or 1000"]),
    "texts": ("a,b,c,y\nred,1,u,1\n", ["'red' is text", "'c'", "--features b"]),
    "line break in a name": ('"a\nb",z\n1,2\n', ["no column 'y'"]),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables(folder, capsys, name):
    content, parts = BAD_TABLES[name]
    Path("bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(capsys, *derive(path="bad.csv"), parts=["bad.csv", *parts])


@pytest.mark.parametrize(
    ("cells", "parts"),
    [("aaa", ["1 class ('a')"]), ("abc", ["3 classes ('a', 'b', 'c')"])],
)
def test_bad_classes(folder, capsys, cells, parts):
    Path("bad.csv").write_text("x,y\n" + "".join(f"{k},{c}\n" for k, c in enumerate(cells)), encoding="utf-8")
    refused(capsys, *derive("--classify", path="bad.csv"), parts=parts)


BAD_OPTIONS = {
    "missing file": (derive(path="no.csv"), ["no.csv does not exist"]),
    "folder for a file": (derive(path="."), [". is a folder"]),
    "missing target": (derive(target="z"), ["no column 'z'", "'a', 'b', 'y', 'kind'"]),
    "text feature": (derive(), ["'red' is text", "--features"]),
    "unknown feature": (derive("--features", "a,z"), ["no column 'z'"]),
    "duplicate feature": (derive("--features", "a,a"), ["'a' twice"]),
    "target among features": (derive("--features", "a,y"), ["'y' is the target"]),
    "no feature": (derive("--features", ""), ["names no column"]),
    "line break in features": (derive("--features", "a\nb"), ["--features"]),
    "reg 0": (derive("--features", "a", reg="0"), ["--reg 0.0", "above 0"]),
    "negative reg": (derive("--features", "a", reg="-1"), ["--reg -1.0", "above 0"]),
    "reg nan": (derive("--features", "a", reg="nan"), ["--reg nan", "above 0"]),
    "reg inf": (derive("--features", "a", reg="inf"), ["--reg inf", "above 0"]),
    "reg text": (derive("--features", "a", reg="big"), ["'big' is not a number", "derive --help"]),
    "reg snan": (derive("--features", "a", reg="snan"), ["'snan' is not a number"]),
    "reg by zero": (derive("--features", "a", reg="1/0"), ["'1/0' is not a number"]),
    "exact reg -1": (derive("--features", "a", "--exact", reg="-1"), ["--reg -1; ", "above 0"]),
    "exact reg nan": (derive("--features", "a", "--exact", reg="nan"), ["--reg NaN; ", "above 0"]),
    "exact reg large": (derive("--features", "a", "--exact", reg="1e200"), ["reg is outside of 1e-100"]),
    "exact and local": (
        derive("--features", "a", "--exact", "--dictionary", "local"),
        ["--exact needs every atom", "--dictionary local has only some", "leave --exact out"],
    ),
    "exact and norm 2": (
        derive("--features", "a,b", "--exact", "--norm", "2"),
        ["--exact needs", "--dictionary wedge", "leave --exact out"],
    ),
    "exact and classes": (
        derive("--features", "a", "--exact", "--classify", target="kind"),
        ["--exact is for", "--loss squared"],
    ),
    "norm": (derive("--norm", "3"), ["'3'", "'1', '2', 'inf'", "derive --help"]),
    "loss": (derive("--loss", "hinge"), ["'hinge'", "'squared', 'logistic'"]),
    "dictionary": (derive("--dictionary", "best"), ["'best'"]),
    "tol": (derive("--features", "a", "--tol", "2"), ["--tol 2.0", "between 0 and 1"]),
    "logistic without classes": (derive("--loss", "logistic"), ["--classify"]),
    "unknown option": (derive("--regs", "3"), ["--regs", "derive --help"]),
    "unknown command": (["derivate"], ["derivate", "geomnn --help"]),
    "no arguments": (["derive"], ["Missing argument", "derive --help"]),
    "no target": (["derive", "data.csv", "--reg", "1", "--out", "r"], ["Missing option '--target'"]),
    "two tables": (derive("data.csv"), ["unexpected extra argument"]),
    "out is a file": (derive("--features", "a", out="data.csv"), ["data.csv is a file"]),
    "out is a file, forced": (derive("--features", "a", "--force", out="data.csv"), ["data.csv is a file"]),
    "out exists": (derive("--features", "a", out="."), [". exists", "--force"]),
    "no parent": (derive("--features", "a", out="no/report"), ["no is not a folder"]),
    "parent is a file": (derive("--features", "a", out="data.csv/report"), ["data.csv is not a folder"]),
    "empty out": (derive("--features", "a", out=""), ["is not a path"]),
    "demo on a file": (["demo", "--out", "data.csv"], ["data.csv is a file"]),
    "demo on a folder": (["demo", "--out", "."], [". exists"]),
}


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_bad_options(folder, capsys, name):
    arguments, parts = BAD_OPTIONS[name]
    refused(capsys, *arguments, parts=parts)


def test_too_large(folder, capsys):
    random = np.random.default_rng(0)
    rows = ["a,b,c,d,e,f,y", *(",".join(f"{v:.3f}" for v in row) for row in random.normal(size=(300, 7)))]
    Path("big.csv").write_text("\n".join(rows), encoding="utf-8")
    arguments = derive("--dictionary", "all", path="big.csv")
    refused(capsys, *arguments, parts=["300 samples", "Use fewer samples or features, --dictionary local"])
    refused(capsys, *derive("--exact", path="big.csv"), parts=["Use fewer samples, or no --exact."])


@pytest.mark.slow
def test_more_columns_than_can_be_enumerated(folder, capsys):
    random = np.random.default_rng(0)
    rows = ["a,b,c,d,e,f,y", *(",".join(f"{v:.3f}" for v in row) for row in random.normal(size=(60, 7)))]
    Path("big.csv").write_text("\n".join(rows), encoding="utf-8")
    assert main(derive("--norm", "2", path="big.csv", reg="5")) == 0
    out, _ = capsys.readouterr()
    assert "That is no proof" in out
    claim = json.loads(Path("report", "certificate.json").read_text(encoding="utf-8"))["claim"]
    assert claim["scope"] == "local"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
def test_a_parent_that_cannot_be_written(folder, capsys, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: False if Path(path) == folder else real(path, mode))
    refused(capsys, *derive("--features", "a"), parts=["may not be written"])


def test_a_disk_that_fails(folder, capsys, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    refused(capsys, *derive("--features", "a"), parts=["No space left on device"])


def test_other_exceptions_are_not_swallowed_and_leave_nothing(folder, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("geomnn.report.page_text", broken)
    with pytest.raises(ZeroDivisionError):
        main(derive("--features", "a"))
    assert contents() == {"data.csv"}


def test_interrupted(folder, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("geomnn.report.page_text", interrupt)
    assert main(derive("--features", "a")) == 130
    assert capsys.readouterr().err.strip().endswith("geomnn: error: interrupted; nothing was written.")
    assert contents() == {"data.csv"}
