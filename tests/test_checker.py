"""The checker: it accepts what is true, and no certificate in which anything was changed."""

import copy
import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geomnn as gm
from geomnn.checker.report import check_network
from geomnn.checker.statements import digest, seal, sentence
from geomnn.checker.surds import Surd
from geomnn.cli import main
from geomnn.exact import Falsehood

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")


def problems():
    """Small certificates of every kind: X, y, options."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(-3, 4, size=(6, 2)) / 2, rng.integers(-4, 5, size=6) / 2
    grid = [[a, b] for a in (-1, 0, 1) for b in (0, 1)]
    return {
        "p = 1": (X, y, {"reg": 0.1}),
        "p = inf, no bias": (X, y, {"reg": 0.1, "norm": np.inf, "bias": False}),
        "p = 2, wedges": (X, y, {"reg": 0.1, "norm": 2, "dictionary": "wedge"}),
        "p = 1, wedges": (X, y, {"reg": 0.1, "norm": 1, "dictionary": "wedge"}),
        "one feature": (X[:, :1], y, {"reg": 0.1}),
        "space": (rng.integers(-2, 3, size=(5, 3)), y[:5], {"reg": 0.05}),
        "grid": (grid, y, {"reg": 0.01}),
        "repeated rows": (X[[0, 0, 1, 1, 2, 2]], y, {"reg": 0.1}),
        "zero rows": (np.vstack([X[:3], np.zeros((2, 2))]), y[:5], {"reg": 0.1, "bias": False}),
        "constant network": (X, y, {"reg": 100}),
        "one sample": ([[1, 2]], [3], {"reg": 0.1, "bias": False}),
    }


@pytest.fixture(scope="module", params=problems())
def certified(request):
    X, y, options = problems()[request.param]
    solution = gm.derive(X, y, exact=True, **options)
    return gm.exact.certificate_document(solution), X, y, solution


def places(content, path=()):
    """Every place of a document, from the root to the leaves."""
    yield path
    if isinstance(content, dict):
        for key, value in content.items():
            yield from places(value, (*path, key))
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield from places(value, (*path, position))


def changed(value):
    """What could stand in the place of a value and is not it."""
    if isinstance(value, bool):
        return [not value, int(value)]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 2, float(value), str(value), None]
    if value is None:
        return [0, "", []]
    if isinstance(value, str):
        found = [value + " ", "", value[:-1], value.replace("x", "y").swapcase() + "'", None, [value]]
        try:
            number = Fraction(value)
        except ValueError:
            swapped = value.replace("+⋆", "−⋆") if "+⋆" in value else value.replace("−⋆", "+⋆")
            return [*found, swapped] if swapped != value else found
        other = [number + 1, number / 2 + 1, number + Fraction(1, 10**30), -number]
        found += [str(other_one) for other_one in other if other_one != number]
        return [*found, f"{2 * number.numerator}/{2 * number.denominator}", float(number)]
    if isinstance(value, list):
        found = [[*value, value[-1]], value[1:], value[:-1], {}] if value else [[None], {}, ["0"]]
        return found + [value[::-1]] * (value[::-1] != value)
    return [{**value, "more": 0}, dict(list(value.items())[1:]), []]


def sealed(document):
    """The document as a forger would leave it, so that only what it says can be false."""
    return {**document, "seal": seal(document)}


def others(value):
    return [other for other in changed(value) if json.dumps(other) != json.dumps(value)]


def replaced(document, path, value):
    document = copy.deepcopy(document)
    if not path:
        return value
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def value_at(document, path):
    for key in path:
        document = document[key]
    return document


def fails(check, *arguments):
    """Whether a check ends with a sentence, rather than with an answer or with a traceback."""
    try:
        check(*arguments)
    except Falsehood as reason:
        return str(reason).endswith((".", "…")) or ": " in str(reason)
    return False


def test_true_certificates_hold(certified):
    document, X, y, solution = certified
    words = gm.exact.verify(document, X, y)
    assert words[-1] == solution.certificate.statement() == document["claim"]["statement"]
    assert gm.exact.verify(json.loads(json.dumps(document)), X, y) == words


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_any_change_makes_it_fail(certified, step):
    document, X, y, _ = certified
    tried = 0
    for path in list(places(document))[::step]:
        for value in others(value_at(document, path)):
            if path or isinstance(value, dict):
                other = replaced(document, path, value)
                assert fails(gm.exact.verify, other, X, y), f"{path} = {value!r}"
                if path != ("seal",):
                    assert fails(gm.exact.verify, sealed(other), X, y), f"{path} = {value!r}, sealed"
                tried += 1
    assert tried > 150 / step


def test_any_other_data_makes_it_fail(certified):
    document, X, y, _ = certified
    X, y = np.array(X, dtype=float), np.array(y, dtype=float)
    for i in range(len(y)):
        for column in range(X.shape[1]):
            other = X.copy()
            other[i, column] += 1e-3
            with pytest.raises(Falsehood, match="sha256"):
                gm.exact.verify(document, other, y)
        with pytest.raises(Falsehood, match="sha256"):
            gm.exact.verify(document, X, y + 1e-3 * (np.arange(len(y)) == i))
    with pytest.raises(Falsehood):
        gm.exact.verify(document, np.vstack([X, X[-1:]]), np.append(y, y[-1]))


def test_a_network_that_is_not_optimal_is_refused_though_its_numbers_fit():
    """Everything consistent but for one thing: an atom above reg, or atoms that are not at reg."""
    X, y, options = problems()["p = 1"]
    exact = gm.derive(X, y, exact=True, **options)
    paper = gm.exact.certificate_document(gm.derive(X, y, exact=True, dictionary="wedge", **options))
    assert Fraction(paper["claim"]["primal"]) > exact.objective
    claimed = replaced(paper, ("problem", "program"), "all")
    with pytest.raises(Falsehood):
        gm.exact.verify(sealed(claimed), X, y)
    claimed["problem"] = {**claimed["problem"]}
    claimed["claim"]["scope"], claimed["claim"]["count"] = "global", exact.certificate.count
    claimed["problem"]["sha256"] = digest(claimed["problem"], exact.problem.samples.rows, exact.exact.targets)
    primal = Surd(Fraction(paper["claim"]["primal"]))
    claimed["claim"]["statement"] = sentence(primal, "global", exact.certificate.count)
    with pytest.raises(Falsehood, match=r"canonical|above reg"):
        gm.exact.verify(sealed(claimed), X, y)


def test_the_network_file_is_compared_too(certified, tmp_path):
    document, X, _, solution = certified
    from geomnn.numbers.rationals import exact_table

    rows = exact_table(np.asarray(X))
    solution.network.save(tmp_path / "network.json")
    network = json.loads((tmp_path / "network.json").read_text(encoding="utf-8"))
    check_network(network, document, rows)
    for path in places(network):
        for value in others(value_at(network, path)):
            if path or isinstance(value, dict):
                assert fails(check_network, replaced(network, path, value), document, rows), (
                    f"{path} = {value!r}"
                )


def test_it_loads_nothing_but_the_standard_library():
    script = (
        "import sys; before = set(sys.modules)\n"
        "import geomnn.checker.report, geomnn.checker.__main__\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "other = {name for name in loaded if name not in sys.stdlib_module_names} - {'geomnn'}\n"
        "assert not other, other\n"
        "own = {name for name in sys.modules if name.startswith('geomnn')}\n"
        "assert all(name == 'geomnn' or name.startswith('geomnn.checker') for name in own), own\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


TABLE = "a,b,y,kind\n0.1,0,0,red\n1,0.3,1,blue\n0,1,1,blue\n1,1,0,red\n2,1.5,1,blue\n"


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """A folder with the table and its report, derived once."""
    folder = tmp_path_factory.mktemp("derived")
    (folder / "data.csv").write_text(TABLE, encoding="utf-8")
    options = ["--target", "y", "--features", "a,b", "--reg", "0.1", "--exact", "--out"]
    with pytest.MonkeyPatch.context() as context:
        context.chdir(folder)
        assert main(["derive", "data.csv", *options, "r"]) == 0
    return folder


@pytest.fixture
def report(derived, tmp_path, monkeypatch):
    """A copy of that folder to work in."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(derived, tmp_path, dirs_exist_ok=True)
    return tmp_path / "r"


