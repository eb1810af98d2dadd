"""Ways down as files: checked from the table in fractions, and refused if anything in them is changed."""

import copy
import json
import warnings
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from schemas import schema
from sklearn.neural_network import MLPRegressor
from test_descent import STORED_JOINTS, TRAP, TRAP_WITH_BIAS, least_width, objective, random_layers
from test_optimal_set_files import at, changes, fractions, places, refused, replaced, resealed

import geomnn as gm
from geomnn.checker.descents import _network, _rise, descent_claim
from geomnn.checker.report import verify_report
from geomnn.checker.statements import digest
from geomnn.exact import Falsehood

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")

SCHEMA = schema("descent")


@cache
def described(name):
    """X, y, the descent, and its document: of a trap, or of a random network."""
    if name in STORED_JOINTS:
        X, y, W, b, alpha, t, bias = {"without": TRAP, "with": TRAP_WITH_BIAS}[name]
        layers, options = [(W, b), ([alpha], [t])], {"reg": 1, "bias": bias, "width": 3}
    else:
        rng, bias = np.random.default_rng(name), name % 2 > 0
        X, y = rng.normal(size=(int(rng.integers(3, 7)), 1 + name % 3)), rng.integers(-3, 4, size=6)
        y, reg = y[: len(X)], [0.02, Fraction(1, 3)][name % 2]
        X = X.round() if name % 4 == 0 else X
        layers = random_layers(rng, least_width(X, bias), X.shape[1], bias, 1.0)
        options = {"reg": reg, "bias": bias, "norm": [1, np.inf][name // 2 % 2]}
    descent = gm.descend(layers, X, y, **options)
    return X, y, descent, descent.document()


def claimed(document, X, y):
    """The document with the claim and the seal that a forger would give it, where there are such."""
    claim, _ = descent_claim(
        document["problem"], document["networks"], fractions(X), [Fraction(str(value)) for value in y]
    )
    return resealed({**document, "claim": claim})


@pytest.mark.parametrize("name", [*STORED_JOINTS, *range(8)])
def test_what_is_walked_is_checked(name):
    X, y, descent, document = described(name)
    written = json.loads(json.dumps(document))
    SCHEMA.validate(written)
    words, claim = gm.exact.verify(written, X, y), document["claim"]
    assert " ".join(words) == claim["statement"]
    values = [float(Fraction(value)) for value in claim["values"]]
    np.testing.assert_allclose(values, descent.losses, rtol=1e-12, atol=1e-12)
    assert 0 <= Fraction(claim["rise"]) <= 1e-12 * max(values[0], 1e-3)
    assert 0 <= Fraction(claim["gap"]) <= 1e-9 * max(values[-1], 1e-3)


@pytest.mark.parametrize("name", STORED_JOINTS)
def test_traps_are_left_by_way_of_known_values(name):
    *_, document = described(name)
    joints = [f"{value:.10g}" for value in STORED_JOINTS[name]]
    start = f"(T) is {joints[0]}, {', '.join(joints)} at its networks."
    assert document["claim"]["statement"].startswith(f"A path of 3 neurons leads down: {start}")


def test_a_network_of_scikit_learn(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 2))
    y = np.abs(X[:, 0]) - X[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", max_iter=300, random_state=0).fit(X, y)
    descent = gm.descend(trained, X, y, 0.2)
    descent.save(tmp_path / "descent.json")
    words = gm.exact.verify(tmp_path / "descent.json", X, y)
    assert len(words) == 3
    assert json.loads((tmp_path / "descent.json").read_text(encoding="utf-8")) == descent.document()


@pytest.mark.parametrize("norm", ["1", "inf"])
@pytest.mark.parametrize("seed", range(8))
def test_no_point_of_a_piece_is_above_the_bound(seed, norm):
    """Two networks of the same signs, however far from each other, and (T) at the points between them."""
    rng, reg = np.random.default_rng(seed), Fraction(1, 2)
    apart, bias, m, d = [1e-3, 0.1, 1.0][seed % 3], bool(seed % 2), 3, 2
    X, y = rng.integers(-2, 3, size=(5, d)).astype(float), rng.normal(size=5)
    points = np.column_stack([X, np.ones(5)]) if bias else X
    start, order = rng.normal(size=(m, 1 + points.shape[1])), float(norm)
    end = start + apart * rng.normal(size=start.shape)
    end[:, 0] = np.abs(end[:, 0]) * np.sign(start[:, 0])
    start[0] *= seed % 4 > 0  # a slot that is empty at first

    def size(q):
        return max(map(abs, q[:d])) if norm == "inf" else sum(map(abs, q[:d]))

    given = [{"slots": slots.tolist(), "t": 0.25 * k * bias} for k, slots in enumerate((start + 0.0, end))]
    found = [
        _network(each, "a", fractions(points), [Fraction(str(value)) for value in y], reg, bias, size)
        for each in given
    ]
    t = [network["t"] for network in given]
    balanced = [np.abs(slots[:, :1]) * slots[:, 1:] for slots in (start, end)]

    def value(s):
        rows, signs = (1 - s) * balanced[0] + s * balanced[1], np.sign(end[:, 0])
        error = np.maximum(points @ rows.T, 0) @ signs + (1 - s) * t[0] + s * t[1] - y
        return error @ error / 2 + float(reg) * np.linalg.norm(rows[:, :d], ord=order, axis=1).sum()

    W, b, alpha = end[:, 1 : 1 + d], end[:, 1 + d] if bias else 0, end[:, 0]
    last = objective((W, b, alpha, t[1]), X, y, float(reg), order)
    assert float(found[1].value) == pytest.approx(last, rel=1e-12)
    values = np.array([*map(value, np.linspace(0, 1, 301)), last])
    most = float(sum(_rise(*found, reg, size, "")))
    rise = (values - np.minimum.accumulate(values)).max()
    assert rise <= most + 1e-12
    assert last - values[-2] == pytest.approx(float(found[1].excess), abs=1e-9)


def test_a_constant_goes_into_the_intercept():
    """A slot with w = 0 has no size when it is balanced, and (T) is the same at its beginning as by definition."""
    X, y = [[0], [1], [3]], [0, 1, 5]
    layers = [([[0.0], [1], [-1]], [2.0, 0, -1]), ([[1.5, 1, 1]], [-1])]
    document = gm.descend(layers, X, y, 0.1).document()
    assert document["networks"][0]["slots"][0] == [1.5, 0.0, 2.0]
    gm.exact.verify(document, X, y)


def others(value):
    """Other values in the place of one, or the other sign of a zero."""
    if isinstance(value, float):
        return [value + 1e-3, value * 1.5 + 1e-9, -value, str(value), 1, float("nan"), float("inf"), None]
    return changes(value)


@pytest.mark.parametrize("name", STORED_JOINTS)
def test_every_field_that_is_changed_is_refused(name):
    X, y, _, document = described(name)
    count, accepted = 0, []
    for path in [path for path in places(document) if path]:
        for change in others(at(document, path)):
            forged = replaced(document, path, change)
            if json.dumps(forged) != json.dumps(document):
                count += 1
                assert refused(forged, X, y), (path, change)
                if path != ("seal",) and not refused(resealed(forged), X, y):
                    accepted.append((path, at(forged, path[:2])))
    problem, values = document["problem"], document["claim"]["values"]
    for (
        path,
        network,
    ) in accepted:  # weights of a network that is as good: an empty slot, or slots in another order
        assert path[0] == "networks"
        alpha, W, b = np.split(np.array(network["slots"]), [1, 1 + np.shape(X)[1]], axis=1)
        weights = W, b.sum(axis=1), alpha[:, 0], network["t"]
        value = objective(
            weights, np.array(X), np.array(y), float(Fraction(problem["reg"])), float(problem["norm"])
        )
        assert value == pytest.approx(float(Fraction(values[path[1]])), rel=1e-12)
    assert count > 200
    assert len(accepted) < 10


def backwards(document):
    document["networks"].reverse()


def lifted(document):
    document["networks"][-1]["t"] += 0.25


def unbalanced(document):
    slot = next(slot for slot in document["networks"][-1]["slots"] if slot[0])
    document["networks"][-1]["slots"] = [
        [2 * alpha, *[w / 2 for w in rest]] if [alpha, *rest] == slot else [alpha, *rest]
        for alpha, *rest in document["networks"][-1]["slots"]
    ]


def exchanged(same):
    """Two slots of the last network change their places: it is the same one, and no straight line leads to it."""

    def change(document):
        slots = document["networks"][-1]["slots"]
        before = document["networks"][-2]["slots"]
        signs = [np.sign([mine[0], his[0]]).tolist() for mine, his in zip(slots, before, strict=True)]
        j, k = next(
            (j, k)
            for j in range(len(slots))
            for k in range(j)
            if all(signs[j] + signs[k]) and (signs[j] == signs[k]) == same
        )
        slots[j], slots[k] = slots[k], slots[j]

    return change


def narrowed(document):
    document["networks"][1]["slots"].pop()


def emptied(document):
    document["networks"] = []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (backwards, "rises between the networks 0 and 1, by more than rounding"),
        (lifted, "rises between the networks"),
        (unbalanced, "rises between the networks"),
        (exchanged(True), "A neuron turns between the networks .*, by more than rounding"),
        (exchanged(False), "Slot . changes its sign between the networks"),
        (narrowed, r"The networks have the widths \[., .\]; one was expected"),
        (emptied, r"The networks have the widths \[\]"),
    ],
)
def test_a_path_that_is_none_has_no_claim(change, words):
    X, y, _, document = described(7)
    forged = copy.deepcopy(document)
    change(forged)
    with pytest.raises(Falsehood, match=words):
        claimed(forged, X, y)


