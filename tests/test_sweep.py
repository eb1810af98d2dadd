"""The rotational sweep against the formula, event by event: every pencil, every tie, every output."""

import itertools
import pickle

import numpy as np
import pytest
from problems import degenerate

from geomnn.dictionaries import ArcDictionary, FaceDictionary, WedgeDictionary
from geomnn.dictionaries.geometry.pencils import Pencils
from geomnn.errors import OptionError
from geomnn.samples import Samples

DATA = {name: X for name, (X, _) in degenerate().items()}
DATA |= {
    f"random {n}x{d}": np.random.default_rng(n).normal(size=(n, d))
    for n, d in ((12, 1), (10, 2), (7, 3), (6, 4), (5, 5))
}
DATA["grid 5x5"] = np.array(list(itertools.product(range(-2, 3), range(5))), dtype=float)
DATA["grid 3x2x2"] = np.array(list(itertools.product((-1.0, 0, 1), (0.0, 1), (0.0, 1))))
DATA["two lines through a point"] = np.array([[t, s * t] for t in (-2.0, -1, 0, 1, 2) for s in (1, -3)])
DATA["columns of 1e6 and 1e-6"] = np.random.default_rng(5).normal(size=(6, 3)) * [1e6, 1.0, 1e-6]


def residual(n, outputs, bias, seed=0):
    v = np.random.default_rng(seed).normal(size=(n, outputs))
    return v - v.mean(axis=0) * bias


def formula(dictionary, v):
    """All atoms (1) as units, and their correlations by a matrix of activations."""
    samples = dictionary.samples
    half = np.concatenate([np.zeros((0, samples.D)), *dictionary.units()])
    units = np.concatenate([half, -half])
    return units, np.linalg.norm(v.T @ samples.activations(units), axis=0)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("norm", "directions"), [(1.0, True), (np.inf, True), (1.0, False), (2.0, False), (np.inf, False)]
)
def test_the_sweep_finds_the_best_of_all_atoms(name, bias, norm, directions):
    samples = Samples(DATA[name], bias)
    dictionary = WedgeDictionary(samples, norm, directions)
    for outputs in (1, 3):
        v = residual(samples.n, outputs, bias)
        units, correlations = formula(dictionary, v)
        assert dictionary.count == len(units)
        rounding = 1e-14 * np.abs(v).sum() * np.abs(samples.homogeneous).max()
        priced = dictionary.price(v, 0.0, 40)
        assert priced.maximum == pytest.approx(correlations.max(initial=0.0), rel=1e-10, abs=rounding)
        reached = np.linalg.norm(v.T @ samples.activations(priced.units), axis=0)
        np.testing.assert_allclose(reached[:1], priced.maximum, rtol=1e-9, atol=rounding)


@pytest.mark.parametrize("name", ["random 10x2", "grid 5x5", "antipodal", "repeated rows", "random 7x3"])
@pytest.mark.parametrize("bias", [True, False])
def test_every_atom_above_the_threshold_is_found(name, bias):
    """With a limit beyond their number the sweep returns each atom: the formula's and no other."""
    samples = Samples(DATA[name], bias)
    dictionary = WedgeDictionary(samples, 1.0, True)
    v = residual(samples.n, 1, bias)
    units, correlations = formula(dictionary, v)
    threshold = np.median(correlations)
    found = dictionary.price(v, threshold, 10**6).units
    missing = [
        u for u in units[correlations > threshold * (1 + 1e-9)] if np.abs(found - u).max(axis=1).min() > 1e-9
    ]
    foreign = [u for u in found if np.abs(units - u).max(axis=1).min() > 1e-9]
    assert not missing
    assert not foreign


@pytest.mark.parametrize("name", [name for name in DATA if DATA[name].shape[1] == 2])
@pytest.mark.parametrize("bias", [True, False])
def test_arcs_are_the_faces_of_the_plane(name, bias):
    """The same maximum as over all sign vectors of the arrangement, which know nothing of angles."""
    samples = Samples(DATA[name], bias)
    arcs, faces = ArcDictionary(samples), FaceDictionary(samples)
    for outputs, seed in itertools.product((1, 2, 3), range(5)):
        v = residual(samples.n, outputs, bias, seed)
        rounding = 1e-13 * np.abs(v).sum() * np.abs(samples.homogeneous).max()
        priced = arcs.price(v, 0.0, 60)
        assert priced.maximum == pytest.approx(faces.price(v, 0.0, 60).maximum, rel=1e-10, abs=rounding)
        reached = np.linalg.norm(v.T @ samples.activations(priced.units), axis=0)
        np.testing.assert_allclose(reached[:1], priced.maximum, rtol=1e-9, atol=rounding)


