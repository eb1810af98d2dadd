"""The scikit-learn estimators: their manners, their weights, and what their solutions say."""

import pickle

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import estimator_checks_generator

import geomnn as gm
from geomnn import errors
from geomnn.dictionaries import LocalDictionary
from geomnn.samples import Samples

# checks on samples whose atoms are searched, or of three classes, and a reg at which few neurons make them short
LONG = {
    "WedgeRegressor-check_dtype_object": 1e3,
    "WedgeRegressor-check_regressor_data_not_an_array": 1e3,
    "WedgeRegressor-check_regressor_multioutput": 1e3,
    "WedgeRegressor-check_regressors_int": 1e3,
    "WedgeRegressor-check_regressors_train": 2e1,
    "WedgeClassifier-check_classifiers_train": 1e2,
    "WedgeClassifier-check_dict_unchanged": 1e2,
    "WedgeClassifier-check_dont_overwrite_parameters": 1e2,
    "WedgeClassifier-check_dtype_object": 1e2,
    "WedgeClassifier-check_f_contiguous_array_estimator": 1e2,
    "WedgeClassifier-check_fit2d_predict1d": 1e2,
    "WedgeClassifier-check_methods_sample_order_invariance": 1e2,
    "WedgeClassifier-check_methods_subset_invariance": 1e2,
    "WedgeClassifier-check_sample_weight_equivalence_on_dense_data": 1e2,
}


def checks():
    """Every check of scikit-learn on both estimators as they are made, and the long ones with a large reg, too; of a
    check in several kinds of memory the first as they are made."""
    before = set()
    for made in (gm.WedgeRegressor, gm.WedgeClassifier):
        for estimator, check in estimator_checks_generator(made()):
            name = f"{made.__name__}-{check.func.__name__}"
            if name in LONG:
                yield pytest.param(clone(estimator).set_params(reg=LONG[name]), check, id=f"{name}-large reg")
            if name not in LONG or name not in before:
                yield pytest.param(estimator, check, marks=[pytest.mark.slow] * (name in LONG), id=name)
            before.add(name)


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
@pytest.mark.filterwarnings("ignore::geomnn.errors.GeomnnWarning")  # data of noise, and of one value
def test_the_checks_of_scikit_learn_pass(estimator, check, monkeypatch):
    # a third of the samples of the table that they share, of which one feature has a say
    X, y = estimator_checks._regression_dataset()
    monkeypatch.setattr(estimator_checks, "REGRESSION_DATASET", (X[:60], y[:60]))
    check(estimator)


@pytest.fixture(scope="module")
def iris():
    """Every third flower, the two features of the petals, and the names of the kinds."""
    table = load_iris()
    return StandardScaler().fit_transform(table.data[::3, 2:]), table.target_names[table.target[::3]]