def by_hand(slots, X, y, **problem):
    """A path of networks without a bias, of one slot each."""
    asked = {"loss": "squared", "norm": "1", "bias": False, "reg": "1", "program": "all", "features": None}
    asked |= {"target": None, "classes": None, "samples": len(X)} | problem
    asked["sha256"] = digest(asked, fractions(X), fractions([y])[0])
    networks = [{"slots": [slot], "t": 0.0} for slot in slots]
    return {"format": "geomnn descent", "version": 1, "problem": asked, "networks": networks, "claim": {}}


def one_neuron(*roots, **problem):
    """f(x) = q x_+, where q is the square of a root, at x = 1, y = 3: (T) is ½ (q − 3)² + q, least at q = 2."""
    return by_hand([[root, root] for root in roots], [[1]], [3], **problem)


def test_a_slot_that_is_emptied_and_filled_does_not_jump():
    """A neuron goes, and one for the other sample comes: without the zero between it would turn around."""
    X, y, slots = [[1], [-1]], [0, 3], [[1.0, 1.0], [0.0, 0.0], [1.0, -1.0]]
    document = claimed(by_hand(slots, X, y), X, y)
    assert (document["claim"]["values"], document["claim"]["rise"]) == (["6", "9/2", "3"], "0")
    gm.exact.verify(document, X, y)
    with pytest.raises(Falsehood, match="A neuron turns between the networks 0 and 1, by more than rounding"):
        claimed(by_hand(slots[::2], X, y), X, y)


