"""Cells: no unit neuron is ever above what they prove, and they prove it nearly as low as it is."""

from fractions import Fraction
from time import process_time

import numba
import numpy as np
import pytest
from problems import degenerate

import geomnn as gm
from geomnn.bounds.cells import CellBound, Cones
from geomnn.bounds.pairs import balanced, pair
from geomnn.deadline import NEVER, Clock, Deadline
from geomnn.dictionaries import FaceDictionary, LocalDictionary, WedgeDictionary
from geomnn.norms import ball
from geomnn.programs.problem import pose
from geomnn.samples import Samples
from geomnn.testing import check_bound

NORMS = [1, 2, np.inf]
SETS = degenerate()
EVERY = pytest.mark.parametrize("norm", NORMS)
BIAS = pytest.mark.parametrize("bias", [True, False])


def samples_and_residual(n, d, bias, seed, outputs=1):
    rng = np.random.default_rng(seed)
    samples = Samples(rng.normal(size=(n, d)), bias)
    v = rng.normal(size=(n, outputs))
    return samples, v - v.mean(axis=0) if bias else v


def enumerated(samples, norm, v):
    """M(v) by all atoms."""
    dictionary = FaceDictionary(samples) if norm == 2 else WedgeDictionary(samples, norm, directions=True)
    return dictionary.price(v, np.inf, 1).maximum


