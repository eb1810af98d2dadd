"""What the network of a report does between the samples, in sentences, where all cells of it are few."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR

import numpy as np

from geomnn.inputs.lipschitz import lipschitz
from geomnn.inputs.robustness import Robustness, robustness
from geomnn.programs.certificate import rounded
from geomnn.report.study import Study

__all__ = ["between"]

MOST_FEATURES, MOST_NEURONS, MOST_SAMPLES = 2, 60, 500  # of which cells, and all radii, take a second or so
SECONDS = 3.0  # after which a radius is a lower bound of it, which is what is said of it in any case


def between(study: Study) -> tuple[str, ...]:
    """How steep the function is, and how far samples are from another class; nothing where that takes long.

    Parameters
    ----------
    study : Study
    """
    net = replace(study.network.numeric(), scaling=study.scaling)
    known = net.depth == 2 and 0 < len(net) <= MOST_NEURONS and net.features <= MOST_FEATURES
    if not known or len(study.X) > MOST_SAMPLES:
        return ()
    each = "the feature moves" if net.features == 1 else "both features move"
    if study.classes is None:
        most = lipschitz(net, time_limit=SECONDS).upper
        slope = rounded(float(most), ROUND_CEILING, 4)
        return (
            f"Wherever {each} by up to δ, the prediction moves by {slope} δ at most: that is the largest sum of the "
            "sizes of the slopes, over all cells of the function.",
        )
    found = robustness(net, study.X, study.y, time_limit=SECONDS)
    assert isinstance(found, Robustness)  # as the targets are classes
    radii = found.radius[:, 0].astype(float)
    right = radii[radii > 0]
    if not len(right) or not np.isfinite(right).all():
        return ()
    least, half = (rounded(radius, ROUND_FLOOR, 3) for radius in (right.min(), np.median(right)))
    return (
        f"Wherever {each} by less than {least}, each of the {len(right):,} samples that the network classifies right "
        f"keeps its class; half of them keep it up to {half}. That is proven, by all cells of the function: no point "
        "so near has another class.",
    )
