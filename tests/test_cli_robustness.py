"""`geomnn robustness`: what it writes is what the library proves, of numbers, two classes and three."""

import numpy as np
import pytest
from test_cli_more import KINDS, PAIR, X, Y, cells, folder, refused, reports, write  # noqa: F401

import geomnn as gm
from geomnn.cli import main


@pytest.mark.parametrize(("name", "target"), [("pair", PAIR), ("kinds", KINDS)])
@pytest.mark.parametrize("ball", ["inf", "1", "2"])
def test_classes(reports, folder, capsys, name, target, ball):  # noqa: F811
    words = [
        "robustness",
        str(reports / name),
        "--data",
        str(reports / f"{name}.csv"),
        "--eps",
        "0.05",
        "--ball",
        ball,
    ]
    assert main(words) == 0
    out, err = capsys.readouterr()
    head, rows = cells(out)
    network = gm.AnalyticNetwork.load(reports / name / "network.json")
    number = np.array([network.classes.index(str(kind)) for kind in target])
    y = 2 * number - 1 if network.outputs is None else np.eye(3)[number]
    found = gm.robustness(network, X, y, eps=0.05, ball=float(ball))
    assert head == ["y", "certified", "radius at least", "radius at most", "flipped at a", "flipped at b"]
    assert [row[0] for row in rows] == [str(kind) for kind in target]
    assert [row[1] == "yes" for row in rows] == found.certified.tolist()
    np.testing.assert_allclose(np.array([row[2:4] for row in rows], dtype=float), found.radius, rtol=1e-9)
    assert str(found) in err


def test_numbers_and_rows_without_a_target(reports, folder, capsys):  # noqa: F811
    words = ["robustness", str(reports / "numbers"), "--data", str(reports / "numbers.csv"), "--eps", "1/10"]
    assert main([*words, "--out", "r.csv"]) == 0
    head, rows = cells((folder / "r.csv").read_text(encoding="utf-8"))
    assert head == ["prediction", "at least", "at most", "error at most"]
    f, low, high, error = np.array(rows, dtype=float).T
    assert ((low <= f) & (f <= high)).all()
    np.testing.assert_allclose(error, np.maximum(high - Y, Y - low), rtol=1e-9, atol=1e-9)
    above = float("".join(capsys.readouterr()).partition("no error is above ")[2].strip(".\n"))
    assert error.max() <= above <= error.max() + 2e-6
    refused(capsys, *words, "--out", "r.csv", parts=["r.csv exists", "--force"])
    write("new.csv", *X[:3].T, head="a,b")
    assert main(["robustness", str(reports / "pair"), "--data", "new.csv", "--eps", "0"]) == 0
    _, rows = cells(capsys.readouterr().out)
    network = gm.AnalyticNetwork.load(reports / "pair" / "network.json")
    assert [row[0] for row in rows] == [network.classes[int(value > 0)] for value in network(X[:3])]
    assert [row[1] for row in rows] == ["yes"] * 3


def test_a_row_says_the_same_whatever_rows_are_beside_it(folder, capsys):  # noqa: F811
    """Of classes 1 and 2, rows that are all of class 2 are not taken for signs of the other one."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    write("xor.csv", *corners.T, [1, 2, 2, 1])
    assert main(["derive", "xor.csv", "--target", "y", "--classify", "--reg", "0.05", "--out", "xor"]) == 0
    found = []
    for name, rows in (("all", range(4)), ("twos", (1, 2)), ("ones", (0, 3))):
        write(f"{name}.csv", *corners[list(rows)].T, head="a,b")
        capsys.readouterr()
        assert main(["robustness", "xor", "--data", f"{name}.csv", "--eps", "0.1"]) == 0
        found.append(cells(capsys.readouterr().out)[1])
    every, twos, ones = found
    assert [row[:2] for row in every] == [["1", "yes"], ["2", "yes"], ["2", "yes"], ["1", "yes"]]
    assert (twos, ones) == ([every[1], every[2]], [every[0], every[3]])


def test_what_cannot_be_asked(reports, folder, capsys):  # noqa: F811
    words = ["robustness", str(reports / "pair"), "--data", str(reports / "pair.csv")]
    refused(capsys, *words, "--eps", "-1", parts=["--eps -1; a radius of at least 0"])
    refused(capsys, *words, "--eps", "1/0", parts=["'1/0' is not a number"])
    refused(capsys, *words, parts=["--eps"])
    refused(capsys, *words, "--eps", "1", "--time-limit", "0", parts=["--time-limit 0", "above 0"])
    write("new.csv", X[:3, 0], head="a")
    refused(
        capsys,
        "robustness",
        str(reports / "pair"),
        "--data",
        "new.csv",
        "--eps",
        "1",
        parts=["lacks 1 of the 2"],
    )
