"""A dual active set in rational arithmetic: from any first guess to the optimum, in finitely many steps.

The method of Goldfarb and Idnani: the point v is always the projection of y on the constraints in use, with
multipliers z ≥ 0; a violated atom comes in, those whose multiplier reaches zero on the way go out, and the
dual value rises with every atom that came in.  So no set of atoms comes twice, ties and dependent columns
included.  A floating-point solve gives the guess, which is mostly right.

That optimum may be one of several; from there the simplex method goes to the one that the order of names picks.

Source: geomnn theory, sections 4, 8 and 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from geomnn.exact.lattice import Plane
from geomnn.exact.projection import Projection, Target, independent, project
from geomnn.exact.simplex import Tableau
from geomnn.numbers.roots import RootSum

__all__ = ["ExactActiveSet"]


class ExactActiveSet:
    """The atoms in use, their signs and the exact projection on them.

    Parameters
    ----------
    target : Target
    planes : sequence of Plane
        A first guess, in any order; dependent and wrong ones are left out.
    signs : sequence of int
        s_u, the sign of z_u.

    Attributes
    ----------
    planes, signs : list
        The atoms in use.
    projection : Projection
        On them; every multiplier is above zero.
    """

    def __init__(self, target: Target, planes: Sequence[Plane], signs: Sequence[int]):
        self._target = target
        kept = independent(planes, target.bias)
        self.planes = [planes[u] for u in kept]
        self.signs = [signs[u] for u in kept]
        self.projection = self._project()

    def optimise(self, violated: Callable[[Projection], tuple[Plane, int] | None]) -> None:
        """Bring violated atoms in until there is none.

        Parameters
        ----------
        violated : callable
            An atom with |ρᵀv| > reg m and the sign of ρᵀv, or None if there is none.
        """
        while (found := violated(self.projection)) is not None:
            self._bring_in(*found)

    def go_to_first(self, planes: Sequence[Plane], signs: Sequence[int], check: Callable[[], None]) -> None:
        """Go to the optimum with the lexicographically largest multipliers: the first of these as large as possible,
        then of the second, …

        Parameters
        ----------
        planes, signs : sequences
            All atoms with s_u ρ_uᵀv = reg m_u, in the order that matters.
        check : callable
            Called after each step.
        """
        target, roots = self._target, self._target.basis
        held = dict(
            zip((plane.coordinates for plane in self.planes), self.projection.multipliers, strict=True)
        )
        amounts = [held.get(plane.coordinates, roots.sum([])).coefficients for plane in planes]
        columns = np.array([plane.activations for plane in planes], dtype=object).T * np.array(
            signs, dtype=object
        )
        table = Tableau.at(columns[1:] - columns[:1] if target.bias else columns, amounts, roots)
        while table.step_in_order(1):
            check()
        values = [roots.sum(row) for row in table.point().tolist()]
        used = [u for u, value in enumerate(values) if value.terms]
        intercept = self.projection.intercept
        if target.bias:  # what the atoms leave of f at the first sample
            intercept = roots.sum([target.targets[0]]) - self.projection.point[0]
            intercept -= sum((values[u] * columns[0, u] for u in used), roots.sum([]))
        self.planes, self.signs = [planes[u] for u in used], [signs[u] for u in used]
        self.projection = replace(self.projection, multipliers=[values[u] for u in used], intercept=intercept)

    def _bring_in(self, plane: Plane, sign: int) -> None:
        # as its multiplier rises by τ the others fall by τ·along, and its excess by τ·steepness
        reached = self._target.basis.sum([])
        size = self._target.basis.root(plane.square) * self._target.reg
        while True:
            step = project(self._target, self.planes, self.signs, (plane, sign, reached))
            excess = step.point.dot(plane.activations) * sign - size
            blocking, until = self._first_to_vanish(step)
            if step.steepness > 0:
                needed = excess * (1 / step.steepness)
                if until is None or not until < needed:
                    break
            if until is None:
                raise ArithmeticError("A constraint of the dual set excludes 0, which is in it.")
            reached = reached + until
            self._leave(blocking)
        self.planes.append(plane)
        self.signs.append(sign)
        self.projection = self._project()

    def _first_to_vanish(self, step: Projection) -> tuple[int, RootSum | None]:
        """Which multiplier is the first to be zero, and by how much that of the entering atom rises until then."""
        falling = [u for u, slope in enumerate(step.along) if slope > 0]
        ratios = [step.multipliers[u] * (1 / step.along[u]) for u in falling]
        least = min(ratios, default=None)
        return (-1, None) if least is None else (falling[ratios.index(least)], least)

    def _project(self) -> Projection:
        """The projection, without atoms whose multiplier is not above zero: one negative one at a time."""
        while True:
            projection = project(self._target, self.planes, self.signs)
            values = projection.multipliers
            idle = [u for u, value in enumerate(values) if value.sign() == 0]
            negative = [u for u, value in enumerate(values) if value.sign() < 0]
            if not idle and not negative:
                return projection
            for u in reversed(idle):
                self._leave(u)
            if not idle:
                root = self._target.basis.root
                self._leave(min(negative, key=lambda u: float(values[u] * root(self.planes[u].square))))

    def _leave(self, position: int) -> None:
        del self.planes[position], self.signs[position]
