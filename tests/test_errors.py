"""Bad input in Python: one clear sentence, of the right type."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
import sympy

import geomnn as gm
from geomnn import errors
from geomnn.absolute import AbsoluteFeatures
from geomnn.samples import Samples

X, Y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]), np.array([0.0, 1.0, 0.5])

BAD = {
    "X one-dimensional": ((Y, Y), {}, errors.DataError, "reshape"),
    "X three-dimensional": ((X[None], Y), {}, errors.DataError, "shape"),
    "X without rows": ((X[:0], Y[:0]), {}, errors.DataError, "at least one sample"),
    "X without columns": ((X[:, :0], Y), {}, errors.DataError, "one feature"),
    "X ragged": (([[1, 2], [3]], Y[:2]), {}, errors.DataError, "different lengths"),
    "X complex": ((X * 1j, Y), {}, errors.DataError, "complex"),
    "X strings": ((X.astype(str), Y), {}, errors.DataError, "numbers were expected"),
    "X objects": (([[None, 1], [2, 3], [4, 5]], Y), {}, errors.DataError, "not numbers|None|nan"),
    "X dates": ((X.astype("datetime64[s]"), Y), {}, errors.DataError, "numbers were expected"),
    "X NaN": ((np.where(X == 2, np.nan, X), Y), {}, errors.DataError, r"X\[2, 0\] is nan"),
    "X infinite": ((np.where(X == 2, np.inf, X), Y), {}, errors.DataError, "inf"),
    "y too short": ((X, Y[:2]), {}, errors.DataError, "2 entries and X has 3"),
    "y three-dimensional": ((X, Y[:, None, None]), {}, errors.DataError, "shape"),
    "y scalar": ((X, 1.0), {}, errors.DataError, "shape"),
    "y without columns": ((X, np.zeros((3, 0))), {}, errors.DataError, "shape"),
    "y NaN": ((X, [0, 1, np.nan]), {}, errors.DataError, r"y\[2\] is nan"),
    "y complex": ((X, Y * 1j), {}, errors.DataError, "complex"),
    "y strings": ((X, ["a", "b", "c"]), {}, errors.DataError, "numbers"),
    "X too large": ((X * 1e170, Y), {}, errors.DataError, "rescale"),
    "X too small": ((X * 1e-170, Y), {}, errors.DataError, "rescale"),
    "y too large": ((X, Y * 1e170), {}, errors.DataError, "rescale"),
    "X of huge integers": (([[10**400], [1]], Y[:2]), {}, errors.DataError, "too large"),
    "X sparse": ((scipy.sparse.csr_matrix(X), Y), {}, errors.DataError, "toarray"),
    "X masked": ((np.ma.masked_equal(X, 2.0), Y), {}, errors.DataError, "masked"),
    "reg beyond float64": ((X, Y), {"reg": 10**400}, errors.OptionError, "1e-100"),
    "reg too small": ((X, Y), {"reg": 1e-320}, errors.OptionError, "1e-100"),
    "norm True": ((X, Y), {"norm": True}, errors.OptionError, "1, 2 or numpy.inf"),
    "dictionary array": ((X, Y), {"dictionary": np.ones(2)}, errors.OptionError, "wedge"),
    "progress function": ((X, Y), {"progress": print}, errors.OptionError, "True or False"),
    "reg zero": ((X, Y), {"reg": 0}, errors.OptionError, "above 0"),
    "reg negative": ((X, Y), {"reg": -1.0}, errors.OptionError, "above 0"),
    "reg NaN": ((X, Y), {"reg": np.nan}, errors.OptionError, "above 0"),
    "reg infinite": ((X, Y), {"reg": np.inf}, errors.OptionError, "finite"),
    "reg text": ((X, Y), {"reg": "0.1"}, errors.OptionError, "0.1"),
    "reg True": ((X, Y), {"reg": True}, errors.OptionError, "True"),
    "norm": ((X, Y), {"norm": 3}, errors.OptionError, "1, 2 or numpy.inf"),
    "norm text": ((X, Y), {"norm": "l1"}, errors.OptionError, "1, 2 or numpy.inf"),
    "loss": ((X, Y), {"loss": "absolute"}, errors.OptionError, "squared"),
    "dictionary": ((X, Y), {"dictionary": "best"}, errors.OptionError, "wedge"),
    "bias": ((X, Y), {"bias": "no"}, errors.OptionError, "True or False"),
    "tol": ((X, Y), {"tol": 0}, errors.OptionError, "tol"),
    "exact text": ((X, Y), {"exact": "yes"}, errors.OptionError, "True or False"),
    "exact logistic": (
        (X, [1, -1, 1]),
        {"exact": True, "loss": "logistic"},
        errors.UnsupportedProblem,
        "squared",
    ),
    "exact two outputs": ((X, np.ones((3, 2))), {"exact": True}, errors.UnsupportedProblem, "each column"),
    "exact local": ((X, Y), {"exact": True, "dictionary": "local"}, errors.UnsupportedProblem, "every atom"),
    "exact sampled": (
        (X, Y),
        {"exact": True, "dictionary": "sampled"},
        errors.UnsupportedProblem,
        "every atom",
    ),
    "certify chains": (
        (X[:, :1], Y),
        {"certify": "milp", "dictionary": "chains"},
        errors.UnsupportedProblem,
        "there is dictionary='chains'",
    ),
    "seed text": ((X, Y), {"seed": "a"}, errors.OptionError, "seed='a'"),
    "seed negative": ((X, Y), {"seed": -1}, errors.OptionError, "seed=-1"),
    "exact faces": ((X, Y), {"exact": True, "norm": 2}, errors.UnsupportedProblem, "dictionary='wedge'"),
    "exact irrational": (
        ([[sympy.sqrt(2)], [1], [2]], Y),
        {"exact": True},
        errors.DataError,
        r"X\[0, 0\] is sqrt\(2\)",
    ),
    "exact irrational target": ((X, [sympy.pi, 1, 2]), {"exact": True}, errors.DataError, r"y\[0\] is pi"),
    "logistic targets": ((X, Y), {"loss": "logistic"}, errors.DataError, "-1 and"),
    "logistic one class": ((X, np.ones(3)), {"loss": "logistic"}, errors.DataError, "both classes"),
    "softmax one column": ((X, Y), {"loss": "softmax"}, errors.DataError, "one column"),
    "softmax targets": (
        (X, [[1, 0], [0.5, 0.5], [0, 1]]),
        {"loss": "softmax"},
        errors.DataError,
        r"y\[1\] is",
    ),
    "softmax class without samples": ((X, [[1, 0]] * 3), {"loss": "softmax"}, errors.DataError, "class 1"),
    "logistic two columns": ((X, np.ones((3, 2))), {"loss": "logistic"}, errors.DataError, "2 columns"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_sentence(name):
    args, options, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        gm.derive(*args, **options)
    assert isinstance(caught.value, errors.GeomnnError)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


class Unpriced(gm.dictionaries.WedgeDictionary):
    """A dictionary that nobody may ask before a call is refused."""

    def price(self, residual, threshold, limit):
        raise AssertionError("a number was computed")


LATE = {
    "certify misspelt": ({"certify": "mlp"}, errors.OptionError, "'milp' was expected"),
    "certify misspelt, p = 2": ({"certify": "mlp", "norm": 2}, errors.OptionError, "'milp' was expected"),
    "certify two outputs": ({"certify": "milp", "outputs": 2}, errors.UnsupportedProblem, "2 outputs"),
    "exact two outputs": ({"exact": True, "outputs": 2}, errors.UnsupportedProblem, "each column"),
    "exact neither": ({"exact": 1}, errors.OptionError, "True or False"),
    "depth": ({"depth": 3}, errors.UnsupportedProblem, "depth=3 is for dictionary="),
    "depth text": ({"depth": "3"}, errors.OptionError, "an integer of at least 2"),
    "tol": ({"tol": 2.0}, errors.OptionError, "between 0 and 1"),
    "time_limit": ({"time_limit": 0}, errors.OptionError, "seconds above 0"),
    "seed": ({"seed": -1}, errors.OptionError, "an integer of at least 0"),
    "loss": ({"loss": "absolute"}, errors.OptionError, "'hinge' or a Loss"),
}


@pytest.mark.parametrize("name", LATE)
def test_what_is_refused_is_refused_before_any_number_is_computed(name):
    options, kind, words = LATE[name]
    table = np.random.default_rng(0).normal(size=(40, 3))
    targets = table[:, : options.get("outputs", 1)]
    given = {key: value for key, value in options.items() if key != "outputs"}
    dictionary = Unpriced(Samples(table, True), given.get("norm", 1), False)
    with pytest.raises(kind, match=words):
        gm.derive(table, targets[:, 0] if targets.shape[1] == 1 else targets, dictionary=dictionary, **given)


@pytest.mark.parametrize("name", BAD)
def test_no_dictionary_of_a_name_is_asked_either(name, monkeypatch):
    for kind in vars(gm.dictionaries).values():
        if isinstance(kind, type) and issubclass(kind, gm.dictionaries.Dictionary):
            monkeypatch.setattr(kind, "price", Unpriced.price)
    test_bad_input_is_refused_in_one_sentence(name)


def test_after_reg_there_are_keywords_only():
    for call in (gm.derive, gm.path, gm.grid, gm.cross_validate):
        with pytest.raises(TypeError, match="positional"):
            call(X, Y, 0.1, 2)


WARNING = {
    "derive": lambda: gm.derive(X, Y, 1e3),
    "exact": lambda: gm.derive(X, Y, 1e3, exact=True),
    "deep": lambda: gm.derive(X, Y, 1e3, depth=3),
    "chains": lambda: gm.derive(X[:, :1], Y, 1e3, dictionary="chains", depth=3),
    "grid": lambda: gm.grid(X, Y, [1e3]),
    "path": lambda: gm.path(X, Y, 0.1)(1e3),
    "regressor": lambda: gm.WedgeRegressor(1e3).fit(X, Y),
    "classifier": lambda: gm.WedgeClassifier(1e3).fit(X, [0, 1, 1]),
    "absolute values": lambda: AbsoluteFeatures(X[:, :1]).derive(Y, 1e3),
}


@pytest.mark.parametrize("name", WARNING)
def test_a_warning_points_at_the_line_of_the_caller(name):
    with pytest.warns(errors.ConstantNetworkWarning, match="reg_max") as caught:
        WARNING[name]()
    assert {each.filename for each in caught} == {__file__}


def test_reg_max_checks_as_derive_does():
    with pytest.raises(errors.DataError, match="numbers"):
        gm.reg_max(X.astype(str), Y)
    with pytest.raises(errors.OptionError, match="norm"):
        gm.reg_max(X, Y, norm=7)


@pytest.mark.parametrize("dtype", [int, np.float32, np.int8, object, bool])
def test_other_real_types_are_fine(dtype):
    table = np.array([[0, 1], [1, 0], [1, 1], [0, 0]]).astype(dtype)
    assert gm.derive(table, [1, 1, 0, 0]).objective == gm.derive(table.astype(float), [1, 1, 0, 0]).objective


def test_lists_and_data_frames_are_fine():
    pandas = pytest.importorskip("pandas", reason="needs a DataFrame to try")
    expected = gm.derive(X, Y).objective
    assert gm.derive(X.tolist(), Y.tolist()).objective == expected
    assert gm.derive(pandas.DataFrame(X), pandas.Series(Y)).objective == expected


def test_input_is_left_alone():
    table, targets = X.copy(), Y.copy()
    gm.derive(table, targets)
    assert np.array_equal(table, X)
    assert np.array_equal(targets, Y)
    table[0, 0] = 7.0  # still writeable


def test_a_dictionary_without_atoms_gives_the_constant_network():
    with pytest.warns(errors.ConstantNetworkWarning, match="no atom"):
        solution = gm.derive(X[:1], Y[:1], dictionary="wedge", reg=0.1)
    assert solution.network(X[:1]).tolist() == Y[:1].tolist()


def test_rounding_limits_are_told():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(6, 2)) + 1e12
    with pytest.warns(errors.ConvergenceWarning, match=r"gap is .* not within tol"):
        solution = gm.derive(table, rng.normal(size=6), reg=1e-3)
    assert abs(solution.certificate.relative_gap) > 1e-9


KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GeomnnError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_errors_have_the_arguments_that_they_speak_of(kind):
    """In the spelling of Python, in any other, and in another process; names with braces are left alone."""
    error = kind("{reg} is too much for 'a{b}', {loss}: take less.", reg=7, loss="hinge")
    for same in (error, pickle.loads(pickle.dumps(error))):
        assert str(same) == "reg=7 is too much for 'a{b}', loss='hinge': take less."
        assert same.told(lambda name, value: f"<{name}|{value}>") == (
            "<reg|7> is too much for 'a{b}', <loss|hinge>: take less."
        )
        assert same.arguments == {"reg": 7, "loss": "hinge"}
    assert str(kind("{reg} as it is")) == "{reg} as it is"


@pytest.mark.parametrize("name", ["reg zero", "norm", "loss", "dictionary", "tol"])
def test_refusals_have_their_argument(name):
    args, options, kind, _ = BAD[name]
    with pytest.raises(kind) as caught:
        gm.derive(*args, **options)
    assert caught.value.arguments == options


def test_warnings_and_errors_share_their_roots():
    assert issubclass(errors.ConvergenceWarning, UserWarning)
    assert issubclass(errors.OutputExists, FileExistsError)
    assert issubclass(errors.VolumeOverflow, OverflowError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gm.derive(X, Y, reg=0.01)


@pytest.mark.parametrize(
    ("last", "place", "shown"),
    [
        (lambda pd: [1, "red", "blue"], 1, "'red'; numbers"),
        (lambda pd: ["1", "2", "3"], 0, "'1'; numbers"),
        (lambda pd: pd.to_datetime(["2020-01-01"] * 3), 0, "2020-01-01 00:00:00 (Timestamp)"),
        (lambda pd: pd.Categorical(["u", "v", "u"]), 0, "'u'; numbers"),
        (lambda pd: pd.array([1, 2, pd.NA], dtype="Int64"), 2, "missing (<NA>); remove or impute"),
        (lambda pd: pd.array([True, pd.NA, False], dtype="boolean"), 1, "missing (<NA>); remove or impute"),
        (lambda pd: [1, float("nan"), 2], 1, "nan; remove or impute"),
    ],
)
def test_an_entry_of_a_data_frame_is_named_by_its_column_and_row(last, place, shown):
    pandas = pytest.importorskip("pandas", reason="needs a DataFrame to try")
    table = pandas.DataFrame({"a": [0.0, 1.0, 2.0], "last": last(pandas)})
    doors = [lambda: gm.derive(table, [1, 2, 3], reg=0.1)]
    doors += [lambda: gm.WedgeRegressor().fit(table, [1, 2, 3])] * (
        shown[:3] != "nan"
    )  # which scikit-learn says
    for door in doors:
        with pytest.raises(errors.DataError) as caught:
            door()
        assert f"X['last'], row {place} (counted from 0), is {shown}" in str(caught.value)
