"""What a notebook shows of a result: what holds, in a sentence; a formula; a picture; the fit; its parts in a table.

Every kind of result has a page here, of the parts that `geomnn.hypertext` and the writing of networks have; a result is
`hypertext.Shown`, which looks it up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from geomnn import plotting
from geomnn.cross_validation import CrossValidation
from geomnn.descent import Descent
from geomnn.errors import GeomnnError
from geomnn.hypertext import paragraph, table
from geomnn.networks.writing.markup import formula_html, neurons_html
from geomnn.numbers.rationals import short_number
from geomnn.optimal_sets import OptimalSet
from geomnn.paths import Path
from geomnn.rewriting.rewrite import Rewriting
from geomnn.solution import Solution

__all__ = ["page_of", "solution_page"]

ROWS = 20  # of a table
MOST_ATOMS = 100  # active ones, the amounts of which are two linear programs each
OTHERS = {
    True: "No other network is optimal.",
    False: "Others are optimal too, with the same fit, and may predict something else elsewhere.",
    None: "Whether others are optimal too was not decided.",
}


@singledispatch
def page_of(result: Any) -> str:
    """The page of a result as HTML.

    Parameters
    ----------
    result : Solution, Path, CrossValidation, Rewriting, OptimalSet or Descent
    """
    raise TypeError(f"A notebook shows {type(result).__name__} as text.")


@page_of.register
def solution_page(solution: Solution, form: str = "auto", terms: int = 8, rows: int = ROWS) -> str:
    """The verdict, the network and the certificate.

    Parameters
    ----------
    solution : Solution
    form, terms, rows
        As in `Solution.show`.
    """
    return "".join([
        paragraph(solution.certificate.statement(), strong=True),
        formula_html(solution.network, form, terms),
        _network_picture(solution),
        paragraph(_fit(solution)),
        neurons_html(solution.network, form, rows),
        solution.certificate._repr_html_(),
    ])  # fmt: skip


@page_of.register
def _path_page(path: Path) -> str:
    """Every kink, and the picture of the coefficients."""
    ends = f"reg from {path.reg_max:.6g} down to {path.reg_min:.6g}"
    rows = [(f"{reg:.6g}", str(count)) for reg, count in zip(path.kinks, path.neurons, strict=True)]
    return "".join([
        paragraph(f"All optimal networks, {ends}: v bends at {len(path)} kinks.", strong=True),
        _picture(lambda: plotting.plot_path(path), "coefficients along the path"),
        table(rows[:ROWS], ("kink at reg", "neurons below it"), _left(len(rows), "kinks")),
    ])  # fmt: skip


@page_of.register
def _validation_page(validation: CrossValidation) -> str:
    """The best reg, and the errors of all."""
    folds, mean = len(validation.errors), validation.mean
    least = f"{mean.min():.6g} on samples that were left out, the mean of {folds} folds"
    order = sorted(np.argsort(mean, kind="stable")[:ROWS], key=lambda k: -validation.regs[k])
    rows = [(f"{validation.regs[k]:.6g}", f"{mean[k]:.6g}", f"{validation.errors[:, k].min():.6g}",
             f"{validation.errors[:, k].max():.6g}") for k in order]  # fmt: skip
    return "".join([
        paragraph(f"The best reg is {validation.best:.6g}, with the error {least}.", strong=True),
        _picture(lambda: plotting.plot_errors(validation), "errors over reg"),
        table(rows, ("reg", "mean error", "least of a fold", "largest of a fold"), _left(len(mean), "worse regs")),
    ])  # fmt: skip


@page_of.register
def _rewriting_page(rewriting: Rewriting) -> str:
    """What became of the neurons, and the network."""
    network = rewriting.network
    picture = _picture(lambda: plotting.plot_neurons(network), "the neurons") if not network.below else ""
    report = paragraph(str(rewriting), strong=True)
    return report + formula_html(network) + picture + neurons_html(network)


@page_of.register
def _optimal_set_page(optima: OptimalSet) -> str:
    """Whether there are others, and between which amounts each neuron may be."""
    names, few = optima.solution.problem.samples.names, len(optima.atoms) <= MOST_ATOMS
    if few:
        found = [
            (each.atom, short_number(each.low), short_number(each.high), each.status)
            for each in optima.neurons
        ]
    else:
        found = [(atom, "–", "–", "not asked") for atom in optima.atoms]
    rows = [(atom.label(names), atom.describe(names), *others) for atom, *others in found[:ROWS]]
    used = f"{len(optima.used)} of the {len(optima.atoms)} active atoms are neurons of optimal networks"
    kind = f"which are a set of dimension {optima.dimension}."
    if optima.unique_over_dictionary:
        kind = "of which there is one." + " In others its neurons are merged." * (not optima.unique)
    return "".join([
        paragraph(OTHERS[optima.unique], strong=True),
        paragraph(f"{used} over the dictionary, {kind}"),
        _picture(lambda: plotting.plot_optimal_set(optima), "amounts of each neuron") if few else "",
        table(rows, ("unit neuron u", "in words", "least |z|", "largest |z|", "status"), _left(len(found), "atoms")),
    ])  # fmt: skip


@page_of.register
def _descent_page(descent: Descent) -> str:
    """The certificate of the end, the way, and the network there."""
    rows = [(each.kind, f"{each.before:.12g}", f"{each.after:.12g}") for each in descent.segments]
    losses, network = descent.losses, descent.network
    way = f"(T) falls from {losses[0]:.12g} to {losses[-1]:.12g} on {len(rows)} segments of width {descent.width}."
    return "".join([
        paragraph(descent.certificate.statement(), strong=True),
        formula_html(network),
        _network_picture(descent.solution),
        paragraph(f"{way} {_fit(descent.solution)}"),
        neurons_html(network),
        table(rows[:ROWS], ("segment", "(T) before", "(T) after"), _left(len(rows), "segments")),
    ])  # fmt: skip


def _left(count: int, things: str) -> str:
    """What a table does not show."""
    return f"… {count - ROWS} more {things}" if count > ROWS else ""


def _picture(draw: Callable[[], Any], words: str) -> str:
    """A small picture, or nothing where there is none of such a result."""
    try:
        return plotting.frame.in_page(draw(), words, small=True)
    except GeomnnError:
        return ""


def _network_picture(solution: Solution) -> str:
    """The network over its samples; predicted and observed targets of a deeper one."""
    network, (X, y) = solution.network, _table(solution)
    draw = plotting.plot_predictions if network.depth > 2 else plotting.plot_network
    labels = network.classes if network.classes and y.shape[1] in (1, len(network.classes)) else None
    targets = y[:, 0] if network.outputs is None else y
    return _picture(lambda: draw(network.numeric(), X, targets, labels=labels), "the network and its samples")


def _table(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """The samples of the network, shape (n, d), and the targets, shape (n, c)."""
    samples = solution.problem.samples if solution.lifted is None else solution.lifted.samples
    return samples.X, solution.problem.targets


def _fit(solution: Solution) -> str:
    """How well the network fits its own samples: of classes the share that is right, of numbers the error and R²."""
    (X, y), loss, network = _table(solution), solution.problem.loss, solution.network.numeric()
    weights = np.ones(len(X)) if loss.weights is None else loss.weights
    f = np.asarray(network(X), dtype=float).reshape(y.shape)
    if loss.takes_classes:
        right = np.where(f > 0, 1.0, -1.0) == y if y.shape[1] == 1 else f.argmax(axis=1) == y.argmax(axis=1)
        share = float(np.average(right.reshape(len(X)), weights=weights))
        return f"On its own samples it gives the right class to {share:.1%}."
    squares, spread = (
        np.average(deviations**2, axis=0, weights=weights)
        for deviations in (y - f, y - np.average(y, axis=0, weights=weights))
    )
    error = f"On its own samples the root mean square error is {np.sqrt(squares.mean()):.4g}"
    varies = (np.sqrt(spread) > 1e-12 * np.abs(y).max()).all()
    return f"{error}, R² = {float(np.mean(1 - squares / spread)):.4f}." if varies else f"{error}."
