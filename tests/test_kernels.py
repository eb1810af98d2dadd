"""The script that runs things under several kernels of BLAS leaves its own process alone and notices what fails."""

import os
import platform

import kernels
import pytest

VERSION = ["--", "--version"]


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv(kernels.VARIABLE, raising=False)


def test_names_that_load_the_same_kernel_are_one(capsys):
    before = dict(os.environ)
    assert kernels.main(["--kernels", "nonsense", "no such", *VERSION]) == 0
    printed = capsys.readouterr().out
    assert "no such: loads" in printed
    assert "1 distinct kernels, 0 failures" in printed
    assert dict(os.environ) == before


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["tests/test_kernels.py::test_no_such"]])
def test_a_failure_is_one(arguments, capsys):
    assert kernels.main(["--kernels", "nonsense", "--", *arguments]) == 1
    assert "1 failures" in capsys.readouterr().out


def test_fewer_than_demanded(capsys, monkeypatch):
    """It fails only where this processor has so many."""
    monkeypatch.setattr(kernels, "NAMES", ())
    assert kernels.main(["--at-least", "3", *VERSION]) == 0
    assert "3 distinct kernels were demanded; this processor has 1" in capsys.readouterr().out
    monkeypatch.setattr(
        kernels, "available", lambda names, most=None: [kernels.Kernel(n, n, n) for n in names]
    )
    monkeypatch.setattr(kernels, "table", lambda *_: 0)
    monkeypatch.setattr(kernels, "NAMES", ("A", "B", "C"))
    assert kernels.main(["--at-least", "3", *VERSION]) == 0
    assert kernels.main(["--at-least", "3", "--kernels", "A", "B", *VERSION]) == 1
    assert kernels.main(["--at-least", "4", "--kernels", "A", "B", *VERSION]) == 1
    assert kernels.main(["--at-least", "2", "--kernels", "A", "B", *VERSION]) == 0


def test_a_kernel_that_is_set_already_is_so_for_others_only(capsys, monkeypatch):
    monkeypatch.setenv(kernels.VARIABLE, "Nonsense")
    before = dict(os.environ)
    monkeypatch.setattr(kernels, "NAMES", ("A", "B"))
    asked = []
    monkeypatch.setattr(
        kernels,
        "run",
        lambda arguments, name, threads: kernels.Run(not asked.append(name), f"{name} {name}", 0, 0),
    )
    assert kernels.main(["--at-least", "2", *VERSION]) == 0
    assert asked == ["A", "B", "A", "B"]
    assert kernels.environment("A", 1)[kernels.VARIABLE] == "A"
    assert dict(os.environ) == before
    assert "2 distinct kernels, 0 failures" in capsys.readouterr().out


def test_a_name_is_passed_on():
    """Every 64-bit x86 processor can run Prescott, which no library chooses by itself."""
    if platform.machine() in ("x86_64", "AMD64"):
        names = {kernel.name for kernel in kernels.available(["Prescott", "nonsense"])}
        assert names == {"Prescott", "nonsense"}
        assert [kernel.name for kernel in kernels.available(["Prescott", "nonsense"], 1)] == ["Prescott"]
    else:
        assert len(kernels.available(["nonsense"])) == 1


def test_examples_are_run_as_their_pages_are(tmp_path):
    """The last value of each block is shown, pictures are not, and other text than at first is a failure."""
    example = tmp_path / "plot_something.py"
    example.write_text(
        "import matplotlib.pyplot as plt\n1\n2\n# %%\nlast, path = 3, __name__\nlast\n# %%\nplt.figure()\n"
    )
    done = kernels.run(["-c", kernels.EXAMPLE, str(example)], None, 1)
    assert done.passed
    assert done.text == "2\n3\n"
    first = {}
    assert kernels.as_before(example.name, done, first).passed
    assert kernels.as_before(example.name, done, first).passed
    other = kernels.as_before(example.name, done._replace(text="2\n4\n"), first)
    assert not other.passed
    assert {"-3", "+4"} <= set(other.text.splitlines())
    example.write_text("import warnings, geomnn\nwarnings.warn('x', geomnn.errors.GeomnnWarning)\n")
    assert not kernels.run(["-c", kernels.EXAMPLE, str(example)], None, 1).passed


def test_the_quick_tests_are_there():
    assert all((kernels.TREE / f"tests/test_{part}.py").is_file() for part in kernels.QUICK)
