"""Losses: intercepts that balance the residual whatever classes and weights there are, and duals of small numbers."""

import ast
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest

import geomnn as gm
from geomnn import errors
from geomnn.programs.losses import HingeLoss, LogisticLoss, SoftmaxLoss, SquaredLoss, find_loss
from geomnn.samples import Samples

EXAMPLE = Path(__file__).parents[1] / "examples" / "plot_own_loss.py"


def huber(delta):
    """The loss that the how-to writes, from its page."""
    tree = ast.parse(EXAMPLE.read_text(encoding="utf-8"))
    parts = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef)]
    names = {}
    exec(compile(ast.Module(parts, []), EXAMPLE, "exec"), names)
    return names["HuberLoss"](delta)


LAWFUL = {
    "squared": (SquaredLoss(), np.linspace(-1, 2, 12).reshape(6, 2)),
    "logistic": (LogisticLoss(), [-1, 1, 1, -1, 1]),
    "hinge": (HingeLoss(), [-1, 1, 1, -1, 1]),
    "hinge, one class": (HingeLoss(), [1, 1, 1]),
    "softmax": (SoftmaxLoss(), np.eye(3)[[0, 1, 2, 1, 0]]),
    "Huber": (huber(0.5), np.linspace(-3, 2, 12).reshape(6, 2)),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_every_loss_keeps_the_laws(name):
    loss, y = LAWFUL[name]
    for seed in range(3):
        gm.testing.check_loss(loss, y, seed)


class Steep(SquaredLoss):
    def residual(self, f, y):
        return 2 * super().residual(f, y)


class Low(SquaredLoss):
    def dual(self, v, y):
        return super().dual(v, y) - 1


class High(SquaredLoss):
    def dual(self, v, y):
        return super().dual(v, y) + 1


class Flat(SquaredLoss):
    def curvature(self, f, y):
        return 0.5 * super().curvature(f, y)


class Off(SquaredLoss):
    def shift(self, f, y):
        return super().shift(f, y) + 0.1


class Lopsided(SquaredLoss):
    def balance(self, v):
        return v + 1e-3


class Unweighted(SquaredLoss):
    def value(self, f, y):
        return float(0.5 * np.sum((f - y) ** 2))


@pytest.mark.parametrize(
    ("liar", "law"),
    [
        (Steep, "slope of the value|tight at the residual"),
        (Low, "tight at the residual"),
        (High, "tight at the residual"),
        (Flat, "curvature"),
        (Off, "shift"),
        (Lopsided, "sum to zero"),
        (Unweighted, "repeated samples"),
    ],
)
def test_a_loss_that_breaks_a_law_is_found(liar, law):
    with pytest.raises(gm.testing.LawBroken, match=law):
        gm.testing.check_loss(liar(), [0.0, 1.0, 3.0, 2.0])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("name", ["hinge", "Huber"])
def test_the_optimum_of_other_losses_is_that_of_the_cone_program(name, norm, bias):
    """Over the wedges, whose activations are written out for CVXPY; over all atoms it is no higher, with its proof."""
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(18, 2)), rng.normal(size=18)
    y, loss = (np.where(y > 0, 1.0, -1.0), "hinge") if name == "hinge" else (y + 4 * (y > 1), huber(0.5))
    for reg in (0.05, 0.4):
        options = {"reg": reg, "norm": norm, "bias": bias, "loss": loss}
        solution = gm.derive(X, y, dictionary="wedge", **options)
        samples = Samples(X, bias)
        units = np.concatenate(list(gm.dictionaries.WedgeDictionary(samples, norm, False).units()))
        activations = samples.activations(np.concatenate([units, -units]))
        z, t = cp.Variable(activations.shape[1]), cp.Variable() if bias else 0.0
        f = activations @ z + t
        fit = cp.sum(cp.pos(1 - cp.multiply(y, f))) if name == "hinge" else cp.sum(cp.huber(f - y, 0.5)) / 2
        best = cp.Problem(cp.Minimize(fit + reg * cp.norm1(z))).solve(solver="CLARABEL")
        assert solution.objective == pytest.approx(best, rel=1e-6)
        whole = gm.derive(X, y, dictionary="all", **options)
        assert whole.objective <= solution.objective * (1 + 1e-9)
        assert abs(whole.certificate.relative_gap) <= 1e-9
        assert whole.certificate.coverage.scope == "global"
        searched = gm.derive(X, y, dictionary="local", **options)
        assert searched.objective >= whole.certificate.dual * (1 - 1e-9)
        assert searched.objective <= whole.objective * 1.01
    assert name == "Huber" or whole.unique is None