@pytest.mark.parametrize("name", STORED_JOINTS)
def test_a_network_that_is_left_out_is_missed(name):
    """By the claim, and where there is a line past it by the seal."""
    X, y, _, document = described(name)
    for k in range(len(document["networks"])):
        forged = copy.deepcopy(document)
        del forged["networks"][k]
        assert refused(forged, X, y)
        assert refused(resealed(forged), X, y)


def test_a_parabola_that_is_passed_at_its_lowest_point():
    """A step to 2.53125 comes from 3 by way of 2.5."""
    assert claimed(one_neuron(1.0, 1.25), [[1]], [3])["claim"]["values"] == ["3", str(Fraction(1329, 512))]
    with pytest.raises(Falsehood, match="rises between the networks 0 and 1"):
        claimed(one_neuron(1.0, 1.5), [[1]], [3])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (one_neuron(1.0, norm="2"), "not one of all atoms for norm 1 or inf"),
        (one_neuron(1.0, program="wedge"), "not one of all atoms"),
        (one_neuron(1.0, bias=True), "A slot of network 0 does not have 3 numbers"),
        (one_neuron(1), "A number of network 0 is 1, which is no finite float"),
        (one_neuron(-0.0), r"A number of network 0 is -0\.0"),
        (one_neuron(float("inf")), "A number of network 0 is inf"),
        ({**one_neuron(), "networks": [{"slots": [[1.0, 1.0]], "t": 1.0}]}, "network 0 has one"),
        ({**one_neuron(1.0), "version": 2}, "The version is 2 and 1 can be checked"),
        ({**one_neuron(1.0), "more": 1}, "The keys of the geomnn descent are not"),
    ],
)
def test_each_falsehood_has_a_sentence_of_its_own(document, words):
    claim = {"values": ["3"], "rise": "0", "gap": "0", "statement": ""}
    with pytest.raises(Falsehood, match=words):
        gm.exact.verify(resealed({**document, "claim": claim}), [[1]], [3])


