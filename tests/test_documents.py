"""Documents in JSON that somebody else wrote: each malformed one ends in one sentence, whatever stands where."""

import copy
import json
import re
import sys
import threading
import time
from contextlib import suppress
from fractions import Fraction
from functools import cache
from itertools import combinations, product

import numpy as np
import pandas
import pytest
from schemas import schema

import geomnn as gm
from geomnn import algebra
from geomnn.atoms import AsideWedge, Atom
from geomnn.checker.digits import any_size
from geomnn.checker.report import check_network, verify_report
from geomnn.checker.statements import digest, seal
from geomnn.depth.chains import chain_layers, single
from geomnn.errors import FormatError
from geomnn.exact import Falsehood
from geomnn.exact.certificate_file import certificate_record
from geomnn.networks.io.contradictions import contradiction
from geomnn.networks.io.document import dump
from geomnn.networks.neuron import ExactNeuron
from geomnn.networks.scaling import Scaling
from geomnn.norms import ball
from geomnn.numbers.rationals import exact_table
from geomnn.samples import Samples

OTHERS = [None, True, -1, 10**30, 0.5, "x", [], [["1", 2], "3"], {"a": [1]}]
X, Y = [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 2]
CSV = "a,b,y\n" + "".join(f"{a},{b},{y}\n" for (a, b), y in zip(X, Y, strict=True))
NETWORK, CERTIFICATE = schema("network"), schema("certificate")


def nodes(content, path=()):
    """Every place of a document, the first and the last of a long list."""
    yield path
    if isinstance(content, dict):
        for key, value in content.items():
            yield from nodes(value, (*path, key))
    elif isinstance(content, list):
        for position in sorted({0, len(content) - 1} & set(range(len(content)))):
            yield from nodes(content[position], (*path, position))


