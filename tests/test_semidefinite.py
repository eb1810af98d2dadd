"""Semidefinite bounds: known values, laws, independent relaxations and optima, and proofs that are tampered with."""

import sys
import warnings
from dataclasses import replace
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from oracles import arrangements
from problems import degenerate, references
from sklearn.datasets import load_breast_cancer, load_diabetes

import geomnn as gm
from geomnn.bounds.semidefinite import SemidefiniteBound
from geomnn.deadline import NEVER, Deadline
from geomnn.dictionaries import FaceDictionary
from geomnn.errors import DataError, EnumerationTooLarge, MissingPackage
from geomnn.programs.problem import pose

ANGLES = np.arange(8) * np.pi / 4
OCTAGON = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]), np.tile([1.0, -1.0], 4)
MALIGNANT = [*range(10), 19, 20, 37, *range(46, 52), 60]  # and benign ones between them


def bounded(X, y, reg, bias=False, loss="squared", weights=None, v=None, deadline=NEVER):
    """The problem and all proofs, from the residual of the best constant unless another is given."""
    problem = pose(X, y, reg, 2, bias, loss, weights)
    if v is None:
        v = problem.dual_point(problem.residual(np.zeros_like(problem.targets) + problem.constant()))
    proofs = list(SemidefiniteBound(problem).proofs(v, problem.targets - v, deadline))
    values = [proof.value(problem) for proof in proofs]
    assert (np.diff(values) > 0).all()
    for proof in proofs:
        assert np.isfinite(proof.dual).all()
        assert proof.maximum >= 0
        if bias:
            assert (np.abs(proof.dual.sum(axis=0)) <= 1e-15 * np.abs(proof.dual).sum(axis=0)).all()
    return problem, proofs


def draw(n, d, *seed, outputs=None):
    rng = np.random.default_rng([n, d, *seed])
    return rng.normal(size=(n, d)), rng.normal(size=n if outputs is None else (n, outputs))


def normal(d):
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, d)), rng.normal(size=12)


def standardised(X):
    return np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return standardised(X[:20]), (y[:20] - y[:20].mean()) / y[:20].std()


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return standardised(X[MALIGNANT][:, :10]), 2.0 * y[MALIGNANT] - 1


def xor():
    return np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0])


def peaks():
    X, y = gm.datasets.peaks(n=12)
    return np.asarray(X, dtype=float), np.asarray(y, dtype=float)


def relaxation(X, Y, reg, signs):
    """S1 (signs: o ≥ 0 in two blocks) or S0 as semidefinite programs over products of neurons, by CVXPY.

    The features are divided by their size, which (X, y, reg) → (X/c, y, reg/c) does not change.
    """
    Y, size = Y.reshape(len(X), -1), np.abs(X).max() or 1.0
    X, reg, (n, d), c = X / size, reg / size, X.shape, Y.shape[1]
    f, cost, constraints = 0, 0, []
    for sign in (1, -1) if signs else (1,):
        products = cp.Variable((n + d + c, n + d + c), PSD=True)
        alpha, alpha_u, alpha_o = products[:n, :n], products[:n, n : n + d], products[:n, n + d :]
        u, u_o, o = products[n : n + d, n : n + d], products[n : n + d, n + d :], products[n + d :, n + d :]
        mixed = alpha - alpha_u @ X.T
        constraints += [alpha >= 0, mixed >= 0, cp.diag(mixed) == 0]
        constraints += [mixed - X @ alpha_u.T + X @ u @ X.T >= 0]
        if signs:
            constraints += [alpha_o >= 0, alpha_o - X @ u_o >= 0]
        f, cost = f + sign * alpha_o, cost + cp.trace(u) + cp.trace(o)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(f - Y) / 2 + reg / 2 * cost), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate", of which its users judge
        return problem.solve(solver="CLARABEL")