SEEDS = range(40)


def draw(loss, seed):
    """Predictions, targets and a loss with weights, in every size: no predictions at all, or far from the classes."""
    rng = np.random.default_rng(seed)
    c, n = int(rng.integers(2, 6)), int(rng.integers(6, 60))
    labels = np.concatenate([np.arange(c), rng.integers(0, c, n - c)])
    y = np.eye(c)[labels] if loss == "softmax" else np.where(labels % 2, 1.0, -1.0)[:, None]
    f = rng.normal(size=y.shape) * [0.0, 1.0, 10.0, 50.0][seed % 4] + y * [0.0, 20.0][seed % 2]
    weights = [None, rng.integers(1, 9, n).astype(float), 10.0 ** rng.uniform(-15, 15, n)][seed % 3]
    return f, y, find_loss(loss, weights)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_intercept_balances_each_column_of_the_residual(loss, seed):
    f, y, found = draw(loss, seed)
    v = found.residual(f + found.shift(f, y), y)
    size = np.maximum(np.abs(v).sum(axis=0), 1e-40 * np.sum(found.s * np.ones(len(y))))
    assert (np.abs(v.sum(axis=0)) <= 1e-11 * size).all()


@pytest.mark.parametrize("counts", [(28, 10, 15), (1, 1, 1), (5, 5), (1, 40, 2, 9), (3, 3, 3, 3, 3, 1)])
def test_the_best_constant_says_how_often_classes_come(counts):
    y = np.eye(len(counts))[np.repeat(np.arange(len(counts)), counts)]
    t = SoftmaxLoss().shift(np.zeros_like(y), y)
    np.testing.assert_allclose(np.exp(t - t[0]), np.array(counts) / counts[0], rtol=1e-13)


