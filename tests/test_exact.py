"""exact=True: rational optima whose conditions hold to the last digit."""

import itertools
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import degenerate, references, spiral

import geomnn as gm
from geomnn.checker.surds import Surd
from geomnn.errors import ConstantNetworkWarning, EnumerationTooLarge, OptionError
from geomnn.exact.optimum import find_optimum, pose_exactly
from geomnn.programs.problem import pose
from geomnn.programs.solve import Optimum

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.GeomnnWarning")
SQUARED = [case for case in references() if case[2]["loss"] == "squared"]


def fractions(table):
    return np.array(
        [[Fraction(str(entry)) for entry in row] for row in np.asarray(table).tolist()], dtype=object
    )


def derive(X, y, reg, norm, bias, **options):
    dictionary = "wedge" if norm == 2 and np.shape(X)[1] > 1 else "auto"
    return gm.derive(X, y, reg=reg, norm=norm, bias=bias, dictionary=dictionary, exact=True, **options)


def positive(value):
    return value if value > 0 else 0 * value


def zero(number):
    """Whether a sum of square roots is zero: by the arithmetic of the checker, which shares none of the solver's."""
    if not isinstance(number, sympy.Expr):
        return number == 0
    pairs = (term.as_coeff_Mul() for term in sympy.Add.make_args(sympy.expand(number)))
    total = Surd()
    for coefficient, root in pairs:
        total = total + Surd({int(root**2): Fraction(int(coefficient.p), int(coefficient.q))})
    return not total.terms


def check_optimality(solution, X, y, reg, bias):
    """The optimality conditions, written out from the network alone, without a tolerance.

    Every number is rational, or one of SymPy of which differences are expanded.
    """
    network, v = solution.network, solution.dual
    rows, reg = fractions(X), Fraction(str(reg))
    targets = [Fraction(str(target)) for target in np.asarray(y).tolist()]
    assert all(zero(target - f - r) for target, f, r in zip(targets, network(rows), v, strict=True))
    assert zero(sum(v)) or not bias
    for neuron in network.neurons:
        atom = neuron.atom
        exact = [sum(w * x for w, x in zip(atom.weight, row, strict=True)) + atom.bias for row in rows]
        correlation = sum(r * positive(e) for r, e in zip(v, exact, strict=True))
        sign = 1 if neuron.coefficient > 0 else -1
        assert zero(
            correlation
            - sign * (reg if not isinstance(correlation, sympy.Expr) else sympy.Rational(str(reg)))
        )
        sizes = [abs(w) for w in atom.weight]
        norm = {1: sum(sizes), 2: sum(s * s for s in sizes), np.inf: max(sizes)}[atom.norm]
        assert zero(norm - 1)
    objective = sum(r * r for r in v) / 2 + reg * sum(abs(n.coefficient) for n in network.neurons)
    assert zero(objective - solution.objective)
    certificate = solution.certificate
    assert certificate.exact
    assert certificate.gap == 0
    assert isinstance(certificate.gap, Fraction)
    words = gm.exact.verify(gm.exact.certificate_document(solution), X, y)
    assert words[-1] == certificate.statement()


