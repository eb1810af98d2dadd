"""Optimal sets as files: checked from the table alone, and refused if anything in them is changed."""

import copy
import json
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from schemas import schema

import geomnn as gm
from geomnn.checker.meeting import cliques, meeting, without
from geomnn.checker.optima import set_words
from geomnn.checker.report import verify_report
from geomnn.checker.statements import digest, seal
from geomnn.cli import main
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.exact import Falsehood
from geomnn.report import Request, study_table
from geomnn.report.page import page_text

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")

STORED = json.loads((Path(__file__).parent / "data" / "optimal_sets.json").read_text())
STORED.pop("note")
SCHEMA = schema("optimal_set")
LINE, GRID = [[0], [1], [2], [3], [4]], [[a, b] for a in range(3) for b in range(2)]
COLLINEAR = [[k, 2 * k - 1] for k in range(5)]
OTHERS = {
    "wedges alone": (GRID, [0, 1, 1, 0, 2, 1], {"reg": 0.1, "dictionary": "wedge"}),
    "wedges alone, p = inf": (GRID, [0, 1, 1, 0, 2, 1], {"reg": 0.1, "dictionary": "wedge", "norm": np.inf}),
    "repeated rows": (GRID + GRID, [0, 1, 1, 0, 2, 1] * 2, {"reg": 0.1}),
    "repeated rows, no bias": (GRID[:3] * 2, [0, 1, 1, 0, 2, 1], {"reg": 0.1, "bias": False}),
    "collinear": (COLLINEAR, [1, 0, 2, 0, 1], {"reg": 0.1}),
    "collinear, p = inf": (COLLINEAR, [1, 0, 2, 0, 1], {"reg": 0.1, "norm": np.inf}),
    "grid, p = inf": (GRID, [0, 1, 1, 0, 2, 1], {"reg": 0.05, "norm": np.inf}),
    "grid, no bias": (GRID, [0, 1, 1, 0, 2, 1], {"reg": 0.05, "bias": False}),
    "one feature, p = 2": (LINE, [0, 1, 0, 2, 0], {"reg": 0.1, "norm": 2}),
    "linear": (LINE, [0, 1, 2, 3, 4], {"reg": 0.1}),
    "space": ([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 1, 1]], [0, 1, 1, 0], {"reg": 0.05}),
    "a constant": (LINE, [1, 2, 1, 2, 1], {"reg": 100}),
    "zero": (LINE, [0, 0, 0, 0, 0], {"reg": 1, "bias": False}),
    "one sample": ([[1, 2]], [3], {"reg": 0.1, "bias": False}),
}


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


@cache
def described(name):
    """X, y, the optimal set, and its document with a path."""
    if name in OTHERS:
        X, y, options = OTHERS[name]
    else:
        case = STORED[name]
        X, y = fractions(case["X"]), fractions([case["y"]])[0]
        options = {"reg": Fraction(case["reg"]), "norm": float(case["norm"]), "bias": case["bias"]}
    optima = gm.optimal_set(gm.derive(X, y, exact=True, **options))
    ends = optima.vertices()[0], optima.vertices()[-1]
    return X, y, optima, optima.document([optima.path(*ends)])


EVERY = pytest.mark.parametrize("name", [*STORED, *OTHERS])


@EVERY
def test_a_document_says_what_is_so(name):
    X, y, optima, document = described(name)
    assert gm.exact.verify(json.loads(json.dumps(document)), X, y) == set_words(document)
    claim = document["claim"]
    assert (claim["rank"], claim["dimension"], claim["unique"]) == (
        optima.rank,
        optima.dimension,
        optima.unique,
    )
    assert document["vertices"]["all"]
    assert len(document["vertices"]["points"]) == len(optima.vertices())
    sizes = [len(point) for point in document["vertices"]["points"]]
    assert (min(sizes), max(sizes)) == optima.width_range
    for networks, part in document["fewest"].items():
        assert part["least"]
        assert len(part["network"]) == optima.fewest(networks == "all").neurons
    assert ("all" in document["fewest"]) == optima.merging


