"""The command line: what it writes, what it says, and that bad input leaves nothing behind."""

import html
import io
import itertools
import json
import os
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import geomnn as gm
from geomnn.checker.__main__ import main as checker
from geomnn.checker.letters import LETTERS, spelt
from geomnn.cli import main

FILES = {f"network.{kind}" for kind in ("json", "tex", "py", "png", "svg")} | {
    "certificate.json",
    "report.html",
    "residuals.png",
    "residuals.svg",
}
PLANAR = FILES | {"wedge.png", "wedge.svg"}
GOOD = "a,b,y,kind\n0,0,0,red\n1,0,1,blue\n0,1,1,blue\n1,1,0,red\n2,1,1,blue\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder with a good table in it."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(GOOD, encoding="utf-8")
    return tmp_path


def contents(path="."):
    return {p.name for p in Path(path).iterdir()}


def refused(capsys, *arguments, parts=()):
    """Exit status 2, one line on stderr, nothing on stdout, no file more or less."""
    before = {path: path.stat().st_mtime_ns for path in Path(".").rglob("*")}
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("geomnn: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert len(err.split("; ")) > 1 or "See geomnn" in err or ". " in err, "no advice"
    for part in parts:
        assert part in err
    assert {path: path.stat().st_mtime_ns for path in Path(".").rglob("*")} == before
    return err


def derive(*extra, path="data.csv", target="y", reg="0.1", out="report"):
    return ["derive", path, "--target", target, "--reg", reg, "--out", out, *extra]


def problem_of(folder):
    return json.loads(Path(folder, "certificate.json").read_text(encoding="utf-8"))["problem"]


def test_derive_writes_its_files_and_says_where(folder, capsys):
    assert main(derive("--features", "a,b")) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert contents("report") == PLANAR
    assert contents() == {"data.csv", "report"}
    network = gm.AnalyticNetwork.load("report/network.json")
    assert str(network) in out
    claim = json.loads(Path("report/certificate.json").read_text(encoding="utf-8"))["claim"]
    assert claim["statement"] in out
    assert claim["scope"] == "global"
    assert os.path.join("report", "report.html") in out
    X = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]])
    predict = runpy.run_path("report/network.py")["predict"]
    np.testing.assert_allclose(predict(X), network(X), atol=1e-12)
    assert Path("report/network.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in Path("report/network.svg").read_bytes()[:1000]
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert (
        page.count("data:image/svg+xml;base64,") == 3
    )  # the network, the residuals, and what a neuron measures


@pytest.mark.parametrize(
    ("standardize", "norm", "bias"), list(itertools.product([False, True], ["1", "2", "inf"], [False, True]))
)
def test_options_reach_the_solver(folder, standardize, norm, bias):
    extra = ["--standardize"] * standardize + ["--no-bias"] * (not bias)
    assert main(derive("--features", "b", "--norm", norm, *extra)) == 0
    problem = problem_of("report")
    assert (problem["norm"], problem["bias"]) == (norm, bias)
    assert ("scaling" in problem) == standardize
    assert contents("report") == FILES


def test_classes(folder, capsys):
    assert main(derive("--classify", "--features", "b,a", target="kind")) == 0
    module = runpy.run_path("report/network.py")
    assert module["FEATURES"] == ["b", "a"]
    assert set(module["classify"]([[0, 0], [1, 2]])) <= {"blue", "red"}
    problem = problem_of("report")
    assert (problem["classes"], problem["loss"]) == (["blue", "red"], "logistic")
    squared = derive("--classify", "--features", "b,a", "--loss", "squared", target="kind", out="two")
    assert main(squared) == 0
    assert problem_of("two")["loss"] == "squared"


def test_byte_order_mark_and_quotes(folder):
    Path("excel.csv").write_bytes('\ufeff"a b", "y"\r\n"0" ,"1"\r\n1, 2\r\n2,"4"\r\n\r\n'.encode())
    assert main(derive(path="excel.csv")) == 0
    assert runpy.run_path("report/network.py")["FEATURES"] == ["a b"]


@pytest.mark.parametrize(
    "backend", ["module://matplotlib_inline.backend_inline", "module://no_such.backend", "nonsense"]
)
@pytest.mark.slow
def test_the_backend_of_the_environment_has_no_say(folder, backend):
    (folder / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\nfigure.facecolor: red\n")
    done = run(*derive("--features", "b", out="other"), MPLBACKEND=backend)
    assert (done.returncode, done.stderr) == (0, b"")
    assert main(derive("--features", "b", out="plain")) == 0
    for name in FILES:
        assert (folder / "other" / name).read_bytes() == (folder / "plain" / name).read_bytes(), name


@pytest.mark.parametrize("backend", ["svg", "nonsense"])
@pytest.mark.slow
def test_a_report_leaves_matplotlib_as_it_is(folder, backend):
    """The backend that the user asked for is still asked for, rcParams are what they were, and pyplot is not there."""
    script = (
        "import os, sys; from geomnn.cli import main\n"
        "assert main(sys.argv[1:]) == 0 and 'matplotlib.pyplot' not in sys.modules\n"
        "import matplotlib\n"
        "default = matplotlib.rc_params()\n"
        "different = [k for k in default if k != 'backend' and matplotlib.rcParams[k] != default[k]]\n"
        "assert not different, different\n"
        "print(os.environ.get('MPLBACKEND'), dict.__getitem__(matplotlib.rcParams, 'backend'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(gm.__file__).parents[1])}
    environment["MPLBACKEND"] = backend
    done = subprocess.run([sys.executable, "-c", script, *derive("--features", "b")], capture_output=True, text=True,
                          env=environment, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept, chosen = done.stdout.splitlines()[-1].split(" ", 1)
    assert kept == backend
    assert (chosen == "svg") == (backend == "svg")


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


@pytest.mark.parametrize("labels", [("16777217", "16777217.00000000001"), ("1e400", "2"), ("a", "b")])
def test_the_lines_of_the_report_read_the_same_classes(folder, labels):
    rows = "".join(f"{k},{(k * k) % 3},{labels[k % 2]}\n" for k in range(6))
    Path("t.csv").write_text("a,b,y\n" + rows, encoding="utf-8")
    assert main(derive("--classify", path="t.csv")) == 0
    page = Path("report/report.html").read_text(encoding="utf-8")
    lines = html.unescape(page.split('<pre class="check">')[1].split("</pre>")[0])
    Path("report/t.csv").write_bytes(Path("t.csv").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd="report", capture_output=True, text=True, check=True
    )
    objective = next(line for line in done.stdout.splitlines() if line.startswith("objective"))
    claim = json.loads(Path("report/certificate.json").read_text(encoding="utf-8"))["claim"]
    assert float(objective.split()[1]) == pytest.approx(claim["primal"], rel=1e-9)


@pytest.mark.slow
def test_two_runs_on_one_machine_give_the_same_bytes(folder):
    for out in ("one", "two"):
        assert main(derive("--features", "a,b", "--norm", "2", out=out)) == 0
    for name in PLANAR:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name


@pytest.mark.slow
def test_the_command_in_the_report_gives_the_same_network(folder):
    assert main(derive("--features", "a,b", "--standardize", "--norm", "inf")) == 0
    page = Path("report/report.html").read_text(encoding="utf-8")
    command = page.split("<pre>geomnn ")[1].split("</pre>")[0]
    assert main(shlex.split(command)) == 0
    for name in PLANAR:
        assert (folder / "again" / name).read_bytes() == (folder / "report" / name).read_bytes(), name


@pytest.mark.slow
def test_force_replaces_its_files_and_keeps_foreign_ones(folder, capsys):
    assert main(derive("--features", "a,b")) == 0
    Path("report/notes.txt").write_text("mine")
    Path("report/network.json").write_text("old")
    capsys.readouterr()
    refused(capsys, *derive("--features", "a,b"), parts=["report exists", "--force"])
    assert Path("report/network.json").read_text() == "old"
    assert main(derive("--features", "a,b", "--force")) == 0
    assert Path("report/notes.txt").read_text() == "mine"
    gm.AnalyticNetwork.load("report/network.json")
    assert contents("report") == PLANAR | {"notes.txt"}


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


def test_warnings_are_one_line_and_do_not_fail(folder, capsys):
    assert main(derive("--features", "a,b", reg="1000")) == 0
    out, err = capsys.readouterr()
    assert err.startswith("geomnn: warning: The optimal network is a constant")
    assert err.count("\n") == 1
    assert "f(x) = 0.6" in out
    assert contents("report") == FILES


def test_many_neurons_are_summarised(folder, capsys):
    random = np.random.default_rng(0)
    rows = ["a,b,y", *(",".join(f"{v:.3f}" for v in row) for row in random.normal(size=(30, 3)))]
    Path("many.csv").write_text("\n".join(rows), encoding="utf-8")
    assert main(derive(path="many.csv", reg="0.001")) == 0
    out, _ = capsys.readouterr()
    count = len(gm.AnalyticNetwork.load("report/network.json"))
    assert f"and {count - 12} more neurons" in out
    assert out.count("·u)₊") == 12


def test_help_teaches(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ["derive", "demo", "--version", "--help", "closed form"])
    assert main([]) == 0
    assert capsys.readouterr().out == text
    assert main(["derive", "--help"]) == 0
    text = capsys.readouterr().out
    options = "target reg norm features classify standardize loss no-bias dictionary tol progress out force"
    assert all(f"--{name}" in text for name in options.split())
    assert "report.html" in text
    assert main(["demo", "-h"]) == 0
    assert "--force" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("geomnn ")


@pytest.mark.slow
def test_demo_and_the_command_that_it_prints(folder, capsys):
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert contents("geomnn-demo") == PLANAR | {"demo.csv"}
    first = {name: (folder / "geomnn-demo" / name).read_bytes() for name in PLANAR}
    command = next(line for line in out.splitlines() if line.startswith("  geomnn derive"))
    assert main(shlex.split(command)[1:]) == 0
    assert {name: (folder / "report" / name).read_bytes() for name in PLANAR} == first
    Path("geomnn-demo/mine").write_text("mine")
    assert main(["demo"]) == 0
    assert contents("geomnn-demo") == PLANAR | {"demo.csv", "mine"}
    assert len(gm.AnalyticNetwork.load("geomnn-demo/network.json")) <= 12


def run(*arguments, **environment):
    root = Path(gm.__file__).parents[1]
    settings = {**os.environ, "PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1", **environment}
    command = [sys.executable, "-m", "geomnn", *arguments]
    return subprocess.run(command, capture_output=True, env=settings, timeout=120)


@pytest.mark.slow
def test_as_a_process(folder):
    done = run(*derive("--features", "a,b"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "₊" in done.stdout.decode("utf-8")
    failed = run(*derive(path="no.csv", out="other"))
    assert (failed.returncode, failed.stdout) == (2, b"")
    assert failed.stderr.startswith(b"geomnn: error: no.csv does not exist")
    assert failed.stderr.count(b"\n") == 1
    assert contents() == {"data.csv", "report"}


@pytest.mark.slow
def test_a_terminal_without_mathematics(folder):
    done = run(*derive("--features", "a,b"), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"f(x) = " in done.stdout
    assert b"||u|| = 1" in done.stdout
    assert b"?" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_letters_that_a_terminal_lacks_are_spelt(folder, encoding):
    failed = run(*derive(target="Größe ⋆", out="other"), PYTHONIOENCODING=encoding)
    assert failed.returncode == 2
    assert ("'Gr\\xf6\\xdfe *'" if encoding == "ascii" else "'Größe *'") in failed.stderr.decode(encoding)
    assert failed.stderr.count(b"\n") == 1
    shown = run("derive", "--help", PYTHONIOENCODING=encoding)
    assert (shown.returncode, shown.stderr) == (0, b"")
    dots = "..." if encoding == "ascii" else "…"
    assert f"--features A,B,{dots} " in " ".join(shown.stdout.decode(encoding).split())


def test_every_letter_has_its_place_in_ascii():
    for letter, other in LETTERS.items():
        assert not letter.isascii()
        assert other.isascii()
    text = "−½ · ‖w‖² ≤ 10⁻¹² ∧ x̃₊ ∈ α"
    assert spelt(text, "utf-8") == spelt(text, None) == text
    assert spelt(text, "ascii") == "-1/2 * ||w||^2 <= 10^-12 ^ x~_+  in  alpha"
    assert spelt(text, "cp1252") == "-½ · ||w||² <= 10^-12 ^ x~_+  in  alpha"
    assert spelt("日\udce9", "ascii") == "\\u65e5\\udce9"


def test_a_table_in_another_dialect_and_its_report(folder, capsys, monkeypatch):
    Path("data.csv").write_text(
        "sex;a;y\nTrue;0,5;1.000,5\nFalse;1;2\nTrue;2,25;3\nFalse;0,75;1\n", encoding="utf-8"
    )
    told = "data.csv was read with ';' between cells, ',' for decimals and '.' between thousands; True is 1"
    assert main(derive("--exact")) == 0
    assert told in capsys.readouterr().out
    assert contents("report") == PLANAR | {"data.plain.csv", "optimal_set.json"}
    copy = Path("report/data.plain.csv").read_text(encoding="utf-8")
    assert copy == "sex,a,y\n1,0.5,1000.5\n0,1,2\n1,2.25,3\n0,0.75,1\n"
    for data in ("data.csv", "report/data.plain.csv"):
        assert main(["verify", "report", "--data", data]) == 0
        assert (told in capsys.readouterr().out) == (data == "data.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("data.csv").read_bytes())))
    assert main(derive(path="-", out="piped")) == 0
    assert contents("piped") == PLANAR | {"table.plain.csv"}
    assert (
        "geomnn derive - --target y --reg 0.1 --out again &lt; table.plain.csv"
        in Path("piped/report.html").read_text()
    )
    assert main(derive(out="floats")) == 0
    page = Path("floats/report.html").read_text(encoding="utf-8")
    assert told in html.unescape(page)
    lines = html.unescape(page.split('<pre class="check">')[1].split("</pre>")[0])
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd="floats", capture_output=True, text=True, check=True
    )
    claim = json.loads(Path("floats/certificate.json").read_text(encoding="utf-8"))["claim"]
    assert float(done.stdout.split()[1]) == pytest.approx(claim["primal"], rel=1e-9)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes there")
def test_a_file_name_that_is_no_text(folder):
    name = os.fsdecode(b"caf\xe9.csv")
    Path("data.csv").rename(name)
    assert main(derive("--features", "a,b", path=name)) == 0
    assert contents("report") == PLANAR


def test_prove_checks_the_proofs_of_the_source_tree(capsys):
    assert main(["prove", "cross_product", "one_dimension"]) == 0
    out, _ = capsys.readouterr()
    assert "all hold" in out
    assert "identity" in out
    assert "Wedges of wedges" not in out
    with pytest.raises(SystemExit) as stopped:
        main(["prove", "nothing"])
    assert stopped.value.code == 2


def test_prove_from_an_installed_package_says_where_the_proofs_are(tmp_path):
    import shutil

    shutil.copytree(
        Path(gm.__file__).parent, tmp_path / "geomnn", ignore=shutil.ignore_patterns("__pycache__")
    )
    done = subprocess.run([sys.executable, "-m", "geomnn", "prove"], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "source tree" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
