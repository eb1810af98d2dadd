"""Names that people read: they are said in every way of writing, and what an atom is said to do is what it does."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom

import numpy as np
import pytest
import sympy

import geomnn as gm
from geomnn.atoms import Atom
from geomnn.errors import DataError, OptionError
from geomnn.norms import Direction, ball
from geomnn.report import page_text, study_table
from geomnn.report.study import Request
from geomnn.validation import NamedTable

rng = np.random.default_rng(5)
PLANE, LINE = rng.integers(-4, 5, size=(9, 2)) / 2.0, np.array([[0.0], [1.0], [3.0], [4.0]])
TARGETS, FOUR = rng.normal(size=9).round(2), [0.0, 1.0, 0.0, 2.0]
NAMES = ["bmi", "s5"]
KINDS = {
    f"p = {norm}{'' if bias else ', no bias'}": (PLANE, TARGETS, {"norm": norm, "bias": bias, "reg": 0.1})
    for norm in (1, 2, np.inf)
    for bias in (True, False)
} | {
    "exact": (PLANE, TARGETS, {"exact": True, "reg": 0.1}),
    "two outputs": (PLANE, np.column_stack([TARGETS, TARGETS[::-1]]), {"reg": 0.1}),
    "two outputs, p = 2": (PLANE, np.column_stack([TARGETS, TARGETS[::-1]]), {"reg": 0.1, "norm": 2}),
    "logistic": (PLANE, np.sign(TARGETS), {"reg": 0.1, "loss": "logistic"}),
    "three layers": (LINE, FOUR, {"reg": 0.01, "depth": 3}),
    "four layers of chains": (LINE, FOUR, {"reg": 0.01, "depth": 4, "dictionary": "chains"}),
}
HOSTILE = [
    "<b>",
    "$x_1$ & co",
    r"\alpha{",
    "a_b^c%#~",
    '"q"',
    "\x1b[31mred",
    "</script>",
    "x1",
    "'",
    "e1 ∧ e2",
]


@pytest.fixture(scope="module", params=KINDS)
def solved(request):
    X, y, options = KINDS[request.param]
    names = NAMES[: X.shape[1]]
    return X, names, gm.derive(NamedTable(X, names), y, **options)


class Page(HTMLParser):
    """The tags of a page, which are closed in order, and its text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert not self.open, f"{self.open} are left open"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open += [tag] * (tag not in ("img", "br", "meta", "input", "source", "link"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def said(atom, names):
    """What a description says: the features that it rises and falls with, and the rows that it bends through."""
    text = atom.describe(names)
    moves = {
        word: set(re.split(", | and ", found[1]))
        if (found := re.search(rf"{word} with ([^;]*?)(?:, (?:rises|falls|bends)|;|$)", text))
        else set()
        for word in ("rises", "falls")
    }
    rows = re.search(r"rows? ([\d, and]+)", text.split(";")[0])
    return moves["rises"], moves["falls"], [int(row) for row in re.findall(r"\d+", rows[1])] if rows else []


def check_description(atom, names, table):
    """Features are named with the signs of their weights, and no others; rows are on the hyperplane."""
    rises, falls, rows = said(atom, names)
    weights = dict(zip(names, atom.numeric().weight, strict=True))
    largest = max(map(abs, weights.values()))
    assert rises == {name for name, w in weights.items() if w > 1e-13 * largest}
    assert falls == {name for name, w in weights.items() if w < -1e-13 * largest}
    assert rows == list(atom.samples)
    off = table[rows] @ atom.numeric().weight + float(atom.bias)
    assert np.abs(off).max(initial=0) <= 1e-9 * (1 + np.abs(table).max())
    assert ("the origin" in atom.describe(names)) == (not atom.anchored)


def test_what_an_atom_is_said_to_do_is_true(solved):
    X, names, solution = solved
    network, table = solution.network.numeric(), X
    for layer in network.below:
        for atom in layer.atoms:
            if not hasattr(atom, "aside"):
                check_description(atom, names, table)
        table, names = layer(table), [f"k{k}" for k in range(layer.width)]
    for neuron in network.neurons:
        check_description(neuron.atom, names, table)


def test_names_are_in_every_way_of_writing(solved, tmp_path):
    X, names, solution = solved
    network = solution.network
    network.save(tmp_path / "n.json")
    for net in (network, gm.AnalyticNetwork.load(tmp_path / "n.json")):
        assert net.feature_names == tuple(names)
        for name in names:
            assert name in str(net).splitlines()[-1]
            assert rf"\mathrm{{{name}}}" in net.to_latex()
            assert name in net.describe()
            assert name in Page(net.to_html()).text
        assert {str(symbol) for symbol in net.to_sympy().free_symbols} == set(names)
        assert "feature" not in net.describe() + str(net.to_sympy())
    assert "feature 1" in gm.derive(X, np.arange(len(X)), reg=0.1).network.describe()


def test_expressions_predict(solved):
    X, _, solution = solved
    network, d = solution.network, X.shape[1]
    points = np.vstack([X, X[:3] * 1.5 + 0.25])
    expected = network.numeric()(points)
    letters = [f"u{k}" for k in range(d)]
    for options, tolerance in (({}, 1e-12), ({"rational": True}, 1e-12), ({"digits": 6}, 1e-3)):
        expression = network.to_sympy(letters, **options)
        values = sympy.lambdify([sympy.Symbol(letter, real=True) for letter in letters], expression, "numpy")
        found = np.array([np.asarray(values(*point), dtype=float).ravel() for point in points])
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)
        if options.get("rational"):
            assert not expression.atoms(sympy.Float)


def test_options_of_expressions():
    network = gm.derive(PLANE, TARGETS, reg=0.1).network
    rounded = network.to_sympy(digits=3, rational=True)
    assert all(
        number.q in (1, *(2**a * 5**b for a in range(9) for b in range(9)))
        for number in rounded.atoms(sympy.Rational)
    )
    assert all(
        symbol.is_real
        for symbol in network.to_sympy().free_symbols | network.to_sympy(["a", "b"]).free_symbols
    )
    plain = sympy.symbols("a b")
    assert network.to_sympy(plain).free_symbols == set(plain)
    for wrong in ({"digits": 0}, {"digits": 2.5}, {"rational": 1}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            network.to_sympy(**wrong)
    for wrong in (["a"], "ab"):
        with pytest.raises(DataError, match="2 are needed"):
            network.to_sympy(wrong)
    for wrong in (["a"], "ab"):
        with pytest.raises(OptionError, match="a list of 2 was expected"):
            network.neurons[0].atom.describe(wrong)


def atoms_of_many_features(norm, bias, d=11):
    """Wedges through a few samples and orthogonal to directions, found by chance: any such hyperplane is one."""
    table = rng.normal(size=(6, d)).round(1)
    samples = gm.samples.Samples(table, bias)
    from geomnn.dictionaries.canonical import name_atom, units_through

    directions = ball(norm).directions(d)
    while True:
        count = int(rng.integers(1, 4))
        rows = np.sort(rng.choice(6, size=count, replace=False))
        chosen = sorted(rng.choice(len(directions), size=samples.D - 1 - count, replace=False))
        unit = units_through(samples, rows, np.array([directions[k].vector(d) for k in chosen]), norm)
        if unit.any():
            yield table, name_atom(samples, unit, norm, directions)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1.0, np.inf])