def plane(n=30, outputs=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    y = np.abs(X[:, 0]) - X[:, 1] + 0.1 * rng.normal(size=n)
    return X, y if outputs is None else np.column_stack([y, X[:, 0], np.abs(X[:, 1])][:outputs])


def recomputed(model, X, fit):
    """The value of (T), from the weights of the network and the loss of its predictions."""
    (W, _), (A, _) = model.solution_.network.layers
    return fit + model.reg / 2 * (
        np.sum(np.linalg.norm(W, ord=model.norm, axis=1) ** 2) + np.sum(np.asarray(A) ** 2)
    )


@pytest.mark.parametrize("outputs", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("norm", [1, 2])
def test_the_certificate_of_a_regression_is_right(outputs, weighted, norm):
    X, y = plane(14, outputs)
    s = np.random.default_rng(1).uniform(0.2, 3.0, size=14) if weighted else np.ones(14)
    model = gm.WedgeRegressor(reg=0.3, norm=norm, tol=1e-8).fit(X, y, s if weighted else None)
    f = model.predict(X)
    assert f.shape == y.shape
    rest = s @ ((f - y) ** 2).reshape(14, -1).sum(axis=1) / 2
    certificate = model.solution_.certificate
    assert certificate.primal == pytest.approx(recomputed(model, X, rest), rel=1e-12)
    assert certificate.coverage.scope == "global"
    assert -1e-12 <= certificate.relative_gap <= 1e-8
    residual = (s * (y - f).T).T  # what the dual point comes to at the optimum
    np.testing.assert_allclose(model.solution_.dual, residual, atol=1e-3)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kinds", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_certificate_of_a_classification_is_right(iris, kinds, weighted):
    X, names = iris
    X, names = X[-17 * kinds :], names[-17 * kinds :]
    s = np.random.default_rng(1).uniform(0.2, 3.0, size=len(X)) if weighted else np.ones(len(X))
    model = gm.WedgeClassifier(tol=1e-8).fit(X, names, s if weighted else None)
    chances = model.predict_proba(X)
    of_the_kind = chances[names[:, None] == model.classes_]
    certificate = model.solution_.certificate
    assert certificate.primal == pytest.approx(recomputed(model, X, -s @ np.log(of_the_kind)), rel=1e-10)
    assert certificate.coverage.scope == "global"
    assert -1e-12 <= certificate.relative_gap <= 1e-8


def test_probabilities_decisions_and_labels_agree(iris):
    X, names = iris
    model = gm.WedgeClassifier().fit(X, names)
    chances = model.predict_proba(X)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(chances, softmax(model.decision_function(X), axis=1))
    np.testing.assert_array_equal(model.predict(X), model.classes_[chances.argmax(axis=1)])
    np.testing.assert_allclose(model.decision_function(X).sum(axis=1), 0.0, atol=1e-6)
    assert model.score(X, names) > 0.9
    two = names != "setosa"
    model.fit(X[two], names[two])
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expit(model.decision_function(X)))
    assert model.score(X[two], names[two]) > 0.9


@pytest.mark.parametrize("outputs", [None, 2])
def test_whole_weights_are_repeated_samples(outputs):
    X, y = plane(12, outputs)
    s, order = np.arange(12) % 3, np.random.default_rng(0).permutation(12)
    weighted = gm.WedgeRegressor(reg=0.3).fit(X, y, s)
    repeated = gm.WedgeRegressor(reg=0.3).fit(
        X[order].repeat(s[order], axis=0), y[order].repeat(s[order], axis=0)
    )
    np.testing.assert_array_equal(weighted.predict(X), repeated.predict(X))
    without = gm.WedgeRegressor(reg=0.3, tol=1e-9).fit(X[s > 0], y[s > 0], s[s > 0])
    assert weighted.solution_.objective == pytest.approx(without.solution_.objective, rel=1e-6)
    np.testing.assert_array_equal(weighted.solution_.problem.samples.X, X[weighted.rows_])


@pytest.mark.parametrize("kinds", [2, 3])
def test_whole_weights_are_repeated_samples_of_a_class(kinds):
    X, _ = plane(12)
    labels, s = np.arange(12) % kinds, np.array([1, 2, 0, 3] * 3)
    weighted = gm.WedgeClassifier(reg=0.5).fit(X, labels, s)
    repeated = gm.WedgeClassifier(reg=0.5).fit(X[::-1].repeat(s[::-1], axis=0), labels[::-1].repeat(s[::-1]))
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    assert sorted(weighted.rows_) == np.flatnonzero(s).tolist()


def test_a_class_without_weight_is_none():
    X, _ = plane(12)
    model = gm.WedgeClassifier().fit(X, np.arange(12) % 3, np.arange(12) % 3)
    assert model.classes_.tolist() == [1, 2]


@pytest.mark.parametrize("norm", [1, 2])
def test_a_warm_start_changes_the_way_and_not_the_end(norm, monkeypatch):
    from geomnn.estimators import fitting as estimators

    X, y = plane()
    starts = []
    run = estimators.run
    monkeypatch.setattr(
        estimators,
        "run",
        lambda *a, start, bounds: starts.append(start) or run(*a, bounds=bounds, start=start),
    )
    model = gm.WedgeRegressor(reg=1.0, norm=norm, warm_start=True, tol=1e-9).fit(X, y)
    model.set_params(reg=0.3).fit(X, y)
    cold = gm.WedgeRegressor(reg=0.3, norm=norm, tol=1e-9).fit(X, y)
    assert model.solution_.objective == pytest.approx(cold.solution_.objective, rel=2e-9)
    model.fit(X[:-1], y[:-1])  # other samples: from nothing
    assert [start is None for start in starts] == [True, False, True, True]
    # the units that it starts from are those of the network
    model.fit(X[:-1], y[:-1])
    hidden = model.solution_.problem.samples.activations(starts[-1])
    z = np.array([neuron.coefficient for neuron in model.solution_.network.neurons])
    np.testing.assert_allclose(
        hidden @ z + model.solution_.network.intercept, model.predict(X[:-1]), rtol=1e-6
    )


@pytest.mark.slow
def test_pipelines_and_searches_take_them(iris):
    X, names = iris
    pipeline = make_pipeline(StandardScaler(), gm.WedgeClassifier(random_state=0))
    search = GridSearchCV(pipeline, {"wedgeclassifier__reg": [1.0, 3.0]}, cv=2).fit(10 * X, names)
    assert search.best_score_ > 0.8
    assert search.best_params_["wedgeclassifier__reg"] in (1.0, 3.0)
    X, y = plane()
    assert cross_val_score(gm.WedgeRegressor(reg=0.1), X, y, cv=3).mean() > 0.8


def test_names_of_columns_are_kept():
    pandas = pytest.importorskip("pandas")
    X, y = plane()
    table = pandas.DataFrame(X, columns=["length", "width"])
    scaled = make_pipeline(StandardScaler().set_output(transform="pandas"), gm.WedgeRegressor()).fit(table, y)
    model = scaled[-1]
    assert model.feature_names_in_.tolist() == ["length", "width"]
    assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[["width", "length"]])
    said = gm.WedgeRegressor(reg=0.1).fit(table, y).solution_.network.describe()
    assert "with length" in said
    assert "feature" not in said


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["a", "a"], "2 columns called 'a', at the places 0, 1 .*rename them"),
        (["a", 7], r"such as 'a', and one that is called 7.*columns.astype\(str\)"),
    ],
)
def test_names_that_tell_nothing_apart_are_refused_at_every_door(columns, words):
    pandas = pytest.importorskip("pandas")
    X, y = plane(6)
    table = pandas.DataFrame(X, columns=columns)
    plain = gm.WedgeRegressor(norm=1).fit(X, y)
    doors = [
        lambda: gm.WedgeRegressor().fit(table, y),
        lambda: gm.WedgeClassifier().fit(table, y > 0),
        lambda: plain.predict(table),
        lambda: gm.derive(table, y),
        lambda: plain.solution_.network(table),
        lambda: gm.rewrite(plain.solution_.network, table),
    ]
    for door in doors:
        with pytest.raises(errors.DataError, match=words):
            door()
    assert gm.derive(pandas.DataFrame(X), y).network.feature_names is None  # numbers are no names
    assert gm.derive(table.set_axis([7, 7], axis=1), y).network.feature_names is None


