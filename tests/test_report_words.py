"""What report.html says: its first sentence, fractions, the machine it was made on, names; and what --force leaves."""

import json
import re
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import threadpoolctl
from sklearn.datasets import load_iris

import geomnn as gm
from geomnn.cli import main
from geomnn.hypertext import paragraph, table
from geomnn.machine import surroundings
from geomnn.numbers.rationals import SHORT
from geomnn.report import Request, study_table, whole_folder
from geomnn.report.embedded import FIRST, LARGEST_FILE, LARGEST_FILES, _computed, kept_files
from geomnn.report.lead import lead, reached
from geomnn.report.page import page_text

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(24, 2))
Y = np.round(np.abs(X[:, 0]) + 0.3 * RANDOM.normal(size=24), 3)


def study_of(folder, X, y, reg, names=None, **options):
    names = names or [*(f"c{k}" for k in range(X.shape[1])), "y"]
    rows = [[*(f"{value:.3f}" for value in row), str(target)] for row, target in zip(X, y, strict=True)]
    path = folder / "data.csv"
    path.write_text("\n".join(map(",".join, [names, *rows])) + "\n", encoding="utf-8")
    return study_table(Request(str(path), names[-1], reg, **options))


def test_the_first_sentence_counts_neurons_and_says_what_is_proven(tmp_path):
    study = study_of(tmp_path, X, Y, 0.3)
    certificate, fit = study.solution.certificate, study.fit
    said = lead(study)
    k = len(study.network)
    assert said.startswith(
        f"A network of {k} neuron{'s' * (k > 1)} out of {certificate.count:,} possible ones predicts"
    )
    assert f"y from c0 and c1, and explains {fit.explained:.1%} of the variation over 24 rows" in said
    assert said.endswith("; it is proven that no network with one hidden layer is better, up to rounding.")
    page = page_text(study, [])
    assert page.index(said) < page.index("<h2>")
    assert said.count(".") == 1 + len(re.findall(r"\d\.\d", said))  # one sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"exact": True}, "it is proven in exact fractions that no network with one hidden layer is better."),
        (
            {"dictionary": "wedge"},
            "of these candidates is better, up to rounding, but other networks may be.",
        ),
        ({"dictionary": "local"}, "a search found no better network, which proves nothing."),
        ({"tol": 0.3}, "% better than this one."),
    ],
)
def test_no_more_is_said_than_was_proven(tmp_path, options, words):
    said = lead(study_of(tmp_path, X[:12], Y[:12], 0.3, **options))
    assert said.endswith(words)
    assert ("possible" in said) == (options.get("dictionary") != "local")


def test_with_a_bound_the_proof_leads(tmp_path):
    study = study_of(tmp_path, X, Y, 2.0, norm="2", dictionary="local", certify="transport")
    certificate, said = study.solution.certificate, lead(study)
    assert certificate.coverage.scope == "global"
    assert said.startswith("It is proven that no network with one hidden layer is ")
    share = re.search(r"more than ([\d.e-]+)% better than this one: a network", said)
    if share:  # rounded up
        assert float(share[1]) / 100 >= float(certificate.relative_gap)
        assert float(share[1]) / 100 <= 1.2 * float(certificate.relative_gap)
    else:
        assert certificate.relative_gap <= 1e-6


def test_the_first_sentence_of_classes_and_of_rows_left_out(tmp_path):
    iris = load_iris()
    names = iris.target_names[iris.target]
    study = study_of(tmp_path, iris.data[:, 2:], names, 20.0, classify=True, holdout=0.2)
    said, page = lead(study), page_text(study, [])
    right, held = study.fit.right, study.held_fit.right
    assert (
        f"gives {right} of 120 rows the right class and gives {held} of 30 rows left out the right class"
        in said
    )
    assert "data.csv: 120 of 150 samples" in page
    assert page.count("left out</th>") == 0  # these are the last rows
    static = page[page.index('<table id="samples"') : page.index("<noscript>")]
    assert static.count("<tr>") == 1 + FIRST


def test_fractions_stand_in_the_page(tmp_path):
    study = study_of(tmp_path, X[:9], Y[:9], Fraction(1, 7), exact=True)
    page, certificate = page_text(study, []), study.solution.certificate
    texts = {str(certificate.primal), *map(str, study.exact_predictions)}
    texts |= {str(neuron.coefficient) for neuron in study.solution.network.neurons}
    assert any(len(text) > SHORT for text in texts)
    for text in texts:
        assert text.replace("-", "−") in page.replace("\\u2212", "−")
    assert page.count("<details>") == page.count("</details>") > 0
    assert "<mfrac>" in page


