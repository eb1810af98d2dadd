"""What the report folder holds: exported function, record, document, page, and the folder itself."""

import html.parser
import itertools
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

import geomnn as gm
from geomnn.errors import ConstantNetworkWarning, OptionError, OutputExists
from geomnn.files import json_text
from geomnn.networks.writing.expressions import escape
from geomnn.report import Request, listings, study_table, whole_folder
from geomnn.report.function import function_text
from geomnn.report.latex import latex_text
from geomnn.report.listings import number
from geomnn.report.mathematics import closed_form
from geomnn.report.page import page_text
from geomnn.report.pictures import Picture, draw
from geomnn.report.study import Scaling


def write_csv(path, X, y, target="y"):
    names = [f"c{k}" for k in range(X.shape[1])]
    rows = [",".join([*names, target])]
    rows += [",".join([*(repr(float(v)) for v in row), str(t)]) for row, t in zip(X, y, strict=True)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def planar(n=14, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 2)) * [3.0, 0.2] + [1.0, -1.0]
    return X, np.abs(X[:, 0] - 1) + 5 * X[:, 1] + 0.1 * random.normal(size=n)


def exported(study):
    """The names that network.py defines, run with nothing of geomnn in sight."""
    space: dict = {"__name__": "network"}
    exec(compile(function_text(study), "network.py", "exec"), space)
    assert "geomnn" not in space
    return space


def check_export(study):
    """network.py on the columns of the file equals the network on what it was derived from."""
    space = exported(study)
    direct = study.solution.network(study.inputs)
    scale = max(1.0, float(np.abs(direct).max()))
    np.testing.assert_allclose(space["predict"](study.X), direct, atol=1e-9 * scale, rtol=0)
    if study.classes:
        named = np.where(direct > 0, study.classes[1], study.classes[0])
        assert space["classify"](study.X.tolist()).tolist() == named.tolist()
    with pytest.raises(ValueError, match="one column for each"):
        space["predict"](study.X[:, :1] if study.X.shape[1] > 1 else study.X[:, [0, 0]])


@pytest.mark.parametrize(
    ("standardize", "classify", "norm", "bias"),
    list(itertools.product([False, True], [False, True], ["1", "2", "inf"], [True, False])),
)
def test_exported_function_equals_the_network(tmp_path, standardize, classify, norm, bias):
    X, y = planar()
    targets = np.where(y > np.median(y), "high", "low") if classify else y
    path = write_csv(tmp_path / "data.csv", X, targets)
    study = study_table(
        Request(path, "y", 0.05, norm=norm, standardize=standardize, classify=classify, bias=bias)
    )
    check_export(study)
    assert study.solution.certificate.coverage.scope == "global"
    assert study.record["problem"]["loss"] == ("logistic" if classify else "squared")
    # what was solved is what was asked for, by the library itself
    loss = "logistic" if classify else "squared"
    again = gm.derive(study.inputs, study.y, reg=0.05, norm=float(norm), bias=bias, loss=loss)
    assert again.certificate == study.solution.certificate


@pytest.mark.parametrize(
    ("middle", "words"), [([], "one of many"), ([([0.5, 0.5], 0)], "this one alone"), ([([3, 1], 2)], None)]
)
def test_the_page_says_whether_other_networks_are_as_good(tmp_path, middle, words):
    """XOR has two optima and one with its middle; no search says so."""
    table = [([0, 0], 0), ([1, 0], 1), ([0, 1], 1), ([1, 1], 0), *middle]
    path = write_csv(tmp_path / "data.csv", np.array([row for row, _ in table]), [y for _, y in table])
    study = study_table(Request(path, "y", 0.1, dictionary="auto" if words else "local"))
    page = page_text(study, [])
    assert ("<th>optimal networks</th>" in page) == (words is not None)
    assert words is None or f"<th>optimal networks</th><td>{words}" in page


