"""What is one up to rounding is taken for one, and what is two for two: data ten times inside or outside of tolerances.

`python tests/tolerances.py` changes each of them by a factor of 100, with which one of a pair here fails.
"""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import geomnn as gm
from geomnn.atoms import Atom
from geomnn.blocks.pursuit import _cheapest
from geomnn.blocks.training import _InWedges
from geomnn.deadline import NEVER
from geomnn.depth import searched
from geomnn.depth.enumerated import _essential
from geomnn.depth.names import name_feature
from geomnn.depth.searched import _hand_down, _reduced, _used
from geomnn.derivation import derive
from geomnn.dictionaries import Pricing
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.geometry.arrangement import central_faces, count_central_faces
from geomnn.dictionaries.geometry.pencils import form_pencils
from geomnn.dictionaries.walks.walk import Walks
from geomnn.errors import ConvergenceWarning, DataError, OptionError
from geomnn.networks.io.contradictions import contradiction
from geomnn.networks.naming import _levelled, named_layers
from geomnn.norms import Direction, ball
from geomnn.optima.active import ActiveAtoms, nearly_active
from geomnn.optima.polytope import FloatPolytope
from geomnn.optima.uniqueness import _changes, may_merge
from geomnn.optimal_sets import optimal_set
from geomnn.programs.certificate import Certificate, warn_of_gap
from geomnn.programs.coverage import Coverage
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.rewriting.chambers import split
from geomnn.rewriting.cone import Cone, Rows, _reach
from geomnn.rewriting.rewrite import Rewriting
from geomnn.samples import Samples

TABLE = np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 2.0], [0.5, 4.0, 3.0], [2.0, 0.25, 1.0], [5.0, 3.0, 0.75]])


# geometry


@pytest.mark.parametrize(("off", "walls"), [(1e-13, 1), (1e-11, 0)])
def test_a_coordinate_that_is_zero_or_as_large_as_another(off, walls):
    assert len(ball(1).walls(np.array([1.0, off]))) == walls
    assert len(ball(np.inf).walls(np.array([1.0, 1.0 - off]))) == walls


@pytest.mark.parametrize(("off", "planes"), [(1e-12, 3), (1e-10, 4)])
def test_normals_that_are_parallel(off, planes):
    normals = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [off, off / 2, 1]])
    assert len(central_faces(normals)) == count_central_faces(planes, 3)
    lines = np.array([[1.0, 0], [0, 1], [off, 1]])
    assert len(central_faces(lines)) == count_central_faces(planes - 1, 2)


@pytest.mark.parametrize(("off", "events"), [(1e-14, 1), (1e-12, 2)])
def test_a_sample_on_a_flat(off, events):
    """The line through the first two samples: the third lies on it or not, the fourth does not."""
    points = np.array([[0.0, 0, 0], [1, 1, 1], [2, 2 + 4 * off, 2], [1, 0, 1]])
    nothing, featured = np.zeros((0, 3)), np.ones(3, dtype=bool)
    pencils = form_pencils(points, nothing, featured, np.array([0]), points[None, 1:2])
    assert pencils.counts.tolist() == [[events, 0]]


@pytest.mark.parametrize(("entry", "zeros"), [(1e-15, 3), (1e-13, 2)])
def test_an_entry_of_a_frame(entry, zeros):
    """⋆(B ∧ e_l) for B = (1, entry, 1) has the entries ±1, ±entry and 0."""
    spans, nothing = np.array([[[1.0, 1, 1]], [[1, entry, 1]]]), np.zeros((0, 3))
    pencils = form_pencils(np.eye(3), nothing, np.ones(3, dtype=bool), np.array([-1, -1]), spans)
    assert np.count_nonzero(pencils.frames[1] == 0) == zeros


# walks


@pytest.mark.parametrize(("off", "members"), [(1e-12, 2), (1e-10, 1)])
def test_a_sample_on_the_hyperplane_of_a_walk(off, members):
    samples = Samples([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]], bias=False)
    walks = Walks(samples, 2, np.ones((3, 1)), np.array([[off], [0.0], [1.0]]))
    assert len(walks._members[0]) == members


@pytest.mark.parametrize(("off", "members"), [(1e-10, 1), (1e-8, 2)])
def test_members_of_a_walk_are_independent(off, members):
    samples = Samples([[1.0, 0.0, 0.0], [1.0, off, 0.0], [1.0, 1.0, 1.0]], bias=False)
    walks = Walks(samples, 2, np.ones((3, 1)), np.array([[0.0], [0.0], [1.0]]))
    assert len(walks._members[0]) == members


