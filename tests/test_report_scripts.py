"""The scripts of report.html in a browser: a new sample, the table of all samples, and the files that it saves."""

import json
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from browser import needed, probed
from sklearn.datasets import load_iris

from geomnn.files import json_text
from geomnn.report import Request, study_table
from geomnn.report.embedded import FIRST
from geomnn.report.function import function_text
from geomnn.report.page import SLICE, page_text
from geomnn.report.prediction import predicted

pytestmark = needed
RANDOM = np.random.default_rng(3)
PLANE, CUBE = RANDOM.normal(size=(30, 2)) * [30.0, 0.2] + [100, -1], RANDOM.normal(size=(40, 12))
IRIS = load_iris()
KINDS = np.array(["no", "yes"])[(PLANE[:, 0] > 100).astype(int)]
TABLES = {
    "numbers": (PLANE, np.abs(PLANE[:, 0] - 100) + 3e3 * PLANE[:, 1], {"standardize": True, "reg": 20.0}),
    "small": (PLANE / 1e6, PLANE[:, 1] / 1e6, {"reg": 1e-12}),
    "two": (PLANE, KINDS, {"classify": True, "standardize": True, "reg": 0.5}),
    "decisions": (PLANE, KINDS, {"classify": True, "loss": "squared", "reg": 0.5}),
    "three": (IRIS.data[::3, 1:], IRIS.target_names[IRIS.target[::3]],
              {"classify": True, "standardize": True, "reg": 0.5}),
    "many": (CUBE, CUBE[:, 0] * CUBE[:, 1], {"norm": "2", "dictionary": "local", "reg": 2.0, "holdout": 0.2}),
    "exact": (np.arange(8.0)[:, None], np.abs(np.arange(8) - 3.5), {"exact": True, "reg": Fraction(1, 3)}),
}  # fmt: skip
TYPE = """
  const fields = all("#sample input"), rows = %s;
  return rows.map((row) => {
    fields.forEach((field) => { field.value = row[field.name]; });
    fields[0].dispatchEvent(new Event("input", { bubbles: true }));
    return { lines: all("#prediction p").map((p) => p.textContent), count: document.getElementById("count").textContent,
             adds: all("#active tbody tr").map((row) => [...row.cells].slice(3).map((cell) => cell.textContent)) };
  });
"""


def write(path, X, y):
    """A table, and its rows as the texts that somebody types."""
    names = [f"column {k}" for k in range(X.shape[1])]
    rows = [[*(repr(float(value)) for value in row), str(target)] for row, target in zip(X, y, strict=True)]
    path.write_text("\n".join(map(",".join, [[*names, "y"], *rows])) + "\n", encoding="utf-8")
    return [dict(zip(names, row, strict=False)) for row in rows]


def made(folder, X, y, reg, **options):
    """The study of a table and its page, with the files of its folder that are texts, and without pictures."""
    folder.mkdir()
    rows = write(folder / "data.csv", X, y)
    study = study_table(Request(str(folder / "data.csv"), "y", reg, **options))
    study.complete.save(folder / "network.json")
    (folder / "certificate.json").write_text(json_text(study.record), encoding="utf-8")
    files = {
        name: (folder / name).read_text(encoding="utf-8") for name in ("network.json", "certificate.json")
    }
    files["network.py"] = function_text(study)
    return study, page_text(study, [], files), files, rows


