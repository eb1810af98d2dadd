"""The samples of a small table in the plane, to be moved in the report itself."""

from __future__ import annotations

from markupsafe import Markup

from geomnn.norms import ball
from geomnn.playground import MOST, embedded
from geomnn.report.study import Study

__all__ = ["playground_of"]


def playground_of(study: Study) -> Markup:
    """The playground of a study, where it solves the same problem; empty for any other study.

    It is for at most 12 samples of two features as they are in the file, squared loss, one output, p = 1 or ∞ and all
    atoms.

    A page that has it allows its script, by `geomnn.playground.script_source`.
    """
    problem, covered = study.solution.problem, study.solution.certificate.coverage
    small = problem.samples.d == 2 and problem.samples.n <= MOST and study.scaling is None
    same = problem.is_projection and ball(problem.norm).polyhedral and covered.scope == "global"
    if not (small and same):
        return Markup("")
    return embedded(
        problem.samples.X, problem.targets[:, 0], problem.reg,
        norm=problem.norm, bias=problem.samples.bias, feature_names=study.features,
    )  # fmt: skip
