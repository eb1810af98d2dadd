"""Networks that a search begins with: of a solution, of PyTorch, of scikit-learn, or whatever else is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geomnn.dictionaries import Choice, LocalDictionary
from geomnn.errors import DataError, UnsupportedProblem
from geomnn.networks.io.interchange import layers_of
from geomnn.programs.checkpoint import load_stage
from geomnn.programs.problem import Problem
from geomnn.programs.room import check_room
from geomnn.rows import StreamedSamples

__all__ = ["beginning"]


def beginning(
    choice: Choice, problem: Problem, depth: int = 2, certify: str | None = None, exact: bool = False
) -> Choice:
    """A search with the network that it begins with, read, and its checkpoint looked at; other choices as they are.

    Raises
    ------
    DataError, UnsupportedProblem
        If the network does not fit, or X is read by rows and more than a search over them is asked for.
    OptionError, DataError
        If a search over rows would not fit into memory.
    FileError, FormatError
        If there is a checkpoint that cannot be read.
    """
    search = choice.given
    needing = {
        f"loss={problem.loss.name!r}, which has corners,": problem.loss.is_polyhedral,
        f"depth={depth}": depth != 2,
        f"certify={certify!r}": certify is not None,
        "exact=True": exact is True,
    }
    if isinstance(problem.samples, StreamedSamples) and any(needing.values()):
        first = next(what for what, asked in needing.items() if asked)
        raise UnsupportedProblem(
            f"X is read by rows, and {first} needs the table in memory; an array was expected: numpy.asarray(rows)."
        )
    if isinstance(problem.samples, StreamedSamples):
        options = {"block_rows": search.block_rows} if isinstance(search, LocalDictionary) else {}
        check_room(problem.samples, problem.outputs, **options)
    if not isinstance(search, LocalDictionary):
        return choice
    if search.checkpoint is not None:
        load_stage(search.checkpoint, problem.centred()[0])
    if isinstance(search.start, str):
        return choice
    layers = layers_of(getattr(search.start, "network", search.start))
    wanted = [(len(layers[0][0]), problem.samples.d), (problem.outputs, len(layers[0][0]))]
    if [weights.shape for weights, _ in layers] != wanted:
        raise DataError(
            f"The network to start with has weights of shapes {[weights.shape for weights, _ in layers]}; one hidden "
            f"layer over {problem.samples.d} features with {problem.outputs} outputs was expected."
        )
    (inner, biases), (outer, shift) = layers
    if not problem.samples.bias and any(each is not None and each.any() for each in (biases, shift)):
        raise DataError("The network to start with has biases, and bias=False; one without was expected.")
    biases = np.zeros(len(inner)) if biases is None else biases
    size = np.linalg.norm(inner, axis=1)
    alive = size > 0
    units = problem.samples.units_of(inner[alive] / size[alive, None], biases[alive] / size[alive])
    t = np.zeros(problem.outputs) if shift is None else shift
    return replace(choice, given=search.beginning_with(units, outer.T[alive] * size[alive, None], t))