@EVERY
def test_a_document_is_as_its_schema_says(name):
    document = json.loads(json.dumps(described(name)[-1]))
    SCHEMA.validate(document)
    for part in (None, "problem", "vertices", "fewest", "claim") if name in ("xor", "wedges alone") else ():
        content = document[part] if part else document
        others = ({k: v for k, v in content.items() if k != key} for key in content)
        for changed in ({**content, "more": 1}, *others):
            valid = SCHEMA.is_valid({**document, part: changed} if part else changed)
            assert valid == (part == "fewest" and set(changed) == {"dictionary"})


@pytest.mark.parametrize("seed", range(12))
def test_random_problems(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 7)), int(rng.integers(1, 3))
    X, y = rng.integers(-2, 3, size=(n, d)), rng.integers(-3, 4, size=n)
    options = {"norm": [1, np.inf][seed % 2], "bias": seed % 3 > 0, "reg": [Fraction(1, 3), 0.05][seed % 2]}
    optima = gm.optimal_set(gm.derive(X, y, exact=True, **options))
    document = optima.document()
    assert gm.exact.verify(document, X, y) == set_words(document)
    ends = [(str(neuron.low), str(neuron.high), neuron.status) for neuron in optima.neurons]
    assert [tuple(neuron[key] for key in ("low", "high", "status")) for neuron in document["neurons"]] == ends


def changes(value):
    """Other values in the place of one."""
    if isinstance(value, bool):
        return [not value, int(value), None]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1, str(value), float(value)]
    if isinstance(value, str):
        return [value + "0", value[:-1], "-" + value, "1/3", "0", None, 7]
    if isinstance(value, list):
        more = [value[:-1], value[1:], [*value, value[-1]], value[::-1]] if value else [[[]]]
        return [*more, None, {}]
    if isinstance(value, dict):
        return [{**value, "more": 1}, dict([*value.items()][1:]), None]
    return [0, "", []]


def places(value, path=()):
    """The place of every value, but of lists only the first and the last."""
    yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from places(entry, (*path, key))
    elif isinstance(value, list):
        for k in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from places(value[k], (*path, k))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def replaced(document, path, value):
    other = copy.deepcopy(document)
    at(other, path[:-1])[path[-1]] = value
    return other


def resealed(document):
    """The document as a forger would leave it."""
    return {**document, "seal": seal(document)}


def as_true(document, path):
    """Whether such a change may leave what is said as true: other multipliers, or a path the other way round."""
    multipliers = not {"below", "above", "needed"}.isdisjoint(path)
    return (multipliers and not document["problem"]["bias"]) or path[0] == "paths"


@pytest.mark.parametrize(("name", "step"), [("quad5", 1), *((name, 19) for name in [*STORED, *OTHERS])])
def test_every_field_that_is_changed_is_refused(name, step):
    X, y, _, document = described(name)
    count, accepted = 0, []
    for path in [path for path in places(document) if path][len(name) % step :: step]:
        for change in changes(at(document, path)):
            forged = replaced(document, path, change)
            if json.dumps(forged) != json.dumps(document):
                count += 1
                if path == ("seal",) or not refused(resealed(forged), X, y):
                    accepted += [path] * (path != ("seal",))
                    assert refused(forged, X, y)
    assert all(as_true(document, path) for path in accepted), accepted
    assert count > 5 + 700 // step**2
    assert len(accepted) <= count / 10


def refused(document, X, y):
    """Whether a check ends with a sentence."""
    try:
        gm.exact.verify(document, X, y)
    except Falsehood as reason:
        return str(reason).endswith((".", "…")) or ": " in str(reason)
    return False


def renumbered(rows, gone):
    """Amounts without an atom."""
    if rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], int):
        return [[k - (k > gone), amount] for k, amount in rows if k != gone]
    return [renumbered(row, gone) for row in rows]


def without_an_atom(document):
    gone = next(k for k, neuron in enumerate(document["neurons"]) if neuron["status"] == "never")
    del document["neurons"][gone]
    for part in (document["vertices"], *document["fewest"].values()):
        key = "points" if "points" in part else "network"
        part[key] = renumbered(part[key], gone)
    document["paths"] = []


