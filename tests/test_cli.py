"""The command line: what it writes and what it says."""

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
from commands import GOOD, contents, derive, refused

import geomnn as gm
from geomnn.checker.letters import LETTERS, spelt
from geomnn.cli import main

FILES = {f"network.{kind}" for kind in ("json", "tex", "py", "png", "svg")} | {
    "certificate.json",
    "report.html",
    "residuals.png",
    "residuals.svg",
}
PLANAR = FILES | {"wedge.png", "wedge.svg"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder with a good table in it."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(GOOD, encoding="utf-8")
    return tmp_path


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


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes there")
def test_a_file_name_that_is_no_text(folder):
    name = os.fsdecode(b"caf\xe9.csv")
    Path("data.csv").rename(name)
    assert main(derive("--features", "a,b", path=name)) == 0
    assert contents("report") == PLANAR
