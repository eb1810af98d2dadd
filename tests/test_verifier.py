"""Certified radii against a public verifier: Marabou, which reads the network from the ONNX file that is exported."""

import warnings

import numpy as np
import pytest

import geomnn as gm


@pytest.fixture
def verifier():
    pytest.importorskip("onnx", reason="needs onnx to write files")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parsers that it lacks
        return pytest.importorskip(
            "maraboupy.Marabou", reason="needs maraboupy, which has wheels for some systems"
        )


def flips(verifier, path, x, eps, sign):
    """Whether it finds a point of the box with sign · f ≤ 0."""
    network = verifier.read_onnx(str(path))
    for variable, middle in zip(network.inputVars[0].ravel(), x, strict=True):
        network.setLowerBound(variable, float(middle - eps))
        network.setUpperBound(variable, float(middle + eps))
    network.addInequality([int(network.outputVars[0].ravel()[0])], [float(sign)], 0.0)
    code, *_ = network.solve(verbose=False, options=verifier.createOptions(verbosity=0))
    assert code in ("sat", "unsat")
    return code == "sat"


@pytest.mark.parametrize(("d", "n", "reg"), [(1, 8, 0.02), (2, 12, 0.05), (4, 24, 0.2), (6, 30, 0.3)])
def test_it_finds_a_flip_beyond_the_radius_and_none_within(d, n, reg, tmp_path, verifier):
    random = np.random.default_rng(d)
    X = random.normal(size=(n, d)).round(2)
    y = np.where(X[:, 0] * X[:, -1] + 0.3 * X[:, 0] > 0.2, 1, -1)
    options = {"dictionary": "local", "time_limit": 5} if d > 2 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.errors.ConvergenceWarning)
        net = gm.derive(X, y, reg=reg, loss="hinge", **options).network
    net.to_onnx(tmp_path / "network.onnx")
    found, asked = gm.robustness(net, X, y), 0
    for x, sign, (lower, upper) in zip(X, y, found.radius, strict=True):
        if lower > 0 and upper < np.inf and asked < 10:
            asked += 1
            assert not flips(verifier, tmp_path / "network.onnx", x, 0.99 * lower, sign)
            assert flips(verifier, tmp_path / "network.onnx", x, 1.01 * upper, sign)
    assert asked >= 4
