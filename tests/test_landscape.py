"""The landscape of optimal networks: stored components, two ways to count them, paths, the fewest neurons."""

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
from optimal_networks import STORED, draw, stored
from scipy.optimize import linprog

import geomnn as gm
from geomnn.atoms import MergedWedge
from geomnn.errors import EnumerationTooLarge, OptionError, UnsupportedProblem
from geomnn.optima.slots import Slots, pieces_of_vertices
from geomnn.optima.walks import direct_way, way_by_edges


def value(network, problem):
    """(T), from the weights."""
    inner, biases, outer, t = network.arrays()
    f = np.maximum(problem.samples.X @ inner.T + biases, 0) @ outer[:, 0] + t[0]
    penalty = np.sum(np.linalg.norm(inner, ord=problem.norm, axis=1) ** 2) + np.sum(outer**2)
    return 0.5 * np.sum((f - problem.targets.ravel()) ** 2) + problem.reg / 2 * penalty


def off(network, optima):
    """How far (T) is from the optimum, relative."""
    optimum = float(optima.solution.objective)
    return abs(value(network, optima.solution.problem) - optimum) / (optimum or 1.0)


def is_optimal(network, optima):
    return off(network, optima) <= 1e-12


@pytest.mark.parametrize("name", STORED)
def test_stored_landscapes(name):
    case, _, optima = stored(name)
    for merge, fewest in ((True, case["fewest_T"]), (False, case["fewest_dictionary"])):
        found = optima.fewest(merge)
        assert (found.neurons, found.proof) == (fewest, "exact")
        assert len(found.network) == fewest
        assert found.network.exact
        assert is_optimal(found.network, optima)
    for key, networks in (("dictionary_components", "dictionary"), ("T_components", "all")):
        for width, count in case[key].items():
            found = optima.components(int(width), networks)
            assert (found.count, found.connected) == (count, count == 1)
    assert optima.connected_from("dictionary") == case["connected_from_dictionary"]
    assert optima.components(case["fewest_T"] - 1).count == 0
    assert optima.components(case["fewest_dictionary"] - 1, "dictionary").count == 0


@pytest.mark.parametrize("name", STORED)
def test_stored_landscapes_in_floats(name):
    case, _, optima = stored(name, exact=False)
    for merge, fewest in ((True, case["fewest_T"]), (False, case["fewest_dictionary"])):
        found = optima.fewest(merge)
        assert (found.neurons, found.proof) == (fewest, "milp")
        assert is_optimal(found.network, optima)
    for key, networks in (("dictionary_components", "dictionary"), ("T_components", "all")):
        for width, count in case[key].items():
            if len(optima.used) ** int(width) < 5000:
                assert optima.components(int(width), networks).count == count


def test_isolated_networks():
    _, _, cube = stored("cube_inf")
    assert [cube.components(width).isolated for width in (2, 3, 4, 5)] == [8, 0, 48, 0]
    assert cube.connected_from() == 5
    _, _, six = stored("six")  # two segments, as its neurons merge
    assert six.components(2).isolated == 0
    assert six.components(2, "dictionary").isolated == 4
    _, _, quad = stored("quad5")
    assert quad.components(2).isolated == 4
    assert quad.connected_from() == 3
    _, _, repeated = stored("repeated")
    assert repeated.connected_from() == 2


def by_tuples(optima, width, free):
    """The components over the dictionary by cells of one atom each."""
    slots = Slots(optima.polytope, [(k,) for k in optima.used], 0)
    pieces = slots.pieces(width)
    return len(pieces), sum(slots.is_point(piece, free) for piece in pieces)


def check_components(optima):
    """By vertices and by tuples, at each width up to the one from which all are connected: how many widths."""
    widths = [width for width in range(1, optima.rank + 2) if 0 < len(optima.used) ** width <= 5000]
    points = np.array([*optima.polytope.vertices(optima.used, 10_000)]) > 0
    for width in widths:
        for free in (frozenset(), frozenset(optima.used[:1])):
            assert by_tuples(optima, width, free) == pieces_of_vertices(points, width, free)
        found = optima.components(width, "dictionary")
        assert (found.count, found.isolated) == by_tuples(optima, width, frozenset())
    return len(widths)


@pytest.mark.parametrize("seed", range(40))
def test_components_in_two_ways(seed):
    check_components(gm.optimal_set(draw(seed)[-1]))


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_components_do_not_depend_on_arithmetic(seed):
    X, y, solution = draw(seed)
    problem = solution.problem
    exactly = gm.optimal_set(solution)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nearly = gm.optimal_set(
            gm.derive(X, y, reg=problem.reg, norm=problem.norm, bias=problem.samples.bias)
        )
    assert len(nearly.used) == len(exactly.used)
    assert nearly.fewest().neurons == exactly.fewest().neurons
    for width in range(1, exactly.rank + 2):
        if len(exactly.cells) ** width <= 300:
            one, other = exactly.components(width), nearly.components(width)
            assert (one.count, one.isolated) == (other.count, other.isolated)


