"""The gate: every array that comes in, by every door, is refused in one sentence where it is no table of numbers."""

import numpy as np
import pytest
import scipy.sparse

import geomnn as gm
from geomnn import errors

X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
Y = np.array([0.0, 1.0, 0.5, 1.0])
LABELS = np.array([0, 1, 0, 1])


class Elsewhere:
    """An array that NumPy cannot read, as a tensor on another device."""

    shape, ndim, dtype = (4,), 1, np.dtype(float)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("it is on another device")

    def __len__(self):
        return 4


def masked(array):
    return np.ma.array(array, mask=np.arange(np.size(array)).reshape(np.shape(array)) == 1)


def with_hole(array):
    array = np.array(array, dtype=float)
    array.flat[1] = np.nan
    return array


KINDS = {
    "masked": (masked, "masked"),
    "sparse": (lambda a: scipy.sparse.csr_matrix(np.atleast_2d(a)), "[Ss]parse"),
    "NaN": (with_hole, "[Nn]a[Nn]"),
    "rows of which one is masked": (
        lambda a: [masked(row) if np.ndim(row) else np.ma.masked for row in a],
        "masked",
    ),
    "dates": (lambda a: np.asarray(a).astype("datetime64[s]"), "dates|datetime"),
    "elsewhere": (lambda _: Elsewhere(), "another device"),
}
NETWORK = gm.derive(X, Y, reg=0.1).network
PATH = gm.path(X, Y)
REGRESSOR = gm.WedgeRegressor(reg=0.1).fit(X, Y)
EXACT = gm.derive(X, Y, reg=0.1, exact=True)
LAYERS = [(np.ones((1, 2)), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))]
DOORS = {
    "derive X": lambda bad: gm.derive(bad(X), Y),
    "derive y": lambda bad: gm.derive(X, bad(Y)),
    "derive exactly X": lambda bad: gm.derive(bad(X), Y, exact=True),
    "derive exactly y": lambda bad: gm.derive(X, bad(Y), exact=True),
    "derive deep X": lambda bad: gm.derive(bad(X), Y, depth=3),
    "reg_max X": lambda bad: gm.reg_max(bad(X), Y),
    "reg_max y": lambda bad: gm.reg_max(X, bad(Y)),
    "path X": lambda bad: gm.path(bad(X), Y),
    "path y": lambda bad: gm.path(X, bad(Y)),
    "path.predict X": lambda bad: PATH.predict(bad(X), [0.1]),
    "grid y": lambda bad: gm.grid(X, bad(Y), [0.1]),
    "cross_validate X": lambda bad: gm.cross_validate(bad(X), Y, folds=2),
    "cross_validate y": lambda bad: gm.cross_validate(X, bad(Y), folds=2),
    "network X": lambda bad: NETWORK(bad(X)),
    "rewrite X": lambda bad: gm.rewrite(LAYERS, bad(X)),
    "split_layer X": lambda bad: list(gm.split_layer(LAYERS, bad(X))),
    "train_blocks X": lambda bad: gm.train_blocks(bad(X), Y, [2]),
    "train_blocks y": lambda bad: gm.train_blocks(X, bad(Y), [2]),
    "verify X": lambda bad: gm.exact.verify(gm.exact.certificate_document(EXACT), bad(X), Y),
    "verify y": lambda bad: gm.exact.verify(gm.exact.certificate_document(EXACT), X, bad(Y)),
    "weights_as_function_of_reg y": lambda bad: gm.exact.weights_as_function_of_reg(X, bad(Y), 0.1),
    "regressor X": lambda bad: gm.WedgeRegressor().fit(bad(X), Y),
    "regressor y": lambda bad: gm.WedgeRegressor().fit(X, bad(Y)),
    "regressor weights": lambda bad: gm.WedgeRegressor().fit(X, Y, bad(np.ones(4))),
    "regressor predict": lambda bad: REGRESSOR.predict(bad(X)),
    "regressor score": lambda bad: REGRESSOR.score(X, bad(Y)),
    "regressor score, weights": lambda bad: REGRESSOR.score(X, Y, bad(np.ones(4))),
    "classifier X": lambda bad: gm.WedgeClassifier().fit(bad(X), LABELS),
    "classifier y": lambda bad: gm.WedgeClassifier().fit(X, bad(LABELS)),
    "classifier weights": lambda bad: gm.WedgeClassifier().fit(X, LABELS, bad(np.ones(4))),
}


@pytest.mark.parametrize(
    ("door", "kind"),
    [(door, kind) for door in DOORS for kind in KINDS if (door, kind) != ("classifier y", "dates")],  # labels
)
def test_what_is_no_table_of_numbers_is_refused_in_one_sentence(door, kind):
    bad, words = KINDS[kind]
    with pytest.raises((errors.GeomnnError, ValueError), match=words) as caught:
        DOORS[door](bad)
    assert isinstance(caught.value, errors.GeomnnError) or "regressor" in door or "classifier" in door


def test_a_mask_that_hides_nothing_is_no_mask():
    whole = np.ma.array(Y, mask=np.zeros(4, dtype=bool))
    assert gm.derive(X, whole, reg=0.1).objective == gm.derive(X, Y, reg=0.1).objective
