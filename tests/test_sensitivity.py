"""Weights as functions of reg: closed forms that equal exact solves everywhere on their interval."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

import geomnn as gm
from geomnn.errors import OptionError, UnsupportedProblem

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.GeomnnWarning")
KINDS = [(n, d, norm, bias, seed) for seed, (n, d) in enumerate([(5, 1), (6, 2), (5, 3), (9, 2)])
         for norm in (1, np.inf) for bias in (True, False)]  # fmt: skip


def table(n, d, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-3, 4, size=(n, d)) / 2, rng.integers(-4, 5, size=n) / 2


def fraction(number):
    return Fraction(int(number.p), int(number.q))


@pytest.mark.parametrize(("n", "d", "norm", "bias", "seed"), KINDS)
def test_they_equal_exact_solves(n, d, norm, bias, seed):
    X, y = table(n, d, seed)
    piece = gm.exact.weights_as_function_of_reg(X, y, Fraction(1, 10), norm, bias)
    low, high, reg = fraction(piece.interval.start), piece.interval.end, piece.symbol
    assert piece.interval.contains(sympy.Rational(1, 10))
    high = fraction(high) if high.is_finite else low + 1
    for share in (Fraction(1, 10**6), Fraction(1, 3), Fraction(1)):
        at = low + share * (high - low)
        solution = gm.derive(X, y, reg=at, norm=norm, bias=bias, exact=True)
        value = sympy.Rational(at.numerator, at.denominator)
        assert fraction(piece.objective.subs(reg, value)) == solution.objective
        assert [fraction(sympy.sympify(v).subs(reg, value)) for v in piece.dual] == list(solution.dual)
        network = piece(at)
        points = [[Fraction(str(entry)) for entry in row] for row in X.tolist()]
        assert list(network(points)) == list(solution.network(points))  # optimal on the samples, too
        assert fraction(piece.derivative().subs(reg, value)) == sum(
            abs(u.coefficient) for u in network.neurons
        )
        alive = [weights for weights, z in zip(piece.weights, piece.coefficients, strict=True)
                 if sympy.sympify(z).subs(reg, value) != 0]  # fmt: skip
        for (w, b, alpha), neuron in zip(alive, network.neurons, strict=True):
            for ours, theirs in zip((*w, b, alpha), (*neuron.weight, neuron.bias, neuron.outer), strict=True):
                assert sympy.simplify(sympy.sympify(ours).subs(reg, value) - theirs) == 0
        expression = piece.to_sympy().subs(reg, value)
        for point, f in zip(points, network(points), strict=True):
            x = sympy.symbols(f"feature1:{d + 1}", real=True)
            assert (
                fraction(expression.subs(dict(zip(x, map(sympy.Rational, map(str, point)), strict=True))))
                == f
            )


@pytest.mark.parametrize(("n", "d", "norm", "bias", "seed"), KINDS)
def test_the_ends_are_kinks(n, d, norm, bias, seed):
    """Beyond an end another expression holds; at an end the one below it is given."""
    X, y = table(n, d, seed)
    piece = gm.exact.weights_as_function_of_reg(X, y, 0.1, norm, bias)
    low, high = piece.interval.start, piece.interval.end
    if low > 0:
        below = gm.exact.weights_as_function_of_reg(X, y, low, norm, bias)
        assert below.interval.contains(low)
        assert below.interval.start < low
        assert below.objective.subs(below.symbol, low) == piece.objective.subs(piece.symbol, low)
    with pytest.raises(OptionError, match="outside"):
        piece(high + 1 if high.is_finite else -1)


def test_derivatives_are_differences():
    """With respect to a label: on one piece the value is a quadratic polynomial of every label."""
    X, y = table(6, 2, 1)
    piece = gm.exact.weights_as_function_of_reg(X, y, 0.1)
    step = Fraction(1, 10**6)
    for i in range(len(y)):
        up, down = (
            [Fraction(str(t)) + s * step * (k == i) for k, t in enumerate(y.tolist())] for s in (1, -1)
        )
        rise = (
            gm.derive(X, up, reg=0.1, exact=True).objective
            - gm.derive(X, down, reg=0.1, exact=True).objective
        )
        assert rise / (2 * step) == fraction(piece.derivative(i).subs(piece.symbol, sympy.Rational(1, 10)))
    with pytest.raises(OptionError, match="label=6; an integer from 0 to 5"):
        piece.derivative(6)


def test_beyond_reg_max_the_network_is_constant():
    X, y = [[0], [1], [3]], [0, 1, 5]
    piece = gm.exact.weights_as_function_of_reg(X, y, 100)
    assert piece.interval == sympy.Interval(fraction(sympy.Rational(str(gm.reg_max(X, y)))), sympy.oo)
    assert piece.coefficients == ()
    assert piece.intercept == 2
    assert piece(1000).intercept == 2
    assert piece.to_sympy() == 2
    top = gm.exact.weights_as_function_of_reg(X, y, piece.interval.start)
    assert top.interval.end == piece.interval.start
    assert len(top.coefficients) > 0


def test_a_symbol_of_ones_own_and_displays():
    beta = sympy.Symbol("beta", positive=True)
    piece = gm.exact.weights_as_function_of_reg([[0], [1], [3]], [0, 1, 5], 0.1, symbol=beta)
    assert piece.objective.free_symbols == {beta}
    assert r"\beta" in piece._repr_latex_()
    assert "beta" in str(piece)


def test_norm_two_is_refused():
    with pytest.raises(UnsupportedProblem, match="norm 1 or inf"):
        gm.exact.weights_as_function_of_reg(*table(5, 2, 0), 0.1, 2, dictionary="wedge")