def test_the_page_says_on_what_it_was_made(tmp_path):
    page = page_text(study_of(tmp_path, X, Y, 0.3), [])
    found = surroundings()
    assert all(f"<tr><th>{key}</th><td>{value}</td></tr>" in page for key, value in found.items())
    assert f"numpy {np.__version__}" in found["packages"]
    for info in threadpoolctl.threadpool_info():
        if info["user_api"] == "blas" and re.search("numpy|scipy", info["filepath"]):
            assert str(info.get("architecture") or "") in found["linear algebra"]
            assert str(info["version"] or "") in found["linear algebra"]
    assert gm.__version__ == found["geomnn"]


def test_a_dollar_sign_begins_no_formula():
    """A notebook takes what is between two of them in one text for a formula; an element between them keeps it text."""
    for shown in (paragraph("from a$ to b$"), table([["a$", "b$ and c$"]], ["$x$", "$"], "$ and $")):
        texts = re.split(r"<[^>]*>", shown)
        assert sum(text == "$" for text in texts) == shown.count("$") > 1


def test_names_with_dollar_signs_are_drawn_as_they_are(tmp_path):
    names = ["a$_b$", "$\\frac{", "cost in $"]
    kinds = np.array(["$x$", "$y_$", "z$"])[np.arange(24) % 3]
    for k, (y, options) in enumerate([(Y, {}), (kinds, {"classify": True, "reg": 3.0})]):
        folder = tmp_path / str(k)
        folder.mkdir()
        rows = [[*(f"{value:.3f}" for value in row), str(target)] for row, target in zip(X, y, strict=True)]
        (folder / "data.csv").write_text("\n".join(map(",".join, [names, *rows])) + "\n", encoding="utf-8")
        reg = str(options.pop("reg", 0.3))
        flags = ["--classify"] if options else []
        words = [
            "derive",
            str(folder / "data.csv"),
            "--target",
            names[2],
            "--reg",
            reg,
            "--out",
            str(folder / "r"),
            *flags,
        ]
        assert main(words) == 0
        assert (folder / "r" / "residuals.svg").is_file()


def page_naming(*names):
    listed = json.dumps(names).replace('"', "&#34;")
    return f'<meta name="files" content="{listed}">'


def test_force_takes_away_what_an_earlier_report_wrote(tmp_path):
    """And nothing else: no file of the user, none outside, and not the table that is read."""
    (tmp_path / "out").mkdir()
    old = ["wedge.png", "training.csv", "my own.plain.csv", "proof.json"]
    for name in [*old, "mine.csv", "holdout.csv"]:
        (tmp_path / "out" / name).write_text("old")
    (tmp_path / "outside").write_text("old")
    listed = [*old, "../outside", "report.html"]
    (tmp_path / "out" / "report.html").write_text(page_naming(*listed))
    with whole_folder(tmp_path / "out", True, tmp_path / "out" / "training.csv") as folder:
        (folder / "report.html").write_text(page_naming("report.html"))
    left = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert left == {"training.csv": "old", "mine.csv": "old", "holdout.csv": "old",
                    "report.html": page_naming("report.html")}  # fmt: skip
    assert (tmp_path / "outside").read_text() == "old"


def test_a_second_report_leaves_no_picture_of_the_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [f"{a:.3f},{b:.3f},{y}" for (a, b), y in zip(X, Y, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    derive = ["derive", "data.csv", "--target", "y", "--reg", "0.3", "--out", "r", "--force"]
    assert main([*derive, "--holdout", "0.25"]) == 0
    first = {path.name for path in (tmp_path / "r").iterdir()}
    assert {"wedge.png", "training.csv", "holdout.csv"} <= first
    (tmp_path / "r" / "mine.txt").write_text("mine")
    assert main([*derive, "--features", "a"]) == 0
    second = {path.name for path in (tmp_path / "r").iterdir()}
    assert not {"wedge.png", "wedge.svg", "training.csv", "holdout.csv"} & second
    assert "mine.txt" in second


def test_a_page_holds_what_is_small():
    files = {"a": "x" * 10, "b": "x" * (LARGEST_FILE + 1), **{f"c{k}": "x" * LARGEST_FILE for k in range(9)}}
    kept = kept_files(files)
    assert "a" in kept
    assert "b" not in kept
    assert LARGEST_FILES - LARGEST_FILE < sum(map(len, kept.values())) <= LARGEST_FILES


def test_what_counts_as_nothing_left_to_gain_and_as_no_residual():
    for gap, meets in ((1e-7, True), (1e-5, False)):
        certificate = SimpleNamespace(exact=False, relative_gap=gap)
        assert reached(SimpleNamespace(solution=SimpleNamespace(certificate=certificate))) == meets
    residuals = np.array([1e-10, -1e-10, 1e-8, 0.123456789])
    assert _computed(5 * residuals, np.array([5.0, -1.0])) == [0, 0, 5e-8, 0.617284]