def test_each_claim_and_the_seal_are_compared():
    X, y, _, document = described("with")
    claim = document["claim"]
    for key, value in (("values", claim["values"][1:]), ("rise", "0"), ("gap", "0"), ("statement", "Down.")):
        forged = {**document, "claim": {**claim, key: value}}
        with pytest.raises(Falsehood, match=f"The claimed {key} is"):
            gm.exact.verify(resealed(forged), X, y)
    with pytest.raises(Falsehood, match="The descent was changed after it was written"):
        gm.exact.verify({**document, "seal": "0" * 64}, X, y)
    with pytest.raises(Falsehood, match="sha256"):
        gm.exact.verify(document, X, [2, -4, 1])


def test_weights_of_any_size_are_read():
    """Finite ones, whose squares are no floats."""
    document = claimed(one_neuron(1e300, 1.0), [[1]], [3])
    assert "(T) is 5.000000000E+1199, 3 at" in document["claim"]["statement"]
    gm.exact.verify(document, [[1]], [3])


def test_the_command_checks_it(tmp_path):
    X, y, _, document = described("with")
    rows = [",".join(map(str, [*row, target])) for row, target in zip(X, y, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,y", *rows]), encoding="utf-8")
    problem = document["problem"] | {"features": ["a"], "target": "y"}
    problem["sha256"] = digest(problem, fractions(X), [Fraction(value) for value in y])
    text = json.dumps(resealed({**document, "problem": problem}))
    (tmp_path / "descent.json").write_text(text, encoding="utf-8")
    words = verify_report(tmp_path / "descent.json", tmp_path / "data.csv")
    assert words == gm.exact.verify(document, X, y)


def test_a_climb_behind_a_huge_first_step_is_no_way_down():
    """What a piece may rise by is a share of (T) where that piece begins, and not of where the path does."""
    X, y, _, document = described("with")
    slots = [[0.0, 0.0, 0.0]] * 3
    networks = [{"slots": slots, "t": t} for t in (1e7, 0.0, 30.0, 60.0)]
    with pytest.raises(Falsehood, match="rises between the networks 1 and 2"):
        claimed({**document, "networks": networks}, X, y)