@pytest.mark.parametrize(("rise", "worth"), [(1e-11, False), (1e-9, True)])
def test_a_rise_that_a_walk_goes_on_for(rise, worth):
    samples = Samples(TABLE, bias=True)
    walks = Walks(samples, 2, np.array([[1.0], [2.0], [-1.0], [1.0], [-3.0]]), np.ones((3, 1)))
    best = float((walks._heights(0) @ walks._out[:, 0]).max())
    assert best > 0
    assert walks._anchor_anew(0, best * (1 - rise)) == worth


# names


@pytest.mark.parametrize(("weight", "needed"), [(1e-12, False), (1e-10, True)])
def test_a_feature_that_a_neuron_does_not_need(weight, needed):
    samples = Samples(TABLE, bias=True)
    w = np.array([TABLE[1, 1] - TABLE[0, 1], TABLE[0, 0] - TABLE[1, 0], 0.0])
    w /= np.abs(w).sum()
    w[2] = weight
    unit = samples.unit_of(w, -w @ TABLE[0])
    if needed:  # then two samples span no hyperplane in three dimensions
        with pytest.raises(DataError):
            name_feature(samples, unit, 2)
    else:
        assert name_feature(samples, unit, 2).directions == (Direction(2),)


@pytest.mark.parametrize(("off", "named"), [(1e-9, True), (1e-7, False)])
def test_a_unit_next_to_a_wedge(off, named):
    samples = Samples(TABLE[:, :2], bias=True)
    w = np.array([TABLE[1, 1] - TABLE[0, 1], TABLE[0, 0] - TABLE[1, 0]])
    w /= np.abs(w).sum()
    unit = samples.unit_of(w, -w @ TABLE[0, :2] - off)
    if named:
        assert name_atom(samples, unit, 1).samples == (0, 1)
    else:
        with pytest.raises(DataError):
            name_atom(samples, unit, 1)


@pytest.mark.parametrize(("off", "accepted"), [(1e-10, True), (5e-9, False)])
def test_a_neuron_that_is_a_wedge(off, accepted):
    samples = Samples(TABLE[:, :2], bias=True)
    w = np.array([[TABLE[1, 1] - TABLE[0, 1], TABLE[0, 0] - TABLE[1, 0]]])
    layers = [(w, -w @ TABLE[0, :2] - off * np.abs(w).sum()), (np.ones((1, 1)), None)]
    if accepted:
        assert named_layers(layers, samples, 2)[0][0].atoms[0].samples == (0, 1)
    else:
        with pytest.raises(DataError, match="no wedge"):
            named_layers(layers, samples, 2)


@pytest.mark.parametrize(("off", "equal"), [(1e-11, True), (1e-9, False)])
def test_weights_that_are_equal(off, equal):
    one, other, larger = np.abs(_levelled(np.array([1.0, -1.0 - off, 2.0])))
    assert (one == other) == equal
    assert other < larger


@pytest.mark.parametrize(("off", "allowed"), [(1e-10, True), (1e-8, False)])
def test_numbers_that_a_name_allows(off, allowed):
    tilted = Atom(np.array([off, 1.0 - off]), 0.0, (0,), (Direction(0),), -1, True, 1.0)
    longer = replace(tilted, weight=np.array([0.0, 1.0 + off]))
    assert [contradiction(atom) is None for atom in (tilted, longer)] == [allowed, allowed]


# optima


class Given:
    """A dictionary of the units that it is given."""

    def __init__(self, units):
        self.units, self.count = units, len(units)

    def price(self, residual, threshold, limit):
        return Pricing(1.0, self.units[:limit])


@pytest.mark.parametrize(("off", "one"), [(1e-9, True), (1e-7, False)])
def test_units_that_are_one(off, one):
    problem = pose(TABLE, np.arange(5.0), 0.1, 1, True, "squared")
    atom = Atom(np.array([0.5, 0.25, 0.25]), -1.0, (0, 1, 2), (), 1, True, 1.0)
    unit = problem.samples.unit_of(atom.weight, atom.bias)
    near = Given(unit + off * np.abs(unit).max() * np.array([[0.0, 1.0, 0.0, 0.0]]))
    for active in nearly_active(problem, near, [atom], np.ones(5)):
        assert active.used.tolist() == [True] if one else [True, False]
        assert active.columns.shape[1] == (1 if one else 2)