@pytest.mark.parametrize("ratio", [1e-60, 1e-27, 1e-20, 1.0, 1e20, 1e27, 1e60])
def test_the_best_constant_of_weighted_classes_is_their_ratio(ratio):
    y = np.array([[-1.0], [1.0], [1.0]])
    loss = LogisticLoss().weighted(np.array([1.0, ratio / 2, ratio / 2]))
    assert loss.shift(np.zeros_like(y), y)[0] == pytest.approx(np.log(ratio), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
@pytest.mark.parametrize("seed", SEEDS)
def test_duality_is_tight_at_the_residual_however_small_it_is(loss, seed):
    f, y, found = draw(loss, seed)
    v = found.residual(f, y)
    kept, value = found.clip(v, y), found.value(f, y)
    assert found.dual(kept, y) - np.sum(v * f) == pytest.approx(
        value, rel=1e-9, abs=1e-12 * np.sum(np.abs(v * f))
    )
    assert (np.abs(kept - v) <= 1e-14 * np.abs(v).max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize("seed", range(30))
def test_clipping_is_the_projection_on_the_domain(seed):
    """No point of the domain is on the far side of the hyperplane through the clipped one."""
    rng = np.random.default_rng(seed)
    c, s = int(rng.integers(2, 6)), 10.0 ** rng.uniform(-2, 2, 5)
    y, v = np.eye(c)[rng.integers(0, c, 5)], rng.normal(size=(5, c)) * 10.0 ** rng.uniform(-2, 1)
    loss = SoftmaxLoss().weighted(s)
    kept = loss.clip(v, y)
    assert np.isfinite(loss.dual(kept, y))
    for _ in range(30):
        other = s[:, None] * (y - rng.dirichlet(np.ones(c) / 3, 5))
        assert (((other - kept) * (v - kept)).sum(axis=1) <= 1e-12 * s * np.abs(v).max()).all()


ABSENT = {
    "logistic": (np.ones(5), "logistic"),
    "softmax": (np.eye(3)[[0, 1, 0, 1, 0]], "softmax"),
    "softmax, one class": (np.eye(2)[[1] * 5], "softmax"),
}


@pytest.mark.parametrize("name", ABSENT)
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_a_class_that_is_absent_is_refused_with_a_bias_only(name, norm):
    y, loss = ABSENT[name]
    X = np.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(errors.DataError, match="bias=False"):
        gm.derive(X, y, reg=0.1, norm=norm, loss=loss)
    solution = gm.derive(X, y, reg=0.1, norm=norm, loss=loss, bias=False)
    assert solution.certificate.coverage.scope == "global"
    assert solution.certificate.relative_gap <= 1e-9
    assert len(solution.network)


def test_one_class_without_a_bias_is_all_that_is_predicted():
    X = np.random.default_rng(0).normal(size=(6, 2))
    with pytest.raises(errors.DataError, match="bias=False"):
        gm.WedgeClassifier().fit(X, ["b"] * 6)
    model = gm.WedgeClassifier(bias=False, reg=0.1).fit(X, ["b"] * 6)
    assert model.predict(X).tolist() == ["b"] * 6
    assert model.predict_proba(X).tolist() == [[1.0]] * 6
    assert (model.decision_function(X) > 0).any()


@pytest.mark.parametrize("ratio", [1e-60, 1e-30, 1e-27, 1e-20, 1e20, 1e27, 1e60])
@pytest.mark.parametrize("labels", [(0, 1, 0, 1, 0, 1), (0, 1, 2, 1, 0, 2)])
@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
def test_weights_of_any_ratio_give_a_finite_certificate(ratio, labels):
    weights = np.where(np.array(labels) == 1, ratio, 1.0)
    model = gm.WedgeClassifier(tol=0.999999).fit(np.arange(6.0)[:, None], labels, weights)
    certificate = model.solution_.certificate
    assert 0 <= certificate.dual <= certificate.primal * (1 + 1e-9)


def test_cross_validation_splits_by_class_where_targets_are_classes_and_only_there():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(24, 1)), rng.normal(size=24)
    validation = gm.cross_validate(X, y, [0.1, 1.0], folds=3, loss=huber(0.5))
    assert validation.errors.shape == (3, 2)
    assert np.isfinite(validation.errors).all()
    labels = np.where(np.arange(24) < 2, 1.0, -1.0)  # two of a class: no more than two folds
    for loss in ("hinge", "logistic"):
        with pytest.raises(errors.OptionError, match="smallest class, 2"):
            gm.cross_validate(X, labels, [0.1], folds=3, loss=loss)
        assert gm.cross_validate(X, labels, [0.1], folds=2, loss=loss).errors.shape == (2, 1)


def test_a_constant_of_the_hinge_loss_claims_no_reg_max():
    X, labels = [[0.0], [1.0], [2.0], [3.0]], [-1, 1, 1, -1]
    with pytest.warns(errors.ConstantNetworkWarning, match="more than any atom is worth"):
        solution = gm.derive(X, labels, reg=100.0, loss="hinge")
    assert solution.objective == 4.0
    assert solution.certificate.dual == pytest.approx(4.0, rel=1e-9)
    with pytest.raises(errors.UnsupportedProblem, match="there are many residuals"):
        gm.reg_max(X, labels, loss="hinge")
