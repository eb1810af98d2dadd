"""Names: what an atom is called is what it is."""

import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn import algebra
from geomnn.atoms import Atom, PartialWedge
from geomnn.dictionaries import WedgeDictionary, canonical
from geomnn.dictionaries.canonical import name_atom
from geomnn.errors import DataError
from geomnn.norms import Direction, ball
from geomnn.samples import Samples

EXAMPLES = {name: (X, y) for name, (X, y) in degenerate().items() if np.ptp(y) > 0}
rng = np.random.default_rng(11)
EXAMPLES |= {f"random {d}": (rng.normal(size=(9 - d, d)), rng.normal(size=9 - d)) for d in (1, 2, 3)}


def weight_from_name(atom: Atom, X, v):
    """Equations (1), (2), (2b) from the name alone."""
    rows = list(atom.samples)
    anchor = X[rows[-1]] if atom.anchored else np.zeros(X.shape[1])
    wedged = [X[j] - anchor for j in (rows[:-1] if atom.anchored else rows)]
    wedged += [e.vector(X.shape[1]) for e in atom.directions]
    vectors = np.array(wedged).reshape(-1, X.shape[1])
    if not atom.is_partial:
        w = atom.orientation * algebra.cross_product(vectors, unit=True)
    else:
        active = list(atom.active)
        g = (X[active] - anchor).T @ v.reshape(len(X), -1)[active]
        rejected = np.column_stack([algebra.reject(c, vectors) for c in g.T])
        if atom.outputs == 1:
            w = atom.orientation * rejected[:, 0]
        else:  # a top left singular vector; with a tie there are many, so the atom's own is tested for being one
            largest = np.linalg.norm(rejected, ord=2)
            assert np.linalg.norm(rejected.T @ atom.weight) == pytest.approx(largest, rel=1e-6)
            np.testing.assert_allclose(vectors @ atom.weight, 0, atol=1e-9 * np.abs(vectors).max(initial=1))
            w = atom.weight
    return w / np.linalg.norm(w, ord=atom.norm)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2])
def test_weights_are_the_closed_form_of_the_name(name, norm, bias, outputs):
    X, y = EXAMPLES[name]
    y = y if outputs == 1 else np.column_stack([y, np.roll(y, 2)])
    reg = 0.05 * gm.reg_max(X, y, norm=norm, bias=bias)
    if reg == 0:
        pytest.skip("no atom is correlated with these targets: there is nothing to name")
    solution = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    assert len(solution.network) > 0
    names = [str(n.atom) for n in solution.network.neurons]
    if outputs == 1:
        assert len(set(names)) == len(names)
    for neuron in solution.network.neurons:
        atom = neuron.atom
        assert np.linalg.norm(atom.weight, ord=norm) == pytest.approx(1, rel=1e-12)
        tolerance = 1e-9 if not atom.is_partial else 1e-4  # a partial wedge follows v, known to √gap
        np.testing.assert_allclose(weight_from_name(atom, X, solution.dual), atom.weight, atol=tolerance)
        if bias:
            assert atom.anchor is not None
            scale = np.abs(X[atom.anchor]) @ np.abs(atom.weight)
            assert atom.weight @ X[atom.anchor] + atom.bias == pytest.approx(0, abs=1e-12 * scale)
        else:
            assert atom.anchor is None
            assert atom.bias == 0


def test_a_unit_that_nearly_vanishes_on_a_sample_touches_it():
    """x·u and Σ|x_l u_l| are both of rounding size here: the first must not be compared with the second."""
    X = np.array([[0.0, 0, 0], [-1, -1, -1], [-1, -1, 0]])
    assert Samples(X, False).incidences(np.array([0.0, -3e-32, -1.0])).tolist() == [0.0, 1.0, 0.0]
    solution = gm.derive(X, [-1.2, 0.75, -0.83], reg=0.0075, norm=2, bias=False)
    for neuron in solution.network.neurons:
        np.testing.assert_allclose(
            weight_from_name(neuron.atom, X, solution.dual), neuron.atom.weight, atol=1e-9
        )


def test_near_duplicates_keep_their_optimum_through_their_names():
    rng = np.random.default_rng(0)
    for distance in (1e-7, 1e-9, 1e-11, 1e-13):
        X = np.repeat(rng.normal(size=(4, 2)), 2, axis=0) + distance * rng.normal(size=(8, 2))
        for norm in (1, np.inf):
            certificate = gm.derive(X, rng.normal(size=8), reg=0.05, norm=norm, tol=1e-6).certificate
            assert abs(certificate.relative_gap) <= 1e-6


