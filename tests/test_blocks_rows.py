"""Sequential blocks over large tables: descents over all rows or a few, the last block by rows, features of others."""

import importlib
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array

import geomnn as gm
from geomnn.blocks.block import Block
from geomnn.blocks.descent import Weights
from geomnn.blocks.sums import BlockSums
from geomnn.dictionaries import LocalDictionary
from geomnn.errors import DataError, MissingPackage, OptionError, UnsupportedProblem
from geomnn.programs.losses import find_loss
from geomnn.programs.problem import pose
from geomnn.rows import mapped
from geomnn.samples import Samples

QUICK = {"widths": (2,), "reg": 0.5, "rounds": 2, "steps": 20, "time_limit": None}


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs PyTorch")


def drawn(n=60, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + np.maximum(X[:, 1], 0)


def random_blocks(rng, d=3, outputs=2):
    sizes = ((4, d, 3), (5, 3, 2), (6, 2, outputs))
    return [
        Block(rng.normal(size=(k, m)), rng.normal(size=k), rng.normal(size=(k, c)), rng.normal(size=c))
        for k, m, c in sizes
    ]


def through(layers, X):
    """A network of Linear layers with a ReLU between each two, by its definition."""
    for weights, biases in layers[:-1]:
        X = np.maximum(X @ weights.T + (0 if biases is None else biases), 0.0)
    weights, biases = layers[-1]
    return X @ weights.T + (0 if biases is None else biases)


def value(trained, X, y, reg, loss="squared"):
    """L + reg Σ ‖w‖_2 ‖α‖_2 from the layers alone."""
    f, cost = through(trained.layers, X), 0.0
    for (inner, _), (outer, _) in zip(trained.layers[::2], trained.layers[1::2], strict=True):
        cost += float(np.linalg.norm(inner, axis=1) @ np.linalg.norm(outer, axis=0))
    targets = y[:, None] if y.ndim == 1 else y
    return find_loss(loss).value(f, targets) + reg * cost


def never_rises(trained):
    values = [each for _, each in trained.history]
    assert values == sorted(values, reverse=True)
    assert trained.objective == pytest.approx(values[-1], rel=1e-8)
    return values[-1] < values[0]


@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax"])
@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_the_slope_of_a_descent_is_that_of_its_objective(loss, norm, bias):
    rng, (X, y) = np.random.default_rng(1), drawn(30)
    one_hot = np.eye(2)[(y > 0).astype(int)]
    y = {"squared": np.column_stack([y, y]), "logistic": np.sign(y - y.mean()), "softmax": one_hot}[loss]
    problem = pose(gm.Rows(X + 100), y, 0.7, norm, bias, loss)
    blocks = random_blocks(rng, outputs=problem.outputs)
    if not bias:
        blocks = [Block(b.inner, 0 * b.biases, b.outer, 0 * b.shift) for b in blocks]
    weights, sums = Weights(blocks, problem), BlockSums(problem.samples, "float64", block_rows=7)

    def objective(theta):
        whole, slopes = sums.slope(problem.loss, problem.targets, weights.layers(theta))
        assert whole == pytest.approx(sums.loss(problem.loss, problem.targets, weights.layers(theta)))
        penalty, slope = weights.penalty(theta)
        return whole + penalty, weights.joined(slopes) + slope

    def by_hand(theta):
        """From the blocks in the coordinates of X."""
        table, sizes = X + 100, 0.0
        for place, block in enumerate(weights.blocks(theta)):
            table = block(np.maximum(table, 0) if place else table)
            sizes += np.sum(np.linalg.norm(block.inner, norm, axis=1) ** 2) + np.sum(block.outer**2)
        return problem.loss.value(table, problem.targets) + 0.35 * sizes

    whole, slope = objective(weights.begin)
    assert whole == pytest.approx(by_hand(weights.begin), rel=1e-9)
    way = rng.normal(size=len(slope)) * (weights.begin != 0)
    rise = (objective(weights.begin + 1e-7 * way)[0] - objective(weights.begin - 1e-7 * way)[0]) / 2e-7
    assert slope @ way == pytest.approx(rise, rel=1e-4)


def test_parts_of_the_rows_add_up_and_precisions_agree():
    rng, (X, y) = np.random.default_rng(2), drawn(50)
    blocks = [b.arrays for b in random_blocks(rng, outputs=1)]
    loss, y = find_loss("squared"), y[:, None]
    table = X * (rng.random(X.shape) < 0.6)
    whole, slopes = BlockSums(Samples(table, False), "float64").slope(loss, y, blocks)
    for samples, options, tolerance in (
        (Samples(table, False), ("float64", None, 11), 1e-12),
        (gm.Rows(csr_array(table)).samples(False), ("float64", None, 11), 1e-12),
        (gm.Rows(table.astype(np.float32)).samples(False), ("float32", None, 11), 1e-5),
    ):
        again, others = BlockSums(samples, *options).slope(loss, y, blocks)
        assert again == pytest.approx(whole, rel=tolerance)
        for one, other in zip(others, slopes, strict=True):
            np.testing.assert_allclose(one, other, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize("options", [{}, {"minibatch": 7}])
@pytest.mark.parametrize("bias", [True, False])
def test_the_objective_never_rises_and_is_that_of_the_layers(options, bias):
    X, y = drawn()
    trained = gm.train_blocks(X, y, norm=2, bias=bias, **QUICK, **options)
    assert never_rises(trained)
    assert value(trained, X, y, 0.5) == pytest.approx(trained.objective, rel=1e-9)
    np.testing.assert_allclose(trained(X), through(trained.layers, X)[:, 0], atol=1e-9)
    assert trained.features(X).shape == (60, 2)
    assert len(trained.layers) == 4


@pytest.mark.parametrize("minibatch", [1, 3, 100])
@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize(
    "X",
    [np.zeros((4, 2)), np.ones((3, 1)), np.array([[1.0], [1.0], [2.0]]), np.array([[5.0]]), np.eye(3)[[0, 0, 1, 2, 1]]],
)  # fmt: skip
def test_repeated_constant_and_zero_samples(X, minibatch, norm):
    for y in (np.arange(len(X), dtype=float), np.zeros(len(X))):
        trained = gm.train_blocks(
            X, y, widths=(2,), reg=0.1, rounds=1, steps=5, norm=norm, minibatch=minibatch
        )
        never_rises(trained)
        assert np.isfinite(trained(X)).all()


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_other_losses(loss):
    X, y = drawn()
    targets = np.sign(y - y.mean()) if loss == "logistic" else np.eye(2)[(y > 0).astype(int)]
    trained = gm.train_blocks(X, targets, norm=2, loss=loss, minibatch=10, **QUICK)
    assert never_rises(trained)
    assert value(trained, X, targets, 0.5, loss) == pytest.approx(trained.objective, rel=1e-9)
    assert trained(X).shape == targets.shape


@pytest.mark.parametrize("norm", [1, 2])
def test_as_many_rows_as_there_are_is_the_full_pass(norm):
    X, y = drawn(20, 2)
    full, same, more, fewer = (
        gm.train_blocks(X, y, norm=norm, minibatch=rows, **QUICK) for rows in (None, 20, 33, 5)
    )
    assert full.history == same.history == more.history
    assert fewer.history != full.history


@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("minibatch", [None, 6])
def test_features_that_change_nothing_change_nothing(norm, minibatch):
    X, y = drawn(20, 2)
    alone = gm.train_blocks(X, y, norm=norm, minibatch=minibatch, **QUICK)
    same = gm.train_blocks(X, y, norm=norm, minibatch=minibatch, features=lambda rows: rows, **QUICK)
    assert alone.history == same.history
    np.testing.assert_array_equal(alone(X), same(X))


def test_kinds_of_tables_give_the_same_network(tmp_path):
    X, y = drawn()
    np.save(tmp_path / "X.npy", X)
    stored = np.load(tmp_path / "X.npy", mmap_mode="r")
    batches = gm.Rows(lambda: ((X[k : k + 60], y[k : k + 60]) for k in range(0, 60, 60)))
    wanted = gm.train_blocks(X, y, norm=2, minibatch=9, **QUICK)
    for rows in (gm.Rows(X, y), gm.Rows(stored, y), batches):
        assert gm.train_blocks(rows, norm=2, minibatch=9, **QUICK).history == wanted.history
    small = gm.Rows(X.astype(np.float32), y)
    assert gm.train_blocks(small, norm=2, **QUICK).objective < 1.2 * wanted.objective


@pytest.mark.parametrize("picked", [True, False])
def test_activations_that_are_too_many_to_keep_are_made_again(picked, monkeypatch):
    X, y = drawn()
    rows = gm.Rows(X, y) if picked else gm.Rows(lambda: [(X, y)])
    made = []

    def function(block):
        made.append(len(block))
        return np.abs(block[:, :2])

    kept = gm.train_blocks(rows, norm=2, features=function, **QUICK)
    assert sum(made) == 2 * len(X) + len(X) // 2  # the second time for half of the rows
    monkeypatch.setattr(mapped, "KEPT", 0)
    monkeypatch.setattr("geomnn.rows.sums.KEPT", 0)
    again = gm.train_blocks(rows, norm=2, features=function, **QUICK)
    assert sum(made) > 100 * len(X)
    assert again.objective == pytest.approx(kept.objective, rel=1e-9)


def test_rows_through_a_function_are_its_values(monkeypatch):
    X = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    wanted = np.sort(X, axis=1)[:, 1:].astype(float)
    for keeps in (2**26, 0):
        monkeypatch.setattr(mapped, "KEPT", keeps)
        monkeypatch.setattr(mapped, "LOOKED_AT", 300)
        for table in (X, lambda: [X[:700], X[700:]]):
            rows = gm.Rows(table).through(lambda block: np.sort(block, axis=1)[:, 1:])
            assert rows.shape == (2000, 2)
            assert rows.dtype == np.float32
            np.testing.assert_array_equal(np.asarray(rows), wanted)
            np.testing.assert_array_equal(rows[[[1999, 3], [3, 600]]], wanted[[[1999, 3], [3, 600]]])
            np.testing.assert_array_equal(rows.low, wanted.min(axis=0))


def test_the_last_block_has_a_local_certificate_for_its_activations():
    X, y = drawn(150)
    trained = gm.train_blocks(X, y, norm=2, widths=(3,), reg=1.0, rounds=2, steps=40, time_limit=None)
    certificate, table = trained.certificate, trained.features(X)
    assert certificate.coverage.scope == "local"
    inner, biases, outer, t = trained.network.arrays()
    f = np.maximum(table @ inner.T + biases, 0) @ outer[:, 0] + t
    cost = float(np.linalg.norm(inner, axis=1) @ np.abs(outer[:, 0]))
    assert certificate.primal == pytest.approx(np.sum((f - y) ** 2) / 2 + cost, rel=1e-9)
    fresh = LocalDictionary(Samples(table, True), 2, starts=256, seed=9, start="walks")
    assert fresh.price((y - f)[:, None], np.inf, 1).maximum <= 1.05 * certificate.largest_correlation
    alone = gm.derive(gm.Rows(table, y), reg=1.0, norm=2)
    assert certificate.primal <= 1.01 * alone.objective


def test_a_last_block_that_is_not_taken_has_names_and_no_certificate(monkeypatch):
    """As after a descent whose last block is no lower: neurons that slid keep their weights."""
    from geomnn.blocks import training

    take = training._ByRows._take
    monkeypatch.setattr(
        training._ByRows,
        "_take",
        lambda self, step, *found: step != "last block" and take(self, step, *found),
    )
    X, y = drawn()
    trained = gm.train_blocks(X, y, norm=2, **QUICK)
    assert trained.certificate is None
    assert [step for step, _ in trained.history] == ["begin", "descent", "descent"]
    assert value(trained, X, y, 0.5) == pytest.approx(trained.objective, rel=1e-8)


def test_names_of_the_last_block_are_those_of_activations_of_samples():
    """Of three searches, as neurons of one may have come to lie on no sample."""
    (X, y), on = drawn(100), 0
    for seed in range(3):
        trained = gm.train_blocks(X, y, norm=2, seed=seed, **QUICK)
        table = trained.features(X)
        for neuron in trained.network.neurons:
            members, atom = list(neuron.atom.samples), neuron.atom
            away, size = (
                np.abs(table @ atom.weight + atom.bias),
                np.abs(table).max() * np.abs(atom.weight).max(),
            )
            if away.min() > 1e-9 * size:  # it lies on none, and is near an atom through the next one
                assert members == [np.argmin(away)]
                continue
            on += len(members)
            assert away[members].max() <= 1e-9 * size
    assert on > 0


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"minibatch": 0}, OptionError, "minibatch=0"),
        ({"minibatch": 2.5}, OptionError, "minibatch=2.5"),
        ({"minibatch": "32"}, OptionError, "minibatch='32'"),
        ({"norm": np.inf}, OptionError, "norm=inf; 1 or 2 was expected"),
        ({"norm": "2"}, OptionError, "norm='2'; 1 or 2"),
        ({"features": 3}, OptionError, "features=3; a function of a block of rows"),
        ({"features": iter([np.eye(3)])}, OptionError, "a function of a block of rows"),
        ({"features": lambda rows: rows[:, 0]}, DataError, r"made shape \(60,\) of a block of shape \(60, 3\)"),
        ({"features": lambda rows: rows[1:]}, DataError, r"features made shape \(59, 3\)"),
        ({"features": lambda rows: rows.tolist()}, DataError, "features made a list"),
        ({"features": lambda rows: rows / 0 if len(rows) else rows}, DataError, r"features\(X\)\[0, 0\] is .*inf"),
        ({"features": lambda rows: np.full((len(rows), 1), np.nan)}, DataError, r"features\(X\)\[0, 0\] is nan"),
        ({"features": lambda rows: rows.astype(str)}, DataError, "numbers were expected"),
        ({"device": "cuda:77"}, MissingPackage, "device='cuda:77'"),
        ({"X": iter([[0.0]])}, DataError, "an iterator"),
        ({"X": gm.Rows(np.eye(3)), "y": None}, DataError, "y is missing"),
        ({"X": gm.Rows(np.eye(3)), "y": [1, 2]}, DataError, "y has"),
        ({"X": gm.Rows(np.eye(3), np.ones(3)), "norm": 1}, UnsupportedProblem, "norm=2 was expected, or an array"),
        ({"loss": "hinge", "y": np.sign(drawn()[1])}, UnsupportedProblem, "norm=2 is for losses without corners"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_refusals_come_before_any_work(given, error, match, monkeypatch):
    monkeypatch.setattr("geomnn.blocks.training._Training.descend", lambda *_: pytest.fail("it began"))
    X, y = drawn()
    with pytest.raises(error, match=match):
        gm.train_blocks(**{"X": X, "y": y, "norm": 2} | given)


def test_features_that_change_are_refused():
    X, y = drawn()
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="other values for the same rows"):
        gm.train_blocks(X, y, norm=2, features=lambda rows: rows + rng.normal())