# -- classes of other sizes


@pytest.mark.parametrize("kinds", [2, 3])
@pytest.mark.parametrize("given", [False, True])
def test_weights_of_classes_are_those_of_scikit_learn(kinds, given):
    X, _ = plane(14)
    labels = np.array(["a", "b", "c"])[np.minimum(np.arange(14) % 6, kinds - 1)]
    s = np.random.default_rng(0).uniform(0.5, 2.0, size=14) if given else None
    for class_weight in ("balanced", {"a": 3.0, "b": 0.5}, {"b": 2.0}, {}):
        weights = compute_sample_weight(class_weight, labels) if class_weight else np.ones(14)
        weights = weights if s is None else weights * s
        if given and class_weight == "balanced":  # all classes come to weigh the same
            sums = np.array([s[labels == label].sum() for label in np.unique(labels)])
            weights = s * (s.sum() / (kinds * sums))[np.searchsorted(np.unique(labels), labels)]
        model = gm.WedgeClassifier(tol=1e-8, class_weight=class_weight).fit(X, labels, s)
        expected = gm.WedgeClassifier(tol=1e-8).fit(X, labels, weights)
        np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)
        assert model.solution_.objective == pytest.approx(expected.solution_.objective, rel=1e-7)
        if class_weight == "balanced":
            loss = model.solution_.problem.loss
            sums = [loss.weights[model.solution_.problem.targets[:, -1] == value].sum() for value in (1, -1)]
            assert kinds == 3 or sums[0] == pytest.approx(sums[1], rel=1e-12)