@pytest.mark.parametrize(
    ("distance", "seed", "place", "rung", "name"),
    [
        (
            1e-9,
            2,
            20,
            0,
            "+⋆(x0 − x4) at x4",
        ),
        (1e-12, 3, 22, 1, "+⋆(x0 − x6) at x6"),
        (1e-13, 0, 1, 2, "+⋆e1 at x1"),
        (1e-13, 1, 19, None, "+⋆(x0 − x4) at x4"),  # by none of them, but one of all sets of what is near
    ],
)
def test_each_rung_of_tolerances_names_what_others_do_not(distance, seed, place, rung, name, monkeypatch):
    """Samples in pairs at a distance: of lines through one of a pair, each rung names some as no other does."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(4, 2))
    samples = Samples(np.repeat(X, 2, axis=0) + distance * rng.normal(size=(8, 2)), True)
    unit = np.concatenate([*WedgeDictionary(samples, 1.0, True).units()])[place]
    assert str(name_atom(samples, unit, 1.0, ball(1).directions(2))) == name
    if rung is None:
        monkeypatch.setattr(canonical, "MOST_NEARBY", 0)
        with pytest.raises(DataError, match="Rounding hides which samples span the hyperplane of a neuron: "):
            name_atom(samples, unit, 1.0, ball(1).directions(2))
    else:
        monkeypatch.setattr(
            canonical, "NAME_TOLERANCES", np.delete(canonical.NAME_TOLERANCES, rung, axis=0).tolist()
        )
        assert str(name_atom(samples, unit, 1.0, ball(1).directions(2))) != name


def test_what_samples_and_directions_do_not_span_is_not_put_down_to_rounding_alone():
    X = np.random.default_rng(0).normal(size=(8, 3))
    samples = Samples(X, True)
    unit = np.array([1.0, 0, 0, -samples.homogeneous[2, 0]])
    assert str(name_atom(samples, unit, 1.0, ball(1).directions(3))) == "+⋆(e2 ∧ e3) at x2"
    with pytest.raises(DataError, match="a neuron, or samples and directions do not span it: "):
        name_atom(samples, unit, 1.0)


def test_names_read_as_in_the_contract():
    X = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    atom = Atom(np.array([0.0, 0, 1]), 0.0, (3, 7), (Direction(0),), 1, True, 1.0)
    assert str(atom) == "+⋆((x3 − x7) ∧ e1) at x7"
    assert str(Atom(np.ones(2), 0.0, (5,), (), -1, False, 2.0)) == "−⋆x5"
    assert str(Atom(np.ones(1), 0.0, (5,), (), 1, True, 2.0)) == "+⋆1 at x5"
    assert (
        str(PartialWedge(np.ones(3), 0.0, (1, 2), (), 1, True, 2.0, (0, 3, 4)))
        == "+reject(g[0, 3–4], (x1 − x2)) at x2"
    )
    assert str(Direction(0, 1, 1)) == "(e1 + e2)"
    plane = name_atom(Samples(X, True), np.array([0.0, 0.0, 1.0, 0.5]), 1.0)  # z = 0 in centred coordinates
    assert plane.samples == (0, 1, 2)


def test_names_are_the_lexicographically_first_that_span():
    X = np.array([[0.0, 0], [1, 1], [2, 2], [0, 0], [3, 3], [1, 0]])
    samples = Samples(X, True)
    unit = np.array([-0.5, 0.5, 0.0])
    unit[-1] = -unit[:2] @ samples.homogeneous[4, :2]
    atom = name_atom(samples, unit, 1.0, [Direction(0), Direction(1)])
    assert atom.samples == (0, 1)
    # a line in direction e1 through one sample only: samples first, then directions
    flat = np.array([0.0, 1.0, 0.0])
    flat[-1] = -flat[:2] @ samples.homogeneous[1, :2]
    assert name_atom(samples, flat, 1.0, [Direction(0), Direction(1)]).directions == (Direction(0),)


def test_orientation_is_the_sign_of_the_signed_volume():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 3))
    solution = gm.derive(X, rng.normal(size=6), reg=0.01, norm=1)
    x = rng.normal(size=3)
    for neuron in solution.network.neurons:
        atom = neuron.atom
        anchor = X[atom.anchor]
        spanned = [X[j] - anchor for j in atom.samples[:-1]] + [e.vector(3) for e in atom.directions]
        volume = algebra.signed_volume(np.array([x - anchor, *spanned]))
        base = np.linalg.norm(algebra.cross_product(np.array(spanned)), ord=1)
        assert atom.orientation * volume / base == pytest.approx(atom.weight @ x + atom.bias, abs=1e-10)


def _spanned(random, d, bias):
    """Random samples, and members and directions of all kinds that span a hyperplane; None where they are dependent."""
    samples = Samples(random.normal(size=(9, d)), bias)
    every = [Direction(k) for k in range(d)]
    every += [Direction(k, m, sign) for k in range(d) for m in range(k + 1, d) for sign in (1, -1)]
    q = int(random.integers(0, d))
    members = tuple(sorted(random.choice(9, samples.D - 1 - q, replace=False).tolist()))
    ideal = tuple(every[k] for k in sorted(random.choice(len(every), q, replace=False)))
    vectors = np.array([e.vector(d) for e in ideal]).reshape(-1, d)
    dependent = q and np.linalg.matrix_rank(vectors) < q
    return None if dependent else (samples, members, ideal, vectors)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_axes_take_no_algebra_and_change_nothing(norm, bias):
    """A wedge in the coordinates that no axis of its name takes away is the wedge of all, its sign included."""
    random = np.random.default_rng(4)
    drawn = [_spanned(random, int(random.integers(1, 7)), bias) for _ in range(60)]
    for samples, members, ideal, vectors in filter(None, drawn):
        unit = canonical.units_through(samples, np.array(members, dtype=int), vectors, norm)
        atom = canonical._wedge(samples, unit, norm, members, ideal)
        assert atom.orientation == 1
        np.testing.assert_allclose(atom.weight, unit[: samples.d], atol=1e-9)
        assert not atom.weight[[e.first for e in ideal if not e.sign]].any()


def test_a_span_without_an_axis():
    random = np.random.default_rng(5)
    for _ in range(20):
        rows = np.linalg.qr(random.normal(size=(7, 3)))[0].T
        axis = int(random.integers(7))
        if random.integers(2):
            rows[:, axis] *= 0.01
            rows = np.linalg.qr(rows.T)[0].T
        found = canonical._without(rows, axis)
        np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-12)
        assert not found[:, axis].any()
        both = np.vstack([rows, np.eye(7)[axis]])
        assert np.linalg.matrix_rank(np.vstack([both, found]), tol=1e-9) == 4