def eighths(n=40, d=3, seed=0):
    """Numbers of few digits, whose sums of products are exact in float32."""
    return np.random.default_rng(seed).integers(-8, 9, size=(n, d)) / 8


@pytest.mark.parametrize("norm", [1, 2])
def test_a_module_is_its_numpy_twin(torch, norm):
    X = eighths()
    y = X[:, 0] * X[:, 1]
    weights, biases = eighths(2, 3, 1), eighths(2, 1, 2)[:, 0]
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor(weights))
        module[0].bias.copy_(torch.tensor(biases))

    def twin(rows):
        return np.maximum(rows @ weights.T + biases, 0.0).astype(np.float32)

    with pytest.raises(OptionError, match=r"training mode.*features.eval\(\)"):
        gm.train_blocks(X, y, norm=norm, features=module, **QUICK)
    ours = gm.train_blocks(X, y, norm=norm, features=twin, **QUICK)
    before = [each.clone() for each in module.parameters()]
    for table in (X, X.astype(np.float32), torch.tensor(X), csr_array(X)):
        theirs = gm.train_blocks(gm.Rows(table), y, norm=norm, features=module.eval(), **QUICK)
        assert theirs.history == ours.history
        np.testing.assert_array_equal(theirs(X), ours(X))
    assert all(torch.equal(one, other) for one, other in zip(before, module.parameters(), strict=True))