OPEN = {
    "XOR": ([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], {}),
    "a valley": ([[-3], [-2], [-1], [1], [2], [3]], [6, 3, 1, 1, 3, 6], {}),
    "standardised": ([[-3, 100], [-3, 300], [5, 100], [5, 300]], [0, 1, 1, 0], {"standardize": True}),
    "classes": ([[0, 0], [1, 0], [0, 1], [1, 1]], ["a", "b", "b", "a"], {"classify": True}),
    "no merging": ([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], {"norm": "2", "dictionary": "wedge"}),
}


@pytest.mark.parametrize("name", OPEN)
def test_the_page_says_what_other_optimal_networks_predict(tmp_path, name):
    """The interval that it says is the interval there, and no other of its points has a wider one."""
    X, y, options = OPEN[name]
    study = study_table(Request(write_csv(tmp_path / "data.csv", np.array(X), y), "y", 0.05, **options))
    spread, optima = study.spread, gm.optimal_set(study.solution)
    assert spread.is_open
    np.testing.assert_allclose(spread.ends, optima.predict_interval(spread.points), atol=1e-6)
    assert np.ptp(spread.ends, axis=1).max() <= np.ptp(spread.ends[spread.widest]) + 1e-5
    page = check_page_text(study)
    words = re.sub(r"<[^>]*>", "", page)
    said = listings.left_open(study)
    assert f"At {len(spread.points)}\npoints" in page
    columns = said["columns"] if study.scaling is None else study.scaling(np.array([said["columns"]]))[0]
    ends = optima.predict_interval([columns])[0].tolist()
    numbers = [float(said[end].replace("−", "-")) for end in ("low", "high")]
    assert numbers == pytest.approx(ends, rel=1e-2, abs=1e-6)
    assert f"networks predict {said['low']} there, others {said['high']}, and others" in words
    assert all(f"= {number(value, 4)}" in words for value in said["columns"])
    assert ("So for some it is a, and for others b." in words) == bool(study.classes)
    assert "<th>optimal networks</th><td>one of many" in page
    if name in ("XOR", "a valley"):
        assert ("interval" in [picture.name for picture in draw(study)]) == (len(X[0]) == 1)


def test_the_page_does_not_say_what_was_not_looked_at(tmp_path):
    rows, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
    path = write_csv(tmp_path / "data.csv", np.array(rows), y)
    for table, targets, options in (
        (rows, y, {"dictionary": "local"}),  # a search, and one network alone
        ([*rows, [0.5, 0.5]], [*y, 0], {}),
    ):
        path = write_csv(tmp_path / "data.csv", np.array(table), targets)
        study = study_table(Request(path, "y", 0.1, **options))
        assert study.spread is None
        assert "leaves open" not in check_page_text(study)


def test_an_exact_study_says_the_same(tmp_path):
    X, y, _ = OPEN["XOR"]
    path = write_csv(tmp_path / "data.csv", np.array(X), y)
    floats, exact = (study_table(Request(path, "y", Fraction(1, 20), exact=flag)) for flag in (False, True))
    np.testing.assert_allclose(floats.spread.ends, exact.spread.ends, atol=1e-6)
    assert floats.spread.widest == exact.spread.widest == 0  # the middle, between 1/10 and 9/10
    assert "predict 0.1 there" in re.sub(r"<[^>]*>", "", check_page_text(exact))


def test_iris(tmp_path):
    iris = load_iris()
    chosen = iris.target > 0
    names = iris.target_names[iris.target[chosen]]
    path = write_csv(tmp_path / "iris.csv", iris.data[chosen], names, "species")
    study = study_table(Request(path, "species", 0.5, features="c2,c3", classify=True))
    assert study.classes == ("versicolor", "virginica")
    check_export(study)
    assert np.mean(exported(study)["classify"](study.X) == names) > 0.9


