"""The proofs of the geometry: every step holds, and fails as soon as its statement is made a false one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from geomnn import algebra
from proofs import (
    angle_bound,
    cross_product,
    faces_for_two_norm,
    gram_volume,
    neurons_are_volumes,
    optimal_weights_are_wedges,
    theorems,
    training_is_convex,
)
from proofs.finite import Vector, basis_vectors, one_norm
from proofs.statement import ProofFailed, Theorem

PROOFS = theorems(
    [
        "cross_product",
        "gram_volume",
        "neurons_are_volumes",
        "training_is_convex",
        "optimal_weights_are_wedges",
        "faces_for_two_norm",
        "angle_bound",
    ]
)
# exhaustive ones of seconds each; with a false statement the first stage runs them, too
LONG = {
    angle_bound.maxima_compare,
    angle_bound.vacuous,
    faces_for_two_norm.every_chamber,
    faces_for_two_norm.maximisers,
    faces_for_two_norm.no_better_unit,
    neurons_are_volumes.degenerate_bases,
    gram_volume.cauchy_binet,
    gram_volume.zero_only_for_dependent,
    optimal_weights_are_wedges.no_better_samples,
    optimal_weights_are_wedges.no_better_unit,
    optimal_weights_are_wedges.vertices_are_wedges,
    training_is_convex.whole_networks,
}
STEPS = [
    pytest.param(step, id=f"{name}.{step.check.__name__}", marks=[pytest.mark.slow] * (step.check in LONG))
    for name, theorem in PROOFS.items()
    for step in theorem.steps
]


@pytest.mark.parametrize("step", STEPS)
def test_the_step_holds(step):
    if step.needs:
        pytest.importorskip(step.needs.replace("-solver", ""))
    step.check()


def flipped(vectors: Any) -> np.ndarray:
    """A cross product with the sign of its first coordinate wrong."""
    product = np.array(algebra.cross_product(vectors), dtype=object)
    product[0] = -product[0]
    return product


def minkowski(left: Any, right: Any) -> Any:
    """An inner product of another signature."""
    return gram_volume.inner_product(left, right) - 2 * left[0] * right[0]


def box_volume(vectors: Any) -> Any:
    """The product of the lengths: the volume of orthogonal vectors only."""
    return np.prod([algebra.volume([row]) for row in vectors])


def no_directions(dimension: int, exponent: float, bias: bool) -> list[Vector]:
    """The paper's dictionary, for every norm."""
    return []


def axes(dimension: int, exponent: float, bias: bool) -> list[Vector]:
    """The directions of p = 1, for every norm."""
    return basis_vectors(dimension, bias)


def one_orientation(samples: Any, bias: bool, exponent: float) -> list[Vector]:
    """Of every atom and its negative the one that is larger."""
    atoms = optimal_weights_are_wedges.dictionary(samples, bias, exponent)
    return [max(atom, tuple(-value for value in atom)) for atom in atoms]


def full_wedges(width: int) -> range:
    """|J| = D − 1, the wedge case, and the zero of |J| = D."""
    return range(width - 1, width + 1)


def partial_wedges(width: int) -> range:
    """|J| < D − 1."""
    return range(width - 1)


def without_shift(moment: Vector, members: Sequence[Vector], bias: bool) -> Vector:
    """Equation (2b) with g_w in the place of g_w − g_b x_a; (2) without its rejection."""
    return faces_for_two_norm.face_weight((*moment[:-1], 0), members, True) if bias else moment


def without_anchor(moment: Vector, members: Sequence[Vector], bias: bool) -> Vector:
    """b = 0."""
    weight = faces_for_two_norm.face_weight(moment, members, bias)
    return (*weight[:-1], Fraction(0)) if bias else weight


def projection_on_span(moment: Vector, members: Sequence[Vector], bias: bool) -> Vector:
    """What a rejection takes away."""
    weight = faces_for_two_norm.face_weight(moment, members, bias)
    return tuple(a - b for a, b in zip(moment, weight, strict=True)) if members else moment