def test_balanced_classes_of_whole_weights_are_those_of_repeated_samples():
    X, _ = plane(12)
    labels, s = np.arange(12) % 3 == 0, np.arange(12) % 4
    model = gm.WedgeClassifier(reg=0.5, class_weight="balanced")
    weighted = clone(model).fit(X, labels, s)
    repeated = clone(model).fit(X.repeat(s, axis=0), labels.repeat(s))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)


def test_a_class_whose_weight_is_zero_is_none():
    X, _ = plane(12)
    model = gm.WedgeClassifier(class_weight={0: 0.0}).fit(X, np.arange(12) % 3)
    assert model.classes_.tolist() == [1, 2]
    model = gm.WedgeClassifier(class_weight="balanced").fit(X, np.arange(12) % 3, np.arange(12) % 3)
    assert model.classes_.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("class_weight", "words"),
    [
        ("even", "class_weight='even'; None, 'balanced' or a dict"),
        ([1, 2], r"class_weight=\[1, 2\]; None, 'balanced' or a dict"),
        ({"no": 1}, r"a weight for 'no', and the classes are \[0, 1\]"),
        ({0: -1}, "weights of at least 0"),
        ({0: 0, 1: 0}, "not all of them 0"),
    ],
)
def test_weights_of_classes_that_are_none_are_refused(class_weight, words):
    X, _ = plane(10)
    with pytest.raises(errors.OptionError, match=words):
        gm.WedgeClassifier(class_weight=class_weight).fit(X, np.arange(10) % 2)


# -- the choice of reg


def test_auto_is_the_one_standard_error_rule_of_cross_validation():
    X, y = plane(24)
    model = gm.WedgeRegressor(reg="auto", norm=1, random_state=5).fit(X, y)
    found = gm.cross_validate(X, y, seed=5, tol=1e-6)
    np.testing.assert_allclose(model.validation_.errors, found.errors, rtol=1e-6)
    assert model.reg_ == pytest.approx(found.cautious, rel=5e-3)  # to three digits
    assert model.solution_.problem.reg == model.reg_
    assert model.reg == "auto"
    plain = gm.WedgeRegressor(reg=model.reg_, norm=1, random_state=5).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert plain.reg_ == model.reg_
    assert plain.validation_ is None


def test_auto_takes_weights_as_repeated_samples():
    X, y = plane(20)
    s = np.arange(20) % 3 + 1
    model = gm.WedgeRegressor(reg="auto", norm=1, random_state=0)
    weighted, repeated = clone(model).fit(X, y, s), clone(model).fit(X.repeat(s, axis=0), y.repeat(s))
    assert weighted.reg_ == pytest.approx(repeated.reg_, rel=1e-6)
    np.testing.assert_allclose(weighted.validation_.errors, repeated.validation_.errors, rtol=1e-4)
    # a network of its own for one of the parts: the error is the weighted mean over those left out
    inside, outside = next(KFold(5, shuffle=True, random_state=0).split(weighted.rows_))
    reg, rows = weighted.validation_.regs[12], weighted.rows_
    part = gm.WedgeRegressor(reg=reg, norm=1, tol=1e-9).fit(X[rows[inside]], y[rows[inside]], s[rows[inside]])
    left_out = (part.predict(X[rows[outside]]) - y[rows[outside]]) ** 2
    mean = np.average(left_out, weights=s[rows[outside]])
    assert weighted.validation_.errors[0, 12] == pytest.approx(mean, rel=1e-4)


def test_auto_chooses_for_classes_of_other_weights():
    X = np.linspace(-1, 1, 24)[:, None]
    model = gm.WedgeClassifier(reg="auto", norm=1, random_state=0, class_weight="balanced").fit(
        X, X[:, 0] > 0.4
    )
    loss, regs = model.solution_.problem.loss, model.validation_.regs
    assert loss.weights is not None
    assert regs[-1] <= model.reg_ <= regs[0] * 1.01
    # of a constant the weighted loss of balanced classes is that of guessing, at the largest reg nearly
    assert model.validation_.mean[0] == pytest.approx(np.log(2), rel=0.2)


