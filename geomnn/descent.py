"""From any two-layer network downhill to a global optimum: a path of weights along which (T) never rises.

Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from geomnn.bounds.bounding import Model
from geomnn.derivation import solution_of
from geomnn.dictionaries import Dictionary, choose
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.files import write_whole
from geomnn.hypertext import Shown
from geomnn.machine import one_blas_thread
from geomnn.networks.io.interchange import layers_of
from geomnn.networks.network import AnalyticNetwork
from geomnn.optima.descent_file import descent_document
from geomnn.optima.downhill import Segment, Walk
from geomnn.optima.set_file import set_text
from geomnn.programs.certificate import Certificate
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.samples import SPANNED
from geomnn.solution import Solution
from geomnn.validation import check_integer

__all__ = ["Descent", "Segment", "descend"]


@dataclass(frozen=True, eq=False, repr=False)
class Descent(Shown):
    """A path from a network to a global optimum along which (T) never rises, from `descend`.

    Parameters
    ----------
    segments : tuple of Segment
        Each begins where the one before ends.
    solution : Solution
        Where the last one ends: `Solution.dual`, and what `optimal_set` takes.
    """

    segments: tuple[Segment, ...]
    solution: Solution

    @property
    def network(self) -> AnalyticNetwork:
        """The end, its neurons named."""
        return self.solution.network

    @property
    def certificate(self) -> Certificate:
        """That the end is optimal."""
        return self.solution.certificate

    @property
    def losses(self) -> tuple[float, ...]:
        """(T) at the beginning, at the joints and at the end."""
        return self.segments[0].before, *(segment.after for segment in self.segments)

    @property
    def width(self) -> int:
        """m, the slots for neurons that all networks of the path have."""
        return len(self.segments[0].weights(0)[2])

    def document(self) -> dict[str, Any]:
        """What proves that (T) falls along the path, and how near its end is to the least value, as a dictionary.

        It lists the networks at which the segments begin and end, each number as the decimal that is written. The end
        is compared with every atom.

        Returns
        -------
        dict
            Of plain lists, strings and numbers. `geomnn.exact.verify` checks it against the data in fractions, with
            Python's standard library alone.

        Raises
        ------
        Falsehood
            If rounding lets (T) rise on a piece by a billionth of its value where that begins.

        Examples
        --------
        >>> import geomnn as gm
        >>> X, y = [[0], [1], [2]], [2, -4, 0]
        >>> stuck = [([[1], [1]], [-1, 1]), ([[1, -1]], [1])]
        >>> document = gm.descend(stuck, X, y, reg=1, width=3).document()
        >>> print(gm.exact.verify(document, X, y)[0])
        A path of 3 neurons leads down: (T) is 9, 9, 8, 7.25, 7 at its networks.

        Source: geomnn theory, section 10.
        """
        networks = [self.segments[0].weights(0), *(segment.weights(1) for segment in self.segments)]
        return descent_document(self.solution.problem, networks)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `document`, so that anyone can check it, by `geomnn.exact.verify`.

        Parameters
        ----------
        path : path-like

        Raises
        ------
        Falsehood
            As in `document`.
        FileError
            If the file cannot be written.
        """
        write_whole(path, set_text(self.document()))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(s.kind for s in self.segments).items())
        return f"Descent({self.losses[0]:.12g} -> {self.losses[-1]:.12g}, width {self.width}: {kinds})"

    def __str__(self) -> str:
        """A line for each segment."""
        lines = [f"{each.kind:8} {each.before:.12g} -> {each.after:.12g}" for each in self.segments]
        return "\n".join([*lines, self.certificate.statement()])


