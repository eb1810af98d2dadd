"""What the tests of the command line share: a good table, how it is called, and how a refusal has to look."""

from pathlib import Path

from geomnn.cli import main

GOOD = "a,b,y,kind\n0,0,0,red\n1,0,1,blue\n0,1,1,blue\n1,1,0,red\n2,1,1,blue\n"


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
