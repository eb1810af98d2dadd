"""Laws of every dictionary, on random and degenerate data; counts and refusals."""

import itertools

import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn.dictionaries import FaceDictionary, Pricing, WedgeDictionary
from geomnn.dictionaries.geometry.arrangement import central_faces, count_central_faces
from geomnn.errors import EnumerationTooLarge, OptionError
from geomnn.samples import Samples
from geomnn.testing import LawBroken, check_dictionary

DATA = {name: X for name, (X, _) in degenerate().items()}
DATA |= {
    f"random {n}x{d}": np.random.default_rng(n).normal(size=(n, d))
    for n, d in ((12, 1), (10, 2), (7, 3), (6, 4))
}


def dictionaries(X, bias):
    samples = Samples(X, bias)
    yield WedgeDictionary(samples, 1.0, directions=True)
    yield WedgeDictionary(samples, np.inf, directions=True)
    yield FaceDictionary(samples)
    for norm in (1.0, 2.0, np.inf):
        yield WedgeDictionary(samples, norm, directions=False)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("bias", [True, False])
def test_laws(name, bias):
    for dictionary in dictionaries(DATA[name], bias):
        check_dictionary(dictionary)


class Liar(WedgeDictionary):
    """Breaks one law at a time, to see that the check notices."""

    flaw = ""

    def price(self, residual, threshold, limit):
        honest = super().price(residual, threshold, limit)
        match self.flaw:
            case "maximum":
                return Pricing(0.9 * honest.maximum, honest.units)
            case "unit":
                return Pricing(honest.maximum, 2 * honest.units)
            case "order":
                return Pricing(honest.maximum, honest.units[::-1])
            case "empty":
                return Pricing(honest.maximum, honest.units[:0])
            case "constant":
                return Pricing(1.0, honest.units)
        return honest


@pytest.mark.parametrize("flaw", ["maximum", "unit", "order", "empty", "constant"])
def test_the_check_notices_a_broken_law(flaw):
    liar = Liar(Samples(np.random.default_rng(0).normal(size=(9, 2)), True), 1.0, directions=True)
    check_dictionary(liar)
    liar.flaw = flaw
    with pytest.raises(LawBroken):
        check_dictionary(liar)


def test_the_check_notices_that_a_price_leaves_out_half_of_its_own_atoms():
    class Half(WedgeDictionary):
        def price(self, residual, threshold, limit):
            units = np.concatenate([*self.units()])[::2]
            values = np.linalg.norm(self.samples.activations(units).T @ residual, axis=1)
            order = np.argsort(-values)[:limit]
            return Pricing(values.max(), units[order[values[order] > threshold]])

    half = Half(Samples(np.random.default_rng(0).normal(size=(9, 2)), True), 1.0, directions=False)
    with pytest.raises(LawBroken, match="no atom of the dictionary beats the maximum"):
        check_dictionary(half)


def test_the_check_notices_that_directions_are_missing():
    wedges = WedgeDictionary(
        Samples(np.random.default_rng(0).normal(size=(5, 3)), True), 1.0, directions=False
    )
    wedges.scope = "global"
    with pytest.raises(LawBroken, match="no unit neuron"):
        check_dictionary(wedges, trials=20000)


@pytest.mark.parametrize("kept", [slice(0, None, 2), slice(5, None)])
def test_the_check_notices_missing_atoms(kept):
    thinned = WedgeDictionary(
        Samples(np.random.default_rng(0).normal(size=(8, 2)), True), 1.0, directions=True
    )
    left_out = np.ones(8, dtype=bool)
    left_out[kept] = False
    thinned._pencils.counts[left_out] = 0  # atoms through two of the samples left out are seen by no pencil

    def check_many():
        for seed in range(40):
            check_dictionary(thinned, seed=seed)

    with pytest.raises(LawBroken, match="no atom of the dictionary"):
        check_many()
    thinned.units = list  # as one that lists none
    with pytest.raises(LawBroken, match="no unit neuron"):
        check_many()


@pytest.mark.parametrize("bias", [True, False])
def test_wedges_of_samples_are_all_priced(bias):
    """Against every pair of samples, written out."""
    rng = np.random.default_rng(2)
    X = rng.integers(-2, 3, size=(9, 2)).astype(float)
    samples = Samples(X, bias)
    for norm in (1.0, 2.0, np.inf):
        v = rng.normal(size=(9, 1))
        v -= v.mean() * bias
        best = 0.0
        for i, j in itertools.product(range(9), repeat=2):
            w = np.array([-(X[i] - X[j])[1], (X[i] - X[j])[0]]) if bias else np.array([-X[i][1], X[i][0]])
            if w.any():
                w /= np.linalg.norm(w, ord=norm)
                for sign in (1, -1):
                    best = max(best, abs(v[:, 0] @ np.maximum(sign * (X - bias * X[j]) @ w, 0)))
        priced = WedgeDictionary(samples, norm, directions=False).price(v, 0.0, 5)
        assert priced.maximum == pytest.approx(best, rel=1e-12)