def test_auto_refuses_what_it_cannot_choose_for():
    X, y = plane(10)
    with pytest.raises(errors.OptionError, match=r"reg='auto' derives networks without.*two rows at least"):
        gm.WedgeClassifier(reg="auto").fit(X, ["a"] * 9 + ["b"])
    with pytest.raises(errors.OptionError, match="a name was expected"):
        gm.WedgeRegressor(reg="auto", norm=1, dictionary=LocalDictionary(Samples(X, True), 1)).fit(X, y)
    with pytest.raises(
        errors.OptionError, match=r"reg='automatic'; a number above 0 was expected\. 'auto' is"
    ):
        gm.WedgeRegressor(reg="automatic").fit(X, y)
    for call in (gm.derive, lambda X, y, reg: gm.grid(X, y, [reg])):
        with pytest.raises(errors.OptionError, match=r"gm.cross_validate\(X, y\).cautious"):
            call(X, y, reg="auto")


def test_a_choice_that_time_has_cut_short_says_so(monkeypatch):
    from geomnn.estimators import fitting

    monkeypatch.setattr(fitting, "MOST_SECONDS", 1e-3)
    X, y = plane(20)
    with pytest.warns(
        errors.ConvergenceWarning, match="reg='auto' chose .* when its share of 0.001 seconds was over"
    ):
        gm.WedgeRegressor(reg="auto", norm=1, dictionary="local", random_state=0).fit(X, y)


# -- numbers of short types


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_numbers_of_short_types_are_those_numbers_in_float64(kind):
    X, y = plane(12)
    y = 300 + 100 * y  # whose squares are too large for float16
    short, long = (
        (X.astype(kind), y.astype(kind)),
        (X.astype(kind).astype(float), y.astype(kind).astype(float)),
    )
    reg, s = kind(30.1), np.full(12, 0.3, kind)
    for made in (lambda reg: gm.WedgeRegressor(reg=reg), lambda reg: gm.WedgeRegressor(reg=reg, norm=1)):
        model, expected = made(reg).fit(*short, s), made(float(reg)).fit(*long, s.astype(float))
        np.testing.assert_array_equal(model.predict(short[0]), expected.predict(long[0]))
        assert model.predict(short[0]).dtype == np.float64
        assert model.score(*short, s) == pytest.approx(expected.score(*long, s.astype(float)), rel=1e-6)
        assert model.score(*short) > 0.9
    chances = gm.WedgeClassifier(reg=kind(0.1)).fit(short[0], short[1] > 350).predict_proba(short[0])
    expected = gm.WedgeClassifier(reg=float(kind(0.1))).fit(long[0], long[1] > 350).predict_proba(long[0])
    np.testing.assert_array_equal(chances, expected)
    for call in (
        lambda X, y, reg: gm.derive(X, y, reg=reg).objective,
        lambda X, y, reg: gm.grid(X, y, [reg])[0].objective,
        lambda X, y, reg: gm.path(X, y, reg_min=reg)(reg).objective,
        lambda X, y, reg: gm.cross_validate(X, y, regs=[reg], folds=2).best,
        lambda X, y, reg: gm.bound(gm.derive(X, y, reg=reg).network, X, y, reg, method="stars").dual,
    ):
        assert call(*short, reg) == pytest.approx(call(*long, float(reg)), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 7, np.int64(7)])
def test_an_int_is_the_seed_of_derive(seed):
    X, y = plane(15)
    model = gm.WedgeRegressor(reg=0.1, norm=1, dictionary="sampled", tol=1e-9, random_state=seed).fit(X, y)
    derived = gm.derive(X, y, reg=0.1, norm=1, dictionary="sampled", seed=int(seed))
    assert str(model.solution_.network) == str(derived.network)
    assert str(model.fit(X, y).solution_.network) == str(derived.network)


def test_a_generator_draws_another_seed_for_each_fit():
    X = np.random.default_rng(0).normal(size=(25, 4))  # which have more wedges than are drawn
    y, options = np.abs(X[:, 0]) - X[:, 1], {"reg": 0.3, "norm": 1, "dictionary": "sampled"}
    model = gm.WedgeRegressor(**options, random_state=np.random.RandomState(0))
    first, second = (str(model.fit(X, y).solution_.network) for _ in range(2))
    assert first != second
    again = gm.WedgeRegressor(**options, random_state=np.random.RandomState(0)).fit(X, y)
    assert str(again.solution_.network) == first


def test_clones_are_unfitted_and_pickles_are_not():
    X, y = plane()
    model = gm.WedgeRegressor(reg=0.2, norm=np.inf, random_state=3).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.solution_.certificate == model.solution_.certificate
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(X)