def numbers(text):
    return [float(each) for each in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?$", text.replace("−", "-"))]


def test_a_new_sample_is_predicted_as_the_command_line_does(tmp_path):
    """Of every kind of table, at rows that it was derived from, and in between."""
    pages, expected = {}, {}
    for name, (X, y, options) in TABLES.items():
        study, page, _, _ = made(tmp_path / name, X, y, **options)
        between = np.vstack([X[:12], (X[:12] + X[5:17]) / 2 if len(X) > 17 else (X[:-1] + X[1:]) / 2])
        rows = write(tmp_path / "new.csv", between, ["0"] * len(between))
        (tmp_path / "new.csv").write_text(
            "\n".join(line.rpartition(",")[0] for line in (tmp_path / "new.csv").read_text().splitlines())
        )
        lines = predicted(str(tmp_path / name), str(tmp_path / "new.csv")).text.splitlines()[1:]
        inputs = between if study.scaling is None else study.scaling(between)
        inner, biases, outer, t = study.network.arrays()
        expected[name] = study, [line.split(",") for line in lines], inputs @ inner.T + biases, outer, t
        pages[name] = page, TYPE % json.dumps(rows)
    found = probed(pages, tmp_path)
    for name, (study, lines, heights, outer, t) in expected.items():
        scale = np.abs(heights).max()
        assert len(found[name]) == len(lines)
        for seen, line, height in zip(found[name], lines, heights, strict=True):
            first, *others = seen["lines"]
            if study.classes is None:
                assert numbers(first) == pytest.approx(
                    [float(line[0])], rel=1e-9, abs=1e-9 * np.abs(study.y).max()
                )
            else:
                assert first == f"y = {line[0]}"
                values = [value for other in others for value in numbers(other)]
                assert values == pytest.approx([*map(float, line[1:])], rel=1e-9, abs=1e-9)
            active = int(np.count_nonzero(height > 1e-9 * scale))
            assert re.match(rf"{active} of the {len(outer)} neurons? (is|are) active", seen["count"])
            if active <= 12:
                adds = np.array([[numbers(cell)[0] for cell in row] for row in seen["adds"]])
                f = np.maximum(height, 0) @ outer + t
                np.testing.assert_allclose(adds.sum(axis=0), f, rtol=1e-4, atol=1e-4 * np.abs(adds).max())


def test_what_is_no_number_is_refused(tmp_path):
    X, y, options = TABLES["numbers"]
    _, page, _, rows = made(tmp_path / "report", X, y, **options)
    wrong = [dict(rows[0], **{"column 1": text}) for text in ("", "1,5", "0x10", "Infinity", "1e999", "a")]
    found = probed({"report": (page, TYPE % json.dumps([*wrong, rows[0]]))}, tmp_path)["report"]
    assert all(each["lines"] == ["A number such as 1.5 is needed for column 1."] for each in found[:-1])
    assert found[-1]["lines"][0].startswith("y = ")


SORT = """
  const heads = all("#samples thead button");
  const shown = () => all("#samples tbody tr").map((row) => [...row.cells].map((cell) => cell.textContent));
  heads[1].click();  // at first it is sorted by the first column
  const sorted = heads.map((head) => [1, 2].map(() => { head.focus(); head.click(); return shown(); }));
  const state = all("#samples th[aria-sort]").map((head) => head.getAttribute("aria-sort"));
  const last = document.querySelector("[data-go=last]");
  last?.click();
  return { first: shown()[0], sorted, state, ends: [shown().length, document.getElementById("shown").textContent] };
"""


def test_the_table_sorts_by_every_column(tmp_path):
    X, y, options = TABLES["many"]
    numbers_study, numbers_page, _, _ = made(tmp_path / "numbers", X, y, **options)
    X, y, options = TABLES["three"]
    _, classes_page, _, _ = made(tmp_path / "classes", X, y, **options)
    found = probed({"numbers": (numbers_page, SORT), "classes": (classes_page, SORT)}, tmp_path)
    for seen, n in ((found["numbers"], 40), (found["classes"], 50)):
        for k, (up, down) in enumerate(seen["sorted"]):
            assert len(up) == len(down) == n
            assert sorted(map(tuple, up)) == sorted(map(tuple, down))
            cells, back = (
                [row[k].replace("−", "-").removeprefix("x") for row in rows] for rows in (up, down)
            )
            keys = [(0, float(c), "") if numbers(c) else (1, 0.0, c) for c in cells]
            assert keys == sorted(keys)
            assert (
                back == [cell for _, cell in sorted(zip(keys, cells, strict=True), key=lambda p: p[0])][::-1]
            )
        assert seen["state"][-1] == "descending"
        assert set(seen["state"][:-1]) == {"none"}
    residuals = [float(row[-1].replace("−", "-")) for row in found["numbers"]["sorted"][0][0]]
    values = np.concatenate([numbers_study.y - numbers_study.predictions])
    np.testing.assert_allclose(residuals[: len(values)], values, rtol=1e-4, atol=1e-8)
    assert {row[0] for row in found["numbers"]["sorted"][0][0][len(values) :]} == {"left out"}


def test_twenty_thousand_rows_come_in_slices(tmp_path):
    study, _, _, _ = made(tmp_path / "report", *TABLES["numbers"][:2], **TABLES["numbers"][2])
    n = 20_000
    X = np.column_stack([np.linspace(50, 150, n), RANDOM.normal(size=n) - 1])
    table = replace(study.table, rows=study.table.rows[:1] * n, lines=tuple(range(2, n + 2)))
    page = page_text(replace(study, table=table, X=X, y=X[:, 0] * X[:, 1]), [])
    assert len(page) < 2_500_000
    static = page[page.index('<table id="samples"') : page.index("<noscript>")]
    assert static.count("<tr>") == 1 + FIRST
    found = probed({"report": (page, SORT)}, tmp_path)["report"]
    assert found["ends"] == [SLICE, f"Rows {n - SLICE + 1:,} to {n:,} of {n:,}, down by residual"]
    assert all(len(rows) == SLICE for pair in found["sorted"] for rows in pair)


SAVE = """
  const blobs = {};
  let last;
  URL.createObjectURL = (blob) => { last = blob; return "#"; };
  HTMLAnchorElement.prototype.click = function () { blobs[this.download] = last; };
  all("[data-save]").forEach((button) => button.click());
  const texts = Object.entries(blobs).map(async ([name, blob]) => [name, await blob.text()]);
  return Object.fromEntries(await Promise.all(texts));
"""


def test_the_page_saves_the_files_that_it_holds(tmp_path):
    X, y, options = TABLES["numbers"]
    study, _, files, _ = made(tmp_path / "report", X, y, **options)
    files = files | {"network.py": files["network.py"] + "# </script><!-- \u2028 größe\n"}
    long = files | {"certificate.json": "x" * 600_000}
    pages = {"all": (page_text(study, [], files), SAVE), "short": (page_text(study, [], long), SAVE)}
    found = probed(pages, tmp_path)
    assert found["all"] == files
    assert found["short"] == {name: files[name] for name in ("network.json", "network.py")}


def test_fractions_are_there_in_full(tmp_path):
    """Those of the table of samples, by the network in exact arithmetic."""
    X, y, options = TABLES["exact"]
    study, page, _, _ = made(tmp_path / "report", X, y, **options)
    script = """return all("#samples tbody tr").map((row) => [...row.cells].slice(-2).map(
      (cell) => (cell.querySelector("code") ?? cell).textContent));"""
    found = probed({"report": (page, script)}, tmp_path)["report"]
    exact = study.solution.network([[Fraction(int(v))] for v in X[:, 0]])
    assert [[Fraction(text.replace("−", "-")) for text in row] for row in found] == [
        [f, Fraction(str(t)) - f] for f, t in zip(exact, y, strict=True)
    ]