def replaced(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def variants(document):
    """The document with something else in each place, or nothing there."""
    for path in nodes(document):
        for other in OTHERS:
            yield path, replaced(document, path, other)
        if path and isinstance(path[-1], str):
            without = copy.deepcopy(document)
            place = without
            for key in path[:-1]:
                place = place[key]
            del place[path[-1]]
            yield path, without


CERTIFIED = {
    "p = 1": {"norm": 1},
    "p = 2, wedges": {"norm": 2, "dictionary": "wedge"},
    "p = inf, no bias": {"norm": np.inf, "bias": False},
    "three layers": {"depth": 3},
}


@pytest.fixture(scope="module", params=CERTIFIED)
def report(request, tmp_path_factory):
    """The folder of an exact report of two classes, with its data beside it."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "data.csv").write_text(CSV.replace("y", "y", 1), encoding="utf-8")
    table, targets = (X, Y) if request.param != "three layers" else ([[0], [1], [3]], [0, 1, 0])
    names = ["a", "b"][: len(table[0])]
    lines = [
        ",".join([*names, "y"]),
        *(",".join(map(str, [*row, y])) for row, y in zip(table, targets, strict=True)),
    ]
    (folder / "data.csv").write_text("\n".join(lines), encoding="utf-8")
    solution = gm.derive(table, targets, reg=Fraction(1, 10), exact=True, **CERTIFIED[request.param])
    document = gm.exact.certificate_document(solution, names, "y")
    return (
        folder,
        document,
        dump(solution.network),
        exact_table(np.array(table)),
        [Fraction(y) for y in targets],
    )


def resealed(document, rows, targets):
    """The document as a forger would leave it, its digest and its seal made anew where that can be done."""
    if isinstance(document, dict) and isinstance(document.get("problem"), dict):
        document = copy.deepcopy(document)
        if isinstance(document["problem"].get("sha256"), str):
            document["problem"]["sha256"] = digest(document["problem"], rows, targets)
        if "seal" in document:
            document["seal"] = seal(document)
    return document


def test_no_certificate_of_other_types_is_more_than_a_falsehood(report):
    folder, document, _, rows, targets = report
    (folder / "network.json").unlink(missing_ok=True)
    assert verify_report(write(folder, resealed(document, rows, targets)), folder / "data.csv")
    tried = 0
    for path, other in variants(document):
        if path == ("problem", "depth") and other["problem"].get("depth") == 10**30:
            continue  # it would be looked at layer by layer
        changed = resealed(other, rows, targets)
        if json.dumps(changed) != json.dumps(document):
            with pytest.raises(Falsehood):
                verify_report(write(folder, changed), folder / "data.csv")
            with suppress(Falsehood):  # of a table without names nothing is false that names its columns
                assert not isinstance(changed, dict) or gm.exact.verify(changed, rows, targets)
            tried += 1
    assert tried > 250


def write(folder, document):
    (folder / "certificate.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_no_network_of_other_types_is_more_than_a_falsehood(report):
    _, document, network, rows, _ = report
    if "depth" in document["problem"]:
        with pytest.raises(Falsehood):
            check_network(network, document, rows)
        return
    check_network(network, document, rows)
    for _, other in variants(network):
        if json.dumps(other) != json.dumps(network) and isinstance(other, dict):
            with pytest.raises(Falsehood):
                check_network(other, document, rows)


@pytest.mark.parametrize(
    "classes", [["1", 2], [["1", 2], ["2", 1]], [{}, {}], [None, None], ["0", "0.0"], ["a"], "ab", {}]
)
def test_classes_that_are_none(report, classes):
    folder, document, _, rows, targets = report
    other = resealed(replaced(document, ("problem", "classes"), classes), rows, targets)
    with pytest.raises(Falsehood, match="classes"):
        verify_report(write(folder, other), folder / "data.csv")


RANDOM = np.random.default_rng(0)
X2, Y2 = RANDOM.normal(size=(9, 2)), RANDOM.normal(size=9)


@cache
def networks():
    """Networks with every part that the file may have."""
    frame = pandas.DataFrame(X2, columns=["length", "petal width"])
    kinds = np.array(["no", "yes", "perhaps"])[np.digitize(Y2, [-0.5, 0.5])]
    layers, samples = chain_layers(Samples([[0], [4], [5], [7]], bias=True), 2, exact=True)
    below = layers[0].atoms
    k = next(k for k, atom in enumerate(layers[1].atoms) if isinstance(below[atom.support[0]], AsideWedge))
    last = ExactNeuron(single(samples.d, k, 0, 1, samples.rows[0][k], level=3), Fraction(2))
    folded = gm.AnalyticNetwork([last], Fraction(1, 3), samples.d, 1.0, True)
    folded = folded.over(layers[1], layers[0].width).over(layers[0], 1)
    plain = {
        "float64": gm.derive(X2, Y2).network,
        "p = 2, partial wedges": gm.derive(RANDOM.normal(size=(9, 3)), Y2, norm=2).network,
        "two outputs": gm.derive(X2, np.column_stack([Y2, X2[:, 0]]), norm=2).network,
        "p = inf, no bias": gm.derive(X2, Y2, norm=np.inf, bias=False).network,
        "one feature": gm.derive(X2[:, :1], Y2).network,
        "exact": gm.derive(X, Y, exact=True).network,
        "roots": gm.derive(X, Y, norm=2, dictionary="wedge", exact=True).network,
        "three layers": gm.derive([[0], [1], [3], [4]], [0, 1, 0, 2], depth=3, reg=0.01).network,
        "exact, three layers": gm.derive([[0], [1], [3]], [0, 1, 0], reg=0.01, depth=3, exact=True).network,
        "chains": gm.derive([[0.0], [1.0], [3.0], [4.0]], [0, 1, 0, 2], reg=0.01, depth=4, dictionary="chains").network,
        "sums": gm.rewrite([(RANDOM.normal(size=(4, 2)), np.ones(4)), (RANDOM.normal(size=(3, 4)), np.ones(3)),
                            (RANDOM.normal(size=(1, 3)), np.ones(1))], X2).network,
        "blocks": gm.train_blocks(X2, Y2, widths=(2,), reg=0.05, rounds=1).network,
        "a point aside, exact": folded,
        "a point aside": folded.numeric(),
        "names": gm.derive(frame, Y2).network,
        "names, exact": gm.derive(pandas.DataFrame(X, columns=["a", "b"]), Y, exact=True).network,
        "names and three classes": gm.WedgeClassifier(reg=0.1).fit(frame, kinds).solution_.network,
        "two classes": gm.WedgeClassifier(reg=0.1).fit(X2, np.sign(Y2)).solution_.network,
        "a constant": gm.AnalyticNetwork([], 0.5, 2, 1.0, True),
    }  # fmt: skip
    scaling = Scaling(np.array([170.0, 1e-3]), np.array([10.0, 1e-4]))
    scaled = {f"{name}, scaled": plain[name].scaled(scaling) for name in ("float64", "two outputs", "sums")}
    one = Scaling(scaling.mean[:1], scaling.deviation[:1])
    scaled |= {f"{name}, scaled": plain[name].scaled(one) for name in ("three layers", "chains")}
    return plain | scaled


@pytest.fixture(scope="module", params=list(networks()))
def network(request):
    return networks()[request.param]


def loaded(tmp_path, document):
    (tmp_path / "n.json").write_text(json.dumps(document), encoding="utf-8")
    return gm.AnalyticNetwork.load(tmp_path / "n.json")


def canonical(document):
    """The document as text, with integers as floats, so that true is not 1."""
    return json.dumps(json.loads(json.dumps(document), parse_int=float))


def test_every_network_is_read_back_and_predicts_the_same(network, tmp_path):
    again = loaded(tmp_path, dump(network))
    with any_size():
        assert dump(again) == dump(network)
    for table in (RANDOM.normal(size=(5, network.features)), [[Fraction(1, 3)] * network.features]):
        assert np.array_equal(again(table), network(table))
    assert (again.feature_names, again.classes) == (network.feature_names, network.classes)


def test_every_network_is_as_its_schema_says(network):
    document = json.loads(json.dumps(dump(network)))
    NETWORK.validate(document)
    for key in ("format", "version", "numbers", "intercept", "neurons"):
        assert not NETWORK.is_valid({k: v for k, v in document.items() if k != key})
    assert not NETWORK.is_valid(
        document | {"numbers": {"exact": "float64"}.get(document["numbers"], "exact")}
    )
    assert not NETWORK.is_valid(document | {"something": 1})


def test_every_certificate_is_as_its_schema_says(report):
    document = report[1]
    CERTIFICATE.validate(document)
    for part in ("problem", "network", "claim"):
        assert not CERTIFICATE.is_valid(document | {part: document[part] | {"something": 1}})
    assert not CERTIFICATE.is_valid(document | {"numbers": "float64"})


def test_certificates_in_floats_are_as_the_schema_says():
    scaling = Scaling.of(X2)
    solutions = {
        "plain": (gm.derive(X2, Y2), {"features": ["a", "b"], "target": "y"}),
        "scaled": (gm.derive(scaling(X2), Y2), {"table": X2, "scaling": scaling}),
        "partial wedges, two outputs": (gm.derive(X2, np.column_stack([Y2, X2[:, 0]]), norm=2), {}),
        "classes": (gm.derive(X2, np.sign(Y2), loss="logistic"), {"classes": ["no", "yes"]}),
        "three layers": (gm.derive([[0], [1], [3], [4]], [0, 1, 0, 2], depth=3, reg=0.01), {}),
        "a search": (gm.derive(X2, Y2, dictionary="local"), {}),
    }
    for solution, parts in solutions.values():
        document = json.loads(json.dumps(certificate_record(solution, **parts), allow_nan=False))
        CERTIFICATE.validate(document)
        assert not CERTIFICATE.is_valid(document | {"numbers": "exact"})
        assert document["seal"] == seal(document)
        assert (document["numbers"], len(document["dual"])) == ("float64", document["problem"]["samples"])
        assert document["claim"]["largest_correlation"] == solution.certificate.largest_correlation
        for key in ("primal", "dual", "name_error"):
            assert document["claim"][key] == getattr(solution.certificate, key)
        with pytest.raises(Falsehood, match="exact ones"):
            gm.exact.verify(document, X2, Y2)


@pytest.mark.one_in(4)
def test_no_network_file_of_other_types_is_more_than_a_format_error(network, tmp_path):
    """Whatever stands in any place: it is refused, or what is read is what is there."""
    document, refused = dump(network), 0
    for path, other in variants(document):
        try:
            found = loaded(tmp_path, other)
        except FormatError:
            refused += 1
        else:
            assert canonical(dump(found)) == canonical(other), path
            NETWORK.validate(other)
    assert refused > 90


@pytest.mark.parametrize("file", ["certificate.json", "network.json"])
@pytest.mark.parametrize("spelt", ['"{}"', "{}", '[["{}", 2]]', '[["1", {}]]', '"1/{}"'])
def test_numbers_of_a_million_digits_are_refused_before_they_are_read(file, spelt, tmp_path):
    (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
    solution = gm.derive(X, Y, reg=Fraction(1, 10), exact=True)
    solution.network.save(tmp_path / "network.json")
    write(tmp_path, gm.exact.certificate_document(solution, ["a", "b"], "y"))
    text = (tmp_path / file).read_text(encoding="utf-8")
    huge = spelt.format("7" * 10**6)
    changed = re.sub(r'"intercept": "[^"]*"', lambda _: f'"intercept": {huge}', text, count=1)
    assert changed != text
    (tmp_path / file).write_text(changed, encoding="utf-8")
    before = time.process_time()
    with pytest.raises(Falsehood, match="more than 100,000 digits"):
        verify_report(tmp_path, tmp_path / "data.csv")
    with pytest.raises(FormatError, match="more than 100,000 digits"):
        gm.AnalyticNetwork.load(tmp_path / file)
    assert time.process_time() - before < 2


def test_long_numbers_are_read_by_several_threads_and_the_limit_stays():
    """Two that overlap: the first to leave may not take the digits from the other, nor leave the limit lifted."""
    limit, long = sys.get_int_max_str_digits(), "7" * 5000
    inside, left = threading.Event(), threading.Event()
    found = []

    def stays():
        with any_size():
            inside.set()
            left.wait(10)
            found.append(int(long))

    thread = threading.Thread(target=stays)
    with any_size():
        thread.start()
        inside.wait(10)
    left.set()
    thread.join()
    assert found == [int("7" * 2500) * (10**2500 + 1)]
    assert sys.get_int_max_str_digits() == limit
    with pytest.raises(ValueError, match="limit"):
        int(long)


# what the names of neurons do not allow: the network of `networks` and a change of one of its neurons
CONTRADICTIONS = {
    "a weight along a wedged axis": ("axis", lambda n: n.update(weight=[0.5, 0.5])),
    "a sign": ("axis", lambda n: n.update(weight=[-w for w in n["weight"]])),
    "a neuron of no samples": ("axis", lambda n: n.update(samples=[])),
    "a sample too many": ("axis", lambda n: n.update(samples=[0, 1])),
    "a direction twice": ("axis", lambda n: n.update(samples=[], directions=n["directions"] * 2)),
    "a bias without an anchor": ("p = inf, no bias", lambda n: n.update(bias=1.0)),
    "a unit weight of another norm": ("three layers", lambda n: n.update(weight=[0.5])),
    "another orientation": ("three layers", lambda n: n.update(weight=[-w for w in n["weight"]])),
    "an exact weight of another norm": ("exact", lambda n: n.update(weight=["1/3", "1/3"])),
    "a norm with roots": ("roots", lambda n: n.update(weight=["1", [["1/2", 2]]])),
    "an infinite norm": ("float64", lambda n: n.update(weight=[1.7e308, 1.7e308])),
    "active samples for p = 1": ("float64", lambda n: n.update(active=[0, 1])),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_numbers_that_contradict_their_names_are_refused(name, tmp_path):
    chosen, change = CONTRADICTIONS[name]
    if chosen == "axis":
        found = gm.derive([[0, 0], [1, 0], [2, 0], [3, 1]], [0, 1, 0, 2], reg=0.01).network
        place = next(k for k, neuron in enumerate(found.neurons) if neuron.atom.directions)
    else:
        found, place = networks()[chosen], 0
    document = json.loads(json.dumps(dump(found)))
    loaded(tmp_path, document)
    change((document["below"][0] if "below" in document else document)["neurons"][place])
    with pytest.raises(FormatError, match="damaged"):
        loaded(tmp_path, document)


@pytest.mark.parametrize("norm", [1, np.inf])
@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_directions_alone_give_one_weight(norm, d):
    """Of all sets of them, against the cross product; dependent ones give none."""
    for chosen in combinations(ball(norm).directions(d), d - 1):
        known = algebra.cross_product(np.array([e.vector(d) for e in chosen]).reshape(d - 1, d))
        length = np.linalg.norm(known, norm)
        weight = known / length if length else np.eye(d)[0]
        for sign, orientation, exact in product((1, -1), (1, -1), (False, True)):
            numbers = (
                np.array([Fraction(float(w)).limit_denominator(100) for w in weight]) if exact else weight
            )
            atom = Atom(sign * numbers, 0, (3,), chosen, orientation, True, norm)
            assert (contradiction(atom) is None) == bool(length and sign == orientation), chosen


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_no_true_network_contradicts_its_names(norm, bias, d, tmp_path):
    """Columns of very different sizes too, and all dictionaries that name something."""
    random = np.random.default_rng(d)
    table = random.normal(size=(8, d)) * 10.0 ** random.integers(-3, 4, size=d) + random.integers(
        -2, 3, size=d
    )
    for dictionary in ("all", "wedge", "sampled", "local"):
        net = gm.derive(
            table, random.normal(size=8), reg=1e-2, norm=norm, bias=bias, dictionary=dictionary
        ).network
        net.save(tmp_path / "n.json")
        assert np.array_equal(gm.AnalyticNetwork.load(tmp_path / "n.json")(table), net(table))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("key", "value"), [("features", 10**9), ("features", 10**14), ("intercept", 1e308)])
def test_no_size_takes_memory_or_makes_infinities(tmp_path, exact, key, value):
    solution = gm.derive([[0], [1], [3]], [0, 1, 5], reg=0.1, exact=exact)
    for neurons in (dump(solution.network)["neurons"], []):
        content = dump(solution.network) | {"neurons": neurons, key: value}
        (tmp_path / "network.json").write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(FormatError):
            gm.AnalyticNetwork.load(tmp_path / "network.json")