@pytest.mark.parametrize("seed", range(40))
def test_fewest_neurons_by_all_sets_of_cells(seed):
    *_, solution = draw(seed)
    optima = gm.optimal_set(solution)
    columns, right = optima.polytope.columns.astype(float), optima.polytope.right.astype(float)

    def feasible(cells):
        atoms = sorted({k for cell in cells for k in cell})
        return not atoms or linprog(np.zeros(len(atoms)), A_eq=columns[:, atoms], b_eq=right).status == 0

    for merge in (True, False):
        found, cells = optima.fewest(merge), optima.cells if merge else [(k,) for k in optima.used]
        assert is_optimal(found.network, optima)
        assert len(found.network) == found.neurons
        if found.neurons and len(cells) <= 14:
            sets = itertools.combinations(cells, found.neurons - 1)
            assert not any(feasible(each) for each in sets if each)
    assert optima.fewest().neurons <= optima.fewest(merge=False).neurons


def test_the_time_for_fewest_neurons():
    """Without time for branch and bound a network comes all the same, and no word of proof; then there is time."""
    optima = gm.optimal_set(gm.derive(*gm.datasets.peaks(30), reg=0.1))
    found = optima.fewest(time_limit=0)
    assert found.proof == "none"
    assert is_optimal(found.network, optima)
    better = optima.fewest()
    assert better.proof == "milp"
    assert better.neurons <= found.neurons


def ends(optima, rng, count):
    """Optimal networks: vertices, mixtures, the one with the fewest neurons, and points of other paths."""
    random = [optima.choose(rng.normal(size=len(optima.atoms)).tolist()) for _ in range(count)]
    mixed = optima.path(random[0], random[-1])(Fraction(1, 3))
    return [optima.fewest().network, optima.fewest(merge=False).network, mixed, *random]


def check_path(path, a, b, optima):
    assert path.objective == optima.solution.objective
    X = optima.solution.problem.samples.X + 0.3
    for network, end in ((path.points[0], a), (path.points[-1], b)):
        assert len(network) == len(end)
        assert network.numeric()(X) == pytest.approx(end.numeric()(X), rel=1e-12, abs=1e-9)
    for network in [*path.points, *(path(Fraction(k, 23)) for k in range(24))]:
        assert len(network) <= path.width
        assert is_optimal(network, optima)


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_paths(seed):
    *_, solution = draw(seed)
    optima, rng = gm.optimal_set(solution), np.random.default_rng(seed)
    networks = ends(optima, rng, 3)
    for a, b in itertools.pairwise(networks):
        least = max(len(a), len(b))
        check_path(optima.path(a, b), a, b, optima)
        wide = max(optima.rank + 1, least)
        for width in (wide, wide + 1, len(a) + len(b) + 1):
            path = optima.path(a, b, width=width)
            check_path(path, a, b, optima)
            assert path.width == width


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_paths_by_edges_and_straight_ones(seed):
    """Each slot keeps its neuron along a part, and no part has more than the slots."""
    *_, solution = draw(seed)
    optima, rng = gm.optimal_set(solution), np.random.default_rng(seed)
    if not optima.used:
        return
    corners = [*optima.polytope.vertices(optima.used, 10_000)]
    for width in (optima.rank + 1, 2 * len(optima.used)):
        rows = []
        for _ in range(2):
            place = rng.permutation(width)
            amounts = corners[rng.integers(len(corners))]
            found = np.full((width, len(amounts)), Fraction(0))
            for j, k in zip(place, np.flatnonzero(amounts), strict=False):
                found[j, k] = amounts[k]
            rows.append(found)
        ways = [way_by_edges(optima.polytope, *rows)]
        ways += [direct_way(*rows)] if width > optima.rank + 1 else []
        for way in ways:
            assert (way[0] == rows[0]).all()
            assert (way[-1] == rows[1]).all()
            for before, after in itertools.pairwise(way):
                assert (optima.polytope.columns @ after.sum(axis=0) == optima.polytope.right).all()
                assert (after >= 0).all()
                assert (np.count_nonzero(before + after, axis=1) <= 1).all()