@pytest.mark.parametrize(("off", "side"), [(1e-10, 0), (1e-8, 1)])
def test_a_sample_on_a_hyperplane(off, side):
    problem = pose([[0.0, 1.0], [1.0, off], [2.0, -1.0]], np.arange(3.0), 0.1, 1, False, "squared")
    atom = Atom(np.array([0.0, 1.0]), 0.0, (1,), (), 1, False, 1.0)
    for active in nearly_active(problem, Given(np.zeros((0, 2))), [atom], np.ones(3)):
        assert active.sides[:, 0].tolist() == [1, side, -1]


def active_atoms(columns, used, ways=None):
    columns = np.array(columns).T
    count = columns.shape[1]
    return ActiveAtoms(
        columns,
        np.zeros((len(columns), 0)),
        np.array(used),
        np.zeros((len(columns), count), dtype=int),
        np.ones((count, 1)) if ways is None else np.array(ways),
        np.ones(count),
        range(count),
    )


@pytest.mark.parametrize(("off", "one"), [(1e-10, True), (1e-8, False)])
def test_columns_that_are_one(off, one):
    columns, free = np.array([[1.0, 1.0], [0.0, off]]), np.array([True, False])
    assert _changes(columns, free, np.array([-1.0, 1.0])) == one


@pytest.mark.parametrize(("off", "same"), [(1e-7, True), (1e-5, False)])
def test_ways_that_are_one(off, same):
    ways = [[1.0, 0.0], [1.0, off]]
    assert may_merge(active_atoms([[1.0, 0.0], [0.0, 1.0]], [True, True], ways), False) == same


@pytest.mark.parametrize(("off", "rank"), [(1e-10, 1), (1e-8, 2)])
def test_features_that_are_dependent(off, rank):
    polytope = FloatPolytope(np.ones((1, 1)), np.ones(1), [0])
    assert polytope.rank(np.array([[1.0, 1.0], [0.0, off]])) == rank


@pytest.mark.parametrize(("off", "active"), [(1e-8, 4), (1e-6, 2)])
def test_atoms_that_are_active(off, active):
    """The corners of XOR have an optimum for each diagonal; a middle with y = c (1 − 3 off), c = 2 reg, takes a share
    of off from the correlations of the second one."""
    corners, c = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]]), 0.1
    solution = derive(corners, np.array([0.0, 1, 1, 0, c * (1 - 3 * off)]), reg=c / 2)
    assert len(optimal_set(solution).atoms) == active


# certificates and texts


@pytest.mark.parametrize(("error", "loose"), [(1e-7, False), (1e-5, True)])
def test_names_that_are_loose(error, loose):
    coverage = Coverage("global", "all")
    assert Certificate(1.0, 1.0, 1.0, coverage, 1, name_error=error).names_are_loose == loose


@pytest.mark.parametrize(("gap", "warned"), [(1e-6, False), (1e-4, True)])
def test_the_gap_of_a_branch_and_bound(gap, warned):
    tried = SimpleNamespace(history=((0.1, "milp", 1.0 - gap),))
    certificate = Certificate(1.0, 1.0 - gap, 1.0, Coverage("global", "all", method="milp"), 1, proven=tried)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_gap(certificate, "", Effort())
    assert [each.category for each in caught] == [ConvergenceWarning] * warned


def test_rounding_is_no_text():
    network = SimpleNamespace(norm=1.0)
    texts = [str(Rewriting(network, (1,), (1,), 1.0, 1.0, error, 1.0, ())) for error in (1e-15, 1e-13, 1e-11)]
    assert texts[0] == texts[1] != texts[2]
    assert "the same to 1e-11" in texts[2]


# rewriting


@pytest.mark.parametrize(("off", "closed"), [(1e-10, False), (1e-8, True)])
def test_a_row_that_is_zero_where_another_is(off, closed):
    samples = Samples([[1.0, -1.0, 0.0], [1.0, -1.0, off], [0.5, 1.0, 1.0], [1.0, 0.5, -1.0]], bias=False)
    rows, unit = Rows(samples, 1), np.array([0.5, 0.5, 0.0])
    cone = Cone(rows, rows.unit @ (unit * rows.scale), 0)
    cone._find_vertex()
    assert 0 in cone._closed
    assert (1 in cone._closed) == closed


@pytest.mark.parametrize(("weight", "used"), [(1e-13, False), (1e-11, True)])
def test_a_weight_that_is_zero_is_so_in_all_parts(weight, used):
    samples = Samples(TABLE, bias=False)
    (parts,) = split(samples, np.array([[1.0, -0.5, weight]]), 1)
    assert parts.units[:, 2].any() == used


