"""Branch and bound by a solver of mixed-integer programs: for few samples and many features.

The program, and how its bound is made one in spite of the solver's tolerances: `geomnn.dictionaries.branching`.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geomnn.bounds.base import Bound, Proof
from geomnn.deadline import Deadline
from geomnn.dictionaries import BranchingDictionary
from geomnn.norms import ball
from geomnn.programs.problem import Problem
from geomnn.programs.search import FOUND

__all__ = ["MilpBound"]

SOONEST = 1e-3  # seconds that a search is given where none are left
FEW_SAMPLES = 60  # samples up to which its tree ends often enough to be tried without being asked for
UNITS = 2  # atoms that come back, one for each sign of v


class MilpBound(Bound):
    """One bound of the given residual, by branch and bound over which samples a neuron is active on.

    The laws on factors hold up to 1e-7 Σ_i |v_i| m_i, by which each bound is raised.

    Source: geomnn theory, section 5.
    """

    name = "milp"
    words = "branch and bound as a mixed-integer program"

    @classmethod
    def unfit(cls, problem: Problem) -> str:
        if not ball(problem.norm).polyhedral:
            return f"norm={problem.norm:g}"
        return f"{problem.outputs} outputs" if problem.outputs > 1 else ""

    @classmethod
    def turn(cls, problem: Problem) -> int | None:
        return 3 if len(problem.samples.distinct) <= FEW_SAMPLES else None

    def proofs(self, v: np.ndarray, f: np.ndarray, deadline: Deadline) -> Iterator[Proof]:
        problem = self.problem
        branching = BranchingDictionary(problem.samples, problem.norm, max(deadline.left(), SOONEST))
        pricing = branching.price(v, problem.reg * (1 + FOUND), UNITS)
        yield Proof(v, pricing.maximum, branching.count, pricing.units, ended=pricing.complete)