def gated(X, y, reg):
    """P_G: masks of every chamber with weights of their own, which is below (T), by CVXPY."""
    masks = arrangements(X, False).astype(float)
    w = cp.Variable((len(masks), X.shape[1]))
    f = sum(cp.multiply(mask, X @ w[k]) for k, mask in enumerate(masks))
    cost = cp.sum(cp.norm(w, axis=1))
    return cp.Problem(cp.Minimize(cp.sum_squares(f - y) / 2 + reg * cost)).solve(solver="CLARABEL")


ACCEPTED = {
    "normal, 2 features": (normal(2), 0.3, False, 1.5254375, 1.52543),
    "normal, 3 features": (normal(3), 0.3, False, 3.6152043, 3.49220),
    "octagon": (OCTAGON, 0.1, False, 1.6982338, 0.76 - 1e-5),
    "cross polytope": ((degenerate()["symmetric"]), 0.1, False, 0.38, 0.379999),
    "XOR with a bias": (xor(), 0.1, True, 0.24284271, 0.242842),
}
SLOW = {
    "diabetes": (diabetes(), 1.0, False, 2.6362206, 2.61178),
    "breast cancer": (breast_cancer(), 1.0, False, 1.6226426, 1.61742),
    "peaks with a bias": (peaks(), 0.1, True, 0.31392913, 0.8810 * 0.31392913),
}


def reaches(data, reg, bias, optimum, least):
    """The last proof is in [least, optimum] and true of its table in floats and, with the same number, in fractions."""
    problem, (*_, proof) = bounded(*data, reg, bias)
    assert least <= proof.value(problem) <= optimum * (1 + 1e-7)  # to whose digits the optimum is known
    exact = proof.evidence.check(data[0], proof.dual, exact=True)
    assert isinstance(exact, Fraction)
    assert float(exact) == pytest.approx(proof.maximum, rel=1e-9)
    assert proof.maximum == proof.evidence.check(data[0], proof.dual) <= problem.reg * (1 + 1e-3)
    assert proof.count == proof.evidence.count > 0