def flipped(document):
    document["neurons"][0]["sign"] *= -1


def moved(key, by):
    def change(document):
        neuron = document["neurons"][0]
        neuron[key] = str(Fraction(neuron[key]) + by)

    return change


def without_a_vertex(document):
    points = document["vertices"]["points"]
    counts = [sum(any(k == j for k, _ in other) for other in points) for j in range(len(document["neurons"]))]
    assert min(count for count in counts if count) > 1
    del points[len(points) // 2]


def with_a_mean(document):
    first, second = (dict(point) for point in document["vertices"]["points"][:2])
    mean = {k: (Fraction(first.get(k, 0)) + Fraction(second.get(k, 0))) / 2 for k in {*first, *second}}
    points = [*document["vertices"]["points"], [[k, str(mean[k])] for k in sorted(mean)]]
    document["vertices"]["points"] = sorted(points, key=lambda point: [k for k, _ in point])


def with_a_larger_vertex(document):
    amount = document["vertices"]["points"][0][0]
    amount[1] = str(2 * Fraction(amount[1]))


def more_neurons_than_needed(document):
    document["fewest"]["all"]["network"] = [
        [pair] for row in document["vertices"]["points"][:1] for pair in row
    ]


def merged_over_the_dictionary(document):
    document["fewest"]["dictionary"]["network"] = document["fewest"]["all"]["network"]


def merged_of_what_is_apart(document):
    document["fewest"]["all"]["network"] = [document["vertices"]["points"][0]]


def with_a_corner_elsewhere(document):
    corner = document["paths"][0][1]
    row = next(row for row in corner if row)
    row[0][1] = str(Fraction(row[0][1]) / 2)


def through_no_cell(document):
    document["paths"] = [[document["paths"][0][0], document["paths"][0][0][::-1]]]


def without_a_proof(document):
    document["needed"] = []


def with_a_proof_of_nothing(document):
    document["needed"][0] = ["0"] * len(document["dual"])


def with_a_proof_that_proves_other_ends(document):
    first, _, second = document["neurons"][:3]
    first["above"], second["above"] = second["above"], first["above"]


def with_proofs_without_end(document):
    document["needed"] *= 1000


def claimed(key, value):
    def change(document):
        document["claim"][key] = value

    return change


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("grid3", without_an_atom, "1 atoms with the correlation reg are left out"),
        ("quad5", flipped, "The sign of neuron 0 is not that of its correlation"),
        (
            "quad5",
            moved("low", Fraction(1, 8)),
            "The low of neuron 0 is not the least amount of the listed vertices",
        ),
        ("quad5", moved("high", -Fraction(1, 8)), "The high of neuron 0 is not the largest amount"),
        ("grid3", without_a_vertex, "It is not proved that there are no other vertices"),
        ("quad5", with_a_mean, "The neurons of vertex 1 are dependent"),
        ("quad5", with_a_larger_vertex, "Vertex 0 is no optimal network"),
        (
            "quad5",
            more_neurons_than_needed,
            "It is not proved that no network .all. has fewer than 4 neurons",
        ),
        ("quad5", merged_over_the_dictionary, "fewest, dictionary, has a neuron of atoms that do not merge"),
        ("quad5", merged_of_what_is_apart, "fewest, all, has a neuron of atoms that do not merge"),
        ("xor", with_a_corner_elsewhere, "Corner 1 of a path is not optimal"),
        ("quad5", through_no_cell, "is not of one cell between the corners 0 and 1 of a path"),
        ("xor", without_a_proof, "It is not proved that there are no other vertices"),
        ("xor", with_a_proof_of_nothing, "The product of an entry of needed with y − v is not 1"),
        ("xor", with_proofs_without_end, "needed has 4,000 entries and 1,000 can be checked"),
        ("quad5", with_a_proof_that_proves_other_ends, "above of neuron 0 does not prove its high"),
        ("quad5", claimed("dimension", 1), "The claimed dimension is 1 where 2 was found"),
        ("quad5", claimed("unique", True), "The claimed unique is True where False was found"),
        ("quad5", claimed("cost", "3"), "The claimed cost is '3' where '4' was found"),
        ("quad5", claimed("count", 12), "The claimed count is 12 where 10 was found"),
    ],
)
def test_each_falsehood_has_a_sentence_of_its_own(name, change, words):
    """With the words and the seal that it would need: right but for what it breaks."""
    X, y, _, document = described(name)
    forged = copy.deepcopy(document)
    change(forged)
    forged["claim"]["statement"] = " ".join(set_words(forged))
    with pytest.raises(Falsehood, match=words):
        gm.exact.verify(resealed(forged), X, y)