def test_in_many_features_a_name_leads_with_those_of_its_weight(norm, bias):
    names = [f"n{k}" for k in range(11)]
    source = atoms_of_many_features(norm, bias)
    for table, atom in (next(source) for _ in range(12)):
        orientation, columns = atom.factored(names)
        sums = np.zeros((len(atom.sums()), 11))
        for row, part in zip(sums, atom.sums(), strict=True):
            for k, sign in part:
                row[k] = sign
        assert len(columns) == len(sums) + bias
        assert set(np.flatnonzero(sums.any(axis=0))) >= set(np.flatnonzero(np.abs(atom.weight) > 1e-13))
        points = table[list(atom.samples)] @ sums.T
        points = points[:-1] - points[-1] if bias else points
        weight = orientation * gm.algebra.cross_product(points) @ sums  # equation (3) over the sums
        np.testing.assert_allclose(weight / np.linalg.norm(weight, ord=norm), atom.weight, atol=1e-9)
        label = atom.label(names)
        assert "e1" not in label
        assert label.startswith("+" if orientation > 0 else "−")
        assert str(atom) == str(atom).replace("n", "")  # the name of files is what it was
        if norm == 1:
            check_description(atom, names, table)
            mentioned = set(re.findall(r"n\d+", label))
            assert mentioned >= {name for name, w in zip(names, atom.weight, strict=True) if abs(w) > 1e-13}
            assert mentioned == {names[k] for k in atom.support}