@pytest.mark.parametrize("name", ACCEPTED)
def test_few_samples(name):
    reaches(*ACCEPTED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_twenty_samples_and_twelve_anchors(name):
    reaches(*SLOW[name])


SHARES = {4: 0.9998, 8: 0.9995, 12: 0.9999, 18: 0.9851, 22: 0.9990, 26: 0.9985}


@pytest.mark.parametrize("number", SHARES)
def test_references(number):
    X, y, options, norm, optimum = list(references())[3 * number + 1]
    assert (norm, options["bias"], options["loss"]) == (2, False, "squared")
    reaches((X, y), options["reg"], False, optimum, SHARES[number] * optimum)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", degenerate())
def test_laws(name, bias):
    gm.testing.check_bound(SemidefiniteBound, *degenerate()[name], 0.1, 2, bias)


@pytest.mark.parametrize("bias", [False, True])
def test_laws_of_other_losses(bias):
    X, y = draw(7, 2)
    gm.testing.check_bound(SemidefiniteBound, X, np.sign(y), 0.1, 2, bias, "logistic")
    gm.testing.check_bound(SemidefiniteBound, X, np.column_stack([y, np.abs(y)]), 0.1, 2, bias)


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", degenerate())
def test_degenerate_data(name, bias):
    X, y = degenerate()[name]
    optimum = gm.derive(X, y, reg=0.1, norm=2, bias=bias, dictionary="all").objective
    problem, proofs = bounded(X, y, 0.1, bias)
    value = proofs[-1].value(problem)
    assert value <= optimum * (1 + 1e-9) + 1e-15
    if proofs[-1].evidence is not None:
        exact = proofs[-1].evidence.check(X, proofs[-1].dual, exact=True)
        assert float(exact) == pytest.approx(proofs[-1].maximum, rel=1e-9)


@pytest.mark.filterwarnings("ignore::geomnn.errors.ConstantNetworkWarning")
@pytest.mark.parametrize("name", degenerate())
def test_no_looser_than_the_relaxation_of_several_outputs(name):
    X, y = degenerate()[name]
    reg = 0.1 * (
        np.abs(X).max() or 1.0
    )  # in proportion, as the solver of the oracle has few digits for very small ones
    optimum = gm.derive(X, y, reg=reg, norm=2, bias=False, dictionary="all").objective
    problem, proofs = bounded(X, y, reg)
    value = proofs[-1].value(problem)
    assert relaxation(X, y, reg, signs=False) <= value + 1e-5 * optimum + 1e-12
    assert value <= optimum * (1 + 1e-9) + 1e-15


@pytest.mark.parametrize("seed", range(6))
def test_as_tight_as_the_primal_program_and_below_the_optimum(seed):
    X, y = draw(6 + seed, 2 + seed % 2, seed)
    optimum = gm.derive(X, y, reg=0.1, norm=2, bias=False, dictionary="all").objective
    problem, (*_, proof) = bounded(X, y, 0.1)
    value = proof.value(problem)
    assert value == pytest.approx(relaxation(X, y, 0.1, signs=True), rel=1e-5)
    assert value <= optimum * (1 + 1e-9)
    assert gated(X, y, 0.1) <= optimum * (
        1 + 1e-6
    )  # another lower bound, so that the optimum is no lower either


def test_the_octagon_is_where_masks_and_products_differ():
    X, y = OCTAGON
    for reg in (0.1, 0.01):  # products take it for eight neurons that see one sample each
        problem, (*_, proof) = bounded(X, y, reg)
        assert proof.value(problem) == pytest.approx(8 * reg - 4 * reg**2, rel=1e-6)
    assert gated(X, y, 0.1) == pytest.approx(0.70496149, abs=1e-6)
    assert relaxation(X, y, 0.1, signs=False) == pytest.approx(0.70496149, abs=1e-5)


@pytest.mark.parametrize("outputs", [2, 3])
def test_several_outputs(outputs):
    X, Y = draw(7, 2, outputs=outputs)
    problem, (*_, proof) = bounded(X, Y, 0.3)
    assert proof.value(problem) == pytest.approx(relaxation(X, Y, 0.3, signs=False), rel=1e-5)
    assert proof.value(problem) <= gm.derive(X, Y, reg=0.3, norm=2, bias=False).objective * (1 + 1e-9)
    assert float(proof.evidence.check(X, proof.dual, exact=True)) == pytest.approx(proof.maximum, rel=1e-9)


LOSSES = {
    "logistic": np.sign,
    "hinge": np.sign,
    "huber": np.asarray,
    "softmax": lambda y: (y > 0).astype(int),
}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_other_losses(loss, bias):
    X, y = draw(8, 2)
    y = np.sign(y)
    solution = gm.derive(X, y, reg=0.1, norm=2, bias=bias, loss=loss)
    v = np.asarray(solution.dual)[:, None]
    problem, (*_, proof) = bounded(X, y, 0.1, bias, loss, v=v)
    np.testing.assert_array_equal(proof.dual, v)
    assert 0.9 * solution.objective <= proof.value(problem) <= solution.objective * (1 + 1e-9)
    assert largest(problem, v) <= proof.maximum <= 1.1 * largest(problem, v)


def test_classes():
    X, _ = draw(7, 2)
    Y = np.eye(3)[np.arange(7) % 3]
    solution = gm.derive(X, Y, reg=0.1, norm=2, bias=False, loss="softmax")
    problem, (*_, proof) = bounded(X, Y, 0.1, loss="softmax", v=np.asarray(solution.dual))
    assert 0.7 * solution.objective <= proof.value(problem) <= solution.objective * (1 + 1e-9)
    assert proof.maximum >= largest(problem, proof.dual)


@pytest.mark.parametrize("bias", [False, True])
def test_whole_weights_are_repeated_samples(bias):
    X, y = draw(5, 2)
    weights = np.array([1.0, 2.0, 1.0, 3.0, 2.0])
    rows = np.repeat(np.arange(5), weights.astype(int))
    weighed, proofs = bounded(X, y, 0.1, bias, weights=weights)
    repeated, others = bounded(X[rows], y[rows], 0.1, bias)
    assert proofs[-1].value(weighed) == pytest.approx(others[-1].value(repeated), rel=1e-5)


def largest(problem, v):
    """M(v): by every face, random units and walks from them."""
    return FaceDictionary(problem.samples).price(v, np.inf, 1).maximum


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_no_unit_is_above_a_maximum(seed, outputs, bias):
    X, Y = draw(6, 1 + seed, seed, outputs=outputs)
    X[:, 0] = np.round(X[:, 0])
    problem, proofs = bounded(X + 3, Y, 0.05, bias)
    units = np.random.default_rng(seed).normal(size=(5000, problem.samples.D))
    units /= np.linalg.norm(units[:, : 1 + seed], axis=1, keepdims=True)
    for proof in proofs:
        values = np.linalg.norm(proof.dual.T @ problem.samples.activations(units), axis=0)
        assert values.max() <= proof.maximum
        assert largest(problem, proof.dual) <= proof.maximum * (1 + 1e-12)


def test_sizes_and_orders_change_nothing():
    X, y = draw(7, 3)
    problem, (first, second) = bounded(X, y, 0.2)
    for x, t in ((1e6, 1.0), (1e-6, 1.0), (1.0, 1e6), (1.0, 1e-6), (3.0, 7.0)):
        other, proofs = bounded(x * X, t * y, 0.2 * x * t)
        for one, another in zip((first, second), proofs, strict=True):
            assert another.value(other) == pytest.approx(t**2 * one.value(problem), rel=1e-6)
            np.testing.assert_allclose(another.dual, t * one.dual, atol=1e-4 * t * np.abs(one.dual).max())
    order = np.random.default_rng(0).permutation(7)
    other, proofs = bounded(X[order], y[order], 0.2)
    assert proofs[-1].value(other) == pytest.approx(second.value(problem), rel=1e-6)
    turned, proofs = bounded(X @ np.linalg.qr(draw(3, 3)[0])[0], y, 0.2)
    assert proofs[-1].value(turned) == pytest.approx(second.value(problem), rel=1e-6)


def mutations(proof, X, v):
    """Names of mutations, and the proof, the table and the residual that they make."""
    for name in ("P1", "P2", "P3", "p4", "p5"):
        array = getattr(proof, name).copy()
        array[0, 1] = -1e-9 if array.ndim == 2 else np.where(np.arange(len(v)) == 0, -1e-9, array[0, 1])
        if name in ("P1", "P3"):
            array[0, 0, 1] = -1e-9
        yield f"negative {name}", replace(proof, **{name: array}), X, v
    for name in ("mu", "lam", "e"):
        yield f"lower {name}", replace(proof, **{name: 0.99 * getattr(proof, name)}), X, v
    yield "negative e", replace(proof, e=-proof.e - 1e-12), X, v
    yield "not symmetric", replace(proof, P1=proof.P1 + np.eye(len(v), k=1)), X, v
    yield "not finite", replace(proof, P2=np.where(proof.P2 > 0, np.nan, proof.P2)), X, v
    yield "one sign alone", replace(proof, mu=proof.mu[:1]), X, v
    yield "no bias", replace(proof, bias=not proof.bias), X, v
    yield "other length", replace(proof, length=proof.length / 2), X, v
    yield "odd size", replace(proof, size=proof.size * 1.1), X, v
    yield "negative size", replace(proof, size=-proof.size), X, v
    yield "other size", replace(proof, size=proof.size / 2), X, v
    yield "other table", proof, X + 0.01 * np.eye(*X.shape), v
    yield "fewer samples", proof, X[1:], v[1:]
    yield "other residual", proof, X, v * 1.01
    yield "turned residual", proof, X, v[::-1]
    yield "more outputs", proof, X, np.column_stack([v, v])


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_mutations_are_refused(bias, exact):
    X, y = draw(5, 2)
    proof = bounded(X, y, 0.1, bias)[1][-1]
    assert float(proof.evidence.check(X, proof.dual[:, 0], exact)) == pytest.approx(proof.maximum, rel=1e-9)
    for name, evidence, table, v in mutations(proof.evidence, X, proof.dual):
        with pytest.raises(DataError):
            pytest.fail(f"{name}: {evidence.check(table, v, exact)}")


@pytest.mark.parametrize("bias", [False, True])
def test_what_is_accepted_is_true(bias):
    X, y = draw(5, 2, 1)
    problem, proofs = bounded(X, y, 0.1, bias)
    evidence, v, rng = proofs[-1].evidence, proofs[-1].dual, np.random.default_rng(0)
    accepted, least = 0, largest(problem, v)
    for size in np.repeat(10.0 ** -np.arange(2, 12), 10):
        names = ("P1", "P2", "P3", "p4", "p5", "mu", "lam")
        changed = {name: getattr(evidence, name) * (1 + size * rng.uniform(-1, 1)) for name in names}
        try:
            maximum = replace(evidence, **changed, e=evidence.e + size * rng.uniform(-1, 1)).check(X, v)
        except DataError:
            continue
        accepted += 1
        assert maximum >= least
    assert 10 < accepted < 90


def test_what_it_is_not_made_for():
    X, y = draw(13, 2)
    assert SemidefiniteBound.unfit(pose(X, y, 0.1, 1, False, "squared")) == "norm=1"
    assert "append a column of ones" in SemidefiniteBound.unfit(pose(X, y, 0.1, 2, True, "squared"))
    assert SemidefiniteBound.unfit(pose(X[1:], y[1:], 0.1, 2, True, "squared")) == ""
    assert SemidefiniteBound.unfit(pose(X, y, 0.1, 2, False, "squared")) == ""


def test_without_the_solver_there_is_a_sentence(monkeypatch):
    problem = pose(*draw(4, 2), 0.1, 2, False, "squared")
    monkeypatch.setitem(sys.modules, "clarabel", None)
    assert "geomnn[bounds]" in SemidefiniteBound.unfit(problem)
    v = problem.targets
    with pytest.raises(MissingPackage, match=r"geomnn\[bounds\]"):
        list(SemidefiniteBound(problem).proofs(v, 0 * v, NEVER))


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5])
@pytest.mark.slow
def test_stopped_early_it_proves_less(seconds, monkeypatch):
    monkeypatch.setattr(SemidefiniteBound, "seconds", classmethod(lambda cls, problem: 0.0))
    problem, (first, *others) = bounded(*diabetes(), 1.0, deadline=Deadline.after(seconds))
    for proof in others:  # whose values do not fall
        assert proof.value(problem) <= 2.6362207
        assert proof.evidence.check(problem.samples.X, proof.dual) == proof.maximum
    assert 0 < first.value(problem) < 2.6362207


def test_time():
    X, y = draw(60, 11)
    problem, proofs = bounded(X, y, 5.0, deadline=Deadline.after(0.5))
    assert len(proofs) == 1  # the instant one
    assert proofs[0].value(problem) > 0
    X, y = draw(90, 11)
    with pytest.raises(EnumerationTooLarge, match=r"takes about \d+ s for 60 samples, and there are 1 s"):
        gm.derive(X[:60], y[:60], 5.0, norm=2, bias=False, certify="semidefinite", time_limit=1)
    with pytest.raises(EnumerationTooLarge, match="there are 60 s"):
        gm.derive(X, y, 5.0, norm=2, bias=False, certify="semidefinite")
    assert SemidefiniteBound.seconds(pose(*draw(12, 3), 5.0, 2, True, "squared")) < 60