def descend(
    model: Any,
    X: Any,
    y: Any,
    reg: Any,
    *,
    norm: float = 1,
    bias: bool = True,
    width: int | None = None,
    dictionary: str | Dictionary = "all",
    tol: float = 1e-9,
) -> Descent:
    """A path from any two-layer network to a certified global optimum, along which the training objective never rises.

    ½ Σ (f(X) − y)² + (reg/2) Σ_j (‖w_j‖_p² + α_j²)  falls, or stays, on each segment.

    Parameters
    ----------
    model : AnalyticNetwork, PyTorch or scikit-learn model, or list of (W, b)
        With one hidden layer and one output, trained or not.
    X, y, reg, norm, bias
        Of the objective, as in `geomnn.derive`, for the squared loss and norm 1 or inf. That the model was trained for
        another one does no harm.
    width : int, optional
        Neurons on the way, zero neurons being added; those of the model if not given. As many as there are distinct
        samples are enough with a bias, and one more than distinct samples that are not zero without; fewer where the
        activations of all atoms have a smaller rank. With one neuron less there may be no such path.
    dictionary : {"all", "auto", "local"} or Dictionary
        As in `geomnn.derive`; after a search the certificate says what was found.
    tol : float
        Relative duality gap of the end, above which there is a warning.

    Returns
    -------
    Descent

    Raises
    ------
    OptionError
        If the width is too small, or smaller than that of the model.
    DataError
        If the model does not fit the samples.
    UnsupportedProblem
        For several outputs, norm 2, other depths, or a dictionary of other programs.
    EnumerationTooLarge
        If there are too many atoms to look at each.

    Warns
    -----
    ConvergenceWarning
        If the gap is not within ``tol``.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0], [1], [2]], [2, -4, 0]
    >>> stuck = [([[1], [1]], [-1, 1]), ([[1, -1]], [1])]  # a local minimum of two neurons
    >>> descent = gm.descend(stuck, X, y, reg=1, width=3)
    >>> [round(value, 9) for value in (descent.losses[0], descent.losses[-1])]
    [9.0, 7.0]
    >>> descent.certificate.coverage.scope
    'global'

    Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
    """
    problem, effort = pose(X, y, reg, norm, bias, "squared"), Effort(tol)
    layers, choice = layers_of(model), choose(dictionary, problem.samples, problem.norm)
    refused = {
        f"{problem.outputs} outputs": problem.outputs > 1,
        "norm=2": problem.norm == 2,
        f"a network of {len(layers)} layers": len(layers) != 2,
        f"{dictionary=}": choice.program != "all",
    }
    if wrong := [name for name, holds in refused.items() if holds]:
        raise UnsupportedProblem(
            f"A path that never rises is known for networks of two layers with one output, norm=1 or inf and all "
            f"atoms, and there is {', '.join(wrong)}."
        )
    fitting = Model(layers, problem).layers
    atoms = choice.form(problem.samples, problem.norm, effort.seed, effort.affordable)
    slots = _slots(len(fitting[0][0]), width, atoms)
    with one_blas_thread():
        walk = Walk(problem, atoms, fitting, slots)
        optimum = walk.down(effort.tol)
    return Descent(tuple(walk.segments), solution_of(problem, atoms, optimum, effort))


def _slots(neurons: int, width: int | None, dictionary: Dictionary) -> int:
    """The width of the path, which is enough."""
    slots = neurons if width is None else check_integer("width", width, 0)
    if slots < neurons:
        raise OptionError(
            f"width={slots} and the network has {neurons} neurons; as many at least were expected."
        )
    samples = dictionary.samples
    enough = len(samples.distinct) + 1 - samples.bias
    if slots < enough and hasattr(dictionary, "units"):
        enough = _rank(dictionary) + 1
    if slots < enough:
        raise OptionError(
            f"The network has {slots} neurons, and at least {enough} neurons are needed for a path that never rises; "
            "zero neurons are added with {width}.",
            width=enough,
        )
    return slots


def _rank(dictionary: Any) -> int:
    """The rank of the activations of all atoms, with a bias up to constants."""
    samples = dictionary.samples
    rows = samples.homogeneous[samples.distinct]
    corner = np.zeros((0, len(rows)))
    for block in dictionary.units():
        for units in (block, -block):
            activations = np.maximum(units @ rows.T, 0.0)
            if samples.bias:
                activations -= activations.mean(axis=1, keepdims=True)
            _, corner = np.linalg.qr(np.vstack([corner, activations]))
    singular = np.linalg.svd(corner, compute_uv=False)
    return int(np.count_nonzero(singular > SPANNED * singular.max(initial=0.0)))