def check_paths_within(optima, width):
    """Between all orders of networks routes, and paths between networks, exactly within components: how many pairs, and
    how many of them are apart."""
    networks = [*optima.vertices(), optima.fewest().network]
    rows = [optima._rows(network, "a") for network in networks if len(network) <= width]
    rows = [np.vstack([each, np.repeat(optima._none, width - len(each), axis=0)]) for each in rows]
    tuples = [each[list(order)] for each in rows for order in itertools.permutations(range(width))]
    slots = optima._slots[True]
    pieces = {cells: k for k, piece in enumerate(slots.pieces(width)) for cells in piece}
    for a, b in itertools.product(tuples[:6], tuples):
        one, other = slots.place(a), slots.place(b)
        assert (slots.route(one, other) is None) == (pieces[one] != pieces[other])
    pairs = [
        *itertools.product(zip([net for net in networks if len(net) <= width], rows, strict=True), repeat=2)
    ]
    apart = 0
    for (a, first), (b, last) in pairs:
        if pieces[slots.place(first)] == pieces[slots.place(last)]:
            check_path(optima.path(a, b, width=width), a, b, optima)
        else:
            apart += 1
            with pytest.raises(
                OptionError, match=f"no path of width {width} between these networks; there is one"
            ):
                optima.path(a, b, width=width)
    return len(pairs), apart


@pytest.mark.parametrize("name", ["quad5", "six", "cube_inf", "cube_1", "square_inf", "xor", "repeated"])
def test_there_is_a_path_exactly_within_components(name):
    """That they fall into as many classes as there are components that have them."""
    case, _, optima = stored(name)
    for width in map(int, case["T_components"]):
        if width <= 3:
            check_paths_within(optima, width)


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_the_central_network(seed):
    """Of the least Σ z²: all vertices are beyond the plane through it that it is orthogonal to."""
    *_, solution = draw(seed)
    optima = gm.optimal_set(solution)
    network = optima.central()
    assert not network.exact
    assert is_optimal(network, optima)
    places = {atom: k for k, atom in enumerate(optima.atoms)}
    a = np.zeros(len(places))
    for neuron in network.neurons:
        a[places[neuron.atom]] = abs(neuron.coefficient)
    corners = np.array([*optima.polytope.vertices(optima.used, 10_000)], dtype=float)
    assert (corners @ a >= a @ a * (1 - 1e-9)).all()


def test_merged_neurons_are_written():
    _, _, optima = stored("quad5")
    network = optima.fewest().network
    assert all(isinstance(neuron.atom, MergedWedge) for neuron in network.neurons)
    text = str(network)
    assert "3/4 (+⋆1 at x2) + 1/4 (+⋆1 at x1)" in text or "1/4 (+⋆1 at x1) + 3/4 (+⋆1 at x2)" in text
    assert r"\frac{3}{4}" in network.to_latex()
    assert r"0.75\," in network.numeric().to_latex()
    assert network.to_latex().count("_+") == len(network)
    assert "⋆1 at x2" in network.to_html()
    X = np.linspace(-3, 3, 13)[:, None]
    f = network.to_sympy()
    symbol = next(iter(f.free_symbols))
    assert [float(f.subs(symbol, x)) for x in X[:, 0]] == pytest.approx(network.numeric()(X))
    assert network.table()["samples"].tolist() == [(), ()]
    for each in (network, network.numeric()):
        with pytest.raises(UnsupportedProblem, match="merged of 2 wedges, and a file has a place for one"):
            each.save("never.json")


def test_what_is_refused():
    _, _, optima = stored("xor")
    a, b = optima.vertices()
    with pytest.raises(OptionError, match="networks='both'"):
        optima.components(2, "both")
    with pytest.raises(OptionError, match="width=-1"):
        optima.components(-1)
    with pytest.raises(OptionError, match="no path of width 2 between these networks; there is one at 4"):
        optima.path(a, b, width=2)
    with pytest.raises(OptionError, match="width=1 and a network of 2 neurons"):
        optima.path(a, b, width=1)
    with pytest.raises(OptionError, match="a='no network'"):
        optima.path("no network", b)
    with pytest.raises(OptionError, match="b is a network in float64"):
        optima.path(a, optima.central())
    with pytest.raises(OptionError, match=r"a is not optimal: its objective is 0\.1"):
        optima.path(
            gm.derive(
                [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=Fraction(1, 25), exact=True
            ).network,
            b,
        )
    for s in (1.5, -1, "half"):
        with pytest.raises(OptionError, match="a number from 0 to 1"):
            optima.path(a, b)(s)
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
    vector = gm.optimal_set(gm.derive(X, np.column_stack([y, y[::-1]]), reg=0.05))
    for call in (
        lambda: vector.components(2),
        lambda: vector.path(vector.central(), vector.central()),
        lambda: vector.fewest(),
    ):
        with pytest.raises(UnsupportedProblem, match="and 2 outputs"):
            call()
    assert vector.fewest(merge=False).neurons <= len(vector.solution.network)
    wedge = gm.optimal_set(gm.derive(X, y, reg=0.05, norm=2, dictionary="wedge"))
    with pytest.raises(UnsupportedProblem, match="merge=False"):
        wedge.fewest()
    assert wedge.fewest(merge=False).neurons == 2
    _, _, grid = stored("grid3")
    with pytest.raises(EnumerationTooLarge, match=r"9\^6 ≈ 5e\+05 ways"):
        grid.components(6)
    assert grid.components(7).connected
