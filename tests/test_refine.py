"""Newton's method with neurons on their faces: where it ends, and that its two systems say the same."""

import numpy as np
import pytest

import geomnn as gm
from geomnn.dictionaries import LocalDictionary
from geomnn.programs.problem import pose
from geomnn.programs.refine import _Face, _Model, refine
from geomnn.samples import Samples


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_refining_ends_at_the_closed_form(bias, loss):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    y = y if loss == "squared" else np.sign(y)
    best = gm.derive(X, y, reg=0.1, norm=2, bias=bias, loss=loss)
    problem = pose(X, y, 0.1, 2, bias, loss)
    samples = problem.samples
    # the optimum, its partial wedges turned a little on their faces
    units, z = [], []
    for neuron in best.network.neurons:
        atom = neuron.atom
        w = atom.weight + 1e-3 * rng.normal(size=2) * (atom.is_partial and len(atom.samples) == bias)
        w /= np.linalg.norm(w)
        units.append(np.append(w, -w @ samples.homogeneous[atom.anchor, :2]) if bias else w)
        z.append([neuron.coefficient])
    units, z, t = np.array(units), np.array(z), np.array([best.network.intercept])
    before = problem.convex_objective(samples.activations(units), z, t)
    assert before > best.objective * (1 + 1e-9)
    units, z, t = refine(problem, units, z, t)
    activations = samples.activations(units)
    assert problem.convex_objective(activations, z, t) == pytest.approx(best.objective, rel=1e-12)
    v = problem.residual(activations @ z + t)
    for unit in units:
        incidence = samples.incidences(unit)
        on, active = np.flatnonzero(incidence == 0), incidence > 0
        anchor = X[on[0]] if bias else np.zeros(2)
        w = gm.algebra.reject((X[active] - anchor).T @ v[active, 0], (X[on] - anchor).reshape(-1, 2))
        if len(on) == bias:  # a partial wedge
            assert abs(w @ unit[:2]) / np.linalg.norm(w) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("seed", range(3))
def test_both_systems_of_a_newton_step_say_where_the_products_go(loss, bias, seed):
    """Some neurons on faces of random samples, 12 unknowns each: from 20 residuals, and from the unknowns."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(20, 12)), rng.normal(size=20)
    problem = pose(X, np.sign(y) if loss == "logistic" else y, 0.3, 2, bias, loss)
    signs = np.sign(rng.normal(size=(4, 12 + bias)) @ problem.samples.homogeneous.T)
    signs[range(4), rng.integers(20, size=4)] = 0.0
    model = _Model(problem, [_Face.of(problem.samples, sign) for sign in signs])
    inner = [rng.normal(size=face.lift.shape[1]) for face in model.faces]
    outer = rng.choice([-1.0, 1.0], size=4) * [np.linalg.norm(beta) for beta in inner]
    theta = np.concatenate([*inner, outer, [0.1 * bias]])

    def moved(step):
        """Of each product β α its change, and that of t."""
        turns, changes, shift = model.split(step)
        parts = zip(model._polar(theta), turns, changes, strict=True)
        return np.concatenate(
            [root * ((a @ change) * u + turn) for (u, a, root), turn, change in parts] + [shift]
        )

    step = np.linalg.solve(model.hessian(theta), -model.gradient(theta))
    assert len(step) > len(X) + 4
    np.testing.assert_allclose(moved(model.step(theta)), moved(step), atol=1e-8 * np.abs(moved(step)).max())


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_steps_that_change_faces_alone_count(seed):
    """A neuron of nearly nothing, or a sample met at once, ended these far from where they are now."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(30, 50)), np.sign(rng.normal(size=30))
    search = LocalDictionary(Samples(X, True), 2, start="gated")
    assert gm.derive(X, y, reg=0.3, norm=2, loss="logistic", dictionary=search).certificate.named == 1.0


def test_repeated_rows_do_not_end_newton_s_method():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(50, 80))[:10], 5, axis=0)
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1], 0) + 0.1 * rng.normal(size=50)
    assert gm.derive(X, y, reg=1, norm=2, dictionary="local").certificate.named == 1.0
