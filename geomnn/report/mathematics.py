"""The closed form as MathML, which browsers set by themselves: no script and no font is loaded.

The same formula as `AnalyticNetwork.to_latex`, with the ratios of volumes that the features are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geomnn.atoms import Atom, Direction
from geomnn.networks.network import AnalyticNetwork

__all__ = ["closed_form"]

OPEN, CLOSE = "<mo form='prefix'>(</mo>", "<mo form='postfix'>)</mo>"  # fences: no space around them


def closed_form(network: AnalyticNetwork, terms: int = 16, digits: int = 5) -> str:
    """f(x) = t + Σ_j z_j (feature of the j-th atom), one neuron a line.

    Parameters
    ----------
    network : AnalyticNetwork
        With a scalar output.
    terms : int
        Show at most so many neurons, the largest ones, and say how many are left out.
    digits : int
        Significant digits of the coefficients.

    Returns
    -------
    str
        A ``<math>`` element.
    """
    shown = network.largest(terms)
    lines = [_number(network.intercept, digits, first=True)] if network.bias or not shown else []
    for j in shown:
        neuron = network.neurons[j]
        coefficient = _number(neuron.coefficient, digits, first=not lines)
        lines.append(f"{coefficient}<mspace width='0.3em'/>{_feature(neuron.atom)}")
    if left_out := len(network) - len(shown):
        lines.append(f"<mo>+</mo><mo>⋯</mo><mtext>&#160;({left_out} more neurons in the table)</mtext>")
    left = "<mi>f</mi><mo stretchy='false'>(</mo><mi>x</mi><mo stretchy='false'>)</mo><mo>=</mo>"
    rows = "".join(
        f"<mtr><mtd class='left'>{'' if k else left}</mtd><mtd class='right'>{line}</mtd></mtr>"
        for k, line in enumerate(lines)
    )
    return f"<math display='block'><mtable displaystyle='true'>{rows}</mtable></math>"


def _feature(atom: Atom) -> str:
    point = _difference("<mi>x</mi>", _sample(atom.samples[-1])) if atom.anchored else "<mi>x</mi>"
    sign = "" if atom.orientation > 0 else "<mo form='prefix'>−</mo>"
    factors = atom.factors(_sample, _difference, _direction)
    if atom.is_partial:
        rejected = f"<mrow>{_rejected(atom, factors)}</mrow>"
        unit = f"<mfrac>{rejected}{_norm('<mo>·</mo>', atom.norm)}</mfrac>"
        return _positive(f"{sign}{point}<mo>·</mo>{unit}")
    if not factors:  # one feature
        pair = ["<mi>x</mi>", _sample(atom.samples[-1])] if atom.anchored else [sign + point]
        return _positive("<mo>−</mo>".join(pair if atom.orientation > 0 else pair[::-1]))
    blade = "<mo>∧</mo>".join(factors)
    star = "<mo form='prefix' lspace='0' rspace='0.1em'>⋆</mo>"
    base = _norm(star + (blade if len(factors) == 1 else f"{OPEN}{blade}{CLOSE}"), atom.norm)
    return f"<mfrac>{_positive(f'{sign}{point}<mo>∧</mo>{blade}')}{base}</mfrac>"


def _rejected(atom: Atom, factors: Sequence[str]) -> str:
    """reject(g, B), with the number of samples that make g in the place of their list."""
    residual = f"<msub><mi>g</mi><mtext>{len(atom.active or ())} active</mtext></msub>"
    if not factors:
        return residual
    blade = "<mo>∧</mo>".join(factors)
    return f"<mi>reject</mi>{OPEN}{residual}<mo>,</mo>{blade}{CLOSE}"


def _sample(row: int) -> str:
    return f"<msub><mi>x</mi><mn>{row}</mn></msub>"


def _difference(first: str, second: str) -> str:
    return f"{OPEN}{first}<mo>−</mo>{second}{CLOSE}"


def _direction(e: Direction) -> str:
    def basis(feature: int) -> str:
        return f"<msub><mi>e</mi><mn>{feature + 1}</mn></msub>"

    if not e.sign:
        return basis(e.first)
    return f"{OPEN}{basis(e.first)}<mo>{'+' if e.sign > 0 else '−'}</mo>{basis(e.second)}{CLOSE}"


def _positive(inner: str) -> str:
    return f"<msub><mrow>{OPEN}{inner}{CLOSE}</mrow><mo>+</mo></msub>"


def _norm(inner: str, norm: float) -> str:
    p = "<mi>∞</mi>" if np.isinf(norm) else f"<mn>{norm:g}</mn>"
    return f"<msub><mrow><mo form='prefix'>‖</mo>{inner}<mo form='postfix'>‖</mo></mrow>{p}</msub>"


def _number(value: float, digits: int, first: bool) -> str:
    form = " form='prefix'" if first else ""
    sign = f"<mo{form}>−</mo>" if value < 0 else "" if first else "<mo>+</mo>"
    mantissa, _, exponent = f"{abs(float(value)):.{digits}g}".partition("e")
    if not exponent:
        return f"{sign}<mn>{mantissa}</mn>"
    power = f"<msup><mn>10</mn><mn>{str(int(exponent)).replace('-', '−')}</mn></msup>"
    return f"{sign}<mn>{mantissa}</mn><mo>·</mo>{power}"