# (step, the statement that is put in the place of the true one, its ingredients)
FALSE = [
    (
        cross_product.volume_form,
        "x stands last in the determinant",
        {"place": lambda dimension: dimension - 1},
    ),
    (cross_product.volume_form, "one coordinate has the other sign", {"cross": flipped}),
    (cross_product.orthogonality, "one coordinate has the other sign", {"cross": flipped}),
    (cross_product.alternation, "the product is symmetric", {"character": lambda permutation: 1}),
    (
        cross_product.multilinearity,
        "linear in all vectors together",
        {"slots": lambda count: [list(range(count))]},
    ),
    (
        cross_product.multilinearity,
        "the squares of the coordinates",
        {"cross": lambda rows: algebra.cross_product(rows) ** 2},
    ),
    (cross_product.dual_is_division, "the dual is B I", {"inverse": lambda dimension: 1}),
    (cross_product.cross_is_dual, "one coordinate has the other sign", {"cross": flipped}),
    (
        cross_product.cross_is_dual,
        "the dual is the Hodge star of forms",
        {"dual": lambda blade, d, grade: (-1) ** (d - 1) * algebra.hodge_dual(blade, d, grade)},
    ),
    (cross_product.hodge_star_of_forms, "the two stars are the same", {"factor": lambda dimension: 1}),
    (gram_volume.cauchy_binet, "an indefinite inner product", {"inner": minkowski}),
    (gram_volume.cauchy_binet, "the volume of a box", {"volume": box_volume}),
    (gram_volume.length_of_cross_product, "an indefinite inner product", {"inner": minkowski}),
    (
        gram_volume.base_times_height,
        "the length of u_k in the place of the height",
        {"height": lambda rows: rows[-1] * gram_volume.scaled_rejection(rows[:1])[0]},
    ),
    (gram_volume.base_times_height, "the volume of a box", {"volume": box_volume}),
    (
        gram_volume.zero_only_for_dependent,
        "zero only if some vector is zero",
        {"dependent": lambda rows: not rows.any(axis=1).all()},
    ),
    (
        neurons_are_volumes.homogeneous_wedge,
        "b = +w·x_a",
        {"intercept": lambda normal, anchor: normal @ anchor},
    ),
    (
        neurons_are_volumes.homogeneous_wedge,
        "samples in the place of their differences",
        {"edges": lambda anchor, finite, infinite: [*np.delete(finite, anchor, axis=0), *infinite]},
    ),
    (
        neurons_are_volumes.euclidean_distance,
        "the base is a box",
        {"base": box_volume},
    ),
    (neurons_are_volumes.hoelder, "p itself is the dual exponent", {"dual": lambda exponent: exponent}),
    (neurons_are_volumes.hoelder, "the 1-norm for every p", {"dual": lambda exponent: 1}),
    (
        neurons_are_volumes.first_contact,
        "p itself is the dual exponent",
        {"dual": lambda exponent: exponent},
    ),
    (
        neurons_are_volumes.simplex_ratio,
        "the ratio is the distance itself",
        {"share": lambda dimension: Fraction(1)},
    ),
    (
        neurons_are_volumes.degenerate_bases,
        "only repeated samples are dependent",
        {"dependent": lambda members: len(set(members)) < len(members)},
    ),
    (
        training_is_convex.arithmetic_geometric_identity,
        "twice the product",
        {"bound": lambda m, r: 2 * m * r},
    ),
    (
        training_is_convex.arithmetic_geometric_inequality,
        "twice the product",
        {"bound": lambda m, r: 2 * m * r},
    ),
    (
        training_is_convex.arithmetic_geometric_inequality,
        "equality only at zero",
        {"balanced": lambda m, r: m + r == 0},
    ),
    (training_is_convex.rescaling, "negative scales, too", {"scales": lambda m: m != 0}),
    (training_is_convex.rescaling, "b stays as it is", {"bias": lambda b, m: b}),
    (training_is_convex.merging, "the cost is the squared norm", {"norm_squared": lambda length: length}),
    (training_is_convex.map_back, "w takes all of ‖z‖", {"scale": lambda s: s * s}),
    (training_is_convex.whole_networks, "the bias has a share in the norm", {"norm": one_norm}),
    (optimal_weights_are_wedges.vertices_are_wedges, "samples alone", {"directions": no_directions}),
    (optimal_weights_are_wedges.vertices_are_wedges, "e_l for p = ∞, too", {"directions": axes}),
    *(
        (step, name, {"atoms": partial(optimal_weights_are_wedges.dictionary, directions=directions)})
        for step in (
            optimal_weights_are_wedges.no_better_unit,
            optimal_weights_are_wedges.no_better_unit_in_space,
        )
        for name, directions in (("samples alone", no_directions), ("e_l for p = ∞, too", axes))
    ),
    (optimal_weights_are_wedges.no_better_unit, "one orientation", {"atoms": one_orientation}),
    (optimal_weights_are_wedges.no_better_unit, "any sum of v", {"balanced": False}),
    (optimal_weights_are_wedges.no_better_unit_in_space, "any sum of v", {"balanced": False}),
    (optimal_weights_are_wedges.no_better_samples, "samples alone", {"directions": no_directions}),
    (optimal_weights_are_wedges.no_better_samples, "e_l for p = ∞, too", {"directions": axes}),
    *(
        (step, name, {"face": face})
        for step in (faces_for_two_norm.every_chamber, faces_for_two_norm.maximisers)
        for name, face in (
            ("g_w without g_b x_a", without_shift),
            ("b without the anchor", without_anchor),
            ("the projection on the span", projection_on_span),
        )
    ),
    *(
        (step, name, {"sizes": sizes})
        for step in (faces_for_two_norm.every_chamber, faces_for_two_norm.no_better_unit)
        for name, sizes in (("full wedges alone", full_wedges), ("partial wedges alone", partial_wedges))
    ),
    (faces_for_two_norm.every_chamber, "any sum of v", {"balanced": False}),
    (faces_for_two_norm.plane_cones, "one wall is never hit", {"walls": 1}),
    (faces_for_two_norm.plane_cones, "wedges alone", {"whole": False}),
    (
        angle_bound.coefficients_are_bounded,
        "the cosine in the place of 1 + (K−1) t",
        {"factor": lambda t, count: count * t + 1},
    ),
    (angle_bound.factors_compare, "θ beyond a right angle", {"least": -1}),
    (
        angle_bound.maxima_compare,
        "wedges lose nothing",
        {"factor": lambda ratio, cosine, dimension: ratio >= 1},
    ),
    (angle_bound.objectives_compare, "a loss of either sign", {"least_loss": -1}),
    (angle_bound.vacuous, "for n = d + 1 samples, too", {"most": lambda dimension: dimension + 1}),
]


@pytest.mark.parametrize(
    ("step", "wrong"),
    [pytest.param(step, wrong, id=f"{step.__name__}: {name}") for step, name, wrong in FALSE],
)
def test_a_false_statement_fails(step: Callable, wrong: dict[str, Any]):
    if any(known.check is step and known.needs for theorem in PROOFS.values() for known in theorem.steps):
        pytest.importorskip("z3")
    with pytest.raises(ProofFailed):
        step(**wrong)


@pytest.mark.parametrize("theorem", PROOFS.values(), ids=PROOFS)
def test_every_step_has_a_false_statement(theorem: Theorem):
    falsified = {step for step, _, _ in FALSE}
    assert {step.check.__name__ for step in theorem.steps if step.check not in falsified} == set()