@pytest.mark.parametrize("case", range(len(SQUARED)))
def test_reference_optima_are_reached_exactly(case):
    X, y, options, norm, optimum = SQUARED[case]
    if norm == 2 and X.shape[1] > 1:
        return check_optimality(
            derive(X, y, options["reg"], 2, options["bias"]), X, y, options["reg"], options["bias"]
        )
    solution = derive(X, y, options["reg"], norm, options["bias"])
    assert float(solution.objective) == pytest.approx(optimum, rel=1e-7)
    assert solution.certificate.coverage.scope == "global"
    assert {type(z.coefficient) for z in solution.network.neurons} <= {Fraction}
    assert {type(entry) for entry in (*solution.dual, solution.objective, solution.network.intercept)} == {
        Fraction
    }
    check_optimality(solution, X, y, options["reg"], options["bias"])


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", degenerate())
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_degenerate_data(name, norm, bias):
    X, y = degenerate()[name]
    for reg in (1e-3, 0.05):
        solution = derive(X, y, reg, norm, bias)
        check_optimality(solution, X, y, reg, bias)
        dictionary = "wedge" if norm == 2 and X.shape[1] > 1 else "auto"
        rounded = gm.derive(X, y, reg=reg, norm=norm, bias=bias, dictionary=dictionary)
        assert float(solution.objective) == pytest.approx(rounded.objective, rel=1e-8, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_small_grids_where_everything_ties(data):
    d = data.draw(st.integers(1, 3))
    point = st.tuples(*[st.integers(-1, 1)] * d)
    X = data.draw(st.lists(point, min_size=1, max_size=5))
    y = data.draw(st.lists(st.integers(-2, 2), min_size=len(X), max_size=len(X)))
    reg = data.draw(st.sampled_from(["1/7", "1/2", "1", "1/1000"]))
    norm, bias = data.draw(st.sampled_from([1, 2, np.inf])), data.draw(st.booleans())
    solution = derive(X, y, Fraction(reg), norm, bias)
    check_optimality(solution, X, y, Fraction(reg), bias)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_a_wrong_guess_is_repaired(norm):
    """From nothing, from atoms that are wrong, doubled or dependent, with any sign: the same optimum."""
    rng = np.random.default_rng(3)
    X, y = rng.integers(-3, 4, size=(8, 2)) / 2, rng.integers(-4, 5, size=8) / 2
    problem = pose(X, y, 0.1, norm, True, "squared")
    solution = derive(X, y, 0.1, norm, True)
    program = "wedge" if norm == 2 else "all"
    dictionary = gm.dictionaries.find_dictionary(problem.samples, float(norm), program)
    posed = pose_exactly(problem, program)
    everything = np.concatenate(list(dictionary.units()))
    everything = np.concatenate([everything, -everything])
    for count in (0, 1, 5, 20, len(everything)):
        units = everything[rng.integers(0, len(everything), size=count)]
        guess = Optimum(
            units, rng.normal(size=(count, 1)), np.zeros(1), rng.normal(size=(8, 1)), 0, 0, 0, False
        )
        optimum = find_optimum(posed, dictionary, guess)
        assert zero(optimum.primal - solution.objective)
        assert all(zero(a - b) for a, b in zip(optimum.dual, solution.dual, strict=True))


def test_numbers_are_taken_as_they_are_written():
    y = [0, 1, 5]
    same = [[[0.1], [1], [3]], [[Fraction(1, 10)], [1], [3]], [[Decimal("0.1")], [1], [3]],
            [[sympy.Rational(1, 10)], [1], [3]], np.array([[0.1], [1.0], [3.0]]),
            np.array([[0.1], [1], [3]], dtype=np.float32)]  # fmt: skip
    values = {gm.derive(X, y, reg=0.1, exact=True).objective for X in same}
    assert len(values) == 1
    for reg in (Fraction(1, 10), Decimal("0.1"), sympy.Rational(1, 10)):
        assert gm.derive(same[0], y, reg=reg, exact=True).objective in values
    third = gm.derive([[Fraction(1, 3)], [1], [3]], y, reg=0.1, exact=True)
    near = gm.derive([[Fraction(33333333, 10**8)], [1], [3]], y, reg=0.1, exact=True)
    points = [[Fraction(1, 2)]]
    assert third.network(points) != near.network(points)
    assert float(third.network(points)[0]) == pytest.approx(float(near.network(points)[0]), rel=1e-6)


def test_samples_closer_than_floats_can_tell_are_told_apart():
    tiny = Fraction(1, 10**20)
    X = [[Fraction(1)], [1 + tiny], [Fraction(2)], [Fraction(0)]]
    solution = gm.derive(X, [0, 1, 2, 0], reg=Fraction(1, 10**24), exact=True)
    assert {j for neuron in solution.network.neurons for j in neuron.atom.samples} >= {0, 1}
    assert solution.network([[1 + tiny / 2]])[0] == pytest.approx(0.5, rel=1e-3)
    assert gm.exact.verify(gm.exact.certificate_document(solution), X, [0, 1, 2, 0])


def test_constants_are_exact_too():
    X, y = [[0], [1], [3]], [0, 1, 5]
    top = gm.reg_max(X, y)
    for reg in (top, 2 * top):
        with pytest.warns(ConstantNetworkWarning):
            solution = gm.derive(X, y, reg=reg, exact=True)
        assert len(solution.network) == 0
        assert solution.network.intercept == 2
        assert solution.objective == 7
        assert solution.certificate.largest_correlation == Fraction(str(top)) / Fraction(str(reg))


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_weights_are_closed_forms(norm, bias):
    rng = np.random.default_rng(5)
    X, y = rng.integers(-3, 4, size=(6, 2)) / 2, rng.integers(-4, 5, size=6) / 2
    solution = derive(X, y, 0.1, norm, bias)
    numeric = solution.network.numeric()
    assert solution.network.exact
    assert not numeric.exact
    for neuron, rounded in zip(solution.network.neurons, numeric.neurons, strict=True):
        assert all(isinstance(entry, sympy.Expr) for entry in (*neuron.weight, neuron.outer, neuron.bias))
        assert sympy.simplify(neuron.outer**2 - abs(sympy.sympify(neuron.coefficient))) == 0
        np.testing.assert_allclose([float(w) for w in neuron.weight], rounded.weight, rtol=1e-14)
        assert float(neuron.coefficient) == pytest.approx(rounded.coefficient, rel=1e-14)
    np.testing.assert_allclose(solution.network(X), numeric(X), rtol=0, atol=0)
    np.testing.assert_allclose(
        solution.network(fractions(X)).astype(float), numeric(X), rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_expressions_equal_the_network_at_rational_points(norm):
    rng = np.random.default_rng(6)
    X, y = rng.integers(-3, 4, size=(6, 2)) / 2, rng.integers(-4, 5, size=6) / 2
    network = derive(X, y, 0.1, norm, True).network
    x = sympy.symbols("feature1 feature2", real=True)
    expression = network.to_sympy()
    assert not expression.atoms(sympy.Float)
    points = [[Fraction(a, 7), Fraction(b, 5)] for a, b in itertools.product((-9, 0, 4), (-3, 2))]
    for point, value in zip(points, network(points), strict=True):
        at = expression.subs(dict(zip(x, map(sympy.Rational, map(str, point)), strict=True)))
        assert zero(at - value)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_saved_networks_keep_every_digit(norm, tmp_path):
    rng = np.random.default_rng(7)
    X, y = rng.integers(-3, 4, size=(6, 2)) / 2, rng.integers(-4, 5, size=6) / 2
    network = derive(X, y, Fraction(1, 7), norm, True).network
    network.save(tmp_path / "network.json")
    for again in (gm.AnalyticNetwork.load(tmp_path / "network.json"), pickle.loads(pickle.dumps(network))):
        assert again.exact
        assert again.intercept == network.intercept
        for a, b in zip(again.neurons, network.neurons, strict=True):
            assert (a.atom, a.coefficient, a.atom.bias) == (b.atom, b.coefficient, b.atom.bias)
            assert (a.atom.weight == b.atom.weight).all()


def test_refusals_say_what_to_do():
    X, y = np.random.default_rng(0).normal(size=(60, 5)), np.arange(60.0)
    with pytest.raises(EnumerationTooLarge, match="fewer samples"):
        gm.derive(X, y, norm=np.inf, exact=True)
    network = gm.derive([[0], [1], [3]], [0, 1, 5]).network
    with pytest.raises(OptionError, match="exact=True"):
        network.to_latex(form="exact")
    with pytest.raises(OptionError, match="exact=True"):
        gm.exact.certificate_document(gm.derive([[0], [1], [3]], [0, 1, 5]))


@pytest.mark.slow
def test_the_spiral_in_fractions():
    X, y = spiral()
    solution = gm.derive(np.round(X, 4), y, reg=5e-4, exact=True)
    rounded = gm.derive(np.round(X, 4), y, reg=5e-4)
    assert float(solution.objective) == pytest.approx(rounded.objective, rel=1e-9)
    check_optimality(solution, np.round(X, 4), y, 5e-4, True)


def test_wedges_with_large_common_divisors():
    """Normals are divided by their greatest common divisor, whatever its size."""
    large = 9223372037341622938
    for X, y in (
        ([[0, 10**20], [3 * 10**20, 10**20], [10**20, 2 * 10**20]], [0, 1, 2]),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0.1234567891]], [0, 1, 2, 0, 5]),
        ([[0, large], [-large, 0], [0, 0]], [1, 1, 2]),
        ([[Fraction(0)], [Fraction(1, 10**400)], [Fraction(2)]], [0, 1, 2]),
    ):
        solution = gm.derive(X, y, reg=0.1, exact=True)
        assert gm.exact.verify(gm.exact.certificate_document(solution), X, y)


