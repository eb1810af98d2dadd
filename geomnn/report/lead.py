"""The first sentence of the page: what was found, how well it fits and what is proven, without a word of the theory."""

from __future__ import annotations

from decimal import ROUND_CEILING

from geomnn.programs.certificate import rounded
from geomnn.report.fits import Fit
from geomnn.report.study import Study

__all__ = ["lead", "reached"]

REACHED = 1e-6  # relative to the objective, the gap up to which there is nothing left to gain
NAMED = 3  # features in the sentence
WHOLE = 0.9995  # of R², from which on 99.9 % would be too little and 100.0 % too much


def lead(study: Study) -> str:
    """One sentence: how many neurons, how good the fit, what is proven; where a bound was asked for, that comes first.

    Parameters
    ----------
    study : Study
    """
    proof, what = _proof(study), _what(study)
    if study.request.certify is not None and study.solution.certificate.coverage.proves:
        return f"{proof[0].upper()}{proof[1:]}: {what}."
    return f"{what[0].upper()}{what[1:]}; {proof}."


def reached(study: Study) -> bool:
    """Whether the bounds meet, exactly or to a millionth."""
    certificate = study.solution.certificate
    return certificate.exact or abs(certificate.relative_gap) <= REACHED


def _what(study: Study) -> str:
    """The network and its fit."""
    certificate, target, k = study.solution.certificate, study.request.target, len(study.network)
    d, rows = len(study.features), f"{len(study.X):,} row{'s' * (len(study.X) != 1)}"
    columns = " and ".join(study.features) if d < NAMED else f"{d:,} columns"
    fit = _fit(study.fit, rows)
    if study.held_fit is not None:
        fit += f" and {_fit(study.held_fit, f'{study.held_fit.rows:,} rows left out')}"
    if not k:
        return f"no neuron is worth its price: a constant predicts {target}, and {fit}"
    chosen = ""
    if certificate.coverage.method == "enumeration":
        chosen = f" out of {certificate.count:,} possible one{'s' * (certificate.count != 1)}"
    network = f"a network of {k:,} neuron{'s' * (k != 1)}{chosen}"
    return f"{network} predicts {target} from {columns}, and {fit}"


def _fit(fit: Fit, rows: str) -> str:
    """How well rows are predicted: of classes those that are right, of numbers the share of the variation."""
    if fit.right is not None:
        return f"gives {fit.right:,} of {rows} the right class"
    error = f"{fit.error:.3g}"
    if fit.explained is None or fit.explained < 0:
        return f"is typically off by {error} over {rows}"
    share = f"{fit.explained:.1%}" if fit.explained < WHOLE else "nearly all"
    return f"explains {share} of the variation over {rows}, where it is typically off by {error}"


def _proof(study: Study) -> str:
    """What is proven of it."""
    certificate, covered = study.solution.certificate, study.solution.certificate.coverage
    if not covered.proves:
        return "a search found no better network, which proves nothing"
    size = {"global": "with one hidden layer", "dictionary": "of these candidates"}[covered.scope]
    others = ", but other networks may be" * (covered.scope == "dictionary")
    if reached(study):
        how = "in exact fractions " if certificate.exact else ""
        rounding = "" if certificate.exact else ", up to rounding"
        return f"it is proven {how}that no network {size} is better{rounding}{others}"
    share = rounded(100 * float(certificate.relative_gap), ROUND_CEILING, 2)
    return f"it is proven that no network {size} is more than {share}% better than this one{others}"