def met(samples, norm, v, seed=0):
    """The largest correlation of random units and of walks."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(3000, samples.d))
    w /= ball(norm).length(w)[:, None]
    b = -np.sum(w * samples.X[rng.integers(samples.n, size=len(w))], axis=1)
    random = np.linalg.norm(v.T @ samples.activations(samples.units_of(w, b)), axis=0).max()
    return max(random, LocalDictionary(samples, norm, starts=8).price(v, np.inf, 1).maximum)


def problem_of(samples, norm, v, reg):
    """A problem with the residual v where all predictions are zero."""
    return pose(samples.X, v, reg, norm, samples.bias, "squared")


def rounding(samples, v):
    """What two sums of the correlation of one neuron may differ by."""
    return 1e-12 * np.abs(v).sum() * np.abs(samples.homogeneous).sum(axis=1).max()


@EVERY
@BIAS
@pytest.mark.parametrize(("n", "d"), [(12, 1), (12, 2), (9, 3), (3, 3)])
def test_no_neuron_is_above_and_the_last_proof_is_nearly_exact(n, d, bias, norm):
    samples, v = samples_and_residual(n, d, bias, 10 * n + d)
    largest = enumerated(samples, norm, v)
    problem = problem_of(samples, norm, v, largest)
    proofs = list(CellBound(problem).proofs(v, np.zeros_like(v), NEVER))
    values = [proof.value(problem) for proof in proofs]
    assert values == sorted(values)
    for proof in proofs:
        assert proof.maximum >= max(largest, met(samples, norm, v)) - rounding(samples, v)
        assert np.abs(proof.dual - v).max() <= 1e-9 * np.abs(v).max()
        assert proof.evidence[0].largest <= largest + rounding(samples, v)
    assert proofs[-1].maximum <= 1.0011 * largest
    assert proofs[-1].count > 0


@EVERY
@BIAS
@pytest.mark.parametrize("part", [0.05, 0.9])
def test_a_residual_that_is_not_dual_feasible_is_bounded_where_it_is(part, bias, norm):
    """reg below M: targets follow the largest correlation, and its unit comes back."""
    samples, v = samples_and_residual(10, 2, bias, 5)
    largest = enumerated(samples, norm, v)
    *_, proof = CellBound(problem_of(samples, norm, v, part * largest)).proofs(v, np.zeros_like(v), NEVER)
    (cover,) = proof.evidence
    assert (proof.units == cover.unit).all()
    assert proof.ended
    assert largest <= proof.maximum <= 1.0011 * largest
    correlation = np.abs(v[:, 0] @ samples.activations(cover.unit[None]))[0]
    assert cover.largest <= correlation + rounding(samples, v)
    assert ball(norm).length(cover.unit[: samples.d]) == pytest.approx(1.0, rel=1e-12)
    assert correlation > 0.99 * largest


@EVERY
@BIAS
@pytest.mark.parametrize("seed", range(4))
def test_a_target_below_the_maximum_is_never_proven(seed, bias, norm):
    samples, v = samples_and_residual(8, 1 + seed % 3, bias, seed)
    largest = enumerated(samples, norm, v)
    cones = Cones(samples, float(norm), v[:, 0], NEVER)
    for below in (1e-3, 1e-6, 1e-9):
        assert not cones.close(largest * (1 - below), NEVER)
        assert cones.maximum >= largest
    assert cones.close(largest * 1.01, NEVER) or cones.largest > largest * 1.01
    assert largest <= cones.maximum <= largest * 1.01


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@EVERY
@BIAS
@pytest.mark.parametrize("name", SETS)
def test_bounds_are_below_the_optimum_of_degenerate_tables(name, bias, norm):
    X, y = SETS[name]
    reg = 0.1 * gm.reg_max(X, y, norm=norm, bias=bias) or 0.05
    solution = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    problem = pose(X, y, reg, norm, bias, "squared")
    v = np.reshape(solution.dual, (-1, 1))
    f = np.reshape(solution.network(X), (-1, 1))
    proofs = list(CellBound(problem).proofs(v, f, Deadline.after(0.3)))
    values = np.array([proof.value(problem) for proof in proofs])
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    optimum = float(solution.objective)
    assert values[-1] <= optimum * (1 + 1e-9) + 1e-15
    for proof in proofs:
        assert proof.maximum >= met(problem.samples, norm, proof.dual) - rounding(problem.samples, v)


@EVERY
@BIAS
def test_the_laws_of_bounds(bias, norm):
    rng = np.random.default_rng(0)
    check_bound(CellBound, rng.normal(size=(8, 2)), rng.normal(size=8), 0.5, norm, bias)


@EVERY
@BIAS
@pytest.mark.parametrize("seed", range(7))
def test_the_gap_of_the_program_closes(seed, bias, norm):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(10, 1 + seed % 3)), rng.normal(size=10)
    reg = 0.1 * gm.reg_max(X, y, norm=norm, bias=bias)
    solution = gm.derive(X, y, reg=reg, norm=norm, bias=bias)
    problem = pose(X, y, reg, norm, bias, "squared")
    v, f = np.reshape(solution.dual, (-1, 1)), np.reshape(solution.network(X), (-1, 1))
    *_, proof = CellBound(problem).proofs(v, f, NEVER)
    assert 0.9989 <= proof.value(problem) / solution.objective <= 1 + 1e-9


@EVERY
@BIAS
def test_sizes_and_the_order_of_rows_do_not_matter(bias, norm):
    samples, v = samples_and_residual(12, 2, bias, 3)
    largest = enumerated(samples, norm, v)
    zero = np.zeros_like(v)

    def last(X, v, reg):
        *_, proof = CellBound(pose(X, v, reg, norm, bias, "squared")).proofs(v, zero, NEVER)
        return proof.maximum

    expected = last(samples.X, v, largest)
    for c in (1e6, 3.0, 1e-6):
        assert last(c * samples.X, v, c * largest) == pytest.approx(c * expected, rel=1e-3)
        assert last(samples.X, c * v, c * largest) == pytest.approx(c * expected, rel=1e-3)
        assert last(c * samples.X, v, c * largest) >= c * largest * (1 - 1e-12)
        assert last(samples.X, c * v, c * largest) >= c * largest * (1 - 1e-12)
    order = np.random.default_rng(0).permutation(12)
    shuffled = last(samples.X[order], v[order], largest)
    assert largest <= shuffled == pytest.approx(expected, rel=1e-3)


@EVERY
@BIAS
def test_several_outputs_are_bounded_column_by_column(bias, norm):
    samples, v = samples_and_residual(9, 2, bias, 8, outputs=3)
    largest = [enumerated(samples, norm, column[:, None]) for column in v.T]
    problem = problem_of(samples, norm, v, largest[0])
    proofs = list(CellBound(problem).proofs(v, np.zeros_like(v), NEVER))
    assert all(proof.maximum >= enumerated(samples, norm, v) for proof in proofs)
    assert np.linalg.norm(largest) <= proofs[-1].maximum <= 1.0011 * np.linalg.norm(largest)


@EVERY
@BIAS
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_other_losses_and_weights_of_samples(loss, bias, norm):
    """A sample of weight two is the same as two of them."""
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(9, 2)), np.where(rng.normal(size=9) > 0, 1.0, -1.0)
    twice = np.repeat(X, 2, axis=0), np.repeat(y, 2)
    reg = 0.2 * gm.reg_max(*twice, norm=norm, bias=bias, loss=loss)
    solution = gm.derive(*twice, reg=reg, norm=norm, bias=bias, loss=loss)
    v, f = np.reshape(solution.dual, (9, 2)).sum(axis=1)[:, None], solution.network(X).reshape(-1, 1)
    weighted = pose(X, y, reg, norm, bias, loss, np.full(9, 2.0))
    repeated = pose(*twice, reg, norm, bias, loss)
    for problem, copies in ((weighted, 1), (repeated, 2)):
        residual, predictions = np.repeat(v / copies, copies, axis=0), np.repeat(f, copies, axis=0)
        *_, proof = CellBound(problem).proofs(residual, predictions, NEVER)
        assert 0.997 <= proof.value(problem) / solution.objective <= 1 + 1e-9


@BIAS
def test_no_residual_has_no_correlation(bias):
    X, v = np.random.default_rng(0).normal(size=(6, 2)), np.zeros((6, 1))
    (proof,) = CellBound(pose(X, v, 0.1, 1, bias, "squared")).proofs(v, v, NEVER)
    assert proof.maximum == 0
    assert proof.count == 0


@BIAS
def test_masses_add_up_to_the_residual_without_rounding(bias):
    rng = np.random.default_rng(2)
    X, v = rng.normal(size=(40, 3)), rng.normal(size=40) * 10.0 ** rng.integers(-12, 3, 40)
    pairs = pair(X, v, bias, NEVER)
    total = [Fraction(float(each)) for each in pairs.alone]
    for i, j, mass in zip(pairs.first, pairs.second, pairs.masses, strict=True):
        assert mass > 0
        total[i] += Fraction(float(mass))
        total[j] -= Fraction(float(mass))
    assert total == [Fraction(float(each)) for each in pairs.v]
    assert (pairs.v * v >= 0).all()
    assert (np.abs(pairs.v) <= np.abs(v)).all()
    if bias:
        assert sum(total) == 0
    else:
        assert np.abs(pairs.v - v).max() <= 1e-9 * np.abs(v).max()


@BIAS
def test_a_residual_over_equal_rows_is_what_its_pairs_add_up_to(bias):
    rng = np.random.default_rng(2)
    X, v = rng.normal(size=(15, 3))[rng.integers(0, 15, 40)], rng.normal(size=40)
    X[:3] = 0.0
    samples = Samples(X, bias)
    cones = Cones(samples, 1.0, v - v.mean() if bias else v, NEVER)
    total = [Fraction(0)] * (len(samples.distinct) + 1)
    for k, each in zip(samples.distinct_index, cones.v.tolist(), strict=True):
        total[k] += Fraction(each)
    assert total[:-1] == [Fraction(each) for each in cones.pairs.v.tolist()]
    assert np.abs(cones.v - (v - v.mean() if bias else v)).max() <= 1e-9


def test_a_balanced_residual_has_no_sum_and_no_larger_entry():
    rng = np.random.default_rng(1)
    for _ in range(20):
        v = rng.normal(size=50) * 10.0 ** rng.integers(-9, 9)
        v -= v.mean()
        rounded, unit = balanced(v, True)
        assert sum(map(Fraction, rounded.tolist())) == 0
        assert (np.abs(rounded) <= np.abs(v)).all()
        assert np.abs(rounded - v).max() <= 60 * unit
        assert (rounded / unit == np.rint(rounded / unit)).all()


class OwnTime(Clock):
    """Seconds of this process, whatever else the machine does."""

    def seconds(self):
        return process_time()


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_deadline_ends_it_with_what_there_is(seconds, monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)
    samples, v = samples_and_residual(300, 8, True, 0)
    problem = problem_of(samples, 1, v, 0.01 * np.abs(v).sum())
    few, w = samples_and_residual(5, 1, True, 0)
    list(CellBound(problem_of(few, 1, w, 1.0)).proofs(w, np.zeros_like(w), NEVER))  # compiled
    clock = OwnTime()
    deadline = Deadline(clock.seconds() + seconds, clock)
    proofs = list(CellBound(problem).proofs(v, np.zeros_like(v), deadline))
    assert clock.seconds() - deadline.end < 0.5
    assert proofs[-1].maximum >= met(samples, 1, v)


def test_threads_prove_the_same(monkeypatch):
    samples, v = samples_and_residual(30, 4, True, 1)
    problem = problem_of(samples, 1, v, 0.1 * np.abs(v).sum())
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        *_, proof = CellBound(problem).proofs(v, np.zeros_like(v), NEVER)
        found.append(proof.maximum)
        assert proof.maximum >= met(samples, 1, v)
    assert found == pytest.approx([found[0]] * 3, rel=2e-3)


def test_too_many_features_are_refused_in_words():
    X, y = np.random.default_rng(0).normal(size=(5, 13)), np.arange(5.0)
    assert CellBound.unfit(pose(X, y, 1.0, 1, True, "squared")) == (
        "13 features, and cells begin with 2^13 cones: use certify='stars'"
    )
    assert CellBound.unfit(pose(X[:, :12], y, 1.0, 2, True, "squared")) == ""
    assert CellBound.unfit(pose(X, y, 1.0, np.inf, False, "squared")) == ""