@pytest.mark.parametrize(("slope", "first"), [(1e-9, 1), (1e-7, 0)])
def test_an_edge_that_is_flat_for_a_row(slope, first):
    assert _reach(np.array([0.0, 1.0]), np.array([-slope, -1.0]))[0] == first


@pytest.mark.parametrize(("ahead", "first"), [(2e-12, 1), (2e-10, 0)])
def test_rows_that_are_met_at_once(ahead, first):
    """Of two the one with the larger slope is taken, if the other falls below zero by rounding alone."""
    assert _reach(np.array([0.0, ahead]), np.array([-0.5, -1.0]))[0] == first


@pytest.mark.parametrize(("drift", "sooner"), [(1e-11, False), (1e-9, True)])
def test_a_vertex_that_has_drifted(drift, sooner):
    samples = Samples(TABLE, bias=False)
    rows, unit = Rows(samples, 1), np.array([0.5, -0.25, 0.25])
    cone = Cone(rows, rows.unit @ (unit * rows.scale), 0)
    cone._find_vertex()
    before = cone._anew
    cone._vertex = cone._vertex + drift
    cone._form()
    assert (cone._anew < before) == sooner


# deep networks and blocks


@pytest.mark.parametrize(("gain", "taken"), [(1e-7, 0), (1e-5, 1)])
def test_a_feature_that_a_neuron_would_gain_from(gain, taken, monkeypatch):
    X = np.random.default_rng(0).random((8, 2)) + 0.1
    samples = [Samples(X, False), Samples(X, False)]
    found = SimpleNamespace(
        units=np.array([[0.5, 0.5]]), coefficients=np.ones((1, 1)), dual=X.sum(axis=1, keepdims=True)
    )
    most = _reduced(samples[1], found.units[0], found.dual[:, 0])[1] * (1 + gain)
    new = np.array([[0.25, 0.75]])
    dictionary = SimpleNamespace(
        price=lambda _, threshold, limit: Pricing(most, new[: int(most > threshold)])
    )
    dictionary.until = lambda deadline: dictionary
    monkeypatch.setattr(searched, "LocalDictionary", lambda *_, **__: dictionary)
    layers = [np.eye(2)]
    _hand_down(found, layers, samples, 0, NEVER)
    assert len(layers[0]) == 2 + taken


@pytest.mark.parametrize(("size", "neurons"), [(1e-10, 1), (1e-8, 2)])
def test_a_neuron_that_the_cheapest_network_does_without(size, neurons):
    features = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert len(_cheapest(features, features @ np.array([[1.0], [size]]), False)[0]) == neurons


@pytest.mark.parametrize(("rise", "taken"), [(1e-10, True), (1e-8, False)])
def test_a_network_that_is_optimal(rise, taken):
    solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05)
    optima, best = gm.optimal_set(solution), solution.network
    shift = np.sqrt(rise * solution.objective / 2)  # of four samples, whose residuals add up to 0
    other = replace(best, intercept=best.intercept + shift)
    if taken:
        assert optima.path(other, best).width == 2
    else:
        with pytest.raises(OptionError, match="a is not optimal"):
            optima.path(other, best)


@pytest.mark.parametrize(("off", "kept"), [(1e-13, 2), (1e-11, 3)])
def test_a_feature_that_others_make_up_for(off, kept):
    rng = np.random.default_rng(0)
    one, other, more = rng.random((3, 8)) + 0.5
    mean = (one + other) / 2
    table = np.column_stack([one, other, mean + off * mean.max() * more / more.max()])
    assert len(_essential(table, False, 60.0, NEVER)) == kept


@pytest.mark.parametrize(("weight", "width"), [(1e-10, 1), (1e-8, 2)])
def test_a_feature_that_nothing_depends_on(weight, width):
    layers, top = [np.array([[1.0, 0.0], [0.0, 1.0]])], np.array([[1.0, weight]])
    assert [len(layer) for layer in _used(layers, top, False)[0]] == [width]


@pytest.mark.parametrize(("rise", "taken"), [(1e-10, True), (1e-8, False)])
def test_a_step_that_raises_the_objective_by_rounding(rise, taken):
    problem = pose(TABLE, TABLE[:, :1], 0.1, 1, True, "squared")
    training = _InWedges(problem, Effort(), np.random.default_rng(0), [2])
    training.value /= 1 + rise
    assert training._take("again", training._blocks) == taken