def test_a_residual_that_is_none_is_refused():
    """Of another reg, and of weaker ones, for which no atom reaches reg."""
    X, y, _, document = described("xor")
    for dual, words in ((["1/5", "-1/5", "-1/5", "1/5"], "has .correlation. above reg"),
                        (["1/20", "-1/20", "-1/20", "1/20"], "The correlation of neuron 0 is not reg"),
                        (["1/10", "-1/10", "-1/10", "1/5"], "do not sum to 0")):  # fmt: skip
        with pytest.raises(Falsehood, match=words):
            gm.exact.verify(resealed({**document, "dual": dual}), X, y)


def test_another_table_is_refused():
    X, y, _, document = described("xor")
    for table, targets in ((X[::-1], y), (X, y[::-1]), (X, [*y[:3], 1]), ([[2, 0], *X[1:]], y)):
        if (table, targets) != (X, y) and digest(
            document["problem"], fractions(table), fractions([targets])[0]
        ) != (document["problem"]["sha256"]):
            with pytest.raises(Falsehood, match="sha256"):
                gm.exact.verify(document, table, targets)


def test_numbers_of_a_million_digits_are_refused_before_they_are_read():
    X, y, _, document = described("xor")
    for path in (("dual", 0), ("neurons", 0, "below", 0), ("needed", 0, 0), ("vertices", "points", 0, 0, 1)):
        for spelt in ("{}", "1/{}"):
            forged = resealed(replaced(document, path, spelt.format("7" * 10**6)))
            with pytest.raises(Falsehood, match="more than 100,000 digits"):
                gm.exact.verify(forged, X, y)


def test_what_was_not_proved_is_not_said():
    X, y, optima, document = described("grid3")
    short = optima.document(limit=3)
    words = gm.exact.verify(short, X, y)
    assert not short["vertices"]["all"]
    assert "vertices or more." in " ".join(words)
    assert short["neurons"][0]["low"] == document["neurons"][0]["low"]
    assert all(part["least"] for part in short["fewest"].values())
    short["fewest"]["all"]["least"] = False
    short["claim"]["statement"] = " ".join(set_words(short))
    assert "and that none has fewer is not proved." in " ".join(gm.exact.verify(resealed(short), X, y))


def by_force(sets, size, fits):
    """Whether some atoms that fit meet all sets."""
    return any(
        fits(atoms) and all(each & atoms for each in sets)
        for atoms in (frozenset(k for k in range(size) if mask >> k & 1) for mask in range(2**size))
    )


@pytest.mark.parametrize("seed", range(30))
def test_searches_by_force(seed):
    rng = np.random.default_rng(seed)
    size, most = 6, int(rng.integers(0, 4))
    sets = [frozenset(np.flatnonzero(row).tolist()) for row in rng.random((5, size)) < 0.35]
    graph = np.triu(rng.random((size, size)) < 0.4, 1)
    friends = [frozenset(np.flatnonzero(row).tolist()) for row in graph | graph.T]

    def few(atoms, left=most):
        if not atoms or not left:
            return not atoms
        parts = (frozenset(k for k in atoms if mask >> k & 1) for mask in range(1, 2**size))
        return any(few(atoms - part, left - 1) for part in parts
                   if min(atoms) in part and all(j in friends[k] for j in part for k in part - {j}))  # fmt: skip

    found = meeting(sets, cliques(friends, most))
    assert (found is not None) == by_force(sets, size, few)
    others = [frozenset(np.flatnonzero(row).tolist()) for row in rng.random((4, size)) < 0.5]
    found = meeting(sets, without(others))
    assert (found is not None) == by_force(
        sets, size, lambda atoms: not any(each <= atoms for each in others)
    )