def test_arcs_are_for_the_plane():
    with pytest.raises(OptionError, match="3 features"):
        ArcDictionary(Samples(np.eye(3), True))


@pytest.mark.parametrize("name", ["random 10x2", "grid 5x5", "random 7x3", "random 12x1"])
def test_the_ratio_test_finds_the_next_atom(name):
    """`reach` against the ratio of every atom, by the formula."""
    samples = Samples(DATA[name], True)
    dictionary = WedgeDictionary(samples, 1.0, True)
    v, slope = residual(samples.n, 1, True, 1), residual(samples.n, 1, True, 2)
    units, correlations = formula(dictionary, v)
    reg = 1.1 * correlations.max()
    activations = samples.activations(units)
    now, along = activations.T @ v[:, 0], activations.T @ slope[:, 0]
    steps = [(reg - s * now) / (1 + s * along) for s in (1, -1)]
    closing = [1 + s * along > 1e-9 for s in (1, -1)]
    expected = np.where(closing, steps, np.inf).min()
    unit, delta = dictionary.reach(v, slope, reg)
    assert delta == pytest.approx(expected, rel=1e-10)
    moved = (v + delta * slope)[:, 0] @ samples.activations(unit[None])[:, 0]
    assert abs(moved) == pytest.approx(reg - delta, rel=1e-9)


def test_threads_do_not_change_a_bit(monkeypatch):
    from geomnn.dictionaries.geometry import sweep

    samples = Samples(np.random.default_rng(0).normal(size=(400, 2)), True)
    v = residual(400, 1, True)
    answers = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(sweep, "_threads", lambda threads=threads: threads)
        sweep._pool.cache_clear()
        answers.append(WedgeDictionary(samples, 1.0, True).price(v, 0.0, 100))
    sweep._pool.cache_clear()
    for answer in answers[1:]:
        assert answer.maximum == answers[0].maximum
        assert np.array_equal(answer.units, answers[0].units)


def test_dictionaries_travel_to_other_processes():
    samples = Samples(np.random.default_rng(0).normal(size=(30, 2)), True)
    v = residual(30, 1, True)
    for dictionary in (WedgeDictionary(samples, 1.0, True), ArcDictionary(samples)):
        copy = pickle.loads(pickle.dumps(dictionary))
        assert copy.price(v, 0.0, 10).maximum == dictionary.price(v, 0.0, 10).maximum


def test_a_forked_process_has_threads_of_its_own():
    import multiprocessing

    samples = Samples(np.random.default_rng(0).normal(size=(400, 2)), True)
    dictionary, v = WedgeDictionary(samples, 1.0, True), residual(400, 1, True)
    here = dictionary.price(v, 0.0, 10).maximum
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(dictionary.price(v, 0.0, 10).maximum))
    child.start()
    answered = receive.poll(30)
    if not answered:
        child.kill()
    assert answered
    assert receive.recv() == here
    child.join()


def test_orders_are_small_integers():
    pencils = WedgeDictionary(
        Samples(np.random.default_rng(0).normal(size=(500, 2)), True), 1.0, True
    )._pencils
    assert isinstance(pencils, Pencils)
    assert pencils.order.dtype == np.uint16
    assert pencils.sides.dtype == np.int8
    assert sum(np.asarray(kept).nbytes for kept in pencils) < 3.2 * 502 * 502


def test_the_smallest_and_the_largest_numbers_keep_their_digits():
    X = np.random.default_rng(0).normal(size=(9, 2))
    v = residual(9, 1, True)
    expected = ArcDictionary(Samples(X, True)).price(v, 0.0, 10).maximum
    for size in (2.0**-300, 2.0**300):
        arcs = ArcDictionary(Samples(X * size, True))
        assert arcs.price(v * size, 0.0, 10).maximum == pytest.approx(expected * size * size, rel=1e-12)


def test_where_no_folder_can_be_written_each_process_compiles_anew(monkeypatch):
    import numba

    from geomnn.machine import compiled

    assert compiled(_one_more)(2.0) == 3.0  # numba loads the rest of itself at its first compilation
    njit = numba.njit

    def nowhere(cache=False, **options):
        if cache:  # as numba says it
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", nowhere)
    assert compiled(_one_more)(2.0) == 3.0
    monkeypatch.setattr(numba, "njit", lambda **options: (_ for _ in ()).throw(RuntimeError("another")))
    with pytest.raises(RuntimeError, match="another"):
        compiled(_one_more)


def _one_more(x):
    return x + 1.0