def test_modules_that_give_no_table_are_refused(torch):
    X, y = drawn()
    with pytest.raises(DataError, match=r"features made shape \(60, 1, 3\)"):
        gm.train_blocks(X, y, norm=2, features=torch.nn.Unflatten(1, (1, 3)).eval())
    broken = torch.nn.Linear(3, 2).eval()
    torch.nn.init.constant_(broken.weight, np.nan)
    with pytest.raises(DataError, match=r"features\(X\)\[0, 0\] is nan"):
        gm.train_blocks(X, y, norm=2, features=broken)


def test_a_device_comes_to_what_numpy_does(torch):
    rng, (X, y) = np.random.default_rng(2), drawn(50)
    blocks, loss = [b.arrays for b in random_blocks(rng, outputs=1)], find_loss("squared")
    ours, theirs = (
        BlockSums(Samples(X, True), "float64", device, 11).slope(loss, y[:, None], blocks)
        for device in (None, "cpu")
    )
    assert theirs[0] == pytest.approx(ours[0], rel=1e-12)
    for one, other in zip(theirs[1], ours[1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12 * np.abs(other).max())
    assert never_rises(gm.train_blocks(X, y, norm=2, device="cpu", minibatch=8, **QUICK))


def test_without_pytorch_nothing_of_it_is_looked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    X, y = drawn(20)
    assert never_rises(gm.train_blocks(X, y, norm=2, features=np.tanh, **QUICK))
    assert importlib.util.find_spec("geomnn.blocks.features") is not None


@pytest.mark.parametrize("wrong", [{"tol": "a"}, {"tol": -1}, {"tol": np.nan}, {"norm": [2]}, {"norm": "2"}])
def test_options_that_are_none_are_refused(wrong):
    name = next(iter(wrong))
    with pytest.raises(gm.errors.OptionError, match=rf"{name}=.*was expected"):
        gm.train_blocks([[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0], **{"norm": 2, **wrong})


def test_another_number_of_features_is_refused():
    X = np.random.default_rng(0).normal(size=(30, 3))
    trained = gm.train_blocks(X, np.abs(X[:, 0]), norm=2, rounds=1, steps=5)
    with pytest.raises(gm.errors.DataError, match="X has 2 features, and the network was trained on 3"):
        trained(X[:, :2])
