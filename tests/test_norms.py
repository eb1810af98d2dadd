"""Norms: the laws of their balls, and that the check of them notices what breaks one."""

import numpy as np
import pytest

from geomnn.errors import OptionError
from geomnn.norms import Cube, Direction, Octahedron, Sphere, ball
from geomnn.testing import LawBroken, check_norm


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("d", [1, 2, 3, 7])
def test_laws(norm, d):
    for seed in range(3):
        check_norm(norm, d, seed)
    check_norm(ball(norm), d)


@pytest.mark.parametrize(
    ("honest", "part", "flaw"),
    [
        (Octahedron, "length", lambda self, w, axis=-1: np.abs(w).sum(axis=axis) ** 0.5),
        (Octahedron, "length", lambda self, w, axis=-1: np.abs(w).sum(axis=axis) + 1e-3),
        (Octahedron, "length", lambda self, w, axis=-1: np.maximum(w, 0).sum(axis=axis)),
        (Octahedron, "dual_length", lambda self, g, axis=-1: np.abs(g).sum(axis=axis)),
        (Octahedron, "square", lambda self, sizes: sum(sizes)),
        (Octahedron, "rise", lambda self, w, d: np.sum(np.sign(w) * d, axis=0)),
        (Octahedron, "corner", lambda self, w: np.sign(w)),
        (Octahedron, "directions", lambda self, d: tuple(Direction(k) for k in range(d - 1))),
        (Octahedron, "axes", 2),
        (Sphere, "gradient", lambda self, w: w),
        (Sphere, "axes", 1),
        (Cube, "length", lambda self, w, axis=-1: np.abs(w).min(axis=axis)),
        (Cube, "gradient", lambda self, w: np.sign(w)),
        (Cube, "walls", lambda self, w: [Direction(0, 1, 1)]),
        (Cube, "walls", lambda self, w: [Direction(int(k)) for k in np.flatnonzero(w == 0)]),
        (Cube, "kinks", lambda self, w, d: Sphere().kinks(w, d)),
    ],
)
def test_the_check_notices_a_broken_law(honest, part, flaw):
    check_norm(honest())
    with pytest.raises(LawBroken, match="Broken law of Ball"):
        check_norm(type("Liar", (honest,), {part: flaw})())


@pytest.mark.parametrize("norm", [True, 3, "1", None, 1j, float("nan"), np.ones(1)])
def test_other_norms_are_refused(norm):
    with pytest.raises(OptionError, match=r"1, 2 or numpy\.inf was expected"):
        ball(norm)


def test_a_ball_is_one_object_whatever_the_type_of_p():
    assert ball(1) is ball(1.0) is ball(np.int64(1)) is ball(np.float32(1))