@pytest.mark.slow
def test_numbers_of_thousands_of_digits_are_shown_and_kept(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 2)), rng.normal(size=90)
    solution = gm.derive(X, y, reg=1e-4, exact=True)
    assert solution.objective.denominator > 10**4300
    network = solution.network
    for text in (repr(solution), str(solution), repr(solution.certificate), repr(network.neurons[0]),
                 solution._repr_html_(), network.to_latex(), network._repr_latex_()):  # fmt: skip
        assert len(text) < 60_000
    assert float(network.neurons[0].weight[0]) == pytest.approx(network.numeric().neurons[0].weight[0])
    network.save(tmp_path / "network.json")
    assert gm.AnalyticNetwork.load(tmp_path / "network.json").intercept == network.intercept
    assert gm.exact.verify(gm.exact.certificate_document(solution), X, y)


def test_loaded_networks_of_roots_without_a_bias(tmp_path):
    X, y = [[0, 1], [1, 0], [1, 1], [3, 2]], [0, 1, 1, 2]
    network = gm.derive(X, y, reg=Fraction(1, 20), norm=2, bias=False, dictionary="wedge", exact=True).network
    network.save(tmp_path / "network.json")
    points = [[Fraction(1), Fraction(2)]]
    assert zero(gm.AnalyticNetwork.load(tmp_path / "network.json")(points)[0] - network(points)[0])