def test_the_threshold_does_not_change_the_maximum_of_many_faces():
    """More faces than one block: a threshold above all of them once ended the search early."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    faces = FaceDictionary(Samples(X, True))
    v = rng.normal(size=(120, 1))
    v -= v.mean()
    assert faces.price(v, np.inf, 1).maximum == faces.price(v, 0.0, 10).maximum


def test_exact_faces_beat_wedges_and_random_units():
    rng = np.random.default_rng(1)
    for bias in (True, False):
        samples = Samples(rng.normal(size=(8, 3)), bias)
        v = rng.normal(size=(8, 1))
        v -= v.mean() * bias
        faces = FaceDictionary(samples).price(v, 0.0, 10).maximum
        wedges = WedgeDictionary(samples, 2.0, directions=False).price(v, 0.0, 10).maximum
        w = rng.normal(size=(400_000, 3))
        w /= np.linalg.norm(w, axis=1)[:, None]
        b = -np.einsum("kd,kd->k", w, samples.homogeneous[rng.integers(8, size=len(w)), :3])
        units = np.column_stack([w, b]) if bias else w
        sampled = np.abs(v.T @ samples.activations(units)).max()
        assert wedges <= faces * (1 + 1e-12)
        assert sampled <= faces * (1 + 1e-12)
        assert sampled >= 0.98 * faces


def test_counts_are_known_and_right():
    X = np.random.default_rng(0).normal(size=(7, 2))
    dictionary = WedgeDictionary(Samples(X, True), 2.0, directions=False)
    assert dictionary.count == 7 * 6
    units = np.concatenate([sign * block for block in dictionary.units() for sign in (1, -1)])
    assert len(units) == 42
    lines = {tuple(np.flatnonzero(np.abs(dictionary.samples.homogeneous @ u) < 1e-12)) for u in units}
    assert lines == set(itertools.combinations(range(7), 2))
    assert WedgeDictionary(Samples(X, True), 1.0, directions=True).count == 2 * (21 + 7 * 2)
    assert WedgeDictionary(Samples(X, True), np.inf, directions=True).count == 2 * (21 + 7 * 2)


@pytest.mark.parametrize(("m", "r"), [(5, 1), (6, 2), (6, 3), (5, 4), (3, 3)])
def test_faces_of_random_arrangements_match_the_formula(m, r):
    vectors = np.random.default_rng(m).normal(size=(m, r))
    faces = central_faces(vectors)
    assert len(faces) == count_central_faces(m, r)
    assert len(np.unique(faces.signs, axis=0)) == len(faces)
    assert {tuple(s) for s in faces.signs} == {tuple(-s) for s in faces.signs}


def test_faces_contain_the_pattern_of_every_direction():
    grid = np.array(list(itertools.product((-1.0, 0, 1), repeat=3)))
    for vectors in (np.random.default_rng(3).normal(size=(7, 3)), grid):
        vectors = vectors[vectors.any(axis=1)]
        signs = {tuple(s) for s in central_faces(vectors).signs}
        grid = np.array([u for u in itertools.product((-2, -1, 0, 1, 2), repeat=3) if any(u)], dtype=float)
        for u in np.vstack([grid, np.random.default_rng(0).normal(size=(500, 3))]):
            values = vectors @ u
            assert tuple(np.where(np.abs(values) < 1e-12, 0, np.sign(values)).astype(int)) in signs


def test_parallel_and_repeated_normals_are_one_hyperplane():
    faces = central_faces(np.array([[1.0, 0], [2, 0], [-1, 0], [0, 3]]))
    assert len(faces) == 8
    assert {tuple(s) for s in faces.signs[:, :3]} == {(1, 1, -1), (-1, -1, 1), (0, 0, 0)}


def test_too_large_dictionaries_are_refused_before_any_work():
    X = np.random.default_rng(0).normal(size=(300, 8))
    with pytest.raises(EnumerationTooLarge, match=r"atoms.*s and .*MiB.*wedge"):
        gm.derive(X, X[:, 0], norm=1, dictionary="all")
    with pytest.raises(EnumerationTooLarge, match=r"faces.*fewer samples"):
        gm.derive(X, X[:, 0], norm=2, dictionary="all")
    with pytest.raises(EnumerationTooLarge, match="atoms"):
        gm.derive(X, X[:, 0], norm=2, dictionary="wedge")


@pytest.mark.parametrize(
    ("n", "d", "norm"), [(600, 600, 1), (10, 4000, np.inf), (1500, 1500, 2), (1000, 784, 1)]
)
def test_hopeless_sizes_are_refused_at_once(n, d, norm):
    X = np.random.default_rng(0).normal(size=(n, d))
    with pytest.raises(EnumerationTooLarge, match="more than 10"):
        gm.derive(X, X[:, 0], norm=norm, dictionary="all")


def test_a_million_planar_atoms_are_not_too_large():
    X = np.random.default_rng(0).normal(size=(1000, 2))
    dictionary = WedgeDictionary(Samples(X, True), 2.0, directions=False)
    assert dictionary.count == 999_000


def test_dictionary_instances():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    own = WedgeDictionary(Samples(X, True), 1.0, directions=False)
    assert gm.derive(X, y, dictionary=own).objective == gm.derive(X, y, dictionary="wedge").objective
    for options in ({"norm": 2}, {"bias": False}):
        with pytest.raises(OptionError, match="other samples"):
            gm.derive(X, y, dictionary=own, **options)
    with pytest.raises(OptionError, match="other samples"):
        gm.derive(X + 1, y, dictionary=own)
    with pytest.raises(OptionError, match="FaceDictionary"):
        WedgeDictionary(Samples(X, True), 2.0, directions=True)


def test_memory_stays_in_blocks():
    import tracemalloc

    X = np.random.default_rng(0).normal(size=(400, 2))
    dictionary = WedgeDictionary(Samples(X, True), 2.0, directions=False)
    v = np.random.default_rng(1).normal(size=(400, 1))
    tracemalloc.start()
    dictionary.price(v - v.mean(), 0.0, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * 400 * dictionary.count * 8 / 2


def test_the_statement_of_a_dictionary_of_ones_own_is_about_its_atoms():
    from geomnn.programs.certificate import Certificate
    from geomnn.programs.coverage import Coverage

    said = {
        program: Certificate(2.0, 2.0, 1.0, Coverage("dictionary", program), 12).statement()
        for program in ("mine", "all", "wedge")
    }
    assert said["mine"].startswith("No network of atoms of this dictionary has")
    assert said["all"].startswith("No network of atoms of this dictionary has")
    assert said["wedge"].startswith("No network of wedges of samples has")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_every_wedge_of_binary_tables_has_its_name(seed, bias):
    """Their flats have many samples on them, and frames whose entries are rounding where they should be zero."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(3, 7))
    X = (
        rng.integers(0, 2, size=(d + 3, d)).astype(float)
        if seed % 2
        else np.eye(d)[rng.integers(0, d, d + 3)]
    )
    samples = Samples(X, bias)
    dictionary = WedgeDictionary(samples, np.inf, directions=d < 5)
    v = rng.normal(size=(len(X), 1))
    v -= bias * v.mean()
    for unit in dictionary.price(v, 0.0, 300).units:
        atom = dictionary.name(unit, v)
        spanned = X[list(atom.samples)]
        spanned = spanned[:-1] - spanned[-1] if bias else spanned
        vectors = np.vstack([spanned, *(e.vector(d)[None] for e in atom.directions)])
        assert np.linalg.matrix_rank(vectors) == d - 1


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_the_largest_correlation_is_that_of_the_atom_where_samples_are_fewer_than_features(seed, bias):
    """Where a point is at the end of the turn, rounding decides whether it comes first or last: once for all."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(3, 6))
    n = int(rng.integers(2, d + 1))
    samples = Samples(rng.integers(-3, 4, size=(n, d)) / 10, bias)
    dictionary = WedgeDictionary(samples, 1.0, directions=True)
    v = rng.normal(size=(n, 2))
    v -= bias * v.mean(axis=0)
    priced = dictionary.price(v, 0.0, 5)
    values = np.linalg.norm(v.T @ samples.activations(priced.units), axis=0)
    assert values[:1] == pytest.approx(priced.maximum, rel=1e-9)
    random = rng.normal(size=(2000, samples.D))
    random /= np.abs(random[:, :d]).sum(axis=1, keepdims=True)
    assert np.linalg.norm(v.T @ samples.activations(random), axis=0).max() <= priced.maximum * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_samples_far_from_the_origin_have_names_without_a_bias(seed):
    """Nearly parallel rows: the volume of their wedge shows in their differences."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(5, 5)) + 1e4 * rng.normal(size=5)
    dictionary = WedgeDictionary(Samples(X, False), 2.0, directions=False)
    v = rng.normal(size=(5, 1))
    for unit in dictionary.price(v, 0.0, 20).units:
        atom = dictionary.name(unit, v)
        assert np.abs(X[list(atom.samples)] @ atom.weight).max() <= 1e-9