def test_weights_of_one_size_are_said():
    w = np.array([0.5, -0.5, 1.0]) / 1.0
    atom = Atom(w, 0.0, (3,), (Direction(0, 1, 1),), 1, False, np.inf)
    assert atom.describe(["a", "b", "c"]) == (
        "rises with a and c, falls with b, bends through the origin and row 3; of one size are the weights of a and b"
    )
    both = Atom(np.ones(2), -1.0, (4,), (Direction(0, 1, -1),), 1, True, np.inf)
    assert (
        both.describe() == "rises with feature 1 and feature 2, bends through row 4; with weights of one size"
    )
    many = Atom(np.ones(12), -1.0, (4,), (), 1, True, np.inf)
    assert "feature 1, feature 2, feature 3, … (12 features)" in many.describe()


@pytest.mark.parametrize(("size", "said"), [(5e-14, True), (5e-15, False), (0.0, False)])
def test_a_weight_that_rounding_left_is_none(size, said):
    atom = Atom(np.array([1.0, size]), -1.0, (0, 1), (), 1, True, 1.0)
    assert ("other" in atom.describe(["one", "other"])) == said


def test_merged_and_mirrored_neurons():
    solution = gm.derive([[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4], reg=0.5, exact=True)
    fewest = gm.optimal_set(solution).fewest().network
    for neuron in fewest.neurons:
        text = neuron.atom.describe(["age"])
        assert ("merged of" in text) == hasattr(neuron.atom, "parts")
        moves = "rises with age; " if neuron.atom.weight[0] > 0 else "falls with age; "
        ends = [
            f"merged of 2 neurons, which bend through row {a} and row {b}"
            for a, b in ((1, 2), (2, 1), (2, 3), (3, 2))
        ]
        assert text in [moves + end for end in ends]
    from geomnn.absolute import AbsoluteFeatures

    mirrored = AbsoluteFeatures([[0], [1], [3], [4], [6]]).layers[0].atoms
    texts = {atom.describe(["t"]) for atom in mirrored if hasattr(atom, "aside")}
    assert "rises with t, bends through the middle between rows 0 and 1" in texts


def test_names_that_mean_harm_are_escaped(tmp_path):
    X = rng.normal(size=(4, len(HOSTILE))).round(1)
    solution = gm.derive(NamedTable(X, HOSTILE), X[:, 0] - np.abs(X[:, 5]), reg=0.1, dictionary="all")
    network = solution.network
    network.save(tmp_path / "n.json")
    assert gm.AnalyticNetwork.load(tmp_path / "n.json").feature_names == tuple(HOSTILE)
    for page in (network.to_html(), solution._repr_html_(), gm.plotting.plot_neurons(network)._repr_html_()):
        assert {"b", "script"}.isdisjoint(Page(page).tags)
        assert "\x1b" not in page
    latex = network.to_latex()
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert not re.search(r"(?<!\\)[$#%]", latex)
    assert "\x1b" not in str(network) + network.describe() + latex
    assert {str(symbol) for symbol in network.to_sympy().free_symbols} <= {
        "x1",
        *(f"feature{k}" for k in range(1, 11)),
    }


def test_estimators_and_rewriting_keep_names():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(PLANE, columns=NAMES)
    model = gm.WedgeRegressor(reg=0.1, norm=1).fit(table, TARGETS)
    assert model.solution_.network.feature_names == tuple(NAMES)
    assert gm.optimal_set(model.solution_).central().feature_names == tuple(NAMES)
    assert gm.rewrite(model.solution_.network, PLANE).network.feature_names == tuple(NAMES)
    other = gm.rewrite(model.solution_.network, table.rename(columns={"s5": "s6"})).network
    assert other.feature_names == ("bmi", "s6")
    assert gm.path(table, TARGETS)(0.1).network.feature_names == tuple(NAMES)


def test_a_report_says_names(tmp_path):
    lines = ["bmi,a<b,y", *(f"{a},{b},{y}" for (a, b), y in zip(PLANE, TARGETS, strict=True))]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    study = study_table(Request(str(tmp_path / "data.csv"), "y", 0.1))
    assert study.solution.network.feature_names == ("bmi", "a<b")
    text = Page(page_text(study, [])).text
    assert all(neuron.atom.describe(["bmi", "a<b"]) in text for neuron in study.network.neurons)


def test_a_report_of_many_features_says_the_few_that_have_weights(tmp_path):
    names = ["s5 & s6", 'the "first"', "a<b", "$x$", *(f"n{k}" for k in range(7))]
    X = rng.normal(size=(4, len(names))).round(1)
    rows = [names, *X.tolist()]
    with open(tmp_path / "data.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [*row, end] for row, end in zip(rows, ["y", 0.0, 1.0, 3.0, 2.0], strict=True)
        )
    study = study_table(Request(str(tmp_path / "data.csv"), "y", 0.1, dictionary="all"))
    page = page_text(study, [])
    text = Page(page).text
    assert len(study.network)
    for neuron in study.network.neurons:
        check_description(neuron.atom, names, X)
        assert neuron.atom.label(names) in text
        assert neuron.atom.describe(names) in text
    for formula in re.findall("<math.*?</math>", page, re.DOTALL):
        minidom.parseString(formula)


def test_the_star_is_one_glyph():
    root = Path(gm.__file__).parents[1]
    files = [path for room in ("geomnn", "docs", "examples") for path in (root / room).rglob("*.*")]
    texts = [
        path
        for path in files
        if path.suffix in (".py", ".md", ".jinja", ".rst") and "_site" not in path.parts
    ]
    assert len(texts) > 100
    assert not [path for path in texts if "\N{BLACK STAR}" in path.read_text(encoding="utf-8")]


RESULTS = {
    "solution": lambda: gm.derive(NamedTable(PLANE, NAMES), TARGETS, reg=0.1),
    "classes": lambda: gm.derive(PLANE, np.sign(TARGETS), reg=0.1, loss="logistic"),
    "constant": lambda: gm.derive(PLANE, np.ones(9), reg=0.1),
    "deep": lambda: gm.derive(NamedTable(LINE, ["bmi"]), FOUR, reg=0.01, depth=3),
    "outputs": lambda: gm.derive(PLANE, np.column_stack([TARGETS, -TARGETS]), reg=0.1),
    "path": lambda: gm.path(NamedTable(PLANE, NAMES), TARGETS, 0.05),
    "constant path": lambda: gm.path(PLANE, np.ones(9), 0.05),
    "validation": lambda: gm.cross_validate(PLANE, TARGETS, [1, 0.1], folds=3),
    "rewriting": lambda: gm.rewrite([([[1.0, -2.0]], [0.5]), ([[1.0]], [0.0])], NamedTable(PLANE, NAMES)),
    "optimal set": lambda: gm.optimal_set(gm.derive(NamedTable(LINE, ["bmi"]), FOUR, reg=0.1, exact=True)),
    "descent": lambda: gm.descend(
        [([[1.0]], [0.0]), ([[1.0]], [0.0])], NamedTable(LINE, ["bmi"]), FOUR, 0.1, width=5
    ),
}


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("kind", RESULTS)
def test_a_notebook_shows_every_result(kind):
    result = RESULTS[kind]()
    page = Page(result._repr_html_())
    assert page.tags[0] == "p"  # what holds comes first
    assert ("img" in page.tags) == (kind != "constant path")
    certificate = getattr(result, "certificate", None)
    if certificate is not None:
        assert certificate.statement() in page.text
        assert ("right class" if kind == "classes" else "root mean square error") in page.text
    if kind not in ("classes", "constant", "constant path", "outputs", "validation", "path"):
        assert "bmi" in page.text


def test_the_fit_is_that_of_the_network():
    solution = gm.derive(PLANE, TARGETS, reg=0.1)
    rest = TARGETS - solution.network(PLANE)
    text = Page(solution._repr_html_()).text
    assert (
        f"root mean square error is {np.sqrt(np.mean(rest**2)):.4g}, R² = {1 - np.var(rest) / np.var(TARGETS):.4f}"
        in text
    )
    classes = gm.derive(PLANE, np.sign(TARGETS), reg=2.0, loss="logistic")
    right = np.mean(np.sign(classes.network(PLANE)) == np.sign(TARGETS))
    assert f"the right class to {right:.1%}" in Page(classes._repr_html_()).text