@pytest.mark.parametrize("seed", [0, None, np.random.RandomState(0)])
def test_any_random_state_is_one(seed):
    X, y = plane(10)
    model = gm.WedgeRegressor(dictionary="local", random_state=seed).fit(X, y)
    assert model.solution_.certificate.coverage.scope == "local"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reg": 0.0}, "reg=0.0"),
        ({"norm": 3}, "norm=3"),
        ({"bias": "yes"}, "bias='yes'"),
        ({"dictionary": "exact"}, "'all' is what 'exact' was"),
        ({"tol": 2}, "tol=2"),
        ({"warm_start": 1}, "warm_start=1"),
    ],
)
def test_options_that_are_none_are_refused_when_fitting(options, words):
    X, y = plane(10)
    with pytest.raises(errors.OptionError, match=words):
        gm.WedgeRegressor(**options).fit(X, y)


def test_weights_that_leave_nothing_are_refused():
    X, y = plane(10)
    with pytest.raises(errors.DataError, match="zero everywhere"):
        gm.WedgeRegressor().fit(X, y, np.zeros(10))
    with pytest.raises(errors.DataError, match="below zero"):
        gm.WedgeRegressor().fit(X, y, -np.ones(10))
    with pytest.raises(errors.DataError, match=r"shape \(9,\)"):
        gm.WedgeRegressor().fit(X, y, np.ones(9))
    with pytest.raises(errors.DataError, match="one class only"):
        gm.WedgeClassifier().fit(X, y > 0, (y > 0).astype(float))


@pytest.mark.parametrize("dictionary", ["auto", "sampled", "local"])
@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.one_in(3)
def test_whole_weights_above_zero_are_repeated_samples(dictionary, norm):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 4))
    y, s = np.abs(X[:, 0]) - X[:, 1], rng.integers(1, 4, size=20)
    model = gm.WedgeRegressor(reg=0.3, norm=norm, dictionary=dictionary, random_state=0)
    weighted, repeated = clone(model).fit(X, y, s), clone(model).fit(X.repeat(s, axis=0), y.repeat(s))
    np.testing.assert_array_equal(weighted.predict(X), repeated.predict(X))


def test_one_weight_for_all():
    X, y = plane(10)
    one, all_of_them = gm.WedgeRegressor().fit(X, y, 2.0), gm.WedgeRegressor().fit(X, y, np.full(10, 2))
    np.testing.assert_array_equal(one.predict(X), all_of_them.predict(X))
    with pytest.raises(errors.DataError, match="1e-100 and 1e100"):
        gm.WedgeRegressor().fit(X, y, np.full(10, 1e300))


@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("dictionary", ["wedge", "sampled"])
def test_a_warm_start_from_another_dictionary_is_none(dictionary, norm):
    X, y = plane(15)
    cold = gm.WedgeRegressor(reg=0.1, norm=norm, dictionary=dictionary, random_state=0)
    warm = clone(cold).set_params(warm_start=True, dictionary="auto").fit(X, y)
    warm.set_params(dictionary=dictionary).fit(X, y)
    assert str(warm.solution_.network) == str(cold.fit(X, y).solution_.network)


def test_a_dictionary_of_repeated_samples_is_taken_as_it_is():
    X, y = (np.concatenate([part, part[:2]]) for part in plane(10))
    given = gm.WedgeRegressor(norm=1, dictionary=LocalDictionary(Samples(X, True), 1)).fit(X, y)
    assert given.rows_.tolist() == list(range(12))
    assert given.solution_.objective == pytest.approx(gm.WedgeRegressor(norm=1).fit(X, y).solution_.objective)


def test_targets_of_text_are_refused_in_a_sentence():
    with pytest.raises(errors.DataError, match=r"y\[0\] is .1.; numbers were expected"):
        gm.WedgeRegressor().fit([[0.0], [1.0]], ["1", "2"])


@pytest.mark.slow
def test_the_estimators_are_loaded_when_they_are_asked_for():
    import subprocess
    import sys

    script = "import sys, geomnn; assert 'sklearn' not in sys.modules; geomnn.WedgeRegressor()"
    subprocess.run([sys.executable, "-c", script], check=True)
