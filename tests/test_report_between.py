"""What a report says of inputs between the samples: true of many that are drawn, and left out where it is not known."""

import re

import numpy as np
import pytest

import geomnn as gm
from geomnn.cli import main

X = np.random.default_rng(2).normal(size=(30, 2)).round(2) * [1.0, 20.0]  # columns of different units


def said(folder, monkeypatch, y, *more):
    monkeypatch.chdir(folder)
    rows = [f"{a},{b},{target}" for (a, b), target in zip(X, y, strict=True)]
    (folder / "t.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    assert main(["derive", "t.csv", "--target", "y", "--reg", "0.5", "--out", "r", *more]) == 0
    page = (folder / "r" / "report.html").read_text(encoding="utf-8")
    assert page.count("<h2>Between the samples</h2>") == 1
    section = page.split("<h2>Between the samples</h2>")[1].split("<h2>")[0]
    return section, gm.AnalyticNetwork.load(folder / "r" / "network.json")


def moves(size, count=2000):
    drawn = np.random.default_rng(0).uniform(-1, 1, size=(count, 2))
    drawn[:4] = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    return size * drawn


@pytest.mark.parametrize("more", [[], ["--standardize"]], ids=["as it is", "standardised"])
def test_predictions_move_by_so_much_at_most(tmp_path, monkeypatch, more):
    section, net = said(tmp_path, monkeypatch, np.abs(X[:, 0]).round(3), *more)
    most = float(re.search(r"moves by ([0-9.e+-]+) δ at most", section)[1])
    for size in (1e-3, 0.1, 1.0):
        change = np.abs(net((X[:, None] + moves(size)).reshape(-1, 2)).reshape(len(X), -1) - net(X)[:, None])
        assert change.max() <= most * size * (1 + 1e-9)
    tiny = np.abs(net((X[:, None] + moves(1e-6)).reshape(-1, 2)).reshape(len(X), -1) - net(X)[:, None])
    assert tiny.max() >= 0.2 * most * 1e-6  # and not far from it somewhere


@pytest.mark.parametrize("more", [[], ["--standardize"]], ids=["as it is", "standardised"])
@pytest.mark.parametrize("classes", [2, 3])
def test_samples_keep_their_class_so_far(tmp_path, monkeypatch, classes, more):
    labels = np.array(["u", "v", "w"])[np.digitize(X[:, 0], [-0.3, 0.4] if classes == 3 else [0.0])]
    section, net = said(tmp_path, monkeypatch, labels, "--classify", *more)
    least, count, half = re.search(
        r"less than ([0-9.e+-]+), each of the (\d+) samples.*up to ([0-9.e+-]+)\.", section
    ).groups()

    def chosen(points):
        f = net(points)
        return np.array(net.classes)[np.argmax(f, axis=1) if f.ndim == 2 else (f > 0).astype(int)]

    right = np.flatnonzero(chosen(X) == labels)
    assert len(right) == int(count)
    kept = {}
    for size in (float(least), float(half)):
        found = chosen((X[right][:, None] + moves(size)).reshape(-1, 2)).reshape(len(right), -1)
        kept[size] = (found == labels[right][:, None]).all(axis=1).sum()
    assert kept[float(least)] == len(right)
    assert kept[float(half)] >= len(right) / 2


def test_many_features_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(12, 4)).round(2)
    (tmp_path / "t.csv").write_text("a,b,c,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    assert main(["derive", "t.csv", "--target", "y", "--reg", "1", "--out", "r"]) == 0
    assert "Between the samples" not in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
