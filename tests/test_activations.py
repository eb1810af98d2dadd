"""gm.algebra.activation: ratios of volumes, for floats, fractions and symbols."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import geomnn as gm
from geomnn.errors import DataError, OptionError

NORMS = [1, 2, np.inf]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bias", [True, False])
def test_they_are_the_features_of_networks(norm, bias):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 3)), rng.normal(size=7)
    network = gm.derive(X, y, reg=0.1, norm=norm, bias=bias, dictionary="wedge").network
    assert len(network)
    for neuron in network.neurons:
        rows, a = X[list(neuron.atom.samples)], X[neuron.atom.samples[-1]] if bias else 0
        vectors = rows[:-1] - a if bias else rows
        if neuron.atom.orientation < 0:
            vectors = vectors * np.array([-1, *np.ones(len(vectors) - 1)])[:, None]
        given = np.maximum(X @ neuron.atom.weight + neuron.atom.bias, 0)
        np.testing.assert_allclose(gm.algebra.activation(X - a, vectors, norm), given, atol=1e-12)


entries = st.integers(-4, 4)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 4), st.sampled_from(NORMS))
def test_all_kinds_of_entries_agree(data, d, norm):
    vectors = data.draw(st.lists(st.lists(entries, min_size=d, max_size=d), min_size=d - 1, max_size=d - 1))
    point = data.draw(st.lists(entries, min_size=d, max_size=d))
    vectors = np.array(vectors, dtype=int).reshape(d - 1, d)
    floats = gm.algebra.activation(np.array(point, dtype=float), vectors, norm)
    convert = np.vectorize(Fraction, otypes=[object])
    exact = gm.algebra.activation(convert(point), convert(vectors).reshape(d - 1, d), norm)
    assert float(exact) == pytest.approx(float(floats), abs=1e-12)
    symbols = sympy.symbols(f"x1:{d + 1}", real=True)
    expression = sympy.sympify(gm.algebra.activation(symbols, [list(map(sympy.Integer, u)) for u in vectors.tolist()] or
                                                  np.zeros((0, d), dtype=object), norm))  # fmt: skip
    assert float(expression.subs(dict(zip(symbols, point, strict=True)))) == pytest.approx(
        float(floats), abs=1e-12
    )


def test_generic_samples_give_the_closed_form():
    a, b, c, d, x, y = sympy.symbols("a b c d x y", real=True)
    feature = gm.algebra.activation([x - c, y - d], [[a - c, b - d]], 2)
    area = sympy.Matrix([[x - c, y - d], [a - c, b - d]]).det()
    assert sympy.simplify(feature - sympy.Max(0, area) / sympy.sqrt((a - c) ** 2 + (b - d) ** 2)) == 0


def test_bad_input():
    with pytest.raises(OptionError, match="norm=3"):
        gm.algebra.activation([1, 2], [[1, 0]], 3)
    with pytest.raises(DataError, match="do not fit"):
        gm.algebra.activation([1, 2, 3], [[1, 0]])
    with pytest.raises(DataError, match="one vector fewer"):
        gm.algebra.activation([1, 2], [[1, 0], [0, 1]])