@pytest.mark.parametrize("d", [1, 2, 3])
def test_exact_networks_are_drawn(d):
    rng = np.random.default_rng(d)
    X, y = rng.integers(-3, 4, size=(6, d)) / 2, rng.integers(-4, 5, size=6) / 2
    network = derive(X, y, 0.1, 1, True).network
    assert gm.plotting.plot_network(network, X, y)
    assert gm.plotting.plot_neurons(network)
    assert gm.plotting.plot_predictions(network, X, y)
    if d == 2:
        assert gm.plotting.plot_surface(network, X, y)
        assert gm.plotting.plot_wedge(network.neurons[0].atom, X, 0)
    if d == 3:
        assert gm.plotting.plot_space(network, X, y)


def test_exponents_that_would_fill_the_memory_are_refused():
    with pytest.raises(gm.errors.DataError, match="exponents up to"):
        gm.derive([[Decimal("1e-99999999")], [1], [2]], [0, 1, 5], exact=True)


def test_the_largest_correlation_is_found_where_floats_cancel():
    X = [
        [Fraction(-3, 10**60)],
        [Fraction(3, 1000)],
        [Fraction(4, 1000)],
        [Fraction(5, 10**20)],
        [Fraction(1, 1000)],
    ]
    y = [-1, -1, 1, -1, -1]
    solution = gm.derive(X, y, reg=0.1, bias=False, exact=True)
    assert solution.certificate.largest_correlation == Fraction(5, 10**19)
    assert gm.exact.verify(gm.exact.certificate_document(solution), X, y)