def test_diabetes(tmp_path):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    path = write_csv(tmp_path / "diabetes.csv", X[::4], y[::4], "progression")
    study = study_table(Request(path, "progression", 100.0, features="c2,c8", standardize=True))
    check_export(study)
    np.testing.assert_allclose(study.inputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(study.inputs.std(axis=0), 1, rtol=1e-12)
    assert study.solution.certificate.relative_gap < 1e-9


DEGENERATE = {
    "repeated rows": ([[0, 1], [0, 1], [1, 0], [1, 0], [2, 2]], [0, 1, 2, 2, 5]),
    "one row": ([[1, 2]], [3]),
    "two rows": ([[1, 2], [1, 3]], [3, 4]),
    "constant column": ([[0.1, 0], [0.1, 1], [0.1, 2], [0.1, 3]], [0, 0, 1, 0]),
    "all constant": ([[0.1, 7], [0.1, 7]], [0, 1]),
    "constant target": ([[0, 1], [1, 0], [2, 2]], [4, 4, 4]),
    "large and small": ([[1e6, 1e-6], [2e6, 1e-6], [3e6, 3e-6], [1e6, 5e-6]], [0, 1, 0, 2]),
    "large offset": ([[1e6 + 1, 0], [1e6 + 2, 1], [1e6 + 3, 5], [1e6 + 4, 2]], [0, 1, 0, 2]),
    "one column": ([[0], [1], [2], [3]], [0, 0, 1, 0]),
    "four columns, three rows": ([[0, 1, 2, 3], [1, 0, 0, 1], [2, 2, 1, 5]], [1, 2, 4]),
}


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_tables(tmp_path, name, standardize):
    X, y = map(np.array, DEGENERATE[name])
    path = write_csv(tmp_path / "data.csv", X.astype(float), y)
    study = study_table(Request(path, "y", 1e-3, standardize=standardize))
    check_export(study)
    assert study.solution.certificate.gap <= 1e-9 * abs(study.solution.certificate.primal)
    json.loads(json_text(study.record))
    check_page(page_text(study, []))


def test_scaling_of_constant_columns_is_exact():
    scaling = Scaling.of(np.full((7, 1), 0.1))
    assert scaling.mean.tolist() == [0.1]
    assert scaling.deviation.tolist() == [1.0]
    assert not scaling(np.full((7, 1), 0.1)).any()


class Checker(html.parser.HTMLParser):
    """Tags that close, and everything that a browser would load."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.links, self.places = [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag == "a":
            self.links.append(self.loads.pop())
        if "id" in found:
            self.places.append(found["id"])
        if tag not in {"meta", "br", "img", "hr", "link", "mspace", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag == "mspace"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(page):
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    assert all(load.startswith("data:image/") for load in checker.loads)
    assert set(checker.links) <= {"#", *(f"#{place}" for place in checker.places)}
    assert len(checker.places) == len(set(checker.places))
    scripts = 3 if 'class="playground' in page else 2  # the numbers, what works with them, and the playground
    assert page.count("<script") == page.count("</script>") == scripts
    page = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.search(r"https?:|//", re.sub(r"<pre.*?</pre>|base64,[^\"]*", "", page, flags=re.S))
    assert "url(" not in page
    assert "$" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.S)
    assert "nan" not in re.sub(r"<[^>]*>", "", page).split()
    return checker


@pytest.mark.parametrize(
    ("norm", "d", "bias"), [(p, d, b) for p in ("1", "2", "inf") for d in (1, 2, 3) for b in (True, False)]
)
def test_page_shows_every_neuron_and_its_samples(tmp_path, norm, d, bias):
    random = np.random.default_rng(d)
    X, y = random.normal(size=(9, d)), random.normal(size=9)
    study = study_table(Request(write_csv(tmp_path / "data.csv", X, y), "y", 0.1, norm=norm, bias=bias))
    page = page_text(study, [Picture("network", "a caption", b"png", b"<svg/>")])
    checker = check_page(page)
    assert len(checker.loads) == 1
    for neuron in study.solution.network.neurons:
        assert f'<td class="atom">{neuron.atom}</td>' in page
        for j in neuron.atom.samples:
            assert f'<a href="#x{j}">x{j}</a> = (' in page
            assert page.count(f'<tr id="x{j}">') == 1
            assert f"line {study.lines[j]}<" in page
    assert study.solution.certificate.statement() in page
    assert "(see below)" not in page


def test_pictures_of_columns_of_very_different_sizes(tmp_path):
    X, _ = planar()
    path = write_csv(tmp_path / "data.csv", X * [1e5, 1e-5], np.where(X[:, 0] > X[:, 1] + 2, "a", "b"))
    study = study_table(Request(path, "y", 0.5, classify=True, tol=1e-6))
    assert [picture.name for picture in draw(study)] == ["network", "residuals", "wedge"]


def test_pictures_of_long_names_and_many_features(tmp_path):
    random = np.random.default_rng(0)
    path = write_csv(tmp_path / "data.csv", random.normal(size=(9, 3)), random.normal(size=9), "y" * 90)
    study = study_table(Request(path, "y" * 90, 0.5))
    pictures = draw(study)
    assert [picture.name for picture in pictures] == ["network", "residuals", "neurons"]
    page = page_text(study, pictures)
    check_page(page)
    assert "neurons.png, neurons.svg" in page


def test_formula_is_wellformed_and_counts_what_it_leaves_out(tmp_path):
    X, y = planar(30)
    network = gm.derive(X, y, reg=0.001).network
    assert len(network) > 5
    tree = ElementTree.fromstring(closed_form(network, terms=4))
    rows = tree.findall("mtable/mtr")
    assert len(rows) == 1 + 4 + 1
    assert f"{len(network) - 4} more neurons" in "".join(rows[-1].itertext())
    assert len(ElementTree.fromstring(closed_form(network, 10**6)).findall("mtable/mtr")) == 1 + len(network)


def test_names_of_columns_are_escaped(tmp_path):
    names = ['<b>&"', "a_b %$#{}~^\\", "x, y", "größe", "温度\n(°C)", "y"]
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    rows = "".join(f"{k},{k % 2},{k % 3},{-k},{k * k},{k}\n" for k in range(5))
    path = tmp_path / "$x <data>.csv"
    path.write_text(f"{quoted}\n{rows}", encoding="utf-8")
    study = study_table(Request(str(path), "y", 0.1, features='"x, y",größe'))
    assert study.features == ("x, y", "größe")
    study = study_table(Request(str(path), names[0], 0.1, standardize=True, features="größe,y"))
    page = page_text(study, [])
    check_page(page.replace("$x", "x"))
    assert "<b>" not in page
    check_export(study)
    assert escape("a_b %$#{}~^\\温") == (
        r"a\_b \%\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}\texttt{U+6E29}"
    )


def test_what_nobody_sees_in_a_name_is_spelt_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a\x1b[31m\u202eb\x9bc,y\n1,2\n2,1\n4,4\n", encoding="utf-8")
    page = page_text(study_table(Request(str(path), "y", 0.1)), [])
    assert not set(page) & {"\x1b", "\u202e", "\x9b"}
    assert r"a\x1b[31m\u202eb\x9bc" in page
    check_page(page)


@pytest.mark.parametrize("norm", ["1", "2"])
def test_latex_is_balanced_ascii_mathematics(tmp_path, norm):
    X, y = planar(20)
    path = write_csv(tmp_path / "data.csv", X, np.where(y > np.median(y), "a_1", "b%"))
    study = study_table(Request(path, "y", 0.05, norm=norm, classify=True, standardize=True))
    text = latex_text(study)
    for name in re.findall(r"\\begin\{(\w+\*?)\}", text):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}")
    assert r"a\_1" in text
    assert r"b\%" in text
    assert "deviation" in text
    formula = text[text.index(r"\begin{align*}") : text.index(r"\end{align*}")]
    assert formula.isascii()
    assert formula.count("\\\\\n") == len(study.solution.network)


def test_constant_network(tmp_path):
    path = write_csv(tmp_path / "data.csv", *planar())
    with pytest.warns(ConstantNetworkWarning):
        study = study_table(Request(path, "y", 1e6))
    check_export(study)
    assert "it is a constant" in check_page_text(study)
    assert latex_text(study).count("\\\\\n") == 0


def test_a_gap_that_is_left_is_no_proof(tmp_path):
    path = write_csv(tmp_path / "data.csv", *planar())
    study = study_table(Request(path, "y", 0.1, tol=0.9))
    page = check_page_text(study)
    assert f"bounds are {study.solution.certificate.relative_gap:.1g} apart" in page
    assert '<div class="verdict local">' in page
    assert "No training run" not in page
    assert "No training run" in check_page_text(study_table(Request(path, "y", 0.1)))


def check_page_text(study):
    page = page_text(study, [])
    check_page(page)
    return page


def test_record_has_what_a_checker_needs(tmp_path):
    X, y = planar()
    path = write_csv(tmp_path / "data.csv", X, y)
    study = study_table(Request(path, "y", 0.1, standardize=True))
    found = json.loads(json_text(study.record))
    problem, claim, v = found["problem"], found["claim"], np.array(found["dual"])
    scaled = (X - problem["scaling"]["mean"]) / problem["scaling"]["deviation"]
    np.testing.assert_array_equal(scaled, study.inputs)
    # the bound, from the record and the data alone: D(v) = v·y − ½ v·v with v scaled into the dual set
    s = min(1.0, 1.0 / claim["largest_correlation"])
    assert s * v @ y - s * s * v @ v / 2 == pytest.approx(claim["dual"], rel=1e-12)
    assert abs(v.sum()) < 1e-9 * np.abs(v).sum()
    assert claim["gap"] == claim["primal"] - claim["dual"]
    expected = {"reg": 0.1, "norm": "1", "bias": True, "target": "y", "samples": len(y), "classes": None}
    assert expected.items() <= problem.items()


def test_the_command_says_what_was_asked():
    request = Request(
        "/some/where/my data.csv", "y", 0.25, norm="inf", features="a,b", classify=True, standardize=True,
        loss="squared", bias=False, dictionary="all", tol=1e-6,
    )  # fmt: skip
    assert request.command() == (
        "geomnn derive 'my data.csv' --target y --reg 0.25 --norm inf --features a,b --classify "
        "--standardize --loss squared --no-bias --dictionary all --tol 1e-06 --out again"
    )
    assert Request("-x.csv", "y", 1.0).command() == "geomnn derive ./-x.csv --target y --reg 1.0 --out again"


def fill(out, names, force=False, error=None):
    """Write files into a folder, and fail at the end if there is an error."""
    with whole_folder(out, force) as folder:
        for name in names:
            (folder / name).write_text("new")
            assert not (out / name).is_file() or (out / name).read_text() != "new"
        if error:
            raise error


def texts(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_is_whole_or_not_there(tmp_path):
    fill(tmp_path / "new", "a")
    assert texts(tmp_path / "new") == {"a": "new"}
    with pytest.raises(KeyError):
        fill(tmp_path / "other", "a", error=KeyError())
    assert os.listdir(tmp_path) == ["new"]
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o777 & ~umask


def test_what_is_about_an_earlier_network_goes_with_it(tmp_path):
    before = {"network.json": "old", "proof.json": "old", "optimal_set.json": "old", "mine": "mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(KeyError):
        fill(tmp_path, ["network.json"], force=True, error=KeyError())
    assert texts(tmp_path) == before
    fill(tmp_path, ["network.json", "optimal_set.json"], force=True)
    assert texts(tmp_path) == {"network.json": "new", "optimal_set.json": "new", "mine": "mine"}


def test_force_replaces_its_files_and_keeps_the_others(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputExists):
        fill(tmp_path, "a")
    with pytest.raises(KeyError):
        fill(tmp_path, "a", force=True, error=KeyError())
    assert texts(tmp_path) == {"a": "old", "mine": "mine"}
    fill(tmp_path, "ab", force=True)
    assert texts(tmp_path) == {"a": "new", "b": "new", "mine": "mine"}


def test_a_failed_rename_puts_everything_back(tmp_path, monkeypatch):
    (tmp_path / "b").write_text("old")
    real = os.replace

    def replace(source, target):
        if str(target) == str(tmp_path / "c"):
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OptionError, match="Permission denied"):
        fill(tmp_path, "abc", force=True)
    assert texts(tmp_path) == {"b": "old"}


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputExists, match="move it away"):
        fill(tmp_path, "a", force=True)
    assert os.listdir(tmp_path) == ["a"]
