"""Planes in space: they are the zero sets of the neurons and go through the samples that span them."""

import warnings

import numpy as np
import pytest

import geomnn as gm
from geomnn.plotting import plot_space
from geomnn.plotting.space import plane_in_box

rng = np.random.default_rng(0)
X = rng.normal(size=(9, 3))
Y = rng.normal(size=9)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("bias", [True, False])
def test_planes_are_zero_sets_and_rings_lie_on_them(norm, bias):
    network = gm.derive(X, Y, reg=0.05, norm=norm, bias=bias).network
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_space(network, X, Y, planes=3)
        figure.canvas.draw()
    (axes,) = figure.axes
    drawn = {c.get_gid(): c for c in axes.collections if c.get_gid()}
    assert drawn
    for name in drawn:
        atom = network.neurons[int(name.split()[1])].atom
        box = [axes.get_xlim(), axes.get_ylim(), axes.get_zlim()]
        corners = plane_in_box(atom.weight, atom.bias, box)
        assert 3 <= len(corners) <= 6
        np.testing.assert_allclose(corners @ atom.weight + atom.bias, 0, atol=1e-9)
        rings = next(line for line in axes.lines if line.get_gid() == f"spanning {name.split()[1]}")
        points = np.array(rings.get_data_3d()).T
        np.testing.assert_allclose(points @ atom.weight + atom.bias, 0, atol=1e-9)
        np.testing.assert_allclose(points, X[list(atom.samples)])


def test_a_plane_outside_of_the_box_is_empty():
    assert len(plane_in_box(np.array([1.0, 0, 0]), -5.0, [(0.0, 1.0)] * 3)) == 0
    assert len(plane_in_box(np.array([1.0, 1, 1]), -1.5, [(0.0, 1.0)] * 3)) == 6


def test_other_numbers_of_features_are_refused():
    network = gm.derive(X[:, :2], Y).network
    with pytest.raises(gm.errors.UnsupportedProblem, match="three features"):
        plot_space(network, X[:, :2], Y)