def test_the_command_says_what_it_proved(report, capsys):
    capsys.readouterr()
    assert main(["verify", "r", "--data", "data.csv"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "No two-layer ReLU network of any width has a lower training objective" in out
    assert "number by number" in out
    done = subprocess.run([sys.executable, "-m", "geomnn.checker", "r", "--data", "data.csv"], check=True,
                          capture_output=True, text=True)  # fmt: skip
    said = [line.removeprefix("holds: ") for line in out.strip().splitlines() if line.startswith("holds: ")]
    assert said == [
        *done.stdout.strip().splitlines(),
        "network.py is the function of network.json, letter by letter.",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "status"),
    [
        ("data.csv", "0.3", "0.4", 1),
        ("data.csv", "a,b", "b,a", 1),
        ("data.csv", "0.3", "many", 1),
        ("r/certificate.json", '"1/10"', '"1/11"', 1),
        ("r/certificate.json", '"y"', '"a"', 1),
        ("r/certificate.json", '"a"', '"kind"', 1),
        ("r/certificate.json", "{", "", 1),
        ("r/network.json", '"features": 2', '"features": 3', 1),
        ("r/network.json", "{", "", 1),
    ],
)  # fmt: skip
def test_changed_files_exit_with_1(report, file, old, new, status, capsys):
    text = Path(file).read_text(encoding="utf-8")
    assert old in text
    Path(file).write_text(text.replace(old, new, 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["verify", "r", "--data", "data.csv"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("geomnn: FALSE: ")
    assert err.count("\n") == 1


def test_files_that_are_not_there_exit_with_2(report, capsys):
    assert main(["verify", "nothing", "--data", "data.csv"]) == 2
    assert main(["verify", "r", "--data", "nothing.csv"]) == 2
    assert "nothing.csv" in capsys.readouterr().err
    assert (
        main(["derive", "data.csv", "--target", "y", "--features", "a,b", "--reg", "0.1", "--out", "s"]) == 0
    )
    assert main(["verify", "s", "--data", "data.csv"]) == 2  # float64: nothing that could be checked exactly
    assert "derive it with --exact, or with --certify" in capsys.readouterr().err


def test_classes_and_exactness(report):
    arguments = [
        "derive",
        "data.csv",
        "--target",
        "kind",
        "--classify",
        "--features",
        "a,b",
        "--loss",
        "squared",
    ]
    assert main([*arguments, "--reg", "0.1", "--exact", "--out", "k"]) == 0
    assert main(["verify", "k", "--data", "data.csv"]) == 0
    text = Path("data.csv").read_text(encoding="utf-8")
    Path("data.csv").write_text(text.replace("red", "blue", 1), encoding="utf-8")
    assert main(["verify", "k", "--data", "data.csv"]) == 1


terms = st.dictionaries(st.integers(1, 60), st.fractions(-3, 3, max_denominator=9), max_size=4)


@pytest.mark.parametrize("examples", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_surds_agree_with_sympy(examples):
    settings(max_examples=examples, deadline=None)(given(terms, terms)(surds_agree))()


def surds_agree(left, right):
    import sympy

    def plain(values):
        return sum(sympy.Rational(c.numerator, c.denominator) * sympy.sqrt(r) for r, c in values.items())

    a, b = Surd(left), Surd(right)
    for ours, theirs in ((a + b, plain(left) + plain(right)), (a * b, plain(left) * plain(right))):
        theirs = sympy.expand(theirs)
        assert ours.sign() == sympy.sign(theirs)
        lower, upper = ours.bounds(200)
        assert lower <= sympy.floor(theirs * 2**200) + 1
        assert upper >= sympy.ceiling(theirs * 2**200) - 1
        assert float(Fraction(ours.decimal(20))) == pytest.approx(float(theirs), rel=1e-12)


def test_other_spellings_of_a_number_are_refused():
    X, y = [[0], [1], [3]], [0, 1, 5]
    document = gm.exact.certificate_document(gm.derive(X, y, reg=Fraction(1, 4), exact=True))
    half = str(Fraction(document["dual"][1]) / 2)
    for other in ([[half, 4]], [[document["dual"][1], 1]], [[half, 1], [half, 1]]):
        assert fails(gm.exact.verify, sealed(replaced(document, ("dual", 1), other)), X, y)
    roots = problems()["p = 2, wedges"]
    document = gm.exact.certificate_document(gm.derive(*roots[:2], exact=True, **roots[2]))
    coefficient, radicand = document["dual"][0][-1]
    other = [*document["dual"][0][:-1], [str(Fraction(coefficient) / 3), 9 * radicand]]
    assert fails(gm.exact.verify, sealed(replaced(document, ("dual", 0), other)), *roots[:2])


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("r/certificate.json", lambda text: text.replace('"reg"', '"reg": "1/1000000",\n  "reg"', 1)),
        ("r/network.json", lambda text: text.replace('"intercept"', '"intercept": "99", "intercept"', 1)),
        ("r/certificate.json", lambda text: "[" * 100_000),
        ("r/network.json", lambda text: "[" * 100_000),
        ("r/certificate.json", lambda text: "[1, 2]"),
        ("data.csv", lambda text: text.replace("0.3", "1e-99999999")),
        ("data.csv", lambda text: text.replace("0.3", "x" * 200_000)),
        ("data.csv", lambda text: text.replace("0.3", "3/10")),
        ("data.csv", lambda text: text.replace("2,1.5", "\n2,1.5")),
    ],
)  # fmt: skip
def test_crafted_files_end_in_one_sentence(report, file, change, capsys):
    Path(file).write_text(change(Path(file).read_text(encoding="utf-8")), encoding="utf-8")
    capsys.readouterr()
    assert main(["verify", "r", "--data", "data.csv"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_of_another_encoding(report, capsys):
    Path("data.csv").write_bytes(TABLE.encode().replace(b"red", b"r\xe9d"))
    assert main(["verify", "r", "--data", "data.csv"]) == 1
    assert "UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "table",
    [
        'y,"a\r\nb"\r\n0,0\r\n1,1\r\n5,3\r\n',
        "y,a\nfirst,0\nsecond,1\nfirst,3\n",
        "y,a\n10,0\n1_0,1\n10,3\n",
        "y,a\n0.1,0\n0.5,1\n0.10,3\n",
        "y,a\n16777217,0\n16777217.00000000001,1\n16777217.0,3\n",
        "y,a\n1e400,0\n2,1\n10e399,3\n",
        "y,a\n1e-400,0\n-0,1\n0.0e7,3\n",
        "y,a\n1e99999999,0\n1,1\n1.0,3\n",
        "y,a\n+1,0\n2e0,1\n1.0,3\n\n\n",
    ],
)
def test_solver_and_checker_read_the_same_table(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(table.encode())
    classes = ["--classify", "--loss", "squared"] if "a\r" not in table else []
    assert main(["derive", "t.csv", "--target", "y", *classes, "--reg", "1/10", "--exact", "--out", "r"]) == 0
    assert main(["verify", "r", "--data", "t.csv"]) == 0