def test_a_search_that_is_too_long_is_refused():
    sets = [frozenset(range(20 * k, 20 * k + 20)) for k in range(8)]
    with pytest.raises(Falsehood, match="takes more than 20,000 steps"):
        meeting(sets, cliques([frozenset()] * 160, 7))


def test_a_report_has_the_file_and_what_is_false_in_it_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, y, *_ = described("xor")
    rows = [",".join(map(str, [*row, target])) for row, target in zip(X, y, strict=True)]
    Path("data.csv").write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    assert main(["derive", "data.csv", "--target", "y", "--reg", "1/20", "--exact", "--out", "report"]) == 0
    capsys.readouterr()
    assert main(["verify", "report", "--data", "data.csv"]) == 0
    assert "rank 3, cost 3.2 and 2 vertices." in capsys.readouterr().out
    file = Path("report/optimal_set.json")
    assert verify_report(file, Path("data.csv")) == set_words(json.loads(file.read_text(encoding="utf-8")))
    assert "of dimension 1, rank 3, cost 3.2 and 2 vertices" in Path("report/report.html").read_text(
        encoding="utf-8"
    )
    other = gm.exact.certificate_document(gm.derive(X, y, reg=0.1, exact=True), ["a", "b"], "y")
    Path("report/network.json").unlink()
    Path("report/certificate.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(Falsehood, match=r"The problem of optimal_set\.json is not that of certificate\.json"):
        verify_report(Path("report"), Path("data.csv"))


def test_a_report_leaves_out_what_is_long(tmp_path):
    case = STORED["grid3"]
    rows = [",".join(map(str, [*row, y])) for row, y in zip(case["X"], case["y"], strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    study = study_table(Request(str(tmp_path / "data.csv"), "y", Fraction(case["reg"]), exact=True))
    assert study.optima is None
    assert "is left out here" in page_text(study, [])


def test_what_has_no_file(tmp_path):
    X, y = GRID, [0, 1, 1, 0, 2, 1]
    for options in ({}, {"exact": True, "norm": 2, "dictionary": "wedge"}):
        optima = gm.optimal_set(gm.derive(X, y, reg=0.1, **options))
        with pytest.raises(UnsupportedProblem, match="float64"):
            optima.save(tmp_path / "optimal_set.json")
    assert not [*tmp_path.iterdir()]
    _, _, optima, document = described("xor")
    _, _, other, _ = described("quad5")
    for options, words in (({"paths": [other.path(*other.vertices()[:2])]}, "a path of this optimal set was expected"),
                           ({"paths": [optima]}, "a path of this optimal set was expected"),
                           ({"limit": 0}, "limit=0")):  # fmt: skip
        with pytest.raises(OptionError, match=words):
            optima.document(**options)
    optima.save(tmp_path / "optimal_set.json")
    text = (tmp_path / "optimal_set.json").read_text(encoding="utf-8")
    assert {**json.loads(text), "paths": 0, "claim": 0, "seal": 0} == {
        **document,
        "paths": 0,
        "claim": 0,
        "seal": 0,
    }


def test_a_path_from_a_merged_network():
    """Its corners are different ones, so that the file is one."""
    X, y = [[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4]
    optima = gm.optimal_set(gm.derive(X, y, reg=0.5, exact=True))
    path = optima.path(gm.merge(optima.solution).network, optima.vertices()[0])
    assert gm.exact.verify(optima.document([path]), X, y)


@pytest.mark.parametrize("key", ["all", "points"])
def test_what_is_nested_too_deep_is_a_falsehood(key):
    _, _, _, document = described("quad5")
    X, y = fractions(STORED["quad5"]["X"]), fractions([STORED["quad5"]["y"]])[0]
    forged, nested = copy.deepcopy(document), []
    for _ in range(100_000):
        nested = [nested]
    forged["vertices"][key] = nested
    with pytest.raises(Falsehood):
        gm.exact.verify(forged, X, y)
    while nested:  # from the outside, as one list after the other would be freed within the one before
        nested = nested.pop()
