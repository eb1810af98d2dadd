"""Interior-point counterpart of `DualActiveSet`: any loss, any number of outputs."""

from __future__ import annotations

import numpy as np

from geomnn.programs.interior_point import CentralPath
from geomnn.programs.problem import Problem

__all__ = ["InteriorPoint"]


class InteriorPoint:
    """Solution of the program over a growing set of atoms by a central path.

    Parameters
    ----------
    problem : Problem
    tol : float
        Relative gap to which the program over the given atoms is solved.

    Attributes
    ----------
    units : ndarray, shape (k, D)
        The atoms in use.
    coefficients, intercept, dual : ndarray, shapes (k, c), (c,), (n, c)
        z, t and v.

    Source: geomnn theory, section 4.
    """

    def __init__(self, problem: Problem, tol: float):
        self._problem, self._tol = problem, tol
        self.units = np.zeros((0, problem.samples.D))
        self.coefficients = np.zeros((0, problem.outputs))
        self.intercept = problem.constant()
        self.dual = problem.residual(np.broadcast_to(self.intercept, problem.targets.shape))

    def add(self, units: np.ndarray) -> None:
        """Make the solution optimal for the atoms in use together with these ones, shape (k, D)."""
        problem = self._problem
        pool = np.concatenate([self.units, units])
        features = problem.samples.features(pool)
        useful = features.any(axis=0)
        pool, features = pool[useful], features[:, useful]
        path = CentralPath(problem.loss, problem.targets, features, problem.reg, problem.samples.bias)
        z, self.intercept, self.dual = path.solve(self.dual, self.intercept, self._tol)
        # on the central path size × slack is the same for all atoms: the larger of the two tells who is active
        size = np.linalg.norm(z, axis=1)
        slack = 1 - np.linalg.norm(features.T @ self.dual, axis=1) / problem.reg
        used = size > slack * size.sum()
        self.units, self.coefficients = pool[used], z[used]
