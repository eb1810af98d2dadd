"""The canonical optimum of exact=True: of all optimal networks the one that the order of names picks."""

import itertools
from fractions import Fraction

import kernels
import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn.depth.lifting import lift
from geomnn.dictionaries import choose
from geomnn.exact.optimum import find_optimum, named_plane, pose_exactly
from geomnn.optima.active import exactly_active
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.programs.solve import Optimum

pytestmark = pytest.mark.filterwarnings("ignore::geomnn.errors.GeomnnWarning")
MOST = 10  # active atoms, all of whose sets are looked at

SQUARE = [[0, 0], [1, 0], [0, 1], [1, 1]]
GRID = [[a, b] for a in range(3) for b in range(3)]
LINE = [[0], [1], [3], [4], [6]]
SEVEN, HEIGHTS = [[1, 1], [2, -1], [-1, -1], [-2, 0], [0, 2], [-2, 2], [1, 0]], [-1, 1, 0, -1, 2, -1, 1]
SEVERAL = {
    "xor": (SQUARE, [0, 1, 1, 0], "1/20", {}),
    "xor, p = inf": (SQUARE, [0, 1, 1, 0], "1/20", {"norm": np.inf}),
    "xor of wedges, p = 2": (SQUARE, [0, 1, 1, 0], "1/20", {"norm": 2, "dictionary": "wedge"}),
    "wedges, p = 2": (SEVEN, HEIGHTS, "1/10", {"norm": 2, "dictionary": "wedge"}),
    "wedges, p = 2, without a bias": (SEVEN, HEIGHTS, "1/10", {"norm": 2, "dictionary": "wedge", "bias": False}),
    "p = inf without a bias": (SEVEN, HEIGHTS, "1/10", {"norm": np.inf, "bias": False}),
    "parabola": ([[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4], "1/2", {}),
    "parabola, p = 2": ([[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4], "1/2", {"norm": 2}),
    "repeated": ([[0], [0], [1], [2], [2], [3]], [1, 2, 0, 1, 3, 1], "1/8", {}),
    "grid": (GRID, [0, 1, 0, 1, 0, 1, 0, 1, 0], "1/8", {}),
    "linear": ([[0, 1], [2, 0], [1, 1], [3, 2]], [1, 2, 2, 5], "1/3", {}),
    "ramps": (LINE, [0, 1, 0, 2, 1], "1/20", {"depth": 3}),
    "ramps without a bias": ([[1, 0], [0, 1], [1, 1]], [1, 1, 3], "1/10", {"depth": 3, "bias": False}),
    "chains": ([[0], [4], [5], [7], [10], [11]], [0, 0, 0, 2, 3, 3], "1/10", {"depth": 3, "dictionary": "chains"}),
}  # fmt: skip


def solved(name):
    X, y, reg, options = SEVERAL[name]
    return gm.derive(X, y, reg=Fraction(reg), exact=True, **options)


def in_order(solution):
    """The active atoms in the order of their names, with the amounts |z_u| of the network."""
    network = (solution.lifted or solution).network
    active = exactly_active(solution.exact, [neuron.atom for neuron in network.neurons], solution.dual)
    named = [named_plane(solution.exact, plane) for plane in active.units]
    order = sorted(range(len(named)), key=lambda k: named[k].place)
    amounts = {neuron.atom: abs(neuron.coefficient) for neuron in network.neurons}
    assert {named[k] for k in order} >= set(amounts)
    return active.among(order), [amounts.get(named[k], Fraction(0)) for k in order]


def vertices(columns, right):
    """All a ≥ 0 with independent columns and columns·a = right, in floats, by every set of columns."""
    found, k = [], columns.shape[1]
    for size in range(min(len(right), k) + 1):
        for support in itertools.combinations(range(k), size):
            part = columns[:, support]
            if np.linalg.matrix_rank(part) < size:
                continue
            amounts = np.linalg.lstsq(part, right, rcond=None)[0]
            if (amounts > 1e-8).all() and np.allclose(part @ amounts, right, atol=1e-8):
                found.append(np.zeros(k))
                found[-1][list(support)] = amounts
    return found


def check_first(solution):
    """No vertex is before that of the solution; how many there are."""
    active, amounts = in_order(solution)
    if not 0 < len(active) <= MOST:
        return 0
    sizes = np.array([float(size) for size in active.sizes])
    columns, mine = active.columns.astype(float) / sizes, np.array(amounts, dtype=float)
    if active.constants.size:
        columns = columns[1:] - columns[:1]
    points = [tuple(point.round(6).tolist()) for point in vertices(columns, columns @ mine)]
    assert max(points) == pytest.approx(mine, abs=2e-6)
    return len(points)


@pytest.mark.parametrize("name", SEVERAL)
def test_where_there_are_several_it_is_the_first(name):
    solution = solved(name)
    assert solution.unique_over_dictionary is False
    count = check_first(solution)
    assert count > 1 or len(in_order(solution)[1]) > MOST


def test_another_kernel_of_openblas_gives_the_same_networks():
    """Another than this one's, if the processor has it: where all rounding is as if on another machine."""
    code = "from test_canonical import SEVERAL, solved; print(*(solved(name).network for name in SEVERAL), sep='\\n')"
    there = kernels.run(["-W", "ignore", "-c", code], kernels.NAMES[-1] if kernels.NAMES else None, 1)
    assert "Traceback" not in there.errors
    if not there.passed:
        pytest.skip("this processor has no such kernel")
    assert there.text.splitlines() == "\n".join(str(solved(name).network) for name in SEVERAL).splitlines()


def draw(seed):
    """Small integers, where much is tied."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 7)), int(rng.integers(1, 3))
    X, y = rng.integers(-1, 2, size=(n, d)), rng.integers(-2, 3, size=n)
    norm, bias = [1, np.inf, 2][seed % 3], bool(seed // 3 % 2)
    options = {"dictionary": "wedge"} if norm == 2 and d > 1 else {}
    return gm.derive(X, y, reg=Fraction(1, 7), norm=norm, bias=bias, exact=True, **options)


def test_random_and_degenerate_problems():
    solutions = [draw(seed) for seed in range(60)]
    for k, (X, y) in enumerate(degenerate().values()):
        norm, bias = [1, np.inf][k % 2], k % 4 > 1
        solutions.append(gm.derive(X, y, reg=0.05, norm=norm, bias=bias, exact=True))
    counts = [check_first(solution) for solution in solutions]
    assert sum(count > 1 for count in counts) > 15
    for solution, count in zip(solutions, counts, strict=True):
        assert not count or solution.unique_over_dictionary is (count == 1)


@pytest.mark.parametrize("name", SEVERAL)
def test_neither_the_guess_nor_the_order_of_candidates_matters(name):
    """From nothing, from wrong atoms with wrong signs, and with the atoms of the dictionary in any order."""
    X, y, reg, options = SEVERAL[name]
    given = {key: options.get(key, value) for key, value in (("norm", 1), ("bias", True), ("depth", 2))}
    problem = pose(X, y, Fraction(reg), given["norm"], given["bias"], "squared")
    choice = choose(options.get("dictionary", "all"), problem.samples, problem.norm)
    lifting = lift(problem, given["depth"], choice, Effort(), True, "exact=True")
    problem, choice = lifting.problem, lifting.choice
    dictionary = choice.form(problem.samples, problem.norm)
    posed, solution = pose_exactly(problem, choice.program), solved(name)
    blocks = dictionary.units() if hasattr(dictionary, "units") else [np.zeros((0, problem.samples.D))]
    everything = np.concatenate([sign * block for block in blocks for sign in (1, -1)])
    rng = np.random.default_rng(1)
    for count in sorted({min(count, len(everything)) for count in (0, 1, 4, 30)}):
        posed.planes._hold(rng.permutation(posed.planes.coordinates))
        units = everything[rng.permutation(len(everything))[:count]]
        v = rng.normal(size=(len(y), 1))
        guess = Optimum(units, rng.normal(size=(count, 1)), np.zeros(1), v, 0, 0, 0, False)
        optimum, network = find_optimum(posed, dictionary, guess), (solution.lifted or solution).network
        assert optimum.atoms == [neuron.atom for neuron in network.neurons]
        assert optimum.coefficients == [neuron.coefficient for neuron in network.neurons]
        assert optimum.intercept == network.intercept


def test_the_network_as_a_function_of_reg_is_that_of_each_reg():
    for name in ("xor", "parabola", "repeated", "grid", "linear"):
        X, y, reg, options = SEVERAL[name]
        piece = gm.exact.weights_as_function_of_reg(X, y, Fraction(reg), **options)
        start, end = piece.interval.start, piece.interval.end
        for share in (Fraction(1, 97), Fraction(1, 2), Fraction(96, 97)):
            at = Fraction(str(start)) + share * (Fraction(str(end)) - Fraction(str(start)))
            assert str(piece(at)) == str(gm.derive(X, y, reg=at, exact=True, **options).network)
